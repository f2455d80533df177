#include "cli/qr.h"

#include <errno.h>
#include <string.h>

#include <qrencode.h>

static QRcode *encode(struct span bytes, char *level) {
  static const struct {
    char name;
    QRecLevel level;
  } levels[] = {{'M', QR_ECLEVEL_M}, {'L', QR_ECLEVEL_L}};
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    QRcode *code = QRcode_encodeData((int)bytes.n, bytes.p, 0, levels[i].level);
    *level = levels[i].name;
    if (code || errno != ERANGE)
      return code;
  }
  return NULL;
}

enum sp_err qr_make(struct qr *q, struct span bytes, struct fault *why) {
  *q = (struct qr){0};
  errno = 0;
  QRcode *code = bytes.n && bytes.n <= 4096 ? encode(bytes, &q->level) : NULL;
  if (!code)
    return errno == ENOMEM
               ? fault_set(why, SP_NO_MEMORY, "out of memory for a QR code")
               : fault_set(why, SP_LIMIT,
                           "a QR code holds 2953 bytes, and this is %zu: give the file instead",
                           bytes.n);
  SP_ASSERT(code->width > 0 && code->width <= qr_side_max);
  q->side = (unsigned)code->width;
  for (unsigned y = 0; y < q->side; y++)
    for (unsigned x = 0; x < q->side; x++)
      q->dark[y][x] = code->data[y * q->side + x] & 1;
  QRcode_free(code);
  return SP_OK;
}

static bool is_dark(const struct qr *q, int x, int y) {
  int side = (int)q->side;
  return x >= 0 && y >= 0 && x < side && y < side && q->dark[y][x];
}

unsigned qr_columns(const struct qr *q) {
  return q->side + 2 * qr_quiet;
}

void qr_text(const struct qr *q, bool coloured, struct buf *out) {
  static const char *const blocks[] = {" ", "\u2584", "\u2580",
                                       "\u2588"}; /* none, lower, upper, both */
  int end = (int)q->side + qr_quiet;
  for (int y = -qr_quiet; y < end; y += 2) {
    if (coloured)
      buf_puts(out, "\033[38;5;16;48;5;231m");
    for (int x = -qr_quiet; x < end; x++)
      buf_puts(out, blocks[2 * is_dark(q, x, y) + is_dark(q, x, y + 1)]);
    buf_puts(out, coloured ? "\033[0m\n" : "\n");
  }
}

void qr_svg(const struct qr *q, struct buf *out) {
  unsigned side = qr_columns(q);
  buf_printf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" "
             "shape-rendering=\"crispEdges\">\n"
             "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n<path d=\"",
             side, side, side, side);
  for (unsigned y = 0; y < q->side; y++)
    for (unsigned x = 0, n; x < q->side; x += n) {
      for (n = 1; x + n < q->side && q->dark[y][x + n] == q->dark[y][x];)
        n++;
      if (q->dark[y][x])
        buf_printf(out, "M%u %uh%uv1H%uz", x + qr_quiet, y + qr_quiet, n, x + qr_quiet);
    }
  buf_puts(out, "\"/>\n</svg>\n");
}
