/* details.h: commitments to personal details, which themselves stay out of the journal.
 *
 * commit = HMAC-SHA256(key, opening || type || length || details), where key is the 29 ASCII bytes
 * "sallyport personal details v1", opening 32 fresh random bytes, type the entry's type as ASCII,
 * length the number of bytes of the details as 64 bits big endian, details canonical JSON.
 * Whoever holds opening and details can prove what was committed to; without them nothing is
 * learned, and after erasure nothing can be.
 */
#ifndef SP_JOURNAL_DETAILS_H
#define SP_JOURNAL_DETAILS_H

#include "base/record.h"

enum { details_max = 16384 };

struct hash details_commit(const struct hash *opening, struct span type, struct span details);

#endif
