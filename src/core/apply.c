/* apply.c: changes state, and nothing else does but areas.c, which counts for it. One row an event.
 * An event reaches this after it was decided, or after its entry was verified, so what does not fit
 * is a bug of ours: asserted. */
#include "core/apply.h"

#include "core/areas.h"
#include "core/custody_int.h"
#include "core/once.h"
#include "core/reader.h"

#include <string.h>

uint32_t from_seconds(usec t) {
  return t == TIME_ABSENT ? 0 : seconds_of(t);
}

uint32_t until_seconds(usec t) {
  return t == TIME_ABSENT ? UINT32_MAX : seconds_of(t);
}

static void apply_site_created(struct core *core, const struct event *e) {
  core->head.site_created = 1;
  core->head.vkey = e->u.site_created.vkey;
}

static void apply_operator_added(struct core *core, const struct event *e) {
  SP_ASSERT(core->head.n_operators < operators_max);
  uint32_t i = core->head.n_operators++;
  core->operators[i].id = e->u.operator_added.operator_id;
  core->operators[i].role = e->u.operator_added.role;
  core->operators[i].compromised_s = UINT32_MAX;
  core_index_added(core, REF_OPERATOR, i);
}

static void apply_operator_disabled(struct core *core, const struct event *e) {
  core->operators[e->u.operator_ref.operator_index].disabled = 1;
}

/* --- Persons --- */

static void apply_person_added(struct core *core, const struct event *e) {
  const struct ev_person_added *a = &e->u.person_added;
  SP_ASSERT(core->head.n_persons < persons_max);
  uint32_t i = core->head.n_persons++;
  struct person *p = &core->persons[i];
  p->id = a->person;
  p->kind = (uint8_t)a->kind;
  p->valid_from_s = from_seconds(a->from);
  p->valid_until_s = until_seconds(a->until);
  p->merged_into = REF_ABSENT;
  core->custody[i].due_s = UINT32_MAX;
  p->area = area_outside;
  core->areas[area_outside].occupancy++;
  core_index_added(core, REF_PERSON, i);
}

static void set_person(struct core *core, const struct event *e, enum person_state state) {
  core->persons[e->u.person_ref.person].state = (uint8_t)state;
}

static void apply_person_suspended(struct core *core, const struct event *e) {
  set_person(core, e, PERSON_STATE_SUSPENDED);
}

static void apply_person_reinstated(struct core *core, const struct event *e) {
  set_person(core, e, PERSON_PRESENT);
}

static void apply_person_departed(struct core *core, const struct event *e) {
  set_person(core, e, PERSON_STATE_DEPARTED);
}

static void apply_person_merged(struct core *core, const struct event *e) {
  struct person *p = &core->persons[e->u.person_merged.person];
  p->state_before_merge = p->state;
  p->state = PERSON_STATE_MERGED;
  p->merged_into = e->u.person_merged.into;
  links_add(core, e->u.person_merged.person, e->u.person_merged.into, true);
}

static void apply_person_unmerged(struct core *core, const struct event *e) {
  struct person *p = &core->persons[e->u.person_ref.person];
  p->state = p->state_before_merge;
  p->state_before_merge = 0;
  links_remove(core, e->u.person_ref.person, p->merged_into, true);
  p->merged_into = REF_ABSENT;
}

static bool holds_level(const struct core *core, const struct person *p, uint32_t level, usec at) {
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, p, &c));)
    if (g->level == level && valid_at(g->from_s, g->until_s, at))
      return true;
  return false;
}

void move_person(struct core *core, uint32_t person, uint32_t to, usec at) {
  struct person *p = &core->persons[person];
  if (p->area == area_outside && to != area_outside)
    member_returns(core, person);
  areas_move(core, p->area, to);
  p->area = (uint16_t)to;
  p->entered_s = seconds_of(at);
  uint16_t first = core->plan->areas[to].first_person;
  if (first != NONE16 && holds_level(core, p, first, at))
    core->areas[to].first_in = 1;
}

static void apply_person_located(struct core *core, const struct event *e) {
  move_person(core, e->u.person_located.person, e->u.person_located.to, e->at);
}

/* --- Credentials, PINs --- */

static void apply_credential_issued(struct core *core, const struct event *e) {
  const struct ev_credential_issued *c = &e->u.credential_issued;
  SP_ASSERT(core->head.n_credentials < credentials_max);
  uint32_t i = core->head.n_credentials++;
  core->credentials[i].tag = c->tag;
  core->credentials[i].id = c->credential;
  core->credentials[i].person = c->person;
  core->credentials[i].format = (uint16_t)c->format;
  core->credentials[i].valid_from_s = from_seconds(c->from);
  core->credentials[i].valid_until_s = until_seconds(c->until);
  core->credentials[i].compromised_s = UINT32_MAX;
  core->credentials[i].once = c->once ? ONCE_UNUSED : ONCE_NOT;
  core_index_added(core, REF_CREDENTIAL, i);
}

static void set_credential(struct core *core, const struct event *e, enum credential_state state) {
  core->credentials[e->u.credential_ref.credential].state = (uint8_t)state;
}

static void apply_credential_suspended(struct core *core, const struct event *e) {
  set_credential(core, e, CREDENTIAL_STATE_SUSPENDED);
}

static void apply_credential_reinstated(struct core *core, const struct event *e) {
  set_credential(core, e, CREDENTIAL_STATE_ISSUED);
}

static void apply_credential_lost(struct core *core, const struct event *e) {
  set_credential(core, e, CREDENTIAL_STATE_LOST);
}

static void apply_credential_revoked(struct core *core, const struct event *e) {
  set_credential(core, e, CREDENTIAL_STATE_REVOKED);
}

static void apply_pin_set(struct core *core, const struct event *e) {
  struct person *p = &core->persons[e->u.pin_set.person];
  p->pin = e->u.pin_set.pin;
  p->duress = e->u.pin_set.duress;
  p->pin_failures = 0;
  p->pin_locked_until_s = 0;
}

static void apply_pin_locked(struct core *core, const struct event *e) {
  struct person *p = &core->persons[e->u.pin_locked.person];
  p->pin_failures = 0;
  p->pin_locked_until_s = seconds_of(e->u.pin_locked.until);
}

/* --- Access levels --- */

static struct grant *find_grant(struct core *core, struct person *p, uint32_t level) {
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, p, &c));)
    if (g->level == level)
      return (struct grant *)(uintptr_t)g;
  return NULL;
}

static struct grant *new_grant(struct core *core, struct person *p) {
  if (p->n_grants < grants_inline)
    return &p->grants[p->n_grants++];
  uint32_t i = core->head.free_grant;
  if (i) {
    core->head.free_grant = core->extra_grants[i - 1].next;
  } else {
    SP_ASSERT(core->head.n_extra_grants < extra_grants_max);
    i = ++core->head.n_extra_grants;
  }
  core->extra_grants[i - 1].next = p->extra_grants;
  p->extra_grants = i;
  return &core->extra_grants[i - 1].grant;
}

/* The last grant moves into the hole, so that the inline ones stay full while there are others. */
static void drop_grant(struct core *core, struct person *p, struct grant *hole) {
  if (p->extra_grants) {
    uint32_t i = p->extra_grants;
    struct extra_grant *x = &core->extra_grants[i - 1];
    *hole = x->grant;
    p->extra_grants = x->next;
    memset(x, 0, sizeof *x);
    x->next = core->head.free_grant;
    core->head.free_grant = i;
  } else {
    struct grant *last = &p->grants[--p->n_grants];
    *hole = *last;
    memset(last, 0, sizeof *last);
  }
}

static void apply_level_granted(struct core *core, const struct event *e) {
  const struct ev_level_granted *l = &e->u.level_granted;
  struct person *p = &core->persons[l->person];
  struct grant *g = find_grant(core, p, l->level);
  if (!g)
    g = new_grant(core, p);
  g->level = (uint16_t)l->level;
  g->from_s = from_seconds(l->from);
  g->until_s = until_seconds(l->until);
}

static void apply_level_revoked(struct core *core, const struct event *e) {
  struct person *p = &core->persons[e->u.level_revoked.person];
  struct grant *g = find_grant(core, p, e->u.level_revoked.level);
  SP_ASSERT(g);
  drop_grant(core, p, g);
}

/* --- Separation: a row for each of the two, so that either finds the other --- */

static void separation_link(struct core *core, uint32_t person, uint32_t other) {
  uint32_t i = core->head.free_separation;
  if (i) {
    core->head.free_separation = core->separations[i - 1].next;
  } else {
    SP_ASSERT(core->head.n_separations < separations_max);
    i = ++core->head.n_separations;
  }
  core->separations[i - 1] = (struct separation){other, core->persons[person].separations};
  core->persons[person].separations = i;
}

static void separation_unlink(struct core *core, uint32_t person, uint32_t other) {
  for (uint32_t *at = &core->persons[person].separations;; at = &core->separations[*at - 1].next) {
    uint32_t i = *at;
    SP_ASSERT(i); /* the pair is kept separate */
    if (core->separations[i - 1].other != other)
      continue;
    *at = core->separations[i - 1].next;
    core->separations[i - 1] = (struct separation){0, core->head.free_separation};
    core->head.free_separation = i;
    return;
  }
}

static void apply_separation_added(struct core *core, const struct event *e) {
  separation_link(core, e->u.separation.person, e->u.separation.from_person);
  separation_link(core, e->u.separation.from_person, e->u.separation.person);
}

static void apply_separation_lifted(struct core *core, const struct event *e) {
  separation_unlink(core, e->u.separation.person, e->u.separation.from_person);
  separation_unlink(core, e->u.separation.from_person, e->u.separation.person);
}

/* --- States of the site --- */

static void apply_lockdown_started(struct core *core, const struct event *e) {
  core->areas[e->u.area_ref.area].lockdown = 1;
  core->head.lockdowns++;
}

static void apply_lockdown_released(struct core *core, const struct event *e) {
  SP_ASSERT(core->head.lockdowns > 0);
  core->areas[e->u.area_ref.area].lockdown = 0;
  core->head.lockdowns--;
}

/* Whoever waits at a door has shown what was asked before; a stricter level holds for the next
 * decision, so they present again. */
static void apply_threat_changed(struct core *core, const struct event *e) {
  core->head.threat = e->u.threat_changed.to;
  for (uint32_t d = 0; e->u.threat_changed.to > e->u.threat_changed.from && d < core->head.n_doors;
       d++)
    for (uint32_t i = core->doors[d].n_party; i-- > 0;)
      if (core->doors[d].party[i].status == PARTY_WAITING)
        party_remove(&core->doors[d], i);
}

static void apply_gate_closed(struct core *core, const struct event *e) {
  core->gates[e->u.gate_ref.gate].closed = 1;
}

static void apply_gate_opened(struct core *core, const struct event *e) {
  core->gates[e->u.gate_ref.gate].closed = 0;
}

/* --- Passages --- */

void party_reserve(struct core *core, const struct party_member *m, int by) {
  areas_reserve(core, m->from, m->to, by);
}

void party_remove(struct door_state *s, uint32_t i) {
  s->party[i] = s->party[--s->n_party];
  memset(&s->party[s->n_party], 0, sizeof s->party[0]);
}

/* A place for this person in the door's party: their own, a free one, or the oldest of those who
 * hold no permission. decide sees to it that one is left (door_busy). */
static struct party_member *party_place(struct core *core, struct door_state *s, uint32_t person) {
  uint32_t oldest = party_max;
  for (uint32_t i = 0; i < s->n_party; i++) {
    struct party_member *m = &s->party[i];
    if (m->person == person) {
      if (m->status == PARTY_GRANTED)
        party_reserve(core, m, -1);
      return m;
    }
    if (m->status != PARTY_GRANTED && (oldest == party_max || m->at < s->party[oldest].at))
      oldest = i;
  }
  if (s->n_party < party_max)
    return &s->party[s->n_party++];
  SP_ASSERT(oldest < party_max);
  return &s->party[oldest];
}

static void unlock(struct core *core, uint32_t door, const struct event *e) {
  struct door_state *s = &core->doors[door];
  usec until = e->at + unlock_span(core->plan, door);
  if (!s->unlocked || until > s->relock_at)
    s->relock_at = until;
  s->unlocked = 1;
  s->unlock_n = e->n;
  s->lock_failed = 0;
}

static void go_through(struct core *core, uint32_t door, const struct party_member *m, usec at) {
  move_person(core, m->person, m->to, at);
  if (core->plan->doors[door].boundary)
    once_passed(core, m->credential, m->to);
}

static void apply_passage_granted(struct core *core, const struct event *e) {
  const struct ev_passage_granted *g = &e->u.passage_granted;
  struct person *p = &core->persons[g->person];
  struct door_state *s = &core->doors[g->door];
  struct party_member *m = party_place(core, s, g->person);
  if (g->pin_checked)
    p->pin_failures = 0;
  *m = (struct party_member){
      .at = e->at,
      .granted = e->n,
      .person = g->person,
      .credential = g->credential,
      .reader = (uint16_t)g->reader,
      .from = p->area,
      .to = (uint16_t)g->to,
      .direction = (uint8_t)g->direction,
      .status = g->taken ? PARTY_THROUGH : PARTY_GRANTED,
  };
  unlock(core, g->door, e);
  if (g->taken)
    go_through(core, g->door, m, e->at);
  else
    party_reserve(core, m, 1);
}

static void apply_passage_refused(struct core *core, const struct event *e) {
  const struct ev_passage_refused *r = &e->u.passage_refused;
  if (reasons_have(&r->reasons, REASON_PIN_WRONG) && core->persons[r->person].pin_failures < 255)
    core->persons[r->person].pin_failures++;
  if (!r->waiting)
    return;
  struct door_state *s = &core->doors[r->door];
  struct party_member *m = party_place(core, s, r->person);
  *m = (struct party_member){
      .at = e->at,
      .granted = e->n,
      .person = r->person,
      .credential = r->credential,
      .reader = (uint16_t)r->reader,
      .from = core->persons[r->person].area,
      .to = (uint16_t)r->to,
      .direction = (uint8_t)r->direction,
      .status = PARTY_WAITING,
  };
}

static uint32_t party_find(const struct door_state *s, const struct ev_passage_ended *p) {
  for (uint32_t i = 0;; i++) {
    SP_ASSERT(i < s->n_party); /* the passage was permitted */
    if (s->party[i].person == p->person && s->party[i].status == PARTY_GRANTED)
      return i;
  }
}

static void apply_passage_taken(struct core *core, const struct event *e) {
  const struct ev_passage_ended *p = &e->u.passage_ended;
  struct door_state *s = &core->doors[p->door];
  struct party_member *m = &s->party[party_find(s, p)];
  party_reserve(core, m, -1);
  m->status = PARTY_THROUGH;
  m->at = e->at;
  go_through(core, p->door, m, e->at);
}

static void apply_passage_not_taken(struct core *core, const struct event *e) {
  const struct ev_passage_ended *p = &e->u.passage_ended;
  struct door_state *s = &core->doors[p->door];
  uint32_t i = party_find(s, p);
  party_reserve(core, &s->party[i], -1);
  party_remove(s, i);
}

/* --- Doors and readers --- */

static void apply_door_opened(struct core *core, const struct event *e) {
  struct door_state *s = &core->doors[e->u.door_opened.door];
  s->open = 1;
  s->held = 0;
  s->opened_at = e->at;
}

static void apply_door_closed(struct core *core, const struct event *e) {
  struct door_state *s = &core->doors[e->u.door_closed.door];
  s->open = s->held = 0;
  s->opened_at = 0;
  /* The line locks before it says so, and EFFECT_LOCK follows: the margin at most. A lock
   * that is to tell cannot before. */
  usec soon = e->at + (usec)core->plan->rules.relock_margin_ms * USEC_PER_MS;
  if (e->u.door_closed.relocks || (s->unlocked && s->relock_at < soon))
    s->relock_at = soon;
}

static void apply_door_locked(struct core *core, const struct event *e) {
  struct door_state *s = &core->doors[e->u.door_ref.door];
  s->unlocked = s->lock_failed = 0;
  s->relock_at = 0;
}

static void apply_door_exit_requested(struct core *core, const struct event *e) {
  uint32_t door = e->u.door_ref.door;
  if (core->plan->doors[door].rex == REX_NONE)
    return; /* the plan knows of no such thing here: it excuses no opening */
  core->doors[door].rex_until = e->at + unlock_span(core->plan, door);
  if (core->plan->doors[door].rex == REX_UNLOCK)
    unlock(core, door, e);
}

/* Whatever has begun at a door takes as long as it would have. */
static void apply_clock_stepped(struct core *core, const struct event *e) {
  usec by = (usec)e->u.clock_stepped.by;
  for (uint32_t d = 0; d < core->head.n_doors; d++) {
    struct door_state *s = &core->doors[d];
    s->relock_at += s->unlocked ? by : 0;
    s->opened_at += s->open ? by : 0;
    s->rex_until += s->rex_until ? by : 0;
    for (uint32_t i = 0; i < s->n_party; i++)
      s->party[i].at += by;
  }
}

static void apply_door_held(struct core *core, const struct event *e) {
  core->doors[e->u.door_ref.door].held = 1;
}

static void apply_door_lock_failed(struct core *core, const struct event *e) {
  core->doors[e->u.door_ref.door].lock_failed = 1;
}

static void apply_reader(struct core *core, const struct event *e) {
  reader_changed(&core->readers[e->u.reader_ref.reader], e);
}

/* --- Alarms --- */

static void raise_alarm(struct core *core, const struct event *e) {
  if (core->head.n_alarms == alarms_max) {
    core->head.alarms_lost++; /* the entry stays in the journal; only this list is full */
    return;
  }
  core->alarms[core->head.n_alarms++] = (struct alarm){.n = e->n, .type = e->type};
}

static void apply_alarm_acknowledged(struct core *core, const struct event *e) {
  uint32_t i = 0;
  for (;; i++) {
    SP_ASSERT(i < core->head.n_alarms); /* the alarm is open */
    if (core->alarms[i].n == e->u.alarm_acknowledged.alarm)
      break;
  }
  uint32_t rest = --core->head.n_alarms - i;
  memmove(&core->alarms[i], &core->alarms[i + 1], rest * sizeof core->alarms[0]);
  memset(&core->alarms[core->head.n_alarms], 0, sizeof core->alarms[0]);
}

/* What is recorded and changes nothing here. */
static void apply_nothing(struct core *core, const struct event *e) {
  (void)core;
  (void)e;
}

static void (*const appliers[EVENT_COUNT])(struct core *, const struct event *) = {
    [EVENT_SITE_CREATED] = apply_site_created,
    [EVENT_PLAN_APPLIED] = apply_plan_applied,
    [EVENT_OPERATOR_ADDED] = apply_operator_added,
    [EVENT_OPERATOR_DISABLED] = apply_operator_disabled,
    [EVENT_OPERATOR_COMPROMISED] = apply_operator_compromised,
    [EVENT_PERSON_ADDED] = apply_person_added,
    [EVENT_PERSON_SUSPENDED] = apply_person_suspended,
    [EVENT_PERSON_REINSTATED] = apply_person_reinstated,
    [EVENT_PERSON_DEPARTED] = apply_person_departed,
    [EVENT_PERSON_MERGED] = apply_person_merged,
    [EVENT_PERSON_UNMERGED] = apply_person_unmerged,
    [EVENT_PERSON_LOCATED] = apply_person_located,
    [EVENT_PERSON_IDENTIFIED] = apply_nothing,
    [EVENT_CANDIDATES_UNLINKED] = apply_nothing,
    [EVENT_PERSON_PHOTOGRAPHED] = apply_nothing,
    [EVENT_CREDENTIAL_ISSUED] = apply_credential_issued,
    [EVENT_CREDENTIAL_SUSPENDED] = apply_credential_suspended,
    [EVENT_CREDENTIAL_REINSTATED] = apply_credential_reinstated,
    [EVENT_CREDENTIAL_LOST] = apply_credential_lost,
    [EVENT_CREDENTIAL_REVOKED] = apply_credential_revoked,
    [EVENT_CREDENTIAL_COMPROMISED] = apply_credential_compromised,
    [EVENT_PIN_SET] = apply_pin_set,
    [EVENT_PIN_LOCKED] = apply_pin_locked,
    [EVENT_LEVEL_GRANTED] = apply_level_granted,
    [EVENT_LEVEL_REVOKED] = apply_level_revoked,
    [EVENT_SEPARATION_ADDED] = apply_separation_added,
    [EVENT_SEPARATION_LIFTED] = apply_separation_lifted,
#define X(NAME, name) [EVENT_##NAME] = apply_##name,
    CUSTODY_EVENTS(X)
#undef X
        [EVENT_ORDER_DIFFERS] = apply_nothing,
    [EVENT_BOOKING_REFUSED] = apply_nothing,
    [EVENT_MOVEMENT_REFUSED] = apply_nothing,
    [EVENT_NOTICE_OWED] = apply_nothing,
    [EVENT_COUNT_DIFFERS] = apply_nothing,
    [EVENT_LOCKDOWN_STARTED] = apply_lockdown_started,
    [EVENT_LOCKDOWN_RELEASED] = apply_lockdown_released,
    [EVENT_THREAT_CHANGED] = apply_threat_changed,
    [EVENT_GATE_CLOSED] = apply_gate_closed,
    [EVENT_GATE_OPENED] = apply_gate_opened,
    [EVENT_PASSAGE_GRANTED] = apply_passage_granted,
    [EVENT_PASSAGE_REFUSED] = apply_passage_refused,
    [EVENT_PASSAGE_TAKEN] = apply_passage_taken,
    [EVENT_PASSAGE_NOT_TAKEN] = apply_passage_not_taken,
    [EVENT_PASSAGE_REPORTED_LATE] = apply_nothing,
    [EVENT_DOOR_OPENED] = apply_door_opened,
    [EVENT_DOOR_CLOSED] = apply_door_closed,
    [EVENT_DOOR_LOCKED] = apply_door_locked,
    [EVENT_DOOR_EXIT_REQUESTED] = apply_door_exit_requested,
    [EVENT_DOOR_FORCED] = apply_nothing,
    [EVENT_DOOR_HELD] = apply_door_held,
    [EVENT_DOOR_LOCK_FAILED] = apply_door_lock_failed,
    [EVENT_DOOR_REPORTED_LATE] = apply_nothing,
    [EVENT_DURESS_RAISED] = apply_nothing,
    [EVENT_READER_ONLINE] = apply_reader,
    [EVENT_READER_OFFLINE] = apply_reader,
    [EVENT_READER_TAMPERED] = apply_reader,
    [EVENT_READER_RESTORED] = apply_reader,
    [EVENT_READER_INSECURE] = apply_reader,
    [EVENT_READER_SECURE] = apply_reader,
    [EVENT_READER_POWER_FAILED] = apply_reader,
    [EVENT_READER_POWER_RESTORED] = apply_reader,
    [EVENT_READER_REKEY_ORDERED] = apply_reader,
    [EVENT_READER_REKEYED] = apply_reader,
    [EVENT_ALARM_ACKNOWLEDGED] = apply_alarm_acknowledged,
    [EVENT_DETAILS_READ] = apply_nothing,
    [EVENT_DETAILS_ERASED] = apply_nothing,
    [EVENT_CLOCK_STEPPED] = apply_clock_stepped,
    [EVENT_SNAPSHOT_TAKEN] = apply_nothing,
    [EVENT_COMMAND_REFUSED] = apply_nothing,
};

void core_apply(struct core *core, const struct event *event) {
  SP_ASSERT((unsigned)event->type < EVENT_COUNT);
  SP_ASSERT(event->n == core->head.next_entry);
  SP_ASSERT(event->at >= core->head.last_at);
  appliers[event->type](core, event);
  deadlines_follow(core, event);
  if (event_flags(event->type) & EVENT_ALARM)
    raise_alarm(core, event);
  if (event->type != EVENT_SITE_CREATED && event->type != EVENT_PLAN_APPLIED &&
      event->type != EVENT_OPERATOR_ADDED)
    core->head.sealed = 1;
  core->head.next_entry++;
  core->head.last_at = event->at;
}
