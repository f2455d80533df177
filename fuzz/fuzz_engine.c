/* What clients send, through the real engine of a small site: a step a line.
 *
 *   {…              a request: a frame is made of it; '@' as in site.h
 *   &{…             the same, and the next comes before anything is committed
 *   #K TEXT         a frame of kind K (a digit) with this payload
 *   %K              plan K of the site's (a digit) is uploaded, compiled and written
 *   =BYTES          these bytes as they are, as a client may send them
 *   +MS             time passes
 *   <MS             the wall clock steps back
 *   !               the engine is killed and starts again; ~ the client hangs up and comes again
 *
 * Whatever came: what is durable folds to the engine's state, the state is sound, what was sent are
 * whole frames of JSON, and the engine can live on. */
#include "core/state.h"
#include "fuzz/exercise.h"
#include "fuzz/site.h"

#include <string.h>

#include <jansson.h>

enum { steps_max = 64 };

struct client {
  struct fake *f;
  uint64_t conn;
  bool logged_in;
  char sessions[site_operators][65];
};

static void hear(struct client *c) {
  struct frame frame;
  for (const char *text; (text = fake_next(c->f, c->conn, &frame));) {
    json_error_t error;
    json_t *j = json_loadb(text, frame.length, JSON_REJECT_DUPLICATES, &error);
    MUST_HOLD(j && json_is_object(j));
    json_decref(j);
    MUST_HOLD(frame.kind == FRAME_REPLY || frame.kind == FRAME_EFFECT);
  }
}

static void come(struct client *c) {
  c->conn = fake_connect(c->f);
  fake_frame(c->f, c->conn, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"));
}

static void come_again(struct client *c) {
  if (!c->f->conns[ENGINE_CONN_SLOT(c->conn)].closed) {
    engine_on_closed(c->f->engine, c->conn);
    engine_flush(c->f->engine);
  }
  come(c);
}

/* Sessions cost a password hash each, so only who is asked for. */
static void log_in(struct client *c, struct span text) {
  static const char *const names[site_operators] = {"anna", "bert", "carl", "gita",
                                                    "rosa", "lena", "otto"};
  for (uint32_t i = 0; i < site_operators && !c->f->fatals; i++) {
    const char word[] = {'@', (char)('A' + i), 0};
    if (!c->sessions[i][0] && span_has(text, word)) {
      uint64_t other = fake_connect(c->f);
      fake_login(c->f, other, names[i], c->sessions[i]);
      engine_on_closed(c->f->engine, other);
      c->logged_in = true;
    }
  }
}

/* What nobody's password is compared with costs a quarter of a second, and fits nothing anyway. */
static void make_cheap(struct fake *f) {
  for (uint32_t i = 0; i < f->n_jobs; i++)
    if (f->jobs[i]->verifier.n > fake_password_n)
      f->jobs[i]->verifier.n = fake_password_n;
}

static void ask(struct client *c, enum frame_kind kind, struct span text) {
  struct buf b = {0};
  log_in(c, text);
  fuzz_site_expand(text, engine_core(c->f->engine), c->sessions, &b);
  if (b.n < request_bytes_max)
    fake_frame(c->f, c->conn, kind, buf_span(&b));
  make_cheap(c->f);
  buf_free(&b);
}

static usec milliseconds(struct span text) {
  usec ms = 0;
  for (size_t i = 0; i < text.n && i < 8 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
    ms = ms * 10 + (text.p[i] - '0');
  return ms * USEC_PER_MS;
}

static void kill_engine(struct client *c) {
  memset(c->sessions, 0, sizeof c->sessions);
  fake_crash(c->f);
  come(c);
}

static void upload(struct client *c, uint32_t plan) {
  const struct fuzz_site *s = fuzz_site();
  const struct hash *const hashes[2] = {&s->compiled[plan % site_plans],
                                        &s->source[plan % site_plans]};
  for (int i = 0; i < 2; i++) {
    struct buf b = {0};
    MUST_DO(store_blob(s->fake.store, hashes[i], &b, must));
    fake_frame(c->f, c->conn, FRAME_BLOB, buf_span(&b));
    buf_free(&b);
  }
}

/* A step; true: the next one comes before anything is committed. */
static bool step(struct client *c, struct span line) {
  struct span rest = span_of(line.p + 1, line.n - 1);
  switch (line.p[0]) {
  case '&':
    ask(c, FRAME_REQUEST, rest);
    return true;
  case '#':
    if (rest.n)
      ask(c, (enum frame_kind)(rest.p[0] - '0'), span_of(rest.p + 1, rest.n - 1));
    break;
  case '%':
    upload(c, rest.n ? rest.p[0] : 0);
    break;
  case '=':
    fake_bytes(c->f, c->conn, rest.p, rest.n);
    break;
  case '+':
    fake_wait(c->f, milliseconds(rest));
    break;
  case '<':
    c->f->now.wall -= milliseconds(rest);
    break;
  case '!':
    kill_engine(c);
    break;
  case '~':
    come_again(c);
    break;
  default:
    ask(c, FRAME_REQUEST, line);
  }
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  struct client c = {.f = fuzz_site_again()};
  come(&c);
  for (unsigned i = 0; in.n && i < steps_max; i++) {
    struct span line = cut_line(&in);
    if (line.n && step(&c, line))
      continue;
    fake_settle(c.f);
    hear(&c);
    if (c.f->conns[ENGINE_CONN_SLOT(c.conn)].closed)
      come(&c);
  }
  fake_settle(c.f);
  MUST_HOLD(c.f->fatals == 0);
  const struct core *core = engine_core(c.f->engine);
  struct hash now = fake_state(core), again = fake_folded(c.f);
  MUST_HOLD(memcmp(&now, &again, sizeof now) == 0);
  exercise_check(core);
  if (!span_has(span_of(p, n), fake_password))
    MUST_HOLD(!fake_leaks(c.f, fake_password));
  return 0;
}
