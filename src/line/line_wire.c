#include "line/line_int.h"

static const struct plan_wiring *wiring_of(const struct line *l, const struct line_door *d) {
  return &l->plan->doors[d->door].wiring;
}

static bool is_inverted(const struct line *l, const struct line_door *d, enum door_wire wire) {
  return wiring_of(l, d)->inverted & 1u << wire;
}

/* A state that is neither of the two (a supervised input that is cut) is not what is asked for. */
bool wire_is(const struct line *l, const struct line_door *d, enum door_wire wire,
             struct span states, bool on) {
  uint8_t n = wiring_of(l, d)->number[wire];
  return n < states.n && states.p[n] == (on != is_inverted(l, d, wire));
}

bool wire_lacks(const struct line_door *d, enum door_wire wire) {
  return d->lacking & 1u << wire;
}

void wires_count(struct line *l, struct line_door *d, bool outputs, size_t there) {
  static const char *const so[WIRE_COUNT] = {[WIRE_STRIKE] =
                                                 "it is not opened, and never counts as locked",
                                             [WIRE_CONTACT] = "it never counts as closed or locked",
                                             [WIRE_REX] = "no request to exit is seen",
                                             [WIRE_LOCK_MONITOR] = "it never counts as locked"};
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    uint8_t n = wiring_of(l, d)->number[w];
    if (!plan_door_has(&l->plan->doors[d->door], w) || (w == WIRE_STRIKE) != outputs)
      continue;
    bool lacks = n >= there;
    if (lacks && !wire_lacks(d, w))
      line_say(l, "reader %s has %zu %s%s, and the plan wires %s of door %s to %s %u: %s",
               reader_name(l, &l->readers[d->at]), there, outputs ? "output" : "input",
               there == 1 ? "" : "s", wire_names[w], door_name(l, d), outputs ? "output" : "input",
               n, so[w]);
    d->lacking = lacks ? d->lacking | 1u << w : d->lacking & ~(1u << w);
  }
}

struct osdp_out wire_strike(const struct line *l, const struct line_door *d, bool unlock,
                            uint16_t timer) {
  static const uint8_t controls[2][2] = {{OSDP_OUT_OFF, OSDP_OUT_ON_TIMED},
                                         {OSDP_OUT_ON, OSDP_OUT_OFF_TIMED}};
  return (struct osdp_out){.output = wiring_of(l, d)->number[WIRE_STRIKE],
                           .control = controls[is_inverted(l, d, WIRE_STRIKE)][unlock],
                           .timer = unlock ? timer : 0};
}
