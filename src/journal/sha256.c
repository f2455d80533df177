/* OpenSSL 3 calls these functions deprecated in favour of EVP, which looks the algorithm up for
 * every digest: about 0.3 µs, as much as hashing an entry takes. The code behind is the same. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "journal/sha256.h"

#include <string.h>

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct sha256 *)0)->opaque), "a state fits");

static SHA256_CTX *ctx_of(struct sha256 *s) {
  return (SHA256_CTX *)(void *)s->opaque;
}

void sha256_start(struct sha256 *s) {
  SHA256_Init(ctx_of(s));
}

void sha256_add(struct sha256 *s, const void *p, size_t n) {
  if (n)
    SHA256_Update(ctx_of(s), p, n);
}

struct hash sha256_end(struct sha256 *s) {
  struct hash h;
  SHA256_Final(h.b, ctx_of(s));
  return h;
}

struct hash sha256_of(struct span s) {
  struct sha256 state;
  sha256_start(&state);
  sha256_add(&state, s.p, s.n);
  return sha256_end(&state);
}

enum { block = 64 };

void hmac_key_set(struct hmac_key *k, struct span key) {
  uint8_t pad[block] = {0};
  if (key.n > block) {
    struct hash h = sha256_of(key);
    memcpy(pad, h.b, sizeof h.b);
  } else if (key.n) {
    memcpy(pad, key.p, key.n);
  }
  for (int i = 0; i < block; i++)
    pad[i] ^= 0x36;
  sha256_start(&k->inner);
  sha256_add(&k->inner, pad, block);
  for (int i = 0; i < block; i++)
    pad[i] ^= 0x36 ^ 0x5c;
  sha256_start(&k->outer);
  sha256_add(&k->outer, pad, block);
  bytes_wipe(pad, sizeof pad);
}

struct hash hmac_of(const struct hmac_key *k, const struct span *pieces, size_t n) {
  struct sha256 s = k->inner;
  for (size_t i = 0; i < n; i++)
    sha256_add(&s, pieces[i].p, pieces[i].n);
  struct hash inner = sha256_end(&s);
  s = k->outer;
  sha256_add(&s, inner.b, sizeof inner.b);
  struct hash h = sha256_end(&s);
  bytes_wipe(&s, sizeof s); /* it began as the key's state */
  return h;
}
