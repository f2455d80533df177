#include "osdp/frame.h"

#include <string.h>

enum { CONTROL_SEQUENCE = 3, CONTROL_CRC = 4, CONTROL_BLOCK = 8, reply_flag = 0x80 };

/* A byte at a time without a table: of eight steps only the bits of 1021 are left. Everyone on a
 * line checks every frame of it. */
uint16_t osdp_crc(struct span bytes) {
  unsigned crc = 0x1D0F;
  for (size_t i = 0; i < bytes.n; i++) {
    unsigned x = (crc >> 8 & 0xFF) ^ bytes.p[i];
    x ^= x >> 4;
    crc = crc << 8 ^ x << 12 ^ x << 5 ^ x;
  }
  return (uint16_t)crc;
}

uint8_t osdp_checksum(struct span bytes) {
  unsigned sum = 0;
  for (size_t i = 0; i < bytes.n; i++)
    sum += bytes.p[i];
  return (uint8_t)(0x100 - (sum & 0xFF));
}

bool osdp_block_has_mac(uint8_t block) {
  return block >= OSDP_SCS_15 && block <= OSDP_SCS_18;
}

static size_t check_bytes(bool crc) {
  return crc ? 2 : 1;
}

static bool check_holds(struct span whole, bool crc) {
  struct span covered = {whole.p, whole.n - check_bytes(crc)};
  const uint8_t *check = whole.p + covered.n;
  return crc ? osdp_crc(covered) == (check[0] | check[1] << 8) : osdp_checksum(covered) == check[0];
}

/* The parts of a frame whose check holds. */
static bool take_apart(struct osdp_frame *f, struct span whole) {
  const uint8_t *p = whole.p;
  uint8_t control = p[4];
  *f = (struct osdp_frame){.address = p[1] & osdp_broadcast,
                           .reply = p[1] & reply_flag,
                           .sequence = control & CONTROL_SEQUENCE,
                           .crc = control & CONTROL_CRC,
                           .whole = whole};
  size_t at = osdp_header_bytes, end = whole.n - check_bytes(f->crc);
  if (control & CONTROL_BLOCK) {
    size_t n = at < end ? p[at] : 0;
    if (n < 2 || n > end - at)
      return false;
    f->block = p[at + 1];
    f->n_key = (uint8_t)(n - 2);
    f->key = n > 2 ? p[at + 2] : 0;
    at += n;
    if (f->block == OSDP_BLOCK_NONE)
      return false;
  }
  if (osdp_block_has_mac(f->block)) {
    if (end - at < osdp_mac_bytes)
      return false;
    end -= osdp_mac_bytes;
    f->mac = span_of(p + end, osdp_mac_bytes);
  }
  if (at >= end)
    return false;
  f->code = p[at];
  f->data = span_of(p + at + 1, end - at - 1);
  return true;
}

enum osdp_found osdp_frame_find(struct span in, struct osdp_frame *f, size_t *used) {
  size_t at = 0;
  for (; at < in.n; at++) {
    const uint8_t *p = in.p + at;
    size_t left = in.n - at;
    if (p[0] != osdp_som)
      continue;
    if (left < 4)
      break;
    size_t length = (size_t)(p[2] | p[3] << 8);
    if (length < osdp_frame_min || length > osdp_frame_max)
      continue; /* no frame is so long: a 53 in noise */
    if (left < length)
      break;
    struct span whole = {p, length};
    bool crc = p[4] & CONTROL_CRC;
    if (length >= osdp_header_bytes + 1 + check_bytes(crc) && check_holds(whole, crc) &&
        take_apart(f, whole)) {
      *used = at + length;
      return OSDP_FOUND_FRAME;
    }
    *used = at + 1;
    return OSDP_FOUND_DAMAGED;
  }
  *used = at;
  return OSDP_FOUND_NOTHING;
}

size_t osdp_frame_size(const struct osdp_frame *f) {
  size_t block = f->block == OSDP_BLOCK_NONE ? 0 : 2u + f->n_key;
  size_t n = osdp_header_bytes + block + 1 + f->data.n + f->mac.n + check_bytes(f->crc);
  return n > osdp_frame_max ? 0 : n;
}

size_t osdp_frame_open(uint8_t *out, const struct osdp_frame *f) {
  size_t size = osdp_frame_size(f), n = 0;
  SP_ASSERT(size && f->n_key <= 1);
  size_t block = f->block == OSDP_BLOCK_NONE ? 0 : 2u + f->n_key;
  /* Before anything that stands there is written over. */
  if (f->data.n)
    memmove(out + osdp_header_bytes + block + 1, f->data.p, f->data.n);
  out[n++] = osdp_som;
  out[n++] = (uint8_t)(f->address | (f->reply ? reply_flag : 0));
  out[n++] = (uint8_t)size;
  out[n++] = (uint8_t)(size >> 8);
  out[n++] = (uint8_t)(f->sequence | (f->crc ? CONTROL_CRC : 0) | (block ? CONTROL_BLOCK : 0));
  if (block) {
    out[n++] = (uint8_t)block;
    out[n++] = f->block;
    if (f->n_key)
      out[n++] = f->key;
  }
  out[n++] = f->code;
  return n + f->data.n;
}

size_t osdp_frame_close(uint8_t *out, size_t n, const struct osdp_frame *f) {
  if (f->mac.n)
    memcpy(out + n, f->mac.p, f->mac.n);
  n += f->mac.n;
  struct span covered = {out, n};
  if (f->crc) {
    uint16_t crc = osdp_crc(covered);
    out[n++] = (uint8_t)crc;
    out[n++] = (uint8_t)(crc >> 8);
  } else {
    out[n] = osdp_checksum(covered);
    n++;
  }
  SP_ASSERT(n == osdp_frame_size(f));
  return n;
}
