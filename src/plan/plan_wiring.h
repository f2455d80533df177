/* plan_wiring.h: where a door's strike and contacts are wired to. */
#ifndef SP_PLAN_PLAN_WIRING_H
#define SP_PLAN_PLAN_WIRING_H

#include "core/plan.h"

/* As it is where the plan says nothing: at the first of its readers, by the usual numbers. Of the
 * wires that it has. */
void plan_wiring_usual(struct plan_door *d);
bool plan_wiring_is_usual(const struct plan_door *d);

/* Appends "strike 0, contact 0 inverted, rex 1": each wire that the door has, and where it ends. */
void plan_wiring_put(struct buf *out, const struct plan_door *d);

#endif
