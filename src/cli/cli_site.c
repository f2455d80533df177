/* cli_site.c: init, status, version. */
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/contained.h"
#include "cli/file.h"
#include "cli/site.h"
#include "engine/frame.h"
#include "engine/site_dir.h"
#include "journal/entry.h"
#include "plan/plan_read.h"

#include <stdio.h>
#include <string.h>

#ifndef SALLYPORT_VERSION
#error "the build says which version this is"
#endif

enum sp_err cli_version(struct cli *c) {
  static const struct column columns[] = {
      {"version", "sallyport", COLUMN_TEXT},
      {"journal", "journal", COLUMN_NUMBER},
      {"socket", "socket", COLUMN_NUMBER},
  };
  out_object(&c->out, columns, sizeof columns / sizeof columns[0],
             json_pack("{s:s,s:i,s:i}", "version", SALLYPORT_VERSION, "journal", entry_version,
                       "socket", frame_version));
  return SP_OK;
}

/* --- init --- */

struct operators {
  struct site_operator at[repeats_max];
  char names[repeats_max][256];
  struct secret passwords[repeats_max];
  uint32_t n;
};

static enum sp_err parse_operator(struct operators *o, const char *text, struct fault *why) {
  SP_ASSERT(o);
  const char *colon = strrchr(text, ':');
  size_t n = colon ? (size_t)(colon - text) : 0;
  if (n == 0 || n >= sizeof o->names[0])
    return fault_set(why, SP_USAGE, "--operator: `%.60s` is not NAME:ROLE, like anna:admin", text);
  uint32_t role = 0;
  while (role < ROLE_COUNT && strcmp(role_names[role], colon + 1) != 0)
    role++;
  if (role == ROLE_COUNT)
    return fault_set(why, SP_USAGE,
                     "--operator: `%.40s` is no role: they are desk, gate, shift, records, legal, "
                     "auditor, admin",
                     colon + 1);
  memcpy(o->names[o->n], text, n);
  o->names[o->n][n] = '\0';
  for (uint32_t i = 0; i < o->n; i++)
    if (strcmp(o->names[i], o->names[o->n]) == 0)
      return fault_set(why, SP_INVALID, "--operator: two have the name %s", o->names[i]);
  o->at[o->n] = (struct site_operator){.name = o->names[o->n], .role = role};
  o->n++;
  return SP_OK;
}

/* What permits needs two operators of different roles, one of them an administrator to add more. */
static enum sp_err check_operators(const struct operators *o, const struct plan *plan,
                                   struct fault *why) {
  SP_ASSERT(o);
  bool admin = false, two = false;
  for (uint32_t i = 0; i < o->n; i++) {
    admin = admin || o->at[i].role == ROLE_ADMIN;
    two = two || (o->at[i].role != o->at[0].role && o->at[i].role != ROLE_AUDITOR &&
                  o->at[0].role != ROLE_AUDITOR);
  }
  if (!admin)
    return fault_set(why, SP_INVALID,
                     "--operator: none is an admin, so nobody could add another: add NAME:admin");
  if (!two && plan->rules.second_operator)
    return fault_set(why, SP_INVALID,
                     "--operator: what permits needs two operators of different roles: give a "
                     "second --operator, such as NAME:shift");
  return SP_OK;
}

static enum sp_err read_site_plan(struct cli *c, struct buf *yaml, struct plan **plan) {
  struct plan_faults faults = {0};
  const char *file = cli_text(c, OPT_PLAN);
  *plan = NULL;
  enum sp_err err = cli_file_read(file, plan_yaml_bytes_max, yaml, &c->why);
  if (!err && (err = plan_read(buf_span(yaml), plan, &faults))) {
    const struct plan_fault *first = NULL;
    for (uint32_t i = 0; i < faults.kept && !first; i++)
      if (!faults.at[i].warning)
        first = &faults.at[i];
    fault_set(&c->why, err, "%s:%u: %s (%u error%s: `sallyport plan check %s` tells all)", file,
              first ? first->line : 0, first ? first->text : sp_err_text(err), faults.errors,
              faults.errors == 1 ? "" : "s", file);
  }
  plan_faults_free(&faults);
  return err;
}

static void tell_made(struct cli *c, const char *dir, const char *vkey, const struct plan *plan) {
  if (c->out.json) {
    out_json(json_pack("{s:s,s:s,s:s}", "dir", dir, "site", plan->name.s, "vkey", vkey));
    return;
  }
  out_line(&c->out, "The site %s is made in %s.", plan->name.s, dir);
  out_line(&c->out,
           "Its log is verified with this key; give it to whoever shall check it:\n\n  %s\n", vkey);
  out_line(&c->out,
           "Keep a copy of %s/keys where only you can read it: backups do not hold it.\n"
           "Next: sallyport serve --dir %s",
           dir, dir);
}

enum sp_err cli_init(struct cli *c) {
  struct buf yaml = {0};
  struct plan *plan = NULL;
  char vkey[vkey_max];
  const char *dir = c->args.operands[0];
  const struct given *given = &c->args.options[OPT_OPERATOR];
  struct operators *o = sp_alloc(1, sizeof *o);
  enum sp_err err = o ? SP_OK : fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; i < given->n && !err; i++)
    err = parse_operator(o, given->text[i], &c->why);
  if (!err)
    err = read_site_plan(c, &yaml, &plan);
  if (!err)
    err = check_operators(o, plan, &c->why);
  for (uint32_t i = 0; !err && i < o->n; i++) {
    char prompt[300];
    snprintf(prompt, sizeof prompt, "new password of %s", o->names[i]);
    err = secret_read_new(&o->passwords[i], cli_fd(c, OPT_PASSWORD_FD), prompt, &c->why);
    o->at[i].password = span_of(o->passwords[i].text, o->passwords[i].n);
  }
  if (!err) {
    const struct site_init init = {
        .dir = dir,
        .origin = cli_text(c, OPT_ORIGIN),
        .founding = {
            .plan = plan, .source = buf_span(&yaml), .operators = o->at, .n_operators = o->n}};
    err = site_dir_init(&init, vkey, &c->why);
  }
  if (!err)
    tell_made(c, dir, vkey, plan);
  if (o)
    bytes_wipe(o, sizeof *o);
  sp_free(o);
  plan_free(plan);
  buf_free(&yaml);
  return err;
}

/* --- status --- */

enum sp_err cli_status(struct cli *c) {
  static const struct column columns[] = {
      {"site", "Site", COLUMN_TEXT},
      {"title", "Title", COLUMN_TEXT},
      {"engine", "Engine", COLUMN_STATE},
      {"contained", "Contained", COLUMN_TEXT},
      {"plan", "Plan", COLUMN_TEXT},
      {"threat", "Threat level", COLUMN_TEXT},
      {"lockdowns", "Locked down", COLUMN_TEXT},
      {"closed", "Gates closed", COLUMN_TEXT},
      {"persons", "Persons", COLUMN_NUMBER},
      {"inside", "Inside", COLUMN_NUMBER},
      {"credentials", "Credentials", COLUMN_NUMBER},
      {"alarms", "Alarms open", COLUMN_NUMBER},
      {"entries", "Entries", COLUMN_NUMBER},
      {"last_at", "Last entry", COLUMN_TIME},
  };
  enum sp_err err = site_open(c);
  if (err)
    return err;
  pid_t pid;
  json_t *engine = ask_status(c, &pid), *lockdowns = json_array(), *closed = json_array();
  const struct core *core = site_core(c->site);
  const struct plan *p = core->plan;
  for (uint32_t i = 0; p && i < p->n_areas; i++)
    if (core->areas[i].lockdown)
      json_array_append_new(lockdowns, json_string(p->areas[i].name.s));
  for (uint32_t i = 0; p && i < p->n_gates; i++)
    if (core->gates[i].closed)
      json_array_append_new(closed, json_string(p->gates[i].name.s));
  char hash[64];
  hex_encode(hash, core->head.plan_hash.b, sizeof core->head.plan_hash.b);
  json_t *o = json_pack(
      "{s:s,s:s,s:s%,s:o,s:o,s:i,s:i,s:i,s:I}", "site", site_dir_site(site_directory(c->site))->s,
      "engine", engine ? "running" : "not running", "plan", hash,
      c->out.json ? sizeof hash : (size_t)16, "lockdowns", lockdowns, "closed", closed, "persons",
      (int)core->head.n_persons, "credentials", (int)core->head.n_credentials, "alarms",
      (int)core->head.n_alarms, "entries", (json_int_t)core->head.next_entry);
  if (p) {
    json_object_set_new(o, "title", json_string(p->title));
    json_object_set_new(o, "threat", json_string(p->threats[core->head.threat].name.s));
    json_object_set_new(o, "inside", json_integer(core->areas[area_site].occupancy));
  }
  if (core->head.next_entry)
    json_object_set_new(o, "last_at", json_time(core->head.last_at));
  json_t *look = engine && pid ? contained_look(pid) : NULL;
  if (look)
    json_object_set_new(o, "contained", c->out.json ? json_incref(look) : contained_sentence(look));
  json_decref(look);
  if (engine)
    json_object_set_new(o, "serving", engine);
  out_object(&c->out, columns, sizeof columns / sizeof columns[0], o);
  return SP_OK;
}
