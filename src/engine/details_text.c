#include "engine/details_text.h"

#include "journal/details.h"
#include "plan/json_bytes.h"

/* RFC 8785 writes fractions in a way of its own; nothing about a person needs them. */
static bool has_fraction(const json_t *v) {
  const char *key;
  json_t *item;
  size_t i;
  if (json_is_object(v)) {
    json_object_foreach((json_t *)(uintptr_t)v, key, item) if (has_fraction(item)) return true;
  } else if (json_is_array(v)) {
    json_array_foreach(v, i, item) if (has_fraction(item)) return true;
  }
  return json_is_real(v);
}

static int put(const char *bytes, size_t n, void *ctx) {
  struct buf *out = ctx;
  buf_put(out, bytes, n);
  return out->failed ? -1 : 0;
}

enum sp_err details_text(struct span json, struct buf *out, struct fault *why) {
  size_t before = out->n;
  json_t *v;
  enum sp_err err = json_bytes_read(&v, json, NULL, why);
  if (err) {
    if (why)
      fault_prefix(why, "details");
    return err;
  }
  if (!json_is_object(v))
    err = fault_set(why, SP_INVALID, "details: an object is expected");
  else if (has_fraction(v))
    err = fault_set(why, SP_INVALID, "details: numbers are whole ones; write others as text");
  else if (json_dump_callback(v, put, out, JSON_SORT_KEYS | JSON_COMPACT) != 0)
    err = fault_set(why, SP_NO_MEMORY, "out of memory for details");
  else if (out->n - before > details_max)
    err = fault_set(why, SP_LIMIT, "details: %zu bytes, and at most %d are kept", out->n - before,
                    details_max);
  json_decref(v);
  if (err) {
    out->failed = false;
    if (out->n > before)
      bytes_wipe(out->p + before, out->n - before);
    out->n = before;
  }
  return err;
}
