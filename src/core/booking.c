/* booking.c: who is held on which order, what is said of a person, and which registrations may be
 * one human. */
#include "core/custody_int.h"
#include "core/register_fields.h"

#include <string.h>

static const struct ref nothing = {REF_NONE, 0};

const char *const mark_names[] = {"minor", "age_disputed", "unfit", "status_claim", NULL};

/* --- Registrations that may be one human --- */

static bool linked_has(const struct linked *l, uint32_t person) {
  for (uint32_t i = 0; i < l->n; i++)
    if (l->persons[i] == person)
      return true;
  return false;
}

void linked_of(const struct core *core, uint32_t person, struct linked *l) {
  l->n = 1;
  l->persons[0] = person;
  for (uint32_t at = 0; at < l->n; at++)
    for (uint32_t i = core->custody[l->persons[at]].links; i; i = core->links[i - 1].next)
      if (!linked_has(l, core->links[i - 1].other)) {
        SP_ASSERT(l->n < linked_max); /* links_fit was asked before each */
        l->persons[l->n++] = core->links[i - 1].other;
      }
}

bool links_fit(const struct core *core, uint32_t a, uint32_t b) {
  struct linked of_a, of_b;
  linked_of(core, a, &of_a);
  linked_of(core, b, &of_b);
  bool room = core->head.free_link ? core->links[core->head.free_link - 1].next ||
                                         core->head.n_links < registration_links_max
                                   : core->head.n_links + 2 <= registration_links_max;
  return room && (linked_has(&of_a, b) || of_a.n + of_b.n <= linked_max);
}

static void link_one(struct core *core, uint32_t person, uint32_t other, bool merged) {
  uint32_t i = core->head.free_link;
  if (i) {
    core->head.free_link = core->links[i - 1].next;
  } else {
    SP_ASSERT(core->head.n_links < registration_links_max);
    i = ++core->head.n_links;
  }
  core->links[i - 1] = (struct link){other, core->custody[person].links, merged};
  core->custody[person].links = i;
}

static void unlink_one(struct core *core, uint32_t person, uint32_t other, bool merged) {
  for (uint32_t *at = &core->custody[person].links;; at = &core->links[*at - 1].next) {
    uint32_t i = *at;
    SP_ASSERT(i); /* they are linked */
    if (core->links[i - 1].other != other || core->links[i - 1].merged != merged)
      continue;
    *at = core->links[i - 1].next;
    core->links[i - 1] = (struct link){0, core->head.free_link, 0};
    core->head.free_link = i;
    return;
  }
}

void links_add(struct core *core, uint32_t a, uint32_t b, bool merged) {
  link_one(core, a, b, merged);
  link_one(core, b, a, merged);
}

void links_remove(struct core *core, uint32_t a, uint32_t b, bool merged) {
  unlink_one(core, a, b, merged);
  unlink_one(core, b, a, merged);
}

bool linked_directly(const struct core *core, uint32_t a, uint32_t b) {
  for (uint32_t i = core->custody[a].links; i; i = core->links[i - 1].next)
    if (core->links[i - 1].other == b && !core->links[i - 1].merged)
      return true;
  return false;
}

void decide_link_record(struct deciding *d) {
  const struct cmd_link *l = &d->command->u.link;
  if (l->person == l->other)
    deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, l->person));
  else if (linked_directly(d->core, l->person, l->other))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, l->person));
  else if (!links_fit(d->core, l->person, l->other))
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else
    deciding_event(d, EVENT_LINK_RECORDED)->u.link = (struct ev_link){l->person, l->other};
}

void decide_link_dismiss(struct deciding *d) {
  const struct cmd_link *l = &d->command->u.link;
  if (!linked_directly(d->core, l->person, l->other))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, l->person));
  else
    deciding_event(d, EVENT_LINK_DISMISSED)->u.link = (struct ev_link){l->person, l->other};
}

void apply_link_recorded(struct core *core, const struct event *e) {
  links_add(core, e->u.link.person, e->u.link.other, false);
}

void apply_link_dismissed(struct core *core, const struct event *e) {
  links_remove(core, e->u.link.person, e->u.link.other, false);
}

/* --- Marks --- */

static void change_mark(struct deciding *d, bool to, enum event_type type) {
  const struct cmd_mark *m = &d->command->u.mark;
  if ((d->core->custody[m->person].marks >> m->mark & 1) == to)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, m->person));
  else
    deciding_event(d, type)->u.mark = (struct ev_mark){m->person, m->mark};
}

void decide_mark_set(struct deciding *d) {
  change_mark(d, true, EVENT_MARK_SET);
}

void decide_mark_clear(struct deciding *d) {
  change_mark(d, false, EVENT_MARK_CLEARED);
}

void apply_mark_set(struct core *core, const struct event *e) {
  core->custody[e->u.mark.person].marks |= 1u << e->u.mark.mark;
}

void apply_mark_cleared(struct core *core, const struct event *e) {
  core->custody[e->u.mark.person].marks &= ~(1u << e->u.mark.mark);
}

/* --- Bookings --- */

bool order_is_theirs(const struct core *core, const struct order *o, uint32_t person) {
  return o->person != REF_ABSENT &&
         (o->person == person || core->persons[o->person].merged_into == person);
}

enum { told_most = 3 }; /* orders that do not hold, of one person in one decision */

/* May this order hold them here? False: the reason was added. */
static bool holds(const struct core *core, uint32_t order, usec at, struct reasons *why_not) {
  const struct order *o = &core->orders[order];
  enum order_status status = order_status_at(core, order, at);
  bool here = o->from == REF_ABSENT || place_is_here(core, o->from);
  if (status != ORDER_STATUS_IN_FORCE)
    order_status_reason(core, order, status, at, why_not);
  else if (!here)
    reasons_add(why_not, REASON_WRONG_SITE, ref_to(REF_ORDER, order));
  return status == ORDER_STATUS_IN_FORCE && here;
}

static bool held_by_own(const struct core *core, uint32_t person, usec at, uint32_t *order,
                        uint32_t *told, struct reasons *why_not) {
  for (uint32_t i = core->custody[person].orders; i; i = core->orders[i - 1].next) {
    struct reasons unused = {0};
    if (order_does(core->orders[i - 1].kind) != ORDER_HOLDS)
      continue;
    if (holds(core, i - 1, at, *told < told_most ? why_not : &unused)) {
      *order = i - 1;
      return true;
    }
    ++*told;
  }
  return false;
}

/* Of one human: this registration, and those that were merged into it. */
bool held_at(const struct core *core, uint32_t person, usec at, uint32_t *order,
             struct reasons *why_not) {
  struct reasons found = {0};
  uint32_t told = 0;
  bool held = held_by_own(core, person, at, order, &told, &found);
  for (uint32_t i = core->custody[person].links; i && !held; i = core->links[i - 1].next)
    if (core->links[i - 1].merged && core->persons[core->links[i - 1].other].merged_into == person)
      held = held_by_own(core, core->links[i - 1].other, at, order, &told, &found);
  for (uint32_t i = 0; i < found.n && !held; i++)
    reasons_add(why_not, found.at[i].code, found.at[i].on);
  return held;
}

bool is_booked(const struct core *core, uint32_t person) {
  uint32_t last = core->custody[person].booking;
  return last && core->bookings[last - 1].closed_s == UINT32_MAX;
}

void check_admission(const struct core *core, uint32_t person, usec at, uint32_t *order,
                     struct reasons *found) {
  if (!is_booked(core, person))
    reasons_add(found, REASON_NO_BOOKING, ref_to(REF_PERSON, person));
  if (!held_at(core, person, at, order, found))
    reasons_add(found, REASON_NO_BASIS_TO_HOLD, ref_to(REF_PERSON, person));
}

void decide_booking_open(struct deciding *d) {
  const struct cmd_booking_open *b = &d->command->u.booking_open;
  const struct core *core = d->core;
  const struct person *p = &core->persons[b->person];
  const struct order *o = &core->orders[b->order];
  struct reasons found = {0};
  uint32_t have;
  if (core_find_booking(core, b->booking, &have)) {
    deciding_reject(d, REASON_EXISTS, ref_to(REF_BOOKING, have));
    return;
  }
  if (core->head.n_bookings == bookings_max) {
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
    return;
  }
  if (p->kind != PERSON_DETAINEE || p->state != PERSON_PRESENT) {
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, b->person));
    return;
  }
  if (reject_deceased(d, b->person))
    return;
  if (is_booked(core, b->person)) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, b->person));
    return;
  }
  if (b->outstanding & ~b->recorded) {
    deciding_reject(d, REASON_INCOMPLETE, nothing);
    return;
  }
  uint32_t missing = register_missing(b->recorded);
  bool theirs = order_is_theirs(core, o, b->person);
  bool held = order_does(o->kind) == ORDER_HOLDS && holds(core, b->order, d->command->at, &found);
  if (!theirs)
    reasons_add(&found, REASON_WRONG_PERSON, ref_to(REF_ORDER, b->order));
  if (!theirs || !held)
    reasons_add(&found, REASON_NO_BASIS_TO_HOLD, ref_to(REF_PERSON, b->person));
  if (missing)
    reasons_add(&found, REASON_REGISTER_INCOMPLETE, ref_to(REF_PERSON, b->person));
  if (!theirs || !held || missing) {
    deciding_event(d, EVENT_BOOKING_REFUSED)->u.booking_refused =
        (struct ev_booking_refused){b->person, b->order, missing, found};
    d->out->verdict = VERDICT_REFUSED;
    d->out->reasons = found;
    return;
  }
  deciding_event(d, EVENT_BOOKING_OPENED)->u.booking_opened = (struct ev_booking_opened){
      b->booking,    person_number(core->head.n_bookings), b->person, b->order, b->recorded,
      b->outstanding};
}

/* Of a closed booking too: what became of somebody is often known later. */
void decide_booking_supplement(struct deciding *d) {
  const struct cmd_booking_supplement *s = &d->command->u.booking_supplement;
  if (!s->recorded || s->outstanding & ~s->recorded)
    deciding_reject(d, REASON_INCOMPLETE, ref_to(REF_BOOKING, s->booking));
  else
    deciding_event(d, EVENT_BOOKING_SUPPLEMENTED)->u.booking_supplemented =
        (struct ev_booking_supplemented){s->booking, d->core->bookings[s->booking].person,
                                         s->recorded, s->outstanding};
}

void apply_booking_opened(struct core *core, const struct event *e) {
  const struct ev_booking_opened *b = &e->u.booking_opened;
  SP_ASSERT(core->head.n_bookings < bookings_max);
  uint32_t i = core->head.n_bookings++;
  core->bookings[i] = (struct booking){.id = b->booking,
                                       .person = b->person,
                                       .order = b->order,
                                       .opened_s = seconds_of(e->at),
                                       .closed_s = UINT32_MAX,
                                       .held_since_s = seconds_of(e->at),
                                       .recorded = b->recorded,
                                       .outstanding = b->outstanding};
  core->custody[b->person].booking = i + 1;
  core_index_added(core, REF_BOOKING, i);
}

void apply_booking_supplemented(struct core *core, const struct event *e) {
  const struct ev_booking_supplemented *s = &e->u.booking_supplemented;
  struct booking *b = &core->bookings[s->booking];
  b->recorded |= s->recorded;
  b->outstanding = (b->outstanding & ~s->recorded) | s->outstanding;
}
