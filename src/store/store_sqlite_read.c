/* store_sqlite_read.c: entries, tiles, blobs and small values, read back. */
#include "store/store_frames.h"
#include "store/store_sqlite_int.h"

enum sp_err sql_count(struct store *base, uint64_t *n, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_COUNT);
  int rc = sqlite3_step(st);
  *n = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
  sqlite3_reset(st);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SP_OK : sql_told(s, rc, "counting entries", why);
}

static enum sp_err damaged_row(const struct sqlite_store *s, uint64_t first, struct fault *why) {
  return fault_set(why, SP_CORRUPT, "%s: the row of entries from %llu is damaged", s->path,
                   (unsigned long long)first);
}

enum sp_err sql_entries(struct store *base, uint64_t from, uint64_t until, store_entry_fn *fn,
                        void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  if (from > INT64_MAX)
    return SP_OK;
  sqlite3_stmt *st = sql_use(s, ST_ENTRY_ROW);
  sqlite3_bind_int64(st, 2, (int64_t)from);
  int rc = sqlite3_step(st);
  uint64_t row = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
  sqlite3_reset(st);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return sql_told(s, rc, "reading entries", why);
  st = sql_use(s, ST_ENTRIES);
  sqlite3_bind_int64(st, 2, (int64_t)row);
  enum sp_err err = SP_OK;
  uint64_t next = row;
  while (!err && next < until && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    uint64_t first = (uint64_t)sqlite3_column_int64(st, 0);
    int64_t count = sqlite3_column_int64(st, 1);
    struct span rest = sql_column(st, 2);
    if (first != next || count <= 0) {
      err = damaged_row(s, first, why);
      break;
    }
    for (int64_t i = 0; !err && i < count; i++, next++) {
      struct span entry;
      if (!frames_next(&rest, &entry))
        err = damaged_row(s, first, why);
      else if (next >= from && next < until)
        err = fn(ctx, next, entry);
    }
    if (!err && rest.n)
      err = damaged_row(s, first, why);
  }
  sqlite3_reset(st);
  if (!err && next < until && rc != SQLITE_DONE)
    err = sql_told(s, rc, "reading entries", why);
  return err;
}

enum sp_err sql_tile(struct store *base, unsigned level, uint64_t index, struct hash *hashes,
                     struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_TILE);
  sqlite3_bind_int64(st, 2, level);
  sqlite3_bind_int64(st, 3, (int64_t)index);
  int rc = sqlite3_step(st);
  enum sp_err err = SP_OK;
  if (rc == SQLITE_DONE)
    err = fault_set(why, SP_NOT_FOUND, "%s: tile %u/%llu is not stored", s->path, level,
                    (unsigned long long)index);
  else if (rc != SQLITE_ROW)
    err = sql_told(s, rc, "reading a tile", why);
  else if (!sql_column_fixed(st, 0, hashes, 256 * sizeof *hashes))
    err = fault_set(why, SP_CORRUPT, "%s: tile %u/%llu has a wrong length", s->path, level,
                    (unsigned long long)index);
  sqlite3_reset(st);
  return err;
}

enum sp_err sql_blob(struct store *base, const struct hash *hash, struct buf *out,
                     struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  char name[80] = "blob ";
  hex_encode(name + 5, hash->b, sizeof hash->b);
  sqlite3_stmt *st = sql_use(s, ST_BLOB);
  sql_bind_bytes(st, 2, hash->b, sizeof hash->b);
  return sql_value(s, st, name, out, why);
}

enum sp_err sql_meta_get(struct store *base, const char *key, struct buf *out, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_META_GET);
  sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
  return sql_value(s, st, key, out, why);
}

enum sp_err sql_meta_put(struct store *base, const char *key, struct span value,
                         struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_META_PUT);
  sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
  sql_bind_bytes(st, 3, value.p, value.n);
  return sql_finish(s, st, "writing", why);
}

struct walker {
  store_tile_fn *tile;
  store_blob_fn *blob;
  store_meta_fn *meta;
  void *ctx;
};

static enum sp_err tile_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                            struct fault *why) {
  struct walker *w = ctx;
  struct hash hashes[256];
  struct store_tile t = {(unsigned)sqlite3_column_int(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
                         hashes};
  if (!sql_column_fixed(st, 2, hashes, sizeof hashes))
    return fault_set(why, SP_CORRUPT, "%s: tile %u/%llu has a wrong length", s->path, t.level,
                     (unsigned long long)t.index);
  return w->tile(w->ctx, &t);
}

enum sp_err sql_tiles(struct store *base, store_tile_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  struct walker w = {.tile = fn, .ctx = ctx};
  return sql_walk(s, sql_use(s, ST_TILES), "reading tiles", tile_row, &w, why);
}

static enum sp_err blob_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                            struct fault *why) {
  struct walker *w = ctx;
  struct store_blob b = {.bytes = sql_column(st, 1)};
  if (!sql_column_fixed(st, 0, b.hash.b, sizeof b.hash.b))
    return fault_set(why, SP_CORRUPT, "%s: a blob's hash has a wrong length", s->path);
  return w->blob(w->ctx, &b);
}

enum sp_err sql_blobs(struct store *base, store_blob_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  struct walker w = {.blob = fn, .ctx = ctx};
  return sql_walk(s, sql_use(s, ST_BLOBS), "reading blobs", blob_row, &w, why);
}

static enum sp_err meta_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                            struct fault *why) {
  struct walker *w = ctx;
  const char *key = (const char *)sqlite3_column_text(st, 0);
  if (!key)
    return fault_set(why, SP_CORRUPT, "%s: a value has no name", s->path);
  return w->meta(w->ctx, key, sql_column(st, 1));
}

enum sp_err sql_metas(struct store *base, store_meta_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  struct walker w = {.meta = fn, .ctx = ctx};
  return sql_walk(s, sql_use(s, ST_METAS), "reading values", meta_row, &w, why);
}
