/* csv.h: comma-separated values as RFC 4180 says them: quotes, doubled quotes, line breaks within
 * quotes, CRLF or LF. Pure: bytes in, fields out. A byte order mark at the start is passed over.
 *
 * Invariants:
 *   1. fields point into `text` and are NUL-terminated; they live as long as the reader;
 *   2. `line` is that of the record's first byte, counted from 1, also after quoted line breaks.
 */
#ifndef SP_CLI_CSV_H
#define SP_CLI_CSV_H

#include "base/bytes.h"

enum { csv_fields_max = 64, csv_record_bytes_max = 32768 };

struct csv {
  struct span in;
  size_t at;
  uint32_t line;   /* where the next record begins */
  struct buf text; /* of the record below */
  uint32_t record_line, n;
  const char *fields[csv_fields_max];
};

/* in is the caller's and stays there. csv_close when done. */
void csv_open(struct csv *c, struct span in);
void csv_close(struct csv *c);

/* The next record. *end when there is none left (then SP_OK too). Blank lines are passed over.
 * SP_INVALID: a quote that is not closed or stands in the wrong place, bytes that are not UTF-8, a
 * control character, too many fields or too long; the fault says what would be right, and the
 * next call goes on with the record after it. SP_NO_MEMORY. */
enum sp_err csv_next(struct csv *c, bool *end, struct fault *why) SP_MUST_USE;

#endif
