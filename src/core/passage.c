/* passage.c: may this person pass here, now, and on whose authority?
 *
 * Every check is made and every reason is told (docs/decisions.md, rows 1 to 11). The way through
 * the door is looked at once; each holder on it is looked at alone; then the rules that need
 * company (escort, two-person) are asked of the presenter and of those who wait at the door.
 */
#include "core/areas.h"
#include "core/custody_int.h"
#include "core/interlock.h"
#include "core/once.h"

#include <string.h>

/* What is the same for everyone who would pass here now. */
struct way {
  const struct core *core;
  const struct plan *plan;
  const struct command *command;
  const struct plan_door *door;
  struct door_state *state; /* read only here */
  uint32_t reader, door_at, gate, from, to, direction, factors;
  uint32_t locked_down; /* area, or REF_ABSENT */
  usec at;
};

/* What was found about one holder. */
struct finding {
  uint32_t person, credential, level, reader;
  uint32_t visit;     /* on which they come in; REF_ABSENT */
  uint32_t order;     /* that holds a detainee who comes in; REF_ABSENT */
  struct refs leaves; /* what a detainee who goes out rests on */
  bool pin_checked, duress;
  struct reasons reasons, warnings;
};

static uint32_t factors_at(const struct core *core, uint32_t reader) {
  return (uint32_t)core->plan->readers[reader].factors |
         core->plan->threats[core->head.threat].factors;
}

static struct way way_of(const struct core *core, const struct command *command) {
  const struct plan *p = core->plan;
  uint32_t reader = command->u.pass.reader;
  const struct plan_reader *r = &p->readers[reader];
  const struct plan_door *door = &p->doors[r->door];
  bool in = r->direction == DIRECTION_IN;
  return (struct way){
      .core = core,
      .plan = p,
      .command = command,
      .door = door,
      .state = &core->doors[r->door],
      .reader = reader,
      .door_at = r->door,
      .gate = door->gate,
      .from = in ? door->from : door->to,
      .to = in ? door->to : door->from,
      .direction = r->direction,
      .factors = factors_at(core, reader),
      .locked_down = REF_ABSENT,
      .at = command->at,
  };
}

/* Rows 1, 10 and 11, as far as they do not depend on who passes. */
static void check_way(struct way *w, struct reasons *found) {
  const struct core *core = w->core;
  if (core->gates[w->gate].closed)
    reasons_add(found, REASON_GATE_OUT_OF_SERVICE, ref_to(REF_GATE, w->gate));
  if (core->readers[w->reader].offline || core->readers[w->reader].insecure)
    reasons_add(found, REASON_GATE_OUT_OF_SERVICE, ref_to(REF_READER, w->reader));
  if (core->head.lockdowns) {
    const uint32_t ends[2] = {w->to, w->from};
    for (int e = 0; e < 2; e++)
      for (uint32_t a = ends[e]; a != NONE16; a = w->plan->areas[a].parent)
        if (core->areas[a].lockdown)
          w->locked_down = a;
  }
  uint32_t peer = interlock_unsecured(core, w->door_at, w->at);
  if (peer != REF_ABSENT)
    reasons_add(found, REASON_INTERLOCK, ref_to(REF_DOOR, peer));
  if (w->door->boundary &&
      w->at - w->command->known_at > (usec)w->plan->rules.stale_ms * USEC_PER_MS)
    reasons_add(found, REASON_STALE_VIEW, ref_to(REF_GATE, w->gate));
  if (w->door->boundary && !w->command->clock_trusted)
    reasons_add(found, REASON_CLOCK, ref_to(REF_GATE, w->gate));
}

/* Row 3. Comparing takes the same time whether the PIN is right, wrong or the duress one. */
static void check_factors(const struct way *w, const struct person *p, struct finding *f) {
  const struct cmd_pass *pass = &w->command->u.pass;
  bool given = !bytes_are_zero(pass->pin.b, sizeof pass->pin.b);
  bool set = !bytes_are_zero(p->pin.b, sizeof p->pin.b);
  bool right = bytes_equal_ct(pass->pin.b, p->pin.b, sizeof p->pin.b) && given;
  bool duress = bytes_equal_ct(pass->pin.b, p->duress.b, sizeof p->duress.b) && given;
  bool locked = seconds_of(w->at) < p->pin_locked_until_s;
  f->duress = duress;
  if (w->factors & FACTOR_BIT_PIN) {
    if (locked)
      reasons_add(&f->reasons, REASON_PIN_LOCKED, ref_to(REF_PERSON, f->person));
    else if (!given || !set)
      reasons_add(&f->reasons, REASON_PIN_MISSING, ref_to(REF_READER, w->reader));
    else if (!right && !duress)
      reasons_add(&f->reasons, REASON_PIN_WRONG, ref_to(REF_PERSON, f->person));
    else
      f->pin_checked = true;
  }
  if (pass->biometric == BIOMETRIC_MISMATCH)
    reasons_add(&f->reasons, REASON_BIOMETRIC_MISMATCH, ref_to(REF_READER, w->reader));
  else if (w->factors & FACTOR_BIT_BIOMETRIC && pass->biometric != BIOMETRIC_MATCH)
    reasons_add(&f->reasons, REASON_BIOMETRIC_MISSING, ref_to(REF_READER, w->reader));
}

static bool holds_level(const struct core *core, const struct person *p, uint32_t level, usec at) {
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, p, &c));)
    if (g->level == level && valid_at(g->from_s, g->until_s, at))
      return true;
  return false;
}

/* Row 5, and lockdown of row 1, which a level may lift. Of several levels that permit, the best:
 * one that holds in a lockdown, then one that does not depend on the time. */
static void check_levels(const struct way *w, const struct person *p, struct finding *f) {
  const struct plan *plan = w->plan;
  const uint8_t *row =
      &plan->access[((size_t)w->gate * DIRECTION_COUNT + w->direction) * plan->n_levels];
  uint32_t best = REF_ABSENT, best_rank = 0, closed = REF_ABSENT;
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(w->core, p, &c));) {
    uint32_t schedule = row[g->level];
    if (!schedule || !valid_at(g->from_s, g->until_s, w->at))
      continue;
    schedule--;
    if (!plan_schedule_open(plan, schedule, w->at)) {
      closed = g->level;
      continue;
    }
    uint32_t rank =
        1u + (schedule == schedule_always) + (plan->levels[g->level].in_lockdown ? 2u : 0u);
    if (rank > best_rank) {
      best = g->level;
      best_rank = rank;
    }
  }
  f->level = best;
  if (w->locked_down != REF_ABSENT && best_rank < 3)
    reasons_add(&f->reasons, REASON_LOCKDOWN, ref_to(REF_AREA, w->locked_down));
  if (best == REF_ABSENT && closed == REF_ABSENT)
    reasons_add(&f->reasons, REASON_NO_ACCESS_LEVEL, ref_to(REF_GATE, w->gate));
  else if (best == REF_ABSENT)
    reasons_add(&f->reasons, REASON_OUTSIDE_SCHEDULE, ref_to(REF_LEVEL, closed));
  else if (!w->door->boundary && !w->command->clock_trusted && row[best] - 1 != schedule_always)
    reasons_add(&f->reasons, REASON_CLOCK, ref_to(REF_LEVEL, best));
}

/* Row 6. */
static void check_place(const struct way *w, const struct person *p, struct finding *f) {
  const struct plan_area *to = &w->plan->areas[w->to];
  if (to->anti_passback == PASSBACK_NONE)
    return;
  if (to->anti_passback == PASSBACK_TIMED) {
    if (p->area == w->to && seconds_of(w->at) < p->entered_s + to->anti_passback_s)
      reasons_add(&f->reasons, REASON_ANTI_PASSBACK, ref_to(REF_AREA, w->to));
    return;
  }
  struct reasons *found = to->anti_passback == PASSBACK_HARD ? &f->reasons : &f->warnings;
  if (p->area == w->to)
    reasons_add(found, REASON_ANTI_PASSBACK, ref_to(REF_AREA, w->to));
  else if (p->area != w->from)
    reasons_add(found, REASON_NOT_IN_AREA, ref_to(REF_AREA, p->area));
}

bool on_the_way(const struct core *core, uint32_t person, uint32_t to) {
  for (uint32_t d = 0; d < core->head.n_doors; d++)
    for (uint32_t i = 0; i < core->doors[d].n_party; i++) {
      const struct party_member *m = &core->doors[d].party[i];
      if (m->person == person && m->status == PARTY_GRANTED &&
          (to == REF_ABSENT ? m->to != area_outside : m->to == to))
        return true;
    }
  return false;
}

/* This person's own permission at this door, not yet used; or NULL. */
static const struct party_member *own_grant(const struct way *w, uint32_t person) {
  for (uint32_t i = 0; i < w->state->n_party; i++)
    if (w->state->party[i].person == person && w->state->party[i].status == PARTY_GRANTED)
      return &w->state->party[i];
  return NULL;
}

static uint32_t has_reserved(const struct way *w, uint32_t person) {
  const struct party_member *m = own_grant(w, person);
  return m && m->to == w->to && m->from == w->core->persons[person].area;
}

/* Row 8. `extra` persons are permitted into the same area by this very decision. */
static void check_room(const struct way *w, const struct person *p, uint32_t extra,
                       struct finding *f) {
  const struct core *core = w->core;
  uint32_t own =
      has_reserved(w, f->person); /* a second look at the same card takes no second place */
  uint32_t full = areas_full(core, p->area, w->to, own, extra);
  if (full != REF_ABSENT)
    reasons_add(&f->reasons, REASON_CAPACITY, ref_to(REF_AREA, full));
  if (w->to == area_outside)
    return; /* the world is large enough for two who are kept separate */
  for (uint32_t s = p->separations; s; s = core->separations[s - 1].next) {
    uint32_t other = core->separations[s - 1].other;
    if (core->persons[other].area == w->to || on_the_way(core, other, w->to)) {
      reasons_add(&f->reasons, REASON_SEPARATION, ref_to(REF_PERSON, other));
      break;
    }
  }
}

/* The credential's state for this way: a one-time pass that came in serves for all but the way in.
 */
static enum credential_state state_here(const struct way *w, uint32_t credential) {
  const struct credential *c = &w->core->credentials[credential];
  enum credential_state state = credential_state_at(c, w->at);
  if (c->once != ONCE_NOT && state == CREDENTIAL_STATE_ISSUED &&
      once_spent(w->core, credential, w->door_at, w->to))
    return CREDENTIAL_STATE_USED;
  return state;
}

/* All that concerns one holder alone. Factors are not asked again of one who waits. */
static void check_holder(const struct way *w, bool ask_factors, uint32_t extra, struct finding *f) {
  const struct core *core = w->core;
  const struct person *p = &core->persons[f->person];
  if (w->plan->threats[core->head.threat].refuse_kinds & 1u << p->kind)
    reasons_add(&f->reasons, REASON_THREAT_LEVEL, ref_to(REF_THREAT, core->head.threat));
  if (state_here(w, f->credential) != CREDENTIAL_STATE_ISSUED)
    reasons_add(&f->reasons, REASON_CREDENTIAL_NOT_ISSUED, ref_to(REF_CREDENTIAL, f->credential));
  if (ask_factors)
    check_factors(w, p, f);
  else if (factors_at(core, f->reader) & FACTOR_BIT_PIN &&
           seconds_of(w->at) < p->pin_locked_until_s)
    reasons_add(&f->reasons, REASON_PIN_LOCKED, ref_to(REF_PERSON, f->person));
  if (p->state == PERSON_STATE_SUSPENDED)
    reasons_add(&f->reasons, REASON_PERSON_SUSPENDED, ref_to(REF_PERSON, f->person));
  if (p->state == PERSON_STATE_DEPARTED)
    reasons_add(&f->reasons, REASON_PERSON_DEPARTED, ref_to(REF_PERSON, f->person));
  if (p->state == PERSON_STATE_MERGED)
    reasons_add(&f->reasons, REASON_PERSON_MERGED, ref_to(REF_PERSON, p->merged_into));
  if (!valid_at(p->valid_from_s, p->valid_until_s, w->at))
    reasons_add(&f->reasons, REASON_PERSON_NOT_VALID, ref_to(REF_PERSON, f->person));
  if (death_of(core, f->person))
    reasons_add(&f->reasons, REASON_DECEASED, ref_to(REF_PERSON, f->person));
  check_levels(w, p, f);
  check_place(w, p, f);
  check_room(w, p, extra, f);
  bool comes_in = w->to != area_outside && (w->door->boundary || p->area == area_outside);
  if (comes_in && needs_visit(core, f->person)) {
    f->visit = visit_at(core, f->person, w->at);
    if (f->visit == REF_ABSENT)
      reasons_add(&f->reasons, REASON_NO_VISIT, ref_to(REF_PERSON, f->person));
  }
  /* Whom the journal has outside comes in by whatever door this is. */
  if (p->kind == PERSON_DETAINEE && (w->door->boundary || p->area == area_outside)) {
    if (w->to == area_outside)
      check_leaving(core, f->person, w->at, &f->reasons, &f->leaves);
    else
      check_admission(core, f->person, w->at, &f->order, &f->reasons);
  }
}

/* Who may accompany whom through this door now: those permitted here, or through it, within the
 * plan's time, and those that this decision permits together with the presenter. */
struct company {
  uint32_t n;
  uint32_t persons[party_max + 1]; /* one more: whom this decision permits besides */
};

static bool is_kind_of(const struct core *core, uint32_t person, uint32_t kinds) {
  return (kinds & 1u << core->persons[person].kind) != 0;
}

static struct company company_of(const struct way *w, uint32_t but) {
  struct company c = {0};
  usec span = (usec)w->plan->rules.escort_ms * USEC_PER_MS;
  for (uint32_t i = 0; i < w->state->n_party; i++) {
    const struct party_member *m = &w->state->party[i];
    if (m->person != but && m->status != PARTY_WAITING && m->direction == w->direction &&
        w->at - m->at <= span)
      c.persons[c.n++] = m->person;
  }
  return c;
}

/* Others whom this very decision permits through this door. */
struct along {
  uint32_t n;
  bool together; /* they and the one who is looked at presented within the two-person rule's time */
};

static bool would_be_alone(const struct way *w, const struct finding *f, struct along along) {
  const struct area_state *in = &w->core->areas[w->to];
  uint32_t area = w->core->persons[f->person].area;
  uint32_t others = in->occupancy - plan_area_within(w->plan, area, w->to) + in->reserved -
                    has_reserved(w, f->person);
  return area != w->to && others + (along.together ? along.n : 0) == 0;
}

/* Of the area that is left: one stays behind. */
static bool would_leave_one(const struct way *w, const struct finding *f, struct along along) {
  const struct area_state *out = &w->core->areas[w->from];
  const struct party_member *own = own_grant(w, f->person);
  uint32_t leaving = out->leaving - (own && own->from == w->from);
  if (w->core->persons[f->person].area != w->from)
    return false;
  return out->occupancy - leaving - along.n == 2 ||
         (!along.together && out->occupancy - leaving == 2);
}

/* Row 7. *companion is whom the permission rests on, if anyone. */
static void check_company(const struct way *w, const struct finding *f,
                          const struct company *company, struct along along, struct reasons *found,
                          uint32_t *companion) {
  const struct core *core = w->core;
  const struct plan *plan = w->plan;
  const struct plan_area *to = &plan->areas[w->to];
  *companion = REF_ABSENT;
  if (to->escort && is_kind_of(core, f->person, plan->rules.escorted_kinds)) {
    for (uint32_t i = 0; i < company->n && *companion == REF_ABSENT; i++)
      if (is_kind_of(core, company->persons[i], plan->rules.escort_kinds))
        *companion = company->persons[i];
    if (*companion == REF_ABSENT)
      reasons_add(found, REASON_ESCORT_REQUIRED, ref_to(REF_AREA, w->to));
  }
  if (to->two_person && would_be_alone(w, f, along))
    reasons_add(found, REASON_TWO_PERSON_REQUIRED, ref_to(REF_AREA, w->to));
  else if (plan->areas[w->from].two_person && would_leave_one(w, f, along))
    reasons_add(found, REASON_TWO_PERSON_REQUIRED, ref_to(REF_AREA, w->from));
  if (to->first_person != NONE16 && !core->areas[w->to].first_in &&
      !holds_level(core, &core->persons[f->person], to->first_person, w->at))
    reasons_add(found, REASON_FIRST_PERSON_REQUIRED, ref_to(REF_LEVEL, to->first_person));
}

static bool window_open(const struct way *w, const struct party_member *m) {
  return w->at - m->at <= party_span(w->plan);
}

static uint32_t count_granted(const struct way *w, uint32_t but) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->state->n_party; i++)
    n += w->state->party[i].status == PARTY_GRANTED && w->state->party[i].person != but;
  return n;
}

static void grant(struct deciding *d, const struct way *w, const struct finding *f,
                  uint32_t companion) {
  struct event *e = deciding_event(d, EVENT_PASSAGE_GRANTED);
  struct ev_passage_granted *g = &e->u.passage_granted;
  g->person = f->person;
  g->credential = f->credential;
  g->reader = f->reader;
  g->door = w->door_at;
  g->gate = w->gate;
  g->from = w->from;
  g->to = w->to;
  g->direction = w->direction;
  g->unlock_ms = w->door->unlock_ms;
  g->taken = !w->door->contact || w->state->open;
  g->pin_checked = f->pin_checked;
  g->rests_on.n = 2;
  g->rests_on.at[0] = ref_to(REF_CREDENTIAL, f->credential);
  g->rests_on.at[1] = ref_to(REF_LEVEL, f->level);
  if (f->visit != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = ref_to(REF_VISIT, f->visit);
  if (f->order != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = ref_to(REF_ORDER, f->order);
  for (uint32_t i = 0; i < f->leaves.n; i++)
    g->rests_on.at[g->rests_on.n++] = f->leaves.at[i];
  if (companion != REF_ABSENT)
    g->rests_on.at[g->rests_on.n++] = ref_to(REF_PERSON, companion);
  g->warnings.n = f->warnings.n;
  memcpy(g->warnings.at, f->warnings.at, f->warnings.n * sizeof f->warnings.at[0]);
}

static void refuse(struct deciding *d, const struct way *w, const struct finding *f, bool waiting) {
  const struct core *core = w->core;
  struct event *e = deciding_event(d, EVENT_PASSAGE_REFUSED);
  struct ev_passage_refused *r = &e->u.passage_refused;
  r->person = f->person;
  r->credential = f->credential;
  r->credential_state =
      f->credential == REF_ABSENT ? CREDENTIAL_STATE_ISSUED : state_here(w, f->credential);
  r->reader = w->reader;
  r->door = w->door_at;
  r->gate = w->gate;
  r->from = w->from;
  r->to = w->to;
  r->direction = w->direction;
  r->waiting = waiting;
  r->reasons = f->reasons;
  d->out->verdict = VERDICT_REFUSED;
  d->out->reasons = f->reasons;
  deciding_effect(d, EFFECT_SIGNAL, REF_ABSENT, w->reader, 0,
                  waiting ? SIGNAL_WAITING : SIGNAL_REFUSED);
  if (reasons_have(&f->reasons, REASON_PIN_WRONG)) {
    uint32_t tries = w->plan->rules.pin_attempts;
    if (tries && core->persons[f->person].pin_failures + 1u >= tries)
      deciding_alarm(d, EVENT_PIN_LOCKED)->u.pin_locked =
          (struct ev_pin_locked){f->person, w->at + (usec)w->plan->rules.pin_lock_s * USEC_PER_S};
  }
}

/* Someone who waits here, looked at anew. */
struct waiter {
  struct finding f;
  bool escort_time, pair_time; /* presented within the one rule's time, and the other's */
};

/* Those who wait at this door in the same direction, for whom all but company holds. */
static uint32_t find_waiting(const struct way *w, uint32_t but, uint32_t room,
                             struct waiter *found) {
  const struct plan_rules *rules = &w->plan->rules;
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->state->n_party && n < room; i++) {
    const struct party_member *m = &w->state->party[i];
    if (m->person == but || m->status != PARTY_WAITING || m->direction != w->direction ||
        !window_open(w, m))
      continue;
    struct finding *f = &found[n].f;
    f->person = m->person;
    f->credential = m->credential;
    f->reader = m->reader;
    f->reasons.n = f->warnings.n = 0;
    f->order = f->visit = REF_ABSENT;
    f->leaves.n = 0;
    f->pin_checked = f->duress = false;
    found[n].escort_time = w->at - m->at <= (usec)rules->escort_ms * USEC_PER_MS;
    found[n].pair_time = w->at - m->at <= (usec)rules->two_person_ms * USEC_PER_MS;
    check_holder(w, false, 1 + n, f);
    if (!f->reasons.n)
      n++;
  }
  return n;
}

/* Row 8, of those whom one decision would permit: none of them is there yet. */
static bool kept_apart(const struct way *w, uint32_t person, uint32_t other) {
  if (w->to == area_outside)
    return false;
  for (uint32_t s = w->core->persons[person].separations; s; s = w->core->separations[s - 1].next)
    if (w->core->separations[s - 1].other == other)
      return true;
  return false;
}

/* If company is all that is missing, tries it together with each who waits: both must then hold,
 * each counting on the other. */
static uint32_t find_partner(const struct way *w, const struct finding *f,
                             const struct company *before, const struct waiter *waiting,
                             uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    struct reasons mine = {0}, theirs = {0};
    struct company with_them = *before, with_me = {0};
    struct along along = {1, waiting[i].pair_time};
    uint32_t on;
    if (kept_apart(w, f->person, waiting[i].f.person))
      continue;
    if (waiting[i].escort_time) {
      with_them.persons[with_them.n++] = waiting[i].f.person;
      with_me = *before;
      with_me.persons[with_me.n++] = f->person;
    }
    check_company(w, f, &with_them, along, &mine, &on);
    check_company(w, &waiting[i].f, &with_me, along, &theirs, &on);
    if (!mine.n && !theirs.n)
      return i;
  }
  return REF_ABSENT;
}

/* The others who wait, one after the other, now that the presenter and perhaps a partner go. */
static void join_waiting(struct deciding *d, const struct way *w, const struct finding *f,
                         const struct company *before, const struct waiter *waiting, uint32_t n,
                         uint32_t partner) {
  uint32_t going[party_max + 1];
  uint32_t n_going = 0;
  going[n_going++] = f->person;
  if (partner != REF_ABSENT)
    going[n_going++] = waiting[partner].f.person;
  for (uint32_t i = 0; i < n; i++) {
    struct reasons theirs = {0};
    struct company company = {0};
    uint32_t on;
    bool apart = false;
    for (uint32_t k = 0; k < n_going; k++)
      apart |= kept_apart(w, waiting[i].f.person, going[k]);
    if (i == partner || apart)
      continue;
    if (waiting[i].escort_time) {
      company = *before;
      company.persons[company.n++] = f->person;
    }
    check_company(w, &waiting[i].f, &company, (struct along){n_going, waiting[i].pair_time},
                  &theirs, &on);
    if (theirs.n)
      continue;
    grant(d, w, &waiting[i].f, on == REF_ABSENT ? f->person : on);
    going[n_going++] = waiting[i].f.person;
  }
}

/* The presenter's own checks hold. Permits them, alone or with those who wait; or finds why not. */
static bool decide_company(struct deciding *d, const struct way *w, struct finding *f) {
  struct waiter waiting[party_max];
  uint32_t n = find_waiting(w, f->person, party_max - 1 - count_granted(w, f->person), waiting);
  struct company before = company_of(w, f->person);
  uint32_t companion, partner = REF_ABSENT;
  check_company(w, f, &before, (struct along){0, true}, &f->reasons, &companion);
  if (f->reasons.n) {
    partner = find_partner(w, f, &before, waiting, n);
    if (partner == REF_ABSENT)
      return false;
    f->reasons.n = 0;
    companion = waiting[partner].f.person;
  }
  grant(d, w, f, companion);
  if (partner != REF_ABSENT)
    grant(d, w, &waiting[partner].f, f->person);
  join_waiting(d, w, f, &before, waiting, n, partner);
  deciding_effect(d, EFFECT_UNLOCK, w->door_at, w->reader, w->door->unlock_ms, 0);
  deciding_effect(d, EFFECT_SIGNAL, REF_ABSENT, w->reader, 0, SIGNAL_GRANTED);
  return true;
}

static void decide_late_pass(struct deciding *d) {
  const struct cmd_pass *pass = &d->command->u.pass;
  uint32_t credential, person = REF_ABSENT;
  if (core_find_credential_tag(d->core, pass->tag, &credential))
    person = d->core->credentials[credential].person;
  deciding_event(d, EVENT_PASSAGE_REPORTED_LATE)->u.reported_late =
      (struct ev_reported_late){.door = d->core->plan->readers[pass->reader].door,
                                .reader = pass->reader,
                                .person = person,
                                .sign = 0,
                                .occurred_at = pass->occurred_at};
}

void decide_pass(struct deciding *d) {
  const struct core *core = d->core;
  const struct cmd_pass *pass = &d->command->u.pass;
  if (pass->late) {
    decide_late_pass(d);
    return;
  }
  tag_prefetch(core, &pass->tag);
  struct finding f;
  f.person = f.credential = f.level = f.order = f.visit = REF_ABSENT;
  f.reader = pass->reader;
  f.pin_checked = f.duress = false;
  f.reasons.n = f.warnings.n = f.leaves.n = 0;
  struct way w = way_of(core, d->command);
  __builtin_prefetch(w.state);
  bool known = core_find_credential_tag(core, pass->tag, &f.credential);
  check_way(&w, &f.reasons);
  if (pass->format == REF_ABSENT)
    reasons_add(&f.reasons, REASON_FORMAT_UNKNOWN, ref_to(REF_READER, w.reader));
  bool permitted = false, waiting = false;
  if (!known) {
    reasons_add(&f.reasons, REASON_CREDENTIAL_UNKNOWN, ref_to(REF_READER, w.reader));
    if (w.locked_down != REF_ABSENT)
      reasons_add(&f.reasons, REASON_LOCKDOWN, ref_to(REF_AREA, w.locked_down));
  } else {
    f.person = core->credentials[f.credential].person;
    check_holder(&w, true, 0, &f);
    if (count_granted(&w, f.person) >= party_max)
      reasons_add(&f.reasons, REASON_DOOR_BUSY, ref_to(REF_DOOR, w.door_at));
    if (f.reasons.n) {
      struct company company = company_of(&w, f.person);
      uint32_t companion;
      check_company(&w, &f, &company, (struct along){0, true}, &f.reasons, &companion);
    } else {
      permitted = decide_company(d, &w, &f);
      /* Whom the door lets pass already does not wait: what was granted ends as taken or not. */
      waiting = !permitted && !reasons_have(&f.reasons, REASON_FIRST_PERSON_REQUIRED) &&
                !own_grant(&w, f.person);
    }
  }
  if (!permitted)
    refuse(d, &w, &f, waiting);
  if (f.duress)
    deciding_alarm(d, EVENT_DURESS_RAISED)->u.duress_raised =
        (struct ev_duress_raised){f.person, w.door_at};
}
