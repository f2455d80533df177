#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void round_trips(void **state) {
  (void)state;
  const struct {
    const char *text;
    usec t;
  } rows[] = {
      {"1970-01-01T00:00:00.000000Z", 0},
      {"1969-12-31T23:59:59.999999Z", -1},
      {"2000-02-29T12:00:00.000001Z", INT64_C(951825600000001)},
      {"2026-11-23T07:14:27.123456Z", INT64_C(1795418067123456)},
      {"0001-01-01T00:00:00.000000Z", USEC_MIN},
      {"9999-12-31T23:59:59.999999Z", USEC_MAX},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char out[time_text_len];
    usec t;
    time_format(out, rows[i].t);
    assert_memory_equal(out, rows[i].text, time_text_len);
    assert_true(time_parse(&t, rows[i].text, time_text_len));
    assert_true(t == rows[i].t);
  }
}

static void refuses(void **state) {
  (void)state;
  const char *bad[] = {"2026-02-29T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z",
                       "2026-00-01T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z",
                       "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
                       "2026-01-01 00:00:00.000000Z", "0000-01-01T00:00:00.000000Z",
                       "2026-01-01T00:00:00.00000xZ", "2026-01-01T00:00:00.000000+"};
  usec t;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(time_parse(&t, bad[i], strlen(bad[i])));
  assert_false(time_parse(&t, "2026-01-01T00:00:00Z", 20));
}

static void lenient_forms(void **state) {
  (void)state;
  const struct {
    const char *text;
    usec t;
  } rows[] = {
      {"1970-01-02", INT64_C(86400000000)},
      {"1970-01-01T01:00Z", INT64_C(3600000000)},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1970-01-01T00:00:00.5Z", 500000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    usec t;
    assert_true(time_parse_lenient(&t, rows[i].text, strlen(rows[i].text)));
    assert_true(t == rows[i].t);
  }
  usec t;
  const char *bad[] = {"1970-01-01T01:00", "yesterday", "1970-01-01T01", "1970-01-01T00:00:00.Z",
                       ""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(time_parse_lenient(&t, bad[i], strlen(bad[i])));
}

static void weekdays(void **state) {
  (void)state;
  assert_int_equal(weekday_of_days(days_from_civil(2026, 11, 23)), 0); /* a Monday */
  assert_int_equal(weekday_of_days(days_from_civil(1969, 12, 28)), 6); /* a Sunday before 1970 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trips),
      cmocka_unit_test(refuses),
      cmocka_unit_test(lenient_forms),
      cmocka_unit_test(weekdays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
