#include "audit/checkpoints.h"

#include <stdio.h>

void checkpoints_add(struct checkpoints *c, const char *where, struct span note) {
  struct checkpoint point;
  struct fault why = {0};
  enum sp_err err = checkpoint_open(&point, note, c->key, NULL, 0, NULL, &why);
  if (err) {
    why.err = err == SP_INVALID ? SP_CORRUPT : err;
    report_fault(c->report, &why, "%s", where);
    return;
  }
  SP_ASSERT(c->n < log_signed_max);
  struct log_signed *s = &c->at[c->n++];
  snprintf(s->where, sizeof s->where, "%s", where);
  s->size = point.size;
  s->root = point.root;
  s->seen = s->holds = false;
  if (point.size > c->newest)
    c->newest = point.size;
}
