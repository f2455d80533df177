#include "cli/import.h"

#include "cli/when.h"
#include "plan/plan_scalar.h"

#include <string.h>

static const char *const column_names[] = {
#define X(NAME, text, doc) text,
    IMPORT_COLUMNS(X)
#undef X
};

const char *import_column_name(enum import_column c) {
  return c == IMPORT_COLUMN_COUNT ? "" : column_names[c];
}

static const char *column_at(const void *ctx, uint32_t i) {
  (void)ctx;
  return column_names[i];
}

enum sp_err import_header(struct csv *csv, struct import_header *h, struct fault *why) {
  bool end;
  enum sp_err err = csv_next(csv, &end, why);
  if (err)
    return fault_prefix(why, "line %u", csv->record_line);
  if (end)
    return fault_set(why, SP_INVALID,
                     "the file is empty: its first line names the columns, kind among them");
  for (int i = 0; i < IMPORT_COLUMN_COUNT; i++)
    h->at[i] = -1;
  h->n = csv->n;
  for (uint32_t f = 0; f < csv->n; f++) {
    int found = -1;
    for (int i = 0; i < IMPORT_COLUMN_COUNT; i++)
      if (strcmp(csv->fields[f], column_names[i]) == 0)
        found = i;
    if (found < 0) {
      const char *near = plan_nearest(csv->fields[f], column_at, NULL, IMPORT_COLUMN_COUNT);
      return fault_set(why, SP_INVALID,
                       "line %u: `%.40s` is no column%s%s%s; the columns are kind, external_id, "
                       "name, birth_date, document, levels, card, pin, from, until",
                       csv->record_line, csv->fields[f], near ? "; is `" : "", near ? near : "",
                       near ? "` meant?" : "");
    }
    if (h->at[found] >= 0)
      return fault_set(why, SP_INVALID, "line %u: the column `%s` is there twice", csv->record_line,
                       column_names[found]);
    h->at[found] = (int)f;
  }
  if (h->at[COLUMN_OF_KIND] < 0)
    return fault_set(why, SP_INVALID,
                     "line %u: the column `kind` is missing: the first line names the columns",
                     csv->record_line);
  h->key = h->at[COLUMN_OF_EXTERNAL_ID] >= 0 ? COLUMN_OF_EXTERNAL_ID
           : h->at[COLUMN_OF_DOCUMENT] >= 0  ? COLUMN_OF_DOCUMENT
                                             : IMPORT_COLUMN_COUNT;
  return SP_OK;
}

/* --- Rows --- */

static const char *field(const struct csv *csv, const struct import_header *h,
                         enum import_column c) {
  return h->at[c] >= 0 && csv->fields[h->at[c]][0] ? csv->fields[h->at[c]] : NULL;
}

/* Adds one fault of the row to those before. */
static void add_fault(struct fault *all, const struct fault *one) {
  if (!all->text[0]) {
    *all = *one;
    return;
  }
  struct fault before = *all;
  fault_set(all, before.err, "%s; %s", before.text, one->text);
}

static void add_text(struct fault *all, const char *text) {
  struct fault one = {0};
  fault_set(&one, SP_INVALID, "%s", text);
  add_fault(all, &one);
}

static const char *kind_at(const void *ctx, uint32_t i) {
  (void)ctx;
  return person_kind_names[i];
}

static const char *level_name_at(const void *ctx, uint32_t i) {
  return ((const struct plan *)ctx)->levels[i].name.s;
}

static void read_kind(const char *text, struct row *row, struct fault *all) {
  struct fault one = {0};
  if (!text) {
    add_text(all, "kind is missing");
    return;
  }
  for (row->kind = 0; row->kind < PERSON_KIND_COUNT; row->kind++)
    if (strcmp(person_kind_names[row->kind], text) == 0)
      return;
  const char *near = plan_nearest(text, kind_at, NULL, PERSON_KIND_COUNT);
  fault_set(&one, SP_INVALID,
            "kind: `%.40s` is none of staff, officer, detainee, visitor, counsel, inspector, "
            "contractor%s%s%s",
            text, near ? "; is `" : "", near ? near : "", near ? "` meant?" : "");
  add_fault(all, &one);
}

static void read_levels(const char *text, const struct plan *plan, struct row *row,
                        struct fault *all) {
  while (*text) {
    size_t n = strcspn(text, " ");
    uint32_t level;
    struct fault one = {0};
    if (n && row->n_levels == import_levels_max) {
      add_text(all, "levels: more than 16");
      return;
    }
    if (n && plan_find(plan, REF_LEVEL, span_of(text, n), &level)) {
      row->levels[row->n_levels++] = level;
    } else if (n) {
      char name[64];
      memcpy(name, text, n < 63 ? n : 63);
      name[n < 63 ? n : 63] = '\0';
      const char *near = plan_nearest(name, level_name_at, plan, plan->n_levels);
      fault_set(&one, SP_NOT_FOUND, "levels: the plan has no access level `%s`%s%s%s", name,
                near ? "; is `" : "", near ? near : "", near ? "` meant?" : "");
      add_fault(all, &one);
    }
    text += n + (text[n] == ' ');
  }
}

static usec read_time(const char *text, const char *column, const struct plan *plan, usec now,
                      struct fault *all) {
  usec t = TIME_ABSENT;
  struct fault one = {0};
  if (text && when_parse(&t, text, plan, now, &one)) {
    fault_prefix(&one, "%s", column);
    add_fault(all, &one);
    return TIME_ABSENT;
  }
  return t == TIME_ABSENT ? t : t - t % USEC_PER_S;
}

static void read_details(const struct csv *csv, const struct import_header *h, struct row *row,
                         struct fault *all) {
  static const enum import_column members[] = {COLUMN_OF_EXTERNAL_ID, COLUMN_OF_NAME,
                                               COLUMN_OF_BIRTH_DATE, COLUMN_OF_DOCUMENT};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    const char *text = field(csv, h, members[i]);
    usec t;
    if (!text)
      continue;
    if (members[i] == COLUMN_OF_BIRTH_DATE &&
        (strlen(text) != 10 || !time_parse_lenient(&t, text, 10))) {
      add_text(all, "birth_date is no date: write it as 1984-03-02");
      continue;
    }
    if (strlen(text) > 1000) {
      add_text(all, "a name or document is longer than 1,000 bytes");
      continue;
    }
    if (!row->details)
      row->details = json_object();
    json_object_set_new(row->details, column_names[members[i]], json_string(text));
  }
}

enum sp_err import_row(const struct csv *csv, const struct import_header *h,
                       const struct plan *plan, usec now, struct row *row, struct fault *why) {
  struct fault all = {0}, one = {0};
  memset(row, 0, sizeof *row);
  row->line = csv->record_line;
  row->from = row->until = TIME_ABSENT;
  if (csv->n != h->n)
    return fault_set(why, SP_INVALID, "there are %u columns, and the header has %u: %s", csv->n,
                     h->n, csv->n < h->n ? "add commas" : "quote fields that hold commas");
  read_kind(field(csv, h, COLUMN_OF_KIND), row, &all);
  read_details(csv, h, row, &all);
  if (h->key != IMPORT_COLUMN_COUNT) {
    row->key = field(csv, h, h->key);
    if (!row->key && h->key == COLUMN_OF_EXTERNAL_ID)
      add_text(&all, "external_id is empty: every row has its own");
  }
  const char *levels = field(csv, h, COLUMN_OF_LEVELS), *card = field(csv, h, COLUMN_OF_CARD),
             *pin = field(csv, h, COLUMN_OF_PIN);
  if (levels)
    read_levels(levels, plan, row, &all);
  if (card && card_parse(&row->card, card, plan, false, &one)) {
    fault_prefix(&one, "card");
    add_fault(&all, &one);
  }
  row->has_card = card != NULL;
  if (pin && pin_check(pin, &one))
    add_fault(&all, &one);
  else if (pin)
    strcpy(row->pin, pin);
  row->has_pin = pin != NULL;
  row->from = read_time(field(csv, h, COLUMN_OF_FROM), "from", plan, now, &all);
  row->until = read_time(field(csv, h, COLUMN_OF_UNTIL), "until", plan, now, &all);
  if (row->until != TIME_ABSENT && row->until <= (row->from == TIME_ABSENT ? 0 : row->from))
    add_text(&all, "until is not after from");
  if (!all.text[0])
    return SP_OK;
  if (why)
    *why = all;
  return all.err;
}

void row_forget(struct row *row) {
  json_decref(row->details);
  bytes_wipe(row, sizeof *row);
}
