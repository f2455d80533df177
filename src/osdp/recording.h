/* recording.h: what goes over a line as text, a frame a line: what `line trace` reads. Pure.
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
#include "osdp/frame.h"

enum {
  recording_noise_max = 16,                                   /* before a frame, on its line */
  recording_bytes_max = osdp_frame_max + recording_noise_max, /* of one line */
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
/* A line's bytes out of its last word, in either case of digits. False: it is none. */
bool recording_read(const char *direction, const char *hex, bool *reply,
                    uint8_t bytes[recording_bytes_max], size_t *n);

#endif
