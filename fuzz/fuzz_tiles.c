/* Names of tiles, and bundles of entries. The first byte says which: 0 a name, else a bundle. What
 * is read and written again is the same. */
#include "fuzz/fuzz.h"
#include "journal/tile_path.h"

#include <string.h>

static void try_name(struct span name) {
  int level;
  uint64_t index;
  unsigned width;
  char again[tile_path_max];
  if (!tile_path_parse(name, &level, &index, &width))
    return;
  MUST_HOLD(level >= TILE_ENTRIES && level <= tile_level_max && index <= TILE_INDEX_MAX);
  MUST_HOLD(width >= 1 && width <= 256);
  tile_path(again, level, index, width);
  MUST_HOLD(span_is(name, again));
  MUST_HOLD(tile_width_at(level, index, UINT64_C(1) << 53) <= 256);
}

static void try_bundle(struct span bundle) {
  struct span rest = bundle, entry;
  struct buf again = {0};
  while (bundle_next(&rest, &entry))
    bundle_put(&again, entry);
  MUST_HOLD(again.n + rest.n == bundle.n && (!again.n || memcmp(again.p, bundle.p, again.n) == 0));
  buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  if (n && p[0] == 0)
    try_name(span_of(p + 1, n - 1));
  else if (n)
    try_bundle(span_of(p + 1, n - 1));
  return 0;
}
