/* The record is damaged in every way there is, by hand, and each damage is found and named. */
#include "journal_fixture.h"

#include "audit/backup.h"
#include "audit/export_log.h"
#include "audit/rebuild.h"
#include "audit/replay.h"
#include "audit/verify.h"
#include "engine/site_dir.h"
#include "journal/sha256.h"
#include "journal/tile_path.h"
#include "store/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static const char plan_file[] = "tests/system/small.yaml";
static char top[64]; /* a directory of this run's own */

/* --- Directories --- */

static const char *in(const char *name) {
  static char paths[16][200];
  static int at;
  char *p = paths[at++ % 16];
  snprintf(p, sizeof paths[0], "%s/%s", top, name);
  return p;
}

static void SP_PRINTF(1, 2) shell(const char *format, ...) {
  char command[600];
  va_list args;
  va_start(args, format);
  vsnprintf(command, sizeof command, format, args);
  va_end(args);
  if (system(command) != 0)
    fail_msg("%s", command);
}

/* A copy of a site, to be damaged. */
static const char *copy_site(const char *name) {
  const char *copy = in("copy");
  shell("rm -rf '%s' && cp -r '%s' '%s'", copy, in(name), copy);
  return copy;
}

/* The site that all tests but a few start from: two snapshots, an erasure, two plans. */
static int make_site(void **state) {
  (void)state;
  struct fx fx;
  snprintf(top, sizeof top, "/tmp/sallyport-audit-XXXXXX");
  assert_non_null(mkdtemp(top));
  mkdir(in("site"), 0700);
  fx_new_dir(&fx, in("site"), plan_file);
  fx_day(&fx, 40);
  fx_snapshot(&fx);
  fx_day(&fx, 30);
  fx_erase(&fx, 3);
  fx_plan(&fx, plan_file, (struct actor){ACTOR_OPERATOR, 0}, 1);
  fx_day(&fx, 10);
  fx_snapshot(&fx);
  fx_day(&fx, 10);
  fx_sign(&fx);
  assert_true(core_next_entry(fx.fold.core) > 512);
  fx_end(&fx);
  return 0;
}

static int remove_all(void **state) {
  (void)state;
  shell("rm -rf '%s'", top);
  return 0;
}

/* --- SQL, as someone with a shell would use it --- */

static sqlite3 *open_db(const char *dir) {
  char path[300];
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/site.db", dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  return db;
}

static void sql(const char *dir, const char *text) {
  sqlite3 *db = open_db(dir);
  char *said = NULL;
  if (sqlite3_exec(db, text, NULL, NULL, &said))
    fail_msg("%s: %s", text, said);
  sqlite3_close(db);
}

/* One bit of a value that `select` finds, which is written back by `update` (?1). */
static void flip(const char *dir, const char *select, const char *update, int at) {
  sqlite3 *db = open_db(dir);
  sqlite3_stmt *get, *put;
  if (sqlite3_prepare_v2(db, select, -1, &get, NULL))
    fail_msg("%s: %s", select, sqlite3_errmsg(db));
  assert_int_equal(sqlite3_step(get), SQLITE_ROW);
  if (sqlite3_prepare_v2(db, update, -1, &put, NULL))
    fail_msg("%s: %s", update, sqlite3_errmsg(db));
  int type = sqlite3_column_type(get, 0), n = sqlite3_column_bytes(get, 0);
  if (type == SQLITE_INTEGER) {
    sqlite3_bind_int64(put, 1, sqlite3_column_int64(get, 0) ^ (sqlite3_int64)(INT64_C(1) << at));
  } else {
    uint8_t *copy = malloc((size_t)n);
    memcpy(copy, sqlite3_column_blob(get, 0), (size_t)n);
    copy[at < 0 ? n + at : at % n] ^= 1;
    if (type == SQLITE_TEXT)
      sqlite3_bind_text(put, 1, (const char *)copy, n, free);
    else
      sqlite3_bind_blob(put, 1, copy, n, free);
  }
  sqlite3_finalize(get);
  if (sqlite3_step(put) != SQLITE_DONE)
    fail_msg("%s: %s", update, sqlite3_errmsg(db));
  assert_int_equal(sqlite3_changes(db), 1);
  sqlite3_finalize(put);
  sqlite3_close(db);
}

/* --- Verifying --- */

struct checked {
  enum sp_err err;
  struct report report;
  struct verify_result result;
  struct fault why;
};

static void verify(struct checked *c, const char *dir, const struct verify_options *options) {
  static const struct verify_options usual;
  memset(c, 0, sizeof *c);
  assert_int_equal(report_init(&c->report, &c->why), SP_OK);
  c->err = verify_dir(dir, options ? options : &usual, &c->report, &c->result, &c->why);
}

static bool told(const struct checked *c, const char *text) {
  bool found = strstr(c->why.text, text) != NULL;
  for (uint32_t i = 0; i < c->report.kept; i++)
    found |= strstr(c->report.at[i].text, text) != NULL;
  return found;
}

static void done(struct checked *c) {
  report_free(&c->report);
}

static void expect(const char *what, const char *dir, enum sp_err err, const char *text) {
  struct checked c;
  verify(&c, dir, NULL);
  if (c.err != err || !told(&c, text)) {
    for (uint32_t i = 0; i < c.report.kept && i < 10; i++)
      print_error("  %s\n", c.report.at[i].text);
    fail_msg("%s: %s, \"%s\" where %s and \"%s\" was expected", what, sp_err_name(c.err),
             c.why.text, sp_err_name(err), text);
  }
  done(&c);
}

static void expect_good(const char *dir) {
  struct checked c;
  verify(&c, dir, NULL);
  if (c.err)
    fail_msg("%s: %s", dir, c.why.text);
  done(&c);
}

static void test_good(void **state) {
  (void)state;
  struct checked c;
  verify(&c, in("site"), NULL);
  if (c.err)
    fail_msg("%s", c.why.text);
  assert_true(c.result.entries > 512 && c.result.tiles >= 2);
  assert_int_equal(c.result.signed_size, c.result.entries);
  assert_int_equal(c.result.snapshots, 2);
  assert_int_equal(c.result.erased, 1);
  assert_int_equal(c.result.details, 94); /* 90 persons and 5 operators, one erased */
  assert_int_equal(c.result.blobs, 2);
  assert_true(c.result.passages > 100);
  assert_string_equal(c.result.site, "small");
  done(&c);
}

/* --- One bit in every kind of row --- */

struct bit {
  const char *table, *column, *where; /* where: which row */
  int at; /* byte of a blob or text, from the end when negative; bit of a number */
  const char *told;
};

static const struct bit bits[] = {
    {"entries", "bytes", "first=0", 40, "entry 0: "},
    {"entries", "bytes", "first=0", -20, "entry "},
    {"entries", "bytes", "first=0", 0, "the row of entries from 0 is damaged"}, /* a length */
    {"entries", "count", "first=0", 0, "entries from "},
    {"entries", "count", "first=(SELECT max(first) FROM entries)", 0, "entries"},
    {"entries", "count", "first=(SELECT max(first) FROM entries)", 40, "entries"},
    {"entries", "first", "first=(SELECT first FROM entries ORDER BY first LIMIT 1 OFFSET 3)", 1,
     "entries from "},
    {"entries", "first", "first=(SELECT max(first) FROM entries)", 50, "entries"},
    {"entries", "site", "first=(SELECT max(first) FROM entries)", 0, "signs"},
    {"tiles", "hashes", "level=0 AND idx=1", 33, "tile 0/1: its hash of entry 257"},
    {"tiles", "idx", "level=0 AND idx=1", 3, "tile 0/1: missing"},
    {"tiles", "idx", "level=0 AND idx=1", 3, "tile 0/9: a log of "},
    {"tiles", "level", "level=0 AND idx=1", 1, "tile 2/1: a log of "},
    {"tiles", "site", "level=0 AND idx=1", 0, "tile 0/1: missing"},
    {"blobs", "bytes", "hash=(SELECT hash FROM blobs LIMIT 1)", 100, "blob "},
    {"blobs", "bytes", "hash=(SELECT hash FROM blobs LIMIT 1 OFFSET 1)", -1, "blob "},
    {"blobs", "hash", "hash=(SELECT hash FROM blobs LIMIT 1)", 5, "blob "},
    {"blobs", "site", "hash=(SELECT hash FROM blobs LIMIT 1)", 0, "missing; entry "},
    {"details_bodies", "bytes", "id=(SELECT max(body) FROM details)", 20, "their opening"},
    {"details_bodies", "bytes", "id=(SELECT max(body) FROM details)", -2, "details of entry "},
    {"details_bodies", "id", "id=(SELECT max(body) FROM details)", 12, "details"},
    {"details", "body", "n=(SELECT max(n) FROM details)", 0, "details"},
    {"details", "subject", "n=(SELECT max(n) FROM details)", 0, "another person"},
    {"details", "type", "n=(SELECT max(n) FROM details)", 3, "another type"},
    {"details", "n", "n=(SELECT max(n) FROM details)", 11, "the entry commits to none"},
    {"details", "n", "n=(SELECT max(n) FROM details)", 11, "no erasure is journaled"},
    {"details", "site", "n=(SELECT max(n) FROM details)", 0, "no erasure is journaled"},
    {"passages", "at", "n=(SELECT max(n) FROM passages)", 0, "another time"},
    {"passages", "person", "n=(SELECT max(n) FROM passages)", 0, "another person"},
    {"passages", "gate", "n=(SELECT max(n) FROM passages)", 0, "another gate"},
    {"passages", "door", "n=(SELECT min(n) FROM passages)", 0, "another door"},
    {"passages", "reader", "n=(SELECT min(n) FROM passages)", 0, "another reader"},
    {"passages", "outcome", "n=(SELECT min(n) FROM passages)", 0, "another outcome"},
    {"passages", "reason", "n=(SELECT min(n) FROM passages)", 2, "another reason"},
    {"passages", "n", "n=(SELECT max(n) FROM passages)", 1, "its row is missing"},
    {"passages", "n", "n=(SELECT max(n) FROM passages)", 1, "the entry gives none"},
    {"passages", "site", "n=(SELECT max(n) FROM passages)", 0, "its row is missing"},
    {"meta", "value", "key='checkpoint'", 10, "the checkpoint in the database"},
    {"meta", "value", "key='checkpoint'", -10, "the checkpoint in the database"},
    {"meta", "value", "key='vkey'", -3, "verifier key"},
    {"meta", "value", "key='origin'", 3, "not the log's origin"},
    {"meta", "value", "key='site'", 1, "there is no site"},
    {"meta", "key", "key='vkey'", 1, "\"vkey\" is missing"},
    {"meta", "key", "key='checkpoint'", 1, "there is no such value"},
    {"snapshots", "hash", "n=(SELECT max(n) FROM snapshots)", 5, "snapshot of entry "},
    {"snapshots", "bytes", "n=(SELECT max(n) FROM snapshots)", 1, "snapshot of entry "},
    {"snapshots", "n", "n=(SELECT max(n) FROM snapshots)", 2, "no entry snapshot.taken"},
    {"snapshot_chunks", "bytes", "n=(SELECT max(n) FROM snapshots)", 300, "snapshot of entry "},
    {"snapshot_chunks", "chunk", "n=(SELECT max(n) FROM snapshots)", 1, ""},
    {"snapshot_chunks", "n", "n=(SELECT max(n) FROM snapshots)", 1, "snapshot of entry "},
    {"site", "slug", "1", 2, "there is no site"},
};

static void test_bits(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
    const struct bit *b = &bits[i];
    char select[300], update[400], what[80];
    const char *dir = copy_site("site");
    snprintf(select, sizeof select, "SELECT %s FROM %s WHERE %s", b->column, b->table, b->where);
    snprintf(update, sizeof update, "UPDATE %s SET %s=?1 WHERE %s", b->table, b->column, b->where);
    snprintf(what, sizeof what, "%s.%s", b->table, b->column);
    flip(dir, select, update, b->at);
    struct checked c;
    verify(&c, dir, NULL);
    bool harmless = b->told[0] == 0; /* the row is not needed, or says the same */
    if (!harmless && (!c.err || !told(&c, b->told))) {
      for (uint32_t k = 0; k < c.report.kept && k < 10; k++)
        print_error("  %s\n", c.report.at[k].text);
      fail_msg("%s (%s): %s, \"%s\" does not tell of \"%s\"", what, b->where, sp_err_name(c.err),
               c.why.text, b->told);
    }
    done(&c);
  }
}

/* All rows of all tables. Zero when they cannot be read. */
static struct hash rows_hash(const char *dir) {
  static const char *const tables[] = {"site",    "entries",   "tiles",          "blobs",
                                       "details", "passages",  "details_bodies", "meta",
                                       "papers",  "snapshots", "snapshot_chunks"};
  struct sha256 h;
  char select[80];
  bool whole = true;
  sqlite3 *db = open_db(dir);
  sha256_start(&h);
  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
    sqlite3_stmt *st = NULL;
    snprintf(select, sizeof select, "SELECT * FROM %s ORDER BY 1, 2, 3", tables[t]);
    int rc = sqlite3_prepare_v2(db, select, -1, &st, NULL);
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
      for (int c = 0; c < sqlite3_column_count(st); c++) {
        sha256_add(&h, sqlite3_column_blob(st, c), (size_t)sqlite3_column_bytes(st, c));
        sha256_add(&h, "|", 1);
      }
    whole &= sqlite3_finalize(st) == SQLITE_OK && rc == SQLITE_OK;
  }
  sqlite3_close(db);
  return whole ? sha256_end(&h) : (struct hash){{0}};
}

static void flip_file(const char *file, long at, int bit) {
  char path[300];
  snprintf(path, sizeof path, "%s/%s", in("copy"), file);
  FILE *f = fopen(path, "r+");
  assert_non_null(f);
  fseek(f, at, SEEK_SET);
  int c = fgetc(f);
  fseek(f, at, SEEK_SET);
  fputc(c ^ 1 << bit, f);
  fclose(f);
}

/* Bits of the file itself, wherever they fall: no crash, and where `verify` has nothing to say,
 * every row is as it was. */
static void test_any_bit(void **state) {
  (void)state;
  struct stat info;
  uint32_t silent = 0, random = 12345;
  const char *dir = copy_site("site");
  sql(dir, "PRAGMA wal_checkpoint(TRUNCATE)");
  shell("rm -rf '%s' && mv '%s' '%s'", in("flat"), dir, in("flat"));
  struct hash was = rows_hash(in("flat"));
  for (int i = 0; i < 60; i++) {
    copy_site("flat");
    assert_int_equal(stat(in("copy/site.db"), &info), 0);
    random = random * 1103515245u + 12345u;
    long at = (long)(((uint64_t)random << 16 ^ random >> 3) % (uint64_t)info.st_size);
    flip_file("site.db", at, (int)(random >> 24) % 8);
    struct checked k;
    verify(&k, in("copy"), NULL);
    if (!k.err) {
      silent++;
      struct hash is = rows_hash(in("copy"));
      assert_memory_equal(&is, &was, sizeof is);
    }
    done(&k);
  }
  print_message("%u of 60 bits meant nothing\n", silent);
  assert_true(silent < 45);
}

/* --- Damage with a purpose --- */

static void test_deleted(void **state) {
  (void)state;
  const char *dir = copy_site("site");
  sql(dir,
      "DELETE FROM entries WHERE first=(SELECT first FROM entries ORDER BY first LIMIT 1 OFFSET "
      "2)");
  expect("a row of entries is gone", dir, SP_CORRUPT, ": missing");
  dir = copy_site("site");
  sql(dir, "DELETE FROM entries WHERE first=(SELECT max(first) FROM entries)");
  expect("the end is cut off", dir, SP_FORK, "it was cut off, or an older copy");
  expect("the end is cut off", dir, SP_FORK, "copy/checkpoint signs");
  dir = copy_site("site");
  sql(dir, "DELETE FROM entries");
  expect("all is gone", dir, SP_FORK, "cut off");
  dir = copy_site("site");
  sql(dir, "DELETE FROM details WHERE n=(SELECT max(n) FROM details)");
  expect("details are gone", dir, SP_CORRUPT, "missing, and no erasure is journaled");
  dir = copy_site("site");
  sql(dir, "DELETE FROM passages WHERE n % 7 = 0");
  expect("passages are gone", dir, SP_CORRUPT, "its row is missing");
  dir = copy_site("site");
  sql(dir, "DELETE FROM tiles WHERE idx=0");
  expect("a tile is gone", dir, SP_CORRUPT, "tile 0/0: missing");
  dir = copy_site("site");
  sql(dir, "DELETE FROM blobs WHERE hash=(SELECT hash FROM blobs LIMIT 1)");
  expect("a blob is gone", dir, SP_CORRUPT, "missing; entry ");
  dir = copy_site("site");
  shell("rm '%s/checkpoint'", dir);
  expect("the file is gone", dir, SP_CORRUPT, "checkpoint: missing; without it a rollback");
  dir = copy_site("site");
  sql(dir, "INSERT INTO passages SELECT site,n+1,at,person,gate,door,reader,outcome,reason FROM "
           "passages WHERE n=(SELECT min(n) FROM passages)");
  expect("a passage that never was", dir, SP_CORRUPT, "the entry gives none");
}

/* The log as one bundle, to be edited and put back in one row with tiles that fit it. */
struct log {
  struct buf entry[2048];
  uint32_t n;
};

static enum sp_err keep(void *ctx, uint64_t n, struct span bytes) {
  struct log *log = ctx;
  (void)n;
  assert_true(log->n < 2048);
  buf_put(&log->entry[log->n++], bytes.p, bytes.n);
  return SP_OK;
}

static struct log *take_log(const char *dir) {
  char path[300];
  struct store *s;
  struct fault why = {0};
  struct log *log = sp_alloc(1, sizeof *log);
  snprintf(path, sizeof path, "%s/site.db", dir);
  assert_int_equal(store_sqlite_open(path, NULL, STORE_READ, &s, &why), SP_OK);
  assert_int_equal(store_entries(s, 0, UINT64_MAX, keep, log, &why), SP_OK);
  store_close(s);
  return log;
}

static void log_free(struct log *log) {
  for (uint32_t i = 0; i < 2048; i++)
    buf_free(&log->entry[i]);
  sp_free(log);
}

static void put_tile(void *ctx, unsigned level, uint64_t index,
                     const struct hash tile[tile_width]) {
  sqlite3_stmt *put;
  assert_int_equal(sqlite3_prepare_v2(ctx, "INSERT INTO tiles VALUES(1,?1,?2,?3)", -1, &put, NULL),
                   SQLITE_OK);
  sqlite3_bind_int(put, 1, (int)level);
  sqlite3_bind_int64(put, 2, (int64_t)index);
  sqlite3_bind_blob(put, 3, tile, tile_bytes, SQLITE_STATIC);
  assert_int_equal(sqlite3_step(put), SQLITE_DONE);
  sqlite3_finalize(put);
}

/* What someone who may write the database, and has no key, can do at best. */
static struct hash put_log(const char *dir, const struct log *log, uint32_t n) {
  struct buf bundle = {0};
  struct tree *tree = sp_alloc(1, sizeof *tree);
  sqlite3 *db = open_db(dir);
  sqlite3_stmt *put;
  assert_int_equal(sqlite3_exec(db, "DELETE FROM entries; DELETE FROM tiles", NULL, NULL, NULL), 0);
  tree_init(tree);
  for (uint32_t i = 0; i < n; i++) {
    struct hash leaf = tree_leaf(buf_span(&log->entry[i]));
    bundle_put(&bundle, buf_span(&log->entry[i]));
    tree_append(tree, &leaf, put_tile, db);
  }
  assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO entries VALUES(1,0,?1,?2)", -1, &put, NULL),
                   SQLITE_OK);
  sqlite3_bind_int64(put, 1, n);
  sqlite3_bind_blob(put, 2, bundle.p, (int)bundle.n, SQLITE_STATIC);
  assert_int_equal(sqlite3_step(put), SQLITE_DONE);
  sqlite3_finalize(put);
  sqlite3_close(db);
  struct hash root = tree_root(tree);
  sp_free(tree);
  buf_free(&bundle);
  return root;
}

/* The first entry of a type; its text is changed from `find` to `put`, of any length. */
static uint32_t edit(struct log *log, const char *type, const char *find, const char *put) {
  for (uint32_t i = 0; i < log->n; i++) {
    struct buf *b = &log->entry[i];
    if (!memmem(b->p, b->n, type, strlen(type)))
      continue;
    uint8_t *hit = memmem(b->p, b->n, find, strlen(find));
    if (!hit)
      continue;
    struct buf made = {0};
    size_t before = (size_t)(hit - b->p), find_n = strlen(find);
    buf_put(&made, b->p, before);
    buf_puts(&made, put);
    buf_put(&made, hit + find_n, b->n - before - find_n);
    buf_free(b);
    *b = made;
    return i;
  }
  fail_msg("no %s has %s", type, find);
  return 0;
}

/* The same, with the tiles that were there. */
static void put_entries(const char *dir, const struct log *log) {
  sql(dir, "CREATE TABLE kept AS SELECT * FROM tiles");
  put_log(dir, log, log->n);
  sql(dir, "DELETE FROM tiles; INSERT INTO tiles SELECT * FROM kept; DROP TABLE kept");
}

static void test_edited(void **state) {
  (void)state;
  char text[80];
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  put_log(dir, log, log->n); /* as it was, in one row */
  expect_good(dir);
  uint32_t n =
      edit(log, "\"type\":\"person.added\"", "\"kind\":\"officer\"", "\"kind\":\"counsel\"");
  put_entries(dir, log);
  snprintf(text, sizeof text, "entry %u: its hash is not the one in tile 0/0", n);
  expect("an entry is edited", dir, SP_CORRUPT, text);
  expect("an entry is edited", dir, SP_CORRUPT, "changed after it was signed");
  put_log(dir, log, log->n);
  expect("and its tiles too", dir, SP_FORK,
         "with another root: what was signed is not what is here");
  log_free(log);
}

static void test_reordered(void **state) {
  (void)state;
  char text[80];
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  struct buf kept = log->entry[300];
  log->entry[300] = log->entry[301];
  log->entry[301] = kept;
  put_entries(dir, log);
  snprintf(text, sizeof text, "entry %d: it says it is entry %d", 300, 301);
  expect("two entries are swapped", dir, SP_CORRUPT, text);
  log_free(log);
}

static void test_cut_off(void **state) {
  (void)state;
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  put_log(dir, log, log->n - 1);
  expect("the last entry is gone", dir, SP_FORK, "it was cut off");
  log_free(log);
}

/* A log that goes on after a copy was taken; then the copy of the database is put back. */
static void test_rollback(void **state) {
  (void)state;
  struct fx fx;
  mkdir(in("growing"), 0700);
  fx_new_dir(&fx, in("growing"), plan_file);
  fx_day(&fx, 20);
  fx_sign(&fx);
  shell("cp -r '%s' '%s'", in("growing"), in("older"));
  fx_day(&fx, 20);
  fx_sign(&fx);
  fx_end(&fx);
  expect_good(in("growing"));
  expect_good(in("older"));
  shell("cp '%s/checkpoint' '%s/checkpoint'", in("growing"), in("older"));
  expect("rolled back", in("older"), SP_FORK, "older/checkpoint signs ");
  expect("rolled back", in("older"), SP_FORK, "an older copy was put in its place");
}

/* The same key signs another log of the same size: whoever holds its checkpoint can show it. */
static void test_split_view(void **state) {
  (void)state;
  struct fx one, other;
  struct fault why = {0};
  mkdir(in("one"), 0700);
  mkdir(in("other"), 0700);
  fx_new_dir(&one, in("one"), plan_file);
  fx_new_dir(&other, in("other"), plan_file);
  other.at += USEC_PER_S;
  fx_person(&one, PERSON_STAFF, "staff");
  fx_person(&other, PERSON_STAFF, "staff");
  fx_sign(&one);
  fx_sign(&other);
  struct buf note = {0};
  assert_int_equal(site_dir_checkpoint_read(other.dir, &note, &why), SP_OK);
  const struct verify_options options = {.checkpoint = buf_span(&note)};
  fx_end(&one);
  fx_end(&other);
  struct checked c;
  verify(&c, in("one"), NULL);
  assert_int_equal(c.err, SP_OK);
  done(&c);
  verify(&c, in("one"), &options);
  assert_int_equal(c.err, SP_FORK);
  assert_true(told(&c, "the checkpoint given by hand signs 10 entries with another root"));
  done(&c);
  verify(&c, in("other"), &options);
  assert_int_equal(c.err, SP_OK);
  done(&c);
  buf_free(&note);
}

/* Another key by hand than the log's. */
static void test_other_key(void **state) {
  (void)state;
  const uint8_t seed[32] = {9};
  struct note_signer signer;
  struct fault why = {0};
  assert_int_equal(signer_from_seed(&signer, "sallyport.local/test", seed, &why), SP_OK);
  const struct verify_options options = {.key = &signer.public};
  struct checked c;
  verify(&c, in("site"), &options);
  assert_int_equal(c.err, SP_FORK);
  assert_true(told(&c, "the one given by hand is not the one that the site has"));
  assert_true(told(&c, "entry 0 names its hash"));
  done(&c);
}

static void write_text(const char *path, struct span text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
  fclose(f);
}

/* A witness that the plan names has signed the checkpoint too. */
static void test_cosigned(void **state) {
  (void)state;
  const uint8_t seed[32] = {7};
  struct note_signer witness;
  struct fault why = {0};
  struct checkpoint point;
  char vkey[vkey_max];
  assert_int_equal(signer_from_seed(&witness, "witness.example/w1", seed, &why), SP_OK);
  signer_as_witness(&witness);
  vkey_format(&witness.public, vkey);
  struct buf yaml = fx_file(plan_file), note = {0}, text = {0};
  buf_printf(&yaml, "\nwitnesses:\n  - { vkey: \"%s\", url: \"https://witness.example\" }\n", vkey);
  write_text(in("witnessed.yaml"), buf_span(&yaml));
  /* fx reads from the top of the source; from the root that is any file. */
  char *was = getenv("SALLYPORT_SOURCE") ? strdup(getenv("SALLYPORT_SOURCE")) : NULL;
  setenv("SALLYPORT_SOURCE", top, 1);
  struct fx fx;
  mkdir(in("witnessed"), 0700);
  fx_new_dir(&fx, in("witnessed"), "witnessed.yaml");
  if (was)
    setenv("SALLYPORT_SOURCE", was, 1);
  else
    unsetenv("SALLYPORT_SOURCE");
  free(was);
  fx_sign(&fx);
  assert_int_equal(site_dir_checkpoint_read(fx.dir, &note, &why), SP_OK);
  assert_int_equal(checkpoint_open(&point, buf_span(&note), &fx.signer.public, NULL, 0, NULL, &why),
                   SP_OK);
  fx_end(&fx);
  struct checked c;
  verify(&c, in("witnessed"), NULL);
  assert_int_equal(c.err, SP_OK);
  assert_int_equal(c.result.cosigned, 0);
  done(&c);
  checkpoint_text(&point, &text);
  assert_int_equal(cosignature_sign(&witness, buf_span(&text), 1800000000, &note, &why), SP_OK);
  write_text(in("witnessed/checkpoint"), buf_span(&note));
  verify(&c, in("witnessed"), NULL);
  if (c.err)
    fail_msg("%s", c.why.text);
  assert_int_equal(c.result.cosigned, 1);
  done(&c);
  note.p[note.n - 20] = note.p[note.n - 20] == 'A' ? 'B' : 'A'; /* in its signature */
  write_text(in("witnessed/checkpoint"), buf_span(&note));
  expect("a cosignature", in("witnessed"), SP_CORRUPT, "cosignatures of the checkpoint");
  buf_free(&yaml);
  buf_free(&note);
  buf_free(&text);
}

/* While others write, one state is verified: entries, tiles, details and passages that come
 * meanwhile are not of it. */
struct busy {
  struct fx *fx;
  uint32_t steps;
};

static bool write_more(void *ctx, const char *what, uint64_t n, uint64_t total) {
  struct busy *b = ctx;
  (void)what, (void)n, (void)total;
  b->steps++;
  fx_day(b->fx, 20);
  fx_erase(b->fx, b->steps + 5);
  fx_snapshot(b->fx);
  fx_sign(b->fx);
  return true;
}

static void test_while_writing(void **state) {
  (void)state;
  struct fx fx;
  struct busy busy = {.fx = &fx};
  const struct progress progress = {write_more, &busy};
  const struct verify_options options = {.progress = &progress};
  mkdir(in("busy"), 0700);
  fx_new_dir(&fx, in("busy"), plan_file);
  fx_day(&fx, 20);
  fx_sign(&fx);
  for (int i = 0; i < 3; i++) {
    struct checked c;
    busy.steps = (uint32_t)i * 4;
    verify(&c, in("busy"), &options);
    if (c.err)
      fail_msg("%s", c.why.text);
    assert_true(busy.steps >= (uint32_t)i * 4 + 2);
    done(&c);
  }
  fx_end(&fx);
  expect_good(in("busy"));
}

/* Details that came back after their erasure. */
static void test_erasure(void **state) {
  (void)state;
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  uint64_t n = 0;
  for (uint32_t i = 0, persons = 0; i < log->n && !n; i++)
    if (memmem(log->entry[i].p, log->entry[i].n, "\"type\":\"person.added\"", 21) && persons++ == 3)
      n = i;
  char text[300], id[33] = {0};
  struct id person = fx_id(2, 3);
  hex_encode(id, person.b, sizeof person.b);
  snprintf(text, sizeof text,
           "INSERT INTO details_bodies VALUES(9999,zeroblob(40));"
           "INSERT INTO details VALUES(1,%llu,x'%s','person-added',9999)",
           (unsigned long long)n, id);
  sql(dir, text);
  snprintf(text, sizeof text, "details of entry %llu: they, or their opening",
           (unsigned long long)n);
  expect("invented details", dir, SP_CORRUPT, text);
  log_free(log);
  /* Bytes that no row leads to any more, and that are not gone. */
  dir = copy_site("site");
  sql(dir, "INSERT INTO details_bodies VALUES(9999,x'4142')");
  expect("kept bytes", dir, SP_CORRUPT, "holds bytes of details that are erased");
  dir = copy_site("site");
  sql(dir, "INSERT INTO details_bodies VALUES(9999,zeroblob(40))");
  expect_good(dir);
}

/* A disk that cannot be read is not called a damaged record, nor a whole one. */
static void test_failing_store(void **state) {
  (void)state;
  struct fx fx;
  struct store *s;
  struct fault why = {0};
  struct verify_result result;
  static const struct verify_options usual;
  assert_int_equal(store_memory_open(&s, &why), SP_OK);
  fx_new(&fx, s, plan_file);
  fx_day(&fx, 60);
  fx_snapshot(&fx);
  fx_sign(&fx);
  enum sp_err err = SP_IO;
  for (int for_good = 0; for_good < 2; for_good++)
    for (uint64_t n = 0;; n++) {
      struct report report;
      assert_int_equal(report_init(&report, &why), SP_OK);
      store_memory_fail(s, STORE_MEMORY_ANY, n, for_good);
      err = verify_store(s, &usual, &report, &result, &why);
      store_memory_fail(s, STORE_MEMORY_ANY, UINT64_MAX, false);
      report_free(&report);
      if (!err)
        break;
      if (err != SP_IO)
        fail_msg("call %llu: %s: %s", (unsigned long long)n, sp_err_name(err), why.text);
      assert_true(n < 10000);
    }
  fx_end(&fx);
}

/* Every request for memory in turn fails. */
static void test_no_memory(void **state) {
  (void)state;
  struct fault why = {0};
  enum sp_err err = SP_NO_MEMORY;
  for (uint64_t n = 0; err && n < 5000; n++) {
    struct report report;
    struct verify_result result;
    static const struct verify_options usual;
    sp_alloc_fail_after(n, true);
    err = report_init(&report, &why);
    if (!err)
      err = verify_dir(in("site"), &usual, &report, &result, &why);
    sp_alloc_fail_after(UINT64_MAX, false);
    if (err && err != SP_NO_MEMORY)
      fail_msg("%llu: %s: %s", (unsigned long long)n, sp_err_name(err), why.text);
    report_free(&report);
  }
  assert_int_equal(err, SP_OK);
}

/* --- replay --- */

static void replayed(const char *what, const char *dir, const char *text, uint64_t n) {
  struct report report;
  struct replay_result r;
  struct fault why = {0};
  assert_int_equal(report_init(&report, &why), SP_OK);
  enum sp_err err = replay_dir(dir, NULL, &report, &r, &why);
  if (!text) {
    if (err)
      fail_msg("%s: %s", what, why.text);
    assert_int_equal(r.differing, 0);
    assert_true(r.commands > 100 && r.entries > r.commands);
  } else {
    if (err != SP_CORRUPT || !strstr(why.text, text))
      fail_msg("%s: %s, \"%s\" does not tell of \"%s\"", what, sp_err_name(err), why.text, text);
    if (n)
      assert_int_equal(r.first_n, n);
  }
  replay_result_free(&r);
  report_free(&report);
}

static void test_replay(void **state) {
  (void)state;
  static const struct {
    const char *what, *type, *find, *put, *told;
  } edits[] = {
      {"a reason", "\"type\":\"passage.refused\"", "\"code\":\"no_access_level\"",
       "\"code\":\"outside_schedule\"", "no_access_level"},
      {"the way", "\"type\":\"passage.granted\"", "\"unlock_ms\":", "\"unlock_ms\":9", "unlock_ms"},
      {"who acted", "\"type\":\"level.granted\"", "\"by\":\"op:", "\"by\":\"op:", NULL},
      {"a door's cause", "\"type\":\"door.opened\"", "\"cause\":\"passage\"", "\"cause\":\"rex\"",
       "\"cause\":\"passage\""},
      {"what was asked", "\"command\":{\"level\":\"staff\"", "\"command\":{\"level\":\"staff\"",
       "\"command\":{\"level\":\"guard\"", "guard"},
  };
  replayed("as it is", in("site"), NULL, 0);
  for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
    const char *dir = copy_site("site");
    struct log *log = take_log(dir);
    uint32_t n = edit(log, edits[i].type, edits[i].find, edits[i].put);
    put_log(dir, log, log->n);
    replayed(edits[i].what, dir, edits[i].told, n);
    log_free(log);
  }
}

/* An entry of a command is left out: what follows is renumbered, so that only the decision tells.
 */
static void test_replay_left_out(void **state) {
  (void)state;
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  struct fault why = {0};
  uint32_t gone = 0;
  struct entry e;
  for (uint32_t i = 0; i < log->n && !gone; i++)
    if (memmem(log->entry[i].p, log->entry[i].n, "\"type\":\"passage.taken\"", 22))
      gone = i;
  assert_true(gone > 0);
  /* The rest would not follow: the person is not where they are. So the log ends there. */
  assert_int_equal(entry_parse(&e, buf_span(&log->entry[gone]), &why), SP_OK);
  assert_int_equal(e.cause, gone - 1);
  struct buf next = {0};
  assert_int_equal(entry_parse(&e, buf_span(&log->entry[gone + 1]), &why), SP_OK);
  e.n = gone;
  entry_encode(&next, &e);
  buf_free(&log->entry[gone]);
  log->entry[gone] = next;
  put_log(dir, log, gone + 1);
  replayed("an entry is left out", dir, "still gives", 0);
  put_log(dir, log, gone);
  replayed("and at the end", dir, "still gives", 0);
  log_free(log);
}

static void test_replay_state(void **state) {
  (void)state;
  const char *dir = copy_site("site");
  struct log *log = take_log(dir);
  for (int i = 0; i < 2; i++) /* in the command and in the event */
    edit(log, "\"type\":\"snapshot.taken\"", i ? "\"data\":{\"state\":\"" : "{\"state\":\"",
         i ? "\"data\":{\"state\":\"0" : "{\"state\":\"0");
  struct buf *b = NULL;
  for (uint32_t i = 0; i < log->n && !b; i++)
    if (memmem(log->entry[i].p, log->entry[i].n, "snapshot.taken", 14))
      b = &log->entry[i];
  /* 65 digits are too many: the last of each goes. */
  for (int i = 0; i < 2; i++) {
    uint8_t *p = memmem(b->p, b->n, "{\"state\":\"", 10);
    if (i)
      p = memmem(p + 10, b->n - (size_t)(p + 10 - b->p), "{\"state\":\"", 10);
    assert_non_null(p);
    uint8_t *last = p + 10 + 64;
    memmove(last, last + 1, (size_t)(b->p + b->n - last - 1));
    b->n--;
  }
  put_log(dir, log, log->n);
  replayed("a state's hash", dir, "the state made again has another hash", 0);
  log_free(log);
}

/* --- rebuild --- */

static enum sp_err rebuilt(const char *dir, struct rebuild_result *r, struct fault *why) {
  struct report report;
  assert_int_equal(report_init(&report, why), SP_OK);
  enum sp_err err = rebuild_dir(dir, NULL, &report, r, why);
  report_free(&report);
  return err;
}

static void test_rebuild(void **state) {
  (void)state;
  static const char *const damages[] = {
      "UPDATE passages SET gate='elsewhere' WHERE n % 5 = 0",
      "DELETE FROM passages",
      "DELETE FROM passages WHERE n=(SELECT max(n) FROM passages)",
      ("INSERT INTO passages SELECT site,n+1,at,person,gate,door,reader,outcome,reason FROM "
       "passages WHERE n=(SELECT min(n) FROM passages)"),
      ("UPDATE snapshot_chunks SET bytes=zeroblob(length(bytes)) WHERE n=(SELECT max(n) FROM "
       "snapshots)"),
      "UPDATE snapshots SET hash=zeroblob(32) WHERE n=(SELECT min(n) FROM snapshots)",
      "UPDATE snapshots SET hash=zeroblob(31) WHERE n=(SELECT max(n) FROM snapshots)",
      "UPDATE snapshots SET n=n+1 WHERE n=(SELECT max(n) FROM snapshots)",
      "DELETE FROM snapshot_chunks",
  };
  struct rebuild_result r;
  struct fault why = {0};
  const char *dir = copy_site("site");
  enum sp_err err = rebuilt(dir, &r, &why);
  if (err)
    fail_msg("%s", why.text);
  assert_int_equal(r.snapshots, 2);
  assert_false(r.snapshot_made);
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    dir = copy_site("site");
    sql(dir, damages[i]);
    assert_int_equal(rebuilt(dir, &r, &why), SP_CORRUPT);
    assert_true(r.passages_differing || r.snapshots_differing);
    if ((err = rebuilt(dir, &r, &why)))
      fail_msg("%s: rebuilt, and then: %s", damages[i], why.text);
    expect_good(dir);
  }
  /* The newest was never finished: no damage, and made. */
  dir = copy_site("site");
  sql(dir, "DELETE FROM snapshots WHERE n=(SELECT max(n) FROM snapshots)");
  assert_int_equal(rebuilt(dir, &r, &why), SP_OK);
  assert_true(r.snapshot_made);
  expect_good(dir);
}

/* Nothing is built upon a log that is not the signed one, nor while an engine has the site. */
static void test_rebuild_refused(void **state) {
  (void)state;
  struct rebuild_result r;
  struct fault why = {0};
  struct site_dir *lock;
  const char *dir = copy_site("site");
  sql(dir, "DELETE FROM passages");
  assert_int_equal(site_dir_open(&lock, dir, SITE_DIR_WRITE, &why), SP_OK);
  assert_int_equal(rebuilt(dir, &r, &why), SP_BUSY);
  site_dir_close(lock);
  struct log *log = take_log(dir);
  edit(log, "\"type\":\"person.added\"", "\"kind\":\"officer\"", "\"kind\":\"counsel\"");
  put_log(dir, log, log->n);
  assert_int_equal(rebuilt(dir, &r, &why), SP_FORK);
  log_free(log);
}

/* --- export --- */

static void test_export(void **state) {
  (void)state;
  struct export_result x;
  struct fault why = {0};
  struct note_key key;
  struct site_dir *site;
  struct checked c;
  const char *dir = in("site"), *out = in("public");
  assert_int_equal(site_dir_open(&site, dir, SITE_DIR_READ, &why), SP_OK);
  assert_int_equal(site_dir_vkey(site, &key, &why), SP_OK);
  site_dir_close(site);
  const struct verify_options options = {.key = &key};
  if (export_log(dir, out, NULL, &x, &why))
    fail_msg("%s", why.text);
  assert_int_equal(x.written, x.tiles + x.bundles);
  verify(&c, out, &options);
  if (c.err)
    fail_msg("%s", c.why.text);
  assert_true(c.result.files);
  assert_int_equal(c.result.entries, x.size);
  done(&c);
  verify(&c, out, NULL);
  assert_int_equal(c.err, SP_USAGE);
  done(&c);
  assert_int_equal(export_log(dir, out, NULL, &x, &why), SP_OK);
  assert_int_equal(x.written, 0);
  /* Each file damaged in turn. */
  static const struct {
    const char *file, *told;
  } files[] = {{"tile/0/001", "tile 0/1: its hash of entry 2"},
               {"tile/entries/001", "entry "},
               {"tile/1/000.p/3", "tile 1/0: hash "},
               {"checkpoint", "checkpoint: "}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    for (int gone = 0; gone < 2; gone++) {
      shell("rm -rf '%s' && cp -r '%s' '%s'", in("copy"), in("public"), in("copy"));
      if (gone)
        shell("rm '%s/%s'", in("copy"), files[i].file);
      else
        flip_file(files[i].file, 40, 0);
      verify(&c, in("copy"), &options);
      if (!c.err)
        fail_msg("%s %s: nothing is told", files[i].file, gone ? "gone" : "damaged");
      if (!gone && !told(&c, files[i].told))
        fail_msg("%s: \"%s\" does not tell of \"%s\"", files[i].file, c.why.text, files[i].told);
      done(&c);
    }
  }
  /* Another log's directory. */
  struct fx fx;
  mkdir(in("another"), 0700);
  fx_new_dir(&fx, in("another"), plan_file);
  fx_end(&fx);
  assert_int_equal(export_log(in("another"), in("public"), NULL, &x, &why), SP_FORK);
}

/* --- backup and restore --- */

static enum sp_err restored(const char *file, const char *dir,
                            const struct restore_options *options, struct restore_result *r,
                            struct fault *why) {
  static const struct restore_options usual;
  struct report report;
  assert_int_equal(report_init(&report, why), SP_OK);
  enum sp_err err = restore_make(file, dir, options ? options : &usual, &report, r, why);
  report_free(&report);
  return err;
}

static void test_backup(void **state) {
  (void)state;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  struct stat info;
  const char *file = in("site.backup"), *dir = in("restored");
  if (backup_make(in("site"), file, &b, &why))
    fail_msg("%s", why.text);
  assert_int_equal(stat(file, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(info.st_size, b.bytes);
  struct backup_result again;
  assert_int_equal(backup_make(in("site"), file, &again, &why), SP_EXISTS);
  if (restored(file, dir, NULL, &r, &why))
    fail_msg("%s", why.text);
  assert_true(r.signing_key_missing && r.site_key_missing && !r.forked);
  assert_int_equal(r.erasures, 1);
  assert_int_equal(r.verified.entries, b.entries);
  expect_good(dir);
  replayed("restored", dir, NULL, 0);
  assert_int_equal(restored(file, dir, NULL, &r, &why), SP_EXISTS);
  /* A damaged backup is not restored, and leaves nothing behind. */
  shell("cp '%s' '%s'", file, in("bad.backup"));
  sqlite3 *db;
  assert_int_equal(sqlite3_open(in("bad.backup"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "UPDATE tiles SET hashes=zeroblob(8192)", NULL, NULL, NULL), 0);
  sqlite3_close(db);
  assert_int_equal(restored(in("bad.backup"), in("r2"), NULL, &r, &why), SP_CORRUPT);
  assert_int_equal(access(in("r2"), F_OK), -1);
  shell("echo nothing > '%s'", in("no.backup"));
  assert_int_not_equal(restored(in("no.backup"), in("r2"), NULL, &r, &why), SP_OK);
  assert_int_equal(access(in("r2"), F_OK), -1);
}

/* More was signed than the backup has. */
static void test_restore_fork(void **state) {
  (void)state;
  struct fx fx;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  mkdir(in("live"), 0700);
  fx_new_dir(&fx, in("live"), plan_file);
  fx_day(&fx, 10);
  fx_sign(&fx);
  assert_int_equal(backup_make(in("live"), in("early.backup"), &b, &why), SP_OK);
  fx_day(&fx, 10);
  fx_sign(&fx);
  struct buf note = {0};
  assert_int_equal(site_dir_checkpoint_read(fx.dir, &note, &why), SP_OK);
  uint64_t size = core_next_entry(fx.fold.core);
  fx_end(&fx);
  /* The database is lost; the directory with its checkpoint is not. */
  shell("rm '%s'/site.db*", in("live"));
  assert_int_equal(restored(in("early.backup"), in("live"), NULL, &r, &why), SP_FORK);
  char text[60];
  snprintf(text, sizeof text, "signs %llu entries, and the backup has %llu",
           (unsigned long long)size, (unsigned long long)b.entries);
  assert_non_null(strstr(why.text, text));
  assert_int_equal(access(in("live/site.db"), F_OK), -1);
  assert_int_equal(access(in("live/checkpoint.abandoned"), F_OK), -1);
  /* The same by a copy of the checkpoint alone. */
  const struct restore_options given = {.checkpoint = buf_span(&note)};
  assert_int_equal(restored(in("early.backup"), in("r3"), &given, &r, &why), SP_FORK);
  assert_int_equal(access(in("r3"), F_OK), -1);
  const struct restore_options accepted = {.accept_fork = true};
  if (restored(in("early.backup"), in("live"), &accepted, &r, &why))
    fail_msg("%s", why.text);
  assert_true(r.forked);
  assert_int_equal(r.signed_size, size);
  assert_int_equal(access(in("live/checkpoint.abandoned"), F_OK), 0);
  expect_good(in("live"));
  buf_free(&note);
}

/* A backup from before an erasure that its journal has: as if an old copy of the rows came back. */
static void test_restore_erases(void **state) {
  (void)state;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  struct fx fx;
  mkdir(in("erasing"), 0700);
  fx_new_dir(&fx, in("erasing"), plan_file);
  fx_person(&fx, PERSON_STAFF, "staff");
  fx_commit(&fx);
  sql(in("erasing"), "CREATE TABLE kept AS SELECT * FROM details;"
                     "CREATE TABLE kept_bodies AS SELECT * FROM details_bodies");
  fx_erase(&fx, 0);
  fx_sign(&fx);
  fx_end(&fx);
  sql(in("erasing"), "INSERT OR IGNORE INTO details SELECT * FROM kept; DROP TABLE kept;"
                     "INSERT OR REPLACE INTO details_bodies SELECT * FROM kept_bodies;"
                     "DROP TABLE kept_bodies");
  expect("details came back", in("erasing"), SP_CORRUPT, "their erasure is journaled");
  assert_int_equal(backup_make(in("erasing"), in("erasing.backup"), &b, &why), SP_OK);
  if (restored(in("erasing.backup"), in("erased"), NULL, &r, &why))
    fail_msg("%s", why.text);
  assert_int_equal(r.erasures, 1);
  expect_good(in("erased"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),
      cmocka_unit_test(test_bits),
      cmocka_unit_test(test_any_bit),
      cmocka_unit_test(test_deleted),
      cmocka_unit_test(test_edited),
      cmocka_unit_test(test_reordered),
      cmocka_unit_test(test_cut_off),
      cmocka_unit_test(test_rollback),
      cmocka_unit_test(test_split_view),
      cmocka_unit_test(test_other_key),
      cmocka_unit_test(test_cosigned),
      cmocka_unit_test(test_while_writing),
      cmocka_unit_test(test_erasure),
      cmocka_unit_test(test_failing_store),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_replay),
      cmocka_unit_test(test_replay_left_out),
      cmocka_unit_test(test_replay_state),
      cmocka_unit_test(test_rebuild),
      cmocka_unit_test(test_rebuild_refused),
      cmocka_unit_test(test_export),
      cmocka_unit_test(test_backup),
      cmocka_unit_test(test_restore_fork),
      cmocka_unit_test(test_restore_erases),
  };
  return cmocka_run_group_tests(tests, make_site, remove_all);
}
