/* once.h: one-time passes (docs/registration.md). A credential that is issued `once` serves for one
 * way in over the site's boundary and one way out: over a door of which one side is outside. What
 * counts is a passage that was taken. Private to core and to whoever checks a journal. */
#ifndef SP_CORE_ONCE_H
#define SP_CORE_ONCE_H

#include "core/state.h"

/* For a credential that is issued once: does its rule refuse this door, on the way into `to`? */
bool once_spent(const struct core *core, uint32_t credential, uint32_t door, uint32_t to);
/* Somebody went through a door of the boundary with this credential, of whatever kind it is. */
void once_passed(struct core *core, uint32_t credential, uint32_t to);

#endif
