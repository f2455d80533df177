/* A line between a panel, peripherals with doors, and an engine that says anything at any time:
 * whatever it is told and whatever is lost, what it says of doors and readers is true.
 *
 *   "locked"  the strike is off, nobody stands in the door who was let through, and nothing that
 * `after` leaves out was carried out "closed"  the strike is off
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

static const char yaml[] =
    "site: { name: s, zone: UTC }\n"
    "areas: [{ name: a, kind: room }, { name: b, kind: room }]\n"
    "lines: [{ name: l, kind: tcp-client, where: \"127.0.0.1:1\" }]\n"
    "interlocks: [[x, y]]\n"
    "gates:\n"
    "  - { name: x, from: outside, to: a, doors: [{ name: x, rex: record, readers: [{ name: x-in, "
    "direction: "
    "in, "
    "line: l, address: 0 }] }] }\n"
    "  - { name: y, from: outside, to: b, doors: [{ name: y, lock-monitor: true, readers: [{ name: "
    "y-in, direction: in, line: l, address: 1, factors: card+pin }] }] }\n"
    "formats: [{ name: h10301 }]\n"
    "levels: [{ name: all, access: [{ gates: all }] }]\n";

enum { doors = 2 };

static struct world {
  struct plan *plan;
  struct line *line;
  struct peripheral *at[doors];
  bool strike[doors], open[doors], ours[doors]; /* ours: opened while the bolt was drawn */
  uint64_t drawn_by[doors];                     /* the newest unlock that may have drawn the bolt */
  uint64_t sent[doors];                         /* the newest unlock that the engine sent */
  bool cut, quiet;                              /* nothing comes through; everything does */
  bool tampered[doors], unpowered[doors];
  usec now;
  uint64_t random, n, pass_id;
  struct line_key keys[doors]; /* as they are kept */
  struct as_told {             /* what the engine knows of a reader, by what it was told */
    bool offline, insecure, tampered, unpowered;
    uint32_t n_offline, n_insecure; /* how often that was news */
  } told[doors];
  bool engine, port;
  uint32_t said_opened, said_locked, said_closed, said_late, said_rex, passes, drawn;
  uint8_t has[doors][osdp_key_bytes]; /* what the reader has */
  uint32_t ordered[doors], rekeyed, said_offline;
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
  if (getenv("LINE_TELL"))
    print_message("%lld %s\n", (long long)w.now, text);
}
static bool key_read(void *ctx, const char *reader, struct line_key *key) {
  (void)ctx;
  *key = w.keys[reader[0] - 'x'];
  return key->has || key->has_next;
}
static bool key_keep(void *ctx, const char *reader, const struct line_key *key) {
  (void)ctx;
  w.keys[reader[0] - 'x'] = *key;
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
    int of = strstr(text, "\"y-in\"") != NULL;
    w.rekeyed++;
    w.ordered[of] = 0;
    assert_memory_equal(w.keys[of].key, w.has[of], osdp_key_bytes);
  }
  if (strstr(text, "\"type\":\"reader.report\"")) {
    reader_told(&w.told[strstr(text, "\"x-in\"") ? 0 : 1], text);
    return;
  }
  int d = strstr(text, "\"door\":\"x\"") ? 0 : strstr(text, "\"door\":\"y\"") ? 1 : -1;
  if (d < 0 || strstr(text, "late"))
    return;
  w.said_rex += strstr(text, "\"rex\"") != NULL;
  if (strstr(text, "\"locked\"")) {
    w.said_locked++;
    assert_false(w.strike[d]);
    assert_false(w.open[d] && w.ours[d]); /* by force at any time: an answer may be older */
    assert_true(number_after(text, "\"after\":") >= w.drawn_by[d]);
  }
  w.said_opened += strstr(text, "\"opened\"") != NULL;
  if (strstr(text, "\"closed\"")) {
    w.said_closed++;
    assert_false(w.strike[d]);
  }
}

/* --- Doors --- */

static void on_output(void *ctx, uint8_t output, bool on) {
  int d = (int)(intptr_t)ctx;
  if (output != 0)
    return;
  w.strike[d] = on;
  w.drawn += on;
  if (on) {
    assert_true(w.sent[d] > 0); /* never but on the engine's word */
    w.drawn_by[d] = w.sent[d];
  }
  peripheral_input_set(w.at[d], 2, !on && !w.open[d]);
}

static void leaf(int d, bool open) {
  w.ours[d] = open && w.strike[d];
  w.open[d] = open;
  peripheral_input_set(w.at[d], 0, open);
  peripheral_input_set(w.at[d], 2, !open && !w.strike[d]);
}

/* --- Time --- */

static void bus(void) {
  for (struct span out; (out = line_output(w.line)).n;) {
    uint8_t bytes[osdp_frame_max + 1];
    size_t n = out.n;
    memcpy(bytes, out.p, n);
    if (w.cut || (!w.quiet && roll(40) == 0))
      continue; /* it is lost */
    for (int d = 0; d < doors; d++) {
      peripheral_input(w.at[d], span_of(bytes, n), w.now);
      struct span reply = peripheral_reply(w.at[d]);
      if (reply.n && (w.quiet || roll(40)))
        line_bytes(w.line, reply);
    }
  }
}

static void pass_time(usec us) {
  for (usec end = w.now + us; w.now < end; w.now += 2 * USEC_PER_MS) {
    for (int d = 0; d < doors; d++)
      peripheral_tick(w.at[d], w.now);
    line_tick(w.line);
    bus();
  }
}

static void effect(const char *what, int d, uint64_t n, usec before) {
  char text[300];
  int length = snprintf(text, sizeof text,
                        "{\"before\":%lld,\"door\":\"%s\",\"effect\":\"%s\",\"ms\":%u,\"n\":%llu,"
                        "\"reader\":\"%s-in\"}",
                        (long long)before, d ? "y" : "x", what, 100 + roll(30) * 100,
                        (unsigned long long)n, d ? "y" : "x");
  const struct frame f = {FRAME_EFFECT, (uint32_t)length, 0};
  line_frame(w.line, &f, span_of(text, (size_t)length));
}

/* --- --- */

static void start_line(void) {
  const struct line_io io = {NULL, mono, mono, fill, to_engine, say, key_read, key_keep};
  struct fault why = {0};
  assert_int_equal(line_new(&w.line, w.plan, 0, &io, &why), SP_OK);
  w.engine = w.port = true;
  line_port(w.line, true);
  line_engine(w.line, true);
}

/* Another reader, with the key that w.has says; or as it left its factory, without one. */
static void hang(int d, bool has_key) {
  struct peripheral_options o = {.address = (uint8_t)d,
                                 .baud = 9600,
                                 .crc = true,
                                 .secure = true,
                                 .has_key = has_key,
                                 .n_inputs = 3,
                                 .n_outputs = 1,
                                 .n_leds = 1,
                                 .buzzer = true,
                                 .keypad = true,
                                 .display = true};
  const struct peripheral_ops ops = {
      .ctx = (void *)(intptr_t)d, .random = fill, .output = on_output, .keyset = keyset};
  memcpy(o.key, w.has[d], osdp_key_bytes);
  peripheral_free(w.at[d]);
  w.at[d] = peripheral_new(&o, &ops);
  assert_non_null(w.at[d]);
  peripheral_input_set(w.at[d], 2, true);
}

/* Killed, and run again by whoever looks after it. */
static void restart_line(void) {
  w.engine = false;
  line_free(w.line);
  start_line();
}

static void begin(uint64_t seed) {
  struct plan_faults faults = {0};
  memset(&w, 0, sizeof w);
  w.random = seed;
  w.now = 1000 * USEC_PER_S;
  w.n = 10;
  assert_int_equal(plan_read(span_str(yaml), &w.plan, &faults), SP_OK);
  plan_faults_free(&faults);
  for (int d = 0; d < doors; d++) {
    memset(w.has[d], d ? 'y' : 'x', osdp_key_bytes);
    w.keys[d].has = true;
    memcpy(w.keys[d].key, w.has[d], osdp_key_bytes);
    hang(d, true);
  }
  start_line();
}

static void end(void) {
  w.engine = false;
  line_free(w.line);
  for (int d = 0; d < doors; d++)
    peripheral_free(w.at[d]);
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
  switch (roll(16)) {
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
    if (roll(8) == 0)
      peripheral_restart(w.at[d], w.now);
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
    peripheral_busy(w.at[d], roll(3));
    break;
  case 13:
    if (roll(3) == 0)
      order_key(d);
    break;
  case 12:
    peripheral_card(w.at[d], 1, 26, span_of(card, 4));
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
  uint32_t locked = 0, closed = 0, drawn = 0, late = 0, rekeyed = 0;
  const char *more = getenv("SALLYPORT_LINE_SEEDS");
  uint64_t seeds = more ? strtoull(more, NULL, 10) : 200;
  for (uint64_t seed = 1; seed <= seeds; seed++) {
    begin(seed);
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
    for (int d = 0; d < doors; d++) /* lost or not: the next session stands with what was kept */
      assert_true(memcmp(w.keys[d].key, w.has[d], osdp_key_bytes) == 0 ||
                  (w.keys[d].has_next && memcmp(w.keys[d].next, w.has[d], osdp_key_bytes) == 0));
    for (int d = 0; d < doors; d++) {
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
    end();
  }
  print_message("%u times drawn, %u closed, %u locked, %u cards late, %u keys\n", drawn, closed,
                locked, late, rekeyed);
  assert_true(drawn > 1000 && closed > 1000 && locked > 2000 && late > 50 && rekeyed > 100);
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
  assert_int_equal(w.said_offline, doors);
  line_engine(w.line, false); /* an engine that was not there then is told when it comes */
  line_engine(w.line, true);
  assert_int_equal(w.said_offline, 2 * doors);
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
  };
  return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
