#include "journal/entry.h"

#include "journal/canonical.h"

#include <string.h>

/* --- Writing: room for all of it is made first, then bytes are put one after the other. --- */

/* The envelope without the six members that have no fixed bound: keys, times, numbers, commit. */
enum { envelope_max = 384, number_max = 20 };

static uint8_t *put(uint8_t *p, const void *bytes, size_t n) {
  if (n)
    memcpy(p, bytes, n);
  return p + n;
}
#define PUT_LIT(p, text) put(p, text, sizeof(text) - 1)

static uint8_t *put_span(uint8_t *p, struct span s) {
  return put(p, s.p, s.n);
}

static uint8_t *put_time(uint8_t *p, usec t) {
  time_format((char *)p, t);
  return p + time_text_len;
}

static uint8_t *put_number(uint8_t *p, uint64_t v) {
  uint8_t digits[number_max];
  int first = number_max;
  do {
    digits[--first] = (uint8_t)('0' + v % 10);
    v /= 10;
  } while (v);
  return put(p, digits + first, (size_t)(number_max - first));
}

void entry_encode(struct buf *b, const struct entry *e) {
  if (!buf_reserve(b, envelope_max + e->by.n + e->command.n + e->data.n + e->second.n + e->site.n +
                          e->type.n))
    return;
  uint8_t *p = b->p + b->n;
  p = PUT_LIT(p, "{\"at\":\"");
  p = put_time(p, e->at);
  p = PUT_LIT(p, "\",\"by\":\"");
  p = put_span(p, e->by);
  p = PUT_LIT(p, "\"");
  if (e->cause != CAUSE_NONE) {
    p = PUT_LIT(p, ",\"cause\":");
    p = put_number(p, e->cause);
  }
  if (e->clock_untrusted)
    p = PUT_LIT(p, ",\"clock\":\"untrusted\"");
  if (e->command.n) {
    p = PUT_LIT(p, ",\"command\":");
    p = put_span(p, e->command);
  }
  if (!bytes_are_zero(e->commit.b, sizeof e->commit.b)) {
    p = PUT_LIT(p, ",\"commit\":\"");
    hex_encode((char *)p, e->commit.b, sizeof e->commit.b);
    p += 2 * sizeof e->commit.b;
    p = PUT_LIT(p, "\"");
  }
  p = PUT_LIT(p, ",\"data\":");
  p = put_span(p, e->data);
  if (e->known_at != TIME_ABSENT) {
    p = PUT_LIT(p, ",\"known_at\":\"");
    p = put_time(p, e->known_at);
    p = PUT_LIT(p, "\"");
  }
  p = PUT_LIT(p, ",\"n\":");
  p = put_number(p, e->n);
  if (e->second.n) {
    p = PUT_LIT(p, ",\"second\":\"");
    p = put_span(p, e->second);
    p = PUT_LIT(p, "\"");
  }
  p = PUT_LIT(p, ",\"site\":\"");
  p = put_span(p, e->site);
  p = PUT_LIT(p, "\",\"type\":\"");
  p = put_span(p, e->type);
  p = PUT_LIT(p, "\",\"v\":");
  p = put_number(p, entry_version);
  p = PUT_LIT(p, "}");
  b->n = (size_t)(p - b->p);
}

/* --- Reading --- */

bool entry_actor_valid(struct span s) {
  uint8_t id[16];
  const char *text = (const char *)s.p;
  if (span_is(s, "core"))
    return true;
  if (s.n > 3 && memcmp(text, "op:", 3) == 0)
    return hex_decode(id, sizeof id, text + 3, s.n - 3);
  if (s.n > 5 && (memcmp(text, "line:", 5) == 0 || memcmp(text, "node:", 5) == 0))
    return slug_valid(span_of(text + 5, s.n - 5));
  return false;
}

bool entry_type_valid(struct span s) {
  bool in_word = false;
  for (size_t i = 0; i < s.n; i++) {
    uint8_t c = s.p[i];
    if (c == '.' ? !in_word : !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
    in_word = c != '.';
  }
  return in_word && s.n <= entry_type_max;
}

struct cursor {
  const uint8_t *first, *p, *end;
  struct fault *why;
};

static bool skip(struct cursor *c, const char *text, size_t n) {
  if ((size_t)(c->end - c->p) < n || memcmp(c->p, text, n) != 0)
    return false;
  c->p += n;
  return true;
}
#define SKIP(c, text) skip(c, text, sizeof(text) - 1)

static enum sp_err bad(const struct cursor *c, const char *member, const char *what) {
  return fault_set(c->why, SP_CORRUPT, "not an entry: \"%s\", byte %zu: %s", member,
                   (size_t)(c->p - c->first), what);
}

static enum sp_err stopped(struct cursor *c, const char *member, const struct canonical_stop *at) {
  c->p = at->at;
  return bad(c, member, at->what);
}

/* Up to the closing quote, which is passed too. */
static enum sp_err string(struct cursor *c, const char *member, struct span *s) {
  struct canonical_stop stop;
  const uint8_t *end = canonical_string(c->p, c->end, &stop);
  if (!end)
    return stopped(c, member, &stop);
  *s = span_of(c->p, (size_t)(end - c->p));
  c->p = end + 1;
  return SP_OK;
}

static enum sp_err number(struct cursor *c, const char *member, uint64_t *v) {
  struct canonical_stop stop;
  const uint8_t *end = canonical_integer(c->p, c->end, v, &stop);
  if (!end)
    return stopped(c, member, &stop);
  c->p = end;
  return SP_OK;
}

static enum sp_err object(struct cursor *c, const char *member, struct span *s) {
  struct canonical_stop stop;
  const uint8_t *end = canonical_object(c->p, c->end, canonical_depth_max - 1, &stop);
  if (!end)
    return stopped(c, member, &stop);
  *s = span_of(c->p, (size_t)(end - c->p));
  c->p = end;
  return SP_OK;
}

static enum sp_err instant(struct cursor *c, const char *member, usec *t) {
  struct span s = {0};
  enum sp_err err = string(c, member, &s);
  if (!err && !time_parse(t, (const char *)s.p, s.n))
    err = bad(c, member, "a time like 2026-11-23T07:14:27.123456Z is expected");
  return err;
}

static enum sp_err actor(struct cursor *c, const char *member, struct span *s) {
  enum sp_err err = string(c, member, s);
  if (!err && !entry_actor_valid(*s))
    err = bad(c, member,
              "\"core\", \"op:\" and 32 hex digits, \"line:NAME\" or \"node:NAME\" is "
              "expected");
  return err;
}

static enum sp_err commitment(struct cursor *c, const char *member, struct hash *h) {
  struct span s = {0};
  enum sp_err err = string(c, member, &s);
  if (!err &&
      (!hex_decode(h->b, sizeof h->b, (const char *)s.p, s.n) || bytes_are_zero(h->b, sizeof h->b)))
    err = bad(c, member, "64 lower-case hex digits, not all zero, are expected");
  return err;
}

static const char *const out_of_place = "it is missing or out of place";

/* at … commit: who acted, when and why. */
static enum sp_err parse_front(struct cursor *c, struct entry *e) {
  enum sp_err err;
  if (!SKIP(c, "{\"at\":\""))
    return bad(c, "at", out_of_place);
  if ((err = instant(c, "at", &e->at)))
    return err;
  if (!SKIP(c, ",\"by\":\""))
    return bad(c, "by", out_of_place);
  if ((err = actor(c, "by", &e->by)))
    return err;
  if (SKIP(c, ",\"cause\":") && (err = number(c, "cause", &e->cause)))
    return err;
  e->clock_untrusted = SKIP(c, ",\"clock\":\"untrusted\"");
  if (SKIP(c, ",\"command\":") && (err = object(c, "command", &e->command)))
    return err;
  if (e->command.n && e->cause != CAUSE_NONE)
    return bad(c, "command", "a follower has its command in the entry that \"cause\" names");
  if (SKIP(c, ",\"commit\":\""))
    return commitment(c, "commit", &e->commit);
  return SP_OK;
}

/* data … type: what became true, and where. */
static enum sp_err parse_back(struct cursor *c, struct entry *e) {
  enum sp_err err;
  if (!SKIP(c, ",\"data\":"))
    return bad(c, "data", out_of_place);
  if ((err = object(c, "data", &e->data)))
    return err;
  if (SKIP(c, ",\"known_at\":\"") && (err = instant(c, "known_at", &e->known_at)))
    return err;
  if (!SKIP(c, ",\"n\":"))
    return bad(c, "n", out_of_place);
  if ((err = number(c, "n", &e->n)))
    return err;
  if (e->cause != CAUSE_NONE && e->cause >= e->n)
    return bad(c, "n", "a follower comes after the entry that \"cause\" names");
  if (SKIP(c, ",\"second\":\"") && (err = actor(c, "second", &e->second)))
    return err;
  if (!SKIP(c, ",\"site\":\""))
    return bad(c, "site", out_of_place);
  if ((err = string(c, "site", &e->site)))
    return err;
  if (!slug_valid(e->site))
    return bad(c, "site", "a name of a-z, 0-9 and inner hyphens is expected");
  if (!SKIP(c, ",\"type\":\""))
    return bad(c, "type", out_of_place);
  if ((err = string(c, "type", &e->type)))
    return err;
  return entry_type_valid(e->type) ? SP_OK : bad(c, "type", "noun.participle is expected");
}

/* The version is the last member of every version, and read first: another one may have members
 * that this one has not. SP_OK: it is ours. */
static enum sp_err check_version(struct cursor *c) {
  static const char key[] = ",\"v\":";
  const size_t key_n = sizeof key - 1, most = key_n + number_max + 1;
  const uint8_t *p = c->end;
  if (p > c->first && p[-1] == '}')
    p--;
  while (p > c->first && (size_t)(c->end - p) < most && p[-1] >= '0' && p[-1] <= '9')
    p--;
  struct cursor v = *c;
  uint64_t version;
  v.p = (size_t)(p - c->first) >= key_n ? p - key_n : c->first;
  if (!SKIP(&v, ",\"v\":"))
    return bad(&v, "v", "it is missing or not the last member");
  enum sp_err err = number(&v, "v", &version);
  if (err)
    return err;
  if (!SKIP(&v, "}") || v.p != v.end)
    return bad(&v, "v", "the closing brace is expected after it");
  if (version != entry_version)
    return fault_set(c->why, SP_VERSION,
                     "the entry is of version %llu, and this program knows %d: use a newer one",
                     (unsigned long long)version, entry_version);
  return SP_OK;
}

enum sp_err entry_parse(struct entry *e, struct span bytes, struct fault *why) {
  *e = (struct entry){.known_at = TIME_ABSENT, .cause = CAUSE_NONE};
  if (bytes.n == 0 || bytes.n > entry_max)
    return fault_set(why, SP_CORRUPT, "not an entry: it has %zu bytes, and 1 to %d are expected",
                     bytes.n, entry_max);
  struct cursor c = {bytes.p, bytes.p, bytes.p + bytes.n, why};
  enum sp_err err = check_version(&c);
  if (!err)
    err = parse_front(&c, e);
  if (!err)
    err = parse_back(&c, e);
  if (!err && (!SKIP(&c, ",\"v\":1}") || c.p != c.end))
    err = bad(&c, "v", out_of_place);
  return err;
}

enum sp_err entry_check(struct span bytes, struct fault *why) {
  if (bytes.n == 0 || bytes.n > entry_max)
    return fault_set(why, SP_CORRUPT, "not an entry: it has %zu bytes, and 1 to %d are expected",
                     bytes.n, entry_max);
  struct canonical_stop stop;
  const uint8_t *end = bytes.p + bytes.n;
  const uint8_t *p = canonical_object(bytes.p, end, canonical_depth_max, &stop);
  if (p == end)
    return SP_OK;
  if (p)
    stop = (struct canonical_stop){p, "nothing comes after the object"};
  return fault_set(why, SP_CORRUPT, "not canonical JSON: byte %zu: %s", (size_t)(stop.at - bytes.p),
                   stop.what);
}
