/* visit.c: when a visitor or counsel is expected, by whom, and until when: docs/registration.md.
 * Whoever is expected by nobody does not come in over the boundary; whoever is inside may always go
 * out, and is an alarm when their visit is over (deadline.c). */
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

#define KIND(NAME) (1u << PERSON_##NAME)

static bool is_kind(const struct core *core, uint32_t person, unsigned kinds) {
  return kinds >> core->persons[person].kind & 1;
}

/* Whoever receives them is here, and so is whom they visit. */
static bool is_received(const struct core *core, uint32_t host, uint32_t about) {
  return (host == REF_ABSENT || core->persons[host].state == PERSON_PRESENT) &&
         (about == REF_ABSENT || is_booked(core, about));
}

/* Inspectors come unannounced, and nobody's absence keeps them out. */
bool needs_visit(const struct core *core, uint32_t person) {
  return core->plan->rules.second_operator && is_kind(core, person, KIND(VISITOR) | KIND(COUNSEL));
}

uint32_t visit_at(const struct core *core, uint32_t person, usec at) {
  for (uint32_t i = core->custody[person].visits; i; i = core->visits[i - 1].next) {
    const struct visit *v = &core->visits[i - 1];
    if (!v->closed && valid_at(v->from_s, v->until_s, at) && is_received(core, v->host, v->about))
      return i - 1;
  }
  return REF_ABSENT;
}

/* What must be named, and what does not belong. */
static bool check_names(struct deciding *d, const struct cmd_visit_open *c) {
  const struct core *core = d->core;
  bool visitor = is_kind(core, c->person, KIND(VISITOR)),
       counsel = is_kind(core, c->person, KIND(COUNSEL));
  if (!visitor && !counsel && !is_kind(core, c->person, KIND(INSPECTOR)))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (core->persons[c->person].state != PERSON_PRESENT)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if ((visitor && c->host == REF_ABSENT) || (counsel && c->about == REF_ABSENT))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (c->host != REF_ABSENT && (!is_kind(core, c->host, KIND(STAFF) | KIND(OFFICER)) ||
                                     core->persons[c->host].state != PERSON_PRESENT))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->host));
  else if (c->about != REF_ABSENT && !is_booked(core, c->about))
    deciding_reject(d, REASON_NO_BOOKING, ref_to(REF_PERSON, c->about));
  else
    return true;
  return false;
}

/* The end lies ahead, and for all but inspectors a day at most behind the beginning. */
static bool check_span(struct deciding *d, const struct cmd_visit_open *c, uint32_t from_s) {
  uint32_t until_s = until_seconds(c->until);
  if (!check_dates(d, c->from, c->until))
    return false;
  if (until_s > from_s && until_s > seconds_of(d->command->at) &&
      (until_s - from_s <= visit_s_max || is_kind(d->core, c->person, KIND(INSPECTOR))))
    return true;
  deciding_reject(d, REASON_TIME_ORDER, nothing);
  return false;
}

static uint32_t overlapping(const struct core *core, uint32_t person, uint32_t from_s,
                            uint32_t until_s) {
  for (uint32_t i = core->custody[person].visits; i; i = core->visits[i - 1].next) {
    const struct visit *v = &core->visits[i - 1];
    if (!v->closed && v->from_s < until_s && from_s < v->until_s)
      return i - 1;
  }
  return REF_ABSENT;
}

void decide_visit_open(struct deciding *d) {
  const struct cmd_visit_open *c = &d->command->u.visit_open;
  usec from = c->from == TIME_ABSENT ? d->command->at : c->from;
  uint32_t from_s = seconds_of(from), have;
  if (core_find_visit(d->core, c->visit, &have)) {
    deciding_reject(d, REASON_EXISTS, ref_to(REF_VISIT, have));
    return;
  }
  if (d->core->head.n_visits == visits_max) {
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
    return;
  }
  if (!check_names(d, c) || !check_span(d, c, from_s))
    return;
  have = overlapping(d->core, c->person, from_s, until_seconds(c->until));
  if (have != REF_ABSENT)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_VISIT, have));
  else
    deciding_event(d, EVENT_VISIT_OPENED)->u.visit_opened =
        (struct ev_visit_opened){c->visit,
                                 person_number(d->core->head.n_visits),
                                 c->person,
                                 c->host,
                                 c->about,
                                 c->area,
                                 (usec)from_s * USEC_PER_S,
                                 c->until};
}

void apply_visit_opened(struct core *core, const struct event *e) {
  const struct ev_visit_opened *v = &e->u.visit_opened;
  SP_ASSERT(core->head.n_visits < visits_max);
  uint32_t i = core->head.n_visits++;
  core->visits[i] = (struct visit){.id = v->visit,
                                   .person = v->person,
                                   .host = v->host,
                                   .about = v->about,
                                   .from_s = seconds_of(v->from),
                                   .until_s = seconds_of(v->until),
                                   .next = core->custody[v->person].visits};
  core->custody[v->person].visits = i + 1;
  core_index_added(core, REF_VISIT, i);
}

void decide_visit_close(struct deciding *d) {
  uint32_t visit = d->command->u.visit_ref.visit;
  if (d->core->visits[visit].closed)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_VISIT, visit));
  else
    deciding_event(d, EVENT_VISIT_CLOSED)->u.visit_ref.visit = visit;
}

void apply_visit_closed(struct core *core, const struct event *e) {
  core->visits[e->u.visit_ref.visit].closed = 1;
}

/* The visit that began last before it ended, while they are inside: when it is over. The instant is
 * not before they came to where they are. */
uint32_t visit_overdue(const struct core *core, uint32_t person, uint32_t *visit) {
  const struct person *p = &core->persons[person];
  uint32_t found_s = UINT32_MAX;
  if (p->area == area_outside)
    return UINT32_MAX;
  for (uint32_t i = core->custody[person].visits; i; i = core->visits[i - 1].next) {
    const struct visit *v = &core->visits[i - 1];
    uint32_t at_s = v->until_s > p->entered_s ? v->until_s : p->entered_s, next_s = UINT32_MAX;
    for (uint32_t k = core->custody[person].visits; k; k = core->visits[k - 1].next) {
      const struct visit *w = &core->visits[k - 1];
      if (!w->closed && w->from_s > v->from_s && w->from_s < next_s)
        next_s = w->from_s;
    }
    if (!v->closed && !v->told && at_s < next_s && at_s < found_s) {
      found_s = at_s;
      *visit = i - 1;
    }
  }
  return found_s;
}
