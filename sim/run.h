/* run.h: one seed from its beginning to its end, in a process of its own, so that an assertion that
 * fails is a finding like any other. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/host.h"
#include "sim/watch.h"
#include "sim/world.h"

enum { story_max = 16384 };

/* Plain memory, to be handed from process to process. */
struct result {
  uint64_t seed, hash, events;
  bool failed;
  char wrong[512];          /* the complaint alone */
  char story[story_max];    /* of a failure: who did what, what was expected, what happened */
  usec length;              /* simulated */
  uint32_t lines, left_out; /* of a scenario */
  uint64_t struck[FAULT_COUNT];
  struct watch_counts counts;
  struct host_counts host;
};

/* Here and now; an assertion that fails ends the process. */
void run_seed(const struct settings *s, struct result *r);
/* In a child, so that whatever happens is in *r. */
void run_apart(const struct settings *s, struct result *r);

/* Seeds from, from + 1, … on `jobs` processes until `n` are done, `seconds` are over (0 = no limit)
 * or a seed failed. Each is run twice, and both must tell the same. done: called for each seed, in
 * no order; false ends it. Returns false when a process could not be made. */
typedef bool run_done_fn(void *ctx, const struct result *r);
bool run_many(const struct settings *override, uint64_t from, uint64_t n, double seconds, int jobs,
              run_done_fn *done, void *ctx);

/* A failure told with less: fewer faults, people, operators, less time, as long as it is the same
 * complaint. *s becomes the smallest that was found, *r its result. Returns how many were tried. */
int run_shrink(struct settings *s, struct result *r);

/* The settings of a seed, with what was given by hand (0 = nothing) in their place. */
struct settings run_settings(uint64_t seed, const struct settings *override);

#endif
