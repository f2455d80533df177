/* door_model.h: a door for trials: a bolt that an output drives, a leaf, and what its contacts say.
 * Pure.
 *
 * Invariants:
 *   1. the leaf opens only while the bolt is drawn, or by force;
 *   2. the bolt is drawn as long as its output is on, and no longer.
 */
#ifndef SP_LINE_DOOR_MODEL_H
#define SP_LINE_DOOR_MODEL_H

#include <stdbool.h>

/* Zero-initialised: closed and locked. */
struct door_model {
  bool drawn; /* the bolt */
  bool open;  /* the leaf */
};

static inline bool door_model_locked(const struct door_model *d) {
  return !d->drawn && !d->open;
}

/* The bolt's output. */
static inline void door_model_strike(struct door_model *d, bool on) {
  d->drawn = on;
}
/* False: it is locked, and stays closed. */
static inline bool door_model_open(struct door_model *d, bool force) {
  if (door_model_locked(d) && !force)
    return false;
  d->open = true;
  return true;
}
/* A latch lets it close whatever the bolt does. */
static inline void door_model_close(struct door_model *d) {
  d->open = false;
}

#endif
