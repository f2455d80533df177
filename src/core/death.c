/* death.c: a death in custody (docs/custody.md, "Death"): recorded by anybody at once, the cause
 * and the remains by papers. Until both are there the register stays open, and what is owed about a
 * living person stops. Nothing is edited: what was recorded in error is retracted by two. */
#include "core/apply.h"
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

/* The row in force of a person who died; NULL: they live, as far as is known. */
static struct death *row_of(const struct core *core, uint32_t person) {
  uint32_t last = core->custody[person].death;
  struct death *d = last ? &core->deaths[last - 1] : NULL;
  return d && !d->retracted ? d : NULL;
}

const struct death *death_of(const struct core *core, uint32_t person) {
  return row_of(core, person);
}

bool death_is_resolved(const struct death *d) {
  return d->cause_s != UINT32_MAX && d->remains_s != UINT32_MAX;
}

bool reject_deceased(struct deciding *d, uint32_t person) {
  if (!death_of(d->core, person))
    return false;
  deciding_reject(d, REASON_DECEASED, ref_to(REF_PERSON, person));
  return true;
}

/* --- Recording it --- */

void decide_death_record(struct deciding *d) {
  const struct cmd_death_record *c = &d->command->u.death_record;
  if (d->core->persons[c->person].state == PERSON_STATE_MERGED)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (death_of(d->core, c->person))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, c->person));
  else if (d->core->head.n_deaths == deaths_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (c->at > d->command->at)
    deciding_reject(d, REASON_TIME_ORDER, nothing);
  else if (check_dates(d, TIME_ABSENT, c->at))
    deciding_alarm(d, EVENT_DEATH_RECORDED)->u.death_recorded =
        (struct ev_death_recorded){c->person, c->at, d->command->by.index};
}

void apply_death_recorded(struct core *core, const struct event *e) {
  const struct ev_death_recorded *r = &e->u.death_recorded;
  SP_ASSERT(core->head.n_deaths < deaths_max);
  uint32_t i = core->head.n_deaths++;
  core->deaths[i] =
      (struct death){.person = r->person,
                     .booking = is_booked(core, r->person) ? core->custody[r->person].booking : 0,
                     .recorder = r->recorder,
                     .at_s = seconds_of(r->at),
                     .recorded_s = seconds_of(e->at),
                     .cause_s = UINT32_MAX,
                     .remains_s = UINT32_MAX,
                     .area = NONE16};
  core->custody[r->person].death = i + 1;
}

/* --- What has to be found, and by whom --- */

void decide_death_cause(struct deciding *d) {
  const struct cmd_death_cause *c = &d->command->u.death_cause;
  const struct death *row = death_of(d->core, c->person);
  uint32_t by = d->command->by.index;
  bool two = d->core->plan->rules.second_operator;
  if (!row)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (row->cause_s != UINT32_MAX)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, c->person));
  else if (two && row->recorder == by)
    deciding_refuse(d, REASON_SAME_OPERATOR, ref_to(REF_OPERATOR, by));
  else if (two && d->core->operators[row->recorder].role == d->core->operators[by].role)
    deciding_refuse(d, REASON_SAME_ROLE, ref_to(REF_OPERATOR, by));
  else
    deciding_event(d, EVENT_DEATH_CAUSE_FOUND)->u.death_cause_found =
        (struct ev_death_cause_found){c->person, c->document, by};
}

/* The booking of one whose cause and remains are both recorded ends: as that of one who died. */
static void close_register(struct core *core, const struct death *d, usec at) {
  if (death_is_resolved(d) && d->booking)
    booking_close(core, d->person, at);
}

void apply_death_cause_found(struct core *core, const struct event *e) {
  struct death *d = row_of(core, e->u.death_cause_found.person);
  d->cause_s = seconds_of(e->at);
  close_register(core, d, e->at);
}

void decide_death_remains(struct deciding *d) {
  const struct cmd_death_remains *c = &d->command->u.death_remains;
  const struct death *row = death_of(d->core, c->person);
  if (!row)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, c->person));
  else if (row->remains_s != UINT32_MAX)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, c->person));
  else if (on_the_way(d->core, c->person, REF_ABSENT))
    deciding_reject(d, REASON_SEQUENCE,
                    ref_to(REF_PERSON, c->person)); /* a door is open for them */
  else
    deciding_event(d, EVENT_DEATH_REMAINS_HANDED_OVER)->u.death_remains_handed_over =
        (struct ev_death_remains_handed_over){c->person, c->receipt};
}

/* Whoever has them now, they are in no area of the site any more, and on no manifest. */
void apply_death_remains_handed_over(struct core *core, const struct event *e) {
  uint32_t person = e->u.death_remains_handed_over.person;
  struct death *d = row_of(core, person);
  d->remains_s = seconds_of(e->at);
  if (active_member(core, person)) {
    struct member *r = &core->members[core->custody[person].member - 1];
    d->away = r->state == MEMBER_DEPARTED || r->state == MEMBER_ARRIVED;
    member_goes(core, r, MEMBER_REMOVED);
  }
  if (core->persons[person].area != area_outside) {
    d->area = core->persons[person].area;
    move_person(core, person, area_outside, e->at);
  }
  close_register(core, d, e->at);
}

/* --- It was recorded in error --- */

void decide_death_retract(struct deciding *d) {
  uint32_t person = d->command->u.person_ref.person;
  if (!death_of(d->core, person))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_PERSON, person));
  else
    deciding_event(d, EVENT_DEATH_RETRACTED)->u.person_ref.person = person;
}

/* Under way again in what has become of the movement meanwhile: of an internal one, that is over,
 * they are back. */
static void goes_on(struct core *core, uint32_t person) {
  struct member *r = &core->members[core->custody[person].member - 1];
  const struct movement *m = &core->movements[r->movement];
  member_goes(core, r,
              m->state == MOVEMENT_STATE_DEPARTED ? MEMBER_DEPARTED
              : m->kind == MOVEMENT_INTERNAL      ? MEMBER_RETURNED
                                                  : MEMBER_ARRIVED);
}

void apply_death_retracted(struct core *core, const struct event *e) {
  uint32_t person = e->u.person_ref.person;
  struct death *d = row_of(core, person);
  if (d->booking && death_is_resolved(d))
    core->bookings[d->booking - 1].closed_s = UINT32_MAX;
  if (d->area != NONE16)
    move_person(core, person, d->area, e->at);
  if (d->away)
    goes_on(core, person);
  d->area = NONE16;
  d->away = 0;
  d->retracted = 1;
}
