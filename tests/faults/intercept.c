/* The C library's calls, by the system's own: so nothing here depends on how they are looked up. */
#undef _FORTIFY_SOURCE   /* its inline versions have the names that are defined here, */
#undef _FILE_OFFSET_BITS /* and so have the redirections of this */
#include "intercept.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

const char *const intercept_names[INTERCEPT_KINDS] = {
#define X(NAME, name, calls) name,
    INTERCEPT_LIST(X)
#undef X
};

static struct intercept own = {.at = UINT64_MAX};
struct intercept *intercept = &own;
static _Thread_local int quiet;

void intercept_quiet(void) {
  quiet++;
}

void intercept_loud(void) {
  quiet--;
}

void intercept_arm(uint32_t kinds, int error, uint64_t at, bool for_good) {
  intercept->kinds = 0;
  intercept->error = error;
  intercept->at = at;
  intercept->until = for_good ? UINT64_MAX : at + 1;
  intercept->seen = 0;
  memset(intercept->seen_of, 0, sizeof intercept->seen_of);
  memset(intercept->injected, 0, sizeof intercept->injected);
  __atomic_store_n(&intercept->kinds, kinds, __ATOMIC_SEQ_CST);
}

void intercept_off(void) {
  __atomic_store_n(&intercept->kinds, 0, __ATOMIC_SEQ_CST);
}

uint64_t intercept_injected(void) {
  uint64_t n = 0;
  for (int i = 0; i < INTERCEPT_KINDS; i++)
    n += intercept->injected[i];
  return n;
}

static void tell(enum intercept_kind kind) {
  void *at[40];
  quiet++;
  int n = backtrace(at, 40);
  dprintf(2, "--- %s fails\n", intercept_names[kind]);
  backtrace_symbols_fd(at, n, 2);
  quiet--;
}

/* Shall this call fail? */
static bool fails(enum intercept_kind kind) {
  if (!(__atomic_load_n(&intercept->kinds, __ATOMIC_RELAXED) & 1u << kind) || quiet)
    return false;
  uint64_t i = __atomic_fetch_add(&intercept->seen, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&intercept->seen_of[kind], 1, __ATOMIC_RELAXED);
  if (i < intercept->at || i >= intercept->until)
    return false;
  __atomic_fetch_add(&intercept->injected[kind], 1, __ATOMIC_RELAXED);
  if (intercept->trace)
    tell(kind);
  if (intercept->error)
    errno = intercept->error;
  return true;
}

static bool of_file(int fd, mode_t kind) {
  struct stat st;
  int before = errno;
  bool is = fd > 2 && syscall(SYS_fstat, fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
  errno = before;
  return is;
}

static bool watched(enum intercept_kind kind) {
  return intercept->kinds & 1u << kind && !quiet;
}

static bool fails_on(enum intercept_kind kind, int fd) {
  return watched(kind) && of_file(fd, S_IFREG) && fails(kind);
}

/* --- Memory. What frees it is the C library's. --- */

#ifdef WITH_ASAN /* by the build: this file itself is not instrumented */
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *p, size_t n);

static bool no_memory(void) {
  if (!watched(INTERCEPT_MEMORY) || !fails(INTERCEPT_MEMORY))
    return false;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t n) {
  return no_memory() ? NULL : REAL(malloc)(n);
}

void *calloc(size_t n, size_t size) {
  return no_memory() ? NULL : REAL(calloc)(n, size);
}

void *realloc(void *p, size_t n) {
  return no_memory() ? NULL : REAL(realloc)(p, n);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) {
  if (fails(INTERCEPT_MAP)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t offset) {
  return mmap(at, n, prot, flags, fd, offset);
}

/* --- Writing and reading --- */

/* How many of n bytes are to be written: n, a part, or -1 for none and an error. */
static ssize_t allowed(int fd, size_t n) {
  if (!fails_on(INTERCEPT_WRITE, fd))
    return (ssize_t)n;
  return intercept->error ? -1 : (ssize_t)((n + 1) / 2);
}

ssize_t write(int fd, const void *p, size_t n) {
  ssize_t most = allowed(fd, n);
  return most < 0 ? -1 : syscall(SYS_write, fd, p, (size_t)most);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
  ssize_t most = allowed(fd, n);
  return most < 0 ? -1 : syscall(SYS_pwrite64, fd, p, (size_t)most, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
  return pwrite(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n) {
  if (!fails_on(INTERCEPT_WRITE, fd))
    return syscall(SYS_writev, fd, v, n);
  return intercept->error ? -1 : syscall(SYS_writev, fd, v, 1);
}

ssize_t read(int fd, void *p, size_t n) {
  return fails_on(INTERCEPT_READ, fd) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at) {
  return fails_on(INTERCEPT_READ, fd) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at) {
  return pread(fd, p, n, at);
}

static bool fails_on_folder(int fd) {
  return watched(INTERCEPT_FOLDER) && of_file(fd, S_IFDIR) && fails(INTERCEPT_FOLDER);
}

int fsync(int fd) {
  return fails_on(INTERCEPT_SYNC, fd) || fails_on_folder(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  return fails_on(INTERCEPT_SYNC, fd) || fails_on_folder(fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd) {
  return watched(INTERCEPT_SYNC) && fd > 2 && fails(INTERCEPT_SYNC) ? -1
                                                                    : (int)syscall(SYS_syncfs, fd);
}

int ftruncate(int fd, off_t n) {
  return fails_on(INTERCEPT_RESIZE, fd) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n) {
  return ftruncate(fd, n);
}

int fallocate(int fd, int mode, off_t at, off_t n) {
  return fails_on(INTERCEPT_RESIZE, fd) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, n);
}

int fallocate64(int fd, int mode, off64_t at, off64_t n) {
  return fallocate(fd, mode, at, n);
}

int posix_fallocate(int fd, off_t at, off_t n) {
  return fallocate(fd, 0, at, n) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t at, off64_t n) {
  return posix_fallocate(fd, at, n);
}

/* --- Names --- */

static enum intercept_kind opening(int flags) {
  return flags & O_CREAT ? INTERCEPT_CREATE : INTERCEPT_OPEN;
}

#define MODE(flags, mode)                                                                          \
  mode_t mode = 0;                                                                                 \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                                                           \
    va_list args_;                                                                                 \
    va_start(args_, flags);                                                                        \
    mode = va_arg(args_, mode_t);                                                                  \
    va_end(args_);                                                                                 \
  }

static int open_at(int dir, const char *path, int flags, mode_t mode) {
  return fails(opening(flags)) ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(dir, path, flags, mode);
}

int mkdirat(int dir, const char *path, mode_t mode) {
  return fails(INTERCEPT_CREATE) ? -1 : (int)syscall(SYS_mkdirat, dir, path, mode);
}

int mkdir(const char *path, mode_t mode) {
  return mkdirat(AT_FDCWD, path, mode);
}

/* Names of one process do not meet; those of others are tried again. */
char *mkdtemp(char *pattern) {
  static unsigned next;
  size_t n = strlen(pattern);
  char digits[7];
  for (int tries = 0; tries < 1000; tries++) {
    snprintf(digits, sizeof digits, "%06u",
             ((unsigned)getpid() * 31u + __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) %
                 1000000u);
    memcpy(pattern + n - 6, digits, 6);
    if (mkdir(pattern, 0700) == 0)
      return pattern;
    if (errno != EEXIST)
      break;
  }
  return NULL;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  return fails(INTERCEPT_RENAME) ? -1
                                 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return renameat2(from_dir, from, to_dir, to, 0);
}

int rename(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  return fails(INTERCEPT_RENAME) ? -1 : (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to) {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dir, const char *path, int flags) {
  return fails(INTERCEPT_REMOVE) ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

int unlink(const char *path) {
  return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path) {
  int n = unlink(path);
  return n != 0 && errno == EISDIR ? rmdir(path) : n;
}

/* --- The clock --- */

int clock_gettime(clockid_t which, struct timespec *t) {
  int n = (int)syscall(SYS_clock_gettime, which, t);
  if (n == 0 && which == CLOCK_REALTIME && intercept->clock_step_us) {
    int64_t us = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + intercept->clock_step_us;
    t->tv_sec = us / 1000000;
    t->tv_nsec = us % 1000000 * 1000;
  }
  return n;
}
