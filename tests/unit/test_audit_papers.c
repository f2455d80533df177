/* Papers and photos are damaged in every way there is, by hand, and each damage is found and named;
 * a backup has them all, and none that was erased. */
#include "journal_fixture.h"

#include "audit/backup.h"
#include "audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static char top[64]; /* a directory of this run's own */

static const char *in(const char *name) {
  static char paths[8][200];
  static int at;
  char *p = paths[at++ % 8];
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

static const char *copy_site(void) {
  shell("rm -rf '%s' && cp -r '%s' '%s'", in("copy"), in("site"), in("copy"));
  return in("copy");
}

/* SQL, as someone with a shell would use it. */
static void sql(const char *dir, const char *text) {
  char path[300], *said = NULL;
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/site.db", dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  if (sqlite3_exec(db, text, NULL, NULL, &said))
    fail_msg("%s: %s", text, said);
  if (strncmp(text, "UPDATE", 6) == 0 || strncmp(text, "DELETE", 6) == 0)
    assert_true(sqlite3_changes(db) > 0);
  sqlite3_close(db);
}

/* --- The site: papers of two persons, of a law, and of one who is erased --- */

enum { DINA, EMIL, GONE };
static uint64_t order_of_dina, order_of_emil, order_of_law, order_of_gone, photo_of_dina,
    photo_of_emil, photo_of_gone, later_photo;

static const char both[] = "%PDF an order that names DINA and EMIL";

/* As it was before the erasure, to be put back by whoever kept it. */
static const char keep_all[] =
    "CREATE TABLE kept AS SELECT * FROM papers; CREATE TABLE kept_bodies AS SELECT * FROM "
    "details_bodies";
static const char put_back[] =
    "INSERT OR IGNORE INTO papers SELECT * FROM kept WHERE n NOT IN (SELECT n FROM papers);"
    "INSERT OR REPLACE INTO details_bodies SELECT * FROM kept_bodies WHERE id IN (SELECT body FROM "
    "kept)";

static int make_site(void **state) {
  (void)state;
  struct fx fx;
  snprintf(top, sizeof top, "/tmp/sallyport-papers-XXXXXX");
  assert_non_null(mkdtemp(top));
  mkdir(in("site"), 0700);
  fx_new_dir(&fx, in("site"), "tests/system/small.yaml");
  for (int i = 0; i < 3; i++)
    fx_person(&fx, PERSON_DETAINEE, NULL);
  order_of_dina = fx_order(&fx, DINA, both);
  order_of_emil = fx_order(&fx, EMIL, both);
  order_of_law = fx_order(&fx, REF_ABSENT, "%PDF of a law");
  order_of_gone = fx_order(&fx, GONE, "%PDF COMMITMENT-OF-GONE");
  photo_of_dina = fx_photo(&fx, DINA, "\xff\xd8\xff PHOTO-OF-DINA");
  photo_of_emil = fx_photo(&fx, EMIL, "\xff\xd8\xff PHOTO-OF-EMIL");
  photo_of_gone = fx_photo(&fx, GONE, "\xff\xd8\xff PHOTO-OF-GONE");
  fx_commit(&fx);
  sql(in("site"), keep_all);
  fx_erase(&fx, GONE);
  fx_commit(&fx);
  later_photo = fx_photo(&fx, GONE, "\xff\xd8\xff LATER-PHOTO");
  fx_sign(&fx);
  fx_end(&fx);
  /* What was kept lies elsewhere: a table beside it is none of the site's. */
  shell("cp '%s/site.db' '%s'", in("site"), in("kept.db"));
  sql(in("site"), "DROP TABLE kept");
  sql(in("site"), "DROP TABLE kept_bodies");
  return 0;
}

static int remove_all(void **state) {
  (void)state;
  shell("rm -rf '%s'", top);
  return 0;
}

static void put_back_erased(const char *dir) {
  char text[900];
  snprintf(text, sizeof text,
           "ATTACH '%s' AS k; CREATE TEMP TABLE kept AS SELECT * FROM k.kept; CREATE TEMP TABLE "
           "kept_bodies AS SELECT * FROM k.kept_bodies; %s",
           in("kept.db"), put_back);
  sql(dir, text);
}

/* --- Verifying --- */

struct checked {
  enum sp_err err;
  struct report report;
  struct verify_result result;
  struct fault why;
};

static void verify(struct checked *c, const char *dir) {
  static const struct verify_options usual;
  memset(c, 0, sizeof *c);
  assert_int_equal(report_init(&c->report, &c->why), SP_OK);
  c->err = verify_dir(dir, &usual, &c->report, &c->result, &c->why);
}

static uint32_t told(const struct checked *c, const char *text) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < c->report.kept; i++)
    found += strstr(c->report.at[i].text, text) != NULL;
  return found;
}

static void expect(const char *what, const char *dir, const char *text, uint32_t times) {
  struct checked c;
  verify(&c, dir);
  if (c.err != SP_CORRUPT || told(&c, text) != times) {
    for (uint32_t i = 0; i < c.report.kept && i < 10; i++)
      print_error("  %s\n", c.report.at[i].text);
    fail_msg("%s: %s: \"%s\" was expected %u times", what, sp_err_name(c.err), text, times);
  }
  report_free(&c.report);
}

static void expect_all_there(const char *dir) {
  struct checked c;
  verify(&c, dir);
  if (c.err)
    fail_msg("%s: %s", dir, c.why.text);
  assert_int_equal(c.result.papers, 6);
  assert_int_equal(c.result.papers_erased, 1); /* nobody knows any more that there was a photo */
  report_free(&c.report);
}

static bool file_holds(const char *path, const char *mark) {
  struct buf all = {0};
  FILE *f = fopen(path, "rb");
  if (!f)
    return false;
  for (size_t got = 1; got;) {
    assert_true(buf_reserve(&all, 1 << 16));
    got = fread(all.p + all.n, 1, 1 << 16, f);
    all.n += got;
  }
  fclose(f);
  bool found = memmem(all.p, all.n, mark, strlen(mark)) != NULL;
  buf_free(&all);
  return found;
}

static bool dir_holds(const char *dir, const char *mark) {
  static const char *const files[] = {"site.db", "site.db-wal", "checkpoint"};
  bool found = false;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    found |= file_holds(path, mark);
  }
  return found;
}

/* --- Damage --- */

#define BODY(n) "(SELECT body FROM papers WHERE n=" n ")"

/* %A, %B …: the entry of a paper, as in `marks`. */
struct damage {
  const char *what, *sql, *about, *told;
};

static const struct damage damages[] = {
    {"wrong bytes",
     "UPDATE details_bodies SET bytes=CAST('an order of me' AS BLOB) WHERE id=" BODY("%A"), "%A",
     "its bytes have another hash"},
    {"no bytes", "UPDATE details_bodies SET bytes=x'' WHERE id=" BODY("%A"), "%A",
     "its bytes have another hash"},
    {"zeros, as if it were erased",
     "UPDATE details_bodies SET bytes=zeroblob(length(bytes)) WHERE id=" BODY("%A"), "%A",
     "its bytes have another hash"},
    {"wrong bytes of a photo",
     "UPDATE details_bodies SET bytes=CAST('another face' AS BLOB) WHERE id=" BODY("%P"), "%P",
     "its bytes have another hash"},
    {"another hash", "UPDATE papers SET hash=zeroblob(32) WHERE n=%A", "%A",
     "its bytes have another hash"},
    {"another paper, with its own hash",
     "UPDATE papers SET (hash,body)=(SELECT hash,body FROM papers WHERE n=%L) WHERE n=%A", "%A",
     "the entry names another"},
    {"another's photo, with its own hash",
     "UPDATE papers SET (hash,body)=(SELECT hash,body FROM papers WHERE n=%Q) WHERE n=%P", "%P",
     "the entry names another"},
    {"given to another subject",
     "UPDATE papers SET subject=(SELECT subject FROM papers WHERE n=%B) WHERE n=%A", "%A",
     "the row names another person"},
    {"nobody's, and now somebody's",
     "UPDATE papers SET subject=(SELECT subject FROM papers WHERE n=%B) WHERE n=%L", "%L",
     "the row names another person"},
    {"somebody's, and now nobody's: no erasure would find it",
     "UPDATE papers SET subject=zeroblob(16) WHERE n=%A", "%A", "the row names another person"},
    {"a photo of another",
     "UPDATE papers SET subject=(SELECT subject FROM papers WHERE n=%Q) WHERE n=%P", "%P",
     "the row names another person"},
    {"a subject that is none", "UPDATE papers SET subject=x'00' WHERE n=%A", "%A", "is damaged"},
    {"gone", "DELETE FROM papers WHERE n=%A", "%A", "missing, and no erasure is journaled"},
    {"gone, of nobody", "DELETE FROM papers WHERE n=%L", "%L",
     "missing, and no erasure is journaled"},
    {"a photo gone", "DELETE FROM papers WHERE n=%P", "%P", "missing, and no erasure is journaled"},
    {"a photo gone that came after the erasure", "DELETE FROM papers WHERE n=%R", "%R",
     "missing, and no erasure is journaled"},
    {"of another site", "UPDATE papers SET site=site+1 WHERE n=%A", "%A",
     "missing, and no erasure is journaled"},
    {"of another entry", "UPDATE papers SET n=2 WHERE n=%A", "2", "the entry names none"},
    {"of no entry yet", "UPDATE papers SET n=9999 WHERE n=%A", "9999", "the entry names none"},
    {"a paper that never was",
     "INSERT INTO papers SELECT site,1,subject,hash,body FROM papers WHERE n=%A", "1",
     "the entry names none"},
    {"details gone that named a photo", "DELETE FROM details WHERE n=%P", "%P",
     "missing, and no erasure is journaled"},
};

static struct buf filled(const char *text) {
  const struct {
    char mark;
    uint64_t n;
  } marks[] = {{'A', order_of_dina}, {'B', order_of_emil}, {'L', order_of_law},
               {'P', photo_of_dina}, {'Q', photo_of_emil}, {'R', later_photo}};
  struct buf b = {0};
  for (const char *p = text; *p; p++) {
    bool found = false;
    for (size_t i = 0; *p == '%' && i < sizeof marks / sizeof marks[0]; i++)
      if (p[1] == marks[i].mark) {
        buf_printf(&b, "%llu", (unsigned long long)marks[i].n);
        found = true;
      }
    if (found)
      p++;
    else
      buf_put(&b, p, 1);
  }
  return b;
}

static void every_damage_is_told(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    const struct damage *d = &damages[i];
    const char *dir = copy_site();
    struct buf text = filled(d->sql), about = filled(d->about);
    char line[200];
    sql(dir, buf_cstr(&text));
    snprintf(line, sizeof line, "of entry %s: %s", buf_cstr(&about), d->told);
    if (strcmp(d->told, "is damaged") == 0)
      snprintf(line, sizeof line, "the paper of entry %s is damaged", buf_cstr(&about));
    expect(d->what, dir, line, 1);
    buf_free(&text);
    buf_free(&about);
  }
}

/* Rows that whoever kept them puts back, or bytes that no row leads to any more. */
static void what_is_still_there_after_its_erasure(void **state) {
  (void)state;
  char text[120];
  const char *dir = copy_site();
  put_back_erased(dir);
  snprintf(text, sizeof text, "paper of entry %llu: its erasure is journaled, and it is still here",
           (unsigned long long)order_of_gone);
  expect("a paper came back", dir, text, 1);
  snprintf(text, sizeof text, "paper of entry %llu: its erasure is journaled, and it is still here",
           (unsigned long long)photo_of_gone);
  expect("a photo came back", dir, text, 1);
  sql(dir, "DELETE FROM papers WHERE subject=(SELECT subject FROM papers ORDER BY n DESC LIMIT 1) "
           "AND n<(SELECT max(n) FROM papers)");
  expect("its bytes came back", dir, "holds bytes of details that are erased", 1);
}

/* --- Backup and restore --- */

static enum sp_err restored(const char *file, const char *dir, struct restore_result *r,
                            struct fault *why) {
  static const struct restore_options usual;
  struct report report;
  assert_int_equal(report_init(&report, why), SP_OK);
  enum sp_err err = restore_make(file, dir, &usual, &report, r, why);
  report_free(&report);
  return err;
}

static void paper_is(const char *dir, uint64_t n, const char *text) {
  char query[200], path[300];
  sqlite3 *db;
  sqlite3_stmt *st;
  snprintf(path, sizeof path, "%s/site.db", dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  snprintf(query, sizeof query, "SELECT bytes FROM details_bodies WHERE id=" BODY("%llu"),
           (unsigned long long)n);
  assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
  if (!text) {
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
  } else {
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(st, 0), strlen(text));
    assert_memory_equal(sqlite3_column_blob(st, 0), text, strlen(text));
  }
  sqlite3_finalize(st);
  sqlite3_close(db);
}

static void expect_papers(const char *dir) {
  expect_all_there(dir);
  paper_is(dir, order_of_dina, both);
  paper_is(dir, order_of_emil, both);
  paper_is(dir, order_of_law, "%PDF of a law");
  paper_is(dir, photo_of_dina, "\xff\xd8\xff PHOTO-OF-DINA");
  paper_is(dir, later_photo, "\xff\xd8\xff LATER-PHOTO");
  paper_is(dir, order_of_gone, NULL);
  paper_is(dir, photo_of_gone, NULL);
  assert_true(dir_holds(dir, "PHOTO-OF-DINA") && dir_holds(dir, "LATER-PHOTO"));
  assert_false(dir_holds(dir, "PHOTO-OF-GONE") || dir_holds(dir, "COMMITMENT-OF-GONE"));
}

static void as_it_is(void **state) {
  (void)state;
  sql(in("site"), "PRAGMA wal_checkpoint(TRUNCATE)");
  sql(in("site"), "VACUUM"); /* the tables that make_site kept beside it */
  expect_papers(in("site"));
}

static void a_backup_has_them(void **state) {
  (void)state;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  if (backup_make(in("site"), in("site.backup"), &b, &why))
    fail_msg("%s", why.text);
  assert_true(file_holds(in("site.backup"), "PHOTO-OF-EMIL"));
  assert_false(file_holds(in("site.backup"), "PHOTO-OF-GONE"));
  if (restored(in("site.backup"), in("restored"), &r, &why))
    fail_msg("%s", why.text);
  assert_int_equal(r.verified.papers, 6);
  expect_papers(in("restored"));
}

/* A backup of a site where they came back: they go again, and nothing of them is left. */
static void a_restore_erases_again(void **state) {
  (void)state;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  const char *dir = copy_site();
  put_back_erased(dir);
  if (backup_make(dir, in("back.backup"), &b, &why))
    fail_msg("%s", why.text);
  assert_true(file_holds(in("back.backup"), "PHOTO-OF-GONE"));
  if (restored(in("back.backup"), in("again"), &r, &why))
    fail_msg("%s", why.text);
  expect_papers(in("again"));
}

/* A backup whose paper is another than its entry names is not restored, and leaves nothing behind.
 */
static void a_damaged_backup_is_not_restored(void **state) {
  (void)state;
  struct backup_result b;
  struct restore_result r;
  struct fault why = {0};
  const char *dir = copy_site();
  struct buf text = filled(damages[0].sql);
  sql(dir, buf_cstr(&text));
  buf_free(&text);
  if (backup_make(dir, in("bad.backup"), &b, &why))
    fail_msg("%s", why.text);
  assert_int_equal(restored(in("bad.backup"), in("bad"), &r, &why), SP_CORRUPT);
  assert_int_equal(access(in("bad"), F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_it_is),
      cmocka_unit_test(every_damage_is_told),
      cmocka_unit_test(what_is_still_there_after_its_erasure),
      cmocka_unit_test(a_backup_has_them),
      cmocka_unit_test(a_restore_erases_again),
      cmocka_unit_test(a_damaged_backup_is_not_restored),
  };
  return cmocka_run_group_tests_name("papers and photos in the record", tests, make_site,
                                     remove_all);
}
