#include "contain/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  supervised_max = contained_pids_max,
  end_s_max = 10, /* that the others have when one has failed */
  exit_not_started = 127,
};

static const char program[] = "/proc/self/exe"; /* this very file, even when another has its name */

/* Whoever chose the first two for us chose our own libraries so; nothing else of what is around
 * gets in. */
static const char *const kept[] = {
    "LD_LIBRARY_PATH",   "LD_PRELOAD",    "LC_ALL",
    "LC_CTYPE",          "LANG",          "TZ",
#ifdef SALLYPORT_INSTRUMENTED
    "ASAN_OPTIONS",      "UBSAN_OPTIONS", "LSAN_OPTIONS",
    "TSAN_OPTIONS",      "GCOV_PREFIX",   "GCOV_PREFIX_STRIP",
    "LLVM_PROFILE_FILE",
#endif
};
enum { kept_n = sizeof kept / sizeof *kept };

struct child {
  enum contained as;
  pid_t pid; /* 0: it has ended */
};

struct supervisor {
  struct child children[supervised_max];
  uint32_t n, running;
  bool failing;          /* because one failed */
  bool stopping;         /* because it was told to */
  struct timespec until; /* failing: then they are killed */
  enum sp_err err;
  bool told;
  struct fault *why;
};

/* --- Starting --- */

static char **environment(void) {
  static char *list[kept_n + 1];
  uint32_t n = 0;
  for (uint32_t i = 0; i < kept_n; i++) {
    const char *value = getenv(kept[i]);
    char *text = NULL;
    if (value && asprintf(&text, "%s=%s", kept[i], value) > 0)
      list[n++] = text;
  }
  list[n] = NULL;
  return list;
}

/* Descriptors become SUPERVISE_LIFE_FD and those after it. They are first moved out of the way of
 * each other. */
static bool place_descriptors(const struct supervised *row, int life, int report) {
  int from[supervised_fds_max + 2];
  uint32_t n = row->n_fds + 2;
  int base = SUPERVISE_LIFE_FD + (int)n;
  for (uint32_t i = 0; i < n; i++) {
    int fd = i == 0 ? life : i == n - 1 ? report : row->fds[i - 1];
    if ((from[i] = fcntl(fd, F_DUPFD_CLOEXEC, base)) < 0)
      return false;
  }
  for (uint32_t i = 0; i < n; i++)
    if (dup3(from[i], SUPERVISE_LIFE_FD + (int)i, i == n - 1 ? O_CLOEXEC : 0) < 0)
      return false;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return null >= 0 && dup2(null, STDIN_FILENO) == 0 && close_range((unsigned)base, ~0U, 0) == 0;
}

/* In the new process, which has one thread. Never returns. */
static _Noreturn void become(const struct supervised *row, int life, int report, char **env) {
  const char *argv[16] = {"sallyport"};
  sigset_t none;
  uint32_t n = 0;
  while (row->argv[n] && n + 2 < sizeof argv / sizeof *argv) {
    argv[n + 1] = row->argv[n];
    n++;
  }
  sigemptyset(&none);
  setsid(); /* a terminal's Ctrl-C comes to the supervisor alone */
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  int at = report;
  if (place_descriptors(row, life, report)) {
    at = SUPERVISE_FIRST_FD + (int)row->n_fds;
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program, (char *const *)(uintptr_t)argv, env);
  }
  int what = errno;
  ssize_t told = write(at, &what, sizeof what);
  (void)told;
  _exit(exit_not_started);
}

static enum sp_err start(struct supervisor *s, const struct supervised *row, int life, char **env) {
  int report[2], what = 0;
  if (pipe2(report, O_CLOEXEC) != 0)
    return fault_set(s->why, SP_IO, "%s: %s", contained_name(row->as), strerror(errno));
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0)
    become(row, life, report[1], env);
  int failed = errno;
  close(report[1]);
  ssize_t n = pid > 0 ? read(report[0], &what, sizeof what) : 0;
  close(report[0]);
  if (pid < 0)
    return fault_set(s->why, SP_IO, "the %s cannot be started: %s", contained_name(row->as),
                     strerror(failed));
  if (n == 0) {
    s->children[s->n++] = (struct child){row->as, pid};
    s->running++;
    return SP_OK;
  }
  waitpid(pid, NULL, 0);
  char path[1024];
  ssize_t len = readlink(program, path, sizeof path - 1);
  path[len > 0 ? len : 0] = '\0';
  return what == ENOENT
             ? fault_set(s->why, SP_UNAVAILABLE,
                         "the %s cannot be started: /proc is not there: `mount -t proc proc /proc`",
                         contained_name(row->as))
             : fault_set(s->why, SP_DENIED,
                         "the %s cannot be started: %s: %s: is the program where the user who runs "
                         "it may execute it? `chmod 755` it, or install it",
                         contained_name(row->as), path, strerror(what));
}

/* --- Ending --- */

static void send_all(const struct supervisor *s, int signal) {
  for (uint32_t i = 0; i < s->n; i++)
    if (s->children[i].pid)
      kill(s->children[i].pid, signal);
}

/* The first that failed is the one that is told. */
static void judge(struct supervisor *s, const struct child *c, int status) {
  const char *name = contained_name(c->as);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == 0 || s->err)
    return;
  if (s->stopping && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
    return; /* it had not begun */
  for (int e = 1; e < SP_ERR_COUNT && code > 0; e++)
    if (sp_err_exit((enum sp_err)e) == code)
      s->err = (enum sp_err)e;
  s->told = s->err != SP_OK;
  if (s->told)
    return;
  s->err = SP_UNAVAILABLE;
  if (code > 0)
    fault_set(s->why, s->err, "the %s ended with exit code %d", name, code);
  else if (WTERMSIG(status) == SIGSYS)
    s->err = fault_set(
        s->why, SP_DENIED,
        "the %s was ended because it asked the system for a call that is not on its list: it "
        "was attacked, or docs/containment.md says what to report. What was answered is kept",
        name);
  else
    fault_set(s->why, s->err,
              "the %s was ended by signal %d (%s): what was answered is kept; start it again", name,
              WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static void reap(struct supervisor *s) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    for (uint32_t i = 0; i < s->n; i++)
      if (s->children[i].pid == pid) {
        s->children[i].pid = 0;
        s->running--;
        judge(s, &s->children[i], status);
        if (!s->failing && s->running) {
          s->failing = true;
          clock_gettime(CLOCK_MONOTONIC, &s->until);
          s->until.tv_sec += end_s_max;
          send_all(s, SIGTERM);
        }
      }
}

/* The first ends before the others are told to: it is what they rest on, and shall not take their
 * end for a failure. Who asks twice means all at once. */
static void stop(struct supervisor *s) {
  if (s->stopping || !s->children[0].pid)
    send_all(s, SIGTERM);
  else
    kill(s->children[0].pid, SIGTERM);
  s->stopping = true;
}

/* SIGCHLD and what is passed on. Blocked while this process lives, and waited for here. */
static sigset_t awaited(void) {
  static const int list[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    sigaddset(&set, list[i]);
  return set;
}

static void wait_all(struct supervisor *s) {
  const struct timespec second = {.tv_sec = 1};
  const sigset_t set = awaited();
  struct timespec now;
  while (s->running) {
    int signal = sigtimedwait(&set, NULL, s->failing ? &second : NULL);
    if (signal > 0 && signal != SIGCHLD)
      stop(s);
    reap(s);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (s->failing && now.tv_sec >= s->until.tv_sec)
      send_all(s, SIGKILL);
  }
}

static enum sp_err contain_supervisor(const struct supervisor *s, enum containment need,
                                      struct fault *why) {
  int pids[supervised_max];
  struct contain_done done;
  for (uint32_t i = 0; i < s->n; i++)
    pids[i] = s->children[i].pid;
  const struct contain_options options = {
      .as = CONTAINED_SUPERVISOR, .need = need, .pids = pids, .n_pids = s->n};
  return contain(&options, &done, why);
}

enum sp_err supervise(const struct supervised *rows, uint32_t n, enum containment need, bool *told,
                      struct fault *why) {
  struct supervisor s = {.why = why};
  int life[2];
  const sigset_t set = awaited();
  SP_ASSERT(n <= supervised_max);
  *told = false;
  if (pipe2(life, O_CLOEXEC) != 0)
    return fault_set(why, SP_IO, "serve: %s", strerror(errno));
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  enum sp_err err = contain_memory(why);
  char **env = environment();
  for (uint32_t i = 0; i < n && !err; i++)
    err = start(&s, &rows[i], life[0], env);
  /* What it was started with is none of its business; LIFE's other end is all that it holds. */
  if (!err && (dup3(life[1], SUPERVISE_LIFE_FD, O_CLOEXEC) < 0 && errno != EINVAL))
    err = fault_set(why, SP_IO, "serve: %s", strerror(errno));
  if (!err)
    close_range(SUPERVISE_FIRST_FD, ~0U, 0);
  if (!err)
    err = contain_supervisor(&s, need, why);
  if (err)
    send_all(&s, SIGKILL);
  s.err = err;
  wait_all(&s);
  *told = !err && s.told;
  return s.err;
}

/* --- In a process that was started --- */

enum sp_err supervised_begin(struct fault *why) {
  struct stat st;
  struct pollfd life = {.fd = SUPERVISE_LIFE_FD, .events = POLLIN};
  if (fstat(SUPERVISE_LIFE_FD, &st) != 0 || !S_ISFIFO(st.st_mode))
    return fault_set(why, SP_USAGE, "this is started by `sallyport serve`, not by hand");
  fcntl(SUPERVISE_LIFE_FD, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_NAME, "sallyport", 0, 0, 0); /* else it is called exe */
  if (poll(&life, 1, 0) != 0)               /* it ended before it could be heard of */
    return fault_set(why, SP_UNAVAILABLE, "whoever started this process is gone");
  return SP_OK;
}
