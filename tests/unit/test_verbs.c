/* The tables of the command line hold what the rest rests on. */
#include "cli/admit.h"
#include "cli/args.h"
#include "cli/fields.h"
#include "cli/help.h"
#include "cli/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void rows_are_whole(void **state) {
  (void)state;
  assert_true(verbs_n > 50);
  assert_non_null(verbs[0].heading);
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    print_message("%s\n", v->words);
    assert_non_null(v->doc);
    assert_non_null(v->example);
    assert_non_null(v->run);
    assert_true(v->doc[0] >= 'a' && v->doc[0] <= 'z' && v->doc[strlen(v->doc) - 1] != '.');
    assert_true((v->required & ~verb_options(v)) == 0);
    for (size_t k = 0; k < i; k++)
      assert_string_not_equal(verbs[k].words, v->words);
    bool optional = false;
    for (int o = 0; o < operands_max && v->operands[o].name; o++) {
      assert_non_null(v->operands[o].doc);
      assert_true(!optional || v->operands[o].optional); /* optional ones stand last */
      optional = v->operands[o].optional;
      assert_true((v->operands[o].kind == VALUE_PLACE) == (v->operands[o].ref != REF_NONE));
    }
  }
  for (unsigned o = 0; o < OPTION_COUNT; o++) {
    assert_non_null(option_row(o)->doc);
    assert_true((option_row(o)->kind == VALUE_FLAG) == (option_row(o)->value == NULL));
    assert_true((option_row(o)->kind == VALUE_CHOICE) == (option_row(o)->names != NULL));
  }
}

static bool has_field(const struct record *r, const char *name) {
  for (size_t i = 0; i < r->n_fields; i++)
    if (strcmp(r->fields[i].name, name) == 0)
      return true;
  return false;
}

/* A verb asks for the operators that its command needs, and fills fields that the command has. */
static void verbs_fit_their_commands(void **state) {
  (void)state;
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    if (!v->command)
      continue;
    print_message("%s\n", v->words);
    const struct permission *p = &command_permissions[v->command - 1];
    const struct record *r = &command_records[v->command - 1];
    bool hand = (p->actors & 1u << ACTOR_HAND) != 0;
    assert_true(v->needs & NEEDS_ENGINE && v->needs & GIVES_JSON);
    assert_true(hand != ((v->needs & NEEDS_OPERATOR) != 0));
    bool sometimes = v->command - 1 == COMMAND_COUNT_CLOSE; /* by two only when it differs */
    assert_true((p->second_roles != 0 || sometimes) == ((v->needs & NEEDS_SECOND) != 0));
    for (int o = 0; o < operands_max && v->operands[o].name; o++)
      assert_true(!v->operands[o].field || has_field(r, v->operands[o].field));
    assert_true(!v->fixed || has_field(r, "sign"));
    if (v->options & OPT_BIT(FROM))
      assert_true(has_field(r, "from") && has_field(r, "until"));
  }
}

static const struct verb *verb_of(const char *words) {
  for (size_t i = 0; i < verbs_n; i++)
    if (strcmp(verbs[i].words, words) == 0)
      return &verbs[i];
  fail_msg("there is no verb `%s`", words);
  return NULL;
}

/* As an option of its own, or as a field of its command. */
static bool verb_takes(const struct verb *v, enum option_id o) {
  const struct field *f;
  char name[field_option_max];
  bool takes = (verb_options(v) >> o & 1) != 0;
  for (size_t at = 0; !takes && (f = verb_next_field(v, &at));) {
    field_option(f, name);
    takes = strcmp(name, option_row(o)->name) == 0;
  }
  return takes;
}

/* Whatever `person admit` tells to be done by hand can be typed so. */
static void check_step(const struct admit_step *s) {
  const struct verb *v = verb_of(s->verb);
  int operands = 1; /* the person */
  print_message("%s: %s\n", s->name, s->verb);
  assert_int_equal(v->command, s->command + 1);
  for (const struct admit_field *f = s->fields; f->field; f++) {
    assert_true(has_field(&command_records[s->command], f->field));
    if (f->operand)
      assert_string_equal(v->operands[operands++].field, f->field);
    else
      assert_true(verb_takes(v, f->option));
  }
  for (unsigned o = 0; o < OPTION_COUNT; o++)
    if (s->details >> o & 1)
      assert_true(verb_takes(v, o));
}

static void procedures_fit_their_verbs(void **state) {
  (void)state;
  const struct verb *v = verb_of("person admit");
  option_set taken = 0;
  for (unsigned kind = 0; kind < PERSON_KIND_COUNT; kind++) {
    const struct admit_procedure *p = admit_procedure(kind);
    if (!p)
      continue;
    for (int i = 0; i < admit_steps_max && p->steps[i]; i++)
      check_step(p->steps[i]);
    taken |= admit_takes(kind);
  }
  assert_true(taken == v->options);
}

/* Splits as a shell would: blanks, single quotes; redirections are left out. */
static int split(char *text, char **argv, int most) {
  int n = 0;
  for (char *p = text; *p;) {
    p += strspn(p, " ");
    char *end;
    if (*p == '\'') {
      end = strchr(++p, '\'');
      assert_non_null(end);
    } else {
      end = p + strcspn(p, " ");
    }
    bool last = *end == '\0';
    *end = '\0';
    if (strcmp(p, ">") == 0)
      break;
    if (!strchr(p, '<') && *p) {
      assert_true(n < most);
      argv[n++] = p;
    }
    p = last ? end : end + 1;
  }
  return n;
}

static void examples_can_be_typed(void **state) {
  (void)state;
  int three = dup2(STDERR_FILENO, 3); /* the examples' descriptor must be open */
  for (size_t i = 0; i < verbs_n; i++) {
    char *text = sp_strdup(verbs[i].example), *argv[32];
    struct args a;
    struct fault why = {0};
    int argc = split(text, argv, 32);
    enum sp_err err = args_parse(&a, argc, argv, &why);
    if (err)
      fail_msg("%s: %s", verbs[i].example, why.text);
    assert_ptr_equal(a.verb, &verbs[i]);
    sp_free(text);
  }
  close(three);
}

/* Every brace names a member of the entry's data, and every required one is told by `explain`. */
static void braces_are_members(void **state) {
  (void)state;
  for (unsigned e = 0; e < EVENT_COUNT; e++) {
    const char *texts[2];
    sentence_words((enum event_type)e, &texts[0], &texts[1]);
    for (int t = 0; t < 2; t++) {
      assert_non_null(texts[t]);
      for (const char *p = strchr(texts[t], '{'); p; p = strchr(p + 1, '{')) {
        char key[32] = "";
        memcpy(key, p + 1, strcspn(p + 1, "|}"));
        if (strcmp(key, "command") != 0 && !has_field(&event_records[e], key))
          fail_msg("%s: {%s}", event_records[e].type, key);
      }
    }
  }
}

static void help_says_all(void **state) {
  (void)state;
  struct buf b = {0};
  help_markdown(&b);
  help_man(&b);
  help_bash(&b);
  help_overview(&b, NULL);
  help_overview(&b, "person");
  help_reasons_markdown(&b);
  help_permissions_markdown(&b);
  help_entries_markdown(&b);
  help_commands_markdown(&b);
  for (size_t i = 0; i < verbs_n; i++)
    help_verb(&b, &verbs[i]);
  assert_false(b.failed);
  const char *const must[] = {"person import",        "--second-password-fd", "interlock",
                              "passage.granted",      "second operator",      ".TH SALLYPORT",
                              "complete -o filenames"};
  for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
    assert_non_null(strstr(buf_cstr(&b), must[i]));
  buf_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_whole),
      cmocka_unit_test(verbs_fit_their_commands),
      cmocka_unit_test(procedures_fit_their_verbs),
      cmocka_unit_test(examples_can_be_typed),
      cmocka_unit_test(braces_are_members),
      cmocka_unit_test(help_says_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
