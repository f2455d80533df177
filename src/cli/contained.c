#include "cli/contained.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What we look for in /proc/PID/status, and how its number is written. */
enum { UID, CAP_EFFECTIVE, NO_NEW_PRIVILEGES, SECCOMP, FIELDS };
static const struct {
  const char *name;
  int base;
} fields[FIELDS] = {
    [UID] = {"Uid:", 10},
    [CAP_EFFECTIVE] = {"CapEff:", 16},
    [NO_NEW_PRIVILEGES] = {"NoNewPrivs:", 10},
    [SECCOMP] = {"Seccomp:", 10},
};
enum { seccomp_filters = 2 };

json_t *contained_look(pid_t pid) {
  char path[64], line[256];
  unsigned long long found[FIELDS] = {0};
  unsigned seen = 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f))
    for (int i = 0; i < FIELDS; i++) {
      size_t n = strlen(fields[i].name);
      if (strncmp(line, fields[i].name, n) != 0)
        continue;
      found[i] = strtoull(line + n, NULL, fields[i].base);
      seen |= 1U << i;
    }
  if (f)
    fclose(f);
  if (seen != (1U << FIELDS) - 1)
    return NULL;
  const struct passwd *pw = getpwuid((uid_t)found[UID]);
  return json_pack("{s:I,s:s*,s:b,s:b,s:b}", "uid", (json_int_t)found[UID], "user",
                   pw ? pw->pw_name : NULL, "capabilities", found[CAP_EFFECTIVE] != 0,
                   "no_new_privileges", found[NO_NEW_PRIVILEGES] == 1, "seccomp",
                   found[SECCOMP] == seccomp_filters);
}

static bool is(const json_t *look, const char *key) {
  return json_is_true(json_object_get(look, key));
}

json_t *contained_sentence(const json_t *look) {
  struct buf b = {0};
  const char *user = json_string_value(json_object_get(look, "user"));
  json_int_t uid = json_integer_value(json_object_get(look, "uid"));
  if (user)
    buf_printf(&b, "user %s (%" PRId64 "), ", user, (int64_t)uid);
  else
    buf_printf(&b, "user %" PRId64 ", ", (int64_t)uid);
  buf_printf(&b, "%s, %s, %s", is(look, "capabilities") ? "WITH CAPABILITIES" : "no capabilities",
             is(look, "no_new_privileges") ? "no new privileges" : "MAY GAIN PRIVILEGES",
             is(look, "seccomp") ? "calls filtered" : "ANY CALL");
  json_t *text = json_stringn((const char *)b.p, b.n);
  buf_free(&b);
  return text;
}
