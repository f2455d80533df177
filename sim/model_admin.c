/* model_admin.c: what operators ask for, besides passages and plans. */
#include "sim/model_state.h"

/* From 1970 to 2106, and the end after the beginning. */
bool m_bad_dates(const struct asked *a, usec from, usec until) {
  const usec last = ((usec)UINT32_MAX - 1) * USEC_PER_S;
  bool bad = from != TIME_ABSENT && (from < 0 || from > last);
  bad |= until != TIME_ABSENT && (until < 0 || until > last);
  bad |= until != TIME_ABSENT && until <= (from == TIME_ABSENT ? 0 : from);
  if (bad)
    m_reject(a, REASON_TIME_ORDER, REF_NONE, 0);
  return bad;
}

static void person_event(const struct asked *a, enum event_type type, uint32_t person) {
  m_expect(a, type)->u.person_ref.person = person;
}

static void add_operator(const struct asked *a) {
  const struct cmd_operator_add *c = &a->c->u.operator_add;
  uint32_t there;
  if (m_find_id(a->m, REF_OPERATOR, c->operator_id, &there))
    m_reject(a, REASON_EXISTS, REF_OPERATOR, there);
  else if (a->m->n_operators >= operators_max)
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else
    m_expect(a, EVENT_OPERATOR_ADDED)->u.operator_added =
        (struct ev_operator_added){c->operator_id, c->role};
}

static void disable_operator(const struct asked *a) {
  uint32_t i = a->c->u.operator_ref.operator_index;
  if (a->m->operators[i].disabled)
    m_reject(a, REASON_ALREADY_SO, REF_OPERATOR, i);
  else
    m_expect(a, EVENT_OPERATOR_DISABLED)->u.operator_ref.operator_index = i;
}

static void change_person(const struct asked *a) {
  uint32_t i = a->c->u.person_ref.person;
  enum person_state now = a->m->persons[i].state, wanted = PERSON_PRESENT;
  enum event_type event = EVENT_PERSON_REINSTATED;
  if (a->c->type == COMMAND_PERSON_SUSPEND)
    wanted = PERSON_STATE_SUSPENDED, event = EVENT_PERSON_SUSPENDED;
  if (a->c->type == COMMAND_PERSON_DEPART)
    wanted = PERSON_STATE_DEPARTED, event = EVENT_PERSON_DEPARTED;
  if (wanted != PERSON_STATE_SUSPENDED && m_reject_dead(a, i))
    return;
  if (wanted == PERSON_STATE_DEPARTED &&
      (a->m->persons[i].area != area_outside || m_is_booked(a->m, i)))
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, i);
  else if (now == wanted)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, i);
  else if (now == PERSON_STATE_MERGED ||
           (now == PERSON_STATE_DEPARTED && wanted == PERSON_STATE_SUSPENDED))
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, i);
  else
    person_event(a, event, i);
}

static void merge(const struct asked *a) {
  const struct cmd_person_merge *c = &a->c->u.person_merge;
  const struct m_person *p = &a->m->persons[c->person], *into = &a->m->persons[c->into];
  if (c->person == c->into)
    m_reject(a, REASON_SELF, REF_PERSON, c->person);
  else if (p->state == PERSON_STATE_MERGED)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (into->state == PERSON_STATE_MERGED)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->into);
  else if (!m_may_link(a->m, c->person, c->into))
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else if (!m_reject_dead(a, c->person))
    m_expect(a, EVENT_PERSON_MERGED)->u.person_merged =
        (struct ev_person_merged){c->person, c->into};
}

static void unmerge(const struct asked *a) {
  uint32_t i = a->c->u.person_ref.person;
  if (a->m->persons[i].state != PERSON_STATE_MERGED)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, i);
  else
    person_event(a, EVENT_PERSON_UNMERGED, i);
}

/* An officer's eyes correct the journal; but they do not take a detainee over the boundary. */
static void locate(const struct asked *a) {
  const struct cmd_person_locate *c = &a->c->u.person_locate;
  const struct m_person *p = &a->m->persons[c->person];
  if (p->area == c->area)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (p->kind == PERSON_DETAINEE && p->area == area_outside)
    m_reject(a, REASON_NO_BASIS_TO_HOLD, REF_PERSON, c->person);
  else if (p->kind == PERSON_DETAINEE && c->area == area_outside)
    m_reject(a, REASON_NO_AUTHORITY, REF_PERSON, c->person);
  else
    m_expect(a, EVENT_PERSON_LOCATED)->u.person_located =
        (struct ev_person_located){c->person, p->area, c->area};
}

/* Of whoever is not merged into another, and has not left for good. */
static void photograph(const struct asked *a) {
  uint32_t person = a->c->u.person_photo.person;
  uint32_t state = a->m->persons[person].state;
  if (state == PERSON_STATE_MERGED || state == PERSON_STATE_DEPARTED)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, person);
  else
    m_expect(a, EVENT_PERSON_PHOTOGRAPHED)->u.person_ref.person = person;
}

static void issue(const struct asked *a) {
  const struct cmd_credential_issue *c = &a->c->u.credential_issue;
  const struct model *m = a->m;
  uint32_t there;
  bool known = m_find_id(m, REF_CREDENTIAL, c->credential, &there);
  for (uint32_t i = 0; !known && i < m->n_credentials; i++)
    if (m_same_id(m->credentials[i].tag, c->tag)) {
      known = true;
      there = i;
    }
  if (known)
    m_reject(a, REASON_EXISTS, REF_CREDENTIAL, there);
  else if (m->n_credentials >= credentials_max)
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else if (m->persons[c->person].state != PERSON_PRESENT)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (c->once && c->until == TIME_ABSENT)
    m_reject(a, REASON_INCOMPLETE, REF_PERSON, c->person);
  else if (!m_reject_dead(a, c->person) && !m_bad_dates(a, c->from, c->until))
    m_expect(a, EVENT_CREDENTIAL_ISSUED)->u.credential_issued = (struct ev_credential_issued){
        c->credential, c->tag, c->person, c->format, c->from, c->until, c->once};
}

static void change_credential(const struct asked *a) {
  uint32_t i = a->c->u.credential_ref.credential;
  const struct m_credential *x = &a->m->credentials[i];
  if (a->c->type == COMMAND_CREDENTIAL_REINSTATE && m_reject_dead(a, x->person))
    return;
  static const struct {
    enum command_type command;
    enum credential_state wanted;
    enum event_type event;
  } ways[] = {
      {COMMAND_CREDENTIAL_SUSPEND, CREDENTIAL_STATE_SUSPENDED, EVENT_CREDENTIAL_SUSPENDED},
      {COMMAND_CREDENTIAL_REINSTATE, CREDENTIAL_STATE_ISSUED, EVENT_CREDENTIAL_REINSTATED},
      {COMMAND_CREDENTIAL_LOST, CREDENTIAL_STATE_LOST, EVENT_CREDENTIAL_LOST},
      {COMMAND_CREDENTIAL_REVOKE, CREDENTIAL_STATE_REVOKED, EVENT_CREDENTIAL_REVOKED},
  };
  for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
    if (ways[k].command != a->c->type)
      continue;
    if (x->state == ways[k].wanted)
      m_reject(a, REASON_ALREADY_SO, REF_CREDENTIAL, i);
    else if (x->state == CREDENTIAL_STATE_REVOKED ||
             (x->state == CREDENTIAL_STATE_LOST && ways[k].wanted == CREDENTIAL_STATE_SUSPENDED))
      m_reject(a, REASON_WRONG_STATE, REF_CREDENTIAL, i);
    else
      m_expect(a, ways[k].event)->u.credential_ref = (struct ev_credential_ref){i, x->person};
  }
}

static void set_pin(const struct asked *a) {
  const struct cmd_pin_set *c = &a->c->u.pin_set;
  if (!m_no_id(c->duress) && m_same_id(c->duress, c->pin))
    m_reject(a, REASON_SELF, REF_PERSON, c->person);
  else if (!m_no_id(c->duress) && m_no_id(c->pin))
    m_reject(a, REASON_PIN_MISSING, REF_PERSON, c->person);
  else if (!m_reject_dead(a, c->person))
    m_expect(a, EVENT_PIN_SET)->u.pin_set = (struct ev_pin_set){c->person, c->pin, c->duress};
}

static uint32_t grant_of(const struct m_person *p, uint32_t level) {
  for (uint32_t i = 0; i < p->n_grants; i++)
    if (p->grants[i].level == level)
      return i;
  return REF_ABSENT;
}

/* Levels beyond the first three of each person have a bound of their own. */
static bool room_for_level(const struct model *m, const struct m_person *p) {
  uint32_t extra = 0;
  for (uint32_t i = 0; i < m->n_persons; i++)
    extra += m->persons[i].n_grants > grants_inline ? m->persons[i].n_grants - grants_inline : 0;
  return p->n_grants < grants_inline || extra < extra_grants_max;
}

static void grant_level(const struct asked *a) {
  const struct cmd_level_grant *c = &a->c->u.level_grant;
  const struct m_person *p = &a->m->persons[c->person];
  if (grant_of(p, c->level) == REF_ABSENT && !room_for_level(a->m, p))
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else if (p->state == PERSON_STATE_DEPARTED || p->state == PERSON_STATE_MERGED)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  else if (!m_reject_dead(a, c->person) && !m_bad_dates(a, c->from, c->until))
    m_expect(a, EVENT_LEVEL_GRANTED)->u.level_granted =
        (struct ev_level_granted){c->person, c->level, c->from, c->until};
}

static void revoke_level(const struct asked *a) {
  const struct cmd_level_revoke *c = &a->c->u.level_revoke;
  if (grant_of(&a->m->persons[c->person], c->level) == REF_ABSENT)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else
    m_expect(a, EVENT_LEVEL_REVOKED)->u.level_revoked =
        (struct ev_level_revoked){c->person, c->level};
}

static void separate(const struct asked *a) {
  const struct cmd_separation *c = &a->c->u.separation;
  bool add = a->c->type == COMMAND_SEPARATION_ADD;
  uint32_t order = m_keeps_apart(a->m, c->person, c->from_person, a->c->at);
  if (!add && order != REF_ABSENT)
    m_refuse(a, REASON_STAYED, REF_ORDER, order);
  else if (add && c->person == c->from_person)
    m_reject(a, REASON_SELF, REF_PERSON, c->person);
  else if (m_separate(a->m, c->person, c->from_person) == add)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (add && 2 * (a->m->n_pairs + 1) > separations_max) /* a row for each of the two */
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else
    m_expect(a, add ? EVENT_SEPARATION_ADDED : EVENT_SEPARATION_LIFTED)->u.separation =
        (struct ev_separation){c->person, c->from_person};
}

static void change_lockdown(const struct asked *a) {
  uint32_t area = a->c->u.area_ref.area;
  bool start = a->c->type == COMMAND_LOCKDOWN_START;
  if (area == area_outside)
    m_reject(a, REASON_WRONG_STATE, REF_AREA, area);
  else if (a->m->areas[area].lockdown == start)
    m_reject(a, REASON_ALREADY_SO, REF_AREA, area);
  else
    m_expect(a, start ? EVENT_LOCKDOWN_STARTED : EVENT_LOCKDOWN_RELEASED)->u.area_ref.area = area;
}

static void change_threat(const struct asked *a) {
  uint32_t to = a->c->u.threat_ref.threat, now = a->m->threat;
  bool raise = a->c->type == COMMAND_THREAT_RAISE;
  if (to == now)
    m_reject(a, REASON_ALREADY_SO, REF_THREAT, to);
  else if (raise != (to > now))
    m_reject(a, REASON_WRONG_STATE, REF_THREAT, now);
  else
    m_expect(a, EVENT_THREAT_CHANGED)->u.threat_changed = (struct ev_threat_changed){now, to};
}

static void change_gate(const struct asked *a) {
  uint32_t gate = a->c->u.gate_ref.gate;
  bool close = a->c->type == COMMAND_GATE_CLOSE;
  if (a->m->closed[gate] == close)
    m_reject(a, REASON_ALREADY_SO, REF_GATE, gate);
  else
    m_expect(a, close ? EVENT_GATE_CLOSED : EVENT_GATE_OPENED)->u.gate_ref.gate = gate;
}

/* Only what has a key, on a line, can get another; one at a time. */
static void rekey(const struct asked *a) {
  uint32_t reader = a->c->u.reader_ref.reader;
  const struct plan_reader *p = &a->m->plan->readers[reader];
  if (p->secure == SECURE_NONE || p->line == NONE16)
    m_reject(a, REASON_WRONG_STATE, REF_READER, reader);
  else if (a->m->readers[reader].rekey_n)
    m_reject(a, REASON_ALREADY_SO, REF_READER, reader);
  else {
    m_expect(a, EVENT_READER_REKEY_ORDERED)->u.reader_ref.reader = reader;
    m_expect_effect(a, EFFECT_REKEY, REF_ABSENT, reader, 0, 0);
  }
}

static void acknowledge(const struct asked *a) {
  uint64_t n = a->c->u.alarm_acknowledge.alarm;
  for (uint32_t i = 0; i < a->m->n_alarms; i++)
    if (a->m->alarms[i].n == n) {
      m_expect(a, EVENT_ALARM_ACKNOWLEDGED)->u.alarm_acknowledged.alarm = n;
      return;
    }
  m_reject(a, REASON_ALREADY_SO, REF_NONE, 0);
}

static void create_site(const struct asked *a) {
  if (a->m->created)
    m_reject(a, REASON_EXISTS, REF_NONE, 0);
  else
    m_expect(a, EVENT_SITE_CREATED)->u.site_created.vkey = a->c->u.site_create.vkey;
}

static void read_details(const struct asked *a) {
  const struct cmd_details_read *c = &a->c->u.details_read;
  const struct model *m = a->m;
  bool one = c->order == REF_ABSENT ? c->person == REF_ABSENT || c->movement == REF_ABSENT
                                    : c->person == REF_ABSENT && c->movement == REF_ABSENT;
  if (!one) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
    return;
  }
  if (c->order != REF_ABSENT && m_order(m, c->order)->sealed) {
    uint32_t role = m->operators[a->c->by.index].role;
    bool alone = role == ROLE_ADMIN && m->plan && !m->plan->rules.second_operator;
    if (role != ROLE_RECORDS && role != ROLE_LEGAL && !alone) {
      m_refuse(a, REASON_SEALED, REF_ORDER, c->order);
      return;
    }
  }
  m_expect(a, EVENT_DETAILS_READ)->u.details_read =
      (struct ev_details_read){c->person, c->order, c->movement};
}

static void erase_details(const struct asked *a) {
  const struct cmd_details_erase *c = &a->c->u.details_erase;
  m_expect(a, EVENT_DETAILS_ERASED)->u.details_erased =
      (struct ev_details_erased){c->person, c->ground};
}

static void take_snapshot(const struct asked *a) {
  m_expect(a, EVENT_SNAPSHOT_TAKEN)->u.snapshot_taken.state = a->c->u.snapshot_take.state;
}

void m_decide_admin(const struct asked *a) {
  static void (*const rules[COMMAND_COUNT])(const struct asked *) = {
      [COMMAND_SITE_CREATE] = create_site,
      [COMMAND_OPERATOR_ADD] = add_operator,
      [COMMAND_OPERATOR_DISABLE] = disable_operator,
      [COMMAND_OPERATOR_COMPROMISE] = m_compromise_operator,
      [COMMAND_PERSON_ADD] = m_add_person,
      [COMMAND_PERSON_SUSPEND] = change_person,
      [COMMAND_PERSON_REINSTATE] = change_person,
      [COMMAND_PERSON_DEPART] = change_person,
      [COMMAND_PERSON_MERGE] = merge,
      [COMMAND_PERSON_UNMERGE] = unmerge,
      [COMMAND_PERSON_LOCATE] = locate,
      [COMMAND_PERSON_IDENTIFY] = m_identify_person,
      [COMMAND_VISIT_OPEN] = m_open_visit,
      [COMMAND_VISIT_CLOSE] = m_close_visit,
      [COMMAND_PERSON_PHOTO] = photograph,
      [COMMAND_CREDENTIAL_ISSUE] = issue,
      [COMMAND_CREDENTIAL_SUSPEND] = change_credential,
      [COMMAND_CREDENTIAL_REINSTATE] = change_credential,
      [COMMAND_CREDENTIAL_LOST] = change_credential,
      [COMMAND_CREDENTIAL_REVOKE] = change_credential,
      [COMMAND_CREDENTIAL_COMPROMISE] = m_compromise_credential,
      [COMMAND_PIN_SET] = set_pin,
      [COMMAND_LEVEL_GRANT] = grant_level,
      [COMMAND_LEVEL_REVOKE] = revoke_level,
      [COMMAND_SEPARATION_ADD] = separate,
      [COMMAND_SEPARATION_LIFT] = separate,
      [COMMAND_LOCKDOWN_START] = change_lockdown,
      [COMMAND_LOCKDOWN_RELEASE] = change_lockdown,
      [COMMAND_THREAT_RAISE] = change_threat,
      [COMMAND_THREAT_LOWER] = change_threat,
      [COMMAND_GATE_CLOSE] = change_gate,
      [COMMAND_GATE_OPEN] = change_gate,
      [COMMAND_READER_REKEY] = rekey,
      [COMMAND_ALARM_ACKNOWLEDGE] = acknowledge,
      [COMMAND_DETAILS_READ] = read_details,
      [COMMAND_DETAILS_ERASE] = erase_details,
      [COMMAND_SNAPSHOT_TAKE] = take_snapshot,
  };
  if (!m_decide_custody(a) && !m_decide_movement(a) && !m_decide_death(a) && !m_decide_count(a))
    rules[a->c->type](a);
}
