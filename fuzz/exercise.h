/* exercise.h: is a state sound, and can the core live on from it? Plain loops that share nothing
 * with the core's own counting. */
#ifndef SP_FUZZ_EXERCISE_H
#define SP_FUZZ_EXERCISE_H

#include "core/core.h"

/* The invariants of core/state.h, counted anew. */
void exercise_check(const struct core *core);
/* Commands of every kind are decided; then time passes until nothing is pending, and some of what
 * was decided is applied. The plan in force stays. */
void exercise_core(struct core *core);

#endif
