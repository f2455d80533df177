#include "engine/fold_check.h"

#include "core/once.h"
#include "engine/fold_custody.h"

/* Each returns what is wrong, as static text, or NULL. */
typedef const char *check(const struct core *core, const struct event *e);

static const struct person *person_at(const struct core *core, uint32_t i) {
  return &core->persons[i];
}

/* --- Site, operators --- */

static const char *check_site_created(const struct core *core, const struct event *e) {
  (void)e;
  return core->head.site_created ? "the site was created before" : NULL;
}

static const char *check_operator_added(const struct core *core, const struct event *e) {
  uint32_t have;
  if (core_find_operator(core, e->u.operator_added.operator_id, &have))
    return "this operator exists already";
  return core->head.n_operators < operators_max ? NULL : "there are more operators than fit";
}

static const char *check_operator_disabled(const struct core *core, const struct event *e) {
  return core->operators[e->u.operator_ref.operator_index].disabled
             ? "the operator is disabled already"
             : NULL;
}

static const char *check_operator_compromised(const struct core *core, const struct event *e) {
  (void)core;
  return e->u.operator_compromised.since > e->at ? "it is of a time to come" : NULL;
}

/* --- Persons --- */

static const char *check_person_added(const struct core *core, const struct event *e) {
  const struct ev_person_added *a = &e->u.person_added;
  uint32_t have;
  if (!core->plan)
    return "no plan is in force yet";
  if (core_find_person(core, a->person, &have))
    return "this person exists already";
  if (core->head.n_persons == persons_max)
    return "there are more persons than fit";
  return a->number == person_number(core->head.n_persons) ? NULL
                                                          : "it is not the next short number";
}

/* From which states an event may come, as bits of enum person_state. */
static const char *from_states(const struct core *core, const struct event *e, unsigned states) {
  return states & 1u << person_at(core, e->u.person_ref.person)->state
             ? NULL
             : "the person is not in a state from which that follows";
}

static const char *check_person_suspended(const struct core *core, const struct event *e) {
  return from_states(core, e, 1u << PERSON_PRESENT);
}

static const char *check_person_reinstated(const struct core *core, const struct event *e) {
  return from_states(core, e, 1u << PERSON_STATE_SUSPENDED | 1u << PERSON_STATE_DEPARTED);
}

static const char *check_person_departed(const struct core *core, const struct event *e) {
  return from_states(core, e, 1u << PERSON_PRESENT | 1u << PERSON_STATE_SUSPENDED);
}

static const char *check_person_unmerged(const struct core *core, const struct event *e) {
  return from_states(core, e, 1u << PERSON_STATE_MERGED);
}

static const char *check_person_merged(const struct core *core, const struct event *e) {
  const struct ev_person_merged *m = &e->u.person_merged;
  if (m->person == m->into)
    return "the two are the same";
  if (person_at(core, m->person)->state == PERSON_STATE_MERGED)
    return "they are merged already";
  return links_fit(core, m->person, m->into) ? NULL : "more hang together than may";
}

static const char *check_person_located(const struct core *core, const struct event *e) {
  const struct ev_person_located *l = &e->u.person_located;
  return person_at(core, l->person)->area == l->from ? NULL
                                                     : "the person is in another area than it says";
}

/* --- Credentials, levels, separation --- */

static const char *check_credential_issued(const struct core *core, const struct event *e) {
  const struct ev_credential_issued *c = &e->u.credential_issued;
  uint32_t have;
  if (core_find_credential(core, c->credential, &have) ||
      core_find_credential_tag(core, c->tag, &have))
    return "this credential exists already";
  if (c->once && c->until == TIME_ABSENT)
    return "a one-time pass without an end";
  return core->head.n_credentials < credentials_max ? NULL : "there are more credentials than fit";
}

static const char *check_credential_compromised(const struct core *core, const struct event *e) {
  const struct ev_credential_compromised *c = &e->u.credential_compromised;
  return core->credentials[c->credential].person != c->person ? "the credential is another person's"
         : c->since > e->at                                   ? "it is of a time to come"
                                                              : NULL;
}

static const char *check_credential_ref(const struct core *core, const struct event *e) {
  const struct ev_credential_ref *c = &e->u.credential_ref;
  return core->credentials[c->credential].person == c->person
             ? NULL
             : "the credential is another person's";
}

/* So that no door's times leave the calendar. */
static const char *check_clock_stepped(const struct core *core, const struct event *e) {
  uint64_t since = e->at > core_last_at(core) ? (uint64_t)(e->at - core_last_at(core)) : 0;
  return e->u.clock_stepped.by && e->u.clock_stepped.by <= since
             ? NULL
             : "the clock was set forward by more than the time since the last entry";
}

static bool holds(const struct core *core, uint32_t person, uint32_t level) {
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, person_at(core, person), &c));)
    if (g->level == level)
      return true;
  return false;
}

static const char *check_level_granted(const struct core *core, const struct event *e) {
  const struct ev_level_granted *l = &e->u.level_granted;
  bool room = person_at(core, l->person)->n_grants < grants_inline || core->head.free_grant ||
              core->head.n_extra_grants < extra_grants_max;
  return room || holds(core, l->person, l->level) ? NULL : "there are more grants than fit";
}

static const char *check_level_revoked(const struct core *core, const struct event *e) {
  return holds(core, e->u.level_revoked.person, e->u.level_revoked.level)
             ? NULL
             : "the person does not hold this access level";
}

static bool kept_separate(const struct core *core, uint32_t a, uint32_t b) {
  for (uint32_t s = person_at(core, a)->separations; s; s = core->separations[s - 1].next)
    if (core->separations[s - 1].other == b)
      return true;
  return false;
}

static const char *check_separation_added(const struct core *core, const struct event *e) {
  const struct ev_separation *s = &e->u.separation;
  if (s->person == s->from_person || kept_separate(core, s->person, s->from_person))
    return "the two are the same, or kept separate already";
  uint32_t free_rows = separations_max - core->head.n_separations;
  for (uint32_t i = core->head.free_separation; i && free_rows < 2;
       i = core->separations[i - 1].next)
    free_rows++;
  return free_rows >= 2 ? NULL : "there are more separations than fit";
}

static const char *check_separation_lifted(const struct core *core, const struct event *e) {
  const struct ev_separation *s = &e->u.separation;
  return kept_separate(core, s->person, s->from_person) &&
                 kept_separate(core, s->from_person, s->person)
             ? NULL
             : "the two are not kept separate";
}

/* --- States of the site --- */

static const char *check_lockdown_started(const struct core *core, const struct event *e) {
  return core->areas[e->u.area_ref.area].lockdown ? "the area is locked down already" : NULL;
}

static const char *check_lockdown_released(const struct core *core, const struct event *e) {
  return core->areas[e->u.area_ref.area].lockdown && core->head.lockdowns
             ? NULL
             : "the area is not locked down";
}

static const char *check_threat_changed(const struct core *core, const struct event *e) {
  return core->head.threat == e->u.threat_changed.from ? NULL : "another threat level is in force";
}

/* --- Passages --- */

/* core_apply puts the person into the door's party. */
static bool party_has_place(const struct core *core, uint32_t door, uint32_t person) {
  const struct door_state *s = &core->doors[door];
  bool place = s->n_party < party_max;
  for (uint32_t i = 0; i < s->n_party && !place; i++)
    place = s->party[i].person == person || s->party[i].status != PARTY_GRANTED;
  return place;
}

/* A permission leads to the side of the door that its reader is for: a later plan keeps the areas
 * of a door in use, and no others. */
static const char *way_wrong(const struct plan *plan, uint32_t reader, uint32_t door, uint32_t gate,
                             const uint32_t ends[2], uint32_t direction) {
  const struct plan_reader *r = &plan->readers[reader];
  const struct plan_door *d = &plan->doors[door];
  if (r->door != door || d->gate != gate)
    return "reader, door and gate do not belong together";
  bool in = direction == DIRECTION_IN;
  return r->direction == direction && ends[0] == (in ? d->from : d->to) &&
                 ends[1] == (in ? d->to : d->from)
             ? NULL
             : "the reader does not lead from there to there";
}

static const char *check_passage_granted(const struct core *core, const struct event *e) {
  const struct ev_passage_granted *g = &e->u.passage_granted;
  if (core->credentials[g->credential].person != g->person)
    return "the credential is another person's";
  if (once_spent(core, g->credential, g->door, g->to))
    return "the one-time pass is used up for that way";
  const char *wrong = way_wrong(core->plan, g->reader, g->door, g->gate,
                                (const uint32_t[]){g->from, g->to}, g->direction);
  if (wrong)
    return wrong;
  return party_has_place(core, g->door, g->person) ? NULL : "too many wait at the door";
}

static const char *check_passage_refused(const struct core *core, const struct event *e) {
  const struct ev_passage_refused *r = &e->u.passage_refused;
  bool pin_wrong = false;
  for (uint32_t i = 0; i < r->reasons.n; i++)
    pin_wrong |= r->reasons.at[i].code == REASON_PIN_WRONG;
  if (!r->reasons.n)
    return "a refusal has a reason";
  const char *wrong = way_wrong(core->plan, r->reader, r->door, r->gate,
                                (const uint32_t[]){r->from, r->to}, r->direction);
  if (wrong)
    return wrong;
  if ((r->waiting || pin_wrong) && (r->person == REF_ABSENT || r->credential == REF_ABSENT))
    return "it concerns a person, and names none";
  if (r->waiting && !party_has_place(core, r->door, r->person))
    return "too many wait at the door";
  return NULL;
}

static const char *check_passage_ended(const struct core *core, const struct event *e) {
  const struct ev_passage_ended *p = &e->u.passage_ended;
  const struct door_state *s = &core->doors[p->door];
  for (uint32_t i = 0; i < s->n_party; i++)
    if (s->party[i].person == p->person && s->party[i].status == PARTY_GRANTED)
      return s->party[i].granted == p->granted && s->party[i].to == p->to
                 ? NULL
                 : "another passage was permitted";
  return "no passage was permitted";
}

/* --- Alarms --- */

static const char *check_alarm_acknowledged(const struct core *core, const struct event *e) {
  for (uint32_t i = 0; i < core->head.n_alarms; i++)
    if (core->alarms[i].n == e->u.alarm_acknowledged.alarm)
      return NULL;
  return "this alarm is not open";
}

static const char *check_details_read(const struct core *core, const struct event *e) {
  const struct ev_details_read *r = &e->u.details_read;
  (void)core;
  return (r->person != REF_ABSENT) + (r->order != REF_ABSENT) + (r->movement != REF_ABSENT) > 1
             ? "details are read of one thing at a time"
             : NULL;
}

/* Its references were found when it was decoded, and nothing more can be wrong with it. */
static const char *check_nothing(const struct core *core, const struct event *e) {
  (void)core;
  (void)e;
  return NULL;
}

static check *const checks[EVENT_COUNT] = {
    [EVENT_SITE_CREATED] = check_site_created,
    [EVENT_PLAN_APPLIED] = check_nothing,
    [EVENT_OPERATOR_ADDED] = check_operator_added,
    [EVENT_OPERATOR_DISABLED] = check_operator_disabled,
    [EVENT_OPERATOR_COMPROMISED] = check_operator_compromised,
    [EVENT_PERSON_ADDED] = check_person_added,
    [EVENT_PERSON_SUSPENDED] = check_person_suspended,
    [EVENT_PERSON_REINSTATED] = check_person_reinstated,
    [EVENT_PERSON_DEPARTED] = check_person_departed,
    [EVENT_PERSON_MERGED] = check_person_merged,
    [EVENT_PERSON_UNMERGED] = check_person_unmerged,
    [EVENT_PERSON_LOCATED] = check_person_located,
    [EVENT_PERSON_IDENTIFIED] = check_nothing,
    [EVENT_CANDIDATES_UNLINKED] = check_nothing,
    [EVENT_PERSON_PHOTOGRAPHED] = check_nothing,
    [EVENT_CREDENTIAL_ISSUED] = check_credential_issued,
    [EVENT_CREDENTIAL_SUSPENDED] = check_credential_ref,
    [EVENT_CREDENTIAL_REINSTATED] = check_credential_ref,
    [EVENT_CREDENTIAL_LOST] = check_credential_ref,
    [EVENT_CREDENTIAL_REVOKED] = check_credential_ref,
    [EVENT_CREDENTIAL_COMPROMISED] = check_credential_compromised,
    [EVENT_PIN_SET] = check_nothing,
    [EVENT_PIN_LOCKED] = check_nothing,
    [EVENT_LEVEL_GRANTED] = check_level_granted,
    [EVENT_LEVEL_REVOKED] = check_level_revoked,
    [EVENT_SEPARATION_ADDED] = check_separation_added,
    [EVENT_SEPARATION_LIFTED] = check_separation_lifted,
#define X(NAME, name) [EVENT_##NAME] = check_##name,
    CUSTODY_EVENTS(X)
#undef X
        [EVENT_ORDER_DIFFERS] = check_nothing,
    [EVENT_BOOKING_REFUSED] = check_nothing,
    [EVENT_MOVEMENT_REFUSED] = check_nothing,
    [EVENT_NOTICE_OWED] = check_nothing,
    [EVENT_COUNT_DIFFERS] = check_nothing,
    [EVENT_LOCKDOWN_STARTED] = check_lockdown_started,
    [EVENT_LOCKDOWN_RELEASED] = check_lockdown_released,
    [EVENT_THREAT_CHANGED] = check_threat_changed,
    [EVENT_GATE_CLOSED] = check_nothing,
    [EVENT_GATE_OPENED] = check_nothing,
    [EVENT_PASSAGE_GRANTED] = check_passage_granted,
    [EVENT_PASSAGE_REFUSED] = check_passage_refused,
    [EVENT_PASSAGE_TAKEN] = check_passage_ended,
    [EVENT_PASSAGE_NOT_TAKEN] = check_passage_ended,
    [EVENT_PASSAGE_REPORTED_LATE] = check_nothing,
    [EVENT_DOOR_OPENED] = check_nothing,
    [EVENT_DOOR_CLOSED] = check_nothing,
    [EVENT_DOOR_LOCKED] = check_nothing,
    [EVENT_DOOR_EXIT_REQUESTED] = check_nothing,
    [EVENT_DOOR_FORCED] = check_nothing,
    [EVENT_DOOR_HELD] = check_nothing,
    [EVENT_DOOR_LOCK_FAILED] = check_nothing,
    [EVENT_DOOR_REPORTED_LATE] = check_nothing,
    [EVENT_DURESS_RAISED] = check_nothing,
    [EVENT_READER_ONLINE] = check_nothing,
    [EVENT_READER_OFFLINE] = check_nothing,
    [EVENT_READER_TAMPERED] = check_nothing,
    [EVENT_READER_RESTORED] = check_nothing,
    [EVENT_READER_INSECURE] = check_nothing,
    [EVENT_READER_SECURE] = check_nothing,
    [EVENT_READER_POWER_FAILED] = check_nothing,
    [EVENT_READER_POWER_RESTORED] = check_nothing,
    [EVENT_READER_REKEY_ORDERED] = check_nothing,
    [EVENT_READER_REKEYED] = check_nothing,
    [EVENT_ALARM_ACKNOWLEDGED] = check_alarm_acknowledged,
    [EVENT_DETAILS_READ] = check_details_read,
    [EVENT_DETAILS_ERASED] = check_nothing,
    [EVENT_CLOCK_STEPPED] = check_clock_stepped,
    [EVENT_SNAPSHOT_TAKEN] = check_nothing,
    [EVENT_COMMAND_REFUSED] = check_nothing,
};

_Static_assert(EVENT_COUNT == 119, "a new event has a row above");

enum sp_err fold_check_event(const struct core *core, const struct event *e, struct fault *why) {
  SP_ASSERT((unsigned)e->type < EVENT_COUNT);
  const char *wrong = checks[e->type](core, e);
  return wrong ? fault_set(why, SP_CORRUPT, "%s does not follow from what came before: %s",
                           event_records[e->type].type, wrong)
               : SP_OK;
}
