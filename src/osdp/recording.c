#include "osdp/recording.h"

#include <inttypes.h>
#include <string.h>

static const char *const directions[] = {"CP>PD", "PD>CP"};

struct giving {
  recording_piece *piece;
  void *ctx;
};

/* The first n bytes that wait, as lines of at most so many as one has. */
static void give(struct recording *r, size_t n, const struct giving *g) {
  for (size_t at = 0; at < n;) {
    size_t part = n - at < recording_bytes_max ? n - at : recording_bytes_max;
    g->piece(g->ctx, r->reply, r->since, span_of(r->in + at, part));
    at += part;
  }
  bytes_wipe(r->in, n); /* it may be a card */
  memmove(r->in, r->in + n, r->n - n);
  r->n -= n;
}

/* Where the first frame ends, with as much noise before it as a line may have; else 0. */
static size_t first_line(const struct recording *r) {
  size_t at = 0, used;
  struct osdp_frame f;
  enum osdp_found found;
  while ((found = osdp_frame_find(span_of(r->in + at, r->n - at), &f, &used)) == OSDP_FOUND_DAMAGED)
    at += used;
  if (found != OSDP_FOUND_FRAME)
    return 0;
  size_t end = at + used, noise = end - f.whole.n;
  return noise > recording_noise_max ? noise - 1 : end; /* a mark byte stays with its frame */
}

void recording_bytes(struct recording *r, bool reply, struct span bytes, usec now,
                     recording_piece *piece, void *ctx) {
  const struct giving g = {piece, ctx};
  if (r->reply != reply)
    give(r, r->n, &g);
  r->reply = reply;
  while (bytes.n) {
    size_t room = sizeof r->in - r->n, n = bytes.n < room ? bytes.n : room;
    if (r->n == 0)
      r->since = now;
    memcpy(r->in + r->n, bytes.p, n);
    r->n += n;
    bytes = span_of(bytes.p + n, bytes.n - n);
    for (size_t end; (end = first_line(r)) != 0;) {
      give(r, end, &g);
      r->since = now;
    }
    if (r->n == sizeof r->in) /* no frame is so long */
      give(r, r->n, &g);
  }
}

void recording_line(struct buf *out, bool reply, usec at, struct span bytes) {
  buf_printf(out, "%10.1f %s ", (double)at / USEC_PER_MS, directions[reply]);
  for (size_t i = 0; i < bytes.n; i++)
    buf_printf(out, "%02x", bytes.p[i]);
  buf_puts(out, "\n");
}

static const char gap[] = "frames are left out here: they were not taken in time";

void recording_gap(struct buf *out, uint64_t n) {
  buf_printf(out, "# %" PRIu64 " %s\n", n, gap);
}

bool recording_is_gap(struct span line) {
  return line.n && line.p[0] == '#' && memmem(line.p, line.n, gap, sizeof gap - 1);
}
