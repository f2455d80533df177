/* big_site.h: a large site made in memory, for benches: N persons with a card and three levels
 * each, 1,000 gates of one door without contact, 100 levels. Not a plan that anyone would apply. */
#ifndef SP_BENCH_BIG_SITE_H
#define SP_BENCH_BIG_SITE_H

#include "core/core.h"

struct big_site {
  void *mem;
  struct core *core;
  struct plan *plan;
};

enum { big_gates = 1000, big_levels = 100 };

/* Exits with a message when there is no memory. */
struct big_site big_site_make(uint32_t n_persons);
void big_site_free(struct big_site *s);
/* The tag of the card of the person at this index. */
struct id big_site_tag(uint32_t person);
/* A pass of this person at this gate. */
struct command big_site_pass(const struct big_site *s, uint32_t person, uint32_t gate, usec at);

/* xorshift64*: fast, and the same every run. */
uint64_t bench_random(uint64_t *state);
/* Nanoseconds, monotonic. */
uint64_t bench_ns(void);
/* Sorts and gives the value at this share (0.5, 0.99). */
uint64_t bench_quantile(uint64_t *values, size_t n, double share);

#endif
