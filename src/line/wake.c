#include "line/wake.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_due(uv_poll_t *p, int status, int events) {
  struct wake *w = p->data;
  uint64_t times;
  (void)status, (void)events;
  /* None: it was set anew between this becoming due and being looked at. */
  if (read(w->fd, &times, sizeof times) != sizeof times)
    return;
  w->at = TIME_ABSENT;
  w->ring(w->ctx);
}

enum sp_err wake_open(struct wake *w, uv_loop_t *loop, void (*ring)(void *ctx), void *ctx,
                      struct fault *why) {
  *w = (struct wake){.at = TIME_ABSENT, .ctx = ctx, .ring = ring};
  w->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (w->fd < 0)
    return fault_set(why, SP_IO, "a timer: %s", strerror(errno));
  int code = uv_poll_init(loop, &w->poll, w->fd);
  w->poll.data = w;
  if (code == 0 && (code = uv_poll_start(&w->poll, UV_READABLE, on_due)) == 0)
    return SP_OK;
  close(w->fd);
  w->fd = -1;
  return fault_set(why, SP_IO, "a timer: %s", uv_strerror(code));
}

void wake_set(struct wake *w, usec at) {
  struct itimerspec t = {0}; /* zero: not at all */
  if (at == w->at)
    return;
  w->at = at;
  if (at != TIME_ABSENT) {
    usec from_1 = at > 0 ? at : 1;
    t.it_value = (struct timespec){from_1 / USEC_PER_S, from_1 % USEC_PER_S * 1000};
  }
  int code = timerfd_settime(w->fd, TFD_TIMER_ABSTIME, &t, NULL);
  SP_ASSERT(code == 0); /* an open timer and a time that is one */
}

void wake_close(struct wake *w) {
  if (w->fd < 0)
    return;
  uv_poll_stop(&w->poll);
  uv_close((uv_handle_t *)&w->poll, NULL);
  close(w->fd);
}
