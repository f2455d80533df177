/* funds.c: what an agreement commits and what was paid under it: whole minor units of one currency.
 * The totals stand in the agreement's row; no more is paid than was committed. */
#include "core/custody_int.h"

#include <string.h>

static const struct ref nothing = {REF_NONE, 0};

/* Three letters, as ISO 4217 has them, in lower case. */
static bool is_currency(const char *s) {
  for (int i = 0; i < 3; i++)
    if (s[i] < 'a' || s[i] > 'z')
      return false;
  return s[3] == 0;
}

/* True when the command is about money under an agreement that can be; else it was rejected. */
static bool is_money(struct deciding *d, const struct cmd_funds *f, uint64_t total) {
  struct ref on = ref_to(REF_BASIS, f->agreement);
  if (!d->core->bases[f->agreement].agreement)
    deciding_reject(d, REASON_WRONG_STATE, on);
  else if (!f->amount || !is_currency(f->currency.s))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (f->amount > amount_most - total)
    deciding_reject(d, REASON_LIMIT_REACHED, on);
  return d->out->verdict == VERDICT_DONE;
}

/* One currency an agreement: the first that was committed. */
static bool is_of_currency(const struct basis *b, const struct cmd_funds *f) {
  return !b->currency[0] || memcmp(b->currency, f->currency.s, sizeof b->currency) == 0;
}

static void money(struct deciding *d, enum event_type type) {
  const struct cmd_funds *f = &d->command->u.funds;
  deciding_event(d, type)->u.funds =
      (struct ev_funds){f->agreement, f->amount, f->currency, f->document};
}

void decide_agreement_commit(struct deciding *d) {
  const struct cmd_funds *f = &d->command->u.funds;
  const struct basis *b = &d->core->bases[f->agreement];
  struct ref on = ref_to(REF_BASIS, f->agreement);
  if (!is_money(d, f, b->committed))
    return;
  if (b->repealed_s != UINT32_MAX)
    deciding_refuse(d, REASON_AGREEMENT_NOT_IN_FORCE, on);
  else if (!is_of_currency(b, f))
    deciding_refuse(d, REASON_OTHER_CURRENCY, on);
  else
    money(d, EVENT_AGREEMENT_COMMITTED);
}

void apply_agreement_committed(struct core *core, const struct event *e) {
  const struct ev_funds *f = &e->u.funds;
  struct basis *b = &core->bases[f->agreement];
  b->committed += f->amount;
  memcpy(b->currency, f->currency.s, sizeof b->currency);
}

void decide_agreement_pay(struct deciding *d) {
  const struct cmd_funds *f = &d->command->u.funds;
  const struct basis *b = &d->core->bases[f->agreement];
  struct ref on = ref_to(REF_BASIS, f->agreement);
  if (!is_money(d, f, b->paid))
    return;
  if (basis_status_at(d->core, f->agreement, d->command->at) != ORDER_STATUS_IN_FORCE)
    deciding_refuse(d, REASON_AGREEMENT_NOT_IN_FORCE, on);
  else if (!is_of_currency(b, f))
    deciding_refuse(d, REASON_OTHER_CURRENCY, on);
  else if (f->amount > b->committed - b->paid)
    deciding_refuse(d, REASON_FUNDS_EXCEEDED, on);
  else
    money(d, EVENT_AGREEMENT_PAID);
}

void apply_agreement_paid(struct core *core, const struct event *e) {
  core->bases[e->u.funds.agreement].paid += e->u.funds.amount;
}

bool funds_fit(const struct basis *b) {
  bool none = !b->committed && !b->paid && !b->currency[0] && !b->currency[1] && !b->currency[2] &&
              !b->currency[3];
  return !b->unused && (none || (b->agreement && is_currency(b->currency) &&
                                 b->committed <= amount_most && b->paid <= b->committed));
}
