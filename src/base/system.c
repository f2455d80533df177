#include "base/system.h"

#include "base/err.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static usec read_clock(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (usec)t.tv_sec * USEC_PER_S + t.tv_nsec / 1000;
}

usec system_wall(void) {
  return read_clock(CLOCK_REALTIME);
}

usec system_mono(void) {
  return read_clock(CLOCK_MONOTONIC);
}

void system_random(void *out, size_t n) {
  uint8_t *p = out;
  while (n) {
    ssize_t k = getrandom(p, n, 0);
    if (k < 0 && errno != EINTR)
      SP_NEVER("the system gives no random bytes");
    if (k > 0) {
      p += k;
      n -= (size_t)k;
    }
  }
}
