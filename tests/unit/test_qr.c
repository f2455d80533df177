/* QR codes: that a receipt fits, whatever the log; that text and SVG show the same modules. What a
 * reader makes of them, tests/system/test_cli_receipt.py asks. */
#include "cli/qr.h"
#include "journal/tlog_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The bytes of a receipt's code: `levels` hashes, an origin of so many bytes. */
static size_t bytes_of(unsigned levels, size_t origin, uint64_t size, struct qr *q,
                       enum sp_err *err) {
  const uint8_t seed[32] = {7};
  struct note_signer s;
  struct checkpoint c = {.size = size};
  struct tlog_proof p = {.index = size - 1, .hashes.n = levels};
  struct buf note = {0}, text = {0};
  struct fault why;
  char name[origin_max + 1] = {0};
  memset(name, 'o', origin);
  memcpy(c.origin, name, sizeof name);
  assert_int_equal(signer_from_seed(&s, name, seed, &why), SP_OK);
  assert_int_equal(checkpoint_sign(&c, &s, &note, &why), SP_OK);
  buf_put(&p.extra, c.root.b, sizeof c.root.b);
  p.checkpoint = buf_span(&note);
  tlog_proof_write(&text, &p);
  *err = qr_make(q, buf_span(&text), &why);
  size_t n = text.n;
  buf_free(&p.extra);
  buf_free(&note);
  buf_free(&text);
  return n;
}

/* A million entries: level M. 2^40 entries, more than a site makes in a thousand years, under the
 * longest name: level L still. */
static void receipts_fit(void **state) {
  (void)state;
  struct qr *q = calloc(1, sizeof *q);
  enum sp_err err;
  assert_non_null(q);
  size_t n = bytes_of(20, 27, 1000000, q, &err);
  print_message("20 hashes: %zu bytes, %u modules, level %c\n", n, q->side, q->level);
  assert_int_equal(err, SP_OK);
  assert_int_equal(q->level, 'M');
  assert_true(q->side <= 141);
  n = bytes_of(40, 255, UINT64_C(1) << 40, q, &err);
  print_message("40 hashes: %zu bytes, %u modules, level %c\n", n, q->side, q->level);
  assert_int_equal(err, SP_OK);
  assert_true(n < 2953);
  free(q);
}

static void limits(void **state) {
  (void)state;
  static uint8_t many[8192];
  struct qr *q = calloc(1, sizeof *q);
  struct fault why;
  assert_non_null(q);
  memset(many, 'x', sizeof many);
  assert_int_equal(qr_make(q, span_of(many, 2331), &why), SP_OK);
  assert_int_equal(q->level, 'M');
  assert_int_equal(qr_make(q, span_of(many, 2332), &why), SP_OK);
  assert_int_equal(q->level, 'L');
  assert_int_equal(qr_make(q, span_of(many, 2953), &why), SP_OK);
  assert_int_equal(q->side, qr_side_max);
  assert_int_equal(qr_make(q, span_of(many, 2954), &why), SP_LIMIT);
  assert_int_equal(qr_make(q, span_of(many, sizeof many), &why), SP_LIMIT);
  free(q);
}

/* Module by module. */
static void text_shows_the_modules(void **state) {
  (void)state;
  static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"};
  struct qr *q = calloc(1, sizeof *q);
  struct buf text = {0};
  struct fault why;
  assert_non_null(q);
  assert_int_equal(qr_make(q, SPAN_LIT("HELLO"), &why), SP_OK);
  qr_text(q, false, &text);
  const char *p = buf_cstr(&text);
  for (int y = -qr_quiet; y < (int)q->side + qr_quiet; y += 2) {
    for (int x = -qr_quiet; x < (int)q->side + qr_quiet; x++) {
      bool in = x >= 0 && x < (int)q->side;
      bool up = in && y >= 0 && y < (int)q->side && q->dark[y][x];
      bool down = in && y + 1 >= 0 && y + 1 < (int)q->side && q->dark[y + 1][x];
      const char *block = blocks[2 * up + down];
      assert_memory_equal(p, block, strlen(block));
      p += strlen(block);
    }
    assert_int_equal(*p++, '\n');
  }
  assert_int_equal(*p, '\0');
  buf_free(&text);
  free(q);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(receipts_fit),
      cmocka_unit_test(limits),
      cmocka_unit_test(text_shows_the_modules),
  };
  return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
