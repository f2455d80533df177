/* bench_decide.c: how long a decision takes with a million persons, 1,000 gates and 100 levels, at
 * random; and how much memory a person needs. */
#include "big_site.h"
#include "core/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long resident_bytes(void) {
  FILE *f = fopen("/proc/self/statm", "r");
  long pages = 0, resident = 0;
  if (f) {
    if (fscanf(f, "%ld %ld", &pages, &resident) != 2)
      resident = 0;
    fclose(f);
  }
  return resident * 4096;
}

int main(int argc, char **argv) {
  uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
  enum { rounds = 2000000, cold = 200000 };
  long before = resident_bytes();
  struct big_site s = big_site_make(n);
  long after = resident_bytes();
  uint64_t seed = 42;
  struct command *commands = malloc(sizeof *commands * rounds);
  struct outcome *out = malloc(sizeof *out);
  if (!commands || !out)
    return 1;
  for (uint32_t i = 0; i < rounds; i++)
    commands[i] = big_site_pass(&s, (uint32_t)(bench_random(&seed) % n),
                                (uint32_t)(bench_random(&seed) % big_gates), 1000000);
  uint64_t counts[3] = {0};
  uint64_t t = bench_ns();
  for (uint32_t i = 0; i < rounds; i++) {
    core_decide(s.core, &commands[i], out);
    counts[out->verdict]++;
  }
  double each = (double)(bench_ns() - t) / rounds;
  printf("persons %u, gates %d, levels %d, random access\n", n, big_gates, big_levels);
  printf("decide: %.0f ns each in a row, %.2f million/s on one core (%.0f %% permitted)\n", each,
         1e3 / each, 100.0 * (double)counts[VERDICT_DONE] / rounds);
  static uint64_t times[cold], clock_cost[cold];
  for (uint32_t i = 0; i < cold; i++) {
    uint64_t a = bench_ns();
    clock_cost[i] = bench_ns() - a;
  }
  uint64_t clock_ns = bench_quantile(clock_cost, cold, 0.5);
  for (uint32_t i = 0; i < cold; i++) {
    uint64_t a = bench_ns();
    core_decide(s.core, &commands[rounds - 1 - i], out);
    uint64_t b = bench_ns() - a;
    times[i] = b > clock_ns ? b - clock_ns : 0;
  }
  printf("decide, one by one: p50 %" PRIu64 " ns, p99 %" PRIu64 " ns (the clock's own %" PRIu64
         " ns taken off)\n",
         bench_quantile(times, cold, 0.5), bench_quantile(times, cold, 0.99), clock_ns);
  t = bench_ns();
  uint32_t applied = 0;
  for (uint32_t i = 0; i < rounds; i++) {
    commands[i].at = 1000000 + i;
    core_decide(s.core, &commands[i], out);
    for (uint32_t e = 0; e < out->n_events; e++, applied++)
      core_apply(s.core, &out->events[e]);
  }
  each = (double)(bench_ns() - t) / rounds;
  printf("decide and apply: %.0f ns each, %.2f million/s\n", each, 1e3 / each);
  printf("memory: %.0f bytes a person (card, three levels and indexes included)\n",
         (double)(after - before) / n);
  free(commands);
  free(out);
  big_site_free(&s);
  return 0;
}
