/* checkpoints.h: the signed roots of a log, from wherever they are kept. */
#ifndef SP_AUDIT_CHECKPOINTS_H
#define SP_AUDIT_CHECKPOINTS_H

#include "audit/log_check.h"
#include "journal/note.h"

struct checkpoints {
  const struct note_key *key;
  struct report *report;
  struct log_signed at[log_signed_max];
  uint32_t n;
  uint64_t newest; /* largest size */
};
/* Opens the note; its root is compared by log_check. What is wrong with it is told. */
void checkpoints_add(struct checkpoints *c, const char *where, struct span note);

#endif
