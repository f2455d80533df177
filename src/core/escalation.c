/* escalation.c: who may not go although a release in force frees them, or since nobody knows
 * whether an order of a class binds them, waits for somebody who can resolve it: an alarm names
 * them. To keep whoever is to be released is itself a breach, so a clock runs as well (deadline.c).
 */
#include "core/custody_int.h"

static bool frees(const struct core *core, const struct question *q) {
  return core->movements[q->movement].kind == MOVEMENT_RELEASE && q->order != REF_ABSENT &&
         core->orders[q->order].kind == ORDER_RELEASE &&
         order_is_theirs(core, &core->orders[q->order], q->person) &&
         order_status_at(core, q->order, q->at) == ORDER_STATUS_IN_FORCE;
}

/* The order that makes it urgent; REF_ABSENT: none does. */
static uint32_t urged_by(const struct core *core, const struct question *q,
                         const struct reasons *found) {
  for (uint32_t i = 0; i < found->n; i++)
    if (found->at[i].code == REASON_DECEASED)
      return REF_ABSENT; /* nobody waits to be freed */
  if (frees(core, q))
    return q->order;
  for (uint32_t i = 0; i < found->n; i++)
    if (found->at[i].code == REASON_CLASS_UNCERTAIN)
      return found->at[i].on.index;
  return REF_ABSENT;
}

void escalate(struct deciding *d, enum movement_step step, const struct question *q,
              const struct reasons *found) {
  uint32_t order = urged_by(d->core, q, found);
  for (uint32_t i = 0; i < d->out->n_events; i++)
    if (d->out->events[i].type == EVENT_REFUSAL_ESCALATED)
      return; /* of several in one decision the first: all are named beside it */
  if (order != REF_ABSENT)
    deciding_alarm(d, EVENT_REFUSAL_ESCALATED)->u.refusal_escalated =
        (struct ev_refusal_escalated){q->movement, q->person, order, step};
}

/* The clock runs from the first refusal of a release; its alarm starts it anew. */
void apply_refusal_escalated(struct core *core, const struct event *e) {
  struct order *o = &core->orders[e->u.refusal_escalated.order];
  if (o->kind != ORDER_RELEASE)
    return;
  if (o->blocked_s == UINT32_MAX || o->told >> DEADLINE_RELEASE_BLOCKED & 1)
    o->blocked_s = seconds_of(e->at);
  o->told &= ~(1u << DEADLINE_RELEASE_BLOCKED);
}
