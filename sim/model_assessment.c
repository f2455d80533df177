/* model_assessment.c: claims about a person, as docs/custody.md tells it: how one stands is found
 * by reading all entries again. */
#include "sim/model_state.h"

#include <string.h>

const struct ev_assessment_recorded *m_assessment(const struct model *m, uint32_t assessment) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_ASSESSMENT_RECORDED && assessment-- == 0)
      return &m->custody[i].u.assessment_recorded;
  SP_ASSERT(false);
  return NULL;
}

struct m_claim m_claim(const struct model *m, uint32_t assessment) {
  struct m_claim c = {m_second(m_assessment(m, assessment)->review), INT64_MAX, false, false, 0};
  for (uint32_t i = 0; i < m->n_custody; i++) {
    const struct event *e = &m->custody[i];
    if (e->type == EVENT_ASSESSMENT_CONTESTED && e->u.assessment_ref.assessment == assessment) {
      c.contested_s = m_second(e->at);
      c.told = false;
    } else if (e->type == EVENT_ASSESSMENT_REVIEWED &&
               e->u.assessment_reviewed.assessment == assessment) {
      c.contested_s = INT64_MAX;
      c.told = false;
      c.outcome = e->u.assessment_reviewed.outcome + 1;
      c.over = e->u.assessment_reviewed.review == TIME_ABSENT;
      if (!c.over)
        c.review_s = m_second(e->u.assessment_reviewed.review);
    } else if (e->type == EVENT_DEADLINE_PASSED && e->u.deadline_passed.assessment == assessment) {
      c.told = true;
    }
  }
  return c;
}

/* By when it must be reviewed; INT64_MAX: no more. */
int64_t m_claim_due(const struct model *m, const struct m_claim *c) {
  if (c->over || c->told)
    return INT64_MAX;
  if (c->contested_s == INT64_MAX)
    return c->review_s;
  int64_t answer = c->contested_s + m->plan->rules.assessment_answer_s;
  return c->review_s > c->contested_s && c->review_s < answer ? c->review_s : answer;
}

static bool has_paper(const struct hash *h) {
  static const struct hash none;
  return memcmp(h, &none, sizeof none) != 0;
}

/* It must come. */
static bool bad_review(const struct asked *a, usec review) {
  return m_bad_dates(a, a->c->at, review);
}

static void record(const struct asked *a) {
  const struct cmd_assessment_record *c = &a->c->u.assessment_record;
  uint32_t n = m_count_custody(a->m, EVENT_ASSESSMENT_RECORDED);
  for (uint32_t i = 0; i < n; i++)
    if (m_same_id(m_assessment(a->m, i)->assessment, c->assessment)) {
      m_reject(a, REASON_EXISTS, REF_ASSESSMENT, i);
      return;
    }
  if (a->m->persons[c->person].kind != PERSON_DETAINEE) {
    m_reject(a, REASON_WRONG_STATE, REF_PERSON, c->person);
  } else if (c->evidence == 2 ? has_paper(&c->document) : !has_paper(&c->document)) {
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  } else if (!bad_review(a, c->review)) {
    struct ev_assessment_recorded *e =
        &m_expect(a, EVENT_ASSESSMENT_RECORDED)->u.assessment_recorded;
    e->assessment = c->assessment;
    e->number = m_number(n);
    e->person = c->person;
    e->kind = c->kind;
    e->evidence = c->evidence;
    e->document = c->document;
    e->review = c->review;
    e->author = a->c->by.index;
  }
}

static void contest(const struct asked *a) {
  uint32_t i = a->c->u.assessment_ref.assessment;
  struct m_claim claim = m_claim(a->m, i);
  if (claim.over)
    m_reject(a, REASON_WRONG_STATE, REF_ASSESSMENT, i);
  else if (claim.contested_s != INT64_MAX)
    m_reject(a, REASON_ALREADY_SO, REF_ASSESSMENT, i);
  else
    m_expect(a, EVENT_ASSESSMENT_CONTESTED)->u.assessment_ref.assessment = i;
}

static void review(const struct asked *a) {
  const struct cmd_assessment_review *c = &a->c->u.assessment_review;
  const struct model *m = a->m;
  uint32_t author = m_assessment(m, c->assessment)->author, by = a->c->by.index;
  bool upheld = c->outcome == 0, again = c->review != TIME_ABSENT;
  if (m_claim(m, c->assessment).over)
    m_reject(a, REASON_WRONG_STATE, REF_ASSESSMENT, c->assessment);
  else if (upheld != again)
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  else if (m->plan->rules.second_operator && by == author)
    m_refuse(a, REASON_SAME_OPERATOR, REF_OPERATOR, by);
  else if (m->plan->rules.second_operator && m->operators[by].role == m->operators[author].role)
    m_refuse(a, REASON_SAME_ROLE, REF_OPERATOR, by);
  else if (!again || !bad_review(a, c->review))
    m_expect(a, EVENT_ASSESSMENT_REVIEWED)->u.assessment_reviewed =
        (struct ev_assessment_reviewed){c->assessment, c->outcome, by, c->review};
}

bool m_decide_assessment(const struct asked *a) {
  if (a->c->type == COMMAND_ASSESSMENT_RECORD)
    record(a);
  else if (a->c->type == COMMAND_ASSESSMENT_CONTEST)
    contest(a);
  else if (a->c->type == COMMAND_ASSESSMENT_REVIEW)
    review(a);
  else
    return false;
  return true;
}
