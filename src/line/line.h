/* line.h: one line of the plan: its readers, and the doors that they drive. Between the panel
 * (osdp/panel.h) and the engine's socket. Pure but for its table: bytes and time in, bytes out.
 *
 *   card    --> pass --> decided, durable --> unlock --> OUT for a time, by the reader's own timer
 *   contact --> opened, closed, locked
 *
 * A door's strike and contacts are at the reader that the plan wires it to (struct plan_wiring),
 * which may work several doors: an output draws the bolt; inputs are active while the door is open,
 * while someone asks to go out, and (where the plan has a lock monitor) while the bolt is out and
 * the door closed.
 *
 * Invariants:
 *   1. nothing is unlocked but on an `unlock` of the engine, for a time, and not after its
 * `before`;
 *   2. without the engine everything is locked, and what happens meanwhile is told later as late;
 *   3. "closed" is said of a door whose strike the reader says is off, and that was closed when it
 * had told all that it kept since; "locked" of one of which that is so, after what `after` names
 * was carried out;
 *   4. of an output or input that a reader does not have nothing is believed: no door counts as
 * closed or locked by it;
 *   5. of a reader that is not as secure as the plan wants, no card is told and nothing is driven.
 */
#ifndef SP_LINE_LINE_H
#define SP_LINE_LINE_H

#include "core/plan.h"
#include "engine/frame.h"
#include "osdp/panel.h"

/* A reader's key. Secret. */
struct line_key {
  bool has, has_next; /* next: one that was to be set, and perhaps was */
  uint8_t key[osdp_key_bytes], next[osdp_key_bytes];
};

struct line_io {
  void *ctx;
  usec (*mono)(void *ctx);
  usec (*wall)(void *ctx);
  void (*random)(void *ctx, void *out, size_t n);
  /* Whole frames for the engine; copied. */
  void (*to_engine)(void *ctx, struct span frames);
  /* One sentence for the log. */
  void (*say)(void *ctx, const char *text);
  /* The key of the reader of this name; false: there is none, or it cannot be read (and was said).
   */
  bool (*key_read)(void *ctx, const char *reader, struct line_key *key);
  /* Keeps it durably, before it is sent to the reader, or once the reader has it. */
  bool (*key_keep)(void *ctx, const char *reader, const struct line_key *key);
};

struct line; /* opaque */
/* The plan must outlive it. SP_NO_MEMORY. */
enum sp_err line_new(struct line **out, const struct plan *plan, uint32_t index,
                     const struct line_io *io, struct fault *why) SP_MUST_USE;
void line_free(struct line *l);

/* The port is there, or is not. */
void line_port(struct line *l, bool up);
void line_bytes(struct line *l, struct span bytes); /* that came in on it */
/* To be written to it now, all at once; empty: nothing. Ask again after anything else here. */
struct span line_output(struct line *l);

/* The engine's socket is connected, or is not. */
void line_engine(struct line *l, bool up);
void line_frame(struct line *l, const struct frame *f, struct span payload); /* from it */

/* When line_tick is to be called, monotonic; TIME_ABSENT: not by itself. */
usec line_due(const struct line *l);
void line_tick(struct line *l);

#endif
