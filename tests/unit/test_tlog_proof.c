/* The text of a proof, written and read; and that nothing but the one entry, in the log that was
 * signed, verifies. */
#include "journal/tlog_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { leaves = 700 };

static struct tree *tree;
static struct hash tiles[3][tile_width];
static struct note_signer signer, other;

static struct span entry_of(uint32_t n) {
  static char text[64];
  int len = snprintf(text, sizeof text, "{\"n\":%u}", n);
  return span_of(text, (size_t)len);
}

static void keep_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  (void)ctx;
  if (level == 0)
    memcpy(tiles[index], tile, sizeof tiles[index]);
}

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  (void)ctx;
  if (level || index > 1)
    return false;
  memcpy(tile, tiles[index], sizeof tiles[index]);
  return true;
}

static int setup(void **state) {
  (void)state;
  const uint8_t one[32] = {1}, two[32] = {2};
  struct fault why;
  assert_int_equal(signer_from_seed(&signer, "log.example/site", one, &why), SP_OK);
  assert_int_equal(signer_from_seed(&other, "log.example/site", two, &why), SP_OK);
  tree = calloc(1, sizeof *tree);
  assert_non_null(tree);
  tree_init(tree);
  for (uint32_t i = 0; i < leaves; i++) {
    struct hash leaf = tree_leaf(entry_of(i));
    tree_append(tree, &leaf, keep_tile, NULL);
  }
  return 0;
}

static int teardown(void **state) {
  (void)state;
  free(tree);
  return 0;
}

/* The proof of entry n, its note signed by s; extra may be empty. */
static void prove(struct buf *out, uint64_t n, const struct note_signer *s, struct span extra) {
  struct tlog_proof p = {.index = n};
  struct checkpoint c = {.size = leaves, .root = tree_root(tree)};
  struct buf note = {0};
  struct fault why;
  memcpy(c.origin, s->public.name, sizeof c.origin);
  assert_int_equal(checkpoint_sign(&c, s, &note, &why), SP_OK);
  assert_int_equal(tree_prove_inclusion(tree, n, leaves, read_tile, NULL, &p.hashes, &why), SP_OK);
  buf_put(&p.extra, extra.p, extra.n);
  p.checkpoint = buf_span(&note);
  tlog_proof_write(out, &p);
  assert_false(out->failed);
  buf_free(&p.extra);
  buf_free(&note);
}

/* What becomes of a text, given the bytes of the entry. */
static enum sp_err judge(struct span text, struct span entry, const struct note_key *key,
                         struct fault *why) {
  struct tlog_proof p;
  struct hash leaf = tree_leaf(entry);
  enum sp_err err = tlog_proof_read(&p, text, why);
  if (!err)
    err = tlog_proof_verify(&p, &leaf, key, NULL, why);
  buf_free(&p.extra);
  return err;
}

static void every_entry_verifies(void **state) {
  (void)state;
  struct fault why;
  for (uint32_t n = 0; n < leaves; n += n < 20 ? 1 : 37) {
    struct buf text = {0}, again = {0};
    struct tlog_proof p;
    prove(&text, n, &signer, n % 2 ? SPAN_LIT("out of band") : (struct span){0});
    assert_int_equal(judge(buf_span(&text), entry_of(n), &signer.public, &why), SP_OK);
    assert_int_equal(judge(buf_span(&text), entry_of(n + 1), &signer.public, &why), SP_CORRUPT);
    assert_int_equal(judge(buf_span(&text), entry_of(n), &other.public, &why), SP_CORRUPT);
    assert_int_equal(tlog_proof_read(&p, buf_span(&text), &why), SP_OK);
    tlog_proof_write(&again, &p);
    assert_true(span_eq(buf_span(&text), buf_span(&again)));
    buf_free(&p.extra);
    buf_free(&text);
    buf_free(&again);
  }
}

static void looks_as_c2sp_says(void **state) {
  (void)state;
  struct buf text = {0};
  prove(&text, 699, &signer, SPAN_LIT("\x01\x02\x03\x04"));
  const char *s = buf_cstr(&text);
  const char *head = "c2sp.org/tlog-proof@v1\nextra AQIDBA==\nindex 699\n";
  assert_memory_equal(s, head, strlen(head));
  const char *note = strstr(s, "\n\nlog.example/site\n700\n");
  assert_non_null(note);
  for (const char *line = s + strlen(head); line < note; line += 45)
    assert_int_equal(line[44], '\n');
  assert_non_null(strstr(note, "\n\n\u2014 log.example/site "));
  buf_free(&text);
}

/* Of every byte, every bit: nothing that was changed verifies, whatever it still reads as. What
 * nobody signed is the extra data alone, and there is none here. */
static void every_changed_byte_is_refused(void **state) {
  (void)state;
  struct buf text = {0};
  struct fault why;
  prove(&text, 300, &signer, (struct span){0});
  for (size_t i = 0; i < text.n; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      text.p[i] ^= (uint8_t)(1u << bit);
      enum sp_err err = judge(buf_span(&text), entry_of(300), &signer.public, &why);
      if (err == SP_OK)
        fail_msg("byte %zu, bit %u: %.*s", i, bit, (int)text.n, (char *)text.p);
      assert_true(err == SP_INVALID || err == SP_CORRUPT);
      text.p[i] ^= (uint8_t)(1u << bit);
    }
  for (size_t n = 0; n < text.n; n++) /* cut off anywhere */
    assert_int_not_equal(judge(span_of(text.p, n), entry_of(300), &signer.public, &why), SP_OK);
  for (int c = 0; c < 256; c++) { /* and with one more */
    struct buf more = {0};
    buf_put(&more, text.p, text.n);
    buf_put(&more, &(uint8_t){(uint8_t)c}, 1);
    assert_int_not_equal(judge(buf_span(&more), entry_of(300), &signer.public, &why), SP_OK);
    buf_free(&more);
  }
  assert_int_equal(judge(buf_span(&text), entry_of(300), &signer.public, &why), SP_OK);
  buf_free(&text);
}

static void replace(struct buf *out, struct span text, const char *what, const char *with) {
  const uint8_t *at = memmem(text.p, text.n, what, strlen(what));
  assert_non_null(at);
  buf_reset(out);
  buf_put(out, text.p, (size_t)(at - text.p));
  buf_puts(out, with);
  buf_put(out, at + strlen(what), text.n - (size_t)(at - text.p) - strlen(what));
}

/* The same proof in other words, or said to be of another entry. */
static void strict(void **state) {
  (void)state;
  static const struct {
    const char *what, *with;
    enum sp_err err;
  } rows[] = {
      {"index 300\n", "index 0300\n", SP_INVALID},
      {"index 300\n", "index 301\n", SP_CORRUPT},
      {"index 300\n", "index 700\n", SP_CORRUPT},
      {"index 300\n", "index 99999999999999999999\n", SP_INVALID},
      {"index 300\n", "index 9007199254740991\n", SP_INVALID},
      {"index 300\n", "index +300\n", SP_INVALID},
      {"index 300\n", "index  300\n", SP_INVALID},
      {"index 300\n", "index 300 \n", SP_INVALID},
      {"index 300\n", "index 300\r\n", SP_INVALID},
      {"index 300\n", "index \n", SP_INVALID},
      {"index 300\n", "", SP_INVALID},
      {"index 300\n", "index 300\n\n", SP_CORRUPT}, /* the hashes are then of the note's text */
      {"index 300\n", "index 300\nAA==\n", SP_INVALID},
      {"index 300\n", "extra \nindex 300\n", SP_INVALID},
      {"index 300\n", "extra A\nindex 300\n", SP_INVALID},
      {"index 300\n", "extra AAAA\nextra AAAA\nindex 300\n", SP_INVALID},
      {"index 300\n", "extra AAAA\nindex 300\n",
       SP_OK}, /* nobody signed it, and nothing rests on it */
      {"@v1\n", "@v2\n", SP_INVALID},
      {"c2sp", " c2sp", SP_INVALID},
      {"\nlog.example", "log.example", SP_INVALID},
      {"\n700\n", "\n701\n", SP_CORRUPT},
  };
  struct buf text = {0}, changed = {0};
  struct fault why;
  prove(&text, 300, &signer, (struct span){0});
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    replace(&changed, buf_span(&text), rows[i].what, rows[i].with);
    enum sp_err err = judge(buf_span(&changed), entry_of(300), &signer.public, &why);
    if (err != rows[i].err)
      fail_msg("%s -> %s: %s", rows[i].what, rows[i].with, sp_err_name(err));
  }
  buf_free(&text);
  buf_free(&changed);
}

/* Too many hashes, and more bytes than any proof has. */
static void limits(void **state) {
  (void)state;
  struct buf text = {0};
  struct fault why;
  struct tlog_proof p;
  buf_puts(&text, TLOG_PROOF_HEAD "index 0\n");
  for (int i = 0; i < proof_max + 1; i++)
    buf_puts(&text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  buf_puts(&text, "\nx");
  assert_int_equal(tlog_proof_read(&p, buf_span(&text), &why), SP_INVALID);
  buf_reset(&text);
  assert_true(buf_reserve(&text, tlog_proof_max + 1));
  memset(text.p, 'A', tlog_proof_max + 1);
  assert_int_equal(tlog_proof_read(&p, span_of(text.p, tlog_proof_max + 1), &why), SP_LIMIT);
  buf_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_entry_verifies),
      cmocka_unit_test(looks_as_c2sp_says),
      cmocka_unit_test(every_changed_byte_is_refused),
      cmocka_unit_test(strict),
      cmocka_unit_test(limits),
  };
  return cmocka_run_group_tests_name("tlog proof", tests, setup, teardown);
}
