/* cli_booking.c: bookings and their register: listed, shown, and a form to fill in. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "core/register_fields.h"

#include <inttypes.h>
#include <string.h>

static json_t *field_list(uint32_t fields) {
  json_t *list = json_array();
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++)
    if (fields >> f & 1)
      json_array_append_new(list, json_string(register_field_names[f]));
  return list;
}

static json_t *booking_row(const struct core *core, uint32_t i) {
  const struct booking *b = &core->bookings[i];
  struct reasons why_not = {0};
  uint32_t order = REF_ABSENT;
  bool open = b->closed_s == UINT32_MAX;
  bool held = open && held_at(core, b->person, when_now(), &order, &why_not);
  const struct death *d = death_of(core, b->person);
  bool died = d && d->booking == i + 1;
  return json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "number", row_number(i), "person",
                   row_number(b->person), "state",
                   died    ? (open ? "died: register open" : "died")
                   : !open ? "closed"
                   : held  ? "held"
                           : "no basis to hold",
                   "opened", row_from(b->opened_s), "closed", row_until(b->closed_s), "order",
                   row_number(b->order), "held_by", row_number(order), "outstanding",
                   field_list(b->outstanding));
}

enum sp_err cli_booking_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "BOOKING", COLUMN_TEXT},
      {"person", "PERSON", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},
      {"opened", "OPENED", COLUMN_TIME},
      {"order", "ON ORDER", COLUMN_TEXT},
      {"held_by", "HELD BY", COLUMN_TEXT},
      {"outstanding", "OUTSTANDING", COLUMN_TEXT},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_bookings; i++)
    table_row(&t, booking_row(core, i));
  table_end(&t, "no bookings: `sallyport booking open` admits somebody");
  return SP_OK;
}

/* --- What the register says: of each field every answer, the newest last --- */

static enum sp_err put_answers(void *ctx, uint64_t n, const json_t *details, struct fault *why) {
  json_t *answers = ctx;
  const char *field;
  json_t *value;
  (void)why;
  json_object_foreach((json_t *)(uintptr_t)details, field, value) {
    json_t *said = json_object_get(answers, field);
    if (!said) {
      said = json_array();
      json_object_set_new(answers, field, said);
    }
    json_array_append_new(said, json_pack("{s:I,s:O}", "entry", (json_int_t)n, "value", value));
  }
  return SP_OK;
}

static void show_answers(const struct out *out, uint32_t recorded, const json_t *answers) {
  static const struct column columns[] = {{"field", "FIELD", COLUMN_TEXT},
                                          {"entry", "ENTRY", COLUMN_NUMBER},
                                          {"value", "SAYS", COLUMN_TEXT}};
  struct table t;
  out_line(out, "%s", "");
  table_begin(&t, out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++) {
    const char *name = register_field_names[f];
    const json_t *said = json_object_get(answers, name);
    for (size_t i = 0; i < json_array_size(said); i++)
      table_row(&t, json_pack("{s:s,s:O,s:O}", "field", name, "entry",
                              json_object_get(json_array_get(said, i), "entry"), "value",
                              json_object_get(json_array_get(said, i), "value")));
    if (recorded >> f & 1 && !json_array_size(said))
      table_row(&t, json_pack("{s:s,s:s}", "field", name, "value", "(erased)"));
  }
  table_end(&t, "nothing");
}

enum sp_err cli_booking_show(struct cli *c) {
  static const struct column columns[] = {
      {"number", "Booking", COLUMN_TEXT},
      {"person", "Person", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},
      {"opened", "Opened", COLUMN_TIME},
      {"closed", "Closed", COLUMN_TIME},
      {"order", "On order", COLUMN_TEXT},
      {"held_by", "Held by", COLUMN_TEXT},
      {"recorded", "Recorded", COLUMN_TEXT},
      {"outstanding", "Outstanding", COLUMN_TEXT},
  };
  uint32_t i;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_booking(c->site, c->args.operands[0], &i, &c->why);
  if (!err)
    err = ask_for_details(c, site_core(c->site)->bookings[i].person);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct booking *b = &core->bookings[i];
  json_t *row = booking_row(core, i), *answers = json_object();
  json_object_set_new(row, "recorded", field_list(b->recorded));
  if (cli_has(c, OPT_DETAILS)) {
    err = site_details_of(c->site, &b->id, put_answers, answers, &c->why);
    if (c->out.json)
      json_object_set(row, "register", answers);
  }
  row_drop_empty(row);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  if (!err && cli_has(c, OPT_DETAILS) && !c->out.json)
    show_answers(&c->out, b->recorded, answers);
  json_decref(answers);
  return err;
}

/* --- The form --- */

static json_t *words_of(unsigned answers) {
  json_t *list = json_array();
  if (answers & ANSWER_NONE)
    json_array_append_new(list, json_string("none"));
  if (answers & ANSWER_DECLINED)
    json_array_append_new(list, json_string("declined"));
  if (answers & ANSWER_UNKNOWN)
    json_array_append_new(list, json_string("unknown"));
  return list;
}

/* What admission needs, with nothing in it yet: as it is, the engine refuses it field by field. */
static json_t *empty_form(void) {
  json_t *form = json_object();
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++) {
    const struct register_row *row = register_row(f);
    if (row->required)
      json_object_set_new(form, row->name,
                          row->shape == REGISTER_LIST ? json_array() : json_string(""));
  }
  return form;
}

enum sp_err cli_booking_template(struct cli *c) {
  static const struct column columns[] = {
      {"field", "FIELD", COLUMN_TEXT},   {"required", "AT ADMISSION", COLUMN_TEXT},
      {"shape", "IS A", COLUMN_TEXT},    {"words", "OR", COLUMN_TEXT},
      {"clause", "CLAUSE", COLUMN_TEXT}, {"doc", "WHAT", COLUMN_TEXT},
  };
  struct table t;
  if (c->out.json) {
    out_json(empty_form());
    return SP_OK;
  }
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t f = 0; f < REGISTER_FIELD_COUNT; f++) {
    const struct register_row *row = register_row(f);
    table_row(&t,
              json_pack("{s:s,s:s,s:s,s:o,s:s,s:s}", "field", row->name, "required",
                        row->required ? "required" : "", "shape", register_shape_names[row->shape],
                        "words", words_of(row->answers), "clause", row->clauses, "doc", row->doc));
  }
  table_end(&t, "");
  return SP_OK;
}
