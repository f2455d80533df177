/* The record codec with every table there is: the first byte says which, the second how strict.
 * What is decoded is encoded and decoded again: the same value, and canonical text is a fixed
 * point. '@' as in site.h. */
#include "core/state.h"
#include "fuzz/site.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct core *core;
  static struct plan *plan;
  if (!core)
    core = fuzz_site_core(&plan);
  struct cut in = {p, n};
  uint8_t which = cut_u8(&in);
  bool canonical = cut_u8(&in) & 1;
  const struct record *r =
      which < 128 ? &command_records[which % COMMAND_COUNT] : &event_records[which % EVENT_COUNT];
  struct namer namer = core_namer(core);
  struct buf text = {0}, once = {0}, twice = {0};
  struct fault why = {0};
  fuzz_site_expand(span_of(in.p, in.n), core, NULL, &text);
  void *value = calloc(1, r->size), *again = calloc(1, r->size);
  MUST_HOLD(value && again);
  enum sp_err err = record_decode(r, value, buf_span(&text), &namer, canonical, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_NOT_FOUND);
  if (!err) {
    record_encode(&once, r, value, &namer);
    if (canonical)
      MUST_HOLD(span_eq(buf_span(&once), buf_span(&text)));
    bool asked = false; /* what the engine fills in is left out, and then missing */
    for (size_t i = 0; i < r->n_fields; i++)
      asked |= (r->fields[i].flags & FIELD_ENGINE) && (r->fields[i].flags & FIELD_REQUIRED);
    if (canonical || !asked) {
      MUST_DO(record_decode(r, again, buf_span(&once), &namer, true, must));
      record_encode(&twice, r, again, &namer);
      MUST_HOLD(span_eq(buf_span(&once), buf_span(&twice)));
    }
    struct buf other = {0};
    MUST_HOLD(fuzz_jansson_canonical(buf_span(&once), &other));
    MUST_HOLD(span_eq(buf_span(&other), buf_span(&once)));
    buf_free(&other);
  }
  free(value);
  free(again);
  buf_free(&text);
  buf_free(&once);
  buf_free(&twice);
  return 0;
}
