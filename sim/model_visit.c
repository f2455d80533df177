/* model_visit.c: docs/registration.md, "Visits", written down once more. */
#include "sim/model_state.h"

static const struct ev_visit_opened *nth(const struct model *m, uint32_t visit) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_VISIT_OPENED && visit-- == 0)
      return &m->custody[i].u.visit_opened;
  SP_ASSERT(false);
  return NULL;
}

static bool is_closed(const struct model *m, uint32_t visit) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_VISIT_CLOSED && m->custody[i].u.visit_ref.visit == visit)
      return true;
  return false;
}

static bool was_told(const struct model *m, uint32_t visit) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_DEADLINE_PASSED &&
        m->custody[i].u.deadline_passed.deadline == DEADLINE_VISIT_OVERDUE &&
        m->custody[i].u.deadline_passed.visit == visit)
      return true;
  return false;
}

static bool is_host(const struct model *m, uint32_t person) {
  uint32_t kind = m->persons[person].kind;
  return (kind == PERSON_STAFF || kind == PERSON_OFFICER) &&
         m->persons[person].state == PERSON_PRESENT;
}

void m_open_visit(const struct asked *a) {
  const struct cmd_visit_open *c = &a->c->u.visit_open;
  const struct model *m = a->m;
  const struct m_person *p = &m->persons[c->person];
  uint32_t n = m_count_custody(m, EVENT_VISIT_OPENED);
  bool inspector = p->kind == PERSON_INSPECTOR;
  for (uint32_t i = 0; i < n; i++)
    if (m_same_id(nth(m, i)->visit, c->visit)) {
      m_reject(a, REASON_EXISTS, REF_VISIT, i);
      return;
    }
  if ((p->kind != PERSON_VISITOR && p->kind != PERSON_COUNSEL && !inspector) ||
      p->state != PERSON_PRESENT) {
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
    return;
  }
  if ((p->kind == PERSON_VISITOR && c->host == REF_ABSENT) ||
      (p->kind == PERSON_COUNSEL && c->about == REF_ABSENT)) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
    return;
  }
  if (c->host != REF_ABSENT && !is_host(m, c->host)) {
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->host);
    return;
  }
  if (c->about != REF_ABSENT && !m_is_booked(m, c->about)) {
    m_reject(a, REASON_NO_BOOKING, REF_PERSON, c->about);
    return;
  }
  if (m_bad_dates(a, c->from, c->until))
    return;
  int64_t now = m_second(a->c->at), from = c->from == TIME_ABSENT ? now : m_second(c->from),
          until = m_second(c->until);
  if (until <= from || until <= now || (!inspector && until - from > 24 * 3600)) {
    m_reject(a, REASON_TIME_ORDER, REF_NONE, 0);
    return;
  }
  for (uint32_t i = n; i-- > 0;) {
    const struct ev_visit_opened *v = nth(m, i);
    if (v->person == c->person && !is_closed(m, i) && m_second(v->from) < until &&
        from < m_second(v->until)) {
      m_reject(a, REASON_ALREADY_SO, REF_VISIT, i);
      return;
    }
  }
  m_expect(a, EVENT_VISIT_OPENED)->u.visit_opened = (struct ev_visit_opened){
      c->visit, m_number(n), c->person, c->host, c->about, c->area, from * USEC_PER_S, c->until};
}

void m_close_visit(const struct asked *a) {
  uint32_t visit = a->c->u.visit_ref.visit;
  if (is_closed(a->m, visit))
    m_reject(a, REASON_ALREADY_SO, REF_VISIT, visit);
  else
    m_expect(a, EVENT_VISIT_CLOSED)->u.visit_ref.visit = visit;
}

/* Visitors and counsel come in on a visit that is on, with somebody to receive them. */
bool m_is_expected(const struct model *m, uint32_t person, usec at, uint32_t *visit) {
  uint32_t kind = m->persons[person].kind;
  int64_t s = m_second(at);
  *visit = REF_ABSENT;
  if (!m->plan->rules.second_operator || (kind != PERSON_VISITOR && kind != PERSON_COUNSEL))
    return true;
  for (uint32_t i = m_count_custody(m, EVENT_VISIT_OPENED); i-- > 0 && *visit == REF_ABSENT;) {
    const struct ev_visit_opened *v = nth(m, i);
    if (v->person == person && !is_closed(m, i) && m_second(v->from) <= s &&
        s < m_second(v->until) &&
        (v->host == REF_ABSENT || m->persons[v->host].state == PERSON_PRESENT) &&
        (v->about == REF_ABSENT || m_is_booked(m, v->about)))
      *visit = i;
  }
  return *visit != REF_ABSENT;
}

/* Of visits that are not closed, the one that began last: over, and they are inside. */
int64_t m_visit_over(const struct model *m, uint32_t person, uint32_t *visit) {
  int64_t found = INT64_MAX;
  uint32_t n = m_count_custody(m, EVENT_VISIT_OPENED);
  for (uint32_t i = n; i-- > 0 && m->persons[person].area != area_outside;) {
    const struct ev_visit_opened *v = nth(m, i);
    if (v->person != person || is_closed(m, i) || was_told(m, i))
      continue;
    int64_t over = m_second(v->until);
    over = over > m->persons[person].entered_s ? over : m->persons[person].entered_s;
    bool another = false; /* has begun by then */
    for (uint32_t k = 0; k < n; k++)
      another |= nth(m, k)->person == person && !is_closed(m, k) &&
                 m_second(nth(m, k)->from) > m_second(v->from) && m_second(nth(m, k)->from) <= over;
    if (!another && over < found) {
      found = over;
      *visit = i;
    }
  }
  return found;
}

bool m_has_visit(const struct model *m, uint32_t person) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_VISIT_OPENED && m->custody[i].u.visit_opened.person == person)
      return true;
  return false;
}
