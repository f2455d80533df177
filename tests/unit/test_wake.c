/* The moment at which a line is woken: never before its time, once for each time it was set, at the
 * last one that it was set to, and finer than the milliseconds of libuv's own timers. */
#include "line/wake.h"

#include "base/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

enum { often = 200, least_us = 100, most_us = 900 };

struct world {
  uv_loop_t loop;
  struct wake wake;
  uint32_t rung;
  usec at; /* when it last rang */
};

static void on_ring(void *ctx) {
  struct world *w = ctx;
  w->rung++;
  w->at = system_mono();
}

static int begin(void **state) {
  static struct world w;
  struct fault why;
  w = (struct world){0};
  *state = &w;
  return uv_loop_init(&w.loop) != 0 || wake_open(&w.wake, &w.loop, on_ring, &w, &why);
}

static int end(void **state) {
  struct world *w = *state;
  wake_close(&w->wake);
  while (uv_run(&w->loop, UV_RUN_DEFAULT) != 0)
    ;
  return uv_loop_close(&w->loop);
}

/* Lets it ring as often as it does until then. */
static void on_timer(uv_timer_t *t) {
  uv_stop(t->loop);
}
static void run_for(struct world *w, uint64_t ms) {
  uv_timer_t t;
  uv_timer_init(&w->loop, &t);
  uv_update_time(&w->loop);
  uv_timer_start(&t, on_timer, ms, 0);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&t, NULL);
  uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void never_too_early(void **state) {
  struct world *w = *state;
  for (uint32_t i = 0; i < often; i++) {
    usec at = system_mono() + least_us + (usec)i % most_us;
    wake_set(&w->wake, at);
    while (w->rung == i)
      uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->rung, i + 1);
    assert_true(w->at >= at);
  }
}

/* What the system was asked for lies between what is left before and after it was asked. */
static void to_the_microsecond(void **state) {
  struct world *w = *state;
  for (uint32_t i = 0; i < often; i++) {
    struct itimerspec left;
    usec at = system_mono() + USEC_PER_S + 7 * (usec)i;
    wake_set(&w->wake, at);
    usec most = at - system_mono();
    assert_int_equal(timerfd_gettime(w->wake.fd, &left), 0);
    usec least = at - system_mono();
    usec us = (usec)left.it_value.tv_sec * USEC_PER_S + left.it_value.tv_nsec / 1000;
    assert_in_range(us, least - 1, most);
  }
}

static void once(void **state) {
  struct world *w = *state;
  wake_set(&w->wake, system_mono() + 1000);
  run_for(w, 20);
  assert_int_equal(w->rung, 1);
  wake_set(&w->wake, system_mono() - USEC_PER_S); /* over: soon */
  run_for(w, 20);
  assert_int_equal(w->rung, 2);
  wake_set(&w->wake, 0);
  run_for(w, 20);
  assert_int_equal(w->rung, 3);
}

static void at_the_last_that_was_set(void **state) {
  struct world *w = *state;
  usec late = system_mono() + 30 * USEC_PER_MS;
  wake_set(&w->wake, system_mono() + USEC_PER_MS);
  wake_set(&w->wake, late);
  run_for(w, 100);
  assert_int_equal(w->rung, 1);
  assert_true(w->at >= late);
  wake_set(&w->wake, system_mono() + USEC_PER_MS);
  wake_set(&w->wake, TIME_ABSENT);
  run_for(w, 20);
  assert_int_equal(w->rung, 1);
  /* Due already, and looked at after it was set anew. */
  wake_set(&w->wake, system_mono());
  usleep(2000);
  wake_set(&w->wake, TIME_ABSENT);
  run_for(w, 20);
  assert_int_equal(w->rung, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(never_too_early, begin, end),
      cmocka_unit_test_setup_teardown(to_the_microsecond, begin, end),
      cmocka_unit_test_setup_teardown(once, begin, end),
      cmocka_unit_test_setup_teardown(at_the_last_that_was_set, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
