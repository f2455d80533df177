/* movement.h: taking detainees elsewhere: movements, their manifests, and the one question that
 * every step asks anew. docs/custody.md tells the rules.
 *
 * Invariants:
 *   1. a person is active in one movement at most;
 *   2. nobody is aboard, departs, is handed over or passes the boundary outward but by a decision
 *      that asked the question at that instant: each such event comes from one place (decide_step,
 *      movement.c, passage.c), and `permitted` is called in each;
 *   3. nothing is removed: who is off the manifest stays in a row that says so.
 */
#ifndef SP_CORE_MOVEMENT_H
#define SP_CORE_MOVEMENT_H

#include "core/custody.h"

#define MOVEMENT_STATE_LIST(X)                                                                     \
  X(PROPOSED, "proposed")                                                                          \
  X(AUTHORISED, "authorised")                                                                      \
  X(DEPARTED, "departed")                                                                          \
  X(ARRIVED, "arrived")                                                                            \
  X(CANCELLED, "cancelled")
enum movement_state {
#define X(NAME, text) MOVEMENT_STATE_##NAME,
  MOVEMENT_STATE_LIST(X)
#undef X
      MOVEMENT_STATE_COUNT
};
extern const char *const movement_state_names[];

/* Of a person on a manifest, in the order in which they follow each other. */
#define MEMBER_STATE_LIST(X)                                                                       \
  X(ALTERNATE, "alternate")                                                                        \
  X(MANIFESTED, "manifested")                                                                      \
  X(CONFIRMED, "confirmed")                                                                        \
  X(BOARDED, "boarded")                                                                            \
  X(DEPARTED, "departed")                                                                          \
  X(ARRIVED, "arrived")                                                                            \
  X(HANDED_OVER, "handed_over")                                                                    \
  X(RETURNED, "returned")                                                                          \
  X(REMOVED, "removed")
enum member_state {
#define X(NAME, text) MEMBER_##NAME,
  MEMBER_STATE_LIST(X)
#undef X
      MEMBER_STATE_COUNT
};
extern const char *const member_state_names[];

/* What was asked when a step was refused. */
enum movement_step {
  STEP_AUTHORISE,
  STEP_ADD,
  STEP_CITE,
  STEP_PROMOTE,
  STEP_CONFIRM,
  STEP_BOARD,
  STEP_DEPART,
  STEP_DIVERT,
  STEP_ARRIVE,
  STEP_HANDOVER,
  STEP_COUNT
};
extern const char *const movement_step_names[];

struct movement {
  struct id id;
  uint32_t to, agreement, receiver; /* place, basis, authority; REF_ABSENT */
  uint32_t seats;                   /* 0: not limited */
  uint32_t members;                 /* head of the chain, the newest first: index + 1 */
  uint32_t n_seated;                /* members who take a place */
  uint32_t proposer, authoriser;    /* operators; REF_ABSENT */
  uint32_t departs_s, returns_s;    /* as planned; UINT32_MAX: not said */
  uint32_t departed_s;              /* UINT32_MAX: not yet */
  uint8_t kind, state, adults_only, emergency;
};
struct member { /* of one manifest */
  uint32_t movement, person;
  uint32_t order; /* cited; REF_ABSENT */
  uint32_t next;  /* index + 1 */
  uint32_t state;
  uint32_t recalled_s; /* UINT32_MAX: not recalled */
  uint32_t told;       /* bits (1 << enum deadline) that were alarms already, or were answered */
};

static inline bool member_is_active(uint32_t state) {
  return state <= MEMBER_ARRIVED;
}
/* Of the movement, and of the agreement. */
static inline bool member_takes_place(uint32_t state) {
  return state >= MEMBER_MANIFESTED && state <= MEMBER_HANDED_OVER;
}

/* The person's row in the movement in which they are active; NULL: in none. */
const struct member *active_member(const struct core *core, uint32_t person);

/* May this person, by this order (REF_ABSENT: none is cited), be taken by this movement to this
 * place, at this instant? What is found against it is added to `found`: nothing when they may;
 * then rests_on tells on what it rests. It asks of the law alone, not of seats or sequence. */
struct question {
  uint32_t movement, person, order, to;
  usec at;
  bool on_paper; /* on what it rests, of somebody who may have died since */
};
void permitted(const struct core *core, const struct question *q, struct reasons *found,
               struct refs *rests_on);

/* May this detainee leave through a gate of the boundary now? Adds to found; else what it rests on
 * (the order, the movement). */
void check_leaving(const struct core *core, uint32_t person, usec at, struct reasons *found,
                   struct refs *rests_on);

bool core_find_movement(const struct core *core, struct id id, uint32_t *index);

#endif
