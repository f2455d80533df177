/* plan_read_areas.c: areas as they are nested, and rows of cells that are all alike. */
#include "plan/plan_reading.h"

#include "plan/plan_scalar.h"
#include "plan/plan_wiring.h"

#include <stdio.h>
#include <string.h>

static void read_area(struct reading *r, yaml_node_t *n, void *ctx);
static void read_cells(struct reading *r, yaml_node_t *n, void *ctx);

static void nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  reading_each(r, key, value, strcmp(key, "areas") == 0 ? read_area : read_cells, &t.index);
}

static bool add_area(struct reading *r, yaml_node_t *n, uint32_t parent, uint32_t *i) {
  if (!reading_add(r, PLAN_ARRAY_areas, n, i))
    return false;
  r->p->areas[*i].parent = (uint16_t)parent;
  r->p->areas[*i].first_person = NONE16;
  return true;
}

static void read_area(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (add_area(r, n, *(uint32_t *)ctx, &i))
    reading_element(r, n, "areas", PLAN_ARRAY_areas, i, nested);
}

void read_areas(struct reading *r, yaml_node_t *list) {
  uint32_t site = area_site;
  reading_each(r, "areas", list, read_area, &site);
}

/* --- Cells --- */

/* PREFIX-1, PREFIX-1-in: the prefix has been found short enough. */
static void set_name(struct slug *s, const char *prefix, uint32_t i, const char *suffix) {
  memset(s, 0, sizeof *s);
  snprintf(s->s, sizeof s->s, "%.*s-%u%s", plan_cells_prefix_max, prefix, i, suffix);
}

/* "Title 12"; a long title loses its end, never half a character. */
static void set_title(char out[title_max + 1], const char *title, uint32_t i) {
  char number[16];
  size_t n = strlen(title), room = title_max - (size_t)snprintf(number, sizeof number, " %u", i);
  if (n > room)
    n = room;
  while (!utf8_valid(span_of(title, n)))
    n--;
  memset(out, 0, title_max + 1);
  memcpy(out, title, n);
  memcpy(out + n, number, strlen(number));
}

/* A cell's way in: a gate and a door of its name from the area around it, a reader on each side. */
static void add_gate(struct reading *r, yaml_node_t *n, const struct plan_cells *cells,
                     const char *prefix, uint32_t i, uint32_t cell) {
  uint32_t gate, door, reader;
  if (!reading_add(r, PLAN_ARRAY_gates, n, &gate) || !reading_add(r, PLAN_ARRAY_doors, n, &door))
    return;
  const struct plan_area *area = &r->p->areas[cell];
  struct plan_gate *g = &r->p->gates[gate];
  struct plan_door *d = &r->p->doors[door];
  g->name = d->name = area->name;
  memcpy(g->title, area->title, sizeof g->title);
  memcpy(d->title, area->title, sizeof d->title);
  g->from = area->parent;
  g->to = (uint16_t)cell;
  g->doors[0] = (uint16_t)door;
  g->doors[1] = g->vestibule = NONE16;
  d->gate = (uint16_t)gate;
  d->contact = true;
  d->unlock_ms = cells->unlock_ms;
  d->held_open_ms = cells->held_open_ms;
  plan_wiring_usual(d);
  for (uint32_t side = 0; side < DIRECTION_COUNT; side++) {
    if (!reading_add(r, PLAN_ARRAY_readers, n, &reader))
      return;
    struct plan_reader *rd = &r->p->readers[reader];
    set_name(&rd->name, prefix, i, side == DIRECTION_IN ? "-in" : "-out");
    rd->door = (uint16_t)door;
    rd->direction = (uint8_t)side;
    rd->factors = cells->factors;
    rd->secure = cells->secure;
    rd->line = cells->line;
    if (cells->line != NONE16)
      rd->address = (uint8_t)(cells->address + 2 * (i - 1) + side);
    if (i > 1)
      plan_place_mark(&r->places, PLAN_ARRAY_readers, reader, PLAN_PLACE_COPY);
  }
  if (i > 1) {
    plan_place_mark(&r->places, PLAN_ARRAY_gates, gate, PLAN_PLACE_COPY);
    plan_place_mark(&r->places, PLAN_ARRAY_doors, door, PLAN_PLACE_COPY);
  }
}

static void read_cells(struct reading *r, yaml_node_t *n, void *ctx) {
  struct plan_cells cells = {.line = NONE16};
  uint32_t first, parent = *(uint32_t *)ctx, before = r->faults->errors;
  if (!add_area(r, n, parent, &first))
    return;
  struct part parts[] = {{plan_section_of("areas"), {PLAN_ARRAY_areas, first, NULL}, 0},
                         {plan_section_of("cells"), {0, 0, &cells}, 0}};
  reading_mapping(r, n, parts, 2, nested);
  if (reading_value(r, n, "areas") || reading_value(r, n, "cells"))
    FAULT(r, n, "cells: nothing is nested within cells that are numbered");
  struct plan_area model = r->p->areas[first];
  char prefix[slug_max + 1];
  memcpy(prefix, model.name.s, sizeof prefix);
  if (strlen(prefix) > plan_cells_prefix_max)
    FAULT(r, n, "name: \"%s\" is too long to be numbered: %d bytes at most", prefix,
          plan_cells_prefix_max);
  if (cells.line != NONE16 && cells.address + 2 * cells.count > 127)
    FAULT(r, n, "%u cells from address %u need more than the 127 addresses of a line: split them",
          cells.count, cells.address);
  if (r->faults->errors > before) {
    plan_place_mark(&r->places, PLAN_ARRAY_areas, first, PLAN_PLACE_FAULTY);
    return;
  }
  for (uint32_t i = 1; i <= cells.count && !r->failed; i++) {
    uint32_t cell = first;
    if (i > 1) {
      if (!reading_add(r, PLAN_ARRAY_areas, n, &cell))
        return;
      plan_place_mark(&r->places, PLAN_ARRAY_areas, cell, PLAN_PLACE_COPY);
    }
    struct plan_area *a = &r->p->areas[cell];
    *a = model;
    set_name(&a->name, prefix, i, "");
    set_title(a->title, model.title, i);
    add_gate(r, n, &cells, prefix, i, cell);
  }
}
