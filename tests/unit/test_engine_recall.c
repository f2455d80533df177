/* A recall is due in the instant of the order that causes it: the engine raises it before whatever
 * comes next, be it a command that came in the same read, or a snapshot. */
#include "engine_fake.h"

#include "core/state.h"
#include "plan/plan_read.h"
#include "store/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What an admission has to say (docs/register.md). */
#define REGISTER                                                                                   \
  "{\"identity\":\"Dina\",\"identity_by\":\"papers\",\"gender\":\"woman\",\"deprived_at\":"        \
  "\"2026-11-18T05:40:00Z\",\"deprived_where\":\"Harbour Street\",\"deprived_by\":\"police\","     \
  "\"grounds\":\"remand\",\"supervised_by\":\"court\",\"place_authority\":\"prison service\","     \
  "\"health\":\"well\",\"injuries\":\"none\",\"ill_treatment\":\"none\",\"property\":\"none\","    \
  "\"family\":\"none\",\"children\":\"none\",\"emergency_contact\":\"unknown\",\"next_of_kin\":"   \
  "\"unknown\"}"

enum { ANNA, BERT, CARL, RITA, LENA, n_operators };

struct world {
  struct fake f;
  uint64_t conn;
  char session[n_operators][65];
};

static const struct site_operator operators[n_operators] = {
#define PASSWORD SPAN_LIT(fake_password)
    {"anna", ROLE_ADMIN, PASSWORD}, {"bert", ROLE_DESK, PASSWORD},
    {"carl", ROLE_SHIFT, PASSWORD}, {"rita", ROLE_RECORDS, PASSWORD},
    {"lena", ROLE_LEGAL, PASSWORD},
};

static void log_in(struct world *w) {
  w->conn = fake_connect(&w->f);
  for (uint32_t i = BERT; i < n_operators; i++)
    fake_login(&w->f, w->conn, operators[i].name, w->session[i]);
}

static struct buf file_of(const char *name) {
  char path[600];
  struct buf b = {0};
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
  FILE *f = fopen(path, "r");
  if (!f)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  size_t n;
  while (buf_reserve(&b, 65536) && (n = fread(b.p + b.n, 1, 65536, f)) > 0)
    b.n += n;
  fclose(f);
  return b;
}

static void found(struct world *w) {
  struct buf yaml = file_of("tests/system/small.yaml");
  struct plan *plan;
  struct plan_faults faults = {0};
  struct fault why = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &plan, &faults), SP_OK);
  struct fake_site site = {.plan = plan,
                           .source = buf_span(&yaml),
                           .operators = operators,
                           .n_operators = n_operators,
                           .at = INT64_C(1795000000) * USEC_PER_S};
  assert_int_equal(store_memory_open(&site.store, &why), SP_OK);
  fake_found(&w->f, &site);
  plan_faults_free(&faults);
  plan_free(plan);
  buf_free(&yaml);
}

/* --- Asking --- */

static const struct core *core_of(const struct world *w) {
  return engine_core(w->f.engine);
}

/* `command` without its braces; `more` after it, or "". */
static void asks(struct buf *out, const struct world *w, const char *command, const char *more,
                 unsigned who, unsigned second) {
  buf_printf(out, "{\"command\":{%s}%s,\"session\":\"%s\"", command, more, w->session[who]);
  if (second != who)
    buf_printf(out, ",\"second\":\"%s\"", w->session[second]);
  buf_puts(out, "}");
}

static void ask(struct world *w, const char *command, const char *more, unsigned who,
                unsigned second) {
  struct buf b = {0};
  asks(&b, w, command, more, who, second);
  uint64_t id = fake_frame(&w->f, w->conn, FRAME_REQUEST, buf_span(&b));
  const char *reply = fake_reply(&w->f, w->conn, id);
  if (!strstr(reply, "\"decision\":\"done\""))
    fail_msg("%s: %s", buf_cstr(&b), reply);
  buf_free(&b);
}

static const char *hex_of(const struct id *id) {
  static char hex[4][33];
  static unsigned at;
  char *out = hex[at++ % 4];
  hex_encode(out, id->b, sizeof id->b);
  out[32] = 0;
  return out;
}

static const char *order_of(const struct world *w, uint32_t i) {
  return hex_of(&core_of(w)->orders[i].id);
}

/* --- A detainee on the way --- */

static void order(struct world *w, const char *rest) {
  char text[400];
  snprintf(text, sizeof text,
           "\"type\":\"order.record\",\"issuer\":\"district\",\"person\":\"%s\",%s",
           hex_of(&core_of(w)->persons[0].id), rest);
  ask(w, text, "", RITA, RITA);
  snprintf(text, sizeof text, "\"type\":\"order.authenticate\",\"order\":\"%s\"",
           order_of(w, core_of(w)->head.n_orders - 1));
  ask(w, text, "", LENA, LENA);
}

static void about(struct world *w, const char *type, const char *more, unsigned who,
                  unsigned second) {
  char text[400];
  const struct core *core = core_of(w);
  snprintf(text, sizeof text, "\"type\":\"%s\",\"movement\":\"%s\",\"person\":\"%s\"%s", type,
           hex_of(&core->movements[0].id), hex_of(&core->persons[0].id), more);
  ask(w, text, "", who, second);
}

static void of_movement(struct world *w, const char *type, unsigned who, unsigned second) {
  char text[200];
  snprintf(text, sizeof text, "\"type\":\"%s\",\"movement\":\"%s\"", type,
           hex_of(&core_of(w)->movements[0].id));
  ask(w, text, "", who, second);
}

static void through(struct world *w, const char *reader) {
  static const char *const signs[] = {"opened", "closed", "locked"};
  uint64_t id =
      fake_ask(&w->f, w->conn,
               "{\"command\":{\"type\":\"pass\",\"biometric\":\"none\",\"reader\":\"%s\"},"
               "\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"a1b2c3\"}}}",
               reader);
  const char *reply = fake_reply(&w->f, w->conn, id);
  if (!strstr(reply, "passage.granted"))
    fail_msg("%s: %s", reader, reply);
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
    id = fake_ask(&w->f, w->conn,
                  "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"%s\"}}",
                  signs[i]);
    fake_reply(&w->f, w->conn, id);
  }
}

static void give_card(struct world *w) {
  char text[300];
  const char *person = hex_of(&core_of(w)->persons[0].id);
  snprintf(text, sizeof text,
           "\"type\":\"credential.issue\",\"person\":\"%s\",\"format\":\"h10301\"", person);
  ask(w, text, ",\"secret\":{\"card\":{\"format\":\"h10301\",\"value\":\"a1b2c3\"}}", BERT, BERT);
  snprintf(text, sizeof text, "\"type\":\"level.grant\",\"person\":\"%s\",\"level\":\"visitor\"",
           person);
  ask(w, text, "", BERT, BERT);
}

static void take_away(struct world *w) {
  char text[400];
  ask(w, "\"type\":\"authority.add\",\"authority\":\"district\"", "", RITA, LENA);
  ask(w, "\"type\":\"place.add\",\"place\":\"jail-b\",\"country\":\"us\"", "", RITA, LENA);
  ask(w, "\"type\":\"basis.add\",\"basis\":\"code\"", "", RITA, LENA);
  ask(w, "\"type\":\"person.add\",\"kind\":\"detainee\"", "", BERT, BERT);
  order(w, "\"kind\":\"commitment\",\"basis\":\"code\"");
  snprintf(text, sizeof text, "\"type\":\"booking.open\",\"person\":\"%s\",\"order\":\"%s\"",
           hex_of(&core_of(w)->persons[0].id), order_of(w, 0));
  ask(w, text, ",\"details\":" REGISTER, BERT, BERT);
  give_card(w);
  through(w, "main-in");
  order(w, "\"kind\":\"transfer\",\"basis\":\"code\",\"to\":\"jail-b\"");
  ask(w,
      "\"type\":\"movement.propose\",\"kind\":\"transfer\",\"to\":\"jail-b\",\"receiver\":"
      "\"district\"",
      "", RITA, RITA);
  snprintf(text, sizeof text, ",\"order\":\"%s\"", order_of(w, 1));
  about(w, "manifest.add", text, RITA, RITA);
  of_movement(w, "movement.authorise", LENA, LENA);
  snprintf(text, sizeof text, ",\"presented\":\"%s\",\"biometric\":\"match\"",
           hex_of(&core_of(w)->persons[0].id));
  about(w, "identity.confirm", text, CARL, CARL);
  about(w, "movement.board", "", CARL, CARL);
  through(w, "main-out");
  of_movement(w, "movement.depart", CARL, LENA);
  assert_non_null(active_member(core_of(w), 0));
  assert_int_equal(active_member(core_of(w), 0)->state, MEMBER_DEPARTED);
}

static int start(void **state) {
  struct world *w = calloc(1, sizeof *w);
  found(w);
  log_in(w);
  take_away(w);
  *state = w;
  return 0;
}

/* What is durable folds to the same state. */
static int end(void **state) {
  struct world *w = *state;
  fake_settle(&w->f);
  assert_int_equal(w->f.fatals, 0);
  struct hash now = fake_state(core_of(w)), again = fake_folded(&w->f);
  assert_memory_equal(now.b, again.b, sizeof now.b);
  fake_end(&w->f);
  free(w);
  return 0;
}

/* --- What was written, and in which sequence --- */

static enum sp_err put_type(void *ctx, uint64_t n, struct span bytes) {
  struct buf *out = ctx;
  static const char key[] = "\"type\":\"";
  const uint8_t *last = NULL; /* of the entry itself: that of its command comes before */
  (void)n;
  for (const uint8_t *p = bytes.p; (p = memmem(p, bytes.n - (size_t)(p - bytes.p), key, 8)); p += 8)
    last = p + 8;
  SP_ASSERT(last);
  const uint8_t *quote = memchr(last, '"', bytes.n - (size_t)(last - bytes.p));
  buf_printf(out, "%s%.*s", out->n ? " " : "", (int)(quote - last), (const char *)last);
  return SP_OK;
}

static void expect_since(struct world *w, uint64_t n, const char *types) {
  struct buf is = {0};
  struct fault why = {0};
  fake_settle(&w->f);
  assert_int_equal(store_entries(w->f.store, n, UINT64_MAX, put_type, &is, &why), SP_OK);
  assert_string_equal(buf_cstr(&is), types);
  buf_free(&is);
}

static void put_stay(struct buf *out, const struct world *w) {
  char text[300];
  snprintf(text, sizeof text,
           "\"type\":\"order.record\",\"kind\":\"stay\",\"issuer\":\"district\",\"person\":\"%s\"",
           hex_of(&core_of(w)->persons[0].id));
  asks(out, w, text, "", RITA, RITA);
}

static void a_command_of_the_same_read(void **state) {
  struct world *w = *state;
  struct buf bytes = {0};
  size_t at = frame_begin(&bytes, FRAME_REQUEST, ++w->f.next_request);
  put_stay(&bytes, w);
  frame_end(&bytes, at);
  for (int i = 0; i < 2; i++) {
    at = frame_begin(&bytes, FRAME_REQUEST, ++w->f.next_request);
    asks(&bytes, w, "\"type\":\"person.add\",\"kind\":\"visitor\"", "", BERT, BERT);
    frame_end(&bytes, at);
  }
  uint64_t n = core_next_entry(core_of(w));
  fake_bytes(&w->f, w->conn, bytes.p, bytes.n);
  buf_free(&bytes);
  expect_since(w, n, "order.recorded order.conflicts recall.raised person.added person.added");
}

/* The order's own entries are those that make a snapshot due. */
static void a_snapshot(void **state) {
  struct world *w = *state;
  struct buf text = {0};
  fake_settle(&w->f);
  uint64_t n = core_next_entry(core_of(w));
  fake_kill(&w->f);
  fake_restart(&w->f, n + 1);
  log_in(w);
  assert_int_equal(core_next_entry(core_of(w)), n);
  put_stay(&text, w);
  fake_frame(&w->f, w->conn, FRAME_REQUEST, buf_span(&text));
  buf_free(&text);
  expect_since(w, n, "order.recorded order.conflicts recall.raised snapshot.taken");
  assert_int_equal(engine_counts(w->f.engine).snapshots, 1);
  /* And whoever starts from it has nothing to make up for. */
  struct hash now = fake_state(core_of(w));
  fake_crash(&w->f);
  assert_int_equal(w->f.fold.folded_from, n + 3);
  struct hash again = fake_state(core_of(w));
  assert_memory_equal(now.b, again.b, sizeof now.b);
}

/* Nothing else comes: by the timer, at once. */
static void nothing_at_all(void **state) {
  struct world *w = *state;
  struct buf text = {0};
  uint64_t n = core_next_entry(core_of(w));
  put_stay(&text, w);
  fake_frame(&w->f, w->conn, FRAME_REQUEST, buf_span(&text));
  buf_free(&text);
  fake_wait(&w->f, 1);
  expect_since(w, n, "order.recorded order.conflicts recall.raised");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_command_of_the_same_read, start, end),
      cmocka_unit_test_setup_teardown(a_snapshot, start, end),
      cmocka_unit_test_setup_teardown(nothing_at_all, start, end),
  };
  return cmocka_run_group_tests_name("recalls through the engine", tests, NULL, NULL);
}
