/* plans.h: the plans of simulated sites, as YAML. */
#ifndef SIM_PLANS_H
#define SIM_PLANS_H

#include "base/bytes.h"
#include "sim/rng.h"
#include "sim/world.h"

/* The plan that the site of this seed begins with. */
void plans_first(const struct settings *s, struct buf *yaml);
/* Another one, which may be one that cannot be applied now. */
void plans_next(struct world *w, struct rng *r, struct buf *yaml);

#endif
