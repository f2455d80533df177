#include "cli/args.h"

#include "cli/fields.h"

#include "plan/plan_scalar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

static const struct option_row rows[OPTION_COUNT] = {
#define X(NAME, name, kind, value, names, fallback, repeats, doc)                                  \
  [OPT_##NAME] = {name, kind, value, names, fallback, repeats, doc},
    OPTION_LIST(X)
#undef X
};

const struct option_row *option_row(enum option_id id) {
  SP_ASSERT((unsigned)id < OPTION_COUNT);
  return &rows[id];
}

option_set verb_options(const struct verb *v) {
  option_set o = v->options | OPT_BIT(HELP);
  if (v->needs & NEEDS_DIR)
    o |= OPT_BIT(DIR);
  if (v->needs & GIVES_JSON)
    o |= OPT_BIT(JSON);
  if (v->needs & (NEEDS_OPERATOR | MAY_OPERATOR))
    o |= OPT_BIT(AS) | OPT_BIT(PASSWORD_FD);
  if (v->needs & NEEDS_SECOND)
    o |= OPT_BIT(SECOND) | OPT_BIT(SECOND_PASSWORD_FD);
  return o;
}

/* --- Words --- */

/* The verb that argv[at…] begins with, the longest first; *took words. */
static const struct verb *take_verb(int argc, char **argv, int at, int *took) {
  for (int words = 2; words >= 1; words--) {
    if (at + words > argc)
      continue;
    for (size_t i = 0; i < verbs_n; i++) {
      const char *space = strchr(verbs[i].words, ' ');
      size_t first = space ? (size_t)(space - verbs[i].words) : strlen(verbs[i].words);
      if ((words == 2) != (space != NULL) || strlen(argv[at]) != first ||
          memcmp(argv[at], verbs[i].words, first) != 0)
        continue;
      if (words == 2 && strcmp(argv[at + 1], space + 1) != 0)
        continue;
      *took = words;
      return &verbs[i];
    }
  }
  return NULL;
}

static bool is_group(const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i < verbs_n; i++)
    if (strncmp(verbs[i].words, word, n) == 0 && verbs[i].words[n] == ' ')
      return true;
  return false;
}

static const char *verb_at(const void *ctx, uint32_t i) {
  (void)ctx;
  return verbs[i].words;
}

/* First words alone: what a group, or a verb of one word, begins with. */
enum { first_words_max = 256, first_word_max = 24 };
struct first_words {
  char at[first_words_max][first_word_max];
};
static const char *first_word_at(const void *ctx, uint32_t i) {
  const struct first_words *w = ctx;
  return w->at[i];
}

static enum sp_err unknown_verb(int argc, char **argv, int at, struct fault *why) {
  char typed[128];
  if (is_group(argv[at])) {
    struct buf list = {0};
    size_t n = strlen(argv[at]);
    for (size_t i = 0; i < verbs_n; i++)
      if (strncmp(verbs[i].words, argv[at], n) == 0 && verbs[i].words[n] == ' ')
        buf_printf(&list, "%s%s", list.n ? ", " : "", verbs[i].words + n + 1);
    const char *all = buf_cstr(&list);
    const char *near = NULL;
    if (at + 1 < argc && argv[at + 1][0] != '-') {
      snprintf(typed, sizeof typed, "%s %s", argv[at], argv[at + 1]);
      near = plan_nearest(typed, verb_at, NULL, (uint32_t)verbs_n);
      fault_set(why, SP_USAGE, "there is no `%s`%s%s%s: after `%s` comes one of %s", typed,
                near ? "; is `" : "", near ? near : "", near ? "` meant?" : "", argv[at],
                all ? all : "its verbs");
    } else {
      fault_set(why, SP_USAGE, "after `%s` comes one of %s", argv[at], all ? all : "its verbs");
    }
    buf_free(&list);
    return SP_USAGE;
  }
  char near[64] = "";
  struct first_words words = {0};
  SP_ASSERT(verbs_n <= first_words_max);
  for (size_t i = 0; i < verbs_n; i++)
    snprintf(words.at[i], first_word_max, "%.*s", (int)strcspn(verbs[i].words, " "),
             verbs[i].words);
  const char *found = plan_nearest(argv[at], first_word_at, &words, (uint32_t)verbs_n);
  if (found)
    snprintf(near, sizeof near, "; is `%s` meant?", found);
  for (size_t i = 0; !found && at + 1 == argc && i < verbs_n; i++) {
    const char *second = strchr(verbs[i].words, ' ');
    if (second && strcmp(second + 1, argv[at]) == 0) {
      snprintf(near, sizeof near, "; is `%s` meant?", verbs[i].words);
      break;
    }
  }
  return fault_set(why, SP_USAGE, "there is no verb `%s`%s `sallyport --help` lists them", argv[at],
                   near[0] ? near : ":");
}

/* --- Options --- */

struct option_search {
  option_set allowed;
};
static const char *option_at(const void *ctx, uint32_t i) {
  const struct option_search *s = ctx;
  return s->allowed >> i & 1 ? rows[i].name : "";
}

static const char *option_in(const void *ctx, uint32_t i) {
  return (const char *)ctx + (size_t)i * field_option_max;
}

static enum sp_err unknown_option(const struct verb *v, const char *name, size_t n,
                                  struct fault *why) {
  char typed[64];
  snprintf(typed, sizeof typed, "%.*s", (int)n, name);
  struct option_search s = {verb_options(v)};
  const char *near = plan_nearest(typed, option_at, &s, OPTION_COUNT);
  char fields[32][field_option_max];
  uint32_t n_fields = 0;
  const struct field *f;
  for (size_t i = 0; (f = verb_next_field(v, &i));)
    field_option(f, fields[n_fields++]);
  if (!near)
    near = plan_nearest(typed, option_in, fields, n_fields);
  return fault_set(
      why, SP_USAGE, "`%s` takes no option --%s%s%s%s `sallyport %s --help` lists them", v->words,
      typed, near ? "; is --" : ":", near ? near : "", near ? " meant?" : "", v->words);
}

static enum sp_err bad_choice(const char *what, const char *text, const char *const *names,
                              struct fault *why) {
  struct buf list = {0};
  for (int i = 0; names[i]; i++)
    buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
  const char *all = buf_cstr(&list);
  fault_set(why, SP_USAGE, "%s: `%s` is none of %s", what, text, all ? all : "them");
  buf_free(&list);
  return SP_USAGE;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *out) {
  char *end;
  if (*text < '0' || *text > '9')
    return false;
  errno = 0;
  unsigned long long v = strtoull(text, &end, 10);
  *out = v;
  return errno == 0 && *end == '\0' && v <= most;
}

static enum sp_err check_value(const struct option_row *o, const char *text, uint64_t *number,
                               struct fault *why) {
  switch (o->kind) {
  case VALUE_NUMBER:
    if (!parse_number(text, (UINT64_C(1) << 53) - 1, number))
      return fault_set(why, SP_USAGE, "--%s: `%s` is no whole number", o->name, text);
    return SP_OK;
  case VALUE_FD:
    if (!parse_number(text, 1 << 20, number))
      return fault_set(why, SP_USAGE,
                       "--%s: `%s` is no file descriptor: give its number and open it, like "
                       "--%s 3 3<FILE",
                       o->name, text, o->name);
    if (fcntl((int)*number, F_GETFD) < 0)
      return fault_set(why, SP_USAGE,
                       "--%s: file descriptor %s is not open: open it, like --%s %s %s<FILE",
                       o->name, text, o->name, text, text);
    return SP_OK;
  case VALUE_CHOICE:
    for (uint32_t i = 0; o->names[i]; i++)
      if (strcmp(o->names[i], text) == 0) {
        *number = i;
        return SP_OK;
      }
    char what[32];
    snprintf(what, sizeof what, "--%s", o->name);
    return bad_choice(what, text, o->names, why);
  case VALUE_FLAG:
    return SP_OK;
  case VALUE_TEXT:
  case VALUE_TIME:
  case VALUE_FILE:
  case VALUE_DIRECTORY:
  case VALUE_PERSON:
  case VALUE_CREDENTIAL:
  case VALUE_OPERATOR:
  case VALUE_PLACE:
  case VALUE_FIELD:
    if (*text == '\0')
      return fault_set(why, SP_USAGE, "--%s: the value is empty", o->name);
    return SP_OK;
  }
  SP_NEVER("a value is of one kind");
}

/* A field of the command as an option. */
static enum sp_err take_field(struct args *a, int argc, char **argv, int *at, bool *is,
                              struct fault *why) {
  const char *name = argv[*at] + 2, *equals = strchr(name, '=');
  size_t n = equals ? (size_t)(equals - name) : strlen(name), i = 0;
  const struct field *f;
  while ((f = verb_next_field(a->verb, &i))) {
    char option[field_option_max];
    field_option(f, option);
    if (strlen(option) != n || memcmp(option, name, n) != 0)
      continue;
    const char *value = field_value(f);
    *is = true;
    if (a->fields[i - 1])
      return fault_set(why, SP_USAGE, "--%s is given twice: give it once", option);
    if (!value && equals)
      return fault_set(why, SP_USAGE, "--%s takes no value", option);
    if (value && !equals && (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0))
      return fault_set(why, SP_USAGE, "--%s needs a value: --%s %s", option, option, value);
    a->fields[i - 1] = !value ? "" : equals ? equals + 1 : argv[++*at];
    if (value && !*a->fields[i - 1])
      return fault_set(why, SP_USAGE, "--%s: the value is empty", option);
    return SP_OK;
  }
  return SP_OK;
}

/* argv[*at] begins with "--". */
static enum sp_err take_option(struct args *a, int argc, char **argv, int *at, struct fault *why) {
  const char *name = argv[*at] + 2;
  const char *equals = strchr(name, '=');
  size_t n = equals ? (size_t)(equals - name) : strlen(name);
  option_set allowed = verb_options(a->verb);
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = &rows[i];
    if (!(allowed >> i & 1) || strlen(o->name) != n || memcmp(o->name, name, n) != 0)
      continue;
    struct given *g = &a->options[i];
    const char *text = "";
    if (o->kind == VALUE_FLAG && equals)
      return fault_set(why, SP_USAGE, "--%s takes no value", o->name);
    if (o->kind != VALUE_FLAG) {
      if (!equals && *at + 1 >= argc)
        return fault_set(why, SP_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->value);
      text = equals ? equals + 1 : argv[++*at];
    }
    if (g->n && !o->repeats)
      return fault_set(why, SP_USAGE, "--%s is given twice: give it once", o->name);
    if (g->n == repeats_max)
      return fault_set(why, SP_LIMIT, "--%s is given more than %d times", o->name, repeats_max);
    g->text[g->n++] = text;
    return check_value(o, text, &g->number, why);
  }
  bool is = false;
  enum sp_err err = take_field(a, argc, argv, at, &is, why);
  return is ? err : unknown_option(a->verb, name, n, why);
}

/* --- The line --- */

static enum sp_err check_complete(const struct args *a, struct fault *why) {
  const struct verb *v = a->verb;
  for (int i = 0; i < operands_max && v->operands[i].name; i++)
    if (!a->operands[i] && !v->operands[i].optional)
      return fault_set(why, SP_USAGE, "`%s` needs %s, %s: for example `%.*s`", v->words,
                       v->operands[i].name, v->operands[i].doc, (int)strcspn(v->example, "\n"),
                       v->example);
  for (unsigned i = 0; i < OPTION_COUNT; i++)
    if (v->required >> i & 1 && !a->options[i].n)
      return fault_set(why, SP_USAGE, "`%s` needs --%s %s, %s: for example `%.*s`", v->words,
                       rows[i].name, rows[i].value, rows[i].doc, (int)strcspn(v->example, "\n"),
                       v->example);
  const struct field *f;
  for (size_t i = 0; (f = verb_next_field(v, &i));) {
    char option[field_option_max];
    field_option(f, option);
    if (f->flags & FIELD_REQUIRED && !a->fields[i - 1])
      return fault_set(why, SP_USAGE, "`%s` needs --%s %s, %s: for example `%.*s`", v->words,
                       option, field_value(f), f->doc, (int)strcspn(v->example, "\n"), v->example);
  }
  if (v->needs & NEEDS_OPERATOR && !a->options[OPT_AS].n)
    return fault_set(why, SP_USAGE, "`%s` is asked by an operator: give --as NAME", v->words);
  if (a->options[OPT_PASSWORD_FD].n && !a->options[OPT_AS].n &&
      v->needs & (NEEDS_OPERATOR | MAY_OPERATOR) && !(v->options & OPT_BIT(PASSWORD_FD)))
    return fault_set(why, SP_USAGE, "--password-fd says whose password with --as NAME");
  if (a->options[OPT_SECOND_PASSWORD_FD].n && !a->options[OPT_SECOND].n)
    return fault_set(why, SP_USAGE, "--second-password-fd says whose password with --second NAME");
  return SP_OK;
}

static enum sp_err take_operand(struct args *a, const char *text, int *n, struct fault *why) {
  const struct operand *o = *n < operands_max ? &a->verb->operands[*n] : NULL;
  if (!o || !o->name)
    return fault_set(why, SP_USAGE,
                     "`%s` is one too many: `sallyport %s --help` says what it takes", text,
                     a->verb->words);
  if (*text == '\0')
    return fault_set(why, SP_USAGE, "%s is empty", o->name);
  if (o->kind == VALUE_CHOICE) {
    int i = 0;
    while (o->names[i] && strcmp(o->names[i], text) != 0)
      i++;
    if (!o->names[i])
      return bad_choice(o->name, text, o->names, why);
  }
  uint64_t number;
  if (o->kind == VALUE_NUMBER && !parse_number(text, (UINT64_C(1) << 53) - 1, &number))
    return fault_set(why, SP_USAGE, "%s: `%s` is no whole number", o->name, text);
  a->operands[(*n)++] = text;
  return SP_OK;
}

static bool asks_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

enum sp_err args_parse(struct args *a, int argc, char **argv, struct fault *why) {
  memset(a, 0, sizeof *a);
  int at = 1, took = 0, n = 0;
  if (argc < 2)
    return fault_set(why, SP_USAGE, "say what to do: `sallyport --help` lists the verbs");
  bool help_word = strcmp(argv[1], "help") == 0;
  if (asks_help(argv[1]) || help_word) {
    a->options[OPT_HELP].n = 1;
    if (!help_word || argc == 2)
      return SP_OK;
    at = 2;
  } else if (strcmp(argv[1], "--version") == 0) {
    argv[1] = (char *)(uintptr_t) "version";
  } else if (argv[1][0] == '@') { /* how serve starts its processes; people have no use for it */
    a->process = argv[1] + 1;
    argv[1] = (char *)(uintptr_t) "serve";
  }
  a->verb = take_verb(argc, argv, at, &took);
  if (!a->verb && is_group(argv[at]) && (help_word || (at + 1 < argc && asks_help(argv[at + 1])))) {
    a->options[OPT_HELP].n = 1; /* of the whole group: main sees no verb and the word */
    a->operands[0] = argv[at];
    return SP_OK;
  }
  if (!a->verb)
    return unknown_verb(argc, argv, at, why);
  bool only_operands = false;
  enum sp_err err = SP_OK;
  for (at += took; at < argc && !err; at++) {
    const char *word = argv[at];
    if (!only_operands && strcmp(word, "--") == 0)
      only_operands = true;
    else if (!only_operands && asks_help(word))
      a->options[OPT_HELP].n = 1;
    else if (!only_operands && word[0] == '-' && word[1] == '-')
      err = take_option(a, argc, argv, &at, why);
    else if (!only_operands && word[0] == '-' && word[1] != '\0')
      err =
          fault_set(why, SP_USAGE, "options are written out, with two dashes: `%s` is none", word);
    else
      err = take_operand(a, word, &n, why);
  }
  if (!err && !a->options[OPT_HELP].n)
    err = check_complete(a, why);
  return err;
}
