/* The data of each message: the first byte says which row of the table, the second at which bit of
 * the data something is changed. What is decoded is encoded again as it was; what is not says why;
 * and of a message with secrets its line in a trace does not depend on them. */
#include "fuzz/fuzz.h"
#include "osdp/trace.h"

#include <string.h>

union any_record {
  struct osdp_led led;
  struct osdp_text text;
  struct osdp_ccrypt ccrypt;
  struct osdp_filetransfer file;
  struct osdp_keyset key;
  struct osdp_raw raw;
  struct osdp_fmt fmt;
  struct osdp_keypad pad;
  struct osdp_mfg mfg;
  struct osdp_xrd xrd;
  struct osdp_opaque opaque;
};

static size_t width(const struct osdp_field *f) {
  static const uint8_t numbers[] = {[OSDP_U8] = 1, [OSDP_U16] = 2, [OSDP_U32] = 4};
  return f->kind == OSDP_BYTES ? f->n : numbers[f->kind];
}

/* The numbers that say how much follows, read by hand. */
static void judge_counts(const struct osdp_message *m, const union any_record *r) {
  uint8_t code = m->code;
  if (!m->reply && code == OSDP_TEXT)
    MUST_HOLD(r->text.length == r->text.text.n);
  if (!m->reply && code == OSDP_FILETRANSFER)
    MUST_HOLD(r->file.length == r->file.bytes.n);
  if (m->reply && code == OSDP_RAW)
    MUST_HOLD((r->raw.bits + 7u) / 8 == r->raw.data.n);
  if (m->reply && code == OSDP_FMT)
    MUST_HOLD(r->fmt.length == r->fmt.data.n);
  if (m->reply && code == OSDP_KEYPAD)
    MUST_HOLD(r->pad.count == r->pad.keys.n);
}

/* Every record of it; true: all of it was read. The records lie in exactly n bytes. */
static bool read_all(const struct osdp_message *m, struct span data, uint8_t *again, size_t *n) {
  struct fault why = {0};
  *n = 0;
  do {
    union any_record r;
    size_t before = data.n, at = *n;
    memset(&r, 0, sizeof r);
    if (osdp_decode(m, &data, &r, &why)) {
      MUST_HOLD(why.err == SP_INVALID && strncmp(why.text, m->name, strlen(m->name)) == 0);
      fuzz_tell(&why);
      return false;
    }
    judge_counts(m, &r);
    MUST_HOLD(data.n < before || !m->repeats || before == 0);
    *n = osdp_encode(m, &r, again, *n);
    if (*n == 0 && before) { /* more than a message may have, yet in a frame it had room */
      MUST_HOLD(at + before - data.n > osdp_data_max);
      return false;
    }
  } while (m->repeats && data.n);
  MUST_HOLD(data.n == 0);
  return true;
}

static void tell(const struct osdp_message *m, struct span data, struct buf *line) {
  uint8_t bytes[osdp_frame_max];
  struct osdp_frame f = {.address = 5, .sequence = 1, .reply = m->reply, .code = m->code}, seen;
  enum trace_verdict verdict;
  f.data = data;
  f.crc = true;
  if (osdp_frame_size(&f) == 0)
    return;
  size_t n = osdp_frame_close(bytes, osdp_frame_open(bytes, &f), &f);
  struct span s = span_of(bytes, n);
  struct trace *t = trace_new(false);
  MUST_HOLD(t && trace_next(t, &s, &seen, &verdict, line));
  MUST_HOLD(verdict == TRACE_CLEAR && s.n == 0 && span_eq(seen.data, data));
  trace_free(t);
}

/* Other secrets of the same length, of the one record that such messages have. */
static bool change_secrets(const struct osdp_message *m, uint8_t *data, size_t n, uint8_t bit) {
  size_t at = 0;
  bool any = false;
  for (const struct osdp_field *f = m->fields; f->name; f++) {
    bool rest = f->kind == OSDP_REST || f->kind == OSDP_REST_TEXT;
    size_t w = rest ? n - at : width(f);
    if (f->care != OSDP_PLAIN && w) {
      data[at + bit / 8u % w] ^= (uint8_t)(1u << bit % 8);
      any = true;
    }
    at += w;
  }
  return any;
}

static void keep_secrets(const struct osdp_message *m, struct span data, uint8_t bit) {
  uint8_t other[osdp_frame_max];
  struct buf told = {0}, told_other = {0};
  memcpy(other, data.p, data.n);
  if (!m->repeats && change_secrets(m, other, data.n, bit)) {
    tell(m, data, &told);
    tell(m, span_of(other, data.n), &told_other);
    MUST_HOLD(span_eq(buf_span(&told), buf_span(&told_other)));
  }
  buf_free(&told);
  buf_free(&told_other);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  const struct osdp_message *m = &osdp_messages[cut_u8(&in) % osdp_messages_n];
  uint8_t bit = cut_u8(&in), again[osdp_data_max];
  struct span data = cut_bytes(&in, osdp_frame_max - 8);
  struct buf line = {0};
  size_t written;
  MUST_HOLD(osdp_message_of(m->reply, m->code) == m);
  bool whole = read_all(m, data, again, &written);
  if (whole)
    MUST_HOLD(span_eq(span_of(again, written), data));
  if (whole && data.n)
    keep_secrets(m, data, bit);
  tell(m, data, &line);
  MUST_HOLD(line.n && !line.failed);
  buf_free(&line);
  return 0;
}
