/* custody_check.h: looks through a state from outside. Private to core. */
#ifndef SP_CORE_CUSTODY_CHECK_H
#define SP_CORE_CUSTODY_CHECK_H

#include "core/state.h"

/* NULL when all about custody holds together, else what does not. `seen` has a zeroed place for
 * each link, and is given back zeroed. */
const char *custody_check(const struct core *core, uint32_t *seen);
/* Likewise, about movements; the rest was looked at before. */
const char *count_check(const struct core *core);
const char *movement_check(const struct core *core);

#endif
