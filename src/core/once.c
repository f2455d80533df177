/* once.c: how far a one-time pass is used. It only ever grows: unused, in, used. */
#include "core/once.h"

const char *const once_names[] = {"no", "unused", "in", "used", NULL};

/* Permitted into the site at another door of the boundary, and not through it yet. A second look
 * at the same door is no second permission. */
static bool coming_in_elsewhere(const struct core *core, uint32_t credential, uint32_t door) {
  for (uint32_t d = 0; d < core->head.n_doors; d++) {
    if (d == door || !core->plan->doors[d].boundary)
      continue;
    for (uint32_t i = 0; i < core->doors[d].n_party; i++) {
      const struct party_member *m = &core->doors[d].party[i];
      if (m->credential == credential && m->status == PARTY_GRANTED && m->to != area_outside)
        return true;
    }
  }
  return false;
}

bool once_spent(const struct core *core, uint32_t credential, uint32_t door, uint32_t to) {
  uint32_t once = core->credentials[credential].once;
  if (once == ONCE_NOT || once == ONCE_USED)
    return once == ONCE_USED;
  if (to == area_outside || !core->plan->doors[door].boundary)
    return false; /* it serves inside, and to go out */
  return once == ONCE_IN || coming_in_elsewhere(core, credential, door);
}

void once_passed(struct core *core, uint32_t credential, uint32_t to) {
  struct credential *c = &core->credentials[credential];
  if (c->once == ONCE_NOT)
    return;
  if (to == area_outside)
    c->once = ONCE_USED;
  else if (c->once == ONCE_UNUSED)
    c->once = ONCE_IN;
}
