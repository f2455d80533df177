/* store_sqlite_passages.c: who passed where and when.
 *
 * Invariant: `at` never goes back as n grows (journal.md), so a time is a place among the n, found
 * by halving. A person or a gate is then asked for segment by segment, one short look-up each.
 */
#include "store/store_sqlite_int.h"

#include <stdio.h>

enum sp_err sql_passages_put(struct sqlite_store *s, const struct store_passage *p,
                             struct fault *why) {
  sqlite3_stmt *st = sql_use(s, ST_PASSAGE_PUT);
  sqlite3_bind_int64(st, 2, (int64_t)p->n);
  sqlite3_bind_int64(st, 3, p->at);
  if (bytes_are_zero(p->person.b, sizeof p->person.b))
    sqlite3_bind_null(st, 4);
  else
    sql_bind_bytes(st, 4, p->person.b, sizeof p->person.b);
  sql_bind_slug(st, 5, &p->gate);
  sql_bind_slug(st, 6, &p->door);
  sql_bind_slug(st, 7, &p->reader);
  sqlite3_bind_int64(st, 8, p->outcome);
  sqlite3_bind_int64(st, 9, p->reason);
  return sql_finish(s, st, "writing a passage", why);
}

struct asking {
  const struct store_question *q;
  store_passage_fn *fn;
  void *ctx;
  uint32_t told;
};

static enum sp_err passage_row(struct sqlite_store *s, sqlite3_stmt *st, struct asking *a,
                               struct fault *why) {
  struct store_passage p = {.n = (uint64_t)sqlite3_column_int64(st, 0),
                            .at = sqlite3_column_int64(st, 1),
                            .outcome = (uint32_t)sqlite3_column_int64(st, 6),
                            .reason = (uint32_t)sqlite3_column_int64(st, 7)};
  bool known = sqlite3_column_type(st, 2) != SQLITE_NULL;
  if ((known && !sql_column_fixed(st, 2, p.person.b, sizeof p.person.b)) ||
      !sql_column_slug(st, 3, &p.gate) || !sql_column_slug(st, 4, &p.door) ||
      !sql_column_slug(st, 5, &p.reader))
    return fault_set(why, SP_CORRUPT, "%s: passage %llu is damaged", s->path,
                     (unsigned long long)p.n);
  if (a->q->gate.s[0] && strcmp(a->q->gate.s, p.gate.s) != 0)
    return SP_OK; /* asked by person and gate */
  a->told++;
  return a->fn(a->ctx, &p);
}

/* Rows lower <= n < upper of a statement. */
static enum sp_err ask(struct sqlite_store *s, sqlite3_stmt *st, uint64_t lower, uint64_t upper,
                       struct asking *a, struct fault *why) {
  enum sp_err err = SP_OK;
  int rc = SQLITE_DONE;
  sqlite3_bind_int64(st, 2, (int64_t)lower);
  sqlite3_bind_int64(st, 3, (int64_t)upper);
  while (!err && a->told < a->q->limit && (rc = sqlite3_step(st)) == SQLITE_ROW)
    err = passage_row(s, st, a, why);
  sqlite3_reset(st);
  return err || rc == SQLITE_DONE || rc == SQLITE_ROW ? err
                                                      : sql_told(s, rc, "reading passages", why);
}

/* The first row with n >= from: its n and time. *found is false when there is none. */
static enum sp_err row_from(struct sqlite_store *s, uint64_t from, bool *found, uint64_t *n,
                            usec *at, struct fault *why) {
  sqlite3_stmt *st = sql_use(s, ST_PASSAGE_FROM);
  sqlite3_bind_int64(st, 2, (int64_t)from);
  int rc = sqlite3_step(st);
  *found = rc == SQLITE_ROW;
  *n = (uint64_t)sqlite3_column_int64(st, 0);
  *at = sqlite3_column_int64(st, 1);
  sqlite3_reset(st);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SP_OK : sql_told(s, rc, "reading passages", why);
}

/* The least n in [lower, upper] before which no row is as late as t. */
static enum sp_err place_of(struct sqlite_store *s, usec t, uint64_t lower, uint64_t upper,
                            uint64_t *place, struct fault *why) {
  enum sp_err err = SP_OK;
  while (!err && lower < upper) {
    uint64_t middle = lower + (upper - lower) / 2, n;
    bool found;
    usec at;
    err = row_from(s, middle, &found, &n, &at, why);
    if (!found || n >= upper || at >= t)
      upper = middle;
    else
      lower = n + 1;
  }
  *place = upper;
  return err;
}

/* Which n can be an answer: those in [*lower, *upper). */
static enum sp_err bounds(struct sqlite_store *s, const struct store_question *q, uint64_t *lower,
                          uint64_t *upper, struct fault *why) {
  sqlite3_stmt *st = sql_use(s, ST_PASSAGES_END);
  int rc = sqlite3_step(st);
  uint64_t end = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) + 1 : 0;
  sqlite3_reset(st);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return sql_told(s, rc, "reading passages", why);
  *upper = q->before < end ? q->before : end;
  *lower = q->from < *upper ? q->from : *upper;
  enum sp_err err = SP_OK;
  if (q->since != TIME_ABSENT)
    err = place_of(s, q->since, *lower, *upper, lower, why);
  if (!err && q->until != TIME_ABSENT)
    err = place_of(s, q->until, *lower, *upper, upper, why);
  return err;
}

enum sp_err sql_passages(struct store *base, const struct store_question *q, store_passage_fn *fn,
                         void *ctx, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  struct asking a = {q, fn, ctx, 0};
  uint64_t lower = 0, upper = 0;
  enum sp_err err = bounds(s, q, &lower, &upper, why);
  bool person = !bytes_are_zero(q->person.b, sizeof q->person.b), gate = q->gate.s[0] != 0;
  if (err || lower >= upper)
    return err;
  if (!person && !gate)
    return ask(s, sql_use(s, q->oldest_first ? ST_PASSAGES_ANY_UP : ST_PASSAGES_ANY), lower, upper,
               &a, why);
  static const enum sql_statement by[2][2] = {{ST_PASSAGES_GATE, ST_PASSAGES_GATE_UP},
                                              {ST_PASSAGES_PERSON, ST_PASSAGES_PERSON_UP}};
  uint64_t first = lower >> segment_bits, last = (upper - 1) >> segment_bits;
  for (uint64_t i = 0; !err && i <= last - first && a.told < q->limit; i++) {
    sqlite3_stmt *st = sql_use(s, by[person][q->oldest_first]);
    sqlite3_bind_int64(st, 4, (int64_t)(q->oldest_first ? first + i : last - i));
    if (person)
      sql_bind_bytes(st, 5, q->person.b, sizeof q->person.b);
    else
      sql_bind_slug(st, 5, &q->gate);
    err = ask(s, st, lower, upper, &a, why);
  }
  return err;
}

enum sp_err sql_passages_clear(struct store *base, struct fault *why) {
  struct sqlite_store *s = sql_own(base);
  return sql_finish(s, sql_use(s, ST_PASSAGES_CLEAR), "clearing the query table", why);
}
