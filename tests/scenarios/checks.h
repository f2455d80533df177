/* checks.h: what holds after every line of every scenario, on every stage, by simple loops. */
#ifndef SP_TESTS_CHECKS_H
#define SP_TESTS_CHECKS_H

#include "sim/scenario.h"

/* Of p->core, and of p->out as what led there. */
void check_invariants(struct play *p);
/* These events, from the first on, each looked at as if it came from a store that nobody trusts,
 * make an empty site the same as p->core, and so does a load of its dump. */
void check_folds(struct play *p, const struct event *events, size_t n);

/* core_memory_size() zeroed bytes. */
void *memory_of_site(void);
void memory_of_site_free(void *mem);

#endif
