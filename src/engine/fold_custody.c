/* fold_custody.c: what entries about custody rest on; see fold_check.h. */
#include "engine/fold_custody.h"

static const char *const exists = "there is one of this name or id already",
                         *const full = "there are more than fit", *const so = "it is so already";

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
  return named(core, REF_BASIS, &e->u.basis_added.basis, core->head.n_bases, bases_max);
}

const char *check_basis_repealed(const struct core *core, const struct event *e) {
  return core->bases[e->u.basis_ref.basis].repealed_s == UINT32_MAX ? NULL : so;
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
  return core->orders[e->u.order_authenticated.order].authenticator == REF_ABSENT ? NULL : so;
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

const char *check_booking_opened(const struct core *core, const struct event *e) {
  const struct ev_booking_opened *b = &e->u.booking_opened;
  uint32_t have;
  if (core_find_booking(core, b->booking, &have))
    return exists;
  if (core->head.n_bookings == bookings_max)
    return full;
  if (b->number != person_number(core->head.n_bookings))
    return "it is not the next short number";
  return is_booked(core, b->person) ? "the person has an open booking" : NULL;
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
