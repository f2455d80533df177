/* assessment.c: claims about a person: recorded, contested, reviewed. An assessment can inform
 * where and with whom they are housed; it authorises nothing: no decision about a movement reads
 * one. */
#include "core/assessment.h"

#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

const char *const assessment_kind_names[] = {"classification", "affiliation", "risk", NULL};
const char *const assessment_evidence_names[] = {"sealed", "open", "none", NULL};
const char *const assessment_state_names[] = {"held", "upheld", "changed", "withdrawn", NULL};
/* What may come of a review: all but `held`. */
const char *const assessment_outcome_list[] = {"upheld", "changed", "withdrawn", NULL};

bool assessment_is_over(const struct assessment *a) {
  return a->state == ASSESSMENT_CHANGED || a->state == ASSESSMENT_WITHDRAWN;
}

/* Contested, it is to be reviewed soon; or on the day that was set, if that comes first. */
uint32_t assessment_due_s(const struct core *core, const struct assessment *a) {
  if (assessment_is_over(a) || a->told)
    return UINT32_MAX;
  if (a->contested_s == UINT32_MAX)
    return a->review_s;
  uint32_t within = core->plan->rules.assessment_answer_s;
  uint32_t soon = a->contested_s >= UINT32_MAX - within ? UINT32_MAX : a->contested_s + within;
  return a->review_s > a->contested_s && a->review_s < soon ? a->review_s : soon;
}

void decide_assessment_record(struct deciding *d) {
  const struct cmd_assessment_record *c = &d->command->u.assessment_record;
  bool paper = !bytes_are_zero(c->document.b, sizeof c->document.b);
  uint32_t have;
  if (core_find_assessment(d->core, c->assessment, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_ASSESSMENT, have));
  else if (d->core->persons[c->person].kind != PERSON_DETAINEE)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (d->core->head.n_assessments == assessments_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (paper != (c->evidence != EVIDENCE_NONE))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (check_dates(d, d->command->at, c->review))
    deciding_event(d, EVENT_ASSESSMENT_RECORDED)->u.assessment_recorded =
        (struct ev_assessment_recorded){.assessment = c->assessment,
                                        .number = person_number(d->core->head.n_assessments),
                                        .person = c->person,
                                        .kind = c->kind,
                                        .evidence = c->evidence,
                                        .document = c->document,
                                        .review = c->review,
                                        .author = d->command->by.index};
}

void apply_assessment_recorded(struct core *core, const struct event *e) {
  const struct ev_assessment_recorded *r = &e->u.assessment_recorded;
  SP_ASSERT(core->head.n_assessments < assessments_max);
  uint32_t i = core->head.n_assessments++;
  core->assessments[i] = (struct assessment){.id = r->assessment,
                                             .person = r->person,
                                             .author = r->author,
                                             .review_s = seconds_of(r->review),
                                             .contested_s = UINT32_MAX,
                                             .next = core->custody[r->person].assessments,
                                             .kind = (uint8_t)r->kind,
                                             .evidence = (uint8_t)r->evidence};
  core->custody[r->person].assessments = i + 1;
  core_index_added(core, REF_ASSESSMENT, i);
}

void decide_assessment_contest(struct deciding *d) {
  uint32_t which = d->command->u.assessment_ref.assessment;
  const struct assessment *a = &d->core->assessments[which];
  if (assessment_is_over(a))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ASSESSMENT, which));
  else if (a->contested_s != UINT32_MAX)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_ASSESSMENT, which));
  else
    deciding_event(d, EVENT_ASSESSMENT_CONTESTED)->u.assessment_ref.assessment = which;
}

void apply_assessment_contested(struct core *core, const struct event *e) {
  struct assessment *a = &core->assessments[e->u.assessment_ref.assessment];
  a->contested_s = seconds_of(e->at);
  a->told = 0;
}

/* Whoever claimed it does not judge it. What is upheld has the day of its next review. */
void decide_assessment_review(struct deciding *d) {
  const struct cmd_assessment_review *c = &d->command->u.assessment_review;
  const struct assessment *a = &d->core->assessments[c->assessment];
  uint32_t by = d->command->by.index;
  bool two = d->core->plan->rules.second_operator;
  bool again = c->review != TIME_ABSENT;
  if (assessment_is_over(a))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_ASSESSMENT, c->assessment));
  else if (again != (c->outcome + 1 == ASSESSMENT_UPHELD))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (two && a->author == by)
    deciding_refuse(d, REASON_SAME_OPERATOR, ref_to(REF_OPERATOR, by));
  else if (two && d->core->operators[a->author].role == d->core->operators[by].role)
    deciding_refuse(d, REASON_SAME_ROLE, ref_to(REF_OPERATOR, by));
  else if (!again || check_dates(d, d->command->at, c->review))
    deciding_event(d, EVENT_ASSESSMENT_REVIEWED)->u.assessment_reviewed =
        (struct ev_assessment_reviewed){c->assessment, c->outcome, by, c->review};
}

void apply_assessment_reviewed(struct core *core, const struct event *e) {
  const struct ev_assessment_reviewed *r = &e->u.assessment_reviewed;
  struct assessment *a = &core->assessments[r->assessment];
  a->state = (uint8_t)(r->outcome + 1);
  a->contested_s = UINT32_MAX;
  a->told = 0;
  if (r->review != TIME_ABSENT)
    a->review_s = seconds_of(r->review);
}

bool assessments_fit(const struct core *core) {
  for (uint32_t i = 0; i < core->head.n_assessments; i++) {
    const struct assessment *a = &core->assessments[i];
    if (a->person >= core->head.n_persons || a->author >= core->head.n_operators || a->next > i ||
        (a->next && core->assessments[a->next - 1].person != a->person) ||
        a->kind >= ASSESSMENT_KIND_COUNT || a->evidence > EVIDENCE_NONE ||
        a->state > ASSESSMENT_WITHDRAWN || a->told > 1 ||
        (assessment_is_over(a) && (a->told || a->contested_s != UINT32_MAX)))
      return false;
  }
  for (uint32_t p = 0; p < core->head.n_persons; p++) {
    uint32_t last = core->custody[p].assessments;
    if (last > core->head.n_assessments || (last && core->assessments[last - 1].person != p))
      return false;
  }
  return true;
}
