/* plan_faults.h: everything that is wrong with a plan, told at once, each with its line. */
#ifndef SP_PLAN_FAULTS_H
#define SP_PLAN_FAULTS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { plan_faults_max = 200, plan_fault_text_max = 300 };

struct plan_fault {
  uint32_t line, column; /* from 1; 0 when it has no place in a file */
  bool warning;          /* told, and no obstacle */
  char text[plan_fault_text_max];
};

/* Zero-initialise; plan_faults_free when done. Beyond plan_faults_max the count goes on alone. */
struct plan_faults {
  uint32_t n, errors; /* how many were found; how many of them are no warnings */
  uint32_t kept;      /* how many are in at[] */
  bool no_memory;     /* to look at all of it, or to tell: what is told is no judgement */
  struct plan_fault *at;
};

void plan_fault_add(struct plan_faults *f, uint32_t line, uint32_t column, bool warning,
                    const char *fmt, ...) SP_PRINTF(5, 6);
void plan_fault_memory(struct plan_faults *f); /* "out of memory", as a fault without a place */
void plan_faults_sort(struct plan_faults *f);  /* by line */
/* One a line, as a compiler tells them: "plan.yaml:12:3: error: …". */
void plan_faults_text(const struct plan_faults *f, const char *file, struct buf *out);
void plan_faults_free(struct plan_faults *f);

#endif
