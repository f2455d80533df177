#include "sim/doors.h"

#include "sim/readers.h"
#include "sim/watch.h"

#include <string.h>

struct real_door {
  struct slug name;
  bool open, released;
  bool ours; /* it is open because we released it */
  usec relock_at, opened_at;
};

struct doors {
  struct world *w;
  const struct plan *plan;
  uint32_t n;
  struct real_door *at;
};

struct doors *doors_new(struct world *w) {
  struct doors *d = sp_alloc(1, sizeof *d);
  SP_ASSERT(d);
  d->w = w;
  return d;
}

void doors_free(struct doors *d) {
  if (d)
    sp_free(d->at);
  sp_free(d);
}

void doors_replan(struct doors *d, const struct plan *plan) {
  struct real_door *at = sp_alloc(plan->n_doors + 1, sizeof *at);
  SP_ASSERT(at);
  for (uint32_t i = 0; i < plan->n_doors; i++) {
    at[i].name = plan->doors[i].name;
    for (uint32_t k = 0; k < d->n; k++)
      if (strcmp(d->at[k].name.s, at[i].name.s) == 0)
        at[i] = d->at[k];
  }
  sp_free(d->at);
  d->at = at;
  d->n = plan->n_doors;
  d->plan = plan;
}

/* Invariant 2, at the doors themselves: no other of the group is open to whoever pushes. */
static void check_interlock(const struct doors *d, uint32_t door, uint64_t n) {
  const struct plan_door *p = &d->plan->doors[door];
  for (uint32_t i = 0; i < p->n_peers; i++) {
    uint32_t peer = d->plan->peers[p->peers_at + i];
    const struct real_door *other = &d->at[peer];
    if (other->released || (other->open && other->ours))
      watch_complain(d->w->watch,
                     "interlock: door %s is released (entry %llu) while door %s of its group is %s",
                     d->at[door].name.s, (unsigned long long)n, other->name.s,
                     other->released ? "released" : "open");
  }
}

void doors_release(struct doors *d, uint32_t door, uint32_t ms, uint64_t n) {
  struct real_door *r = &d->at[door];
  check_interlock(d, door, n);
  r->relock_at = world_now(d->w) + (usec)ms * USEC_PER_MS;
  trace(d->w, "door %s: strike told to draw for %u ms", r->name.s, ms);
  watch_unlocked(d->w->watch, door, ms, n);
}

void doors_strike(struct doors *d, uint32_t door, bool on) {
  struct real_door *r = &d->at[door];
  if (r->released == on)
    return;
  r->released = on;
  trace(d->w, "door %s: bolt %s", r->name.s, on ? "in" : "out");
  if (!on && world_now(d->w) > r->relock_at)
    watch_complain(d->w->watch,
                   "door %s: its bolt was in for %lld ms longer than its reader was told",
                   r->name.s, (long long)((world_now(d->w) - r->relock_at) / USEC_PER_MS));
  readers_contact(d->w->readers, door);
}

bool doors_is_open(const struct doors *d, uint32_t door) {
  return d->at[door].open;
}

usec doors_released_at(const struct doors *d, uint32_t door) {
  return d->at[door].open && d->at[door].ours ? d->at[door].opened_at : TIME_ABSENT;
}

bool doors_is_locked(const struct doors *d, uint32_t door) {
  return !d->at[door].open && !d->at[door].released;
}

bool doors_open(struct doors *d, uint32_t door, bool handle, bool force) {
  struct real_door *r = &d->at[door];
  if (r->open)
    return true;
  if (!r->released && !handle && !force)
    return false;
  r->open = true;
  r->ours = r->released;
  r->opened_at = world_now(d->w);
  trace(d->w, "door %s: opened%s", r->name.s,
        r->released ? ""
        : handle    ? " by the handle"
                    : " by force");
  readers_contact(d->w->readers, door);
  return true;
}

void doors_close(struct doors *d, uint32_t door) {
  struct real_door *r = &d->at[door];
  if (!r->open)
    return;
  r->open = r->ours = false;
  trace(d->w, "door %s: closed", r->name.s);
  readers_contact(d->w->readers, door);
}
