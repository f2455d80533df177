/* JSON from clients, looked at without building anything; and frames. */
#include "engine/frame.h"
#include "engine/json.h"

#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum sp_err check(const char *text, unsigned depth) {
  struct json_member m[] = {{"a", {0}}, {"b", {0}}};
  struct fault why = {0};
  /* In memory of its own, so that a sanitizer sees one byte too many. */
  size_t n = strlen(text);
  uint8_t *copy = malloc(n ? n : 1);
  memcpy(copy, text, n);
  enum sp_err err = json_members(span_of(copy, n), m, 2, depth, "it", &why);
  assert_int_equal(err != SP_OK, why.text[0] != 0);
  free(copy);
  return err;
}

static void what_is_json(void **state) {
  (void)state;
  static const char *const good[] = {
      "{}",
      " { } ",
      "{\"a\":1}",
      "{\"a\":-0.5e+10,\"b\":[]}",
      "{\"b\":[1,[2,{\"x\":null}]],\"a\":true}",
      "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
      "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}",
  };
  static const char *const bad[] = {
      "",
      "x",
      "[]",
      "{",
      "{\"a\"}",
      "{\"a\":}",
      "{a:1}",
      "{\"a\":01}",
      "{\"a\":+1}",
      "{\"a\":1.}",
      "{\"a\":1e}",
      "{\"a\":.5}",
      "{\"a\":-}",
      "{\"a\":nul}",
      "{\"a\":1,}",
      "{\"a\":1 \"b\":2}",
      "{\"a\":[1,]}",
      "{\"a\":[1",
      "{\"a\":\"",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\\u12g4\"}",
      "{\"a\":\"\\ud800\"}",
      "{\"a\":\"\\udc00\"}",
      "{\"a\":\"\\ud800\\u0041\"}",
      "{\"a\":\"\n\"}",
      "{\"a\":1}{",
      "{\"a\":1,\"a\":2}",
      "{\"c\":1}",
      "{\"a\":\"\xc0\x80\"}",
      "{\"a\":\"\xed\xa0\x80\"}",
      "{\"a\":\"\xf4\x90\x80\x80\"}",
      "{\"a\":\"\xe2\x82\"}",
      "{\"a\":\"\x80\"}",
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    assert_int_equal(check(good[i], 8), SP_OK);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (check(bad[i], 8) != SP_INVALID)
      fail_msg("%s", bad[i]);
}

static void depth_is_bounded(void **state) {
  (void)state;
  assert_int_equal(check("{\"a\":[[1]]}", 3), SP_OK);
  assert_int_equal(check("{\"a\":[[1]]}", 2), SP_LIMIT);
  assert_int_equal(check("{\"a\":{}}", 1), SP_LIMIT);
}

static void members_are_found(void **state) {
  struct json_member m[] = {{"a", {0}}, {"b", {0}}, {"c", {0}}};
  struct fault why = {0};
  (void)state;
  struct span text = SPAN_LIT("{ \"b\" : [ 1 ] , \"a\" : \"x\" }");
  assert_int_equal(json_members(text, m, 3, 4, "it", &why), SP_OK);
  assert_true(span_is(m[0].value, "\"x\""));
  assert_true(span_is(m[1].value, "[ 1 ]"));
  assert_null(m[2].value.p);
  assert_true(span_is(json_find(text, "a"), "\"x\""));
  assert_null(json_find(text, "x").p);
}

static void strings_are_decoded(void **state) {
  char out[16];
  size_t n;
  struct fault why = {0};
  (void)state;
  assert_int_equal(
      json_string_read(SPAN_LIT("\"\\u00e9\\ud83d\\ude00\\n\""), out, sizeof out, &n, "it", &why),
      SP_OK);
  assert_true(span_is(span_of(out, n), "\xc3\xa9\xf0\x9f\x98\x80\n"));
  assert_int_equal(json_string_read(SPAN_LIT("\"\\u0000\""), out, sizeof out, &n, "it", &why),
                   SP_INVALID);
  assert_int_equal(json_string_read(SPAN_LIT("12"), out, sizeof out, &n, "it", &why), SP_INVALID);
  assert_int_equal(json_string_read(SPAN_LIT("\"12345\""), out, 4, &n, "it", &why), SP_LIMIT);
  assert_int_equal(json_string_read((struct span){0}, out, 4, &n, "it", &why), SP_INVALID);
}

static void strings_are_written(void **state) {
  struct buf b = {0};
  (void)state;
  json_string_put(&b, SPAN_LIT("a\"\\\n\x01\xc3\xa9\xff\xed\xa0\x80"));
  assert_true(span_is(buf_span(&b), "\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
                                    "\xef\xbf\xbd\xef\xbf\xbd\""));
  buf_free(&b);
}

static void numbers_are_whole(void **state) {
  uint32_t v;
  (void)state;
  assert_true(json_u32_read(SPAN_LIT("4294967295"), &v));
  assert_int_equal(v, UINT32_MAX);
  static const char *const bad[] = {"", "4294967296", "-1", "01", "1.0", "1e3", "x"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(json_u32_read(span_str(bad[i]), &v));
}

static void frames(void **state) {
  uint8_t header[frame_header_bytes];
  struct frame f;
  struct fault why = {0};
  (void)state;
  frame_put(header, &(struct frame){FRAME_REQUEST, 1234, 0x0102030405060708});
  assert_memory_equal(header, "SP\x01\x01\xd2\x04\x00\x00\x08\x07\x06\x05\x04\x03\x02\x01", 16);
  assert_int_equal(frame_read(&f, header, &why), SP_OK);
  assert_int_equal(f.kind, FRAME_REQUEST);
  assert_int_equal(f.length, 1234);
  assert_int_equal(f.id, 0x0102030405060708);
  header[2] = 2;
  assert_int_equal(frame_read(&f, header, &why), SP_VERSION);
  header[2] = 1;
  header[7] = 1;
  assert_int_equal(frame_read(&f, header, &why), SP_LIMIT);
  header[0] = 'G';
  assert_int_equal(frame_read(&f, header, &why), SP_INVALID);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_json),
      cmocka_unit_test(depth_is_bounded),
      cmocka_unit_test(members_are_found),
      cmocka_unit_test(strings_are_decoded),
      cmocka_unit_test(strings_are_written),
      cmocka_unit_test(numbers_are_whole),
      cmocka_unit_test(frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
