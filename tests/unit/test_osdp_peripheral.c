/* The peripheral against a panel of a few lines, rule by rule; what must not happen; and recorded
 * sessions of others, where $OSDP_TRACES names a folder of them. */
#include "base/record.h"
#include "osdp/peripheral.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t own_key[osdp_key_bytes] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                                0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};

struct rig {
  struct peripheral *p;
  usec now;
  uint8_t sequence;
  bool checksum;
  uint8_t address;
  struct osdp_secure secure;
  bool sealing;
  char log[4096]; /* what ops were told */
  bool keyset_fails;
  uint8_t key[osdp_key_bytes];
  uint8_t random; /* the next byte of RND.B */
  const uint8_t *random_bytes;
  uint8_t sent[osdp_frame_max + 1];
  size_t n_sent;
  uint8_t line[osdp_frame_max + 1]; /* the answer as it came */
  size_t n_line;
  struct osdp_frame reply;
  uint8_t plain[osdp_frame_max];
};

/* --- What it was told to do --- */

static void tell(struct rig *r, const char *fmt, ...) SP_PRINTF(2, 3);
static void tell(struct rig *r, const char *fmt, ...) {
  va_list args;
  size_t n = strlen(r->log);
  va_start(args, fmt);
  vsnprintf(r->log + n, sizeof r->log - n, fmt, args);
  va_end(args);
}

static void on_random(void *ctx, void *out, size_t n) {
  struct rig *r = ctx;
  for (size_t i = 0; i < n; i++)
    ((uint8_t *)out)[i] = r->random_bytes ? r->random_bytes[i] : r->random++;
}
static void on_output(void *ctx, uint8_t output, bool on) {
  tell(ctx, "out%u%s ", output, on ? "+" : "-");
}
static void on_led(void *ctx, uint8_t led, enum osdp_color color) {
  tell(ctx, "led%u=%d ", led, (int)color);
}
static void on_buzzer(void *ctx, bool on) {
  tell(ctx, "buz%s ", on ? "+" : "-");
}
static void on_text(void *ctx, const struct osdp_text *x) {
  tell(ctx, "text%u,%u=%.*s ", x->row, x->column, (int)x->text.n, (const char *)x->text.p);
}
static void on_comset(void *ctx, const struct osdp_comset *x) {
  tell(ctx, "com=%u,%u ", x->address, x->baud);
}
static bool on_keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  struct rig *r = ctx;
  memcpy(r->key, key, osdp_key_bytes);
  tell(r, "key ");
  return !r->keyset_fails;
}
static void on_secure(void *ctx, bool on) {
  tell(ctx, "secure%s ", on ? "+" : "-");
}
static void on_panel(void *ctx, bool there) {
  tell(ctx, "panel%s ", there ? "+" : "-");
}
static void on_mfg(void *ctx, const struct osdp_mfg *x) {
  tell(ctx, "mfg=%02x%02x%02x,%zu ", x->vendor[0], x->vendor[1], x->vendor[2], x->bytes.n);
}

static struct peripheral_options usual(void) {
  struct peripheral_options o = {.address = 5,
                                 .baud = 9600,
                                 .id = {.vendor = {0xAA, 0xBB, 0xCC},
                                        .model = 2,
                                        .version = 1,
                                        .serial = 0x01020304,
                                        .firmware = {1, 2, 3}},
                                 .crc = true,
                                 .secure = true,
                                 .n_inputs = 4,
                                 .n_outputs = 2,
                                 .n_leds = 2,
                                 .display = true,
                                 .buzzer = true,
                                 .keypad = true};
  return o;
}

static struct peripheral_options with_key(void) {
  struct peripheral_options o = usual();
  o.has_key = true;
  memcpy(o.key, own_key, sizeof own_key);
  return o;
}

static void set_up(struct rig *r, struct peripheral_options o) {
  *r = (struct rig){.address = o.address, .now = 1000 * USEC_PER_S};
  const struct peripheral_ops ops = {.ctx = r,
                                     .random = on_random,
                                     .output = on_output,
                                     .led = on_led,
                                     .buzzer = on_buzzer,
                                     .text = on_text,
                                     .comset = on_comset,
                                     .keyset = on_keyset,
                                     .secure = on_secure,
                                     .panel = on_panel,
                                     .mfg = on_mfg};
  r->p = peripheral_new(&o, &ops);
  assert_non_null(r->p);
}

static void tear_down(struct rig *r) {
  peripheral_free(r->p);
  osdp_secure_wipe(&r->secure);
}

/* What was told since the last time. */
static void told(struct rig *r, const char *want) {
  assert_string_equal(r->log, want);
  r->log[0] = '\0';
}

static size_t from_hex(uint8_t *out, const char *text) {
  size_t n = 0;
  for (; text[0] && text[1]; text += text[0] == ' ' ? 1 : 2) {
    unsigned x;
    if (text[0] != ' ' && sscanf(text, "%2x", &x) == 1)
      out[n++] = (uint8_t)x;
  }
  return n;
}

/* --- A panel --- */

/* Bytes onto the line; true when they are answered: the answer is in r->reply then. */
static bool feed(struct rig *r, struct span bytes) {
  peripheral_input(r->p, bytes, r->now);
  struct span line = peripheral_reply(r->p);
  peripheral_tick(r->p, r->now);
  assert_int_equal(peripheral_reply(r->p).n, 0);
  r->n_line = line.n;
  if (line.n == 0)
    return false;
  size_t used;
  assert_true(line.n <= sizeof r->line && line.p[0] == osdp_mark);
  memcpy(r->line, line.p, line.n);
  assert_int_equal(osdp_frame_find(span_of(r->line, r->n_line), &r->reply, &used),
                   OSDP_FOUND_FRAME);
  assert_true(used == line.n && r->reply.reply);
  return true;
}

static bool feed_hex(struct rig *r, const char *text) {
  uint8_t bytes[2 * osdp_frame_max];
  return feed(r, span_of(bytes, from_hex(bytes, text)));
}

static void make(struct rig *r, struct osdp_frame *f) {
  f->address = r->address;
  f->crc = !r->checksum;
  r->sent[0] = osdp_mark;
  if (r->sealing && f->block == OSDP_BLOCK_NONE)
    r->n_sent = 1 + osdp_secure_seal(&r->secure, f, r->sent + 1);
  else
    r->n_sent = 1 + osdp_frame_close(r->sent + 1, osdp_frame_open(r->sent + 1, f), f);
}

/* The same bytes again. */
static bool again(struct rig *r) {
  return feed(r, span_of(r->sent, r->n_sent));
}

static void open_reply(struct rig *r) {
  if (r->sealing && osdp_block_has_mac(r->reply.block))
    assert_int_equal(osdp_secure_open(&r->secure, &r->reply, r->plain), SP_OK);
}

static uint8_t next_of(uint8_t sequence) {
  return (uint8_t)(sequence % 3 + 1);
}

/* The next command, answered with this code. */
static void send_frame(struct rig *r, struct osdp_frame f, uint8_t want) {
  f.sequence = r->sequence;
  make(r, &f);
  assert_true(again(r));
  open_reply(r);
  assert_int_equal(r->reply.code, want);
  assert_int_equal(r->reply.sequence, r->sequence);
  r->sequence = next_of(r->sequence);
}

static void send_hex(struct rig *r, uint8_t code, const char *data, uint8_t want) {
  uint8_t bytes[osdp_data_max];
  send_frame(r, (struct osdp_frame){.code = code, .data = {bytes, from_hex(bytes, data)}}, want);
}

static void nak_is(struct rig *r, uint8_t reason) {
  assert_int_equal(r->reply.code, OSDP_NAK);
  assert_int_equal(r->reply.data.n, 1);
  assert_int_equal(r->reply.data.p[0], reason);
}

static void refused(struct rig *r, uint8_t code, const char *data, uint8_t reason) {
  send_hex(r, code, data, OSDP_NAK);
  nak_is(r, reason);
}

static void data_is(struct rig *r, const char *want) {
  uint8_t bytes[osdp_data_max];
  size_t n = from_hex(bytes, want);
  assert_int_equal(r->reply.data.n, n);
  assert_memory_equal(r->reply.data.p, bytes, n);
}

static void begin(struct rig *r) {
  r->sequence = 0;
  r->sealing = false;
  send_hex(r, OSDP_ID, "00", OSDP_PDID);
}

static void challenge(struct rig *r, const uint8_t *key, uint8_t k) {
  static const uint8_t a[osdp_random_bytes] = {9, 8, 7, 6, 5, 4, 3, 2};
  assert_int_equal(osdp_secure_begin(&r->secure, key, a), SP_OK);
  send_frame(
      r,
      (struct osdp_frame){
          .block = OSDP_SCS_11, .n_key = 1, .key = k, .code = OSDP_CHLNG, .data = {a, sizeof a}},
      OSDP_CCRYPT);
}

static void handshake(struct rig *r, const uint8_t *key, uint8_t k) {
  uint8_t theirs[aes_block], ours[aes_block], rmac[aes_block];
  r->sealing = false;
  challenge(r, key, k);
  assert_int_equal(r->reply.block, OSDP_SCS_12);
  assert_int_equal(r->reply.key, k);
  assert_int_equal(r->reply.data.n, 32);
  osdp_secure_cryptograms(&r->secure, r->reply.data.p + 8, theirs, ours, rmac);
  assert_memory_equal(r->reply.data.p + 16, theirs, aes_block);
  send_frame(r,
             (struct osdp_frame){.block = OSDP_SCS_13,
                                 .n_key = 1,
                                 .key = k,
                                 .code = OSDP_SCRYPT,
                                 .data = {ours, sizeof ours}},
             OSDP_RMAC_I);
  assert_int_equal(r->reply.block, OSDP_SCS_14);
  assert_int_equal(r->reply.key, 1);
  assert_memory_equal(r->reply.data.p, rmac, aes_block);
  assert_true(peripheral_is_secure(r->p));
  r->sealing = true;
}

static void secure_rig(struct rig *r) {
  set_up(r, with_key());
  begin(r);
  handshake(r, own_key, 1);
  told(r, "panel+ secure+ ");
}

static void wait_ms(struct rig *r, int64_t ms) {
  r->now += ms * USEC_PER_MS;
  peripheral_tick(r->p, r->now);
}

/* --- Sequence and checks --- */

static void sequence_rule(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  r.sequence = 2;
  struct osdp_frame poll = {.code = OSDP_POLL, .sequence = 2};
  make(&r, &poll);
  assert_true(again(&r)); /* nothing begun yet */
  nak_is(&r, OSDP_NAK_SEQUENCE);
  assert_int_equal(r.reply.sequence, 0);
  begin(&r);
  for (int i = 0; i < 7; i++)
    send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  r.sequence = next_of(r.sequence);
  poll.sequence = r.sequence;
  make(&r, &poll);
  assert_true(again(&r)); /* one too far */
  nak_is(&r, OSDP_NAK_SEQUENCE);
  r.sequence = next_of(next_of(r.sequence));
  send_hex(&r, OSDP_POLL, "", OSDP_ACK); /* and nothing is lost by it */
  struct osdp_frame other = {.code = OSDP_LSTAT, .sequence = (uint8_t)((r.sequence + 1) % 3 + 1)};
  make(&r, &other);
  assert_true(again(&r)); /* the number of before, and other bytes */
  nak_is(&r, OSDP_NAK_SEQUENCE);
  begin(&r); /* 0 begins anew at any time */
  tear_down(&r);
}

static void repeated_once(void **state) {
  struct rig r;
  uint8_t first[64];
  (void)state;
  set_up(&r, usual());
  begin(&r);
  assert_true(peripheral_card(r.p, 1, 26, span_of("\x9a\x12\x34\x40", 4)));
  assert_true(peripheral_card(r.p, 1, 8, span_of("\x11", 1)));
  send_hex(&r, OSDP_POLL, "", OSDP_RAW);
  data_is(&r, "00 01 1a00 9a123440");
  memcpy(first, r.line, r.n_line);
  for (int i = 0; i < 3; i++) {
    assert_true(again(&r));
    assert_memory_equal(r.line, first, r.n_line);
  }
  send_hex(&r, OSDP_POLL, "", OSDP_RAW);
  data_is(&r, "00 01 0800 11");
  told(&r, "panel+ ");
  send_hex(&r, OSDP_MFG, "aabbcc 0102", OSDP_ACK);
  assert_true(again(&r));
  told(&r, "mfg=aabbcc,2 ");
  tear_down(&r);
}

static void damage_is_silence(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  struct osdp_frame f = {.code = OSDP_OUT, .sequence = r.sequence};
  uint8_t data[] = {0, OSDP_OUT_ON_TIMED, 10, 0};
  f.data = span_of(data, sizeof data);
  make(&r, &f);
  for (size_t i = 1; i < r.n_sent; i++) { /* the mark is not part of it */
    r.sent[i] ^= 0x10;
    wait_ms(&r, 150);
    feed(&r, span_of(r.sent, r.n_sent));
    assert_true(r.n_line == 0);
    r.sent[i] ^= 0x10;
  }
  told(&r, "");
  wait_ms(&r, 150);
  assert_true(again(&r)); /* the session was kept */
  open_reply(&r);
  assert_int_equal(r.reply.code, OSDP_ACK);
  told(&r, "out0+ ");
  tear_down(&r);
}

static void noise_and_halves(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  assert_true(feed_hex(&r, "00 ff 53 53 11 ff 53 05 08 00 05 60 8d ba"));
  assert_int_equal(r.reply.code, OSDP_ACK);
  assert_false(feed_hex(&r, "ff 53 05 08 00"));
  wait_ms(&r, 300);
  assert_true(feed_hex(&r, "ff 53 05 08 00 06 60 de ef"));
  assert_int_equal(r.reply.code, OSDP_ACK);
  /* What looks like a long frame holds nobody up for longer than the gap. */
  assert_false(feed_hex(&r, "53 05 a0 05"));
  wait_ms(&r, 101);
  assert_true(feed_hex(&r, "ff 53 05 08 00 07 60 ef dc"));
  /* A byte at a time is a frame too. */
  const char *poll = "ff 53 05 08 00 05 60 8d ba";
  uint8_t bytes[16];
  size_t n = from_hex(bytes, poll);
  for (size_t i = 0; i < n; i++) {
    wait_ms(&r, 20);
    assert_int_equal(feed(&r, span_of(bytes + i, 1)), i == n - 1);
  }
  /* Others' frames, and answers, are not for it. */
  assert_false(feed_hex(&r, "ff 53 09 08 00 05 60 a6 31"));
  assert_false(feed_hex(&r, "ff 53 85 08 00 06 40 6c e9"));
  tear_down(&r);
}

static void checksums(void **state) {
  struct rig r;
  struct peripheral_options o = usual();
  (void)state;
  o.crc = false;
  set_up(&r, o);
  r.checksum = true;
  begin(&r);
  assert_false(r.reply.crc);
  r.checksum = false;
  send_hex(&r, OSDP_POLL, "", OSDP_ACK); /* asked with a CRC it says that it has none */
  assert_false(r.reply.crc);
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  assert_memory_equal(r.reply.data.p + 3 * 7, "\x08\x00\x00", 3);
  tear_down(&r);
}

/* --- Refusals --- */

static void refusals(void **state) {
  static const struct {
    uint8_t code;
    const char *data;
    uint8_t reason;
  } rows[] = {
      {0x5F, "", OSDP_NAK_COMMAND},
      {OSDP_BIOREAD, "00000000", OSDP_NAK_COMMAND},
      {OSDP_RMODE, "0000", OSDP_NAK_COMMAND},
      {OSDP_DIAG, "00", OSDP_NAK_COMMAND},
      {OSDP_XWR, "0101", OSDP_NAK_COMMAND},
      {OSDP_ID, "", OSDP_NAK_LENGTH},
      {OSDP_ID, "0000", OSDP_NAK_LENGTH},
      {OSDP_ID, "07", OSDP_NAK_COMMAND},
      {OSDP_CAP, "01", OSDP_NAK_COMMAND},
      {OSDP_POLL, "00", OSDP_NAK_LENGTH},
      {OSDP_LED, "", OSDP_NAK_LENGTH},
      {OSDP_LED, "00000000000000000000000000", OSDP_NAK_LENGTH},
      {OSDP_LED, "0000000000000000000100000100", OSDP_NAK_RECORD},  /* on and off for no time */
      {OSDP_LED, "0002000000000000000105000100", OSDP_NAK_COMMAND}, /* LED 2 of 2 */
      {OSDP_LED, "0100000000000000000105000100", OSDP_NAK_COMMAND}, /* reader 1 */
      {OSDP_LED, "0000000000000000000105000800", OSDP_NAK_COMMAND}, /* colour 8 */
      {OSDP_LED, "0000030500020000000000000000", OSDP_NAK_COMMAND}, /* control 3 */
      {OSDP_OUT, "09020000", OSDP_NAK_COMMAND},
      {OSDP_OUT, "00070100", OSDP_NAK_COMMAND},
      {OSDP_OUT, "00050000", OSDP_NAK_RECORD}, /* on for no time */
      {OSDP_OUT, "000501", OSDP_NAK_LENGTH},
      {OSDP_OUT, "00020000 01020000 09020000", OSDP_NAK_COMMAND}, /* all or nothing */
      {OSDP_OUT, "00020000 01", OSDP_NAK_LENGTH},
      {OSDP_BUZ, "0003020201", OSDP_NAK_COMMAND},
      {OSDP_BUZ, "0002000201", OSDP_NAK_RECORD},
      {OSDP_BUZ, "01020202", OSDP_NAK_LENGTH},
      {OSDP_TEXT, "000100010105414243", OSDP_NAK_LENGTH}, /* says 5, has 3 */
      {OSDP_TEXT, "000500010103414243", OSDP_NAK_COMMAND},
      {OSDP_TEXT, "000100000103414243", OSDP_NAK_COMMAND},
      {OSDP_TEXT, "000100050103414243", OSDP_NAK_COMMAND},
      {OSDP_KEYSET, "0110a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", OSDP_NAK_SECURE},
      {OSDP_CHLNG, "0000000000000000", OSDP_NAK_BLOCK},
      {OSDP_SCRYPT, "00000000000000000000000000000000", OSDP_NAK_BLOCK},
      {OSDP_ACURXSIZE, "1000", OSDP_NAK_RECORD},
      {OSDP_FILETRANSFER, "02 01000000 00000000 0100 41", OSDP_NAK_COMMAND},
      {OSDP_MFG, "aabb", OSDP_NAK_LENGTH},
  };
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    refused(&r, rows[i].code, rows[i].data, rows[i].reason);
  told(&r, "panel+ "); /* and nothing else was done */
  tear_down(&r);
}

static void blocks_refused(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, with_key());
  begin(&r);
  static const struct {
    uint8_t block, n_key, key, code, reason;
  } rows[] = {
      {OSDP_SCS_15, 0, 0, OSDP_POLL, OSDP_NAK_SECURE}, /* there is no session */
      {OSDP_SCS_13, 1, 1, OSDP_SCRYPT, OSDP_NAK_SECURE},
      {OSDP_SCS_11, 1, 0, OSDP_CHLNG, OSDP_NAK_SECURE}, /* SCBK-D, and there is a key */
      {OSDP_SCS_11, 1, 2, OSDP_CHLNG, OSDP_NAK_BLOCK},
      {OSDP_SCS_11, 0, 0, OSDP_CHLNG, OSDP_NAK_BLOCK},
      {OSDP_SCS_11, 1, 1, OSDP_POLL, OSDP_NAK_BLOCK},
      {OSDP_SCS_12, 1, 1, OSDP_CHLNG, OSDP_NAK_BLOCK},
      {OSDP_SCS_16, 0, 0, OSDP_POLL, OSDP_NAK_BLOCK},
      {0x20, 0, 0, OSDP_POLL, OSDP_NAK_BLOCK},
  };
  static const uint8_t bytes[aes_block];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct osdp_frame f = {
        .block = rows[i].block, .n_key = rows[i].n_key, .key = rows[i].key, .code = rows[i].code};
    if (osdp_block_has_mac(f.block))
      f.mac = span_of(bytes, osdp_mac_bytes);
    else if (f.code == OSDP_CHLNG || f.code == OSDP_SCRYPT)
      f.data = span_of(bytes, f.code == OSDP_CHLNG ? 8 : 16);
    send_frame(&r, f, OSDP_NAK);
    nak_is(&r, rows[i].reason);
    assert_int_equal(r.reply.block, OSDP_BLOCK_NONE);
  }
  tear_down(&r);
  struct peripheral_options o = usual();
  o.secure = false;
  set_up(&r, o);
  begin(&r);
  send_frame(
      &r,
      (struct osdp_frame){
          .block = OSDP_SCS_11, .n_key = 1, .code = OSDP_CHLNG, .data = {bytes, osdp_random_bytes}},
      OSDP_NAK);
  nak_is(&r, OSDP_NAK_BLOCK);
  tear_down(&r);
}

/* With a key, outside a session: who and what, and no more. */
static void clear_with_key(void **state) {
  static const uint8_t codes[] = {OSDP_POLL, OSDP_LSTAT, OSDP_ISTAT,      OSDP_OSTAT,  OSDP_RSTAT,
                                  OSDP_OUT,  OSDP_LED,   OSDP_BUZ,        OSDP_TEXT,   OSDP_COMSET,
                                  OSDP_MFG,  OSDP_ABORT, OSDP_KEEPACTIVE, OSDP_KEYSET, 0x5F};
  struct rig r;
  (void)state;
  set_up(&r, with_key());
  assert_true(peripheral_card(r.p, 0, 8, span_of("\x11", 1)));
  begin(&r);
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  assert_memory_equal(r.reply.data.p + 3 * 8, "\x09\x01\x00", 3);
  for (size_t i = 0; i < sizeof codes; i++)
    refused(&r, codes[i], "00050a00", OSDP_NAK_SECURE);
  told(&r, "panel+ ");
  handshake(&r, own_key, 1);
  send_hex(&r, OSDP_POLL, "", OSDP_RAW); /* the card waited */
  assert_int_equal(r.reply.block, OSDP_SCS_18);
  tear_down(&r);
}

/* --- What it tells --- */

static void tells_truth(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  data_is(&r, "aabbcc 02 01 04030201 010203");
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  data_is(&r, "010104 020302 030100 040402 050201 060301 070000 080100 090101 0aa005 0b0000 0c0000 "
              "0d0001 0e0000 0f0000 100200");
  tear_down(&r);
  struct peripheral_options o = {.address = 5, .crc = true};
  set_up(&r, o);
  begin(&r);
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  data_is(&r, "010000 020000 030100 040000 050000 060000 070000 080100 090000 0aa005 0b0000 0c0000 "
              "0d0001 0e0000 0f0000 100200");
  refused(&r, OSDP_ISTAT, "", OSDP_NAK_COMMAND);
  refused(&r, OSDP_OSTAT, "", OSDP_NAK_COMMAND);
  refused(&r, OSDP_OUT, "00020000", OSDP_NAK_COMMAND);
  refused(&r, OSDP_BUZ, "0002020201", OSDP_NAK_COMMAND);
  refused(&r, OSDP_TEXT, "000100010103414243", OSDP_NAK_COMMAND);
  assert_false(peripheral_keys(r.p, span_of("1", 1)));
  assert_false(peripheral_input_set(r.p, 0, true));
  tear_down(&r);
}

static void statuses(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  assert_true(peripheral_input_set(r.p, 1, true));
  assert_true(peripheral_input_set(r.p, 1, true)); /* no change */
  assert_true(peripheral_tamper(r.p, true));
  assert_true(peripheral_keys(r.p, span_of("12\r", 3)));
  assert_true(peripheral_power(r.p, true));
  assert_true(peripheral_input_set(r.p, 1, false));
  static const struct {
    uint8_t code;
    const char *data;
  } polls[] = {{OSDP_ISTATR, "00010000"}, {OSDP_LSTATR, "0100"},     {OSDP_KEYPAD, "00 03 31320d"},
               {OSDP_LSTATR, "0101"},     {OSDP_ISTATR, "00000000"}, {OSDP_ACK, ""}};
  for (size_t i = 0; i < sizeof polls / sizeof polls[0]; i++) {
    send_hex(&r, OSDP_POLL, "", polls[i].code);
    data_is(&r, polls[i].data);
  }
  send_hex(&r, OSDP_OUT, "01020000", OSDP_ACK);
  send_hex(&r, OSDP_LSTAT, "", OSDP_LSTATR);
  data_is(&r, "0101");
  send_hex(&r, OSDP_ISTAT, "", OSDP_ISTATR);
  data_is(&r, "00000000");
  send_hex(&r, OSDP_OSTAT, "", OSDP_OSTATR);
  data_is(&r, "0001");
  send_hex(&r, OSDP_RSTAT, "", OSDP_RSTATR);
  data_is(&r, "02");
  send_hex(&r, OSDP_ABORT, "", OSDP_ACK);
  send_hex(&r, OSDP_KEEPACTIVE, "e803", OSDP_ACK);
  send_hex(&r, OSDP_ACURXSIZE, "a005", OSDP_ACK);
  tear_down(&r);
}

static void queue_has_an_end(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  for (uint8_t i = 0; i < peripheral_queue_max; i++)
    assert_true(peripheral_card(r.p, 0, 8, span_of(&i, 1)));
  assert_false(peripheral_card(r.p, 0, 8, span_of("x", 1)));
  assert_false(peripheral_keys(r.p, span_of("1", 1)));
  assert_false(peripheral_input_set(r.p, 0, true)); /* told late, but told */
  assert_false(peripheral_tamper(r.p, true));
  begin(&r);
  for (uint8_t i = 0; i < peripheral_queue_max; i++) {
    send_hex(&r, OSDP_POLL, "", OSDP_RAW);
    assert_int_equal(r.reply.data.p[4], i);
  }
  send_hex(&r, OSDP_POLL, "", OSDP_ISTATR);
  data_is(&r, "01000000");
  send_hex(&r, OSDP_POLL, "", OSDP_LSTATR);
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  uint8_t long_card[65] = {0};
  assert_false(peripheral_card(r.p, 0, 520, span_of(long_card, 65)));
  assert_false(peripheral_card(r.p, 0, 26, span_of(long_card, 3)));
  assert_false(peripheral_card(r.p, 0, 0, span_of(long_card, 0)));
  assert_true(peripheral_card(r.p, 0, 512, span_of(long_card, 64)));
  tear_down(&r);
}

/* --- What it shows and drives --- */

static void outputs(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  told(&r, "panel+ ");
  send_hex(&r, OSDP_OUT, "00050a00", OSDP_ACK); /* on for a second */
  told(&r, "out0+ ");
  assert_true(peripheral_due(r.p) == r.now + USEC_PER_S);
  wait_ms(&r, 999);
  told(&r, "");
  wait_ms(&r, 1);
  told(&r, "out0- ");
  send_hex(&r, OSDP_OUT, "00020000 01020000", OSDP_ACK);
  told(&r, "out0+ out1+ ");
  send_hex(&r, OSDP_OUT, "00060500", OSDP_ACK); /* off for a while, then as it was */
  told(&r, "out0- ");
  wait_ms(&r, 500);
  told(&r, "out0+ ");
  send_hex(&r, OSDP_OUT, "00060500 00030000", OSDP_ACK); /* off for good, after that */
  wait_ms(&r, 500);
  told(&r, "out0- ");
  send_hex(&r, OSDP_OUT, "00050500 00040000", OSDP_ACK);
  wait_ms(&r, 500);
  told(&r, "out0+ ");
  send_hex(&r, OSDP_OUT, "00010000 01000000", OSDP_ACK); /* off; leave */
  told(&r, "out0- ");
  send_hex(&r, OSDP_OUT, "00056400", OSDP_ACK);
  send_hex(&r, OSDP_OUT, "00010000", OSDP_ACK); /* off ends the timer */
  told(&r, "out0+ out0- ");
  wait_ms(&r, 10000);
  tear_down(&r);
}

static void leds(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  told(&r, "panel+ ");
  /* for good red; for 1 s green and dark, 200 ms each */
  send_hex(&r, OSDP_LED, "0000 02 02 02 02 00 0a00 01 05 00 01 00", OSDP_ACK);
  told(&r, "led0=2 ");
  for (int i = 0; i < 12; i++)
    wait_ms(&r, 100);
  told(&r, "led0=0 led0=2 led0=0 led0=2 led0=1 ");
  assert_true(peripheral_due(r.p) == r.now - 1200 * USEC_PER_MS + 8 * USEC_PER_S); /* the panel */
  send_hex(&r, OSDP_LED, "0000 02 01 00 04 00 0000 00 00 00 00 00", OSDP_ACK);
  wait_ms(&r, 5000);
  told(&r, "led0=4 "); /* without a timer, until told otherwise */
  send_hex(&r, OSDP_LED, "0000 01 00 00 00 00 0000 00 00 00 00 00", OSDP_ACK);
  told(&r, "led0=1 ");
  send_hex(&r, OSDP_LED, "0001 00 00 00 00 00 0000 01 01 03 03 07", OSDP_ACK);
  for (int i = 0; i < 5; i++) {
    usec due = peripheral_due(r.p);
    assert_true(due > r.now);
    r.now = due;
    peripheral_tick(r.p, r.now);
  }
  told(&r, "led1=3 led1=7 led1=3 led1=7 led1=3 led1=7 ");
  tear_down(&r);
}

static void buzzer(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  told(&r, "panel+ ");
  send_hex(&r, OSDP_BUZ, "00 02 02 01 02", OSDP_ACK);
  for (int i = 0; i < 10; i++)
    wait_ms(&r, 100);
  told(&r, "buz+ buz- buz+ buz- ");
  send_hex(&r, OSDP_BUZ, "00 02 02 00 00", OSDP_ACK);
  wait_ms(&r, 7000);
  told(&r, "buz+ ");
  send_hex(&r, OSDP_BUZ, "00 01 00 00 00", OSDP_ACK);
  told(&r, "buz- ");
  tear_down(&r);
}

static void texts_and_files(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  send_hex(&r, OSDP_TEXT, "00 01 00 02 03 05 48454c4c4f", OSDP_ACK);
  told(&r, "panel+ text2,3=HELLO ");
  send_hex(&r, OSDP_FILETRANSFER, "01 05000000 00000000 0300 414243", OSDP_FTSTAT);
  data_is(&r, "01 0000 0000 0000");
  send_hex(&r, OSDP_FILETRANSFER, "01 05000000 04000000 0100 41", OSDP_FTSTAT); /* a hole */
  data_is(&r, "01 0000 fdff 0000");
  send_hex(&r, OSDP_FILETRANSFER, "01 05000000 03000000 0300 414243", OSDP_FTSTAT); /* too much */
  data_is(&r, "01 0000 fdff 0000");
  send_hex(&r, OSDP_FILETRANSFER, "01 05000000 03000000 0200 4142", OSDP_FTSTAT);
  data_is(&r, "01 0000 0100 0000");
  tear_down(&r);
}

/* --- Address, presence, busy, restart --- */

static void broadcast(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  r.address = osdp_broadcast;
  begin(&r);
  assert_int_equal(r.reply.address, osdp_broadcast);
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  static const uint8_t others[] = {OSDP_POLL, OSDP_LSTAT, OSDP_OUT, OSDP_KEYSET, 0x5F};
  for (size_t i = 0; i < sizeof others; i++) {
    struct osdp_frame f = {.code = others[i], .sequence = r.sequence};
    make(&r, &f);
    assert_false(again(&r));
  }
  send_hex(&r, OSDP_COMSET, "09 00e10000", OSDP_COM);
  told(&r, "panel+ com=9,57600 ");
  r.address = 9;
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  tear_down(&r);
}

static void comset(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  send_hex(&r, OSDP_COMSET, "7e 00c20100", OSDP_COM);
  assert_int_equal(r.reply.address, 5);
  data_is(&r, "7e 00c20100");
  told(&r, "com=126,115200 ");
  assert_false(again(&r)); /* that is nobody's address now */
  r.address = 126;
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);              /* in the same session */
  send_hex(&r, OSDP_COMSET, "ff 01000000", OSDP_COM); /* it tells what it can be */
  data_is(&r, "7e 00c20100");
  send_hex(&r, OSDP_COMSET, "05 80250000", OSDP_COM);
  told(&r, "com=126,115200 com=5,9600 ");
  tear_down(&r);
  /* It is not taken before the answer is. */
  set_up(&r, usual());
  begin(&r);
  uint8_t data[] = {6, 0x80, 0x25, 0, 0};
  struct osdp_frame f = {.code = OSDP_COMSET, .sequence = 1, .data = {data, sizeof data}};
  make(&r, &f);
  peripheral_input(r.p, span_of(r.sent, r.n_sent), r.now);
  told(&r, "panel+ ");
  assert_true(again(&r)); /* it was lost, and is asked for again */
  told(&r, "com=6,9600 ");
  tear_down(&r);
}

static void panel_lost(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  send_hex(&r, OSDP_OUT, "00055a00 01020000", OSDP_ACK); /* 9 s; for good */
  told(&r, "out0+ out1+ ");
  wait_ms(&r, 7999);
  told(&r, "");
  assert_true(peripheral_due(r.p) == r.now + USEC_PER_MS);
  wait_ms(&r, 1);
  told(&r, "secure- panel- ");
  wait_ms(&r, 1000);
  told(&r, "out0- "); /* a lock locks without a panel */
  assert_true(peripheral_output_is_on(r.p, 1));
  assert_true(peripheral_card(r.p, 0, 8, span_of("\x11", 1)));
  assert_true(again(&r)); /* the command of before is not answered out of memory any more */
  nak_is(&r, OSDP_NAK_SEQUENCE);
  told(&r, "panel+ ");
  begin(&r);
  handshake(&r, own_key, 1);
  send_hex(&r, OSDP_POLL, "", OSDP_RAW);
  tear_down(&r);
}

static void busy(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  peripheral_busy(r.p, 2);
  struct osdp_frame f = {.code = OSDP_OUT, .sequence = r.sequence};
  uint8_t data[] = {0, OSDP_OUT_ON, 0, 0};
  f.data = span_of(data, sizeof data);
  make(&r, &f);
  for (int i = 0; i < 2; i++) {
    assert_true(again(&r));
    assert_true(r.reply.code == OSDP_BUSY && r.reply.sequence == 0 &&
                r.reply.block == OSDP_BLOCK_NONE && r.reply.data.n == 0);
  }
  told(&r, "");
  assert_true(again(&r));
  open_reply(&r);
  assert_int_equal(r.reply.code, OSDP_ACK);
  r.sequence = next_of(r.sequence);
  told(&r, "out0+ ");
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  tear_down(&r);
}

static void restart(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  send_hex(&r, OSDP_OUT, "00020000", OSDP_ACK);
  send_hex(&r, OSDP_LED, "0000 00 00 00 00 00 0000 01 01 00 01 00", OSDP_ACK);
  send_hex(&r, OSDP_BUZ, "00 02 02 00 00", OSDP_ACK);
  assert_true(peripheral_input_set(r.p, 2, true));
  told(&r, "out0+ led0=1 buz+ ");
  peripheral_restart(r.p, r.now);
  told(&r, "secure- out0- led0=0 buz- ");
  assert_false(peripheral_is_secure(r.p));
  assert_true(again(&r));
  nak_is(&r, OSDP_NAK_SEQUENCE);
  assert_int_equal(r.reply.sequence, 0);
  begin(&r);
  handshake(&r, own_key, 1); /* the key is not forgotten */
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  send_hex(&r, OSDP_ISTAT, "", OSDP_ISTATR);
  data_is(&r, "00000100");
  tear_down(&r);
}

/* --- The secure channel --- */

static void session(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  assert_int_equal(r.reply.block, OSDP_SCS_16);
  send_hex(&r, OSDP_ID, "00", OSDP_PDID);
  assert_int_equal(r.reply.block, OSDP_SCS_18);
  send_hex(&r, OSDP_CAP, "00", OSDP_PDCAP);
  assert_int_equal(r.reply.block, OSDP_SCS_18);
  refused(&r, OSDP_OUT, "09020000", OSDP_NAK_COMMAND);
  assert_int_equal(r.reply.block, OSDP_SCS_18);
  refused(&r, OSDP_CHLNG, "0000000000000000", OSDP_NAK_BLOCK);
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  assert_true(peripheral_is_secure(r.p));
  begin(&r); /* 0 ends it */
  told(&r, "secure- ");
  handshake(&r, own_key, 1);
  handshake(&r, own_key, 1); /* and so does another challenge */
  told(&r, "secure+ secure- secure+ ");
  tear_down(&r);
}

static void wrong_proof(void **state) {
  static const uint8_t wrong[aes_block];
  struct rig r;
  (void)state;
  set_up(&r, with_key());
  begin(&r);
  challenge(&r, own_key, 1);
  const struct osdp_frame proof = {.block = OSDP_SCS_13,
                                   .n_key = 1,
                                   .key = 1,
                                   .code = OSDP_SCRYPT,
                                   .data = {wrong, sizeof wrong}};
  send_frame(&r, proof, OSDP_RMAC_I);
  assert_true(r.reply.block == OSDP_SCS_14 && r.reply.key == 0xFF);
  assert_false(peripheral_is_secure(r.p));
  send_frame(&r, proof, OSDP_NAK); /* one try a challenge */
  nak_is(&r, OSDP_NAK_SECURE);
  challenge(&r, own_key, 1);
  send_hex(&r, OSDP_ID, "00", OSDP_PDID);
  send_frame(&r, proof, OSDP_NAK); /* and nothing between them */
  nak_is(&r, OSDP_NAK_SECURE);
  told(&r, "panel+ ");
  handshake(&r, own_key, 1);
  tear_down(&r);
}

static void first_key(void **state) {
  struct rig r;
  (void)state;
  set_up(&r, usual());
  begin(&r);
  challenge(&r, own_key, 1); /* asked for its own key it says that it has none */
  assert_true(r.reply.block == OSDP_SCS_12 && r.reply.key == 0);
  handshake(&r, osdp_scbk_d, 0);
  told(&r, "panel+ secure+ ");
  refused(&r, OSDP_KEYSET, "0110303132333435363738393a3b3c3d3e3f", OSDP_NAK_RECORD); /* SCBK-D */
  refused(&r, OSDP_KEYSET, "0210a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", OSDP_NAK_COMMAND);
  refused(&r, OSDP_KEYSET, "0110a0a1", OSDP_NAK_LENGTH);
  told(&r, "");
  r.keyset_fails = true;
  refused(&r, OSDP_KEYSET, "011000112233445566778899aabbccddeeff", OSDP_NAK_RECORD);
  r.keyset_fails = false;
  told(&r, "key ");
  send_hex(&r, OSDP_KEYSET, "011000112233445566778899aabbccddeeff", OSDP_ACK);
  assert_int_equal(r.reply.block, OSDP_SCS_16); /* in the old session, which then ends */
  told(&r, "key secure- ");
  assert_memory_equal(r.key, own_key, sizeof own_key);
  assert_true(again(&r)); /* the answer got lost: once more, and the key is not set again */
  told(&r, "");
  r.sealing = false;
  refused(&r, OSDP_POLL, "", OSDP_NAK_SECURE);
  handshake(&r, own_key, 1);
  begin(&r);
  static const uint8_t a[osdp_random_bytes] = {1};
  send_frame(&r,
             (struct osdp_frame){
                 .block = OSDP_SCS_11, .n_key = 1, .code = OSDP_CHLNG, .data = {a, sizeof a}},
             OSDP_NAK); /* SCBK-D is over */
  nak_is(&r, OSDP_NAK_SECURE);
  tear_down(&r);
}

static void keyset_needs_cipher(void **state) {
  struct rig r;
  (void)state;
  secure_rig(&r);
  /* A key in clear under a MAC that holds. */
  uint8_t data[18] = {1, 16, 7}, out[osdp_frame_max];
  struct osdp_frame f = {.code = OSDP_POLL, .sequence = r.sequence, .address = 5, .crc = true};
  struct osdp_secure before = r.secure;
  f.code = OSDP_KEYSET;
  f.block = OSDP_SCS_15;
  f.data = span_of(data, sizeof data);
  f.mac = span_of(data, osdp_mac_bytes);
  size_t n = osdp_frame_open(out, &f);
  uint8_t mac[aes_block];
  memcpy(mac, before.reply_mac, aes_block);
  for (size_t at = 0; at < n; at += aes_block) {
    size_t left = n - at < aes_block ? n - at : aes_block;
    for (size_t i = 0; i < left; i++)
      mac[i] ^= out[at + i];
    if (left < aes_block)
      mac[left] ^= 0x80;
    aes_encrypt(at + aes_block < n ? &r.secure.mac1 : &r.secure.mac2, mac, mac);
  }
  f.mac = span_of(mac, osdp_mac_bytes);
  n = osdp_frame_close(out, n, &f);
  memcpy(r.secure.command_mac, mac, aes_block);
  assert_true(feed(&r, span_of(out, n)));
  open_reply(&r);
  nak_is(&r, OSDP_NAK_SECURE);
  told(&r, "");
  tear_down(&r);
}

/* --- What must carry nothing out --- */

/* What someone on the line may try, in a session: none of it does anything or ends anything. */
static void hostile(void **state) {
  struct rig r;
  uint8_t old[5][64], forged[64];
  size_t n_old[5];
  (void)state;
  secure_rig(&r);
  for (int i = 0; i < 5; i++) { /* recorded for later */
    send_hex(&r, OSDP_OUT, i % 2 ? "00010000" : "00020000", OSDP_ACK);
    memcpy(old[i], r.sent, r.n_sent);
    n_old[i] = r.n_sent;
  }
  told(&r, "out0+ out0- out0+ out0- out0+ ");
  send_hex(&r, OSDP_POLL, "", OSDP_ACK);
  for (int i = 0; i < 5; i++) /* replayed; one of them has the sequence that would be right */
    if (feed(&r, span_of(old[i], n_old[i])))
      assert_true(r.reply.code == OSDP_NAK && r.reply.block == OSDP_BLOCK_NONE);
  /* In clear, and under a MAC of their own, with the right sequence. */
  uint8_t data[4] = {0, OSDP_OUT_OFF, 0, 0}, mac[4] = {1, 2, 3, 4};
  struct osdp_frame f = {.code = OSDP_OUT, .data = {data, 4}, .address = 5, .crc = true};
  f.sequence = r.sequence;
  for (int block = 0; block < 256; block++) {
    f.block = (uint8_t)block;
    f.n_key = block >= OSDP_SCS_11 && block <= OSDP_SCS_14;
    f.mac = span_of(mac, osdp_block_has_mac(f.block) ? 4 : 0);
    assert_true(
        feed(&r, span_of(forged, osdp_frame_close(forged, osdp_frame_open(forged, &f), &f))));
    assert_true(r.reply.code == OSDP_NAK && r.reply.block == OSDP_BLOCK_NONE);
  }
  /* What the panel sent, one bit turned and the check made right again. */
  struct osdp_frame g = {.code = OSDP_OUT, .data = {data, 4}, .sequence = r.sequence};
  make(&r, &g);
  for (size_t bit = 8 * 5; bit < 8 * (r.n_sent - 3); bit++) {
    memcpy(forged, r.sent + 1, r.n_sent - 1);
    forged[bit / 8] ^= (uint8_t)(1 << bit % 8);
    uint16_t crc = osdp_crc(span_of(forged, r.n_sent - 3));
    forged[r.n_sent - 3] = (uint8_t)crc;
    forged[r.n_sent - 2] = (uint8_t)(crc >> 8);
    if (feed(&r, span_of(forged, r.n_sent - 1)))
      assert_int_equal(r.reply.code, OSDP_NAK);
    wait_ms(&r, 1);
  }
  /* Cut short at every place, with silence after it. */
  for (size_t n = 1; n < r.n_sent; n++) {
    assert_false(feed(&r, span_of(r.sent, n)));
    wait_ms(&r, 150);
  }
  told(&r, "");
  assert_true(peripheral_output_is_on(r.p, 0) && peripheral_is_secure(r.p));
  assert_true(again(&r)); /* and the panel's own still works */
  open_reply(&r);
  assert_int_equal(r.reply.code, OSDP_ACK);
  told(&r, "out0- ");
  tear_down(&r);
}

static void too_long(void **state) {
  struct rig r;
  static uint8_t bytes[20000];
  (void)state;
  set_up(&r, usual());
  begin(&r);
  for (uint32_t length = 0; length < 65536; length += 251) {
    for (size_t i = 0; i < sizeof bytes; i++)
      bytes[i] = (uint8_t)(i % 5 == 0 ? osdp_som : length >> i % 3 * 4);
    memcpy(bytes, (uint8_t[]){osdp_mark, osdp_som, 5, (uint8_t)length, (uint8_t)(length >> 8)}, 5);
    feed(&r, span_of(bytes, length % 20000));
    wait_ms(&r, 101);
  }
  told(&r, "panel+ panel- "); /* 26 s without a command */
  /* The longest frame that there may be. */
  begin(&r);
  memset(bytes, 'x', sizeof bytes);
  memcpy(bytes, (uint8_t[]){0xAA, 0xBB, 0xCC}, 3);
  struct osdp_frame f = {.code = OSDP_MFG, .data = {bytes, osdp_frame_max - 8}};
  r.log[0] = '\0';
  send_frame(&r, f, OSDP_ACK);
  told(&r, "mfg=aabbcc,1429 ");
  tear_down(&r);
}

static void no_memory(void **state) {
  struct peripheral_options o = usual();
  const struct peripheral_ops ops = {.random = on_random};
  (void)state;
  sp_alloc_fail_after(0, false);
  assert_null(peripheral_new(&o, &ops));
  sp_alloc_fail_after(UINT64_MAX, false);
  peripheral_free(NULL);
}

/* --- Recorded sessions --- */

struct replay {
  FILE *file;
  struct rig r;
  char line[8192];
  uint8_t random[osdp_random_bytes];
  bool off;   /* the reader was stopped */
  bool apart; /* theirs left the chain of MACs: until the next beginning nothing can be compared */
  bool answered; /* the command before was, by ours; its answer is compared when theirs comes */
  unsigned compared;
};

/* RND.B of the next CCRYPT: what ours must draw to be comparable. */
static void find_random(struct replay *x) {
  char line[sizeof x->line], *hex;
  uint8_t bytes[osdp_frame_max + 1];
  long at = ftell(x->file);
  while (fgets(line, sizeof line, x->file)) {
    if (!(hex = strstr(line, "PD>CP ")))
      continue;
    hex[strcspn(hex, "\n")] = '\0';
    size_t n = from_hex(bytes, hex + 6);
    if (n == 44 && bytes[9] == OSDP_CCRYPT)
      memcpy(x->random, bytes + 18, sizeof x->random);
    break;
  }
  fseek(x->file, at, SEEK_SET);
  x->r.random_bytes = x->random;
}

static void compare(struct replay *x, const uint8_t *p, size_t n) {
  const struct osdp_frame *f = &x->r.reply;
  size_t from = 0;
  if (n > 7 && p[6] == OSDP_SCS_16 - 1) /* theirs: data in clear under SCS_15 */
    x->apart = true;
  if (x->apart)
    return;
  assert_true(x->answered);
  if (f->code == OSDP_PDCAP && f->block == OSDP_BLOCK_NONE)
    return; /* another reader's */
  if (f->code == OSDP_CCRYPT)
    from = 17; /* and another's cUID; so is the check */
  if (n - from > x->r.n_line - 1 - from ||
      memcmp(x->r.line + 1 + from, p + from, n - from - (from ? 2 : 0)) != 0)
    fail_msg("theirs is not ours: %s", x->line);
  x->compared++;
}

/* What was done at their reader is done at ours. */
static void do_note(struct replay *x, const char *note) {
  struct peripheral *p = x->r.p;
  char text[64];
  unsigned a, b;
  uint8_t bytes[64];
  if (sscanf(note, "card %63s %u", text, &a) == 2)
    assert_true(peripheral_card(p, 1, (uint16_t)a, span_of(bytes, from_hex(bytes, text))));
  else if (sscanf(note, "key %63s", text) == 1) {
    for (char *c = text; *c; c++)
      *c = *c == '#' ? '\r' : *c;
    assert_true(peripheral_keys(p, span_str(text)));
  } else if (sscanf(note, "input %u %u", &a, &b) == 2)
    assert_true(peripheral_input_set(p, (uint8_t)a, b));
  else if (sscanf(note, "tamper %u", &a) == 1)
    assert_true(peripheral_tamper(p, a));
  else if (sscanf(note, "power %u", &a) == 1)
    assert_true(peripheral_power(p, a));
  else if (sscanf(note, "busy %u", &a) == 1)
    peripheral_busy(p, a);
  else
    x->apart = true;
}

static void replay_line(struct replay *x) {
  uint8_t bytes[osdp_frame_max + 1], *p = bytes;
  double ms;
  char *hex, *note;
  x->line[strcspn(x->line, "\n")] = '\0';
  if (sscanf(x->line, "%*[# ]%lf", &ms) == 1 || sscanf(x->line, "%lf", &ms) == 1) {
    x->r.now = 1000 * USEC_PER_S + (usec)(ms * 1000);
    peripheral_tick(x->r.p, x->r.now);
  }
  if ((note = strstr(x->line, "pd < ")))
    do_note(x, note + 5);
  if (strstr(x->line, "reader stops"))
    x->off = true;
  if (strstr(x->line, "READY") && x->off) {
    x->off = false;
    peripheral_restart(x->r.p, x->r.now);
  }
  if (x->line[0] == '#' || x->off)
    return;
  if ((hex = strstr(x->line, "CP>PD "))) {
    size_t n = from_hex(bytes, hex + 6);
    find_random(x);
    if ((bytes[5] & 3) == 0)
      x->apart = false;
    x->answered = feed(&x->r, span_of(bytes, n));
  } else if ((hex = strstr(x->line, "PD>CP "))) {
    size_t n = from_hex(bytes, hex + 6);
    p += bytes[0] == osdp_mark;
    compare(x, p, n - (size_t)(p - bytes));
  }
}

static void replay_file(const char *folder, const char *name, struct peripheral_options o,
                        const char *until, unsigned least) {
  struct replay x = {0};
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  x.file = fopen(path, "r");
  if (!x.file)
    fail_msg("%s is not there", path);
  set_up(&x.r, o);
  while (fgets(x.line, sizeof x.line, x.file) && !(until && strstr(x.line, until)))
    replay_line(&x);
  fclose(x.file);
  tear_down(&x.r);
  if (x.compared < least)
    fail_msg("%s: %u answers were compared", name, x.compared);
}

static void recorded(void **state) {
  const char *folder = getenv("OSDP_TRACES");
  (void)state;
  if (!folder || !*folder) {
    print_message("recorded: OSDP_TRACES names no folder of recorded sessions\n");
    skip();
  }
  struct peripheral_options sums = usual();
  sums.crc = false;
  replay_file(folder, "01-plain-session.txt", usual(), "mfgrep", 60);
  replay_file(folder, "01b-plain-checksum.txt", sums, "mfgrep", 60);
  replay_file(folder, "02-secure-scbk-d.txt", usual(), NULL, 30);
  replay_file(folder, "03-secure-scbk.txt", with_key(), NULL, 20);
  replay_file(folder, "04-keyset.txt", with_key(), NULL, 20);
  replay_file(folder, "05-pd-restart.txt", with_key(), NULL, 40);
  replay_file(folder, "08-busy.txt", with_key(), "PART B", 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sequence_rule),
      cmocka_unit_test(repeated_once),
      cmocka_unit_test(damage_is_silence),
      cmocka_unit_test(noise_and_halves),
      cmocka_unit_test(checksums),
      cmocka_unit_test(refusals),
      cmocka_unit_test(blocks_refused),
      cmocka_unit_test(clear_with_key),
      cmocka_unit_test(tells_truth),
      cmocka_unit_test(statuses),
      cmocka_unit_test(queue_has_an_end),
      cmocka_unit_test(outputs),
      cmocka_unit_test(leds),
      cmocka_unit_test(buzzer),
      cmocka_unit_test(texts_and_files),
      cmocka_unit_test(broadcast),
      cmocka_unit_test(comset),
      cmocka_unit_test(panel_lost),
      cmocka_unit_test(busy),
      cmocka_unit_test(restart),
      cmocka_unit_test(session),
      cmocka_unit_test(wrong_proof),
      cmocka_unit_test(first_key),
      cmocka_unit_test(keyset_needs_cipher),
      cmocka_unit_test(hostile),
      cmocka_unit_test(too_long),
      cmocka_unit_test(no_memory),
      cmocka_unit_test(recorded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
