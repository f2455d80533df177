#include "journal/tile_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tile_path(char out[tile_path_max], int level, uint64_t index, unsigned width) {
  SP_ASSERT(width >= 1 && width <= 256);
  char groups[40], *p = groups + sizeof groups;
  *--p = 0;
  bool last = true;
  do {
    char group[5];
    snprintf(group, sizeof group, "%s%03" PRIu64, last ? "" : "x", index % 1000);
    size_t n = strlen(group);
    if (!last)
      *--p = '/';
    p -= n;
    memcpy(p, group, n);
    index /= 1000;
    last = false;
  } while (index);
  int n = level == TILE_ENTRIES ? snprintf(out, tile_path_max, "tile/entries/%s", p)
                                : snprintf(out, tile_path_max, "tile/%d/%s", level, p);
  if (width < 256)
    snprintf(out + n, tile_path_max - (size_t)n, ".p/%u", width);
}
