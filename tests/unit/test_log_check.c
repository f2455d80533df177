/* The log's own check, on a log that is large enough for tiles of two levels and made in memory. */
#include "audit/log_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { entries_n = 66000, tiles_max = 300 };

/* What is done to the log on its way to the check. */
struct made {
  struct buf entry[entries_n];
  struct {
    unsigned level;
    uint64_t index;
    struct hash hash[tile_width];
  } tile[tiles_max];
  uint32_t n_tiles;
  struct hash root, root_at_1000;
  uint64_t gone_from, gone_until; /* entries that are not given */
  uint64_t size;                  /* that it claims */
  uint64_t stray;                 /* one more, with this index */
};

static struct made *log_made;

static void keep_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  struct made *m = ctx;
  assert_true(m->n_tiles < tiles_max);
  m->tile[m->n_tiles].level = level;
  m->tile[m->n_tiles].index = index;
  memcpy(m->tile[m->n_tiles++].hash, tile, tile_bytes);
}

static void put_entry(struct buf *b, uint64_t n) {
  struct entry e = {.at = (usec)n * USEC_PER_S,
                    .known_at = TIME_ABSENT,
                    .by = span_str("core"),
                    .cause = n % 3 ? n - n % 3 : CAUSE_NONE,
                    .data = span_str("{}"),
                    .n = n,
                    .site = span_str("small"),
                    .type = span_str(n ? "details.read" : "site.created")};
  if (e.cause == CAUSE_NONE)
    e.command = span_str("{\"type\":\"tick\"}");
  else
    e.at = (usec)e.cause * USEC_PER_S;
  entry_encode(b, &e);
}

static int make_log(void **state) {
  (void)state;
  struct made *m = sp_alloc(1, sizeof *m);
  struct tree *t = sp_alloc(1, sizeof *t);
  tree_init(t);
  for (uint32_t n = 0; n < entries_n; n++) {
    put_entry(&m->entry[n], n);
    struct hash leaf = tree_leaf(buf_span(&m->entry[n]));
    tree_append(t, &leaf, keep_tile, m);
    if (n == 999)
      m->root_at_1000 = tree_root(t);
  }
  m->root = tree_root(t);
  m->size = entries_n;
  sp_free(t);
  log_made = m;
  return 0;
}

static int free_log(void **state) {
  (void)state;
  for (uint32_t n = 0; n < entries_n; n++)
    buf_free(&log_made->entry[n]);
  sp_free(log_made);
  return 0;
}

static enum sp_err walk(void *ctx, log_take *take, void *sink, struct fault *why) {
  struct made *m = ctx;
  (void)why;
  enum sp_err err = SP_OK;
  for (uint32_t n = 0; n < entries_n && !err; n++)
    if (n < m->gone_from || n >= m->gone_until)
      err = take(sink, n, buf_span(&m->entry[n]));
  return m->stray && !err ? take(sink, m->stray, buf_span(&m->entry[0])) : err;
}

static bool tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *out) {
  struct made *m = ctx;
  for (uint32_t i = 0; i < m->n_tiles && width == tile_width; i++)
    if (m->tile[i].level == level && m->tile[i].index == index) {
      memcpy(out, m->tile[i].hash, tile_bytes);
      return true;
    }
  return false;
}

struct seen {
  uint64_t n, types[EVENT_COUNT + 1];
};

static void see(void *ctx, const struct entry *e, enum event_type type) {
  struct seen *s = ctx;
  (void)e;
  s->n++;
  s->types[type]++;
}

struct run {
  struct report report;
  struct log_facts facts;
  struct log_signed roots[2];
  struct seen seen;
};

static void check(struct run *r) {
  struct fault why = {0};
  const struct log_source source = {
      .ctx = log_made, .size = log_made->size, .walk = walk, .tile = tile};
  memset(r, 0, sizeof *r);
  const struct log_visitor visitor = {&r->seen, see};
  assert_int_equal(report_init(&r->report, &why), SP_OK);
  r->roots[0] = (struct log_signed){.where = "the newest", .size = entries_n};
  r->roots[0].root = log_made->root;
  r->roots[1] = (struct log_signed){.where = "an old one", .size = 1000};
  r->roots[1].root = log_made->root_at_1000;
  if (log_check(&source, span_str("small"), r->roots, 2, &visitor, &r->report, NULL, &r->facts,
                &why))
    fail_msg("%s", why.text);
}

static bool told(const struct run *r, const char *text) {
  for (uint32_t i = 0; i < r->report.kept; i++)
    if (strstr(r->report.at[i].text, text))
      return true;
  return false;
}

/* Exactly these faults, the first of them told so. */
static void expect(const char *text, uint64_t found) {
  struct run r;
  check(&r);
  if (!told(&r, text) || r.report.found != found) {
    for (uint32_t i = 0; i < r.report.kept && i < 10; i++)
      print_error("  %s\n", r.report.at[i].text);
    fail_msg("%llu faults where %llu with \"%s\" were expected", (unsigned long long)r.report.found,
             (unsigned long long)found, text);
  }
  report_free(&r.report);
}

static void test_whole(void **state) {
  (void)state;
  struct run r;
  check(&r);
  assert_int_equal(r.report.found, 0);
  assert_int_equal(r.facts.size, entries_n);
  assert_int_equal(r.facts.entries, entries_n);
  assert_memory_equal(&r.facts.root, &log_made->root, sizeof r.facts.root);
  assert_true(r.roots[0].holds && r.roots[1].holds);
  assert_int_equal(r.seen.n, entries_n);
  assert_int_equal(r.seen.types[EVENT_SITE_CREATED], 1);
  assert_string_equal(r.facts.site, "small");
  report_free(&r.report);
}

static struct hash *hash_at(unsigned level, uint64_t index, unsigned at) {
  for (uint32_t i = 0; i < log_made->n_tiles; i++)
    if (log_made->tile[i].level == level && log_made->tile[i].index == index)
      return &log_made->tile[i].hash[at];
  fail_msg("no tile %u/%llu", level, (unsigned long long)index);
  return NULL;
}

static void test_tiles(void **state) {
  (void)state;
  hash_at(1, 0, 200)->b[5] ^= 1;
  expect("tile 1/0: hash 200 is not what the tile below it gives", 1);
  hash_at(1, 0, 200)->b[5] ^= 1;
  hash_at(0, 17, 9)->b[0] ^= 1;
  /* Its root is another now too, and the tile above it says so. */
  expect("tile 0/17: its hash of entry 4361 is not that of the entry, which is as it was signed",
         2);
  hash_at(0, 17, 9)->b[0] ^= 1;
  uint32_t last = log_made->n_tiles - 1;
  log_made->tile[last].index += 1000;
  expect(": missing", 1);
  log_made->tile[last].index -= 1000;
}

static void swap_entry(uint64_t n, const char *find, const char *put) {
  struct buf *b = &log_made->entry[n];
  uint8_t *hit = memmem(b->p, b->n, find, strlen(find));
  assert_non_null(hit);
  assert_int_equal(strlen(find), strlen(put));
  memcpy(hit, put, strlen(put));
}

static void test_entries(void **state) {
  (void)state;
  /* Still canonical: only its hash tells. */
  swap_entry(30000, "tick", "tock");
  expect("entry 30000: its hash is not the one in tile 0/117: the entry was changed after it was "
         "signed",
         1);
  swap_entry(30000, "tock", "tick");
  swap_entry(400, "\"at\":\"1970", "\"at\":\"1969");
  expect("entry 400: time goes back", 3); /* and it is not its command's, and its hash */
  swap_entry(400, "\"at\":\"1969", "\"at\":\"1970");
  swap_entry(400, "\"cause\":399", "\"cause\":396");
  expect("entry 400: its cause is not the command's first entry before it", 2);
  swap_entry(400, "\"cause\":396", "\"cause\":399");
  swap_entry(400, "details.read", "details.reed");
  expect("entry 400: type \"details.reed\" is not known", 2);
  swap_entry(400, "details.reed", "details.read");
  swap_entry(400, "details.read", "site.created");
  expect("entry 400: a log begins with site.created, once", 2);
  swap_entry(400, "site.created", "details.read");
  swap_entry(400, "\"site\":\"small\"", "\"site\":\"large\"");
  expect("entry 400: it is of site \"large\", and the log of \"small\"", 2);
  swap_entry(400, "\"site\":\"large\"", "\"site\":\"small\"");
  swap_entry(400, "\"n\":400", "\"n\":401");
  expect("entry 400: it says it is entry 401", 2);
  swap_entry(400, "\"n\":401", "\"n\":400");
  swap_entry(400, "\"data\":{}", "\"data\":{ ");
  expect("entry 400: not an entry", 2);
  swap_entry(400, "\"data\":{ ", "\"data\":{}");
  /* Behind the last full tile there is no hash but the signed root. */
  swap_entry(entries_n - 4, "\"at\":\"1970-01-01T18", "\"at\":\"1970-01-01T19");
  struct run r;
  check(&r);
  assert_true(told(&r, "the newest signs 66000 entries with another root"));
  assert_true(r.roots[1].holds);
  report_free(&r.report);
  swap_entry(entries_n - 4, "\"at\":\"1970-01-01T19", "\"at\":\"1970-01-01T18");
  check(&r);
  assert_int_equal(r.report.found, 0);
  report_free(&r.report);
}

static void test_missing(void **state) {
  (void)state;
  struct made *m = log_made;
  m->gone_from = 700;
  m->gone_until = 703;
  expect("entry 701: missing", 3);
  m->gone_until = 0;
  m->gone_from = entries_n - 10;
  m->gone_until = entries_n;
  expect("entry 65999: missing", 11); /* and the root */
  m->size = entries_n - 10;
  expect("the newest signs 66000 entries, and the log has 65990", 1);
  m->gone_until = 0;
  /* A damaged number must not make it run for ever. */
  m->size = UINT64_C(1) << 52;
  expect("entries 66000 to 4503599627370495: missing", 1);
  m->size = entries_n;
  m->stray = UINT64_C(1) << 40;
  expect("entries 66000 to 1099511627775: missing", 1);
  m->stray = 0;
}

struct stopping {
  uint32_t left;
};

static bool stop(void *ctx, const char *what, uint64_t n, uint64_t total) {
  struct stopping *s = ctx;
  (void)what, (void)n, (void)total;
  return s->left-- > 0;
}

static void test_stopped(void **state) {
  (void)state;
  struct stopping s = {0};
  const struct progress progress = {stop, &s};
  struct log_facts facts;
  struct report report;
  struct fault why = {0};
  const struct log_source source = {
      .ctx = log_made, .size = log_made->size, .walk = walk, .tile = tile};
  assert_int_equal(report_init(&report, &why), SP_OK);
  assert_int_equal(
      log_check(&source, (struct span){0}, NULL, 0, NULL, &report, &progress, &facts, &why),
      SP_UNAVAILABLE);
  report_free(&report);
}

/* Every request for memory in turn fails: an error, and nothing left behind. */
static void test_no_memory(void **state) {
  (void)state;
  struct log_facts facts;
  struct report report;
  struct fault why = {0};
  const struct log_source source = {
      .ctx = log_made, .size = log_made->size, .walk = walk, .tile = tile};
  assert_int_equal(report_init(&report, &why), SP_OK);
  enum sp_err err = SP_NO_MEMORY;
  for (uint64_t n = 0; err && n < 200; n++) {
    sp_alloc_fail_after(n, true);
    err = log_check(&source, (struct span){0}, NULL, 0, NULL, &report, NULL, &facts, &why);
    sp_alloc_fail_after(UINT64_MAX, false);
    assert_true(err == SP_OK || err == SP_NO_MEMORY);
  }
  assert_int_equal(err, SP_OK);
  report_free(&report);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),   cmocka_unit_test(test_tiles),
      cmocka_unit_test(test_entries), cmocka_unit_test(test_missing),
      cmocka_unit_test(test_stopped), cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, make_log, free_log);
}
