/* plan_check.h: is the plan one that the core can work with, and that makes sense on the ground?
 * The same checks hold for a plan from YAML (places given) and from a blob (NULL).
 *
 * Two parts: plan_check.c holds the invariants of core/plan.h, so that bytes from outside cannot
 * lead the core astray; plan_check_ground.c walks the site that the plan describes, and is asked
 * only when the first part has found every index sound. */
#ifndef SP_PLAN_CHECK_H
#define SP_PLAN_CHECK_H

#include "plan/plan_build.h"

/* Adds what is wrong to *faults and marks in places what is faulty; errors break an invariant of
 * core/plan.h or a rule, warnings do not. */
void plan_check(const struct plan *p, struct plan_places *places, struct plan_faults *faults);

/* --- Between the two parts --- */

struct check {
  const struct plan *p;
  struct plan_places *places;
  struct plan_faults *faults;
  bool unsound; /* an error was found, whether it was told or followed from one told before */
};

void check_tell(struct check *c, enum plan_array a, uint32_t index, bool warning, const char *fmt,
                ...) SP_PRINTF(5, 6);
void check_tell_all(struct check *c, uint32_t line, const char *fmt, ...) SP_PRINTF(3, 4);
void check_no_memory(struct check *c);
#define ERROR(c, array, i, ...) check_tell(c, PLAN_ARRAY_##array, i, false, __VA_ARGS__)
#define WARN(c, array, i, ...)  check_tell(c, PLAN_ARRAY_##array, i, true, __VA_ARGS__)

void check_formats(struct check *c);
void check_wiring(struct check *c); /* looks at no index that is not sound */
void check_ground(struct check *c); /* every index is sound */
void check_values(struct check *c); /* looks at no index */

#endif
