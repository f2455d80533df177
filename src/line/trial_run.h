/* trial_run.h: trials' readers (trial.h) on a real line: a TCP connection or a pseudo terminal,
 * with the words that someone types or a script says. Runs until these end, or SIGINT, SIGTERM,
 * SIGHUP.
 */
#ifndef SP_LINE_TRIAL_RUN_H
#define SP_LINE_TRIAL_RUN_H

#include "line/trial.h"

enum {
  trial_line_bytes_max = 1024, /* of one line of words */
  trial_script_bytes_max = 1 << 20,
};

struct trial_run_options {
  /* One of the three, the others NULL. */
  const char *listen, *connect; /* tcp://HOST:PORT */
  const char *pty;              /* the link that is made to it */
  uint8_t first, last;          /* addresses, a reader each */
  struct plan_door door;        /* of each (trial_door) */
  const char *key_file;         /* of several readers FILE.ADDRESS; NULL: keys are not kept */
  const char *script; /* "-": standard input; NULL: words are typed, and wrong ones are told */
  void *ctx;
  void (*event)(void *ctx, const struct trial_event *e);
  void (*on_line)(void *ctx, const char *what); /* "listening on …", "connected", … */
  void (*wrong)(void *ctx, const struct fault *why);
  void (*help)(void *ctx, struct span text);
};
/* SP_USAGE, SP_INVALID: what was asked for, or a word of the script, with its line; SP_EXISTS: the
 * link is there already; others as from key_file_read, or SP_IO. */
enum sp_err trial_run(const struct trial_run_options *options, struct fault *why) SP_MUST_USE;

#endif
