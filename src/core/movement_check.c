/* movement_check.c: of a state from outside, what movements rest on; see custody_check.h. */
#include "core/assessment.h"
#include "core/custody_check.h"
#include "core/custody_int.h"

static bool movement_fits(const struct core *core, const struct movement *m) {
  const struct core_head *h = &core->head;
  bool authorised = m->state != MOVEMENT_STATE_PROPOSED && m->state != MOVEMENT_STATE_CANCELLED;
  return (m->to == REF_ABSENT || m->to < h->n_places) &&
         (m->agreement == REF_ABSENT || m->agreement < h->n_bases) &&
         (m->receiver == REF_ABSENT || m->receiver < h->n_authorities) &&
         m->members <= h->n_members && m->proposer < h->n_operators &&
         (m->authoriser == REF_ABSENT ? !authorised : m->authoriser < h->n_operators) &&
         m->kind < MOVEMENT_KIND_COUNT && m->state < MOVEMENT_STATE_COUNT && m->adults_only <= 1 &&
         m->emergency <= 1;
}

/* Rows lead from later ones to earlier ones of the same movement, so each chain ends. */
static bool member_fits(const struct core *core, uint32_t i) {
  const struct core_head *h = &core->head;
  const struct member *r = &core->members[i];
  bool aboard = r->state >= MEMBER_BOARDED && member_is_active(r->state);
  return r->movement < h->n_movements && r->person < h->n_persons &&
         (r->order == REF_ABSENT || r->order < h->n_orders) && r->next <= i &&
         (!r->next || core->members[r->next - 1].movement == r->movement) &&
         r->state < MEMBER_STATE_COUNT && (!aboard || is_booked(core, r->person)) &&
         (!member_is_active(r->state) || core->custody[r->person].member == i + 1);
}

/* Whose remains were handed over under way: off the manifest of a movement that has left. */
static bool goes_back(const struct core *core, uint32_t row) {
  const struct member *r = &core->members[row - 1];
  uint32_t state = core->movements[r->movement].state;
  return r->state == MEMBER_REMOVED &&
         (state == MOVEMENT_STATE_DEPARTED || state == MOVEMENT_STATE_ARRIVED);
}

/* Rows lead from later ones to earlier ones of the same person. */
static bool hearing_fits(const struct core *core, uint32_t i) {
  const struct hearing *h = &core->hearings[i];
  return h->person < core->head.n_persons && h->authority < core->head.n_authorities &&
         h->next <= i && (!h->next || core->hearings[h->next - 1].person == h->person) &&
         h->state <= HEARING_CANCELLED && h->told <= 1;
}

/* Each row is in the chain of its movement; seats and places are counted once more. */
static bool counts_fit(const struct core *core) {
  uint32_t in_chains = 0;
  for (uint32_t i = 0; i < core->head.n_movements; i++) {
    const struct movement *m = &core->movements[i];
    uint32_t seated = 0;
    for (uint32_t k = m->members; k; k = core->members[k - 1].next, in_chains++) {
      if (core->members[k - 1].movement != i)
        return false;
      seated += member_takes_place(core->members[k - 1].state);
    }
    if (seated != m->n_seated)
      return false;
  }
  return in_chains == core->head.n_members;
}

static bool agreements_fit(const struct core *core) {
  for (uint32_t b = 0; b < core->head.n_bases; b++) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < core->head.n_movements; i++)
      used += core->movements[i].agreement == b ? core->movements[i].n_seated : 0;
    if (core->bases[b].used != used)
      return false;
  }
  return true;
}

/* Chains lead from later visits to earlier ones. */
static bool visit_fits(const struct core *core, uint32_t i) {
  const struct visit *v = &core->visits[i];
  uint32_t n = core->head.n_persons;
  return v->person < n && (v->host == REF_ABSENT || v->host < n) &&
         (v->about == REF_ABSENT || v->about < n) && v->from_s < v->until_s && v->closed <= 1 &&
         v->told <= 1 && v->next <= i &&
         (!v->next || core->visits[v->next - 1].person == v->person);
}

const char *movement_check(const struct core *core) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < core->head.n_movements; i++)
    ok = movement_fits(core, &core->movements[i]);
  for (uint32_t i = 0; ok && i < core->head.n_members; i++)
    ok = member_fits(core, i);
  for (uint32_t i = 0; ok && i < core->head.n_persons; i++) {
    uint32_t last = core->custody[i].member;
    uint32_t heard = core->custody[i].hearings;
    ok = last <= core->head.n_members && (!last || core->members[last - 1].person == i) &&
         heard <= core->head.n_hearings && (!heard || core->hearings[heard - 1].person == i);
  }
  for (uint32_t i = 0; ok && i < core->head.n_hearings; i++)
    ok = hearing_fits(core, i);
  for (uint32_t i = 0; ok && i < core->head.n_visits; i++)
    ok = visit_fits(core, i);
  for (uint32_t i = 0; ok && i < core->head.n_persons; i++) {
    uint32_t last = core->custody[i].visits;
    ok = last <= core->head.n_visits && (!last || core->visits[last - 1].person == i);
  }
  if (!ok)
    return "a movement, or a row of its manifest, points outside of its array";
  if (!assessments_fit(core))
    return "an assessment points outside of its array, or does not hold together";
  for (uint32_t i = 0; i < core->head.n_deaths; i++)
    if (core->deaths[i].away && !goes_back(core, core->custody[core->deaths[i].person].member))
      return "the dead were under way in no movement";
  if (!counts_fit(core) || !agreements_fit(core))
    return "the seats of a movement do not add up";
  return deadlines_fit(core) ? NULL : "a deadline is not what its rows say";
}
