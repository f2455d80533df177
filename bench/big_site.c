#include "big_site.h"

#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

uint64_t bench_random(uint64_t *s) {
  *s ^= *s >> 12;
  *s ^= *s << 25;
  *s ^= *s >> 27;
  return *s * UINT64_C(2685821657736338717);
}

uint64_t bench_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

uint64_t bench_quantile(uint64_t *v, size_t n, double share) {
  qsort(v, n, sizeof *v, by_value);
  size_t i = (size_t)(share * (double)n);
  return n ? v[i < n ? i : n - 1] : 0;
}

static void *make(size_t n, size_t size) {
  void *p = calloc(n, size);
  if (!p) {
    fprintf(stderr, "bench: out of memory\n");
    exit(1);
  }
  return p;
}

static struct id id_from(uint64_t seed) {
  struct id id;
  uint64_t s = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  for (int i = 0; i < 2; i++)
    store_le64(id.b + 8 * i, bench_random(&s));
  return id;
}

struct id big_site_tag(uint32_t person) {
  return id_from(UINT64_C(0x7a67) << 32 | person);
}

/* Areas: outside, the site, two rooms. Every gate joins the rooms both ways. */
static struct plan *make_plan(void) {
  struct plan *p = make(1, sizeof *p);
  p->n_areas = 4;
  p->n_gates = p->n_doors = big_gates;
  p->n_readers = 2 * big_gates;
  p->n_schedules = 2;
  p->n_levels = big_levels;
  p->n_threats = p->n_formats = 1;
  p->n_spans = 1;
  p->n_level_rules = big_levels * big_gates * 2;
  p->areas = make(p->n_areas, sizeof *p->areas);
  p->gates = make(p->n_gates, sizeof *p->gates);
  p->doors = make(p->n_doors, sizeof *p->doors);
  p->readers = make(p->n_readers, sizeof *p->readers);
  p->schedules = make(p->n_schedules, sizeof *p->schedules);
  p->levels = make(p->n_levels, sizeof *p->levels);
  p->threats = make(1, sizeof *p->threats);
  p->formats = make(1, sizeof *p->formats);
  p->spans = make(1, sizeof *p->spans);
  p->level_rules = make(p->n_level_rules, sizeof *p->level_rules);
  const char *const areas[] = {"outside", "site", "room-a", "room-b"};
  for (uint32_t i = 0; i < p->n_areas; i++) {
    snprintf(p->areas[i].name.s, sizeof p->areas[i].name.s, "%s", areas[i]);
    p->areas[i].parent = i < 2 ? NONE16 : area_site;
    p->areas[i].kind = i == 0 ? AREA_OUTSIDE : i == 1 ? AREA_SITE : AREA_ROOM;
    p->areas[i].anti_passback = i < 2 ? PASSBACK_NONE : PASSBACK_SOFT;
    p->areas[i].capacity = i < 2 ? 0 : 10000000;
    p->areas[i].first_person = NONE16;
  }
  for (uint32_t i = 0; i < big_gates; i++) {
    snprintf(p->gates[i].name.s, sizeof p->gates[i].name.s, "gate-%u", i);
    snprintf(p->doors[i].name.s, sizeof p->doors[i].name.s, "door-%u", i);
    p->gates[i].from = p->doors[i].from = 2;
    p->gates[i].to = p->doors[i].to = 3;
    p->gates[i].doors[0] = (uint16_t)i;
    p->gates[i].doors[1] = p->gates[i].vestibule = NONE16;
    p->doors[i].gate = (uint16_t)i;
    p->doors[i].unlock_ms = 5000;
    p->doors[i].held_open_ms = 30000;
    for (uint32_t d = 0; d < 2; d++) {
      struct plan_reader *r = &p->readers[2 * i + d];
      snprintf(r->name.s, sizeof r->name.s, "reader-%u-%s", i, direction_names[d]);
      r->door = (uint16_t)i;
      r->direction = (uint8_t)d;
      r->line = NONE16;
    }
  }
  snprintf(p->schedules[0].name.s, sizeof p->schedules[0].name.s, "always");
  snprintf(p->schedules[1].name.s, sizeof p->schedules[1].name.s, "week");
  p->schedules[1].n_spans = 1;
  p->spans[0] = (struct plan_span){0, 10080};
  uint32_t at = 0;
  for (uint32_t l = 0; l < big_levels; l++) {
    snprintf(p->levels[l].name.s, sizeof p->levels[l].name.s, "level-%u", l);
    p->levels[l].rules_at = at;
    for (uint32_t g = 0; g < big_gates; g++)
      for (uint8_t d = 0; d < 2; d++)
        if ((g + l) % 2 == 0)
          p->level_rules[at++] = (struct plan_level_rule){(uint16_t)g, (uint16_t)(l % 2), d};
    p->levels[l].n_rules = at - p->levels[l].rules_at;
  }
  p->n_level_rules = at;
  snprintf(p->threats[0].name.s, sizeof p->threats[0].name.s, "normal");
  snprintf(p->formats[0].name.s, sizeof p->formats[0].name.s, "h10301");
  p->formats[0].bits = 26;
  p->rules = (struct plan_rules){.pin_attempts = 5,
                                 .pin_lock_s = 900,
                                 .escort_ms = 20000,
                                 .two_person_ms = 20000,
                                 .relock_margin_ms = 1000,
                                 .stale_ms = 60000,
                                 .clock_tolerance_ms = 1000,
#define X(member, key, least, most, usual, text, doc) .member = usual,
                                 RULE_TIME_LIST(X)
#undef X
  };
  p->access = make((size_t)p->n_gates * 2 * p->n_levels, 1);
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    p->lookup[k] = make(plan_lookup_size(plan_count(p, k)), sizeof(uint16_t));
  plan_derive(p);
  return p;
}

static void apply(struct core *core, struct event e) {
  e.n = core_next_entry(core);
  core_apply(core, &e);
}

struct big_site big_site_make(uint32_t n_persons) {
  struct big_site s = {0};
  s.mem = mmap(NULL, core_memory_size(), PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (s.mem == MAP_FAILED) {
    fprintf(stderr, "bench: no memory for a site\n");
    exit(1);
  }
  madvise(s.mem, core_memory_size(), MADV_HUGEPAGE);
  s.core = core_init(s.mem);
  s.plan = make_plan();
  apply(s.core, (struct event){.type = EVENT_PLAN_APPLIED, .at = 0, .plan = s.plan});
  for (uint32_t i = 0; i < n_persons; i++) {
    apply(s.core, (struct event){.type = EVENT_PERSON_ADDED,
                                 .u.person_added = {id_from(i), PERSON_STAFF, person_number(i),
                                                    TIME_ABSENT, TIME_ABSENT}});
    apply(s.core,
          (struct event){.type = EVENT_CREDENTIAL_ISSUED,
                         .u.credential_issued = {id_from(UINT64_C(0x6372) << 32 | i),
                                                 big_site_tag(i), i, 0, TIME_ABSENT, TIME_ABSENT}});
    for (uint32_t l = 0; l < 3; l++)
      apply(s.core, (struct event){.type = EVENT_LEVEL_GRANTED,
                                   .u.level_granted = {i, (i * 7 + l * 31) % big_levels,
                                                       TIME_ABSENT, TIME_ABSENT}});
    apply(s.core, (struct event){.type = EVENT_PERSON_LOCATED,
                                 .u.person_located = {i, area_outside, 2 + i % 2}});
  }
  return s;
}

void big_site_free(struct big_site *s) {
  struct plan *p = s->plan;
  void *const owned[] = {p->areas,   p->gates,   p->doors, p->readers,     p->schedules, p->levels,
                         p->threats, p->formats, p->spans, p->level_rules, p->access};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
    free(owned[i]);
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    free(p->lookup[k]);
  free(p);
  munmap(s->mem, core_memory_size());
}

struct command big_site_pass(const struct big_site *s, uint32_t person, uint32_t gate, usec at) {
  uint32_t direction = s->core->persons[person].area == 2 ? 0 : 1;
  return (struct command){
      .type = COMMAND_PASS,
      .at = at,
      .known_at = at,
      .clock_trusted = true,
      .by = {ACTOR_HAND, 0},
      .second = REF_ABSENT,
      .u.pass = {.reader = 2 * gate + direction, .format = 0, .tag = big_site_tag(person)},
  };
}
