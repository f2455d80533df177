/* model_funds.c: the money of agreements, as docs/custody.md tells it, added up anew each time. */
#include "sim/model_state.h"

#include <string.h>

uint64_t m_funds(const struct model *m, enum event_type type, uint32_t agreement) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == type && m->custody[i].u.funds.agreement == agreement)
      sum += m->custody[i].u.funds.amount;
  return sum;
}

/* NULL: nothing was committed yet. */
const char *m_currency(const struct model *m, uint32_t agreement) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_AGREEMENT_COMMITTED &&
        m->custody[i].u.funds.agreement == agreement)
      return m->custody[i].u.funds.currency.s;
  return NULL;
}

static bool is_terminated(const struct model *m, uint32_t agreement) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_BASIS_REPEALED && m->custody[i].u.basis_ref.basis == agreement)
      return true;
  return false;
}

static bool is_code(const char *s) {
  return strlen(s) == 3 && strspn(s, "abcdefghijklmnopqrstuvwxyz") == 3;
}

void m_move_funds(const struct asked *a) {
  const struct cmd_funds *c = &a->c->u.funds;
  const struct model *m = a->m;
  bool pays = a->c->type == COMMAND_AGREEMENT_PAY;
  enum event_type type = pays ? EVENT_AGREEMENT_PAID : EVENT_AGREEMENT_COMMITTED;
  uint64_t sum = m_funds(m, type, c->agreement);
  uint64_t left = m_funds(m, EVENT_AGREEMENT_COMMITTED, c->agreement) -
                  m_funds(m, EVENT_AGREEMENT_PAID, c->agreement);
  const char *currency = m_currency(m, c->agreement);
  struct reason_on unused;
  bool bears =
      pays ? m_basis_bears(m, c->agreement, a->c->at, &unused) : !is_terminated(m, c->agreement);
  if (!m_basis(m, c->agreement)->agreement)
    m_reject(a, REASON_WRONG_STATE, REF_BASIS, c->agreement);
  else if (c->amount == 0 || !is_code(c->currency.s))
    m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
  else if (sum + c->amount > 9007199254740991u) /* 2^53 - 1 */
    m_reject(a, REASON_LIMIT_REACHED, REF_BASIS, c->agreement);
  else if (!bears)
    m_refuse(a, REASON_AGREEMENT_NOT_IN_FORCE, REF_BASIS, c->agreement);
  else if (currency && strcmp(currency, c->currency.s) != 0)
    m_refuse(a, REASON_OTHER_CURRENCY, REF_BASIS, c->agreement);
  else if (pays && c->amount > left)
    m_refuse(a, REASON_FUNDS_EXCEEDED, REF_BASIS, c->agreement);
  else
    m_expect(a, type)->u.funds =
        (struct ev_funds){c->agreement, c->amount, c->currency, c->document};
}
