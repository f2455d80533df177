/* plan_check_ground.c: a walk through the site that the plan describes. Every index is sound here.
 */
#include "plan/plan_check.h"

#include "base/bytes.h"

#include <string.h>

/* Depth, and capacity of what lies within; only when the tree is sound. */
static void check_tree(struct check *c) {
  const struct plan *p = c->p;
  uint64_t *within = sp_alloc(p->n_areas, sizeof *within);
  if (!within) {
    check_tell_all(c, 0, "out of memory");
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

/* Where people are counted, they must be able to say that they leave. */
static void check_exits(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t i = 0; i < p->n_areas; i++) {
    if (p->areas[i].anti_passback != PASSBACK_HARD)
      continue;
    bool door = false, exit = false;
    for (uint32_t r = 0; r < p->n_readers; r++) {
      const struct plan_door *d = &p->doors[p->readers[r].door];
      bool in = p->readers[r].direction == DIRECTION_IN;
      door |= (in ? d->to : d->from) == i;
      exit |= (in ? d->from : d->to) == i;
    }
    if (door && !exit)
      ERROR(
          c, areas, i,
          "area \"%.31s\" has hard anti-passback and no reader leads out of it: nobody could come "
          "back",
          p->areas[i].name.s);
  }
}

static void check_sense(struct check *c) {
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
            "area \"%.31s\" has %u bunks and a capacity of %u: capacity counts persons", a->name.s,
            a->bunks, a->capacity);
  }
  for (uint32_t i = 0; i < p->n_gates; i++) {
    const struct plan_gate *g = &p->gates[i];
    if (g->vestibule != NONE16 && p->areas[g->vestibule].kind != AREA_VESTIBULE)
      WARN(c, gates, i, "gate \"%.31s\": its vestibule \"%.31s\" is not of kind vestibule",
           g->name.s, p->areas[g->vestibule].name.s);
  }
  for (uint32_t i = 0; i < p->n_doors; i++)
    if (p->doors[i].from == area_site || p->doors[i].to == area_site)
      ERROR(c, doors, i, "door \"%.31s\" leads into the site as a whole: name the area behind it",
            p->doors[i].name.s);
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

static void check_witnesses(struct check *c) {
  const struct plan *p = c->p;
  if (p->rules.witness_quorum > p->n_witnesses)
    check_tell_all(c, 0, "rules: witness-quorum is %u, and the plan names %u witnesses",
                   p->rules.witness_quorum, p->n_witnesses);
  for (uint32_t i = 0; i < p->n_witnesses; i++) {
    const char *plus = strchr(p->witnesses[i].vkey, '+');
    if (!plus || !strchr(plus + 1, '+'))
      ERROR(c, witnesses, i, "vkey: name+hash+base64 is expected");
  }
}

void check_ground(struct check *c) {
  check_witnesses(c);
  check_sense(c);
  check_custody(c);
  check_tree(c);
  check_reach(c);
  check_exits(c);
}
