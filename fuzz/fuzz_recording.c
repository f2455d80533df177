/* What goes over a line as text, and back. The first byte's lowest bit: 0 a line that someone
 * wrote, 1 bytes that come in pieces: for each a byte whose lowest bit is the direction, and a
 * count. Every byte is on one line, in its order, and each line can be read. */
#include "fuzz/fuzz.h"
#include "osdp/recording.h"

#include <string.h>

struct world {
  struct buf in[2], out[2];
};

static void on_piece(void *ctx, bool reply, usec at, struct span bytes) {
  struct world *w = ctx;
  struct buf line = {0};
  struct trace_text read;
  MUST_HOLD(bytes.n > 0 && bytes.n <= recording_bytes_max && at >= 0);
  recording_line(&line, reply, at, bytes);
  struct span text = buf_span(&line);
  MUST_HOLD(!recording_is_gap(text));
  MUST_HOLD(trace_text_next(&text, &read) == TRACE_TEXT_BYTES && text.n == 0);
  MUST_HOLD(read.reply == reply && span_eq(span_of(read.bytes, read.n), bytes));
  buf_put(&w->out[reply], bytes.p, bytes.n);
  buf_free(&line);
}

static void read_text(struct span text) {
  struct trace_text line;
  for (enum trace_text_found found; (found = trace_text_next(&text, &line)) != TRACE_TEXT_END;) {
    struct buf again = {0};
    if (found == TRACE_TEXT_BYTES)
      recording_line(&again, line.reply, 0, span_of(line.bytes, line.n));
    MUST_HOLD(found != TRACE_TEXT_BYTES ||
              (line.n > 0 && again.n == strlen("       0.0 CP>PD ") + 2 * line.n + 1));
    buf_free(&again);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  struct world w = {0};
  static struct recording r;
  usec now = 0;
  if (!(cut_u8(&in) & 1)) {
    read_text(span_of(in.p, in.n));
    return 0;
  }
  memset(&r, 0, sizeof r);
  while (in.n) {
    uint8_t what = cut_u8(&in);
    bool reply = what & 1;
    struct span bytes = cut_bytes(&in, what & 2 ? cut_u16(&in) % 4000 : cut_u8(&in));
    buf_put(&w.in[reply], bytes.p, bytes.n);
    recording_bytes(&r, reply, bytes, now++, on_piece, &w);
  }
  bool waits = r.reply;
  recording_bytes(&r, !waits, (struct span){0}, now, on_piece, &w); /* the other side speaks */
  for (int i = 0; i < 2; i++) {
    MUST_HOLD(span_eq(buf_span(&w.in[i]), buf_span(&w.out[i])));
    buf_free(&w.in[i]);
    buf_free(&w.out[i]);
  }
  return 0;
}
