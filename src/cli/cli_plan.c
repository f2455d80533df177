/* cli_plan.c: plan check, apply, show. */
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/site.h"
#include "core/event.h"
#include "journal/entry.h"
#include "plan/plan_blob.h"
#include "plan/plan_print.h"
#include "plan/plan_read.h"

#include <stdio.h>
#include <string.h>

static json_t *counts_json(const struct plan *p) {
  return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "areas", (int)p->n_areas, "gates",
                   (int)p->n_gates, "doors", (int)p->n_doors, "readers", (int)p->n_readers, "lines",
                   (int)p->n_lines, "schedules", (int)p->n_schedules, "levels", (int)p->n_levels,
                   "threats", (int)p->n_threats, "formats", (int)p->n_formats);
}

static void print_fault(const struct cli *c, const char *file, const struct plan_fault *f) {
  struct buf line = {0};
  term_put(&line, span_str(file));
  if (f->line)
    buf_printf(&line, ":%u", f->line);
  if (f->line && f->column)
    buf_printf(&line, ":%u", f->column);
  buf_puts(&line, ": ");
  out_colour(&c->out, &line, f->warning ? COLOUR_WARN : COLOUR_BAD,
             f->warning ? "warning" : "error");
  buf_puts(&line, ": ");
  term_put(&line, span_str(f->text));
  const char *text = buf_cstr(&line);
  out_line(&c->out, "%s", text ? text : f->text);
  buf_free(&line);
}

static json_t *fault_json(const struct plan_fault *f) {
  json_t *j = json_pack("{s:s,s:s}", "text", f->text, "is", f->warning ? "warning" : "error");
  if (f->line)
    json_object_set_new(j, "line", json_integer(f->line));
  if (f->column)
    json_object_set_new(j, "column", json_integer(f->column));
  return j;
}

/* Reads and checks; prints every fault. *plan is the caller's on SP_OK. */
static enum sp_err read_plan(struct cli *c, const char *file, bool report, struct buf *yaml,
                             struct plan **plan) {
  struct plan_faults faults = {0};
  *plan = NULL;
  enum sp_err err = cli_file_read(file, plan_yaml_bytes_max, yaml, &c->why);
  if (err)
    return err;
  err = plan_read(buf_span(yaml), plan, &faults);
  json_t *list = json_array();
  for (uint32_t i = 0; i < faults.kept; i++)
    if (c->out.json)
      json_array_append_new(list, fault_json(&faults.at[i]));
    else if (report || !faults.at[i].warning)
      print_fault(c, file, &faults.at[i]);
  if (!c->out.json && faults.n > faults.kept)
    out_line(&c->out, "%s: and %u more", file, faults.n - faults.kept);
  if (c->out.json && report)
    out_json(json_pack("{s:s,s:i,s:i,s:o,s:o}", "file", file, "errors", (int)faults.errors,
                       "warnings", (int)(faults.n - faults.errors), "faults", list, "counts",
                       *plan ? counts_json(*plan) : json_object()));
  else
    json_decref(list);
  if (err && faults.errors)
    fault_set(&c->why, err, "%s: %u error%s; nothing was changed", file, faults.errors,
              faults.errors == 1 ? "" : "s");
  else if (err)
    fault_set(&c->why, err, "%s: %s", file, sp_err_text(err));
  plan_faults_free(&faults);
  return err;
}

enum sp_err cli_plan_check(struct cli *c) {
  struct buf yaml = {0};
  struct plan *p;
  const char *file = c->args.operands[0];
  enum sp_err err = read_plan(c, file, true, &yaml, &p);
  if (!err && !c->out.json)
    out_line(
        &c->out,
        "%s: good (areas %u, gates %u, doors %u, readers %u, lines %u, schedules %u, levels %u)",
        file, p->n_areas, p->n_gates, p->n_doors, p->n_readers, p->n_lines, p->n_schedules,
        p->n_levels);
  plan_free(p);
  buf_free(&yaml);
  return err;
}

enum sp_err cli_plan_apply(struct cli *c) {
  struct buf yaml = {0}, blob = {0};
  struct plan *p;
  struct ask *a = NULL;
  struct hash compiled, source;
  json_t *reply = NULL;
  enum sp_err err = read_plan(c, c->args.operands[0], false, &yaml, &p);
  if (!err)
    err = site_open(c);
  if (!err)
    err = plan_blob_encode(p, &blob, &c->why);
  if (!err)
    err = ask_open(c, &a);
  if (!err)
    err = ask_blob(a, buf_span(&yaml), &source, &c->why);
  if (!err)
    err = ask_blob(a, buf_span(&blob), &compiled, &c->why);
  if (!err) {
    json_t *command = ask_command(COMMAND_PLAN_APPLY);
    char hex[64];
    hex_encode(hex, source.b, sizeof source.b);
    json_object_set_new(command, "source", json_stringn(hex, sizeof hex));
    hex_encode(hex, compiled.b, sizeof compiled.b);
    json_object_set_new(command, "compiled", json_stringn(hex, sizeof hex));
    err = ask_one(a, (struct asked){.command = command}, &reply, &c->why);
  }
  if (!err)
    err = ask_tell(c, reply);
  ask_close(a);
  plan_free(p);
  buf_free(&yaml);
  buf_free(&blob);
  return err;
}

/* plan.applied names the source by its hash; the last one is in force. */
static enum sp_err find_source(void *ctx, uint64_t n, struct span bytes, struct fault *why) {
  struct hash *source = ctx;
  struct entry e;
  static const char key[] = "\"source\":\"";
  (void)n;
  if (!memmem(bytes.p, bytes.n, "plan.applied", 12))
    return SP_OK;
  enum sp_err err = entry_parse(&e, bytes, why);
  if (err || !span_is(e.type, event_records[EVENT_PLAN_APPLIED].type))
    return err;
  const char *at = memmem(e.data.p, e.data.n, key, sizeof key - 1);
  if (!at || !hex_decode(source->b, sizeof source->b, at + sizeof key - 1, 64))
    return fault_set(why, SP_CORRUPT, "entry %llu has no source", (unsigned long long)n);
  return SP_OK;
}

static enum sp_err show_source(struct cli *c) {
  struct buf yaml = {0};
  struct hash source = {0};
  enum sp_err err = site_entries(c->site, 0, find_source, &source, &c->why);
  if (!err)
    err = site_blob(c->site, &source, &yaml, &c->why);
  if (!err)
    fwrite(yaml.p, 1, yaml.n, stdout);
  buf_free(&yaml);
  return err;
}

static enum sp_err show_tree(struct cli *c, const struct plan *p) {
  struct buf text = {0};
  plan_print_text(p, &text);
  enum sp_err err = text.failed ? fault_set(&c->why, SP_NO_MEMORY, "out of memory") : SP_OK;
  if (!err)
    fwrite(text.p, 1, text.n, stdout);
  buf_free(&text);
  return err;
}

static enum sp_err show_json(struct cli *c, const struct plan *p) {
  json_t *all = plan_print_json(p);
  if (!all)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  json_object_set_new(all, "counts", counts_json(p));
  out_json(all);
  return SP_OK;
}

enum sp_err cli_plan_show(struct cli *c) {
  enum sp_err err = site_open(c);
  if (err)
    return err;
  const struct plan *p = site_plan(c->site);
  if (!p)
    return fault_set(&c->why, SP_NOT_FOUND, "the site has no plan yet");
  return c->out.json ? show_json(c, p) : cli_has(c, OPT_TREE) ? show_tree(c, p) : show_source(c);
}
