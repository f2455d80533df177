/* plan_use.h: what is asked of any plan that was accepted. */
#ifndef SP_FUZZ_PLAN_USE_H
#define SP_FUZZ_PLAN_USE_H

#include "core/plan.h"

/* It is printed, its blob is read back as the same, a new site lives by it, and a site where people
 * are changes to it if that may be. The plan stays the caller's. */
void plan_use(const struct plan *p);

#endif
