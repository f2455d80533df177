/* Bytes of a snapshot. First byte 0: as they are; else with changes, six bytes each, where (of its
 * bytes), how much is written there, and what: 1 those of the small site, 2 those of a site that
 * has no plan yet. What loads is a sound state, gives
 * the same bytes again, and the core can live on from it. */
#include "core/state.h"
#include "fuzz/exercise.h"
#include "fuzz/site.h"

#include <string.h>

static void put(void *ctx, const void *p, size_t n) {
  buf_put(ctx, p, n);
}

static void change(struct buf *dump, struct cut *in) {
  while (in->n) {
    uint32_t at = cut_u16(in), what = cut_u32(in);
    /* Numbers stand at multiples of four, in the head most of all. */
    size_t bytes = at & 1 ? 4 : at & 2 ? 2 : 1;
    size_t where = at & 1 ? (at & 0xfffcu) : at >> 2;
    if (where + bytes <= dump->n)
      memcpy(dump->p + where, &what, bytes);
    else if (what & 1 && dump->n)
      dump->n--;
    else
      buf_put(dump, &what, 1);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct plan *plan;
  const struct fuzz_site *s = fuzz_site();
  if (!plan)
    MUST_DO(fold_load_plan(s->fake.store, &s->compiled[0], &plan, must));
  struct cut in = {p, n};
  struct buf dump = {0}, again = {0};
  struct fault why = {0};
  struct hash hash;
  struct core *core = fold_core_new();
  MUST_HOLD(core);
  uint8_t which = cut_u8(&in);
  if (which == 0)
    buf_put(&dump, in.p, in.n);
  else if (which == 2)
    core_dump(core, put, &dump);
  else
    buf_put(&dump, s->dump.p, s->dump.n);
  if (which)
    change(&dump, &in);
  enum sp_err err = core_dump_plan_hash(buf_span(&dump), &hash, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_VERSION);
  /* A site without a plan has no hash of one. */
  bool none = !err && bytes_are_zero(&hash, sizeof hash);
  err = core_load(core, buf_span(&dump), none ? NULL : plan, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_VERSION);
  if (!err) {
    core_dump(core, put, &again);
    MUST_HOLD(span_eq(buf_span(&again), buf_span(&dump)));
    exercise_core(core);
  }
  fold_core_free(core);
  buf_free(&dump);
  buf_free(&again);
  return 0;
}
