/* qr.h: bytes as a QR code (ISO/IEC 18004), for paper, a terminal or a file.
 *
 * Made by libqrencode, in byte mode: what a reader gets is the bytes themselves. Error correction
 * is level M where that fits, else L: a crease then costs more. A code has room for 2,331 bytes at
 * M and 2,953 at L.
 */
#ifndef SP_CLI_QR_H
#define SP_CLI_QR_H

#include "base/bytes.h"

enum { qr_side_max = 177, qr_quiet = 4 /* modules of white around it, as the standard asks */ };
struct qr {
  unsigned side; /* modules, without the white around */
  char level;    /* 'M', 'L' */
  bool dark[qr_side_max][qr_side_max];
};

/* SP_LIMIT: more bytes than a QR code holds; SP_NO_MEMORY. */
enum sp_err qr_make(struct qr *q, struct span bytes, struct fault *why) SP_MUST_USE;

/* Columns that the text takes. */
unsigned qr_columns(const struct qr *q);
/* Appends lines of half blocks: two rows of modules a line, one module a column. On paper what is
 * printed is dark; `coloured`: for a terminal, which then shows dark on white whatever its colours
 * are. */
void qr_text(const struct qr *q, bool coloured, struct buf *out);
/* Appends an SVG document, one unit a module. */
void qr_svg(const struct qr *q, struct buf *out);

#endif
