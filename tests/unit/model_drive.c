#include "model_drive.h"

#include "engine/fold_check.h"
#include "plan/plan_read.h"
#include "sim/random_custody.h"
#include "sim/random_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* --- Small draws --- */

static uint32_t below(struct drive *d, uint32_t n) {
  return rng_below(&d->rng, n);
}

static bool chance(struct drive *d, uint32_t n, uint32_t of) {
  return rng_chance(&d->rng, n, of);
}

static struct id id_of(uint32_t kind, uint32_t n) {
  return random_id(kind, n);
}

enum { id_person = 1, id_credential, id_operator, id_tag, id_pin };

/* A person's few PINs: 0 theirs, 1 under duress, others wrong. */
static struct id pin_of(uint32_t person, uint32_t which) {
  return id_of(id_pin, person * 8 + which);
}

static uint32_t some(struct drive *d, uint32_t n) {
  return n ? below(d, n) : 0;
}

/* --- Who asks --- */

static uint32_t operator_with(struct drive *d, uint32_t roles) {
  const struct core *core = d->core;
  for (int tries = 0; tries < 12; tries++) {
    uint32_t i = some(d, core->head.n_operators);
    if (roles & 1u << core->operators[i].role && !core->operators[i].disabled)
      return i;
  }
  return some(d, core->head.n_operators);
}

/* Mostly those who may, now and then anyone. */
static void draw_actors(struct drive *d, struct command *c) {
  const struct permission *may = &command_permissions[c->type];
  c->second = REF_ABSENT;
  c->by = (struct actor){ACTOR_CORE, 0};
  if (chance(d, 1, 25)) {
    c->by.kind = below(d, ACTOR_KIND_COUNT);
    if (c->by.kind == ACTOR_OPERATOR)
      c->by.index = some(d, d->core->head.n_operators);
    if (chance(d, 1, 2))
      c->second = some(d, d->core->head.n_operators);
  } else if (may->roles && !(may->actors & 1u << ACTOR_HAND && chance(d, 4, 5))) {
    c->by = (struct actor){ACTOR_OPERATOR, operator_with(d, may->roles)};
    if (may->second_roles)
      c->second = operator_with(d, may->second_roles);
  } else {
    for (uint32_t k = 0; k < ACTOR_KIND_COUNT; k++)
      if (may->actors & 1u << k)
        c->by.kind = k;
  }
  if (!d->core->head.n_operators && c->by.kind == ACTOR_OPERATOR)
    c->by = (struct actor){ACTOR_HAND, 0};
  if (!d->core->head.n_operators)
    c->second = REF_ABSENT;
}

/* --- What is asked --- */

static usec draw_date(struct drive *d) {
  if (chance(d, 2, 3))
    return TIME_ABSENT;
  usec by = rng_between(&d->rng, -200000, 200000) * USEC_PER_S;
  return chance(d, 1, 40) ? -by : d->now + by + below(d, 1000000);
}

/* A reader at a door of the area where they are, if there is one. */
static uint32_t reader_for(struct drive *d, uint32_t person) {
  const struct plan *p = d->core->plan;
  uint32_t area = d->core->persons[person].area;
  for (uint32_t tries = 0; tries < 10; tries++) {
    uint32_t r = below(d, p->n_readers);
    const struct plan_door *door = &p->doors[p->readers[r].door];
    if ((p->readers[r].direction == DIRECTION_IN ? door->from : door->to) == area)
      return r;
  }
  return below(d, p->n_readers);
}

/* Sometimes the same door again, for those who pass together. */
static uint32_t reader_as_before(struct drive *d) {
  if (d->last.type != COMMAND_PASS || d->last.u.pass.reader >= d->core->plan->n_readers)
    return below(d, d->core->plan->n_readers);
  return d->last.u.pass.reader;
}

static void draw_pass(struct drive *d, struct command *c) {
  struct cmd_pass *a = &c->u.pass;
  uint32_t card = some(d, d->core->head.n_credentials);
  for (int tries = 0; tries < 6 && d->core->head.n_credentials && d->now % 3; tries++)
    if (d->core->persons[d->core->credentials[card].person].kind != PERSON_DETAINEE)
      card = some(d, d->core->head.n_credentials);
  bool strange = !d->core->head.n_credentials || chance(d, 1, 40);
  uint32_t person = strange ? 0 : d->core->credentials[card].person;
  a->tag = strange ? id_of(id_tag, UINT32_MAX) : d->core->credentials[card].tag;
  a->reader = strange || chance(d, 1, 8) ? below(d, d->core->plan->n_readers)
              : chance(d, 1, 3)          ? reader_as_before(d)
                                         : reader_for(d, person);
  a->format = chance(d, 1, 40) ? REF_ABSENT : below(d, d->core->plan->n_formats);
  a->pin = chance(d, 1, 2) ? pin_of(person, chance(d, 4, 5) ? 0 : below(d, 4)) : (struct id){{0}};
  a->biometric = chance(d, 1, 2) ? BIOMETRIC_MATCH : below(d, 3);
  a->late = chance(d, 1, 50);
  a->occurred_at = a->late ? d->now - below(d, 100000000) : TIME_ABSENT;
}

/* Mostly what a door would say next. */
static void draw_door(struct drive *d, struct command *c) {
  struct cmd_door_report *a = &c->u.door_report;
  const struct core *core = d->core;
  a->door = below(d, core->plan->n_doors);
  for (int tries = 0; tries < 8; tries++) {
    uint32_t i = below(d, core->plan->n_doors);
    if (core->doors[i].unlocked || core->doors[i].open)
      a->door = i;
  }
  const struct door_state *s = &core->doors[a->door];
  a->sign = s->open && chance(d, 3, 4)       ? DOOR_CLOSED
            : s->unlocked && chance(d, 2, 3) ? (chance(d, 3, 4) ? DOOR_OPENED : DOOR_LOCKED)
            : chance(d, 1, 2)                ? DOOR_REX
                                             : below(d, 4);
  a->late = chance(d, 1, 50);
  a->occurred_at = a->late ? d->now - below(d, 100000000) : TIME_ABSENT;
}

static void draw_pin(struct drive *d, struct command *c) {
  struct cmd_pin_set *a = &c->u.pin_set;
  a->person = some(d, d->core->head.n_persons);
  if (chance(d, 9, 10))
    a->pin = pin_of(a->person, 0);
  if (chance(d, 1, 2))
    a->duress = pin_of(a->person, chance(d, 1, 8) ? 0 : 1);
}

static struct plan *read_plan(struct drive *d, const struct buf *yaml) {
  struct plan_faults faults = {0};
  struct plan *plan = NULL;
  if (plan_read(buf_span(yaml), &plan, &faults)) {
    print_error("%.*s\n", (int)yaml->n, (const char *)yaml->p);
    fail_msg("seed %llu: the plan is not sound: %s", (unsigned long long)d->seed,
             faults.kept ? faults.at[0].text : "unreadable");
  }
  plan_faults_free(&faults);
  return plan;
}

static bool draw_plan(struct drive *d, struct command *c) {
  struct buf yaml = {0};
  if (d->n_plans == drive_plans_max || d->spoilt)
    return false;
  random_plan_change(d->site, &d->rng, &yaml);
  struct plan *plan = read_plan(d, &yaml);
  buf_free(&yaml);
  d->plans[d->n_plans++] = plan;
  c->plan = plan;
  for (uint32_t i = 0; i < 2; i++)
    c->u.plan_apply.compiled.b[i] = c->u.plan_apply.source.b[i] = (uint8_t)(d->n_plans + i);
  return true;
}

/* Whom the engine might have found, now and then the same one twice, or no person. */
static void draw_candidates(struct drive *d, struct refs *r, bool *more) {
  uint32_t n = d->core->head.n_persons;
  *more = chance(d, 1, 6);
  r->n = n ? 1 + below(d, chance(d, 1, 8) ? refs_max : 2) : 0;
  for (uint32_t i = 0; i < r->n; i++)
    r->at[i] = (struct ref){chance(d, 1, 200) ? REF_AREA : REF_PERSON, below(d, n)};
}

static void draw_person(struct drive *d, struct command *c) {
  static const uint8_t kinds[] = {PERSON_STAFF,    PERSON_STAFF,    PERSON_OFFICER,
                                  PERSON_OFFICER,  PERSON_VISITOR,  PERSON_CONTRACTOR,
                                  PERSON_COUNSEL,  PERSON_DETAINEE, PERSON_DETAINEE,
                                  PERSON_DETAINEE, PERSON_INSPECTOR};
  uint32_t n = d->core->head.n_persons;
  c->u.person_add = (struct cmd_person_add){
      .person = id_of(id_person, chance(d, 1, 10) ? some(d, n) : n),
      .kind = kinds[below(d, sizeof kinds)],
      .from = chance(d, 5, 6) ? TIME_ABSENT : draw_date(d),
      .until = chance(d, 5, 6) ? TIME_ABSENT : draw_date(d),
  };
  if (chance(d, 1, 8))
    draw_candidates(d, &c->u.person_add.candidates, &c->u.person_add.more);
}

static void draw_credential(struct drive *d, struct command *c) {
  uint32_t n = d->core->head.n_credentials;
  c->u.credential_issue = (struct cmd_credential_issue){
      .credential = id_of(id_credential, chance(d, 1, 10) ? some(d, n) : n),
      .tag = id_of(id_tag, chance(d, 1, 10) ? some(d, n) : n),
      .person = some(d, d->core->head.n_persons),
      .format = below(d, d->core->plan->n_formats),
      .from = chance(d, 4, 5) ? TIME_ABSENT : draw_date(d),
      .until = chance(d, 4, 5) ? TIME_ABSENT : draw_date(d),
  };
  /* A one-time pass lasts some days, now and then not long enough; some lack their end. */
  c->u.credential_issue.once = chance(d, 1, 3);
  if (c->u.credential_issue.once && chance(d, 9, 10))
    c->u.credential_issue.until = d->now + (1 + below(d, 7 * 86400)) * USEC_PER_S;
}

static uint32_t some_area(struct drive *d) {
  return below(d, d->core->plan->n_areas);
}

static uint64_t some_alarm(struct drive *d) {
  uint32_t n = d->core->head.n_alarms;
  return n && chance(d, 9, 10) ? d->core->alarms[below(d, n)].n : below(d, 100);
}

/* --- Custody --- */

static struct random_custody custody_of(struct drive *d) {
  return (struct random_custody){&d->rng, d->core, d->now};
}

/* Fills the arguments. False: this is not asked now. */
/* Of everyone, of one, of those on a manifest; half of orders, of which the sealed are sought. */
static struct cmd_details_read draw_read(struct drive *d, uint32_t person) {
  const struct core_head *head = &d->core->head;
  struct cmd_details_read r = {REF_ABSENT, REF_ABSENT, REF_ABSENT};
  if (head->n_orders && chance(d, 1, 2)) {
    for (int tries = 0; tries < 8; tries++)
      if (r.order == REF_ABSENT || !d->core->orders[r.order].sealed)
        r.order = below(d, head->n_orders);
  } else if (head->n_movements && chance(d, 1, 3)) {
    r.movement = below(d, head->n_movements);
  }
  if (chance(d, 1, r.order == REF_ABSENT ? 2 : 8))
    r.person = person;
  return r;
}

static bool draw_arguments(struct drive *d, struct command *c) {
  const struct core_head *head = &d->core->head;
  const struct plan *p = d->core->plan;
  uint32_t person = some(d, head->n_persons), other = some(d, head->n_persons);
  switch (c->type) {
  case COMMAND_SITE_CREATE:
    return true;
  case COMMAND_PLAN_APPLY:
    return draw_plan(d, c);
  case COMMAND_OPERATOR_ADD:
    c->u.operator_add = (struct cmd_operator_add){
        id_of(id_operator, chance(d, 1, 4) ? some(d, head->n_operators) : head->n_operators),
        below(d, ROLE_COUNT)};
    return head->n_operators < 30;
  case COMMAND_OPERATOR_DISABLE:
    c->u.operator_ref.operator_index = some(d, head->n_operators);
    return head->n_operators > 0 && chance(d, 1, 4);
  case COMMAND_OPERATOR_COMPROMISE:
    c->u.operator_compromise = (struct cmd_operator_compromise){
        some(d, head->n_operators), d->now - rng_between(&d->rng, -20, 9000) * USEC_PER_S};
    return head->n_operators > 0 && chance(d, 1, 16);
  case COMMAND_PERSON_ADD:
    draw_person(d, c);
    return head->n_persons < drive_persons_max;
  case COMMAND_PERSON_SUSPEND:
  case COMMAND_PERSON_REINSTATE:
  case COMMAND_PERSON_DEPART:
  case COMMAND_PERSON_UNMERGE:
    c->u.person_ref.person = person;
    return head->n_persons > 0;
  case COMMAND_PERSON_MERGE:
    c->u.person_merge = (struct cmd_person_merge){person, other};
    return head->n_persons > 0 && chance(d, 1, 2);
  case COMMAND_PERSON_PHOTO:
    c->u.person_photo.person = person;
    return head->n_persons > 0 && chance(d, 1, 4);
  case COMMAND_PERSON_LOCATE:
    c->u.person_locate = (struct cmd_person_locate){person, some_area(d)};
    return head->n_persons > 0;
  case COMMAND_VISIT_OPEN:
  case COMMAND_VISIT_CLOSE: {
    struct random_custody r = custody_of(d);
    return random_visit(&r, c);
  }
  case COMMAND_PERSON_IDENTIFY:
    c->u.person_identify.person = person;
    draw_candidates(d, &c->u.person_identify.candidates, &c->u.person_identify.more);
    return head->n_persons > 0;
  case COMMAND_CREDENTIAL_ISSUE:
    draw_credential(d, c);
    return head->n_persons > 0 && head->n_credentials < 2 * drive_persons_max;
  case COMMAND_CREDENTIAL_SUSPEND:
  case COMMAND_CREDENTIAL_REINSTATE:
  case COMMAND_CREDENTIAL_LOST:
    c->u.credential_ref.credential = some(d, head->n_credentials);
    return head->n_credentials > 0;
  case COMMAND_CREDENTIAL_REVOKE:
    c->u.credential_ref.credential = some(d, head->n_credentials);
    return head->n_credentials > 0 && chance(d, 1, 6);
  case COMMAND_CREDENTIAL_COMPROMISE:
    c->u.credential_compromise = (struct cmd_credential_compromise){
        some(d, head->n_credentials), d->now - rng_between(&d->rng, -20, 9000) * USEC_PER_S};
    return head->n_credentials > 0 && chance(d, 1, 24);
  case COMMAND_PIN_SET:
    draw_pin(d, c);
    return head->n_persons > 0;
  case COMMAND_LEVEL_GRANT:
    c->u.level_grant =
        (struct cmd_level_grant){person, below(d, p->n_levels), draw_date(d), draw_date(d)};
    return head->n_persons > 0;
  case COMMAND_LEVEL_REVOKE:
    c->u.level_revoke = (struct cmd_level_revoke){person, below(d, p->n_levels)};
    return head->n_persons > 0 && chance(d, 1, 2);
  case COMMAND_SEPARATION_LIFT: /* most often of two who are kept separate */
    for (uint32_t i = 0; i < head->n_persons && chance(d, 19, 20); i++)
      if (d->core->persons[i].separations) {
        person = i;
        other = d->core->separations[d->core->persons[i].separations - 1].other;
        break;
      }
    c->u.separation = (struct cmd_separation){person, other};
    return head->n_persons > 0;
  case COMMAND_SEPARATION_ADD:
    c->u.separation = (struct cmd_separation){person, other};
    return head->n_persons > 0;
  case COMMAND_AUTHORITY_ADD:
  case COMMAND_PLACE_ADD:
  case COMMAND_BASIS_ADD:
  case COMMAND_BASIS_REPEAL:
  case COMMAND_AGREEMENT_COMMIT:
  case COMMAND_AGREEMENT_PAY:
  case COMMAND_CLASS_ADD:
  case COMMAND_CLASS_INCLUDE:
  case COMMAND_CLASS_DOUBT:
  case COMMAND_CLASS_EXCLUDE:
  case COMMAND_ORDER_RECORD:
  case COMMAND_ORDER_AUTHENTICATE:
  case COMMAND_ORDER_WRITE:
  case COMMAND_ORDER_RECALL:
  case COMMAND_ORDER_REFUTE:
  case COMMAND_ASSESSMENT_RECORD:
  case COMMAND_ASSESSMENT_CONTEST:
  case COMMAND_ASSESSMENT_REVIEW:
  case COMMAND_BOOKING_OPEN:
  case COMMAND_BOOKING_SUPPLEMENT:
  case COMMAND_DEATH_RECORD:
  case COMMAND_DEATH_CAUSE:
  case COMMAND_DEATH_REMAINS:
  case COMMAND_DEATH_RETRACT:
  case COMMAND_MARK_SET:
  case COMMAND_MARK_CLEAR:
  case COMMAND_LINK_RECORD:
  case COMMAND_LINK_DISMISS:
  case COMMAND_MOVEMENT_PROPOSE:
  case COMMAND_MOVEMENT_AUTHORISE:
  case COMMAND_MOVEMENT_CANCEL:
  case COMMAND_MANIFEST_ADD:
  case COMMAND_MANIFEST_CITE:
  case COMMAND_MANIFEST_PROMOTE:
  case COMMAND_MANIFEST_REMOVE:
  case COMMAND_IDENTITY_CONFIRM:
  case COMMAND_MOVEMENT_BOARD:
  case COMMAND_MOVEMENT_DISEMBARK:
  case COMMAND_MOVEMENT_DEPART:
  case COMMAND_MOVEMENT_DIVERT:
  case COMMAND_MOVEMENT_ARRIVE:
  case COMMAND_MOVEMENT_HANDOVER:
  case COMMAND_HEARING_SET:
  case COMMAND_HEARING_CLOSE:
  case COMMAND_RECALL_ANSWER:
  case COMMAND_COUNT_BEGIN:
  case COMMAND_COUNT_TALLY:
  case COMMAND_COUNT_CLOSE: {
    struct random_custody r = custody_of(d);
    return random_custody(&r, c);
  }
  case COMMAND_LOCKDOWN_START:
  case COMMAND_LOCKDOWN_RELEASE:
    c->u.area_ref.area = some_area(d);
    return c->type == COMMAND_LOCKDOWN_RELEASE || chance(d, 1, 3);
  case COMMAND_THREAT_RAISE:
  case COMMAND_THREAT_LOWER:
    c->u.threat_ref.threat = below(d, p->n_threats);
    return c->type == COMMAND_THREAT_LOWER || chance(d, 1, 2);
  case COMMAND_GATE_CLOSE:
  case COMMAND_GATE_OPEN:
    c->u.gate_ref.gate = below(d, p->n_gates);
    return c->type == COMMAND_GATE_OPEN || chance(d, 1, 3);
  case COMMAND_PASS:
    draw_pass(d, c);
    return true;
  case COMMAND_DOOR_REPORT:
    draw_door(d, c);
    return true;
  case COMMAND_READER_REPORT:
    c->u.reader_report =
        (struct cmd_reader_report){below(d, p->n_readers), below(d, READER_SIGN_COUNT)};
    if (chance(d, 2, 3)) /* else nobody would pass any more */
      c->u.reader_report.sign = c->u.reader_report.sign == READER_OFFLINE ? READER_ONLINE
                                : c->u.reader_report.sign == READER_INSECURE
                                    ? READER_SECURE
                                    : c->u.reader_report.sign;
    return p->n_readers > 0;
  case COMMAND_READER_REKEY:
    c->u.reader_ref.reader = below(d, p->n_readers);
    return p->n_readers > 0;
  case COMMAND_ALARM_ACKNOWLEDGE:
    c->u.alarm_acknowledge.alarm = some_alarm(d);
    return true;
  case COMMAND_DETAILS_READ:
    c->u.details_read = draw_read(d, person);
    return head->n_persons > 0;
  case COMMAND_DETAILS_ERASE:
    c->u.details_erase = (struct cmd_details_erase){person, below(d, 3)};
    return head->n_persons > 0;
  case COMMAND_SNAPSHOT_TAKE:
    c->u.snapshot_take.state.b[0] = (uint8_t)below(d, 256);
    return true;
  case COMMAND_CLOCK_STEP:
    c->u.clock_step.by = (uint64_t)below(d, 120) * (uint64_t)USEC_PER_S;
    return true;
  case COMMAND_TICK:
  case COMMAND_COUNT:
    return true;
  }
  return false;
}

/* What a site of this seed is most about. Kinds of commands grow in number and share the draw:
 * each theme keeps a share for what would else become too rare to meet. */
static const struct theme {
  uint8_t cases;    /* of a hundred: a step of somebody's case, as it comes next */
  uint8_t anything; /* of the others: any command at all */
} themes[] = {{33, 10}, {33, 10}, {75, 20}, {20, 75}};

static const struct theme *theme_of(const struct drive *d) {
  return &themes[d->seed % (sizeof themes / sizeof themes[0])];
}

static enum command_type draw_type(struct drive *d) {
  if (chance(d, theme_of(d)->anything, 100))
    return (enum command_type)below(d, COMMAND_COUNT);
  uint32_t x = below(d, 93);
  if (x < 46)
    return COMMAND_PASS;
  if (x < 71)
    return COMMAND_DOOR_REPORT;
  if (x < 72)
    return COMMAND_DETAILS_READ;
  if (x < 80)
    return COMMAND_TICK;
  if (x < 84)
    return COMMAND_PERSON_LOCATE;
  if (x < 86)
    return COMMAND_READER_REPORT;
  return (enum command_type)(COMMAND_AUTHORITY_ADD +
                             below(d, COMMAND_COUNT_CLOSE - COMMAND_AUTHORITY_ADD + 1));
}

/* Most things happen at once or a little later; now and then the night passes. */
static usec draw_pause(struct drive *d) {
  uint32_t x = below(d, 100);
  usec s = USEC_PER_S;
  if (x < 35)
    return 0;
  if (x < 75)
    return below(d, 3000) * USEC_PER_MS;
  if (x < 95)
    return below(d, 30) * s;
  if (x < 99)
    return below(d, 3600) * s;
  return below(d, 86400) * s;
}

/* After these little else happens on a site for long: not as often as the rest. */
static bool ends_much(enum command_type type) {
  return type == COMMAND_DEATH_RECORD || type == COMMAND_COUNT_BEGIN ||
         type == COMMAND_OPERATOR_DISABLE || type == COMMAND_OPERATOR_COMPROMISE;
}

struct command drive_draw(struct drive *d) {
  struct command c;
  do {
    struct random_custody r = custody_of(d);
    memset(&c, 0, sizeof c);
    if (d->core->plan && chance(d, theme_of(d)->cases, 100) && random_case(&r, &c))
      break;
    c.type = draw_type(d);
    if (c.type == COMMAND_PASS && !d->core->plan->n_readers)
      c.type = COMMAND_TICK;
  } while ((ends_much(c.type) && !chance(d, 1, 2)) || !draw_arguments(d, &c));
  draw_actors(d, &c);
  usec due = core_due(d->core);
  d->now += draw_pause(d);
  /* A tick often comes as it should: at the very instant at which it is due. */
  if (c.type == COMMAND_TICK && due != TIME_ABSENT && due >= core_last_at(d->core) &&
      chance(d, 3, 4))
    d->now = due > d->now - 60 * USEC_PER_S ? due : d->now;
  if (d->now < core_last_at(d->core))
    d->now = core_last_at(d->core);
  c.at = d->now;
  c.known_at = chance(d, 1, 20) ? c.at - below(d, 120) * USEC_PER_S : c.at;
  c.clock_trusted = !chance(d, 1, 20);
  return c;
}

/* --- Deciding --- */

static bool unlocks_hold(struct drive *d, struct buf *story) {
  for (uint32_t i = 0; i < d->out.n_effects; i++) {
    const struct effect *e = &d->out.effects[i];
    if (e->type == EFFECT_UNLOCK &&
        !model_may_unlock(d->model, e->door, d->out.events[0].n, d->now, story))
      return false;
  }
  return true;
}

bool drive_run_only(struct drive *d, struct command *c, struct buf *story) {
  struct command told = *c;
  if (d->spoilt && c->type == COMMAND_PLAN_APPLY)
    told.plan = d->spoilt;
  core_decide(d->core, &told, &d->out);
  if (d->spoilt && c->type == COMMAND_PLAN_APPLY)
    d->out.events[0].plan = c->plan;
  bool ok = model_step_outcome(d->model, c, &d->out, story);
  if (getenv("SALLYPORT_MODEL_TRACE")) {
    struct buf line = {0};
    model_tell(d->model, c, &d->out, &line);
    print_message("%s", buf_cstr(&line));
    buf_free(&line);
  }
  for (uint32_t i = 0; ok && i < d->out.n_events; i++) {
    struct event e = d->out.events[i];
    if (d->spoilt && e.type == EVENT_PLAN_APPLIED)
      e.plan = d->spoilt;
    struct fault why = {0};
    if (fold_check_event(d->core, &e, &why)) {
      buf_printf(story, "what was decided would not be read back: %s", why.text);
      return false;
    }
    core_apply(d->core, &e);
  }
  d->steps++;
  d->last = *c;
  if (ok && d->follows && d->out.n_events)
    ok = model_step_journal(d->follows, c, d->out.events, d->out.n_events, story);
  return ok;
}

bool drive_run(struct drive *d, struct command *c, struct buf *story) {
  return drive_run_only(d, c, story) && model_same(d->model, d->core, story) &&
         model_invariants(d->model, story) && unlocks_hold(d, story);
}

bool drive_step(struct drive *d, struct buf *story) {
  struct command c = drive_draw(d);
  return drive_run(d, &c, story);
}

/* --- Beginning and ending --- */

static void must(struct drive *d, struct command c) {
  struct buf story = {0};
  c.at = c.known_at = d->now;
  c.clock_trusted = true;
  if (!drive_run(d, &c, &story))
    fail_msg("seed %llu, founding: %s", (unsigned long long)d->seed, buf_cstr(&story));
  buf_free(&story);
}

static struct command by_init(enum command_type type) {
  return (struct command){.type = type, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT};
}

static uint32_t first_with(uint32_t role) {
  return role; /* as they were added */
}

static void found(struct drive *d, void (*spoil)(struct plan *)) {
  struct buf yaml = {0};
  must(d, by_init(COMMAND_SITE_CREATE));
  struct rng site = d->site;
  random_plan(&site, &yaml);
  d->plans[0] = read_plan(d, &yaml);
  if (spoil) {
    d->spoilt = read_plan(d, &yaml);
    spoil(d->spoilt);
  }
  if (getenv("SALLYPORT_MODEL_TRACE"))
    print_message("%s", buf_cstr(&yaml));
  buf_free(&yaml);
  d->n_plans = 1;
  struct command c = by_init(COMMAND_PLAN_APPLY);
  c.plan = d->plans[0];
  c.u.plan_apply.compiled.b[0] = c.u.plan_apply.source.b[0] = 1;
  must(d, c);
  for (uint32_t r = 0; r < 2 * ROLE_COUNT; r++) {
    c = by_init(COMMAND_OPERATOR_ADD);
    c.u.operator_add = (struct cmd_operator_add){id_of(id_operator, r), r % ROLE_COUNT};
    must(d, c);
  }
}

static void people_arrive(struct drive *d) {
  struct command c;
  struct actor desk = {ACTOR_OPERATOR, first_with(ROLE_DESK)};
  for (uint32_t i = 0, n = 4 + below(d, 24); i < n; i++) {
    c = (struct command){.type = COMMAND_PERSON_ADD, .by = desk, .second = REF_ABSENT};
    draw_person(d, &c);
    c.u.person_add.person = id_of(id_person, i);
    must(d, c);
    c = (struct command){.type = COMMAND_CREDENTIAL_ISSUE, .by = desk, .second = REF_ABSENT};
    bool once = i % 8 == 7; /* the pass of a visit: it is used up on the way out */
    usec until = once ? d->now + 30 * 86400 * USEC_PER_S : TIME_ABSENT;
    c.u.credential_issue = (struct cmd_credential_issue){
        id_of(id_credential, i), id_of(id_tag, i), i, 0, TIME_ABSENT, until, once};
    if (i < d->core->head.n_persons)
      must(d, c);
    for (uint32_t k = 0; k < 1 + below(d, 5); k++) {
      c = (struct command){.type = COMMAND_LEVEL_GRANT, .by = desk, .second = REF_ABSENT};
      c.u.level_grant = (struct cmd_level_grant){i, k ? below(d, d->core->plan->n_levels) : 0,
                                                 TIME_ABSENT, TIME_ABSENT};
      if (i < d->core->head.n_persons)
        must(d, c);
    }
    c = (struct command){.type = COMMAND_VISIT_OPEN, .by = desk, .second = REF_ABSENT};
    struct random_custody r = custody_of(d);
    if (i < d->core->head.n_persons && random_visit(&r, &c)) {
      c.u.visit_open.person = i; /* of other kinds it is rejected */
      must(d, c);
    }
    c = (struct command){.type = COMMAND_PIN_SET, .by = desk, .second = REF_ABSENT};
    c.u.pin_set = (struct cmd_pin_set){i, pin_of(i, 0), pin_of(i, 1)};
    if (i < d->core->head.n_persons && chance(d, 3, 4))
      must(d, c);
  }
}

/* Days on which clocks change, here or there, and one like others. */
static usec draw_beginning(struct drive *d) {
  static const char *const days[] = {"2026-11-23T08:00Z", "2027-03-27T20:00Z", "2026-10-24T22:00Z",
                                     "2026-10-31T23:30Z", "2027-04-03T12:00Z", "2027-03-13T21:00Z"};
  usec t;
  const char *day = days[below(d, sizeof days / sizeof days[0])];
  assert_true(time_parse_lenient(&t, day, strlen(day)));
  return t;
}

static void begin(struct drive *d, uint64_t seed, bool follow) {
  memset(d, 0, sizeof *d);
  d->seed = seed;
  d->rng = rng_from(seed, "drive");
  d->site = rng_from(seed, "site");
  d->mem = mmap(NULL, core_memory_size(), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(d->mem != MAP_FAILED);
  d->core = core_init(d->mem);
  d->model = model_new();
  assert_non_null(d->model);
  d->follows = follow ? model_new() : NULL;
  d->now = draw_beginning(d);
}

void drive_begin_empty(struct drive *d, uint64_t seed) {
  begin(d, seed, false);
}

void drive_begin(struct drive *d, uint64_t seed, bool follow) {
  begin(d, seed, follow);
  found(d, NULL);
  people_arrive(d);
}

void drive_begin_spoilt(struct drive *d, uint64_t seed, void (*spoil)(struct plan *)) {
  begin(d, seed, false);
  found(d, spoil);
  people_arrive(d);
}

void drive_end(struct drive *d) {
  model_free(d->model);
  model_free(d->follows);
  for (uint32_t i = 0; i < d->n_plans; i++)
    plan_free(d->plans[i]);
  plan_free(d->spoilt);
  munmap(d->mem, core_memory_size());
}
