/* model_custody.c: docs/custody.md, written down once more. The model keeps the entries about
 * custody as they came, and whatever is asked is found by reading them all again. */
#include "sim/model_state.h"

#include <string.h>

/* --- Reading the entries --- */

/* The index-th of this type; they are there when something names one. */
static const struct event *nth(const struct model *m, enum event_type type, uint32_t index) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody_types[i] == type && index-- == 0)
      return &m->custody[i];
  SP_ASSERT(false);
  return NULL;
}

uint32_t m_count_custody(const struct model *m, enum event_type type) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_custody; i++)
    n += m->custody_types[i] == type;
  return n;
}

const struct ev_order_recorded *m_order(const struct model *m, uint32_t order) {
  return &nth(m, EVENT_ORDER_RECORDED, order)->u.order_recorded;
}

const struct ev_place_added *m_place(const struct model *m, uint32_t place) {
  return &nth(m, EVENT_PLACE_ADDED, place)->u.place_added;
}

const struct ev_basis_added *m_basis(const struct model *m, uint32_t basis) {
  return &nth(m, EVENT_BASIS_ADDED, basis)->u.basis_added;
}

const struct ev_class_added *m_class(const struct model *m, uint32_t class) {
  return &nth(m, EVENT_CLASS_ADDED, class)->u.class_added;
}

const struct ev_authority_added *m_authority(const struct model *m, uint32_t authority) {
  return &nth(m, EVENT_AUTHORITY_ADDED, authority)->u.authority_added;
}

static uint32_t order_of(const struct event *e) {
  return e->type == EVENT_ORDER_AUTHENTICATED ? e->u.order_authenticated.order
         : e->type == EVENT_ORDER_WRITTEN     ? e->u.order_written.order
                                              : e->u.order_ref.order;
}

bool m_order_was(const struct model *m, enum event_type type, uint32_t order) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody_types[i] == type && order_of(&m->custody[i]) == order)
      return true;
  return false;
}

uint32_t m_authenticator(const struct model *m, uint32_t order) {
  uint32_t by = REF_ABSENT;
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody_types[i] == EVENT_ORDER_AUTHENTICATED &&
        m->custody[i].u.order_authenticated.order == order)
      by = m->custody[i].u.order_authenticated.by;
  return by;
}

/* --- What kinds do --- */

enum does { HOLDS, MOVES, FORBIDS, ENDS, INFORMS };
enum { PERSON_ONLY = 1, OR_CLASS = 2, OR_BASIS = 4 };
static const struct {
  enum does does;
  unsigned about;
} kinds[ORDER_KIND_COUNT] = {
    [ORDER_COMMITMENT] = {HOLDS, PERSON_ONLY},
    [ORDER_REMAND] = {HOLDS, PERSON_ONLY},
    [ORDER_SENTENCE] = {HOLDS, PERSON_ONLY},
    [ORDER_DETENTION_WARRANT] = {HOLDS, PERSON_ONLY},
    [ORDER_TRANSFER] = {MOVES, PERSON_ONLY},
    [ORDER_PRODUCTION] = {MOVES, PERSON_ONLY},
    [ORDER_REMOVAL] = {MOVES, PERSON_ONLY},
    [ORDER_MEDICAL] = {MOVES, PERSON_ONLY},
    [ORDER_RELEASE] = {MOVES, PERSON_ONLY},
    [ORDER_STAY] = {FORBIDS, PERSON_ONLY | OR_CLASS},
    [ORDER_INJUNCTION] = {FORBIDS, PERSON_ONLY | OR_CLASS | OR_BASIS},
    [ORDER_WITHHOLDING] = {FORBIDS, PERSON_ONLY},
    [ORDER_DEFERRAL] = {FORBIDS, PERSON_ONLY},
    [ORDER_NO_TRANSFER] = {FORBIDS, PERSON_ONLY | OR_CLASS},
    [ORDER_KEEP_SEPARATE] = {FORBIDS, PERSON_ONLY},
    [ORDER_VACATUR] = {ENDS, 0},
    [ORDER_DETAINER] = {INFORMS, PERSON_ONLY},
    [ORDER_NOTIFICATION] = {INFORMS, PERSON_ONLY},
};

bool m_kind_holds(uint32_t kind) {
  return kinds[kind].does == HOLDS;
}

/* --- In force? --- */

static bool took_effect(const struct model *m, uint32_t order, usec at);

static bool is_ended(const struct model *m, uint32_t order, usec at) {
  uint32_t n = m_count_custody(m, EVENT_ORDER_RECORDED);
  for (uint32_t i = order + 1; i < n; i++)
    if (m_order(m, i)->ends == order && took_effect(m, i, at))
      return true;
  return false;
}

static bool took_effect(const struct model *m, uint32_t order, usec at) {
  return m_order_was(m, EVENT_ORDER_AUTHENTICATED, order) &&
         !m_order_was(m, EVENT_ORDER_REFUTED, order) &&
         !m_order_was(m, EVENT_ORDER_RECALLED, order) &&
         m_second(at) >= m_dates(m_order(m, order)->effective, TIME_ABSENT).from_s &&
         !is_ended(m, order, at);
}

/* The one recorded last; REF_ABSENT: none. */
static uint32_t suspends_version(const struct model *m, uint32_t basis, usec at) {
  for (uint32_t i = m_count_custody(m, EVENT_ORDER_RECORDED); i-- > 0;) {
    struct reason_on unused;
    if (m_order(m, i)->on_basis == basis && m_in_force(m, i, at, &unused))
      return i;
  }
  return REF_ABSENT;
}

/* It, or a version before it: the latest of those that are suspended. */
static uint32_t suspends(const struct model *m, uint32_t basis, usec at) {
  uint32_t by = REF_ABSENT;
  for (; basis != REF_ABSENT && by == REF_ABSENT; basis = m_basis(m, basis)->replaces)
    by = suspends_version(m, basis, at);
  return by;
}

static bool is_repealed(const struct model *m, uint32_t basis, usec at) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_BASIS_REPEALED && m->custody[i].u.basis_ref.basis == basis &&
        m_second(at) >= m_second(m->custody[i].at))
      return true;
  return false;
}

bool m_basis_bears(const struct model *m, uint32_t basis, usec at, struct reason_on *why) {
  const struct ev_basis_added *b = m_basis(m, basis);
  uint32_t by = suspends(m, basis, at);
  if (by != REF_ABSENT) {
    *why = (struct reason_on){REASON_BASIS_SUSPENDED, {REF_ORDER, by}};
    return false;
  }
  bool repealed = is_repealed(m, basis, at);
  *why = (struct reason_on){b->agreement ? REASON_AGREEMENT_NOT_IN_FORCE
                            : repealed   ? REASON_BASIS_REPEALED
                                         : REASON_BASIS_NOT_IN_FORCE,
                            {REF_BASIS, basis}};
  return !repealed && m_valid(m_dates(b->from, b->until), at);
}

bool m_in_force(const struct model *m, uint32_t order, usec at, struct reason_on *why) {
  const struct ev_order_recorded *o = m_order(m, order);
  struct m_dates dates = m_dates(o->effective, o->expires);
  enum does does = kinds[o->kind].does;
  *why = (struct reason_on){REASON_COUNT, {REF_ORDER, order}};
  if (m_order_was(m, EVENT_ORDER_REFUTED, order))
    why->code = REASON_UNAUTHENTICATED;
  else if (m_order_was(m, EVENT_ORDER_RECALLED, order))
    why->code = REASON_RECALLED;
  else if (is_ended(m, order, at))
    why->code = REASON_SUPERSEDED;
  else if (does != FORBIDS && !m_order_was(m, EVENT_ORDER_AUTHENTICATED, order))
    why->code = REASON_UNAUTHENTICATED;
  else if (m_second(at) < dates.from_s)
    why->code = REASON_NOT_YET;
  else if (m_second(at) >= dates.until_s)
    why->code = REASON_EXPIRED;
  else
    return (does != HOLDS && does != MOVES) || m_basis_bears(m, o->basis, at, why);
  return false;
}

/* --- Persons --- */

bool m_is_booked(const struct model *m, uint32_t person) {
  return m_case(m, person).booked;
}

bool m_is_marked(const struct model *m, uint32_t person, uint32_t mark) {
  bool is = false;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if ((e->type == EVENT_MARK_SET || e->type == EVENT_MARK_CLEARED) &&
        e->u.mark.person == person && e->u.mark.mark == mark)
      is = e->type == EVENT_MARK_SET;
  }
  return is;
}

/* What was said last of the two. */
bool m_is_candidate(const struct model *m, uint32_t a, uint32_t b) {
  bool is = false;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    const struct ev_link *l = &e->u.link;
    if ((e->type == EVENT_LINK_RECORDED || e->type == EVENT_LINK_DISMISSED) &&
        ((l->person == a && l->other == b) || (l->person == b && l->other == a)))
      is = e->type == EVENT_LINK_RECORDED;
  }
  return is;
}

/* Everybody is looked at until a round finds nobody new. Their number, and who. */
uint32_t m_linked(const struct model *m, uint32_t person, bool *in) {
  uint32_t n = 1;
  memset(in, 0, m->n_persons);
  in[person] = true;
  for (bool found = true; found;) {
    found = false;
    for (uint32_t i = 0; i < m->n_custody; i++) {
      const struct event *e = &m->custody[i];
      const struct ev_link *l = &e->u.link;
      if (e->type == EVENT_LINK_RECORDED && in[l->person] != in[l->other] &&
          m_is_candidate(m, l->person, l->other)) {
        in[l->person] = in[l->other] = found = true;
        n++;
      }
    }
    for (uint32_t p = 0; p < m->n_persons; p++) {
      uint32_t into = m->persons[p].merged_into;
      if (into != REF_ABSENT && in[p] != in[into]) {
        in[p] = in[into] = found = true;
        n++;
      }
    }
  }
  return n;
}

/* At most 16 hang together. */
bool m_may_link(const struct model *m, uint32_t a, uint32_t b) {
  bool *in = sp_alloc(m->n_persons, sizeof *in);
  if (!in)
    return true;
  uint32_t n = m_linked(m, a, in);
  bool together = in[b];
  if (!together)
    n += m_linked(m, b, in);
  sp_free(in);
  return together || n <= 16;
}

bool m_place_is_site(const struct model *m, uint32_t place) {
  return strcmp(m_place(m, place)->place.s, m->plan->name.s) == 0;
}

static bool order_holds(const struct model *m, uint32_t order, usec at, struct reason_on *why) {
  const struct ev_order_recorded *o = m_order(m, order);
  if (!m_in_force(m, order, at, why))
    return false;
  *why = (struct reason_on){REASON_WRONG_SITE, {REF_ORDER, order}};
  return o->from == REF_ABSENT || m_place_is_site(m, o->from);
}

/* Looks through the orders of one registration, the newest first. */
static bool held_as(const struct model *m, uint32_t person, usec at, uint32_t *order,
                    struct reasons *found) {
  for (uint32_t i = m_count_custody(m, EVENT_ORDER_RECORDED); i-- > 0;) {
    struct reason_on why;
    if (m_order(m, i)->person != person || kinds[m_order(m, i)->kind].does != HOLDS)
      continue;
    *order = i;
    if (order_holds(m, i, at, &why))
      return true;
    if (found->n < 3)
      found->at[found->n++] = why;
  }
  return false;
}

/* Is this, of all merges of the person, the one that still stands? */
bool m_merge_stands(const struct model *m, uint32_t merge) {
  uint32_t person = m->custody[merge].u.person_merged.person;
  for (uint32_t i = merge + 1; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_PERSON_UNMERGED && m->custody[i].u.person_ref.person == person)
      return false;
  return true;
}

bool m_is_held(const struct model *m, uint32_t person, usec at, uint32_t *order,
               struct reasons *why_not) {
  struct reasons found = {0};
  bool held = held_as(m, person, at, order, &found);
  for (uint32_t i = m->n_custody; i-- > 0 && !held;)
    if (m->custody[i].type == EVENT_PERSON_MERGED && m->custody[i].u.person_merged.into == person &&
        m_merge_stands(m, i))
      held = held_as(m, m->custody[i].u.person_merged.person, at, order, &found);
  for (uint32_t i = 0; i < found.n && !held; i++)
    m_add_reason(why_not, found.at[i].code, found.at[i].on.kind, found.at[i].on.index);
  return held;
}

bool m_may_come_in(const struct model *m, uint32_t person, usec at, uint32_t *order,
                   struct reasons *why_not) {
  uint32_t before = why_not->n;
  if (!m_is_booked(m, person))
    m_add_reason(why_not, REASON_NO_BOOKING, REF_PERSON, person);
  if (!m_is_held(m, person, at, order, why_not))
    m_add_reason(why_not, REASON_NO_BASIS_TO_HOLD, REF_PERSON, person);
  return why_not->n == before;
}

uint32_t m_keeps_apart(const struct model *m, uint32_t a, uint32_t b, usec at) {
  /* Silent: of several, one about the first of the two, and of those the newest. */
  for (int turn = 0; turn < 2; turn++)
    for (uint32_t i = m_count_custody(m, EVENT_ORDER_RECORDED); i-- > 0;) {
      const struct ev_order_recorded *o = m_order(m, i);
      struct reason_on unused;
      if (o->kind == ORDER_KEEP_SEPARATE && o->person == (turn ? b : a) &&
          o->other == (turn ? a : b) && m_in_force(m, i, at, &unused))
        return i;
    }
  return REF_ABSENT;
}

/* --- Naming things --- */

static bool name_is_free(const struct asked *a, enum event_type type, enum ref_kind kind,
                         const struct slug *name) {
  uint32_t index = 0;
  for (uint32_t i = 0; i < a->m->n_custody; i++) {
    const struct event *e = &a->m->custody[i];
    if (e->type != type)
      continue;
    const struct slug *have = type == EVENT_AUTHORITY_ADDED ? &e->u.authority_added.authority
                              : type == EVENT_PLACE_ADDED   ? &e->u.place_added.place
                              : type == EVENT_BASIS_ADDED   ? &e->u.basis_added.basis
                                                            : &e->u.class_added.class;
    if (strcmp(have->s, name->s) == 0) {
      m_reject(a, REASON_EXISTS, kind, index);
      return false;
    }
    index++;
  }
  return true;
}

static void add_authority(const struct asked *a) {
  const struct cmd_authority_add *c = &a->c->u.authority_add;
  if (name_is_free(a, EVENT_AUTHORITY_ADDED, REF_AUTHORITY, &c->authority))
    m_expect(a, EVENT_AUTHORITY_ADDED)->u.authority_added =
        (struct ev_authority_added){c->authority, c->above};
}

static void add_place(const struct asked *a) {
  const struct cmd_place_add *c = &a->c->u.place_add;
  if (name_is_free(a, EVENT_PLACE_ADDED, REF_PLACE, &c->place))
    m_expect(a, EVENT_PLACE_ADDED)->u.place_added = (struct ev_place_added){c->place, c->country};
}

static uint32_t versions(const struct model *m, uint32_t basis) {
  return basis == REF_ABSENT ? 0 : 1 + versions(m, m_basis(m, basis)->replaces);
}

static void add_basis(const struct asked *a) {
  const struct cmd_basis_add *c = &a->c->u.basis_add;
  bool somewhere = c->country != REF_ABSENT || c->place != REF_ABSENT;
  if (!name_is_free(a, EVENT_BASIS_ADDED, REF_BASIS, &c->basis))
    return;
  if (c->agreement ? !somewhere : somewhere || c->places)
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  else if (versions(a->m, c->replaces) >= 32)
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else if (!m_bad_dates(a, c->from, c->until))
    m_expect(a, EVENT_BASIS_ADDED)->u.basis_added = (struct ev_basis_added){
        c->basis, c->agreement, c->country, c->place, c->places, c->replaces, c->from, c->until};
}

static void repeal(const struct asked *a) {
  uint32_t basis = a->c->u.basis_ref.basis;
  for (uint32_t i = 0; i < a->m->n_custody; i++)
    if (a->m->custody[i].type == EVENT_BASIS_REPEALED &&
        a->m->custody[i].u.basis_ref.basis == basis) {
      m_reject(a, REASON_ALREADY_SO, REF_BASIS, basis);
      return;
    }
  m_expect(a, EVENT_BASIS_REPEALED)->u.basis_ref.basis = basis;
}

static void add_class(const struct asked *a) {
  const struct cmd_class_add *c = &a->c->u.class_add;
  if (name_is_free(a, EVENT_CLASS_ADDED, REF_CLASS, &c->class))
    m_expect(a, EVENT_CLASS_ADDED)->u.class_added = (struct ev_class_added){c->class, c->unlisted};
}

/* Who was put in or out; REF_ABSENT: nobody did. */
uint32_t m_membership(const struct model *m, uint32_t class, uint32_t person) {
  uint32_t is = REF_ABSENT;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_CLASS_ASSIGNED && e->u.class_assigned.class == class &&
        e->u.class_assigned.person == person)
      is = e->u.class_assigned.membership;
  }
  return is;
}

static void assign(const struct asked *a) {
  const struct cmd_class_member *c = &a->c->u.class_member;
  uint32_t to = a->c->type == COMMAND_CLASS_INCLUDE ? MEMBERSHIP_MEMBER
                : a->c->type == COMMAND_CLASS_DOUBT ? MEMBERSHIP_UNCERTAIN
                                                    : MEMBERSHIP_NON_MEMBER;
  if (m_membership(a->m, c->class, c->person) == to)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else
    m_expect(a, EVENT_CLASS_ASSIGNED)->u.class_assigned =
        (struct ev_class_assigned){c->class, c->person, to};
}

/* --- Orders --- */

static bool complete(const struct cmd_order_record *r) {
  enum does does = kinds[r->kind].does;
  unsigned may = kinds[r->kind].about, about = 0;
  uint32_t subjects = 0;
  if (r->person != REF_ABSENT)
    about |= PERSON_ONLY, subjects++;
  if (r->class != REF_ABSENT)
    about |= OR_CLASS, subjects++;
  if (r->on_basis != REF_ABSENT)
    about |= OR_BASIS, subjects++;
  if (subjects != (may ? 1 : 0) || about & ~may)
    return false;
  for (uint32_t i = 0; i < r->countries.n; i++)
    if (r->countries.at[i].kind != REF_COUNTRY)
      return false;
  if ((r->kind == ORDER_WITHHOLDING || r->kind == ORDER_DEFERRAL) && !r->countries.n)
    return false;
  if ((r->basis == REF_ABSENT) == (does == HOLDS || does == MOVES))
    return false;
  if (does == ENDS && r->ends == REF_ABSENT)
    return false;
  if ((r->other != REF_ABSENT) != (r->kind == ORDER_KEEP_SEPARATE))
    return false;
  return !r->movements ||
         (does == FORBIDS && r->on_basis == REF_ABSENT && r->kind != ORDER_KEEP_SEPARATE);
}

static bool stands_above(const struct model *m, uint32_t authority, uint32_t other) {
  while (other != REF_ABSENT && other != authority)
    other = nth(m, EVENT_AUTHORITY_ADDED, other)->u.authority_added.above;
  return other == authority;
}

/* How many orders it ends, one through the other. */
static uint32_t chain_of(const struct model *m, uint32_t order) {
  uint32_t n = 0;
  while ((order = m_order(m, order)->ends) != REF_ABSENT)
    n++;
  return n;
}

static bool find_custody_id(const struct model *m, enum event_type type, struct id id,
                            uint32_t *index) {
  *index = 0;
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type != type)
      continue;
    if (m_same_id(type == EVENT_ORDER_RECORDED ? e->u.order_recorded.order
                                               : e->u.booking_opened.booking,
                  id))
      return true;
    ++*index;
  }
  return false;
}

static void record(const struct asked *a) {
  const struct cmd_order_record *c = &a->c->u.order_record;
  const struct model *m = a->m;
  uint32_t there;
  if (find_custody_id(m, EVENT_ORDER_RECORDED, c->order, &there)) {
    m_reject(a, REASON_EXISTS, REF_ORDER, there);
  } else if (!complete(c) ||
             (c->kept && memcmp(&c->document, &(struct hash){{0}}, sizeof c->document) == 0)) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  } else if (c->kind == ORDER_KEEP_SEPARATE && c->other == c->person) {
    m_reject(a, REASON_SELF, REF_PERSON, c->person);
  } else if (c->ends != REF_ABSENT && chain_of(m, c->ends) >= 32) {
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  } else if (c->ends != REF_ABSENT && !stands_above(m, c->issuer, m_order(m, c->ends)->issuer)) {
    m_reject(a, REASON_NOT_THE_ISSUER, REF_ORDER, c->ends);
  } else if (!m_bad_dates(a, c->effective, c->expires) && !m_bad_dates(a, TIME_ABSENT, c->due)) {
    struct ev_order_recorded *e = &m_expect(a, EVENT_ORDER_RECORDED)->u.order_recorded;
    *e = (struct ev_order_recorded){.order = c->order, .kind = c->kind, .issuer = c->issuer};
    e->number = m_number(m_count_custody(m, EVENT_ORDER_RECORDED));
    e->person = c->person;
    e->other = c->other;
    e->class = c->class;
    e->on_basis = c->on_basis;
    e->basis = c->basis;
    e->from = c->from;
    e->to = c->to;
    e->ends = c->ends;
    e->movements = c->movements;
    e->countries = c->countries;
    e->effective = c->effective;
    e->expires = c->expires;
    e->due = c->due;
    e->oral = c->oral;
    e->sealed = c->sealed;
    e->document = c->document;
    e->kept = c->kept;
    e->recorder = a->c->by.index;
    if (c->kind == ORDER_KEEP_SEPARATE && !m_separate(m, c->person, c->other))
      m_expect(a, EVENT_SEPARATION_ADDED)->u.separation =
          (struct ev_separation){c->person, c->other};
    m_tell_conflicts(a, m_count_custody(m, EVENT_ORDER_RECORDED));
  }
}

void m_refuse(const struct asked *a, enum reason reason, enum ref_kind kind, uint32_t index) {
  a->o->verdict = VERDICT_REFUSED;
  m_add_reason(&a->o->reasons, reason, kind, index);
  m_expect(a, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = a->o->reasons;
}

static void authenticate(const struct asked *a) {
  uint32_t order = a->c->u.order_ref.order, by = a->c->by.index;
  const struct model *m = a->m;
  uint32_t recorder = m_order(m, order)->recorder;
  bool two = m->plan->rules.second_operator;
  uint32_t before = m_authenticator(m, order);
  if (before != REF_ABSENT && m->operators[before].compromised_s == INT64_MAX)
    m_reject(a, REASON_ALREADY_SO, REF_ORDER, order);
  else if (m_order_was(m, EVENT_ORDER_REFUTED, order) ||
           m_order_was(m, EVENT_ORDER_RECALLED, order))
    m_reject(a, REASON_WRONG_STATE, REF_ORDER, order);
  else if (two && by == recorder)
    m_refuse(a, REASON_SAME_OPERATOR, REF_OPERATOR, by);
  else if (two && m->operators[by].role == m->operators[recorder].role)
    m_refuse(a, REASON_SAME_ROLE, REF_OPERATOR, by);
  else {
    m_expect(a, EVENT_ORDER_AUTHENTICATED)->u.order_authenticated =
        (struct ev_order_authenticated){order, by};
    m_tell_conflicts(a, order);
  }
}

static void write_down(const struct asked *a) {
  const struct cmd_order_write *c = &a->c->u.order_write;
  if (!m_order(a->m, c->order)->oral) {
    m_reject(a, REASON_WRONG_STATE, REF_ORDER, c->order);
  } else if (m_order_was(a->m, EVENT_ORDER_WRITTEN, c->order)) {
    m_reject(a, REASON_ALREADY_SO, REF_ORDER, c->order);
  } else {
    m_expect(a, EVENT_ORDER_WRITTEN)->u.order_written =
        (struct ev_order_written){c->order, m_order(a->m, c->order)->person, c->document, c->kept};
    if (c->differs)
      m_expect_alarm(a, EVENT_ORDER_DIFFERS)->u.order_written =
          (struct ev_order_written){c->order, m_order(a->m, c->order)->person, c->document, false};
  }
}

static void take_back(const struct asked *a) {
  uint32_t order = a->c->u.order_ref.order;
  if (m_order_was(a->m, EVENT_ORDER_RECALLED, order))
    m_reject(a, REASON_ALREADY_SO, REF_ORDER, order);
  else if (kinds[m_order(a->m, order)->kind].does == FORBIDS)
    m_refuse(a, REASON_STAYED, REF_ORDER, order);
  else if (m_order_was(a->m, EVENT_ORDER_REFUTED, order))
    m_reject(a, REASON_WRONG_STATE, REF_ORDER, order);
  else
    m_expect(a, EVENT_ORDER_RECALLED)->u.order_ref.order = order;
}

static void refute(const struct asked *a) {
  uint32_t order = a->c->u.order_ref.order;
  if (m_order_was(a->m, EVENT_ORDER_REFUTED, order))
    m_reject(a, REASON_ALREADY_SO, REF_ORDER, order);
  else if (m_order_was(a->m, EVENT_ORDER_RECALLED, order) ||
           m_order_was(a->m, EVENT_ORDER_AUTHENTICATED, order))
    m_reject(a, REASON_WRONG_STATE, REF_ORDER, order);
  else
    m_expect_alarm(a, EVENT_ORDER_REFUTED)->u.order_ref.order = order;
}

/* --- Bookings, marks, links --- */

static void book(const struct asked *a) {
  const struct cmd_booking_open *c = &a->c->u.booking_open;
  const struct model *m = a->m;
  const struct ev_order_recorded *o = m_order(m, c->order);
  const struct m_person *p = &m->persons[c->person];
  struct reasons found = {0};
  struct reason_on why;
  uint32_t there;
  if (find_custody_id(m, EVENT_BOOKING_OPENED, c->booking, &there)) {
    m_reject(a, REASON_EXISTS, REF_BOOKING, there);
    return;
  }
  if (p->kind != PERSON_DETAINEE || p->state != PERSON_PRESENT) {
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
    return;
  }
  if (m_reject_dead(a, c->person))
    return;
  if (m_is_booked(m, c->person)) {
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
    return;
  }
  if (!m_register_sound(c->recorded, c->outstanding)) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
    return;
  }
  uint32_t missing = m_register_lacks(c->recorded);
  bool theirs = o->person == c->person ||
                (o->person != REF_ABSENT && m->persons[o->person].merged_into == c->person);
  bool holds = kinds[o->kind].does == HOLDS;
  if (holds && !order_holds(m, c->order, a->c->at, &why)) {
    m_add_reason(&found, why.code, why.on.kind, why.on.index);
    holds = false;
  }
  if (!theirs)
    m_add_reason(&found, REASON_WRONG_PERSON, REF_ORDER, c->order);
  if (holds && theirs && !missing) {
    m_expect(a, EVENT_BOOKING_OPENED)->u.booking_opened =
        (struct ev_booking_opened){c->booking,  m_number(m_count_custody(m, EVENT_BOOKING_OPENED)),
                                   c->person,   c->order,
                                   c->recorded, c->outstanding};
    return;
  }
  if (!holds || !theirs)
    m_add_reason(&found, REASON_NO_BASIS_TO_HOLD, REF_PERSON, c->person);
  if (missing)
    m_add_reason(&found, REASON_REGISTER_INCOMPLETE, REF_PERSON, c->person);
  a->o->verdict = VERDICT_REFUSED;
  a->o->reasons = found;
  m_expect(a, EVENT_BOOKING_REFUSED)->u.booking_refused =
      (struct ev_booking_refused){c->person, c->order, missing, found};
}

static void mark(const struct asked *a) {
  const struct cmd_mark *c = &a->c->u.mark;
  bool set = a->c->type == COMMAND_MARK_SET;
  if (m_is_marked(a->m, c->person, c->mark) == set)
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else
    m_expect(a, set ? EVENT_MARK_SET : EVENT_MARK_CLEARED)->u.mark =
        (struct ev_mark){c->person, c->mark};
}

static void link_two(const struct asked *a) {
  const struct cmd_link *c = &a->c->u.link;
  if (c->person == c->other)
    m_reject(a, REASON_SELF, REF_PERSON, c->person);
  else if (m_is_candidate(a->m, c->person, c->other))
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else if (!m_may_link(a->m, c->person, c->other))
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  else
    m_expect(a, EVENT_LINK_RECORDED)->u.link = (struct ev_link){c->person, c->other};
}

static void unlink_two(const struct asked *a) {
  const struct cmd_link *c = &a->c->u.link;
  if (!m_is_candidate(a->m, c->person, c->other))
    m_reject(a, REASON_ALREADY_SO, REF_PERSON, c->person);
  else
    m_expect(a, EVENT_LINK_DISMISSED)->u.link = (struct ev_link){c->person, c->other};
}

bool m_decide_custody(const struct asked *a) {
  static void (*const rules[COMMAND_COUNT])(const struct asked *) = {
      [COMMAND_AUTHORITY_ADD] = add_authority,
      [COMMAND_PLACE_ADD] = add_place,
      [COMMAND_BASIS_ADD] = add_basis,
      [COMMAND_BASIS_REPEAL] = repeal,
      [COMMAND_AGREEMENT_COMMIT] = m_move_funds,
      [COMMAND_AGREEMENT_PAY] = m_move_funds,
      [COMMAND_CLASS_ADD] = add_class,
      [COMMAND_CLASS_INCLUDE] = assign,
      [COMMAND_CLASS_DOUBT] = assign,
      [COMMAND_CLASS_EXCLUDE] = assign,
      [COMMAND_ORDER_RECORD] = record,
      [COMMAND_ORDER_AUTHENTICATE] = authenticate,
      [COMMAND_ORDER_WRITE] = write_down,
      [COMMAND_ORDER_RECALL] = take_back,
      [COMMAND_ORDER_REFUTE] = refute,
      [COMMAND_BOOKING_OPEN] = book,
      [COMMAND_BOOKING_SUPPLEMENT] = m_supplement,
      [COMMAND_MARK_SET] = mark,
      [COMMAND_MARK_CLEAR] = mark,
      [COMMAND_LINK_RECORD] = link_two,
      [COMMAND_LINK_DISMISS] = unlink_two,
  };
  if (!rules[a->c->type])
    return m_decide_assessment(a);
  rules[a->c->type](a);
  return true;
}

static bool comes_in(const struct model *m, uint32_t person, uint32_t to) {
  return m->persons[person].kind == PERSON_DETAINEE && m->persons[person].area == area_outside &&
         to != area_outside;
}

/* What it keeps: every entry about custody, of merges, of detainees who come in, and of plans,
 * which say how long things may take. */
bool m_is_custody(const struct model *m, const struct event *e) {
  if (e->type == EVENT_PASSAGE_TAKEN)
    return m_has_visit(m, e->u.passage_ended.person) ||
           comes_in(m, e->u.passage_ended.person, e->u.passage_ended.to);
  if (e->type == EVENT_PERSON_LOCATED)
    return m_has_visit(m, e->u.person_located.person);
  if (e->type == EVENT_PASSAGE_GRANTED)
    return e->u.passage_granted.taken &&
           (m_has_visit(m, e->u.passage_granted.person) ||
            comes_in(m, e->u.passage_granted.person, e->u.passage_granted.to));
  return (e->type >= EVENT_AUTHORITY_ADDED && e->type <= EVENT_DEADLINE_PASSED) ||
         e->type == EVENT_VISIT_OPENED || e->type == EVENT_VISIT_CLOSED ||
         e->type == EVENT_PERSON_MERGED || e->type == EVENT_PERSON_UNMERGED ||
         e->type == EVENT_PLAN_APPLIED;
}
