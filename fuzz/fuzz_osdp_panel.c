/* A control panel whose line is somebody else's. Reader 5 is as the first byte says: bits 0 and 1,
 * in clear, with its key, or to be given its first one; bit 2 its reader has another key, bit 3 no
 * secure channel, bit 4 a line without speed (TCP), bit 5 checksums, bit 6 polled often. Reader 6
 * is beside it, with its key, and nobody spoils what it says. Then steps: a byte what, and what it
 * needs.
 *   0 time     milliseconds, undisturbed
 *   1 answer   the next answer of reader 5: a bit turned, cut, doubled, late, lost, an older one
 *   2 forged   instead of it: block, code, sequence right or not, data, the check right
 *   3 bytes    a count and that many raw bytes, at any time
 *   4 happens  a card, keys, inputs, tamper, busy, restart
 *   5 asked    a command, another key, another address
 *   6 injected a command to the readers that the panel did not send; or a command is lost
 *   7 line     cut and back; a reader taken off and put back; events are not taken for a while
 * Cards are numbered: one that is told in a session was held to that reader, once, and in that
 * order. */
#include "fuzz/fuzz.h"
#include "osdp/panel.h"
#include "osdp/peripheral.h"

#include <string.h>

enum { spoilt_address = 5, beside_address = 6, readers = 2, olds_max = 8, tags_max = 4096 };

static const uint8_t keys[3][osdp_key_bytes] = {{1, 2, 3, 4}, {5, 6, 7}, {9, 9, 9}};

/* What is sent to a reader obeys the rules of sequences. */
struct heard {
  bool any;
  uint8_t bytes[osdp_frame_max + 1];
  size_t n;
  uint8_t sequence;
  bool default_key; /* the last challenge was with SCBK-D */
};

struct reader {
  struct world *w;
  struct peripheral *p;
  uint8_t address;
  uint16_t held, told; /* cards: the number of the last */
  uint32_t out_asked, out_done;
};

struct world {
  struct panel *panel;
  struct reader reader[readers];
  enum panel_security security;
  bool refuses_clear; /* reader 5 has a key */
  bool may_be_secure; /* reader 5 has the key that the panel knows */
  uint32_t baud;
  usec now;
  uint64_t drawn;
  struct heard heard[osdp_broadcast + 1];
  uint8_t old[olds_max][osdp_frame_max + 1]; /* answers of before, at the line */
  size_t n_old[olds_max];
  uint32_t olds;
  struct cut *spoil; /* the step that changes the next answer */
  bool forges, lost, kept_back;
  bool ended[tags_max]; /* by tag: what became of the command was told */
  bool keyset[tags_max];
  uint32_t tags;
};

static void fill(struct world *w, void *out, size_t n) {
  for (uint8_t *p = out; n--; p++) {
    w->drawn = w->drawn * 6364136223846793005u + 1442695040888963407u;
    *p = (uint8_t)(w->drawn >> 56);
  }
}
static void on_random(void *ctx, void *out, size_t n) {
  fill(ctx, out, n);
}
static void on_reader_random(void *ctx, void *out, size_t n) {
  fill(((struct reader *)ctx)->w, out, n);
}
/* No more often than it was asked for. */
static void on_output(void *ctx, uint8_t output, bool on) {
  struct reader *r = ctx;
  (void)output;
  r->out_done += on;
  MUST_HOLD(r->out_done <= r->out_asked);
}

/* --- What the panel tells --- */

static struct reader *reader_at(struct world *w, uint8_t address) {
  for (int i = 0; i < readers; i++)
    if (w->reader[i].address == address)
      return &w->reader[i];
  return NULL;
}

static bool is_secured(const struct world *w, const struct reader *r) {
  return r == &w->reader[1] || w->security != PANEL_CLEAR;
}

static void judge_reply(struct world *w, struct reader *r, const struct panel_event *e) {
  struct osdp_raw raw;
  struct span data = e->data;
  if (!is_secured(w, r))
    return;
  MUST_HOLD(r != &w->reader[0] || w->may_be_secure);
  if (e->code != OSDP_RAW)
    return;
  MUST_HOLD(osdp_decode(osdp_message_of(true, OSDP_RAW), &data, &raw, NULL) == SP_OK);
  MUST_HOLD(raw.bits == 16 && raw.data.p[0] == r->address);
  uint16_t number = raw.data.p[1];
  MUST_HOLD((uint8_t)(number - r->told) != 0 &&
            (uint8_t)(number - r->told) <= (uint8_t)(r->held - r->told));
  r->told = number;
}

static void judge_end(struct world *w, const struct panel_event *e) {
  if (e->tag == 0 || e->kind == PANEL_REPLY)
    return;
  MUST_HOLD(e->tag <= w->tags && !w->ended[e->tag]);
  w->ended[e->tag] = true;
}

static void take_events(struct world *w) {
  struct panel_event e;
  struct panel_status s;
  while (panel_event(w->panel, &e)) {
    struct reader *r = reader_at(w, e.address);
    judge_end(w, &e);
    if (!r) /* another address, while it was given one */
      continue;
    switch (e.kind) {
    case PANEL_ONLINE:
      MUST_HOLD(r != &w->reader[0] || w->security == PANEL_CLEAR || w->may_be_secure);
      break;
    case PANEL_REPLY:
      judge_reply(w, r, &e);
      break;
    case PANEL_OFFLINE:
    case PANEL_INSECURE:
      MUST_HOLD(e.why != PANEL_WHY_NONE);
      break;
    case PANEL_DONE:
    case PANEL_FAILED:
    case PANEL_LOST:
    case PANEL_QUIET:
    case PANEL_KEY_SET:
      break;
    }
  }
  for (int i = 0; i < readers; i++)
    if (panel_status(w->panel, w->reader[i].address, &s) && s.online)
      MUST_HOLD(!is_secured(w, &w->reader[i]) || i || w->may_be_secure);
}

/* --- What the panel sends --- */

static void judge_frame(struct world *w, const struct osdp_frame *f, struct span out) {
  struct heard *h = &w->heard[f->address];
  bool same = h->any && span_eq(out, span_of(h->bytes, h->n));
  bool next = h->any && f->sequence == h->sequence % 3 + 1;
  bool anew = f->sequence == 0 && f->code == OSDP_ID && f->block == OSDP_BLOCK_NONE;
  MUST_HOLD(same || next || anew);
  if (f->address == beside_address || w->security != PANEL_CLEAR)
    MUST_HOLD(f->block == OSDP_SCS_15 || f->block == OSDP_SCS_17 || f->code == OSDP_ID ||
              f->code == OSDP_CAP || f->code == OSDP_CHLNG || f->code == OSDP_SCRYPT);
  if (f->address == spoilt_address && w->security != PANEL_CLEAR && !w->may_be_secure)
    MUST_HOLD(f->code != OSDP_SCRYPT); /* to one that has not shown its key nothing is shown */
  if (f->code == OSDP_CHLNG && f->block == OSDP_SCS_11)
    h->default_key = f->key == 0;
  MUST_HOLD(!h->default_key || w->security == PANEL_INSTALL);
  if (h->default_key && osdp_block_has_mac(f->block))
    MUST_HOLD(f->code == OSDP_ID || f->code == OSDP_CAP || f->code == OSDP_KEYSET);
  memcpy(h->bytes, out.p, out.n);
  h->n = out.n;
  h->sequence = f->sequence;
  h->any = true;
}

static usec wire(const struct world *w, size_t n) {
  return w->baud ? (usec)n * 10 * USEC_PER_S / w->baud : 0;
}

static void to_panel(struct world *w, struct span bytes) {
  panel_input(w->panel, bytes, w->now);
  if (!w->kept_back)
    take_events(w);
}

static size_t forge(struct cut *in, uint8_t sequence, uint8_t *out) {
  uint8_t what = cut_u8(in);
  struct osdp_frame f = {.address = what & 1 ? beside_address : spoilt_address,
                         .reply = !(what & 2),
                         .crc = !(what & 4),
                         .sequence = what & 8 ? what >> 4 & 3 : sequence};
  f.block = cut_u8(in);
  f.code = cut_u8(in);
  struct span mac = cut_bytes(in, osdp_mac_bytes);
  uint8_t padded[osdp_mac_bytes] = {0};
  if (what & 1 && !(what & 2)) /* reader 6 is spoken for by itself alone */
    f.address = spoilt_address;
  f.block = f.block & 0x80 ? OSDP_BLOCK_NONE : f.block;
  f.n_key = f.block && !osdp_block_has_mac(f.block);
  f.key = f.n_key ? cut_u8(in) : 0;
  if (mac.n)
    memcpy(padded, mac.p, mac.n);
  f.mac = span_of(padded, osdp_block_has_mac(f.block) ? osdp_mac_bytes : 0);
  f.data = cut_bytes(in, cut_u8(in));
  out[0] = osdp_mark;
  return 1 + osdp_frame_close(out + 1, osdp_frame_open(out + 1, &f), &f);
}

/* A changed answer: what the input makes of it. Returns its size. */
static size_t change(struct world *w, uint8_t *p, size_t n, size_t room) {
  struct cut *in = w->spoil;
  uint8_t what = cut_u8(in);
  uint32_t at = cut_u16(in);
  switch (what % 8) {
  case 0:
  case 1: /* a bit; 1: the check made right */
    p[1 + at / 8 % (n - 1)] ^= (uint8_t)(1u << at % 8);
    if (what % 8 == 1 && n > 9) {
      uint16_t crc = osdp_crc(span_of(p + 1, n - 3));
      p[n - 2] = (uint8_t)crc;
      p[n - 1] = (uint8_t)(crc >> 8);
    }
    return n;
  case 2:
    return at % n;
  case 3:
    if (2 * n > room)
      return n;
    memcpy(p + n, p, n);
    return 2 * n;
  case 4:
    w->now += at % 700 * USEC_PER_MS;
    return n;
  case 5: {
    size_t more = at % 64 < room - n ? at % 64 : room - n; /* behind it */
    memset(p + n, what, more);
    return n + more;
  }
  case 6:
    if (w->olds) {
      uint32_t i = at % (w->olds < olds_max ? w->olds : olds_max);
      memcpy(p, w->old[i], w->n_old[i]);
      return w->n_old[i];
    }
    return n;
  default:
    return 0;
  }
}

static void answer(struct world *w, struct reader *r, struct span said, uint8_t sequence) {
  uint8_t bytes[2 * (osdp_frame_max + 64)];
  size_t n = said.n;
  memcpy(bytes, said.p, n);
  bool is_spoilt = r == &w->reader[0] && w->spoil;
  if (is_spoilt && w->forges)
    n = forge(w->spoil, sequence, bytes);
  else if (is_spoilt)
    n = change(w, bytes, n, sizeof bytes);
  if (is_spoilt)
    w->spoil = NULL;
  if (r == &w->reader[0]) {
    memcpy(w->old[w->olds % olds_max], said.p, said.n);
    w->n_old[w->olds++ % olds_max] = said.n;
  }
  w->now += wire(w, n);
  if (n)
    to_panel(w, span_of(bytes, n));
}

static void to_readers(struct world *w, struct span bytes, uint8_t sequence) {
  for (int i = 0; i < readers; i++) {
    struct reader *r = &w->reader[i];
    peripheral_input(r->p, bytes, w->now);
    struct span said = peripheral_reply(r->p);
    peripheral_tick(r->p, w->now);
    if (said.n)
      answer(w, r, said, sequence);
  }
}

/* One turn; false: nothing is to be sent at this time. */
static bool turn(struct world *w) {
  uint8_t sent[osdp_frame_max + 1];
  struct osdp_frame f;
  size_t used;
  struct span out = panel_output(w->panel, w->now);
  if (!w->kept_back)
    take_events(w);
  if (out.n == 0)
    return false;
  MUST_HOLD(out.n <= sizeof sent && out.p[0] == osdp_mark);
  memcpy(sent, out.p, out.n);
  MUST_HOLD(osdp_frame_find(span_of(sent, out.n), &f, &used) == OSDP_FOUND_FRAME);
  MUST_HOLD(used == out.n && !f.reply);
  judge_frame(w, &f, span_of(sent, out.n));
  w->now += wire(w, out.n);
  if (w->lost && f.address == spoilt_address)
    w->lost = false;
  else
    to_readers(w, span_of(sent, out.n), f.sequence);
  return true;
}

static void run(struct world *w, usec us) {
  usec end = w->now + us;
  for (uint32_t turns = 0; w->now < end; turns++) {
    MUST_HOLD(turns < 40000); /* time goes on */
    if (turn(w))
      w->now += w->baud ? 0 : 500;
    else {
      usec due = panel_due(w->panel);
      w->now = due == TIME_ABSENT || due > end ? end : due > w->now ? due : w->now + 1;
    }
  }
  for (int i = 0; i < readers; i++)
    peripheral_tick(w->reader[i].p, w->now);
}

/* --- Steps --- */

static void hold_card(struct reader *r) {
  uint8_t card[2] = {r->address, (uint8_t)(r->held + 1)};
  if ((uint8_t)(r->held - r->told) < 100 && peripheral_card(r->p, 1, 16, span_of(card, 2)))
    r->held++;
}

static void happen(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  struct reader *r = &w->reader[what >> 7];
  switch (what % 7) {
  case 0:
  case 1:
    hold_card(r);
    break;
  case 2:
    (void)peripheral_keys(r->p, SPAN_LIT("12"));
    break;
  case 3:
    (void)peripheral_input_set(r->p, what >> 3 & 1, what & 16);
    break;
  case 4:
    (void)peripheral_tamper(r->p, what & 16);
    break;
  case 5:
    peripheral_busy(r->p, what >> 3 & 15);
    break;
  default:
    peripheral_restart(r->p, w->now);
  }
}

static void ask(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  struct reader *r = &w->reader[what >> 7];
  uint64_t tag = w->tags + 1;
  enum sp_err err = SP_OK;
  if (w->tags + 1 == tags_max)
    return;
  struct span out = what & 32 ? SPAN_LIT("\0\2\0\0\0\1\0\0") : SPAN_LIT("\0\5\1\0");
  usec before = what & 16 ? w->now + 300 * USEC_PER_MS : TIME_ABSENT;
  switch (what % 8) {
  case 0:
  case 1:
  case 2:
    err = panel_command(w->panel, r->address, OSDP_OUT, out, tag, before, what & 64, w->now);
    r->out_asked += !err;
    break;
  case 3:
    err = panel_set_key(w->panel, r->address, keys[what >> 3 & 1], tag, w->now);
    w->keyset[tag] = true;
    break;
  case 4:
    err = panel_set_address(w->panel, r->address, r->address, 9600, tag, w->now);
    break;
  default: {
    uint8_t code = cut_u8(in);
    struct span data = cut_bytes(in, cut_u8(in));
    if (code == OSDP_OUT)
      r->out_asked += (uint32_t)data.n / 4; /* a record each */
    err = panel_command(w->panel, r->address, code, data, tag, before, what & 64, w->now);
  }
  }
  w->tags += !err;
}

/* What no panel of ours sent: in a session it does nothing. */
static void inject(struct world *w, struct cut *in) {
  uint8_t bytes[osdp_frame_max + 1];
  uint8_t what = cut_u8(in);
  if (what & 1) {
    w->lost = true;
    return;
  }
  if (!w->refuses_clear) /* it is as good as the panel's own */
    return;
  struct heard *h = &w->heard[spoilt_address];
  size_t n = forge(in, (uint8_t)(h->sequence % 3 + (what >> 1 & 1)), bytes);
  to_readers(w, span_of(bytes, n), (uint8_t)(what >> 2 & 3));
}

static void put(struct world *w, uint8_t address, enum panel_security security, uint8_t key) {
  struct panel_peripheral x = {.address = address, .security = security};
  memcpy(x.key, keys[key], osdp_key_bytes);
  MUST_HOLD(panel_put(w->panel, &x, w->now) == SP_OK);
}

static void change_line(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  switch (what % 4) {
  case 0:
    panel_line(w->panel, false, w->now);
    MUST_HOLD(panel_due(w->panel) == TIME_ABSENT && panel_output(w->panel, w->now).n == 0);
    run(w, what * USEC_PER_MS);
    panel_line(w->panel, true, w->now);
    break;
  case 1:
    panel_remove(w->panel, spoilt_address, w->now);
    w->heard[spoilt_address].any = false;
    run(w, what * USEC_PER_MS);
    put(w, spoilt_address, w->security, what & 4 ? 1 : 0);
    break;
  case 2:
    w->kept_back = true;
    run(w, what * 10 * USEC_PER_MS);
    w->kept_back = false;
    break;
  default:
    run(w, what * 40 * USEC_PER_MS);
  }
  take_events(w);
}

static void step(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  switch (what % 8) {
  case 0:
    run(w, cut_u8(in) * 4 * USEC_PER_MS);
    break;
  case 1:
  case 2:
    w->spoil = in;
    w->forges = what % 8 == 2;
    for (int i = 0; i < 100 && w->spoil; i++)
      run(w, 10 * USEC_PER_MS);
    w->spoil = NULL;
    break;
  case 3:
    to_panel(w, cut_bytes(in, cut_u16(in) % 4000));
    break;
  case 4:
    happen(w, in);
    break;
  case 5:
    ask(w, in);
    break;
  case 6:
    inject(w, in);
    break;
  default:
    change_line(w, in);
  }
}

static void new_reader(struct world *w, int i, uint8_t address, bool has_key, uint8_t key,
                       bool secure) {
  struct reader *r = &w->reader[i];
  struct peripheral_options o = {.address = address,
                                 .baud = 9600,
                                 .crc = true,
                                 .secure = secure,
                                 .has_key = has_key,
                                 .n_inputs = 2,
                                 .n_outputs = 2,
                                 .keypad = true};
  const struct peripheral_ops ops = {.ctx = r, .random = on_reader_random, .output = on_output};
  memcpy(o.key, keys[key], osdp_key_bytes);
  *r = (struct reader){.w = w, .address = address};
  MUST_HOLD(r->p = peripheral_new(&o, &ops));
}

/* When everything is over: each command that was taken has ended, once; and what is left alone
 * comes back, with what waits at it told. */
static void end_well(struct world *w) {
  struct panel_status s;
  for (int i = 0; i < 60; i++) {
    run(w, USEC_PER_S / 2);
    if (panel_status(w->panel, beside_address, &s) && s.online && s.secure)
      break;
  }
  MUST_HOLD(s.online && s.secure);
  panel_line(w->panel, false, w->now);
  take_events(w);
  for (uint32_t i = 1; i <= w->tags; i++)
    MUST_HOLD(w->ended[i] || w->keyset[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct world w;
  struct cut in = {p, n};
  uint8_t what = cut_u8(&in);
  memset(&w, 0, sizeof w);
  w.now = USEC_PER_S;
  w.baud = what & 16 ? 0 : 38400;
  const enum panel_security kinds[] = {PANEL_KEY, PANEL_CLEAR, PANEL_INSTALL, PANEL_KEY};
  w.security = kinds[what & 3];
  const struct panel_options options = {
      .baud = w.baud, .checksum = what & 32, .poll_ms = what & 64 ? 20 : 100};
  const struct panel_ops ops = {&w, on_random};
  MUST_HOLD(w.panel = panel_new(&options, &ops));
  panel_line(w.panel, true, w.now);
  bool install = w.security == PANEL_INSTALL;
  new_reader(&w, 0, spoilt_address, !install || (what & 4), what & 4 ? 2 : 0, !(what & 8));
  new_reader(&w, 1, beside_address, true, 0, true);
  w.refuses_clear = w.security == PANEL_KEY && !(what & 8);
  w.may_be_secure = !(what & 8) && !(what & 4);
  put(&w, spoilt_address, w.security, 0);
  put(&w, beside_address, PANEL_KEY, 0);
  for (int i = 0; i < 150 && in.n && w.now < 20 * USEC_PER_S; i++)
    step(&w, &in);
  end_well(&w);
  panel_free(w.panel);
  for (int i = 0; i < readers; i++)
    peripheral_free(w.reader[i].p);
  return 0;
}
