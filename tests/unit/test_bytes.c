#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void hex_round_trip(void **state) {
  (void)state;
  uint8_t in[4] = {0x00, 0x0f, 0xf0, 0xff}, back[4];
  char text[8];
  hex_encode(text, in, 4);
  assert_memory_equal(text, "000ff0ff", 8);
  assert_true(hex_decode(back, 4, text, 8));
  assert_memory_equal(in, back, 4);
}

static void hex_refuses(void **state) {
  (void)state;
  uint8_t out[2];
  assert_false(hex_decode(out, 2, "00FF", 4)); /* upper case is not canonical */
  assert_false(hex_decode(out, 2, "00f", 3));
  assert_false(hex_decode(out, 2, "00fg", 4));
}

static void buffer_grows_and_fails_softly(void **state) {
  (void)state;
  struct buf b = {0};
  for (int i = 0; i < 1000; i++)
    buf_printf(&b, "%d,", i);
  assert_int_equal(b.n, 3890);
  sp_alloc_fail_after(0, true);
  uint8_t big[8192] = {0};
  buf_put(&b, big, sizeof big);
  sp_alloc_fail_after(UINT64_MAX, false);
  assert_true(b.failed);
  assert_int_equal(b.n, 3890);
  buf_free(&b);
}

static void secrets_compare(void **state) {
  (void)state;
  assert_true(bytes_equal_ct("abcd", "abcd", 4));
  assert_false(bytes_equal_ct("abcd", "abce", 4));
  char secret[4] = "key";
  bytes_wipe(secret, sizeof secret);
  assert_true(bytes_are_zero(secret, sizeof secret));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hex_round_trip),
      cmocka_unit_test(hex_refuses),
      cmocka_unit_test(buffer_grows_and_fails_softly),
      cmocka_unit_test(secrets_compare),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
