/* process.c: struct io with libuv and a commit thread.
 *
 * The loop's thread runs the engine's logic. After each round of events it flushes the engine and
 * writes what waits for clients. A batch of few commands is committed right there: when little is
 * asked, handing it to another thread and back would take as long as writing it. Larger ones go to
 * the commit thread, so that the next ones are decided meanwhile.
 *
 * Invariants:
 *   1. the committer is used by the thread that has set `commit_busy` under the lock, and by no
 *      other; what is handed between threads is under the lock;
 *   2. a client's object lives until libuv has closed its handle, however the engine sees it.
 */
#include "engine/process.h"

#include "base/system.h"
#include "core/state.h"
#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/knowing.h"
#include "engine/password.h"
#include "engine/site_dir_int.h"
#include "engine/socket_path.h"
#include "journal/sha256.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

enum {
  read_bytes = 256 << 10,
  inline_commands_max = 4,         /* of a batch that the loop commits by itself */
  inline_run_max = 128,            /* such commits between two times that the store may tidy up */
  lingering_max = connections_max, /* clients that are closed but have not read everything */
};
/* No clock that was ever set is before this: 2026-01-01. */
#define WALL_MIN (INT64_C(1767225600) * USEC_PER_S)

struct process;

struct peer { /* a client's connection */
  uv_pipe_t pipe;
  uv_write_t write;
  struct process *process;
  uint64_t conn; /* 0: the engine no longer knows it */
  bool dirty, writing, closing;
  struct buf out, in_flight;
};

struct work {
  uv_work_t req;
  struct process *process;
  struct password_job *job;
};

struct process {
  const struct serve_options *options;
  struct fault *why; /* of engine_serve */
  enum sp_err err;

  struct site_dir *dir;
  struct site_keys keys;
  struct store *store;
  struct fold fold;
  struct io io;
  struct engine *engine;
  struct committer *committer;

  uv_loop_t loop;
  uv_pipe_t listener;
  uv_pipe_t turned_away; /* a connection for which there is no memory: accepted only to be closed */
  bool turning_away, another_waits;
  uv_timer_t timer, lines_timer;
  struct hash lines_of; /* the plan when it was last looked whether its lines are here */
  uv_async_t completed;
  uv_signal_t term, interrupt;
  uv_poll_t stop_poll;
  uv_prepare_t prepare;
  uv_check_t check;
  bool loop_made, ending;
  uint32_t n_peers;
  struct peer *peers[connections_max]; /* by slot */
  struct peer *dirty[connections_max];
  uint32_t n_dirty;
  struct work works[password_jobs_max];
  uint32_t n_works;
  struct batch *to_commit; /* asked for by the engine, not yet begun */
  uint32_t inline_run;
  uint8_t buffer[read_bytes];

  /* Between the threads, under the lock. */
  pthread_mutex_t lock;
  pthread_cond_t work_came;
  pthread_t thread;
  bool thread_made, thread_stop, commit_busy, tend_soon;
  usec wake_at; /* when the thread looks by itself; TIME_ABSENT: never */
  struct batch *queued, *done;
  enum sp_err done_err;
  struct fault done_why;
  bool has_snapshot, snapshot_done;
  struct io_snapshot snapshot;
  enum sp_err snapshot_err;
  struct fault snapshot_why;
  bool tend_failed;
  struct fault tend_why;
};

/* --- The world --- */

static struct io_instant io_now(void *ctx) {
  (void)ctx;
  usec wall = system_wall();
  return (struct io_instant){wall, system_mono(), wall >= WALL_MIN};
}

static void io_random(void *ctx, void *out, size_t n) {
  (void)ctx;
  system_random(out, n);
}

static void io_warn(void *ctx, const char *text) {
  struct process *p = ctx;
  if (p->options->warn)
    p->options->warn(p->options->ctx, text);
  else
    fprintf(stderr, "sallyport: %s\n", text);
}

static enum sp_err io_checkpoint_read(void *ctx, struct buf *note, struct fault *why) {
  struct process *p = ctx;
  return site_dir_checkpoint_read(p->dir, note, why);
}

static enum sp_err io_checkpoint_write(void *ctx, struct span note, struct fault *why) {
  struct process *p = ctx;
  return site_dir_checkpoint_write(p->dir, note, why);
}

/* --- Clients --- */

static void on_peer_closed(uv_handle_t *h) {
  struct peer *peer = h->data;
  peer->process->n_peers--;
  buf_free(&peer->out);
  buf_free(&peer->in_flight);
  sp_free(peer);
}

static void forget_dirty(struct peer *peer) {
  struct process *p = peer->process;
  for (uint32_t i = 0; i < p->n_dirty; i++)
    if (p->dirty[i] == peer)
      p->dirty[i] = p->dirty[--p->n_dirty];
  peer->dirty = false;
}

static void close_peer(struct peer *peer) {
  if (uv_is_closing((uv_handle_t *)&peer->pipe))
    return;
  if (peer->dirty)
    forget_dirty(peer);
  uv_close((uv_handle_t *)&peer->pipe, on_peer_closed);
}

/* The engine and this connection part. */
static void part(struct peer *peer) {
  if (peer->conn)
    peer->process->peers[ENGINE_CONN_SLOT(peer->conn)] = NULL;
  peer->conn = 0;
}

static void lose_peer(struct peer *peer) {
  uint64_t conn = peer->conn;
  part(peer);
  if (conn)
    engine_on_closed(peer->process->engine, conn);
  close_peer(peer);
}

static struct peer *find_peer(struct process *p, uint64_t conn) {
  struct peer *peer = p->peers[ENGINE_CONN_SLOT(conn)];
  return peer && peer->conn == conn ? peer : NULL;
}

static void write_out(struct peer *peer);

static void on_written(uv_write_t *w, int status) {
  struct peer *peer = w->data;
  peer->writing = false;
  buf_reset(&peer->in_flight);
  if (uv_is_closing((uv_handle_t *)&peer->pipe))
    return;
  if (status < 0)
    lose_peer(peer);
  else
    write_out(peer);
}

/* As much as the socket takes now; libuv goes on with the rest. */
static void write_out(struct peer *peer) {
  if (peer->writing || uv_is_closing((uv_handle_t *)&peer->pipe))
    return;
  if (peer->out.n) {
    uv_buf_t all = uv_buf_init((char *)peer->out.p, (unsigned)peer->out.n);
    int n = uv_try_write((uv_stream_t *)&peer->pipe, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
      lose_peer(peer);
      return;
    }
    size_t sent = n < 0 ? 0 : (size_t)n;
    if (sent < peer->out.n) {
      struct buf empty = peer->in_flight;
      peer->in_flight = peer->out;
      peer->out = empty;
      uv_buf_t rest =
          uv_buf_init((char *)peer->in_flight.p + sent, (unsigned)(peer->in_flight.n - sent));
      peer->write.data = peer;
      peer->writing = true;
      if (uv_write(&peer->write, (uv_stream_t *)&peer->pipe, &rest, 1, on_written) < 0) {
        peer->writing = false;
        lose_peer(peer);
      }
      return;
    }
    buf_reset(&peer->out);
  }
  if (peer->closing)
    close_peer(peer);
}

static void write_all(struct process *p) {
  while (p->n_dirty) {
    struct peer *peer = p->dirty[--p->n_dirty];
    peer->dirty = false;
    write_out(peer);
  }
}

static size_t io_send(void *ctx, uint64_t conn, struct span bytes) {
  struct process *p = ctx;
  struct peer *peer = find_peer(p, conn);
  if (!peer)
    return 0;
  buf_put(&peer->out, bytes.p, bytes.n);
  if (peer->out.failed)
    return SIZE_MAX; /* the engine then drops it: half an answer is none */
  if (!peer->dirty && p->n_dirty < connections_max) {
    peer->dirty = true;
    p->dirty[p->n_dirty++] = peer;
  }
  return peer->out.n + peer->in_flight.n;
}

static void io_close(void *ctx, uint64_t conn, bool now) {
  struct process *p = ctx;
  struct peer *peer = find_peer(p, conn);
  if (!peer)
    return;
  part(peer);
  uv_read_stop((uv_stream_t *)&peer->pipe);
  peer->closing = true;
  if (now)
    close_peer(peer);
  else
    write_out(peer);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out) {
  struct peer *peer = h->data;
  (void)suggested;
  *out = uv_buf_init((char *)peer->process->buffer, read_bytes);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *bytes) {
  struct peer *peer = s->data;
  if (n < 0)
    lose_peer(peer);
  else if (n > 0)
    engine_on_bytes(peer->process->engine, peer->conn, (uint8_t *)bytes->base, (size_t)n);
}

/* Refused: it is told why, as far as its socket takes it. */
static void refuse(struct peer *peer, const struct fault *why) {
  engine_refusal(why, &peer->out);
  peer->closing = true;
  write_out(peer);
}

static struct engine_peer who(const struct peer *peer) {
  struct engine_peer is = {.uid = UINT32_MAX};
  int fd = -1;
  if (uv_fileno((const uv_handle_t *)&peer->pipe, &fd) == 0)
    is.ours = socket_path_is_ours(fd, &is.uid);
  return is;
}

static void on_connection(uv_stream_t *listener, int status);

static void on_turned_away(uv_handle_t *h) {
  struct process *p = h->data;
  bool again = p->another_waits && !p->ending;
  p->turning_away = p->another_waits = false;
  if (again)
    on_connection((uv_stream_t *)&p->listener, 0);
}

/* What is not accepted would keep all others waiting. */
static void turn_away(struct process *p) {
  p->another_waits = p->turning_away;
  if (p->turning_away)
    return;
  p->turning_away = true;
  uv_pipe_init(&p->loop, &p->turned_away, 0);
  p->turned_away.data = p;
  (void)uv_accept((uv_stream_t *)&p->listener, (uv_stream_t *)&p->turned_away);
  uv_close((uv_handle_t *)&p->turned_away, on_turned_away);
}

static void on_connection(uv_stream_t *listener, int status) {
  struct process *p = listener->data;
  struct fault why = {0};
  if (status < 0 || p->ending)
    return;
  struct peer *peer = sp_alloc(1, sizeof *peer);
  if (!peer) {
    turn_away(p);
    return;
  }
  peer->process = p;
  uv_pipe_init(&p->loop, &peer->pipe, 0);
  peer->pipe.data = peer;
  p->n_peers++;
  if (uv_accept(listener, (uv_stream_t *)&peer->pipe) != 0) {
    close_peer(peer);
    return;
  }
  if (p->n_peers > connections_max + lingering_max) {
    close_peer(peer);
    return;
  }
  struct engine_peer is = who(peer);
  if (engine_on_connect(p->engine, &is, &peer->conn, &why)) {
    refuse(peer, &why);
    return;
  }
  p->peers[ENGINE_CONN_SLOT(peer->conn)] = peer;
  if (uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read) != 0)
    lose_peer(peer);
}

/* --- Passwords --- */

static void run_work(uv_work_t *req) {
  struct work *w = req->data;
  password_job_run(w->job);
}

static void on_work_done(uv_work_t *req, int status) {
  struct work *w = req->data;
  struct password_job *job = w->job;
  if (status != 0) { /* cancelled */
    bytes_wipe(job->password, sizeof job->password);
    job->err = SP_UNAVAILABLE;
  }
  w->job = NULL;
  w->process->n_works--;
  engine_on_password(w->process->engine, job);
}

static void io_password(void *ctx, struct password_job *job) {
  struct process *p = ctx;
  uint32_t i = 0;
  while (i < password_jobs_max && p->works[i].job)
    i++;
  SP_ASSERT(i < password_jobs_max); /* the engine has no more jobs than these */
  p->works[i] = (struct work){.process = p, .job = job};
  p->works[i].req.data = &p->works[i];
  p->n_works++;
  int done = uv_queue_work(&p->loop, &p->works[i].req, run_work, on_work_done);
  SP_ASSERT(done == 0);
}

/* --- The commit side --- */

static void io_commit(void *ctx, struct batch *batch) {
  struct process *p = ctx;
  p->to_commit = batch;
}

static void io_snapshot(void *ctx, const struct io_snapshot *snapshot) {
  struct process *p = ctx;
  pthread_mutex_lock(&p->lock);
  p->snapshot = *snapshot;
  p->has_snapshot = true;
  pthread_cond_signal(&p->work_came);
  pthread_mutex_unlock(&p->lock);
}

/* Called with the lock, which is given up meanwhile. */
static void do_commit(struct process *p) {
  struct batch *b = p->queued;
  struct fault why = {0};
  p->queued = NULL;
  p->commit_busy = true;
  pthread_mutex_unlock(&p->lock);
  enum sp_err err = committer_commit(p->committer, &b->rows, system_mono(), &why);
  pthread_mutex_lock(&p->lock);
  p->commit_busy = false;
  p->done = b;
  p->done_err = err;
  p->done_why = why;
  p->tend_soon = true;
  uv_async_send(&p->completed);
}

static void do_snapshot_chunk(struct process *p) {
  struct io_snapshot s = p->snapshot;
  struct fault why = {0};
  bool done;
  p->commit_busy = true;
  pthread_mutex_unlock(&p->lock);
  enum sp_err err = committer_snapshot(p->committer, &s, &done, &why);
  pthread_mutex_lock(&p->lock);
  p->commit_busy = false;
  if (!err && !done)
    return;
  p->has_snapshot = false;
  p->snapshot_done = true;
  p->snapshot_err = err;
  p->snapshot_why = why;
  uv_async_send(&p->completed);
}

static bool tend_is_due(const struct process *p) {
  usec due = committer_due(p->committer);
  return p->tend_soon || (due != TIME_ABSENT && due <= system_mono());
}

static void do_tend(struct process *p) {
  struct fault why = {0};
  p->tend_soon = false;
  p->commit_busy = true;
  pthread_mutex_unlock(&p->lock);
  enum sp_err err = committer_tend(p->committer, system_mono(), false, &why);
  pthread_mutex_lock(&p->lock);
  p->commit_busy = false;
  if (err && !p->tend_failed) {
    p->tend_failed = true;
    p->tend_why = why;
    uv_async_send(&p->completed);
  }
}

static void wait_for_work(struct process *p) {
  p->wake_at = p->commit_busy ? TIME_ABSENT : committer_due(p->committer);
  if (p->wake_at == TIME_ABSENT) {
    pthread_cond_wait(&p->work_came, &p->lock);
    return;
  }
  struct timespec t = {.tv_sec = p->wake_at / USEC_PER_S,
                       .tv_nsec = p->wake_at % USEC_PER_S * 1000};
  pthread_cond_timedwait(&p->work_came, &p->lock, &t);
}

static void *commit_thread(void *ctx) {
  struct process *p = ctx;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    if (p->commit_busy)
      wait_for_work(p); /* the loop commits by itself right now */
    else if (p->queued)
      do_commit(p);
    else if (tend_is_due(p))
      do_tend(p);
    else if (p->has_snapshot)
      do_snapshot_chunk(p);
    else if (p->thread_stop)
      break;
    else
      wait_for_work(p);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* A small batch, and nobody at the commit side: committed here and now. False: the thread will. */
static bool commit_inline(struct process *p, struct batch *b) {
  struct fault why = {0};
  pthread_mutex_lock(&p->lock);
  bool mine = !p->commit_busy && !p->queued && b->n_commands <= inline_commands_max;
  if (mine)
    p->commit_busy = true;
  else
    p->queued = b;
  if (!mine)
    pthread_cond_signal(&p->work_came);
  pthread_mutex_unlock(&p->lock);
  if (!mine)
    return false;
  enum sp_err err = committer_commit(p->committer, &b->rows, system_mono(), &why);
  pthread_mutex_lock(&p->lock);
  p->commit_busy = false;
  if (++p->inline_run >= inline_run_max) {
    p->inline_run = 0;
    p->tend_soon = true;
  }
  /* The thread is told only when it would look too late by itself. */
  if (p->tend_soon || p->has_snapshot || p->thread_stop || p->wake_at == TIME_ABSENT)
    pthread_cond_signal(&p->work_came);
  pthread_mutex_unlock(&p->lock);
  engine_on_committed(p->engine, b, err, &why);
  return true;
}

static void on_completed(uv_async_t *a) {
  struct process *p = a->data;
  pthread_mutex_lock(&p->lock);
  struct batch *batch = p->done;
  enum sp_err err = p->done_err, snapshot_err = p->snapshot_err;
  struct fault why = p->done_why, snapshot_why = p->snapshot_why, tend_why = p->tend_why;
  bool snapshot = p->snapshot_done, failed = p->tend_failed;
  p->done = NULL;
  p->snapshot_done = false;
  pthread_mutex_unlock(&p->lock);
  if (batch)
    engine_on_committed(p->engine, batch, err, &why);
  if (snapshot)
    engine_on_snapshot(p->engine, snapshot_err, &snapshot_why);
  if (failed)
    engine_on_failure(p->engine, &tend_why);
}

/* --- The loop --- */

static void close_handle(uv_handle_t *h, void *ctx) {
  struct process *p = ctx;
  if (uv_is_closing(h))
    return;
  if (h->type == UV_NAMED_PIPE && h != (uv_handle_t *)&p->listener &&
      h != (uv_handle_t *)&p->turned_away) {
    part(h->data);
    close_peer(h->data);
  } else {
    uv_close(h, NULL);
  }
}

/* Nothing more is taken in. What has been said still goes out as far as sockets take it. */
static void end(struct process *p) {
  if (p->ending)
    return;
  p->ending = true;
  for (uint32_t i = 0; i < connections_max; i++)
    if (p->peers[i])
      write_out(p->peers[i]);
}

static void io_fatal(void *ctx, const struct fault *why) {
  struct process *p = ctx;
  p->err = why->err;
  if (p->why)
    *p->why = *why;
  p->ending = true;
}

static void io_stopped(void *ctx) {
  struct process *p = ctx;
  p->ending = true;
}

static void on_timer(uv_timer_t *t) {
  struct process *p = t->data;
  engine_on_timer(p->engine);
}

static void io_timer(void *ctx, usec mono) {
  struct process *p = ctx;
  if (mono == TIME_ABSENT) {
    uv_timer_stop(&p->timer);
    return;
  }
  usec wait = mono - system_mono();
  uv_timer_start(&p->timer, on_timer, wait > 0 ? (uint64_t)(wait + 999) / 1000 : 0, 0);
}

/* --- Lines that never come --- */

enum { lines_look_ms = 15000 }; /* a line that starts is here within a second or two */

/* Under another plan than the last time, lines may still be on their way. */
static void on_lines_timer(uv_timer_t *t) {
  struct process *p = t->data;
  const struct hash *now = &engine_core(p->engine)->head.plan_hash;
  if (memcmp(p->lines_of.b, now->b, sizeof now->b) == 0)
    engine_miss_lines(p->engine);
  p->lines_of = *now;
}

/* After every round of events. */
static void settle(struct process *p) {
  if (p->loop_made && uv_is_closing((uv_handle_t *)&p->timer))
    return; /* closing down */
  do {
    engine_flush(p->engine);
    struct batch *b = p->to_commit;
    p->to_commit = NULL;
    if (!b || !commit_inline(p, b))
      break;
  } while (!p->ending);
  write_all(p);
  if (p->ending)
    uv_stop(&p->loop);
}

static void on_prepare(uv_prepare_t *h) {
  settle(h->data);
}

static void on_check(uv_check_t *h) {
  settle(h->data);
}

static void on_signal(uv_signal_t *s, int number) {
  struct process *p = s->data;
  (void)number;
  engine_stop(p->engine);
}

static void on_stop_fd(uv_poll_t *h, int status, int events) {
  struct process *p = h->data;
  (void)status;
  (void)events;
  uv_poll_stop(h);
  engine_stop(p->engine);
}

/* --- Starting --- */

static enum sp_err open_checkpoint(struct process *p, struct checkpoint *c, bool *has,
                                   struct fault *why) {
  struct buf note = {0};
  struct fault none = {0};
  enum sp_err err = site_dir_checkpoint_read(p->dir, &note, &none);
  *has = !err;
  if (err == SP_NOT_FOUND) { /* whether that may be, the committer knows */
    buf_free(&note);
    return SP_OK;
  }
  err = err ? fault_set(why, err, "%s", none.text)
            : checkpoint_open(c, buf_span(&note), &p->keys.signer.public, NULL, 0, NULL, why);
  if (err && *has)
    fault_prefix(why, "%s/checkpoint", p->options->dir);
  buf_free(&note);
  return err;
}

static enum sp_err open_site(struct process *p, struct fault *why) {
  struct checkpoint checkpoint;
  bool has_checkpoint = false;
  char vkey[vkey_max];
  enum sp_err err = site_dir_open(&p->dir, p->options->dir, SITE_DIR_WRITE, why);
  if (!err)
    err = site_dir_keys(p->dir, &p->keys, why);
  if (!err)
    err = site_dir_store(p->dir, STORE_WRITE, &p->store, why);
  if (!err)
    err = open_checkpoint(p, &checkpoint, &has_checkpoint, why);
  if (err)
    return err;
  const struct fold_options options = {.site = site_dir_site(p->dir)->s,
                                       .checkpoint = has_checkpoint ? &checkpoint : NULL};
  err = fold_open(&p->fold, p->store, &options, why);
  if (!err && p->fold.snapshot_why.err)
    io_warn(p, p->fold.snapshot_why.text);
  if (!err)
    err = committer_open(&p->committer, p->store, &p->io, &p->keys.signer, why);
  if (err)
    return err;
  vkey_format(&p->keys.signer.public, vkey);
  struct hash h = sha256_of(span_str(vkey));
  if (memcmp(h.b, p->fold.core->head.vkey.b, sizeof h.b) != 0)
    return fault_set(why, SP_CORRUPT,
                     "%s: the signing key is not the one that site.created names: this is another "
                     "site's",
                     p->options->dir);
  return SP_OK;
}

static enum sp_err make_engine(struct process *p, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n;
  enum sp_err err = store_snapshot_list(p->store, list, &n, why);
  if (err)
    return err;
  struct engine_config config = {.io = &p->io,
                                 .core = p->fold.core,
                                 .plan = p->fold.plan,
                                 .site = *site_dir_site(p->dir),
                                 .snapshot_every = p->options->snapshot_every,
                                 .last_snapshot = p->fold.folded_from};
  memcpy(config.site_key, p->keys.site_key, sizeof config.site_key);
  p->fold.plan = NULL; /* the engine's from now on */
  err = engine_new(&p->engine, &config, why);
  bytes_wipe(&config, sizeof config);
  return err ? err : engine_know_all(p->engine, p->store, why);
}

static enum sp_err uv_told(int code, const char *doing, struct fault *why) {
  return code >= 0 ? SP_OK : fault_set(why, SP_IO, "%s: %s", doing, uv_strerror(code));
}

static enum sp_err make_loop(struct process *p, struct fault *why) {
  int fd = -1;
  enum sp_err err = uv_told(uv_loop_init(&p->loop), "event loop", why);
  if (err)
    return err;
  p->loop_made = true;
  uv_pipe_init(&p->loop, &p->listener, 0);
  uv_timer_init(&p->loop, &p->timer);
  uv_timer_init(&p->loop, &p->lines_timer);
  uv_async_init(&p->loop, &p->completed, on_completed);
  uv_signal_init(&p->loop, &p->term);
  uv_signal_init(&p->loop, &p->interrupt);
  uv_prepare_init(&p->loop, &p->prepare);
  uv_check_init(&p->loop, &p->check);
  p->lines_timer.data = p;
  p->listener.data = p->timer.data = p->completed.data = p->term.data = p->interrupt.data = p;
  p->prepare.data = p->check.data = p;
  uv_signal_start(&p->term, on_signal, SIGTERM);
  uv_signal_start(&p->interrupt, on_signal, SIGINT);
  uv_prepare_start(&p->prepare, on_prepare);
  uv_check_start(&p->check, on_check);
  p->lines_of = engine_core(p->engine)->head.plan_hash;
  if (p->options->lines)
    uv_timer_start(&p->lines_timer, on_lines_timer, lines_look_ms, lines_look_ms);
  if (p->options->stop_fd >= 0) {
    err = uv_told(uv_poll_init(&p->loop, &p->stop_poll, p->options->stop_fd), "stop_fd", why);
    p->stop_poll.data = p;
    if (!err)
      uv_poll_start(&p->stop_poll, UV_READABLE, on_stop_fd);
  }
  if (!err)
    err = socket_path_listen(p->options->dir, site_dir_fd(p->dir), &fd, why);
  if (!err)
    err = uv_told(uv_pipe_open(&p->listener, fd), "engine.sock", why);
  if (!err)
    err = uv_told(uv_listen((uv_stream_t *)&p->listener, 128, on_connection), "engine.sock", why);
  return err;
}

static enum sp_err make_thread(struct process *p, struct fault *why) {
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, SIGSYS); /* but of a forbidden call it is this thread that tells */
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
  int made = pthread_create(&p->thread, NULL, commit_thread, p);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  p->thread_made = made == 0;
  return made == 0 ? SP_OK : fault_set(why, SP_IO, "commit thread: %s", strerror(made));
}

/* --- Ending --- */

static void join_thread(struct process *p) {
  if (!p->thread_made)
    return;
  pthread_mutex_lock(&p->lock);
  p->thread_stop = true;
  pthread_cond_signal(&p->work_came);
  pthread_mutex_unlock(&p->lock);
  pthread_join(p->thread, NULL);
}

static void close_loop(struct process *p) {
  if (!p->loop_made)
    return;
  socket_path_remove(site_dir_fd(p->dir));
  end(p);
  uv_walk(&p->loop, close_handle, p);
  while (uv_run(&p->loop, UV_RUN_DEFAULT) != 0)
    ;
  uv_loop_close(&p->loop);
}

static enum sp_err last_checkpoint(struct process *p, enum sp_err err, struct fault *why) {
  if (err || !p->committer)
    return err;
  return committer_tend(p->committer, system_mono(), true, why);
}

static void make_io(struct process *p) {
  p->io = (struct io){.ctx = p,
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

static void make_locks(struct process *p) {
  pthread_condattr_t monotonic;
  pthread_mutex_init(&p->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&p->work_came, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

enum sp_err engine_serve(const struct serve_options *options, struct fault *why) {
  struct process *p = sp_alloc(1, sizeof *p);
  if (!p)
    return fault_set(why, SP_NO_MEMORY, "out of memory for the engine");
  p->options = options;
  p->why = why;
  p->wake_at = TIME_ABSENT;
  signal(SIGPIPE, SIG_IGN); /* a client that hangs up is no reason to end */
  make_io(p);
  make_locks(p);
  enum sp_err err = open_site(p, why);
  if (!err)
    err = make_engine(p, why);
  if (!err)
    err = make_loop(p, why);
  if (!err)
    err = make_thread(p, why);
  if (!err) {
    if (options->ready) {
      char path[site_path_max + 32];
      snprintf(path, sizeof path, "%s/%s", options->dir, SITE_SOCKET);
      options->ready(options->ctx, path);
    }
    uv_run(&p->loop, UV_RUN_DEFAULT);
    err = p->err;
  }
  join_thread(p);
  close_loop(p);
  err = last_checkpoint(p, err, why);
  engine_free(p->engine);
  committer_close(p->committer);
  fold_close(&p->fold);
  store_close(p->store);
  site_keys_wipe(&p->keys);
  site_dir_close(p->dir);
  pthread_cond_destroy(&p->work_came);
  pthread_mutex_destroy(&p->lock);
  bytes_wipe(p->buffer, sizeof p->buffer);
  sp_free(p);
  return err;
}
