/* The panel against our own peripheral, in virtual time: what must happen on a good line, and what
 * must not on a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "osdp_bus.h"

static const uint8_t key[osdp_key_bytes] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                            0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const uint8_t other[osdp_key_bytes] = {1, 2, 3};
static struct bus bus;
#define SECONDS(n) ((n)*USEC_PER_S)
#define MS(n)      ((n)*USEC_PER_MS)

static struct bus *one(enum panel_security security, const uint8_t *theirs, const uint8_t *ours) {
  bus_open(&bus, 9600);
  bus_add(&bus, 5, theirs);
  bus_know(&bus, 5, security, ours);
  return &bus;
}

static bool is_online(struct bus *b, uint8_t address) {
  struct panel_status s;
  return panel_status(b->panel, address, &s) && s.online;
}

static void comes_online(struct bus *b, uint8_t address) {
  assert_non_null(bus_wait(b, 0, PANEL_ONLINE, address, SECONDS(3)));
  assert_true(is_online(b, address));
}

static void in_clear(void **state) {
  (void)state;
  struct bus *b = one(PANEL_CLEAR, NULL, NULL);
  comes_online(b, 5);
  struct panel_status s;
  panel_status(b->panel, 5, &s);
  assert_false(s.secure);
  assert_int_equal(s.id.serial, 6005);
  assert_int_equal(s.n_capabilities, 16);
  bus_close(b);
}

static void with_its_key(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  struct panel_status s;
  panel_status(b->panel, 5, &s);
  assert_true(s.secure && peripheral_is_secure(b->at[0]));
  bus_run(b, SECONDS(60));
  assert_int_equal(b->n_events, 2); /* online; and nothing more is told than that it has no news */
  assert_int_equal(b->events[1].e.kind, PANEL_QUIET);
  panel_status(b->panel, 5, &s);
  assert_int_equal(s.sessions, 1);
  assert_int_equal(s.retries + s.damaged + s.mac_wrong + s.naks, 0);
  assert_in_range(s.polls, 900, 1200); /* about every 50 ms */
  bus_close(b);
}

static void cards_and_keys_and_inputs_are_told(void **state) {
  (void)state;
  static const uint8_t bits[] = {0x9a, 0x12, 0x34, 0x40};
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  uint32_t from = b->n_events;
  assert_true(peripheral_card(b->at[0], 1, 26, span_of(bits, 4)));
  assert_true(peripheral_keys(b->at[0], SPAN_LIT("1234\r")));
  assert_true(peripheral_input_set(b->at[0], 1, true));
  assert_true(peripheral_tamper(b->at[0], true));
  bus_run(b, SECONDS(1));
  static const struct {
    uint8_t code, n, data[8];
  } want[] = {{OSDP_RAW, 8, {0, 1, 26, 0, 0x9a, 0x12, 0x34, 0x40}},
              {OSDP_KEYPAD, 7, {0, 5, '1', '2', '3', '4', '\r'}},
              {OSDP_ISTATR, 3, {0, 1, 0}},
              {OSDP_LSTATR, 2, {1, 0}}};
  assert_int_equal(b->n_events, from + 5);
  assert_int_equal(b->events[from + 4].e.kind, PANEL_QUIET);
  for (uint32_t i = 0; i < 4; i++) {
    const struct bus_event *e = &b->events[from + i];
    assert_int_equal(e->e.kind, PANEL_REPLY);
    assert_int_equal(e->e.code, want[i].code);
    assert_int_equal(e->e.data.n, want[i].n);
    assert_memory_equal(e->data, want[i].data, want[i].n);
    assert_int_equal(e->e.tag, 0);
  }
  bus_close(b);
}

static void a_command_is_done_once(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_out(b, 5, 0, OSDP_OUT_ON_TIMED, 20, 77);
  const struct bus_event *e = bus_wait(b, 0, PANEL_DONE, 5, SECONDS(1));
  assert_non_null(e);
  assert_int_equal(e->e.tag, 77);
  assert_true(b->outputs[0][0]);
  usec at = b->now;
  while (b->outputs[0][0])
    bus_run(b, MS(10));
  assert_in_range(b->now - at, MS(1900), MS(2100)); /* by the reader's own timer */
  assert_int_equal(b->switched_on[0], 1);
  /* One that it refuses. */
  bus_out(b, 5, 7, OSDP_OUT_ON, 0, 78);
  e = bus_wait(b, 0, PANEL_FAILED, 5, SECONDS(1));
  assert_non_null(e);
  assert_int_equal(e->e.nak, OSDP_NAK_COMMAND);
  assert_true(is_online(b, 5));
  bus_close(b);
}

/* --- What must not be --- */

struct loss {
  uint32_t every, n;
  bool flip; /* a bit, instead of all bytes */
  int only;  /* 0: commands and replies; 1: replies; -1: commands */
};
static void lose(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct loss *l = ctx;
  if ((l->only > 0 && !reply) || (l->only < 0 && reply) || ++l->n % l->every)
    return;
  if (l->flip)
    bytes[l->n % *n] ^= (uint8_t)(1u << l->n % 8);
  else
    *n = 0;
}

/* However much is lost or spoiled: what is asked for is done once, cards are told once. */
static void on_a_bad_line(void **state) {
  (void)state;
  static const struct loss kinds[] = {{7, 0, false, 0}, {5, 0, false, 1},  {5, 0, false, -1},
                                      {7, 0, true, 0},  {3, 0, true, 1},   {3, 0, true, -1},
                                      {2, 1, true, 1},  {11, 0, false, 1}, {13, 0, true, 0}};
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    struct loss l = kinds[k];
    struct bus *b = one(PANEL_KEY, key, key);
    comes_online(b, 5);
    b->spoil = lose;
    b->spoil_ctx = &l;
    for (uint64_t i = 1; i <= 20; i++) {
      uint8_t card[] = {(uint8_t)i, 0, 0, 0x40};
      uint32_t from = b->n_events;
      assert_true(peripheral_card(b->at[0], 1, 26, span_of(card, 4)));
      const struct bus_event *e = bus_wait(b, from, PANEL_REPLY, 5, SECONDS(7));
      assert_non_null(e);
      assert_int_equal(e->data[4], i);
      bus_out(b, 5, 0, OSDP_OUT_ON_TIMED, 1, i);
      e = bus_wait(b, from, PANEL_DONE, 5, SECONDS(7));
      assert_non_null(e);
      assert_int_equal(e->e.tag, i);
      bus_run(b, SECONDS(1));
      assert_false(b->outputs[0][0]);
    }
    assert_int_equal(b->switched_on[0], 20);
    assert_int_equal(bus_count(b, PANEL_REPLY, 5), 20);
    assert_int_equal(bus_count(b, PANEL_ONLINE, 5), 1);
    assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 0);
    bus_close(b);
  }
}

static void never_with_another_key(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, other, key);
  const struct bus_event *e = bus_wait(b, 0, PANEL_INSECURE, 5, SECONDS(3));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_WRONG_KEY);
  bus_run(b, SECONDS(60));
  assert_int_equal(bus_count(b, PANEL_ONLINE, 5), 0);
  assert_int_equal(bus_count(b, PANEL_INSECURE, 5), 1); /* told once */
  assert_int_equal(
      panel_command(b->panel, 5, OSDP_OUT, SPAN_LIT("\0\2\0\0"), 1, TIME_ABSENT, true, b->now),
      SP_UNAVAILABLE);
  bus_close(b);
}

/* Another one in the place of one that was online: that is told, and not that it was silent. When
 * it is silent then, that is; and so it is when the line is cut. */
static void another_in_its_place(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  b->off[0] = true;
  uint32_t place = bus_add(b, 5, other);
  assert_non_null(bus_wait(b, 0, PANEL_INSECURE, 5, SECONDS(5)));
  assert_false(is_online(b, 5));
  bus_run(b, SECONDS(20));
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 0);
  uint32_t from = b->n_events;
  usec since = b->now;
  b->off[place] = true;
  const struct bus_event *e = bus_wait(b, from, PANEL_OFFLINE, 5, SECONDS(20));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_SILENT);
  assert_in_range(e->at - since, SECONDS(3), SECONDS(13)); /* asked every 4 s alone */
  bus_run(b, SECONDS(20));
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 1); /* told once */
  b->off[place] = false;
  from = b->n_events;
  assert_non_null(bus_wait(b, from, PANEL_INSECURE, 5, SECONDS(6)));
  from = b->n_events;
  panel_line(b->panel, false, b->now);
  e = bus_wait(b, from, PANEL_OFFLINE, 5, SECONDS(1));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_DROPPED);
  bus_close(b);
}

/* Which of two keys a reader has may be known to nobody: it is insecure once neither fits. */
static void one_of_two_keys(void **state) {
  (void)state;
  static const uint8_t third[osdp_key_bytes] = {3};
  const uint8_t *const has[] = {key, other, third};
  for (int i = 0; i < 3; i++) {
    struct panel_peripheral x = {.address = 5, .security = PANEL_KEY, .has_next = true};
    struct bus *b = one(PANEL_KEY, has[i], key);
    memcpy(x.key, key, osdp_key_bytes);
    memcpy(x.next_key, other, osdp_key_bytes);
    assert_int_equal(panel_put(b->panel, &x, b->now), SP_OK);
    bus_run(b, SECONDS(20));
    assert_int_equal(is_online(b, 5), i < 2);
    assert_int_equal(bus_count(b, PANEL_INSECURE, 5), i == 2);
    assert_int_equal(bus_count(b, PANEL_KEY_SET, 5), i == 1);
    bus_close(b);
  }
}

/* A first key that was set, and whose end the panel has not heard. */
static void a_first_key_that_it_has_already(void **state) {
  (void)state;
  struct bus *b = one(PANEL_INSTALL, key, key);
  comes_online(b, 5);
  assert_int_equal(bus_count(b, PANEL_INSECURE, 5), 0);
  bus_close(b);
}

/* Each answer in the session is changed on its way: its MAC does not hold. */
static void change_mac(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct osdp_frame f;
  size_t used;
  (void)ctx;
  if (!reply || osdp_frame_find(span_of(bytes, *n), &f, &used) != OSDP_FOUND_FRAME ||
      !osdp_block_has_mac(f.block))
    return;
  uint8_t mac[osdp_mac_bytes];
  memcpy(mac, f.mac.p, sizeof mac);
  mac[0] ^= 1;
  f.mac = span_of(mac, sizeof mac);
  *n = osdp_frame_close(bytes, osdp_frame_open(bytes, &f), &f);
}
static void macs_that_do_not_hold(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  b->spoil = change_mac;
  const struct bus_event *e = bus_wait(b, 0, PANEL_INSECURE, 5, SECONDS(8));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_MAC);
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 0);
  b->spoil = NULL;
  bus_run(b, SECONDS(10));
  assert_true(is_online(b, 5));
  bus_close(b);
}

/* A reader without a key of its own where one is asked for: everyone could be it. */
static void never_with_the_default_key(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, NULL, key);
  assert_non_null(bus_wait(b, 0, PANEL_INSECURE, 5, SECONDS(3)));
  bus_run(b, SECONDS(60));
  assert_int_equal(bus_count(b, PANEL_ONLINE, 5), 0);
  assert_false(peripheral_is_secure(b->at[0]));
  bus_close(b);
}

static void the_first_key_is_set(void **state) {
  (void)state;
  struct bus *b = one(PANEL_INSTALL, NULL, key);
  const struct bus_event *e = bus_wait(b, 0, PANEL_KEY_SET, 5, SECONDS(5));
  assert_non_null(e);
  comes_online(b, 5);
  assert_memory_equal(b->key[0], key, osdp_key_bytes);
  /* And SCBK-D opens nothing any more. */
  bus_know(b, 5, PANEL_INSTALL, other);
  bus_run(b, SECONDS(30));
  assert_false(is_online(b, 5));
  assert_memory_equal(b->key[0], key, osdp_key_bytes);
  bus_close(b);
}

static void a_key_is_changed(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  uint32_t from = b->n_events;
  assert_int_equal(panel_set_key(b->panel, 5, other, 9, b->now), SP_OK);
  const struct bus_event *e = bus_wait(b, from, PANEL_KEY_SET, 5, SECONDS(5));
  assert_non_null(e);
  assert_int_equal(e->e.tag, 9);
  bus_run(b, SECONDS(5));
  assert_true(is_online(b, 5));
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 0);
  assert_memory_equal(b->key[0], other, osdp_key_bytes);
  bus_close(b);
}

/* The answer to KEYSET is lost for good, and it is not known whether the key was kept: both do. */
static void cut(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  (void)bytes;
  if (*(bool *)ctx && reply)
    *n = 0;
}
static void a_key_that_was_perhaps_kept(void **state) {
  (void)state;
  bool is_cut = false;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_run(b, MS(200));
  b->spoil = cut;
  b->spoil_ctx = &is_cut;
  is_cut = true;
  assert_int_equal(panel_set_key(b->panel, 5, other, 9, b->now), SP_OK);
  const struct bus_event *e = bus_wait(b, 0, PANEL_LOST, 5, SECONDS(10));
  assert_non_null(e);
  assert_true(e->e.sent);
  is_cut = false;
  uint32_t from = b->n_events;
  assert_non_null(bus_wait(b, from, PANEL_KEY_SET, 5, SECONDS(10)));
  bus_run(b, SECONDS(1));
  assert_true(is_online(b, 5));
  bus_close(b);
}

static void offline_after_eight_seconds_and_back(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  usec since = b->now;
  b->off[0] = true;
  bus_out(b, 5, 0, OSDP_OUT_ON_TIMED, 20, 77);
  const struct bus_event *e = bus_wait(b, 0, PANEL_OFFLINE, 5, SECONDS(20));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_SILENT);
  assert_in_range(e->at - since, SECONDS(7), SECONDS(10));
  assert_non_null(bus_wait(b, 0, PANEL_LOST, 5, 0)); /* the command is not kept for later */
  bus_run(b, SECONDS(20));
  b->off[0] = false;
  uint32_t from = b->n_events;
  since = b->now;
  e = bus_wait(b, from, PANEL_ONLINE, 5, SECONDS(20));
  assert_non_null(e);
  assert_in_range(e->at - since, 0, SECONDS(6));
  bus_run(b, SECONDS(2));
  assert_int_equal(b->switched_on[0], 0);
  bus_close(b);
}

/* An unlock that could not be sent in time is never sent. */
static void too_late_is_never(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  b->off[0] = true;
  bus_run(b, MS(300));
  assert_int_equal(panel_command(b->panel, 5, OSDP_OUT, SPAN_LIT("\0\5\x14\0"), 3, b->now + MS(500),
                                 true, b->now),
                   SP_OK);
  bus_run(b, SECONDS(1));
  b->off[0] = false;
  bus_run(b, SECONDS(5));
  assert_int_equal(bus_count(b, PANEL_LOST, 5), 1);
  assert_int_equal(b->switched_on[0], 0);
  assert_true(is_online(b, 5));
  bus_close(b);
}

static void a_reader_that_starts_anew(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  uint32_t from = b->n_events;
  peripheral_restart(b->at[0], b->now);
  assert_non_null(bus_wait(b, from, PANEL_ONLINE, 5, SECONDS(2))); /* said again, not lost */
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 0);
  bus_close(b);
}

/* What it kept while nobody asked is told as that. */
static void what_waited_is_late(void **state) {
  (void)state;
  static const uint8_t bits[] = {0x9a, 0x12, 0x34, 0x40};
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_run(b, SECONDS(1));
  b->off[0] = true;
  bus_run(b, SECONDS(10));
  assert_true(peripheral_card(b->at[0], 1, 26, span_of(bits, 4)));
  assert_true(peripheral_card(b->at[0], 1, 26, span_of(bits, 4)));
  b->off[0] = false;
  uint32_t from = b->n_events;
  assert_non_null(bus_wait(b, from, PANEL_ONLINE, 5, SECONDS(8)));
  bus_run(b, SECONDS(1));
  assert_true(peripheral_card(b->at[0], 1, 26, span_of(bits, 4)));
  bus_run(b, SECONDS(1));
  uint32_t late = 0, now = 0;
  for (uint32_t i = from; i < b->n_events; i++) {
    late += b->events[i].e.kind == PANEL_REPLY && b->events[i].e.late;
    now += b->events[i].e.kind == PANEL_REPLY && !b->events[i].e.late;
  }
  assert_int_equal(late, 2);
  assert_int_equal(now, 1);
  bus_close(b);
}

static void busy_is_asked_again(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  peripheral_busy(b->at[0], 3);
  bus_out(b, 5, 0, OSDP_OUT_ON_TIMED, 1, 4);
  assert_non_null(bus_wait(b, 0, PANEL_DONE, 5, SECONDS(1)));
  bus_run(b, SECONDS(2));
  struct panel_status s;
  panel_status(b->panel, 5, &s);
  assert_int_equal(s.busy, 3);
  assert_int_equal(s.sessions, 1);
  assert_int_equal(b->switched_on[0], 1);
  bus_close(b);
}

/* Of 32 readers three are gone: the others are polled nearly as often as before. */
static void the_dead_do_not_slow_the_living(void **state) {
  (void)state;
  bus_open(&bus, 115200);
  struct bus *b = &bus;
  for (uint8_t i = 0; i < 32; i++) {
    bus_add(b, i, key);
    bus_know(b, i, PANEL_KEY, key);
  }
  bus_run(b, SECONDS(5));
  for (uint8_t i = 0; i < 32; i++)
    assert_true(is_online(b, i));
  struct panel_status before, after;
  panel_status(b->panel, 9, &before);
  bus_run(b, SECONDS(20));
  panel_status(b->panel, 9, &after);
  uint64_t usual = after.polls - before.polls;
  b->off[1] = b->off[2] = b->off[3] = true;
  bus_run(b, SECONDS(20));
  panel_status(b->panel, 9, &before);
  bus_run(b, SECONDS(20));
  panel_status(b->panel, 9, &after);
  assert_in_range(after.polls - before.polls, usual * 6 / 10, usual);
  b->off[1] = b->off[2] = b->off[3] = false;
  bus_run(b, SECONDS(8));
  for (uint8_t i = 0; i < 32; i++)
    assert_true(is_online(b, i));
  bus_close(b);
}

static void a_cut_line(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_out(b, 5, 0, OSDP_OUT_ON_TIMED, 1, 4);
  panel_line(b->panel, false, b->now);
  bus_run(b, SECONDS(1));
  assert_int_equal(bus_count(b, PANEL_LOST, 5), 1);
  assert_int_equal(bus_count(b, PANEL_OFFLINE, 5), 1);
  assert_int_equal(b->switched_on[0], 0);
  uint32_t from = b->n_events;
  panel_line(b->panel, true, b->now);
  assert_non_null(bus_wait(b, from, PANEL_ONLINE, 5, SECONDS(2)));
  bus_close(b);
}

static void another_address(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  uint32_t from = b->n_events;
  assert_int_equal(panel_set_address(b->panel, 5, 6, 9600, 8, b->now), SP_OK);
  assert_non_null(bus_wait(b, from, PANEL_ONLINE, 6, SECONDS(3)));
  assert_true(is_online(b, 6) && !is_online(b, 5));
  bus_close(b);
}

/* --- What is refused, and what there is no room for --- */

static void what_cannot_be_asked_for(void **state) {
  static const uint8_t long_data[osdp_data_max + 1];
  static const struct {
    uint8_t address, code;
    size_t n;
    enum sp_err err;
  } rows[] = {
      {5, OSDP_KEYSET, 0, SP_INVALID},
      {5, OSDP_COMSET, 0, SP_INVALID},
      {5, OSDP_CHLNG, 0, SP_INVALID},
      {5, OSDP_SCRYPT, 0, SP_INVALID},
      {6, OSDP_LSTAT, 0, SP_UNAVAILABLE},
      {7, OSDP_LSTAT, 0, SP_NOT_FOUND},
      {127, OSDP_LSTAT, 0, SP_NOT_FOUND},
      {255, OSDP_LSTAT, 0, SP_NOT_FOUND},
      {5, OSDP_MFG, osdp_data_max + 1, SP_LIMIT},
  };
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  bus_know(b, 6, PANEL_KEY, key); /* nobody is there */
  comes_online(b, 5);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_int_equal(panel_command(b->panel, rows[i].address, rows[i].code,
                                   span_of(long_data, rows[i].n), 1, TIME_ABSENT, false, b->now),
                     rows[i].err);
  assert_int_equal(panel_set_address(b->panel, 5, 6, 9600, 1, b->now), SP_INVALID); /* taken */
  assert_int_equal(panel_set_address(b->panel, 5, osdp_broadcast, 9600, 1, b->now), SP_INVALID);
  struct panel_peripheral far = {.address = osdp_broadcast};
  assert_int_equal(panel_put(b->panel, &far, b->now), SP_INVALID);
  panel_remove(b->panel, 7, b->now);
  panel_remove(b->panel, 255, b->now);
  struct panel_status s;
  assert_false(panel_status(b->panel, 7, &s) || panel_status(b->panel, 255, &s));
  /* The longest that there may be is done. */
  assert_int_equal(panel_command(b->panel, 5, OSDP_MFG, span_of(long_data, osdp_data_max), 2,
                                 TIME_ABSENT, false, b->now),
                   SP_OK);
  const struct bus_event *e = bus_wait(b, 0, PANEL_FAILED, 5, SECONDS(4));
  assert_non_null(e);
  assert_int_equal(e->e.nak, OSDP_NAK_COMMAND); /* it has nothing of a manufacturer's own */
  assert_true(is_online(b, 5));
  bus_close(b);
}

/* What waits has an end, and goes in the order in which it came, what is urgent first. */
static void the_queue_has_an_end(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_run(b, SECONDS(1));
  uint32_t from = b->n_events;
  for (uint64_t tag = 1; tag <= panel_queue_max; tag++)
    assert_int_equal(panel_command(b->panel, 5, OSDP_LSTAT, SPAN_LIT(""), tag, TIME_ABSENT,
                                   tag > panel_queue_max - 2, b->now),
                     SP_OK);
  assert_int_equal(
      panel_command(b->panel, 5, OSDP_LSTAT, SPAN_LIT(""), 99, TIME_ABSENT, true, b->now), SP_BUSY);
  struct panel_status s;
  assert_true(panel_status(b->panel, 5, &s));
  assert_int_equal(s.queued, panel_queue_max);
  bus_run(b, SECONDS(2));
  uint64_t next = panel_queue_max - 1, n = 0;
  for (uint32_t i = from; i < b->n_events; i++)
    if (b->events[i].e.kind == PANEL_DONE) {
      assert_int_equal(b->events[i].e.tag, next);
      next = next == panel_queue_max ? 1 : next + 1;
      n++;
    }
  assert_int_equal(n, panel_queue_max);
  /* One that is freed with commands in it leaks nothing, which a sanitizer sees. */
  assert_int_equal(
      panel_command(b->panel, 5, OSDP_TEXT, SPAN_LIT("1234"), 5, TIME_ABSENT, false, b->now),
      SP_OK);
  bus_close(b);
}

static void without_memory(void **state) {
  (void)state;
  const struct panel_options options = {.baud = 9600};
  const struct panel_ops ops = {&bus, bus_random};
  sp_alloc_fail_after(0, false);
  assert_null(panel_new(&options, &ops));
  sp_alloc_fail_after(UINT64_MAX, false);
  panel_free(NULL);
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  struct panel_peripheral x = {.address = 6};
  sp_alloc_fail_after(0, false);
  assert_int_equal(panel_put(b->panel, &x, b->now), SP_NO_MEMORY);
  sp_alloc_fail_after(0, false);
  assert_int_equal(
      panel_command(b->panel, 5, OSDP_OUT, SPAN_LIT("\0\2\0\0"), 1, TIME_ABSENT, true, b->now),
      SP_NO_MEMORY);
  sp_alloc_fail_after(UINT64_MAX, false);
  struct panel_status s;
  assert_false(panel_status(b->panel, 6, &s));
  bus_run(b, SECONDS(1));
  assert_true(is_online(b, 5));
  assert_int_equal(b->switched_on[0], 0);
  bus_close(b);
}

/* A reader that cannot keep its first key is told as insecure, and nothing is done with it. */
static void a_first_key_that_is_not_kept(void **state) {
  (void)state;
  struct bus *b = one(PANEL_INSTALL, NULL, key);
  b->keeps_no_key[0] = true;
  const struct bus_event *e = bus_wait(b, 0, PANEL_INSECURE, 5, SECONDS(5));
  assert_non_null(e);
  assert_int_equal(e->e.why, PANEL_WHY_NO_SECURE);
  bus_run(b, SECONDS(20));
  assert_int_equal(bus_count(b, PANEL_ONLINE, 5), 0);
  b->keeps_no_key[0] = false;
  assert_non_null(bus_wait(b, 0, PANEL_ONLINE, 5, SECONDS(15)));
  assert_memory_equal(b->key[0], key, osdp_key_bytes);
  bus_close(b);
}

/* Answers that nobody takes: no more are asked for, and none is lost. */
static void answers_wait_to_be_taken(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_run(b, SECONDS(1));
  for (uint8_t i = 1; i <= 10; i++)
    assert_true(peripheral_card(b->at[0], 1, 8, span_of(&i, 1)));
  b->takes_nothing = true;
  bus_run(b, SECONDS(3));
  assert_int_equal(panel_due(b->panel), TIME_ABSENT);
  assert_int_equal(panel_output(b->panel, b->now).n, 0);
  uint32_t from = b->n_events;
  b->takes_nothing = false;
  bus_run(b, MS(1)); /* takes what is there */
  bus_run(b, SECONDS(2));
  assert_int_equal(b->n_events, from + 11);
  assert_int_equal(b->events[from + 10].e.kind, PANEL_QUIET); /* and then nothing was left */
  for (uint8_t i = 0; i < 10; i++)
    assert_int_equal(b->events[from + i].data[4], i + 1);
  bus_close(b);
}

/* --- Someone on the line --- */

/* Everything that was ever said is said again, at random, both ways; and bits are flipped. */
struct attacker {
  uint64_t random;
  uint8_t heard[256][300];
  size_t n[256];
  bool reply[256];
  uint32_t kept, every;
};
static void attack(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct attacker *a = ctx;
  a->random = a->random * 6364136223846793005u + 1442695040888963407u;
  uint32_t r = (uint32_t)(a->random >> 33);
  if (*n <= sizeof a->heard[0]) {
    uint32_t at = a->kept++ % 256;
    memcpy(a->heard[at], bytes, *n);
    a->n[at] = *n;
    a->reply[at] = reply;
  }
  uint32_t pick = r / 16 % (a->kept < 256 ? a->kept : 256);
  if (r % a->every == 0 && a->reply[pick] == reply) {
    memcpy(bytes, a->heard[pick], a->n[pick]);
    *n = a->n[pick];
  } else if (r % a->every == 1) {
    bytes[r / 64 % *n] ^= (uint8_t)(1u << r % 8);
  }
}

/* An output goes on only as often as it was asked for, and while asked for is heard only what was
 * presented. */
static void replayed_and_flipped_frames_do_nothing(void **state) {
  (void)state;
  static struct attacker a;
  for (uint32_t every = 2; every <= 6; every++) {
    struct bus *b = one(PANEL_KEY, key, key);
    memset(&a, 0, sizeof a);
    a.every = every;
    a.random = every;
    comes_online(b, 5);
    b->spoil = attack;
    b->spoil_ctx = &a;
    uint32_t asked = 0, cards = 0;
    for (uint64_t i = 1; i <= 300; i++) {
      uint8_t card[] = {(uint8_t)i, (uint8_t)(i >> 8), 0, 0x40};
      cards += peripheral_card(b->at[0], 1, 26, span_of(card, 4));
      if (is_online(b, 5) && panel_command(b->panel, 5, OSDP_OUT, SPAN_LIT("\0\5\1\0"), i,
                                           b->now + MS(300), true, b->now) == SP_OK)
        asked++;
      bus_run(b, MS(400));
    }
    assert_true(b->switched_on[0] <= asked);
    assert_true(bus_count(b, PANEL_DONE, 5) <= b->switched_on[0]);
    uint32_t last = 0, told = 0;
    for (uint32_t i = 0; i < b->n_events; i++)
      if (b->events[i].e.kind == PANEL_REPLY && b->events[i].e.code == OSDP_RAW) {
        uint32_t n = b->events[i].data[4] | (uint32_t)b->events[i].data[5] << 8;
        assert_true(n > last); /* in order, none twice */
        last = n;
        told++;
      }
    assert_true(told <= cards);
    b->spoil = NULL;
    bus_run(b, SECONDS(15));
    assert_true(is_online(b, 5)); /* and it comes back by itself */
    bus_close(b);
  }
}

/* Any bytes at any time: nothing breaks, and it comes back. */
struct noise {
  uint64_t random;
};
static void noisy(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct noise *x = ctx;
  x->random = x->random * 6364136223846793005u + 1442695040888963407u;
  uint32_t r = (uint32_t)(x->random >> 33);
  (void)reply;
  if (r % 3 == 0) {
    size_t more = r / 8 % 20;
    memmove(bytes + more, bytes, *n);
    for (size_t i = 0; i < more; i++)
      bytes[i] = (uint8_t)(r >> i % 20);
    if (r & 0x1000 && more)
      bytes[more / 2] = osdp_som;
    *n += more;
  }
}
static void noise_before_frames(void **state) {
  (void)state;
  struct noise x = {7};
  struct bus *b = one(PANEL_KEY, key, key);
  b->spoil = noisy;
  b->spoil_ctx = &x;
  assert_non_null(bus_wait(b, 0, PANEL_ONLINE, 5, SECONDS(20)));
  bus_run(b, SECONDS(60));
  b->spoil = NULL;
  bus_run(b, SECONDS(10));
  assert_true(is_online(b, 5));
  bus_close(b);
}

/* Plain answers in a secure session, whoever sends them, tell nothing. */
static void forge(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  (void)ctx;
  struct osdp_frame f;
  size_t used;
  if (!reply || osdp_frame_find(span_of(bytes, *n), &f, &used) != OSDP_FOUND_FRAME ||
      f.code != OSDP_ACK)
    return;
  static const uint8_t card[] = {0, 1, 26, 0, 0x9a, 0x12, 0x34, 0x40};
  const struct osdp_frame forged = {.address = f.address,
                                    .sequence = f.sequence,
                                    .reply = true,
                                    .crc = true,
                                    .code = OSDP_RAW,
                                    .data = {card, sizeof card}};
  *n = osdp_frame_close(bytes, osdp_frame_open(bytes, &forged), &forged);
}
static void forged_cards_are_not_told(void **state) {
  (void)state;
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  b->spoil = forge;
  bus_run(b, SECONDS(30));
  assert_int_equal(bus_count(b, PANEL_REPLY, 5), 0);
  assert_in_range(bus_count(b, PANEL_OFFLINE, 5), 2, 4); /* each time after 8 s, and told */
  b->spoil = NULL;
  bus_run(b, SECONDS(10));
  assert_true(is_online(b, 5));
  bus_close(b);
}

static void hear_in_clear(struct bus *b, uint8_t code, struct span data) {
  uint8_t bytes[64];
  const struct osdp_frame f = {
      .address = 5, .reply = true, .crc = true, .code = code, .data = data};
  size_t n = osdp_frame_close(bytes, osdp_frame_open(bytes, &f), &f);
  panel_input(b->panel, span_of(bytes, n), b->now);
}

/* What anyone can say does not put off that a reader is gone. */
static void answers_in_clear_are_no_sign_of_life(void **state) {
  (void)state;
  static const uint8_t sequence[] = {OSDP_NAK_SEQUENCE},
                       id[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
  struct bus *b = one(PANEL_KEY, key, key);
  comes_online(b, 5);
  bus_run(b, SECONDS(1));
  usec since = b->now;
  uint32_t from = b->n_events;
  b->off[0] = true;
  bus_run(b, MS(100));
  hear_in_clear(b, OSDP_NAK, span_of(sequence, 1)); /* it begins anew, and asks who is there */
  for (int i = 0; i < 6000 && bus_count(b, PANEL_OFFLINE, 5) == 0; i++) {
    bus_run(b, MS(5));
    if (b->now - since > SECONDS(6))
      hear_in_clear(b, OSDP_PDID, span_of(id, sizeof id));
  }
  const struct bus_event *e = bus_wait(b, from, PANEL_OFFLINE, 5, SECONDS(20));
  assert_non_null(e);
  assert_in_range(e->at - since, SECONDS(0), SECONDS(11));
  bus_close(b);
}

/* Each try waits in vain, so a round of tries takes seconds: nobody waits for another round to be
 * told gone. Those at the near end of the cut stay. */
static void a_cut_line_is_told_in_time(void **state) {
  (void)state;
  static struct bus b;
  enum { readers = 32, near = 2 };
  bus_open(&b, 0);
  for (uint32_t i = 0; i < readers; i++) {
    bus_add(&b, (uint8_t)i, key);
    bus_know(&b, (uint8_t)i, PANEL_KEY, key);
  }
  bus_run(&b, SECONDS(30));
  for (uint32_t i = near; i < readers; i++)
    b.off[i] = true;
  bus_run(&b, SECONDS(9));
  for (uint32_t i = 0; i < readers; i++)
    assert_int_equal(bus_count(&b, PANEL_OFFLINE, (uint8_t)i), i >= near);
  for (uint32_t i = near; i < readers; i++)
    b.off[i] = false;
  bus_run(&b, SECONDS(30));
  for (uint32_t i = 0; i < readers; i++) {
    struct panel_status s;
    assert_true(panel_status(b.panel, (uint8_t)i, &s) && s.online);
  }
  bus_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cut_line_is_told_in_time),
      cmocka_unit_test(answers_in_clear_are_no_sign_of_life),
      cmocka_unit_test(in_clear),
      cmocka_unit_test(with_its_key),
      cmocka_unit_test(cards_and_keys_and_inputs_are_told),
      cmocka_unit_test(a_command_is_done_once),
      cmocka_unit_test(on_a_bad_line),
      cmocka_unit_test(never_with_another_key),
      cmocka_unit_test(another_in_its_place),
      cmocka_unit_test(one_of_two_keys),
      cmocka_unit_test(a_first_key_that_it_has_already),
      cmocka_unit_test(macs_that_do_not_hold),
      cmocka_unit_test(never_with_the_default_key),
      cmocka_unit_test(the_first_key_is_set),
      cmocka_unit_test(a_key_is_changed),
      cmocka_unit_test(a_key_that_was_perhaps_kept),
      cmocka_unit_test(offline_after_eight_seconds_and_back),
      cmocka_unit_test(too_late_is_never),
      cmocka_unit_test(a_reader_that_starts_anew),
      cmocka_unit_test(what_waited_is_late),
      cmocka_unit_test(busy_is_asked_again),
      cmocka_unit_test(the_dead_do_not_slow_the_living),
      cmocka_unit_test(a_cut_line),
      cmocka_unit_test(another_address),
      cmocka_unit_test(what_cannot_be_asked_for),
      cmocka_unit_test(the_queue_has_an_end),
      cmocka_unit_test(without_memory),
      cmocka_unit_test(a_first_key_that_is_not_kept),
      cmocka_unit_test(answers_wait_to_be_taken),
      cmocka_unit_test(replayed_and_flipped_frames_do_nothing),
      cmocka_unit_test(noise_before_frames),
      cmocka_unit_test(forged_cards_are_not_told),
  };
  return cmocka_run_group_tests_name("osdp panel", tests, NULL, NULL);
}
