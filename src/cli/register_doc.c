/* register_doc.c: the register's tables as docs/register.md shows them. */
#include "cli/help.h"
#include "core/register_fields.h"

static void put_answers(struct buf *out, unsigned answers) {
  static const struct {
    unsigned answer;
    const char *word;
  } words[] = {{ANSWER_NONE, "none"}, {ANSWER_DECLINED, "declined"}, {ANSWER_UNKNOWN, "unknown"}};
  const char *before = "";
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (answers & words[i].answer) {
      buf_printf(out, "%s`%s`", before, words[i].word);
      before = ", ";
    }
}

static void put_shape(struct buf *out, const struct register_row *row) {
  buf_puts(out, register_shape_names[row->shape]);
  if (row->shape != REGISTER_CHOICE)
    return;
  for (size_t i = 0; identity_ways[i]; i++)
    buf_printf(out, "%s`%s`", i ? ", " : ": ", identity_ways[i]);
}

void help_register_markdown(struct buf *out) {
  buf_puts(out,
           "| field | clause | at admission | is a | or | what |\n|---|---|---|---|---|---|\n");
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++) {
    const struct register_row *row = register_row(f);
    buf_printf(out, "| `%s` | %s | %s | ", row->name, row->clauses,
               row->required ? "required" : "");
    put_shape(out, row);
    buf_puts(out, " | ");
    put_answers(out, row->answers);
    buf_printf(out, " | %s |\n", row->doc);
  }
}

void help_register_entries_markdown(struct buf *out) {
  static const struct {
    const char *clauses, *what, *where;
  } rows[] = {
#define X(clauses, what, where) {clauses, what, where},
      REGISTER_ENTRY_LIST(X)
#undef X
  };
  buf_puts(out, "| what | clause | in which entry |\n|---|---|---|\n");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    buf_printf(out, "| %s | %s | %s |\n", rows[i].what, rows[i].clauses, rows[i].where);
}
