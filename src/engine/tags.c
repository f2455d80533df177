#include "engine/tags.h"

#include <string.h>

void tags_set(struct tags *t, const uint8_t site_key[32]) {
  hmac_key_set(&t->key, span_of(site_key, 32));
}

static struct id first_half(const struct hash *h) {
  struct id id;
  memcpy(id.b, h->b, sizeof id.b);
  return id;
}

struct id tag_card(const struct tags *t, struct span format, struct span digits) {
  const struct span pieces[] = {span_of("card", 5), format, span_of("", 1), digits};
  struct hash h = hmac_of(&t->key, pieces, sizeof pieces / sizeof pieces[0]);
  return first_half(&h);
}

struct id tag_pin(const struct tags *t, const struct id *person, struct span digits) {
  const struct span pieces[] = {span_of("pin", 4), span_of(person->b, sizeof person->b), digits};
  struct hash h = hmac_of(&t->key, pieces, sizeof pieces / sizeof pieces[0]);
  return first_half(&h);
}
