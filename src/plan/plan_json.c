/* plan_json.c: a compiled plan as JSON for programs, with names instead of indexes. What holds by
 * default or is not there is left out where absence says the same. */
#include "plan/plan_print.h"

#include "plan/plan_scalar.h"

#include <string.h>

static void set_text(json_t *o, const char *key, const char *text) {
  json_object_set_new(o, key, json_string(text));
}

static void set_number(json_t *o, const char *key, uint64_t v) {
  if (v)
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void set_flag(json_t *o, const char *key, bool v) {
  if (v)
    json_object_set_new(o, key, json_true());
}

static void set_kinds(json_t *o, const char *key, uint32_t kinds) {
  json_t *list = json_array();
  for (int k = 0; k < PERSON_KIND_COUNT; k++)
    if (kinds & 1u << k)
      json_array_append_new(list, json_string(person_kind_names[k]));
  json_object_set_new(o, key, list);
}

static json_t *area_json(const struct plan *p, uint32_t i) {
  const struct plan_area *a = &p->areas[i];
  json_t *o = json_object();
  set_text(o, "name", a->name.s);
  set_text(o, "title", a->title);
  set_text(o, "kind", area_kind_names[a->kind]);
  if (a->parent != NONE16)
    set_text(o, "parent", p->areas[a->parent].name.s);
  set_number(o, "capacity", a->capacity);
  set_number(o, "floor_area_dm2", a->floor_area_dm2);
  set_number(o, "bunks", a->bunks);
  set_number(o, "toilets", a->toilets);
  set_number(o, "sinks", a->sinks);
  set_number(o, "showers", a->showers);
  set_text(o, "anti_passback", passback_names[a->anti_passback]);
  set_number(o, "anti_passback_s", a->anti_passback_s);
  set_flag(o, "two_person", a->two_person);
  set_flag(o, "escort", a->escort);
  if (a->first_person != NONE16)
    set_text(o, "first_person", p->levels[a->first_person].name.s);
  return o;
}

static json_t *gate_json(const struct plan *p, uint32_t i) {
  const struct plan_gate *g = &p->gates[i];
  json_t *o = json_object(), *doors = json_array();
  set_text(o, "name", g->name.s);
  set_text(o, "title", g->title);
  set_text(o, "from", p->areas[g->from].name.s);
  set_text(o, "to", p->areas[g->to].name.s);
  if (g->vestibule != NONE16)
    set_text(o, "vestibule", p->areas[g->vestibule].name.s);
  for (int d = 0; d < 2 && g->doors[d] != NONE16; d++)
    json_array_append_new(doors, json_string(p->doors[g->doors[d]].name.s));
  json_object_set_new(o, "doors", doors);
  return o;
}

static json_t *wiring_json(const struct plan *p, const struct plan_door *d) {
  json_t *o = json_object(), *inverted = json_array();
  if (d->wiring.at != NONE16)
    set_text(o, "at", p->readers[d->wiring.at].name.s);
  for (enum door_wire w = 0; w < WIRE_COUNT; w++) {
    if (plan_door_has(d, w))
      json_object_set_new(o, wire_names[w], json_integer(d->wiring.number[w]));
    if (d->wiring.inverted & 1u << w)
      json_array_append_new(inverted, json_string(wire_names[w]));
  }
  json_object_set_new(o, "inverted", inverted);
  return o;
}

static json_t *door_json(const struct plan *p, uint32_t i) {
  const struct plan_door *d = &p->doors[i];
  json_t *o = json_object(), *peers = json_array();
  set_text(o, "name", d->name.s);
  set_text(o, "title", d->title);
  set_text(o, "gate", p->gates[d->gate].name.s);
  set_text(o, "from", p->areas[d->from].name.s);
  set_text(o, "to", p->areas[d->to].name.s);
  set_text(o, "lock", lock_kind_names[d->lock]);
  set_text(o, "egress", egress_names[d->egress]);
  set_text(o, "rex", rex_names[d->rex]);
  set_flag(o, "contact", d->contact);
  set_flag(o, "lock_monitor", d->lock_monitor);
  set_number(o, "unlock_ms", d->unlock_ms);
  set_number(o, "held_open_ms", d->held_open_ms);
  for (uint32_t k = 0; k < d->n_peers; k++)
    json_array_append_new(peers, json_string(p->doors[p->peers[d->peers_at + k]].name.s));
  json_object_set_new(o, "not_with", peers);
  json_object_set_new(o, "wiring", wiring_json(p, d));
  return o;
}

static json_t *reader_json(const struct plan *p, uint32_t i) {
  const struct plan_reader *r = &p->readers[i];
  json_t *o = json_object();
  set_text(o, "name", r->name.s);
  set_text(o, "door", p->doors[r->door].name.s);
  set_text(o, "direction", direction_names[r->direction]);
  set_text(o, "factors", factor_names[r->factors]);
  set_text(o, "secure", secure_names[r->secure]);
  if (r->line != NONE16) {
    set_text(o, "line", p->lines[r->line].name.s);
    json_object_set_new(o, "address", json_integer(r->address));
  }
  set_flag(o, "enroll", r->enroll);
  return o;
}

static json_t *line_json(const struct plan *p, uint32_t i) {
  const struct plan_line *l = &p->lines[i];
  json_t *o = json_object();
  set_text(o, "name", l->name.s);
  set_text(o, "kind", line_kind_names[l->kind]);
  set_text(o, "where", l->where);
  if (l->kind == LINE_SERIAL)
    set_number(o, "baud", l->baud);
  return o;
}

static json_t *spans_json(const struct plan *p, uint32_t at, uint32_t n) {
  json_t *list = json_array();
  for (uint32_t k = at; k < at + n; k++)
    json_array_append_new(list, json_pack("[i,i]", p->spans[k].from, p->spans[k].until));
  return list;
}

/* Minutes from Monday 00:00, or of the exception's day; [from, until). */
static json_t *schedule_json(const struct plan *p, uint32_t i) {
  const struct plan_schedule *s = &p->schedules[i];
  json_t *o = json_object(), *exceptions = json_object();
  set_text(o, "name", s->name.s);
  if (i == schedule_always) {
    json_decref(exceptions);
    return o;
  }
  json_object_set_new(o, "week", spans_json(p, s->spans_at, s->n_spans));
  for (uint32_t k = 0; k < s->n_exceptions; k++) {
    const struct plan_exception *e = &p->exceptions[s->exceptions_at + k];
    char date[time_text_len + 1] = "";
    time_format(date, (usec)e->day * 86400 * USEC_PER_S);
    date[10] = 0; /* the day alone */
    json_object_set_new(exceptions, date, spans_json(p, e->spans_at, e->n_spans));
  }
  json_object_set_new(o, "exceptions", exceptions);
  return o;
}

static json_t *level_json(const struct plan *p, uint32_t i) {
  const struct plan_level *l = &p->levels[i];
  json_t *o = json_object(), *access = json_array();
  set_text(o, "name", l->name.s);
  set_text(o, "title", l->title);
  set_flag(o, "in_lockdown", l->in_lockdown);
  for (uint32_t k = l->rules_at; k < l->rules_at + l->n_rules; k++) {
    const struct plan_level_rule *r = &p->level_rules[k];
    json_array_append_new(access, json_pack("{s:s,s:s,s:s}", "gate", p->gates[r->gate].name.s,
                                            "direction", direction_names[r->direction], "schedule",
                                            p->schedules[r->schedule].name.s));
  }
  json_object_set_new(o, "access", access);
  return o;
}

static json_t *threat_json(const struct plan *p, uint32_t i) {
  json_t *o = json_object();
  set_text(o, "name", p->threats[i].name.s);
  set_kinds(o, "refuse", p->threats[i].refuse_kinds);
  set_text(o, "factors", factor_names[p->threats[i].factors]);
  return o;
}

static json_t *format_json(const struct plan *p, uint32_t i) {
  const struct plan_format *f = &p->formats[i];
  json_t *o = json_object(), *fields = json_array(), *parity = json_array();
  set_text(o, "name", f->name.s);
  set_number(o, "bits", f->bits);
  for (uint32_t k = f->fields_at; k < f->fields_at + f->n_fields; k++) {
    const struct plan_format_field *at = &p->format_fields[k];
    json_array_append_new(fields, json_pack("{s:s,s:i,s:i}", "name", at->name.s, "first", at->first,
                                            "bits", at->bits));
  }
  for (uint32_t k = f->parities_at; k < f->parities_at + f->n_parities; k++) {
    const struct plan_format_parity *q = &p->format_parities[k];
    struct buf over = {0};
    plan_bits_put(&over, q->over);
    const char *text = buf_cstr(&over);
    json_array_append_new(parity, json_pack("{s:i,s:s,s:s}", "bit", q->bit, "kind",
                                            parity_names[q->kind], "over", text ? text : ""));
    buf_free(&over);
  }
  json_object_set_new(o, "fields", fields);
  json_object_set_new(o, "parity", parity);
  return o;
}

static json_t *witness_json(const struct plan *p, uint32_t i) {
  return json_pack("{s:s,s:s}", "vkey", p->witnesses[i].vkey, "url", p->witnesses[i].url);
}

static json_t *rules_json(const struct plan_rules *r) {
  json_t *o = json_object();
  const struct {
    const char *key;
    uint32_t v;
  } numbers[] = {{"pin_attempts", r->pin_attempts},
                 {"pin_lock_s", r->pin_lock_s},
                 {"escort_ms", r->escort_ms},
                 {"two_person_ms", r->two_person_ms},
                 {"relock_margin_ms", r->relock_margin_ms},
                 {"stale_ms", r->stale_ms},
                 {"clock_tolerance_ms", r->clock_tolerance_ms},
                 {"witness_quorum", r->witness_quorum},
#define X(member, key, least, most, usual, text, doc) {#member, r->member},
                 RULE_TIME_LIST(X)
#undef X
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    json_object_set_new(o, numbers[i].key, json_integer(numbers[i].v));
  set_kinds(o, "escorted", r->escorted_kinds);
  set_kinds(o, "escorts", r->escort_kinds);
  json_object_set_new(o, "second_operator", json_boolean(r->second_operator));
  return o;
}

json_t *plan_print_json(const struct plan *p) {
  const struct {
    const char *key;
    uint32_t n;
    json_t *(*one)(const struct plan *p, uint32_t i);
  } lists[] = {
      {"areas", p->n_areas, area_json},       {"gates", p->n_gates, gate_json},
      {"doors", p->n_doors, door_json},       {"readers", p->n_readers, reader_json},
      {"lines", p->n_lines, line_json},       {"schedules", p->n_schedules, schedule_json},
      {"levels", p->n_levels, level_json},    {"threats", p->n_threats, threat_json},
      {"formats", p->n_formats, format_json}, {"witnesses", p->n_witnesses, witness_json},
  };
  json_t *root = json_object();
  if (!root)
    return NULL;
  set_text(root, "site", p->name.s);
  set_text(root, "title", p->title);
  set_text(root, "zone", p->zone);
  json_object_set_new(root, "rules", rules_json(&p->rules));
  for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < lists[k].n; i++)
      json_array_append_new(list, lists[k].one(p, i));
    json_object_set_new(root, lists[k].key, list);
  }
  return root;
}
