/* conn.h: clients as the logic sees them: bytes in pieces become frames, blobs are kept.
 *
 * Invariants:
 *   1. an id is never used again (its upper bits count), so an answer to a client that is gone
 *      reaches nobody;
 *   2. what clients may make the engine remember is bounded: connections_max of them, one
 * unfinished frame each, conn_blobs_max blobs each, blobs_bytes_max in all.
 */
#ifndef SP_ENGINE_CONN_H
#define SP_ENGINE_CONN_H

#include "engine/engine_limits.h"
#include "engine/frame.h"
#include "engine/io.h"

struct conn {
  uint64_t id;      /* 0: free */
  bool ours;        /* may act by hand, and upload */
  bool effects;     /* subscribed */
  struct slug line; /* that it speaks for; empty: none */
  uint32_t outstanding;
  uint32_t n_blobs;
  uint64_t announced; /* bytes of the blob that is coming in; counted in conns.blob_bytes */
  struct buf in;      /* the beginning of a frame */
  struct {
    struct hash hash;
    struct buf bytes;
  } blobs[conn_blobs_max];
};

struct conns {
  struct slug lost[connections_max]; /* lines whose connection ended; not yet noted */
  uint32_t n_lost;
  uint32_t n, subscribers;
  uint64_t generation, blob_bytes;
  struct conn at[connections_max];
};

void conns_free(struct conns *c);
/* NULL when there are connections_max. */
struct conn *conn_add(struct conns *c, bool ours);
struct conn *conn_find(struct conns *c, uint64_t id); /* NULL when it is gone */
/* NULL: none speaks for it. */
struct conn *conn_of_line(struct conns *c, const struct slug *line);
void conn_remove(struct conns *c, struct conn *k);

/* Takes the next whole frame off *bytes (and what came before): SP_OK with *payload, which may be
 * wiped and lasts until the next call; *whole is false when more bytes are needed, all of *bytes
 * then being kept. An error is the end of the connection. */
struct bytes_in {
  uint8_t *p;
  size_t n;
};
enum sp_err conn_next(struct conns *c, struct conn *k, struct bytes_in *bytes, bool *whole,
                      struct frame *f, uint8_t **payload, struct fault *why) SP_MUST_USE;
/* The frame that conn_next gave is done with. */
void conn_done(struct conns *c, struct conn *k);

/* Keeps a blob. SP_LIMIT, SP_NO_MEMORY. */
enum sp_err conn_keep_blob(struct conns *c, struct conn *k, struct span bytes, struct hash *hash,
                           struct fault *why) SP_MUST_USE;
/* NULL when this connection has not brought it. */
struct buf *conn_blob(struct conn *k, const struct hash *hash);
/* Forgets those that were taken (empty ones). */
void conn_drop_taken(struct conns *c, struct conn *k, uint64_t taken_bytes);

#endif
