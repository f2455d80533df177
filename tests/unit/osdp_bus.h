/* osdp_bus.h: a panel and some peripherals on one line in virtual time, for tests and benches:
 * bytes take their time on the wire, and whoever wants may look at them or spoil them on their way.
 */
#ifndef SP_TESTS_OSDP_BUS_H
#define SP_TESTS_OSDP_BUS_H

#include "osdp/panel.h"
#include "osdp/peripheral.h"

enum { bus_events_max = 8192, bus_data_max = 64, bus_said_max = 16, bus_bytes_max = 2048 };

/* Bytes that someone puts onto the line at a time: late answers, and whoever else is there. */
struct bus_said {
  usec at;
  bool to_panel, to_readers;
  size_t n;
  uint8_t bytes[bus_bytes_max];
};

struct bus_event {
  struct panel_event e;
  usec at;
  uint8_t data[bus_data_max];
};

struct bus {
  struct panel *panel;
  struct peripheral *at[panel_peripherals_max]; /* by its place, not its address */
  uint32_t n;
  bool off[panel_peripherals_max]; /* its wire is cut */
  uint32_t baud;
  usec now;
  uint64_t random;
  uint64_t bytes;  /* that were on the wire, both ways */
  uint64_t frames; /* of the panel */
  usec answer_us;  /* from the last byte of a command to the first of its answer */

  usec slow_us[panel_peripherals_max]; /* besides, and meanwhile the panel may ask others */
  struct bus_said said[bus_said_max];
  uint32_t n_said;
  /* Asked before each step; may put bytes onto the line. */
  void (*intrude)(void *ctx, struct bus *b);
  /* Another panel at the same wire, which hears and is heard. */
  struct panel *second;

  /* May change the bytes or their number (0: they are lost); they have room for bus_bytes_max. */
  void (*spoil)(void *ctx, bool reply, uint8_t *bytes, size_t *n);
  void *spoil_ctx;

  bool takes_nothing; /* events are left at the panel */
  struct bus_event events[bus_events_max];
  uint32_t n_events;

  bool outputs[panel_peripherals_max][peripheral_outputs_max];
  uint32_t switched_on[panel_peripherals_max]; /* how often an output went on */
  uint8_t color[panel_peripherals_max];
  uint8_t key[panel_peripherals_max][osdp_key_bytes]; /* the last that was set */
  bool keeps_no_key[panel_peripherals_max];
  struct bus_place {
    struct bus *bus;
    uint32_t place;
  } places[panel_peripherals_max];
};

void bus_open(struct bus *b, uint32_t baud);
void bus_close(struct bus *b);
/* The same bytes in each run. ctx: the bus. */
void bus_random(void *ctx, void *out, size_t n);
/* A peripheral with two outputs, three inputs, LED, buzzer, display and keypad; key NULL: none yet.
 * Returns its place. The panel does not know it yet. */
uint32_t bus_add(struct bus *b, uint8_t address, const uint8_t *key);
void bus_know(struct bus *b, uint8_t address, enum panel_security security, const uint8_t *key);
/* At this time; when too much is said at once, it is lost. */
void bus_say(struct bus *b, usec at, bool to_panel, bool to_readers, struct span bytes);
/* Lets time pass. */
void bus_run(struct bus *b, usec us);
/* Until such an event has come, for so long at most; NULL: it did not. Looks from the n-th on. */
const struct bus_event *bus_wait(struct bus *b, uint32_t from, enum panel_event_kind kind,
                                 uint8_t address, usec us);
uint32_t bus_count(const struct bus *b, enum panel_event_kind kind, uint8_t address);
/* A command; asserts that it was queued. */
void bus_out(struct bus *b, uint8_t address, uint8_t output, uint8_t control, uint16_t timer,
             uint64_t tag);

#endif
