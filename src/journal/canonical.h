/* canonical.h: one pass over JSON of the journal's dialect (base/record.h), without building
 * anything. Private to the journal; entry.h offers it for whole entries.
 *
 * Invariants:
 *   1. no byte at or after `end` is read;
 *   2. recursion is at most canonical_depth_max deep;
 *   3. what passes has exactly one spelling: a change of any byte outside strings and numbers
 *      makes it fail.
 */
#ifndef SP_JOURNAL_CANONICAL_H
#define SP_JOURNAL_CANONICAL_H

#include "base/bytes.h"

/* Objects and lists within each other, the outermost counted. */
enum { canonical_depth_max = 8 };

/* Where it stopped, and why: static text. */
struct canonical_stop {
  const uint8_t *at;
  const char *what;
};

/* p points at what should be the opening brace of an object. Returns the byte after its closing
 * brace, or NULL with *stop filled. depth: how many levels it may have, itself counted. */
const uint8_t *canonical_object(const uint8_t *p, const uint8_t *end, unsigned depth,
                                struct canonical_stop *stop);

/* p points behind an opening quote. Returns the closing quote, or NULL with *stop filled. */
const uint8_t *canonical_string(const uint8_t *p, const uint8_t *end, struct canonical_stop *stop);

/* p points at the first digit. Returns the byte after the last one, or NULL with *stop filled;
 * the value is 0 to 2^53-1. value may be NULL. */
const uint8_t *canonical_integer(const uint8_t *p, const uint8_t *end, uint64_t *value,
                                 struct canonical_stop *stop);

#endif
