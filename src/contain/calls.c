#include "contain/calls.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define S   (1U << CONTAINED_SUPERVISOR)
#define E   (1U << CONTAINED_ENGINE)
#define ALL (S | E)

/* The kernel looks at 32 bits of an int, so do we: what stands above them deceives nobody. */
#define INT(n, v)                                                                                  \
  { WHEN_MASKED, n, 0xffffffff, (uint32_t)(v) }
#define NULL_POINTER(n)                                                                            \
  { WHEN_MASKED, n, UINT64_MAX, 0 }
#define NO_BITS(n, bits)                                                                           \
  { WHEN_MASKED, n, (uint32_t)(bits), 0 }

#define CLONE_NEW_ALL                                                                              \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |    \
   CLONE_NEWNET)

/* clang-format off: a table */
const struct call_row call_rows[] = {
    /* memory: none that is or becomes code */
    {"brk", ALL, .why = "memory"},
    {"mmap", ALL, .when = {NO_BITS(2, PROT_EXEC)}, .only = "not executable",
     .why = "memory; SQLite's shared index"},
    {"mprotect", ALL, .when = {NO_BITS(2, PROT_EXEC)}, .only = "not executable",
     .why = "memory, stacks of threads"},
    {"munmap", ALL, .why = "memory"},
    {"mremap", ALL, .why = "memory"},
    {"madvise", ALL, .why = "memory, stacks of threads"},

    /* files, by descriptor: they were opened below the site's directory */
    {"read", ALL, .why = "files, sockets, wake-ups"},
    {"write", ALL, .why = "files, sockets, messages"},
    {"readv", E, .why = "libuv"},
    {"writev", ALL, .why = "libuv; messages"},
    {"pread64", E, .why = "SQLite"},
    {"pwrite64", E, .why = "SQLite"},
    {"lseek", ALL, .why = "SQLite; the end of standard output"},
    {"fsync", E, .why = "durable"},
    {"fdatasync", E, .why = "durable"},
    {"ftruncate", E, .why = "SQLite"},
    {"fallocate", E, .why = "SQLite"},
    {"close", ALL, .why = "files"},
    {"fstat", ALL, .why = "files"},
    {"newfstatat", ALL, .why = "files"},
    {"statx", ALL, .why = "files, with newer C libraries"},
    {"fchmod", E, .why = "the socket's mode"},
    {"fchown", E, .why = "SQLite, when it runs as root"},
    {"fcntl", E, .when = {INT(1, F_GETFD)}, .only = "F_GETFD", .why = "files"},
    {"fcntl", E, .when = {INT(1, F_SETFD)}, .only = "F_SETFD", .why = "close on exec"},
    {"fcntl", ALL, .when = {INT(1, F_GETFL)}, .only = "F_GETFL", .why = "files"},
    {"fcntl", E, .when = {INT(1, F_SETFL)}, .only = "F_SETFL", .why = "not blocking"},
    {"fcntl", E, .when = {INT(1, F_DUPFD_CLOEXEC)}, .only = "F_DUPFD_CLOEXEC", .why = "SQLite"},
    {"fcntl", E, .when = {INT(1, F_GETLK)}, .only = "F_GETLK", .why = "SQLite's locks"},
    {"fcntl", E, .when = {INT(1, F_SETLK)}, .only = "F_SETLK", .why = "SQLite's locks"},
    {"fcntl", E, .when = {INT(1, F_OFD_SETLK)}, .only = "F_OFD_SETLK", .why = "the site's lock"},
    {"ioctl", ALL, .when = {INT(1, TCGETS)}, .only = "TCGETS", .why = "is the output a terminal"},
    {"ioctl", E, .when = {INT(1, FIONBIO)}, .only = "FIONBIO", .why = "not blocking"},
    {"ioctl", E, .when = {INT(1, FIOCLEX)}, .only = "FIOCLEX", .why = "close on exec"},

    /* files, by name: which, Landlock says */
    {"open", E, .why = "files"},
    {"openat", E, .why = "files"},
    {"access", E, .why = "SQLite: is there a log"},
    {"faccessat", E, .why = "the same"},
    {"faccessat2", E, .why = "the same"},
    {"stat", E, .why = "files"},
    {"lstat", E, .why = "files"},
    {"readlink", E, .why = "SQLite: where the database lies"},
    {"readlinkat", E, .why = "the same"},
    {"getcwd", E, .why = "SQLite: where the database lies"},
    {"unlink", E, .why = "SQLite; the socket"},
    {"unlinkat", E, .why = "the same"},
    {"rename", E, .why = "the checkpoint, replaced at once"},
    {"renameat", E, .why = "the same"},
    {"renameat2", E, .when = {INT(4, 0)}, .only = "no flags", .why = "the same"},
    {"chmod", E, .why = "the socket's mode"},
    {"fchmodat", E, .why = "the same"},

    /* the socket: local, and only to be asked */
    {"socket", E, .when = {INT(0, AF_UNIX), {WHEN_MASKED, 1, 0xf, SOCK_STREAM}},
     .only = "AF_UNIX, stream", .why = "engine.sock"},
    {"bind", E, .why = "engine.sock"},
    {"listen", E, .why = "engine.sock"},
    {"accept", E, .why = "clients"},
    {"accept4", E, .why = "clients"},
    {"getsockopt", E, .when = {INT(1, SOL_SOCKET)}, .only = "SOL_SOCKET", .why = "who asks"},
    {"getsockname", E, .why = "libuv"},
    {"shutdown", E, .why = "clients"},
    {"sendmsg", E, .why = "libuv"},
    {"recvmsg", E, .why = "libuv"},

    /* waiting */
    {"epoll_create1", E, .why = "event loop"},
    {"epoll_ctl", E, .why = "event loop"},
    {"epoll_wait", E, .why = "event loop"},
    {"epoll_pwait", E, .why = "event loop"},
    {"poll", E, .why = "event loop"},
    {"ppoll", E, .why = "event loop"},
    {"eventfd2", E, .why = "waking the event loop"},
    {"pipe2", E, .why = "signals to the event loop"},
    {"futex", ALL, .why = "locks between threads"},
    {"sched_yield", E, .why = "locks between threads"},
    {"nanosleep", E, .why = "SQLite waits for a lock"},
    {"clock_nanosleep", E, .why = "the same"},
    {"restart_syscall", ALL, .why = "a wait goes on after the process was stopped"},

    /* threads, not processes */
    {"clone", E, .when = {{WHEN_MASKED, 0, CLONE_THREAD | CLONE_NEW_ALL, CLONE_THREAD}},
     .only = "a thread, in the same namespaces", .why = "the commit thread, password threads"},
    {"clone3", ALL, CALL_ABSENT,
     .why = "its flags cannot be looked at: the C library then takes clone"},
    {"rseq", E, .why = "threads"},
    {"set_robust_list", E, .why = "threads"},
    {"sched_getaffinity", E, .why = "how many threads"},
    {"prlimit64", E, .when = {INT(0, 0), NULL_POINTER(2)}, .only = "asks, of itself",
     .why = "size of stacks"},
    {"getrlimit", E, .why = "the same"},
    {"sysinfo", E, .why = "the C library, when sorting much"},
    {"exit", ALL, .why = "threads end"},
    {"exit_group", ALL, .why = "the process ends"},

    /* signals: its own, and none but the supervisor's to others */
    {"rt_sigaction", ALL, .when = {{WHEN_BELOW, 0, 0, SIGSYS}}, .only = "below SIGSYS",
     .why = "SIGTERM, SIGINT, SIGPIPE"},
    {"rt_sigaction", E, .when = {INT(0, 32)}, .only = "the C library's own", .why = "threads"},
    {"rt_sigaction", E, .when = {INT(0, 33)}, .only = "the C library's own", .why = "threads"},
    {"rt_sigprocmask", ALL, .why = "threads; ending"},
    {"rt_sigreturn", ALL, .why = "signals"},
    {"rt_sigtimedwait", S, .why = "waits for signals and for the end of the others"},
    {"wait4", S, .why = "how the others ended"},
    {"waitid", S, .why = "the same"},
    {"kill", S, .when = {{WHEN_CHILDREN, 0, 0, 0}}, .only = "those it started",
     .why = "passes SIGTERM on"},
    {"tgkill", ALL, .when = {{WHEN_OWN_PID, 0, 0, 0}}, .only = "itself",
     .why = "a failed assertion"},

    /* time, chance, who am I */
    {"clock_gettime", ALL, .why = "where the kernel's page cannot tell the time"},
    {"gettimeofday", ALL, .why = "the same"},
    {"time", ALL, .why = "the same"},
    {"getrandom", ALL, .why = "ids, keys, salts"},
    {"getpid", ALL, .why = "SQLite; a failed assertion"},
    {"gettid", ALL, .why = "a failed assertion"},
    {"getuid", E, .why = "OpenSSL: is it privileged"},
    {"geteuid", E, .why = "whose requests are its own"},
    {"getgid", E, .why = "OpenSSL"},
    {"getegid", E, .why = "OpenSSL"},
    {"uname", E, .why = "libuv"},
};
const size_t call_rows_n = sizeof call_rows / sizeof *call_rows;

/* SANITIZERS AND COVERAGE ONLY. What they do to see everything is what else nobody shall do: this
 * part is not in the program that is shipped (scripts/check-hardening looks). */
#ifdef SALLYPORT_INSTRUMENTED
const struct call_row call_rows_instrumented[] = {
    {"clone", ALL, .when = {{WHEN_MASKED, 0, CLONE_VM | CLONE_NEW_ALL, CLONE_VM}},
     .why = "the leak sanitizer's tracer"},
    {"ptrace", ALL, .why = "the leak sanitizer stops all threads"},
    {"prctl", ALL, .when = {INT(0, PR_GET_DUMPABLE)}, .why = "the same"},
    {"prctl", ALL, .when = {INT(0, PR_SET_DUMPABLE)}, .why = "the same"},
    {"prctl", ALL, .when = {INT(0, PR_SET_PTRACER)}, .why = "the same"},
    {"prctl", ALL, .when = {INT(0, PR_SET_PDEATHSIG)}, .why = "the same"},
    {"wait4", ALL, .why = "the same"},
    {"sigaltstack", ALL, .why = "stacks of threads"},
    {"sched_yield", ALL, .why = "locks"},
    {"sched_getaffinity", ALL, .why = "threads"},
    {"prlimit64", ALL, .when = {INT(0, 0), NULL_POINTER(2)}, .why = "size of stacks"},
    {"getppid", ALL, .why = "the leak sanitizer's tracer"},
    {"kill", ALL, .when = {{WHEN_OWN_PID, 0, 0, 0}}, .why = "ending"},
    {"open", ALL, .why = "/proc/self/maps"},
    {"openat", ALL, .why = "the same"},
    {"readlink", ALL, .why = "its own name"},
    {"readlinkat", ALL, .why = "its own name"},
    {"stat", ALL, .why = "the same"},
    {"getdents", ALL, .why = "/proc/self/task"},
    {"getdents64", ALL, .why = "the same"},
    {"process_vm_readv", ALL, .why = "is this memory readable"},
    {"pipe2", ALL, .why = "is this memory readable"},
    {"pipe", ALL, .why = "the same"},
    {"getuid", ALL, .why = "the name of its log"},
    {"getrlimit", ALL, .why = "stacks"},
    {"tgkill", ALL, .why = "stops all threads"},
    {"fcntl", ALL, .when = {INT(1, F_SETLKW)}, .why = "coverage: its files"},
    {"ftruncate", ALL, .why = "coverage: its files"},
    {"mkdir", ALL, .why = "coverage: its folders"},
    {"rt_sigaction", ALL, .when = {{WHEN_BELOW, 0, 0, 65}},
     .why = "the tracer blocks and restores all"},
};
const size_t call_rows_instrumented_n =
    sizeof call_rows_instrumented / sizeof *call_rows_instrumented;
#else
const struct call_row call_rows_instrumented[1];
const size_t call_rows_instrumented_n = 0;
#endif
/* clang-format on */

void calls_markdown(struct buf *out) {
  buf_puts(out, "| call | only |");
  for (uint32_t p = 0; p < CONTAINED_COUNT; p++)
    buf_printf(out, " %s |", contained_name((enum contained)p));
  buf_puts(out, " for |\n|---|---|");
  for (uint32_t p = 0; p < CONTAINED_COUNT; p++)
    buf_puts(out, "---|");
  buf_puts(out, "---|\n");
  for (size_t i = 0; i < call_rows_n; i++) {
    const struct call_row *r = &call_rows[i];
    buf_printf(out, "| `%s` | %s |", r->name, r->only ? r->only : "");
    for (uint32_t p = 0; p < CONTAINED_COUNT; p++)
      buf_printf(out, " %s |",
                 !(r->by >> p & 1)          ? ""
                 : r->answer == CALL_ABSENT ? "absent"
                                            : "yes");
    buf_printf(out, " %s |\n", r->why);
  }
}
