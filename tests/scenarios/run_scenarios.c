/* run_scenarios.c: plays tests/scenarios/NAME.scn and custody/NAME.scn against the core, line by
 * line.
 *
 * A line is an optional time, an action, and after "->" what must become true: the events in
 * order, a refusal with all its reasons, a rejection, or nothing. CONTRIBUTING.md tells the words;
 * the files are meant to be read without it.
 *
 * After each command the naive model of sim/ is asked as well: it and the core must agree on every
 * reason, event, effect and on the whole state. After each line the invariants of the state are
 * checked by simple loops; at the end the events are applied to an empty site once more and must
 * give the same bytes, and so must a load of the dump.
 */
#include "core/state.h"
#include "engine/fold_check.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"
#include "sim/model.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { names_max = 64, words_max = 24, kept_events_max = 4096, defined_max = 16 };

/* Lines under one name: "define NAME" to "end" in a given file; $1 to $9 are the words after it. */
struct defined {
  char name[32];
  struct buf lines;
};

struct named {
  char name[32];
  uint32_t index;
};

struct play {
  const char *file;
  int line;
  const char *dir; /* of all scenarios */
  struct defined defined[defined_max];
  int n_defined;
  bool defining;
  void *mem;
  struct core *core;
  struct model *model;
  struct plan *plans[8];
  int n_plans;
  struct named persons[names_max], cards[names_max];
  int n_persons, n_cards;
  usec now;
  usec behind; /* knowledge older than now by this much */
  bool clock_wrong;
  struct outcome out;
  struct event *kept;
  size_t n_kept;
  int lines_checked;
};

#define FAIL(p, ...)                                                                               \
  do {                                                                                             \
    char text_[8000];                                                                              \
    snprintf(text_, sizeof text_, __VA_ARGS__);                                                    \
    fail_msg("%s:%d: %s", (p)->file, (p)->line, text_);                                            \
  } while (0)

static void *new_memory(void) {
  void *m = mmap(NULL, core_memory_size(), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(m != MAP_FAILED);
  return m;
}

/* --- Names and times --- */

static struct id id_of(const char *kind, const char *name) {
  struct id id;
  uint64_t h = 1469598103934665603u;
  for (const char *s = kind; *s; s++)
    h = (h ^ (uint8_t)*s) * 1099511628211u;
  for (int i = 0; i < 16; i++) {
    for (const char *s = name; *s; s++)
      h = (h ^ (uint8_t)*s) * 1099511628211u;
    h = (h ^ (uint64_t)i) * 1099511628211u;
    id.b[i] = (uint8_t)(h >> 32);
  }
  return id;
}

static uint32_t lookup(struct play *p, const struct named *list, int n, const char *name,
                       const char *what) {
  for (int i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0)
      return list[i].index;
  FAIL(p, "no %s is named %s above", what, name);
  return 0;
}

static uint32_t person_of(struct play *p, const char *name) {
  return lookup(p, p->persons, p->n_persons, name, "person");
}

static uint32_t plan_thing(struct play *p, enum ref_kind kind, const char *name) {
  uint32_t i = 0;
  if (!core_plan(p->core) || !plan_find(core_plan(p->core), kind, span_str(name), &i))
    FAIL(p, "the plan has no %s %s", ref_kind_names[kind], name);
  return i;
}

static usec duration_of(struct play *p, const char *s) {
  char *end;
  double v = strtod(s, &end);
  const struct {
    const char *unit;
    double us;
  } units[] = {{"ms", 1e3}, {"s", 1e6}, {"min", 6e7}, {"h", 3.6e9}, {"d", 8.64e10}};
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strcmp(end, units[i].unit) == 0)
      return (usec)(v * units[i].us);
  FAIL(p, "not a time: %s", s);
  return 0;
}

static usec instant_of(struct play *p, const char *s) {
  usec t;
  if (!time_parse_lenient(&t, s, strlen(s)))
    FAIL(p, "not a date: %s", s);
  return t;
}

/* --- Running a command --- */

static void ask_model(struct play *p, const struct command *c) {
  struct buf story = {0};
  if (!model_step_outcome(p->model, c, &p->out, &story) || !model_same(p->model, p->core, &story) ||
      !model_invariants(p->model, &story))
    FAIL(p, "%s", buf_cstr(&story));
  buf_free(&story);
}

static void run(struct play *p, struct command *c) {
  c->at = p->now;
  c->known_at = p->now - p->behind;
  c->clock_trusted = !p->clock_wrong;
  core_decide(p->core, c, &p->out);
  for (uint32_t i = 0; i < p->out.n_events; i++) {
    assert_true(p->n_kept < kept_events_max);
    p->kept[p->n_kept++] = p->out.events[i];
    core_apply(p->core, &p->out.events[i]);
  }
  ask_model(p, c);
}

static void tick_all(struct play *p) {
  for (usec due; (due = core_due(p->core)) != TIME_ABSENT && due <= p->now;) {
    struct command c = {.type = COMMAND_TICK, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
    run(p, &c);
    if (!p->out.n_events)
      FAIL(p, "a due tick did nothing");
  }
}

/* --- Expectations --- */

static const char *short_name(const char *type) {
  return strncmp(type, "passage.", 8) == 0 ? type + 8 : type;
}

static void list_reasons(char *out, size_t size, const struct reasons *r) {
  size_t n = 0;
  out[0] = 0;
  for (uint32_t i = 0; i < r->n && n < size; i++)
    n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", reason_codes[r->at[i].code]);
}

static const char *person_name(const struct play *p, uint32_t person) {
  for (int i = 0; i < p->n_persons; i++)
    if (p->persons[i].index == person)
      return p->persons[i].name;
  return "nobody";
}

/* "refused dina: stayed": each of them by name, since one may keep all others there. */
static size_t tell_refused(const struct play *p, const struct ev_movement_refused *r, char *out,
                           size_t size) {
  char reasons[512];
  list_reasons(reasons, sizeof reasons, &r->reasons);
  return (size_t)snprintf(out, size, "refused%s%s: %s", r->person == REF_ABSENT ? "" : " ",
                          r->person == REF_ABSENT ? "" : person_name(p, r->person), reasons);
}

static void tell_outcome(const struct play *p, char *out, size_t size) {
  const struct outcome *o = &p->out;
  char reasons[512];
  list_reasons(reasons, sizeof reasons, &o->reasons);
  if (o->verdict == VERDICT_REJECTED) {
    snprintf(out, size, "rejected: %s", reasons);
    return;
  }
  size_t n = 0;
  out[0] = 0;
  for (uint32_t i = 0; i < o->n_events && n < size; i++) {
    const struct event *e = &o->events[i];
    const char *name = short_name(event_records[e->type].type);
    n += (size_t)snprintf(out + n, size - n, "%s", i ? "; " : "");
    if (e->type == EVENT_MOVEMENT_REFUSED) {
      n += tell_refused(p, &e->u.movement_refused, out + n, size - n);
      continue;
    }
    n += (size_t)snprintf(out + n, size - n, "%s", name);
    if (o->reasons.n && o->verdict == VERDICT_REFUSED && i == 0)
      n += (size_t)snprintf(out + n, size - n, ": %s", reasons);
    if (e->type == EVENT_PASSAGE_GRANTED && e->u.passage_granted.warnings.n) {
      char warnings[256];
      list_reasons(warnings, sizeof warnings, &e->u.passage_granted.warnings);
      n += (size_t)snprintf(out + n, size - n, " with warning: %s", warnings);
    }
  }
  if (!o->n_events)
    snprintf(out, size, "nothing");
}

static void expect(struct play *p, const char *wanted) {
  char told[1024];
  tell_outcome(p, told, sizeof told);
  if (strcmp(told, wanted) != 0)
    FAIL(p, "expected \"%s\", and it was \"%s\"", wanted, told);
  p->lines_checked++;
}

/* --- Invariants, by simple loops --- */

static void check_invariants(struct play *p) {
  const struct core *core = p->core;
  const struct plan *plan = core_plan(core);
  if (!plan)
    return;
  for (uint32_t a = 0; a < plan->n_areas; a++) {
    uint32_t inside = 0;
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      for (uint32_t x = core->persons[i].area; x != NONE16; x = plan->areas[x].parent)
        inside += x == a;
    if (inside != core->areas[a].occupancy)
      FAIL(p, "area %s counts %u, and %u persons are in it", plan->areas[a].name.s,
           core->areas[a].occupancy, inside);
    if (plan->areas[a].capacity && plan->areas[a].capacity < inside)
      for (uint32_t i = 0; i < p->out.n_events; i++)
        if (p->out.events[i].type == EVENT_PASSAGE_TAKEN)
          FAIL(p, "a passage overfilled area %s", plan->areas[a].name.s);
  }
  for (uint32_t i = 0; i < p->out.n_effects; i++) {
    const struct effect *e = &p->out.effects[i];
    if (e->type != EFFECT_UNLOCK)
      continue;
    for (uint32_t k = 0; k < plan->doors[e->door].n_peers; k++) {
      uint32_t peer = plan->peers[plan->doors[e->door].peers_at + k];
      if (core->doors[peer].open || core->doors[peer].unlocked)
        FAIL(p, "door %s was unlocked while %s of its interlock group was not secured",
             plan->doors[e->door].name.s, plan->doors[peer].name.s);
    }
  }
}

static void put_dump(void *ctx, const void *bytes, size_t n) {
  buf_put(ctx, bytes, n);
}

static void check_folds(struct play *p) {
  struct buf once = {0}, again = {0}, loaded = {0};
  struct fault why = {0};
  core_dump(p->core, put_dump, &once);
  void *mem = new_memory();
  struct core *other = core_init(mem);
  for (size_t i = 0; i < p->n_kept; i++) {
    /* As after a restart: each is looked at as if it came from a store that nobody trusts. */
    if (fold_check_event(other, &p->kept[i], &why))
      FAIL(p, "entry %zu: %s", i, why.text);
    core_apply(other, &p->kept[i]);
  }
  core_dump(other, put_dump, &again);
  assert_int_equal(once.n, again.n);
  if (memcmp(once.p, again.p, once.n) != 0)
    FAIL(p, "the same events gave another state");
  munmap(mem, core_memory_size());
  mem = new_memory();
  other = core_init(mem);
  if (core_load(other, buf_span(&once), core_plan(p->core), &why))
    FAIL(p, "%s", why.text);
  core_dump(other, put_dump, &loaded);
  assert_int_equal(once.n, loaded.n);
  assert_memory_equal(once.p, loaded.p, once.n);
  munmap(mem, core_memory_size());
  buf_free(&once);
  buf_free(&again);
  buf_free(&loaded);
}

/* --- Actions --- */

struct words {
  int n;
  char *at[words_max];
};

static const char *option(const struct words *w, const char *name) {
  for (int i = 1; i + 1 < w->n; i++)
    if (strcmp(w->at[i], name) == 0)
      return w->at[i + 1];
  return NULL;
}

static bool has_word(const struct words *w, const char *name) {
  for (int i = 1; i < w->n; i++)
    if (strcmp(w->at[i], name) == 0)
      return true;
  return false;
}

static const char *word(struct play *p, const struct words *w, int i) {
  if (i >= w->n)
    FAIL(p, "the line ends too early");
  return w->at[i];
}

static uint32_t operator_of(struct play *p, const char *role) {
  uint32_t i;
  if (!core_find_operator(p->core, id_of("operator", role), &i))
    FAIL(p, "no operator %s: one is made for each role, and \"operator NAME ROLE\" makes more",
         role);
  return i;
}

static usec date_option(struct play *p, const struct words *w, const char *name) {
  const char *s = option(w, name);
  return s ? instant_of(p, s) : TIME_ABSENT;
}

/* "by ROLE" and "and ROLE"; without them, two who may. */
static struct command command_by(struct play *p, const struct words *w, enum command_type type) {
  const struct permission *perm = &command_permissions[type];
  struct command c = {.type = type, .second = REF_ABSENT};
  const char *by = option(w, "by"), *and = option(w, "and");
  if (!by && perm->actors & 1u << ACTOR_HAND) {
    c.by = (struct actor){ACTOR_HAND, 0};
    return c;
  }
  const char *first = by;
  for (int r = 0; !first && r < ROLE_COUNT; r++)
    if (perm->roles & 1u << r)
      first = role_names[r];
  c.by = (struct actor){ACTOR_OPERATOR, operator_of(p, first)};
  if (by && !and)
    return c;
  if (and)
    c.second = operator_of(p, and);
  else
    for (int r = 0; r < ROLE_COUNT && c.second == REF_ABSENT; r++)
      if (perm->second_roles & 1u << r && strcmp(role_names[r], first) != 0)
        c.second = operator_of(p, role_names[r]);
  return c;
}

static void act_operator(struct play *p, const struct words *w) {
  struct command c = {.type = COMMAND_OPERATOR_ADD, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT};
  if (option(w, "by"))
    c = command_by(p, w, COMMAND_OPERATOR_ADD);
  c.u.operator_add.operator_id = id_of("operator", word(p, w, 1));
  c.u.operator_add.role = ROLE_COUNT;
  for (uint32_t r = 0; r < ROLE_COUNT; r++)
    if (strcmp(role_names[r], word(p, w, 2)) == 0)
      c.u.operator_add.role = r;
  if (c.u.operator_add.role == ROLE_COUNT)
    FAIL(p, "no role %s", w->at[2]);
  run(p, &c);
}

static void act_operator_disable(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_OPERATOR_DISABLE);
  c.u.operator_ref.operator_index = operator_of(p, word(p, w, 1));
  run(p, &c);
}

static void act_plan(struct play *p, const struct words *w) {
  char path[600];
  snprintf(path, sizeof path, "%s/plans/%s", p->dir, word(p, w, 1));
  FILE *f = fopen(path, "rb");
  if (!f)
    FAIL(p, "cannot read %s", path);
  struct buf text = {0};
  uint8_t piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(&text, piece, n);
  fclose(f);
  struct plan_faults faults = {0};
  struct plan *plan = NULL;
  if (plan_read(buf_span(&text), &plan, &faults))
    FAIL(p, "%s:%u: %s", path, faults.kept ? faults.at[0].line : 0,
         faults.kept ? faults.at[0].text : "unreadable");
  plan_faults_free(&faults);
  buf_free(&text);
  assert_true(p->n_plans < 8);
  p->plans[p->n_plans++] = plan;
  bool first = !core_plan(p->core);
  struct command c = {.type = COMMAND_PLAN_APPLY, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT};
  if (!first)
    c = command_by(p, w, COMMAND_PLAN_APPLY);
  c.plan = plan;
  c.u.plan_apply.compiled.b[0] = (uint8_t)p->n_plans;
  c.u.plan_apply.source.b[0] = (uint8_t)p->n_plans;
  run(p, &c);
  for (int r = 0; first && r < ROLE_COUNT; r++) {
    struct words op = {
        3,
        {(char *)"operator", (char *)(uintptr_t)role_names[r], (char *)(uintptr_t)role_names[r]}};
    act_operator(p, &op);
  }
}

static void act_person(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_PERSON_ADD);
  struct cmd_person_add *a = &c.u.person_add;
  a->person = id_of("person", word(p, w, 1));
  a->from = date_option(p, w, "from");
  a->until = date_option(p, w, "until");
  a->kind = PERSON_KIND_COUNT;
  for (uint32_t k = 0; k < PERSON_KIND_COUNT; k++)
    if (strcmp(person_kind_names[k], word(p, w, 2)) == 0)
      a->kind = k;
  if (a->kind == PERSON_KIND_COUNT)
    FAIL(p, "no kind of person %s", w->at[2]);
  uint32_t index = p->core->head.n_persons;
  run(p, &c);
  if (p->out.verdict == VERDICT_DONE && p->n_persons < names_max) {
    snprintf(p->persons[p->n_persons].name, sizeof p->persons[0].name, "%s", w->at[1]);
    p->persons[p->n_persons++].index = index;
  }
  /* "card C" and "level L" are shorthands for what a desk does next. */
  const char *card = option(w, "card"), *level = option(w, "level");
  if (p->out.verdict == VERDICT_DONE && card) {
    c = command_by(p, w, COMMAND_CREDENTIAL_ISSUE);
    c.u.credential_issue = (struct cmd_credential_issue){
        id_of("credential", card), id_of("tag", card), index, 0, TIME_ABSENT, TIME_ABSENT};
    snprintf(p->cards[p->n_cards].name, sizeof p->cards[0].name, "%s", card);
    p->cards[p->n_cards++].index = p->core->head.n_credentials;
    run(p, &c);
  }
  if (p->out.verdict == VERDICT_DONE && level) {
    c = command_by(p, w, COMMAND_LEVEL_GRANT);
    c.u.level_grant =
        (struct cmd_level_grant){index, plan_thing(p, REF_LEVEL, level), TIME_ABSENT, TIME_ABSENT};
    run(p, &c);
  }
}

static void act_card(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_CREDENTIAL_ISSUE);
  const char *card = word(p, w, 1);
  c.u.credential_issue = (struct cmd_credential_issue){
      .credential = id_of("credential", card),
      .tag = id_of("tag", card),
      .person = person_of(p, word(p, w, 2)),
      .format = 0,
      .from = date_option(p, w, "from"),
      .until = date_option(p, w, "until"),
  };
  uint32_t index = p->core->head.n_credentials;
  run(p, &c);
  if (p->out.verdict == VERDICT_DONE && p->n_cards < names_max) {
    snprintf(p->cards[p->n_cards].name, sizeof p->cards[0].name, "%s", card);
    p->cards[p->n_cards++].index = index;
  }
}

static void act_pin(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_PIN_SET);
  const char *duress = option(w, "duress");
  c.u.pin_set.person = person_of(p, word(p, w, 1));
  if (strcmp(word(p, w, 2), "none") != 0)
    c.u.pin_set.pin = id_of("pin", w->at[2]);
  if (duress)
    c.u.pin_set.duress = id_of("pin", duress);
  run(p, &c);
}

static void act_grant(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_LEVEL_GRANT);
  c.u.level_grant =
      (struct cmd_level_grant){person_of(p, word(p, w, 1)), plan_thing(p, REF_LEVEL, word(p, w, 2)),
                               date_option(p, w, "from"), date_option(p, w, "until")};
  run(p, &c);
}

static void act_ungrant(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_LEVEL_REVOKE);
  c.u.level_revoke = (struct cmd_level_revoke){person_of(p, word(p, w, 1)),
                                               plan_thing(p, REF_LEVEL, word(p, w, 2))};
  run(p, &c);
}

static void act_present(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_PASS);
  const char *pin = option(w, "pin"), *bio = option(w, "biometric");
  c.u.pass = (struct cmd_pass){
      .reader = plan_thing(p, REF_READER, word(p, w, 3)),
      .format = has_word(w, "strange-format") ? REF_ABSENT : 0,
      .tag = id_of("tag", word(p, w, 1)),
      .pin = pin ? id_of("pin", pin) : (struct id){{0}},
      .biometric = !bio                        ? BIOMETRIC_NONE
                   : strcmp(bio, "match") == 0 ? BIOMETRIC_MATCH
                                               : BIOMETRIC_MISMATCH,
      .late = has_word(w, "late"),
      .occurred_at = has_word(w, "late") ? p->now - 60 * USEC_PER_S : TIME_ABSENT,
  };
  run(p, &c);
}

static void act_door(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_DOOR_REPORT);
  c.u.door_report = (struct cmd_door_report){
      .door = plan_thing(p, REF_DOOR, word(p, w, 1)),
      .late = has_word(w, "late"),
      .occurred_at = has_word(w, "late") ? p->now - 60 * USEC_PER_S : TIME_ABSENT,
      .sign = 99,
  };
  for (uint32_t s = 0; door_sign_names[s]; s++)
    if (strcmp(door_sign_names[s], word(p, w, 2)) == 0)
      c.u.door_report.sign = s;
  if (c.u.door_report.sign == 99)
    FAIL(p, "a door says opened, closed, locked or rex, not %s", w->at[2]);
  run(p, &c);
}

static void act_reader(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_READER_REPORT);
  c.u.reader_report = (struct cmd_reader_report){plan_thing(p, REF_READER, word(p, w, 1)), 99};
  for (uint32_t s = 0; reader_sign_names[s]; s++)
    if (strcmp(reader_sign_names[s], word(p, w, 2)) == 0)
      c.u.reader_report.sign = s;
  if (c.u.reader_report.sign == 99)
    FAIL(p, "a reader has no sign %s: docs/journal.md lists them, at reader.report", w->at[2]);
  run(p, &c);
}

static void act_tick(struct play *p, const struct words *w) {
  (void)w;
  struct command c = {.type = COMMAND_TICK, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
  run(p, &c);
}

static void act_located(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_PERSON_LOCATE);
  c.u.person_locate = (struct cmd_person_locate){person_of(p, word(p, w, 1)),
                                                 plan_thing(p, REF_AREA, word(p, w, 2))};
  run(p, &c);
}

static void act_merge(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_PERSON_MERGE);
  c.u.person_merge =
      (struct cmd_person_merge){person_of(p, word(p, w, 1)), person_of(p, word(p, w, 2))};
  run(p, &c);
}

static void act_separate(struct play *p, const struct words *w, enum command_type type) {
  struct command c = command_by(p, w, type);
  c.u.separation =
      (struct cmd_separation){person_of(p, word(p, w, 1)), person_of(p, word(p, w, 2))};
  run(p, &c);
}

static void act_separation_add(struct play *p, const struct words *w) {
  act_separate(p, w, COMMAND_SEPARATION_ADD);
}

static void act_separation_lift(struct play *p, const struct words *w) {
  act_separate(p, w, COMMAND_SEPARATION_LIFT);
}

static void act_acknowledge(struct play *p, const struct words *w) {
  struct command c = command_by(p, w, COMMAND_ALARM_ACKNOWLEDGE);
  c.u.alarm_acknowledge.alarm = p->core->head.n_alarms ? p->core->alarms[0].n : 0; /* the oldest */
  run(p, &c);
}

/* Actions whose only argument is one thing: verb, command, kind of the thing. */
static const struct {
  const char *verb;
  enum command_type type;
  enum ref_kind kind;
} simple[] = {
    {"suspend", COMMAND_PERSON_SUSPEND, REF_PERSON},
    {"reinstate", COMMAND_PERSON_REINSTATE, REF_PERSON},
    {"depart", COMMAND_PERSON_DEPART, REF_PERSON},
    {"unmerge", COMMAND_PERSON_UNMERGE, REF_PERSON},
    {"card-suspended", COMMAND_CREDENTIAL_SUSPEND, REF_CREDENTIAL},
    {"card-reinstated", COMMAND_CREDENTIAL_REINSTATE, REF_CREDENTIAL},
    {"card-lost", COMMAND_CREDENTIAL_LOST, REF_CREDENTIAL},
    {"card-revoked", COMMAND_CREDENTIAL_REVOKE, REF_CREDENTIAL},
    {"lockdown", COMMAND_LOCKDOWN_START, REF_AREA},
    {"release", COMMAND_LOCKDOWN_RELEASE, REF_AREA},
    {"raise", COMMAND_THREAT_RAISE, REF_THREAT},
    {"lower", COMMAND_THREAT_LOWER, REF_THREAT},
    {"close-gate", COMMAND_GATE_CLOSE, REF_GATE},
    {"open-gate", COMMAND_GATE_OPEN, REF_GATE},
    {"rekey", COMMAND_READER_REKEY, REF_READER},
};

static bool act_simple(struct play *p, const struct words *w) {
  for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
    if (strcmp(simple[i].verb, w->at[0]) != 0)
      continue;
    const char *name = word(p, w, 1);
    struct command c = command_by(p, w, simple[i].type);
    uint32_t index = simple[i].kind == REF_PERSON ? person_of(p, name)
                     : simple[i].kind == REF_CREDENTIAL
                         ? lookup(p, p->cards, p->n_cards, name, "card")
                         : plan_thing(p, simple[i].kind, name);
    c.u.person_ref.person = index; /* every one-thing command is one index */
    run(p, &c);
    return true;
  }
  return false;
}

static const struct {
  const char *verb;
  void (*act)(struct play *, const struct words *);
} actions[] = {
    {"plan", act_plan},
    {"operator", act_operator},
    {"operator-disable", act_operator_disable},
    {"person", act_person},
    {"card", act_card},
    {"pin", act_pin},
    {"grant", act_grant},
    {"ungrant", act_ungrant},
    {"present", act_present}, /* present CARD at READER [pin N] [biometric match|mismatch] */
    {"door", act_door},
    {"reader", act_reader},
    {"tick", act_tick},
    {"seen", act_located}, /* seen PERSON AREA */
    {"merge", act_merge},
    {"separate", act_separation_add},
    {"unseparate", act_separation_lift},
    {"acknowledge", act_acknowledge},
};

/* Commands as their table of fields tells them: VERB, then words for these fields in turn, then
 * "FIELD VALUE" for any other, a field that is true or false by its name alone. Lists are
 * "a,b"; times are instants, or +2h from now. */
static const struct {
  const char *verb;
  enum command_type type;
  const char *fields[3];
} asked[] = {
    {"authority", COMMAND_AUTHORITY_ADD, {"authority"}},
    {"place", COMMAND_PLACE_ADD, {"place", "country"}},
    {"basis", COMMAND_BASIS_ADD, {"basis"}},
    {"repeal", COMMAND_BASIS_REPEAL, {"basis"}},
    {"class", COMMAND_CLASS_ADD, {"class", "unlisted"}},
    {"include", COMMAND_CLASS_INCLUDE, {"person", "class"}},
    {"doubt", COMMAND_CLASS_DOUBT, {"person", "class"}},
    {"exclude", COMMAND_CLASS_EXCLUDE, {"person", "class"}},
    {"order", COMMAND_ORDER_RECORD, {"order", "kind", "issuer"}},
    {"authenticate", COMMAND_ORDER_AUTHENTICATE, {"order"}},
    {"write", COMMAND_ORDER_WRITE, {"order", "document"}},
    {"recall", COMMAND_ORDER_RECALL, {"order"}},
    {"refute", COMMAND_ORDER_REFUTE, {"order"}},
    {"booking", COMMAND_BOOKING_OPEN, {"booking", "person", "order"}},
    {"mark", COMMAND_MARK_SET, {"person", "mark"}},
    {"unmark", COMMAND_MARK_CLEAR, {"person", "mark"}},
    {"link", COMMAND_LINK_RECORD, {"person", "other"}},
    {"unlink", COMMAND_LINK_DISMISS, {"person", "other"}},
    {"movement", COMMAND_MOVEMENT_PROPOSE, {"movement", "kind"}},
    {"authorise", COMMAND_MOVEMENT_AUTHORISE, {"movement"}},
    {"cancel", COMMAND_MOVEMENT_CANCEL, {"movement"}},
    {"manifest", COMMAND_MANIFEST_ADD, {"movement", "person"}},
    {"cite", COMMAND_MANIFEST_CITE, {"movement", "person", "order"}},
    {"promote", COMMAND_MANIFEST_PROMOTE, {"movement", "person"}},
    {"remove", COMMAND_MANIFEST_REMOVE, {"movement", "person"}},
    {"confirm", COMMAND_IDENTITY_CONFIRM, {"movement", "person", "presented"}},
    {"board", COMMAND_MOVEMENT_BOARD, {"movement", "person"}},
    {"disembark", COMMAND_MOVEMENT_DISEMBARK, {"movement", "person"}},
    {"leaves", COMMAND_MOVEMENT_DEPART, {"movement"}},
    {"divert", COMMAND_MOVEMENT_DIVERT, {"movement", "to"}},
    {"arrive", COMMAND_MOVEMENT_ARRIVE, {"movement"}},
    {"hearing", COMMAND_HEARING_SET, {"hearing", "person", "authority"}},
    {"close-hearing", COMMAND_HEARING_CLOSE, {"hearing", "outcome"}},
    {"answer-recall", COMMAND_RECALL_ANSWER, {"movement", "person", "answer"}},
    {"hand-over", COMMAND_MOVEMENT_HANDOVER, {"movement", "person"}},
    {"read", COMMAND_DETAILS_READ, {NULL}}, /* read [order O | person P | movement M] */
};

static void put_hex(struct buf *b, const struct id *id) {
  char hex[33] = {0};
  hex_encode(hex, id->b, sizeof id->b);
  buf_puts(b, hex);
}

static void put_list(struct buf *b, const struct field *f, const char *value) {
  char text[256];
  snprintf(text, sizeof text, "%s", value);
  char *save, *s = strtok_r(text, ",", &save);
  for (int i = 0; s; s = strtok_r(NULL, ",", &save), i++)
    buf_printf(b, "%s\"%s%s\"", i ? "," : "[", f->kind == FIELD_REFS ? "country:" : "", s);
  buf_puts(b, "]");
}

static void put_field(struct play *p, struct buf *b, const struct field *f, const char *value) {
  buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", f->name);
  if (f->kind == FIELD_BOOL) {
    buf_puts(b, "true");
  } else if (f->kind == FIELD_U32) {
    buf_puts(b, value);
  } else if (f->kind == FIELD_SET || f->kind == FIELD_REFS) {
    put_list(b, f, value);
  } else if (f->kind == FIELD_TIME) {
    char at[time_text_len + 1] = {0};
    time_format(at, value[0] == '+' ? p->now + duration_of(p, value + 1) : instant_of(p, value));
    buf_printf(b, "\"%s\"", at);
  } else if (f->kind == FIELD_HASH) {
    struct id half = id_of("hash", value);
    buf_puts(b, "\"");
    put_hex(b, &half);
    put_hex(b, &half);
    buf_puts(b, "\"");
  } else if (f->kind == FIELD_REF && f->ref == REF_PERSON) {
    buf_puts(b, "\"");
    put_hex(b, &p->core->persons[person_of(p, value)].id);
    buf_puts(b, "\"");
  } else if (f->kind == FIELD_REF && (f->ref == REF_ORDER || f->ref == REF_BOOKING ||
                                      f->ref == REF_MOVEMENT || f->ref == REF_HEARING)) {
    struct id id = id_of(ref_kind_names[f->ref], value);
    buf_puts(b, "\"");
    put_hex(b, &id);
    buf_puts(b, "\"");
  } else {
    buf_printf(b, "\"%s\"", value);
  }
}

static const struct field *field_named(struct play *p, const struct record *r, const char *name) {
  for (size_t i = 0; i < r->n_fields; i++)
    if (strcmp(r->fields[i].name, name) == 0)
      return &r->fields[i];
  FAIL(p, "%s has no field %s", r->type, name);
  return NULL;
}

static bool act_asked(struct play *p, const struct words *w) {
  size_t i = 0;
  while (i < sizeof asked / sizeof asked[0] && strcmp(asked[i].verb, w->at[0]) != 0)
    i++;
  if (i == sizeof asked / sizeof asked[0])
    return false;
  const struct record *r = &command_records[asked[i].type];
  struct command c = command_by(p, w, asked[i].type), told = c;
  struct buf b = {0};
  const struct field *new_id = NULL;
  const char *new_name = NULL;
  buf_puts(&b, "{");
  for (int k = 1; k < w->n; k++) {
    const char *first = k <= 3 ? asked[i].fields[k - 1] : NULL;
    bool given = first && (k == 1 || asked[i].fields[k - 2]);
    if (!given && (strcmp(w->at[k], "by") == 0 || strcmp(w->at[k], "and") == 0)) {
      k++;
      continue;
    }
    const struct field *f = field_named(p, r, given ? first : w->at[k]);
    const char *value = given || f->kind == FIELD_BOOL ? w->at[k] : word(p, w, ++k);
    if (f->flags & FIELD_ENGINE) {
      new_id = f;
      new_name = value;
    } else {
      put_field(p, &b, f, value);
    }
  }
  if (asked[i].type == COMMAND_IDENTITY_CONFIRM && !option(w, "biometric"))
    buf_puts(&b, ",\"biometric\":\"none\"");
  buf_printf(&b, "%s\"type\":\"%s\"}", b.n > 1 ? "," : "", r->type);
  struct namer namer = core_namer(p->core);
  struct fault why = {0};
  if (record_decode(r, &told.u, buf_span(&b), &namer, false, &why))
    FAIL(p, "%s: %s", buf_cstr(&b), why.text);
  buf_free(&b);
  if (new_id) {
    struct id id = id_of(w->at[0], new_name);
    memcpy((uint8_t *)&told.u + new_id->offset, &id, sizeof id);
  }
  c.u = told.u;
  run(p, &c);
  return true;
}

/* Lines that state something: "anna is-in AREA", "area NAME holds N", "alarms N". */
static bool state_line(struct play *p, const struct words *w) {
  if (w->n == 3 && strcmp(w->at[1], "is-in") == 0) {
    uint32_t area = p->core->persons[person_of(p, w->at[0])].area;
    const char *have = core_plan(p->core)->areas[area].name.s;
    if (strcmp(have, w->at[2]) != 0)
      FAIL(p, "%s is in %s", w->at[0], have);
  } else if (w->n == 4 && strcmp(w->at[0], "area") == 0) {
    uint32_t have = p->core->areas[plan_thing(p, REF_AREA, w->at[1])].occupancy;
    if (have != (uint32_t)atoi(w->at[3]))
      FAIL(p, "area %s holds %u", w->at[1], have);
  } else if (w->n == 2 && strcmp(w->at[0], "alarms") == 0) {
    if (p->core->head.n_alarms != (uint32_t)atoi(w->at[1]))
      FAIL(p, "%u alarms are open", p->core->head.n_alarms);
  } else if (w->n == 2 && strcmp(w->at[0], "behind") == 0) {
    p->behind = duration_of(p, w->at[1]);
    return true;
  } else if (w->n == 2 && strcmp(w->at[0], "clock") == 0) {
    p->clock_wrong = strcmp(w->at[1], "wrong") == 0;
    return true;
  } else {
    return false;
  }
  p->lines_checked++;
  return true;
}

/* --- What is given: files of lines, and lines under one name --- */

static void play_line(struct play *p, char *line);

static void play_lines(struct play *p, FILE *f) {
  char line[512];
  while (fgets(line, sizeof line, f)) {
    p->line++;
    play_line(p, line);
  }
  fclose(f);
}

static void play_given(struct play *p, const struct words *w) {
  const char *file = p->file;
  int line = p->line;
  char path[600];
  snprintf(path, sizeof path, "%s/%s", p->dir, word(p, w, 1));
  FILE *f = fopen(path, "r");
  if (!f)
    FAIL(p, "cannot read %s", path);
  p->file = path;
  p->line = 0;
  play_lines(p, f);
  p->file = file;
  p->line = line;
}

static void begin_define(struct play *p, const struct words *w) {
  if (p->n_defined == defined_max)
    FAIL(p, "too many definitions");
  struct defined *d = &p->defined[p->n_defined++];
  snprintf(d->name, sizeof d->name, "%s", word(p, w, 1));
  p->defining = true;
}

/* One line of a definition, with the words put in. */
static void put_words(struct play *p, const char *line, const struct words *w, char *out,
                      size_t size) {
  size_t n = 0;
  for (; *line && n + 1 < size; line++)
    if (*line == '$' && line[1] >= '1' && line[1] <= '9')
      n += (size_t)snprintf(out + n, size - n, "%s", word(p, w, *++line - '0'));
    else
      out[n++] = *line;
  out[n] = 0;
}

static bool play_defined(struct play *p, const struct words *w) {
  for (int i = 0; i < p->n_defined; i++) {
    if (strcmp(p->defined[i].name, w->at[0]) != 0)
      continue;
    char *lines = strdup(buf_cstr(&p->defined[i].lines)), line[512];
    for (char *save, *s = strtok_r(lines, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
      put_words(p, s, w, line, sizeof line);
      play_line(p, line);
    }
    free(lines);
    return true;
  }
  return false;
}

/* True: it was a line of these. */
static bool play_macro(struct play *p, const char *line, const struct words *w) {
  if (p->defining) {
    p->defining = w->n != 1 || strcmp(w->at[0], "end") != 0;
    if (p->defining)
      buf_puts(&p->defined[p->n_defined - 1].lines, line);
    return true;
  }
  if (strcmp(w->at[0], "begins") == 0)
    return true; /* it did */
  if (strcmp(w->at[0], "given") == 0)
    play_given(p, w);
  else if (strcmp(w->at[0], "define") == 0)
    begin_define(p, w);
  else
    return play_defined(p, w);
  return true;
}

static void play_line(struct play *p, char *line) {
  char whole[512];
  snprintf(whole, sizeof whole, "%s", line);
  char *hash = strchr(line, '#');
  if (hash)
    *hash = 0;
  char *wanted = strstr(line, "->");
  if (wanted) {
    *wanted = 0;
    wanted += 2;
    while (*wanted == ' ')
      wanted++;
    for (char *end = wanted + strlen(wanted); end > wanted && (end[-1] == ' ' || end[-1] == '\n');)
      *--end = 0;
  }
  struct words w = {0};
  for (char *save, *s = strtok_r(line, " \t\r\n", &save); s; s = strtok_r(NULL, " \t\r\n", &save)) {
    if (w.n == words_max)
      FAIL(p, "too many words");
    w.at[w.n++] = s;
  }
  if (!w.n)
    return;
  bool ticked = true;
  if (w.at[0][0] == '+') {
    p->now += duration_of(p, w.at[0] + 1);
    ticked = false;
  } else if (w.at[0][0] >= '0' && w.at[0][0] <= '9') {
    usec to = instant_of(p, w.at[0]);
    if (to < p->now)
      FAIL(p, "time goes back");
    p->now = to;
    ticked = false;
  }
  if (!ticked) {
    w.n--;
    memmove(&w.at[0], &w.at[1], (size_t)w.n * sizeof w.at[0]);
    /* "tick" shows what the time makes due; any other line lets it happen first. */
    if (!w.n || strcmp(w.at[0], "tick") != 0)
      tick_all(p);
    if (!w.n)
      return;
  }
  if (play_macro(p, whole, &w))
    return;
  if (!wanted && state_line(p, &w))
    return;
  p->out.n_events = p->out.n_effects = 0;
  bool done = act_simple(p, &w) || act_asked(p, &w);
  for (size_t i = 0; !done && i < sizeof actions / sizeof actions[0]; i++)
    if (strcmp(actions[i].verb, w.at[0]) == 0) {
      actions[i].act(p, &w);
      done = true;
    }
  if (!done)
    FAIL(p, "no action is called %s", w.at[0]);
  if (wanted)
    expect(p, wanted);
  else if (p->out.verdict != VERDICT_DONE) {
    char told[512];
    tell_outcome(p, told, sizeof told);
    FAIL(p, "a line that expects nothing special was %s", told);
  }
  check_invariants(p);
}

static const char *scenarios_dir;

/* "begins INSTANT", on a line of its own; else a Monday morning. */
static usec beginning_of(struct play *p) {
  char line[512], when[64] = "2026-11-23T08:00:00Z";
  FILE *f = fopen(p->file, "r");
  assert_non_null(f);
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "begins %63s", when) == 1)
      break;
  fclose(f);
  return instant_of(p, when);
}

static void play_file(void **state) {
  struct play *p = calloc(1, sizeof *p);
  p->kept = calloc(kept_events_max, sizeof *p->kept);
  p->file = *state;
  p->dir = scenarios_dir;
  p->mem = new_memory();
  p->core = core_init(p->mem);
  p->model = model_new();
  assert_non_null(p->model);
  p->now = beginning_of(p);
  struct command c = {.type = COMMAND_SITE_CREATE, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT};
  c.u.site_create.vkey.b[0] = 1;
  run(p, &c);
  FILE *f = fopen(p->file, "r");
  assert_non_null(f);
  play_lines(p, f);
  if (!p->lines_checked)
    FAIL(p, "the scenario expects nothing");
  check_folds(p);
  munmap(p->mem, core_memory_size());
  model_free(p->model);
  for (int i = 0; i < p->n_plans; i++)
    plan_free(p->plans[i]);
  for (int i = 0; i < p->n_defined; i++)
    buf_free(&p->defined[i].lines);
  free(p->kept);
  free(p);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s DIR\n", argv[0]);
    return 2;
  }
  glob_t found;
  scenarios_dir = argv[1];
  for (int i = 0; i < 2; i++) {
    char pattern[600];
    snprintf(pattern, sizeof pattern, i ? "%s/custody/*.scn" : "%s/*.scn", argv[1]);
    if (glob(pattern, i ? GLOB_APPEND : 0, NULL, &found) != 0) {
      fprintf(stderr, "no scenarios match %s\n", pattern);
      return 1;
    }
  }
  struct CMUnitTest *tests = calloc(found.gl_pathc, sizeof *tests);
  for (size_t i = 0; i < found.gl_pathc; i++)
    tests[i] = (struct CMUnitTest){
        .name = strrchr(found.gl_pathv[i], '/') + 1,
        .test_func = play_file,
        .initial_state = found.gl_pathv[i],
    };
  int failed = _cmocka_run_group_tests("scenarios", tests, found.gl_pathc, NULL, NULL);
  free(tests);
  globfree(&found);
  return failed;
}
