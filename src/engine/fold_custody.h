/* fold_custody.h: the rows of fold_check.c about custody: check_NAME for each of CUSTODY_EVENTS.
 * Each returns what is wrong, as static text, or NULL. */
#ifndef SP_ENGINE_FOLD_CUSTODY_H
#define SP_ENGINE_FOLD_CUSTODY_H

#include "core/state.h"

#define X(NAME, name) const char *check_##name(const struct core *core, const struct event *e);
CUSTODY_EVENTS(X)
#undef X

#endif
