#include "contain/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/landlock.h; here, because that of Debian 12 does not know all of them yet. */
enum {
  ACCESS_EXECUTE = 1 << 0,
  ACCESS_WRITE_FILE = 1 << 1,
  ACCESS_READ_FILE = 1 << 2,
  ACCESS_READ_DIR = 1 << 3,
  ACCESS_REMOVE_FILE = 1 << 5,
  ACCESS_MAKE_REG = 1 << 8,
  ACCESS_MAKE_SOCK = 1 << 9,
  ACCESS_TRUNCATE = 1 << 14,
  ACCESS_IOCTL_DEV = 1 << 15,

  NET_ALL = 3, /* bind and connect by TCP */
  SCOPE_ABSTRACT_SOCKET = 1,
  SCOPE_SIGNAL = 2,

  CREATE_VERSION = 1,
  RULE_PATH_BENEATH = 1,
};
struct ruleset {
  uint64_t fs, net, scoped;
};
struct path_beneath {
  uint64_t access;
  int32_t fd;
} __attribute__((packed));

/* What each version can refuse. */
static const struct ruleset known[] = {
    {0, 0, 0},
    {(1 << 13) - 1, 0, 0},
    {(1 << 14) - 1, 0, 0},
    {(1 << 15) - 1, 0, 0},
    {(1 << 15) - 1, NET_ALL, 0},
    {(1 << 16) - 1, NET_ALL, 0},
    {(1 << 16) - 1, NET_ALL, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL},
};
enum { known_n = sizeof known / sizeof *known };

static int allow(int rules, const struct ruleset *handled, const char *path, uint64_t access) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return -1;
  const struct path_beneath p = {access & handled->fs, fd};
  long done = syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &p, 0);
  int what = errno;
  close(fd);
  errno = what;
  return (int)done;
}

uint32_t landlock_version(const char **reason) {
  long has = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);
  *reason = has > 0               ? ""
            : errno == EOPNOTSUPP ? "it is switched off: add landlock to the boot option lsm="
                                  : "the kernel is older than 5.13 or built without it";
  return has > 0 ? (uint32_t)has : 0;
}

enum sp_err landlock_confine(const struct contain_options *o, struct fault *why) {
  const char *reason, *dir = o->dir;
  uint32_t has = landlock_version(&reason);
  struct ruleset handled = known[has < known_n ? has : known_n - 1];
  if (o->as == CONTAINED_SUPERVISOR) /* it passes signals on */
    handled.scoped &= ~(uint64_t)SCOPE_SIGNAL;
  if (o->tcp)
    handled.net = 0;
  int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  bool ok = rules >= 0;
  enum sp_err err = SP_OK;
  if (ok && dir &&
      allow(rules, &handled, dir,
            ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_READ_DIR | ACCESS_REMOVE_FILE |
                ACCESS_MAKE_REG | ACCESS_MAKE_SOCK | ACCESS_TRUNCATE))
    err = errno == ENOENT
              ? fault_set(
                    why, SP_NOT_FOUND,
                    "%s: there is no such directory: `sallyport init %s --plan FILE` makes a site",
                    dir, dir)
              : fault_set(why, SP_IO, "%s: %s", dir, strerror(errno));
  if (ok && dir) { /* where one is missing, it is not needed */
    (void)allow(rules, &handled, "/dev/null", ACCESS_READ_FILE | ACCESS_WRITE_FILE);
    (void)allow(rules, &handled, "/dev/urandom", ACCESS_READ_FILE);
  }
  /* Likewise; a link's end is meant. What may be asked of a device, the list of calls says. */
  for (uint32_t i = 0; ok && o->more && o->more[i]; i++)
    (void)allow(rules, &handled, o->more[i],
                ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_IOCTL_DEV);
#ifdef SALLYPORT_INSTRUMENTED /* sanitizers look at the process's memory map and threads */
  (void)allow(rules, &handled, "/proc", ACCESS_READ_FILE | ACCESS_READ_DIR);
#endif
#ifdef SALLYPORT_COVERAGE /* the counts are written beside what was built */
  (void)allow(rules, &handled, SALLYPORT_COVERAGE,
              ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_READ_DIR | ACCESS_MAKE_REG |
                  ACCESS_TRUNCATE);
#endif
  if (!err && ok)
    ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  if (!err && !ok)
    err = fault_set(why, SP_IO, "Landlock: %s", strerror(errno));
  if (rules >= 0)
    close(rules);
  return err;
}
