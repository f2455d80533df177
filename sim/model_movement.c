/* model_movement.c: the movements of docs/custody.md, written down once more. Where a person or a
 * movement stands is found by reading all entries about custody again. */
#include "sim/model_state.h"

#include <string.h>

/* --- Reading the entries --- */

const struct ev_movement_proposed *m_movement(const struct model *m, uint32_t movement) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_MOVEMENT_PROPOSED && movement-- == 0)
      return &m->custody[i].u.movement_proposed;
  SP_ASSERT(false);
  return NULL;
}

struct m_journey m_journey(const struct model *m, uint32_t movement) {
  struct m_journey j = {MOVEMENT_STATE_PROPOSED, m_movement(m, movement)->to, REF_ABSENT,
                        INT64_MAX};
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_MOVEMENT_AUTHORISED && e->u.movement_authorised.movement == movement) {
      j.state = MOVEMENT_STATE_AUTHORISED;
      j.authoriser = e->u.movement_authorised.by;
    } else if (e->type == EVENT_MOVEMENT_CANCELLED && e->u.movement_ref.movement == movement) {
      j.state = MOVEMENT_STATE_CANCELLED;
    } else if (e->type == EVENT_MOVEMENT_DEPARTED && e->u.movement_departed.movement == movement) {
      j.state = MOVEMENT_STATE_DEPARTED;
      j.departed_s = m_second(e->at);
    } else if (e->type == EVENT_MOVEMENT_DIVERTED && e->u.movement_diverted.movement == movement) {
      j.state = MOVEMENT_STATE_DEPARTED;
      j.to = e->u.movement_diverted.to;
    } else if (e->type == EVENT_MOVEMENT_ARRIVED && e->u.movement_ref.movement == movement) {
      j.state = MOVEMENT_STATE_ARRIVED;
    }
  }
  return j;
}

static bool sets_free(const struct model *m, uint32_t movement) {
  const struct ev_movement_proposed *p = m_movement(m, movement);
  return p->kind == MOVEMENT_RELEASE && p->receiver == REF_ABSENT;
}

bool m_is_active(uint32_t state) {
  return state == MEMBER_ALTERNATE || state == MEMBER_MANIFESTED || state == MEMBER_CONFIRMED ||
         state == MEMBER_BOARDED || state == MEMBER_DEPARTED || state == MEMBER_ARRIVED;
}

/* What an entry about the person themselves makes of them. */
static void read_person(struct m_case *c, const struct event *e) {
  // clang-format off
  switch ((int)e->type) {
  case EVENT_BOOKING_OPENED:
    c->booked = true;
    c->held_since_s = m_second(e->at);
    c->lapse_told = false;
    break;
  case EVENT_RECALL_RAISED:         c->recalled_s = m_second(e->at); break;
  case EVENT_RECALL_ANSWERED:       c->told |= 1u << DEADLINE_RECALL_UNANSWERED; break;
  case EVENT_DEADLINE_PASSED:
    c->lapse_told |= e->u.deadline_passed.deadline == DEADLINE_HOLD_LAPSED;
    c->told |= e->u.deadline_passed.movement == REF_ABSENT
                   ? 0 : 1u << e->u.deadline_passed.deadline;
    break;
  case EVENT_MANIFEST_ADDED:
    c->movement = e->u.manifest_added.movement;
    c->order = e->u.manifest_added.order;
    c->state = e->u.manifest_added.alternate ? MEMBER_ALTERNATE : MEMBER_MANIFESTED;
    c->added = e->n;
    c->recalled_s = INT64_MAX;
    c->told = 0;
    break;
  case EVENT_MANIFEST_CITED:        c->order = e->u.manifest_cited.order; break;
  case EVENT_MANIFEST_PROMOTED:     c->state = MEMBER_MANIFESTED; break;
  case EVENT_MANIFEST_REMOVED:      c->state = MEMBER_REMOVED; break;
  case EVENT_IDENTITY_CONFIRMED:    c->state = MEMBER_CONFIRMED; break;
  case EVENT_MOVEMENT_BOARDED:      c->state = MEMBER_BOARDED; break;
  case EVENT_MOVEMENT_DISEMBARKED:  c->state = MEMBER_MANIFESTED; break;
  case EVENT_MOVEMENT_HANDED_OVER:  c->state = MEMBER_HANDED_OVER; c->booked = false; break;
  case EVENT_PASSAGE_GRANTED:
  case EVENT_PASSAGE_TAKEN: /* only those who come in are kept */
    if (c->movement != REF_ABSENT && (c->state == MEMBER_DEPARTED || c->state == MEMBER_ARRIVED))
      c->state = MEMBER_RETURNED;
    break;
  default: break;
  }
  // clang-format on
}

/* What an entry about their movement makes of them. */
static void read_movement(const struct model *m, struct m_case *c, const struct event *e) {
  bool internal = m_movement(m, c->movement)->kind == MOVEMENT_INTERNAL;
  if (e->type == EVENT_MOVEMENT_CANCELLED && m_is_active(c->state)) {
    c->state = MEMBER_REMOVED;
  } else if (e->type == EVENT_MOVEMENT_DEPARTED && c->state == MEMBER_BOARDED) {
    bool free = sets_free(m, c->movement);
    c->state = free ? MEMBER_HANDED_OVER : MEMBER_DEPARTED;
    c->booked = c->booked && !free;
  } else if (e->type == EVENT_MOVEMENT_DEPARTED && m_is_active(c->state)) {
    c->state = MEMBER_REMOVED;
  } else if (e->type == EVENT_MOVEMENT_DIVERTED && c->state == MEMBER_ARRIVED) {
    c->state = MEMBER_DEPARTED;
  } else if (e->type == EVENT_MOVEMENT_ARRIVED && c->state == MEMBER_DEPARTED) {
    c->state = internal ? MEMBER_RETURNED : MEMBER_ARRIVED;
  }
}

static uint32_t person_of(const struct event *e) {
  // clang-format off
  switch ((int)e->type) {
  case EVENT_BOOKING_OPENED:       return e->u.booking_opened.person;
  case EVENT_MANIFEST_ADDED:       return e->u.manifest_added.person;
  case EVENT_MANIFEST_CITED:       return e->u.manifest_cited.person;
  case EVENT_MANIFEST_PROMOTED:
  case EVENT_MOVEMENT_BOARDED:     return e->u.member_permitted.person;
  case EVENT_MANIFEST_REMOVED:
  case EVENT_MOVEMENT_DISEMBARKED: return e->u.member_ref.person;
  case EVENT_RECALL_RAISED:        return e->u.recall_raised.person;
  case EVENT_RECALL_ANSWERED:      return e->u.recall_answered.person;
  case EVENT_DEADLINE_PASSED:      return e->u.deadline_passed.person;
  case EVENT_IDENTITY_CONFIRMED:   return e->u.identity_confirmed.person;
  case EVENT_MOVEMENT_HANDED_OVER: return e->u.movement_handed_over.person;
  case EVENT_PASSAGE_GRANTED:      return e->u.passage_granted.person;
  case EVENT_PASSAGE_TAKEN:        return e->u.passage_ended.person;
  default:                         return REF_ABSENT;
  }
  // clang-format on
}

static uint32_t movement_of(const struct event *e) {
  // clang-format off
  switch ((int)e->type) {
  case EVENT_MOVEMENT_CANCELLED:
  case EVENT_MOVEMENT_ARRIVED:  return e->u.movement_ref.movement;
  case EVENT_MOVEMENT_DEPARTED: return e->u.movement_departed.movement;
  case EVENT_MOVEMENT_DIVERTED: return e->u.movement_diverted.movement;
  default:                      return REF_ABSENT;
  }
  // clang-format on
}

/* An order that holds was authenticated: what lapsed is told anew when it lapses. */
static void read_order(const struct model *m, struct m_case *c, uint32_t person,
                       const struct event *e) {
  const struct ev_order_recorded *o = m_order(m, e->u.order_authenticated.order);
  if (o->person != person || !m_kind_holds(o->kind))
    return;
  c->held_since_s = m_second(e->at);
  c->lapse_told = false;
}

struct m_case m_case(const struct model *m, uint32_t person) {
  struct m_case c = {.movement = REF_ABSENT,
                     .order = REF_ABSENT,
                     .state = MEMBER_REMOVED,
                     .recalled_s = INT64_MAX};
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_ORDER_AUTHENTICATED)
      read_order(m, &c, person, e);
    else if (m_is_of_death(e, person))
      m_read_death(m, &c, i);
    else if (person_of(e) == person)
      read_person(&c, e);
    else if (c.movement != REF_ABSENT && movement_of(e) == c.movement)
      read_movement(m, &c, e);
  }
  return c;
}

static bool is_on(const struct m_case *c, uint32_t movement) {
  return c->movement == movement && m_is_active(c->state);
}

/* Who takes a place of it: they keep it when they were handed over. */
uint32_t m_seated(const struct model *m, uint32_t movement) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type != EVENT_MANIFEST_ADDED || e->u.manifest_added.movement != movement)
      continue;
    /* Of one who was put on again later, this row has ended, as it can only by being removed or by
     * a journey: that is asked of the entries until then. */
    struct model until = *m;
    until.n_custody = m->n_custody;
    for (uint32_t k = i + 1; k < m->n_custody; k++)
      if (m->custody[k].type == EVENT_MANIFEST_ADDED &&
          m->custody[k].u.manifest_added.person == e->u.manifest_added.person) {
        until.n_custody = k;
        break;
      }
    struct m_case c = m_case(&until, e->u.manifest_added.person);
    n += c.state == MEMBER_MANIFESTED || c.state == MEMBER_CONFIRMED || c.state == MEMBER_BOARDED ||
         c.state == MEMBER_DEPARTED || c.state == MEMBER_ARRIVED || c.state == MEMBER_HANDED_OVER;
  }
  return n;
}

uint32_t m_places_used(const struct model *m, uint32_t basis) {
  uint32_t n = 0, movements = m_count_custody(m, EVENT_MOVEMENT_PROPOSED);
  for (uint32_t i = 0; i < movements; i++)
    if (m_movement(m, i)->agreement == basis)
      n += m_seated(m, i);
  return n;
}

/* --- Steps --- */

static void refused(const struct asked *a, enum movement_step step, uint32_t movement,
                    uint32_t person, const struct reasons *r) {
  a->o->verdict = VERDICT_REFUSED;
  if (!a->o->reasons.n)
    a->o->reasons = *r;
  m_expect(a, EVENT_MOVEMENT_REFUSED)->u.movement_refused =
      (struct ev_movement_refused){movement, person, step, *r};
}

/* A release in force frees them, or nobody knows whether an order of a class binds them. */
static void escalate(const struct asked *a, enum movement_step step, uint32_t movement,
                     uint32_t person, uint32_t order, const struct reasons *r) {
  const struct model *m = a->m;
  struct reason_on unused;
  uint32_t on = REF_ABSENT;
  for (uint32_t i = r->n; i-- > 0;)
    if (r->at[i].code == REASON_CLASS_UNCERTAIN)
      on = r->at[i].on.index;
  if (m_movement(m, movement)->kind == MOVEMENT_RELEASE && order != REF_ABSENT &&
      m_order(m, order)->kind == ORDER_RELEASE && m_order(m, order)->person != REF_ABSENT &&
      (m_order(m, order)->person == person ||
       m->persons[m_order(m, order)->person].merged_into == person) &&
      m_in_force(m, order, a->c->at, &unused))
    on = order;
  for (uint32_t i = 0; i < a->o->n_events; i++)
    if (a->o->events[i].type == EVENT_REFUSAL_ESCALATED)
      return;
  if (m_has_reason(r, REASON_DECEASED))
    return; /* nobody waits to be freed */
  if (on != REF_ABSENT)
    m_expect_alarm(a, EVENT_REFUSAL_ESCALATED)->u.refusal_escalated =
        (struct ev_refusal_escalated){movement, person, on, step};
}

/* Of one who was asked about: refused, and told to whoever has to resolve it. */
static void not_permitted(const struct asked *a, enum movement_step step, uint32_t movement,
                          uint32_t person, uint32_t order, const struct reasons *r) {
  refused(a, step, movement, person, r);
  escalate(a, step, movement, person, order, r);
}

static void out_of_sequence(const struct asked *a, enum movement_step step, uint32_t movement,
                            uint32_t person) {
  struct reasons r = {0};
  m_add_reason(&r, REASON_SEQUENCE, REF_MOVEMENT, movement);
  refused(a, step, movement, person, &r);
}

/* Kept separate from one who is on it, in this state or one that follows it. */
static void ask_separate(const struct asked *a, uint32_t movement, uint32_t person,
                         enum member_state beside, struct reasons *found) {
  const struct model *m = a->m;
  struct m_bound q = m_bound(m, person);
  for (uint32_t i = m->n_custody; i-- > 0;) {
    const struct event *e = &m->custody[i];
    if (e->type != EVENT_MANIFEST_ADDED || e->u.manifest_added.movement != movement ||
        e->u.manifest_added.person == person)
      continue;
    uint32_t other = e->u.manifest_added.person;
    struct m_case c = m_case(m, other);
    if (!is_on(&c, movement) || c.state < beside)
      continue;
    for (uint32_t k = 0; k < q.n; k++)
      if (m_separate(m, q.at[k], other)) {
        m_add_reason(found, REASON_SEPARATION, REF_PERSON, other);
        return;
      }
  }
}

static void ask_knowledge(const struct asked *a, uint32_t movement, struct reasons *found) {
  if (a->c->at - a->c->known_at > (usec)a->m->plan->rules.stale_ms * 1000)
    m_add_reason(found, REASON_STALE_VIEW, REF_MOVEMENT, movement);
  if (!a->c->clock_trusted)
    m_add_reason(found, REASON_CLOCK, REF_MOVEMENT, movement);
}

static void ask_inside(const struct asked *a, uint32_t person, struct reasons *found) {
  if (a->m->persons[person].area == area_outside)
    m_add_reason(found, REASON_SEQUENCE, REF_PERSON, person);
}

/* Let through a door into the site, and not through it yet. */
static void ask_still(const struct asked *a, uint32_t person, struct reasons *found) {
  const struct model *m = a->m;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; i < m->doors[d].n_party; i++) {
      const struct m_member *q = &m->doors[d].party[i];
      if (q->person == person && q->status == PARTY_GRANTED && q->to != area_outside) {
        m_add_reason(found, REASON_SEQUENCE, REF_PERSON, person);
        return;
      }
    }
}

static void ask_room(const struct asked *a, uint32_t movement, struct reasons *found) {
  const struct ev_movement_proposed *p = m_movement(a->m, movement);
  if (p->seats && m_seated(a->m, movement) >= p->seats)
    m_add_reason(found, REASON_CAPACITY, REF_MOVEMENT, movement);
  if (p->agreement == REF_ABSENT)
    return;
  uint32_t places = m_basis(a->m, p->agreement)->places;
  if (places && m_places_used(a->m, p->agreement) >= places)
    m_add_reason(found, REASON_AGREEMENT_FULL, REF_BASIS, p->agreement);
}

/* The person is in this state (or any active one) and the movement in one of these; else told. */
static bool begins(const struct asked *a, enum movement_step step, uint32_t movement,
                   uint32_t person, uint32_t from, uint32_t to, uint32_t states, struct m_case *c) {
  *c = m_case(a->m, person);
  if (c->movement == movement && c->state == to) {
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, person);
    return false;
  }
  bool there = is_on(c, movement) && (from == MEMBER_STATE_COUNT || c->state == from);
  there |= step == STEP_CITE && c->movement == movement && c->state == MEMBER_RETURNED;
  if (there && states & 1u << m_journey(a->m, movement).state)
    return true;
  out_of_sequence(a, step, movement, person);
  return false;
}

#define BEFORE     (1u << MOVEMENT_STATE_PROPOSED | 1u << MOVEMENT_STATE_AUTHORISED)
#define AUTHORISED (1u << MOVEMENT_STATE_AUTHORISED)
#define ARRIVED    (1u << MOVEMENT_STATE_ARRIVED)

static struct refs ask_of(const struct asked *a, const struct m_case *c, uint32_t person,
                          struct reasons *found) {
  return m_ask(a->m, c->movement, person, c->order, m_journey(a->m, c->movement).to, a->c->at,
               found);
}

static void ask_frozen(const struct asked *a, uint32_t movement, struct reasons *found) {
  uint32_t check = m_frozen(a->m, movement);
  if (check != REF_ABSENT)
    m_add_reason(found, REASON_COUNT_MISMATCH, REF_COUNT, check);
}

/* Of the whole movement: nobody is asked about. */
static bool stands_still(const struct asked *a, enum movement_step step, uint32_t movement) {
  struct reasons found = {0};
  ask_frozen(a, movement, &found);
  if (found.n)
    refused(a, step, movement, REF_ABSENT, &found);
  return found.n > 0;
}

static void promote(const struct asked *a) {
  const struct cmd_member_ref *r = &a->c->u.member_ref;
  struct reasons found = {0};
  struct m_case c;
  if (!begins(a, STEP_PROMOTE, r->movement, r->person, MEMBER_ALTERNATE, MEMBER_MANIFESTED, BEFORE,
              &c))
    return;
  struct refs on = ask_of(a, &c, r->person, &found);
  ask_inside(a, r->person, &found);
  ask_frozen(a, r->movement, &found);
  ask_room(a, r->movement, &found);
  ask_separate(a, r->movement, r->person, MEMBER_MANIFESTED, &found);
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_PROMOTE, r->movement, r->person, c.order, &found);
  else
    m_expect(a, EVENT_MANIFEST_PROMOTED)->u.member_permitted =
        (struct ev_member_permitted){r->movement, r->person, on};
}

static void board(const struct asked *a) {
  const struct cmd_member_ref *r = &a->c->u.member_ref;
  struct reasons found = {0};
  struct m_case c;
  if (!begins(a, STEP_BOARD, r->movement, r->person, MEMBER_CONFIRMED, MEMBER_BOARDED, AUTHORISED,
              &c))
    return;
  struct refs on = ask_of(a, &c, r->person, &found);
  ask_inside(a, r->person, &found);
  ask_frozen(a, r->movement, &found);
  ask_still(a, r->person, &found);
  ask_separate(a, r->movement, r->person, MEMBER_BOARDED, &found);
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_BOARD, r->movement, r->person, c.order, &found);
  else
    m_expect(a, EVENT_MOVEMENT_BOARDED)->u.member_permitted =
        (struct ev_member_permitted){r->movement, r->person, on};
}

static void confirm(const struct asked *a) {
  const struct cmd_identity_confirm *r = &a->c->u.identity_confirm;
  const struct model *m = a->m;
  struct reasons found = {0};
  struct m_case c;
  if (!begins(a, STEP_CONFIRM, r->movement, r->person, MEMBER_MANIFESTED, MEMBER_CONFIRMED,
              AUTHORISED, &c))
    return;
  if (r->presented != r->person && m->persons[r->presented].merged_into != r->person)
    m_add_reason(&found, REASON_IDENTITY_MISMATCH, REF_PERSON, r->presented);
  for (uint32_t i = m->n_custody; i-- > 0 && !r->second_identifier;) {
    const struct ev_link *l = &m->custody[i].u.link;
    if (m->custody[i].type == EVENT_LINK_RECORDED &&
        (l->person == r->person || l->other == r->person) &&
        m_is_candidate(m, l->person, l->other)) {
      m_add_reason(&found, REASON_IDENTITY_MISMATCH, REF_PERSON,
                   l->person == r->person ? l->other : l->person);
      break;
    }
  }
  if (r->biometric == BIOMETRIC_MISMATCH && a->c->second == REF_ABSENT)
    m_add_reason(&found, REASON_BIOMETRIC_MISMATCH, REF_PERSON, r->person);
  struct refs on = ask_of(a, &c, r->person, &found);
  ask_inside(a, r->person, &found);
  ask_separate(a, r->movement, r->person, MEMBER_CONFIRMED, &found);
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_CONFIRM, r->movement, r->person, c.order, &found);
  else
    m_expect(a, EVENT_IDENTITY_CONFIRMED)->u.identity_confirmed = (struct ev_identity_confirmed){
        r->movement, r->person, r->presented, r->second_identifier, r->biometric, on};
}

static void drop(struct reasons *r, enum reason code) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < r->n; i++)
    if (r->at[i].code != code)
      r->at[n++] = r->at[i];
  r->n = n;
}

static void cite(const struct asked *a) {
  const struct cmd_manifest_cite *r = &a->c->u.manifest_cite;
  struct reasons found = {0};
  struct m_case c;
  if (r->order == REF_ABSENT && r->assessment == REF_ABSENT) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
    return;
  }
  if (!begins(a, STEP_CITE, r->movement, r->person, MEMBER_STATE_COUNT, MEMBER_STATE_COUNT,
              ~(1u << MOVEMENT_STATE_CANCELLED), &c))
    return;
  if (r->order == REF_ABSENT) {
    m_add_reason(&found, REASON_NO_AUTHORITY, REF_ASSESSMENT, r->assessment);
    refused(a, STEP_CITE, r->movement, r->person, &found);
    return;
  }
  if (c.order == r->order) {
    m_reject(a, REASON_ALREADY_SO, REF_ORDER, r->order);
    return;
  }
  c.order = r->order;
  struct refs on = ask_of(a, &c, r->person, &found);
  drop(&found, REASON_DECEASED); /* on which paper somebody went can be said after their death */
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_CITE, r->movement, r->person, c.order, &found);
  else
    m_expect(a, EVENT_MANIFEST_CITED)->u.manifest_cited =
        (struct ev_manifest_cited){r->movement, r->person, r->order, on};
}

static void add(const struct asked *a) {
  const struct cmd_manifest_add *r = &a->c->u.manifest_add;
  const struct model *m = a->m;
  struct m_case c = m_case(m, r->person);
  struct reasons found = {0};
  if (m->persons[r->person].kind != PERSON_DETAINEE) {
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, r->person);
    return;
  }
  if (is_on(&c, r->movement)) {
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, r->person);
    return;
  }
  if (!(BEFORE & 1u << m_journey(m, r->movement).state)) {
    out_of_sequence(a, STEP_ADD, r->movement, r->person);
    return;
  }
  if (r->order == REF_ABSENT && r->assessment != REF_ABSENT) {
    m_add_reason(&found, REASON_NO_AUTHORITY, REF_ASSESSMENT, r->assessment);
    refused(a, STEP_ADD, r->movement, r->person, &found);
    return;
  }
  if (c.movement != REF_ABSENT && m_is_active(c.state))
    m_add_reason(&found, REASON_SEQUENCE, REF_MOVEMENT, c.movement);
  struct refs on =
      m_ask(m, r->movement, r->person, r->order, m_journey(m, r->movement).to, a->c->at, &found);
  ask_inside(a, r->person, &found);
  if (!r->alternate) {
    ask_frozen(a, r->movement, &found);
    ask_room(a, r->movement, &found);
    ask_separate(a, r->movement, r->person, MEMBER_MANIFESTED, &found);
  }
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_ADD, r->movement, r->person, r->order, &found);
  else
    m_expect(a, EVENT_MANIFEST_ADDED)->u.manifest_added =
        (struct ev_manifest_added){r->movement, r->person, r->order, r->alternate, on};
}

static void hand_over(const struct asked *a) {
  const struct cmd_movement_handover *r = &a->c->u.movement_handover;
  struct reasons found = {0};
  struct hash none = {{0}};
  struct m_case c;
  if (!begins(a, STEP_HANDOVER, r->movement, r->person, MEMBER_ARRIVED, MEMBER_HANDED_OVER, ARRIVED,
              &c))
    return;
  if (m_movement(a->m, r->movement)->receiver == REF_ABSENT) {
    out_of_sequence(a, STEP_HANDOVER, r->movement, r->person);
    return;
  }
  if (memcmp(&r->receipt, &none, sizeof none) == 0)
    m_add_reason(&found, REASON_UNSIGNED, REF_PERSON, r->person);
  struct refs on = ask_of(a, &c, r->person, &found);
  ask_still(a, r->person, &found);
  ask_knowledge(a, r->movement, &found);
  if (found.n)
    not_permitted(a, STEP_HANDOVER, r->movement, r->person, c.order, &found);
  else
    m_expect(a, EVENT_MOVEMENT_HANDED_OVER)->u.movement_handed_over =
        (struct ev_movement_handed_over){r->movement, r->person, r->receipt, r->kept, on};
}

static void take_off(const struct asked *a) {
  const struct cmd_member_ref *r = &a->c->u.member_ref;
  struct m_case c = m_case(a->m, r->person);
  bool off = a->c->type == COMMAND_MANIFEST_REMOVE
                 ? c.state == MEMBER_ALTERNATE || c.state == MEMBER_MANIFESTED ||
                       c.state == MEMBER_CONFIRMED
                 : c.state == MEMBER_BOARDED;
  if (!off || c.movement != r->movement)
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, r->person);
  else
    m_expect(a, a->c->type == COMMAND_MANIFEST_REMOVE ? EVENT_MANIFEST_REMOVED
                                                      : EVENT_MOVEMENT_DISEMBARKED)
        ->u.member_ref = (struct ev_member_ref){r->movement, r->person};
}

/* --- The movement as a whole --- */

static bool complete(const struct asked *a, const struct cmd_movement_propose *p) {
  bool away = p->kind == MOVEMENT_TRANSFER || p->kind == MOVEMENT_REMOVAL;
  bool trip = p->kind == MOVEMENT_PRODUCTION || p->kind == MOVEMENT_MEDICAL;
  bool release = p->kind == MOVEMENT_RELEASE;
  if ((away || trip) && p->to == REF_ABSENT)
    return false;
  if (p->to != REF_ABSENT && ((!away && !trip && !release) || m_place_is_site(a->m, p->to)))
    return false;
  if (p->agreement != REF_ABSENT && (!away || !m_basis(a->m, p->agreement)->agreement))
    return false;
  if (p->receiver == REF_ABSENT ? away : !away && !release)
    return false;
  if (p->returns != TIME_ABSENT && !trip)
    return false;
  return !p->emergency || (p->kind == MOVEMENT_MEDICAL && p->seats >= 1 && p->seats <= 8);
}

static void propose(const struct asked *a) {
  const struct cmd_movement_propose *p = &a->c->u.movement_propose;
  uint32_t n = m_count_custody(a->m, EVENT_MOVEMENT_PROPOSED);
  for (uint32_t i = 0; i < n; i++)
    if (m_same_id(m_movement(a->m, i)->movement, p->movement)) {
      m_reject(a, REASON_EXISTS, REF_MOVEMENT, i);
      return;
    }
  if (!complete(a, p))
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  else if (!m_bad_dates(a, p->departs, p->returns))
    m_expect(a, EVENT_MOVEMENT_PROPOSED)->u.movement_proposed = (struct ev_movement_proposed){
        p->movement, m_number(n),    p->kind,      p->to,      p->agreement, p->receiver,
        p->seats,    p->adults_only, p->emergency, p->departs, p->returns,   a->c->by.index};
}

/* Everyone who is in this state, the last added first; up to 20 who may not are named. */
static bool ask_everyone(const struct asked *a, enum movement_step step, uint32_t movement,
                         enum member_state state, uint32_t to) {
  const struct model *m = a->m;
  uint32_t n_refused = 0;
  for (uint32_t i = m->n_custody; i-- > 0 && n_refused < 20;) {
    const struct event *e = &m->custody[i];
    if (e->type != EVENT_MANIFEST_ADDED || e->u.manifest_added.movement != movement)
      continue;
    uint32_t person = e->u.manifest_added.person;
    struct m_case c = m_case(m, person);
    struct reasons found = {0};
    if (c.added != e->n || c.state != state)
      continue; /* or put on again later */
    m_ask(m, movement, person, c.order, to, a->c->at, &found);
    if (step == STEP_DEPART)
      ask_still(a, person, &found);
    if (step == STEP_DEPART)
      ask_separate(a, movement, person, MEMBER_BOARDED, &found);
    ask_knowledge(a, movement, &found);
    if (found.n) {
      not_permitted(a, step, movement, person, c.order, &found);
      n_refused++;
    }
  }
  return !n_refused;
}

static uint32_t how_many(const struct model *m, uint32_t movement, enum member_state state) {
  uint32_t n = 0;
  for (uint32_t p = 0; p < m->n_persons; p++) {
    struct m_case c = m_case(m, p);
    n += c.movement == movement && c.state == state;
  }
  return n;
}

static void authorise(const struct asked *a) {
  uint32_t movement = a->c->u.movement_ref.movement, by = a->c->by.index;
  const struct model *m = a->m;
  uint32_t proposer = m_movement(m, movement)->proposer;
  struct m_journey j = m_journey(m, movement);
  bool two = m->plan->rules.second_operator;
  if (j.state == MOVEMENT_STATE_AUTHORISED)
    m_reject(a, REASON_ALREADY_SO, REF_MOVEMENT, movement);
  else if (j.state != MOVEMENT_STATE_PROPOSED)
    out_of_sequence(a, STEP_AUTHORISE, movement, REF_ABSENT);
  else if (two && proposer == by)
    m_refuse(a, REASON_SAME_OPERATOR, REF_OPERATOR, by);
  else if (two && m->operators[proposer].role == m->operators[by].role)
    m_refuse(a, REASON_SAME_ROLE, REF_OPERATOR, by);
  else if (!stands_still(a, STEP_AUTHORISE, movement) &&
           ask_everyone(a, STEP_AUTHORISE, movement, MEMBER_MANIFESTED, j.to))
    m_expect(a, EVENT_MOVEMENT_AUTHORISED)->u.movement_authorised =
        (struct ev_movement_authorised){movement, by};
}

static void cancel(const struct asked *a) {
  uint32_t movement = a->c->u.movement_ref.movement;
  switch ((int)m_journey(a->m, movement).state) {
  case MOVEMENT_STATE_PROPOSED:
  case MOVEMENT_STATE_AUTHORISED:
    m_expect(a, EVENT_MOVEMENT_CANCELLED)->u.movement_ref.movement = movement;
    break;
  case MOVEMENT_STATE_CANCELLED:
    m_reject(a, REASON_ALREADY_SO, REF_MOVEMENT, movement);
    break;
  default:
    m_reject(a, REASON_WRONG_STATE, REF_MOVEMENT, movement);
  }
}

/* Of those aboard, the last added first: the first order that forbids transfers, if any. */
static void owe_notices(const struct asked *a, uint32_t movement) {
  const struct model *m = a->m;
  for (uint32_t i = m->n_custody; i-- > 0;) {
    const struct event *e = &m->custody[i];
    if (e->type != EVENT_MANIFEST_ADDED || e->u.manifest_added.movement != movement)
      continue;
    uint32_t person = e->u.manifest_added.person, order = REF_ABSENT;
    struct m_case c = m_case(m, person);
    struct m_bound q = m_bound(m, person);
    struct reason_on why;
    for (uint32_t k = 0; k < q.n && order == REF_ABSENT; k++)
      for (uint32_t o = m_count_custody(m, EVENT_ORDER_RECORDED); o-- > 0 && order == REF_ABSENT;)
        if (m_order(m, o)->kind == ORDER_NO_TRANSFER && m_order(m, o)->person == q.at[k] &&
            m_in_force(m, o, a->c->at, &why))
          order = o;
    if (c.added == e->n && c.state == MEMBER_BOARDED && order != REF_ABSENT)
      m_expect_alarm(a, EVENT_NOTICE_OWED)->u.notice_owed =
          (struct ev_notice_owed){movement, person, order};
  }
}

static void depart(const struct asked *a) {
  uint32_t movement = a->c->u.movement_ref.movement;
  uint32_t boarded = how_many(a->m, movement, MEMBER_BOARDED);
  struct m_journey j = m_journey(a->m, movement);
  if (j.state == MOVEMENT_STATE_DEPARTED)
    m_reject(a, REASON_ALREADY_SO, REF_MOVEMENT, movement);
  else if (j.state != MOVEMENT_STATE_AUTHORISED || !boarded)
    out_of_sequence(a, STEP_DEPART, movement, REF_ABSENT);
  else if (!stands_still(a, STEP_DEPART, movement) &&
           ask_everyone(a, STEP_DEPART, movement, MEMBER_BOARDED, j.to)) {
    m_expect(a, EVENT_MOVEMENT_DEPARTED)->u.movement_departed =
        (struct ev_movement_departed){movement, boarded};
    if (m_movement(a->m, movement)->emergency)
      owe_notices(a, movement);
  }
}

static void divert(const struct asked *a) {
  const struct cmd_movement_divert *r = &a->c->u.movement_divert;
  struct m_journey j = m_journey(a->m, r->movement);
  bool fact = j.state == MOVEMENT_STATE_DEPARTED && j.to != REF_ABSENT;
  bool onward = j.state == MOVEMENT_STATE_ARRIVED && j.to != REF_ABSENT &&
                how_many(a->m, r->movement, MEMBER_ARRIVED) > 0;
  if (!fact && !onward)
    out_of_sequence(a, STEP_DIVERT, r->movement, REF_ABSENT);
  else if (j.to == r->to)
    m_reject(a, REASON_ALREADY_SO, REF_PLACE, r->to);
  else if (fact || (!stands_still(a, STEP_DIVERT, r->movement) &&
                    ask_everyone(a, STEP_DIVERT, r->movement, MEMBER_ARRIVED, r->to)))
    m_expect(a, EVENT_MOVEMENT_DIVERTED)->u.movement_diverted =
        (struct ev_movement_diverted){r->movement, j.to, r->to};
}

static void arrive(const struct asked *a) {
  uint32_t movement = a->c->u.movement_ref.movement, state = m_journey(a->m, movement).state;
  if (state == MOVEMENT_STATE_ARRIVED)
    m_reject(a, REASON_ALREADY_SO, REF_MOVEMENT, movement);
  else if (state != MOVEMENT_STATE_DEPARTED)
    out_of_sequence(a, STEP_ARRIVE, movement, REF_ABSENT);
  else
    m_expect(a, EVENT_MOVEMENT_ARRIVED)->u.movement_ref.movement = movement;
}

bool m_decide_movement(const struct asked *a) {
  static void (*const rules[COMMAND_COUNT])(const struct asked *) = {
      [COMMAND_MOVEMENT_PROPOSE] = propose,
      [COMMAND_MOVEMENT_AUTHORISE] = authorise,
      [COMMAND_MOVEMENT_CANCEL] = cancel,
      [COMMAND_MANIFEST_ADD] = add,
      [COMMAND_MANIFEST_CITE] = cite,
      [COMMAND_MANIFEST_PROMOTE] = promote,
      [COMMAND_MANIFEST_REMOVE] = take_off,
      [COMMAND_IDENTITY_CONFIRM] = confirm,
      [COMMAND_MOVEMENT_BOARD] = board,
      [COMMAND_MOVEMENT_DISEMBARK] = take_off,
      [COMMAND_MOVEMENT_DEPART] = depart,
      [COMMAND_MOVEMENT_DIVERT] = divert,
      [COMMAND_MOVEMENT_ARRIVE] = arrive,
      [COMMAND_MOVEMENT_HANDOVER] = hand_over,
      [COMMAND_RECALL_ANSWER] = m_answer_recall,
      [COMMAND_HEARING_SET] = m_set_hearing,
      [COMMAND_HEARING_CLOSE] = m_close_hearing,
  };
  if (!rules[a->c->type])
    return false;
  rules[a->c->type](a);
  return true;
}

/* Whoever leaves with it is outside; of an internal one everybody stays where they are. Called
 * before the entry is kept. */
void m_move_departure(struct model *m, uint32_t movement, usec at) {
  if (m_movement(m, movement)->kind == MOVEMENT_INTERNAL)
    return;
  for (uint32_t p = 0; p < m->n_persons; p++) {
    struct m_case c = m_case(m, p);
    if (c.movement == movement && c.state == MEMBER_BOARDED && m->persons[p].area != area_outside)
      m_walk(m, p, area_outside, at);
  }
}
