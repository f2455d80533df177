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

static const struct stage *const stages[] = {&stage_core, &stage_engine};
enum { n_stages = sizeof stages / sizeof stages[0] };

static const char *scenarios_dir;

struct performance {
  const struct stage *stage;
  const char *file;
  char name[100];
};

static void perform(void **state) {
  const struct performance *p = *state;
  scenario_play(p->stage, NULL, p->file, scenarios_dir);
}

static int usage(const char *program) {
  fprintf(stderr, "usage: %s DIR [STAGE [FILE…]]\nstages:", program);
  for (size_t i = 0; i < n_stages; i++)
    fprintf(stderr, " %s", stages[i]->name);
  fprintf(stderr, "\n");
  return 2;
}

/* All of a folder and its custody folder; or those that are named. */
static bool find(int argc, char **argv, glob_t *found) {
  const char *const folders[] = {"", "/custody"};
  char pattern[600];
  *found = (glob_t){0};
  for (int i = 0; i < 2 && argc < 4; i++) {
    snprintf(pattern, sizeof pattern, "%s%s/*.scn", argv[1], folders[i]);
    if (glob(pattern, i ? GLOB_APPEND : 0, NULL, found) != 0) {
      fprintf(stderr, "no scenarios match %s\n", pattern);
      return false;
    }
  }
  for (int i = 3; i < argc; i++)
    if (glob(argv[i], i > 3 ? GLOB_APPEND : 0, NULL, found) != 0) {
      fprintf(stderr, "there is no %s\n", argv[i]);
      return false;
    }
  return true;
}

int main(int argc, char **argv) {
  glob_t found;
  size_t only = n_stages;
  if (argc < 2)
    return usage(argv[0]);
  for (size_t i = 0; argc > 2 && i < n_stages; i++)
    if (strcmp(stages[i]->name, argv[2]) == 0)
      only = i;
  if (argc > 2 && only == n_stages)
    return usage(argv[0]);
  if (!find(argc, argv, &found))
    return 1;
  scenarios_dir = argv[1];
  struct performance *all = calloc(found.gl_pathc * n_stages, sizeof *all);
  struct CMUnitTest *tests = calloc(found.gl_pathc * n_stages, sizeof *tests);
  size_t n = 0;
  for (size_t s = 0; s < n_stages; s++)
    for (size_t i = 0; i < found.gl_pathc && (only == n_stages || only == s); i++, n++) {
      all[n] = (struct performance){.stage = stages[s], .file = found.gl_pathv[i]};
      snprintf(all[n].name, sizeof all[n].name, "%s: %s", stages[s]->name,
               strrchr(found.gl_pathv[i], '/') + 1);
      tests[n] =
          (struct CMUnitTest){.name = all[n].name, .test_func = perform, .initial_state = &all[n]};
    }
  int failed = _cmocka_run_group_tests("scenarios", tests, n, NULL, NULL);
  free(tests);
  free(all);
  globfree(&found);
  return failed;
}
