/* model_count.c: roll checks, docs/custody.md ("Counts") written down once more. Whether a count
 * differs, and what it keeps from happening, is found from all its tallies each time. */
#include "sim/model_state.h"

/* The last tally of this area in this count; NULL: none. */
static const struct m_tally *last_of(const struct model *m, uint32_t check, uint32_t area) {
  const struct m_tally *last = NULL;
  for (uint32_t i = 0; i < m->n_tallies; i++)
    if (m->tallies[i].check == check && m->tallies[i].area == area)
      last = &m->tallies[i];
  return last;
}

static bool differs_now(const struct model *m, uint32_t check) {
  for (uint32_t i = 0; i < m->n_tallies; i++) {
    const struct m_tally *t = &m->tallies[i];
    if (t->check == check && last_of(m, check, t->area) == t && t->seen != t->expected)
      return true;
  }
  return false;
}

bool m_check_freezes(const struct model *m, uint32_t check) {
  const struct m_check *c = &m->checks[check];
  return c->closed ? c->differed && !c->resolved : differs_now(m, check);
}

/* The first that does, of movements that can be frozen; REF_ABSENT: none. */
uint32_t m_frozen(const struct model *m, uint32_t movement) {
  const struct ev_movement_proposed *p = m_movement(m, movement);
  if (p->kind == MOVEMENT_RELEASE || p->emergency)
    return REF_ABSENT;
  for (uint32_t i = 0; i < m->n_checks; i++)
    if (m_check_freezes(m, i))
      return i;
  return REF_ABSENT;
}

/* Silent: a plan keeps the area of a count that is open or freezes, and what an open one has
 * tallied; of several counts the first is told. */
uint32_t m_check_needs(const struct model *m, uint32_t area) {
  for (uint32_t i = 0; i < m->n_checks; i++) {
    const struct m_check *c = &m->checks[i];
    if (c->area == area && (!c->closed || m_check_freezes(m, i)))
      return i;
    if (!c->closed && last_of(m, i, area))
      return i;
  }
  return REF_ABSENT;
}

static uint32_t held_in(const struct model *m, uint32_t area) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_persons; i++)
    n += m->persons[i].area == area && m->persons[i].kind == PERSON_DETAINEE;
  return n;
}

/* --- Deciding --- */

static void begin(const struct asked *a) {
  const struct cmd_count_begin *c = &a->c->u.count_begin;
  const struct model *m = a->m;
  for (uint32_t i = 0; i < m->n_checks; i++)
    if (m_same_id(m->checks[i].id, c->count)) {
      m_reject(a, REASON_EXISTS, REF_COUNT, i);
      return;
    }
  if (c->area == area_outside) {
    m_reject(a, REASON_WRONG_STATE, REF_AREA, c->area);
    return;
  }
  for (uint32_t i = 0; i < m->n_checks; i++)
    if (!m->checks[i].closed && (m_within(m->plan, c->area, m->checks[i].area) ||
                                 m_within(m->plan, m->checks[i].area, c->area))) {
      m_reject(a, REASON_ALREADY_SO, REF_COUNT, i);
      return;
    }
  m_expect(a, EVENT_COUNT_BEGUN)->u.count_begun =
      (struct ev_count_begun){c->count, m_number(m->n_checks), c->area, a->c->by.index};
}

static void tally(const struct asked *a) {
  const struct cmd_count_tally *c = &a->c->u.count_tally;
  const struct m_check *check = &a->m->checks[c->count];
  struct ev_count_tallied t = {c->count, c->area, 0, c->seen, a->c->by.index};
  if (check->closed) {
    m_reject(a, REASON_WRONG_STATE, REF_COUNT, c->count);
  } else if (!m_within(a->m->plan, c->area, check->area)) {
    m_reject(a, REASON_WRONG_STATE, REF_AREA, c->area);
  } else {
    t.expected = held_in(a->m, c->area);
    m_expect(a, EVENT_COUNT_TALLIED)->u.count_tallied = t;
    if (t.expected != t.seen)
      m_expect_alarm(a, EVENT_COUNT_DIFFERS)->u.count_tallied = t;
  }
}

/* A door leads there, or the journal has a detainee there. */
static bool can_be_in(const struct model *m, uint32_t area) {
  bool is = held_in(m, area) > 0;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    is |= m->plan->doors[d].from == area || m->plan->doors[d].to == area;
  return is;
}

static void close_count(const struct asked *a) {
  uint32_t check = a->c->u.count_ref.count, by = a->c->by.index;
  const struct model *m = a->m;
  const struct m_check *c = &m->checks[check];
  bool two = m->plan->rules.second_operator;
  uint32_t missing = 0;
  if (c->closed) {
    m_reject(a, REASON_ALREADY_SO, REF_COUNT, check);
    return;
  }
  for (uint32_t i = 1; i < m->plan->n_areas; i++)
    if (m_within(m->plan, i, c->area) && can_be_in(m, i) && !last_of(m, check, i) && missing++ < 8)
      m_add_reason(&a->o->reasons, REASON_SEQUENCE, REF_AREA, i);
  if (missing) {
    a->o->verdict = VERDICT_REFUSED;
    m_expect(a, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = a->o->reasons;
    return;
  }
  for (uint32_t i = m->n_tallies; i-- > 0 && two;) {
    uint32_t who = m->tallies[i].by;
    if (m->tallies[i].check != check)
      continue;
    if (who == by || m->operators[who].role == m->operators[by].role) {
      m_refuse(a, who == by ? REASON_SAME_OPERATOR : REASON_SAME_ROLE, REF_OPERATOR, by);
      return;
    }
  }
  if (two && differs_now(m, check) && a->c->second == REF_ABSENT)
    m_refuse(a, REASON_SECOND_OPERATOR_REQUIRED, REF_NONE, 0);
  else
    m_expect(a, EVENT_COUNT_CLOSED)->u.count_closed =
        (struct ev_count_closed){check, differs_now(m, check), by};
}

bool m_decide_count(const struct asked *a) {
  switch ((int)a->c->type) {
  case COMMAND_COUNT_BEGIN:
    begin(a);
    return true;
  case COMMAND_COUNT_TALLY:
    tally(a);
    return true;
  case COMMAND_COUNT_CLOSE:
    close_count(a);
    return true;
  default:
    return false;
  }
}

/* --- What it makes true. False: no memory. --- */

static bool begun(struct model *m, const struct ev_count_begun *e) {
  struct m_check *grown = m_grow(m->checks, m->n_checks, sizeof *grown);
  if (!grown)
    return false;
  m->checks = grown;
  m->checks[m->n_checks++] = (struct m_check){.id = e->count, .area = e->area, .opener = e->opener};
  return true;
}

static bool tallied(struct model *m, const struct ev_count_tallied *e) {
  struct m_tally *grown = m_grow(m->tallies, m->n_tallies, sizeof *grown);
  if (!grown)
    return false;
  m->tallies = grown;
  m->tallies[m->n_tallies++] = (struct m_tally){e->count, e->area, e->expected, e->seen, e->by};
  return true;
}

static void closed(struct model *m, const struct ev_count_closed *e) {
  struct m_check *c = &m->checks[e->count];
  c->closed = true;
  c->differed = e->differs;
  for (uint32_t i = 0; i < e->count && !e->differs; i++)
    if (m->checks[i].closed && m->checks[i].differed && !m->checks[i].resolved &&
        m_within(m->plan, m->checks[i].area, c->area))
      m->checks[i].resolved = true;
}

bool m_move_count(struct model *m, const struct event *e) {
  if (e->type == EVENT_COUNT_BEGUN)
    return begun(m, &e->u.count_begun);
  if (e->type == EVENT_COUNT_TALLIED)
    return tallied(m, &e->u.count_tallied);
  if (e->type == EVENT_COUNT_CLOSED)
    closed(m, &e->u.count_closed);
  return true;
}
