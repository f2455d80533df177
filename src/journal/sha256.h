/* sha256.h: SHA-256 and HMAC-SHA256, cheap for each call. No process-wide state. */
#ifndef SP_JOURNAL_SHA256_H
#define SP_JOURNAL_SHA256_H

#include "base/record.h"

struct sha256 {
  _Alignas(8) uint8_t opaque[128];
};
void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t n);
struct hash sha256_end(struct sha256 *s);
struct hash sha256_of(struct span s);

/* RFC 2104 with the key's two blocks hashed once. */
struct hmac_key {
  struct sha256 inner, outer;
};
void hmac_key_set(struct hmac_key *k, struct span key);
/* Over the pieces one after the other. */
struct hash hmac_of(const struct hmac_key *k, const struct span *pieces, size_t n);

#endif
