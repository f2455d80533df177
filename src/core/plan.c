#include "core/plan.h"

#include <string.h>

#define X(NAME, text, doc) text,
const char *const area_kind_names[] = {AREA_KIND_LIST(X) NULL};
const char *const person_kind_names[] = {PERSON_KIND_LIST(X) NULL};
const char *const passback_names[] = {PASSBACK_LIST(X) NULL};
const char *const factor_names[] = {FACTOR_LIST(X) NULL};
const char *const rex_names[] = {REX_LIST(X) NULL};
#undef X
#define X(NAME, text, usual, doc) text,
const char *const wire_names[] = {WIRE_LIST(X) NULL};
#undef X
const char *const lock_kind_names[] = {"fail-secure", "fail-safe", NULL};
const char *const egress_names[] = {"controlled", "free", NULL};
const char *const direction_names[] = {"in", "out", NULL};
const char *const secure_names[] = {"required", "install", "none", NULL};
const char *const line_kind_names[] = {"serial", "tcp-client", "tcp-server", NULL};
const char *const parity_names[] = {"even", "odd", NULL};

/* Where the names of one kind lie: the arrays differ, the name stands first in each. */
struct names {
  const void *at;
  size_t stride;
  uint32_t n;
};

static struct names names_of(const struct plan *p, enum ref_kind kind) {
  switch (kind) {
  case REF_AREA:
    return (struct names){p->areas, sizeof *p->areas, p->n_areas};
  case REF_GATE:
    return (struct names){p->gates, sizeof *p->gates, p->n_gates};
  case REF_DOOR:
    return (struct names){p->doors, sizeof *p->doors, p->n_doors};
  case REF_READER:
    return (struct names){p->readers, sizeof *p->readers, p->n_readers};
  case REF_LINE:
    return (struct names){p->lines, sizeof *p->lines, p->n_lines};
  case REF_SCHEDULE:
    return (struct names){p->schedules, sizeof *p->schedules, p->n_schedules};
  case REF_LEVEL:
    return (struct names){p->levels, sizeof *p->levels, p->n_levels};
  case REF_THREAT:
    return (struct names){p->threats, sizeof *p->threats, p->n_threats};
  case REF_FORMAT:
    return (struct names){p->formats, sizeof *p->formats, p->n_formats};
  case REF_NONE:
  case REF_PERSON:
  case REF_CREDENTIAL:
  case REF_OPERATOR:
  case REF_AUTHORITY:
  case REF_PLACE:
  case REF_COUNTRY:
  case REF_BASIS:
  case REF_CLASS:
  case REF_ORDER:
  case REF_BOOKING:
  case REF_MOVEMENT:
  case REF_HEARING:
  case REF_VISIT:
  case REF_ASSESSMENT:
  case REF_COUNT:
  case REF_ENTRY:
  case REF_KIND_COUNT:
    break;
  }
  return (struct names){0};
}

static const struct slug *name_at(struct names n, uint32_t i) {
  return (const struct slug *)(const void *)((const uint8_t *)n.at + i * n.stride);
}

uint32_t plan_count(const struct plan *p, enum ref_kind kind) {
  return names_of(p, kind).n;
}

const struct slug *plan_name(const struct plan *p, enum ref_kind kind, uint32_t index) {
  struct names n = names_of(p, kind);
  SP_ASSERT(index < n.n);
  return name_at(n, index);
}

static uint32_t name_hash(const uint8_t *s, size_t n) {
  uint32_t h = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < n; i++)
    h = (h ^ s[i]) * 16777619u;
  return h ^ h >> 15;
}

uint32_t plan_lookup_size(uint32_t n) {
  uint32_t size = 8;
  while (size < 2 * n)
    size *= 2;
  return size;
}

bool plan_find(const struct plan *p, enum ref_kind kind, struct span name, uint32_t *index) {
  struct names n = names_of(p, kind);
  if (!n.n || name.n == 0 || name.n > slug_max)
    return false;
  for (uint32_t i = name_hash(name.p, name.n);; i++) {
    uint16_t at = p->lookup[kind][i & p->lookup_mask[kind]];
    if (at == NONE16)
      return false;
    const char *have = name_at(n, at)->s;
    if (memcmp(have, name.p, name.n) == 0 && have[name.n] == 0) {
      *index = at;
      return true;
    }
  }
}

static void derive_lookup(struct plan *p, enum ref_kind kind) {
  struct names n = names_of(p, kind);
  uint32_t size = plan_lookup_size(n.n);
  memset(p->lookup[kind], 0xff, size * sizeof(uint16_t));
  p->lookup_mask[kind] = size - 1;
  for (uint32_t i = 0; i < n.n; i++) {
    const char *s = name_at(n, i)->s;
    uint32_t h = name_hash((const uint8_t *)s, strlen(s));
    while (p->lookup[kind][h & (size - 1)] != NONE16)
      h++;
    p->lookup[kind][h & (size - 1)] = (uint16_t)i;
  }
}

void plan_derive(struct plan *p) {
  for (enum ref_kind kind = REF_AREA; kind <= REF_FORMAT; kind++)
    derive_lookup(p, kind);
  for (uint32_t i = 0; i < p->n_areas; i++) {
    uint8_t kind = p->areas[i].kind;
    p->areas[i].custody = kind == AREA_HOUSING_UNIT || kind == AREA_CELL || kind == AREA_ISOLATION;
  }
  for (uint32_t i = 0; i < p->n_doors; i++) {
    struct plan_door *d = &p->doors[i];
    d->tells_locked = d->lock_monitor || d->n_peers;
    d->boundary = d->from == area_outside || d->to == area_outside;
  }
  memset(p->access, 0, (size_t)p->n_gates * DIRECTION_COUNT * p->n_levels);
  for (uint32_t level = 0; level < p->n_levels; level++) {
    const struct plan_level *l = &p->levels[level];
    for (uint32_t i = 0; i < l->n_rules; i++) {
      const struct plan_level_rule *r = &p->level_rules[l->rules_at + i];
      size_t row = ((size_t)r->gate * DIRECTION_COUNT + r->direction) * p->n_levels;
      p->access[row + level] = (uint8_t)(r->schedule + 1);
    }
  }
}

bool plan_door_has(const struct plan_door *d, enum door_wire wire) {
  const bool has[WIRE_COUNT] = {[WIRE_STRIKE] = true,
                                [WIRE_CONTACT] = d->contact,
                                [WIRE_REX] = d->rex != REX_NONE,
                                [WIRE_LOCK_MONITOR] = d->lock_monitor};
  return has[wire];
}

uint16_t plan_door_board(const struct plan *p, uint32_t door, uint32_t line) {
  uint16_t at = p->doors[door].wiring.at;
  if (at != NONE16)
    return p->readers[at].line == line ? at : NONE16;
  for (uint32_t i = 0; i < p->n_readers; i++)
    if (p->readers[i].door == door && p->readers[i].line == line)
      return (uint16_t)i;
  return NONE16;
}

/* The last transition at or before s; the first one's offset holds before it. */
int32_t plan_zone_offset(const struct plan *p, int64_t s) {
  if (p->n_zone == 0)
    return 0;
  uint32_t lo = 0, hi = p->n_zone;
  while (hi - lo > 1) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (p->zone_transitions[mid].from_s <= s)
      lo = mid;
    else
      hi = mid;
  }
  return p->zone_transitions[lo].offset_s;
}

static bool spans_hold(const struct plan_span *spans, uint32_t n, uint32_t minute) {
  uint32_t lo = 0, hi = n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (spans[mid].until <= minute)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < n && spans[lo].from <= minute;
}

bool plan_schedule_open(const struct plan *p, uint32_t schedule, usec at) {
  if (schedule == schedule_always)
    return true;
  const struct plan_schedule *s = &p->schedules[schedule];
  int64_t utc = at / USEC_PER_S - (at % USEC_PER_S < 0);
  int64_t local = utc + plan_zone_offset(p, utc);
  int64_t day = local / 86400 - (local % 86400 < 0);
  uint32_t minute = (uint32_t)(local - day * 86400) / 60;
  uint32_t lo = 0, hi = s->n_exceptions;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (p->exceptions[s->exceptions_at + mid].day < day)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo < s->n_exceptions && p->exceptions[s->exceptions_at + lo].day == day) {
    const struct plan_exception *e = &p->exceptions[s->exceptions_at + lo];
    return spans_hold(&p->spans[e->spans_at], e->n_spans, minute);
  }
  uint32_t weekday = weekday_of_days((int32_t)day);
  return spans_hold(&p->spans[s->spans_at], s->n_spans, weekday * 1440 + minute);
}
