/* canary.h: bugs planted on purpose, to prove that the simulator would find such. They live here
 * alone: in the program that is shipped there is nothing of them, not even a place to put one. */
#ifndef SIM_CANARY_H
#define SIM_CANARY_H

#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "sim/world.h"

static inline void canary_commit(struct world *w, struct engine *e, const struct batch *b) {
  (void)w, (void)e, (void)b;
}
static inline enum sp_err canary_committer_commit(struct world *w, struct committer *c, struct store_batch *b, usec mono, struct fault *why) {
  (void)w;
  return committer_commit(c, b, mono, why);
}

#endif
