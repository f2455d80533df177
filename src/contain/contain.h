/* contain.h: what a process of `serve` may ask of the system, and nothing besides.
 *
 * Each process has a column in the table of calls (calls.c). A call that is not on its list is not
 * made: the process says which it was and is ended by SIGSYS, so that nothing goes on half done and
 * whoever started it is told. Files are confined by Landlock where the kernel has it. A further
 * process is a row of CONTAINED_LIST, its bit in the rows of calls.c, and its row in cli_serve.c.
 *
 * Invariants:
 *   1. what contain() did is never undone: not by the process, not by what it starts;
 *   2. it is complete before the process reads anything from outside;
 *   3. a sanitizer's own needs are allowed only in a build that has one.
 */
#ifndef SP_CONTAIN_CONTAIN_H
#define SP_CONTAIN_CONTAIN_H

#include "base/bytes.h"

/* X(NAME, "name", what it is) */
#define CONTAINED_LIST(X)                                                                          \
  X(SUPERVISOR, "supervisor", "waits for the others, passes signals on to them")                   \
  X(ENGINE, "engine", "decides, keeps the journal, answers on the socket")                         \
  X(LINES, "lines", "keeps the lines running, each in a copy of itself: readers and doors")

enum contained {
#define X(NAME, ...) CONTAINED_##NAME,
  CONTAINED_LIST(X)
#undef X
      CONTAINED_COUNT
};
const char *contained_name(enum contained as);

/* What must be there. */
#define CONTAINMENT_LIST(X)                                                                        \
  X(USUAL, "usual")   /* calls are filtered, or it does not start; no Landlock is a warning */     \
  X(STRICT, "strict") /* both, or it does not start */                                             \
  X(WEAK, "weak")     /* as much as this kernel can; what it cannot is a warning */
enum containment {
#define X(NAME, ...) CONTAINMENT_##NAME,
  CONTAINMENT_LIST(X)
#undef X
      CONTAINMENT_COUNT
};
extern const char *const containment_names[]; /* ended by NULL */

enum { contained_pids_max = 16 };
struct contain_options {
  enum contained as;
  enum containment need;
  const char *dir;         /* below which it may read and write; NULL: no file at all */
  const char *const *more; /* other files, or folders of such, likewise; ended by NULL, or NULL */
  bool tcp;                /* may connect and listen; else, where Landlock can, no port at all */
  /* Whom the supervisor may send signals. */
  const int *pids;
  uint32_t n_pids;
};

/* What was done, for those who look. */
struct contain_done {
  uint32_t calls;    /* on its list; 0: this kernel filters none */
  uint32_t landlock; /* the version of Landlock; 0: none */
};

/* What this kernel can do of it. What it lacks and need not have is told in a sentence each.
 * SP_DENIED: it lacks what is needed; the cure. */
enum sp_err contain_possible(enum containment need, struct contain_done *can,
                             void (*warn)(const char *text), struct fault *why) SP_MUST_USE;
/* Contains this process, which must have one thread only: no core dumps, no debugger but root's, no
 * new privileges, files, calls. SP_DENIED as above. SP_IO. */
enum sp_err contain(const struct contain_options *options, struct contain_done *done,
                    struct fault *why) SP_MUST_USE;
/* Without the list of calls and Landlock: what holds whatever the kernel can. */
enum sp_err contain_memory(struct fault *why) SP_MUST_USE;

/* One sentence: who runs, which calls, which files. */
void contain_tell(const struct contain_done *done, const struct contain_options *options,
                  struct buf *out);

#endif
