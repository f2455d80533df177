/* Finding who is on a line, in virtual time: peripherals at speeds of their own hear only what is
 * sent at theirs, and may be odd each in its own way. */
#include "osdp/panel.h"
#include "osdp/peripheral.h"
#include "osdp/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { there_max = 8, events_max = 512, sent_max = 1 << 16 };

struct there {
  struct peripheral *is;
  uint32_t baud;
  usec answers_after;
  bool deaf_to_crc; /* says nothing to a frame with a CRC-16 */
};
struct line {
  struct scan *scan;
  struct there at[there_max];
  uint32_t n;
  bool echo, collide; /* collide: two answers at once are neither */
  uint8_t hum;        /* a byte that comes after each question; 0: none */
  usec now;
  struct scan_event events[events_max];
  uint32_t n_events, questions;
  uint8_t sent[256]; /* how often each command was */
  struct coming {
    usec at;
    size_t n;
    uint8_t bytes[osdp_frame_max + 1];
  } coming[there_max];
  uint32_t n_coming;
};

static void fill(void *ctx, void *out, size_t n) {
  (void)ctx;
  memset(out, 7, n);
}

static uint32_t put(struct line *l, uint8_t address, uint32_t baud, const uint8_t *key) {
  struct peripheral_options o = {.address = address,
                                 .baud = baud,
                                 .id = {{1, 2, 3}, 4, 5, 6000u + l->n, {7, 8, 9}},
                                 .crc = true,
                                 .secure = true,
                                 .has_key = key != NULL,
                                 .n_inputs = 3,
                                 .n_outputs = 2,
                                 .n_leds = 1,
                                 .buzzer = true,
                                 .keypad = true};
  const struct peripheral_ops ops = {.random = fill};
  if (key)
    memcpy(o.key, key, osdp_key_bytes);
  l->at[l->n] = (struct there){.is = peripheral_new(&o, &ops), .baud = baud, .answers_after = 3000};
  assert_non_null(l->at[l->n].is);
  return l->n++;
}

static void open_line(struct line *l, uint8_t first, uint8_t last, uint32_t baud) {
  struct scan_options o = {.first = first, .last = last, .n_speeds = 1, .speeds = {baud}};
  memset(l, 0, sizeof *l);
  l->now = 1000000;
  if (baud == 1) { /* all of them */
    o.n_speeds = scan_speeds_max;
    memcpy(o.speeds, scan_speeds, sizeof scan_speeds);
  }
  l->scan = scan_new(&o);
  assert_non_null(l->scan);
}

static void close_line(struct line *l) {
  scan_free(l->scan);
  for (uint32_t i = 0; i < l->n; i++)
    peripheral_free(l->at[i].is);
}

static void come(struct line *l, usec at, const void *bytes, size_t n) {
  assert_true(l->n_coming < there_max);
  struct coming *c = &l->coming[l->n_coming++];
  c->at = at;
  c->n = n;
  memcpy(c->bytes, bytes, n);
}

static void send(struct line *l, struct span out) {
  struct osdp_frame f;
  size_t used;
  uint8_t bytes[64];
  uint32_t baud = scan_speed(l->scan);
  assert_int_equal(osdp_frame_find(out, &f, &used), OSDP_FOUND_FRAME);
  assert_true(f.code == OSDP_ID || f.code == OSDP_CAP); /* nothing else, ever */
  assert_int_equal(f.sequence, 0);
  assert_int_equal(f.block, OSDP_BLOCK_NONE);
  l->questions++;
  l->sent[f.code]++;
  memcpy(bytes, out.p, out.n);
  l->now += baud ? (usec)out.n * 10 * USEC_PER_S / baud : 0;
  if (l->echo)
    come(l, l->now, bytes, out.n);
  if (l->hum)
    come(l, l->now + 1000, &l->hum, 1);
  uint32_t answers = 0;
  for (uint32_t i = 0; i < l->n; i++) {
    struct there *t = &l->at[i];
    if (t->baud != baud || (t->deaf_to_crc && f.crc))
      continue;
    peripheral_input(t->is, span_of(bytes, out.n), l->now);
    struct span r = peripheral_reply(t->is);
    if (r.n == 0)
      continue;
    answers++;
    if (answers == 2 && l->collide) {
      struct coming *c = &l->coming[l->n_coming - 1];
      for (size_t k = 6; k < c->n && k < r.n; k++)
        c->bytes[k] &= r.p[k] ^ 0x55;
    } else {
      come(l, l->now + t->answers_after, r.p, r.n);
    }
  }
}

/* What comes first. */
static bool arrive(struct line *l, usec until) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < l->n_coming; i++)
    if (l->coming[i].at < l->coming[best].at)
      best = i;
  if (l->n_coming == 0 || l->coming[best].at > until)
    return false;
  struct coming c = l->coming[best];
  l->coming[best] = l->coming[--l->n_coming];
  l->now = c.at > l->now ? c.at : l->now;
  scan_input(l->scan, span_of(c.bytes, c.n / 2), l->now); /* in pieces */
  scan_input(l->scan, span_of(c.bytes + c.n / 2, c.n - c.n / 2), l->now);
  return true;
}

static void run(struct line *l) {
  struct scan_event e;
  for (;;) {
    struct span out = scan_output(l->scan, l->now);
    while (scan_next_event(l->scan, &e)) {
      assert_true(l->n_events < events_max);
      l->events[l->n_events++] = e;
    }
    usec due = scan_due(l->scan);
    if (due == TIME_ABSENT)
      return;
    if (out.n)
      send(l, out);
    else if (!arrive(l, due) && due > l->now)
      l->now = due;
  }
}

static const struct scan_event *found(const struct line *l, uint8_t address) {
  const struct scan_event *e = NULL;
  for (uint32_t i = 0; i < l->n_events; i++)
    if (l->events[i].kind == SCAN_FOUND && l->events[i].address == address) {
      assert_null(e);
      e = &l->events[i];
    }
  return e;
}
static uint32_t count(const struct line *l, enum scan_event_kind kind) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->n_events; i++)
    n += l->events[i].kind == kind;
  return n;
}

static void who_is_there(void **state) {
  (void)state;
  static const uint8_t key[osdp_key_bytes] = {1, 2, 3};
  struct line l;
  open_line(&l, 0, osdp_address_max, 1);
  put(&l, 0, 9600, NULL);
  put(&l, 5, 115200, key);
  put(&l, osdp_address_max, 9600, NULL);
  struct scan_progress at_first = scan_progress(l.scan);
  usec begin = l.now;
  run(&l);
  assert_int_equal(count(&l, SCAN_FOUND), 3);
  assert_int_equal(count(&l, SCAN_NOISE), 0);
  assert_int_equal(l.events[l.n_events - 1].kind, SCAN_DONE);
  const struct scan_event *e = found(&l, 5);
  assert_non_null(e);
  assert_int_equal(e->baud, 115200);
  assert_true(e->crc && e->has_id && !e->twice && !e->late);
  assert_int_equal(e->id.serial, 6001);
  assert_int_equal(e->n_capabilities, 16);
  assert_int_equal(found(&l, 0)->baud, 9600);
  assert_int_equal(found(&l, osdp_address_max)->baud, 9600);
  assert_int_equal(l.sent[OSDP_CAP], 3);
  /* 762 addresses twice, but those found, and each speed once for all. */
  assert_int_equal(l.questions, 6 + 2 * 762 - 3 + 3);
  assert_int_equal(at_first.of, 2 * 762);
  assert_true(l.now - begin <= at_first.rest);
  assert_true(l.now - begin > at_first.rest * 9 / 10);
  assert_int_equal(scan_progress(l.scan).rest, 0);
  close_line(&l);
}

/* The speeds at which something was heard are looked at first: one reader on a bench is found soon.
 */
static void sooner_where_something_is(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, osdp_address_max, 1);
  put(&l, 3, 230400, NULL);
  usec begin = l.now;
  while (l.n_events == 0) {
    struct span out = scan_output(l.scan, l.now);
    if (scan_next_event(l.scan, &l.events[0]))
      l.n_events++;
    else if (out.n)
      send(&l, out);
    else if (!arrive(&l, scan_due(l.scan)))
      l.now = scan_due(l.scan);
  }
  assert_non_null(found(&l, 3));
  assert_true(l.now - begin < 4 * USEC_PER_S);
  close_line(&l);
}

static void who_knows_no_crc(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 9, 9600);
  l.at[put(&l, 4, 9600, NULL)].deaf_to_crc = true;
  run(&l);
  assert_int_equal(count(&l, SCAN_FOUND), 1);
  assert_false(found(&l, 4)->crc);
  assert_true(found(&l, 4)->has_id);
  close_line(&l);
}

/* It answers all and everything with NAK 1, checksums but none. */
static void nak_of_the_check(void **state) {
  (void)state;
  struct line l;
  struct span out;
  open_line(&l, 4, 4, 9600);
  uint32_t asked = 0;
  while ((out = scan_output(l.scan, l.now)).n == 0)
    l.now = scan_due(l.scan);
  struct osdp_frame f;
  size_t used;
  uint8_t reason = OSDP_NAK_CHECK, bytes[16];
  const struct osdp_frame nak = {
      .address = 4, .reply = true, .code = OSDP_NAK, .data = span_of(&reason, 1)};
  size_t n = osdp_frame_close(bytes, osdp_frame_open(bytes, &nak), &nak);
  while (scan_due(l.scan) != TIME_ABSENT) {
    struct scan_event e;
    if (out.n) {
      assert_int_equal(osdp_frame_find(out, &f, &used), OSDP_FOUND_FRAME);
      assert_int_equal(f.crc, asked == 0);
      asked++;
      scan_input(l.scan, span_of(bytes, n), l.now);
    } else {
      l.now = scan_due(l.scan) > l.now ? scan_due(l.scan) : l.now;
    }
    out = scan_output(l.scan, l.now);
    while (scan_next_event(l.scan, &e))
      l.events[l.n_events++] = e;
  }
  assert_int_equal(count(&l, SCAN_FOUND), 1);
  assert_int_equal(found(&l, 4)->id_answer, OSDP_NAK);
  assert_int_equal(found(&l, 4)->id_nak, OSDP_NAK_CHECK);
  assert_true(asked <= 10);
  close_line(&l);
}

static void two_at_one_address(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 9, 9600);
  put(&l, 6, 9600, NULL);
  l.at[put(&l, 6, 9600, NULL)].answers_after = 9000;
  run(&l);
  assert_int_equal(count(&l, SCAN_FOUND), 1);
  assert_true(found(&l, 6)->twice);
  close_line(&l);

  open_line(&l, 0, 9, 9600);
  put(&l, 6, 9600, NULL);
  put(&l, 6, 9600, NULL);
  l.collide = true;
  run(&l);
  assert_int_equal(count(&l, SCAN_FOUND), 0);
  assert_int_equal(count(&l, SCAN_NOISE), 1);
  assert_int_equal(l.events[0].address, 6);
  assert_int_equal(l.events[0].last, 6);
  close_line(&l);
}

/* Told of as one, although it is at every address. */
static void noise_everywhere(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 126, 9600);
  l.hum = 0x41;
  run(&l);
  assert_int_equal(l.n_events, 2);
  assert_int_equal(l.events[0].kind, SCAN_NOISE);
  assert_int_equal(l.events[0].address, 0);
  assert_int_equal(l.events[0].last, 126);
  close_line(&l);

  open_line(&l, 0, 126, 9600);
  put(&l, 7, 9600, NULL);
  l.hum = 0xFF; /* the line turns: that is silence */
  run(&l);
  assert_int_equal(l.n_events, 2);
  assert_non_null(found(&l, 7));
  close_line(&l);
}

static void an_adapter_that_hears_itself(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 9, 9600);
  put(&l, 7, 9600, NULL);
  l.echo = true;
  run(&l);
  assert_int_equal(l.n_events, 2);
  assert_non_null(found(&l, 7));
  close_line(&l);
}

static void one_that_answers_late(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 9, 0);
  l.at[put(&l, 2, 0, NULL)].answers_after = 300 * USEC_PER_MS;
  run(&l);
  assert_int_equal(l.n_events, 2);
  assert_true(found(&l, 2)->late && found(&l, 2)->has_id);
  close_line(&l);
}

static void one_that_is_busy(void **state) {
  (void)state;
  struct line l;
  open_line(&l, 0, 3, 9600);
  peripheral_busy(l.at[put(&l, 2, 9600, NULL)].is, 4);
  run(&l);
  assert_int_equal(l.n_events, 2);
  assert_true(found(&l, 2)->has_id);
  assert_int_equal(found(&l, 2)->n_capabilities, 16);
  close_line(&l);
}

/* Nothing is sent on a line on which someone else asks; a session there goes on. */
static void another_panel(void **state) {
  (void)state;
  struct line l;
  struct scan_event e;
  const struct osdp_frame poll = {.address = 9, .sequence = 2, .crc = true, .code = OSDP_POLL};
  uint8_t bytes[16];
  size_t n = osdp_frame_close(bytes, osdp_frame_open(bytes, &poll), &poll);
  open_line(&l, 0, 126, 1);
  assert_int_equal(scan_output(l.scan, l.now).n, 0);
  scan_input(l.scan, span_of(bytes, n), l.now + 40 * USEC_PER_MS);
  assert_true(scan_next_event(l.scan, &e));
  assert_int_equal(e.kind, SCAN_PANEL);
  assert_int_equal(e.baud, 9600);
  assert_true(scan_due(l.scan) == TIME_ABSENT);
  assert_int_equal(scan_output(l.scan, l.now + USEC_PER_S).n, 0);
  close_line(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_is_there),          cmocka_unit_test(sooner_where_something_is),
      cmocka_unit_test(who_knows_no_crc),      cmocka_unit_test(nak_of_the_check),
      cmocka_unit_test(two_at_one_address),    cmocka_unit_test(noise_everywhere),
      cmocka_unit_test(one_that_is_busy),      cmocka_unit_test(an_adapter_that_hears_itself),
      cmocka_unit_test(one_that_answers_late), cmocka_unit_test(another_panel),
  };
  return cmocka_run_group_tests_name("osdp scan", tests, NULL, NULL);
}
