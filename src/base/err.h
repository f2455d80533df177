/* err.h: what can go wrong, and how it is told.
 *
 * Every function that can fail returns an enum sp_err and, where a person may
 * read the result, fills a struct fault with one sentence that names what is
 * wrong, where, and the cure. SP_OK is 0. Bytes from outside never reach an
 * assertion: they become one of these codes.
 */
#ifndef SP_BASE_ERR_H
#define SP_BASE_ERR_H

#include <stddef.h>

/* code, CLI exit code, meaning. The one list: code, docs and exit codes are made from it. */
#define SP_ERR_LIST(X)                                                                             \
  X(OK, 0, "done")                                                                                 \
  X(REFUSED, 1, "decided, and refused: the reasons are given")                                     \
  X(USAGE, 2, "the command line is wrong")                                                         \
  X(INVALID, 3, "the input is malformed or out of range")                                          \
  X(NOT_FOUND, 4, "what was named does not exist")                                                 \
  X(EXISTS, 5, "what was to be made exists already")                                               \
  X(DENIED, 6, "not signed in, wrong password, or the peer may not do this")                       \
  X(BUSY, 7, "a queue is full or the site is locked by another process; try again")                \
  X(LIMIT, 8, "a named limit is reached")                                                          \
  X(CORRUPT, 9, "the record is damaged: a hash, signature or rule does not hold")                  \
  X(FORK, 10, "the log is behind or beside the last signed checkpoint")                            \
  X(VERSION, 11, "written by another version of the program")                                      \
  X(IO, 12, "the operating system refused: disk full, read-only, or a broken device")              \
  X(NO_MEMORY, 13, "out of memory")                                                                \
  X(UNAVAILABLE, 14, "the engine is not running or did not answer")

enum sp_err {
#define X(name, exit_code, text) SP_##name,
  SP_ERR_LIST(X)
#undef X
      SP_ERR_COUNT
};

enum { fault_text_max = 1024 };

/* The sentence for a person. Owned by the caller, usually on the stack; zero-initialise it. */
struct fault {
  enum sp_err err;
  char text[fault_text_max];
};

#define SP_MUST_USE          __attribute__((warn_unused_result))
#define SP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Writes the sentence and returns err, so that `return fault_set(why, SP_IO, "…")` reads well.
 * why may be NULL. Text over fault_text_max - 1 bytes is cut. */
enum sp_err fault_set(struct fault *why, enum sp_err err, const char *fmt, ...) SP_PRINTF(3, 4);

/* Puts "prefix: " before the sentence already there (where it happened). Returns why->err. */
enum sp_err fault_prefix(struct fault *why, const char *fmt, ...) SP_PRINTF(2, 3);

const char *sp_err_name(enum sp_err err); /* "not_found"; static */
const char *sp_err_text(enum sp_err err); /* the meaning in the list above; static */
int sp_err_exit(enum sp_err err);         /* the process exit code */

/* An invariant of ours. Stays on in release; never for bytes from outside. */
#define SP_ASSERT(cond) ((cond) ? (void)0 : sp_assert_failed(__FILE__, __LINE__, __func__, #cond))
/* A place that our own invariants say is never reached. */
#define SP_NEVER(text) sp_assert_failed(__FILE__, __LINE__, __func__, text)
/*@ requires \false; terminates \true; assigns \nothing; */
_Noreturn void sp_assert_failed(const char *file, int line, const char *func, const char *cond);

#endif
