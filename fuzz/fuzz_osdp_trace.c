/* What was recorded on a line, as `line trace` reads it. The first byte: bit 0 it is text, the rest
 * of the input; bit 1 cards are shown. Else steps that put frames of real sessions onto a line: a
 * byte what, and what it needs.
 *   0 bytes    a count and that many raw bytes
 *   1 frame    block, code, data, the check right
 *   2 session  a handshake: with a key that is known, SCBK-D, or one that is not; or a wrong proof
 *   3 command  code and data, sealed in it
 *   4 reply    likewise
 *   5 spoilt   the same as 3 or 4, a bit of it turned, the check right
 *   6 again    the last frame once more
 *   7 clear    a command with sequence 0: begun anew
 * Of every sealed frame it is known what the trace must say: opened with the data that went in,
 * wrong, once more, or no key; and nothing that is spoilt is ever opened. Written as text the same
 * is said. */
#include "fuzz/fuzz.h"
#include "osdp/trace.h"
#include "osdp/trace_text.h"

#include <string.h>

enum { frames_max = 60, line_max = 60 * 600 };

static const uint8_t known[osdp_key_bytes] = {1, 2, 3}, unknown[osdp_key_bytes] = {4, 5, 6};

struct put {
  size_t at, n;
  bool judged; /* it is known what must be said */
  enum trace_verdict verdict;
  size_t n_plain; /* of one that is opened: its data */
  uint8_t plain[256];
};

struct world {
  struct osdp_secure panel, reader; /* both ends of the session */
  bool session, is_known;
  bool learnt; /* a session has set the key that was not known */
  bool murky;  /* nothing is known any more of what must be said */
  uint8_t sequence;
  uint8_t line[line_max];
  size_t n;
  struct put puts[frames_max];
  uint32_t n_puts;
};

static struct put *put_frame(struct world *w, const uint8_t *frame, size_t n) {
  if (w->n_puts == frames_max || n > sizeof w->line - w->n)
    return NULL;
  memcpy(w->line + w->n, frame, n);
  struct put *x = &w->puts[w->n_puts++];
  *x = (struct put){.at = w->n, .n = n};
  w->n += n;
  return x;
}

static struct put *put_clear(struct world *w, struct osdp_frame f) {
  uint8_t out[osdp_frame_max];
  f.address = 5;
  f.crc = true;
  f.sequence = w->sequence;
  if (osdp_frame_size(&f) == 0)
    return NULL;
  return put_frame(w, out, osdp_frame_close(out, osdp_frame_open(out, &f), &f));
}

/* It is the frame before it in the same direction once more: a retry. */
static bool is_again(const struct world *w, const struct put *x) {
  const uint8_t *p = w->line + x->at;
  for (const struct put *y = x; y-- > w->puts;)
    if (((w->line[y->at + 1] ^ p[1]) & 0x80) == 0)
      return (p[4] & 3) && y->n == x->n && memcmp(w->line + y->at, p, x->n) == 0;
  return false;
}

static void say(const struct world *w, struct put *x, enum trace_verdict v) {
  if (x && !w->murky) {
    x->judged = true;
    x->verdict = is_again(w, x) ? TRACE_AGAIN : v;
  }
}

static void put_raw(struct world *w, struct cut *in) {
  struct span s = cut_bytes(in, cut_u8(in));
  if (s.n && put_frame(w, s.p, s.n) && memchr(s.p, osdp_som, s.n))
    w->murky = true; /* a beginning that may swallow what follows */
  w->session = false;
}

static void put_any(struct world *w, struct cut *in) {
  uint8_t mac[osdp_mac_bytes] = {0}, what = cut_u8(in);
  struct osdp_frame f = {.block = cut_u8(in), .reply = what & 1};
  f.code = cut_u8(in);
  f.n_key = f.block && (what & 2);
  f.key = f.n_key;
  f.mac = span_of(mac, osdp_block_has_mac(f.block) ? osdp_mac_bytes : 0);
  f.data = cut_bytes(in, cut_u8(in));
  w->sequence = what >> 2 & 3;
  w->session = false;
  (void)put_clear(w, f);
}

static void put_session(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in), a[osdp_random_bytes], b[osdp_random_bytes];
  const uint8_t *const keys[] = {known, osdp_scbk_d, unknown};
  const uint8_t *key = keys[what % 3];
  uint8_t theirs[aes_block], ours[aes_block], rmac[aes_block], ccrypt[32] = {7};
  memset(a, what, sizeof a);
  memset(b, cut_u8(in), sizeof b);
  b[0] = (uint8_t)w->n_puts; /* never the same, or it would be a retry */
  MUST_HOLD(osdp_secure_begin(&w->panel, key, a) == SP_OK);
  MUST_HOLD(osdp_secure_begin(&w->reader, key, a) == SP_OK);
  osdp_secure_cryptograms(&w->panel, b, theirs, ours, rmac);
  osdp_secure_cryptograms(&w->reader, b, theirs, ours, rmac);
  memcpy(ccrypt + 8, b, sizeof b);
  memcpy(ccrypt + 16, theirs, sizeof theirs);
  w->is_known = what % 3 != 2 || w->learnt;
  enum trace_verdict v = w->is_known ? TRACE_PROVED : TRACE_CLOSED;
  uint8_t k = what % 3 != 1;
  w->sequence = 0;
  say(w, put_clear(w, (struct osdp_frame){.code = OSDP_ID, .data = {(const uint8_t *)"", 1}}),
      TRACE_CLEAR);
  const struct osdp_frame steps[] = {
      {.block = OSDP_SCS_11, .code = OSDP_CHLNG, .data = {a, sizeof a}},
      {.block = OSDP_SCS_12, .code = OSDP_CCRYPT, .data = {ccrypt, sizeof ccrypt}, .reply = true},
      {.block = OSDP_SCS_13, .code = OSDP_SCRYPT, .data = {ours, sizeof ours}},
      {.block = OSDP_SCS_14, .code = OSDP_RMAC_I, .data = {rmac, sizeof rmac}, .reply = true}};
  int wrong = what >= 192 ? what & 1 ? 3 : 2 : 4; /* a proof that is none */
  for (int i = 0; i < 4 && i <= wrong; i++) {
    struct osdp_frame f = steps[i];
    if (i == wrong) {
      (i == 2 ? ours : rmac)[0] ^= 1;
      v = w->is_known ? TRACE_WRONG : TRACE_CLOSED;
    }
    w->sequence = (uint8_t)(1 + i / 2);
    f.n_key = 1;
    f.key = i == 3 ? 1 : k;
    say(w, put_clear(w, f), i ? v : TRACE_CLEAR);
  }
  w->session = wrong == 4;
}

static void put_sealed(struct world *w, struct cut *in, bool reply, bool spoilt) {
  uint8_t out[osdp_frame_max], plain[osdp_frame_max], code = cut_u8(in);
  struct span data = cut_bytes(in, cut_u8(in));
  uint8_t bit = spoilt ? cut_u8(in) : 0;
  if (!w->session)
    return;
  struct osdp_secure *from = reply ? &w->reader : &w->panel, *to = reply ? &w->panel : &w->reader;
  w->sequence = (uint8_t)(w->sequence % 3 + 1);
  struct osdp_frame f = {.address = 5, .crc = true, .sequence = w->sequence, .reply = reply}, g;
  f.code = code;
  f.data = data;
  size_t n, used;
  uint8_t last[aes_block]; /* what is spoilt never happened */
  memcpy(last, reply ? from->reply_mac : from->command_mac, sizeof last);
  MUST_HOLD(n = osdp_secure_seal(from, &f, out));
  if (spoilt) {
    out[6 + bit / 8 % (n - 8)] ^= (uint8_t)(1u << bit % 8);
    uint16_t crc = osdp_crc(span_of(out, n - 2));
    out[n - 2] = (uint8_t)crc;
    out[n - 1] = (uint8_t)(crc >> 8);
  }
  bool whole = osdp_frame_find(span_of(out, n), &g, &used) == OSDP_FOUND_FRAME;
  if (spoilt) {
    memcpy(reply ? from->reply_mac : from->command_mac, last, sizeof last);
    /* A block that is none is no beginning of a frame; one without MACs may begin a session. */
    if (!whole || !osdp_block_has_mac(g.block))
      w->session = false;
    else
      MUST_HOLD(osdp_secure_open(to, &g, plain) == SP_DENIED);
    if (whole && osdp_block_has_mac(g.block))
      say(w, put_frame(w, out, n), w->is_known ? TRACE_WRONG : TRACE_CLOSED);
    return;
  }
  MUST_HOLD(whole && osdp_secure_open(to, &g, plain) == SP_OK && span_eq(g.data, data));
  struct put *x = put_frame(w, out, n);
  say(w, x, w->is_known ? TRACE_OPENED : TRACE_CLOSED);
  if (!x)
    w->session = false; /* the line is full */
  else if (w->is_known && !reply && code == OSDP_KEYSET && data.n == 2 + osdp_key_bytes)
    w->learnt |= memcmp(data.p + 2, unknown, osdp_key_bytes) == 0;
  if (x && data.n)
    memcpy(x->plain, data.p, x->n_plain = data.n);
}

static void put_again(struct world *w) {
  const struct put *last = w->n_puts ? &w->puts[w->n_puts - 1] : NULL;
  uint8_t bytes[osdp_frame_max];
  if (!last || !last->judged || last->n > sizeof bytes)
    return;
  memcpy(bytes, w->line + last->at, last->n);
  struct put *x = put_frame(w, bytes, last->n);
  if (bytes[4] & 3) /* with sequence 0 it is no retry */
    say(w, x, TRACE_AGAIN);
}

static void put_anew(struct world *w) {
  w->sequence = 0;
  w->session = false;
  say(w, put_clear(w, (struct osdp_frame){.code = OSDP_POLL}), TRACE_CLEAR);
}

static struct trace *new_trace(bool cards) {
  struct trace *t = trace_new(cards);
  MUST_HOLD(t && trace_key(t, known) && trace_key(t, known));
  return t;
}

/* What is printed is one line of characters. */
static void is_line(const struct buf *said) {
  MUST_HOLD(said->n && !said->failed);
  for (size_t i = 0; i < said->n; i++)
    MUST_HOLD(said->p[i] >= 0x20 && said->p[i] < 0x7F);
}

static void judge(const struct put *x, enum trace_verdict v, const struct osdp_frame *f) {
  MUST_HOLD(v == x->verdict);
  if (v == TRACE_OPENED)
    MUST_HOLD(f->data.n == x->n_plain &&
              (f->data.n == 0 || memcmp(f->data.p, x->plain, x->n_plain) == 0));
}

static void read_line(struct world *w, struct trace *t, struct buf *said) {
  struct span s = span_of(w->line, w->n);
  struct osdp_frame f;
  enum trace_verdict v;
  size_t from = 0;
  uint32_t i = 0;
  while (trace_next(t, &s, &f, &v, said)) {
    is_line(&(struct buf){said->p + from, said->n - from, 0, said->failed});
    size_t end = w->n - s.n, begin = v == TRACE_DAMAGED ? end : end - f.whole.n;
    while (i < w->n_puts && w->puts[i].at < begin)
      MUST_HOLD(!w->puts[i++].judged); /* it was passed over */
    if (i < w->n_puts && v != TRACE_DAMAGED && w->puts[i].at == begin && w->puts[i].judged)
      judge(&w->puts[i++], v, &f);
    buf_puts(said, "\n");
    from = said->n;
  }
  while (i < w->n_puts)
    MUST_HOLD(!w->puts[i++].judged);
}

static void put_hex(struct buf *b, struct span s) {
  for (size_t i = 0; i < s.n; i++)
    buf_printf(b, i % 2 ? "%02x" : "%02X", s.p[i]);
}

/* Every line of a text; only what is between two ends of lines counts. */
static void read_text(struct span text, struct trace *t, struct buf *said) {
  struct trace_text line;
  enum trace_text_found found;
  while ((found = trace_text_next(&text, &line)) != TRACE_TEXT_END) {
    if (found != TRACE_TEXT_BYTES)
      continue;
    MUST_HOLD(line.n && line.n <= sizeof line.bytes && line.ms[0] >= '0' && line.ms[0] <= '9');
    struct span s = span_of(line.bytes, line.n), again;
    struct buf written = {0};
    struct trace_text second;
    buf_printf(&written, "%s %s ", line.ms, line.reply ? "PD>CP" : "CP>PD");
    put_hex(&written, s);
    again = buf_span(&written);
    MUST_HOLD(trace_text_is(again) && trace_text_next(&again, &second) == TRACE_TEXT_BYTES);
    MUST_HOLD(again.n == 0 && strcmp(second.ms, line.ms) == 0 && second.reply == line.reply);
    MUST_HOLD(span_eq(span_of(second.bytes, second.n), s));
    buf_free(&written);
    struct osdp_frame f;
    enum trace_verdict v;
    while (trace_next(t, &s, &f, &v, said))
      buf_puts(said, "\n");
  }
}

static void same_as_text(const struct world *w, bool cards, const struct buf *said) {
  struct buf text = {0}, told = {0};
  struct trace *t = new_trace(cards);
  for (uint32_t i = 0; i < w->n_puts; i++) {
    if (!w->puts[i].judged)
      break;
    buf_printf(&text, "%u.0 %s ", i, w->line[w->puts[i].at + 1] & 0x80 ? "PD>CP" : "CP>PD");
    put_hex(&text, span_of(w->line + w->puts[i].at, w->puts[i].n));
    buf_puts(&text, i % 2 ? "\n" : " and a note\r\n# a note\n");
  }
  read_text(buf_span(&text), t, &told);
  MUST_HOLD(told.n <= said->n && (told.n == 0 || memcmp(told.p, said->p, told.n) == 0));
  trace_free(t);
  buf_free(&text);
  buf_free(&told);
}

static void step(struct world *w, struct cut *in) {
  uint8_t what = cut_u8(in);
  switch (what % 8) {
  case 0:
    put_raw(w, in);
    break;
  case 1:
    put_any(w, in);
    break;
  case 2:
    put_session(w, in);
    break;
  case 3:
  case 4:
  case 5:
    put_sealed(w, in, what % 8 == 4 || (what % 8 == 5 && (what & 8)), what % 8 == 5);
    break;
  case 6:
    put_again(w);
    break;
  default:
    put_anew(w);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct world w;
  struct cut in = {p, n};
  uint8_t what = cut_u8(&in);
  bool cards = what & 2;
  struct trace *t = new_trace(cards);
  struct buf said = {0};
  memset(&w, 0, sizeof w);
  if (what & 1) {
    struct span text = span_of(in.p, in.n);
    (void)trace_text_is(text);
    read_text(text, t, &said);
  } else {
    while (in.n)
      step(&w, &in);
    read_line(&w, t, &said);
    same_as_text(&w, cards, &said);
  }
  trace_free(t);
  buf_free(&said);
  osdp_secure_wipe(&w.panel);
  osdp_secure_wipe(&w.reader);
  return 0;
}
