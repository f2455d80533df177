#include "audit/rebuild.h"

#include "audit/passages.h"
#include "audit/state_hash.h"
#include "engine/fold.h"
#include "engine/query.h"
#include "engine/site_dir.h"
#include "journal/sha256.h"

#include <string.h>

enum { rows_a_commit = 4096 };

/* A snapshot that should be there. */
struct wanted {
  uint64_t n;
  bool listed; /* the store has a row */
  bool is_taken, differs;
  struct hash state;
  struct buf dump; /* kept of one that differs */
};

struct rebuilding {
  struct store *read, *write;
  struct report *report;
  const struct progress *progress;
  struct rebuild_result *result;
  struct checkpoint signed_root;
  bool has_signed;
  const char *site;
  struct passages passages;
  struct wanted wanted[store_snapshots_max + 1];
  uint32_t n_wanted;
  bool unlisted;              /* the store's list of snapshots cannot be read */
  uint64_t newest;            /* snapshot.taken; UINT64_MAX = there is none */
  struct store_passage *rows; /* of the second pass, to be written */
  uint32_t n_rows;
};

static struct wanted *find_wanted(struct rebuilding *r, uint64_t n) {
  for (uint32_t i = 0; i < r->n_wanted; i++)
    if (r->wanted[i].n == n)
      return &r->wanted[i];
  return NULL;
}

static enum sp_err step(const struct rebuilding *r, const char *what, const struct entry *entry,
                        struct fault *why) {
  return entry->n % 65536 || progress_step(r->progress, what, entry->n, 0)
             ? SP_OK
             : fault_set(why, SP_UNAVAILABLE, "stopped at entry %llu",
                         (unsigned long long)entry->n);
}

/* --- Comparing --- */

/* What is damaged is made anew; what could only not be read right now is not called damaged. */
static bool is_damage(enum sp_err err) {
  return err == SP_CORRUPT || err == SP_NOT_FOUND;
}

/* *wrong tells what is, or stays NULL. */
static enum sp_err judge(struct rebuilding *r, const struct wanted *w, const struct buf *dump,
                         struct buf *stored, const char **wrong, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n = 0;
  enum sp_err err = store_snapshot_list(r->read, list, &n, why);
  if (is_damage(err))
    *wrong = "its row cannot be read";
  for (uint32_t i = 0; i < n && !err; i++)
    if (list[i].n == w->n &&
        (memcmp(&list[i].hash, &w->state, sizeof w->state) != 0 || list[i].bytes != dump->n))
      *wrong = "its row names another hash or length";
  if (!err && !*wrong && is_damage(err = store_snapshot_read(r->read, w->n, stored, why)))
    *wrong = "its bytes cannot be read";
  else if (!err && !*wrong && !span_eq(buf_span(stored), buf_span(dump)))
    *wrong = "its bytes are others";
  return *wrong ? SP_OK : err;
}

static enum sp_err look_at_snapshot(struct rebuilding *r, const struct fold *f,
                                    const struct event *e, struct wanted *w, struct fault *why) {
  struct buf dump = {0}, stored = {0};
  state_dump(f->core, &dump);
  if (dump.failed) {
    buf_free(&dump);
    return fault_set(why, SP_NO_MEMORY, "out of memory for a snapshot");
  }
  w->is_taken = true;
  w->state = sha256_of(buf_span(&dump));
  if (memcmp(&w->state, &e->u.snapshot_taken.state, sizeof w->state) != 0) {
    buf_free(&dump);
    return fault_set(why, SP_CORRUPT,
                     "the entries give another state than it names: `replay` tells why");
  }
  const char *wrong = NULL;
  enum sp_err err = w->listed ? judge(r, w, &dump, &stored, &wrong, why) : SP_OK;
  if (wrong)
    report_add(r->report, SP_CORRUPT, "snapshot of entry %llu: %s; made anew",
               (unsigned long long)w->n, wrong);
  r->result->snapshots_differing += wrong != NULL;
  w->differs = !err && (wrong || !w->listed);
  if (w->differs)
    w->dump = dump;
  else
    buf_free(&dump);
  buf_free(&stored);
  return err;
}

static enum sp_err before(void *ctx, const struct fold *f, const struct entry *entry,
                          struct span bytes, const struct event *e, struct fault *why) {
  struct rebuilding *r = ctx;
  (void)bytes;
  if (e->type != EVENT_SNAPSHOT_TAKEN)
    return SP_OK;
  r->newest = entry->n;
  struct wanted *w = find_wanted(r, entry->n);
  return w && !w->is_taken ? look_at_snapshot(r, f, e, w, why) : SP_OK;
}

static enum sp_err compare(void *ctx, const struct fold *f, const struct entry *entry,
                           const struct event *e, struct fault *why) {
  struct rebuilding *r = ctx;
  passages_event(&r->passages, f->core, e);
  return step(r, "comparing", entry, why);
}

/* --- Writing --- */

static enum sp_err flush_rows(struct rebuilding *r, struct fault *why) {
  const struct store_batch batch = {.passages = r->rows, .n_passages = r->n_rows};
  enum sp_err err = r->n_rows ? store_commit(r->write, &batch, why) : SP_OK;
  r->n_rows = 0;
  return err;
}

static enum sp_err write_row(void *ctx, const struct fold *f, const struct entry *entry,
                             const struct event *e, struct fault *why) {
  struct rebuilding *r = ctx;
  enum sp_err err = SP_OK;
  r->n_rows += query_passage(f->core, e, &r->rows[r->n_rows]);
  if (r->n_rows == rows_a_commit)
    err = flush_rows(r, why);
  if (!err)
    err = store_maintain(r->write, why);
  return err ? err : step(r, "writing", entry, why);
}

static enum sp_err write_snapshot(struct rebuilding *r, const struct wanted *w, struct fault *why) {
  const struct store_snapshot snap = {w->n, w->state, w->dump.n};
  enum sp_err err = store_snapshot_begin(r->write, w->n, why);
  for (size_t at = 0; at < w->dump.n && !err; at += store_chunk_bytes) {
    size_t n = w->dump.n - at < store_chunk_bytes ? w->dump.n - at : store_chunk_bytes;
    err = store_snapshot_put(r->write, w->n, (uint32_t)(at / store_chunk_bytes),
                             span_of(w->dump.p + at, n), why);
  }
  return err ? err : store_snapshot_end(r->write, &snap, why);
}

static enum sp_err write_snapshots(struct rebuilding *r, struct fault *why) {
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < r->n_wanted && !err; i++) {
    const struct wanted *w = &r->wanted[i];
    if (!w->is_taken) {
      report_add(r->report, SP_CORRUPT,
                 "snapshot of entry %llu: no entry snapshot.taken stands there; dropped",
                 (unsigned long long)w->n);
      r->result->snapshots_differing++;
      err = store_snapshot_drop(r->write, w->n, why);
      continue;
    }
    if (w->differs)
      err = write_snapshot(r, w, why);
    r->result->snapshots += !err;
  }
  return err;
}

/* --- The two passes --- */

static enum sp_err pass(struct rebuilding *r, const struct fold_visitor *visitor,
                        struct fault *why) {
  struct fold fold;
  const struct fold_options options = {.site = r->site,
                                       .checkpoint = r->has_signed ? &r->signed_root : NULL,
                                       .visitor = visitor,
                                       .no_snapshot = true};
  enum sp_err err = fold_open(&fold, r->read, &options, why);
  if (!err)
    r->result->entries = core_next_entry(fold.core);
  fold_close(&fold);
  return err;
}

static enum sp_err list_snapshots(struct rebuilding *r, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  struct fault damage = {0};
  uint32_t n = 0;
  enum sp_err err = store_snapshot_list(r->read, list, &n, &damage);
  if (err == SP_CORRUPT) {
    report_fault(r->report, &damage, "snapshots");
    r->result->snapshots_differing++;
    r->unlisted = true;
    return SP_OK;
  }
  for (uint32_t i = 0; i < n && !err; i++)
    r->wanted[r->n_wanted++] = (struct wanted){.n = list[i].n, .listed = true};
  return err ? fault_set(why, err, "%s", damage.text) : SP_OK;
}

static enum sp_err rebuild(struct rebuilding *r, struct fault *why) {
  const struct fold_visitor comparing = {r, before, compare};
  const struct fold_visitor looking = {r, before, NULL}, writing = {r, before, write_row};
  enum sp_err err = list_snapshots(r, why);
  if (!err)
    err = pass(r, &comparing, why);
  if (err)
    return err;
  passages_end(&r->passages, r->result->entries);
  r->result->passages = r->passages.rows;
  r->result->passages_differing = r->passages.differing;
  bool make_newest = r->newest != UINT64_MAX && !find_wanted(r, r->newest);
  if (make_newest)
    r->wanted[r->n_wanted++] = (struct wanted){.n = r->newest};
  if (r->unlisted && make_newest) /* its row, whatever is in it, gives way */
    err = store_snapshot_drop(r->write, r->newest, why);
  if (!err && r->passages.differing)
    err = store_passages_clear(r->write, why);
  if (!err && (make_newest || r->passages.differing))
    err = pass(r, r->passages.differing ? &writing : &looking, why);
  if (!err)
    err = flush_rows(r, why);
  if (!err)
    err = write_snapshots(r, why);
  r->result->snapshot_made = make_newest && !err;
  return err ? err : report_result(r->report, why);
}

/* What was signed last, if anything was. */
static enum sp_err find_signed(struct rebuilding *r, const struct site_dir *dir,
                               struct fault *why) {
  struct buf note = {0};
  struct note_key key;
  struct fault none = {0};
  enum sp_err err = site_dir_checkpoint_read(dir, &note, &none);
  if (err == SP_NOT_FOUND)
    return SP_OK;
  if (err)
    err = fault_set(why, err, "%s", none.text);
  if (!err)
    err = site_dir_vkey(dir, &key, why);
  if (!err)
    err = checkpoint_open(&r->signed_root, buf_span(&note), &key, NULL, 0, NULL, why);
  r->has_signed = !err;
  buf_free(&note);
  return err;
}

enum sp_err rebuild_dir(const char *dir, const struct progress *progress, struct report *report,
                        struct rebuild_result *result, struct fault *why) {
  struct site_dir *site = NULL;
  struct rebuilding *r = sp_alloc(1, sizeof *r);
  *result = (struct rebuild_result){0};
  if (!r)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  r->report = report;
  r->progress = progress;
  r->result = result;
  r->newest = UINT64_MAX;
  enum sp_err err = site_dir_open(&site, dir, SITE_DIR_WRITE, why);
  /* Two handles: the one that writes is not in the midst of reading. */
  if (!err)
    err = site_dir_store(site, STORE_WRITE, &r->write, why);
  if (!err)
    err = site_dir_store(site, STORE_READ, &r->read, why);
  if (!err)
    err = find_signed(r, site, why);
  if (!err)
    err = passages_init(&r->passages, r->read, report, why);
  if (!err && !(r->rows = sp_alloc(rows_a_commit, sizeof *r->rows)))
    err = fault_set(why, SP_NO_MEMORY, "out of memory for passages");
  if (!err) {
    r->site = site_dir_site(site)->s;
    err = rebuild(r, why);
  }
  for (uint32_t i = 0; i < r->n_wanted; i++)
    buf_free(&r->wanted[i].dump);
  passages_free(&r->passages);
  sp_free(r->rows);
  store_close(r->read);
  store_close(r->write);
  site_dir_close(site);
  sp_free(r);
  return err;
}
