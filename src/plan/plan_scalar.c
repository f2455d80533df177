#include "plan/plan_scalar.h"

#include <stdio.h>
#include <string.h>

#define TEXT(s) (int)((s).n > 60 ? 60 : (s).n), (const char *)(s).p

static struct span trim(struct span s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
    s.p++, s.n--;
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
    s.n--;
  return s;
}

/* The part before the separator; rest goes on after it. False when nothing is left. */
static bool split(struct span *rest, char separator, struct span *part) {
  if (!rest->p)
    return false;
  const uint8_t *at = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
  if (at) {
    *part = trim(span_of(rest->p, (size_t)(at - rest->p)));
    rest->n -= (size_t)(at - rest->p) + 1;
    rest->p = at + 1;
  } else {
    *part = trim(*rest);
    rest->p = NULL;
  }
  return true;
}

bool utf8_valid(struct span s) {
  for (size_t i = 0; i < s.n;) {
    uint8_t c = s.p[i];
    size_t more = c < 0x80                ? 0
                  : c >= 0xc2 && c < 0xe0 ? 1
                  : c >= 0xe0 && c < 0xf0 ? 2
                  : c >= 0xf0 && c < 0xf5 ? 3
                                          : 9;
    if (more == 9 || s.n - i <= more)
      return false;
    for (size_t k = 1; k <= more; k++)
      if ((s.p[i + k] & 0xc0) != 0x80)
        return false;
    if ((c == 0xe0 && s.p[i + 1] < 0xa0) || (c == 0xed && s.p[i + 1] > 0x9f) ||
        (c == 0xf0 && s.p[i + 1] < 0x90) || (c == 0xf4 && s.p[i + 1] > 0x8f))
      return false;
    i += more + 1;
  }
  return true;
}

static bool digits(struct span s, uint64_t *out) {
  uint64_t v = 0;
  if (!s.n || s.n > 12)
    return false;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9')
      return false;
    v = v * 10 + (uint64_t)(s.p[i] - '0');
  }
  *out = v;
  return true;
}

bool plan_duration(struct span t, uint32_t *ms) {
  static const struct {
    const char *unit;
    uint64_t ms;
  } units[] = {{"ms", 1}, {"min", 60000}, {"s", 1000}, {"h", 3600000}, {"d", 86400000}};
  const uint64_t week = 7 * UINT64_C(86400000);
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    size_t n = strlen(units[i].unit);
    uint64_t v;
    if (t.n > n && memcmp(t.p + t.n - n, units[i].unit, n) == 0 &&
        digits(trim(span_of(t.p, t.n - n)), &v)) {
      if (v > week || v * units[i].ms > week)
        return false;
      *ms = (uint32_t)(v * units[i].ms);
      return true;
    }
  }
  return false;
}

/* "hh:mm", up to 24:00. */
static bool minute_of_day(struct span t, uint16_t *out) {
  uint64_t h, m;
  if (t.n != 5 || t.p[2] != ':' || !digits(span_of(t.p, 2), &h) ||
      !digits(span_of(t.p + 3, 2), &m) || m > 59 || h * 60 + m > 1440)
    return false;
  *out = (uint16_t)(h * 60 + m);
  return true;
}

enum sp_err plan_times(struct span text, struct plan_span *spans, uint32_t most, uint32_t *n,
                       struct fault *why) {
  struct span rest = text, part, from, until;
  while (split(&rest, ',', &part)) {
    struct span ends = part;
    struct plan_span s;
    if (!split(&ends, '-', &from) || !split(&ends, '-', &until) || ends.p ||
        !minute_of_day(from, &s.from) || !minute_of_day(until, &s.until) || s.from == s.until ||
        s.from == 1440)
      return fault_set(why, SP_INVALID,
                       "\"%.*s\" is no time of day: write 06:00-18:00, several with commas",
                       TEXT(part));
    if (s.until < s.from)
      s.until = (uint16_t)(s.until + 1440);
    if (*n == most)
      return fault_set(why, SP_LIMIT, "more than %u times in one schedule", most);
    spans[(*n)++] = s;
  }
  return SP_OK;
}

enum sp_err plan_bits(struct span text, uint8_t set[card_bits_max / 8], struct fault *why) {
  struct span rest = text, part, from, until;
  while (split(&rest, ',', &part)) {
    struct span ends = part;
    uint64_t first = 0, last = 0;
    bool ok = split(&ends, '-', &from) && digits(from, &first);
    if (!ok || !ends.p)
      last = first;
    else
      ok = split(&ends, '-', &until) && !ends.p && digits(until, &last);
    if (!ok || first > last || last >= card_bits_max)
      return fault_set(why, SP_INVALID,
                       "\"%.*s\" is no bits: write 1-12 or 2-3, 5-6, 8; 0 is the first bit, %d the "
                       "last that a card may have",
                       TEXT(part), card_bits_max - 1);
    for (uint64_t i = first; i <= last; i++)
      set[i / 8] = (uint8_t)(set[i / 8] | 0x80 >> i % 8);
  }
  return SP_OK;
}

static bool in_set(const uint8_t *set, uint32_t i) {
  return i < card_bits_max && set[i / 8] & 0x80 >> i % 8;
}

void plan_bits_put(struct buf *out, const uint8_t set[card_bits_max / 8]) {
  const char *between = "";
  for (uint32_t i = 0; i < card_bits_max; i++) {
    uint32_t from = i;
    if (!in_set(set, i))
      continue;
    while (in_set(set, i + 1))
      i++;
    buf_printf(out, "%s%u", between, from);
    if (i > from)
      buf_printf(out, "-%u", i);
    between = ", ";
  }
}

static enum sp_err read_number(const struct plan_field *f, struct span t, uint64_t *v,
                               struct fault *why) {
  if (!digits(t, v) || *v < f->lo || *v > f->hi)
    return fault_set(why, SP_INVALID,
                     "\"%.*s\" is not right: a whole number from %u to %u is expected", TEXT(t),
                     f->lo, f->hi);
  return SP_OK;
}

static enum sp_err read_enum(const struct plan_field *f, struct span t, uint32_t *v,
                             struct fault *why) {
  char all[200] = "";
  for (uint32_t i = 0; f->names[i]; i++) {
    if (span_is(t, f->names[i])) {
      *v = i;
      return SP_OK;
    }
    size_t n = strlen(all);
    snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", f->names[i]);
  }
  return fault_set(why, SP_INVALID, "\"%.*s\" is none of %s", TEXT(t), all);
}

static enum sp_err read_m2(struct span t, uint32_t *dm2, struct fault *why) {
  struct span whole, decimals = {0}, rest = t;
  uint64_t w, d = 0;
  bool ok = split(&rest, '.', &whole) && digits(whole, &w) && w <= 1000000;
  if (ok && rest.p) {
    ok = split(&rest, '.', &decimals) && !rest.p && decimals.n <= 2 && digits(decimals, &d);
    if (decimals.n == 1)
      d *= 10;
  }
  if (!ok)
    return fault_set(why, SP_INVALID,
                     "\"%.*s\" is no area: square metres are expected, like 320 or 12.5", TEXT(t));
  *dm2 = (uint32_t)(w * 100 + d);
  return SP_OK;
}

static enum sp_err read_text(struct span t, char *out, size_t most, bool utf8, struct fault *why) {
  bool ok = t.n >= 1 && t.n <= most && (!utf8 || utf8_valid(t));
  for (size_t i = 0; ok && i < t.n; i++)
    ok = t.p[i] >= 0x20 && t.p[i] != 0x7f && (utf8 || t.p[i] < 0x7f);
  if (!ok)
    return fault_set(why, SP_INVALID,
                     "a text of 1 to %zu bytes without control characters is expected", most);
  memcpy(out, t.p, t.n);
  memset(out + t.n, 0, most + 1 - t.n);
  return SP_OK;
}

enum sp_err plan_scalar(const struct plan_field *f, struct span t, void *base, struct fault *why) {
  void *at = (uint8_t *)base + f->offset;
  uint64_t v = 0;
  uint32_t u = 0;
  enum sp_err err = SP_OK;
  switch (f->kind) {
  case PLAN_NAME:
    if (!slug_valid(t))
      return fault_set(why, SP_INVALID,
                       "\"%.*s\" is no name: 1 to %d of a-z, 0-9 and inner hyphens are expected",
                       TEXT(t), slug_max);
    memset(at, 0, sizeof(struct slug));
    memcpy(at, t.p, t.n);
    return SP_OK;
  case PLAN_TITLE:
    return read_text(t, at, title_max, true, why);
  case PLAN_TEXT:
    return read_text(t, at, f->hi, false, why);
  case PLAN_U8:
  case PLAN_U16:
  case PLAN_U32:
    if ((err = read_number(f, t, &v, why)))
      return err;
    if (f->kind == PLAN_U8)
      *(uint8_t *)at = (uint8_t)v;
    else if (f->kind == PLAN_U16)
      *(uint16_t *)at = (uint16_t)v;
    else
      *(uint32_t *)at = (uint32_t)v;
    return SP_OK;
  case PLAN_M2:
    return span_is(t, "not given") ? SP_OK : read_m2(t, at, why);
  case PLAN_MS:
  case PLAN_SECONDS:
    if (!plan_duration(t, &u))
      return fault_set(why, SP_INVALID,
                       "\"%.*s\" is no duration: write 500ms, 5s, 15min, 2h or 1d, a week at most",
                       TEXT(t));
    if (f->kind == PLAN_SECONDS) {
      if (u % 1000)
        return fault_set(why, SP_INVALID, "whole seconds are expected");
      u /= 1000;
    }
    if (u < f->lo || (f->hi && u > f->hi))
      return fault_set(why, SP_INVALID, "\"%.*s\" is out of range: from %u to %u %s", TEXT(t),
                       f->lo, f->hi, f->kind == PLAN_SECONDS ? "s" : "ms");
    *(uint32_t *)at = u;
    return SP_OK;
  case PLAN_BOOL:
    if (!span_is(t, "true") && !span_is(t, "false"))
      return fault_set(why, SP_INVALID, "\"%.*s\" is neither true nor false", TEXT(t));
    *(bool *)at = span_is(t, "true");
    return SP_OK;
  case PLAN_ENUM:
    if (!(err = read_enum(f, t, &u, why)))
      *(uint8_t *)at = (uint8_t)u;
    return err;
  case PLAN_KINDS:
  case PLAN_WIRES: {
    struct span rest = t, part;
    uint32_t bits = 0;
    while (!span_is(t, "none") && !err && split(&rest, ',', &part))
      if (!(err = read_enum(f, part, &u, why)))
        bits |= 1u << u;
    if (!err)
      *(uint32_t *)at = bits;
    return err;
  }
  case PLAN_REF:
  case PLAN_ZONE:
  case PLAN_NESTED:
    break;
  }
  SP_NEVER("this kind is read elsewhere");
}

enum { nearest_max = 63 };

/* Levenshtein's distance of short names. */
static uint32_t distance(const char *a, const char *b) {
  uint32_t row[nearest_max + 1];
  size_t n = strlen(b);
  if (n > nearest_max)
    return UINT32_MAX;
  for (uint32_t j = 0; j <= n; j++)
    row[j] = j;
  for (uint32_t i = 1; a[i - 1]; i++) {
    uint32_t diagonal = row[0];
    row[0] = i;
    for (uint32_t j = 1; j <= n; j++) {
      uint32_t cost = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      uint32_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
      row[j] = cost < least ? cost : least;
    }
  }
  return row[n];
}

const char *plan_nearest(const char *name, const char *(*at)(const void *ctx, uint32_t i),
                         const void *ctx, uint32_t n) {
  const char *best = NULL;
  size_t length = strlen(name);
  uint32_t least = length > 4 ? 3 : 2;
  for (uint32_t i = 0; i < n && least; i++) {
    size_t other = strlen(at(ctx, i));
    if (other + least <= length || length + least <= other)
      continue; /* too far by their lengths alone */
    uint32_t d = distance(name, at(ctx, i));
    if (d < least) {
      least = d;
      best = at(ctx, i);
    }
  }
  return best;
}
