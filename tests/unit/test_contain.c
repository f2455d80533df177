/* What a contained process may and may not do: each try is a process of its own, contained by the
 * same tables that `serve` uses. A forbidden call ends it by SIGSYS and names the call; a file out
 * of reach is refused. */
#include "contain/calls.h"
#include "contain/contain.h"
#include "contain/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

enum { as_expected = 0, otherwise = 1, not_contained = 2, no_landlock = 3 };

static char top[] = "/tmp/sallyport-contain-XXXXXX";
static char inside[64], outside[64];
static pid_t bystander; /* a process that nobody here may touch */

struct outcome {
  int code, signal; /* -1 = it did not end so */
  char said[2048];  /* on standard error */
};

static struct outcome run(enum contained as, void (*what)(void), const int *pids, uint32_t n_pids) {
  struct outcome o = {-1, -1, ""};
  int err[2], status;
  assert_int_equal(pipe(err), 0);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    struct contain_done done;
    struct fault why = {0};
    static const char *const devices[] = {"/dev", NULL};
    bool lines = as == CONTAINED_LINES;
    const struct contain_options options = {.as = as,
                                            .dir = inside,
                                            .more = lines ? devices : NULL,
                                            .tcp = lines,
                                            .pids = pids,
                                            .n_pids = n_pids};
    dup2(err[1], STDERR_FILENO);
    if (contain(&options, &done, &why)) {
      fprintf(stderr, "%s\n", why.text);
      _exit(not_contained);
    }
    if (done.calls < 20)
      _exit(not_contained);
    what();
    _exit(otherwise);
  }
  close(err[1]);
  size_t n = 0;
  ssize_t got;
  while ((got = read(err[0], o.said + n, sizeof o.said - 1 - n)) > 0)
    n += (size_t)got;
  close(err[0]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  o.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  o.signal = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
  return o;
}

/* --- What is forbidden --- */

static void inet_socket(void) {
  socket(AF_INET, SOCK_STREAM, 0);
}
static void netlink_socket(void) {
  socket(AF_NETLINK, SOCK_RAW, 0);
}
static void datagram_socket(void) {
  socket(AF_UNIX, SOCK_DGRAM, 0);
}
/* What stands above the 32 bits that the kernel looks at deceives nobody. */
static void inet_socket_disguised(void) {
  syscall(SYS_socket, (1UL << 32) | AF_INET, SOCK_STREAM, 0);
}
static void connect_out(void) {
  const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/notify"};
  connect(0, (const struct sockaddr *)&a, sizeof a);
}
static void exec_shell(void) {
  char *const argv[] = {(char *)(uintptr_t) "sh", NULL};
  execve("/bin/sh", argv, argv + 1);
}
static void exec_by_descriptor(void) {
  syscall(SYS_execveat, 0, "", NULL, NULL, 0x1000);
}
static void fork_once(void) {
  syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
static void new_namespace(void) {
  syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, NULL, NULL, NULL,
          NULL);
}
static void unshare_user(void) {
  syscall(SYS_unshare, CLONE_NEWUSER);
}
static void kill_bystander(void) {
  kill(bystander, SIGTERM);
}
static void signal_thread_of_bystander(void) {
  syscall(SYS_tgkill, bystander, bystander, SIGTERM);
}
static void read_memory_of_bystander(void) {
  syscall(SYS_process_vm_writev, bystander, NULL, 0, NULL, 0, 0);
}
static void trace_bystander(void) {
  ptrace(PTRACE_ATTACH, bystander, NULL, NULL);
}
static void map_code(void) {
  mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void make_code(void) {
  void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static void type_into_terminal(void) {
  ioctl(0, TIOCSTI, "x");
}
static void raise_limits(void) {
  const struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &most);
}
static void become_dumpable(void) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}
static void become_root(void) {
  syscall(SYS_setuid, 0);
}
static void bind_to_device(void) {
  setsockopt(0, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}
/* What a line's process inherits holds it as it held who forked it. */
static void exec_in_a_copy(void) {
  int status;
  pid_t pid = fork();
  if (pid == 0)
    exec_shell();
  if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
      WTERMSIG(status) == SIGSYS)
    exec_shell(); /* to be told of by this one too */
}
static void change_sigsys(void) {
  signal(SIGSYS, SIG_IGN);
}
static void change_sigsys_disguised(void) {
  syscall(SYS_rt_sigaction, (1UL << 32) | SIGSYS, NULL, NULL, 8);
}
static void filter_again(void) {
  syscall(SYS_seccomp, 0, 0, NULL);
}
static void load_bpf(void) {
  syscall(SYS_bpf, 0, NULL, 0);
}
static void ring(void) {
  syscall(SYS_io_uring_setup, 1, NULL);
}
static void mount_something(void) {
  syscall(SYS_mount, NULL, "/", NULL, 0, NULL);
}
static void change_root(void) {
  syscall(SYS_chroot, "/tmp");
}
static void set_clock(void) {
  syscall(SYS_clock_settime, 0, NULL);
}
static void link_out(void) {
  syscall(SYS_linkat, -1, "a", -1, "b", 0);
}
static void dup_to_owner(void) {
  fcntl(0, F_SETOWN, 1);
}

static void *in_thread(void *ctx) {
  sigset_t all;
  (void)ctx;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  inet_socket();
  return NULL;
}
static void blocked_in_a_thread(void) {
  pthread_t t;
  if (pthread_create(&t, NULL, in_thread, NULL) == 0)
    pthread_join(t, NULL);
}

/* Instruments need some calls that others have no use for. */
#if defined(__SANITIZE_ADDRESS__) || defined(SALLYPORT_INSTRUMENTED)
enum { instrumented = true };
#else
enum { instrumented = false };
#endif

static const struct {
  enum contained as;
  const char *name; /* of the call, as it is told; NULL: only that it ends */
  void (*make)(void);
  bool instruments_may;
} forbidden[] = {
    {CONTAINED_ENGINE, "socket", inet_socket, false},
    {CONTAINED_ENGINE, "socket", netlink_socket, false},
    {CONTAINED_ENGINE, "socket", datagram_socket, false},
    {CONTAINED_ENGINE, "socket", inet_socket_disguised, false},
    {CONTAINED_ENGINE, "connect", connect_out, false},
    {CONTAINED_ENGINE, "execve", exec_shell, false},
    {CONTAINED_ENGINE, "execveat", exec_by_descriptor, false},
    {CONTAINED_ENGINE, "clone", fork_once, false},
    {CONTAINED_ENGINE, "clone", new_namespace, false},
    {CONTAINED_ENGINE, "unshare", unshare_user, false},
    {CONTAINED_ENGINE, "kill", kill_bystander, false},
    {CONTAINED_ENGINE, "tgkill", signal_thread_of_bystander, true},
    {CONTAINED_ENGINE, "process_vm_writev", read_memory_of_bystander, false},
    {CONTAINED_ENGINE, "ptrace", trace_bystander, true},
    {CONTAINED_ENGINE, "mmap", map_code, false},
    {CONTAINED_ENGINE, "mprotect", make_code, false},
    {CONTAINED_ENGINE, "ioctl", type_into_terminal, false},
    {CONTAINED_ENGINE, "prlimit64", raise_limits, false},
    {CONTAINED_ENGINE, "prctl", become_dumpable, false},
    {CONTAINED_ENGINE, "setuid", become_root, false},
    {CONTAINED_ENGINE, "rt_sigaction", change_sigsys, true},
    {CONTAINED_ENGINE, "rt_sigaction", change_sigsys_disguised, false},
    {CONTAINED_ENGINE, "seccomp", filter_again, false},
    {CONTAINED_ENGINE, "bpf", load_bpf, false},
    {CONTAINED_ENGINE, "io_uring_setup", ring, false},
    {CONTAINED_ENGINE, "mount", mount_something, false},
    {CONTAINED_ENGINE, "chroot", change_root, false},
    {CONTAINED_ENGINE, "clock_settime", set_clock, false},
    {CONTAINED_ENGINE, "linkat", link_out, false},
    {CONTAINED_ENGINE, "fcntl", dup_to_owner, false},
    {CONTAINED_ENGINE, NULL, blocked_in_a_thread, false},
    {CONTAINED_LINES, "socket", netlink_socket, false},
    {CONTAINED_LINES, "socket", datagram_socket, false},
    {CONTAINED_LINES, "setsockopt", bind_to_device, false},
    {CONTAINED_LINES, "execve", exec_shell, false},
    {CONTAINED_LINES, "execveat", exec_by_descriptor, false},
    {CONTAINED_LINES, "clone", new_namespace, false},
    {CONTAINED_LINES, "kill", kill_bystander, false},
    {CONTAINED_LINES, "ptrace", trace_bystander, true},
    {CONTAINED_LINES, "mmap", map_code, false},
    {CONTAINED_LINES, "mprotect", make_code, false},
    {CONTAINED_LINES, "ioctl", type_into_terminal, false},
    {CONTAINED_LINES, "prctl", become_dumpable, false},
    {CONTAINED_LINES, "setuid", become_root, false},
    {CONTAINED_LINES, "seccomp", filter_again, false},
    {CONTAINED_LINES, "linkat", link_out, false},
    {CONTAINED_LINES, "execve", exec_in_a_copy, false},
    {CONTAINED_SUPERVISOR, "socket", inet_socket, false},
    {CONTAINED_SUPERVISOR, "execve", exec_shell, false},
    {CONTAINED_SUPERVISOR, "clone", fork_once, false},
    {CONTAINED_SUPERVISOR, "kill", kill_bystander, false},
    {CONTAINED_SUPERVISOR, "ptrace", trace_bystander, true},
    {CONTAINED_SUPERVISOR, "mmap", map_code, false},
    {CONTAINED_SUPERVISOR, "connect", connect_out, false},
};

static void a_forbidden_call_is_refused_and_told(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    if (instrumented && forbidden[i].instruments_may)
      continue;
    struct outcome o = run(forbidden[i].as, forbidden[i].make, NULL, 0);
    char part[64];
    snprintf(part, sizeof part, "asked the system for %s (",
             forbidden[i].name ? forbidden[i].name : "");
    bool told = !forbidden[i].name ||
                (strstr(o.said, part) && strstr(o.said, contained_name(forbidden[i].as)));
    if (o.signal != SIGSYS || !told)
      print_error("%zu %s: code %d, signal %d, said: %s\n", i,
                  forbidden[i].name ? forbidden[i].name : "", o.code, o.signal, o.said);
    assert_int_equal(o.signal, SIGSYS);
    assert_true(told);
  }
  assert_int_equal(kill(bystander, 0), 0);
}

#ifdef __x86_64__
/* The other way into the kernel that this processor has. */
static void other_architecture(void) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory"); /* getpid, of 32 bits */
}

static void calls_of_another_architecture_end_it(void **state) {
  (void)state;
  struct outcome o = run(CONTAINED_ENGINE, other_architecture, NULL, 0);
  /* SIGSEGV: this kernel has no such way at all. */
  assert_true(o.signal == SIGSYS || o.signal == SIGSEGV);
}
#endif

/* --- Files --- */

static bool refused(int fd) {
  return fd < 0 && errno == EACCES;
}

static void try_files(void) {
  char path[200];
  snprintf(path, sizeof path, "%s/new", inside);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && ftruncate(fd, 0) == 0;
  close(fd);
  char renamed[200];
  snprintf(renamed, sizeof renamed, "%s/newer", inside);
  ok = ok && rename(path, renamed) == 0 && unlink(renamed) == 0;
  if (!ok)
    _exit(otherwise);
  snprintf(path, sizeof path, "%s/there", outside);
  snprintf(renamed, sizeof renamed, "%s/../outside/there", inside);
  ok = refused(open(path, O_RDONLY)) && refused(open(path, O_WRONLY)) &&
       refused(open(renamed, O_RDONLY)) && refused(open("/etc/passwd", O_RDONLY)) &&
       refused(open(outside, O_RDONLY | O_DIRECTORY)) && unlink(path) != 0;
  snprintf(path, sizeof path, "%s/made", outside);
  ok = ok && refused(open(path, O_WRONLY | O_CREAT, 0600));
  /* by a link that lies inside */
  snprintf(path, sizeof path, "%s/link", inside);
  ok = ok && refused(open(path, O_RDONLY));
  snprintf(path, sizeof path, "%s/there", inside);
  snprintf(renamed, sizeof renamed, "%s/moved", outside);
  ok = ok && rename(path, renamed) != 0;
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  snprintf(a.sun_path, sizeof a.sun_path, "%s/sock", outside);
  ok = ok && s >= 0 && bind(s, (const struct sockaddr *)&a, sizeof a) != 0 && errno == EACCES;
  snprintf(a.sun_path, sizeof a.sun_path, "%s/sock", inside);
  ok = ok && bind(s, (const struct sockaddr *)&a, sizeof a) == 0;
  int random = open("/dev/urandom", O_RDONLY);
  _exit(ok && random >= 0 ? as_expected : otherwise);
}

static bool has_landlock(void) {
  return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1) > 0;
}

static void files_outside_are_out_of_reach(void **state) {
  (void)state;
  if (!has_landlock()) {
    print_message("this kernel has no Landlock\n");
    skip();
  }
  struct outcome o = run(CONTAINED_ENGINE, try_files, NULL, 0);
  if (o.code != as_expected)
    print_error("code %d, signal %d: %s\n", o.code, o.signal, o.said);
  assert_int_equal(o.code, as_expected);
}

/* --- What is allowed --- */

static void *nothing(void *ctx) {
  return ctx;
}

static void try_what_is_needed(void) {
  pthread_t t[4];
  bool ok = true;
  for (int i = 0; i < 4; i++)
    ok = ok && pthread_create(&t[i], NULL, nothing, NULL) == 0;
  for (int i = 0; i < 4; i++)
    ok = ok && pthread_join(t[i], NULL) == 0;
  void *big = malloc(64 << 20);
  ok = ok && big;
  free(big);
  ok = ok && signal(SIGTERM, SIG_IGN) != SIG_ERR && getpid() > 0;
  _exit(ok ? as_expected : otherwise);
}

static void threads_and_memory_are_had(void **state) {
  (void)state;
  struct outcome o = run(CONTAINED_ENGINE, try_what_is_needed, NULL, 0);
  assert_int_equal(o.code, as_expected);
}

static void fail_an_assertion(void) {
  SP_NEVER("told although contained");
}

static void a_failed_assertion_still_tells(void **state) {
  (void)state;
  for (int as = 0; as < CONTAINED_COUNT; as++) {
    struct outcome o = run((enum contained)as, fail_an_assertion, NULL, 0);
    assert_true(strstr(o.said, "told although contained"));
    assert_int_equal(o.signal, SIGABRT);
  }
}

static void signal_the_one(void) {
  _exit(kill(bystander, 0) == 0 ? as_expected : otherwise);
}

static void a_supervisor_signals_its_own(void **state) {
  (void)state;
  const int pids[] = {getpid(), bystander};
  struct outcome o = run(CONTAINED_SUPERVISOR, signal_the_one, pids, 2);
  assert_int_equal(o.code, as_expected);
  o = run(CONTAINED_SUPERVISOR, signal_the_one, pids, 1);
  assert_int_equal(o.signal, SIGSYS);
}

static void look_at_itself(void) {
  struct rlimit core;
  bool ok = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;
  _exit(ok ? as_expected : otherwise);
}

static void no_core_is_dumped(void **state) {
  (void)state;
  struct outcome o = run(CONTAINED_ENGINE, look_at_itself, NULL, 0);
  assert_int_equal(o.code, as_expected);
}

static char serial[128]; /* a pseudo terminal, as a line opens a serial device */

static bool set_serial(void) {
  struct termios t;
  int fd = open(serial, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return fd >= 0 && tcgetattr(fd, &t) == 0 && cfsetspeed(&t, B19200) == 0 &&
         tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

/* Lines have a folder and the devices, and nothing else of the site. */
static void try_lines_files(void) {
  char path[200];
  snprintf(path, sizeof path, "%s/../outside/there", inside);
  bool ok = refused(open(path, O_RDONLY)) && refused(open(path, O_WRONLY)) &&
            refused(open("/etc/hosts", O_RDONLY)) &&
            refused(open("/dev", O_RDONLY | O_DIRECTORY)) &&
            refused(open("/dev/made", O_RDWR | O_CREAT, 0600));
  snprintf(path, sizeof path, "%s/key", inside);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
      zero = open("/dev/zero", O_RDWR);
  ok = ok && fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && unlink(path) == 0 &&
       zero >= 0 && set_serial();
  _exit(ok ? as_expected : otherwise);
}

static void lines_reach_their_keys_and_devices(void **state) {
  (void)state;
  if (!has_landlock())
    skip();
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  assert_int_equal(ptsname_r(master, serial, sizeof serial), 0);
  struct outcome o = run(CONTAINED_LINES, try_lines_files, NULL, 0);
  close(master);
  assert_int_equal(o.code, as_expected);
}

/* --- The tables --- */

static bool row_is_known(const struct call_row *r, uint32_t arch) {
  return seccomp_syscall_resolve_name_arch(arch, r->name) >= 0;
}

static bool listed(const char *name) {
  for (size_t i = 0; i < call_rows_n; i++)
    if (strcmp(call_rows[i].name, name) == 0)
      return true;
  return false;
}

static void the_table_is_sound(void **state) {
  (void)state;
  /* What only x86-64 has, and what the C library of an arm64 calls instead. */
  static const char *const old[][2] = {
      {"open", "openat"},         {"stat", "newfstatat"},
      {"lstat", "newfstatat"},    {"access", "faccessat"},
      {"readlink", "readlinkat"}, {"unlink", "unlinkat"},
      {"rename", "renameat"},     {"chmod", "fchmodat"},
      {"poll", "ppoll"},          {"epoll_wait", "epoll_pwait"},
      {"time", "clock_gettime"},  {"getrlimit", "prlimit64"},
  };
  for (size_t i = 0; i < call_rows_n; i++) {
    const struct call_row *r = &call_rows[i];
    bool x86 = row_is_known(r, SCMP_ARCH_X86_64), arm = row_is_known(r, SCMP_ARCH_AARCH64);
    const char *instead = NULL;
    for (size_t k = 0; k < sizeof old / sizeof *old; k++)
      if (strcmp(old[k][0], r->name) == 0)
        instead = old[k][1];
    if (!x86 || !(arm || (instead && listed(instead))))
      print_error("%s: no such call, or none instead of it on arm64\n", r->name);
    assert_true(x86 && (arm || (instead && listed(instead))));
    assert_true(r->why && *r->why && r->by && r->by < 1U << CONTAINED_COUNT);
    assert_true((r->when[0].kind == WHEN_ALWAYS) == !r->only); /* docs tell every condition */
  }
}

static void nobody_has_these(void **state) {
  static const char *const never[] = {"execve",
                                      "execveat",
                                      "fork",
                                      "vfork",
                                      "ptrace",
                                      "bpf",
                                      "mount",
                                      "chroot",
                                      "setuid",
                                      "setresuid",
                                      "capset",
                                      "init_module",
                                      "keyctl",
                                      "userfaultfd",
                                      "perf_event_open",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "io_uring_setup",
                                      "open_by_handle_at",
                                      "pidfd_open",
                                      "pidfd_getfd",
                                      "pidfd_send_signal",
                                      "tkill",
                                      "rt_sigqueueinfo",
                                      "seccomp",
                                      "unshare",
                                      "setns",
                                      "mkdir",
                                      "symlink",
                                      "link",
                                      "linkat",
                                      "mknodat",
                                      "socketpair",
                                      "memfd_create",
                                      "personality"};
  (void)state;
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    assert_false(listed(never[i]));
  /* Who decides asks nobody; who drives readers does nothing but. */
  static const char *const lines_alone[] = {"connect", "sendto", "recvfrom", "setsockopt", "prctl"};
  for (size_t i = 0; i < sizeof lines_alone / sizeof *lines_alone; i++)
    for (size_t k = 0; k < call_rows_n; k++)
      assert_true(strcmp(call_rows[k].name, lines_alone[i]) != 0 ||
                  call_rows[k].by == 1U << CONTAINED_LINES);
}

/* --- Users --- */

static void users(void **state) {
  struct runner r;
  struct fault why = {0};
  (void)state;
  assert_int_equal(runner_choose(&r, "no-such-user-here", inside, &why), SP_NOT_FOUND);
  assert_non_null(strstr(why.text, "adduser"));
  assert_int_equal(runner_choose(&r, NULL, inside, &why), SP_OK);
  assert_int_equal(r.uid, geteuid()); /* its owner, or who we are */
  enum sp_err err = runner_choose(&r, "64321", inside, &why);
  if (geteuid() != 0) {
    assert_int_equal(err, SP_DENIED);
    return;
  }
  assert_int_equal(err, SP_OK);
  assert_int_equal(r.uid, 64321);
  assert_int_equal(r.gid, 64321);
  assert_string_equal(r.name, "64321");
  assert_int_equal(chown(inside, 64322, 64323), 0);
  assert_int_equal(runner_choose(&r, NULL, inside, &why), SP_OK);
  assert_int_equal(chown(inside, 0, 0), 0);
  assert_int_equal(r.uid, 64322);
  assert_int_equal(r.gid, 64323);
  assert_int_equal(runner_choose(&r, "0", inside, &why), SP_OK);
  assert_string_equal(r.name, "root");
}

/* --- Around --- */

static int begin(void **state) {
  (void)state;
  assert_non_null(mkdtemp(top));
  snprintf(inside, sizeof inside, "%s/inside", top);
  snprintf(outside, sizeof outside, "%s/outside", top);
  char path[200], target[200];
  assert_int_equal(mkdir(inside, 0700) | mkdir(outside, 0700), 0);
  snprintf(target, sizeof target, "%s/there", outside);
  close(open(target, O_WRONLY | O_CREAT, 0600));
  snprintf(path, sizeof path, "%s/link", inside);
  assert_int_equal(symlink(target, path), 0);
  snprintf(path, sizeof path, "%s/there", inside);
  close(open(path, O_WRONLY | O_CREAT, 0600));
  bystander = fork();
  if (bystander == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause();
  }
  return bystander < 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
  (void)st, (void)flag, (void)at;
  return remove(path);
}

static int end(void **state) {
  (void)state;
  kill(bystander, SIGKILL);
  waitpid(bystander, NULL, 0);
  return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forbidden_call_is_refused_and_told),
#ifdef __x86_64__
      cmocka_unit_test(calls_of_another_architecture_end_it),
#endif
      cmocka_unit_test(files_outside_are_out_of_reach),
      cmocka_unit_test(threads_and_memory_are_had),
      cmocka_unit_test(a_failed_assertion_still_tells),
      cmocka_unit_test(a_supervisor_signals_its_own),
      cmocka_unit_test(no_core_is_dumped),
      cmocka_unit_test(lines_reach_their_keys_and_devices),
      cmocka_unit_test(the_table_is_sound),
      cmocka_unit_test(nobody_has_these),
      cmocka_unit_test(users),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
