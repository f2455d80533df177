/* deadline.h: what should have been done by some instant, and was not: an alarm, once. The instant
 * is a function of the rows alone (docs/custody.md, "Deadlines"); of each person the next one is
 * kept, and made anew by every entry that may change it. */
#ifndef SP_CORE_DEADLINE_H
#define SP_CORE_DEADLINE_H

#include "core/event.h"

struct core;

#define DEADLINE_LIST(X)                                                                           \
  X(RECALL_UNANSWERED, "recall_unanswered")                                                        \
  X(RETURN_OVERDUE, "return_overdue")                                                              \
  X(EXCEPTION_UNWRITTEN, "exception_unwritten")                                                    \
  X(HOLD_LAPSED, "hold_lapsed")                                                                    \
  X(RELEASE_OVERDUE, "release_overdue")                                                            \
  X(RELEASE_BLOCKED, "release_blocked")                                                            \
  X(HEARING_MISSED, "hearing_missed")                                                              \
  X(VISIT_OVERDUE, "visit_overdue")                                                                \
  X(ASSESSMENT_UNREVIEWED, "assessment_unreviewed")                                                \
  X(DEATH_UNRESOLVED, "death_unresolved")                                                          \
  X(ORDER_UNCONFIRMED, "order_unconfirmed")                                                        \
  X(DETAINER_EXPIRED, "detainer_expired")
enum deadline {
#define X(NAME, text) DEADLINE_##NAME,
  DEADLINE_LIST(X)
#undef X
      DEADLINE_COUNT /* of a person: a recall, which is an entry of its own */
};
extern const char *const deadline_names[];

/* What whoever has a recalled person says. */
enum recall_answer { RECALL_RETURNING, RECALL_HELD_THERE, RECALL_OUT_OF_REACH };
extern const char *const recall_answer_names[];

/* When the next deadline passes; TIME_ABSENT: none runs. Never before the last entry about custody,
 * so that what is overdue at once is due at once. */
usec deadline_due(const struct core *core);

#endif
