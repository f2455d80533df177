/* That the naive model notices: outcomes changed in one place, states changed in one number, cores
 * that forget a rule. An oracle that cannot complain proves nothing. */
#include "model_drive.h"

#include "core/register_fields.h"
#include "sim/model_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- Outcomes --- */

static bool has_event(struct outcome *o, enum event_type type, struct event **e) {
  for (uint32_t i = 0; i < o->n_events; i++)
    if (o->events[i].type == type) {
      *e = &o->events[i];
      return true;
    }
  return false;
}

static struct reasons *told_reasons(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_REFUSED, &e) ? &e->u.passage_refused.reasons : NULL;
}

/* Each returns false where it finds nothing to change. */
static bool verdict_turned(struct outcome *o) {
  o->verdict = o->verdict == VERDICT_DONE ? VERDICT_REFUSED : VERDICT_DONE;
  return true;
}
static bool reason_dropped(struct outcome *o) {
  struct reasons *r = told_reasons(o);
  if (!r || r->n < 2)
    return false;
  r->n = o->reasons.n = r->n - 1;
  return true;
}
static bool reasons_swapped(struct outcome *o) {
  struct reasons *r = told_reasons(o);
  if (!r || r->n < 2)
    return false;
  struct reason_on first = r->at[0];
  r->at[0] = o->reasons.at[0] = r->at[1];
  r->at[1] = o->reasons.at[1] = first;
  return true;
}
static bool reason_on_another(struct outcome *o) {
  struct reasons *r = told_reasons(o);
  if (!r)
    return false;
  r->at[0].on.index++;
  o->reasons.at[0].on.index++;
  return true;
}
static bool reasons_told_otherwise(struct outcome *o) {
  if (o->verdict != VERDICT_REJECTED)
    return false;
  o->reasons.at[0].code = REASON_SELF == o->reasons.at[0].code ? REASON_EXISTS : REASON_SELF;
  return true;
}
static bool refused_is_granted(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_PASSAGE_REFUSED, &e))
    return false;
  struct ev_passage_refused r = e->u.passage_refused;
  e->type = EVENT_PASSAGE_GRANTED;
  e->u.passage_granted = (struct ev_passage_granted){.person = r.person,
                                                     .credential = r.credential,
                                                     .reader = r.reader,
                                                     .door = r.door,
                                                     .gate = r.gate,
                                                     .from = r.from,
                                                     .to = r.to,
                                                     .direction = r.direction};
  return true;
}
static bool another_door(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_GRANTED, &e) && ++e->u.passage_granted.door;
}
static bool another_area(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_TAKEN, &e) && ++e->u.passage_ended.to;
}
static bool another_grant(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_NOT_TAKEN, &e) && e->u.passage_ended.granted++;
}
static bool another_person(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_GRANTED, &e) && ++e->u.passage_granted.person;
}
static bool rests_on_nothing(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_GRANTED, &e) && e->u.passage_granted.rests_on.n--;
}
static bool rests_on_another(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_GRANTED, &e) && ++e->u.passage_granted.rests_on.at[1].index;
}
static bool warning_dropped(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PASSAGE_GRANTED, &e) && e->u.passage_granted.warnings.n &&
         e->u.passage_granted.warnings.n--;
}
static bool taken_turned(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_PASSAGE_GRANTED, &e))
    return false;
  e->u.passage_granted.taken ^= true;
  return true;
}
static bool waiting_turned(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_PASSAGE_REFUSED, &e))
    return false;
  e->u.passage_refused.waiting ^= true;
  return true;
}
static bool opened_otherwise(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_DOOR_OPENED, &e))
    return false;
  e->u.door_opened.cause ^= 1;
  return true;
}
static bool locked_until_later(struct outcome *o) {
  struct event *e;
  return has_event(o, EVENT_PIN_LOCKED, &e) && e->u.pin_locked.until++;
}
static bool event_forgotten(struct outcome *o) {
  return o->n_events && o->n_events--;
}
static bool event_doubled(struct outcome *o) {
  if (!o->n_events || o->n_events == events_max)
    return false;
  o->events[o->n_events] = o->events[o->n_events - 1];
  o->events[o->n_events++].n++;
  return true;
}
static bool events_swapped(struct outcome *o) {
  if (o->n_events < 2)
    return false;
  struct event first = o->events[0];
  o->events[0] = o->events[1];
  o->events[1] = first;
  return true;
}
static bool time_moved(struct outcome *o) {
  return o->n_events && ++o->events[0].at;
}
static bool index_moved(struct outcome *o) {
  return o->n_events && ++o->events[0].n;
}
static bool alarm_silent(struct outcome *o) {
  for (uint32_t i = 0; i < o->n_effects; i++)
    if (o->effects[i].type == EFFECT_ALARM) {
      o->effects[i] = o->effects[--o->n_effects];
      return true;
    }
  return false;
}
static bool unlocks_another(struct outcome *o) {
  return o->n_effects && o->effects[0].type == EFFECT_UNLOCK && ++o->effects[0].door;
}
static bool unlocks_longer(struct outcome *o) {
  return o->n_effects && o->effects[0].type == EFFECT_UNLOCK && ++o->effects[0].ms;
}
static bool unlocks_without(struct outcome *o) {
  if (!told_reasons(o) || o->n_effects == effects_max)
    return false;
  o->effects[o->n_effects++] = (struct effect){EFFECT_UNLOCK, 0, 0, 5000, 0};
  return true;
}
static bool locks_not(struct outcome *o) {
  return o->n_effects && o->effects[0].type == EFFECT_LOCK && o->n_effects--;
}
static bool signals_otherwise(struct outcome *o) {
  for (uint32_t i = 0; i < o->n_effects; i++)
    if (o->effects[i].type == EFFECT_SIGNAL) {
      o->effects[i].value = (o->effects[i].value + 1) % 3;
      return true;
    }
  return false;
}

/* A core that lets somebody do this although the answer was no. */
static bool steps_all_the_same(struct outcome *o, enum movement_step step, enum event_type type) {
  struct event *e;
  if (!has_event(o, EVENT_MOVEMENT_REFUSED, &e) || e->u.movement_refused.step != step ||
      e->u.movement_refused.person == REF_ABSENT)
    return false;
  struct ev_movement_refused r = e->u.movement_refused;
  o->verdict = VERDICT_DONE;
  o->reasons.n = 0;
  o->n_events = 1;
  o->events[0].type = type;
  if (type == EVENT_MOVEMENT_DEPARTED)
    o->events[0].u.movement_departed = (struct ev_movement_departed){r.movement, 1};
  else
    o->events[0].u.member_permitted = (struct ev_member_permitted){r.movement, r.person, {0}};
  return true;
}
static bool boards_all_the_same(struct outcome *o) {
  return steps_all_the_same(o, STEP_BOARD, EVENT_MOVEMENT_BOARDED);
}
static bool promotes_all_the_same(struct outcome *o) {
  return steps_all_the_same(o, STEP_PROMOTE, EVENT_MANIFEST_PROMOTED);
}
/* Somebody is admitted, and a field of the register is missing. */
static bool admits_all_the_same(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_BOOKING_REFUSED, &e) ||
      e->u.booking_refused.reasons.at[0].code != REASON_REGISTER_INCOMPLETE)
    return false;
  struct ev_booking_refused r = e->u.booking_refused;
  e->type = EVENT_BOOKING_OPENED;
  e->u.booking_opened = (struct ev_booking_opened){.booking = {{1}},
                                                   .number = 10009,
                                                   .person = r.person,
                                                   .order = r.order,
                                                   .recorded = register_required() & ~r.missing};
  o->verdict = VERDICT_DONE;
  o->reasons.n = 0;
  return true;
}
static bool departs_all_the_same(struct outcome *o) {
  return steps_all_the_same(o, STEP_DEPART, EVENT_MOVEMENT_DEPARTED);
}
/* A core that does not ask whether somebody is expected. */
static bool visit_forgotten(struct outcome *o) {
  struct reasons *r = told_reasons(o);
  for (uint32_t i = 0; r && r->n > 1 && i < r->n; i++) {
    if (r->at[i].code != REASON_NO_VISIT)
      continue;
    for (uint32_t k = i; k + 1 < r->n; k++)
      r->at[k] = o->reasons.at[k] = r->at[k + 1];
    r->n = --o->reasons.n;
    return true;
  }
  return false;
}
static bool overdue_untold(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_DEADLINE_PASSED, &e) ||
      e->u.deadline_passed.deadline != DEADLINE_VISIT_OVERDUE)
    return false;
  o->n_events--;
  o->n_effects--;
  return true;
}
/* A core that tells anybody what a sealed order says. */
static bool unseals_for_anybody(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_COMMAND_REFUSED, &e) || o->reasons.at[0].code != REASON_SEALED)
    return false;
  uint32_t order = o->reasons.at[0].on.index;
  o->verdict = VERDICT_DONE;
  o->reasons.n = 0;
  e->type = EVENT_DETAILS_READ;
  e->u.details_read = (struct ev_details_read){REF_ABSENT, order, REF_ABSENT};
  return true;
}
/* A core that registers somebody, and not that they may be somebody else; or that keeps silent
 * about those for whom there was no room. */
static bool candidate_forgotten(struct outcome *o) {
  if (o->n_events < 2 || o->events[o->n_events - 1].type != EVENT_LINK_RECORDED)
    return false;
  o->n_events--;
  return true;
}
static bool unlinked_untold(struct outcome *o) {
  if (o->n_events < 2 || o->events[o->n_events - 1].type != EVENT_CANDIDATES_UNLINKED)
    return false;
  o->n_events--;
  o->n_effects--;
  return true;
}
/* A core that does not see that two orders contradict each other, or sees others. */
static bool conflict_untold(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_ORDER_CONFLICTS, &e))
    return false;
  o->n_events--; /* it is the last one, and the only alarm */
  o->n_effects--;
  return true;
}
static bool conflict_with_another(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_ORDER_CONFLICTS, &e))
    return false;
  e->u.order_conflicts.others.at[0].index ^= 1;
  return true;
}
/* A core that writes down another beginning of what may have been in other hands. */
static bool compromised_later(struct outcome *o) {
  struct event *e;
  if (has_event(o, EVENT_CREDENTIAL_COMPROMISED, &e))
    return ++e->u.credential_compromised.since;
  return has_event(o, EVENT_OPERATOR_COMPROMISED, &e) && ++e->u.operator_compromised.since;
}
/* A core that lets an order be confirmed twice. */
static bool confirmed_twice(struct outcome *o) {
  struct event *e;
  if (o->verdict != VERDICT_REJECTED || o->reasons.at[0].code != REASON_ALREADY_SO ||
      o->reasons.at[0].on.kind != REF_ORDER)
    return false;
  o->verdict = VERDICT_DONE;
  o->n_events = 1;
  e = &o->events[0];
  e->type = EVENT_ORDER_AUTHENTICATED;
  e->u.order_authenticated = (struct ev_order_authenticated){o->reasons.at[0].on.index, 0};
  o->reasons.n = 0;
  return true;
}
/* A core that goes on moving people while a count differs. */
static bool the_count_forgotten(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_MOVEMENT_REFUSED, &e))
    return false;
  struct reasons *r = &e->u.movement_refused.reasons;
  for (uint32_t i = 0; i < r->n && r->n > 1; i++)
    if (r->at[i].code == REASON_COUNT_MISMATCH) {
      memmove(&r->at[i], &r->at[i + 1], (r->n - i - 1) * sizeof r->at[0]);
      r->n--;
      return true;
    }
  return false;
}
/* A count that is said to match although it does not. */
static bool differs_untold(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_COUNT_CLOSED, &e) || !e->u.count_closed.differs)
    return false;
  e->u.count_closed.differs = false;
  return true;
}
/* A core that forgets that somebody has died. */
static bool the_dead_forgotten(struct outcome *o) {
  struct event *e;
  struct reasons *r = has_event(o, EVENT_PASSAGE_REFUSED, &e)    ? &e->u.passage_refused.reasons
                      : has_event(o, EVENT_MOVEMENT_REFUSED, &e) ? &e->u.movement_refused.reasons
                                                                 : &o->reasons;
  for (uint32_t i = 0; i < r->n; i++)
    if (r->at[i].code == REASON_DECEASED) {
      memmove(&r->at[i], &r->at[i + 1], (r->n - i - 1) * sizeof r->at[0]);
      r->n--;
      return true;
    }
  return false;
}
/* A core that pays more than was committed, or what is refused for another reason of money. */
static bool pays_all_the_same(struct outcome *o) {
  if (o->verdict != VERDICT_REFUSED || !o->reasons.n ||
      o->reasons.at[0].code != REASON_FUNDS_EXCEEDED)
    return false;
  o->verdict = VERDICT_DONE;
  o->events[0].type = EVENT_AGREEMENT_PAID;
  o->events[0].u.funds = (struct ev_funds){o->reasons.at[0].on.index, 1, {"usd"}, {{0}}};
  o->reasons.n = 0;
  return true;
}
/* A core that lets somebody in with a one-time pass that came in before, or is used up. */
static bool a_used_pass_lets_in(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_PASSAGE_REFUSED, &e) ||
      e->u.passage_refused.credential_state != CREDENTIAL_STATE_USED ||
      e->u.passage_refused.to == area_outside || e->u.passage_refused.reasons.n != 1)
    return false;
  o->verdict = VERDICT_DONE;
  o->reasons.n = 0;
  return refused_is_granted(o);
}
/* A core for which a claim is an authority. */
static bool moves_on_a_claim(struct outcome *o) {
  struct event *e;
  if (!has_event(o, EVENT_MOVEMENT_REFUSED, &e) ||
      e->u.movement_refused.reasons.at[0].on.kind != REF_ASSESSMENT)
    return false;
  struct ev_movement_refused r = e->u.movement_refused;
  o->verdict = VERDICT_DONE;
  o->reasons.n = 0;
  e->type = EVENT_MANIFEST_ADDED;
  e->u.manifest_added =
      (struct ev_manifest_added){.movement = r.movement, .person = r.person, .order = REF_ABSENT};
  return true;
}
#define M(name)                                                                                    \
  { #name, name }
static const struct {
  const char *name;
  bool (*change)(struct outcome *);
} mutations[] = {
    M(verdict_turned),        M(reason_dropped),         M(reasons_swapped),
    M(reason_on_another),     M(reasons_told_otherwise), M(refused_is_granted),
    M(another_door),          M(another_area),           M(another_grant),
    M(another_person),        M(rests_on_nothing),       M(rests_on_another),
    M(warning_dropped),       M(taken_turned),           M(waiting_turned),
    M(opened_otherwise),      M(locked_until_later),     M(event_forgotten),
    M(event_doubled),         M(events_swapped),         M(time_moved),
    M(index_moved),           M(alarm_silent),           M(unlocks_another),
    M(unlocks_longer),        M(unlocks_without),        M(locks_not),
    M(signals_otherwise),     M(visit_forgotten),        M(overdue_untold),
    M(candidate_forgotten),   M(unlinked_untold),        M(boards_all_the_same),
    M(promotes_all_the_same), M(departs_all_the_same),   M(the_dead_forgotten),
    M(the_count_forgotten),   M(differs_untold),         M(conflict_untold),
    M(conflict_with_another), M(admits_all_the_same),    M(compromised_later),
    M(confirmed_twice),       M(pays_all_the_same),      M(moves_on_a_claim),
    M(unseals_for_anybody),   M(a_used_pass_lets_in),
};
/* The first so many have room at every door; steps of movements are refused less often. */
enum { frequent = sizeof mutations / sizeof mutations[0] - 19 };

enum { mutants_each = DRIVE_LESS ? 1 : 3, mutant_steps_max = 4000, sites_most = 300 };

/* One change, in the k-th outcome that has room for it. */
static bool notices(struct drive *d, bool (*change)(struct outcome *), uint32_t k, int steps_max) {
  static struct outcome told;
  struct buf story = {0};
  for (int i = 0; i < steps_max; i++) {
    struct command c = drive_draw(d);
    core_decide(d->core, &c, &told);
    if (change(&told) && !k--) {
      bool same = model_step_outcome(d->model, &c, &told, &story);
      bool told_it = story.n > 0 && strstr(buf_cstr(&story), "expected: ") != NULL;
      buf_free(&story);
      return !same && told_it;
    }
    if (!drive_run(d, &c, &story))
      fail_msg("seed %llu: %s", (unsigned long long)d->seed, buf_cstr(&story));
  }
  buf_free(&story);
  return false;
}

static void test_changed_outcomes(void **state) {
  (void)state;
  static struct drive d;
  for (size_t i = 0; i < (DRIVE_LESS ? frequent : sizeof mutations / sizeof mutations[0]); i++)
    for (uint32_t k = 0; k < (i < frequent ? mutants_each : 1); k++) {
      uint64_t seed = 5000 + i * 10 + k;
      bool noticed = false;
      /* A site may have no PIN, or no soft rule: then the next one. */
      for (uint64_t more = 0; more < sites_most && !noticed; more++) {
        drive_begin(&d, seed + 1000 * more, false);
        int steps_max = i < frequent ? mutant_steps_max : mutant_steps_max / 4;
        noticed = notices(&d, mutations[i].change, k * 3, steps_max);
        bool asked = d.steps < (uint64_t)steps_max;
        drive_end(&d);
        if (asked && !noticed)
          fail_msg("seed %llu: the model did not notice %s", (unsigned long long)seed,
                   mutations[i].name);
      }
      if (!noticed)
        fail_msg("%s found nothing to change", mutations[i].name);
    }
}

/* --- States --- */

/* Somebody is let through door 0, and there is something of everything. */
static bool is_lively(const struct core *core) {
  return core->doors[0].n_party && core->doors[0].party[0].status == PARTY_GRANTED &&
         core->head.n_alarms && core->head.n_separations && core->head.n_persons >= 3;
}

static void drive_to_lively(struct drive *d, struct buf *story) {
  for (uint64_t seed = 77;; seed++) {
    drive_begin(d, seed, false);
    for (int step = 0; step < 2000 && !is_lively(d->core); step++)
      if (!drive_step(d, story))
        fail_msg("%s", buf_cstr(story));
    if (is_lively(d->core))
      return;
    drive_end(d);
  }
}

static void test_changed_states(void **state) {
  (void)state;
  static struct drive d;
  struct buf story = {0};
  drive_to_lively(&d, &story);
  struct core *c = d.core;
  struct person *p = &c->persons[1];
#define SPOILT(member, by)                                                                         \
  do {                                                                                             \
    __typeof__(member) was_ = member;                                                              \
    member = (__typeof__(member))((int64_t)was_ + (by));                                           \
    buf_reset(&story);                                                                             \
    if (model_same(d.model, c, &story) || !story.n)                                                \
      fail_msg("the model did not notice that %s was changed", #member);                           \
    member = was_;                                                                                 \
    buf_reset(&story);                                                                             \
    if (!model_same(d.model, c, &story))                                                           \
      fail_msg("%s", buf_cstr(&story));                                                            \
  } while (0)
  SPOILT(p->area, 1);
  SPOILT(p->kind, 1);
  SPOILT(p->state, 1);
  SPOILT(p->valid_from_s, 1);
  SPOILT(p->valid_until_s, -1);
  SPOILT(p->pin.b[3], 1);
  SPOILT(p->duress.b[3], 1);
  SPOILT(p->pin_failures, 1);
  SPOILT(p->pin_locked_until_s, 1);
  SPOILT(p->entered_s, 1);
  SPOILT(p->merged_into, 1);
  SPOILT(p->grants[0].level, 1);
  SPOILT(p->grants[0].until_s, -1);
  SPOILT(c->credentials[0].state, 1);
  SPOILT(c->credentials[0].person, 1);
  SPOILT(c->credentials[0].valid_from_s, 1);
  SPOILT(c->credentials[0].tag.b[0], 1);
  SPOILT(c->operators[0].disabled, c->operators[0].disabled ? -1 : 1);
  SPOILT(c->operators[0].role, 1);
  SPOILT(c->operators[0].compromised_s, -1);
  SPOILT(c->credentials[0].compromised_s, -1);
  SPOILT(c->credentials[0].once, 1);
  SPOILT(c->areas[2].occupancy, 1);
  SPOILT(c->areas[2].reserved, 1);
  SPOILT(c->areas[2].leaving, 1);
  SPOILT(c->areas[2].lockdown, c->areas[2].lockdown ? -1 : 1);
  SPOILT(c->areas[2].first_in, c->areas[2].first_in ? -1 : 1);
  SPOILT(c->doors[0].open, c->doors[0].open ? -1 : 1);
  SPOILT(c->doors[0].unlocked, c->doors[0].unlocked ? -1 : 1);
  SPOILT(c->doors[0].relock_at, 1);
  SPOILT(c->doors[0].held, 1);
  SPOILT(c->doors[0].rex_until, 1);
  SPOILT(c->doors[0].party[0].person, 1);
  SPOILT(c->doors[0].party[0].at, 1);
  SPOILT(c->doors[0].party[0].to, 1);
  SPOILT(c->doors[0].party[0].granted, 1);
  SPOILT(c->doors[0].party[0].status, 1);
  SPOILT(c->doors[0].n_party, -1);
  SPOILT(c->gates[0].closed, c->gates[0].closed ? -1 : 1);
  SPOILT(c->readers[0].offline, c->readers[0].offline ? -1 : 1);
  SPOILT(c->readers[0].tampered, c->readers[0].tampered ? -1 : 1);
  SPOILT(c->readers[0].insecure, c->readers[0].insecure ? -1 : 1);
  SPOILT(c->readers[0].unpowered, c->readers[0].unpowered ? -1 : 1);
  SPOILT(c->readers[0].rekey_n, 1);
  SPOILT(c->alarms[0].n, 1);
  SPOILT(c->head.n_alarms, -1);
  SPOILT(c->head.threat, 1);
  SPOILT(c->head.next_entry, 1);
  SPOILT(c->head.last_at, 1);
  SPOILT(c->head.sealed, -1);
  SPOILT(c->head.lockdowns, 1);
  SPOILT(c->head.plan_hash.b[5], 1);
  drive_end(&d);
  buf_free(&story);
}

/* --- Cores that forget a rule: what they decide by is not what the plan says --- */

#define EACH(p, array, n) for (uint32_t i = 0; i < (p)->n; i++)
static void capacity_off_by_one(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].capacity += p->areas[i].capacity != 0;
}
static void interlock_forgotten(struct plan *p) {
  EACH(p, doors, n_doors) p->doors[i].n_peers = 0;
}
static void passback_forgotten(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].anti_passback = PASSBACK_NONE;
}
static void soft_is_hard(struct plan *p) {
  EACH(p, areas, n_areas)
  if (p->areas[i].anti_passback == PASSBACK_SOFT)
    p->areas[i].anti_passback = PASSBACK_HARD;
}
static void passback_a_second_less(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].anti_passback_s /= 2;
}
static void escort_forgotten(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].escort = false;
}
static void pair_forgotten(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].two_person = false;
}
static void leader_forgotten(struct plan *p) {
  EACH(p, areas, n_areas) p->areas[i].first_person = NONE16;
}
static void pin_not_asked(struct plan *p) {
  EACH(p, readers, n_readers) p->readers[i].factors &= FACTOR_BIT_BIOMETRIC;
}
static void biometric_not_asked(struct plan *p) {
  EACH(p, readers, n_readers) p->readers[i].factors &= FACTOR_BIT_PIN;
}
static void threat_refuses_nobody(struct plan *p) {
  EACH(p, threats, n_threats) p->threats[i].refuse_kinds = 0;
}
static void boundary_forgotten(struct plan *p) {
  EACH(p, doors, n_doors) p->doors[i].boundary = false;
}
static void lock_said_nothing(struct plan *p) {
  EACH(p, doors, n_doors) p->doors[i].tells_locked = false;
}
static void unlocks_a_little_longer(struct plan *p) {
  EACH(p, doors, n_doors) p->doors[i].unlock_ms++;
}
static void held_a_little_longer(struct plan *p) {
  EACH(p, doors, n_doors) p->doors[i].held_open_ms++;
}
static void one_more_try(struct plan *p) {
  p->rules.pin_attempts += p->rules.pin_attempts != 0;
}
static void schedules_ignored(struct plan *p) {
  size_t n = (size_t)p->n_gates * DIRECTION_COUNT * p->n_levels;
  for (size_t i = 0; i < n; i++)
    p->access[i] = p->access[i] ? 1 : 0;
}
static void summer_time_forgotten(struct plan *p) {
  EACH(p, zone_transitions, n_zone) p->zone_transitions[i].offset_s = 0;
}
static void exceptions_forgotten(struct plan *p) {
  EACH(p, schedules, n_schedules) p->schedules[i].n_exceptions = 0;
}
static void any_level_in_lockdown(struct plan *p) {
  EACH(p, levels, n_levels) p->levels[i].in_lockdown = true;
}
static void escort_takes_longer(struct plan *p) {
  p->rules.escort_ms *= 10;
}
static void pair_takes_longer(struct plan *p) {
  p->rules.two_person_ms *= 10;
}
static void anyone_escorts(struct plan *p) {
  p->rules.escort_kinds = UINT32_MAX;
}
static void one_operator(struct plan *p) {
  p->rules.second_operator = false;
}
static void stale_is_fresh(struct plan *p) {
  p->rules.stale_ms = UINT32_MAX;
}
static void confirmed_a_second_late(struct plan *p) {
  p->rules.order_confirm_s++;
}
static void heard_a_second_late(struct plan *p) {
  p->rules.hearing_close_s++;
}
static void assessments_a_second_later(struct plan *p) {
  p->rules.assessment_answer_s++;
}

static const struct {
  const char *name;
  void (*spoil)(struct plan *);
} bugs[] = {
    M(capacity_off_by_one),  M(interlock_forgotten),     M(passback_forgotten),
    M(soft_is_hard),         M(passback_a_second_less),  M(escort_forgotten),
    M(pair_forgotten),       M(leader_forgotten),        M(pin_not_asked),
    M(biometric_not_asked),  M(threat_refuses_nobody),   M(boundary_forgotten),
    M(lock_said_nothing),    M(unlocks_a_little_longer), M(held_a_little_longer),
    M(one_more_try),         M(schedules_ignored),       M(summer_time_forgotten),
    M(exceptions_forgotten), M(any_level_in_lockdown),   M(escort_takes_longer),
    M(pair_takes_longer),    M(anyone_escorts),          M(one_operator),
    M(stale_is_fresh),       M(confirmed_a_second_late), M(assessments_a_second_later),
    M(heard_a_second_late),
};

enum { bug_seeds_max = 400, bug_steps = 400 };

static uint64_t seeds_until_found(void (*spoil)(struct plan *)) {
  static struct drive d;
  for (uint64_t seed = 0; seed < bug_seeds_max; seed++) {
    struct buf story = {0};
    bool agreed = true;
    drive_begin_spoilt(&d, 9000 + seed, spoil);
    for (int i = 0; agreed && i < bug_steps; i++)
      agreed = drive_step(&d, &story);
    drive_end(&d);
    buf_free(&story);
    if (!agreed)
      return seed + 1;
  }
  return 0;
}

static void test_forgotten_rules(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bugs / sizeof bugs[0]; i++) {
    uint64_t seeds = seeds_until_found(bugs[i].spoil);
    if (!seeds)
      fail_msg("%d seeds did not show a core with %s", bug_seeds_max, bugs[i].name);
    printf("  %s: seed %llu\n", bugs[i].name, (unsigned long long)seeds);
  }
}

/* --- Invariants: the model's own beliefs spoilt, as if it and the core were wrong alike --- */

static void must_complain(const struct drive *d, const char *number, const char *what) {
  struct buf story = {0};
  if (model_invariants(d->model, &story))
    fail_msg("no invariant was broken by %s", what);
  if (!strstr(buf_cstr(&story), number))
    fail_msg("%s broke another invariant: %s", what, buf_cstr(&story));
  buf_free(&story);
}

/* Somebody who is inside and no detainee; REF_ABSENT: nobody is. */
static uint32_t guest_of(const struct core *core) {
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    if (core->persons[i].kind != PERSON_DETAINEE && core->persons[i].area != area_outside)
      return i;
  return REF_ABSENT;
}

/* A step that ends with a grant, on a site where nobody is locked up or down. */
static struct ev_passage_granted *drive_to_grant(struct drive *d) {
  struct buf story = {0};
  for (;;) {
    if (!drive_step(d, &story))
      fail_msg("%s", buf_cstr(&story));
    if (d->out.n_events && d->out.events[0].type == EVENT_PASSAGE_GRANTED &&
        d->core->head.n_persons > 3 && guest_of(d->core) != REF_ABSENT)
      break;
  }
  buf_free(&story);
  return &d->model->expected.events[0].u.passage_granted;
}

static void test_invariants(void **state) {
  (void)state;
  static struct drive d;
  drive_begin(&d, 4, false);
  struct ev_passage_granted *g = drive_to_grant(&d);
  struct model *m = d.model;
  struct m_person *p = &m->persons[g->person];

  struct m_person *guest = &m->persons[guest_of(d.core)];
  uint32_t area = guest->area, at = (uint32_t)(guest - m->persons), last = m->last_area[at];
  guest->area = m->plan->n_areas;
  must_complain(&d, "invariant 5", "someone who is nowhere");
  guest->area = area;

  uint32_t kind = guest->kind;
  guest->kind = PERSON_DETAINEE;
  m->last_area[at] = area_outside;
  must_complain(&d, "invariant 3", "a detainee over the boundary");
  guest->kind = kind;
  m->last_area[at] = last;

  p->state = PERSON_STATE_SUSPENDED;
  must_complain(&d, "invariant 4", "a suspended person who was let pass");
  p->state = PERSON_PRESENT;

  m->credentials[g->credential].state = CREDENTIAL_STATE_REVOKED;
  must_complain(&d, "invariant 4", "a revoked credential");
  m->credentials[g->credential].state = CREDENTIAL_STATE_ISSUED;

  struct m_credential pass = m->credentials[g->credential];
  m->credentials[g->credential].once = true;
  m->credentials[g->credential].ways_in = 2;
  must_complain(&d, "invariant 4", "a one-time pass on which two came in");
  m->credentials[g->credential].ways_in = 1;
  m->credentials[g->credential].out_n = 1;
  must_complain(&d, "invariant 4", "a one-time pass that was used up before");
  m->credentials[g->credential] = pass;

  m->closed[g->gate] = true;
  must_complain(&d, "invariant 4", "a closed gate");
  m->closed[g->gate] = false;

  uint32_t grants = p->n_grants;
  p->n_grants = 0;
  must_complain(&d, "invariant 4", "a passage without a level");
  p->n_grants = grants;

  m->at_before = m->last.at + 1;
  must_complain(&d, "invariant 8", "time that went back");
  m->at_before = m->last.at;

  m->next++;
  must_complain(&d, "invariant 8", "a gap between entries");
  m->next--;

  g->rests_on.n = 1;
  must_complain(&d, "invariant 10", "a permit that rests on nothing");
  g->rests_on.n = 2;

  m->expected.verdict = VERDICT_REFUSED;
  m->expected.reasons.n = 0;
  must_complain(&d, "invariant 10", "a refusal without a reason");
  m->expected.verdict = VERDICT_DONE;

  m->expected.events[0].type = EVENT_LOCKDOWN_RELEASED;
  m->last.by = (struct actor){ACTOR_OPERATOR, 0};
  m->last.second = REF_ABSENT;
  if (m->plan->rules.second_operator)
    must_complain(&d, "invariant 9", "a lockdown that one operator released");
  drive_end(&d);
}

/* An overfull room, and two doors of an interlock group; each on the first site that has one. */
static void test_invariants_of_places(void **state) {
  (void)state;
  static struct drive d;
  bool room = false, doors = false;
  for (uint64_t seed = 1; seed < 100 && !(room && doors); seed++) {
    drive_begin(&d, seed, false);
    struct ev_passage_granted *g = drive_to_grant(&d);
    struct model *m = d.model;
    uint32_t capacity = m->plan->areas[g->to].capacity;
    if (!room && capacity && m->n_persons > capacity + 1 &&
        !m_within(m->plan, m->last_area[g->person], g->to)) {
      for (uint32_t i = 0; i < m->n_persons; i++)
        m->persons[i].area = m->last_area[i] = i == g->person ? area_outside : g->to;
      must_complain(&d, "invariant 7", "a room with too many");
      room = true;
    } else if (!doors && m->plan->doors[g->door].n_peers) {
      struct m_door *peer = &m->doors[m->plan->peers[m->plan->doors[g->door].peers_at]];
      struct buf story = {0};
      uint64_t n = d.out.events[0].n;
      usec until;
      assert_true(model_may_unlock(m, g->door, n, d.now, &story));
      peer->unlocked = true;
      peer->relock_at = d.now + USEC_PER_S;
      must_complain(&d, "invariant 2", "two doors of an interlock group");
      assert_false(model_may_unlock(m, g->door, n, d.now, &story));
      peer->unlocked = false;
      peer->open = true;
      must_complain(&d, "invariant 2", "a door unlocked while another of its group is open");
      assert_false(model_may_unlock(m, g->door, n, d.now, &story));
      peer->open = false;
      assert_true(model_may_unlock(m, g->door, n, d.now, &story));
      assert_false(model_may_unlock(m, g->door, n + 1, d.now, &story));
      assert_true(model_has_unlocked(m, g->door, n, &until) && until > d.now);
      assert_true(model_has_unlocked(m, g->door, n - 1, &until));
      assert_false(model_has_unlocked(m, g->door, n + 1, &until));
      assert_false(model_may_unlock(m, g->door, n, d.now + 86400 * USEC_PER_S, &story));
      buf_free(&story);
      doors = true;
    }
    drive_end(&d);
  }
  assert_true(room && doors);
}

static void test_missing_tick(void **state) {
  (void)state;
  static struct drive d;
  struct buf story = {0};
  drive_begin(&d, 4, false);
  do /* through a door that stands open, nothing runs */
    drive_to_grant(&d);
  while (model_due(d.model) == TIME_ABSENT);
  usec due = model_due(d.model);
  assert_true(due != TIME_ABSENT && due == core_due(d.core));
  assert_true(model_timely(d.model, due + USEC_PER_S, USEC_PER_S, &story));
  assert_int_equal(story.n, 0);
  assert_false(model_timely(d.model, due + USEC_PER_S + 1, USEC_PER_S, &story));
  assert_non_null(strstr(buf_cstr(&story), "had not been made due"));
  buf_free(&story);
  drive_end(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_changed_outcomes),     cmocka_unit_test(test_changed_states),
      cmocka_unit_test(test_forgotten_rules),      cmocka_unit_test(test_invariants),
      cmocka_unit_test(test_invariants_of_places), cmocka_unit_test(test_missing_tick),
  };
  return cmocka_run_group_tests_name("model notices", tests, NULL, NULL);
}
