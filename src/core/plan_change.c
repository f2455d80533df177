/* plan_change.c: a new site plan comes into force while people are inside.
 *
 * Things keep their state by name. Nobody is lost: an area that holds someone stays; a door that
 * is open, unlocked or waited for stays as it is; a threat level or lockdown in force is not
 * dropped by dropping its name. Grants of an access level that is gone lapse, which restricts.
 */
#include "core/apply.h"

#include <string.h>

/* Where a thing of the old plan is in the new one; NONE16 when it is gone. */
static uint32_t moved(const struct plan *old, const struct plan *new, enum ref_kind kind,
                      uint32_t i) {
  const char *s = plan_name(old, kind, i)->s;
  uint32_t to;
  return plan_find(new, kind, span_str(s), &to) ? to : NONE16;
}

/* Persons whose area is this very one, not one within it. */
static uint32_t persons_in(const struct core *core, uint32_t area) {
  uint32_t n = core->areas[area].occupancy;
  for (uint32_t a = 0; a < core->plan->n_areas; a++)
    if (core->plan->areas[a].parent == area)
      n -= core->areas[a].occupancy;
  return n;
}

static bool same_area(const struct plan *old, uint32_t a, const struct plan *new, uint32_t b) {
  return strcmp(old->areas[a].name.s, new->areas[b].name.s) == 0;
}

/* A door in use must stand between the same areas and belong to the same gate. */
static bool door_stays(const struct plan *old, const struct plan *new, uint32_t door) {
  uint32_t to = moved(old, new, REF_DOOR, door);
  if (to == NONE16)
    return false;
  const struct plan_door *a = &old->doors[door], *b = &new->doors[to];
  return same_area(old, a->from, new, b->from) && same_area(old, a->to, new, b->to) &&
         strcmp(old->gates[a->gate].name.s, new->gates[b->gate].name.s) == 0;
}

/* Whoever merely waits at a door, or has gone through, does not hold it. */
static bool door_in_use(const struct door_state *s) {
  bool granted = false;
  for (uint32_t i = 0; i < s->n_party; i++)
    granted |= s->party[i].status == PARTY_GRANTED;
  return s->open || s->unlocked || granted;
}

static bool are_peers(const struct plan *p, uint32_t door, uint32_t other) {
  for (uint32_t i = 0; i < p->doors[door].n_peers; i++)
    if (p->peers[p->doors[door].peers_at + i] == other)
      return true;
  return false;
}

/* Of an interlock group at most one door is unsecured: a plan may not make a group of two that are
 * in use now. */
static bool new_peer_in_use(const struct core *core, const struct plan *new, uint32_t door) {
  const struct plan *old = core->plan;
  uint32_t to = moved(old, new, REF_DOOR, door);
  for (uint32_t i = 0; i < old->n_doors; i++) {
    uint32_t other = moved(old, new, REF_DOOR, i);
    if (i != door && door_in_use(&core->doors[i]) && other != NONE16 && are_peers(new, to, other) &&
        !are_peers(old, door, i))
      return true;
  }
  return false;
}

static uint32_t lapsing_grants(const struct core *core, const struct plan *new) {
  bool gone[levels_max];
  bool any = false;
  for (uint32_t l = 0; l < core->plan->n_levels; l++)
    any |= gone[l] = moved(core->plan, new, REF_LEVEL, l) == NONE16;
  uint32_t n = 0;
  for (uint32_t i = 0; any && i < core->head.n_persons; i++) {
    struct grant_cursor c = {0};
    for (const struct grant *g; (g = person_next_grant(core, &core->persons[i], &c));)
      n += gone[g->level];
  }
  return n;
}

void decide_plan_apply(struct deciding *d) {
  const struct core *core = d->core;
  const struct plan *old = core->plan, *new = d->command->plan;
  const struct cmd_plan_apply *a = &d->command->u.plan_apply;
  SP_ASSERT(new);
  uint32_t lapsed = 0;
  if (old) {
    for (uint32_t i = 0; i < old->n_areas; i++) {
      bool needed = core->areas[i].lockdown || persons_in(core, i);
      if (needed && moved(old, new, REF_AREA, i) == NONE16) {
        deciding_reject(d, REASON_AREA_OCCUPIED, ref_to(REF_AREA, i));
        return;
      }
    }
    for (uint32_t i = 0; i < old->n_doors; i++)
      if (door_in_use(&core->doors[i]) &&
          (!door_stays(old, new, i) || new_peer_in_use(core, new, i))) {
        deciding_reject(d, REASON_DOOR_IN_USE, ref_to(REF_DOOR, i));
        return;
      }
    if (moved(old, new, REF_THREAT, core->head.threat) == NONE16) {
      deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_THREAT, core->head.threat));
      return;
    }
    for (uint32_t i = 0; i < old->n_areas; i++) {
      uint32_t count =
          moved(old, new, REF_AREA, i) == NONE16 ? count_that_needs(core, i) : REF_ABSENT;
      if (count != REF_ABSENT) {
        deciding_reject(d, REASON_WRONG_STATE, ref_to(REF_COUNT, count));
        return;
      }
    }
    lapsed = lapsing_grants(core, new);
  }
  struct event *e = deciding_event(d, EVENT_PLAN_APPLIED);
  e->plan = new;
  e->u.plan_applied = (struct ev_plan_applied){a->compiled, a->source, lapsed};
}

/* --- Making it true --- */

static void remap_grants(struct core *core, struct person *p, const uint16_t *levels) {
  struct grant kept[levels_max] = {0};
  uint32_t n = 0;
  struct grant_cursor c = {0};
  for (const struct grant *g; (g = person_next_grant(core, p, &c));)
    if (levels[g->level] != NONE16) {
      SP_ASSERT(n < levels_max);
      kept[n] = *g;
      kept[n++].level = levels[g->level];
    }
  /* Back in the same order: the inline places first, then the chain; what is left over is freed. */
  uint32_t at = 0;
  memset(p->grants, 0, sizeof p->grants);
  for (p->n_grants = 0; p->n_grants < grants_inline && at < n; at++)
    p->grants[p->n_grants++] = kept[at];
  for (uint32_t *link = &p->extra_grants; *link;) {
    uint32_t i = *link;
    struct extra_grant *x = &core->extra_grants[i - 1];
    if (at < n) {
      x->grant = kept[at++];
      link = &x->next;
    } else {
      *link = x->next;
      memset(x, 0, sizeof *x);
      x->next = core->head.free_grant;
      core->head.free_grant = i;
    }
  }
}

static void remap_persons(struct core *core, const struct plan *old, const struct plan *new) {
  uint16_t levels[levels_max];
  bool same_levels = old->n_levels <= new->n_levels;
  for (uint32_t i = 0; i < old->n_levels; i++) {
    levels[i] = (uint16_t)moved(old, new, REF_LEVEL, i);
    same_levels &= levels[i] == i;
  }
  uint16_t formats[formats_max];
  for (uint32_t i = 0; i < old->n_formats; i++)
    formats[i] = (uint16_t)moved(old, new, REF_FORMAT, i);
  for (uint32_t i = 0; i < old->n_areas; i++)
    core->remap[i] = (uint16_t)moved(old, new, REF_AREA, i);
  for (uint32_t i = 0; i < core->head.n_persons; i++) {
    struct person *p = &core->persons[i];
    p->area = core->remap[p->area];
    SP_ASSERT(p->area != NONE16);
    if (!same_levels)
      remap_grants(core, p, levels);
  }
  for (uint32_t i = 0; i < core->head.n_counts; i++)
    if (core->counts[i].area != NONE16)
      core->counts[i].area = core->remap[core->counts[i].area];
  for (uint32_t i = 0; i < core->head.n_tallies; i++)
    if (core->tallies[i].area != NONE16)
      core->tallies[i].area = core->remap[core->tallies[i].area];
  for (uint32_t i = 0; i < core->head.n_deaths; i++) {
    uint16_t *area = &core->deaths[i].area;
    if (*area != NONE16)
      *area = core->remap[*area];
  }
  for (uint32_t i = 0; i < core->head.n_credentials; i++) {
    uint16_t *format = &core->credentials[i].format;
    if (*format != NONE16)
      *format = formats[*format];
  }
}

/* Builds the next plan's array of states in the spare one, and makes it the one in force. */
#define REMAP(core, old, new, kind, member, count)                                                 \
  do {                                                                                             \
    memset((core)->member##_spare, 0, (new)->count * sizeof *(core)->member);                      \
    for (uint32_t i_ = 0; i_ < (old)->count; i_++) {                                               \
      uint32_t to_ = moved(old, new, kind, i_);                                                    \
      if (to_ != NONE16)                                                                           \
        (core)->member##_spare[to_] = (core)->member[i_];                                          \
    }                                                                                              \
    memset((core)->member, 0, (old)->count * sizeof *(core)->member);                              \
    void *was_ = (core)->member;                                                                   \
    (core)->member = (core)->member##_spare;                                                       \
    (core)->member##_spare = was_;                                                                 \
  } while (0)

static uint32_t factors_of(const struct plan *p, uint32_t reader, uint32_t threat) {
  return (uint32_t)p->readers[reader].factors | p->threats[threat].factors;
}

/* Companions move with their areas and readers. Of one whose area or reader is gone only the memory
 * of a wait is lost: a door with a permission that is not yet used stays as it is. Who waits and
 * would now be asked for more presents again. */
static void remap_parties(struct core *core, const struct plan *old, const struct plan *new,
                          uint32_t old_threat) {
  for (uint32_t d = 0; d < new->n_doors; d++) {
    struct door_state *s = &core->doors[d];
    for (uint32_t i = s->n_party; i-- > 0;) {
      struct party_member *m = &s->party[i];
      uint32_t was = m->reader;
      if (was != NONE16) /* gone with an earlier plan */
        m->reader = (uint16_t)moved(old, new, REF_READER, was);
      bool more = was != NONE16 && m->reader != NONE16 &&
                  factors_of(new, m->reader, core->head.threat) & ~factors_of(old, was, old_threat);
      m->to = core->remap[m->to];
      m->from = core->remap[m->from];
      if (m->from == NONE16) /* they have been moved since, and the area is gone */
        m->from = core->persons[m->person].area;
      if ((m->status != PARTY_GRANTED && (m->to == NONE16 || m->reader == NONE16)) ||
          (m->status == PARTY_WAITING && more))
        party_remove(s, i);
      else
        SP_ASSERT(m->to != NONE16);
    }
  }
}

static void recount(struct core *core) {
  const struct plan *p = core->plan;
  for (uint32_t a = 0; a < p->n_areas; a++)
    core->areas[a].occupancy = core->areas[a].reserved = core->areas[a].leaving = 0;
  for (uint32_t i = 0; i < core->head.n_persons; i++)
    for (uint32_t a = core->persons[i].area; a != NONE16; a = p->areas[a].parent)
      core->areas[a].occupancy++;
  for (uint32_t a = 0; a < p->n_areas; a++)
    if (!core->areas[a].occupancy)
      core->areas[a].first_in = 0; /* what stood in it may stand elsewhere now */
  for (uint32_t d = 0; d < p->n_doors; d++)
    for (uint32_t i = 0; i < core->doors[d].n_party; i++)
      if (core->doors[d].party[i].status == PARTY_GRANTED)
        party_reserve(core, &core->doors[d].party[i], 1);
}

void apply_plan_applied(struct core *core, const struct event *e) {
  const struct plan *old = core->plan, *new = e->plan;
  SP_ASSERT(new);
  if (old) {
    uint32_t old_threat = core->head.threat;
    core->head.threat = moved(old, new, REF_THREAT, core->head.threat);
    SP_ASSERT(core->head.threat != NONE16);
    remap_persons(core, old, new);
    REMAP(core, old, new, REF_AREA, areas, n_areas);
    REMAP(core, old, new, REF_GATE, gates, n_gates);
    REMAP(core, old, new, REF_DOOR, doors, n_doors);
    REMAP(core, old, new, REF_READER, readers, n_readers);
    remap_parties(core, old, new, old_threat);
  }
  core->plan = new;
  core->head.plan_hash = e->u.plan_applied.compiled;
  core->head.n_areas = new->n_areas;
  core->head.n_gates = new->n_gates;
  core->head.n_doors = new->n_doors;
  core->head.n_readers = new->n_readers;
  recount(core);
}
