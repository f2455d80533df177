#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span span_of(const void *p, size_t n) {
  return (struct span){p, n};
}

struct span span_str(const char *s) {
  return (struct span){(const uint8_t *)s, strlen(s)};
}

bool span_eq(struct span a, struct span b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_is(struct span a, const char *s) {
  return span_eq(a, span_str(s));
}

bool bytes_equal_ct(const void *a, const void *b, size_t n) {
  const volatile uint8_t *x = a, *y = b;
  uint8_t diff = 0;
  for (size_t i = 0; i < n; i++)
    diff |= (uint8_t)(x[i] ^ y[i]);
  return diff == 0;
}

void bytes_wipe(void *p, size_t n) {
  if (n)
    explicit_bzero(p, n);
}

bool bytes_are_zero(const void *p, size_t n) {
  const uint8_t *b = p;
  for (size_t i = 0; i < n; i++)
    if (b[i])
      return false;
  return true;
}

void hex_encode(char *out, const uint8_t *in, size_t n) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[in[i] >> 4];
    out[2 * i + 1] = digits[in[i] & 15];
  }
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

bool hex_decode(uint8_t *out, size_t n, const char *in, size_t in_len) {
  if (in_len != 2 * n)
    return false;
  for (size_t i = 0; i < n; i++) {
    int hi = hex_value(in[2 * i]), lo = hex_value(in[2 * i + 1]);
    if (hi < 0 || lo < 0)
      return false;
    out[i] = (uint8_t)(hi << 4 | lo);
  }
  return true;
}

bool buf_reserve(struct buf *b, size_t extra) {
  if (b->failed)
    return false;
  if (extra <= b->cap - b->n)
    return true;
  size_t cap = b->cap ? b->cap : 256;
  while (cap - b->n < extra) {
    if (cap > SIZE_MAX / 2) {
      b->failed = true;
      return false;
    }
    cap *= 2;
  }
  uint8_t *p = sp_realloc(b->p, cap);
  if (!p) {
    b->failed = true;
    return false;
  }
  b->p = p;
  b->cap = cap;
  return true;
}

void buf_put(struct buf *b, const void *p, size_t n) {
  if (n == 0 || !buf_reserve(b, n))
    return;
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

void buf_puts(struct buf *b, const char *s) {
  buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...) {
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n >= 0 && buf_reserve(b, (size_t)n + 1)) {
    vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
    b->n += (size_t)n;
  }
  va_end(again);
}

const char *buf_cstr(struct buf *b) {
  if (!buf_reserve(b, 1))
    return NULL;
  b->p[b->n] = 0;
  return (const char *)b->p;
}

void buf_reset(struct buf *b) {
  b->n = 0;
  b->failed = false;
}

void buf_free(struct buf *b) {
  sp_free(b->p);
  *b = (struct buf){0};
}

struct span buf_span(const struct buf *b) {
  return (struct span){b->p, b->n};
}

static struct {
  uint64_t seen, fail_at;
  bool for_good;
} faults = {0, UINT64_MAX, false};

/* Only a test arms this, before it starts threads; the counter is atomic all the same. */
static bool fails_now(void) {
  uint64_t i = __atomic_fetch_add(&faults.seen, 1, __ATOMIC_RELAXED);
  return i == faults.fail_at || (faults.for_good && i > faults.fail_at);
}

uint64_t sp_alloc_fail_after(uint64_t n, bool for_good) {
  uint64_t seen = __atomic_exchange_n(&faults.seen, 0, __ATOMIC_RELAXED);
  faults.fail_at = n;
  faults.for_good = for_good;
  return seen;
}

void *sp_alloc(size_t n, size_t size) {
  return fails_now() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *sp_realloc(void *p, size_t n) {
  return fails_now() ? NULL : realloc(p, n ? n : 1);
}

char *sp_strdup(const char *s) {
  return fails_now() ? NULL : strdup(s);
}

void sp_free(void *p) {
  free(p);
}
