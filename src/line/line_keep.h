/* line_keep.h: keeps the lines of a site running, each in a process of its own, which is this one
 * forked: a reader that breaks its line's process breaks no other, and the line is there again a
 * moment later.
 *
 * The plan is the engine's: it is asked which is in force, and once it is another one, the lines to
 * which it makes a difference (line_plan.h) are stopped in order and started anew. Without the
 * engine the lines go on by the plan that they have; before the first there are none.
 */
#ifndef SP_LINE_LINE_KEEP_H
#define SP_LINE_LINE_KEEP_H

#include "base/err.h"

struct line_keep_options {
  const char *dir;  /* of the site; keys_folder was called */
  const char *only; /* the name of one line; NULL: all */
  void *ctx;
  /* A sentence; line is NULL where it is about all of them. From each line's own process. */
  void (*say)(void *ctx, const char *line, const char *text);
  int stop_fd; /* readable or hung up: stop, besides SIGTERM and SIGINT; -1: none */
};
/* Runs until it is stopped. SP_NOT_FOUND: the plan has no line of that name. SP_UNAVAILABLE: a line
 * does not end. SP_IO. The process has one thread. */
enum sp_err line_keep(const struct line_keep_options *options, struct fault *why) SP_MUST_USE;

#endif
