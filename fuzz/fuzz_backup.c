/* A backup's database, as `restore` verifies it and `replay` reads it, after changes: first byte 0:
 * bytes of the file, each with its place (u32); else rows, through SQLite: table, row, column, kind
 * and length of the value, its bytes.
 *
 * Whatever is there is judged without a crash. A value that was changed in a row is found: nothing
 * that the log signs or proves can be another and pass. */
#include "audit/replay.h"
#include "audit/verify.h"
#include "fuzz/fuzz.h"
#include "tests/unit/journal_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

static struct buf whole; /* the file */
static char path[4200];

static void remove_beside(void) {
  char other[4300];
  snprintf(other, sizeof other, "%s-wal", path);
  (void)unlink(other);
  snprintf(other, sizeof other, "%s-shm", path);
  (void)unlink(other);
}

static void make(void) {
  struct fx fx;
  struct store *store;
  (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
  snprintf(path, sizeof path, "%s/site.db", fuzz_folder());
  MUST_DO(store_sqlite_open(path, "small", STORE_CREATE, &store, must));
  fx_new(&fx, store, "tests/system/small.yaml");
  fx_day(&fx, 18);
  fx_erase(&fx, 2);
  fx_snapshot(&fx);
  fx_day(&fx, 24); /* more than 256 entries: a full tile */
  fx_sign(&fx);
  fx_end(&fx);
  FILE *f = fopen(path, "rbe");
  MUST_HOLD(f);
  size_t n;
  while (buf_reserve(&whole, 65536) && (n = fread(whole.p + whole.n, 1, 65536, f)) > 0)
    whole.n += n;
  (void)fclose(f);
}

/* --- Changes --- */

/* A '#' before a column: it holds numbers. */
static const struct {
  const char *table, *key;
  const char *columns[8];
} tables[] = {
    {"entries", "site,first", {"bytes", "#count", "#first"}},
    {"tiles", "site,level,idx", {"hashes", "#level", "#idx"}},
    {"blobs", "site,hash", {"bytes", "hash"}},
    {"details", "site,n", {"subject", "type", "#body", "#n"}},
    {"papers", "site,n", {"subject", "hash", "#body"}},
    {"details_bodies", "id", {"bytes"}}, /* those that are erased lie there as zeros */
    {"passages",
     "site,n",
     {"#at", "person", "gate", "door", "reader", "#outcome", "#reason", "#n"}},
    {"meta", "site,key", {"value", "key"}},
    {"snapshots", "site,n", {"hash", "#bytes", "#n"}},
    {"snapshot_chunks", "site,n,chunk", {"bytes"}}, /* whatever its number: the order counts */
};
enum { tables_n = sizeof tables / sizeof tables[0] };

/* A value of the input's kind; blobs may also be the old value with one byte changed. */
static void bind_value(sqlite3_stmt *st, struct cut *in) {
  uint8_t kind = cut_u8(in);
  struct span s = cut_bytes(in, cut_u8(in));
  struct cut number = {s.p, s.n};
  switch (kind % 4) {
  case 0:
    sqlite3_bind_blob(st, 1, s.p ? (const void *)s.p : "", (int)s.n, SQLITE_TRANSIENT);
    break;
  case 1:
    sqlite3_bind_text(st, 1, s.p ? (const char *)s.p : "", (int)s.n, SQLITE_TRANSIENT);
    break;
  case 2:
    sqlite3_bind_int64(st, 1, (int64_t)cut_u64(&number));
    break;
  default:
    sqlite3_bind_null(st, 1);
  }
}

/* True when a value is now read as another one. */
static bool change_row(sqlite3 *db, struct cut *in) {
  char sql[1000], value[100] = "?1";
  sqlite3_stmt *st;
  uint8_t t = cut_u8(in) % tables_n, row = cut_u8(in), c = cut_u8(in) % 8, way = cut_u8(in);
  while (!tables[t].columns[c])
    c--;
  bool number = tables[t].columns[c][0] == '#';
  const char *column = tables[t].columns[c] + number, *as = number ? "INTEGER" : "BLOB";
  if (way & 1) /* a part of the value: the rest stays */
    snprintf(value, sizeof value, "CAST(substr(%s,1,%u)||?1||substr(%s,%u+length(?1)) AS BLOB)",
             column, way * 8u, column, way * 8u + 1);
  char held[300] = ""; /* erased ones lie there as zeros, however many */
  if (strcmp(tables[t].table, "details_bodies") == 0)
    snprintf(held, sizeof held,
             " AND (id IN (SELECT body FROM details) OR hex(CAST(%s AS BLOB)) GLOB '*[^0]*')",
             value);
  snprintf(sql, sizeof sql,
           "UPDATE OR IGNORE %s SET %s=%s WHERE (%s) IN (SELECT %s FROM %s LIMIT 1 OFFSET %u %% "
           "max(1,(SELECT count(*) FROM %s))) AND CAST(%s AS %s) IS NOT CAST(%s AS %s)%s",
           tables[t].table, column, value, tables[t].key, tables[t].key, tables[t].table, row,
           tables[t].table, column, as, value, as, held);
  if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
    fuzz_broken(__FILE__, __LINE__, sql, sqlite3_errmsg(db));
  bind_value(st, in);
  bool changed = sqlite3_step(st) == SQLITE_DONE && sqlite3_changes(db) > 0;
  sqlite3_finalize(st);
  return changed;
}

static bool change_rows(struct cut *in) {
  sqlite3 *db;
  bool changed = false;
  fuzz_write("site.db", buf_span(&whole));
  MUST_HOLD(sqlite3_open(path, &db) == SQLITE_OK);
  MUST_HOLD(sqlite3_exec(db, "PRAGMA synchronous=OFF; BEGIN", NULL, NULL, NULL) == SQLITE_OK);
  /* One change, so that no second one takes it back. */
  if (in->n)
    changed = change_row(db, in);
  MUST_HOLD(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
  sqlite3_close(db);
  return changed;
}

static void change_bytes(struct cut *in) {
  struct buf b = {0};
  buf_put(&b, whole.p, whole.n);
  while (in->n) {
    uint32_t at = cut_u32(in);
    uint8_t byte = cut_u8(in);
    if (at < b.n)
      b.p[at] ^= byte;
    else
      b.n -= at % b.n;
  }
  fuzz_write("site.db", buf_span(&b));
  buf_free(&b);
}

/* --- Reading --- */

static bool judged(enum sp_err err) {
  return err == SP_OK || err == SP_CORRUPT || err == SP_FORK || err == SP_VERSION ||
         err == SP_LIMIT || err == SP_INVALID || err == SP_NOT_FOUND || err == SP_IO;
}

static enum sp_err verify(struct store *store) {
  static const struct verify_options usual;
  struct verify_result result;
  struct report report;
  struct fault why = {0};
  MUST_DO(report_init(&report, must));
  enum sp_err err = verify_store(store, &usual, &report, &result, &why);
  if (!judged(err))
    fuzz_broken(__FILE__, __LINE__, "the verdict is about the record", why.text);
  MUST_HOLD(!err || why.text[0]);
  report_free(&report);
  return err;
}

static enum sp_err replay(struct store *store) {
  static const struct slug site = {"small"};
  struct replay_result result = {0};
  struct report report;
  struct fault why = {0};
  MUST_DO(report_init(&report, must));
  enum sp_err err = replay_store(store, &site, NULL, &report, &result, &why);
  if (!judged(err))
    fuzz_broken(__FILE__, __LINE__, "the verdict is about the record", why.text);
  replay_result_free(&result);
  report_free(&report);
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  struct store *store;
  struct fault why = {0};
  if (!whole.n)
    make();
  remove_beside();
  bool rows = cut_u8(&in) != 0, changed = false;
  if (rows)
    changed = change_rows(&in);
  else
    change_bytes(&in);
  enum sp_err err = store_sqlite_open(path, NULL, STORE_READ, &store, &why);
  if (!judged(err))
    fuzz_broken(__FILE__, __LINE__, "the verdict is about the record", why.text);
  if (err)
    return 0;
  err = verify(store);
  enum sp_err again = replay(store);
  store_close(store);
  if (rows && !changed)
    MUST_HOLD(err == SP_OK && again == SP_OK);
  if (rows && changed)
    MUST_HOLD(err != SP_OK);
  return 0;
}
