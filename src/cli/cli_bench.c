/* cli_bench.c: the verb bench. */
#include "bench/bench_site.h"
#include "cli/cli.h"

#include <unistd.h>

enum { bench_persons = 100000, bench_requests = 900000 };

enum sp_err cli_bench(struct cli *c) {
  const char *dir = c->args.operands[0];
  if (access(dir, F_OK) == 0)
    return fault_set(&c->why, SP_EXISTS, "%s exists already: bench makes and removes its directory",
                     dir);
  bench_site(dir, bench_persons, bench_requests, false);
  return SP_OK;
}
