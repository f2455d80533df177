/* A reader on a line where anyone may send. The first byte says what it is: bit 0 it has a key, bit
 * 1 the sender knows it, bit 2 no CRC, bit 3 no secure channel. Then steps: a byte what, and what
 * it needs.
 *   0 bytes    a count and that many raw bytes     1 time      milliseconds
 *   2 frame    block, code, data, the check right  3 session   a handshake by who knows the key
 *   4 sealed   code and data, in that session      5 events    a card, keys, inputs
 *   6 restart  or busy                             7 again     the last frame once more
 * Every answer is one whole frame. Where there is a key that the sender does not know, nothing is
 * ever done. */
#include "fuzz/fuzz.h"
#include "osdp/peripheral.h"

#include <string.h>

struct world {
  struct peripheral *p;
  struct peripheral_options o;
  bool stranger;
  usec now;
  uint8_t sequence, drawn;
  struct osdp_secure secure;
  bool session;
  uint8_t sent[osdp_frame_max];
  size_t n_sent;
  uint8_t answer[1 + osdp_frame_max];
  struct osdp_frame reply;
};

static void done(struct world *w) {
  MUST_HOLD(!w->stranger);
}
static void on_random(void *ctx, void *out, size_t n) {
  struct world *w = ctx;
  memset(out, ++w->drawn, n);
}
static void on_output(void *ctx, uint8_t output, bool on) {
  struct world *w = ctx;
  MUST_HOLD(peripheral_output_is_on(w->p, output) == on);
  done(w);
}
static void on_led(void *ctx, uint8_t led, enum osdp_color color) {
  struct world *w = ctx;
  MUST_HOLD(led < w->o.n_leds && color <= OSDP_WHITE);
  done(w);
}
static void on_buzzer(void *ctx, bool on) {
  (void)on;
  done(ctx);
}
static void on_text(void *ctx, const struct osdp_text *text) {
  MUST_HOLD(text->length == text->text.n);
  done(ctx);
}
static void on_comset(void *ctx, const struct osdp_comset *set) {
  struct world *w = ctx;
  MUST_HOLD(set->address <= osdp_address_max);
  w->o.address = set->address;
  done(w);
}
static bool on_keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  struct world *w = ctx;
  done(w);
  memcpy(w->o.key, key, osdp_key_bytes);
  return w->o.has_key = key[0] != 7;
}
static void on_secure(void *ctx, bool on) {
  struct world *w = ctx;
  (void)on;
  done(w);
}
static void on_mfg(void *ctx, const struct osdp_mfg *mfg) {
  (void)mfg;
  done(ctx);
}

static bool feed(struct world *w, struct span bytes) {
  size_t used;
  peripheral_input(w->p, bytes, w->now);
  struct span out = peripheral_reply(w->p);
  MUST_HOLD(out.n <= sizeof w->answer && peripheral_reply(w->p).n == 0);
  if (out.n)
    memcpy(w->answer, out.p, out.n);
  peripheral_tick(w->p, w->now);
  if (out.n == 0)
    return false;
  MUST_HOLD(w->answer[0] == osdp_mark);
  MUST_HOLD(osdp_frame_find(span_of(w->answer, out.n), &w->reply, &used) == OSDP_FOUND_FRAME);
  MUST_HOLD(used == out.n && w->reply.reply);
  MUST_HOLD(osdp_message_of(true, w->reply.code));
  if (w->reply.code == OSDP_NAK && w->reply.block == OSDP_BLOCK_NONE)
    MUST_HOLD(w->reply.data.n == 1 && w->reply.data.p[0] >= 1 && w->reply.data.p[0] <= 9);
  if (w->reply.code != OSDP_BUSY)
    w->sequence = (uint8_t)(w->reply.sequence % 3 + 1);
  return true;
}

static bool send(struct world *w, struct osdp_frame *f) {
  f->address = w->o.address;
  f->crc = true;
  f->sequence = w->sequence;
  if (osdp_frame_size(f) == 0)
    return false;
  w->n_sent = osdp_frame_close(w->sent, osdp_frame_open(w->sent, f), f);
  return feed(w, span_of(w->sent, w->n_sent));
}

static void send_frame(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in), mac[osdp_mac_bytes] = {what};
  struct osdp_frame f = {.code = cut_u8(in)}; /* one after the other: initialisers have no order */
  f.key = cut_u8(in) & 1;
  f.block = what & 1 ? (uint8_t)(OSDP_SCS_11 + what / 2 % 9) : OSDP_BLOCK_NONE;
  f.n_key = f.block && !osdp_block_has_mac(f.block);
  f.mac = span_of(mac, osdp_block_has_mac(f.block) ? osdp_mac_bytes : 0);
  if (what & 64)
    w->sequence = what >> 4 & 3;
  f.data = cut_bytes(in, cut_u8(in));
  (void)send(w, &f);
}

static void begin_session(struct world *w) {
  static const uint8_t a[osdp_random_bytes] = {1, 2, 3};
  uint8_t theirs[aes_block], ours[aes_block], rmac[aes_block];
  uint8_t k = w->o.has_key;
  if (w->stranger)
    return;
  struct osdp_frame f = {.block = OSDP_SCS_11, .n_key = 1, .key = k, .code = OSDP_CHLNG};
  f.data = span_of(a, sizeof a);
  w->session = false;
  if (!send(w, &f) || w->reply.code != OSDP_CCRYPT)
    return;
  MUST_HOLD(osdp_secure_begin(&w->secure, k ? w->o.key : osdp_scbk_d, a) == SP_OK);
  osdp_secure_cryptograms(&w->secure, w->reply.data.p + 8, theirs, ours, rmac);
  f = (struct osdp_frame){.block = OSDP_SCS_13, .n_key = 1, .key = k, .code = OSDP_SCRYPT};
  f.data = span_of(ours, sizeof ours);
  w->session = send(w, &f) && w->reply.code == OSDP_RMAC_I && w->reply.key == 1;
}

static void send_sealed(struct world *w, struct cut *in) {
  uint8_t plain[osdp_frame_max];
  struct osdp_frame f = {.code = cut_u8(in), .address = w->o.address, .crc = true};
  f.data = cut_bytes(in, cut_u8(in));
  f.sequence = w->sequence;
  if (!w->session || !peripheral_is_secure(w->p))
    return;
  w->n_sent = osdp_secure_seal(&w->secure, &f, w->sent);
  if (!feed(w, span_of(w->sent, w->n_sent)) || !osdp_block_has_mac(w->reply.block))
    w->session = false; /* busy, or no number that fits: begun anew */
  else
    MUST_HOLD(osdp_secure_open(&w->secure, &w->reply, plain) == SP_OK);
}

static void happen(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  struct span bytes = cut_bytes(in, cut_u8(in) % 80);
  switch (what % 5) {
  case 0:
    (void)peripheral_card(w->p, what, (uint16_t)(bytes.n * 8 - what % 8), bytes);
    break;
  case 1:
    (void)peripheral_keys(w->p, bytes);
    break;
  case 2:
    (void)peripheral_input_set(w->p, what / 8 % 8, what & 64);
    break;
  case 3:
    (void)peripheral_tamper(w->p, what & 64);
    break;
  default:
    (void)peripheral_power(w->p, what & 64);
  }
}

static void step(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  switch (what % 8) {
  case 0:
    (void)feed(w, cut_bytes(in, cut_u16(in) % 4000));
    break;
  case 1:
    w->now += cut_u16(in) * USEC_PER_MS;
    peripheral_tick(w->p, w->now);
    MUST_HOLD(peripheral_due(w->p) == INT64_MIN || peripheral_due(w->p) > w->now);
    break;
  case 2:
    send_frame(w, in);
    break;
  case 3:
    begin_session(w);
    break;
  case 4:
    send_sealed(w, in);
    break;
  case 5:
    happen(w, in);
    break;
  case 6:
    if (what & 8)
      peripheral_busy(w->p, what >> 4);
    else
      peripheral_restart(w->p, w->now);
    break;
  default:
    (void)feed(w, span_of(w->sent, w->n_sent));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  uint8_t what = cut_u8(&in);
  struct world w = {.now = USEC_PER_S, .stranger = (what & 3) == 1 && !(what & 8)};
  w.o = (struct peripheral_options){.address = 5,
                                    .crc = !(what & 4),
                                    .secure = !(what & 8),
                                    .has_key = what & 1,
                                    .key = {1, 2, 3, 4},
                                    .n_inputs = 3,
                                    .n_outputs = 2,
                                    .n_leds = 2,
                                    .display = true,
                                    .buzzer = true,
                                    .keypad = true};
  const struct peripheral_ops ops = {.ctx = &w,
                                     .random = on_random,
                                     .output = on_output,
                                     .led = on_led,
                                     .buzzer = on_buzzer,
                                     .text = on_text,
                                     .comset = on_comset,
                                     .keyset = on_keyset,
                                     .secure = on_secure,
                                     .mfg = on_mfg};
  MUST_HOLD(w.p = peripheral_new(&w.o, &ops));
  for (int i = 0; i < 200 && in.n; i++)
    step(&w, &in);
  peripheral_free(w.p);
  osdp_secure_wipe(&w.secure);
  return 0;
}
