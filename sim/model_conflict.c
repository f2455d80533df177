/* model_conflict.c: orders that contradict each other, as docs/custody.md tells it, written down
 * once more: how things stand is asked of the entries with the one to come among them. */
#include "sim/model_state.h"

#include <string.h>

struct pair { /* two orders about one human, or about registrations that hang together */
  const struct model *m;
  uint32_t a, b;
  usec at;
};

static bool forbids(uint32_t kind) {
  return kind == ORDER_STAY || kind == ORDER_INJUNCTION || kind == ORDER_WITHHOLDING ||
         kind == ORDER_DEFERRAL || kind == ORDER_NO_TRANSFER;
}

static bool takes(uint32_t kind, uint32_t *movement) {
  static const struct {
    uint32_t order, movement;
  } ways[] = {{ORDER_TRANSFER, MOVEMENT_TRANSFER},
              {ORDER_PRODUCTION, MOVEMENT_PRODUCTION},
              {ORDER_REMOVAL, MOVEMENT_REMOVAL},
              {ORDER_MEDICAL, MOVEMENT_MEDICAL},
              {ORDER_RELEASE, MOVEMENT_RELEASE}};
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
    if (ways[i].order == kind) {
      *movement = ways[i].movement;
      return true;
    }
  return false;
}

static bool is_here(const struct model *m, const struct ev_order_recorded *o) {
  return o->from == REF_ABSENT || m_place_is_site(m, o->from);
}

static bool bars(const struct ev_order_recorded *f, uint32_t country) {
  for (uint32_t i = 0; i < f->countries.n; i++)
    if (f->countries.at[i].index == country)
      return true;
  return false;
}

/* The first moves, the second forbids it. */
static bool is_forbidden(const struct pair *p) {
  const struct ev_order_recorded *o = m_order(p->m, p->a), *f = m_order(p->m, p->b);
  uint32_t movement;
  if (!takes(o->kind, &movement) || !forbids(f->kind) || !is_here(p->m, o) || !is_here(p->m, f))
    return false;
  if (f->movements ? !(f->movements >> movement & 1) : movement == MOVEMENT_RELEASE)
    return false;
  if (f->to != REF_ABSENT && f->to != o->to)
    return false;
  if (!f->countries.n)
    return true;
  if (o->to != REF_ABSENT)
    return bars(f, m_place(p->m, o->to)->country);
  for (uint32_t i = 0; i < o->countries.n; i++)
    if (!bars(f, o->countries.at[i].index))
      return false;
  return o->countries.n > 0;
}

static bool stands_above(const struct model *m, uint32_t authority, uint32_t other) {
  for (; other != REF_ABSENT; other = m_authority(m, other)->above)
    if (other == authority)
      return true;
  return false;
}

/* The first sets free, and the second holds them all the same. */
static bool holds_on(const struct pair *p) {
  const struct ev_order_recorded *o = m_order(p->m, p->a), *h = m_order(p->m, p->b);
  return o->kind == ORDER_RELEASE && m_kind_holds(h->kind) && is_here(p->m, h) &&
         !(p->b < p->a && stands_above(p->m, o->issuer, h->issuer));
}

/* The first takes them elsewhere, and the second frees them, or takes them somewhere else. */
static bool pull_apart(const struct pair *p) {
  const struct ev_order_recorded *o = m_order(p->m, p->a), *y = m_order(p->m, p->b);
  if (o->kind != ORDER_TRANSFER && o->kind != ORDER_PRODUCTION && o->kind != ORDER_REMOVAL)
    return false;
  return y->kind == ORDER_RELEASE ||
         (y->kind == o->kind && o->to != REF_ABSENT && y->to != REF_ABSENT && o->to != y->to);
}

static bool one_human(const struct model *m, uint32_t a, uint32_t b) {
  uint32_t into_a = m->persons[a].merged_into, into_b = m->persons[b].merged_into;
  return a == b || into_a == b || into_b == a || (into_a == into_b && into_a != REF_ABSENT);
}

/* Of a class: is anybody of those who hang together a member, or may be one? */
static bool is_of_class(const struct model *m, uint32_t class, const bool *in) {
  for (uint32_t i = 0; i < m->n_persons; i++) {
    uint32_t is = in[i] ? m_membership(m, class, i) : MEMBERSHIP_NON_MEMBER;
    if (is == REF_ABSENT)
      is = m_class(m, class)->unlisted;
    if (is != MEMBERSHIP_NON_MEMBER)
      return true;
  }
  return false;
}

static bool contradict(const struct model *m, uint32_t a, uint32_t b, usec at, const bool *in) {
  const struct ev_order_recorded *x = m_order(m, a), *y = m_order(m, b);
  struct pair p = {m, a, b, at}, q = {m, b, a, at};
  struct reason_on unused;
  uint32_t movement;
  if (a == b || !m_in_force(m, b, at, &unused))
    return false;
  if (y->class != REF_ABSENT)
    return takes(x->kind, &movement) && is_of_class(m, y->class, in) && is_forbidden(&p);
  if (y->person == REF_ABSENT || !in[y->person])
    return false;
  if (is_forbidden(&p) || is_forbidden(&q))
    return true;
  return one_human(m, x->person, y->person) &&
         (holds_on(&p) || holds_on(&q) || pull_apart(&p) || pull_apart(&q));
}

static bool has_come_into_force(const struct model *before, const struct model *after,
                                uint32_t order, usec at) {
  struct reason_on unused;
  bool was = order < m_count_custody(before, EVENT_ORDER_RECORDED) &&
             m_in_force(before, order, at, &unused);
  return !was && m_in_force(after, order, at, &unused);
}

/* What is to be told when this entry, which the command has led to, makes an order come into force.
 */
void m_tell_conflicts(const struct asked *a, uint32_t order) {
  const struct model *m = a->m;
  struct model after = *m;
  after.custody = sp_alloc(m->n_custody + 1u, sizeof *after.custody);
  after.custody_types = sp_alloc(m->n_custody + 1u, sizeof *after.custody_types);
  bool *in = sp_alloc(m->n_persons + 1u, sizeof *in);
  if (!after.custody || !after.custody_types || !in)
    goto done;
  memcpy(after.custody, m->custody, m->n_custody * sizeof *after.custody);
  memcpy(after.custody_types, m->custody_types, m->n_custody * sizeof *after.custody_types);
  after.custody_types[after.n_custody] = (uint16_t)a->o->events[0].type;
  after.custody[after.n_custody++] = a->o->events[0];
  const struct ev_order_recorded *o = m_order(&after, order);
  struct ev_order_conflicts told = {.order = o->order, .person = o->person};
  if (o->person != REF_ABSENT && has_come_into_force(m, &after, order, a->c->at)) {
    m_linked(m, o->person, in);
    for (uint32_t i = m_count_custody(&after, EVENT_ORDER_RECORDED); i-- > 0 && told.others.n < 3;)
      if (contradict(&after, order, i, a->c->at, in))
        told.others.at[told.others.n++] = (struct ref){REF_ORDER, i};
  }
  if (told.others.n)
    m_expect_alarm(a, EVENT_ORDER_CONFLICTS)->u.order_conflicts = told;
done:
  sp_free(after.custody);
  sp_free(after.custody_types);
  sp_free(in);
}
