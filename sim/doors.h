/* doors.h: locks and leaves as they really are, whatever anybody knows of them.
 *
 * A bolt is drawn as long as its reader drives the strike (readers.h); a leaf that is open when it
 * goes out again is locked as soon as it closes. */
#ifndef SIM_DOORS_H
#define SIM_DOORS_H

#include "sim/world.h"

struct doors *doors_new(struct world *w);
void doors_free(struct doors *d);
/* Another plan is in force: doors of the same name are the same doors. */
void doors_replan(struct doors *d, const struct plan *plan);

/* Its reader was told to draw the bolt for so long. n: the entry it rests on. */
void doors_release(struct doors *d, uint32_t door, uint32_t ms, uint64_t n);
/* The strike draws the bolt, or lets go of it. */
void doors_strike(struct doors *d, uint32_t door, bool on);

bool doors_is_open(const struct doors *d, uint32_t door);
/* It was opened while its bolt was in, on our word and by nobody's force, at this time;
 * TIME_ABSENT: it was not, or is shut. */
usec doors_released_at(const struct doors *d, uint32_t door);
bool doors_is_locked(const struct doors *d, uint32_t door); /* bolt out and leaf shut */
/* Somebody opens the leaf. False: the bolt holds, and nothing happens unless they `force` it, or
 * go by the `handle` inside that some doors have. */
bool doors_open(struct doors *d, uint32_t door, bool handle, bool force);
void doors_close(struct doors *d, uint32_t door);

#endif
