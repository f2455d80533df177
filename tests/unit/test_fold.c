/* The state from what is stored, and what damage to it becomes: an error with its place, never an
 * assertion. */
#include "journal_fixture.h"

#include "audit/state_hash.h"
#include "journal/sha256.h"
#include "journal/tile_path.h"
#include "store/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char plan_file[] = "tests/system/small.yaml";

static struct store *memory(void) {
  struct store *s = NULL;
  struct fault why = {0};
  assert_int_equal(store_memory_open(&s, &why), SP_OK);
  return s;
}

static void same_hash(struct hash a, struct hash b) {
  assert_memory_equal(&a, &b, sizeof a);
}

static enum sp_err fold_all(struct store *s, const struct fold_options *o, struct fold *f,
                            struct fault *why) {
  *why = (struct fault){0};
  return fold_open(f, s, o, why);
}

static struct checkpoint signed_by(struct fx *fx) {
  struct checkpoint c;
  struct fault why = {0};
  assert_int_equal(
      checkpoint_open(&c, buf_span(&fx->checkpoint), &fx->signer.public, NULL, 0, NULL, &why),
      SP_OK);
  return c;
}

/* --- What it should do --- */

static void test_same_state(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 60);
  fx_snapshot(&fx);
  fx_day(&fx, 20);
  fx_sign(&fx);
  fx_day(&fx, 5);
  struct checkpoint c = signed_by(&fx);
  struct hash is = state_hash(fx.fold.core);
  const struct fold_options all = {.site = "small", .checkpoint = &c, .no_snapshot = true};
  assert_int_equal(fold_all(fx.store, &all, &f, &why), SP_OK);
  same_hash(state_hash(f.core), is);
  assert_int_equal(f.folded_from, 0);
  assert_int_equal(f.tree.size, core_next_entry(f.core));
  struct hash root = tree_root(&f.tree);
  fold_close(&f);

  const struct fold_options from_snapshot = {.site = "small", .checkpoint = &c};
  assert_int_equal(fold_all(fx.store, &from_snapshot, &f, &why), SP_OK);
  assert_int_not_equal(f.folded_from, 0);
  same_hash(state_hash(f.core), is);
  same_hash(tree_root(&f.tree), root);
  assert_int_equal(f.snapshot_why.err, SP_OK);
  fold_close(&f);
  fx_end(&fx);
}

static void test_catch_up(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  uint64_t n = 99;
  const struct fold_options o = {.site = "small"};
  fx_new(&fx, memory(), plan_file);
  assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_OK);
  assert_int_equal(fold_catch_up(&f, &n, &why), SP_OK);
  assert_int_equal(n, 0);
  for (int i = 0; i < 4; i++) {
    fx_day(&fx, 15);
    if (i == 2) {
      fx_plan(&fx, plan_file, (struct actor){ACTOR_OPERATOR, 0}, 1);
      fx_commit(&fx);
    }
    assert_int_equal(fold_catch_up(&f, &n, &why), SP_OK);
    assert_true(n > 0);
    same_hash(state_hash(f.core), state_hash(fx.fold.core));
  }
  fold_close(&f);
  fx_end(&fx);
}

static void test_empty(void **state) {
  (void)state;
  struct store *s = memory();
  struct fold f;
  struct fault why;
  const struct fold_options o = {0};
  assert_int_equal(fold_all(s, &o, &f, &why), SP_OK);
  assert_int_equal(core_next_entry(f.core), 0);
  fold_close(&f);
  store_close(s);
}

/* --- Snapshots that are not what the journal says --- */

static void write_snapshot(struct store *s, const struct store_snapshot *snap, struct span bytes) {
  struct fault why = {0};
  assert_int_equal(store_snapshot_begin(s, snap->n, &why), SP_OK);
  assert_int_equal(store_snapshot_put(s, snap->n, 0, bytes, &why), SP_OK);
  assert_int_equal(store_snapshot_end(s, snap, &why), SP_OK);
}

static void test_damaged_snapshot(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  struct store_snapshot list[store_snapshots_max], bad;
  struct buf bytes = {0};
  uint32_t n;
  const struct fold_options o = {.site = "small"};
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 10);
  fx_snapshot(&fx);
  fx_day(&fx, 10);
  fx_snapshot(&fx);
  fx_day(&fx, 10);
  struct hash is = state_hash(fx.fold.core);
  assert_int_equal(store_snapshot_list(fx.store, list, &n, &why), SP_OK);
  assert_int_equal(n, 2);
  assert_int_equal(store_snapshot_read(fx.store, list[0].n, &bytes, &why), SP_OK);
  for (int kind = 0; kind < 6; kind++) {
    bad = list[0];
    struct buf copy = {0};
    buf_put(&copy, bytes.p, bytes.n);
    if (kind == 0)
      copy.p[copy.n / 2] ^= 1;
    if (kind == 1)
      copy.p[9] ^= 4; /* the layout; its hash is wrong too */
    if (kind == 2)
      copy.n--;
    if (kind == 3) { /* bytes and row agree, and the journal does not */
      copy.p[copy.n - 1] ^= 1;
      bad.hash = sha256_of(buf_span(&copy));
    }
    if (kind == 4)
      bad.bytes = UINT64_C(1) << 50;
    if (kind == 5) { /* at an entry that is no snapshot.taken */
      assert_int_equal(store_snapshot_drop(fx.store, list[0].n, &why), SP_OK);
      bad.n++;
    }
    write_snapshot(fx.store, &bad, buf_span(&copy));
    assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_OK);
    assert_int_equal(f.folded_from, list[1].n);
    assert_int_not_equal(f.snapshot_why.err, SP_OK);
    same_hash(state_hash(f.core), is);
    fold_close(&f);
    buf_free(&copy);
  }
  buf_free(&bytes);
  fx_end(&fx);
}

/* --- Entries that are not what was signed --- */

struct copied {
  struct buf all; /* the log as one bundle */
  uint32_t at[4096], n[4096], count;
};

static enum sp_err copy_entry(void *ctx, uint64_t n, struct span entry) {
  struct copied *c = ctx;
  assert_int_equal(n, c->count);
  assert_true(c->count < 4096);
  c->at[c->count] = (uint32_t)c->all.n;
  c->n[c->count++] = (uint32_t)entry.n;
  buf_put(&c->all, entry.p, entry.n);
  return SP_OK;
}

static struct copied *copy_log(struct store *s) {
  struct copied *c = sp_alloc(1, sizeof *c);
  struct fault why = {0};
  assert_int_equal(store_entries(s, 0, UINT64_MAX, copy_entry, c, &why), SP_OK);
  return c;
}

static struct span entry_of(const struct copied *c, uint32_t i) {
  return span_of(c->all.p + c->at[i], c->n[i]);
}

static void copied_free(struct copied *c) {
  buf_free(&c->all);
  sp_free(c);
}

static enum sp_err copy_blob(void *ctx, const struct store_blob *b) {
  struct fault why = {0};
  const struct store_batch batch = {.blobs = b, .n_blobs = 1};
  assert_int_equal(store_commit(ctx, &batch, &why), SP_OK);
  return SP_OK;
}

static enum sp_err copy_tile(void *ctx, const struct store_tile *t) {
  struct fault why = {0};
  const struct store_batch batch = {.tiles = t, .n_tiles = 1};
  assert_int_equal(store_commit(ctx, &batch, &why), SP_OK);
  return SP_OK;
}

/* A store with this log, and the tiles and blobs of another. */
static struct store *store_of(const struct buf *bundle, uint32_t n, struct store *rest) {
  struct store *s = memory();
  struct fault why = {0};
  const struct store_batch batch = {.entries = buf_span(bundle), .n_entries = n};
  assert_int_equal(store_commit(s, &batch, &why), SP_OK);
  assert_int_equal(store_blobs(rest, copy_blob, s, &why), SP_OK);
  assert_int_equal(store_tiles(rest, copy_tile, s, &why), SP_OK);
  return s;
}

/* The log with entry `i` replaced. */
static struct store *with_entry(const struct copied *c, uint32_t i, struct span entry,
                                struct store *rest) {
  struct buf bundle = {0};
  for (uint32_t k = 0; k < c->count; k++)
    bundle_put(&bundle, k == i ? entry : entry_of(c, k));
  struct store *s = store_of(&bundle, c->count, rest);
  buf_free(&bundle);
  return s;
}

static bool contains(const char *text, const char *part) {
  return strstr(text, part) != NULL;
}

static void test_one_changed_byte(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  char place[40];
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 6);
  fx_sign(&fx);
  struct checkpoint c = signed_by(&fx);
  struct copied *log = copy_log(fx.store);
  uint32_t held = 0, errors = 0;
  const struct fold_options strict = {.site = "small", .checkpoint = &c},
                            blind = {.site = "small", .no_tree = true};
  for (uint32_t i = 0; i < log->count; i++) {
    snprintf(place, sizeof place, "entry %u: ", i);
    for (uint32_t at = i % 5; at < log->n[i]; at += 5) {
      uint8_t entry[entry_max];
      memcpy(entry, entry_of(log, i).p, log->n[i]);
      entry[at] = (uint8_t)(entry[at] == '9' ? '8' : entry[at] == 'f' ? 'e' : entry[at] + 1);
      struct store *s = with_entry(log, i, span_of(entry, log->n[i]), fx.store);
      /* The signed root tells of every change. */
      assert_int_not_equal(fold_all(s, &strict, &f, &why), SP_OK);
      assert_true(f.core != NULL);
      fold_close(&f);
      /* Without it the change may go unnoticed (a time, a tag), or it is told with its place; in
       * no case does it reach an assertion. */
      enum sp_err err = fold_all(s, &blind, &f, &why);
      if (err) {
        errors++;
        assert_true(err == SP_CORRUPT || err == SP_VERSION);
        assert_true(contains(why.text, "entry "));
      } else {
        held++;
      }
      fold_close(&f);
      store_close(s);
    }
  }
  assert_true(errors > 500 && held > 100);
  copied_free(log);
  fx_end(&fx);
}

/* An entry taken out or put in twice, all behind it renumbered: each event then stands in a state
 * in which it could not have been decided. */
static struct store *renumbered(const struct copied *c, uint32_t i, int by, struct store *rest) {
  struct buf bundle = {0}, one = {0};
  struct fault why = {0};
  uint32_t n = 0;
  for (uint32_t k = 0; k < c->count; k++)
    for (int twice = k == i ? 1 + by : 1; twice > 0; twice--) {
      struct entry e;
      assert_int_equal(entry_parse(&e, entry_of(c, k), &why), SP_OK);
      if (e.cause != CAUSE_NONE)
        e.cause = e.cause >= i && n ? n - 1 : e.cause;
      e.n = n++;
      buf_reset(&one);
      entry_encode(&one, &e);
      bundle_put(&bundle, buf_span(&one));
    }
  struct store *s = store_of(&bundle, n, rest);
  buf_free(&bundle);
  buf_free(&one);
  return s;
}

static void test_missing_and_doubled(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  uint32_t errors = 0;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 8);
  fx_erase(&fx, 1);
  fx_plan(&fx, plan_file, (struct actor){ACTOR_OPERATOR, 0}, 1);
  fx_day(&fx, 3);
  struct copied *log = copy_log(fx.store);
  const struct fold_options blind = {.site = "small", .no_tree = true};
  for (int by = -1; by <= 1; by += 2)
    for (uint32_t i = 0; i < log->count; i++) {
      struct store *s = renumbered(log, i, by, fx.store);
      enum sp_err err = fold_all(s, &blind, &f, &why);
      if (err)
        assert_true(contains(why.text, "entry "));
      errors += err != SP_OK;
      fold_close(&f);
      store_close(s);
    }
  assert_true(errors > log->count / 2);
  copied_free(log);
  fx_end(&fx);
}

/* --- Named faults --- */

struct change {
  const char *find, *put;
  enum sp_err err;
  const char *told;
};

/* The first entry that has `find` gets `put` in its place. */
static void test_named(void **state) {
  (void)state;
  static const struct change changes[] = {
      {"\"type\":\"person.added\",\"v\":1", "\"type\":\"person.vanished\",\"v\":1", SP_VERSION,
       "person.vanished"},
      {"\"type\":\"person.added\",\"v\":1", "\"type\":\"person.added\",\"v\":2", SP_VERSION,
       "version 2"},
      {"\"site\":\"small\"", "\"site\":\"other\"", SP_CORRUPT, "another site"},
      {"{\"at\":\"2026-11-23T08:00:0", "{\"at\":\"2025-11-23T08:00:0", SP_OK, NULL},
      {"\"number\":10009", "\"number\":10017", SP_CORRUPT, "short number"},
      {"\"n\":3,", "\"n\":4,", SP_CORRUPT, "entry 4"},
      {"\"kind\":\"officer\",\"number\"", "\"kind\":\"ogre\",\"number\"", SP_CORRUPT, "ogre"},
      {"\"data\":{\"compiled\":\"", "\"data\":{\"compiled\":\"0", SP_CORRUPT, "compiled"},
  };
  struct fx fx;
  struct fold f;
  struct fault why;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 3);
  struct copied *log = copy_log(fx.store);
  const struct fold_options blind = {.site = "small", .no_tree = true};
  for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
    const struct change *ch = &changes[k];
    uint32_t i = 0;
    const uint8_t *hit = NULL;
    for (; i < log->count && !hit; i += !hit)
      hit = memmem(entry_of(log, i).p, log->n[i], ch->find, strlen(ch->find));
    assert_non_null(hit);
    struct buf entry = {0};
    struct span was = entry_of(log, i);
    size_t before = (size_t)(hit - was.p), find_n = strlen(ch->find);
    buf_put(&entry, was.p, before);
    buf_puts(&entry, ch->put);
    buf_put(&entry, hit + find_n, was.n - before - find_n);
    struct store *s = with_entry(log, i, buf_span(&entry), fx.store);
    assert_int_equal(fold_all(s, &blind, &f, &why), ch->err);
    if (ch->told && !contains(why.text, ch->told))
      fail_msg("\"%s\" does not tell of \"%s\"", why.text, ch->told);
    fold_close(&f);
    store_close(s);
    buf_free(&entry);
  }
  /* Time goes back. */
  struct buf entry = {0};
  buf_put(&entry, entry_of(log, 9).p, log->n[9]);
  memcpy(entry.p, "{\"at\":\"2025", 11);
  struct store *s = with_entry(log, 9, buf_span(&entry), fx.store);
  assert_int_equal(fold_all(s, &blind, &f, &why), SP_CORRUPT);
  assert_true(contains(why.text, "entry 9: time goes back"));
  fold_close(&f);
  store_close(s);
  buf_free(&entry);
  copied_free(log);
  fx_end(&fx);
}

static void test_rollback_and_fork(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 40);
  fx_sign(&fx);
  struct checkpoint c = signed_by(&fx);
  struct fold_options o = {.site = "small", .checkpoint = &c};
  c.size++;
  assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_FORK);
  fold_close(&f);
  c.size--;
  c.root.b[7] ^= 1;
  assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_FORK);
  fold_close(&f);
  /* The same with a snapshot far behind what was signed. */
  fx_day(&fx, 100);
  fx_snapshot(&fx);
  assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_FORK);
  fold_close(&f);
  c.root.b[7] ^= 1;
  assert_int_equal(fold_all(fx.store, &o, &f, &why), SP_OK);
  assert_true(f.folded_from > c.size);
  fold_close(&f);
  fx_end(&fx);
}

static void test_missing_rows(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 120);
  struct copied *log = copy_log(fx.store);
  struct store *nothing = memory();
  struct buf bundle = {0};
  for (uint32_t k = 0; k < log->count; k++)
    bundle_put(&bundle, entry_of(log, k));
  struct store *s = store_of(&bundle, log->count, nothing);
  const struct fold_options o = {.site = "small"}, blind = {.site = "small", .no_tree = true};
  assert_int_equal(fold_all(s, &blind, &f, &why), SP_CORRUPT);
  assert_true(contains(why.text, "entry 1: the plan's blob"));
  fold_close(&f);
  assert_int_equal(store_blobs(fx.store, copy_blob, s, &why), SP_OK);
  assert_int_equal(fold_all(s, &blind, &f, &why), SP_OK);
  fold_close(&f);
  assert_true(log->count > 256);
  assert_int_equal(fold_all(s, &o, &f, &why), SP_CORRUPT);
  assert_true(contains(why.text, "tile 0/0 is missing"));
  fold_close(&f);
  store_close(s);
  store_close(nothing);
  buf_free(&bundle);
  copied_free(log);
  fx_end(&fx);
}

/* Every allocation in turn is not to be had. */
static void test_no_memory(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  const struct fold_options o = {.site = "small"};
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 5);
  fx_snapshot(&fx);
  fx_day(&fx, 2);
  enum sp_err err = SP_NO_MEMORY;
  for (uint64_t n = 0; err && n < 10000; n++) {
    sp_alloc_fail_after(n, true);
    err = fold_all(fx.store, &o, &f, &why);
    sp_alloc_fail_after(UINT64_MAX, false);
    if (err && err != SP_NO_MEMORY)
      fail_msg("%s: %s", sp_err_name(err), why.text);
    fold_close(&f);
  }
  assert_int_equal(err, SP_OK);
  fx_end(&fx);
}

/* Every call of the store in turn fails, once and from then on. */
static void test_failing_store(void **state) {
  (void)state;
  struct fx fx;
  struct fold f;
  struct fault why;
  fx_new(&fx, memory(), plan_file);
  fx_day(&fx, 60);
  fx_snapshot(&fx);
  fx_day(&fx, 80);
  fx_sign(&fx);
  struct checkpoint c = signed_by(&fx);
  c.size = 100;
  c.root = (struct hash){{0}};
  for (int old_root = 0; old_root < 2; old_root++) {
    const struct fold_options o = {.site = "small", .checkpoint = old_root ? &c : NULL};
    enum sp_err err = SP_IO;
    for (uint64_t n = 0; err == SP_IO && n < 10000; n++) {
      store_memory_fail(fx.store, STORE_MEMORY_ANY, n, old_root);
      err = fold_all(fx.store, &o, &f, &why);
      store_memory_fail(fx.store, STORE_MEMORY_ANY, UINT64_MAX, false);
      fold_close(&f);
    }
    if (err != (old_root ? SP_FORK : SP_OK))
      fail_msg("%s: %s", sp_err_name(err), why.text);
  }
  fx_end(&fx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_state),
      cmocka_unit_test(test_catch_up),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_damaged_snapshot),
      cmocka_unit_test(test_one_changed_byte),
      cmocka_unit_test(test_missing_and_doubled),
      cmocka_unit_test(test_named),
      cmocka_unit_test(test_rollback_and_fork),
      cmocka_unit_test(test_missing_rows),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_failing_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
