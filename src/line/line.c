#include "line/line_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void line_say(struct line *l, const char *fmt, ...) {
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  l->io.say(l->io.ctx, text);
}

const char *reader_name(const struct line *l, const struct line_reader *r) {
  return l->plan->readers[r->reader].name.s;
}

const char *door_name(const struct line *l, const struct line_door *d) {
  return l->plan->doors[d->door].name.s;
}

/* --- Commands to readers --- */

enum { tag_index_bits = 16, tag_n_bits = 44 };

static uint64_t tag_of(enum for_what what, uint32_t index, uint64_t n) {
  return (uint64_t)what << (tag_index_bits + tag_n_bits) |
         (uint64_t)(index & 0xFFFF) << tag_n_bits | (n & ((UINT64_C(1) << tag_n_bits) - 1));
}

bool reader_command(struct line *l, struct line_reader *r, uint8_t code, const void *message,
                    enum for_what what, uint32_t index, uint64_t n_entry, usec before) {
  uint8_t data[osdp_data_max];
  size_t n = message ? osdp_encode(osdp_message_of(false, code), message, data, 0) : 0;
  bool urgent = what == FOR_UNLOCK || what == FOR_LOCK;
  return r->online &&
         panel_command(l->panel, r->address, code, span_of(data, n), tag_of(what, index, n_entry),
                       before, urgent, l->io.mono(l->io.ctx)) == SP_OK;
}

struct show { /* times in units of 100 ms */
  uint8_t color, on, off, other;
  uint16_t time; /* 0: for good */
  uint8_t beeps, beep_on, beep_off;
  const char *text;
};
static const struct show shows[] = {
    [LOOK_READY] = {OSDP_BLUE, 1, 0, OSDP_BLACK, 0, 0, 0, 0, NULL},
    [LOOK_GRANTED] = {OSDP_GREEN, 1, 0, OSDP_GREEN, 30, 1, 1, 1, "PLEASE ENTER"},
    [LOOK_REFUSED] = {OSDP_RED, 1, 0, OSDP_RED, 20, 2, 1, 1, "NO ENTRY"},
    [LOOK_WAIT] = {OSDP_AMBER, 3, 3, OSDP_BLACK, 100, 1, 1, 1, "SECOND PERSON"},
    [LOOK_PIN] = {OSDP_AMBER, 1, 1, OSDP_BLACK, 150, 1, 1, 1, "PIN, THEN #"},
    [LOOK_CUT] = {OSDP_RED, 2, 18, OSDP_BLACK, 0, 0, 0, 0, "OUT OF SERVICE"},
};

static bool can(const struct line *l, const struct line_reader *r, uint8_t function) {
  struct panel_status s;
  if (!panel_status(l->panel, r->address, &s))
    return false;
  for (uint32_t i = 0; i < s.n_capabilities; i++)
    if (s.capabilities[i].function == function)
      return s.capabilities[i].compliance != 0;
  return false;
}

int reader_items(const struct line *l, const struct line_reader *r, uint8_t function) {
  struct panel_status s;
  if (!panel_status(l->panel, r->address, &s) || s.n_capabilities == 0)
    return -1;
  for (uint32_t i = 0; i < s.n_capabilities; i++)
    if (s.capabilities[i].function == function)
      return s.capabilities[i].compliance ? s.capabilities[i].number : 0;
  return 0;
}

/* What it cannot show it refuses, and nothing rests on it. */
void reader_show(struct line *l, struct line_reader *r, enum look look) {
  const struct show *s = &shows[look];
  struct osdp_led led = {0};
  if (s->time) {
    led.temp_control = 2;
    led.temp_on = s->on;
    led.temp_off = s->off;
    led.temp_on_color = s->color;
    led.temp_off_color = s->other;
    led.temp_timer = s->time;
  } else {
    led.temp_control = 1;
    led.perm_control = 1;
    led.perm_on = s->on;
    led.perm_off = s->off;
    led.perm_on_color = s->color;
    led.perm_off_color = s->other;
  }
  if (can(l, r, OSDP_CAP_LED))
    (void)reader_command(l, r, OSDP_LED, &led, FOR_NOTHING, 0, 0, TIME_ABSENT);
  const struct osdp_buz buz = {.tone = 2, .on = s->beep_on, .off = s->beep_off, .count = s->beeps};
  if (s->beeps && can(l, r, OSDP_CAP_BUZZER))
    (void)reader_command(l, r, OSDP_BUZ, &buz, FOR_NOTHING, 0, 0, TIME_ABSENT);
  const char *text = s->text ? s->text : "";
  const struct osdp_text shown = {.control = s->time ? 3 : 1,
                                  .seconds = (uint8_t)(s->time / 10),
                                  .row = 1,
                                  .column = 1,
                                  .length = (uint8_t)strlen(text),
                                  .text = span_str(text)};
  if (s->text && can(l, r, OSDP_CAP_TEXT))
    (void)reader_command(l, r, OSDP_TEXT, &shown, FOR_NOTHING, 0, 0, TIME_ABSENT);
}

/* --- Cards and PINs --- */

static void forget_pin(struct line_reader *r) {
  bytes_wipe(r->pin, sizeof r->pin);
  r->n_pin = 0;
  r->pin_done = false;
  r->pin_until = TIME_ABSENT;
}

static void forget_card(struct line_reader *r) {
  bytes_wipe(&r->card, sizeof r->card);
  r->card_until = TIME_ABSENT;
}

static usec pin_end(const struct line *l) {
  return l->io.mono(l->io.ctx) + (usec)pin_wait_ms * USEC_PER_MS;
}

void reader_ask_pin(struct line *l, struct line_reader *r, const struct card_reading *card) {
  r->card = *card;
  r->card_until = pin_end(l);
  forget_pin(r);
  reader_show(l, r, LOOK_PIN);
}

static void on_card(struct line *l, struct line_reader *r, struct span data, bool late) {
  struct osdp_raw raw;
  struct card_reading card;
  if (osdp_decode(osdp_message_of(true, OSDP_RAW), &data, &raw, NULL)) {
    line_say(l, "reader %s: a card whose length does not fit its bits", reader_name(l, r));
    return;
  }
  enum card_read read = card_format_read(l->plan, raw.format, raw.bits, raw.data, &card);
  if (read != CARD_READ_OK) {
    line_say(l, "reader %s: a card of %u bits is not read: %s", reader_name(l, r), raw.bits,
             card_read_texts[read]);
    reader_show(l, r, LOOK_REFUSED);
    return;
  }
  if (late) {
    engine_say_pass(l, r, &card, NULL, true);
    reader_show(l, r, LOOK_REFUSED); /* should the holder stand there: once more */
  } else if (r->pin_done) {
    engine_say_pass(l, r, &card, r->pin, false);
    forget_pin(r);
  } else if (l->plan->readers[r->reader].factors & FACTOR_BIT_PIN && l->engine_up) {
    reader_ask_pin(l, r, &card);
  } else {
    engine_say_pass(l, r, &card, NULL, false);
  }
  bytes_wipe(&card, sizeof card);
}

static void on_key(struct line *l, struct line_reader *r, uint8_t key) {
  enum { STAR = 0x7F, HASH = 0x0D };
  if (key == STAR) {
    forget_pin(r);
    return;
  }
  if (key == HASH && r->n_pin) {
    if (r->card_until == TIME_ABSENT) {
      r->pin_done = true; /* the card may come after it */
      r->pin_until = pin_end(l);
      return;
    }
    engine_say_pass(l, r, &r->card, r->pin, false);
    forget_card(r);
    forget_pin(r);
    return;
  }
  if (key < '0' || key > '9')
    return;
  if (r->pin_done || r->n_pin == pin_max)
    forget_pin(r);
  r->pin[r->n_pin++] = (char)key;
  r->pin[r->n_pin] = 0;
  r->pin_until = pin_end(l);
}

static void on_keys(struct line *l, struct line_reader *r, struct span data, bool late) {
  struct osdp_keypad pad;
  if (late || osdp_decode(osdp_message_of(true, OSDP_KEYPAD), &data, &pad, NULL))
    return; /* of a PIN that was typed while nobody listened nothing is kept */
  for (size_t i = 0; i < pad.keys.n; i++)
    on_key(l, r, pad.keys.p[i]);
}

/* --- Keys --- */

static void make_next(struct line *l, struct line_reader *r) {
  do
    l->io.random(l->io.ctx, r->key.next, osdp_key_bytes);
  while (bytes_are_zero(r->key.next, osdp_key_bytes));
  r->key.has_next = true;
}

/* A session stands with the key of before: the next one never got there. */
static void key_is_kept(struct line *l, struct line_reader *r) {
  if (!r->key.has || !r->key.has_next || r->setting)
    return;
  bytes_wipe(r->key.next, osdp_key_bytes);
  r->key.has_next = false;
  (void)l->io.key_keep(l->io.ctx, reader_name(l, r), &r->key); /* else both are tried again */
  line_say(l, "reader %s: it keeps its old key", reader_name(l, r));
}

/* The key that was ordered, once the reader is there. */
static void set_next_key(struct line *l, struct line_reader *r) {
  if (!r->rekey || r->rekey_sent || !r->online || !r->key.has || r->setting || r->key.has_next)
    return; /* another in the place of one that it may have would lose its key for good */
  make_next(l, r);
  r->rekey_sent = true;
  enum sp_err err = l->io.key_keep(l->io.ctx, reader_name(l, r), &r->key)
                        ? panel_set_key(l->panel, r->address, r->key.next,
                                        tag_of(FOR_NOTHING, 0, 0), l->io.mono(l->io.ctx))
                        : SP_IO; /* and it was said: it is not sent before it is kept */
  r->setting = !err;
  if (!err)
    return;
  key_is_kept(l, r); /* the other never left */
  line_say(l, "reader %s: it gets no other key now: %s; it is tried when it is online again",
           reader_name(l, r), sp_err_name(err));
}

void reader_rekey(struct line *l, struct line_reader *r) {
  if (r->rekey)
    return; /* said again by an engine that was away */
  r->rekey = true;
  if (!r->online)
    line_say(l, "reader %s: another key was ordered; it gets it when it is online",
             reader_name(l, r));
  set_next_key(l, r);
}

/* --- What the panel tells --- */

/* Doors may share a reader: an answer was asked for by one of them. */
static bool is_answer_to(uint64_t tag, uint32_t door) {
  return tag != 0 && ((uint32_t)(tag >> tag_n_bits) & 0xFFFF) == door;
}

static void each_door_at(struct line *l, const struct line_reader *r,
                         void (*what)(struct line *, struct line_door *, const struct panel_event *,
                                      bool),
                         const struct panel_event *e) {
  for (uint32_t i = 0; i < l->n_doors; i++)
    if (&l->readers[l->doors[i].at] == r)
      what(l, &l->doors[i], e, is_answer_to(e->tag, i));
}

static void on_status(struct line *l, struct line_reader *r, struct span data) {
  struct osdp_lstatr s;
  if (osdp_decode(osdp_message_of(true, OSDP_LSTATR), &data, &s, NULL))
    return;
  bool tampered = s.tamper == 1, unpowered = s.power == 1;
  bool news[SAYS_COUNT] = {[SAYS_TAMPER] = !r->has_status || tampered != r->tampered,
                           [SAYS_POWER] = !r->has_status || unpowered != r->unpowered};
  r->has_status = true;
  r->tampered = tampered;
  r->unpowered = unpowered;
  for (uint32_t what = 0; what < SAYS_COUNT; what++)
    if (news[what])
      engine_say_reader(l, (uint32_t)(r - l->readers), (enum reader_says)what);
}

static void on_reply(struct line *l, struct line_reader *r, const struct panel_event *e) {
  switch (e->code) {
  case OSDP_RAW:
    on_card(l, r, e->data, e->late);
    break;
  case OSDP_KEYPAD:
    on_keys(l, r, e->data, e->late);
    break;
  case OSDP_ISTATR:
    each_door_at(l, r, door_inputs, e);
    break;
  case OSDP_OSTATR:
    each_door_at(l, r, door_outputs, e);
    break;
  case OSDP_LSTATR:
    on_status(l, r, e->data);
    break;
  case OSDP_FTSTAT:
  case OSDP_COM:
  case OSDP_RSTATR:
  case OSDP_XRD:
  case OSDP_MFGREP:
    break; /* answers to what is asked elsewhere */
  default:
    line_say(l, "reader %s: a reply of code %02X is not acted upon", reader_name(l, r), e->code);
  }
}

static const char *why_text(const struct line_reader *r, enum panel_why why) {
  if (r->keyless && why != PANEL_WHY_SILENT && why != PANEL_WHY_DROPPED)
    return "there is no key for it: say `secure: install` once";
  switch (why) {
  case PANEL_WHY_SILENT:
    return "it does not answer";
  case PANEL_WHY_WRONG_KEY:
    return "it has another key: it is another reader, or was set up elsewhere";
  case PANEL_WHY_NO_SECURE:
    return "it refuses the secure channel";
  case PANEL_WHY_DEFAULT_KEY:
    return "it has the key that everyone knows, as a new one has: to set it up, remove the key of "
           "the one before from the site's folder lines, with `secure: install` in the plan";
  case PANEL_WHY_MAC:
    return "its answers are not what its key would make of them";
  case PANEL_WHY_RESTARTED:
    return "it loses its session again and again";
  case PANEL_WHY_DROPPED:
    return "the line is cut";
  case PANEL_WHY_NONE:
    break;
  }
  return "it is not there";
}

/* Whether it is online, and if not, whether it answers all the same. The engine is told of the one
 * thing that it is: an engineer looks for another fault where a reader is silent. */
static void set_state(struct line *l, struct line_reader *r, bool online, bool insecure,
                      enum panel_why why) {
  uint32_t index = (uint32_t)(r - l->readers);
  bool was = r->online;
  r->online = online;
  r->insecure = insecure;
  r->heard = true;
  r->has_status = r->has_status && online;
  r->rekey_sent = r->rekey_sent && was;
  forget_card(r);
  forget_pin(r);
  for (uint32_t i = 0; i < l->n_doors; i++)
    if (l->doors[i].at == index)
      door_reader(l, &l->doors[i], online);
  if (online) {
    /* Changes are told by themselves; how it was before, to whoever asks. */
    (void)reader_command(l, r, OSDP_LSTAT, NULL, FOR_NOTHING, 0, 0, TIME_ABSENT);
    reader_show(l, r, l->engine_up ? LOOK_READY : LOOK_CUT);
    if (!was)
      line_say(l, "reader %s: online", reader_name(l, r));
  } else {
    line_say(l, "reader %s: %s%s", reader_name(l, r),
             insecure ? "not secure, so nothing is done with it: " : "", why_text(r, why));
  }
  if (!online || !was) /* also what another process of this line has told: it ends here */
    engine_say_all_of_reader(l, index);
}

static void key_is_set(struct line *l, struct line_reader *r) {
  r->setting = false;
  if (!r->key.has_next)
    return;
  memcpy(r->key.key, r->key.next, osdp_key_bytes);
  bytes_wipe(r->key.next, osdp_key_bytes);
  r->key.has = true;
  r->key.has_next = false;
  if (!l->io.key_keep(l->io.ctx, reader_name(l, r), &r->key))
    return;
  line_say(l, "reader %s: it has its key", reader_name(l, r));
  r->rekey = r->rekey_sent = false;
  engine_say_rekeyed(l, (uint32_t)(r - l->readers));
}

static void on_end(struct line *l, const struct panel_event *e) {
  enum for_what what = (enum for_what)(e->tag >> (tag_index_bits + tag_n_bits));
  uint32_t index = (uint32_t)(e->tag >> tag_n_bits) & 0xFFFF;
  uint64_t n = e->tag & ((UINT64_C(1) << tag_n_bits) - 1);
  if ((what == FOR_UNLOCK || what == FOR_LOCK) && index < l->n_doors)
    door_done(l, &l->doors[index], what, n, e->kind == PANEL_DONE);
}

static struct line_reader *reader_at(struct line *l, uint8_t address) {
  for (uint32_t i = 0; i < l->n_readers; i++)
    if (l->readers[i].address == address)
      return &l->readers[i];
  return NULL;
}

/* Others say that something was wrong with the session, and are no answer to what was asked. */
static bool refuses(uint8_t nak) {
  return nak == OSDP_NAK_LENGTH || nak == OSDP_NAK_COMMAND || nak == OSDP_NAK_RECORD;
}

static void drain(struct line *l) {
  struct panel_event e;
  while (panel_event(l->panel, &e)) {
    struct line_reader *r = reader_at(l, e.address);
    if (!r)
      continue;
    switch (e.kind) {
    case PANEL_ONLINE:
      key_is_kept(l, r); /* with the other, PANEL_KEY_SET was told before */
      set_state(l, r, true, false, e.why);
      set_next_key(l, r);
      break;
    case PANEL_OFFLINE:
      set_state(l, r, false, false, e.why);
      break;
    case PANEL_INSECURE:
      set_state(l, r, false, true, e.why);
      break;
    case PANEL_REPLY:
      on_reply(l, r, &e);
      break;
    case PANEL_QUIET:
      for (uint32_t i = 0; i < l->n_doors; i++)
        if (&l->readers[l->doors[i].at] == r)
          door_quiet(l, &l->doors[i]);
      break;
    case PANEL_KEY_SET:
      key_is_set(l, r);
      break;
    case PANEL_FAILED:
      if (e.code == OSDP_KEYSET) { /* what was ordered stays so */
        r->setting = false;
        r->rekey_sent = refuses(e.nak); /* then it is not tried again until it was away */
        key_is_kept(l, r);
      }
      on_end(l, &e);
      break;
    case PANEL_LOST:
      if (e.code == OSDP_KEYSET)
        r->setting = r->rekey_sent = false; /* which of the two it has, its next session tells */
      on_end(l, &e);
      break;
    case PANEL_DONE:
      on_end(l, &e);
      break;
    }
  }
}

/* --- From outside --- */

void engine_lost(struct line *l) {
  for (uint32_t i = 0; i < asked_max; i++)
    bytes_wipe(&l->asked[i], sizeof l->asked[i]);
  for (uint32_t i = 0; i < l->n_doors; i++)
    door_lock(l, &l->doors[i], 0);
  for (uint32_t i = 0; i < l->n_readers; i++) {
    forget_card(&l->readers[i]);
    forget_pin(&l->readers[i]);
    reader_show(l, &l->readers[i], LOOK_CUT);
  }
  line_say(l, "the engine is gone: everything is locked");
}

void line_port(struct line *l, bool up) {
  l->port_up = up;
  panel_line(l->panel, up, l->io.mono(l->io.ctx));
  drain(l);
}

void line_bytes(struct line *l, struct span bytes) {
  panel_input(l->panel, bytes, l->io.mono(l->io.ctx));
  drain(l);
}

struct span line_output(struct line *l) {
  struct span out = panel_output(l->panel, l->io.mono(l->io.ctx));
  drain(l); /* who was given up meanwhile */
  return out;
}

usec line_due(const struct line *l) {
  usec due = panel_due(l->panel);
  for (uint32_t i = 0; i < l->n_doors; i++) {
    usec d = door_due(&l->doors[i]);
    due = d != TIME_ABSENT && (due == TIME_ABSENT || d < due) ? d : due;
  }
  if (l->sure_at != TIME_ABSENT && (due == TIME_ABSENT || l->sure_at < due))
    due = l->sure_at;
  for (uint32_t i = 0; i < l->n_readers; i++) {
    const usec ends[] = {l->readers[i].card_until, l->readers[i].pin_until};
    for (int k = 0; k < 2; k++)
      due = ends[k] != TIME_ABSENT && (due == TIME_ABSENT || ends[k] < due) ? ends[k] : due;
  }
  return due;
}

/* Who has not answered by now is not there. */
static void tell_missing(struct line *l) {
  l->sure_at = TIME_ABSENT;
  for (uint32_t i = 0; i < l->n_readers; i++)
    if (!l->readers[i].heard)
      engine_say_reader(l, i, SAYS_ONLINE);
}

void line_tick(struct line *l) {
  usec now = l->io.mono(l->io.ctx);
  if (l->sure_at != TIME_ABSENT && now >= l->sure_at)
    tell_missing(l);
  for (uint32_t i = 0; i < l->n_doors; i++)
    door_tick(l, &l->doors[i], now);
  for (uint32_t i = 0; i < l->n_readers; i++) {
    struct line_reader *r = &l->readers[i];
    if (r->card_until != TIME_ABSENT && now >= r->card_until) {
      engine_say_pass(l, r, &r->card, "", false); /* no PIN came: that is decided too, once */
      forget_card(r);
    }
    if (r->pin_until != TIME_ABSENT && now >= r->pin_until)
      forget_pin(r);
  }
  drain(l);
}

/* Gives the reader to the panel, as the plan wants it. */
static enum sp_err put(struct line *l, struct line_reader *r, struct fault *why) {
  struct panel_peripheral x = {.address = r->address};
  enum secure want = (enum secure)l->plan->readers[r->reader].secure;
  if (want != SECURE_NONE)
    (void)l->io.key_read(l->io.ctx, reader_name(l, r), &r->key);
  if (want == SECURE_INSTALL && !r->key.has) {
    if (!r->key.has_next)
      make_next(l, r);
    if (!l->io.key_keep(l->io.ctx, reader_name(l, r), &r->key))
      return fault_set(why, SP_IO, "the first key of %s could not be kept", reader_name(l, r));
    x.security = PANEL_INSTALL;
    memcpy(x.key, r->key.next, osdp_key_bytes);
  } else if (want != SECURE_NONE && r->key.has) {
    x.security = PANEL_KEY;
    memcpy(x.key, r->key.key, osdp_key_bytes);
    x.has_next = r->key.has_next;
    memcpy(x.next_key, r->key.next, osdp_key_bytes);
  } else if (want != SECURE_NONE) {
    r->keyless = true;
    x.security = PANEL_KEY; /* that nobody has: what it tells is whether anyone answers */
    l->io.random(l->io.ctx, x.key, sizeof x.key);
    line_say(l,
             "reader %s: there is no key for it, and the plan asks for one: say `secure: install` "
             "once",
             reader_name(l, r));
  }
  enum sp_err err = panel_put(l->panel, &x, l->io.mono(l->io.ctx));
  bytes_wipe(&x, sizeof x);
  return err ? fault_set(why, err, "reader %s: out of memory", reader_name(l, r)) : SP_OK;
}

/* --- Its beginning and end --- */

static enum sp_err add_readers(struct line *l, struct fault *why) {
  const struct plan *p = l->plan;
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->line != l->index)
      continue;
    struct line_reader *x = &l->readers[l->n_readers++];
    *x = (struct line_reader){
        .reader = i, .address = r->address, .card_until = TIME_ABSENT, .pin_until = TIME_ABSENT};
    enum sp_err err = put(l, x, why);
    if (err)
      return err;
  }
  return SP_OK;
}

static void add_doors(struct line *l) {
  const struct plan *p = l->plan;
  SP_ASSERT(l->readers && l->doors);
  for (uint32_t i = 0; i < p->n_doors; i++) {
    uint16_t board = plan_door_board(p, i, l->index);
    for (uint32_t r = 0; r < l->n_readers; r++)
      if (l->readers[r].reader == board)
        l->doors[l->n_doors++] = (struct line_door){.door = i,
                                                    .at = r,
                                                    .has_contact = p->doors[i].contact,
                                                    .has_monitor = p->doors[i].lock_monitor,
                                                    .carried = 1,
                                                    .ask_at = TIME_ABSENT,
                                                    .say_at = TIME_ABSENT};
  }
}

enum sp_err line_new(struct line **out, const struct plan *plan, uint32_t index,
                     const struct line_io *io, struct fault *why) {
  struct line *l = sp_alloc(1, sizeof *l);
  *out = l;
  if (!l)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  l->plan = plan;
  l->index = index;
  l->io = *io;
  l->sure_at = io->mono(io->ctx) + panel_offline_ms * USEC_PER_MS;
  const struct panel_options options = {
      .baud = plan->lines[index].kind == LINE_SERIAL ? plan->lines[index].baud : 0};
  const struct panel_ops ops = {io->ctx, io->random};
  l->readers = sp_alloc(plan->n_readers + 1, sizeof *l->readers);
  l->doors = sp_alloc(plan->n_doors + 1, sizeof *l->doors);
  l->panel = panel_new(&options, &ops);
  enum sp_err err = l->readers && l->doors && l->panel
                        ? add_readers(l, why)
                        : fault_set(why, SP_NO_MEMORY, "out of memory");
  if (err) {
    line_free(l);
    *out = NULL;
    return err;
  }
  add_doors(l);
  return SP_OK;
}

void line_free(struct line *l) {
  if (!l)
    return;
  panel_free(l->panel);
  if (l->readers)
    bytes_wipe(l->readers, l->n_readers * sizeof *l->readers);
  sp_free(l->readers);
  sp_free(l->doors);
  buf_free(&l->out);
  bytes_wipe(l, sizeof *l);
  sp_free(l);
}
