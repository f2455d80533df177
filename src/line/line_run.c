#include "line/line_run.h"

#include "base/system.h"
#include "engine/socket_path.h"
#include "line/keys.h"
#include "line/port.h"
#include "line/tap.h"
#include "line/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { engine_again_ms = 500, farewell_ms = 300 };

struct run {
  const struct line_run_options *o;
  struct line *line;
  struct port *port;
  struct tap *tap; /* NULL: nobody can listen */
  uv_loop_t loop;
  struct wake wake;
  uv_timer_t again, farewell;
  uv_signal_t signals[2];
  uv_poll_t life;
  bool ending, settling;
  uv_pipe_t *engine; /* NULL: not connected */
  struct buf in;     /* from it */
  size_t in_at;
};

struct sending {
  uv_write_t write;
  size_t n;
  uint8_t bytes[];
};

/* --- What the line asks for --- */

static usec on_mono(void *ctx) {
  (void)ctx;
  return system_mono(); /* the engine's `before` is of this clock */
}
static usec on_wall(void *ctx) {
  (void)ctx;
  return system_wall();
}
static void on_random(void *ctx, void *out, size_t n) {
  (void)ctx;
  system_random(out, n);
}
static void on_say(void *ctx, const char *text) {
  struct run *r = ctx;
  r->o->say(r->o->ctx, text);
}
static bool on_key_read(void *ctx, const char *reader, struct line_key *key) {
  struct run *r = ctx;
  struct fault why = {0};
  enum sp_err err = keys_read(r->o->dir, reader, key, &why);
  if (err && err != SP_NOT_FOUND)
    on_say(r, why.text);
  return !err;
}
static bool on_key_keep(void *ctx, const char *reader, const struct line_key *key) {
  struct run *r = ctx;
  struct fault why = {0};
  enum sp_err err = keys_write(r->o->dir, reader, key, &why);
  if (err)
    on_say(r, why.text);
  return !err;
}

/* --- The engine --- */

static void settle(struct run *r);
static void try_engine(uv_timer_t *t);

static void on_freed(uv_handle_t *h) {
  sp_free(h);
}

static void lose_engine(struct run *r) {
  if (!r->engine)
    return;
  uv_close((uv_handle_t *)r->engine, on_freed);
  r->engine = NULL;
  if (r->in.p)
    bytes_wipe(r->in.p, r->in.n);
  buf_reset(&r->in);
  if (!r->ending)
    uv_timer_start(&r->again, try_engine, engine_again_ms, 0);
  line_engine(r->line, false);
}

static void on_sent(uv_write_t *w, int status) {
  struct sending *s = w->data;
  (void)status; /* the reading side tells */
  bytes_wipe(s->bytes, s->n);
  sp_free(s);
}

static void to_engine(void *ctx, struct span frames) {
  struct run *r = ctx;
  if (!r->engine)
    return;
  struct sending *s = sp_alloc(1, sizeof *s + frames.n);
  if (!s)
    return; /* no answer comes, and a door is said again when it changes */
  s->n = frames.n;
  memcpy(s->bytes, frames.p, frames.n);
  s->write.data = s;
  uv_buf_t all = uv_buf_init((char *)s->bytes, (unsigned)frames.n);
  if (uv_write(&s->write, (uv_stream_t *)r->engine, &all, 1, on_sent) < 0)
    on_sent(&s->write, 0);
}

/* All whole frames of what came in; false: it is not what an engine says. */
static bool take_frames(struct run *r) {
  size_t at = 0;
  while (r->engine && r->in.n - at >= frame_header_bytes) {
    struct frame f;
    struct fault why = {0};
    if (frame_read(&f, r->in.p + at, &why)) {
      on_say(r, why.text);
      return false;
    }
    if (r->in.n - at < frame_header_bytes + (size_t)f.length)
      break;
    line_frame(r->line, &f, span_of(r->in.p + at + frame_header_bytes, f.length));
    at += frame_header_bytes + f.length;
  }
  if (r->engine) {
    memmove(r->in.p, r->in.p + at, r->in.n - at);
    r->in.n -= at;
  }
  return true;
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out) {
  struct run *r = h->data;
  (void)suggested;
  bool room = buf_reserve(&r->in, 64 << 10);
  *out = uv_buf_init(room ? (char *)r->in.p + r->in.n : NULL,
                     room ? (unsigned)(r->in.cap - r->in.n) : 0);
}

static void on_engine(uv_stream_t *s, ssize_t n, const uv_buf_t *bytes) {
  struct run *r = s->data;
  (void)bytes;
  if (n > 0)
    r->in.n += (size_t)n;
  if (n < 0 || (n > 0 && !take_frames(r)))
    lose_engine(r);
  settle(r);
}

static void try_engine(uv_timer_t *t) {
  struct run *r = t->data;
  struct fault why = {0};
  int fd = -1;
  uv_pipe_t *pipe =
      r->ending || socket_path_connect(r->o->dir, &fd, &why) ? NULL : sp_alloc(1, sizeof *pipe);
  if (pipe) {
    uv_pipe_init(&r->loop, pipe, 0);
    pipe->data = r;
    if (uv_pipe_open(pipe, fd) == 0 &&
        uv_read_start((uv_stream_t *)pipe, on_alloc, on_engine) == 0) {
      r->engine = pipe;
      line_engine(r->line, true);
      settle(r);
      return;
    }
    uv_close((uv_handle_t *)pipe, on_freed);
    fd = -1;
  }
  if (fd >= 0)
    close(fd);
  if (!r->ending)
    uv_timer_start(&r->again, try_engine, engine_again_ms, 0);
}

/* --- The port and time --- */

static void on_up(void *ctx, bool up) {
  struct run *r = ctx;
  line_port(r->line, up);
  on_say(r, up ? "its port is there" : "its port is lost");
  settle(r);
}

static void on_bytes(void *ctx, struct span bytes) {
  struct run *r = ctx;
  tap_bytes(r->tap, true, bytes);
  line_bytes(r->line, bytes);
  settle(r);
}

static void on_due(void *ctx) {
  settle(ctx);
}

/* All that is due is done, and the clock set for what will be. Called within itself (a port that is
 * lost while it is written to), it leaves the rest to the outer call. */
static void settle(struct run *r) {
  if (r->settling)
    return;
  r->settling = true;
  line_tick(r->line);
  for (struct span out; (out = line_output(r->line)).n;) {
    tap_bytes(r->tap, false, out);
    port_send(r->port, out);
  }
  wake_set(&r->wake, line_due(r->line));
  r->settling = false;
}

/* --- Beginning and end --- */

static void on_farewell(uv_timer_t *t) {
  struct run *r = t->data;
  uv_stop(&r->loop);
}

/* Everything is locked, and readers say so, before it ends. */
static void end(struct run *r) {
  if (r->ending)
    return;
  r->ending = true;
  if (r->engine)
    lose_engine(r);
  settle(r);
  uv_timer_start(&r->farewell, on_farewell, farewell_ms, 0);
}

static void on_signal(uv_signal_t *s, int number) {
  (void)number;
  end(s->data);
}

static void on_life(uv_poll_t *p, int status, int events) {
  (void)status;
  (void)events;
  uv_poll_stop(p);
  end(p->data);
}

static void close_rest(uv_handle_t *h, void *arg) {
  (void)arg;
  if (!uv_is_closing(h))
    uv_close(h, NULL);
}

static void start(struct run *r) {
  static const int stops[2] = {SIGTERM, SIGINT};
  uv_timer_t *const timers[] = {&r->again, &r->farewell};
  for (int i = 0; i < 2; i++) {
    uv_timer_init(&r->loop, timers[i]);
    timers[i]->data = r;
  }
  for (int i = 0; i < 2; i++) {
    uv_signal_init(&r->loop, &r->signals[i]);
    r->signals[i].data = r;
    uv_signal_start(&r->signals[i], on_signal, stops[i]);
  }
  if (r->o->stop_fd >= 0) {
    uv_poll_init(&r->loop, &r->life, r->o->stop_fd);
    r->life.data = r;
    uv_poll_start(&r->life, UV_READABLE | UV_DISCONNECT, on_life);
  }
}

/* One process a line: two on the same bus would answer for each other. */
static enum sp_err take_lock(const struct line_run_options *o, int *fd, struct fault *why) {
  char path[4096];
  const char *name = o->plan->lines[o->index].name.s;
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int n = snprintf(path, sizeof path, "%s/" KEYS_FOLDER "/%s.lock", o->dir, name);
  *fd = n < (int)sizeof path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (*fd < 0)
    return fault_set(why, SP_IO, "%s: %s: is the directory writable?", path, strerror(errno));
  if (fcntl(*fd, F_OFD_SETLK, &all) == 0)
    return SP_OK;
  return fault_set(why, SP_BUSY,
                   "line %s is run by another process already: `sallyport serve` runs them all, "
                   "but with --no-lines",
                   name);
}

enum sp_err line_run(const struct line_run_options *options, struct fault *why) {
  struct run r = {.o = options};
  int lock;
  const struct line_io io = {&r,        on_mono, on_wall,     on_random,
                             to_engine, on_say,  on_key_read, on_key_keep};
  const struct port_ops ops = {&r, on_up, on_bytes, on_say};
  static const enum port_kind kinds[] = {[LINE_SERIAL] = PORT_DEVICE,
                                         [LINE_TCP_CLIENT] = PORT_CONNECT,
                                         [LINE_TCP_SERVER] = PORT_LISTEN};
  const struct plan_line *p = &options->plan->lines[options->index];
  const struct port_options where = {.kind = kinds[p->kind], .where = p->where, .baud = p->baud};
  enum sp_err err = take_lock(options, &lock, why);
  if (!err && uv_loop_init(&r.loop) != 0)
    err = fault_set(why, SP_IO, "the event loop does not start");
  if (err) {
    if (lock >= 0)
      close(lock);
    return err;
  }
  start(&r);
  err = wake_open(&r.wake, &r.loop, on_due, &r, why);
  if (!err)
    err = line_new(&r.line, options->plan, options->index, &io, why);
  if (!err)
    err = port_open(&r.port, &r.loop, &where, &ops, why);
  struct fault deaf = {0};
  if (!err && tap_open(&r.tap, &r.loop, options->dir, p->name.s, &deaf))
    on_say(&r, deaf.text); /* it serves its doors all the same */
  if (!err) {
    uv_timer_start(&r.again, try_engine, 0, 0);
    uv_run(&r.loop, UV_RUN_DEFAULT);
  }
  r.ending = true;
  port_close(r.port);
  tap_close(r.tap);
  wake_close(&r.wake);
  uv_walk(&r.loop, close_rest, NULL);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  int closed = uv_loop_close(&r.loop);
  SP_ASSERT(closed == 0);
  line_free(r.line);
  buf_free(&r.in);
  close(lock);
  return err;
}
