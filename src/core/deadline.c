/* deadline.c: deadlines of custody; see deadline.h. */
#include "core/deadline.h"

#include "core/assessment.h"
#include "core/custody_int.h"

#define X(NAME, text) text,
const char *const deadline_names[] = {DEADLINE_LIST(X) NULL};
#undef X
const char *const recall_answer_names[] = {"returning", "held_there", "out_of_reach", NULL};

/* Of a person or an order: the next that passes. */
struct pending {
  uint32_t at_s; /* UINT32_MAX: none */
  uint32_t kind; /* enum deadline; DEADLINE_COUNT: a recall */
  uint32_t order, movement, hearing, visit;
  uint32_t assessment; /* index + 1 */
};

static void sooner(struct pending *p, uint32_t at_s, uint32_t kind, uint32_t order,
                   uint32_t movement) {
  if (at_s < p->at_s)
    *p = (struct pending){at_s, kind, order, movement, REF_ABSENT, REF_ABSENT, 0};
}

/* No such instant lies behind the last second that a date can name. */
static uint32_t later(uint32_t s, uint32_t by) {
  return s >= UINT32_MAX - by ? UINT32_MAX : s + by;
}

static usec instant(uint32_t s) {
  return (usec)s * USEC_PER_S;
}

/* --- When may the answer to a question change? --- */

struct dates { /* the first date after `after` */
  const struct core *core;
  uint32_t after, next;
};

static void see(struct dates *d, uint32_t s) {
  if (s > d->after && s < d->next)
    d->next = s;
}

/* Its own dates, and those of what ends it. */
static void see_order(struct dates *d, uint32_t order) {
  const struct order *o = &d->core->orders[order];
  see(d, o->from_s);
  see(d, o->until_s);
  for (uint32_t i = o->enders; i; i = d->core->orders[i - 1].next_ender)
    see_order(d, i - 1);
}

/* And those of what suspends it, or a version before it. */
static void see_basis(struct dates *d, uint32_t basis) {
  const struct basis *bases = d->core->bases;
  see(d, bases[basis].from_s);
  see(d, bases[basis].until_s);
  see(d, bases[basis].repealed_s);
  for (uint32_t b = basis; b != REF_ABSENT; b = bases[b].replaces)
    for (uint32_t i = bases[b].orders_on; i; i = d->core->orders[i - 1].next)
      see_order(d, i - 1);
}

/* All dates that bear on what may be done with the person: UINT32_MAX: none comes any more. */
static uint32_t next_change(const struct core *core, uint32_t person, uint32_t after) {
  struct dates d = {core, after, UINT32_MAX};
  const struct member *r = active_member(core, person);
  struct linked linked;
  linked_of(core, person, &linked);
  for (uint32_t k = 0; k < linked.n; k++)
    for (uint32_t i = core->custody[linked.persons[k]].orders; i; i = core->orders[i - 1].next) {
      see_order(&d, i - 1);
      if (core->orders[i - 1].basis != REF_ABSENT)
        see_basis(&d, core->orders[i - 1].basis);
    }
  for (uint32_t c = 0; r && c < core->head.n_classes; c++)
    for (uint32_t i = core->classes[c].orders_on; i; i = core->orders[i - 1].next)
      see_order(&d, i - 1);
  if (r && core->movements[r->movement].agreement != REF_ABSENT)
    see_basis(&d, core->movements[r->movement].agreement);
  /* The order cited may be another's, and is then told so. */
  if (r && r->order != REF_ABSENT) {
    see_order(&d, r->order);
    if (core->orders[r->order].basis != REF_ABSENT)
      see_basis(&d, core->orders[r->order].basis);
  }
  return d.next;
}

/* The first second from this one on at which it is so. */
typedef bool condition(const struct core *core, uint32_t person, uint32_t order, usec at);

static uint32_t first_second(const struct core *core, uint32_t person, uint32_t order,
                             uint32_t from_s, condition *is_so) {
  uint32_t s = from_s;
  while (s != UINT32_MAX && !is_so(core, person, order, instant(s)))
    s = next_change(core, person, s);
  return s;
}

static bool is_not_held(const struct core *core, uint32_t person, uint32_t order, usec at) {
  struct reasons unused = {0};
  uint32_t by;
  (void)order;
  return !held_at(core, person, at, &by, &unused);
}

static bool is_in_force(const struct core *core, uint32_t person, uint32_t order, usec at) {
  (void)person;
  return order_status_at(core, order, at) == ORDER_STATUS_IN_FORCE;
}

static void ask_under_way(const struct core *core, const struct member *r, usec at,
                          struct reasons *found) {
  struct question q = {r->movement, r->person, r->order, core->movements[r->movement].to, at};
  struct refs unused;
  permitted(core, &q, found, &unused);
}

static bool may_not_go_on(const struct core *core, uint32_t person, uint32_t order, usec at) {
  struct reasons found = {0};
  (void)order;
  ask_under_way(core, active_member(core, person), at, &found);
  return found.n != 0;
}

/* --- What runs --- */

static bool is_under_way(const struct member *r) {
  return r->state == MEMBER_DEPARTED || r->state == MEMBER_ARRIVED;
}

static void pending_of_exception(const struct core *core, const struct member *r,
                                 struct pending *p) {
  const struct movement *m = &core->movements[r->movement];
  if ((is_under_way(r) || r->state == MEMBER_RETURNED) && m->emergency && r->order == REF_ABSENT &&
      !(r->told >> DEADLINE_EXCEPTION_UNWRITTEN & 1))
    sooner(p, later(m->departed_s, core->plan->rules.exception_write_s),
           DEADLINE_EXCEPTION_UNWRITTEN, REF_ABSENT, r->movement);
}

static void pending_of_movement(const struct core *core, const struct member *r,
                                struct pending *p) {
  const struct movement *m = &core->movements[r->movement];
  bool under_way = is_under_way(r);
  if (under_way && r->recalled_s == UINT32_MAX)
    sooner(p, first_second(core, r->person, 0, m->departed_s, may_not_go_on), DEADLINE_COUNT,
           REF_ABSENT, r->movement);
  if (under_way && r->recalled_s != UINT32_MAX && !(r->told >> DEADLINE_RECALL_UNANSWERED & 1))
    sooner(p, later(r->recalled_s, core->plan->rules.recall_answer_s), DEADLINE_RECALL_UNANSWERED,
           REF_ABSENT, r->movement);
  if (under_way && !(r->told >> DEADLINE_RETURN_OVERDUE & 1))
    sooner(p, m->returns_s, DEADLINE_RETURN_OVERDUE, REF_ABSENT, r->movement);
  pending_of_exception(core, r, p);
}

static void pending_of_booking(const struct core *core, uint32_t person, struct pending *p) {
  const struct custody *c = &core->custody[person];
  const struct booking *b = &core->bookings[c->booking - 1];
  if (!b->told)
    sooner(p, first_second(core, person, 0, b->held_since_s, is_not_held), DEADLINE_HOLD_LAPSED,
           REF_ABSENT, REF_ABSENT);
  for (uint32_t i = c->orders; i; i = core->orders[i - 1].next) {
    const struct order *o = &core->orders[i - 1];
    if (o->kind == ORDER_RELEASE && o->due_s != UINT32_MAX &&
        !(o->told >> DEADLINE_RELEASE_OVERDUE & 1))
      sooner(p, first_second(core, person, i - 1, o->due_s, is_in_force), DEADLINE_RELEASE_OVERDUE,
             i - 1, REF_ABSENT);
    if (o->blocked_s != UINT32_MAX && !(o->told >> DEADLINE_RELEASE_BLOCKED & 1))
      sooner(p,
             first_second(core, person, i - 1,
                          later(o->blocked_s, core->plan->rules.release_answer_s), is_in_force),
             DEADLINE_RELEASE_BLOCKED, i - 1, REF_ABSENT);
  }
}

/* Of one who has died the order of an emergency is owed as before, and what has to be found;
 * nothing else that is owed to, or by, one who lives. */
static void pending_of_death(const struct core *core, uint32_t person, const struct death *d,
                             struct pending *p) {
  const struct custody *c = &core->custody[person];
  if (c->member)
    pending_of_exception(core, &core->members[c->member - 1], p);
  if (!death_is_resolved(d) && !d->told)
    sooner(p, later(d->recorded_s, core->plan->rules.death_resolve_s), DEADLINE_DEATH_UNRESOLVED,
           REF_ABSENT, REF_ABSENT);
}

static struct pending pending_of_person(const struct core *core, uint32_t person) {
  struct pending p = {UINT32_MAX, 0, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT, 0};
  const struct custody *c = &core->custody[person];
  const struct death *d = death_of(core, person);
  if (d) {
    pending_of_death(core, person, d, &p);
    return p;
  }
  if (c->member)
    pending_of_movement(core, &core->members[c->member - 1], &p);
  if (is_booked(core, person))
    pending_of_booking(core, person, &p);
  for (uint32_t i = c->hearings; i; i = core->hearings[i - 1].next) {
    const struct hearing *h = &core->hearings[i - 1];
    uint32_t at_s = later(h->at_s, core->plan->rules.hearing_close_s);
    if (h->state == HEARING_SET && !h->told && at_s < p.at_s)
      p = (struct pending){at_s, DEADLINE_HEARING_MISSED, REF_ABSENT, REF_ABSENT, i - 1, REF_ABSENT,
                           0};
  }
  for (uint32_t i = c->assessments; i; i = core->assessments[i - 1].next) {
    uint32_t at_s = assessment_due_s(core, &core->assessments[i - 1]);
    if (at_s < p.at_s)
      p = (struct pending){
          at_s, DEADLINE_ASSESSMENT_UNREVIEWED, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT, i};
  }
  uint32_t visit = REF_ABSENT,
           over_s = c->visits ? visit_overdue(core, person, &visit) : UINT32_MAX;
  if (over_s < p.at_s)
    p = (struct pending){over_s, DEADLINE_VISIT_OVERDUE, REF_ABSENT, REF_ABSENT, REF_ABSENT, visit};
  return p;
}

static struct pending pending_of_order(const struct core *core, uint32_t order) {
  struct pending p = {UINT32_MAX, 0, REF_ABSENT, REF_ABSENT, REF_ABSENT, REF_ABSENT, 0};
  const struct order *o = &core->orders[order];
  if (o->refuted || o->recalled)
    return p;
  if (o->authenticator == REF_ABSENT && !(o->told >> DEADLINE_ORDER_UNCONFIRMED & 1))
    sooner(&p, later(o->recorded_s, core->plan->rules.order_confirm_s), DEADLINE_ORDER_UNCONFIRMED,
           order, REF_ABSENT);
  if (o->kind == ORDER_DETAINER && !(o->told >> DEADLINE_DETAINER_EXPIRED & 1))
    sooner(&p, o->until_s, DEADLINE_DETAINER_EXPIRED, order, REF_ABSENT);
  return p;
}

/* --- The next of all: kept, and looked for anew only when the one that was it is put off --- */

static uint32_t due_of_order(const struct core *core, uint32_t order) {
  return order == REF_ABSENT ? UINT32_MAX : pending_of_order(core, order).at_s;
}

static uint32_t due_of_person(const struct core *core, uint32_t person) {
  return person == REF_ABSENT ? UINT32_MAX : core->custody[person].due_s;
}

static void touch_order(struct core *core, uint32_t order) {
  uint32_t *next = &core->head.due_order, due = due_of_order(core, order);
  if (order == *next) {
    *next = REF_ABSENT;
    for (uint32_t i = 0; i < core->head.n_orders; i++)
      if (due_of_order(core, i) < due_of_order(core, *next))
        *next = i;
  } else if (due < due_of_order(core, *next) ||
             (due == due_of_order(core, *next) && order < *next && due != UINT32_MAX)) {
    *next = order;
  }
}

static void touch_person(struct core *core, uint32_t person) {
  uint32_t *next = &core->head.due_person, was = core->custody[person].due_s;
  uint32_t due = core->custody[person].due_s = pending_of_person(core, person).at_s;
  if (person == *next && due > was) {
    *next = REF_ABSENT;
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      if (core->custody[i].due_s < due_of_person(core, *next))
        *next = i;
  } else if (due < due_of_person(core, *next) ||
             (due == due_of_person(core, *next) && due != UINT32_MAX && person < *next)) {
    *next = person;
  }
}

static void touch_group(struct core *core, uint32_t person) {
  struct linked linked;
  linked_of(core, person, &linked);
  for (uint32_t k = 0; k < linked.n; k++)
    touch_person(core, linked.persons[k]);
}

static void touch_all(struct core *core) {
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    if (core->custody[i].member || is_booked(core, i))
      touch_person(core, i);
}

/* Another plan may give other times, or make another place the site: all is looked for anew. */
static void touch_everything(struct core *core) {
  struct core_head *h = &core->head;
  h->due_person = h->due_order = REF_ABSENT;
  for (uint32_t i = 0; i < h->n_persons; i++) {
    core->custody[i].due_s = pending_of_person(core, i).at_s;
    if (core->custody[i].due_s < due_of_person(core, h->due_person))
      h->due_person = i;
  }
  for (uint32_t i = 0; i < h->n_orders; i++)
    if (due_of_order(core, i) < due_of_order(core, h->due_order))
      h->due_order = i;
}

/* Whom an order bears on: whom it is about, and whom what it ends is about. */
static void touch_subjects(struct core *core, uint32_t order) {
  for (uint32_t i = order; i != REF_ABSENT; i = core->orders[i].ends) {
    const struct order *o = &core->orders[i];
    if (o->class != REF_ABSENT || o->on_basis != REF_ABSENT) {
      touch_all(core);
      return;
    }
    if (o->person != REF_ABSENT)
      touch_group(core, o->person);
  }
}

static void touch_movement(struct core *core, uint32_t movement) {
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next)
    if (core->custody[core->members[i - 1].person].member == i)
      touch_person(core, core->members[i - 1].person);
}

static void touch_order_and_subjects(struct core *core, uint32_t order) {
  touch_order(core, order);
  touch_subjects(core, order);
}

/* Where they are bears on what runs. */
static bool has_clock(const struct core *core, uint32_t person) {
  return core->custody[person].member || core->custody[person].visits;
}

void deadlines_follow(struct core *core, const struct event *e) {
  switch ((int)e->type) {
  case EVENT_PLAN_APPLIED:
    touch_everything(core);
    break;
  case EVENT_ORDER_RECORDED:
    touch_order_and_subjects(core, core->head.n_orders - 1);
    break;
  case EVENT_ORDER_AUTHENTICATED:
    touch_order_and_subjects(core, e->u.order_authenticated.order);
    break;
  case EVENT_ORDER_RECALLED:
  case EVENT_ORDER_REFUTED:
    touch_order_and_subjects(core, e->u.order_ref.order);
    break;
  case EVENT_BASIS_REPEALED:
    touch_all(core);
    break;
  case EVENT_CLASS_ASSIGNED:
    touch_group(core, e->u.class_assigned.person);
    break;
  case EVENT_BOOKING_OPENED:
    touch_person(core, e->u.booking_opened.person);
    break;
  case EVENT_DEATH_RECORDED:
    touch_person(core, e->u.death_recorded.person);
    break;
  case EVENT_DEATH_CAUSE_FOUND:
    touch_person(core, e->u.death_cause_found.person);
    break;
  case EVENT_DEATH_REMAINS_HANDED_OVER:
    touch_person(core, e->u.death_remains_handed_over.person);
    break;
  case EVENT_DEATH_RETRACTED:
    touch_person(core, e->u.person_ref.person);
    break;
  case EVENT_MARK_SET:
  case EVENT_MARK_CLEARED:
    touch_group(core, e->u.mark.person);
    break;
  case EVENT_LINK_RECORDED:
  case EVENT_LINK_DISMISSED:
    touch_group(core, e->u.link.person);
    touch_group(core, e->u.link.other);
    break;
  case EVENT_PERSON_MERGED:
    touch_group(core, e->u.person_merged.person);
    break;
  case EVENT_PERSON_UNMERGED:
    touch_all(core); /* into whom they were merged, the row tells no more */
    break;
  case EVENT_REFUSAL_ESCALATED:
    touch_person(core, e->u.refusal_escalated.person);
    break;
  case EVENT_MANIFEST_ADDED:
    touch_person(core, e->u.manifest_added.person);
    break;
  case EVENT_MANIFEST_CITED:
    touch_person(core, e->u.manifest_cited.person);
    break;
  case EVENT_MOVEMENT_DEPARTED:
    touch_movement(core, e->u.movement_departed.movement);
    break;
  case EVENT_MOVEMENT_DIVERTED:
    touch_movement(core, e->u.movement_diverted.movement);
    break;
  case EVENT_MOVEMENT_ARRIVED:
    touch_movement(core, e->u.movement_ref.movement);
    break;
  case EVENT_MOVEMENT_HANDED_OVER:
    touch_person(core, e->u.movement_handed_over.person);
    break;
  case EVENT_PASSAGE_GRANTED:
    if (has_clock(core, e->u.passage_granted.person))
      touch_person(core, e->u.passage_granted.person);
    break;
  case EVENT_PASSAGE_TAKEN:
    if (has_clock(core, e->u.passage_ended.person))
      touch_person(core, e->u.passage_ended.person);
    break;
  case EVENT_PERSON_LOCATED:
    if (has_clock(core, e->u.person_located.person))
      touch_person(core, e->u.person_located.person);
    break;
  case EVENT_VISIT_OPENED:
    touch_person(core, e->u.visit_opened.person);
    break;
  case EVENT_VISIT_CLOSED:
    touch_person(core, core->visits[e->u.visit_ref.visit].person);
    break;
  case EVENT_ASSESSMENT_RECORDED:
    touch_person(core, e->u.assessment_recorded.person);
    break;
  case EVENT_ASSESSMENT_CONTESTED:
    touch_person(core, core->assessments[e->u.assessment_ref.assessment].person);
    break;
  case EVENT_ASSESSMENT_REVIEWED:
    touch_person(core, core->assessments[e->u.assessment_reviewed.assessment].person);
    break;
  case EVENT_HEARING_SET:
    touch_person(core, e->u.hearing_set.person);
    break;
  case EVENT_HEARING_CLOSED:
    touch_person(core, core->hearings[e->u.hearing_closed.hearing].person);
    break;
  case EVENT_RECALL_RAISED:
    touch_person(core, e->u.recall_raised.person);
    break;
  case EVENT_RECALL_ANSWERED:
    touch_person(core, e->u.recall_answered.person);
    break;
  case EVENT_DEADLINE_PASSED:
    if (e->u.deadline_passed.order != REF_ABSENT)
      touch_order(core, e->u.deadline_passed.order);
    if (e->u.deadline_passed.person != REF_ABSENT)
      touch_person(core, e->u.deadline_passed.person);
    break;
  default:
    break;
  }
  if ((e->type >= EVENT_AUTHORITY_ADDED && e->type <= EVENT_DEADLINE_PASSED) ||
      e->type == EVENT_VISIT_OPENED || e->type == EVENT_VISIT_CLOSED ||
      e->type == EVENT_PERSON_MERGED || e->type == EVENT_PERSON_UNMERGED ||
      e->type == EVENT_PLAN_APPLIED)
    core->head.custody_at = e->at;
}

bool deadlines_fit(const struct core *core) {
  uint32_t person = REF_ABSENT, order = REF_ABSENT;
  for (uint32_t i = 0; i < core->head.n_persons; i++) {
    if (core->custody[i].due_s != pending_of_person(core, i).at_s)
      return false;
    if (core->custody[i].due_s < due_of_person(core, person))
      person = i;
  }
  for (uint32_t i = 0; i < core->head.n_orders; i++)
    if (due_of_order(core, i) < due_of_order(core, order))
      order = i;
  return core->head.due_person == person && core->head.due_order == order;
}

usec deadline_due(const struct core *core) {
  uint32_t person = due_of_person(core, core->head.due_person);
  uint32_t order = due_of_order(core, core->head.due_order);
  uint32_t s = person < order ? person : order;
  if (s == UINT32_MAX)
    return TIME_ABSENT;
  return instant(s) > core->head.custody_at ? instant(s) : core->head.custody_at;
}

/* --- Telling --- */

void decide_deadline(struct deciding *d) {
  const struct core *core = d->core;
  usec due = deadline_due(core);
  if (due == TIME_ABSENT || due > d->command->at || d->out->n_events == events_max ||
      d->out->n_effects == effects_max)
    return;
  uint32_t person = core->head.due_person, order = core->head.due_order;
  bool of_person = due_of_person(core, person) <= due_of_order(core, order);
  struct pending p = of_person ? pending_of_person(core, person) : pending_of_order(core, order);
  if (p.kind == DEADLINE_COUNT) {
    struct event *e = deciding_alarm(d, EVENT_RECALL_RAISED);
    e->u.recall_raised = (struct ev_recall_raised){.movement = p.movement, .person = person};
    ask_under_way(core, active_member(core, person), instant(p.at_s), &e->u.recall_raised.reasons);
    return;
  }
  deciding_alarm(d, EVENT_DEADLINE_PASSED)->u.deadline_passed =
      (struct ev_deadline_passed){.deadline = p.kind,
                                  .person = of_person ? person : core->orders[order].person,
                                  .order = p.order,
                                  .movement = p.movement,
                                  .hearing = p.hearing,
                                  .visit = p.visit,
                                  .assessment = p.assessment ? p.assessment - 1 : REF_ABSENT,
                                  .due = instant(p.at_s)};
}

void apply_deadline_passed(struct core *core, const struct event *e) {
  const struct ev_deadline_passed *p = &e->u.deadline_passed;
  uint32_t told = 1u << p->deadline;
  if (p->deadline == DEADLINE_HOLD_LAPSED)
    core->bookings[core->custody[p->person].booking - 1].told = 1;
  else if (p->deadline == DEADLINE_DEATH_UNRESOLVED)
    core->deaths[core->custody[p->person].death - 1].told = 1;
  else if (p->hearing != REF_ABSENT)
    core->hearings[p->hearing].told = 1;
  else if (p->visit != REF_ABSENT)
    core->visits[p->visit].told = 1;
  else if (p->assessment != REF_ABSENT)
    core->assessments[p->assessment].told = 1;
  else if (p->order != REF_ABSENT)
    core->orders[p->order].told |= told;
  else
    core->members[core->custody[p->person].member - 1].told |= told;
}

/* --- Recalls --- */

void apply_recall_raised(struct core *core, const struct event *e) {
  uint32_t person = e->u.recall_raised.person;
  core->members[core->custody[person].member - 1].recalled_s = seconds_of(e->at);
}

void decide_recall_answer(struct deciding *d) {
  const struct cmd_recall_answer *c = &d->command->u.recall_answer;
  const struct member *r = active_member(d->core, c->person);
  if (!r || r->movement != c->movement || r->recalled_s == UINT32_MAX)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else
    deciding_event(d, EVENT_RECALL_ANSWERED)->u.recall_answered =
        (struct ev_recall_answered){c->movement, c->person, c->answer};
}

/* It is answered: that it was not is told no more. */
void apply_recall_answered(struct core *core, const struct event *e) {
  uint32_t person = e->u.recall_answered.person;
  core->members[core->custody[person].member - 1].told |= 1u << DEADLINE_RECALL_UNANSWERED;
}
