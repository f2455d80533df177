#include "sim/scenario_day.h"

#include "core/state.h"
#include "engine/fold.h"
#include "engine/json.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "sim/ask.h"
#include "sim/command_text.h"
#include "sim/desk.h"
#include "sim/doors.h"
#include "sim/people.h"
#include "sim/register_text.h"
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { day_operators_max = 32, own_max = 512, tries_max = 40 };
enum what { ASK_LOGIN, ASK_COMMAND };
#define PATIENCE   (90 * USEC_PER_S) /* for whatever the world may keep from us */
#define REAL_WAIT  (10 * USEC_PER_S) /* what is shorter is waited for; else the clock is stepped */
#define SHOW_AGAIN (6 * USEC_PER_S)  /* a card that nothing came of */

/* Faults that do not make a scenario's own words meaningless. */
enum {
  day_faults = 1u << FAULT_KILL | 1u << FAULT_POWER | 1u << FAULT_MISDIRECT | 1u << FAULT_SLOW |
               1u << FAULT_DELAY | 1u << FAULT_CUT | 1u << FAULT_DEAF | 1u << FAULT_DUPLICATE |
               1u << FAULT_LATE | 1u << FAULT_OLD_SNAPSHOT
};

/* A command as the journal has it. */
struct logged {
  struct command c;
  struct event *events;
  uint32_t n;
};

struct own {
  enum ref_kind kind;
  char name[ref_name_max + 1]; /* as the journal names it */
};

struct day {
  struct world *w;
  struct result *r;
  struct play *p;
  jmp_buf failed;

  struct logged *log;
  size_t n_log, cap_log, mark; /* mark: behind what the last line asked */
  struct own own[own_max];
  uint32_t n_own;

  struct asks asks;
  struct {
    char name[32], session[65];
  } operators[day_operators_max]; /* by index in the core */
  uint32_t first_own;             /* operator: those before are random clerks */
  uint64_t waits_for;             /* a request; 0: none */
  enum what what;
  uint32_t login_of;
  char *reply; /* to it; NULL: none came yet */

  struct {
    char name[32];
    struct human *human;
  } cards[actors_max];
  uint32_t n_cards;
  bool instant;                    /* the world is quiet for it */
  usec said;                       /* by the last line that told the time */
  usec waited;                     /* for answers and doors, in all: nothing can be later */
  struct human *last;              /* who held a card to a reader */
  uint32_t last_reader, left_open; /* door */
  int kill_at;                     /* line; 0: it was */
};

static struct day *day_of(struct play *p) {
  return p->at;
}

/* --- What is the scenario's --- */

static bool is_own(const struct day *d, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(watch_core(d->w->watch));
  char name[ref_name_max + 1] = {0};
  if (index == REF_ABSENT)
    return false;
  namer.name(namer.ctx, kind, index, name);
  for (uint32_t i = 0; i < d->n_own; i++)
    if (d->own[i].kind == kind && strcmp(d->own[i].name, name) == 0)
      return true;
  return false;
}

static bool may_be_own(enum ref_kind kind) {
  switch ((int)kind) {
  case REF_PERSON:
  case REF_CREDENTIAL:
  case REF_ORDER:
  case REF_BOOKING:
  case REF_MOVEMENT:
  case REF_HEARING:
  case REF_BASIS:
  case REF_CLASS:
    return true;
  default:
    return false;
  }
}

static bool names_own(const struct day *d, const struct record *r, const void *value) {
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    struct ref on = {f->ref, REF_ABSENT};
    if (f->kind == FIELD_REF)
      memcpy(&on.index, (const uint8_t *)value + f->offset, sizeof on.index);
    else if (f->kind == FIELD_REF_ANY)
      memcpy(&on, (const uint8_t *)value + f->offset, sizeof on);
    if (may_be_own((enum ref_kind)on.kind) && is_own(d, (enum ref_kind)on.kind, on.index))
      return true;
  }
  return false;
}

static bool by_us(const struct day *d, const struct command *c) {
  return c->by.kind == ACTOR_OPERATOR && c->by.index >= d->first_own;
}

/* What a command of ours made, by its id or its name. */
static void keep_own(struct day *d, const struct event *e) {
  const struct record *r = &event_records[e->type];
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    int kind = 0;
    while (kind < REF_KIND_COUNT && strcmp(ref_kind_names[kind], f->name) != 0)
      kind++;
    if ((f->kind != FIELD_ID && f->kind != FIELD_SLUG) || kind == REF_KIND_COUNT ||
        !may_be_own((enum ref_kind)kind))
      continue;
    SP_ASSERT(d->n_own < own_max);
    struct own *o = &d->own[d->n_own++];
    *o = (struct own){.kind = (enum ref_kind)kind};
    const uint8_t *at = (const uint8_t *)&e->u + f->offset;
    if (f->kind == FIELD_ID)
      hex_encode(o->name, at, sizeof(struct id));
    else
      memcpy(o->name, at, sizeof(struct slug));
  }
}

/* Random clerks do their work, and none that decides about everybody. */
static bool may_ask(void *ctx, const struct command *c) {
  static const uint16_t theirs[] = {
      COMMAND_PERSON_ADD,       COMMAND_PERSON_SUSPEND,     COMMAND_PERSON_REINSTATE,
      COMMAND_PERSON_LOCATE,    COMMAND_CREDENTIAL_ISSUE,   COMMAND_CREDENTIAL_SUSPEND,
      COMMAND_CREDENTIAL_LOST,  COMMAND_CREDENTIAL_REVOKE,  COMMAND_CREDENTIAL_REINSTATE,
      COMMAND_PIN_SET,          COMMAND_LEVEL_GRANT,        COMMAND_LEVEL_REVOKE,
      COMMAND_AUTHORITY_ADD,    COMMAND_PLACE_ADD,          COMMAND_BASIS_ADD,
      COMMAND_ORDER_RECORD,     COMMAND_ORDER_AUTHENTICATE, COMMAND_ORDER_WRITE,
      COMMAND_ORDER_RECALL,     COMMAND_BOOKING_OPEN,       COMMAND_MARK_SET,
      COMMAND_MARK_CLEAR,       COMMAND_MOVEMENT_PROPOSE,   COMMAND_MOVEMENT_AUTHORISE,
      COMMAND_MOVEMENT_CANCEL,  COMMAND_MANIFEST_ADD,       COMMAND_MANIFEST_CITE,
      COMMAND_MANIFEST_PROMOTE, COMMAND_MANIFEST_REMOVE,    COMMAND_IDENTITY_CONFIRM,
      COMMAND_MOVEMENT_BOARD,   COMMAND_MOVEMENT_DISEMBARK, COMMAND_MOVEMENT_DEPART,
      COMMAND_MOVEMENT_DIVERT,  COMMAND_MOVEMENT_ARRIVE,    COMMAND_MOVEMENT_HANDOVER,
      COMMAND_RECALL_ANSWER,    COMMAND_HEARING_SET,        COMMAND_HEARING_CLOSE,
      COMMAND_DETAILS_READ};
  const struct day *d = ctx;
  const struct record *r = &command_records[c->type];
  bool found = false;
  for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
    found = found || theirs[i] == c->type;
  if (c->type == COMMAND_ORDER_RECORD && c->u.order_record.person == REF_ABSENT)
    return false; /* of a basis or a class: of anybody */
  return found && !names_own(d, r, &c->u);
}

/* --- The journal, as it grows --- */

static void on_command(void *ctx, const struct command *c, const struct event *events, uint32_t n) {
  struct day *d = ctx;
  if (d->n_log == d->cap_log) {
    d->cap_log = d->cap_log ? 2 * d->cap_log : 256;
    d->log = sp_realloc(d->log, d->cap_log * sizeof *d->log);
    SP_ASSERT(d->log);
  }
  struct logged *l = &d->log[d->n_log++];
  *l = (struct logged){.c = *c, .n = n, .events = sp_alloc(n, sizeof *l->events)};
  SP_ASSERT(l->events);
  memcpy(l->events, events, n * sizeof *events);
  for (uint32_t i = 0; i < n && by_us(d, c); i++)
    keep_own(d, &events[i]);
}

/* The world goes on. Complaints of oracles end the play. */
static void go_on(struct day *d, usec span) {
  if (!world_run(d->w, world_now(d->w) + span))
    longjmp(d->failed, 1);
}

static void become(struct play *p, enum verdict verdict, const struct logged *l) {
  p->out.verdict = verdict;
  p->out.n_events = l->n;
  memcpy(p->out.events, l->events, l->n * sizeof l->events[0]);
}

/* Of an entry that says why: a refusal of any kind tells the reasons in its own field. */
static bool read_refusal(struct play *p, const struct event *e) {
  const struct record *r = &event_records[e->type];
  if (!strstr(r->type, "refused"))
    return false;
  for (size_t i = 0; i < r->n_fields; i++)
    if (r->fields[i].kind == FIELD_REASONS)
      memcpy(&p->out.reasons, (const uint8_t *)&e->u + r->fields[i].offset, sizeof p->out.reasons);
  return true;
}

static void read_logged(struct play *p, const struct logged *l) {
  p->out.reasons.n = 0;
  bool refused = read_refusal(p, &l->events[0]);
  become(p, refused ? VERDICT_REFUSED : VERDICT_DONE, l);
  day_of(p)->mark = (size_t)(l - day_of(p)->log) + 1;
}

/* --- The scripted clerk --- */

static void on_up(void *ctx) {
  (void)ctx;
}

static void on_down(void *ctx) {
  struct day *d = ctx;
  asks_lost(&d->asks);
  d->waits_for = 0;
}

static void on_frame(void *ctx, const struct frame *f, const char *text) {
  struct day *d = ctx;
  struct ask asked;
  if (f->kind != FRAME_REPLY || !asks_reply(&d->asks, f->id, &asked))
    watch_complain(d->w->watch, "the scenario's clerk was answered what was not asked: %s", text);
  else if (f->id == d->waits_for) {
    free(d->reply);
    d->reply = strdup(text);
    d->waits_for = 0;
  }
}

/* Sends, and waits; NULL: the connection went away, or nobody answers. */
static const char *exchange(struct day *d, enum frame_kind kind, struct span text, enum what what) {
  usec until = world_now(d->w) + PATIENCE;
  free(d->reply);
  d->reply = NULL;
  while (!link_is_up(d->asks.link) || !host_is_up(d->w->host)) {
    if (world_now(d->w) > until)
      FAIL(d->p, "the engine cannot be reached");
    go_on(d, 50 * USEC_PER_MS);
  }
  d->waits_for = asks_send(&d->asks, kind, text, what, 0);
  while (d->waits_for && world_now(d->w) < until)
    go_on(d, USEC_PER_MS);
  d->waits_for = 0;
  return d->reply;
}

static void log_in(struct day *d, uint32_t operator_index) {
  char text[160], *session = d->operators[operator_index].session;
  snprintf(text, sizeof text, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}",
           d->operators[operator_index].name, sim_password);
  for (int i = 0; i < tries_max && !session[0]; i++) {
    const char *reply = exchange(d, FRAME_REQUEST, span_str(text), ASK_LOGIN);
    if (reply)
      reply_string(reply, "session", session, sizeof d->operators[0].session);
    if (!session[0])
      go_on(d, 500 * USEC_PER_MS);
  }
}

static void need_session(struct day *d, uint32_t operator_index) {
  SP_ASSERT(operator_index < day_operators_max);
  if (!d->operators[operator_index].session[0] &&
      !watch_core(d->w->watch)->operators[operator_index].disabled)
    log_in(d, operator_index);
}

static struct human *human_of(struct day *d, const char *card) {
  uint32_t i = 0;
  while (i < d->n_cards && strcmp(d->cards[i].name, card) != 0)
    i++;
  if (i == actors_max)
    FAIL(d->p, "too many cards");
  if (i == d->n_cards) {
    snprintf(d->cards[i].name, sizeof d->cards[i].name, "%s", card);
    d->cards[i].human = people_actor(d->w->people);
    people_new_card(d->w->people, d->cards[i].human);
    d->n_cards++;
  }
  return d->cards[i].human;
}

static void put_request(struct day *d, struct buf *b, const struct asking *a) {
  struct command c = a->c;
  const struct human *h = a->card ? human_of(d, a->card) : NULL;
  if (c.type == COMMAND_CREDENTIAL_ISSUE)
    plan_find(watch_plan(d->w->watch), REF_FORMAT, span_str(h->card.format),
              &c.u.credential_issue.format);
  buf_puts(b, "{\"command\":");
  command_text(b, watch_core(d->w->watch), &c);
  if (c.type == COMMAND_OPERATOR_ADD)
    buf_printf(b, ",\"details\":{\"name\":\"%s\"},\"secret\":{\"password\":\"%s\"}", a->new_name,
               sim_password);
  else if (a->details)
    buf_printf(b, ",\"details\":%s", a->details);
  else
    register_text(b, &c);
  if (h)
    buf_printf(b, ",\"secret\":{\"card\":{\"format\":\"%s\",\"value\":\"%s\"}}", h->card.format,
               h->card.digits);
  if (c.second != REF_ABSENT)
    buf_printf(b, ",\"second\":\"%s\"", d->operators[c.second].session);
  buf_printf(b, ",\"session\":\"%s\"}", d->operators[c.by.index].session);
}

/* A plan comes before its command, on the same connection. */
static void upload(struct day *d, struct asking *a) {
  struct buf blob = {0};
  struct fault why = {0};
  if (plan_blob_encode(a->c.plan, &blob, &why))
    FAIL(d->p, "%s", why.text);
  a->c.u.plan_apply.compiled = sha256_of(buf_span(&blob));
  a->c.u.plan_apply.source = sha256_of(a->source);
  exchange(d, FRAME_BLOB, buf_span(&blob), ASK_COMMAND);
  exchange(d, FRAME_BLOB, a->source, ASK_COMMAND);
  buf_free(&blob);
}

static bool is_disabled(struct day *d, const struct command *c) {
  const struct core *core = watch_core(d->w->watch);
  return core->operators[c->by.index].disabled ||
         (c->second != REF_ABSENT && core->operators[c->second].disabled);
}

/* What was done already, though nobody said so: a command of ours of this type. */
static const struct logged *find_done(const struct day *d, const struct command *c, size_t from) {
  for (size_t i = from; i < d->n_log; i++)
    if (by_us(d, &d->log[i].c) && d->log[i].c.type == c->type)
      return &d->log[i];
  return NULL;
}

static void read_reasons(struct play *p, const char *reply) {
  static const char key[] = "{\"code\":\"";
  const char *s = (const char *)json_find(span_str(reply), "reasons").p;
  p->out.reasons.n = 0;
  while (s && (s = strstr(s, key))) {
    s += sizeof key - 1;
    size_t n = strcspn(s, "\"");
    for (uint32_t code = 0; code < REASON_COUNT; code++)
      if (strlen(reason_codes[code]) == n && strncmp(reason_codes[code], s, n) == 0)
        p->out.reasons.at[p->out.reasons.n++].code = code;
  }
}

/* False: ask again. */
static bool read_reply(struct day *d, const struct asking *a, const char *reply, size_t from) {
  struct play *p = d->p;
  char decision[16], error[24];
  const struct logged *done;
  reply_string(reply, "error", error, sizeof error);
  reply_string(reply, "decision", decision, sizeof decision);
  if (strcmp(error, "denied") == 0 && is_disabled(d, &a->c)) {
    p->instead = "operator_disabled";
    return true;
  }
  if (error[0]) {
    if (strcmp(error, "denied") == 0) {
      d->operators[a->c.by.index].session[0] = 0;
      if (a->c.second != REF_ABSENT)
        d->operators[a->c.second].session[0] = 0;
    } else if (strcmp(error, "unavailable") != 0 && strcmp(error, "busy") != 0 &&
               a->c.type != COMMAND_PLAN_APPLY) { /* of that the uploads may be lost */
      FAIL(p, "the engine answers %s", reply);
    }
    return false;
  }
  read_reasons(p, reply);
  if (strcmp(decision, "rejected") == 0) {
    p->out.verdict = VERDICT_REJECTED;
    p->out.n_events = 0;
    d->mark = d->n_log;
    return true;
  }
  done = find_done(d, &a->c, from);
  if (!done && reply_number(reply, "entries"))
    FAIL(p, "the store has nothing of %s", reply);
  p->out.n_events = 0;
  if (done) {
    become(p, strcmp(decision, "refused") == 0 ? VERDICT_REFUSED : VERDICT_DONE, done);
    d->mark = (size_t)(done - d->log) + 1;
  } else {
    p->out.verdict = VERDICT_DONE;
    d->mark = d->n_log;
  }
  if (p->out.n_events != reply_number(reply, "entries"))
    FAIL(p, "the store has %u entries of %s", p->out.n_events, reply);
  return true;
}

/* Once in each scenario the process dies with a request on its way. */
static void maybe_kill(struct day *d, const struct asking *a) {
  struct buf text = {0};
  struct play *p = d->p;
  if (!d->kill_at || d->instant || p->file != d->w->settings.scenario || p->line < d->kill_at)
    return;
  d->kill_at = 0;
  put_request(d, &text, a);
  if (link_is_up(d->asks.link))
    asks_send(&d->asks, FRAME_REQUEST, buf_span(&text), ASK_COMMAND, 0);
  buf_free(&text);
  go_on(d, (usec)(d->w->settings.seed % 5) * 300);
  host_kill(d->w->host, d->w->settings.seed % 2);
}

static void ask_operator(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  size_t from = d->n_log;
  bool done = false;
  for (int i = 0; i < tries_max && !done; i++) {
    struct buf text = {0};
    need_session(d, a->c.by.index);
    if (a->c.second != REF_ABSENT)
      need_session(d, a->c.second);
    maybe_kill(d, a);
    const struct logged *l = find_done(d, &a->c, from);
    if (l) {
      trace(d->w, "scenario: it was done already");
      read_logged(p, l);
      return;
    }
    struct asking asked = *a;
    if (a->c.type == COMMAND_PLAN_APPLY)
      upload(d, &asked);
    put_request(d, &text, &asked);
    const char *reply = exchange(d, FRAME_REQUEST, buf_span(&text), ASK_COMMAND);
    done = reply && read_reply(d, a, reply, from);
    buf_free(&text);
    if (!done) /* an engine that has just started reads all that is durable first */
      go_on(d, 300 * USEC_PER_MS);
    while (!done && !host_is_up(d->w->host))
      go_on(d, 100 * USEC_PER_MS);
  }
  if (!done)
    FAIL(p, "nobody answers %s", command_records[a->c.type].type);
}

/* --- Doors --- */

static bool all_shut(const struct day *d) {
  const struct plan *plan = watch_plan(d->w->watch);
  const struct core *core = watch_core(d->w->watch);
  for (uint32_t i = 0; i < plan->n_doors; i++)
    if (!doors_is_locked(d->w->doors, i) || core->doors[i].unlocked || core->doors[i].open)
      return false;
  return true;
}

/* Nobody else begins to walk, and all doors are shut: as when detainees are moved. */
static void clear_the_way(struct day *d) {
  usec until = world_now(d->w) + 2 * PATIENCE;
  people_keep_clear(d->w->people, true);
  if (d->left_open != REF_ABSENT)
    doors_close(d->w->doors, d->left_open); /* a scenario need not say that they shut it */
  d->left_open = REF_ABSENT;
  while (!all_shut(d) && world_now(d->w) < until)
    go_on(d, 200 * USEC_PER_MS);
}

static bool reader_works(const struct day *d, uint32_t reader) {
  const struct reader_state *r = &watch_core(d->w->watch)->readers[reader];
  return !r->offline && !r->insecure;
}

static const struct logged *await_pass(struct day *d, uint32_t reader, const struct human *h,
                                       size_t from) {
  usec until = world_now(d->w) + SHOW_AGAIN;
  const struct core *core = watch_core(d->w->watch);
  const struct id *tag = NULL;
  for (uint32_t i = 0; i < d->n_cards && !tag; i++)
    for (int k = 0; k < d->p->n_named && d->cards[i].human == h && !tag; k++)
      if (d->p->named[k].kind == REF_CREDENTIAL &&
          strcmp(d->p->named[k].name, d->cards[i].name) == 0)
        tag = &core->credentials[thing_of(d->p, REF_CREDENTIAL, d->cards[i].name)].tag;
  for (size_t i = from; world_now(d->w) < until; go_on(d, 20 * USEC_PER_MS))
    for (; i < d->n_log; i++) {
      const struct command *c = &d->log[i].c;
      if (c->type == COMMAND_PASS && c->u.pass.reader == reader &&
          (!tag || memcmp(&c->u.pass.tag, tag, sizeof *tag) == 0))
        return &d->log[i];
    }
  return NULL;
}

/* Refused for nothing but what others, or the wires, did to the door just then; or told so late
 * that nobody waits there any more. */
static bool in_the_way(const struct logged *l) {
  if (l->events[0].type == EVENT_PASSAGE_REPORTED_LATE)
    return true;
  const struct reasons *why = &l->events[0].u.passage_refused.reasons;
  bool only = l->events[0].type == EVENT_PASSAGE_REFUSED && why->n > 0;
  for (uint32_t i = 0; only && i < why->n; i++)
    only = why->at[i].code == REASON_GATE_OUT_OF_SERVICE || why->at[i].code == REASON_INTERLOCK;
  return only;
}

static const struct logged *show(struct day *d, struct human *h, uint32_t reader) {
  const struct logged *l = NULL;
  for (int i = 0; i < tries_max && (!l || in_the_way(l)); i++) {
    for (usec until = world_now(d->w) + PATIENCE;
         !reader_works(d, reader) && world_now(d->w) < until;)
      go_on(d, 500 * USEC_PER_MS);
    size_t from = d->n_log;
    people_show(d->w->people, h, reader);
    l = await_pass(d, reader, h, from);
  }
  if (!l)
    FAIL(d->p, "nothing comes of a card at reader %s",
         watch_plan(d->w->watch)->readers[reader].name.s);
  return l;
}

static void ask_pass(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  clear_the_way(d);
  d->last = human_of(d, a->card);
  d->last_reader = a->c.u.pass.reader;
  read_logged(p, show(d, d->last, d->last_reader));
}

static const struct logged *find_report(struct day *d, const struct cmd_door_report *r,
                                        size_t from) {
  for (size_t i = from; i < d->n_log; i++)
    if (d->log[i].c.type == COMMAND_DOOR_REPORT && d->log[i].c.u.door_report.door == r->door &&
        d->log[i].c.u.door_report.sign == r->sign)
      return &d->log[i];
  return NULL;
}

/* Who was let in pulls the door. One that is locked again meanwhile: the card once more. */
static void pull(struct day *d, uint32_t door) {
  for (int i = 0; i < tries_max; i++) {
    for (int k = 0; k < 20; k++) {
      if (doors_open(d->w->doors, door, false, false))
        return;
      go_on(d, 100 * USEC_PER_MS);
    }
    if (d->last && watch_plan(d->w->watch)->readers[d->last_reader].door == door)
      show(d, d->last, d->last_reader);
  }
  FAIL(d->p, "the door does not open");
}

/* A door whose line does not say so is locked when its reader's timer has run out. */
static void await_locked(struct day *d, uint32_t door) {
  usec until = world_now(d->w) + PATIENCE;
  while ((!doors_is_locked(d->w->doors, door) || watch_core(d->w->watch)->doors[door].unlocked) &&
         world_now(d->w) < until)
    go_on(d, 100 * USEC_PER_MS);
}

static void ask_door(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  const struct cmd_door_report *r = &a->c.u.door_report;
  size_t from = r->sign == DOOR_LOCKED ? d->mark : d->n_log;
  usec until = world_now(d->w) + PATIENCE;
  const struct logged *l = NULL;
  p->out.verdict = VERDICT_DONE;
  p->out.reasons.n = p->out.n_events = 0;
  if (r->sign == DOOR_OPENED) {
    pull(d, r->door);
    d->left_open = r->door;
  } else if (r->sign == DOOR_CLOSED) {
    doors_close(d->w->doors, r->door);
    d->left_open = REF_ABSENT;
  }
  if (r->sign == DOOR_LOCKED && !watch_plan(d->w->watch)->doors[r->door].tells_locked) {
    await_locked(d, r->door);
    people_keep_clear(d->w->people, false);
    return;
  }
  while (!(l = find_report(d, r, from)) && world_now(d->w) < until)
    go_on(d, 20 * USEC_PER_MS);
  if (!l)
    FAIL(p, "nobody says that the door is %s", door_sign_names[r->sign]);
  read_logged(p, l);
}

static void ask_day(struct play *p, const struct asking *a) {
  usec from = world_now(day_of(p)->w);
  p->out.n_effects = 0;
  switch ((int)a->c.type) {
  case COMMAND_PASS:
    ask_pass(p, a);
    break;
  case COMMAND_DOOR_REPORT:
    ask_door(p, a);
    break;
  default:
    people_keep_clear(day_of(p)->w->people, false);
    ask_operator(p, a);
    if (a->c.type == COMMAND_OPERATOR_ADD && p->out.verdict == VERDICT_DONE) {
      struct day *d = day_of(p);
      uint32_t index = watch_core(d->w->watch)->head.n_operators - 1;
      SP_ASSERT(index < day_operators_max);
      snprintf(d->operators[index].name, sizeof d->operators[index].name, "%s", a->new_name);
    }
  }
  day_of(p)->waited += world_now(day_of(p)->w) - from;
}

/* --- Time --- */

static bool is_due(const struct day *d) {
  usec due = core_due(watch_core(d->w->watch));
  return due != TIME_ABSENT && due <= world_wall(d->w);
}

/* Until nothing is due any more. */
static void let_happen(struct day *d) {
  usec until = world_now(d->w) + PATIENCE;
  while ((is_due(d) || !host_is_up(d->w->host)) && world_now(d->w) < until)
    go_on(d, 10 * USEC_PER_MS);
}

static void step_clock(struct day *d, usec to) {
  if (to <= world_wall(d->w))
    return;
  d->w->wall_ahead += to - world_wall(d->w);
  d->w->disturbed_at = world_now(d->w);
}

/* Whoever asked before has a session that holds, so that no password takes its time. */
static void be_ready(struct day *d) {
  for (uint32_t i = 0; i < day_operators_max; i++)
    if (d->operators[i].session[0]) {
      d->operators[i].session[0] = 0;
      need_session(d, i);
    }
}

/* Asking takes its time here, and a scenario says none for it: the world is late by that much. What
 * is so long after something stays so; an instant is met exactly if it has not passed. */
static void pass_time(struct play *p) {
  struct day *d = day_of(p);
  if (!d->w->host) /* nothing was founded yet */
    return;
  usec late = world_wall(d->w) > d->said ? world_wall(d->w) - d->said : 0;
  usec to = p->exact ? p->now : p->now + late, gap = to - world_wall(d->w);
  /* Within an instant nothing may go wrong: what comes late would be after it. */
  d->instant = p->exact || (d->instant && p->now - d->said <= REAL_WAIT);
  d->w->calm = d->instant;
  d->said = p->now;
  if (gap > 0 && gap <= REAL_WAIT)
    go_on(d, gap);
  else if (gap > REAL_WAIT) {
    people_keep_clear(d->w->people, false);
    go_on(d, REAL_WAIT / 2);
  }
  if (d->instant)
    be_ready(d);
  let_happen(d);
  while (world_wall(d->w) < to) {
    usec due = core_due(watch_core(d->w->watch));
    step_clock(d, due != TIME_ABSENT && due < to ? due : to);
    trace(d->w, "scenario: time passes");
    let_happen(d);
  }
}

static void take_ticks(struct play *p) {
  struct day *d = day_of(p);
  for (; d->mark < d->n_log; d->mark++) {
    const struct logged *l = &d->log[d->mark];
    for (uint32_t i = 0; l->c.type == COMMAND_TICK && i < l->n; i++)
      if (names_own(d, &event_records[l->events[i].type], &l->events[i].u))
        p->out.events[p->out.n_events++] = l->events[i];
  }
}

/* What an instant makes due counts from what was late, and may be as late. */
static void tick(struct play *p) {
  struct day *d = day_of(p);
  usec until;
  pass_time(p);
  until = world_wall(d->w) + d->waited;
  p->out.verdict = VERDICT_DONE;
  p->out.reasons.n = p->out.n_events = p->out.n_effects = 0;
  take_ticks(p);
  for (usec due; p->wanted && strcmp(p->wanted, "nothing") != 0 && !p->out.n_events &&
                 (due = core_due(watch_core(d->w->watch))) != TIME_ABSENT && due <= until;) {
    step_clock(d, due);
    let_happen(d);
    take_ticks(p);
  }
}

/* --- What others do is no alarm of ours --- */

static bool alarm_is_ours(const struct day *d, uint64_t n) {
  for (size_t i = 0; i < d->n_log; i++)
    for (uint32_t k = 0; k < d->log[i].n; k++)
      if (d->log[i].events[k].n == n)
        return by_us(d, &d->log[i].c) ||
               names_own(d, &event_records[d->log[i].events[k].type], &d->log[i].events[k].u);
  return false;
}

static uint32_t alarms(struct play *p, uint64_t *oldest) {
  struct day *d = day_of(p);
  uint32_t n = 0;
  *oldest = 0;
  let_happen(d);
  for (uint32_t i = 0; i < p->core->head.n_alarms; i++)
    if (alarm_is_ours(d, p->core->alarms[i].n) && !n++)
      *oldest = p->core->alarms[i].n;
  return n;
}

/* --- Beginning and end --- */

static void begin(struct play *p) {
  struct day *d = day_of(p);
  static struct core *nothing; /* before the site is founded names are looked up here */
  FILE *f = fopen(p->file, "r");
  d->p = p;
  d->kill_at = 1;
  for (int c; f && (c = fgetc(f)) != EOF;)
    d->kill_at += c == '\n';
  if (f)
    fclose(f);
  d->kill_at = d->kill_at / 2 + 1;
  if (!nothing)
    nothing = fold_core_new();
  p->core = nothing;
}

static void found(struct play *p, const struct asking *plan) {
  struct day *d = day_of(p);
  struct world *w = d->w;
  uint32_t roles[16], n = w->settings.operators;
  SP_ASSERT(n + ROLE_COUNT <= sizeof roles / sizeof roles[0]);
  desk_roles(w->settings.seed, roles, n);
  for (uint32_t r = 0; r < ROLE_COUNT; r++)
    roles[n + r] = r;
  d->first_own = n;
  watch_tell(w->watch, on_command, d);
  w->may_ask = may_ask;
  w->may_ask_ctx = d;
  world_begin(w, p->now, plan->source, roles, n + ROLE_COUNT);
  const struct link_ops ops = {d, on_up, on_down, on_frame};
  asks_init(&d->asks, w, host_link(w->host, "scenario", &ops));
  while (!watch_plan(w->watch))
    go_on(d, USEC_PER_MS);
  p->core = watch_core(w->watch);
  d->said = p->now;
  for (uint32_t r = 0; r < ROLE_COUNT; r++) {
    snprintf(d->operators[n + r].name, sizeof d->operators[0].name, "op%u", n + r);
    name_it(p, REF_OPERATOR, role_names[r], p->core->operators[n + r].id);
  }
  go_on(d, 5 * USEC_PER_S); /* its readers are found */
  d->waited = world_now(w);
}

static const char *cannot(struct play *p, const struct words *w, const char *wanted) {
  struct day *d = day_of(p);
  uint32_t door;
  if (d->w->host)
    d->w->clock_trusted = !p->clock_wrong;
  if (p->behind && wanted && strstr(wanted, "stale_view"))
    return "an engine is the one writer of its site: what it knows is never older than now";
  if (has_word(w, "and-more"))
    return "the engine names eight: nine are found by tests/system/test_cli_candidates.py";
  if (strcmp(w->at[0], "identify") == 0 && wanted && strstr(wanted, "self"))
    return "an engine finds nobody to be like themselves";
  if (wanted && w->n == 3 && strcmp(w->at[0], "door") == 0 && strcmp(w->at[2], "locked") == 0 &&
      plan_find(watch_plan(d->w->watch), REF_DOOR, span_str(w->at[1]), &door) &&
      !watch_plan(d->w->watch)->doors[door].tells_locked)
    return "no line says so of this door: its reader's timer tells";
  return NULL;
}

static void nothing_more(struct play *p) {
  (void)p;
}

static struct day *now_playing; /* one a process */

__attribute__((noreturn)) static void fail_here(const char *text) {
  watch_complain(now_playing->w->watch, "%s", text);
  longjmp(now_playing->failed, 1);
}

static void left_out(struct play *p, const char *text) {
  if (day_of(p)->w->settings.again)
    return;
  puts(text);
  fflush(stdout); /* others tell of theirs */
}

static void check(struct play *p) {
  day_of(p)->r->lines = (uint32_t)p->lines_checked;
  day_of(p)->r->left_out = (uint32_t)p->lines_left_out;
}

static const struct stage stage_day = {
    .name = "day",
    .begin = begin,
    .found = found,
    .cannot = cannot,
    .ask = ask_day,
    .pass_time = pass_time,
    .tick = tick,
    .alarms = alarms,
    .played = nothing_more,
    .check = check,
    .end = nothing_more,
    .left_out = left_out,
    .fail = fail_here,
};

void day_play(struct world *w, struct result *r) {
  struct day *d = sp_alloc(1, sizeof *d);
  SP_ASSERT(d);
  d->w = w;
  d->r = r;
  d->left_open = REF_ABSENT;
  w->day = d;
  w->settled_at = INT64_MAX; /* not before the end */
  w->settings.operators = w->settings.operators < 4 ? w->settings.operators : 4;
  w->settings.faults &= day_faults;
  w->settings.faults |= 1u << FAULT_CLOCK_FORWARD; /* as the oracles know it */
  now_playing = d;
  if (setjmp(d->failed) == 0)
    scenario_play(&stage_day, d, w->settings.scenario, w->settings.scenarios);
  if (w->people)
    people_keep_clear(w->people, false);
}

void day_free(struct world *w) {
  struct day *d = w->day;
  if (!d)
    return;
  for (size_t i = 0; i < d->n_log; i++)
    sp_free(d->log[i].events);
  sp_free(d->log);
  if (w->host)
    asks_free(&d->asks);
  free(d->reply);
  sp_free(d);
}
