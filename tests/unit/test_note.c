#include "journal/note.h"
#include "journal/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DASH "\xe2\x80\x94 "

/* The example in the documentation of golang.org/x/mod/sumdb/note. */
static const char go_vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char go_seed[] =
    "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"; /* after a type byte */
static const char go_text[] = "If you think cryptography is the answer to your problem,\n"
                              "then you don't know what your problem is.\n";
static const char go_line[] = DASH "PeterNeumann "
                                   "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX"
                                   "gKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void sums_are_checked_as_go_does(void **state) {
  (void)state;
  struct note_key key;
  struct fault why = {0};
  struct span text;
  struct checkpoint c;
  struct buf note = {0};
  char again[vkey_max];
  assert_int_equal(vkey_parse(&key, span_str(go_vkey), &why), SP_OK);
  assert_string_equal(key.name, "PeterNeumann");
  vkey_format(&key, again);
  assert_string_equal(again, go_vkey);
  buf_puts(&note, go_text);
  buf_puts(&note, "\n");
  buf_puts(&note, go_line);
  assert_int_equal(note_open(&text, buf_span(&note), &key, NULL, 0, NULL, &why), SP_OK);
  assert_true(span_is(text, go_text));
  assert_int_equal(checkpoint_open(&c, buf_span(&note), &key, NULL, 0, NULL, &why), SP_INVALID);
  note.p[3] ^= 1;
  assert_int_equal(note_open(&text, buf_span(&note), &key, NULL, 0, NULL, &why), SP_CORRUPT);
  assert_int_equal(text.n, 0);
  buf_free(&note);
}

static struct note_signer signer(const char *name, uint8_t seed_byte) {
  struct note_signer s;
  struct fault why = {0};
  uint8_t seed[32];
  memset(seed, seed_byte, sizeof seed);
  assert_int_equal(signer_from_seed(&s, name, seed, &why), SP_OK);
  return s;
}

static void keys_go_round(void **state) {
  (void)state;
  struct buf seed = {0}, pem = {0};
  struct note_signer s, back;
  struct fault why = {0};
  char vkey[vkey_max];
  assert_true(base64_decode(&seed, span_str(go_seed)));
  assert_int_equal(seed.n, 33);
  assert_int_equal(signer_from_seed(&s, "PeterNeumann", seed.p + 1, &why), SP_OK);
  vkey_format(&s.public, vkey);
  assert_string_equal(vkey, go_vkey);
  assert_int_equal(signer_to_pem(&s, &pem, &why), SP_OK);
  assert_int_equal(strncmp(buf_cstr(&pem), "-----BEGIN PRIVATE KEY-----\n", 28), 0);
  assert_int_equal(signer_from_pem(&back, "PeterNeumann", buf_span(&pem), &why), SP_OK);
  assert_memory_equal(&back, &s, sizeof s);
  for (size_t n = 0; n + 2 < pem.n; n += 3)
    assert_int_equal(signer_from_pem(&back, "PeterNeumann", span_of(pem.p, n), &why), SP_INVALID);
  assert_int_equal(signer_from_pem(&back, "two words", buf_span(&pem), &why), SP_INVALID);
  signer_wipe(&s);
  assert_true(bytes_are_zero(&s, sizeof s));
  buf_free(&seed);
  buf_free(&pem);
}

/* A verifier key that was cut off would stand in the site for ever. */
static void a_key_needs_no_memory_to_be_written(void **state) {
  (void)state;
  struct note_key key;
  struct fault why = {0};
  char vkey[vkey_max];
  assert_int_equal(vkey_parse(&key, span_str(go_vkey), &why), SP_OK);
  (void)sp_alloc_fail_after(0, true);
  vkey_format(&key, vkey);
  (void)sp_alloc_fail_after(UINT64_MAX, false);
  assert_string_equal(vkey, go_vkey);
}

/* Nobody is asked for a passphrase: the key is refused at once. */
static void passphrases_are_refused(void **state) {
  (void)state;
  static const char pem[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                            "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjB4B0+zdLDVgICCAAw\n"
                            "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJt3tdDM7wTlrKXcPUNfpbYEQDFB\n"
                            "QjM0rc4GS5O7ZzZFfmNMT32mdkch+OxbYJKe2xntnUNMWDTTn6Y8PwFXi42x6yrE\n"
                            "XgXc4XdeJ0YsXPXQ6FQ=\n"
                            "-----END ENCRYPTED PRIVATE KEY-----\n";
  struct note_signer s;
  struct fault why = {0};
  assert_int_equal(signer_from_pem(&s, "log", SPAN_LIT(""), &why), SP_INVALID);
  assert_int_equal(signer_from_pem(&s, "log", span_str(pem), &why), SP_INVALID);
}

static void wrong_keys_are_refused(void **state) {
  (void)state;
  const char *no[] = {
      "",
      "+",
      "++",
      "PeterNeumann",
      "PeterNeumann+c74f20a3",
      "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "peterneumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
      "PeterNeumann+c74f20a3+AhpcUQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      " PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  };
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    struct note_key key;
    struct fault why = {0};
    if (vkey_parse(&key, span_str(no[i]), &why) != SP_INVALID || !why.text[0])
      fail_msg("%s", no[i]);
  }
}

static void base64_is_strict(void **state) {
  (void)state;
  /* RFC 4648 section 10 */
  const char *pairs[][2] = {{"", ""},
                            {"f", "Zg=="},
                            {"fo", "Zm8="},
                            {"foo", "Zm9v"},
                            {"foob", "Zm9vYg=="},
                            {"fooba", "Zm9vYmE="},
                            {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    struct buf to = {0}, from = {0};
    base64_encode(&to, span_str(pairs[i][0]));
    assert_true(span_is(buf_span(&to), pairs[i][1]));
    assert_true(base64_decode(&from, span_str(pairs[i][1])));
    assert_true(span_is(buf_span(&from), pairs[i][0]));
    buf_free(&to);
    buf_free(&from);
  }
  const char *no[] = {"Z",    "Zg",    "Zg=",   "Zh==", "Zm9=", "Z===",   "====",    "Zg==Zg==",
                      "Zg=a", "Zm9\n", "Zm 9v", "Zm9-", "Zm9_", "Zm9v\n", "Zm9v===="};
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    struct buf b = {0};
    if (base64_decode(&b, span_str(no[i])))
      fail_msg("%s", no[i]);
    buf_free(&b);
  }
}

static const char name[] = "log.example/site";

/* A signed checkpoint of 20,852,163 entries, cosigned by two witnesses. */
struct world {
  struct note_signer log;
  struct note_signer witness[2];
  struct note_key keys[2];
  struct checkpoint c;
  struct buf text, note;
};

static int set_up(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct fault why = {0};
  w->log = signer(name, 7);
  w->c.size = 20852163;
  strcpy(w->c.origin, name);
  memset(w->c.root.b, 0x5a, 32);
  checkpoint_text(&w->c, &w->text);
  assert_int_equal(checkpoint_sign(&w->c, &w->log, &w->note, &why), SP_OK);
  for (int i = 0; i < 2; i++) {
    w->witness[i] = signer(i ? "w.example/b" : "w.example/a", (uint8_t)(8 + i));
    signer_as_witness(&w->witness[i]);
    w->keys[i] = w->witness[i].public;
    assert_int_equal(
        cosignature_sign(&w->witness[i], buf_span(&w->text), 1679315147, &w->note, &why), SP_OK);
  }
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  buf_free(&w->text);
  buf_free(&w->note);
  free(w);
  return 0;
}

static enum sp_err open_note(struct world *w, struct span note, unsigned *cosigned) {
  struct checkpoint c;
  struct fault why = {0};
  uint8_t *exact = malloc(note.n ? note.n : 1);
  memcpy(exact, note.p, note.n);
  enum sp_err err =
      checkpoint_open(&c, span_of(exact, note.n), &w->log.public, w->keys, 2, cosigned, &why);
  free(exact);
  assert_true(err == SP_OK || (why.text[0] && bytes_are_zero(&c, sizeof c) && *cosigned == 0));
  return err;
}

static void checkpoints_go_round(void **state) {
  struct world *w = *state;
  struct checkpoint c;
  struct fault why = {0};
  unsigned cosigned;
  assert_int_equal(
      checkpoint_open(&c, buf_span(&w->note), &w->log.public, w->keys, 2, &cosigned, &why), SP_OK);
  assert_int_equal(cosigned, 2);
  assert_memory_equal(&c, &w->c, sizeof c);
  assert_string_equal(buf_cstr(&w->text), "log.example/site\n20852163\n"
                                          "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n");
  /* Other keys' lines are passed over, whatever their size and name. */
  buf_puts(&w->note, DASH "sn\xc3\xb6.example AAAAAAA=\n");
  buf_puts(&w->note, DASH "w.example/a AAAAAAA=\n");
  for (int i = 0; i < 16; i++) {
    uint8_t big[5000] = {1, 2, 3, (uint8_t)i};
    buf_puts(&w->note, DASH "pq.example ");
    base64_encode(&w->note, span_of(big, sizeof big));
    buf_puts(&w->note, "\n");
  }
  assert_int_equal(open_note(w, buf_span(&w->note), &cosigned), SP_OK);
  assert_int_equal(cosigned, 2);
}

/* The text ends at the last blank line, so lines of a text may not pass as signatures. */
static void the_last_blank_line_ends_the_text(void **state) {
  struct world *w = *state;
  unsigned cosigned;
  struct span text;
  struct buf note = {0};
  struct fault why = {0};
  buf_put(&note, w->note.p, w->note.n);
  buf_puts(&note, "\n" DASH "x AAAAAAA=\n");
  assert_int_equal(open_note(w, buf_span(&note), &cosigned), SP_CORRUPT);
  buf_free(&note);
  /* A signature that is there, of a text that goes on, is none. */
  struct note_key key;
  assert_int_equal(vkey_parse(&key, span_str(go_vkey), &why), SP_OK);
  buf_puts(&note, go_text);
  buf_puts(&note, "\n\n");
  buf_puts(&note, go_line);
  assert_int_equal(note_open(&text, buf_span(&note), &key, NULL, 0, NULL, &why), SP_CORRUPT);
  buf_free(&note);
}

/* With one bit of it changed a note is refused: everything in it is signed or a signature. The two
 * witnesses' lines are not: of those, a changed name makes a stranger of a witness. */
static void every_bit_is_seen(void **state) {
  struct world *w = *state;
  unsigned cosigned;
  size_t own = w->text.n + 1;
  while (w->note.p[own - 1] != '\n' || own == w->text.n + 1)
    own++;
  for (size_t i = 0; i < w->note.n * 8; i++) {
    w->note.p[i / 8] ^= (uint8_t)(1 << i % 8);
    enum sp_err whole = open_note(w, buf_span(&w->note), &cosigned);
    assert_true(whole ? true : i / 8 >= own && cosigned == 1);
    if (i / 8 < own)
      assert_int_not_equal(open_note(w, span_of(w->note.p, own), &cosigned), SP_OK);
    w->note.p[i / 8] ^= (uint8_t)(1 << i % 8);
  }
  for (size_t n = 0; n < own; n++)
    assert_int_not_equal(open_note(w, span_of(w->note.p, n), &cosigned), SP_OK);
}

static void a_witness_counts_once(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  unsigned cosigned;
  for (int i = 0; i < 3; i++)
    assert_int_equal(
        cosignature_sign(&w->witness[0], buf_span(&w->text), 1679315148, &w->note, &why), SP_OK);
  assert_int_equal(open_note(w, buf_span(&w->note), &cosigned), SP_OK);
  assert_int_equal(cosigned, 2);
  /* One key under two names. */
  struct note_signer alias = signer("w.example/c", 8);
  signer_as_witness(&alias);
  assert_int_equal(cosignature_sign(&alias, buf_span(&w->text), 1, &w->note, &why), SP_OK);
  w->keys[1] = alias.public;
  assert_int_equal(open_note(w, buf_span(&w->note), &cosigned), SP_OK);
  assert_int_equal(cosigned, 1);
  /* A log's key is no witness's, nor the other way round. */
  struct checkpoint c;
  w->keys[1] = w->log.public;
  assert_int_equal(open_note(w, buf_span(&w->note), &cosigned), SP_OK);
  assert_int_equal(cosigned, 1);
  assert_int_equal(checkpoint_open(&c, buf_span(&w->note), &w->keys[0], NULL, 0, NULL, &why),
                   SP_INVALID);
}

static void cosignatures_are_checked(void **state) {
  struct world *w = *state;
  struct fault why = {0};
  struct buf line = {0};
  uint64_t time;
  struct span text = buf_span(&w->text);
  assert_int_equal(cosignature_sign(&w->witness[0], text, 1679315147, &line, &why), SP_OK);
  assert_int_equal(cosignature_verify(&w->keys[0], text, buf_span(&line), &time, &why), SP_OK);
  assert_true(time == 1679315147);
  assert_int_equal(cosignature_verify(&w->keys[1], text, buf_span(&line), &time, &why), SP_INVALID);
  assert_int_equal(cosignature_verify(&w->log.public, text, buf_span(&line), &time, &why),
                   SP_INVALID);
  for (size_t i = 0; i < line.n * 8; i++) {
    line.p[i / 8] ^= (uint8_t)(1 << i % 8);
    assert_int_not_equal(cosignature_verify(&w->keys[0], text, buf_span(&line), &time, &why),
                         SP_OK);
    line.p[i / 8] ^= (uint8_t)(1 << i % 8);
  }
  for (size_t n = 0; n < line.n; n++)
    assert_int_equal(cosignature_verify(&w->keys[0], text, span_of(line.p, n), &time, &why),
                     SP_INVALID);
  w->text.p[0] ^= 1;
  assert_int_equal(cosignature_verify(&w->keys[0], text, buf_span(&line), &time, &why), SP_CORRUPT);
  buf_free(&line);
}

#define ROOT "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="
static void checkpoint_texts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool ok;
  } rows[] = {
      {"a\n1\n" ROOT "\n", true},
      {"a log with spaces\n9223372036854775807\n" ROOT "\n", true},
      {"a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", true},
      {"a\n1\n" ROOT "\nextension\nanother\n", true},
      {"", false},
      {"a\n1\n" ROOT, false},
      {"a\n1\n", false},
      {"\n1\n" ROOT "\n", false},
      {"a\n\n" ROOT "\n", false},
      {"a\n01\n" ROOT "\n", false},
      {"a\n-1\n" ROOT "\n", false},
      {"a\n+1\n" ROOT "\n", false},
      {"a\n1 \n" ROOT "\n", false},
      {"a\n0\n" ROOT "\n", false},
      {"a\n9223372036854775808\n" ROOT "\n", false},
      {"a\n18446744073709551617\n" ROOT "\n", false},
      {"a\n1\n" ROOT "\n\n", false},
      {"a\n1\n" ROOT "\nextension", false},
      {"a\n1\n" ROOT " \n", false},
      {"a\n1\nWlpa\n", false},
      {"a\n1\nWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp=\n", false},
      {"a\r\n1\n" ROOT "\n", false},
      {"a\xff\n1\n" ROOT "\n", false},
      {"\xed\xa0\x80\n1\n" ROOT "\n", false},
      {"\xc0\xaf\n1\n" ROOT "\n", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct checkpoint c;
    struct fault why = {0};
    if ((checkpoint_parse(&c, span_str(rows[i].text), &why) == SP_OK) != rows[i].ok)
      fail_msg("row %zu: %s", i, why.text);
  }
  struct buf b = {0};
  struct checkpoint c;
  struct fault why = {0};
  for (int i = 0; i < origin_max; i++)
    buf_puts(&b, "o");
  buf_puts(&b, "\n1\n" ROOT "\n");
  assert_int_equal(checkpoint_parse(&c, buf_span(&b), &why), SP_OK);
  b.n = 0;
  for (int i = 0; i < origin_max + 1; i++)
    buf_puts(&b, "o");
  buf_puts(&b, "\n1\n" ROOT "\n");
  assert_int_equal(checkpoint_parse(&c, buf_span(&b), &why), SP_INVALID);
  buf_free(&b);
}

static void malformed_lines_reject(void **state) {
  struct world *w = *state;
  const char *no[] = {"x\n",
                      "\n",
                      DASH "\n",
                      DASH "x\n",
                      DASH "x \n",
                      DASH " AAAAAAA=\n",
                      DASH "x AAAA\n",
                      DASH "x AAAAAAA= \n",
                      DASH "x  AAAAAAA=\n",
                      DASH "x AAAAAAA=",
                      DASH "x+y AAAAAAA=\n",
                      DASH "x\xe2\x80\x83y AAAAAAA=\n",
                      DASH "x\xff AAAAAAA=\n",
                      "- x AAAAAAA=\n"};
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    unsigned cosigned;
    struct buf note = {0};
    buf_put(&note, w->note.p, w->note.n);
    buf_puts(&note, no[i]);
    if (open_note(w, buf_span(&note), &cosigned) == SP_OK)
      fail_msg("%s", no[i]);
    buf_free(&note);
  }
}

/* Each request for memory fails in turn: told as that, never as a forged note. */
static void out_of_memory_is_told(void **state) {
  struct world *w = *state;
  for (uint64_t i = 0;; i++) {
    struct checkpoint c;
    struct fault why = {0};
    struct buf note = {0};
    sp_alloc_fail_after(i, false);
    enum sp_err err = checkpoint_sign(&w->c, &w->log, &note, &why);
    if (!err)
      err = checkpoint_open(&c, buf_span(&w->note), &w->log.public, w->keys, 2, NULL, &why);
    sp_alloc_fail_after(UINT64_MAX, false);
    buf_free(&note);
    if (!err)
      break;
    assert_int_equal(err, SP_NO_MEMORY);
    assert_true(i < 100);
  }
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_are_checked_as_go_does),
      cmocka_unit_test(keys_go_round),
      cmocka_unit_test(a_key_needs_no_memory_to_be_written),
      cmocka_unit_test(passphrases_are_refused),
      cmocka_unit_test(wrong_keys_are_refused),
      cmocka_unit_test(base64_is_strict),
      cmocka_unit_test(checkpoint_texts),
      WORLD(checkpoints_go_round),
      WORLD(the_last_blank_line_ends_the_text),
      WORLD(every_bit_is_seen),
      WORLD(a_witness_counts_once),
      WORLD(cosignatures_are_checked),
      WORLD(malformed_lines_reject),
      WORLD(out_of_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
