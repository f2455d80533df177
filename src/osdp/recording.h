/* recording.h: what goes over a line as text, a frame a line: what trace_text.h reads. Pure.
 *
 *       1204.3 CP>PD ff53050900046100c125
 *
 * milliseconds, CP>PD of the panel or PD>CP of a peripheral, bytes as they were on the line. Bytes
 * come in whatever pieces; a line ends where a frame does. What is no frame is a line of its own
 * once the other side speaks, or too much of it has come.
 */
#ifndef SP_OSDP_RECORDING_H
#define SP_OSDP_RECORDING_H

#include "base/time.h"
#include "osdp/trace_text.h"

enum {
  recording_bytes_max = trace_text_bytes_max,                 /* of one line */
  recording_noise_max = recording_bytes_max - osdp_frame_max, /* before a frame, on its line */
};

/* Zero-initialise. */
struct recording {
  bool reply; /* what waits is of a peripheral */
  usec since; /* when its first byte came */
  size_t n;
  uint8_t in[2 * recording_bytes_max];
};

/* What makes a line; the bytes are valid during the call. */
typedef void recording_piece(void *ctx, bool reply, usec at, struct span bytes);

void recording_bytes(struct recording *r, bool reply, struct span bytes, usec now,
                     recording_piece *piece, void *ctx);
/* Appends the line, with its end. at: since the beginning of the recording. */
void recording_line(struct buf *out, bool reply, usec at, struct span bytes);
/* The note that n frames are not there, with its end; and whether a line is such a note. */
void recording_gap(struct buf *out, uint64_t n);
bool recording_is_gap(struct span line);

#endif
