/* plan_read.c: the file as a whole: its sections in the order in which they refer to each other,
 * what every plan has without saying so, and the checks. */
#include "plan/plan_read.h"

#include "plan/plan_check.h"
#include "plan/plan_reading.h"
#include "plan/plan_scalar.h"

#include <stdio.h>
#include <string.h>

static void no_more(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)r, (void)key, (void)t, (void)value;
  SP_NEVER("this section nests nothing");
}

/* --- Plain lists --- */

struct plain {
  const char *section;
  enum plan_array array;
};

static void read_item(struct reading *r, yaml_node_t *n, void *ctx) {
  const struct plain *p = ctx;
  uint32_t i;
  if (reading_add(r, p->array, n, &i))
    reading_element(r, n, p->section, p->array, i, no_more);
}

static void read_plain(struct reading *r, const char *section, enum plan_array array,
                       yaml_node_t *list) {
  struct plain p = {section, array};
  reading_each(r, section, list, read_item, &p);
}

static void read_lines(struct reading *r, yaml_node_t *list) {
  read_plain(r, "lines", PLAN_ARRAY_lines, list);
}
static void read_threats(struct reading *r, yaml_node_t *list) {
  read_plain(r, "threats", PLAN_ARRAY_threats, list);
}
static void read_witnesses(struct reading *r, yaml_node_t *list) {
  read_plain(r, "witnesses", PLAN_ARRAY_witnesses, list);
}

/* --- Site and rules --- */

/* `site` names the plan and the area that holds all others; capacity is that area's. */
static void site_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  const struct plan_field f = {key,  PLAN_U32, false, offsetof(struct plan_area, capacity),
                               0,    NULL,     0,     plan_capacity_max,
                               NULL, NULL};
  struct fault why = {0};
  (void)t;
  if (!plan_yaml_is_scalar(value) ||
      plan_scalar(&f, plan_yaml_text(value), &r->p->areas[area_site], &why))
    FAULT(r, value, "capacity: %s", why.text[0] ? why.text : "a number is expected");
}

static void read_site(struct reading *r, yaml_node_t *n) {
  struct part part = {plan_section_of("site"), {0, 0, r->p}, 0};
  uint32_t before = r->faults->errors;
  r->places.site = r->places.line[PLAN_ARRAY_areas][area_site] = plan_yaml_line(n);
  reading_mapping(r, n, &part, 1, site_nested);
  struct plan_area *site = &r->p->areas[area_site];
  site->name = r->p->name;
  memcpy(site->title, r->p->title, sizeof site->title);
  if (r->faults->errors > before)
    plan_place_mark(&r->places, PLAN_ARRAY_areas, area_site, PLAN_PLACE_FAULTY);
}

static void read_rules(struct reading *r, yaml_node_t *n) {
  struct part part = {plan_section_of("rules"), {0, 0, &r->p->rules}, 0};
  r->places.rules = plan_yaml_line(n);
  reading_mapping(r, n, &part, 1, no_more);
}

/* --- The file --- */

/* Those that others look into come first. */
static const struct {
  const char *key;
  void (*read)(struct reading *r, yaml_node_t *n);
} sections[] = {
    {"site", read_site},           {"lines", read_lines},
    {"schedules", read_schedules}, {"threats", read_threats},
    {"formats", read_formats},     {"witnesses", read_witnesses},
    {"areas", read_areas},         {"gates", read_gates},
    {"levels", read_levels},       {"interlocks", read_interlocks},
    {"rules", read_rules},
};

static void top_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)r, (void)key, (void)t, (void)value; /* read below, in their order */
}

static void read_top(struct reading *r, yaml_node_t *root) {
  struct part top = {plan_section_of("plan"), {0, 0, r->p}, 0};
  reading_mapping(r, root, &top, 1, top_nested);
  for (size_t i = 0; i < sizeof sections / sizeof sections[0] && !reading_done(r); i++) {
    yaml_node_t *v = reading_value(r, root, sections[i].key);
    if (v)
      sections[i].read(r, v);
  }
  if (!reading_value(r, root, "rules")) {
    struct part part = {plan_section_of("rules"), {0, 0, &r->p->rules}, 0};
    reading_defaults(r, &part, root);
  }
}

static bool add_area(struct reading *r, const char *name, uint8_t kind) {
  uint32_t i;
  if (!reading_add(r, PLAN_ARRAY_areas, NULL, &i))
    return false;
  struct plan_area *a = &r->p->areas[i];
  snprintf(a->name.s, sizeof a->name.s, "%s", name);
  snprintf(a->title, sizeof a->title, "%s", name);
  a->kind = kind;
  a->parent = a->first_person = NONE16;
  return true;
}

static bool add_named(struct reading *r, enum plan_array a, const char *name) {
  uint32_t i;
  if (!reading_add(r, a, NULL, &i))
    return false;
  snprintf(((struct slug *)plan_array_at(r->p, a, i))->s, sizeof(struct slug), "%s", name);
  return true;
}

/* What every plan has without saying so. */
static bool add_given(struct reading *r) {
  return add_area(r, "outside", AREA_OUTSIDE) && add_area(r, "", AREA_SITE) &&
         add_named(r, PLAN_ARRAY_schedules, "always");
}

/* What a plan has when it does not say otherwise. */
static bool add_usual(struct reading *r) {
  if (!r->p->n_threats && !add_named(r, PLAN_ARRAY_threats, "normal"))
    return false;
  return r->p->n_formats || usual_format(r);
}

static void compile(struct reading *r) {
  if (!add_given(r))
    return;
  read_top(r, yaml_document_get_root_node(r->doc));
  if (reading_done(r) || !add_usual(r))
    return;
  reading_resolve(r);
  place_doors(r);
  build_peers(r);
  if (!r->failed)
    plan_check(r->p, &r->places, r->faults);
}

enum sp_err plan_read(struct span yaml, struct plan **out, struct plan_faults *faults) {
  yaml_document_t doc;
  struct reading r = {.doc = &doc, .faults = faults, .p = plan_new()};
  struct fault why = {0};
  *out = NULL;
  if (!r.p) {
    plan_fault_memory(faults);
    return SP_NO_MEMORY;
  }
  if (plan_yaml_load(yaml, &doc, faults)) {
    compile(&r);
    yaml_document_delete(&doc);
  }
  if (!r.failed && !faults->errors && plan_finish(r.p, &why))
    r.failed = r.no_memory = true;
  if (r.no_memory)
    plan_fault_memory(faults);
  plan_places_free(&r.places);
  sp_free(r.pending);
  sp_free(r.members);
  plan_faults_sort(faults);
  if (r.no_memory || faults->errors) {
    plan_free(r.p);
    return r.no_memory || faults->no_memory ? SP_NO_MEMORY : SP_INVALID;
  }
  *out = r.p;
  return SP_OK;
}
