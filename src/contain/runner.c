#include "contain/runner.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void is(struct runner *r, const struct passwd *pw, uid_t uid, gid_t gid) {
  r->uid = uid;
  r->gid = pw ? pw->pw_gid : gid;
  r->has_name = pw && strlen(pw->pw_name) < sizeof r->name;
  if (r->has_name)
    snprintf(r->name, sizeof r->name, "%s", pw->pw_name);
  else
    snprintf(r->name, sizeof r->name, "%u", (unsigned)uid);
}

static bool is_number(const char *text, uid_t *uid) {
  char *end;
  errno = 0;
  unsigned long n = strtoul(text, &end, 10);
  *uid = (uid_t)n;
  return *text >= '0' && *text <= '9' && !*end && !errno && n < UINT32_MAX;
}

enum sp_err runner_choose(struct runner *r, const char *user, const char *dir, struct fault *why) {
  struct stat st;
  uid_t number = 0;
  *r = (struct runner){.change = geteuid() == 0};
  is(r, getpwuid(geteuid()), geteuid(), getegid());
  r->gid = r->change ? r->gid : getegid();
  if (user) {
    bool numeric = is_number(user, &number);
    const struct passwd *pw = numeric ? getpwuid(number) : getpwnam(user);
    if (!pw && !numeric)
      return fault_set(why, SP_NOT_FOUND,
                       "--user: this system has no user `%.60s`: `adduser --system --group %.60s` "
                       "makes one",
                       user, user);
    uid_t uid = pw ? pw->pw_uid : number;
    if (r->change || uid != geteuid())
      is(r, pw, uid, (gid_t)number);
    if (!r->change && r->uid != geteuid())
      return fault_set(why, SP_DENIED,
                       "--user: only root may run it as someone else: start it as %s, or leave "
                       "--user away",
                       r->name);
  } else if (r->change && stat(dir, &st) == 0) {
    is(r, getpwuid(st.st_uid), st.st_uid, st.st_gid);
  }
  return SP_OK;
}

/* Whoever may not even drop them, has none: so what counts is what is left. */
static bool drop_capabilities(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct left[2] = {{0}};
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  syscall(SYS_capset, &head, left);
  bool told = syscall(SYS_capget, &head, left) == 0;
  for (int i = 0; i < 2 && told; i++)
    told = !left[i].effective && !left[i].permitted && !left[i].inheritable;
  return told;
}

enum sp_err runner_become(const struct runner *r, struct fault *why) {
  bool ok = true;
  /* Not even a program that is owned by root could get them back; no_new_privs says so once more.
   */
  for (unsigned long c = 0; r->change && c <= CAP_LAST_CAP + 24; c++)
    if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0)
      break;
  if (r->change)
    ok = (r->has_name ? initgroups(r->name, r->gid) : setgroups(0, NULL)) == 0 &&
         setresgid(r->gid, r->gid, r->gid) == 0 && setresuid(r->uid, r->uid, r->uid) == 0;
  if (ok)
    ok = drop_capabilities() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (ok &&
      (geteuid() != r->uid || getegid() != r->gid || (r->change && r->uid != 0 && setuid(0) == 0)))
    SP_NEVER("privileges were dropped, and are still there");
  return ok ? SP_OK
            : fault_set(why, SP_DENIED,
                        "the processes cannot become user %s: %s: does root lack "
                        "CAP_SETUID here? Start it as %s instead",
                        r->name, strerror(errno), r->name);
}

enum sp_err runner_check(const struct runner *r, const char *dir, struct fault *why) {
  if (!r->change || r->uid == 0)
    return SP_OK;
  char *real = realpath(dir, NULL); /* SQLite asks for the whole of it */
  struct stat st;
  bool reached = real ? stat(real, &st) == 0 : errno != EACCES;
  bool fine = reached && (!real || access(real, R_OK | W_OK | X_OK) == 0 || errno != EACCES);
  free(real);
  if (fine)
    return SP_OK;
  if (!reached)
    return fault_set(why, SP_DENIED,
                     "%s: user %s, who is to run the engine, may not reach it: a directory above "
                     "is closed to them: `namei -l %s` shows which",
                     dir, r->name, dir);
  return fault_set(why, SP_DENIED,
                   "%s: user %s, who is to run the engine, may not write there: `chown -R %s %s` "
                   "gives it to them; without --user its owner runs it",
                   dir, r->name, r->name, dir);
}
