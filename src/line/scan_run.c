#include "line/scan_run.h"

#include "base/record.h"
#include "base/system.h"
#include "line/port.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "tcp://";

struct run {
  const struct scan_run_options *o;
  struct fault *why;
  enum sp_err err;
  bool ending, up, whole;
  uint32_t baud; /* that the port has; 0: over TCP */
  uint8_t n_speeds;
  struct scan *scan;
  uv_loop_t loop;
  uv_timer_t timer;
  uv_signal_t signals[2];
  struct port *port;
};

static void end(struct run *r, enum sp_err err) {
  if (!r->ending)
    r->err = err;
  r->ending = true;
  uv_stop(&r->loop);
}

static bool is_tcp(const char *where) {
  return strncmp(where, scheme, sizeof scheme - 1) == 0;
}

/* --- The line --- */

static void settle(struct run *r);

static void on_timer(uv_timer_t *t) {
  settle(t->data);
}

static void on_up(void *ctx, bool up) {
  struct run *r = ctx;
  if (!up && !r->ending)
    end(r, fault_set(r->why, SP_IO, "%s: the line is lost", r->o->where));
  r->up = up;
  if (up && !r->ending) {
    const struct scan_progress p = scan_progress(r->scan);
    r->o->begin(r->o->ctx, r->n_speeds, &p);
    uv_timer_start(&r->timer, on_timer, 0, 0); /* port_open has not returned yet */
  }
}

static void on_bytes(void *ctx, struct span bytes) {
  struct run *r = ctx;
  scan_input(r->scan, bytes, system_mono());
  settle(r);
}

/* It is not there: nothing is tried again. */
static void on_say(void *ctx, const char *text) {
  struct run *r = ctx;
  if (!r->ending)
    end(r, fault_set(r->why, SP_IO, "%s", text));
}

/* --- The scan --- */

static void take_event(struct run *r, const struct scan_event *e) {
  switch (e->kind) {
  case SCAN_FOUND:
  case SCAN_NOISE:
    r->o->event(r->o->ctx, e);
    break;
  case SCAN_PANEL:
    end(r, fault_set(r->why, SP_BUSY,
                     "%s: another panel asks on this line: stop it first, or readers would answer "
                     "two",
                     r->o->where));
    break;
  case SCAN_DONE:
    r->whole = true;
    end(r, SP_OK);
    break;
  }
}

static void settle(struct run *r) {
  while (!r->ending && r->up) {
    struct scan_event e;
    usec now = system_mono();
    struct span out = scan_output(r->scan, now);
    bool some = false;
    while (scan_next_event(r->scan, &e)) {
      take_event(r, &e);
      some = true;
    }
    if (r->ending || some)
      continue; /* it waits until its events are taken */
    uint32_t baud = scan_speed(r->scan);
    if (baud != r->baud && !port_baud(r->port, baud)) {
      end(r,
          fault_set(r->why, SP_IO, "%s: it does not know %u baud: give --baud", r->o->where, baud));
      return;
    }
    r->baud = baud;
    if (out.n && r->o->progress) {
      const struct scan_progress p = scan_progress(r->scan);
      r->o->progress(r->o->ctx, &p);
    }
    port_send(r->port, out);
    usec due = scan_due(r->scan);
    if (out.n == 0 && due > now) {
      uv_timer_start(&r->timer, on_timer, (uint64_t)(due - now + 999) / 1000, 0);
      return;
    }
  }
}

/* --- Beginning and end --- */

static enum sp_err choose_speeds(const struct scan_run_options *o, struct scan_options *scan,
                                 struct fault *why) {
  *scan = (struct scan_options){.first = o->first, .last = o->last, .n_speeds = 1};
  if (is_tcp(o->where))
    return o->baud ? fault_set(why, SP_USAGE,
                               "--baud is of a serial device: what a line over TCP runs at is set "
                               "at its converter")
                   : SP_OK;
  for (int i = 0; i < scan_speeds_max && o->baud; i++)
    if (scan_speeds[i] == o->baud) {
      scan->speeds[0] = o->baud;
      return SP_OK;
    }
  if (o->baud)
    return fault_set(why, SP_USAGE,
                     "--baud %u: OSDP knows 9600, 19200, 38400, 57600, 115200 and 230400", o->baud);
  scan->n_speeds = scan_speeds_max;
  memcpy(scan->speeds, scan_speeds, sizeof scan_speeds);
  return SP_OK;
}

static void on_signal(uv_signal_t *s, int number) {
  (void)number;
  end(s->data, SP_OK);
}

static enum sp_err begin(struct run *r) {
  static const int numbers[] = {SIGINT, SIGTERM};
  const bool tcp = is_tcp(r->o->where);
  const struct port_ops ops = {r, on_up, on_bytes, on_say};
  const struct port_options o = {.kind = tcp ? PORT_CONNECT : PORT_DEVICE,
                                 .where = r->o->where + (tcp ? sizeof scheme - 1 : 0),
                                 .baud = scan_speed(r->scan),
                                 .once = true};
  r->baud = o.baud;
  uv_timer_init(&r->loop, &r->timer);
  r->timer.data = r;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    uv_signal_init(&r->loop, &r->signals[i]);
    r->signals[i].data = r;
    uv_signal_start(&r->signals[i], on_signal, numbers[i]);
  }
  enum sp_err err = port_open(&r->port, &r->loop, &o, &ops, r->why);
  return err ? err : r->err; /* a device that is not there has been told of by now */
}

static void close_handle(uv_handle_t *h, void *ctx) {
  (void)ctx;
  if (!uv_is_closing(h))
    uv_close(h, NULL);
}

enum sp_err scan_run(const struct scan_run_options *options, bool *whole, struct fault *why) {
  struct run r = {.o = options, .why = why};
  struct scan_options scan;
  *whole = false;
  enum sp_err err = choose_speeds(options, &scan, why);
  if (err)
    return err;
  signal(SIGPIPE, SIG_IGN); /* a converter that hangs up is told of as a lost line */
  r.n_speeds = scan.n_speeds;
  r.scan = scan_new(&scan);
  if (!r.scan)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  if (uv_loop_init(&r.loop) != 0) {
    scan_free(r.scan);
    return fault_set(why, SP_IO, "the event loop does not start");
  }
  err = begin(&r);
  if (!err) {
    uv_run(&r.loop, UV_RUN_DEFAULT);
    err = r.err;
  }
  r.ending = true;
  port_close(r.port);
  uv_walk(&r.loop, close_handle, NULL);
  while (uv_run(&r.loop, UV_RUN_DEFAULT) != 0)
    ; /* it may have been told to stop before it ran */
  int closed = uv_loop_close(&r.loop);
  SP_ASSERT(closed == 0);
  scan_free(r.scan);
  *whole = r.whole;
  return err;
}
