/* import.h: a CSV file of persons, row by row: what is right with it, before anything is sent.
 *
 * Invariants:
 *   1. pure: bytes, a plan and a time in; faults out. Cards and PINs stay in the CSV's own bytes
 *      and in struct row, which row_forget wipes; faults never tell them.
 */
#ifndef SP_CLI_IMPORT_H
#define SP_CLI_IMPORT_H

#include "plan/card_text.h"
#include "cli/csv.h"

#include <jansson.h>

/* X(NAME, "column", "meaning") */
#define IMPORT_COLUMNS(X)                                                                          \
  X(KIND, "kind", "kind of person")                                                                \
  X(EXTERNAL_ID, "external_id", "your own key of the row")                                         \
  X(NAME, "name", "kept out of the journal")                                                       \
  X(BIRTH_DATE, "birth_date", "YYYY-MM-DD, likewise")                                              \
  X(DOCUMENT, "document", "number of an identity document, likewise")                              \
  X(LEVELS, "levels", "access levels, separated by spaces")                                        \
  X(CARD, "card", "FORMAT:NUMBER")                                                                 \
  X(PIN, "pin", "4 to 12 digits")                                                                  \
  X(FROM, "from", "valid from this time on")                                                       \
  X(UNTIL, "until", "and before this one")

enum import_column {
#define X(NAME, text, doc) COLUMN_OF_##NAME,
  IMPORT_COLUMNS(X)
#undef X
      IMPORT_COLUMN_COUNT
};

const char *import_column_name(enum import_column c); /* "" for IMPORT_COLUMN_COUNT */

/* Where each column stands in the file; -1 = it has none. */
struct import_header {
  int at[IMPORT_COLUMN_COUNT];
  uint32_t n;
  enum import_column key; /* what recognises a row: EXTERNAL_ID or DOCUMENT; COUNT = nothing */
};

/* Reads the first record as the header. SP_INVALID names the column and the nearest right one. */
enum sp_err import_header(struct csv *csv, struct import_header *h, struct fault *why) SP_MUST_USE;

enum { import_levels_max = 16 };
struct row {
  uint32_t line, kind;
  usec from, until; /* TIME_ABSENT = no bound */
  json_t *details;  /* object; NULL when the row has none */
  const char *key;  /* in the CSV's record; NULL = none */
  uint32_t n_levels, levels[import_levels_max];
  bool has_card, has_pin;
  struct card card;
  char pin[13];
};
/* The record that csv_next has just read. Every fault of the row is told at once, in one sentence
 * separated by semicolons. row_forget when done, also after an error. */
enum sp_err import_row(const struct csv *csv, const struct import_header *h,
                       const struct plan *plan, usec now, struct row *row,
                       struct fault *why) SP_MUST_USE;
void row_forget(struct row *row);

#endif
