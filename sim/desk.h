/* desk.h: operators at their screens, each with a connection and a session of their own: they
 * register the people, and then do all that operators do, in pairs where two are asked for, now and
 * then what they may not. They see what the journal says (watch.h), a little late. */
#ifndef SIM_DESK_H
#define SIM_DESK_H

#include "sim/world.h"

struct desk *desk_new(struct world *w, uint32_t n_operators);
void desk_free(struct desk *d);
/* The roles of the operators that a site starts with. */
void desk_roles(uint64_t seed, uint32_t *roles, uint32_t n);
/* As lines_longest. */
usec desk_longest(const struct desk *d);

#endif
