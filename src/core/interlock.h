/* interlock.h: of an interlock group at most one door is unsecured. Private to core; what it does
 * is written as a contract at its definition, and proved (formal/README.md). */
#ifndef SP_CORE_INTERLOCK_H
#define SP_CORE_INTERLOCK_H

#include "core/state.h"

/* The first other door of this door's groups that is not secured; REF_ABSENT: all are. */
uint32_t interlock_unsecured(const struct core *core, uint32_t door, usec at);

#endif
