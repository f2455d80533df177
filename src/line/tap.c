#include "line/tap.h"

#include "base/system.h"
#include "engine/socket_path.h"
#include "line/keys.h"
#include "osdp/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { name_max = 128 };

struct listener {
  uv_pipe_t pipe;
  struct tap *tap;
  usec since;
  uint64_t left_out;
  char in[64]; /* what it says, which nobody reads */
};

struct tap {
  uv_loop_t *loop;
  uv_pipe_t door;
  bool has_door, closing;
  int dir_fd;
  char line[name_max], name[name_max];
  uint32_t handles; /* not closed yet */
  struct listener *listeners[tap_listeners_max];
  struct recording recording;
};

struct sending {
  uv_write_t write;
  size_t n;
  uint8_t bytes[];
};

bool tap_name(const char *line, char *out, size_t n) {
  int used = snprintf(out, n, "%s.sock", line);
  return used >= 0 && (size_t)used < n;
}

/* --- Listeners --- */

static void free_if_done(struct tap *t) {
  if (t->closing && t->handles == 0)
    sp_free(t);
}

static void on_listener_closed(uv_handle_t *h) {
  struct listener *l = h->data;
  struct tap *t = l->tap;
  sp_free(l);
  t->handles--;
  free_if_done(t);
}

static void drop(struct listener *l) {
  for (int i = 0; i < tap_listeners_max; i++)
    if (l->tap->listeners[i] == l)
      l->tap->listeners[i] = NULL;
  if (!uv_is_closing((uv_handle_t *)&l->pipe))
    uv_close((uv_handle_t *)&l->pipe, on_listener_closed);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out) {
  struct listener *l = h->data;
  (void)suggested;
  *out = uv_buf_init(l->in, sizeof l->in);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *bytes) {
  (void)bytes;
  if (n < 0)
    drop(s->data);
}

static void on_sent(uv_write_t *w, int status) {
  struct sending *s = w->data;
  (void)status; /* the reading side tells */
  bytes_wipe(s->bytes, s->n);
  sp_free(s);
}

static bool send_text(struct listener *l, struct span text) {
  struct sending *s = sp_alloc(1, sizeof *s + text.n);
  if (!s)
    return false;
  s->n = text.n;
  memcpy(s->bytes, text.p, text.n);
  s->write.data = s;
  uv_buf_t all = uv_buf_init((char *)s->bytes, (unsigned)text.n);
  if (uv_write(&s->write, (uv_stream_t *)&l->pipe, &all, 1, on_sent) == 0)
    return true;
  on_sent(&s->write, 0);
  return false;
}

struct line_of { /* what makes a line, for each listener anew: their clocks begin when they came */
  bool reply;
  usec at;
  struct span bytes;
};

static void give(struct listener *l, const struct line_of *x) {
  struct buf text = {0};
  bool full = uv_stream_get_write_queue_size((uv_stream_t *)&l->pipe) > tap_unsent_bytes_max;
  if (l->left_out && !full)
    recording_gap(&text, l->left_out);
  if (!full)
    recording_line(&text, x->reply, x->at > l->since ? x->at - l->since : 0, x->bytes);
  if (full || text.failed || !send_text(l, buf_span(&text)))
    l->left_out++;
  else
    l->left_out = 0;
  if (text.p)
    bytes_wipe(text.p, text.n);
  buf_free(&text);
}

static void on_piece(void *ctx, bool reply, usec at, struct span bytes) {
  struct tap *t = ctx;
  const struct line_of x = {reply, at, bytes};
  for (int i = 0; i < tap_listeners_max; i++)
    if (t->listeners[i])
      give(t->listeners[i], &x);
}

void tap_bytes(struct tap *t, bool reply, struct span bytes) {
  if (t && !t->closing)
    recording_bytes(&t->recording, reply, bytes, system_mono(), on_piece, t);
}

static void welcome(struct listener *l) {
  struct buf text = {0};
  char wall[time_text_len + 1] = "";
  l->since = system_mono();
  time_format(wall, system_wall());
  buf_printf(&text, "# line %s; milliseconds since %s\n", l->tap->line, wall);
  if (text.failed || !send_text(l, buf_span(&text)))
    drop(l);
  buf_free(&text);
}

/* Told as far as its socket takes it. */
static void turn_away(struct listener *l, const char *note) {
  uv_buf_t text = uv_buf_init((char *)(uintptr_t)note, (unsigned)strlen(note));
  (void)uv_try_write((uv_stream_t *)&l->pipe, &text, 1);
  drop(l);
}

static void on_connection(uv_stream_t *door, int status) {
  struct tap *t = door->data;
  struct listener *l = status < 0 || t->closing ? NULL : sp_alloc(1, sizeof *l);
  int fd = -1, place = 0;
  if (!l)
    return; /* it waits until another comes, or hangs up */
  l->tap = t;
  uv_pipe_init(t->loop, &l->pipe, 0);
  l->pipe.data = l;
  t->handles++;
  if (uv_accept(door, (uv_stream_t *)&l->pipe) != 0 ||
      uv_fileno((uv_handle_t *)&l->pipe, &fd) != 0) {
    drop(l);
    return;
  }
  while (place < tap_listeners_max && t->listeners[place])
    place++;
  if (!socket_path_is_ours(fd, NULL)) {
    turn_away(l, "# only the user who runs the line may listen\n");
  } else if (place == tap_listeners_max) {
    turn_away(l, "# as many listen already as may: end another `sallyport line trace`\n");
  } else if (uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read) != 0) {
    drop(l);
  } else {
    t->listeners[place] = l;
    welcome(l);
  }
}

/* --- Beginning and end --- */

static enum sp_err open_door(struct tap *t, const char *dir, struct fault *why) {
  char folder[4096];
  int fd = -1, n = snprintf(folder, sizeof folder, "%s/" KEYS_FOLDER, dir);
  t->dir_fd = n < (int)sizeof folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (t->dir_fd < 0)
    return fault_set(why, SP_IO, "%s: %s", folder, strerror(errno));
  enum sp_err err = socket_path_listen_at(folder, t->dir_fd, t->name, &fd, why);
  if (err)
    return err;
  uv_pipe_init(t->loop, &t->door, 0);
  t->door.data = t;
  t->has_door = true;
  t->handles++;
  int code = uv_pipe_open(&t->door, fd);
  if (code != 0)
    close(fd);
  else
    code = uv_listen((uv_stream_t *)&t->door, tap_listeners_max, on_connection);
  return code == 0 ? SP_OK : fault_set(why, SP_IO, "%s/%s: %s", folder, t->name, uv_strerror(code));
}

enum sp_err tap_open(struct tap **out, uv_loop_t *loop, const char *dir, const char *line,
                     struct fault *why) {
  struct tap *t = sp_alloc(1, sizeof *t);
  *out = NULL;
  if (!t)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  t->loop = loop;
  t->dir_fd = -1;
  snprintf(t->line, sizeof t->line, "%s", line);
  enum sp_err err = tap_name(line, t->name, sizeof t->name)
                        ? open_door(t, dir, why)
                        : fault_set(why, SP_LIMIT, "the line's name is too long");
  if (err) {
    tap_close(t);
    return err;
  }
  *out = t;
  return SP_OK;
}

static void on_door_closed(uv_handle_t *h) {
  struct tap *t = h->data;
  t->handles--;
  free_if_done(t);
}

void tap_close(struct tap *t) {
  if (!t)
    return;
  t->closing = true;
  if (t->dir_fd >= 0) {
    socket_path_remove_at(t->dir_fd, t->name);
    close(t->dir_fd);
  }
  for (int i = 0; i < tap_listeners_max; i++)
    if (t->listeners[i])
      drop(t->listeners[i]);
  bytes_wipe(&t->recording, sizeof t->recording);
  if (t->has_door)
    uv_close((uv_handle_t *)&t->door, on_door_closed);
  else
    free_if_done(t);
}
