#include "journal/tile_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { full_width = 256 };

void tile_path(char out[tile_path_max], int level, uint64_t index, unsigned width) {
  SP_ASSERT(width >= 1 && width <= full_width && index <= TILE_INDEX_MAX);
  SP_ASSERT(level == TILE_ENTRIES || (level >= 0 && level <= tile_level_max));
  /* Groups from the last to the first, right to left. */
  char groups[40], *p = groups + sizeof groups;
  *--p = 0;
  for (bool last = true; last || index; last = false, index /= 1000) {
    unsigned group = (unsigned)(index % 1000);
    if (!last)
      *--p = '/';
    *--p = (char)('0' + group % 10);
    *--p = (char)('0' + group / 10 % 10);
    *--p = (char)('0' + group / 100);
    if (!last)
      *--p = 'x';
  }
  int n = level == TILE_ENTRIES ? snprintf(out, tile_path_max, "tile/entries/%s", p)
                                : snprintf(out, tile_path_max, "tile/%d/%s", level, p);
  if (width < full_width)
    snprintf(out + n, tile_path_max - (size_t)n, ".p/%u", width);
}

static bool take(struct span *s, const char *text) {
  size_t n = strlen(text);
  if (s->n < n || memcmp(s->p, text, n) != 0)
    return false;
  s->p += n;
  s->n -= n;
  return true;
}

/* As many digits as there are, at most `most`; 0 when there are none. */
static size_t take_digits(struct span *s, size_t most, unsigned *out) {
  size_t n = 0;
  for (*out = 0; n < most && n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
    *out = *out * 10 + (unsigned)(s->p[n] - '0');
  s->p += n;
  s->n -= n;
  return n;
}

bool tile_path_parse(struct span path, int *level, uint64_t *index, unsigned *width) {
  struct span s = path;
  unsigned v;
  bool more;
  if (path.n >= tile_path_max || !take(&s, "tile/"))
    return false;
  *level = TILE_ENTRIES;
  if (!take(&s, "entries/")) {
    if (!take_digits(&s, 2, &v) || v > tile_level_max || !take(&s, "/"))
      return false;
    *level = (int)v;
  }
  *index = 0;
  do {
    more = take(&s, "x");
    if (take_digits(&s, 3, &v) != 3 || (more && !take(&s, "/")))
      return false;
    *index = *index * 1000 + v;
    if (*index > TILE_INDEX_MAX)
      return false;
  } while (more);
  *width = full_width;
  if (take(&s, ".p/") && (!take_digits(&s, 3, width) || *width < 1 || *width >= full_width))
    return false;
  /* One name for each tile: no leading zeros, no empty first group, nothing after it. */
  char again[tile_path_max];
  tile_path(again, *level, *index, *width);
  return span_is(path, again);
}

unsigned tile_width_at(int level, uint64_t index, uint64_t size) {
  int shift = level == TILE_ENTRIES ? 0 : 8 * level;
  if (shift > 56 || index > TILE_INDEX_MAX)
    return 0;
  uint64_t hashes = size >> shift, first = index * full_width;
  if (first >= hashes)
    return 0;
  return hashes - first < full_width ? (unsigned)(hashes - first) : full_width;
}

void bundle_put(struct buf *bundle, struct span entry) {
  SP_ASSERT(entry.n <= UINT16_MAX);
  uint8_t length[2];
  store_be16(length, (uint16_t)entry.n);
  if (!buf_reserve(bundle, sizeof length + entry.n)) /* all or nothing */
    return;
  buf_put(bundle, length, sizeof length);
  buf_put(bundle, entry.p, entry.n);
}

bool bundle_next(struct span *rest, struct span *entry) {
  if (rest->n < 2)
    return false;
  size_t n = load_be16(rest->p);
  if (rest->n - 2 < n)
    return false;
  *entry = span_of(rest->p + 2, n);
  rest->p += 2 + n;
  rest->n -= 2 + n;
  return true;
}
