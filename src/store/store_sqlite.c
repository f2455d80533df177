/* store_sqlite.c: the store in one SQLite file: WAL, synchronous=FULL, one fsync a commit. Opening,
 * closing and committing.
 *
 * Invariants, besides those of store.h:
 *   1. the WAL is extended with zeros when it is opened for writing and never truncated but by
 *      scrub, so that a commit writes into blocks that exist. Zeros are no valid frame: a recovery
 *      stops there;
 *   2. secondary indexes of passages begin with the segment n >> 12, so that a batch dirties the
 *      few pages of the newest segment instead of one random page a person;
 *   3. no row of details_bodies is ever moved: see store_sqlite_details.c.
 */
#include "store/store_frames.h"
#include "store/store_sqlite_int.h"

#include <errno.h>
#include <stdio.h>

enum { schema_version = 2, application_id = 0x53504c54 };
enum { wal_ready_bytes = 16 << 20 };

/* Of schema 2. Bytes of papers are in details_bodies. */
#define PAPERS_COLUMNS                                                                             \
  "papers(site INTEGER, n INTEGER, subject BLOB NOT NULL, hash BLOB NOT NULL, body INTEGER NOT "   \
  "NULL, PRIMARY KEY(site, n)) WITHOUT ROWID;"
static const char papers_schema[] =
    "CREATE TABLE " PAPERS_COLUMNS "CREATE INDEX papers_subject ON papers(site, subject);"
    "CREATE INDEX papers_hash ON papers(site, hash);";
/* Of a database of schema 1 that is only read: it has none. */
static const char no_papers[] = "CREATE TEMP TABLE " PAPERS_COLUMNS;

static const char schema[] =
    "CREATE TABLE site(id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE);"
    "CREATE TABLE entries(site INTEGER, first INTEGER, count INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY(site, first)) WITHOUT ROWID;"
    "CREATE TABLE tiles(site INTEGER, level INTEGER, idx INTEGER, hashes BLOB NOT NULL,"
    " PRIMARY KEY(site, level, idx)) WITHOUT ROWID;"
    "CREATE TABLE blobs(site INTEGER, hash BLOB, bytes BLOB NOT NULL,"
    " PRIMARY KEY(site, hash)) WITHOUT ROWID;"
    "CREATE TABLE details_bodies(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE details(site INTEGER, n INTEGER, subject BLOB NOT NULL, type TEXT NOT NULL,"
    " body INTEGER NOT NULL, PRIMARY KEY(site, n)) WITHOUT ROWID;"
    "CREATE INDEX details_subject ON details(site, subject);"
    "CREATE INDEX details_type ON details(site, type);"
    "CREATE TABLE passages(site INTEGER, n INTEGER, at INTEGER NOT NULL, person BLOB, gate TEXT "
    "NOT "
    "NULL, door TEXT NOT NULL, reader TEXT NOT NULL, outcome INTEGER NOT NULL, reason INTEGER NOT "
    "NULL,"
    " PRIMARY KEY(site, n)) WITHOUT ROWID;"
    "CREATE INDEX passages_person ON passages(site, n >> 12, person);"
    "CREATE INDEX passages_gate ON passages(site, n >> 12, gate);"
    "CREATE TABLE meta(site INTEGER, key TEXT, value BLOB NOT NULL, PRIMARY KEY(site, key)) "
    "WITHOUT "
    "ROWID;"
    "CREATE TABLE snapshots(site INTEGER, n INTEGER, hash BLOB NOT NULL, bytes INTEGER NOT NULL,"
    " PRIMARY KEY(site, n)) WITHOUT ROWID;"
    "CREATE TABLE snapshot_chunks(site INTEGER, n INTEGER, chunk INTEGER, bytes BLOB NOT NULL,"
    " PRIMARY KEY(site, n, chunk));";

static const char writer_pragmas[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                     "PRAGMA journal_size_limit=-1; PRAGMA secure_delete=ON;"
                                     "PRAGMA temp_store=MEMORY;";

/* --- Errors: what SQLite says, as one of ours with a cure --- */

/* SQLite calls a page that the disk does not give damaged. Whether the system refused to read it,
 * the file layer knows. */
bool sql_unreadable(const struct sqlite_store *s) {
  int of_db = 0, of_log = 0;
  sqlite3_file *log = NULL;
  if (!s->db)
    return false;
  sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &of_db);
  sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
  if (log && log->pMethods)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log);
  return of_db == EIO || of_log == EIO;
}

static bool is_damage(int rc) {
  return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_FORMAT;
}

enum sp_err sql_told(const struct sqlite_store *s, int rc, const char *doing, struct fault *why) {
  const char *text = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
  if (rc == SQLITE_IOERR_NOMEM)
    rc = SQLITE_NOMEM;
  if (is_damage(rc & 0xff) && sql_unreadable(s)) {
    rc = SQLITE_IOERR;
    text = "it cannot be read";
  }
  switch (rc & 0xff) {
  case SQLITE_FULL:
    return fault_set(why, SP_IO, "%s: %s: the disk is full: free some room", s->path, doing);
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_CANTOPEN:
    return fault_set(why, SP_IO, "%s: %s: %s: is the directory there and writable?", s->path, doing,
                     text);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_FORMAT:
    return fault_set(why, SP_CORRUPT, "%s: %s: the database is damaged (%s): restore a backup",
                     s->path, doing, text);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return fault_set(why, SP_BUSY, "%s: %s: another process holds the database", s->path, doing);
  case SQLITE_CONSTRAINT:
    return fault_set(why, SP_CORRUPT,
                     "%s: %s: it is there already (%s): is another writer at work?", s->path, doing,
                     text);
  case SQLITE_IOERR:
    return fault_set(why, SP_IO, "%s: %s: %s: look at the disk and what the kernel logged of it",
                     s->path, doing, text);
  case SQLITE_NOMEM:
    return fault_set(why, SP_NO_MEMORY, "%s: %s: out of memory", s->path, doing);
  default:
    return fault_set(why, SP_IO, "%s: %s: %s", s->path, doing, text);
  }
}

static enum sp_err exec(struct sqlite_store *s, const char *sql, struct fault *why) {
  int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
  return rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "setting up", why);
}

/* A statement with the site bound; never NULL for a store that opened. */
sqlite3_stmt *sql_use(struct sqlite_store *s, enum sql_statement which) {
  sqlite3_stmt *st = s->st[which];
  sqlite3_reset(st);
  if (sqlite3_bind_parameter_count(st))
    sqlite3_bind_int64(st, 1, s->site);
  return st;
}

enum sp_err sql_finish(struct sqlite_store *s, sqlite3_stmt *st, const char *doing,
                       struct fault *why) {
  int rc = sqlite3_step(st);
  sqlite3_reset(st);
  return rc == SQLITE_DONE || rc == SQLITE_ROW ? SP_OK : sql_told(s, rc, doing, why);
}

enum sp_err sql_value(struct sqlite_store *s, sqlite3_stmt *st, const char *what, struct buf *out,
                      struct fault *why) {
  int rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc == SQLITE_DONE)
    err = fault_set(why, SP_NOT_FOUND, "%s: %s is not stored", s->path, what);
  else if (rc != SQLITE_ROW)
    err = sql_told(s, rc, "reading", why);
  else
    buf_put(out, sql_column(st, 0).p, sql_column(st, 0).n);
  sqlite3_reset(st);
  return !err && out->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : err;
}

enum sp_err sql_walk(struct sqlite_store *s, sqlite3_stmt *st, const char *doing, sql_row_fn *row,
                     void *ctx, struct fault *why) {
  enum sp_err err = SP_OK;
  int rc = SQLITE_DONE;
  while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
    err = row(s, st, ctx, why);
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE ? err : sql_told(s, rc, doing, why);
}

/* --- Opening --- */

static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages) {
  (void)db, (void)name;
  struct sqlite_store *s = ctx;
  if (pages < s->wal_pages) /* it began anew */
    s->wal_next = wal_pages_max;
  s->wal_pages = pages;
  return SQLITE_OK;
}

static void close_sqlite(struct store *base) {
  struct sqlite_store *s = sql_own(base);
  for (int i = 0; i < ST_COUNT_OF; i++)
    sqlite3_finalize(s->st[i]);
  sqlite3_close(s->db);
  sp_free(s);
}

/* Writes zeros from the end of the WAL up to wal_ready_bytes, through the file layer that SQLite
 * itself uses. What was cut off must be gone from the disk first: zeros over some of it, and a cut
 * that a power failure undid, would leave the beginning of an old log, which a recovery lays over
 * newer pages. Not being able to is no fault: commits then take a little longer. The WAL file
 * itself carries no locks, so closing it drops none. */
void sql_extend_wal(const struct sqlite_store *s) {
  static const uint8_t zeros[1 << 16];
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  sqlite3_file *f = sp_alloc(1, (size_t)vfs->szOsFile);
  const char *path = sqlite3_filename_wal(sqlite3_db_filename(s->db, "main"));
  sqlite3_int64 at = 0;
  int rc =
      f ? vfs->xOpen(vfs, path, f, SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE, NULL) : SQLITE_NOMEM;
  if (rc == SQLITE_OK)
    rc = f->pMethods->xFileSize(f, &at);
  bool extended = rc == SQLITE_OK && at < wal_ready_bytes;
  if (extended)
    rc = f->pMethods->xSync(f, SQLITE_SYNC_NORMAL);
  for (; rc == SQLITE_OK && at < wal_ready_bytes; at += (int)sizeof zeros)
    rc = f->pMethods->xWrite(f, zeros, sizeof zeros, at);
  if (extended && (rc = f->pMethods->xSync(f, SQLITE_SYNC_NORMAL)) != SQLITE_OK)
    sqlite3_log(SQLITE_WARNING, "fsync of %s failed: %s", path, sqlite3_errstr(rc));
  if (f && f->pMethods)
    f->pMethods->xClose(f);
  sp_free(f);
}

static enum sp_err check_version(struct sqlite_store *s, bool *empty, int *has, struct fault *why) {
  sqlite3_stmt *st = NULL;
  int version = 0, app = 0;
  int rc = sqlite3_prepare_v2(s->db,
                              "SELECT user_version, (SELECT application_id FROM "
                              "pragma_application_id) FROM pragma_user_version",
                              -1, &st, NULL);
  if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    version = sqlite3_column_int(st, 0);
    app = sqlite3_column_int(st, 1);
    rc = SQLITE_OK;
  }
  sqlite3_finalize(st);
  if (rc != SQLITE_OK)
    return sql_told(s, rc, "reading", why);
  *has = version;
  *empty = version == 0 && app == 0;
  if (*empty)
    return SP_OK;
  if (app != application_id)
    return fault_set(why, SP_CORRUPT, "%s: not a Sallyport database", s->path);
  if (version < 1 || version > schema_version)
    return fault_set(why, SP_VERSION,
                     "%s: written with schema %d, and this program knows %d: use a newer program",
                     s->path, version, schema_version);
  return SP_OK;
}

/* A database that an older program wrote is brought up to date by whoever writes in it. */
static enum sp_err bring_up(struct sqlite_store *s, int version, struct fault *why) {
  char mark[80];
  if (version == schema_version)
    return SP_OK;
  if (!s->writes)
    return exec(s, no_papers, why);
  snprintf(mark, sizeof mark, "PRAGMA user_version=%d; COMMIT", schema_version);
  enum sp_err err = exec(s, "BEGIN IMMEDIATE", why);
  if (!err)
    err = exec(s, papers_schema, why);
  return err ? err : exec(s, mark, why);
}

static enum sp_err find_site(struct sqlite_store *s, const char *slug, bool create,
                             struct fault *why) {
  sqlite3_stmt *st = NULL;
  int rc = SQLITE_OK;
  if (create) {
    rc = sqlite3_prepare_v2(s->db, "INSERT OR IGNORE INTO site(slug) VALUES(?1)", -1, &st, NULL);
    if (rc == SQLITE_OK) {
      sqlite3_bind_text(st, 1, slug, -1, SQLITE_STATIC);
      rc = sqlite3_step(st);
    }
    sqlite3_finalize(st);
    if (rc != SQLITE_DONE)
      return sql_told(s, rc, "creating the site", why);
    if (sqlite3_changes(s->db) == 0)
      return fault_set(why, SP_EXISTS, "%s: the site \"%s\" is in it already", s->path, slug);
  }
  /* NULL: the only site there is. */
  rc = sqlite3_prepare_v2(s->db, "SELECT id FROM site WHERE ?1 IS NULL OR slug=?1 LIMIT 2", -1, &st,
                          NULL);
  if (rc == SQLITE_OK) {
    sqlite3_bind_text(st, 1, slug, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
      s->site = sqlite3_column_int64(st, 0);
      rc = sqlite3_step(st);
      if (rc == SQLITE_ROW)
        rc = SQLITE_MISMATCH;
    } else if (rc == SQLITE_DONE) {
      rc = SQLITE_NOTFOUND;
    }
  }
  sqlite3_finalize(st);
  if (rc == SQLITE_NOTFOUND)
    return fault_set(why, SP_NOT_FOUND, "%s: there is no site \"%s\" in it", s->path,
                     slug ? slug : "");
  if (rc == SQLITE_MISMATCH)
    return fault_set(why, SP_USAGE, "%s holds several sites: name one", s->path);
  return rc == SQLITE_DONE ? SP_OK : sql_told(s, rc, "finding the site", why);
}

static enum sp_err prepare_all(struct sqlite_store *s, struct fault *why) {
  static const char *const sql[ST_COUNT_OF] = {
#define X(name, text) text,
      STATEMENTS(X)
#undef X
  };
  for (int i = 0; i < ST_COUNT_OF; i++) {
    int rc = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL);
    if (rc != SQLITE_OK)
      return sql_told(s, rc, "preparing", why);
  }
  return SP_OK;
}

/* What lies in the log may have been written by a process whose sync failed, and so be on no disk
 * although it can be read. Moving it into the database writes and syncs it anew: what is read from
 * here on is durable. */
static enum sp_err settle_wal(const struct sqlite_store *s, struct fault *why) {
  int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  return rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "making the log durable", why);
}

static const struct store_ops sqlite_ops;

/* An empty file is none. */
static bool is_there(const char *path) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  int there = 0;
  if (vfs) /* none: SQLite had no memory to begin, as opening will tell */
    vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there);
  return there;
}

enum sp_err store_sqlite_open(const char *path, const char *site, enum store_mode mode,
                              struct store **out, struct fault *why) {
  *out = NULL;
  bool empty = true;
  int version = 0;
  if (strlen(path) >= sizeof((struct sqlite_store *)0)->path)
    return fault_set(why, SP_USAGE, "the path %.60s… is too long", path);
  if (mode == STORE_CREATE && is_there(path))
    return fault_set(why, SP_EXISTS, "%s exists already: it is never overwritten", path);
  struct sqlite_store *s = sp_alloc(1, sizeof *s);
  if (!s)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  s->base.ops = &sqlite_ops;
  s->wal_next = wal_pages_max;
  s->snapshot_open = UINT64_MAX;
  s->sweep = mode == STORE_WRITE;
  s->writes = mode != STORE_READ;
  snprintf(s->path, sizeof s->path, "%s", path);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
              (mode == STORE_READ     ? SQLITE_OPEN_READONLY
               : mode == STORE_CREATE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                      : SQLITE_OPEN_READWRITE);
  int rc = sqlite3_open_v2(path, &s->db, flags, NULL);
  enum sp_err err = rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "opening", why);
  if (err == SP_IO && mode != STORE_CREATE && !is_there(path))
    err = fault_set(why, SP_NOT_FOUND, "%s: no database there: `init` makes one", path);
  if (!err) {
    int keep = 1;
    sqlite3_busy_timeout(s->db, busy_wait_ms);
    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    err = check_version(s, &empty, &version, why);
  }
  if (!err && empty && mode != STORE_CREATE)
    err = fault_set(why, SP_CORRUPT, "%s: not a Sallyport database", path);
  if (!err && s->writes) {
    err = exec(s, writer_pragmas, why);
    sqlite3_wal_hook(s->db, on_wal, s); /* instead of automatic checkpoints: see maintain */
  }
  if (!err)
    err = exec(s, "PRAGMA cache_size=-65536; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;",
               why);
  if (!err && mode == STORE_CREATE) {
    char mark[120];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
             application_id, schema_version);
    if (!(err = exec(s, "BEGIN", why)) && !(err = exec(s, schema, why)) &&
        !(err = exec(s, papers_schema, why)))
      err = exec(s, mark, why);
  } else if (!err) {
    err = bring_up(s, version, why);
  }
  if (!err)
    err = find_site(s, site, mode == STORE_CREATE || mode == STORE_ADD, why);
  if (!err)
    err = prepare_all(s, why);
  if (!err && s->writes)
    err = settle_wal(s, why);
  if (err) {
    close_sqlite(&s->base);
    return err;
  }
  if (s->writes)
    sql_extend_wal(s);
  *out = &s->base;
  return SP_OK;
}

/* --- Committing --- */

static enum sp_err put_rows(struct sqlite_store *s, const struct store_batch *b,
                            struct fault *why) {
  enum sp_err err = SP_OK;
  sqlite3_stmt *st;
  if (b->n_entries) {
    st = sql_use(s, ST_ENTRY_PUT);
    sqlite3_bind_int64(st, 2, (int64_t)b->first);
    sqlite3_bind_int64(st, 3, b->n_entries);
    sql_bind_bytes(st, 4, b->entries.p, b->entries.n);
    err = sql_finish(s, st, "writing entries", why);
  }
  for (uint32_t i = 0; !err && i < b->n_tiles; i++) {
    st = sql_use(s, ST_TILE_PUT);
    sqlite3_bind_int64(st, 2, b->tiles[i].level);
    sqlite3_bind_int64(st, 3, (int64_t)b->tiles[i].index);
    sql_bind_bytes(st, 4, b->tiles[i].hashes, 256 * sizeof(struct hash));
    err = sql_finish(s, st, "writing a tile", why);
  }
  for (uint32_t i = 0; !err && i < b->n_blobs; i++) {
    st = sql_use(s, ST_BLOB_PUT);
    sql_bind_bytes(st, 2, b->blobs[i].hash.b, sizeof(struct hash));
    sql_bind_bytes(st, 3, b->blobs[i].bytes.p, b->blobs[i].bytes.n);
    err = sql_finish(s, st, "writing a document", why);
  }
  for (uint32_t i = 0; !err && i < b->n_details; i++)
    err = sql_details_put(s, &b->details[i], why);
  for (uint32_t i = 0; !err && i < b->n_papers; i++)
    err = sql_papers_put(s, &b->papers[i], why);
  for (uint32_t i = 0; !err && i < b->n_erased; i++)
    err = sql_details_erase(s, &b->erased[i], b->erased_before ? b->erased_before[i] : UINT64_MAX,
                            why);
  for (uint32_t i = 0; !err && i < b->n_passages; i++)
    err = sql_passages_put(s, &b->passages[i], why);
  return err;
}

static enum sp_err commit_sqlite(struct store *base, const struct store_batch *b,
                                 struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  if (!frames_hold(b->entries, b->n_entries))
    return fault_set(why, SP_INVALID, "%s: a batch of %u entries is not so many entries", s->path,
                     b->n_entries);
  enum sp_err err = sql_finish(s, sql_use(s, ST_BEGIN), "beginning", why);
  if (err)
    return err;
  uint64_t have = 0;
  if (b->n_entries && !(err = sql_count(base, &have, why)) && have != b->first)
    err = fault_set(why, SP_CORRUPT,
                    "%s holds %llu entries, and entry %llu was to follow: another writer?", s->path,
                    (unsigned long long)have, (unsigned long long)b->first);
  if (!err)
    err = put_rows(s, b, why);
  if (!err)
    err = sql_finish(s, sql_use(s, ST_COMMIT), "committing", why);
  if (err && !sqlite3_get_autocommit(s->db))
    (void)!sql_finish(s, sql_use(s, ST_ROLLBACK), "rolling back", NULL);
  return err;
}

static const struct store_ops sqlite_ops = {
    .close = close_sqlite,
    .commit = commit_sqlite,
    .count = sql_count,
    .entries = sql_entries,
    .tile = sql_tile,
    .blob = sql_blob,
    .paper = sql_paper,
    .papers = sql_papers,
    .details = sql_details,
    .details_at = sql_details_at,
    .details_typed = sql_details_typed,
    .passages = sql_passages,
    .tiles = sql_tiles,
    .blobs = sql_blobs,
    .meta_get = sql_meta_get,
    .meta_put = sql_meta_put,
    .metas = sql_metas,
    .snapshot_begin = sql_snapshot_begin,
    .snapshot_put = sql_snapshot_put,
    .snapshot_end = sql_snapshot_end,
    .snapshot_list = sql_snapshot_list,
    .snapshot_read = sql_snapshot_read,
    .snapshot_chunk = sql_snapshot_chunk,
    .snapshot_drop = sql_snapshot_drop,
    .passages_clear = sql_passages_clear,
    .maintain = sql_maintain,
    .scrub = sql_scrub,
    .integrity = sql_integrity,
    .hold = sql_hold,
    .release = sql_release,
    .backup = sql_backup,
};
