/* model_pass.c: may this person pass here, now? The passage table of docs/decisions.md, row by
 * row; every check is made and every reason told. */
#include "sim/model_state.h"

#include <string.h>

struct passing {
  const struct asked *asked;
  const struct model *m;
  const struct plan *plan;
  usec at;
  uint32_t reader, door, gate, direction, from, to;
  uint32_t credential, person; /* who is judged; REF_ABSENT: unknown */
  uint32_t with;               /* who would go along, besides those at the door already */
  bool waited;                 /* presented earlier, second factors and all */
  struct reasons reasons, warnings;
  uint32_t level; /* what permits them; REF_ABSENT: nothing */
  bool pin_checked, duress;
};

static void because(struct passing *x, enum reason code, enum ref_kind kind, uint32_t index) {
  m_add_reason(&x->reasons, code, kind, index);
}

/* --- Row 5 first, since a lockdown asks for the level --- */

/* The level that permits it now: in a lockdown only one that holds in a lockdown. */
static void find_level(struct passing *x, bool lockdown) {
  const struct m_person *p = &x->m->persons[x->person];
  uint32_t closed = REF_ABSENT;
  x->level = REF_ABSENT;
  for (uint32_t i = 0; i < p->n_grants && x->level == REF_ABSENT; i++) {
    uint32_t schedule, level = p->grants[i].level;
    if (!m_valid(p->grants[i].dates, x->at) ||
        !m_level_opens(x->plan, level, x->gate, x->direction, &schedule))
      continue;
    if (lockdown && !x->plan->levels[level].in_lockdown)
      continue;
    if (m_schedule_open(x->plan, schedule, x->at))
      x->level = level;
    else if (closed == REF_ABSENT)
      closed = level;
  }
  if (x->level != REF_ABSENT || lockdown)
    return;
  if (closed != REF_ABSENT)
    because(x, REASON_OUTSIDE_SCHEDULE, REF_LEVEL, closed);
  else
    because(x, REASON_NO_ACCESS_LEVEL, REF_GATE, x->gate);
}

/* --- Row 1 --- */

static uint32_t locked_down(const struct passing *x) {
  const uint32_t sides[2] = {x->to, x->from};
  for (int k = 0; k < 2; k++)
    for (uint32_t a = sides[k]; a != NONE16; a = x->plan->areas[a].parent)
      if (x->m->areas[a].lockdown)
        return a;
  return REF_ABSENT;
}

static void check_place(struct passing *x) {
  if (x->m->closed[x->gate])
    because(x, REASON_GATE_OUT_OF_SERVICE, REF_GATE, x->gate);
  if (x->m->offline[x->reader] || x->m->tampered[x->reader])
    because(x, REASON_GATE_OUT_OF_SERVICE, REF_READER, x->reader);
  uint32_t area = locked_down(x);
  if (area != REF_ABSENT) {
    if (x->person != REF_ABSENT)
      find_level(x, true);
    if (x->person == REF_ABSENT || x->level == REF_ABSENT)
      because(x, REASON_LOCKDOWN, REF_AREA, area);
  }
  if (x->person != REF_ABSENT &&
      x->plan->threats[x->m->threat].refuse_kinds & 1u << x->m->persons[x->person].kind)
    because(x, REASON_THREAT_LEVEL, REF_THREAT, x->m->threat);
}

/* --- Rows 2 to 4 --- */

static void check_credential(struct passing *x) {
  if (x->credential == REF_ABSENT)
    because(x, REASON_CREDENTIAL_UNKNOWN, REF_NONE, 0);
  else if (m_credential_state(&x->m->credentials[x->credential], x->at) != CREDENTIAL_STATE_ISSUED)
    because(x, REASON_CREDENTIAL_NOT_ISSUED, REF_CREDENTIAL, x->credential);
  if (!x->waited && x->asked->c->u.pass.format == REF_ABSENT)
    because(x, REASON_FORMAT_UNKNOWN, REF_NONE, 0);
}

static void check_factors(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  const struct cmd_pass *c = &x->asked->c->u.pass;
  uint32_t factors =
      x->plan->readers[x->reader].factors | x->plan->threats[x->m->threat].factors;
  if (factors & FACTOR_BIT_PIN) {
    if (m_second(x->at) < p->locked_until_s)
      because(x, REASON_PIN_LOCKED, REF_NONE, 0);
    else if (m_no_id(c->pin) || m_no_id(p->pin))
      because(x, REASON_PIN_MISSING, REF_NONE, 0);
    else if (m_same_id(c->pin, p->pin))
      x->pin_checked = true;
    else if (m_same_id(c->pin, p->duress))
      x->pin_checked = x->duress = true;
    else
      because(x, REASON_PIN_WRONG, REF_NONE, 0);
  }
  if (factors & FACTOR_BIT_BIOMETRIC) {
    if (c->biometric == BIOMETRIC_NONE)
      because(x, REASON_BIOMETRIC_MISSING, REF_NONE, 0);
    if (c->biometric == BIOMETRIC_MISMATCH)
      because(x, REASON_BIOMETRIC_MISMATCH, REF_NONE, 0);
  }
}

static void check_person(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  if (p->state == PERSON_STATE_SUSPENDED)
    because(x, REASON_PERSON_SUSPENDED, REF_PERSON, x->person);
  if (p->state == PERSON_STATE_DEPARTED)
    because(x, REASON_PERSON_DEPARTED, REF_PERSON, x->person);
  if (p->state == PERSON_STATE_MERGED)
    because(x, REASON_PERSON_MERGED, REF_PERSON, p->merged_into);
  if (!m_valid(p->dates, x->at))
    because(x, REASON_PERSON_NOT_VALID, REF_PERSON, x->person);
}

/* --- Row 6 --- */

static void check_passback(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  const struct plan_area *to = &x->plan->areas[x->to];
  if (to->anti_passback == PASSBACK_TIMED && p->area == x->to &&
      m_second(x->at) < p->entered_s + to->anti_passback_s)
    because(x, REASON_ANTI_PASSBACK, REF_AREA, x->to);
  if (to->anti_passback != PASSBACK_SOFT && to->anti_passback != PASSBACK_HARD)
    return;
  struct reasons *r = to->anti_passback == PASSBACK_SOFT ? &x->warnings : &x->reasons;
  if (p->area == x->to)
    m_add_reason(r, REASON_ANTI_PASSBACK, REF_AREA, x->to);
  else if (p->area != x->from)
    m_add_reason(r, REASON_NOT_IN_AREA, REF_AREA, p->area);
}

/* --- Row 7 --- */

/* Someone else who was presented at this door for the same way, and when: an escort. */
static bool has_escort(const struct passing *x) {
  const struct m_door *d = &x->m->doors[x->door];
  uint32_t kinds = x->plan->rules.escort_kinds;
  if (x->with != REF_ABSENT && kinds & 1u << x->m->persons[x->with].kind)
    return true;
  for (uint32_t i = 0; i < d->n_party; i++) {
    const struct m_member *q = &d->party[i];
    if (q->person != x->person && q->direction == x->direction && q->status != PARTY_WAITING &&
        x->at - q->at <= (usec)x->plan->rules.escort_ms * USEC_PER_MS &&
        kinds & 1u << x->m->persons[q->person].kind)
      return true;
  }
  return false;
}

static uint32_t will_hold(const struct passing *x, uint32_t area) {
  return m_occupancy(x->m, area) + m_reserved(x->m, area, x->person) -
         m_leaving(x->m, area, x->person);
}

static void check_company(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  const struct plan_area *to = &x->plan->areas[x->to], *from = &x->plan->areas[x->from];
  uint32_t along = x->with != REF_ABSENT;
  if (to->escort && x->plan->rules.escorted_kinds & 1u << p->kind && !has_escort(x))
    because(x, REASON_ESCORT_REQUIRED, REF_AREA, x->to);
  bool in_to = m_within(x->plan, p->area, x->to), in_from = m_within(x->plan, p->area, x->from);
  if (to->two_person && will_hold(x, x->to) + !in_to + along < 2)
    because(x, REASON_TWO_PERSON_REQUIRED, REF_AREA, x->to);
  else if (from->two_person && in_from && will_hold(x, x->from) - 1 - along == 1)
    because(x, REASON_TWO_PERSON_REQUIRED, REF_AREA, x->from);
  if (to->first_person != NONE16 && !x->m->areas[x->to].first_in &&
      !m_holds(x->m, x->person, to->first_person, x->at))
    because(x, REASON_FIRST_PERSON_REQUIRED, REF_LEVEL, to->first_person);
}

/* --- Rows 8 to 11 --- */

static void check_room(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  for (uint32_t a = x->to; a != NONE16; a = x->plan->areas[a].parent) {
    uint32_t capacity = x->plan->areas[a].capacity;
    if (capacity && !m_within(x->plan, p->area, a) &&
        m_occupancy(x->m, a) + m_reserved(x->m, a, x->person) + (x->with != REF_ABSENT) >=
            capacity)
      because(x, REASON_CAPACITY, REF_AREA, a);
  }
  for (uint32_t i = 0; i < x->m->n_persons; i++) {
    if (!m_separate(x->m, x->person, i))
      continue;
    bool there = m_within(x->plan, x->m->persons[i].area, x->to);
    for (uint32_t d = 0; d < x->plan->n_doors; d++)
      for (uint32_t k = 0; k < x->m->doors[d].n_party; k++) {
        const struct m_member *q = &x->m->doors[d].party[k];
        there |= q->person == i && q->status == PARTY_GRANTED && m_within(x->plan, q->to, x->to);
      }
    if (there && x->to != area_outside)
      because(x, REASON_SEPARATION, REF_PERSON, i);
  }
}

static void check_boundary(struct passing *x) {
  if (!m_boundary(x->plan, x->door))
    return;
  if (x->person != REF_ABSENT && x->m->persons[x->person].kind == PERSON_DETAINEE)
    because(x, x->to == area_outside ? REASON_NO_AUTHORITY : REASON_NO_BASIS_TO_HOLD, REF_PERSON,
            x->person);
}

static void check_door(struct passing *x) {
  for (uint32_t d = 0; d < x->plan->n_doors; d++)
    if (m_is_peer(x->plan, x->door, d) && !m_secured(x->m, d, x->at))
      because(x, REASON_INTERLOCK, REF_DOOR, d);
  const struct m_door *door = &x->m->doors[x->door];
  bool there = false;
  for (uint32_t i = 0; i < door->n_party; i++)
    there |= door->party[i].person == x->person;
  if (x->person != REF_ABSENT && !there && door->n_party == party_max)
    because(x, REASON_DOOR_BUSY, REF_DOOR, x->door);
}

static void check_knowledge(struct passing *x) {
  if (!m_boundary(x->plan, x->door))
    return;
  const struct command *c = x->asked->c;
  if (c->at - c->known_at > (usec)x->plan->rules.stale_ms * USEC_PER_MS)
    because(x, REASON_STALE_VIEW, REF_NONE, 0);
  if (!c->clock_trusted)
    because(x, REASON_CLOCK, REF_NONE, 0);
}

static void judge(struct passing *x) {
  check_place(x);
  check_credential(x);
  if (x->person != REF_ABSENT) {
    if (!x->waited)
      check_factors(x);
    check_person(x);
    find_level(x, false);
    check_passback(x);
    check_company(x);
    check_room(x);
    check_boundary(x);
  }
  check_door(x);
  check_knowledge(x);
}

/* --- What comes of it --- */

static bool only_company_is_missing(const struct reasons *r) {
  for (uint32_t i = 0; i < r->n; i++)
    if (r->at[i].code != REASON_ESCORT_REQUIRED && r->at[i].code != REASON_TWO_PERSON_REQUIRED)
      return false;
  return r->n > 0;
}

static void grant(struct passing *x, uint32_t companion) {
  const struct plan_door *d = &x->plan->doors[x->door];
  struct ev_passage_granted *g = &m_expect(x->asked, EVENT_PASSAGE_GRANTED)->u.passage_granted;
  *g = (struct ev_passage_granted){
      .person = x->person,
      .credential = x->credential,
      .reader = x->reader,
      .door = x->door,
      .gate = x->gate,
      .from = x->from,
      .to = x->to,
      .direction = x->direction,
      .unlock_ms = d->unlock_ms,
      .taken = !d->contact || x->m->doors[x->door].open,
      .pin_checked = x->pin_checked,
      .warnings = x->warnings,
  };
  g->rests_on.at[g->rests_on.n++] = (struct ref){REF_CREDENTIAL, x->credential};
  g->rests_on.at[g->rests_on.n++] = (struct ref){REF_LEVEL, x->level};
  if (companion != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = (struct ref){REF_PERSON, companion};
}

static void refuse(struct passing *x) {
  bool waiting = only_company_is_missing(&x->reasons);
  x->asked->o->verdict = VERDICT_REFUSED;
  x->asked->o->reasons = x->reasons;
  m_expect(x->asked, EVENT_PASSAGE_REFUSED)->u.passage_refused = (struct ev_passage_refused){
      .person = x->person,
      .credential = x->credential,
      .credential_state = x->credential == REF_ABSENT
                              ? CREDENTIAL_STATE_ISSUED
                              : m_credential_state(&x->m->credentials[x->credential], x->at),
      .reader = x->reader,
      .door = x->door,
      .gate = x->gate,
      .from = x->from,
      .to = x->to,
      .direction = x->direction,
      .waiting = waiting,
      .reasons = x->reasons,
  };
  m_expect_effect(x->asked, EFFECT_SIGNAL, REF_ABSENT, x->reader, 0,
                  waiting ? SIGNAL_WAITING : SIGNAL_REFUSED);
}

/* Too many wrong PINs in a row lock it. */
static void count_wrong_pin(const struct passing *x) {
  const struct plan_rules *rules = &x->plan->rules;
  if (!m_has_reason(&x->reasons, REASON_PIN_WRONG) || !rules->pin_attempts ||
      x->m->persons[x->person].failures + 1 < rules->pin_attempts)
    return;
  m_expect_alarm(x->asked, EVENT_PIN_LOCKED)->u.pin_locked = (struct ev_pin_locked){
      x->person, (m_second(x->at) + rules->pin_lock_s) * USEC_PER_S};
}

static void late(const struct asked *a, const struct passing *x) {
  m_expect(a, EVENT_PASSAGE_REPORTED_LATE)->u.reported_late = (struct ev_reported_late){
      .door = REF_ABSENT,
      .reader = x->reader,
      .person = x->person,
      .occurred_at = a->c->u.pass.occurred_at,
  };
}

static struct passing passing_of(const struct asked *a) {
  const struct model *m = a->m;
  struct passing x = {
      .asked = a, .m = m, .plan = m->plan, .at = a->c->at, .reader = a->c->u.pass.reader};
  const struct plan_reader *r = &m->plan->readers[x.reader];
  x.door = r->door;
  x.direction = r->direction;
  x.gate = m->plan->doors[x.door].gate;
  bool in = r->direction == DIRECTION_IN;
  x.from = in ? m->plan->doors[x.door].from : m->plan->doors[x.door].to;
  x.to = in ? m->plan->doors[x.door].to : m->plan->doors[x.door].from;
  x.credential = x.person = x.with = x.level = REF_ABSENT;
  for (uint32_t i = 0; i < m->n_credentials; i++)
    if (m_same_id(m->credentials[i].tag, a->c->u.pass.tag)) {
      x.credential = i;
      x.person = m->credentials[i].person;
    }
  return x;
}

/* Someone who waits here for company, judged as if the one presented now went along. */
static bool joins(const struct passing *x, const struct m_member *q, struct passing *them) {
  if (q->status != PARTY_WAITING || q->direction != x->direction || q->person == x->person ||
      x->at - q->at > m_party_span(x->plan))
    return false;
  *them = *x;
  them->credential = q->credential;
  them->person = q->person;
  them->reader = q->reader;
  them->with = x->person;
  them->waited = true;
  memset(&them->reasons, 0, sizeof them->reasons);
  memset(&them->warnings, 0, sizeof them->warnings);
  them->pin_checked = them->duress = false;
  judge(them);
  return them->reasons.n == 0;
}

void m_decide_pass(const struct asked *a) {
  struct passing x = passing_of(a);
  if (a->c->u.pass.late) {
    late(a, &x);
    return;
  }
  judge(&x);
  const struct m_door *d = &x.m->doors[x.door];
  struct passing joined[party_max];
  uint32_t n_joined = 0;
  if (!x.reasons.n || only_company_is_missing(&x.reasons))
    for (uint32_t i = 0; i < d->n_party; i++)
      n_joined += joins(&x, &d->party[i], &joined[n_joined]);
  if (x.reasons.n && n_joined) {
    struct passing again = passing_of(a);
    again.with = joined[0].person;
    judge(&again);
    if (again.reasons.n)
      n_joined = 0;
    else
      x = again;
  }
  if (x.reasons.n) {
    refuse(&x);
  } else {
    grant(&x, n_joined ? joined[0].person : REF_ABSENT);
    for (uint32_t i = 0; i < n_joined; i++)
      grant(&joined[i], x.person);
    m_expect_effect(a, EFFECT_UNLOCK, x.door, x.reader, x.plan->doors[x.door].unlock_ms, 0);
    m_expect_effect(a, EFFECT_SIGNAL, REF_ABSENT, x.reader, 0, SIGNAL_GRANTED);
  }
  count_wrong_pin(&x);
  if (x.duress)
    m_expect_alarm(a, EVENT_DURESS_RAISED)->u.duress_raised =
        (struct ev_duress_raised){x.person, x.door};
}
