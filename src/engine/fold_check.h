/* fold_check.h: may this event, which an entry from the store claims, become true in this state?
 *
 * core_apply asserts what decide made sure of. An entry from outside was not decided here, so all
 * that core_apply and the invariants of core/state.h rest on is asked first, one row an event.
 */
#ifndef SP_ENGINE_FOLD_CHECK_H
#define SP_ENGINE_FOLD_CHECK_H

#include "core/state.h"

/* e was decoded by its row of event_records with the namer of this very state, so its indexes and
 * enums are in range; e->plan is set for plan.applied. SP_CORRUPT: it cannot follow from this
 * state; the fault says why, without the entry's index. plan.applied is not judged here: whoever
 * folds decides its command again. */
enum sp_err fold_check_event(const struct core *core, const struct event *e,
                             struct fault *why) SP_MUST_USE;

#endif
