/* lesser_kernel WITHOUT PROGRAM …: runs the program on a kernel that seems to have no `seccomp` or
 * no `landlock`: a filter answers for it. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int hide_seccomp(scmp_filter_ctx f) {
  int code = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);
  return code ? code
              : seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                 SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
}

static int hide_landlock(scmp_filter_ctx f) {
  return seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
                          seccomp_syscall_resolve_name("landlock_create_ruleset"), 0);
}

int main(int argc, char **argv) {
  scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
  int code = argc < 3 || !f                     ? -EINVAL
             : strcmp(argv[1], "seccomp") == 0  ? hide_seccomp(f)
             : strcmp(argv[1], "landlock") == 0 ? hide_landlock(f)
                                                : -EINVAL;
  if (!code) /* not at the price of privileges, which are to be dropped by the program */
    code = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
  if (!code)
    code = seccomp_load(f);
  if (code) {
    fprintf(stderr, "lesser_kernel: %s\n", strerror(-code));
    return 125;
  }
  execv(argv[2], argv + 2);
  perror(argv[2]);
  return 126;
}
