#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { kept = 60, line_max = 320 };

struct trace {
  bool print;
  uint64_t hash, n;
  char lines[kept][line_max];
};

struct trace *trace_new(bool print) {
  struct trace *t = sp_alloc(1, sizeof *t);
  SP_ASSERT(t);
  t->print = print;
  return t;
}

void trace_free(struct trace *t) {
  sp_free(t);
}

/* FNV-1a, eight bytes at a time: not for adversaries. */
static uint64_t mix(uint64_t h, const char *p, size_t n) {
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t v;
    memcpy(&v, p, 8);
    h = (h ^ v) * UINT64_C(0x100000001b3);
    h ^= h >> 29;
  }
  for (; n; p++, n--)
    h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
  return h;
}

void trace(struct world *w, const char *fmt, ...) {
  struct trace *t = w->trace;
  char *line = t->lines[t->n++ % kept];
  usec now = world_now(w);
  int n = snprintf(line, line_max, "%5lld.%06d ", (long long)(now / USEC_PER_S),
                   (int)(now % USEC_PER_S));
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(line + n, (size_t)(line_max - n), fmt, ap);
  va_end(ap);
  t->hash = mix(t->hash, line, strlen(line) + 1);
  if (t->print)
    puts(line);
}

uint64_t trace_hash(const struct trace *t) {
  return t->hash;
}

uint64_t trace_lines(const struct trace *t) {
  return t->n;
}

void trace_tail(const struct trace *t, struct buf *out) {
  for (uint64_t i = t->n > kept ? t->n - kept : 0; i < t->n; i++)
    buf_printf(out, "  %s\n", t->lines[i % kept]);
}
