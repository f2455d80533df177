#include "sim/papers.h"

#include "engine/json.h"
#include "journal/sha256.h"

#include <string.h>

/* Most are short; some fill many pages of the database. */
static void put_bytes(struct rng *r, struct span head, struct buf *out) {
  uint32_t n = rng_chance(r, 1, 12) ? rng_below(r, 60000) : rng_below(r, 2000);
  buf_put(out, head.p, head.n);
  for (uint32_t i = 0; i <= n / 16; i++)
    buf_printf(out, "%016llx", (unsigned long long)rng_next(r));
}

static struct hash *paper_of(struct command *c) {
  switch ((int)c->type) {
  case COMMAND_ORDER_RECORD:
    return &c->u.order_record.document;
  case COMMAND_ORDER_WRITE:
    return &c->u.order_write.document;
  case COMMAND_MOVEMENT_HANDOVER:
    return &c->u.movement_handover.receipt;
  }
  return NULL;
}

void paper_text(struct rng *r, struct command *c, struct buf *paper, struct buf *more) {
  struct hash *named = paper_of(c);
  if (c->type == COMMAND_PERSON_PHOTO) {
    put_bytes(r, SPAN_LIT("\xff\xd8\xff"), paper);
    struct hash hash = sha256_of(buf_span(paper));
    char hex[2 * sizeof hash.b + 1] = {0};
    hex_encode(hex, hash.b, sizeof hash.b);
    buf_printf(more, ",\"details\":{\"photo\":\"%s\"}", hex);
  } else if (named && rng_chance(r, 1, 3)) {
    put_bytes(r, SPAN_LIT("%PDF "), paper);
    *named = sha256_of(buf_span(paper));
  }
}

static uint64_t bit(uint32_t number) {
  return UINT64_C(1) << number % 64;
}

void papers_send(struct papers_sent *s, uint32_t number) {
  s->there &= ~bit(number);
}

void papers_uploaded(struct papers_sent *s, uint32_t number, const char *reply) {
  if (json_find(span_str(reply), "blob").p)
    s->there |= bit(number);
}

bool papers_named(const struct papers_sent *s, uint32_t number, const char *reply) {
  struct span decision = json_find(span_str(reply), "decision");
  bool done = span_is(decision, "\"done\"");
  return !(s->there & bit(number)) || !done || strstr(reply, "\"kept\":true") ||
         strstr(reply, "person.photographed");
}
