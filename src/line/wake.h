/* wake.h: the one moment at which a loop is woken next, to the microsecond. libuv's own timers know
 * whole milliseconds, of which the silence between two frames on a serial line is a fraction.
 */
#ifndef SP_LINE_WAKE_H
#define SP_LINE_WAKE_H

#include "base/record.h"

#include <uv.h>

struct wake {
  uv_poll_t poll;
  int fd;  /* -1: not open */
  usec at; /* TIME_ABSENT: it is not set */
  void *ctx;
  void (*ring)(void *ctx);
};

/* ring: called from the loop, once for each time that it was set. SP_IO: then it is not open. */
enum sp_err wake_open(struct wake *w, uv_loop_t *loop, void (*ring)(void *ctx), void *ctx,
                      struct fault *why) SP_MUST_USE;
/* Takes the place of what it was set to; at: of system_mono, and if that is over, soon;
 * TIME_ABSENT: not at all. */
void wake_set(struct wake *w, usec at);
/* The loop must run on until its handle is closed. One that did not open is fine. */
void wake_close(struct wake *w);

#endif
