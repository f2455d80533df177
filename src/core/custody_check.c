/* custody_check.c: of a state from outside, what custody rests on: indexes lie within their arrays,
 * chains end, links go both ways. Chains of orders, classes and those that end others lead from
 * later rows to earlier ones, so each comes to an end. */
#include "core/custody_check.h"

#include "core/register_fields.h"

static bool index_or_none(uint32_t i, uint32_t n) {
  return i == REF_ABSENT || i < n;
}

static uint32_t countries_n(void) {
  uint32_t n = 0;
  while (country_codes[n])
    n++;
  return n;
}

/* --- What orders name --- */

static bool names_fit(const struct core *core) {
  const struct core_head *h = &core->head;
  const uint32_t countries = countries_n();
  bool ok = true;
  for (uint32_t i = 0; i < h->n_authorities; i++)
    ok = ok && index_or_none(core->authorities[i].above, i);
  for (uint32_t i = 0; i < h->n_places; i++)
    ok = ok && core->places[i].country < countries;
  for (uint32_t i = 0; i < h->n_bases; i++) {
    const struct basis *b = &core->bases[i];
    ok = ok && index_or_none(b->country, countries) && index_or_none(b->place, h->n_places) &&
         b->agreement <= 1 && b->orders_on <= h->n_orders && index_or_none(b->replaces, i) &&
         basis_versions(core, i) <= basis_versions_max && funds_fit(b);
  }
  for (uint32_t i = 0; i < h->n_classes; i++)
    ok = ok && core->classes[i].unlisted <= MEMBERSHIP_MEMBER &&
         core->classes[i].orders_on <= h->n_orders;
  for (uint32_t i = 0; i < h->n_class_rows; i++) {
    const struct class_row *r = &core->class_rows[i];
    ok = ok && r->class < h->n_classes && r->membership <= MEMBERSHIP_MEMBER && r->next <= i;
  }
  return ok;
}

/* --- Orders --- */

static bool countries_fit(const struct order *o, uint32_t countries) {
  bool ok = o->n_countries <= order_countries_max;
  for (uint32_t i = 0; ok && i < order_countries_max; i++)
    ok = i < o->n_countries ? o->countries[i] && o->countries[i] <= countries : !o->countries[i];
  return ok;
}

static bool ends_fit(const struct core *core, uint32_t i) {
  const struct order *o = &core->orders[i];
  if (o->ends == REF_ABSENT)
    return o->depth == 0 && o->next_ender == 0;
  return o->ends < i && o->depth == core->orders[o->ends].depth + 1 &&
         o->depth <= order_depth_max && o->next_ender <= i;
}

static bool order_fits(const struct core *core, uint32_t i, uint32_t countries) {
  const struct core_head *h = &core->head;
  const struct order *o = &core->orders[i];
  int subjects = (o->person != REF_ABSENT) + (o->class != REF_ABSENT) + (o->on_basis != REF_ABSENT);
  return index_or_none(o->person, h->n_persons) && index_or_none(o->other, h->n_persons) &&
         index_or_none(o->class, h->n_classes) && index_or_none(o->on_basis, h->n_bases) &&
         subjects <= 1 && o->issuer < h->n_authorities && index_or_none(o->basis, h->n_bases) &&
         index_or_none(o->from, h->n_places) && index_or_none(o->to, h->n_places) &&
         o->recorder < h->n_operators && index_or_none(o->authenticator, h->n_operators) &&
         o->movements < 1u << MOVEMENT_KIND_COUNT && o->kind < ORDER_KIND_COUNT && o->oral <= 1 &&
         o->written <= 1 && o->sealed <= 1 && o->recalled <= 1 && o->refuted <= 1 && o->next <= i &&
         o->enders <= h->n_orders && (!o->enders || o->enders > i + 1) &&
         countries_fit(o, countries) && ends_fit(core, i);
}

static bool orders_fit(const struct core *core) {
  const uint32_t countries = countries_n();
  for (uint32_t i = 0; i < core->head.n_orders; i++)
    if (!order_fits(core, i, countries))
      return false;
  return true;
}

/* Every row of the chain is of this subject; the order of rows was looked at before. */
static bool chain_is_of(const struct core *core, uint32_t first, enum ref_kind kind,
                        uint32_t subject) {
  for (uint32_t i = first; i; i = core->orders[i - 1].next) {
    const struct order *o = &core->orders[i - 1];
    if ((kind == REF_PERSON ? o->person : kind == REF_CLASS ? o->class : o->on_basis) != subject)
      return false;
  }
  return true;
}

static bool chains_fit(const struct core *core) {
  const struct core_head *h = &core->head;
  bool ok = true;
  for (uint32_t i = 0; ok && i < h->n_persons; i++)
    ok = chain_is_of(core, core->custody[i].orders, REF_PERSON, i);
  for (uint32_t i = 0; ok && i < h->n_classes; i++)
    ok = chain_is_of(core, core->classes[i].orders_on, REF_CLASS, i);
  for (uint32_t i = 0; ok && i < h->n_bases; i++)
    ok = chain_is_of(core, core->bases[i].orders_on, REF_BASIS, i);
  for (uint32_t i = 0; ok && i < h->n_orders; i++)
    for (uint32_t e = core->orders[i].enders; ok && e; e = core->orders[e - 1].next_ender)
      ok = core->orders[e - 1].ends == i;
  return ok;
}

/* --- Persons --- */

static bool persons_fit(const struct core *core) {
  const struct core_head *h = &core->head;
  for (uint32_t i = 0; i < h->n_bookings; i++) {
    const struct booking *b = &core->bookings[i];
    if (b->person >= h->n_persons || b->order >= h->n_orders || b->closed_s < b->opened_s ||
        b->recorded >= 1u << REGISTER_FIELD_COUNT || b->outstanding & ~b->recorded ||
        register_missing(b->recorded))
      return false;
  }
  for (uint32_t i = 0; i < h->n_persons; i++) {
    const struct custody *c = &core->custody[i];
    if (c->orders > h->n_orders || c->classes > h->n_class_rows || c->links > h->n_links ||
        c->booking > h->n_bookings || c->death > h->n_deaths || c->marks >= 1u << MARK_COUNT ||
        (c->booking && core->bookings[c->booking - 1].person != i) ||
        (c->death && core->deaths[c->death - 1].person != i))
      return false;
  }
  return true;
}

/* Rows name persons and their bookings; the one in force is the person's last; what is closed by it
 * is closed, and who was under way has a row to go back to. */
static bool death_fits(const struct core *core, uint32_t i) {
  const struct core_head *h = &core->head;
  const struct death *d = &core->deaths[i];
  if (d->person >= h->n_persons || d->recorder >= h->n_operators || d->booking > h->n_bookings ||
      d->told > 1 || d->retracted > 1 || d->away > 1 ||
      (d->area != NONE16 && d->area >= h->n_areas))
    return false;
  if (d->retracted)
    return !d->away && d->area == NONE16;
  const struct custody *c = &core->custody[d->person];
  bool handed = d->remains_s != UINT32_MAX;
  bool closed = d->booking && core->bookings[d->booking - 1].closed_s != UINT32_MAX;
  if (c->death != i + 1 || (d->booking && c->booking != d->booking) ||
      (d->booking && closed != death_is_resolved(d)) ||
      (!d->booking && is_booked(core, d->person)) || (!handed && (d->away || d->area != NONE16)))
    return false;
  return !d->away || (d->booking && c->member);
}

static bool deaths_fit(const struct core *core) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < core->head.n_deaths; i++)
    ok = death_fits(core, i);
  return ok;
}

static bool links_back(const struct core *core, uint32_t person, const struct link *l) {
  for (uint32_t i = core->custody[l->other].links; i; i = core->links[i - 1].next)
    if (core->links[i - 1].other == person && core->links[i - 1].merged == l->merged)
      return true;
  return false;
}

/* Each row in one chain at most, the free ones in theirs. */
static bool links_chain(const struct core *core, uint32_t *seen) {
  for (uint32_t i = core->head.free_link; i; i = core->links[i - 1].next)
    if (i > core->head.n_links || seen[i - 1]++)
      return false;
  for (uint32_t p = 0; p < core->head.n_persons; p++)
    for (uint32_t i = core->custody[p].links; i; i = core->links[i - 1].next)
      if (i > core->head.n_links || seen[i - 1]++ || core->links[i - 1].merged > 1 ||
          core->links[i - 1].other >= core->head.n_persons || core->links[i - 1].other == p)
        return false;
  return true;
}

/* Those that hang together are few enough for linked_of. */
static bool group_fits(const struct core *core, uint32_t person) {
  uint32_t group[linked_max] = {person}, n = 1;
  for (uint32_t at = 0; at < n; at++)
    for (uint32_t i = core->custody[group[at]].links; i; i = core->links[i - 1].next) {
      uint32_t k = 0;
      while (k < n && group[k] != core->links[i - 1].other)
        k++;
      if (k == linked_max)
        return false;
      if (k == n)
        group[n++] = core->links[i - 1].other;
    }
  return true;
}

/* Whoever is merged is linked so to the one who stays, once, and nobody else is. */
static bool merges_fit(const struct core *core, uint32_t person) {
  const struct person *p = &core->persons[person];
  uint32_t into = 0;
  for (uint32_t i = core->custody[person].links; i; i = core->links[i - 1].next) {
    const struct link *l = &core->links[i - 1];
    if (!links_back(core, person, l))
      return false;
    if (l->merged && l->other != p->merged_into && core->persons[l->other].merged_into != person)
      return false;
    into += l->merged && l->other == p->merged_into;
  }
  return into == (p->merged_into != REF_ABSENT);
}

static bool links_fit_together(const struct core *core, uint32_t *seen) {
  bool ok = links_chain(core, seen);
  for (uint32_t p = 0; ok && p < core->head.n_persons; p++)
    ok = !core->custody[p].links && core->persons[p].merged_into == REF_ABSENT
             ? true
             : merges_fit(core, p) && group_fits(core, p);
  for (uint32_t i = 0; i < core->head.n_links; i++)
    seen[i] = 0;
  return ok;
}

/* Where no plan says what the rules are, nobody has recorded anything yet. */
static bool nothing_yet(const struct core_head *h) {
  return !h->n_authorities && !h->n_places && !h->n_bases && !h->n_classes && !h->n_class_rows &&
         !h->n_orders && !h->n_bookings && !h->n_links && !h->n_movements && !h->n_members &&
         !h->n_hearings && !h->n_visits && !h->n_deaths && !h->n_counts && !h->n_tallies &&
         !h->n_assessments;
}

const char *custody_check(const struct core *core, uint32_t *seen) {
  _Static_assert(registration_links_max <= persons_max, "seen has a place for each");
  if (!core->plan && !nothing_yet(&core->head))
    return "there is custody, and no plan";
  if (!names_fit(core) || !orders_fit(core) || !persons_fit(core))
    return "an index of an order, or of what it names, points outside of its array";
  if (!deaths_fit(core))
    return "a death does not belong to whom it says";
  if (!chains_fit(core))
    return "a chain of orders holds one that does not belong";
  if (!links_fit_together(core, seen))
    return "links between registrations do not hold together";
  const char *wrong = count_check(core);
  return wrong ? wrong : movement_check(core);
}
