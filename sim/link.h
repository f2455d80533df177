/* link.h: the sockets between the engine and its clients, and what is on its way over them: late,
 * in pieces, cut off, unread. A client connects by itself, again and again, while its
 * process runs.
 *
 * Invariants:
 *   1. what is sent over one connection arrives in the order in which it was sent, or not at all;
 *   2. nothing of one connection arrives over the next.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "engine/frame.h"
#include "sim/world.h"

struct links; /* all of them */
struct link;  /* a client's */

/* --- The engine's side --- */

struct links_engine {
  void *ctx;
  /* False: nobody listens now, or there are too many. */
  bool (*connect)(void *ctx, uint64_t *conn);
  /* False: the process has ended. What was read may be wiped. */
  bool (*bytes)(void *ctx, uint64_t conn, uint8_t *p, size_t n);
  void (*closed)(void *ctx, uint64_t conn);
  /* After all that was told at one moment. */
  void (*settle)(void *ctx);
};
/* rng: the machine's, which outlives them. */
struct links *links_new(struct world *w, struct rng *rng, const struct links_engine *engine);
void links_free(struct links *all);
/* All go down: the process has ended. They come up again when somebody listens. */
void links_down(struct links *all);
/* No client connects any more. */
void links_stop(struct links *all);

/* Of connections that are gone: false, nothing, 0. */
bool links_has(const struct links *all, uint64_t conn);
void links_close(struct links *all, uint64_t conn, bool now);
/* How much the client has not read yet, these bytes with it. */
size_t links_send(struct links *all, uint64_t conn, struct span bytes);

/* --- The client's side --- */

/* What a client is told. `text` ends with a NUL that is not counted in frame->length. */
struct link_ops {
  void *ctx;
  void (*up)(void *ctx);
  void (*down)(void *ctx);
  void (*frame)(void *ctx, const struct frame *frame, const char *text);
};
struct link *link_new(struct links *all, const char *name, const struct link_ops *ops);
bool link_is_up(const struct link *l);
/* The client's process ends, and connects no more until it is opened again. */
void link_close(struct link *l);
void link_open(struct link *l);
/* Of a link that is down: does nothing. */
void link_send(struct link *l, enum frame_kind kind, uint64_t id, struct span payload);

#endif
