/* plan_read_gates.c: gates with their doors and readers, and the doors that exclude each other. */
#include "plan/plan_reading.h"
#include "plan/plan_wiring.h"

#include <string.h>

/* Doors of which at most one may be unsecured: (group, door) pairs. */
struct member {
  uint32_t group, door;
};

static void no_more(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)r, (void)key, (void)t, (void)value;
  SP_NEVER("a reader, and what it is wired to, nest nothing");
}

static void read_reader(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (!reading_add(r, PLAN_ARRAY_readers, n, &i))
    return;
  r->p->readers[i].door = (uint16_t) * (uint32_t *)ctx;
  r->p->readers[i].line = NONE16;
  reading_element(r, n, "readers", PLAN_ARRAY_readers, i, no_more);
}

/* --- Wiring --- */

/* A wire that the door does not have, and all the same is said to end somewhere. */
static void tell_needless(struct reading *r, const yaml_node_t *n, const struct plan_door *d,
                          enum door_wire wire) {
  static const char *const without[WIRE_COUNT] = {
      [WIRE_CONTACT] = "no contact: leave it out, or say contact: true",
      [WIRE_REX] = "no request to exit: leave rex out, or say rex: record or unlock",
      [WIRE_LOCK_MONITOR] =
          "no contact at its bolt: leave lock-monitor out, or say lock-monitor: true beside it"};
  SP_ASSERT(without[wire]);
  FAULT(r, n, "wiring: door \"%s\" has %s", d->name.s, without[wire]);
}

/* When all is known of the door: which wires it has, whatever stood first in the file. */
static void settle_wiring(struct reading *r, yaml_node_t *door, uint32_t index) {
  struct plan_door *d = &r->p->doors[index];
  bool faulty = plan_place_marks(&r->places, PLAN_ARRAY_doors, index) & PLAN_PLACE_FAULTY;
  yaml_node_t *wiring = reading_value(r, door, "wiring");
  if (!wiring || faulty) {
    plan_wiring_usual(d);
    return;
  }
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    const yaml_node_t *said = reading_value(r, wiring, wire_names[w]);
    if (plan_door_has(d, w))
      continue;
    if (said || d->wiring.inverted & 1u << w)
      tell_needless(r, said ? said : wiring, d, w);
    d->wiring.number[w] = wire_none;
    d->wiring.inverted &= ~(1u << w);
  }
}

static void door_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  if (strcmp(key, "wiring") == 0)
    reading_element(r, value, "wiring", t.array, t.index, no_more);
  else
    reading_each(r, key, value, read_reader, &t.index);
}

static void read_door(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t gate = *(uint32_t *)ctx, i;
  const struct plan_gate *g = &r->p->gates[gate];
  int slot = g->doors[0] == NONE16 ? 0 : 1;
  if (g->doors[slot] != NONE16) {
    FAULT(r, n, "gate \"%s\" has more than two doors: a third is a gate of its own", g->name.s);
    return;
  }
  if (!reading_add(r, PLAN_ARRAY_doors, n, &i))
    return;
  r->p->gates[gate].doors[slot] = (uint16_t)i;
  r->p->doors[i].gate = (uint16_t)gate;
  reading_element(r, n, "doors", PLAN_ARRAY_doors, i, door_nested);
  settle_wiring(r, n, i);
}

static void gate_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  reading_each(r, key, value, read_door, &t.index);
}

void join_doors(struct reading *r, uint32_t group, uint32_t door) {
  if (r->n_members == r->cap_members) {
    size_t wanted = r->cap_members ? 2 * r->cap_members : 64;
    struct member *grown = sp_realloc(r->members, wanted * sizeof *grown);
    if (!grown) {
      r->failed = r->no_memory = true;
      return;
    }
    r->members = grown;
    r->cap_members = wanted;
  }
  r->members[r->n_members++] = (struct member){group, door};
}

static void read_gate(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (!reading_add(r, PLAN_ARRAY_gates, n, &i))
    return;
  struct plan_gate *g = &r->p->gates[i];
  g->doors[0] = g->doors[1] = g->vestibule = g->from = g->to = NONE16;
  reading_element(r, n, "gates", PLAN_ARRAY_gates, i, gate_nested);
  g = &r->p->gates[i];
  if (g->doors[0] != NONE16 && g->doors[1] != NONE16) { /* a sally port is a group by itself */
    uint32_t group = r->n_groups++;
    join_doors(r, group, g->doors[0]);
    join_doors(r, group, g->doors[1]);
  }
}

void read_gates(struct reading *r, yaml_node_t *list) {
  reading_each(r, "gates", list, read_gate, NULL);
}

/* --- Interlocks --- */

static void read_interlock(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  if (n->type != YAML_SEQUENCE_NODE) {
    FAULT(r, n, "interlocks: a list of lists of doors is expected, like [[a, b], [b, c, d]]");
    return;
  }
  uint32_t group = r->n_groups++, count = 0, unknown = 0;
  for (yaml_node_item_t *i = n->data.sequence.items.start;
       i < n->data.sequence.items.top && !reading_done(r); i++) {
    yaml_node_t *door = reading_node(r, *i);
    uint32_t d;
    if (!reading_find(r, REF_DOOR, plan_yaml_text(door), &d)) {
      reading_unknown(r, REF_DOOR, plan_yaml_text(door), plan_yaml_line(door),
                      plan_yaml_column(door));
      unknown++;
      continue;
    }
    for (size_t k = r->n_members; k && r->members[k - 1].group == group; k--)
      if (r->members[k - 1].door == d)
        FAULT(r, door, "door \"%s\" is named twice in one interlock group", r->p->doors[d].name.s);
    join_doors(r, group, d);
    count++;
  }
  if (count + unknown < 2)
    FAULT(r, n, "an interlock group needs two doors at least: one alone has no partner");
  if (count > interlock_peers_max + 1)
    FAULT(r, n, "an interlock group of %u doors: %d are the limit", count, interlock_peers_max + 1);
}

void read_interlocks(struct reading *r, yaml_node_t *list) {
  reading_each(r, "interlocks", list, read_interlock, NULL);
}

static void add_peer(struct reading *r, uint32_t at, uint32_t door, uint32_t other) {
  uint32_t index;
  if (other == door)
    return;
  for (uint32_t i = at; i < r->p->n_peers; i++)
    if (r->p->peers[i] == other)
      return;
  if (r->p->n_peers - at == interlock_peers_max) {
    plan_fault_add(r->faults, plan_place(&r->places, PLAN_ARRAY_doors, door), 0, false,
                   "door \"%s\" has more than %d interlock partners", r->p->doors[door].name.s,
                   interlock_peers_max);
    r->failed = true;
    return;
  }
  if (reading_add(r, PLAN_ARRAY_peers, NULL, &index))
    r->p->peers[index] = (uint16_t)other;
}

void build_peers(struct reading *r) {
  for (uint32_t d = 0; d < r->p->n_doors && !r->failed; d++) {
    uint32_t at = r->p->n_peers;
    for (size_t i = 0, first = 0; i < r->n_members && !r->failed; i++) {
      if (r->members[i].group != r->members[first].group)
        first = i; /* members of a group stand together */
      if (r->members[i].door == d)
        for (size_t k = first; k < r->n_members && r->members[k].group == r->members[i].group; k++)
          add_peer(r, at, d, r->members[k].door);
    }
    r->p->doors[d].peers_at = at;
    r->p->doors[d].n_peers = r->p->n_peers - at;
  }
}

/* A door stands between its gate's areas; of two doors, each at one side of the vestibule. */
void place_doors(struct reading *r) {
  for (uint32_t i = 0; i < r->p->n_gates; i++) {
    const struct plan_gate *g = &r->p->gates[i];
    bool port = g->doors[1] != NONE16;
    for (int k = 0; k < 2; k++)
      if (g->doors[k] != NONE16) {
        r->p->doors[g->doors[k]].from = port && k == 1 ? g->vestibule : g->from;
        r->p->doors[g->doors[k]].to = port && k == 0 ? g->vestibule : g->to;
      }
  }
}
