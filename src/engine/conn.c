#include "engine/conn.h"

#include "journal/sha256.h"

#include <string.h>

enum { slot_bits = 16 };
_Static_assert(connections_max <= 1 << slot_bits, "a slot fits an id");

static void release(struct conns *c, struct conn *k) {
  if (k->in.n)
    bytes_wipe(k->in.p, k->in.n); /* may be half a request with a secret */
  buf_free(&k->in);
  c->blob_bytes -= k->announced;
  for (uint32_t i = 0; i < k->n_blobs; i++) {
    c->blob_bytes -= k->blobs[i].bytes.n;
    buf_free(&k->blobs[i].bytes);
  }
}

void conns_free(struct conns *c) {
  for (uint32_t i = 0; i < connections_max; i++)
    if (c->at[i].id)
      conn_remove(c, &c->at[i]);
}

struct conn *conn_add(struct conns *c, bool ours) {
  for (uint32_t i = 0; i < connections_max; i++)
    if (!c->at[i].id) {
      c->n++;
      c->at[i] = (struct conn){.id = ++c->generation << slot_bits | i, .ours = ours};
      return &c->at[i];
    }
  return NULL;
}

struct conn *conn_find(struct conns *c, uint64_t id) {
  uint64_t slot = id & ((1 << slot_bits) - 1);
  return id && slot < connections_max && c->at[slot].id == id ? &c->at[slot] : NULL;
}

struct conn *conn_of_line(struct conns *c, const struct slug *line) {
  for (uint32_t i = 0; i < connections_max; i++)
    if (c->at[i].id && strcmp(c->at[i].line.s, line->s) == 0)
      return &c->at[i];
  return NULL;
}

void conn_remove(struct conns *c, struct conn *k) {
  if (k->line.s[0] && c->n_lost < connections_max) /* of lines there are fewer */
    c->lost[c->n_lost++] = k->line;
  release(c, k);
  c->n--;
  c->subscribers -= k->effects;
  *k = (struct conn){0};
}

/* --- Frames --- */

/* Copies what is still missing of the first `want` bytes; false: more are needed. */
static bool gather(struct conn *k, struct bytes_in *bytes, size_t want) {
  if (k->in.n < want) {
    size_t n = want - k->in.n < bytes->n ? want - k->in.n : bytes->n;
    buf_put(&k->in, bytes->p, n);
    bytes_wipe(bytes->p, n);
    bytes->p += n;
    bytes->n -= n;
  }
  return k->in.n >= want;
}

/* Room for a blob is asked for when its header is there, before its bytes come. */
static enum sp_err announce(struct conns *c, struct conn *k, const struct frame *f,
                            struct fault *why) {
  if (f->kind != FRAME_BLOB || k->announced)
    return SP_OK;
  if (c->blob_bytes + f->length > blobs_bytes_max)
    return fault_set(why, SP_BUSY, "others are uploading much right now: try again");
  k->announced = f->length;
  c->blob_bytes += f->length;
  return SP_OK;
}

enum sp_err conn_next(struct conns *c, struct conn *k, struct bytes_in *bytes, bool *whole,
                      struct frame *f, uint8_t **payload, struct fault *why) {
  enum sp_err err;
  *whole = false;
  if (k->in.n == 0 && bytes->n >= frame_header_bytes) { /* most often: nothing to be joined */
    if ((err = frame_read(f, bytes->p, why)))
      return err;
    if (bytes->n - frame_header_bytes >= f->length) {
      *payload = bytes->p + frame_header_bytes;
      bytes->p += frame_header_bytes + f->length;
      bytes->n -= frame_header_bytes + f->length;
      *whole = true;
      return announce(c, k, f, why);
    }
  }
  if (!gather(k, bytes, frame_header_bytes))
    return k->in.failed ? fault_set(why, SP_NO_MEMORY, "out of memory for a frame") : SP_OK;
  if ((err = frame_read(f, k->in.p, why)) || (err = announce(c, k, f, why)))
    return err;
  *whole = gather(k, bytes, frame_header_bytes + (size_t)f->length);
  if (k->in.failed)
    return fault_set(why, SP_NO_MEMORY, "out of memory for a frame");
  *payload = k->in.p + frame_header_bytes;
  return SP_OK;
}

void conn_done(struct conns *c, struct conn *k) {
  c->blob_bytes -= k->announced;
  k->announced = 0;
  if (!k->in.n)
    return;
  bytes_wipe(k->in.p, k->in.n);
  if (k->in.cap > 2 * request_bytes_max)
    buf_free(&k->in); /* a blob was in it */
  else
    buf_reset(&k->in);
}

/* --- Blobs --- */

enum sp_err conn_keep_blob(struct conns *c, struct conn *k, struct span bytes, struct hash *hash,
                           struct fault *why) {
  *hash = sha256_of(bytes);
  if (conn_blob(k, hash))
    return SP_OK; /* sent again */
  if (bytes.n == 0)
    return fault_set(why, SP_INVALID, "the blob is empty");
  if (k->n_blobs == conn_blobs_max)
    return fault_set(why, SP_LIMIT, "%d blobs wait on this connection already; connect anew",
                     conn_blobs_max);
  struct buf copy = {0};
  buf_put(&copy, bytes.p, bytes.n);
  if (copy.failed)
    return fault_set(why, SP_NO_MEMORY, "out of memory for a blob");
  k->blobs[k->n_blobs].hash = *hash;
  k->blobs[k->n_blobs++].bytes = copy;
  c->blob_bytes += bytes.n;
  return SP_OK;
}

struct buf *conn_blob(struct conn *k, const struct hash *hash) {
  for (uint32_t i = 0; i < k->n_blobs; i++)
    if (memcmp(k->blobs[i].hash.b, hash->b, sizeof hash->b) == 0)
      return &k->blobs[i].bytes;
  return NULL;
}

void conn_drop_taken(struct conns *c, struct conn *k, uint64_t taken_bytes) {
  uint32_t n = 0;
  c->blob_bytes -= taken_bytes;
  for (uint32_t i = 0; i < k->n_blobs; i++)
    if (k->blobs[i].bytes.n) {
      if (n != i)
        k->blobs[n] = k->blobs[i];
      n++;
    }
  k->n_blobs = n;
}
