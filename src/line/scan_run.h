/* scan_run.h: a scan (osdp/scan.h) on a real line: a serial device or a TCP connection. Runs until
 * everyone was asked, or SIGINT, SIGTERM.
 */
#ifndef SP_LINE_SCAN_RUN_H
#define SP_LINE_SCAN_RUN_H

#include "osdp/scan.h"

struct scan_run_options {
  const char *where; /* a serial device's path, or tcp://HOST:PORT */
  uint32_t baud;     /* of a device; 0: every speed that OSDP knows */
  uint8_t first, last;
  void *ctx;
  /* The line is there, and nothing was asked yet. */
  void (*begin)(void *ctx, uint8_t n_speeds, const struct scan_progress *p);
  void (*event)(void *ctx, const struct scan_event *e); /* found, noise */
  void (*progress)(void *ctx,
                   const struct scan_progress *p); /* before each question; may be NULL */
};
/* *whole: everyone was asked, else it was stopped. SP_USAGE: where, or a speed that OSDP does not
 * know. SP_IO: the line is not there, is held by another process, or was lost. SP_BUSY: another
 * panel asks on the line. */
enum sp_err scan_run(const struct scan_run_options *options, bool *whole,
                     struct fault *why) SP_MUST_USE;

#endif
