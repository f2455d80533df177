/* What people type at a reader's terminal, into bits. The card formats themselves:
 * test_card_format. */
#include "line/typed_card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_bits(void **state) {
  static const struct {
    const char *text, *hex;
    uint16_t bits;
  } rows[] = {
      {"h10301:17-4711", "888933c0", 26}, /* 1, 00010001, 0001001001100111, 1: three ones and six */
      {"h10301:0-0", "00000040", 26},     /* the odd parity of nothing */
      {"h10301:255-65535", "7fffffc0", 26},
      {"h10302:1", "0000000010", 37},
      {"raw:a5/8", "a5", 8},
      {"raw:A580/9", "a580", 9},
      {"raw:80/1", "80", 1},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct typed_card card;
    struct fault why = {0};
    char hex[2 * sizeof card.bytes];
    size_t n = (rows[i].bits + 7u) / 8;
    if (typed_card_bits(&card, rows[i].text, &why))
      fail_msg("%s: %s", rows[i].text, why.text);
    hex_encode(hex, card.bytes, n);
    if (card.n != rows[i].bits || strlen(rows[i].hex) != 2 * n ||
        memcmp(hex, rows[i].hex, 2 * n) != 0)
      fail_msg("%s: %u bits %.*s, not %u bits %s", rows[i].text, card.n, (int)(2 * n), hex,
               rows[i].bits, rows[i].hex);
  }
}

static void test_refused(void **state) {
  static const struct {
    const char *text;
    enum sp_err err;
  } rows[] = {
      {"", SP_NOT_FOUND},
      {"17-4711", SP_NOT_FOUND},
      {"h10303:17-4711", SP_NOT_FOUND},
      {"h10301:", SP_INVALID},
      {"h10301:256-1", SP_INVALID},
      {"h10301:1-65536", SP_INVALID},
      {"h10301:1-2-3", SP_INVALID},
      {"h10301:1-2x", SP_INVALID},
      {"raw:", SP_INVALID},
      {"raw:a5", SP_INVALID},
      {"raw:a5/", SP_INVALID},
      {"raw:a5/0", SP_INVALID},
      {"raw:a5/9", SP_INVALID},
      {"raw:a5/-8", SP_INVALID},
      {"raw:a5/8x", SP_INVALID},
      {"raw:a5/4", SP_INVALID}, /* ones behind the last bit */
      {"raw:g5/8", SP_INVALID},
      {"raw:a5/99999999999999999999", SP_INVALID},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct typed_card card;
    struct fault why = {0};
    assert_int_equal(typed_card_bits(&card, rows[i].text, &why), rows[i].err);
    assert_int_equal(card.n, 0);
    assert_non_null(strstr(why.text, rows[i].err == SP_NOT_FOUND ? "h10301" : " "));
    assert_null(strstr(why.text, "4711")); /* a card's number is told to nobody */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits), cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
