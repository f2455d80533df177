/* The check, the session keys, the handshake and frames under a MAC against tests/vectors/osdp.txt,
 * which was computed by other means (make-osdp beside it): what is made is that, to the byte, and
 * what is that is opened. */
#include "osdp/message.h"
#include "osdp/secure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { words_max = 4, word_bytes_max = osdp_frame_max };

struct line {
  char name[16];
  struct span word[words_max];
  uint8_t bytes[words_max][word_bytes_max];
  size_t n;
};
/* Both ends of a session; `made` makes what goes out, `read` opens it. */
static struct osdp_secure made, opened;
static struct { uint32_t crc, keys, proofs, command, reply, clear, refused; } seen;

/* "name hex …"; - is no bytes. */
static bool take_line(FILE *file, struct line *l) {
  char text[8192], *rest = NULL;
  do {
    if (!fgets(text, sizeof text, file))
      return false;
    text[strcspn(text, "\n")] = '\0';
  } while (text[0] == '#' || text[0] == '\0');
  const char *word = strtok_r(text, " ", &rest);
  snprintf(l->name, sizeof l->name, "%s", word);
  for (l->n = 0; (word = strtok_r(NULL, " ", &rest)); l->n++) {
    size_t n = strcmp(word, "-") == 0 ? 0 : strlen(word);
    assert_true(l->n < words_max);
    if (n == 1) { /* a number of one digit */
      assert_int_equal(sscanf(word, "%hhx", &l->bytes[l->n][0]), 1);
      n = 2;
    } else if (!hex_decode(l->bytes[l->n], n / 2, word, n)) {
      fail_msg("%s is no hex", word);
    }
    l->word[l->n] = span_of(l->bytes[l->n], n / 2);
  }
  return true;
}

static void is_same(const char *what, struct span got, struct span want) {
  if (!span_eq(got, want)) {
    char a[64] = "", b[64] = "";
    hex_encode(a, got.p, got.n < 24 ? got.n : 24);
    hex_encode(b, want.p, want.n < 24 ? want.n : 24);
    fail_msg("%s: %zu bytes %s…, and %zu bytes %s… were to be", what, got.n, a, want.n, b);
  }
}

static void crc_is(const struct line *l) {
  uint16_t crc = osdp_crc(l->word[0]);
  uint8_t bytes[2] = {(uint8_t)crc, (uint8_t)(crc >> 8)};
  is_same("CRC", span_of(bytes, 2), l->word[1]);
  seen.crc++;
}

static void begin_session(const struct line *l) {
  assert_true(l->word[0].n == osdp_key_bytes && l->word[1].n == osdp_random_bytes);
  assert_int_equal(osdp_secure_begin(&made, l->word[0].p, l->word[1].p), SP_OK);
  assert_int_equal(osdp_secure_begin(&opened, l->word[0].p, l->word[1].p), SP_OK);
  memcpy(made.b, l->word[2].p, osdp_random_bytes);
}

/* A key does not leave its cipher: two that cipher two blocks alike are one. */
static void keys_are(const struct line *l) {
  const struct aes *const keys[] = {&made.enc, &made.mac1, &made.mac2};
  for (size_t i = 0; i < 3; i++) {
    struct aes want = {0};
    assert_int_equal(aes_set(&want, l->word[i].p), SP_OK);
    for (uint8_t fill = 0; fill < 2; fill++) {
      uint8_t a[aes_block] = {fill}, b[aes_block] = {fill};
      aes_encrypt(keys[i], a, a);
      aes_encrypt(&want, b, b);
      is_same("a session key", span_of(a, aes_block), span_of(b, aes_block));
    }
    aes_wipe(&want);
  }
  seen.keys++;
}

static void proofs_are(const struct line *l) {
  uint8_t b[osdp_random_bytes], proof[3][aes_block];
  memcpy(b, made.b, sizeof b);
  osdp_secure_cryptograms(&opened, b, proof[0], proof[1], proof[2]);
  osdp_secure_cryptograms(&made, b, proof[0], proof[1], proof[2]);
  is_same("the peripheral's cryptogram", span_of(proof[0], aes_block), l->word[0]);
  is_same("the panel's cryptogram", span_of(proof[1], aes_block), l->word[1]);
  is_same("RMAC_I", span_of(proof[2], aes_block), l->word[2]);
  seen.proofs++;
}

static void opens(const struct line *l, bool reply) {
  uint8_t plain[osdp_frame_max], spoilt[osdp_frame_max];
  struct osdp_frame f;
  size_t used;
  assert_int_equal(osdp_frame_find(l->word[3], &f, &used), OSDP_FOUND_FRAME);
  assert_int_equal(used, l->word[3].n);
  assert_true(f.reply == reply && f.address == 5);
  assert_int_equal(f.sequence, l->word[0].p[0]);
  assert_int_equal(f.code, l->word[1].p[0]);
  /* With another MAC it is nobody's, and that changes nothing. */
  memcpy(spoilt, l->word[3].p, l->word[3].n);
  for (size_t i = 0; i < osdp_mac_bytes; i++) {
    struct osdp_frame g = f;
    size_t at = (size_t)(f.mac.p - l->word[3].p) + i;
    spoilt[at] ^= 1;
    g.whole.p = spoilt;
    g.mac.p = spoilt + (f.mac.p - l->word[3].p);
    assert_int_equal(osdp_secure_open(&opened, &g, plain), SP_DENIED);
    spoilt[at] ^= 1;
  }
  assert_int_equal(osdp_secure_open(&opened, &f, plain), SP_OK);
  is_same("what was deciphered", f.data, l->word[2]);
}

static void is_made(const struct line *l, bool reply) {
  uint8_t out[osdp_frame_max];
  struct osdp_frame f = {.address = 5,
                         .reply = reply,
                         .sequence = l->word[0].p[0],
                         .code = l->word[1].p[0],
                         .crc = l->word[3].p[4] & 4,
                         .data = l->word[2]};
  size_t n = osdp_secure_seal(&made, &f, out);
  is_same(reply ? "a reply" : "a command", span_of(out, n), l->word[3]);
  opens(l, reply);
  *(reply ? &seen.reply : &seen.command) += 1;
}

/* We never send such: it is read where others do. */
static void is_read(const struct line *l) {
  opens(l, true);
  memcpy(made.reply_mac, opened.reply_mac, aes_block);
  seen.clear++;
}

static void is_refused(const struct line *l) {
  struct osdp_secure before = opened;
  struct osdp_frame f;
  uint8_t plain[osdp_frame_max];
  size_t used;
  assert_int_equal(osdp_frame_find(l->word[3], &f, &used), OSDP_FOUND_FRAME);
  assert_int_equal(osdp_secure_open(&opened, &f, plain), SP_DENIED);
  assert_memory_equal(before.command_mac, opened.command_mac, aes_block);
  seen.refused++;
}

static void all_lines(void **state) {
  char path[4096];
  static struct line l;
  (void)state;
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/tests/vectors/osdp.txt", top ? top : ".");
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (take_line(file, &l)) {
    if (strcmp(l.name, "crc") == 0)
      crc_is(&l);
    else if (strcmp(l.name, "session") == 0)
      begin_session(&l);
    else if (strcmp(l.name, "keys") == 0)
      keys_are(&l);
    else if (strcmp(l.name, "proofs") == 0)
      proofs_are(&l);
    else if (strcmp(l.name, "command") == 0 || strcmp(l.name, "reply") == 0)
      is_made(&l, l.name[0] == 'r');
    else if (strcmp(l.name, "reply-clear") == 0)
      is_read(&l);
    else if (strcmp(l.name, "refused") == 0)
      is_refused(&l);
    else
      fail_msg("%s is no vector", l.name);
  }
  fclose(file);
  osdp_secure_wipe(&made);
  osdp_secure_wipe(&opened);
  assert_int_equal(seen.crc, 5);
  assert_true(seen.keys == 4 && seen.proofs == 4);
  assert_true(seen.command == 52 && seen.reply == 44 && seen.clear == 8 && seen.refused == 36);
}

/* FIPS 197, appendix C.1; and SP 800-38A, F.2.1. */
static void aes_is_aes(void **state) {
  uint8_t key[aes_block], block[aes_block], chain[2 * aes_block], iv[aes_block],
      want[2 * aes_block];
  struct aes a = {0};
  (void)state;
#define HEX(out, text) assert_true(hex_decode(out, (sizeof(text) - 1) / 2, text, sizeof(text) - 1))
  HEX(key, "000102030405060708090a0b0c0d0e0f");
  HEX(block, "00112233445566778899aabbccddeeff");
  assert_int_equal(aes_set(&a, key), SP_OK);
  aes_encrypt(&a, block, block);
  HEX(want, "69c4e0d86a7b0430d8cdb78070b4c55a");
  assert_memory_equal(block, want, aes_block);
  HEX(key, "2b7e151628aed2a6abf7158809cf4f3c");
  HEX(iv, "000102030405060708090a0b0c0d0e0f");
  HEX(chain, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  assert_int_equal(aes_set(&a, key), SP_OK);
  aes_cbc_encrypt(&a, iv, chain, sizeof chain);
  HEX(want, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
  assert_memory_equal(chain, want, sizeof chain);
  aes_cbc_decrypt(&a, iv, chain, sizeof chain);
  HEX(want, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  assert_memory_equal(chain, want, sizeof chain);
  aes_wipe(&a);
}

/* What has no room in a frame is not begun: the chain stays where it is. */
static void too_long(void **state) {
  static const uint8_t data[osdp_data_max + 1], key[osdp_key_bytes], a[osdp_random_bytes];
  uint8_t out[osdp_frame_max], proof[3][aes_block];
  (void)state;
  assert_int_equal(osdp_secure_begin(&made, key, a), SP_OK);
  osdp_secure_cryptograms(&made, a, proof[0], proof[1], proof[2]);
  for (size_t n = osdp_data_max + 1; n + 20 > osdp_data_max; n--) {
    struct osdp_frame f = {.address = 5, .crc = true, .code = OSDP_MFG, .data = {data, n}};
    uint8_t before[aes_block];
    memcpy(before, made.command_mac, aes_block);
    size_t written = osdp_secure_seal(&made, &f, out);
    assert_int_equal(written > 0, n <= osdp_data_max);
    assert_int_equal(memcmp(before, made.command_mac, aes_block) == 0, written == 0);
  }
  osdp_secure_wipe(&made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aes_is_aes),
      cmocka_unit_test(all_lines),
      cmocka_unit_test(too_long),
  };
  return cmocka_run_group_tests_name("osdp vectors", tests, NULL, NULL);
}
