/* plan_read.c: walks the YAML document by the table of plan_fields.c. What is wrong is noted and
 * walking goes on, so that an installer sees all of it at once. */
#include "plan/plan_read.h"

#include "plan/plan_check.h"
#include "plan/plan_scalar.h"
#include "plan/plan_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

/* A name to be looked up when everything has been read. */
struct pending {
  enum plan_array array;
  uint32_t index;
  size_t offset;
  enum ref_kind kind;
  char name[slug_max + 1];
  uint32_t line, column;
};

/* Doors of which at most one may be unsecured: (group, door) pairs. */
struct member {
  uint32_t group, door;
};

struct reading {
  yaml_document_t *doc;
  struct plan *p;
  struct plan_places places;
  struct plan_faults *faults;
  struct pending *pending;
  size_t n_pending, cap_pending;
  struct member *members;
  size_t n_members, cap_members;
  uint32_t n_groups;
  bool failed; /* out of memory or over a limit: told once, then given up */
};

/* Where a struct lies: an element of an array that may still grow, or a fixed place. */
struct target {
  enum plan_array array;
  uint32_t index;
  void *fixed;
};

static void *base_of(struct reading *r, struct target t) {
  return t.fixed ? t.fixed : plan_array_at(r->p, t.array, t.index);
}

static uint32_t line_of(const yaml_node_t *n) {
  return (uint32_t)n->start_mark.line + 1;
}

static uint32_t column_of(const yaml_node_t *n) {
  return (uint32_t)n->start_mark.column + 1;
}

#define FAULT(r, node, ...)                                                                        \
  plan_fault_add((r)->faults, line_of(node), column_of(node), false, __VA_ARGS__)

static yaml_node_t *node_at(struct reading *r, int id) {
  return yaml_document_get_node(r->doc, id);
}

static struct span text_of(const yaml_node_t *n) {
  return span_of(n->data.scalar.value, n->data.scalar.length);
}

static bool is_scalar(const yaml_node_t *n) {
  return n->type == YAML_SCALAR_NODE;
}

static bool add(struct reading *r, enum plan_array a, const yaml_node_t *n, uint32_t *index) {
  struct fault why = {0};
  if (!r->failed && plan_add(r->p, &r->places, a, n ? line_of(n) : 0, index, &why)) {
    plan_fault_add(r->faults, n ? line_of(n) : 0, 0, false, "%s", why.text);
    r->failed = true;
  }
  return !r->failed;
}

/* Room for one more at the end of a list kept beside the plan. */
static bool grow(struct reading *r, void **list, size_t n, size_t *cap, size_t size) {
  if (n < *cap)
    return true;
  size_t wanted = *cap ? 2 * *cap : 64;
  void *p = sp_realloc(*list, wanted * size);
  if (!p) {
    r->failed = true;
    return false;
  }
  *list = p;
  *cap = wanted;
  return true;
}

static void later(struct reading *r, struct target t, size_t offset, enum ref_kind kind,
                  const yaml_node_t *n) {
  struct span name = is_scalar(n) ? text_of(n) : (struct span){0};
  if (!slug_valid(name)) {
    FAULT(r, n, "the name of a %s is expected", ref_kind_names[kind]);
    return;
  }
  if (!grow(r, (void **)&r->pending, r->n_pending, &r->cap_pending, sizeof *r->pending))
    return;
  struct pending *p = &r->pending[r->n_pending++];
  *p = (struct pending){t.array, t.index, offset, kind, {0}, line_of(n), column_of(n)};
  memcpy(p->name, name.p, name.n);
}

/* --- Mappings by the table --- */

typedef void nested(struct reading *r, const char *section, const char *key, struct target t,
                    yaml_node_t *value);

static const char *key_at(const void *ctx, uint32_t i) {
  return ((const struct plan_section *)ctx)->fields[i].key;
}

static void read_one(struct reading *r, const struct plan_section *s, const struct plan_field *f,
                     struct target t, yaml_node_t *value, nested *more) {
  struct fault why = {0};
  struct span text;
  char joined[200] = "";
  if (f->kind == PLAN_NESTED) {
    more(r, s->name, f->key, t, value);
    return;
  }
  if (f->kind == PLAN_REF) {
    later(r, t, f->offset, f->ref, value);
    return;
  }
  if (f->kind == PLAN_KINDS && value->type == YAML_SEQUENCE_NODE) {
    for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top;
         i++) {
      const yaml_node_t *item = node_at(r, *i);
      size_t n = strlen(joined);
      if (is_scalar(item))
        snprintf(joined + n, sizeof joined - n, "%s%.40s", n ? "," : "",
                 (const char *)item->data.scalar.value);
    }
    text = joined[0] ? span_str(joined) : SPAN_LIT("none");
  } else if (is_scalar(value)) {
    text = text_of(value);
  } else {
    FAULT(r, value, "%s: a single value is expected here", f->key);
    return;
  }
  if (f->kind == PLAN_ZONE) {
    char zone[64];
    snprintf(zone, sizeof zone, "%.*s", (int)text.n, (const char *)text.p);
    if (text.n >= sizeof zone || plan_zone_compile(r->p, zone, &why))
      FAULT(r, value, "zone: %s", why.text[0] ? why.text : "the name is too long");
    memcpy(r->p->zone, zone, sizeof zone);
  } else if (plan_scalar(f, text, base_of(r, t), &why)) {
    FAULT(r, value, "%s: %s", f->key, why.text);
  }
}

static void read_defaults(struct reading *r, const struct plan_section *s, struct target t,
                          const yaml_node_t *n, uint32_t seen) {
  for (uint32_t i = 0; i < s->n_fields; i++) {
    const struct plan_field *f = &s->fields[i];
    if (seen & 1u << i)
      continue;
    void *at = (uint8_t *)base_of(r, t) + f->offset;
    if (f->required)
      FAULT(r, n, "\"%s\" is missing: %s", f->key, f->doc);
    else if (f->kind == PLAN_TITLE)
      snprintf(at, title_max + 1, "%s", ((const struct slug *)base_of(r, t))->s);
    else if (f->kind == PLAN_REF)
      *(uint16_t *)at = NONE16;
    else if (f->fallback && plan_scalar(f, span_str(f->fallback), base_of(r, t), NULL))
      SP_NEVER("a default is right");
  }
}

/* Keys outside the section's table that the caller reads itself, ended by NULL. */
static bool among(const char *const *list, struct span key) {
  for (; list && *list; list++)
    if (span_is(key, *list))
      return true;
  return false;
}

static void read_mapping(struct reading *r, const char *section, struct target t, yaml_node_t *n,
                         nested *more, const char *const *besides) {
  const struct plan_section *s = plan_section_of(section);
  uint32_t seen = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "%s: keys with values are expected", section);
    return;
  }
  /* The name first: nested things and messages build on it, wherever it stands. */
  for (int pass = 0; pass < 2; pass++)
    for (yaml_node_pair_t *pair = n->data.mapping.pairs.start;
         pair < n->data.mapping.pairs.top && !r->failed; pair++) {
      yaml_node_t *k = node_at(r, pair->key), *v = node_at(r, pair->value);
      struct span key = is_scalar(k) ? text_of(k) : (struct span){0};
      bool is_name = span_is(key, "name") || span_is(key, "title");
      if (is_name != (pass == 0) || among(besides, key))
        continue;
      uint32_t i = 0;
      while (i < s->n_fields && !span_is(key, s->fields[i].key))
        i++;
      if (i == s->n_fields) {
        char name[slug_max + 1];
        snprintf(name, sizeof name, "%.*s", (int)(key.n > slug_max ? slug_max : key.n),
                 key.p ? (const char *)key.p : "");
        const char *near = plan_nearest(name, key_at, s, (uint32_t)s->n_fields);
        FAULT(r, k, "\"%s\" is no key of %s%s%s%s", name, section,
              near ? ": did you mean \"" : "; docs/plan.md lists them", near ? near : "",
              near ? "\"?" : "");
        continue;
      }
      if (seen & 1u << i) {
        FAULT(r, k, "\"%s\" is given twice", s->fields[i].key);
        continue;
      }
      seen |= 1u << i;
      read_one(r, s, &s->fields[i], t, v, more);
    }
  read_defaults(r, s, t, n, seen);
}

static void each_item(struct reading *r, const char *what, yaml_node_t *list,
                      void (*fn)(struct reading *, yaml_node_t *, void *), void *ctx) {
  if (list->type != YAML_SEQUENCE_NODE) {
    FAULT(r, list, "%s: a list is expected, each item after a hyphen", what);
    return;
  }
  for (yaml_node_item_t *i = list->data.sequence.items.start;
       i < list->data.sequence.items.top && !r->failed; i++)
    fn(r, node_at(r, *i), ctx);
}

static void no_more(struct reading *r, const char *section, const char *key, struct target t,
                    yaml_node_t *value) {
  (void)r, (void)section, (void)key, (void)t, (void)value;
  SP_NEVER("this section nests nothing");
}

/* --- Areas --- */

static void read_area(struct reading *r, yaml_node_t *n, void *ctx);

static uint32_t number_key(struct reading *r, yaml_node_t *n, const char *key, uint32_t lo,
                           uint32_t hi, uint32_t fallback) {
  const struct plan_field f = {key, PLAN_U32, false, 0, 0, NULL, lo, hi, NULL, NULL};
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key), *v = node_at(r, pair->value);
    uint32_t value = fallback;
    struct fault why = {0};
    if (!is_scalar(k) || !span_is(text_of(k), key))
      continue;
    if (!is_scalar(v) || plan_scalar(&f, text_of(v), &value, &why))
      FAULT(r, v, "%s: %s", key, why.text[0] ? why.text : "a number is expected");
    return value;
  }
  return fallback;
}

static yaml_node_t *value_of(struct reading *r, yaml_node_t *n, const char *key) {
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key);
    if (is_scalar(k) && span_is(text_of(k), key))
      return node_at(r, pair->value);
  }
  return NULL;
}

static void set_name(struct slug *s, const char *prefix, uint32_t i, const char *suffix) {
  char text[64];
  snprintf(text, sizeof text, "%s-%u%s", prefix, i, suffix);
  memset(s, 0, sizeof *s);
  snprintf(s->s, sizeof s->s, "%.*s", slug_max, text);
}

/* A cell's way in: a gate and a door of its name from the area around it, a reader on each side. */
static void add_cell_gate(struct reading *r, yaml_node_t *n, const char *prefix, uint32_t i,
                          uint32_t parent, uint32_t cell, uint32_t address) {
  uint32_t gate, door, reader;
  if (!add(r, PLAN_ARRAY_gates, n, &gate) || !add(r, PLAN_ARRAY_doors, n, &door))
    return;
  struct plan_gate *g = &r->p->gates[gate];
  struct plan_door *d = &r->p->doors[door];
  set_name(&g->name, prefix, i, "");
  d->name = g->name;
  memcpy(g->title, r->p->areas[cell].title, sizeof g->title);
  memcpy(d->title, g->title, sizeof d->title);
  g->from = d->from = (uint16_t)parent;
  g->to = d->to = (uint16_t)cell;
  g->doors[0] = (uint16_t)door;
  g->doors[1] = g->vestibule = NONE16;
  d->gate = (uint16_t)gate;
  d->contact = true;
  d->unlock_ms = 10000;
  d->held_open_ms = 120000;
  yaml_node_t *line = value_of(r, n, "line");
  for (uint32_t side = 0; side < DIRECTION_COUNT; side++) {
    if (!add(r, PLAN_ARRAY_readers, n, &reader))
      return;
    struct plan_reader *rd = &r->p->readers[reader];
    set_name(&rd->name, prefix, i, side ? "-out" : "-in");
    rd->door = (uint16_t)door;
    rd->direction = (uint8_t)side;
    rd->line = NONE16;
    rd->address = (uint8_t)(address + side);
    if (line)
      later(r, (struct target){PLAN_ARRAY_readers, reader, NULL},
            offsetof(struct plan_reader, line), REF_LINE, line);
  }
}

static void read_area_nested(struct reading *r, const char *section, const char *key,
                             struct target t, yaml_node_t *value);

static void read_cells(struct reading *r, yaml_node_t *n, void *ctx) {
  static const char *const besides[] = {"count", "line", "address", NULL};
  uint32_t parent = *(uint32_t *)ctx, first;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "cells: {name: PREFIX, count: N, kind: cell, …} is expected");
    return;
  }
  uint32_t count = number_key(r, n, "count", 1, 1000, 1);
  uint32_t address = number_key(r, n, "address", 0, 126, 0);
  if (!add(r, PLAN_ARRAY_areas, n, &first))
    return;
  struct target t = {PLAN_ARRAY_areas, first, NULL};
  read_mapping(r, "areas", t, n, read_area_nested, besides);
  if (r->failed)
    return;
  char prefix[slug_max + 1];
  memcpy(prefix, r->p->areas[first].name.s, sizeof prefix);
  if (strlen(prefix) > slug_max - 8) {
    FAULT(r, n, "name: \"%s\" is too long to be numbered", prefix);
    return;
  }
  if (address + 2 * count > 127 && value_of(r, n, "line"))
    FAULT(r, n, "%u cells need %u addresses, and a line has 0 to 126: split them", count,
          2 * count);
  struct plan_area model = r->p->areas[first];
  for (uint32_t i = 1; i <= count && !r->failed; i++) {
    uint32_t cell = first;
    if (i > 1 && !add(r, PLAN_ARRAY_areas, n, &cell))
      return;
    struct plan_area *a = &r->p->areas[cell];
    *a = model;
    set_name(&a->name, prefix, i, "");
    snprintf(a->title, sizeof a->title, "%.60s %u", model.title, i);
    a->parent = (uint16_t)parent;
    add_cell_gate(r, n, prefix, i, parent, cell, (address + 2 * (i - 1)) & 127);
  }
}

static void read_area_nested(struct reading *r, const char *section, const char *key,
                             struct target t, yaml_node_t *value) {
  (void)section;
  each_item(r, key, value, strcmp(key, "areas") == 0 ? read_area : read_cells, &t.index);
}

static void read_area(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (!add(r, PLAN_ARRAY_areas, n, &i))
    return;
  r->p->areas[i].parent = (uint16_t) * (uint32_t *)ctx;
  r->p->areas[i].first_person = NONE16;
  read_mapping(r, "areas", (struct target){PLAN_ARRAY_areas, i, NULL}, n, read_area_nested, NULL);
}

/* --- Gates, doors, readers --- */

static void read_reader(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (!add(r, PLAN_ARRAY_readers, n, &i))
    return;
  r->p->readers[i].door = (uint16_t) * (uint32_t *)ctx;
  read_mapping(r, "readers", (struct target){PLAN_ARRAY_readers, i, NULL}, n, no_more, NULL);
}

static void read_door_nested(struct reading *r, const char *section, const char *key,
                             struct target t, yaml_node_t *value) {
  (void)section;
  each_item(r, key, value, read_reader, &t.index);
}

static void join_group(struct reading *r, uint32_t group, uint32_t door) {
  if (grow(r, (void **)&r->members, r->n_members, &r->cap_members, sizeof *r->members))
    r->members[r->n_members++] = (struct member){group, door};
}

static void read_door(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t gate = *(uint32_t *)ctx, i;
  struct plan_gate *g = &r->p->gates[gate];
  int slot = g->doors[0] == NONE16 ? 0 : 1;
  if (g->doors[slot] != NONE16) {
    FAULT(r, n, "gate \"%s\" has more than two doors", g->name.s);
    return;
  }
  if (!add(r, PLAN_ARRAY_doors, n, &i))
    return;
  r->p->gates[gate].doors[slot] = (uint16_t)i;
  r->p->doors[i].gate = (uint16_t)gate;
  read_mapping(r, "doors", (struct target){PLAN_ARRAY_doors, i, NULL}, n, read_door_nested, NULL);
}

static void read_gate_nested(struct reading *r, const char *section, const char *key,
                             struct target t, yaml_node_t *value) {
  (void)section;
  each_item(r, key, value, read_door, &t.index);
}

static void read_gate(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (!add(r, PLAN_ARRAY_gates, n, &i))
    return;
  r->p->gates[i].doors[0] = r->p->gates[i].doors[1] = r->p->gates[i].vestibule = NONE16;
  r->p->gates[i].from = r->p->gates[i].to = NONE16;
  read_mapping(r, "gates", (struct target){PLAN_ARRAY_gates, i, NULL}, n, read_gate_nested, NULL);
  const struct plan_gate *g = &r->p->gates[i];
  if (g->doors[0] != NONE16 && g->doors[1] != NONE16) {
    uint32_t group = r->n_groups++;
    join_group(r, group, g->doors[0]);
    join_group(r, group, g->doors[1]);
  }
}

/* --- Lines, threats, formats, witnesses: plain lists --- */

static void read_plain(struct reading *r, const char *section, enum plan_array a,
                       yaml_node_t *list) {
  if (list->type != YAML_SEQUENCE_NODE) {
    FAULT(r, list, "%s: a list is expected, each item after a hyphen", section);
    return;
  }
  for (yaml_node_item_t *i = list->data.sequence.items.start;
       i < list->data.sequence.items.top && !r->failed; i++) {
    uint32_t index;
    yaml_node_t *n = node_at(r, *i);
    if (add(r, a, n, &index))
      read_mapping(r, section, (struct target){a, index, NULL}, n, no_more, NULL);
  }
}

/* --- Schedules --- */

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

static int day_of(const char *s, size_t n) {
  for (int d = 0; d < 7; d++)
    if (n == 3 && memcmp(s, day_names[d], 3) == 0)
      return d;
  return -1;
}

/* "mon", "mon-fri", "sat, sun", "daily" as seven bits; 0 when it is none of them. */
static unsigned days_of(struct span s) {
  unsigned days = 0;
  if (span_is(s, "daily"))
    return 127;
  const char *p = (const char *)s.p, *end = p + s.n;
  while (p < end) {
    while (p < end && (*p == ' ' || *p == ','))
      p++;
    const char *from = p;
    while (p < end && *p != ',' && *p != ' ')
      p++;
    size_t n = (size_t)(p - from);
    int a = day_of(from, n >= 3 ? 3 : 0), b = n == 7 && from[3] == '-' ? day_of(from + 4, 3) : a;
    if (a < 0 || b < 0 || (n != 3 && n != 7))
      return 0;
    for (int d = a;; d = (d + 1) % 7) {
      days |= 1u << d;
      if (d == b)
        break;
    }
  }
  return days;
}

static int by_from(const void *a, const void *b) {
  return ((const struct plan_span *)a)->from - ((const struct plan_span *)b)->from;
}

/* Sorts, joins what touches, refuses what overlaps, and appends to the plan. */
static void keep_spans(struct reading *r, yaml_node_t *n, struct plan_span *spans, uint32_t count,
                       uint32_t *at, uint32_t *kept) {
  qsort(spans, count, sizeof *spans, by_from);
  *at = r->p->n_spans;
  for (uint32_t i = 0; i < count; i++) {
    if (i && spans[i].from < spans[i - 1].until) {
      FAULT(r, n, "two times overlap: each minute may be named once");
      break;
    }
    if (r->p->n_spans > *at && spans[i].from == r->p->spans[r->p->n_spans - 1].until) {
      r->p->spans[r->p->n_spans - 1].until = spans[i].until;
      continue;
    }
    uint32_t index;
    if (!add(r, PLAN_ARRAY_spans, n, &index))
      return;
    r->p->spans[index] = spans[i];
  }
  *kept = r->p->n_spans - *at;
}

static void read_week(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct plan_span spans[2 * schedule_spans_max];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "week: days with times are expected, like mon-fri: 06:00-18:00");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key), *v = node_at(r, pair->value);
    unsigned days = is_scalar(k) ? days_of(text_of(k)) : 0;
    struct plan_span day[32];
    uint32_t n_day = 0;
    struct fault why = {0};
    if (!days) {
      FAULT(r, k, "no days of the week: write mon, mon-fri, \"sat, sun\" or daily");
      continue;
    }
    if (!is_scalar(v) || plan_times(text_of(v), day, 32, &n_day, &why)) {
      FAULT(r, v, "%s", why.text[0] ? why.text : "times are expected");
      continue;
    }
    for (unsigned d = 0; d < 7; d++)
      for (uint32_t i = 0; days >> d & 1 && i < n_day; i++) {
        if (count + 2 > 2 * schedule_spans_max) {
          FAULT(r, v, "more than %d times in one schedule", schedule_spans_max);
          return;
        }
        uint32_t from = d * 1440 + day[i].from, until = d * 1440 + day[i].until;
        spans[count++] =
            (struct plan_span){(uint16_t)from, (uint16_t)(until > 10080 ? 10080 : until)};
        if (until > 10080) /* Sunday night ends on Monday */
          spans[count++] = (struct plan_span){0, (uint16_t)(until - 10080)};
      }
  }
  struct plan_schedule *s = &r->p->schedules[schedule];
  keep_spans(r, n, spans, count, &s->spans_at, &s->n_spans);
}

static bool date_of(const char *s, size_t n, int32_t *day) {
  usec t;
  if (n != 10 || !time_parse_lenient(&t, s, n))
    return false;
  *day = (int32_t)(t / (86400 * USEC_PER_S));
  return true;
}

/* "2026-12-24" or "2026-12-24..2026-12-31". */
static bool dates_of(struct span s, int32_t *from, int32_t *until) {
  const char *p = (const char *)s.p;
  if (s.n == 10 && date_of(p, 10, from)) {
    *until = *from;
    return true;
  }
  return s.n == 22 && p[10] == '.' && p[11] == '.' && date_of(p, 10, from) &&
         date_of(p + 12, 10, until) && *from <= *until;
}

static void read_exceptions(struct reading *r, uint32_t schedule, yaml_node_t *n) {
  struct plan_exception list[schedule_exceptions_max];
  uint32_t count = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "exceptions: dates with times are expected, like 2026-12-24: closed");
    return;
  }
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key), *v = node_at(r, pair->value);
    struct plan_span times[32];
    uint32_t n_times = 0, at, kept;
    int32_t from, until;
    struct fault why = {0};
    if (!is_scalar(k) || !dates_of(text_of(k), &from, &until)) {
      FAULT(r, k, "no date: write 2026-12-24 or 2026-12-24..2027-01-01");
      continue;
    }
    if (!is_scalar(v) ||
        (!span_is(text_of(v), "closed") && plan_times(text_of(v), times, 32, &n_times, &why))) {
      FAULT(r, v, "%s", why.text[0] ? why.text : "times or closed are expected");
      continue;
    }
    for (uint32_t i = 0; i < n_times; i++)
      if (times[i].until > 1440)
        FAULT(r, v, "a time of an exception ends on its day: write the rest under the next date");
    keep_spans(r, v, times, n_times, &at, &kept);
    for (int32_t day = from; day <= until; day++) {
      for (uint32_t i = 0; i < count; i++)
        if (list[i].day == day) {
          FAULT(r, k, "two exceptions overlap: a date may be named once");
          day = until;
          break;
        }
      if (count == schedule_exceptions_max) {
        FAULT(r, k, "more than %d dates are exceptions", schedule_exceptions_max);
        return;
      }
      list[count++] = (struct plan_exception){day, at, kept};
    }
  }
  /* Insertion sort: few, and mostly in order. */
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = i; k && list[k].day < list[k - 1].day; k--) {
      struct plan_exception swap = list[k];
      list[k] = list[k - 1];
      list[k - 1] = swap;
    }
  struct plan_schedule *s = &r->p->schedules[schedule];
  s->exceptions_at = r->p->n_exceptions;
  s->n_exceptions = count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index;
    if (!add(r, PLAN_ARRAY_exceptions, n, &index))
      return;
    r->p->exceptions[index] = list[i];
  }
}

static void read_schedule_nested(struct reading *r, const char *section, const char *key,
                                 struct target t, yaml_node_t *value) {
  (void)section;
  (strcmp(key, "week") == 0 ? read_week : read_exceptions)(r, t.index, value);
}

static void read_schedule(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (add(r, PLAN_ARRAY_schedules, n, &i))
    read_mapping(r, "schedules", (struct target){PLAN_ARRAY_schedules, i, NULL}, n,
                 read_schedule_nested, NULL);
}

/* --- Levels: gates are named in lists, by prefix, or all; read when all gates are known --- */

static void add_rules(struct reading *r, yaml_node_t *n, uint32_t gate, const char *direction,
                      const yaml_node_t *schedule) {
  for (uint8_t d = 0; d < DIRECTION_COUNT; d++) {
    if (strcmp(direction, "both") != 0 && strcmp(direction, direction_names[d]) != 0)
      continue;
    uint32_t i;
    if (!add(r, PLAN_ARRAY_level_rules, n, &i))
      return;
    r->p->level_rules[i].gate = (uint16_t)gate;
    r->p->level_rules[i].direction = d;
    r->p->level_rules[i].schedule = schedule_always;
    if (schedule)
      later(r, (struct target){PLAN_ARRAY_level_rules, i, NULL},
            offsetof(struct plan_level_rule, schedule), REF_SCHEDULE, schedule);
  }
}

static const char *gate_at(const void *ctx, uint32_t i) {
  return ((const struct plan *)ctx)->gates[i].name.s;
}

/* A name, or a beginning with a star. */
static void add_gates(struct reading *r, yaml_node_t *n, const char *direction,
                      const yaml_node_t *schedule) {
  struct span name = is_scalar(n) ? text_of(n) : (struct span){0};
  bool star = name.n && name.p[name.n - 1] == '*', any = false;
  for (uint32_t g = 0; g < r->p->n_gates && !r->failed; g++) {
    const char *s = r->p->gates[g].name.s;
    if (star ? strncmp(s, (const char *)name.p, name.n - 1) == 0 : span_is(name, s)) {
      add_rules(r, n, g, direction, schedule);
      any = true;
    }
  }
  if (any)
    return;
  char text[slug_max + 1];
  snprintf(text, sizeof text, "%.*s", (int)(name.n > slug_max ? slug_max : name.n),
           name.p ? (const char *)name.p : "");
  const char *near = plan_nearest(text, gate_at, r->p, r->p->n_gates);
  FAULT(r, n, "there is no gate \"%s\"%s%s%s", text, near ? ": did you mean \"" : "",
        near ? near : "", near ? "\"?" : "");
}

static void read_access(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "access: {gates: …, direction: …, schedule: …} is expected");
    return;
  }
  const char *direction = "both";
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key), *v = node_at(r, pair->value);
    struct span key = is_scalar(k) ? text_of(k) : (struct span){0};
    if (span_is(key, "direction")) {
      if (!is_scalar(v) || (!span_is(text_of(v), "in") && !span_is(text_of(v), "out") &&
                            !span_is(text_of(v), "both")))
        FAULT(r, v, "direction: in, out or both is expected");
      else
        direction = (const char *)v->data.scalar.value;
    } else if (!span_is(key, "gates") && !span_is(key, "schedule")) {
      FAULT(r, k, "\"%.*s\" is no key of access: gates, direction and schedule are",
            (int)(key.n > 40 ? 40 : key.n), key.p ? (const char *)key.p : "");
    }
  }
  yaml_node_t *gates = value_of(r, n, "gates"), *schedule = value_of(r, n, "schedule");
  if (!gates) {
    FAULT(r, n, "\"gates\" is missing: a list of names, or all");
  } else if (is_scalar(gates) && span_is(text_of(gates), "all")) {
    for (uint32_t g = 0; g < r->p->n_gates && !r->failed; g++)
      add_rules(r, gates, g, direction, schedule);
  } else if (gates->type == YAML_SEQUENCE_NODE) {
    for (yaml_node_item_t *i = gates->data.sequence.items.start;
         i < gates->data.sequence.items.top && !r->failed; i++)
      add_gates(r, node_at(r, *i), direction, schedule);
  } else {
    FAULT(r, gates, "gates: a list like [front, back] is expected, or all");
  }
}

static void read_level_nested(struct reading *r, const char *section, const char *key,
                              struct target t, yaml_node_t *value) {
  (void)section;
  uint32_t at = r->p->n_level_rules;
  each_item(r, key, value, read_access, NULL);
  r->p->levels[t.index].rules_at = at;
  r->p->levels[t.index].n_rules = r->p->n_level_rules - at;
}

static void read_level(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i;
  if (add(r, PLAN_ARRAY_levels, n, &i))
    read_mapping(r, "levels", (struct target){PLAN_ARRAY_levels, i, NULL}, n, read_level_nested,
                 NULL);
}

/* --- Interlocks --- */

static const char *door_at(const void *ctx, uint32_t i) {
  return ((const struct plan *)ctx)->doors[i].name.s;
}

static void read_interlock(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  if (n->type != YAML_SEQUENCE_NODE) {
    FAULT(r, n, "interlocks: a list of lists of doors is expected, like [[a, b], [b, c, d]]");
    return;
  }
  uint32_t group = r->n_groups++, count = 0;
  for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
    yaml_node_t *door = node_at(r, *i);
    struct span name = is_scalar(door) ? text_of(door) : (struct span){0};
    uint32_t d = 0;
    while (d < r->p->n_doors && !span_is(name, r->p->doors[d].name.s))
      d++;
    if (d < r->p->n_doors) {
      join_group(r, group, d);
      count++;
      continue;
    }
    char text[slug_max + 1];
    snprintf(text, sizeof text, "%.*s", (int)(name.n > slug_max ? slug_max : name.n),
             name.p ? (const char *)name.p : "");
    const char *near = plan_nearest(text, door_at, r->p, r->p->n_doors);
    FAULT(r, door, "there is no door \"%s\"%s%s%s", text, near ? ": did you mean \"" : "",
          near ? near : "", near ? "\"?" : "");
  }
  if (count < 2)
    FAULT(r, n, "an interlock group needs two doors at least: one alone has no partner");
}

static void build_peers(struct reading *r) {
  for (uint32_t d = 0; d < r->p->n_doors && !r->failed; d++) {
    uint32_t at = r->p->n_peers;
    for (size_t i = 0; i < r->n_members; i++) {
      if (r->members[i].door != d)
        continue;
      for (size_t k = 0; k < r->n_members; k++) {
        uint32_t other = r->members[k].door;
        if (r->members[k].group != r->members[i].group || other == d)
          continue;
        uint32_t have = at;
        while (have < r->p->n_peers && r->p->peers[have] != other)
          have++;
        uint32_t index;
        if (have == r->p->n_peers && add(r, PLAN_ARRAY_peers, NULL, &index))
          r->p->peers[index] = (uint16_t)other;
      }
    }
    r->p->doors[d].peers_at = at;
    r->p->doors[d].n_peers = r->p->n_peers - at;
  }
}

/* --- The file --- */

/* The order in which sections are read: those that later ones look into come first. */
static const char *const order[] = {"site",    "lines",      "schedules", "threats",
                                    "formats", "witnesses",  "areas",     "gates",
                                    "levels",  "interlocks", "rules",     NULL};

/* `site` names the plan and the area that holds all others; capacity is that area's. */
static void read_site_nested(struct reading *r, const char *section, const char *key,
                             struct target t, yaml_node_t *value) {
  const struct plan_field f = {
      key, PLAN_U32, false, offsetof(struct plan_area, capacity), 0, NULL, 0, 1000000, NULL, NULL};
  struct fault why = {0};
  (void)section, (void)t;
  if (!is_scalar(value) || plan_scalar(&f, text_of(value), &r->p->areas[area_site], &why))
    FAULT(r, value, "capacity: %s", why.text[0] ? why.text : "a number is expected");
}

static void read_site(struct reading *r, yaml_node_t *n) {
  read_mapping(r, "site", (struct target){0, 0, r->p}, n, read_site_nested, NULL);
  struct plan_area *site = &r->p->areas[area_site];
  site->name = r->p->name;
  memcpy(site->title, r->p->title, sizeof site->title);
}

static void read_section(struct reading *r, const char *key, yaml_node_t *v) {
  uint32_t site = area_site;
  if (strcmp(key, "site") == 0)
    read_site(r, v);
  else if (strcmp(key, "lines") == 0)
    read_plain(r, key, PLAN_ARRAY_lines, v);
  else if (strcmp(key, "threats") == 0)
    read_plain(r, key, PLAN_ARRAY_threats, v);
  else if (strcmp(key, "formats") == 0)
    read_plain(r, key, PLAN_ARRAY_formats, v);
  else if (strcmp(key, "witnesses") == 0)
    read_plain(r, key, PLAN_ARRAY_witnesses, v);
  else if (strcmp(key, "schedules") == 0)
    each_item(r, key, v, read_schedule, NULL);
  else if (strcmp(key, "areas") == 0)
    each_item(r, key, v, read_area, &site);
  else if (strcmp(key, "gates") == 0)
    each_item(r, key, v, read_gate, NULL);
  else if (strcmp(key, "levels") == 0)
    each_item(r, key, v, read_level, NULL);
  else if (strcmp(key, "interlocks") == 0)
    each_item(r, key, v, read_interlock, NULL);
  else
    read_mapping(r, "rules", (struct target){0, 0, &r->p->rules}, v, no_more, NULL);
}

static void read_top(struct reading *r, yaml_node_t *root) {
  const struct plan_section *s = plan_section_of("plan");
  if (root->type != YAML_MAPPING_NODE) {
    FAULT(r, root, "a site plan is expected: keys like site, areas, gates, levels");
    return;
  }
  uint32_t seen = 0;
  for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *k = node_at(r, pair->key);
    struct span key = is_scalar(k) ? text_of(k) : (struct span){0};
    uint32_t i = 0;
    while (i < s->n_fields && !span_is(key, s->fields[i].key))
      i++;
    char name[slug_max + 1];
    snprintf(name, sizeof name, "%.*s", (int)(key.n > slug_max ? slug_max : key.n),
             key.p ? (const char *)key.p : "");
    const char *near =
        i < s->n_fields ? NULL : plan_nearest(name, key_at, s, (uint32_t)s->n_fields);
    if (i == s->n_fields)
      FAULT(r, k, "\"%s\" is no section of a plan%s%s%s", name, near ? ": did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
    else if (seen & 1u << i)
      FAULT(r, k, "\"%s\" is given twice", name);
    else
      seen |= 1u << i;
  }
  for (uint32_t i = 0; i < s->n_fields; i++)
    if (s->fields[i].required && !(seen & 1u << i))
      FAULT(r, root, "\"%s\" is missing: %s", s->fields[i].key, s->fields[i].doc);
  for (int i = 0; order[i] && !r->failed; i++) {
    yaml_node_t *v = value_of(r, root, order[i]);
    if (v)
      read_section(r, order[i], v);
    else if (strcmp(order[i], "rules") == 0)
      read_defaults(r, plan_section_of("rules"), (struct target){0, 0, &r->p->rules}, root, 0);
  }
}

/* What every plan has without saying so: outside, the site, the schedule `always`. */
static bool add_given(struct reading *r) {
  uint32_t i;
  static const struct {
    const char *name, *title;
    uint8_t kind;
  } areas[] = {{"outside", "outside", AREA_OUTSIDE}, {"", "", AREA_SITE}};
  for (int a = 0; a < 2; a++) {
    if (!add(r, PLAN_ARRAY_areas, NULL, &i))
      return false;
    struct plan_area *area = &r->p->areas[i];
    snprintf(area->name.s, sizeof area->name.s, "%s", areas[a].name);
    snprintf(area->title, sizeof area->title, "%s", areas[a].title);
    area->kind = areas[a].kind;
    area->parent = area->first_person = NONE16;
  }
  if (!add(r, PLAN_ARRAY_schedules, NULL, &i))
    return false;
  snprintf(r->p->schedules[0].name.s, sizeof r->p->schedules[0].name.s, "always");
  return true;
}

static bool add_if_none(struct reading *r, enum plan_array a, const char *name) {
  uint32_t i;
  if (plan_array_count(r->p, a))
    return true;
  if (!add(r, a, NULL, &i))
    return false;
  snprintf(((struct slug *)plan_array_at(r->p, a, i))->s, sizeof(struct slug), "%s", name);
  return true;
}

struct names_of_kind {
  const struct plan *p;
  enum ref_kind kind;
};

static const char *name_of_kind(const void *ctx, uint32_t i) {
  const struct names_of_kind *n = ctx;
  return plan_name(n->p, n->kind, i)->s;
}

static void resolve(struct reading *r) {
  for (size_t i = 0; i < r->n_pending; i++) {
    const struct pending *q = &r->pending[i];
    struct names_of_kind names = {r->p, q->kind};
    uint32_t n = plan_count(r->p, q->kind), k = 0;
    while (k < n && strcmp(plan_name(r->p, q->kind, k)->s, q->name) != 0)
      k++;
    uint16_t *at =
        (uint16_t *)(void *)((uint8_t *)plan_array_at(r->p, q->array, q->index) + q->offset);
    *at = k < n ? (uint16_t)k : NONE16;
    if (k < n)
      continue;
    const char *near = plan_nearest(q->name, name_of_kind, &names, n);
    plan_fault_add(r->faults, q->line, q->column, false, "there is no %s \"%s\"%s%s%s",
                   ref_kind_names[q->kind], q->name, near ? ": did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
  }
}

/* A door stands between its gate's areas; of two doors, each at one side of the vestibule. */
static void place_doors(struct reading *r) {
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

/* Every node is used once (aliases could make a small file endless), and nothing lies too deep. */
static bool check_shape(struct reading *r, int id, int depth, uint8_t *used) {
  yaml_node_t *n = node_at(r, id);
  if (!n)
    return false;
  if (used[id]) {
    FAULT(r, n, "aliases (*name) are not allowed in a plan: write it out");
    return false;
  }
  if (depth > plan_yaml_depth_max) {
    FAULT(r, n, "nested more than %d deep", plan_yaml_depth_max);
    return false;
  }
  used[id] = 1;
  if (n->type == YAML_SEQUENCE_NODE) {
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
      if (!check_shape(r, *i, depth + 1, used))
        return false;
  } else if (n->type == YAML_MAPPING_NODE) {
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
      if (!check_shape(r, p->key, depth + 1, used) || !check_shape(r, p->value, depth + 1, used))
        return false;
  }
  return true;
}

static void compile(struct reading *r) {
  yaml_node_t *root = yaml_document_get_root_node(r->doc);
  size_t n = (size_t)(r->doc->nodes.top - r->doc->nodes.start);
  uint8_t *used = n < plan_yaml_nodes_max ? sp_alloc(n + 1, 1) : NULL;
  if (!root) {
    plan_fault_add(r->faults, 1, 1, false, "the file is empty: a site plan is expected");
  } else if (!used) {
    plan_fault_add(r->faults, 0, 0, false, "the file has too many values, or memory is short");
  } else if (check_shape(r, 1, 0, used) && add_given(r)) {
    read_top(r, root);
    if (!r->failed && add_if_none(r, PLAN_ARRAY_threats, "normal") &&
        add_if_none(r, PLAN_ARRAY_formats, "h10301")) {
      if (r->p->n_formats == 1 && r->p->formats[0].bits == 0 &&
          strcmp(r->p->formats[0].name.s, "h10301") == 0)
        r->p->formats[0].bits = 26;
      resolve(r);
      place_doors(r);
      build_peers(r);
      if (!r->faults->errors)
        plan_check(r->p, &r->places, r->faults);
    }
  }
  sp_free(used);
}

enum sp_err plan_read(struct span yaml, struct plan **out, struct plan_faults *faults) {
  yaml_parser_t parser;
  yaml_document_t doc, next;
  struct reading r = {.doc = &doc, .faults = faults, .p = plan_new()};
  struct fault why = {0};
  *out = NULL;
  if (yaml.n > plan_yaml_bytes_max || !utf8_valid(yaml) || !r.p ||
      !yaml_parser_initialize(&parser)) {
    plan_fault_add(faults, 0, 0, false,
                   yaml.n > plan_yaml_bytes_max ? "the file is over 4 MiB"
                   : !utf8_valid(yaml)          ? "the file is not UTF-8"
                                                : "out of memory");
    plan_free(r.p);
    return SP_INVALID;
  }
  yaml_parser_set_input_string(&parser, yaml.n ? yaml.p : (const uint8_t *)"", yaml.n);
  if (!yaml_parser_load(&parser, &doc)) {
    plan_fault_add(faults, (uint32_t)parser.problem_mark.line + 1,
                   (uint32_t)parser.problem_mark.column + 1, false, "not YAML: %s%s%s",
                   parser.problem ? parser.problem : "unreadable", parser.context ? ", " : "",
                   parser.context ? parser.context : "");
  } else {
    compile(&r);
    if (!faults->errors && yaml_parser_load(&parser, &next)) {
      if (yaml_document_get_root_node(&next))
        plan_fault_add(faults, 0, 0, false, "a second document (---) follows: one plan a file");
      yaml_document_delete(&next);
    }
    yaml_document_delete(&doc);
  }
  yaml_parser_delete(&parser);
  if (r.failed && !faults->errors)
    plan_fault_add(faults, 0, 0, false, "out of memory");
  if (!faults->errors && plan_finish(r.p, &why))
    plan_fault_add(faults, 0, 0, false, "%s", why.text);
  plan_places_free(&r.places);
  sp_free(r.pending);
  sp_free(r.members);
  plan_faults_sort(faults);
  if (faults->errors) {
    plan_free(r.p);
    return SP_INVALID;
  }
  *out = r.p;
  return SP_OK;
}
