/* runner.h: as which user the processes of `serve` run, and becoming that user for good.
 *
 * Started by root, they run as the owner of the site's directory, or as --user. The keys are that
 * user's, and what is written later belongs to them. When that is root, they run as root, but with
 * none of root's capabilities, which is told as a warning.
 */
#ifndef SP_CONTAIN_RUNNER_H
#define SP_CONTAIN_RUNNER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct runner {
  uid_t uid;
  gid_t gid;
  char name[64]; /* or the number */
  bool has_name; /* known to the system: has groups of their own */
  bool change;   /* root starts, and must become it */
};

/* user: --user, a name or number; NULL: not given. SP_NOT_FOUND: no such user; SP_DENIED: only root
 * may choose. What is wrong with dir, whoever opens it will say. */
enum sp_err runner_choose(struct runner *r, const char *user, const char *dir,
                          struct fault *why) SP_MUST_USE;
/* For good: groups, user, every capability, no new privileges. SP_DENIED. */
enum sp_err runner_become(const struct runner *r, struct fault *why) SP_MUST_USE;
/* Whether the directory is this user's to work in. SP_DENIED, with the cure. */
enum sp_err runner_check(const struct runner *r, const char *dir, struct fault *why) SP_MUST_USE;

#endif
