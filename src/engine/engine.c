#include "engine/engine_int.h"

#include "core/deadline.h"
#include "core/state.h"
#include "engine/fold.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"

#include <stdio.h>
#include <string.h>

enum { tolerance_ms_without_plan = 1000, timer_s_max = 1 };

enum sp_err engine_new(struct engine **out, const struct engine_config *config, struct fault *why) {
  struct engine *e = sp_alloc(1, sizeof *e);
  struct sessions *sessions = e ? sessions_new() : NULL;
  struct like_key key;
  config->io->random(config->io->ctx, &key, sizeof key);
  struct like_index *likes = sessions ? like_index_new(&key) : NULL;
  bytes_wipe(&key, sizeof key);
  if (!likes) {
    sessions_free(sessions);
    sp_free(e);
    plan_free(config->plan);
    return fault_set(why, SP_NO_MEMORY, "out of memory for the engine");
  }
  e->io = config->io;
  e->core = config->core;
  e->plan = config->plan;
  e->site = config->site;
  tags_set(&e->tags, config->site_key);
  e->password_n = config->password_n ? config->password_n : password_n;
  e->due_changed = true;
  e->due = TIME_ABSENT;
  e->gathering = &e->batches[0];
  batch_begin(e->gathering, core_next_entry(e->core));
  e->snapshot_every = config->snapshot_every ? config->snapshot_every : snapshot_entries;
  e->last_snapshot = config->last_snapshot;
  e->sessions = sessions;
  e->likes = likes;
  *out = e;
  return SP_OK;
}

void engine_free(struct engine *e) {
  if (!e)
    return;
  conns_free(&e->conns);
  sessions_free(e->sessions);
  like_index_free(e->likes);
  batch_free(&e->batches[0]);
  batch_free(&e->batches[1]);
  entry_writer_free(&e->writer);
  buf_free(&e->scratch);
  buf_free(&e->snapshot_dump);
  plan_free(e->plan);
  bytes_wipe(e, sizeof *e); /* keys and passwords */
  sp_free(e);
}

enum sp_err engine_know_operator(struct engine *e, struct id operator_id, struct span details,
                                 struct fault *why) {
  uint32_t index;
  if (!core_find_operator(e->core, operator_id, &index))
    return fault_set(why, SP_CORRUPT, "there are details of an operator who was never added");
  return sessions_know(e->sessions, index, details, why);
}

struct engine_counts engine_counts(const struct engine *e) {
  struct engine_counts c = e->counts;
  c.connections = e->conns.n;
  c.subscribers = e->conns.subscribers;
  c.sessions = sessions_count(e->sessions, e->io->now(e->io->ctx).mono);
  return c;
}

const struct core *engine_core(const struct engine *e) {
  return e->core;
}

enum sp_err engine_ready(const struct engine *e, struct fault *why) {
  if (e->failed)
    return fault_set(why, SP_UNAVAILABLE, "the engine has stopped: %.900s", e->failure.text);
  if (e->stopping)
    return fault_set(why, SP_UNAVAILABLE, "the engine is stopping");
  return SP_OK;
}

static void fail(struct engine *e, const struct fault *why) {
  if (e->failed)
    return;
  e->failed = true;
  e->failure = *why;
  e->io->fatal(e->io->ctx, &e->failure);
}

/* --- Time ---
 *
 * The time of an entry is the wall clock's, and never before the last entry's. When the wall clock
 * is behind that by more than the plan tolerates, it is not to be trusted until it has caught up.
 * Meanwhile time goes on at half the speed of the monotonic clock: doors are still relocked and
 * alarms raised, and a wall clock that is merely behind catches up in twice the step. */

static usec tolerance(const struct engine *e) {
  uint32_t ms = e->plan ? e->plan->rules.clock_tolerance_ms : tolerance_ms_without_plan;
  return (usec)ms * USEC_PER_MS;
}

struct moment {
  usec at;
  bool trusted;
  struct io_instant now;
};

static struct moment moment_of(struct engine *e) {
  struct moment m = {.now = e->io->now(e->io->ctx)};
  usec wall = m.now.wall, last = core_last_at(e->core);
  wall = wall < USEC_MIN ? USEC_MIN : wall > USEC_MAX ? USEC_MAX : wall;
  if (e->clock_behind) {
    usec slow = e->behind_at + (m.now.mono - e->behind_mono) / 2;
    last = slow > last ? slow : last;
    e->clock_behind = wall < last;
  } else if (last - wall > tolerance(e)) {
    e->clock_behind = true;
    e->behind_at = last;
    e->behind_mono = m.now.mono;
    e->io->warn(e->io->ctx, "the clock was set back behind the last entry: what depends on the "
                            "time of day is refused until it has caught up");
  }
  m.at = wall > last ? wall : last;
  m.trusted = m.now.trusted && !e->clock_behind;
  return m;
}

/* --- Deciding --- */

/* What follows from an event besides the state. */
static void after_event(struct engine *e, const struct event *event, struct plan *plan) {
  if (event->type == EVENT_PLAN_APPLIED) {
    plan_free(e->plan); /* the core has let go of it */
    e->plan = plan;
  } else if (event->type == EVENT_OPERATOR_DISABLED) {
    sessions_end_of(e->sessions, event->u.operator_ref.operator_index);
  } else if (event->type == EVENT_OPERATOR_COMPROMISED) {
    sessions_end_of(e->sessions, event->u.operator_compromised.operator_index);
  } else if (event->type == EVENT_PERSON_ADDED) {
    fold_core_grown(e->core);
  }
}

static enum sp_err decide_at(struct engine *e, const struct moment *m, struct command *c,
                             struct batch_extra *extra, uint64_t conn, uint64_t request,
                             struct fault *why) {
  struct outcome *o = &e->outcome;
  c->at = c->known_at = m->at;
  c->clock_trusted = m->trusted;
  core_decide(e->core, c, o);
  if (o->n_events == 0) {
    /* It may rest on what is not durable yet, so it waits for that. */
    struct batch *b = e->gathering->n_commands || !e->committing ? e->gathering : e->committing;
    return !conn || batch_hold_decision(b, e->core, o, conn, request)
               ? SP_OK
               : fault_set(why, SP_NO_MEMORY, "out of memory: nothing was changed");
  }
  if (o->verdict != VERDICT_DONE) { /* nothing of it is kept */
    c->commit = (struct hash){0};
    extra = NULL;
  }
  enum sp_err err = batch_command(e->gathering, &e->writer, e->core, &e->site, c, o, extra, conn,
                                  request, m->now.mono, why);
  if (err)
    return err;
  for (uint32_t i = 0; i < o->n_events; i++) {
    core_apply(e->core, &o->events[i]);
    after_event(e, &o->events[i], (struct plan *)(uintptr_t)c->plan);
    engine_likes_follow(e, &o->events[i], extra && extra->details.n);
  }
  e->due_changed = true;
  e->counts.commands++;
  e->counts.entries += o->n_events;
  return SP_OK;
}

/* A step forward is told to the core before anything is made due by it. The least that counts is
 * far below the least relock margin of a plan, 100 ms; smaller ones add up until they count. */
enum { step_ms_min = 10 };

static enum sp_err notice_step(struct engine *e, const struct moment *m, struct fault *why) {
  usec ahead = m->at - m->now.mono, step = e->ahead_known ? ahead - e->ahead : 0;
  usec since = m->at - core_last_at(e->core);
  enum sp_err err = SP_OK;
  if (e->ahead_known && step >= 0 && step < step_ms_min * USEC_PER_MS)
    return SP_OK;
  e->ahead = ahead;
  e->ahead_known = true;
  if (step <= 0)
    return SP_OK; /* slower than the readers' timers: doors relock later than they might */
  struct command c = {.type = COMMAND_CLOCK_STEP, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
  c.u.clock_step.by = (uint64_t)(step < since ? step : since);
  err = decide_at(e, m, &c, NULL, 0, 0, why);
  e->due = core_due(e->core);
  return err;
}

/* Of what was decided since the timer was armed, only what concerns custody can be due at once (a
 * recall); a door's times are not so near. */
static void notice_due(struct engine *e) {
  usec soon = e->due_changed ? deadline_due(e->core) : TIME_ABSENT;
  if (soon != TIME_ABSENT && (e->due == TIME_ABSENT || soon < e->due))
    e->due = soon;
}

/* Makes everything due that is due. */
static enum sp_err tick(struct engine *e, const struct moment *m, struct fault *why) {
  enum sp_err stepped = notice_step(e, m, why);
  if (stepped)
    return stepped;
  notice_due(e);
  while (e->due != TIME_ABSENT && e->due <= m->at) {
    struct command c = {.type = COMMAND_TICK, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
    enum sp_err err = decide_at(e, m, &c, NULL, 0, 0, why);
    if (err)
      return err;
    usec was = e->due;
    e->due = core_due(e->core);
    if (e->outcome.n_events == 0 && e->due == was)
      e->due = TIME_ABSENT; /* would go on for ever */
  }
  return SP_OK;
}

/* --- Snapshots ---
 *
 * The dump is copied and hashed at once, here: the hash stands in the entry that is decided on the
 * very state that was dumped. That takes about 1 ms a MB (a person is 160 bytes) while nothing else
 * is decided, once in snapshot_every entries. The bytes are written when the entry is durable, in
 * chunks between commits. */

struct dumping {
  struct buf *out;
  struct sha256 hash;
};

static void dump_put(void *ctx, const void *p, size_t n) {
  struct dumping *d = ctx;
  buf_put(d->out, p, n);
  sha256_add(&d->hash, p, n);
}

static void take_snapshot(struct engine *e) {
  struct dumping d = {.out = &e->snapshot_dump};
  struct fault why = {0};
  struct command c = {.type = COMMAND_SNAPSHOT_TAKE, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
  struct moment m = moment_of(e);
  sha256_start(&d.hash);
  enum sp_err err = tick(e, &m, &why);
  uint64_t n = core_next_entry(e->core);
  if (!err && !buf_reserve(d.out, core_dump_size(e->core)))
    err = SP_NO_MEMORY;
  if (!err) {
    core_dump(e->core, dump_put, &d);
    c.u.snapshot_take.state = sha256_end(&d.hash);
    err = decide_at(e, &m, &c, NULL, 0, 0, &why);
  }
  if (err || d.out->failed) {
    e->io->warn(e->io->ctx, "no memory for a snapshot: it is left out this time");
    e->last_snapshot = n;
    buf_free(d.out);
    return;
  }
  e->last_snapshot = n;
  e->snapshot = (struct io_snapshot){n, c.u.snapshot_take.state, buf_span(d.out)};
  e->snapshot_waits = true;
}

static bool snapshot_under_way(const struct engine *e) {
  return e->snapshot_dump.n > 0;
}

void engine_on_snapshot(struct engine *e, enum sp_err err, const struct fault *why) {
  buf_free(&e->snapshot_dump);
  e->counts.snapshots += !err;
  if (err) {
    char text[fault_text_max + 64];
    snprintf(text, sizeof text, "the snapshot was not written: %s", why->text);
    e->io->warn(e->io->ctx, text);
  }
}

enum sp_err engine_run(struct engine *e, struct command *c, struct batch_extra *extra,
                       uint64_t conn, uint64_t request, struct fault *why) {
  struct moment m = moment_of(e);
  enum sp_err err = tick(e, &m, why);
  if (!err)
    err = decide_at(e, &m, c, extra, conn, request, why);
  if (!err && core_next_entry(e->core) - e->last_snapshot >= e->snapshot_every &&
      !snapshot_under_way(e))
    take_snapshot(e);
  return err;
}

/* --- Batches --- */

static void commit_gathered(struct engine *e) {
  struct batch *b = e->gathering;
  e->committing = b;
  e->gathering = b == &e->batches[0] ? &e->batches[1] : &e->batches[0];
  batch_begin(e->gathering, core_next_entry(e->core));
  batch_seal(b);
  e->counts.batches++;
  e->io->commit(e->io->ctx, b);
}

/* Decisions that made no entry, and rest on nothing that is not durable. */
static void release_idle(struct engine *e) {
  if (e->gathering->n_commands || e->committing || !e->gathering->held.n)
    return;
  engine_release(e, e->gathering);
  batch_begin(e->gathering, core_next_entry(e->core));
}

void engine_on_committed(struct engine *e, struct batch *batch, enum sp_err err,
                         const struct fault *why) {
  SP_ASSERT(batch == e->committing);
  e->committing = NULL;
  if (err || e->failed) {
    if (err)
      fail(e, why);
    engine_disclaim(e, batch);
    engine_disclaim(e, e->gathering);
    batch_begin(e->gathering, core_next_entry(e->core));
    return;
  }
  engine_release(e, batch);
  if (e->snapshot_waits && e->snapshot.n < batch->rows.first + batch->rows.n_entries) {
    e->snapshot_waits = false;
    e->io->snapshot(e->io->ctx, &e->snapshot);
  }
}

void engine_on_failure(struct engine *e, const struct fault *why) {
  fail(e, why);
  if (e->committing) /* its completion still comes, and is then disclaimed */
    return;
  engine_disclaim(e, e->gathering);
  batch_begin(e->gathering, core_next_entry(e->core));
}

/* When the host should wake us. */
static void arm(struct engine *e) {
  if (e->due_changed) {
    e->due = core_due(e->core);
    e->due_changed = false;
  }
  if (e->due == TIME_ABSENT || e->failed) {
    e->io->timer(e->io->ctx, TIME_ABSENT);
    return;
  }
  struct moment m = moment_of(e);
  /* A second at most: the wall clock may step meanwhile. */
  usec wait = e->due > m.at ? e->due - (e->clock_behind ? m.at : m.now.wall) : 0;
  wait = e->clock_behind ? 2 * wait : wait;
  const usec most = (usec)timer_s_max * USEC_PER_S;
  e->io->timer(e->io->ctx, m.now.mono + (wait < most ? wait : most));
}

void engine_on_timer(struct engine *e) {
  struct fault why = {0};
  if (e->failed)
    return;
  struct moment m = moment_of(e);
  if (tick(e, &m, &why))
    fail(e, &why); /* timers that are not made due would leave gates in a wrong state */
}

/* What is left to do before the end; true when it has been. */
static bool wind_up(struct engine *e) {
  if (e->committing || e->gathering->n_commands || e->n_waits || snapshot_under_way(e))
    return false;
  /* The last snapshot's own entry is the only one after it: nothing new to write. */
  if (core_next_entry(e->core) > e->last_snapshot + 1) {
    take_snapshot(e);
    return !snapshot_under_way(e);
  }
  return true;
}

void engine_flush(struct engine *e) {
  if (e->failed)
    return;
  engine_note_lost_lines(e);
  release_idle(e);
  if (e->stopping && !e->stopped && wind_up(e)) {
    e->stopped = true;
    e->io->stopped(e->io->ctx);
    return;
  }
  if (!e->committing && e->gathering->n_commands)
    commit_gathered(e);
  arm(e);
}

void engine_stop(struct engine *e) {
  e->stopping = true;
}
