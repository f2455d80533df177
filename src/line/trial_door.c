/* trial_door.c: how the door of a trial's reader is wired, as it is typed. */
#include "line/trial.h"
#include "plan/plan_wiring.h"

#include <stdlib.h>
#include <string.h>

static bool which(struct span name, enum door_wire *wire) {
  for (enum door_wire w = 0; w < WIRE_COUNT; w++)
    if (span_is(name, wire_names[w])) {
      *wire = w;
      return true;
    }
  return false;
}

/* "contact=3" or "contact=3:inverted", up to the comma. */
static bool read_one(struct plan_door *d, struct span text) {
  static const char inverted[] = ":inverted";
  const uint8_t *equal = text.n ? memchr(text.p, '=', text.n) : NULL;
  enum door_wire wire;
  if (!equal || !which(span_of(text.p, (size_t)(equal - text.p)), &wire) || !plan_door_has(d, wire))
    return false;
  const uint8_t *p = equal + 1, *end = text.p + text.n;
  unsigned number = 0;
  const uint8_t *digits = p;
  for (; p < end && p - digits < 2 && *p >= '0' && *p <= '9'; p++)
    number = 10 * number + (unsigned)(*p - '0');
  if (p == digits || number > wire_number_max ||
      (p < end && !span_is(span_of(p, (size_t)(end - p)), inverted)))
    return false;
  d->wiring.number[wire] = (uint8_t)number;
  d->wiring.inverted |= p < end ? 1u << wire : 0;
  return true;
}

/* Of the inputs: the strike is the one output that is used. */
static bool one_each(const struct plan_door *d) {
  uint32_t taken = 0;
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    if (w == WIRE_STRIKE || !plan_door_has(d, w))
      continue;
    if (taken & 1u << d->wiring.number[w])
      return false;
    taken |= 1u << d->wiring.number[w];
  }
  return true;
}

enum sp_err trial_door(struct plan_door *d, bool lock_monitor, const char *wiring,
                       struct fault *why) {
  *d = (struct plan_door){.contact = true, .rex = REX_RECORD, .lock_monitor = lock_monitor};
  plan_wiring_usual(d);
  for (const char *p = wiring; p;) {
    size_t n = strcspn(p, ",");
    if (!read_one(d, span_of(p, n)))
      return fault_set(why, SP_USAGE,
                       "--wiring: `%.*s` is no wire and its number, like strike=1 or "
                       "contact=0:inverted: strike, contact, rex and (with --lock-monitor) "
                       "lock-monitor, 0 to %d",
                       (int)(n > 40 ? 40 : n), p, wire_number_max);
    p = p[n] ? p + n + 1 : NULL;
  }
  return one_each(d)
             ? SP_OK
             : fault_set(why, SP_USAGE, "--wiring: two wires end at one input: give each another");
}
