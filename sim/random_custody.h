/* random_custody.h: what is asked about detainees, at random, of a state that is known: for the
 * driver of the model, and for the simulator's clerks. Few names and few orders, so that they meet.
 */
#ifndef SIM_RANDOM_CUSTODY_H
#define SIM_RANDOM_CUSTODY_H

#include "core/state.h"
#include "sim/rng.h"

struct random_custody {
  struct rng *rng;
  const struct core *core;
  usec now;
};

/* The arguments of a command of this type, perhaps nonsensical. False: this is not asked now. */
/* The arguments of visit.open and visit.close. */
bool random_visit(const struct random_custody *d, struct command *c);
bool random_custody(const struct random_custody *r, struct command *c);
/* What comes next for some detainee, on the way from an order to a handover: sets the type too. */
bool random_case(const struct random_custody *r, struct command *c);

/* The n-th of this kind, the same at every time. */
struct id random_id(uint32_t kind, uint32_t n);

#endif
