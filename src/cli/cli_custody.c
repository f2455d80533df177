/* cli_custody.c: orders and what they name, hearings: recorded, listed and shown. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <string.h>

#define LIST(columns_, n_, row_, none)                                                             \
  enum sp_err err = site_open(c);                                                                  \
  if (err)                                                                                         \
    return err;                                                                                    \
  const struct core *core = site_core(c->site);                                                    \
  struct table t;                                                                                  \
  table_begin(&t, &c->out, columns_, sizeof columns_ / sizeof columns_[0]);                        \
  for (uint32_t i = 0; i < core->head.n_; i++)                                                     \
    table_row(&t, row_);                                                                           \
  table_end(&t, none);                                                                             \
  return SP_OK

/* --- What orders name --- */

enum sp_err cli_authority_list(struct cli *c) {
  static const struct column columns[] = {{"authority", "AUTHORITY", COLUMN_TEXT},
                                          {"above", "UNDER", COLUMN_TEXT}};
  LIST(columns, n_authorities,
       json_pack("{s:s,s:o}", "authority", core->authorities[i].name.s, "above",
                 row_name(core, REF_AUTHORITY, core->authorities[i].above)),
       "no authorities: `sallyport authority add` names one");
}

enum sp_err cli_place_list(struct cli *c) {
  static const struct column columns[] = {{"place", "PLACE", COLUMN_TEXT},
                                          {"country", "COUNTRY", COLUMN_TEXT}};
  LIST(columns, n_places,
       json_pack("{s:s,s:s}", "place", core->places[i].name.s, "country",
                 country_codes[core->places[i].country]),
       "no places: `sallyport place add` names one");
}

enum sp_err cli_basis_list(struct cli *c) {
  static const struct column columns[] = {
      {"basis", "BASIS", COLUMN_TEXT},     {"state", "STATE", COLUMN_STATE},
      {"country", "WITH", COLUMN_TEXT},    {"place", "AT", COLUMN_TEXT},
      {"places", "PLACES", COLUMN_NUMBER}, {"from", "FROM", COLUMN_TIME},
      {"until", "UNTIL", COLUMN_TIME},     {"replaces", "AFTER", COLUMN_TEXT},
  };
  usec now = when_now();
  LIST(columns, n_bases,
       json_pack("{s:s,s:s,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "basis", core->bases[i].name.s, "state",
                 row_basis_state(core, i, now), "agreement", core->bases[i].agreement, "country",
                 row_name(core, REF_COUNTRY, core->bases[i].country), "place",
                 row_name(core, REF_PLACE, core->bases[i].place), "places",
                 core->bases[i].places ? json_integer(core->bases[i].places) : json_null(), "from",
                 row_from(core->bases[i].from_s), "until", row_until(core->bases[i].until_s),
                 "replaces", row_name(core, REF_BASIS, core->bases[i].replaces)),
       "no legal bases: `sallyport basis add` names one");
}

static json_t *members_of(const struct core *core, uint32_t class, enum membership membership) {
  json_t *list = json_array();
  for (uint32_t p = 0; p < core->head.n_persons; p++)
    for (uint32_t i = core->custody[p].classes; i; i = core->class_rows[i - 1].next)
      if (core->class_rows[i - 1].class == class &&
          core->class_rows[i - 1].membership == membership)
        json_array_append_new(list, row_number(p));
  return list;
}

enum sp_err cli_class_list(struct cli *c) {
  static const struct column columns[] = {{"class", "CLASS", COLUMN_TEXT},
                                          {"member", "MEMBERS", COLUMN_TEXT},
                                          {"uncertain", "UNCERTAIN", COLUMN_TEXT},
                                          {"non_member", "NOT", COLUMN_TEXT},
                                          {"unlisted", "OTHERS", COLUMN_TEXT}};
  LIST(columns, n_classes,
       json_pack("{s:s,s:o,s:o,s:o,s:s}", "class", core->classes[i].name.s, "member",
                 members_of(core, i, MEMBERSHIP_MEMBER), "uncertain",
                 members_of(core, i, MEMBERSHIP_UNCERTAIN), "non_member",
                 members_of(core, i, MEMBERSHIP_NON_MEMBER), "unlisted",
                 membership_names[core->classes[i].unlisted]),
       "no classes: `sallyport class add` names one");
}

/* --- Orders --- */

/* "person 1000-9", "class aea", "basis ina"; of a vacatur the order it ends. */
static json_t *about(const struct core *core, const struct order *o) {
  char number[person_text_max];
  if (o->person != REF_ABSENT) {
    person_text(number, o->person);
    return json_sprintf("person %s", number);
  }
  if (o->class != REF_ABSENT)
    return json_sprintf("class %s", core->classes[o->class].name.s);
  if (o->on_basis != REF_ABSENT)
    return json_sprintf("basis %s", core->bases[o->on_basis].name.s);
  person_text(number, o->ends);
  return json_sprintf("order %s", number);
}

static const char *status_text(const struct core *core, uint32_t order) {
  return order_status_names[order_status_at(core, order, when_now())];
}

/* What one does to whoever it is about: all that is told of a sealed one. */
static const char *effect_text(const struct order *o) {
  static const char *const texts[] = {[ORDER_HOLDS] = "holds",
                                      [ORDER_MOVES] = "moves",
                                      [ORDER_FORBIDS] = "forbids",
                                      [ORDER_ENDS] = "ends",
                                      [ORDER_INFORMS] = "informs"};
  return texts[order_does((enum order_kind)o->kind)];
}

static json_t *sealed_row(const struct core *core, uint32_t i) {
  const struct order *o = &core->orders[i];
  json_t *row =
      json_pack("{s:o,s:o,s:b,s:s,s:s,s:b}", "number", row_number(i), "order",
                row_name(core, REF_ORDER, i), "sealed", 1, "effect", effect_text(o), "state",
                status_text(core, i), "authenticated", o->authenticator != REF_ABSENT);
  if (o->person != REF_ABSENT)
    json_object_set_new(row, "about", about(core, o));
  return row;
}

static json_t *order_row(const struct core *core, uint32_t i) {
  const struct order *o = &core->orders[i];
  return json_pack("{s:o,s:o,s:s,s:s,s:s,s:b,s:o,s:o,s:o}", "number", row_number(i), "order",
                   row_name(core, REF_ORDER, i), "kind", order_kind_names[o->kind], "state",
                   status_text(core, i), "issuer", core->authorities[o->issuer].name.s,
                   "authenticated", o->authenticator != REF_ABSENT, "about", about(core, o), "from",
                   row_from(o->from_s), "until", row_until(o->until_s));
}

/* A line of a list: of a sealed one its number, its state and its effect. */
static json_t *listed_row(const struct cli *c, const struct core *core, uint32_t i) {
  if (!core->orders[i].sealed)
    return order_row(core, i);
  json_t *row = sealed_row(core, i);
  if (!c->out.json)
    json_object_set_new(row, "kind", json_sprintf("sealed, %s", effect_text(&core->orders[i])));
  return row;
}

enum sp_err cli_order_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "ORDER", COLUMN_TEXT},  {"kind", "KIND", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},  {"about", "ABOUT", COLUMN_TEXT},
      {"issuer", "ISSUER", COLUMN_TEXT}, {"from", "FROM", COLUMN_TIME},
      {"until", "UNTIL", COLUMN_TIME},
  };
  uint32_t person = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && cli_has(c, OPT_PERSON))
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &person, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_orders; i++)
    if (person == REF_ABSENT || core->orders[i].person == person || core->orders[i].other == person)
      table_row(&t, listed_row(c, core, i));
  table_end(&t, "no orders: `sallyport order record` records one");
  return SP_OK;
}

static json_t *kinds_of(const struct order *o) {
  json_t *list = json_array();
  for (uint32_t k = 0; k < MOVEMENT_KIND_COUNT; k++)
    if (o->movements >> k & 1)
      json_array_append_new(list, json_string(movement_kind_names[k]));
  return list;
}

static json_t *countries_of(const struct order *o) {
  json_t *list = json_array();
  for (uint32_t k = 0; k < o->n_countries; k++)
    json_array_append_new(list, json_string(country_codes[o->countries[k] - 1]));
  return list;
}

/* Why nobody may rest on it, if so. */
static json_t *reasons_of(const struct core *core, uint32_t i) {
  enum order_status status = order_status_at(core, i, when_now());
  struct reasons found = {0};
  json_t *list = json_array();
  if (status != ORDER_STATUS_IN_FORCE)
    order_status_reason(core, i, status, when_now(), &found);
  for (uint32_t k = 0; k < found.n; k++)
    json_array_append_new(list, json_string(reason_codes[found.at[k].code]));
  return list;
}

/* Its reference, who signed, and whatever else was kept out of the journal. */
static enum sp_err set_details(struct cli *c, json_t *row, uint32_t order) {
  json_t *details;
  enum sp_err err = site_details(c->site, REF_ORDER, order, &details, &c->why);
  if (err || !details)
    return err;
  json_object_set(row, "reference", json_object_get(details, "reference"));
  json_object_set(row, "official", json_object_get(details, "official"));
  json_object_set_new(row, "details", details);
  return SP_OK;
}

static void set_fields(json_t *row, const struct core *core, uint32_t i) {
  const struct order *o = &core->orders[i];
  json_object_set_new(row, "reasons", reasons_of(core, i));
  json_object_set_new(row, "other", row_number(o->other));
  json_object_set_new(row, "basis", row_name(core, REF_BASIS, o->basis));
  json_object_set_new(row, "ends", row_number(o->ends));
  json_object_set_new(row, "place_from", row_name(core, REF_PLACE, o->from));
  json_object_set_new(row, "place_to", row_name(core, REF_PLACE, o->to));
  json_object_set_new(row, "countries", countries_of(o));
  json_object_set_new(row, "movements", kinds_of(o));
  json_object_set_new(row, "due", row_until(o->due_s));
  if (o->oral)
    json_object_set_new(row, "oral", json_string(o->written ? "written since" : "not written yet"));
  if (o->sealed)
    json_object_set_new(row, "sealed", json_true());
  json_object_set_new(row, "recorder", row_operator(core, o->recorder));
  json_object_set_new(row, "authenticator", row_operator(core, o->authenticator));
}

enum sp_err cli_order_show(struct cli *c) {
  static const struct column columns[] = {
      {"number", "Order", COLUMN_TEXT},
      {"kind", "Kind", COLUMN_TEXT},
      {"effect", "Effect", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},
      {"sealed", "Sealed", COLUMN_TEXT},
      {"reasons", "Why not in force", COLUMN_TEXT},
      {"about", "About", COLUMN_TEXT},
      {"other", "And", COLUMN_TEXT},
      {"issuer", "Issuer", COLUMN_TEXT},
      {"basis", "Rests on", COLUMN_TEXT},
      {"ends", "Ends", COLUMN_TEXT},
      {"place_from", "From", COLUMN_TEXT},
      {"place_to", "To", COLUMN_TEXT},
      {"countries", "Countries", COLUMN_TEXT},
      {"movements", "Kinds of movement", COLUMN_TEXT},
      {"from", "In force from", COLUMN_TIME},
      {"until", "Until", COLUMN_TIME},
      {"due", "To be done by", COLUMN_TIME},
      {"oral", "Spoken", COLUMN_TEXT},
      {"recorder", "Recorded by", COLUMN_TEXT},
      {"authenticator", "Authenticated by", COLUMN_TEXT},
      {"reference", "Reference", COLUMN_TEXT},
      {"official", "Official", COLUMN_TEXT},
  };
  uint32_t i;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_order(c->site, c->args.operands[0], &i, &c->why);
  if (!err)
    err = ask_for_details_of(c, REF_ORDER, i);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  bool told = !core->orders[i].sealed || cli_has(c, OPT_DETAILS);
  json_t *row = told ? order_row(core, i) : sealed_row(core, i);
  if (cli_has(c, OPT_DETAILS))
    err = set_details(c, row, i);
  if (told)
    set_fields(row, core, i);
  row_drop_empty(row);
  if (!c->out.json && core->orders[i].sealed)
    json_object_set_new(row, "sealed",
                        json_string("what it says is for records and legal: they show it with "
                                    "--details"));
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  return err;
}

/* --- Hearings --- */

enum sp_err cli_hearing_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "HEARING", COLUMN_TEXT}, {"person", "PERSON", COLUMN_TEXT},
      {"authority", "BY", COLUMN_TEXT},   {"at", "AT", COLUMN_TIME},
      {"state", "STATE", COLUMN_STATE},
  };
  LIST(columns, n_hearings,
       json_pack("{s:o,s:o,s:s,s:o,s:s}", "number", row_number(i), "person",
                 row_number(core->hearings[i].person), "authority",
                 core->authorities[core->hearings[i].authority].name.s, "at",
                 row_until(core->hearings[i].at_s), "state",
                 hearing_state_names[core->hearings[i].state]),
       "no hearings: `sallyport hearing set` sets one");
}
