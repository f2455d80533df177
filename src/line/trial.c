#include "line/trial.h"

#include "base/record.h"
#include "line/typed_card.h"
#include "line/door_model.h"

#include <stdlib.h>
#include <string.h>

enum { n_outputs_min = 2, n_inputs_min = 2, n_leds = 2, busy_max = 1000 };

struct trial {
  struct trial_ops ops;
  uint8_t reader;
  struct plan_door wired;
  struct peripheral *p;
  struct door_model door;
  usec cut_until; /* TIME_ABSENT: it is on the line */
};

/* --- What happens --- */

static void tell(struct trial *t, const char *what, int number, const char *is) {
  t->ops.event(t->ops.ctx, &(struct trial_event){t->reader, what, number, is, {0}});
}

/* The state of an output or input that means this. */
static bool level(const struct trial *t, enum door_wire w, bool on) {
  return on != !!(t->wired.wiring.inverted & 1u << w);
}

static bool input(struct trial *t, enum door_wire w, bool active) {
  return !plan_door_has(&t->wired, w) ||
         peripheral_input_set(t->p, t->wired.wiring.number[w], level(t, w, active));
}

/* What the contacts say now. That the queue is full is no fault: the last state is told late. */
static void wire(struct trial *t) {
  (void)input(t, WIRE_CONTACT, t->door.open);
  (void)input(t, WIRE_LOCK_MONITOR, door_model_locked(&t->door));
}

static void on_random(void *ctx, void *out, size_t n) {
  struct trial *t = ctx;
  t->ops.random(t->ops.ctx, out, n);
}

static void on_output(void *ctx, uint8_t output, bool on) {
  struct trial *t = ctx;
  tell(t, "output", output, on ? "on" : "off");
  if (output != t->wired.wiring.number[WIRE_STRIKE])
    return;
  bool drawn = level(t, WIRE_STRIKE, on);
  door_model_strike(&t->door, drawn);
  tell(t, "bolt", -1, drawn ? "drawn" : "out");
  wire(t);
}

static void on_led(void *ctx, uint8_t led, enum osdp_color color) {
  static const char *const names[] = {
      [OSDP_BLACK] = "dark",  [OSDP_RED] = "red",    [OSDP_GREEN] = "green",
      [OSDP_AMBER] = "amber", [OSDP_BLUE] = "blue",  [OSDP_MAGENTA] = "magenta",
      [OSDP_CYAN] = "cyan",   [OSDP_WHITE] = "white"};
  tell(ctx, "led", led, names[color]);
}

static void on_buzzer(void *ctx, bool on) {
  tell(ctx, "buzzer", -1, on ? "on" : "off");
}

static void on_text(void *ctx, const struct osdp_text *text) {
  struct trial *t = ctx;
  t->ops.event(t->ops.ctx, &(struct trial_event){t->reader, "text", text->row, NULL, text->text});
}

static void on_comset(void *ctx, const struct osdp_comset *set) {
  tell(ctx, "address", set->address, "taken");
}

static bool on_keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  struct trial *t = ctx;
  bool kept = t->ops.keyset(t->ops.ctx, t->reader, key);
  tell(t, "key", -1, kept ? "set" : "not kept");
  return kept;
}

static void on_secure(void *ctx, bool on) {
  tell(ctx, "session", -1, on ? "secure" : "ended");
}

static void on_panel(void *ctx, bool there) {
  tell(ctx, "panel", -1, there ? "there" : "gone");
}

static void on_mfg(void *ctx, const struct osdp_mfg *mfg) {
  (void)mfg;
  tell(ctx, "manufacturer's command", -1, "taken");
}

/* --- Words --- */

static enum sp_err queued(bool yes, struct fault *why) {
  return yes ? SP_OK
             : fault_set(why, SP_LIMIT, "%d things wait already for the panel to ask",
                         peripheral_queue_max);
}

static enum sp_err do_card(struct trial *t, char *const *w, usec now, struct fault *why) {
  struct typed_card card;
  (void)now;
  enum sp_err err = typed_card_bits(&card, w[1], why);
  if (!err)
    err = queued(peripheral_card(t->p, 1, card.n, span_of(card.bytes, (card.n + 7u) / 8)), why);
  bytes_wipe(&card, sizeof card);
  return err;
}

static enum sp_err do_key(struct trial *t, char *const *w, usec now, struct fault *why) {
  char keys[peripheral_keys_max];
  size_t n = strlen(w[1]);
  (void)now;
  if (n > sizeof keys || strspn(w[1], "0123456789*#") != n)
    return fault_set(why, SP_INVALID, "keys are up to %d of 0 to 9, * and #", peripheral_keys_max);
  for (size_t i = 0; i < n; i++)
    keys[i] = w[1][i] == '*' ? 0x7F : w[1][i] == '#' ? 0x0D : w[1][i];
  enum sp_err err = queued(peripheral_keys(t->p, span_of(keys, n)), why);
  bytes_wipe(keys, sizeof keys);
  return err;
}

static enum sp_err do_open(struct trial *t, char *const *w, usec now, struct fault *why) {
  (void)now;
  if (w[1] && strcmp(w[1], "force") != 0)
    return fault_set(why, SP_INVALID, "`open %.20s`: it is `open`, or `open force`", w[1]);
  bool was = t->door.open;
  if (!door_model_open(&t->door, w[1] != NULL))
    tell(t, "door", -1, "stays closed: locked");
  else if (!was)
    tell(t, "door", -1, "open");
  wire(t);
  return SP_OK;
}

static enum sp_err do_close(struct trial *t, char *const *w, usec now, struct fault *why) {
  (void)w;
  (void)now;
  (void)why;
  if (t->door.open)
    tell(t, "door", -1, "closed");
  door_model_close(&t->door);
  wire(t);
  return SP_OK;
}

static enum sp_err do_rex(struct trial *t, char *const *w, usec now, struct fault *why) {
  (void)w;
  (void)now;
  bool pressed = input(t, WIRE_REX, true);
  bool released = input(t, WIRE_REX, false);
  return queued(pressed && released, why);
}

static bool on_or_off(const char *word, bool *on, struct fault *why) {
  *on = strcmp(word, "on") == 0;
  if (*on || strcmp(word, "off") == 0)
    return true;
  fault_set(why, SP_INVALID, "`%.20s` is neither on nor off", word);
  return false;
}

static enum sp_err do_tamper(struct trial *t, char *const *w, usec now, struct fault *why) {
  bool on;
  (void)now;
  if (!on_or_off(w[1], &on, why))
    return SP_INVALID;
  return queued(peripheral_tamper(t->p, on), why);
}

static enum sp_err do_power(struct trial *t, char *const *w, usec now, struct fault *why) {
  bool on;
  (void)now;
  if (!on_or_off(w[1], &on, why))
    return SP_INVALID;
  return queued(peripheral_power(t->p, !on), why);
}

static enum sp_err do_busy(struct trial *t, char *const *w, usec now, struct fault *why) {
  (void)now;
  size_t n = strlen(w[1]);
  long count = n && n <= 4 && strspn(w[1], "0123456789") == n ? strtol(w[1], NULL, 10) : -1;
  if (count < 0 || count > busy_max)
    return fault_set(why, SP_INVALID, "busy takes a number of commands, 0 to %d", busy_max);
  peripheral_busy(t->p, (uint32_t)count);
  return SP_OK;
}

static enum sp_err do_restart(struct trial *t, char *const *w, usec now, struct fault *why) {
  (void)w;
  (void)why;
  peripheral_restart(t->p, now);
  tell(t, "power", -1, "restarted");
  return SP_OK;
}

static enum sp_err do_cut(struct trial *t, char *const *w, usec now, struct fault *why) {
  usec s;
  if (!trial_seconds(w[1], &s))
    return fault_set(why, SP_INVALID, "`%.20s` are no seconds, like 2 or 0.5", w[1]);
  t->cut_until = now + s;
  tell(t, "line", -1, "cut");
  return SP_OK;
}

static const struct word {
  const char *name, *operands, *doc;
  size_t least, most;
  enum sp_err (*run)(struct trial *t, char *const *words, usec now, struct fault *why);
} rows[] = {
    {"card", "CARD", "a card is read: raw:HEX/BITS or h10301:FACILITY-NUMBER", 1, 1, do_card},
    {"key", "DIGITS", "keys are pressed: 0 to 9, * and #", 1, 1, do_key},
    {"open", "[force]", "the door is opened; a locked one only by force", 0, 1, do_open},
    {"close", "", "the door is closed", 0, 0, do_close},
    {"rex", "", "someone asks to go out", 0, 0, do_rex},
    {"tamper", "on|off", "the reader's case is opened, or closed", 1, 1, do_tamper},
    {"power", "on|off", "the mains are there, or fail", 1, 1, do_power},
    {"busy", "N", "the next N commands are answered BUSY", 1, 1, do_busy},
    {"restart", "", "the power is gone for a moment", 0, 0, do_restart},
    {"cut", "SECONDS", "the reader is off the line for so long", 1, 1, do_cut},
};
enum { rows_n = sizeof rows / sizeof rows[0] };

enum sp_err trial_do(struct trial *t, char *const *words, size_t n, usec now, struct fault *why) {
  char *with_end[trial_words_max + 1] = {0};
  SP_ASSERT(n >= 1 && n <= trial_words_max);
  memcpy(with_end, words, n * sizeof words[0]);
  for (size_t i = 0; i < rows_n; i++) {
    if (strcmp(words[0], rows[i].name) != 0)
      continue;
    if (n - 1 < rows[i].least || n - 1 > rows[i].most)
      return fault_set(why, SP_INVALID, "it is `%s%s%s`", rows[i].name,
                       *rows[i].operands ? " " : "", rows[i].operands);
    return rows[i].run(t, with_end, now, why);
  }
  return fault_set(why, SP_INVALID, "`%.20s` is no word of the reader's: `help` tells them",
                   words[0]);
}

void trial_help(struct buf *out) {
  for (size_t i = 0; i < rows_n; i++)
    buf_printf(out, "%-8s%-9s %s\n", rows[i].name, rows[i].operands, rows[i].doc);
}

bool trial_seconds(const char *text, usec *out) {
  size_t whole = strspn(text, "0123456789"), n = whole;
  if (text[n] == '.')
    n += 1 + strspn(text + n + 1, "0123456789");
  if (whole == 0 || whole > 5 || text[n] || n > 12)
    return false;
  double s = strtod(text, NULL);
  *out = (usec)(s * 1e6);
  return s <= 86400;
}

/* --- The line and time --- */

void trial_input(struct trial *t, struct span bytes, usec now) {
  if (t->cut_until == TIME_ABSENT)
    peripheral_input(t->p, bytes, now);
}

struct span trial_reply(struct trial *t) {
  return peripheral_reply(t->p);
}

usec trial_due(const struct trial *t) {
  usec due = peripheral_due(t->p);
  if (t->cut_until != TIME_ABSENT && (due == TIME_ABSENT || t->cut_until < due))
    due = t->cut_until;
  return due;
}

void trial_tick(struct trial *t, usec now) {
  peripheral_tick(t->p, now);
  if (t->cut_until != TIME_ABSENT && now >= t->cut_until) {
    t->cut_until = TIME_ABSENT;
    tell(t, "line", -1, "back");
  }
}

/* --- Making one --- */

/* As many as are used, the usual ones at least. */
static uint8_t inputs_of(const struct plan_door *d) {
  uint8_t n = n_inputs_min;
  for (enum door_wire w = 0; w < WIRE_COUNT; w++)
    if (w != WIRE_STRIKE && plan_door_has(d, w) && d->wiring.number[w] >= n)
      n = (uint8_t)(d->wiring.number[w] + 1);
  return n;
}

static uint8_t outputs_of(const struct plan_door *d) {
  uint8_t strike = d->wiring.number[WIRE_STRIKE];
  return strike < n_outputs_min ? n_outputs_min : (uint8_t)(strike + 1);
}

struct trial *trial_new(const struct trial_options *options, const struct trial_ops *ops) {
  struct trial *t = sp_alloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->ops = *ops;
  t->reader = options->address;
  t->wired = options->door;
  t->door.drawn = level(t, WIRE_STRIKE, false); /* its output is off */
  t->cut_until = TIME_ABSENT;
  const struct peripheral_ops of_it = {.ctx = t,
                                       .random = on_random,
                                       .output = on_output,
                                       .led = on_led,
                                       .buzzer = on_buzzer,
                                       .text = on_text,
                                       .comset = on_comset,
                                       .keyset = on_keyset,
                                       .secure = on_secure,
                                       .panel = on_panel,
                                       .mfg = on_mfg};
  struct peripheral_options o = {.address = options->address,
                                 .baud = 9600,
                                 .id = {.vendor = {'S', 'P', 'T'},
                                        .model = 1,
                                        .version = 1,
                                        .serial = 1000u + options->address,
                                        .firmware = {0, 1, 0}},
                                 .crc = true,
                                 .secure = true,
                                 .has_key = options->has_key,
                                 .n_inputs = inputs_of(&options->door),
                                 .n_outputs = outputs_of(&options->door),
                                 .n_leds = n_leds,
                                 .display = true,
                                 .buzzer = true,
                                 .keypad = true};
  memcpy(o.key, options->key, sizeof o.key);
  t->p = peripheral_new(&o, &of_it);
  bytes_wipe(o.key, sizeof o.key);
  if (!t->p) {
    sp_free(t);
    return NULL;
  }
  (void)input(t, WIRE_REX, false); /* what is so from the start */
  wire(t);
  return t;
}

void trial_free(struct trial *t) {
  if (!t)
    return;
  peripheral_free(t->p);
  sp_free(t);
}
