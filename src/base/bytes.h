/* bytes.h: spans, hex, byte order, growing buffers, and the care that secrets need. */
#ifndef SP_BASE_BYTES_H
#define SP_BASE_BYTES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that someone else owns. */
struct span {
  const uint8_t *p;
  size_t n;
};

#define SPAN_LIT(s) ((struct span){(const uint8_t *)("" s), sizeof(s) - 1})
struct span span_of(const void *p, size_t n);
struct span span_str(const char *s);
bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *s);

/* Compares n bytes in time that depends on n only. */
bool bytes_equal_ct(const void *a, const void *b, size_t n);
/* Overwrites secrets; the compiler may not remove it. */
void bytes_wipe(void *p, size_t n);
bool bytes_are_zero(const void *p, size_t n);

/* Lower-case hex. out holds 2n bytes, no NUL. */
void hex_encode(char *out, const uint8_t *in, size_t n);
/* Exactly 2n lower-case hex digits or false. */
bool hex_decode(uint8_t *out, size_t n, const char *in, size_t in_len);

static inline uint32_t load_le32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t load_le64(const uint8_t *p) {
  return (uint64_t)load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}
static inline void store_le32(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
  p[2] = (uint8_t)(v >> 16);
  p[3] = (uint8_t)(v >> 24);
}
static inline void store_le64(uint8_t *p, uint64_t v) {
  store_le32(p, (uint32_t)v);
  store_le32(p + 4, (uint32_t)(v >> 32));
}
static inline void store_be16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline uint16_t load_be16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}
static inline void store_be64(uint8_t *p, uint64_t v) {
  for (int i = 0; i < 8; i++)
    p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* A growing buffer. Zero-initialise; free with buf_free. Once an append fails (no memory), `failed`
 * stays set and later appends do nothing, so callers check once at the end. */
struct buf {
  uint8_t *p;
  size_t n, cap;
  bool failed;
};
bool buf_reserve(struct buf *b, size_t extra); /* room for extra more bytes */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) SP_PRINTF(2, 3);
/* Appends a NUL that is not counted in n; returns the text, or NULL when failed. */
const char *buf_cstr(struct buf *b);
void buf_reset(struct buf *b); /* n = 0, keeps the memory, clears failed */
void buf_free(struct buf *b);
struct span buf_span(const struct buf *b);

/* All memory of the project is asked for here, so that a test can make the Nth request fail.
 * Results are zeroed. NULL when there is none. */
void *sp_alloc(size_t n, size_t size);
void *sp_realloc(void *p, size_t n);
char *sp_strdup(const char *s);
void sp_free(void *p);
/* Test hook: fail the Nth request from now (0 = the next), and all after it when for_good.
 * UINT64_MAX switches it off. Returns how many requests were made since the last call. */
uint64_t sp_alloc_fail_after(uint64_t n, bool for_good);

#endif
