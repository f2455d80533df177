/* tile_path.h: names of tiles and entry bundles, and what is in a bundle, as C2SP tlog-tiles says.
 *
 *   tile/<L>/<N>[.p/<W>]        hashes of level L
 *   tile/entries/<N>[.p/<W>]    entries
 *
 * N in groups of three digits, all but the last with an x before: 1234067 is x001/x234/067. W is
 * there only for a partial tile, 1 to 255. A bundle is its entries in order, each after its length
 * as two bytes, big-endian.
 */
#ifndef SP_JOURNAL_TILE_PATH_H
#define SP_JOURNAL_TILE_PATH_H

#include "base/bytes.h"

enum {
  tile_path_max = 64, /* with the NUL */
  tile_level_max = 63
};
#define TILE_ENTRIES (-1)
/* Levels have fewer tiles than this: 2^53 entries / 256. */
#define TILE_INDEX_MAX ((UINT64_C(1) << 45) - 1)

/* Writes the name with a NUL. level: 0 to tile_level_max, or TILE_ENTRIES; index: to
 * TILE_INDEX_MAX; width: 1 to 256 (256 = full). */
void tile_path(char out[tile_path_max], int level, uint64_t index, unsigned width);

/* Reads a name; false unless it is exactly what tile_path would write. A name may be asked for by
 * anyone: whether there is such a tile at a published size is another question (tile_width_at). */
bool tile_path_parse(struct span path, int *level, uint64_t *index, unsigned *width);

/* How wide tile `index` of a level (TILE_ENTRIES counts as 0) is in a log of `size` entries:
 * 0 (there is none) to 256. */
unsigned tile_width_at(int level, uint64_t index, uint64_t size);

/* Appends one entry, at most 65,535 bytes, to a bundle. */
void bundle_put(struct buf *bundle, struct span entry);
/* Takes the next entry off the front of what is left of a bundle; it points into the same bytes.
 * False at the end (rest->n is then 0) or when the bundle is cut off (rest->n is then not 0). */
bool bundle_next(struct span *rest, struct span *entry);

#endif
