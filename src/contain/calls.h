/* calls.h: the allow-lists: which calls to the system a process may make, and with what. */
#ifndef SP_CONTAIN_CALLS_H
#define SP_CONTAIN_CALLS_H

#include "contain/contain.h"

enum when_kind {
  WHEN_ALWAYS,
  WHEN_MASKED,   /* (argument & mask) == value */
  WHEN_BELOW,    /* argument < value */
  WHEN_OWN_PID,  /* argument is this process */
  WHEN_CHILDREN, /* argument is one of contain_options.pids */
};
struct call_when {
  enum when_kind kind;
  unsigned arg;
  uint64_t mask, value;
};

enum call_answer {
  CALL_ALLOWED,
  CALL_ABSENT, /* "this kernel has no such call": the C library then does it another way */
};

/* Several rows of one call: any of them suffices. */
struct call_row {
  const char *name; /* as libseccomp knows it; may be unknown to a machine's architecture */
  unsigned by;      /* bits of enum contained */
  enum call_answer answer;
  struct call_when when[2]; /* both hold */
  const char *only;         /* the conditions in words; NULL = none */
  const char *why;          /* what needs it */
};
extern const struct call_row call_rows[];
extern const size_t call_rows_n;
/* Further rows of a build with a sanitizer or that counts what is covered; none in others. */
extern const struct call_row call_rows_instrumented[];
extern const size_t call_rows_instrumented_n;

/* The table for docs/containment.md. */
void calls_markdown(struct buf *out);

#endif
