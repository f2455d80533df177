/* assessment.h: claims about a person. docs/custody.md tells the rules.
 *
 * Invariant: nothing but assessment.c, and the deadlines, reads a row of these: no decision about
 * holding or moving anybody can rest on one.
 */
#ifndef SP_CORE_ASSESSMENT_H
#define SP_CORE_ASSESSMENT_H

#include "core/custody.h"

enum assessment_kind {
  ASSESSMENT_CLASSIFICATION,
  ASSESSMENT_AFFILIATION,
  ASSESSMENT_RISK,
  ASSESSMENT_KIND_COUNT
};
enum assessment_evidence { EVIDENCE_SEALED, EVIDENCE_OPEN, EVIDENCE_NONE };
enum assessment_state {
  ASSESSMENT_HELD,
  ASSESSMENT_UPHELD,
  ASSESSMENT_CHANGED,
  ASSESSMENT_WITHDRAWN
};
extern const char *const assessment_kind_names[], *const assessment_evidence_names[],
                                                      *const assessment_state_names[],
                                                          *const assessment_outcome_list[];

struct assessment {
  struct id id;
  uint32_t person, author;        /* author: the operator who recorded it */
  uint32_t review_s, contested_s; /* contested: UINT32_MAX: not, or reviewed since */
  uint32_t next;                  /* of the person: index + 1 */
  uint8_t kind, evidence, state;
  uint8_t told; /* 1: that nobody reviewed it was an alarm */
};

/* Changed or withdrawn: it is no more. */
bool assessment_is_over(const struct assessment *a);
/* By when it must be reviewed; UINT32_MAX: it is over, or that it was not was told. */
uint32_t assessment_due_s(const struct core *core, const struct assessment *a);
bool assessments_fit(const struct core *core); /* of a state from outside */
bool core_find_assessment(const struct core *core, struct id id, uint32_t *index);

#endif
