/* gendict.c: dictionaries for the fuzz targets, from the tables of the code.
 *
 *   gendict --write FUZZ    makes FUZZ/NAME.dict so
 *   gendict --check FUZZ    tells which is not so; ends with 1
 */
#include "cli/import.h"
#include "cli/verb.h"
#include "core/core.h"
#include "engine/frame.h"
#include "plan/plan_build.h"
#include "plan/plan_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Words, each once, in the order in which they were first said --- */

struct words {
  struct buf text; /* the file */
};

static void word(struct words *w, const char *before, const char *s, const char *after) {
  struct buf line = {0};
  buf_puts(&line, "\"");
  const char *const parts[] = {before, s, after};
  for (size_t k = 0; k < 3; k++)
    for (const char *p = parts[k]; *p; p++)
      if (*p == '"' || *p == '\\')
        buf_printf(&line, "\\%c", *p);
      else if (*p == '\n')
        buf_puts(&line, "\\x0a");
      else
        buf_put(&line, p, 1);
  buf_puts(&line, "\"\n");
  /* A line begins the file or follows another. */
  struct span all = buf_span(&w->text), l = buf_span(&line);
  bool there = false;
  for (const uint8_t *p = all.p; all.n && !there && p && p + l.n <= all.p + all.n;) {
    there = memcmp(p, l.p, l.n) == 0;
    p = memchr(p, '\n', (size_t)(all.p + all.n - p));
    p = p ? p + 1 : NULL;
  }
  if (!there)
    buf_put(&w->text, line.p, line.n);
  buf_free(&line);
}

static void names(struct words *w, const char *before, const char *const *list, const char *after) {
  for (; list && *list; list++)
    word(w, before, *list, after);
}

static void record(struct words *w, const struct record *r) {
  for (size_t i = 0; i < r->n_fields; i++) {
    word(w, "\"", r->fields[i].name, "\":");
    names(w, "\"", r->fields[i].names, "\"");
  }
}

/* --- The dictionaries --- */

static void words_of_names(struct words *w) {
  for (const char *c = "0123456789abcdefghijklmnopqrstuvwABCDEFG"; *c; c++)
    word(w, "@", (const char[]){*c, 0}, "");
  for (int k = 1; k < REF_KIND_COUNT; k++)
    word(w, "\"", ref_kind_names[k], ":");
}

static void of_commands(struct words *w) {
  for (int i = 0; i < COMMAND_COUNT; i++) {
    word(w, "{\"command\":{\"type\":\"", command_records[i].type, "\",");
    record(w, &command_records[i]);
  }
  static const char *const members[] = {
      "command", "details", "login",  "logout", "name", "password", "second",  "secret", "session",
      "status",  "card",    "format", "value",  "pin",  "duress",   "effects", NULL};
  names(w, "\"", members, "\":");
}

static void of_events(struct words *w) {
  for (int i = 0; i < EVENT_COUNT; i++) {
    word(w, "\n", event_records[i].type, " {");
    record(w, &event_records[i]);
  }
}

static void dict_engine(struct words *w) {
  of_commands(w);
  words_of_names(w);
  static const char *const steps[] = {
      "&{", "#1", "#3", "#5{\"effects\":true}", "=SP", "%1", "+1000", "<1000", "!", "~", NULL};
  names(w, "\n", steps, "");
}

static void dict_entries(struct words *w) {
  of_events(w);
  of_commands(w);
  words_of_names(w);
  static const char *const more[] = {"|{",         "|op:@k", "|op:@m", "|line:bus",
                                     "|node:hand", "|core",  NULL};
  names(w, "", more, "");
}

static void dict_record(struct words *w) {
  for (int i = 0; i < COMMAND_COUNT; i++)
    record(w, &command_records[i]);
  for (int i = 0; i < EVENT_COUNT; i++)
    record(w, &event_records[i]);
  words_of_names(w);
}

static void dict_entry(struct words *w) {
  static const char *const members[] = {"at",     "by",   "cause",    "clock", "command",
                                        "commit", "data", "known_at", "n",     "second",
                                        "site",   "type", "v",        NULL};
  names(w, "\"", members, "\":");
  for (int i = 0; i < EVENT_COUNT; i++)
    word(w, "\"", event_records[i].type, "\"");
  static const char *const values[] = {"\"untrusted\"",
                                       "\"core\"",
                                       "\"op:",
                                       "\"line:",
                                       "\"node:init\"",
                                       "\"2026-11-18T11:06:40.000000Z\"",
                                       NULL};
  names(w, "", values, "");
}

static void dict_json(struct words *w) {
  static const char *const members[] = {
      "command", "details", "login", "logout", "name", "password", "second", "secret", "session",
      "status",  "scrypt",  "hash",  "n",      "p",    "r",        "salt",   NULL};
  static const char *const values[] = {"true",           "false", "null", "\\u00e9",
                                       "\\ud83d\\ude00", "1e9",   "-0",   NULL};
  names(w, "\"", members, "\":");
  names(w, "", values, "");
}

static void dict_plan(struct words *w) {
  for (size_t i = 0; i < plan_sections_n; i++) {
    word(w, "", plan_sections[i].name, ":");
    for (size_t k = 0; k < plan_sections[i].n_fields; k++) {
      const struct plan_field *f = &plan_sections[i].fields[k];
      word(w, "", f->key, ": ");
      if (f->kind == PLAN_ENUM || f->kind == PLAN_KINDS)
        names(w, "", f->names, "");
      if (f->fallback)
        word(w, ": ", f->fallback, "");
    }
  }
  static const char *const more[] = {"all",         "mon-fri: ",     "daily: ", "closed",
                                     "08:00-18:00", "Europe/Berlin", NULL};
  names(w, "", more, "");
}

static void dict_blob(struct words *w) {
#define X(member, count, most) word(w, "\"", #member, "\":");
  PLAN_ARRAYS(X)
#undef X
  word(w, "", "65535", "");
  word(w, "", "4294967295", "");
}

static void dict_csv(struct words *w) {
  for (int i = 0; i < IMPORT_COLUMN_COUNT; i++)
    word(w, "", import_column_name((enum import_column)i), ",");
  names(w, "", person_kind_names, ",");
  static const char *const more[] = {"h10301:", "long:0x",    "\"\"",      ",\"",
                                     "\n",      "2026-11-18", "all night", NULL};
  names(w, "", more, "");
}

static void dict_args(struct words *w) {
  for (size_t i = 0; i < verbs_n; i++) {
    char text[64];
    snprintf(text, sizeof text, "%s", verbs[i].words);
    for (char *p = text; *p; p++)
      *p = *p == ' ' ? '\n' : *p;
    word(w, "", text, "\n");
  }
  for (int i = 0; i < OPTION_COUNT; i++) {
    word(w, "\n--", option_row((enum option_id)i)->name, "\n");
    names(w, "\n", option_row((enum option_id)i)->names, "");
  }
}

static const struct {
  const char *name;
  void (*fill)(struct words *w);
} dicts[] = {
    {"args", dict_args},     {"blob", dict_blob},       {"csv", dict_csv},
    {"engine", dict_engine}, {"entries", dict_entries}, {"entry", dict_entry},
    {"json", dict_json},     {"plan", dict_plan},       {"record", dict_record},
};

/* --- Files --- */

static bool same(const char *path, struct span text) {
  struct buf is = {0};
  FILE *f = fopen(path, "rbe");
  size_t n;
  while (f && buf_reserve(&is, 65536) && (n = fread(is.p + is.n, 1, 65536, f)) > 0)
    is.n += n;
  bool yes = f && span_eq(buf_span(&is), text);
  if (f)
    (void)fclose(f);
  buf_free(&is);
  return yes;
}

static bool put(const char *path, struct span text) {
  FILE *f = fopen(path, "wbe");
  if (!f)
    return false;
  bool written = fwrite(text.p, 1, text.n, f) == text.n;
  return fclose(f) == 0 && written;
}

int main(int argc, char **argv) {
  bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
  int failed = 0;
  if (!write && !(argc == 3 && strcmp(argv[1], "--check") == 0)) {
    fprintf(stderr, "gendict --write FUZZ, or gendict --check FUZZ\n");
    return 2;
  }
  for (size_t i = 0; i < sizeof dicts / sizeof dicts[0]; i++) {
    char path[600];
    struct words w = {0};
    snprintf(path, sizeof path, "%s/%s.dict", argv[2], dicts[i].name);
    buf_puts(&w.text, "# Made by tools/gendict.c from the tables of the code: make docs.\n");
    dicts[i].fill(&w);
    bool good = same(path, buf_span(&w.text)) || (write && put(path, buf_span(&w.text)));
    if (!good) {
      fprintf(stderr, "gendict: %s is not what the tables say: make docs mends it\n", path);
      failed = 1;
    }
    buf_free(&w.text);
  }
  return failed;
}
