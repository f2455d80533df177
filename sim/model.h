/* model.h: a second, naive model of what the core decides, to hold the real one against.
 *
 * It is written from docs/decisions.md, the scenarios and the headers of src/core, and shares no
 * code with the core: arrays, and loops over all of them. Occupancy is counted person by person,
 * reservations party by party, what lies within an area by walking up; local time is worked out
 * from the plan's own transitions. It knows no index and keeps no count. Where the documents are
 * silent it follows the core, and a comment that begins with "Silent:" says so.
 *
 * What a difference means: the core, the model or the documents are wrong. The story says what was
 * asked, what the model expected and what came.
 *
 * Invariants of the model itself:
 *   1. it moves only by its own expectation, never by what it was told;
 *   2. once a step has differed, the model is of no more use for that site: it has gone its way.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "core/core.h"

struct model;

/* NULL when there is no memory. */
struct model *model_new(void);
void model_free(struct model *m);

/* A command and what the core made of it. effects NULL: not known. The model works out the verdict,
 * all reasons with what they rest on, the events with every field and the effects; compares; and
 * moves its own state. False on any difference: *story tells it. c->plan and, of plan.applied, the
 * plan of the command stay referenced until the next plan. */
bool model_step(struct model *m, const struct command *c, enum verdict v,
                const struct event *events, uint32_t n_events, const struct effect *effects,
                uint32_t n_effects, struct buf *story);
/* The same with the reasons of an outcome, which a rejected command tells only there. */
bool model_step_outcome(struct model *m, const struct command *c, const struct outcome *o,
                        struct buf *story);
/* The same for entries read back from a journal: nobody knows the verdict or the effects, and
 * rejected commands are not seen. */
bool model_step_journal(struct model *m, const struct command *c, const struct event *events,
                        uint32_t n_events, struct buf *story);

/* The whole state against the core's. False: *story tells every difference, up to a few. */
bool model_same(const struct model *m, const struct core *core, struct buf *story);

/* The invariants of the design's decisions.md that this system has so far, by loops over the
 * model's state and its last step: 2, 3 (detainees stay within), 4, 5, 7, 8, 9, 10. */
bool model_invariants(const struct model *m, struct buf *story);

/* The earliest time at which a tick must do something; TIME_ABSENT: nothing is pending. A command
 * later than this that is no tick is what model_step_late asks about. */
usec model_due(const struct model *m);
/* True while `at` is not later than model_due by more than `slack`: else *story names the timer
 * that nobody made due. */
bool model_timely(const struct model *m, usec at, usec slack, struct buf *story);

/* May this door be unlocked now on the entry at index `entry`: does the model know it as a grant or
 * a request to exit of that door which is still running, and is no other door of its interlock
 * group open or unlocked by us? False: *story says why not. */
bool model_may_unlock(const struct model *m, uint32_t door, uint64_t entry, usec at,
                      struct buf *story);

/* Has the model this door unlocked by the entry at this index or by a later one? *until: when it is
 * locked again, of the model's own reckoning. */
bool model_has_unlocked(const struct model *m, uint32_t door, uint64_t entry, usec *until);

/* What was asked and what came of it, one line each, with the model's names of things: "visitor-3"
 * is the fourth person registered, "card-7" the eighth credential. */
void model_tell(const struct model *m, const struct command *c, const struct outcome *o,
                struct buf *story);

/* How many commands were compared, and how many passages among them; for reports. */
struct model_counts {
  uint64_t commands, passages, granted, refused, rejected, events;
  uint64_t reasons[REASON_COUNT], event_types[EVENT_COUNT];
};
const struct model_counts *model_counts(const struct model *m);

#endif
