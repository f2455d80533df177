/* The commit side: what is signed, and what is not. */
#include "engine_fake.h"

#include "core/state.h"
#include "store/store_memory.h"

#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PLAN "tests/system/small.yaml"

static int start(void **state) {
  struct fake *f = calloc(1, sizeof *f);
  fake_start(f, PLAN, 0);
  *state = f;
  return 0;
}

static int end(void **state) {
  fake_end(*state);
  free(*state);
  return 0;
}

static void tend(struct fake *f, bool now) {
  struct fault why = {0};
  if (committer_tend(f->committer, f->now.mono, now, &why))
    fail_msg("%s", why.text);
}

static struct checkpoint in_file(struct fake *f) {
  struct checkpoint c;
  struct fault why = {0};
  if (checkpoint_open(&c, buf_span(&f->checkpoint), &f->signer.public, NULL, 0, NULL, &why))
    fail_msg("%s", why.text);
  return c;
}

static void report(struct fake *f) {
  uint64_t conn = fake_connect(f);
  fake_ask(f, conn, "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"rex\"}}");
  assert_true(fake_commit(f));
  engine_on_closed(f->engine, conn);
}

static void reopen(struct fake *f, enum sp_err expected) {
  struct fault why = {0};
  committer_close(f->committer);
  f->committer = NULL;
  assert_int_equal(committer_open(&f->committer, f->store, &f->io, &f->signer, &why), expected);
  assert_int_equal(why.text[0] != 0, expected != SP_OK);
}

static void signs_once_a_second(void **state) {
  struct fake *f = *state;
  assert_int_equal(in_file(f).size, core_next_entry(engine_core(f->engine))); /* the founding */
  assert_int_equal(committer_due(f->committer), TIME_ABSENT);
  report(f);
  fake_crash(f);
  assert_true(committer_due(f->committer) <= f->now.mono); /* what the crash left unsigned */
  tend(f, false);
  assert_int_equal(in_file(f).size, core_next_entry(engine_core(f->engine)));
  assert_int_equal(committer_due(f->committer), TIME_ABSENT);
  report(f);
  uint64_t was = in_file(f).size;
  assert_int_equal(committer_due(f->committer), f->now.mono + USEC_PER_S);
  tend(f, false);
  assert_int_equal(in_file(f).size, was); /* too early */
  f->now.mono += USEC_PER_S;
  tend(f, false);
  assert_int_equal(in_file(f).size, was + 1);
  assert_int_equal(committer_signed_size(f->committer), was + 1);
  report(f);
  tend(f, true); /* a clean stop */
  assert_int_equal(in_file(f).size, was + 2);
  struct buf stored = {0};
  struct fault why = {0};
  assert_int_equal(store_meta_get(f->store, "checkpoint", &stored, &why), SP_OK);
  assert_true(span_eq(buf_span(&stored), buf_span(&f->checkpoint)));
  buf_free(&stored);
  reopen(f, SP_OK);
  assert_int_equal(committer_due(f->committer), TIME_ABSENT);
}

static void the_root_is_that_of_the_entries(void **state) {
  struct fake *f = *state;
  for (int i = 0; i < 700; i++) { /* over two full tiles */
    f->now.mono += 10000;
    f->now.wall += 10000;
    report(f);
  }
  tend(f, true);
  struct fold fold;
  struct fault why = {0};
  struct checkpoint c = in_file(f);
  const struct fold_options options = {.checkpoint = &c, .no_snapshot = true};
  assert_int_equal(fold_open(&fold, f->store, &options, &why), SP_OK);
  struct hash root = tree_root(&fold.tree);
  assert_memory_equal(root.b, c.root.b, sizeof root.b);
  fold_close(&fold);
  struct hash tile[tile_width];
  assert_int_equal(store_tile(f->store, 0, 1, tile, &why), SP_OK);
  assert_int_equal(store_tile(f->store, 0, 2, tile, &why), SP_NOT_FOUND);
}

static void an_older_copy_is_a_fork(void **state) {
  struct fake *f = *state;
  report(f);
  struct store *older = store_memory_clone(f->store);
  report(f);
  tend(f, true);
  struct buf file = {0};
  buf_put(&file, f->checkpoint.p, f->checkpoint.n);
  struct store *newer = f->store;
  f->store = older;
  reopen(f, SP_FORK);
  assert_true(span_eq(buf_span(&file), buf_span(&f->checkpoint))); /* untouched */
  buf_free(&file);
  f->store = newer;
  reopen(f, SP_OK);
  store_close(older);
}

static void another_log_is_a_fork(void **state) {
  struct fake *f = *state;
  report(f);
  tend(f, true);
  struct checkpoint c = in_file(f);
  c.root.b[0] ^= 1;
  struct fault why = {0};
  buf_reset(&f->checkpoint);
  assert_int_equal(checkpoint_sign(&c, &f->signer, &f->checkpoint, &why), SP_OK);
  reopen(f, SP_FORK);
}

static void a_missing_checkpoint_file_is_a_fork(void **state) {
  struct fake *f = *state;
  tend(f, true);
  buf_reset(&f->checkpoint);
  reopen(f, SP_FORK);
}

static void a_checkpoint_of_another_key_is_refused(void **state) {
  struct fake *f = *state;
  tend(f, true);
  const uint8_t seed[32] = {10};
  struct note_signer other, mine = f->signer;
  struct fault why = {0};
  assert_int_equal(signer_from_seed(&other, "test/site", seed, &why), SP_OK);
  f->signer = other;
  reopen(f, SP_CORRUPT);
  f->signer = mine;
  reopen(f, SP_OK);
}

/* Someone else signed more meanwhile: an engine on a copy. */
static void a_file_that_changed_under_us_stops_the_signing(void **state) {
  struct fake *f = *state;
  tend(f, true);
  report(f);
  struct checkpoint c = in_file(f);
  c.size += 5;
  struct fault why = {0};
  buf_reset(&f->checkpoint);
  assert_int_equal(checkpoint_sign(&c, &f->signer, &f->checkpoint, &why), SP_OK);
  f->now.mono += USEC_PER_S;
  assert_int_equal(committer_tend(f->committer, f->now.mono, false, &why), SP_FORK);
  assert_int_equal(in_file(f).size, c.size);
  assert_int_not_equal(committer_tend(f->committer, f->now.mono, true, &why), SP_OK);
  assert_int_equal(committer_due(f->committer), TIME_ABSENT);
}

/* Each write of the store fails in turn: nothing is signed that is not durable. */
static void nothing_is_signed_that_is_not_durable(void **state) {
  struct fake *f = *state;
  tend(f, true);
  uint64_t was = in_file(f).size;
  uint64_t conn = fake_connect(f);
  fake_ask(f, conn, "{\"command\":{\"type\":\"door.report\",\"door\":\"main\",\"sign\":\"rex\"}}");
  fake_commit_fails(f);
  assert_int_equal(f->fatals, 1);
  struct fault why = {0};
  f->now.mono += USEC_PER_S;
  assert_int_not_equal(committer_tend(f->committer, f->now.mono, true, &why), SP_OK);
  assert_int_equal(in_file(f).size, was);
}

static void a_tile_that_cannot_be_read_is_not_missing(void **state) {
  struct fake *f = *state;
  while (core_next_entry(engine_core(f->engine)) <= 256)
    report(f);
  (void)store_memory_fail(f->store, STORE_MEMORY_TILE, 0, true);
  reopen(f, SP_IO);
  (void)store_memory_fail(f->store, STORE_MEMORY_TILE, UINT64_MAX, false);
  reopen(f, SP_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
  const struct CMUnitTest tests[] = {
      TEST(signs_once_a_second),
      TEST(the_root_is_that_of_the_entries),
      TEST(an_older_copy_is_a_fork),
      TEST(another_log_is_a_fork),
      TEST(a_missing_checkpoint_file_is_a_fork),
      TEST(a_checkpoint_of_another_key_is_refused),
      TEST(a_file_that_changed_under_us_stops_the_signing),
      TEST(nothing_is_signed_that_is_not_durable),
      TEST(a_tile_that_cannot_be_read_is_not_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
