/* store_sqlite_upkeep.c: moving the WAL, clearing it after an erasure, checking, and backing up. */
#include "store/store_sqlite_int.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

enum { backup_step_pages = 1024 };

/* A reader that stays on an old state keeps the WAL from beginning anew: then this tries again only
 * after as many pages more, not after every commit. */
enum sp_err sql_maintain(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  enum sp_err err = sql_snapshot_sweep(s, why);
  if (err || s->wal_pages < s->wal_next)
    return err;
  int log = 0, done = 0;
  int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY)
    return sql_told(s, rc, "moving the log into the database", why);
  s->wal_next = s->wal_pages + wal_pages_max;
  return SP_OK;
}

enum sp_err sql_scrub(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  /* No waiting for readers: who commits would wait with it. SP_BUSY: it is tried again. */
  sqlite3_busy_timeout(s->db, 0);
  int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  sqlite3_busy_timeout(s->db, busy_wait_ms);
  if (rc != SQLITE_OK)
    return sql_told(s, rc, "clearing the log after an erasure", why);
  s->wal_pages = 0;
  sql_extend_wal(s);
  return SP_OK;
}

static enum sp_err pass_entry(void *ctx, uint64_t n, struct span entry) {
  (void)ctx, (void)n, (void)entry;
  return SP_OK;
}

static enum sp_err pass_details(void *ctx, const struct store_details *d) {
  (void)ctx, (void)d;
  return SP_OK;
}

/* Erased details lie there as zeros (store_sqlite_details.c). */
static enum sp_err check_erased(struct sqlite_store *s, struct fault *why) {
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(
      s->db,
      "SELECT id FROM details_bodies WHERE id NOT IN (SELECT body FROM "
      "details UNION ALL SELECT body FROM papers) AND bytes IS NOT zeroblob(length(bytes)) LIMIT 1",
      -1, &st, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc == SQLITE_ROW)
    err = fault_set(why, SP_CORRUPT,
                    "%s: row %lld of details_bodies holds bytes of details that are erased",
                    s->path, (long long)sqlite3_column_int64(st, 0));
  else if (rc != SQLITE_DONE)
    err = sql_told(s, rc, "looking for erased details", why);
  sqlite3_finalize(st);
  return err;
}

static enum sp_err check_structure(struct sqlite_store *s, struct fault *why) {
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc != SQLITE_ROW)
    err = sql_told(s, rc == SQLITE_OK || rc == SQLITE_DONE ? SQLITE_CORRUPT : rc,
                   "checking the structure", why);
  else if (!span_is(sql_column(st, 0), "ok") && sql_unreadable(s))
    err = sql_told(s, SQLITE_CORRUPT, "checking the structure", why);
  else if (!span_is(sql_column(st, 0), "ok"))
    err = fault_set(why, SP_CORRUPT, "%s: the database is damaged (%s): restore a backup", s->path,
                    (const char *)sqlite3_column_text(st, 0));
  sqlite3_finalize(st);
  return err;
}

/* SQLite tells pages that it could not read, or had no memory for, as it tells damaged ones. Damage
 * is found again. */
enum sp_err sql_integrity(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  bool held = !sqlite3_get_autocommit(s->db);
  enum sp_err err = check_structure(s, why);
  /* For want of memory it gives up the state that was held, too. */
  if (err == SP_CORRUPT && held && sqlite3_get_autocommit(s->db))
    return sql_told(s, SQLITE_NOMEM, "checking the structure", why);
  if (err == SP_CORRUPT)
    err = check_structure(s, why);
  if (!err)
    err = check_erased(s, why);
  if (!err)
    err = sql_entries(base, 0, UINT64_MAX, pass_entry, NULL, why);
  if (!err)
    err = sql_details(base, NULL, pass_details, NULL, why);
  return err;
}

/* The state is the one of the first read of a transaction. */
enum sp_err sql_hold(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  int rc = sqlite3_exec(s->db, "BEGIN; SELECT count(*) FROM site", NULL, NULL, NULL);
  return rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "holding a state", why);
}

enum sp_err sql_release(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
  return rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "holding a state", why);
}

/* --- Backup: beside its place first, and there only when it is whole --- */

static int copy_pages(struct sqlite_store *s, sqlite3 *to, store_progress_fn *progress, void *ctx,
                      enum sp_err *stopped) {
  /* A read transaction over all the steps: one state, and no beginning again when others write. */
  int rc = sqlite3_exec(s->db, "BEGIN; SELECT count(*) FROM site", NULL, NULL, NULL);
  sqlite3_backup *b = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", s->db, "main") : NULL;
  if (rc == SQLITE_OK && !b)
    rc = sqlite3_errcode(to);
  while (b && !*stopped && (rc = sqlite3_backup_step(b, backup_step_pages)) == SQLITE_OK)
    if (progress) {
      uint64_t all = (uint64_t)sqlite3_backup_pagecount(b);
      *stopped = progress(ctx, all - (uint64_t)sqlite3_backup_remaining(b), all);
    }
  if (b)
    sqlite3_backup_finish(b);
  if (!sqlite3_get_autocommit(s->db))
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
  /* A file by itself, which can be read where nothing can be written. */
  if (rc == SQLITE_DONE && !*stopped)
    rc = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
  return rc;
}

static enum sp_err put_in_place(const char *part, const char *path, struct fault *why) {
  char copy[sizeof((struct sqlite_store *)0)->path];
  if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
    return fault_set(why, errno == EEXIST ? SP_EXISTS : SP_IO,
                     "%s: the backup cannot be put there: %s", path, strerror(errno));
  snprintf(copy, sizeof copy, "%s", path);
  int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;
  if (fd >= 0)
    close(fd);
  return failed ? fault_set(why, SP_IO, "%s: its directory cannot be synced: %s", path,
                            strerror(failed))
                : SP_OK;
}

enum sp_err sql_backup(struct store *base, const char *path, store_progress_fn *progress, void *ctx,
                       struct fault *why) {
  struct sqlite_store *s = sql_own(base), to = {0};
  if (access(path, F_OK) == 0)
    return fault_set(why, SP_EXISTS, "%s exists already: a backup overwrites nothing", path);
  if (snprintf(to.path, sizeof to.path, "%s.part", path) >= (int)sizeof to.path)
    return fault_set(why, SP_USAGE, "the path %.60s… is too long", path);
  /* It holds personal details, so from the first byte it is for its owner alone. */
  unlink(to.path);
  int fd = open(to.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return fault_set(why, SP_IO, "%s: the backup cannot be made: %s", to.path, strerror(errno));
  close(fd);
  enum sp_err stopped = SP_OK, err = SP_OK;
  int rc = sqlite3_open_v2(to.path, &to.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
  if (rc == SQLITE_OK)
    rc = copy_pages(s, to.db, progress, ctx, &stopped);
  if (stopped)
    err = fault_set(why, stopped, "%s: the backup was stopped", path);
  else if (rc != SQLITE_OK)
    err = sql_told(sql_unreadable(s) ? s : &to, rc, "backing up", why);
  sqlite3_close(to.db);
  if (!err)
    err = put_in_place(to.path, path, why);
  if (err)
    unlink(to.path);
  return err;
}
