/* random_plan.h: small sites that a seed tells, as plan YAML: always such that plan_read accepts
 * them, and full of what the rules are about: two to twenty doors, sally ports, interlock groups,
 * rooms for one, escorts, pairs, leaders, PINs, schedules in zones whose clocks change. */
#ifndef SIM_RANDOM_PLAN_H
#define SIM_RANDOM_PLAN_H

#include "base/bytes.h"
#include "sim/rng.h"

enum { random_doors_max = 20 };

/* Appends a site. Draws once from *r. */
void random_plan(struct rng *r, struct buf *yaml);

/* Appends another version of the site that random_plan made when its *r was `made_with`: with
 * things dropped, added, renumbered and changed. It is sound, and may or may not be applicable
 * while people are inside. Draws once from *r. */
void random_plan_change(struct rng made_with, struct rng *r, struct buf *yaml);

#endif
