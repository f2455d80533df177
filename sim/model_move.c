/* model_move.c: what an event makes true of people, credentials and states of the site. */
#include "sim/model_state.h"

#include <string.h>

void *m_grow(void *array, uint32_t n, size_t size) {
  if (n & (n - 1)) /* grown when n is a power of two, or 0 */
    return array;
  return sp_realloc(array, (n ? 2 * (size_t)n : 1) * size);
}

/* Room for one more at the end of an array of the model, zeroed. */
static bool room(void **array, uint32_t n, size_t size) {
  void *grown = m_grow(*array, n, size);
  if (!grown)
    return false;
  *array = grown;
  memset((char *)grown + (size_t)n * size, 0, size);
  return true;
}

#define ROOM(m, array) room((void **)&(m)->array, (m)->n_##array, sizeof *(m)->array)

// clang-format off
static bool is_alarm(enum event_type t) {
  static const enum event_type alarms[] = {
      EVENT_PIN_LOCKED,
      EVENT_CANDIDATES_UNLINKED,
      EVENT_DOOR_FORCED,
      EVENT_DOOR_HELD,
      EVENT_DOOR_LOCK_FAILED,
      EVENT_DURESS_RAISED,
      EVENT_READER_OFFLINE,
      EVENT_READER_TAMPERED,
      EVENT_READER_INSECURE,
      EVENT_READER_POWER_FAILED,
      EVENT_ORDER_DIFFERS,
      EVENT_ORDER_REFUTED,
      EVENT_NOTICE_OWED,
      EVENT_REFUSAL_ESCALATED,
      EVENT_RECALL_RAISED,
      EVENT_DEADLINE_PASSED,
      EVENT_ORDER_CONFLICTS, EVENT_DEATH_RECORDED, EVENT_DEATH_RETRACTED, EVENT_COUNT_DIFFERS,
      EVENT_CREDENTIAL_COMPROMISED, EVENT_OPERATOR_COMPROMISED,
  };
  for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++)
    if (alarms[i] == t)
      return true;
  return false;
}
// clang-format on

static bool raise_alarm(struct model *m, const struct event *e) {
  if (m->n_alarms == alarms_max) {
    m->alarms_lost++;
    return true;
  }
  if (!ROOM(m, alarms))
    return false;
  m->alarms[m->n_alarms++] = (struct m_alarm){e->n, e->type};
  return true;
}

static void acknowledged(struct model *m, uint64_t n) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < m->n_alarms; i++)
    if (m->alarms[i].n != n)
      m->alarms[kept++] = m->alarms[i];
  m->n_alarms = kept;
}

static bool person_added(struct model *m, const struct ev_person_added *e) {
  if (!ROOM(m, persons))
    return false;
  struct m_person *p = &m->persons[m->n_persons++];
  p->id = e->person;
  p->kind = e->kind;
  p->area = area_outside;
  p->merged_into = p->died_in = REF_ABSENT;
  p->dates = m_dates(e->from, e->until);
  p->locked_until_s = p->entered_s = 0;
  return true;
}

static bool credential_issued(struct model *m, const struct ev_credential_issued *e) {
  if (!ROOM(m, credentials))
    return false;
  m->credentials[m->n_credentials++] = (struct m_credential){
      .id = e->credential,
      .tag = e->tag,
      .person = e->person,
      .format = e->format,
      .state = CREDENTIAL_STATE_ISSUED,
      .dates = m_dates(e->from, e->until),
      .compromised_s = INT64_MAX,
      .once = e->once,
  };
  return true;
}

static bool operator_added(struct model *m, const struct ev_operator_added *e) {
  if (!ROOM(m, operators))
    return false;
  m->operators[m->n_operators++] = (struct m_operator){e->operator_id, e->role, false, INT64_MAX};
  return true;
}

/* Silent: in which order levels are looked at, which decides on which of equal ones a permission
 * rests: the first three as they came, then the newest first; the one that is revoked leaves its
 * place to the newest beyond three, or else to the last. */
static bool level_granted(struct model *m, const struct ev_level_granted *e) {
  struct m_person *p = &m->persons[e->person];
  struct m_dates dates = m_dates(e->from, e->until);
  for (uint32_t i = 0; i < p->n_grants; i++)
    if (p->grants[i].level == e->level) {
      p->grants[i].dates = dates;
      return true;
    }
  struct m_grant *grown = m_grow(p->grants, p->n_grants, sizeof *grown);
  if (!grown)
    return false;
  p->grants = grown;
  uint32_t at = p->n_grants < grants_inline ? p->n_grants : grants_inline;
  for (uint32_t i = p->n_grants++; i > at; i--)
    p->grants[i] = p->grants[i - 1];
  p->grants[at] = (struct m_grant){e->level, dates};
  return true;
}

static void level_revoked(struct model *m, const struct ev_level_revoked *e) {
  struct m_person *p = &m->persons[e->person];
  uint32_t filler = p->n_grants > grants_inline ? grants_inline : p->n_grants - 1;
  for (uint32_t i = 0; i < p->n_grants; i++)
    if (p->grants[i].level == e->level)
      p->grants[i] = p->grants[filler];
  p->n_grants--;
  for (uint32_t i = filler; i < p->n_grants; i++)
    p->grants[i] = p->grants[i + 1];
}

static bool separated(struct model *m, const struct ev_separation *e) {
  if (!ROOM(m, pairs))
    return false;
  m->pairs[m->n_pairs++] = (struct m_pair){e->person, e->from_person};
  return true;
}

static void unseparated(struct model *m, const struct ev_separation *e) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < m->n_pairs; i++) {
    struct m_pair p = m->pairs[i];
    if (!((p.a == e->person && p.b == e->from_person) ||
          (p.b == e->person && p.a == e->from_person)))
      m->pairs[kept++] = p;
  }
  m->n_pairs = kept;
}

static void merged(struct model *m, const struct ev_person_merged *e) {
  struct m_person *p = &m->persons[e->person];
  p->before_merge = p->state;
  p->state = PERSON_STATE_MERGED;
  p->merged_into = e->into;
}

static void unmerged(struct model *m, const struct ev_person_ref *e) {
  struct m_person *p = &m->persons[e->person];
  p->state = p->before_merge;
  p->before_merge = PERSON_PRESENT;
  p->merged_into = REF_ABSENT;
}

static void pin_set(struct model *m, const struct ev_pin_set *e) {
  struct m_person *p = &m->persons[e->person];
  p->pin = e->pin;
  p->duress = e->duress;
  p->failures = 0;
  p->locked_until_s = 0;
}

/* Whoever waits at a door showed what was asked before: they present again (invariant 4). */
static void threat_changed(struct model *m, const struct ev_threat_changed *e) {
  m->threat = e->to;
  for (uint32_t d = 0; e->from < e->to && d < m->plan->n_doors; d++)
    for (uint32_t i = m->doors[d].n_party; i-- > 0;)
      if (m->doors[d].party[i].status == PARTY_WAITING)
        m_forget(&m->doors[d], i);
}

static void pin_locked(struct model *m, const struct ev_pin_locked *e) {
  m->persons[e->person].failures = 0;
  m->persons[e->person].locked_until_s = m_second(e->until);
}

static bool move_reader(struct model *m, const struct event *e) {
  struct m_reader *r = m->readers; /* none before the first plan */
  const uint32_t i = e->u.reader_ref.reader;
  // clang-format off
  switch ((int)e->type) {
  case EVENT_READER_ONLINE:        r[i].offline = false; break;
  case EVENT_READER_OFFLINE:       r[i].offline = true; break;
  case EVENT_READER_TAMPERED:      r[i].tampered = true; break;
  case EVENT_READER_RESTORED:      r[i].tampered = false; break;
  case EVENT_READER_INSECURE:      r[i].insecure = true; break;
  case EVENT_READER_SECURE:        r[i].insecure = false; break;
  case EVENT_READER_POWER_FAILED:  r[i].unpowered = true; break;
  case EVENT_READER_POWER_RESTORED: r[i].unpowered = false; break;
  case EVENT_READER_REKEY_ORDERED: r[i].rekey_n = e->n; break;
  case EVENT_READER_REKEYED:       r[i].rekey_n = 0; break;
  default: return false;
  }
  // clang-format on
  return true;
}

/* The short ones: one member takes one value. */
static bool move_simple(struct model *m, const struct event *e) {
  struct m_person *p = m->persons;
  struct m_credential *c = m->credentials;
  uint32_t person = e->u.person_ref.person, credential = e->u.credential_ref.credential;
  // clang-format off
  switch ((int)e->type) {
  case EVENT_SITE_CREATED:          m->created = true; m->vkey = e->u.site_created.vkey; break;
  case EVENT_OPERATOR_DISABLED:     m->operators[e->u.operator_ref.operator_index].disabled = true; break;
  case EVENT_PERSON_SUSPENDED:      p[person].state = PERSON_STATE_SUSPENDED; break;
  case EVENT_PERSON_REINSTATED:     p[person].state = PERSON_PRESENT; break;
  case EVENT_PERSON_DEPARTED:       p[person].state = PERSON_STATE_DEPARTED; break;
  case EVENT_CREDENTIAL_SUSPENDED:  c[credential].state = CREDENTIAL_STATE_SUSPENDED; break;
  case EVENT_CREDENTIAL_REINSTATED: c[credential].state = CREDENTIAL_STATE_ISSUED; break;
  case EVENT_CREDENTIAL_LOST:       c[credential].state = CREDENTIAL_STATE_LOST; break;
  case EVENT_CREDENTIAL_REVOKED:    c[credential].state = CREDENTIAL_STATE_REVOKED; break;
  case EVENT_LOCKDOWN_STARTED:      m->areas[e->u.area_ref.area].lockdown = true; break;
  case EVENT_LOCKDOWN_RELEASED:     m->areas[e->u.area_ref.area].lockdown = false; break;
  case EVENT_GATE_CLOSED:           m->closed[e->u.gate_ref.gate] = true; break;
  case EVENT_GATE_OPENED:           m->closed[e->u.gate_ref.gate] = false; break;
  case EVENT_CREDENTIAL_COMPROMISED:
    c[credential].state = CREDENTIAL_STATE_REVOKED;
    c[credential].compromised_s = m_second(e->u.credential_compromised.since);
    break;
  case EVENT_OPERATOR_COMPROMISED:
    m->operators[e->u.operator_compromised.operator_index].disabled = true;
    m->operators[e->u.operator_compromised.operator_index].compromised_s =
        m_second(e->u.operator_compromised.since);
    break;
  default: return false;
  }
  // clang-format on
  return true;
}

static bool move_people(struct model *m, const struct event *e) {
  bool ok = true;
  // clang-format off
  switch ((int)e->type) {
  case EVENT_PLAN_APPLIED:       ok = m_move_plan(m, e); break;
  case EVENT_OPERATOR_ADDED:     ok = operator_added(m, &e->u.operator_added); break;
  case EVENT_PERSON_ADDED:       ok = person_added(m, &e->u.person_added); break;
  case EVENT_CREDENTIAL_ISSUED:  ok = credential_issued(m, &e->u.credential_issued); break;
  case EVENT_LEVEL_GRANTED:      ok = level_granted(m, &e->u.level_granted); break;
  case EVENT_LEVEL_REVOKED:      level_revoked(m, &e->u.level_revoked); break;
  case EVENT_SEPARATION_ADDED:   ok = separated(m, &e->u.separation); break;
  case EVENT_SEPARATION_LIFTED:  unseparated(m, &e->u.separation); break;
  case EVENT_PERSON_MERGED:      merged(m, &e->u.person_merged); break;
  case EVENT_PERSON_UNMERGED:    unmerged(m, &e->u.person_ref); break;
  case EVENT_THREAT_CHANGED:     threat_changed(m, &e->u.threat_changed); break;
  case EVENT_PIN_SET:            pin_set(m, &e->u.pin_set); break;
  case EVENT_PIN_LOCKED:         pin_locked(m, &e->u.pin_locked); break;
  case EVENT_ALARM_ACKNOWLEDGED: acknowledged(m, e->u.alarm_acknowledged.alarm); break;
  default:                       ok = m_move_passage(m, e); break;
  }
  // clang-format on
  return ok;
}

static bool keep(struct model *m, const struct event *e) {
  if (!ROOM(m, custody) || !ROOM(m, custody_types))
    return false;
  m->custody[m->n_custody++] = *e;
  m->custody_types[m->n_custody_types++] = (uint16_t)e->type;
  return true;
}

bool m_move(struct model *m, const struct event *e) {
  if (e->type == EVENT_MOVEMENT_DEPARTED)
    m_move_departure(m, e->u.movement_departed.movement, e->at);
  m_move_death(m, e);
  if (!m_move_count(m, e))
    return false;
  if (m_is_custody(m, e) && !keep(m, e))
    return false;
  bool ok = move_simple(m, e) || move_reader(m, e) || move_people(m, e);
  if (ok && is_alarm(e->type))
    ok = raise_alarm(m, e);
  if (e->type != EVENT_SITE_CREATED && e->type != EVENT_PLAN_APPLIED &&
      e->type != EVENT_OPERATOR_ADDED)
    m->sealed = true;
  m->next = e->n + 1;
  m->last_at = e->at;
  return ok;
}
