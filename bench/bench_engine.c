/* bench_engine DIR [PERSONS [REQUESTS [uncontained]]]: see bench_site.h. */
#include "bench/bench_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: bench_engine DIR [PERSONS [REQUESTS [uncontained]]]\n");
    return 2;
  }
  bench_site(argv[1], argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 20000,
             argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 900000,
             argc > 4 && strcmp(argv[4], "uncontained") == 0);
  return 0;
}
