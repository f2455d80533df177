/* One suite on both stores; then what only a file can suffer. */
#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void entries_in_batches(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  uint64_t n = 0;
  for (uint32_t size = 1; size < 200; size += 17) {
    ok(commit_some(p->s, n, size, &why), &why);
    n += size;
  }
  for (int again = 0; again < 2; again++) {
    uint64_t count;
    ok(store_count(p->s, &count, &why), &why);
    assert_int_equal(count, n);
    for (uint64_t from = 0; from <= n; from += 13) {
      struct seen seen = {from, 0};
      ok(store_entries(p->s, from, UINT64_MAX, see_entry, &seen, &why), &why);
      assert_int_equal(seen.count, n - from);
      seen = (struct seen){from, 0};
      ok(store_entries(p->s, from, from + 5, see_entry, &seen, &why), &why);
      assert_int_equal(seen.count, n - from < 5 ? n - from : 5);
    }
    reopen(p);
  }
}

static void a_gap_is_refused_whole(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  uint64_t count;
  ok(commit_some(p->s, 0, 3, &why), &why);
  assert_int_equal(commit_some(p->s, 4, 1, &why), SP_CORRUPT);
  assert_int_equal(commit_some(p->s, 2, 1, &why), SP_CORRUPT);
  ok(store_count(p->s, &count, &why), &why);
  assert_int_equal(count, 3);
  ok(commit_some(p->s, 3, 1, &why), &why);
}

static enum sp_err count_tile(void *ctx, const struct store_tile *t) {
  assert_int_equal(t->level, 1);
  assert_int_equal(t->hashes[255].b[0], 255);
  (*(int *)ctx)++;
  return SP_OK;
}
static enum sp_err count_blob(void *ctx, const struct store_blob *b) {
  assert_true(span_is(b->bytes, "a plan"));
  (*(int *)ctx)++;
  return SP_OK;
}

static void tiles_blobs_meta(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct hash hashes[256] = {{{0}}}, back[256], name = {{7}};
  for (int i = 0; i < 256; i++)
    hashes[i].b[0] = (uint8_t)i;
  struct store_tile tile = {1, 9, hashes};
  struct store_blob blobs[2] = {{name, SPAN_LIT("a plan")}, {name, SPAN_LIT("a plan")}};
  struct store_batch b = {.tiles = &tile, .n_tiles = 1, .blobs = blobs, .n_blobs = 2};
  ok(store_commit(p->s, &b, &why), &why);
  b.n_tiles = 0;
  ok(store_commit(p->s, &b, &why), &why); /* the same document again is no fault */
  ok(store_meta_put(p->s, "checkpoint", SPAN_LIT("one"), &why), &why);
  ok(store_meta_put(p->s, "checkpoint", SPAN_LIT("two"), &why), &why);
  reopen(p);
  ok(store_tile(p->s, 1, 9, back, &why), &why);
  assert_memory_equal(hashes, back, sizeof hashes);
  assert_int_equal(store_tile(p->s, 1, 8, back, &why), SP_NOT_FOUND);
  int tiles = 0, n_blobs = 0;
  ok(store_tiles(p->s, count_tile, &tiles, &why), &why);
  ok(store_blobs(p->s, count_blob, &n_blobs, &why), &why);
  assert_int_equal(tiles, 1);
  assert_int_equal(n_blobs, 1);
  struct buf out = {0};
  ok(store_blob(p->s, &name, &out, &why), &why);
  assert_true(span_is(buf_span(&out), "a plan"));
  buf_reset(&out);
  ok(store_meta_get(p->s, "checkpoint", &out, &why), &why);
  assert_true(span_is(buf_span(&out), "two"));
  assert_int_equal(store_meta_get(p->s, "other", &out, &why), SP_NOT_FOUND);
  name.b[0] = 8;
  assert_int_equal(store_blob(p->s, &name, &out, &why), SP_NOT_FOUND);
  buf_free(&out);
}

static enum sp_err count_details(void *ctx, const struct store_details *d) {
  assert_true(span_is(d->json, "{\"name\":\"Ana\"}"));
  assert_string_equal(d->type.s, "person-added");
  (*(int *)ctx)++;
  return SP_OK;
}

static void details_and_erasure(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store_details d[3];
  for (uint32_t i = 0; i < 3; i++)
    d[i] = (struct store_details){.n = i,
                                  .subject = id_of(i / 2),
                                  .type = {"person-added"},
                                  .opening = {{1}},
                                  .json = SPAN_LIT("{\"name\":\"Ana\"}")};
  struct store_batch b = {.details = d, .n_details = 3};
  ok(store_commit(p->s, &b, &why), &why);
  int all = 0, first = 0;
  struct id who = id_of(0);
  ok(store_details(p->s, NULL, count_details, &all, &why), &why);
  ok(store_details(p->s, &who, count_details, &first, &why), &why);
  assert_int_equal(all, 3);
  assert_int_equal(first, 2);
  struct store_batch erasing = {.erased = &who, .n_erased = 1};
  ok(store_commit(p->s, &erasing, &why), &why);
  ok(store_scrub(p->s, &why), &why);
  reopen(p);
  all = first = 0;
  ok(store_details(p->s, NULL, count_details, &all, &why), &why);
  ok(store_details(p->s, &who, count_details, &first, &why), &why);
  assert_int_equal(all, 1);
  assert_int_equal(first, 0);
}

struct answer {
  uint64_t last;
  int n;
  const struct store_question *q;
};

static enum sp_err check_passage(void *ctx, const struct store_passage *p) {
  struct answer *a = ctx;
  assert_true(p->n < a->last);
  a->last = p->n;
  a->n++;
  assert_true(p->at == (usec)p->n * USEC_PER_S);
  if (a->q->gate.s[0])
    assert_string_equal(p->gate.s, a->q->gate.s);
  return SP_OK;
}

/* Every question is answered as a plain loop over the numbers would. */
static void questions(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  const uint32_t total = 10000; /* over two segments of the index */
  for (uint32_t n = 0; n < total; n += 1000)
    ok(commit_some(p->s, n, 1000, &why), &why);
  for (uint32_t person = 0; person < 7; person += 2)
    for (uint32_t gate = 0; gate < 4; gate++)
      for (uint32_t window = 0; window < 3; window++) {
        struct store_question q = {
            .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 100000};
        if (person)
          q.person = id_of(person);
        if (gate)
          q.gate = slug_of("gate", gate - 1);
        if (window == 1)
          q.since = 4000 * USEC_PER_S;
        if (window == 2) {
          q.until = 9000 * USEC_PER_S;
          q.before = 8500;
        }
        int expected = 0;
        for (uint32_t k = 0; k < total; k++)
          expected += (!person || k % 7 == person) && (!gate || k % 3 == gate - 1) &&
                      (window != 1 || k >= 4000) && (window != 2 || k < 8500);
        struct answer a = {UINT64_MAX, 0, &q};
        ok(store_passages(p->s, &q, check_passage, &a, &why), &why);
        assert_int_equal(a.n, expected);
        q.limit = 5;
        a = (struct answer){UINT64_MAX, 0, &q};
        ok(store_passages(p->s, &q, check_passage, &a, &why), &why);
        assert_int_equal(a.n, expected < 5 ? expected : 5);
      }
  ok(store_passages_clear(p->s, &why), &why);
  struct store_question q = {
      .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 9};
  struct answer a = {UINT64_MAX, 0, &q};
  ok(store_passages(p->s, &q, check_passage, &a, &why), &why);
  assert_int_equal(a.n, 0);
}

static void snapshots(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store_snapshot list[store_snapshots_max];
  uint32_t n;
  uint8_t *chunk = calloc(1, store_chunk_bytes);
  for (uint64_t at = 10; at <= 30; at += 10) {
    struct store_snapshot snap = {at, {{(uint8_t)at}}, store_chunk_bytes + 3};
    memset(chunk, (int)at, store_chunk_bytes);
    ok(store_snapshot_begin(p->s, at, &why), &why);
    ok(store_snapshot_put(p->s, at, 0, span_of(chunk, store_chunk_bytes), &why), &why);
    ok(store_snapshot_put(p->s, at, 1, span_of("end", 3), &why), &why);
    if (at < 30) /* the last one is interrupted */
      ok(store_snapshot_end(p->s, &snap, &why), &why);
  }
  reopen(p);
  ok(store_snapshot_list(p->s, list, &n, &why), &why);
  assert_int_equal(n, 2);
  assert_int_equal(list[0].n, 20);
  assert_int_equal(list[1].n, 10);
  struct buf out = {0};
  ok(store_snapshot_read(p->s, 20, &out, &why), &why);
  assert_int_equal(out.n, store_chunk_bytes + 3);
  assert_int_equal(out.p[5], 20);
  assert_memory_equal(out.p + store_chunk_bytes, "end", 3);
  ok(store_snapshot_begin(p->s, 30, &why), &why); /* begins anew after the interruption */
  ok(store_snapshot_put(p->s, 30, 0, span_of("x", 1), &why), &why);
  ok(store_snapshot_drop(p->s, 10, &why), &why);
  ok(store_snapshot_list(p->s, list, &n, &why), &why);
  assert_int_equal(n, 1);
  buf_free(&out);
  free(chunk);
}

static enum sp_err keep_n(void *ctx, const struct store_details *d) {
  *(uint64_t *)ctx = *(uint64_t *)ctx * 10 + d->n;
  return SP_OK;
}

static void details_one_by_one_and_by_type(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store_details d[4];
  for (uint32_t i = 0; i < 4; i++)
    d[i] = (struct store_details){.n = i + 1,
                                  .subject = id_of(i),
                                  .opening = {{(uint8_t)(i + 1)}},
                                  .type = slug_of("type", i % 2),
                                  .json = SPAN_LIT("{}")};
  struct store_batch b = {.details = d, .n_details = 4};
  ok(store_commit(p->s, &b, &why), &why);
  reopen(p);
  uint64_t seen = 0;
  struct slug type = slug_of("type", 1);
  ok(store_details_typed(p->s, &type, keep_n, &seen, &why), &why);
  assert_int_equal(seen, 24);
  seen = 0;
  ok(store_details_at(p->s, 3, keep_n, &seen, &why), &why);
  assert_int_equal(seen, 3);
  assert_int_equal(store_details_at(p->s, 9, keep_n, &seen, &why), SP_NOT_FOUND);
  struct store_batch erasing = {.erased = &d[2].subject, .n_erased = 1};
  ok(store_commit(p->s, &erasing, &why), &why);
  assert_int_equal(store_details_at(p->s, 3, keep_n, &seen, &why), SP_NOT_FOUND);
}

static void nothing_is_written_twice(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct hash hashes[256] = {{{1}}};
  struct store_tile tile = {0, 5, hashes};
  struct store_details d = {.n = 1, .subject = id_of(1), .type = {"a"}, .json = SPAN_LIT("{}")};
  struct store_batch tiles = {.tiles = &tile, .n_tiles = 1},
                     details = {.details = &d, .n_details = 1};
  ok(store_commit(p->s, &tiles, &why), &why);
  ok(store_commit(p->s, &details, &why), &why);
  assert_int_equal(store_commit(p->s, &tiles, &why), SP_CORRUPT);
  assert_int_equal(store_commit(p->s, &details, &why), SP_CORRUPT);
  ok(commit_some(p->s, 0, 2, &why), &why);
  uint64_t n;
  struct store_batch torn = {.first = 2, .n_entries = 2, .entries = SPAN_LIT("\0\1a\0\2b")};
  assert_int_equal(store_commit(p->s, &torn, &why), SP_INVALID);
  torn.entries = SPAN_LIT("\0\1a\0\1b\0");
  assert_int_equal(store_commit(p->s, &torn, &why), SP_INVALID);
  ok(store_count(p->s, &n, &why), &why);
  assert_int_equal(n, 2);
}

static enum sp_err join_meta(void *ctx, const char *key, struct span value) {
  buf_printf(ctx, "%s=%.*s;", key, (int)value.n, (const char *)value.p);
  return SP_OK;
}

static void every_value_by_its_key(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct buf all = {0};
  ok(store_meta_put(p->s, "b", SPAN_LIT("2"), &why), &why);
  ok(store_meta_put(p->s, "c", SPAN_LIT(""), &why), &why);
  ok(store_meta_put(p->s, "a", SPAN_LIT("1"), &why), &why);
  ok(store_metas(p->s, join_meta, &all, &why), &why);
  assert_true(span_is(buf_span(&all), "a=1;b=2;c=;"));
  buf_free(&all);
}

static enum sp_err next_passage(void *ctx, const struct store_passage *p) {
  uint64_t *next = ctx;
  assert_true(p->n >= *next);
  *next = p->n + 1;
  return SP_OK;
}

/* Page by page, as a verifier reads them all, and as a person looks from an hour on. */
static void passages_oldest_first(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  for (uint32_t n = 0; n < 9000; n += 1000)
    ok(commit_some(p->s, n, 1000, &why), &why);
  struct store_question q = {.since = TIME_ABSENT,
                             .until = TIME_ABSENT,
                             .before = UINT64_MAX,
                             .limit = 700,
                             .oldest_first = true};
  for (uint64_t n = 0; n < 9000; q.from = n) {
    uint64_t was = n;
    ok(store_passages(p->s, &q, next_passage, &n, &why), &why);
    assert_int_equal(n, was + 700 < 9000 ? was + 700 : 9000);
  }
  q.from = 0;
  q.limit = 3;
  q.person = id_of(3); /* 3, 10, 17 … */
  q.since = 4090 * USEC_PER_S;
  uint64_t n = 0;
  ok(store_passages(p->s, &q, next_passage, &n, &why), &why);
  assert_int_equal(n, 4105 + 1); /* 4091, 4098, 4105, over the end of a segment */
  q.oldest_first = false;
  q.until = 4106 * USEC_PER_S;
  q.limit = 1;
  n = 0;
  ok(store_passages(p->s, &q, next_passage, &n, &why), &why);
  assert_int_equal(n, 4105 + 1);
}

static void snapshots_by_chunk(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct buf out = {0};
  uint8_t *chunk = calloc(1, store_chunk_bytes);
  struct store_snapshot snap = {7, {{7}}, store_chunk_bytes + 3}, list[store_snapshots_max];
  ok(store_snapshot_begin(p->s, 7, &why), &why);
  ok(store_snapshot_put(p->s, 7, 0, span_of(chunk, store_chunk_bytes), &why), &why);
  assert_int_equal(store_snapshot_read(p->s, 7, &out, &why), SP_NOT_FOUND); /* not finished */
  ok(store_maintain(p->s, &why), &why); /* and not swept either */
  ok(store_snapshot_put(p->s, 7, 1, span_of("end", 3), &why), &why);
  ok(store_snapshot_end(p->s, &snap, &why), &why);
  ok(store_snapshot_chunk(p->s, 7, 1, &out, &why), &why);
  assert_true(span_is(buf_span(&out), "end"));
  assert_int_equal(store_snapshot_chunk(p->s, 7, 2, &out, &why), SP_NOT_FOUND);
  ok(store_snapshot_begin(p->s, 8, &why), &why); /* interrupted */
  ok(store_snapshot_put(p->s, 8, 0, span_of(chunk, 10), &why), &why);
  reopen(p);
  for (int i = 0; i < 4; i++)
    ok(store_maintain(p->s, &why), &why);
  uint32_t n;
  ok(store_snapshot_list(p->s, list, &n, &why), &why);
  assert_int_equal(n, 1);
  buf_reset(&out);
  ok(store_snapshot_read(p->s, 7, &out, &why), &why);
  assert_int_equal(out.n, store_chunk_bytes + 3);
  ok(store_snapshot_drop(p->s, 7, &why), &why);
  assert_int_equal(store_snapshot_read(p->s, 7, &out, &why), SP_NOT_FOUND);
  buf_free(&out);
  free(chunk);
}

/* --- Memory only --- */

static void each_write_fails_in_turn(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  for (uint64_t nth = 0; nth < 3; nth++) {
    uint64_t before, after;
    ok(store_count(p->s, &before, &why), &why);
    store_memory_fail_after(p->s, nth, false);
    for (uint64_t i = 0; i < nth; i++)
      ok(commit_some(p->s, before + i, 1, &why), &why);
    assert_int_equal(commit_some(p->s, before + nth, 2, &why), SP_IO);
    ok(store_count(p->s, &after, &why), &why);
    assert_int_equal(after, before + nth);
    ok(commit_some(p->s, after, 1, &why), &why);
  }
  for (uint64_t nth = 0;; nth++) { /* and each allocation */
    uint64_t before, after;
    ok(store_count(p->s, &before, &why), &why);
    sp_alloc_fail_after(nth, false);
    enum sp_err err = commit_some(p->s, before, 40, &why);
    sp_alloc_fail_after(UINT64_MAX, false);
    ok(store_count(p->s, &after, &why), &why);
    if (!err && after == before + 40)
      break;
    assert_int_equal(after, before);
    assert_true(nth < 200);
  }
}

/* --- Files only --- */

static void refused_with_a_reason(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store *s;
  char text[200];
  assert_int_equal(store_sqlite_open(p->path, "site", STORE_CREATE, &s, &why), SP_EXISTS);
  assert_int_equal(store_sqlite_open("/nowhere/site.db", "site", STORE_WRITE, &s, &why),
                   SP_NOT_FOUND);
  assert_int_equal(store_sqlite_open("/proc/site.db", "site", STORE_CREATE, &s, &why), SP_IO);
  assert_int_equal(store_sqlite_open(p->path, "other", STORE_READ, &s, &why), SP_NOT_FOUND);
  store_close(p->s);
  p->s = NULL;
  int fd = open(p->path, O_RDWR);
  uint8_t version[4] = {0, 0, 0, 99}; /* at byte 60 of the header, big endian */
  assert_int_equal(pwrite(fd, version, 4, 60), 4);
  close(fd);
  snprintf(text, sizeof text, "%s-wal", p->path);
  unlink(text);
  assert_int_equal(store_sqlite_open(p->path, "site", STORE_READ, &s, &why), SP_VERSION);
  assert_non_null(strstr(why.text, "99"));
}

static void damage_is_told(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  for (uint64_t n = 0; n < 3000; n += 100)
    ok(commit_some(p->s, n, 100, &why), &why);
  ok(store_scrub(p->s, &why), &why);
  store_close(p->s);
  p->s = NULL;
  struct stat info;
  assert_int_equal(stat(p->path, &info), 0);
  int fd = open(p->path, O_RDWR), told = 0;
  for (off_t at = 0; at < info.st_size; at += 1031) {
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    struct store *s = NULL;
    enum sp_err err = store_sqlite_open(p->path, "site", STORE_READ, &s, &why);
    if (!err) {
      err = store_integrity(s, &why); /* may be sound: a flipped letter is for hashes to find */
      told += err != SP_OK;
      assert_true(err == SP_OK || why.text[0]);
    } else {
      assert_true(why.text[0]);
      told++;
    }
    store_close(s);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  }
  close(fd);
  assert_true(told > 10);
}

static void a_full_disk_loses_nothing(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  ok(commit_some(p->s, 0, 10, &why), &why);
  struct rlimit old, small = {40 << 20, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_IGN);
  small.rlim_max = old.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  struct buf big = {0};
  uint8_t piece[1 << 16] = {0};
  for (int i = 0; i < 2000; i++)
    buf_put(&big, piece, sizeof piece);
  struct store_blob blob = {{{9}}, buf_span(&big)};
  struct store_batch b = {.blobs = &blob, .n_blobs = 1};
  enum sp_err err = store_commit(p->s, &b, &why);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  buf_free(&big);
  assert_int_equal(err, SP_IO);
  reopen(p);
  uint64_t n;
  ok(store_count(p->s, &n, &why), &why);
  assert_int_equal(n, 10);
  ok(commit_some(p->s, 10, 1, &why), &why);
}

static void read_while_written_and_backed_up(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store *reader = open_at(p->path, STORE_READ), *copy;
  uint64_t n;
  for (uint64_t i = 0; i < 50; i++) {
    ok(commit_some(p->s, i * 10, 10, &why), &why);
    ok(store_count(reader, &n, &why), &why);
    assert_int_equal(n, i * 10 + 10);
    ok(store_maintain(p->s, &why), &why);
  }
  assert_int_not_equal(commit_some(reader, 500, 1, &why), SP_OK);
  store_close(reader);
  char path[120];
  snprintf(path, sizeof path, "%s.copy", p->path);
  ok(store_backup(p->s, path, &why), &why);
  assert_int_equal(store_backup(p->s, path, &why), SP_EXISTS);
  copy = open_at(path, STORE_WRITE);
  struct seen seen = {0, 0};
  ok(store_entries(copy, 0, UINT64_MAX, see_entry, &seen, &why), &why);
  assert_int_equal(seen.count, 500);
  ok(store_integrity(copy, &why), &why);
  store_close(copy);
}

/* A writer is killed at a random moment; what it said was durable is there, and nothing is torn. */
static void killed_while_writing(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  unsigned seed = 7;
  store_close(p->s);
  p->s = NULL;
  for (int round = 0; round < 15; round++) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
      struct store *s = open_at(p->path, STORE_WRITE);
      uint64_t n;
      if (store_count(s, &n, &why))
        _exit(1);
      for (;; n += 3) {
        if (commit_some(s, n, 3, &why))
          _exit(1);
        uint64_t durable = n + 3;
        if (write(pipes[1], &durable, sizeof durable) != sizeof durable)
          _exit(1);
      }
    }
    close(pipes[1]);
    uint64_t durable = 0, n;
    for (int i = 0; i < 5 + rand_r(&seed) % 60; i++)
      assert_int_equal(read(pipes[0], &durable, sizeof durable), sizeof durable);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (uint64_t more; read(pipes[0], &more, sizeof more) == sizeof more;)
      durable = more;
    close(pipes[0]);
    p->s = open_at(p->path, STORE_WRITE);
    ok(store_count(p->s, &n, &why), &why);
    assert_true(n >= durable && n % 3 == 0);
    struct seen seen = {0, 0};
    ok(store_entries(p->s, 0, UINT64_MAX, see_entry, &seen, &why), &why);
    assert_int_equal(seen.count, n);
    store_close(p->s);
    p->s = NULL;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_BOTH(entries_in_batches),
      ON_BOTH(a_gap_is_refused_whole),
      ON_BOTH(tiles_blobs_meta),
      ON_BOTH(details_and_erasure),
      ON_BOTH(questions),
      ON_BOTH(snapshots),
      ON_BOTH(details_one_by_one_and_by_type),
      ON_BOTH(nothing_is_written_twice),
      ON_BOTH(every_value_by_its_key),
      ON_BOTH(passages_oldest_first),
      ON_BOTH(snapshots_by_chunk),
      ON(memory, each_write_fails_in_turn),
      ON(file, refused_with_a_reason),
      ON(file, damage_is_told),
      ON(file, a_full_disk_loses_nothing),
      ON(file, read_while_written_and_backed_up),
      ON(file, killed_while_writing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
