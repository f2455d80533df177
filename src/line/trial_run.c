#include "line/trial_run.h"

#include "base/record.h"
#include "base/system.h"
#include "line/key_file.h"
#include "line/port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <uv.h>

enum {
  trial_readers_max = osdp_address_max + 1,
  path_most = 4096,
  pty_name_max = 128,
};

struct run {
  const struct trial_run_options *o;
  struct fault *why;
  enum sp_err err;
  bool ending;
  struct trial *readers[trial_readers_max];
  uint32_t n_readers;

  uv_loop_t loop;
  uv_timer_t timer;
  uv_signal_t signals[3];
  struct port *port;
  int pty_slave; /* held open, so that the line stays while nobody has it open */
  char pty_name[pty_name_max];
  bool pty_linked;

  /* Words. */
  struct buf words;
  size_t words_at;
  bool words_end; /* no more will come */
  unsigned line_number;
  usec wait_until; /* TIME_ABSENT: not waiting */
  uv_poll_t typed;
  bool typing;
  int typed_flags; /* of standard input, as they were */
};

static void end(struct run *r, enum sp_err err) {
  if (!r->ending)
    r->err = err;
  r->ending = true;
  uv_stop(&r->loop);
}

static enum sp_err uv_told(int code, const char *doing, struct fault *why) {
  return code >= 0 ? SP_OK : fault_set(why, SP_IO, "%s: %s", doing, uv_strerror(code));
}

/* --- What readers ask for --- */

static void on_random(void *ctx, void *out, size_t n) {
  (void)ctx;
  system_random(out, n);
}

static void on_event(void *ctx, const struct trial_event *e) {
  struct run *r = ctx;
  r->o->event(r->o->ctx, e);
}

/* FILE, or FILE.ADDRESS of several. */
static bool key_path(const struct run *r, uint8_t reader, char out[path_most]) {
  int n = r->n_readers > 1 || r->o->first != r->o->last
              ? snprintf(out, path_most, "%s.%u", r->o->key_file, reader)
              : snprintf(out, path_most, "%s", r->o->key_file);
  return n < path_most;
}

static bool on_keyset(void *ctx, uint8_t reader, const uint8_t key[osdp_key_bytes]) {
  struct run *r = ctx;
  struct fault why = {0};
  char path[path_most];
  if (!r->o->key_file)
    return true;
  if (key_path(r, reader, path) && !key_file_write(path, key, &why))
    return true;
  r->o->wrong(r->o->ctx, &why);
  return false;
}

/* --- Time --- */

static void settle(struct run *r);

static void on_timer(uv_timer_t *t) {
  settle(t->data);
}

static void arm(struct run *r) {
  usec due = r->wait_until, now = system_mono();
  for (uint32_t i = 0; i < r->n_readers; i++) {
    usec d = trial_due(r->readers[i]);
    if (d != TIME_ABSENT && (due == TIME_ABSENT || d < due))
      due = d;
  }
  if (due == TIME_ABSENT)
    uv_timer_stop(&r->timer);
  else
    uv_timer_start(&r->timer, on_timer, due > now ? (uint64_t)(due - now + 999) / 1000 : 0, 0);
}

/* --- The line --- */

static void on_up(void *ctx, bool up) {
  struct run *r = ctx;
  if (!r->o->pty) /* its wire is always there */
    r->o->on_line(r->o->ctx, up ? "connected" : "disconnected");
}

static void on_bytes(void *ctx, struct span bytes) {
  struct run *r = ctx;
  for (uint32_t i = 0; i < r->n_readers; i++) {
    trial_input(r->readers[i], bytes, system_mono());
    port_send(r->port, trial_reply(r->readers[i]));
  }
  settle(r);
}

static void on_say(void *ctx, const char *text) {
  struct run *r = ctx;
  r->o->on_line(r->o->ctx, text);
}

static enum sp_err open_port(struct run *r, enum port_kind kind, const char *where, int fd) {
  const struct port_ops ops = {r, on_up, on_bytes, on_say};
  const struct port_options o = {.kind = kind, .where = where, .fd = fd};
  return port_open(&r->port, &r->loop, &o, &ops, r->why);
}

/* "tcp://HOST:PORT" */
static enum sp_err open_tcp(struct run *r, enum port_kind kind, const char *url) {
  static const char scheme[] = "tcp://";
  if (strncmp(url, scheme, sizeof scheme - 1) != 0)
    return fault_set(r->why, SP_USAGE, "`%.80s`: a line is written tcp://HOST:PORT", url);
  enum sp_err err = open_port(r, kind, url + sizeof scheme - 1, -1);
  if (err == SP_USAGE)
    fault_prefix(r->why, "a line is written tcp://HOST:PORT");
  return err;
}

/* --- A pseudo terminal --- */

static enum sp_err make_pty(struct run *r, int *master) {
  struct termios raw;
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  bool ok = *master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0 &&
            ptsname_r(*master, r->pty_name, sizeof r->pty_name) == 0;
  r->pty_slave = ok ? open(r->pty_name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  ok = r->pty_slave >= 0 && tcgetattr(r->pty_slave, &raw) == 0;
  if (ok) {
    cfmakeraw(&raw); /* until someone opens it and sets it as a line needs */
    ok = tcsetattr(r->pty_slave, TCSANOW, &raw) == 0;
  }
  return ok ? SP_OK : fault_set(r->why, SP_IO, "pseudo terminal: %s", strerror(errno));
}

static enum sp_err link_pty(struct run *r) {
  if (symlink(r->pty_name, r->o->pty) != 0)
    return errno == EEXIST ? fault_set(r->why, SP_EXISTS,
                                       "%s is there already: remove it, or name another", r->o->pty)
                           : fault_set(r->why, SP_IO, "%s: %s", r->o->pty, strerror(errno));
  r->pty_linked = true;
  return SP_OK;
}

/* Only what is still ours. */
static void unlink_pty(struct run *r) {
  char to[pty_name_max];
  ssize_t n = r->pty_linked ? readlink(r->o->pty, to, sizeof to - 1) : -1;
  if (n <= 0)
    return;
  to[n] = '\0';
  if (strcmp(to, r->pty_name) == 0)
    unlink(r->o->pty);
}

static enum sp_err open_pty(struct run *r) {
  int master = -1;
  char text[path_most + 32];
  enum sp_err err = make_pty(r, &master);
  if (err) {
    if (master >= 0)
      close(master);
    return err;
  }
  err = open_port(r, PORT_OPEN, "pseudo terminal", master);
  if (!err)
    err = link_pty(r);
  if (err)
    return err;
  snprintf(text, sizeof text, "a serial line at %s", r->o->pty);
  r->o->on_line(r->o->ctx, text);
  return SP_OK;
}

/* --- Words --- */

/* Told, and in a script the end of it. */
static void tell_wrong(struct run *r, struct fault *why) {
  if (!r->o->script) {
    r->o->wrong(r->o->ctx, why);
    return;
  }
  const char *name = strcmp(r->o->script, "-") == 0 ? "standard input" : r->o->script;
  fault_prefix(why, "%s, line %u", name, r->line_number);
  *r->why = *why;
  end(r, why->err);
}

static void tell_help(struct run *r) {
  struct buf text = {0};
  trial_help(&text);
  buf_puts(&text, "wait    SECONDS   nothing is done for so long\n"
                  "help              this\n"
                  "quit              the end\n");
  if (r->n_readers > 1)
    buf_puts(&text, "What is done at a reader begins with its address: 2 open\n");
  if (!text.failed)
    r->o->help(r->o->ctx, buf_span(&text));
  buf_free(&text);
}

/* Words of the program, not of a reader. */
static bool do_own(struct run *r, char *const *w, size_t n, struct fault *why) {
  usec s;
  if (strcmp(w[0], "quit") == 0 && n == 1) {
    end(r, SP_OK);
  } else if (strcmp(w[0], "help") == 0 && n == 1) {
    tell_help(r);
  } else if (strcmp(w[0], "wait") == 0) {
    if (n != 2 || !trial_seconds(w[1], &s))
      fault_set(why, SP_INVALID, "it is `wait SECONDS`, like `wait 2` or `wait 0.5`");
    else
      r->wait_until = system_mono() + s;
  } else {
    return false;
  }
  return true;
}

/* Of several readers the first word is the address. */
static struct trial *reader_of(struct run *r, char ***w, size_t *n, struct fault *why) {
  if (r->n_readers == 1)
    return r->readers[0];
  size_t digits = strspn((*w)[0], "0123456789");
  long address = digits && digits <= 3 && !(*w)[0][digits] ? strtol((*w)[0], NULL, 10) : -1;
  if (address < r->o->first || address > r->o->last || *n < 2) {
    fault_set(why, SP_INVALID, "there are several readers: begin with one's address, %u to %u",
              r->o->first, r->o->last);
    return NULL;
  }
  ++*w;
  --*n;
  return r->readers[address - r->o->first];
}

static void do_line(struct run *r, char *line) {
  char *words[trial_words_max] = {0}, **w = words, *save = NULL;
  size_t n = 0;
  struct fault why = {0};
  for (char *word = strtok_r(line, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
    if (n == 0 && word[0] == '#')
      break;
    if (n == trial_words_max) {
      fault_set(&why, SP_INVALID, "that are too many words");
      break;
    }
    words[n++] = word;
  }
  if (n && !why.err && !do_own(r, w, n, &why)) {
    struct trial *t = reader_of(r, &w, &n, &why);
    enum sp_err err = t ? trial_do(t, w, n, system_mono(), &why) : why.err;
    SP_ASSERT(err == why.err);
  }
  if (why.err)
    tell_wrong(r, &why);
}

/* All lines that are there, up to a wait. */
static void do_words(struct run *r) {
  while (!r->ending && r->wait_until == TIME_ABSENT && r->words_at < r->words.n) {
    uint8_t *from = r->words.p + r->words_at;
    size_t left = r->words.n - r->words_at;
    uint8_t *newline = memchr(from, '\n', left);
    size_t n = newline ? (size_t)(newline - from) : left;
    char line[trial_line_bytes_max + 1];
    struct fault why = {0};
    if (!newline && !r->words_end && n <= trial_line_bytes_max)
      break;
    r->words_at += newline ? n + 1 : n;
    r->line_number++;
    if (n > trial_line_bytes_max || memchr(from, '\0', n)) {
      fault_set(&why, SP_INVALID, "that is no line of words");
      tell_wrong(r, &why);
      continue;
    }
    memcpy(line, from, n);
    line[n] = '\0';
    bytes_wipe(from, n); /* it may be a card */
    do_line(r, line);
    bytes_wipe(line, n);
  }
  if (r->words_at == r->words.n) {
    buf_reset(&r->words);
    r->words_at = 0;
    if (r->words_end && r->wait_until == TIME_ABSENT)
      end(r, SP_OK);
  }
}

static void take_words(struct run *r, const void *p, ssize_t n) {
  if (n > 0 && r->words.n + (size_t)n > trial_script_bytes_max + r->words_at) {
    struct fault why = {0};
    fault_set(&why, SP_LIMIT, "more than %d bytes of words wait", trial_script_bytes_max);
    *r->why = why;
    end(r, SP_LIMIT);
  } else if (n > 0) {
    buf_put(&r->words, p, (size_t)n);
  } else {
    r->words_end = true;
  }
}

static void on_typed(uv_poll_t *h, int status, int events) {
  struct run *r = h->data;
  char bytes[4096];
  (void)events;
  ssize_t n = status < 0 ? 0 : read(STDIN_FILENO, bytes, sizeof bytes);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  take_words(r, bytes, n);
  bytes_wipe(bytes, sizeof bytes);
  if (r->words_end)
    uv_poll_stop(h);
  settle(r);
}

static enum sp_err read_whole(struct run *r, int fd, const char *name) {
  char bytes[4096];
  while (!r->words_end && !r->ending) {
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fault_set(r->why, SP_IO, "%s: %s", name, strerror(errno));
    take_words(r, bytes, n);
  }
  bytes_wipe(bytes, sizeof bytes);
  return r->err;
}

static enum sp_err open_words(struct run *r) {
  if (r->o->script && strcmp(r->o->script, "-") != 0) {
    int fd = open(r->o->script, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return fault_set(r->why, errno == ENOENT ? SP_NOT_FOUND : SP_IO, "%s: %s", r->o->script,
                       strerror(errno));
    enum sp_err err = read_whole(r, fd, r->o->script);
    close(fd);
    return err;
  }
  r->typed_flags = fcntl(STDIN_FILENO, F_GETFL);
  /* A file cannot be waited for, and need not be. */
  if (uv_poll_init(&r->loop, &r->typed, STDIN_FILENO) != 0)
    return read_whole(r, STDIN_FILENO, "standard input");
  r->typing = true;
  r->typed.data = r;
  return uv_told(uv_poll_start(&r->typed, UV_READABLE | UV_DISCONNECT, on_typed), "standard input",
                 r->why);
}

/* --- Running --- */

static void settle(struct run *r) {
  usec now = system_mono();
  if (r->ending)
    return;
  for (uint32_t i = 0; i < r->n_readers; i++)
    trial_tick(r->readers[i], now);
  if (r->wait_until != TIME_ABSENT && now >= r->wait_until)
    r->wait_until = TIME_ABSENT;
  do_words(r);
  if (!r->ending)
    arm(r);
}

static void on_signal(uv_signal_t *s, int number) {
  (void)number;
  end(s->data, SP_OK);
}

static enum sp_err make_reader(struct run *r, uint8_t address) {
  struct trial_options o = {.address = address, .door = r->o->door};
  const struct trial_ops ops = {
      .ctx = r, .random = on_random, .event = on_event, .keyset = on_keyset};
  char path[path_most];
  if (r->o->key_file) {
    if (!key_path(r, address, path))
      return fault_set(r->why, SP_LIMIT, "the name of the key's file is too long");
    enum sp_err err = key_file_read(path, o.key, r->why);
    if (err && err != SP_NOT_FOUND)
      return err;
    o.has_key = !err;
    if (err)
      *r->why = (struct fault){0};
  }
  r->readers[r->n_readers] = trial_new(&o, &ops);
  bytes_wipe(&o, sizeof o);
  if (!r->readers[r->n_readers])
    return fault_set(r->why, SP_NO_MEMORY, "out of memory");
  r->n_readers++;
  return SP_OK;
}

static enum sp_err begin(struct run *r) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  enum sp_err err = SP_OK;
  uv_timer_init(&r->loop, &r->timer);
  r->timer.data = r;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    uv_signal_init(&r->loop, &r->signals[i]);
    r->signals[i].data = r;
    uv_signal_start(&r->signals[i], on_signal, numbers[i]);
  }
  for (unsigned a = r->o->first; a <= r->o->last && !err; a++)
    err = make_reader(r, (uint8_t)a);
  if (!err && r->o->listen)
    err = open_tcp(r, PORT_LISTEN, r->o->listen);
  if (!err && r->o->connect)
    err = open_tcp(r, PORT_CONNECT, r->o->connect);
  if (!err && r->o->pty)
    err = open_pty(r);
  return err ? err : open_words(r);
}

static void close_handle(uv_handle_t *h, void *ctx) {
  (void)ctx;
  if (!uv_is_closing(h))
    uv_close(h, NULL);
}

enum sp_err trial_run(const struct trial_run_options *options, struct fault *why) {
  struct run *r = sp_alloc(1, sizeof *r);
  if (!r)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  r->o = options;
  r->why = why;
  r->wait_until = TIME_ABSENT;
  r->pty_slave = -1;
  signal(SIGPIPE, SIG_IGN); /* a panel that hangs up is no reason to end */
  enum sp_err err = uv_told(uv_loop_init(&r->loop), "event loop", why);
  if (err) {
    sp_free(r);
    return err;
  }
  err = begin(r);
  if (!err) {
    settle(r);
    if (!r->ending)
      uv_run(&r->loop, UV_RUN_DEFAULT);
    err = r->err;
  }
  r->ending = true;
  unlink_pty(r);
  port_close(r->port);
  uv_walk(&r->loop, close_handle, r);
  while (uv_run(&r->loop, UV_RUN_DEFAULT) != 0)
    ;
  uv_loop_close(&r->loop);
  if (r->typing)
    (void)fcntl(STDIN_FILENO, F_SETFL, r->typed_flags);
  if (r->pty_slave >= 0)
    close(r->pty_slave);
  for (uint32_t i = 0; i < r->n_readers; i++)
    trial_free(r->readers[i]);
  bytes_wipe(r->words.p, r->words.n);
  buf_free(&r->words);
  sp_free(r);
  return err;
}
