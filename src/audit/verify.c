#include "audit/verify.h"

#include "audit/checkpoints.h"
#include "audit/contents.h"
#include "audit/files.h"
#include "audit/passages.h"
#include "audit/store_source.h"
#include "audit/tlog_files.h"
#include "engine/fold.h"
#include "engine/site_dir.h"
#include "journal/sha256.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct verifying {
  const struct verify_options *options;
  struct report *report;
  struct verify_result *result;
  struct site_dir *dir;
  struct store *store;
  struct note_key key;
  struct checkpoints checkpoints;
  struct contents contents;
  struct fault *why;
};

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- The log itself, of either kind --- */

static enum sp_err check_log(struct verifying *v, const struct log_source *source, struct span site,
                             uint64_t *size) {
  const struct log_visitor visitor = {&v->contents, contents_entry};
  struct log_facts facts;
  int64_t from = now_ns();
  enum sp_err err = log_check(source, site, v->checkpoints.at, v->checkpoints.n, &visitor,
                              v->report, v->options->progress, &facts, v->why);
  v->result->log_ns = now_ns() - from;
  *size = facts.size;
  v->result->entries = facts.entries;
  v->result->bytes = facts.bytes;
  v->result->first_at = facts.first_at;
  v->result->last_at = facts.last_at;
  v->result->root = facts.root;
  v->result->signed_size = v->checkpoints.newest;
  memcpy(v->result->site, facts.site, sizeof v->result->site);
  return err;
}

/* Entry 0 names the key by hash, so a log cannot be handed over with another one. */
static void check_key(struct verifying *v) {
  char text[vkey_max];
  vkey_format(&v->key, text);
  snprintf(v->result->vkey, sizeof v->result->vkey, "%s", text);
  struct hash is = sha256_of(span_str(text));
  if (bytes_are_zero(v->contents.vkey.b, sizeof v->contents.vkey.b))
    return; /* entry 0 is damaged, which is told */
  if (memcmp(&is, &v->contents.vkey, sizeof is) != 0)
    report_add(v->report, SP_FORK,
               "verifier key %s: the log was created with another one: entry 0 names its hash",
               text);
}

static void add_given_checkpoint(struct verifying *v) {
  if (v->options->checkpoint.n)
    checkpoints_add(&v->checkpoints, "the checkpoint given by hand", v->options->checkpoint);
}

/* --- Files --- */

static enum sp_err verify_files(struct verifying *v, const char *dir) {
  char path[path_max];
  struct buf note = {0};
  v->result->files = true;
  if (!v->options->key)
    return fault_set(v->why, SP_USAGE,
                     "%s is a log as files: give the verifier key that its site published", dir);
  v->key = *v->options->key;
  snprintf(path, sizeof path, "%s/checkpoint", dir);
  enum sp_err err = audit_file_read(path, note_max, &note, v->why);
  if (!err) {
    checkpoints_add(&v->checkpoints, path, buf_span(&note));
    struct tlog_files files = {.dir = dir, .size = v->checkpoints.newest, .report = v->report};
    add_given_checkpoint(v);
    struct log_source source = tlog_files_source(&files);
    uint64_t size;
    err = check_log(v, &source, (struct span){0}, &size);
    tlog_files_free(&files);
  }
  if (!err)
    check_key(v);
  buf_free(&note);
  return err;
}

/* --- A site, or a store alone --- */

static enum sp_err own_key(struct verifying *v, struct fault *why) {
  if (v->dir)
    return site_dir_vkey(v->dir, &v->key, why);
  struct buf text = {0};
  enum sp_err err = store_meta_get(v->store, "vkey", &text, why);
  if (!err)
    err = vkey_parse(&v->key, buf_span(&text), why);
  buf_free(&text);
  return err;
}

static enum sp_err find_key(struct verifying *v) {
  struct fault why = {0};
  enum sp_err err = own_key(v, &why);
  if (v->options->key) {
    if (!err && memcmp(v->key.key, v->options->key->key, sizeof v->key.key) != 0)
      report_add(v->report, SP_FORK,
                 "verifier key: the one given by hand is not the one that the site has");
    v->key = *v->options->key;
    return SP_OK;
  }
  return err ? fault_set(v->why, err, "%s; a verifier key can be given by hand", why.text) : SP_OK;
}

/* The database's copy. *there: it has one, good or damaged. */
static enum sp_err find_stored_checkpoint(struct verifying *v, struct buf *note, bool *there) {
  struct fault why = {0};
  enum sp_err err = store_meta_get(v->store, "checkpoint", note, &why);
  *there = err != SP_NOT_FOUND;
  if (!err)
    checkpoints_add(&v->checkpoints, "the checkpoint in the database", buf_span(note));
  else if (err == SP_CORRUPT)
    report_fault(v->report, &why, "the checkpoint in the database");
  else if (err != SP_NOT_FOUND)
    return fault_set(v->why, err, "%s", why.text);
  return SP_OK;
}

static enum sp_err read_file_checkpoint(struct verifying *v, struct buf *note, bool *there) {
  struct fault why = {0};
  if (!v->dir)
    return SP_OK;
  enum sp_err err = site_dir_checkpoint_read(v->dir, note, &why);
  *there = err != SP_NOT_FOUND;
  return err == SP_NOT_FOUND || !err ? SP_OK : fault_set(v->why, err, "%s", why.text);
}

/* *note is the file's if there is one, and else becomes the database's: the newest, kept for its
 * cosignatures. */
static enum sp_err find_checkpoints(struct verifying *v, struct buf *note, bool in_file) {
  struct buf stored = {0};
  char where[96];
  bool in_store = false;
  enum sp_err err = find_stored_checkpoint(v, in_file ? &stored : note, &in_store);
  buf_free(&stored);
  if (err)
    return err;
  if (in_file) {
    snprintf(where, sizeof where, "%.80s/checkpoint", site_dir_path(v->dir));
    checkpoints_add(&v->checkpoints, where, buf_span(note));
  } else if (v->dir && in_store) {
    report_add(v->report, SP_CORRUPT,
               "%s/checkpoint: missing; without it a rollback of the database is not noticed",
               site_dir_path(v->dir));
  }
  if (!in_store && !in_file)
    report_add(v->report, SP_CORRUPT, "no checkpoint: nothing of this log was ever signed");
  add_given_checkpoint(v);
  return SP_OK;
}

struct surplus {
  struct verifying *v;
  uint64_t size;
};

static enum sp_err look_for_surplus(void *ctx, const struct store_tile *t) {
  struct surplus *s = ctx;
  bool belongs = t->level < tile_levels && t->index < s->size >> (8 * (t->level + 1));
  s->v->result->tiles += belongs;
  if (!belongs)
    report_add(s->v->report, SP_CORRUPT, "tile %u/%llu: a log of %llu entries has no such tile",
               t->level, (unsigned long long)t->index, (unsigned long long)s->size);
  return SP_OK;
}

static enum sp_err check_surplus_tiles(struct verifying *v, uint64_t size) {
  struct surplus s = {v, size};
  struct fault damage = {0};
  enum sp_err err = store_tiles(v->store, look_for_surplus, &s, &damage);
  if (err == SP_CORRUPT)
    report_fault(v->report, &damage, "tiles");
  else if (err)
    return fault_set(v->why, err, "%s", damage.text);
  return SP_OK;
}

static enum sp_err compare_passage(void *ctx, const struct fold *f, const struct entry *entry,
                                   const struct event *e, struct fault *why) {
  (void)entry, (void)why;
  passages_event(ctx, f->core, e);
  return SP_OK;
}

/* Witnesses are named by the plan in force. */
static void count_cosignatures(struct verifying *v, const struct plan *plan, struct span note) {
  struct note_key witnesses[witnesses_max];
  struct fault why = {0};
  struct span text;
  if (!plan || !plan->n_witnesses || !note.n)
    return;
  for (uint32_t i = 0; i < plan->n_witnesses; i++)
    if (vkey_parse(&witnesses[i], span_str(plan->witnesses[i].vkey), &why)) {
      report_fault(v->report, &why, "witness %s of the plan", plan->witnesses[i].vkey);
      return;
    }
  if (note_open(&text, note, &v->key, witnesses, plan->n_witnesses, &v->result->cosigned, &why))
    report_fault(v->report, &why, "cosignatures of the checkpoint");
}

/* Each entry must follow from those before it; the query table is compared on the way. */
static enum sp_err check_meaning(struct verifying *v, struct span note) {
  struct passages passages;
  struct fault damage = {0};
  struct fold fold = {0};
  enum sp_err err = passages_init(&passages, v->store, v->report, v->why);
  if (!err) {
    const struct fold_visitor visitor = {&passages, NULL, compare_passage};
    const struct fold_options options = {.visitor = &visitor, .no_snapshot = true, .no_tree = true};
    err = fold_open(&fold, v->store, &options, &damage);
    v->result->passages = passages.rows;
    if (!err) {
      passages_end(&passages, core_next_entry(fold.core));
      count_cosignatures(v, fold.plan, note);
    } else if (err == SP_CORRUPT || err == SP_VERSION) {
      report_fault(v->report, &damage, "what comes after it cannot be understood");
      err = SP_OK;
    } else {
      fault_set(v->why, err, "%s", damage.text);
    }
    fold_close(&fold);
  }
  passages_free(&passages);
  return err;
}

static enum sp_err check_structure(struct verifying *v) {
  struct fault damage = {0};
  enum sp_err err = store_integrity(v->store, &damage);
  if (err == SP_CORRUPT)
    report_fault(v->report, &damage, "structure of the database");
  else if (err)
    return fault_set(v->why, err, "%s", damage.text);
  return SP_OK;
}

static enum sp_err verify_rows(struct verifying *v, struct span note) {
  struct store_source rows = {.store = v->store, .report = v->report};
  struct contents_counts counts;
  enum sp_err err = store_count(v->store, &rows.size, v->why);
  if (err)
    return err;
  struct log_source source = store_source(&rows);
  uint64_t size = 0;
  err =
      check_log(v, &source, v->dir ? span_str(site_dir_site(v->dir)->s) : (struct span){0}, &size);
  if (!err && rows.failure.err)
    err = fault_set(v->why, rows.failure.err, "%s", rows.failure.text);
  if (err)
    return err;
  check_key(v);
  err = check_surplus_tiles(v, size);
  if (!err && !progress_step(v->options->progress, "details, blobs and snapshots", 0, 0))
    err = fault_set(v->why, SP_UNAVAILABLE, "stopped");
  if (!err)
    err = contents_check(&v->contents, v->store, &counts, v->why);
  if (err)
    return err;
  v->result->details = counts.details;
  v->result->erased = counts.erased;
  v->result->papers = counts.papers;
  v->result->papers_erased = counts.papers_erased;
  v->result->blobs = counts.blobs;
  v->result->snapshots = counts.snapshots;
  if (!progress_step(v->options->progress, "what the entries mean", 0, 0))
    return fault_set(v->why, SP_UNAVAILABLE, "stopped");
  return check_meaning(v, note);
}

static enum sp_err check_meta_key(void *ctx, const char *key, struct span value) {
  static const char *const known[] = {"site", "origin", "vkey", "checkpoint"};
  struct verifying *v = ctx;
  (void)value; /* each is looked at by whoever uses it */
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(key, known[i]) == 0)
      return SP_OK;
  report_add(v->report, SP_CORRUPT, "meta \"%.40s\": there is no such value", key);
  return SP_OK;
}

/* The names that the database gives itself. */
static enum sp_err check_meta(struct verifying *v) {
  struct buf name = {0};
  struct fault damage = {0};
  enum sp_err err = store_metas(v->store, check_meta_key, v, &damage);
  if (!err)
    err = store_meta_get(v->store, "site", &name, &damage);
  if (!err && !span_is(buf_span(&name), v->result->site))
    report_add(v->report, SP_CORRUPT, "meta \"site\": it is not the site that the entries name");
  buf_reset(&name);
  if (!err)
    err = store_meta_get(v->store, "origin", &name, &damage);
  if (!err && !span_is(buf_span(&name), v->key.name))
    report_add(v->report, SP_CORRUPT, "meta \"origin\": it is not the name in the verifier key");
  buf_free(&name);
  if (err == SP_CORRUPT || err == SP_NOT_FOUND)
    report_add(v->report, SP_CORRUPT, "meta: %s", damage.text);
  else if (err)
    return fault_set(v->why, err, "%s", damage.text);
  return SP_OK;
}

static enum sp_err verify_rest(struct verifying *v) {
  struct buf note = {0};
  bool in_file = false;
  /* An engine may be writing: the database is read in one state. The checkpoint file is not in it,
   * and never signs more than is durable: it is read before. */
  enum sp_err err = read_file_checkpoint(v, &note, &in_file);
  if (!err)
    err = store_hold(v->store, v->why);
  if (!err)
    err = check_structure(v);
  if (!err)
    err = find_key(v);
  if (!err)
    err = find_checkpoints(v, &note, in_file);
  if (!err)
    err = verify_rows(v, buf_span(&note));
  if (!err)
    err = check_meta(v);
  if (!err)
    err = store_release(v->store, v->why);
  buf_free(&note);
  return err;
}

static enum sp_err verify_site(struct verifying *v, const char *dir) {
  enum sp_err err = site_dir_open(&v->dir, dir, SITE_DIR_READ, v->why);
  if (!err)
    err = site_dir_store(v->dir, STORE_READ, &v->store, v->why);
  if (!err)
    err = verify_rest(v);
  store_close(v->store);
  site_dir_close(v->dir);
  return err;
}

/* A tree of files has its checkpoint and tiles, and no database. */
static bool is_files(const char *dir) {
  char path[path_max];
  snprintf(path, sizeof path, "%s/site.db", dir);
  if (access(path, F_OK) == 0)
    return false;
  snprintf(path, sizeof path, "%s/tile", dir);
  return access(path, F_OK) == 0;
}

static void begin(struct verifying *v) {
  *v->result = (struct verify_result){.first_at = TIME_ABSENT, .last_at = TIME_ABSENT};
  v->contents.report = v->checkpoints.report = v->report;
  v->checkpoints.key = &v->key;
}

enum sp_err verify_dir(const char *dir, const struct verify_options *options, struct report *report,
                       struct verify_result *result, struct fault *why) {
  struct verifying v = {.options = options, .report = report, .result = result, .why = why};
  begin(&v);
  enum sp_err err = is_files(dir) ? verify_files(&v, dir) : verify_site(&v, dir);
  contents_free(&v.contents);
  return err ? err : report_result(report, why);
}

enum sp_err verify_store(struct store *store, const struct verify_options *options,
                         struct report *report, struct verify_result *result, struct fault *why) {
  struct verifying v = {
      .options = options, .report = report, .result = result, .store = store, .why = why};
  begin(&v);
  enum sp_err err = verify_rest(&v);
  contents_free(&v.contents);
  return err ? err : report_result(report, why);
}
