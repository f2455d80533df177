/* JSON of clients: the scanner against another reader, strings there and back, and personal details
 * in their one form. */
#include "engine/details_text.h"
#include "engine/engine_limits.h"
#include "engine/json.h"
#include "engine/request.h"
#include "engine/session.h"
#include "fuzz/fuzz.h"

#include <string.h>

#include <jansson.h>

/* jansson bounds numbers, and takes no key with a NUL, where we bound nothing but depth. */
static bool jansson_takes(struct span text, bool *bounds) {
  json_error_t error;
  json_t *j = json_loadb((const char *)text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
  *bounds = !j && (json_error_code(&error) == json_error_numeric_overflow ||
                   json_error_code(&error) == json_error_null_byte_in_key);
  json_decref(j);
  return j != NULL;
}

/* Is the input JSON? Asked within an object, whose member it is. */
static bool check_scanner(struct span text) {
  struct json_member m[] = {{"x", {0}}};
  struct fault why = {0};
  struct buf b = {0};
  bool bounds;
  buf_puts(&b, "{\"x\":");
  buf_put(&b, text.p, text.n);
  buf_puts(&b, "}");
  enum sp_err err = json_members(buf_span(&b), m, 1, request_depth_max, "it", &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT);
  bool other = jansson_takes(buf_span(&b), &bounds);
  if (!err && m[0].value.p) {
    MUST_HOLD(other || bounds);
    MUST_HOLD(json_find(buf_span(&b), "x").p == m[0].value.p);
  }
  /* To jansson a NUL byte is where text ends. */
  if (err == SP_INVALID && !strstr(why.text, "is not known") && !strstr(why.text, "twice") &&
      !(text.n && memchr(text.p, 0, text.n)))
    MUST_HOLD(!other);
  bool whole = !err && m[0].value.p && m[0].value.n <= text.n;
  buf_free(&b);
  return whole;
}

static void check_string(struct span text) {
  char out[512], again[512];
  size_t n, m;
  struct fault why = {0};
  if (json_string_read(text, out, sizeof out, &n, "it", &why))
    return;
  struct buf b = {0};
  json_string_put(&b, span_of(out, n));
  if (b.n <= sizeof again) {
    MUST_DO(json_string_read(buf_span(&b), again, sizeof again, &m, "it", must));
    MUST_HOLD(n == m && memcmp(out, again, n) == 0);
  }
  buf_free(&b);
}

/* Any bytes can be told as a string of JSON. */
static void check_telling(struct span text) {
  struct buf b = {0};
  bool bounds;
  json_string_put(&b, text);
  MUST_HOLD(b.failed || jansson_takes(buf_span(&b), &bounds));
  buf_free(&b);
}

static void check_details(struct span text) {
  struct buf once = {0}, twice = {0}, other = {0};
  struct fault why = {0};
  enum sp_err err = details_text(text, &once, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT);
  if (!err) {
    MUST_DO(details_text(buf_span(&once), &twice, must));
    MUST_HOLD(span_eq(buf_span(&once), buf_span(&twice)));
    if (fuzz_jansson_canonical(buf_span(&once), &other) && !memchr(once.p, '\\', once.n))
      MUST_HOLD(span_eq(buf_span(&once), buf_span(&other)));
  }
  buf_free(&once);
  buf_free(&twice);
  buf_free(&other);
}

/* What an operator's details say is put down again in the same words. */
static void check_operator(struct span text) {
  static struct sessions *s;
  if (!s)
    s = sessions_new();
  MUST_HOLD(s);
  struct fault why = {0};
  enum sp_err err = sessions_know(s, 3, text, &why);
  MUST_HOLD(err == SP_OK || (err == SP_CORRUPT && why.err == SP_CORRUPT));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct span text = span_of(p, n);
  struct request r;
  struct fault why = {0};
  uint32_t number;
  bool json = check_scanner(text);
  if (json)
    check_string(text);
  check_telling(text);
  check_operator(text);
  (void)json_u32_read(text, &number);
  if (json)
    check_details(text);
  enum sp_err err = request_read(&r, text, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT);
  request_wipe(&r);
  return 0;
}
