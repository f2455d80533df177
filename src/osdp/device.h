/* device.h: what a peripheral shows and drives: outputs, LEDs and the buzzer, each with a state for
 * good and one for a time. Pure; part of peripheral.c.
 *
 * Invariants:
 *   1. what is told to ops is told when it changes, and only then;
 *   2. a state for a time ends by itself: no command and no panel is needed for it.
 */
#ifndef SP_OSDP_DEVICE_H
#define SP_OSDP_DEVICE_H

#include "osdp/peripheral.h"

struct device_output {
  bool on; /* as told */
  bool for_good;
  bool timed, during; /* during: what it is until the timer ends */
  usec until;
};
/* One colour for `on` ms, another for `off` ms, and again. */
struct device_blink {
  uint8_t on_color, off_color;
  usec on, off;
  usec since;
};
struct device_led {
  uint8_t color; /* as told */
  struct device_blink for_good, for_a_time;
  bool timed;
  usec until; /* TIME_ABSENT: until it is ended */
};
struct device_buzzer {
  bool sounds; /* as told */
  bool active;
  usec on, off, since;
  uint32_t count; /* 0: endless */
};

struct device {
  const struct peripheral_ops *ops;
  uint8_t n_outputs, n_leds;
  bool has_buzzer;
  struct device_output outputs[peripheral_outputs_max];
  struct device_led leds[peripheral_leds_max];
  struct device_buzzer buzzer;
};

/* Each first says whether it can be done, as a NAK's reason (0: yes), then does it. */
uint8_t device_may_out(const struct device *d, const struct osdp_out *x);
void device_out(struct device *d, const struct osdp_out *x, usec now);
uint8_t device_may_led(const struct device *d, const struct osdp_led *x);
void device_led(struct device *d, const struct osdp_led *x, usec now);
uint8_t device_may_buz(const struct device *d, const struct osdp_buz *x);
void device_buz(struct device *d, const struct osdp_buz *x, usec now);

/* Everything off and dark. */
void device_off(struct device *d, usec now);
/* Timers up to now. */
void device_tick(struct device *d, usec now);
/* When something changes by itself; TIME_ABSENT = never. now: of the last tick. */
usec device_due(const struct device *d, usec now);

#endif
