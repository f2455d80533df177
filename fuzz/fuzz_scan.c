/* A scan on a line where anyone may send. The first byte: bit 0 ten addresses, else one; bit 1
 * three speeds, else TCP. Then a step at each question, until all are asked; where the input has
 * ended nobody answers. 0 silence 1 bytes    a count and that many raw bytes    2 answer   code,
 * data, bits: check, other address 3 command  code, data: another panel          4 late     an
 * answer after more than 200 ms 5 echo     the question itself Only ID and CAP are ever sent, no
 * peripheral is told of twice at one speed, and it ends. */
#include "fuzz/fuzz.h"
#include "osdp/scan.h"

#include <string.h>

enum { last = 9, questions_max = 20000 };

struct world {
  struct scan *scan;
  struct scan_options o;
  usec now;
  struct osdp_frame asked;
  uint8_t question[32];
  size_t n_question;
  bool over;
  uint32_t told[scan_speeds_max][last + 1];
};

static uint32_t place_of(const struct world *w, uint32_t baud) {
  uint32_t i = 0;
  while (i < w->o.n_speeds && w->o.speeds[i] != baud)
    i++;
  MUST_HOLD(i < w->o.n_speeds); /* one that was given */
  return i;
}

static void take_events(struct world *w) {
  struct scan_event e;
  while (scan_next_event(w->scan, &e)) {
    uint32_t place = place_of(w, e.baud);
    MUST_HOLD(!w->over);
    w->over = e.kind == SCAN_DONE || e.kind == SCAN_PANEL;
    if (w->over)
      continue;
    MUST_HOLD(e.address <= e.last && e.last <= w->o.last);
    MUST_HOLD(e.n_capabilities <= scan_capabilities_max);
    MUST_HOLD(!e.has_id || e.id_answer == OSDP_PDID);
    for (uint8_t a = e.address; a <= e.last; a++)
      MUST_HOLD(w->told[place][a]++ == 0);
  }
}

static void answer(struct world *w, struct cut *in, bool reply) {
  uint8_t out[osdp_frame_max], bits = cut_u8(in);
  struct osdp_frame f = {.address = w->asked.address, .reply = reply, .code = cut_u8(in)};
  f.crc = bits & 1 ? !w->asked.crc : w->asked.crc;
  f.sequence = bits & 2 ? bits >> 4 & 3 : 0;
  if (bits & 4)
    f.address = (bits >> 4) & 0x7F;
  f.data = cut_bytes(in, cut_u8(in));
  size_t n = osdp_frame_close(out, osdp_frame_open(out, &f), &f);
  scan_input(w->scan, span_of(out, bits & 8 ? n / 2 : n), w->now);
}

static void step(struct world *w, struct cut *in) {
  uint8_t what = in->n ? cut_u8(in) : 0;
  switch (what % 6) {
  case 0:
    break;
  case 1:
    scan_input(w->scan, cut_bytes(in, cut_u16(in) % 4000), w->now);
    break;
  case 2:
    answer(w, in, true);
    break;
  case 3:
    answer(w, in, false);
    break;
  case 4:
    w->now += cut_u16(in) * USEC_PER_MS;
    answer(w, in, true);
    break;
  default:
    scan_input(w->scan, span_of(w->question, w->n_question), w->now);
  }
  /* More may come to the same question. */
  if (what & 0x80 && in->n)
    step(w, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  uint8_t what = cut_u8(&in);
  struct world w = {.now = USEC_PER_S};
  w.o = (struct scan_options){.first = what & 1 ? 0 : last, .last = last, .n_speeds = 1};
  if (what & 2) {
    w.o.n_speeds = 3;
    memcpy(w.o.speeds, scan_speeds, 3 * sizeof scan_speeds[0]);
  }
  w.scan = scan_new(&w.o);
  MUST_HOLD(w.scan);
  for (uint32_t questions = 0; !w.over;) {
    size_t used;
    struct span out = scan_output(w.scan, w.now);
    take_events(&w);
    usec due = scan_due(w.scan);
    MUST_HOLD((due == TIME_ABSENT) == w.over);
    (void)place_of(&w, scan_speed(w.scan));
    struct scan_progress far = scan_progress(w.scan);
    MUST_HOLD(far.asked <= far.of && far.rest >= 0);
    if (out.n) {
      MUST_HOLD(++questions < questions_max && out.n <= sizeof w.question);
      memcpy(w.question, out.p, out.n);
      w.n_question = out.n;
      MUST_HOLD(osdp_frame_find(span_of(w.question, out.n), &w.asked, &used) == OSDP_FOUND_FRAME);
      MUST_HOLD(used == out.n && !w.asked.reply && w.asked.block == OSDP_BLOCK_NONE);
      MUST_HOLD(w.asked.sequence == 0 && (w.asked.code == OSDP_ID || w.asked.code == OSDP_CAP));
      MUST_HOLD(w.asked.address == osdp_broadcast || w.asked.address <= w.o.last);
    } else if (!w.over && due > w.now) {
      step(&w, &in); /* while it listens, too */
      take_events(&w);
      due = scan_due(w.scan);
      w.now = due > w.now ? due : w.now;
    }
  }
  scan_free(w.scan);
  return 0;
}
