#include "engine/frame.h"

#include "engine/engine_limits.h"

void frame_put(uint8_t header[frame_header_bytes], const struct frame *f) {
  header[0] = 'S';
  header[1] = 'P';
  header[2] = frame_version;
  header[3] = (uint8_t)f->kind;
  store_le32(header + 4, f->length);
  store_le64(header + 8, f->id);
}

/* What the sender may put into one frame; 0: there is no such kind. */
static uint32_t length_max(uint8_t kind) {
  switch (kind) {
  case FRAME_REQUEST:
  case FRAME_SUBSCRIBE:
    return request_bytes_max;
  case FRAME_BLOB:
    return blob_bytes_max;
  case FRAME_REPLY:
  case FRAME_EFFECT:
    return reply_bytes_max;
  default:
    return 0;
  }
}

enum sp_err frame_read(struct frame *f, const uint8_t header[frame_header_bytes],
                       struct fault *why) {
  if (header[0] != 'S' || header[1] != 'P')
    return fault_set(why, SP_INVALID, "this is no frame: it does not begin with \"SP\"");
  if (header[2] != frame_version)
    return fault_set(why, SP_VERSION, "the frame is of version %u, and version %d is spoken here",
                     header[2], frame_version);
  uint32_t most = length_max(header[3]);
  f->kind = (enum frame_kind)header[3];
  f->length = load_le32(header + 4);
  f->id = load_le64(header + 8);
  if (most == 0)
    return fault_set(why, SP_INVALID, "there is no frame of kind %u", header[3]);
  if (f->length > most)
    return fault_set(why, SP_LIMIT, "the frame has %u bytes, and one of its kind at most %u",
                     f->length, most);
  return SP_OK;
}

size_t frame_begin(struct buf *b, enum frame_kind kind, uint64_t id) {
  size_t at = b->n;
  uint8_t header[frame_header_bytes];
  frame_put(header, &(struct frame){kind, 0, id});
  buf_put(b, header, sizeof header);
  return at;
}

void frame_end(struct buf *b, size_t at) {
  if (!b->failed)
    store_le32(b->p + at + 4, (uint32_t)(b->n - at - frame_header_bytes));
}
