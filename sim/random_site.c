/* random_site.c: draws a site, or changes to one, and mends what would be no sound plan. */
#include "sim/random_site.h"

#include "sim/random_plan.h"

#include <string.h>

/* --- Drawing --- */

static uint32_t pick(struct rng *r, const uint32_t *of, uint32_t n) {
  return of[rng_below(r, n)];
}

#define PICK(r, ...)                                                                               \
  pick(r, (const uint32_t[]){__VA_ARGS__},                                                         \
       sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static enum factors draw_factors(struct rng *r) {
  return rng_chance(r, 3, 4) ? FACTOR_CARD : (enum factors)rng_below(r, FACTOR_COUNT);
}

static uint32_t draw_kinds(struct rng *r) {
  return rng_below(r, 1u << PERSON_KIND_COUNT) & rng_below(r, 1u << PERSON_KIND_COUNT);
}

static void draw_door(struct sketch_door *d, struct rng *r) {
  *d = (struct sketch_door){
      .rex = rng_chance(r, 1, 2) ? REX_NONE : (enum rex)rng_below(r, REX_COUNT),
      .free_egress = rng_chance(r, 1, 5),
      .contact = rng_chance(r, 5, 6),
      .lock_monitor = rng_chance(r, 1, 3),
      .fail_safe = rng_chance(r, 1, 8),
      .unlock_ms = PICK(r, 500, 2000, 5000, 5000, 10000, 30000),
      .held_open_ms = PICK(r, 1000, 10000, 30000, 120000),
      .n_readers = 2,
  };
  for (uint32_t i = 0; i < 2; i++)
    d->readers[i] = (struct sketch_reader){false, (enum direction)i, draw_factors(r)};
  if (rng_chance(r, 1, 6))
    d->n_readers = rng_below(r, 2); /* one reader, inward; or none */
  else if (rng_chance(r, 1, 6))
    d->readers[d->n_readers++] =
        (struct sketch_reader){false, (enum direction)rng_below(r, 2), draw_factors(r)};
}

static void draw_area(struct site *s, struct sketch_area *a, struct rng *r, bool custody) {
  static const uint32_t open[] = {AREA_SECTION, AREA_YARD, AREA_CLINIC, AREA_RECEPTION,
                                  AREA_ROOM,    AREA_ROOM, AREA_ROOM};
  static const uint32_t held[] = {AREA_HOUSING_UNIT, AREA_CELL, AREA_ISOLATION, AREA_ROOM};
  *a = (struct sketch_area){
      .parent = nothing,
      .kind = custody && rng_chance(r, 1, 3) ? pick(r, held, 4) : pick(r, open, 7),
      .capacity = rng_chance(r, 1, 3) ? 0 : (uint32_t)rng_between(r, 1, 5),
      .anti_passback = (enum passback)rng_below(r, PASSBACK_COUNT),
      .passback_s = PICK(r, 1, 10, 60, 600),
      .two_person = rng_chance(r, 1, 5),
      .escort = rng_chance(r, 1, 4),
      .first_person = rng_chance(r, 1, 6) ? (int)rng_below(r, s->n_levels) : nothing,
  };
}

/* A gate from what can be reached to the area; sometimes a sally port. */
static void draw_gate(struct site *s, struct sketch_gate *g, struct rng *r, int from, int to) {
  *g = (struct sketch_gate){.from = from, .to = to, .vestibule = nothing};
  draw_door(&g->doors[0], r);
  draw_door(&g->doors[1], r);
  s->n_doors++;
  if (s->n_doors < random_doors_max && s->n_areas < sketch_areas_max && rng_chance(r, 1, 4)) {
    struct sketch_area *v = &s->areas[s->n_areas];
    draw_area(s, v, r, false);
    v->kind = AREA_VESTIBULE;
    v->inner = true;
    v->two_person = v->escort = false;
    v->first_person = nothing;
    g->vestibule = (int)s->n_areas++;
    s->n_doors++;
  }
}

static bool is_cell(const struct sketch_area *a) {
  return a->kind == AREA_CELL || a->kind == AREA_ISOLATION;
}

/* An area that others may be reached from. */
static int draw_from(const struct site *s, struct rng *r) {
  int a = (int)rng_below(r, s->n_areas + 1) - 1;
  if (a == the_outside || s->areas[a].inner || s->areas[a].gone || is_cell(&s->areas[a]))
    return the_outside;
  return a;
}

static void add_area(struct site *s, struct rng *r, bool custody) {
  if (s->n_areas >= sketch_areas_max || s->n_gates >= sketch_gates_max ||
      s->n_doors >= random_doors_max)
    return;
  int from = s->n_areas ? draw_from(s, r) : the_outside;
  struct sketch_area *a = &s->areas[s->n_areas];
  draw_area(s, a, r, custody);
  if (from != the_outside && s->areas[from].kind != AREA_VESTIBULE && rng_chance(r, 1, 2))
    a->parent = from;
  int to = (int)s->n_areas++;
  draw_gate(s, &s->gates[s->n_gates++], r, from, to);
}

/* One more way between areas that can be reached already. */
static void add_way(struct site *s, struct rng *r) {
  int from = draw_from(s, r), to = draw_from(s, r);
  if (to == the_outside || from == to || s->n_gates >= sketch_gates_max ||
      s->n_doors >= random_doors_max)
    return;
  draw_gate(s, &s->gates[s->n_gates++], r, from, to);
}

static void draw_group(struct site *s, struct rng *r) {
  struct sketch_group *g = &s->groups[s->n_groups++];
  g->n = (uint32_t)rng_between(r, 2, sketch_group_doors);
  for (uint32_t i = 0; i < g->n; i++) {
    g->doors[i].gate = rng_below(r, s->n_gates);
    g->doors[i].which = rng_below(r, 2);
  }
}

static void draw_level(struct site *s, uint32_t i, struct rng *r) {
  s->levels[i] = (struct sketch_level){
      .in_lockdown = i == 1 || rng_chance(r, 1, 8),
      .all_gates = i < 2 || rng_chance(r, 1, 3),
      .gates = rng_below(r, 1u << sketch_gates_max),
      .direction = i < 2 || rng_chance(r, 2, 3) ? DIRECTION_COUNT : rng_below(r, 2),
      .schedule = i == 0 || !s->n_schedules || rng_chance(r, 1, 2)
                      ? nothing
                      : (int)rng_below(r, s->n_schedules),
  };
}

static void draw_schedule(struct sketch_schedule *x, struct rng *r) {
  *x = (struct sketch_schedule){
      .kind = rng_below(r, 5),
      .from_h = (uint32_t)rng_between(r, 1, 11),
      .until_h = (uint32_t)rng_between(r, 12, 22),
      .exception_day = (uint32_t)rng_between(r, 22, 26), /* near the clocks' changes */
  };
}

static void draw_threats(struct site *s, struct rng *r) {
  s->n_threats = rng_below(r, sketch_threats_max + 1);
  for (uint32_t i = 0; i < s->n_threats; i++)
    s->threats[i] =
        (struct sketch_threat){false, i ? draw_kinds(r) : 0, i ? draw_factors(r) : FACTOR_CARD};
}

/* From a stream of their own, so that what is drawn after them is as before. */
static void draw_times(struct site *s, struct rng own) {
#define X(member, key, least, most, usual, text, doc)                                              \
  s->member = rng_chance(&own, 1, 2) ? (usual)                                                     \
                                     : (uint32_t)rng_between(&own, least, PICK(&own, 600, most));
  RULE_TIME_LIST(X)
#undef X
}

static void draw_rules(struct site *s, struct rng *r) {
  s->escorted =
      rng_chance(r, 1, 2) ? 1u << PERSON_VISITOR | 1u << PERSON_CONTRACTOR : draw_kinds(r);
  s->escorts = rng_chance(r, 1, 2) ? 1u << PERSON_STAFF | 1u << PERSON_OFFICER
                                   : draw_kinds(r) | 1u << PERSON_OFFICER;
  s->pin_attempts = PICK(r, 0, 1, 2, 3, 5);
  s->pin_lock_s = PICK(r, 1, 60, 900);
  s->escort_ms = PICK(r, 1000, 5000, 20000, 20000, 60000);
  s->two_person_ms = PICK(r, 1000, 5000, 20000, 20000, 60000);
  s->margin_ms = PICK(r, 100, 500, 1000, 1000, 3000);
  s->stale_ms = PICK(r, 1000, 60000, 60000);
  draw_times(s, rng_from(r->state, "times"));
}

void site_make(struct site *s, struct rng *r) {
  *s = (struct site){.zone = rng_below(r, 8),
                     .n_lines = (uint32_t)rng_between(r, 1, sketch_lines_max),
                     .speed = rng_below(r, sketch_speeds)};
  bool custody = rng_chance(r, 1, 2);
  s->second_operator = custody || rng_chance(r, 2, 3);
  s->n_schedules = rng_below(r, sketch_schedules_max + 1);
  for (uint32_t i = 0; i < s->n_schedules; i++)
    draw_schedule(&s->schedules[i], r);
  s->n_levels = (uint32_t)rng_between(r, 2, sketch_levels_max);
  for (uint32_t i = 0; i < s->n_levels; i++)
    draw_level(s, i, r);
  uint32_t doors = (uint32_t)rng_between(r, 2, random_doors_max);
  for (int tries = 0; tries < 40 && s->n_doors < doors; tries++)
    if (!s->n_areas || rng_chance(r, 3, 4))
      add_area(s, r, custody);
    else
      add_way(s, r);
  for (uint32_t n = rng_below(r, sketch_groups_max + 1); n > 0; n--)
    draw_group(s, r);
  draw_threats(s, r);
  s->n_formats = rng_below(r, sketch_formats_max + 1);
  draw_rules(s, r);
  s->site_capacity = rng_chance(r, 1, 4) ? (uint32_t)rng_between(r, 3, 30) : 0;
  site_mend(s);
}

/* --- Changing --- */

static uint32_t uses(const struct site *s, int area) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_gates; i++)
    n += !s->gates[i].gone && (s->gates[i].from == area || s->gates[i].to == area);
  for (uint32_t i = 0; i < s->n_areas; i++)
    n += !s->areas[i].gone && s->areas[i].parent == area ? 2 : 0;
  return n;
}

/* A room at the end of the way, with its gate. */
static void drop_area(struct site *s, struct rng *r) {
  uint32_t g = rng_below(r, s->n_gates);
  struct sketch_gate *gate = &s->gates[g];
  uint32_t left = 0;
  for (uint32_t i = 0; i < s->n_gates; i++)
    left += !s->gates[i].gone;
  if (gate->gone || left < 2 || uses(s, gate->to) != 1)
    return;
  gate->gone = true;
  s->areas[gate->to].gone = true;
  if (gate->vestibule != nothing)
    s->areas[gate->vestibule].gone = true;
}

static void change_doors(struct site *s, struct rng *r) {
  struct sketch_gate *g = &s->gates[rng_below(r, s->n_gates)];
  struct sketch_door *d = &g->doors[rng_below(r, 2)];
  if (rng_chance(r, 1, 2) && d->n_readers)
    d->readers[rng_below(r, d->n_readers)].gone ^= true;
  else if (rng_chance(r, 1, 2) && d->n_readers)
    d->readers[rng_below(r, d->n_readers)].factors = (enum factors)rng_below(r, FACTOR_COUNT);
  else
    draw_door(d, r);
}

static void change_area(struct site *s, struct rng *r) {
  struct sketch_area *a = &s->areas[rng_below(r, s->n_areas)], was = *a;
  if (rng_chance(r, 1, 3)) {
    a->capacity = rng_below(r, 6);
  } else {
    draw_area(s, a, r, false);
    a->gone = was.gone;
    a->inner = was.inner;
    a->kind = was.kind;
    a->parent = rng_chance(r, 1, 3) ? nothing : was.parent;
  }
}

static void change_levels(struct site *s, struct rng *r) {
  uint32_t i = rng_below(r, s->n_levels);
  if (rng_chance(r, 1, 2) && i)
    s->levels[i].gone = true;
  else
    draw_level(s, i, r);
}

static void change_one(struct site *s, struct rng *r) {
  switch (rng_below(r, 10)) {
  case 0:
    drop_area(s, r);
    break;
  case 1:
    add_area(s, r, s->second_operator);
    break;
  case 2:
    add_way(s, r);
    break;
  case 3:
    change_doors(s, r);
    break;
  case 4:
    change_area(s, r);
    break;
  case 5:
    change_levels(s, r);
    break;
  case 6:
    draw_rules(s, r);
    break;
  case 7:
    s->n_groups = 0;
    draw_group(s, r);
    break;
  case 8:
    if (s->n_threats)
      s->threats[rng_below(r, s->n_threats)].gone = true;
    else
      draw_threats(s, r);
    break;
  default:
    if (s->n_formats)
      s->format_gone[rng_below(r, s->n_formats)] ^= true;
    s->turned = rng_below(r, 8);
    s->n_lines = (uint32_t)rng_between(r, 1, sketch_lines_max);
    break;
  }
}

void site_change(struct site *s, struct rng *r) {
  for (uint32_t n = (uint32_t)rng_between(r, 1, 4); n > 0; n--)
    change_one(s, r);
  site_mend(s);
}

/* --- Mending --- */

static uint32_t doors_of(const struct sketch_gate *g) {
  return g->gone ? 0 : g->vestibule == nothing ? 1 : 2;
}

/* The areas on the sides of a door, in the gate's direction. */
static void sides(const struct sketch_gate *g, uint32_t which, int *from, int *to) {
  *from = which == 0 || g->vestibule == nothing ? g->from : g->vestibule;
  *to = which == 1 || g->vestibule == nothing ? g->to : g->vestibule;
}

/* How many readers lead into the area, and out of it. */
static void ways(const struct site *s, int area, uint32_t *in, uint32_t *out) {
  *in = *out = 0;
  for (uint32_t i = 0; i < s->n_gates; i++)
    for (uint32_t k = 0; k < doors_of(&s->gates[i]); k++) {
      const struct sketch_door *d = &s->gates[i].doors[k];
      int from, to;
      sides(&s->gates[i], k, &from, &to);
      for (uint32_t n = 0; n < d->n_readers; n++) {
        bool inward = d->readers[n].direction == DIRECTION_IN;
        *in += !d->readers[n].gone && (inward ? to : from) == area;
        *out += !d->readers[n].gone && (inward ? from : to) == area;
      }
    }
}

/* The level opens a way into the area. */
static bool leads_into(const struct site *s, const struct sketch_level *l, int area) {
  bool leads = false;
  for (uint32_t i = 0; i < s->n_gates && !l->gone; i++)
    for (uint32_t k = 0; k < doors_of(&s->gates[i]); k++) {
      int from, to;
      sides(&s->gates[i], k, &from, &to);
      if (!l->all_gates && !(l->gates & 1u << i))
        continue;
      leads |= l->direction != DIRECTION_OUT && to == area;
      leads |= l->direction != DIRECTION_IN && from == area;
    }
  return leads;
}

static bool in_group(const struct site *s, uint32_t gate, uint32_t which) {
  if (s->gates[gate].vestibule != nothing)
    return true;
  for (uint32_t i = 0; i < s->n_groups; i++)
    for (uint32_t k = 0; k < s->groups[i].n; k++)
      if (s->groups[i].doors[k].gate == gate && s->groups[i].doors[k].which == which)
        return true;
  return false;
}

/* Each door once, and at least two, or the group is none. */
static void mend_groups(struct site *s) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s->n_groups; i++) {
    struct sketch_group g = {0};
    for (uint32_t k = 0; k < s->groups[i].n; k++) {
      bool again = s->groups[i].doors[k].which >= doors_of(&s->gates[s->groups[i].doors[k].gate]);
      for (uint32_t n = 0; n < g.n; n++)
        again |= g.doors[n].gate == s->groups[i].doors[k].gate &&
                 g.doors[n].which == s->groups[i].doors[k].which;
      if (!again)
        g.doors[g.n++] = s->groups[i].doors[k];
    }
    if (g.n >= 2)
      s->groups[kept++] = g;
  }
  s->n_groups = kept;
}

static void mend_capacities(struct site *s) {
  for (uint32_t i = s->n_areas; i-- > 0;) { /* parents come before what lies within them */
    uint32_t within = 0;
    struct sketch_area *a = &s->areas[i];
    for (uint32_t k = 0; k < s->n_areas; k++)
      within += !s->areas[k].gone && s->areas[k].parent == (int)i ? s->areas[k].capacity : 0;
    if (a->capacity && a->capacity < within)
      a->capacity = within;
    if (a->two_person && a->capacity == 1)
      a->capacity = 2;
  }
  uint32_t within = 0;
  for (uint32_t i = 0; i < s->n_areas; i++)
    within += !s->areas[i].gone && s->areas[i].parent == nothing ? s->areas[i].capacity : 0;
  if (s->site_capacity && s->site_capacity < within)
    s->site_capacity = within;
}

static void mend_areas(struct site *s) {
  for (uint32_t i = 0; i < s->n_areas; i++) {
    struct sketch_area *a = &s->areas[i];
    uint32_t in, out;
    ways(s, (int)i, &in, &out);
    if (a->anti_passback == PASSBACK_HARD && in && !out)
      a->anti_passback = PASSBACK_SOFT;
    if (a->first_person != nothing && !leads_into(s, &s->levels[a->first_person], (int)i))
      a->first_person = nothing;
    if (!s->second_operator &&
        (a->kind == AREA_CELL || a->kind == AREA_ISOLATION || a->kind == AREA_HOUSING_UNIT))
      a->kind = AREA_ROOM;
  }
}

void site_mend(struct site *s) {
  mend_groups(s);
  for (uint32_t i = 0; i < s->n_gates; i++)
    for (uint32_t k = 0; k < 2; k++)
      if (in_group(s, i, k)) { /* what plan_check asks of an interlock */
        struct sketch_door *d = &s->gates[i].doors[k];
        d->rex = d->rex == REX_UNLOCK ? REX_RECORD : d->rex;
        d->contact = true;
      }
  s->levels[0].gone = false;
  s->levels[0].all_gates = true;
  mend_areas(s);
  mend_capacities(s);
  for (uint32_t i = 1; i < s->n_threats; i++) { /* each as strict as the one before */
    s->threats[i].refuse |= s->threats[i - 1].refuse;
    s->threats[i].factors |= s->threats[i - 1].factors;
  }
}
