/* snapshot_check.h: is a state that was read from bytes one that events could have made? */
#ifndef SP_CORE_SNAPSHOT_CHECK_H
#define SP_CORE_SNAPSHOT_CHECK_H

#include "core/state.h"

/* NULL, or what is wrong with it, as static text. Counts of the head fit the plan and the limits,
 * and every array up to its count was read; the index tables are still empty, and are again. */
const char *snapshot_check(struct core *core);

#endif
