#include "cli/admit.h"

#include "cli/cli_person.h"
#include "cli/fields.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "core/custody.h"
#include "core/register_fields.h"
#include "engine/register_details.h"

#include <stdlib.h>
#include <string.h>

/* --- The procedures --- */

#define KIND(NAME) (1u << PERSON_##NAME)
#define WORKS      (KIND(STAFF) | KIND(OFFICER) | KIND(CONTRACTOR))
#define VISITS     (KIND(VISITOR) | KIND(COUNSEL) | KIND(INSPECTOR))
#define IDENTITY                                                                                   \
  (OPT_BIT(NAME) | OPT_BIT(ALIAS) | OPT_BIT(BIRTH_DATE) | OPT_BIT(DOCUMENT) | OPT_BIT(IDENTIFIER))
#define DATES                                                                                      \
  {OPT_FROM, "from", false}, {                                                                     \
    OPT_UNTIL, "until", false                                                                      \
  }

static const struct admit_step add = {.name = "person",
                                      .verb = "person add",
                                      .made = "number",
                                      .command = COMMAND_PERSON_ADD,
                                      .when = WHEN_NEW,
                                      .details = IDENTITY | OPT_BIT(DETAILS_FILE),
                                      .fields = {DATES}};
/* They may come again: the dates are those of the visit, not of who they are. */
static const struct admit_step receive = {.name = "person",
                                          .verb = "person add",
                                          .made = "number",
                                          .command = COMMAND_PERSON_ADD,
                                          .when = WHEN_NEW,
                                          .details = IDENTITY | OPT_BIT(DETAILS_FILE)};
static const struct admit_step identify = {.name = "identity",
                                           .verb = "person identify",
                                           .command = COMMAND_PERSON_IDENTIFY,
                                           .when = WHEN_KNOWN,
                                           .asked_by = IDENTITY | OPT_BIT(DETAILS_FILE),
                                           .details = IDENTITY | OPT_BIT(DETAILS_FILE)};
/* Of whom an order names; the file is the register then. */
static const struct admit_step name = {.name = "identity",
                                       .verb = "person identify",
                                       .command = COMMAND_PERSON_IDENTIFY,
                                       .when = WHEN_KNOWN,
                                       .asked_by = IDENTITY,
                                       .details = IDENTITY};
static const struct admit_step book = {.name = "booking",
                                       .verb = "booking open",
                                       .made = "number",
                                       .command = COMMAND_BOOKING_OPEN,
                                       .details = OPT_BIT(DETAILS_FILE),
                                       .fields = {{OPT_ORDER, "order", true}}};
static const struct admit_step expect = {
    .name = "visit",
    .verb = "visit open",
    .made = "number",
    .command = COMMAND_VISIT_OPEN,
    .details = OPT_BIT(PURPOSE),
    .fields = {{OPT_HOST, "host", false}, {OPT_ABOUT, "about", false}, DATES}};
static const struct admit_step grant = {.name = "level",
                                        .verb = "level grant",
                                        .command = COMMAND_LEVEL_GRANT,
                                        .asked_by = OPT_BIT(LEVEL),
                                        .fields = {{OPT_LEVEL, "level", true}, DATES}};
static const struct admit_step set_pin = {.name = "pin",
                                          .verb = "pin set",
                                          .command = COMMAND_PIN_SET,
                                          .asked_by = OPT_BIT(PIN) | OPT_BIT(PIN_FD)};
/* Last: whoever has a card is registered as a whole. */
static const struct admit_step issue = {.name = "credential",
                                        .verb = "credential issue",
                                        .made = "credential",
                                        .command = COMMAND_CREDENTIAL_ISSUE,
                                        .asked_by = OPT_BIT(CARD) | OPT_BIT(CARD_FD),
                                        .fields = {DATES}};

/* One way in and one way out, until the visit is over. */
static const struct admit_step pass = {.name = "credential",
                                       .verb = "credential issue",
                                       .made = "credential",
                                       .command = COMMAND_CREDENTIAL_ISSUE,
                                       .always = "once",
                                       .asked_by = OPT_BIT(CARD) | OPT_BIT(CARD_FD),
                                       .fields = {DATES}};

static const struct admit_procedure procedures[] = {
    {WORKS, {&add, &identify, &grant, &set_pin, &issue}},
    {VISITS, {&receive, &identify, &expect, &grant, &pass}},
    {KIND(DETAINEE), {&name, &book, &grant, &set_pin, &issue}},
};
enum { procedures_n = sizeof procedures / sizeof procedures[0] };

static const struct admit_piece pieces[] = {
    {WORKS | VISITS, WHEN_NEW, OPT_NAME, {"name", "family_name", "given_name"}, "who they are"},
    {WORKS, WHEN_NEW, OPT_IDENTIFIER, {"identifiers", "document"}, "an identity document"},
    {VISITS, WHEN_ANY, OPT_PURPOSE, {NULL}, "what they come for"},
    {KIND(VISITOR), WHEN_ANY, OPT_HOST, {NULL}, "who receives them"},
    {KIND(COUNSEL), WHEN_ANY, OPT_ABOUT, {NULL}, "whom they visit"},
    {VISITS, WHEN_ANY, OPT_UNTIL, {NULL}, "the end of their visit"},
    {KIND(DETAINEE), WHEN_ANY, OPT_ORDER, {NULL}, "the order that holds them"},
    {KIND(DETAINEE),
     WHEN_ANY,
     OPT_DETAILS_FILE,
     {NULL},
     "the register, a form of which is `booking template --json`"},
};
enum { pieces_n = sizeof pieces / sizeof pieces[0] };

const struct admit_procedure *admit_procedure(unsigned kind) {
  int i = 0;
  while (!(procedures[i].kinds >> kind & 1)) { /* a test holds that each kind has one */
    i++;
    SP_ASSERT(i < procedures_n);
  }
  return &procedures[i];
}

static option_set fields_of(const struct admit_step *s) {
  option_set o = 0;
  for (const struct admit_field *f = s->fields; f->field; f++)
    o |= (option_set)1 << f->option;
  return o;
}

option_set admit_takes(unsigned kind) {
  const struct admit_procedure *p = admit_procedure(kind);
  option_set o = 0;
  for (int i = 0; i < admit_steps_max && p->steps[i]; i++)
    o |= p->steps[i]->asked_by | p->steps[i]->details | fields_of(p->steps[i]);
  return o;
}

static bool is_when(const struct admit *a, enum admit_when when) {
  return when == WHEN_ANY || (when == WHEN_KNOWN) == (a->person != REF_ABSENT);
}

static bool is_needed(const struct admit *a, const struct admit_piece *p) {
  return p->kinds >> a->kind & 1 && is_when(a, p->when);
}

bool admit_must(const struct admit *a, enum option_id o) {
  for (int i = 0; i < pieces_n; i++)
    if (is_needed(a, &pieces[i]) && pieces[i].option == o)
      return true;
  return false;
}

/* --- Checks before the first step --- */

static void add_missing(struct buf *list, const struct admit_piece *p) {
  const struct option_row *o = option_row(p->option);
  buf_printf(list, "%s%s (--%s %s)", list->n ? ", " : "", p->what, o->name, o->value);
}

/* Those pieces that options bring, or those that stand in what is said of the person. */
static enum sp_err check_pieces(struct admit *a, const json_t *said, bool members) {
  struct buf list = {0};
  enum sp_err err = SP_OK;
  for (int i = 0; i < pieces_n; i++) {
    const struct admit_piece *p = &pieces[i];
    bool there = cli_has(a->c, p->option);
    for (int m = 0; p->members[m]; m++) {
      const json_t *v = json_object_get(said, p->members[m]);
      there = there || json_string_length(v) || json_array_size(v);
    }
    if (is_needed(a, p) && !there && members == (p->members[0] != NULL))
      add_missing(&list, p);
  }
  if (list.n || list.failed)
    err = fault_set(&a->c->why, SP_USAGE, "`person admit %s` needs %s; nothing was done",
                    person_kind_names[a->kind], buf_cstr(&list) ? buf_cstr(&list) : "more");
  buf_free(&list);
  return err;
}

static enum sp_err check_taken(struct admit *a) {
  option_set others = a->c->args.verb->options & ~admit_takes(a->kind);
  for (unsigned o = 0; o < OPTION_COUNT; o++)
    if (others >> o & 1 && cli_has(a->c, o))
      return fault_set(&a->c->why, SP_USAGE,
                       "--%s has no place in `person admit %s`; nothing was done",
                       option_row(o)->name, person_kind_names[a->kind]);
  return SP_OK;
}

/* As the commands' own check: an end before its beginning is a mistake of typing. */
static enum sp_err check_dates(struct admit *a) {
  struct cli *c = a->c;
  usec now = when_now(), from = now, until;
  enum sp_err err = SP_OK;
  if (cli_has(c, OPT_FROM))
    err = when_parse(&from, cli_text(c, OPT_FROM), site_plan(c->site), now, &c->why);
  if (err || !cli_has(c, OPT_UNTIL))
    return err;
  err = when_parse(&until, cli_text(c, OPT_UNTIL), site_plan(c->site), now, &c->why);
  if (!err && (until <= from || until <= now))
    err = fault_set(&c->why, SP_INVALID, "--until: `%.40s` is not %s", cli_text(c, OPT_UNTIL),
                    cli_has(c, OPT_FROM) ? "after --from, and ahead" : "ahead");
  if (!err && admit_takes(a->kind) & OPT_BIT(PURPOSE) && a->kind != PERSON_INSPECTOR &&
      until - from > (usec)visit_s_max * USEC_PER_S)
    err = fault_set(&c->why, SP_INVALID, "--until: a visit lasts a day at most");
  return err;
}

static enum sp_err check_register(struct cli *c, const json_t *said) {
  uint32_t recorded = 0, outstanding = 0;
  char *text = json_dumps(said, JSON_COMPACT);
  if (!text)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = register_details_read(span_str(text), &recorded, &outstanding, &c->why);
  uint32_t missing = register_missing(recorded);
  struct buf list = {0};
  for (uint32_t f = 0; !err && f < REGISTER_FIELD_COUNT; f++)
    if (missing >> f & 1)
      buf_printf(&list, "%s%s", list.n ? ", " : "", register_field_names[f]);
  if (!err && missing)
    err = fault_set(&c->why, SP_INVALID,
                    "%s: the register lacks %s: `sallyport booking template` tells what each is",
                    cli_text(c, OPT_DETAILS_FILE), buf_cstr(&list) ? buf_cstr(&list) : "fields");
  buf_free(&list);
  bytes_wipe(text, strlen(text));
  free(text);
  return err;
}

static enum sp_err details_of(struct admit *a, const struct admit_step *s, json_t **said) {
  enum sp_err err = take_details_of(a->c, s->details, said);
  if (!err && s->command == COMMAND_BOOKING_OPEN && *said)
    err = check_register(a->c, *said);
  if (err) {
    json_forget(*said);
    *said = NULL; /* a step's details are forgotten with it, and once */
  }
  return err;
}

enum sp_err admit_check(struct admit *a, enum option_id o) {
  const struct admit_procedure *p = admit_procedure(a->kind);
  enum sp_err err = o == OPT_FROM || o == OPT_UNTIL ? check_dates(a) : SP_OK;
  for (int i = 0; !err && i < admit_steps_max && p->steps[i]; i++) {
    const struct admit_step *s = p->steps[i];
    json_t *value = NULL;
    for (const struct admit_field *f = s->fields; !err && f->field; f++)
      if (f->option == o) {
        const struct given *g = &a->c->args.options[o];
        err = field_json(a->c, command_field(s->command, f->field), g->text[g->n - 1], &value);
        json_decref(value);
      }
    if (!err && s->details >> o & 1 && is_when(a, s->when) && !(err = details_of(a, s, &value)))
      json_forget(value);
  }
  return err;
}

enum sp_err admit_complete(struct admit *a) {
  enum sp_err err = check_taken(a);
  return err ? err : check_pieces(a, NULL, false);
}

/* --- Whose --- */

static enum sp_err person_of_order(struct admit *a) {
  struct cli *c = a->c;
  const struct core *core = site_core(c->site);
  uint32_t order;
  enum sp_err err = site_find_order(c->site, cli_text(c, OPT_ORDER), &order, &c->why);
  if (err)
    return err;
  const struct order *o = &core->orders[order];
  /* Whom a sealed order names is not told: they are named by the desk, and the engine compares. */
  if (o->sealed)
    return a->person != REF_ABSENT
               ? SP_OK
               : fault_set(&c->why, SP_USAGE,
                           "this order is sealed: name whom you admit, `person admit detainee "
                           "PERSON --order %.40s`",
                           cli_text(c, OPT_ORDER));
  if (order_does(o->kind) != ORDER_HOLDS || o->person == REF_ABSENT)
    return fault_set(&c->why, SP_INVALID, "order %.40s is a %s%s: nobody is admitted on it",
                     cli_text(c, OPT_ORDER), order_kind_names[o->kind],
                     o->person == REF_ABSENT ? " that names nobody" : "");
  uint32_t named = o->person, stays = core->persons[named].merged_into;
  if (a->person == REF_ABSENT)
    a->person = stays != REF_ABSENT ? stays : named;
  if (a->person == named || a->person == stays)
    return SP_OK;
  char number[person_text_max];
  person_text(number, named);
  return fault_set(&c->why, SP_INVALID, "order %.40s names detainee %s, nobody else",
                   cli_text(c, OPT_ORDER), number);
}

enum sp_err admit_whose(struct admit *a) {
  struct cli *c = a->c;
  const struct core *core = site_core(c->site);
  char number[person_text_max];
  enum sp_err err = cli_has(c, OPT_ORDER) ? person_of_order(a) : SP_OK;
  if (err || a->person == REF_ABSENT)
    return err;
  const struct person *p = &core->persons[a->person];
  person_text(number, a->person);
  if (p->kind != a->kind)
    return fault_set(&c->why, SP_INVALID, "%s is registered as %s: `person admit %s %s`", number,
                     person_kind_names[p->kind], person_kind_names[p->kind], number);
  if (p->state != PERSON_PRESENT)
    return fault_set(&c->why, SP_INVALID, "%s %s is %s%s", person_kind_names[p->kind], number,
                     person_state_names[p->state],
                     p->merged_into != REF_ABSENT ? "" : ": `person reinstate` comes first");
  if (a->kind == PERSON_DETAINEE && is_booked(core, a->person))
    return fault_set(&c->why, SP_EXISTS, "detainee %s is admitted already: `booking list`", number);
  return SP_OK;
}

/* --- The plan --- */

static enum sp_err plan_step(struct admit *a, const struct admit_step *s, uint32_t nth) {
  struct admit_planned *p = &a->steps[a->n++];
  enum sp_err err = SP_OK;
  *p = (struct admit_planned){s, nth, {.command = ask_command(s->command)}};
  if (s->command == COMMAND_PERSON_ADD)
    json_object_set_new(p->asked.command, "kind", json_string(person_kind_names[a->kind]));
  if (s->always)
    json_object_set_new(p->asked.command, s->always, json_true());
  for (const struct admit_field *f = s->fields; !err && f->field; f++) {
    const struct given *g = &a->c->args.options[f->option];
    json_t *value = NULL;
    if (!g->n)
      continue;
    err = field_json(a->c, command_field(s->command, f->field),
                     g->text[option_row(f->option)->repeats ? nth : 0], &value);
    if (!err)
      json_object_set_new(p->asked.command, f->field, value);
  }
  return err || !s->details ? err : details_of(a, s, &p->asked.details);
}

static bool is_wanted(const struct admit *a, const struct admit_step *s) {
  bool asked = !s->asked_by;
  for (unsigned o = 0; o < OPTION_COUNT; o++)
    asked = asked || (s->asked_by >> o & 1 && cli_has(a->c, o));
  return asked && is_when(a, s->when);
}

enum sp_err admit_plan(struct admit *a) {
  const struct admit_procedure *p = admit_procedure(a->kind);
  enum sp_err err = check_dates(a);
  for (int i = 0; !err && i < admit_steps_max && p->steps[i]; i++) {
    const struct admit_step *s = p->steps[i];
    uint32_t times = s->asked_by & OPT_BIT(LEVEL) ? a->c->args.options[OPT_LEVEL].n : 1;
    for (uint32_t k = 0; !err && is_wanted(a, s) && k < times; k++)
      err = plan_step(a, s, k);
  }
  return err ? err : check_pieces(a, a->n ? a->steps[0].asked.details : NULL, true);
}
