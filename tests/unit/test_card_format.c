/* The bits that readers send, against cards that others have published; parity; and back. */
#include "plan/card_format.h"
#include "plan/card_standard.h"
#include "plan/plan_blob.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;
static uint64_t draw(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

#define SITE                                                                                       \
  "site: { name: s, zone: UTC }\nareas: [{ name: hall, kind: room }]\n"                            \
  "gates: [{ name: main, from: outside, to: hall, doors: [{ name: d, readers: [{ name: r, "        \
  "direction: in }] }] }]\nlevels: [{ name: all, access: [{ gates: all }] }]\n"

static struct plan *plan_with(const char *formats) {
  struct buf yaml = {0};
  struct plan_faults faults = {0};
  struct plan *p;
  buf_printf(&yaml, SITE "formats: [%s]\n", formats);
  if (plan_read(buf_span(&yaml), &p, &faults))
    fail_msg("%s: line %u: %s", formats, faults.at[0].line, faults.at[0].text);
  plan_faults_free(&faults);
  buf_free(&yaml);
  return p;
}

/* The low n bits of v, as a reader sends them. */
static struct card_bits sent(uint64_t v, uint16_t n) {
  struct card_bits b = {n, {0}};
  for (uint32_t i = 0; i < n; i++)
    if (v >> (n - 1u - i) & 1)
      b.at[i / 8] = (uint8_t)(b.at[i / 8] | 0x80 >> i % 8);
  return b;
}

static enum card_read read_bits(const struct plan *p, const struct card_bits *b,
                                struct card_reading *card) {
  return card_format_read(p, 1, b->n, span_of(b->at, (b->n + 7u) / 8), card);
}

static void number_of(struct card_number *n, uint64_t v) {
  memset(n, 0, sizeof *n);
  n->w[0] = (uint32_t)v;
  n->w[1] = (uint32_t)(v >> 32);
}

/* Cards whose bits and numbers others tell. Where only the numbers differ from their source, it
 * says so. */
static const struct {
  const char *format;
  uint64_t first, second, bits; /* second: NONE where there is one field */
  uint16_t length;
} known[] = {
    /* github.com/jonathansm/wiegand-26bit-calculator, README */
    {"h10301", 227, 57600, 0x1c7c200, 26},
    /* Proxmark3's example 2006f623ae, less its preamble; issue 326 there, 2006ec1258; its
     * cheatsheet, 200670012d */
    {"h10301", 123, 4567, 0x2f623ae, 26},
    {"h10301", 118, 2348, 0x2ec1258, 26},
    {"h10301", 56, 150, 0x270012d, 26},
    /* by hand: 0 00000001 0000000000000001 0, and both parity bits the other way for the number 3
     */
    {"h10301", 1, 1, 0x2020002, 26},
    {"h10301", 1, 3, 0x2020007, 26},
    {"h10301", 0, 0, 0x0000001, 26},
    {"h10301", 255, 65535, 0x1ffffff, 26},
    /* Hikvision's manual of the DS-2CD7A26G0: 1234567890 in 34 bits */
    {"h10306", 0x4996, 0x02d2, UINT64_C(0x2932c05a4), 34},
    /* github.com/jkramarz/TheTick, pull request 20 */
    {"corporate-1000", 1337, 2137, UINT64_C(0x4a72010b3), 35},
    /* flipperzero-firmware, issue 1029: one card, in both formats of 37 bits */
    {"h10302", UINT64_C(11850046624), UINT64_MAX, UINT64_C(0x584a2b940), 37},
    {"h10304", 22602, 89248, UINT64_C(0x584a2b940), 37},
    /* Proxmark3, issue 1791; the numbers there are others than the bits it shows */
    {"corporate-1000-48", 12345, 12345, UINT64_C(0x803039006072), 48},
};

static void known_cards(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    struct buf row = {0};
    buf_printf(&row, "{ name: %s }", known[i].format);
    struct plan *p = plan_with(buf_cstr(&row));
    struct card_bits b = sent(known[i].bits, known[i].length), written;
    struct card_number fields[2], value;
    struct card_reading card;
    struct fault why = {0};
    char hex[card_hex_max + 1];
    uint32_t n = known[i].second == UINT64_MAX ? 1 : 2;
    number_of(&fields[0], known[i].first);
    number_of(&fields[1], known[i].second);
    assert_int_equal(card_format_fields(p, 0), n);
    assert_int_equal(card_format_join(p, 0, fields, n, &value, &why), SP_OK);
    card_number_hex(&value, hex);
    if (read_bits(p, &b, &card) != CARD_READ_OK)
      fail_msg("row %zu is not read", i);
    assert_int_equal(card.format, 0);
    assert_string_equal(card.hex, hex);
    assert_int_equal(card_format_write(p, 0, &value, 0, &written, &why), SP_OK);
    assert_memory_equal(&b, &written, sizeof b);
    plan_free(p);
    buf_free(&row);
  }
}

/* One bit wrong is always noticed: in these formats each is in some parity. Two of one parity are
 * not, which is all that parity can do. */
static void a_wrong_bit_is_noticed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    struct buf row = {0};
    buf_printf(&row, "{ name: %s }, { name: raw }", known[i].format);
    struct plan *p = plan_with(buf_cstr(&row));
    for (uint32_t bit = 0; bit < known[i].length; bit++) {
      struct card_bits b = sent(known[i].bits ^ UINT64_C(1) << bit, known[i].length);
      struct card_reading card;
      assert_int_equal(read_bits(p, &b, &card), CARD_READ_PARITY); /* and not a raw card */
      assert_true(bytes_are_zero(&card, sizeof card));
    }
    plan_free(p);
    buf_free(&row);
  }
}

static const char everything[] =
    "{ name: h10301 }, { name: h10306 }, { name: corporate-1000 }, { name: h10304 }, "
    "{ name: corporate-1000-48 }, { name: wristband, bits: 64 }, "
    "{ name: own, bits: 30, fields: [{ name: number, first: 14, bits: 14 }, { name: site, first: "
    "2, "
    "bits: 10 }, { name: issue, first: 0, bits: 2 }], parity: [{ bit: 13, kind: odd, over: [0-1, "
    "14-27] }, { bit: 12, kind: even, over: \"2-11, 13\" }, { bit: 28, kind: even, over: 3 }, "
    "{ bit: 29, kind: odd, over: 0-28 }] }, "
    "{ name: wide, bits: 256, fields: [{ name: all, first: 1, bits: 255 }], parity: [{ bit: 0, "
    "kind: even, over: 1-255 }] }, { name: raw }";

static void what_is_written_is_read(void **state) {
  (void)state;
  struct plan *p = plan_with(everything);
  for (int round = 0; round < 20000; round++) {
    uint32_t format = (uint32_t)(draw() % p->n_formats), width = card_format_width(p, format);
    uint16_t length = (uint16_t)(100 + draw() % 100); /* of raw */
    struct card_number value = {{0}};
    struct card_bits b;
    struct card_reading card;
    struct fault why = {0};
    char hex[card_hex_max + 1];
    uint32_t keep = (uint32_t)(draw() % ((width ? width : length) + 1)); /* short ones too */
    for (uint32_t i = 0; i < keep; i++)
      value.w[i / 32] |= (uint32_t)(draw() >> 40 & 1) << i % 32;
    assert_int_equal(card_format_write(p, format, &value, length, &b, &why), SP_OK);
    assert_int_equal(b.n, width ? p->formats[format].bits : length);
    assert_int_equal(read_bits(p, &b, &card), CARD_READ_OK);
    card_number_hex(&value, hex);
    assert_int_equal(card.format, format);
    assert_string_equal(card.hex, hex);
    /* The filling of the last byte is nobody's number. */
    if (b.n % 8) {
      b.at[b.n / 8] = (uint8_t)(b.at[b.n / 8] | 0xffu >> b.n % 8);
      assert_int_equal(read_bits(p, &b, &card), CARD_READ_OK);
      assert_string_equal(card.hex, hex);
    }
    for (uint32_t k = 0; k < p->formats[format].n_parities; k++) {
      struct card_bits bad = b;
      uint16_t bit = p->format_parities[p->formats[format].parities_at + k].bit;
      bad.at[bit / 8] = (uint8_t)(bad.at[bit / 8] ^ 0x80 >> bit % 8);
      assert_int_equal(read_bits(p, &bad, &card), CARD_READ_PARITY);
    }
  }
  plan_free(p);
}

static void fields_stand_one_after_the_other(void **state) {
  (void)state;
  struct plan *p = plan_with(everything);
  struct card_number fields[3], value;
  struct fault why = {0};
  char hex[card_hex_max + 1];
  number_of(&fields[0], 0x2345);
  number_of(&fields[1], 0x3ff);
  number_of(&fields[2], 1);
  assert_int_equal(card_format_fields(p, 6), 3);
  assert_int_equal(card_format_join(p, 6, fields, 3, &value, &why), SP_OK);
  card_number_hex(&value, hex);
  assert_string_equal(hex, "2345ffd"); /* in the plan's order, not as they lie on the card */
  number_of(&fields[1], 54321);
  assert_int_equal(card_format_join(p, 6, fields, 3, &value, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "site"));
  assert_null(strstr(why.text, "54321"));
  assert_true(bytes_are_zero(&value, sizeof value));
  plan_free(p);
}

static void what_is_not_read_says_why(void **state) {
  (void)state;
  struct plan *p = plan_with("{ name: h10301 }, { name: h10304 }");
  struct card_reading card;
  struct card_bits b = sent(0x2020002, 26), zero = {0};
  assert_int_equal(card_format_read(p, 0, 26, span_of(b.at, 4), &card), CARD_READ_OK);
  assert_string_equal(card.hex, "10001");
  assert_int_equal(card_format_read(p, 1, 26, span_of(b.at, 4), &card), CARD_READ_OK);
  assert_int_equal(card_format_read(p, 2, 26, span_of(b.at, 4), &card), CARD_READ_CODE);
  assert_int_equal(card_format_read(p, 0, 26, span_of(b.at, 3), &card), CARD_READ_MALFORMED);
  assert_int_equal(card_format_read(p, 0, 26, span_of(b.at, 5), &card), CARD_READ_MALFORMED);
  assert_int_equal(card_format_read(p, 0, 0, span_of(b.at, 0), &card), CARD_READ_MALFORMED);
  assert_int_equal(card_format_read(p, 0, 27, span_of(b.at, 4), &card), CARD_READ_FORMAT);
  uint8_t many[8192] = {0};
  assert_int_equal(card_format_read(p, 0, 257, span_of(many, 33), &card), CARD_READ_FORMAT);
  assert_int_equal(card_format_read(p, 0, 65535, span_of(many, 8192), &card), CARD_READ_FORMAT);
  zero.n = 37;
  assert_int_equal(read_bits(p, &zero, &card), CARD_READ_PARITY);
  assert_true(bytes_are_zero(&card, sizeof card));
  for (int i = 0; i < CARD_READ_COUNT; i++)
    assert_true(card_read_names[i][0] && card_read_texts[i][0]);
  assert_null(card_read_names[CARD_READ_COUNT]);
  plan_free(p);
}

static const char *format_read(const struct plan *p, uint64_t v, uint16_t n, char *hex) {
  struct card_bits b = sent(v, n);
  struct card_reading card;
  if (read_bits(p, &b, &card) != CARD_READ_OK)
    return "none";
  strcpy(hex, card.hex);
  return p->formats[card.format].name.s;
}

/* The plan's order decides among those that fit; a length that a format has is never raw. */
static void the_first_that_fits_is_it(void **state) {
  (void)state;
  char hex[card_hex_max + 1];
  struct plan *p =
      plan_with("{ name: any }, { name: corporate-1000-48 }, { name: band, bits: 48 }, "
                "{ name: h10301 }");
  assert_string_equal(format_read(p, UINT64_C(0x803039006072), 48, hex), "corporate-1000-48");
  assert_string_equal(format_read(p, UINT64_C(0x803039006073), 48, hex), "band");
  assert_string_equal(hex, "803039006073"); /* all bits */
  assert_string_equal(format_read(p, 0x2020003, 26, hex), "none");
  assert_string_equal(format_read(p, 0x2020003, 27, hex), "any");
  assert_string_equal(hex, "2020003");
  plan_free(p);
  /* No card is of both: their first parity bits are opposite. */
  p = plan_with("{ name: h10301 }, { name: own, bits: 26, fields: [{ name: number, first: 1, bits: "
                "24 }], parity: [{ bit: 0, kind: odd, over: 1-12 }, { bit: 25, kind: odd, over: "
                "13-24 }] }");
  assert_string_equal(format_read(p, 0x2020002, 26, hex), "h10301");
  assert_string_equal(format_read(p, 0x0020002, 26, hex), "own");
  assert_string_equal(format_read(p, 0x0020003, 26, hex), "none");
  plan_free(p);
}

static void what_does_not_fit_is_not_written(void **state) {
  (void)state;
  struct plan *p = plan_with("{ name: h10301 }, { name: raw }");
  struct card_number n;
  struct card_bits b;
  struct fault why = {0};
  number_of(&n, 0x1000000 + 54321);
  assert_int_equal(card_format_write(p, 0, &n, 0, &b, &why), SP_INVALID);
  assert_non_null(strstr(why.text, "24 bits"));
  assert_int_equal(card_format_write(p, 1, &n, 24, &b, &why), SP_INVALID);
  assert_int_equal(card_format_write(p, 1, &n, 25, &b, &why), SP_OK);
  assert_int_equal(card_format_write(p, 1, &n, 0, &b, &why), SP_INVALID);
  assert_int_equal(card_format_write(p, 1, &n, 257, &b, &why), SP_INVALID);
  plan_free(p);
}

static void numbers(void **state) {
  (void)state;
  struct card_number n;
  char hex[card_hex_max + 1];
  const struct {
    const char *text, *hex; /* hex NULL: no number */
    uint32_t bits;
  } rows[] = {
      {"0", "0", 0},
      {"00", "0", 0},
      {"1", "1", 1},
      {"0x0", "0", 0},
      {"4294967296", "100000000", 33},
      {"0xfF", "ff", 8},
      {"115792089237316195423570985008687907853269984665640564039457584007913129639935",
       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 256},
      {"115792089237316195423570985008687907853269984665640564039457584007913129639936", NULL, 0},
      {"", NULL, 0},
      {"0x", NULL, 0},
      {"x1", NULL, 0},
      {"12a", NULL, 0},
      {"1 ", NULL, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(card_number_parse(&n, span_str(rows[i].text)), rows[i].hex != NULL);
    card_number_hex(&n, hex);
    assert_string_equal(hex, rows[i].hex ? rows[i].hex : "0");
    assert_int_equal(card_number_bits(&n), rows[i].bits);
  }
}

/* The layout goes into the compiled plan: a later program reads by it, whatever its own table says.
 */
static void layouts_are_compiled(void **state) {
  (void)state;
  struct plan *p = plan_with(everything), *q;
  struct buf blob = {0};
  struct fault why = {0};
  assert_int_equal(plan_blob_encode(p, &blob, &why), SP_OK);
  assert_int_equal(plan_blob_decode(buf_span(&blob), &q, &why), SP_OK);
  assert_int_equal(q->n_format_fields, p->n_format_fields);
  assert_int_equal(q->n_format_parities, p->n_format_parities);
  for (uint32_t i = 0; i < p->n_formats; i++)
    assert_memory_equal(&p->formats[i], &q->formats[i], sizeof p->formats[i]);
  for (uint32_t i = 0; i < p->n_format_parities; i++)
    assert_memory_equal(p->format_parities[i].over, q->format_parities[i].over,
                        sizeof p->format_parities[i].over);
  plan_free(p);
  plan_free(q);
  buf_free(&blob);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_cards),
      cmocka_unit_test(a_wrong_bit_is_noticed),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(fields_stand_one_after_the_other),
      cmocka_unit_test(what_is_not_read_says_why),
      cmocka_unit_test(the_first_that_fits_is_it),
      cmocka_unit_test(what_does_not_fit_is_not_written),
      cmocka_unit_test(numbers),
      cmocka_unit_test(layouts_are_compiled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
