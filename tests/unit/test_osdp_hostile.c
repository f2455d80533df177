/* A line that is somebody else's: what is recorded and said again, forged, changed, cut, late or
 * endless, at one reader of three; and whoever else asks or answers there. For each: no card is
 * believed that the true reader did not tell, nothing is carried out that was not asked for, it is
 * told, the others are served, and all is well once it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "osdp_bus.h"

#define SECONDS(n) ((n)*USEC_PER_S)
#define MS(n)      ((n)*USEC_PER_MS)

enum {
  hostile_s = 40,
  beside_n = 2,
  readers_n = 1 + beside_n,
  target = 5,
  kept_max = 64,
  told_within_s = 16,
  beginning = 0x100,
  key_at = 8, /* in an answer of the handshake */
  data_at = 10,
};

static const uint8_t keys[readers_n][osdp_key_bytes] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
static const uint8_t other[osdp_key_bytes] = {9, 9, 9};

static struct bus bus;

/* Cards by reader: their numbers begin with 1. */
static struct {
  uint8_t held[readers_n], told[readers_n];
  usec held_at[readers_n][256];
  usec longest[readers_n]; /* from held to told */
  uint32_t seen;           /* of the bus's events */
  uint32_t asked;          /* commands to the first */
} is;

/* --- Who is on the line --- */

struct kept {
  uint8_t bytes[300];
  size_t n;
};
static struct enemy {
  uint64_t random;
  uint32_t n;                 /* answers seen since it began */
  struct kept keep[kept_max]; /* answers of the target */
  uint32_t kept;
  struct kept commands[kept_max]; /* OUT, sealed */
  uint32_t n_commands;
  bool recording;
} enemy;

static uint32_t draw(void) {
  enemy.random = enemy.random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(enemy.random >> 33);
}

/* The frame of or to the target that these bytes are. */
static bool frame_of(const uint8_t *bytes, size_t n, struct osdp_frame *f) {
  size_t used;
  return osdp_frame_find(span_of(bytes, n), f, &used) == OSDP_FOUND_FRAME && f->address == target;
}

static size_t write_frame(uint8_t *out, struct osdp_frame f) {
  f.crc = true;
  out[0] = osdp_mark;
  return 1 + osdp_frame_close(out + 1, osdp_frame_open(out + 1, &f), &f);
}

static void keep(struct kept *k, const uint8_t *bytes, size_t n) {
  k->n = n < sizeof k->bytes ? n : sizeof k->bytes;
  memcpy(k->bytes, bytes, k->n);
}

/* A card that nobody held, as the target would tell it. block 0: in clear. */
static size_t forge(uint8_t *out, uint8_t sequence, uint8_t block, uint8_t code) {
  static const uint8_t card[16] = {0, 1, 16, 0, target, 200}, mac[osdp_mac_bytes] = {1, 2, 3, 4};
  static const uint8_t nak[1] = {OSDP_NAK_SEQUENCE};
  struct osdp_frame f = {.address = target, .reply = true, .sequence = sequence, .block = block};
  f.code = code;
  f.n_key = block && !osdp_block_has_mac(block);
  f.key = f.n_key;
  f.mac = span_of(mac, osdp_block_has_mac(block) ? osdp_mac_bytes : 0);
  f.data = span_of(card, block == OSDP_SCS_18 ? 16 : 6);
  if (code == OSDP_NAK)
    f.data = span_of(nak, 1);
  if (code == OSDP_ACK || code == OSDP_BUSY)
    f.data.n = 0;
  return write_frame(out, f);
}

/* --- What it does: to answers of the target, unless it says otherwise --- */

struct row;
static const struct row *now;
struct row {
  const char *name;
  void (*spoil)(struct osdp_frame *f, uint8_t *bytes, size_t *n);
  void (*intrude)(struct bus *b);
  void (*begin)(struct bus *b, bool on); /* and end */
  uint32_t arg, code;
  bool works;     /* its cards come all the same, so nothing need be told */
  bool slowly;    /* its cards come, but not as they are held */
  bool jams;      /* of the whole line: nobody can be heard */
  usec beside_us; /* the others' cards are told within this */
};

static void say_older(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  const struct kept *last = &enemy.keep[(enemy.kept + kept_max - 1) % kept_max];
  (void)f;
  if (enemy.kept == 0 || last->n != *n || memcmp(last->bytes, bytes, *n) != 0)
    keep(&enemy.keep[enemy.kept++ % kept_max], bytes, *n);
  if (enemy.kept <= now->arg)
    return;
  const struct kept *k = &enemy.keep[(enemy.kept - 1 - now->arg) % kept_max];
  memcpy(bytes, k->bytes, *n = k->n);
}

/* What the reader said in a session that was recorded, from its beginning, in order. */
static void say_session(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  const struct kept *k = &enemy.keep[enemy.n++ % enemy.kept];
  memcpy(bytes, k->bytes, *n = k->n);
}
/* The same, but for what fits the number that was asked with. */
static void say_fitting(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  for (uint32_t i = 0; i < enemy.kept; i++) {
    const struct kept *k = &enemy.keep[enemy.n++ % enemy.kept];
    struct osdp_frame g;
    if (frame_of(k->bytes, k->n, &g) && g.sequence == f->sequence && g.code != OSDP_ACK) {
      memcpy(bytes, k->bytes, *n = k->n);
      return;
    }
  }
}

static void say_forged(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  *n = forge(bytes, f->sequence, (uint8_t)now->arg, (uint8_t)now->code);
}
static void say_forged_first(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  uint8_t first[300];
  size_t more = forge(first, f->sequence, (uint8_t)now->arg, (uint8_t)now->code);
  memmove(bytes + more, bytes, *n);
  memcpy(bytes, first, more);
  *n += more;
}
/* One answer of so many. */
static void say_forged_now_and_then(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  if (osdp_block_has_mac(f->block) && ++enemy.n % 16 == 0)
    *n = forge(bytes, f->sequence, (uint8_t)now->arg, (uint8_t)now->code);
}
static void cut_short(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  (void)bytes;
  *n = *n * now->arg / 100;
}
static void too_much_behind(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  memset(bytes + *n, (int)now->code, now->arg);
  *n += now->arg;
}
/* A length that is not so. */
static void long_header(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  (void)n;
  bytes[3] = (uint8_t)now->arg;
  bytes[4] = (uint8_t)(now->arg >> 8);
}
/* A bit of each so-many-th answer, with a check that is right. */
static void turn_bits(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  if (++enemy.n % now->arg)
    return;
  bytes[6 + draw() % (*n - 8)] ^= (uint8_t)(1u << draw() % 8);
  uint16_t crc = osdp_crc(span_of(bytes + 1, *n - 3));
  bytes[*n - 2] = (uint8_t)crc;
  bytes[*n - 1] = (uint8_t)(crc >> 8);
}
/* A bit of one answer of the handshake; or which key, or what status, its block names. */
static void turn_in(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  if (f->code != now->code)
    return;
  bytes[now->arg] ^= now->arg == key_at ? (f->code == OSDP_RMAC_I ? 0xFE : 1) : 0x10;
  uint16_t crc = osdp_crc(span_of(bytes + 1, *n - 3));
  bytes[*n - 2] = (uint8_t)crc;
  bytes[*n - 1] = (uint8_t)(crc >> 8);
}
static void lose_all(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  (void)f;
  (void)bytes;
  *n = 0;
}

/* All are lost but one in so many seconds: never silent for long enough to be offline. */
static void lose_most(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  static usec last;
  (void)f;
  (void)bytes;
  if (bus.now >= last && bus.now - last < SECONDS(now->arg))
    *n = 0;
  else
    last = bus.now;
}

/* code: the pause between them, in units of 100 us; less than two characters is none. */
static void say_endless(struct bus *b) {
  static usec next;
  uint8_t bytes[8];
  if (b->now < next && next - b->now < SECONDS(1))
    return;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = now->arg == 0x100 ? (uint8_t)draw() : (uint8_t)now->arg;
  next = b->now + (usec)now->code * 100;
  bus_say(b, b->now, true, true, span_of(bytes, now->code > 10 ? sizeof bytes : 2));
}
/* Answers of before, when nobody asked or somebody else was asked. */
static void say_unasked(struct bus *b) {
  const struct kept *k = &enemy.keep[draw() % enemy.kept];
  if (draw() % 8 == 0)
    bus_say(b, b->now, true, false, span_of(k->bytes, k->n));
}
static void inject(struct bus *b) {
  static const uint8_t out[4] = {0, OSDP_OUT_ON, 0, 0}, bytes[16] = {1}, mac[osdp_mac_bytes] = {5};
  static usec next;
  uint8_t frame[300];
  if (b->now < next && next - b->now < SECONDS(5))
    return;
  next = b->now + MS(now->code);
  struct osdp_frame f = {
      .address = target, .sequence = (uint8_t)(1 + draw() % 3), .block = (uint8_t)now->arg};
  if (now->arg == beginning)
    f.block = f.sequence = 0;
  f.n_key = f.block && !osdp_block_has_mac(f.block);
  f.key = f.n_key;
  f.mac = span_of(mac, osdp_block_has_mac(f.block) ? osdp_mac_bytes : 0);
  f.code = f.block == OSDP_SCS_11 ? OSDP_CHLNG : f.block == OSDP_SCS_13 ? OSDP_SCRYPT : OSDP_OUT;
  f.data = f.code == OSDP_OUT && f.block != OSDP_SCS_17
               ? span_of(out, 4)
               : span_of(bytes, f.block == OSDP_SCS_11 ? 8 : 16);
  bus_say(b, b->now, false, true, span_of(frame, write_frame(frame, f)));
}
/* Sealed unlocks of the panel that were recorded, in this session and those before. */
static void inject_again(struct bus *b) {
  static usec next;
  const struct kept *k = &enemy.commands[draw() % (enemy.n_commands ? enemy.n_commands : 1)];
  if (!enemy.n_commands || (b->now < next && next - b->now < SECONDS(5)))
    return;
  next = b->now + MS(130);
  bus_say(b, b->now, false, true, span_of(k->bytes, k->n));
}

static void slow(struct bus *b, bool on) {
  b->slow_us[0] = on ? (usec)now->arg * 100 : 0; /* arg: tenths of a millisecond */
}
static void restarted(struct bus *b, bool on) {
  if (on)
    peripheral_restart(b->at[0], b->now);
}
static void always_busy(struct bus *b, bool on) {
  peripheral_busy(b->at[0], on ? UINT32_MAX : 0);
}
static void swapped(struct bus *b, bool on) {
  b->off[0] = on;
  b->off[readers_n] = !on;
}
static void another_panel(struct bus *b, bool on) {
  static const struct panel_options options = {.baud = 38400};
  if (!on) {
    panel_free(b->second);
    b->second = NULL;
    return;
  }
  struct panel_peripheral x = {.address = target, .security = (enum panel_security)now->arg};
  memcpy(x.key, now->code ? keys[0] : other, sizeof x.key); /* one who has its key */
  b->second = panel_new(&options, &(struct panel_ops){b, bus_random});
  assert_non_null(b->second);
  assert_int_equal(panel_put(b->second, &x, b->now), SP_OK);
  panel_line(b->second, true, b->now);
}
/* A card whenever it is polled, from its first one on. */
static void many_cards(struct bus *b) {
  uint8_t card[2] = {target, (uint8_t)(is.held[0] + 1)};
  if ((uint8_t)(is.held[0] - is.told[0]) < 16 && peripheral_card(b->at[0], 1, 16, span_of(card, 2)))
    is.held_at[0][++is.held[0]] = b->now;
}

/* --- What must be --- */

static void spoil(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct osdp_frame f;
  (void)ctx;
  if (now && now->jams)
    *n = 0; /* what is sent at the same time is nothing */
  if (!frame_of(bytes, *n, &f))
    return;
  if (!reply && f.code == OSDP_OUT && f.block == OSDP_SCS_17)
    keep(&enemy.commands[enemy.n_commands++ % kept_max], bytes, *n);
  enemy.n_commands = enemy.n_commands > kept_max ? kept_max : enemy.n_commands;
  if (!reply && now && now->begin == swapped && f.code == OSDP_SCRYPT)
    fail_msg("%s: it was shown what only one who has the key may see", now->name);
  if (reply && enemy.recording && enemy.kept < kept_max)
    keep(&enemy.keep[enemy.kept++], bytes, *n);
  if (reply && now && now->spoil)
    now->spoil(&f, bytes, n);
}
static void intrude(void *ctx, struct bus *b) {
  (void)ctx;
  if (now && now->intrude)
    now->intrude(b);
}

static void hold(struct bus *b, uint32_t place) {
  uint8_t card[2] = {(uint8_t)(target + place), (uint8_t)(is.held[place] + 1)};
  if (peripheral_card(b->at[place], 1, 16, span_of(card, 2)))
    is.held_at[place][++is.held[place]] = b->now;
}

/* What was told since: the cards that were held, each once, in their order. */
static void look(struct bus *b) {
  for (; is.seen < b->n_events; is.seen++) {
    const struct bus_event *e = &b->events[is.seen];
    if (e->e.kind != PANEL_REPLY || e->e.code != OSDP_RAW)
      continue;
    uint32_t place = (uint32_t)(e->e.address - target);
    assert_in_range(place, 0, readers_n - 1);
    uint8_t number = e->data[5];
    assert_int_equal(e->data[4], e->e.address);
    if ((uint8_t)(number - is.told[place] - 1) >= (uint8_t)(is.held[place] - is.told[place]))
      fail_msg("%s: card %u of reader %u was told, and %u to %u were held", now ? now->name : "",
               number, e->e.address, is.told[place] + 1, is.held[place]);
    is.told[place] = number;
    usec took = e->at - is.held_at[place][number];
    if (!e->e.late && took > MS(panel_offline_ms) + MS(300)) /* the answer itself takes its time */
      fail_msg("%s: a card of %lld ms ago was told as if it were held now", now ? now->name : "",
               (long long)(took / USEC_PER_MS));
    is.longest[place] = took > is.longest[place] ? took : is.longest[place];
  }
  assert_true(b->switched_on[0] <= is.asked);
  assert_true(bus_count(b, PANEL_DONE, target) <= b->switched_on[0]);
}

static bool is_online(struct bus *b, uint32_t place) {
  struct panel_status s;
  return panel_status(b->panel, (uint8_t)(target + place), &s) && s.online && s.secure;
}

static void ask_out(struct bus *b) {
  is.asked += panel_command(b->panel, target, OSDP_OUT, SPAN_LIT("\0\5\1\0"), is.asked + 1,
                            b->now + MS(400), true, b->now) == SP_OK;
}

static void second(struct bus *b) {
  hold(b, 1);
  if (!now ||
      now->spoil != lose_most) /* commands go before polls, and would have all the answers */
    ask_out(b);
  bus_run(b, MS(500));
  hold(b, 0);
  hold(b, 2);
  bus_run(b, MS(500));
  look(b);
}

static struct bus *begin(void) {
  struct bus *b = &bus;
  memset(&is, 0, sizeof is);
  memset(&enemy, 0, sizeof enemy);
  enemy.random = 7;
  now = NULL;
  bus_open(b, 38400);
  for (uint32_t i = 0; i < readers_n; i++) {
    bus_add(b, (uint8_t)(target + i), keys[i]);
    bus_know(b, (uint8_t)(target + i), PANEL_KEY, keys[i]);
  }
  b->off[bus_add(b, target, other)] = true; /* somebody else's, not there yet */
  b->spoil = spoil;
  b->intrude = intrude;
  enemy.recording = true;
  for (uint32_t i = 0; i < readers_n; i++)
    assert_non_null(bus_wait(b, 0, PANEL_ONLINE, (uint8_t)(target + i), SECONDS(3)));
  for (int i = 0; i < 3; i++)
    second(b);
  for (uint32_t i = 0; i < readers_n; i++)
    assert_int_equal(is.told[i], 3);
  assert_int_equal(b->switched_on[0], 3);
  enemy.recording = false;
  return b;
}

/* When it was first told that something is wrong with this one; 0: it was not. */
static usec told_at(struct bus *b, uint32_t from, uint32_t place) {
  for (uint32_t i = from; i < b->n_events; i++)
    if (b->events[i].e.address == target + place &&
        (b->events[i].e.kind == PANEL_OFFLINE || b->events[i].e.kind == PANEL_INSECURE))
      return b->events[i].at;
  return 0;
}
static bool was_told(struct bus *b, uint32_t from, uint32_t place) {
  return told_at(b, from, place) != 0;
}

static void all_is_well(struct bus *b) {
  bus_run(b, SECONDS(15));
  look(b);
  for (uint32_t i = 0; i < readers_n; i++) {
    if (!is_online(b, i))
      fail_msg("%s: reader %u did not come back", now->name, target + i);
    is.longest[i] = 0;
  }
  uint32_t on = b->switched_on[0];
  now = NULL;
  second(b);
  for (uint32_t i = 0; i < readers_n; i++) {
    assert_int_equal(is.told[i], is.held[i]);
    assert_in_range(is.longest[i], 0, MS(400));
  }
  assert_int_equal(b->switched_on[0], on + 1);
}

static void play(const struct row *row) {
  struct bus *b = begin();
  static const struct row over = {"over", NULL, NULL, NULL, 0, 0, true, false, false, 0};
  uint32_t from = b->n_events;
  usec began = b->now;
  now = row;
  if (row->spoil != say_session && row->spoil != say_fitting && row->intrude != say_unasked)
    enemy.kept = 0;
  memset(is.longest, 0, sizeof is.longest);
  if (row->begin)
    row->begin(b, true);
  for (int i = 0; i < hostile_s; i++)
    second(b);
  for (uint32_t i = 1; i < readers_n && !row->jams; i++) {
    if (is.longest[i] > row->beside_us || (uint8_t)(is.held[i] - is.told[i]) > 5)
      fail_msg("%s: reader %u waited for %lld ms, and %u of its cards were not told", row->name,
               target + i, (long long)(is.longest[i] / USEC_PER_MS), is.held[i] - is.told[i]);
    assert_false(was_told(b, from, i));
  }
  if (row->works && !row->slowly && (uint8_t)(is.held[0] - is.told[0]) > 2)
    fail_msg("%s: %u of its cards were not told", row->name, is.held[0] - is.told[0]);
  for (uint32_t i = 0; i < (row->jams ? readers_n : 1); i++)
    if (!row->works && !was_told(b, from, i))
      fail_msg("%s: nothing was told of reader %u", row->name, target + i);
    else if (!row->works)
      assert_in_range(told_at(b, from, i) - began, 0, SECONDS(told_within_s));
  if (row->begin)
    row->begin(b, false);
  now = &over;
  all_is_well(b);
  bus_close(b);
}

/* The others' cards: a round of polls where nothing is lost; else the time that the target is
 * waited for twice besides, as long as it is not offline. */
enum { SERVED = MS(130), WAITED = MS(500) };

static void rows(void **state) {
  static const struct row all[] = {
      {"an answer of one before", say_older, NULL, NULL, 1, 0, false, false, false, WAITED},
      {"an answer of two before", say_older, NULL, NULL, 2, 0, false, false, false, WAITED},
      {"an answer of three before", say_older, NULL, NULL, 3, 0, false, false, false, WAITED},
      {"a recorded session", say_session, NULL, NULL, 0, 0, false, false, false, WAITED},
      {"what fits of a session", say_fitting, NULL, NULL, 0, 0, false, false, false, WAITED},
      {"a card in clear", say_forged, NULL, NULL, 0, OSDP_RAW, false, false, false, WAITED},
      {"a card under SCS_16", say_forged, NULL, NULL, OSDP_SCS_16, OSDP_RAW, false, false, false,
       WAITED},
      {"a card under SCS_18", say_forged, NULL, NULL, OSDP_SCS_18, OSDP_RAW, false, false, false,
       WAITED},
      {"a card under SCS_15", say_forged, NULL, NULL, OSDP_SCS_15, OSDP_RAW, false, false, false,
       WAITED},
      {"a card under SCS_12", say_forged, NULL, NULL, OSDP_SCS_12, OSDP_RAW, false, false, false,
       WAITED},
      {"a card under SCS_14", say_forged, NULL, NULL, OSDP_SCS_14, OSDP_RAW, false, false, false,
       WAITED},
      {"a card under 20", say_forged, NULL, NULL, 0x20, OSDP_RAW, false, false, false, WAITED},
      {"ACK in clear", say_forged, NULL, NULL, 0, OSDP_ACK, false, false, false, WAITED},
      {"NAK in clear", say_forged, NULL, NULL, 0, OSDP_NAK, false, false, false, WAITED},
      {"BUSY in clear", say_forged, NULL, NULL, 0, OSDP_BUSY, false, false, false, WAITED},
      {"a card before the answer", say_forged_first, NULL, NULL, 0, OSDP_RAW, true, false, false,
       SERVED},
      {"a sealed card before it", say_forged_first, NULL, NULL, OSDP_SCS_18, OSDP_RAW, false, false,
       false, WAITED},
      {"NAK before the answer", say_forged_first, NULL, NULL, 0, OSDP_NAK, false, false, false,
       WAITED},
      {"BUSY before the answer", say_forged_first, NULL, NULL, 0, OSDP_BUSY, false, false, false,
       WAITED},
      {"NAK now and then", say_forged_now_and_then, NULL, NULL, 0, OSDP_NAK, false, false, false,
       WAITED},
      {"every bit in turn", turn_bits, NULL, NULL, 1, 0, false, false, false, WAITED},
      {"a bit in three", turn_bits, NULL, NULL, 3, 0, true, false, false, WAITED},
      {"CCRYPT, a bit of its number", turn_in, NULL, restarted, data_at + 8, OSDP_CCRYPT, false,
       false, false, WAITED},
      {"CCRYPT, a bit of its proof", turn_in, NULL, restarted, data_at + 16, OSDP_CCRYPT, false,
       false, false, WAITED},
      {"CCRYPT, of the other key", turn_in, NULL, restarted, key_at, OSDP_CCRYPT, false, false,
       false, WAITED},
      {"RMAC_I, a bit of it", turn_in, NULL, restarted, data_at, OSDP_RMAC_I, false, false, false,
       WAITED},
      {"RMAC_I, that refuses", turn_in, NULL, restarted, key_at, OSDP_RMAC_I, false, false, false,
       WAITED},
      {"nothing of it", lose_all, NULL, NULL, 0, 0, false, false, false, WAITED},
      {"one answer in 4 s", lose_most, NULL, NULL, 4, 0, true, true, false, WAITED},
      {"one answer in 7 s", lose_most, NULL, NULL, 7, 0, true, true, false, WAITED},
      {"its mark alone", cut_short, NULL, NULL, 12, 0, false, false, false, WAITED},
      {"half of it", cut_short, NULL, NULL, 50, 0, false, false, false, WAITED},
      {"all but its end", cut_short, NULL, NULL, 95, 0, false, false, false, WAITED},
      {"600 bytes behind it", too_much_behind, NULL, NULL, 600, 0xFF, true, false, false, SERVED},
      {"beginnings behind it", too_much_behind, NULL, NULL, 600, 0x53, true, false, false, SERVED},
      {"a length of 1440", long_header, NULL, NULL, 1440, 0, false, false, false, WAITED},
      {"a length of 65535", long_header, NULL, NULL, 65535, 0, false, false, false, WAITED},
      {"a length of 0", long_header, NULL, NULL, 0, 0, false, false, false, WAITED},
      {"answers after 199 ms", NULL, NULL, slow, 1990, 0, true, false, false, WAITED},
      {"answers after 201 ms", NULL, NULL, slow, 2010, 0, false, false, false, WAITED},
      {"answers after 330 ms", NULL, NULL, slow, 3300, 0, true, true, false, WAITED},
      {"answers after 1.3 s", NULL, NULL, slow, 13000, 0, true, true, false, WAITED},
      {"answers after 4 s", NULL, NULL, slow, 40000, 0, true, true, false, WAITED},
      {"always busy", NULL, NULL, always_busy, 0, 0, false, false, false, WAITED},
      {"a card at each poll", NULL, many_cards, NULL, 0, 0, true, false, false, SERVED},
      {"answers that nobody asked for", NULL, say_unasked, NULL, 0, 0, true, false, false, WAITED},
      {"bytes with pauses: 00", NULL, say_endless, NULL, 0, 20, true, false, false, SERVED},
      {"bytes with pauses: 53", NULL, say_endless, NULL, 0x53, 20, false, false, false, WAITED},
      {"bytes with pauses: FF", NULL, say_endless, NULL, 0xFF, 20, true, false, false, SERVED},
      {"bytes with pauses", NULL, say_endless, NULL, 0x100, 20, true, false, false, WAITED},
      {"bytes without end: 00", NULL, say_endless, NULL, 0, 4, false, false, true, 0},
      {"bytes without end: 53", NULL, say_endless, NULL, 0x53, 4, false, false, true, 0},
      {"bytes without end: FF", NULL, say_endless, NULL, 0xFF, 4, false, false, true, 0},
      {"bytes without end", NULL, say_endless, NULL, 0x100, 4, false, false, true, 0},
      {"another reader in its place", NULL, NULL, swapped, 0, 0, false, false, false, WAITED},
      {"another panel, in clear", NULL, NULL, another_panel, PANEL_CLEAR, 0, false, false, false,
       WAITED},
      {"another panel, another key", NULL, NULL, another_panel, PANEL_KEY, 0, false, false, false,
       WAITED},
      {"another panel, its key", NULL, NULL, another_panel, PANEL_KEY, 1, false, false, false,
       WAITED},
      {"another panel, SCBK-D", NULL, NULL, another_panel, PANEL_INSTALL, 0, false, false, false,
       WAITED},
      {"unlocks in clear", NULL, inject, NULL, 0, 130, true, false, false, WAITED},
      {"beginnings", NULL, inject, NULL, beginning, 130, false, false, false, WAITED},
      {"unlocks under SCS_15", NULL, inject, NULL, OSDP_SCS_15, 130, true, false, false, WAITED},
      {"unlocks under SCS_17", NULL, inject, NULL, OSDP_SCS_17, 130, true, false, false, WAITED},
      {"unlocks under SCS_18", NULL, inject, NULL, OSDP_SCS_18, 130, true, false, false, WAITED},
      {"challenges", NULL, inject, NULL, OSDP_SCS_11, 130, false, false, false, WAITED},
      {"proofs", NULL, inject, NULL, OSDP_SCS_13, 130, true, false, false, WAITED},
      {"unlocks of before", NULL, inject_again, NULL, 0, 0, true, false, false, WAITED},
  };
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    play(&all[i]);
  }
}

/* --- A long line --- */

enum { many_n = 32, bad_n = 3, good = 9 };
enum bad { BAD_SILENT, BAD_HALF, BAD_HEADER, BAD_NAK, BAD_BUSY, BAD_SLOW, BAD_CARDS };

static void be_bad(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  const enum bad *bad = ctx;
  struct osdp_frame f;
  size_t used;
  if (!reply || osdp_frame_find(span_of(bytes, *n), &f, &used) != OSDP_FOUND_FRAME ||
      f.address < 1 || f.address > bad_n)
    return;
  const uint8_t sequence = OSDP_NAK_SEQUENCE;
  switch (*bad) {
  case BAD_SILENT:
    *n = 0;
    break;
  case BAD_HALF:
    *n /= 2;
    break;
  case BAD_HEADER: /* says that it is as long as a frame may be */
    bytes[3] = (uint8_t)osdp_frame_max;
    bytes[4] = (uint8_t)(osdp_frame_max >> 8);
    break;
  case BAD_NAK:
  case BAD_BUSY:
    *n = write_frame(bytes, (struct osdp_frame){.address = f.address,
                                                .reply = true,
                                                .sequence = f.sequence,
                                                .code = *bad == BAD_NAK ? OSDP_NAK : OSDP_BUSY,
                                                .data = {&sequence, *bad == BAD_NAK}});
    break;
  case BAD_SLOW:
  case BAD_CARDS:
    break;
  }
}

static uint64_t polls_in_20_s(struct bus *b, bool cards) {
  struct panel_status before, after;
  assert_true(panel_status(b->panel, good, &before));
  for (int i = 0; i < 400; i++) {
    static const uint8_t card[2] = {1, 2};
    for (uint32_t k = 1; k <= bad_n && cards; k++)
      while (peripheral_card(b->at[k], 1, 16, span_of(card, 2)))
        ;
    bus_run(b, MS(50));
    b->n_events = 0;
  }
  assert_true(panel_status(b->panel, good, &after) && after.online);
  assert_int_equal(after.sessions, before.sessions);
  return after.polls - before.polls;
}

/* Of 32 readers at 115200 baud three are bad: how often a good one is polled, of what is usual. */
static void the_bad_do_not_stop_the_good(void **state) {
  static const struct {
    enum bad bad;
    uint32_t first,
        later; /* of 100: in the first 20 s, in which they go offline; and from then on */
  } kinds[] = {{BAD_SILENT, 65, 85}, {BAD_HALF, 65, 85}, {BAD_HEADER, 65, 85}, {BAD_NAK, 90, 90},
               {BAD_BUSY, 90, 90},   {BAD_SLOW, 60, 60}, {BAD_CARDS, 85, 85}};
  (void)state;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    struct bus *b = &bus;
    enum bad bad = kinds[i].bad;
    bus_open(b, 115200);
    for (uint32_t k = 0; k < many_n; k++) {
      bus_add(b, (uint8_t)k, keys[0]);
      bus_know(b, (uint8_t)k, PANEL_KEY, keys[0]);
    }
    bus_run(b, SECONDS(5));
    uint64_t usual = polls_in_20_s(b, false);
    b->spoil = be_bad;
    b->spoil_ctx = &bad;
    for (uint32_t k = 1; k <= bad_n && bad == BAD_SLOW; k++)
      b->slow_us[k] = MS(195);
    uint64_t first = polls_in_20_s(b, bad == BAD_CARDS);
    uint64_t later = polls_in_20_s(b, bad == BAD_CARDS);
    if (first * 100 < usual * kinds[i].first || later * 100 < usual * kinds[i].later)
      fail_msg("kind %zu: %u and %u polls, where %u are usual", i, (unsigned)first, (unsigned)later,
               (unsigned)usual);
    bus_close(b);
  }
}

/* --- A card's answer, spoilt in every way there is --- */

static struct {
  size_t at; /* the bit that is turned, or where it is cut */
  bool cut, checked, done;
  size_t n; /* of the answer */
} one;

static void spoil_one(struct osdp_frame *f, uint8_t *bytes, size_t *n) {
  if (f->code != OSDP_RAW || one.done)
    return;
  one.done = true;
  one.n = *n;
  if (one.cut) {
    *n = one.at < *n ? one.at : *n;
    return;
  }
  bytes[1 + one.at / 8] ^= (uint8_t)(1u << one.at % 8);
  uint16_t crc = osdp_crc(span_of(bytes + 1, *n - 3));
  if (one.checked) {
    bytes[*n - 2] = (uint8_t)crc;
    bytes[*n - 1] = (uint8_t)(crc >> 8);
  }
}

/* Told once, soon, in the same session, and as it was. */
static void told_all_the_same(struct bus *b) {
  uint32_t sessions = bus_count(b, PANEL_ONLINE, target);
  uint8_t told = is.told[0];
  one.done = false;
  is.longest[0] = 0;
  hold(b, 0);
  bus_run(b, SECONDS(1));
  look(b);
  assert_true(one.done);
  assert_int_equal(is.told[0], (uint8_t)(told + 1));
  assert_in_range(is.longest[0], 0, MS(400));
  assert_int_equal(bus_count(b, PANEL_ONLINE, target), sessions);
}

static void a_card_with_each_bit_turned(void **state) {
  static const struct row row = {.name = "a bit", .spoil = spoil_one};
  (void)state;
  struct bus *b = begin();
  now = &row;
  memset(&one, 0, sizeof one);
  one.cut = true; /* not at all: how long it is */
  one.at = SIZE_MAX;
  told_all_the_same(b);
  one.cut = false;
  size_t n = one.n - 1;
  assert_in_range(n, 8 + 16 + osdp_mac_bytes, 40);
  for (int checked = 0; checked < 2; checked++)
    for (one.at = 0; one.at < 8 * (checked ? n - 2 : n); one.at++) {
      one.checked = checked;
      told_all_the_same(b);
    }
  assert_false(was_told(b, 0, 0));
  bus_close(b);
}

static void a_card_cut_at_each_length(void **state) {
  static const struct row row = {.name = "a cut", .spoil = spoil_one};
  (void)state;
  struct bus *b = begin();
  now = &row;
  memset(&one, 0, sizeof one);
  one.cut = true;
  for (one.at = 0; one.at <= one.n; one.at++) /* the last one is not cut any more */
    told_all_the_same(b);
  assert_in_range(one.n, 30, 40);
  assert_false(was_told(b, 0, 0));
  bus_close(b);
}

/* An answer that a retry fetches is as old as the question: "nothing new" of before the card was
 * held does not make the card new. */
static uint32_t let;
static void let_some(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct osdp_frame f;
  (void)ctx;
  if (reply && frame_of(bytes, *n, &f) && (let == 0 || let-- == 0))
    *n = 0;
}
static void an_old_answer_makes_nothing_new(void **state) {
  (void)state;
  struct bus *b = begin();
  struct panel_status before, after;
  panel_status(b->panel, target, &before);
  b->spoil = let_some;
  let = 0;
  bus_run(b, MS(200));
  hold(b, 0);
  for (int i = 0; i < 2; i++) { /* ACK, of before; then the card, 6 s later */
    bus_run(b, MS(5000));
    let = 1;
    while (let)
      bus_run(b, MS(10));
    look(b); /* which sees to it that it is told as late */
    panel_status(b->panel, target, &after);
    assert_int_equal(after.replies, before.replies + 1 + (uint32_t)i);
    assert_int_equal(is.told[0], is.held[0] - 1 + i);
  }
  assert_in_range(is.longest[0], SECONDS(11), SECONDS(15));
  assert_false(was_told(b, 0, 0));
  bus_close(b);
}

/* In clear nothing but the number tells an answer that is said twice from the next one. */
static void say_twice(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  (void)ctx;
  if (reply) /* when the next poll has been sent, and its answer has not come */
    bus_say(&bus, bus.now + MS(60), true, false, span_of(bytes, *n));
}
static void in_clear_an_echo_is_no_answer(void **state) {
  (void)state;
  struct bus *b = &bus;
  memset(&is, 0, sizeof is);
  now = NULL;
  bus_open(b, 38400);
  bus_add(b, target, NULL);
  bus_know(b, target, PANEL_CLEAR, NULL);
  b->slow_us[0] = MS(30);
  assert_non_null(bus_wait(b, 0, PANEL_ONLINE, target, SECONDS(3)));
  b->spoil = say_twice;
  for (int i = 0; i < 50; i++) {
    hold(b, 0);
    bus_run(b, MS(200));
    look(b);
  }
  assert_int_equal(is.told[0], 50);
  assert_int_equal(bus_count(b, PANEL_REPLY, target), 50);
  bus_close(b);
}

/* --- The reader's end --- */

static struct kept all_said[256];
static uint32_t all_n;
static void record_commands(void *ctx, bool reply, uint8_t *bytes, size_t *n) {
  struct osdp_frame f;
  (void)ctx;
  if (!reply && frame_of(bytes, *n, &f) && all_n < sizeof all_said / sizeof all_said[0])
    keep(&all_said[all_n++], bytes, *n);
}

/* All that a panel ever said, from the challenge to the last unlock, is said again, in order and
 * then in any other, when the panel is gone. */
static void a_session_said_again_to_the_reader(void **state) {
  (void)state;
  struct bus *b = begin();
  all_n = 0;
  b->spoil = record_commands;
  peripheral_restart(b->at[0], b->now);
  for (int i = 0; i < 4; i++)
    second(b);
  assert_in_range(all_n, 50, 256);
  uint32_t on = b->switched_on[0];
  assert_in_range(on, 6, 7); /* the first waits for a session, and not for long */
  panel_line(b->panel, false, b->now);
  for (uint32_t i = 0; i < 20 * all_n; i++) {
    const struct kept *k = &all_said[i < 2 * all_n ? i % all_n : draw() % all_n];
    bus_say(b, b->now, false, true, span_of(k->bytes, k->n));
    bus_run(b, MS(i % 7 ? 20 : 150));
    assert_false(peripheral_is_secure(b->at[0]) && i > all_n);
  }
  assert_int_equal(b->switched_on[0], on);
  uint8_t held = is.held[0];
  hold(b, 0);
  assert_int_equal(is.held[0], (uint8_t)(held + 1));
  panel_line(b->panel, true, b->now);
  bus_run(b, SECONDS(8));
  look(b);
  assert_true(is_online(b, 0));
  assert_int_equal(is.told[0], is.held[0]); /* nobody else was told */
  bus_close(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows),
      cmocka_unit_test(the_bad_do_not_stop_the_good),
      cmocka_unit_test(a_card_with_each_bit_turned),
      cmocka_unit_test(a_card_cut_at_each_length),
      cmocka_unit_test(an_old_answer_makes_nothing_new),
      cmocka_unit_test(in_clear_an_echo_is_no_answer),
      cmocka_unit_test(a_session_said_again_to_the_reader),
  };
  return cmocka_run_group_tests_name("osdp hostile", tests, NULL, NULL);
}
