/* count.c: roll checks (docs/custody.md, "Counts"): what officers see in each area against whom the
 * journal has there; while the two differ nobody is moved. */
#include "core/count.h"

#include "core/custody_int.h"

#include <string.h>

static const struct ref nothing = {REF_NONE, 0};

/* --- What is to be seen --- */

uint32_t count_expected(const struct core *core, uint32_t area) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    n += core->persons[i].kind == PERSON_DETAINEE && core->persons[i].area == area;
  return n;
}

/* People can be in it, and not only in areas within it: a door leads there, or somebody is there.
 */
static void mark_direct(const struct core *core, uint8_t marks[areas_max]) {
  const struct plan *p = core->plan;
  memset(marks, 0, areas_max);
  for (uint32_t i = 0; i < p->n_doors; i++)
    marks[p->doors[i].from] = marks[p->doors[i].to] = 1;
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    marks[core->persons[i].area] |= core->persons[i].kind == PERSON_DETAINEE;
}

uint32_t count_missing(const struct core *core, uint32_t count, uint32_t *areas, uint32_t most) {
  const struct plan *p = core->plan;
  uint8_t wanted[areas_max];
  uint32_t n = 0;
  mark_direct(core, wanted);
  for (uint32_t i = core->counts[count].tallies; i; i = core->tallies[i - 1].next)
    if (core->tallies[i - 1].area != NONE16)
      wanted[core->tallies[i - 1].area] = 0;
  for (uint32_t a = 0; a < p->n_areas; a++)
    if (wanted[a] && a != area_outside && plan_area_within(p, a, core->counts[count].area)) {
      if (n < most)
        areas[n] = a;
      n++;
    }
  return n;
}

/* Of this count the tally of the area that counts, the last one: index + 1; 0: none. */
static uint32_t last_tally(const struct core *core, uint32_t count, uint32_t area) {
  uint32_t i = core->counts[count].tallies;
  while (i && core->tallies[i - 1].area != area)
    i = core->tallies[i - 1].next;
  return i;
}

static bool differs(const struct tally *t) {
  return t->seen != t->expected;
}

/* --- What it keeps from happening --- */

bool count_is_open(const struct count *c) {
  return c->closed_s == UINT32_MAX;
}

bool count_freezes(const struct count *c) {
  return count_is_open(c) ? c->n_differ != 0 : c->differs && !c->resolved;
}

uint32_t count_that_freezes(const struct core *core) {
  for (uint32_t i = 0; core->head.frozen && i < core->head.n_counts; i++)
    if (count_freezes(&core->counts[i]))
      return i;
  return REF_ABSENT;
}

bool check_frozen(const struct core *core, uint32_t movement, struct reasons *found) {
  const struct movement *m = &core->movements[movement];
  uint32_t count =
      m->kind == MOVEMENT_RELEASE || m->emergency ? REF_ABSENT : count_that_freezes(core);
  if (count != REF_ABSENT)
    reasons_add(found, REASON_COUNT_MISMATCH, ref_to(REF_COUNT, count));
  return count != REF_ABSENT;
}

static uint32_t how_many_freeze(const struct core *core) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < core->head.n_counts; i++)
    n += count_freezes(&core->counts[i]);
  return n;
}

bool counts_freeze_as_told(const struct core *core) {
  return core->head.frozen == how_many_freeze(core);
}

uint32_t count_that_needs(const struct core *core, uint32_t area) {
  for (uint32_t i = 0; i < core->head.n_counts; i++) {
    const struct count *c = &core->counts[i];
    if ((count_is_open(c) || count_freezes(c)) && c->area == area)
      return i;
    if (count_is_open(c) && last_tally(core, i, area))
      return i;
  }
  return REF_ABSENT;
}

/* --- Beginning --- */

/* An open count of an area that contains this one, or lies within it. */
static uint32_t overlapping(const struct core *core, uint32_t area) {
  for (uint32_t i = 0; i < core->head.n_counts; i++) {
    const struct count *c = &core->counts[i];
    if (count_is_open(c) && (plan_area_within(core->plan, area, c->area) ||
                             plan_area_within(core->plan, c->area, area)))
      return i;
  }
  return REF_ABSENT;
}

void decide_count_begin(struct deciding *d) {
  const struct cmd_count_begin *c = &d->command->u.count_begin;
  uint32_t have;
  if (core_find_count(d->core, c->count, &have))
    deciding_reject(d, REASON_EXISTS, ref_to(REF_COUNT, have));
  else if (c->area == area_outside)
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_AREA, c->area));
  else if ((have = overlapping(d->core, c->area)) != REF_ABSENT)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_COUNT, have));
  else if (d->core->head.n_counts == counts_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else
    deciding_event(d, EVENT_COUNT_BEGUN)->u.count_begun = (struct ev_count_begun){
        c->count, person_number(d->core->head.n_counts), c->area, d->command->by.index};
}

void apply_count_begun(struct core *core, const struct event *e) {
  const struct ev_count_begun *b = &e->u.count_begun;
  SP_ASSERT(core->head.n_counts < counts_max);
  uint32_t i = core->head.n_counts++;
  core->counts[i] = (struct count){.id = b->count,
                                   .opener = b->opener,
                                   .opened_s = seconds_of(e->at),
                                   .closed_s = UINT32_MAX,
                                   .area = (uint16_t)b->area};
  core_index_added(core, REF_COUNT, i);
}

/* --- Telling how many were seen --- */

void decide_count_tally(struct deciding *d) {
  const struct cmd_count_tally *c = &d->command->u.count_tally;
  const struct count *row = &d->core->counts[c->count];
  if (!count_is_open(row))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_COUNT, c->count));
  else if (!plan_area_within(d->core->plan, c->area, row->area))
    deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_AREA, c->area));
  else if (d->core->head.n_tallies == tallies_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else {
    struct ev_count_tallied t = {c->count, c->area, count_expected(d->core, c->area), c->seen,
                                 d->command->by.index};
    deciding_event(d, EVENT_COUNT_TALLIED)->u.count_tallied = t;
    if (t.seen != t.expected)
      deciding_alarm(d, EVENT_COUNT_DIFFERS)->u.count_tallied = t;
  }
}

void apply_count_tallied(struct core *core, const struct event *e) {
  const struct ev_count_tallied *t = &e->u.count_tallied;
  struct count *c = &core->counts[t->count];
  SP_ASSERT(core->head.n_tallies < tallies_max);
  uint32_t before = last_tally(core, t->count, t->area), i = core->head.n_tallies++;
  core->tallies[i] = (struct tally){.count = t->count,
                                    .next = c->tallies,
                                    .by = t->by,
                                    .at_s = seconds_of(e->at),
                                    .expected = t->expected,
                                    .seen = t->seen,
                                    .area = (uint16_t)t->area};
  c->tallies = i + 1;
  c->n_differ += differs(&core->tallies[i]);
  c->n_differ -= before && differs(&core->tallies[before - 1]);
  core->head.frozen = how_many_freeze(core);
}

/* --- Closing --- */

enum { missing_told_most = 8 };

/* Areas that nobody has looked at: it was refused. */
static bool lacks_tallies(struct deciding *d, uint32_t count) {
  uint32_t areas[missing_told_most];
  uint32_t n = count_missing(d->core, count, areas, missing_told_most);
  for (uint32_t i = 0; i < n && i < missing_told_most; i++)
    reasons_add(&d->out->reasons, REASON_SEQUENCE, ref_to(REF_AREA, areas[i]));
  if (!n)
    return false;
  d->out->verdict = VERDICT_REFUSED;
  deciding_event(d, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = d->out->reasons;
  return true;
}

/* Whoever closes it has seen none of it: it was refused otherwise. */
static bool closes_own(struct deciding *d, uint32_t count) {
  const struct core *core = d->core;
  uint32_t by = d->command->by.index;
  for (uint32_t i = core->counts[count].tallies; i; i = core->tallies[i - 1].next) {
    uint32_t tallied = core->tallies[i - 1].by;
    if (tallied != by && core->operators[tallied].role != core->operators[by].role)
      continue;
    deciding_refuse(d, tallied == by ? REASON_SAME_OPERATOR : REASON_SAME_ROLE,
                    ref_to(REF_OPERATOR, by));
    return true;
  }
  return false;
}

void decide_count_close(struct deciding *d) {
  uint32_t which = d->command->u.count_ref.count;
  const struct count *c = &d->core->counts[which];
  bool two = d->core->plan->rules.second_operator;
  if (!count_is_open(c))
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_COUNT, which));
  else if (lacks_tallies(d, which) || (two && closes_own(d, which)))
    return;
  else if (two && c->n_differ && d->command->second == REF_ABSENT)
    deciding_refuse(d, REASON_SECOND_OPERATOR_REQUIRED, nothing);
  else
    deciding_event(d, EVENT_COUNT_CLOSED)->u.count_closed =
        (struct ev_count_closed){which, c->n_differ != 0, d->command->by.index};
}

void apply_count_closed(struct core *core, const struct event *e) {
  const struct ev_count_closed *c = &e->u.count_closed;
  struct count *row = &core->counts[c->count];
  row->closed_s = seconds_of(e->at);
  row->differs = c->differs;
  for (uint32_t i = 0; i < c->count && !c->differs; i++)
    if (!count_is_open(&core->counts[i]) && count_freezes(&core->counts[i]) &&
        plan_area_within(core->plan, core->counts[i].area, row->area))
      core->counts[i].resolved = c->count + 1;
  core->head.frozen = how_many_freeze(core);
}
