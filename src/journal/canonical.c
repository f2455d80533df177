#include "journal/canonical.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const uint8_t *stopped(struct canonical_stop *stop, const uint8_t *at, const char *what) {
  stop->at = at;
  stop->what = what;
  return NULL;
}

/* A byte that ends a string: the closing quote, or one that may not stand in it. */
static bool ends_string(uint8_t c) {
  return c < 0x20 || c > 0x7e || c == '"' || c == '\\';
}

/* The first byte from p on that ends a string; end when there is none. Most of an entry is within
 * strings, so this is where the time goes: 16 bytes a step where the processor can. */
static const uint8_t *string_end(const uint8_t *p, const uint8_t *end) {
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"'),
                backslash = _mm_set1_epi8('\\'), del = _mm_set1_epi8(0x7f);
  for (; end - p >= 16; p += 16) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    /* Signed: bytes from 0x80 on are below the space too. */
    __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(x, space), _mm_cmpeq_epi8(x, quote)),
                               _mm_or_si128(_mm_cmpeq_epi8(x, backslash), _mm_cmpeq_epi8(x, del)));
    unsigned mask = (unsigned)_mm_movemask_epi8(hit);
    if (mask)
      return p + __builtin_ctz(mask);
  }
#endif
  while (p < end && !ends_string(*p))
    p++;
  return p;
}

const uint8_t *canonical_string(const uint8_t *p, const uint8_t *end, struct canonical_stop *stop) {
  p = string_end(p, end);
  if (p == end)
    return stopped(stop, p, "the text ends within a string");
  if (*p != '"')
    return stopped(stop, p, "only printable ASCII without escapes may stand in a string");
  return p;
}

const uint8_t *canonical_integer(const uint8_t *p, const uint8_t *end, uint64_t *value,
                                 struct canonical_stop *stop) {
  const uint8_t *first = p;
  uint64_t v = 0;
  while (p < end && *p >= '0' && *p <= '9' && p - first < 17)
    v = v * 10 + (uint64_t)(*p++ - '0');
  if (p == first)
    return stopped(stop, first, "a whole number without sign is expected");
  if (*first == '0' && p - first > 1)
    return stopped(stop, first, "a number has no leading zeros");
  if (v > (UINT64_C(1) << 53) - 1)
    return stopped(stop, first, "a number is at most 9007199254740991");
  if (value)
    *value = v;
  return p;
}

static const uint8_t *word(const uint8_t *p, const uint8_t *end, const char *text, size_t n,
                           struct canonical_stop *stop) {
  if ((size_t)(end - p) < n || memcmp(p, text, n) != 0)
    return stopped(stop, p, "a string, number, list, object, true or false is expected");
  return p + n;
}

static const uint8_t *list(const uint8_t *p, const uint8_t *end, unsigned depth,
                           struct canonical_stop *stop);

static const uint8_t *value(const uint8_t *p, const uint8_t *end, unsigned depth,
                            struct canonical_stop *stop) {
  if (p == end)
    return stopped(stop, p, "the text ends where a value is expected");
  switch (*p) {
  case '"':
    p = canonical_string(p + 1, end, stop);
    return p ? p + 1 : NULL;
  case '{':
    return canonical_object(p, end, depth, stop);
  case '[':
    return list(p, end, depth, stop);
  case 't':
    return word(p, end, "true", 4, stop);
  case 'f':
    return word(p, end, "false", 5, stop);
  default:
    return canonical_integer(p, end, NULL, stop);
  }
}

static const uint8_t *list(const uint8_t *p, const uint8_t *end, unsigned depth,
                           struct canonical_stop *stop) {
  if (depth == 0)
    return stopped(stop, p, "objects and lists are nested too deeply");
  if (++p < end && *p == ']')
    return p + 1;
  for (;; p++) {
    p = value(p, end, depth - 1, stop);
    if (!p)
      return NULL;
    if (p == end)
      return stopped(stop, p, "the text ends within a list");
    if (*p == ']')
      return p + 1;
    if (*p != ',')
      return stopped(stop, p, "a comma or closing bracket is expected");
  }
}

/* Byte order, as RFC 8785 3.2.3 has it for ASCII; a prefix comes first. */
static bool is_before(struct span a, struct span b) {
  if (a.n && b.n && a.p[0] != b.p[0])
    return a.p[0] < b.p[0];
  int d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
  return d < 0 || (d == 0 && a.n < b.n);
}

const uint8_t *canonical_object(const uint8_t *p, const uint8_t *end, unsigned depth,
                                struct canonical_stop *stop) {
  if (p == end || *p != '{')
    return stopped(stop, p, "an object in braces is expected");
  if (depth == 0)
    return stopped(stop, p, "objects and lists are nested too deeply");
  if (++p < end && *p == '}')
    return p + 1;
  struct span before = {NULL, 0};
  for (;; p++) {
    if (p == end || *p != '"')
      return stopped(stop, p, "a key in double quotes is expected");
    struct span key = {p + 1, 0};
    p = canonical_string(p + 1, end, stop);
    if (!p)
      return NULL;
    key.n = (size_t)(p - key.p);
    if (before.p && !is_before(before, key))
      return stopped(stop, key.p, "keys come once, in byte order");
    before = key;
    if (++p == end || *p != ':')
      return stopped(stop, p, "a colon is expected, with no white space");
    p = value(p + 1, end, depth - 1, stop);
    if (!p)
      return NULL;
    if (p == end)
      return stopped(stop, p, "the text ends within an object");
    if (*p == '}')
      return p + 1;
    if (*p != ',')
      return stopped(stop, p, "a comma or closing brace is expected, with no white space");
  }
}
