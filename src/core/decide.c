/* decide.c: who may ask, and the decisions about people, credentials, levels and states.
 *
 * One row a command: who may ask is command_permissions; how it is decided is `deciders` below.
 */
#include "core/custody_int.h"

#include <string.h>

const char *const effect_names[] = {"unlock", "lock", "signal", "rekey", "alarm", NULL};
const char *const signal_names[] = {"granted", "refused", "waiting", NULL};

/* --- What every decision is made of --- */

void reasons_add(struct reasons *r, enum reason code, struct ref on) {
  SP_ASSERT(r->n < reasons_max);
  uint32_t i = r->n++;
  for (; i > 0 && r->at[i - 1].code > code; i--)
    r->at[i] = r->at[i - 1];
  r->at[i] = (struct reason_on){code, on};
}

bool reasons_have(const struct reasons *r, enum reason code) {
  for (uint32_t i = 0; i < r->n; i++)
    if (r->at[i].code == code)
      return true;
  return false;
}

struct event *deciding_event(struct deciding *d, enum event_type type) {
  SP_ASSERT(d->out->n_events < events_max);
  struct event *e = &d->out->events[d->out->n_events];
  e->type = type;
  e->at = d->command->at;
  e->n = d->core->head.next_entry + d->out->n_events++;
  e->plan = NULL;
  return e;
}

void deciding_effect(struct deciding *d, enum effect_type type, uint32_t door, uint32_t reader,
                     uint32_t ms, uint32_t value) {
  SP_ASSERT(d->out->n_effects < effects_max);
  d->out->effects[d->out->n_effects++] = (struct effect){type, door, reader, ms, value};
}

struct event *deciding_alarm(struct deciding *d, enum event_type type) {
  SP_ASSERT(event_flags(type) & EVENT_ALARM);
  deciding_effect(d, EFFECT_ALARM, REF_ABSENT, REF_ABSENT, 0, d->out->n_events);
  return deciding_event(d, type);
}

void deciding_reject(struct deciding *d, enum reason reason, struct ref on) {
  d->out->verdict = VERDICT_REJECTED;
  reasons_add(&d->out->reasons, reason, on);
}

void deciding_refuse(struct deciding *d, enum reason reason, struct ref on) {
  d->out->verdict = VERDICT_REFUSED;
  reasons_add(&d->out->reasons, reason, on);
  deciding_event(d, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = d->out->reasons;
}

static const struct ref nothing = {REF_NONE, 0};

/* --- Who may ask --- */

static bool may(const struct core *core, uint32_t operator_index, unsigned roles) {
  unsigned role = 1u << core->operators[operator_index].role;
  /* Where the plan needs no second operator (no custody, so no one's liberty), one administrator
   * may do all that operators may: a makerspace is run by one person. What no operator may (to
   * speak for a door, a reader or the clock) stays so. */
  if (roles && core->plan && !core->plan->rules.second_operator && role == 1u << ROLE_ADMIN)
    roles |= role;
  return (roles & role) != 0;
}

static void check_operator(const struct core *core, uint32_t operator_index, unsigned roles,
                           struct reasons *found) {
  if (core->operators[operator_index].disabled)
    reasons_add(found, REASON_OPERATOR_DISABLED, ref_to(REF_OPERATOR, operator_index));
  if (!may(core, operator_index, roles))
    reasons_add(found, REASON_ROLE_NOT_PERMITTED, ref_to(REF_OPERATOR, operator_index));
}

static void check_permission(const struct core *core, const struct command *c,
                             struct reasons *found) {
  const struct permission *p = &command_permissions[c->type];
  if (c->by.kind != ACTOR_OPERATOR) {
    /* `init` makes the first operators; once an operator acts, it may not come again. */
    bool late_init = c->by.kind == ACTOR_INIT && core->head.sealed;
    if (!(p->actors & 1u << c->by.kind) || late_init)
      reasons_add(found, REASON_ROLE_NOT_PERMITTED, nothing);
    return;
  }
  check_operator(core, c->by.index, p->roles, found);
  if (c->second != REF_ABSENT) {
    check_operator(core, c->second, p->second_roles ? p->second_roles : p->roles, found);
    if (c->second == c->by.index)
      reasons_add(found, REASON_SAME_OPERATOR, ref_to(REF_OPERATOR, c->second));
    else if (core->operators[c->second].role == core->operators[c->by.index].role)
      reasons_add(found, REASON_SAME_ROLE, ref_to(REF_OPERATOR, c->second));
  } else if (p->second_roles && (!core->plan || core->plan->rules.second_operator)) {
    reasons_add(found, REASON_SECOND_OPERATOR_REQUIRED, nothing);
  }
}

/* --- Dates --- */

bool check_dates(struct deciding *d, usec from, usec until) {
  const usec most = (usec)(UINT32_MAX - 1) * USEC_PER_S;
  bool fits = (from == TIME_ABSENT || (from >= 0 && from <= most)) &&
              (until == TIME_ABSENT || (until >= 0 && until <= most));
  if (fits && (until == TIME_ABSENT || until > (from == TIME_ABSENT ? 0 : from)))
    return true;
  deciding_reject(d, REASON_TIME_ORDER, nothing);
  return false;
}

/* --- Site and operators --- */

static void decide_site_create(struct deciding *d) {
  if (d->core->head.site_created)
    deciding_reject(d, REASON_EXISTS, nothing);
  else
    deciding_event(d, EVENT_SITE_CREATED)->u.site_created.vkey = d->command->u.site_create.vkey;
}

static void decide_operator_add(struct deciding *d) {
  const struct cmd_operator_add *a = &d->command->u.operator_add;
  uint32_t have;
  if (core_find_operator(d->core, a->operator_id, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_OPERATOR, have));
  else if (d->core->head.n_operators == operators_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else
    deciding_event(d, EVENT_OPERATOR_ADDED)->u.operator_added =
        (struct ev_operator_added){a->operator_id, a->role};
}

static void decide_operator_disable(struct deciding *d) {
  uint32_t who = d->command->u.operator_ref.operator_index;
  if (d->core->operators[who].disabled)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_OPERATOR, who));
  else
    deciding_event(d, EVENT_OPERATOR_DISABLED)->u.operator_ref.operator_index = who;
}

/* --- Persons --- */

/* From which states a person comes to which. A refusal names the person. */
static void change_person(struct deciding *d, unsigned from_states, enum person_state already,
                          enum event_type type) {
  uint32_t who = d->command->u.person_ref.person;
  const struct person *p = &d->core->persons[who];
  if (p->state == already)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, who));
  else if (!(from_states & 1u << p->state))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, who));
  else
    deciding_event(d, type)->u.person_ref.person = who;
}

static void decide_person_suspend(struct deciding *d) {
  change_person(d, 1u << PERSON_PRESENT, PERSON_STATE_SUSPENDED, EVENT_PERSON_SUSPENDED);
}

static void decide_person_reinstate(struct deciding *d) {
  if (reject_deceased(d, d->command->u.person_ref.person))
    return;
  change_person(d, 1u << PERSON_STATE_SUSPENDED | 1u << PERSON_STATE_DEPARTED, PERSON_PRESENT,
                EVENT_PERSON_REINSTATED);
}

static void decide_person_depart(struct deciding *d) {
  uint32_t who = d->command->u.person_ref.person;
  if (reject_deceased(d, who))
    return;
  if (d->core->persons[who].area != area_outside || is_booked(d->core, who))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, who)); /* still inside, or held */
  else
    change_person(d, 1u << PERSON_PRESENT | 1u << PERSON_STATE_SUSPENDED, PERSON_STATE_DEPARTED,
                  EVENT_PERSON_DEPARTED);
}

static void decide_person_merge(struct deciding *d) {
  const struct cmd_person_merge *m = &d->command->u.person_merge;
  if (m->person == m->into)
    deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, m->person));
  else if (d->core->persons[m->person].state == PERSON_STATE_MERGED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, m->person));
  else if (d->core->persons[m->into].state == PERSON_STATE_MERGED)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, m->into));
  else if (!links_fit(d->core, m->person, m->into))
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (!reject_deceased(d, m->person))
    deciding_event(d, EVENT_PERSON_MERGED)->u.person_merged =
        (struct ev_person_merged){m->person, m->into};
}

static void decide_person_unmerge(struct deciding *d) {
  uint32_t who = d->command->u.person_ref.person;
  if (d->core->persons[who].state != PERSON_STATE_MERGED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, who));
  else
    deciding_event(d, EVENT_PERSON_UNMERGED)->u.person_ref.person = who;
}

static void decide_person_locate(struct deciding *d) {
  const struct cmd_person_locate *l = &d->command->u.person_locate;
  const struct person *p = &d->core->persons[l->person];
  const struct plan_area *areas = d->core->plan->areas;
  /* A detainee does not come in or leave by a correction: that is a movement. */
  if (p->area == l->area)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, l->person));
  else if (p->kind == PERSON_DETAINEE &&
           (areas[l->area].kind == AREA_OUTSIDE || areas[p->area].kind == AREA_OUTSIDE))
    deciding_reject(d, l->area == area_outside ? REASON_NO_AUTHORITY : REASON_NO_BASIS_TO_HOLD,
                    ref_to(REF_PERSON, l->person));
  else
    deciding_event(d, EVENT_PERSON_LOCATED)->u.person_located =
        (struct ev_person_located){l->person, p->area, l->area};
}

static void decide_person_photo(struct deciding *d) {
  uint32_t person = d->command->u.person_photo.person;
  uint32_t state = d->core->persons[person].state;
  if (state == PERSON_STATE_DEPARTED || state == PERSON_STATE_MERGED)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, person));
  else
    deciding_event(d, EVENT_PERSON_PHOTOGRAPHED)->u.person_ref.person = person;
}

/* --- Credentials, PINs, levels --- */

static void decide_credential_issue(struct deciding *d) {
  const struct cmd_credential_issue *c = &d->command->u.credential_issue;
  uint32_t have;
  if (core_find_credential(d->core, c->credential, &have) ||
      core_find_credential_tag(d->core, c->tag, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_CREDENTIAL, have));
  else if (d->core->head.n_credentials == credentials_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (d->core->persons[c->person].state != PERSON_PRESENT)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (c->once && c->until == TIME_ABSENT)
    deciding_reject(d, REASON_INCOMPLETE, ref_to(REF_PERSON, c->person));
  else if (!reject_deceased(d, c->person) && check_dates(d, c->from, c->until))
    deciding_event(d, EVENT_CREDENTIAL_ISSUED)->u.credential_issued = (struct ev_credential_issued){
        c->credential, c->tag, c->person, c->format, c->from, c->until, c->once};
}

static void change_credential(struct deciding *d, unsigned from_states, unsigned already,
                              enum event_type type) {
  uint32_t which = d->command->u.credential_ref.credential;
  const struct credential *c = &d->core->credentials[which];
  if (c->state == already)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_CREDENTIAL, which));
  else if (!(from_states & 1u << c->state))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_CREDENTIAL, which));
  else
    deciding_event(d, type)->u.credential_ref = (struct ev_credential_ref){which, c->person};
}

#define C_ISSUED    (1u << CREDENTIAL_STATE_ISSUED)
#define C_SUSPENDED (1u << CREDENTIAL_STATE_SUSPENDED)
#define C_LOST      (1u << CREDENTIAL_STATE_LOST)

static void decide_credential_suspend(struct deciding *d) {
  change_credential(d, C_ISSUED, CREDENTIAL_STATE_SUSPENDED, EVENT_CREDENTIAL_SUSPENDED);
}

static void decide_credential_reinstate(struct deciding *d) {
  if (reject_deceased(d, d->core->credentials[d->command->u.credential_ref.credential].person))
    return;
  change_credential(d, C_SUSPENDED | C_LOST, CREDENTIAL_STATE_ISSUED, EVENT_CREDENTIAL_REINSTATED);
}

static void decide_credential_lost(struct deciding *d) {
  change_credential(d, C_ISSUED | C_SUSPENDED, CREDENTIAL_STATE_LOST, EVENT_CREDENTIAL_LOST);
}

static void decide_credential_revoke(struct deciding *d) {
  change_credential(d, C_ISSUED | C_SUSPENDED | C_LOST, CREDENTIAL_STATE_REVOKED,
                    EVENT_CREDENTIAL_REVOKED);
}

static void decide_pin_set(struct deciding *d) {
  const struct cmd_pin_set *s = &d->command->u.pin_set;
  bool duress = !bytes_are_zero(s->duress.b, sizeof s->duress.b);
  if (duress && bytes_equal_ct(s->pin.b, s->duress.b, sizeof s->pin.b))
    deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, s->person));
  else if (duress && bytes_are_zero(s->pin.b, sizeof s->pin.b))
    deciding_reject(d, REASON_PIN_MISSING, ref_to(REF_PERSON, s->person));
  else if (!reject_deceased(d, s->person))
    deciding_event(d, EVENT_PIN_SET)->u.pin_set = (struct ev_pin_set){s->person, s->pin, s->duress};
}

static bool holds(const struct core *core, uint32_t person, uint32_t level) {
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, &core->persons[person], &c));)
    if (g->level == level)
      return true;
  return false;
}

static void decide_level_grant(struct deciding *d) {
  const struct cmd_level_grant *g = &d->command->u.level_grant;
  const struct core *core = d->core;
  bool room = core->persons[g->person].n_grants < grants_inline || core->head.free_grant ||
              core->head.n_extra_grants < extra_grants_max;
  if (!room && !holds(core, g->person, g->level))
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (core->persons[g->person].state == PERSON_STATE_DEPARTED ||
           core->persons[g->person].state == PERSON_STATE_MERGED)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, g->person));
  else if (!reject_deceased(d, g->person) && check_dates(d, g->from, g->until))
    deciding_event(d, EVENT_LEVEL_GRANTED)->u.level_granted =
        (struct ev_level_granted){g->person, g->level, g->from, g->until};
}

static void decide_level_revoke(struct deciding *d) {
  const struct cmd_level_revoke *r = &d->command->u.level_revoke;
  if (!holds(d->core, r->person, r->level))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, r->person));
  else
    deciding_event(d, EVENT_LEVEL_REVOKED)->u.level_revoked =
        (struct ev_level_revoked){r->person, r->level};
}

bool kept_separate(const struct core *core, uint32_t a, uint32_t b) {
  for (uint32_t s = core->persons[a].separations; s; s = core->separations[s - 1].next)
    if (core->separations[s - 1].other == b)
      return true;
  return false;
}

bool separations_left(const struct core *core) {
  return core->head.free_separation || core->head.n_separations + 2 <= separations_max;
}

static void decide_separation_add(struct deciding *d) {
  const struct cmd_separation *s = &d->command->u.separation;
  if (s->person == s->from_person)
    deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, s->person));
  else if (kept_separate(d->core, s->person, s->from_person))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, s->person));
  else if (!separations_left(d->core))
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else
    deciding_event(d, EVENT_SEPARATION_ADDED)->u.separation =
        (struct ev_separation){s->person, s->from_person};
}

static void decide_separation_lift(struct deciding *d) {
  const struct cmd_separation *s = &d->command->u.separation;
  uint32_t order = order_apart(d->core, s->person, s->from_person, d->command->at);
  if (order != REF_ABSENT)
    deciding_refuse(d, REASON_STAYED, ref_to(REF_ORDER, order));
  else if (!kept_separate(d->core, s->person, s->from_person))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, s->person));
  else
    deciding_event(d, EVENT_SEPARATION_LIFTED)->u.separation =
        (struct ev_separation){s->person, s->from_person};
}

/* --- States of the site --- */

static void change_lockdown(struct deciding *d, bool to, enum event_type type) {
  uint32_t area = d->command->u.area_ref.area;
  if (area == area_outside)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_AREA, area));
  else if ((d->core->areas[area].lockdown != 0) == to)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_AREA, area));
  else
    deciding_event(d, type)->u.area_ref.area = area;
}

static void decide_lockdown_start(struct deciding *d) {
  change_lockdown(d, true, EVENT_LOCKDOWN_STARTED);
}

static void decide_lockdown_release(struct deciding *d) {
  change_lockdown(d, false, EVENT_LOCKDOWN_RELEASED);
}

/* The plan lists threat levels from the least strict to the strictest. */
static void change_threat(struct deciding *d, bool up) {
  uint32_t to = d->command->u.threat_ref.threat, from = d->core->head.threat;
  if (to == from)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_THREAT, to));
  else if ((to > from) != up)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_THREAT, from));
  else
    deciding_event(d, EVENT_THREAT_CHANGED)->u.threat_changed =
        (struct ev_threat_changed){from, to};
}

static void decide_threat_raise(struct deciding *d) {
  change_threat(d, true);
}

static void decide_threat_lower(struct deciding *d) {
  change_threat(d, false);
}

static void change_gate(struct deciding *d, uint32_t closed, enum event_type type) {
  uint32_t gate = d->command->u.gate_ref.gate;
  if (d->core->gates[gate].closed == closed)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_GATE, gate));
  else
    deciding_event(d, type)->u.gate_ref.gate = gate;
}

static void decide_gate_close(struct deciding *d) {
  change_gate(d, 1, EVENT_GATE_CLOSED);
}

static void decide_gate_open(struct deciding *d) {
  change_gate(d, 0, EVENT_GATE_OPENED);
}

static void decide_alarm_acknowledge(struct deciding *d) {
  uint64_t n = d->command->u.alarm_acknowledge.alarm;
  for (uint32_t i = 0; i < d->core->head.n_alarms; i++)
    if (d->core->alarms[i].n == n) {
      deciding_event(d, EVENT_ALARM_ACKNOWLEDGED)->u.alarm_acknowledged.alarm = n;
      return;
    }
  deciding_reject(d, REASON_ALREADY_SO, nothing);
}

/* What a sealed order says is told to two roles; that somebody else wanted to know it is recorded.
 */
static void decide_details_read(struct deciding *d) {
  const struct cmd_details_read *r = &d->command->u.details_read;
  bool sealed = r->order != REF_ABSENT && d->core->orders[r->order].sealed;
  if ((r->person != REF_ABSENT) + (r->order != REF_ABSENT) + (r->movement != REF_ABSENT) > 1)
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (sealed && !may(d->core, d->command->by.index, 1u << ROLE_RECORDS | 1u << ROLE_LEGAL))
    deciding_refuse(d, REASON_SEALED, ref_to(REF_ORDER, r->order));
  else
    deciding_event(d, EVENT_DETAILS_READ)->u.details_read =
        (struct ev_details_read){r->person, r->order, r->movement};
}

static void decide_details_erase(struct deciding *d) {
  const struct cmd_details_erase *e = &d->command->u.details_erase;
  deciding_event(d, EVENT_DETAILS_ERASED)->u.details_erased =
      (struct ev_details_erased){e->person, e->ground};
}

static void decide_snapshot_take(struct deciding *d) {
  deciding_event(d, EVENT_SNAPSHOT_TAKEN)->u.snapshot_taken.state =
      d->command->u.snapshot_take.state;
}

/* --- The two tables meet --- */

static void (*const deciders[COMMAND_COUNT])(struct deciding *) = {
    [COMMAND_SITE_CREATE] = decide_site_create,
    [COMMAND_PLAN_APPLY] = decide_plan_apply,
    [COMMAND_OPERATOR_ADD] = decide_operator_add,
    [COMMAND_OPERATOR_DISABLE] = decide_operator_disable,
    [COMMAND_OPERATOR_COMPROMISE] = decide_operator_compromise,
    [COMMAND_PERSON_ADD] = decide_person_add,
    [COMMAND_PERSON_SUSPEND] = decide_person_suspend,
    [COMMAND_PERSON_REINSTATE] = decide_person_reinstate,
    [COMMAND_PERSON_DEPART] = decide_person_depart,
    [COMMAND_PERSON_MERGE] = decide_person_merge,
    [COMMAND_PERSON_UNMERGE] = decide_person_unmerge,
    [COMMAND_PERSON_LOCATE] = decide_person_locate,
    [COMMAND_PERSON_IDENTIFY] = decide_person_identify,
    [COMMAND_PERSON_PHOTO] = decide_person_photo,
    [COMMAND_CREDENTIAL_ISSUE] = decide_credential_issue,
    [COMMAND_CREDENTIAL_SUSPEND] = decide_credential_suspend,
    [COMMAND_CREDENTIAL_REINSTATE] = decide_credential_reinstate,
    [COMMAND_CREDENTIAL_LOST] = decide_credential_lost,
    [COMMAND_CREDENTIAL_REVOKE] = decide_credential_revoke,
    [COMMAND_CREDENTIAL_COMPROMISE] = decide_credential_compromise,
    [COMMAND_PIN_SET] = decide_pin_set,
    [COMMAND_LEVEL_GRANT] = decide_level_grant,
    [COMMAND_LEVEL_REVOKE] = decide_level_revoke,
    [COMMAND_SEPARATION_ADD] = decide_separation_add,
    [COMMAND_SEPARATION_LIFT] = decide_separation_lift,
#define X(NAME, name) [COMMAND_##NAME] = decide_##name,
    CUSTODY_DECIDERS(X)
#undef X
        [COMMAND_LOCKDOWN_START] = decide_lockdown_start,
    [COMMAND_LOCKDOWN_RELEASE] = decide_lockdown_release,
    [COMMAND_THREAT_RAISE] = decide_threat_raise,
    [COMMAND_THREAT_LOWER] = decide_threat_lower,
    [COMMAND_GATE_CLOSE] = decide_gate_close,
    [COMMAND_GATE_OPEN] = decide_gate_open,
    [COMMAND_PASS] = decide_pass,
    [COMMAND_DOOR_REPORT] = decide_door_report,
    [COMMAND_READER_REPORT] = decide_reader_report,
    [COMMAND_READER_REKEY] = decide_reader_rekey,
    [COMMAND_ALARM_ACKNOWLEDGE] = decide_alarm_acknowledge,
    [COMMAND_DETAILS_READ] = decide_details_read,
    [COMMAND_DETAILS_ERASE] = decide_details_erase,
    [COMMAND_CLOCK_STEP] = decide_clock_step,
    [COMMAND_SNAPSHOT_TAKE] = decide_snapshot_take,
    [COMMAND_TICK] = decide_tick,
};

/* Commands that make sense before the first plan. */
static bool needs_plan(enum command_type type) {
  return type != COMMAND_SITE_CREATE && type != COMMAND_PLAN_APPLY &&
         type != COMMAND_OPERATOR_ADD && type != COMMAND_TICK && type != COMMAND_SNAPSHOT_TAKE;
}

void core_decide(const struct core *core, const struct command *command, struct outcome *out) {
  SP_ASSERT((unsigned)command->type < COMMAND_COUNT);
  SP_ASSERT(command->at >= core->head.last_at);
  struct deciding d = {core, command, out};
  out->verdict = VERDICT_DONE;
  out->n_events = out->n_effects = out->reasons.n = 0;
  check_permission(core, command, &out->reasons);
  if (out->reasons.n) {
    out->verdict = VERDICT_REFUSED;
    deciding_event(&d, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = out->reasons;
    return;
  }
  if (needs_plan(command->type) && !core->plan) {
    deciding_reject(&d, REASON_PLAN_MISSING, nothing);
    return;
  }
  deciders[command->type](&d);
}
