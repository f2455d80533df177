#include "audit/backup.h"

#include "audit/contents.h"
#include "audit/files.h"
#include "engine/entry_read.h"
#include "engine/site_dir.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sp_err path_in(char out[path_max], const char *dir, const char *name,
                           struct fault *why) {
  return snprintf(out, path_max, "%s/%s", dir, name) < path_max
             ? SP_OK
             : fault_set(why, SP_LIMIT, "%.80s…: the path is too long", dir);
}

/* --- backup --- */

enum sp_err backup_make(const char *dir, const char *file, struct backup_result *result,
                        struct fault *why) {
  struct site_dir *site = NULL;
  struct store *from = NULL, *made = NULL;
  struct stat info;
  *result = (struct backup_result){0};
  enum sp_err err = site_dir_open(&site, dir, SITE_DIR_READ, why);
  if (!err)
    err = site_dir_store(site, STORE_READ, &from, why);
  if (!err)
    err = store_backup(from, file, why);
  if (!err) /* what cannot be opened is no backup */
    err = store_sqlite_open(file, site_dir_site(site)->s, STORE_READ, &made, why);
  if (!err)
    err = store_count(made, &result->entries, why);
  if (!err && stat(file, &info))
    err = fault_set(why, SP_IO, "%s: %s", file, strerror(errno));
  if (!err)
    result->bytes = (uint64_t)info.st_size;
  store_close(made);
  store_close(from);
  site_dir_close(site);
  return err;
}

/* --- restore: what was signed --- */

struct restoring {
  const char *file, *dir;
  const struct restore_options *options;
  struct restore_result *result;
  struct report *report;
  struct store *backup;
  struct note_key key;
  struct buf known;  /* the checkpoint to hold the backup against; empty: there is none */
  struct buf stored; /* the backup's own */
  struct fault *why;
};

static enum sp_err read_meta(struct restoring *r, const char *key, struct buf *out) {
  enum sp_err err = store_meta_get(r->backup, key, out, r->why);
  return err == SP_NOT_FOUND
             ? fault_set(r->why, SP_CORRUPT, "%s: \"%s\" is missing in it", r->file, key)
             : err;
}

static enum sp_err find_key(struct restoring *r) {
  struct buf text = {0};
  if (r->options->key) {
    r->key = *r->options->key;
    return SP_OK;
  }
  enum sp_err err = read_meta(r, "vkey", &text);
  if (!err && (err = vkey_parse(&r->key, buf_span(&text), r->why)))
    fault_prefix(r->why, "%s: its verifier key", r->file);
  buf_free(&text);
  return err;
}

/* The one given, or the one in the directory that the site had. */
static enum sp_err find_known(struct restoring *r) {
  char path[path_max];
  struct fault none = {0};
  if (r->options->checkpoint.n) {
    buf_put(&r->known, r->options->checkpoint.p, r->options->checkpoint.n);
    return SP_OK;
  }
  enum sp_err err = path_in(path, r->dir, "checkpoint", r->why);
  if (err)
    return err;
  err = audit_file_read(path, note_max, &r->known, &none);
  return !err || err == SP_NOT_FOUND ? SP_OK : fault_set(r->why, err, "%s", none.text);
}

/* More was signed than is in the backup: whoever has seen that would see the log fork. */
static enum sp_err compare_size(struct restoring *r, bool *beyond) {
  struct checkpoint c;
  uint64_t have = 0;
  struct fault wrong = {0};
  *beyond = false;
  enum sp_err err = store_count(r->backup, &have, r->why);
  if (err || !r->known.n)
    return err;
  const char *what = r->options->checkpoint.n ? "the checkpoint given" : "the checkpoint there";
  err = checkpoint_open(&c, buf_span(&r->known), &r->key, NULL, 0, NULL, &wrong);
  if (err)
    return fault_set(r->why, err == SP_INVALID ? SP_CORRUPT : err,
                     "%s: %s is not one of this log: %s", r->dir, what, wrong.text);
  r->result->signed_size = c.size;
  *beyond = c.size > have;
  if (!*beyond || r->options->accept_fork)
    return SP_OK;
  return fault_set(r->why, SP_FORK,
                   "%s signs %llu entries, and the backup has %llu: a log that goes on from it "
                   "would fork from what was signed. Nothing was written. Restore a newer backup, "
                   "or the database itself; only if what is missing is lost for good, accept the "
                   "fork and tell whoever watches this log",
                   what, (unsigned long long)c.size, (unsigned long long)have);
}

/* --- restore: writing --- */

static enum sp_err sync_dir(const char *dir, struct fault *why) {
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failed = fd < 0 || fsync(fd);
  int said = errno;
  if (fd >= 0)
    close(fd);
  return failed ? fault_set(why, SP_IO, "%s: %s", dir, strerror(said)) : SP_OK;
}

/* The directory's checkpoint goes on being the newest signed one: the backup's own if there is
 * none, or if the newer one is given up. */
static enum sp_err settle_checkpoint(struct restoring *r, bool beyond) {
  char path[path_max], aside[path_max];
  enum sp_err err = path_in(path, r->dir, "checkpoint", r->why);
  if (!err)
    err = path_in(aside, r->dir, "checkpoint.abandoned", r->why);
  if (err)
    return err;
  bool there = access(path, F_OK) == 0;
  if (there && !beyond)
    return SP_OK;
  if (there && rename(path, aside))
    return fault_set(r->why, SP_IO, "%s: %s", aside, strerror(errno));
  struct span note = r->known.n && !beyond ? buf_span(&r->known) : buf_span(&r->stored);
  return audit_file_replace(path, note, r->why);
}

static bool is_missing(const char *dir, const char *name) {
  char path[path_max];
  return snprintf(path, sizeof path, "%s/%s", dir, name) >= path_max || access(path, F_OK) != 0;
}

/* --- restore: erasures --- */

static enum sp_err gather(void *ctx, uint64_t n, struct span bytes) {
  struct entry e;
  enum event_type type;
  (void)n;
  if (!entry_parse(&e, bytes, NULL) && event_type_find(e.type, &type))
    contents_entry(ctx, &e, type); /* what is damaged is told when all of it is verified */
  return SP_OK;
}

/* Whoever was erased once is erased again: what came before that. */
static enum sp_err replay_erasures(struct restoring *r, struct store *copy) {
  struct contents c = {.report = r->report};
  struct buf subjects = {0}, before = {0};
  enum sp_err err = store_entries(copy, 0, UINT64_MAX, gather, &c, r->why);
  contents_order(&c);
  for (size_t i = 0; i < c.n_erasures; i++) {
    buf_put(&subjects, &c.erasures[i].subject, sizeof(struct id));
    buf_put(&before, &c.erasures[i].n, sizeof(uint64_t));
  }
  if (!err && (c.no_memory || subjects.failed || before.failed))
    err = fault_set(r->why, SP_NO_MEMORY, "out of memory for erasures");
  const struct store_batch batch = {.erased = (const void *)subjects.p,
                                    .erased_before = (const void *)before.p,
                                    .n_erased = (uint32_t)(subjects.n / sizeof(struct id))};
  r->result->erasures = batch.n_erased;
  if (!err && batch.n_erased)
    err = store_commit(copy, &batch, r->why);
  buf_free(&subjects);
  buf_free(&before);
  contents_free(&c);
  return err;
}

/* --- restore: the database, whole beside its place before it is put there --- */

static const char beside_name[] = "site.db.restoring";

static void remove_beside(const struct restoring *r) {
  static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
  char path[path_max];
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    if (snprintf(path, sizeof path, "%s/%s%s", r->dir, beside_name, ends[i]) < path_max)
      unlink(path);
}

static enum sp_err write_beside(struct restoring *r, const char *beside) {
  struct store *copy = NULL;
  enum sp_err err = store_backup(r->backup, beside, r->why);
  if (!err)
    err = store_sqlite_open(beside, NULL, STORE_WRITE, &copy, r->why);
  if (!err)
    err = replay_erasures(r, copy);
  if (!err) /* then all of it is in the one file that is put in place */
    err = store_scrub(copy, r->why);
  store_close(copy);
  return err;
}

static enum sp_err verify_beside(struct restoring *r, const char *beside, bool beyond) {
  struct store *copy = NULL;
  const struct verify_options options = {.key = r->options->key,
                                         .checkpoint =
                                             beyond ? (struct span){0} : buf_span(&r->known),
                                         .progress = r->options->progress};
  enum sp_err err = store_sqlite_open(beside, NULL, STORE_READ, &copy, r->why);
  if (!err)
    err = verify_store(copy, &options, r->report, &r->result->verified, r->why);
  if (err)
    fault_prefix(r->why, "%s: nothing was restored", r->file);
  store_close(copy);
  return err;
}

/* A link, so that nothing is ever replaced. */
static enum sp_err put_in_place(struct restoring *r, const char *beside) {
  char path[path_max];
  enum sp_err err = path_in(path, r->dir, "site.db", r->why);
  if (!err && link(beside, path))
    err = fault_set(r->why, errno == EEXIST ? SP_EXISTS : SP_IO, "%s: %s", path, strerror(errno));
  return err ? err : sync_dir(r->dir, r->why);
}

/* --- restore --- */

/* Everything that can be asked before anything is written. */
static enum sp_err look_before(struct restoring *r, bool *beyond) {
  char path[path_max];
  enum sp_err err = path_in(path, r->dir, "site.db", r->why);
  if (!err && access(path, F_OK) == 0)
    err =
        fault_set(r->why, SP_EXISTS,
                  "%s is there already: a restore replaces nothing; name a new directory, or move "
                  "the database away",
                  path);
  if (!err)
    err = store_sqlite_open(r->file, NULL, STORE_READ, &r->backup, r->why);
  if (!err)
    err = find_key(r);
  if (!err)
    err = read_meta(r, "checkpoint", &r->stored);
  if (!err)
    err = find_known(r);
  return err ? err : compare_size(r, beyond);
}

static enum sp_err restore(struct restoring *r) {
  char beside[path_max];
  bool beyond = false;
  enum sp_err err = look_before(r, &beyond);
  if (!err)
    err = path_in(beside, r->dir, beside_name, r->why);
  if (err)
    return err;
  bool made = mkdir(r->dir, 0700) == 0;
  if (!made && errno != EEXIST)
    return fault_set(r->why, SP_IO, "%s: %s", r->dir, strerror(errno));
  remove_beside(r); /* of a restore that was interrupted */
  err = write_beside(r, beside);
  if (!err)
    err = verify_beside(r, beside, beyond);
  if (!err) /* first: a checkpoint without a database harms nothing */
    err = settle_checkpoint(r, beyond);
  if (!err)
    err = put_in_place(r, beside);
  remove_beside(r);
  if (err && made)
    rmdir(r->dir);
  r->result->forked = !err && beyond;
  r->result->signing_key_missing = is_missing(r->dir, "keys/signing.pem");
  r->result->site_key_missing = is_missing(r->dir, "keys/site.key");
  return err;
}

enum sp_err restore_make(const char *file, const char *dir, const struct restore_options *options,
                         struct report *report, struct restore_result *result, struct fault *why) {
  struct restoring r = {
      .file = file, .dir = dir, .options = options, .result = result, .report = report, .why = why};
  *result = (struct restore_result){0};
  enum sp_err err = restore(&r);
  store_close(r.backup);
  buf_free(&r.known);
  buf_free(&r.stored);
  return err;
}
