/* out.h: results, for people as aligned tables, for programs as JSON. Rows are JSON either way, so
 * that both say the same.
 *
 * Invariants:
 *   1. text from outside is shown through term_put;
 *   2. times are UTC in JSON and the site's wall clock for people;
 *   3. output that cannot be written is SP_IO at out_end, not silence.
 */
#ifndef SP_CLI_OUT_H
#define SP_CLI_OUT_H

#include "cli/term.h"
#include "cli/when.h"

#include <jansson.h>

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_WARN, COLOUR_DIM, COLOUR_STRONG };

struct out {
  bool json, colours;
  const struct plan *plan; /* whose wall clock; NULL = UTC */
};

/* Appends the text in this colour (plain when colours are off). */
void out_colour(const struct out *o, struct buf *b, enum colour c, const char *text);
/* One line to standard output, with a newline. Printf-like text is ours; it is not filtered. */
void out_line(const struct out *o, const char *fmt, ...) SP_PRINTF(2, 3);
/* One JSON value on a line of its own, keys sorted; takes it. */
void out_json(json_t *value);
/* Flushes; SP_IO when anything could not be written. */
enum sp_err out_end(struct fault *why) SP_MUST_USE;

enum column_kind {
  COLUMN_TEXT,
  COLUMN_NUMBER, /* to the right */
  COLUMN_TIME,   /* as json_time makes it; by the site's clock for people */
  COLUMN_STATE,  /* text; colours by what it says: good, bad, … */
};
struct column {
  const char *key, *title;
  enum column_kind kind;
};

enum { table_columns_max = 12, table_batch = 256 };
struct table {
  const struct out *o;
  const struct column *columns;
  size_t n_columns, n_rows, width[table_columns_max];
  json_t *batch[table_batch];
  size_t n_batch;
  bool headed;
};
/* columns outlive the table. */
void table_begin(struct table *t, const struct out *o, const struct column *columns, size_t n);
/* Takes the row: an object; keys that no column names are for JSON only. */
void table_row(struct table *t, json_t *row);
/* Prints what is left, and, for people, `none` when there was no row. */
void table_end(struct table *t, const char *none);

/* One object: for people one line a column that it has; lists of strings joined by commas. */
void out_object(const struct out *o, const struct column *columns, size_t n, json_t *object);

/* "2026-11-23T07:14:27.123456Z" */
json_t *json_time(usec t);
/* Appends one value as people read it: text filtered, times by the site's clock, lists joined. */
void out_value(const struct out *o, struct buf *b, const json_t *value, enum column_kind kind);

#endif
