#include "journal/tile_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
  const char *path;
  int level;
  uint64_t index;
  unsigned width;
} names[] = {
    {"tile/0/000", 0, 0, 256},
    {"tile/0/999", 0, 999, 256},
    {"tile/0/x001/000", 0, 1000, 256},
    {"tile/0/x001/x234/067", 0, 1234067, 256},
    {"tile/3/x001/x234/067.p/8", 3, 1234067, 8},
    {"tile/63/000.p/255", 63, 0, 255},
    {"tile/entries/000.p/1", TILE_ENTRIES, 0, 1},
    {"tile/entries/x035/x184/x372/x088/831", TILE_ENTRIES, TILE_INDEX_MAX, 256},
};

static void names_go_round(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[tile_path_max];
    int level;
    uint64_t index;
    unsigned width;
    tile_path(path, names[i].level, names[i].index, names[i].width);
    assert_string_equal(path, names[i].path);
    assert_true(tile_path_parse(span_str(path), &level, &index, &width));
    assert_true(level == names[i].level && index == names[i].index && width == names[i].width);
  }
}

static void one_name_for_each(void **state) {
  (void)state;
  const char *no[] = {
      "",
      "tile",
      "tile/",
      "tile/0",
      "tile/0/",
      "tile/0/0",
      "tile/0/00",
      "tile/0/0000",
      "tile/0/x000/001",
      "tile/0/001/002",
      "tile/0/x001",
      "tile/0/x001/",
      "tile/0/x001/x002",
      "tile/00/000",
      "tile/01/000",
      "tile/64/000",
      "tile/100/000",
      "tile/-1/000",
      "tile/entry/000",
      "tile/entries/000/",
      "tile/0/000.p",
      "tile/0/000.p/",
      "tile/0/000.p/0",
      "tile/0/000.p/01",
      "tile/0/000.p/256",
      "tile/0/000.p/1000",
      "tile/0/000.p/1 ",
      "tile/0/000x",
      "/tile/0/000",
      "tile/0/../000",
      "tile/0/x035/x184/x372/x088/832",
      "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
      "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
  };
  int level;
  uint64_t index;
  unsigned width;
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    if (tile_path_parse(span_str(no[i]), &level, &index, &width))
      fail_msg("%s", no[i]);
}

/* The example of tlog-tiles: a tree of 70,000. */
static void widths(void **state) {
  (void)state;
  assert_int_equal(tile_width_at(0, 272, 70000), 256);
  assert_int_equal(tile_width_at(0, 273, 70000), 112);
  assert_int_equal(tile_width_at(TILE_ENTRIES, 273, 70000), 112);
  assert_int_equal(tile_width_at(0, 274, 70000), 0);
  assert_int_equal(tile_width_at(1, 0, 70000), 256);
  assert_int_equal(tile_width_at(1, 1, 70000), 17);
  assert_int_equal(tile_width_at(2, 0, 70000), 1);
  assert_int_equal(tile_width_at(3, 0, 70000), 0);
  assert_int_equal(tile_width_at(63, 0, UINT64_MAX), 0);
  assert_int_equal(tile_width_at(0, UINT64_MAX, UINT64_MAX), 0);
  assert_int_equal(tile_width_at(0, 0, 256), 256);
  assert_int_equal(tile_width_at(1, 0, 256), 1);
  assert_int_equal(tile_width_at(0, 0, 0), 0);
}

static void bundles_go_round(void **state) {
  (void)state;
  struct buf b = {0}, big = {0};
  struct span rest, entry;
  for (int i = 0; i < 65535; i++)
    buf_put(&big, "x", 1);
  bundle_put(&b, SPAN_LIT("{}"));
  bundle_put(&b, SPAN_LIT(""));
  bundle_put(&b, buf_span(&big));
  assert_memory_equal(b.p, "\0\2{}\0\0\xff\xff", 8);
  rest = buf_span(&b);
  assert_true(bundle_next(&rest, &entry) && span_is(entry, "{}"));
  assert_true(bundle_next(&rest, &entry) && entry.n == 0);
  assert_true(bundle_next(&rest, &entry) && span_eq(entry, buf_span(&big)));
  assert_false(bundle_next(&rest, &entry));
  assert_int_equal(rest.n, 0);
  /* Cut off anywhere but between entries: said so. */
  for (size_t n = 1; n < 10; n++) {
    uint8_t *cut = malloc(n);
    memcpy(cut, b.p, n);
    rest = span_of(cut, n);
    while (bundle_next(&rest, &entry))
      ;
    assert_int_equal(rest.n == 0, n == 4 || n == 6);
    free(cut);
  }
  /* All of an entry or nothing. */
  struct buf none = {0};
  sp_alloc_fail_after(0, true);
  bundle_put(&none, SPAN_LIT("{}"));
  sp_alloc_fail_after(UINT64_MAX, false);
  assert_true(none.failed && none.n == 0);
  buf_free(&b);
  buf_free(&big);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_go_round),
      cmocka_unit_test(one_name_for_each),
      cmocka_unit_test(widths),
      cmocka_unit_test(bundles_go_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
