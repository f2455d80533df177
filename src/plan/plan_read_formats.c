/* plan_read_formats.c: card formats, by the name of a standard one or described bit by bit. */
#include "plan/card_standard.h"
#include "plan/plan_reading.h"
#include "plan/plan_scalar.h"

#include <string.h>

static void no_more(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)r, (void)key, (void)t, (void)value;
  SP_NEVER("a field nests nothing");
}

static void read_field(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (!reading_add(r, PLAN_ARRAY_format_fields, n, &i))
    return;
  r->p->formats[*(uint32_t *)ctx].n_fields++;
  reading_element(r, n, "fields", PLAN_ARRAY_format_fields, i, no_more);
}

static void add_bits(struct reading *r, yaml_node_t *n, uint8_t *over) {
  struct fault why = {0};
  if (!plan_yaml_is_scalar(n))
    FAULT(r, n, "over: bits are expected, like 1-12, or a list of such");
  else if (plan_bits(plan_yaml_text(n), over, &why))
    FAULT(r, n, "over: %s", why.text);
}

static void read_over(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  (void)key;
  uint8_t *over = r->p->format_parities[t.index].over;
  if (value->type != YAML_SEQUENCE_NODE) {
    add_bits(r, value, over);
    return;
  }
  for (yaml_node_item_t *i = value->data.sequence.items.start;
       i < value->data.sequence.items.top && !reading_done(r); i++)
    add_bits(r, reading_node(r, *i), over);
}

static void read_parity(struct reading *r, yaml_node_t *n, void *ctx) {
  uint32_t i;
  if (!reading_add(r, PLAN_ARRAY_format_parities, n, &i))
    return;
  r->p->formats[*(uint32_t *)ctx].n_parities++;
  reading_element(r, n, "parity", PLAN_ARRAY_format_parities, i, read_over);
}

static void format_nested(struct reading *r, const char *key, struct target t, yaml_node_t *value) {
  bool fields = strcmp(key, "fields") == 0;
  int most = fields ? format_fields_max : format_parities_max;
  if (value->type == YAML_SEQUENCE_NODE &&
      value->data.sequence.items.top - value->data.sequence.items.start > most)
    FAULT(r, value, "%s: more than %d, which is the limit of one format", key, most);
  else
    reading_each(r, key, value, fields ? read_field : read_parity, &t.index);
}

static bool lay_out(struct reading *r, const yaml_node_t *n, uint32_t format,
                    const struct card_standard *s) {
  struct fault why = {0};
  uint32_t line = n ? plan_yaml_line(n) : 0;
  return reading_go_on(r, line, card_standard_lay_out(s, r->p, &r->places, line, format, &why),
                       &why);
}

/* A new row; its fields and parities will lie behind those of the rows before. */
static bool add_format(struct reading *r, const yaml_node_t *n, uint32_t *i) {
  if (!reading_add(r, PLAN_ARRAY_formats, n, i))
    return false;
  r->p->formats[*i].fields_at = r->p->n_format_fields;
  r->p->formats[*i].parities_at = r->p->n_format_parities;
  return true;
}

static void read_format(struct reading *r, yaml_node_t *n, void *ctx) {
  (void)ctx;
  uint32_t i, before = r->faults->errors;
  if (!add_format(r, n, &i))
    return;
  reading_element(r, n, "formats", PLAN_ARRAY_formats, i, format_nested);
  const struct plan_format *f = &r->p->formats[i];
  const struct card_standard *s = card_standard_find(f->name.s);
  /* Whoever says otherwise than the standard does is told so by plan_check. */
  if (s && r->faults->errors == before && !f->n_fields && !f->n_parities &&
      (f->bits == s->bits || !reading_value(r, n, "bits")))
    (void)lay_out(r, n, i, s);
}

void read_formats(struct reading *r, yaml_node_t *list) {
  reading_each(r, "formats", list, read_format, NULL);
}

bool usual_format(struct reading *r) {
  const struct card_standard *s = card_standard_find("h10301");
  uint32_t i;
  SP_ASSERT(s);
  if (!add_format(r, NULL, &i))
    return false;
  memcpy(r->p->formats[i].name.s, s->name, strlen(s->name));
  return lay_out(r, NULL, i, s);
}
