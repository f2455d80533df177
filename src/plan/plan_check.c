#include "plan/plan_check.h"

#include "plan/plan_fields.h"
#include "plan/plan_scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Telling --- */

static bool told_in_line(const struct plan_faults *f, uint32_t line) {
  for (uint32_t i = 0; i < f->kept; i++)
    if (f->at[i].line == line)
      return true;
  return false;
}

void check_tell(struct check *c, enum plan_array a, uint32_t index, bool warning, const char *fmt,
                ...) {
  uint32_t line = plan_place(c->places, a, index);
  uint8_t marks = plan_place_marks(c->places, a, index);
  char text[plan_fault_text_max];
  va_list ap;
  c->unsound |= !warning;
  if (marks & PLAN_PLACE_FAULTY || (marks & PLAN_PLACE_COPY && told_in_line(c->faults, line)))
    return;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  plan_fault_add(c->faults, line, 0, warning, "%s", text);
}

void check_tell_all(struct check *c, uint32_t line, const char *fmt, ...) {
  char text[plan_fault_text_max];
  va_list ap;
  c->unsound = true;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  plan_fault_add(c->faults, line, 0, false, "%s", text);
}

void check_no_memory(struct check *c) {
  c->unsound = true;
  plan_fault_memory(c->faults);
}

/* --- Names and texts --- */

struct named {
  const char *name;
  uint32_t index;
};

static int by_name(const void *a, const void *b) {
  const struct named *x = a, *y = b;
  int order = strncmp(x->name, y->name, slug_max + 1);
  return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void tell_double(struct check *c, enum ref_kind kind, enum plan_array array,
                        const struct named *one, const struct named *other) {
  uint32_t line = plan_place(c->places, array, one->index);
  if (kind == REF_AREA && one->index == area_outside)
    check_tell(c, array, other->index, false,
               "an area may not be called \"outside\": that is what lies beyond the site");
  else if (kind == REF_SCHEDULE && one->index == schedule_always)
    check_tell(c, array, other->index, false,
               "a schedule may not be called \"always\": every plan has one of that name");
  else if (line)
    check_tell(c, array, other->index, false, "%s \"%.31s\" is there already, in line %u",
               ref_kind_names[kind], one->name, line);
  else
    check_tell(c, array, other->index, false, "%s \"%.31s\" is there already", ref_kind_names[kind],
               one->name);
  if (c->places) /* which of the two others mean cannot be known */
    plan_place_mark(c->places, array, other->index, PLAN_PLACE_FAULTY);
}

/* Valid and unique within their kind. Those that could not be read are told already. */
static void check_names(struct check *c, enum ref_kind kind, enum plan_array array) {
  uint32_t n = plan_count(c->p, kind);
  struct named *list = sp_alloc(n, sizeof *list);
  if (!list) {
    check_no_memory(c);
    return;
  }
  for (uint32_t i = 0; i < n; i++) {
    const struct slug *s = plan_name(c->p, kind, i);
    size_t length = strnlen(s->s, slug_max);
    list[i] = (struct named){s->s, i};
    if (!slug_valid(span_of(s->s, length)) || !bytes_are_zero(s->s + length, sizeof *s - length))
      check_tell(c, array, i, false, "a %s has no valid name", ref_kind_names[kind]);
  }
  qsort(list, n, sizeof *list, by_name);
  for (uint32_t i = 1; i < n; i++)
    if (strncmp(list[i].name, list[i - 1].name, slug_max) == 0)
      tell_double(c, kind, array, &list[i - 1], &list[i]);
  sp_free(list);
}

/* Ended, UTF-8, and nothing in it that steers a terminal. */
static bool text_sound(const char *s, size_t size) {
  size_t n = strnlen(s, size);
  for (size_t i = 0; i < n; i++)
    if ((uint8_t)s[i] < 0x20 || s[i] == 0x7f)
      return false;
  return n > 0 && n < size && utf8_valid(span_of(s, n)) && bytes_are_zero(s + n, size - n);
}

static void check_texts(struct check *c) {
  const struct plan *p = c->p;
  bool sound = text_sound(p->title, sizeof p->title) && text_sound(p->zone, sizeof p->zone);
  for (uint32_t i = 0; i < p->n_areas; i++)
    sound = sound && text_sound(p->areas[i].title, sizeof p->areas[i].title);
  for (uint32_t i = 0; i < p->n_gates; i++)
    sound = sound && text_sound(p->gates[i].title, sizeof p->gates[i].title);
  for (uint32_t i = 0; i < p->n_doors; i++)
    sound = sound && text_sound(p->doors[i].title, sizeof p->doors[i].title);
  for (uint32_t i = 0; i < p->n_levels; i++)
    sound = sound && text_sound(p->levels[i].title, sizeof p->levels[i].title);
  for (uint32_t i = 0; i < p->n_lines; i++)
    sound = sound && text_sound(p->lines[i].where, sizeof p->lines[i].where);
  for (uint32_t i = 0; i < p->n_witnesses; i++)
    sound = sound && text_sound(p->witnesses[i].vkey, sizeof p->witnesses[i].vkey) &&
            text_sound(p->witnesses[i].url, sizeof p->witnesses[i].url);
  /* The reader lets no such text in and says where; here only a blob can bring one. */
  if (!sound && !c->faults->errors)
    check_tell_all(c, 0, "a title or other text is empty or has control characters");
}

/* --- Areas --- */

/* "outside" and the site, as every plan has them. */
static void check_given(struct check *c) {
  const struct plan *p = c->p;
  const struct plan_area *o = &p->areas[area_outside], *s = &p->areas[area_site];
  if (strcmp(o->name.s, "outside") != 0 || o->capacity || o->anti_passback || o->two_person ||
      o->escort || o->first_person != NONE16 || o->bunks || s->anti_passback || s->two_person ||
      s->escort || s->first_person != NONE16 ||
      strncmp(s->name.s, p->name.s, sizeof s->name.s) != 0)
    ERROR(c, areas, area_site, "what lies outside, or the site as a whole, has rules of its own");
  const struct plan_schedule *always = &p->schedules[schedule_always];
  if (strcmp(always->name.s, "always") != 0 || always->n_spans || always->n_exceptions)
    ERROR(c, schedules, schedule_always, "the first schedule is not \"always\"");
}

static void check_areas(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas; i++) {
    const struct plan_area *a = &p->areas[i];
    bool given = i <= area_site;
    uint8_t kind = i == area_outside ? AREA_OUTSIDE : AREA_SITE;
    if (a->kind >= AREA_KIND_COUNT || a->anti_passback >= PASSBACK_COUNT ||
        a->capacity > plan_capacity_max || a->anti_passback_s > 604800) {
      ERROR(c, areas, i, "area \"%.31s\" has an unknown kind or a value out of range", a->name.s);
      continue;
    }
    if (given ? a->kind != kind || a->parent != NONE16
              : a->parent == area_outside || a->parent >= i)
      ERROR(c, areas, i, "area \"%.31s\" has no place in the tree of areas", a->name.s);
    else if (!given && (a->kind == AREA_OUTSIDE || a->kind == AREA_SITE))
      ERROR(c, areas, i,
            "area \"%.31s\": kind %s is not for here, each plan has one; a section or a room is",
            a->name.s, area_kind_names[a->kind]);
    if (a->first_person != NONE16 && a->first_person >= p->n_levels)
      ERROR(c, areas, i, "area \"%.31s\": first-person names no level", a->name.s);
  }
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
    if (g->from == area_site || g->to == area_site)
      ERROR(c, gates, i,
            "gate \"%.31s\" leads into the site as a whole: name the area behind it, or outside",
            g->name.s);
    if (g->doors[0] == NONE16)
      ERROR(c, gates, i, "gate \"%.31s\" has no door", g->name.s);
    if (port && g->vestibule == NONE16)
      ERROR(c, gates, i,
            "gate \"%.31s\" has two doors and no vestibule: name the area between them", g->name.s);
    if (!port && g->vestibule != NONE16)
      ERROR(c, gates, i,
            "gate \"%.31s\" has a vestibule and one door: its second door, the interlock partner, "
            "is missing",
            g->name.s);
    if (port && (g->vestibule == g->from || g->vestibule == g->to || g->vestibule <= area_site))
      ERROR(c, gates, i,
            "gate \"%.31s\": its vestibule is an area of its own between the two others",
            g->name.s);
    for (int k = 0; k < 2; k++)
      if (g->doors[k] != NONE16 && (g->doors[k] >= p->n_doors || p->doors[g->doors[k]].gate != i))
        ERROR(c, gates, i, "gate \"%.31s\" names a door of another gate", g->name.s);
    if (port && g->doors[0] == g->doors[1])
      ERROR(c, gates, i, "gate \"%.31s\" has one door twice", g->name.s);
  }
}

static bool has_peer(const struct plan *p, uint32_t door, uint32_t peer) {
  const struct plan_door *d = &p->doors[door];
  if ((uint64_t)d->peers_at + d->n_peers > p->n_peers)
    return false;
  for (uint32_t k = 0; k < d->n_peers; k++)
    if (p->peers[d->peers_at + k] == peer)
      return true;
  return false;
}

static void check_interlock(struct check *c, uint32_t i) {
  const struct plan *p = c->p;
  const struct plan_door *d = &p->doors[i];
  const struct plan_gate *g = &p->gates[d->gate];
  if ((uint64_t)d->peers_at + d->n_peers > p->n_peers || d->n_peers > interlock_peers_max) {
    ERROR(c, doors, i, "door \"%.31s\" has interlock partners out of range", d->name.s);
    return;
  }
  for (uint32_t k = 0; k < d->n_peers; k++) {
    uint32_t peer = p->peers[d->peers_at + k];
    if (peer >= p->n_doors || peer == i || !has_peer(p, peer, i))
      ERROR(c, doors, i, "door \"%.31s\" has an interlock partner that does not know of it",
            d->name.s);
  }
  if (d->n_peers && d->rex == REX_UNLOCK)
    ERROR(c, doors, i,
          "door \"%.31s\" is interlocked, so a request to exit may not unlock it: use rex: record",
          d->name.s);
  if (d->n_peers && !d->contact)
    ERROR(c, doors, i,
          "door \"%.31s\" is interlocked, so it must tell when it stands open: leave out "
          "contact: false",
          d->name.s);
  if (g->doors[1] != NONE16 && !has_peer(p, i, g->doors[g->doors[0] == i]))
    ERROR(c, doors, i, "door \"%.31s\" of a sally port has no interlock partner", d->name.s);
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
    if (d->from != from || d->to != to)
      ERROR(c, doors, i, "door \"%.31s\" does not stand between its gate's areas", d->name.s);
    /* Areas that do not exist, or are one and the same, are told of the gate. */
    c->unsound |= d->from >= p->n_areas || d->to >= p->n_areas || d->from == d->to;
    if (d->lock >= LOCK_KIND_COUNT || d->egress >= EGRESS_COUNT || d->rex >= REX_COUNT)
      ERROR(c, doors, i, "door \"%.31s\" has an unknown lock, egress or rex", d->name.s);
    if (d->unlock_ms < 100 || d->unlock_ms > 600000 || d->held_open_ms < 1000 ||
        d->held_open_ms > 86400000)
      ERROR(c, doors, i, "door \"%.31s\" has a time out of range", d->name.s);
    check_interlock(c, i);
  }
}

static void check_readers(struct check *c) {
  const struct plan *p = c->p;
  uint16_t *taken = sp_alloc((size_t)p->n_lines * 128, sizeof *taken); /* reader + 1 */
  if (!taken) {
    check_no_memory(c);
    return;
  }
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->door >= p->n_doors || r->direction >= DIRECTION_COUNT || r->factors >= FACTOR_COUNT ||
        r->secure >= SECURE_COUNT || r->address > 126 ||
        (r->line != NONE16 && r->line >= p->n_lines)) {
      ERROR(c, readers, i, "reader \"%.31s\" has a door, line or value that does not exist",
            r->name.s);
      continue;
    }
    if (r->line == NONE16 || plan_place_marks(c->places, PLAN_ARRAY_readers, i) & PLAN_PLACE_FAULTY)
      continue;
    uint16_t *at = &taken[(size_t)r->line * 128 + r->address];
    if (*at)
      ERROR(c, readers, i,
            "reader \"%.31s\" has address %u on line \"%.31s\", which is \"%.31s\": one reader "
            "cannot serve two doors, or two ways",
            r->name.s, r->address, p->lines[r->line].name.s, p->readers[*at - 1].name.s);
    else
      *at = (uint16_t)(i + 1);
  }
  sp_free(taken);
}

/* --- Schedules, levels, the rest --- */

static bool spans_sound(const struct plan *p, uint32_t at, uint32_t n, uint32_t end) {
  if ((uint64_t)at + n > p->n_spans || n > schedule_spans_max)
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
                 s->n_exceptions <= schedule_exceptions_max &&
                 (uint64_t)s->exceptions_at + s->n_exceptions <= p->n_exceptions;
    for (uint32_t k = 0; sound && k < s->n_exceptions; k++) {
      const struct plan_exception *e = &p->exceptions[s->exceptions_at + k];
      sound = e->day >= 0 && e->day <= plan_day_max &&
              spans_sound(p, e->spans_at, e->n_spans, 1440) &&
              (!k || e->day > p->exceptions[s->exceptions_at + k - 1].day);
    }
    if (!sound)
      ERROR(c, schedules, i, "schedule \"%.31s\" has times that overlap or are out of order",
            s->name.s);
  }
}

static void check_zone(struct check *c) {
  const struct plan *p = c->p;
  bool sound = p->n_zone > 0 || c->faults->errors > 0; /* a zone that was not read is told */
  for (uint32_t i = 0; sound && i < p->n_zone; i++) {
    const struct plan_zone_transition *t = &p->zone_transitions[i];
    sound = t->offset_s >= -26 * 3600 && t->offset_s <= 26 * 3600 &&
            (i ? t->from_s > t[-1].from_s : t->from_s == 0);
  }
  if (!sound)
    check_tell_all(c, 0, "the time zone's transitions are missing or out of order");
}

static void check_levels(struct check *c) {
  const struct plan *p = c->p;
  uint8_t *seen = sp_alloc((size_t)p->n_gates * DIRECTION_COUNT, 1);
  if (!seen)
    check_no_memory(c);
  for (uint32_t i = 0; seen && i < p->n_levels; i++) {
    const struct plan_level *l = &p->levels[i];
    if ((uint64_t)l->rules_at + l->n_rules > p->n_level_rules || l->n_rules > level_rules_max) {
      ERROR(c, levels, i, "level \"%.31s\" has more than %d rules", l->name.s, level_rules_max);
      continue;
    }
    memset(seen, 0, (size_t)p->n_gates * DIRECTION_COUNT);
    for (uint32_t k = 0; k < l->n_rules; k++) {
      const struct plan_level_rule *r = &p->level_rules[l->rules_at + k];
      if (r->gate >= p->n_gates || r->direction >= DIRECTION_COUNT ||
          r->schedule >= p->n_schedules) {
        ERROR(c, levels, i, "level \"%.31s\" names a gate or schedule that does not exist",
              l->name.s);
        break;
      }
      if (seen[r->gate * DIRECTION_COUNT + r->direction]++) {
        ERROR(c, levels, i,
              "level \"%.31s\" names gate \"%.31s\" twice in direction %s: one schedule holds for "
              "each",
              l->name.s, p->gates[r->gate].name.s, direction_names[r->direction]);
        break;
      }
    }
  }
  sp_free(seen);
}

static void check_ranges(struct check *c) {
  const struct plan *p = c->p;
  const struct plan_rules *r = &p->rules;
  const uint32_t kinds = (1u << PERSON_KIND_COUNT) - 1;
  for (uint32_t i = 0; i < p->n_threats; i++)
    if (p->threats[i].refuse_kinds & ~kinds || p->threats[i].factors >= FACTOR_COUNT)
      ERROR(c, threats, i, "threat level \"%.31s\" has an unknown value", p->threats[i].name.s);
  for (uint32_t i = 0; i < p->n_lines; i++)
    if (p->lines[i].kind >= LINE_KIND_COUNT || p->lines[i].baud > 230400)
      ERROR(c, lines, i, "line \"%.31s\" has an unknown value", p->lines[i].name.s);
  if (r->escorted_kinds & ~kinds || r->escort_kinds & ~kinds || r->pin_attempts > 100 ||
      r->escort_ms > 600000 || r->two_person_ms > 600000 || r->relock_margin_ms > 10000 ||
      r->stale_ms > 3600000 || r->clock_tolerance_ms > 60000 || r->pin_lock_s > 604800)
    c->unsound = true;
#define X(member, key, least, most, usual, text, doc)                                              \
  c->unsound |= r->member < (least) || r->member > (most);
  RULE_TIME_LIST(X)
#undef X
  if (c->unsound && !c->faults->errors)
    check_tell_all(c, 0, "rules: a value is out of range");
}

/* Counts that every plan has; without them nothing else can be looked at. */
static bool check_counts(struct check *c) {
  const struct plan *p = c->p;
  bool given = p->n_areas > area_site && p->n_schedules && p->n_threats && p->n_formats;
  bool told = c->faults->errors > 0;
  if (given && p->n_gates && p->n_levels)
    return true;
  if (!told && p->n_areas > area_site && !p->n_gates)
    check_tell_all(c, 0, "the plan has no gate: nobody could enter");
  else if (!told && p->n_areas > area_site && !p->n_levels)
    check_tell_all(c, 0, "the plan has no access level: nobody could be let in");
  else if (!told)
    check_tell_all(c, 0, "a plan has areas, gates, access levels, threat levels and formats");
  return false;
}

void plan_check(const struct plan *p, struct plan_places *places, struct plan_faults *faults) {
  struct check c = {p, places, faults, false};
  static const enum plan_array arrays[REF_KIND_COUNT] = {
      [REF_AREA] = PLAN_ARRAY_areas,     [REF_GATE] = PLAN_ARRAY_gates,
      [REF_DOOR] = PLAN_ARRAY_doors,     [REF_READER] = PLAN_ARRAY_readers,
      [REF_LINE] = PLAN_ARRAY_lines,     [REF_SCHEDULE] = PLAN_ARRAY_schedules,
      [REF_LEVEL] = PLAN_ARRAY_levels,   [REF_THREAT] = PLAN_ARRAY_threats,
      [REF_FORMAT] = PLAN_ARRAY_formats,
  };
  if (!check_counts(&c))
    return;
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    check_names(&c, k, arrays[k]);
  check_texts(&c);
  c.unsound = false; /* a wrong name leads no index astray */
  check_given(&c);
  check_areas(&c);
  check_gates(&c);
  check_doors(&c);
  check_readers(&c);
  check_wiring(&c);
  check_schedules(&c);
  check_zone(&c);
  check_levels(&c);
  check_formats(&c);
  check_ranges(&c);
  if (!c.unsound)
    check_ground(&c);
  check_values(&c);
}
