/* cli_line.c: line list, line show, line run. */
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/site.h"
#include "core/state.h"
#include "line/keys.h"
#include "line/line_keep.h"
#include "plan/plan_wiring.h"

#include <stdio.h>
#include <unistd.h>

enum sp_err cli_line_list(struct cli *c) {
  static const struct column columns[] = {
      {"name", "LINE", COLUMN_TEXT},         {"kind", "KIND", COLUMN_TEXT},
      {"where", "WHERE", COLUMN_TEXT},       {"baud", "BAUD", COLUMN_NUMBER},
      {"state", "STATE", COLUMN_STATE},      {"readers", "READERS", COLUMN_NUMBER},
      {"offline", "OFFLINE", COLUMN_NUMBER}, {"insecure", "INSECURE", COLUMN_NUMBER},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct plan *p = site_plan(c->site);
  json_t *engine = ask_status(c, NULL);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < p->n_lines; i++) {
    const struct plan_line *l = &p->lines[i];
    json_int_t n = 0, offline = 0, insecure = 0;
    for (uint32_t r = 0; r < p->n_readers; r++)
      if (p->readers[r].line == i) {
        n++;
        offline += core->readers[r].offline;
        insecure += core->readers[r].insecure;
      }
    table_row(&t, json_pack("{s:s,s:s,s:s,s:o,s:s,s:I,s:I,s:I}", "name", l->name.s, "kind",
                            line_kind_names[l->kind], "where", l->where, "baud",
                            l->kind == LINE_SERIAL ? json_integer(l->baud) : json_null(), "state",
                            site_line_served(core, engine, i) ? "served" : "not served", "readers",
                            n, "offline", offline, "insecure", insecure));
  }
  table_end(&t, "the plan has no lines");
  json_decref(engine);
  return SP_OK;
}

static enum sp_err find_line(struct cli *c, uint32_t *index) {
  enum sp_err err = site_open(c);
  return err ? err : site_find_place(c->site, REF_LINE, c->args.operands[0], index, &c->why);
}

/* "own key", and so on; a key itself is never shown. */
static const char *key_of(struct cli *c, const struct plan_reader *r) {
  struct line_key key = {0};
  struct fault why = {0};
  enum sp_err err = keys_read(cli_dir(c), r->name.s, &key, &why);
  const char *text = err == SP_NOT_FOUND ? "none"
                     : err               ? "unreadable"
                     : key.has_next      ? key.has ? "being changed" : "being set"
                     : key.has           ? "own"
                                         : "none";
  bytes_wipe(&key, sizeof key);
  return r->secure == SECURE_NONE ? "not asked for" : text;
}

/* "main: strike 0, contact 0; side: strike 1": the doors that this reader's board works. */
static json_t *wired_to(const struct plan *p, uint32_t reader) {
  struct buf text = {0};
  for (uint32_t d = 0; d < p->n_doors; d++) {
    if (plan_door_board(p, d, p->readers[reader].line) != reader)
      continue;
    buf_printf(&text, "%s%s: ", text.n ? "; " : "", p->doors[d].name.s);
    plan_wiring_put(&text, &p->doors[d]);
  }
  json_t *j = text.n && buf_cstr(&text) ? json_string((const char *)text.p) : json_null();
  buf_free(&text);
  return j;
}

enum sp_err cli_line_show(struct cli *c) {
  static const struct column columns[] = {
      {"address", "ADDRESS", COLUMN_NUMBER}, {"reader", "READER", COLUMN_TEXT},
      {"door", "DOOR", COLUMN_TEXT},         {"direction", "WAY", COLUMN_TEXT},
      {"secure", "SECURE", COLUMN_TEXT},     {"key", "KEY", COLUMN_TEXT},
      {"state", "STATE", COLUMN_STATE},      {"wired", "WIRED", COLUMN_TEXT},
  };
  uint32_t index = 0;
  enum sp_err err = find_line(c, &index);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  const struct plan *p = site_plan(c->site);
  json_t *engine = ask_status(c, NULL);
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->line == index)
      table_row(&t, json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "address", r->address, "reader",
                              r->name.s, "door", p->doors[r->door].name.s, "direction",
                              direction_names[r->direction], "secure", secure_names[r->secure],
                              "key", key_of(c, r), "state", site_reader_state(core, engine, i),
                              "wired", wired_to(p, i)));
  }
  table_end(&t, "no reader is on this line");
  json_decref(engine);
  return SP_OK;
}

/* Whole lines, since each line's process writes them. That nobody reads them any more ends no gate.
 */
void cli_line_say(void *ctx, const char *line, const char *text) {
  (void)ctx;
  if (dprintf(STDOUT_FILENO, "%s%s: %s\n", line ? "line " : "lines", line ? line : "", text) < 0)
    return;
}

enum sp_err cli_line_run(struct cli *c) {
  const struct line_keep_options o = {
      .dir = cli_dir(c), .only = c->args.operands[0], .say = cli_line_say, .stop_fd = -1};
  enum sp_err err = keys_folder(o.dir, &c->why);
  return err ? err : line_keep(&o, &c->why);
}
