/* store_sqlite_papers.c: papers and photos: bytes that an entry names or commits to, of one
 * subject. Their bytes lie beside those of details, where no cell is ever moved and erasing writes
 * zeros (store_sqlite_details.c). Whoever brings the same bytes twice has them twice: each goes
 * with its own subject, and nobody's erasure takes another's.
 */
#include "store/store_sqlite_int.h"

enum sp_err sql_papers_put(struct sqlite_store *s, const struct store_paper *p, struct fault *why) {
  sqlite3_stmt *st = sql_use(s, ST_BODY_PUT);
  sql_bind_bytes(st, 1, p->bytes.p, p->bytes.n);
  enum sp_err err = sql_finish(s, st, "writing a paper", why);
  sqlite3_clear_bindings(st);
  if (err)
    return err;
  st = sql_use(s, ST_PAPER_PUT);
  sqlite3_bind_int64(st, 2, (int64_t)p->n);
  sql_bind_bytes(st, 3, p->subject.b, sizeof p->subject.b);
  sql_bind_bytes(st, 4, p->hash.b, sizeof p->hash.b);
  sqlite3_bind_int64(st, 5, sqlite3_last_insert_rowid(s->db));
  return sql_finish(s, st, "writing a paper", why);
}

struct walker {
  store_paper_fn *fn;
  void *ctx;
};

static enum sp_err paper_row(struct sqlite_store *s, sqlite3_stmt *st, void *ctx,
                             struct fault *why) {
  struct walker *w = ctx;
  struct store_paper p = {.n = (uint64_t)sqlite3_column_int64(st, 0), .bytes = sql_column(st, 3)};
  if (!sql_column_fixed(st, 1, p.subject.b, sizeof p.subject.b) ||
      !sql_column_fixed(st, 2, p.hash.b, sizeof p.hash.b))
    return fault_set(why, SP_CORRUPT, "%s: the paper of entry %llu is damaged", s->path,
                     (unsigned long long)p.n);
  return w->fn(w->ctx, &p);
}

enum sp_err sql_papers(struct store *base, store_paper_fn *fn, void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  return sql_walk(s, sql_use(s, ST_PAPERS), "reading papers", paper_row, &(struct walker){fn, ctx},
                  why);
}

enum sp_err sql_paper(struct store *base, const struct hash *hash, struct buf *out,
                      struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  sqlite3_stmt *st = sql_use(s, ST_PAPER);
  sql_bind_bytes(st, 2, hash->b, sizeof hash->b);
  return sql_value(s, st, "the paper", out, why);
}
