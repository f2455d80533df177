/* filter.c: makes the filter from the table and sees to it that a forbidden call is noticed.
 *
 * A forbidden call is not carried out: the kernel sends SIGSYS instead. The handler says which call
 * it was and then makes another forbidden one. SIGSYS is blocked by then, so the kernel ends the
 * process by it. The lists do not let SIGSYS's handler be changed, and a thread that blocks SIGSYS
 * dies at once.
 */
#include "contain/filter.h"

#include "contain/calls.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { call_numbers_max = 1024, call_name_max = 32 };

/* Made before it is needed: a handler may not ask for memory. */
static char names[call_numbers_max][call_name_max];
static char who[32];

static void add(char *line, size_t size, const char *text) {
  size_t n = strlen(line);
  while (*text && n + 1 < size)
    line[n++] = *text++;
  line[n] = '\0';
}

static void on_forbidden(int signal, siginfo_t *info, void *context) {
  char line[256] = "sallyport: the ", number[16];
  int call = info->si_syscall, at = sizeof number - 1;
  unsigned rest = (unsigned)call;
  (void)signal;
  (void)context;
  number[at] = '\0';
  do
    number[--at] = (char)('0' + rest % 10);
  while ((rest /= 10) && at);
  add(line, sizeof line, who);
  add(line, sizeof line, " asked the system for ");
  add(line, sizeof line,
      call >= 0 && call < call_numbers_max && names[call][0] ? names[call] : "a call");
  add(line, sizeof line, " (");
  add(line, sizeof line, number + at);
  add(line, sizeof line, "), which is not on its list: it is ended\n");
  ssize_t told = write(STDERR_FILENO, line, strlen(line));
  (void)told;
  syscall(SYS_swapoff, NULL); /* on nobody's list */
  _exit(128 + SIGSYS);
}

static void watch(enum contained as) {
  snprintf(who, sizeof who, "%s", contained_name(as));
  for (int i = 0; i < call_numbers_max; i++) {
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
    if (name)
      snprintf(names[i], sizeof names[i], "%s", name);
    free(name);
  }
  struct sigaction act = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO};
  sigset_t only;
  sigemptyset(&act.sa_mask);
  sigaction(SIGSYS, &act, NULL);
  sigemptyset(&only);
  sigaddset(&only, SIGSYS);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
}

static int add_rule(scmp_filter_ctx filter, int call, const struct call_row *row, int pid) {
  struct scmp_arg_cmp args[2];
  unsigned n = 0;
  for (; n < 2 && row->when[n].kind != WHEN_ALWAYS; n++) {
    const struct call_when *w = &row->when[n];
    switch (w->kind) {
    case WHEN_BELOW:
      args[n] = SCMP_CMP64(w->arg, SCMP_CMP_LT, w->value);
      break;
    case WHEN_OWN_PID:
    case WHEN_CHILDREN:
      args[n] = SCMP_CMP64(w->arg, SCMP_CMP_MASKED_EQ, 0xffffffff, (uint32_t)pid);
      break;
    case WHEN_MASKED:
    case WHEN_ALWAYS:
      args[n] = SCMP_CMP64(w->arg, SCMP_CMP_MASKED_EQ, w->mask, w->value);
      break;
    }
  }
  uint32_t action = row->answer == CALL_ABSENT ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW;
  int code = seccomp_rule_add_array(filter, action, call, n, args);
  return code == -EEXIST ? 0 : code;
}

static int add_row(scmp_filter_ctx filter, const struct contain_options *o,
                   const struct call_row *row, uint32_t *calls) {
  int call = seccomp_syscall_resolve_name(row->name), code = 0;
  if (!(row->by >> o->as & 1) || call < 0) /* not its own; or this architecture has none */
    return 0;
  if (row->when[0].kind == WHEN_CHILDREN)
    for (uint32_t i = 0; i < o->n_pids && !code; i++)
      code = add_rule(filter, call, row, o->pids[i]);
  else
    code = add_rule(filter, call, row, getpid());
  bool another = row > call_rows && row < call_rows + call_rows_n &&
                 strcmp(row[-1].name, row->name) == 0; /* of the same call */
  *calls += row->answer == CALL_ALLOWED && !another;
  return code;
}

enum sp_err filter_possible(struct fault *why) {
  const uint32_t kill = SECCOMP_RET_KILL_PROCESS; /* Linux 4.14: the youngest that is needed */
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == 0)
    return SP_OK;
  return fault_set(why, SP_UNAVAILABLE, "this kernel filters no calls (seccomp): %s",
                   strerror(errno));
}

enum sp_err filter_install(const struct contain_options *options, uint32_t *calls,
                           struct fault *why) {
  *calls = 0;
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
  if (!filter)
    return fault_set(why, SP_NO_MEMORY, "out of memory for the list of calls");
  int code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (!code) /* a tree: what is asked for most often is not found last */
    code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (size_t i = 0; i < call_rows_n && !code; i++)
    code = add_row(filter, options, &call_rows[i], calls);
  uint32_t more = 0;
  for (size_t i = 0; i < call_rows_instrumented_n && !code; i++)
    code = add_row(filter, options, &call_rows_instrumented[i], &more);
  SP_ASSERT(code != -EINVAL && code != -EFAULT); /* the table is ours */
  if (!code) {
    watch(options->as);
    code = seccomp_load(filter);
  }
  seccomp_release(filter);
  return code == -ENOMEM ? fault_set(why, SP_NO_MEMORY, "out of memory for the list of calls")
         : code          ? fault_set(why, SP_IO, "the list of calls (seccomp): %s", strerror(-code))
                         : SP_OK;
}
