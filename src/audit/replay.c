#include "audit/replay.h"

#include "audit/state_hash.h"
#include "core/state.h"
#include "engine/entry_read.h"
#include "engine/entry_write.h"
#include "engine/fold.h"
#include "engine/site_dir.h"
#include "journal/tile_path.h"

#include <string.h>

struct replaying {
  struct report *report;
  const struct progress *progress;
  struct replay_result *result;
  const struct slug *site;
  struct entry_writer writer;
  struct outcome *outcome;
  struct buf bundle; /* what the command of `head` gives */
  struct span rest;  /* of it, not yet met */
  uint64_t head;
  bool given_up; /* on this command: it is told already */
};

void replay_result_free(struct replay_result *r) {
  buf_free(&r->journaled);
  buf_free(&r->again);
}

/* --- Telling --- */

enum { shown = 48 };

static void differs(struct replaying *r, uint64_t n, struct span journaled, struct span again) {
  if (!r->result->differing++) {
    r->result->first_n = n;
    buf_put(&r->result->journaled, journaled.p, journaled.n);
    buf_put(&r->result->again, again.p, again.n);
  }
  r->given_up = true;
}

/* The place of the first difference, from a little before it on. */
static void tell_difference(struct replaying *r, uint64_t n, struct span journaled,
                            struct span again) {
  size_t at = 0;
  while (at < journaled.n && at < again.n && journaled.p[at] == again.p[at])
    at++;
  size_t from = at > shown / 2 ? at - shown / 2 : 0;
  size_t a = journaled.n - from < shown ? journaled.n - from : shown;
  size_t b = again.n - from < shown ? again.n - from : shown;
  report_add(r->report, SP_CORRUPT,
             "entry %llu: the journal has …%.*s… where the decision made again gives …%.*s…",
             (unsigned long long)n, (int)a, (const char *)journaled.p + from, (int)b,
             (const char *)again.p + from);
  differs(r, n, journaled, again);
}

/* --- Deciding again --- */

/* A plan.apply that was refused has left no blob, and needs none: it is refused again before the
 * plan is looked at. If it is not, any other plan shows the difference. */
static const struct plan *stand_in(const struct fold *f) {
  static const struct plan empty;
  return f->plan ? f->plan : &empty;
}

static void decide_again(struct replaying *r, const struct fold *f, const struct entry *entry,
                         const struct event *e) {
  struct command c;
  struct fault why = {0};
  r->head = entry->n;
  r->given_up = false;
  r->rest = (struct span){0};
  r->result->commands++;
  buf_reset(&r->bundle);
  enum sp_err err = entry_read_command(f->core, entry, &c, &why);
  if (!err) {
    if (c.type == COMMAND_PLAN_APPLY)
      c.plan = e->plan ? e->plan : stand_in(f);
    core_decide(f->core, &c, r->outcome);
    err = entry_write(&r->writer, f->core, r->site, &c, r->outcome, &r->bundle, &why);
  }
  if (err) {
    report_fault(r->report, &why, "entry %llu", (unsigned long long)entry->n);
    differs(r, entry->n, (struct span){0}, (struct span){0});
    return;
  }
  r->rest = buf_span(&r->bundle);
}

/* The command before is over: all that it gives must have been met. */
static void end_command(struct replaying *r, uint64_t n) {
  struct span again;
  if (!r->given_up && bundle_next(&r->rest, &again)) {
    report_add(r->report, SP_CORRUPT,
               "entry %llu: another command begins, where the one of entry %llu still gives %.*s…",
               (unsigned long long)n, (unsigned long long)r->head,
               (int)(again.n < shown ? again.n : shown), (const char *)again.p);
    differs(r, n, (struct span){0}, again);
  }
}

static enum sp_err before(void *ctx, const struct fold *f, const struct entry *entry,
                          struct span bytes, const struct event *e, struct fault *why) {
  struct replaying *r = ctx;
  struct span again;
  r->result->entries++;
  if (entry->n % 65536 == 0 && !progress_step(r->progress, "decisions", entry->n, 0))
    return fault_set(why, SP_UNAVAILABLE, "stopped at entry %llu", (unsigned long long)entry->n);
  if (entry->cause == CAUSE_NONE) {
    end_command(r, entry->n);
    decide_again(r, f, entry, e);
  }
  if (e->type == EVENT_SNAPSHOT_TAKEN) {
    struct hash is = state_hash(f->core);
    r->result->states++;
    if (memcmp(&is, &e->u.snapshot_taken.state, sizeof is) != 0)
      report_add(r->report, SP_CORRUPT,
                 "entry %llu: the state made again has another hash than it names",
                 (unsigned long long)entry->n);
  }
  if (r->given_up)
    return SP_OK;
  if (!bundle_next(&r->rest, &again)) {
    report_add(r->report, SP_CORRUPT,
               "entry %llu: %.*s stands in the journal, and the decision made again gives nothing",
               (unsigned long long)entry->n, (int)entry->type.n, (const char *)entry->type.p);
    differs(r, entry->n, bytes, (struct span){0});
  } else if (!span_eq(again, bytes)) {
    tell_difference(r, entry->n, bytes, again);
  }
  return SP_OK;
}

static enum sp_err replay(struct replaying *r, struct store *store, struct fault *why) {
  struct fold fold;
  struct fault damage = {0};
  const struct fold_visitor visitor = {r, before, NULL};
  const struct fold_options options = {
      .site = r->site->s, .visitor = &visitor, .no_snapshot = true, .no_tree = true};
  r->outcome = sp_alloc(1, sizeof *r->outcome);
  if (!r->outcome)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = fold_open(&fold, store, &options, &damage);
  if (!err)
    end_command(r, core_next_entry(fold.core));
  fold_close(&fold);
  if (err == SP_CORRUPT || err == SP_VERSION)
    report_fault(r->report, &damage, "it cannot be replayed further");
  else if (err)
    return fault_set(why, err, "%s", damage.text);
  return report_result(r->report, why);
}

enum sp_err replay_store(struct store *store, const struct slug *site,
                         const struct progress *progress, struct report *report,
                         struct replay_result *result, struct fault *why) {
  struct replaying r = {
      .report = report, .progress = progress, .result = result, .site = site, .given_up = true};
  *result = (struct replay_result){0};
  enum sp_err err = replay(&r, store, why);
  entry_writer_free(&r.writer);
  buf_free(&r.bundle);
  sp_free(r.outcome);
  return err;
}

enum sp_err replay_dir(const char *dir, const struct progress *progress, struct report *report,
                       struct replay_result *result, struct fault *why) {
  struct site_dir *site = NULL;
  struct store *store = NULL;
  *result = (struct replay_result){0};
  enum sp_err err = site_dir_open(&site, dir, SITE_DIR_READ, why);
  if (!err)
    err = site_dir_store(site, STORE_READ, &store, why);
  if (!err)
    err = replay_store(store, site_dir_site(site), progress, report, result, why);
  store_close(store);
  site_dir_close(site);
  return err;
}
