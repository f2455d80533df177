/* trace_text.h: a recorded line as text: `MILLISECONDS CP>PD HEX` or `… PD>CP …`, a frame a line;
 * what follows the hex is a note, and so is a line that begins with #. Pure. */
#ifndef SP_OSDP_TRACE_TEXT_H
#define SP_OSDP_TRACE_TEXT_H

#include "osdp/frame.h"

enum { trace_text_bytes_max = osdp_frame_max + 16, trace_text_ms_max = 24 };

enum trace_text_found {
  TRACE_TEXT_END,
  TRACE_TEXT_BYTES,
  TRACE_TEXT_NOTE,  /* or an empty line */
  TRACE_TEXT_WRONG, /* it is written otherwise, or is longer than anything that goes over a line */
};
struct trace_text {
  char ms[trace_text_ms_max]; /* as it was written: digits, and perhaps a point among them */
  bool reply;
  size_t n;
  uint8_t bytes[trace_text_bytes_max];
};

/* Bytes that no text has: then it is the line's own bytes. */
bool trace_text_is(struct span bytes);
/* Takes the next line off *text. What it found is in *line, of TRACE_TEXT_BYTES alone. */
enum trace_text_found trace_text_next(struct span *text, struct trace_text *line);

#endif
