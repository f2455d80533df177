#include "cli/fields.h"
#include "cli/help.h"

#include "cli/args.h"
#include "core/event.h"
#include "core/reason.h"

#include <stdio.h>
#include <string.h>

/* --- For people at a terminal --- */

void help_overview(struct buf *out, const char *group) {
  buf_puts(out,
           "sallyport VERB [OPTIONS]: runs the gates of a secured site and keeps its journal\n");
  size_t n = group ? strlen(group) : 0;
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    if (group && (strncmp(v->words, group, n) != 0 || v->words[n] != ' '))
      continue;
    if (v->heading && !group)
      buf_printf(out, "\n%s\n", v->heading);
    buf_printf(out, "  %-21s %s\n", v->words, v->doc);
  }
  buf_puts(out, "\n`sallyport VERB --help` explains one, with an example.\n");
}

static bool option_required(const struct verb *v, unsigned id) {
  return (v->required >> id & 1) || (id == OPT_AS && v->needs & NEEDS_OPERATOR);
}

static void usage(struct buf *out, const struct verb *v) {
  buf_printf(out, "sallyport %s", v->words);
  for (int i = 0; i < operands_max && v->operands[i].name; i++)
    buf_printf(out, v->operands[i].optional ? " [%s]" : " %s", v->operands[i].name);
  option_set all = verb_options(v);
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = option_row(i);
    if (!(all >> i & 1) || i == OPT_HELP)
      continue;
    bool must = option_required(v, i);
    buf_printf(out, must ? " --%s" : " [--%s", o->name);
    if (o->value)
      buf_printf(out, " %s", o->value);
    buf_puts(out, must ? (o->repeats ? "…" : "") : o->repeats ? "]…" : "]");
  }
  const struct field *f;
  for (size_t i = 0; (f = verb_next_field(v, &i));) {
    char option[field_option_max];
    bool must = f->flags & FIELD_REQUIRED;
    field_option(f, option);
    buf_printf(out, must ? " --%s" : " [--%s", option);
    if (field_value(f))
      buf_printf(out, " %s", field_value(f));
    buf_puts(out, must ? "" : "]");
  }
}

static void names_list(struct buf *out, const char *const *names, const char *quote) {
  for (int i = 0; names[i]; i++)
    buf_printf(out, "%s%s%s%s", i ? ", " : "", quote, names[i], quote);
}

static void roles(struct buf *out, unsigned bits) {
  bool first = true;
  for (unsigned r = 0; r < ROLE_COUNT; r++)
    if (bits & 1u << r) {
      buf_printf(out, "%s%s", first ? "" : ", ", role_names[r]);
      first = false;
    }
}

/* "dana, sam; a second operator of another role: …" */
static bool who_may(struct buf *out, const struct verb *v) {
  if (!v->command)
    return false;
  const struct permission *p = &command_permissions[v->command - 1];
  if (p->actors & 1u << ACTOR_HAND)
    buf_printf(out, "whoever runs the engine%s", p->roles ? ", or the role " : "");
  if (p->roles)
    roles(out, p->roles);
  if (p->second_roles) {
    buf_puts(out, "; and a second operator of another role: ");
    roles(out, p->second_roles);
  }
  return true;
}

static void option_doc(struct buf *out, const struct option_row *o) {
  buf_puts(out, o->doc);
  if (o->names) {
    buf_puts(out, ": ");
    names_list(out, o->names, "");
  }
  if (o->fallback)
    buf_printf(out, " (without it: %s)", o->fallback);
}

static void field_doc(struct buf *out, const struct field *f, const char *quote) {
  buf_puts(out, f->doc);
  if (f->names) {
    buf_puts(out, ": ");
    names_list(out, f->names, quote);
  }
}

void help_verb(struct buf *out, const struct verb *v) {
  buf_printf(out, "%s: %s\n\n  ", v->words, v->doc);
  usage(out, v);
  buf_puts(out, "\n\n");
  for (int i = 0; i < operands_max && v->operands[i].name; i++) {
    const struct operand *o = &v->operands[i];
    buf_printf(out, "  %-26s %s", o->name, o->doc);
    if (o->names) {
      buf_puts(out, ": ");
      names_list(out, o->names, "");
    }
    buf_puts(out, "\n");
  }
  option_set all = verb_options(v);
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = option_row(i);
    if (!(all >> i & 1))
      continue;
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    buf_printf(out, "  %-26s ", left);
    option_doc(out, o);
    buf_puts(out, "\n");
  }
  const struct field *f;
  for (size_t i = 0; (f = verb_next_field(v, &i));) {
    char left[64], option[field_option_max];
    field_option(f, option);
    snprintf(left, sizeof left, "--%s%s%s", option, field_value(f) ? " " : "",
             field_value(f) ? field_value(f) : "");
    buf_printf(out, "  %-26s ", left);
    field_doc(out, f, "");
    buf_puts(out, "\n");
  }
  if (v->more)
    buf_printf(out, "\n%s\n", v->more);
  struct buf who = {0};
  if (who_may(&who, v) && buf_cstr(&who))
    buf_printf(out, "\nWho may: %s.\n", buf_cstr(&who));
  buf_free(&who);
  if (v->needs & NEEDS_ENGINE)
    buf_puts(out, "The engine must be running (`sallyport serve`).\n");
  buf_printf(out, "\nExample\n  %s\n", v->example);
}

/* --- docs/cli.md --- */

void help_markdown(struct buf *out) {
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    if (v->heading)
      buf_printf(out, "## %s\n\n", v->heading);
    buf_printf(out, "### `%s`\n\n", v->words);
    buf_printf(out, "%c%s.", v->doc[0] - ('a' <= v->doc[0] && v->doc[0] <= 'z' ? 32 : 0),
               v->doc + 1);
    if (v->more)
      buf_printf(out, " %s", v->more);
    struct buf who = {0};
    if (who_may(&who, v) && buf_cstr(&who))
      buf_printf(out, " Who may: %s.", buf_cstr(&who));
    buf_free(&who);
    buf_puts(out, "\n\n```\n");
    usage(out, v);
    buf_printf(out, "\n\n%s\n```\n\n", v->example);
    for (int k = 0; k < operands_max && v->operands[k].name; k++)
      buf_printf(out, "- `%s`: %s\n", v->operands[k].name, v->operands[k].doc);
    const struct field *f;
    for (size_t k = 0; (f = verb_next_field(v, &k));) {
      char option[field_option_max];
      field_option(f, option);
      buf_printf(out, "- `--%s`: ", option);
      field_doc(out, f, "`");
      buf_puts(out, "\n");
    }
    if (v->operands[0].name || v->fields)
      buf_puts(out, "\n");
  }
  buf_puts(out, "## Options\n\nEach verb above says which it takes.\n\n"
                "| option | meaning | without it |\n|---|---|---|\n");
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = option_row(i);
    buf_printf(out, "| `--%s%s%s` | %s", o->name, o->value ? " " : "", o->value ? o->value : "",
               o->doc);
    if (o->names) {
      buf_puts(out, ": ");
      names_list(out, o->names, "`");
    }
    buf_printf(out, " | %s |\n", o->fallback ? o->fallback : "");
  }
  buf_puts(out, "\n## Exit codes\n\n| code | name | meaning |\n|---|---|---|\n");
  for (int e = 0; e < SP_ERR_COUNT; e++)
    buf_printf(out, "| %d | `%s` | %s |\n", sp_err_exit((enum sp_err)e),
               sp_err_name((enum sp_err)e), sp_err_text((enum sp_err)e));
}

/* --- The man page --- */

/* Text within roff: backslashes, leading dots and quotes, hyphens that are meant as typed. */
static void roff(struct buf *out, const char *text) {
  for (const char *p = text; *p; p++) {
    bool start = p == text || p[-1] == '\n';
    if (start && (*p == '.' || *p == '\''))
      buf_puts(out, "\\&");
    if (*p == '\\')
      buf_puts(out, "\\e");
    else if (*p == '-')
      buf_puts(out, "\\-");
    else
      buf_put(out, p, 1);
  }
}

static void roff_usage(struct buf *out, const struct verb *v) {
  struct buf text = {0};
  usage(&text, v);
  const char *s = buf_cstr(&text);
  roff(out, s ? s : "");
  buf_free(&text);
}

void help_man(struct buf *out) {
  buf_puts(out,
           ".TH SALLYPORT 1\n.SH NAME\nsallyport \\- runs the gates of a secured site and keeps "
           "its journal\n.SH SYNOPSIS\n.B sallyport\n.I VERB\n[\\fIOPTIONS\\fR]\n");
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    if (v->heading) {
      buf_puts(out, ".SH ");
      for (const char *p = v->heading; *p; p++)
        buf_printf(out, "%c", *p >= 'a' && *p <= 'z' ? *p - 32 : *p);
      buf_puts(out, "\n");
    }
    buf_puts(out, ".SS ");
    roff(out, v->words);
    buf_puts(out, "\n.nf\n");
    roff_usage(out, v);
    buf_puts(out, "\n.fi\n.PP\n");
    roff(out, v->doc);
    buf_puts(out, ".\n");
    if (v->more) {
      roff(out, v->more);
      buf_puts(out, "\n");
    }
    struct buf who = {0};
    if (who_may(&who, v) && buf_cstr(&who)) {
      buf_puts(out, "Who may: ");
      roff(out, buf_cstr(&who));
      buf_puts(out, ".\n");
    }
    buf_free(&who);
    for (int k = 0; k < operands_max && v->operands[k].name; k++) {
      buf_printf(out, ".TP\n.I %s\n", v->operands[k].name);
      roff(out, v->operands[k].doc);
      buf_puts(out, "\n");
    }
    const struct field *f;
    for (size_t k = 0; (f = verb_next_field(v, &k));) {
      struct buf doc = {0};
      char option[field_option_max];
      field_option(f, option);
      buf_puts(out, ".TP\n.B ");
      roff(out, "--");
      roff(out, option);
      buf_puts(out, "\n");
      field_doc(&doc, f, "");
      roff(out, buf_cstr(&doc) ? buf_cstr(&doc) : "");
      buf_puts(out, "\n");
      buf_free(&doc);
    }
    buf_puts(out, ".PP\n.nf\n.RS\n");
    roff(out, v->example);
    buf_puts(out, "\n.RE\n.fi\n");
  }
  buf_puts(out, ".SH OPTIONS\n");
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = option_row(i);
    struct buf doc = {0};
    buf_puts(out, ".TP\n.B ");
    roff(out, "--");
    roff(out, o->name);
    if (o->value) {
      buf_puts(out, " \\fI");
      roff(out, o->value);
      buf_puts(out, "\\fR");
    }
    buf_puts(out, "\n");
    option_doc(&doc, o);
    roff(out, buf_cstr(&doc) ? buf_cstr(&doc) : "");
    buf_puts(out, "\n");
    buf_free(&doc);
  }
  buf_puts(out, ".SH EXIT STATUS\n");
  for (int e = 0; e < SP_ERR_COUNT; e++) {
    buf_printf(out, ".TP\n.B %d\n", sp_err_exit((enum sp_err)e));
    roff(out, sp_err_text((enum sp_err)e));
    buf_puts(out, "\n");
  }
  buf_puts(out, ".SH ENVIRONMENT\n.TP\n.B SALLYPORT_DIR\nthe data directory where "
                "\\fB\\-\\-dir\\fR is not given\n.TP\n.B NO_COLOR\nno colours, also on a "
                "terminal\n");
}

/* --- Completion --- */

static void bash_words(struct buf *out, const char *group) {
  size_t n = group ? strlen(group) : 0;
  char last[32] = "";
  for (size_t i = 0; i < verbs_n; i++) {
    const char *w = verbs[i].words;
    if (group) {
      if (strncmp(w, group, n) == 0 && w[n] == ' ')
        buf_printf(out, " %s", w + n + 1);
      continue;
    }
    size_t first = strcspn(w, " ");
    if (strlen(last) == first && memcmp(last, w, first) == 0)
      continue;
    snprintf(last, sizeof last, "%.*s", (int)first, w);
    buf_printf(out, " %s", last);
  }
}

/* What the value of an option, or an operand, is completed with. */
static void bash_values(struct buf *out, enum value_kind kind, const char *const *names) {
  if (kind == VALUE_FILE)
    buf_puts(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
  else if (kind == VALUE_DIRECTORY)
    buf_puts(out, "COMPREPLY=($(compgen -d -- \"$cur\"))");
  else if (names) {
    buf_puts(out, "COMPREPLY=($(compgen -W '");
    for (int i = 0; names[i]; i++)
      buf_printf(out, "%s%s", i ? " " : "", names[i]);
    buf_puts(out, "' -- \"$cur\"))");
  } else {
    buf_puts(out, "COMPREPLY=()");
  }
}

void help_bash(struct buf *out) {
  buf_puts(out, "# Completion of sallyport for bash; made from the table of verbs.\n"
                "_sallyport() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "  local verb=${COMP_WORDS[1]} options=''\n"
                "  COMPREPLY=()\n"
                "  if ((COMP_CWORD == 1)); then\n"
                "    COMPREPLY=($(compgen -W 'help");
  bash_words(out, NULL);
  buf_puts(out, "' -- \"$cur\"))\n    return\n  fi\n  case $verb in\n");
  char last[32] = "";
  for (size_t i = 0; i < verbs_n; i++) {
    const char *space = strchr(verbs[i].words, ' ');
    size_t n = space ? (size_t)(space - verbs[i].words) : 0;
    if (!n || (strlen(last) == n && memcmp(last, verbs[i].words, n) == 0))
      continue;
    snprintf(last, sizeof last, "%.*s", (int)n, verbs[i].words);
    buf_printf(out, "  %s)\n    if ((COMP_CWORD == 2)); then\n      COMPREPLY=($(compgen -W '",
               last);
    bash_words(out, last);
    buf_puts(out, "' -- \"$cur\"))\n      return\n    fi\n"
                  "    verb=\"$verb ${COMP_WORDS[2]}\" ;;\n");
  }
  buf_puts(out, "  esac\n  case $prev in\n");
  for (unsigned i = 0; i < OPTION_COUNT; i++) {
    const struct option_row *o = option_row(i);
    if (o->kind == VALUE_FLAG)
      continue;
    buf_printf(out, "  --%s) ", o->name);
    bash_values(out, o->kind, o->names);
    buf_puts(out, "; return ;;\n");
  }
  buf_puts(out, "  esac\n  case $verb in\n");
  for (size_t i = 0; i < verbs_n; i++) {
    const struct verb *v = &verbs[i];
    option_set all = verb_options(v);
    buf_printf(out, "  '%s') options='", v->words);
    for (unsigned k = 0; k < OPTION_COUNT; k++)
      if (all >> k & 1)
        buf_printf(out, " --%s", option_row(k)->name);
    const struct field *f;
    for (size_t k = 0; (f = verb_next_field(v, &k));) {
      char option[field_option_max];
      field_option(f, option);
      buf_printf(out, " --%s", option);
    }
    buf_puts(out, "'");
    for (int k = 0; k < operands_max && v->operands[k].name; k++) {
      const struct operand *o = &v->operands[k];
      if (o->kind == VALUE_FILE || o->kind == VALUE_DIRECTORY || o->names) {
        buf_puts(out, "\n    [[ $cur == -* ]] || { ");
        bash_values(out, o->kind, o->names);
        buf_puts(out, "; return; }");
        break;
      }
    }
    buf_puts(out, " ;;\n");
  }
  buf_puts(out, "  esac\n  COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n}\n"
                "complete -o filenames -F _sallyport sallyport\n");
}

/* --- Tables of the core --- */

void help_reasons_markdown(struct buf *out) {
  buf_puts(out, "| row | code | sentence |\n|---|---|---|\n");
  for (unsigned r = 0; r < REASON_COUNT; r++) {
    if (reason_row((enum reason)r))
      buf_printf(out, "| %u", reason_row((enum reason)r));
    else
      buf_puts(out, "| ");
    buf_printf(out, " | `%s` | %s |\n", reason_codes[r], reason_sentence((enum reason)r));
  }
}

void help_permissions_markdown(struct buf *out) {
  buf_puts(out, "| command | who may ask | second operator |\n|---|---|---|\n");
  static const char *const actors[ACTOR_KIND_COUNT] = {
      [ACTOR_CORE] = "the core itself", [ACTOR_INIT] = "`init`", [ACTOR_HAND] = "by hand",
      [ACTOR_LINE] = "a line",          [ACTOR_OPERATOR] = "",
  };
  for (unsigned c = 0; c < COMMAND_COUNT; c++) {
    const struct permission *p = &command_permissions[c];
    bool first = true;
    buf_printf(out, "| `%s` | ", command_records[c].type);
    for (unsigned a = 0; a < ACTOR_KIND_COUNT; a++)
      if (p->actors & 1u << a) {
        buf_printf(out, "%s%s", first ? "" : ", ", actors[a]);
        first = false;
      }
    if (p->roles && !first)
      buf_puts(out, ", ");
    roles(out, p->roles);
    buf_puts(out, " | ");
    roles(out, p->second_roles);
    buf_puts(out, " |\n");
  }
}

static void field_kind(struct buf *out, const struct field *f) {
  switch (f->kind) {
  case FIELD_CONST:
    buf_puts(out, "the type");
    return;
  case FIELD_BOOL:
    buf_puts(out, "true");
    return;
  case FIELD_U32:
  case FIELD_U64:
    buf_puts(out, "number");
    return;
  case FIELD_TIME:
    buf_puts(out, "time");
    return;
  case FIELD_ENUM:
    if (f->names == person_kind_names)
      buf_puts(out, "kind of person");
    else if (f->names == role_names)
      buf_puts(out, "role");
    else
      names_list(out, f->names, "`");
    return;
  case FIELD_SET:
    buf_puts(out, "list of ");
    names_list(out, f->names, "`");
    return;
  case FIELD_ID:
    buf_puts(out, "32 hex digits");
    return;
  case FIELD_HASH:
    buf_puts(out, "64 hex digits");
    return;
  case FIELD_SLUG:
    buf_puts(out, "name");
    return;
  case FIELD_REF:
    buf_puts(out, ref_kind_names[f->ref]);
    return;
  case FIELD_REF_ANY:
    buf_puts(out, "kind:name");
    return;
  case FIELD_REFS:
    buf_puts(out, "list of kind:name");
    return;
  case FIELD_REASONS:
    buf_puts(out, "list of {code, on}");
    return;
  }
  SP_NEVER("a field is of one kind");
}

static void record_markdown(struct buf *out, const struct record *r, const char *doc) {
  buf_printf(out, "| `%s` | %s | ", r->type, doc);
  bool first = true;
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    if (f->kind == FIELD_CONST)
      continue;
    buf_printf(out, "%s`%s`%s: %s (", first ? "" : "<br>", f->name,
               f->flags & FIELD_REQUIRED ? "" : "?", f->doc);
    field_kind(out, f);
    buf_puts(out, ")");
    first = false;
  }
  buf_puts(out, " |\n");
}

void help_entries_markdown(struct buf *out) {
  buf_puts(out, "| type | means | `data` |\n|---|---|---|\n");
  for (unsigned e = 0; e < EVENT_COUNT; e++) {
    struct buf doc = {0};
    unsigned flags = event_flags((enum event_type)e);
    buf_puts(&doc, event_doc((enum event_type)e));
    if (flags & EVENT_ALARM)
      buf_puts(&doc, flags & EVENT_SILENT ? " (alarm, silent at the door)" : " (alarm)");
    record_markdown(out, &event_records[e], buf_cstr(&doc) ? buf_cstr(&doc) : "");
    buf_free(&doc);
  }
}

void help_commands_markdown(struct buf *out) {
  buf_puts(out, "| `type` | asks to | other members |\n|---|---|---|\n");
  for (unsigned c = 0; c < COMMAND_COUNT; c++)
    record_markdown(out, &command_records[c], command_doc((enum command_type)c));
}
