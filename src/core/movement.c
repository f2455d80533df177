/* movement.c: a movement as a whole: proposed by one, authorised by another, departed with those
 * who are permitted at that instant, and what becomes of it. */
#include "core/movement.h"

#include "core/apply.h"
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

#define X(NAME, text) text,
const char *const movement_state_names[] = {MOVEMENT_STATE_LIST(X) NULL};
#undef X
const char *const movement_step_names[] = {
    [STEP_AUTHORISE] = "authorise", [STEP_ADD] = "add",         [STEP_CITE] = "cite",
    [STEP_PROMOTE] = "promote",     [STEP_CONFIRM] = "confirm", [STEP_BOARD] = "board",
    [STEP_DEPART] = "depart",       [STEP_DIVERT] = "divert",   [STEP_ARRIVE] = "arrive",
    [STEP_HANDOVER] = "handover",   [STEP_COUNT] = NULL};

/* Of those who are not permitted, as many are named in one decision. */
enum { refused_most = events_max - 4 };

/* --- Proposing --- */

/* What each kind of movement names. */
enum has { NEVER, MAY, MUST };
static const struct {
  uint8_t to, agreement, receiver, returns, emergency;
} names[MOVEMENT_KIND_COUNT] = {
    [MOVEMENT_TRANSFER] = {MUST, MAY, MUST, NEVER, NEVER},
    [MOVEMENT_PRODUCTION] = {MUST, NEVER, NEVER, MAY, NEVER},
    [MOVEMENT_REMOVAL] = {MUST, MAY, MUST, NEVER, NEVER},
    [MOVEMENT_MEDICAL] = {MUST, NEVER, NEVER, MAY, MAY},
    [MOVEMENT_RELEASE] = {MAY, NEVER, MAY, NEVER, NEVER},
    [MOVEMENT_INTERNAL] = {NEVER, NEVER, NEVER, NEVER, NEVER},
};

static bool fits(enum has has, bool given) {
  return given ? has != NEVER : has != MUST;
}

static bool is_complete(const struct core *core, const struct cmd_movement_propose *p) {
  return fits(names[p->kind].to, p->to != REF_ABSENT) &&
         fits(names[p->kind].agreement, p->agreement != REF_ABSENT) &&
         fits(names[p->kind].receiver, p->receiver != REF_ABSENT) &&
         fits(names[p->kind].returns, p->returns != TIME_ABSENT) &&
         fits(names[p->kind].emergency, p->emergency) &&
         (p->to == REF_ABSENT || !place_is_here(core, p->to)) &&
         (p->agreement == REF_ABSENT || core->bases[p->agreement].agreement) &&
         (!p->emergency || (p->seats && p->seats <= emergency_seats_max));
}

void decide_movement_propose(struct deciding *d) {
  const struct cmd_movement_propose *p = &d->command->u.movement_propose;
  const struct core *core = d->core;
  uint32_t have;
  if (core_find_movement(core, p->movement, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_MOVEMENT, have));
  else if (!is_complete(core, p))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (core->head.n_movements == movements_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (check_dates(d, p->departs, p->returns))
    deciding_event(d, EVENT_MOVEMENT_PROPOSED)->u.movement_proposed =
        (struct ev_movement_proposed){.movement = p->movement,
                                      .number = person_number(core->head.n_movements),
                                      .kind = p->kind,
                                      .to = p->to,
                                      .agreement = p->agreement,
                                      .receiver = p->receiver,
                                      .seats = p->seats,
                                      .adults_only = p->adults_only,
                                      .emergency = p->emergency,
                                      .departs = p->departs,
                                      .returns = p->returns,
                                      .proposer = d->command->by.index};
}

void apply_movement_proposed(struct core *core, const struct event *e) {
  const struct ev_movement_proposed *p = &e->u.movement_proposed;
  SP_ASSERT(core->head.n_movements < movements_max);
  uint32_t i = core->head.n_movements++;
  core->movements[i] = (struct movement){.id = p->movement,
                                         .to = p->to,
                                         .agreement = p->agreement,
                                         .receiver = p->receiver,
                                         .seats = p->seats,
                                         .proposer = p->proposer,
                                         .authoriser = REF_ABSENT,
                                         .departs_s = until_seconds(p->departs),
                                         .returns_s = until_seconds(p->returns),
                                         .departed_s = UINT32_MAX,
                                         .kind = (uint8_t)p->kind,
                                         .adults_only = p->adults_only,
                                         .emergency = p->emergency};
  core_index_added(core, REF_MOVEMENT, i);
}

/* --- All of them are asked, at one instant --- */

/* Of every member in this state the question; each who is not permitted is named. True: all are. */
static bool ask_all(struct deciding *d, enum movement_step step, uint32_t movement,
                    enum member_state state, uint32_t to) {
  const struct core *core = d->core;
  uint32_t refused = 0;
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    struct question q = {movement, r->person, r->order, to, d->command->at};
    struct reasons found = {0};
    struct refs rests_on;
    if (r->state != state || refused == refused_most)
      continue;
    permitted(core, &q, &found, &rests_on);
    if (step == STEP_DEPART) {
      check_still(core, r->person, &found);
      check_separate(core, movement, r->person, MEMBER_BOARDED, &found);
    }
    check_knowledge(d, movement, &found);
    if (found.n) {
      refuse_step(d, step, movement, r->person, &found);
      escalate(d, step, &q, &found);
      refused++;
    }
  }
  return !refused;
}

static uint32_t members_in(const struct core *core, uint32_t movement, enum member_state state) {
  uint32_t n = 0;
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next)
    n += core->members[i - 1].state == state;
  return n;
}

/* Everyone who is in one of these states. */
static void all_go(struct core *core, uint32_t movement, unsigned from, enum member_state to) {
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next)
    if (from >> core->members[i - 1].state & 1)
      member_goes(core, &core->members[i - 1], to);
}

#define FROM(NAME)     (1u << MEMBER_##NAME)
#define BEFORE_LEAVING (FROM(ALTERNATE) | FROM(MANIFESTED) | FROM(CONFIRMED))

/* Of the movement as a whole: then nobody is asked about. */
static bool is_frozen(struct deciding *d, enum movement_step step, uint32_t movement) {
  struct reasons found = {0};
  if (!check_frozen(d->core, movement, &found))
    return false;
  refuse_step(d, step, movement, REF_ABSENT, &found);
  return true;
}

/* --- Authorising, cancelling --- */

void decide_movement_authorise(struct deciding *d) {
  uint32_t which = d->command->u.movement_ref.movement, by = d->command->by.index;
  const struct movement *m = &d->core->movements[which];
  bool two = d->core->plan->rules.second_operator;
  if (m->state == MOVEMENT_STATE_AUTHORISED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_MOVEMENT, which));
  else if (m->state != MOVEMENT_STATE_PROPOSED)
    refuse_sequence(d, STEP_AUTHORISE, which, REF_ABSENT);
  else if (two && m->proposer == by)
    deciding_refuse(d, REASON_SAME_OPERATOR, ref_to(REF_OPERATOR, by));
  else if (two && d->core->operators[m->proposer].role == d->core->operators[by].role)
    deciding_refuse(d, REASON_SAME_ROLE, ref_to(REF_OPERATOR, by));
  else if (!is_frozen(d, STEP_AUTHORISE, which) &&
           ask_all(d, STEP_AUTHORISE, which, MEMBER_MANIFESTED, m->to))
    deciding_event(d, EVENT_MOVEMENT_AUTHORISED)->u.movement_authorised =
        (struct ev_movement_authorised){which, by};
}

void apply_movement_authorised(struct core *core, const struct event *e) {
  const struct ev_movement_authorised *a = &e->u.movement_authorised;
  core->movements[a->movement].state = MOVEMENT_STATE_AUTHORISED;
  core->movements[a->movement].authoriser = a->by;
}

void decide_movement_cancel(struct deciding *d) {
  uint32_t which = d->command->u.movement_ref.movement;
  uint32_t state = d->core->movements[which].state;
  if (state == MOVEMENT_STATE_CANCELLED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_MOVEMENT, which));
  else if (state > MOVEMENT_STATE_AUTHORISED)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_MOVEMENT, which));
  else
    deciding_event(d, EVENT_MOVEMENT_CANCELLED)->u.movement_ref.movement = which;
}

void apply_movement_cancelled(struct core *core, const struct event *e) {
  uint32_t which = e->u.movement_ref.movement;
  core->movements[which].state = MOVEMENT_STATE_CANCELLED;
  all_go(core, which, BEFORE_LEAVING | FROM(BOARDED), MEMBER_REMOVED);
}

/* --- Leaving --- */

/* Who goes in an emergency although an order forbids transfers: its issuer is to be told. */
static void owe_notices(struct deciding *d, uint32_t movement) {
  const struct core *core = d->core;
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    uint32_t order = r->state == MEMBER_BOARDED ? order_no_transfer(core, r->person, d->command->at)
                                                : REF_ABSENT;
    if (order != REF_ABSENT)
      deciding_alarm(d, EVENT_NOTICE_OWED)->u.notice_owed =
          (struct ev_notice_owed){movement, r->person, order};
  }
}

void decide_movement_depart(struct deciding *d) {
  uint32_t which = d->command->u.movement_ref.movement;
  const struct movement *m = &d->core->movements[which];
  uint32_t boarded = members_in(d->core, which, MEMBER_BOARDED);
  if (m->state == MOVEMENT_STATE_DEPARTED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_MOVEMENT, which));
  else if (m->state != MOVEMENT_STATE_AUTHORISED || !boarded)
    refuse_sequence(d, STEP_DEPART, which, REF_ABSENT);
  else if (!is_frozen(d, STEP_DEPART, which) &&
           ask_all(d, STEP_DEPART, which, MEMBER_BOARDED, m->to)) {
    deciding_event(d, EVENT_MOVEMENT_DEPARTED)->u.movement_departed =
        (struct ev_movement_departed){which, boarded};
    if (m->emergency)
      owe_notices(d, which);
  }
}

/* Whoever is set free is nobody's from here on; all others leave in the custody of those who take
 * them. */
void apply_movement_departed(struct core *core, const struct event *e) {
  uint32_t which = e->u.movement_departed.movement;
  struct movement *m = &core->movements[which];
  bool free = m->kind == MOVEMENT_RELEASE && m->receiver == REF_ABSENT;
  m->state = MOVEMENT_STATE_DEPARTED;
  m->departed_s = seconds_of(e->at);
  all_go(core, which, BEFORE_LEAVING, MEMBER_REMOVED);
  for (uint32_t i = m->members; i; i = core->members[i - 1].next) {
    struct member *r = &core->members[i - 1];
    if (r->state != MEMBER_BOARDED)
      continue;
    member_goes(core, r, free ? MEMBER_HANDED_OVER : MEMBER_DEPARTED);
    if (free)
      booking_close(core, r->person, e->at);
    if (m->kind != MOVEMENT_INTERNAL && core->persons[r->person].area != area_outside)
      move_person(core, r->person, area_outside, e->at);
  }
}

/* --- Under way --- */

/* Where it goes meanwhile is a fact, which nobody refuses; that it goes on from where it has
 * arrived is a leg of its own, and decided. */
void decide_movement_divert(struct deciding *d) {
  const struct cmd_movement_divert *c = &d->command->u.movement_divert;
  const struct movement *m = &d->core->movements[c->movement];
  bool onward = m->state == MOVEMENT_STATE_ARRIVED;
  if (m->to == REF_ABSENT || (m->state != MOVEMENT_STATE_DEPARTED && !onward) ||
      (onward && !members_in(d->core, c->movement, MEMBER_ARRIVED)))
    refuse_sequence(d, STEP_DIVERT, c->movement, REF_ABSENT);
  else if (m->to == c->to)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PLACE, c->to));
  else if (!onward || (!is_frozen(d, STEP_DIVERT, c->movement) &&
                       ask_all(d, STEP_DIVERT, c->movement, MEMBER_ARRIVED, c->to)))
    deciding_event(d, EVENT_MOVEMENT_DIVERTED)->u.movement_diverted =
        (struct ev_movement_diverted){c->movement, m->to, c->to};
}

void apply_movement_diverted(struct core *core, const struct event *e) {
  const struct ev_movement_diverted *v = &e->u.movement_diverted;
  core->movements[v->movement].to = v->to;
  core->movements[v->movement].state = MOVEMENT_STATE_DEPARTED;
  all_go(core, v->movement, FROM(ARRIVED), MEMBER_DEPARTED);
}

void decide_movement_arrive(struct deciding *d) {
  uint32_t which = d->command->u.movement_ref.movement;
  uint32_t state = d->core->movements[which].state;
  if (state == MOVEMENT_STATE_ARRIVED)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_MOVEMENT, which));
  else if (state != MOVEMENT_STATE_DEPARTED)
    refuse_sequence(d, STEP_ARRIVE, which, REF_ABSENT);
  else
    deciding_event(d, EVENT_MOVEMENT_ARRIVED)->u.movement_ref.movement = which;
}

void apply_movement_arrived(struct core *core, const struct event *e) {
  uint32_t which = e->u.movement_ref.movement;
  struct movement *m = &core->movements[which];
  m->state = MOVEMENT_STATE_ARRIVED;
  all_go(core, which, FROM(DEPARTED),
         m->kind == MOVEMENT_INTERNAL ? MEMBER_RETURNED : MEMBER_ARRIVED);
}

/* Whoever comes in through a gate is back. */
void member_returns(struct core *core, uint32_t person) {
  const struct member *r = active_member(core, person);
  if (r && (r->state == MEMBER_DEPARTED || r->state == MEMBER_ARRIVED))
    member_goes(core, &core->members[core->custody[person].member - 1], MEMBER_RETURNED);
}
