#include "cli/term.h"

#include "plan/plan_scalar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* One character of UTF-8 at p; its length, or 0 when the bytes are none. Overlong forms and
 * surrogates are none. */
static size_t utf8_take(const uint8_t *p, size_t n, uint32_t *c) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t len = p[0] < 0x80             ? 1
               : (p[0] & 0xe0) == 0xc0 ? 2
               : (p[0] & 0xf0) == 0xe0 ? 3
               : (p[0] & 0xf8) == 0xf0 ? 4
                                       : 0;
  if (!len || len > n)
    return 0;
  uint32_t v = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return 0;
    v = v << 6 | (p[i] & 0x3fu);
  }
  if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
    return 0;
  *c = v;
  return len;
}

/* Controls, and the marks that turn the direction of a line around. */
static bool shown(uint32_t c) {
  return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) &&
         !(c >= 0x2066 && c <= 0x2069) && c != 0x2028 && c != 0x2029;
}

size_t term_width(struct span text) {
  size_t width = 0;
  for (size_t i = 0; i < text.n;) {
    uint32_t c;
    size_t len = utf8_take(text.p + i, text.n - i, &c);
    int w = len && shown(c) ? wcwidth((wchar_t)c) : 1;
    width += w < 0 ? 1 : (size_t)w;
    i += len ? len : 1;
  }
  return width;
}

void term_put(struct buf *out, struct span text) {
  for (size_t i = 0; i < text.n;) {
    uint32_t c;
    size_t len = utf8_take(text.p + i, text.n - i, &c);
    if (len && shown(c))
      buf_put(out, text.p + i, len);
    else
      buf_puts(out, "\xef\xbf\xbd");
    i += len ? len : 1;
  }
}

void term_put_within(struct buf *out, struct span text, size_t columns) {
  size_t width = term_width(text), used = 0, i = 0;
  size_t room = width <= columns ? columns : columns ? columns - 1 : 0;
  while (i < text.n) {
    uint32_t c;
    size_t len = utf8_take(text.p + i, text.n - i, &c);
    struct span one = span_of(text.p + i, len ? len : 1);
    used += term_width(one);
    if (used > room)
      break;
    term_put(out, one);
    i += one.n;
  }
  if (i < text.n && columns)
    buf_puts(out, "\u2026");
}

unsigned term_columns(int fd) {
  struct winsize size = {0};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool term_redraws(int fd) {
  const char *term = getenv("TERM");
  return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool term_colours(int fd) {
  const char *no = getenv("NO_COLOR");
  return term_redraws(fd) && !(no && *no);
}

/* --- Secrets --- */

void secret_forget(struct secret *s) {
  bytes_wipe(s, sizeof *s);
}

/* One line, byte by byte: what follows it belongs to the next reader. */
static enum sp_err read_line(struct secret *s, int fd, const char *what, struct fault *why) {
  s->n = 0;
  for (;;) {
    char c;
    ssize_t got = read(fd, &c, 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fault_set(why, SP_IO, "the %s cannot be read from fd %d: %s", what, fd,
                       strerror(errno));
    if (got == 0 || c == '\n')
      break;
    if (s->n == secret_max) {
      secret_forget(s);
      return fault_set(why, SP_INVALID, "the %s is longer than %d bytes", what, secret_max);
    }
    s->text[s->n++] = c;
  }
  if (s->n && s->text[s->n - 1] == '\r')
    s->n--;
  s->text[s->n] = '\0';
  bool ok = s->n > 0 && strlen(s->text) == s->n && utf8_valid(span_of(s->text, s->n));
  if (!ok)
    secret_forget(s);
  return ok ? SP_OK
            : fault_set(why, SP_INVALID, "the %s is empty or not text: give one line of UTF-8",
                        what);
}

/* Signals that would end or stop the program while nothing is echoed: noted, and raised again once
 * the terminal is as it was. Process-wide because signals are. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { watched_n = sizeof watched / sizeof watched[0] };
static volatile sig_atomic_t caught;

static void note_signal(int n) {
  caught = n;
}

static enum sp_err read_quietly(struct secret *s, int tty, const char *prompt, struct fault *why) {
  struct termios before, quiet;
  if (tcgetattr(tty, &before) != 0)
    return fault_set(why, SP_IO, "the terminal does not answer: %s", strerror(errno));
  struct sigaction note = {.sa_handler = note_signal}, old[watched_n];
  caught = 0;
  for (int i = 0; i < watched_n; i++)
    sigaction(watched[i], &note, &old[i]); /* no SA_RESTART: the read below ends */
  quiet = before;
  quiet.c_lflag &= ~(tcflag_t)ECHO;
  quiet.c_lflag |= ECHONL;
  enum sp_err err = SP_OK;
  if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
    err = fault_set(why, SP_IO, "the terminal does not answer: %s", strerror(errno));
  if (!err) {
    struct buf line = {0};
    buf_printf(&line, "%s: ", prompt);
    if (line.failed || write(tty, line.p, line.n) != (ssize_t)line.n)
      err = fault_set(why, SP_IO, "the terminal does not answer: %s", strerror(errno));
    buf_free(&line);
  }
  s->n = 0;
  while (!err && !caught) {
    char c;
    ssize_t got = read(tty, &c, 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0 || c == '\n')
      break;
    if (s->n < secret_max)
      s->text[s->n++] = c;
    else
      err = fault_set(why, SP_INVALID, "that is longer than %d bytes", secret_max);
  }
  s->text[s->n] = '\0';
  tcsetattr(tty, TCSAFLUSH, &before);
  for (int i = 0; i < watched_n; i++)
    sigaction(watched[i], &old[i], NULL);
  if (caught) {
    secret_forget(s);
    raise(caught);
    err = fault_set(why, SP_USAGE, "stopped while asking for the %s", prompt);
  }
  if (!err && (s->n == 0 || !utf8_valid(span_of(s->text, s->n))))
    err = fault_set(why, SP_INVALID, "nothing was typed for: %s", prompt);
  if (err)
    secret_forget(s);
  return err;
}

static enum sp_err open_terminal(int *tty, const char *prompt, struct fault *why) {
  *tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*tty < 0)
    return fault_set(why, SP_USAGE,
                     "there is no terminal to ask for the %s: give it on a file descriptor "
                     "(--password-fd, --second-password-fd, --card-fd, --pin-fd)",
                     prompt);
  return SP_OK;
}

enum sp_err secret_read(struct secret *s, int fd, const char *prompt, struct fault *why) {
  if (fd >= 0)
    return read_line(s, fd, prompt, why);
  int tty;
  enum sp_err err = open_terminal(&tty, prompt, why);
  if (err)
    return err;
  err = read_quietly(s, tty, prompt, why);
  close(tty);
  return err;
}

enum sp_err secret_read_new(struct secret *s, int fd, const char *prompt, struct fault *why) {
  if (fd >= 0)
    return read_line(s, fd, prompt, why);
  struct secret again = {.n = 0};
  int tty;
  enum sp_err err = open_terminal(&tty, prompt, why);
  if (err)
    return err;
  err = read_quietly(s, tty, prompt, why);
  if (!err)
    err = read_quietly(&again, tty, "the same again", why);
  close(tty);
  if (!err && (s->n != again.n || !bytes_equal_ct(s->text, again.text, s->n)))
    err = fault_set(why, SP_INVALID, "the two differ: nothing was changed, try again");
  if (err)
    secret_forget(s);
  secret_forget(&again);
  return err;
}
