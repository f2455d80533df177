/* compromise.c: a card, or an operator's password, that may have been in other hands since some
 * instant. Neither may do anything from here on; what was done with it stands, and is listed for
 * review (cli_review.c). */
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

/* Nothing is compromised from an instant on that has not come; said again, only an earlier one is
 * news. */
static bool is_news(struct deciding *d, usec since, uint32_t known_s, struct ref on) {
  if (since > d->command->at) {
    deciding_reject(d, REASON_TIME_ORDER, nothing);
    return false;
  }
  if (!check_dates(d, since, TIME_ABSENT))
    return false;
  if (seconds_of(since) >= known_s)
    deciding_reject(d, REASON_ALREADY_SO, on);
  return seconds_of(since) < known_s;
}

void decide_credential_compromise(struct deciding *d) {
  const struct cmd_credential_compromise *c = &d->command->u.credential_compromise;
  const struct credential *x = &d->core->credentials[c->credential];
  if (is_news(d, c->since, x->compromised_s, ref_to(REF_CREDENTIAL, c->credential)))
    deciding_alarm(d, EVENT_CREDENTIAL_COMPROMISED)->u.credential_compromised =
        (struct ev_credential_compromised){c->credential, x->person, c->since};
}

void apply_credential_compromised(struct core *core, const struct event *e) {
  const struct ev_credential_compromised *c = &e->u.credential_compromised;
  core->credentials[c->credential].state = CREDENTIAL_STATE_REVOKED;
  core->credentials[c->credential].compromised_s = seconds_of(c->since);
}

void decide_operator_compromise(struct deciding *d) {
  const struct cmd_operator_compromise *c = &d->command->u.operator_compromise;
  const struct operator_record *o = &d->core->operators[c->operator_index];
  if (is_news(d, c->since, o->compromised_s, ref_to(REF_OPERATOR, c->operator_index)))
    deciding_alarm(d, EVENT_OPERATOR_COMPROMISED)->u.operator_compromised =
        (struct ev_operator_compromised){c->operator_index, c->since};
}

void apply_operator_compromised(struct core *core, const struct event *e) {
  const struct ev_operator_compromised *c = &e->u.operator_compromised;
  core->operators[c->operator_index].disabled = 1;
  core->operators[c->operator_index].compromised_s = seconds_of(c->since);
}

bool is_compromised(const struct core *core, uint32_t operator_index) {
  return core->operators[operator_index].compromised_s != UINT32_MAX;
}
