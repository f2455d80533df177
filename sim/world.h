/* world.h: one simulated site: what every part of it shares. One seed, one thread, one queue.
 *
 *   host.c    the machine the engine runs on: process, disk, clock
 *   link.c    its sockets, and what is on its way over them
 *   lines.c   the processes that run the lines: the real ones, each on a bus of its own
 *   bus.c     the wires between a line and its readers, and who else is at them
 *   readers.c the readers: real peripherals, wired to doors
 *   doors.c   locks, leaves and contacts, as they are and not as they are known
 *   people.c  who walks where, and with which card
 *   desk.c    operators at their screens
 *   watch.c   the oracles: what must be true after every step
 *   scenario_day.c  a scenario in the midst of it, if one is played
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/bytes.h"
#include "core/core.h"
#include "sim/queue.h"
#include "sim/rng.h"

/* What can go wrong. X(NAME, "name", what it is) */
#define FAULT_LIST(X)                                                                              \
  X(KILL, "kill", "the process ends at any write, sync, rename or message")                        \
  X(POWER, "power", "and the power fails: what was not synced is lost or torn")                    \
  X(MISDIRECT, "misdirect", "unsynced writes are laid down in each other's place")                 \
  X(SYNC, "sync", "a sync fails")                                                                  \
  X(WRITE, "write", "a write fails")                                                               \
  X(FULL, "full", "the disk is full for a while")                                                  \
  X(SLOW, "slow", "commits take up to two seconds")                                                \
  X(CLOCK_BACK, "clock-back", "the wall clock is set back")                                        \
  X(CLOCK_FORWARD, "clock-forward", "the wall clock is set forward")                               \
  X(BURST, "burst", "more is asked at once than may wait")                                         \
  X(DELAY, "delay", "messages on a socket wait")                                                   \
  X(CUT, "cut", "a connection ends within a message")                                              \
  X(DEAF, "deaf", "a client does not read for a while")                                            \
  X(DUPLICATE, "duplicate", "a line says the same twice")                                          \
  X(GARBLE, "garble", "a reader misreads a card")                                                  \
  X(NOISE, "noise", "bits of a bus turn, bytes are lost or come in between, frames are cut short") \
  X(LATE, "late", "a reader answers late")                                                         \
  X(REPLAY, "replay", "what was said on a bus before is said again")                               \
  X(SECOND_PANEL, "second-panel", "another panel, which has no key, asks on a bus")                \
  X(READER_POWER, "reader-power", "a reader loses its power, and starts anew")                     \
  X(WRONG_KEY, "wrong-key", "another reader hangs in a reader's place, with another key")          \
  X(TAMPER, "tamper",                                                                              \
    "a reader is opened, or runs on what is left of its power, and not any more")                  \
  X(BUS_CUT, "bus-cut", "a bus is cut, at its panel or between its readers")                       \
  X(LINE_KILL, "line-kill", "the process of a line is killed")                                     \
  X(OLD_SNAPSHOT, "old-snapshot", "a start finds the newest snapshots gone or damaged")

enum fault_kind {
#define X(NAME, name, doc) FAULT_##NAME,
  FAULT_LIST(X)
#undef X
      FAULT_COUNT
};
extern const char *const fault_names[FAULT_COUNT + 1], *const fault_docs[FAULT_COUNT];

/* What a seed is made into; smaller ones tell a failure more shortly. */
struct settings {
  uint64_t seed;
  uint32_t people, operators;
  uint32_t faults;                  /* bit (1 << enum fault_kind) */
  usec length;                      /* with faults; then they stop, and all must come right */
  bool reference;                   /* the reference site instead of a random one */
  const char *scenario, *scenarios; /* a file that is played amid the day, and the folder of all;
                                     * NULL: none is */
  char *const *all_scenarios;       /* one of these, as the seed tells; of those given by hand */
  size_t n_scenarios;
  uint32_t canary; /* enum canary: what is planted */
  bool tell;       /* print the story as it goes */
  bool again;      /* it was run before: what is to be told once was */
};
struct settings settings_of(uint64_t seed);

struct host;
struct lines;
struct readers;
struct doors;
struct people;
struct desk;
struct watch;
struct trace;
struct day;

struct world {
  struct settings settings;
  struct queue queue; /* its time is the true one, and the monotonic clock */
  usec wall_ahead;    /* of the wall clock over it */
  bool clock_trusted;
  usec disturbed_at; /* when the engine last started, the clock was stepped, or the plan changed */
  bool calm;         /* faults have stopped */
  usec settled_at;   /* and their consequences too: what was slow has arrived */
  uint64_t struck[FAULT_COUNT], events;

  /* What clerks may ask at random; NULL: anything. A scenario's own persons and orders are not
   * theirs. */
  bool (*may_ask)(void *ctx, const struct command *c);
  void *may_ask_ctx;

  struct trace *trace;
  struct host *host;
  struct lines *lines;
  struct readers *readers;
  struct doors *doors;
  struct people *people;
  struct desk *desk;
  struct watch *watch;
  struct day *day; /* NULL: no scenario is played */
};

static inline usec world_now(const struct world *w) {
  return w->queue.now;
}
static inline usec world_wall(const struct world *w) {
  return w->queue.now + w->wall_ahead;
}
/* The site of this plan on this day, with operators of these roles: the first settings.operators of
 * them are random clerks. */
void world_begin(struct world *w, usec wall, struct span yaml, const uint32_t *roles,
                 uint32_t n_operators);
/* What happens up to then. True while nobody complains. */
bool world_run(struct world *w, usec until);
/* This fault is on in this world, and strikes now, `n` times in `of`; counted. */
bool world_strikes(struct world *w, struct rng *r, enum fault_kind kind, uint32_t n, uint32_t of);
/* Counts one that was found to strike otherwise, and puts it into the trace. */
void world_struck(struct world *w, enum fault_kind kind, const char *what);

/* --- trace.c: what happened, as lines; their hash tells two runs apart --- */

struct trace *trace_new(bool print);
void trace_free(struct trace *t);
void trace(struct world *w, const char *fmt, ...) SP_PRINTF(2, 3);
uint64_t trace_hash(const struct trace *t);
/* The last lines, oldest first. */
void trace_tail(const struct trace *t, struct buf *out);
uint64_t trace_lines(const struct trace *t);

#endif
