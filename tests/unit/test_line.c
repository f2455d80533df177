/* A line between a panel, peripherals with doors, and an engine that says anything at any time:
 * whatever it is told and whatever is lost, what it says of doors and readers is true.
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
  bool cut, quiet;                              /* nothing comes through; everything does */
  bool tampered[boards], unpowered[boards];
  usec now;
  uint64_t random, n, pass_id;
  struct line_key keys[boards]; /* as they are kept */
  struct as_told {              /* what the engine knows of a reader, by what it was told */
    bool offline, insecure, tampered, unpowered;
    uint32_t n_offline, n_insecure; /* how often that was news */
  } told[boards];
  bool engine, port;
  uint32_t said_opened, said_locked, said_closed, said_late, said_rex, passes, drawn, lacking;
  uint32_t x_locked, x_closed;
  uint8_t n_inputs, n_outputs;         /* of each board */
  uint8_t has[boards][osdp_key_bytes]; /* what the reader has */
  uint32_t ordered[boards], rekeyed, said_offline;
  uint32_t ms; /* of an unlock; 0: any */
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
static int reader_in(const char *text) {
  return strstr(text, "x-in") ? 0 : strstr(text, "y-in") ? 1 : 2;
}
static bool key_read(void *ctx, const char *reader, struct line_key *key) {
  (void)ctx;
  *key = w.keys[reader_in(reader)];
  return key->has || key->has_next;
}
static bool key_keep(void *ctx, const char *reader, const struct line_key *key) {
  (void)ctx;
  w.keys[reader_in(reader)] = *key;
  return true;
}
/* A reader takes only what was kept before it was sent. */
static bool keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  int d = (int)(intptr_t)ctx;
  assert_true(w.keys[d].has_next && memcmp(w.keys[d].next, key, osdp_key_bytes) == 0);
  assert_true(w.ordered[d] > 0);
  memcpy(w.has[d], key, osdp_key_bytes);
  return true;
}

static uint64_t number_after(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* As the core has it: what is on until it is told that it is off. */
static void reader_told(struct as_told *t, const char *text) {
  const struct {
    const char *sign;
    bool *is, becomes;
  } signs[] = {
      {"\"offline\"", &t->offline, true},        {"\"online\"", &t->offline, false},
      {"\"insecure\"", &t->insecure, true},      {"\"secure\"", &t->insecure, false},
      {"\"tampered\"", &t->tampered, true},      {"\"restored\"", &t->tampered, false},
      {"\"power_failed\"", &t->unpowered, true}, {"\"power_restored\"", &t->unpowered, false},
  };
  struct as_told before = *t;
  for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
    if (strstr(text, signs[i].sign))
      *signs[i].is = signs[i].becomes;
  t->n_offline += t->offline && !before.offline;
  t->n_insecure += t->insecure && !before.insecure;
}

/* Someone may pass there. */
static bool serves(int d) {
  return !w.told[d].offline && !w.told[d].insecure;
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
    w.pass_id = f.id;
    w.said_late += strstr(text, "\"late\":true") != NULL;
    return;
  }
  w.said_offline += strstr(text, "\"offline\"") != NULL;
  if (strstr(text, "\"rekeyed\"")) {
    int of = reader_in(text);
    w.rekeyed++;
    w.ordered[of] = 0;
    assert_memory_equal(w.keys[of].key, w.has[of], osdp_key_bytes);
  }
  if (strstr(text, "\"type\":\"reader.report\"")) {
    reader_told(&w.told[reader_in(text)], text);
    return;
  }
  int d = strstr(text, "\"door\":\"x\"") ? 0 : strstr(text, "\"door\":\"y\"") ? 1 : -1;
  if (d < 0 || strstr(text, "late"))
    return;
  w.said_rex += strstr(text, "\"rex\"") != NULL;
  if (strstr(text, "\"locked\"")) {
    w.said_locked++;
    assert_false(w.strike[d] && !w.fallen[d]);
    assert_false(w.open[d] && w.ours[d]); /* by force at any time: an answer may be older */
    assert_true(number_after(text, "\"after\":") >= w.drawn_by[d]);
  }
  w.said_opened += strstr(text, "\"opened\"") != NULL;
  if (strstr(text, "\"closed\"")) {
    w.said_closed++;
    assert_false(w.strike[d] && !w.fallen[d]);
  }
  w.x_locked += d == 0 && strstr(text, "\"locked\"");
  w.x_closed += d == 0 && strstr(text, "\"closed\"");
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
    if (w.cut || (!w.quiet && roll(40) == 0))
      continue; /* it is lost */
    for (int b = 0; b < boards; b++) {
      peripheral_input(w.at[b], span_of(bytes, n), w.now);
      struct span reply = peripheral_reply(w.at[b]);
      if (reply.n && goes_on(span_of(bytes, n)) && peripheral_is_secure(w.at[b]))
        is_seen(b);
      if (reply.n && (w.quiet || roll(40)))
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

static void start_line(void) {
  const struct line_io io = {NULL, mono, mono, fill, to_engine, say, key_read, key_keep};
  struct fault why = {0};
  assert_int_equal(line_new(&w.line, w.plan, 0, &io, &why), SP_OK);
  w.engine = w.port = true;
  line_port(w.line, true);
  line_engine(w.line, true);
}

/* Another reader, with the key that w.has says; or as it left its factory, without one. */
static void hang(int b, bool has_key) {
  struct peripheral_options o = {.address = (uint8_t)b,
                                 .baud = 9600,
                                 .crc = true,
                                 .secure = true,
                                 .has_key = has_key,
                                 .n_inputs = w.n_inputs,
                                 .n_outputs = w.n_outputs,
                                 .n_leds = 1,
                                 .buzzer = true,
                                 .keypad = true,
                                 .display = true};
  const struct peripheral_ops ops = {
      .ctx = (void *)(intptr_t)b, .random = fill, .output = on_output, .keyset = keyset};
  memcpy(o.key, w.has[b], osdp_key_bytes);
  peripheral_free(w.at[b]);
  w.at[b] = peripheral_new(&o, &ops);
  assert_non_null(w.at[b]);
  for (int d = 0; d < doors; d++)
    if (w.board[d] == b) { /* without current */
      w.strike[d] = wiring(d)->inverted & 1u << WIRE_STRIKE;
      contact_set(d, WIRE_REX, false);
      contacts_set(d);
    }
}

/* Killed, and run again by whoever looks after it. */
static void restart_line(void) {
  w.engine = false;
  line_free(w.line);
  start_line();
}

static void begin_wired(uint64_t seed, const char *x, const char *y, uint8_t n_inputs,
                        uint8_t n_outputs) {
  struct plan_faults faults = {0};
  char text[3000];
  memset(&w, 0, sizeof w);
  w.random = seed;
  w.now = 1000 * USEC_PER_S;
  w.n = 10;
  w.n_inputs = n_inputs;
  w.n_outputs = n_outputs;
  snprintf(text, sizeof text, yaml, x, y);
  if (plan_read(span_str(text), &w.plan, &faults))
    fail_msg("%s\n%s", text, faults.at[0].text);
  plan_faults_free(&faults);
  for (int d = 0; d < doors; d++)
    w.board[d] = plan_door_board(w.plan, (uint32_t)d, 0);
  for (int b = 0; b < boards; b++) {
    memset(w.has[b], 'x' + b, osdp_key_bytes);
    w.keys[b].has = true;
    memcpy(w.keys[b].key, w.has[b], osdp_key_bytes);
    hang(b, true);
  }
  start_line();
}

/* As every plan is that says nothing of wires. */
static void begin(uint64_t seed) {
  begin_wired(seed, "rex: record,", "", 3, 1);
}

/* And as others may be, three of four. */
static void begin_random(uint64_t seed) {
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

static void order_key(int d) {
  if (!w.engine)
    return;
  w.ordered[d]++;
  effect("rekey", d, ++w.n, INT64_MAX);
}

static void act(void) {
  int d = (int)roll(doors);
  static const uint8_t card[] = {0x88, 0x89, 0x33, 0xc0}; /* h10301:17-4711 */
  switch (roll(17)) {
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
  case 13:
    if (roll(3) == 0)
      order_key(d);
    break;
  case 12:
    peripheral_card(w.at[roll(boards)], 1, 26, span_of(card, 4));
    break;
  case 15:
    contact_set(1, WIRE_REX, true);
    contact_set(1, WIRE_REX, false);
    break;
  case 14:
    w.tampered[d] ^= roll(2) == 0;
    w.unpowered[d] ^= roll(2) == 0;
    peripheral_tamper(w.at[d], w.tampered[d]);
    peripheral_power(w.at[d], w.unpowered[d]);
    break;
  default:
    break;
  }
}

static void what_it_says_is_true(void **state) {
  (void)state;
  uint32_t locked = 0, closed = 0, drawn = 0, late = 0, rekeyed = 0, rex = 0;
  const char *more = getenv("SALLYPORT_LINE_SEEDS");
  uint64_t seeds = more ? strtoull(more, NULL, 10) : 200;
  for (uint64_t seed = 1; seed <= seeds; seed++) {
    begin_random(seed);
    pass_time(2 * USEC_PER_S);
    for (int i = 0; i < 400; i++) {
      act();
      pass_time((usec)(1 + roll(300)) * USEC_PER_MS);
    }
    /* Left alone it comes to rest, and says how everything is. */
    w.cut = false;
    w.quiet = true;
    for (int d = 0; d < doors; d++)
      if (w.ordered[d]) /* as an engine says again to whoever connects */
        order_key(d);
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
    assert_true(w.said_locked >= before + doors);
    assert_false(w.strike[0] || w.strike[1]);
    for (int d = 0; d < boards; d++) /* lost or not: the next session stands with what was kept */
      assert_true(memcmp(w.keys[d].key, w.has[d], osdp_key_bytes) == 0 ||
                  (w.keys[d].has_next && memcmp(w.keys[d].next, w.has[d], osdp_key_bytes) == 0));
    for (int d = 0; d < boards; d++) {
      assert_true(serves(d));
      assert_int_equal(w.told[d].tampered, w.tampered[d]);
      assert_int_equal(w.told[d].unpowered, w.unpowered[d]);
      assert_int_equal(w.told[d].n_insecure, 0); /* whatever was lost, their keys were right */
    }
    rekeyed += w.rekeyed;
    locked += w.said_locked;
    closed += w.said_closed;
    drawn += w.drawn;
    late += w.said_late;
    rex += w.said_rex;
    assert_int_equal(w.lacking, 0);
    end();
  }
  print_message("%u times drawn, %u closed, %u locked, %u to go out, %u cards late, %u keys\n",
                drawn, closed, locked, rex, late, rekeyed);
  assert_true(drawn > 1000 && closed > 1000 && locked > 2000 && late > 50 && rex > 500 &&
              rekeyed > 100);
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
    w.quiet = true;
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

/* More than the panel takes at once, the last of it a lock: the strike is off in a moment, and not
 * when its timer has run. */
static void a_lock_finds_room(void **state) {
  (void)state;
  begin(1);
  pass_time(2 * USEC_PER_S);
  w.quiet = true;
  for (int i = 0; i < 40; i++) {
    w.sent[0] = ++w.n;
    effect("unlock", 0, w.n, w.now + 10 * USEC_PER_S);
  }
  effect("lock", 0, ++w.n, INT64_MAX);
  pass_time(4 * USEC_PER_S);
  assert_true(w.drawn > 0);
  assert_false(w.strike[0]);
  uint32_t drawn = w.drawn;
  pass_time(10 * USEC_PER_S);
  assert_int_equal(w.drawn, drawn);
  end();
}

static void nothing_is_done_with(int d) {
  static const uint8_t card[] = {0x88, 0x89, 0x33, 0xc0};
  uint32_t passes = w.passes, drawn = w.drawn;
  peripheral_card(w.at[d], 1, 26, span_of(card, 4));
  w.sent[d] = ++w.n;
  effect("unlock", d, w.n, INT64_MAX);
  pass_time(5 * USEC_PER_S);
  assert_int_equal(w.passes, passes);
  assert_int_equal(w.drawn, drawn);
}

/* One that answers, and not as the plan wants, is not silent: that alone is said of it. When it is
 * silent then, that is said too; and when the right one is there again, so is that. */
static void a_swapped_reader_is_insecure(void **state) {
  (void)state;
  for (int has_key = 0; has_key < 2; has_key++) { /* SCBK-D, another key */
    begin(1);
    w.quiet = true;
    pass_time(2 * USEC_PER_S);
    assert_true(serves(0) && serves(1));
    uint8_t own[osdp_key_bytes];
    memcpy(own, w.has[0], sizeof own);
    uint32_t offline = w.told[0].n_offline;
    memset(w.has[0], 'z', osdp_key_bytes);
    hang(0, has_key);
    pass_time(5 * USEC_PER_S);
    assert_true(w.told[0].insecure);
    assert_int_equal(w.told[0].n_offline, offline);
    nothing_is_done_with(0);
    line_engine(w.line, false);
    line_engine(w.line, true); /* an engine that connects again is told again */
    assert_true(w.told[0].insecure && !w.told[0].offline);
    assert_true(serves(1));
    w.cut = true;
    pass_time(20 * USEC_PER_S);
    assert_true(w.told[0].insecure && w.told[0].offline && w.told[1].offline);
    assert_false(w.told[1].insecure);
    w.cut = false;
    pass_time(10 * USEC_PER_S);
    assert_true(w.told[0].insecure && !w.told[0].offline && serves(1));
    line_port(w.line, w.port = false);
    assert_true(w.told[0].offline && w.told[1].offline);
    line_port(w.line, w.port = true);
    memcpy(w.has[0], own, sizeof own);
    hang(0, true);
    pass_time(10 * USEC_PER_S);
    assert_true(serves(0));
    assert_int_equal(w.told[0].n_insecure, 1);
    end();
  }
}

/* A line that begins anew knows nothing of what the one before it told. */
static void what_another_line_told_is_told_again(void **state) {
  (void)state;
  begin(1);
  w.quiet = true;
  pass_time(2 * USEC_PER_S);
  memset(w.keys[0].key, 'z', osdp_key_bytes);
  peripheral_tamper(w.at[1], true);
  peripheral_power(w.at[1], true);
  restart_line();
  pass_time(10 * USEC_PER_S);
  assert_true(w.told[0].insecure && !w.told[0].offline);
  assert_true(w.told[1].tampered && w.told[1].unpowered && serves(1));
  memcpy(w.keys[0].key, w.has[0], osdp_key_bytes); /* it was set up anew */
  restart_line();
  pass_time(3 * USEC_PER_S);
  assert_true(serves(0));
  assert_true(w.told[1].tampered && w.told[1].unpowered);
  line_engine(w.line, false);
  line_engine(w.line, true);
  assert_true(w.told[1].tampered && w.told[1].unpowered);
  w.engine = false; /* and what ended while no line was there has ended */
  line_free(w.line);
  peripheral_tamper(w.at[1], false);
  peripheral_power(w.at[1], false);
  peripheral_restart(w.at[1], w.now); /* which forgets what it had to tell */
  start_line();
  pass_time(3 * USEC_PER_S);
  assert_false(w.told[1].tampered || w.told[1].unpowered);
  end();
}

/* Here is no key for it, and the plan wants one: whether it is there is known all the same. */
static void without_a_key_it_is_insecure(void **state) {
  (void)state;
  begin(1);
  w.quiet = true;
  w.keys[0] = (struct line_key){0};
  restart_line();
  pass_time(5 * USEC_PER_S);
  assert_true(w.told[0].insecure && !w.told[0].offline && serves(1));
  nothing_is_done_with(0);
  w.cut = true;
  pass_time(20 * USEC_PER_S);
  assert_true(w.told[0].offline);
  end();
}

/* A key that a reader may have, or may not, is no alarm: both are tried before anything is said. */
static void either_key_is_no_alarm(void **state) {
  (void)state;
  for (int next = 0; next < 2; next++) {
    begin(1);
    w.quiet = true;
    pass_time(2 * USEC_PER_S);
    w.keys[0].has_next = true;
    memset(w.keys[0].next, 'n', osdp_key_bytes);
    if (next)
      memset(w.has[0], 'n', osdp_key_bytes), hang(0, true);
    restart_line();
    pass_time(5 * USEC_PER_S);
    assert_true(serves(0));
    assert_int_equal(w.told[0].n_insecure, 0);
    assert_memory_equal(w.keys[0].key, w.has[0], osdp_key_bytes);
    end();
  }
}

static void tamper_and_power(void **state) {
  (void)state;
  begin(1);
  w.quiet = true;
  pass_time(2 * USEC_PER_S);
  assert_false(w.told[1].tampered || w.told[1].unpowered);
  peripheral_power(w.at[1], true);
  pass_time(2 * USEC_PER_S);
  assert_true(w.told[1].unpowered && !w.told[1].tampered && !w.told[0].unpowered);
  peripheral_tamper(w.at[1], true);
  peripheral_power(w.at[1], false);
  pass_time(2 * USEC_PER_S);
  assert_true(w.told[1].tampered && !w.told[1].unpowered && serves(1));
  end();
}

/* Who asked to go out while nobody listened has gone away: it opens nothing now. */
static void no_exit_too_late(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    begin(seed);
    pass_time(3 * USEC_PER_S);
    w.cut = true;
    for (int i = 0; i < 6; i++) {
      pass_time(5 * USEC_PER_S);
      peripheral_input_set(w.at[0], 1, i % 2 == 0);
    }
    w.cut = false;
    pass_time(12 * USEC_PER_S);
    for (int i = 0; i < 20 && !serves(0); i++) /* its tries are lost now and then, too */
      pass_time(USEC_PER_S);
    assert_true(serves(0));
    pass_time(2 * USEC_PER_S);
    assert_int_equal(w.said_rex, 0);
    for (uint32_t i = 1; i <= 3; i++) { /* and who asks now is heard */
      peripheral_input_set(w.at[0], 1, true);
      pass_time(2 * USEC_PER_S);
      peripheral_input_set(w.at[0], 1, false);
      pass_time(2 * USEC_PER_S);
      assert_int_equal(w.said_rex, i);
    }
    end();
  }
}

/* Whoever is let through walks in behind another, faster than the reader is polled: the door that
 * was closed for a moment is not called closed, nor, once it is, opened again. */
static void one_behind_the_other(void **state) {
  (void)state;
  begin(1);
  w.quiet = true;
  pass_time(2 * USEC_PER_S);
  for (int i = 0; i < 50; i++) {
    uint32_t opened = w.said_opened, closed = w.said_closed;
    w.sent[0] = ++w.n;
    effect("unlock", 0, w.n, w.now + USEC_PER_S);
    while (!w.strike[0])
      pass_time(2 * USEC_PER_MS);
    leaf(0, true);
    pass_time((usec)roll(70) * USEC_PER_MS);
    leaf(0, false);
    leaf(0, true);
    pass_time((usec)roll(70) * USEC_PER_MS);
    if (i % 2) { /* and a third */
      leaf(0, false);
      leaf(0, true);
    }
    pass_time(4 * USEC_PER_S);
    assert_int_equal(w.said_opened, opened + 1);
    assert_int_equal(w.said_closed, closed);
    leaf(0, false);
    pass_time(USEC_PER_S);
    assert_int_equal(w.said_opened, opened + 1);
    assert_int_equal(w.said_closed, closed + 1);
  }
  end();
}

/* No PIN comes: the card is decided without one, once. */
static void no_pin_is_an_answer(void **state) {
  (void)state;
  static const uint8_t card[] = {0x88, 0x89, 0x33, 0xc0};
  static const char refused[] =
      "{\"decision\":\"refused\",\"reasons\":[{\"code\":\"pin_missing\"}]}";
  begin(1);
  w.quiet = true;
  pass_time(2 * USEC_PER_S);
  peripheral_card(w.at[1], 1, 26, span_of(card, 4));
  for (uint32_t i = 0, answered = 0; i < 60; i++) {
    pass_time(USEC_PER_S);
    if (w.passes > answered) {
      const struct frame f = {FRAME_REPLY, sizeof refused - 1, w.pass_id};
      answered = w.passes;
      line_frame(w.line, &f, span_of(refused, sizeof refused - 1));
    }
  }
  assert_int_equal(w.passes, 1);
  end();
}

/* However often keys are changed, whatever is lost meanwhile and whenever the line ends: it knows
 * the key that the reader has. */
static void no_key_is_lost(void **state) {
  (void)state;
  uint32_t changed = 0;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    begin(seed);
    for (int i = 0; i < 100; i++) {
      order_key(0);
      w.cut = roll(4) == 0;
      pass_time((usec)(1 + roll(roll(4) ? 300 : 3000)) * USEC_PER_MS);
      if (roll(8) == 0)
        restart_line();
    }
    w.cut = false;
    w.quiet = true;
    pass_time(15 * USEC_PER_S);
    assert_true(serves(0) && serves(1));
    uint32_t before = w.rekeyed;
    order_key(0); /* nothing is left in its way */
    pass_time(5 * USEC_PER_S);
    assert_int_equal(w.rekeyed, before + 1);
    assert_true(serves(0) && !w.keys[0].has_next);
    changed += w.rekeyed;
    restart_line();
    pass_time(5 * USEC_PER_S);
    assert_true(serves(0));
    end();
  }
  print_message("%u keys\n", changed);
  assert_true(changed > 200);
}

/* A line that begins says of nobody that they are not there before they could answer; then it does.
 */
static void a_start_is_no_alarm(void **state) {
  (void)state;
  begin(1);
  w.quiet = true;
  pass_time(20 * USEC_PER_S);
  assert_int_equal(w.said_offline, 0);
  line_engine(w.line, false);
  end();
  begin(1);
  w.quiet = w.cut = true; /* nobody is there */
  pass_time(7 * USEC_PER_S);
  line_engine(w.line, false);
  line_engine(w.line, true);
  assert_int_equal(w.said_offline, 0);
  pass_time(2 * USEC_PER_S);
  assert_int_equal(w.said_offline, boards);
  line_engine(w.line, false); /* an engine that was not there then is told when it comes */
  line_engine(w.line, true);
  assert_int_equal(w.said_offline, 2 * boards);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_says_is_true),
      cmocka_unit_test(no_unlock_too_late),
      cmocka_unit_test(a_lock_finds_room),
      cmocka_unit_test(a_swapped_reader_is_insecure),
      cmocka_unit_test(what_another_line_told_is_told_again),
      cmocka_unit_test(without_a_key_it_is_insecure),
      cmocka_unit_test(either_key_is_no_alarm),
      cmocka_unit_test(tamper_and_power),
      cmocka_unit_test(no_exit_too_late),
      cmocka_unit_test(one_behind_the_other),
      cmocka_unit_test(no_pin_is_an_answer),
      cmocka_unit_test(no_key_is_lost),
      cmocka_unit_test(a_start_is_no_alarm),
      cmocka_unit_test(of_a_board_that_lacks_it_nothing_is_believed),
      cmocka_unit_test(two_doors_at_one_board),
  };
  return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
