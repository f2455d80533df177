/* watch.h: the oracles. What is durable is read back from the store after every commit and followed
 * by a fold of its own and by the naive model (model.h); what leaves the engine is held against
 * that; whatever must not be is complained about, and ends the run. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "engine/frame.h"
#include "sim/world.h"
#include "store/store.h"

struct watch *watch_new(struct world *w);
void watch_free(struct watch *x);

/* The first complaint is kept, with the last lines of the story. */
void watch_complain(struct watch *x, const char *fmt, ...) SP_PRINTF(2, 3);
bool watch_complained(const struct watch *x);
struct span watch_complaint(const struct watch *x);

/* Whoever follows the journal: called once for each command, when all its entries are durable. */
typedef void watch_command_fn(void *ctx, const struct command *c, const struct event *events,
                              uint32_t n);
void watch_tell(struct watch *x, watch_command_fn *fn, void *ctx);

/* --- What the host tells --- */
/* The engine runs, on this state; everything stored is durable. */
void watch_up(struct watch *x, struct store *store, const struct core *core);
void watch_down(struct watch *x);
/* A batch became durable; nothing that rests on it has left yet. */
void watch_durable(struct watch *x, struct store *store);
/* Bytes leave the engine: whole frames. */
void watch_sent(struct watch *x, struct span frames);
/* A frame has reached its client. */
void watch_frame(struct watch *x, const char *client, const struct frame *f, const char *text);
/* The line has released a door for `ms`, on the word of this entry. */
void watch_unlocked(struct watch *x, uint32_t door, uint32_t ms, uint64_t n);
/* At the end, the process being stopped: verify, replay, and what nobody answered. */
void watch_end(struct watch *x);

/* --- What is durable, for those who look at screens --- */
const struct core *watch_core(const struct watch *x);
const struct plan *watch_plan(const struct watch *x); /* NULL before the engine first ran */
/* The person that the entry added. */
uint32_t watch_person_added(const struct watch *x, uint64_t n);

struct watch_counts {
  uint64_t entries, commands, refused, granted, released, taken, checks;
  uint64_t departures_refused; /* persons who were refused when all were to leave */
  uint64_t reasons[REASON_COUNT], events[EVENT_COUNT];
};
const struct watch_counts *watch_counts(const struct watch *x);

#endif
