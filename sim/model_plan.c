/* model_plan.c: what a plan says, found by walking and by plain arithmetic. */
#include "sim/model_state.h"

bool m_within(const struct plan *p, uint32_t area, uint32_t outer) {
  while (area != NONE16 && area != outer)
    area = p->areas[area].parent;
  return area == outer;
}

/* Days from 1970-01-01 and minutes of the day that a wall clock at the site shows. */
static void wall_clock(const struct plan *p, usec at, int64_t *day, int64_t *minute) {
  int64_t utc = at / USEC_PER_S - (at % USEC_PER_S < 0), offset = 0;
  for (uint32_t i = 0; i < p->n_zone; i++)
    if (i == 0 || p->zone_transitions[i].from_s <= utc)
      offset = p->zone_transitions[i].offset_s;
  int64_t local = utc + offset;
  *day = local / 86400 - (local % 86400 < 0);
  *minute = (local - *day * 86400) / 60;
}

static bool in_spans(const struct plan *p, uint32_t at, uint32_t n, int64_t minute) {
  bool in = false;
  for (uint32_t i = 0; i < n; i++)
    in |= p->spans[at + i].from <= minute && minute < p->spans[at + i].until;
  return in;
}

bool m_schedule_open(const struct plan *p, uint32_t schedule, usec at) {
  if (schedule == schedule_always)
    return true;
  const struct plan_schedule *s = &p->schedules[schedule];
  int64_t day, minute;
  wall_clock(p, at, &day, &minute);
  for (uint32_t i = 0; i < s->n_exceptions; i++) {
    const struct plan_exception *x = &p->exceptions[s->exceptions_at + i];
    if (x->day == day)
      return in_spans(p, x->spans_at, x->n_spans, minute);
  }
  int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1 January 1970 was a Thursday; Monday is 0 */
  return in_spans(p, s->spans_at, s->n_spans, weekday * 1440 + minute);
}

bool m_level_opens(const struct plan *p, uint32_t level, uint32_t gate, uint32_t direction,
                   uint32_t *schedule) {
  const struct plan_level *l = &p->levels[level];
  for (uint32_t i = 0; i < l->n_rules; i++) {
    const struct plan_level_rule *r = &p->level_rules[l->rules_at + i];
    if (r->gate == gate && r->direction == direction) {
      *schedule = r->schedule;
      return true;
    }
  }
  return false;
}

bool m_is_peer(const struct plan *p, uint32_t door, uint32_t other) {
  for (uint32_t i = 0; i < p->doors[door].n_peers; i++)
    if (p->peers[p->doors[door].peers_at + i] == other)
      return true;
  return false;
}

bool m_boundary(const struct plan *p, uint32_t door) {
  return p->doors[door].from == area_outside || p->doors[door].to == area_outside;
}

usec m_unlock_span(const struct plan *p, uint32_t door) {
  return ((usec)p->doors[door].unlock_ms + p->rules.relock_margin_ms) * USEC_PER_MS;
}

/* How long someone presented at a door may matter to others there. */
usec m_party_span(const struct plan *p) {
  usec escort = p->rules.escort_ms, two = p->rules.two_person_ms;
  return (escort > two ? escort : two) * USEC_PER_MS;
}
