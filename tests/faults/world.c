#include "world.h"

#include "intercept.h"

#include "core/state.h"
#include "engine/json.h"
#include "engine/session.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- The ledger --- */

void ledger_error(struct ledger *l, enum sp_err err, const char *text) {
  if (l->n_errors >= ledger_errors_max)
    return;
  struct ledger_error *e = &l->errors[l->n_errors++];
  e->err = err;
  snprintf(e->text, sizeof e->text, "%.*s", ledger_text_max - 1, text);
}

void ledger_bug(struct ledger *l, const char *format, ...) {
  va_list ap;
  if (l->bug[0])
    return; /* the first one tells */
  va_start(ap, format);
  vsnprintf(l->bug, sizeof l->bug, format, ap);
  va_end(ap);
}

/* --- The table --- */

static struct io_instant io_now(void *ctx) {
  return ((struct world *)ctx)->now;
}

static void io_random(void *ctx, void *out, size_t n) {
  struct world *w = ctx;
  uint8_t *p = out;
  for (size_t i = 0; i < n; i += sizeof(struct hash)) {
    struct hash h = sha256_of(span_of(&w->random, sizeof w->random));
    w->random++;
    memcpy(p + i, h.b, n - i < sizeof h.b ? n - i : sizeof h.b);
  }
}

/* Effects are looked at the moment they go out: that is when a door would open. */
static void look_at_effect(struct world *w, struct span frame) {
  struct span json = span_of(frame.p + frame_header_bytes, frame.n - frame_header_bytes);
  uint64_t n = 0;
  if (!span_is(json_find(json, "effect"), "\"unlock\""))
    return;
  w->ledger->unlocks++;
  struct span value = json_find(json, "n");
  for (size_t i = 0; i < value.n; i++)
    n = n * 10 + (uint64_t)(value.p[i] - '0');
  if (!value.n || n >= w->durable)
    ledger_bug(w->ledger, "a door was unlocked by entry %llu when %llu were durable",
               (unsigned long long)n, (unsigned long long)w->durable);
}

static size_t io_send(void *ctx, uint64_t conn, struct span bytes) {
  struct world *w = ctx;
  struct world_conn *c = &w->conns[ENGINE_CONN_SLOT(conn)];
  if (c->effects && bytes.n > frame_header_bytes && bytes.p[3] == FRAME_EFFECT)
    look_at_effect(w, bytes);
  buf_put(&c->out, bytes.p, bytes.n);
  if (!c->out.failed)
    return bytes.n;
  c->out.failed = false;
  return SIZE_MAX;
}

static void io_close(void *ctx, uint64_t conn, bool now) {
  struct world *w = ctx;
  (void)now;
  w->conns[ENGINE_CONN_SLOT(conn)].closed = true;
}

static void io_commit(void *ctx, struct batch *batch) {
  struct world *w = ctx;
  if (w->to_commit)
    ledger_bug(w->ledger, "a second commit was asked for while one was under way");
  w->to_commit = batch;
}

static void io_snapshot(void *ctx, const struct io_snapshot *snapshot) {
  struct world *w = ctx;
  w->has_snapshot = true;
  w->snapshot = *snapshot;
}

static void io_password(void *ctx, struct password_job *job) {
  struct world *w = ctx;
  SP_ASSERT(w->n_jobs < password_jobs_max);
  w->jobs[w->n_jobs++] = job;
}

static void io_timer(void *ctx, usec mono) {
  ((struct world *)ctx)->timer = mono;
}

static void io_fatal(void *ctx, const struct fault *why) {
  struct world *w = ctx;
  if (w->failed)
    ledger_bug(w->ledger, "the engine ended twice: %s", why->text);
  w->failed = w->ledger->fatal = true;
  ledger_error(w->ledger, why->err, why->text);
}

static void io_stopped(void *ctx) {
  ((struct world *)ctx)->stopped = true;
}

static void io_warn(void *ctx, const char *text) {
  (void)ctx;
  (void)text;
}

static enum sp_err io_checkpoint_read(void *ctx, struct buf *note, struct fault *why) {
  struct world *w = ctx;
  if (w->dir)
    return site_dir_checkpoint_read(w->dir, note, why);
  if (!w->checkpoint.n)
    return fault_set(why, SP_NOT_FOUND, "there is no checkpoint");
  buf_put(note, w->checkpoint.p, w->checkpoint.n);
  return note->failed ? fault_set(why, SP_NO_MEMORY, "out of memory for a checkpoint") : SP_OK;
}

static enum sp_err io_checkpoint_write(void *ctx, struct span note, struct fault *why) {
  struct world *w = ctx;
  if (w->dir)
    return site_dir_checkpoint_write(w->dir, note, why);
  if (!buf_reserve(&w->checkpoint, note.n)) {
    w->checkpoint.failed = false;
    return fault_set(why, SP_NO_MEMORY, "out of memory for a checkpoint");
  }
  buf_reset(&w->checkpoint);
  buf_put(&w->checkpoint, note.p, note.n);
  return SP_OK;
}

static void make_io(struct world *w) {
  w->io = (struct io){.ctx = w,
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
}

/* --- Opening, as process.c does --- */

static usec read_clock(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (usec)t.tv_sec * USEC_PER_S + t.tv_nsec / 1000;
}

static enum sp_err open_checkpoint(struct world *w, struct checkpoint *c, bool *has,
                                   struct fault *why) {
  struct buf note = {0};
  enum sp_err err = io_checkpoint_read(w, &note, why);
  *has = !err;
  if (err == SP_NOT_FOUND)
    err = SP_OK;
  else if (!err)
    err = checkpoint_open(c, buf_span(&note), &w->keys.signer.public, NULL, 0, NULL, why);
  buf_free(&note);
  return err;
}

static enum sp_err open_dir(struct world *w, const char *dir, struct fault *why) {
  enum sp_err err = site_dir_open(&w->dir, dir, SITE_DIR_WRITE, why);
  if (!err)
    err = site_dir_keys(w->dir, &w->keys, why);
  if (!err)
    err = site_dir_store(w->dir, STORE_WRITE, &w->store, why);
  return err;
}

static enum sp_err know(void *ctx, const struct store_details *d) {
  struct world *w = ctx;
  struct fault why = {0};
  enum sp_err err = engine_know_operator(w->engine, d->subject, d->json, &why);
  if (err)
    ledger_error(w->ledger, err, why.text);
  return err;
}

static enum sp_err make_engine(struct world *w, uint64_t snapshot_every, struct fault *why) {
  struct engine_config config = {.io = &w->io,
                                 .core = w->fold.core,
                                 .plan = w->fold.plan,
                                 .site = w->fold.plan->name,
                                 .snapshot_every = snapshot_every,
                                 .last_snapshot = w->fold.folded_from,
                                 .password_n = world_password_n};
  memcpy(config.site_key, w->keys.site_key, sizeof config.site_key);
  w->fold.plan = NULL;
  enum sp_err err = engine_new(&w->engine, &config, why);
  const struct core *core = w->fold.core;
  for (uint32_t i = 0; i < core->head.n_operators && !err; i++)
    err = store_details(w->store, &core->operators[i].id, know, w, why);
  return err;
}

enum sp_err world_open(struct world *w, struct ledger *l, const char *dir,
                       const struct world_store *from, uint64_t snapshot_every, struct fault *why) {
  struct checkpoint checkpoint;
  bool has = false;
  memset(w, 0, sizeof *w);
  w->ledger = l;
  w->timer = TIME_ABSENT;
  w->random = (uint64_t)read_clock(CLOCK_MONOTONIC); /* ids differ from one start to the next */
  make_io(w);
  enum sp_err err = SP_OK;
  if (dir) {
    err = open_dir(w, dir, why);
  } else {
    w->store = from->store;
    w->keys.signer = *from->signer;
    intercept_quiet();
    buf_put(&w->checkpoint, from->checkpoint.p, from->checkpoint.n);
    intercept_loud();
    if (w->checkpoint.failed)
      err = fault_set(why, SP_NO_MEMORY, "out of memory for a checkpoint");
  }
  if (!err)
    err = open_checkpoint(w, &checkpoint, &has, why);
  const struct fold_options options = {.checkpoint = has ? &checkpoint : NULL};
  if (!err)
    err = fold_open(&w->fold, w->store, &options, why);
  if (!err)
    err = committer_open(&w->committer, w->store, &w->io, &w->keys.signer, why);
  if (!err) {
    usec last = core_last_at(w->fold.core), wall = read_clock(CLOCK_REALTIME);
    w->now = (struct io_instant){wall > last ? wall : last, 1000 * USEC_PER_S, true};
    w->durable = core_next_entry(w->fold.core);
    err = make_engine(w, snapshot_every, why);
  }
  if (!err)
    engine_flush(w->engine);
  return err;
}

void world_close(struct world *w) {
  engine_free(w->engine);
  committer_close(w->committer);
  fold_close(&w->fold);
  if (w->dir)
    store_close(w->store);
  site_dir_close(w->dir);
  for (uint32_t i = 0; i < world_conns; i++)
    buf_free(&w->conns[i].out);
  buf_free(&w->checkpoint);
}

/* --- The commit side --- */

static bool commit(struct world *w) {
  struct batch *b = w->to_commit;
  struct fault why = {0};
  if (!b)
    return false;
  w->to_commit = NULL;
  enum sp_err err = committer_commit(w->committer, &b->rows, w->now.mono, &why);
  if (!err)
    w->durable = b->rows.first + b->rows.n_entries;
  else if (!why.text[0])
    ledger_bug(w->ledger, "a commit failed (%s) and nobody says why", sp_err_name(err));
  engine_on_committed(w->engine, b, err, &why);
  engine_flush(w->engine);
  return true;
}

static bool password(struct world *w) {
  if (!w->n_jobs)
    return false;
  struct password_job *job = w->jobs[0];
  memmove(w->jobs, w->jobs + 1, --w->n_jobs * sizeof w->jobs[0]);
  password_job_run(job);
  engine_on_password(w->engine, job);
  engine_flush(w->engine);
  return true;
}

static bool write_snapshot(struct world *w) {
  struct fault why = {0};
  bool done = false;
  enum sp_err err = SP_OK;
  if (!w->has_snapshot)
    return false;
  while (!err && !done)
    err = committer_snapshot(w->committer, &w->snapshot, &done, &why);
  w->has_snapshot = false;
  if (err)
    ledger_error(w->ledger, err, why.text);
  engine_on_snapshot(w->engine, err, &why);
  engine_flush(w->engine);
  return true;
}

static void tend(struct world *w) {
  struct fault why = {0};
  if (committer_tend(w->committer, w->now.mono, false, &why) && !w->failed)
    engine_on_failure(w->engine, &why);
}

static void settle(struct world *w) {
  engine_flush(w->engine);
  while (commit(w) || password(w) || write_snapshot(w))
    ;
}

bool world_stop(struct world *w) {
  struct fault why = {0};
  engine_stop(w->engine);
  settle(w);
  if (w->failed)
    return false;
  if (!w->stopped) {
    ledger_bug(w->ledger, "the engine has nothing left to do and does not stop");
    return false;
  }
  enum sp_err err = committer_tend(w->committer, w->now.mono, true, &why);
  if (err)
    ledger_error(w->ledger, err, why.text);
  return !err;
}

void world_wait(struct world *w, usec span) {
  while (span > 0 && !w->failed) {
    usec step =
        w->timer != TIME_ABSENT && w->timer - w->now.mono < span ? w->timer - w->now.mono : span;
    step = step > 0 ? step : 0;
    w->now.wall += step;
    w->now.mono += step;
    span -= step;
    if (w->timer != TIME_ABSENT && w->now.mono >= w->timer) {
      w->timer = TIME_ABSENT;
      engine_on_timer(w->engine);
    }
    settle(w);
    tend(w);
  }
}

/* --- Clients --- */

uint64_t world_connect(struct world *w) {
  uint64_t conn = 0;
  struct fault why = {0};
  const struct engine_peer peer = {.uid = 1, .ours = true};
  enum sp_err err = engine_on_connect(w->engine, &peer, &conn, &why);
  if (err) {
    ledger_error(w->ledger, err, why.text);
    return 0;
  }
  struct world_conn *c = &w->conns[ENGINE_CONN_SLOT(conn)];
  c->read_at = c->out.n;
  c->closed = c->effects = false;
  return conn;
}

/* The next frame that was sent to a connection. */
static bool next_frame(struct world_conn *c, struct frame *f, struct span *payload) {
  struct fault why = {0};
  if (c->out.n - c->read_at < frame_header_bytes || frame_read(f, c->out.p + c->read_at, &why))
    return false;
  *payload = span_of(c->out.p + c->read_at + frame_header_bytes, f->length);
  c->read_at += frame_header_bytes + f->length;
  return true;
}

static void note_answer(struct world *w, struct span reply) {
  struct ledger *l = w->ledger;
  struct span entry = json_find(reply, "entry"), error = json_find(reply, "error"),
              text = json_find(reply, "text");
  if (error.p) {
    enum sp_err err = SP_UNAVAILABLE;
    for (int e = 1; e < SP_ERR_COUNT; e++)
      if (error.n > 2 && span_is(span_of(error.p + 1, error.n - 2), sp_err_name((enum sp_err)e)))
        err = (enum sp_err)e;
    char copy[ledger_text_max];
    snprintf(copy, sizeof copy, "%.*s", (int)text.n, (const char *)text.p);
    ledger_error(l, err, copy);
  }
  if (!entry.p || l->n_answers >= ledger_answers_max)
    return;
  struct ledger_answer *a = &l->answers[l->n_answers++];
  struct span n = json_find(entry, "n");
  a->n = 0;
  for (size_t i = 0; i < n.n; i++)
    a->n = a->n * 10 + (uint64_t)(n.p[i] - '0');
  a->bytes = sha256_of(entry);
  if (a->n >= w->durable)
    ledger_bug(l, "entry %llu was answered when %llu were durable", (unsigned long long)a->n,
               (unsigned long long)w->durable);
}

const char *world_frame(struct world *w, enum frame_kind kind, struct span payload) {
  static char text[reply_bytes_max + 1];
  static uint8_t bytes[request_bytes_max * 4];
  struct frame f;
  const char *reply = NULL;
  if (w->failed)
    return NULL;
  if (!w->conn || w->conns[ENGINE_CONN_SLOT(w->conn)].closed)
    w->conn = world_connect(w); /* as a client does that was cut off */
  if (!w->conn || payload.n + frame_header_bytes > sizeof bytes)
    return NULL;
  frame_put(bytes, &(struct frame){kind, (uint32_t)payload.n, ++w->next_request});
  memcpy(bytes + frame_header_bytes, payload.p, payload.n);
  struct world_conn *c = &w->conns[ENGINE_CONN_SLOT(w->conn)];
  engine_on_bytes(w->engine, w->conn, bytes, payload.n + frame_header_bytes);
  settle(w);
  w->now.wall += USEC_PER_S / 3; /* every third request a checkpoint is due */
  w->now.mono += USEC_PER_S / 3;
  tend(w);
  while (next_frame(c, &f, &payload)) {
    if (f.kind != FRAME_REPLY || (f.id != w->next_request && f.id != 0))
      continue;
    intercept_quiet();
    note_answer(w, payload);
    intercept_loud();
    memcpy(text, payload.p, payload.n);
    text[payload.n] = 0;
    reply = text;
  }
  if (!reply && !c->closed && !w->failed)
    ledger_bug(w->ledger, "a request was not answered, nor its connection closed");
  w->ledger->unanswered += !reply;
  return reply;
}

const char *world_ask(struct world *w, const char *format, ...) {
  static char text[8192];
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  return world_frame(w, FRAME_REQUEST, span_of(text, (size_t)n));
}

void world_subscribe(struct world *w, uint64_t conn) {
  uint64_t before = w->conn;
  w->conn = conn;
  if (conn && world_frame(w, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}")))
    w->conns[ENGINE_CONN_SLOT(conn)].effects = true;
  w->conn = before;
}

void world_login(struct world *w, unsigned who, const char *name) {
  const char *reply =
      world_ask(w, "{\"login\":{\"name\":\"%s\",\"password\":\"%s\"}}", name, world_password);
  const char *at = reply ? strstr(reply, "\"session\":\"") : NULL;
  memset(w->session[who], '0', 64); /* nobody's */
  if (at)
    memcpy(w->session[who], at + 11, 64);
  w->session[who][64] = 0;
}

const char *world_person(const struct world *w, uint32_t n) {
  static char hex[4][33];
  static unsigned next;
  char *out = hex[next++ % 4];
  const struct core *core = engine_core(w->engine);
  memset(out, '0', 32);
  if (n < core->head.n_persons)
    hex_encode(out, core->persons[n].id.b, sizeof core->persons[n].id.b);
  out[32] = 0;
  return out;
}

/* --- A site --- */

void world_plan_read(struct world_plan *p, const char *title) {
  char path[600];
  struct fault why = {0};
  struct plan_faults faults = {0};
  static char text[1 << 16];
  const char *top = getenv("SALLYPORT_SOURCE"), was[] = "title: Small\n";
  memset(p, 0, sizeof *p);
  snprintf(path, sizeof path, "%s/tests/system/small.yaml", top ? top : ".");
  FILE *f = fopen(path, "r");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f)
    fclose(f);
  text[n] = 0;
  const char *at = strstr(text, was);
  if (at) {
    buf_put(&p->yaml, text, (size_t)(at - text));
    buf_printf(&p->yaml, "title: %s\n", title);
    buf_puts(&p->yaml, at + sizeof was - 1);
  }
  if (!at || plan_read(buf_span(&p->yaml), &p->plan, &faults) ||
      plan_blob_encode(p->plan, &p->compiled, &why)) {
    fprintf(stderr, "%s: no plan there: run from the top of the source, or set SALLYPORT_SOURCE\n",
            path);
    exit(2);
  }
  plan_faults_free(&faults);
}

void world_plan_free(struct world_plan *p) {
  plan_free(p->plan);
  buf_free(&p->yaml);
  buf_free(&p->compiled);
}

enum sp_err world_init(const char *dir, const struct world_plan *p, struct fault *why) {
  const struct site_operator operators[] = {
      {"anna", ROLE_ADMIN, SPAN_LIT(world_password)},
      {"bert", ROLE_DESK, SPAN_LIT(world_password)},
      {"carl", ROLE_SHIFT, SPAN_LIT(world_password)},
  };
  const struct site_init asked = {.dir = dir,
                                  .founding = {.plan = p->plan,
                                               .source = buf_span(&p->yaml),
                                               .operators = operators,
                                               .n_operators = 3,
                                               .password_n = world_password_n}};
  char vkey[vkey_max];
  return site_dir_init(&asked, vkey, why);
}

static void add(void *ctx, const void *p, size_t n) {
  sha256_add(ctx, p, n);
}

struct hash world_state(const struct core *core) {
  struct sha256 s;
  sha256_start(&s);
  core_dump(core, add, &s);
  return sha256_end(&s);
}
