/* store_fixture.h: a store to test, in memory or in a directory of its own, and rows to put in. */
#ifndef SP_TESTS_STORE_FIXTURE_H
#define SP_TESTS_STORE_FIXTURE_H

#include "store/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
  char dir[64], path[96];
  bool file;
  struct store *s;
};

static inline void ok(enum sp_err err, const struct fault *why) {
  if (err)
    fail_msg("%s: %s", sp_err_name(err), why->text);
}

static inline struct store *open_at(const char *path, enum store_mode mode) {
  struct fault why = {0};
  struct store *s;
  ok(store_sqlite_open(path, "site", mode, &s, &why), &why);
  return s;
}

static inline int setup(void **state, bool file) {
  struct place *p = calloc(1, sizeof *p);
  struct fault why = {0};
  p->file = file;
  if (file) {
    snprintf(p->dir, sizeof p->dir, "/tmp/sallyport-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/site.db", p->dir);
    p->s = open_at(p->path, STORE_CREATE);
  } else {
    ok(store_memory_open(&p->s, &why), &why);
  }
  *state = p;
  return 0;
}
static inline int setup_memory(void **state) {
  return setup(state, false);
}
static inline int setup_file(void **state) {
  return setup(state, true);
}
static inline int teardown(void **state) {
  struct place *p = *state;
  store_close(p->s);
  if (p->file) {
    const char *const ends[] = {"", "-wal", "-shm", ".copy", ".copy-wal", ".copy-shm"};
    char path[120];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
      snprintf(path, sizeof path, "%s%s", p->path, ends[i]);
      unlink(path);
    }
    rmdir(p->dir);
  }
  free(p);
  return 0;
}

/* What a restart finds. */
static inline void reopen(struct place *p) {
  if (p->file) {
    store_close(p->s);
    p->s = open_at(p->path, STORE_WRITE);
  } else {
    struct store *copy = store_memory_clone(p->s);
    assert_non_null(copy);
    store_close(p->s);
    p->s = copy;
  }
}

static inline struct id id_of(uint32_t i) {
  struct id id = {{0}};
  store_le32(id.b, i * 2654435761u);
  store_le32(id.b + 4, i + 1);
  return id;
}

static inline struct slug slug_of(const char *prefix, uint32_t i) {
  struct slug s = {{0}};
  snprintf(s.s, sizeof s.s, "%s-%u", prefix, i);
  return s;
}

/* Entries first … first + n - 1, each with a passage of person i % 7 at gate i % 3. */
static inline enum sp_err commit_some(struct store *s, uint64_t first, uint32_t n,
                                      struct fault *why) {
  struct buf bytes = {0};
  struct store_passage *passages = calloc(n, sizeof *passages);
  for (uint32_t i = 0; i < n; i++) {
    char text[64];
    uint8_t length[2];
    uint32_t k = (uint32_t)first + i;
    int len = snprintf(text, sizeof text, "{\"n\":%u}", k);
    store_be16(length, (uint16_t)len);
    buf_put(&bytes, length, 2);
    buf_put(&bytes, text, (size_t)len);
    passages[i] = (struct store_passage){.n = k,
                                         .at = (usec)k * USEC_PER_S,
                                         .gate = slug_of("gate", k % 3),
                                         .door = slug_of("door", k % 3),
                                         .reader = slug_of("reader", k % 6),
                                         .outcome = k % 2,
                                         .reason = k % 5};
    if (k % 7)
      passages[i].person = id_of(k % 7);
  }
  struct store_batch b = {.first = first,
                          .n_entries = n,
                          .entries = buf_span(&bytes),
                          .passages = passages,
                          .n_passages = n};
  enum sp_err err = bytes.failed ? SP_NO_MEMORY : store_commit(s, &b, why);
  free(passages);
  buf_free(&bytes);
  return err;
}

struct seen {
  uint64_t next, count;
};

static inline enum sp_err see_entry(void *ctx, uint64_t n, struct span entry) {
  struct seen *seen = ctx;
  char text[64];
  snprintf(text, sizeof text, "{\"n\":%llu}", (unsigned long long)n);
  assert_int_equal(n, seen->next);
  assert_true(span_is(entry, text));
  seen->next++;
  seen->count++;
  return SP_OK;
}

#define ON(where, fn) cmocka_unit_test_setup_teardown(fn, setup_##where, teardown)
#define ON_BOTH(fn)   ON(memory, fn), ON(file, fn)

#endif
