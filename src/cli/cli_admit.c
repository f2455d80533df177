/* cli_admit.c: person admit: everything is looked up, then one step is asked after the other, and
 * what was made is told. */
#include "cli/admit.h"
#include "cli/cli_person.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <string.h>
#include <unistd.h>

/* --- Secrets --- */

static enum sp_err take_secret(struct admit *a, struct asked *asked, enum command_type command) {
  struct cli *c = a->c;
  json_t *card = NULL, *secret = json_object();
  enum sp_err err = SP_OK;
  do {
    if (err)
      admit_ask_again(a, err);
    err = command == COMMAND_PIN_SET
              ? take_pin(c, secret, "pin", cli_fd(c, OPT_PIN_FD), "PIN", true)
              : ask_card(c, false, &card);
  } while (a->asks && (err == SP_INVALID || err == SP_NOT_FOUND));
  if (!err && card) {
    json_object_set(asked->command, "format", json_object_get(card, "format"));
    json_object_set_new(secret, "card", card);
  }
  asked->secret = secret; /* forgotten with the rest */
  return err;
}

/* In the order of the steps: they may come from one descriptor, a line each. */
static enum sp_err take_secrets(struct admit *a) {
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < a->n && !err; i++) {
    enum command_type command = a->steps[i].step->command;
    if (command == COMMAND_PIN_SET || command == COMMAND_CREDENTIAL_ISSUE)
      err = take_secret(a, &a->steps[i].asked, command);
  }
  return err;
}

/* --- What is left to do --- */

static void put_word(struct buf *out, const char *text) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_./:+@%,-";
  bool quote = text[strspn(text, plain)] != '\0';
  buf_puts(out, quote ? " '" : " ");
  for (const char *s = text; *s; s++)
    if (*s == '\'')
      buf_puts(out, "'\\''");
    else
      buf_put(out, s, 1);
  buf_puts(out, quote ? "'" : "");
}

static void put_option(struct buf *out, const struct cli *c, enum option_id o) {
  for (uint32_t i = 0; i < c->args.options[o].n; i++) {
    buf_printf(out, " --%s", option_row(o)->name);
    put_word(out, c->args.options[o].text[i]);
  }
}

static void put_by_hand(const struct admit *a, const struct admit_planned *p, struct buf *out) {
  const struct cli *c = a->c;
  char number[person_text_max];
  person_text(number, a->person);
  buf_printf(out, "sallyport %s %s", p->step->verb, number);
  for (const struct admit_field *f = p->step->fields; f->field; f++)
    if (f->operand)
      put_word(out, c->args.options[f->option].text[p->nth]);
  for (const struct admit_field *f = p->step->fields; f->field; f++)
    if (!f->operand)
      put_option(out, c, f->option);
  for (unsigned o = 0; o < OPTION_COUNT; o++)
    if (p->step->details >> o & 1)
      put_option(out, c, o);
  put_option(out, c, OPT_DIR);
  put_option(out, c, OPT_AS);
}

/* The steps from a->done on, which were not made. */
static void tell_left(const struct admit *a) {
  json_t *list = json_array();
  if (!a->c->out.json)
    out_line(&a->c->out, "%s", "What was done stays. By hand from here, once that is mended:");
  for (uint32_t i = a->done; i < a->n; i++) {
    struct buf line = {0}, shown = {0};
    put_by_hand(a, &a->steps[i], &line);
    term_put(&shown, buf_span(&line));
    if (a->c->out.json)
      json_array_append_new(list, json_stringn((const char *)line.p, line.n));
    else
      out_line(&a->c->out, "  %s", buf_cstr(&shown) ? buf_cstr(&shown) : "");
    buf_free(&line);
    buf_free(&shown);
  }
  json_object_set_new(a->row, "by_hand", list);
}

/* --- The steps --- */

static void append(json_t *row, const char *key, json_t *value) {
  if (!json_object_get(row, key))
    json_object_set_new(row, key, json_array());
  json_array_append_new(json_object_get(row, key), value);
}

static uint32_t person_named(const struct core *core, const char *ref) {
  static const char before[] = "person:";
  uint32_t i;
  bool is = ref && strncmp(ref, before, sizeof before - 1) == 0 &&
            person_parse(core, ref + sizeof before - 1, &i);
  return is ? i : REF_ABSENT;
}

/* What the step made, for programs; whose the further steps are. */
static void note_made(struct admit *a, const struct admit_planned *p, const json_t *reply) {
  const struct core *core = site_core(a->c->site);
  const json_t *entry = json_object_get(reply, "entry"), *data = json_object_get(entry, "data");
  const json_t *ids = json_object_get(json_object_get(entry, "command"), "candidates");
  const json_t *made = p->step->made ? json_object_get(data, p->step->made) : NULL;
  uint32_t n = (uint32_t)json_integer_value(made);
  if (json_object_get(entry, "n"))
    append(a->row, "entries", json_incref(json_object_get(entry, "n")));
  if (p->step->command == COMMAND_PERSON_ADD && !core_find_person_number(core, n, &a->person))
    a->person = REF_ABSENT;
  for (size_t i = 0; i < json_array_size(ids); i++)
    append(a->row, "candidates",
           row_number(person_named(core, json_string_value(json_array_get(ids, i)))));
  if (p->step->command == COMMAND_LEVEL_GRANT)
    append(a->row, "levels", json_string(a->c->args.options[OPT_LEVEL].text[p->nth]));
  else
    json_object_set_new(a->row, p->step->name,
                        n                      ? json_sprintf("%u-%u", n / 10, n % 10)
                        : json_is_string(made) ? json_copy((json_t *)(uintptr_t)made)
                                               : json_true());
}

static void note_failed(struct admit *a, const struct admit_planned *p, enum sp_err err,
                        const json_t *reply) {
  json_object_set_new(a->row, "failed", json_string(p->step->name));
  json_object_set_new(a->row, "error", json_string(sp_err_name(err)));
  if (json_object_get(reply, "reasons"))
    json_object_set(a->row, "reasons", json_object_get(reply, "reasons"));
}

static enum sp_err tell_step(struct admit *a, json_t *reply) {
  if (a->c->out.json)
    return ask_verdict(a->c, reply);
  enum sp_err err = ask_tell(a->c, json_incref(reply));
  candidates_tell(a->c, reply);
  return err;
}

static enum sp_err run_step(struct admit *a, struct admit_planned *p, bool *on) {
  struct cli *c = a->c;
  json_t *reply = NULL;
  bool more;
  struct asked asked = p->asked;
  if (a->person != REF_ABSENT && p->step->command != COMMAND_PERSON_ADD) {
    char id[2 * sizeof(struct id) + 1] = {0};
    hex_encode(id, site_core(c->site)->persons[a->person].id.b, sizeof(struct id));
    json_object_set_new(asked.command, "person", json_string(id));
  }
  p->asked = (struct asked){0}; /* taken */
  enum sp_err err = ask_one(a->ask, asked, &reply, &c->why);
  if (!err)
    err = site_refresh(c, &more);
  if (!err)
    err = tell_step(a, reply);
  if (err)
    note_failed(a, p, err, reply);
  else
    note_made(a, p, reply);
  const json_t *entry = json_object_get(reply, "entry");
  const json_t *ids = json_object_get(json_object_get(entry, "command"), "candidates");
  if (!err && a->asks && json_array_size(ids))
    err = admit_ask_on(a, ids, on);
  json_decref(reply);
  return err;
}

static enum sp_err run_steps(struct admit *a) {
  enum sp_err err = SP_OK;
  bool on = true;
  while (a->done < a->n && !err && on) {
    err = run_step(a, &a->steps[a->done], &on);
    a->done += !err || json_object_get(a->row, "failed") == NULL;
  }
  bool began = json_array_size(json_object_get(a->row, "entries")) > 0;
  if (a->done < a->n && began)
    tell_left(a);
  if (a->c->out.json)
    out_json(json_incref(a->row));
  else if (a->done == a->n) {
    char number[person_text_max];
    person_text(number, a->person);
    out_line(&a->c->out, "%s %s: all done", person_kind_names[a->kind], number);
  }
  return err;
}

/* --- All of it --- */

static bool is_given(const struct cli *c, option_set any) {
  for (unsigned o = 0; o < OPTION_COUNT; o++)
    if (any >> o & 1 && cli_has(c, o))
      return true;
  return false;
}

static void forget_steps(struct admit *a) {
  for (uint32_t i = 0; i < a->n; i++) {
    json_decref(a->steps[i].asked.command);
    json_forget(a->steps[i].asked.details);
    json_forget(a->steps[i].asked.secret);
  }
  json_decref(a->row);
}

enum sp_err cli_person_admit(struct cli *c) {
  struct admit a = {.c = c, .person = REF_ABSENT};
  struct admit_answers *answers = NULL;
  while (strcmp(person_kind_names[a.kind], c->args.operands[0]) != 0)
    a.kind++; /* one of them: its row says so */
  if (!admit_procedure(a.kind))
    return fault_set(&c->why, SP_USAGE, "there is no procedure for `%s` yet: `person add`",
                     person_kind_names[a.kind]);
  enum sp_err err = site_open(c);
  if (!err && !site_plan(c->site))
    err = fault_set(&c->why, SP_NOT_FOUND, "the site has no plan yet");
  if (!err && c->args.operands[1])
    err = site_find_person(c->site, c->args.operands[1], &a.person, &c->why);
  if (err)
    return err;
  a.asks = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !c->out.json &&
           !is_given(c, c->args.verb->options);
  if (a.asks)
    err = admit_ask_all(&a, &answers);
  if (!err)
    err = admit_complete(&a);
  if (!err)
    err = admit_whose(&a);
  if (!err)
    err = admit_plan(&a);
  if (!err)
    err = take_secrets(&a);
  if (!err)
    err = ask_open(c, &a.ask);
  if (!err) {
    a.row =
        json_pack("{s:s,s:o}", "kind", person_kind_names[a.kind], "person", row_number(a.person));
    err = run_steps(&a);
  }
  ask_close(a.ask);
  forget_steps(&a);
  admit_answers_free(answers);
  return err;
}
