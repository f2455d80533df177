/* model_compromise.c: what may have been in other hands, as docs/decisions.md tells it. */
#include "sim/model_state.h"

static bool refused_time(const struct asked *a, usec since, int64_t known_s, enum ref_kind kind,
                         uint32_t index) {
  if (since > a->c->at || since < 0) {
    m_reject(a, REASON_TIME_ORDER, REF_NONE, 0);
    return true;
  }
  if (m_second(since) < known_s)
    return false;
  m_reject(a, REASON_ALREADY_SO, kind, index);
  return true;
}

void m_compromise_credential(const struct asked *a) {
  const struct cmd_credential_compromise *c = &a->c->u.credential_compromise;
  const struct m_credential *x = &a->m->credentials[c->credential];
  if (!refused_time(a, c->since, x->compromised_s, REF_CREDENTIAL, c->credential))
    m_expect_alarm(a, EVENT_CREDENTIAL_COMPROMISED)->u.credential_compromised =
        (struct ev_credential_compromised){c->credential, x->person, c->since};
}

void m_compromise_operator(const struct asked *a) {
  const struct cmd_operator_compromise *c = &a->c->u.operator_compromise;
  if (!refused_time(a, c->since, a->m->operators[c->operator_index].compromised_s, REF_OPERATOR,
                    c->operator_index))
    m_expect_alarm(a, EVENT_OPERATOR_COMPROMISED)->u.operator_compromised =
        (struct ev_operator_compromised){c->operator_index, c->since};
}
