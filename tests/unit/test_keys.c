/* Keys of readers at rest. */
#include "line/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { lines = 16, rounds = 8 };

static const char *folder(char dir[64]) {
  struct fault why = {0};
  snprintf(dir, 64, "/tmp/sallyport-keys-XXXXXX");
  assert_non_null(mkdtemp(dir));
  assert_int_equal(keys_folder(dir, &why), SP_OK);
  return dir;
}

static void remove_folder(const char *dir) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  assert_int_equal(system(command), 0);
}

static struct line_key key_of(int n) {
  struct line_key key = {.has = true};
  memset(key.key, n, sizeof key.key);
  return key;
}

/* Lines are processes: all of a new site keep their first keys at the same moment, and each must be
 * readable under the one master key that is left. */
static void many_lines_keep_their_first_keys_at_once(void **state) {
  (void)state;
  for (int round = 0; round < rounds; round++) {
    char dir[64], name[16];
    int go[2], status;
    struct fault why = {0};
    struct line_key key;
    folder(dir);
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < lines; i++) {
      pid_t pid = fork();
      assert_true(pid >= 0);
      if (pid)
        continue;
      char byte;
      close(go[1]);
      key = key_of(i + 1);
      snprintf(name, sizeof name, "reader-%d", i);
      _exit(read(go[0], &byte, 1) != 0 || keys_write(dir, name, &key, &why) != SP_OK);
    }
    close(go[0]);
    close(go[1]); /* they begin */
    for (int i = 0; i < lines; i++) {
      assert_true(wait(&status) > 0);
      assert_int_equal(status, 0);
    }
    for (int i = 0; i < lines; i++) {
      struct line_key was = key_of(i + 1);
      snprintf(name, sizeof name, "reader-%d", i);
      if (keys_read(dir, name, &key, &why))
        fail_msg("%s", why.text);
      assert_memory_equal(key.key, was.key, sizeof key.key);
    }
    remove_folder(dir);
  }
}

static void a_key_of_one_reader_is_no_other_s(void **state) {
  (void)state;
  char dir[64], from[128], to[128];
  struct fault why = {0};
  struct line_key key = key_of(7);
  folder(dir);
  assert_int_equal(keys_read(dir, "east", &key, &why), SP_NOT_FOUND);
  assert_int_equal(keys_write(dir, "east", &key, &why), SP_OK);
  snprintf(from, sizeof from, "%s/lines/east.scbk", dir);
  snprintf(to, sizeof to, "%s/lines/west.scbk", dir);
  assert_int_equal(rename(from, to), 0);
  assert_int_equal(keys_read(dir, "west", &key, &why), SP_CORRUPT);
  remove_folder(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_lines_keep_their_first_keys_at_once),
      cmocka_unit_test(a_key_of_one_reader_is_no_other_s),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
