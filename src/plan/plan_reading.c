#include "plan/plan_reading.h"

#include "plan/plan_scalar.h"
#include "plan/plan_zone.h"

#include <stdio.h>
#include <string.h>

/* A reference of array[index] at offset, by name. */
struct pending {
  enum plan_array array;
  uint32_t index;
  size_t offset;
  enum ref_kind kind;
  char name[slug_max + 1];
  uint32_t line, column;
};

static void *base_of(struct reading *r, struct target t) {
  return t.fixed ? t.fixed : plan_array_at(r->p, t.array, t.index);
}

yaml_node_t *reading_node(struct reading *r, int id) {
  yaml_node_t *n = yaml_document_get_node(r->doc, id);
  SP_ASSERT(n);
  return n;
}

yaml_node_t *reading_value(struct reading *r, yaml_node_t *n, const char *key) {
  if (n->type != YAML_MAPPING_NODE)
    return NULL;
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++)
    if (span_is(plan_yaml_text(reading_node(r, pair->key)), key))
      return reading_node(r, pair->value);
  return NULL;
}

bool reading_done(const struct reading *r) {
  return r->failed || r->faults->errors > plan_faults_max;
}

bool reading_go_on(struct reading *r, uint32_t line, enum sp_err err, const struct fault *why) {
  if (err && !r->failed) {
    plan_fault_add(r->faults, line, 0, false, "%s", why->text);
    r->failed = true;
    r->no_memory = err == SP_NO_MEMORY;
  }
  return !r->failed;
}

bool reading_add(struct reading *r, enum plan_array a, const yaml_node_t *n, uint32_t *index) {
  struct fault why = {0};
  uint32_t line = n ? plan_yaml_line(n) : 0;
  return !r->failed &&
         reading_go_on(r, line, plan_add(r->p, &r->places, a, line, index, &why), &why);
}

/* --- Names --- */

struct names_of_kind {
  const struct plan *p;
  enum ref_kind kind;
};

static const char *name_at(const void *ctx, uint32_t i) {
  const struct names_of_kind *n = ctx;
  return plan_name(n->p, n->kind, i)->s;
}

bool reading_find(struct reading *r, enum ref_kind kind, struct span name, uint32_t *index) {
  for (uint32_t i = 0; i < plan_count(r->p, kind); i++)
    if (span_is(name, plan_name(r->p, kind, i)->s)) {
      *index = i;
      return true;
    }
  return false;
}

void reading_unknown(struct reading *r, enum ref_kind kind, struct span name, uint32_t line,
                     uint32_t column) {
  char text[slug_max + 1];
  struct names_of_kind names = {r->p, kind};
  snprintf(text, sizeof text, "%.*s", (int)(name.n > slug_max ? slug_max : name.n),
           name.p ? (const char *)name.p : "");
  const char *near =
      reading_done(r) ? NULL : plan_nearest(text, name_at, &names, plan_count(r->p, kind));
  plan_fault_add(r->faults, line, column, false, "there is no %s \"%s\"%s%s%s",
                 ref_kind_names[kind], text, near ? ": did you mean \"" : "", near ? near : "",
                 near ? "\"?" : "");
}

/* A reference. Into a fixed place it is looked up at once (of kinds that are read before). */
static void read_reference(struct reading *r, struct target t, const struct plan_field *f,
                           const yaml_node_t *n) {
  struct span name = plan_yaml_text(n);
  if (!slug_valid(name)) {
    FAULT(r, n, "%s: the name of %s %s is expected", f->key, f->ref == REF_AREA ? "an" : "a",
          ref_kind_names[f->ref]);
    return;
  }
  if (t.fixed) {
    uint32_t i;
    if (reading_find(r, f->ref, name, &i))
      *(uint16_t *)(void *)((uint8_t *)t.fixed + f->offset) = (uint16_t)i;
    else
      reading_unknown(r, f->ref, name, plan_yaml_line(n), plan_yaml_column(n));
    return;
  }
  if (r->n_pending == r->cap_pending) {
    size_t wanted = r->cap_pending ? 2 * r->cap_pending : 64;
    struct pending *grown = sp_realloc(r->pending, wanted * sizeof *grown);
    if (!grown) {
      r->failed = r->no_memory = true;
      return;
    }
    r->pending = grown;
    r->cap_pending = wanted;
  }
  struct pending *p = &r->pending[r->n_pending++];
  *p = (struct pending){t.array, t.index,           f->offset,          f->ref,
                        {0},     plan_yaml_line(n), plan_yaml_column(n)};
  memcpy(p->name, name.p, name.n);
}

void reading_resolve(struct reading *r) {
  for (size_t i = 0; i < r->n_pending; i++) {
    const struct pending *q = &r->pending[i];
    uint32_t k;
    bool found = reading_find(r, q->kind, span_str(q->name), &k);
    uint16_t *at =
        (uint16_t *)(void *)((uint8_t *)plan_array_at(r->p, q->array, q->index) + q->offset);
    *at = found ? (uint16_t)k : NONE16;
    if (found)
      continue;
    reading_unknown(r, q->kind, span_str(q->name), q->line, q->column);
    plan_place_mark(&r->places, q->array, q->index, PLAN_PLACE_FAULTY);
  }
}

/* --- Mappings by the table --- */

/* "[staff, officer]" as "staff,officer", the form of a default. */
static struct span join_list(struct reading *r, yaml_node_t *list, char *out, size_t most) {
  size_t n = 0;
  out[0] = 0;
  for (yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top;
       i++) {
    struct span item = plan_yaml_text(reading_node(r, *i));
    int wrote = snprintf(out + n, most - n, "%s%.*s", n ? "," : "",
                         (int)(item.n > 40 ? 40 : item.n), item.p ? (const char *)item.p : "?");
    if (wrote < 0 || (size_t)wrote >= most - n)
      break; /* a list that long holds a name twice, or a wrong one that is told */
    n += (size_t)wrote;
  }
  return out[0] ? span_str(out) : SPAN_LIT("none");
}

static void read_zone(struct reading *r, yaml_node_t *n, struct span text) {
  struct fault why = {0};
  char zone[sizeof r->p->zone] = "";
  if (text.n < sizeof zone)
    memcpy(zone, text.p, text.n);
  if (!zone[0] || strlen(zone) != text.n) {
    FAULT(r, n, "zone: a name like Europe/Berlin or UTC is expected");
    return;
  }
  if (plan_zone_compile(r->p, zone, &why)) {
    FAULT(r, n, "zone: %s", why.text);
    r->no_memory |= why.err == SP_NO_MEMORY;
  }
  memcpy(r->p->zone, zone, sizeof zone);
}

static void read_field(struct reading *r, const struct plan_field *f, struct target t,
                       yaml_node_t *value, read_nested *more) {
  struct fault why = {0};
  struct span text;
  char joined[400];
  if (f->kind == PLAN_NESTED) {
    more(r, f->key, t, value);
    return;
  }
  if (f->kind == PLAN_REF) {
    read_reference(r, t, f, value);
    return;
  }
  if ((f->kind == PLAN_KINDS || f->kind == PLAN_WIRES) && value->type == YAML_SEQUENCE_NODE) {
    text = join_list(r, value, joined, sizeof joined);
  } else if (plan_yaml_is_scalar(value)) {
    text = plan_yaml_text(value);
  } else {
    FAULT(r, value, "%s: a single value is expected here", f->key);
    return;
  }
  if (f->kind == PLAN_ZONE)
    read_zone(r, value, text);
  else if (plan_scalar(f, text, base_of(r, t), &why))
    FAULT(r, value, "%s: %s", f->key, why.text);
}

/* What is left out: told where it is required, its default otherwise. */
void reading_defaults(struct reading *r, const struct part *p, const yaml_node_t *n) {
  for (uint32_t i = 0; i < p->section->n_fields; i++) {
    const struct plan_field *f = &p->section->fields[i];
    uint8_t *base = base_of(r, p->target);
    void *at = base + f->offset;
    if (p->seen & 1u << i)
      continue;
    if (f->required)
      FAULT(r, n, "\"%s\" is missing: %s", f->key, f->doc);
    else if (f->kind == PLAN_TITLE)
      memcpy(at, base, sizeof(struct slug)); /* the name stands first in each */
    else if (f->kind == PLAN_REF && !f->fallback)
      *(uint16_t *)at = NONE16;
    else if (f->kind != PLAN_REF && f->kind != PLAN_NESTED && f->fallback &&
             plan_scalar(f, span_str(f->fallback), base, NULL))
      SP_NEVER("a default is right");
  }
}

struct parts {
  struct part *at;
  size_t n;
};

/* The field of this key, or NULL; *part is whose it is. */
static const struct plan_field *field_of(struct parts parts, struct span key, struct part **part) {
  for (size_t k = 0; k < parts.n; k++)
    for (size_t i = 0; i < parts.at[k].section->n_fields; i++)
      if (span_is(key, parts.at[k].section->fields[i].key)) {
        *part = &parts.at[k];
        return &parts.at[k].section->fields[i];
      }
  return NULL;
}

static const char *key_at(const void *ctx, uint32_t i) {
  const struct parts *p = ctx;
  size_t k = 0;
  for (; i >= p->at[k].section->n_fields; k++)
    i -= (uint32_t)p->at[k].section->n_fields;
  return p->at[k].section->fields[i].key;
}

static void unknown_key(struct reading *r, struct parts parts, const yaml_node_t *k) {
  char name[slug_max + 1];
  struct span key = plan_yaml_text(k);
  uint32_t n = 0;
  snprintf(name, sizeof name, "%.*s", (int)(key.n > slug_max ? slug_max : key.n),
           key.p ? (const char *)key.p : "");
  for (size_t i = 0; i < parts.n; i++)
    n += (uint32_t)parts.at[i].section->n_fields;
  const char *near = reading_done(r) ? NULL : plan_nearest(name, key_at, &parts, n);
  const char *section = parts.at[parts.n - 1].section->name;
  if (!key.p)
    FAULT(r, k, "%s: a key is a single word", section);
  else if (near)
    FAULT(r, k, "\"%s\" is no key of %s: did you mean \"%s\"?", name, section, near);
  else
    FAULT(r, k, "\"%s\" is no key of %s: docs/plan.md lists them", name, section);
}

/* Things that a nested list makes stand for themselves: what is wrong with a child is no fault of
 * its parent. */
static bool makes_others(const char *key) {
  static const char *const keys[] = {"areas", "cells", "doors", "readers"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (strcmp(key, keys[i]) == 0)
      return true;
  return false;
}

void reading_mapping(struct reading *r, yaml_node_t *n, struct part *parts, size_t n_parts,
                     read_nested *more) {
  struct parts all = {parts, n_parts};
  uint32_t before = r->faults->errors, of_others = 0;
  if (n->type != YAML_MAPPING_NODE) {
    FAULT(r, n, "%s: keys with values are expected, like \"name: front\"",
          parts[n_parts - 1].section->name);
  } else {
    /* The name first: titles and messages build on it, wherever it stands. */
    for (int pass = 0; pass < 2; pass++)
      for (yaml_node_pair_t *pair = n->data.mapping.pairs.start;
           pair < n->data.mapping.pairs.top && !reading_done(r); pair++) {
        yaml_node_t *k = reading_node(r, pair->key);
        struct part *part;
        const struct plan_field *f = field_of(all, plan_yaml_text(k), &part);
        bool early = f && (f->kind == PLAN_NAME || f->kind == PLAN_TITLE);
        if (early != (pass == 0))
          continue;
        uint32_t bit = f ? 1u << (f - part->section->fields) : 0, now = r->faults->errors;
        if (!f) {
          unknown_key(r, all, k);
          continue;
        }
        if (part->seen & bit) {
          FAULT(r, k, "\"%s\" is given twice", f->key);
          continue;
        }
        part->seen |= bit;
        read_field(r, f, part->target, reading_node(r, pair->value), more);
        if (makes_others(f->key))
          of_others += r->faults->errors - now;
      }
    for (size_t i = 0; i < n_parts && !r->failed; i++)
      reading_defaults(r, &parts[i], n);
  }
  for (size_t i = 0; i < n_parts; i++)
    if (r->faults->errors - before > of_others && !parts[i].target.fixed)
      plan_place_mark(&r->places, parts[i].target.array, parts[i].target.index, PLAN_PLACE_FAULTY);
}

void reading_element(struct reading *r, yaml_node_t *n, const char *section, enum plan_array a,
                     uint32_t index, read_nested *more) {
  struct part part = {plan_section_of(section), {a, index, NULL}, 0};
  reading_mapping(r, n, &part, 1, more);
}

void reading_each(struct reading *r, const char *what, yaml_node_t *list,
                  void (*fn)(struct reading *, yaml_node_t *, void *), void *ctx) {
  if (list->type != YAML_SEQUENCE_NODE) {
    FAULT(r, list, "%s: a list is expected, each item after a hyphen", what);
    return;
  }
  for (yaml_node_item_t *i = list->data.sequence.items.start;
       i < list->data.sequence.items.top && !reading_done(r); i++)
    fn(r, reading_node(r, *i), ctx);
}
