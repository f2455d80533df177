/* model_invariants.c: the invariants of the design, each by a loop of its own over the model's
 * state and its last step. They are asked of the state, not of the rules that led to it: a wrong
 * rule that core and model share is found here. */
#include "sim/model_state.h"

struct looking {
  const struct model *m;
  struct buf *story;
  bool ok;
};

static void broken(struct looking *l, unsigned invariant, const char *what) {
  buf_printf(l->story, "invariant %u: %s; the last step: ", invariant, what);
  m_tell_command(l->story, l->m, &l->m->last);
  buf_puts(l->story, "\n");
  l->ok = false;
}

/* 2: in an interlock group at most one door is unsecured by us. */
static void look_at_interlocks(struct looking *l) {
  const struct model *m = l->m;
  for (uint32_t a = 0; a < m->plan->n_doors; a++)
    for (uint32_t b = 0; b < a; b++)
      if (m_is_peer(m->plan, a, b) && m->doors[a].unlocked && m->doors[b].unlocked)
        broken(l, 2, "two doors of an interlock group are unlocked by us");
  for (uint32_t i = 0; i < m->expected.n_effects; i++) {
    const struct effect *e = &m->expected.effects[i];
    for (uint32_t d = 0; e->type == EFFECT_UNLOCK && d < m->plan->n_doors; d++)
      if (m_is_peer(m->plan, e->door, d) && m->doors[d].open)
        broken(l, 2, "a door was unlocked while another of its interlock group was open");
  }
}

/* 3, looked at more plainly than the question is asked: an order about them that is in force
 * authorises it, and no plain stay of theirs is. */
static void look_at_move(struct looking *l, uint32_t person, const char *what) {
  const struct model *m = l->m;
  struct m_case c = m_case(m, person);
  const struct ev_movement_proposed *p = m_movement(m, c.movement);
  usec at = m->last.at;
  struct reason_on why;
  bool needs = p->kind != MOVEMENT_INTERNAL && !(p->emergency && c.order == REF_ABSENT);
  if (needs && (c.order == REF_ABSENT || !m_in_force(m, c.order, at, &why)))
    broken(l, 3, what);
  if (m_death(m, person).dead)
    broken(l, 3, what);
  for (uint32_t i = 0; i < m_count_custody(m, EVENT_ORDER_RECORDED); i++) {
    const struct ev_order_recorded *o = m_order(m, i);
    bool plain = o->kind == ORDER_STAY && o->person == person && o->from == REF_ABSENT &&
                 o->to == REF_ABSENT && !o->countries.n &&
                 (o->movements ? o->movements >> p->kind & 1
                               : p->kind != MOVEMENT_RELEASE && p->kind != MOVEMENT_INTERNAL);
    if (plain && m_in_force(m, i, at, &why))
      broken(l, 3, what);
  }
}

/* Who boarded, departed or was handed over by the last step. */
static void look_at_freeze(struct looking *l, const struct event *e) {
  uint32_t movement = e->type == EVENT_MOVEMENT_BOARDED    ? e->u.member_permitted.movement
                      : e->type == EVENT_MOVEMENT_DEPARTED ? e->u.movement_departed.movement
                                                           : REF_ABSENT;
  if (movement != REF_ABSENT && m_frozen(l->m, movement) != REF_ABSENT)
    broken(l, 3, "somebody was moved while a count differs");
}

static void look_at_movements(struct looking *l) {
  const struct model *m = l->m;
  for (uint32_t i = 0; i < m->expected.n_events; i++) {
    const struct event *e = &m->expected.events[i];
    look_at_freeze(l, e);
    if (e->type == EVENT_MOVEMENT_REFUSED && !e->u.movement_refused.reasons.n)
      broken(l, 10, "a step was refused without a reason");
    if (e->type == EVENT_MOVEMENT_BOARDED) {
      look_at_move(l, e->u.member_permitted.person, "somebody boarded whom no order lets go");
      if (!e->u.member_permitted.rests_on.n &&
          !m_movement(m, e->u.member_permitted.movement)->emergency)
        broken(l, 10, "a boarding that does not say what permits it");
    }
    if (e->type == EVENT_MOVEMENT_HANDED_OVER)
      look_at_move(l, e->u.movement_handed_over.person,
                   "somebody was handed over against an order");
    for (uint32_t p = 0; e->type == EVENT_MOVEMENT_DEPARTED && p < m->n_persons; p++) {
      struct m_case c = m_case(m, p);
      if (c.movement == e->u.movement_departed.movement &&
          (c.state == MEMBER_DEPARTED || c.state == MEMBER_HANDED_OVER))
        look_at_move(l, p, "somebody departed whom no order lets go");
    }
  }
}

/* Whoever changes their area to outside did so through a gate, or with a movement, or is dead. */
static bool may_have_left(const struct model *m) {
  for (uint32_t i = 0; i < m->expected.n_events; i++) {
    enum event_type t = m->expected.events[i].type;
    if (t == EVENT_PASSAGE_GRANTED || t == EVENT_PASSAGE_TAKEN || t == EVENT_MOVEMENT_DEPARTED ||
        t == EVENT_DEATH_REMAINS_HANDED_OVER)
      return true;
  }
  return false;
}

/* 3: no detainee leaves otherwise; who comes in was booked. 5: everyone is in one place. */
static void look_at_people(struct looking *l) {
  const struct model *m = l->m;
  for (uint32_t i = 0; i < m->n_persons; i++) {
    if (m->persons[i].area >= m->plan->n_areas)
      broken(l, 5, "someone is nowhere");
    if (i < m->n_last_area && m->persons[i].kind == PERSON_DETAINEE &&
        m->persons[i].area == area_outside && m->last_area[i] != area_outside && !may_have_left(m))
      broken(l, 3, "a detainee left");
    if (i < m->n_last_area && m->persons[i].kind == PERSON_DETAINEE &&
        m->persons[i].area != area_outside && m->last_area[i] == area_outside && !m_is_booked(m, i))
      broken(l, 3, "a detainee came in without a booking");
    if (i >= m->n_last_area && m->persons[i].area != area_outside)
      broken(l, 5, "someone was registered and is not outside");
  }
}

/* 4: a restriction takes effect on the next decision: nobody is let pass by what does not hold now.
 */
static void look_at_grant(struct looking *l, const struct ev_passage_granted *g, uint64_t n) {
  const struct model *m = l->m;
  const struct m_person *p = &m->persons[g->person];
  struct reasons why_not = {0};
  uint32_t order;
  bool over = m_boundary(m->plan, g->door) || m->last_area[g->person] == area_outside;
  bool free = !m_is_booked(m, g->person) && m->last_area[g->person] == area_outside;
  if (p->kind == PERSON_DETAINEE && over && g->to == area_outside && !free) {
    if (m_case(m, g->person).movement == REF_ABSENT)
      broken(l, 3, "a detainee was let out");
    else
      look_at_move(l, g->person, "a detainee was let out whom no order lets go");
  }
  if (p->kind == PERSON_DETAINEE && over && g->to != area_outside &&
      !m_may_come_in(m, g->person, m->last.at, &order, &why_not))
    broken(l, 3, "a detainee was let in whom no order held at that instant");
  usec at = m->last.at;
  if (p->state != PERSON_PRESENT || !m_valid(p->dates, at) || m_death(m, g->person).dead)
    broken(l, 4, "someone was let pass who may not be here");
  const struct m_credential *c = &m->credentials[g->credential];
  enum credential_state state = m_credential_state(c, at);
  bool by_this = c->out_n == n && n; /* it went out with this very passage */
  if (c->person != g->person ||
      (state != CREDENTIAL_STATE_ISSUED && !(state == CREDENTIAL_STATE_USED && by_this)))
    broken(l, 4, "a credential opened that is not in use, or another's");
  if (c->once && c->ways_in > 1)
    broken(l, 4, "two ways in were taken with one one-time pass");
  if (m->closed[g->gate] || m->readers[m->last.u.pass.reader].offline ||
      m->readers[m->last.u.pass.reader].insecure)
    broken(l, 4, "a gate opened that is out of service");
  if (m->plan->threats[m->threat].refuse_kinds & 1u << p->kind)
    broken(l, 4, "someone was let pass whom the threat level keeps out");
  bool held = false, locked = false;
  for (uint32_t i = 0; i < p->n_grants; i++) {
    uint32_t schedule, level = p->grants[i].level;
    held |= level == g->rests_on.at[1].index && m_valid(p->grants[i].dates, at) &&
            m_level_opens(m->plan, level, g->gate, g->direction, &schedule) &&
            m_schedule_open(m->plan, schedule, at);
  }
  for (uint32_t a = 0; a < m->plan->n_areas; a++)
    locked |=
        m->areas[a].lockdown && (m_within(m->plan, g->from, a) || m_within(m->plan, g->to, a));
  if (!held)
    broken(l, 4, "what permitted a passage does not hold");
  else if (locked && !m->plan->levels[g->rests_on.at[1].index].in_lockdown)
    broken(l, 4, "a passage in a lockdown rests on a level that does not hold in one");
}

/* Within, or permitted a passage into it from without. */
static bool is_in_or_on_the_way(const struct model *m, uint32_t person, uint32_t area) {
  if (m_within(m->plan, m->persons[person].area, area))
    return true;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; i < m->doors[d].n_party; i++) {
      const struct m_member *q = &m->doors[d].party[i];
      if (q->person == person && q->status == PARTY_GRANTED && m_within(m->plan, q->to, area) &&
          !m_within(m->plan, q->from, area))
        return true;
    }
  return false;
}

static void tell_who_is_in(struct looking *l, uint32_t area) {
  const struct model *m = l->m;
  m_tell_area(l->story, m, area);
  buf_printf(l->story, " has room for %u:", m->plan->areas[area].capacity);
  for (uint32_t i = 0; i < m->n_persons; i++)
    if (is_in_or_on_the_way(m, i, area)) {
      buf_puts(l->story, " ");
      m_tell_person(l->story, m, i);
      buf_puts(l->story, " (in ");
      m_tell_area(l->story, m, m->persons[i].area);
      buf_puts(l->story, ")");
    }
  buf_puts(l->story, "\n");
}

/* 7: nobody is let into an area that is full, counting each human once. */
static void look_at_room(struct looking *l, const struct ev_passage_granted *g) {
  const struct model *m = l->m;
  for (uint32_t a = g->to; a != NONE16; a = m->plan->areas[a].parent) {
    uint32_t n = 0;
    if (!m->plan->areas[a].capacity || m_within(m->plan, m->last_area[g->person], a))
      continue;
    for (uint32_t i = 0; i < m->n_persons; i++)
      n += is_in_or_on_the_way(m, i, a);
    if (n > m->plan->areas[a].capacity) {
      broken(l, 7, "someone was let into an area that is full");
      tell_who_is_in(l, a);
    }
  }
}

/* 7: the persons of all areas are all persons. */
static void look_at_counts(struct looking *l) {
  const struct model *m = l->m;
  if (m_occupancy(m, area_outside) + m_occupancy(m, area_site) != m->n_persons)
    broken(l, 7, "the areas do not hold everyone once");
  for (uint32_t a = area_site; a < m->plan->n_areas; a++) {
    uint32_t within = 0, here = 0;
    for (uint32_t b = area_site; b < m->plan->n_areas; b++)
      within += m->plan->areas[b].parent == a ? m_occupancy(m, b) : 0;
    for (uint32_t i = 0; i < m->n_persons; i++)
      here += m->persons[i].area == a;
    if (here + within != m_occupancy(m, a))
      broken(l, 7, "an area does not hold those of the areas within it");
  }
}

/* 8: entries have no gap and their times never go back. */
static void look_at_order(struct looking *l) {
  const struct outcome *o = &l->m->expected;
  for (uint32_t i = 0; i < o->n_events; i++)
    if (o->events[i].n + o->n_events != l->m->next + i || o->events[i].at < l->m->at_before)
      broken(l, 8, "entries are out of order");
}

/* 9: what permits was asked by two operators of different roles. */
static void look_at_operators(struct looking *l) {
  static const enum event_type permits[] = {EVENT_PLAN_APPLIED,          EVENT_OPERATOR_ADDED,
                                            EVENT_PERSON_REINSTATED,     EVENT_PERSON_UNMERGED,
                                            EVENT_SEPARATION_LIFTED,     EVENT_LOCKDOWN_RELEASED,
                                            EVENT_CREDENTIAL_REINSTATED, EVENT_GATE_OPENED,
                                            EVENT_DETAILS_ERASED,        EVENT_MOVEMENT_DEPARTED};
  const struct model *m = l->m;
  const struct event *e = m->expected.events;
  bool permitting = false;
  for (size_t i = 0; m->expected.n_events && i < sizeof permits / sizeof permits[0]; i++)
    permitting |= e->type == permits[i];
  permitting |= m->expected.n_events && e->type == EVENT_THREAT_CHANGED &&
                e->u.threat_changed.to < e->u.threat_changed.from;
  /* The plan that was in force when it was asked: one that changes itself is looked at as it is
   * now, and is the stricter of the two at least where someone may be held. */
  if (!permitting || m->last.by.kind != ACTOR_OPERATOR || e->type == EVENT_PLAN_APPLIED ||
      !m->plan->rules.second_operator)
    return;
  uint32_t first = m->last.by.index, second = m->last.second;
  if (second == REF_ABSENT || second == first ||
      m->operators[second].role == m->operators[first].role || m->operators[second].disabled ||
      m->operators[first].disabled)
    broken(l, 9, "what permits was not asked by two operators of different roles");
}

/* 10: every refusal has a reason; every permit names what it rests on. */
static void look_at_reasons(struct looking *l) {
  const struct outcome *o = &l->m->expected;
  if (o->verdict != VERDICT_DONE && !o->reasons.n)
    broken(l, 10, "a refusal without a reason");
  for (uint32_t i = 0; i < o->n_events; i++) {
    const struct event *e = &o->events[i];
    if (e->type == EVENT_PASSAGE_REFUSED && !e->u.passage_refused.reasons.n)
      broken(l, 10, "a refused passage without a reason");
    if (e->type == EVENT_COMMAND_REFUSED && !e->u.command_refused.reasons.n)
      broken(l, 10, "a refused command without a reason");
    if (e->type != EVENT_PASSAGE_GRANTED)
      continue;
    const struct refs *r = &e->u.passage_granted.rests_on;
    if (r->n < 2 || r->at[0].kind != REF_CREDENTIAL || r->at[1].kind != REF_LEVEL) {
      broken(l, 10, "a passage that does not say what permits it");
      continue;
    }
    look_at_grant(l, &e->u.passage_granted, e->n);
    look_at_room(l, &e->u.passage_granted);
  }
}

bool model_invariants(const struct model *m, struct buf *story) {
  struct looking l = {m, story, true};
  look_at_order(&l);
  if (!m->plan)
    return l.ok;
  look_at_interlocks(&l);
  look_at_people(&l);
  look_at_movements(&l);
  if (!l.ok)
    return false; /* who is nowhere cannot be counted */
  look_at_counts(&l);
  look_at_operators(&l);
  look_at_reasons(&l);
  return l.ok;
}

bool model_timely(const struct model *m, usec at, usec slack, struct buf *story) {
  usec due = model_due(m);
  if (due == TIME_ABSENT || at - due <= slack)
    return true;
  buf_puts(story, "at ");
  m_tell_time(story, at);
  buf_puts(story, " a timer that was due at ");
  m_tell_time(story, due);
  buf_puts(story, " had not been made due by any tick\n");
  return false;
}

bool model_has_unlocked(const struct model *m, uint32_t door, uint64_t entry, usec *until) {
  const struct m_door *d = &m->doors[door];
  *until = d->relock_at;
  return d->unlocked && d->unlocked_by >= entry;
}

bool model_may_unlock(const struct model *m, uint32_t door, uint64_t entry, usec at,
                      struct buf *story) {
  const struct m_door *d = &m->doors[door];
  bool known = d->unlocked && d->unlocked_by == entry;
  for (uint32_t i = 0; i < d->n_party; i++)
    known |= d->unlocked && d->party[i].status != PARTY_WAITING && d->party[i].granted == entry;
  const char *why = NULL;
  if (!known)
    why = "no running grant or request to exit of this entry";
  else if (at > d->relock_at)
    why = "its time is over";
  for (uint32_t p = 0; p < m->plan->n_doors; p++)
    if (m_is_peer(m->plan, door, p) && (m->doors[p].open || m->doors[p].unlocked))
      why = "another door of its interlock group is not secured";
  if (!why)
    return true;
  buf_puts(story, "door ");
  m_tell_door(story, m, door);
  buf_puts(story, " was unlocked at ");
  m_tell_time(story, at);
  buf_printf(story, " on entry %llu: %s\n", (unsigned long long)entry, why);
  return false;
}
