#include "plan/plan_print.h"

#include "plan/plan_scalar.h"
#include "plan/plan_wiring.h"

#include <string.h>

static const char *area_name(const struct plan *p, uint32_t i) {
  return p->areas[i].name.s;
}

static void put_title(struct buf *out, const struct slug *name, const char *title) {
  if (strcmp(name->s, title) != 0)
    buf_printf(out, " (%s)", title);
}

static void put_kinds(struct buf *out, uint32_t kinds) {
  const char *between = "";
  for (int k = 0; k < PERSON_KIND_COUNT; k++)
    if (kinds & 1u << k) {
      buf_printf(out, "%s%s", between, person_kind_names[k]);
      between = ", ";
    }
  if (!kinds)
    buf_puts(out, "none");
}

/* --- Areas --- */

static bool is_leaf(const struct plan *p, uint32_t area) {
  for (uint32_t i = area + 1; i < p->n_areas; i++)
    if (p->areas[i].parent == area)
      return false;
  return true;
}

static bool alike(const struct plan_area *a, const struct plan_area *b) {
  return a->parent == b->parent && a->kind == b->kind && a->capacity == b->capacity &&
         a->bunks == b->bunks && a->toilets == b->toilets && a->sinks == b->sinks &&
         a->showers == b->showers && a->floor_area_dm2 == b->floor_area_dm2 &&
         a->anti_passback == b->anti_passback && a->anti_passback_s == b->anti_passback_s &&
         a->first_person == b->first_person && a->two_person == b->two_person &&
         a->escort == b->escort;
}

/* How many areas from this one on are cells that are alike; others stand for themselves. */
static uint32_t run_of(const struct plan *p, uint32_t area) {
  uint32_t n = 1;
  const struct plan_area *a = &p->areas[area];
  if (a->kind != AREA_CELL && a->kind != AREA_ISOLATION)
    return 1;
  while (area + n < p->n_areas && alike(a, &p->areas[area + n]) && is_leaf(p, area + n))
    n++;
  return n;
}

static void put_area(struct buf *out, const struct plan *p, uint32_t i, uint32_t n, int depth) {
  static const struct {
    size_t at;
    const char *one, *more;
  } fixtures[] = {{offsetof(struct plan_area, bunks), "bunk", "bunks"},
                  {offsetof(struct plan_area, toilets), "toilet", "toilets"},
                  {offsetof(struct plan_area, sinks), "sink", "sinks"},
                  {offsetof(struct plan_area, showers), "shower", "showers"}};
  const struct plan_area *a = &p->areas[i];
  buf_printf(out, "%*s%s", 2 * depth, "", a->name.s);
  if (n > 1)
    buf_printf(out, " to %s", area_name(p, i + n - 1));
  else
    put_title(out, &a->name, a->title);
  buf_printf(out, ": %s", area_kind_names[a->kind]);
  if (n > 1)
    buf_printf(out, ", %u alike, each", n);
  if (a->capacity)
    buf_printf(out, ", %u %s", a->capacity, a->capacity == 1 ? "person" : "persons");
  if (a->floor_area_dm2)
    buf_printf(out, ", %u.%02u m²", a->floor_area_dm2 / 100, a->floor_area_dm2 % 100);
  for (size_t f = 0; f < sizeof fixtures / sizeof fixtures[0]; f++) {
    uint16_t count;
    memcpy(&count, (const uint8_t *)a + fixtures[f].at, sizeof count);
    if (count)
      buf_printf(out, ", %u %s", count, count == 1 ? fixtures[f].one : fixtures[f].more);
  }
  if (a->anti_passback)
    buf_printf(out, ", anti-passback %s", passback_names[a->anti_passback]);
  if (a->anti_passback == PASSBACK_TIMED)
    buf_printf(out, " %u s", a->anti_passback_s);
  if (a->two_person)
    buf_puts(out, ", two-person");
  if (a->escort)
    buf_puts(out, ", escort");
  if (a->first_person != NONE16)
    buf_printf(out, ", first %s", p->levels[a->first_person].name.s);
  buf_puts(out, "\n");
}

/* Areas stand in the order of the file, children after their parent: one pass for each parent. */
static void put_children(struct buf *out, const struct plan *p, uint32_t parent, int depth) {
  for (uint32_t i = parent + 1, n; i < p->n_areas; i += n) {
    n = 1;
    if (p->areas[i].parent != parent)
      continue;
    n = run_of(p, i);
    put_area(out, p, i, n, depth);
    if (n == 1 && depth < area_depth_max)
      put_children(out, p, i, depth + 1);
  }
}

/* --- Gates --- */

static void put_wiring(struct buf *out, const struct plan *p, const struct plan_door *d) {
  if (plan_wiring_is_usual(d))
    return;
  buf_puts(out, ", wired");
  if (d->wiring.at != NONE16)
    buf_printf(out, " to %s", p->readers[d->wiring.at].name.s);
  buf_puts(out, " (");
  plan_wiring_put(out, d);
  buf_puts(out, ")");
}

static void put_door(struct buf *out, const struct plan *p, uint32_t door) {
  const struct plan_door *d = &p->doors[door];
  buf_printf(out, "    door %s", d->name.s);
  put_title(out, &d->name, d->title);
  buf_printf(out, ": %s to %s, unlocked %u.%u s, held open after %u s", area_name(p, d->from),
             area_name(p, d->to), d->unlock_ms / 1000, d->unlock_ms / 100 % 10,
             d->held_open_ms / 1000);
  if (d->lock == LOCK_FAIL_SAFE)
    buf_puts(out, ", fail-safe");
  if (d->egress == EGRESS_FREE)
    buf_puts(out, ", egress free");
  if (d->rex != REX_NONE)
    buf_printf(out, ", rex %s", rex_names[d->rex]);
  if (!d->contact)
    buf_puts(out, ", no contact");
  if (d->lock_monitor)
    buf_puts(out, ", lock monitored");
  put_wiring(out, p, d);
  for (uint32_t i = 0; i < d->n_peers; i++)
    buf_printf(out, "%s%s", i ? ", " : ", not with ", p->doors[p->peers[d->peers_at + i]].name.s);
  buf_puts(out, "\n");
}

static void put_readers(struct buf *out, const struct plan *p, uint32_t door) {
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->door != door)
      continue;
    buf_printf(out, "      reader %s: %s, %s", r->name.s, direction_names[r->direction],
               factor_names[r->factors]);
    if (r->line != NONE16)
      buf_printf(out, ", %s address %u", p->lines[r->line].name.s, r->address);
    if (r->enroll)
      buf_puts(out, ", enrolls");
    buf_puts(out, "\n");
  }
}

static bool leads_to_cell(const struct plan *p, const struct plan_gate *g) {
  return p->areas[g->to].kind == AREA_CELL || p->areas[g->to].kind == AREA_ISOLATION;
}

static void put_gates(struct buf *out, const struct plan *p) {
  uint32_t cells = 0;
  buf_puts(out, "\nGates\n");
  for (uint32_t i = 0; i < p->n_gates; i++) {
    const struct plan_gate *g = &p->gates[i];
    if (leads_to_cell(p, g)) {
      cells++;
      continue;
    }
    buf_printf(out, "  %s", g->name.s);
    put_title(out, &g->name, g->title);
    buf_printf(out, ": %s to %s", area_name(p, g->from), area_name(p, g->to));
    if (g->vestibule != NONE16)
      buf_printf(out, " through %s", area_name(p, g->vestibule));
    buf_puts(out, "\n");
    for (int d = 0; d < 2 && g->doors[d] != NONE16; d++) {
      put_door(out, p, g->doors[d]);
      put_readers(out, p, g->doors[d]);
    }
  }
  if (cells)
    buf_printf(out, "  and %u %s, each of the cell's name\n", cells,
               cells == 1 ? "cell door" : "cell doors");
}

/* --- Levels, schedules, the rest --- */

/* The same gate and schedule stand for the other direction too: rules of one row are neighbours. */
static bool both_ways(const struct plan *p, const struct plan_level *l, uint32_t k) {
  const struct plan_level_rule *r = &p->level_rules[l->rules_at + k];
  return k + 1 < l->n_rules && r[1].gate == r[0].gate && r[1].schedule == r[0].schedule;
}

static void put_levels(struct buf *out, const struct plan *p) {
  buf_puts(out, "\nAccess levels\n");
  for (uint32_t i = 0; i < p->n_levels; i++) {
    const struct plan_level *l = &p->levels[i];
    const char *between = "";
    uint32_t cells = 0;
    buf_printf(out, "  %s", l->name.s);
    put_title(out, &l->name, l->title);
    buf_puts(out, l->in_lockdown ? ", in a lockdown too:" : ":");
    for (uint32_t k = 0; k < l->n_rules; k++) {
      const struct plan_level_rule *r = &p->level_rules[l->rules_at + k];
      bool both = both_ways(p, l, k);
      if (leads_to_cell(p, &p->gates[r->gate])) {
        cells += r->direction == DIRECTION_IN;
        continue;
      }
      buf_printf(out, "%s %s", between, p->gates[r->gate].name.s);
      if (!both)
        buf_printf(out, " %s", direction_names[r->direction]);
      if (r->schedule != schedule_always)
        buf_printf(out, " (%s)", p->schedules[r->schedule].name.s);
      between = ",";
      k += both;
    }
    if (cells)
      buf_printf(out, "%s %u cells", between, cells);
    buf_puts(out, "\n");
  }
}

static void put_spans(struct buf *out, const struct plan_span *spans, uint32_t n, bool week) {
  static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "sun"};
  for (uint32_t i = 0; i < n; i++) {
    uint32_t from = spans[i].from, until = spans[i].until, last = (until - 1) / 1440;
    buf_puts(out, i ? ", " : " ");
    if (week)
      buf_printf(out, "%s ", days[from / 1440]);
    buf_printf(out, "%02u:%02u-", from % 1440 / 60, from % 60);
    if (week && last != from / 1440)
      buf_printf(out, "%s ", days[last]);
    buf_printf(out, "%02u:%02u", (until - last * 1440) / 60, until % 60);
  }
  if (!n)
    buf_puts(out, " closed");
}

static void put_schedules(struct buf *out, const struct plan *p) {
  buf_printf(out, "\nSchedules, %s\n", p->zone);
  for (uint32_t i = schedule_always + 1; i < p->n_schedules; i++) {
    const struct plan_schedule *s = &p->schedules[i];
    buf_printf(out, "  %s:", s->name.s);
    put_spans(out, &p->spans[s->spans_at], s->n_spans, true);
    buf_puts(out, "\n");
    for (uint32_t k = 0; k < s->n_exceptions; k++) {
      const struct plan_exception *e = &p->exceptions[s->exceptions_at + k];
      int32_t year;
      unsigned month, day;
      civil_from_days(e->day, &year, &month, &day);
      buf_printf(out, "    %04d-%02u-%02u", (int)year, month, day);
      put_spans(out, &p->spans[e->spans_at], e->n_spans, false);
      buf_puts(out, "\n");
    }
  }
}

static void put_formats(struct buf *out, const struct plan *p) {
  buf_puts(out, "\nCard formats\n");
  for (uint32_t i = 0; i < p->n_formats; i++) {
    const struct plan_format *f = &p->formats[i];
    if (f->bits)
      buf_printf(out, "  %s: %u bits", f->name.s, f->bits);
    else
      buf_printf(out, "  %s: any length", f->name.s);
    for (uint32_t k = f->fields_at; k < f->fields_at + f->n_fields; k++)
      buf_printf(out, ", %s %u-%u", p->format_fields[k].name.s, p->format_fields[k].first,
                 p->format_fields[k].first + p->format_fields[k].bits - 1u);
    buf_puts(out, "\n");
    for (uint32_t k = f->parities_at; k < f->parities_at + f->n_parities; k++) {
      const struct plan_format_parity *q = &p->format_parities[k];
      buf_printf(out, "    parity bit %u %s over ", q->bit, parity_names[q->kind]);
      plan_bits_put(out, q->over);
      buf_puts(out, "\n");
    }
  }
}

static void put_time(struct buf *out, uint32_t s, const char *what) {
  if (s % 3600 == 0)
    buf_printf(out, "  %u h %s\n", s / 3600, what);
  else if (s % 60 == 0)
    buf_printf(out, "  %u min %s\n", s / 60, what);
  else
    buf_printf(out, "  %u s %s\n", s, what);
}

static void put_rules(struct buf *out, const struct plan *p) {
  const struct plan_rules *r = &p->rules;
  buf_puts(out, "\nThreat levels\n");
  for (uint32_t i = 0; i < p->n_threats; i++) {
    buf_printf(out, "  %s: refuses ", p->threats[i].name.s);
    put_kinds(out, p->threats[i].refuse_kinds);
    buf_printf(out, ", asks for %s\n", factor_names[p->threats[i].factors]);
  }
  buf_printf(out,
             "\nRules\n  PIN: %u wrong ones lock for %u s\n  escort within %u s: ", r->pin_attempts,
             r->pin_lock_s, r->escort_ms / 1000);
  put_kinds(out, r->escorted_kinds);
  buf_puts(out, " with ");
  put_kinds(out, r->escort_kinds);
  buf_printf(out, "\n  second of two persons within %u s\n", r->two_person_ms / 1000);
  buf_printf(out, "  knowledge at the boundary at most %u s old\n", r->stale_ms / 1000);
  buf_printf(out, "  what permits needs %s\n",
             r->second_operator ? "two operators of different roles" : "one operator");
  buf_printf(out, "  %u of %u witnesses\n", r->witness_quorum, p->n_witnesses);
#define X(member, key, least, most, usual, text, doc) put_time(out, r->member, doc);
  RULE_TIME_LIST(X)
#undef X
}

static void put_count(struct buf *out, const char *before, uint64_t n, const char *what) {
  buf_printf(out, "%s%llu %s%s", before, (unsigned long long)n, what, n == 1 ? "" : "s");
}

void plan_print_text(const struct plan *p, struct buf *out) {
  uint64_t bunks = 0;
  for (uint32_t i = 0; i < p->n_areas; i++)
    bunks += p->areas[i].bunks;
  buf_printf(out, "%s", p->name.s);
  put_title(out, &p->name, p->title);
  put_count(out, ": ", p->n_areas - area_site - 1, "area");
  put_count(out, ", ", p->n_gates, "gate");
  put_count(out, ", ", p->n_doors, "door");
  put_count(out, ", ", p->n_readers, "reader");
  put_count(out, ", ", bunks, "bunk");
  buf_puts(out, "\n\nAreas\n");
  put_area(out, p, area_site, 1, 1);
  put_children(out, p, area_site, 2);
  put_gates(out, p);
  put_levels(out, p);
  put_schedules(out, p);
  put_formats(out, p);
  put_rules(out, p);
}
