/* journey.h: what a caseworker does next for one detainee, step by step from a name in the register
 * to a handover or a return: nothing nonsensical, so that many come as far as a departure. What
 * forbids comes in between, often enough: before a departure, which is then refused, or after it.
 */
#ifndef SIM_JOURNEY_H
#define SIM_JOURNEY_H

#include "sim/random_custody.h"

struct journey {
  uint32_t person; /* whom it is about; REF_ABSENT: nobody yet */
  uint32_t
      forbids_at; /* in which state of theirs a stay comes in: enum member_state; another: none */
  uint32_t tried; /* departures that were asked */
  bool bring;     /* they are to come in through a gate now */
};

/* A new one, and when something will come in between. */
void journey_begin(struct journey *j, struct rng *r);
/* The next command. False: there is nothing to ask now. */
bool journey_next(struct journey *j, const struct random_custody *d, struct command *c);

#endif
