#include "sim/day_int.h"

#include "engine/json.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "sim/command_text.h"
#include "sim/register_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void day_connect(struct day *d) {
  const struct link_ops ops = {d, on_up, on_down, on_frame};
  asks_init(&d->asks, d->w, host_link(d->w->host, "scenario", &ops));
}

/* Sends, and waits; NULL: the connection went away, or nobody answers. */
static const char *exchange(struct day *d, enum frame_kind kind, struct span text) {
  usec until = world_now(d->w) + PATIENCE;
  free(d->reply);
  d->reply = NULL;
  while (!link_is_up(d->asks.link) || !host_is_up(d->w->host)) {
    if (world_now(d->w) > until)
      FAIL(d->p, "the engine cannot be reached");
    day_go_on(d, 50 * USEC_PER_MS);
  }
  d->waits_for = asks_send(&d->asks, kind, text, 0, 0);
  while (d->waits_for && world_now(d->w) < until)
    day_go_on(d, USEC_PER_MS);
  d->waits_for = 0;
  return d->reply;
}

static void log_in(struct day *d, uint32_t operator_index) {
  char text[160], *session = d->operators[operator_index].session;
  snprintf(text, sizeof text, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}",
           d->operators[operator_index].name, sim_password);
  for (int i = 0; i < tries_max && !session[0]; i++) {
    const char *reply = exchange(d, FRAME_REQUEST, span_str(text));
    if (reply)
      reply_string(reply, "session", session, sizeof d->operators[0].session);
    if (!session[0])
      day_go_on(d, 500 * USEC_PER_MS);
  }
}

void day_need_session(struct day *d, uint32_t operator_index) {
  SP_ASSERT(operator_index < day_operators_max);
  if (!d->operators[operator_index].session[0] &&
      !watch_core(d->w->watch)->operators[operator_index].disabled)
    log_in(d, operator_index);
}

struct human *day_human(struct day *d, const char *card) {
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
  const struct human *h = a->card ? day_human(d, a->card) : NULL;
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
  exchange(d, FRAME_BLOB, buf_span(&blob));
  exchange(d, FRAME_BLOB, a->source);
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
    if (day_by_us(d, &d->log[i].c) && d->log[i].c.type == c->type)
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
    day_become(p, strcmp(decision, "refused") == 0 ? VERDICT_REFUSED : VERDICT_DONE, done);
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
    asks_send(&d->asks, FRAME_REQUEST, buf_span(&text), 0, 0);
  buf_free(&text);
  day_go_on(d, (usec)(d->w->settings.seed % 5) * 300);
  host_kill(d->w->host, d->w->settings.seed % 2);
}

void day_ask_operator(struct play *p, const struct asking *a) {
  struct day *d = day_of(p);
  size_t from = d->n_log;
  bool done = false;
  for (int i = 0; i < tries_max && !done; i++) {
    struct buf text = {0};
    day_need_session(d, a->c.by.index);
    if (a->c.second != REF_ABSENT)
      day_need_session(d, a->c.second);
    maybe_kill(d, a);
    const struct logged *l = find_done(d, &a->c, from);
    if (l) {
      trace(d->w, "scenario: it was done already");
      day_read(p, l);
      return;
    }
    struct asking asked = *a;
    if (a->c.type == COMMAND_PLAN_APPLY)
      upload(d, &asked);
    put_request(d, &text, &asked);
    const char *reply = exchange(d, FRAME_REQUEST, buf_span(&text));
    done = reply && read_reply(d, a, reply, from);
    buf_free(&text);
    if (!done) /* an engine that has just started reads all that is durable first */
      day_go_on(d, 300 * USEC_PER_MS);
    while (!done && !host_is_up(d->w->host))
      day_go_on(d, 100 * USEC_PER_MS);
  }
  if (!done)
    FAIL(p, "nobody answers %s", command_records[a->c.type].type);
}
