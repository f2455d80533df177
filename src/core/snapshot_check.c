/* snapshot_check.c: all that core_apply and core_decide rest on, looked at once before a state from
 * outside is lived on: indexes lie within their arrays, chains end and share nothing, counts are
 * those of what they count, times can be reckoned with. */
#include "core/snapshot_check.h"

#include "core/custody_check.h"

#include <string.h>

/* Journal indexes are whole numbers that JSON keeps. */
#define ENTRY_MAX ((UINT64_C(1) << 53) - 1)
/* What is due may lie behind the last second of the calendar, by the longest time of a plan. */
#define DUE_MAX (USEC_MAX + INT64_C(8) * 86400 * USEC_PER_S)

static bool due_fits(usec t) {
  return t >= USEC_MIN && t <= DUE_MAX;
}

static bool head_fits(const struct core_head *h) {
  return h->last_at >= USEC_MIN && h->last_at <= USEC_MAX && h->next_entry <= ENTRY_MAX &&
         h->site_created <= 1 && h->sealed <= 1;
}

/* --- Persons and what hangs on them --- */

static bool person_fits(const struct core *core, const struct person *p) {
  const struct core_head *h = &core->head;
  bool merged = p->state == PERSON_STATE_MERGED;
  if (p->area >= h->n_areas || p->kind >= PERSON_KIND_COUNT || p->n_grants > grants_inline ||
      p->state > PERSON_STATE_MERGED || p->state_before_merge >= PERSON_STATE_MERGED ||
      p->extra_grants > h->n_extra_grants || p->separations > h->n_separations ||
      merged != (p->merged_into != REF_ABSENT) || (merged && p->merged_into >= h->n_persons))
    return false;
  for (uint32_t g = 0; g < p->n_grants; g++)
    if (p->grants[g].level >= core->plan->n_levels)
      return false;
  return true;
}

static bool persons_fit(const struct core *core) {
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    if (!person_fits(core, &core->persons[i]))
      return false;
  return true;
}

static bool credentials_fit(const struct core *core) {
  const struct plan *plan = core->plan;
  for (uint32_t i = 0; i < core->head.n_credentials; i++) {
    const struct credential *c = &core->credentials[i];
    if ((c->format != NONE16 && (!plan || c->format >= plan->n_formats)) ||
        c->person >= core->head.n_persons || c->state > CREDENTIAL_STATE_REVOKED ||
        c->once > ONCE_USED || (c->once != ONCE_NOT && c->valid_until_s == UINT32_MAX) ||
        (c->compromised_s != UINT32_MAX && c->state != CREDENTIAL_STATE_REVOKED))
      return false;
  }
  return true;
}

/* `seen` has a zeroed place for each row of a chain's array. Each row is in one chain at most, so
 * every chain ends. */
static bool grants_chain(const struct core *core, uint32_t *seen, uint32_t first) {
  for (uint32_t x = first; x; x = core->extra_grants[x - 1].next) {
    if (x > core->head.n_extra_grants || seen[x - 1]++ ||
        core->extra_grants[x - 1].grant.level >= core->plan->n_levels)
      return false;
  }
  return true;
}

/* Each level once. Its chain is known to end. */
static bool levels_once(const struct core *core, const struct person *p) {
  uint64_t have[(levels_max + 63) / 64] = {0};
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, p, &c));) {
    uint64_t bit = UINT64_C(1) << g->level % 64;
    if (have[g->level / 64] & bit)
      return false;
    have[g->level / 64] |= bit;
  }
  return true;
}

static bool separations_chain(const struct core *core, uint32_t *seen, uint32_t first) {
  for (uint32_t s = first; s; s = core->separations[s - 1].next)
    if (s > core->head.n_separations || seen[s - 1]++)
      return false;
  return true;
}

static bool grants_fit(struct core *core, uint32_t *seen) {
  bool ok = !core->head.n_extra_grants || core->plan;
  ok = ok && grants_chain(core, seen, core->head.free_grant);
  for (uint32_t i = 0; ok && i < core->head.n_persons; i++)
    ok = grants_chain(core, seen, core->persons[i].extra_grants) &&
         levels_once(core, &core->persons[i]);
  memset(seen, 0, core->head.n_extra_grants * sizeof *seen);
  return ok;
}

/* Whoever is kept from another is in that one's chain too. Chains are known to end. */
static bool kept_both_ways(const struct core *core, uint32_t person) {
  for (uint32_t s = core->persons[person].separations; s; s = core->separations[s - 1].next) {
    uint32_t other = core->separations[s - 1].other, back;
    if (other >= core->head.n_persons || other == person)
      return false;
    for (back = core->persons[other].separations; back; back = core->separations[back - 1].next)
      if (core->separations[back - 1].other == person)
        break;
    if (!back)
      return false;
  }
  return true;
}

static bool separations_fit(struct core *core, uint32_t *seen) {
  bool ok = separations_chain(core, seen, core->head.free_separation);
  for (uint32_t i = 0; ok && i < core->head.n_persons; i++)
    ok = separations_chain(core, seen, core->persons[i].separations);
  memset(seen, 0, core->head.n_separations * sizeof *seen);
  for (uint32_t i = 0; ok && i < core->head.n_persons; i++)
    ok = kept_both_ways(core, i);
  return ok;
}

/* --- Places --- */

static bool member_fits(const struct core *core, uint32_t door, const struct party_member *m) {
  const struct core_head *h = &core->head;
  const struct plan_door *p = &core->plan->doors[door];
  if (m->person >= h->n_persons || m->credential >= h->n_credentials || m->from >= h->n_areas ||
      m->to >= h->n_areas || (m->reader != NONE16 && m->reader >= h->n_readers) ||
      m->direction >= DIRECTION_COUNT || m->status > PARTY_THROUGH || !due_fits(m->at))
    return false;
  /* A permission leads to one of the door's sides, which therefore stays while it is open. */
  return m->status != PARTY_GRANTED || m->to == p->from || m->to == p->to;
}

static bool doors_fit(const struct core *core) {
  for (uint32_t d = 0; d < core->head.n_doors; d++) {
    const struct door_state *s = &core->doors[d];
    if (s->n_party > party_max || s->open > 1 || s->unlocked > 1 || s->held > 1 ||
        s->lock_failed > 1 || !due_fits(s->relock_at) || !due_fits(s->opened_at) ||
        !due_fits(s->rex_until))
      return false;
    for (uint32_t i = 0; i < s->n_party; i++)
      if (!member_fits(core, d, &s->party[i]))
        return false;
  }
  return true;
}

static bool states_fit(const struct core *core) {
  const struct core_head *h = &core->head;
  uint32_t lockdowns = 0;
  bool ok = true;
  for (uint32_t i = 0; i < h->n_areas; i++) {
    lockdowns += core->areas[i].lockdown;
    ok = ok && core->areas[i].lockdown <= 1 && core->areas[i].first_in <= 1;
  }
  for (uint32_t i = 0; i < h->n_gates; i++)
    ok = ok && core->gates[i].closed <= 1;
  for (uint32_t i = 0; i < h->n_readers; i++)
    ok = ok && core->readers[i].offline <= 1 && core->readers[i].tampered <= 1 &&
         core->readers[i].insecure <= 1 && core->readers[i].unpowered <= 1 &&
         core->readers[i].rekey_n < core->head.next_entry && !core->readers[i].unused;
  for (uint32_t i = 0; i < h->n_operators; i++)
    ok = ok && core->operators[i].role < ROLE_COUNT && core->operators[i].disabled <= 1 &&
         (core->operators[i].compromised_s == UINT32_MAX || core->operators[i].disabled);
  for (uint32_t i = 0; i < h->n_alarms; i++)
    ok = ok && core->alarms[i].n < h->next_entry && core->alarms[i].type < EVENT_COUNT;
  return ok && lockdowns == h->lockdowns;
}

/* --- Counts, made anew in the spare array --- */

static void count_area(const struct core *core, struct area_state *count) {
  const struct plan *p = core->plan;
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    for (uint32_t a = core->persons[i].area; a != NONE16; a = p->areas[a].parent)
      count[a].occupancy++;
  for (uint32_t d = 0; d < core->head.n_doors; d++)
    for (uint32_t i = 0; i < core->doors[d].n_party; i++) {
      const struct party_member *m = &core->doors[d].party[i];
      if (m->status != PARTY_GRANTED)
        continue;
      for (uint32_t a = m->to; a != NONE16; a = p->areas[a].parent)
        count[a].reserved += !plan_area_within(p, m->from, a);
      count[m->from].leaving++;
    }
}

static bool counts_hold(struct core *core) {
  struct area_state *count = core->areas_spare;
  bool ok = true;
  count_area(core, count);
  for (uint32_t a = 0; a < core->head.n_areas; a++)
    ok = ok && core->areas[a].occupancy == count[a].occupancy &&
         core->areas[a].reserved == count[a].reserved && core->areas[a].leaving == count[a].leaving;
  memset(count, 0, core->head.n_areas * sizeof *count);
  return ok;
}

const char *snapshot_check(struct core *core) {
  _Static_assert(extra_grants_max <= persons_max && separations_max <= persons_max,
                 "the person table, which is still empty, has a place for each row of a chain");
  uint32_t *seen = core->person_index.slots;
  if (!head_fits(&core->head))
    return "a number in its head cannot be";
  if (!persons_fit(core) || !credentials_fit(core) || !doors_fit(core))
    return "an index points outside of its array, or a value is none of its kind";
  if (!states_fit(core))
    return "a state of the site cannot be";
  if (!grants_fit(core, seen) || !separations_fit(core, seen))
    return "a chain of grants or separations does not hold together";
  const char *wrong = custody_check(core, seen);
  if (wrong)
    return wrong;
  return counts_hold(core) ? NULL : "areas do not hold those whom it says";
}
