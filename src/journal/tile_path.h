/* tile_path.h: names of tiles and entry bundles as C2SP tlog-tiles says: tile/<L>/<N>[.p/<W>] and
 * tile/entries/<N>[.p/<W>], N in groups of three digits, all but the last with an x before. */
#ifndef SP_JOURNAL_TILE_PATH_H
#define SP_JOURNAL_TILE_PATH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { tile_path_max = 64 };
#define TILE_ENTRIES (-1)

/* level: 0-5, or TILE_ENTRIES; width 1-256 (256 = full). */
void tile_path(char out[tile_path_max], int level, uint64_t index, unsigned width);

#endif
