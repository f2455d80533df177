#include "engine/request.h"

#include "core/state.h"
#include "engine/json.h"
#include "engine/session.h"
#include "plan/card_format.h"

#include <string.h>

/* --- The envelope --- */

static enum sp_err read_token(struct span value, const char *what, bool *has, struct hash *out,
                              struct fault *why) {
  if (!value.p)
    return SP_OK;
  *has = true;
  if (value.n != 2 * sizeof out->b + 2 || value.p[0] != '"' ||
      !hex_decode(out->b, sizeof out->b, (const char *)value.p + 1, value.n - 2))
    return fault_set(why, SP_INVALID, "%s: 64 lower-case hex digits in quotes are expected", what);
  return SP_OK;
}

static enum sp_err read_digits(struct span value, const char *what, struct request_secret *out,
                               struct fault *why) {
  size_t n;
  if (!value.p)
    return SP_OK;
  enum sp_err err = json_string_read(value, out->text, pin_digits_max, &n, what, why);
  bool ok = n >= pin_digits_min;
  for (size_t i = 0; i < n; i++)
    ok = ok && out->text[i] >= '0' && out->text[i] <= '9';
  if (err || !ok)
    return fault_set(why, SP_INVALID, "%s: %d to %d digits are expected", what, pin_digits_min,
                     pin_digits_max);
  out->n = (uint32_t)n;
  return SP_OK;
}

static enum sp_err read_password(struct span value, struct request *r, struct fault *why) {
  size_t n;
  enum sp_err err = json_string_read(value, r->password, sizeof r->password, &n, "password", why);
  if (!err && n == 0)
    err = fault_set(why, SP_INVALID, "password: it is empty");
  if (!err)
    r->password_n = (uint32_t)n;
  return err;
}

static enum sp_err read_card(struct span value, struct request *r, struct fault *why) {
  struct json_member m[] = {{"format", {0}}, {"value", {0}}};
  size_t n, digits;
  enum sp_err err = json_members(value, m, 2, 1, "secret card", why);
  if (!err)
    err = json_string_read(m[0].value, r->card_format.s, slug_max, &n, "card format", why);
  if (!err && !slug_valid(span_of(r->card_format.s, n)))
    err = fault_set(why, SP_INVALID, "card format: a name of the plan is expected");
  if (!err)
    err =
        json_string_read(m[1].value, r->card.text, sizeof r->card.text, &digits, "card value", why);
  if (err)
    return err;
  bool ok = digits > 0 && (r->card.text[0] != '0' || digits == 1);
  for (size_t i = 0; i < digits; i++)
    ok = ok && ((r->card.text[i] >= '0' && r->card.text[i] <= '9') ||
                (r->card.text[i] >= 'a' && r->card.text[i] <= 'f'));
  if (!ok)
    return fault_set(why, SP_INVALID,
                     "card value: 1 to %d lower-case hex digits without leading zeros are expected",
                     card_digits_max);
  r->card.n = (uint32_t)digits;
  return SP_OK;
}

static enum sp_err read_secret(struct span value, struct request *r, struct fault *why) {
  enum { CARD, DURESS, PASSWORD, PIN, MEMBERS };
  struct json_member m[MEMBERS] = {[CARD] = {"card", {0}},
                                   [DURESS] = {"duress", {0}},
                                   [PASSWORD] = {"password", {0}},
                                   [PIN] = {"pin", {0}}};
  enum sp_err err = json_members(value, m, MEMBERS, 2, "secret", why);
  if (!err && m[CARD].value.p)
    err = read_card(m[CARD].value, r, why);
  if (!err)
    err = read_digits(m[PIN].value, "secret pin", &r->pin, why);
  if (!err)
    err = read_digits(m[DURESS].value, "secret duress", &r->duress, why);
  if (!err && m[PASSWORD].value.p)
    err = read_password(m[PASSWORD].value, r, why);
  return err;
}

static enum sp_err read_login(struct span value, struct request *r, struct fault *why) {
  struct json_member m[] = {{"name", {0}}, {"password", {0}}};
  size_t n;
  r->kind = REQUEST_LOGIN;
  enum sp_err err = json_members(value, m, 2, 1, "login", why);
  if (!err)
    err = json_string_read(m[0].value, r->name, sizeof r->name, &n, "login name", why);
  if (!err)
    r->name_n = (uint32_t)n;
  return err ? err : read_password(m[1].value, r, why);
}

static enum sp_err read_logout(struct span value, struct request *r, struct fault *why) {
  struct json_member m[] = {{"session", {0}}};
  r->kind = REQUEST_LOGOUT;
  enum sp_err err = json_members(value, m, 1, 1, "logout", why);
  if (!err)
    err = read_token(m[0].value, "session", &r->has_session, &r->session, why);
  if (!err && !r->has_session)
    err = fault_set(why, SP_INVALID, "logout: \"session\" is missing");
  return err;
}

static enum sp_err read_question(struct span value, enum request_kind kind, const char *what,
                                 struct request *r, struct fault *why) {
  r->kind = kind;
  return json_members(value, NULL, 0, 1, what, why);
}

enum sp_err request_read(struct request *r, struct span payload, struct fault *why) {
  enum { COMMAND, DETAILS, LOGIN, LOGOUT, PLAN, SECOND, SECRET, SESSION, STATUS, MEMBERS };
  struct json_member m[MEMBERS] = {
      [COMMAND] = {"command", {0}}, [DETAILS] = {"details", {0}}, [LOGIN] = {"login", {0}},
      [LOGOUT] = {"logout", {0}},   [PLAN] = {"plan", {0}},       [SECOND] = {"second", {0}},
      [SECRET] = {"secret", {0}},   [SESSION] = {"session", {0}}, [STATUS] = {"status", {0}},
  };
  memset(r, 0, sizeof *r);
  enum sp_err err = json_members(payload, m, MEMBERS, request_depth_max, "the request", why);
  if (err)
    return err;
  int asked = (m[COMMAND].value.p != NULL) + (m[LOGIN].value.p != NULL) +
              (m[LOGOUT].value.p != NULL) + (m[PLAN].value.p != NULL) + (m[STATUS].value.p != NULL);
  bool extras = m[DETAILS].value.p || m[SECOND].value.p || m[SECRET].value.p || m[SESSION].value.p;
  if (asked != 1 || (!m[COMMAND].value.p && extras))
    return fault_set(why, SP_INVALID,
                     "the request: exactly one of \"command\" (with \"details\", \"secret\", "
                     "\"session\", \"second\"), \"login\", \"logout\", \"plan\" and \"status\" is "
                     "expected");
  if (m[LOGIN].value.p)
    return read_login(m[LOGIN].value, r, why);
  if (m[LOGOUT].value.p)
    return read_logout(m[LOGOUT].value, r, why);
  if (m[STATUS].value.p)
    return read_question(m[STATUS].value, REQUEST_STATUS, "status", r, why);
  if (m[PLAN].value.p)
    return read_question(m[PLAN].value, REQUEST_PLAN, "plan", r, why);
  r->kind = REQUEST_COMMAND;
  r->command = m[COMMAND].value;
  r->details = m[DETAILS].value;
  err = read_token(m[SESSION].value, "session", &r->has_session, &r->session, why);
  if (!err)
    err = read_token(m[SECOND].value, "second", &r->has_second, &r->second, why);
  if (!err && r->has_second && !r->has_session)
    err = fault_set(why, SP_INVALID, "the request: \"second\" needs a first \"session\"");
  if (!err && m[SECRET].value.p)
    err = read_secret(m[SECRET].value, r, why);
  return err;
}

void request_wipe(struct request *r) {
  bytes_wipe(r, sizeof *r);
}

/* --- The command --- */

static const struct span type_names[COMMAND_COUNT] = {
#define X(NAME, member, type) [COMMAND_##NAME] = {(const uint8_t *)type, sizeof type - 1},
    COMMAND_LIST(X)
#undef X
};

static bool find_type(struct span value, enum command_type *type) {
  if (value.n < 2 || value.p[0] != '"')
    return false;
  for (uint32_t i = 0; i < COMMAND_COUNT; i++)
    if (type_names[i].n == value.n - 2 &&
        memcmp(type_names[i].p, value.p + 1, type_names[i].n) == 0) {
      *type = (enum command_type)i;
      return true;
    }
  return false;
}

enum sp_err request_command(const struct request *r, const struct core *core, struct command *c,
                            struct fault *why) {
  enum command_type type;
  struct namer namer = core_namer(core);
  if (r->command.p[0] != '{')
    return fault_set(why, SP_INVALID, "command: an object in braces is expected");
  struct span value = json_find(r->command, "type");
  if (!value.p)
    return fault_set(why, SP_INVALID, "command: \"type\" is missing");
  if (!find_type(value, &type))
    return fault_set(why, SP_INVALID,
                     "command: there is none of this type: docs/journal.md lists "
                     "them");
  *c = (struct command){.type = type, .second = REF_ABSENT};
  return record_decode(&command_records[type], &c->u, r->command, &namer, false, why);
}

/* --- What only the engine may put in --- */

enum { TAKES_CARD = 1, TAKES_PIN = 2, TAKES_DURESS = 4, TAKES_PASSWORD = 8 };
static const struct {
  uint8_t takes, needs;
} secrets[COMMAND_COUNT] = {
    [COMMAND_PASS] = {TAKES_CARD | TAKES_PIN, TAKES_CARD},
    [COMMAND_CREDENTIAL_ISSUE] = {TAKES_CARD, TAKES_CARD},
    [COMMAND_PIN_SET] = {TAKES_PIN | TAKES_DURESS, 0},
    [COMMAND_OPERATOR_ADD] = {TAKES_PASSWORD, TAKES_PASSWORD},
};
static const char *const secret_names[] = {"card", "pin", "duress", "password"};

static enum sp_err check_secrets(const struct request *r, enum command_type type,
                                 struct fault *why) {
  const bool given[] = {r->card.n > 0, r->pin.n > 0, r->duress.n > 0, r->password_n > 0};
  for (unsigned i = 0; i < sizeof given / sizeof given[0]; i++) {
    if (given[i] && !(secrets[type].takes & 1u << i))
      return fault_set(why, SP_INVALID, "%s: it takes no secret \"%s\"", command_records[type].type,
                       secret_names[i]);
    if (!given[i] && secrets[type].needs & 1u << i)
      return fault_set(why, SP_INVALID, "%s: the secret \"%s\" is missing",
                       command_records[type].type, secret_names[i]);
  }
  return SP_OK;
}

static struct id new_id(const struct io *io) {
  struct id id;
  do
    io->random(io->ctx, id.b, sizeof id.b);
  while (bytes_are_zero(id.b, sizeof id.b));
  return id;
}

static struct span digits_of(const struct request_secret *s) {
  return span_of(s->text, s->n);
}

static struct id tag_of_card(const struct request *r, const struct tags *tags) {
  return tag_card(tags, span_str(r->card_format.s), digits_of(&r->card));
}

/* The format that the card says, if the plan has it; a command may say it too, but no other. */
static enum sp_err fill_format(const struct request *r, const struct core *core, uint32_t *format,
                               struct fault *why) {
  uint32_t of_card = REF_ABSENT;
  if (core->plan && !plan_find(core->plan, REF_FORMAT, span_str(r->card_format.s), &of_card))
    of_card = REF_ABSENT;
  if (*format != REF_ABSENT && *format != of_card)
    return fault_set(why, SP_INVALID, "the command's card format is not the card's");
  *format = of_card;
  return SP_OK;
}

/* A PIN's tag is bound to its person. Of an unknown card there is none, and none is needed. */
static void fill_pass(const struct request *r, const struct core *core, const struct tags *tags,
                      struct cmd_pass *p) {
  uint32_t credential;
  p->tag = tag_of_card(r, tags);
  if (r->pin.n && core_find_credential_tag(core, p->tag, &credential))
    p->pin =
        tag_pin(tags, &core->persons[core->credentials[credential].person].id, digits_of(&r->pin));
}

/* The card's number in bits: digits have no leading zeros. */
static uint32_t card_bits(const struct request_secret *card) {
  char c = card->text[0];
  uint32_t first = (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
  uint32_t top = first >= 8 ? 4 : first >= 4 ? 3 : first >= 2 ? 2 : first;
  return (card->n - 1) * 4 + top;
}

static enum sp_err fill_issue(const struct request *r, const struct core *core,
                              const struct tags *tags, const struct io *io,
                              struct cmd_credential_issue *c, struct fault *why) {
  uint32_t bits = core->plan ? card_format_width(core->plan, c->format) : 0;
  if (bits && card_bits(&r->card) > bits)
    return fault_set(why, SP_INVALID,
                     "card value: it has more than the %u bits of a card of its format", bits);
  c->credential = new_id(io);
  c->tag = tag_of_card(r, tags);
  return SP_OK;
}

static void fill_pins(const struct request *r, const struct core *core, const struct tags *tags,
                      struct cmd_pin_set *p) {
  const struct id *person = &core->persons[p->person].id;
  if (r->pin.n)
    p->pin = tag_pin(tags, person, digits_of(&r->pin));
  if (r->duress.n)
    p->duress = tag_pin(tags, person, digits_of(&r->duress));
}

enum sp_err request_fill(const struct request *r, const struct core *core, const struct tags *tags,
                         const struct io *io, struct command *c, struct fault *why) {
  enum sp_err err = check_secrets(r, c->type, why);
  if (err)
    return err;
  if (c->type == COMMAND_PASS) {
    err = fill_format(r, core, &c->u.pass.format, why);
    if (!err)
      fill_pass(r, core, tags, &c->u.pass);
  } else if (c->type == COMMAND_CREDENTIAL_ISSUE) {
    err = fill_format(r, core, &c->u.credential_issue.format, why);
    if (!err)
      err = fill_issue(r, core, tags, io, &c->u.credential_issue, why);
  } else if (c->type == COMMAND_PIN_SET) {
    fill_pins(r, core, tags, &c->u.pin_set);
  } else if (c->type == COMMAND_PERSON_ADD) {
    c->u.person_add.person = new_id(io);
  } else if (c->type == COMMAND_OPERATOR_ADD) {
    c->u.operator_add.operator_id = new_id(io);
  } else if (c->type == COMMAND_ORDER_RECORD) {
    c->u.order_record.order = new_id(io);
  } else if (c->type == COMMAND_BOOKING_OPEN) {
    c->u.booking_open.booking = new_id(io);
  } else if (c->type == COMMAND_MOVEMENT_PROPOSE) {
    c->u.movement_propose.movement = new_id(io);
  } else if (c->type == COMMAND_VISIT_OPEN) {
    c->u.visit_open.visit = new_id(io);
  } else if (c->type == COMMAND_HEARING_SET) {
    c->u.hearing_set.hearing = new_id(io);
  } else if (c->type == COMMAND_ASSESSMENT_RECORD) {
    c->u.assessment_record.assessment = new_id(io);
  } else if (c->type == COMMAND_COUNT_BEGIN) {
    c->u.count_begin.count = new_id(io);
  }
  return err;
}
