/* store_sqlite_details.c: personal details, and their lawful end.
 *
 * When SQLite balances its trees it copies cells from page to page and leaves the old bytes in the
 * free part of pages that live on, where secure_delete does not reach. So the bytes of details
 * (opening, then JSON), and those of papers, lie in a table of their own, `details_bodies`, in
 * which no cell ever moves:
 *   1. rows are only added, each with a key above all others: the last page is filled and a new one
 *      begun, and nothing is moved (whatever the site, so this one key does not begin with it);
 *   2. no row is deleted, and none changes its length: erasing writes zeros over the bytes where
 *      they lie. What refers to them goes in the same transaction.
 */
#include "store/store_sqlite_int.h"

#include <stdio.h>

enum sp_err sql_details_put(struct sqlite_store *s, const struct store_details *d,
                            struct fault *why) {
  struct buf body = {0};
  buf_put(&body, d->opening.b, sizeof d->opening.b);
  buf_put(&body, d->json.p, d->json.n);
  sqlite3_stmt *st = sql_use(s, ST_BODY_PUT);
  sql_bind_bytes(st, 1, body.p, body.n);
  enum sp_err err = body.failed ? fault_set(why, SP_NO_MEMORY, "out of memory")
                                : sql_finish(s, st, "writing details", why);
  if (!err) {
    st = sql_use(s, ST_DETAILS_PUT);
    sqlite3_bind_int64(st, 2, (int64_t)d->n);
    sql_bind_bytes(st, 3, d->subject.b, sizeof d->subject.b);
    sql_bind_slug(st, 4, &d->type);
    sqlite3_bind_int64(st, 5, sqlite3_last_insert_rowid(s->db));
    err = sql_finish(s, st, "writing details", why);
  }
  sqlite3_clear_bindings(s->st[ST_BODY_PUT]);
  if (body.p)
    bytes_wipe(body.p, body.n);
  buf_free(&body);
  return err;
}

static enum sp_err zero_body(struct sqlite_store *s, int64_t body, struct fault *why) {
  static const uint8_t zeros[4096];
  sqlite3_blob *blob = NULL;
  int rc = sqlite3_blob_open(s->db, "main", "details_bodies", "bytes", body, 1, &blob);
  int n = rc == SQLITE_OK ? sqlite3_blob_bytes(blob) : 0;
  for (int at = 0; rc == SQLITE_OK && at < n; at += (int)sizeof zeros) {
    int piece = n - at < (int)sizeof zeros ? n - at : (int)sizeof zeros;
    rc = sqlite3_blob_write(blob, zeros, piece, at);
  }
  int closed = sqlite3_blob_close(blob);
  if (rc == SQLITE_OK)
    rc = closed;
  return rc == SQLITE_OK ? SP_OK : sql_told(s, rc, "erasing details", why);
}

static enum sp_err erase_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                             struct fault *why) {
  (void)ctx;
  return zero_body(s, sqlite3_column_int64(st, 0), why);
}

/* Statement with subject and bound. */
static sqlite3_stmt *of_subject(struct sqlite_store *s, enum sql_statement which,
                                const struct id *subject, uint64_t before) {
  sqlite3_stmt *st = sql_use(s, which);
  sql_bind_bytes(st, 2, subject->b, sizeof subject->b);
  sqlite3_bind_int64(st, 3, before > INT64_MAX ? INT64_MAX : (int64_t)before);
  return st;
}

enum sp_err sql_details_erase(struct sqlite_store *s, const struct id *subject, uint64_t before,
                              struct fault *why) {
  enum sp_err err = sql_walk(s, of_subject(s, ST_BODIES_OF, subject, before), "erasing details",
                             erase_row, NULL, why);
  if (!err)
    err = sql_finish(s, of_subject(s, ST_DETAILS_ERASE, subject, before), "erasing details", why);
  if (!err)
    err = sql_finish(s, of_subject(s, ST_PAPERS_ERASE, subject, before), "erasing papers", why);
  return err;
}

struct walker {
  store_details_fn *fn;
  void *ctx;
  bool any;
};

static enum sp_err details_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                               struct fault *why) {
  struct walker *w = ctx;
  struct store_details d = {.n = (uint64_t)sqlite3_column_int64(st, 0)};
  struct span body = sql_column(st, 3);
  if (!sql_column_fixed(st, 1, d.subject.b, sizeof d.subject.b) ||
      !sql_column_slug(st, 2, &d.type) || body.n < sizeof d.opening.b)
    return fault_set(why, SP_CORRUPT, "%s: the details of entry %llu are damaged", s->path,
                     (unsigned long long)d.n);
  memcpy(d.opening.b, body.p, sizeof d.opening.b);
  d.json = span_of(body.p + sizeof d.opening.b, body.n - sizeof d.opening.b);
  w->any = true;
  return w->fn(w->ctx, &d);
}

static enum sp_err walk_details(struct sqlite_store *s, sqlite3_stmt *st, struct walker *w,
                                struct fault *why) {
  return sql_walk(s, st, "reading details", details_row, w, why);
}

enum sp_err sql_details(struct store *base, const struct id *subject, store_details_fn *fn,
                        void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, subject ? ST_DETAILS_OF : ST_DETAILS);
  if (subject)
    sql_bind_bytes(st, 2, subject->b, sizeof subject->b);
  return walk_details(s, st, &(struct walker){fn, ctx, false}, why);
}

enum sp_err sql_details_at(struct store *base, uint64_t n, store_details_fn *fn, void *ctx,
                           struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  struct walker w = {fn, ctx, false};
  sqlite3_stmt *st = sql_use(s, ST_DETAILS_AT);
  sqlite3_bind_int64(st, 2, (int64_t)n);
  enum sp_err err = walk_details(s, st, &w, why);
  if (!err && !w.any)
    err = fault_set(why, SP_NOT_FOUND, "%s: there are no details of entry %llu, or none any more",
                    s->path, (unsigned long long)n);
  return err;
}

enum sp_err sql_details_typed(struct store *base, const struct slug *type, store_details_fn *fn,
                              void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_DETAILS_TYPED);
  sql_bind_slug(st, 2, type);
  return walk_details(s, st, &(struct walker){fn, ctx, false}, why);
}
