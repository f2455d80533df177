/* The naive model against the core: random sites, random commands; and that it notices.
 *
 * SALLYPORT_MODEL_SEEDS=N tries N seeds instead of a few hundred, SALLYPORT_MODEL_SEED=N begins
 * with that one: a failure prints what to set. */
#include "model_drive.h"

#include "plan/plan_read.h"
#include "sim/random_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
  plans_tried = DRIVE_LESS ? 400 : 2000,
  seeds_tried = DRIVE_LESS ? 60 : 600,
  steps_a_seed = 1000,
};

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *s = getenv(name);
  return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

/* --- Plans --- */

static void must_be_sound(uint64_t seed, const char *what, const struct buf *yaml,
                          struct plan **plan) {
  struct plan_faults faults = {0};
  if (plan_read(buf_span(yaml), plan, &faults)) {
    print_error("%.*s\n", (int)yaml->n, (const char *)yaml->p);
    for (uint32_t i = 0; i < faults.kept; i++)
      print_error("line %u: %s\n", faults.at[i].line, faults.at[i].text);
    fail_msg("seed %llu: the %s is not sound", (unsigned long long)seed, what);
  }
  plan_faults_free(&faults);
}

static void test_plans(void **state) {
  (void)state;
  uint32_t ports = 0, groups = 0, custody = 0, alone = 0;
  for (uint64_t seed = 0; seed < plans_tried; seed++) {
    struct rng site = rng_from(seed, "site"), change = rng_from(seed, "change"), made = site;
    struct buf yaml = {0};
    struct plan *plan = NULL;
    random_plan(&site, &yaml);
    must_be_sound(seed, "plan", &yaml, &plan);
    assert_in_range(plan->n_doors, 1, random_doors_max);
    for (uint32_t i = 0; i < plan->n_gates; i++)
      ports += plan->gates[i].vestibule != NONE16;
    for (uint32_t i = 0; i < plan->n_areas; i++)
      custody += plan->areas[i].custody;
    for (uint32_t i = 0; i < plan->n_doors; i++)
      groups += plan->doors[i].n_peers > 1;
    alone += !plan->rules.second_operator;
    plan_free(plan);
    if (seed % 4 == 0) {
      buf_reset(&yaml);
      random_plan_change(made, &change, &yaml);
      must_be_sound(seed, "changed plan", &yaml, &plan);
      plan_free(plan);
    }
    buf_free(&yaml);
  }
  assert_true(DRIVE_LESS || (ports > 100 && groups > 100 && custody > 100 && alone > 100));
}

/* --- Random commands --- */

static void fail_seed(const struct drive *d, struct buf *story) {
  print_error("%s\n", buf_cstr(story));
  fail_msg("step %llu of seed %llu; once more: SALLYPORT_MODEL_SEED=%llu SALLYPORT_MODEL_SEEDS=1 "
           "test_model",
           (unsigned long long)d->steps, (unsigned long long)d->seed, (unsigned long long)d->seed);
}

struct totals {
  uint64_t commands, passages, granted, refused, rejected;
  uint64_t reasons[REASON_COUNT], events[EVENT_COUNT];
};

static void add_up(struct totals *t, const struct model_counts *c) {
  t->commands += c->commands;
  t->passages += c->passages;
  t->granted += c->granted;
  t->refused += c->refused;
  t->rejected += c->rejected;
  for (uint32_t i = 0; i < REASON_COUNT; i++)
    t->reasons[i] += c->reasons[i];
  for (uint32_t i = 0; i < EVENT_COUNT; i++)
    t->events[i] += c->event_types[i];
}

/* What no few hundred seeds surely reach: a million of something, what comes before the first plan,
 * and nine permitted at one door at once, which 19-many-at-one-door.scn asks core and model. */
static bool out_of_reach(uint32_t reason) {
  return reason == REASON_LIMIT_REACHED || reason == REASON_PLAN_MISSING ||
         reason == REASON_DOOR_BUSY;
}

/* How often each was met, for whoever adds a kind of command and so thins the draw. */
static void tell_reach(const struct totals *t) {
  for (uint32_t i = 0; i < REASON_COUNT; i++)
    printf("%8llu %s\n", (unsigned long long)t->reasons[i], reason_codes[i]);
  for (uint32_t i = 0; i < EVENT_COUNT; i++)
    printf("%8llu %s\n", (unsigned long long)t->events[i], event_records[i].type);
}

/* The first thing that no seed has led to yet; NULL: all was met. */
static const char *missing(const struct totals *t) {
  for (uint32_t i = 0; i < REASON_COUNT; i++)
    if (!t->reasons[i] && !out_of_reach(i))
      return reason_codes[i];
  for (uint32_t i = 0; i < EVENT_COUNT; i++)
    if (!t->events[i])
      return event_records[i].type;
  return NULL;
}

static void try_seed(uint64_t seed, struct totals *t) {
  static struct drive d;
  struct buf story = {0};
  drive_begin(&d, seed, seed % 8 == 0);
  for (int i = 0; i < steps_a_seed; i++)
    if (!drive_step(&d, &story))
      fail_seed(&d, &story);
  if (d.follows && !model_same(d.follows, d.core, &story))
    fail_seed(&d, &story);
  add_up(t, model_counts(d.model));
  drive_end(&d);
  buf_free(&story);
}

/* Every reason and every entry must be met. Kinds of commands grow in number and share the draw, so
 * the seeds go on for a while when the first have left one out. */
static void test_random_commands(void **state) {
  (void)state;
  uint64_t first = setting("SALLYPORT_MODEL_SEED", DRIVE_SEED), seed = first;
  uint64_t seeds = setting("SALLYPORT_MODEL_SEEDS", seeds_tried);
  bool must_reach = !DRIVE_LESS && seeds >= seeds_tried;
  struct totals t = {0};
  while (seed < first + seeds || (must_reach && missing(&t) && seed < first + seeds * 4))
    try_seed(seed++, &t);
  printf("%llu seeds: %llu commands agreed, %llu passages among them (%llu granted); %llu refused, "
         "%llu rejected\n",
         (unsigned long long)(seed - first), (unsigned long long)t.commands,
         (unsigned long long)t.passages, (unsigned long long)t.granted,
         (unsigned long long)t.refused, (unsigned long long)t.rejected);
  if (getenv("SALLYPORT_MODEL_REACH"))
    tell_reach(&t);
  if (must_reach && missing(&t))
    fail_msg("no command of %llu seeds led to %s", (unsigned long long)(seed - first), missing(&t));
}

/* --- Where no few hundred seeds come --- */

static void must_agree(struct drive *d, struct command c) {
  struct buf story = {0};
  c.at = c.known_at = d->now;
  c.clock_trusted = true;
  if (!drive_run_only(d, &c, &story))
    fail_seed(d, &story);
  buf_free(&story);
}

static void must_be_same(struct drive *d) {
  struct buf story = {0};
  if (!model_same(d->model, d->core, &story))
    fail_seed(d, &story);
  buf_free(&story);
}

static struct command asked_by(enum command_type type, uint32_t actor) {
  return (struct command){.type = type, .by = {actor, 0}, .second = REF_ABSENT};
}

/* Before the first plan: init twice, then all that anyone but an operator can ask. */
static void test_before_the_plan(void **state) {
  (void)state;
  static struct drive d;
  drive_begin_empty(&d, 1);
  for (int twice = 0; twice < 2; twice++) {
    must_agree(&d, asked_by(COMMAND_SITE_CREATE, ACTOR_INIT));
    must_agree(&d, asked_by(COMMAND_OPERATOR_ADD, ACTOR_INIT));
  }
  assert_int_equal(model_counts(d.model)->rejected, 2);
  must_be_same(&d);
  for (uint32_t type = 0; type < COMMAND_COUNT; type++)
    for (uint32_t actor = 0; actor < ACTOR_OPERATOR; actor++)
      if (type != COMMAND_PLAN_APPLY)
        must_agree(&d, asked_by((enum command_type)type, actor));
  assert_true(model_counts(d.model)->reasons[REASON_PLAN_MISSING] > 0);
  must_be_same(&d);
  drive_end(&d);
}

/* Two who may ask for this, on a site that was just founded: operators stand in the order of roles.
 */
static struct command asked_by_two(enum command_type type, uint32_t first, uint32_t second) {
  return (struct command){.type = type, .by = {ACTOR_OPERATOR, first}, .second = second};
}

static void test_limits(void **state) {
  (void)state;
  static struct drive d;
  drive_begin(&d, 8, false);
  for (uint32_t i = d.core->head.n_operators; i <= operators_max; i++) {
    struct command c = asked_by_two(COMMAND_OPERATOR_ADD, ROLE_ADMIN, ROLE_LEGAL);
    c.u.operator_add.operator_id.b[0] = 1;
    memcpy(&c.u.operator_add.operator_id.b[4], &i, sizeof i);
    must_agree(&d, c);
  }
  assert_int_equal(d.core->head.n_operators, operators_max);
  assert_int_equal(model_counts(d.model)->reasons[REASON_LIMIT_REACHED], 1);
  uint32_t before = d.core->head.n_alarms; /* of those who arrived */
  for (uint32_t i = 0; i < 2 * alarms_max + 20; i++) {
    struct command c = asked_by(COMMAND_READER_REPORT, ACTOR_HAND);
    c.u.reader_report.sign = i % 2 ? READER_ONLINE : READER_OFFLINE;
    must_agree(&d, c);
  }
  assert_int_equal(d.core->head.n_alarms, alarms_max);
  assert_int_equal(d.core->head.alarms_lost, 10 + before);
  must_be_same(&d);
  drive_end(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plans),
      cmocka_unit_test(test_random_commands),
      cmocka_unit_test(test_before_the_plan),
      cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
