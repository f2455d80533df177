/* bench_site.h: a site made for the purpose, its engine as a process of its own, and what it does:
 * durable passages over the socket against a bare write and fdatasync on the same disk in the same
 * run, how long it takes to be ready again, and how fast the record is verified.
 *
 * Client and engine share the machine's cores, as they do where there is one line. */
#ifndef SP_BENCH_BENCH_SITE_H
#define SP_BENCH_BENCH_SITE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes DIR, which must not exist, prints the figures and removes DIR. uncontained: the engine may
 * ask the system for anything, to see what it costs that it may not (docs/containment.md). Ends the
 * process with a sentence when something fails; the engine it started ends with it. persons,
 * requests >= 3. */
void bench_site(const char *dir, uint32_t persons, uint32_t requests, bool uncontained);

#endif
