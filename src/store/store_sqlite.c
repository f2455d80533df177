/* store_sqlite.c: the store in one SQLite file: WAL, synchronous=FULL, one fsync a commit.
 *
 * Invariants, besides those of store.h:
 *   1. every statement is prepared once and reset after use;
 *   2. the WAL is extended with zeros when it is opened for writing and never truncated, so that a
 *      commit writes into blocks that exist. Zeros are no valid frame: a recovery stops there;
 *   3. secondary indexes of passages begin with the segment n >> 12, so that a batch dirties the
 * few pages of the newest segment instead of one random page a person.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

enum { schema_version = 1, application_id = 0x53504c54, segment_bits = 12 };
enum { wal_ready_bytes = 16 << 20, wal_pages_max = 3000 };

static const char schema[] =
    "CREATE TABLE site(id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE);"
    "CREATE TABLE entries(site INTEGER, first INTEGER, count INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY(site, first)) WITHOUT ROWID;"
    "CREATE TABLE tiles(site INTEGER, level INTEGER, idx INTEGER, hashes BLOB NOT NULL,"
    " PRIMARY KEY(site, level, idx)) WITHOUT ROWID;"
    "CREATE TABLE blobs(site INTEGER, hash BLOB, bytes BLOB NOT NULL,"
    " PRIMARY KEY(site, hash)) WITHOUT ROWID;"
    "CREATE TABLE details(site INTEGER, n INTEGER, subject BLOB NOT NULL, type TEXT NOT NULL,"
    " opening BLOB NOT NULL, json BLOB NOT NULL, PRIMARY KEY(site, n)) WITHOUT ROWID;"
    "CREATE INDEX details_subject ON details(site, subject);"
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

#define STATEMENTS(X)                                                                              \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                      \
  X(COMMIT, "COMMIT")                                                                              \
  X(ROLLBACK, "ROLLBACK")                                                                          \
  X(COUNT, "SELECT first + count FROM entries WHERE site=?1 ORDER BY first DESC LIMIT 1")          \
  X(ENTRY_PUT, "INSERT INTO entries VALUES(?1,?2,?3,?4)")                                          \
  X(ENTRY_ROW,                                                                                     \
    "SELECT first FROM entries WHERE site=?1 AND first<=?2 ORDER BY first DESC LIMIT 1")           \
  X(ENTRIES, "SELECT first,count,bytes FROM entries WHERE site=?1 AND first>=?2 ORDER BY first")   \
  X(TILE_PUT, "INSERT INTO tiles VALUES(?1,?2,?3,?4)")                                             \
  X(TILE, "SELECT hashes FROM tiles WHERE site=?1 AND level=?2 AND idx=?3")                        \
  X(TILES, "SELECT level,idx,hashes FROM tiles WHERE site=?1 ORDER BY level,idx")                  \
  X(BLOB_PUT, "INSERT OR IGNORE INTO blobs VALUES(?1,?2,?3)")                                      \
  X(BLOB, "SELECT bytes FROM blobs WHERE site=?1 AND hash=?2")                                     \
  X(BLOBS, "SELECT hash,bytes FROM blobs WHERE site=?1 ORDER BY hash")                             \
  X(DETAILS_PUT, "INSERT INTO details VALUES(?1,?2,?3,?4,?5,?6)")                                  \
  X(DETAILS_ERASE, "DELETE FROM details WHERE site=?1 AND subject=?2")                             \
  X(DETAILS_OF, "SELECT n,subject,type,opening,json FROM details WHERE site=?1 AND subject=?2 "    \
                "ORDER BY n")                                                                      \
  X(DETAILS, "SELECT n,subject,type,opening,json FROM details WHERE site=?1 ORDER BY n")           \
  X(PASSAGE_PUT, "INSERT INTO passages VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                        \
  X(PASSAGES_ANY, "SELECT n,at,person,gate,door,reader,outcome,reason FROM passages "              \
                  "WHERE site=?1 AND n<?2 ORDER BY n DESC")                                        \
  X(PASSAGES_PERSON,                                                                               \
    "SELECT n,at,person,gate,door,reader,outcome,reason FROM passages INDEXED BY passages_person " \
    "WHERE site=?1 AND n>>12=?3 AND person=?4 AND n<?2 ORDER BY n DESC")                           \
  X(PASSAGES_GATE,                                                                                 \
    "SELECT n,at,person,gate,door,reader,outcome,reason FROM passages INDEXED BY passages_gate "   \
    "WHERE site=?1 AND n>>12=?3 AND gate=?4 AND n<?2 ORDER BY n DESC")                             \
  X(PASSAGES_CLEAR, "DELETE FROM passages WHERE site=?1")                                          \
  X(META_GET, "SELECT value FROM meta WHERE site=?1 AND key=?2")                                   \
  X(META_PUT, "INSERT OR REPLACE INTO meta VALUES(?1,?2,?3)")                                      \
  X(SNAP_CLEAR, "DELETE FROM snapshot_chunks WHERE site=?1 AND n=?2")                              \
  X(SNAP_FORGET, "DELETE FROM snapshots WHERE site=?1 AND n=?2")                                   \
  X(SNAP_CHUNK, "INSERT INTO snapshot_chunks VALUES(?1,?2,?3,?4)")                                 \
  X(SNAP_PUT, "INSERT INTO snapshots VALUES(?1,?2,?3,?4)")                                         \
  X(SNAP_LIST, "SELECT n,hash,bytes FROM snapshots WHERE site=?1 ORDER BY n DESC LIMIT 16")        \
  X(SNAP_READ, "SELECT bytes FROM snapshot_chunks WHERE site=?1 AND n=?2 ORDER BY chunk")

enum statement {
#define X(name, sql) ST_##name,
  STATEMENTS(X)
#undef X
      ST_COUNT_OF
};

struct sqlite_store {
  struct store base;
  sqlite3 *db;
  sqlite3_stmt *st[ST_COUNT_OF];
  int64_t site;
  int wal_pages;
  bool writes;
  char path[512];
};

static struct sqlite_store *own(struct store *s) {
  return (struct sqlite_store *)(void *)s;
}

/* --- Errors: what SQLite says, as one of ours with a cure --- */

static enum sp_err told(const struct sqlite_store *s, int rc, const char *doing,
                        struct fault *why) {
  const char *text = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
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
  case SQLITE_NOMEM:
    return fault_set(why, SP_NO_MEMORY, "%s: %s: out of memory", s->path, doing);
  default:
    return fault_set(why, SP_IO, "%s: %s: %s", s->path, doing, text);
  }
}

static enum sp_err exec(struct sqlite_store *s, const char *sql, struct fault *why) {
  int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
  return rc == SQLITE_OK ? SP_OK : told(s, rc, "setting up", why);
}

/* A statement with the site bound; never NULL for a store that opened. */
static sqlite3_stmt *use(struct sqlite_store *s, enum statement which) {
  sqlite3_stmt *st = s->st[which];
  sqlite3_reset(st);
  if (sqlite3_bind_parameter_count(st))
    sqlite3_bind_int64(st, 1, s->site);
  return st;
}

static enum sp_err finish(struct sqlite_store *s, sqlite3_stmt *st, const char *doing,
                          struct fault *why) {
  int rc = sqlite3_step(st);
  sqlite3_reset(st);
  return rc == SQLITE_DONE || rc == SQLITE_ROW ? SP_OK : told(s, rc, doing, why);
}

static void bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n) {
  sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC);
}

static void bind_slug(sqlite3_stmt *st, int i, const struct slug *s) {
  sqlite3_bind_text(st, i, s->s, -1, SQLITE_STATIC);
}

static struct span column(sqlite3_stmt *st, int i) {
  const void *p = sqlite3_column_blob(st, i);
  return span_of(p, (size_t)sqlite3_column_bytes(st, i));
}

static bool column_fixed(sqlite3_stmt *st, int i, void *out, size_t n) {
  struct span s = column(st, i);
  if (s.n != n)
    return false;
  memcpy(out, s.p, n);
  return true;
}

static bool column_slug(sqlite3_stmt *st, int i, struct slug *out) {
  struct span s = column(st, i);
  *out = (struct slug){{0}};
  if (s.n > slug_max)
    return false;
  if (s.n)
    memcpy(out->s, s.p, s.n);
  return true;
}

/* --- Opening --- */

static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages) {
  (void)db, (void)name;
  ((struct sqlite_store *)ctx)->wal_pages = pages;
  return SQLITE_OK;
}

static void close_sqlite(struct store *base) {
  struct sqlite_store *s = own(base);
  for (int i = 0; i < ST_COUNT_OF; i++)
    sqlite3_finalize(s->st[i]);
  sqlite3_close(s->db);
  sp_free(s);
}

/* Writes zeros from the end of the WAL up to wal_ready_bytes. Not being able to is no fault:
 * commits then take a little longer. The WAL file itself carries no locks, so closing it drops
 * none. */
static void extend_wal(const struct sqlite_store *s) {
  char path[520];
  struct stat info;
  snprintf(path, sizeof path, "%s-wal", s->path);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  static const uint8_t zeros[1 << 16];
  if (fstat(fd, &info) == 0) {
    off_t at = info.st_size;
    while (at < wal_ready_bytes) {
      ssize_t n = pwrite(fd, zeros, sizeof zeros, at);
      if (n <= 0)
        break;
      at += n;
    }
    if (fsync(fd) != 0)
      sqlite3_log(SQLITE_WARNING, "fsync of %s failed: %s", path, strerror(errno));
  }
  close(fd);
}

static enum sp_err check_version(struct sqlite_store *s, bool *empty, struct fault *why) {
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
    return told(s, rc, "reading", why);
  *empty = version == 0 && app == 0;
  if (*empty)
    return SP_OK;
  if (app != application_id)
    return fault_set(why, SP_CORRUPT, "%s: not a Sallyport database", s->path);
  if (version != schema_version)
    return fault_set(why, SP_VERSION,
                     "%s: written with schema %d, and this program knows %d: use a newer program",
                     s->path, version, schema_version);
  return SP_OK;
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
      return told(s, rc, "creating the site", why);
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
  return rc == SQLITE_DONE ? SP_OK : told(s, rc, "finding the site", why);
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
      return told(s, rc, "preparing", why);
  }
  return SP_OK;
}

static const struct store_ops sqlite_ops;

enum sp_err store_sqlite_open(const char *path, const char *site, enum store_mode mode,
                              struct store **out, struct fault *why) {
  *out = NULL;
  bool there = access(path, F_OK) == 0, empty = true;
  if (strlen(path) >= sizeof((struct sqlite_store *)0)->path)
    return fault_set(why, SP_USAGE, "the path %.60s… is too long", path);
  if (mode == STORE_CREATE && there)
    return fault_set(why, SP_EXISTS, "%s exists already: it is never overwritten", path);
  if (mode != STORE_CREATE && !there)
    return fault_set(why, SP_NOT_FOUND, "%s: no database there: `init` makes one", path);
  struct sqlite_store *s = sp_alloc(1, sizeof *s);
  if (!s)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  s->base.ops = &sqlite_ops;
  s->writes = mode != STORE_READ;
  snprintf(s->path, sizeof s->path, "%s", path);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
              (mode == STORE_READ     ? SQLITE_OPEN_READONLY
               : mode == STORE_CREATE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                      : SQLITE_OPEN_READWRITE);
  int rc = sqlite3_open_v2(path, &s->db, flags, NULL);
  enum sp_err err = rc == SQLITE_OK ? SP_OK : told(s, rc, "opening", why);
  if (!err) {
    int keep = 1;
    sqlite3_busy_timeout(s->db, 5000);
    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    err = check_version(s, &empty, why);
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
    if (!(err = exec(s, "BEGIN", why)) && !(err = exec(s, schema, why)))
      err = exec(s, mark, why);
  }
  if (!err)
    err = find_site(s, site, mode == STORE_CREATE, why);
  if (!err)
    err = prepare_all(s, why);
  if (err) {
    close_sqlite(&s->base);
    return err;
  }
  if (s->writes)
    extend_wal(s);
  *out = &s->base;
  return SP_OK;
}

/* --- Committing --- */

static enum sp_err count_sqlite(struct store *base, uint64_t *n, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_COUNT);
  int rc = sqlite3_step(st);
  *n = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
  sqlite3_reset(st);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SP_OK : told(s, rc, "counting entries", why);
}

static enum sp_err put_passage(struct sqlite_store *s, const struct store_passage *p,
                               struct fault *why) {
  sqlite3_stmt *st = use(s, ST_PASSAGE_PUT);
  sqlite3_bind_int64(st, 2, (int64_t)p->n);
  sqlite3_bind_int64(st, 3, p->at);
  if (bytes_are_zero(p->person.b, sizeof p->person.b))
    sqlite3_bind_null(st, 4);
  else
    bind_bytes(st, 4, p->person.b, sizeof p->person.b);
  bind_slug(st, 5, &p->gate);
  bind_slug(st, 6, &p->door);
  bind_slug(st, 7, &p->reader);
  sqlite3_bind_int64(st, 8, p->outcome);
  sqlite3_bind_int64(st, 9, p->reason);
  return finish(s, st, "writing a passage", why);
}

static enum sp_err put_rows(struct sqlite_store *s, const struct store_batch *b,
                            struct fault *why) {
  enum sp_err err = SP_OK;
  sqlite3_stmt *st;
  if (b->n_entries) {
    st = use(s, ST_ENTRY_PUT);
    sqlite3_bind_int64(st, 2, (int64_t)b->first);
    sqlite3_bind_int64(st, 3, b->n_entries);
    bind_bytes(st, 4, b->entries.p, b->entries.n);
    err = finish(s, st, "writing entries", why);
  }
  for (uint32_t i = 0; !err && i < b->n_tiles; i++) {
    st = use(s, ST_TILE_PUT);
    sqlite3_bind_int64(st, 2, b->tiles[i].level);
    sqlite3_bind_int64(st, 3, (int64_t)b->tiles[i].index);
    bind_bytes(st, 4, b->tiles[i].hashes, 256 * sizeof(struct hash));
    err = finish(s, st, "writing a tile", why);
  }
  for (uint32_t i = 0; !err && i < b->n_blobs; i++) {
    st = use(s, ST_BLOB_PUT);
    bind_bytes(st, 2, b->blobs[i].hash.b, sizeof(struct hash));
    bind_bytes(st, 3, b->blobs[i].bytes.p, b->blobs[i].bytes.n);
    err = finish(s, st, "writing a document", why);
  }
  for (uint32_t i = 0; !err && i < b->n_details; i++) {
    const struct store_details *d = &b->details[i];
    st = use(s, ST_DETAILS_PUT);
    sqlite3_bind_int64(st, 2, (int64_t)d->n);
    bind_bytes(st, 3, d->subject.b, sizeof d->subject.b);
    bind_slug(st, 4, &d->type);
    bind_bytes(st, 5, d->opening.b, sizeof d->opening.b);
    bind_bytes(st, 6, d->json.p, d->json.n);
    err = finish(s, st, "writing details", why);
  }
  for (uint32_t i = 0; !err && i < b->n_erased; i++) {
    st = use(s, ST_DETAILS_ERASE);
    bind_bytes(st, 2, b->erased[i].b, sizeof b->erased[i].b);
    err = finish(s, st, "erasing details", why);
  }
  for (uint32_t i = 0; !err && i < b->n_passages; i++)
    err = put_passage(s, &b->passages[i], why);
  return err;
}

static enum sp_err commit_sqlite(struct store *base, const struct store_batch *b,
                                 struct fault *why) {
  struct sqlite_store *s = own(base);
  enum sp_err err = finish(s, use(s, ST_BEGIN), "beginning", why);
  if (err)
    return err;
  uint64_t have = 0;
  if (b->n_entries && !(err = count_sqlite(base, &have, why)) && have != b->first)
    err = fault_set(why, SP_CORRUPT,
                    "%s holds %llu entries, and entry %llu was to follow: another writer?", s->path,
                    (unsigned long long)have, (unsigned long long)b->first);
  if (!err)
    err = put_rows(s, b, why);
  if (!err)
    err = finish(s, use(s, ST_COMMIT), "committing", why);
  if (err && !sqlite3_get_autocommit(s->db))
    (void)!finish(s, use(s, ST_ROLLBACK), "rolling back", NULL);
  return err;
}

/* --- Reading --- */

static enum sp_err damaged_row(const struct sqlite_store *s, uint64_t first, struct fault *why) {
  return fault_set(why, SP_CORRUPT, "%s: the row of entries from %llu is damaged", s->path,
                   (unsigned long long)first);
}

static enum sp_err entries_sqlite(struct store *base, uint64_t from, uint64_t until,
                                  store_entry_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_ENTRY_ROW);
  sqlite3_bind_int64(st, 2, (int64_t)from);
  int rc = sqlite3_step(st);
  uint64_t row = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
  sqlite3_reset(st);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return told(s, rc, "reading entries", why);
  st = use(s, ST_ENTRIES);
  sqlite3_bind_int64(st, 2, (int64_t)row);
  enum sp_err err = SP_OK;
  uint64_t next = row;
  while (!err && next < until && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    uint64_t first = (uint64_t)sqlite3_column_int64(st, 0);
    int64_t count = sqlite3_column_int64(st, 1);
    struct span rest = column(st, 2);
    if (first != next || count <= 0) {
      err = damaged_row(s, first, why);
      break;
    }
    for (int64_t i = 0; !err && i < count; i++, next++) {
      size_t n = rest.n >= 2 ? load_be16(rest.p) : SIZE_MAX;
      if (n == SIZE_MAX || n > rest.n - 2) {
        err = damaged_row(s, first, why);
        break;
      }
      if (next >= from && next < until)
        err = fn(ctx, next, span_of(rest.p + 2, n));
      rest = span_of(rest.p + 2 + n, rest.n - 2 - n);
    }
    if (!err && rest.n)
      err = damaged_row(s, first, why);
  }
  sqlite3_reset(st);
  if (!err && next < until && rc != SQLITE_DONE)
    err = told(s, rc, "reading entries", why);
  return err;
}

static enum sp_err tile_sqlite(struct store *base, unsigned level, uint64_t index,
                               struct hash *hashes, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_TILE);
  sqlite3_bind_int64(st, 2, level);
  sqlite3_bind_int64(st, 3, (int64_t)index);
  int rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc == SQLITE_DONE)
    err = fault_set(why, SP_NOT_FOUND, "%s: tile %u/%llu is not stored", s->path, level,
                    (unsigned long long)index);
  else if (rc != SQLITE_ROW)
    err = told(s, rc, "reading a tile", why);
  else if (!column_fixed(st, 0, hashes, 256 * sizeof *hashes))
    err = fault_set(why, SP_CORRUPT, "%s: tile %u/%llu has a wrong length", s->path, level,
                    (unsigned long long)index);
  sqlite3_reset(st);
  return err;
}

static enum sp_err value_of(struct sqlite_store *s, sqlite3_stmt *st, const char *what,
                            struct buf *out, struct fault *why) {
  int rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc == SQLITE_DONE)
    err = fault_set(why, SP_NOT_FOUND, "%s: %s is not stored", s->path, what);
  else if (rc != SQLITE_ROW)
    err = told(s, rc, "reading", why);
  else
    buf_put(out, column(st, 0).p, column(st, 0).n);
  sqlite3_reset(st);
  return !err && out->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : err;
}

static enum sp_err blob_sqlite(struct store *base, const struct hash *hash, struct buf *out,
                               struct fault *why) {
  struct sqlite_store *s = own(base);
  char name[80] = "blob ";
  hex_encode(name + 5, hash->b, sizeof hash->b);
  sqlite3_stmt *st = use(s, ST_BLOB);
  bind_bytes(st, 2, hash->b, sizeof hash->b);
  return value_of(s, st, name, out, why);
}

static enum sp_err meta_get_sqlite(struct store *base, const char *key, struct buf *out,
                                   struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_META_GET);
  sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
  return value_of(s, st, key, out, why);
}

static enum sp_err meta_put_sqlite(struct store *base, const char *key, struct span value,
                                   struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_META_PUT);
  sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
  bind_bytes(st, 3, value.p, value.n);
  return finish(s, st, "writing", why);
}

/* Walks the rows of a statement; `row` reads the current one. */
static enum sp_err walk(struct sqlite_store *s, sqlite3_stmt *st, const char *what,
                        enum sp_err (*row)(struct sqlite_store *, sqlite3_stmt *, void *,
                                           struct fault *),
                        void *ctx, struct fault *why) {
  enum sp_err err = SP_OK;
  int rc = SQLITE_DONE;
  while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
    err = row(s, st, ctx, why);
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE ? err : told(s, rc, what, why);
}

struct walker {
  store_details_fn *details;
  store_tile_fn *tile;
  store_blob_fn *blob;
  void *ctx;
};

static enum sp_err details_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                               struct fault *why) {
  struct walker *w = ctx;
  struct store_details d = {.n = (uint64_t)sqlite3_column_int64(st, 0), .json = column(st, 4)};
  if (!column_fixed(st, 1, d.subject.b, sizeof d.subject.b) || !column_slug(st, 2, &d.type) ||
      !column_fixed(st, 3, d.opening.b, sizeof d.opening.b))
    return fault_set(why, SP_CORRUPT, "%s: the details of entry %llu are damaged", s->path,
                     (unsigned long long)d.n);
  return w->details(w->ctx, &d);
}

static enum sp_err details_sqlite(struct store *base, const struct id *subject,
                                  store_details_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, subject ? ST_DETAILS_OF : ST_DETAILS);
  if (subject)
    bind_bytes(st, 2, subject->b, sizeof subject->b);
  struct walker w = {.details = fn, .ctx = ctx};
  return walk(s, st, "reading details", details_row, &w, why);
}

static enum sp_err tile_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                            struct fault *why) {
  struct walker *w = ctx;
  struct hash hashes[256];
  struct store_tile t = {(unsigned)sqlite3_column_int(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
                         hashes};
  if (!column_fixed(st, 2, hashes, sizeof hashes))
    return fault_set(why, SP_CORRUPT, "%s: tile %u/%llu has a wrong length", s->path, t.level,
                     (unsigned long long)t.index);
  return w->tile(w->ctx, &t);
}

static enum sp_err tiles_sqlite(struct store *base, store_tile_fn *fn, void *ctx,
                                struct fault *why) {
  struct sqlite_store *s = own(base);
  struct walker w = {.tile = fn, .ctx = ctx};
  return walk(s, use(s, ST_TILES), "reading tiles", tile_row, &w, why);
}

static enum sp_err blob_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                            struct fault *why) {
  struct walker *w = ctx;
  struct store_blob b = {.bytes = column(st, 1)};
  if (!column_fixed(st, 0, b.hash.b, sizeof b.hash.b))
    return fault_set(why, SP_CORRUPT, "%s: a blob's hash has a wrong length", s->path);
  return w->blob(w->ctx, &b);
}

static enum sp_err blobs_sqlite(struct store *base, store_blob_fn *fn, void *ctx,
                                struct fault *why) {
  struct sqlite_store *s = own(base);
  struct walker w = {.blob = fn, .ctx = ctx};
  return walk(s, use(s, ST_BLOBS), "reading blobs", blob_row, &w, why);
}

/* --- Questions about passages --- */

struct asking {
  const struct store_question *q;
  store_passage_fn *fn;
  void *ctx;
  uint32_t told;
  bool older; /* a row before `since` was seen: time never goes back, so nothing more comes */
};

static enum sp_err passage_row(struct sqlite_store *s, sqlite3_stmt *st, struct asking *a,
                               struct fault *why) {
  struct store_passage p = {.n = (uint64_t)sqlite3_column_int64(st, 0),
                            .at = sqlite3_column_int64(st, 1),
                            .outcome = (uint32_t)sqlite3_column_int64(st, 6),
                            .reason = (uint32_t)sqlite3_column_int64(st, 7)};
  bool known = sqlite3_column_type(st, 2) != SQLITE_NULL;
  if ((known && !column_fixed(st, 2, p.person.b, sizeof p.person.b)) ||
      !column_slug(st, 3, &p.gate) || !column_slug(st, 4, &p.door) ||
      !column_slug(st, 5, &p.reader))
    return fault_set(why, SP_CORRUPT, "%s: passage %llu is damaged", s->path,
                     (unsigned long long)p.n);
  if (a->q->since != TIME_ABSENT && p.at < a->q->since) {
    a->older = true;
    return SP_OK;
  }
  if (a->q->until != TIME_ABSENT && p.at >= a->q->until)
    return SP_OK;
  if (a->q->gate.s[0] && strcmp(a->q->gate.s, p.gate.s) != 0)
    return SP_OK;
  a->told++;
  return a->fn(a->ctx, &p);
}

static enum sp_err ask(struct sqlite_store *s, sqlite3_stmt *st, struct asking *a,
                       struct fault *why) {
  enum sp_err err = SP_OK;
  int rc = SQLITE_DONE;
  while (!err && !a->older && a->told < a->q->limit && (rc = sqlite3_step(st)) == SQLITE_ROW)
    err = passage_row(s, st, a, why);
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE || rc == SQLITE_ROW ? err : told(s, rc, "reading passages", why);
}

static enum sp_err passages_sqlite(struct store *base, const struct store_question *q,
                                   store_passage_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = own(base);
  struct asking a = {q, fn, ctx, 0, false};
  uint64_t count;
  enum sp_err err = count_sqlite(base, &count, why);
  uint64_t before = q->before < count ? q->before : count;
  bool person = !bytes_are_zero(q->person.b, sizeof q->person.b), gate = q->gate.s[0] != 0;
  if (err || !before)
    return err;
  if (!person && !gate) {
    sqlite3_stmt *st = use(s, ST_PASSAGES_ANY);
    sqlite3_bind_int64(st, 2, (int64_t)before);
    return ask(s, st, &a, why);
  }
  for (uint64_t seg = (before - 1) >> segment_bits;; seg--) {
    sqlite3_stmt *st = use(s, person ? ST_PASSAGES_PERSON : ST_PASSAGES_GATE);
    sqlite3_bind_int64(st, 2, (int64_t)before);
    sqlite3_bind_int64(st, 3, (int64_t)seg);
    if (person)
      bind_bytes(st, 4, q->person.b, sizeof q->person.b);
    else
      bind_slug(st, 4, &q->gate);
    err = ask(s, st, &a, why);
    if (err || a.older || a.told >= q->limit || seg == 0)
      return err;
  }
}

static enum sp_err passages_clear_sqlite(struct store *base, struct fault *why) {
  struct sqlite_store *s = own(base);
  return finish(s, use(s, ST_PASSAGES_CLEAR), "clearing the query table", why);
}

/* --- Snapshots --- */

static enum sp_err snapshot_drop_sqlite(struct store *base, uint64_t n, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_SNAP_FORGET);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  enum sp_err err = finish(s, st, "dropping a snapshot", why);
  if (err)
    return err;
  st = use(s, ST_SNAP_CLEAR);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  return finish(s, st, "dropping a snapshot", why);
}

static enum sp_err snapshot_put_sqlite(struct store *base, uint64_t n, uint32_t chunk,
                                       struct span bytes, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_SNAP_CHUNK);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  sqlite3_bind_int64(st, 3, chunk);
  bind_bytes(st, 4, bytes.p, bytes.n);
  return finish(s, st, "writing a snapshot", why);
}

static enum sp_err snapshot_end_sqlite(struct store *base, const struct store_snapshot *snap,
                                       struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_SNAP_PUT);
  sqlite3_bind_int64(st, 2, (int64_t)snap->n);
  bind_bytes(st, 3, snap->hash.b, sizeof snap->hash.b);
  sqlite3_bind_int64(st, 4, (int64_t)snap->bytes);
  return finish(s, st, "writing a snapshot", why);
}

static enum sp_err snapshot_list_sqlite(struct store *base,
                                        struct store_snapshot list[store_snapshots_max],
                                        uint32_t *n, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_SNAP_LIST);
  int rc;
  *n = 0;
  enum sp_err err = SP_OK;
  while ((rc = sqlite3_step(st)) == SQLITE_ROW && *n < store_snapshots_max && !err) {
    struct store_snapshot *snap = &list[(*n)++];
    snap->n = (uint64_t)sqlite3_column_int64(st, 0);
    snap->bytes = (uint64_t)sqlite3_column_int64(st, 2);
    if (!column_fixed(st, 1, snap->hash.b, sizeof snap->hash.b))
      err = fault_set(why, SP_CORRUPT, "%s: the snapshot of %llu is damaged", s->path,
                      (unsigned long long)snap->n);
  }
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE || rc == SQLITE_ROW ? err : told(s, rc, "listing snapshots", why);
}

static enum sp_err chunk_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                             struct fault *why) {
  (void)s;
  buf_put(ctx, column(st, 0).p, column(st, 0).n);
  return ((struct buf *)ctx)->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}

static enum sp_err snapshot_read_sqlite(struct store *base, uint64_t n, struct buf *out,
                                        struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = use(s, ST_SNAP_READ);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  return walk(s, st, "reading a snapshot", chunk_row, out, why);
}

/* --- Upkeep --- */

static enum sp_err maintain_sqlite(struct store *base, struct fault *why) {
  struct sqlite_store *s = own(base);
  if (s->wal_pages < wal_pages_max)
    return SP_OK;
  int log = 0, done = 0;
  int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY)
    return told(s, rc, "moving the log into the database", why);
  if (done == log)
    s->wal_pages = 0;
  return SP_OK;
}

static enum sp_err scrub_sqlite(struct store *base, struct fault *why) {
  struct sqlite_store *s = own(base);
  int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  if (rc != SQLITE_OK)
    return told(s, rc, "clearing the log after an erasure", why);
  s->wal_pages = 0;
  extend_wal(s);
  return SP_OK;
}

static enum sp_err integrity_sqlite(struct store *base, struct fault *why) {
  struct sqlite_store *s = own(base);
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
  enum sp_err err = SP_OK;
  if (rc != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
    err = told(s, sqlite3_errcode(s->db), "checking the structure", why);
  else if (!span_is(column(st, 0), "ok"))
    err = fault_set(why, SP_CORRUPT, "%s: %s", s->path, (const char *)sqlite3_column_text(st, 0));
  sqlite3_finalize(st);
  return err;
}

/* The copy is for its owner's eyes, from its first byte on, and one file: as a rollback-journal
 * database it can be read from a place that cannot be written to. */
static enum sp_err backup_sqlite(struct store *base, const char *path, struct fault *why) {
  struct sqlite_store *s = own(base);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return errno == EEXIST
               ? fault_set(why, SP_EXISTS, "%s exists already: a backup overwrites nothing", path)
               : fault_set(why, SP_IO, "%s: %s", path, strerror(errno));
  close(fd);
  struct sqlite_store to = {0};
  snprintf(to.path, sizeof to.path, "%s", path);
  int rc = sqlite3_open_v2(path, &to.db, SQLITE_OPEN_READWRITE, NULL);
  sqlite3_backup *b = rc == SQLITE_OK ? sqlite3_backup_init(to.db, "main", s->db, "main") : NULL;
  if (b) {
    rc = sqlite3_backup_step(b, -1);
    sqlite3_backup_finish(b);
  }
  if (rc == SQLITE_DONE && sqlite3_exec(to.db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL))
    rc = sqlite3_errcode(to.db);
  enum sp_err err =
      rc == SQLITE_DONE ? SP_OK : told(&to, rc == SQLITE_OK ? SQLITE_ERROR : rc, "backing up", why);
  sqlite3_close(to.db);
  if (err)
    unlink(path);
  return err;
}

static const struct store_ops sqlite_ops = {
    .close = close_sqlite,
    .commit = commit_sqlite,
    .count = count_sqlite,
    .entries = entries_sqlite,
    .tile = tile_sqlite,
    .blob = blob_sqlite,
    .details = details_sqlite,
    .passages = passages_sqlite,
    .tiles = tiles_sqlite,
    .blobs = blobs_sqlite,
    .meta_get = meta_get_sqlite,
    .meta_put = meta_put_sqlite,
    .snapshot_begin = snapshot_drop_sqlite,
    .snapshot_put = snapshot_put_sqlite,
    .snapshot_end = snapshot_end_sqlite,
    .snapshot_list = snapshot_list_sqlite,
    .snapshot_read = snapshot_read_sqlite,
    .snapshot_drop = snapshot_drop_sqlite,
    .passages_clear = passages_clear_sqlite,
    .maintain = maintain_sqlite,
    .scrub = scrub_sqlite,
    .integrity = integrity_sqlite,
    .backup = backup_sqlite,
};
