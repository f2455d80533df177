#include "fuzz/exercise.h"

#include "core/state.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* --- Invariants --- */

static bool lies_within(const struct plan *p, uint32_t area, uint32_t outer) {
  for (uint32_t deep = 0; area != NONE16; area = p->areas[area].parent) {
    if (area == outer)
      return true;
    MUST_HOLD(++deep <= p->n_areas);
  }
  return false;
}

static void check_counts(const struct core *core) {
  const struct plan *p = core->plan;
  for (uint32_t a = 0; a < core->head.n_areas; a++) {
    uint32_t inside = 0;
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      inside += lies_within(p, core->persons[i].area, a);
    MUST_HOLD(core->areas[a].occupancy == inside);
    uint32_t reserved = 0, leaving = 0;
    for (uint32_t d = 0; d < core->head.n_doors; d++)
      for (uint32_t i = 0; i < core->doors[d].n_party; i++) {
        const struct party_member *m = &core->doors[d].party[i];
        if (m->status != PARTY_GRANTED)
          continue;
        reserved += lies_within(p, m->to, a) && !lies_within(p, m->from, a);
        leaving += m->from == a;
      }
    MUST_HOLD(core->areas[a].reserved == reserved);
    MUST_HOLD(core->areas[a].leaving == leaving);
  }
}

static void check_chains(const struct core *core) {
  uint32_t grants = 0, separations = 0;
  for (uint32_t i = 0; i < core->head.n_persons; i++) {
    for (uint32_t x = core->persons[i].extra_grants; x; x = core->extra_grants[x - 1].next)
      MUST_HOLD(x <= core->head.n_extra_grants && ++grants <= core->head.n_extra_grants);
    for (uint32_t s = core->persons[i].separations; s; s = core->separations[s - 1].next)
      MUST_HOLD(s <= core->head.n_separations && ++separations <= core->head.n_separations);
  }
  for (uint32_t x = core->head.free_grant; x; x = core->extra_grants[x - 1].next)
    MUST_HOLD(x <= core->head.n_extra_grants && ++grants <= core->head.n_extra_grants);
  for (uint32_t s = core->head.free_separation; s; s = core->separations[s - 1].next)
    MUST_HOLD(s <= core->head.n_separations && ++separations <= core->head.n_separations);
}

static void check_names(const struct core *core) {
  uint32_t at;
  for (uint32_t i = 0; i < core->head.n_persons; i++) {
    uint32_t number = person_number(i);
    MUST_HOLD(core_find_person(core, core->persons[i].id, &at));
    MUST_HOLD(core_find_person_number(core, number, &at) && at == i);
    MUST_HOLD(!core_find_person_number(core, number - number % 10 + (number + 1) % 10, &at));
  }
  MUST_HOLD(!core_find_person_number(core, 9999, &at));
  MUST_HOLD(!core_find_person_number(core, person_number(core->head.n_persons), &at));
  for (uint32_t i = 0; i < core->head.n_operators; i++)
    MUST_HOLD(core_find_operator(core, core->operators[i].id, &at));
  for (uint32_t i = 0; i < core->head.n_credentials; i++)
    MUST_HOLD(core_find_credential(core, core->credentials[i].id, &at) &&
              core_find_credential_tag(core, core->credentials[i].tag, &at));
}

void exercise_check(const struct core *core) {
  check_counts(core);
  check_chains(core);
  check_names(core);
}

/* --- Living on --- */

static struct outcome out;

static void apply(struct core *core, const struct outcome *o) {
  for (uint32_t i = 0; i < o->n_events; i++)
    core_apply(core, &o->events[i]);
}

static usec later(const struct core *core, usec by) {
  usec last = core->head.last_at;
  return last < USEC_MAX - by ? last + by : USEC_MAX;
}

static void decide(struct core *core, struct command *c, bool keep) {
  c->at = c->known_at = later(core, USEC_PER_S);
  c->clock_trusted = true;
  core_decide(core, c, &out);
  MUST_HOLD(out.n_events <= events_max && out.n_effects <= effects_max);
  if (keep)
    apply(core, &out);
}

/* Each timer fires once it is due, and each firing makes something not due any more. */
static void pass_time(struct core *core) {
  for (uint32_t rounds = 0;; rounds++) {
    usec due = core_due(core);
    if (due == TIME_ABSENT)
      return;
    MUST_HOLD(rounds < 8 * doors_max);
    struct command c = {.type = COMMAND_TICK, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
    c.at = due > core->head.last_at ? due : core->head.last_at;
    if (c.at > USEC_MAX)
      return; /* the calendar has ended */
    c.known_at = c.at;
    c.clock_trusted = true;
    core_decide(core, &c, &out);
    MUST_HOLD(out.n_events > 0);
    apply(core, &out);
  }
}

static struct actor operator_of(const struct core *core, unsigned roles, uint32_t *second) {
  struct actor by = {ACTOR_OPERATOR, 0};
  for (uint32_t i = 0; i < core->head.n_operators; i++)
    if (roles >> core->operators[i].role & 1)
      by.index = i;
  *second = REF_ABSENT;
  for (uint32_t i = 0; i < core->head.n_operators; i++)
    if (core->operators[i].role != core->operators[by.index].role)
      *second = i;
  return by;
}

static void everyone_everywhere(struct core *core, bool keep) {
  const uint32_t readers = core->plan->n_readers < 40 ? core->plan->n_readers : 40,
                 cards = core->head.n_credentials < 8 ? core->head.n_credentials : 8;
  for (uint32_t r = 0; r < readers; r++)
    for (uint32_t i = 0; i < cards; i++) {
      struct command c = {.type = COMMAND_PASS,
                          .by = {ACTOR_HAND, 0},
                          .second = REF_ABSENT,
                          .u.pass = {.reader = r}};
      c.u.pass.tag = core->credentials[i].tag;
      c.u.pass.pin = core->persons[core->credentials[i].person].pin;
      c.u.pass.biometric = BIOMETRIC_MATCH;
      c.u.pass.format = core->credentials[i].format;
      c.u.pass.occurred_at = TIME_ABSENT;
      decide(core, &c, keep && (r + i) % 3 == 0);
    }
}

static void doors_move(struct core *core, bool keep) {
  for (uint32_t d = 0; d < core->plan->n_doors && d < 40; d++)
    for (uint32_t sign = DOOR_OPENED; sign <= DOOR_REX; sign++) {
      struct command c = {.type = COMMAND_DOOR_REPORT,
                          .by = {ACTOR_HAND, 0},
                          .second = REF_ABSENT,
                          .u.door_report = {d, sign, false, TIME_ABSENT}};
      decide(core, &c, keep);
    }
}

/* What an operator may ask of one person. */
static void ask_of_persons(struct core *core) {
  static const enum command_type of_person[] = {COMMAND_PERSON_SUSPEND, COMMAND_PERSON_REINSTATE,
                                                COMMAND_PERSON_UNMERGE, COMMAND_PERSON_DEPART};
  for (uint32_t i = 0; i < core->head.n_persons && i < 12; i++) {
    for (size_t t = 0; t < sizeof of_person / sizeof of_person[0]; t++) {
      struct command c = {.type = of_person[t], .u.person_ref = {i}};
      c.by = operator_of(core, 1u << ROLE_DESK, &c.second);
      decide(core, &c, true);
    }
    struct command c = {.type = COMMAND_PERSON_LOCATE};
    c.by = operator_of(core, 1u << ROLE_SHIFT, &c.second);
    c.u.person_locate.person = i;
    c.u.person_locate.area = i % core->plan->n_areas;
    decide(core, &c, true);
    for (uint32_t l = 0; l < core->plan->n_levels && l < 6; l++) {
      struct command g = {.type = (i + l) % 2 ? COMMAND_LEVEL_REVOKE : COMMAND_LEVEL_GRANT,
                          .u.level_grant = {i, l, TIME_ABSENT, TIME_ABSENT}};
      if (g.type == COMMAND_LEVEL_REVOKE)
        g.u.level_revoke = (struct cmd_level_revoke){i, l};
      g.by = operator_of(core, 1u << ROLE_SHIFT, &g.second);
      decide(core, &g, true);
    }
    struct command s = {.type = i % 2 ? COMMAND_SEPARATION_LIFT : COMMAND_SEPARATION_ADD,
                        .u.separation = {i, 0}};
    s.by = operator_of(core, 1u << ROLE_SHIFT, &s.second);
    decide(core, &s, true);
  }
}

static void states_change(struct core *core) {
  for (uint32_t a = 0; a < core->plan->n_areas && a < 20; a++) {
    struct command c = {.type = COMMAND_LOCKDOWN_RELEASE, .u.area_ref = {a}};
    c.by = operator_of(core, 1u << ROLE_SHIFT, &c.second);
    decide(core, &c, true);
  }
  while (core->head.n_alarms) {
    uint32_t before = core->head.n_alarms;
    struct command c = {.type = COMMAND_ALARM_ACKNOWLEDGE,
                        .u.alarm_acknowledge = {core->alarms[0].n}};
    c.by = operator_of(core, 1u << ROLE_SHIFT | 1u << ROLE_GATE, &c.second);
    decide(core, &c, true);
    if (core->head.n_alarms >= before)
      break; /* nobody here may */
  }
}

void exercise_core(struct core *core) {
  exercise_check(core);
  if (core->head.last_at > USEC_MAX - INT64_C(400) * 86400 * USEC_PER_S)
    return; /* time must be able to pass */
  pass_time(core);
  if (!core->plan)
    return;
  everyone_everywhere(core, false);
  everyone_everywhere(core, true);
  if (core->head.n_operators) {
    ask_of_persons(core);
    states_change(core);
  }
  exercise_check(core);
  doors_move(core, true);
  pass_time(core);
  exercise_check(core);
}
