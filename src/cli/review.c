/* review.c: one row a type of event: how what it made true stands now. What has no row has no
 * lasting effect of its own. */
#include "cli/review.h"

#include "cli/out.h"

#include <string.h>

static struct standing still(bool is, const char *now) {
  return (struct standing){now, is ? STANDS_STILL : STANDS_NO_MORE};
}

static usec now(void) {
  return when_now();
}

/* --- Orders --- */

static struct standing of_order(const struct core *core, uint32_t order, bool counts) {
  enum order_status status = order_status_at(core, order, now());
  return still(counts && status == ORDER_STATUS_IN_FORCE, order_status_names[status]);
}

static struct standing order_recorded(const struct core *core, const struct event *e) {
  uint32_t order;
  return core_find_order(core, e->u.order_recorded.order, &order) ? of_order(core, order, true)
                                                                  : (struct standing){0};
}

static struct standing order_authenticated(const struct core *core, const struct event *e) {
  const struct ev_order_authenticated *a = &e->u.order_authenticated;
  return core->orders[a->order].authenticator == a->by
             ? of_order(core, a->order, true)
             : still(false, "authenticated again by another");
}

static struct standing order_written(const struct core *core, const struct event *e) {
  return of_order(core, e->u.order_written.order, true);
}

/* What was taken back stays so. */
static struct standing order_ended(const struct core *core, const struct event *e) {
  return still(true, order_status_names[order_status_at(core, e->u.order_ref.order, now())]);
}

/* --- Persons --- */

static struct standing of_person(const struct core *core, const struct event *e,
                                 enum person_state state) {
  uint32_t is = core->persons[e->u.person_ref.person].state;
  return still(is == (uint32_t)state, person_state_names[is]);
}

static struct standing person_added(const struct core *core, const struct event *e) {
  uint32_t person;
  if (!core_find_person(core, e->u.person_added.person, &person))
    return (struct standing){0};
  uint32_t is = core->persons[person].state;
  return still(is == PERSON_PRESENT || is == PERSON_STATE_SUSPENDED, person_state_names[is]);
}

static struct standing person_suspended(const struct core *core, const struct event *e) {
  return of_person(core, e, PERSON_STATE_SUSPENDED);
}

static struct standing person_reinstated(const struct core *core, const struct event *e) {
  return of_person(core, e, PERSON_PRESENT);
}

static struct standing person_departed(const struct core *core, const struct event *e) {
  return of_person(core, e, PERSON_STATE_DEPARTED);
}

static struct standing person_merged(const struct core *core, const struct event *e) {
  bool is = core->persons[e->u.person_merged.person].merged_into == e->u.person_merged.into;
  return still(is, is ? "merged" : "not merged");
}

static struct standing person_unmerged(const struct core *core, const struct event *e) {
  bool is = core->persons[e->u.person_ref.person].state == PERSON_STATE_MERGED;
  return still(!is, is ? "merged" : "not merged");
}

static struct standing in_area(const struct core *core, uint32_t person, uint32_t area, usec at) {
  const struct person *p = &core->persons[person];
  bool is = p->area == area && p->entered_s == seconds_of(at);
  return still(is, is ? "still there" : "moved on since");
}

static struct standing person_located(const struct core *core, const struct event *e) {
  return in_area(core, e->u.person_located.person, e->u.person_located.to, e->at);
}

static struct standing passage_granted(const struct core *core, const struct event *e) {
  const struct ev_passage_granted *g = &e->u.passage_granted;
  return g->taken ? in_area(core, g->person, g->to, e->at) : (struct standing){0};
}

static struct standing passage_taken(const struct core *core, const struct event *e) {
  return in_area(core, e->u.passage_ended.person, e->u.passage_ended.to, e->at);
}

static struct standing mark(const struct core *core, const struct event *e) {
  bool is = core->custody[e->u.mark.person].marks >> e->u.mark.mark & 1;
  return still(is == (e->type == EVENT_MARK_SET), is ? "marked" : "not marked");
}

static struct standing link(const struct core *core, const struct event *e) {
  bool is = linked_directly(core, e->u.link.person, e->u.link.other);
  return still(is == (e->type == EVENT_LINK_RECORDED), is ? "linked" : "not linked");
}

static struct standing class_assigned(const struct core *core, const struct event *e) {
  const struct ev_class_assigned *c = &e->u.class_assigned;
  for (uint32_t i = core->custody[c->person].classes; i; i = core->class_rows[i - 1].next)
    if (core->class_rows[i - 1].class == c->class)
      return still(core->class_rows[i - 1].membership == c->membership,
                   membership_names[core->class_rows[i - 1].membership]);
  return (struct standing){0};
}

static struct standing separation(const struct core *core, const struct event *e) {
  bool is = false;
  for (uint32_t s = core->persons[e->u.separation.person].separations; s;
       s = core->separations[s - 1].next)
    is = is || core->separations[s - 1].other == e->u.separation.from_person;
  return still(is == (e->type == EVENT_SEPARATION_ADDED), is ? "kept apart" : "not kept apart");
}

/* --- Credentials, levels --- */

static struct standing of_card(const struct core *core, uint32_t card, uint32_t state) {
  uint32_t is = core->credentials[card].state;
  return still(is == state, credential_state_names[is]);
}

static struct standing credential_issued(const struct core *core, const struct event *e) {
  uint32_t card;
  return core_find_credential(core, e->u.credential_issued.credential, &card)
             ? of_card(core, card, CREDENTIAL_STATE_ISSUED)
             : (struct standing){0};
}

static struct standing credential_changed(const struct core *core, const struct event *e) {
  return of_card(core, e->u.credential_ref.credential,
                 e->type == EVENT_CREDENTIAL_SUSPENDED    ? CREDENTIAL_STATE_SUSPENDED
                 : e->type == EVENT_CREDENTIAL_LOST       ? CREDENTIAL_STATE_LOST
                 : e->type == EVENT_CREDENTIAL_REINSTATED ? CREDENTIAL_STATE_ISSUED
                                                          : CREDENTIAL_STATE_REVOKED);
}

static struct standing pin_set(const struct core *core, const struct event *e) {
  bool is =
      memcmp(core->persons[e->u.pin_set.person].pin.b, e->u.pin_set.pin.b, sizeof(struct id)) == 0;
  return still(is, is ? "that PIN" : "another PIN since");
}

static struct standing of_level(const struct core *core, uint32_t person, uint32_t level,
                                bool holds) {
  struct grant_cursor c = {0};
  bool is = false;
  for (const struct grant *g; (g = person_next_grant(core, &core->persons[person], &c));)
    is = is || g->level == level;
  return still(is == holds, is ? "held" : "not held");
}

static struct standing level_granted(const struct core *core, const struct event *e) {
  return of_level(core, e->u.level_granted.person, e->u.level_granted.level, true);
}

static struct standing level_revoked(const struct core *core, const struct event *e) {
  return of_level(core, e->u.level_revoked.person, e->u.level_revoked.level, false);
}

/* --- What orders name, bookings, hearings --- */

static struct standing named(const struct core *core, const struct event *e) {
  (void)core;
  (void)e;
  return still(true, "named");
}

static struct standing basis_repealed(const struct core *core, const struct event *e) {
  (void)core;
  (void)e;
  return still(true, "repealed");
}

static struct standing money(const struct core *core, const struct event *e) {
  (void)core;
  return still(true, e->type == EVENT_AGREEMENT_PAID ? "paid" : "committed");
}

static struct standing booking_opened(const struct core *core, const struct event *e) {
  uint32_t i;
  if (!core_find_booking(core, e->u.booking_opened.booking, &i))
    return (struct standing){0};
  bool open = core->bookings[i].closed_s == UINT32_MAX;
  return still(open, open ? "open" : "closed");
}

static struct standing hearing_set(const struct core *core, const struct event *e) {
  uint32_t i;
  return core_find_hearing(core, e->u.hearing_set.hearing, &i)
             ? still(core->hearings[i].state == HEARING_SET,
                     hearing_state_names[core->hearings[i].state])
             : (struct standing){0};
}

static struct standing hearing_closed(const struct core *core, const struct event *e) {
  return still(true, hearing_state_names[core->hearings[e->u.hearing_closed.hearing].state]);
}

static struct standing of_assessment(const struct core *core, uint32_t i, bool stands) {
  return still(stands, assessment_state_names[core->assessments[i].state]);
}

static struct standing assessment_recorded(const struct core *core, const struct event *e) {
  uint32_t i;
  return core_find_assessment(core, e->u.assessment_recorded.assessment, &i)
             ? of_assessment(core, i, !assessment_is_over(&core->assessments[i]))
             : (struct standing){0};
}

static struct standing assessment_contested(const struct core *core, const struct event *e) {
  bool is = core->assessments[e->u.assessment_ref.assessment].contested_s != UINT32_MAX;
  return still(is, is ? "contested" : "reviewed since");
}

static struct standing assessment_reviewed(const struct core *core, const struct event *e) {
  uint32_t i = e->u.assessment_reviewed.assessment;
  return of_assessment(core, i, core->assessments[i].state == e->u.assessment_reviewed.outcome + 1);
}

/* --- Movements --- */

static struct standing of_movement(const struct core *core, uint32_t movement, bool stands) {
  return still(stands, movement_state_names[core->movements[movement].state]);
}

static bool goes_on(const struct core *core, uint32_t movement) {
  return core->movements[movement].state != MOVEMENT_STATE_CANCELLED;
}

static struct standing movement_proposed(const struct core *core, const struct event *e) {
  uint32_t i;
  return core_find_movement(core, e->u.movement_proposed.movement, &i)
             ? of_movement(core, i, goes_on(core, i))
             : (struct standing){0};
}

static struct standing movement_authorised(const struct core *core, const struct event *e) {
  uint32_t i = e->u.movement_authorised.movement;
  return of_movement(core, i, goes_on(core, i));
}

static struct standing movement_went(const struct core *core, const struct event *e) {
  return of_movement(core, e->u.movement_ref.movement, true);
}

static struct standing movement_departed(const struct core *core, const struct event *e) {
  return of_movement(core, e->u.movement_departed.movement, true);
}

static struct standing movement_diverted(const struct core *core, const struct event *e) {
  const struct ev_movement_diverted *v = &e->u.movement_diverted;
  return of_movement(core, v->movement, core->movements[v->movement].to == v->to);
}

/* Each of these begins with the movement and the person. */
static struct standing on_manifest(const struct core *core, const struct event *e) {
  uint32_t movement = e->u.member_ref.movement, person = e->u.member_ref.person;
  uint32_t last = core->custody[person].member;
  if (!last || core->members[last - 1].movement != movement)
    return still(false, "on another manifest since");
  uint32_t state = core->members[last - 1].state;
  bool off = e->type == EVENT_MANIFEST_REMOVED;
  return still(off ? state == MEMBER_REMOVED
                   : member_is_active(state) || state == MEMBER_HANDED_OVER,
               member_state_names[state]);
}
#define SAME_PLACE(shape)                                                                          \
  _Static_assert(offsetof(struct shape, movement) == offsetof(struct ev_member_ref, movement) &&   \
                     offsetof(struct shape, person) == offsetof(struct ev_member_ref, person),     \
                 #shape " begins otherwise")
SAME_PLACE(ev_manifest_added);
SAME_PLACE(ev_manifest_cited);
SAME_PLACE(ev_member_permitted);
SAME_PLACE(ev_identity_confirmed);
SAME_PLACE(ev_movement_handed_over);

/* --- The site --- */

static struct standing operator_added(const struct core *core, const struct event *e) {
  uint32_t i;
  if (!core_find_operator(core, e->u.operator_added.operator_id, &i))
    return (struct standing){0};
  bool off = core->operators[i].disabled;
  return still(!off, off ? "disabled" : "may act");
}

static struct standing operator_disabled(const struct core *core, const struct event *e) {
  (void)core;
  (void)e;
  return still(true, "disabled");
}

static struct standing plan_applied(const struct core *core, const struct event *e) {
  bool is = memcmp(&core->head.plan_hash, &e->u.plan_applied.compiled, sizeof(struct hash)) == 0;
  return still(is, is ? "in force" : "replaced since");
}

static struct standing lockdown(const struct core *core, const struct event *e) {
  bool is = core->areas[e->u.area_ref.area].lockdown;
  return still(is == (e->type == EVENT_LOCKDOWN_STARTED), is ? "locked down" : "not locked down");
}

static struct standing threat_changed(const struct core *core, const struct event *e) {
  bool is = core->head.threat == e->u.threat_changed.to;
  return still(is, is ? "at that level" : "at another level");
}

static struct standing gate(const struct core *core, const struct event *e) {
  bool closed = core->gates[e->u.gate_ref.gate].closed;
  return still(closed == (e->type == EVENT_GATE_CLOSED), closed ? "closed" : "in service");
}

static struct standing alarm_acknowledged(const struct core *core, const struct event *e) {
  (void)core;
  (void)e;
  return still(true, "acknowledged");
}

static struct standing (*const rows[EVENT_COUNT])(const struct core *, const struct event *) = {
    [EVENT_PLAN_APPLIED] = plan_applied,
    [EVENT_OPERATOR_ADDED] = operator_added,
    [EVENT_OPERATOR_DISABLED] = operator_disabled,
    [EVENT_OPERATOR_COMPROMISED] = operator_disabled,
    [EVENT_PERSON_ADDED] = person_added,
    [EVENT_PERSON_SUSPENDED] = person_suspended,
    [EVENT_PERSON_REINSTATED] = person_reinstated,
    [EVENT_PERSON_DEPARTED] = person_departed,
    [EVENT_PERSON_MERGED] = person_merged,
    [EVENT_PERSON_UNMERGED] = person_unmerged,
    [EVENT_PERSON_LOCATED] = person_located,
    [EVENT_CREDENTIAL_ISSUED] = credential_issued,
    [EVENT_CREDENTIAL_SUSPENDED] = credential_changed,
    [EVENT_CREDENTIAL_REINSTATED] = credential_changed,
    [EVENT_CREDENTIAL_LOST] = credential_changed,
    [EVENT_CREDENTIAL_REVOKED] = credential_changed,
    [EVENT_CREDENTIAL_COMPROMISED] = credential_changed,
    [EVENT_PIN_SET] = pin_set,
    [EVENT_LEVEL_GRANTED] = level_granted,
    [EVENT_LEVEL_REVOKED] = level_revoked,
    [EVENT_SEPARATION_ADDED] = separation,
    [EVENT_SEPARATION_LIFTED] = separation,
    [EVENT_AUTHORITY_ADDED] = named,
    [EVENT_PLACE_ADDED] = named,
    [EVENT_BASIS_ADDED] = named,
    [EVENT_BASIS_REPEALED] = basis_repealed,
    [EVENT_AGREEMENT_COMMITTED] = money,
    [EVENT_AGREEMENT_PAID] = money,
    [EVENT_CLASS_ADDED] = named,
    [EVENT_CLASS_ASSIGNED] = class_assigned,
    [EVENT_ORDER_RECORDED] = order_recorded,
    [EVENT_ORDER_AUTHENTICATED] = order_authenticated,
    [EVENT_ORDER_WRITTEN] = order_written,
    [EVENT_ORDER_RECALLED] = order_ended,
    [EVENT_ORDER_REFUTED] = order_ended,
    [EVENT_ASSESSMENT_RECORDED] = assessment_recorded,
    [EVENT_ASSESSMENT_CONTESTED] = assessment_contested,
    [EVENT_ASSESSMENT_REVIEWED] = assessment_reviewed,
    [EVENT_BOOKING_OPENED] = booking_opened,
    [EVENT_MARK_SET] = mark,
    [EVENT_MARK_CLEARED] = mark,
    [EVENT_LINK_RECORDED] = link,
    [EVENT_LINK_DISMISSED] = link,
    [EVENT_MOVEMENT_PROPOSED] = movement_proposed,
    [EVENT_MOVEMENT_AUTHORISED] = movement_authorised,
    [EVENT_MOVEMENT_CANCELLED] = movement_went,
    [EVENT_MANIFEST_ADDED] = on_manifest,
    [EVENT_MANIFEST_CITED] = on_manifest,
    [EVENT_MANIFEST_PROMOTED] = on_manifest,
    [EVENT_MANIFEST_REMOVED] = on_manifest,
    [EVENT_IDENTITY_CONFIRMED] = on_manifest,
    [EVENT_MOVEMENT_BOARDED] = on_manifest,
    [EVENT_MOVEMENT_DISEMBARKED] = on_manifest,
    [EVENT_MOVEMENT_DEPARTED] = movement_departed,
    [EVENT_MOVEMENT_DIVERTED] = movement_diverted,
    [EVENT_MOVEMENT_ARRIVED] = movement_went,
    [EVENT_MOVEMENT_HANDED_OVER] = on_manifest,
    [EVENT_HEARING_SET] = hearing_set,
    [EVENT_HEARING_CLOSED] = hearing_closed,
    [EVENT_LOCKDOWN_STARTED] = lockdown,
    [EVENT_LOCKDOWN_RELEASED] = lockdown,
    [EVENT_THREAT_CHANGED] = threat_changed,
    [EVENT_GATE_CLOSED] = gate,
    [EVENT_GATE_OPENED] = gate,
    [EVENT_PASSAGE_GRANTED] = passage_granted,
    [EVENT_PASSAGE_TAKEN] = passage_taken,
    [EVENT_ALARM_ACKNOWLEDGED] = alarm_acknowledged,
};

struct standing standing_of(const struct core *core, const struct event *e) {
  return rows[e->type] ? rows[e->type](core, e) : (struct standing){NULL, STANDS_NEVER};
}
