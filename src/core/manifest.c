/* manifest.c: who is on a movement, and each step of theirs, decided anew. One table says from
 * where to where a step leads; one function asks. */
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

#define X(NAME, text) text,
const char *const member_state_names[] = {MEMBER_STATE_LIST(X) NULL};
#undef X

/* --- Rows --- */

const struct member *active_member(const struct core *core, uint32_t person) {
  uint32_t i = core->custody[person].member;
  return i && member_is_active(core->members[i - 1].state) ? &core->members[i - 1] : NULL;
}

static struct member *row_of(struct core *core, uint32_t person) {
  return &core->members[core->custody[person].member - 1];
}

/* Places of the movement, and of the agreement under which it goes. */
static void count_place(struct core *core, const struct member *r, uint32_t by) {
  struct movement *m = &core->movements[r->movement];
  m->n_seated += by;
  if (m->agreement != REF_ABSENT)
    core->bases[m->agreement].used += by;
}

void member_goes(struct core *core, struct member *r, enum member_state to) {
  if (member_takes_place(to) != member_takes_place(r->state))
    count_place(core, r, member_takes_place(to) ? 1u : UINT32_MAX); /* which is one less */
  r->state = to;
}

void booking_close(struct core *core, uint32_t person, usec at) {
  core->bookings[core->custody[person].booking - 1].closed_s = seconds_of(at);
}

/* --- Steps --- */

#define IN(NAME)   (1u << MOVEMENT_STATE_##NAME)
#define FROM(NAME) (1u << MEMBER_##NAME)
#define NOT_SEATED MEMBER_STATE_COUNT
#define UNDER_WAY  (IN(PROPOSED) | IN(AUTHORISED))

static const struct {
  uint8_t movement; /* states that it may be in */
  uint16_t from;    /* states that the person may be in */
  uint8_t to;       /* and will be; MEMBER_STATE_COUNT: stays */
  uint8_t beside;   /* nobody kept separate may be aboard in this state or further; or NOT_SEATED */
  bool inside;      /* they are still on the site */
  bool still;       /* and not on the way through a door into it */
} steps[STEP_COUNT] = {
    [STEP_ADD] = {UNDER_WAY, 0, MEMBER_MANIFESTED, MEMBER_MANIFESTED, true, false},
    [STEP_CITE] = {UNDER_WAY | IN(DEPARTED) | IN(ARRIVED),
                   FROM(ALTERNATE) | FROM(MANIFESTED) | FROM(CONFIRMED) | FROM(BOARDED) |
                       FROM(DEPARTED) | FROM(ARRIVED) | FROM(RETURNED),
                   MEMBER_STATE_COUNT, NOT_SEATED, false, false},
    [STEP_PROMOTE] = {UNDER_WAY, FROM(ALTERNATE), MEMBER_MANIFESTED, MEMBER_MANIFESTED, true,
                      false},
    [STEP_CONFIRM] = {IN(AUTHORISED), FROM(MANIFESTED), MEMBER_CONFIRMED, MEMBER_CONFIRMED, true,
                      false},
    [STEP_BOARD] = {IN(AUTHORISED), FROM(CONFIRMED), MEMBER_BOARDED, MEMBER_BOARDED, true, true},
    [STEP_HANDOVER] = {IN(ARRIVED), FROM(ARRIVED), MEMBER_HANDED_OVER, NOT_SEATED, false, true},
};

void refuse_step(struct deciding *d, enum movement_step step, uint32_t movement, uint32_t person,
                 const struct reasons *found) {
  deciding_event(d, EVENT_MOVEMENT_REFUSED)->u.movement_refused =
      (struct ev_movement_refused){movement, person, step, *found};
  d->out->verdict = VERDICT_REFUSED;
  if (!d->out->reasons.n)
    d->out->reasons = *found;
}

void refuse_sequence(struct deciding *d, enum movement_step step, uint32_t movement,
                     uint32_t person) {
  struct reasons found = {0};
  reasons_add(&found, REASON_SEQUENCE, ref_to(REF_MOVEMENT, movement));
  refuse_step(d, step, movement, person, &found);
}

void check_separate(const struct core *core, uint32_t movement, uint32_t person,
                    enum member_state beside, struct reasons *found) {
  struct linked linked;
  linked_of(core, person, &linked);
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    for (uint32_t k = 0;
         k < linked.n && r->person != person && r->state >= beside && member_is_active(r->state);
         k++)
      if (kept_separate(core, linked.persons[k], r->person)) {
        reasons_add(found, REASON_SEPARATION, ref_to(REF_PERSON, r->person));
        return;
      }
  }
}

void check_knowledge(const struct deciding *d, uint32_t movement, struct reasons *found) {
  const struct command *c = d->command;
  struct ref on = ref_to(REF_MOVEMENT, movement);
  if (c->at - c->known_at > (usec)d->core->plan->rules.stale_ms * USEC_PER_MS)
    reasons_add(found, REASON_STALE_VIEW, on);
  if (!c->clock_trusted)
    reasons_add(found, REASON_CLOCK, on);
}

void check_still(const struct core *core, uint32_t person, struct reasons *found) {
  if (on_the_way(core, person, REF_ABSENT))
    reasons_add(found, REASON_SEQUENCE, ref_to(REF_PERSON, person));
}

static void check_room(const struct core *core, const struct movement *m, uint32_t movement,
                       struct reasons *found) {
  const struct basis *b = m->agreement == REF_ABSENT ? NULL : &core->bases[m->agreement];
  if (m->seats && m->n_seated >= m->seats)
    reasons_add(found, REASON_CAPACITY, ref_to(REF_MOVEMENT, movement));
  if (b && b->places && b->used >= b->places)
    reasons_add(found, REASON_AGREEMENT_FULL, ref_to(REF_BASIS, m->agreement));
}

/* Asks everything about a step; the person is where it begins. */
static void ask(const struct deciding *d, enum movement_step step, bool takes_place,
                const struct question *q, struct reasons *found, struct refs *rests_on) {
  const struct core *core = d->core;
  permitted(core, q, found, rests_on);
  if (steps[step].inside && core->persons[q->person].area == area_outside)
    reasons_add(found, REASON_SEQUENCE, ref_to(REF_PERSON, q->person));
  if (steps[step].still)
    check_still(core, q->person, found);
  if (takes_place || step == STEP_BOARD)
    check_frozen(core, q->movement, found);
  if (takes_place)
    check_room(core, &core->movements[q->movement], q->movement, found);
  if (steps[step].beside != NOT_SEATED && (takes_place || step != STEP_ADD))
    check_separate(core, q->movement, q->person, steps[step].beside, found);
  check_knowledge(d, q->movement, found);
}

/* Is the person where this step begins? Else it was rejected or refused. */
static bool stands_there(struct deciding *d, enum movement_step step, uint32_t movement,
                         uint32_t person) {
  uint32_t last = d->core->custody[person].member;
  const struct member *r = last ? &d->core->members[last - 1] : NULL;
  bool here = r && r->movement == movement;
  if (here && r->state == steps[step].to) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, person));
    return false;
  }
  if (!here || !(steps[step].from >> r->state & 1) ||
      !(steps[step].movement >> d->core->movements[movement].state & 1)) {
    refuse_sequence(d, step, movement, person);
    return false;
  }
  return true;
}

/* Decides a step of one who is on the manifest. NULL: not permitted. */
static struct event *decide_step(struct deciding *d, enum movement_step step, uint32_t movement,
                                 uint32_t person, uint32_t order, enum event_type type,
                                 struct refs *rests_on, struct reasons *found) {
  struct question q = {movement,       person,           order, d->core->movements[movement].to,
                       d->command->at, step == STEP_CITE};
  ask(d, step, step == STEP_PROMOTE, &q, found, rests_on);
  if (!found->n)
    return deciding_event(d, type);
  refuse_step(d, step, movement, person, found);
  escalate(d, step, &q, found);
  return NULL;
}

static uint32_t cited(const struct deciding *d, uint32_t person) {
  return d->core->members[d->core->custody[person].member - 1].order;
}

static void step_of(struct deciding *d, enum movement_step step, enum event_type type) {
  const struct cmd_member_ref *c = &d->command->u.member_ref;
  struct refs rests_on;
  struct reasons found = {0};
  if (!stands_there(d, step, c->movement, c->person))
    return;
  struct event *e =
      decide_step(d, step, c->movement, c->person, cited(d, c->person), type, &rests_on, &found);
  if (e)
    e->u.member_permitted = (struct ev_member_permitted){c->movement, c->person, rests_on};
}

void decide_manifest_promote(struct deciding *d) {
  step_of(d, STEP_PROMOTE, EVENT_MANIFEST_PROMOTED);
}

void decide_movement_board(struct deciding *d) {
  step_of(d, STEP_BOARD, EVENT_MOVEMENT_BOARDED);
}

/* An assessment authorises nothing: offered in place of an order it is refused, whatever else. */
static bool is_claim_alone(struct deciding *d, enum movement_step step, uint32_t movement,
                           uint32_t person, uint32_t order, uint32_t assessment) {
  struct reasons found = {0};
  if (order != REF_ABSENT || assessment == REF_ABSENT)
    return false;
  reasons_add(&found, REASON_NO_AUTHORITY, ref_to(REF_ASSESSMENT, assessment));
  refuse_step(d, step, movement, person, &found);
  return true;
}

void decide_manifest_add(struct deciding *d) {
  const struct cmd_manifest_add *c = &d->command->u.manifest_add;
  const struct core *core = d->core;
  const struct movement *m = &core->movements[c->movement];
  const struct member *r = active_member(core, c->person);
  struct question q = {c->movement, c->person, c->order, m->to, d->command->at, false};
  struct reasons found = {0};
  struct refs rests_on;
  if (core->persons[c->person].kind != PERSON_DETAINEE) {
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
    return;
  }
  if (r && r->movement == c->movement) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, c->person));
    return;
  }
  if (core->head.n_members == members_max) {
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
    return;
  }
  if (!(steps[STEP_ADD].movement >> m->state & 1)) {
    refuse_sequence(d, STEP_ADD, c->movement, c->person);
    return;
  }
  if (is_claim_alone(d, STEP_ADD, c->movement, c->person, c->order, c->assessment))
    return;
  if (r)
    reasons_add(&found, REASON_SEQUENCE, ref_to(REF_MOVEMENT, r->movement));
  ask(d, STEP_ADD, !c->alternate, &q, &found, &rests_on);
  if (found.n) {
    refuse_step(d, STEP_ADD, c->movement, c->person, &found);
    escalate(d, STEP_ADD, &q, &found);
  } else {
    deciding_event(d, EVENT_MANIFEST_ADDED)->u.manifest_added =
        (struct ev_manifest_added){c->movement, c->person, c->order, c->alternate, rests_on};
  }
}

void apply_manifest_added(struct core *core, const struct event *e) {
  const struct ev_manifest_added *a = &e->u.manifest_added;
  SP_ASSERT(core->head.n_members < members_max);
  uint32_t i = core->head.n_members++;
  struct movement *m = &core->movements[a->movement];
  core->members[i] = (struct member){.movement = a->movement,
                                     .person = a->person,
                                     .order = a->order,
                                     .next = m->members,
                                     .state = MEMBER_ALTERNATE,
                                     .recalled_s = UINT32_MAX};
  m->members = core->custody[a->person].member = i + 1;
  if (!a->alternate)
    member_goes(core, &core->members[i], MEMBER_MANIFESTED);
}

void decide_manifest_cite(struct deciding *d) {
  const struct cmd_manifest_cite *c = &d->command->u.manifest_cite;
  struct refs rests_on;
  struct reasons found = {0};
  if (c->order == REF_ABSENT && c->assessment == REF_ABSENT) {
    deciding_reject(d, REASON_INCOMPLETE, nothing);
    return;
  }
  if (!stands_there(d, STEP_CITE, c->movement, c->person) ||
      is_claim_alone(d, STEP_CITE, c->movement, c->person, c->order, c->assessment))
    return;
  if (cited(d, c->person) == c->order) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ORDER, c->order));
    return;
  }
  struct event *e = decide_step(d, STEP_CITE, c->movement, c->person, c->order,
                                EVENT_MANIFEST_CITED, &rests_on, &found);
  if (e)
    e->u.manifest_cited = (struct ev_manifest_cited){c->movement, c->person, c->order, rests_on};
}

void apply_manifest_cited(struct core *core, const struct event *e) {
  row_of(core, e->u.manifest_cited.person)->order = e->u.manifest_cited.order;
}

void apply_manifest_promoted(struct core *core, const struct event *e) {
  member_goes(core, row_of(core, e->u.member_permitted.person), MEMBER_MANIFESTED);
}

void apply_movement_boarded(struct core *core, const struct event *e) {
  member_goes(core, row_of(core, e->u.member_permitted.person), MEMBER_BOARDED);
}

/* --- Whom the manifest names is who stands there --- */

/* Papers of a registration that was merged into theirs are theirs; what others say is told, and
 * never corrected. Where another registration may be the same human, or a sensor says no, one look
 * is not enough. */
static void check_identity(const struct deciding *d, const struct cmd_identity_confirm *c,
                           struct reasons *found) {
  const struct core *core = d->core;
  if (c->presented != c->person && core->persons[c->presented].merged_into != c->person)
    reasons_add(found, REASON_IDENTITY_MISMATCH, ref_to(REF_PERSON, c->presented));
  for (uint32_t i = core->custody[c->person].links; i; i = core->links[i - 1].next)
    if (!core->links[i - 1].merged && !c->second_identifier) {
      reasons_add(found, REASON_IDENTITY_MISMATCH, ref_to(REF_PERSON, core->links[i - 1].other));
      break;
    }
  if (c->biometric == BIOMETRIC_MISMATCH && d->command->second == REF_ABSENT)
    reasons_add(found, REASON_BIOMETRIC_MISMATCH, ref_to(REF_PERSON, c->person));
}

void decide_identity_confirm(struct deciding *d) {
  const struct cmd_identity_confirm *c = &d->command->u.identity_confirm;
  struct refs rests_on;
  struct reasons found = {0};
  if (!stands_there(d, STEP_CONFIRM, c->movement, c->person))
    return;
  check_identity(d, c, &found);
  struct event *e = decide_step(d, STEP_CONFIRM, c->movement, c->person, cited(d, c->person),
                                EVENT_IDENTITY_CONFIRMED, &rests_on, &found);
  if (e)
    e->u.identity_confirmed = (struct ev_identity_confirmed){
        c->movement, c->person, c->presented, c->second_identifier, c->biometric, rests_on};
}

void apply_identity_confirmed(struct core *core, const struct event *e) {
  member_goes(core, row_of(core, e->u.identity_confirmed.person), MEMBER_CONFIRMED);
}

/* --- Handing over: until the receiver has signed, the sender is the custodian --- */

void decide_movement_handover(struct deciding *d) {
  const struct cmd_movement_handover *c = &d->command->u.movement_handover;
  struct refs rests_on;
  struct reasons found = {0};
  if (!stands_there(d, STEP_HANDOVER, c->movement, c->person))
    return;
  if (d->core->movements[c->movement].receiver == REF_ABSENT) {
    refuse_sequence(d, STEP_HANDOVER, c->movement, c->person);
    return;
  }
  if (bytes_are_zero(c->receipt.b, sizeof c->receipt.b))
    reasons_add(&found, REASON_UNSIGNED, ref_to(REF_PERSON, c->person));
  struct event *e = decide_step(d, STEP_HANDOVER, c->movement, c->person, cited(d, c->person),
                                EVENT_MOVEMENT_HANDED_OVER, &rests_on, &found);
  if (e)
    e->u.movement_handed_over =
        (struct ev_movement_handed_over){c->movement, c->person, c->receipt, c->kept, rests_on};
}

void apply_movement_handed_over(struct core *core, const struct event *e) {
  uint32_t person = e->u.movement_handed_over.person;
  member_goes(core, row_of(core, person), MEMBER_HANDED_OVER);
  booking_close(core, person, e->at);
}

/* --- What narrows asks for nothing --- */

static void take_back(struct deciding *d, unsigned from, enum event_type type) {
  const struct cmd_member_ref *c = &d->command->u.member_ref;
  const struct member *r = active_member(d->core, c->person);
  if (!r || r->movement != c->movement || !(from >> r->state & 1))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else
    deciding_event(d, type)->u.member_ref = (struct ev_member_ref){c->movement, c->person};
}

void decide_manifest_remove(struct deciding *d) {
  take_back(d, FROM(ALTERNATE) | FROM(MANIFESTED) | FROM(CONFIRMED), EVENT_MANIFEST_REMOVED);
}

void apply_manifest_removed(struct core *core, const struct event *e) {
  member_goes(core, row_of(core, e->u.member_ref.person), MEMBER_REMOVED);
}

void decide_movement_disembark(struct deciding *d) {
  take_back(d, FROM(BOARDED), EVENT_MOVEMENT_DISEMBARKED);
}

void apply_movement_disembarked(struct core *core, const struct event *e) {
  member_goes(core, row_of(core, e->u.member_ref.person), MEMBER_MANIFESTED);
}
