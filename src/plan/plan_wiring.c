#include "plan/plan_wiring.h"

#include <string.h>

void plan_wiring_usual(struct plan_door *d) {
#define X(NAME, text, usual, doc) [WIRE_##NAME] = usual,
  static const uint8_t numbers[] = {WIRE_LIST(X)};
#undef X
  d->wiring.at = NONE16;
  d->wiring.inverted = 0;
  for (enum door_wire w = 0; w < WIRE_COUNT; w++)
    d->wiring.number[w] = plan_door_has(d, w) ? numbers[w] : wire_none;
}

bool plan_wiring_is_usual(const struct plan_door *d) {
  struct plan_door usual = *d;
  plan_wiring_usual(&usual);
  return d->wiring.at == usual.wiring.at && d->wiring.inverted == usual.wiring.inverted &&
         memcmp(d->wiring.number, usual.wiring.number, sizeof usual.wiring.number) == 0;
}

void plan_wiring_put(struct buf *out, const struct plan_door *d) {
  const char *between = "";
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    if (!plan_door_has(d, w))
      continue;
    buf_printf(out, "%s%s %u%s", between, wire_names[w], d->wiring.number[w],
               d->wiring.inverted & 1u << w ? " inverted" : "");
    between = ", ";
  }
}
