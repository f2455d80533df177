/* cli_visit.c: who is expected, by whom, until when. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/site.h"

static const char *state_of(const struct core *core, const struct visit *v, usec now) {
  bool on = valid_at(v->from_s, v->until_s, now);
  bool inside = core->persons[v->person].area != area_outside;
  return v->closed                     ? "closed"
         : on                          ? "on"
         : seconds_of(now) < v->from_s ? "expected"
         : inside                      ? "overdue"
                                       : "over";
}

enum sp_err cli_visit_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "VISIT", COLUMN_TEXT},   {"person", "PERSON", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},      {"host", "RECEIVED BY", COLUMN_TEXT},
      {"about", "VISITS", COLUMN_TEXT},   {"from", "FROM", COLUMN_TIME},
      {"until", "UNTIL", COLUMN_TIME},    {"state", "STATE", COLUMN_STATE},
      {"where", "THEY ARE", COLUMN_TEXT},
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
  for (uint32_t i = 0; i < core->head.n_visits; i++) {
    const struct visit *v = &core->visits[i];
    if (who != REF_ABSENT && v->person != who)
      continue;
    json_t *row = json_pack(
        "{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:s,s:o}", "number", row_number(i), "person",
        row_number(v->person), "kind", person_kind_names[core->persons[v->person].kind], "host",
        row_number(v->host), "about", row_number(v->about), "from", row_from(v->from_s), "until",
        row_until(v->until_s), "state", state_of(core, v, when_now()), "where",
        row_name(core, REF_AREA, core->persons[v->person].area));
    row_drop_empty(row);
    table_row(&t, row);
  }
  table_end(&t, "nobody is expected: `sallyport visit open` says who is");
  return SP_OK;
}
