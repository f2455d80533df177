/* model_deadline.c: the deadlines of docs/custody.md, written down once more: every instant at
 * which something could change is tried, of everybody. */
#include "sim/model_state.h"

#include <stdlib.h>
#include <string.h>

enum { of_recall = DEADLINE_COUNT };

/* --- Instants at which anything may change: all dates of all orders and legal bases --- */

struct instants {
  int64_t *at;
  uint32_t n;
};

static int by_time(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void note(struct instants *i, struct m_dates d) {
  i->at[i->n++] = d.from_s;
  i->at[i->n++] = d.until_s;
}

static struct instants instants_of(const struct model *m) {
  struct instants i = {sp_alloc(2u * m->n_custody + 2u, sizeof *i.at), 0};
  for (uint32_t k = 0; i.at && k < m->n_custody; k++) {
    const struct event *e = &m->custody[k];
    if (e->type == EVENT_ORDER_RECORDED)
      note(&i, m_dates(e->u.order_recorded.effective, e->u.order_recorded.expires));
    if (e->type == EVENT_BASIS_ADDED)
      note(&i, m_dates(e->u.basis_added.from, e->u.basis_added.until));
    if (e->type == EVENT_BASIS_REPEALED)
      note(&i, m_dates(e->at, TIME_ABSENT));
  }
  if (i.n)
    qsort(i.at, i.n, sizeof *i.at, by_time);
  return i;
}

typedef bool condition(const struct model *m, uint32_t person, uint32_t order, usec at);

/* The first second from this one on at which it is so; INT64_MAX: none. */
static int64_t first(const struct model *m, const struct instants *i, uint32_t person,
                     uint32_t order, int64_t from_s, condition *is_so) {
  if (from_s == INT64_MAX || is_so(m, person, order, from_s * USEC_PER_S))
    return from_s;
  for (uint32_t k = 0; k < i->n; k++)
    if (i->at[k] > from_s && i->at[k] != INT64_MAX && (!k || i->at[k] != i->at[k - 1]) &&
        is_so(m, person, order, i->at[k] * USEC_PER_S))
      return i->at[k];
  return INT64_MAX;
}

static bool nobody_holds(const struct model *m, uint32_t person, uint32_t order, usec at) {
  struct reasons unused = {0};
  uint32_t by;
  (void)order;
  return !m_is_held(m, person, at, &by, &unused);
}

static bool in_force(const struct model *m, uint32_t person, uint32_t order, usec at) {
  struct reason_on unused;
  (void)person;
  return m_in_force(m, order, at, &unused);
}

static void ask_again(const struct model *m, uint32_t person, usec at, struct reasons *found) {
  struct m_case c = m_case(m, person);
  m_ask(m, c.movement, person, c.order, m_journey(m, c.movement).to, at, found);
}

static bool may_no_more(const struct model *m, uint32_t person, uint32_t order, usec at) {
  struct reasons found = {0};
  (void)order;
  ask_again(m, person, at, &found);
  return found.n > 0;
}

/* --- What runs --- */

static void take(struct m_pending *p, int64_t at_s, struct m_pending other) {
  if (at_s >= p->at_s)
    return;
  *p = other;
  p->at_s = at_s;
}

static void of_movement(const struct model *m, const struct instants *i, uint32_t person,
                        const struct m_case *c, struct m_pending *p) {
  const struct ev_movement_proposed *v = m_movement(m, c->movement);
  int64_t departed_s = m_journey(m, c->movement).departed_s;
  bool away = c->state == MEMBER_DEPARTED || c->state == MEMBER_ARRIVED;
  struct m_pending of = {0, of_recall, person, REF_ABSENT, c->movement, REF_ABSENT, REF_ABSENT};
  if (away && c->recalled_s == INT64_MAX)
    take(p, first(m, i, person, 0, departed_s, may_no_more), of);
  of.kind = DEADLINE_RECALL_UNANSWERED;
  if (away && c->recalled_s != INT64_MAX && !(c->told & 1u << of.kind))
    take(p, c->recalled_s + m->plan->rules.recall_answer_s, of);
  of.kind = DEADLINE_RETURN_OVERDUE;
  if (away && v->returns != TIME_ABSENT && !(c->told & 1u << of.kind))
    take(p, m_second(v->returns), of);
}

/* Of an emergency: whoever has died since, or not. */
static void of_exception(const struct model *m, uint32_t person, const struct m_case *c,
                         struct m_pending *p) {
  struct m_pending of = {
      0, DEADLINE_EXCEPTION_UNWRITTEN, person, REF_ABSENT, c->movement, REF_ABSENT, REF_ABSENT};
  bool went =
      c->state == MEMBER_DEPARTED || c->state == MEMBER_ARRIVED || c->state == MEMBER_RETURNED;
  if (went && m_movement(m, c->movement)->emergency && c->order == REF_ABSENT &&
      !(c->told & 1u << of.kind))
    take(p, m_journey(m, c->movement).departed_s + m->plan->rules.exception_write_s, of);
}

static void of_death(const struct model *m, uint32_t person, const struct m_death *d,
                     struct m_pending *p) {
  struct m_pending of = {
      0, DEADLINE_DEATH_UNRESOLVED, person, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT};
  if (!(d->cause && d->remains) && !d->told)
    take(p, d->recorded_s + m->plan->rules.death_resolve_s, of);
}

static bool was_told(const struct model *m, enum deadline deadline, uint32_t order) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_DEADLINE_PASSED &&
        m->custody[i].u.deadline_passed.deadline == deadline &&
        m->custody[i].u.deadline_passed.order == order)
      return true;
  return false;
}

/* The first refusal of this release that has not been told as unresolved; INT64_MAX: none. */
static int64_t blocked_since(const struct model *m, uint32_t order) {
  int64_t since_s = INT64_MAX;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_REFUSAL_ESCALATED && e->u.refusal_escalated.order == order &&
        m_order(m, order)->kind == ORDER_RELEASE && since_s == INT64_MAX)
      since_s = m_second(e->at);
    if (e->type == EVENT_DEADLINE_PASSED && e->u.deadline_passed.order == order &&
        e->u.deadline_passed.deadline == DEADLINE_RELEASE_BLOCKED)
      since_s = INT64_MAX;
  }
  return since_s;
}

static void of_booking(const struct model *m, const struct instants *i, uint32_t person,
                       const struct m_case *c, struct m_pending *p) {
  struct m_pending of = {0,          DEADLINE_HOLD_LAPSED, person,    REF_ABSENT,
                         REF_ABSENT, REF_ABSENT,           REF_ABSENT};
  if (!c->lapse_told)
    take(p, first(m, i, person, 0, c->held_since_s, nobody_holds), of);
  of.kind = DEADLINE_RELEASE_OVERDUE;
  for (uint32_t o = m_count_custody(m, EVENT_ORDER_RECORDED); o-- > 0;) {
    const struct ev_order_recorded *r = m_order(m, o);
    of.order = o;
    if (r->person == person && r->kind == ORDER_RELEASE && r->due != TIME_ABSENT &&
        !was_told(m, DEADLINE_RELEASE_OVERDUE, o))
      take(p, first(m, i, person, o, m_second(r->due), in_force), of);
    int64_t since_s = r->person == person ? blocked_since(m, o) : INT64_MAX;
    struct m_pending blocked = of;
    blocked.kind = DEADLINE_RELEASE_BLOCKED;
    if (since_s != INT64_MAX)
      take(p, first(m, i, person, o, since_s + m->plan->rules.release_answer_s, in_force), blocked);
  }
}

/* It was closed, or that it was missed was told. */
static bool is_over(const struct model *m, uint32_t hearing) {
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if ((e->type == EVENT_HEARING_CLOSED && e->u.hearing_closed.hearing == hearing) ||
        (e->type == EVENT_DEADLINE_PASSED && e->u.deadline_passed.hearing == hearing))
      return true;
  }
  return false;
}

static void of_hearings(const struct model *m, uint32_t person, struct m_pending *p) {
  struct m_pending of = {0, DEADLINE_HEARING_MISSED, person, REF_ABSENT, REF_ABSENT, 0, REF_ABSENT};
  of.hearing = m_count_custody(m, EVENT_HEARING_SET);
  for (uint32_t i = m->n_custody; i-- > 0;) {
    const struct event *e = &m->custody[i];
    if (e->type != EVENT_HEARING_SET)
      continue;
    of.hearing--;
    if (e->u.hearing_set.person == person && !is_over(m, of.hearing))
      take(p, m_second(e->u.hearing_set.at) + m->plan->rules.hearing_close_s, of);
  }
}

static void of_assessments(const struct model *m, uint32_t person, struct m_pending *p) {
  struct m_pending of = {
      0, DEADLINE_ASSESSMENT_UNREVIEWED, person, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT, 0};
  for (of.assessment = m_count_custody(m, EVENT_ASSESSMENT_RECORDED); of.assessment > 0;
       of.assessment--) {
    struct m_claim c = m_claim(m, of.assessment - 1);
    int64_t at_s = m_claim_due(m, &c);
    if (m_assessment(m, of.assessment - 1)->person == person && at_s != INT64_MAX)
      take(p, at_s, of);
  }
}

static struct m_pending of_person(const struct model *m, const struct instants *i,
                                  uint32_t person) {
  struct m_pending p = {INT64_MAX, 0, person, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT};
  struct m_case c = m_case(m, person);
  struct m_death d = m_death(m, person);
  if (c.movement != REF_ABSENT && !d.dead)
    of_movement(m, i, person, &c, &p);
  if (c.movement != REF_ABSENT)
    of_exception(m, person, &c, &p);
  if (d.dead) {
    of_death(m, person, &d, &p);
    return p;
  }
  if (c.booked)
    of_booking(m, i, person, &c, &p);
  of_hearings(m, person, &p);
  struct m_pending visit = p;
  visit.kind = DEADLINE_VISIT_OVERDUE;
  visit.order = visit.movement = visit.hearing = REF_ABSENT;
  take(&p, m_visit_over(m, person, &visit.visit), visit);
  of_assessments(m, person, &p);
  return p;
}

static struct m_pending of_order(const struct model *m, uint32_t order, usec recorded) {
  const struct ev_order_recorded *o = m_order(m, order);
  struct m_pending p = {INT64_MAX, 0, o->person, order, REF_ABSENT, REF_ABSENT, REF_ABSENT}, of = p;
  if (m_order_was(m, EVENT_ORDER_RECALLED, order) || m_order_was(m, EVENT_ORDER_REFUTED, order))
    return p;
  of.kind = DEADLINE_ORDER_UNCONFIRMED;
  if (!m_order_was(m, EVENT_ORDER_AUTHENTICATED, order) && !was_told(m, of.kind, order))
    take(&p, m_second(recorded) + m->plan->rules.order_confirm_s, of);
  of.kind = DEADLINE_DETAINER_EXPIRED;
  if (o->kind == ORDER_DETAINER && o->expires != TIME_ABSENT && !was_told(m, of.kind, order))
    take(&p, m_second(o->expires), of);
  return p;
}

static struct m_pending find_next(const struct model *m) {
  struct m_pending next = {INT64_MAX,  0,          REF_ABSENT, REF_ABSENT,
                           REF_ABSENT, REF_ABSENT, REF_ABSENT};
  struct instants i = instants_of(m);
  for (uint32_t p = 0; i.at && p < m->n_persons; p++) {
    bool looked_at =
        m->persons[p].kind == PERSON_DETAINEE || m_has_visit(m, p) || m_death(m, p).dead;
    struct m_pending of = looked_at ? of_person(m, &i, p) : next;
    if (of.at_s < next.at_s)
      next = of;
  }
  for (uint32_t k = 0, order = 0; k < m->n_custody; k++)
    if (m->custody[k].type == EVENT_ORDER_RECORDED) {
      struct m_pending of = of_order(m, order++, m->custody[k].at);
      if (of.at_s < next.at_s)
        next = of;
    }
  sp_free(i.at);
  return next;
}

/* It follows from the entries about custody alone: looked for anew when one has come. */
static struct m_pending next_of(const struct model *m) {
  struct m_pending_kept *kept = m->kept;
  if (!kept->known || kept->n != m->n_custody) {
    kept->next = find_next(m);
    kept->n = m->n_custody;
    kept->known = true;
  }
  return kept->next;
}

/* Not before the last entry about custody: what is overdue already is told at once. */
usec m_deadline_due(const struct model *m) {
  struct m_pending p = next_of(m);
  usec last = USEC_MIN;
  if (p.at_s == INT64_MAX)
    return TIME_ABSENT;
  for (uint32_t i = m->n_custody; i-- > 0 && last == USEC_MIN;)
    if (m->custody[i].type != EVENT_PASSAGE_GRANTED && m->custody[i].type != EVENT_PASSAGE_TAKEN &&
        m->custody[i].type != EVENT_PERSON_LOCATED)
      last = m->custody[i].at;
  return p.at_s * USEC_PER_S > last ? p.at_s * USEC_PER_S : last;
}

void m_decide_deadline(const struct asked *a) {
  struct m_pending p = next_of(a->m);
  usec due = m_deadline_due(a->m);
  if (due == TIME_ABSENT || due > a->c->at || a->o->n_events == events_max)
    return;
  if (p.kind == of_recall) {
    struct event *e = m_expect_alarm(a, EVENT_RECALL_RAISED);
    e->u.recall_raised = (struct ev_recall_raised){.movement = p.movement, .person = p.person};
    ask_again(a->m, p.person, p.at_s * USEC_PER_S, &e->u.recall_raised.reasons);
    return;
  }
  m_expect_alarm(a, EVENT_DEADLINE_PASSED)->u.deadline_passed =
      (struct ev_deadline_passed){p.kind,    p.person,
                                  p.order,   p.movement,
                                  p.hearing, p.at_s * USEC_PER_S,
                                  p.visit,   p.assessment ? p.assessment - 1 : REF_ABSENT};
}

void m_answer_recall(const struct asked *a) {
  const struct cmd_recall_answer *r = &a->c->u.recall_answer;
  struct m_case c = m_case(a->m, r->person);
  bool away = c.state == MEMBER_DEPARTED || c.state == MEMBER_ARRIVED;
  if (c.movement != r->movement || !away || c.recalled_s == INT64_MAX)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, r->person);
  else
    m_expect(a, EVENT_RECALL_ANSWERED)->u.recall_answered =
        (struct ev_recall_answered){r->movement, r->person, r->answer};
}

/* --- Hearings --- */

void m_set_hearing(const struct asked *a) {
  const struct cmd_hearing_set *c = &a->c->u.hearing_set;
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->m->n_custody; i++) {
    const struct event *e = &a->m->custody[i];
    if (e->type == EVENT_HEARING_SET && m_same_id(e->u.hearing_set.hearing, c->hearing)) {
      m_reject(a, REASON_EXISTS, REF_HEARING, n);
      return;
    }
    n += e->type == EVENT_HEARING_SET;
  }
  if (a->m->persons[c->person].kind != PERSON_DETAINEE)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (!m_reject_dead(a, c->person) && !m_bad_dates(a, TIME_ABSENT, c->at))
    m_expect(a, EVENT_HEARING_SET)->u.hearing_set =
        (struct ev_hearing_set){c->hearing, m_number(n), c->person, c->authority, c->at};
}

void m_close_hearing(const struct asked *a) {
  const struct cmd_hearing_close *c = &a->c->u.hearing_close;
  for (uint32_t i = 0; i < a->m->n_custody; i++)
    if (a->m->custody[i].type == EVENT_HEARING_CLOSED &&
        a->m->custody[i].u.hearing_closed.hearing == c->hearing) {
      m_reject(a, REASON_ALREADY_SO, REF_HEARING, c->hearing);
      return;
    }
  m_expect(a, EVENT_HEARING_CLOSED)->u.hearing_closed =
      (struct ev_hearing_closed){c->hearing, c->outcome};
}
