#include "sim/desk.h"

#include "core/state.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"
#include "sim/ask.h"
#include "sim/command_text.h"
#include "sim/journey.h"
#include "sim/papers.h"
#include "sim/people.h"
#include "sim/plans.h"
#include "sim/random_custody.h"
#include "sim/register_text.h"
#include "sim/watch.h"

#include <stdio.h>
#include <string.h>

enum { operators_max_sim = 12 };
enum what { ASK_LOGIN, ASK_OTHER, ASK_STEP, ASK_BLOB, ASK_PLAN, ASK_PAPER, ASK_WITH_PAPER };
/* Of a registration. */
enum registering { REGISTER_ADD, REGISTER_LEVEL, REGISTER_CARD, REGISTER_PIN, REGISTERED };

struct clerk {
  struct desk *desk;
  char name[8];
  uint32_t at, role;
  struct asks asks;
  char session[65];
  bool logging_in;
  struct papers_sent papers;
};

struct desk {
  struct world *w;
  struct rng rng;
  uint32_t n;
  struct clerk clerks[operators_max_sim];
  struct buf plan, compiled; /* of a plan change under way */
  struct journey journey;
  struct rng cases;  /* of the caseworkers */
  struct rng papers; /* of what is sent with what they ask */
  uint32_t n_papers; /* sent so far */
};

static usec seconds(struct rng *r, int64_t from, int64_t to) {
  return rng_between(r, from * 1000, to * 1000) * USEC_PER_MS;
}

void desk_roles(uint64_t seed, uint32_t *roles, uint32_t n) {
  static const uint8_t first[] = {ROLE_ADMIN, ROLE_SHIFT, ROLE_RECORDS,
                                  ROLE_GATE,  ROLE_DESK,  ROLE_LEGAL};
  struct rng r = rng_from(seed, "roles");
  for (uint32_t i = 0; i < n; i++)
    roles[i] = i < sizeof first ? first[i] : rng_below(&r, ROLE_COUNT);
}

/* --- Who asks --- */

static bool ready(const struct clerk *k) {
  return k->session[0] && link_is_up(k->asks.link);
}

/* One who may, most of the time. */
static struct clerk *asker(struct desk *d, enum command_type type) {
  bool anyone = rng_chance(&d->rng, 1, 25);
  uint32_t start = rng_below(&d->rng, d->n);
  for (uint32_t i = 0; i < d->n; i++) {
    struct clerk *k = &d->clerks[(start + i) % d->n];
    if (ready(k) && (anyone || command_permissions[type].roles & 1u << k->role))
      return k;
  }
  return NULL;
}

static const struct clerk *second(struct desk *d, enum command_type type,
                                  const struct clerk *first) {
  bool anyone = rng_chance(&d->rng, 1, 25);
  uint32_t start = rng_below(&d->rng, d->n);
  if (!command_permissions[type].second_roles || rng_chance(&d->rng, 1, 25))
    return NULL;
  for (uint32_t i = 0; i < d->n; i++) {
    const struct clerk *k = &d->clerks[(start + i) % d->n];
    if (k->session[0] && (anyone || (k != first && k->role != first->role &&
                                     command_permissions[type].second_roles & 1u << k->role)))
      return k;
  }
  return NULL;
}

/* What goes before the command, and is named by it. */
static uint32_t send_paper(struct desk *d, struct clerk *k, struct span paper) {
  uint32_t number = ++d->n_papers;
  papers_send(&k->papers, number);
  trace(d->w, "%s: sends a paper of %zu bytes", k->name, paper.n);
  asks_send(&k->asks, FRAME_BLOB, paper, ASK_PAPER, number);
  return number;
}

/* more: members after the command, or "". */
static bool ask_with(struct desk *d, const struct command *c, const char *more, struct span paper,
                     enum what what, uint32_t arg) {
  struct buf text = {0};
  if (d->w->may_ask && !d->w->may_ask(d->w->may_ask_ctx, c))
    return false;
  struct clerk *k = asker(d, c->type);
  if (!k)
    return false;
  const struct clerk *other = second(d, c->type, k);
  buf_puts(&text, "{\"command\":");
  command_text(&text, watch_core(d->w->watch), c);
  buf_printf(&text, "%s,\"session\":\"%s\"", more, k->session);
  if (other)
    buf_printf(&text, ",\"second\":\"%s\"", other->session);
  buf_puts(&text, "}");
  if (paper.n)
    arg = send_paper(d, k, paper);
  trace(d->w, "%s: asks %s", k->name, command_records[c->type].type);
  bool sent = asks_send(&k->asks, FRAME_REQUEST, buf_span(&text), what, arg) != 0;
  buf_free(&text);
  return sent;
}

static bool ask(struct desk *d, const struct command *c, const char *more, enum what what,
                uint32_t arg) {
  return ask_with(d, c, more, (struct span){0}, what, arg);
}

/* What goes with it besides is made up: the register of a booking, a paper, a photo. */
static bool ask_more(struct desk *d, const struct command *asked) {
  struct command c = *asked;
  struct buf more = {0}, paper = {0};
  register_text(&more, &c);
  paper_text(&d->papers, &c, &paper, &more);
  const char *text = buf_cstr(&more);
  bool sent =
      ask_with(d, &c, text ? text : "", buf_span(&paper), paper.n ? ASK_WITH_PAPER : ASK_OTHER, 0);
  buf_free(&more);
  buf_free(&paper);
  return sent;
}

/* --- Registering --- */

static usec some_from(struct desk *d) {
  return rng_chance(&d->rng, 1, 5)
             ? (world_wall(d->w) + seconds(&d->rng, -3000, 600)) / USEC_PER_S * USEC_PER_S
             : TIME_ABSENT;
}
static usec some_until(struct desk *d) {
  return rng_chance(&d->rng, 1, 5)
             ? (world_wall(d->w) + seconds(&d->rng, 60, 9000)) / USEC_PER_S * USEC_PER_S
             : TIME_ABSENT;
}

static bool ask_step(struct desk *d, struct human *h) {
  const struct plan *plan = watch_plan(d->w->watch);
  struct command c = {0};
  char more[200] = "";
  switch ((enum registering)h->steps) {
  case REGISTER_ADD:
    c.type = COMMAND_PERSON_ADD;
    c.u.person_add = (struct cmd_person_add){{{0}}, h->kind, some_from(d), some_until(d)};
    if (rng_chance(&d->rng, 1, 2))
      snprintf(more, sizeof more, ",\"details\":{\"name\":\"Human %u\"}", h->at);
    break;
  case REGISTER_LEVEL:
    if (!plan->n_levels)
      return false;
    c.type = COMMAND_LEVEL_GRANT;
    c.u.level_grant = (struct cmd_level_grant){h->person, rng_below(&d->rng, plan->n_levels),
                                               some_from(d), some_until(d)};
    break;
  case REGISTER_CARD:
    if (!plan->n_formats)
      return false;
    people_new_card(d->w->people, h);
    c.type = COMMAND_CREDENTIAL_ISSUE;
    c.u.credential_issue.person = h->person;
    c.u.credential_issue.from = some_from(d);
    c.u.credential_issue.until = some_until(d);
    c.u.credential_issue.once =
        c.u.credential_issue.until != TIME_ABSENT && rng_chance(&d->rng, 1, 2);
    if (!plan_find(plan, REF_FORMAT, span_str(h->card.format), &c.u.credential_issue.format))
      return false;
    snprintf(more, sizeof more, ",\"secret\":{\"card\":{\"format\":\"%s\",\"value\":\"%s\"}}",
             h->card.format, h->card.digits);
    break;
  case REGISTER_PIN:
    c.type = COMMAND_PIN_SET;
    c.u.pin_set.person = h->person;
    snprintf(more, sizeof more, ",\"secret\":{\"duress\":\"%s\",\"pin\":\"%s\"}", h->duress,
             h->pin);
    break;
  case REGISTERED:
    return false;
  }
  return ask(d, &c, more, ASK_STEP, h->at);
}

static bool register_one(struct desk *d) {
  uint32_t n = people_count(d->w->people);
  uint32_t start = rng_below(&d->rng, n);
  for (uint32_t i = 0; i < n; i++) {
    struct human *h = people_at(d->w->people, (start + i) % n);
    if (h->steps < REGISTERED && !h->asked && ask_step(d, h)) {
      h->asked = true;
      return true;
    }
  }
  return false;
}

static void step_answered(struct desk *d, struct human *h, const char *text) {
  char decision[16];
  h->asked = false;
  reply_string(text, "decision", decision, sizeof decision);
  if (strcmp(decision, "done") != 0)
    return; /* tried again */
  uint64_t n;
  if (h->steps == REGISTER_ADD)
    h->person = reply_entry(span_str(text), &n) ? watch_person_added(d->w->watch, n) : REF_ABSENT;
  if (h->steps == REGISTER_CARD)
    h->has_card = true;
  h->steps++;
  if (h->steps == REGISTER_CARD && rng_chance(&d->rng, 2, 3))
    h->steps = REGISTER_LEVEL; /* another level */
}

/* --- Everything else that operators do --- */

static uint32_t any_person(struct desk *d) {
  return rng_below(&d->rng, watch_core(d->w->watch)->head.n_persons);
}
static uint32_t any_credential(struct desk *d) {
  return rng_below(&d->rng, watch_core(d->w->watch)->head.n_credentials);
}
static uint32_t any_area(struct desk *d) {
  return rng_below(&d->rng, watch_plan(d->w->watch)->n_areas);
}

/* X(weight, COMMAND, needs, what it is about) */
enum needs { NEEDS_NOTHING, NEEDS_PERSONS = 1, NEEDS_CREDENTIALS = 2, NEEDS_ALARMS = 4 };
static const struct {
  enum command_type type;
  uint32_t weight;
  unsigned needs;
} chores[] = {
    {COMMAND_PERSON_SUSPEND, 6, NEEDS_PERSONS},
    {COMMAND_PERSON_REINSTATE, 40, NEEDS_PERSONS},
    {COMMAND_PERSON_DEPART, 2, NEEDS_PERSONS},
    {COMMAND_PERSON_MERGE, 2, NEEDS_PERSONS},
    {COMMAND_PERSON_UNMERGE, 8, NEEDS_PERSONS},
    {COMMAND_PERSON_LOCATE, 100, NEEDS_PERSONS},
    {COMMAND_VISIT_OPEN, 60, NEEDS_PERSONS},
    {COMMAND_VISIT_CLOSE, 10, NEEDS_PERSONS},
    {COMMAND_CREDENTIAL_ISSUE, 30, NEEDS_PERSONS},
    {COMMAND_CREDENTIAL_SUSPEND, 5, NEEDS_CREDENTIALS},
    {COMMAND_CREDENTIAL_REINSTATE, 25, NEEDS_CREDENTIALS},
    {COMMAND_CREDENTIAL_LOST, 4, NEEDS_CREDENTIALS},
    {COMMAND_CREDENTIAL_REVOKE, 4, NEEDS_CREDENTIALS},
    {COMMAND_CREDENTIAL_COMPROMISE, 2, NEEDS_CREDENTIALS},
    {COMMAND_PIN_SET, 8, NEEDS_PERSONS},
    {COMMAND_LEVEL_GRANT, 50, NEEDS_PERSONS},
    {COMMAND_LEVEL_REVOKE, 8, NEEDS_PERSONS},
    {COMMAND_SEPARATION_ADD, 6, NEEDS_PERSONS},
    {COMMAND_SEPARATION_LIFT, 12, NEEDS_PERSONS},
    {COMMAND_LOCKDOWN_START, 4, NEEDS_NOTHING},
    {COMMAND_LOCKDOWN_RELEASE, 30, NEEDS_NOTHING},
    {COMMAND_THREAT_RAISE, 8, NEEDS_NOTHING},
    {COMMAND_THREAT_LOWER, 20, NEEDS_NOTHING},
    {COMMAND_GATE_CLOSE, 8, NEEDS_NOTHING},
    {COMMAND_GATE_OPEN, 25, NEEDS_NOTHING},
    {COMMAND_READER_REKEY, 60, NEEDS_NOTHING},
    {COMMAND_ALARM_ACKNOWLEDGE, 50, NEEDS_ALARMS},
    {COMMAND_PERSON_PHOTO, 6, NEEDS_PERSONS},
    {COMMAND_DETAILS_READ, 8, NEEDS_PERSONS},
    {COMMAND_DETAILS_ERASE, 4, NEEDS_PERSONS},
    {COMMAND_OPERATOR_ADD, 2, NEEDS_NOTHING},
    {COMMAND_OPERATOR_DISABLE, 1, NEEDS_NOTHING},
    {COMMAND_OPERATOR_COMPROMISE, 1, NEEDS_NOTHING},
    {COMMAND_PLAN_APPLY, 6, NEEDS_NOTHING},
};
enum { n_chores = sizeof chores / sizeof chores[0] };

/* Of whoever stands somewhere else than the journal says, where they are; else of anybody. */
static void locate(struct desk *d, struct cmd_person_locate *l) {
  const struct core *core = watch_core(d->w->watch);
  *l = (struct cmd_person_locate){any_person(d), any_area(d)};
  for (uint32_t i = 0; i < people_count(d->w->people); i++) {
    const struct human *h = people_at(d->w->people, i);
    if (h->person != REF_ABSENT && core->persons[h->person].area != h->area) {
      *l = (struct cmd_person_locate){h->person, h->area};
      return;
    }
  }
}

static bool do_plan(struct desk *d) {
  struct clerk *k = asker(d, COMMAND_PLAN_APPLY);
  struct plan *plan = NULL;
  struct plan_faults faults = {0};
  struct fault why = {0};
  if (!k)
    return false;
  buf_reset(&d->plan);
  buf_reset(&d->compiled);
  plans_next(d->w, &d->rng, &d->plan);
  if (plan_read(buf_span(&d->plan), &plan, &faults) == SP_OK &&
      plan_blob_encode(plan, &d->compiled, &why) == SP_OK) {
    trace(d->w, "%s: sends a plan", k->name);
    asks_send(&k->asks, FRAME_BLOB, buf_span(&d->compiled), ASK_BLOB, 0);
    asks_send(&k->asks, FRAME_BLOB, buf_span(&d->plan), ASK_BLOB, 1);
    struct command c = {.type = COMMAND_PLAN_APPLY};
    c.u.plan_apply.compiled = sha256_of(buf_span(&d->compiled));
    c.u.plan_apply.source = sha256_of(buf_span(&d->plan));
    struct buf text = {0};
    const struct clerk *other = second(d, COMMAND_PLAN_APPLY, k);
    buf_puts(&text, "{\"command\":");
    command_text(&text, watch_core(d->w->watch), &c);
    buf_printf(&text, ",\"session\":\"%s\"", k->session);
    if (other)
      buf_printf(&text, ",\"second\":\"%s\"", other->session);
    buf_puts(&text, "}");
    asks_send(&k->asks, FRAME_REQUEST, buf_span(&text), ASK_PLAN, 0);
    buf_free(&text);
  }
  plan_free(plan);
  plan_faults_free(&faults);
  return true;
}

/* Mostly: the clock of whoever says it may be ahead of the engine's. */
static usec some_hours_ago(struct desk *d) {
  return core_last_at(watch_core(d->w->watch)) - rng_between(&d->rng, -60, 20 * 3600) * USEC_PER_S;
}

/* One of these kinds, if tries find one. */
static uint32_t somebody(struct desk *d, unsigned kinds) {
  uint32_t person = any_person(d);
  for (int tries = 0; tries < 12; tries++) {
    if (kinds >> watch_core(d->w->watch)->persons[person].kind & 1)
      break;
    person = any_person(d);
  }
  return person;
}

static void expect_visitor(struct desk *d, struct cmd_visit_open *v) {
  *v = (struct cmd_visit_open){.person = somebody(d, 1u << PERSON_VISITOR | 1u << PERSON_COUNSEL),
                               .host = somebody(d, 1u << PERSON_STAFF | 1u << PERSON_OFFICER),
                               .about = REF_ABSENT,
                               .area = REF_ABSENT,
                               .from = some_from(d),
                               .until = (world_wall(d->w) + seconds(&d->rng, 60, 9000)) /
                                        USEC_PER_S * USEC_PER_S};
}

static bool fill(struct desk *d, struct command *c, char *more, size_t size) {
  const struct core *core = watch_core(d->w->watch);
  const struct plan *plan = watch_plan(d->w->watch);
  struct rng *r = &d->rng;
  switch ((int)c->type) {
  case COMMAND_PERSON_SUSPEND:
  case COMMAND_PERSON_REINSTATE:
  case COMMAND_PERSON_DEPART:
  case COMMAND_PERSON_UNMERGE:
    c->u.person_ref.person = any_person(d);
    return true;
  case COMMAND_PERSON_PHOTO:
    c->u.person_photo.person = any_person(d);
    return true;
  case COMMAND_PERSON_MERGE:
    c->u.person_merge = (struct cmd_person_merge){any_person(d), any_person(d)};
    return true;
  case COMMAND_PERSON_LOCATE:
    locate(d, &c->u.person_locate);
    return true;
  case COMMAND_VISIT_OPEN:
    expect_visitor(d, &c->u.visit_open);
    return true;
  case COMMAND_VISIT_CLOSE:
    c->u.visit_ref.visit = rng_below(r, core->head.n_visits ? core->head.n_visits : 1);
    return core->head.n_visits > 0;
  case COMMAND_CREDENTIAL_SUSPEND:
  case COMMAND_CREDENTIAL_REINSTATE:
  case COMMAND_CREDENTIAL_LOST:
  case COMMAND_CREDENTIAL_REVOKE:
    c->u.credential_ref.credential = any_credential(d);
    return true;
  case COMMAND_CREDENTIAL_COMPROMISE:
    c->u.credential_compromise =
        (struct cmd_credential_compromise){any_credential(d), some_hours_ago(d)};
    return true;
  case COMMAND_PIN_SET:
    c->u.pin_set.person = any_person(d);
    if (rng_chance(r, 2, 3))
      snprintf(more, size, ",\"secret\":{\"pin\":\"%04u\"}", rng_below(r, 10000));
    return true;
  case COMMAND_LEVEL_GRANT:
    if (!plan->n_levels)
      return false;
    c->u.level_grant = (struct cmd_level_grant){any_person(d), rng_below(r, plan->n_levels),
                                                some_from(d), some_until(d)};
    return true;
  case COMMAND_LEVEL_REVOKE:
    if (!plan->n_levels)
      return false;
    c->u.level_revoke = (struct cmd_level_revoke){any_person(d), rng_below(r, plan->n_levels)};
    return true;
  case COMMAND_SEPARATION_ADD:
  case COMMAND_SEPARATION_LIFT:
    c->u.separation = (struct cmd_separation){any_person(d), any_person(d)};
    return true;
  case COMMAND_LOCKDOWN_START:
  case COMMAND_LOCKDOWN_RELEASE:
    c->u.area_ref.area = any_area(d);
    return true;
  case COMMAND_THREAT_RAISE:
  case COMMAND_THREAT_LOWER:
    if (!plan->n_threats)
      return false;
    c->u.threat_ref.threat = rng_below(r, plan->n_threats);
    return true;
  case COMMAND_GATE_CLOSE:
  case COMMAND_GATE_OPEN:
    if (!plan->n_gates)
      return false;
    c->u.gate_ref.gate = rng_below(r, plan->n_gates);
    return true;
  case COMMAND_READER_REKEY:
    if (!plan->n_readers)
      return false;
    c->u.reader_ref.reader = rng_below(r, plan->n_readers);
    return true;
  case COMMAND_ALARM_ACKNOWLEDGE:
    c->u.alarm_acknowledge.alarm = core->alarms[rng_below(r, core->head.n_alarms)].n;
    return true;
  case COMMAND_DETAILS_READ:
    c->u.details_read = (struct cmd_details_read){rng_chance(r, 1, 4) ? REF_ABSENT : any_person(d),
                                                  REF_ABSENT, REF_ABSENT};
    return true;
  case COMMAND_DETAILS_ERASE:
    c->u.details_erase = (struct cmd_details_erase){any_person(d), rng_below(r, 3)};
    return true;
  case COMMAND_OPERATOR_ADD:
    c->u.operator_add.role = rng_below(r, ROLE_COUNT);
    snprintf(more, size, ",\"details\":{\"name\":\"new%u\"},\"secret\":{\"password\":\"%s\"}",
             core->head.n_operators, sim_password);
    return true;
  case COMMAND_OPERATOR_DISABLE: /* of those that came later: some must stay to do the work */
    if (core->head.n_operators <= d->n)
      return false;
    c->u.operator_ref.operator_index = d->n + rng_below(r, core->head.n_operators - d->n);
    return true;
  case COMMAND_OPERATOR_COMPROMISE:
    if (core->head.n_operators <= d->n)
      return false;
    c->u.operator_compromise = (struct cmd_operator_compromise){
        d->n + rng_below(r, core->head.n_operators - d->n), some_hours_ago(d)};
    return true;
  }
  return false;
}

/* Somebody lost the card, or it was taken from them: a new one. */
static bool new_card(struct desk *d) {
  for (uint32_t i = 0; i < people_count(d->w->people); i++) {
    struct human *h = people_at(d->w->people, i);
    if (h->steps == REGISTERED && !h->has_card && !h->asked) {
      h->steps = REGISTER_CARD;
      return true;
    }
  }
  return false;
}

/* About detainees: what comes next for one of them, or anything. */
static bool do_custody(struct desk *d) {
  const struct random_custody r = {&d->rng, watch_core(d->w->watch), world_wall(d->w)};
  const uint32_t kinds = COMMAND_RECALL_ANSWER - COMMAND_AUTHORITY_ADD + 1;
  struct command c = {0};
  if (rng_chance(&d->rng, 2, 3) && random_case(&r, &c))
    return ask_more(d, &c);
  c.type = (enum command_type)(COMMAND_AUTHORITY_ADD + rng_below(&d->rng, kinds));
  return random_custody(&r, &c) && ask_more(d, &c);
}

/* A detainee who is registered. */
static uint32_t some_subject(struct desk *d) {
  uint32_t n = people_count(d->w->people), start = rng_below(&d->cases, n);
  for (uint32_t i = 0; i < n; i++) {
    const struct human *h = people_at(d->w->people, (start + i) % n);
    if (h->kind == PERSON_DETAINEE && h->person != REF_ABSENT)
      return h->person;
  }
  return REF_ABSENT;
}

static void bring(struct desk *d, uint32_t person) {
  for (uint32_t i = 0; i < people_count(d->w->people); i++)
    if (people_at(d->w->people, i)->person == person)
      people_bring(d->w->people, people_at(d->w->people, i));
}

/* Beside all that, in most worlds somebody walks whole journeys with one detainee after the other.
 */
static void on_case(void *ctx, uint64_t unused) {
  struct desk *d = ctx;
  const struct random_custody r = {&d->cases, watch_core(d->w->watch), world_wall(d->w)};
  struct command c = {0};
  (void)unused;
  if (watch_plan(d->w->watch)) {
    const struct member *m =
        d->journey.person == REF_ABSENT ? NULL : active_member(r.core, d->journey.person);
    if ((m && m->state == MEMBER_ARRIVED && rng_chance(&d->cases, 1, 4)) ||
        rng_chance(&d->cases, 1, 200))
      journey_begin(&d->journey, &d->cases);
    if (d->journey.person == REF_ABSENT)
      d->journey.person = some_subject(d);
    if (journey_next(&d->journey, &r, &c))
      ask_more(d, &c);
    else if (d->journey.bring)
      bring(d, d->journey.person);
  }
  queue_put(&d->w->queue, world_now(d->w) + seconds(&d->cases, 1, 3), on_case, d, 0);
}

static bool do_chore(struct desk *d) {
  const struct core *core = watch_core(d->w->watch);
  if (rng_chance(&d->rng, 1, 2))
    return do_custody(d);
  uint32_t total = 0, at = 0;
  for (uint32_t i = 0; i < n_chores; i++)
    total += chores[i].weight;
  for (uint32_t left = rng_below(&d->rng, total); left >= chores[at].weight; at++)
    left -= chores[at].weight;
  unsigned needs = chores[at].needs;
  if ((needs & NEEDS_PERSONS && !core->head.n_persons) ||
      (needs & NEEDS_CREDENTIALS && !core->head.n_credentials) ||
      (needs & NEEDS_ALARMS && !core->head.n_alarms))
    return false;
  struct command c = {.type = chores[at].type};
  char more[200] = "";
  if (c.type == COMMAND_PLAN_APPLY)
    return !d->w->may_ask && do_plan(d);
  if (c.type == COMMAND_CREDENTIAL_ISSUE)
    return new_card(d);
  if (c.type == COMMAND_PERSON_PHOTO)
    return fill(d, &c, more, sizeof more) && ask_more(d, &c);
  return fill(d, &c, more, sizeof more) && ask(d, &c, more, ASK_OTHER, 0);
}

/* --- The clerks' day --- */

static void log_in(struct clerk *k) {
  char text[120];
  snprintf(text, sizeof text, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}", k->name,
           rng_chance(&k->desk->rng, 1, 30) ? "not the one" : sim_password);
  k->logging_in = asks_send(&k->asks, FRAME_REQUEST, span_str(text), ASK_LOGIN, 0) != 0;
}

/* More at once than may wait: answers to these cost nothing, but nobody may be lost for them. */
static void burst(struct desk *d, struct clerk *k) {
  static const char text[] = "{\"command\":{\"type\":\"alarm.acknowledge\",\"alarm\":0}}";
  trace(d->w, "%s: a burst", k->name);
  for (int i = 0; i < 2200; i++)
    asks_send(&k->asks, FRAME_REQUEST, span_str(text), ASK_OTHER, 0);
}

static void on_wake(void *ctx, uint64_t at) {
  struct desk *d = ctx;
  struct clerk *k = &d->clerks[at];
  struct rng *r = &d->rng;
  usec wait = seconds(r, 2, 60);
  if (link_is_up(k->asks.link) && watch_plan(d->w->watch)) {
    if (!k->session[0]) {
      if (!k->logging_in)
        log_in(k);
      wait = seconds(r, 1, 3);
    } else if (rng_chance(r, 3, 4) && register_one(d)) {
      wait = seconds(r, 0, 2);
    } else if (!d->w->calm && world_strikes(d->w, r, FAULT_BURST, 1, 400)) {
      burst(d, k);
    } else {
      do_chore(d);
    }
  }
  queue_put(&d->w->queue, world_now(d->w) + wait, on_wake, d, at);
}

static void on_up(void *ctx) {
  struct clerk *k = ctx;
  (void)k;
}

static void on_down(void *ctx) {
  struct clerk *k = ctx;
  for (uint32_t i = 0; i < k->asks.n; i++)
    if (k->asks.at[i].what == ASK_STEP)
      people_at(k->desk->w->people, k->asks.at[i].arg)->asked = false;
  asks_lost(&k->asks);
  k->logging_in = false; /* the session outlives the connection, if the engine does */
}

static void on_frame(void *ctx, const struct frame *f, const char *text) {
  struct clerk *k = ctx;
  struct desk *d = k->desk;
  struct ask asked;
  char error[24];
  if (f->kind != FRAME_REPLY || !asks_reply(&k->asks, f->id, &asked)) {
    watch_complain(d->w->watch, "%s was answered what was not asked: %s", k->name, text);
    return;
  }
  reply_string(text, "error", error, sizeof error);
  if (strcmp(error, "denied") == 0)
    k->session[0] = 0;
  if (asked.what == ASK_LOGIN) {
    k->logging_in = false;
    reply_string(text, "session", k->session, sizeof k->session);
  } else if (asked.what == ASK_STEP) {
    step_answered(d, people_at(d->w->people, asked.arg), text);
  } else if (asked.what == ASK_PAPER) {
    papers_uploaded(&k->papers, asked.arg, text);
  } else if (asked.what == ASK_WITH_PAPER && !papers_named(&k->papers, asked.arg, text)) {
    watch_complain(d->w->watch, "the paper that %s sent was not kept: %s", k->name, text);
  }
}

struct desk *desk_new(struct world *w, uint32_t n_operators) {
  struct desk *d = sp_alloc(1, sizeof *d);
  uint32_t roles[operators_max_sim];
  SP_ASSERT(d && n_operators <= operators_max_sim);
  d->w = w;
  d->rng = rng_from(w->settings.seed, "desk");
  d->n = n_operators;
  desk_roles(w->settings.seed, roles, n_operators);
  d->cases = rng_from(w->settings.seed, "cases");
  d->papers = rng_from(w->settings.seed, "papers");
  journey_begin(&d->journey, &d->cases);
  if (rng_chance(&d->cases, 7, 8))
    queue_put(&w->queue, seconds(&d->cases, 5, 20), on_case, d, 0);
  for (uint32_t i = 0; i < d->n; i++) {
    struct clerk *k = &d->clerks[i];
    *k = (struct clerk){.desk = d, .at = i, .role = roles[i]};
    snprintf(k->name, sizeof k->name, "op%u", i);
    const struct link_ops ops = {k, on_up, on_down, on_frame};
    asks_init(&k->asks, w, host_link(w->host, k->name, &ops));
    queue_put(&w->queue, seconds(&d->rng, 1, 5), on_wake, d, i);
  }
  return d;
}

void desk_free(struct desk *d) {
  for (uint32_t i = 0; d && i < d->n; i++)
    asks_free(&d->clerks[i].asks);
  if (d) {
    buf_free(&d->plan);
    buf_free(&d->compiled);
  }
  sp_free(d);
}

usec desk_longest(const struct desk *d) {
  usec longest = 0;
  for (uint32_t i = 0; i < d->n; i++)
    if (d->clerks[i].asks.longest > longest)
      longest = d->clerks[i].asks.longest;
  return longest;
}
