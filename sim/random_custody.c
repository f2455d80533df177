/* random_custody.c: what clerks do about detainees: orders and what they name, bookings, movements.
 */
#include "sim/random_custody.h"

#include "core/register_fields.h"

#include <stdio.h>
#include <string.h>

static uint32_t below(const struct random_custody *d, uint32_t n) {
  return rng_below(d->rng, n);
}

static bool chance(const struct random_custody *d, uint32_t n, uint32_t of) {
  return rng_chance(d->rng, n, of);
}

static uint32_t some(const struct random_custody *d, uint32_t n) {
  return n ? below(d, n) : 0;
}

struct id random_id(uint32_t kind, uint32_t n) {
  struct rng r = {(uint64_t)kind << 32 | n};
  struct id id;
  for (int i = 0; i < 16; i += 8) {
    uint64_t x = rng_next(&r);
    memcpy(id.b + i, &x, 8);
  }
  return id;
}

static usec draw_date(const struct random_custody *d) {
  if (chance(d, 2, 3))
    return TIME_ABSENT;
  usec by = rng_between(d->rng, -200000, 200000) * USEC_PER_S;
  return chance(d, 1, 40) ? -by : d->now + by + below(d, 1000000);
}

/* Which fields of the register somebody fills in: of an admission most often all that it needs. */
static void draw_register(const struct random_custody *d, bool admission, uint32_t *recorded,
                          uint32_t *outstanding) {
  *recorded = below(d, 1u << REGISTER_FIELD_COUNT);
  if (admission)
    *recorded |= register_required();
  if (admission && chance(d, 1, 8))
    *recorded &= ~(1u << below(d, REGISTER_FIELD_COUNT));
  *outstanding = 0;
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++)
    if (*recorded >> f & 1 && register_row(f)->answers & ANSWER_OUTSTANDING && chance(d, 1, 6))
      *outstanding |= 1u << f;
  if (chance(d, 1, 40))
    *recorded &= *outstanding; /* or nothing */
  if (chance(d, 1, 40))
    *outstanding |= 1u << below(d, REGISTER_FIELD_COUNT);
}

/* --- Custody: few names and few orders, so that they meet --- */

enum { id_order = 101, id_booking, id_movement, id_hearing, id_visit, id_count, id_assessment };
enum { named_most = 5, orders_most = 100, movements_most = 24 };

static uint32_t one_of(const struct random_custody *d, uint32_t n, uint32_t absent_in_ten) {
  return !n || below(d, 10) < absent_in_ten ? REF_ABSENT : below(d, n);
}

/* Most often a detainee, if there is one. */
static uint32_t some_detainee(const struct random_custody *d) {
  uint32_t person = some(d, d->core->head.n_persons);
  for (int tries = 0; tries < 8 && d->core->head.n_persons; tries++) {
    if (d->core->persons[person].kind == PERSON_DETAINEE)
      break;
    person = some(d, d->core->head.n_persons);
  }
  return person;
}

/* Most often somebody who has died, if anybody has. */
static uint32_t some_dead(const struct random_custody *d) {
  uint32_t n = d->core->head.n_deaths, row = some(d, n);
  for (int tries = 0; tries < 4 && n && d->core->deaths[row].retracted; tries++)
    row = some(d, n);
  return n && chance(d, 9, 10) ? d->core->deaths[row].person : some(d, d->core->head.n_persons);
}

/* Most often one that holds, if there is one. */
static uint32_t some_warrant(const struct random_custody *d) {
  uint32_t order = some(d, d->core->head.n_orders);
  for (int tries = 0; tries < 8 && d->core->head.n_orders; tries++) {
    if (order_does((enum order_kind)d->core->orders[order].kind) == ORDER_HOLDS)
      break;
    order = some(d, d->core->head.n_orders);
  }
  return order;
}

static void draw_order(const struct random_custody *d, struct command *c) {
  const struct core_head *h = &d->core->head;
  struct cmd_order_record *o = &c->u.order_record;
  bool odd = chance(d, 1, 8); /* what does not belong */
  o->order = random_id(id_order, chance(d, 1, 12) ? some(d, h->n_orders) : h->n_orders);
  o->kind = chance(d, 1, 3) ? below(d, 4) : below(d, ORDER_KIND_COUNT);
  enum order_does does = order_does((enum order_kind)o->kind);
  unsigned about = order_subjects((enum order_kind)o->kind);
  o->issuer = below(d, h->n_authorities);
  o->person = o->other = o->class = o->on_basis = o->basis = o->from = o->to = o->ends = REF_ABSENT;
  if (about & ON_BASIS && chance(d, 1, 2))
    o->on_basis = one_of(d, h->n_bases, 0);
  else if (about & ON_CLASS && chance(d, 1, 3))
    o->class = one_of(d, h->n_classes, 0);
  else if (about && h->n_persons)
    o->person = some_detainee(d);
  if (does == ORDER_HOLDS || does == ORDER_MOVES)
    o->basis = one_of(d, h->n_bases, 0);
  if (does == ORDER_ENDS || chance(d, 1, 4))
    o->ends = one_of(d, h->n_orders, 0);
  if (o->kind == ORDER_KEEP_SEPARATE)
    o->other = one_of(d, h->n_persons, 0);
  if (o->kind == ORDER_WITHHOLDING || o->kind == ORDER_DEFERRAL || chance(d, 1, 6)) {
    o->countries.n = 1 + below(d, 2);
    for (uint32_t i = 0; i < o->countries.n; i++)
      o->countries.at[i] =
          (struct ref){odd && chance(d, 1, 3) ? REF_AREA : REF_COUNTRY, below(d, 9)};
  }
  if (does == ORDER_FORBIDS && chance(d, 1, 3))
    o->movements = below(d, 1u << MOVEMENT_KIND_COUNT);
  o->from = one_of(d, h->n_places, 6);
  o->to = one_of(d, h->n_places, 8);
  o->effective =
      chance(d, 1, 2) ? TIME_ABSENT : d->now + rng_between(d->rng, -20, 90000) * USEC_PER_S;
  o->expires =
      chance(d, 1, 2) ? TIME_ABSENT : d->now + rng_between(d->rng, -20, 200000) * USEC_PER_S;
  o->due = chance(d, 7, 8) ? TIME_ABSENT : draw_date(d);
  o->oral = chance(d, 1, 3);
  o->sealed = chance(d, 1, 8);
  o->document.b[0] = chance(d, 1, 4);
  o->kept = o->document.b[0] ? chance(d, 1, 2) : chance(d, 1, 40);
  if (odd) {
    o->basis = one_of(d, h->n_bases, 5);
    o->class = one_of(d, h->n_classes, 5);
    o->person = one_of(d, h->n_persons, 3);
    o->other = one_of(d, h->n_persons, 6);
  }
}

static struct slug draw_slug(const struct random_custody *d, uint32_t have) {
  struct slug s = {{0}};
  uint32_t at = chance(d, 1, 6) ? some(d, have) : have;
  if (at == 1) /* one place is the site itself */
    return d->core->plan->name;
  snprintf(s.s, sizeof s.s, "name-%u", at);
  return s;
}

/* --- Movements --- */

/* Most often one that may still take somebody, or is under way. */
static uint32_t some_movement(const struct random_custody *d) {
  uint32_t i = some(d, d->core->head.n_movements);
  for (int tries = 0; tries < 8 && d->core->head.n_movements; tries++) {
    if (d->core->movements[i].state != MOVEMENT_STATE_CANCELLED)
      break;
    i = some(d, d->core->head.n_movements);
  }
  return i;
}

/* An order of theirs of the kind that such a movement needs; REF_ABSENT: there is none. */
static uint32_t fitting_order(const struct random_custody *d, uint32_t person, uint32_t kind) {
  uint32_t found = REF_ABSENT;
  for (uint32_t i = 0; i < d->core->head.n_orders; i++) {
    const struct order *o = &d->core->orders[i];
    if (o->person == person && order_does(o->kind) == ORDER_MOVES &&
        o->kind - (uint32_t)ORDER_TRANSFER == kind && (found == REF_ABSENT || chance(d, 1, 2)))
      found = i;
  }
  return found;
}

static void draw_movement(const struct random_custody *d, struct cmd_movement_propose *m) {
  const struct core_head *h = &d->core->head;
  bool odd = chance(d, 1, 8); /* what does not belong */
  m->movement = random_id(id_movement, chance(d, 1, 12) ? some(d, h->n_movements) : h->n_movements);
  m->kind = chance(d, 1, 3) ? MOVEMENT_TRANSFER + 2 * below(d, 2) : below(d, MOVEMENT_KIND_COUNT);
  bool away = m->kind == MOVEMENT_TRANSFER || m->kind == MOVEMENT_REMOVAL;
  bool trip = m->kind == MOVEMENT_PRODUCTION || m->kind == MOVEMENT_MEDICAL;
  bool release = m->kind == MOVEMENT_RELEASE;
  m->to = away || trip ? one_of(d, h->n_places, 0)
          : release    ? one_of(d, h->n_places, 7)
                       : REF_ABSENT;
  m->agreement = REF_ABSENT;
  for (uint32_t i = 0; away && i < h->n_bases; i++)
    if (d->core->bases[i].agreement && chance(d, 2, 3))
      m->agreement = i;
  for (uint32_t i = 0; m->agreement != REF_ABSENT && i < h->n_places; i++) {
    const struct basis *b = &d->core->bases[m->agreement];
    if ((b->place == REF_ABSENT || b->place == i) &&
        (b->country == REF_ABSENT || b->country == d->core->places[i].country))
      m->to = i;
  }
  m->receiver = away      ? one_of(d, h->n_authorities, 0)
                : release ? one_of(d, h->n_authorities, 6)
                          : REF_ABSENT;
  m->seats = chance(d, 1, 3) ? 1 + below(d, 2) : 0;
  m->adults_only = chance(d, 1, 3);
  m->emergency = m->kind == MOVEMENT_MEDICAL && chance(d, 1, 2);
  if (m->emergency && !m->seats)
    m->seats = 1 + below(d, 8);
  m->departs = draw_date(d);
  m->returns = trip && chance(d, 1, 2) ? d->now + below(d, 9000) * USEC_PER_S : TIME_ABSENT;
  if (odd) {
    m->to = one_of(d, h->n_places, 3);
    m->agreement = one_of(d, h->n_bases, 3);
    m->receiver = one_of(d, h->n_authorities, 3);
    m->emergency = chance(d, 1, 2);
  }
}

static void draw_confirm(const struct random_custody *d, struct cmd_identity_confirm *i,
                         uint32_t movement, uint32_t person) {
  *i = (struct cmd_identity_confirm){movement, person, person, chance(d, 1, 2),
                                     chance(d, 1, 6) ? BIOMETRIC_MISMATCH : below(d, 2)};
  if (chance(d, 1, 6))
    i->presented = some(d, d->core->head.n_persons);
}

static bool random_movement(const struct random_custody *d, struct command *c) {
  const struct core_head *h = &d->core->head;
  uint32_t movement = some_movement(d), person = some_detainee(d);
  const struct member *r = h->n_persons ? active_member(d->core, person) : NULL;
  if (r && chance(d, 3, 4))
    movement = r->movement;
  if (c->type == COMMAND_MOVEMENT_PROPOSE) {
    draw_movement(d, &c->u.movement_propose);
    return h->n_authorities && h->n_operators && h->n_movements < movements_most;
  }
  if (c->type == COMMAND_HEARING_SET) {
    c->u.hearing_set = (struct cmd_hearing_set){
        random_id(id_hearing, chance(d, 1, 12) ? some(d, h->n_hearings) : h->n_hearings), person,
        some(d, h->n_authorities), d->now + rng_between(d->rng, -50000, 90000) * USEC_PER_S};
    return h->n_authorities && h->n_persons && h->n_hearings < movements_most;
  }
  if (c->type == COMMAND_HEARING_CLOSE) {
    c->u.hearing_close = (struct cmd_hearing_close){some(d, h->n_hearings), below(d, 3)};
    return h->n_hearings > 0 && chance(d, 1, 2);
  }
  if (!h->n_movements || !h->n_persons)
    return false;
  switch ((int)c->type) {
  case COMMAND_MOVEMENT_CANCEL:
    c->u.movement_ref.movement = movement;
    return chance(d, 1, 6);
  case COMMAND_MOVEMENT_AUTHORISE:
  case COMMAND_MOVEMENT_DEPART:
  case COMMAND_MOVEMENT_ARRIVE:
    c->u.movement_ref.movement = movement;
    return true;
  case COMMAND_MANIFEST_ADD:
    c->u.manifest_add = (struct cmd_manifest_add){
        movement, chance(d, 1, 30) ? some(d, h->n_persons) : person,
        chance(d, 1, 6) ? one_of(d, h->n_orders, 3)
                        : fitting_order(d, person, d->core->movements[movement].kind),
        one_of(d, h->n_assessments, 8), chance(d, 1, 3)};
    return true;
  case COMMAND_MANIFEST_CITE:
    c->u.manifest_cite = (struct cmd_manifest_cite){movement, person, one_of(d, h->n_orders, 3),
                                                    one_of(d, h->n_assessments, 6)};
    return true;
  case COMMAND_MANIFEST_REMOVE:
  case COMMAND_MOVEMENT_DISEMBARK:
    c->u.member_ref = (struct cmd_member_ref){movement, person};
    return chance(d, 1, 3);
  case COMMAND_MANIFEST_PROMOTE:
  case COMMAND_MOVEMENT_BOARD:
    c->u.member_ref = (struct cmd_member_ref){movement, person};
    return true;
  case COMMAND_IDENTITY_CONFIRM:
    draw_confirm(d, &c->u.identity_confirm, movement, person);
    return true;
  case COMMAND_MOVEMENT_DIVERT:
    c->u.movement_divert = (struct cmd_movement_divert){movement, some(d, h->n_places)};
    return h->n_places && chance(d, 1, 2);
  case COMMAND_RECALL_ANSWER:
    c->u.recall_answer = (struct cmd_recall_answer){movement, person, below(d, 3)};
    return true;
  case COMMAND_MOVEMENT_HANDOVER:
    c->u.movement_handover = (struct cmd_movement_handover){movement, person, {{0}}};
    c->u.movement_handover.receipt.b[0] = chance(d, 3, 4);
    c->u.movement_handover.kept = chance(d, 1, 3);
    return true;
  default:
    return false;
  }
}

/* --- Visits --- */

/* Most often one of these kinds, if there is one. */
static uint32_t some_kind(const struct random_custody *d, unsigned kinds) {
  uint32_t person = some(d, d->core->head.n_persons);
  for (int tries = 0; tries < 12 && d->core->head.n_persons; tries++) {
    if (kinds >> d->core->persons[person].kind & 1)
      break;
    person = some(d, d->core->head.n_persons);
  }
  return person;
}

/* Mostly of a few hours, that has begun. */
bool random_visit(const struct random_custody *d, struct command *c) {
  const struct core_head *h = &d->core->head;
  if (c->type == COMMAND_VISIT_CLOSE) {
    c->u.visit_ref.visit = some(d, h->n_visits);
    return h->n_visits > 0 && chance(d, 1, 3);
  }
  struct cmd_visit_open *v = &c->u.visit_open;
  v->visit = random_id(id_visit, chance(d, 1, 12) ? some(d, h->n_visits) : h->n_visits);
  v->person = some_kind(d, 1u << PERSON_VISITOR | 1u << PERSON_COUNSEL | 1u << PERSON_INSPECTOR);
  v->host = chance(d, 1, 6) ? one_of(d, h->n_persons, 5)
                            : some_kind(d, 1u << PERSON_STAFF | 1u << PERSON_OFFICER);
  v->about = REF_ABSENT;
  if (d->core->persons[v->person].kind == PERSON_COUNSEL || chance(d, 1, 8))
    for (uint32_t i = 0; i < h->n_bookings; i++)
      if (v->about == REF_ABSENT || chance(d, 1, 2))
        v->about = d->core->bookings[i].person;
  if (v->about == REF_ABSENT && chance(d, 1, 8))
    v->about = some_detainee(d);
  v->area = chance(d, 1, 2) ? REF_ABSENT : below(d, d->core->plan->n_areas);
  v->from = chance(d, 2, 3) ? TIME_ABSENT : d->now + rng_between(d->rng, -900, 900) * USEC_PER_S;
  v->until = d->now + rng_between(d->rng, -20,
                                  chance(d, 1, 8)   ? 200000
                                  : chance(d, 1, 2) ? 80000
                                                    : 7000) *
                          USEC_PER_S;
  return h->n_persons > 0 && h->n_visits < 60;
}

/* --- Counts --- */

/* Most often the last one, which may be open. */
static uint32_t some_count(const struct random_custody *d) {
  uint32_t n = d->core->head.n_counts;
  return n && chance(d, 3, 4) ? n - 1 : some(d, n);
}

/* Most often an area that is left to look at, and what is there. */
static void draw_tally(const struct random_custody *d, struct cmd_count_tally *t) {
  static uint32_t areas[areas_max];
  uint32_t count = some_count(d), n = 0, area = below(d, d->core->plan->n_areas);
  if (d->core->head.n_counts && count_is_open(&d->core->counts[count]))
    n = count_missing(d->core, count, areas, areas_max);
  if (n && chance(d, 4, 5))
    area = areas[below(d, n)];
  *t = (struct cmd_count_tally){count, area,
                                count_expected(d->core, area) + (chance(d, 1, 12) ? 1 : 0)};
}

/* --- Of any kind --- */

bool random_custody(const struct random_custody *d, struct command *c) {
  const struct core_head *h = &d->core->head;
  uint32_t person = some(d, h->n_persons), other = some(d, h->n_persons);
  switch ((int)c->type) {
  case COMMAND_AUTHORITY_ADD:
    c->u.authority_add =
        (struct cmd_authority_add){draw_slug(d, h->n_authorities), one_of(d, h->n_authorities, 3)};
    return h->n_authorities < named_most;
  case COMMAND_PLACE_ADD:
    c->u.place_add = (struct cmd_place_add){draw_slug(d, h->n_places), below(d, 9)};
    return h->n_places < named_most;
  case COMMAND_BASIS_ADD:
    c->u.basis_add = (struct cmd_basis_add){.basis = draw_slug(d, h->n_bases),
                                            .agreement = chance(d, 1, 2),
                                            .country = chance(d, 1, 3) ? below(d, 9) : REF_ABSENT,
                                            .place = one_of(d, h->n_places, 8),
                                            .places = chance(d, 4, 5),
                                            .replaces = one_of(d, h->n_bases, 2),
                                            .from = chance(d, 3, 4) ? TIME_ABSENT : draw_date(d),
                                            .until = chance(d, 3, 4) ? TIME_ABSENT : draw_date(d)};
    return h->n_bases < named_most;
  case COMMAND_AGREEMENT_COMMIT:
  case COMMAND_AGREEMENT_PAY: {
    static const struct slug currencies[] = {{"usd"}, {"usd"}, {"usd"}, {"eur"}, {"us1"}, {"euro"}};
    uint32_t agreement = some(d, h->n_bases);
    for (uint32_t i = 0; i < h->n_bases && chance(d, 3, 4); i++)
      agreement = d->core->bases[i].agreement ? i : agreement;
    c->u.funds = (struct cmd_funds){agreement, below(d, 1000), currencies[below(d, 6)], {{0}}};
    if (chance(d, 1, 20))
      c->u.funds.amount = (UINT64_C(1) << 53) - 1 - below(d, 2000);
    return h->n_bases > 0;
  }
  case COMMAND_BASIS_REPEAL:
    c->u.basis_ref.basis = some(d, h->n_bases);
    return h->n_bases > 0 && chance(d, 1, 2);
  case COMMAND_CLASS_ADD:
    c->u.class_add = (struct cmd_class_add){draw_slug(d, h->n_classes),
                                            chance(d, 1, 2) ? MEMBERSHIP_UNCERTAIN : below(d, 3)};
    return h->n_classes < named_most;
  case COMMAND_CLASS_INCLUDE:
  case COMMAND_CLASS_DOUBT:
  case COMMAND_CLASS_EXCLUDE:
    c->u.class_member = (struct cmd_class_member){some(d, h->n_classes), person};
    return h->n_classes > 0 && h->n_persons > 0;
  case COMMAND_ORDER_RECORD:
    if (!h->n_authorities || !h->n_operators || h->n_orders >= orders_most)
      return false;
    draw_order(d, c);
    return true;
  case COMMAND_ORDER_AUTHENTICATE:
  case COMMAND_ORDER_RECALL:
  case COMMAND_ORDER_REFUTE:
    c->u.order_ref.order =
        c->type == COMMAND_ORDER_AUTHENTICATE ? some_warrant(d) : some(d, h->n_orders);
    return h->n_orders > 0 && (c->type == COMMAND_ORDER_AUTHENTICATE || chance(d, 1, 4));
  case COMMAND_ORDER_WRITE:
    c->u.order_write =
        (struct cmd_order_write){some(d, h->n_orders), chance(d, 1, 2), chance(d, 1, 2), {{1}}};
    return h->n_orders > 0;
  case COMMAND_ASSESSMENT_RECORD: {
    struct cmd_assessment_record *a = &c->u.assessment_record;
    a->assessment =
        random_id(id_assessment, chance(d, 1, 12) ? some(d, h->n_assessments) : h->n_assessments);
    a->person = chance(d, 1, 12) ? person : some_detainee(d);
    a->kind = below(d, 3);
    a->evidence = below(d, 3);
    a->document.b[0] = (a->evidence != 2) ^ chance(d, 1, 12);
    a->review = d->now + rng_between(d->rng, -200, 90000) * USEC_PER_S;
    return h->n_persons > 0 && h->n_operators > 0 && h->n_assessments < movements_most;
  }
  case COMMAND_ASSESSMENT_CONTEST:
    c->u.assessment_ref.assessment = some(d, h->n_assessments);
    return h->n_assessments > 0;
  case COMMAND_ASSESSMENT_REVIEW: {
    uint32_t outcome = chance(d, 2, 3) ? 0 : below(d, 3);
    c->u.assessment_review = (struct cmd_assessment_review){
        some(d, h->n_assessments), outcome,
        (outcome == 0) ^ chance(d, 1, 12) ? d->now + rng_between(d->rng, -200, 90000) * USEC_PER_S
                                          : TIME_ABSENT};
    return h->n_assessments > 0;
  }
  case COMMAND_BOOKING_OPEN: {
    uint32_t order = some_warrant(d);
    bool theirs = h->n_orders && d->core->orders[order].person != REF_ABSENT && chance(d, 3, 4);
    c->u.booking_open = (struct cmd_booking_open){
        random_id(id_booking, chance(d, 1, 12) ? some(d, h->n_bookings) : h->n_bookings),
        theirs ? d->core->orders[order].person : some_detainee(d), order, 0, 0};
    draw_register(d, true, &c->u.booking_open.recorded, &c->u.booking_open.outstanding);
    return h->n_orders > 0 && h->n_persons > 0;
  }
  case COMMAND_BOOKING_SUPPLEMENT:
    c->u.booking_supplement.booking = some(d, h->n_bookings);
    draw_register(d, false, &c->u.booking_supplement.recorded,
                  &c->u.booking_supplement.outstanding);
    return h->n_bookings > 0 && chance(d, 1, 2);
  case COMMAND_DEATH_RECORD:
    c->u.death_record = (struct cmd_death_record){
        chance(d, 5, 6) ? some_detainee(d) : person,
        d->now - rng_between(d->rng, chance(d, 1, 8) ? -9000 : 0, 90000) * USEC_PER_S};
    return h->n_persons > 0 && chance(d, 1, 10);
  case COMMAND_DEATH_CAUSE:
    c->u.death_cause = (struct cmd_death_cause){some_dead(d), {{1}}};
    return h->n_persons > 0;
  case COMMAND_DEATH_REMAINS:
    c->u.death_remains = (struct cmd_death_remains){some_dead(d), {{2}}};
    return h->n_persons > 0;
  case COMMAND_DEATH_RETRACT:
    c->u.person_ref.person = some_dead(d);
    return h->n_persons > 0;
  case COMMAND_COUNT_BEGIN:
    c->u.count_begin = (struct cmd_count_begin){
        random_id(id_count, chance(d, 1, 12) ? some(d, h->n_counts) : h->n_counts),
        chance(d, 1, 12) ? area_outside : below(d, d->core->plan->n_areas)};
    return h->n_counts < orders_most && chance(d, 1, 3);
  case COMMAND_COUNT_TALLY:
    draw_tally(d, &c->u.count_tally);
    return h->n_counts > 0;
  case COMMAND_COUNT_CLOSE:
    c->u.count_ref.count = some_count(d);
    return h->n_counts > 0;
  case COMMAND_MARK_SET:
  case COMMAND_MARK_CLEAR:
    c->u.mark = (struct cmd_mark){person, below(d, MARK_COUNT)};
    return h->n_persons > 0;
  case COMMAND_LINK_RECORD:
  case COMMAND_LINK_DISMISS:
    c->u.link = (struct cmd_link){person, other};
    return h->n_persons > 0;
  default:
    return random_movement(d, c);
  }
}

/* --- What comes next, for somebody --- */

static bool in_force(const struct random_custody *d, uint32_t order) {
  return order_status_at(d->core, order, d->now) == ORDER_STATUS_IN_FORCE;
}

/* Of theirs that nobody has authenticated. */
static bool authenticate_one(const struct random_custody *d, uint32_t person, enum order_does does,
                             struct command *c) {
  for (uint32_t i = d->core->custody[person].orders; i; i = d->core->orders[i - 1].next) {
    const struct order *o = &d->core->orders[i - 1];
    if (order_does(o->kind) != does || o->authenticator != REF_ABSENT || o->refuted || o->recalled)
      continue;
    c->type = COMMAND_ORDER_AUTHENTICATE;
    c->u.order_ref.order = i - 1;
    return true;
  }
  return false;
}

/* A plain order, with nothing about it that keeps it from being in force. */
static bool record_one(const struct random_custody *d, uint32_t person, enum order_kind kind,
                       uint32_t to, struct command *c) {
  struct cmd_order_record *o = &c->u.order_record;
  if (!d->core->head.n_bases || !d->core->head.n_authorities ||
      d->core->head.n_orders >= orders_most)
    return false;
  c->type = COMMAND_ORDER_RECORD;
  *o = (struct cmd_order_record){
      .order = random_id(id_order, d->core->head.n_orders),
      .kind = kind,
      .issuer = below(d, d->core->head.n_authorities),
      .person = person,
      .other = REF_ABSENT,
      .class = REF_ABSENT,
      .on_basis = REF_ABSENT,
      .basis = below(d, d->core->head.n_bases),
      .from = one_of(d, d->core->head.n_places, 8),
      .to = chance(d, 1, 2) ? to : REF_ABSENT,
      .ends = one_of(d, chance(d, 1, 8) ? d->core->head.n_orders : 0, 0),
      .effective = TIME_ABSENT,
      .expires = chance(d, 5, 6) ? TIME_ABSENT : d->now + below(d, 9000) * USEC_PER_S,
      .due = chance(d, 3, 4) ? TIME_ABSENT : d->now + below(d, 9000) * USEC_PER_S};
  return true;
}

/* An order that forbids, about one who is on a manifest: most often the very journey. */
static bool forbid_one(const struct random_custody *d, uint32_t person, const struct member *r,
                       struct command *c) {
  const struct movement *m = &d->core->movements[r->movement];
  static const uint8_t kinds[] = {ORDER_STAY, ORDER_INJUNCTION, ORDER_WITHHOLDING, ORDER_DEFERRAL,
                                  ORDER_NO_TRANSFER};
  uint32_t country = m->to == REF_ABSENT ? 0 : d->core->places[m->to].country;
  uint32_t kind =
      m->emergency && chance(d, 5, 6) ? ORDER_NO_TRANSFER : kinds[below(d, sizeof kinds)];
  if (!record_one(d, person, (enum order_kind)kind, REF_ABSENT, c))
    return false;
  struct cmd_order_record *o = &c->u.order_record;
  if (o->kind == ORDER_INJUNCTION && r->order != REF_ABSENT && chance(d, 1, 2)) {
    *o = (struct cmd_order_record){.order = o->order,
                                   .kind = o->kind,
                                   .issuer = o->issuer,
                                   .person = REF_ABSENT,
                                   .other = REF_ABSENT,
                                   .class = REF_ABSENT,
                                   .on_basis = d->core->orders[r->order].basis,
                                   .basis = REF_ABSENT,
                                   .from = REF_ABSENT,
                                   .to = REF_ABSENT,
                                   .ends = REF_ABSENT,
                                   .effective = TIME_ABSENT,
                                   .expires = o->expires,
                                   .due = TIME_ABSENT};
    return true;
  }
  o->basis = o->from = REF_ABSENT;
  bool of_class =
      !m->emergency && o->kind != ORDER_WITHHOLDING && o->kind != ORDER_DEFERRAL && chance(d, 1, 3);
  if (of_class && d->core->head.n_classes) {
    o->class = below(d, d->core->head.n_classes);
    o->person = REF_ABSENT;
  }
  if (o->kind == ORDER_WITHHOLDING || o->kind == ORDER_DEFERRAL || chance(d, 1, 4)) {
    o->countries.n = 1;
    o->countries.at[0] = (struct ref){REF_COUNTRY, chance(d, 2, 3) ? country : below(d, 9)};
  }
  if (chance(d, 1, 3))
    o->movements = 1u << m->kind;
  o->oral = chance(d, 1, 3);
  return true;
}

static bool next_step(const struct random_custody *d, uint32_t person, const struct member *r,
                      struct command *c) {
  const struct movement *m = &d->core->movements[r->movement];
  bool authorised = m->state != MOVEMENT_STATE_PROPOSED;
  uint32_t another = fitting_order(d, person, m->kind);
  if (another != REF_ABSENT && another != r->order && chance(d, 1, 6)) {
    c->type = COMMAND_MANIFEST_CITE;
    c->u.manifest_cite = (struct cmd_manifest_cite){r->movement, person, another, REF_ABSENT};
    return true;
  }
  if (chance(d, 1, 12)) /* another paper, which may be cited then */
    return record_one(d, person, (enum order_kind)(ORDER_TRANSFER + m->kind % 5), m->to, c);
  c->u.member_ref = (struct cmd_member_ref){r->movement, person};
  switch ((enum member_state)r->state) {
  case MEMBER_ALTERNATE:
    c->type = COMMAND_MANIFEST_PROMOTE;
    return true;
  case MEMBER_MANIFESTED:
    c->type = authorised ? COMMAND_IDENTITY_CONFIRM : COMMAND_MOVEMENT_AUTHORISE;
    if (authorised)
      draw_confirm(d, &c->u.identity_confirm, r->movement, person);
    return true;
  case MEMBER_CONFIRMED:
    c->type = COMMAND_MOVEMENT_BOARD;
    return true;
  case MEMBER_BOARDED:
    c->type = chance(d, 5, 6) ? COMMAND_MOVEMENT_DEPART : COMMAND_MOVEMENT_DISEMBARK;
    return true;
  case MEMBER_DEPARTED:
  case MEMBER_ARRIVED:
    if (r->recalled_s != UINT32_MAX && chance(d, 1, 4)) {
      c->type = COMMAND_RECALL_ANSWER;
      c->u.recall_answer = (struct cmd_recall_answer){r->movement, person, below(d, 3)};
      return true;
    }
    if (chance(d, 1, 4) && d->core->head.n_places) {
      c->type = COMMAND_MOVEMENT_DIVERT;
      c->u.movement_divert =
          (struct cmd_movement_divert){r->movement, some(d, d->core->head.n_places)};
      return true;
    }
    if (r->state == MEMBER_DEPARTED) {
      c->type = COMMAND_MOVEMENT_ARRIVE;
      return chance(d, 1, 2);
    }
    c->type = COMMAND_MOVEMENT_HANDOVER;
    c->u.movement_handover =
        (struct cmd_movement_handover){r->movement, person, {{chance(d, 3, 4)}}};
    return m->receiver != REF_ABSENT && chance(d, 2, 3);
  case MEMBER_HANDED_OVER:
  case MEMBER_RETURNED:
  case MEMBER_REMOVED:
  case MEMBER_STATE_COUNT:
    break;
  }
  return false;
}

static bool next_movement(const struct random_custody *d, uint32_t person, struct command *c) {
  uint32_t i = some_movement(d);
  for (uint32_t k = 0; k < d->core->head.n_movements && chance(d, 1, 2); k++)
    if (d->core->movements[k].agreement != REF_ABSENT &&
        d->core->movements[k].state <= MOVEMENT_STATE_AUTHORISED)
      i = k;
  if (!d->core->head.n_movements || d->core->movements[i].state > MOVEMENT_STATE_AUTHORISED) {
    c->type = COMMAND_MOVEMENT_PROPOSE;
    return random_movement(d, c);
  }
  const struct movement *m = &d->core->movements[i];
  uint32_t order = fitting_order(d, person, m->kind);
  if (m->kind != MOVEMENT_INTERNAL && !m->emergency && (order == REF_ABSENT || !in_force(d, order)))
    return authenticate_one(d, person, ORDER_MOVES, c) ||
           record_one(d, person, (enum order_kind)(ORDER_TRANSFER + m->kind), m->to, c);
  c->type = COMMAND_MANIFEST_ADD;
  c->u.manifest_add = (struct cmd_manifest_add){
      i, person, order, one_of(d, d->core->head.n_assessments, 9), chance(d, 1, 4)};
  return true;
}

/* One who is aboard or under way, if there is any: few are, and much can become of them. */
static uint32_t someone_aboard(const struct random_custody *d, uint32_t person) {
  uint32_t n = d->core->head.n_persons, from = some(d, n);
  for (uint32_t i = 0; i < n; i++) {
    const struct member *r = active_member(d->core, (from + i) % n);
    if (r && r->state >= MEMBER_BOARDED)
      return (from + i) % n;
  }
  return person;
}

bool random_case(const struct random_custody *d, struct command *c) {
  struct reasons unused = {0};
  uint32_t person = some_detainee(d), order = REF_ABSENT;
  if (chance(d, 1, 3))
    person = someone_aboard(d, person);
  if (!d->core->head.n_persons || d->core->persons[person].kind != PERSON_DETAINEE)
    return false;
  if (d->core->head.n_counts && chance(d, 1, 12) &&
      (count_is_open(&d->core->counts[d->core->head.n_counts - 1]) || d->core->head.frozen)) {
    bool open = count_is_open(&d->core->counts[d->core->head.n_counts - 1]);
    c->type = !open             ? COMMAND_COUNT_BEGIN
              : chance(d, 3, 4) ? COMMAND_COUNT_TALLY
                                : COMMAND_COUNT_CLOSE;
    return random_custody(d, c);
  }
  const struct member *r = active_member(d->core, person);
  if (death_of(d->core, person) && chance(d, 2, 3)) {
    c->type = (enum command_type)(COMMAND_DEATH_CAUSE + below(d, 3));
    return random_custody(d, c);
  }
  bool hurried = r && d->core->movements[r->movement].emergency;
  if (r && (hurried ? chance(d, 1, r->state == MEMBER_BOARDED ? 2 : 4) : chance(d, 1, 15)))
    return forbid_one(d, person, r, c);
  if (r)
    return next_step(d, person, r, c);
  if (!held_at(d->core, person, d->now, &order, &unused))
    return authenticate_one(d, person, ORDER_HOLDS, c) ||
           record_one(d, person, (enum order_kind)below(d, ORDER_TRANSFER), REF_ABSENT, c);
  if (!is_booked(d->core, person)) {
    c->type = COMMAND_BOOKING_OPEN;
    c->u.booking_open = (struct cmd_booking_open){random_id(id_booking, d->core->head.n_bookings),
                                                  person, order, 0, 0};
    draw_register(d, true, &c->u.booking_open.recorded, &c->u.booking_open.outstanding);
    return true;
  }
  return d->core->persons[person].area != area_outside && next_movement(d, person, c);
}
