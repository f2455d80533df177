/* permit.c: the one question of a movement (docs/custody.md, "The question"): may this person be
 * taken there, now? At least one order in force authorises it, and none forbids it. Every check is
 * made and every reason is told; what is ambiguous refuses. */
#include "core/conflict.h"
#include "core/custody_int.h"

enum { told_most = 3 }; /* orders under one code, in one answer */

struct asking {
  const struct core *core;
  const struct question *q;
  const struct movement *m;
  struct linked linked; /* the registrations that bind this one */
  struct reasons *found;
};

static void tell(const struct asking *a, enum reason code, struct ref on) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->found->n; i++)
    n += a->found->at[i].code == code;
  if (n < told_most)
    reasons_add(a->found, code, on);
}

static bool in_force(const struct asking *a, uint32_t order) {
  return order_status_at(a->core, order, a->q->at) == ORDER_STATUS_IN_FORCE;
}

static uint32_t country_of(const struct asking *a) {
  return a->q->to == REF_ABSENT ? REF_ABSENT : a->core->places[a->q->to].country;
}

/* --- What authorises --- */

static void check_authority(const struct asking *a) {
  const struct core *core = a->core;
  uint32_t order = a->q->order;
  if (a->m->kind == MOVEMENT_INTERNAL || (order == REF_ABSENT && a->m->emergency))
    return;
  if (order == REF_ABSENT || !authorises(a->m->kind, core->orders[order].kind)) {
    tell(a, REASON_NO_AUTHORITY, ref_to(REF_PERSON, a->q->person));
    return;
  }
  const struct order *o = &core->orders[order];
  enum order_status status = order_status_at(core, order, a->q->at);
  if (status != ORDER_STATUS_IN_FORCE)
    order_status_reason(core, order, status, a->q->at, a->found);
  if (!order_is_theirs(core, o, a->q->person))
    tell(a, REASON_WRONG_PERSON, ref_to(REF_ORDER, order));
  if (o->from != REF_ABSENT && !place_is_here(core, o->from))
    tell(a, REASON_WRONG_SITE, ref_to(REF_ORDER, order));
  if ((o->to != REF_ABSENT && o->to != a->q->to) ||
      (o->n_countries && !names_country(o, country_of(a))))
    tell(a, REASON_WRONG_DESTINATION, ref_to(REF_ORDER, order));
}

/* --- What forbids --- */

/* Of an order that forbids: does it speak of this movement at all, wherever it leads? */
static bool speaks_of(const struct asking *a, const struct order *o) {
  bool exempt = o->kind == ORDER_NO_TRANSFER && a->m->emergency;
  return !exempt && forbids_kind(a->core, o, a->m->kind) &&
         (o->to == REF_ABSENT || o->to == a->q->to);
}

static bool bars_countries(const struct order *o) {
  return o->kind == ORDER_WITHHOLDING || o->kind == ORDER_DEFERRAL;
}

static void check_forbidden(const struct asking *a) {
  const struct core *core = a->core;
  bool names_where = true;
  if (a->m->kind == MOVEMENT_REMOVAL && a->q->order != REF_ABSENT)
    names_where =
        core->orders[a->q->order].to != REF_ABSENT || core->orders[a->q->order].n_countries;
  bool withheld = false;
  for (uint32_t k = 0; k < a->linked.n; k++)
    for (uint32_t i = core->custody[a->linked.persons[k]].orders; i; i = core->orders[i - 1].next) {
      const struct order *o = &core->orders[i - 1];
      if (!speaks_of(a, o) || !in_force(a, i - 1))
        continue;
      withheld |= bars_countries(o);
      /* Of a sealed one no code tells what kind it is. */
      if (!o->n_countries || names_country(o, country_of(a)))
        tell(a, bars_countries(o) && !o->sealed ? REASON_COUNTRY_BARRED : REASON_STAYED,
             ref_to(REF_ORDER, i - 1));
    }
  /* To which country is not left to whoever books the flight. */
  if (withheld && !names_where)
    tell(a, REASON_WRONG_DESTINATION, ref_to(REF_ORDER, a->q->order));
}

static void check_classes(const struct asking *a) {
  const struct core *core = a->core;
  for (uint32_t c = 0; c < core->head.n_classes; c++) {
    uint32_t is =
        core->classes[c].orders_on ? membership_of(core, &a->linked, c) : MEMBERSHIP_NON_MEMBER;
    if (is == MEMBERSHIP_NON_MEMBER)
      continue;
    for (uint32_t i = core->classes[c].orders_on; i; i = core->orders[i - 1].next) {
      const struct order *o = &core->orders[i - 1];
      if (speaks_of(a, o) && (!o->n_countries || names_country(o, country_of(a))) &&
          in_force(a, i - 1))
        tell(a, is == MEMBERSHIP_MEMBER ? REASON_STAYED : REASON_CLASS_UNCERTAIN,
             ref_to(REF_ORDER, i - 1));
    }
  }
}

/* --- What is said of the person --- */

static void check_mark(const struct asking *a, unsigned marks, enum reason code) {
  for (uint32_t k = 0; k < a->linked.n; k++)
    if (a->core->custody[a->linked.persons[k]].marks & marks) {
      tell(a, code, ref_to(REF_PERSON, a->linked.persons[k]));
      return;
    }
}

static void check_marks(const struct asking *a) {
  if (a->m->adults_only)
    check_mark(a, 1u << MARK_MINOR | 1u << MARK_AGE_DISPUTED, REASON_MINOR);
  if (a->m->kind != MOVEMENT_MEDICAL && a->m->kind != MOVEMENT_RELEASE)
    check_mark(a, 1u << MARK_UNFIT, REASON_UNFIT);
  if (a->m->kind == MOVEMENT_REMOVAL)
    check_mark(a, 1u << MARK_STATUS_CLAIM, REASON_STATUS_CLAIM_UNDER_REVIEW);
}

/* --- The agreement under which they are received --- */

static void check_agreement(const struct asking *a) {
  if (a->m->agreement == REF_ABSENT)
    return;
  const struct basis *b = &a->core->bases[a->m->agreement];
  struct ref on = ref_to(REF_BASIS, a->m->agreement);
  if (basis_status_at(a->core, a->m->agreement, a->q->at) != ORDER_STATUS_IN_FORCE)
    tell(a, REASON_AGREEMENT_NOT_IN_FORCE, on);
  if ((b->place != REF_ABSENT && b->place != a->q->to) ||
      (b->country != REF_ABSENT && b->country != country_of(a)))
    tell(a, REASON_WRONG_DESTINATION, on);
}

/* --- Orders that say otherwise --- */

/* Of a release: what else holds them here; the receiver may be who holds them from here on. Of what
 * moves them: another order in force that frees them, or leads them elsewhere. */
static bool says_otherwise(const struct asking *a, uint32_t order) {
  if (a->m->kind == MOVEMENT_RELEASE)
    return holds_beyond(a->core, a->q->order, order) &&
           a->core->orders[order].issuer != a->m->receiver;
  return leads_elsewhere(a->core, a->m->kind, a->q->order, a->q->to, order);
}

static void check_conflicts_of(const struct asking *a, uint32_t person) {
  for (uint32_t i = a->core->custody[person].orders; i; i = a->core->orders[i - 1].next)
    if (says_otherwise(a, i - 1) && in_force(a, i - 1))
      tell(a, REASON_CONFLICT, ref_to(REF_ORDER, i - 1));
}

static void check_conflicts(const struct asking *a) {
  const struct core *core = a->core;
  if (a->m->kind == MOVEMENT_MEDICAL || a->m->kind == MOVEMENT_INTERNAL)
    return;
  check_conflicts_of(a, a->q->person);
  for (uint32_t i = core->custody[a->q->person].links; i; i = core->links[i - 1].next)
    if (core->links[i - 1].merged &&
        core->persons[core->links[i - 1].other].merged_into == a->q->person)
      check_conflicts_of(a, core->links[i - 1].other);
}

void permitted(const struct core *core, const struct question *q, struct reasons *found,
               struct refs *rests_on) {
  struct asking a = {.core = core, .q = q, .m = &core->movements[q->movement], .found = found};
  uint32_t holds = REF_ABSENT;
  linked_of(core, q->person, &a.linked);
  rests_on->n = 0;
  if (core->persons[q->person].state == PERSON_STATE_MERGED)
    tell(&a, REASON_PERSON_MERGED, ref_to(REF_PERSON, core->persons[q->person].merged_into));
  if (!q->on_paper && death_of(core, q->person))
    tell(&a, REASON_DECEASED, ref_to(REF_PERSON, q->person));
  if (!is_booked(core, q->person))
    tell(&a, REASON_NO_BOOKING, ref_to(REF_PERSON, q->person));
  if (a.m->kind != MOVEMENT_RELEASE && !held_at(core, q->person, q->at, &holds, found))
    tell(&a, REASON_NO_BASIS_TO_HOLD, ref_to(REF_PERSON, q->person));
  check_authority(&a);
  check_forbidden(&a);
  check_classes(&a);
  check_marks(&a);
  check_agreement(&a);
  check_conflicts(&a);
  if (q->order != REF_ABSENT)
    rests_on->at[rests_on->n++] = ref_to(REF_ORDER, q->order);
  if (holds != REF_ABSENT)
    rests_on->at[rests_on->n++] = ref_to(REF_ORDER, holds);
  if (a.m->agreement != REF_ABSENT)
    rests_on->at[rests_on->n++] = ref_to(REF_BASIS, a.m->agreement);
}

void check_leaving(const struct core *core, uint32_t person, usec at, struct reasons *found,
                   struct refs *rests_on) {
  const struct member *r = active_member(core, person);
  const struct movement *m = r ? &core->movements[r->movement] : NULL;
  rests_on->n = 0;
  /* Whoever is not in custody, and was never let in or was set free, may go. */
  if (!m && !is_booked(core, person) && core->persons[person].area == area_outside)
    return;
  if (!m || m->kind == MOVEMENT_INTERNAL) {
    reasons_add(found, REASON_NO_AUTHORITY, ref_to(REF_PERSON, person));
    return;
  }
  if (r->state != MEMBER_BOARDED && r->state != MEMBER_DEPARTED)
    reasons_add(found, REASON_SEQUENCE, ref_to(REF_MOVEMENT, r->movement));
  if (r->state == MEMBER_BOARDED) /* and has not left yet */
    check_frozen(core, r->movement, found);
  struct question q = {r->movement, person, r->order, m->to, at};
  permitted(core, &q, found, rests_on);
  rests_on->at[rests_on->n++] = ref_to(REF_MOVEMENT, r->movement);
}
