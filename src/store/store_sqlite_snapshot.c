/* store_sqlite_snapshot.c: the state at some entry, in chunks.
 *
 * Invariant: a snapshot counts when its row in `snapshots` is there. Chunks without one, of what
 * was interrupted or dropped, are swept one by one in maintain, so that no commit waits for long.
 */
#include "store/store_sqlite_int.h"

#include <stdio.h>

enum sp_err sql_snapshot_drop(struct store *base, uint64_t n, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_SNAP_FORGET);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  s->sweep = true;
  return sql_finish(s, st, "dropping a snapshot", why);
}

enum sp_err sql_snapshot_begin(struct store *base, uint64_t n, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  enum sp_err err = sql_snapshot_drop(base, n, why);
  if (err)
    return err;
  s->snapshot_open = n;
  sqlite3_stmt *st = sql_use(s, ST_SNAP_CLEAR);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  return sql_finish(s, st, "beginning a snapshot", why);
}

enum sp_err sql_snapshot_put(struct store *base, uint64_t n, uint32_t chunk, struct span bytes,
                             struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_SNAP_CHUNK);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  sqlite3_bind_int64(st, 3, chunk);
  sql_bind_bytes(st, 4, bytes.p, bytes.n);
  return sql_finish(s, st, "writing a snapshot", why);
}

enum sp_err sql_snapshot_end(struct store *base, const struct store_snapshot *snap,
                             struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_SNAP_PUT);
  sqlite3_bind_int64(st, 2, (int64_t)snap->n);
  sql_bind_bytes(st, 3, snap->hash.b, sizeof snap->hash.b);
  sqlite3_bind_int64(st, 4, (int64_t)snap->bytes);
  enum sp_err err = sql_finish(s, st, "writing a snapshot", why);
  if (!err)
    s->snapshot_open = UINT64_MAX;
  return err;
}

enum sp_err sql_snapshot_sweep(struct sqlite_store *s, struct fault *why) {
  if (!s->sweep)
    return SP_OK;
  sqlite3_stmt *st = sql_use(s, ST_SNAP_SWEEP);
  sqlite3_bind_int64(st, 2, (int64_t)s->snapshot_open);
  enum sp_err err = sql_finish(s, st, "sweeping a snapshot", why);
  s->sweep = err || sqlite3_changes(s->db) > 0;
  return err;
}

enum sp_err sql_snapshot_list(struct store *base, struct store_snapshot list[store_snapshots_max],
                              uint32_t *n, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_SNAP_LIST);
  int rc = SQLITE_DONE;
  *n = 0;
  enum sp_err err = SP_OK;
  while (!err && *n < store_snapshots_max && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    struct store_snapshot *snap = &list[(*n)++];
    snap->n = (uint64_t)sqlite3_column_int64(st, 0);
    snap->bytes = (uint64_t)sqlite3_column_int64(st, 2);
    if (!sql_column_fixed(st, 1, snap->hash.b, sizeof snap->hash.b))
      err = fault_set(why, SP_CORRUPT, "%s: the snapshot of %llu is damaged", s->path,
                      (unsigned long long)snap->n);
  }
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE || rc == SQLITE_ROW ? err
                                                      : sql_told(s, rc, "listing snapshots", why);
}

/* The length that its row promises. SP_NOT_FOUND for one that is not there or not finished. */
static enum sp_err promised(struct sqlite_store *s, uint64_t n, uint64_t *bytes,
                            struct fault *why) {
  sqlite3_stmt *st = sql_use(s, ST_SNAP_BYTES);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  int rc = sqlite3_step(st);
  *bytes = (uint64_t)sqlite3_column_int64(st, 0);
  sqlite3_reset(st);
  if (rc == SQLITE_DONE)
    return fault_set(why, SP_NOT_FOUND, "%s: there is no finished snapshot of %llu", s->path,
                     (unsigned long long)n);
  return rc == SQLITE_ROW ? SP_OK : sql_told(s, rc, "reading a snapshot", why);
}

enum sp_err sql_snapshot_chunk(struct store *base, uint64_t n, uint32_t chunk, struct buf *out,
                               struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  uint64_t bytes;
  enum sp_err err = promised(s, n, &bytes, why);
  if (err)
    return err;
  sqlite3_stmt *st = sql_use(s, ST_SNAP_PIECE);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  sqlite3_bind_int64(st, 3, chunk);
  return sql_value(s, st, "this chunk of a snapshot", out, why);
}

static enum sp_err chunk_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                             struct fault *why) {
  (void)s;
  struct span bytes = sql_column(st, 0);
  buf_put(ctx, bytes.p, bytes.n);
  return ((struct buf *)ctx)->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}

enum sp_err sql_snapshot_read(struct store *base, uint64_t n, struct buf *out, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  uint64_t bytes;
  size_t before = out->n;
  enum sp_err err = promised(s, n, &bytes, why);
  if (err)
    return err;
  sqlite3_stmt *st = sql_use(s, ST_SNAP_READ);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  err = sql_walk(s, st, "reading a snapshot", chunk_row, out, why);
  if (!err && out->n - before != bytes)
    err =
        fault_set(why, SP_CORRUPT, "%s: the snapshot of %llu has %zu bytes, and %llu were written",
                  s->path, (unsigned long long)n, out->n - before, (unsigned long long)bytes);
  return err;
}
