/* Bytes of a line through the frame reader. The first byte is where random pieces begin; then steps
 * that lay bytes onto the line: a byte what, and what it needs.
 *   0 bytes    a count and that many raw bytes
 *   1 frame    control, a count and that many bytes behind it: address, length and check made right
 *   2 parts    a frame as osdp_frame_open writes it
 *   3 cut      the last so many bytes are lost
 * Whole or in pieces the same is found; each frame lies where it was found, its parts are its
 * bytes, and it is written again as it was. */
#include "fuzz/fuzz.h"
#include "osdp/frame.h"

#include <string.h>

enum { line_max = 8192, found_max = line_max };

struct line {
  uint8_t bytes[line_max];
  size_t n;
};

struct found {
  enum osdp_found what;
  size_t at, n; /* of a frame: where it lies */
};
struct all {
  struct found is[found_max];
  size_t n;
};

static uint8_t *lay(struct line *l, size_t n) {
  uint8_t *p = l->bytes + l->n;
  if (n > sizeof l->bytes - l->n)
    return NULL;
  l->n += n;
  return p;
}

static void lay_bytes(struct line *l, struct cut *in) {
  struct span s = cut_bytes(in, cut_u16(in) % 2000);
  uint8_t *p = s.n ? lay(l, s.n) : NULL;
  if (p)
    memcpy(p, s.p, s.n);
}

/* Whatever stands in it: only its ends are right. */
static void lay_frame(struct line *l, struct cut *in) {
  uint8_t control = cut_u8(in);
  struct span s = cut_bytes(in, cut_u16(in) % osdp_frame_max);
  size_t check = control & 4 ? 2 : 1, n = 5 + s.n + check;
  uint8_t *p = lay(l, n);
  if (!p)
    return;
  memcpy(p, (uint8_t[]){osdp_som, control, (uint8_t)n, (uint8_t)(n >> 8), control}, 5);
  if (s.n)
    memcpy(p + 5, s.p, s.n);
  uint16_t crc = osdp_crc(span_of(p, n - check));
  p[n - check] = check == 2 ? (uint8_t)crc : osdp_checksum(span_of(p, n - check));
  if (check == 2)
    p[n - 1] = (uint8_t)(crc >> 8);
}

static void lay_parts(struct line *l, struct cut *in) {
  static const uint8_t mac[osdp_mac_bytes] = {0x53, 1, 0x53, 2};
  uint8_t what = cut_u8(in);
  struct osdp_frame f = {.reply = what & 1, .crc = what & 2, .sequence = what >> 2 & 3};
  f.address = cut_u8(in) & osdp_broadcast;
  f.block = cut_u8(in);
  f.key = cut_u8(in);
  f.code = cut_u8(in);
  f.n_key = f.block && (what & 16);
  f.key = f.n_key ? f.key : 0;
  f.mac = span_of(mac, osdp_block_has_mac(f.block) ? osdp_mac_bytes : 0);
  f.data = cut_bytes(in, cut_u16(in) % (osdp_frame_max + 100));
  size_t n = osdp_frame_size(&f), used;
  uint8_t *p = n ? lay(l, n) : NULL;
  struct osdp_frame g;
  if (!p)
    return;
  MUST_HOLD(osdp_frame_close(p, osdp_frame_open(p, &f), &f) == n);
  MUST_HOLD(osdp_frame_find(span_of(p, n), &g, &used) == OSDP_FOUND_FRAME && used == n);
  MUST_HOLD(g.address == f.address && g.reply == f.reply && g.crc == f.crc);
  MUST_HOLD(g.sequence == f.sequence && g.block == f.block && g.n_key == f.n_key);
  MUST_HOLD(g.key == f.key && g.code == f.code);
  MUST_HOLD(span_eq(g.data, f.data) && span_eq(g.mac, f.mac));
}

static void write_again(const struct osdp_frame *f) {
  uint8_t out[osdp_frame_max];
  const uint8_t *p = f->whole.p;
  size_t check = f->crc ? 2 : 1;
  MUST_HOLD(f->whole.n >= osdp_frame_min && f->whole.n <= osdp_frame_max);
  MUST_HOLD(f->address <= osdp_broadcast && f->sequence <= 3);
  /* Nothing between its parts, and nothing behind them. */
  size_t block = f->block ? 2u + f->n_key : 0;
  MUST_HOLD(f->data.p == p + osdp_header_bytes + block + 1);
  MUST_HOLD(f->data.p + f->data.n + f->mac.n + check == p + f->whole.n);
  MUST_HOLD(f->mac.n == (osdp_block_has_mac(f->block) ? osdp_mac_bytes : 0));
  MUST_HOLD(f->mac.n == 0 || f->mac.p == f->data.p + f->data.n);
  MUST_HOLD(osdp_frame_size(f) == f->whole.n);
  if (f->n_key > 1) /* longer than any block that we write */
    return;
  size_t n = osdp_frame_close(out, osdp_frame_open(out, f), f);
  MUST_HOLD(n == f->whole.n);
  if (p[4] & 0xF0) /* bits of the control byte that nobody has given a meaning are not kept */
    MUST_HOLD((out[4] ^ p[4]) == (p[4] & 0xF0) && memcmp(out + 5, p + 5, n - 5 - check) == 0);
  else
    MUST_HOLD(memcmp(out, p, n) == 0);
}

static void add(struct all *a, enum osdp_found what, const struct osdp_frame *f,
                const uint8_t *line, size_t at) {
  MUST_HOLD(a->n < found_max);
  a->is[a->n] = (struct found){what, at, 0};
  if (what == OSDP_FOUND_FRAME) {
    write_again(f);
    a->is[a->n].at = at + (size_t)(f->whole.p - line);
    a->is[a->n].n = f->whole.n;
  }
  a->n++;
}

/* Looks through what is there; returns how many bytes are done with. */
static size_t look(struct all *a, struct span there, size_t at) {
  size_t done = 0, used;
  struct osdp_frame f;
  for (;;) {
    struct span left = span_of(there.p + done, there.n - done);
    enum osdp_found what = osdp_frame_find(left, &f, &used);
    MUST_HOLD(used <= left.n && (used || what == OSDP_FOUND_NOTHING));
    if (what == OSDP_FOUND_FRAME)
      MUST_HOLD(f.whole.p + f.whole.n == left.p + used);
    size_t found_at = what == OSDP_FOUND_FRAME ? at + done : at + done + used;
    if (what == OSDP_FOUND_NOTHING)
      return done + used;
    add(a, what, &f, left.p, found_at);
    done += used;
  }
}

static void in_pieces(struct all *a, const struct line *l, uint32_t random) {
  uint8_t *held = sp_alloc(line_max, 1);
  size_t n = 0, at = 0;
  MUST_HOLD(held);
  for (size_t came = 0; came < l->n;) {
    random = random * 1664525u + 1013904223u;
    size_t piece = 1 + (random >> 24) % (random & 0x800000 ? 7 : 200);
    piece = piece < l->n - came ? piece : l->n - came;
    memcpy(held + n, l->bytes + came, piece);
    n += piece;
    came += piece;
    size_t done = look(a, span_of(held, n), at);
    memmove(held, held + done, n - done);
    n -= done;
    at += done;
    MUST_HOLD(n < osdp_frame_max); /* what is kept is less than a frame */
  }
  sp_free(held);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct line l;
  static struct all whole, pieces;
  struct cut in = {p, n};
  uint32_t random = cut_u8(&in);
  l.n = whole.n = pieces.n = 0;
  while (in.n) {
    uint8_t what = cut_u8(&in);
    switch (what % 4) {
    case 0:
      lay_bytes(&l, &in);
      break;
    case 1:
      lay_frame(&l, &in);
      break;
    case 2:
      lay_parts(&l, &in);
      break;
    default:
      l.n -= what / 4 < l.n ? what / 4 : l.n;
    }
  }
  uint8_t *exact = sp_alloc(l.n + 1, 1); /* one byte too far is seen */
  MUST_HOLD(exact);
  memcpy(exact, l.bytes, l.n);
  exact = sp_realloc(exact, l.n ? l.n : 1);
  MUST_HOLD(exact);
  (void)look(&whole, span_of(exact, l.n), 0);
  sp_free(exact);
  in_pieces(&pieces, &l, random);
  MUST_HOLD(whole.n == pieces.n);
  for (size_t i = 0; i < whole.n; i++)
    MUST_HOLD(whole.is[i].what == pieces.is[i].what && whole.is[i].at == pieces.is[i].at &&
              whole.is[i].n == pieces.is[i].n);
  return 0;
}
