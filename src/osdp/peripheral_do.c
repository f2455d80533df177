#include "osdp/peripheral_int.h"

#include <string.h>

/* --- Outputs --- */

static void set_output(struct peripheral *p, uint32_t i, bool on) {
  struct strike *o = &p->outputs[i];
  if (o->on != on && p->ops.output)
    p->ops.output(p->ops.ctx, (uint8_t)i, on);
  o->on = on;
}

bool peripheral_output_is_on(const struct peripheral *p, uint8_t output) {
  return output < p->is.n_outputs && p->outputs[output].on;
}

static uint8_t do_out(struct peripheral *p, const struct osdp_out *c) {
  if (c->output >= p->is.n_outputs || c->control > OSDP_OUT_OFF_TIMED)
    return OSDP_NAK_COMMAND;
  struct strike *o = &p->outputs[c->output];
  bool timed = c->control == OSDP_OUT_ON_TIMED || c->control == OSDP_OUT_OFF_TIMED;
  bool on = c->control == OSDP_OUT_ON || c->control == OSDP_OUT_ON_AFTER ||
            c->control == OSDP_OUT_ON_TIMED;
  bool after = c->control == OSDP_OUT_OFF_AFTER || c->control == OSDP_OUT_ON_AFTER;
  if (c->control == OSDP_OUT_NOP)
    return 0;
  if (timed && c->timer == 0)
    return OSDP_NAK_RECORD; /* for no time at all */
  if (after && o->until != TIME_ABSENT) {
    o->after = on;
    return 0;
  }
  o->after = timed ? !on : on;
  o->until = timed ? p->now + (usec)c->timer * unit_ms * USEC_PER_MS : TIME_ABSENT;
  set_output(p, c->output, on);
  return 0;
}

/* --- LEDs and buzzer --- */

/* Colour at this time, and when it changes next. */
static uint8_t blinks(const struct blink *b, usec began, usec now, usec *next) {
  usec on = (usec)b->on * unit_ms * USEC_PER_MS, off = (usec)b->off * unit_ms * USEC_PER_MS;
  *next = TIME_ABSENT;
  if (off == 0)
    return b->on_color;
  if (on == 0)
    return b->off_color;
  usec into = (now - began) % (on + off);
  *next = now - into + (into < on ? on : on + off);
  return into < on ? b->on_color : b->off_color;
}

static usec sooner(usec a, usec b) {
  return a == TIME_ABSENT ? b : b == TIME_ABSENT ? a : a < b ? a : b;
}

static uint8_t lamp_now(const struct lamp *l, usec now, usec *next) {
  uint8_t color = blinks(l->is_temporary ? &l->temporary : &l->permanent, l->began, now, next);
  if (l->is_temporary)
    *next = sooner(*next, l->until);
  return color;
}

static void show(struct peripheral *p, uint32_t i) {
  struct lamp *l = &p->leds[i];
  usec next;
  if (l->is_temporary && p->now >= l->until)
    l->is_temporary = false;
  uint8_t color = lamp_now(l, p->now, &next);
  if (color != l->shown && p->ops.led)
    p->ops.led(p->ops.ctx, (uint8_t)i, (enum osdp_color)color);
  l->shown = color;
}

static uint8_t do_led(struct peripheral *p, const struct osdp_led *c) {
  if (c->led >= p->is.n_leds || c->temp_control > 2 || c->perm_control > 1 ||
      c->temp_on_color > OSDP_WHITE || c->temp_off_color > OSDP_WHITE ||
      c->perm_on_color > OSDP_WHITE || c->perm_off_color > OSDP_WHITE)
    return OSDP_NAK_COMMAND;
  if ((c->perm_control == 1 && c->perm_on == 0 && c->perm_off == 0) ||
      (c->temp_control == 2 && (c->temp_timer == 0 || (c->temp_on == 0 && c->temp_off == 0))))
    return OSDP_NAK_RECORD;
  struct lamp *l = &p->leds[c->led];
  if (c->perm_control == 1) {
    l->permanent = (struct blink){c->perm_on, c->perm_off, c->perm_on_color, c->perm_off_color};
    l->began = l->is_temporary ? l->began : p->now;
  }
  if (c->temp_control == 1)
    l->is_temporary = false;
  if (c->temp_control == 2) {
    l->temporary = (struct blink){c->temp_on, c->temp_off, c->temp_on_color, c->temp_off_color};
    l->is_temporary = true;
    l->began = p->now;
    l->until = p->now + (usec)c->temp_timer * unit_ms * USEC_PER_MS;
  }
  show(p, c->led);
  return 0;
}

static bool buzzer_now(const struct peripheral *p, usec *next) {
  usec on = (usec)p->buzzer.on * unit_ms * USEC_PER_MS;
  usec off = (usec)p->buzzer.off * unit_ms * USEC_PER_MS;
  *next = TIME_ABSENT;
  if (p->buzzer.tone != 2 || on == 0)
    return false;
  usec into = p->now - p->buzzer_began, round = into / (on + off);
  if (p->buzzer.count && round >= p->buzzer.count)
    return false;
  bool sounds = into % (on + off) < on;
  *next = p->buzzer_began + round * (on + off) + (sounds ? on : on + off);
  return sounds;
}

static void sound(struct peripheral *p) {
  usec next;
  bool on = buzzer_now(p, &next);
  if (on != p->buzzer_on && p->ops.buzzer)
    p->ops.buzzer(p->ops.ctx, on);
  p->buzzer_on = on;
}

/* --- Timers --- */

void peripheral_dark(struct peripheral *p) {
  for (uint32_t i = 0; i < peripheral_outputs_max; i++) {
    set_output(p, i, false);
    p->outputs[i].until = TIME_ABSENT;
  }
  for (uint32_t i = 0; i < peripheral_leds_max; i++) {
    p->leds[i].is_temporary = false;
    p->leds[i].permanent = (struct blink){0};
    show(p, i);
  }
  p->buzzer = (struct osdp_buz){0};
  sound(p);
}

usec peripheral_due(const struct peripheral *p) {
  usec due = TIME_ABSENT, next;
  for (uint32_t i = 0; i < p->is.n_outputs; i++)
    due = sooner(due, p->outputs[i].until);
  for (uint32_t i = 0; i < p->is.n_leds; i++) {
    lamp_now(&p->leds[i], p->now, &next);
    due = sooner(due, next);
  }
  buzzer_now(p, &next);
  due = sooner(due, next);
  if (p->panel_there)
    due = sooner(due, p->polled_at + (usec)panel_lost_ms * USEC_PER_MS);
  return due;
}

void peripheral_tick(struct peripheral *p, usec now) {
  p->now = now;
  for (uint32_t i = 0; i < p->is.n_outputs; i++) {
    struct strike *o = &p->outputs[i];
    if (o->until != TIME_ABSENT && now >= o->until) {
      o->until = TIME_ABSENT;
      set_output(p, i, o->after);
    }
  }
  for (uint32_t i = 0; i < p->is.n_leds; i++)
    show(p, i);
  sound(p);
  if (p->panel_there && now - p->polled_at >= (usec)panel_lost_ms * USEC_PER_MS) {
    p->panel_there = false;
    if (p->ops.panel)
      p->ops.panel(p->ops.ctx, false);
  }
}

/* --- What waits to be polled for --- */

static bool put(struct peripheral *p, uint8_t code, const void *message) {
  uint8_t data[osdp_data_max];
  size_t n = osdp_encode(osdp_message_of(true, code), message, data, 0);
  bool room = n <= queued_data_max && p->n_queue < peripheral_queue_max;
  if (room) {
    struct queued *q = &p->queue[p->n_queue++];
    q->code = code;
    q->n = (uint8_t)n;
    memcpy(q->data, data, n);
  }
  bytes_wipe(data, sizeof data);
  return room;
}

/* A status is told as it is when it is polled for: one at a time waits. */
static bool put_status(struct peripheral *p, uint8_t code) {
  for (uint32_t i = 0; i < p->n_queue; i++)
    if (p->queue[i].code == code)
      return true;
  if (p->n_queue == peripheral_queue_max)
    return false;
  p->queue[p->n_queue++] = (struct queued){.code = code};
  return true;
}

bool peripheral_card(struct peripheral *p, uint8_t format, uint16_t bits, struct span data) {
  const struct osdp_raw raw = {.format = format, .bits = bits, .data = data};
  return data.n == (bits + 7u) / 8 && data.n <= queued_data_max - 4 && put(p, OSDP_RAW, &raw);
}

bool peripheral_keys(struct peripheral *p, struct span keys) {
  const struct osdp_keypad pad = {.count = (uint8_t)keys.n, .keys = keys};
  return p->is.keypad && keys.n && keys.n <= queued_data_max - 2 && put(p, OSDP_KEYPAD, &pad);
}

bool peripheral_input_set(struct peripheral *p, uint8_t input, bool active) {
  if (input >= p->is.n_inputs)
    return false;
  bool changed = p->inputs[input] != active;
  p->inputs[input] = active;
  return !changed || put_status(p, OSDP_ISTATR);
}

bool peripheral_tamper(struct peripheral *p, bool tampered) {
  p->tampered = tampered;
  return put_status(p, OSDP_LSTATR);
}

bool peripheral_power(struct peripheral *p, bool failed) {
  p->power_failed = failed;
  return put_status(p, OSDP_LSTATR);
}

static void tell(struct peripheral *p, uint8_t code, struct answer *a) {
  a->code = code;
  if (code == OSDP_LSTATR) {
    a->data[a->n++] = p->tampered;
    a->data[a->n++] = p->power_failed;
  }
  for (uint32_t i = 0; code == OSDP_ISTATR && i < p->is.n_inputs; i++)
    a->data[a->n++] = p->inputs[i];
  for (uint32_t i = 0; code == OSDP_OSTATR && i < p->is.n_outputs; i++)
    a->data[a->n++] = p->outputs[i].on;
  if (code == OSDP_RSTATR)
    a->data[a->n++] = 0; /* the one reader, which is well */
}

void peripheral_poll(struct peripheral *p, struct answer *a) {
  if (p->n_queue == 0)
    return;
  struct queued *q = &p->queue[0];
  a->code = q->code;
  a->n = q->n;
  memcpy(a->data, q->data, q->n);
  if (q->n == 0)
    tell(p, q->code, a);
  bytes_wipe(q, sizeof *q);
  memmove(q, q + 1, --p->n_queue * sizeof *q);
}

/* --- Commands --- */

static uint8_t do_id(struct peripheral *p, struct answer *a) {
  a->code = OSDP_PDID;
  a->n = osdp_encode(osdp_message_of(true, OSDP_PDID), &p->is.id, a->data, 0);
  return 0;
}

static uint8_t do_cap(struct peripheral *p, struct answer *a) {
  const struct osdp_pdcap all[] = {
      {OSDP_CAP_INPUTS, 1, p->is.n_inputs},
      {OSDP_CAP_OUTPUTS, 4, p->is.n_outputs},
      {OSDP_CAP_CARD_FORMAT, 1, 0},
      {OSDP_CAP_LED, 4, p->is.n_leds},
      {OSDP_CAP_BUZZER, p->is.buzzer ? 2 : 0, p->is.buzzer},
      {OSDP_CAP_TEXT, p->is.display, p->is.display},
      {OSDP_CAP_CHECK, p->is.crc, 0},
      {OSDP_CAP_SECURITY, p->is.secure, p->is.secure && !p->is.has_key},
      {OSDP_CAP_RECEIVE, osdp_frame_max & 0xFF, osdp_frame_max >> 8},
      {OSDP_CAP_READERS, 0, 1},
      {OSDP_CAP_VERSION, 2, 0},
  };
  a->code = OSDP_PDCAP;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    a->n = osdp_encode(osdp_message_of(true, OSDP_PDCAP), &all[i], a->data, a->n);
  return 0;
}

static uint8_t do_text(struct peripheral *p, const struct osdp_text *t) {
  if (!p->is.display)
    return OSDP_NAK_COMMAND;
  if (t->control < 1 || t->control > 4 || t->row == 0 || t->column == 0)
    return OSDP_NAK_RECORD;
  if (p->ops.text)
    p->ops.text(p->ops.ctx, t);
  return 0;
}

static uint8_t do_buz(struct peripheral *p, const struct osdp_buz *b) {
  if (!p->is.buzzer)
    return OSDP_NAK_COMMAND;
  p->buzzer = *b;
  p->buzzer_began = p->now;
  sound(p);
  return 0;
}

static uint8_t do_comset(struct peripheral *p, const struct osdp_comset *c, struct answer *a) {
  static const uint32_t speeds[] = {9600, 19200, 38400, 57600, 115200, 230400};
  bool known = false;
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
    known |= speeds[i] == c->baud;
  p->comset = (struct osdp_comset){c->address <= osdp_address_max ? c->address : p->is.address,
                                   known ? c->baud : p->is.baud};
  p->comset_waits = true;
  a->code = OSDP_COM;
  a->n = osdp_encode(osdp_message_of(true, OSDP_COM), &p->comset, a->data, 0);
  return 0;
}

/* Commands of which one record or several follow each other; each must be good before any is done.
 */
static uint8_t do_records(struct peripheral *p, const struct osdp_message *m, struct span data) {
  union {
    struct osdp_out out;
    struct osdp_led led;
  } u;
  struct span left = data;
  if (data.n == 0)
    return OSDP_NAK_LENGTH;
  while (left.n)
    if (osdp_decode(m, &left, &u, NULL))
      return OSDP_NAK_LENGTH;
  uint8_t reason = 0;
  for (left = data; left.n && !reason;) {
    if (osdp_decode(m, &left, &u, NULL))
      return OSDP_NAK_LENGTH;
    reason = m->code == OSDP_OUT ? do_out(p, &u.out) : do_led(p, &u.led);
  }
  return reason;
}

uint8_t peripheral_do(struct peripheral *p, uint8_t code, struct span data, struct answer *a) {
  const struct osdp_message *m = osdp_message_of(false, code);
  union {
    struct osdp_select select;
    struct osdp_buz buz;
    struct osdp_text text;
    struct osdp_comset comset;
    struct osdp_mfg mfg;
    struct osdp_acurxsize size;
    struct osdp_keepactive active;
  } u;
  if (!m)
    return OSDP_NAK_COMMAND;
  if (code == OSDP_OUT || code == OSDP_LED)
    return do_records(p, m, data);
  bool known = code == OSDP_POLL || code == OSDP_ID || code == OSDP_CAP || code == OSDP_LSTAT ||
               code == OSDP_ISTAT || code == OSDP_OSTAT || code == OSDP_RSTAT || code == OSDP_BUZ ||
               code == OSDP_TEXT || code == OSDP_COMSET || code == OSDP_ACURXSIZE ||
               code == OSDP_MFG || code == OSDP_ABORT || code == OSDP_KEEPACTIVE;
  if (!known)
    return OSDP_NAK_COMMAND;
  if (osdp_decode(m, &data, &u, NULL))
    return OSDP_NAK_LENGTH;
  switch (code) {
  case OSDP_POLL:
    peripheral_poll(p, a);
    return 0;
  case OSDP_ID:
    return do_id(p, a);
  case OSDP_CAP:
    return do_cap(p, a);
  case OSDP_LSTAT:
    tell(p, OSDP_LSTATR, a);
    return 0;
  case OSDP_ISTAT:
    tell(p, OSDP_ISTATR, a);
    return p->is.n_inputs ? 0 : OSDP_NAK_COMMAND;
  case OSDP_OSTAT:
    tell(p, OSDP_OSTATR, a);
    return p->is.n_outputs ? 0 : OSDP_NAK_COMMAND;
  case OSDP_RSTAT:
    tell(p, OSDP_RSTATR, a);
    return 0;
  case OSDP_BUZ:
    return do_buz(p, &u.buz);
  case OSDP_TEXT:
    return do_text(p, &u.text);
  case OSDP_COMSET:
    return do_comset(p, &u.comset, a);
  case OSDP_MFG:
    if (!p->ops.mfg)
      return OSDP_NAK_COMMAND;
    p->ops.mfg(p->ops.ctx, &u.mfg);
    return 0;
  default:
    return 0; /* acknowledged: it needs nothing of it */
  }
}
