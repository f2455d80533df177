/* intercept.h: every allocation and file call of this process, counted, and made to fail on order.
 *
 * A program that is linked with intercept.c has these calls under its own names, so they are met
 * from its own code and from every shared library alike (SQLite, OpenSSL, jansson, libyaml, libuv).
 * They do what the C library's do until an order is given.
 *
 * Invariants:
 *   1. a call that is made to fail has done nothing, but for a short write, which wrote a part;
 *   2. files only: sockets, pipes and the standard streams are left alone;
 *   3. a thread that is quiet is neither counted nor made to fail.
 */
#ifndef SP_TESTS_INTERCEPT_H
#define SP_TESTS_INTERCEPT_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, name, the calls) */
#define INTERCEPT_LIST(X)                                                                          \
  X(MEMORY, "memory", "malloc calloc realloc")                                                     \
  X(WRITE, "write", "write pwrite writev")                                                         \
  X(SYNC, "sync", "fsync fdatasync syncfs")                                                        \
  X(FOLDER, "folder",                                                                              \
    "fsync of a folder: SQLite, which does it for a new log, goes on after an error")              \
  X(RENAME, "rename", "rename renameat renameat2 link linkat")                                     \
  X(CREATE, "create", "open with O_CREAT, mkdir mkdirat mkdtemp")                                  \
  X(REMOVE, "remove", "unlink unlinkat rmdir remove")                                              \
  X(RESIZE, "resize", "ftruncate fallocate posix_fallocate")                                       \
  X(OPEN, "open", "open without O_CREAT")                                                          \
  X(READ, "read", "read pread")                                                                    \
  X(MAP, "map", "mmap")

enum intercept_kind {
#define X(NAME, name, calls) INTERCEPT_##NAME,
  INTERCEPT_LIST(X)
#undef X
      INTERCEPT_KINDS
};
extern const char *const intercept_names[INTERCEPT_KINDS];
#define INTERCEPT_BIT(kind) (1u << INTERCEPT_##kind)

/* One order, and what came of it. May lie in memory that processes share. */
struct intercept {
  uint32_t kinds; /* which calls are counted; 0: none */
  int32_t error;  /* errno of those that fail; 0: writes are cut short instead */
  uint64_t at;    /* the Nth from now fails, 0 = the next */
  uint64_t until; /* and all before this one */
  uint64_t seen, seen_of[INTERCEPT_KINDS], injected[INTERCEPT_KINDS];
  int64_t clock_step_us; /* added to the wall clock */
  bool trace;            /* tell where on standard error */
};

/* The order in force: of this process alone until another is put here. */
extern struct intercept *intercept;

void intercept_arm(uint32_t kinds, int error, uint64_t at, bool for_good);
void intercept_off(void);
uint64_t intercept_injected(void); /* of all kinds, since the order */

/* This thread's calls are left alone between the two; they nest. */
void intercept_quiet(void);
void intercept_loud(void);

#endif
