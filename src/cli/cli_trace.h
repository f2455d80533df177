/* cli_trace.h: a trace that is read, from a file or from a line that runs (cli_trace_live.c). */
#ifndef SP_CLI_CLI_TRACE_H
#define SP_CLI_CLI_TRACE_H

#include "cli/cli.h"
#include "osdp/trace.h"
#include "osdp/trace_text.h"

struct reading {
  struct cli *c;
  struct trace *trace;
  const char *ms; /* of the line that is read; NULL: bytes have no time */
  uint64_t frames, wrong;
  /* Called for each frame before it is printed, or NULL. */
  void (*saw)(void *ctx, const struct osdp_frame *f, enum trace_verdict v);
  void *ctx;
};

/* Takes the next line off *text and prints its frames. */
enum trace_text_found reading_line(struct reading *r, struct span *text);

/* What goes over a line from now on. */
enum sp_err cli_trace_live(struct cli *c, struct reading *r) SP_MUST_USE;

#endif
