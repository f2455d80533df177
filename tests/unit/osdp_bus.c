#include "osdp_bus.h"

#include <string.h>

static void fill(void *ctx, void *out, size_t n) {
  struct bus *b = ctx;
  for (uint8_t *p = out; n--; p++) {
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    *p = (uint8_t)(b->random >> 56);
  }
}
static void place_fill(void *ctx, void *out, size_t n) {
  fill(((struct bus_place *)ctx)->bus, out, n);
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
  memcpy(x->bus->key[x->place], key, osdp_key_bytes);
  return true;
}

void bus_open(struct bus *b, uint32_t baud) {
  const struct panel_options options = {.baud = baud};
  const struct panel_ops ops = {b, fill};
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
  while (panel_event(b->panel, &e)) {
    SP_ASSERT(b->n_events < bus_events_max);
    struct bus_event *x = &b->events[b->n_events++];
    *x = (struct bus_event){e, b->now, {0}};
    if (e.data.n)
      memcpy(x->data, e.data.p, e.data.n < bus_data_max ? e.data.n : bus_data_max);
    x->e.data = span_of(x->data, e.data.n < bus_data_max ? e.data.n : bus_data_max);
  }
}

/* One exchange: what the panel sends goes to everyone; who answers is heard by the panel. */
static void exchange(struct bus *b, struct span out) {
  uint8_t command[osdp_frame_max + 64], reply[osdp_frame_max + 64];
  size_t n = out.n;
  memcpy(command, out.p, n);
  b->frames++;
  b->bytes += n;
  b->now += wire(b, n);
  if (b->spoil)
    b->spoil(b->spoil_ctx, false, command, &n);
  for (uint32_t i = 0; i < b->n; i++) {
    if (b->off[i])
      continue;
    peripheral_input(b->at[i], span_of(command, n), b->now);
    struct span r = peripheral_reply(b->at[i]);
    size_t rn = r.n;
    if (rn == 0)
      continue;
    memcpy(reply, r.p, rn);
    b->bytes += rn;
    b->now += b->answer_us + wire(b, rn);
    if (b->spoil)
      b->spoil(b->spoil_ctx, true, reply, &rn);
    if (rn)
      panel_input(b->panel, span_of(reply, rn), b->now);
  }
}

static usec soonest(const struct bus *b, usec end) {
  usec due = panel_due(b->panel);
  due = due == TIME_ABSENT || due > end ? end : due;
  for (uint32_t i = 0; i < b->n; i++) {
    usec d = peripheral_due(b->at[i]);
    if (d != TIME_ABSENT && d < due)
      due = d;
  }
  return due > b->now ? due : b->now;
}

static bool step(struct bus *b, usec end) {
  for (uint32_t i = 0; i < b->n; i++) {
    usec d = peripheral_due(b->at[i]);
    if (d != TIME_ABSENT && d <= b->now)
      peripheral_tick(b->at[i], b->now);
  }
  struct span out = panel_output(b->panel, b->now);
  if (out.n) {
    exchange(b, out);
  } else {
    usec to = soonest(b, end);
    if (to == b->now && b->now < end && panel_due(b->panel) != TIME_ABSENT &&
        panel_due(b->panel) <= b->now)
      to++; /* what is due now was looked at */
    b->now = to;
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
