/* model_door.c: what doors and readers report, and what time makes due. */
#include "sim/model_state.h"

static struct ev_door_ref the_door(const struct asked *a, uint32_t door) {
  return (struct ev_door_ref){door, a->m->plan->doors[door].gate};
}

static void expect_ended(const struct asked *a, enum event_type type, uint32_t door,
                         const struct m_member *q) {
  m_expect(a, type)->u.passage_ended = (struct ev_passage_ended){
      q->person, door, a->m->plan->doors[door].gate, q->from, q->to, q->granted};
}

static void end_all(const struct asked *a, enum event_type type, uint32_t door) {
  const struct m_door *d = &a->m->doors[door];
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].status == PARTY_GRANTED)
      expect_ended(a, type, door, &d->party[i]);
}

static bool someone_may_pass(const struct m_door *d) {
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].status == PARTY_GRANTED)
      return true;
  return false;
}

static void opened(const struct asked *a, uint32_t door) {
  const struct m_door *d = &a->m->doors[door];
  const struct plan_door *p = &a->m->plan->doors[door];
  if (d->open)
    return;
  enum opening cause = OPENING_FORCED;
  if (someone_may_pass(d))
    cause = OPENING_PASSAGE;
  else if (a->c->at < d->rex_until)
    cause = OPENING_REX;
  else if (d->unlocked && a->c->at < d->relock_at)
    cause = OPENING_PASSAGE;
  else if (p->egress == EGRESS_FREE && p->rex == REX_NONE)
    cause = OPENING_EGRESS; /* Silent: where requests are seen, one that was not is forced */
  m_expect(a, EVENT_DOOR_OPENED)->u.door_opened = (struct ev_door_opened){door, p->gate, cause};
  end_all(a, EVENT_PASSAGE_TAKEN, door);
  if (cause == OPENING_FORCED)
    m_expect_alarm(a, EVENT_DOOR_FORCED)->u.door_ref = the_door(a, door);
}

/* Was it seen before the newest unlock was carried out? */
static bool is_old(const struct asked *a, uint32_t door) {
  uint64_t after = a->c->u.door_report.after;
  return after && after < a->m->doors[door].unlocked_by;
}

/* What is left of the time is taken back: nobody slips through behind. Unless somebody else was let
 * in meanwhile. */
static void closed(const struct asked *a, uint32_t door) {
  bool relocks = a->m->doors[door].unlocked && !is_old(a, door);
  if (!a->m->doors[door].open)
    return;
  m_expect(a, EVENT_DOOR_CLOSED)->u.door_closed =
      (struct ev_door_closed){door, a->m->plan->doors[door].gate, relocks};
  if (relocks)
    m_expect_effect(a, EFFECT_LOCK, door, REF_ABSENT, 0, 0);
}

/* Silent: the innermost area that is locked down is told, of the gate's `from` side first. */
static uint32_t locked_down(const struct asked *a, const struct plan_door *d) {
  const uint32_t sides[2] = {d->from, d->to};
  for (int k = 0; k < 2; k++)
    for (uint32_t x = sides[k]; x != NONE16; x = a->m->plan->areas[x].parent)
      if (a->m->areas[x].lockdown)
        return x;
  return REF_ABSENT;
}

/* Silent: a gate out of service is told alone; a plan has no door of an interlock group that a
 * request unlocks. */
static void exit_asked(const struct asked *a, uint32_t door) {
  const struct plan_door *d = &a->m->plan->doors[door];
  struct reasons r = {0};
  uint32_t area = locked_down(a, d);
  if (d->rex == REX_UNLOCK && a->m->closed[d->gate])
    m_add_reason(&r, REASON_GATE_OUT_OF_SERVICE, REF_GATE, d->gate);
  else if (d->rex == REX_UNLOCK && area != REF_ABSENT)
    m_add_reason(&r, REASON_LOCKDOWN, REF_AREA, area);
  if (r.n) {
    a->o->verdict = VERDICT_REFUSED;
    a->o->reasons = r;
    m_expect(a, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = r;
    return;
  }
  m_expect(a, EVENT_DOOR_EXIT_REQUESTED)->u.door_ref = the_door(a, door);
  if (d->rex == REX_UNLOCK)
    m_expect_effect(a, EFFECT_UNLOCK, door, REF_ABSENT, d->unlock_ms, 0);
}

void m_decide_door(const struct asked *a) {
  const struct cmd_door_report *c = &a->c->u.door_report;
  const struct m_door *d = &a->m->doors[c->door];
  if (c->late) {
    m_expect(a, EVENT_DOOR_REPORTED_LATE)->u.reported_late =
        (struct ev_reported_late){c->door, REF_ABSENT, REF_ABSENT, c->sign, c->occurred_at};
    return;
  }
  switch ((enum door_sign)c->sign) {
  case DOOR_OPENED:
    opened(a, c->door);
    break;
  case DOOR_CLOSED:
    closed(a, c->door);
    break;
  case DOOR_LOCKED:
    if (d->unlocked && !is_old(a, c->door)) {
      m_expect(a, EVENT_DOOR_LOCKED)->u.door_ref = the_door(a, c->door);
      end_all(a, EVENT_PASSAGE_NOT_TAKEN, c->door);
    }
    break;
  case DOOR_REX:
    exit_asked(a, c->door);
    break;
  }
}

/* A line says what it sees; what was known already is no news. */
void m_decide_reader(const struct asked *a) {
  const struct cmd_reader_report *c = &a->c->u.reader_report;
  const struct m_reader *r = &a->m->readers[c->reader];
  struct event *e = NULL;
  // clang-format off: a table
  switch ((enum reader_sign)c->sign) {
  case READER_ONLINE:
    e = r->offline ? m_expect(a, EVENT_READER_ONLINE) : NULL;
    break;
  case READER_OFFLINE:
    e = r->offline ? NULL : m_expect_alarm(a, EVENT_READER_OFFLINE);
    break;
  case READER_TAMPERED:
    e = r->tampered ? NULL : m_expect_alarm(a, EVENT_READER_TAMPERED);
    break;
  case READER_RESTORED:
    e = r->tampered ? m_expect(a, EVENT_READER_RESTORED) : NULL;
    break;
  case READER_INSECURE:
    e = r->insecure ? NULL : m_expect_alarm(a, EVENT_READER_INSECURE);
    break;
  case READER_SECURE:
    e = r->insecure ? m_expect(a, EVENT_READER_SECURE) : NULL;
    break;
  case READER_POWER_FAILED:
    e = r->unpowered ? NULL : m_expect_alarm(a, EVENT_READER_POWER_FAILED);
    break;
  case READER_POWER_RESTORED:
    e = r->unpowered ? m_expect(a, EVENT_READER_POWER_RESTORED) : NULL;
    break;
  case READER_REKEYED:
    e = r->rekey_n ? m_expect(a, EVENT_READER_REKEYED) : NULL;
    break;
  case READER_SIGN_COUNT:
    break;
  }
  // clang-format on
  if (e)
    e->u.reader_ref.reader = c->reader;
}

/* --- Timers: each asks when it is due, and a tick makes due what is --- */

/* The door relocks: by its timer when its lock tells nothing, else those who may pass lose it. */
static usec relock_due(const struct model *m, uint32_t door) {
  const struct m_door *d = &m->doors[door];
  if (!d->unlocked || (m_tells_locked(m, door) && !someone_may_pass(d)))
    return TIME_ABSENT;
  return d->relock_at;
}

enum { lock_silent_max = 2 }; /* seconds; Silent: how long one that is to tell may be */

static usec lock_failed_due(const struct model *m, uint32_t door) {
  const struct m_door *d = &m->doors[door];
  if (!d->unlocked || d->open || d->lock_failed || !m_tells_locked(m, door))
    return TIME_ABSENT;
  return d->relock_at + lock_silent_max * USEC_PER_S;
}

static usec held_due(const struct model *m, uint32_t door) {
  const struct m_door *d = &m->doors[door];
  if (!d->open || d->held)
    return TIME_ABSENT;
  return d->opened_at + (usec)m->plan->doors[door].held_open_ms * USEC_PER_MS;
}

static usec sooner(usec a, usec b) {
  return a == TIME_ABSENT ? b : b == TIME_ABSENT ? a : a < b ? a : b;
}

usec model_due(const struct model *m) {
  usec due = TIME_ABSENT;
  for (uint32_t d = 0; m->plan && d < m->plan->n_doors; d++) {
    due = sooner(due, relock_due(m, d));
    due = sooner(due, lock_failed_due(m, d));
    due = sooner(due, held_due(m, d));
  }
  return sooner(due, m_deadline_due(m));
}

static bool is_due(usec due, usec at) {
  return due != TIME_ABSENT && due <= at;
}

/* Silent: how many doors one tick looks at: as many as surely fit into the events of a command, a
 * door being good for all who wait at it and three alarms. The rest is still due. */
void m_decide_tick(const struct asked *a) {
  for (uint32_t d = 0; a->m->plan && d < a->m->plan->n_doors; d++) {
    if (a->o->n_events + party_max + 3 > events_max)
      return;
    bool relocks = is_due(relock_due(a->m, d), a->c->at);
    if (is_due(lock_failed_due(a->m, d), a->c->at))
      m_expect_alarm(a, EVENT_DOOR_LOCK_FAILED)->u.door_ref = the_door(a, d);
    if (relocks && !m_tells_locked(a->m, d))
      m_expect(a, EVENT_DOOR_LOCKED)->u.door_ref = the_door(a, d);
    if (relocks)
      end_all(a, EVENT_PASSAGE_NOT_TAKEN, d);
    if (is_due(held_due(a->m, d), a->c->at))
      m_expect_alarm(a, EVENT_DOOR_HELD)->u.door_ref = the_door(a, d);
  }
  m_decide_deadline(a);
}

/* --- A clock that was set forward: what runs at a door takes as long as it would have --- */

void m_decide_step(const struct asked *a) {
  const struct model *m = a->m;
  uint64_t by = a->c->u.clock_step.by;
  bool runs = false;
  if (by == 0 || by > (uint64_t)(a->c->at - m->last_at)) {
    m_reject(a, REASON_TIME_ORDER, REF_NONE, 0);
    return;
  }
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    runs |= m->doors[d].unlocked || m->doors[d].open || m->doors[d].n_party ||
            m->doors[d].rex_until > m->last_at;
  if (runs)
    m_expect(a, EVENT_CLOCK_STEPPED)->u.clock_stepped.by = by;
}
