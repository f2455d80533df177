#include "audit/report.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

bool progress_step(const struct progress *p, const char *what, uint64_t done, uint64_t total) {
  return !p || !p->step || p->step(p->ctx, what, done, total);
}

enum sp_err report_init(struct report *r, struct fault *why) {
  r->found = r->kept = 0;
  pthread_mutex_init(&r->lock, NULL);
  r->at = sp_alloc(report_faults_max, sizeof *r->at);
  return r->at ? SP_OK : fault_set(why, SP_NO_MEMORY, "out of memory for a report");
}

void report_free(struct report *r) {
  sp_free(r->at);
  r->at = NULL;
  pthread_mutex_destroy(&r->lock);
}

static void SP_PRINTF(3, 0)
    add(struct report *r, enum sp_err err, const char *fmt, va_list args, const char *more) {
  pthread_mutex_lock(&r->lock);
  r->found++;
  if (r->kept < report_faults_max) {
    struct report_fault *f = &r->at[r->kept++];
    f->err = err;
    int n = vsnprintf(f->text, sizeof f->text, fmt, args);
    if (more && n >= 0 && (size_t)n < sizeof f->text)
      snprintf(f->text + n, sizeof f->text - (size_t)n, ": %s", more);
  }
  pthread_mutex_unlock(&r->lock);
}

void report_add(struct report *r, enum sp_err err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  add(r, err, fmt, args, NULL);
  va_end(args);
}

void report_fault(struct report *r, const struct fault *why, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  add(r, why->err, fmt, args, why->text);
  va_end(args);
}

enum sp_err report_result(const struct report *r, struct fault *why) {
  if (!r->found)
    return SP_OK;
  if (r->found == 1)
    return fault_set(why, r->at[0].err, "%s", r->at[0].text);
  return fault_set(why, r->at[0].err, "%llu faults, the first: %s", (unsigned long long)r->found,
                   r->at[0].text);
}
