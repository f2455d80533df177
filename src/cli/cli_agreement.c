/* cli_agreement.c: agreements under which persons are received elsewhere: places, dates, funds. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

#include <string.h>

static json_t *places_left(const struct basis *b) {
  return !b->places ? json_null() : json_integer(b->places > b->used ? b->places - b->used : 0);
}

static json_t *agreement_row(const struct core *core, uint32_t i, usec now) {
  const struct basis *b = &core->bases[i];
  return json_pack("{s:s,s:s,s:o,s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:I,s:I,s:I}", "agreement", b->name.s,
                   "state", row_basis_state(core, i, now), "country",
                   row_name(core, REF_COUNTRY, b->country), "place",
                   row_name(core, REF_PLACE, b->place), "places",
                   b->places ? json_integer(b->places) : json_null(), "used", (int)b->used, "left",
                   places_left(b), "from", row_from(b->from_s), "until", row_until(b->until_s),
                   "currency", b->currency[0] ? json_string(b->currency) : json_null(), "committed",
                   (json_int_t)b->committed, "paid", (json_int_t)b->paid, "unpaid",
                   (json_int_t)(b->committed - b->paid));
}

enum sp_err cli_agreement_list(struct cli *c) {
  static const struct column columns[] = {
      {"agreement", "AGREEMENT", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},
      {"country", "WITH", COLUMN_TEXT},
      {"place", "AT", COLUMN_TEXT},
      {"places", "PLACES", COLUMN_NUMBER},
      {"used", "USED", COLUMN_NUMBER},
      {"from", "FROM", COLUMN_TIME},
      {"until", "UNTIL", COLUMN_TIME},
      {"committed", "COMMITTED", COLUMN_NUMBER},
      {"paid", "PAID", COLUMN_NUMBER},
      {"currency", "MINOR UNITS OF", COLUMN_TEXT},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  usec now = when_now();
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_bases; i++)
    if (core->bases[i].agreement)
      table_row(&t, agreement_row(core, i, now));
  table_end(&t, "no agreements: `sallyport basis add --agreement` names one");
  return SP_OK;
}

static json_t *movements_under(const struct core *core, uint32_t agreement) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < core->head.n_movements; i++)
    if (core->movements[i].agreement == agreement)
      json_array_append_new(list, row_number(i));
  return list;
}

static enum sp_err find_agreement(struct cli *c, const char *name, uint32_t *index) {
  const struct core *core = site_core(c->site);
  for (uint32_t i = 0; i < core->head.n_bases; i++)
    if (core->bases[i].agreement && strcmp(core->bases[i].name.s, name) == 0) {
      *index = i;
      return SP_OK;
    }
  return fault_set(&c->why, SP_NOT_FOUND,
                   "there is no agreement `%.40s`: `sallyport agreement list` has them", name);
}

enum sp_err cli_agreement_show(struct cli *c) {
  static const struct column columns[] = {
      {"agreement", "Agreement", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},
      {"country", "With", COLUMN_TEXT},
      {"place", "At", COLUMN_TEXT},
      {"from", "In force from", COLUMN_TIME},
      {"until", "Until", COLUMN_TIME},
      {"places", "Places", COLUMN_NUMBER},
      {"used", "Used", COLUMN_NUMBER},
      {"left", "Left", COLUMN_NUMBER},
      {"movements", "Movements", COLUMN_TEXT},
      {"currency", "Minor units of", COLUMN_TEXT},
      {"committed", "Committed", COLUMN_NUMBER},
      {"paid", "Paid", COLUMN_NUMBER},
      {"unpaid", "Not paid yet", COLUMN_NUMBER},
  };
  uint32_t i = 0;
  enum sp_err err = site_open(c);
  if (!err)
    err = find_agreement(c, c->args.operands[0], &i);
  if (err)
    return err;
  json_t *row = agreement_row(site_core(c->site), i, when_now());
  json_object_set_new(row, "movements", movements_under(site_core(c->site), i));
  row_drop_empty(row);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  return SP_OK;
}
