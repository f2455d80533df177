/* tags.h: cards and PINs as the journal and the core know them: the first 128 bits of HMAC-SHA256
 * under the site's key. Without that key a tag tells nothing, and with it a card is found again. */
#ifndef SP_ENGINE_TAGS_H
#define SP_ENGINE_TAGS_H

#include "journal/sha256.h"

/* As secret as the key: bytes_wipe it. */
struct tags {
  struct hmac_key key;
};
void tags_set(struct tags *t, const uint8_t site_key[32]);

/* "card\0" format "\0" digits; digits: lower-case hex without leading zeros. */
struct id tag_card(const struct tags *t, struct span format, struct span digits);
/* "pin\0" person (16 bytes) digits; the duress PIN's tag is made in the same way. */
struct id tag_pin(const struct tags *t, const struct id *person, struct span digits);

#endif
