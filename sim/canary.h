/* canary.h: bugs planted on purpose, to prove that the simulator would find such. They live here
 * alone: in the program that is shipped there is nothing of them, not even a place to put one. The
 * linker puts __wrap_core_decide and the like around the real functions (sim/meson.build). */
#ifndef SIM_CANARY_H
#define SIM_CANARY_H

#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "sim/world.h"

/* X(NAME, "name", what is wrong) */
#define CANARY_LIST(X)                                                                             \
  X(UNLOCK_BEFORE_COMMIT, "unlock-before-commit", "effects leave before their batch is durable")   \
  X(ANSWER_BEFORE_COMMIT, "answer-before-commit", "and answers")                                   \
  X(FORGOTTEN_INTERLOCK, "forgotten-interlock", "other doors of the group are not looked at")      \
  X(CAPACITY_OFF_BY_ONE, "capacity-off-by-one", "one person more than an area holds")              \
  X(STALE_REVOCATION, "stale-revocation", "a card is good for a minute after it was taken back")   \
  X(LOST_ENTRY, "lost-entry", "syncs are answered and not done")                                   \
  X(REORDERED_ENTRY, "reordered-entry", "two entries of a batch change places")                    \
  X(WRONG_AREA, "wrong-area", "who passed is put where they came from")                            \
  X(TWO_ENGINES, "two-engines", "another engine writes into the same store")                       \
  X(FORGOTTEN_LOCKDOWN, "forgotten-lockdown", "a lockdown is not looked at")                       \
  X(ENDLESS_PINS, "endless-pins", "wrong PINs are not counted")                                    \
  X(MISSED_TIMER, "missed-timer", "nobody wakes the engine")                                       \
  X(LONG_UNLOCK, "long-unlock", "a door is released for longer than is reckoned with")             \
  X(LOST_ANSWER, "lost-answer", "now and then what the engine sends gets lost")                    \
  X(BELIEVE_REPLAY, "believe-replay", "MACs are not chained: what held once holds again")          \
  X(STRIKE_EARLY, "strike-early", "the strike is drawn when a card is read")                       \
  X(LATE_UNLOCK, "late-unlock", "an unlock is carried out however late it is")                     \
  X(UNTOLD_OFFLINE, "untold-offline", "that a reader is offline is not told")                      \
  X(UNTOLD_INSECURE, "untold-insecure",                                                            \
    "that a reader is not the one that it should be is not told")                                  \
  X(STATUS_UNASKED, "status-unasked", "a line does not ask how a reader was before it came")

enum canary {
  CANARY_NONE,
#define X(NAME, name, doc) CANARY_##NAME,
  CANARY_LIST(X)
#undef X
      CANARY_COUNT
};
extern const char *const canary_names[CANARY_COUNT], *const canary_docs[CANARY_COUNT];
/* CANARY_COUNT when there is none of this name. */
enum canary canary_find(const char *name);

/* Until the next one is planted; CANARY_NONE: nothing is wrong. */
void canary_plant(enum canary which);
bool canary_is(enum canary which);

/* Where the host does what the engine asks. */
void canary_commit(struct engine *e, const struct io *io, const struct batch *b);
enum sp_err canary_committer_commit(struct committer *c, struct store_batch *b, usec mono,
                                    struct fault *why);
/* Another engine commits an entry of its own. */
void canary_other_engine(const struct slug *site, const struct io *io,
                         const struct note_signer *signer, const char *path, usec wall);

#endif
