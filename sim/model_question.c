/* model_question.c: may this person be taken there, now? The numbers are those of docs/custody.md.
 */
#include "sim/model_state.h"

struct asking {
  const struct model *m;
  const struct ev_movement_proposed *p;
  uint32_t person, order, to;
  usec at;
  struct m_bound bound;
  struct reasons *found;
};

static void because(const struct asking *q, enum reason code, enum ref_kind kind, uint32_t index) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < q->found->n; i++)
    n += q->found->at[i].code == code;
  if (n < 3)
    m_add_reason(q->found, code, kind, index);
}

static void bind(struct m_bound *b, uint32_t person) {
  for (uint32_t i = 0; i < b->n; i++)
    if (b->at[i] == person)
      return;
  SP_ASSERT(b->n < sizeof b->at / sizeof b->at[0]);
  b->at[b->n++] = person;
}

/* Whom this entry says to be one with that registration, if that still stands; REF_ABSENT. */
static uint32_t linked_by(const struct model *m, uint32_t entry, uint32_t to) {
  const struct event *e = &m->custody[entry];
  const struct ev_link *l = &e->u.link;
  const struct ev_person_merged *p = &e->u.person_merged;
  if (e->type == EVENT_LINK_RECORDED && m_is_candidate(m, l->person, l->other))
    return l->person == to ? l->other : l->other == to ? l->person : REF_ABSENT;
  if (e->type == EVENT_PERSON_MERGED && m_merge_stands(m, entry))
    return p->person == to ? p->into : p->into == to ? p->person : REF_ABSENT;
  return REF_ABSENT;
}

struct m_bound m_bound(const struct model *m, uint32_t person) {
  struct m_bound b = {0};
  bind(&b, person);
  for (uint32_t at = 0; at < b.n; at++)
    for (uint32_t i = m->n_custody; i-- > 0;) {
      uint32_t other = linked_by(m, i, b.at[at]);
      if (other != REF_ABSENT)
        bind(&b, other);
    }
  return b;
}

static bool theirs(const struct asking *q, const struct ev_order_recorded *o) {
  return o->person != REF_ABSENT &&
         (o->person == q->person || q->m->persons[o->person].merged_into == q->person);
}

static bool in_force(const struct asking *q, uint32_t order) {
  struct reason_on unused;
  return m_in_force(q->m, order, q->at, &unused);
}

static bool names(const struct asking *q, const struct ev_order_recorded *o) {
  uint32_t country = q->to == REF_ABSENT ? REF_ABSENT : m_place(q->m, q->to)->country;
  for (uint32_t i = 0; i < o->countries.n; i++)
    if (o->countries.at[i].index == country)
      return true;
  return false;
}

static bool fitting(uint32_t movement, uint32_t order) {
  return (movement == MOVEMENT_TRANSFER && order == ORDER_TRANSFER) ||
         (movement == MOVEMENT_PRODUCTION && order == ORDER_PRODUCTION) ||
         (movement == MOVEMENT_REMOVAL && order == ORDER_REMOVAL) ||
         (movement == MOVEMENT_MEDICAL && order == ORDER_MEDICAL) ||
         (movement == MOVEMENT_RELEASE && order == ORDER_RELEASE);
}

/* 3 */
static void ask_authority(const struct asking *q) {
  if (q->p->kind == MOVEMENT_INTERNAL || (q->p->emergency && q->order == REF_ABSENT))
    return;
  if (q->order == REF_ABSENT || !fitting(q->p->kind, m_order(q->m, q->order)->kind)) {
    because(q, REASON_NO_AUTHORITY, REF_PERSON, q->person);
    return;
  }
  const struct ev_order_recorded *o = m_order(q->m, q->order);
  struct reason_on why;
  if (!m_in_force(q->m, q->order, q->at, &why))
    m_add_reason(q->found, why.code, why.on.kind, why.on.index);
  if (!theirs(q, o))
    because(q, REASON_WRONG_PERSON, REF_ORDER, q->order);
  if (o->from != REF_ABSENT && !m_place_is_site(q->m, o->from))
    because(q, REASON_WRONG_SITE, REF_ORDER, q->order);
  bool elsewhere = o->to != REF_ABSENT && o->to != q->to;
  if (elsewhere || (o->countries.n && !names(q, o)))
    because(q, REASON_WRONG_DESTINATION, REF_ORDER, q->order);
}

/* 4 */
static bool speaks(const struct asking *q, const struct ev_order_recorded *o) {
  switch (o->kind) {
  case ORDER_STAY:
  case ORDER_INJUNCTION:
  case ORDER_WITHHOLDING:
  case ORDER_DEFERRAL:
    break;
  case ORDER_NO_TRANSFER:
    if (q->p->emergency)
      return false;
    break;
  default:
    return false;
  }
  if (o->movements ? !(o->movements & 1u << q->p->kind)
                   : q->p->kind == MOVEMENT_RELEASE || q->p->kind == MOVEMENT_INTERNAL)
    return false;
  if (o->from != REF_ABSENT && !m_place_is_site(q->m, o->from))
    return false;
  return o->to == REF_ABSENT || o->to == q->to;
}

static void ask_forbidden(const struct asking *q) {
  bool withheld = false;
  for (uint32_t k = 0; k < q->bound.n; k++)
    for (uint32_t i = m_count_custody(q->m, EVENT_ORDER_RECORDED); i-- > 0;) {
      const struct ev_order_recorded *o = m_order(q->m, i);
      bool bars = o->kind == ORDER_WITHHOLDING || o->kind == ORDER_DEFERRAL;
      if (o->person != q->bound.at[k] || !speaks(q, o) || !in_force(q, i))
        continue;
      withheld = withheld || bars;
      if (!o->countries.n || names(q, o))
        because(q, bars && !o->sealed ? REASON_COUNTRY_BARRED : REASON_STAYED, REF_ORDER, i);
    }
  if (!withheld || q->p->kind != MOVEMENT_REMOVAL || q->order == REF_ABSENT)
    return;
  const struct ev_order_recorded *cited = m_order(q->m, q->order);
  if (cited->to == REF_ABSENT && !cited->countries.n)
    because(q, REASON_WRONG_DESTINATION, REF_ORDER, q->order);
}

static void ask_classes(const struct asking *q) {
  const struct model *m = q->m;
  for (uint32_t c = 0; c < m_count_custody(m, EVENT_CLASS_ADDED); c++) {
    bool member = false, uncertain = false;
    for (uint32_t k = 0; k < q->bound.n; k++) {
      uint32_t is = m_membership(m, c, q->bound.at[k]);
      if (is == REF_ABSENT)
        is = m_class(m, c)->unlisted;
      member |= is == MEMBERSHIP_MEMBER;
      uncertain |= is == MEMBERSHIP_UNCERTAIN;
    }
    for (uint32_t i = m_count_custody(m, EVENT_ORDER_RECORDED); i-- > 0;) {
      const struct ev_order_recorded *o = m_order(m, i);
      if (o->class != c || !speaks(q, o) || (o->countries.n && !names(q, o)) || !in_force(q, i))
        continue;
      if (member)
        because(q, REASON_STAYED, REF_ORDER, i);
      else if (uncertain)
        because(q, REASON_CLASS_UNCERTAIN, REF_ORDER, i);
    }
  }
}

/* 5 */
static void ask_mark(const struct asking *q, uint32_t mark, uint32_t or_mark, enum reason code) {
  for (uint32_t k = 0; k < q->bound.n; k++)
    if (m_is_marked(q->m, q->bound.at[k], mark) || m_is_marked(q->m, q->bound.at[k], or_mark)) {
      because(q, code, REF_PERSON, q->bound.at[k]);
      return;
    }
}

static void ask_marks(const struct asking *q) {
  uint32_t kind = q->p->kind;
  if (q->p->adults_only)
    ask_mark(q, MARK_MINOR, MARK_AGE_DISPUTED, REASON_MINOR);
  if (kind == MOVEMENT_TRANSFER || kind == MOVEMENT_PRODUCTION || kind == MOVEMENT_REMOVAL ||
      kind == MOVEMENT_INTERNAL)
    ask_mark(q, MARK_UNFIT, MARK_UNFIT, REASON_UNFIT);
  if (kind == MOVEMENT_REMOVAL)
    ask_mark(q, MARK_STATUS_CLAIM, MARK_STATUS_CLAIM, REASON_STATUS_CLAIM_UNDER_REVIEW);
}

/* 6 */
static void ask_agreement(const struct asking *q) {
  uint32_t basis = q->p->agreement;
  struct reason_on unused;
  if (basis == REF_ABSENT)
    return;
  const struct ev_basis_added *b = m_basis(q->m, basis);
  uint32_t country = q->to == REF_ABSENT ? REF_ABSENT : m_place(q->m, q->to)->country;
  if (!m_basis_bears(q->m, basis, q->at, &unused))
    because(q, REASON_AGREEMENT_NOT_IN_FORCE, REF_BASIS, basis);
  bool there = (b->place == REF_ABSENT || b->place == q->to) &&
               (b->country == REF_ABSENT || b->country == country);
  if (!there)
    because(q, REASON_WRONG_DESTINATION, REF_BASIS, basis);
}

/* 7 */
static bool stands_over(const struct model *m, uint32_t authority, uint32_t other) {
  for (; other != REF_ABSENT; other = m_authority(m, other)->above)
    if (other == authority)
      return true;
  return false;
}

static bool says_otherwise(const struct asking *q, uint32_t i) {
  const struct ev_order_recorded *o = m_order(q->m, i);
  bool holds = o->kind == ORDER_COMMITMENT || o->kind == ORDER_REMAND ||
               o->kind == ORDER_SENTENCE || o->kind == ORDER_DETENTION_WARRANT;
  if (q->p->kind != MOVEMENT_RELEASE)
    return o->kind == ORDER_RELEASE ||
           (i != q->order && fitting(q->p->kind, o->kind) && o->to != REF_ABSENT && o->to != q->to);
  if (!holds || o->issuer == q->p->receiver ||
      (o->from != REF_ABSENT && !m_place_is_site(q->m, o->from)))
    return false;
  return q->order == REF_ABSENT || i >= q->order ||
         !stands_over(q->m, m_order(q->m, q->order)->issuer, o->issuer);
}

static void ask_otherwise(const struct asking *q, uint32_t person) {
  for (uint32_t i = m_count_custody(q->m, EVENT_ORDER_RECORDED); i-- > 0;)
    if (m_order(q->m, i)->person == person && says_otherwise(q, i) && in_force(q, i))
      because(q, REASON_CONFLICT, REF_ORDER, i);
}

static void ask_conflicts(const struct asking *q) {
  const struct model *m = q->m;
  if (q->p->kind == MOVEMENT_MEDICAL || q->p->kind == MOVEMENT_INTERNAL)
    return;
  ask_otherwise(q, q->person);
  for (uint32_t i = m->n_custody; i-- > 0;)
    if (m->custody[i].type == EVENT_PERSON_MERGED &&
        m->custody[i].u.person_merged.into == q->person && m_merge_stands(m, i))
      ask_otherwise(q, m->custody[i].u.person_merged.person);
}

struct refs m_ask(const struct model *m, uint32_t movement, uint32_t person, uint32_t order,
                  uint32_t to, usec at, struct reasons *found) {
  struct asking q = {m, m_movement(m, movement), person, order, to, at, m_bound(m, person), found};
  struct refs rests_on = {0};
  uint32_t holds = REF_ABSENT;
  if (m->persons[person].state == PERSON_STATE_MERGED)
    because(&q, REASON_PERSON_MERGED, REF_PERSON, m->persons[person].merged_into);
  if (m_death(m, person).dead)
    because(&q, REASON_DECEASED, REF_PERSON, person);
  if (!m_is_booked(m, person))
    because(&q, REASON_NO_BOOKING, REF_PERSON, person);
  if (q.p->kind != MOVEMENT_RELEASE && !m_is_held(m, person, at, &holds, found)) {
    because(&q, REASON_NO_BASIS_TO_HOLD, REF_PERSON, person);
    holds = REF_ABSENT;
  }
  ask_authority(&q);
  ask_forbidden(&q);
  ask_classes(&q);
  ask_marks(&q);
  ask_agreement(&q);
  ask_conflicts(&q);
  if (order != REF_ABSENT)
    rests_on.at[rests_on.n++] = (struct ref){REF_ORDER, order};
  if (holds != REF_ABSENT)
    rests_on.at[rests_on.n++] = (struct ref){REF_ORDER, holds};
  if (q.p->agreement != REF_ABSENT)
    rests_on.at[rests_on.n++] = (struct ref){REF_BASIS, q.p->agreement};
  return rests_on;
}

void m_may_leave(const struct model *m, uint32_t person, usec at, struct reasons *found,
                 struct refs *rests_on) {
  struct m_case c = m_case(m, person);
  bool active = c.movement != REF_ABSENT && m_is_active(c.state);
  if (!active && !c.booked && m->persons[person].area == area_outside)
    return;
  if (!active || m_movement(m, c.movement)->kind == MOVEMENT_INTERNAL) {
    m_add_reason(found, REASON_NO_AUTHORITY, REF_PERSON, person);
    return;
  }
  if (c.state != MEMBER_BOARDED && c.state != MEMBER_DEPARTED)
    m_add_reason(found, REASON_SEQUENCE, REF_MOVEMENT, c.movement);
  if (c.state == MEMBER_BOARDED && m_frozen(m, c.movement) != REF_ABSENT)
    m_add_reason(found, REASON_COUNT_MISMATCH, REF_COUNT, m_frozen(m, c.movement));
  *rests_on = m_ask(m, c.movement, person, c.order, m_journey(m, c.movement).to, at, found);
  rests_on->at[rests_on->n++] = (struct ref){REF_MOVEMENT, c.movement};
}
