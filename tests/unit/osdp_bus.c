#include "osdp_bus.h"

#include <string.h>

void bus_random(void *ctx, void *out, size_t n) {
  struct bus *b = ctx;
  for (uint8_t *p = out; n--; p++) {
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    *p = (uint8_t)(b->random >> 56);
  }
}
static void place_fill(void *ctx, void *out, size_t n) {
  bus_random(((struct bus_place *)ctx)->bus, out, n);
}
static void on_output(void *ctx, uint8_t output, bool on) {
  struct bus_place *x = ctx;
  x->bus->outputs[x->place][output] = on;
  x->bus->switched_on[x->place] += on;
}
static void on_led(void *ctx, uint8_t led, enum osdp_color color) {
  struct bus_place *x = ctx;
  if (led == 0)
    x->bus->color[x->place] = (uint8_t)color;
}
static bool on_keyset(void *ctx, const uint8_t key[osdp_key_bytes]) {
  struct bus_place *x = ctx;
  if (x->bus->keeps_no_key[x->place])
    return false;
  memcpy(x->bus->key[x->place], key, osdp_key_bytes);
  return true;
}

void bus_open(struct bus *b, uint32_t baud) {
  const struct panel_options options = {.baud = baud};
  const struct panel_ops ops = {b, bus_random};
  memset(b, 0, sizeof *b);
  b->baud = baud;
  b->random = 42;
  b->now = 1000000;
  b->panel = panel_new(&options, &ops);
  SP_ASSERT(b->panel);
  panel_line(b->panel, true, b->now);
}

void bus_close(struct bus *b) {
  panel_free(b->panel);
  for (uint32_t i = 0; i < b->n; i++)
    peripheral_free(b->at[i]);
}

uint32_t bus_add(struct bus *b, uint8_t address, const uint8_t *key) {
  uint32_t place = b->n++;
  struct bus_place *x = &b->places[place];
  *x = (struct bus_place){b, place};
  struct peripheral_options o = {.address = address,
                                 .baud = b->baud ? b->baud : 9600,
                                 .id = {{1, 2, 3}, 4, 5, 6000u + address, {7, 8, 9}},
                                 .crc = true,
                                 .secure = true,
                                 .has_key = key != NULL,
                                 .n_inputs = 3,
                                 .n_outputs = 2,
                                 .n_leds = 1,
                                 .display = true,
                                 .buzzer = true,
                                 .keypad = true};
  if (key)
    memcpy(o.key, key, osdp_key_bytes);
  const struct peripheral_ops ops = {
      .ctx = x, .random = place_fill, .output = on_output, .led = on_led, .keyset = on_keyset};
  b->at[place] = peripheral_new(&o, &ops);
  SP_ASSERT(b->at[place]);
  return place;
}

void bus_know(struct bus *b, uint8_t address, enum panel_security security, const uint8_t *key) {
  struct panel_peripheral p = {.address = address, .security = security};
  if (key)
    memcpy(p.key, key, osdp_key_bytes);
  SP_ASSERT(panel_put(b->panel, &p, b->now) == SP_OK);
}

static usec wire(const struct bus *b, size_t n) {
  return b->baud ? (usec)n * 10 * USEC_PER_S / b->baud : 0;
}

static void drain(struct bus *b) {
  struct panel_event e;
  while (!b->takes_nothing && panel_event(b->panel, &e)) {
    SP_ASSERT(b->n_events < bus_events_max);
    struct bus_event *x = &b->events[b->n_events++];
    *x = (struct bus_event){e, b->now, {0}};
    if (e.data.n)
      memcpy(x->data, e.data.p, e.data.n < bus_data_max ? e.data.n : bus_data_max);
    x->e.data = span_of(x->data, e.data.n < bus_data_max ? e.data.n : bus_data_max);
  }
}

void bus_say(struct bus *b, usec at, bool to_panel, bool to_readers, struct span bytes) {
  if (b->n_said == bus_said_max || bytes.n > bus_bytes_max)
    return;
  uint32_t i = b->n_said++; /* the soonest first; of one time the first first */
  for (; i && b->said[i - 1].at > at; i--)
    b->said[i] = b->said[i - 1];
  struct bus_said *x = &b->said[i];
  *x = (struct bus_said){.at = at, .to_panel = to_panel, .to_readers = to_readers, .n = bytes.n};
  memcpy(x->bytes, bytes.p, bytes.n);
}

static void to_panels(struct bus *b, struct span bytes) {
  panel_input(b->panel, bytes, b->now);
  if (b->second)
    panel_input(b->second, bytes, b->now);
}

static void answer(struct bus *b, uint32_t place, struct span r) {
  uint8_t reply[bus_bytes_max];
  size_t n = r.n;
  memcpy(reply, r.p, n);
  b->bytes += n;
  if (b->slow_us[place]) {
    if (b->spoil)
      b->spoil(b->spoil_ctx, true, reply, &n);
    usec at = b->now + b->slow_us[place]; /* of its first byte */
    bus_say(b, at, true, false, span_of(reply, n ? 1 : 0));
    bus_say(b, at + wire(b, n), true, false, span_of(reply + 1, n ? n - 1 : 0));
    return;
  }
  b->now += b->answer_us + wire(b, n);
  if (b->spoil)
    b->spoil(b->spoil_ctx, true, reply, &n);
  if (n)
    to_panels(b, span_of(reply, n));
}

static void to_readers(struct bus *b, struct span bytes) {
  for (uint32_t i = 0; i < b->n; i++) {
    if (b->off[i])
      continue;
    peripheral_input(b->at[i], bytes, b->now);
    struct span r = peripheral_reply(b->at[i]);
    if (r.n)
      answer(b, i, r);
  }
}

/* One exchange: what a panel sends goes to everyone; who answers is heard by the panels. */
static void exchange(struct bus *b, struct panel *other, struct span out) {
  uint8_t command[bus_bytes_max];
  size_t n = out.n;
  memcpy(command, out.p, n);
  b->frames++;
  b->bytes += n;
  b->now += wire(b, n);
  if (b->spoil)
    b->spoil(b->spoil_ctx, false, command, &n);
  if (other)
    panel_input(other, span_of(command, n), b->now);
  to_readers(b, span_of(command, n));
}

/* What is due of what was said; true: there was something. */
static bool hear(struct bus *b) {
  if (b->n_said == 0 || b->said[0].at > b->now)
    return false;
  struct bus_said x = b->said[0];
  b->n_said--;
  memmove(b->said, b->said + 1, b->n_said * sizeof x);
  if (x.to_panel)
    to_panels(b, span_of(x.bytes, x.n));
  if (x.to_readers)
    to_readers(b, span_of(x.bytes, x.n));
  return true;
}

static usec due_of(const struct bus *b, struct panel *p, usec end) {
  usec due = p ? panel_due(p) : TIME_ABSENT;
  if (due != TIME_ABSENT && due <= b->now)
    return b->now + 1; /* what is due now was looked at */
  return due == TIME_ABSENT || due > end ? end : due;
}

static usec soonest(const struct bus *b, usec end) {
  usec due = due_of(b, b->panel, end);
  usec second = due_of(b, b->second, end);
  due = second < due ? second : due;
  if (b->n_said && b->said[0].at < due)
    due = b->said[0].at;
  for (uint32_t i = 0; i < b->n; i++) {
    usec d = peripheral_due(b->at[i]);
    if (d != TIME_ABSENT && d < due)
      due = d;
  }
  return due > b->now ? due : b->now;
}

static bool step(struct bus *b, usec end) {
  struct panel_event e;
  for (uint32_t i = 0; i < b->n; i++) {
    usec d = peripheral_due(b->at[i]);
    if (d != TIME_ABSENT && d <= b->now)
      peripheral_tick(b->at[i], b->now);
  }
  if (b->intrude)
    b->intrude(b->spoil_ctx, b);
  while (b->second && panel_event(b->second, &e))
    ; /* its own affair */
  struct span none = {0}, out = none, second = none;
  if (!hear(b)) {
    out = panel_output(b->panel, b->now);
    if (out.n)
      exchange(b, b->second, out);
    else if (b->second)
      second = panel_output(b->second, b->now);
    if (second.n)
      exchange(b, b->panel, second);
    if (out.n == 0 && second.n == 0)
      b->now = soonest(b, end);
  }
  drain(b);
  return b->now < end;
}

void bus_run(struct bus *b, usec us) {
  usec end = b->now + us;
  while (step(b, end))
    ;
}

const struct bus_event *bus_wait(struct bus *b, uint32_t from, enum panel_event_kind kind,
                                 uint8_t address, usec us) {
  usec end = b->now + us;
  bool more = true;
  for (uint32_t i = from;; i++) {
    while (i == b->n_events && more)
      more = step(b, end);
    if (i == b->n_events)
      return NULL;
    if (b->events[i].e.kind == kind && b->events[i].e.address == address)
      return &b->events[i];
  }
}

uint32_t bus_count(const struct bus *b, enum panel_event_kind kind, uint8_t address) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->n_events; i++)
    n += b->events[i].e.kind == kind && b->events[i].e.address == address;
  return n;
}

void bus_out(struct bus *b, uint8_t address, uint8_t output, uint8_t control, uint16_t timer,
             uint64_t tag) {
  const struct osdp_out out = {output, control, timer};
  uint8_t data[4];
  size_t n = osdp_encode(osdp_message_of(false, OSDP_OUT), &out, data, 0);
  SP_ASSERT(panel_command(b->panel, address, OSDP_OUT, span_of(data, n), tag, TIME_ABSENT, true,
                          b->now) == SP_OK);
}
