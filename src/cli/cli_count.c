/* cli_count.c: roll checks: which are open, which differ, and what is left to look at. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "core/count.h"

static const char *state_of(const struct count *c) {
  return count_is_open(c)   ? (c->n_differ ? "open: differs" : "open")
         : !c->differs      ? "matched"
         : count_freezes(c) ? "differed: movements frozen"
                            : "differed: resolved";
}

static json_t *area_name(const struct core *core, uint16_t area) {
  return area == NONE16 ? json_null() : json_string(core->plan->areas[area].name.s);
}

static json_t *count_row(const struct core *core, uint32_t i) {
  const struct count *c = &core->counts[i];
  return json_pack("{s:o,s:o,s:o,s:s,s:b,s:o,s:o,s:o}", "number", row_number(i), "count",
                   row_name(core, REF_COUNT, i), "area", area_name(core, c->area), "state",
                   state_of(c), "frozen", count_freezes(c), "opened", row_from(c->opened_s),
                   "opener", row_operator(core, c->opener), "closed", row_until(c->closed_s));
}

enum sp_err cli_count_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "COUNT", COLUMN_TEXT}, {"area", "AREA", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE}, {"opened", "BEGUN", COLUMN_TIME},
      {"opener", "BY", COLUMN_TEXT},    {"closed", "CLOSED", COLUMN_TIME},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_counts; i++)
    table_row(&t, count_row(core, i));
  table_end(&t, "no counts: `sallyport count begin` begins one");
  return SP_OK;
}

/* The last tally of each area, in the order of the plan. */
static json_t *tallies_of(const struct core *core, uint32_t count) {
  json_t *list = json_array();
  for (uint32_t a = 0; a < core->head.n_areas; a++) {
    uint32_t i = core->counts[count].tallies;
    while (i && core->tallies[i - 1].area != a)
      i = core->tallies[i - 1].next;
    if (!i)
      continue;
    const struct tally *t = &core->tallies[i - 1];
    json_array_append_new(list,
                          json_pack("{s:s,s:i,s:i,s:o,s:o}", "area", core->plan->areas[a].name.s,
                                    "expected", (int)t->expected, "seen", (int)t->seen, "at",
                                    row_from(t->at_s), "by", row_operator(core, t->by)));
  }
  return list;
}

static json_t *missing_of(const struct core *core, uint32_t count) {
  static uint32_t areas[areas_max];
  json_t *list = json_array();
  uint32_t n =
      count_is_open(&core->counts[count]) ? count_missing(core, count, areas, areas_max) : 0;
  for (uint32_t i = 0; i < n; i++)
    json_array_append_new(list, json_string(core->plan->areas[areas[i]].name.s));
  return list;
}

/* "hall: 3 seen, 4 expected" */
static json_t *in_words(const json_t *tallies) {
  json_t *list = json_array();
  const json_t *t;
  size_t i;
  json_array_foreach(tallies, i, t) {
    int expected = (int)json_integer_value(json_object_get(t, "expected"));
    int seen = (int)json_integer_value(json_object_get(t, "seen"));
    const char *area = json_string_value(json_object_get(t, "area"));
    json_array_append_new(
        list, seen == expected ? json_sprintf("%s: %d", area, seen)
                               : json_sprintf("%s: %d seen, %d expected", area, seen, expected));
  }
  return list;
}

enum sp_err cli_count_show(struct cli *c) {
  static const struct column columns[] = {
      {"number", "Count", COLUMN_TEXT},
      {"area", "Area", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},
      {"opened", "Begun", COLUMN_TIME},
      {"opener", "By", COLUMN_TEXT},
      {"closed", "Closed", COLUMN_TIME},
      {"tallies", "Tallied", COLUMN_TEXT},
      {"missing", "Not tallied yet", COLUMN_TEXT},
      {"resolved", "Resolved by", COLUMN_TEXT},
  };
  uint32_t i;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_count(c->site, c->args.operands[0], &i, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  json_t *row = count_row(core, i), *tallies = tallies_of(core, i);
  json_object_set_new(row, "tallies", c->out.json ? json_incref(tallies) : in_words(tallies));
  json_object_set_new(row, "missing", missing_of(core, i));
  if (core->counts[i].resolved)
    json_object_set_new(row, "resolved", row_number(core->counts[i].resolved - 1));
  json_decref(tallies);
  row_drop_empty(row);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  return SP_OK;
}
