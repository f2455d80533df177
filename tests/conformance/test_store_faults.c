/* The store in memory as a simulator uses it: every call can fail, and a disk can lie. */
#include "store_fixture.h"

static enum sp_err any_entry(void *ctx, uint64_t n, struct span entry) {
  (void)ctx, (void)n, (void)entry;
  return SP_OK;
}
static enum sp_err any_passage(void *ctx, const struct store_passage *p) {
  (void)ctx, (void)p;
  return SP_OK;
}
static enum sp_err any_details(void *ctx, const struct store_details *d) {
  (void)ctx, (void)d;
  return SP_OK;
}

/* One call of each kind; SP_NOT_FOUND is an answer. */
static enum sp_err call_one(struct store *s, enum store_memory_call call, struct fault *why) {
  uint64_t n = 0;
  struct hash hashes[256];
  struct buf out = {0};
  struct store_snapshot list[store_snapshots_max];
  uint32_t n_list;
  struct store_question q = {
      .since = TIME_ABSENT, .until = TIME_ABSENT, .before = UINT64_MAX, .limit = 9};
  enum sp_err err = SP_OK;
  switch (call) {
  case STORE_MEMORY_ANY:
  case STORE_MEMORY_COUNT:
    err = store_count(s, &n, why);
    break;
  case STORE_MEMORY_WRITE:
  case STORE_MEMORY_META_PUT:
    err = store_meta_put(s, "key", SPAN_LIT("value"), why);
    break;
  case STORE_MEMORY_COMMIT:
    err = store_commit(s, &(struct store_batch){0}, why);
    break;
  case STORE_MEMORY_ENTRIES:
    err = store_entries(s, 0, UINT64_MAX, any_entry, NULL, why);
    break;
  case STORE_MEMORY_TILE:
    err = store_tile(s, 0, 0, hashes, why);
    break;
  case STORE_MEMORY_BLOB:
    err = store_blob(s, &(struct hash){{1}}, &out, why);
    break;
  case STORE_MEMORY_PAPER:
    err = store_paper(s, &(struct hash){{1}}, &out, why);
    break;
  case STORE_MEMORY_DETAILS:
    err = store_details(s, NULL, any_details, NULL, why);
    break;
  case STORE_MEMORY_PASSAGES:
    err = store_passages(s, &q, any_passage, NULL, why);
    break;
  case STORE_MEMORY_META_GET:
    err = store_meta_get(s, "none", &out, why);
    break;
  case STORE_MEMORY_SNAPSHOT_WRITE:
    err = store_snapshot_drop(s, 1, why);
    break;
  case STORE_MEMORY_SNAPSHOT_READ:
    err = store_snapshot_list(s, list, &n_list, why);
    break;
  case STORE_MEMORY_PASSAGES_CLEAR:
    err = store_passages_clear(s, why);
    break;
  case STORE_MEMORY_UPKEEP:
    err = store_maintain(s, why);
    break;
  case STORE_MEMORY_CALL_COUNT:
    fail();
  }
  buf_free(&out);
  return err == SP_NOT_FOUND ? SP_OK : err;
}

static void every_call_fails_when_told_to(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  for (int i = 0; i < STORE_MEMORY_CALL_COUNT; i++) {
    enum store_memory_call call = (enum store_memory_call)i;
    (void)store_memory_fail(p->s, call, 2, false);
    for (int nth = 0; nth < 5; nth++)
      assert_int_equal(call_one(p->s, call, &why), nth == 2 ? SP_IO : SP_OK);
    assert_int_equal(store_memory_fail(p->s, call, 2, true), 5);
    for (int nth = 0; nth < 5; nth++)
      assert_int_equal(call_one(p->s, call, &why), nth >= 2 ? SP_IO : SP_OK);
    (void)store_memory_fail(p->s, call, UINT64_MAX, false);
    assert_int_equal(call_one(p->s, call, &why), SP_OK);
  }
}

static uint64_t count(struct store *s) {
  struct fault why = {0};
  uint64_t n;
  ok(store_count(s, &n, &why), &why);
  return n;
}

static void a_disk_that_lies(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  ok(commit_some(p->s, 0, 5, &why), &why);
  store_memory_lose_after(p->s, 2);
  for (uint64_t n = 5; n < 10; n++)
    ok(commit_some(p->s, n, 1, &why), &why);
  assert_int_equal(count(p->s), 10); /* it says so */
  struct store *after = store_memory_crash(p->s);
  assert_non_null(after);
  assert_int_equal(count(after), 7); /* and two were kept */
  ok(commit_some(after, 7, 1, &why), &why);
  store_close(after);
  store_memory_lose_after(p->s, UINT64_MAX);
  after = store_memory_crash(p->s);
  assert_non_null(after);
  assert_int_equal(count(after), 10);
  store_close(after);
}

/* Each allocation of a whole small life, in turn: an error or all of it, and nothing leaks. */
static void no_memory_anywhere(void **state) {
  struct place *p = *state;
  struct fault why = {0};
  struct store_details d = {.n = 1, .subject = id_of(1), .type = {"a"}, .json = SPAN_LIT("{}")};
  struct store_blob blob = {{{1}}, SPAN_LIT("plan")};
  struct store_paper paper = {.n = 1, .subject = id_of(1), .bytes = SPAN_LIT("photo")};
  struct store_batch b = {
      .details = &d, .n_details = 1, .blobs = &blob, .n_blobs = 1, .papers = &paper, .n_papers = 1};
  (void)p;
  for (uint64_t nth = 0; nth < 500; nth++) {
    struct store *s = NULL, *copy = NULL;
    sp_alloc_fail_after(nth, true);
    bool done = !store_memory_open(&s, &why) && !commit_some(s, 0, 20, &why) &&
                !store_commit(s, &b, &why) && !store_meta_put(s, "a", SPAN_LIT("b"), &why) &&
                !store_snapshot_begin(s, 1, &why) &&
                !store_snapshot_put(s, 1, 0, SPAN_LIT("x"), &why) &&
                (copy = store_memory_clone(s)) != NULL;
    sp_alloc_fail_after(UINT64_MAX, false);
    if (s)
      assert_true(count(s) == 0 || count(s) == 20);
    store_close(copy);
    store_close(s);
    if (done)
      return;
  }
  fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON(memory, every_call_fails_when_told_to),
      ON(memory, a_disk_that_lies),
      ON(memory, no_memory_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
