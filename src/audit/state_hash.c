#include "audit/state_hash.h"

#include "journal/sha256.h"

static void put_hash(void *ctx, const void *p, size_t n) {
  sha256_add(ctx, p, n);
}

struct hash state_hash(const struct core *core) {
  struct sha256 s;
  sha256_start(&s);
  core_dump(core, put_hash, &s);
  return sha256_end(&s);
}

static void put_buf(void *ctx, const void *p, size_t n) {
  buf_put(ctx, p, n);
}

void state_dump(const struct core *core, struct buf *out) {
  if (buf_reserve(out, core_dump_size(core)))
    core_dump(core, put_buf, out);
}
