#include "sim/readers.h"

#include "engine/json.h"
#include "osdp/peripheral.h"
#include "sim/ask.h"
#include "sim/doors.h"
#include "sim/lines.h"
#include "sim/people.h"
#include "sim/watch.h"

#include <stdio.h>
#include <string.h>

enum {
  reads_max = 32,    /* of a reader, that are remembered */
  releases_max = 16, /* of a door */
  contact_input = 0,
  rex_input = 1,
  lock_input = 2,
  strike_output = 0,
  /* A reader that cannot be reached: 8 s without an answer (panel_offline_ms), or a round of tries
   * on its line if that takes longer, since each waits in vain; and told by the next try that
   * fails, of which those of one reader are 2 s apart. */
  offline_ms = 8000,
  round_ms_a_reader = 300,
  try_ms = 3000,
  /* One that can: asked every 4 s at the latest, and others before it. */
  online_ms = 10000,
  online_ms_a_reader = 1000,
  /* A reader that has begun another session may lose it before its line is told: until then, or
   * until it counts as offline, the line knows of the one before. */
  session_ms = offline_ms + try_ms,
};

struct card_read_at { /* what the reader read */
  struct card_bits bits;
  usec at;
  uint32_t session; /* 0: there was none */
  uint32_t left;    /* how often it may still be told */
  bool asked;       /* for a PIN */
  uint64_t id;      /* of the last request that told it */
};

struct release { /* an unlock that the engine sent to the line */
  uint64_t n;
  uint32_t ms;
};

enum told { TOLD_NOTHING, TOLD_ONLINE, TOLD_OFFLINE };
/* What else it was told: so it is for the journal until it is told otherwise, by any line. */
enum is { IS_INSECURE, IS_TAMPERED, IS_UNPOWERED, IS_COUNT };

struct reader {
  struct readers *all;
  struct slug name, drives; /* drives: the door that is wired to it, or empty */
  struct bus *bus;          /* of its line */
  uint8_t address;
  uint32_t at;   /* of the plan in force; REF_ABSENT: it has none */
  uint32_t door; /* that is wired to it, of the plan in force; REF_ABSENT: none */
  struct peripheral *p;
  bool off;        /* without power */
  bool foreign;    /* another one hangs in its place, whose key nobody knows */
  usec back_at;    /* when either ends */
  usec gone_at;    /* since when it cannot be reached; TIME_ABSENT: it can */
  usec swapped_at; /* since when another can be reached in its place; TIME_ABSENT: none can */
  usec placed_at;  /* when it was hung where it is */
  bool has_key;
  uint8_t key[osdp_key_bytes];
  struct line_key site; /* what the site has of its key */
  usec tick_at;
  bool secure;
  uint32_t session; /* how many there were */
  usec session_at;
  enum told told;
  bool told_is[IS_COUNT], is[IS_COUNT]; /* is: at its own contacts */
  struct card_read_at reads[reads_max];
  uint32_t n_reads;
};

struct wired { /* of a door of the plan in force */
  struct slug name;
  uint32_t reader; /* readers.at; REF_ABSENT */
  struct release releases[releases_max];
  uint32_t n_sent, n_drawn; /* unlocks */
};

struct readers {
  struct world *w;
  struct rng rng;
  const struct plan *plan;
  uint32_t n, n_doors;
  struct reader **at;
  struct wired *doors;
};

static struct reader *of_plan(const struct readers *all, uint32_t reader) {
  for (uint32_t i = 0; i < all->n; i++)
    if (all->at[i]->at == reader)
      return all->at[i];
  return NULL;
}

static struct reader *of_name(const struct readers *all, const char *name) {
  for (uint32_t i = 0; i < all->n; i++)
    if (strcmp(all->at[i]->name.s, name) == 0)
      return all->at[i];
  return NULL;
}

static bool same(const struct slug *a, const struct slug *b) {
  return strcmp(a->s, b->s) == 0;
}

/* --- What the peripheral does --- */

static void on_random(void *ctx, void *out, size_t n) {
  struct reader *r = ctx;
  for (uint8_t *p = out; n; p++, n--)
    *p = (uint8_t)rng_next(&r->all->rng);
}

/* Whoever sets a reader up connects its strike when it has its key: before, it obeys anyone. */
static bool drives_a_door(const struct reader *r, uint8_t output) {
  return output == strike_output && r->door != REF_ABSENT && r->has_key;
}

static void on_output(void *ctx, uint8_t output, bool on) {
  struct reader *r = ctx;
  if (drives_a_door(r, output))
    doors_strike(r->all->w->doors, r->door, on);
}

/* Oracle 2. The newest unlock of that length stands for those before it, which it makes
 * superfluous; that each was carried out at most once their number tells. */
static void on_out(void *ctx, const struct osdp_out *out) {
  struct reader *r = ctx;
  struct readers *all = r->all;
  if (!drives_a_door(r, out->output))
    return;
  struct wired *d = &all->doors[r->door];
  if (out->control == OSDP_OUT_OFF || out->control == OSDP_OUT_NOP)
    return;
  if (out->control != OSDP_OUT_ON_TIMED) {
    watch_complain(all->w->watch,
                   "door %s: its strike was told something else than to open for a time",
                   d->name.s);
    return;
  }
  const struct release *found = NULL;
  for (uint32_t i = 0; i < releases_max && i < d->n_sent && !found; i++) {
    const struct release *x = &d->releases[(d->n_sent - 1 - i) % releases_max];
    if (x->ms / 100 == out->timer || (x->ms < 100 && out->timer == 1))
      found = x;
  }
  d->n_drawn++;
  if (!found || d->n_drawn > d->n_sent)
    watch_complain(all->w->watch,
                   "door %s: its strike is drawn for the %u. time, for %u ms, and the engine has "
                   "said so %u times, not as this",
                   d->name.s, d->n_drawn, out->timer * 100u, d->n_sent);
  else
    doors_release(all->w->doors, r->door, out->timer * 100u, found->n);
}

static void on_text(void *ctx, const struct osdp_text *text) {
  static const struct {
    const char *text, *signal;
  } shows[] = {{"PLEASE ENTER", "granted"},
               {"NO ENTRY", "refused"},
               {"SECOND PERSON", "waiting"},
               {"PIN, THEN #", "pin"}};
  struct reader *r = ctx;
  for (size_t i = 0; i < sizeof shows / sizeof shows[0] && r->at != REF_ABSENT; i++)
    if (span_eq(text->text, span_str(shows[i].text)))
      people_signal(r->all->w->people, r->at, shows[i].signal);
}

static bool on_keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  struct reader *r = ctx;
  if (!r->foreign) {
    memcpy(r->key, key, osdp_key_bytes);
    r->has_key = true;
  }
  return true;
}

static void on_secure(void *ctx, bool on) {
  struct reader *r = ctx;
  r->secure = on;
  r->session += on;
  if (on)
    r->session_at = world_now(r->all->w);
  trace(r->all->w, "reader %s: session %u %s", r->name.s, r->session, on ? "begins" : "is over");
}

/* --- Its time --- */

static void look_at_clock(struct reader *r);

static void on_tick(void *ctx, uint64_t arg) {
  struct reader *r = ctx;
  (void)arg;
  if (world_now(r->all->w) < r->tick_at || !r->p)
    return;
  r->tick_at = 0;
  if (!r->off)
    peripheral_tick(r->p, world_now(r->all->w));
  look_at_clock(r);
}

static void look_at_clock(struct reader *r) {
  usec now = world_now(r->all->w), due = r->off ? TIME_ABSENT : peripheral_due(r->p);
  if (due == TIME_ABSENT || (r->tick_at > now && r->tick_at <= due))
    return;
  r->tick_at = due > now ? due : now + 1;
  queue_put(&r->all->w->queue, r->tick_at, on_tick, r, 0);
}

/* --- What it hears --- */

static usec turnaround(struct reader *r) {
  struct readers *all = r->all;
  if (!all->w->calm && world_strikes(all->w, &all->rng, FAULT_LATE, 1, 200))
    return rng_between(&all->rng, 50, 700) * USEC_PER_MS;
  return rng_between(&all->rng, 300, 3000);
}

void readers_hear(void *reader, struct span bytes) {
  struct reader *r = reader;
  if (r->off)
    return;
  peripheral_input(r->p, bytes, world_now(r->all->w));
  struct span reply = peripheral_reply(r->p);
  if (reply.n)
    bus_say(r->bus, r->address, reply, turnaround(r));
  look_at_clock(r);
}

/* --- What people do --- */

static void set_input(struct reader *r, uint8_t input, bool active) {
  peripheral_input_set(r->p, input, active);
}

void readers_contact(struct readers *all, uint32_t door) {
  struct doors *doors = all->w->doors;
  uint32_t at = door < all->n_doors ? all->doors[door].reader : REF_ABSENT;
  if (at == REF_ABSENT)
    return;
  set_input(all->at[at], contact_input, doors_is_open(doors, door));
  set_input(all->at[at], lock_input, doors_is_locked(doors, door));
}

static void on_rex_end(void *ctx, uint64_t arg) {
  struct reader *r = ctx;
  (void)arg;
  if (r->p)
    set_input(r, rex_input, false);
}

void readers_rex(struct readers *all, uint32_t door) {
  uint32_t at = door < all->n_doors ? all->doors[door].reader : REF_ABSENT;
  if (at == REF_ABSENT)
    return;
  set_input(all->at[at], rex_input, true);
  queue_put(&all->w->queue, world_now(all->w) + USEC_PER_S, on_rex_end, all->at[at], 0);
}

void readers_card(struct readers *all, uint32_t reader, const struct card *card) {
  struct reader *r = of_plan(all, reader);
  struct card_bits bits = card->bits;
  if (!r || r->off)
    return; /* nothing lights up */
  if (!all->w->calm && world_strikes(all->w, &all->rng, FAULT_GARBLE, 1, 60)) {
    uint32_t i = rng_below(&all->rng, bits.n);
    bits.at[i / 8] ^= (uint8_t)(0x80 >> i % 8);
  }
  if (!peripheral_card(r->p, 1, bits.n, span_of(bits.at, (bits.n + 7u) / 8)))
    return; /* too much waits there already */
  trace(all->w, "reader %s: reads %s%s", r->name.s, card->digits,
        r->secure ? "" : ", in no session");
  r->reads[r->n_reads++ % reads_max] = (struct card_read_at){
      .bits = bits, .at = world_now(all->w), .session = r->secure ? r->session : 0, .left = 1};
}

void readers_pin(struct readers *all, uint32_t reader, const char *digits) {
  enum { HASH = 0x0D };
  struct reader *r = of_plan(all, reader);
  uint8_t keys[16];
  size_t n = strlen(digits);
  if (!r || r->off || n + 1 > sizeof keys)
    return;
  memcpy(keys, digits, n);
  keys[n++] = HASH;
  peripheral_keys(r->p, span_of(keys, n));
}

/* --- Oracle 1 --- */

static bool is_value(const struct plan *plan, const struct card_bits *bits, const char *value) {
  struct card_reading card;
  return card_format_read(plan, 1, bits->n, span_of(bits->at, (bits->n + 7u) / 8), &card) ==
             CARD_READ_OK &&
         strcmp(card.hex, value) == 0;
}

/* It was read in the session that stands, or in the last one and the line does not know yet. */
static bool is_of_now(const struct reader *r, const struct card_read_at *x) {
  usec now = world_now(r->all->w);
  return x->session &&
         (x->session == r->session ||
          (x->session + 1 == r->session && now - r->session_at < session_ms * USEC_PER_MS));
}

static void said_pass(struct readers *all, uint64_t id, const char *text, const struct plan *plan) {
  char name[slug_max + 1], value[card_hex_max + 1];
  struct span command = json_find(span_str(text), "command");
  struct span card = json_find(json_find(span_str(text), "secret"), "card");
  struct span v = json_find(card, "value"), n = json_find(command, "reader");
  bool late = json_find(command, "late").p != NULL;
  struct card_read_at *found = NULL;
  bool known = false;
  SP_ASSERT(v.n > 2 && v.n - 2 < sizeof value && n.n > 2 && n.n - 2 < sizeof name);
  snprintf(value, sizeof value, "%.*s", (int)v.n - 2, (const char *)v.p + 1);
  snprintf(name, sizeof name, "%.*s", (int)n.n - 2, (const char *)n.p + 1);
  struct reader *r = of_name(all, name);
  if (!r)
    return; /* of a plan of before: whoever it was is no longer looked at */
  uint32_t first = r->n_reads > reads_max ? r->n_reads - reads_max : 0;
  for (uint32_t i = first; i < r->n_reads && !found; i++) { /* in their order */
    struct card_read_at *x = &r->reads[i % reads_max];
    if (!is_value(plan, &x->bits, value))
      continue;
    known = true;
    if (x->left && (late || is_of_now(r, x)))
      found = x;
  }
  if (!found) {
    watch_complain(
        all->w->watch, "reader %s tells of a card %s%s: %s", name, value, late ? ", late" : "",
        !known ? "it has read no such card"
               : "each time that it read it was told already, or was of another session");
    return;
  }
  found->left--;
  found->id = id;
}

void readers_said(struct readers *all, uint64_t id, const char *text, const struct plan *plan) {
  char name[slug_max + 1], sign[16];
  struct span command = json_find(span_str(text), "command");
  if (!command.p)
    return; /* it subscribes */
  if (strstr(text, "\"type\":\"pass\"")) {
    said_pass(all, id, text, plan);
    return;
  }
  if (!strstr(text, "\"type\":\"reader.report\""))
    return;
  struct span n = json_find(command, "reader"), s = json_find(command, "sign");
  SP_ASSERT(n.n > 2 && n.n - 2 < sizeof name && s.n > 2 && s.n - 2 < sizeof sign);
  snprintf(name, sizeof name, "%.*s", (int)n.n - 2, (const char *)n.p + 1);
  snprintf(sign, sizeof sign, "%.*s", (int)s.n - 2, (const char *)s.p + 1);
  struct reader *r = of_name(all, name);
  static const char *const becomes[IS_COUNT][2] = {
      [IS_INSECURE] = {"secure", "insecure"},
      [IS_TAMPERED] = {"restored", "tampered"},
      [IS_UNPOWERED] = {"power_restored", "power_failed"}};
  if (r && strcmp(sign, "online") == 0)
    r->told = TOLD_ONLINE;
  else if (r && strcmp(sign, "offline") == 0)
    r->told = TOLD_OFFLINE;
  for (int i = 0; r && i < IS_COUNT; i++)
    for (int k = 0; k < 2; k++)
      if (strcmp(sign, becomes[i][k]) == 0)
        r->told_is[i] = k;
}

static void asked_pin(struct card_read_at *x, uint64_t id) {
  if (x->id != id || x->asked)
    return;
  x->asked = true;
  x->left++;
}

/* A PIN is missing: the same card may be told once more, with one or without. */
void readers_answered(struct readers *all, const struct bus *bus, uint64_t id, const char *text) {
  if (!strstr(text, "\"code\":\"pin_missing\""))
    return;
  for (uint32_t i = 0; i < all->n; i++)
    for (uint32_t k = 0; k < reads_max && all->at[i]->bus == bus; k++)
      asked_pin(&all->at[i]->reads[k], id);
}

void readers_untold(struct readers *all, const struct bus *bus) {
  for (uint32_t i = 0; i < all->n; i++) {
    struct reader *r = all->at[i];
    if (r->bus != bus)
      continue;
    r->told = TOLD_NOTHING;
    for (uint32_t k = 0; k < reads_max; k++)
      r->reads[k].id = 0; /* ids begin anew with another process */
  }
}

void readers_effect(struct readers *all, const struct bus *bus, const char *text) {
  char effect[16], name[slug_max + 1];
  reply_string(text, "effect", effect, sizeof effect);
  if (strcmp(effect, "unlock") != 0)
    return;
  reply_string(text, "door", name, sizeof name);
  for (uint32_t i = 0; i < all->n_doors; i++) {
    struct wired *d = &all->doors[i];
    if (strcmp(d->name.s, name) == 0 && d->reader != REF_ABSENT && all->at[d->reader]->bus == bus)
      d->releases[d->n_sent++ % releases_max] =
          (struct release){reply_number(text, "n"), (uint32_t)reply_number(text, "ms")};
  }
}

/* --- Keys --- */

bool readers_key(struct readers *all, const char *reader, struct line_key *key) {
  const struct reader *r = of_name(all, reader);
  if (!r || !(r->site.has || r->site.has_next))
    return false;
  *key = r->site;
  return true;
}

void readers_keep_key(struct readers *all, const char *reader, const struct line_key *key) {
  struct reader *r = of_name(all, reader);
  if (r)
    r->site = *key;
}

/* --- What happens to them --- */

/* Takes it off the wall and puts it, or another one, there. */
static void hang(struct reader *r, bool foreign) {
  struct readers *all = r->all;
  struct peripheral_options o = {.address = r->address,
                                 .baud = 9600,
                                 .id = {{1, 2, 3}, 4, 5, r->address, {7, 8, 9}},
                                 .crc = true,
                                 .secure = true,
                                 .has_key = r->has_key || foreign,
                                 .n_inputs = 3,
                                 .n_outputs = 1,
                                 .n_leds = 1,
                                 .display = true,
                                 .buzzer = true,
                                 .keypad = true};
  memcpy(o.key, r->key, osdp_key_bytes);
  if (foreign)
    on_random(r, o.key, sizeof o.key);
  const struct peripheral_ops ops = {.ctx = r,
                                     .random = on_random,
                                     .out = on_out,
                                     .output = on_output,
                                     .text = on_text,
                                     .keyset = on_keyset,
                                     .secure = on_secure};
  if (r->p)
    peripheral_restart(r->p, world_now(all->w)); /* what it drives, it lets go */
  peripheral_free(r->p);
  r->p = peripheral_new(&o, &ops);
  SP_ASSERT(r->p);
  r->foreign = foreign;
  r->secure = false;
  r->tick_at = 0;
  r->is[IS_TAMPERED] = r->is[IS_UNPOWERED] = false;
  if (r->door != REF_ABSENT)
    readers_contact(all, r->door);
}

static bool answers(const struct reader *r) {
  return !r->off && bus_reaches(r->bus, r->address);
}

static bool reachable(const struct reader *r) {
  return answers(r) && !r->foreign;
}

/* Its case, or its supply. What its queue has no room for it does not tell by itself. */
static void touch(struct reader *r) {
  enum is what = rng_chance(&r->all->rng, 1, 2) ? IS_TAMPERED : IS_UNPOWERED;
  r->is[what] = !r->is[what];
  trace(r->all->w, "FAULT tamper: %s: %s %s", r->name.s,
        what == IS_TAMPERED ? "tamper" : "power failure", r->is[what] ? "begins" : "ends");
  (void)(what == IS_TAMPERED ? peripheral_tamper(r->p, r->is[what])
                             : peripheral_power(r->p, r->is[what]));
}

void readers_second(struct readers *all) {
  struct world *w = all->w;
  usec now = world_now(w);
  for (uint32_t i = 0; i < all->n; i++) {
    struct reader *r = all->at[i];
    if (r->at == REF_ABSENT)
      continue;
    bool over = w->calm || now >= r->back_at;
    if (reachable(r)) /* if only for a moment, before the next thing happens to it */
      r->gone_at = TIME_ABSENT;
    if (r->off && over) {
      trace(w, "reader %s: has power again", r->name.s);
      r->off = false;
      peripheral_restart(r->p, now);
    } else if (r->foreign && over) {
      trace(w, "reader %s: hangs in its place again", r->name.s);
      hang(r, false);
    } else if (over && !w->calm && world_strikes(w, &all->rng, FAULT_READER_POWER, 1, 2400)) {
      trace(w, "FAULT reader-power: %s", r->name.s);
      r->back_at = now + (rng_chance(&all->rng, 1, 2) ? rng_between(&all->rng, 50, 3000)
                                                      : rng_between(&all->rng, 3000, 60000)) *
                             USEC_PER_MS;
      peripheral_restart(r->p, now);
      r->off = true;
    } else if (over && !w->calm && world_strikes(w, &all->rng, FAULT_WRONG_KEY, 1, 4000)) {
      trace(w, "FAULT wrong-key: %s", r->name.s);
      r->back_at = now + rng_between(&all->rng, 5, 90) * USEC_PER_S;
      hang(r, true);
    } else if (!r->off && !w->calm && world_strikes(w, &all->rng, FAULT_TAMPER, 1, 600)) {
      touch(r);
    }
    if (!reachable(r) && r->gone_at == TIME_ABSENT)
      r->gone_at = now;
    bool swapped = answers(r) && r->foreign;
    r->swapped_at = !swapped ? TIME_ABSENT : r->swapped_at == TIME_ABSENT ? now : r->swapped_at;
    look_at_clock(r);
  }
}

/* --- Oracles 3 to 5 --- */

static usec later(usec a, usec b) {
  return a > b ? a : b;
}

/* Nothing but readers has faults: what one says arrives, when it says it. */
static bool undisturbed(const struct world *w) {
  const uint32_t muddles = 1u << FAULT_NOISE | 1u << FAULT_LATE | 1u << FAULT_REPLAY |
                           1u << FAULT_SECOND_PANEL | 1u << FAULT_BUS_CUT;
  return !(w->settings.faults & muddles);
}

static void check_swapped(const struct reader *r, usec swapped, usec limit) {
  const struct world *w = r->all->w;
  if (swapped <= limit || !undisturbed(w))
    return;
  if (!r->told_is[IS_INSECURE] || r->told != TOLD_ONLINE)
    watch_complain(w->watch,
                   "another reader hangs in the place of %s for %lld ms, and the engine is told "
                   "that it is %s and %s",
                   r->name.s, (long long)(swapped / USEC_PER_MS),
                   r->told == TOLD_ONLINE ? "online" : "offline",
                   r->told_is[IS_INSECURE] ? "insecure" : "secure");
}

static void check_status(const struct reader *r) {
  static const char *const names[IS_COUNT] = {
      [IS_TAMPERED] = "tampered with", [IS_UNPOWERED] = "without power"};
  for (int i = IS_TAMPERED; i < IS_COUNT; i++)
    if (r->told_is[i] != r->is[i])
      watch_complain(r->all->w->watch, "reader %s is%s %s, and the engine is told otherwise",
                     r->name.s, r->is[i] ? "" : " not", names[i]);
}

void readers_check(struct readers *all, const struct bus *bus, usec since) {
  const struct world *w = all->w;
  usec now = world_now(w), n = 0;
  for (uint32_t i = 0; i < all->n; i++)
    n += all->at[i]->at != REF_ABSENT && all->at[i]->bus == bus;
  for (uint32_t i = 0; i < all->n && since != TIME_ABSENT; i++) {
    const struct reader *r = all->at[i];
    if (r->at == REF_ABSENT || r->bus != bus)
      continue;
    usec gone = r->gone_at == TIME_ABSENT ? 0 : now - later(since, r->gone_at);
    usec calm_since = later(later(since, r->placed_at), w->settled_at);
    usec here = r->gone_at != TIME_ABSENT || !w->calm ? 0 : now - calm_since;
    usec limit = later(offline_ms, n * round_ms_a_reader) + try_ms;
    if (w->settings.faults & 1u << FAULT_REPLAY)
      limit *= 2; /* its last answer may have been held back: it holds, and comes when it comes */
    usec swapped = r->swapped_at == TIME_ABSENT ? 0 : now - later(since, r->swapped_at);
    usec online_limit = (online_ms + n * online_ms_a_reader) * USEC_PER_MS;
    bool serves = r->told == TOLD_ONLINE && !r->told_is[IS_INSECURE];
    check_swapped(r, swapped, later(limit * USEC_PER_MS, online_limit));
    if (gone > limit * USEC_PER_MS && serves)
      watch_complain(w->watch,
                     "reader %s cannot be reached for %lld ms, and the engine is told that it is "
                     "online",
                     r->name.s, (long long)(gone / USEC_PER_MS));
    if (here > online_limit)
      check_status(r);
    if (here > online_limit && !serves)
      watch_complain(
          w->watch,
          "reader %s can be reached for %lld ms with no fault any more, and is not online",
          r->name.s, (long long)(here / USEC_PER_MS));
  }
}

/* --- --- */

struct readers *readers_new(struct world *w) {
  struct readers *all = sp_alloc(1, sizeof *all);
  SP_ASSERT(all);
  all->w = w;
  all->rng = rng_from(w->settings.seed, "readers");
  return all;
}

void readers_free(struct readers *all) {
  for (uint32_t i = 0; all && i < all->n; i++) {
    peripheral_free(all->at[i]->p);
    sp_free(all->at[i]);
  }
  if (all) {
    sp_free(all->at);
    sp_free(all->doors);
  }
  sp_free(all);
}

static struct reader *add(struct readers *all, const struct plan_reader *p) {
  struct reader *r = sp_alloc(1, sizeof *r);
  all->at = sp_realloc(all->at, (all->n + 1) * sizeof all->at[0]);
  SP_ASSERT(r && all->at);
  *r = (struct reader){.all = all,
                       .name = p->name,
                       .door = REF_ABSENT,
                       .gone_at = TIME_ABSENT,
                       .swapped_at = TIME_ABSENT};
  /* One that is to be set up comes without a key more often than not. */
  r->has_key = p->secure != SECURE_INSTALL || rng_chance(&all->rng, 1, 3);
  on_random(r, r->key, sizeof r->key);
  r->site.has = r->has_key;
  memcpy(r->site.key, r->key, osdp_key_bytes);
  all->at[all->n++] = r;
  return r;
}

static void wire_doors(struct readers *all, const struct plan *plan) {
  struct wired *doors = sp_alloc(plan->n_doors + 1, sizeof *doors);
  SP_ASSERT(doors);
  for (uint32_t d = 0; d < plan->n_doors; d++) {
    for (uint32_t k = 0; k < all->n_doors; k++)
      if (same(&all->doors[k].name, &plan->doors[d].name))
        doors[d] = all->doors[k];
    doors[d].name = plan->doors[d].name;
    doors[d].reader = REF_ABSENT;
  }
  sp_free(all->doors);
  all->doors = doors;
  all->n_doors = plan->n_doors;
}

/* Who is not where they were is taken down and hung up anew, which takes the power off. */
static void place(struct readers *all, struct reader *r, uint32_t at, uint32_t door) {
  const struct plan_reader *p = &all->plan->readers[at];
  struct bus *bus = lines_bus(all->w->lines, &all->plan->lines[p->line].name);
  struct slug drives = {{0}};
  if (door != REF_ABSENT)
    drives = all->plan->doors[door].name;
  bool stays = r->p && r->bus == bus && r->address == p->address && same(&r->drives, &drives);
  r->at = at;
  r->door = door;
  r->drives = drives;
  r->bus = bus;
  r->address = p->address;
  if (!stays) {
    hang(r, false);
    r->told = TOLD_NOTHING;
    r->gone_at = TIME_ABSENT;
    r->placed_at = world_now(all->w);
  }
  bus_attach(bus, r->address, r);
}

void readers_replan(struct readers *all, const struct plan *plan) {
  wire_doors(all, plan);
  all->plan = plan;
  for (uint32_t i = 0; i < all->n; i++) {
    struct reader *r = all->at[i];
    if (r->at != REF_ABSENT)
      bus_attach(r->bus, r->address, NULL);
    else
      r->bus = NULL; /* it hung nowhere */
    r->at = r->door = REF_ABSENT;
  }
  for (uint32_t i = 0; i < plan->n_readers; i++) {
    const struct plan_reader *p = &plan->readers[i];
    if (p->line == NONE16)
      continue; /* nobody runs it */
    struct reader *r = of_name(all, p->name.s);
    struct wired *d = &all->doors[p->door];
    r = r ? r : add(all, p);
    bool first = d->reader == REF_ABSENT;
    for (uint32_t k = 0; k < all->n && first; k++)
      if (all->at[k] == r)
        d->reader = k;
    place(all, r, i, first ? p->door : REF_ABSENT);
  }
  for (uint32_t d = 0; d < plan->n_doors; d++) {
    const struct reader *r =
        all->doors[d].reader == REF_ABSENT ? NULL : all->at[all->doors[d].reader];
    if (!r || !peripheral_output_is_on(r->p, strike_output))
      doors_strike(all->w->doors, d, false);
    readers_contact(all, d);
  }
}
