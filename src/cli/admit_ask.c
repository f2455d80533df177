/* admit_ask.c: person admit on a terminal: a question for each piece, an answer a line. What was
 * answered becomes the option that it stands for, so the rest is as if it had been typed there.
 *
 * Invariants:
 *   1. an answer is checked at once, and asked for again when it is wrong;
 *   2. what was typed is wiped at the end.
 */
#include "cli/admit.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <stdio.h>
#include <string.h>

static const struct asking {
  enum option_id option;
  const char *text;
} questions[] = {
    {OPT_ORDER, "the order that holds them, its number"},
    {OPT_NAME, "name"},
    {OPT_BIRTH_DATE, "birth date, like 1984-03-02"},
    {OPT_IDENTIFIER, "identity document, like passport:X1234567"},
    {OPT_ALIAS, "another name of theirs"},
    {OPT_DETAILS_FILE, "file with the register, as `booking template --json` begins it"},
    {OPT_UNTIL, "until when, like +8h or 2027-01-31"},
    {OPT_LEVEL, "access level"},
    {OPT_PIN, "a PIN? y or n"},
    {OPT_CARD, "a card? y or n"},
};
enum {
  questions_n = sizeof questions / sizeof questions[0],
  answer_max = 1024,
  answers_max = questions_n + 4 * repeats_max
};

struct admit_answers {
  char at[answers_max][answer_max];
  uint32_t n;
};

void admit_answers_free(struct admit_answers *answers) {
  if (answers)
    bytes_wipe(answers, sizeof *answers);
  sp_free(answers);
}

void admit_ask_again(struct admit *a, enum sp_err err) {
  struct buf text = {0};
  term_put(&text, span_str(a->c->why.text[0] ? a->c->why.text : sp_err_text(err)));
  out_line(&a->c->out, "  %s", buf_cstr(&text) ? buf_cstr(&text) : "");
  buf_free(&text);
  a->c->why = (struct fault){0};
}

/* One line into `to`; SP_USAGE when there is no more. */
static enum sp_err read_answer(struct admit *a, const char *prompt, char to[answer_max]) {
  printf("%s: ", prompt);
  fflush(stdout);
  if (!fgets(to, answer_max, stdin))
    return fault_set(&a->c->why, SP_USAGE, "the answers ended before the questions");
  size_t n = strcspn(to, "\r\n");
  if (!to[n] && !feof(stdin)) { /* so long a line is no answer */
    for (int ch = 0; ch != '\n' && ch != EOF;)
      ch = getchar();
    return fault_set(&a->c->why, SP_LIMIT, "an answer has %d bytes at most", answer_max - 2);
  }
  to[n] = '\0';
  return SP_OK;
}

/* Takes one answer; *more: it may be given again, and was given. */
static enum sp_err take_answer(struct admit *a, struct admit_answers *answers,
                               const struct asking *q, bool *more) {
  struct given *g = &a->c->args.options[q->option];
  const struct option_row *row = option_row(q->option);
  char *text = answers->at[answers->n];
  char prompt[128];
  uint32_t before = a->person;
  bool must = admit_must(a, q->option) && !g->n;
  *more = false;
  snprintf(prompt, sizeof prompt, "%s%s%s", g->n ? "another: " : "", q->text,
           must ? "" : " (or nothing)");
  enum sp_err err = read_answer(a, prompt, text);
  if (err)
    return err;
  if (!*text)
    return must ? fault_set(&a->c->why, SP_INVALID, "this must be there") : SP_OK;
  if (row->kind == VALUE_FLAG) {
    bool yes = strcmp(text, "y") == 0, no = strcmp(text, "n") == 0;
    g->n = yes;
    return yes || no ? SP_OK : fault_set(&a->c->why, SP_INVALID, "y or n");
  }
  g->text[g->n++] = text;
  answers->n++;
  err = admit_check(a, q->option);
  if (!err && q->option == OPT_ORDER)
    err = admit_whose(a);
  if (err) { /* as if it had not been said */
    g->n--;
    answers->n--;
    a->person = before;
  }
  *more = !err && row->repeats && g->n < repeats_max;
  return err;
}

enum sp_err admit_ask_all(struct admit *a, struct admit_answers **out) {
  struct admit_answers *answers = *out = sp_alloc(1, sizeof *answers);
  if (!answers)
    return fault_set(&a->c->why, SP_NO_MEMORY, "out of memory");
  option_set takes = admit_takes(a->kind);
  for (int i = 0; i < questions_n; i++) {
    const struct asking *q = &questions[i];
    /* A file stands for all the rest; who types answers has none but the register. */
    if (!(takes >> q->option & 1) || (q->option == OPT_DETAILS_FILE && !admit_must(a, q->option)))
      continue;
    for (bool more = true; more;) {
      enum sp_err err = take_answer(a, answers, q, &more);
      if (err == SP_USAGE && feof(stdin))
        return err;
      if (err) {
        admit_ask_again(a, err);
        more = true;
      }
    }
  }
  return SP_OK;
}

/* --- Who is alike --- */

/* Reading what is said of each is journaled, each for itself. */
static enum sp_err show_details(struct admit *a, const json_t *ids) {
  static const struct column columns[] = {
      {"number", "NUMBER", COLUMN_TEXT},   {"kind", "KIND", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},    {"name", "NAME", COLUMN_TEXT},
      {"birth_date", "BORN", COLUMN_TEXT}, {"document", "DOCUMENT", COLUMN_TEXT},
  };
  struct cli *c = a->c;
  const struct core *core = site_core(c->site);
  enum sp_err err = SP_OK;
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < json_array_size(ids) && !err; i++) {
    const char *ref = json_string_value(json_array_get(ids, i));
    const char *id = ref ? strchr(ref, ':') : NULL;
    uint32_t person;
    if (!id || !person_parse(core, id + 1, &person))
      continue;
    const struct person *p = &core->persons[person];
    json_t *row = json_pack("{s:o,s:s,s:s}", "number", row_number(person), "kind",
                            person_kind_names[p->kind], "state", person_state_names[p->state]);
    err = ask_details_read(c, a->ask, REF_PERSON, person);
    if (!err)
      err = site_set_details(c, row, person);
    table_row(&t, row);
  }
  table_end(&t, "");
  return err;
}

enum sp_err admit_ask_on(struct admit *a, const json_t *ids, bool *on) {
  char text[answer_max];
  for (;;) {
    enum sp_err err = read_answer(
        a, "go on (nothing), see who they are (details; it is journaled), or end here (stop)",
        text);
    if (err && feof(stdin))
      return err;
    if (!err && strcmp(text, "details") == 0)
      err = show_details(a, ids);
    else if (!err && (!*text || strcmp(text, "stop") == 0)) {
      *on = !*text;
      return SP_OK;
    } else if (!err)
      err = fault_set(&a->c->why, SP_INVALID, "nothing, `details` or `stop`");
    if (err)
      admit_ask_again(a, err);
  }
}
