#include "plan/plan_faults.h"

#include "plan/plan_scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message quotes what a file says: nothing of it may steer a terminal, and a cut may have left
 * half a character. */
static void make_plain(char *s) {
  while (*s) {
    size_t n = 1, room = strnlen(s, 4);
    if ((uint8_t)*s >= 0x80)
      do
        n++;
      while (n <= room && !utf8_valid(span_of(s, n)));
    if (n > room || (uint8_t)*s < 0x20 || *s == 0x7f) {
      *s = '?';
      n = 1;
    }
    s += n;
  }
}

void plan_fault_add(struct plan_faults *f, uint32_t line, uint32_t column, bool warning,
                    const char *fmt, ...) {
  f->n++;
  f->errors += !warning;
  if (!f->at)
    f->at = sp_alloc(plan_faults_max, sizeof *f->at);
  f->no_memory = f->no_memory || !f->at;
  if (!f->at || f->kept == plan_faults_max)
    return;
  struct plan_fault *p = &f->at[f->kept++];
  p->line = line;
  p->column = column;
  p->warning = warning;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(p->text, sizeof p->text, fmt, ap);
  va_end(ap);
  make_plain(p->text);
}

void plan_fault_memory(struct plan_faults *f) {
  f->no_memory = true;
  plan_fault_add(f, 0, 0, false, "out of memory");
}

static int by_line(const void *a, const void *b) {
  const struct plan_fault *x = a, *y = b;
  if (x->line != y->line)
    return x->line < y->line ? -1 : 1;
  if (x->column != y->column)
    return x->column < y->column ? -1 : 1;
  return strcmp(x->text, y->text);
}

void plan_faults_sort(struct plan_faults *f) {
  if (f->kept)
    qsort(f->at, f->kept, sizeof *f->at, by_line);
}

void plan_faults_text(const struct plan_faults *f, const char *file, struct buf *out) {
  for (uint32_t i = 0; i < f->kept; i++) {
    const struct plan_fault *p = &f->at[i];
    buf_puts(out, file);
    if (p->line)
      buf_printf(out, ":%u", p->line);
    if (p->line && p->column)
      buf_printf(out, ":%u", p->column);
    buf_printf(out, ": %s: %s\n", p->warning ? "warning" : "error", p->text);
  }
  if (f->n > f->kept)
    buf_printf(out, "%s: and more\n", file);
}

void plan_faults_free(struct plan_faults *f) {
  sp_free(f->at);
  *f = (struct plan_faults){0};
}
