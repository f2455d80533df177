/* replay.c: runs a target on files, and on all files of folders, as libFuzzer would: so that what
 * was once found is tried again in every build. `replay_NAME PATH…`; prints "ok: …" for each path.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static const char *now; /* the file that is being run, told when it ends the program */

static void tell(void) {
  if (now)
    fprintf(stderr, "replay: it ended in %s\n", now);
}

static void run_file(const char *path) {
  struct buf b = {0};
  FILE *f = fopen(path, "rbe");
  if (!f) {
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    exit(2);
  }
  size_t n;
  while (buf_reserve(&b, 65536) && (n = fread(b.p + b.n, 1, 65536, f)) > 0)
    b.n += n;
  (void)fclose(f);
  uint8_t *exact = malloc(b.n ? b.n : 1);
  if (!exact)
    abort();
  if (b.n)
    memcpy(exact, b.p, b.n);
  now = path;
  fprintf(stderr, "%s\n", path); /* an assertion ends at once: the last one named is it */
  (void)LLVMFuzzerTestOneInput(exact, b.n);
  now = NULL;
  free(exact);
  buf_free(&b);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static unsigned run_folder(const char *path) {
  struct dirent **list;
  unsigned files = 0;
  int n = scandir(path, &list, NULL, by_name);
  for (int i = 0; i < n; i++) {
    char file[4096];
    if (list[i]->d_name[0] != '.') {
      snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name);
      run_file(file);
      files++;
    }
    free(list[i]);
  }
  if (n >= 0)
    free(list);
  return files;
}

int main(int argc, char **argv) {
  (void)atexit(tell);
  if (argc < 2) {
    fprintf(stderr, "replay_NAME FILE or FOLDER …: runs these inputs\n");
    return 2;
  }
  if (LLVMFuzzerInitialize)
    (void)LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 1; i < argc; i++) {
    struct stat s;
    unsigned files = 1;
    if (stat(argv[i], &s) == 0 && S_ISDIR(s.st_mode))
      files = run_folder(argv[i]);
    else
      run_file(argv[i]);
    if (files == 0) {
      printf("not ok: %s holds no input\n", argv[i]);
      return 1;
    }
    printf("ok: %s: %u inputs\n", argv[i], files);
  }
  return 0;
}
