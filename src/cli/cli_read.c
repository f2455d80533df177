/* cli_read.c: what is now: persons, credentials, gates, alarms, the roll. Each reads the folded
 * state and prints rows. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <string.h>

/* --- Pieces of rows --- */

static json_t *json_id(const struct id *id) {
  char hex[32];
  hex_encode(hex, id->b, sizeof id->b);
  return json_stringn(hex, sizeof hex);
}

static json_t *json_number(uint32_t person) {
  char text[person_text_max];
  person_text(text, person);
  return json_string(text);
}

static json_t *json_name(const struct plan *p, enum ref_kind kind, uint32_t index) {
  return json_string(plan_name(p, kind, index)->s);
}

static void set_bounds(json_t *row, uint32_t from_s, uint32_t until_s) {
  if (from_s)
    json_object_set_new(row, "from", json_time((usec)from_s * USEC_PER_S));
  if (until_s != UINT32_MAX)
    json_object_set_new(row, "until", json_time((usec)until_s * USEC_PER_S));
}

/* --- Persons --- */

static json_t *person_row(const struct core *core, uint32_t i) {
  const struct person *p = &core->persons[i];
  json_t *row =
      json_pack("{s:o,s:o,s:s,s:s,s:o}", "number", json_number(i), "person", json_id(&p->id),
                "kind", person_kind_names[p->kind], "state", person_state_names[p->state], "area",
                json_name(core->plan, REF_AREA, p->area));
  set_bounds(row, p->valid_from_s, p->valid_until_s);
  return row;
}

static const struct column person_columns[] = {
    {"number", "NUMBER", COLUMN_TEXT},     {"kind", "KIND", COLUMN_TEXT},
    {"state", "STATE", COLUMN_STATE},      {"area", "WHERE", COLUMN_TEXT},
    {"levels", "LEVELS", COLUMN_TEXT},     {"until", "UNTIL", COLUMN_TIME},
    {"name", "NAME", COLUMN_TEXT},         {"birth_date", "BORN", COLUMN_TEXT},
    {"document", "DOCUMENT", COLUMN_TEXT},
};
enum { person_columns_plain = 6, person_columns_all = 9 };

static json_t *levels_of(const struct core *core, uint32_t i) {
  json_t *list = json_array();
  struct grant_cursor cursor = {0};
  for (const struct grant *g; (g = person_next_grant(core, &core->persons[i], &cursor));)
    json_array_append_new(list, json_name(core->plan, REF_LEVEL, g->level));
  return list;
}

enum sp_err cli_person_list(struct cli *c) {
  uint32_t area = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && cli_has(c, OPT_AREA))
    err = site_find_place(c->site, REF_AREA, cli_text(c, OPT_AREA), &area, &c->why);
  if (!err)
    err = ask_for_details(c, REF_ABSENT);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, person_columns,
              cli_has(c, OPT_DETAILS) ? person_columns_all : person_columns_plain);
  for (uint32_t i = 0; i < core->head.n_persons && !err; i++) {
    const struct person *p = &core->persons[i];
    if ((cli_has(c, OPT_KIND) && p->kind != c->args.options[OPT_KIND].number) ||
        (cli_has(c, OPT_STATE) && p->state != c->args.options[OPT_STATE].number) ||
        (area != REF_ABSENT && !plan_area_within(core->plan, p->area, area)))
      continue;
    json_t *row = person_row(core, i);
    json_object_set_new(row, "levels", levels_of(core, i));
    if (cli_has(c, OPT_DETAILS))
      err = site_set_details(c, row, i);
    table_row(&t, row);
  }
  table_end(&t, "nobody");
  return err;
}

static json_t *credential_row(const struct core *core, uint32_t i, usec now) {
  const struct credential *k = &core->credentials[i];
  json_t *row =
      json_pack("{s:o,s:o,s:o,s:s,s:s}", "credential", json_id(&k->id), "number",
                json_number(k->person), "format", json_name(core->plan, REF_FORMAT, k->format),
                "kind", person_kind_names[core->persons[k->person].kind], "state",
                credential_state_names[credential_state_at(k, now)]);
  if (k->once != ONCE_NOT)
    json_object_set_new(row, "once", json_string(once_names[k->once]));
  set_bounds(row, k->valid_from_s, k->valid_until_s);
  return row;
}

static json_t *level_rows(const struct core *core, uint32_t person) {
  json_t *list = json_array();
  struct grant_cursor cursor = {0};
  for (const struct grant *g; (g = person_next_grant(core, &core->persons[person], &cursor));) {
    json_t *row = json_pack("{s:o}", "level", json_name(core->plan, REF_LEVEL, g->level));
    set_bounds(row, g->from_s, g->until_s);
    json_array_append_new(list, row);
  }
  return list;
}

static json_t *separated_from(const struct core *core, uint32_t person) {
  json_t *list = json_array();
  for (uint32_t s = core->persons[person].separations; s; s = core->separations[s - 1].next)
    json_array_append_new(list, json_number(core->separations[s - 1].other));
  return list;
}

/* Lists of objects are lines of their own for people: "staff until 2026-12-01 00:00:00". */
static json_t *flattened(const struct cli *c, const json_t *rows, const char *first) {
  json_t *list = json_array();
  for (size_t i = 0; i < json_array_size(rows); i++) {
    struct buf b = {0};
    const json_t *r = json_array_get(rows, i);
    const char *text = json_string_value(json_object_get(r, first));
    buf_printf(&b, strcmp(first, "credential") == 0 ? "%.8s" : "%s", text ? text : "?");
    static const char *const more[] = {"format", "state"};
    for (size_t k = 0; k < 2; k++)
      if (json_object_get(r, more[k]))
        buf_printf(&b, " %s", json_string_value(json_object_get(r, more[k])));
    static const char *const bounds[] = {"from", "until"};
    for (size_t k = 0; k < 2; k++)
      if (json_object_get(r, bounds[k])) {
        buf_printf(&b, " %s ", bounds[k]);
        out_value(&c->out, &b, json_object_get(r, bounds[k]), COLUMN_TIME);
      }
    json_array_append_new(list, json_stringn((const char *)b.p, b.n));
    buf_free(&b);
  }
  return list;
}

/* The booking that is open, and the movement on whose manifest they are. */
static void set_custody(const struct core *core, json_t *row, uint32_t i) {
  const struct member *r = active_member(core, i);
  if (is_booked(core, i))
    json_object_set_new(row, "booking", json_number(core->custody[i].booking - 1));
  const struct death *d = death_of(core, i);
  if (d) {
    json_object_set_new(row, "died", json_time((usec)d->at_s * USEC_PER_S));
    json_object_set_new(row, "death", json_string(death_state(d)));
  }
  if (!r)
    return;
  json_object_set_new(row, "movement", json_number(r->movement));
  json_object_set_new(row, "on_manifest", json_string(member_state_names[r->state]));
}

enum sp_err cli_person_show(struct cli *c) {
  uint32_t i;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_person(c->site, c->args.operands[0], &i, &c->why);
  if (!err)
    err = ask_for_details(c, i);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct person *p = &core->persons[i];
  usec now = when_now();
  json_t *o = person_row(core, i), *cards = json_array();
  for (uint32_t k = 0; k < core->head.n_credentials; k++)
    if (core->credentials[k].person == i)
      json_array_append_new(cards, credential_row(core, k, now));
  json_object_set_new(o, "levels", level_rows(core, i));
  json_object_set_new(o, "credentials", cards);
  json_object_set_new(o, "separate_from", separated_from(core, i));
  json_object_set_new(o, "pin",
                      json_string(bytes_are_zero(p->pin.b, sizeof p->pin.b) ? "none"
                                  : seconds_of(now) < p->pin_locked_until_s ? "locked"
                                                                            : "set"));
  if (p->entered_s)
    json_object_set_new(o, "since", json_time((usec)p->entered_s * USEC_PER_S));
  if (p->state == PERSON_STATE_MERGED)
    json_object_set_new(o, "merged_into", json_number(p->merged_into));
  set_custody(core, o, i);
  if (cli_has(c, OPT_DETAILS))
    err = site_set_details(c, o, i);
  if (!c->out.json) {
    json_object_set_new(o, "levels", flattened(c, json_object_get(o, "levels"), "level"));
    json_object_set_new(o, "credentials", flattened(c, cards, "credential"));
  }
  static const struct column columns[] = {
      {"number", "Number", COLUMN_TEXT},
      {"person", "Id", COLUMN_TEXT},
      {"kind", "Kind", COLUMN_TEXT},
      {"name", "Name", COLUMN_TEXT},
      {"birth_date", "Born", COLUMN_TEXT},
      {"document", "Document", COLUMN_TEXT},
      {"external_id", "External id", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},
      {"merged_into", "Merged into", COLUMN_TEXT},
      {"area", "Where", COLUMN_TEXT},
      {"since", "Since", COLUMN_TIME},
      {"from", "Valid from", COLUMN_TIME},
      {"until", "Valid until", COLUMN_TIME},
      {"levels", "Access levels", COLUMN_TEXT},
      {"credentials", "Credentials", COLUMN_TEXT},
      {"pin", "PIN", COLUMN_TEXT},
      {"separate_from", "Kept apart from", COLUMN_TEXT},
      {"died", "Died", COLUMN_TIME},
      {"death", "Death", COLUMN_STATE},
      {"booking", "Booking", COLUMN_TEXT},
      {"movement", "Movement", COLUMN_TEXT},
      {"on_manifest", "On its manifest", COLUMN_STATE},
  };
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], o);
  return err;
}

enum sp_err cli_credential_list(struct cli *c) {
  static const struct column columns[] = {
      {"credential", "CREDENTIAL", COLUMN_TEXT},
      {"format", "FORMAT", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},
      {"number", "PERSON", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},
      {"once", "ONCE", COLUMN_TEXT},
      {"from", "FROM", COLUMN_TIME},
      {"until", "UNTIL", COLUMN_TIME},
  };
  uint32_t who = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && cli_has(c, OPT_PERSON))
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &who, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_credentials; i++)
    if (who == REF_ABSENT || core->credentials[i].person == who)
      table_row(&t, credential_row(core, i, when_now()));
  table_end(&t, "no credentials");
  return SP_OK;
}

/* --- Gates --- */

static bool locked_down(const struct core *core, uint32_t area) {
  for (uint32_t a = area; a != NONE16; a = core->plan->areas[a].parent)
    if (core->areas[a].lockdown)
      return true;
  return false;
}

static const char *door_text(const struct core *core, uint32_t door) {
  const struct door_state *d = &core->doors[door];
  return d->open ? "open" : door_secured(core, door, when_now()) ? "secured" : "unlocked";
}

static json_t *gate_row(const struct core *core, uint32_t g) {
  const struct plan *p = core->plan;
  const struct plan_gate *gate = &p->gates[g];
  json_t *doors = json_array();
  const char *state = core->gates[g].closed ? "out of service"
                      : locked_down(core, gate->from) || locked_down(core, gate->to) ? "locked down"
                                                                                     : "in service";
  for (int i = 0; i < 2 && gate->doors[i] != NONE16; i++)
    json_array_append_new(doors,
                          json_pack("{s:o,s:s}", "door", json_name(p, REF_DOOR, gate->doors[i]),
                                    "state", door_text(core, gate->doors[i])));
  return json_pack("{s:o,s:s,s:o,s:o,s:s,s:o}", "gate", json_name(p, REF_GATE, g), "title",
                   gate->title, "from", json_name(p, REF_AREA, gate->from), "to",
                   json_name(p, REF_AREA, gate->to), "state", state, "doors", doors);
}

static json_t *doors_flat(const json_t *doors) {
  json_t *list = json_array();
  for (size_t i = 0; i < json_array_size(doors); i++) {
    const json_t *d = json_array_get(doors, i);
    json_array_append_new(list, json_sprintf("%s %s", json_string_value(json_object_get(d, "door")),
                                             json_string_value(json_object_get(d, "state"))));
  }
  return list;
}

enum sp_err cli_gate_list(struct cli *c) {
  static const struct column columns[] = {
      {"gate", "GATE", COLUMN_TEXT},    {"from", "FROM", COLUMN_TEXT},   {"to", "TO", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE}, {"doors", "DOORS", COLUMN_TEXT},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t g = 0; core->plan && g < core->plan->n_gates; g++) {
    json_t *row = gate_row(core, g);
    if (!c->out.json)
      json_object_set_new(row, "doors", doors_flat(json_object_get(row, "doors")));
    table_row(&t, row);
  }
  table_end(&t, "no gates");
  return SP_OK;
}

/* "officer in and out, visitor in by visiting-hours" */
static json_t *levels_at(const struct plan *p, uint32_t gate) {
  json_t *list = json_array();
  for (uint32_t l = 0; l < p->n_levels; l++)
    for (uint32_t dir = 0; dir < DIRECTION_COUNT; dir++) {
      uint32_t s = p->access[((size_t)gate * DIRECTION_COUNT + dir) * p->n_levels + l];
      if (s)
        json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "level", json_name(p, REF_LEVEL, l),
                                              "direction", direction_names[dir], "schedule",
                                              json_name(p, REF_SCHEDULE, s - 1)));
    }
  return list;
}

static json_t *levels_flat(const json_t *levels) {
  json_t *list = json_array();
  for (size_t i = 0; i < json_array_size(levels); i++) {
    const json_t *l = json_array_get(levels, i);
    const char *schedule = json_string_value(json_object_get(l, "schedule"));
    bool always = schedule && strcmp(schedule, "always") == 0;
    json_array_append_new(list,
                          json_sprintf("%s %s%s%s", json_string_value(json_object_get(l, "level")),
                                       json_string_value(json_object_get(l, "direction")),
                                       always ? "" : " in ", always ? "" : schedule));
  }
  return list;
}

static json_t *readers_at(const struct core *core, const json_t *engine, uint32_t gate) {
  const struct plan *p = core->plan;
  json_t *list = json_array();
  for (uint32_t r = 0; r < p->n_readers; r++)
    if (p->doors[p->readers[r].door].gate == gate)
      json_array_append_new(list, json_pack("{s:o,s:o,s:s,s:s,s:s}", "reader",
                                            json_name(p, REF_READER, r), "door",
                                            json_name(p, REF_DOOR, p->readers[r].door), "direction",
                                            direction_names[p->readers[r].direction], "factors",
                                            factor_names[p->readers[r].factors], "state",
                                            site_reader_state(core, engine, r)));
  return list;
}

static json_t *readers_flat(const json_t *readers) {
  json_t *list = json_array();
  for (size_t i = 0; i < json_array_size(readers); i++) {
    const json_t *r = json_array_get(readers, i);
    json_array_append_new(list, json_sprintf("%s (%s, %s, %s)",
                                             json_string_value(json_object_get(r, "reader")),
                                             json_string_value(json_object_get(r, "direction")),
                                             json_string_value(json_object_get(r, "factors")),
                                             json_string_value(json_object_get(r, "state"))));
  }
  return list;
}

enum sp_err cli_gate_show(struct cli *c) {
  static const struct column columns[] = {
      {"gate", "Gate", COLUMN_TEXT},           {"title", "Title", COLUMN_TEXT},
      {"from", "From", COLUMN_TEXT},           {"to", "To", COLUMN_TEXT},
      {"vestibule", "Vestibule", COLUMN_TEXT}, {"state", "State", COLUMN_STATE},
      {"doors", "Doors", COLUMN_TEXT},         {"readers", "Readers", COLUMN_TEXT},
      {"levels", "Lets through", COLUMN_TEXT},
  };
  uint32_t g;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_place(c->site, REF_GATE, c->args.operands[0], &g, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  json_t *engine = ask_status(c, NULL), *o = gate_row(core, g);
  if (core->plan->gates[g].vestibule != NONE16)
    json_object_set_new(o, "vestibule",
                        json_name(core->plan, REF_AREA, core->plan->gates[g].vestibule));
  json_object_set_new(o, "readers", readers_at(core, engine, g));
  json_object_set_new(o, "levels", levels_at(core->plan, g));
  if (!c->out.json) {
    json_object_set_new(o, "doors", doors_flat(json_object_get(o, "doors")));
    json_object_set_new(o, "readers", readers_flat(json_object_get(o, "readers")));
    json_object_set_new(o, "levels", levels_flat(json_object_get(o, "levels")));
  }
  json_decref(engine);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], o);
  return SP_OK;
}

/* --- Alarms, roll, operators --- */

/* Indexes of persons, those of one area together, areas in the plan's order. NULL = no memory. */
static uint32_t *sort_by_area(const struct core *core) {
  uint32_t *order = sp_alloc(core->head.n_persons + 1, sizeof *order);
  uint32_t *at = sp_alloc(areas_max + 1, sizeof *at);
  if (order && at) {
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      at[core->persons[i].area + 1]++;
    for (uint32_t a = 0; a < areas_max; a++)
      at[a + 1] += at[a];
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      order[at[core->persons[i].area]++] = i;
  } else {
    sp_free(order);
    order = NULL;
  }
  sp_free(at);
  return order;
}

enum sp_err cli_roll(struct cli *c) {
  static const struct column columns[] = {
      {"area", "WHERE", COLUMN_TEXT}, {"number", "NUMBER", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},  {"since", "SINCE", COLUMN_TIME},
      {"name", "NAME", COLUMN_TEXT},
  };
  uint32_t within = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && c->args.operands[0])
    err = site_find_place(c->site, REF_AREA, c->args.operands[0], &within, &c->why);
  if (!err)
    err = ask_for_details(c, REF_ABSENT);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  uint32_t *order = sort_by_area(core);
  if (!order)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  struct table t;
  table_begin(&t, &c->out, columns, cli_has(c, OPT_DETAILS) ? 5 : 4);
  for (uint32_t k = 0; k < core->head.n_persons && !err; k++) {
    uint32_t i = order[k];
    const struct person *who = &core->persons[i];
    if ((within == REF_ABSENT ? who->area == area_outside
                              : !plan_area_within(core->plan, who->area, within)) ||
        (cli_has(c, OPT_KIND) && who->kind != c->args.options[OPT_KIND].number))
      continue;
    json_t *row = json_pack("{s:o,s:o,s:o,s:s}", "area", json_name(core->plan, REF_AREA, who->area),
                            "number", json_number(i), "person", json_id(&who->id), "kind",
                            person_kind_names[who->kind]);
    if (who->entered_s)
      json_object_set_new(row, "since", json_time((usec)who->entered_s * USEC_PER_S));
    if (death_of(core, i)) {
      json_object_set_new(row, "died", json_true());
      if (!c->out.json)
        json_object_set_new(row, "kind", json_sprintf("%s, dead", person_kind_names[who->kind]));
    }
    if (cli_has(c, OPT_DETAILS))
      err = site_set_details(c, row, i);
    table_row(&t, row);
  }
  sp_free(order);
  table_end(&t, "nobody is inside");
  return err;
}

enum sp_err cli_alarm_list(struct cli *c) {
  static const struct column columns[] = {
      {"entry", "ENTRY", COLUMN_NUMBER},
      {"at", "AT", COLUMN_TIME},
      {"type", "ALARM", COLUMN_TEXT},
      {"text", "WHAT", COLUMN_TEXT},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct out plain = {.json = false, .colours = false, .plan = c->out.plan};
  const struct speaker speaker = {core, &plain};
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_alarms && !err; i++) {
    struct buf bytes = {0};
    struct entry e = {0};
    json_t *said = NULL;
    err = site_entry(c->site, core->alarms[i].n, &bytes, &c->why);
    if (!err)
      err = entry_parse(&e, buf_span(&bytes), &c->why);
    if (!err)
      err = sentence_explain_json(&speaker, &e, &said, &c->why);
    if (!err)
      table_row(&t, json_pack("{s:I,s:o,s:s%,s:O}", "entry", (json_int_t)core->alarms[i].n, "at",
                              json_time(e.at), "type", (const char *)e.type.p, e.type.n, "text",
                              json_array_get(json_object_get(said, "said"), 0)));
    json_decref(said);
    buf_free(&bytes);
  }
  table_end(&t, "no alarms are open");
  if (!err && core->head.alarms_lost && !c->out.json)
    out_line(&c->out, "%u more were raised while too many were open: `sallyport log` has them",
             core->head.alarms_lost);
  return err;
}

enum sp_err cli_operator_list(struct cli *c) {
  static const struct column columns[] = {
      {"operator", "OPERATOR", COLUMN_TEXT},
      {"role", "ROLE", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},
      {"name", "NAME", COLUMN_TEXT},
  };
  enum sp_err err = site_open(c);
  if (!err)
    err = ask_for_details(c, REF_ABSENT);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, cli_has(c, OPT_DETAILS) ? 4 : 3);
  for (uint32_t i = 0; i < core->head.n_operators && !err; i++) {
    const struct operator_record *o = &core->operators[i];
    json_t *row = json_pack("{s:o,s:s,s:s}", "operator", json_id(&o->id), "role",
                            role_names[o->role], "state", o->disabled ? "disabled" : "active");
    json_t *details = NULL;
    if (cli_has(c, OPT_DETAILS))
      err = site_details(c->site, REF_OPERATOR, i, &details, &c->why);
    if (details) /* its verifier of the password is nobody's to read */
      json_object_set(row, "name", json_object_get(details, "name"));
    json_decref(details);
    table_row(&t, row);
  }
  table_end(&t, "no operators");
  return err;
}
