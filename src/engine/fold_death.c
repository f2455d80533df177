/* fold_death.c: what entries about deaths rest on; see fold_check.h. */
#include "engine/fold_custody.h"

const char *check_death_recorded(const struct core *core, const struct event *e) {
  if (death_of(core, e->u.death_recorded.person))
    return "the person has died already";
  return core->head.n_deaths < deaths_max ? NULL : "there are more than fit";
}

static const char *lacks(const struct death *d, uint32_t when_s) {
  return !d ? "the person has not died" : when_s == UINT32_MAX ? NULL : "it is so already";
}

const char *check_death_cause_found(const struct core *core, const struct event *e) {
  const struct death *d = death_of(core, e->u.death_cause_found.person);
  return lacks(d, d ? d->cause_s : 0);
}

const char *check_death_remains_handed_over(const struct core *core, const struct event *e) {
  const struct death *d = death_of(core, e->u.death_remains_handed_over.person);
  return lacks(d, d ? d->remains_s : 0);
}

const char *check_death_retracted(const struct core *core, const struct event *e) {
  return death_of(core, e->u.person_ref.person) ? NULL : "the person has not died";
}
