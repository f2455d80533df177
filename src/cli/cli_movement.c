/* cli_movement.c: movements, listed and shown, with the answer that the core gives for each person
 * of a manifest now. */
#include "cli/cli_movement.h"

#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <string.h>

/* --- Movements --- */

static uint32_t aboard(const struct core *core, const struct movement *m) {
  uint32_t n = 0;
  for (uint32_t i = m->members; i; i = core->members[i - 1].next)
    n += core->members[i - 1].state >= MEMBER_BOARDED &&
         member_is_active(core->members[i - 1].state);
  return n;
}

json_t *movement_row(const struct core *core, uint32_t i) {
  const struct movement *m = &core->movements[i];
  json_t *row =
      json_pack("{s:o,s:o,s:s,s:s,s:o,s:I,s:I,s:o}", "number", row_number(i), "movement",
                row_name(core, REF_MOVEMENT, i), "kind", movement_kind_names[m->kind], "state",
                movement_state_names[m->state], "to", row_name(core, REF_PLACE, m->to), "seated",
                (json_int_t)m->n_seated, "aboard", (json_int_t)aboard(core, m), "departs",
                row_until(m->departs_s));
  if (m->seats)
    json_object_set_new(row, "seats", json_integer(m->seats));
  return row;
}

enum sp_err cli_movement_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "MOVEMENT", COLUMN_TEXT}, {"kind", "KIND", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},    {"to", "TO", COLUMN_TEXT},
      {"seated", "SEATED", COLUMN_NUMBER}, {"seats", "OF", COLUMN_NUMBER},
      {"aboard", "ABOARD", COLUMN_NUMBER}, {"departs", "DEPARTS", COLUMN_TIME},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_movements; i++)
    table_row(&t, movement_row(core, i));
  table_end(&t, "no movements: `sallyport movement propose` proposes one");
  return SP_OK;
}

/* --- Manifests --- */

static json_t *reason_json(const struct core *core, const struct reason_on *r) {
  struct namer namer = core_namer(core);
  struct buf text = {0};
  char name[ref_name_max];
  json_t *j = json_pack("{s:s}", "code", reason_codes[r->code]);
  if (r->on.kind != REF_NONE) {
    size_t n = namer.name(namer.ctx, (enum ref_kind)r->on.kind, r->on.index, name);
    json_object_set_new(j, "on", json_sprintf("%s:%.*s", ref_kind_names[r->on.kind], (int)n, name));
  }
  sentence_reason(core, &text, j);
  json_object_set_new(j, "text", json_string(buf_cstr(&text) ? buf_cstr(&text) : "?"));
  buf_free(&text);
  return j;
}

json_t *member_row(const struct core *core, const struct member *r, usec at) {
  struct question q = {r->movement, r->person, r->order, core->movements[r->movement].to, at};
  struct reasons found = {0};
  struct refs rests_on;
  json_t *reasons = json_array();
  bool active = member_is_active(r->state);
  if (active)
    permitted(core, &q, &found, &rests_on);
  for (uint32_t i = 0; i < found.n; i++)
    json_array_append_new(reasons, reason_json(core, &found.at[i]));
  return json_pack("{s:o,s:s,s:o,s:o,s:o}", "person", row_number(r->person), "state",
                   member_state_names[r->state], "order", row_number(r->order), "permitted",
                   active ? json_boolean(!found.n) : json_null(), "reasons", reasons);
}

/* As people read it: the order with its issuer, and of the reasons their codes. */
static json_t *flattened(const struct core *core, json_t *row, uint32_t order) {
  json_t *codes = json_array(), *reasons = json_object_get(row, "reasons");
  for (size_t i = 0; i < json_array_size(reasons); i++)
    json_array_append(codes, json_object_get(json_array_get(reasons, i), "code"));
  json_object_set_new(row, "reasons", codes);
  if (order != REF_ABSENT) {
    struct buf text = {0};
    char ref[ref_name_max + 16] = "order:";
    hex_encode(ref + strlen(ref), core->orders[order].id.b, sizeof core->orders[order].id.b);
    sentence_ref(core, &text, ref);
    json_object_set_new(row, "order", json_string(buf_cstr(&text) ? buf_cstr(&text) : "?"));
    buf_free(&text);
  }
  return row;
}

static json_t *manifest_rows(const struct core *core, uint32_t movement, bool all, bool flat) {
  json_t *list = json_array();
  for (uint32_t i = core->movements[movement].members; i; i = core->members[i - 1].next) {
    const struct member *r = &core->members[i - 1];
    if (r->state == MEMBER_REMOVED && !all)
      continue;
    json_t *row = member_row(core, r, when_now());
    json_array_insert_new(list, 0, flat ? flattened(core, row, r->order) : row);
  }
  return list;
}

void manifest_print(struct cli *c, uint32_t movement, bool all) {
  static const struct column columns[] = {
      {"person", "PERSON", COLUMN_TEXT},   {"state", "STATE", COLUMN_STATE},
      {"order", "BY ORDER", COLUMN_TEXT},  {"permitted", "MAY GO", COLUMN_STATE},
      {"reasons", "WHY NOT", COLUMN_TEXT},
  };
  json_t *rows = manifest_rows(site_core(c->site), movement, all, !c->out.json), *row;
  struct table t;
  size_t i;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  json_array_foreach(rows, i, row) table_row(&t, json_incref(row));
  table_end(&t, "nobody is on its manifest: `sallyport manifest add` puts somebody there");
  json_decref(rows);
}

enum sp_err cli_movement_show(struct cli *c) {
  static const struct column columns[] = {
      {"number", "Movement", COLUMN_TEXT},      {"kind", "Kind", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},         {"to", "To", COLUMN_TEXT},
      {"agreement", "Under", COLUMN_TEXT},      {"receiver", "Received by", COLUMN_TEXT},
      {"emergency", "Emergency", COLUMN_TEXT},  {"adults_only", "Adults only", COLUMN_TEXT},
      {"seats", "Seats", COLUMN_NUMBER},        {"seated", "Seated", COLUMN_NUMBER},
      {"aboard", "Aboard", COLUMN_NUMBER},      {"departs", "Departs", COLUMN_TIME},
      {"returns", "Back by", COLUMN_TIME},      {"departed", "Departed", COLUMN_TIME},
      {"proposer", "Proposed by", COLUMN_TEXT}, {"authoriser", "Authorised by", COLUMN_TEXT},
  };
  uint32_t i;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_movement(c->site, c->args.operands[0], &i, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct movement *m = &core->movements[i];
  json_t *row = movement_row(core, i);
  json_object_set_new(row, "agreement", row_name(core, REF_BASIS, m->agreement));
  json_object_set_new(row, "receiver", row_name(core, REF_AUTHORITY, m->receiver));
  json_object_set_new(row, "emergency", json_boolean(m->emergency));
  json_object_set_new(row, "adults_only", json_boolean(m->adults_only));
  json_object_set_new(row, "returns", row_until(m->returns_s));
  json_object_set_new(row, "departed", row_until(m->departed_s));
  json_object_set_new(row, "proposer", row_operator(core, m->proposer));
  json_object_set_new(row, "authoriser", row_operator(core, m->authoriser));
  row_drop_empty(row);
  if (c->out.json)
    json_object_set_new(row, "manifest", manifest_rows(core, i, true, false));
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  if (!c->out.json) {
    out_line(&c->out, "%s", "");
    manifest_print(c, i, true);
  }
  return SP_OK;
}
