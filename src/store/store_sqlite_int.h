/* store_sqlite_int.h: what the files of the SQLite store share; for them alone.
 *
 * Invariants:
 *   1. every statement is prepared once, when a store is opened, and reset before it is used again,
 * so a callback may not ask the same handle for the same thing;
 *   2. one thread uses a handle at a time.
 */
#ifndef SP_STORE_STORE_SQLITE_INT_H
#define SP_STORE_STORE_SQLITE_INT_H

#include "store/store.h"

#include <string.h>

#include <sqlite3.h>

enum { segment_bits = 12, wal_pages_max = 3000, busy_wait_ms = 5000 };

/* Columns that are read in more than one way. INDEXED BY: the planner, which knows no statistics,
 * would rather walk the primary key, and a person's passages then take seconds. */
#define DETAILS_ROW "SELECT n,subject,type,bytes FROM details JOIN details_bodies ON id=body"
/* Said by name: without statistics the planner walks the whole table in the order of n. */
#define DETAILS_SUBJECT_ROW                                                                        \
  "SELECT n,subject,type,bytes FROM details INDEXED BY details_subject "                           \
  "JOIN details_bodies ON id=body"
#define PASSAGE_ROW "SELECT n,at,person,gate,door,reader,outcome,reason FROM passages"

#define STATEMENTS(X)                                                                              \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                      \
  X(COMMIT, "COMMIT")                                                                              \
  X(ROLLBACK, "ROLLBACK")                                                                          \
  X(COUNT, "SELECT first + count FROM entries WHERE site=?1 ORDER BY first DESC "                  \
           "LIMIT 1")                                                                              \
  X(ENTRY_PUT, "INSERT INTO entries VALUES(?1,?2,?3,?4)")                                          \
  X(ENTRY_ROW, "SELECT first FROM entries WHERE site=?1 AND first<=?2 ORDER BY first "             \
               "DESC LIMIT 1")                                                                     \
  X(ENTRIES, "SELECT first,count,bytes FROM entries WHERE site=?1 AND first>=?2 "                  \
             "ORDER BY first")                                                                     \
  X(TILE_PUT, "INSERT INTO tiles VALUES(?1,?2,?3,?4)")                                             \
  X(TILE, "SELECT hashes FROM tiles WHERE site=?1 AND level=?2 AND idx=?3")                        \
  X(TILES, "SELECT level,idx,hashes FROM tiles WHERE site=?1 ORDER BY level,idx")                  \
  X(BLOB_PUT, "INSERT OR IGNORE INTO blobs VALUES(?1,?2,?3)")                                      \
  X(BLOB, "SELECT bytes FROM blobs WHERE site=?1 AND hash=?2")                                     \
  X(BLOBS, "SELECT hash,bytes FROM blobs WHERE site=?1 ORDER BY hash")                             \
  X(BODY_PUT, "INSERT INTO details_bodies(bytes) VALUES(?1)")                                      \
  X(BODIES_OF, "SELECT body FROM details WHERE site=?1 AND subject=?2 AND n<?3 UNION ALL "         \
               "SELECT body FROM papers WHERE site=?1 AND subject=?2 AND n<?3")                    \
  X(PAPER_PUT, "INSERT INTO papers VALUES(?1,?2,?3,?4,?5)")                                        \
  X(PAPERS, "SELECT n,subject,hash,bytes FROM papers JOIN details_bodies ON id=body "              \
            "WHERE site=?1 ORDER BY n")                                                            \
  X(PAPER, "SELECT bytes FROM papers JOIN details_bodies ON id=body "                              \
           "WHERE site=?1 AND hash=?2 LIMIT 1")                                                    \
  X(PAPERS_ERASE, "DELETE FROM papers WHERE site=?1 AND subject=?2 AND n<?3")                      \
  X(DETAILS_PUT, "INSERT INTO details VALUES(?1,?2,?3,?4,?5)")                                     \
  X(DETAILS_ERASE, "DELETE FROM details WHERE site=?1 AND subject=?2 AND n<?3")                    \
  X(DETAILS_OF, DETAILS_SUBJECT_ROW " WHERE site=?1 AND subject=?2 ORDER BY n")                    \
  X(DETAILS_AT, DETAILS_ROW " WHERE site=?1 AND n=?2")                                             \
  X(DETAILS_TYPED, DETAILS_ROW " WHERE site=?1 AND type=?2 ORDER BY n")                            \
  X(DETAILS, DETAILS_ROW " WHERE site=?1 ORDER BY n")                                              \
  X(PASSAGE_PUT, "INSERT INTO passages VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                        \
  X(PASSAGES_END, "SELECT n FROM passages WHERE site=?1 ORDER BY n DESC LIMIT 1")                  \
  X(PASSAGE_FROM, "SELECT n,at FROM passages WHERE site=?1 AND n>=?2 ORDER BY n LIMIT 1")          \
  X(PASSAGES_ANY, PASSAGE_ROW " WHERE site=?1 AND n>=?2 AND n<?3 ORDER BY n DESC")                 \
  X(PASSAGES_ANY_UP, PASSAGE_ROW " WHERE site=?1 AND n>=?2 AND n<?3 ORDER BY n")                   \
  X(PASSAGES_PERSON,                                                                               \
    PASSAGE_ROW " INDEXED BY passages_person WHERE site=?1 AND n>>12=?4 AND person=?5 "            \
                "AND n>=?2 AND n<?3 ORDER BY n DESC")                                              \
  X(PASSAGES_PERSON_UP,                                                                            \
    PASSAGE_ROW " INDEXED BY passages_person WHERE site=?1 AND n>>12=?4 AND person=?5 "            \
                "AND n>=?2 AND n<?3 ORDER BY n")                                                   \
  X(PASSAGES_GATE,                                                                                 \
    PASSAGE_ROW " INDEXED BY passages_gate WHERE site=?1 AND n>>12=?4 AND gate=?5 AND "            \
                "n>=?2 AND n<?3 ORDER BY n DESC")                                                  \
  X(PASSAGES_GATE_UP,                                                                              \
    PASSAGE_ROW " INDEXED BY passages_gate WHERE site=?1 AND n>>12=?4 AND gate=?5 AND "            \
                "n>=?2 AND n<?3 ORDER BY n")                                                       \
  X(PASSAGES_CLEAR, "DELETE FROM passages WHERE site=?1")                                          \
  X(META_GET, "SELECT value FROM meta WHERE site=?1 AND key=?2")                                   \
  X(META_PUT, "INSERT OR REPLACE INTO meta VALUES(?1,?2,?3)")                                      \
  X(METAS, "SELECT key,value FROM meta WHERE site=?1 ORDER BY key")                                \
  X(SNAP_CLEAR, "DELETE FROM snapshot_chunks WHERE site=?1 AND n=?2")                              \
  X(SNAP_SWEEP, "DELETE FROM snapshot_chunks WHERE site=?1 AND (n,chunk) IN (SELECT "              \
                "n,chunk FROM snapshot_chunks WHERE site=?1 AND n<>?2 AND n NOT IN "               \
                "(SELECT n FROM snapshots WHERE site=?1) LIMIT 1)")                                \
  X(SNAP_FORGET, "DELETE FROM snapshots WHERE site=?1 AND n=?2")                                   \
  X(SNAP_CHUNK, "INSERT INTO snapshot_chunks VALUES(?1,?2,?3,?4)")                                 \
  X(SNAP_PUT, "INSERT INTO snapshots VALUES(?1,?2,?3,?4)")                                         \
  X(SNAP_LIST, "SELECT n,hash,bytes FROM snapshots WHERE site=?1 ORDER BY n DESC LIMIT"            \
               " 16")                                                                              \
  X(SNAP_BYTES, "SELECT bytes FROM snapshots WHERE site=?1 AND n=?2")                              \
  X(SNAP_PIECE, "SELECT bytes FROM snapshot_chunks WHERE site=?1 AND n=?2 AND chunk=?3")           \
  X(SNAP_READ, "SELECT bytes FROM snapshot_chunks WHERE site=?1 AND n=?2 ORDER BY "                \
               "chunk")

enum sql_statement {
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
  int wal_pages; /* in the WAL after the latest commit */
  int wal_next;  /* maintain moves them when there are so many */
  bool writes;
  bool sweep;             /* there may be chunks of no snapshot */
  uint64_t snapshot_open; /* the one being written; UINT64_MAX = none */
  char path[512];
};

/* The handle that a store is. */
static inline struct sqlite_store *sql_own(struct store *s) {
  return (struct sqlite_store *)(void *)s;
}

/* What SQLite answered, as one of our errors, with the file and a cure. doing: "writing entries".
 */
enum sp_err sql_told(const struct sqlite_store *s, int rc, const char *doing, struct fault *why);
/* The system refused to give some of the file: what SQLite calls damage may be that. */
bool sql_unreadable(const struct sqlite_store *s);
/* A statement with the site bound to ?1; never NULL for a store that opened. */
sqlite3_stmt *sql_use(struct sqlite_store *s, enum sql_statement which);
/* Runs a statement that gives no row that anyone wants. */
enum sp_err sql_finish(struct sqlite_store *s, sqlite3_stmt *st, const char *doing,
                       struct fault *why);
/* Runs a statement; `row` reads each row. */
typedef enum sp_err sql_row_fn(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                               struct fault *why);
enum sp_err sql_walk(struct sqlite_store *s, sqlite3_stmt *st, const char *doing, sql_row_fn *row,
                     void *ctx, struct fault *why);
/* Appends the first column of the only row. SP_NOT_FOUND names `what`. */
enum sp_err sql_value(struct sqlite_store *s, sqlite3_stmt *st, const char *what, struct buf *out,
                      struct fault *why);
/* Writes zeros behind the WAL up to the room it is given. */
void sql_extend_wal(const struct sqlite_store *s);

static inline void sql_bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n) {
  sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC);
}

static inline void sql_bind_slug(sqlite3_stmt *st, int i, const struct slug *s) {
  sqlite3_bind_text(st, i, s->s, -1, SQLITE_STATIC);
}

static inline struct span sql_column(sqlite3_stmt *st, int i) {
  const void *p = sqlite3_column_blob(st, i); /* before its length */
  return span_of(p, (size_t)sqlite3_column_bytes(st, i));
}

static inline bool sql_column_fixed(sqlite3_stmt *st, int i, void *out, size_t n) {
  struct span s = sql_column(st, i);
  if (s.n != n)
    return false;
  memcpy(out, s.p, n);
  return true;
}

static inline bool sql_column_slug(sqlite3_stmt *st, int i, struct slug *out) {
  struct span s = sql_column(st, i);
  *out = (struct slug){{0}};
  if (s.n > slug_max)
    return false;
  if (s.n)
    memcpy(out->s, s.p, s.n);
  return true;
}

/* --- The operations of struct store_ops, by file --- */

/* store_sqlite_read.c */
enum sp_err sql_count(struct store *base, uint64_t *n, struct fault *why);
enum sp_err sql_entries(struct store *base, uint64_t from, uint64_t until, store_entry_fn *fn,
                        void *ctx, struct fault *why);
enum sp_err sql_tile(struct store *base, unsigned level, uint64_t index, struct hash *hashes,
                     struct fault *why);
enum sp_err sql_tiles(struct store *base, store_tile_fn *fn, void *ctx, struct fault *why);
enum sp_err sql_blob(struct store *base, const struct hash *hash, struct buf *out,
                     struct fault *why);
enum sp_err sql_blobs(struct store *base, store_blob_fn *fn, void *ctx, struct fault *why);
enum sp_err sql_meta_get(struct store *base, const char *key, struct buf *out, struct fault *why);
enum sp_err sql_meta_put(struct store *base, const char *key, struct span value, struct fault *why);
enum sp_err sql_metas(struct store *base, store_meta_fn *fn, void *ctx, struct fault *why);

/* store_sqlite_details.c */
enum sp_err sql_details_put(struct sqlite_store *s, const struct store_details *d,
                            struct fault *why);
enum sp_err sql_details_erase(struct sqlite_store *s, const struct id *subject, uint64_t before,
                              struct fault *why);
enum sp_err sql_details(struct store *base, const struct id *subject, store_details_fn *fn,
                        void *ctx, struct fault *why);
enum sp_err sql_details_at(struct store *base, uint64_t n, store_details_fn *fn, void *ctx,
                           struct fault *why);
enum sp_err sql_details_typed(struct store *base, const struct slug *type, store_details_fn *fn,
                              void *ctx, struct fault *why);

/* store_sqlite_papers.c */
enum sp_err sql_papers_put(struct sqlite_store *s, const struct store_paper *p, struct fault *why);
enum sp_err sql_paper(struct store *base, const struct hash *hash, struct buf *out,
                      struct fault *why);
enum sp_err sql_papers(struct store *base, store_paper_fn *fn, void *ctx, struct fault *why);

/* store_sqlite_passages.c */
enum sp_err sql_passages_put(struct sqlite_store *s, const struct store_passage *p,
                             struct fault *why);
enum sp_err sql_passages(struct store *base, const struct store_question *q, store_passage_fn *fn,
                         void *ctx, struct fault *why);
enum sp_err sql_passages_clear(struct store *base, struct fault *why);

/* store_sqlite_snapshot.c */
enum sp_err sql_snapshot_begin(struct store *base, uint64_t n, struct fault *why);
enum sp_err sql_snapshot_put(struct store *base, uint64_t n, uint32_t chunk, struct span bytes,
                             struct fault *why);
enum sp_err sql_snapshot_end(struct store *base, const struct store_snapshot *snap,
                             struct fault *why);
enum sp_err sql_snapshot_list(struct store *base, struct store_snapshot list[store_snapshots_max],
                              uint32_t *n, struct fault *why);
enum sp_err sql_snapshot_read(struct store *base, uint64_t n, struct buf *out, struct fault *why);
enum sp_err sql_snapshot_chunk(struct store *base, uint64_t n, uint32_t chunk, struct buf *out,
                               struct fault *why);
enum sp_err sql_snapshot_drop(struct store *base, uint64_t n, struct fault *why);
/* Removes one chunk that belongs to no snapshot, if there is one. */
enum sp_err sql_snapshot_sweep(struct sqlite_store *s, struct fault *why);

/* store_sqlite_upkeep.c */
enum sp_err sql_maintain(struct store *base, struct fault *why);
enum sp_err sql_scrub(struct store *base, struct fault *why);
enum sp_err sql_integrity(struct store *base, struct fault *why);
enum sp_err sql_hold(struct store *base, struct fault *why);
enum sp_err sql_release(struct store *base, struct fault *why);
enum sp_err sql_backup(struct store *base, const char *path, store_progress_fn *progress, void *ctx,
                       struct fault *why);

#endif
