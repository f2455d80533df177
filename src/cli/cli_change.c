/* cli_change.c: verbs that ask one thing of the engine. What a row of verbs.c says about its
 * operands is all that most of them need. */
#include "cli/ask.h"
#include "cli/cli_person.h"
#include "cli/fields.h"
#include "plan/card_text.h"
#include "cli/file.h"
#include "cli/site.h"
#include "journal/details.h"
#include "plan/json_bytes.h"
#include "plan/plan_scalar.h"

#include <stdlib.h>
#include <string.h>

static json_t *ref_json(const struct site *s, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(site_core(s));
  char name[ref_name_max];
  size_t n = namer.name(namer.ctx, kind, index, name);
  return json_stringn(name, n);
}

/* What was typed for an operand, as the command's JSON wants it. */
static enum sp_err operand_json(struct cli *c, const struct operand *o, const char *text,
                                json_t **value) {
  uint32_t index;
  enum sp_err err = SP_OK;
  *value = NULL;
  switch (o->kind) {
  case VALUE_PERSON:
    err = site_find_person(c->site, text, &index, &c->why);
    if (!err)
      *value = ref_json(c->site, REF_PERSON, index);
    break;
  case VALUE_CREDENTIAL:
    err = site_find_credential(c->site, text, &index, &c->why);
    if (!err)
      *value = ref_json(c->site, REF_CREDENTIAL, index);
    break;
  case VALUE_OPERATOR:
    err = site_find_operator(c->site, text, &index, &c->why);
    if (!err)
      *value = ref_json(c->site, REF_OPERATOR, index);
    break;
  case VALUE_PLACE:
    err = site_find_place(c->site, o->ref, text, &index, &c->why);
    if (!err)
      *value = json_string(text);
    break;
  case VALUE_FIELD:
    SP_NEVER("command_json knows the field");
  case VALUE_NUMBER:
    *value = json_integer((json_int_t)strtoull(text, NULL, 10));
    break;
  case VALUE_FLAG:
  case VALUE_TEXT:
  case VALUE_TIME:
  case VALUE_FD:
  case VALUE_FILE:
  case VALUE_DIRECTORY:
  case VALUE_CHOICE:
    *value = json_string(text);
    break;
  }
  if (!err && !*value)
    err = fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  return err;
}

static enum sp_err set_time(struct cli *c, json_t *command, const char *key, enum option_id o) {
  usec t;
  if (!cli_has(c, o))
    return SP_OK;
  enum sp_err err = when_parse(&t, cli_text(c, o), site_plan(c->site), when_now(), &c->why);
  if (err)
    return err;
  t -= t % USEC_PER_S; /* the site keeps whole seconds of validity */
  json_object_set_new(command, key, json_time(t));
  return SP_OK;
}

/* The command of this verb, from its row, its operands and its dates. */
static enum sp_err command_json(struct cli *c, json_t **command) {
  const struct verb *v = c->args.verb;
  enum sp_err err = site_open(c);
  if (err)
    return err;
  *command = ask_command((enum command_type)(v->command - 1));
  for (int i = 0; i < operands_max && v->operands[i].name && !err; i++) {
    const struct operand *o = &v->operands[i];
    json_t *value;
    if (!o->field)
      continue;
    if (c->args.operands[i]) {
      err = o->kind == VALUE_FIELD ? field_json(c, command_field(v->command - 1, o->field),
                                                c->args.operands[i], &value)
                                   : operand_json(c, o, c->args.operands[i], &value);
      if (!err)
        json_object_set_new(*command, o->field, value);
    } else if (o->ref == REF_AREA && site_plan(c->site)) { /* the whole site */
      json_object_set_new(*command, o->field, ref_json(c->site, REF_AREA, area_site));
    }
  }
  if (!err && v->fixed)
    json_object_set_new(*command, "sign", json_string(v->fixed));
  if (!err)
    err = fields_into(c, *command);
  if (!err && v->options & OPT_BIT(FROM))
    err = set_time(c, *command, "from", OPT_FROM);
  if (!err && v->options & OPT_BIT(UNTIL))
    err = set_time(c, *command, "until", OPT_UNTIL);
  if (!err && cli_has(c, OPT_GROUND))
    json_object_set_new(*command, "ground", json_string(cli_text(c, OPT_GROUND)));
  if (err)
    json_decref(*command);
  return err;
}

enum sp_err cli_change(struct cli *c) {
  json_t *command;
  enum sp_err err = command_json(c, &command);
  return err ? err : ask_and_tell(c, (struct asked){.command = command});
}

/* --- Persons --- */

static enum sp_err check_birth_date(const char *text, struct fault *why) {
  usec t;
  if (strlen(text) != 10 || !time_parse_lenient(&t, text, 10))
    return fault_set(why, SP_INVALID, "`%.20s` is no date: write it as 1984-03-02", text);
  return SP_OK;
}

static enum sp_err details_from_file(struct cli *c, json_t **details) {
  struct buf text = {0};
  json_error_t at;
  const char *file = cli_text(c, OPT_DETAILS_FILE);
  enum sp_err err = cli_file_read(file, details_max, &text, &c->why);
  if (!err) {
    err = json_bytes_read(details, buf_span(&text), &at, &c->why);
    if (err == SP_INVALID)
      err = fault_set(&c->why, SP_INVALID, "%s:%d:%d: this is not JSON: %s", file, at.line,
                      at.column, at.text);
    else if (!err && !json_is_object(*details))
      err = fault_set(&c->why, SP_INVALID, "%s: the details are one object, like {\"name\":\"…\"}",
                      file);
  }
  bytes_wipe(text.p, text.cap);
  buf_free(&text);
  return err;
}

/* "passport:X1234567" */
static enum sp_err identifier_json(const char *text, json_t **one, struct fault *why) {
  const char *colon = strchr(text, ':');
  if (!colon || colon == text || !colon[1])
    return fault_set(
        why, SP_INVALID,
        "--identifier: `%.40s` is none: write it as TYPE:NUMBER, like passport:X1234567", text);
  *one = json_pack("{s:s%,s:s}", "type", text, (size_t)(colon - text), "number", colon + 1);
  return *one ? SP_OK : fault_set(why, SP_INVALID, "--identifier: the text is not UTF-8");
}

/* Aliases and identifiers, of which there may be several, behind those of a file. */
static enum sp_err take_lists(struct cli *c, option_set of, json_t **details) {
  static const struct {
    enum option_id option;
    const char *key;
  } lists[] = {{OPT_ALIAS, "aliases"}, {OPT_IDENTIFIER, "identifiers"}};
  for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
    for (uint32_t i = 0; of >> lists[k].option & 1 && i < c->args.options[lists[k].option].n; i++) {
      const char *text = c->args.options[lists[k].option].text[i];
      json_t *one = NULL, *list;
      enum sp_err err = SP_OK;
      if (lists[k].option == OPT_IDENTIFIER)
        err = identifier_json(text, &one, &c->why);
      else if (!(one = json_string(text)))
        err = fault_set(&c->why, SP_INVALID, "--alias: the text is not UTF-8");
      if (err)
        return err;
      if (!*details)
        *details = json_object();
      list = json_object_get(*details, lists[k].key);
      if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(*details, lists[k].key, list);
      }
      json_array_append_new(list, one);
    }
  return SP_OK;
}

enum sp_err take_details_of(struct cli *c, option_set of, json_t **details) {
  static const struct {
    enum option_id option;
    const char *key;
  } members[] = {{OPT_NAME, "name"},           {OPT_BIRTH_DATE, "birth_date"},
                 {OPT_DOCUMENT, "document"},   {OPT_PURPOSE, "purpose"},
                 {OPT_REFERENCE, "reference"}, {OPT_OFFICIAL, "official"},
                 {OPT_FINDING, "finding"},     {OPT_HANDED_TO, "handed_to"}};
  enum sp_err err = SP_OK;
  *details = NULL;
  if (of & OPT_BIT(DETAILS_FILE) && cli_has(c, OPT_DETAILS_FILE))
    err = details_from_file(c, details);
  if (!err && of & OPT_BIT(BIRTH_DATE) && cli_has(c, OPT_BIRTH_DATE))
    err = check_birth_date(cli_text(c, OPT_BIRTH_DATE), &c->why);
  if (!err)
    err = take_lists(c, of, details);
  for (size_t i = 0; i < sizeof members / sizeof members[0] && !err; i++) {
    const char *text = cli_text(c, members[i].option);
    if (!text || !(of >> members[i].option & 1))
      continue;
    if (!*details)
      *details = json_object();
    if (json_object_set_new(*details, members[i].key, json_string(text)) != 0)
      err = fault_set(&c->why, SP_INVALID, "--%s: the text is not UTF-8",
                      option_row(members[i].option)->name);
  }
  if (err)
    json_forget(*details);
  return err;
}

enum sp_err take_details(struct cli *c, json_t **details) {
  return take_details_of(c, ~(option_set)0, details);
}

enum sp_err cli_with_details(struct cli *c) {
  struct ask *a;
  json_t *command, *details, *reply;
  enum sp_err err = command_json(c, &command);
  if (err)
    return err;
  if (cli_has(c, OPT_KIND))
    json_object_set_new(command, "kind", json_string(cli_text(c, OPT_KIND)));
  err = take_details(c, &details);
  if (err) {
    json_decref(command);
    return err;
  }
  err = ask_open(c, &a);
  if (err) {
    json_decref(command);
    json_forget(details);
    return err;
  }
  err = ask_with_paper(c, a, (struct asked){.command = command, .details = details}, &reply);
  ask_close(a);
  if (err)
    return err;
  json_incref(reply);
  err = ask_tell(c, reply);
  if (!err)
    candidates_tell(c, reply);
  json_decref(reply);
  return err;
}

/* --- Credentials and PINs --- */

enum sp_err cli_credential_issue(struct cli *c) {
  json_t *command, *card = NULL;
  if (cli_has(c, OPT_ONCE) && !cli_has(c, OPT_UNTIL))
    return fault_set(&c->why, SP_USAGE,
                     "--once gives a pass of one visit: say until when, with --until");
  enum sp_err err = command_json(c, &command);
  if (err)
    return err;
  err = ask_card(c, false, &card);
  if (err) {
    json_decref(command);
    return err;
  }
  json_object_set(command, "format", json_object_get(card, "format"));
  if (cli_has(c, OPT_ONCE))
    json_object_set_new(command, "once", json_true());
  return ask_and_tell(
      c, (struct asked){.command = command, .secret = json_pack("{s:o}", "card", card)});
}

enum sp_err take_pin(struct cli *c, json_t *secret, const char *key, int fd, const char *prompt,
                     bool twice) {
  struct secret s;
  enum sp_err err =
      twice ? secret_read_new(&s, fd, prompt, &c->why) : secret_read(&s, fd, prompt, &c->why);
  if (!err)
    err = pin_check(s.text, &c->why);
  if (!err && json_object_set_new(secret, key, json_string(s.text)) != 0)
    err = fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  secret_forget(&s);
  return err;
}

enum sp_err cli_pin_set(struct cli *c) {
  json_t *command;
  if (cli_has(c, OPT_CLEAR) &&
      (cli_has(c, OPT_PIN_FD) || cli_has(c, OPT_DURESS) || cli_has(c, OPT_DURESS_FD)))
    return fault_set(&c->why, SP_USAGE, "--clear removes the PIN: give no other with it");
  enum sp_err err = command_json(c, &command);
  if (err)
    return err;
  json_t *secret = json_object();
  if (!cli_has(c, OPT_CLEAR))
    err = take_pin(c, secret, "pin", cli_fd(c, OPT_PIN_FD), "PIN", true);
  if (!err && (cli_has(c, OPT_DURESS) || cli_has(c, OPT_DURESS_FD)))
    err = take_pin(c, secret, "duress", cli_fd(c, OPT_DURESS_FD), "duress PIN", true);
  if (err) {
    json_decref(command);
    json_forget(secret);
    return err;
  }
  return ask_and_tell(c, (struct asked){.command = command, .secret = secret});
}

/* --- Operators --- */

enum sp_err cli_operator_add(struct cli *c) {
  struct ask *a;
  struct secret s;
  json_t *command, *reply = NULL;
  enum sp_err err = command_json(c, &command);
  if (err)
    return err;
  err = ask_open(c, &a); /* its password is the first line of --password-fd */
  if (!err) {
    err = secret_read_new(&s, cli_fd(c, OPT_PASSWORD_FD), "password of the new operator", &c->why);
    if (!err)
      err = ask_one(a,
                    (struct asked){.command = command,
                                   .details = json_pack("{s:s}", "name", c->args.operands[0]),
                                   .secret = json_pack("{s:s}", "password", s.text)},
                    &reply, &c->why);
    else
      json_decref(command);
    secret_forget(&s);
    ask_close(a);
  } else {
    json_decref(command);
  }
  return err ? err : ask_tell(c, reply);
}

/* --- Presenting by hand --- */

static enum sp_err report_door(struct cli *c, struct ask *a, const char *door, const char *sign) {
  json_t *reply, *command = ask_command(COMMAND_DOOR_REPORT);
  json_object_set_new(command, "door", json_string(door));
  json_object_set_new(command, "sign", json_string(sign));
  enum sp_err err = ask_one(a, (struct asked){.command = command}, &reply, &c->why);
  return err ? err : ask_tell(c, reply);
}

enum sp_err cli_pass(struct cli *c) {
  static const char *const signs[] = {"opened", "closed", "locked"};
  struct ask *a = NULL;
  json_t *command, *reply, *card = NULL, *secret = NULL;
  enum sp_err err = command_json(c, &command);
  if (err)
    return err;
  uint32_t format;
  err = ask_card(c, true, &card);
  if (!err) {
    const char *name = json_string_value(json_object_get(card, "format"));
    if (plan_find(site_plan(c->site), REF_FORMAT, span_str(name), &format))
      json_object_set(command, "format", json_object_get(card, "format"));
    json_object_set_new(command, "biometric",
                        json_string(cli_has(c, OPT_BIOMETRIC) ? cli_text(c, OPT_BIOMETRIC)
                                                              : biometric_names[BIOMETRIC_NONE]));
    secret = json_pack("{s:o}", "card", card);
    if (cli_has(c, OPT_PIN) || cli_has(c, OPT_PIN_FD))
      err = take_pin(c, secret, "pin", cli_fd(c, OPT_PIN_FD), "PIN", false);
  }
  if (!err)
    err = ask_open(c, &a);
  if (err) {
    json_decref(command);
    json_forget(secret);
    return err;
  }
  err = ask_one(a, (struct asked){.command = command, .secret = secret}, &reply, &c->why);
  if (!err)
    err = ask_tell(c, reply);
  if (!err && cli_has(c, OPT_WALK)) {
    uint32_t reader;
    err = site_find_place(c->site, REF_READER, c->args.operands[0], &reader, &c->why);
    const struct plan *p = site_plan(c->site);
    for (size_t i = 0; i < 3 && !err; i++)
      err = report_door(c, a, p->doors[p->readers[reader].door].name.s, signs[i]);
  }
  ask_close(a);
  return err;
}
