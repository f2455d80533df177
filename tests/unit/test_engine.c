/* The engine's logic in a world made of arrays. */
#include "engine_fake.h"

#include "core/state.h"
#include "engine/json.h"
#include "journal/details.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"
#include "store/store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PLAN "tests/system/small.yaml"
#define CARD "a1b2c3"
#define PIN  "739150286417"
#define assert_has(text, part)                                                                     \
  do {                                                                                             \
    const char *t_ = (text);                                                                       \
    if (!strstr(t_, part))                                                                         \
      fail_msg("`%s` is not in `%s`", part, t_);                                                   \
  } while (0)

struct world {
  struct fake f;
  uint64_t conn, watch; /* watch is subscribed to effects */
  char anna[65], bert[65], carl[65];
  char person[33];
};

static void copy_member(const char *reply, const char *key, char *out, size_t n) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
  const char *data = strstr(reply, "\"data\":");
  const char *at = strstr(data ? data : reply, wanted);
  if (!at)
    fail_msg("no %s in %s", key, reply);
  memcpy(out, at + strlen(wanted), n);
  out[n] = 0;
}

static void new_person(struct world *w, const char *card, char person[33]) {
  struct fake *f = &w->f;
  uint64_t id = fake_ask(f, w->conn,
                         "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{"
                         "\"name\":\"Zoë Quill\",\"birth\":1990},\"session\":\"%s\"}",
                         w->bert);
  const char *reply = fake_reply(f, w->conn, id);
  assert_has(reply, "\"decision\":\"done\"");
  copy_member(reply, "person", person, 32);
  id = fake_ask(f, w->conn,
                "{\"command\":{\"type\":\"credential.issue\",\"person\":\"%s\",\"format\":"
                "\"h10301\"},\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"%s\"}},"
                "\"session\":\"%s\"}",
                person, card, w->bert);
  assert_has(fake_reply(f, w->conn, id), "\"done\"");
  id = fake_ask(
      f, w->conn,
      "{\"command\":{\"type\":\"level.grant\",\"person\":\"%s\",\"level\":\"staff\"},\"session\":"
      "\"%s\"}",
      person, w->bert);
  assert_has(fake_reply(f, w->conn, id), "\"done\"");
}

static int start_with(void **state, uint64_t snapshot_every) {
  struct world *w = calloc(1, sizeof *w);
  fake_start(&w->f, PLAN, snapshot_every);
  w->conn = fake_connect(&w->f);
  w->watch = fake_connect(&w->f);
  uint64_t id = fake_frame(&w->f, w->watch, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"));
  assert_has(fake_reply(&w->f, w->watch, id), "true");
  fake_login(&w->f, w->conn, "anna", w->anna);
  fake_login(&w->f, w->conn, "bert", w->bert);
  fake_login(&w->f, w->conn, "carl", w->carl);
  new_person(w, CARD, w->person);
  *state = w;
  return 0;
}

static int start(void **state) {
  return start_with(state, 0);
}

static int start_snapshots(void **state) {
  return start_with(state, 12);
}

/* Whatever was done: what is durable folds to the same state. */
static int end(void **state) {
  struct world *w = *state;
  struct fake *f = &w->f;
  if (!f->fatals) {
    fake_settle(f);
    struct hash now = fake_state(engine_core(f->engine)), again = fake_folded(f);
    assert_memory_equal(now.b, again.b, sizeof now.b);
  }
  fake_end(f);
  free(w);
  return 0;
}

static uint64_t pass_at(struct world *w, const char *reader, const char *card) {
  return fake_ask(&w->f, w->conn,
                  "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"%s\"},"
                  "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"%s\"}}}",
                  reader, card);
}

static uint64_t door(struct world *w, const char *name, const char *sign) {
  return fake_ask(&w->f, w->conn,
                  "{\"command\":{\"type\":\"door.report\",\"door\":\"%s\",\"sign\":\"%s\"}}", name,
                  sign);
}

static const char *next(struct world *w, uint64_t conn) {
  struct frame frame;
  return fake_next(&w->f, conn, &frame);
}

/* --- Durable first --- */

static void nothing_leaves_before_it_is_durable(void **state) {
  struct world *w = *state;
  uint64_t id = pass_at(w, "main-in", CARD);
  assert_non_null(w->f.to_commit);
  assert_null(next(w, w->conn));
  assert_null(next(w, w->watch));
  assert_true(fake_commit(&w->f));
  struct frame frame;
  const char *reply = fake_next(&w->f, w->conn, &frame);
  assert_non_null(reply);
  assert_int_equal(frame.id, id);
  assert_has(reply, "{\"decision\":\"done\",\"entries\":1,\"entry\":{\"at\":\"");
  assert_has(reply, "\"type\":\"passage.granted\",\"v\":1}}");
  const char *effect = fake_next(&w->f, w->watch, &frame);
  assert_int_equal(frame.kind, FRAME_EFFECT);
  char n[32];
  snprintf(n, sizeof n, "\"n\":%llu",
           (unsigned long long)core_next_entry(engine_core(w->f.engine)) - 1);
  assert_has(effect, "{\"before\":");
  assert_has(effect, ",\"door\":\"main\",\"effect\":\"unlock\",\"ms\":");
  assert_has(effect, n);
  assert_has(fake_next(&w->f, w->watch, &frame), "\"signal\":\"granted\"");
  assert_null(next(w, w->watch));
}

struct got {
  char *text;
};

static enum sp_err take_last(void *ctx, uint64_t n, struct span entry) {
  struct got *g = ctx;
  (void)n;
  free(g->text);
  g->text = strndup((const char *)entry.p, entry.n);
  return SP_OK;
}

static void the_reply_holds_the_entry_as_it_is(void **state) {
  struct world *w = *state;
  struct got g = {0};
  char *reply = strdup(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)));
  struct fault why = {0};
  assert_int_equal(store_entries(w->f.store, 0, UINT64_MAX, take_last, &g, &why), SP_OK);
  assert_has(reply, g.text);
  free(g.text);
  free(reply);
}

static void a_failed_commit_opens_nothing(void **state) {
  struct world *w = *state;
  uint64_t first = pass_at(w, "main-in", CARD);
  uint64_t second = door(w, "ward-outer", "opened"); /* gathers meanwhile */
  fake_commit_fails(&w->f);
  assert_int_equal(w->f.fatals, 1);
  assert_true(w->f.fatal.text[0]);
  assert_null(next(w, w->watch));
  struct frame frame;
  const char *reply = fake_next(&w->f, w->conn, &frame);
  assert_int_equal(frame.id, first);
  assert_has(reply, "{\"error\":\"unavailable\"");
  assert_has(reply, "not known whether this was recorded");
  reply = fake_next(&w->f, w->conn, &frame);
  assert_int_equal(frame.id, second);
  assert_has(reply, "unavailable");
  /* And nothing is decided any more. */
  pass_at(w, "main-in", CARD);
  assert_has(next(w, w->conn), "the engine has stopped");
  assert_null(w->f.to_commit);
  fake_wait(&w->f, 60 * USEC_PER_S);
  assert_null(w->f.to_commit);
  assert_int_equal(w->f.fatals, 1);
}

static void a_failure_between_commits_ends_it_too(void **state) {
  struct world *w = *state;
  struct fault why = {.err = SP_FORK, .text = "the log has forked"};
  pass_at(w, "main-in", CARD);
  engine_on_failure(w->f.engine, &why);
  assert_int_equal(w->f.fatals, 1);
  fake_commit(&w->f); /* this one was under way, and is durable, but the answer claims nothing */
  assert_has(next(w, w->conn), "the log has forked");
  assert_null(next(w, w->watch));
}

static void what_comes_meanwhile_makes_the_next_batch(void **state) {
  struct world *w = *state;
  uint64_t before = engine_counts(w->f.engine).batches;
  pass_at(w, "main-in", CARD);
  for (int i = 0; i < 5; i++)
    pass_at(w, "vault-in", CARD);
  assert_int_equal(w->f.to_commit->rows.n_entries, 1);
  assert_true(fake_commit(&w->f));
  assert_int_equal(w->f.to_commit->n_commands, 5);
  assert_true(fake_commit(&w->f));
  assert_null(w->f.to_commit);
  assert_int_equal(engine_counts(w->f.engine).batches - before, 2);
  struct frame frame;
  int replies = 0;
  while (fake_next(&w->f, w->conn, &frame))
    replies++;
  assert_int_equal(replies, 6);
}

/* "exists" would tell of something that a crash could still undo. */
static void what_rests_on_a_batch_waits_for_it(void **state) {
  struct world *w = *state;
  uint64_t first = fake_ask(&w->f, w->conn,
                            "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},"
                            "\"session\":\"%s\"}",
                            w->carl);
  uint64_t again = fake_ask(&w->f, w->conn,
                            "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},"
                            "\"session\":\"%s\"}",
                            w->carl);
  assert_null(next(w, w->conn));
  assert_true(fake_commit(&w->f));
  struct frame frame;
  assert_has(fake_next(&w->f, w->conn, &frame), "\"done\"");
  assert_int_equal(frame.id, first);
  const char *reply = fake_next(&w->f, w->conn, &frame);
  assert_int_equal(frame.id, again);
  assert_string_equal(reply, "{\"decision\":\"rejected\",\"reasons\":[{\"code\":\"already_so\","
                             "\"on\":\"area:ward\",\"text\":\"area ward is already so\"}]}");
  /* With nothing under way it is told at once. */
  fake_ask(&w->f, w->conn,
           "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},\"session\":\"%s\"}",
           w->carl);
  assert_has(next(w, w->conn), "rejected");
  assert_null(w->f.to_commit);
}

static uint64_t ask_locked(struct world *w, uint64_t after) {
  return fake_ask(&w->f, w->conn,
                  "{\"command\":{\"after\":%llu,\"door\":\"main\",\"sign\":\"locked\","
                  "\"type\":\"door.report\"}}",
                  (unsigned long long)after);
}

/* A bolt that was seen out before the unlock arrived may be in by now. */
static void an_older_sign_locks_nothing(void **state) {
  struct world *w = *state;
  const struct core *core = engine_core(w->f.engine);
  fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD));
  uint64_t n = core->doors[0].unlock_n;
  assert_has(fake_reply(&w->f, w->conn, ask_locked(w, n - 1)), "\"entries\":0");
  assert_int_equal(core->doors[0].unlocked, 1);
  assert_has(fake_reply(&w->f, w->conn, ask_locked(w, n)), "door.locked");
  assert_int_equal(core->doors[0].unlocked, 0);
}

/* It may have missed the unlock, and must not carry it out now. */
static void a_line_that_comes_anew_locks(void **state) {
  struct world *w = *state;
  struct frame frame;
  char lock[80];
  pass_at(w, "main-in", CARD);
  uint64_t early = fake_connect(&w->f); /* before it is durable: nothing of it leaves */
  fake_frame(&w->f, early, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"));
  assert_string_equal(fake_next(&w->f, early, &frame), "{\"done\":true}");
  assert_null(next(w, early));
  fake_settle(&w->f);
  assert_has(fake_next(&w->f, early, &frame), "\"effect\":\"unlock\"");
  uint64_t line = fake_connect(&w->f);
  snprintf(lock, sizeof lock, "{\"door\":\"main\",\"effect\":\"lock\",\"n\":%llu}",
           (unsigned long long)engine_core(w->f.engine)->doors[0].unlock_n);
  fake_frame(&w->f, line, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"));
  assert_string_equal(fake_next(&w->f, line, &frame), "{\"done\":true}");
  assert_string_equal(fake_next(&w->f, line, &frame), lock);
  assert_null(next(w, line));
}

#define A_CARD_AT_THE_VAULT                                                                        \
  "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"vault-in\"},\"secret\":{"   \
  "\"card\":{\"format\":\"h10301\",\"value\":\"1\"}}}"
#define LINE(name) SPAN_LIT("{\"effects\":true,\"line\":\"" name "\"}")

static const char *ask_now(struct world *w, uint64_t conn, const char *json) {
  return fake_reply(&w->f, conn, fake_ask(&w->f, conn, "%s", json));
}

/* Who speaks for a line speaks for its readers and their doors, by its name, and for nobody else;
 * when it is gone its readers are offline, and passages there are refused. */
static void a_line_speaks_for_itself(void **state) {
  struct world *w = *state;
  uint64_t line = fake_connect(&w->f), other = fake_connect(&w->f);
  uint64_t id = fake_frame(&w->f, line, FRAME_SUBSCRIBE, LINE("nowhere"));
  assert_has(fake_reply(&w->f, line, id), "no line");
  id = fake_frame(&w->f, line, FRAME_SUBSCRIBE, LINE("entrance"));
  assert_string_equal(fake_reply(&w->f, line, id), "{\"done\":true}");
  id = fake_frame(&w->f, other, FRAME_SUBSCRIBE, LINE("entrance"));
  assert_has(fake_reply(&w->f, other, id), "another process");
  assert_has(ask_now(w, line,
                     "{\"command\":{\"type\":\"reader.report\",\"reader\":\"main-in\",\"sign\":"
                     "\"tampered\"}}"),
             "\"by\":\"line:entrance\"");
  assert_has(ask_now(w, line,
                     "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":"
                     "\"opened\"}}"),
             "\"done\"");
  static const char *const not_its[] = {
      "{\"command\":{\"type\":\"door.report\",\"door\":\"vault\",\"sign\":\"opened\"}}",
      "{\"command\":{\"type\":\"reader.report\",\"reader\":\"vault-in\",\"sign\":\"offline\"}}",
      A_CARD_AT_THE_VAULT,
      "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"}}",
  };
  for (size_t i = 0; i < sizeof not_its / sizeof not_its[0]; i++)
    assert_has(ask_now(w, line, not_its[i]), "\"denied\"");
  engine_on_closed(w->f.engine, line);
  engine_flush(w->f.engine);
  fake_settle(&w->f);
  const struct core *core = engine_core(w->f.engine);
  for (uint32_t r = 0; r < core->plan->n_readers; r++)
    assert_int_equal(core->readers[r].offline, core->plan->readers[r].line == 0);
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "gate_out_of_service");
  /* A key that was ordered while nobody was there is told to whoever comes, until it is set. */
  id = fake_ask(
      &w->f, w->conn,
      "{\"command\":{\"type\":\"reader.rekey\",\"reader\":\"main-in\"},\"session\":\"%s\"}",
      w->anna);
  assert_has(fake_reply(&w->f, w->conn, id), "reader.rekey_ordered");
  id = fake_frame(&w->f, other, FRAME_SUBSCRIBE, LINE("entrance")); /* now it may */
  assert_string_equal(fake_reply(&w->f, other, id), "{\"done\":true}");
  struct frame frame;
  const char *effect = fake_next(&w->f, other, &frame);
  while (effect && frame.kind == FRAME_EFFECT && !strstr(effect, "rekey"))
    effect = fake_next(&w->f, other, &frame);
  assert_has(effect, "{\"effect\":\"rekey\",\"n\":");
  assert_has(effect, ",\"reader\":\"main-in\"}");
  assert_has(ask_now(w, other,
                     "{\"command\":{\"type\":\"reader.report\",\"reader\":\"main-in\",\"sign\":"
                     "\"rekeyed\"}}"),
             "reader.rekeyed");
  uint64_t watch = fake_connect(&w->f);
  id = fake_frame(&w->f, watch, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"));
  fake_reply(&w->f, watch, id);
  effect = fake_next(&w->f, watch, &frame);
  assert_true(!effect || !strstr(effect, "rekey"));
}

static void a_late_unlock_is_dropped(void **state) {
  struct world *w = *state;
  uint32_t margin = core_plan(engine_core(w->f.engine))->rules.relock_margin_ms;
  uint64_t id = pass_at(w, "main-in", CARD);
  w->f.now.mono += (usec)(margin + 1) * USEC_PER_MS; /* the disk took its time */
  fake_commit(&w->f);
  assert_has(fake_reply(&w->f, w->conn, id), "passage.granted");
  assert_has(next(w, w->watch), "\"effect\":\"lock\",\"n\":"); /* in its place */
  assert_has(next(w, w->watch), "signal");
  assert_null(next(w, w->watch));
  assert_int_equal(engine_counts(w->f.engine).unlocks_dropped, 1);
}

static void a_client_that_is_gone_changes_nothing(void **state) {
  struct world *w = *state;
  uint64_t other = fake_connect(&w->f);
  uint64_t entries = core_next_entry(engine_core(w->f.engine));
  fake_ask(&w->f, other,
           "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},\"session\":\"%s\"}",
           w->carl);
  engine_on_closed(w->f.engine, other);
  uint64_t third = fake_connect(&w->f); /* in the same slot */
  assert_int_equal(ENGINE_CONN_SLOT(third), ENGINE_CONN_SLOT(other));
  fake_settle(&w->f);
  assert_int_equal(core_next_entry(engine_core(w->f.engine)), entries + 1);
  assert_null(next(w, third));
}

static void a_crash_loses_nothing_answered(void **state) {
  struct world *w = *state;
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "done");
  struct hash answered = fake_state(engine_core(w->f.engine));
  pass_at(w, "vault-in", CARD); /* decided, not answered */
  fake_crash(&w->f);
  struct hash after = fake_state(engine_core(w->f.engine));
  assert_memory_equal(answered.b, after.b, sizeof after.b);
  uint64_t conn = fake_connect(&w->f);
  char session[65];
  fake_login(&w->f, conn, "anna", session); /* operators are known again */
}

/* --- Bounds --- */

static void too_many_requests_are_busy(void **state) {
  struct world *w = *state;
  pass_at(w, "main-in", CARD); /* under way, and never done */
  uint64_t id = 0;
  for (int i = 0; i < conn_requests_max; i++)
    id = pass_at(w, "vault-in", CARD);
  struct frame frame;
  const char *reply = fake_next(&w->f, w->conn, &frame);
  assert_int_equal(frame.id, id);
  assert_has(reply, "{\"error\":\"busy\"");
  /* Others fill the batch; then they are busy too. */
  uint64_t other = fake_connect(&w->f), mine = w->conn;
  w->conn = other;
  for (int i = 0; i < conn_requests_max; i++)
    pass_at(w, "vault-in", CARD);
  assert_null(fake_next(&w->f, other, &frame));
  w->conn = fake_connect(&w->f);
  pass_at(w, "vault-in", CARD);
  assert_null(next(w, w->conn));
  pass_at(w, "vault-in", CARD);
  assert_has(next(w, w->conn), "busy");
  w->conn = mine;
  fake_settle(&w->f);
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "vault-in", CARD)), "decision");
}

static void too_many_connections_are_refused(void **state) {
  struct world *w = *state;
  const struct engine_peer peer = {.uid = 1, .ours = true}, other = {.uid = 2};
  struct fault why = {0};
  uint64_t conn;
  assert_int_equal(engine_on_connect(w->f.engine, &other, &conn, &why), SP_DENIED);
  for (int i = 2; i < connections_max; i++)
    assert_int_equal(engine_on_connect(w->f.engine, &peer, &conn, &why), SP_OK);
  assert_int_equal(engine_on_connect(w->f.engine, &peer, &conn, &why), SP_BUSY);
  struct buf frame = {0};
  engine_refusal(&why, &frame);
  assert_true(frame.n > frame_header_bytes);
  buf_free(&frame);
}

static void who_does_not_read_is_cut_off(void **state) {
  struct world *w = *state;
  w->f.conns[ENGINE_CONN_SLOT(w->watch)].stuck = conn_unsent_bytes_max;
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "done");
  assert_true(w->f.conns[ENGINE_CONN_SLOT(w->watch)].closed);
  assert_int_equal(engine_counts(w->f.engine).subscribers, 0);
}

/* The same while its own request is being answered, which came in pieces. */
static void who_does_not_read_its_answers(void **state) {
  struct world *w = *state;
  static const char text[] = "{\"status\":{}}";
  uint8_t bytes[frame_header_bytes + sizeof text - 1];
  frame_put(bytes, &(struct frame){FRAME_REQUEST, sizeof text - 1, 1});
  memcpy(bytes + frame_header_bytes, text, sizeof text - 1);
  for (size_t first = 1; first <= sizeof bytes; first++) {
    uint64_t conn = fake_connect(&w->f);
    w->f.conns[ENGINE_CONN_SLOT(conn)].stuck = conn_unsent_bytes_max;
    fake_bytes(&w->f, conn, bytes, first);
    if (first < sizeof bytes)
      fake_bytes(&w->f, conn, bytes + first, sizeof bytes - first);
    assert_true(w->f.conns[ENGINE_CONN_SLOT(conn)].closed);
  }
}

/* --- Operators --- */

static const char *try_login(struct world *w, const char *name, const char *password) {
  uint64_t id =
      fake_ask(&w->f, w->conn, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}", name, password);
  return fake_reply(&w->f, w->conn, id);
}

static void logging_in(void **state) {
  struct world *w = *state;
  assert_has(try_login(w, "anna", fake_password), "\"role\":\"admin\",\"session\":\"");
  char *wrong = strdup(try_login(w, "anna", "not that one"));
  assert_has(wrong, "{\"error\":\"denied\"");
  assert_string_equal(try_login(w, "nobody", fake_password), wrong); /* tells no names */
  free(wrong);
}

static void wrong_passwords_wait(void **state) {
  struct world *w = *state;
  for (int i = 0; i < login_free_tries; i++)
    assert_has(try_login(w, "anna", "not that one"), "is wrong");
  assert_has(try_login(w, "anna", fake_password), "try again in 1 s");
  assert_has(try_login(w, "bert", fake_password), "session"); /* only this one waits */
  fake_wait(&w->f, USEC_PER_S);
  assert_has(try_login(w, "anna", "not that one"), "is wrong");
  assert_has(try_login(w, "anna", fake_password), "try again in 2 s");
  fake_wait(&w->f, 2 * USEC_PER_S);
  assert_has(try_login(w, "anna", fake_password), "session");
  assert_has(try_login(w, "anna", "not that one"), "is wrong"); /* counted anew */
  for (int i = 0; i < login_free_tries; i++)
    try_login(w, "nobody", "x");
  assert_has(try_login(w, "no one", "x"), "try again in");
}

static void many_logins_at_once_are_busy(void **state) {
  struct world *w = *state;
  int busy = 0, n = 0;
  struct frame frame;
  for (int i = 0; i < 5; i++)
    fake_ask(&w->f, w->conn, "{\"login\":{\"name\":\"anna\",\"password\":\"guess\"}}");
  for (const char *t; (t = fake_next(&w->f, w->conn, &frame)); n++)
    busy += strstr(t, "\"busy\"") != NULL;
  assert_int_equal(n, 1);
  assert_int_equal(busy, 1);
  fake_settle(&w->f);
}

static void sessions_end(void **state) {
  struct world *w = *state;
  static const char lock[] = "{\"command\":{\"type\":\"lockdown.start\",\"area\":\"ward\"},"
                             "\"session\":\"%s\"}";
  char session[65];
  fake_login(&w->f, w->conn, "carl", session);
  uint64_t id = fake_ask(&w->f, w->conn, "{\"logout\":{\"session\":\"%s\"}}", session);
  assert_has(fake_reply(&w->f, w->conn, id), "true");
  assert_has(fake_reply(&w->f, w->conn, fake_ask(&w->f, w->conn, lock, session)), "log in again");
  /* Used, it lives on; unused for an hour, it ends; and in any case after half a day. */
  for (int i = 0; i < 11; i++) {
    fake_wait(&w->f, 59 * 60 * USEC_PER_S);
    id = fake_ask(&w->f, w->conn, "{\"command\":{\"type\":\"details.read\"},\"session\":\"%s\"}",
                  w->carl);
    assert_has(fake_reply(&w->f, w->conn, id), "done");
  }
  assert_has(fake_reply(&w->f, w->conn, fake_ask(&w->f, w->conn, lock, w->anna)), "log in again");
  fake_wait(&w->f, 59 * 60 * USEC_PER_S);
  fake_wait(&w->f, 59 * 60 * USEC_PER_S);
  assert_has(fake_reply(&w->f, w->conn, fake_ask(&w->f, w->conn, lock, w->carl)), "log in again");
  /* A clock that is set back prolongs nothing. */
  fake_login(&w->f, w->conn, "carl", session);
  w->f.now.wall -= 3600 * USEC_PER_S;
  w->f.now.mono += 3600 * USEC_PER_S;
  assert_has(fake_reply(&w->f, w->conn, fake_ask(&w->f, w->conn, lock, session)), "log in again");
}

static void there_is_room_for_new_sessions(void **state) {
  struct world *w = *state;
  for (int i = 0; i < sessions_max; i++) {
    fake_wait(&w->f, 1000);
    try_login(w, "bert", fake_password);
  }
  assert_int_equal(engine_counts(w->f.engine).sessions, sessions_max);
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"details.read\"},\"session\":\"%s\"}", w->anna);
  assert_has(fake_reply(&w->f, w->conn, id), "log in again"); /* unused for longest */
}

static const char *add_operator(struct world *w, const char *name, const char *second) {
  char more[100] = "";
  if (second)
    snprintf(more, sizeof more, ",\"second\":\"%s\"", second);
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"operator.add\",\"role\":\"gate\"},\"details\":{"
                         "\"name\":\"%s\"},\"secret\":{\"password\":\"" fake_password
                         "\"},\"session\":\"%s\"%s}",
                         name, w->anna, more);
  return fake_reply(&w->f, w->conn, id);
}

static void what_permits_needs_two(void **state) {
  struct world *w = *state;
  assert_has(add_operator(w, "dora", NULL), "second_operator_required");
  assert_has(add_operator(w, "dora", w->anna), "same_operator");
  const char *done = add_operator(w, "dora", w->carl);
  assert_has(done, "{\"decision\":\"done\"");
  assert_has(done, "\"second\":\"op:");
  assert_has(done, "\"commit\":\"");
  assert_has(add_operator(w, "dora", w->carl), "{\"error\":\"exists\"");
  assert_has(try_login(w, "dora", fake_password), "\"role\":\"gate\"");
  fake_crash(&w->f);
  w->conn = fake_connect(&w->f);
  assert_has(try_login(w, "dora", fake_password), "\"role\":\"gate\"");
}

static void a_disabled_operator_is_out(void **state) {
  struct world *w = *state;
  char id[33];
  copy_member(try_login(w, "bert", fake_password), "operator", id, 32);
  uint64_t asked = fake_ask(&w->f, w->conn,
                            "{\"command\":{\"type\":\"operator.disable\",\"operator\":\"%s\"},"
                            "\"session\":\"%s\"}",
                            id, w->anna);
  assert_has(fake_reply(&w->f, w->conn, asked), "done");
  asked = fake_ask(&w->f, w->conn, "{\"command\":{\"type\":\"details.read\"},\"session\":\"%s\"}",
                   w->bert);
  assert_has(fake_reply(&w->f, w->conn, asked), "log in again");
  assert_has(try_login(w, "bert", fake_password), "may no longer");
}

/* --- Secrets and details --- */

static void secrets_appear_nowhere(void **state) {
  struct world *w = *state;
  static const char other_card[] = "2bcdef1";
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"pin.set\",\"person\":\"%s\"},\"secret\":{"
                         "\"pin\":\"" PIN "\",\"duress\":\"604918273655\"},\"session\":\"%s\"}",
                         w->person, w->bert);
  assert_has(fake_reply(&w->f, w->conn, id), "pin.set");
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "granted");
  fake_reply(&w->f, w->conn, door(w, "main", "opened"));
  fake_reply(&w->f, w->conn, door(w, "main", "closed"));
  static const char *const pins[] = {PIN, "604918273655", "9999999999"};
  static const char *const says[] = {"passage.granted", "passage.granted", "pin_wrong"};
  for (int i = 0; i < 3; i++) {
    id = fake_ask(&w->f, w->conn,
                  "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"vault-in\"},"
                  "\"secret\":{\"pin\":\"%s\",\"card\":{\"format\":\"h10301\",\"value\":\"" CARD
                  "\"}}}",
                  pins[i]);
    assert_has(fake_reply(&w->f, w->conn, id), says[i]);
  }
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", other_card)), "credential_unknown");
  /* In faults neither: every way to get it wrong. */
  static const char *const wrong[] = {
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"" CARD "\",\"" PIN "x\":1}}",
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"pin\":\"" PIN "7\"}}",
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"0" CARD "\"}}}",
      "{\"command\":{\"type\":\"details.read\"},\"secret\":{\"pin\":\"" PIN "\"}}",
      "{\"login\":{\"name\":\"anna\",\"password\":\"" fake_password "\\q\"}}",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    id = fake_frame(&w->f, w->conn, FRAME_REQUEST, span_str(wrong[i]));
    assert_has(fake_reply(&w->f, w->conn, id), "error");
  }
  assert_has(add_operator(w, "dora", w->carl), "done");
  static const char *const secrets[] = {CARD,           other_card,   PIN,
                                        "604918273655", "9999999999", fake_password};
  for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
    if (fake_leaks(&w->f, secrets[i]))
      fail_msg("%s stands somewhere", secrets[i]);
  assert_true(fake_leaks(&w->f, "passage.granted")); /* the search does find things */
}

static void secrets_are_wiped_where_they_came_in(void **state) {
  struct world *w = *state;
  static const char text[] =
      "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"},\"secret\":{"
      "\"card\":{\"format\":\"h10301\",\"value\":\"" CARD "\"}}}";
  uint8_t bytes[frame_header_bytes + sizeof text - 1];
  frame_put(bytes, &(struct frame){FRAME_REQUEST, sizeof text - 1, 1});
  memcpy(bytes + frame_header_bytes, text, sizeof text - 1);
  uint8_t copy[sizeof bytes];
  memcpy(copy, bytes, sizeof copy);
  engine_on_bytes(w->f.engine, w->conn, bytes, sizeof bytes);
  assert_null(memmem(bytes, sizeof bytes, CARD, strlen(CARD)));
  for (size_t i = 0; i < sizeof copy; i++) /* in pieces too */
    engine_on_bytes(w->f.engine, w->conn, copy + i, 1);
  assert_null(memmem(copy, sizeof copy, CARD, strlen(CARD)));
  fake_flush(&w->f);
  fake_settle(&w->f);
}

struct seen {
  struct id subject;
  struct hash opening;
  char json[2000];
  uint64_t n;
  int count;
};

static enum sp_err see(void *ctx, const struct store_details *d) {
  struct seen *s = ctx;
  s->count++;
  s->n = d->n;
  s->opening = d->opening;
  snprintf(s->json, sizeof s->json, "%.*s", (int)d->json.n, (const char *)d->json.p);
  return SP_OK;
}

static void details_are_committed_to_and_erased(void **state) {
  struct world *w = *state;
  struct seen s = {0};
  struct id person;
  struct fault why = {0};
  assert_true(hex_decode(person.b, sizeof person.b, w->person, 32));
  assert_int_equal(store_details(w->f.store, &person, see, &s, &why), SP_OK);
  assert_int_equal(s.count, 1);
  assert_string_equal(s.json, "{\"birth\":1990,\"name\":\"Zoë Quill\"}");
  struct hash commit = details_commit(&s.opening, SPAN_LIT("person.added"), span_str(s.json));
  char hex[65] = {0};
  hex_encode(hex, commit.b, sizeof commit.b);
  assert_true(fake_leaks(&w->f, hex)); /* it stands in the entry */
  struct got g = {0};
  assert_int_equal(store_entries(w->f.store, s.n, s.n + 1, take_last, &g, &why), SP_OK);
  assert_has(g.text, hex);
  assert_null(strstr(g.text, "Quill"));
  free(g.text);
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"details.erase\",\"person\":\"%s\",\"ground\":"
                         "\"court\"},\"session\":\"%s\",\"second\":\"%s\"}",
                         w->person, w->carl, w->anna);
  assert_has(fake_reply(&w->f, w->conn, id), "role_not_permitted");
  assert_int_equal(store_details(w->f.store, &person, see, &s, &why), SP_OK);
  assert_int_equal(s.count, 2); /* still there */
  char rita[65];
  id = fake_ask(&w->f, w->conn,
                "{\"command\":{\"type\":\"operator.add\",\"role\":\"records\"},\"details\":{"
                "\"name\":\"rita\"},\"secret\":{\"password\":\"" fake_password
                "\"},\"session\":\"%s\",\"second\":\"%s\"}",
                w->anna, w->carl);
  assert_has(fake_reply(&w->f, w->conn, id), "done");
  fake_login(&w->f, w->conn, "rita", rita);
  id = fake_ask(&w->f, w->conn,
                "{\"command\":{\"type\":\"details.erase\",\"person\":\"%s\",\"ground\":"
                "\"court\"},\"session\":\"%s\",\"second\":\"%s\"}",
                w->person, rita, w->carl);
  assert_has(fake_reply(&w->f, w->conn, id), "details.erased");
  assert_int_equal(store_details(w->f.store, &person, see, &s, &why), SP_OK);
  assert_int_equal(s.count, 2); /* no more */
  assert_false(fake_leaks(&w->f, "Quill"));
}

/* --- Bad input --- */

static void bad_requests_are_told_why(void **state) {
  struct world *w = *state;
  static const struct {
    const char *text, *error, *says;
  } rows[] = {
      {"", "invalid", "an object in braces"},
      {"[]", "invalid", "an object in braces"},
      {"{", "invalid", "a string in double quotes"},
      {"{}", "invalid", "exactly one of"},
      {"{\"status\":{}} x", "invalid", "nothing comes after"},
      {"{\"status\":{},\"status\":{}}", "invalid", "twice"},
      {"{\"command\":{},\"status\":{}}", "invalid", "exactly one of"},
      {"{\"status\":{},\"session\":\"00\"}", "invalid", "exactly one of"},
      {"{\"frobnicate\":1}", "invalid", "frobnicate\\\" is not known here"},
      {"{\"command\":[]}", "invalid", "command: an object"},
      {"{\"command\":{}}", "invalid", "is missing"},
      {"{\"command\":{\"type\":\"pass.over\"}}", "invalid", "none of this type"},
      {"{\"command\":{\"type\":\"tick\",\"x\":1}}", "invalid", "tick"},
      {"{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"nowhere\"}}",
       "not_found", "no reader \\\"nowhere\\\""},
      {"{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\"}}", "invalid",
       "secret \\\"card\\\" is missing"},
      {"{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"main-in\",\"tag\":"
       "\"000102030405060708090a0b0c0d0e0f\"}}",
       "invalid", "tag"},
      {"{\"command\":{\"type\":\"person.suspend\",\"person\":\"000102030405060708090a0b0c0d0e0f\"}"
       "}",
       "not_found", "there is no person"},
      {"{\"command\":{\"type\":\"details.read\"},\"session\":\"xyz\"}", "invalid", "64 lower-case"},
      {"{\"command\":{\"type\":\"details.read\"},\"session\":"
       "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
       "denied", "log in again"},
      {"{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"rex\",\"late\":true,"
       "\"occurred_at\":\"2026-13-01T00:00:00Z\"}}",
       "invalid", "a time like"},
      {"{\"command\":{\"type\":\"details.read\"},\"details\":{}}", "invalid", "takes no details"},
      {"{\"command\":{\"type\":\"pass\",\"reader\":\"\xff\xfe\"}}", "invalid", "no UTF-8"},
      {"{\"login\":{\"name\":\"\\ud800\",\"password\":\"x\"}}", "invalid", "escape"},
      {"{\"login\":{\"name\":\"anna\"}}", "invalid", "string is expected"},
      {"{\"command\":{\"type\":\"site.create\",\"vkey\":"
       "\"1111111111111111111111111111111111111111111111111111111111111111\"}}",
       NULL, "role_not_permitted"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char want[64];
    uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, span_str(rows[i].text));
    const char *reply = fake_reply(&w->f, w->conn, id);
    if (rows[i].error) {
      snprintf(want, sizeof want, "{\"error\":\"%s\"", rows[i].error);
      assert_has(reply, want);
    }
    assert_has(reply, rows[i].says);
  }
  /* Nested: 15 levels in details are told to be no details, 20000 are told to be too deep. */
  struct buf deep = {0};
  buf_puts(&deep, "{\"command\":");
  for (int i = 0; i < 20000; i++)
    buf_puts(&deep, "[");
  uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, buf_span(&deep));
  assert_has(fake_reply(&w->f, w->conn, id), "nested too deeply");
  buf_free(&deep);
  assert_false(w->f.conns[ENGINE_CONN_SLOT(w->conn)].closed);
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "granted");
}

static void bad_details_are_told_why(void **state) {
  struct world *w = *state;
  static const struct {
    const char *details, *says;
  } rows[] = {
      {"[]", "an object is expected"},
      {"{\"a\":1.5}", "whole ones"},
      {"{\"a\":{\"b\":[1,2e3]}}", "whole ones"},
      {"{\"a\":1,\"a\":2}", "duplicate"},
      {"{\"a\":\"\\u0000\"}", "NUL"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint64_t id = fake_ask(&w->f, w->conn,
                           "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":"
                           "%s,\"session\":\"%s\"}",
                           rows[i].details, w->bert);
    const char *reply = fake_reply(&w->f, w->conn, id);
    assert_has(reply, "{\"error\":\"invalid\"");
    assert_has(reply, rows[i].says);
  }
  struct buf long_text = {0};
  buf_puts(&long_text, "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{"
                       "\"a\":\"");
  for (int i = 0; i < details_max; i++)
    buf_puts(&long_text, "x");
  buf_printf(&long_text, "\"},\"session\":\"%s\"}", w->bert);
  uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, buf_span(&long_text));
  assert_has(fake_reply(&w->f, w->conn, id), "{\"error\":\"limit\"");
  buf_free(&long_text);
}

static void a_broken_frame_ends_the_connection(void **state) {
  struct world *w = *state;
  static const struct {
    uint8_t header[frame_header_bytes];
    const char *says;
  } rows[] = {
      {{'H', 'T', 'T', 'P'}, "no frame"},
      {{'S', 'P', 2, 1}, "version 2"},
      {{'S', 'P', 1, 9}, "no frame of kind 9"},
      {{'S', 'P', 1, 1, 1, 0, 1, 0}, "65537 bytes"},
      {{'S', 'P', 1, 3, 1, 0, 0, 1}, "16777217 bytes"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint64_t conn = fake_connect(&w->f);
    fake_bytes(&w->f, conn, rows[i].header, frame_header_bytes);
    assert_has(next(w, conn), rows[i].says);
    assert_true(w->f.conns[ENGINE_CONN_SLOT(conn)].closed);
  }
  uint64_t id = fake_frame(&w->f, w->conn, FRAME_REPLY, SPAN_LIT("{}"));
  assert_has(fake_reply(&w->f, w->conn, id), "only the engine");
}

/* Every way to cut it short, and every bit flipped: an answer or none, never a crash. */
static void cut_and_flipped_requests(void **state) {
  struct world *w = *state;
  char text[1000];
  int n = snprintf(text, sizeof text,
                   "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\",\"from\":"
                   "\"2026-11-23\"},\"details\":{\"a\":[1,{\"b\":\"\\u00e9\\ud83d\\ude00\"}]},"
                   "\"session\":\"%s\"}",
                   w->bert);
  for (int i = 0; i < n; i++) {
    uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, span_of(text, (size_t)i));
    assert_has(fake_reply(&w->f, w->conn, id), "{\"error\":\"");
  }
  for (int i = 0; i < n * 8; i++) {
    text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
    uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, span_of(text, (size_t)n));
    fake_reply(&w->f, w->conn, id);
    text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
  }
}

static void frames_come_in_any_pieces(void **state) {
  struct world *w = *state;
  struct buf b = {0};
  for (uint64_t i = 1; i <= 3; i++) {
    size_t at = frame_begin(&b, FRAME_REQUEST, 9000 + i);
    buf_puts(&b, "{\"status\":{}}");
    frame_end(&b, at);
  }
  for (size_t piece = 1; piece <= b.n; piece++) {
    for (size_t at = 0; at < b.n; at += piece)
      fake_bytes(&w->f, w->conn, b.p + at, b.n - at < piece ? b.n - at : piece);
    struct frame frame;
    for (uint64_t i = 1; i <= 3; i++) {
      assert_has(fake_next(&w->f, w->conn, &frame), "\"status\":\"serving\"");
      assert_int_equal(frame.id, 9000 + i);
    }
    assert_null(fake_next(&w->f, w->conn, &frame));
  }
  buf_free(&b);
}

/* --- Plans --- */

static void put_hex(char out[65], const struct hash *h) {
  hex_encode(out, h->b, sizeof h->b);
  out[64] = 0;
}

static void applying_a_plan(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  struct plan_faults faults = {0};
  struct plan *plan;
  struct buf yaml = {0}, compiled = {0};
  FILE *file = fopen("tests/system/small.yaml", "r");
  const char *top = getenv("SALLYPORT_SOURCE");
  if (!file && top) {
    char path[600];
    snprintf(path, sizeof path, "%s/tests/system/small.yaml", top);
    file = fopen(path, "r");
  }
  assert_non_null(file);
  assert_true(buf_reserve(&yaml, 1 << 16));
  yaml.n = fread(yaml.p, 1, 1 << 16, file);
  fclose(file);
  buf_puts(&yaml, "\n# another\n");
  assert_int_equal(plan_read(buf_span(&yaml), &plan, &faults), SP_OK);
  snprintf(plan->areas[2].title, sizeof plan->areas[2].title, "Renamed");
  assert_int_equal(plan_blob_encode(plan, &compiled, &why), SP_OK);
  struct hash c = sha256_of(buf_span(&compiled)), s = sha256_of(buf_span(&yaml));
  char ch[65], sh[65], text[600];
  put_hex(ch, &c);
  put_hex(sh, &s);
  snprintf(text, sizeof text,
           "{\"command\":{\"type\":\"plan.apply\",\"compiled\":\"%s\",\"source\":\"%s\"},"
           "\"session\":\"%s\",\"second\":\"%s\"}",
           ch, sh, w->anna, w->carl);
  uint64_t id = fake_ask(&w->f, w->conn, "%s", text);
  assert_has(fake_reply(&w->f, w->conn, id), "{\"error\":\"not_found\"");
  id = fake_frame(&w->f, w->conn, FRAME_BLOB, buf_span(&compiled));
  assert_has(fake_reply(&w->f, w->conn, id), ch);
  id = fake_ask(&w->f, w->conn, "%s", text);
  assert_has(fake_reply(&w->f, w->conn, id), "the written plan was not uploaded");
  id = fake_frame(&w->f, w->conn, FRAME_BLOB, buf_span(&yaml));
  assert_has(fake_reply(&w->f, w->conn, id), sh);
  /* The source is no compiled plan. */
  id = fake_ask(&w->f, w->conn,
                "{\"command\":{\"type\":\"plan.apply\",\"compiled\":\"%s\",\"source\":\"%s\"},"
                "\"session\":\"%s\",\"second\":\"%s\"}",
                sh, ch, w->anna, w->carl);
  assert_has(fake_reply(&w->f, w->conn, id), "{\"error\":\"");
  id = fake_ask(&w->f, w->conn, "%s", text);
  assert_has(fake_reply(&w->f, w->conn, id), "plan.applied");
  assert_string_equal(core_plan(engine_core(w->f.engine))->areas[2].title, "Renamed");
  struct buf stored = {0};
  assert_int_equal(store_blob(w->f.store, &s, &stored, &why), SP_OK);
  assert_true(span_eq(buf_span(&stored), buf_span(&yaml)));
  buf_free(&stored);
  id = fake_ask(&w->f, w->conn, "%s", text); /* they were used up */
  assert_has(fake_reply(&w->f, w->conn, id), "not uploaded");
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "granted");
  buf_free(&yaml);
  buf_free(&compiled);
  plan_faults_free(&faults);
  plan_free(plan);
}

static void blobs_are_bounded(void **state) {
  struct world *w = *state;
  for (uint32_t i = 0; i <= conn_blobs_max; i++) {
    uint64_t id = fake_frame(&w->f, w->conn, FRAME_BLOB, span_of(&i, sizeof i));
    assert_has(fake_reply(&w->f, w->conn, id), i < conn_blobs_max ? "blob" : "limit");
  }
  /* Announced bytes count before they come. */
  uint8_t header[frame_header_bytes];
  frame_put(header, &(struct frame){FRAME_BLOB, blob_bytes_max, 1});
  uint64_t conns[blobs_bytes_max / blob_bytes_max + 1];
  size_t n = sizeof conns / sizeof conns[0];
  for (size_t i = 0; i < n; i++) {
    conns[i] = fake_connect(&w->f);
    fake_bytes(&w->f, conns[i], header, sizeof header);
    assert_int_equal(w->f.conns[ENGINE_CONN_SLOT(conns[i])].closed, i >= n - 2);
  }
  assert_has(next(w, conns[n - 1]), "busy");
  for (size_t i = 0; i < n - 2; i++)
    engine_on_closed(w->f.engine, conns[i]);
  uint64_t conn = fake_connect(&w->f);
  fake_bytes(&w->f, conn, header, sizeof header);
  assert_false(w->f.conns[ENGINE_CONN_SLOT(conn)].closed);
}

/* --- Papers and photos --- */

static void upload(struct world *w, struct span bytes, char hex[65]) {
  struct hash hash = sha256_of(bytes);
  uint64_t id = fake_frame(&w->f, w->conn, FRAME_BLOB, bytes);
  memset(hex, 0, 65);
  hex_encode(hex, hash.b, sizeof hash.b);
  assert_has(fake_reply(&w->f, w->conn, id), hex);
}

static uint64_t photo(struct world *w, const char *hex, const char *session) {
  return fake_ask(&w->f, w->conn,
                  "{\"command\":{\"type\":\"person.photo\",\"person\":\"%s\"},\"details\":{"
                  "\"photo\":\"%s\"},\"session\":\"%s\"}",
                  w->person, hex, session);
}

struct kept {
  uint32_t count;
  uint64_t n;
  struct hash last;
};

static enum sp_err see_paper(void *ctx, const struct store_paper *p) {
  struct kept *k = ctx;
  k->count++;
  k->n = p->n;
  k->last = p->hash;
  return SP_OK;
}

static struct kept papers_kept(struct world *w) {
  struct kept k = {0};
  struct fault why = {0};
  fake_settle(&w->f);
  assert_int_equal(store_papers(w->f.store, see_paper, &k, &why), SP_OK);
  return k;
}

static const char jpeg[] = "\xff\xd8\xff one photo", other_jpeg[] = "\xff\xd8\xff and another";

static void photos_come_before_their_command(void **state) {
  struct world *w = *state;
  char hex[65], gif[65];
  const char *absent = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  assert_has(fake_reply(&w->f, w->conn, photo(w, absent, w->bert)), "not uploaded");
  assert_has(fake_reply(&w->f, w->conn, photo(w, "xyz", w->bert)), "64 lower-case hex digits");
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"person.photo\",\"person\":\"%s\"},"
                         "\"session\":\"%s\"}",
                         w->person, w->bert);
  assert_has(fake_reply(&w->f, w->conn, id), "are missing");
  upload(w, SPAN_LIT("GIF89a is none"), gif);
  assert_has(fake_reply(&w->f, w->conn, photo(w, gif, w->bert)), "no JPEG and no PNG");
  upload(w, span_of(jpeg, sizeof jpeg - 1), hex);
  /* Whoever may not, does not: and it waits for one who may. */
  assert_has(fake_reply(&w->f, w->conn, photo(w, hex, w->anna)), "role_not_permitted");
  assert_int_equal(papers_kept(w).count, 0);
  const char *reply = fake_reply(&w->f, w->conn, photo(w, hex, w->bert));
  assert_has(reply, "person.photographed");
  assert_null(strstr(reply, hex)); /* the entry commits to it, and does not tell it */
  struct kept k = papers_kept(w);
  assert_int_equal(k.count, 1);
  assert_has(fake_reply(&w->f, w->conn, photo(w, hex, w->bert)), "not uploaded"); /* used up */
  assert_true(fake_leaks(&w->f, "one photo"));
}

static void only_the_engine_says_what_is_kept(void **state) {
  struct world *w = *state;
  static const char *const claims[] = {
      "{\"type\":\"order.record\",\"kept\":true}",
      "{\"type\":\"order.write\",\"kept\":true}",
      "{\"type\":\"movement.handover\",\"kept\":true}",
      "{\"type\":\"booking.open\",\"recorded\":[\"identity\"]}",
      "{\"type\":\"booking.open\",\"outstanding\":[\"identity\"]}",
      "{\"type\":\"booking.supplement\",\"recorded\":[\"identity\"]}",
  };
  for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
    uint64_t id =
        fake_ask(&w->f, w->conn, "{\"command\":%s,\"session\":\"%s\"}", claims[i], w->carl);
    const char *reply = fake_reply(&w->f, w->conn, id);
    assert_has(reply, "{\"error\":\"invalid\"");
    assert_has(reply, i < 3 ? "kept" : i == 4 ? "outstanding" : "recorded");
  }
}

/* An erasure and a photo that comes after it, written down together: the later one stays. */
static void what_comes_after_an_erasure_stays(void **state) {
  struct world *w = *state;
  char first[65], second[65], rita[65];
  uint64_t id = fake_ask(&w->f, w->conn,
                         "{\"command\":{\"type\":\"operator.add\",\"role\":\"records\"},"
                         "\"details\":{\"name\":\"rita\"},\"secret\":{\"password\":"
                         "\"" fake_password "\"},\"session\":\"%s\",\"second\":\"%s\"}",
                         w->anna, w->carl);
  assert_has(fake_reply(&w->f, w->conn, id), "done");
  fake_login(&w->f, w->conn, "rita", rita);
  upload(w, span_of(jpeg, sizeof jpeg - 1), first);
  upload(w, span_of(other_jpeg, sizeof other_jpeg - 1), second);
  fake_settle(&w->f);
  pass_at(w, "main-in", CARD); /* is being made durable: all that follows is one batch */
  photo(w, first, rita);
  fake_ask(&w->f, w->conn,
           "{\"command\":{\"type\":\"details.erase\",\"person\":\"%s\",\"ground\":\"court\"},"
           "\"session\":\"%s\",\"second\":\"%s\"}",
           w->person, rita, w->carl);
  photo(w, second, rita);
  struct kept k = papers_kept(w);
  assert_int_equal(k.count, 1);
  struct hash is = sha256_of(span_of(other_jpeg, sizeof other_jpeg - 1));
  assert_memory_equal(k.last.b, is.b, sizeof is.b);
  assert_false(fake_leaks(&w->f, "one photo"));
  assert_true(fake_leaks(&w->f, "and another"));
  struct seen s = {0};
  struct id person;
  struct fault why = {0};
  assert_true(hex_decode(person.b, sizeof person.b, w->person, 32));
  assert_int_equal(store_details(w->f.store, &person, see, &s, &why), SP_OK);
  assert_int_equal(s.count, 1);
  assert_has(s.json, "image/jpeg");
}

/* --- Time --- */

static void doors_relock_in_time(void **state) {
  struct world *w = *state;
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "granted");
  uint64_t entries = core_next_entry(engine_core(w->f.engine));
  fake_wait(&w->f, 60 * USEC_PER_S);
  fake_settle(&w->f);
  assert_true(core_next_entry(engine_core(w->f.engine)) > entries);
  assert_true(fake_leaks(&w->f, "passage.not_taken"));
  assert_true(fake_leaks(&w->f, "\"by\":\"core\",\"command\":{\"type\":\"tick\"}"));
  assert_int_equal(w->f.timer, TIME_ABSENT);
}

static usec last_at(struct world *w) {
  return core_last_at(engine_core(w->f.engine));
}

static void a_clock_that_steps_back(void **state) {
  struct world *w = *state;
  fake_reply(&w->f, w->conn, door(w, "main", "rex"));
  usec before = last_at(w);
  /* A little is tolerated. */
  w->f.now.wall -= 1000;
  fake_reply(&w->f, w->conn, door(w, "main", "rex"));
  assert_int_equal(last_at(w), before);
  assert_false(fake_leaks(&w->f, "\"clock\":\"untrusted\""));
  /* An hour is not. */
  w->f.now.wall -= 3600 * USEC_PER_S;
  const char *reply = fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD));
  assert_has(reply, "\"clock\":\"untrusted\"");
  assert_has(reply, "{\"code\":\"clock\""); /* the boundary is closed meanwhile */
  assert_true(last_at(w) >= before);
  assert_int_equal(w->f.warnings, 1);
  /* Time goes on, more slowly, so doors relock; and the wall clock catches up. */
  fake_reply(&w->f, w->conn, door(w, "main", "opened"));
  fake_reply(&w->f, w->conn, door(w, "main", "closed"));
  usec then = last_at(w);
  fake_wait(&w->f, 100 * USEC_PER_S);
  fake_reply(&w->f, w->conn, door(w, "main", "rex"));
  assert_int_equal(last_at(w) - then, 50 * USEC_PER_S);
  fake_wait(&w->f, 7200 * USEC_PER_S);
  reply = fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD));
  assert_null(strstr(reply, "untrusted"));
  assert_has(reply, "granted");
  assert_int_equal(last_at(w), w->f.now.wall);
}

/* The reader's timer knows nothing of it: the door is unlocked for as long as before. */
static void a_clock_that_steps_forward(void **state) {
  struct world *w = *state;
  const struct door_state *d = &engine_core(w->f.engine)->doors[0];
  fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD));
  usec left = d->relock_at - last_at(w);
  w->f.now.wall += 3600 * USEC_PER_S;
  fake_reply(&w->f, w->conn, pass_at(w, "main-in", "77"));
  assert_int_equal(last_at(w), w->f.now.wall);
  assert_int_equal(d->unlocked, 1);
  assert_int_equal(d->relock_at - last_at(w), left);
  assert_true(fake_leaks(&w->f, "\"type\":\"clock.stepped\""));
  fake_wait(&w->f, left - 1);
  assert_int_equal(d->unlocked, 1);
  fake_wait(&w->f, 1000);
  assert_int_equal(d->unlocked, 0);
  /* Small steps count together; where nothing runs, nothing is written. */
  uint64_t entries = core_next_entry(engine_core(w->f.engine));
  w->f.now.wall += 3600 * USEC_PER_S;
  fake_reply(&w->f, w->conn, door(w, "main", "locked"));
  assert_int_equal(core_next_entry(engine_core(w->f.engine)), entries);
}

static void timers_run_while_the_clock_is_behind(void **state) {
  struct world *w = *state;
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "granted");
  w->f.now.wall -= 86400 * USEC_PER_S;
  fake_wait(&w->f, 60 * USEC_PER_S);
  fake_settle(&w->f);
  assert_true(fake_leaks(&w->f, "passage.not_taken"));
}

static void a_clock_that_was_never_set(void **state) {
  struct world *w = *state;
  w->f.now.trusted = false;
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "main-in", CARD)), "{\"code\":\"clock\"");
}

/* --- Snapshots, stopping --- */

static void snapshots_come_at_intervals(void **state) {
  struct world *w = *state;
  for (int i = 0; i < 30; i++)
    fake_reply(&w->f, w->conn, pass_at(w, "vault-in", CARD));
  assert_true(engine_counts(w->f.engine).snapshots >= 2);
  struct store_snapshot list[store_snapshots_max];
  uint32_t n;
  struct fault why = {0};
  assert_int_equal(store_snapshot_list(w->f.store, list, &n, &why), SP_OK);
  assert_int_equal(n, 2); /* older ones are dropped */
  char hex[65];
  put_hex(hex, &list[0].hash);
  struct got g = {0};
  assert_int_equal(store_entries(w->f.store, list[0].n, list[0].n + 1, take_last, &g, &why), SP_OK);
  assert_has(g.text, "snapshot.taken");
  assert_has(g.text, hex);
  free(g.text);
  struct hash now = fake_state(engine_core(w->f.engine));
  fake_crash(&w->f);
  assert_int_equal(w->f.fold.folded_from, list[0].n);
  struct hash again = fake_state(engine_core(w->f.engine));
  assert_memory_equal(now.b, again.b, sizeof now.b);
}

static void a_snapshot_that_cannot_be_written_is_no_obstacle(void **state) {
  struct world *w = *state;
  for (int i = 0; i < 40 && !w->f.has_snapshot; i++) {
    pass_at(w, "vault-in", CARD);
    fake_commit(&w->f);
  }
  assert_true(w->f.has_snapshot);
  const struct fault why = {.err = SP_IO, .text = "the disk is full"};
  w->f.has_snapshot = false;
  uint32_t warnings = w->f.warnings;
  engine_on_snapshot(w->f.engine, SP_IO, &why);
  assert_int_equal(w->f.warnings, warnings + 1);
  assert_has(fake_reply(&w->f, w->conn, pass_at(w, "vault-in", CARD)), "decision");
}

static void a_clean_stop(void **state) {
  struct world *w = *state;
  uint64_t id = pass_at(w, "main-in", CARD);
  engine_stop(w->f.engine);
  uint64_t late = pass_at(w, "main-in", CARD);
  assert_false(w->f.stopped);
  assert_has(fake_reply(&w->f, w->conn, late), "stopping"); /* settles */
  assert_true(w->f.stopped);
  (void)id;
  struct store_snapshot list[store_snapshots_max];
  uint32_t n;
  struct fault why = {0};
  assert_int_equal(store_snapshot_list(w->f.store, list, &n, &why), SP_OK);
  assert_int_equal(n, 1);
  /* Starting and stopping again writes nothing. */
  fake_crash(&w->f);
  assert_int_equal(w->f.fold.folded_from, list[0].n);
  uint64_t entries = core_next_entry(engine_core(w->f.engine));
  engine_stop(w->f.engine);
  fake_flush(&w->f);
  assert_true(w->f.stopped);
  assert_int_equal(core_next_entry(engine_core(w->f.engine)), entries);
}

/* --- Memory --- */

/* Each allocation fails in turn: an error or an answer, and never a state that the journal does
 * not have. */
static void memory_runs_out(void **state) {
  struct world *w = *state;
  char text[2][600];
  snprintf(text[0], sizeof text[0],
           "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{\"name\":\"X\"},"
           "\"session\":\"%s\"}",
           w->bert);
  snprintf(text[1], sizeof text[1],
           "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"vault-in\"},"
           "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"" CARD "\"}}}");
  for (int t = 0; t < 2; t++)
    for (uint64_t i = 0;; i++) {
      fake_crash(&w->f); /* buffers are small again */
      w->conn = fake_connect(&w->f);
      if (t == 0) {
        fake_login(&w->f, w->conn, "bert", w->bert);
        snprintf(text[0], sizeof text[0],
                 "{\"command\":{\"type\":\"person.add\",\"kind\":\"staff\"},\"details\":{\"name\":"
                 "\"X\"},\"session\":\"%s\"}",
                 w->bert);
      }
      struct buf b = {0};
      size_t at = frame_begin(&b, FRAME_REQUEST, 1);
      buf_puts(&b, text[t]);
      frame_end(&b, at);
      buf_reserve(&w->f.conns[ENGINE_CONN_SLOT(w->conn)].out, 4096);
      sp_alloc_fail_after(i, false);
      engine_on_bytes(w->f.engine, w->conn, b.p, b.n);
      engine_flush(w->f.engine);
      uint64_t asked = sp_alloc_fail_after(UINT64_MAX, false);
      buf_free(&b);
      fake_settle(&w->f);
      struct hash now = fake_state(engine_core(w->f.engine)), again = fake_folded(&w->f);
      assert_memory_equal(now.b, again.b, sizeof now.b);
      if (asked <= i)
        break;
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
  const struct CMUnitTest tests[] = {
      TEST(nothing_leaves_before_it_is_durable),
      TEST(the_reply_holds_the_entry_as_it_is),
      TEST(a_failed_commit_opens_nothing),
      TEST(a_failure_between_commits_ends_it_too),
      TEST(what_comes_meanwhile_makes_the_next_batch),
      TEST(what_rests_on_a_batch_waits_for_it),
      TEST(an_older_sign_locks_nothing),
      TEST(a_line_that_comes_anew_locks),
      TEST(a_line_speaks_for_itself),
      TEST(a_late_unlock_is_dropped),
      TEST(a_client_that_is_gone_changes_nothing),
      TEST(a_crash_loses_nothing_answered),
      TEST(too_many_requests_are_busy),
      TEST(too_many_connections_are_refused),
      TEST(who_does_not_read_is_cut_off),
      TEST(who_does_not_read_its_answers),
      TEST(logging_in),
      TEST(wrong_passwords_wait),
      TEST(many_logins_at_once_are_busy),
      TEST(sessions_end),
      TEST(there_is_room_for_new_sessions),
      TEST(what_permits_needs_two),
      TEST(a_disabled_operator_is_out),
      TEST(secrets_appear_nowhere),
      TEST(secrets_are_wiped_where_they_came_in),
      TEST(details_are_committed_to_and_erased),
      TEST(bad_requests_are_told_why),
      TEST(bad_details_are_told_why),
      TEST(a_broken_frame_ends_the_connection),
      TEST(cut_and_flipped_requests),
      TEST(frames_come_in_any_pieces),
      TEST(applying_a_plan),
      TEST(blobs_are_bounded),
      TEST(photos_come_before_their_command),
      TEST(only_the_engine_says_what_is_kept),
      TEST(what_comes_after_an_erasure_stays),
      TEST(doors_relock_in_time),
      TEST(a_clock_that_steps_back),
      TEST(a_clock_that_steps_forward),
      TEST(timers_run_while_the_clock_is_behind),
      TEST(a_clock_that_was_never_set),
      cmocka_unit_test_setup_teardown(snapshots_come_at_intervals, start_snapshots, end),
      cmocka_unit_test_setup_teardown(a_snapshot_that_cannot_be_written_is_no_obstacle,
                                      start_snapshots, end),
      TEST(a_clean_stop),
      TEST(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
