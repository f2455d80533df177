/* sha256.h: SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104), cheap for each call. Nothing here
 * allocates or can fail; states may be copied; no process-wide state. */
#ifndef SP_JOURNAL_SHA256_H
#define SP_JOURNAL_SHA256_H

#include "base/record.h"

/* A state. start, add any number of times, end once; p may be NULL when n is 0. */
struct sha256 {
  _Alignas(8) uint8_t opaque[128];
};
void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t n);
struct hash sha256_end(struct sha256 *s);
struct hash sha256_of(struct span s);

/* RFC 2104 with the key's two blocks hashed once, which halves the cost of a short message. It is
 * as secret as the key: bytes_wipe it. */
struct hmac_key {
  struct sha256 inner, outer;
};
void hmac_key_set(struct hmac_key *k, struct span key);
/* Over the n pieces one after the other, as if they were joined. */
struct hash hmac_of(const struct hmac_key *k, const struct span *pieces, size_t n);

#endif
