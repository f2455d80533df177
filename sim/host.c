#include "sim/host.h"

#include "core/state.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/knowing.h"
#include "engine/founding.h"
#include "engine/password.h"
#include "journal/sha256.h"
#include "plan/plan_read.h"
#include "sim/canary.h"
#include "sim/disk.h"
#include "sim/watch.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { password_n_sim = 16, snapshot_every_min = 40, snapshot_every_most = 900 };
enum { snapshot_every_few = 20 }; /* where a scenario is played: it is over before many entries */
static const char db[] = "/site.db", note_file[] = "/checkpoint";
const char sim_password[] = "correct horse";

struct host {
  struct world *w;
  struct rng rng;
  struct disk *disk;
  struct io io;
  struct note_signer signer;
  uint8_t site_key[32];
  struct slug site;
  struct host_counts counts;

  /* The process. */
  bool up, dead, stopping, stopped, oracle;
  uint32_t life; /* of this process; what was scheduled for another is nothing to this one */
  struct store *store;
  struct fold fold;
  struct committer *committer;
  struct engine *engine;
  struct batch *to_commit;
  bool commit_waits, has_snapshot, tend_waits;
  struct io_snapshot snapshot;
  struct password_job *jobs[password_jobs_max];
  uint32_t n_jobs;
  usec timer;
  bool failed;
  struct fault failure;
  bool disk_failed;      /* a fault of the disk struck this process */
  uint64_t effects_left; /* until it is killed; UINT64_MAX = it is not */
  bool kill_at_disk;     /* only what is asked of the disk counts */
  usec full_until;

  struct links *links;
};

static void settle(struct host *h);

/* --- Effects: where the process may end --- */

static void draw_kill(struct host *h) {
  struct world *w = h->w;
  bool kills = !w->calm && w->settings.faults & (1u << FAULT_KILL | 1u << FAULT_POWER);
  h->effects_left = kills && rng_chance(&h->rng, 3, 4) ? rng_below(&h->rng, 1500) : UINT64_MAX;
  h->kill_at_disk = rng_chance(&h->rng, 2, 3);
}

/* True: the process has ended, here or before. */
static bool dies(struct host *h, const char *what) {
  if (h->oracle)
    return false;
  if (h->dead)
    return true;
  bool at_disk = strcmp(what, "send") != 0 && strcmp(what, "close") != 0;
  if (h->effects_left == UINT64_MAX || h->w->calm || (h->kill_at_disk && !at_disk) ||
      h->effects_left-- > 0)
    return false;
  h->dead = true;
  world_struck(h->w, FAULT_KILL, what);
  return true;
}

static bool on_effect(void *ctx, const char *what) {
  return dies(ctx, what);
}

static int on_disk(void *ctx, bool sync) {
  struct host *h = ctx;
  struct world *w = h->w;
  if (h->oracle || w->calm)
    return SQLITE_OK;
  int rc = SQLITE_OK;
  if (sync && world_strikes(w, &h->rng, FAULT_SYNC, 1, 1500))
    rc = SQLITE_IOERR_FSYNC;
  else if (!sync && world_strikes(w, &h->rng, FAULT_WRITE, 1, 4000))
    rc = SQLITE_IOERR_WRITE;
  else if (!sync &&
           (world_now(w) < h->full_until || world_strikes(w, &h->rng, FAULT_FULL, 1, 6000))) {
    if (world_now(w) >= h->full_until)
      h->full_until = world_now(w) + rng_between(&h->rng, 1, 20) * USEC_PER_S;
    rc = SQLITE_FULL;
  }
  h->disk_failed = h->disk_failed || rc;
  return rc;
}

static usec on_wall(void *ctx) {
  return world_wall(((struct host *)ctx)->w);
}

/* --- Sockets --- */

static bool on_connect(void *ctx, uint64_t *conn) {
  struct host *h = ctx;
  const struct engine_peer peer = {.uid = 1, .ours = true};
  struct fault why = {0};
  return h->up && engine_on_connect(h->engine, &peer, conn, &why) == SP_OK;
}

static bool on_bytes(void *ctx, uint64_t conn, uint8_t *p, size_t n) {
  struct host *h = ctx;
  if (!h->dead)
    engine_on_bytes(h->engine, conn, p, n);
  return !h->dead;
}

static void on_closed(void *ctx, uint64_t conn) {
  struct host *h = ctx;
  if (h->up && !h->dead)
    engine_on_closed(h->engine, conn);
}

static void on_told(void *ctx) {
  settle(ctx);
}

struct link *host_link(struct host *h, const char *name, const struct link_ops *ops) {
  return link_new(h->links, name, ops);
}

/* --- The table: the logic's side --- */

static struct io_instant io_now(void *ctx) {
  const struct host *h = ctx;
  return (struct io_instant){world_wall(h->w), world_now(h->w), h->w->clock_trusted};
}

static void io_random(void *ctx, void *out, size_t n) {
  struct host *h = ctx;
  for (uint8_t *p = out; n; p++, n--)
    *p = (uint8_t)rng_next(&h->rng);
}

static size_t io_send(void *ctx, uint64_t conn, struct span bytes) {
  struct host *h = ctx;
  if (dies(h, "send") || !links_has(h->links, conn))
    return 0;
  watch_sent(h->w->watch, bytes);
  if (canary_is(CANARY_LOST_ANSWER) && rng_chance(&h->rng, 1, 50))
    return 0;
  return links_send(h->links, conn, bytes);
}

static void io_close(void *ctx, uint64_t conn, bool now) {
  struct host *h = ctx;
  if (!dies(h, "close"))
    links_close(h->links, conn, now);
}

static void on_commit(void *ctx, uint64_t life);
static void on_snapshot(void *ctx, uint64_t life);
static void on_password(void *ctx, uint64_t life);
static void on_timer(void *ctx, uint64_t life);

static void later(struct host *h, usec wait, queue_fn *fn) {
  queue_put(&h->w->queue, world_now(h->w) + wait, fn, h, h->life);
}

static usec disk_time(struct host *h) {
  if (!h->w->calm && world_strikes(h->w, &h->rng, FAULT_SLOW, 1, 100))
    return rng_between(&h->rng, 20, 2000) * USEC_PER_MS;
  return rng_between(&h->rng, 30, 900);
}

static void io_commit(void *ctx, struct batch *batch) {
  struct host *h = ctx;
  if (h->dead)
    return;
  SP_ASSERT(!h->to_commit);
  h->to_commit = batch;
  canary_commit(h->engine, &h->io, batch);
  later(h, disk_time(h), on_commit);
}

static void io_snapshot(void *ctx, const struct io_snapshot *snapshot) {
  struct host *h = ctx;
  if (h->dead)
    return;
  SP_ASSERT(!h->has_snapshot);
  h->has_snapshot = true;
  h->snapshot = *snapshot;
  later(h, disk_time(h), on_snapshot);
}

static void io_password(void *ctx, struct password_job *job) {
  struct host *h = ctx;
  SP_ASSERT(h->n_jobs < password_jobs_max);
  h->jobs[h->n_jobs++] = job;
  later(h, rng_between(&h->rng, 100, 400) * USEC_PER_MS, on_password);
}

static void io_timer(void *ctx, usec mono) {
  struct host *h = ctx;
  if (h->timer == mono)
    return;
  h->timer = mono;
  if (mono != TIME_ABSENT && !h->dead && !canary_is(CANARY_MISSED_TIMER))
    queue_put(&h->w->queue, mono, on_timer, h, h->life);
}

static void io_fatal(void *ctx, const struct fault *why) {
  struct host *h = ctx;
  h->failed = true;
  h->failure = *why;
}

static void io_stopped(void *ctx) {
  struct host *h = ctx;
  h->stopped = true;
  links_stop(h->links);
}

static void io_warn(void *ctx, const char *text) {
  struct host *h = ctx;
  if (!h->dead)
    trace(h->w, "engine warns: %s", text);
}

/* --- The table: the commit side --- */

static enum sp_err io_checkpoint_read(void *ctx, struct buf *note, struct fault *why) {
  struct host *h = ctx;
  return disk_read(h->disk, note_file, note) ? SP_OK : fault_set(why, SP_NOT_FOUND, "none yet");
}

static enum sp_err io_checkpoint_write(void *ctx, struct span note, struct fault *why) {
  struct host *h = ctx;
  return disk_replace(h->disk, note_file, note) ? SP_OK
                                                : fault_set(why, SP_IO, "the process ended");
}

static bool mine(const struct host *h, uint64_t life) {
  return h->up && !h->dead && h->life == life;
}

static void on_tend(void *ctx, uint64_t life) {
  struct host *h = ctx;
  struct fault why = {0};
  if (!mine(h, life))
    return;
  h->tend_waits = false;
  enum sp_err err = committer_tend(h->committer, world_now(h->w), false, &why);
  if (err && !h->dead)
    engine_on_failure(h->engine, &why);
  settle(h);
}

static void on_commit(void *ctx, uint64_t life) {
  struct host *h = ctx;
  struct fault why = {0};
  struct batch *b = h->to_commit;
  if (!mine(h, life) || !b)
    return;
  h->to_commit = NULL;
  if (canary_is(CANARY_TWO_ENGINES) && rng_chance(&h->rng, 1, 200))
    canary_other_engine(&h->site, &h->io, &h->signer, db, world_wall(h->w));
  enum sp_err err = canary_committer_commit(h->committer, &b->rows, world_now(h->w), &why);
  if (!h->dead) {
    if (!err)
      watch_durable(h->w->watch, h->store);
    engine_on_committed(h->engine, b, err, &why);
  }
  settle(h);
}

static void on_snapshot(void *ctx, uint64_t life) {
  struct host *h = ctx;
  struct fault why = {0};
  bool done = false;
  if (!mine(h, life) || !h->has_snapshot)
    return;
  enum sp_err err = committer_snapshot(h->committer, &h->snapshot, &done, &why);
  if (h->dead) {
    settle(h);
    return;
  }
  if (!err && !done) {
    later(h, disk_time(h), on_snapshot);
    return;
  }
  h->has_snapshot = false;
  h->counts.snapshots += !err;
  engine_on_snapshot(h->engine, err, &why);
  settle(h);
}

static void on_password(void *ctx, uint64_t life) {
  struct host *h = ctx;
  if (!mine(h, life) || !h->n_jobs)
    return;
  struct password_job *job = h->jobs[0];
  memmove(h->jobs, h->jobs + 1, --h->n_jobs * sizeof h->jobs[0]);
  password_job_run(job);
  engine_on_password(h->engine, job);
  settle(h);
}

static void on_timer(void *ctx, uint64_t life) {
  struct host *h = ctx;
  if (!mine(h, life) || h->timer == TIME_ABSENT || h->timer > world_now(h->w))
    return;
  h->timer = TIME_ABSENT;
  engine_on_timer(h->engine);
  settle(h);
}

/* --- The process --- */

static void boot(void *ctx, uint64_t life);

static void forget(struct host *h) {
  engine_free(h->engine);
  committer_close(h->committer);
  fold_close(&h->fold);
  store_close(h->store);
  h->engine = NULL;
  h->committer = NULL;
  h->store = NULL;
  h->to_commit = NULL;
  h->has_snapshot = h->tend_waits = false;
  h->n_jobs = 0;
  h->timer = TIME_ABSENT;
  h->up = false;
  h->life++;
}

static void end_process(struct host *h, bool power_fails) {
  struct world *w = h->w;
  h->dead = true;
  forget(h);
  if (power_fails) {
    bool misdirects = w->settings.faults & 1u << FAULT_MISDIRECT && rng_chance(&h->rng, 1, 2);
    struct disk_loss loss = disk_power_loss(h->disk, misdirects);
    h->counts.power_losses++;
    h->counts.lost += loss.lost;
    h->counts.torn += loss.torn;
    h->counts.misdirected += loss.misdirected;
    w->struck[FAULT_MISDIRECT] += loss.misdirected > 0;
    trace(w, "power fails: %u writes kept, %u lost, %u torn, %u misdirected", loss.kept, loss.lost,
          loss.torn, loss.misdirected);
  } else {
    disk_kill(h->disk);
  }
  h->dead = h->failed = false;
  links_down(h->links);
  watch_down(w->watch);
  if (!h->stopped)
    queue_put(&w->queue, world_now(w) + rng_between(&h->rng, 100, 5000) * USEC_PER_MS, boot, h,
              h->life);
}

static bool draw_power(struct host *h) {
  return !h->w->calm && world_strikes(h->w, &h->rng, FAULT_POWER, 1, 2);
}

/* After everything that was told to the engine. */
static void settle(struct host *h) {
  struct world *w = h->w;
  if (!h->up)
    return;
  if (!h->dead)
    engine_flush(h->engine);
  if (!h->dead && h->failed) {
    h->counts.fatals++;
    trace(w, "engine stops: %s", h->failure.text);
    if (!h->disk_failed)
      watch_complain(w->watch, "the engine stopped though nothing had failed: %s", h->failure.text);
    end_process(h, false);
    return;
  }
  if (!h->dead && h->stopped) {
    struct fault why = {0};
    if (committer_tend(h->committer, world_now(w), true, &why) && !h->disk_failed)
      watch_complain(w->watch, "the last checkpoint was not signed: %s", why.text);
    trace(w, "engine stopped");
    end_process(h, false);
    return;
  }
  if (h->dead) {
    h->counts.kills++;
    end_process(h, draw_power(h));
    return;
  }
  usec due = committer_due(h->committer);
  if (due != TIME_ABSENT && !h->tend_waits) {
    h->tend_waits = true;
    queue_put(&w->queue, due, on_tend, h, h->life);
  }
}

void host_kill(struct host *h, bool power_fails) {
  if (!h->up)
    return;
  h->counts.kills++;
  trace(h->w, "process killed");
  end_process(h, power_fails);
}

/* A start may find the newest snapshots gone. */
static enum sp_err lose_snapshots(struct host *h, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n = 0;
  if (h->w->calm || !world_strikes(h->w, &h->rng, FAULT_OLD_SNAPSHOT, 1, 4))
    return SP_OK;
  enum sp_err err = store_snapshot_list(h->store, list, &n, why);
  uint32_t drop = n ? 1 + rng_below(&h->rng, n) : 0;
  for (uint32_t i = 0; i < drop && !err; i++)
    err = store_snapshot_drop(h->store, list[i].n, why);
  return err;
}

static enum sp_err start(struct host *h, struct fault *why) {
  struct checkpoint checkpoint;
  struct buf note = {0};
  enum sp_err err = store_sqlite_open(db, h->site.s, STORE_WRITE, &h->store, why);
  if (!err)
    err = lose_snapshots(h, why);
  bool has = disk_read(h->disk, note_file, &note);
  if (!err && has)
    err = checkpoint_open(&checkpoint, buf_span(&note), &h->signer.public, NULL, 0, NULL, why);
  buf_free(&note);
  const struct fold_options options = {.site = h->site.s, .checkpoint = has ? &checkpoint : NULL};
  if (!err)
    err = fold_open(&h->fold, h->store, &options, why);
  if (!err && h->fold.snapshot_why.err)
    trace(h->w, "a snapshot is passed over: %s", h->fold.snapshot_why.text);
  if (!err)
    err = committer_open(&h->committer, h->store, &h->io, &h->signer, why);
  if (err)
    return err;
  struct engine_config config = {
      .io = &h->io,
      .core = h->fold.core,
      .plan = h->fold.plan,
      .site = h->site,
      .snapshot_every =
          h->w->settings.scenario
              ? (uint64_t)rng_between(&h->rng, snapshot_every_few, snapshot_every_min)
              : (uint64_t)rng_between(&h->rng, snapshot_every_min, snapshot_every_most),
      .last_snapshot = h->fold.folded_from,
      .password_n = password_n_sim};
  memcpy(config.site_key, h->site_key, sizeof config.site_key);
  h->fold.plan = NULL;
  err = engine_new(&h->engine, &config, why);
  return err ? err : engine_know_all(h->engine, h->store, why);
}

static void boot(void *ctx, uint64_t life) {
  struct host *h = ctx;
  struct world *w = h->w;
  struct fault why = {0};
  if (h->up || h->life != life)
    return;
  h->disk_failed = false;
  draw_kill(h);
  enum sp_err err = start(h, &why);
  h->up = true;
  if (h->dead) {
    settle(h);
    return;
  }
  if (err) {
    trace(w, "the engine does not start: %s", why.text);
    if (!h->disk_failed)
      watch_complain(w->watch, "the engine does not start though nothing had failed: %s", why.text);
    end_process(h, false);
    return;
  }
  h->counts.boots++;
  w->disturbed_at = world_now(w);
  trace(w, "engine started: %llu entries, snapshot of %llu",
        (unsigned long long)core_next_entry(h->fold.core), (unsigned long long)h->fold.folded_from);
  watch_up(w->watch, h->store, h->fold.core);
  settle(h);
}

void host_stop(struct host *h) {
  h->stopping = true;
  if (h->up)
    engine_stop(h->engine);
  settle(h);
}

/* --- What can be asked --- */

bool host_is_up(const struct host *h) {
  return h->up;
}

bool host_stopped(const struct host *h) {
  return h->stopped && !h->up;
}

struct store *host_store(const struct host *h) {
  return h->store;
}

const struct core *host_core(const struct host *h) {
  return h->up ? engine_core(h->engine) : NULL;
}

struct store *host_open_store(struct host *h, struct fault *why) {
  struct store *s = NULL;
  SP_ASSERT(!h->up);
  h->oracle = true; /* nothing strikes whoever looks */
  return store_sqlite_open(db, h->site.s, STORE_READ, &s, why) ? NULL : s;
}

const struct note_key *host_log_key(const struct host *h) {
  return &h->signer.public;
}

bool host_read_checkpoint(const struct host *h, struct buf *note) {
  return disk_read(h->disk, note_file, note);
}

struct host_counts host_counts(const struct host *h) {
  return h->counts;
}

/* --- The first day --- */

static enum sp_err found(struct host *h, struct span yaml, const uint32_t *roles, uint32_t n,
                         struct fault *why) {
  struct site_operator operators[16];
  char names[16][8];
  struct plan *plan;
  struct plan_faults faults = {0};
  SP_ASSERT(n <= sizeof operators / sizeof operators[0]);
  for (uint32_t i = 0; i < n; i++) {
    snprintf(names[i], sizeof names[i], "op%u", i);
    operators[i] = (struct site_operator){names[i], roles[i], span_str(sim_password)};
  }
  enum sp_err err = plan_read(yaml, &plan, &faults);
  plan_faults_free(&faults);
  if (err)
    return fault_set(why, err, "the plan of the simulated site has faults");
  h->site = plan->name;
  const struct founding founding = {.plan = plan,
                                    .source = yaml,
                                    .operators = operators,
                                    .n_operators = n,
                                    .password_n = password_n_sim,
                                    .signer = &h->signer,
                                    .io = &h->io,
                                    .at = world_wall(h->w)};
  struct store *store = NULL;
  err = store_sqlite_open(db, h->site.s, STORE_CREATE, &store, why);
  if (!err)
    err = founding_make(store, &founding, why);
  store_close(store);
  plan_free(plan);
  return err;
}

struct host *host_new(struct world *w, struct span yaml, const uint32_t *roles,
                      uint32_t n_operators) {
  struct host *h = sp_alloc(1, sizeof *h);
  struct fault why = {0};
  uint8_t seed[32];
  SP_ASSERT(h);
  h->w = w;
  h->rng = rng_from(w->settings.seed, "host");
  h->io = (struct io){.ctx = h,
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
  h->timer = TIME_ABSENT;
  h->effects_left = UINT64_MAX;
  const struct links_engine engine = {h, on_connect, on_bytes, on_closed, on_told};
  h->links = links_new(w, &h->rng, &engine);
  const struct disk_world world = {h, on_wall, on_effect, on_disk};
  h->disk = disk_new(w->settings.seed, &world);
  SP_ASSERT(h->disk);
  io_random(h, seed, sizeof seed);
  io_random(h, h->site_key, sizeof h->site_key);
  h->oracle = true; /* founding is not what is tried here; tests of init try it */
  enum sp_err err = signer_from_seed(&h->signer, "sim/site", seed, &why);
  if (!err)
    err = found(h, yaml, roles, n_operators, &why);
  h->oracle = false;
  disk_lies(h->disk, canary_is(CANARY_LOST_ENTRY));
  if (err)
    watch_complain(w->watch, "the site could not be founded: %s", why.text);
  else
    queue_put(&w->queue, 0, boot, h, 0);
  return h;
}

void host_free(struct host *h) {
  if (!h)
    return;
  h->dead = true;
  forget(h);
  links_free(h->links);
  disk_kill(h->disk);
  disk_free(h->disk);
  sp_free(h);
}
