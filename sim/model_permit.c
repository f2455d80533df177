/* model_permit.c: who may ask for what: the table of docs/decisions.md, written down once more.
 *
 * Restricting takes one operator, permitting takes two of different roles. Where the plan says
 * `second-operator: false`, one administrator may do all of it. */
#include "sim/model_state.h"

#define DESK    (1u << ROLE_DESK)
#define GATE    (1u << ROLE_GATE)
#define SHIFT   (1u << ROLE_SHIFT)
#define RECORDS (1u << ROLE_RECORDS)
#define LEGAL   (1u << ROLE_LEGAL)
#define AUDITOR (1u << ROLE_AUDITOR)
#define ADMIN   (1u << ROLE_ADMIN)
#define ANY     (DESK | GATE | SHIFT | RECORDS | LEGAL | ADMIN) /* who changes things */

#define CORE (1u << ACTOR_CORE)
#define INIT (1u << ACTOR_INIT)
#define HAND (1u << ACTOR_HAND)
#define LINE (1u << ACTOR_LINE)

static const struct {
  uint32_t actors, first, second;
} may[COMMAND_COUNT] = {
    [COMMAND_SITE_CREATE] = {INIT, 0, 0},
    [COMMAND_PLAN_APPLY] = {INIT, ADMIN, ANY},
    [COMMAND_OPERATOR_ADD] = {INIT, ADMIN, ANY},
    [COMMAND_OPERATOR_DISABLE] = {0, SHIFT | LEGAL | ADMIN, 0},
    [COMMAND_OPERATOR_COMPROMISE] = {0, SHIFT | LEGAL | ADMIN, 0},
    [COMMAND_PERSON_ADD] = {0, DESK | SHIFT | RECORDS, 0},
    [COMMAND_PERSON_SUSPEND] = {0, ANY, 0},
    [COMMAND_PERSON_REINSTATE] = {0, DESK | SHIFT | RECORDS, ANY},
    [COMMAND_PERSON_DEPART] = {0, DESK | SHIFT | RECORDS, 0},
    [COMMAND_PERSON_MERGE] = {0, DESK | RECORDS, 0},
    [COMMAND_PERSON_UNMERGE] = {0, DESK | RECORDS, ANY},
    [COMMAND_PERSON_LOCATE] = {0, GATE | SHIFT, 0},
    [COMMAND_PERSON_IDENTIFY] = {0, DESK | SHIFT | RECORDS, 0},
    [COMMAND_VISIT_OPEN] = {0, DESK | SHIFT, 0},
    [COMMAND_VISIT_CLOSE] = {0, ANY, 0},
    [COMMAND_PERSON_PHOTO] = {0, DESK | RECORDS | SHIFT, 0},
    [COMMAND_CREDENTIAL_ISSUE] = {0, DESK | SHIFT, 0},
    [COMMAND_CREDENTIAL_SUSPEND] = {0, ANY, 0},
    [COMMAND_CREDENTIAL_REINSTATE] = {0, DESK | SHIFT, ANY},
    [COMMAND_CREDENTIAL_LOST] = {0, ANY, 0},
    [COMMAND_CREDENTIAL_REVOKE] = {0, ANY, 0},
    [COMMAND_CREDENTIAL_COMPROMISE] = {0, ANY, 0},
    [COMMAND_PIN_SET] = {0, DESK | SHIFT, 0},
    [COMMAND_LEVEL_GRANT] = {0, DESK | SHIFT, 0},
    [COMMAND_LEVEL_REVOKE] = {0, ANY, 0},
    [COMMAND_SEPARATION_ADD] = {0, ANY, 0},
    [COMMAND_SEPARATION_LIFT] = {0, SHIFT | RECORDS | LEGAL, ANY},
    [COMMAND_AUTHORITY_ADD] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_PLACE_ADD] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_BASIS_ADD] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_BASIS_REPEAL] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_AGREEMENT_COMMIT] = {0, RECORDS | LEGAL, 0},
    [COMMAND_AGREEMENT_PAY] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_CLASS_ADD] = {0, RECORDS | LEGAL, 0},
    [COMMAND_CLASS_INCLUDE] = {0, ANY, 0},
    [COMMAND_CLASS_DOUBT] = {0, ANY, 0},
    [COMMAND_CLASS_EXCLUDE] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_ORDER_RECORD] = {0, ANY & ~ADMIN, 0},
    [COMMAND_ORDER_AUTHENTICATE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_ORDER_WRITE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_ORDER_RECALL] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_ORDER_REFUTE] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_ASSESSMENT_RECORD] = {0, ANY & ~ADMIN, 0},
    [COMMAND_ASSESSMENT_CONTEST] = {0, ANY, 0},
    [COMMAND_ASSESSMENT_REVIEW] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_BOOKING_OPEN] = {0, DESK | RECORDS, 0},
    [COMMAND_BOOKING_SUPPLEMENT] = {0, DESK | RECORDS | LEGAL | SHIFT, 0},
    [COMMAND_DEATH_RECORD] = {0, ANY, 0},
    [COMMAND_DEATH_CAUSE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_DEATH_REMAINS] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_DEATH_RETRACT] = {0, RECORDS | LEGAL, SHIFT | RECORDS | LEGAL},
    [COMMAND_MARK_SET] = {0, ANY, 0},
    [COMMAND_MARK_CLEAR] = {0, RECORDS | LEGAL, DESK | SHIFT | RECORDS | LEGAL},
    [COMMAND_LINK_RECORD] = {0, ANY, 0},
    [COMMAND_LINK_DISMISS] = {0, DESK | RECORDS, SHIFT | RECORDS | LEGAL},
    [COMMAND_MOVEMENT_PROPOSE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_MOVEMENT_AUTHORISE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_MOVEMENT_CANCEL] = {0, ANY, 0},
    [COMMAND_MANIFEST_ADD] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_MANIFEST_CITE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_MANIFEST_PROMOTE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_MANIFEST_REMOVE] = {0, ANY, 0},
    [COMMAND_IDENTITY_CONFIRM] = {0, DESK | GATE | SHIFT, 0},
    [COMMAND_MOVEMENT_BOARD] = {0, GATE | SHIFT, 0},
    [COMMAND_MOVEMENT_DISEMBARK] = {0, ANY, 0},
    [COMMAND_MOVEMENT_DEPART] = {0, GATE | SHIFT, GATE | SHIFT | RECORDS | LEGAL},
    [COMMAND_MOVEMENT_DIVERT] = {0, ANY & ~ADMIN, 0},
    [COMMAND_MOVEMENT_ARRIVE] = {0, ANY & ~ADMIN, 0},
    [COMMAND_MOVEMENT_HANDOVER] = {0, GATE | SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_COUNT_BEGIN] = {0, GATE | SHIFT, 0},
    [COMMAND_COUNT_TALLY] = {0, DESK | GATE | SHIFT, 0},
    [COMMAND_COUNT_CLOSE] = {0, GATE | SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_HEARING_SET] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_HEARING_CLOSE] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_RECALL_ANSWER] = {0, SHIFT | RECORDS | LEGAL, 0},
    [COMMAND_LOCKDOWN_START] = {0, ANY, 0},
    [COMMAND_LOCKDOWN_RELEASE] = {0, GATE | SHIFT, ANY},
    [COMMAND_THREAT_RAISE] = {0, ANY, 0},
    [COMMAND_THREAT_LOWER] = {0, GATE | SHIFT, ANY},
    [COMMAND_GATE_CLOSE] = {0, ANY, 0},
    [COMMAND_GATE_OPEN] = {0, GATE | SHIFT, ANY},
    [COMMAND_PASS] = {HAND | LINE, GATE | SHIFT, 0},
    [COMMAND_DOOR_REPORT] = {HAND | LINE, 0, 0},
    [COMMAND_READER_REPORT] = {HAND | LINE, 0, 0},
    [COMMAND_READER_REKEY] = {0, ADMIN | SHIFT, 0},
    [COMMAND_ALARM_ACKNOWLEDGE] = {0, GATE | SHIFT, 0},
    [COMMAND_DETAILS_READ] = {0, ANY | AUDITOR, 0},
    [COMMAND_DETAILS_ERASE] = {0, RECORDS, SHIFT | LEGAL | ADMIN},
    [COMMAND_CLOCK_STEP] = {CORE, 0, 0},
    [COMMAND_SNAPSHOT_TAKE] = {CORE, 0, 0},
    [COMMAND_TICK] = {CORE, 0, 0},
};

static void judge_one(const struct asked *a, uint32_t who, uint32_t roles, struct reasons *r) {
  const struct m_operator *o = &a->m->operators[who];
  bool alone = a->m->plan && !a->m->plan->rules.second_operator;
  if (alone && roles) /* what no operator may, an administrator may not either */
    roles |= ADMIN;
  if (o->disabled)
    m_add_reason(r, REASON_OPERATOR_DISABLED, REF_OPERATOR, who);
  if (!(roles & 1u << o->role))
    m_add_reason(r, REASON_ROLE_NOT_PERMITTED, REF_OPERATOR, who);
}

/* Silent: a second operator who is named without need is judged all the same. */
static void judge_operators(const struct asked *a, struct reasons *r) {
  const struct model *m = a->m;
  uint32_t first = a->c->by.index, second = a->c->second;
  uint32_t roles = may[a->c->type].first, second_roles = may[a->c->type].second;
  judge_one(a, first, roles, r);
  if (second == REF_ABSENT) {
    if (second_roles && !(m->plan && !m->plan->rules.second_operator))
      m_add_reason(r, REASON_SECOND_OPERATOR_REQUIRED, REF_NONE, 0);
    return;
  }
  judge_one(a, second, second_roles ? second_roles : roles, r);
  if (second == first)
    m_add_reason(r, REASON_SAME_OPERATOR, REF_OPERATOR, second);
  else if (m->operators[second].role == m->operators[first].role)
    m_add_reason(r, REASON_SAME_ROLE, REF_OPERATOR, second);
}

bool m_may(const struct asked *a) {
  struct reasons r = {0};
  if (a->c->by.kind == ACTOR_OPERATOR)
    judge_operators(a, &r);
  else if (!(may[a->c->type].actors & 1u << a->c->by.kind) ||
           (a->c->by.kind == ACTOR_INIT && a->m->sealed))
    m_add_reason(&r, REASON_ROLE_NOT_PERMITTED, REF_NONE, 0);
  if (!r.n)
    return true;
  a->o->verdict = VERDICT_REFUSED;
  a->o->reasons = r;
  m_expect(a, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = r;
  return false;
}
