/* apply.h: what the files that change state share. Private to core. */
#ifndef SP_CORE_APPLY_H
#define SP_CORE_APPLY_H

#include "core/decide.h"

/* They are in this area from now on, and counted there. */
void move_person(struct core *core, uint32_t person, uint32_t to, usec at);
void apply_plan_applied(struct core *core, const struct event *e);
/* Forgets the member at i; the last one takes the place. */
void party_remove(struct door_state *s, uint32_t i);
/* One person more (1) or less (-1) is on the way through a door: the place they will take is
 * counted in every area that they enter. */
void party_reserve(struct core *core, const struct party_member *m, int by);

#endif
