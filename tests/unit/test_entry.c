#include "journal/details.h"
#include "journal/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AT   "{\"at\":\"2026-11-23T07:14:27.123456Z\""
#define BY   ",\"by\":\"line:east\""
#define DATA ",\"data\":{}"
#define TAIL ",\"n\":7,\"site\":\"hq\",\"type\":\"passage.granted\",\"v\":1}"

static const char full[] =
    AT ",\"by\":\"op:00112233445566778899aabbccddeeff\",\"clock\":\"untrusted\",\"command\":{"
       "\"on\":[\"a\",1,true,{\"k\":false}],\"type\":\"person.add\"},\"commit\":"
       "\"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\",\"data\":{\"person\":"
       "\"x\"},\"known_at\":\"2026-11-23T07:14:26.000000Z\",\"n\":9007199254740991,\"second\":"
       "\"node:hand\",\"site\":\"hq-1\",\"type\":\"person.added\",\"v\":1}";
static const char follower[] = AT ",\"by\":\"core\",\"cause\":6" DATA TAIL;

/* From memory that ends where the text does, so that a sanitizer sees one byte too far. */
static enum sp_err parse(struct entry *e, const char *text, size_t n, bool *same,
                         struct fault *why) {
  uint8_t *exact = malloc(n ? n : 1);
  memcpy(exact, text, n);
  enum sp_err err = entry_parse(e, span_of(exact, n), why);
  if (!err) {
    struct buf b = {0};
    entry_encode(&b, e);
    *same = b.n == n && memcmp(b.p, exact, n) == 0;
    buf_free(&b);
  }
  free(exact);
  return err;
}

static enum sp_err check(const char *text, size_t n, struct fault *why) {
  uint8_t *exact = malloc(n ? n : 1);
  memcpy(exact, text, n);
  enum sp_err err = entry_check(span_of(exact, n), why);
  free(exact);
  return err;
}

static void goes_round(void **state) {
  (void)state;
  const char *texts[] = {full, follower, AT BY DATA TAIL};
  for (int i = 0; i < 3; i++) {
    struct entry e;
    struct fault why = {0};
    bool same = false;
    if (parse(&e, texts[i], strlen(texts[i]), &same, &why))
      fail_msg("%s: %s", texts[i], why.text);
    assert_true(same);
    assert_int_equal(check(texts[i], strlen(texts[i]), &why), SP_OK);
  }
  struct entry e;
  struct fault why = {0};
  assert_int_equal(entry_parse(&e, span_str(full), &why), SP_OK);
  assert_true(span_is(e.by, "op:00112233445566778899aabbccddeeff"));
  assert_true(span_is(e.second, "node:hand") && span_is(e.site, "hq-1"));
  assert_true(span_is(e.type, "person.added") && span_is(e.data, "{\"person\":\"x\"}"));
  assert_true(e.clock_untrusted && e.cause == CAUSE_NONE && e.commit.b[31] == 32);
  assert_true(e.n == (UINT64_C(1) << 53) - 1 && e.at - e.known_at == 1123456);
  assert_int_equal(entry_parse(&e, span_str(follower), &why), SP_OK);
  assert_true(e.cause == 6 && e.n == 7 && e.command.n == 0 && e.known_at == TIME_ABSENT);
}

static const struct {
  const char *text, *says;
  enum sp_err err;
} refused[] = {
    {"", "0 bytes", SP_CORRUPT},
    {"{}", "\"v\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"v\":2}", "version 2", SP_VERSION},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"unheard\":[],\"v\":10}", "version 10",
     SP_VERSION},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"v\":01}", "\"v\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"v\":1}}", "\"v\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"v\":1} ", "\"v\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b\",\"w\":1}", "\"v\"", SP_CORRUPT},
    {BY DATA TAIL, "\"at\"", SP_CORRUPT},
    {"{\"at\":\"2026-11-23T07:14:27Z\"" BY DATA TAIL, "\"at\", byte 28: a time", SP_CORRUPT},
    {AT DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT ",\"by\":\"operator\"" DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT ",\"by\":\"op:0011\"" DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT ",\"by\":\"op:00112233445566778899AABBCCDDEEFF\"" DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT ",\"by\":\"line:\"" DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT ",\"by\":\"line:-\"" DATA TAIL, "\"by\"", SP_CORRUPT},
    {AT BY ",\"cause\":7" DATA TAIL, "comes after", SP_CORRUPT},
    {AT BY ",\"cause\":06" DATA TAIL, "leading zeros", SP_CORRUPT},
    {AT BY ",\"cause\":6,\"command\":{}" DATA TAIL, "\"command\"", SP_CORRUPT},
    {AT BY ",\"clock\":\"trusted\"" DATA TAIL, "\"data\"", SP_CORRUPT},
    {AT BY ",\"command\":[]" DATA TAIL, "\"command\"", SP_CORRUPT},
    {AT BY ",\"commit\":"
           "\"0000000000000000000000000000000000000000000000000000000000000000\"" DATA TAIL,
     "\"commit\"", SP_CORRUPT},
    {AT BY TAIL, "\"data\"", SP_CORRUPT},
    {AT BY ",\"data\":1" TAIL, "\"data\"", SP_CORRUPT},
    {AT BY ",\"data\":{\"b\":1,\"a\":1}" TAIL, "keys come once", SP_CORRUPT},
    {AT BY ",\"data\":{ }" TAIL, "a key", SP_CORRUPT},
    {AT BY DATA DATA TAIL, "\"n\"", SP_CORRUPT},
    {AT BY DATA ",\"extra\":1" TAIL, "\"n\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":9007199254740992,\"site\":\"hq\",\"type\":\"a.b\",\"v\":1}", "\"n\"",
     SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"HQ\",\"type\":\"a.b\",\"v\":1}", "\"site\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a..b\",\"v\":1}", "\"type\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"\",\"v\":1}", "\"type\"", SP_CORRUPT},
    {AT BY DATA ",\"n\":7,\"site\":\"hq\",\"type\":\"a.b.\",\"v\":1}", "\"type\"", SP_CORRUPT},
};

static void refuses_by_member(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    struct entry e;
    struct fault why = {0};
    bool same;
    enum sp_err err = parse(&e, refused[i].text, strlen(refused[i].text), &same, &why);
    if (err != refused[i].err || !strstr(why.text, refused[i].says))
      fail_msg("%s: %s: %s", refused[i].text, sp_err_name(err), why.text);
  }
  struct entry e;
  assert_int_equal(entry_parse(&e, (struct span){0}, NULL), SP_CORRUPT);
  assert_int_equal(entry_check((struct span){0}, NULL), SP_CORRUPT);
}

static const struct {
  const char *text;
  bool ok;
} dialect[] = {
    {"{}", true},
    {"{\"a\":[]}", true},
    {"{\"a\":[1,2,{}],\"aa\":\"\",\"b\":true,\"c\":false}", true},
    {"{\"a\":0}", true},
    {"{\"a\":9007199254740991}", true},
    {"{\"a\":\" !#[]^~{}:,\"}", true},
    {"{\"a\":\"a string that is longer than sixteen bytes\"}", true},
    {"{\"\":1}", true},
    {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}", true},
    {"{\"a\":[[[[[[[]]]]]]]}", true},
    {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", false},
    {"{\"a\":[[[[[[[[]]]]]]]]}", false},
    {"", false},
    {"[]", false},
    {"\"a\"", false},
    {"1", false},
    {"{", false},
    {"{}}", false},
    {"{} ", false},
    {" {}", false},
    {"{\"a\":1,}", false},
    {"{,\"a\":1}", false},
    {"{\"a\"}", false},
    {"{\"a\":}", false},
    {"{\"a\":1 }", false},
    {"{\"a\": 1}", false},
    {"{\"a\":1,\"a\":1}", false},
    {"{\"b\":1,\"a\":1}", false},
    {"{\"aa\":1,\"a\":1}", false},
    {"{a:1}", false},
    {"{\"a\":00}", false},
    {"{\"a\":01}", false},
    {"{\"a\":-1}", false},
    {"{\"a\":+1}", false},
    {"{\"a\":1.5}", false},
    {"{\"a\":1e2}", false},
    {"{\"a\":9007199254740992}", false},
    {"{\"a\":18446744073709551617}", false},
    {"{\"a\":340282366920938463463374607431768211457}", false},
    {"{\"a\":null}", false},
    {"{\"a\":tru}", false},
    {"{\"a\":True}", false},
    {"{\"a\":truefalse}", false},
    {"{\"a\":\"\\n\"}", false},
    {"{\"a\":\"\\\"\"}", false},
    {"{\"a\":\"\x01\"}", false},
    {"{\"a\":\"\x1f\"}", false},
    {"{\"a\":\"\x7f\"}", false},
    {"{\"a\":\"\x80\"}", false},
    {"{\"a\":\"\xc3\xa6\"}", false},
    {"{\"a\":\"0123456789abcdef\xff\"}", false},
    {"{\"a\":[1,]}", false},
    {"{\"a\":[,1]}", false},
    {"{\"a\":[1 ,2]}", false},
    {"{\"a\":[1}", false},
    {"{\"a\":[1]", false},
    {"{\"a\":{\"b\":1]}", false},
};

static void dialect_is_exact(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof dialect / sizeof *dialect; i++) {
    struct fault why = {0};
    if ((check(dialect[i].text, strlen(dialect[i].text), &why) == SP_OK) != dialect[i].ok)
      fail_msg("%s: %s", dialect[i].text, why.text);
  }
}

static void every_cut_is_refused(void **state) {
  (void)state;
  for (size_t n = 0; n < strlen(full); n++) {
    struct entry e;
    struct fault why = {0};
    bool same;
    assert_int_equal(parse(&e, full, n, &same, &why), SP_CORRUPT);
    assert_int_equal(check(full, n, &why), SP_CORRUPT);
  }
}

/* The dialect once more, by hand and slowly, one byte after the other. */
static bool slow_value(const char **p, const char *end, int depth) {
  const char *s = *p;
  if (s == end)
    return false;
  if (*s == '"') {
    for (s++; s < end && *s != '"'; s++)
      if (*s < 0x20 || *s > 0x7e || *s == '\\')
        return false;
    *p = s + 1;
    return s < end;
  }
  if (*s == '{' || *s == '[') {
    bool object = *s == '{';
    char close = object ? '}' : ']';
    const char *key = NULL;
    size_t key_n = 0;
    if (depth == 0)
      return false;
    s++;
    if (s < end && *s == close) {
      *p = s + 1;
      return true;
    }
    for (;; s++) {
      if (object) {
        const char *k = s + 1;
        if (s == end || *s != '"' || !slow_value(&s, end, depth) || s == end || *s != ':')
          return false;
        size_t n = (size_t)(s - 1 - k), min = n < key_n ? n : key_n;
        int order = key ? memcmp(key, k, min) : -1;
        if (order > 0 || (order == 0 && key_n >= n))
          return false;
        key = k;
        key_n = n;
        s++;
      }
      if (!slow_value(&s, end, depth - 1) || s == end)
        return false;
      if (*s == close) {
        *p = s + 1;
        return true;
      }
      if (*s != ',')
        return false;
    }
  }
  if (end - s >= 4 && memcmp(s, "true", 4) == 0) {
    *p = s + 4;
    return true;
  }
  if (end - s >= 5 && memcmp(s, "false", 5) == 0) {
    *p = s + 5;
    return true;
  }
  while (s < end && *s >= '0' && *s <= '9')
    s++;
  size_t n = (size_t)(s - *p);
  if (n == 0 || n > 16 || (n > 1 && **p == '0') ||
      (n == 16 && memcmp(*p, "9007199254740991", 16) > 0))
    return false;
  *p = s;
  return true;
}

static bool slow_check(const char *text, size_t n) {
  const char *p = text;
  return n && *p == '{' && slow_value(&p, text + n, 8) && p == text + n;
}

/* Whatever byte stands wherever: refused, or exactly what we would have written; and the fast
 * check agrees with the slow one. */
static void every_byte_is_seen(void **state) {
  (void)state;
  char text[sizeof full];
  for (size_t i = 0; i < strlen(full); i++)
    for (int c = 0; c < 256; c++) {
      struct entry e;
      struct fault why = {0};
      bool same = true;
      memcpy(text, full, sizeof full);
      text[i] = (char)c;
      enum sp_err err = parse(&e, text, sizeof full - 1, &same, &why);
      bool canonical = check(text, sizeof full - 1, &why) == SP_OK;
      assert_true(same);
      assert_true(err || canonical);
      assert_true(canonical == slow_check(text, sizeof full - 1));
    }
}

static void size_ends_at_what_a_bundle_holds(void **state) {
  (void)state;
  for (size_t n = entry_max; n <= entry_max + 1u; n++) {
    struct entry e, back;
    struct fault why = {0};
    struct buf data = {0}, b = {0};
    assert_int_equal(entry_parse(&e, span_str(follower), &why), SP_OK);
    size_t rest = strlen(follower) - 2 + strlen("{\"a\":\"\"}");
    buf_puts(&data, "{\"a\":\"");
    for (size_t i = rest; i < n; i++)
      buf_put(&data, "x", 1);
    buf_puts(&data, "\"}");
    e.data = buf_span(&data);
    entry_encode(&b, &e);
    assert_int_equal(b.n, n);
    assert_int_equal(entry_parse(&back, buf_span(&b), &why), n <= entry_max ? SP_OK : SP_CORRUPT);
    assert_int_equal(entry_check(buf_span(&b), &why), n <= entry_max ? SP_OK : SP_CORRUPT);
    buf_free(&data);
    buf_free(&b);
  }
}

static void out_of_memory_is_told(void **state) {
  (void)state;
  struct entry e;
  struct buf b = {0};
  assert_int_equal(entry_parse(&e, span_str(full), NULL), SP_OK);
  sp_alloc_fail_after(0, true);
  entry_encode(&b, &e);
  sp_alloc_fail_after(UINT64_MAX, false);
  assert_true(b.failed && b.n == 0);
}

/* Worked out with another program from what details.h says. */
static void details_are_committed_to(void **state) {
  (void)state;
  struct hash opening;
  for (int i = 0; i < 32; i++)
    opening.b[i] = (uint8_t)i;
  struct hash h =
      details_commit(&opening, SPAN_LIT("person.added"), SPAN_LIT("{\"name\":\"Ærø\"}"));
  char hex[65] = {0};
  hex_encode(hex, h.b, 32);
  assert_string_equal(hex, "e559ff8be57ffdf686c7efe9a39fbb40a66cddeb01efc0f6ed5372a1e391a45a");
  opening.b[0] ^= 1;
  struct hash other =
      details_commit(&opening, SPAN_LIT("person.added"), SPAN_LIT("{\"name\":\"Ærø\"}"));
  assert_memory_not_equal(h.b, other.b, 32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_round),
      cmocka_unit_test(refuses_by_member),
      cmocka_unit_test(dialect_is_exact),
      cmocka_unit_test(every_cut_is_refused),
      cmocka_unit_test(every_byte_is_seen),
      cmocka_unit_test(size_ends_at_what_a_bundle_holds),
      cmocka_unit_test(out_of_memory_is_told),
      cmocka_unit_test(details_are_committed_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
