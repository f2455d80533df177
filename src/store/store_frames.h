/* store_frames.h: entries one after the other, each behind its u16 big-endian length. */
#ifndef SP_STORE_STORE_FRAMES_H
#define SP_STORE_STORE_FRAMES_H

#include "base/bytes.h"

/* Takes the first entry off `rest`. False when `rest` does not begin with a whole one. */
static inline bool frames_next(struct span *rest, struct span *entry) {
  size_t n = rest->n >= 2 ? load_be16(rest->p) : SIZE_MAX;
  if (n == SIZE_MAX || n > rest->n - 2)
    return false;
  *entry = span_of(rest->p + 2, n);
  *rest = span_of(rest->p + 2 + n, rest->n - 2 - n);
  return true;
}

/* Exactly `count` entries and nothing behind them. */
static inline bool frames_hold(struct span bytes, uint32_t count) {
  struct span entry;
  while (count && frames_next(&bytes, &entry))
    count--;
  return count == 0 && bytes.n == 0;
}

#endif
