/* frame.h: what goes over the engine's socket: frames of a 16-byte header and a payload.
 *
 *   "SP", u8 version, u8 kind, u32le length of the payload, u64le request id
 */
#ifndef SP_ENGINE_FRAME_H
#define SP_ENGINE_FRAME_H

#include "base/bytes.h"

enum { frame_version = 1, frame_header_bytes = 16 };

/* X(NAME, number, who sends it, what) */
#define FRAME_LIST(X)                                                                              \
  X(REQUEST, 1, "client", "JSON: a command, a login, a question")                                  \
  X(REPLY, 2, "engine", "JSON: the answer, with the request's id")                                 \
  X(BLOB, 3, "either",                                                                             \
    "bytes for a command to come, kept for this connection; or the plan that was asked for")       \
  X(EFFECT, 4, "engine", "JSON: what must now happen in the world")                                \
  X(SUBSCRIBE, 5, "client",                                                                        \
    "JSON {\"effects\":true,\"line\":NAME?}: send effects to this connection, which speaks for "   \
    "the line")

enum frame_kind {
#define X(NAME, number, who, doc) FRAME_##NAME = number,
  FRAME_LIST(X)
#undef X
};

struct frame {
  enum frame_kind kind;
  uint32_t length;
  uint64_t id;
};

void frame_put(uint8_t header[frame_header_bytes], const struct frame *f);
/* SP_INVALID: not a frame; SP_VERSION; SP_LIMIT: longer than its kind may be. The connection is
 * then of no more use: where the next frame begins is not known. */
enum sp_err frame_read(struct frame *f, const uint8_t header[frame_header_bytes],
                       struct fault *why) SP_MUST_USE;

/* Appends a header whose length is filled in by frame_end; returns where it begins. */
size_t frame_begin(struct buf *b, enum frame_kind kind, uint64_t id);
void frame_end(struct buf *b, size_t at);

#endif
