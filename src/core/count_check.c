/* count_check.c: of a state from outside, what counts rest on; see custody_check.h. Tallies lead
 * from later ones to earlier ones of the same count, so each chain ends. */
#include "core/custody_check.h"
#include "core/custody_int.h"

#include <string.h>

static bool area_or_gone(const struct core *core, uint32_t area) {
  return area == NONE16 || area < core->head.n_areas;
}

static bool count_fits(const struct core *core, uint32_t i) {
  const struct core_head *h = &core->head;
  const struct count *c = &core->counts[i];
  bool open = count_is_open(c);
  if (c->opener >= h->n_operators || c->tallies > h->n_tallies || c->closed_s < c->opened_s ||
      c->resolved > h->n_counts || c->differs > 1 || c->unused || !area_or_gone(core, c->area) ||
      (open && c->differs) || (c->resolved && (c->resolved <= i + 1 || !c->differs)) ||
      ((open || count_freezes(c)) && (c->area == NONE16 || c->area == area_outside)))
    return false;
  return open || c->differs == (c->n_differ != 0);
}

static bool tally_fits(const struct core *core, uint32_t i) {
  const struct tally *t = &core->tallies[i];
  return t->count < core->head.n_counts && t->next <= i && t->by < core->head.n_operators &&
         !t->unused && area_or_gone(core, t->area) &&
         (!t->next || core->tallies[t->next - 1].count == t->count);
}

/* How many areas' last tally differs, counted once more. Of a closed count areas may be gone. */
static bool differs_fit(const struct core *core, uint32_t i) {
  const struct count *c = &core->counts[i];
  uint8_t seen[areas_max];
  uint32_t n = 0;
  if (c->tallies && core->tallies[c->tallies - 1].count != i)
    return false;
  memset(seen, 0, sizeof seen);
  for (uint32_t k = c->tallies; k; k = core->tallies[k - 1].next) {
    const struct tally *t = &core->tallies[k - 1];
    if (t->area == NONE16) {
      if (count_is_open(c))
        return false;
      continue;
    }
    n += !seen[t->area] && t->seen != t->expected;
    seen[t->area] = 1;
  }
  return count_is_open(c) ? n == c->n_differ : n <= c->n_differ;
}

static bool apart(const struct core *core) {
  for (uint32_t i = 0; i < core->head.n_counts; i++)
    for (uint32_t k = 0; k < i && count_is_open(&core->counts[i]); k++)
      if (count_is_open(&core->counts[k]) &&
          (plan_area_within(core->plan, core->counts[i].area, core->counts[k].area) ||
           plan_area_within(core->plan, core->counts[k].area, core->counts[i].area)))
        return false;
  return true;
}

const char *count_check(const struct core *core) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < core->head.n_counts; i++)
    ok = count_fits(core, i);
  for (uint32_t i = 0; ok && i < core->head.n_tallies; i++)
    ok = tally_fits(core, i);
  for (uint32_t i = 0; ok && i < core->head.n_counts; i++)
    ok = differs_fit(core, i);
  if (!ok)
    return "a count, or a tally of one, points outside of its array";
  return apart(core) && counts_freeze_as_told(core) ? NULL : "counts do not add up";
}
