#include "sim/doors.h"

#include "sim/line.h"
#include "sim/watch.h"

#include <string.h>

struct real_door {
  struct slug name;
  bool open, released;
  bool ours; /* it is open because we released it */
  usec relock_at;
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

/* The reader's own timer; an earlier one of the same door finds that it is not yet time. */
static void on_relock(void *ctx, uint64_t door) {
  struct doors *d = ctx;
  if (door >= d->n || !d->at[door].released || d->at[door].relock_at > world_now(d->w))
    return;
  d->at[door].released = false;
  trace(d->w, "door %s: bolt out", d->at[door].name.s);
  line_contact(d->w->line, (uint32_t)door);
}

void doors_replan(struct doors *d, const struct plan *plan) {
  struct real_door *at = sp_alloc(plan->n_doors + 1, sizeof *at);
  SP_ASSERT(at);
  for (uint32_t i = 0; i < plan->n_doors; i++) {
    at[i].name = plan->doors[i].name;
    for (uint32_t k = 0; k < d->n; k++)
      if (strcmp(d->at[k].name.s, at[i].name.s) == 0)
        at[i] = d->at[k];
    if (at[i].released) /* its timer names another index now */
      queue_put(&d->w->queue, at[i].relock_at, on_relock, d, i);
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

void doors_unlock(struct doors *d, uint32_t door, uint32_t ms, uint64_t n) {
  struct real_door *r = &d->at[door];
  check_interlock(d, door, n);
  r->released = true;
  r->relock_at = world_now(d->w) + (usec)ms * USEC_PER_MS;
  trace(d->w, "door %s: bolt in for %u ms", r->name.s, ms);
  queue_put(&d->w->queue, r->relock_at, on_relock, d, door);
}

void doors_lock(struct doors *d, uint32_t door) {
  struct real_door *r = &d->at[door];
  if (!r->released)
    return;
  r->released = false;
  trace(d->w, "door %s: bolt out, as asked", r->name.s);
  line_contact(d->w->line, door);
}

bool doors_is_open(const struct doors *d, uint32_t door) {
  return d->at[door].open;
}

bool doors_was_released(const struct doors *d, uint32_t door) {
  return d->at[door].open && d->at[door].ours;
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
  trace(d->w, "door %s: opened%s", r->name.s,
        r->released ? ""
        : handle    ? " by the handle"
                    : " by force");
  line_contact(d->w->line, door);
  return true;
}

void doors_close(struct doors *d, uint32_t door) {
  struct real_door *r = &d->at[door];
  if (!r->open)
    return;
  r->open = r->ours = false;
  trace(d->w, "door %s: closed", r->name.s);
  line_contact(d->w->line, door);
}
