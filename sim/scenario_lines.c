/* scenario_lines.c: reads scenarios: files that are given, definitions, times, what is expected. */
#include "sim/scenario.h"

#include "plan/plan_blob.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- What is given: files of lines, and lines under one name --- */

static void play_lines(struct play *p, FILE *f) {
  char line[512];
  while (fgets(line, sizeof line, f)) {
    p->line++;
    play_line(p, line);
  }
  fclose(f);
}

static void play_given(struct play *p, const struct words *w) {
  const char *file = p->file;
  int line = p->line;
  char path[600];
  snprintf(path, sizeof path, "%s/%s", p->dir, word(p, w, 1));
  FILE *f = fopen(path, "r");
  if (!f)
    FAIL(p, "cannot read %s", path);
  p->file = path;
  p->line = 0;
  play_lines(p, f);
  p->file = file;
  p->line = line;
}

static void begin_define(struct play *p, const struct words *w) {
  if (p->n_defined == defined_max)
    FAIL(p, "too many definitions");
  struct defined *d = &p->defined[p->n_defined++];
  snprintf(d->name, sizeof d->name, "%s", word(p, w, 1));
  p->defining = true;
}

/* One line of a definition, with the words put in. */
static void put_words(struct play *p, const char *line, const struct words *w, char *out,
                      size_t size) {
  size_t n = 0;
  for (; *line && n + 1 < size; line++)
    if (*line == '$' && line[1] >= '1' && line[1] <= '9')
      n += (size_t)snprintf(out + n, size - n, "%s", word(p, w, *++line - '0'));
    else
      out[n++] = *line;
  out[n] = 0;
}

static bool play_defined(struct play *p, const struct words *w) {
  for (int i = 0; i < p->n_defined; i++) {
    if (strcmp(p->defined[i].name, w->at[0]) != 0)
      continue;
    char *lines = strdup(buf_cstr(&p->defined[i].lines)), line[512];
    for (char *save, *s = strtok_r(lines, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
      put_words(p, s, w, line, sizeof line);
      play_line(p, line);
    }
    free(lines);
    return true;
  }
  return false;
}

/* True: it was a line of these. */
static bool play_macro(struct play *p, const char *line, const struct words *w) {
  if (p->defining) {
    p->defining = w->n != 1 || strcmp(w->at[0], "end") != 0;
    if (p->defining)
      buf_puts(&p->defined[p->n_defined - 1].lines, line);
    return true;
  }
  if (strcmp(w->at[0], "begins") == 0)
    return true; /* it did */
  if (strcmp(w->at[0], "given") == 0)
    play_given(p, w);
  else if (strcmp(w->at[0], "define") == 0)
    begin_define(p, w);
  else
    return play_defined(p, w);
  return true;
}

static void leave_out(struct play *p, char *line, const char *why) {
  char text[1200];
  line[strcspn(line, "\n")] = 0;
  snprintf(text, sizeof text, "%s:%d: not on the stage %s: %s: %s", p->file, p->line,
           p->stage->name, line + strspn(line, " "), why);
  p->lines_left_out++;
  if (p->stage->left_out)
    p->stage->left_out(p, text);
  else
    puts(text);
}

void play_line(struct play *p, char *line) {
  char whole[512];
  snprintf(whole, sizeof whole, "%s", line);
  char *hash = strchr(line, '#');
  if (hash)
    *hash = 0;
  char *wanted = strstr(line, "->");
  if (wanted) {
    *wanted = 0;
    wanted += 2;
    while (*wanted == ' ')
      wanted++;
    for (char *end = wanted + strlen(wanted); end > wanted && (end[-1] == ' ' || end[-1] == '\n');)
      *--end = 0;
  }
  struct words w = {0};
  for (char *save, *s = strtok_r(line, " \t\r\n", &save); s; s = strtok_r(NULL, " \t\r\n", &save)) {
    if (w.n == words_max)
      FAIL(p, "too many words");
    w.at[w.n++] = s;
  }
  if (!w.n)
    return;
  bool ticked = true;
  p->exact = false;
  p->wanted = wanted;
  if (w.at[0][0] == '+') {
    p->now += duration_of(p, w.at[0] + 1);
    ticked = false;
  } else if (w.at[0][0] >= '0' && w.at[0][0] <= '9') {
    usec to = instant_of(p, w.at[0]);
    if (to < p->now)
      FAIL(p, "time goes back");
    p->now = to;
    p->exact = true;
    ticked = false;
  }
  if (!ticked) {
    w.n--;
    memmove(&w.at[0], &w.at[1], (size_t)w.n * sizeof w.at[0]);
    /* "tick" shows what the time makes due; any other line lets it happen first. */
    if (!w.n || strcmp(w.at[0], "tick") != 0)
      p->stage->pass_time(p);
    if (!w.n)
      return;
  }
  if (play_macro(p, whole, &w))
    return;
  if (!wanted && state_line(p, &w))
    return;
  const char *left_out = p->stage->cannot ? p->stage->cannot(p, &w, wanted) : NULL;
  if (left_out) {
    leave_out(p, whole, left_out);
    return;
  }
  p->out.n_events = p->out.n_effects = 0;
  p->instead = NULL;
  if (!act_asked(p, &w) && !act_special(p, &w))
    FAIL(p, "no action is called %s", w.at[0]);
  if (p->instead) {
    if (!wanted || !strstr(wanted, p->instead))
      FAIL(p, "it was refused before there was a command: %s", p->instead);
    leave_out(p, whole, "its session is over with the operator: denied before it is a command");
    p->lines_checked++;
  } else if (wanted)
    expect(p, wanted);
  else if (p->out.verdict != VERDICT_DONE) {
    char told[512];
    tell_outcome(p, told, sizeof told);
    FAIL(p, "a line that expects nothing special was %s", told);
  }
  p->stage->played(p);
}

/* "begins INSTANT", on a line of its own; else a Monday morning. */
static usec beginning_of(struct play *p) {
  char line[512], when[64] = "2026-11-23T08:00:00Z";
  FILE *f = fopen(p->file, "r");
  if (!f)
    FAIL(p, "cannot be read");
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "begins %63s", when) == 1)
      break;
  fclose(f);
  return instant_of(p, when);
}

_Noreturn void scenario_fail(const struct play *p, const char *format, ...) {
  char text[8000];
  va_list ap;
  int n = snprintf(text, sizeof text, "%s:%d: ", p->file, p->line);
  n = n < 0 || (size_t)n >= sizeof text ? 0 : n;
  va_start(ap, format);
  vsnprintf(text + n, sizeof text - (size_t)n, format, ap);
  va_end(ap);
  p->stage->fail(text);
}

void scenario_play(const struct stage *stage, void *at, const char *file, const char *dir) {
  struct play *p = calloc(1, sizeof *p);
  SP_ASSERT(p);
  p->stage = stage;
  p->at = at;
  p->file = file;
  p->dir = dir;
  p->now = beginning_of(p);
  stage->begin(p);
  FILE *f = fopen(file, "r");
  SP_ASSERT(f); /* it was read above */
  play_lines(p, f);
  if (!p->lines_checked)
    FAIL(p, "the scenario expects nothing");
  stage->check(p);
  stage->end(p);
  for (int i = 0; i < p->n_plans; i++) {
    plan_free(p->plans[i]);
    buf_free(&p->sources[i]);
  }
  for (int i = 0; i < p->n_defined; i++)
    buf_free(&p->defined[i].lines);
  buf_free(&p->details);
  free(p);
}
