/* A line between a panel, peripherals with doors, and an engine that says anything at any time:
 * whatever it is told and whatever is lost, what it says of doors is true.
 *
 *   "locked"  the strike is off, nobody stands in the door who was let through, and nothing that
 * `after` leaves out was carried out "closed"  the strike is off
 *
 * The doors are wired to any of three boards, by any numbers, inverted or not.
 */
#include "line/line.h"

#include "osdp/peripheral.h"
#include "plan/plan_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of doors x and y: what stands in each besides. */
static const char yaml[] =
    "site: { name: s, zone: UTC }\n"
    "areas: [{ name: a, kind: room }, { name: b, kind: room }]\n"
    "lines: [{ name: l, kind: tcp-client, where: \"127.0.0.1:1\" }]\n"
    "interlocks: [[x, y]]\n"
    "gates:\n"
    "  - { name: x, from: outside, to: a, doors: [{ name: x, %s readers: [{ name: x-in, direction: "
    "in, "
    "line: l, address: 0 }] }] }\n"
    "  - { name: y, from: outside, to: b, doors: [{ name: y, lock-monitor: true, rex: record, %s "
    "readers: [{ name: y-in, direction: in, line: l, address: 1, factors: card+pin }, "
    "{ name: y-out, direction: out, line: l, address: 2 }] }] }\n"
    "formats: [{ name: h10301 }]\n"
    "levels: [{ name: all, access: [{ gates: all }] }]\n";

enum { doors = 2, boards = 3 };

static struct world {
  struct plan *plan;
  struct line *line;
  struct peripheral *at[boards];
  int board[doors];   /* that it is wired to */
  bool fallen[doors]; /* a loss of power drew its bolt, and the line has had no time to see it */
  bool restarting;
  bool strike[doors], open[doors], ours[doors]; /* ours: opened while the bolt was drawn */
  uint64_t drawn_by[doors];                     /* the newest unlock that may have drawn the bolt */
  uint64_t sent[doors];                         /* the newest unlock that the engine sent */
  bool cut;
  usec now;
  uint64_t random, n;
  bool engine, port;
  uint32_t said_locked, said_closed, said_opened, said_rex, said_late, passes, drawn, lacking,
      x_locked, x_closed;
  uint32_t ms;   /* of an unlock; 0: any */
  bool lossless; /* no frame is lost */
} w;

static uint32_t roll(uint32_t n) {
  w.random = w.random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(w.random >> 33) % n;
}

/* --- What the line asks for --- */

static usec mono(void *ctx) {
  (void)ctx;
  return w.now;
}
static void fill(void *ctx, void *out, size_t n) {
  (void)ctx;
  for (uint8_t *p = out; n--; p++)
    *p = (uint8_t)roll(256);
}
static void say(void *ctx, const char *text) {
  (void)ctx;
  w.lacking += strstr(text, "and the plan wires") != NULL;
  if (getenv("LINE_TELL"))
    print_message("%lld %s\n", (long long)w.now, text);
}
static bool key_read(void *ctx, const char *reader, struct line_key *key) {
  (void)ctx;
  *key = (struct line_key){.has = true};
  memset(key->key, reader[0], osdp_key_bytes);
  return true;
}
static bool key_keep(void *ctx, const char *reader, const struct line_key *key) {
  (void)ctx, (void)reader, (void)key;
  return true;
}

static uint64_t number_after(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* Each thing that it says is looked at when it says it. */
static void to_engine(void *ctx, struct span frames) {
  (void)ctx;
  char text[600];
  struct frame f;
  assert_int_equal(frame_read(&f, frames.p, NULL), SP_OK);
  assert_true(f.length < sizeof text && frames.n == frame_header_bytes + f.length);
  memcpy(text, frames.p + frame_header_bytes, f.length);
  text[f.length] = 0;
  assert_true(w.engine);
  if (getenv("LINE_TELL"))
    print_message("%lld > %s\n", (long long)w.now, text);
  if (strstr(text, "\"type\":\"pass\"")) {
    w.passes++;
    w.said_late += strstr(text, "\"late\":true") != NULL;
    return;
  }
  int d = strstr(text, "\"door\":\"x\"") ? 0 : strstr(text, "\"door\":\"y\"") ? 1 : -1;
  if (d < 0 || strstr(text, "late"))
    return;
  if (strstr(text, "\"locked\"")) {
    w.said_locked++;
    assert_false(w.strike[d] && !w.fallen[d]);
    assert_false(w.open[d] && w.ours[d]); /* by force at any time: an answer may be older */
    assert_true(number_after(text, "\"after\":") >= w.drawn_by[d]);
  }
  if (strstr(text, "\"closed\"")) {
    w.said_closed++;
    assert_false(w.strike[d] && !w.fallen[d]);
  }
  w.x_locked += d == 0 && strstr(text, "\"locked\"");
  w.x_closed += d == 0 && strstr(text, "\"closed\"");
  w.said_opened += strstr(text, "\"opened\"") != NULL;
  w.said_rex += strstr(text, "\"rex\"") != NULL;
}

/* --- Doors --- */

static const struct plan_wiring *wiring(int d) {
  return &w.plan->doors[d].wiring;
}

/* As the wire is meant; a wire that the board does not have ends nowhere. */
static void contact_set(int d, enum door_wire wire, bool active) {
  if (plan_door_has(&w.plan->doors[d], wire))
    (void)peripheral_input_set(w.at[w.board[d]], wiring(d)->number[wire],
                               active != !!(wiring(d)->inverted & 1u << wire));
}

static void contacts_set(int d) {
  contact_set(d, WIRE_CONTACT, w.open[d]);
  contact_set(d, WIRE_LOCK_MONITOR, !w.strike[d] && !w.open[d]);
}

static void strike_set(int d, bool drawn) {
  w.strike[d] = drawn;
  w.drawn += drawn;
  if (drawn && w.restarting) {
    w.fallen[d] = true;
  } else if (drawn) {
    assert_true(w.sent[d] > 0); /* never but on the engine's word */
    w.drawn_by[d] = w.sent[d];
  } else {
    w.fallen[d] = false;
  }
  contacts_set(d);
}

static void on_output(void *ctx, uint8_t output, bool on) {
  int board = (int)(intptr_t)ctx, of = -1;
  for (int d = 0; d < doors; d++)
    if (w.board[d] == board && wiring(d)->number[WIRE_STRIKE] == output)
      of = d;
  assert_true(of >= 0); /* no other is ever driven */
  strike_set(of, on != !!(wiring(of)->inverted & 1u << WIRE_STRIKE));
}

/* The line has a session with it again: from now on it knows. */
static void is_seen(int board) {
  for (int d = 0; d < doors; d++)
    if (w.board[d] == board && w.fallen[d]) {
      w.fallen[d] = false;
      w.ours[d] = w.open[d];
    }
}

static void leaf(int d, bool open) {
  w.ours[d] = open && w.strike[d] && !w.fallen[d];
  w.open[d] = open;
  contacts_set(d);
}

/* --- Time --- */

/* What a panel asks once it has a session, and the line has been told of it. */
static bool goes_on(struct span bytes) {
  struct osdp_frame f;
  size_t used;
  return osdp_frame_find(bytes, &f, &used) == OSDP_FOUND_FRAME && f.code != OSDP_ID &&
         f.code != OSDP_CAP && f.code != OSDP_CHLNG && f.code != OSDP_SCRYPT;
}

static void bus(void) {
  for (struct span out; (out = line_output(w.line)).n;) {
    uint8_t bytes[osdp_frame_max + 1];
    size_t n = out.n;
    memcpy(bytes, out.p, n);
    if (w.cut || (!w.lossless && roll(40) == 0))
      continue; /* it is lost */
    for (int b = 0; b < boards; b++) {
      peripheral_input(w.at[b], span_of(bytes, n), w.now);
      struct span reply = peripheral_reply(w.at[b]);
      if (reply.n && goes_on(span_of(bytes, n)) && peripheral_is_secure(w.at[b]))
        is_seen(b);
      if (reply.n && (w.lossless || roll(40)))
        line_bytes(w.line, reply);
    }
  }
}

static void pass_time(usec us) {
  for (usec end = w.now + us; w.now < end; w.now += 2 * USEC_PER_MS) {
    for (int b = 0; b < boards; b++)
      peripheral_tick(w.at[b], w.now);
    line_tick(w.line);
    bus();
  }
}

static void effect(const char *what, int d, uint64_t n, usec before) {
  char text[300];
  int length = snprintf(text, sizeof text,
                        "{\"before\":%lld,\"door\":\"%s\",\"effect\":\"%s\",\"ms\":%u,\"n\":%llu,"
                        "\"reader\":\"%s-in\"}",
                        (long long)before, d ? "y" : "x", what, w.ms ? w.ms : 100 + roll(30) * 100,
                        (unsigned long long)n, d ? "y" : "x");
  const struct frame f = {FRAME_EFFECT, (uint32_t)length, 0};
  line_frame(w.line, &f, span_of(text, (size_t)length));
}

/* --- --- */

/* Numbers of one kind that no other wire has, in any order. */
static void shuffle(uint8_t numbers[wire_number_max + 1]) {
  for (uint8_t i = 0; i <= wire_number_max; i++) {
    uint8_t k = (uint8_t)roll(i + 1u);
    numbers[i] = numbers[k];
    numbers[k] = i;
  }
}

/* Any that is right: at any board, on any wires, some of them inverted. */
static void random_wiring(char *out, size_t most, bool is_y, const uint8_t *outputs,
                          const uint8_t *inputs) {
  static const char *const boards_of[] = {"", "at: x-in, ", "at: y-in, ", "at: y-out, "};
  const char *const wires[] = {"strike", "contact", "rex", "lock-monitor"};
  int n = snprintf(out, most, "wiring: { %sstrike: %u, contact: %u, ", boards_of[roll(4)],
                   outputs[is_y], inputs[is_y]);
  if (is_y)
    n += snprintf(out + n, most - (size_t)n, "rex: %u, lock-monitor: %u, ", inputs[2], inputs[3]);
  n += snprintf(out + n, most - (size_t)n, "inverted: [");
  const char *between = "";
  for (int i = 0; i < (is_y ? 4 : 2); i++)
    if (roll(2)) {
      n += snprintf(out + n, most - (size_t)n, "%s%s", between, wires[i]);
      between = ", ";
    }
  n += snprintf(out + n, most - (size_t)n, "%s] },", *between ? "" : "none");
  assert_true(n > 0 && (size_t)n < most);
}

static void begin_wired(uint64_t seed, const char *x, const char *y, uint8_t n_inputs,
                        uint8_t n_outputs) {
  struct plan_faults faults = {0};
  char text[3000];
  const struct line_io io = {NULL, mono, mono, fill, to_engine, say, key_read, key_keep};
  struct fault why = {0};
  memset(&w, 0, sizeof w);
  w.random = seed;
  w.now = 1000 * USEC_PER_S;
  w.n = 10;
  snprintf(text, sizeof text, yaml, x, y);
  if (plan_read(span_str(text), &w.plan, &faults))
    fail_msg("%s\n%s", text, faults.at[0].text);
  plan_faults_free(&faults);
  for (int d = 0; d < doors; d++)
    w.board[d] = plan_door_board(w.plan, (uint32_t)d, 0);
  for (int b = 0; b < boards; b++) {
    struct peripheral_options o = {.address = (uint8_t)b,
                                   .baud = 9600,
                                   .crc = true,
                                   .secure = true,
                                   .has_key = true,
                                   .n_inputs = n_inputs,
                                   .n_outputs = n_outputs,
                                   .n_leds = 1,
                                   .buzzer = true,
                                   .keypad = true,
                                   .display = true};
    memset(o.key, b ? 'y' : 'x', osdp_key_bytes);
    const struct peripheral_ops ops = {
        .ctx = (void *)(intptr_t)b, .random = fill, .output = on_output};
    w.at[b] = peripheral_new(&o, &ops);
  }
  for (int d = 0; d < doors; d++) { /* without current */
    w.strike[d] = wiring(d)->inverted & 1u << WIRE_STRIKE;
    contact_set(d, WIRE_REX, false);
    contacts_set(d);
  }
  assert_int_equal(line_new(&w.line, w.plan, 0, &io, &why), SP_OK);
  w.engine = w.port = true;
  line_port(w.line, true);
  line_engine(w.line, true);
}

/* As every plan is that says nothing of wires, and every fourth of the seeds. */
static void begin(uint64_t seed) {
  uint8_t outputs[wire_number_max + 1], inputs[wire_number_max + 1];
  char x[300] = "", y[300] = "";
  w.random = seed * 0x9E3779B97F4A7C15u;
  shuffle(outputs);
  shuffle(inputs);
  if (seed % 4) {
    random_wiring(x, sizeof x, false, outputs, inputs);
    random_wiring(y, sizeof y, true, outputs, inputs);
  }
  begin_wired(seed, x, y, seed % 4 ? wire_number_max + 1 : 3, seed % 4 ? wire_number_max + 1 : 1);
}

static void end(void) {
  w.engine = false;
  line_free(w.line);
  for (int b = 0; b < boards; b++)
    peripheral_free(w.at[b]);
  plan_free(w.plan);
}

static void act(void) {
  int d = (int)roll(doors);
  static const uint8_t card[] = {0x88, 0x89, 0x33, 0xc0}; /* h10301:17-4711 */
  switch (roll(15)) {
  case 0:
  case 1:
  case 2:
    if (w.engine) {
      w.sent[d] = ++w.n;
      effect("unlock", d, w.n, w.now + (usec)roll(900) * USEC_PER_MS);
    }
    break;
  case 3:
    if (w.engine)
      effect("lock", d, w.n, INT64_MAX);
    break;
  case 4:
  case 5:
    if (w.strike[d] || w.open[d])
      leaf(d, !w.open[d]);
    break;
  case 6:
    if (roll(4) == 0)
      leaf(d, true); /* by force */
    break;
  case 7:
    if (roll(6) == 0) {
      w.engine = !w.engine;
      line_engine(w.line, w.engine);
    }
    break;
  case 8:
    if (roll(8) == 0) {
      w.restarting = true;
      peripheral_restart(w.at[roll(boards)], w.now);
      w.restarting = false;
    }
    break;
  case 9:
    if (roll(8) == 0)
      w.cut = !w.cut;
    break;
  case 10:
    if (roll(8) == 0) {
      w.port = !w.port;
      line_port(w.line, w.port);
    }
    break;
  case 11:
    peripheral_busy(w.at[roll(boards)], roll(3));
    break;
  case 12:
    peripheral_card(w.at[roll(boards)], 1, 26, span_of(card, 4));
    break;
  case 13:
    contact_set(1, WIRE_REX, true);
    contact_set(1, WIRE_REX, false);
    break;
  default:
    break;
  }
}

static void what_it_says_is_true(void **state) {
  (void)state;
  uint32_t locked = 0, closed = 0, drawn = 0, late = 0, rex = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    begin(seed);
    pass_time(2 * USEC_PER_S);
    for (int i = 0; i < 400; i++) {
      act();
      pass_time((usec)(1 + roll(300)) * USEC_PER_MS);
    }
    /* Left alone it comes to rest, and says how everything is. */
    w.cut = false;
    if (!w.port)
      line_port(w.line, w.port = true);
    if (!w.engine)
      w.engine = true, line_engine(w.line, true);
    for (int d = 0; d < doors; d++)
      leaf(d, false);
    uint32_t before = w.said_locked;
    for (int d = 0; d < doors; d++) {
      w.sent[d] = ++w.n;
      effect("lock", d, w.n, INT64_MAX);
    }
    pass_time(20 * USEC_PER_S);
    for (int more = 0; more < 3 && w.said_locked < before + doors; more++)
      pass_time(20 * USEC_PER_S); /* a frame of a session's beginning was lost */
    assert_true(w.said_locked >= before + doors);
    assert_false(w.strike[0] || w.strike[1]);
    locked += w.said_locked;
    closed += w.said_closed;
    drawn += w.drawn;
    late += w.said_late;
    rex += w.said_rex;
    assert_int_equal(w.lacking, 0);
    end();
  }
  print_message("%u times drawn, %u closed, %u locked, %u to go out, %u cards late\n", drawn,
                closed, locked, rex, late);
  assert_true(drawn > 1000 && closed > 1000 && locked > 2000 && late > 50 && rex > 500);
}

static void unlock(int d) {
  w.sent[d] = ++w.n;
  effect("unlock", d, w.n, w.now + 900 * USEC_PER_MS);
}

/* What the plan wires and the board does not have is told, and never passes for closed or locked.
 */
static void of_a_board_that_lacks_it_nothing_is_believed(void **state) {
  (void)state;
  static const struct {
    const char *x;
    uint8_t inputs, outputs;
    uint32_t lacking;
    bool locked, closed, opened;
  } rows[] = {
      {"wiring: { contact: 3 },", 4, 1, 0, true, true, true},
      {"wiring: { contact: 3 },", 3, 1, 1, false, false, false},
      {"wiring: { contact: 3, inverted: [contact] },", 3, 1, 1, false, false, false},
      {"wiring: { strike: 1 },", 3, 2, 0, true, true, true},
      {"wiring: { strike: 1 },", 3, 1, 1, false, false, true},
      {"wiring: { strike: 1, inverted: [strike] },", 3, 1, 1, false, false, true},
      {"lock-monitor: true, wiring: { lock-monitor: 3 },", 3, 1, 1, false, true, true},
      {"rex: record, wiring: { rex: 3 },", 3, 1, 1, true, true, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    begin_wired(1, rows[i].x, "", rows[i].inputs, rows[i].outputs);
    pass_time(4 * USEC_PER_S);
    leaf(0, true); /* by force */
    pass_time(2 * USEC_PER_S);
    leaf(0, false);
    pass_time(4 * USEC_PER_S);
    if (w.lacking != rows[i].lacking || (w.x_locked > 0) != rows[i].locked ||
        (w.x_closed > 0) != rows[i].closed || (w.said_opened > 0) != rows[i].opened)
      fail_msg("row %zu: %u lacking, x %u times locked, %u closed, %u opened", i, w.lacking,
               w.x_locked, w.x_closed, w.said_opened);
    end();
  }
}

/* Two doors at one board: each is driven for its own time, and what one asks is no answer to the
 * other. */
static void two_doors_at_one_board(void **state) {
  (void)state;
  for (int inverted = 0; inverted < 4; inverted++) {
    begin_wired(
        1, inverted & 1 ? "wiring: { inverted: [strike, contact] }," : "wiring: { inverted: [] },",
        inverted & 2 ? "wiring: { at: x-in, strike: 1, contact: 3, rex: 4, lock-monitor: 5,"
                       "inverted: [strike, lock-monitor] },"
                     : "wiring: { at: x-in, strike: 1, contact: 3, rex: 4, lock-monitor: 5 "
                       "},",
        6, 2);
    w.lossless = true;
    pass_time(4 * USEC_PER_S);
    assert_false(w.strike[0] || w.strike[1]);
    uint32_t before = w.said_locked;
    w.ms = 3000;
    unlock(0);
    pass_time(200 * USEC_PER_MS);
    assert_true(w.strike[0] && !w.strike[1]);
    w.ms = 500;
    unlock(1);
    pass_time(300 * USEC_PER_MS);
    assert_true(w.strike[0] && w.strike[1]);
    pass_time(1500 * USEC_PER_MS);
    assert_true(w.strike[0] && !w.strike[1]); /* the one is asked after, and the other goes on */
    assert_int_equal(w.said_locked, before + 1);
    leaf(0, true);
    pass_time(3 * USEC_PER_S);
    assert_false(w.strike[0] || w.strike[1]);
    assert_int_equal(w.said_opened, 1);
    assert_int_equal(w.said_locked, before + 1);
    leaf(0, false);
    pass_time(USEC_PER_S);
    assert_int_equal(w.said_locked, before + 2);
    end();
  }
}

static void no_unlock_too_late(void **state) {
  (void)state;
  begin(1);
  pass_time(2 * USEC_PER_S);
  w.sent[0] = ++w.n;
  effect("unlock", 0, w.n, w.now + 10 * USEC_PER_MS); /* less than a bus takes */
  pass_time(5 * USEC_PER_S);
  assert_int_equal(w.drawn, 0);
  assert_true(w.said_locked > 0);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_says_is_true),
      cmocka_unit_test(no_unlock_too_late),
      cmocka_unit_test(of_a_board_that_lacks_it_nothing_is_believed),
      cmocka_unit_test(two_doors_at_one_board),
  };
  return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
