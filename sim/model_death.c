/* model_death.c: deaths in custody, docs/custody.md ("Death") written down once more: from all
 * entries about the person, each time. */
#include "sim/model_state.h"

static uint32_t dead_of(const struct event *e) {
  // clang-format off
  switch ((int)e->type) {
  case EVENT_DEATH_RECORDED:            return e->u.death_recorded.person;
  case EVENT_DEATH_CAUSE_FOUND:         return e->u.death_cause_found.person;
  case EVENT_DEATH_REMAINS_HANDED_OVER: return e->u.death_remains_handed_over.person;
  case EVENT_DEATH_RETRACTED:           return e->u.person_ref.person;
  default:                              return REF_ABSENT;
  }
  // clang-format on
}

bool m_is_of_death(const struct event *e, uint32_t person) {
  return dead_of(e) == person;
}

struct m_death m_death(const struct model *m, uint32_t person) {
  struct m_death d = {0};
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_DEADLINE_PASSED && e->u.deadline_passed.person == person)
      d.told |= e->u.deadline_passed.deadline == DEADLINE_DEATH_UNRESOLVED;
    if (dead_of(e) != person)
      continue;
    if (e->type == EVENT_DEATH_RECORDED)
      d = (struct m_death){.dead = true,
                           .recorder = e->u.death_recorded.recorder,
                           .at_s = m_second(e->u.death_recorded.at),
                           .recorded_s = m_second(e->at)};
    d.cause |= e->type == EVENT_DEATH_CAUSE_FOUND;
    d.remains |= e->type == EVENT_DEATH_REMAINS_HANDED_OVER;
    if (e->type == EVENT_DEATH_RETRACTED)
      d = (struct m_death){0};
  }
  return d;
}

/* What it makes of the case of the person: the register ends when both papers are there; remains
 * are on no manifest; what was retracted was never so. */
void m_read_death(const struct model *m, struct m_case *c, uint32_t entry) {
  const struct event *e = &m->custody[entry];
  struct m_case_of_death *d = &c->death;
  if (e->type == EVENT_DEATH_RECORDED)
    *d = (struct m_case_of_death){0};
  d->cause |= e->type == EVENT_DEATH_CAUSE_FOUND;
  if (e->type == EVENT_DEATH_REMAINS_HANDED_OVER) {
    d->remains = true;
    d->away = c->state == MEMBER_DEPARTED || c->state == MEMBER_ARRIVED;
    c->state = m_is_active(c->state) ? MEMBER_REMOVED : c->state;
  }
  if (c->booked && d->cause && d->remains) {
    c->booked = false;
    d->closed = true;
  }
  if (e->type != EVENT_DEATH_RETRACTED)
    return;
  c->booked |= d->closed;
  if (d->away) {
    struct model until = *m;
    until.n_custody = entry;
    c->state = m_journey(&until, c->movement).state == MOVEMENT_STATE_DEPARTED ? MEMBER_DEPARTED
               : m_movement(m, c->movement)->kind == MOVEMENT_INTERNAL         ? MEMBER_RETURNED
                                                                               : MEMBER_ARRIVED;
  }
  *d = (struct m_case_of_death){0};
}

bool m_reject_dead(const struct asked *a, uint32_t person) {
  bool dead = m_death(a->m, person).dead;
  if (dead)
    m_reject(a, REASON_DECEASED, REF_PERSON, person);
  return dead;
}

/* --- Deciding --- */

static void record(const struct asked *a) {
  const struct cmd_death_record *c = &a->c->u.death_record;
  if (a->m->persons[c->person].state == PERSON_STATE_MERGED)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (m_death(a->m, c->person).dead)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (c->at > a->c->at)
    m_reject(a, REASON_TIME_ORDER, REF_NONE, 0);
  else if (!m_bad_dates(a, TIME_ABSENT, c->at))
    m_expect_alarm(a, EVENT_DEATH_RECORDED)->u.death_recorded =
        (struct ev_death_recorded){c->person, c->at, a->c->by.index};
}

static void find_cause(const struct asked *a) {
  const struct cmd_death_cause *c = &a->c->u.death_cause;
  const struct model *m = a->m;
  struct m_death d = m_death(m, c->person);
  uint32_t by = a->c->by.index;
  bool two = m->plan->rules.second_operator;
  if (!d.dead)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (d.cause)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (two && by == d.recorder)
    m_refuse(a, REASON_SAME_OPERATOR, REF_OPERATOR, by);
  else if (two && m->operators[by].role == m->operators[d.recorder].role)
    m_refuse(a, REASON_SAME_ROLE, REF_OPERATOR, by);
  else
    m_expect(a, EVENT_DEATH_CAUSE_FOUND)->u.death_cause_found =
        (struct ev_death_cause_found){c->person, c->document, by};
}

/* Let through a door into the site, and not through it yet. */
static bool in_a_door(const struct model *m, uint32_t person) {
  bool is = false;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; i < m->doors[d].n_party; i++) {
      const struct m_member *q = &m->doors[d].party[i];
      is |= q->person == person && q->status == PARTY_GRANTED && q->to != area_outside;
    }
  return is;
}

static void hand_over(const struct asked *a) {
  const struct cmd_death_remains *c = &a->c->u.death_remains;
  struct m_death d = m_death(a->m, c->person);
  if (!d.dead)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (d.remains)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (in_a_door(a->m, c->person))
    m_reject(a, REASON_SEQUENCE, REF_PERSON, c->person);
  else
    m_expect(a, EVENT_DEATH_REMAINS_HANDED_OVER)->u.death_remains_handed_over =
        (struct ev_death_remains_handed_over){c->person, c->receipt};
}

static void retract(const struct asked *a) {
  uint32_t person = a->c->u.person_ref.person;
  if (!m_death(a->m, person).dead)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, person);
  else
    m_expect(a, EVENT_DEATH_RETRACTED)->u.person_ref.person = person;
}

bool m_decide_death(const struct asked *a) {
  switch ((int)a->c->type) {
  case COMMAND_DEATH_RECORD:
    record(a);
    return true;
  case COMMAND_DEATH_CAUSE:
    find_cause(a);
    return true;
  case COMMAND_DEATH_REMAINS:
    hand_over(a);
    return true;
  case COMMAND_DEATH_RETRACT:
    retract(a);
    return true;
  default:
    return false;
  }
}

/* --- What it makes true: called before the entry is kept --- */

void m_move_death(struct model *m, const struct event *e) {
  uint32_t person = dead_of(e);
  if (e->type == EVENT_DEATH_REMAINS_HANDED_OVER) {
    struct m_person *p = &m->persons[person];
    p->died_in = p->area == area_outside ? REF_ABSENT : p->area;
    if (p->died_in != REF_ABSENT)
      m_walk(m, person, area_outside, e->at);
  }
  if (e->type == EVENT_DEATH_RETRACTED && m_death(m, person).remains &&
      m->persons[person].died_in != REF_ABSENT)
    m_walk(m, person, m->persons[person].died_in, e->at);
}
