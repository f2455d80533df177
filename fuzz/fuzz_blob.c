/* A compiled plan's blob: only what plan_blob_encode writes, or wrote, is accepted, and what is
 * accepted is a plan that the core lives by. A fuzzer seldom hits upon canonical text, so each
 * input is also tried in the form that another writer of JSON gives it. */
#include "fuzz/fuzz.h"
#include "fuzz/plan_use.h"
#include "plan/plan_blob.h"

#include <string.h>

/* What versions 2 and 3 said is told by version 4, in other bytes (plan_use reads those again). */
static bool of_before(struct span text) {
  static const char versions[][7] = {"\"v\":2,", "\"v\":3,"};
  bool is = false;
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
    is |= memmem(text.p, text.n, versions[i], strlen(versions[i])) != NULL;
  return is;
}

static void try(struct span text) {
  struct plan *plan = NULL;
  struct fault why = {0};
  enum sp_err err = plan_blob_decode(text, &plan, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT || err == SP_VERSION);
  if (err) {
    MUST_HOLD(why.text[0]);
    fuzz_tell(&why);
    return;
  }
  struct buf again = {0};
  MUST_DO(plan_blob_encode(plan, &again, must));
  MUST_HOLD(span_eq(buf_span(&again), text) != of_before(text));
  plan_use(plan);
  plan_free(plan);
  buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct buf canonical = {0};
  try(span_of(p, n));
  if (fuzz_jansson_canonical(span_of(p, n), &canonical) &&
      !span_eq(buf_span(&canonical), span_of(p, n)))
    try(buf_span(&canonical));
  buf_free(&canonical);
  return 0;
}
