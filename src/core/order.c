/* order.c: orders, and whether one is in force at an instant. */
#include "core/custody_int.h"

#include <string.h>

static const struct ref nothing = {REF_NONE, 0};

#define X(NAME, text, does, subjects, doc) text,
const char *const order_kind_names[] = {ORDER_KIND_LIST(X) NULL};
#undef X
const char *const movement_kind_names[] = {"transfer", "production", "removal", "medical",
                                           "release",  "internal",   NULL};
const char *const order_status_names[] = {
    "refuted", "recalled",        "ended",          "unauthenticated",    "not_yet",
    "expired", "basis_suspended", "basis_repealed", "basis_not_in_force", "in_force",
    NULL};

static const struct {
  uint8_t does, subjects;
  const char *doc;
} kinds[ORDER_KIND_COUNT] = {
#define X(NAME, text, does, subjects, doc) {ORDER_##does, subjects, doc},
    ORDER_KIND_LIST(X)
#undef X
};

enum order_does order_does(enum order_kind kind) {
  return kinds[kind].does;
}

unsigned order_subjects(enum order_kind kind) {
  return kinds[kind].subjects;
}

const char *order_kind_doc(enum order_kind kind) {
  return kinds[kind].doc;
}

/* --- In force? --- */

/* Each of these may count one more order as authenticated (as_if; REF_ABSENT: none), so that it can
 * be asked how things will stand. */

/* The order that suspends this basis, or a version before it: a court need not follow a law from
 * version to version. REF_ABSENT: none. */
static uint32_t suspended_by(const struct core *core, uint32_t basis, usec at, uint32_t as_if) {
  for (uint32_t b = basis; b != REF_ABSENT; b = core->bases[b].replaces)
    for (uint32_t i = core->bases[b].orders_on; i; i = core->orders[i - 1].next)
      if (order_status_as_if(core, i - 1, at, as_if) == ORDER_STATUS_IN_FORCE)
        return i - 1;
  return REF_ABSENT;
}

static enum order_status basis_status(const struct core *core, uint32_t basis, usec at,
                                      uint32_t as_if) {
  const struct basis *b = &core->bases[basis];
  if (suspended_by(core, basis, at, as_if) != REF_ABSENT)
    return ORDER_STATUS_BASIS_SUSPENDED;
  if (seconds_of(at) >= b->repealed_s)
    return ORDER_STATUS_BASIS_REPEALED;
  return valid_at(b->from_s, b->until_s, at) ? ORDER_STATUS_IN_FORCE
                                             : ORDER_STATUS_BASIS_NOT_IN_FORCE;
}

enum order_status basis_status_at(const struct core *core, uint32_t basis, usec at) {
  return basis_status(core, basis, at, REF_ABSENT);
}

static bool is_authentic(const struct core *core, uint32_t order, uint32_t as_if) {
  return core->orders[order].authenticator != REF_ABSENT || order == as_if;
}

/* What ended another stays ended when the order that did so expires; not when that is recalled,
 * refuted or ended itself. Only what was authenticated ends anything. */
static bool took_effect(const struct core *core, uint32_t order, usec at, uint32_t as_if);

static bool ended(const struct core *core, const struct order *o, usec at, uint32_t as_if) {
  for (uint32_t i = o->enders; i; i = core->orders[i - 1].next_ender)
    if (took_effect(core, i - 1, at, as_if))
      return true;
  return false;
}

static bool took_effect(const struct core *core, uint32_t order, usec at, uint32_t as_if) {
  const struct order *o = &core->orders[order];
  return is_authentic(core, order, as_if) && !o->refuted && !o->recalled &&
         seconds_of(at) >= o->from_s && !ended(core, o, at, as_if);
}

enum order_status order_status_as_if(const struct core *core, uint32_t order, usec at,
                                     uint32_t as_if) {
  const struct order *o = &core->orders[order];
  if (o->refuted)
    return ORDER_STATUS_REFUTED;
  if (o->recalled)
    return ORDER_STATUS_RECALLED;
  if (ended(core, o, at, as_if))
    return ORDER_STATUS_ENDED;
  if (!is_authentic(core, order, as_if) && kinds[o->kind].does != ORDER_FORBIDS)
    return ORDER_STATUS_UNAUTHENTICATED;
  if (seconds_of(at) < o->from_s)
    return ORDER_STATUS_NOT_YET;
  if (seconds_of(at) >= o->until_s)
    return ORDER_STATUS_EXPIRED;
  return o->basis == REF_ABSENT || kinds[o->kind].does == ORDER_FORBIDS
             ? ORDER_STATUS_IN_FORCE
             : basis_status(core, o->basis, at, as_if);
}

enum order_status order_status_at(const struct core *core, uint32_t order, usec at) {
  return order_status_as_if(core, order, at, REF_ABSENT);
}

void order_status_reason(const struct core *core, uint32_t order, enum order_status status, usec at,
                         struct reasons *found) {
  static const uint8_t codes[] = {
      [ORDER_STATUS_REFUTED] = REASON_UNAUTHENTICATED,
      [ORDER_STATUS_RECALLED] = REASON_RECALLED,
      [ORDER_STATUS_ENDED] = REASON_SUPERSEDED,
      [ORDER_STATUS_UNAUTHENTICATED] = REASON_UNAUTHENTICATED,
      [ORDER_STATUS_NOT_YET] = REASON_NOT_YET,
      [ORDER_STATUS_EXPIRED] = REASON_EXPIRED,
      [ORDER_STATUS_BASIS_SUSPENDED] = REASON_BASIS_SUSPENDED,
      [ORDER_STATUS_BASIS_REPEALED] = REASON_BASIS_REPEALED,
      [ORDER_STATUS_BASIS_NOT_IN_FORCE] = REASON_BASIS_NOT_IN_FORCE,
  };
  const struct order *o = &core->orders[order];
  struct ref on = ref_to(REF_ORDER, order);
  enum reason code = codes[status];
  if (status == ORDER_STATUS_BASIS_SUSPENDED) {
    on.index = suspended_by(core, o->basis, at, REF_ABSENT);
  } else if (status > ORDER_STATUS_BASIS_SUSPENDED) {
    on = ref_to(REF_BASIS, o->basis);
    if (core->bases[o->basis].agreement)
      code = REASON_AGREEMENT_NOT_IN_FORCE;
  }
  reasons_add(found, code, on);
}

uint32_t order_apart(const struct core *core, uint32_t a, uint32_t b, usec at) {
  const uint32_t pair[2] = {a, b};
  for (int k = 0; k < 2; k++)
    for (uint32_t i = core->custody[pair[k]].orders; i; i = core->orders[i - 1].next)
      if (core->orders[i - 1].other == pair[1 - k] &&
          order_status_at(core, i - 1, at) == ORDER_STATUS_IN_FORCE)
        return i - 1;
  return REF_ABSENT;
}

uint32_t order_no_transfer(const struct core *core, uint32_t person, usec at) {
  struct linked linked;
  linked_of(core, person, &linked);
  for (uint32_t k = 0; k < linked.n; k++)
    for (uint32_t i = core->custody[linked.persons[k]].orders; i; i = core->orders[i - 1].next)
      if (core->orders[i - 1].kind == ORDER_NO_TRANSFER &&
          order_status_at(core, i - 1, at) == ORDER_STATUS_IN_FORCE)
        return i - 1;
  return REF_ABSENT;
}

/* --- Recording --- */

bool stands_over(const struct core *core, uint32_t authority, uint32_t issuer) {
  for (uint32_t a = issuer; a != REF_ABSENT; a = core->authorities[a].above)
    if (a == authority)
      return true;
  return false;
}

/* All that an order of this kind must name, and nothing that does not belong. */
static bool is_complete(const struct cmd_order_record *r) {
  enum order_does does = kinds[r->kind].does;
  unsigned on = (r->person != REF_ABSENT ? ON_PERSON : 0u) |
                (r->class != REF_ABSENT ? ON_CLASS : 0u) |
                (r->on_basis != REF_ABSENT ? ON_BASIS : 0u);
  unsigned may = kinds[r->kind].subjects;
  bool countries = r->kind == ORDER_WITHHOLDING || r->kind == ORDER_DEFERRAL;
  for (uint32_t i = 0; i < r->countries.n; i++)
    if (r->countries.at[i].kind != REF_COUNTRY)
      return false;
  return (may ? (on & may) == on && on && !(on & (on - 1)) : !on) &&
         (does == ORDER_HOLDS || does == ORDER_MOVES) == (r->basis != REF_ABSENT) &&
         (does != ORDER_ENDS || r->ends != REF_ABSENT) &&
         (r->kind == ORDER_KEEP_SEPARATE) == (r->other != REF_ABSENT) &&
         (!countries || r->countries.n > 0) &&
         (!r->movements ||
          (does == ORDER_FORBIDS && !(on & ON_BASIS) && r->kind != ORDER_KEEP_SEPARATE));
}

/* Of these two, whom no order keeps apart yet. */
static bool separates(struct deciding *d, const struct cmd_order_record *r) {
  return r->kind == ORDER_KEEP_SEPARATE && !kept_separate(d->core, r->person, r->other);
}

/* Its row, in no chain yet. */
static struct order row_of(const struct event *e) {
  const struct ev_order_recorded *r = &e->u.order_recorded;
  struct order o = {.id = r->order,
                    .person = r->person,
                    .other = r->other,
                    .class = r->class,
                    .on_basis = r->on_basis,
                    .issuer = r->issuer,
                    .basis = r->basis,
                    .from = r->from,
                    .to = r->to,
                    .ends = r->ends,
                    .recorder = r->recorder,
                    .authenticator = REF_ABSENT,
                    .from_s = from_seconds(r->effective),
                    .until_s = until_seconds(r->expires),
                    .due_s = until_seconds(r->due),
                    .movements = r->movements,
                    .kind = (uint8_t)r->kind,
                    .n_countries = (uint8_t)r->countries.n,
                    .oral = r->oral,
                    .sealed = r->sealed,
                    .recorded_s = seconds_of(e->at),
                    .blocked_s = UINT32_MAX};
  for (uint32_t k = 0; k < r->countries.n; k++)
    o.countries[k] = (uint16_t)(r->countries.at[k].index + 1);
  return o;
}

void decide_order_record(struct deciding *d) {
  const struct cmd_order_record *r = &d->command->u.order_record;
  const struct core *core = d->core;
  uint32_t have;
  if (core_find_order(core, r->order, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_ORDER, have));
  else if (!is_complete(r) || (r->kept && bytes_are_zero(r->document.b, sizeof r->document.b)))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (r->kind == ORDER_KEEP_SEPARATE && r->person == r->other)
    deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, r->person));
  else if (core->head.n_orders == orders_max || (separates(d, r) && !separations_left(core)) ||
           (r->ends != REF_ABSENT && core->orders[r->ends].depth == order_depth_max))
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (r->ends != REF_ABSENT && !stands_over(core, r->issuer, core->orders[r->ends].issuer))
    deciding_reject(d, REASON_NOT_THE_ISSUER, ref_to(REF_ORDER, r->ends));
  else if (check_dates(d, r->effective, r->expires) && check_dates(d, TIME_ABSENT, r->due)) {
    deciding_event(d, EVENT_ORDER_RECORDED)->u.order_recorded =
        (struct ev_order_recorded){.order = r->order,
                                   .number = person_number(core->head.n_orders),
                                   .kind = r->kind,
                                   .issuer = r->issuer,
                                   .person = r->person,
                                   .other = r->other,
                                   .class = r->class,
                                   .on_basis = r->on_basis,
                                   .basis = r->basis,
                                   .from = r->from,
                                   .to = r->to,
                                   .ends = r->ends,
                                   .movements = r->movements,
                                   .countries = r->countries,
                                   .effective = r->effective,
                                   .expires = r->expires,
                                   .due = r->due,
                                   .oral = r->oral,
                                   .sealed = r->sealed,
                                   .document = r->document,
                                   .kept = r->kept,
                                   .recorder = d->command->by.index};
    struct order o = row_of(&d->out->events[0]);
    if (separates(d, r))
      deciding_event(d, EVENT_SEPARATION_ADDED)->u.separation =
          (struct ev_separation){r->person, r->other};
    /* What forbids binds from here on, if its dates say so. */
    if (o.person != REF_ABSENT && kinds[o.kind].does == ORDER_FORBIDS &&
        valid_at(o.from_s, o.until_s, d->command->at))
      tell_conflicts(d, &o, core->head.n_orders, REF_ABSENT);
  }
}

void apply_order_recorded(struct core *core, const struct event *e) {
  const struct ev_order_recorded *r = &e->u.order_recorded;
  SP_ASSERT(core->head.n_orders < orders_max);
  uint32_t i = core->head.n_orders++;
  struct order *o = &core->orders[i];
  uint32_t none = 0, *chain = r->person != REF_ABSENT     ? &core->custody[r->person].orders
                              : r->class != REF_ABSENT    ? &core->classes[r->class].orders_on
                              : r->on_basis != REF_ABSENT ? &core->bases[r->on_basis].orders_on
                                                          : &none;
  *o = row_of(e);
  o->next = *chain;
  *chain = i + 1;
  if (r->ends != REF_ABSENT) {
    struct order *target = &core->orders[r->ends];
    o->depth = (uint8_t)(target->depth + 1);
    o->next_ender = target->enders;
    target->enders = i + 1;
  }
  core_index_added(core, REF_ORDER, i);
}

/* --- What becomes of it --- */

static struct event *order_event(struct deciding *d, enum event_type type) {
  struct event *e =
      event_flags(type) & EVENT_ALARM ? deciding_alarm(d, type) : deciding_event(d, type);
  e->u.order_ref.order = d->command->u.order_ref.order;
  return e;
}

/* Whoever recorded it does not confirm it: two of different roles, wherever two are asked for. What
 * was confirmed by one as whom others may have acted can be confirmed again, by another. */
void decide_order_authenticate(struct deciding *d) {
  uint32_t which = d->command->u.order_ref.order, by = d->command->by.index;
  const struct order *o = &d->core->orders[which];
  bool two = d->core->plan->rules.second_operator;
  bool again = o->authenticator != REF_ABSENT;
  if (again && !is_compromised(d->core, o->authenticator))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ORDER, which));
  else if (o->refuted || o->recalled)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ORDER, which));
  else if (two && o->recorder == by)
    deciding_refuse(d, REASON_SAME_OPERATOR, ref_to(REF_OPERATOR, by));
  else if (two && d->core->operators[o->recorder].role == d->core->operators[by].role)
    deciding_refuse(d, REASON_SAME_ROLE, ref_to(REF_OPERATOR, by));
  else {
    deciding_event(d, EVENT_ORDER_AUTHENTICATED)->u.order_authenticated =
        (struct ev_order_authenticated){which, by};
    /* What forbids was in force before. */
    if (!again && o->person != REF_ABSENT && kinds[o->kind].does != ORDER_FORBIDS &&
        order_status_as_if(d->core, which, d->command->at, which) == ORDER_STATUS_IN_FORCE)
      tell_conflicts(d, o, which, which);
  }
}

void apply_order_authenticated(struct core *core, const struct event *e) {
  const struct ev_order_authenticated *a = &e->u.order_authenticated;
  struct order *o = &core->orders[a->order];
  uint32_t last = o->person == REF_ABSENT ? 0 : core->custody[o->person].booking;
  o->authenticator = a->by;
  if (order_does(o->kind) == ORDER_HOLDS && last) {
    core->bookings[last - 1].held_since_s = seconds_of(e->at);
    core->bookings[last - 1].told = 0;
  }
}

void decide_order_write(struct deciding *d) {
  const struct cmd_order_write *w = &d->command->u.order_write;
  const struct order *o = &d->core->orders[w->order];
  struct ev_order_written written = {w->order, o->person, w->document, w->kept};
  if (!o->oral) {
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ORDER, w->order));
  } else if (o->written) {
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ORDER, w->order));
  } else {
    deciding_event(d, EVENT_ORDER_WRITTEN)->u.order_written = written;
    written.kept = false; /* the paper is the other entry's */
    if (w->differs)
      deciding_alarm(d, EVENT_ORDER_DIFFERS)->u.order_written = written;
  }
}

void apply_order_written(struct core *core, const struct event *e) {
  core->orders[e->u.order_written.order].written = 1;
}

/* A prohibition is not recalled by a word: its issuer's later order ends it. */
void decide_order_recall(struct deciding *d) {
  uint32_t which = d->command->u.order_ref.order;
  const struct order *o = &d->core->orders[which];
  if (o->recalled)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ORDER, which));
  else if (kinds[o->kind].does == ORDER_FORBIDS)
    deciding_refuse(d, REASON_STAYED, ref_to(REF_ORDER, which));
  else if (o->refuted)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ORDER, which));
  else
    order_event(d, EVENT_ORDER_RECALLED);
}

void apply_order_recalled(struct core *core, const struct event *e) {
  core->orders[e->u.order_ref.order].recalled = 1;
}

void decide_order_refute(struct deciding *d) {
  uint32_t which = d->command->u.order_ref.order;
  const struct order *o = &d->core->orders[which];
  if (o->refuted)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ORDER, which));
  else if (o->recalled || o->authenticator != REF_ABSENT)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ORDER, which));
  else
    order_event(d, EVENT_ORDER_REFUTED);
}

void apply_order_refuted(struct core *core, const struct event *e) {
  core->orders[e->u.order_ref.order].refuted = 1;
}
