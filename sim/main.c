#include "sim/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  bool tell = argc > 3;
  int bad = 0;
  for (uint64_t seed = from; seed < from + n; seed++) {
    struct settings s = settings_of(seed);
    struct result r;
    s.tell = tell;
    run_seed(&s, &r);
    if (r.failed) {
      fwrite(r.story.p, 1, r.story.n, stdout);
      bad++;
    }
    if (tell || n == 1)
    printf("seed %llu hash %016llx lines %llu events %llu entries %llu commands %llu granted %llu taken %llu refused %llu boots %llu\n", (unsigned long long)seed,
           (unsigned long long)r.hash, (unsigned long long)r.lines, (unsigned long long)r.events, (unsigned long long)r.counts.entries,(unsigned long long)r.counts.commands,(unsigned long long)r.counts.granted,(unsigned long long)r.counts.taken,(unsigned long long)r.counts.refused,(unsigned long long)r.host.boots);
    result_free(&r);
  }
  printf("%d failed\n", bad);
  return bad != 0;
}
