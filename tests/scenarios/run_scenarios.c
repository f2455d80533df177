/* run_scenarios.c: plays tests/scenarios/NAME.scn and custody/NAME.scn on the stages of stages.h.
 */
#include "stages.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *scenarios_dir;

static void play_in_core(void **state) {
  scenario_play(&stage_core, *state, scenarios_dir);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s DIR\n", argv[0]);
    return 2;
  }
  glob_t found;
  scenarios_dir = argv[1];
  for (int i = 0; i < 2; i++) {
    char pattern[600];
    snprintf(pattern, sizeof pattern, i ? "%s/custody/*.scn" : "%s/*.scn", argv[1]);
    if (glob(pattern, i ? GLOB_APPEND : 0, NULL, &found) != 0) {
      fprintf(stderr, "no scenarios match %s\n", pattern);
      return 1;
    }
  }
  struct CMUnitTest *tests = calloc(found.gl_pathc, sizeof *tests);
  for (size_t i = 0; i < found.gl_pathc; i++)
    tests[i] = (struct CMUnitTest){
        .name = strrchr(found.gl_pathv[i], '/') + 1,
        .test_func = play_in_core,
        .initial_state = found.gl_pathv[i],
    };
  int failed = _cmocka_run_group_tests("scenarios", tests, found.gl_pathc, NULL, NULL);
  free(tests);
  globfree(&found);
  return failed;
}
