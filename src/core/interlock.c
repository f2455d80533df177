/* interlock.c: whether a door is closed and locked, as far as is known, and whether all others of
 * its groups are. Contracts as in areas.c.
 */
#include "core/interlock.h"

/*@ // Partners are doors (invariant 1 of plan.h).
  predicate has_doors(struct core *c) =
    \valid_read(c) && \valid_read(c->plan) && c->plan->n_doors <= doors_max &&
    \valid_read(c->doors + (0 .. c->plan->n_doors - 1)) &&
    \valid_read(c->plan->doors + (0 .. c->plan->n_doors - 1)) &&
    \valid_read(c->plan->peers + (0 .. c->plan->n_peers - 1)) &&
    (\forall integer d; 0 <= d < c->plan->n_doors ==>
      c->plan->doors[d].peers_at + c->plan->doors[d].n_peers <= c->plan->n_peers) &&
    (\forall integer i; 0 <= i < c->plan->n_peers ==> c->plan->peers[i] < c->plan->n_doors);

  // Closed, and locked: as its line says, or where no line does as its reader's timer does.
  predicate secured(struct core *c, integer door, integer at) =
    c->doors[door].open == 0 &&
    (c->doors[door].unlocked == 0 ||
      (c->plan->doors[door].tells_locked == 0 && at >= c->doors[door].relock_at));

  // Of the k-th other door of this door's groups.
  predicate peer_secured(struct core *c, integer door, integer k, integer at) =
    secured(c, c->plan->peers[c->plan->doors[door].peers_at + k], at);

  predicate is_peer(struct plan *p, integer door, integer other) =
    \exists integer i; 0 <= i < p->doors[door].n_peers &&
      p->peers[p->doors[door].peers_at + i] == other;
*/

/*@ requires has_doors(core) && door < core->plan->n_doors;
    terminates \true;
    assigns \nothing;
    ensures \result <==> secured(core, door, at);
*/
bool door_secured(const struct core *core, uint32_t door, usec at) {
  const struct door_state *d = &core->doors[door];
  if (d->open)
    return false;
  return !d->unlocked || (!core->plan->doors[door].tells_locked && at >= d->relock_at);
}

/*@ requires has_doors(core) && door < core->plan->n_doors;
    terminates \true;
    assigns \nothing;
    ensures \result == REF_ABSENT ==>
      \forall integer k; 0 <= k < core->plan->doors[door].n_peers ==>
        peer_secured(core, door, k, at);
    ensures \result != REF_ABSENT ==>
      is_peer(core->plan, door, \result) && !secured(core, \result, at);
*/
uint32_t interlock_unsecured(const struct core *core, uint32_t door, usec at) {
  const struct plan_door *p = &core->plan->doors[door];
  //@ assert p->peers_at + p->n_peers <= core->plan->n_peers;
  /*@ loop invariant 0 <= i <= p->n_peers;
      loop invariant \forall integer k; 0 <= k < i ==> peer_secured(core, door, k, at);
      loop assigns i;
      loop variant p->n_peers - i;
  */
  for (uint32_t i = 0; i < p->n_peers; i++) {
    uint32_t peer = core->plan->peers[p->peers_at + i];
    //@ assert peer == core->plan->peers[p->peers_at + i] && peer < core->plan->n_doors;
    //@ assert is_peer(core->plan, door, peer);
    if (!door_secured(core, peer, at))
      return peer;
    //@ assert peer_secured(core, door, i, at);
  }
  return REF_ABSENT;
}
