/* cli_desk.c: movement board: one person, or the desk at the vehicle's door: a line each, answered
 * by the engine at once, with one operator logged in for as long as the desk is open.
 *
 * Invariants:
 *   1. the desk decides nothing: whatever is done is a command, which the engine answers;
 *   2. a second operator agrees to one command: nothing of their session outlasts it.
 */
#include "cli/ask.h"
#include "cli/cli_movement.h"
#include "cli/desk_people.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "plan/plan_scalar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { line_max = 256, words_max = line_max / 2 };

struct desk {
  struct cli *c;
  struct ask *ask;
  uint32_t movement;
  struct desk_people people;
  bool prompts; /* somebody types */
  bool redraws; /* and sees a screen */
  bool done;
  char line[line_max];
  const char *words[words_max];
  int n;
  const char *second; /* who agrees to what this line asks; NULL: nobody */
};

struct desk_verb {
  const char *word, *takes, *doc;
  enum sp_err (*run)(struct desk *d, const struct desk_verb *v);
  enum command_type command;
};

/* --- What is shown --- */

static void print_manifest(struct desk *d) {
  struct cli *c = d->c;
  const struct core *core = site_core(c->site);
  const struct movement *m = &core->movements[d->movement];
  struct buf head = {0}, text = {0};
  char number[person_text_max];
  person_text(number, d->movement);
  if (!c->out.json) {
    buf_printf(&text, "movement %s (%s)%s%s: %s", number, movement_kind_names[m->kind],
               m->to == REF_ABSENT ? "" : " to ",
               m->to == REF_ABSENT ? "" : core->places[m->to].name.s,
               movement_state_names[m->state]);
    out_colour(&c->out, &head, COLOUR_STRONG, buf_cstr(&text) ? buf_cstr(&text) : "");
    out_line(&c->out, "%s", buf_cstr(&head) ? buf_cstr(&head) : "");
  }
  desk_people_print(&d->people, isatty(STDOUT_FILENO) ? term_columns(STDOUT_FILENO) : 0);
  buf_free(&text);
  buf_free(&head);
}

static void redraw(struct desk *d) {
  if (!d->redraws)
    return;
  fputs("\033[H\033[2J", stdout);
  print_manifest(d);
  out_line(&d->c->out, "%s", "");
}

/* What went wrong with this line; the desk goes on. */
static void tell_fault(struct desk *d, enum sp_err err) {
  struct cli *c = d->c;
  struct buf text = {0};
  term_put(&text, span_str(c->why.text[0] ? c->why.text : sp_err_text(err)));
  if (c->out.json)
    out_json(json_pack("{s:s,s:s}", "error", sp_err_name(err), "text", c->why.text));
  else
    out_line(&c->out, "%s", buf_cstr(&text) ? buf_cstr(&text) : "");
  buf_free(&text);
  c->why = (struct fault){0};
}

/* --- Asking --- */

static enum sp_err find_person(struct desk *d, int word, uint32_t *person) {
  if (word >= d->n)
    return fault_set(&d->c->why, SP_USAGE, "`%s` needs a person's number, like `%s 1000-9`",
                     d->words[0], d->words[0]);
  return site_find_person(d->c->site, d->words[word], person, &d->c->why);
}

static json_t *ref_json(const struct desk *d, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(site_core(d->c->site));
  char name[ref_name_max];
  return json_stringn(name, namer.name(namer.ctx, kind, index, name));
}

static json_t *command_of(const struct desk *d, const struct desk_verb *v, uint32_t person) {
  json_t *command = ask_command(v->command);
  json_object_set_new(command, "movement", ref_json(d, REF_MOVEMENT, d->movement));
  if (person != REF_ABSENT)
    json_object_set_new(command, "person", ref_json(d, REF_PERSON, person));
  return command;
}

/* Asks, draws how it stands then, and tells the answer below. */
static enum sp_err ask_engine(struct desk *d, json_t *command) {
  struct cli *c = d->c;
  json_t *reply = NULL;
  bool more;
  enum sp_err err = d->second ? ask_agree(c, d->ask, d->second) : SP_OK;
  if (err)
    json_decref(command);
  else
    err = ask_one(d->ask, (struct asked){.command = command}, &reply, &c->why);
  ask_agree_no_more(d->ask);
  if (!err)
    err = site_refresh(c, &more);
  if (!err)
    err = desk_people_refresh(&d->people);
  if (err) {
    json_decref(reply);
    return err;
  }
  redraw(d);
  err = ask_tell(c, reply);
  bool answered = err == SP_REFUSED || err == SP_INVALID || err == SP_EXISTS;
  if (err != SP_REFUSED && !(c->out.json && answered))
    return err;
  c->why = (struct fault){0}; /* the answer was printed, and says it all */
  return SP_OK;
}

/* --- What can be typed --- */

static bool read_line(struct desk *d);

static enum sp_err desk_step(struct desk *d, const struct desk_verb *v) {
  uint32_t person = REF_ABSENT;
  enum sp_err err = find_person(d, 1, &person);
  if (!err && d->n > 2)
    err = fault_set(&d->c->why, SP_USAGE, "`%s` is one too many: `%s N`", d->words[2], v->word);
  return err ? err : ask_engine(d, command_of(d, v, person));
}

/* confirm N [PRESENTED] [second] [match|mismatch] */
static enum sp_err desk_confirm(struct desk *d, const struct desk_verb *v) {
  uint32_t person = REF_ABSENT, presented;
  const char *sensor = biometric_names[BIOMETRIC_NONE];
  bool second = false;
  enum sp_err err = find_person(d, 1, &person);
  presented = person;
  for (int i = 2; i < d->n && !err; i++) {
    if (strcmp(d->words[i], "second") == 0)
      second = true;
    else if (strcmp(d->words[i], biometric_names[BIOMETRIC_MATCH]) == 0 ||
             strcmp(d->words[i], biometric_names[BIOMETRIC_MISMATCH]) == 0)
      sensor = d->words[i];
    else
      err = site_find_person(d->c->site, d->words[i], &presented, &d->c->why);
  }
  if (err)
    return err;
  json_t *command = command_of(d, v, person);
  json_object_set_new(command, "presented", ref_json(d, REF_PERSON, presented));
  json_object_set_new(command, "biometric", json_string(sensor));
  if (second)
    json_object_set_new(command, "second_identifier", json_true());
  return ask_engine(d, command);
}

/* Nobody leaves on one officer's word: who agrees is asked for, unless the plan needs nobody. */
static enum sp_err desk_depart(struct desk *d, const struct desk_verb *v) {
  struct cli *c = d->c;
  const struct plan *p = site_plan(c->site);
  if (d->n > 1)
    return fault_set(&c->why, SP_USAGE, "`%.40s` is one too many: `depart with NAME`", d->words[1]);
  if (!d->second && p && p->rules.second_operator) {
    d->second = cli_text(c, OPT_SECOND);
    if (!d->second && d->prompts) {
      fputs("second operator: ", stdout);
      fflush(stdout);
    }
    if (!d->second && read_line(d) && d->n == 1)
      d->second = d->words[0];
    if (!d->second)
      return fault_set(&c->why, SP_USAGE, "a second operator has to agree: `depart with NAME`");
  }
  enum sp_err err = ask_engine(d, command_of(d, v, REF_ABSENT));
  d->second = NULL;
  return err;
}

static enum sp_err desk_show(struct desk *d, const struct desk_verb *v) {
  (void)v;
  redraw(d);
  if (!d->redraws)
    print_manifest(d);
  return SP_OK;
}

static enum sp_err desk_quit(struct desk *d, const struct desk_verb *v) {
  (void)v;
  d->done = true;
  return SP_OK;
}

static enum sp_err desk_help(struct desk *d, const struct desk_verb *v);

static const struct desk_verb desk_verbs[] = {
    {"confirm", " N [PRESENTED] [second] [match|mismatch]", "it is they who stand there",
     desk_confirm, COMMAND_IDENTITY_CONFIRM},
    {"board", " N", "they board", desk_step, COMMAND_MOVEMENT_BOARD},
    {"off", " N", "they leave the vehicle again", desk_step, COMMAND_MOVEMENT_DISEMBARK},
    {"remove", " N", "off the manifest", desk_step, COMMAND_MANIFEST_REMOVE},
    {"promote", " N", "an alternate takes a seat", desk_step, COMMAND_MANIFEST_PROMOTE},
    {"depart", "", "with all who boarded; a second operator agrees", desk_depart,
     COMMAND_MOVEMENT_DEPART},
    {"show", "", "the manifest", desk_show, COMMAND_COUNT},
    {"help", "", "what can be typed", desk_help, COMMAND_COUNT},
    {"quit", "", "the end", desk_quit, COMMAND_COUNT},
};
enum { desk_verbs_n = sizeof desk_verbs / sizeof desk_verbs[0] };

/* What is long has its meaning on a line of its own: screens are narrow. */
static void help_line(const struct desk *d, const char *left, const char *doc) {
  if (strlen(left) > 16)
    out_line(&d->c->out, "%s", left);
  out_line(&d->c->out, "%-16s %s", strlen(left) > 16 ? "" : left, doc);
}

static enum sp_err desk_help(struct desk *d, const struct desk_verb *v) {
  (void)v;
  redraw(d);
  help_line(d, "N", "how a person stands, and the next step");
  for (int i = 0; i < desk_verbs_n; i++) {
    char left[64];
    snprintf(left, sizeof left, "%s%s", desk_verbs[i].word, desk_verbs[i].takes);
    help_line(d, left, desk_verbs[i].doc);
  }
  help_line(d, "LINE with NAME", "that operator agrees to it");
  return SP_OK;
}

/* --- One person --- */

static const char *next_step(const struct movement *m, const struct member *r) {
  static const char *const steps[MEMBER_STATE_COUNT] = {[MEMBER_ALTERNATE] = "promote",
                                                        [MEMBER_MANIFESTED] = "confirm",
                                                        [MEMBER_CONFIRMED] = "board"};
  return m->state == MOVEMENT_STATE_AUTHORISED || r->state == MEMBER_ALTERNATE ? steps[r->state]
                                                                               : NULL;
}

static enum sp_err tell_person(struct desk *d, uint32_t person) {
  struct cli *c = d->c;
  const struct core *core = site_core(c->site);
  const struct movement *m = &core->movements[d->movement];
  const struct member *r = active_member(core, person);
  char number[person_text_max];
  person_text(number, person);
  if (!r || r->movement != d->movement)
    return fault_set(&c->why, SP_NOT_FOUND, "%s %s is not on this manifest",
                     person_kind_names[core->persons[person].kind], number);
  json_t *row = member_row(core, r, when_now());
  desk_people_name(&d->people, row, person);
  const char *next = next_step(m, r);
  if (c->out.json) {
    json_object_set_new(row, "next", next ? json_string(next) : json_null());
    out_json(row);
    return SP_OK;
  }
  redraw(d);
  out_line(&c->out, "%s %s is %s, and may%s go now", person_kind_names[core->persons[person].kind],
           number, member_state_names[r->state],
           json_is_true(json_object_get(row, "permitted")) ? "" : " not");
  desk_people_who(&d->people, person);
  size_t i;
  json_t *reason;
  json_array_foreach(json_object_get(row, "reasons"), i, reason)
      out_line(&c->out, "        %s", json_string_value(json_object_get(reason, "text")));
  if (next)
    out_line(&c->out, "        next: %s %s", next, number);
  json_decref(row);
  return SP_OK;
}

/* --- Lines --- */

/* The next line as words, with who agrees apart from them. False: no more lines. */
static bool read_line(struct desk *d) {
  d->n = 0;
  d->second = NULL;
  if (!fgets(d->line, sizeof d->line, stdin))
    return false;
  if (!strchr(d->line, '\n') && !feof(stdin)) { /* so long a line is no word of ours */
    for (int ch = 0; ch != '\n' && ch != EOF;)
      ch = getchar();
    snprintf(d->line, sizeof d->line, "(too long)");
  }
  char *rest = NULL;
  for (char *w = strtok_r(d->line, " \t\r\n", &rest); w && d->n < words_max;
       w = strtok_r(NULL, " \t\r\n", &rest))
    d->words[d->n++] = w;
  if (d->n > 2 && strcmp(d->words[d->n - 2], "with") == 0) {
    d->second = d->words[d->n - 1];
    d->n -= 2;
  }
  return true;
}

static const char *word_at(const void *ctx, uint32_t i) {
  (void)ctx;
  return desk_verbs[i].word;
}

static enum sp_err take_line(struct desk *d) {
  uint32_t person;
  if (!d->n)
    return desk_show(d, NULL);
  for (int i = 0; i < desk_verbs_n; i++)
    if (strcmp(d->words[0], desk_verbs[i].word) == 0)
      return desk_verbs[i].run(d, &desk_verbs[i]);
  if (d->words[0][0] >= '0' && d->words[0][0] <= '9') {
    enum sp_err err = site_find_person(d->c->site, d->words[0], &person, &d->c->why);
    return err ? err : tell_person(d, person);
  }
  const char *near = plan_nearest(d->words[0], word_at, NULL, desk_verbs_n);
  return fault_set(&d->c->why, SP_USAGE,
                   "nothing is called `%.40s` here%s%s%s `help` tells what is", d->words[0],
                   near ? "; is `" : ":", near ? near : "", near ? "` meant?" : "");
}

static enum sp_err desk_run(struct desk *d) {
  bool more;
  enum sp_err err = SP_OK;
  if (d->redraws)
    redraw(d);
  else if (!d->c->out.json)
    print_manifest(d);
  while (!err && !d->done) {
    if (d->prompts)
      fputs("> ", stdout);
    err = out_end(&d->c->why); /* who reads along sees each answer at once */
    if (err || !read_line(d))
      break;
    err = site_refresh(d->c, &more);
    if (!err)
      err = desk_people_refresh(&d->people);
    if (err)
      break;
    err = take_line(d);
    if (err && err != SP_UNAVAILABLE && err != SP_IO) {
      tell_fault(d, err);
      err = SP_OK;
    }
  }
  return err;
}

enum sp_err cli_movement_board(struct cli *c) {
  struct desk d = {.c = c};
  if (c->args.operands[1])
    return cli_change(c);
  enum sp_err err = site_open(c);
  if (!err)
    err = site_find_movement(c->site, c->args.operands[0], &d.movement, &c->why);
  if (!err)
    err = ask_open_alone(c, &d.ask);
  if (err)
    return err;
  d.prompts = isatty(STDIN_FILENO) && !c->out.json;
  d.redraws = d.prompts && term_redraws(STDOUT_FILENO);
  err = desk_people_open(&d.people, c, d.ask, d.movement);
  if (!err)
    err = desk_run(&d);
  desk_people_close(&d.people);
  ask_close(d.ask);
  return err;
}
