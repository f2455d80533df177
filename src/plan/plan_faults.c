#include "plan/plan_faults.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void plan_fault_add(struct plan_faults *f, uint32_t line, uint32_t column, bool warning,
                    const char *fmt, ...) {
  f->n++;
  f->errors += !warning;
  if (!f->at)
    f->at = sp_alloc(plan_faults_max, sizeof *f->at);
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
}

static int by_line(const void *a, const void *b) {
  const struct plan_fault *x = a, *y = b;
  return x->line != y->line ? (x->line > y->line) - (x->line < y->line)
                            : (x->column > y->column) - (x->column < y->column);
}

void plan_faults_sort(struct plan_faults *f) {
  if (f->kept)
    qsort(f->at, f->kept, sizeof *f->at, by_line);
}

void plan_faults_free(struct plan_faults *f) {
  sp_free(f->at);
  *f = (struct plan_faults){0};
}
