/* model_change.c: another plan is put in force while the site runs. Things keep what is known of
 * them by their names. */
#include "sim/model_state.h"

#include <string.h>

/* The thing of this name in the new plan; REF_ABSENT: it has none. */
static uint32_t renamed(const char *name, const void *first, uint32_t n, size_t size) {
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(name, (const char *)first + i * size) == 0) /* a name is the first member */
      return i;
  return REF_ABSENT;
}

#define CARRIED(old, new, array, index)                                                            \
  renamed((old)->array[index].name.s, (new)->array, (new)->n_##array, sizeof *(new)->array)

/* Unlocked, open, or someone may still pass it. Who merely waits there does not hold it. */
static bool in_use(const struct m_door *d) {
  bool granted = false;
  for (uint32_t i = 0; i < d->n_party; i++)
    granted |= d->party[i].status == PARTY_GRANTED;
  return d->open || d->unlocked || granted;
}

static bool same_name(const struct slug *a, const struct slug *b) {
  return strcmp(a->s, b->s) == 0;
}

/* Silent: a door in use stands between the same areas and in the same gate as before. */
static bool stays(const struct plan *old, const struct plan *new, uint32_t door) {
  uint32_t to = CARRIED(old, new, doors, door);
  if (to == REF_ABSENT)
    return false;
  const struct plan_door *a = &old->doors[door], *b = &new->doors[to];
  return same_name(&old->areas[a->from].name, &new->areas[b->from].name) &&
         same_name(&old->areas[a->to].name, &new->areas[b->to].name) &&
         same_name(&old->gates[a->gate].name, &new->gates[b->gate].name);
}

/* A plan may not make an interlock group of two doors that are both in use (invariant 2). */
static bool makes_partners(const struct model *m, const struct plan *new, uint32_t door) {
  const struct plan *old = m->plan;
  uint32_t a = CARRIED(old, new, doors, door);
  for (uint32_t i = 0; i < old->n_doors; i++) {
    uint32_t b = CARRIED(old, new, doors, i);
    if (i != door && b != REF_ABSENT && in_use(&m->doors[i]) && m_is_peer(new, a, b) &&
        !m_is_peer(old, door, i))
      return true;
  }
  return false;
}

/* What stands in the way of the plan. Silent: the first alone is told. */
static bool cannot(const struct asked *a) {
  const struct model *m = a->m;
  const struct plan *old = m->plan, *new = a->c->plan;
  for (uint32_t i = 0; i < old->n_areas; i++) {
    bool held = m->areas[i].lockdown;
    for (uint32_t k = 0; k < m->n_persons; k++)
      held |= m->persons[k].area == i;
    if (held && CARRIED(old, new, areas, i) == REF_ABSENT) {
      m_reject(a, REASON_AREA_OCCUPIED, REF_AREA, i);
      return true;
    }
  }
  for (uint32_t i = 0; i < old->n_doors; i++)
    if (in_use(&m->doors[i]) && (!stays(old, new, i) || makes_partners(m, new, i))) {
      m_reject(a, REASON_DOOR_IN_USE, REF_DOOR, i);
      return true;
    }
  if (CARRIED(old, new, threats, m->threat) == REF_ABSENT) {
    /* Silent: a threat level in force is not dropped. */
    m_reject(a, REASON_WRONG_STATE, REF_THREAT, m->threat);
    return true;
  }
  for (uint32_t i = 0; i < old->n_areas; i++)
    if (CARRIED(old, new, areas, i) == REF_ABSENT && m_check_needs(m, i) != REF_ABSENT) {
      m_reject(a, REASON_WRONG_STATE, REF_COUNT, m_check_needs(m, i));
      return true;
    }
  return false;
}

void m_decide_plan(const struct asked *a) {
  const struct model *m = a->m;
  uint32_t lapsed = 0;
  if (m->plan && cannot(a))
    return;
  for (uint32_t i = 0; m->plan && i < m->n_persons; i++)
    for (uint32_t k = 0; k < m->persons[i].n_grants; k++)
      lapsed += CARRIED(m->plan, a->c->plan, levels, m->persons[i].grants[k].level) == REF_ABSENT;
  struct event *e = m_expect(a, EVENT_PLAN_APPLIED);
  e->plan = a->c->plan;
  e->u.plan_applied =
      (struct ev_plan_applied){a->c->u.plan_apply.compiled, a->c->u.plan_apply.source, lapsed};
}

/* --- What it makes of the state --- */

static void carry_counts(struct model *m, const struct plan *old, const struct plan *new) {
  for (uint32_t i = 0; i < m->n_checks; i++)
    if (m->checks[i].area != REF_ABSENT)
      m->checks[i].area = CARRIED(old, new, areas, m->checks[i].area);
  for (uint32_t i = 0; i < m->n_tallies; i++)
    if (m->tallies[i].area != REF_ABSENT)
      m->tallies[i].area = CARRIED(old, new, areas, m->tallies[i].area);
}

static void carry_people(struct model *m, const struct plan *old, const struct plan *new) {
  for (uint32_t i = 0; i < m->n_persons; i++) {
    struct m_person *p = &m->persons[i];
    p->area = CARRIED(old, new, areas, p->area);
    if (p->died_in != REF_ABSENT)
      p->died_in = CARRIED(old, new, areas, p->died_in);
    uint32_t kept = 0;
    for (uint32_t k = 0; k < p->n_grants; k++) {
      uint32_t level = CARRIED(old, new, levels, p->grants[k].level);
      if (level == REF_ABSENT)
        continue;
      p->grants[kept] = p->grants[k];
      p->grants[kept++].level = level;
    }
    p->n_grants = kept;
  }
  for (uint32_t i = 0; i < m->n_credentials; i++)
    if (m->credentials[i].format != REF_ABSENT)
      m->credentials[i].format = CARRIED(old, new, formats, m->credentials[i].format);
}

/* What is asked at a reader, with the threat level of now. */
static uint32_t asked_at(const struct plan *p, uint32_t reader, uint32_t threat) {
  return (uint32_t)p->readers[reader].factors | p->threats[threat].factors;
}

/* Those presented at a door. Who waits and would have to show more now presents again; and where
 * someone came from may be gone when they have been moved since. */
static void carry_party(const struct model *m, struct m_door *d, const struct plan *old,
                        const struct plan *new, uint32_t threat) {
  for (uint32_t i = d->n_party; i-- > 0;) {
    struct m_member *q = &d->party[i];
    uint32_t was = q->reader;
    if (was != REF_ABSENT)
      q->reader = CARRIED(old, new, readers, was);
    q->from = CARRIED(old, new, areas, q->from);
    q->to = CARRIED(old, new, areas, q->to);
    if (q->from == REF_ABSENT)
      q->from = m->persons[q->person].area;
    bool more = q->status == PARTY_WAITING && was != REF_ABSENT && q->reader != REF_ABSENT &&
                asked_at(new, q->reader, threat) & ~asked_at(old, was, m->threat);
    if (more || (q->status != PARTY_GRANTED && (q->reader == REF_ABSENT || q->to == REF_ABSENT)))
      m_forget(d, i);
  }
}

/* The rule of the first person begins anew in an area that holds nobody now. */
static void nobody_was_first(struct model *m) {
  for (uint32_t a = 0; a < m->plan->n_areas; a++)
    if (!m_occupancy(m, a))
      m->areas[a].first_in = false;
}

struct places {
  struct m_area *areas;
  struct m_door *doors;
  bool *closed;
  struct m_reader *readers;
};

static bool make_places(struct places *x, const struct plan *p) {
  x->areas = sp_alloc(p->n_areas, sizeof *x->areas);
  x->doors = sp_alloc(p->n_doors, sizeof *x->doors);
  x->closed = sp_alloc(p->n_gates, sizeof *x->closed);
  x->readers = sp_alloc(p->n_readers + 1, sizeof *x->readers);
  return x->areas && x->doors && x->closed && x->readers;
}

static void carry_places(struct model *m, struct places *x, const struct plan *old,
                         const struct plan *new) {
  uint32_t to, threat = CARRIED(old, new, threats, m->threat);
  for (uint32_t i = 0; i < old->n_areas; i++)
    if ((to = CARRIED(old, new, areas, i)) != REF_ABSENT)
      x->areas[to] = m->areas[i];
  for (uint32_t i = 0; i < old->n_gates; i++)
    if ((to = CARRIED(old, new, gates, i)) != REF_ABSENT)
      x->closed[to] = m->closed[i];
  for (uint32_t i = 0; i < old->n_doors; i++)
    if ((to = CARRIED(old, new, doors, i)) != REF_ABSENT) {
      x->doors[to] = m->doors[i];
      carry_party(m, &x->doors[to], old, new, threat);
    }
  for (uint32_t i = 0; i < old->n_readers; i++)
    if ((to = CARRIED(old, new, readers, i)) != REF_ABSENT)
      x->readers[to] = m->readers[i];
  m->threat = threat;
}

bool m_move_plan(struct model *m, const struct event *e) {
  struct places x = {0};
  bool made = make_places(&x, e->plan);
  if (made && m->plan) {
    carry_people(m, m->plan, e->plan);
    carry_counts(m, m->plan, e->plan);
    carry_places(m, &x, m->plan, e->plan);
  }
  if (made) {
    struct places old = {m->areas, m->doors, m->closed, m->readers};
    m->areas = x.areas;
    m->doors = x.doors;
    m->closed = x.closed;
    m->readers = x.readers;
    m->plan = e->plan;
    m->plan_hash = e->u.plan_applied.compiled;
    nobody_was_first(m);
    x = old;
  }
  sp_free(x.areas);
  sp_free(x.doors);
  sp_free(x.closed);
  sp_free(x.readers);
  return made;
}
