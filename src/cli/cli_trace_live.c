/* cli_trace_live.c: line trace LINE: what goes over a line that runs, as its process tells it
 * (line/tap.h). The keys are read here, from where the line keeps them: none goes over the socket.
 */
#include "cli/cli_trace.h"
#include "cli/site.h"
#include "base/record.h"
#include "base/system.h"
#include "core/state.h"
#include "engine/socket_path.h"
#include "line/keys.h"
#include "line/tap.h"
#include "osdp/recording.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { in_bytes_max = 64 << 10 };

struct live {
  struct cli *c;
  struct reading *r;
  const char *line;
  bool raw;
  uint64_t count; /* frames until the end; UINT64_MAX: no end */
  usec until;     /* monotonic; TIME_ABSENT: no end */
  uint64_t raw_lines;
  bool told[osdp_broadcast + 1]; /* that a session cannot be opened, by address */
  size_t n;
  char in[in_bytes_max];
};

static volatile sig_atomic_t told_to_stop;
static void on_stop(int signal) {
  (void)signal;
  told_to_stop = 1;
}

/* --- Keys --- */

static enum sp_err add_key(struct reading *r, const uint8_t key[osdp_key_bytes],
                           struct fault *why) {
  return trace_key(r->trace, key)
             ? SP_OK
             : fault_set(why, SP_LIMIT, "%d keys are the most", trace_keys_max);
}

/* Of every reader of the line: its key, and one that is being set. */
static enum sp_err take_keys(struct live *v, uint32_t line) {
  const struct plan *p = site_plan(v->c->site);
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < p->n_readers && !err; i++) {
    struct line_key key = {0};
    if (p->readers[i].line != line)
      continue;
    err = keys_read(cli_dir(v->c), p->readers[i].name.s, &key, &v->c->why);
    if (err == SP_NOT_FOUND) {
      v->c->why = (struct fault){0};
      err = SP_OK;
    }
    if (!err && key.has)
      err = add_key(v->r, key.key, &v->c->why);
    if (!err && key.has_next)
      err = add_key(v->r, key.next, &v->c->why);
    bytes_wipe(&key, sizeof key);
  }
  return err;
}

/* --- What comes --- */

static void note(const char *text) {
  struct buf b = {0};
  term_put(&b, span_str(text));
  if (buf_cstr(&b))
    fprintf(stderr, "%s\n", (const char *)b.p);
  buf_free(&b);
}

/* Once an address, until a handshake opens: why its frames stay closed. */
static void on_frame(void *ctx, const struct osdp_frame *f, enum trace_verdict verdict) {
  struct live *v = ctx;
  char text[256];
  bool handshake = f->reply && f->code == OSDP_CCRYPT && f->block == OSDP_SCS_12;
  if (verdict == TRACE_DAMAGED)
    return;
  if (handshake && verdict == TRACE_PROVED)
    v->told[f->address] = false;
  if (verdict != TRACE_CLOSED || v->told[f->address] ||
      (!handshake && !osdp_block_has_mac(f->block)))
    return;
  v->told[f->address] = true;
  if (handshake)
    snprintf(text, sizeof text,
             "address %u: no key that is kept here fits its handshake: this session stays closed",
             f->address);
  else
    snprintf(
        text, sizeof text,
        "address %u: this trace has not seen its session begin: MACs are not checked, and what is "
        "enciphered stays closed, until its next handshake",
        f->address);
  note(text);
}

static enum sp_err take_line(struct live *v, char *text) {
  if (v->raw) {
    puts(text);
    v->raw_lines += text[0] != '#';
    return SP_OK;
  }
  if (text[0] == '#')
    note(text + 1 + (text[1] == ' '));
  struct span line = span_str(text);
  if (recording_is_gap(line))
    memset(v->told, 0, sizeof v->told);
  return reading_line(v->r, &line) != TRACE_TEXT_WRONG
             ? SP_OK
             : fault_set(&v->c->why, SP_INVALID, "line %s says what is no frame", v->line);
}

static bool enough(const struct live *v) {
  return told_to_stop || (v->raw ? v->raw_lines : v->r->frames) >= v->count;
}

static enum sp_err take_lines(struct live *v) {
  enum sp_err err = SP_OK;
  char *at = v->in, *end = v->in + v->n, *newline;
  while (!err && !enough(v) && (newline = memchr(at, '\n', (size_t)(end - at)))) {
    *newline = '\0';
    err = take_line(v, at);
    at = newline + 1;
  }
  v->n = (size_t)(end - at);
  memmove(v->in, at, v->n);
  fflush(stdout);
  return err;
}

/* *ready: there is something to be read; else it is to end. */
static enum sp_err await(const struct live *v, int fd, const sigset_t *before, bool *ready,
                         struct fault *why) {
  usec left = v->until == TIME_ABSENT ? USEC_PER_S : v->until - system_mono();
  const struct timespec wait = {.tv_sec = left / USEC_PER_S, .tv_nsec = left % USEC_PER_S * 1000};
  struct pollfd p = {.fd = fd, .events = POLLIN};
  *ready = false;
  if (left <= 0 || told_to_stop)
    return SP_OK;
  int n = ppoll(&p, 1, &wait, before);
  if (n < 0 && errno != EINTR)
    return fault_set(why, SP_IO, "line %s: %s", v->line, strerror(errno));
  *ready = n > 0;
  return SP_OK;
}

static enum sp_err listen_to(struct live *v, int fd, const sigset_t *before) {
  enum sp_err err = SP_OK;
  bool ready;
  while (!err && !enough(v)) {
    err = await(v, fd, before, &ready, &v->c->why);
    if (err || (!ready && v->until != TIME_ABSENT && system_mono() >= v->until))
      break;
    if (!ready)
      continue;
    ssize_t n = read(fd, v->in + v->n, sizeof v->in - v->n);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fault_set(&v->c->why, SP_UNAVAILABLE,
                       "line %s has ended, or was started anew: listen to it again", v->line);
    v->n += (size_t)n;
    err = take_lines(v);
    if (!err && v->n == sizeof v->in)
      err = fault_set(&v->c->why, SP_INVALID, "line %s says what is no frame", v->line);
  }
  return err;
}

/* --- --- */

static enum sp_err connect_to(struct live *v, int *fd) {
  char folder[4096], name[128];
  int n = snprintf(folder, sizeof folder, "%s/" KEYS_FOLDER, cli_dir(v->c));
  if (n >= (int)sizeof folder || !tap_name(v->line, name, sizeof name))
    return fault_set(&v->c->why, SP_LIMIT, "the name of the site's directory is too long");
  enum sp_err err = socket_path_connect_to(folder, name, fd, &v->c->why);
  if (err == SP_UNAVAILABLE || err == SP_NOT_FOUND)
    return fault_set(&v->c->why, SP_UNAVAILABLE,
                     "line %s does not run: `sallyport serve --dir %s` runs it", v->line,
                     cli_dir(v->c));
  return err;
}

enum sp_err cli_trace_live(struct cli *c, struct reading *r) {
  static struct live v; /* its buffers are large, and once is enough */
  struct sigaction stop = {.sa_handler = on_stop};
  sigset_t stops, before;
  uint32_t line = 0;
  int fd = -1;
  v = (struct live){.c = c,
                    .r = r,
                    .line = c->args.operands[0],
                    .raw = cli_has(c, OPT_RAW),
                    .count = cli_has(c, OPT_COUNT) ? c->args.options[OPT_COUNT].number : UINT64_MAX,
                    .until = TIME_ABSENT};
  r->saw = on_frame;
  r->ctx = &v;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_place(c->site, REF_LINE, v.line, &line, &c->why);
  if (!err && !v.raw)
    err = take_keys(&v, line);
  if (!err)
    err = connect_to(&v, &fd);
  if (err)
    return err;
  if (cli_has(c, OPT_SECONDS)) {
    uint64_t s = c->args.options[OPT_SECONDS].number;
    v.until = system_mono() + (usec)(s < UINT32_MAX ? s : UINT32_MAX) * USEC_PER_S;
  }
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  sigprocmask(SIG_BLOCK, &stops, &before); /* they come while it waits, and never in between */
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  err = listen_to(&v, fd, &before);
  close(fd);
  bytes_wipe(v.in, sizeof v.in);
  return err;
}
