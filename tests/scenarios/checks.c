#include "checks.h"

#include "engine/fold_check.h"

#include <string.h>
#include <sys/mman.h>

void check_invariants(struct play *p) {
  const struct core *core = p->core;
  const struct plan *plan = core_plan(core);
  if (!plan)
    return;
  for (uint32_t a = 0; a < plan->n_areas; a++) {
    uint32_t inside = 0;
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      for (uint32_t x = core->persons[i].area; x != NONE16; x = plan->areas[x].parent)
        inside += x == a;
    if (inside != core->areas[a].occupancy)
      FAIL(p, "area %s counts %u, and %u persons are in it", plan->areas[a].name.s,
           core->areas[a].occupancy, inside);
    if (plan->areas[a].capacity && plan->areas[a].capacity < inside)
      for (uint32_t i = 0; i < p->out.n_events; i++)
        if (p->out.events[i].type == EVENT_PASSAGE_TAKEN)
          FAIL(p, "a passage overfilled area %s", plan->areas[a].name.s);
  }
  for (uint32_t i = 0; i < p->out.n_effects; i++) {
    const struct effect *e = &p->out.effects[i];
    if (e->type != EFFECT_UNLOCK)
      continue;
    for (uint32_t k = 0; k < plan->doors[e->door].n_peers; k++) {
      uint32_t peer = plan->peers[plan->doors[e->door].peers_at + k];
      if (core->doors[peer].open || core->doors[peer].unlocked)
        FAIL(p, "door %s was unlocked while %s of its interlock group was not secured",
             plan->doors[e->door].name.s, plan->doors[peer].name.s);
    }
  }
}

void *memory_of_site(void) {
  void *m = mmap(NULL, core_memory_size(), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  SP_ASSERT(m != MAP_FAILED);
  return m;
}

void memory_of_site_free(void *mem) {
  munmap(mem, core_memory_size());
}

static void put_dump(void *ctx, const void *bytes, size_t n) {
  buf_put(ctx, bytes, n);
}

void check_folds(struct play *p, const struct event *events, size_t n) {
  struct buf once = {0}, again = {0}, loaded = {0};
  struct fault why = {0};
  core_dump(p->core, put_dump, &once);
  void *mem = memory_of_site();
  struct core *other = core_init(mem);
  for (size_t i = 0; i < n; i++) {
    /* As after a restart: each is looked at as if it came from a store that nobody trusts. */
    if (fold_check_event(other, &events[i], &why))
      FAIL(p, "entry %zu: %s", i, why.text);
    core_apply(other, &events[i]);
  }
  core_dump(other, put_dump, &again);
  if (once.n != again.n || memcmp(once.p, again.p, once.n) != 0)
    FAIL(p, "the same events gave another state");
  memory_of_site_free(mem);
  mem = memory_of_site();
  other = core_init(mem);
  if (core_load(other, buf_span(&once), core_plan(p->core), &why))
    FAIL(p, "%s", why.text);
  core_dump(other, put_dump, &loaded);
  if (once.n != loaded.n || memcmp(once.p, loaded.p, once.n) != 0)
    FAIL(p, "the dump was loaded as another state");
  memory_of_site_free(mem);
  buf_free(&once);
  buf_free(&again);
  buf_free(&loaded);
}
