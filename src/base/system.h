/* system.h: what processes ask of the system: clocks and random bytes. Never for the core, the
 * protocol or anything that the simulator runs: they are given both. */
#ifndef SP_BASE_SYSTEM_H
#define SP_BASE_SYSTEM_H

#include "base/time.h"

usec system_wall(void); /* since 1970 UTC; may step */
usec system_mono(void); /* since some start, the same for all processes; never goes back */
/* Bytes that nobody can guess. A system that has none ends the process. */
void system_random(void *out, size_t n);

#endif
