/* conflict.c: orders that contradict each other; see conflict.h. */
#include "core/conflict.h"

#include "core/custody_int.h"

/* --- What one order says --- */

bool authorises(enum movement_kind movement, enum order_kind order) {
  static const uint8_t by[MOVEMENT_KIND_COUNT] = {
      [MOVEMENT_TRANSFER] = ORDER_TRANSFER, [MOVEMENT_PRODUCTION] = ORDER_PRODUCTION,
      [MOVEMENT_REMOVAL] = ORDER_REMOVAL,   [MOVEMENT_MEDICAL] = ORDER_MEDICAL,
      [MOVEMENT_RELEASE] = ORDER_RELEASE,   [MOVEMENT_INTERNAL] = ORDER_KIND_COUNT,
  };
  return by[movement] == order;
}

bool names_country(const struct order *o, uint32_t country) {
  for (uint32_t i = 0; i < o->n_countries; i++)
    if (o->countries[i] == country + 1)
      return true;
  return false;
}

static bool is_from_here(const struct core *core, const struct order *o) {
  return o->from == REF_ABSENT || place_is_here(core, o->from);
}

bool forbids_kind(const struct core *core, const struct order *o, enum movement_kind kind) {
  unsigned kinds =
      o->movements ? o->movements : ~(1u << MOVEMENT_RELEASE | 1u << MOVEMENT_INTERNAL);
  return order_does(o->kind) == ORDER_FORBIDS && o->kind != ORDER_KEEP_SEPARATE &&
         kinds >> kind & 1 && is_from_here(core, o);
}

/* Whoever sets free, sets free from what they or those under them ordered before. */
bool holds_beyond(const struct core *core, uint32_t release, uint32_t order) {
  const struct order *o = &core->orders[order];
  bool set_aside = release != REF_ABSENT && order < release &&
                   stands_over(core, core->orders[release].issuer, o->issuer);
  return order_does(o->kind) == ORDER_HOLDS && !set_aside && is_from_here(core, o);
}

bool leads_elsewhere(const struct core *core, enum movement_kind kind, uint32_t cited, uint32_t to,
                     uint32_t order) {
  const struct order *o = &core->orders[order];
  return o->kind == ORDER_RELEASE || (authorises(kind, o->kind) && order != cited &&
                                      to != REF_ABSENT && o->to != REF_ABSENT && o->to != to);
}

uint32_t membership_of(const struct core *core, const struct linked *linked, uint32_t class) {
  uint32_t strongest = MEMBERSHIP_NON_MEMBER;
  for (uint32_t k = 0; k < linked->n; k++) {
    uint32_t is = core->classes[class].unlisted;
    for (uint32_t i = core->custody[linked->persons[k]].classes; i;
         i = core->class_rows[i - 1].next)
      if (core->class_rows[i - 1].class == class)
        is = core->class_rows[i - 1].membership;
    strongest = is > strongest ? is : strongest;
  }
  return strongest;
}

/* --- Two of them --- */

static enum movement_kind moved_by(const struct order *o) {
  uint32_t kind = 0;
  while (!authorises((enum movement_kind)kind, (enum order_kind)o->kind))
    kind++;
  return (enum movement_kind)kind;
}

/* To where it leads is barred: whatever place it means, if it names none. */
static bool leads_to_barred(const struct core *core, const struct order *moves,
                            const struct order *forbids) {
  if (moves->to != REF_ABSENT)
    return names_country(forbids, core->places[moves->to].country);
  bool all = moves->n_countries > 0;
  for (uint32_t i = 0; i < moves->n_countries; i++)
    all = all && names_country(forbids, moves->countries[i] - 1u);
  return all;
}

static bool is_forbidden_by(const struct core *core, const struct order *moves,
                            const struct order *forbids) {
  return forbids_kind(core, forbids, moved_by(moves)) && is_from_here(core, moves) &&
         (forbids->to == REF_ABSENT || forbids->to == moves->to) &&
         (!forbids->n_countries || leads_to_barred(core, moves, forbids));
}

/* One that moves, against another that moves or holds. */
static bool says_otherwise(const struct core *core, uint32_t moves, uint32_t other) {
  const struct order *o = &core->orders[moves];
  if (order_does(o->kind) != ORDER_MOVES)
    return false;
  if (o->kind == ORDER_RELEASE)
    return holds_beyond(core, moves, other);
  return o->kind != ORDER_MEDICAL && leads_elsewhere(core, moved_by(o), moves, o->to, other);
}

/* Are both about one registration, or about registrations of which one was merged into the other,
 * or both into a third? */
static bool of_one_human(const struct core *core, uint32_t a, uint32_t b) {
  uint32_t of_a = core->persons[a].merged_into, of_b = core->persons[b].merged_into;
  return a == b || of_a == b || of_b == a || (of_a != REF_ABSENT && of_a == of_b);
}

static bool contradict(const struct core *core, const struct order *o, uint32_t index,
                       uint32_t other) {
  const struct order *y = &core->orders[other];
  enum order_does mine = order_does(o->kind), theirs = order_does(y->kind);
  if (mine == ORDER_FORBIDS || theirs == ORDER_FORBIDS)
    return mine == ORDER_MOVES     ? is_forbidden_by(core, o, y)
           : theirs == ORDER_MOVES ? is_forbidden_by(core, y, o)
                                   : false;
  return of_one_human(core, o->person, y->person) &&
         (says_otherwise(core, index, other) || says_otherwise(core, other, index));
}

/* --- All that contradict one --- */

struct kept { /* those recorded last, the last first */
  uint32_t *found, n, most;
};

static void keep(struct kept *k, uint32_t order) {
  if (k->n == k->most && k->found[k->n - 1] > order)
    return;
  uint32_t i = k->n < k->most ? k->n++ : k->n - 1;
  for (; i > 0 && k->found[i - 1] < order; i--)
    k->found[i] = k->found[i - 1];
  k->found[i] = order;
}

struct against {
  const struct core *core;
  const struct order *o;
  uint32_t index, as_if;
  usec at;
};

static void look_through(const struct against *a, uint32_t chain, struct kept *kept) {
  for (uint32_t i = chain; i; i = a->core->orders[i - 1].next)
    if (i - 1 != a->index && contradict(a->core, a->o, a->index, i - 1) &&
        order_status_as_if(a->core, i - 1, a->at, a->as_if) == ORDER_STATUS_IN_FORCE)
      keep(kept, i - 1);
}

uint32_t orders_against(const struct core *core, const struct order *o, uint32_t index, usec at,
                        uint32_t as_if, uint32_t *found, uint32_t most) {
  struct against a = {core, o, index, as_if, at};
  struct kept kept = {found, 0, most};
  struct linked linked;
  linked_of(core, o->person, &linked);
  for (uint32_t k = 0; k < linked.n; k++)
    look_through(&a, core->custody[linked.persons[k]].orders, &kept);
  /* A class is not looked through person by person: its orders are met by those that move. */
  for (uint32_t c = 0; order_does(o->kind) == ORDER_MOVES && c < core->head.n_classes; c++)
    if (core->classes[c].orders_on && membership_of(core, &linked, c) != MEMBERSHIP_NON_MEMBER)
      look_through(&a, core->classes[c].orders_on, &kept);
  return kept.n;
}

void tell_conflicts(struct deciding *d, const struct order *o, uint32_t index, uint32_t as_if) {
  uint32_t found[conflicts_told_most];
  uint32_t n = orders_against(d->core, o, index, d->command->at, as_if, found, conflicts_told_most);
  if (!n)
    return;
  struct ev_order_conflicts *e = &deciding_alarm(d, EVENT_ORDER_CONFLICTS)->u.order_conflicts;
  *e = (struct ev_order_conflicts){.order = o->id, .person = o->person};
  for (uint32_t i = 0; i < n; i++)
    e->others.at[e->others.n++] = ref_to(REF_ORDER, found[i]);
}

/* It is told: that they contradict each other follows from the rows. */
void apply_order_conflicts(struct core *core, const struct event *e) {
  (void)core;
  (void)e;
}
