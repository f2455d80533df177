/* cli_death.c: who has died, and what of it is recorded. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"

static json_t *recorded(uint32_t s) {
  return s == UINT32_MAX ? json_null() : json_time((usec)s * USEC_PER_S);
}

enum sp_err cli_death_list(struct cli *c) {
  static const struct column columns[] = {
      {"person", "PERSON", COLUMN_TEXT},     {"state", "STATE", COLUMN_STATE},
      {"died", "DIED", COLUMN_TIME},         {"recorded", "RECORDED", COLUMN_TIME},
      {"recorder", "BY", COLUMN_TEXT},       {"booking", "BOOKING", COLUMN_TEXT},
      {"cause", "CAUSE FOUND", COLUMN_TIME}, {"remains", "REMAINS", COLUMN_TIME},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_deaths; i++) {
    const struct death *d = &core->deaths[i];
    table_row(&t, json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "person", row_number(d->person),
                            "state", death_state(d), "died", recorded(d->at_s), "recorded",
                            recorded(d->recorded_s), "recorder", row_operator(core, d->recorder),
                            "booking", row_number(d->booking ? d->booking - 1 : REF_ABSENT),
                            "cause", recorded(d->cause_s), "remains", recorded(d->remains_s)));
  }
  table_end(&t, "no deaths: `sallyport death record` records one");
  return SP_OK;
}
