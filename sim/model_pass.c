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
  uint32_t before;             /* how many this very decision may let in before them */
  bool waited;                 /* presented earlier, second factors and all */
  usec waited_for;
  uint32_t for_whom; /* of one who waited: who presents now */
  struct reasons reasons, warnings;
  uint32_t level;     /* what permits them; REF_ABSENT: nothing */
  uint32_t visit;     /* on which they come in; REF_ABSENT */
  uint32_t order;     /* that holds a detainee who comes in; REF_ABSENT */
  struct refs leaves; /* on what it rests that a detainee goes out */
  bool pin_checked, duress;
};

static void because(struct passing *x, enum reason code, enum ref_kind kind, uint32_t index) {
  m_add_reason(&x->reasons, code, kind, index);
}

/* --- Row 5, and the lockdown of row 1, which a level may lift --- */

/* Silent: which of several areas a lockdown is told of. The last on the way from the area to be
 * entered upwards, then from the one to be left upwards. */
static uint32_t locked_down(const struct passing *x) {
  const uint32_t sides[2] = {x->to, x->from};
  uint32_t found = REF_ABSENT;
  for (int k = 0; k < 2; k++)
    for (uint32_t a = sides[k]; a != NONE16; a = x->plan->areas[a].parent)
      if (x->m->areas[a].lockdown)
        found = a;
  return found;
}

/* Silent: on which of several levels a permission rests. On one that holds in a lockdown rather
 * than not, then on one that holds always rather than by a schedule, then on the first held; and of
 * several that are closed the last is told. */
static void check_levels(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  uint32_t closed = REF_ABSENT, locked = locked_down(x), best = 0;
  bool by_schedule = false;
  for (uint32_t i = 0; i < p->n_grants; i++) {
    uint32_t schedule, level = p->grants[i].level;
    if (!m_valid(p->grants[i].dates, x->at) ||
        !m_level_opens(x->plan, level, x->gate, x->direction, &schedule))
      continue;
    if (!m_schedule_open(x->plan, schedule, x->at)) {
      closed = level;
      continue;
    }
    uint32_t worth = x->plan->levels[level].in_lockdown ? 3 : 1;
    worth += schedule == schedule_always;
    if (worth > best) {
      best = worth;
      x->level = level;
      by_schedule = schedule != schedule_always;
    }
  }
  if (locked != REF_ABSENT && (!best || !x->plan->levels[x->level].in_lockdown))
    because(x, REASON_LOCKDOWN, REF_AREA, locked);
  if (!best && closed != REF_ABSENT)
    because(x, REASON_OUTSIDE_SCHEDULE, REF_LEVEL, closed);
  else if (!best)
    because(x, REASON_NO_ACCESS_LEVEL, REF_GATE, x->gate);
  /* Row 11: what a schedule permits depends on the time, inside as well. */
  else if (by_schedule && !x->asked->c->clock_trusted && !m_boundary(x->plan, x->door))
    because(x, REASON_CLOCK, REF_LEVEL, x->level);
}

/* --- Rows 1 and 2 --- */

static void check_place(struct passing *x) {
  if (x->m->closed[x->gate])
    because(x, REASON_GATE_OUT_OF_SERVICE, REF_GATE, x->gate);
  const struct m_reader *r = &x->m->readers[x->reader];
  if (r->offline || r->insecure) /* tamper and power raise alarms, and hinder nobody */
    because(x, REASON_GATE_OUT_OF_SERVICE, REF_READER, x->reader);
  if (x->person == REF_ABSENT && locked_down(x) != REF_ABSENT)
    because(x, REASON_LOCKDOWN, REF_AREA, locked_down(x));
  if (x->person != REF_ABSENT &&
      x->plan->threats[x->m->threat].refuse_kinds & 1u << x->m->persons[x->person].kind)
    because(x, REASON_THREAT_LEVEL, REF_THREAT, x->m->threat);
}

static void check_credential(struct passing *x) {
  if (x->credential == REF_ABSENT)
    because(x, REASON_CREDENTIAL_UNKNOWN, REF_READER, x->reader);
  else if (m_pass_state(x->m, x->credential, x->door, x->to, x->at) != CREDENTIAL_STATE_ISSUED)
    because(x, REASON_CREDENTIAL_NOT_ISSUED, REF_CREDENTIAL, x->credential);
  if (!x->waited && x->asked->c->u.pass.format == REF_ABSENT)
    because(x, REASON_FORMAT_UNKNOWN, REF_READER, x->reader);
}

/* --- Rows 3 and 4 --- */

static uint32_t factors_asked(const struct passing *x) {
  return (uint32_t)x->plan->readers[x->reader].factors | x->plan->threats[x->m->threat].factors;
}

/* Silent: a duress PIN raises its alarm where no PIN is asked for, too, and a biometric that does
 * not match refuses where none is asked for. */
static void check_factors(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  const struct cmd_pass *c = &x->asked->c->u.pass;
  bool given = !m_no_id(c->pin), locked = m_second(x->at) < p->locked_until_s;
  x->duress = given && m_same_id(c->pin, p->duress);
  if (factors_asked(x) & FACTOR_BIT_PIN) {
    if (locked)
      because(x, REASON_PIN_LOCKED, REF_PERSON, x->person);
    else if (!given || m_no_id(p->pin))
      because(x, REASON_PIN_MISSING, REF_READER, x->reader);
    else if (x->duress || m_same_id(c->pin, p->pin))
      x->pin_checked = true;
    else
      because(x, REASON_PIN_WRONG, REF_PERSON, x->person);
  }
  if (c->biometric == BIOMETRIC_MISMATCH)
    because(x, REASON_BIOMETRIC_MISMATCH, REF_READER, x->reader);
  else if (factors_asked(x) & FACTOR_BIT_BIOMETRIC && c->biometric != BIOMETRIC_MATCH)
    because(x, REASON_BIOMETRIC_MISSING, REF_READER, x->reader);
}

/* Who waits has shown it; but a PIN that was locked since is locked now (invariant 4). */
static void check_factors_again(struct passing *x) {
  if (factors_asked(x) & FACTOR_BIT_PIN &&
      m_second(x->at) < x->m->persons[x->person].locked_until_s)
    because(x, REASON_PIN_LOCKED, REF_PERSON, x->person);
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
  if (m_death(x->m, x->person).dead)
    because(x, REASON_DECEASED, REF_PERSON, x->person);
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

/* What this decision lets pass besides the one who is judged. */
struct others {
  uint32_t n;       /* how many */
  bool together;    /* within the time of the two-person rule */
  uint32_t partner; /* one of them, within the time of an escort; REF_ABSENT: nobody */
};
static const struct others nobody = {0, true, REF_ABSENT};

static bool may_escort(const struct passing *x, uint32_t person) {
  return (x->plan->rules.escort_kinds & 1u << x->m->persons[person].kind) != 0;
}

/* Someone permitted at this door for the same way, or just through it. Whose wait was longer than
 * an escort's time is escorted by nobody; they present again. Silent: of several, on whom it rests.
 */
static uint32_t find_escort(const struct passing *x, const struct others *o) {
  const struct m_door *d = &x->m->doors[x->door];
  usec time = (usec)x->plan->rules.escort_ms * USEC_PER_MS;
  if (x->waited_for > time)
    return REF_ABSENT;
  for (uint32_t i = 0; i < d->n_party; i++) {
    const struct m_member *q = &d->party[i];
    if (q->person != x->person && q->person != x->for_whom && q->direction == x->direction &&
        q->status != PARTY_WAITING && x->at - q->at <= time && may_escort(x, q->person))
      return q->person;
  }
  if (o->partner != REF_ABSENT && may_escort(x, o->partner))
    return o->partner;
  return REF_ABSENT;
}

/* Others who are in the area, or on their way into it. */
static uint32_t others_in(const struct passing *x, uint32_t area) {
  uint32_t in = m_occupancy(x->m, area) - m_within(x->plan, x->m->persons[x->person].area, area);
  return in + m_reserved(x->m, area) - m_own_reserved(x->m, x->door, x->person, x->to);
}

/* Silent: the rule asks of the two areas that the door joins, not of those around them; whoever is
 * within an area is in it; and whoever goes from it into one within it is as one who leaves. */
static bool alone_in(const struct passing *x, const struct others *o) {
  if (x->m->persons[x->person].area == x->to)
    return false;
  return others_in(x, x->to) + (o->together ? o->n : 0) == 0;
}

static bool leaves_one_alone(const struct passing *x, const struct others *o) {
  if (x->m->persons[x->person].area != x->from)
    return false;
  int64_t stay = (int64_t)m_occupancy(x->m, x->from) - 1 - m_leaving(x->m, x->from) +
                 m_own_leaving(x->m, x->door, x->person, x->from);
  return stay - o->n == 1 || (!o->together && stay == 1);
}

/* Whom the permission rests on, or REF_ABSENT. */
static uint32_t check_company(const struct passing *x, const struct others *o, struct reasons *r) {
  const struct m_person *p = &x->m->persons[x->person];
  const struct plan_area *to = &x->plan->areas[x->to], *from = &x->plan->areas[x->from];
  uint32_t escort = REF_ABSENT;
  if (to->escort && x->plan->rules.escorted_kinds & 1u << p->kind) {
    escort = find_escort(x, o);
    if (escort == REF_ABSENT)
      m_add_reason(r, REASON_ESCORT_REQUIRED, REF_AREA, x->to);
  }
  if (to->two_person && alone_in(x, o))
    m_add_reason(r, REASON_TWO_PERSON_REQUIRED, REF_AREA, x->to);
  else if (from->two_person && leaves_one_alone(x, o))
    m_add_reason(r, REASON_TWO_PERSON_REQUIRED, REF_AREA, x->from);
  if (to->first_person != NONE16 && !x->m->areas[x->to].first_in &&
      !m_holds(x->m, x->person, to->first_person, x->at))
    m_add_reason(r, REASON_FIRST_PERSON_REQUIRED, REF_LEVEL, to->first_person);
  return escort;
}

/* --- Row 8 --- */

/* Silent: a place that the same person holds at another door counts as another's, and so does that
 * of one who waits before them; of several full areas the innermost is told. */
static void check_capacity(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  for (uint32_t a = x->to; a != NONE16; a = x->plan->areas[a].parent) {
    uint32_t capacity = x->plan->areas[a].capacity;
    if (!capacity || m_within(x->plan, p->area, a))
      continue;
    if (m_occupancy(x->m, a) + m_reserved(x->m, a) + x->before -
            m_own_reserved(x->m, x->door, x->person, x->to) >=
        capacity) {
      because(x, REASON_CAPACITY, REF_AREA, a);
      return;
    }
  }
}

static bool is_there(const struct passing *x, uint32_t person) {
  if (x->m->persons[person].area == x->to)
    return true;
  for (uint32_t d = 0; d < x->plan->n_doors; d++)
    for (uint32_t k = 0; k < x->m->doors[d].n_party; k++) {
      const struct m_member *q = &x->m->doors[d].party[k];
      if (q->person == person && q->status == PARTY_GRANTED && q->to == x->to)
        return true;
    }
  return false;
}

/* Silent: of several who are there, the one whose separation was recorded last is told; and two are
 * in one room when it is the same area, not one within another. */
static void check_separation(struct passing *x) {
  for (uint32_t i = x->m->n_pairs; i-- > 0 && x->to != area_outside;) {
    struct m_pair pair = x->m->pairs[i];
    if (pair.a != x->person && pair.b != x->person)
      continue;
    uint32_t other = pair.a == x->person ? pair.b : pair.a;
    if (is_there(x, other)) {
      because(x, REASON_SEPARATION, REF_PERSON, other);
      return;
    }
  }
}

/* --- Rows 9 to 11 --- */

/* A detainee whom the journal has outside comes in by any door; they go out by one of the
 * boundary. */
static void check_boundary(struct passing *x) {
  const struct m_person *p = &x->m->persons[x->person];
  bool inward = x->to != area_outside && (m_boundary(x->plan, x->door) || p->area == area_outside);
  if (inward && !m_is_expected(x->m, x->person, x->at, &x->visit))
    because(x, REASON_NO_VISIT, REF_PERSON, x->person);
  if (p->kind != PERSON_DETAINEE)
    return;
  if (x->to == area_outside)
    m_may_leave(x->m, x->person, x->at, &x->reasons, &x->leaves);
  else if (m_boundary(x->plan, x->door) || p->area == area_outside)
    m_may_come_in(x->m, x->person, x->at, &x->order, &x->reasons);
}

static uint32_t others_granted(const struct passing *x) {
  const struct m_door *d = &x->m->doors[x->door];
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->n_party; i++)
    n += d->party[i].status == PARTY_GRANTED && d->party[i].person != x->person;
  return n;
}

/* Silent: of several that are not secured, the first in the plan's list of partners is told. */
static void check_door(struct passing *x) {
  const struct plan_door *d = &x->plan->doors[x->door];
  for (uint32_t i = 0; i < d->n_peers; i++)
    if (!m_secured(x->m, x->plan->peers[d->peers_at + i], x->at)) {
      because(x, REASON_INTERLOCK, REF_DOOR, x->plan->peers[d->peers_at + i]);
      break;
    }
  if (x->person != REF_ABSENT && others_granted(x) >= party_max)
    because(x, REASON_DOOR_BUSY, REF_DOOR, x->door);
}

static void check_knowledge(struct passing *x) {
  if (!m_boundary(x->plan, x->door))
    return;
  const struct command *c = x->asked->c;
  if (c->at - c->known_at > (usec)x->plan->rules.stale_ms * USEC_PER_MS)
    because(x, REASON_STALE_VIEW, REF_GATE, x->gate);
  if (!c->clock_trusted)
    because(x, REASON_CLOCK, REF_GATE, x->gate);
}

/* All but company. */
static void judge(struct passing *x) {
  check_place(x);
  check_credential(x);
  if (x->person != REF_ABSENT) {
    if (x->waited)
      check_factors_again(x);
    else
      check_factors(x);
    check_person(x);
    check_levels(x);
    check_passback(x);
    check_capacity(x);
    check_separation(x);
    check_boundary(x);
  }
  check_door(x);
  check_knowledge(x);
}

/* --- What comes of it --- */

static void grant(const struct passing *x, uint32_t companion) {
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
      .pin_checked = x->pin_checked, /* Silent: not of one who waited */
      .warnings = x->warnings,
  };
  g->rests_on.at[g->rests_on.n++] = (struct ref){REF_CREDENTIAL, x->credential};
  g->rests_on.at[g->rests_on.n++] = (struct ref){REF_LEVEL, x->level};
  if (x->visit != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = (struct ref){REF_VISIT, x->visit};
  if (x->order != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = (struct ref){REF_ORDER, x->order};
  for (uint32_t i = 0; i < x->leaves.n; i++)
    g->rests_on.at[g->rests_on.n++] = x->leaves.at[i];
  if (companion != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = (struct ref){REF_PERSON, companion};
}

/* Too many wrong PINs in a row lock it. */
static void count_wrong_pin(const struct passing *x) {
  const struct plan_rules *rules = &x->plan->rules;
  if (!m_has_reason(&x->reasons, REASON_PIN_WRONG) || !rules->pin_attempts ||
      x->m->persons[x->person].failures + 1 < rules->pin_attempts)
    return;
  m_expect_alarm(x->asked, EVENT_PIN_LOCKED)->u.pin_locked =
      (struct ev_pin_locked){x->person, x->at + (usec)rules->pin_lock_s * USEC_PER_S};
}

static void refuse(const struct passing *x, bool waiting) {
  x->asked->o->verdict = VERDICT_REFUSED;
  x->asked->o->reasons = x->reasons;
  m_expect(x->asked, EVENT_PASSAGE_REFUSED)->u.passage_refused = (struct ev_passage_refused){
      .person = x->person,
      .credential = x->credential,
      .credential_state = x->credential == REF_ABSENT
                              ? CREDENTIAL_STATE_ISSUED
                              : m_pass_state(x->m, x->credential, x->door, x->to, x->at),
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
  count_wrong_pin(x);
}

static void late(const struct asked *a, const struct passing *x) {
  m_expect(a, EVENT_PASSAGE_REPORTED_LATE)->u.reported_late = (struct ev_reported_late){
      .door = x->door,
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
  x.credential = x.person = x.level = x.visit = x.order = x.for_whom = REF_ABSENT;
  for (uint32_t i = 0; i < m->n_credentials; i++)
    if (m_same_id(m->credentials[i].tag, a->c->u.pass.tag)) {
      x.credential = i;
      x.person = m->credentials[i].person;
    }
  return x;
}

/* --- Company: those who wait at this door, for the same way, whose time is not over, and for whom
 * all else holds --- */

struct waiting {
  uint32_t n;
  struct passing at[party_max];
};

/* Silent: no more of them than the door has places; each counts as one who comes in before the
 * next. */
static void find_waiting(const struct passing *x, struct waiting *w) {
  const struct m_door *d = &x->m->doors[x->door];
  for (uint32_t i = 0; i < d->n_party && w->n + others_granted(x) + 1 < party_max; i++) {
    const struct m_member *q = &d->party[i];
    if (q->status != PARTY_WAITING || q->direction != x->direction || q->person == x->person ||
        x->at - q->at > m_party_span(x->plan))
      continue;
    struct passing *them = &w->at[w->n];
    *them = *x;
    them->credential = q->credential;
    them->person = q->person;
    them->reader = q->reader;
    them->level = them->visit = them->order = REF_ABSENT;
    them->before = w->n + 1;
    them->waited = true;
    them->for_whom = x->person;
    them->waited_for = x->at - q->at;
    them->pin_checked = them->duress = false;
    memset(&them->reasons, 0, sizeof them->reasons);
    memset(&them->warnings, 0, sizeof them->warnings);
    judge(them);
    w->n += them->reasons.n == 0;
  }
}

/* What one of two is to the other, when the second presents so much later. */
static struct others pair_of(const struct passing *x, uint32_t other, usec later) {
  struct others o = {1, later <= (usec)x->plan->rules.two_person_ms * USEC_PER_MS, REF_ABSENT};
  if (later <= (usec)x->plan->rules.escort_ms * USEC_PER_MS)
    o.partner = other;
  return o;
}

static bool apart(const struct passing *x, uint32_t other) {
  return x->to != area_outside && m_separate(x->m, x->person, other);
}

/* The first of those who wait with whom both rules hold for both. */
static uint32_t find_partner(const struct passing *x, const struct waiting *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct reasons mine = {0}, theirs = {0};
    struct others them = pair_of(x, w->at[i].person, w->at[i].waited_for);
    struct others me = pair_of(x, x->person, w->at[i].waited_for);
    check_company(x, &them, &mine);
    check_company(&w->at[i], &me, &theirs);
    if (!mine.n && !theirs.n && !apart(x, w->at[i].person))
      return i;
  }
  return REF_ABSENT;
}

/* The others who wait, one after the other, now that the presenter goes in. */
static void let_in_who_waits(const struct passing *x, const struct waiting *w, uint32_t partner) {
  uint32_t in[party_max + 1], n = 0;
  in[n++] = x->person;
  if (partner != REF_ABSENT)
    in[n++] = w->at[partner].person;
  for (uint32_t i = 0; i < w->n; i++) {
    struct reasons r = {0};
    struct others o = pair_of(x, x->person, w->at[i].waited_for);
    bool kept_apart = false;
    o.n = n;
    uint32_t escort = check_company(&w->at[i], &o, &r);
    for (uint32_t k = 0; k < n; k++)
      kept_apart |= apart(&w->at[i], in[k]);
    if (i == partner || r.n || kept_apart)
      continue;
    grant(&w->at[i], escort == REF_ABSENT ? x->person : escort);
    in[n++] = w->at[i].person;
  }
}

/* Who may pass here already does not wait. */
static bool has_grant_here(const struct passing *x) {
  const struct m_door *d = &x->m->doors[x->door];
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].person == x->person && d->party[i].status == PARTY_GRANTED)
      return true;
  return false;
}

/* All but company holds. */
static void decide_company(struct passing *x) {
  struct waiting w = {0};
  uint32_t partner = REF_ABSENT;
  find_waiting(x, &w);
  uint32_t companion = check_company(x, &nobody, &x->reasons);
  if (x->reasons.n)
    partner = find_partner(x, &w);
  if (x->reasons.n && partner == REF_ABSENT) {
    refuse(x, !m_has_reason(&x->reasons, REASON_FIRST_PERSON_REQUIRED) && !has_grant_here(x));
    return;
  }
  grant(x, partner == REF_ABSENT ? companion : w.at[partner].person);
  if (partner != REF_ABSENT)
    grant(&w.at[partner], x->person);
  let_in_who_waits(x, &w, partner);
  m_expect_effect(x->asked, EFFECT_UNLOCK, x->door, x->reader, x->plan->doors[x->door].unlock_ms,
                  0);
  m_expect_effect(x->asked, EFFECT_SIGNAL, REF_ABSENT, x->reader, 0, SIGNAL_GRANTED);
}

void m_decide_pass(const struct asked *a) {
  struct passing x = passing_of(a);
  if (a->c->u.pass.late) {
    late(a, &x);
    return;
  }
  judge(&x);
  if (x.reasons.n) {
    if (x.person != REF_ABSENT)
      check_company(&x, &nobody, &x.reasons);
    refuse(&x, false);
  } else {
    decide_company(&x);
  }
  if (x.duress)
    m_expect_alarm(a, EVENT_DURESS_RAISED)->u.duress_raised =
        (struct ev_duress_raised){x.person, x.door};
}
