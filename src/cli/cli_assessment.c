/* cli_assessment.c: claims about persons: listed and shown. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

static json_t *assessment_row(const struct core *core, uint32_t i) {
  const struct assessment *a = &core->assessments[i];
  bool contested = a->contested_s != UINT32_MAX, over = assessment_is_over(a);
  bool overdue = !over && (a->told || assessment_due_s(core, a) <= seconds_of(when_now()));
  return json_pack(
      "{s:o,s:o,s:o,s:s,s:s,s:s,s:b,s:b,s:o}", "number", row_number(i), "assessment",
      row_name(core, REF_ASSESSMENT, i), "person", row_number(a->person), "kind",
      assessment_kind_names[a->kind], "evidence", assessment_evidence_names[a->evidence], "state",
      contested ? "contested" : assessment_state_names[a->state], "contested", contested, "overdue",
      overdue, "review", over ? json_null() : row_until(a->review_s));
}

enum sp_err cli_assessment_list(struct cli *c) {
  static const struct column columns[] = {
      {"number", "ASSESSMENT", COLUMN_TEXT}, {"person", "PERSON", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},         {"evidence", "EVIDENCE", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},      {"review", "REVIEW", COLUMN_TIME},
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
  for (uint32_t i = 0; i < core->head.n_assessments; i++)
    if (person == REF_ABSENT || core->assessments[i].person == person)
      table_row(&t, assessment_row(core, i));
  table_end(&t, "no assessments: `sallyport assessment record` records one");
  return SP_OK;
}

/* Who claims it, from which sources, in which words: kept out of the journal. */
static enum sp_err set_details(struct cli *c, json_t *row, uint32_t i) {
  json_t *details;
  enum sp_err err = site_details(c->site, REF_ASSESSMENT, i, &details, &c->why);
  if (err || !details)
    return err;
  json_object_set(row, "author", json_object_get(details, "author"));
  json_object_set(row, "sources", json_object_get(details, "sources"));
  json_object_set(row, "words", json_object_get(details, "words"));
  json_object_set_new(row, "details", details);
  return SP_OK;
}

enum sp_err cli_assessment_show(struct cli *c) {
  static const struct column columns[] = {
      {"number", "Assessment", COLUMN_TEXT}, {"person", "About", COLUMN_TEXT},
      {"kind", "Kind", COLUMN_TEXT},         {"evidence", "Evidence", COLUMN_TEXT},
      {"state", "State", COLUMN_STATE},      {"contested_at", "Contested", COLUMN_TIME},
      {"review", "Review by", COLUMN_TIME},  {"recorder", "Recorded by", COLUMN_TEXT},
      {"author", "Claimed by", COLUMN_TEXT}, {"sources", "Sources", COLUMN_TEXT},
      {"words", "In words", COLUMN_TEXT},    {"authorises", "Authorises", COLUMN_TEXT},
  };
  uint32_t i = 0;
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_assessment(c->site, c->args.operands[0], &i, &c->why);
  if (!err)
    err = ask_for_details(c, site_core(c->site)->assessments[i].person);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  json_t *row = assessment_row(core, i);
  if (cli_has(c, OPT_DETAILS))
    err = set_details(c, row, i);
  json_object_set_new(row, "recorder", row_operator(core, core->assessments[i].author));
  json_object_set_new(row, "contested_at", row_until(core->assessments[i].contested_s));
  json_object_set_new(row, "authorises", json_string("nothing"));
  row_drop_empty(row);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], row);
  return err;
}
