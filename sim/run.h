/* run.h: one seed from its beginning to its end. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/host.h"
#include "sim/watch.h"
#include "sim/world.h"

struct result {
  bool failed;
  uint64_t hash, lines, events;
  struct buf story; /* of a failure; result_free */
  usec length;      /* simulated */
  uint64_t struck[FAULT_COUNT];
  struct watch_counts counts;
  struct host_counts host;
};

void run_seed(const struct settings *s, struct result *r);
void result_free(struct result *r);

#endif
