/* report.h: what an audit found: every fault with its place, up to a bound, and how far it is.
 *
 * Invariants:
 *   1. `found` counts every fault; the first report_faults_max are kept with their text;
 *   2. adding is safe from several threads; reading is for when they have ended.
 */
#ifndef SP_AUDIT_REPORT_H
#define SP_AUDIT_REPORT_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { report_faults_max = 200, report_text_max = 400 };

struct report_fault {
  enum sp_err err;            /* CORRUPT, FORK, VERSION, LIMIT, IO, NO_MEMORY */
  char text[report_text_max]; /* one sentence: where, what, and the cure where there is one */
};

/* Told now and then; false asks to stop (SP_UNAVAILABLE is then returned by whoever was at work).
 * total may be 0 when it is not known. */
struct progress {
  bool (*step)(void *ctx, const char *what, uint64_t done, uint64_t total); /* NULL: nobody asks */
  void *ctx;
};
bool progress_step(const struct progress *p, const char *what, uint64_t done, uint64_t total);

struct report {
  pthread_mutex_t lock;
  uint64_t found;
  uint32_t kept;
  struct report_fault *at; /* report_faults_max of them */
};

/* SP_NO_MEMORY. Release with report_free, also after an error. */
enum sp_err report_init(struct report *r, struct fault *why) SP_MUST_USE;
void report_free(struct report *r);
/* Text as for printf: "entry 12: …", "tile 0/3: …", "snapshot of entry 400: …". */
void report_add(struct report *r, enum sp_err err, const char *fmt, ...) SP_PRINTF(3, 4);
/* Adds what stands in `why` behind a place. */
void report_fault(struct report *r, const struct fault *why, const char *fmt, ...) SP_PRINTF(3, 4);
/* SP_OK when nothing was found; else the first fault's code, with a summary in *why. */
enum sp_err report_result(const struct report *r, struct fault *why) SP_MUST_USE;

#endif
