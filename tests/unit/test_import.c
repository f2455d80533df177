/* Cards, PINs, times and rows of a CSV of people, as people write them. */
#include "cli/import.h"
#include "cli/when.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char yaml[] = "site: {name: t, zone: Europe/Amsterdam}\n"
                           "areas: [{name: hall, kind: room}]\n"
                           "gates:\n"
                           "  - {name: front, from: outside, to: hall, doors: [{name: front,\n"
                           "     readers: [{name: front-in, direction: in}]}]}\n"
                           "levels: [{name: member, access: [{gates: all}]},\n"
                           "         {name: keyholder, access: [{gates: all}]}]\n"
                           "formats: [{name: h10301, bits: 26}, {name: long}]\n"
                           "rules: {second-operator: false}\n";

static int make_plan(void **state) {
  struct plan_faults faults = {0};
  struct plan *p;
  if (plan_read(span_str(yaml), &p, &faults)) {
    for (uint32_t i = 0; i < faults.kept; i++)
      print_message("%u: %s\n", faults.at[i].line, faults.at[i].text);
    return -1;
  }
  plan_faults_free(&faults);
  *state = p;
  return 0;
}
static int drop_plan(void **state) {
  plan_free(*state);
  return 0;
}

static void cards(void **state) {
  const struct plan *p = *state;
  const struct {
    const char *text, *hex;
  } good[] = {
      {"h10301:12345678", "bc614e"},
      {"h10301:0xBC614e", "bc614e"},
      {"h10301:0", "0"},
      {"h10301:16777215", "ffffff"},
      {"h10301:000001", "1"},
      {"h10301:188-24910", "bc614e"},
      {"h10301:0-0", "0"},
      {"h10301:000-00001", "1"},
      {"h10301:255-65535", "ffffff"},
      {"long:115792089237316195423570985008687907853269984665640564039457584007913129639935",
       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct card c;
    struct fault why = {0};
    assert_int_equal(card_parse(&c, good[i].text, p, false, &why), SP_OK);
    assert_string_equal(c.hex, good[i].hex);
  }
  const struct {
    const char *text;
    enum sp_err err;
  } bad[] = {
      {"12345678", SP_INVALID},
      {":12", SP_INVALID},
      {"h10301:", SP_INVALID},
      {"h10301:0x", SP_INVALID},
      {"h10301:12a", SP_INVALID},
      {"h10301:-1", SP_INVALID},
      {"h10301: 1", SP_INVALID},
      {"h10301:67108864", SP_INVALID}, /* 27 bits */
      {"h10301:16777216", SP_INVALID}, /* 25 bits: with its parity a card has 26 */
      {"long:115792089237316195423570985008687907853269984665640564039457584007913129639936",
       SP_INVALID},
      {"h10302:1", SP_NOT_FOUND},
      {"h10302:1-67108864", SP_NOT_FOUND},
      {"h10301:1-67108864", SP_INVALID},
      {"h10301:67108864-1", SP_INVALID},
      {"h10301:256-1", SP_INVALID},
      {"h10301:1-65536", SP_INVALID},
      {"h10301:1-2-3", SP_INVALID},
      {"h10301:1-2-3-4-5-6-7-8-9-10", SP_INVALID},
      {"h10301:1-", SP_INVALID},
      {"h10301:-", SP_INVALID},
      {"h10301:0x1-2", SP_INVALID},
      {"h10301:1 -2", SP_INVALID},
      {"long:1-2", SP_INVALID},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct card c;
    struct fault why = {0};
    assert_int_equal(card_parse(&c, bad[i].text, p, false, &why), bad[i].err);
    assert_true(why.text[0]);
    assert_null(strstr(why.text, "67108864"));
    assert_int_equal(c.hex[0], 0);
  }
  struct card c;
  assert_int_equal(card_parse(&c, "other:77", p, true, NULL), SP_OK);
  struct fault why = {0};
  assert_int_equal(card_parse(&c, "other:7-7", p, true, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "as a whole"));
  assert_int_equal(card_parse(&c, "h10301:7-7", NULL, false, &why), SP_INVALID);
  assert_int_equal(card_parse(&c, "h10301:7", p, false, &why), SP_OK);
  assert_int_equal(card_parse(&c, "h10301:7-7-7", p, false, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "h10301:FACILITY-NUMBER"));
  assert_int_equal(card_parse(&c, "h10301:54321-7", p, false, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "facility"));
  assert_null(strstr(why.text, "54321"));
}

static void pins(void **state) {
  (void)state;
  assert_int_equal(pin_check("1234", NULL), SP_OK);
  assert_int_equal(pin_check("123456789012", NULL), SP_OK);
  const char *const bad[] = {"", "123", "1234567890123", "12a4", "1234 ", "-1234"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(pin_check(bad[i], NULL), SP_INVALID);
}

static usec utc(const char *text) {
  usec t;
  assert_true(time_parse_lenient(&t, text, strlen(text)));
  return t;
}

static void times(void **state) {
  const struct plan *p = *state;
  const usec now = utc("2026-07-01T10:00:00Z");
  const struct {
    const char *text, *want;
  } rows[] = {
      {"2026-11-23", "2026-11-22T23:00:00Z"}, /* winter: an hour ahead of UTC */
      {"2026-07-01", "2026-06-30T22:00:00Z"}, /* summer: two */
      {"2026-11-23T07:14", "2026-11-23T06:14:00Z"},
      {"2026-11-23 07:14:05", "2026-11-23T06:14:05Z"},
      {"2026-11-23T07:14Z", "2026-11-23T07:14:00Z"},
      {"2026-11-23T07:14+05:00", "2026-11-23T02:14:00Z"},
      {"12:30", "2026-07-01T10:30:00Z"},
      {"+2h", "2026-07-01T12:00:00Z"},
      {"-30min", "2026-07-01T09:30:00Z"},
      {"+90d", "2026-09-29T10:00:00Z"},
      {"now", "2026-07-01T10:00:00Z"},
      /* The night clocks go forward (02:00 to 03:00) and back (03:00 to 02:00). */
      {"2026-03-29T03:30", "2026-03-29T01:30:00Z"},
      {"2026-10-25T02:30", "2026-10-25T01:30:00Z"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    usec t;
    struct fault why = {0};
    assert_int_equal(when_parse(&t, rows[i].text, p, now, &why), SP_OK);
    assert_true(t == utc(rows[i].want));
  }
  const char *const bad[] = {"",
                             "tomorrow",
                             "2026-13-01",
                             "25:00",
                             "+",
                             "+2",
                             "2026-11-23T",
                             "h",
                             "2026-11-23T07:14:00+5"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    usec t;
    assert_int_equal(when_parse(&t, bad[i], p, now, NULL), SP_INVALID);
  }
  char text[when_text_max];
  when_format(text, WHEN_FULL, now, p);
  assert_string_equal(text, "2026-07-01 12:00:00");
  when_format(text, WHEN_CLOCK, now, NULL);
  assert_string_equal(text, "10:00:00.000");
}

/* Imports the text; the fault of its first bad row, or "" */
static void first_fault(const struct plan *p, const char *text, struct fault *why) {
  struct csv c;
  struct import_header h;
  bool end = false;
  csv_open(&c, span_str(text));
  *why = (struct fault){0};
  if (import_header(&c, &h, why) == SP_OK)
    for (;;) {
      struct row row;
      if (csv_next(&c, &end, why) || end)
        break;
      enum sp_err err = import_row(&c, &h, p, 0, &row, why);
      row_forget(&row);
      if (err)
        break;
    }
  csv_close(&c);
}

static void rows(void **state) {
  const struct plan *p = *state;
  const struct {
    const char *text, *says; /* a part of the fault; "" = none */
  } table[] = {
      {"kind\nstaff\n", ""},
      {"kind,levels,card,pin\nofficer,member keyholder,h10301:1,1234\n", ""},
      {"kind,levels\nstaff,  member  \n", ""},
      {"", "empty"},
      {"name\nx\n", "`kind` is missing"},
      {"kind,names\nstaff,x\n", "is `name` meant?"},
      {"kind,kind\nstaff,x\n", "twice"},
      {"kind\nofficr\n", "is `officer` meant?"},
      {"kind,name\n,x\n", "kind is missing"},
      {"kind,name\nstaff\n", "1 columns, and the header has 2"},
      {"kind,levels\nstaff,membr\n", "is `member` meant?"},
      {"kind,card\nstaff,h10301:99999999999\n", "card: the card's number has"},
      {"kind,pin\nstaff,12\n", "4 to 12 digits"},
      {"kind,birth_date\nstaff,1990-02-30\n", "birth_date"},
      {"kind,from,until\nstaff,2026-02-01,2026-01-01\n", "until is not after from"},
      {"kind,from\nstaff,soon\n", "from: `soon` is no time"},
      {"kind,external_id\nstaff,\n", "external_id is empty"},
      {"kind,pin,levels\nofficr,1,nope\n", "; "}, /* all of them at once */
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct fault why;
    first_fault(p, table[i].text, &why);
    if (table[i].says[0] ? !strstr(why.text, table[i].says) : why.text[0] != 0)
      fail_msg("row %zu: `%s`, not `%s`", i, why.text, table[i].says);
  }
  struct fault why;
  first_fault(p, "kind,card,pin\nstaff,h10301:67108864,12x456\n", &why);
  assert_null(strstr(why.text, "67108864")); /* a fault tells no secret */
  assert_null(strstr(why.text, "12x456"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cards),
      cmocka_unit_test(pins),
      cmocka_unit_test(times),
      cmocka_unit_test(rows),
  };
  return cmocka_run_group_tests(tests, make_plan, drop_plan);
}
