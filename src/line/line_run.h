/* line_run.h: a line as a process: its port, the engine's socket, and time, with libuv. */
#ifndef SP_LINE_LINE_RUN_H
#define SP_LINE_LINE_RUN_H

#include "line/line.h"

struct line_run_options {
  const char *dir; /* of the site */
  const struct plan *plan;
  uint32_t index;
  void *ctx;
  void (*say)(void *ctx, const char *text);
  int stop_fd; /* readable: stop, besides SIGTERM and SIGINT; -1: none */
};
/* Runs until it is stopped, locking everything first. Without the engine or its port it goes on
 * trying. SP_BUSY: another process runs it. SP_INVALID, SP_IO: the port can never be there. */
enum sp_err line_run(const struct line_run_options *options, struct fault *why) SP_MUST_USE;

#endif
