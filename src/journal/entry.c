#include "journal/entry.h"

#include <string.h>

/* --- Writing --- */

static void put_member(struct buf *b, const char *key, struct span text) {
  buf_puts(b, key);
  buf_put(b, text.p, text.n);
  buf_put(b, "\"", 1);
}

static void put_time(struct buf *b, const char *key, usec t) {
  char text[time_text_len];
  time_format(text, t);
  put_member(b, key, span_of(text, sizeof text));
}

static void put_number(struct buf *b, const char *key, uint64_t v) {
  char digits[20];
  int n = 20;
  do {
    digits[--n] = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  buf_puts(b, key);
  buf_put(b, digits + n, (size_t)(20 - n));
}

void entry_encode(struct buf *b, const struct entry *e) {
  put_time(b, "{\"at\":\"", e->at);
  put_member(b, ",\"by\":\"", e->by);
  if (e->cause != CAUSE_NONE)
    put_number(b, ",\"cause\":", e->cause);
  if (e->clock_untrusted)
    buf_puts(b, ",\"clock\":\"untrusted\"");
  if (e->command.n) {
    buf_puts(b, ",\"command\":");
    buf_put(b, e->command.p, e->command.n);
  }
  if (!bytes_are_zero(e->commit.b, sizeof e->commit.b)) {
    char hex[64];
    hex_encode(hex, e->commit.b, sizeof e->commit.b);
    put_member(b, ",\"commit\":\"", span_of(hex, sizeof hex));
  }
  buf_puts(b, ",\"data\":");
  buf_put(b, e->data.p, e->data.n);
  if (e->known_at != TIME_ABSENT)
    put_time(b, ",\"known_at\":\"", e->known_at);
  put_number(b, ",\"n\":", e->n);
  if (e->second.n)
    put_member(b, ",\"second\":\"", e->second);
  put_member(b, ",\"site\":\"", e->site);
  put_member(b, ",\"type\":\"", e->type);
  put_number(b, ",\"v\":", entry_version);
  buf_put(b, "}", 1);
}

/* --- Reading the envelope --- */

struct cursor {
  const uint8_t *p, *end;
};

static bool skip(struct cursor *c, const char *text) {
  size_t n = strlen(text);
  if ((size_t)(c->end - c->p) < n || memcmp(c->p, text, n) != 0)
    return false;
  c->p += n;
  return true;
}

/* Up to the closing quote, which is consumed. */
static bool string(struct cursor *c, struct span *s) {
  s->p = c->p;
  while (c->p < c->end && *c->p != '"') {
    if (*c->p < 0x20 || *c->p > 0x7e || *c->p == '\\')
      return false;
    c->p++;
  }
  s->n = (size_t)(c->p - s->p);
  return skip(c, "\"");
}

static bool number(struct cursor *c, uint64_t *out) {
  const uint8_t *first = c->p;
  uint64_t v = 0;
  for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
    v = v * 10 + (uint64_t)(*c->p - '0');
    if (v >= UINT64_C(1) << 53)
      return false;
  }
  *out = v;
  return c->p > first && (*first != '0' || c->p - first == 1);
}

static bool instant(struct cursor *c, usec *t) {
  struct span s;
  return string(c, &s) && time_parse(t, (const char *)s.p, s.n);
}

/* An object: from its brace to the matching one. Strings hold no escapes, so quotes pair up. */
static bool object(struct cursor *c, struct span *s) {
  s->p = c->p;
  int depth = 0;
  bool quoted = false;
  for (; c->p < c->end; c->p++) {
    uint8_t ch = *c->p;
    if (ch == '"')
      quoted = !quoted;
    else if (!quoted && ch == '{')
      depth++;
    else if (!quoted && ch == '}' && --depth == 0) {
      c->p++;
      s->n = (size_t)(c->p - s->p);
      return true;
    }
    if (depth == 0)
      return false;
  }
  return false;
}

enum sp_err entry_parse(struct entry *e, struct span bytes, struct fault *why) {
  struct cursor c = {bytes.p, bytes.p + bytes.n};
  struct span hex;
  uint64_t version;
  *e = (struct entry){.known_at = TIME_ABSENT, .cause = CAUSE_NONE};
  const char *what = "at";
  if (bytes.n > entry_max || !skip(&c, "{\"at\":\"") || !instant(&c, &e->at))
    goto bad;
  what = "by";
  if (!skip(&c, ",\"by\":\"") || !string(&c, &e->by) || e->by.n > actor_text_max)
    goto bad;
  what = "cause";
  if (skip(&c, ",\"cause\":") && !number(&c, &e->cause))
    goto bad;
  e->clock_untrusted = skip(&c, ",\"clock\":\"untrusted\"");
  what = "command";
  if (skip(&c, ",\"command\":") && !object(&c, &e->command))
    goto bad;
  what = "commit";
  if (skip(&c, ",\"commit\":\"") &&
      (!string(&c, &hex) || !hex_decode(e->commit.b, 32, (const char *)hex.p, hex.n) ||
       bytes_are_zero(e->commit.b, 32)))
    goto bad;
  what = "data";
  if (!skip(&c, ",\"data\":") || !object(&c, &e->data))
    goto bad;
  what = "known_at";
  if (skip(&c, ",\"known_at\":\"") && !instant(&c, &e->known_at))
    goto bad;
  what = "n";
  if (!skip(&c, ",\"n\":") || !number(&c, &e->n))
    goto bad;
  what = "second";
  if (skip(&c, ",\"second\":\"") && (!string(&c, &e->second) || e->second.n > actor_text_max))
    goto bad;
  what = "site";
  if (!skip(&c, ",\"site\":\"") || !string(&c, &e->site) || !slug_valid(e->site))
    goto bad;
  what = "type";
  if (!skip(&c, ",\"type\":\"") || !string(&c, &e->type) || !e->type.n)
    goto bad;
  what = "v";
  if (!skip(&c, ",\"v\":") || !number(&c, &version))
    goto bad;
  if (version != entry_version)
    return fault_set(why, SP_VERSION,
                     "entry %llu has version %llu, and this program knows %d: use a newer one",
                     (unsigned long long)e->n, (unsigned long long)version, entry_version);
  what = "the end";
  if (!skip(&c, "}") || c.p != c.end)
    goto bad;
  return SP_OK;
bad:
  return fault_set(why, SP_CORRUPT, "not an entry: %s is missing, malformed or out of place", what);
}

/* --- The canonical dialect --- */

/* What may stand in a string: a table is faster than comparisons on bytes that vary this little. */
static const uint8_t plain[256] = {
#define P1(c) [c] = (c) >= 0x20 && (c) <= 0x7e && (c) != '"' && (c) != '\\'
#define P8(c)                                                                                      \
  P1(c), P1((c) + 1), P1((c) + 2), P1((c) + 3), P1((c) + 4), P1((c) + 5), P1((c) + 6), P1((c) + 7)
    P8(0x20), P8(0x28), P8(0x30), P8(0x38), P8(0x40), P8(0x48),
    P8(0x50), P8(0x58), P8(0x60), P8(0x68), P8(0x70), P8(0x78),
#undef P8
#undef P1
};

/* Eight bytes at a time while all of them are plain; then one by one to the quote. */
static const uint8_t *string_end(const uint8_t *p, const uint8_t *end) {
  const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
  while (end - p >= 8) {
    uint64_t v;
    memcpy(&v, p, 8);
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\', del = v ^ ones * 0x7f;
    uint64_t odd = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((del - ones) & ~del) |
                   (v - ones * 0x20) | v;
    if (odd & high)
      break;
    p += 8;
  }
  while (p < end && plain[*p])
    p++;
  return p;
}

enum { depth_max = 8 };

enum sp_err entry_check(struct span bytes, struct fault *why) {
  const uint8_t *p = bytes.p, *end = p + bytes.n;
  struct level {
    bool object;
    struct span last_key;
  } levels[depth_max];
  int depth = 0;
  if (bytes.n > entry_max || !bytes.n || *p != '{')
    goto bad;
value:
  if (p == end)
    goto bad;
  if (*p == '"') {
    p = string_end(p + 1, end);
    if (p == end || *p != '"')
      goto bad;
    p++;
  } else if (*p == '{' || *p == '[') {
    if (depth == depth_max)
      goto bad;
    bool is_object = *p++ == '{';
    levels[depth++] = (struct level){is_object, {0}};
    if (p < end && *p == (is_object ? '}' : ']'))
      goto close;
    if (is_object)
      goto key;
    goto value;
  } else if (*p >= '0' && *p <= '9') {
    const uint8_t *first = p;
    uint64_t v = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
      if (p - first > 15 || (v = v * 10 + (uint64_t)(*p - '0')) >= UINT64_C(1) << 53)
        goto bad;
    if (*first == '0' && p - first > 1)
      goto bad;
  } else if (end - p >= 4 && memcmp(p, "true", 4) == 0) {
    p += 4;
  } else if (end - p >= 5 && memcmp(p, "false", 5) == 0) {
    p += 5;
  } else {
    goto bad;
  }
after:
  if (depth == 0) {
    if (p != end)
      goto bad;
    return SP_OK;
  }
  if (p == end)
    goto bad;
  if (*p == ',') {
    p++;
    if (levels[depth - 1].object)
      goto key;
    goto value;
  }
close:
  if (*p != (levels[depth - 1].object ? '}' : ']'))
    goto bad;
  p++;
  depth--;
  goto after;
key : {
  if (p == end || *p != '"')
    goto bad;
  const uint8_t *first = p + 1;
  p = string_end(first, end);
  if (p == end || *p != '"')
    goto bad;
  struct span key = {first, (size_t)(p - first)}, *last = &levels[depth - 1].last_key;
  if (last->p) {
    size_t n = key.n < last->n ? key.n : last->n;
    int order = memcmp(last->p, key.p, n);
    if (order > 0 || (order == 0 && last->n >= key.n))
      goto bad;
  }
  *last = key;
  p++;
  if (p == end || *p != ':')
    goto bad;
  p++;
  goto value;
}
bad:
  return fault_set(why, SP_CORRUPT, "not canonical JSON at byte %zu", (size_t)(p - bytes.p));
}
