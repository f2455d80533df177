/* plan_check.h: is the plan one that the core can work with, and that makes sense on the ground?
 * The same checks hold for a plan from YAML (places given) and from a blob (NULL). */
#ifndef SP_PLAN_CHECK_H
#define SP_PLAN_CHECK_H

#include "plan/plan_build.h"

/* Adds what is wrong to *faults; errors break an invariant of core/plan.h or a rule, warnings do
 * not. */
void plan_check(const struct plan *p, const struct plan_places *places, struct plan_faults *faults);

#endif
