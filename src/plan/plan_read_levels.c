/* plan_read_levels.c: which gates a level opens: named one by one, by their beginning, or all. */
#include "plan/plan_reading.h"

#include <string.h>

/* One row of `access`, for one level. */
struct row {
  uint32_t level;
  struct plan_access access;
};

static void add_rule(struct reading *r, yaml_node_t *n, const struct row *row, uint32_t gate,
                     uint8_t direction) {
  struct plan_level *l = &r->p->levels[row->level];
  uint32_t i;
  if (l->n_rules == level_rules_max) {
    FAULT(r, n, "level \"%s\" has more than %d pairs of gate and direction", l->name.s,
          level_rules_max);
    r->failed = true;
    return;
  }
  if (!reading_add(r, PLAN_ARRAY_level_rules, n, &i))
    return;
  r->p->level_rules[i] = (struct plan_level_rule){(uint16_t)gate, row->access.schedule, direction};
  l->n_rules++;
}

static void add_gate(struct reading *r, yaml_node_t *n, const struct row *row, uint32_t gate) {
  for (uint8_t d = 0; d < DIRECTION_COUNT && !r->failed; d++)
    if (row->access.direction == PLAN_BOTH || row->access.direction == d)
      add_rule(r, n, row, gate, d);
}

/* A name, or a beginning with a star. */
static void add_gates(struct reading *r, yaml_node_t *n, const struct row *row) {
  struct span name = plan_yaml_text(n);
  bool star = name.n && name.p[name.n - 1] == '*', any = false;
  for (uint32_t g = 0; g < r->p->n_gates && !reading_done(r); g++) {
    const char *s = r->p->gates[g].name.s;
    if (star ? strncmp(s, (const char *)name.p, name.n - 1) == 0 : span_is(name, s)) {
      add_gate(r, n, row, g);
      any = true;
    }
  }
  if (!any && !r->failed)
    reading_unknown(r, REF_GATE, name, plan_yaml_line(n), plan_yaml_column(n));
}

/* `gates` of a row is read after its other keys. */
static void row_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)r, (void)key, (void)t, (void)value;
}

static void read_row(struct reading *r, yaml_node_t *n, void *ctx) {
  struct row row = {.level = *(uint32_t *)ctx};
  struct part part = {plan_section_of("access"), {0, 0, &row.access}, 0};
  uint32_t before = r->faults->errors;
  reading_mapping(r, n, &part, 1, row_nested);
  yaml_node_t *gates = reading_value(r, n, "gates");
  if (!gates || r->faults->errors > before)
    return;
  if (span_is(plan_yaml_text(gates), "all")) {
    for (uint32_t g = 0; g < r->p->n_gates && !reading_done(r); g++)
      add_gate(r, gates, &row, g);
  } else if (gates->type == YAML_SEQUENCE_NODE) {
    for (yaml_node_item_t *i = gates->data.sequence.items.start;
         i < gates->data.sequence.items.top && !reading_done(r); i++)
      add_gates(r, reading_node(r, *i), &row);
  } else {
    FAULT(r, gates, "gates: a list like [front, back] is expected, or all");
  }
}

static void level_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  r->p->levels[t.index].rules_at = r->p->n_level_rules;
  reading_each(r, key, value, read_row, &t.index);
}

static void read_level(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (reading_add(r, PLAN_ARRAY_levels, n, &i))
    reading_element(r, n, "levels", PLAN_ARRAY_levels, i, level_nested);
}

void read_levels(struct reading *r, yaml_node_t *list) {
  reading_each(r, "levels", list, read_level, NULL);
}
