/* fold_count.c: what entries about counts rest on; see fold_check.h. */
#include "core/count.h"

#include "engine/fold_custody.h"

const char *check_count_begun(const struct core *core, const struct event *e) {
  const struct ev_count_begun *b = &e->u.count_begun;
  uint32_t have;
  if (core_find_count(core, b->count, &have))
    return "there is one of this id already";
  if (core->head.n_counts == counts_max)
    return "there are more than fit";
  if (b->area == area_outside)
    return "nobody is counted outside";
  for (uint32_t i = 0; i < core->head.n_counts; i++)
    if (count_is_open(&core->counts[i]) &&
        (plan_area_within(core->plan, b->area, core->counts[i].area) ||
         plan_area_within(core->plan, core->counts[i].area, b->area)))
      return "another count of that area is open";
  return b->number == person_number(core->head.n_counts) ? NULL : "it is not the next short number";
}

const char *check_count_tallied(const struct core *core, const struct event *e) {
  const struct ev_count_tallied *t = &e->u.count_tallied;
  if (!count_is_open(&core->counts[t->count]))
    return "the count is closed";
  if (!plan_area_within(core->plan, t->area, core->counts[t->count].area))
    return "the area is none of the count's";
  return core->head.n_tallies < tallies_max ? NULL : "there are more than fit";
}

const char *check_count_closed(const struct core *core, const struct event *e) {
  const struct ev_count_closed *c = &e->u.count_closed;
  const struct count *row = &core->counts[c->count];
  if (!count_is_open(row))
    return "the count is closed already";
  return c->differs == (row->n_differ != 0) ? NULL : "its tallies say otherwise";
}
