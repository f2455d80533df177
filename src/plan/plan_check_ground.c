/* plan_check_ground.c: a walk through the site that the plan describes, where every index is sound
 * (check_ground); and what can be said of each thing alone, whatever else is wrong (check_values).
 */
#include "plan/plan_check.h"

#include "base/bytes.h"

#include <string.h>

/* Depth, and capacity of what lies within; only when the tree is sound. */
static void check_tree(struct check *c) {
  const struct plan *p = c->p;
  uint64_t *within = sp_alloc(p->n_areas, sizeof *within);
  if (!within) {
    check_no_memory(c);
    return;
  }
  for (uint32_t i = area_site + 1; i < p->n_areas; i++) {
    int depth = 0;
    for (uint32_t a = i; a != NONE16; a = p->areas[a].parent)
      depth++;
    if (depth > area_depth_max)
      ERROR(c, areas, i, "area \"%.31s\" lies more than %d areas deep", p->areas[i].name.s,
            area_depth_max);
    within[p->areas[i].parent] += p->areas[i].capacity;
  }
  for (uint32_t i = area_site; i < p->n_areas; i++)
    if (p->areas[i].capacity && within[i] > p->areas[i].capacity)
      ERROR(c, areas, i,
            "area \"%.31s\" has a capacity of %u, and the areas within it %llu together: raise it, "
            "or set 0 for no limit",
            p->areas[i].name.s, p->areas[i].capacity, (unsigned long long)within[i]);
  sp_free(within);
}

/* From outside, by doors, everywhere: an area that nobody can enter is a mistake. */
static void check_reach(struct check *c) {
  const struct plan *p = c->p;
  uint8_t *reached = sp_alloc(p->n_areas, 1), *has_door = sp_alloc(p->n_areas, 1);
  bool more = reached && has_door;
  if (more)
    reached[area_outside] = reached[area_site] = 1;
  else
    check_no_memory(c);
  while (more) {
    more = false;
    for (uint32_t i = 0; i < p->n_doors; i++) {
      uint32_t a = p->doors[i].from, b = p->doors[i].to;
      has_door[a] = has_door[b] = 1;
      if (reached[a] != reached[b])
        reached[a] = reached[b] = 1, more = true;
    }
    /* A space without a door of its own (a wing, a hall) is reached with what lies around it or in
     * it. */
    for (uint32_t i = area_site + 1; i < p->n_areas; i++) {
      uint32_t up = p->areas[i].parent;
      if (!has_door[i] && !reached[i] && reached[up] && up != area_site)
        reached[i] = 1, more = true;
      if (up != area_site && !has_door[up] && !reached[up] && reached[i])
        reached[up] = 1, more = true;
    }
  }
  bool boundary = false;
  for (uint32_t i = 0; i < p->n_doors; i++)
    boundary |= p->doors[i].from == area_outside || p->doors[i].to == area_outside;
  if (!boundary)
    check_tell_all(c, 0, "no gate leads to outside: nobody could enter");
  for (uint32_t i = area_site + 1; boundary && reached && i < p->n_areas; i++)
    if (!reached[i])
      ERROR(c, areas, i, "area \"%.31s\" cannot be reached from outside: a gate is missing",
            p->areas[i].name.s);
  sp_free(reached);
  sp_free(has_door);
}

/* Readers by the areas that they lead into and out of. */
struct ways {
  uint32_t in, out;
};

static void add_ways(const struct plan *p, struct ways *areas, struct ways *doors) {
  for (uint32_t r = 0; r < p->n_readers; r++) {
    const struct plan_door *d = &p->doors[p->readers[r].door];
    bool in = p->readers[r].direction == DIRECTION_IN;
    areas[in ? d->to : d->from].in++;
    areas[in ? d->from : d->to].out++;
    doors[p->readers[r].door].in += in;
    doors[p->readers[r].door].out += !in;
  }
}

/* People can leave `area` by this door and no reader hears of it. */
static bool unheard_exit(const struct plan *p, const struct ways *doors, uint32_t door,
                         uint32_t area) {
  const struct plan_door *d = &p->doors[door];
  bool readers = d->from == area ? doors[door].in : doors[door].out;
  return (d->from == area || d->to == area) && !readers &&
         (d->egress == EGRESS_FREE || d->rex != REX_NONE);
}

/* Where people are counted, they must be able to say that they leave. */
static void check_exits(struct check *c) {
  const struct plan *p = c->p;
  struct ways *areas = sp_alloc(p->n_areas, sizeof *areas);
  struct ways *doors = sp_alloc(p->n_doors, sizeof *doors);
  if (!areas || !doors) {
    check_no_memory(c);
    goto done;
  }
  add_ways(p, areas, doors);
  for (uint32_t i = 0; i < p->n_areas; i++)
    if (p->areas[i].anti_passback == PASSBACK_HARD && areas[i].in && !areas[i].out)
      ERROR(
          c, areas, i,
          "area \"%.31s\" has hard anti-passback and no reader leads out of it: nobody could come "
          "back",
          p->areas[i].name.s);
    else if (p->areas[i].anti_passback == PASSBACK_SOFT && areas[i].in && !areas[i].out)
      WARN(
          c, areas, i,
          "area \"%.31s\" has soft anti-passback and no reader leads out of it: every second entry "
          "would be recorded as a breach",
          p->areas[i].name.s);
  for (uint32_t i = 0; i < p->n_doors; i++) {
    const struct plan_door *d = &p->doors[i];
    const uint32_t sides[2] = {d->from, d->to};
    for (int k = 0; k < 2; k++) {
      const struct plan_area *a = &p->areas[sides[k]];
      if (a->anti_passback == PASSBACK_HARD && areas[sides[k]].out &&
          unheard_exit(p, doors, i, sides[k]))
        WARN(c, doors, i,
             "door \"%.31s\" lets people out of \"%.31s\" without a reader: its hard anti-passback "
             "would refuse them when they come back",
             d->name.s, a->name.s);
    }
    if (!doors[i].in && !doors[i].out && d->egress != EGRESS_FREE && d->rex == REX_NONE)
      WARN(c, doors, i, "door \"%.31s\" has no reader and no other way to open it", d->name.s);
  }
done:
  sp_free(areas);
  sp_free(doors);
}

/* --- Who may open what --- */

/* A reader into the area whose gate this level opens in that direction. */
static bool level_leads_into(const struct plan *p, uint32_t level, uint32_t area) {
  const struct plan_level *l = &p->levels[level];
  for (uint32_t k = 0; k < l->n_rules; k++) {
    const struct plan_level_rule *r = &p->level_rules[l->rules_at + k];
    const struct plan_gate *g = &p->gates[r->gate];
    for (int d = 0; d < 2 && g->doors[d] != NONE16; d++) {
      const struct plan_door *door = &p->doors[g->doors[d]];
      if ((r->direction == DIRECTION_IN ? door->to : door->from) == area)
        return true;
    }
  }
  return false;
}

static void check_access(struct check *c) {
  const struct plan *p = c->p;
  uint8_t *opened = sp_alloc(p->n_gates, 1);
  if (!opened) {
    check_no_memory(c);
    return;
  }
  for (uint32_t i = 0; i < p->n_levels; i++) {
    const struct plan_level *l = &p->levels[i];
    if (!l->n_rules)
      WARN(c, levels, i, "level \"%.31s\" gives access to nothing", l->name.s);
    for (uint32_t k = 0; k < l->n_rules; k++)
      opened[p->level_rules[l->rules_at + k].gate] = 1;
  }
  for (uint32_t i = 0; i < p->n_gates; i++)
    if (!opened[i])
      WARN(c, gates, i, "gate \"%.31s\" is opened by no access level", p->gates[i].name.s);
  for (uint32_t i = 0; i < p->n_areas; i++)
    if (p->areas[i].first_person != NONE16 && !level_leads_into(p, p->areas[i].first_person, i))
      ERROR(c, areas, i,
            "area \"%.31s\" waits for a holder of level \"%.31s\" to be inside first, and that "
            "level opens no gate into it",
            p->areas[i].name.s, p->levels[p->areas[i].first_person].name.s);
  for (uint32_t i = 0; i < p->n_schedules; i++)
    if (i != schedule_always && !p->schedules[i].n_spans && !p->schedules[i].n_exceptions)
      WARN(c, schedules, i, "schedule \"%.31s\" is never open", p->schedules[i].name.s);
  sp_free(opened);
}

/* --- Where things stand --- */

static bool is_cell(const struct plan *p, uint32_t area) {
  return p->areas[area].kind == AREA_CELL || p->areas[area].kind == AREA_ISOLATION;
}

/* Doors and vestibules where they stand. */
static void check_places(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_gates; i++) {
    const struct plan_gate *g = &p->gates[i];
    if (g->vestibule != NONE16 && p->areas[g->vestibule].kind != AREA_VESTIBULE)
      WARN(c, gates, i, "gate \"%.31s\": its vestibule \"%.31s\" is not of kind vestibule",
           g->name.s, p->areas[g->vestibule].name.s);
  }
  for (uint32_t i = 0; i < p->n_doors; i++) {
    const struct plan_door *d = &p->doors[i];
    if ((is_cell(p, d->from) && plan_area_within(p, d->to, d->from)) ||
        (is_cell(p, d->to) && plan_area_within(p, d->from, d->to)))
      ERROR(c, doors, i, "door \"%.31s\" lies within a cell: a cell is one space", d->name.s);
  }
}

/* --- What holds of each thing alone --- */

static void check_areas_alone(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas; i++) {
    const struct plan_area *a = &p->areas[i];
    if (a->anti_passback == PASSBACK_TIMED && !a->anti_passback_s)
      ERROR(c, areas, i, "area \"%.31s\": timed anti-passback needs anti-passback-time, like 10min",
            a->name.s);
    if (a->two_person && a->capacity == 1)
      ERROR(c, areas, i, "area \"%.31s\": nobody may be alone in it, and it has room for one",
            a->name.s);
    if (a->capacity && a->bunks > a->capacity)
      ERROR(c, areas, i,
            "area \"%.31s\" has %u bunks and a capacity of %u persons: raise it, or set 0 for no "
            "limit",
            a->name.s, a->bunks, a->capacity);
    if (a->escort && p->rules.escorted_kinds && !p->rules.escort_kinds)
      ERROR(c, areas, i, "area \"%.31s\" needs an escort, and rules.escorts names nobody",
            a->name.s);
  }
}

/* A higher level is set by one operator because it only restricts; so it may not permit more. */
static void check_threats(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 1; i < p->n_threats; i++) {
    const struct plan_threat *low = &p->threats[i - 1], *high = &p->threats[i];
    if (low->refuse_kinds & ~high->refuse_kinds || low->factors & ~high->factors)
      ERROR(c, threats, i,
            "threat level \"%.31s\" permits what \"%.31s\" before it refuses: list them from the "
            "least strict, each with all that the one before refuses or asks",
            high->name.s, low->name.s);
  }
}

/* Where people can be held, what permits needs two. */
static void check_custody(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas && !p->rules.second_operator; i++) {
    uint8_t kind = p->areas[i].kind;
    if (kind == AREA_CELL || kind == AREA_HOUSING_UNIT || kind == AREA_ISOLATION) {
      ERROR(c, areas, i,
            "area \"%.31s\" can hold people, so rules.second-operator may not be false: what "
            "permits needs two",
            p->areas[i].name.s);
      return;
    }
  }
}

/* C2SP signed-note: NAME+HASH+KEY: a name without spaces or plus, eight hex digits, and the base64
 * of an algorithm byte (1 or 4: Ed25519 of a log or of a cosigner) and 32 bytes of key. The digits
 * are proven where signatures are. */
static bool vkey_plausible(const char *s) {
  size_t name = strcspn(s, "+ ");
  const char *hash = s + name + 1;
  if (name == 0 || s[name] != '+' || strspn(hash, "0123456789abcdef") != 8 || hash[8] != '+')
    return false;
  const char *key = hash + 9;
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (strlen(key) != 44 || strspn(key, digits) != 44)
    return false;
  /* The first byte is the first digit and two bits of the second. */
  size_t first = (size_t)(strchr(digits, key[0]) - digits) << 2 |
                 (size_t)(strchr(digits, key[1]) - digits) >> 4;
  return first == 1 || first == 4;
}

static void check_witnesses(struct check *c) {
  const struct plan *p = c->p;
  if (p->rules.witness_quorum > p->n_witnesses)
    check_tell_all(c, c->places ? c->places->rules : 0,
                   "rules: witness-quorum is %u, and the plan names %u witnesses",
                   p->rules.witness_quorum, p->n_witnesses);
  for (uint32_t i = 0; i < p->n_witnesses; i++) {
    const struct plan_witness *w = &p->witnesses[i];
    if (!vkey_plausible(w->vkey))
      ERROR(c, witnesses, i,
            "vkey: a verifier key like example.com/witness+1a2b3c4d+BASE64 is expected, as the "
            "witness publishes it");
    if (strncmp(w->url, "https://", 8) != 0 && strncmp(w->url, "http://", 7) != 0)
      ERROR(c, witnesses, i, "url: an address that begins with https:// or http:// is expected");
    for (uint32_t k = 0; k < i; k++)
      if (strcmp(p->witnesses[k].vkey, w->vkey) == 0)
        ERROR(c, witnesses, i, "two witnesses have one key: it would count twice in the quorum");
  }
}

void check_ground(struct check *c) {
  check_places(c);
  check_tree(c);
  check_reach(c);
  check_exits(c);
  check_access(c);
}

void check_values(struct check *c) {
  check_areas_alone(c);
  check_custody(c);
  check_threats(c);
  check_witnesses(c);
}
