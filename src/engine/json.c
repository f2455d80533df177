#include "engine/json.h"

#include <string.h>

struct scan {
  const uint8_t *p, *end;
  const char *wrong; /* static text, set where it stops */
  bool too_deep;
};

static bool stop(struct scan *s, const char *wrong) {
  if (!s->wrong)
    s->wrong = wrong;
  return false;
}

static void skip_space(struct scan *s) {
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
    s->p++;
}

static bool take(struct scan *s, uint8_t c) {
  skip_space(s);
  if (s->p == s->end || *s->p != c)
    return false;
  s->p++;
  return true;
}

/* Bytes of the well-formed UTF-8 sequence at p (RFC 3629), 0 when it is none. */
static size_t utf8_length(const uint8_t *p, const uint8_t *end) {
  size_t n = p[0] < 0x80                    ? 1
             : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
             : (p[0] & 0xf0) == 0xe0        ? 3
             : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                            : 0;
  if (n == 0 || (size_t)(end - p) < n)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
  bool beyond = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
  return overlong || beyond ? 0 : n;
}

static int hex_value(uint8_t c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* The four digits after \u; -1 when they are none. */
static int32_t read_unit(const uint8_t *p, const uint8_t *end) {
  int32_t v = 0;
  if (end - p < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    int d = hex_value(p[i]);
    if (d < 0)
      return -1;
    v = v * 16 + d;
  }
  return v;
}

/* p points behind a backslash. Reads the escape; *c is its code point. Returns the byte after it or
 * NULL. */
static const uint8_t *read_escape(const uint8_t *p, const uint8_t *end, uint32_t *c) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (p == end)
    return NULL;
  const char *at = *p ? strchr(from, *p) : NULL;
  if (at) {
    *c = (uint32_t)to[at - from];
    return p + 1;
  }
  int32_t v = *p == 'u' ? read_unit(p + 1, end) : -1;
  if (v < 0)
    return NULL;
  p += 5;
  if (v >= 0xd800 && v <= 0xdbff) { /* the first half of a pair */
    int32_t low = end - p > 2 && p[0] == '\\' && p[1] == 'u' ? read_unit(p + 2, end) : -1;
    if (low < 0xdc00 || low > 0xdfff)
      return NULL;
    *c = 0x10000 + (((uint32_t)v - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return p + 6;
  }
  if (v >= 0xdc00 && v <= 0xdfff)
    return NULL;
  *c = (uint32_t)v;
  return p;
}

static bool skip_string(struct scan *s) {
  if (!take(s, '"'))
    return stop(s, "a string in double quotes is expected");
  while (s->p < s->end) {
    uint8_t c = *s->p;
    if (c == '"') {
      s->p++;
      return true;
    }
    if (c < 0x20)
      return stop(s, "a control character stands in a string");
    if (c == '\\') {
      uint32_t code;
      const uint8_t *after = read_escape(s->p + 1, s->end, &code);
      if (!after)
        return stop(s, "this is no escape sequence of JSON");
      s->p = after;
    } else if (c < 0x80) {
      s->p++;
    } else {
      size_t n = utf8_length(s->p, s->end);
      if (n == 0)
        return stop(s, "this is no UTF-8");
      s->p += n;
    }
  }
  return stop(s, "the text ends within a string");
}

static bool skip_digits(struct scan *s) {
  const uint8_t *first = s->p;
  while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
    s->p++;
  return s->p > first;
}

static bool skip_number(struct scan *s) {
  static const char wrong[] = "this is no number of JSON";
  if (s->p < s->end && *s->p == '-')
    s->p++;
  bool zero = s->p < s->end && *s->p == '0';
  const uint8_t *first = s->p;
  if (!skip_digits(s) || (zero && s->p - first > 1))
    return stop(s, wrong);
  if (s->p < s->end && *s->p == '.') {
    s->p++;
    if (!skip_digits(s))
      return stop(s, wrong);
  }
  if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
    s->p++;
    if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
      s->p++;
    if (!skip_digits(s))
      return stop(s, wrong);
  }
  return true;
}

static bool skip_word(struct scan *s, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
    return stop(s, "a value is expected");
  s->p += n;
  return true;
}

static bool skip_value(struct scan *s, unsigned depth);

static bool enter(struct scan *s, unsigned depth) {
  s->too_deep = s->too_deep || depth == 0;
  return depth > 0 || stop(s, "it is nested too deeply");
}

static bool skip_list(struct scan *s, unsigned depth) {
  if (!enter(s, depth))
    return false;
  s->p++;
  if (take(s, ']'))
    return true;
  do {
    if (!skip_value(s, depth - 1))
      return false;
  } while (take(s, ','));
  return take(s, ']') || stop(s, "a comma or a closing bracket is expected");
}

/* One member; key is what stands between its quotes, escapes and all. */
static bool skip_member(struct scan *s, unsigned depth, struct span *key, struct span *value) {
  skip_space(s);
  const uint8_t *first = s->p;
  if (!skip_string(s))
    return false;
  *key = span_of(first + 1, (size_t)(s->p - first - 2));
  if (!take(s, ':'))
    return stop(s, "a colon is expected");
  skip_space(s);
  first = s->p;
  if (!skip_value(s, depth))
    return false;
  *value = span_of(first, (size_t)(s->p - first));
  return true;
}

static bool skip_object(struct scan *s, unsigned depth) {
  struct span key, value;
  if (!enter(s, depth))
    return false;
  s->p++;
  if (take(s, '}'))
    return true;
  do {
    if (!skip_member(s, depth - 1, &key, &value))
      return false;
  } while (take(s, ','));
  return take(s, '}') || stop(s, "a comma or a closing brace is expected");
}

static bool skip_value(struct scan *s, unsigned depth) {
  skip_space(s);
  if (s->p == s->end)
    return stop(s, "the text ends where a value is expected");
  switch (*s->p) {
  case '{':
    return skip_object(s, depth);
  case '[':
    return skip_list(s, depth);
  case '"':
    return skip_string(s);
  case 't':
    return skip_word(s, "true");
  case 'f':
    return skip_word(s, "false");
  case 'n':
    return skip_word(s, "null");
  default:
    return skip_number(s);
  }
}

static enum sp_err wrong_at(const struct scan *s, struct span text, const char *what,
                            struct fault *why) {
  return fault_set(why, s->too_deep ? SP_LIMIT : SP_INVALID, "%s: byte %zu: %s", what,
                   (size_t)(s->p - text.p), s->wrong);
}

static struct json_member *member_of(struct json_member *list, size_t n, struct span key) {
  for (size_t i = 0; i < n; i++)
    if (span_is(key, list[i].key))
      return &list[i];
  return NULL;
}

/* Keys in faults are shown as far as they are printable: they may be anything. */
static enum sp_err wrong_key(enum sp_err err, const char *what, struct span key, const char *text,
                             struct fault *why) {
  char shown[41];
  size_t n = 0;
  for (; n < key.n && n < sizeof shown - 1; n++)
    shown[n] = (char)(key.p[n] >= 0x20 && key.p[n] < 0x7f ? key.p[n] : '?');
  shown[n] = 0;
  return fault_set(why, err, "%s: \"%s\" %s", what, shown, text);
}

enum sp_err json_members(struct span text, struct json_member *list, size_t n, unsigned depth,
                         const char *what, struct fault *why) {
  struct scan s = {.p = text.p, .end = text.n ? text.p + text.n : text.p}; /* p may be NULL */
  for (size_t i = 0; i < n; i++)
    list[i].value = (struct span){0};
  if (!take(&s, '{')) {
    stop(&s, "an object in braces is expected");
    return wrong_at(&s, text, what, why);
  }
  if (!take(&s, '}')) {
    do {
      struct span key, value;
      if (!skip_member(&s, depth - 1, &key, &value))
        return wrong_at(&s, text, what, why);
      struct json_member *m = member_of(list, n, key);
      if (!m)
        return wrong_key(SP_INVALID, what, key, "is not known here", why);
      if (m->value.p)
        return wrong_key(SP_INVALID, what, key, "stands there twice", why);
      m->value = value;
    } while (take(&s, ','));
    if (!take(&s, '}')) {
      stop(&s, "a comma or a closing brace is expected");
      return wrong_at(&s, text, what, why);
    }
  }
  skip_space(&s);
  if (s.p != s.end) {
    stop(&s, "nothing comes after the object");
    return wrong_at(&s, text, what, why);
  }
  return SP_OK;
}

struct span json_find(struct span object, const char *key) {
  struct scan s = {.p = object.p, .end = object.p + object.n};
  struct span k, value;
  if (!take(&s, '{'))
    return (struct span){0};
  do {
    if (!skip_member(&s, UINT8_MAX, &k, &value))
      break;
    if (span_is(k, key))
      return value;
  } while (take(&s, ','));
  return (struct span){0};
}

static size_t put_code(uint32_t c, char out[4]) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char)(0xc0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | c >> 18);
  out[1] = (char)(0x80 | (c >> 12 & 0x3f));
  out[2] = (char)(0x80 | (c >> 6 & 0x3f));
  out[3] = (char)(0x80 | (c & 0x3f));
  return 4;
}

enum sp_err json_string_read(struct span value, char *out, size_t most, size_t *n, const char *what,
                             struct fault *why) {
  *n = 0;
  if (value.n < 2 || value.p[0] != '"')
    return fault_set(why, SP_INVALID, "%s: a string is expected", what);
  const uint8_t *p = value.p + 1, *end = value.p + value.n - 1;
  while (p < end) {
    uint32_t c;
    char bytes[4];
    size_t length = 1;
    if (*p != '\\') {
      bytes[0] = (char)*p++;
    } else {
      p = read_escape(p + 1, end, &c);
      if (!p || c == 0) {
        bytes_wipe(bytes, sizeof bytes);
        return fault_set(why, SP_INVALID, "%s: this escape may not stand here", what);
      }
      length = put_code(c, bytes);
    }
    if (*n + length > most) {
      bytes_wipe(bytes, sizeof bytes);
      return fault_set(why, SP_LIMIT, "%s: at most %zu bytes are allowed", what, most);
    }
    memcpy(out + *n, bytes, length);
    *n += length;
  }
  return SP_OK;
}

bool json_u32_read(struct span value, uint32_t *out) {
  uint64_t v = 0;
  if (value.n == 0 || value.n > 10 || (value.n > 1 && value.p[0] == '0'))
    return false;
  for (size_t i = 0; i < value.n; i++) {
    if (value.p[i] < '0' || value.p[i] > '9')
      return false;
    v = v * 10 + (uint64_t)(value.p[i] - '0');
  }
  *out = (uint32_t)v;
  return v <= UINT32_MAX;
}

void json_string_put(struct buf *b, struct span text) {
  static const char digits[] = "0123456789abcdef";
  if (!buf_reserve(b, 6 * text.n + 2))
    return;
  uint8_t *out = b->p + b->n;
  *out++ = '"';
  for (size_t i = 0; i < text.n;) {
    uint8_t c = text.p[i];
    size_t n = utf8_length(text.p + i, text.p + text.n);
    if (c == '"' || c == '\\') {
      *out++ = '\\';
      *out++ = c;
    } else if (c < 0x20) {
      const uint8_t escape[6] = {
          '\\', 'u', '0', '0', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15]};
      memcpy(out, escape, sizeof escape);
      out += sizeof escape;
    } else if (n == 0) {
      memcpy(out, "\xef\xbf\xbd", 3);
      out += 3;
    } else {
      memcpy(out, text.p + i, n);
      out += n;
    }
    i += n ? n : 1;
  }
  *out++ = '"';
  b->n = (size_t)(out - b->p);
}
