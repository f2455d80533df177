/* stage_engine.c: scenarios against a real engine: requests as frames on connections, its commits
 * in SQLite, its entries read back by another handle.
 *
 * Nothing of a line's outcome comes from inside the engine: the verdict and the reasons are those
 * of its reply, the events those of the store. Operators log in and ask by their sessions; what a
 * reader or a door says comes from its line's connection. Halfway through each file the engine is
 * killed while a request waits for its commit, another starts from what is durable, and the client
 * asks again.
 */
#include "stages.h"

#include "audit/replay.h"
#include "audit/state_hash.h"
#include "audit/verify.h"
#include "checks.h"
#include "core/state.h"
#include "engine/json.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "reading.h"
#include "sim/command_text.h"
#include "sim/register_text.h"
#include "tests/unit/engine_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { operators_here_max = 32, cards_max = 256, lines_here_max = 16, snapshot_every = 17 };
#define IDLE_MAX (5 * 60 * USEC_PER_S) /* a session is taken anew after so long */

struct here {
  struct fake f;
  char dir[64], db[80];
  struct reading reading;
  uint64_t desk, watch; /* connections; watch sees effects */
  struct {
    struct slug name;
    uint64_t conn;
  } lines[lines_here_max];
  uint32_t n_lines;
  struct {
    char session[65];
    usec used; /* TIME_ABSENT: none */
    char name[32];
  } operators[operators_here_max]; /* by index */
  char cards[cards_max][32];       /* what a scenario calls them: numbers in turn */
  uint32_t n_cards;
  const char *file;
  int kill_at; /* the line; 0: it was */
};

static struct here *here_of(struct play *p) {
  return p->at;
}

/* --- The store --- */

static struct store *open_store(struct play *p, enum store_mode mode) {
  struct here *h = here_of(p);
  struct store *s;
  struct fault why = {0};
  if (store_sqlite_open(h->db, p->n_plans ? p->plans[0]->name.s : NULL, mode, &s, &why))
    FAIL(p, "%s", why.text);
  return s;
}

static int lines_of(const char *file) {
  FILE *f = fopen(file, "r");
  int n = 0, c;
  SP_ASSERT(f);
  while ((c = fgetc(f)) != EOF)
    n += c == '\n';
  fclose(f);
  return n;
}

static const struct here *made; /* has a directory; NULL: none is there */

static void remove_dir(const struct here *h) {
  static const char *const files[] = {"", "-wal", "-shm"};
  char path[120];
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    snprintf(path, sizeof path, "%s%s", h->db, files[i]);
    unlink(path);
  }
  rmdir(h->dir);
  made = NULL;
}

/* An assertion of the fake's fails without fail_here: the directory goes when the program ends. */
static void remove_made(void) {
  if (made)
    remove_dir(made);
}

static void begin(struct play *p) {
  struct here *h = p->at = calloc(1, sizeof *h);
  SP_ASSERT(h);
  h->file = p->file;
  h->kill_at = lines_of(p->file) / 2 + 1;
  snprintf(h->dir, sizeof h->dir, "%s/sallyport-scenario-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (!mkdtemp(h->dir))
    FAIL(p, "no directory for the site");
  snprintf(h->db, sizeof h->db, "%s/site.db", h->dir);
  remove_made(); /* of one that failed before */
  made = h;
  static bool once;
  if (!once && atexit(remove_made) == 0)
    once = true;
  static struct core *nothing; /* before the site is founded names are looked up here */
  if (!nothing)
    nothing = fold_core_new();
  p->core = nothing;
}

/* --- Connections --- */

static void subscribe(struct play *p, uint64_t conn, const char *line) {
  struct here *h = here_of(p);
  char text[100];
  snprintf(text, sizeof text, line ? "{\"effects\":true,\"line\":\"%s\"}" : "{\"effects\":true}",
           line);
  uint64_t id = fake_frame(&h->f, conn, FRAME_SUBSCRIBE, span_str(text));
  if (!strstr(fake_reply(&h->f, conn, id), "true"))
    FAIL(p, "the subscription of line %s failed", line ? line : "none");
}

/* Every line of the plan is served, and those that the plan has no more hang up. */
static void serve_lines(struct play *p) {
  struct here *h = here_of(p);
  const struct plan *plan = core_plan(p->core);
  uint32_t index;
  for (uint32_t i = 0; i < h->n_lines; i++)
    if (!plan_find(plan, REF_LINE, span_str(h->lines[i].name.s), &index)) {
      engine_on_closed(h->f.engine, h->lines[i].conn);
      engine_flush(h->f.engine);
      h->lines[i--] = h->lines[--h->n_lines];
    }
  for (uint32_t l = 0; l < plan->n_lines; l++) {
    uint32_t i = 0;
    while (i < h->n_lines && strcmp(h->lines[i].name.s, plan->lines[l].name.s) != 0)
      i++;
    if (i < h->n_lines)
      continue;
    SP_ASSERT(h->n_lines < lines_here_max);
    h->lines[h->n_lines].name = plan->lines[l].name;
    h->lines[h->n_lines].conn = fake_connect(&h->f);
    subscribe(p, h->lines[h->n_lines++].conn, plan->lines[l].name.s);
  }
}

static void connect_all(struct play *p) {
  struct here *h = here_of(p);
  h->n_lines = 0;
  h->desk = fake_connect(&h->f);
  h->watch = fake_connect(&h->f);
  subscribe(p, h->watch, NULL);
  serve_lines(p);
  engine_miss_lines(h->f.engine);
  fake_settle(&h->f);
  for (uint32_t i = 0; i < operators_here_max; i++)
    h->operators[i].used = TIME_ABSENT;
}

static void found(struct play *p, const struct asking *plan) {
  struct here *h = here_of(p);
  struct site_operator operators[ROLE_COUNT];
  for (uint32_t r = 0; r < ROLE_COUNT; r++)
    operators[r] = (struct site_operator){role_names[r], r, span_str(fake_password)};
  const struct fake_site site = {.plan = plan->c.plan,
                                 .source = plan->source,
                                 .operators = operators,
                                 .n_operators = ROLE_COUNT,
                                 .at = p->now,
                                 .snapshot_every = snapshot_every,
                                 .store = open_store(p, STORE_CREATE)};
  fake_found(&h->f, &site);
  reading_begin(p, &h->reading, open_store(p, STORE_READ));
  connect_all(p);
  for (uint32_t i = 0; i < p->core->head.n_operators; i++) {
    const struct operator_record *o = &p->core->operators[i];
    name_it(p, REF_OPERATOR, role_names[o->role], o->id);
    snprintf(h->operators[i].name, sizeof h->operators[i].name, "%s", role_names[o->role]);
  }
}

/* --- A request --- */

static const char *session_of(struct play *p, uint32_t operator_index) {
  struct here *h = here_of(p);
  SP_ASSERT(operator_index < operators_here_max);
  usec *used = &h->operators[operator_index].used;
  bool over = *used == TIME_ABSENT || p->now - *used > IDLE_MAX;
  if (over && !p->core->operators[operator_index].disabled)
    fake_login(&h->f, h->desk, h->operators[operator_index].name,
               h->operators[operator_index].session);
  *used = p->now;
  return h->operators[operator_index].session;
}

/* Digits of a PIN: a scenario's own where they are enough, else with zeros behind a mark. */
static void put_pin(struct buf *b, const char *key, const char *pin) {
  buf_printf(b, strlen(pin) >= 4 ? "\"%s\":\"%s\"" : "\"%s\":\"90%s000\"", key, pin);
}

static uint32_t card_number(struct play *p, const char *card) {
  struct here *h = here_of(p);
  uint32_t i = 0;
  while (i < h->n_cards && strcmp(h->cards[i], card) != 0)
    i++;
  if (i == cards_max)
    FAIL(p, "too many cards");
  h->n_cards += i == h->n_cards;
  snprintf(h->cards[i], sizeof h->cards[i], "%s", card);
  return 0x100 + i;
}

static void put_secret(struct play *p, struct buf *b, const struct asking *a) {
  bool strange = a->c.type == COMMAND_PASS && a->c.u.pass.format == REF_ABSENT;
  const char *between = "";
  if (!a->card && !a->pin && !a->duress && a->c.type != COMMAND_OPERATOR_ADD)
    return;
  buf_puts(b, ",\"secret\":{");
  if (a->card) {
    buf_printf(b, "\"card\":{\"format\":\"%s\",\"value\":\"%x\"}",
               strange ? "strange" : core_plan(p->core)->formats[0].name.s,
               card_number(p, a->card));
    between = ",";
  }
  if (a->duress) {
    buf_puts(b, between);
    put_pin(b, "duress", a->duress);
    between = ",";
  }
  if (a->c.type == COMMAND_OPERATOR_ADD)
    buf_printf(b, "\"password\":\"%s\"", fake_password);
  if (a->pin) {
    buf_puts(b, between);
    put_pin(b, "pin", a->pin);
  }
  buf_puts(b, "}");
}

static void put_request(struct play *p, struct buf *b, const struct asking *a) {
  buf_puts(b, "{\"command\":");
  command_text(b, p->core, &a->c);
  if (a->c.type == COMMAND_OPERATOR_ADD)
    buf_printf(b, ",\"details\":{\"name\":\"%s\"}", a->new_name);
  else if (a->details)
    buf_printf(b, ",\"details\":%s", a->details);
  else
    register_text(b, &a->c);
  put_secret(p, b, a);
  if (a->c.second != REF_ABSENT)
    buf_printf(b, ",\"second\":\"%s\"", session_of(p, a->c.second));
  if (a->c.by.kind == ACTOR_OPERATOR)
    buf_printf(b, ",\"session\":\"%s\"", session_of(p, a->c.by.index));
  buf_puts(b, "}");
}

/* What a reader or a door says comes from its line; where it has none, by hand. */
static uint64_t conn_for(struct play *p, const struct asking *a) {
  struct here *h = here_of(p);
  const struct plan *plan = core_plan(p->core);
  uint16_t line = NONE16;
  if (a->c.by.kind != ACTOR_HAND)
    return h->desk;
  if (a->c.type == COMMAND_PASS)
    line = plan->readers[a->c.u.pass.reader].line;
  else if (a->c.type == COMMAND_READER_REPORT)
    line = plan->readers[a->c.u.reader_report.reader].line;
  for (uint16_t l = 0; a->c.type == COMMAND_DOOR_REPORT && l < plan->n_lines; l++)
    if (plan_door_board(plan, a->c.u.door_report.door, l) != NONE16)
      line = l;
  for (uint32_t i = 0; line != NONE16 && i < h->n_lines; i++)
    if (strcmp(h->lines[i].name.s, plan->lines[line].name.s) == 0)
      return h->lines[i].conn;
  return h->desk;
}

static struct hash upload(struct play *p, struct span bytes) {
  struct here *h = here_of(p);
  uint64_t id = fake_frame(&h->f, h->desk, FRAME_BLOB, bytes);
  if (!strstr(fake_reply(&h->f, h->desk, id), "\"blob\""))
    FAIL(p, "the plan cannot be uploaded");
  return sha256_of(bytes);
}

static void upload_plan(struct play *p, struct asking *a) {
  struct buf blob = {0};
  struct fault why = {0};
  if (plan_blob_encode(a->c.plan, &blob, &why))
    FAIL(p, "%s", why.text);
  a->c.u.plan_apply.compiled = upload(p, buf_span(&blob));
  a->c.u.plan_apply.source = upload(p, a->source);
  buf_free(&blob);
}

/* --- What became of it --- */

static uint64_t number_at(const char *s) {
  return s ? strtoull(s, NULL, 10) : 0;
}

static void read_reasons(struct play *p, const char *reply) {
  static const char key[] = "{\"code\":\"";
  const char *s = (const char *)json_find(span_str(reply), "reasons").p;
  while (s && (s = strstr(s, key))) {
    s += sizeof key - 1;
    size_t n = strcspn(s, "\"");
    uint32_t code = 0;
    while (code < REASON_COUNT &&
           (strlen(reason_codes[code]) != n || strncmp(reason_codes[code], s, n) != 0))
      code++;
    if (code == REASON_COUNT || p->out.reasons.n == reasons_max)
      FAIL(p, "a reason that nobody knows: %s", reply);
    p->out.reasons.at[p->out.reasons.n++].code = code;
  }
}

/* The entries that a reply names, as the store has them. */
static void read_events(struct play *p, const char *reply) {
  struct here *h = here_of(p);
  struct span entry = json_find(span_str(reply), "entry");
  uint64_t n = number_at(entry.p ? (const char *)json_find(entry, "n").p : NULL);
  uint64_t k = number_at((const char *)json_find(span_str(reply), "entries").p);
  for (uint32_t i = 0; i < h->reading.n_events; i++)
    if (entry.p && h->reading.events[i].n >= n && h->reading.events[i].n < n + k)
      p->out.events[p->out.n_events++] = h->reading.events[i];
  if (p->out.n_events != k)
    FAIL(p, "the store has %u of the %llu entries of %s", p->out.n_events, (unsigned long long)k,
         reply);
}

/* Doors that are told to unlock, and on the word of which entry. */
static void read_effects(struct play *p) {
  struct here *h = here_of(p);
  struct frame frame;
  const char *text;
  while ((text = fake_next(&h->f, h->watch, &frame))) {
    struct span door = json_find(span_str(text), "door");
    if (frame.kind != FRAME_EFFECT || !strstr(text, "\"effect\":\"unlock\""))
      continue;
    char name[slug_max + 1] = {0};
    memcpy(name, door.p + 1, door.n - 2);
    reading_released(p, &h->reading, name,
                     number_at((const char *)json_find(span_str(text), "n").p));
    SP_ASSERT(p->out.n_effects < effects_max);
    p->out.effects[p->out.n_effects++] =
        (struct effect){.type = EFFECT_UNLOCK, .door = plan_thing(p, REF_DOOR, name)};
  }
}

static void read_reply(struct play *p, const struct asking *a, const char *reply) {
  struct here *h = here_of(p);
  const struct core *core = p->core;
  p->out.reasons.n = p->out.n_events = p->out.n_effects = 0;
  bool disabled = (a->c.by.kind == ACTOR_OPERATOR && core->operators[a->c.by.index].disabled) ||
                  (a->c.second != REF_ABSENT && core->operators[a->c.second].disabled);
  reading_catch_up(p, &h->reading);
  read_effects(p);
  if (strstr(reply, "{\"error\":\"denied\"") == reply && disabled) {
    p->instead = "operator_disabled";
    return;
  }
  if (strstr(reply, "{\"decision\":\"") != reply)
    FAIL(p, "the engine answers %s", reply);
  const char *verdict = reply + sizeof "{\"decision\":\"" - 1;
  p->out.verdict = *verdict == 'd'                       ? VERDICT_DONE
                   : strncmp(verdict, "refused", 7) == 0 ? VERDICT_REFUSED
                                                         : VERDICT_REJECTED;
  read_reasons(p, reply);
  read_events(p, reply);
}

/* --- Killed, and started again --- */

static void same_state(struct play *p, const struct core *core, const char *whose) {
  struct hash a = state_hash(core), b = state_hash(p->core);
  if (memcmp(a.b, b.b, sizeof a.b) != 0)
    FAIL(p, "the state that %s has is not what the entries give", whose);
}

static void restart(struct play *p) {
  struct here *h = here_of(p);
  fake_kill(&h->f);
  store_close(h->f.store);
  h->f.store = open_store(p, STORE_WRITE);
  fake_restart(&h->f, snapshot_every);
  reading_catch_up(p, &h->reading);
  same_state(p, engine_core(h->f.engine), "the engine after a restart");
  connect_all(p);
}

static const char *request(struct play *p, const struct asking *a, bool wait) {
  struct here *h = here_of(p);
  struct asking asked = *a;
  struct buf text = {0};
  if (a->c.type == COMMAND_PLAN_APPLY)
    upload_plan(p, &asked);
  put_request(p, &text, &asked);
  uint64_t conn = conn_for(p, &asked);
  uint64_t id = fake_frame(&h->f, conn, FRAME_REQUEST, buf_span(&text));
  buf_free(&text);
  return wait ? fake_reply(&h->f, conn, id) : NULL;
}

static void ask_engine(struct play *p, const struct asking *a) {
  struct here *h = here_of(p);
  reading_mark(&h->reading);
  if (h->kill_at && p->file == h->file && p->line >= h->kill_at) {
    h->kill_at = 0;
    request(p, a, false);
    restart(p);
  }
  char *reply = strdup(request(p, a, true)); /* what comes next to anybody overwrites it */
  SP_ASSERT(reply);
  read_reply(p, a, reply);
  free(reply);
  if (a->c.type == COMMAND_PLAN_APPLY)
    serve_lines(p);
  if (a->c.type == COMMAND_OPERATOR_ADD && p->out.verdict == VERDICT_DONE) {
    uint32_t index = p->core->head.n_operators - 1;
    SP_ASSERT(index < operators_here_max);
    snprintf(h->operators[index].name, sizeof h->operators[index].name, "%s", a->new_name);
    h->operators[index].used = TIME_ABSENT;
  }
}

/* --- Time --- */

/* As on a machine where nothing else happens: the engine is woken when something is due. */
static void wait_until_now(struct play *p) {
  struct here *h = here_of(p);
  struct fake *f = &h->f;
  if (!h->reading.begun) /* nothing was founded yet */
    return;
  reading_mark(&h->reading);
  usec at = f->now.wall;
  do {
    usec due = core_due(p->core);
    at = due != TIME_ABSENT && due > at && due < p->now ? due : p->now;
    f->now.mono += at - f->now.wall;
    f->now.wall = at;
    engine_on_timer(f->engine);
    engine_flush(f->engine);
    fake_settle(f);
    reading_catch_up(p, &h->reading);
  } while (at < p->now);
}

/* What the passing of time alone brought about. */
static void tick(struct play *p) {
  struct here *h = here_of(p);
  wait_until_now(p);
  p->out.verdict = VERDICT_DONE;
  p->out.reasons.n = p->out.n_events = p->out.n_effects = 0;
  for (uint32_t i = 0; i < h->reading.n_events; i++)
    if (h->reading.asked[i] == COMMAND_TICK)
      p->out.events[p->out.n_events++] = h->reading.events[i];
  read_effects(p);
}

/* --- What cannot be meant here, and the end --- */

static const char *cannot(struct play *p, const struct words *w, const char *wanted) {
  here_of(p)->f.now.trusted = !p->clock_wrong;
  if (p->behind && wanted && strstr(wanted, "stale_view"))
    return "an engine is the one writer of its site: what it knows is never older than now";
  if (has_word(w, "and-more"))
    return "the engine names eight: nine are found by tests/system/test_cli_candidates.py";
  if (strcmp(w->at[0], "identify") == 0 && wanted && strstr(wanted, "self"))
    return "an engine finds nobody to be like themselves";
  if (has_word(w, "strange-format") && wanted && !strstr(wanted, "credential_unknown"))
    return "a card of an unknown format has another tag, so that it is unknown, too";
  return NULL;
}

static void audit(struct play *p) {
  struct here *h = here_of(p);
  struct report report;
  struct fault why = {0};
  struct verify_result verified;
  struct replay_result replayed;
  const struct verify_options options = {.key = &h->f.signer.public};
  if (report_init(&report, &why))
    FAIL(p, "%s", why.text);
  if (verify_store(h->reading.store, &options, &report, &verified, &why))
    FAIL(p, "verify: %s: %s", why.text, report.kept ? report.at[0].text : "");
  if (verified.entries != core_next_entry(p->core) || verified.signed_size != verified.entries)
    FAIL(p, "not every entry was verified, or signed");
  if (replay_store(h->reading.store, &core_plan(p->core)->name, NULL, &report, &replayed, &why))
    FAIL(p, "replay: %s: %s", why.text, report.kept ? report.at[0].text : "");
  replay_result_free(&replayed);
  report_free(&report);
}

/* It stops cleanly, and what the store has gives the same state with snapshots and without. */
static void check(struct play *p) {
  struct here *h = here_of(p);
  struct fault why = {0};
  if (h->kill_at)
    FAIL(p, "the engine was to be killed in this scenario, and was not");
  same_state(p, engine_core(h->f.engine), "the engine");
  engine_stop(h->f.engine);
  engine_flush(h->f.engine);
  fake_settle(&h->f);
  if (!h->f.stopped || h->f.fatals)
    FAIL(p, "the engine did not stop cleanly: %s", h->f.fatal.text);
  if (committer_tend(h->f.committer, h->f.now.mono, true, &why))
    FAIL(p, "%s", why.text);
  reading_catch_up(p, &h->reading);
  for (int i = 0; i < 2; i++) {
    struct fold fold;
    const struct fold_options options = {.no_snapshot = i == 0};
    if (fold_open(&fold, h->reading.store, &options, &why))
      FAIL(p, "%s", why.text);
    same_state(p, fold.core, i ? "a restart from a snapshot" : "a restart from the first entry");
    if (i && !fold.folded_from)
      FAIL(p, "no snapshot was used");
    fold_close(&fold);
  }
  audit(p);
}

static void end(struct play *p) {
  struct here *h = here_of(p);
  fake_end(&h->f);
  reading_end(&h->reading);
  remove_dir(h);
  free(h);
}

/* The engine and its handles are left as they are: what failed may hang on them. */
__attribute__((noreturn)) static void fail_here(const char *text) {
  remove_made();
  fail_msg("%s", text);
  abort();
}

const struct stage stage_engine = {
    .name = "engine",
    .begin = begin,
    .found = found,
    .cannot = cannot,
    .ask = ask_engine,
    .pass_time = wait_until_now,
    .tick = tick,
    .played = check_invariants,
    .check = check,
    .end = end,
    .fail = fail_here,
};
