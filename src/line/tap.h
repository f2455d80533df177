/* tap.h: a copy of what goes over a line, for whoever listens at DIR/lines/LINE.sock: text as
 * osdp/recording.h says it, and notes. Only the user who runs the line, and root, may listen. It
 * holds what is on the wire, no key and nothing deciphered.
 *
 * Invariants:
 *   1. a line never waits for who listens: what one does not take in time is left out for it, and
 *      told;
 *   2. nothing that a listener says is looked at.
 *
 * It asks of the system: a stream socket of AF_UNIX (socket, fchmod, bind, fchmodat, listen,
 * accept4, getsockopt SO_PEERCRED, write), unlinkat, and an open of the folder by name.
 */
#ifndef SP_LINE_TAP_H
#define SP_LINE_TAP_H

#include "base/bytes.h"

#include <uv.h>

enum {
  tap_listeners_max = 4,
  tap_unsent_bytes_max = 256 << 10, /* of one listener */
};

struct tap; /* opaque */
/* The caller runs the line of that name and nobody else does. SP_IO, SP_NO_MEMORY; *out is NULL
 * then, which is fine for all others. */
enum sp_err tap_open(struct tap **out, uv_loop_t *loop, const char *dir, const char *line,
                     struct fault *why) SP_MUST_USE;
/* What was sent to readers, or came from them. */
void tap_bytes(struct tap *t, bool reply, struct span bytes);
/* Ends it; the loop must run on until its handles are closed. */
void tap_close(struct tap *t);

/* The socket's name in DIR/lines, for whoever listens. False: it does not fit. */
bool tap_name(const char *line, char *out, size_t n);

#endif
