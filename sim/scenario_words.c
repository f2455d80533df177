/* scenario_words.c: actions that are more than the fields of one command. A new one is a row of
 * actions[] and a short function; what is told by a command's own fields is a row in
 * scenario_asked.c instead. */
#include "sim/scenario.h"

#include "plan/plan_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Who asks --- */

static const char *a_role(uint32_t roles, const char *but) {
  for (int r = 0; r < ROLE_COUNT; r++)
    if (roles & 1u << r && (!but || strcmp(role_names[r], but) != 0))
      return role_names[r];
  return NULL;
}

struct asking asking_by(struct play *p, const struct words *w, enum command_type type) {
  const struct permission *perm = &command_permissions[type];
  struct asking a = {.c = {.type = type, .second = REF_ABSENT}};
  const char *by = option(w, "by"), *second = option(w, "and");
  if (!by && perm->actors & 1u << ACTOR_HAND) {
    a.c.by = (struct actor){ACTOR_HAND, 0};
    return a;
  }
  const char *first = by ? by : a_role(perm->roles, NULL);
  a.c.by = (struct actor){ACTOR_OPERATOR, operator_of(p, first)};
  if (!by && !second)
    second = a_role(perm->second_roles, first);
  if (second)
    a.c.second = operator_of(p, second);
  return a;
}

/* The kind of thing that a field with a new id names. */
static enum ref_kind kind_named(const char *name) {
  int k = 0;
  while (k < REF_KIND_COUNT && strcmp(ref_kind_names[k], name) != 0)
    k++;
  return (enum ref_kind)k;
}

/* What was made has the id that its first event tells. */
static void keep_name(struct play *p, const struct asking *a) {
  if (!a->new_name || p->out.verdict != VERDICT_DONE || !p->out.n_events)
    return;
  const struct event *e = &p->out.events[0];
  const struct record *r = &event_records[e->type];
  for (size_t i = 0; i < r->n_fields; i++)
    if (r->fields[i].kind == FIELD_ID && kind_named(r->fields[i].name) == a->new_kind) {
      struct id id;
      memcpy(&id, (const uint8_t *)&e->u + r->fields[i].offset, sizeof id);
      name_it(p, a->new_kind, a->new_name, id);
      return;
    }
  FAIL(p, "%s tells no new %s", r->type, ref_kind_names[a->new_kind]);
}

void ask(struct play *p, struct asking *a) {
  const struct record *r = &command_records[a->c.type];
  for (size_t i = 0; a->new_name && i < r->n_fields; i++)
    if (r->fields[i].kind == FIELD_ID && r->fields[i].flags & FIELD_ENGINE &&
        kind_named(r->fields[i].name) < REF_KIND_COUNT)
      a->new_kind = kind_named(r->fields[i].name);
  p->stage->ask(p, a);
  keep_name(p, a);
}

/* The index of a word in a list of names, which a NULL ends. */
static uint32_t name_in(struct play *p, const char *const names[], const char *s,
                        const char *what) {
  for (uint32_t i = 0; names[i]; i++)
    if (strcmp(names[i], s) == 0)
      return i;
  FAIL(p, "no %s is called %s", what, s);
}

/* --- The site and who works there --- */

static void act_operator(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_OPERATOR_ADD);
  a.new_name = word(p, w, 1);
  a.c.u.operator_add.role = name_in(p, role_names, word(p, w, 2), "role");
  ask(p, &a);
}

static void act_operator_disable(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_OPERATOR_DISABLE);
  a.c.u.operator_ref.operator_index = operator_of(p, word(p, w, 1));
  ask(p, &a);
}

static struct plan *read_plan(struct play *p, const char *name, struct buf *text) {
  char path[600];
  snprintf(path, sizeof path, "%s/plans/%s", p->dir, name);
  FILE *f = fopen(path, "rb");
  if (!f)
    FAIL(p, "cannot read %s", path);
  uint8_t piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
    buf_put(text, piece, n);
  fclose(f);
  struct plan_faults faults = {0};
  struct plan *plan = NULL;
  if (plan_read(buf_span(text), &plan, &faults))
    FAIL(p, "%s:%u: %s", path, faults.kept ? faults.at[0].line : 0,
         faults.kept ? faults.at[0].text : "unreadable");
  plan_faults_free(&faults);
  return plan;
}

static void act_plan(struct play *p, const struct words *w) {
  if (p->n_plans == plans_max)
    FAIL(p, "too many plans");
  struct buf *text = &p->sources[p->n_plans];
  struct plan *plan = p->plans[p->n_plans] = read_plan(p, word(p, w, 1), text);
  p->n_plans++;
  bool first = !core_plan(p->core);
  struct asking a = {
      .c = {.type = COMMAND_PLAN_APPLY, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT}};
  if (!first)
    a = asking_by(p, w, COMMAND_PLAN_APPLY);
  a.source = buf_span(text);
  a.c.plan = plan;
  a.c.u.plan_apply.compiled.b[0] = (uint8_t)p->n_plans;
  a.c.u.plan_apply.source.b[0] = (uint8_t)p->n_plans;
  if (first)
    p->stage->found(p, &a);
  else
    ask(p, &a);
}

/* --- Persons and cards --- */

static void issue(struct play *p, const struct words *w, const char *card, uint32_t person) {
  struct asking a = asking_by(p, w, COMMAND_CREDENTIAL_ISSUE);
  a.new_name = a.card = card;
  a.c.u.credential_issue = (struct cmd_credential_issue){
      .person = person,
      .format = 0,
      .from = strcmp(w->at[0], "card") == 0 ? date_option(p, w, "from") : TIME_ABSENT,
      .until = strcmp(w->at[0], "card") == 0 ? date_option(p, w, "until") : TIME_ABSENT,
      .once = strcmp(w->at[0], "card") == 0 && has_word(w, "once"),
  };
  ask(p, &a);
}

static void give_level(struct play *p, const struct words *w, uint32_t person, const char *level,
                       usec from, usec until) {
  struct asking a = asking_by(p, w, COMMAND_LEVEL_GRANT);
  a.c.u.level_grant =
      (struct cmd_level_grant){person, plan_thing(p, REF_LEVEL, level), from, until};
  ask(p, &a);
}

/* --- The same human --- */

enum { likes_max = 10 };

static struct named *named_person(struct play *p, const char *name) {
  (void)person_of(p, name); /* somebody has it */
  int i = 0;
  while (p->named[i].kind != REF_PERSON || strcmp(p->named[i].name, name) != 0)
    i++;
  return &p->named[i];
}

static void put_identifier(struct play *p, const char *of, uint32_t n) {
  buf_printf(&p->details, "%s{\"number\":\"%s-%u\",\"type\":\"scenario\"}",
             p->details.p[p->details.n - 1] == '[' ? "" : ",", of, n);
}

/* "like A,B": whom the engine finds, the likest first, and "and-more": that there were others. A
 * stage with an engine gets details by which it finds them: each person has as many identifiers as
 * others may be like them, and each of these says one of them. */
static void take_candidates(struct play *p, const struct words *w, struct asking *a,
                            struct refs *found, bool *more) {
  char text[256];
  snprintf(text, sizeof text, "%s", option(w, "like") ? option(w, "like") : "");
  *more = has_word(w, "and-more");
  for (char *save, *s = strtok_r(text, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
    struct named *other = named_person(p, s);
    if (found->n == refs_max || other->liked == likes_max)
      FAIL(p, "more are alike than may be");
    found->at[found->n++] = (struct ref){REF_PERSON, person_of(p, s)};
    put_identifier(p, s, other->liked++);
  }
  buf_puts(&p->details, "]}");
  a->details = buf_cstr(&p->details);
}

/* More is known of who they are: identify PERSON [like A,B] [and-more] */
static void act_identify(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PERSON_IDENTIFY);
  struct cmd_person_identify *c = &a.c.u.person_identify;
  c->person = person_of(p, word(p, w, 1));
  buf_reset(&p->details);
  buf_puts(&p->details, "{\"identifiers\":[");
  take_candidates(p, w, &a, &c->candidates, &c->more);
  ask(p, &a);
}

static void act_person(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PERSON_ADD);
  buf_reset(&p->details);
  buf_puts(&p->details, "{\"identifiers\":[");
  for (uint32_t i = 0; i < likes_max; i++)
    put_identifier(p, word(p, w, 1), i);
  take_candidates(p, w, &a, &a.c.u.person_add.candidates, &a.c.u.person_add.more);
  a.new_name = word(p, w, 1);
  a.c.u.person_add.from = date_option(p, w, "from");
  a.c.u.person_add.until = date_option(p, w, "until");
  a.c.u.person_add.kind = name_in(p, person_kind_names, word(p, w, 2), "kind of person");
  ask(p, &a);
  /* "card C" and "level L" are shorthands for what a desk does next. */
  const char *card = option(w, "card"), *level = option(w, "level");
  if (p->out.verdict == VERDICT_DONE && card)
    issue(p, w, card, person_of(p, w->at[1]));
  if (p->out.verdict == VERDICT_DONE && level)
    give_level(p, w, person_of(p, w->at[1]), level, TIME_ABSENT, TIME_ABSENT);
}

static void act_card(struct play *p, const struct words *w) {
  issue(p, w, word(p, w, 1), person_of(p, word(p, w, 2)));
}

static void act_pin(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PIN_SET);
  a.c.u.pin_set.person = person_of(p, word(p, w, 1));
  a.pin = strcmp(word(p, w, 2), "none") != 0 ? w->at[2] : NULL;
  a.duress = option(w, "duress");
  ask(p, &a);
}

static void act_grant(struct play *p, const struct words *w) {
  give_level(p, w, person_of(p, word(p, w, 1)), word(p, w, 2), date_option(p, w, "from"),
             date_option(p, w, "until"));
}

static void act_ungrant(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_LEVEL_REVOKE);
  a.c.u.level_revoke = (struct cmd_level_revoke){person_of(p, word(p, w, 1)),
                                                 plan_thing(p, REF_LEVEL, word(p, w, 2))};
  ask(p, &a);
}

/* --- Doors and readers --- */

static usec late_time(struct play *p, const struct words *w) {
  return has_word(w, "late") ? p->now - 60 * USEC_PER_S : TIME_ABSENT;
}

static void act_present(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PASS);
  const char *bio = option(w, "biometric");
  a.card = word(p, w, 1);
  a.pin = option(w, "pin");
  a.c.u.pass = (struct cmd_pass){
      .reader = plan_thing(p, REF_READER, word(p, w, 3)),
      .format = has_word(w, "strange-format") ? REF_ABSENT : 0,
      .biometric = !bio                        ? BIOMETRIC_NONE
                   : strcmp(bio, "match") == 0 ? BIOMETRIC_MATCH
                                               : BIOMETRIC_MISMATCH,
      .late = has_word(w, "late"),
      .occurred_at = late_time(p, w),
  };
  ask(p, &a);
}

static void act_door(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_DOOR_REPORT);
  a.c.u.door_report = (struct cmd_door_report){
      .door = plan_thing(p, REF_DOOR, word(p, w, 1)),
      .sign = name_in(p, door_sign_names, word(p, w, 2), "sign of a door"),
      .late = has_word(w, "late"),
      .occurred_at = late_time(p, w),
  };
  ask(p, &a);
}

static void act_reader(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_READER_REPORT);
  a.c.u.reader_report =
      (struct cmd_reader_report){plan_thing(p, REF_READER, word(p, w, 1)),
                                 name_in(p, reader_sign_names, word(p, w, 2), "sign of a reader")};
  ask(p, &a);
}

static void act_tick(struct play *p, const struct words *w) {
  (void)w;
  p->stage->tick(p);
}

/* --- What a desk does to persons --- */

static void act_located(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PERSON_LOCATE);
  a.c.u.person_locate = (struct cmd_person_locate){person_of(p, word(p, w, 1)),
                                                   plan_thing(p, REF_AREA, word(p, w, 2))};
  ask(p, &a);
}

static void act_merge(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_PERSON_MERGE);
  a.c.u.person_merge =
      (struct cmd_person_merge){person_of(p, word(p, w, 1)), person_of(p, word(p, w, 2))};
  ask(p, &a);
}

static void act_separate(struct play *p, const struct words *w) {
  bool lift = strcmp(w->at[0], "unseparate") == 0;
  struct asking a = asking_by(p, w, lift ? COMMAND_SEPARATION_LIFT : COMMAND_SEPARATION_ADD);
  a.c.u.separation =
      (struct cmd_separation){person_of(p, word(p, w, 1)), person_of(p, word(p, w, 2))};
  ask(p, &a);
}

static uint32_t alarms_open(struct play *p, uint64_t *oldest) {
  if (p->stage->alarms)
    return p->stage->alarms(p, oldest);
  *oldest = p->core->head.n_alarms ? p->core->alarms[0].n : 0;
  return p->core->head.n_alarms;
}

static void act_acknowledge(struct play *p, const struct words *w) {
  struct asking a = asking_by(p, w, COMMAND_ALARM_ACKNOWLEDGE);
  alarms_open(p, &a.c.u.alarm_acknowledge.alarm);
  ask(p, &a);
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
    bool named = simple[i].kind == REF_PERSON || simple[i].kind == REF_CREDENTIAL;
    struct asking a = asking_by(p, w, simple[i].type);
    /* Every one-thing command is one index. */
    a.c.u.person_ref.person =
        named ? thing_of(p, simple[i].kind, name) : plan_thing(p, simple[i].kind, name);
    ask(p, &a);
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
    {"person", act_person}, /* person NAME KIND [like A,B] */
    {"identify", act_identify},
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
    {"separate", act_separate},
    {"unseparate", act_separate},
    {"acknowledge", act_acknowledge},
};

bool act_special(struct play *p, const struct words *w) {
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
    if (strcmp(actions[i].verb, w->at[0]) == 0) {
      actions[i].act(p, w);
      return true;
    }
  return act_simple(p, w);
}

/* --- Lines that state something --- */

bool state_line(struct play *p, const struct words *w) {
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
    uint64_t oldest;
    uint32_t have = alarms_open(p, &oldest);
    if (have != (uint32_t)atoi(w->at[1]))
      FAIL(p, "%u alarms are open", have);
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
