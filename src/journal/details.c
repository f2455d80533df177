#include "journal/details.h"

#include "journal/sha256.h"

struct hash details_commit(const struct hash *opening, struct span type, struct span details) {
  struct hmac_key key;
  uint8_t length[8];
  hmac_key_set(&key, SPAN_LIT("sallyport personal details v1"));
  store_be64(length, details.n);
  const struct span pieces[] = {span_of(opening->b, sizeof opening->b), type,
                                span_of(length, sizeof length), details};
  return hmac_of(&key, pieces, 4);
}
