#include "contain/calls.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define S   (1U << CONTAINED_SUPERVISOR)
#define E   (1U << CONTAINED_ENGINE)
#define L   (1U << CONTAINED_LINES)
#define ALL (S | E | L)

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
    {"readv", E | L, .why = "libuv"},
    {"writev", ALL, .why = "libuv; messages"},
    {"pread64", E, .why = "SQLite"},
    {"pwrite64", E, .why = "SQLite"},
    {"lseek", ALL, .why = "SQLite; the end of standard output"},
    {"fsync", E | L, .why = "durable"},
    {"fdatasync", E, .why = "durable"},
    {"ftruncate", E, .why = "SQLite"},
    {"fallocate", E, .why = "SQLite"},
    {"close", ALL, .why = "files"},
    {"fstat", ALL, .why = "files"},
    {"newfstatat", ALL, .why = "files"},
    {"statx", ALL, .why = "files, with newer C libraries"},
    {"fchmod", E | L, .why = "the socket's mode"},
    {"fchown", E, .why = "SQLite, when it runs as root"},
    {"fcntl", E | L, .when = {INT(1, F_GETFD)}, .only = "F_GETFD", .why = "files"},
    {"fcntl", E | L, .when = {INT(1, F_SETFD)}, .only = "F_SETFD", .why = "close on exec"},
    {"fcntl", ALL, .when = {INT(1, F_GETFL)}, .only = "F_GETFL", .why = "files"},
    {"fcntl", E | L, .when = {INT(1, F_SETFL)}, .only = "F_SETFL", .why = "not blocking"},
    {"fcntl", E | L, .when = {INT(1, F_DUPFD_CLOEXEC)}, .only = "F_DUPFD_CLOEXEC", .why = "SQLite"},
    {"fcntl", E, .when = {INT(1, F_GETLK)}, .only = "F_GETLK", .why = "SQLite's locks"},
    {"fcntl", E, .when = {INT(1, F_SETLK)}, .only = "F_SETLK", .why = "SQLite's locks"},
    {"fcntl", E | L, .when = {INT(1, F_OFD_SETLK)}, .only = "F_OFD_SETLK",
     .why = "the site's lock; each line's"},
    {"fcntl", L, .when = {INT(1, F_OFD_SETLKW)}, .only = "F_OFD_SETLKW",
     .why = "one of several lines makes the master key"},
    {"ioctl", ALL, .when = {INT(1, TCGETS)}, .only = "TCGETS", .why = "is the output a terminal"},
    {"ioctl", E | L, .when = {INT(1, FIONBIO)}, .only = "FIONBIO", .why = "not blocking"},
    {"ioctl", E | L, .when = {INT(1, FIOCLEX)}, .only = "FIOCLEX", .why = "close on exec"},

    {"ioctl", L, .when = {INT(1, TCSETS)}, .only = "TCSETS", .why = "speed of a serial device"},
    {"ioctl", L, .when = {INT(1, TCFLSH)}, .only = "TCFLSH", .why = "what came before it was ours"},
    {"ioctl", L, .when = {INT(1, TIOCEXCL)}, .only = "TIOCEXCL", .why = "nobody else's device"},

    /* files, by name: which, Landlock says */
    {"open", E | L, .why = "files"},
    {"openat", E | L, .why = "files"},
    {"access", E | L, .why = "SQLite: is there a log"},
    {"faccessat", E, .why = "the same"},
    {"faccessat2", E, .why = "the same"},
    {"stat", E | L, .why = "files"},
    {"lstat", E | L, .why = "files"},
    {"readlink", E, .why = "SQLite: where the database lies"},
    {"readlinkat", E, .why = "the same"},
    {"getcwd", E, .why = "SQLite: where the database lies"},
    {"unlink", E | L, .why = "SQLite; the socket"},
    {"unlinkat", E | L, .why = "the same"},
    {"rename", E | L, .why = "the checkpoint, replaced at once"},
    {"renameat", E | L, .why = "the same"},
    {"renameat2", E, .when = {INT(4, 0)}, .only = "no flags", .why = "the same"},
    {"chmod", E | L, .why = "the socket's mode"},
    {"fchmodat", E | L, .why = "the same"},

    /* sockets: the engine is only asked, and locally; lines ask, and drive what the plan says */
    {"socket", E | L, .when = {INT(0, AF_UNIX), {WHEN_MASKED, 1, 0xf, SOCK_STREAM}},
     .only = "AF_UNIX, stream", .why = "engine.sock"},
    {"socket", L, .when = {INT(0, AF_INET), {WHEN_MASKED, 1, 0xf, SOCK_STREAM}},
     .only = "AF_INET, stream", .why = "a line over TCP"},
    {"socket", L, .when = {INT(0, AF_INET6), {WHEN_MASKED, 1, 0xf, SOCK_STREAM}},
     .only = "AF_INET6, stream", .why = "the same"},
    {"connect", L, .why = "engine.sock; a line over TCP"},
    {"setsockopt", L, .when = {INT(1, IPPROTO_TCP), INT(2, TCP_NODELAY)}, .only = "TCP_NODELAY",
     .why = "a line over TCP"},
    {"setsockopt", L, .when = {INT(1, SOL_SOCKET), INT(2, SO_REUSEADDR)}, .only = "SO_REUSEADDR",
     .why = "the same"},
    {"getpeername", L, .why = "libuv"},
    {"sendto", L, .why = "asks the engine for the plan"},
    {"recvfrom", L, .why = "the same"},
    {"bind", E | L, .why = "engine.sock"},
    {"listen", E | L, .why = "engine.sock"},
    {"accept", E | L, .why = "clients"},
    {"accept4", E | L, .why = "clients"},
    {"getsockopt", E | L, .when = {INT(1, SOL_SOCKET)}, .only = "SOL_SOCKET", .why = "who asks"},
    {"getsockname", E | L, .why = "libuv"},
    {"shutdown", E | L, .why = "clients"},
    {"sendmsg", E | L, .why = "libuv"},
    {"recvmsg", E | L, .why = "libuv"},

    /* waiting */
    {"epoll_create1", E | L, .why = "event loop"},
    {"epoll_ctl", E | L, .why = "event loop"},
    {"epoll_wait", E | L, .why = "event loop"},
    {"epoll_pwait", E | L, .why = "event loop"},
    {"poll", E | L, .why = "event loop"},
    {"ppoll", E | L, .why = "event loop"},
    {"eventfd2", E | L, .why = "waking the event loop"},
    {"timerfd_create", L, .why = "the silence between two frames of a line"},
    {"timerfd_settime", L, .why = "the same"},
    {"pipe2", E | L, .why = "signals to the event loop"},
    {"futex", ALL, .why = "locks between threads"},
    {"sched_yield", E | L, .why = "locks between threads"},
    {"nanosleep", E | L, .why = "SQLite waits for a lock"},
    {"clock_nanosleep", E | L, .why = "the same"},
    {"restart_syscall", ALL, .why = "a wait goes on after the process was stopped"},

    /* threads; of processes only the lines */
    {"clone", E, .when = {{WHEN_MASKED, 0, CLONE_THREAD | CLONE_NEW_ALL, CLONE_THREAD}},
     .only = "a thread, in the same namespaces", .why = "the commit thread, password threads"},
    {"clone", L, .when = {{WHEN_MASKED, 0, CLONE_VM | CLONE_THREAD | CLONE_NEW_ALL, 0}},
     .only = "a copy of itself, in the same namespaces", .why = "each line is a process"},
    {"prctl", L, .when = {INT(0, PR_SET_PDEATHSIG)}, .only = "PR_SET_PDEATHSIG",
     .why = "no line outlives those who keep it"},
    {"prctl", L, .when = {INT(0, PR_SET_NAME)}, .only = "PR_SET_NAME",
     .why = "a line's process bears its name"},
    {"getppid", L, .why = "the same"},
    {"clone3", ALL, CALL_ABSENT,
     .why = "its flags cannot be looked at: the C library then takes clone"},
    {"rseq", E | L, .why = "threads"},
    {"set_robust_list", E | L, .why = "threads"},
    {"sched_getaffinity", E | L, .why = "how many threads"},
    {"prlimit64", E | L, .when = {INT(0, 0), NULL_POINTER(2)}, .only = "asks, of itself",
     .why = "size of stacks"},
    {"getrlimit", E | L, .why = "the same"},
    {"sysinfo", E | L, .why = "the C library, when sorting much"},
    {"exit", ALL, .why = "threads end"},
    {"exit_group", ALL, .why = "the process ends"},

    /* signals: its own, and none but the supervisor's to others */
    {"rt_sigaction", ALL, .when = {{WHEN_BELOW, 0, 0, SIGSYS}}, .only = "below SIGSYS",
     .why = "SIGTERM, SIGINT, SIGPIPE"},
    {"rt_sigaction", E | L, .when = {INT(0, 32)}, .only = "the C library's own", .why = "threads"},
    {"rt_sigaction", E | L, .when = {INT(0, 33)}, .only = "the C library's own", .why = "threads"},
    {"rt_sigprocmask", ALL, .why = "threads; ending"},
    {"rt_sigreturn", ALL, .why = "signals"},
    {"rt_sigtimedwait", S, .why = "waits for signals and for the end of the others"},
    {"wait4", S | L, .why = "how the others ended"},
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
    {"getuid", E | L, .why = "OpenSSL: is it privileged"},
    {"geteuid", E | L, .why = "whose requests are its own"},
    {"getgid", E | L, .why = "OpenSSL"},
    {"getegid", E | L, .why = "OpenSSL"},
    {"uname", E | L, .why = "libuv"},
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
