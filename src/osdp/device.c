#include "osdp/device.h"

#include "base/record.h"

enum { TONE_NONE = 0, TONE_OFF = 1, TONE_USUAL = 2, LEAVE = 0, END = 1, START = 2, SET = 1 };

static usec tenths(uint32_t n) {
  return (usec)n * 100 * USEC_PER_MS;
}

static void sooner(usec *due, usec t) {
  if (*due == TIME_ABSENT || t < *due)
    *due = t;
}

/* --- Outputs --- */

/* On or off for no time at all is no order that makes sense; and nothing that is meant to be timed
 * may last for ever. */
uint8_t device_may_out(const struct device *d, const struct osdp_out *x) {
  if (x->output >= d->n_outputs || x->control > OSDP_OUT_OFF_TIMED)
    return OSDP_NAK_COMMAND;
  bool timed = x->control == OSDP_OUT_ON_TIMED || x->control == OSDP_OUT_OFF_TIMED;
  return timed && x->timer == 0 ? OSDP_NAK_RECORD : 0;
}

static void tell_output(struct device *d, uint8_t i) {
  struct device_output *o = &d->outputs[i];
  bool on = o->timed ? o->during : o->for_good;
  if (on == o->on)
    return;
  o->on = on;
  if (d->ops->output)
    d->ops->output(d->ops->ctx, i, on);
}

void device_out(struct device *d, const struct osdp_out *x, usec now) {
  static const struct {
    bool sets, ends, starts, on;
  } rows[] = {
      [OSDP_OUT_NOP] = {0},
      [OSDP_OUT_OFF] = {.sets = true, .ends = true},
      [OSDP_OUT_ON] = {.sets = true, .ends = true, .on = true},
      [OSDP_OUT_OFF_AFTER] = {.sets = true},
      [OSDP_OUT_ON_AFTER] = {.sets = true, .on = true},
      [OSDP_OUT_ON_TIMED] = {.starts = true, .on = true},
      [OSDP_OUT_OFF_TIMED] = {.starts = true},
  };
  struct device_output *o = &d->outputs[x->output];
  if (rows[x->control].sets)
    o->for_good = rows[x->control].on;
  if (rows[x->control].ends)
    o->timed = false;
  if (rows[x->control].starts) {
    o->timed = true;
    o->during = rows[x->control].on;
    o->until = now + tenths(x->timer);
  }
  tell_output(d, x->output);
}

/* --- LEDs --- */

static bool blink_makes_sense(uint8_t on, uint8_t off, uint8_t on_color, uint8_t off_color,
                              uint8_t *nak) {
  *nak = on_color > OSDP_WHITE || off_color > OSDP_WHITE ? OSDP_NAK_COMMAND
         : on == 0 && off == 0                           ? OSDP_NAK_RECORD
                                                         : 0;
  return *nak == 0;
}

uint8_t device_may_led(const struct device *d, const struct osdp_led *x) {
  uint8_t nak = 0;
  if (x->reader != 0 || x->led >= d->n_leds || x->temp_control > START || x->perm_control > SET)
    return OSDP_NAK_COMMAND;
  if (x->temp_control == START &&
      !blink_makes_sense(x->temp_on, x->temp_off, x->temp_on_color, x->temp_off_color, &nak))
    return nak;
  if (x->perm_control == SET)
    (void)blink_makes_sense(x->perm_on, x->perm_off, x->perm_on_color, x->perm_off_color, &nak);
  return nak;
}

static uint8_t blink_color(const struct device_blink *b, usec now) {
  if (b->off == 0)
    return b->on_color;
  return (now - b->since) % (b->on + b->off) < b->on ? b->on_color : b->off_color;
}

static void tell_led(struct device *d, uint8_t i, usec now) {
  struct device_led *l = &d->leds[i];
  uint8_t color = blink_color(l->timed ? &l->for_a_time : &l->for_good, now);
  if (color == l->color)
    return;
  l->color = color;
  if (d->ops->led)
    d->ops->led(d->ops->ctx, i, (enum osdp_color)color);
}

void device_led(struct device *d, const struct osdp_led *x, usec now) {
  struct device_led *l = &d->leds[x->led];
  if (x->temp_control == END)
    l->timed = false;
  if (x->temp_control == START) {
    l->timed = true;
    l->until = x->temp_timer ? now + tenths(x->temp_timer) : TIME_ABSENT;
    l->for_a_time = (struct device_blink){x->temp_on_color, x->temp_off_color, tenths(x->temp_on),
                                          tenths(x->temp_off), now};
  }
  if (x->perm_control == SET)
    l->for_good = (struct device_blink){x->perm_on_color, x->perm_off_color, tenths(x->perm_on),
                                        tenths(x->perm_off), now};
  tell_led(d, x->led, now);
}

static void led_due(const struct device_led *l, usec now, usec *due) {
  const struct device_blink *b = l->timed ? &l->for_a_time : &l->for_good;
  if (l->timed && l->until != TIME_ABSENT)
    sooner(due, l->until);
  if (b->on == 0 || b->off == 0 || b->on_color == b->off_color)
    return;
  usec into = (now - b->since) % (b->on + b->off);
  sooner(due, now - into + (into < b->on ? b->on : b->on + b->off));
}

/* --- The buzzer --- */

uint8_t device_may_buz(const struct device *d, const struct osdp_buz *x) {
  if (!d->has_buzzer || x->reader != 0 || x->tone > TONE_USUAL)
    return OSDP_NAK_COMMAND;
  return x->tone == TONE_USUAL && x->on == 0 ? OSDP_NAK_RECORD : 0;
}

static bool buzzer_ended(const struct device_buzzer *b, usec now) {
  return b->active && b->count && now - b->since >= (b->on + b->off) * b->count - b->off;
}

static void tell_buzzer(struct device *d, usec now) {
  struct device_buzzer *b = &d->buzzer;
  if (buzzer_ended(b, now))
    b->active = false;
  bool sounds = b->active && (b->off == 0 || (now - b->since) % (b->on + b->off) < b->on);
  if (sounds == b->sounds)
    return;
  b->sounds = sounds;
  if (d->ops->buzzer)
    d->ops->buzzer(d->ops->ctx, sounds);
}

void device_buz(struct device *d, const struct osdp_buz *x, usec now) {
  struct device_buzzer *b = &d->buzzer;
  b->active = x->tone == TONE_USUAL;
  b->on = tenths(x->on);
  b->off = tenths(x->off);
  b->count = x->count;
  b->since = now;
  tell_buzzer(d, now);
}

static void buzzer_due(const struct device_buzzer *b, usec now, usec *due) {
  if (!b->active)
    return;
  if (b->count)
    sooner(due, b->since + (b->on + b->off) * b->count - b->off);
  if (b->off == 0)
    return;
  usec into = (now - b->since) % (b->on + b->off);
  sooner(due, now - into + (into < b->on ? b->on : b->on + b->off));
}

/* --- All of it --- */

void device_tick(struct device *d, usec now) {
  for (uint8_t i = 0; i < d->n_outputs; i++) {
    if (d->outputs[i].timed && now >= d->outputs[i].until)
      d->outputs[i].timed = false;
    tell_output(d, i);
  }
  for (uint8_t i = 0; i < d->n_leds; i++) {
    struct device_led *l = &d->leds[i];
    if (l->timed && l->until != TIME_ABSENT && now >= l->until)
      l->timed = false;
    tell_led(d, i, now);
  }
  tell_buzzer(d, now);
}

void device_off(struct device *d, usec now) {
  for (uint8_t i = 0; i < d->n_outputs; i++)
    d->outputs[i] = (struct device_output){.on = d->outputs[i].on};
  for (uint8_t i = 0; i < d->n_leds; i++)
    d->leds[i] = (struct device_led){.color = d->leds[i].color};
  d->buzzer = (struct device_buzzer){.sounds = d->buzzer.sounds};
  device_tick(d, now);
}

usec device_due(const struct device *d, usec now) {
  usec due = TIME_ABSENT;
  for (uint8_t i = 0; i < d->n_outputs; i++)
    if (d->outputs[i].timed)
      sooner(&due, d->outputs[i].until);
  for (uint8_t i = 0; i < d->n_leds; i++)
    led_due(&d->leds[i], now, &due);
  buzzer_due(&d->buzzer, now, &due);
  return due;
}
