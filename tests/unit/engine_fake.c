#include "engine_fake.h"

#include "core/state.h"
#include "engine/knowing.h"
#include "journal/sha256.h"
#include "plan/plan_read.h"
#include "store/store_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define MUST(call)                                                                                 \
  do {                                                                                             \
    struct fault must_ = {0};                                                                      \
    struct fault *must = &must_;                                                                   \
    if (call)                                                                                      \
      fail_msg("%s: %s", #call, must->text);                                                       \
  } while (0)

/* --- The table --- */

static struct io_instant io_now(void *ctx) {
  return ((struct fake *)ctx)->now;
}

static void io_random(void *ctx, void *out, size_t n) {
  struct fake *f = ctx;
  uint8_t *p = out;
  for (size_t i = 0; i < n; i += sizeof(struct hash)) {
    struct hash h = sha256_of(span_of(&f->random, sizeof f->random));
    f->random++;
    memcpy(p + i, h.b, n - i < sizeof h.b ? n - i : sizeof h.b);
  }
}

static size_t io_send(void *ctx, uint64_t conn, struct span bytes) {
  struct fake *f = ctx;
  struct fake_conn *c = &f->conns[ENGINE_CONN_SLOT(conn)];
  buf_put(&c->out, bytes.p, bytes.n);
  return bytes.n + c->stuck;
}

static void io_close(void *ctx, uint64_t conn, bool now) {
  struct fake *f = ctx;
  (void)now;
  f->conns[ENGINE_CONN_SLOT(conn)].closed = true;
}

static void io_commit(void *ctx, struct batch *batch) {
  struct fake *f = ctx;
  assert_null(f->to_commit); /* one at a time */
  f->to_commit = batch;
}

static void io_snapshot(void *ctx, const struct io_snapshot *snapshot) {
  struct fake *f = ctx;
  assert_false(f->has_snapshot);
  f->has_snapshot = true;
  f->snapshot = *snapshot;
}

static void io_password(void *ctx, struct password_job *job) {
  struct fake *f = ctx;
  assert_true(f->n_jobs < password_jobs_max);
  f->jobs[f->n_jobs++] = job;
}

static void io_timer(void *ctx, usec mono) {
  ((struct fake *)ctx)->timer = mono;
}

static void io_fatal(void *ctx, const struct fault *why) {
  struct fake *f = ctx;
  f->fatals++;
  f->fatal = *why;
}

static void io_stopped(void *ctx) {
  ((struct fake *)ctx)->stopped = true;
}

static void io_warn(void *ctx, const char *text) {
  struct fake *f = ctx;
  f->warnings++;
  buf_puts(&f->warned, text);
  buf_puts(&f->warned, "\n");
}

static enum sp_err io_checkpoint_read(void *ctx, struct buf *note, struct fault *why) {
  struct fake *f = ctx;
  if (!f->checkpoint.n)
    return fault_set(why, SP_NOT_FOUND, "none");
  buf_put(note, f->checkpoint.p, f->checkpoint.n);
  return SP_OK;
}

static enum sp_err io_checkpoint_write(void *ctx, struct span note, struct fault *why) {
  struct fake *f = ctx;
  (void)why;
  buf_reset(&f->checkpoint);
  buf_put(&f->checkpoint, note.p, note.n);
  return SP_OK;
}

/* --- A site --- */

static struct buf read_file(const char *name) {
  char path[600];
  struct buf b = {0};
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
  FILE *file = fopen(path, "r");
  if (!file)
    fail_msg("cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE", path);
  size_t n;
  while (buf_reserve(&b, 65536) && (n = fread(b.p + b.n, 1, 65536, file)) > 0)
    b.n += n;
  fclose(file);
  return b;
}

static void make_site(struct fake *f, const struct fake_site *site) {
  const struct founding founding = {.plan = site->plan,
                                    .source = site->source,
                                    .operators = site->operators,
                                    .n_operators = site->n_operators,
                                    .password_n = fake_password_n,
                                    .signer = &f->signer,
                                    .io = &f->io,
                                    .at = f->now.wall};
  MUST(founding_make(f->store, &founding, must));
}

static void open_engine(struct fake *f, uint64_t snapshot_every) {
  const struct fold_options options = {0};
  MUST(fold_open(&f->fold, f->store, &options, must));
  MUST(committer_open(&f->committer, f->store, &f->io, &f->signer, must));
  struct engine_config config = {.io = &f->io,
                                 .core = f->fold.core,
                                 .plan = f->fold.plan,
                                 .site = f->fold.plan->name,
                                 .site_key = {1, 2, 3},
                                 .snapshot_every = snapshot_every,
                                 .last_snapshot = f->fold.folded_from,
                                 .password_n = fake_password_n};
  f->fold.plan = NULL;
  MUST(engine_new(&f->engine, &config, must));
  MUST(engine_know_all(f->engine, f->store, must));
  engine_flush(f->engine);
}

void fake_found(struct fake *f, const struct fake_site *site) {
  const uint8_t seed[32] = {9};
  memset(f, 0, sizeof *f);
  f->io = (struct io){.ctx = f,
                      .now = io_now,
                      .random = io_random,
                      .send = io_send,
                      .close = io_close,
                      .commit = io_commit,
                      .snapshot = io_snapshot,
                      .password = io_password,
                      .timer = io_timer,
                      .fatal = io_fatal,
                      .stopped = io_stopped,
                      .warn = io_warn,
                      .checkpoint_read = io_checkpoint_read,
                      .checkpoint_write = io_checkpoint_write};
  f->timer = TIME_ABSENT;
  f->now = (struct io_instant){site->at, 1000 * USEC_PER_S, true};
  f->store = site->store;
  MUST(signer_from_seed(&f->signer, "test/site", seed, must));
  make_site(f, site);
  open_engine(f, site->snapshot_every);
}

void fake_start(struct fake *f, const char *plan_file, uint64_t snapshot_every) {
  static const struct site_operator operators[] = {
      {"anna", ROLE_ADMIN, {(const uint8_t *)fake_password, sizeof fake_password - 1}},
      {"bert", ROLE_DESK, {(const uint8_t *)fake_password, sizeof fake_password - 1}},
      {"carl", ROLE_SHIFT, {(const uint8_t *)fake_password, sizeof fake_password - 1}},
  };
  struct buf yaml = read_file(plan_file);
  struct plan *plan;
  struct plan_faults faults = {0};
  assert_int_equal(plan_read(buf_span(&yaml), &plan, &faults), SP_OK);
  struct fake_site site = {.plan = plan,
                           .source = buf_span(&yaml),
                           .operators = operators,
                           .n_operators = 3,
                           .at = INT64_C(1795000000) * USEC_PER_S,
                           .snapshot_every = snapshot_every};
  MUST(store_memory_open(&site.store, must));
  fake_found(f, &site);
  plan_faults_free(&faults);
  plan_free(plan);
  buf_free(&yaml);
}

static void close_engine(struct fake *f) {
  engine_free(f->engine);
  committer_close(f->committer);
  fold_close(&f->fold);
  for (uint32_t i = 0; i < fake_conns_max; i++) {
    buf_free(&f->conns[i].out);
    f->conns[i] = (struct fake_conn){0};
  }
}

void fake_kill(struct fake *f) {
  close_engine(f);
  f->to_commit = NULL;
  f->has_snapshot = f->stopped = false;
  f->n_jobs = f->fatals = 0;
}

void fake_restart(struct fake *f, uint64_t snapshot_every) {
  open_engine(f, snapshot_every);
}

void fake_crash(struct fake *f) {
  fake_kill(f);
  fake_restart(f, 0);
}

void fake_end(struct fake *f) {
  close_engine(f);
  store_close(f->store);
  buf_free(&f->warned);
  buf_free(&f->checkpoint);
}

/* --- Clients --- */

uint64_t fake_connect(struct fake *f) {
  uint64_t conn;
  const struct engine_peer peer = {.uid = 1, .ours = true};
  MUST(engine_on_connect(f->engine, &peer, &conn, must));
  struct fake_conn *c = &f->conns[ENGINE_CONN_SLOT(conn)];
  c->read_at = c->out.n; /* what another sent here before is not read again */
  c->closed = false;
  c->stuck = 0;
  return conn;
}

void fake_flush(struct fake *f) {
  engine_flush(f->engine);
}

void fake_bytes(struct fake *f, uint64_t conn, const void *p, size_t n) {
  uint8_t *copy = malloc(n ? n : 1);
  memcpy(copy, p, n);
  engine_on_bytes(f->engine, conn, copy, n);
  free(copy);
  engine_flush(f->engine);
}

uint64_t fake_frame(struct fake *f, uint64_t conn, enum frame_kind kind, struct span payload) {
  struct buf b = {0};
  size_t at = frame_begin(&b, kind, ++f->next_request);
  buf_put(&b, payload.p, payload.n);
  frame_end(&b, at);
  fake_bytes(f, conn, b.p, b.n);
  buf_free(&b);
  return f->next_request;
}

uint64_t fake_ask(struct fake *f, uint64_t conn, const char *format, ...) {
  va_list ap;
  char text[8192];
  va_start(ap, format);
  int n = vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  assert_true(n > 0 && (size_t)n < sizeof text);
  return fake_frame(f, conn, FRAME_REQUEST, span_of(text, (size_t)n));
}

/* --- The commit side --- */

bool fake_commit(struct fake *f) {
  struct batch *b = f->to_commit;
  struct fault why = {0};
  if (!b)
    return false;
  f->to_commit = NULL;
  enum sp_err err = committer_commit(f->committer, &b->rows, f->now.mono, &why);
  engine_on_committed(f->engine, b, err, &why);
  engine_flush(f->engine);
  return true;
}

void fake_commit_fails(struct fake *f) {
  assert_non_null(f->to_commit);
  store_memory_fail_after(f->store, 0, true);
  fake_commit(f);
}

bool fake_password_done(struct fake *f) {
  if (!f->n_jobs)
    return false;
  struct password_job *job = f->jobs[0];
  memmove(f->jobs, f->jobs + 1, --f->n_jobs * sizeof f->jobs[0]);
  password_job_run(job);
  engine_on_password(f->engine, job);
  engine_flush(f->engine);
  return true;
}

static bool write_snapshot(struct fake *f) {
  struct fault why = {0};
  bool done = false;
  enum sp_err err = SP_OK;
  if (!f->has_snapshot)
    return false;
  while (!err && !done)
    err = committer_snapshot(f->committer, &f->snapshot, &done, &why);
  f->has_snapshot = false;
  engine_on_snapshot(f->engine, err, &why);
  engine_flush(f->engine);
  return true;
}

void fake_settle(struct fake *f) {
  while (fake_commit(f) || fake_password_done(f) || write_snapshot(f))
    ;
}

void fake_wait(struct fake *f, usec span) {
  while (span > 0) {
    usec step =
        f->timer != TIME_ABSENT && f->timer - f->now.mono < span ? f->timer - f->now.mono : span;
    step = step > 0 ? step : 0;
    f->now.wall += step;
    f->now.mono += step;
    span -= step;
    if (f->timer != TIME_ABSENT && f->now.mono >= f->timer) {
      f->timer = TIME_ABSENT;
      engine_on_timer(f->engine);
      engine_flush(f->engine);
    }
  }
}

/* --- What came --- */

const char *fake_next(struct fake *f, uint64_t conn, struct frame *frame) {
  static char text[reply_bytes_max + 1];
  struct fake_conn *c = &f->conns[ENGINE_CONN_SLOT(conn)];
  size_t n = c->out.n - c->read_at;
  if (n < frame_header_bytes)
    return NULL;
  MUST(frame_read(frame, c->out.p + c->read_at, must));
  assert_true(n - frame_header_bytes >= frame->length); /* whole frames only */
  memcpy(text, c->out.p + c->read_at + frame_header_bytes, frame->length);
  text[frame->length] = 0;
  c->read_at += frame_header_bytes + frame->length;
  return text;
}

const char *fake_reply(struct fake *f, uint64_t conn, uint64_t id) {
  struct frame frame;
  const char *text;
  fake_settle(f);
  while ((text = fake_next(f, conn, &frame)))
    if (frame.kind == FRAME_REPLY && frame.id == id)
      return text;
  fail_msg("request %llu was not answered", (unsigned long long)id);
  return NULL;
}

void fake_login(struct fake *f, uint64_t conn, const char *name, char session[65]) {
  uint64_t id =
      fake_ask(f, conn, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}", name, fake_password);
  const char *reply = fake_reply(f, conn, id);
  const char *at = strstr(reply, "\"session\":\"");
  if (!at)
    fail_msg("%s", reply);
  memcpy(session, at + 11, 64);
  session[64] = 0;
}

/* --- What may not be --- */

struct search {
  const char *bytes;
  bool found;
};

static bool has(struct span in, const char *bytes) {
  return in.n && memmem(in.p, in.n, bytes, strlen(bytes)) != NULL;
}

static enum sp_err in_entry(void *ctx, uint64_t n, struct span entry) {
  struct search *s = ctx;
  (void)n;
  s->found = s->found || has(entry, s->bytes);
  return SP_OK;
}

static enum sp_err in_details(void *ctx, const struct store_details *d) {
  struct search *s = ctx;
  s->found = s->found || has(d->json, s->bytes);
  return SP_OK;
}

static enum sp_err in_paper(void *ctx, const struct store_paper *p) {
  struct search *s = ctx;
  s->found = s->found || has(p->bytes, s->bytes);
  return SP_OK;
}

bool fake_leaks(struct fake *f, const char *bytes) {
  struct search s = {.bytes = bytes};
  MUST(store_entries(f->store, 0, UINT64_MAX, in_entry, &s, must));
  MUST(store_details(f->store, NULL, in_details, &s, must));
  MUST(store_papers(f->store, in_paper, &s, must));
  for (uint32_t i = 0; i < fake_conns_max; i++)
    s.found = s.found || has(buf_span(&f->conns[i].out), bytes);
  return s.found || has(buf_span(&f->warned), bytes) || strstr(f->fatal.text, bytes);
}

static void add(void *ctx, const void *p, size_t n) {
  sha256_add(ctx, p, n);
}

struct hash fake_state(const struct core *core) {
  struct sha256 s;
  sha256_start(&s);
  core_dump(core, add, &s);
  return sha256_end(&s);
}

struct hash fake_folded(struct fake *f) {
  struct fold fold;
  const struct fold_options options = {.no_snapshot = true};
  MUST(fold_open(&fold, f->store, &options, must));
  struct hash h = fake_state(fold.core);
  fold_close(&fold);
  return h;
}
