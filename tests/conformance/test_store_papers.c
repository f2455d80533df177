/* Papers and photos: kept with their entry, of one subject, gone with its erasure and nowhere left.
 */
#include "store_fixture.h"

#include <sqlite3.h>

static struct store_paper paper(uint64_t n, uint32_t subject, uint8_t hash, struct span bytes) {
  struct store_paper p = {.n = n, .hash = {{hash}}, .bytes = bytes};
  if (subject)
    p.subject = id_of(subject);
  return p;
}

static void put(struct store *s, const struct store_paper *papers, uint32_t n) {
  struct fault why = {0};
  struct store_batch b = {.papers = papers, .n_papers = n};
  ok(store_commit(s, &b, &why), &why);
}

static void erase(struct store *s, uint32_t subject, uint64_t before) {
  struct fault why = {0};
  struct id who = id_of(subject);
  struct store_batch b = {.erased = &who, .erased_before = &before, .n_erased = 1};
  ok(store_commit(s, &b, &why), &why);
  ok(store_scrub(s, &why), &why);
}

/* Which entries' papers are there, as the digits of a number. */
static enum sp_err keep_n(void *ctx, const struct store_paper *p) {
  *(uint64_t *)ctx = *(uint64_t *)ctx * 10 + p->n;
  return SP_OK;
}

static uint64_t there(struct store *s) {
  struct fault why = {0};
  uint64_t seen = 0;
  ok(store_papers(s, keep_n, &seen, &why), &why);
  return seen;
}

static bool is_there(struct store *s, uint8_t hash, const char *text) {
  struct fault why = {0};
  struct buf out = {0};
  enum sp_err err = store_paper(s, &(struct hash){{hash}}, &out, &why);
  if (!err)
    assert_true(span_is(buf_span(&out), text));
  else
    assert_int_equal(err, SP_NOT_FOUND);
  buf_free(&out);
  return !err;
}

static void kept_and_erased_by_subject(void **state) {
  struct place *p = *state;
  const struct store_paper papers[] = {
      paper(1, 1, 11, SPAN_LIT("of one")),
      paper(2, 2, 12, SPAN_LIT("of another")),
      paper(3, 0, 13, SPAN_LIT("of nobody")),
      paper(4, 1, 14, SPAN_LIT("one more")),
  };
  put(p->s, papers, 4);
  reopen(p);
  assert_int_equal(there(p->s), 1234);
  assert_true(is_there(p->s, 11, "of one") && is_there(p->s, 13, "of nobody"));
  assert_false(is_there(p->s, 15, ""));
  erase(p->s, 1, 4); /* what came with entry 4 came after it */
  reopen(p);
  assert_int_equal(there(p->s), 234);
  assert_false(is_there(p->s, 11, ""));
  assert_true(is_there(p->s, 14, "one more"));
  erase(p->s, 1, UINT64_MAX);
  assert_int_equal(there(p->s), 23);
}

/* The same paper of two: each has its own. */
static void the_same_bytes_of_two(void **state) {
  struct place *p = *state;
  const struct store_paper papers[] = {paper(1, 1, 11, SPAN_LIT("the order names both")),
                                       paper(2, 2, 11, SPAN_LIT("the order names both"))};
  put(p->s, papers, 2);
  erase(p->s, 1, UINT64_MAX);
  assert_true(is_there(p->s, 11, "the order names both"));
  erase(p->s, 2, UINT64_MAX);
  assert_false(is_there(p->s, 11, ""));
  assert_int_equal(there(p->s), 0);
}

static void one_of_an_entry(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  const struct store_paper first = paper(1, 1, 11, SPAN_LIT("a"));
  put(p->s, &first, 1);
  struct store_batch b = {.papers = &first, .n_papers = 1};
  assert_int_equal(store_commit(p->s, &b, &why), SP_CORRUPT);
  assert_int_equal(there(p->s), 1);
}

/* What comes in the batch of an erasure, after it, stays; what came before it goes. */
static void in_the_batch_of_an_erasure(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  const struct store_paper papers[] = {paper(1, 1, 11, SPAN_LIT("a")),
                                       paper(3, 1, 13, SPAN_LIT("b"))};
  const struct store_details d[] = {
      {.n = 1, .subject = id_of(1), .type = {"a"}, .json = SPAN_LIT("{}")},
      {.n = 3, .subject = id_of(1), .type = {"a"}, .json = SPAN_LIT("{}")}};
  struct id who = id_of(1);
  uint64_t before = 2;
  struct store_batch b = {.papers = papers,
                          .n_papers = 2,
                          .details = d,
                          .n_details = 2,
                          .erased = &who,
                          .erased_before = &before,
                          .n_erased = 1};
  ok(store_commit(p->s, &b, &why), &why);
  assert_int_equal(there(p->s), 3);
  struct buf out = {0};
  assert_int_equal(store_paper(p->s, &(struct hash){{11}}, &out, &why), SP_NOT_FOUND);
  buf_free(&out);
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

/* A long one: its pages are chained, and every one of them is wiped. */
static void nothing_is_left_in_the_files(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  const size_t size = 3 << 20;
  char *text = malloc(size), wal[sizeof p->path + 8];
  for (size_t at = 0; at + 8 <= size; at += 8)
    memcpy(text + at, "PHOTO-7!", 8);
  const struct store_paper papers[] = {paper(1, 1, 11, span_of(text, size)),
                                       paper(2, 2, 12, SPAN_LIT("STAYS"))};
  put(p->s, papers, 2);
  snprintf(wal, sizeof wal, "%s-wal", p->path);
  assert_true(file_holds(p->path, "PHOTO-7!") || file_holds(wal, "PHOTO-7!"));
  ok(store_integrity(p->s, &why), &why);
  erase(p->s, 1, UINT64_MAX);
  assert_false(file_holds(p->path, "PHOTO-7!"));
  assert_false(file_holds(wal, "PHOTO-7!"));
  assert_true(file_holds(p->path, "STAYS"));
  ok(store_integrity(p->s, &why), &why);
  free(text);
}

/* A database of schema 1: read as it is, brought up to date by whoever writes. */
static void an_older_database(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  sqlite3 *db;
  ok(commit_some(p->s, 0, 5, &why), &why);
  store_close(p->s);
  assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "DROP TABLE papers; PRAGMA user_version=1;", NULL, NULL, NULL),
                   SQLITE_OK);
  sqlite3_close(db);
  uint64_t n;
  ok(store_sqlite_open(p->path, NULL, STORE_READ, &p->s, &why), &why);
  assert_int_equal(there(p->s), 0);
  ok(store_count(p->s, &n, &why), &why);
  assert_int_equal(n, 5);
  store_close(p->s);
  ok(store_sqlite_open(p->path, NULL, STORE_WRITE, &p->s, &why), &why);
  const struct store_paper one = paper(6, 1, 11, SPAN_LIT("a"));
  put(p->s, &one, 1);
  reopen(p);
  assert_int_equal(there(p->s), 6);
  ok(store_integrity(p->s, &why), &why);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON(file, kept_and_erased_by_subject),
      ON(memory, kept_and_erased_by_subject),
      ON(file, the_same_bytes_of_two),
      ON(memory, the_same_bytes_of_two),
      ON(file, one_of_an_entry),
      ON(memory, one_of_an_entry),
      ON(file, in_the_batch_of_an_erasure),
      ON(memory, in_the_batch_of_an_erasure),
      ON(file, nothing_is_left_in_the_files),
      ON(file, an_older_database),
  };
  return cmocka_run_group_tests_name("papers in the store", tests, NULL, NULL);
}
