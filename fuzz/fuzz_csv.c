/* A CSV file of persons: every record is taken or told what is wrong with it, and reading goes on.
 * What was taken, written with all its quotes, is read as the same; what a row becomes is within
 * its bounds, and no fault tells a card or a PIN. */
#include "cli/import.h"
#include "fuzz/site.h"

#include <string.h>

/* In quotes, a quote twice. */
static void put_record(struct buf *out, const struct csv *c) {
  for (uint32_t i = 0; i < c->n; i++) {
    buf_puts(out, i ? ",\"" : "\"");
    for (const char *p = c->fields[i]; *p; p++)
      buf_puts(out, *p == '"' ? "\"\"" : (char[2]){*p, 0});
    buf_puts(out, "\"");
  }
  buf_puts(out, "\r\n");
}

/* Long enough not to stand there by chance, and in no other field, which may be told. */
static bool tells(const struct fault *why, const struct csv *c, int secret) {
  const char *digits = c->fields[secret];
  if (strlen(digits) < 6 || strspn(digits, "0123456789") != strlen(digits))
    return false;
  for (int i = 0; i < (int)c->n; i++)
    if (i != secret && strstr(c->fields[i], digits))
      return false;
  return strstr(why->text, digits);
}

static void check_row(const struct csv *c, const struct import_header *h, const struct plan *plan) {
  struct row row;
  struct fault why = {0};
  enum sp_err err = import_row(c, h, plan, INT64_C(1795000000) * USEC_PER_S, &row, &why);
  if (!err) {
    MUST_HOLD(row.kind < PERSON_KIND_COUNT && row.n_levels <= import_levels_max);
    for (uint32_t i = 0; i < row.n_levels; i++)
      MUST_HOLD(row.levels[i] < plan->n_levels);
    MUST_HOLD(row.from == TIME_ABSENT || (row.from >= USEC_MIN && row.from <= USEC_MAX));
    MUST_HOLD(row.until == TIME_ABSENT || (row.until >= USEC_MIN && row.until <= USEC_MAX));
    if (row.has_card)
      MUST_HOLD(row.card.hex[0] && strlen(row.card.hex) <= card_hex_max);
  } else {
    MUST_HOLD(err == SP_INVALID || err == SP_NOT_FOUND || err == SP_LIMIT);
    MUST_HOLD(why.text[0]);
    if (c->n == h->n && h->at[COLUMN_OF_PIN] >= 0)
      MUST_HOLD(!tells(&why, c, h->at[COLUMN_OF_PIN]));
  }
  row_forget(&row);
}

/* Records and the places where each began, up to the end. */
static void check_records(struct span text) {
  struct csv c, again;
  bool end = false, over;
  struct buf all = {0};
  csv_open(&c, text);
  for (uint32_t before = 0; !end;) {
    struct fault why = {0};
    enum sp_err err = csv_next(&c, &end, &why);
    MUST_HOLD(err == SP_OK || err == SP_INVALID);
    MUST_HOLD(c.record_line >= before && c.at <= text.n);
    before = c.record_line;
    if (err || end)
      continue;
    MUST_HOLD(c.n > 0 && c.n <= csv_fields_max);
    buf_reset(&all);
    put_record(&all, &c);
    csv_open(&again, buf_span(&all));
    if (all.n < csv_record_bytes_max) {
      MUST_DO(csv_next(&again, &over, must));
      MUST_HOLD(!over && again.n == c.n);
      for (uint32_t i = 0; i < c.n; i++)
        MUST_HOLD(strcmp(again.fields[i], c.fields[i]) == 0);
    }
    csv_close(&again);
  }
  csv_close(&c);
  buf_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct plan *plan;
  if (!plan)
    MUST_DO(fold_load_plan(fuzz_site()->fake.store, &fuzz_site()->compiled[0], &plan, must));
  struct csv c;
  struct import_header h;
  struct fault why = {0};
  bool end = false;
  check_records(span_of(p, n));
  csv_open(&c, span_of(p, n));
  if (!import_header(&c, &h, &why))
    while (!end)
      if (!csv_next(&c, &end, &why) && !end)
        check_row(&c, &h, plan);
  csv_close(&c);
  return 0;
}
