#include "plan/plan_check.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct check {
  const struct plan *p;
  const struct plan_places *places;
  struct plan_faults *faults;
};

#define AT(c, array, i)         plan_place((c)->places, PLAN_ARRAY_##array, i), 0
#define ERROR(c, array, i, ...) plan_fault_add((c)->faults, AT(c, array, i), false, __VA_ARGS__)
#define WARN(c, array, i, ...)  plan_fault_add((c)->faults, AT(c, array, i), true, __VA_ARGS__)

/* --- Names: valid, unique within their kind, not one of those that every plan has --- */

struct named {
  const char *name;
  uint32_t index;
};

static int by_name(const void *a, const void *b) {
  const struct named *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void check_names(struct check *c, enum ref_kind kind, enum plan_array array) {
  uint32_t n = plan_count(c->p, kind);
  struct named *list = sp_alloc(n, sizeof *list);
  if (!list) {
    plan_fault_add(c->faults, 0, 0, false, "out of memory");
    return;
  }
  for (uint32_t i = 0; i < n; i++) {
    const struct slug *s = plan_name(c->p, kind, i);
    list[i] = (struct named){s->s, i};
    if (s->s[slug_max] || !slug_valid(span_of(s->s, strnlen(s->s, slug_max))))
      plan_fault_add(c->faults, plan_place(c->places, array, i), 0, false, "a %s has no valid name",
                     ref_kind_names[kind]);
  }
  qsort(list, n, sizeof *list, by_name);
  for (uint32_t i = 1; i < n; i++)
    if (strncmp(list[i].name, list[i - 1].name, slug_max) == 0) {
      uint32_t first = plan_place(c->places, array, list[i - 1].index);
      plan_fault_add(c->faults, plan_place(c->places, array, list[i].index), 0, false,
                     "the %s \"%.31s\" is there already: names are unique and \"outside\", "
                     "\"always\" are taken (first in line %u)",
                     ref_kind_names[kind], list[i].name, first);
    }
  sp_free(list);
}

/* --- Areas --- */

static void check_areas(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas; i++) {
    const struct plan_area *a = &p->areas[i];
    bool given = i <= area_site;
    uint8_t kind = i == area_outside ? AREA_OUTSIDE : AREA_SITE;
    if (a->kind >= AREA_KIND_COUNT || a->anti_passback >= PASSBACK_COUNT) {
      ERROR(c, areas, i, "area \"%.31s\" has an unknown kind or rule", a->name.s);
      continue;
    }
    if (given ? a->kind != kind || a->parent != NONE16
              : a->parent == area_outside || a->parent >= i)
      ERROR(c, areas, i, "area \"%.31s\" has no place in the tree of areas", a->name.s);
    else if (!given && (a->kind == AREA_OUTSIDE || a->kind == AREA_SITE))
      ERROR(c, areas, i, "area \"%.31s\": a plan has one site and one outside, both given already",
            a->name.s);
    if (a->first_person != NONE16 && a->first_person >= p->n_levels)
      ERROR(c, areas, i, "area \"%.31s\": first-person names no level", a->name.s);
    if (a->anti_passback == PASSBACK_TIMED && !a->anti_passback_s)
      ERROR(c, areas, i, "area \"%.31s\": timed anti-passback needs anti-passback-time, like 10min",
            a->name.s);
    if (a->two_person && a->capacity == 1)
      ERROR(c, areas, i, "area \"%.31s\": nobody may be alone in it, and it has room for one",
            a->name.s);
    if (a->capacity && a->bunks > a->capacity)
      ERROR(c, areas, i,
            "area \"%.31s\" has %u bunks and a capacity of %u: capacity counts persons", a->name.s,
            a->bunks, a->capacity);
  }
}

/* Depth, and capacity of what lies within; only when the tree is sound. */
static void check_tree(struct check *c) {
  const struct plan *p = c->p;
  uint64_t *within = sp_alloc(p->n_areas, sizeof *within);
  if (!within) {
    plan_fault_add(c->faults, 0, 0, false, "out of memory");
    return;
  }
  for (uint32_t i = area_site + 1; i < p->n_areas; i++) {
    int depth = 0;
    for (uint32_t a = i; a != NONE16; a = p->areas[a].parent)
      depth++;
    if (depth > area_depth_max)
      ERROR(c, areas, i, "area \"%.31s\" lies more than %d areas deep", p->areas[i].name.s,
            area_depth_max);
    within[p->areas[i].parent] += p->areas[i].capacity;
  }
  for (uint32_t i = area_site; i < p->n_areas; i++)
    if (p->areas[i].capacity && within[i] > p->areas[i].capacity)
      ERROR(c, areas, i,
            "area \"%.31s\" has a capacity of %u, and the areas within it %llu together: raise it, "
            "or set 0 for no limit",
            p->areas[i].name.s, p->areas[i].capacity, (unsigned long long)within[i]);
  sp_free(within);
}

/* --- Gates, doors, readers --- */

static void check_gates(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_gates; i++) {
    const struct plan_gate *g = &p->gates[i];
    bool port = g->doors[1] != NONE16;
    if (g->from >= p->n_areas || g->to >= p->n_areas ||
        (g->vestibule != NONE16 && g->vestibule >= p->n_areas)) {
      ERROR(c, gates, i, "gate \"%.31s\" joins an area that does not exist", g->name.s);
      continue;
    }
    if (g->from == g->to)
      ERROR(c, gates, i, "gate \"%.31s\" leads from an area into itself", g->name.s);
    if (g->doors[0] == NONE16)
      ERROR(c, gates, i, "gate \"%.31s\" has no door", g->name.s);
    if (port && g->vestibule == NONE16)
      ERROR(c, gates, i,
            "gate \"%.31s\" has two doors and no vestibule: name the area between them", g->name.s);
    if (!port && g->vestibule != NONE16)
      ERROR(
          c, gates, i,
          "gate \"%.31s\" has a vestibule and one door: its second door, the interlock partner, is "
          "missing",
          g->name.s);
    if (port && (g->vestibule == g->from || g->vestibule == g->to))
      ERROR(c, gates, i, "gate \"%.31s\": the vestibule lies between the areas, not in one of them",
            g->name.s);
    if (port && g->vestibule != NONE16 && p->areas[g->vestibule].kind != AREA_VESTIBULE)
      WARN(c, gates, i, "gate \"%.31s\": its vestibule \"%.31s\" is not of kind vestibule",
           g->name.s, p->areas[g->vestibule].name.s);
    for (int k = 0; k < 2; k++)
      if (g->doors[k] != NONE16 && (g->doors[k] >= p->n_doors || p->doors[g->doors[k]].gate != i))
        ERROR(c, gates, i, "gate \"%.31s\" names a door of another gate", g->name.s);
  }
}

static void check_doors(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_doors; i++) {
    const struct plan_door *d = &p->doors[i];
    if (d->gate >= p->n_gates ||
        (p->gates[d->gate].doors[0] != i && p->gates[d->gate].doors[1] != i)) {
      ERROR(c, doors, i, "door \"%.31s\" belongs to no gate", d->name.s);
      continue;
    }
    const struct plan_gate *g = &p->gates[d->gate];
    bool port = g->doors[1] != NONE16, second = port && g->doors[1] == i;
    uint16_t from = second ? g->vestibule : g->from, to = port && !second ? g->vestibule : g->to;
    if (d->from >= p->n_areas || d->to >= p->n_areas || d->from == d->to || d->from != from ||
        d->to != to)
      ERROR(c, doors, i, "door \"%.31s\" does not stand between its gate's areas", d->name.s);
    if (d->from == area_site || d->to == area_site)
      ERROR(c, doors, i, "door \"%.31s\" leads into the site as a whole: name the area behind it",
            d->name.s);
    if (d->lock >= LOCK_KIND_COUNT || d->egress >= EGRESS_COUNT || d->rex >= REX_COUNT)
      ERROR(c, doors, i, "door \"%.31s\" has an unknown lock, egress or rex", d->name.s);
    if (d->unlock_ms < 100 || d->unlock_ms > 600000 || d->held_open_ms < 1000 ||
        d->held_open_ms > 86400000)
      ERROR(c, doors, i, "door \"%.31s\" has a time out of range", d->name.s);
    if ((uint64_t)d->peers_at + d->n_peers > p->n_peers) {
      ERROR(c, doors, i, "door \"%.31s\" has interlock partners out of range", d->name.s);
      continue;
    }
    if (d->n_peers && d->rex == REX_UNLOCK)
      ERROR(
          c, doors, i,
          "door \"%.31s\" is interlocked, so a request to exit may not unlock it: use rex: record",
          d->name.s);
    if (port && !d->n_peers)
      ERROR(c, doors, i, "door \"%.31s\" of a sally port has no interlock partner", d->name.s);
    for (uint32_t k = 0; k < d->n_peers; k++)
      if (p->peers[d->peers_at + k] >= p->n_doors || p->peers[d->peers_at + k] == i)
        ERROR(c, doors, i, "door \"%.31s\" has an unknown interlock partner", d->name.s);
  }
}

static void check_readers(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->door >= p->n_doors || r->direction >= DIRECTION_COUNT || r->factors >= FACTOR_COUNT ||
        r->secure >= SECURE_COUNT || r->address > 126 ||
        (r->line != NONE16 && r->line >= p->n_lines)) {
      ERROR(c, readers, i, "reader \"%.31s\" has a door, line or value that does not exist",
            r->name.s);
      continue;
    }
    for (uint32_t k = 0; k < i && r->line != NONE16; k++)
      if (p->readers[k].line == r->line && p->readers[k].address == r->address)
        ERROR(c, readers, i,
              "readers \"%.31s\" and \"%.31s\" both have address %u on line \"%.31s\": one reader "
              "cannot serve two doors",
              r->name.s, p->readers[k].name.s, r->address, p->lines[r->line].name.s);
  }
}

/* From outside, by doors, everywhere: an area that nobody can enter is a mistake. */
static void check_reach(struct check *c) {
  const struct plan *p = c->p;
  uint8_t *reached = sp_alloc(p->n_areas, 1), *has_door = sp_alloc(p->n_areas, 1);
  bool more = reached && has_door;
  if (more)
    reached[area_outside] = reached[area_site] = 1;
  while (more) {
    more = false;
    for (uint32_t i = 0; i < p->n_doors; i++) {
      uint32_t a = p->doors[i].from, b = p->doors[i].to;
      has_door[a] = has_door[b] = 1;
      if (reached[a] != reached[b])
        reached[a] = reached[b] = 1, more = true;
    }
    /* A space without a door of its own (a wing, a hall) is reached with what lies around it or in
     * it. */
    for (uint32_t i = area_site + 1; i < p->n_areas; i++) {
      uint32_t up = p->areas[i].parent;
      if (!has_door[i] && !reached[i] && reached[up])
        reached[i] = 1, more = true;
      if (up != area_site && !has_door[up] && !reached[up] && reached[i])
        reached[up] = 1, more = true;
    }
  }
  bool boundary = false;
  for (uint32_t i = 0; i < p->n_doors; i++)
    boundary |= p->doors[i].from == area_outside || p->doors[i].to == area_outside;
  if (!boundary)
    plan_fault_add(c->faults, 0, 0, false, "no gate leads to outside: nobody could enter");
  for (uint32_t i = area_site + 1; boundary && reached && i < p->n_areas; i++)
    if (!reached[i])
      ERROR(c, areas, i, "area \"%.31s\" cannot be reached from outside: a gate is missing",
            p->areas[i].name.s);
  sp_free(reached);
  sp_free(has_door);
}

/* Where people are counted, they must be able to say that they leave. */
static void check_exits(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas; i++) {
    if (p->areas[i].anti_passback != PASSBACK_HARD)
      continue;
    bool door = false, exit = false;
    for (uint32_t r = 0; r < p->n_readers; r++) {
      const struct plan_door *d = &p->doors[p->readers[r].door];
      bool in = p->readers[r].direction == DIRECTION_IN;
      door |= (in ? d->to : d->from) == i;
      exit |= (in ? d->from : d->to) == i;
    }
    if (door && !exit)
      ERROR(
          c, areas, i,
          "area \"%.31s\" has hard anti-passback and no reader leads out of it: nobody could come "
          "back",
          p->areas[i].name.s);
  }
}

/* --- Schedules, levels, the rest --- */

static bool spans_sound(const struct plan *p, uint32_t at, uint32_t n, uint32_t end) {
  if ((uint64_t)at + n > p->n_spans)
    return false;
  for (uint32_t i = 0; i < n; i++) {
    const struct plan_span *s = &p->spans[at + i];
    if (s->from >= s->until || s->until > end || (i && s->from <= p->spans[at + i - 1].until))
      return false;
  }
  return true;
}

static void check_schedules(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_schedules; i++) {
    const struct plan_schedule *s = &p->schedules[i];
    bool sound = spans_sound(p, s->spans_at, s->n_spans, 10080) &&
                 (uint64_t)s->exceptions_at + s->n_exceptions <= p->n_exceptions;
    for (uint32_t k = 0; sound && k < s->n_exceptions; k++) {
      const struct plan_exception *e = &p->exceptions[s->exceptions_at + k];
      sound = spans_sound(p, e->spans_at, e->n_spans, 1440) &&
              (!k || e->day > p->exceptions[s->exceptions_at + k - 1].day);
    }
    if (!sound)
      ERROR(c, schedules, i, "schedule \"%.31s\" has times that overlap or are out of order",
            s->name.s);
    else if (i != schedule_always && !s->n_spans && !s->n_exceptions)
      WARN(c, schedules, i, "schedule \"%.31s\" is never open", s->name.s);
  }
  for (uint32_t i = 1; i < p->n_zone; i++)
    if (p->zone_transitions[i].from_s <= p->zone_transitions[i - 1].from_s)
      plan_fault_add(c->faults, 0, 0, false, "the time zone's transitions are out of order");
}

static void check_levels(struct check *c) {
  const struct plan *p = c->p;
  uint8_t *seen = sp_alloc(p->n_gates * DIRECTION_COUNT, 1);
  for (uint32_t i = 0; seen && i < p->n_levels; i++) {
    const struct plan_level *l = &p->levels[i];
    if ((uint64_t)l->rules_at + l->n_rules > p->n_level_rules || l->n_rules > level_rules_max) {
      ERROR(c, levels, i, "level \"%.31s\" has more than %d rules", l->name.s, level_rules_max);
      continue;
    }
    memset(seen, 0, p->n_gates * DIRECTION_COUNT);
    for (uint32_t k = 0; k < l->n_rules; k++) {
      const struct plan_level_rule *r = &p->level_rules[l->rules_at + k];
      if (r->gate >= p->n_gates || r->direction >= DIRECTION_COUNT ||
          r->schedule >= p->n_schedules) {
        ERROR(c, levels, i, "level \"%.31s\" names a gate or schedule that does not exist",
              l->name.s);
        break;
      }
      if (seen[r->gate * DIRECTION_COUNT + r->direction]++) {
        ERROR(c, levels, i, "level \"%.31s\" names gate \"%.31s\" twice in one direction",
              l->name.s, p->gates[r->gate].name.s);
        break;
      }
    }
    if (!l->n_rules)
      WARN(c, levels, i, "level \"%.31s\" gives access to nothing", l->name.s);
  }
  sp_free(seen);
}

static void check_rest(struct check *c) {
  const struct plan *p = c->p;
  const uint32_t kinds = (1u << PERSON_KIND_COUNT) - 1;
  for (uint32_t i = 0; i < p->n_threats; i++)
    if (p->threats[i].refuse_kinds & ~kinds || p->threats[i].factors >= FACTOR_COUNT)
      ERROR(c, threats, i, "threat level \"%.31s\" has an unknown value", p->threats[i].name.s);
  for (uint32_t i = 0; i < p->n_lines; i++)
    if (p->lines[i].kind >= LINE_KIND_COUNT || p->lines[i].where[sizeof p->lines[i].where - 1])
      ERROR(c, lines, i, "line \"%.31s\" has an unknown value", p->lines[i].name.s);
  if (p->rules.escorted_kinds & ~kinds || p->rules.escort_kinds & ~kinds ||
      p->rules.pin_attempts > 100 || p->rules.escort_ms > 600000 ||
      p->rules.two_person_ms > 600000 || p->rules.relock_margin_ms > 10000 ||
      p->rules.stale_ms > 3600000 || p->rules.clock_tolerance_ms > 60000 ||
      p->rules.pin_lock_s > 604800)
    plan_fault_add(c->faults, 0, 0, false, "rules: a value is out of range");
  if (p->rules.witness_quorum > p->n_witnesses)
    plan_fault_add(c->faults, 0, 0, false,
                   "rules: witness-quorum is %u, and the plan names %u witnesses",
                   p->rules.witness_quorum, p->n_witnesses);
  for (uint32_t i = 0; i < p->n_witnesses; i++) {
    const char *plus = strchr(p->witnesses[i].vkey, '+');
    if (p->witnesses[i].vkey[sizeof p->witnesses[i].vkey - 1] || !plus || !strchr(plus + 1, '+'))
      ERROR(c, witnesses, i, "vkey: name+hash+base64 is expected");
  }
  for (uint32_t i = 0; i < p->n_areas && !p->rules.second_operator; i++) {
    uint8_t kind = p->areas[i].kind;
    if (kind == AREA_CELL || kind == AREA_HOUSING_UNIT || kind == AREA_ISOLATION) {
      ERROR(
          c, areas, i,
          "area \"%.31s\" can hold people, so rules.second-operator may not be false: what permits "
          "needs two",
          p->areas[i].name.s);
      break;
    }
  }
}

void plan_check(const struct plan *p, const struct plan_places *places,
                struct plan_faults *faults) {
  struct check c = {p, places, faults};
  static const enum plan_array arrays[REF_KIND_COUNT] = {
      [REF_AREA] = PLAN_ARRAY_areas,     [REF_GATE] = PLAN_ARRAY_gates,
      [REF_DOOR] = PLAN_ARRAY_doors,     [REF_READER] = PLAN_ARRAY_readers,
      [REF_LINE] = PLAN_ARRAY_lines,     [REF_SCHEDULE] = PLAN_ARRAY_schedules,
      [REF_LEVEL] = PLAN_ARRAY_levels,   [REF_THREAT] = PLAN_ARRAY_threats,
      [REF_FORMAT] = PLAN_ARRAY_formats,
  };
  if (p->n_areas <= area_site || !p->n_schedules || !p->n_threats || !p->n_formats || !p->n_gates ||
      !p->n_levels) {
    plan_fault_add(faults, 0, 0, false, "a plan has at least one area, gate and access level");
    return;
  }
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    check_names(&c, k, arrays[k]);
  check_areas(&c);
  check_gates(&c);
  check_doors(&c);
  check_readers(&c);
  check_schedules(&c);
  check_levels(&c);
  check_rest(&c);
  if (faults->errors)
    return; /* what follows walks along indexes that are now known to be sound */
  check_tree(&c);
  check_reach(&c);
  check_exits(&c);
}
