/* process.h: the engine as a process: libuv, a commit thread, signals, the Unix socket. */
#ifndef SP_ENGINE_PROCESS_H
#define SP_ENGINE_PROCESS_H

#include "base/bytes.h"

struct serve_options {
  const char *dir;
  bool lines; /* the plan's lines are to be served: readers of one that is not are offline */
  uint64_t snapshot_every; /* entries; 0 = the usual */
  /* Told once requests are accepted; NULL: nobody asks. */
  void (*ready)(void *ctx, const char *socket_path);
  /* Told sentences a person should know; NULL: standard error. */
  void (*warn)(void *ctx, const char *text);
  void *ctx;
  int stop_fd; /* readable = stop cleanly, besides SIGTERM and SIGINT; -1: none */
};

/* Opens the site, folds its state, serves until SIGTERM or SIGINT and stops cleanly (SP_OK), or
 * stops because something failed: the fault says what, and the exit code tells. SP_BUSY: another
 * engine has the site. */
enum sp_err engine_serve(const struct serve_options *options, struct fault *why) SP_MUST_USE;

#endif
