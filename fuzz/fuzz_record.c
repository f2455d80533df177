/* The record codec with every table there is, and one that has every kind of field: the first byte
 * says which, the second how strict.
 * What is decoded is encoded and decoded again: the same value, and canonical text is a fixed
 * point. '@' as in site.h. */
#include "core/state.h"
#include "fuzz/site.h"

#include <stdlib.h>
#include <string.h>

/* What no table has so far, or few. */
struct all {
  bool flag;
  uint32_t gate, small;
  uint64_t count;
  struct hash hash;
  struct id id;
  struct ref on;
  struct reasons reasons;
  struct refs refs;
  struct slug slug;
  usec at;
};
#define ROW(name, kind, member, ref, names)                                                        \
  { name, kind, 0, offsetof(struct all, member), ref, names, "" }
static const char *const codes[] = {"lockdown", "capacity", NULL};
static const struct field all_fields[] = {
    ROW("at", FIELD_TIME, at, REF_NONE, NULL),
    ROW("count", FIELD_U64, count, REF_NONE, NULL),
    ROW("flag", FIELD_BOOL, flag, REF_NONE, NULL),
    ROW("gate", FIELD_REF, gate, REF_GATE, NULL),
    ROW("hash", FIELD_HASH, hash, REF_NONE, NULL),
    ROW("id", FIELD_ID, id, REF_NONE, NULL),
    ROW("on", FIELD_REF_ANY, on, REF_NONE, NULL),
    ROW("reasons", FIELD_REASONS, reasons, REF_NONE, codes),
    ROW("refs", FIELD_REFS, refs, REF_NONE, NULL),
    ROW("slug", FIELD_SLUG, slug, REF_NONE, NULL),
    ROW("small", FIELD_U32, small, REF_NONE, NULL),
    {"type", FIELD_CONST, FIELD_REQUIRED, 0, REF_NONE, NULL, ""},
};
static const struct record all_record = {
    "all.seen", all_fields, sizeof all_fields / sizeof *all_fields, sizeof(struct all), ""};

static const struct record *record_of(uint8_t which) {
  return which == 255  ? &all_record
         : which < 128 ? &command_records[which % COMMAND_COUNT]
                       : &event_records[which % EVENT_COUNT];
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct core *core;
  static struct plan *plan;
  if (!core)
    core = fuzz_site_core(&plan);
  struct cut in = {p, n};
  uint8_t which = cut_u8(&in);
  bool canonical = cut_u8(&in) & 1;
  const struct record *r = record_of(which);
  struct namer namer = core_namer(core);
  struct buf text = {0}, once = {0}, twice = {0};
  struct fault why = {0};
  fuzz_site_expand(span_of(in.p, in.n), core, NULL, &text);
  void *value = calloc(1, r->size), *again = calloc(1, r->size);
  MUST_HOLD(value && again);
  enum sp_err err = record_decode(r, value, buf_span(&text), &namer, canonical, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT || err == SP_NOT_FOUND);
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
