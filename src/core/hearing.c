/* hearing.c: when a court or another authority hears a person: set, and closed when it was held,
 * was put off or will not be. What nobody closes in time is an alarm (deadline.c). */
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

const char *const hearing_state_names[] = {"set", "held", "adjourned", "cancelled", NULL};
/* What may become of one: all but `set`. */
const char *const hearing_outcome_list[] = {"held", "adjourned", "cancelled", NULL};

void decide_hearing_set(struct deciding *d) {
  const struct cmd_hearing_set *c = &d->command->u.hearing_set;
  uint32_t have;
  if (core_find_hearing(d->core, c->hearing, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_HEARING, have));
  else if (d->core->persons[c->person].kind != PERSON_DETAINEE)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (d->core->head.n_hearings == hearings_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (!reject_deceased(d, c->person) && check_dates(d, TIME_ABSENT, c->at))
    deciding_event(d, EVENT_HEARING_SET)->u.hearing_set = (struct ev_hearing_set){
        c->hearing, person_number(d->core->head.n_hearings), c->person, c->authority, c->at};
}

void apply_hearing_set(struct core *core, const struct event *e) {
  const struct ev_hearing_set *h = &e->u.hearing_set;
  SP_ASSERT(core->head.n_hearings < hearings_max);
  uint32_t i = core->head.n_hearings++;
  core->hearings[i] = (struct hearing){.id = h->hearing,
                                       .person = h->person,
                                       .authority = h->authority,
                                       .at_s = seconds_of(h->at),
                                       .next = core->custody[h->person].hearings};
  core->custody[h->person].hearings = i + 1;
  core_index_added(core, REF_HEARING, i);
}

void decide_hearing_close(struct deciding *d) {
  const struct cmd_hearing_close *c = &d->command->u.hearing_close;
  if (d->core->hearings[c->hearing].state != HEARING_SET)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_HEARING, c->hearing));
  else
    deciding_event(d, EVENT_HEARING_CLOSED)->u.hearing_closed =
        (struct ev_hearing_closed){c->hearing, c->outcome};
}

void apply_hearing_closed(struct core *core, const struct event *e) {
  core->hearings[e->u.hearing_closed.hearing].state = e->u.hearing_closed.outcome + 1;
}
