/* fold_custody.c: what entries about custody rest on; see fold_check.h. */
#include "engine/fold_custody.h"

#include "core/conflict.h"

#include <string.h>
#include "core/register_fields.h"

static const char *const exists = "there is one of this name or id already",
                         *const full = "there are more than fit", *const so = "it is so already",
                         *const dead = "the person has died",
                         *const unanswered =
                             "a field of the register is outstanding that nobody answered";

static bool taken(const struct core *core, enum ref_kind kind, const struct slug *name) {
  struct namer n = core_namer(core);
  uint32_t have;
  return n.find(n.ctx, kind, span_str(name->s), &have);
}

static const char *named(const struct core *core, enum ref_kind kind, const struct slug *name,
                         uint32_t have, uint32_t most) {
  return taken(core, kind, name) ? exists : have < most ? NULL : full;
}

const char *check_authority_added(const struct core *core, const struct event *e) {
  return named(core, REF_AUTHORITY, &e->u.authority_added.authority, core->head.n_authorities,
               authorities_max);
}

const char *check_place_added(const struct core *core, const struct event *e) {
  return named(core, REF_PLACE, &e->u.place_added.place, core->head.n_places, places_max);
}

const char *check_basis_added(const struct core *core, const struct event *e) {
  if (basis_versions(core, e->u.basis_added.replaces) >= basis_versions_max)
    return "it has more versions than may be";
  return named(core, REF_BASIS, &e->u.basis_added.basis, core->head.n_bases, bases_max);
}

const char *check_basis_repealed(const struct core *core, const struct event *e) {
  return core->bases[e->u.basis_ref.basis].repealed_s == UINT32_MAX ? NULL : so;
}

/* Of an agreement, and the sums stay what can be. */
static const char *check_funds(const struct core *core, const struct ev_funds *f, bool paid) {
  struct basis b = core->bases[f->agreement];
  uint64_t *sum = paid ? &b.paid : &b.committed;
  if (!f->amount || f->amount > amount_most - *sum)
    return "the sum of its funds is none that can be";
  if (b.currency[0] && strcmp(b.currency, f->currency.s) != 0)
    return "its funds are of another currency";
  *sum += f->amount;
  memcpy(b.currency, f->currency.s, sizeof b.currency);
  return f->currency.s[3] || !funds_fit(&b) ? "it is no agreement, or more is paid than committed"
                                            : NULL;
}

const char *check_agreement_committed(const struct core *core, const struct event *e) {
  return check_funds(core, &e->u.funds, false);
}

const char *check_agreement_paid(const struct core *core, const struct event *e) {
  return check_funds(core, &e->u.funds, true);
}

const char *check_class_added(const struct core *core, const struct event *e) {
  return named(core, REF_CLASS, &e->u.class_added.class, core->head.n_classes, classes_max);
}

const char *check_class_assigned(const struct core *core, const struct event *e) {
  const struct ev_class_assigned *c = &e->u.class_assigned;
  for (uint32_t i = core->custody[c->person].classes; i; i = core->class_rows[i - 1].next)
    if (core->class_rows[i - 1].class == c->class)
      return core->class_rows[i - 1].membership == c->membership ? so : NULL;
  return core->head.n_class_rows < class_rows_max ? NULL : full;
}

const char *check_order_recorded(const struct core *core, const struct event *e) {
  const struct ev_order_recorded *r = &e->u.order_recorded;
  uint32_t have;
  int subjects = (r->person != REF_ABSENT) + (r->class != REF_ABSENT) + (r->on_basis != REF_ABSENT);
  if (core_find_order(core, r->order, &have))
    return exists;
  if (core->head.n_orders == orders_max)
    return full;
  if (r->number != person_number(core->head.n_orders))
    return "it is not the next short number";
  if (subjects > 1 || (r->other != REF_ABSENT && r->other == r->person))
    return "it is about more than one thing, or keeps a person apart from themselves";
  if (r->ends != REF_ABSENT && core->orders[r->ends].depth >= order_depth_max)
    return "it ends an order at the end of too long a chain";
  _Static_assert((int)order_countries_max >= (int)refs_max, "all countries of an entry fit");
  for (uint32_t i = 0; i < r->countries.n; i++)
    if (r->countries.at[i].kind != REF_COUNTRY)
      return "one of its countries is none";
  return NULL;
}

const char *check_order_authenticated(const struct core *core, const struct event *e) {
  uint32_t by = core->orders[e->u.order_authenticated.order].authenticator;
  return by == REF_ABSENT || is_compromised(core, by) ? NULL : so;
}

const char *check_order_written(const struct core *core, const struct event *e) {
  const struct order *o = &core->orders[e->u.order_written.order];
  return o->oral && !o->written ? NULL : "the order was not spoken, or is written already";
}

const char *check_order_recalled(const struct core *core, const struct event *e) {
  return core->orders[e->u.order_ref.order].recalled ? so : NULL;
}

const char *check_order_refuted(const struct core *core, const struct event *e) {
  return core->orders[e->u.order_ref.order].refuted ? so : NULL;
}

const char *check_order_conflicts(const struct core *core, const struct event *e) {
  const struct ev_order_conflicts *c = &e->u.order_conflicts;
  uint32_t order;
  if (!core_find_order(core, c->order, &order))
    return "there is no such order";
  if (core->orders[order].person != c->person)
    return "the order is about somebody else";
  if (!c->others.n || c->others.n > conflicts_told_most)
    return "it names no other order, or too many";
  for (uint32_t i = 0; i < c->others.n; i++)
    if (c->others.at[i].kind != REF_ORDER || c->others.at[i].index == order)
      return "what it names is no other order";
  return NULL;
}

const char *check_booking_opened(const struct core *core, const struct event *e) {
  const struct ev_booking_opened *b = &e->u.booking_opened;
  uint32_t have;
  if (core_find_booking(core, b->booking, &have))
    return exists;
  if (core->head.n_bookings == bookings_max)
    return full;
  if (b->number != person_number(core->head.n_bookings))
    return "it is not the next short number";
  if (is_booked(core, b->person))
    return "the person has an open booking";
  if (death_of(core, b->person))
    return dead;
  if (register_missing(b->recorded))
    return "the register lacks what admission needs";
  return b->outstanding & ~b->recorded ? unanswered : NULL;
}

const char *check_booking_supplemented(const struct core *core, const struct event *e) {
  const struct ev_booking_supplemented *s = &e->u.booking_supplemented;
  if (core->bookings[s->booking].person != s->person)
    return "it is the booking of another person";
  return !s->recorded || s->outstanding & ~s->recorded ? unanswered : NULL;
}

static const char *mark_is(const struct core *core, const struct event *e, bool set) {
  const struct ev_mark *m = &e->u.mark;
  return (core->custody[m->person].marks >> m->mark & 1) == set ? NULL : so;
}

const char *check_mark_set(const struct core *core, const struct event *e) {
  return mark_is(core, e, false);
}

const char *check_mark_cleared(const struct core *core, const struct event *e) {
  return mark_is(core, e, true);
}

const char *check_link_recorded(const struct core *core, const struct event *e) {
  const struct ev_link *l = &e->u.link;
  if (l->person == l->other || linked_directly(core, l->person, l->other))
    return "the two are the same, or linked already";
  return links_fit(core, l->person, l->other) ? NULL : full;
}

const char *check_link_dismissed(const struct core *core, const struct event *e) {
  return linked_directly(core, e->u.link.person, e->u.link.other) ? NULL : "the two are not linked";
}

/* --- Movements --- */

const char *check_movement_proposed(const struct core *core, const struct event *e) {
  const struct ev_movement_proposed *p = &e->u.movement_proposed;
  uint32_t have;
  if (core_find_movement(core, p->movement, &have))
    return exists;
  if (core->head.n_movements == movements_max)
    return full;
  return p->number == person_number(core->head.n_movements) ? NULL
                                                            : "it is not the next short number";
}

static const char *movement_is(const struct core *core, uint32_t movement, unsigned states) {
  return states >> core->movements[movement].state & 1
             ? NULL
             : "the movement is not in a state from which that follows";
}

#define IN(NAME) (1u << MOVEMENT_STATE_##NAME)

const char *check_movement_authorised(const struct core *core, const struct event *e) {
  return movement_is(core, e->u.movement_authorised.movement, IN(PROPOSED));
}

const char *check_movement_cancelled(const struct core *core, const struct event *e) {
  return movement_is(core, e->u.movement_ref.movement, IN(PROPOSED) | IN(AUTHORISED));
}

/* Whoever is aboard has an open booking: it may be closed. */
const char *check_movement_departed(const struct core *core, const struct event *e) {
  uint32_t movement = e->u.movement_departed.movement, boarded = 0;
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next)
    if (core->members[i - 1].state == MEMBER_BOARDED) {
      boarded++;
      if (!is_booked(core, core->members[i - 1].person))
        return "somebody aboard has no booking";
      if (death_of(core, core->members[i - 1].person))
        return "somebody aboard has died";
    }
  if (boarded != e->u.movement_departed.boarded)
    return "another number of persons are aboard";
  return movement_is(core, movement, IN(AUTHORISED));
}

const char *check_movement_diverted(const struct core *core, const struct event *e) {
  const struct ev_movement_diverted *v = &e->u.movement_diverted;
  if (core->movements[v->movement].to != v->from)
    return "it did not go there";
  return movement_is(core, v->movement, IN(DEPARTED) | IN(ARRIVED));
}

const char *check_movement_arrived(const struct core *core, const struct event *e) {
  return movement_is(core, e->u.movement_ref.movement, IN(DEPARTED));
}

const char *check_manifest_added(const struct core *core, const struct event *e) {
  const struct ev_manifest_added *a = &e->u.manifest_added;
  if (core->head.n_members == members_max)
    return full;
  if (active_member(core, a->person))
    return "the person is on a manifest already";
  if (death_of(core, a->person))
    return dead;
  return movement_is(core, a->movement, IN(PROPOSED) | IN(AUTHORISED));
}

/* The person is active in this movement, in one of these states. */
static const char *member_is(const struct core *core, uint32_t movement, uint32_t person,
                             unsigned states) {
  const struct member *r = active_member(core, person);
  return r && r->movement == movement && states >> r->state & 1
             ? NULL
             : "the person is not in a state from which that follows";
}

#define FROM(NAME) (1u << MEMBER_##NAME)

/* Of one who is back too: an emergency's order comes late. */
const char *check_manifest_cited(const struct core *core, const struct event *e) {
  const struct ev_manifest_cited *c = &e->u.manifest_cited;
  uint32_t last = core->custody[c->person].member;
  return last && core->members[last - 1].movement == c->movement
             ? NULL
             : "the person is on no such manifest";
}

const char *check_manifest_promoted(const struct core *core, const struct event *e) {
  return member_is(core, e->u.member_permitted.movement, e->u.member_permitted.person,
                   FROM(ALTERNATE));
}

const char *check_manifest_removed(const struct core *core, const struct event *e) {
  return member_is(core, e->u.member_ref.movement, e->u.member_ref.person,
                   FROM(ALTERNATE) | FROM(MANIFESTED) | FROM(CONFIRMED));
}

const char *check_identity_confirmed(const struct core *core, const struct event *e) {
  return member_is(core, e->u.identity_confirmed.movement, e->u.identity_confirmed.person,
                   FROM(MANIFESTED));
}

const char *check_movement_boarded(const struct core *core, const struct event *e) {
  return member_is(core, e->u.member_permitted.movement, e->u.member_permitted.person,
                   FROM(CONFIRMED));
}

const char *check_movement_disembarked(const struct core *core, const struct event *e) {
  return member_is(core, e->u.member_ref.movement, e->u.member_ref.person, FROM(BOARDED));
}

const char *check_movement_handed_over(const struct core *core, const struct event *e) {
  const struct ev_movement_handed_over *h = &e->u.movement_handed_over;
  if (!is_booked(core, h->person))
    return "the person has no booking";
  if (death_of(core, h->person))
    return dead;
  return member_is(core, h->movement, h->person, FROM(ARRIVED));
}

const char *check_refusal_escalated(const struct core *core, const struct event *e) {
  const struct order *o = &core->orders[e->u.refusal_escalated.order];
  if (o->kind == ORDER_RELEASE ? o->person == REF_ABSENT : o->class == REF_ABSENT)
    return "its order neither frees anybody nor binds a class";
  return NULL;
}

/* --- Deadlines --- */

/* They are under way in this movement, and recalled or not. */
static const char *recall_is(const struct core *core, uint32_t movement, uint32_t person,
                             bool recalled) {
  const struct member *r = active_member(core, person);
  if (!r || r->movement != movement)
    return "the person is not under way";
  return (r->recalled_s != UINT32_MAX) == recalled ? NULL : so;
}

const char *check_recall_raised(const struct core *core, const struct event *e) {
  return recall_is(core, e->u.recall_raised.movement, e->u.recall_raised.person, false);
}

const char *check_recall_answered(const struct core *core, const struct event *e) {
  return recall_is(core, e->u.recall_answered.movement, e->u.recall_answered.person, true);
}

/* What it names belongs to what has passed, and was not told before. */
const char *check_deadline_passed(const struct core *core, const struct event *e) {
  const struct ev_deadline_passed *p = &e->u.deadline_passed;
  const struct member *r = NULL;
  if (p->person != REF_ABSENT && core->custody[p->person].member)
    r = &core->members[core->custody[p->person].member - 1];
  switch ((enum deadline)p->deadline) {
  case DEADLINE_HOLD_LAPSED:
    return p->person == REF_ABSENT || !is_booked(core, p->person)      ? "they have no booking"
           : core->bookings[core->custody[p->person].booking - 1].told ? so
                                                                       : NULL;
  case DEADLINE_RELEASE_OVERDUE:
  case DEADLINE_RELEASE_BLOCKED:
  case DEADLINE_ORDER_UNCONFIRMED:
  case DEADLINE_DETAINER_EXPIRED:
    return p->order == REF_ABSENT                           ? "it names no order"
           : core->orders[p->order].told >> p->deadline & 1 ? so
                                                            : NULL;
  case DEADLINE_RECALL_UNANSWERED:
  case DEADLINE_RETURN_OVERDUE:
  case DEADLINE_EXCEPTION_UNWRITTEN:
    return !r || r->movement != p->movement ? "they are on no such manifest"
           : r->told >> p->deadline & 1     ? so
                                            : NULL;
  case DEADLINE_VISIT_OVERDUE:
    return p->visit == REF_ABSENT || p->person != core->visits[p->visit].person
               ? "it names no visit of theirs"
           : core->visits[p->visit].told ? so
                                         : NULL;
  case DEADLINE_DEATH_UNRESOLVED:
    return p->person == REF_ABSENT || !death_of(core, p->person) ? "nobody has died"
           : death_of(core, p->person)->told                     ? so
                                                                 : NULL;
  case DEADLINE_HEARING_MISSED:
    return p->hearing == REF_ABSENT || p->person != core->hearings[p->hearing].person
               ? "it names no hearing of theirs"
           : core->hearings[p->hearing].told ? so
                                             : NULL;
  case DEADLINE_ASSESSMENT_UNREVIEWED:
    return p->assessment == REF_ABSENT || p->person != core->assessments[p->assessment].person
               ? "it names no assessment of theirs"
           : core->assessments[p->assessment].told ||
                   assessment_is_over(&core->assessments[p->assessment])
               ? so
               : NULL;
  case DEADLINE_COUNT:
    break;
  }
  return "there is no such deadline";
}

/* --- Hearings --- */

const char *check_hearing_set(const struct core *core, const struct event *e) {
  uint32_t have;
  if (core_find_hearing(core, e->u.hearing_set.hearing, &have))
    return exists;
  if (core->head.n_hearings == hearings_max)
    return full;
  return e->u.hearing_set.number == person_number(core->head.n_hearings)
             ? NULL
             : "it is not the next short number";
}

const char *check_hearing_closed(const struct core *core, const struct event *e) {
  return core->hearings[e->u.hearing_closed.hearing].state == HEARING_SET ? NULL : so;
}

/* --- Visits --- */

const char *check_visit_opened(const struct core *core, const struct event *e) {
  const struct ev_visit_opened *v = &e->u.visit_opened;
  uint32_t have;
  if (core_find_visit(core, v->visit, &have))
    return exists;
  if (core->head.n_visits == visits_max)
    return full;
  if (seconds_of(v->from) >= seconds_of(v->until))
    return "it ends before it begins";
  return v->number == person_number(core->head.n_visits) ? NULL : "it is not the next short number";
}

const char *check_visit_closed(const struct core *core, const struct event *e) {
  return core->visits[e->u.visit_ref.visit].closed ? so : NULL;
}

/* --- Assessments --- */

const char *check_assessment_recorded(const struct core *core, const struct event *e) {
  uint32_t have;
  if (core_find_assessment(core, e->u.assessment_recorded.assessment, &have))
    return exists;
  if (core->head.n_assessments == assessments_max)
    return full;
  return e->u.assessment_recorded.number == person_number(core->head.n_assessments)
             ? NULL
             : "it is not the next short number";
}

const char *check_assessment_contested(const struct core *core, const struct event *e) {
  const struct assessment *a = &core->assessments[e->u.assessment_ref.assessment];
  return assessment_is_over(a) || a->contested_s != UINT32_MAX ? so : NULL;
}

const char *check_assessment_reviewed(const struct core *core, const struct event *e) {
  const struct ev_assessment_reviewed *r = &e->u.assessment_reviewed;
  if (assessment_is_over(&core->assessments[r->assessment]))
    return so;
  return (r->review != TIME_ABSENT) == (r->outcome + 1 == ASSESSMENT_UPHELD)
             ? NULL
             : "what is upheld, and nothing else, has another review";
}
