/* supervise.h: starts processes, each this program again in an address space of its own, and waits.
 *
 * Invariants:
 *   1. a process gets standard output and error, LIFE and what is listed for it, and no other
 *      descriptor; of the environment only what says how it is loaded and which language is spoken;
 *   2. when one ends, all are ended; when the supervisor ends, however it does, all end with it;
 *   3. nothing is started again here: what failed is told, and whoever started `serve` decides. (A
 *      single line is: line/line_keep.h.)
 */
#ifndef SP_CONTAIN_SUPERVISE_H
#define SP_CONTAIN_SUPERVISE_H

#include "contain/contain.h"

enum {
  /* Of a process that was started: readable once the supervisor is gone. */
  SUPERVISE_LIFE_FD = 3,
  SUPERVISE_FIRST_FD = 4, /* its descriptors, in the order of its row */
  supervised_fds_max = 8,
};

struct supervised {
  enum contained as;
  const char *const *argv; /* from argv[1] on, ended by NULL */
  int fds[supervised_fds_max];
  uint32_t n_fds;
};

/* Starts them, contains this process and waits for their end; SIGTERM, SIGINT and SIGHUP are passed
 * on as SIGTERM. *told: the process that failed has said why itself, and its code is returned.
 * SP_UNAVAILABLE: one was killed or crashed. */
enum sp_err supervise(const struct supervised *rows, uint32_t n, enum containment need, bool *told,
                      struct fault *why) SP_MUST_USE;
/* What a process that was started does first. SP_USAGE: it was not started so. */
enum sp_err supervised_begin(struct fault *why) SP_MUST_USE;

#endif
