#include "cli/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a text reads as: fields within a record joined by '|', records by '/', a bad record as
 * '!' and the line. */
static void expect(const char *text, size_t n, const char *want) {
  struct csv c;
  struct buf got = {0};
  bool end = false;
  csv_open(&c, span_of(text, n));
  for (int i = 0; i < 100 && !end; i++) {
    struct fault why = {0};
    enum sp_err err = csv_next(&c, &end, &why);
    if (end)
      break;
    if (got.n)
      buf_puts(&got, "/");
    if (err) {
      assert_int_equal(err, SP_INVALID);
      assert_true(why.text[0]);
      buf_printf(&got, "!%u", c.record_line);
      continue;
    }
    for (uint32_t f = 0; f < c.n; f++)
      buf_printf(&got, "%s%s", f ? "|" : "", c.fields[f]);
  }
  assert_true(end);
  assert_string_equal(buf_cstr(&got), want);
  buf_free(&got);
  csv_close(&c);
}
#define EXPECT(text, want) expect(text, sizeof(text) - 1, want)

static void reads(void **state) {
  (void)state;
  EXPECT("", "");
  EXPECT("\n\r\n\n", "");
  EXPECT("a", "a");
  EXPECT("a,b\n", "a|b");
  EXPECT("a,b\r\nc,d\r\n", "a|b/c|d");
  EXPECT("\xef\xbb\xbf"
         "kind,name\n",
         "kind|name");
  EXPECT(",\n", "|");
  EXPECT("a,\nb,c", "a|/b|c");
  EXPECT("\"a,b\",\"c\"\"d\",\"\"\n", "a,b|c\"d|");
  EXPECT("\"a\nb\",c\nd,e\n", "a\nb|c/d|e");
  EXPECT("Ибрагимова,李\n", "Ибрагимова|李");
  EXPECT("a\rb\n", "a\rb"); /* a lone CR is no line break */
}

static void refuses(void **state) {
  (void)state;
  EXPECT("a\n\"b\nc\nd\n", "a/!2/c/d"); /* never closed: one line is given up, not the file */
  EXPECT("a\"b,c\nd\n", "!1/d");
  EXPECT("\"a\"b,c\nd\n", "!1/d");
  EXPECT("a\xff,b\nc\n", "!1/c");
  EXPECT("a\0b\nc\n", "!1/c");
  EXPECT("\x1b[2J\nc\n", "!1/c");
  EXPECT("\"", "!1");
  EXPECT("\"\"\"", "!1");
}

static void counts_lines(void **state) {
  (void)state;
  struct csv c;
  bool end;
  csv_open(&c, span_str("a\n\n\"b\nb\"\r\nc"));
  const uint32_t lines[] = {1, 3, 5};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(csv_next(&c, &end, NULL), SP_OK);
    assert_int_equal(c.record_line, lines[i]);
  }
  csv_close(&c);
}

static void bounds(void **state) {
  (void)state;
  struct buf b = {0};
  for (int i = 0; i < csv_fields_max - 1; i++)
    buf_puts(&b, "x,");
  buf_puts(&b, "x\n");
  struct csv c;
  bool end;
  csv_open(&c, buf_span(&b));
  assert_int_equal(csv_next(&c, &end, NULL), SP_OK);
  assert_int_equal(c.n, csv_fields_max);
  csv_close(&c);
  b.n--;
  buf_puts(&b, ",x\ny\n");
  csv_open(&c, buf_span(&b));
  assert_int_equal(csv_next(&c, &end, NULL), SP_INVALID);
  assert_int_equal(csv_next(&c, &end, NULL), SP_OK);
  assert_string_equal(c.fields[0], "y");
  csv_close(&c);
  buf_reset(&b);
  buf_puts(&b, "\"");
  for (int i = 0; i < csv_record_bytes_max + 10; i++)
    buf_puts(&b, "x");
  buf_puts(&b, "\"\ny\n");
  csv_open(&c, buf_span(&b));
  assert_int_equal(csv_next(&c, &end, NULL), SP_INVALID);
  assert_int_equal(csv_next(&c, &end, NULL), SP_OK);
  assert_string_equal(c.fields[0], "y");
  csv_close(&c);
  buf_free(&b);
}

/* Any bytes end, and every field is text. */
static void any_bytes(void **state) {
  (void)state;
  static const char alphabet[] = "a,\"\n\r\xc3\xa9";
  uint64_t x = 88172645463325252;
  for (int round = 0; round < 20000; round++) {
    char text[24];
    size_t n = 0;
    for (; n < sizeof text; n++) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      text[n] = alphabet[x % (sizeof alphabet - 1)];
    }
    struct csv c;
    bool end = false;
    csv_open(&c, span_of(text, n));
    int records = 0;
    while (!end) {
      if (csv_next(&c, &end, NULL) == SP_OK && !end)
        for (uint32_t f = 0; f < c.n; f++)
          assert_true(strlen(c.fields[f]) <= n);
      assert_true(++records <= 40);
    }
    csv_close(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads),  cmocka_unit_test(refuses),   cmocka_unit_test(counts_lines),
      cmocka_unit_test(bounds), cmocka_unit_test(any_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
