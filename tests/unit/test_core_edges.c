/* The core where no day of a site takes it: before the first plan, in full tables, in states and
 * plans that nobody makes yet or may make. Where that is so a test makes them by hand. */
#include "core/areas.h"
#include "core/interlock.h"
#include "core/state.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SITE                                                                                       \
  "site: { name: edges, zone: UTC }\n"                                                             \
  "areas: [{ name: hall, kind: room }, { name: lab, kind: room }]\n"                               \
  "interlocks: [[side, back]]\n"                                                                   \
  "levels: [{ name: all, access: [{ gates: all }] }, { name: more, access: [{ gates: [main] }] "   \
  "}]\n"                                                                                           \
  "rules: { pin-attempts: 0 }\n"                                                                   \
  "formats: [{ name: h10301, bits: 26 }]\n"                                                        \
  "gates:\n"                                                                                       \
  "  - name: main\n"                                                                               \
  "    from: outside\n"                                                                            \
  "    to: hall\n"                                                                                 \
  "    doors: [{ name: main, rex: record, readers: [{ name: main-in, direction: in },"             \
  "      { name: main-in-2, direction: in, factors: card+pin }] }]\n"
#define BACK "{ name: back, readers: [{ name: back-in, direction: in }] }"
#define SIDE                                                                                       \
  "{ name: side, readers: [{ name: side-in, direction: in }, { name: side-out, direction: out }] " \
  "}"
#define GATE(name, doors) "  - { name: " name ", from: hall, to: lab, doors: [" doors "] }\n"

static const char first_plan[] = SITE GATE("side", SIDE) GATE("back", BACK);
static const char exchanged_plan[] = SITE GATE("side", BACK) GATE("back", SIDE);
static const char no_side_in_plan[] =
    SITE GATE("side", "{ name: side, readers: [{ name: side-out, direction: out }] }")
        GATE("back", BACK);

enum { admin, shift }; /* operators */
enum { visitor, detainee };
enum { plans_max = 4 };
static const struct actor core_itself = {ACTOR_CORE, 0}, init = {ACTOR_INIT, 0},
                          hand = {ACTOR_HAND, 0}, the_shift = {ACTOR_OPERATOR, shift},
                          the_admin = {ACTOR_OPERATOR, admin};

static struct core *core;
static struct plan *plans[plans_max];
static uint32_t n_plans;
static struct outcome out;
static usec now;

static struct id id(uint32_t n) {
  struct id i = {{(uint8_t)n, (uint8_t)(n >> 8), 1}};
  return i;
}

static struct command command(enum command_type type, struct actor by) {
  return (struct command){.type = type,
                          .at = now,
                          .known_at = now,
                          .clock_trusted = true,
                          .by = by,
                          .second = REF_ABSENT};
}

static enum verdict decide(const struct command *c) {
  core_decide(core, c, &out);
  return out.verdict;
}

static enum verdict run(const struct command *c) {
  decide(c);
  for (uint32_t i = 0; i < out.n_events; i++)
    core_apply(core, &out.events[i]);
  return out.verdict;
}

#define DONE(c) assert_int_equal(run(c), VERDICT_DONE)
#define NOT(c, how, why)                                                                           \
  do {                                                                                             \
    assert_int_equal(decide(c), how);                                                              \
    assert_int_equal(out.reasons.at[0].code, why);                                                 \
  } while (0)

/* The place of a thing of the newest plan. */
static uint32_t the(enum ref_kind kind, const char *name) {
  uint32_t i;
  if (!plan_find(plans[n_plans - 1], kind, span_str(name), &i))
    fail_msg("there is no %s", name);
  return i;
}

static struct command plan_command(const char *yaml) {
  struct plan_faults faults = {0};
  struct command c = command(COMMAND_PLAN_APPLY, the_admin);
  assert_true(n_plans < plans_max);
  if (plan_read(span_str(yaml), &plans[n_plans], &faults))
    fail_msg("line %u: %s", faults.at[0].line, faults.at[0].text);
  plan_faults_free(&faults);
  c.second = shift;
  c.plan = plans[n_plans++];
  return c;
}

static void found(void) {
  struct command c = command(COMMAND_SITE_CREATE, init);
  DONE(&c);
  for (uint32_t i = admin; i <= shift; i++) {
    c = command(COMMAND_OPERATOR_ADD, init);
    c.u.operator_add = (struct cmd_operator_add){id(i), i == admin ? ROLE_ADMIN : ROLE_SHIFT};
    DONE(&c);
  }
}

static void add_person(uint32_t i, enum person_kind kind) {
  struct command c = command(COMMAND_PERSON_ADD, the_shift);
  c.u.person_add = (struct cmd_person_add){id(100 + i), kind, TIME_ABSENT, TIME_ABSENT};
  DONE(&c);
  c = command(COMMAND_CREDENTIAL_ISSUE, the_shift);
  c.u.credential_issue = (struct cmd_credential_issue){
      id(200 + i), id(300 + i), i, the(REF_FORMAT, "h10301"), TIME_ABSENT, TIME_ABSENT};
  DONE(&c);
  c = command(COMMAND_LEVEL_GRANT, the_shift);
  c.u.level_grant = (struct cmd_level_grant){i, the(REF_LEVEL, "all"), TIME_ABSENT, TIME_ABSENT};
  DONE(&c);
}

static int begin_empty(void **state) {
  (void)state;
  void *mem = mmap(NULL, core_memory_size(), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mem == MAP_FAILED)
    return -1;
  core = core_init(mem);
  n_plans = 0;
  now = INT64_C(1795000000) * USEC_PER_S;
  found();
  return 0;
}

/* A site with a plan, a visitor and a detainee, each with a card and the level for all gates. */
static int begin(void **state) {
  if (begin_empty(state))
    return -1;
  struct command c = plan_command(first_plan);
  DONE(&c);
  add_person(visitor, PERSON_CONTRACTOR); /* whom nobody has to expect */
  add_person(detainee, PERSON_DETAINEE);
  return 0;
}

static int end(void **state) {
  (void)state;
  munmap(core, core_memory_size());
  while (n_plans)
    plan_free(plans[--n_plans]);
  return 0;
}

static struct command pass(uint32_t person, const char *reader) {
  struct command c = command(COMMAND_PASS, hand);
  c.u.pass.reader = the(REF_READER, reader);
  c.u.pass.format = the(REF_FORMAT, "h10301");
  c.u.pass.tag = id(300 + person);
  return c;
}

static struct command report(const char *door, enum door_sign sign, uint64_t after) {
  struct command c = command(COMMAND_DOOR_REPORT, hand);
  c.u.door_report =
      (struct cmd_door_report){.door = the(REF_DOOR, door), .sign = sign, .after = after};
  return c;
}

/* As orders of custody will; no command does so far. */
static void bring_in(uint32_t person, const char *area) {
  uint32_t to = the(REF_AREA, area);
  areas_move(core, core->persons[person].area, to);
  core->persons[person].area = (uint16_t)to;
}

/* --- Before the first plan --- */

static void test_before_the_first_plan(void **state) {
  (void)state;
  struct namer names = core_namer(core);
  uint32_t i;
  assert_false(names.find(names.ctx, REF_AREA, SPAN_LIT("hall"), &i));
  struct command c = command(COMMAND_PERSON_ADD, the_shift);
  NOT(&c, VERDICT_REJECTED, REASON_PLAN_MISSING);
  c = plan_command(first_plan);
  c.second = REF_ABSENT; /* no plan says that one is enough */
  NOT(&c, VERDICT_REFUSED, REASON_SECOND_OPERATOR_REQUIRED);
}

/* --- Full tables --- */

static void test_persons_and_credentials(void **state) {
  (void)state;
  uint32_t have = core->head.n_persons;
  struct command c = command(COMMAND_PERSON_ADD, the_shift);
  c.u.person_add = (struct cmd_person_add){id(999), PERSON_VISITOR, TIME_ABSENT, TIME_ABSENT};
  core->head.n_persons = persons_max;
  NOT(&c, VERDICT_REJECTED, REASON_LIMIT_REACHED);
  core->head.n_persons = have;
  have = core->head.n_credentials;
  c = command(COMMAND_CREDENTIAL_ISSUE, the_shift);
  c.u.credential_issue =
      (struct cmd_credential_issue){id(999), id(999), visitor, 0, TIME_ABSENT, TIME_ABSENT};
  core->head.n_credentials = credentials_max;
  NOT(&c, VERDICT_REJECTED, REASON_LIMIT_REACHED);
  core->head.n_credentials = have;
}

static void test_levels(void **state) {
  (void)state;
  struct person *p = &core->persons[visitor];
  struct command c = command(COMMAND_LEVEL_GRANT, the_shift);
  c.u.level_grant =
      (struct cmd_level_grant){visitor, the(REF_LEVEL, "more"), TIME_ABSENT, TIME_ABSENT};
  p->n_grants = grants_inline; /* all of them the level for all gates */
  p->grants[1] = p->grants[2] = p->grants[0];
  core->head.n_extra_grants = extra_grants_max;
  NOT(&c, VERDICT_REJECTED, REASON_LIMIT_REACHED);
  c.u.level_grant.level = p->grants[0].level; /* a change of dates takes no place */
  assert_int_equal(decide(&c), VERDICT_DONE);
}

static void test_separations(void **state) {
  (void)state;
  struct command c = command(COMMAND_SEPARATION_ADD, the_shift);
  c.u.separation = (struct cmd_separation){visitor, detainee};
  core->head.n_separations = separations_max - 1; /* a pair takes two */
  NOT(&c, VERDICT_REJECTED, REASON_LIMIT_REACHED);
}

static void test_wrong_pins(void **state) {
  (void)state;
  struct command c = command(COMMAND_PIN_SET, the_shift);
  c.u.pin_set = (struct cmd_pin_set){.person = visitor, .pin = id(1)};
  DONE(&c);
  c = pass(visitor, "main-in-2");
  c.u.pass.pin = id(2);
  for (int i = 0; i < 300; i++)
    assert_int_equal(run(&c), VERDICT_REFUSED);
  assert_int_equal(core->persons[visitor].pin_failures, 255);
}

/* --- States that no command makes yet --- */

static void test_a_detainee_inside(void **state) {
  (void)state;
  struct command c = command(COMMAND_PERSON_LOCATE, the_shift);
  bring_in(detainee, "hall");
  c.u.person_locate = (struct cmd_person_locate){detainee, area_outside};
  NOT(&c, VERDICT_REJECTED, REASON_NO_AUTHORITY);
  c.u.person_locate.area = the(REF_AREA, "lab");
  assert_int_equal(decide(&c), VERDICT_DONE);
  c = pass(detainee, "side-in");
  assert_int_equal(decide(&c), VERDICT_DONE);
}

/* --- Doors --- */

/* Of a door that tells nothing the time alone says that it is locked; of one in a group it does
 * not. */
static void test_secured_by_time(void **state) {
  (void)state;
  const char *const readers[] = {"main-in", "side-in"}, *const doors[] = {"main", "side"};
  bring_in(visitor, "hall");
  for (int i = 0; i < 2; i++) {
    struct command c = pass(visitor, readers[i]);
    uint32_t door = the(REF_DOOR, doors[i]);
    assert_true(door_secured(core, door, now));
    DONE(&c);
    usec relocks_at = core->doors[door].relock_at;
    assert_false(door_secured(core, door, relocks_at - 1));
    assert_int_equal(door_secured(core, door, relocks_at), i == 0);
  }
}

/* plan_check has no request release a door of a group; the core would not either. */
static void test_exit_at_an_interlock(void **state) {
  (void)state;
  uint32_t side = the(REF_DOOR, "side"), back = the(REF_DOOR, "back");
  plans[0]->doors[side].rex = REX_UNLOCK;
  struct command c = report("side", DOOR_REX, 0);
  assert_int_equal(decide(&c), VERDICT_DONE);
  core->doors[back].open = 1;
  NOT(&c, VERDICT_REFUSED, REASON_INTERLOCK);
  assert_int_equal(out.n_effects, 0);
}

/* A closing that was seen before the last unlock was carried out takes nothing of its time; but a
 * door has as long to lock as any that closes. */
static void test_closing(void **state) {
  (void)state;
  struct door_state *s = &core->doors[the(REF_DOOR, "main")];
  usec margin = (usec)plans[0]->rules.relock_margin_ms * USEC_PER_MS;
  struct command opens = report("main", DOOR_OPENED, 0), closes = report("main", DOOR_CLOSED, 0);
  DONE(&opens); /* by force */
  DONE(&closes);
  assert_false(out.events[0].u.door_closed.relocks);

  struct command c = pass(visitor, "main-in");
  DONE(&c);
  usec until = s->relock_at;
  DONE(&opens);
  closes.u.door_report.after = s->unlock_n - 1;
  DONE(&closes);
  assert_false(out.events[0].u.door_closed.relocks);
  assert_int_equal(s->relock_at, until);

  DONE(&opens);
  closes.at = closes.known_at = now = until - 1;
  DONE(&closes);
  assert_false(out.events[0].u.door_closed.relocks);
  assert_int_equal(s->relock_at, now + margin);

  opens.at = now;
  DONE(&opens);
  closes.u.door_report.after = s->unlock_n;
  DONE(&closes);
  assert_true(out.events[0].u.door_closed.relocks);
}

/* What a request to exit excuses lasts as long as it would have. */
static void test_clock_step_after_a_request(void **state) {
  (void)state;
  struct door_state *s = &core->doors[the(REF_DOOR, "main")];
  struct command c = report("main", DOOR_REX, 0);
  DONE(&c);
  usec until = s->rex_until;
  now += USEC_PER_S;
  c = command(COMMAND_CLOCK_STEP, core_itself);
  c.u.clock_step.by = USEC_PER_S;
  DONE(&c);
  assert_int_equal(out.n_events, 1);
  assert_int_equal(s->rex_until, until + USEC_PER_S);
  now = s->rex_until;
  c = report("main", DOOR_OPENED, 0);
  DONE(&c); /* excused no more */
  c = report("main", DOOR_CLOSED, 0);
  DONE(&c);
  now += USEC_PER_S;
  c = command(COMMAND_CLOCK_STEP, core_itself);
  c.u.clock_step.by = USEC_PER_S;
  DONE(&c);
  assert_int_equal(out.n_events, 0);
}

/* --- Plans --- */

static void test_names(void **state) {
  (void)state;
  const char *const names[] = {"", "nobody",
                               "a-name-that-is-longer-than-any-name-of-a-plan-may-be"};
  uint32_t at;
  for (enum ref_kind kind = REF_NONE; kind <= REF_KIND_COUNT; kind++)
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
      assert_false(plan_find(plans[0], kind, span_str(names[i]), &at));
}

static void test_plans_by_hand(void **state) {
  (void)state;
  struct plan *p = plans[0];
  struct plan_door *side = &p->doors[the(REF_DOOR, "side")];
  side->to = area_outside; /* plan_check has gates begin outside */
  plan_derive(p);
  assert_true(side->boundary);
  p->n_zone = 0; /* and asks for a zone */
  assert_int_equal(plan_zone_offset(p, 0), 0);
}

/* A door in use stays at its gate. */
static void test_another_gate(void **state) {
  (void)state;
  bring_in(visitor, "hall");
  struct command c = pass(visitor, "side-in");
  DONE(&c);
  uint32_t side = the(REF_DOOR, "side");
  c = plan_command(exchanged_plan);
  NOT(&c, VERDICT_REJECTED, REASON_DOOR_IN_USE);
  assert_int_equal(out.reasons.at[0].on.index, side);
}

/* Who may pass still does when their reader is gone, whatever plans come. */
static void test_a_reader_that_is_gone(void **state) {
  (void)state;
  bring_in(visitor, "hall");
  struct command c = pass(visitor, "side-in");
  DONE(&c);
  c = plan_command(no_side_in_plan);
  DONE(&c);
  c = plan_command(no_side_in_plan);
  DONE(&c);
  const struct door_state *s = &core->doors[the(REF_DOOR, "side")];
  assert_int_equal(s->n_party, 1);
  assert_int_equal(s->party[0].reader, NONE16);
  c = report("side", DOOR_OPENED, 0);
  DONE(&c);
  assert_int_equal(core->persons[visitor].area, the(REF_AREA, "lab"));
}

/* --- Dates --- */

/* From 2106 on the last second lasts: what has an end is over, what has none is not. */
static void test_after_the_last_second(void **state) {
  (void)state;
  usec late = ((usec)UINT32_MAX + 10) * USEC_PER_S;
  struct credential c = {.state = CREDENTIAL_STATE_ISSUED, .valid_until_s = UINT32_MAX};
  assert_int_equal(credential_state_at(&c, -1), CREDENTIAL_STATE_ISSUED);
  assert_int_equal(credential_state_at(&c, late), CREDENTIAL_STATE_ISSUED);
  c.valid_until_s = UINT32_MAX - 1;
  assert_int_equal(credential_state_at(&c, late - 12 * USEC_PER_S), CREDENTIAL_STATE_ISSUED);
  assert_int_equal(credential_state_at(&c, late), CREDENTIAL_STATE_EXPIRED);
  c.once = ONCE_USED; /* is told before its dates, and after what somebody did to it */
  assert_int_equal(credential_state_at(&c, late), CREDENTIAL_STATE_USED);
  c.state = CREDENTIAL_STATE_LOST;
  assert_int_equal(credential_state_at(&c, late), CREDENTIAL_STATE_LOST);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_before_the_first_plan, begin_empty, end),
      TEST(test_persons_and_credentials),
      TEST(test_levels),
      TEST(test_separations),
      TEST(test_wrong_pins),
      TEST(test_a_detainee_inside),
      TEST(test_secured_by_time),
      TEST(test_exit_at_an_interlock),
      TEST(test_closing),
      TEST(test_clock_step_after_a_request),
      TEST(test_names),
      TEST(test_plans_by_hand),
      TEST(test_another_gate),
      TEST(test_a_reader_that_is_gone),
      cmocka_unit_test(test_after_the_last_second),
  };
  return cmocka_run_group_tests_name("core edges", tests, NULL, NULL);
}
