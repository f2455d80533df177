/* random_plan.c: writes the sketch of a random site as plan YAML. */
#include "sim/random_plan.h"

#include "sim/random_site.h"

/* Three in which clocks change on other days, one by half an hour, one that gave it up. */
static const char *const zones[] = {
    "Europe/Berlin", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe",
    "UTC",           "Asia/Kathmandu",   "Africa/Cairo",  "America/El_Salvador"};

static void put_area_name(struct buf *y, const struct site *s, int area) {
  if (area == the_outside)
    buf_puts(y, "outside");
  else
    buf_printf(y, "%s-%d", area_kind_names[s->areas[area].kind], area);
}

static void put_area(struct buf *y, const struct site *s, int i) {
  const struct sketch_area *a = &s->areas[i];
  buf_puts(y, "{ name: ");
  put_area_name(y, s, i);
  buf_printf(y, ", kind: %s, capacity: %u", area_kind_names[a->kind], a->capacity);
  buf_printf(y, ", anti-passback: %s", passback_names[a->anti_passback]);
  if (a->anti_passback == PASSBACK_TIMED)
    buf_printf(y, ", anti-passback-time: %us", a->passback_s);
  if (a->two_person)
    buf_puts(y, ", two-person: true");
  if (a->escort)
    buf_puts(y, ", escort: true");
  if (a->first_person != nothing)
    buf_printf(y, ", first-person: level-%d", a->first_person);
}

static bool stands_in(const struct site *s, uint32_t area, int parent) {
  return !s->areas[area].gone && s->areas[area].parent == parent;
}

/* Areas directly within one, and theirs. */
static void put_areas(struct buf *y, const struct site *s) {
  static const char indent[] = "                        ";
  struct {
    int area;
    uint32_t next;
  } stack[sketch_areas_max + 1] = {{nothing, 0}};
  uint32_t depth = 1;
  buf_puts(y, "areas:\n");
  while (depth) {
    uint32_t at = stack[depth - 1].next++;
    uint32_t i = (at + s->turned) % s->n_areas;
    if (at == s->n_areas) {
      depth--;
      if (depth)
        buf_printf(y, "%.*s]}%s\n", (int)depth * 2, indent, depth == 1 ? "" : ",");
      continue;
    }
    if (!stands_in(s, i, stack[depth - 1].area))
      continue;
    buf_printf(y, "%.*s%s", (int)depth * 2, indent, depth == 1 ? "- " : "");
    put_area(y, s, (int)i);
    buf_puts(y, ", areas: [\n");
    stack[depth].area = (int)i;
    stack[depth++].next = 0;
  }
}

static void put_reader(struct buf *y, const struct site *s, const struct sketch_reader *r,
                       uint32_t gate, uint32_t door, uint32_t n) {
  buf_printf(y, "        - { name: reader-%u-%u-%u, direction: %s, factors: %s", gate, door, n,
             direction_names[r->direction], factor_names[r->factors]);
  /* The readers of a door are on one line; the doors of a sally port may be on two. */
  buf_printf(y, ", line: bus-%u, address: %u", (gate * 2 + door) % s->n_lines,
             (gate * 2 + door) * sketch_readers_max + n);
  if ((gate + door + n) % 5 == 0)
    buf_puts(y, ", secure: install");
  buf_puts(y, " }\n");
}

static void put_door(struct buf *y, const struct site *s, uint32_t gate, uint32_t which) {
  const struct sketch_door *d = &s->gates[gate].doors[which];
  uint32_t readers = 0;
  buf_printf(y, "    - name: door-%u-%u\n", gate, which);
  buf_printf(y, "      rex: %s\n      egress: %s\n      contact: %s\n      lock-monitor: %s\n",
             rex_names[d->rex], d->free_egress ? "free" : "controlled",
             d->contact ? "true" : "false", d->lock_monitor ? "true" : "false");
  buf_printf(y, "      lock: %s\n      unlock-time: %ums\n      held-open-time: %ums\n",
             d->fail_safe ? "fail-safe" : "fail-secure", d->unlock_ms, d->held_open_ms);
  for (uint32_t i = 0; i < d->n_readers; i++)
    readers += !d->readers[i].gone;
  if (readers)
    buf_puts(y, "      readers:\n");
  for (uint32_t i = 0; i < d->n_readers; i++)
    if (!d->readers[i].gone)
      put_reader(y, s, &d->readers[i], gate, which, i);
}

static void put_gates(struct buf *y, const struct site *s) {
  buf_puts(y, "gates:\n");
  for (uint32_t n = 0; n < s->n_gates; n++) {
    uint32_t i = (n + s->turned) % s->n_gates;
    const struct sketch_gate *g = &s->gates[i];
    if (g->gone)
      continue;
    buf_printf(y, "  - name: gate-%u\n    from: ", i);
    put_area_name(y, s, g->from);
    buf_puts(y, "\n    to: ");
    put_area_name(y, s, g->to);
    if (g->vestibule != nothing) {
      buf_puts(y, "\n    vestibule: ");
      put_area_name(y, s, g->vestibule);
    }
    buf_puts(y, "\n    doors:\n");
    put_door(y, s, i, 0);
    if (g->vestibule != nothing)
      put_door(y, s, i, 1);
  }
}

static void put_groups(struct buf *y, const struct site *s) {
  if (s->n_groups)
    buf_puts(y, "interlocks:\n");
  for (uint32_t i = 0; i < s->n_groups; i++) {
    buf_puts(y, "  - [");
    for (uint32_t k = 0; k < s->groups[i].n; k++)
      buf_printf(y, "%sdoor-%u-%u", k ? ", " : "", s->groups[i].doors[k].gate,
                 s->groups[i].doors[k].which);
    buf_puts(y, "]\n");
  }
}

static void put_lines(struct buf *y, const struct site *s) {
  static const uint32_t speeds[sketch_speeds] = {9600, 9600, 19200, 38400};
  buf_puts(y, "lines:\n");
  for (uint32_t i = 0; i < s->n_lines; i++)
    buf_printf(y, "  - { name: bus-%u, kind: serial, where: /dev/ttyS%u, baud: %u }\n", i, i,
               speeds[(s->speed + i) % sketch_speeds]);
}

static void put_schedules(struct buf *y, const struct site *s) {
  if (s->n_schedules)
    buf_puts(y, "schedules:\n");
  for (uint32_t i = 0; i < s->n_schedules; i++) {
    const struct sketch_schedule *x = &s->schedules[i];
    buf_printf(y, "  - name: schedule-%u\n    week: ", i);
    if (x->kind == 0)
      buf_printf(y, "{ mon-fri: \"%02u:00-%02u:30\" }\n", x->from_h, x->until_h);
    else if (x->kind == 1) /* through the night, also on the days when clocks change */
      buf_printf(y, "{ daily: \"%02u:15-%02u:00\" }\n", x->until_h, x->from_h);
    else if (x->kind == 2)
      buf_printf(y,
                 "{ \"sat, sun\": \"00:00-%02u:00, %02u:00-24:00\", wed: \"%02u:00-%02u:00\" }\n",
                 x->from_h, x->until_h, x->from_h, x->until_h);
    else if (x->kind == 3)
      buf_puts(y, "{ daily: \"00:00-24:00\" }\n");
    else
      buf_printf(y, "{ sun: \"01:30-03:30\", fri: \"22:00-%02u:00\" }\n", x->from_h);
    buf_printf(y, "    exceptions: { 2026-10-%u: closed, 2026-11-%u..2026-11-%u: closed, ",
               x->exception_day, x->exception_day, x->exception_day + 2);
    buf_printf(y, "2027-03-%u: \"%02u:00-%02u:00\" }\n", x->exception_day + 2, x->from_h,
               x->until_h);
  }
}

static void put_level(struct buf *y, const struct site *s, uint32_t i) {
  const struct sketch_level *l = &s->levels[i];
  buf_printf(y, "  - name: level-%u\n    in-lockdown: %s\n    access:", i,
             l->in_lockdown ? "true" : "false");
  uint32_t named = 0;
  for (uint32_t g = 0; g < s->n_gates; g++)
    named += !s->gates[g].gone && l->gates & 1u << g ? 1 : 0;
  if (!l->all_gates && !named) {
    buf_puts(y, " []\n");
    return;
  }
  buf_puts(y, "\n      - { gates: ");
  if (l->all_gates) {
    buf_puts(y, "all");
  } else {
    buf_puts(y, "[");
    for (uint32_t g = 0; g < s->n_gates; g++)
      if (!s->gates[g].gone && l->gates & 1u << g)
        buf_printf(y, "gate-%u%s", g, --named ? ", " : "]");
  }
  if (l->direction != DIRECTION_COUNT)
    buf_printf(y, ", direction: %s", direction_names[l->direction]);
  if (l->schedule != nothing)
    buf_printf(y, ", schedule: schedule-%d", l->schedule);
  buf_puts(y, " }\n");
}

static void put_levels(struct buf *y, const struct site *s) {
  buf_puts(y, "levels:\n");
  for (uint32_t n = 0; n < s->n_levels; n++) {
    uint32_t i = (n + s->turned) % s->n_levels;
    if (!s->levels[i].gone)
      put_level(y, s, i);
  }
}

static void put_kinds(struct buf *y, uint32_t kinds) {
  buf_puts(y, "[");
  for (uint32_t k = 0, n = 0; k < PERSON_KIND_COUNT; k++)
    if (kinds & 1u << k)
      buf_printf(y, "%s%s", n++ ? ", " : "", person_kind_names[k]);
  buf_puts(y, "]");
}

static void put_threats(struct buf *y, const struct site *s) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_threats; i++) {
    if (s->threats[i].gone)
      continue;
    if (!n++)
      buf_puts(y, "threats:\n");
    buf_printf(y, "  - { name: threat-%u, factors: %s, refuse: ", i,
               factor_names[s->threats[i].factors]);
    put_kinds(y, s->threats[i].refuse);
    buf_puts(y, " }\n");
  }
}

static void put_formats(struct buf *y, const struct site *s) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_formats; i++)
    if (!s->format_gone[i]) {
      if (!n++)
        buf_puts(y, "formats:\n");
      buf_printf(y, "  - { name: format-%u, bits: %u }\n", i, i * 26);
    }
}

static void put_rules(struct buf *y, const struct site *s) {
  buf_printf(y, "rules:\n  pin-attempts: %u\n  pin-lock: %us\n  escort-time: %ums\n",
             s->pin_attempts, s->pin_lock_s, s->escort_ms);
  buf_printf(y, "  two-person-time: %ums\n  relock-margin: %ums\n  stale-limit: %ums\n",
             s->two_person_ms, s->margin_ms, s->stale_ms);
  buf_printf(y, "  second-operator: %s\n  escorted: ", s->second_operator ? "true" : "false");
  put_kinds(y, s->escorted);
  buf_puts(y, "\n  escorts: ");
  put_kinds(y, s->escorts);
  buf_puts(y, "\n");
#define X(member, key, least, most, usual, text, doc) buf_printf(y, "  %s: %us\n", key, s->member);
  RULE_TIME_LIST(X)
#undef X
}

void site_write(const struct site *s, struct buf *yaml) {
  buf_printf(yaml, "site: { name: random, zone: %s, capacity: %u }\n", zones[s->zone],
             s->site_capacity);
  put_areas(yaml, s);
  put_gates(yaml, s);
  put_groups(yaml, s);
  put_lines(yaml, s);
  put_schedules(yaml, s);
  put_levels(yaml, s);
  put_threats(yaml, s);
  put_formats(yaml, s);
  put_rules(yaml, s);
}

void random_plan(struct rng *r, struct buf *yaml) {
  struct rng own = {rng_next(r)};
  struct site s;
  site_make(&s, &own);
  site_write(&s, yaml);
}

void random_plan_change(struct rng made_with, struct rng *r, struct buf *yaml) {
  struct rng first = {rng_next(&made_with)}, own = {rng_next(r)};
  struct site s;
  site_make(&s, &first);
  site_change(&s, &own);
  site_write(&s, yaml);
}
