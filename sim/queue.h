/* queue.h: what will happen, in the order of its time; what is due at the same instant, in the
 * order in which it was asked for. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ctx and arg are the caller's; the event must be harmless when its cause is gone. */
typedef void queue_fn(void *ctx, uint64_t arg);

struct queued {
  usec at;
  uint64_t order;
  queue_fn *fn;
  void *ctx;
  uint64_t arg;
};

struct queue {
  struct queued *at; /* a heap */
  size_t n, cap;
  uint64_t order;
  usec now;
};

void queue_free(struct queue *q);
/* Not before now. */
void queue_put(struct queue *q, usec at, queue_fn *fn, void *ctx, uint64_t arg);
/* Moves `now` on to the next event and runs it; false when there is none up to `until`, where now
 * then is. */
bool queue_run(struct queue *q, usec until);

#endif
