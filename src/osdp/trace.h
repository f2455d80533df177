/* trace.h: a line as people read it: a frame a line, both directions, as many peripherals as there
 * are. With a key, or SCBK-D which everyone knows, secure sessions are opened and each MAC is
 * checked. Pure.
 *
 *   panel -> 5  #1  LED reader=0 led=0 temp_control=2 …
 *   5 -> panel  #1  RAW reader=0 format=1 bits=26 data=(hidden)
 *
 * What KEYSET sets and what is typed at keypads is never shown; card data only where it is asked
 * for. A key that KEYSET sets is known from then on. A frame that is the one before once more (a
 * retry) leaves the session as it was.
 */
#ifndef SP_OSDP_TRACE_H
#define SP_OSDP_TRACE_H

#include "osdp/message.h"
#include "osdp/secure.h"

enum { trace_keys_max = 64 };

enum trace_verdict {
  TRACE_CLEAR,   /* no MAC, no cryptogram */
  TRACE_PROVED,  /* a cryptogram of the handshake that a known key makes */
  TRACE_OPENED,  /* its MAC holds */
  TRACE_AGAIN,   /* the frame before, once more */
  TRACE_CLOSED,  /* of a session whose beginning or key is not known */
  TRACE_WRONG,   /* its MAC or cryptogram does not hold */
  TRACE_DAMAGED, /* no frame */
};

struct trace;                        /* opaque, a secret */
struct trace *trace_new(bool cards); /* cards: show their data. NULL: no memory */
void trace_free(struct trace *t);
/* False: there are trace_keys_max already. */
bool trace_key(struct trace *t, const uint8_t key[osdp_key_bytes]);

/* Frames are missing from here on: no session goes on, the keys stay known. */
void trace_forget(struct trace *t);

/* Takes the next frame or damage off *bytes and appends its line, without a line's end. False: what
 * is left is no whole frame. The frame lies in *frame, its data deciphered; valid until the next
 * call. */
bool trace_next(struct trace *t, struct span *bytes, struct osdp_frame *frame,
                enum trace_verdict *verdict, struct buf *line);

#endif
