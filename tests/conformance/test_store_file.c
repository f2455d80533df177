/* What only a file can suffer: erasure, readers, damage, backups, a killed writer. */
#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

static void named(char out[120], const struct place *p, const char *end) {
  snprintf(out, 120, "%s%s", p->path, end);
}

static bool holds(const char *path, const char *mark) {
  struct stat info;
  int fd = open(path, O_RDONLY);
  if (fd < 0)
    return false;
  assert_int_equal(fstat(fd, &info), 0);
  char *bytes = malloc((size_t)info.st_size + 1);
  assert_int_equal(read(fd, bytes, (size_t)info.st_size), info.st_size);
  bool found = memmem(bytes, (size_t)info.st_size, mark, strlen(mark)) != NULL;
  free(bytes);
  close(fd);
  return found;
}

/* --- Erasure --- */

enum { erased_rows = 1500 };

/* Details of many lengths, each full of a mark of its own kind, ten in a commit. */
static void put_details(struct store *s, uint64_t first, uint32_t n, size_t longest,
                        struct id *erase, uint32_t *n_erase) {
  enum { together = 10 };
  struct fault why = {0};
  struct store_details d[together];
  char *text = malloc((longest + 64) * together);
  for (uint64_t k = first; k < first + n; k++) {
    bool goes = k % 2 == 0;
    size_t len = 0, wanted = (k * 7919) % longest;
    char *at = text + (longest + 64) * (k % together);
    do
      len += (size_t)sprintf(at + len, "%s%04u", goes ? "ERASED" : "stays-", (unsigned)k);
    while (len < wanted);
    d[k % together] = (struct store_details){.n = k,
                                             .subject = id_of((uint32_t)k),
                                             .type = {"person-added"},
                                             .opening = {{1}},
                                             .json = span_of(at, len)};
    if (goes)
      erase[(*n_erase)++] = d[k % together].subject;
    struct store_batch b = {.details = d, .n_details = together};
    if (k % together == together - 1)
      ok(store_commit(s, &b, &why), &why);
  }
  free(text);
}

static enum sp_err count_left(void *ctx, const struct store_details *d) {
  assert_memory_equal(d->json.p, "stays-", 6);
  ++*(uint32_t *)ctx;
  return SP_OK;
}

/* SQLite moves rows about and leaves old bytes behind them: none of that may be left. */
static void erased_details_are_nowhere(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  const size_t longest[] = {60, 200, 600, 1500, 9000};
  struct id *erase = calloc(erased_rows * 5, sizeof *erase);
  uint32_t n_erase = 0, left = 0;
  for (uint32_t i = 0; i < 5; i++)
    put_details(p->s, (uint64_t)i * erased_rows, erased_rows, longest[i], erase, &n_erase);
  char wal[120];
  named(wal, p, "-wal");
  assert_true(holds(p->path, "ERASED") || holds(wal, "ERASED"));
  for (uint32_t i = 0; i < n_erase; i++) { /* here and there: pages run empty and are joined */
    struct store_batch b = {.erased = &erase[(uint64_t)i * 1009 % n_erase], .n_erased = 1};
    ok(store_commit(p->s, &b, &why), &why);
  }
  ok(store_scrub(p->s, &why), &why);
  assert_false(holds(p->path, "ERASED"));
  assert_false(holds(wal, "ERASED"));
  ok(store_details(p->s, NULL, count_left, &left, &why), &why);
  assert_int_equal(left, erased_rows * 5 - n_erase);
  ok(store_integrity(p->s, &why), &why);
  char copy[120];
  named(copy, p, ".copy");
  ok(store_backup(p->s, copy, &why), &why);
  assert_false(holds(copy, "ERASED"));
  free(erase);
}

/* --- Readers --- */

struct pinned {
  struct store *writer;
  const char *path;
  uint64_t seen, first;
};

/* While the first entry is read, much is written and moved into the database. */
static enum sp_err write_meanwhile(void *ctx, uint64_t n, struct span entry) {
  struct pinned *r = ctx;
  struct fault why = {0};
  (void)entry;
  assert_int_equal(n, r->seen++);
  if (n > 0)
    return SP_OK;
  for (uint64_t i = 0; i < 40; i++) {
    ok(commit_some(r->writer, r->first + i * 500, 500, &why), &why);
    ok(store_maintain(r->writer, &why), &why);
  }
  assert_int_equal(store_scrub(r->writer, &why), SP_BUSY); /* the old state is still read */
  assert_true(why.text[0]);
  return SP_OK;
}

static void a_reader_keeps_its_state(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  ok(commit_some(p->s, 0, 100, &why), &why);
  struct pinned r = {.writer = p->s, .path = p->path, .first = 100};
  struct store *reader = open_at(p->path, STORE_READ);
  ok(store_entries(reader, 0, UINT64_MAX, write_meanwhile, &r, &why), &why);
  assert_int_equal(r.seen, 100);
  uint64_t n;
  ok(store_count(reader, &n, &why), &why);
  assert_int_equal(n, 100 + 40 * 500);
  ok(store_scrub(p->s, &why), &why); /* now it can */
  store_close(reader);
}

/* --- Backup --- */

static enum sp_err write_between(void *ctx, uint64_t done, uint64_t all) {
  struct pinned *r = ctx;
  struct fault why = {0};
  assert_true(done <= all);
  ok(commit_some(r->writer, r->first, 100, &why), &why);
  ok(store_maintain(r->writer, &why), &why);
  r->first += 100;
  r->seen++;
  return SP_OK;
}

static enum sp_err stop_it(void *ctx, uint64_t done, uint64_t all) {
  (void)ctx, (void)done, (void)all;
  return SP_UNAVAILABLE;
}

static void fill(struct store *s) {
  struct fault why = {0};
  struct buf big = {0};
  uint8_t piece[1 << 16] = {7};
  for (int i = 0; i < 300; i++)
    buf_put(&big, piece, sizeof piece);
  struct store_blob blob = {{{9}}, buf_span(&big)};
  struct store_batch b = {.blobs = &blob, .n_blobs = 1};
  ok(store_commit(s, &b, &why), &why);
  buf_free(&big);
}

/* As nobody in a directory where nothing can be written. Root can write anywhere, so not as root.
 */
static enum sp_err open_as_nobody(const struct place *p, const char *path, enum store_mode mode) {
  assert_int_equal(chmod(p->dir, 0555), 0);
  assert_int_equal(chmod(path, 0444), 0);
  pid_t child = fork();
  if (child == 0) {
    struct fault why = {0};
    struct store *s = NULL;
    uint64_t n;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
      _exit(99);
    enum sp_err err = store_sqlite_open(path, NULL, mode, &s, &why);
    if (!err)
      err = store_count(s, &n, &why);
    _exit(err && !why.text[0] ? 98 : (int)err);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(chmod(p->dir, 0755), 0);
  assert_int_equal(chmod(path, 0644), 0);
  assert_true(WIFEXITED(status));
  return (enum sp_err)WEXITSTATUS(status);
}

static void a_backup_is_one_state_and_one_file(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  char copy[120], part[120], wal[120];
  named(copy, p, ".copy");
  named(part, p, ".copy.part");
  named(wal, p, ".copy-wal");
  ok(commit_some(p->s, 0, 500, &why), &why);
  fill(p->s);
  struct pinned r = {.writer = p->s, .first = 500};
  struct store *reader = open_at(p->path, STORE_READ);
  assert_int_equal(store_backup_told(reader, copy, stop_it, NULL, &why), SP_UNAVAILABLE);
  assert_int_not_equal(access(copy, F_OK), 0);
  assert_int_not_equal(access(part, F_OK), 0);
  ok(store_backup_told(reader, copy, write_between, &r, &why), &why);
  assert_true(r.seen > 2);
  assert_int_equal(store_backup(reader, copy, &why), SP_EXISTS);
  assert_int_equal(store_backup(reader, "/nowhere/copy", &why), SP_IO);
  store_close(reader);
  struct stat info;
  assert_int_equal(stat(copy, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(open_as_nobody(p, copy, STORE_READ), SP_OK);
  struct store *s = open_at(copy, STORE_READ);
  struct seen seen = {0, 0};
  ok(store_entries(s, 0, UINT64_MAX, see_entry, &seen, &why), &why);
  assert_int_equal(seen.count, 500); /* nothing of what came meanwhile */
  ok(store_integrity(s, &why), &why);
  store_close(s);
  assert_int_not_equal(access(wal, F_OK), 0);
  s = open_at(copy, STORE_WRITE);
  ok(commit_some(s, 500, 1, &why), &why);
  store_close(s);
}

static void a_read_only_directory(void **state) {
  struct place *p = *state;
  char path[120];
  store_close(p->s);
  p->s = NULL;
  named(path, p, "-wal");
  unlink(path);
  named(path, p, "-shm");
  unlink(path);
  assert_int_equal(open_as_nobody(p, p->path, STORE_WRITE), SP_IO);
  assert_int_equal(open_as_nobody(p, p->path, STORE_READ), SP_IO);
}

/* --- Sites --- */

static void sites_do_not_see_each_other(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store *other;
  ok(commit_some(p->s, 0, 10, &why), &why);
  assert_int_equal(store_sqlite_open(p->path, "site", STORE_ADD, &other, &why), SP_EXISTS);
  ok(store_sqlite_open(p->path, "annexe", STORE_ADD, &other, &why), &why);
  ok(commit_some(other, 0, 3, &why), &why);
  ok(commit_some(p->s, 10, 1, &why), &why);
  ok(commit_some(other, 3, 1, &why), &why);
  ok(store_meta_put(other, "checkpoint", SPAN_LIT("other"), &why), &why);
  struct buf out = {0};
  assert_int_equal(store_meta_get(p->s, "checkpoint", &out, &why), SP_NOT_FOUND);
  struct seen seen = {0, 0};
  ok(store_entries(other, 0, UINT64_MAX, see_entry, &seen, &why), &why);
  assert_int_equal(seen.count, 4);
  store_close(other);
  assert_int_equal(store_sqlite_open(p->path, NULL, STORE_READ, &other, &why), SP_USAGE);
}

/* --- Damage --- */

static void change(const struct place *p, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
  int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
  if (rc != SQLITE_OK)
    fail_msg("%s: %s", sql, sqlite3_errmsg(db));
  sqlite3_close(db);
}

static enum sp_err any_entry(void *ctx, uint64_t n, struct span entry) {
  (void)ctx, (void)n, (void)entry;
  return SP_OK;
}

static enum sp_err any_passage(void *ctx, const struct store_passage *p) {
  if (ctx)
    *(uint64_t *)ctx = p->n;
  return SP_OK;
}

static void damaged_rows_are_named(void **state) {
  struct place *p = *state;
  static const char *const harm[] = {
      "UPDATE entries SET bytes=substr(bytes, 1, length(bytes) - 1) WHERE first=20",
      "UPDATE entries SET bytes=bytes || x'00' WHERE first=20",
      "UPDATE entries SET bytes=x'ffff' || substr(bytes, 3) WHERE first=20",
      "UPDATE entries SET count=count - 1 WHERE first=20",
      "UPDATE entries SET count=count + 1 WHERE first=20",
      "UPDATE entries SET count=0 WHERE first=20",
      "UPDATE entries SET count=9223372036854775807 WHERE first=20",
      "UPDATE entries SET first=21 WHERE first=20",
      "DELETE FROM entries WHERE first=10",
      "DELETE FROM entries WHERE first=0",
      "UPDATE entries SET bytes='' WHERE first=20",
  };
  struct fault why = {0};
  for (uint64_t n = 0; n < 50; n += 10)
    ok(commit_some(p->s, n, 10, &why), &why);
  change(p, "CREATE TABLE sound AS SELECT * FROM entries");
  for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
    change(p, harm[i]);
    why = (struct fault){0};
    if (store_entries(p->s, 0, UINT64_MAX, any_entry, NULL, &why) != SP_CORRUPT)
      fail_msg("not told: %s", harm[i]);
    assert_non_null(strstr(why.text, "entries from "));
    assert_int_equal(store_integrity(p->s, &why), SP_CORRUPT);
    change(p, "DELETE FROM entries; INSERT INTO entries SELECT * FROM sound");
  }
  ok(store_integrity(p->s, &why), &why);
  /* Other tables. */
  struct store_question q = {
      .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 9};
  change(p, "UPDATE passages SET person=x'01' WHERE n=48");
  assert_int_equal(store_passages(p->s, &q, any_passage, NULL, &why), SP_CORRUPT);
  assert_non_null(strstr(why.text, "passage 48"));
}

static void what_is_no_database_is_told(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store *s;
  char wal[120];
  for (uint64_t n = 0; n < 3000; n += 100)
    ok(commit_some(p->s, n, 100, &why), &why);
  ok(store_scrub(p->s, &why), &why);
  store_close(p->s);
  p->s = NULL;
  named(wal, p, "-wal");
  unlink(wal);
  struct stat info;
  assert_int_equal(stat(p->path, &info), 0);
  assert_int_equal(truncate(p->path, info.st_size / 2), 0);
  enum sp_err err = store_sqlite_open(p->path, "site", STORE_READ, &s, &why);
  if (!err) {
    err = store_integrity(s, &why);
    store_close(s);
  }
  assert_int_equal(err, SP_CORRUPT);
  int fd = open(p->path, O_WRONLY);
  assert_int_equal(pwrite(fd, "Sqlite", 6, 0), 6);
  close(fd);
  why = (struct fault){0};
  assert_int_equal(store_sqlite_open(p->path, "site", STORE_READ, &s, &why), SP_CORRUPT);
  assert_non_null(strstr(why.text, p->path));
  assert_null(s);
  assert_int_equal(truncate(p->path, 0), 0);
  assert_int_equal(store_sqlite_open(p->path, "site", STORE_WRITE, &s, &why), SP_CORRUPT);
}

/* --- A killed writer --- */

/* Commits with documents, so that the WAL is moved and begun anew many times, and a snapshot. */
static void write_until_killed(const struct place *p, int out) {
  struct fault why = {0};
  struct store *s = open_at(p->path, STORE_WRITE);
  uint64_t n;
  static uint8_t bytes[60000];
  if (store_count(s, &n, &why) || store_snapshot_begin(s, n, &why))
    _exit(1);
  for (uint32_t i = 0;; i++, n += 3) {
    struct store_blob blob = {{{0}}, span_of(bytes, sizeof bytes)};
    store_le64(blob.hash.b, n);
    struct store_batch b = {.blobs = &blob, .n_blobs = 1};
    if (commit_some(s, n, 3, &why) || store_commit(s, &b, &why) || store_maintain(s, &why) ||
        store_snapshot_put(s, n, i, span_of(bytes, 1000), &why))
      _exit(1);
    uint64_t durable = n + 3;
    if (write(out, &durable, sizeof durable) != sizeof durable)
      _exit(1);
  }
}

static void killed_while_the_log_is_moved(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  unsigned seed = 11;
  store_close(p->s);
  p->s = NULL;
  for (int round = 0; round < 20; round++) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0)
      write_until_killed(p, pipes[1]);
    close(pipes[1]);
    uint64_t durable = 0, n;
    int wait_for = 1 + rand_r(&seed) % 300;
    for (int i = 0; i < wait_for; i++)
      assert_int_equal(read(pipes[0], &durable, sizeof durable), sizeof durable);
    usleep((useconds_t)(rand_r(&seed) % 2000));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (uint64_t more; read(pipes[0], &more, sizeof more) == sizeof more;)
      durable = more;
    close(pipes[0]);
    p->s = open_at(p->path, round % 2 ? STORE_WRITE : STORE_READ);
    ok(store_count(p->s, &n, &why), &why);
    assert_true(n >= durable && n % 3 == 0);
    struct seen seen = {0, 0};
    ok(store_entries(p->s, 0, UINT64_MAX, see_entry, &seen, &why), &why);
    assert_int_equal(seen.count, n);
    struct store_question q = {
        .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 1};
    uint64_t last = 0;
    struct store_snapshot list[store_snapshots_max];
    uint32_t snapshots;
    ok(store_snapshot_list(p->s, list, &snapshots, &why), &why);
    assert_int_equal(snapshots, 0);
    ok(store_passages(p->s, &q, any_passage, &last, &why), &why);
    assert_int_equal(last, n - 1); /* as far as the entries, neither more nor less */
    ok(store_integrity(p->s, &why), &why);
    store_close(p->s);
    p->s = NULL;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON(file, erased_details_are_nowhere),         ON(file, a_reader_keeps_its_state),
      ON(file, a_backup_is_one_state_and_one_file), ON(file, a_read_only_directory),
      ON(file, sites_do_not_see_each_other),        ON(file, damaged_rows_are_named),
      ON(file, what_is_no_database_is_told),        ON(file, killed_while_the_log_is_moved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
