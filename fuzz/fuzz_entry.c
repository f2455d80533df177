/* One journal entry, and canonical JSON: what entry_parse takes is exactly what entry_encode makes;
 * what entry_check takes, another reader of JSON takes too, and writes it down in the same way. */
#include "engine/entry_read.h"
#include "fuzz/fuzz.h"
#include "journal/entry.h"

#include <string.h>

static void check_dialect(struct span text) {
  struct buf other = {0};
  MUST_HOLD(fuzz_jansson_canonical(text, &other));
  MUST_HOLD(span_eq(buf_span(&other), text));
  buf_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct span text = span_of(p, n);
  struct fault why = {0};
  struct entry e;
  enum sp_err checked = entry_check(text, &why);
  MUST_HOLD(checked == SP_OK || checked == SP_CORRUPT);
  if (!checked)
    check_dialect(text);
  (void)entry_member(text, "type");
  (void)entry_actor_valid(text);
  (void)entry_type_valid(text);
  enum sp_err err = entry_parse(&e, text, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_VERSION);
  if (!err) {
    struct buf again = {0};
    MUST_HOLD(!checked);
    entry_encode(&again, &e);
    MUST_HOLD(span_eq(buf_span(&again), text));
    if (e.command.n)
      (void)entry_member(e.command, "type");
    buf_free(&again);
  }
  return 0;
}
