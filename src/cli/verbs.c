/* verbs.c: the table of verbs, in the order that docs tell them. */
#include "cli/cli.h"

#define OPERAND_PERSON(key, what)                                                                  \
  { .name = "PERSON", .kind = VALUE_PERSON, .field = key, .doc = what }
#define OPERAND_CREDENTIAL                                                                         \
  {                                                                                                \
    .name = "CREDENTIAL", .kind = VALUE_CREDENTIAL, .field = "credential",                         \
    .doc = "its id, or the first digits of it"                                                     \
  }
#define OPERAND_PLACE(upper, REF, key, opt, what)                                                  \
  {                                                                                                \
    .name = upper, .kind = VALUE_PLACE, .ref = REF_##REF, .field = key, .optional = opt,           \
    .doc = what                                                                                    \
  }
#define OPERAND_FILE(upper, what)                                                                  \
  { .name = upper, .kind = VALUE_FILE, .doc = what }
#define OPERAND_DIR_OPTIONAL                                                                       \
  {                                                                                                \
    .name = "DIR", .kind = VALUE_DIRECTORY, .optional = true,                                      \
    .doc = "the data directory, instead of --dir"                                                  \
  }

#define ASKS(NAME) (COMMAND_##NAME + 1)
/* What most verbs need: one who reads, one who changes as an operator, and as two. */
#define READS (NEEDS_DIR | GIVES_JSON)
#define HAND  (NEEDS_DIR | NEEDS_ENGINE | GIVES_JSON)
#define ONE   (HAND | NEEDS_OPERATOR)
#define TWO   (ONE | NEEDS_SECOND)

#define DETAIL_OPTIONS                                                                             \
  (OPT_BIT(NAME) | OPT_BIT(BIRTH_DATE) | OPT_BIT(DOCUMENT) | OPT_BIT(DETAILS_FILE))
#define DATES (OPT_BIT(FROM) | OPT_BIT(UNTIL))

const struct verb verbs[] = {
    {.heading = "The site",
     .words = "init",
     .doc = "make the data directory of a new site",
     .more = "Begins the journal, puts the plan in force and adds the first operators: two of "
             "different roles, unless the plan says `second-operator: false`. Their passwords are "
             "asked for on the terminal, or read from --password-fd, one a line in the order of "
             "--operator. Prints the log's verifier key: give it to whoever shall check the log. "
             "Never overwrites anything.",
     .example = "sallyport init /var/lib/sallyport --plan examples/three-sections.yaml "
                "--operator anna:admin --operator sam:shift",
     .needs = GIVES_JSON,
     .options = OPT_BIT(PLAN) | OPT_BIT(OPERATOR) | OPT_BIT(ORIGIN) | OPT_BIT(PASSWORD_FD),
     .required = OPT_BIT(PLAN) | OPT_BIT(OPERATOR),
     .operands = {{.name = "DIR",
                   .kind = VALUE_DIRECTORY,
                   .doc = "where; it must not exist yet, or be empty"}},
     .run = cli_init},
    {.words = "serve",
     .doc = "run a site, its engine and its lines, until it is told to stop",
     .more = "Answers on the socket engine.sock in the data directory, and drives the readers and "
             "doors of each line of the plan. SIGTERM and SIGINT end it in order; `kill -9` loses "
             "nothing that was answered. The engine, and each line, is a process of its own that "
             "may make only the calls it needs and reach only what is its own; when root starts "
             "it, it runs as the owner of the directory. docs/containment.md tells more.",
     .example = "sallyport serve --dir /var/lib/sallyport",
     .needs = NEEDS_DIR,
     .options = OPT_BIT(USER) | OPT_BIT(CONTAINMENT) | OPT_BIT(NO_LINES),
     .run = cli_serve},
    {.words = "status",
     .doc = "tell how the site is: engine, plan, threat level, lockdowns, people, alarms",
     .example = "sallyport status --dir /var/lib/sallyport",
     .needs = READS,
     .run = cli_status},
    {.words = "version",
     .doc = "tell the version of the program and of what it writes",
     .example = "sallyport version",
     .needs = GIVES_JSON,
     .run = cli_version},
    {.words = "bench",
     .doc = "measure this machine: durable passages, being ready again, verifying",
     .more = "Makes a site of its own in DIR, which must not exist, asks its engine for 900,000 "
             "passages of 100,000 persons beside a bare write and fdatasync on the same disk, and "
             "removes it. Takes half a minute and about a gigabyte. `make bench` measures more.",
     .example = "sallyport bench /var/tmp/sallyport-bench",
     .operands = {{.name = "DIR", .kind = VALUE_DIRECTORY, .doc = "the directory to make"}},
     .run = cli_bench},

    {.heading = "The site plan",
     .words = "plan check",
     .doc = "tell every fault of a plan file, with its line",
     .more = "Exit code 3 when there is an error; warnings alone are no obstacle.",
     .example = "sallyport plan check examples/makerspace.yaml",
     .needs = GIVES_JSON,
     .operands = {OPERAND_FILE("FILE", "the plan, in YAML; docs/plan.md says what it holds")},
     .run = cli_plan_check},
    {.words = "plan apply",
     .doc = "put a plan in force",
     .more = "The plan is checked first. One that drops an area where someone is, or a door that "
             "stands open, is turned down.",
     .example = "sallyport plan apply site.yaml --as anna --second sam",
     .needs = TWO,
     .operands = {OPERAND_FILE("FILE", "the plan, in YAML")},
     .command = ASKS(PLAN_APPLY),
     .run = cli_plan_apply},
    {.words = "plan show",
     .doc = "print the plan in force, as it was written",
     .more = "With --json: all that it holds, with names, and counted.",
     .example = "sallyport plan show > site.yaml",
     .options = OPT_BIT(TREE),
     .needs = READS,
     .run = cli_plan_show},

    {.heading = "People",
     .words = "person add",
     .doc = "register a person",
     .more = "The journal gets the kind and the dates; the details stay out of it, behind a "
             "commitment. Prints the person's number, whose last digit checks the others.",
     .example =
         "sallyport person add --kind visitor --name 'Rosa Diaz' --until 2026-12-01 --as dana",
     .needs = ONE,
     .options = OPT_BIT(KIND) | DATES | DETAIL_OPTIONS,
     .required = OPT_BIT(KIND),
     .command = ASKS(PERSON_ADD),
     .run = cli_person_add},
    {.words = "person show",
     .doc = "tell all about a person: state, place, levels, credentials",
     .example = "sallyport person show 1000-9 --details --as dana",
     .needs = READS | MAY_OPERATOR,
     .options = OPT_BIT(DETAILS),
     .operands = {OPERAND_PERSON(NULL, "number like 1000-9, or id")},
     .run = cli_person_show},
    {.words = "person list",
     .doc = "list the persons registered",
     .example = "sallyport person list --kind officer",
     .needs = READS | MAY_OPERATOR,
     .options = OPT_BIT(DETAILS) | OPT_BIT(KIND) | OPT_BIT(STATE) | OPT_BIT(AREA),
     .run = cli_person_list},
    {.words = "person suspend",
     .doc = "refuse a person everywhere, from now on",
     .example = "sallyport person suspend 1000-9 --as sam",
     .needs = ONE,
     .operands = {OPERAND_PERSON("person", "who")},
     .command = ASKS(PERSON_SUSPEND),
     .run = cli_change},
    {.words = "person reinstate",
     .doc = "permit a suspended or departed person again",
     .example = "sallyport person reinstate 1000-9 --as dana --second sam",
     .needs = TWO,
     .operands = {OPERAND_PERSON("person", "who")},
     .command = ASKS(PERSON_REINSTATE),
     .run = cli_change},
    {.words = "person depart",
     .doc = "record that a person has left for good",
     .example = "sallyport person depart 1000-9 --as dana",
     .needs = ONE,
     .operands = {OPERAND_PERSON("person", "who; they must be outside")},
     .command = ASKS(PERSON_DEPART),
     .run = cli_change},
    {.words = "person locate",
     .doc = "correct where a person is, as an officer has seen them",
     .example = "sallyport person locate 1000-9 section-1 --as sam",
     .needs = ONE,
     .operands = {OPERAND_PERSON("person", "who"),
                  OPERAND_PLACE("AREA", AREA, "area", false, "where they are; `outside` is one")},
     .command = ASKS(PERSON_LOCATE),
     .run = cli_change},
    {.words = "person separate",
     .doc = "keep two persons apart",
     .example = "sallyport person separate 1000-9 1001-7 --as sam",
     .needs = ONE,
     .operands =
         {OPERAND_PERSON("person", "one of the two"),
          {.name = "OTHER", .kind = VALUE_PERSON, .field = "from_person", .doc = "and the other"}},
     .command = ASKS(SEPARATION_ADD),
     .run = cli_change},
    {.words = "person unseparate",
     .doc = "no longer keep them apart",
     .example = "sallyport person unseparate 1000-9 1001-7 --as sam --second lee",
     .needs = TWO,
     .operands =
         {OPERAND_PERSON("person", "one of the two"),
          {.name = "OTHER", .kind = VALUE_PERSON, .field = "from_person", .doc = "and the other"}},
     .command = ASKS(SEPARATION_LIFT),
     .run = cli_change},
    {.words = "person merge",
     .doc = "record that two registrations are one human",
     .more = "Both histories stay. The merged registration passes nowhere any more.",
     .example = "sallyport person merge 1007-4 1000-9 --as dana",
     .needs = ONE,
     .operands =
         {OPERAND_PERSON("person", "the registration that ends"),
          {.name = "INTO", .kind = VALUE_PERSON, .field = "into", .doc = "the one that stays"}},
     .command = ASKS(PERSON_MERGE),
     .run = cli_change},
    {.words = "person unmerge",
     .doc = "take a wrong merge back",
     .example = "sallyport person unmerge 1007-4 --as dana --second sam",
     .needs = TWO,
     .operands = {OPERAND_PERSON("person", "the registration that was merged")},
     .command = ASKS(PERSON_UNMERGE),
     .run = cli_change},
    {.words = "person import",
     .doc = "register many persons from a CSV file",
     .more =
         "The first row names the columns: `kind` is required; `external_id`, `name`, "
         "`birth_date`, "
         "`document`, `levels` (separated by spaces), `card` (FORMAT:NUMBER), `pin`, `from` and "
         "`until` are known. UTF-8, quoted as RFC 4180 says. Every row is checked before the first "
         "is sent; each bad one is told with its line and cure, and the good ones are imported "
         "(exit code 3 then). A row whose `external_id` (or, where that column is missing, "
         "`document`) is registered already is gone on with where it was left, so an import that "
         "was stopped may be started again. Keep such files as you keep the cards.",
     .example = "sallyport person import examples/people.csv --as dana",
     .needs = ONE,
     .options = OPT_BIT(DRY_RUN),
     .operands = {OPERAND_FILE("FILE", "the CSV file")},
     .command = ASKS(PERSON_ADD),
     .run = cli_person_import},
    {.words = "person erase",
     .doc = "erase a person's details; every proof still holds",
     .example = "sallyport person erase 1000-9 --ground retention --as rita --second lena",
     .needs = TWO,
     .options = OPT_BIT(GROUND),
     .required = OPT_BIT(GROUND),
     .operands = {OPERAND_PERSON("person", "whose")},
     .command = ASKS(DETAILS_ERASE),
     .run = cli_change},

    {.heading = "Credentials, PINs and access levels",
     .words = "credential issue",
     .doc = "give a person a card",
     .more =
         "The card's number is a secret: it is asked for on the terminal or read from "
         "--card-fd, and the journal gets a keyed tag of it alone. It is written with its format, "
         "h10301:12345678, or as printed on many cards, the format's fields with hyphens: "
         "h10301:188-24910. docs/plan.md tells of formats.",
     .example = "sallyport credential issue 1000-9 --card-fd 3 --as dana 3<card.txt",
     .needs = ONE,
     .options = DATES | OPT_BIT(CARD_FD),
     .operands = {OPERAND_PERSON("person", "the holder")},
     .command = ASKS(CREDENTIAL_ISSUE),
     .run = cli_credential_issue},
    {.words = "credential suspend",
     .doc = "refuse a credential for now",
     .example = "sallyport credential suspend 5f0c --as sam",
     .needs = ONE,
     .operands = {OPERAND_CREDENTIAL},
     .command = ASKS(CREDENTIAL_SUSPEND),
     .run = cli_change},
    {.words = "credential reinstate",
     .doc = "take a suspended or lost credential into use again",
     .example = "sallyport credential reinstate 5f0c --as dana --second sam",
     .needs = TWO,
     .operands = {OPERAND_CREDENTIAL},
     .command = ASKS(CREDENTIAL_REINSTATE),
     .run = cli_change},
    {.words = "credential revoke",
     .doc = "refuse a credential for good",
     .example = "sallyport credential revoke 5f0c --as sam",
     .needs = ONE,
     .operands = {OPERAND_CREDENTIAL},
     .command = ASKS(CREDENTIAL_REVOKE),
     .run = cli_change},
    {.words = "credential lost",
     .doc = "record that a credential was lost",
     .example = "sallyport credential lost 5f0c --as sam",
     .needs = ONE,
     .operands = {OPERAND_CREDENTIAL},
     .command = ASKS(CREDENTIAL_LOST),
     .run = cli_change},
    {.words = "credential list",
     .doc = "list credentials and their states",
     .example = "sallyport credential list --person 1000-9",
     .needs = READS,
     .options = OPT_BIT(PERSON),
     .run = cli_credential_list},
    {.words = "pin set",
     .doc = "set, change or remove a person's PIN",
     .example = "sallyport pin set 1000-9 --pin-fd 3 --as dana 3<pin.txt",
     .needs = ONE,
     .options = OPT_BIT(PIN_FD) | OPT_BIT(DURESS) | OPT_BIT(DURESS_FD) | OPT_BIT(CLEAR),
     .operands = {OPERAND_PERSON("person", "whose")},
     .command = ASKS(PIN_SET),
     .run = cli_pin_set},
    {.words = "level grant",
     .doc = "give a person an access level",
     .example = "sallyport level grant 1000-9 visitor --until +8h --as dana",
     .needs = ONE,
     .options = DATES,
     .operands = {OPERAND_PERSON("person", "who"),
                  OPERAND_PLACE("LEVEL", LEVEL, "level", false, "an access level of the plan")},
     .command = ASKS(LEVEL_GRANT),
     .run = cli_change},
    {.words = "level revoke",
     .doc = "take an access level away",
     .example = "sallyport level revoke 1000-9 visitor --as sam",
     .needs = ONE,
     .operands = {OPERAND_PERSON("person", "who"),
                  OPERAND_PLACE("LEVEL", LEVEL, "level", false, "an access level of the plan")},
     .command = ASKS(LEVEL_REVOKE),
     .run = cli_change},

    {.heading = "Gates and states of the site",
     .words = "gate list",
     .doc = "list the gates and how they are",
     .example = "sallyport gate list",
     .needs = READS,
     .run = cli_gate_list},
    {.words = "gate show",
     .doc = "tell all about a gate: doors, readers, who is let through",
     .example = "sallyport gate show s1",
     .needs = READS,
     .operands = {OPERAND_PLACE("GATE", GATE, NULL, false, "a gate of the plan")},
     .run = cli_gate_show},
    {.words = "gate close",
     .doc = "take a gate out of service",
     .example = "sallyport gate close s1 --as sam",
     .needs = ONE,
     .operands = {OPERAND_PLACE("GATE", GATE, "gate", false, "a gate of the plan")},
     .command = ASKS(GATE_CLOSE),
     .run = cli_change},
    {.words = "gate open",
     .doc = "take a gate into service again",
     .example = "sallyport gate open s1 --as sam --second lee",
     .needs = TWO,
     .operands = {OPERAND_PLACE("GATE", GATE, "gate", false, "a gate of the plan")},
     .command = ASKS(GATE_OPEN),
     .run = cli_change},
    {.words = "gate lockdown",
     .doc = "lock down an area, or the whole site",
     .example = "sallyport gate lockdown section-2 --as gil",
     .needs = ONE,
     .operands = {OPERAND_PLACE("AREA", AREA, "area", true,
                                "with all within it; the site without one")},
     .command = ASKS(LOCKDOWN_START),
     .run = cli_change},
    {.words = "gate release",
     .doc = "end a lockdown",
     .example = "sallyport gate release section-2 --as sam --second gil",
     .needs = TWO,
     .operands = {OPERAND_PLACE("AREA", AREA, "area", true,
                                "that was locked down; the site without one")},
     .command = ASKS(LOCKDOWN_RELEASE),
     .run = cli_change},
    {.words = "threat raise",
     .doc = "put a stricter threat level in force",
     .example = "sallyport threat raise elevated --as gil",
     .needs = ONE,
     .operands = {OPERAND_PLACE("LEVEL", THREAT, "threat", false, "a threat level of the plan")},
     .command = ASKS(THREAT_RAISE),
     .run = cli_change},
    {.words = "threat lower",
     .doc = "put a less strict threat level in force",
     .example = "sallyport threat lower normal --as sam --second gil",
     .needs = TWO,
     .operands = {OPERAND_PLACE("LEVEL", THREAT, "threat", false, "a threat level of the plan")},
     .command = ASKS(THREAT_LOWER),
     .run = cli_change},

    {.heading = "Operators",
     .words = "operator add",
     .doc = "add one who may log in",
     .more = "Their password is asked for on the terminal, or is the line after that of --as on "
             "--password-fd.",
     .example = "sallyport operator add lee gate --as anna --second sam",
     .needs = TWO,
     .operands = {{.name = "NAME", .kind = VALUE_TEXT, .doc = "what they log in with"},
                  {.name = "ROLE",
                   .kind = VALUE_CHOICE,
                   .names = role_names,
                   .field = "role",
                   .doc = "what they may do"}},
     .command = ASKS(OPERATOR_ADD),
     .run = cli_operator_add},
    {.words = "operator list",
     .doc = "list the operators",
     .more = "Their names are details like any other: --details shows them.",
     .example = "sallyport operator list --details --as anna",
     .needs = READS | MAY_OPERATOR,
     .options = OPT_BIT(DETAILS),
     .run = cli_operator_list},
    {.words = "operator disable",
     .doc = "keep an operator from acting, from now on",
     .example = "sallyport operator disable lee --as sam",
     .needs = ONE,
     .operands = {{.name = "OPERATOR",
                   .kind = VALUE_OPERATOR,
                   .field = "operator",
                   .doc = "login name, or id"}},
     .command = ASKS(OPERATOR_DISABLE),
     .run = cli_change},

    {.heading = "By hand, for trials",
     .words = "pass",
     .doc = "present a credential at a reader",
     .more = "Decides, journals and unlocks as if the reader had said it; for whoever runs the "
             "engine, or an operator with --as. The card is read as `credential issue` reads it.",
     .example = "sallyport pass s1-outer-in --card-fd 3 --walk 3<card.txt",
     .needs = HAND | MAY_OPERATOR,
     .options =
         OPT_BIT(CARD_FD) | OPT_BIT(PIN) | OPT_BIT(PIN_FD) | OPT_BIT(BIOMETRIC) | OPT_BIT(WALK),
     .operands = {OPERAND_PLACE("READER", READER, "reader", false, "a reader of the plan")},
     .command = ASKS(PASS),
     .run = cli_pass},
#define DOOR_VERB(sign, what)                                                                      \
  {                                                                                                \
    .words = "door " sign, .doc = what, .example = "sallyport door " sign " s1-outer",             \
    .needs = HAND, .operands = {OPERAND_PLACE("DOOR", DOOR, "door", false, "a door of the plan")}, \
    .command = ASKS(DOOR_REPORT), .fixed = sign, .run = cli_change                                 \
  }
    DOOR_VERB("opened", "report a door as opened"),
    DOOR_VERB("closed", "report a door as closed"),
    DOOR_VERB("locked", "report a door as locked"),
    DOOR_VERB("rex", "report that someone inside asks to leave"),
#define READER_VERB(word, sign, what)                                                              \
  {                                                                                                \
    .words = "reader " word, .doc = what, .example = "sallyport reader " word " s1-outer-in",      \
    .needs = HAND,                                                                                 \
    .operands = {OPERAND_PLACE("READER", READER, "reader", false, "a reader of the plan")},        \
    .command = ASKS(READER_REPORT), .fixed = sign, .run = cli_change                               \
  }
    READER_VERB("online", "online", "report that a reader answers"),
    READER_VERB("offline", "offline", "report that a reader does not answer"),
    READER_VERB("tampered", "tampered", "report that a reader was opened or torn off"),
    READER_VERB("restored", "restored", "report that its tamper contact is closed again"),
    READER_VERB("insecure", "insecure", "report that a reader is not as secure as the plan wants"),
    READER_VERB("secure", "secure", "report that it is again"),
    READER_VERB("power-failed", "power_failed", "report that a reader's power failed"),
    READER_VERB("power-restored", "power_restored", "report that it is back"),

    {.heading = "What is and what was",
     .words = "alarm list",
     .doc = "list the alarms that nobody has acknowledged",
     .example = "sallyport alarm list",
     .needs = READS,
     .run = cli_alarm_list},
    {.words = "alarm acknowledge",
     .doc = "record that an operator has seen an alarm",
     .example = "sallyport alarm acknowledge 1234 --as gil",
     .needs = ONE,
     .operands = {{.name = "ENTRY",
                   .kind = VALUE_NUMBER,
                   .field = "alarm",
                   .doc = "number of the entry that raised it"}},
     .command = ASKS(ALARM_ACKNOWLEDGE),
     .run = cli_change},
    {.words = "roll",
     .doc = "tell who is where now",
     .example = "sallyport roll section-1",
     .needs = READS | MAY_OPERATOR,
     .options = OPT_BIT(DETAILS) | OPT_BIT(KIND),
     .operands = {OPERAND_PLACE("AREA", AREA, NULL, true, "this area and all within it alone")},
     .run = cli_roll},
    {.words = "log",
     .doc = "read the journal",
     .more = "The last 50 entries, or all with --since or --json, which gives the entries as they "
             "are, byte "
             "for byte.",
     .example = "sallyport log --follow --gate s1",
     .needs = READS,
     .options = OPT_BIT(FOLLOW) | OPT_BIT(PERSON) | OPT_BIT(GATE) | OPT_BIT(TYPE) | OPT_BIT(SINCE) |
                OPT_BIT(LIMIT),
     .run = cli_log},
    {.words = "explain",
     .doc = "say why an entry was decided so, in sentences",
     .example = "sallyport explain 1234",
     .needs = READS,
     .operands = {{.name = "ENTRY", .kind = VALUE_NUMBER, .doc = "its number, as `log` shows it"}},
     .run = cli_explain},

    {.heading = "The record",
     .words = "verify",
     .doc = "check the whole record: every hash, signature, sequence and time",
     .more = "Trusts nothing stored: all is hashed again. DIR may also be what `export-log` wrote. "
             "Every "
             "damage is told with its place; the exit code is that of the first.",
     .example = "sallyport verify /var/lib/sallyport",
     .needs = READS,
     .options = OPT_BIT(KEY) | OPT_BIT(CHECKPOINT),
     .operands = {OPERAND_DIR_OPTIONAL},
     .run = cli_verify},
    {.words = "replay",
     .doc = "make every decision again and compare it, byte for byte",
     .example = "sallyport replay /var/lib/sallyport",
     .needs = READS,
     .operands = {OPERAND_DIR_OPTIONAL},
     .run = cli_replay},
    {.words = "rebuild",
     .doc = "make snapshots and query tables anew from the entries alone",
     .more = "The engine must not be running.",
     .example = "sallyport rebuild /var/lib/sallyport",
     .needs = READS,
     .operands = {OPERAND_DIR_OPTIONAL},
     .run = cli_rebuild},
    {.words = "export-log",
     .doc = "write the log as files that others' software verifies (C2SP tlog-tiles)",
     .more = "checkpoint, tile/… and tile/entries/…, up to the last signed checkpoint.",
     .example = "sallyport export-log public/ --dir /var/lib/sallyport",
     .needs = READS,
     .operands = {{.name = "OUT", .kind = VALUE_DIRECTORY, .doc = "the directory to write"}},
     .run = cli_export_log},
    {.words = "backup",
     .doc = "write the whole site into one file, also while the engine runs",
     .more = "The keys are not in it: keep a copy of DIR/keys apart. Personal details are: keep it "
             "as you "
             "keep them.",
     .example = "sallyport backup /media/backup/site.backup",
     .needs = READS,
     .operands = {OPERAND_FILE("FILE", "must not exist yet")},
     .run = cli_backup},
    {.words = "restore",
     .doc = "make a data directory of a backup",
     .more =
         "The backup is verified first. Where more was signed than it has (DIR/checkpoint, or one "
         "given), going on would fork the log: that is said, and nothing is written (exit code "
         "10). The keys are not in a backup: put them into DIR/keys.",
     .example = "sallyport restore /media/backup/site.backup /var/lib/sallyport",
     .needs = GIVES_JSON,
     .options = OPT_BIT(ACCEPT_FORK) | OPT_BIT(KEY) | OPT_BIT(CHECKPOINT),
     .operands = {OPERAND_FILE("FILE", "what `backup` wrote"),
                  {.name = "DIR", .kind = VALUE_DIRECTORY, .doc = "where"}},
     .run = cli_restore},

    {.heading = "Reader lines",
     .words = "line list",
     .doc = "list the lines of the plan, and how many of their readers are offline or insecure",
     .example = "sallyport line list",
     .needs = READS,
     .run = cli_line_list},
    {.words = "line show",
     .doc = "list the readers of a line: their addresses, doors, keys and state",
     .more =
         "Whether there is a key of its own is told, and never the key: `own`; `being set` as long "
         "as `secure: install` has not set the first, and the reader has the key that everyone "
         "knows; `being changed`; `none`. The state is `not served` while no line process speaks "
         "for it, else the worst that the journal knows: "
         "`offline`, `insecure`, `tampered`, `power failed`, else `online`.",
     .example = "sallyport line show entrance",
     .needs = READS,
     .operands = {OPERAND_PLACE("LINE", LINE, NULL, false, "a line of the plan")},
     .run = cli_line_show},
    {.words = "line run",
     .doc = "serve a line: its readers and doors, between its port and the engine",
     .more =
         "Runs until Ctrl-C or SIGTERM. Doors are wired as the plan says; without that to the "
         "first of their readers on the line: output 0 draws the bolt, input 0 tells that the door "
         "is open, input 1 that someone asks to go out, input 2 (with a lock monitor) that the "
         "bolt is out. Without the engine "
         "everything is locked, and what happens meanwhile is told later, as late. "
         "`sallyport serve` runs all lines by itself: this is for one that it leaves alone "
         "(--no-lines).",
     .example = "sallyport line run entrance",
     .needs = NEEDS_DIR,
     .operands = {OPERAND_PLACE("LINE", LINE, NULL, false, "a line of the plan")},
     .run = cli_line_run},
    {.words = "line keyset",
     .doc = "give a reader another key",
     .more =
         "The line makes it, from random bytes, keeps it and sets it within the secure channel, "
         "at once or when the reader is there again; the journal tells when it has it "
         "(reader.rekeyed). Nobody is shown it. Do so after a reader was taken off the wall.",
     .example = "sallyport line keyset s1-outer-in --as anna",
     .needs = ONE,
     .operands = {OPERAND_PLACE("READER", READER, "reader", false, "a reader of the plan")},
     .command = ASKS(READER_REKEY),
     .run = cli_change},
    {.words = "line scan",
     .doc = "find the readers on a line: their addresses, speeds and what they can do",
     .more =
         "Asks each address at each speed who it is and what it can do (ID and CAP, in clear), and "
         "sends nothing else: no reader is changed, and no card is taken from it. A session that a "
         "reader had with its panel is over then, so stop the line first; a device that a line "
         "holds is refused, and so is one on which another panel is heard. Checksums are tried "
         "where a CRC-16 is not answered. Whether a reader takes SCBK-D, the key that everyone "
         "knows, is not tried, since that would look like an attack: what it tells of it is shown. "
         "All of a serial device takes up to five and a half minutes; --baud and --address shorten "
         "it. Exit code 4 when nobody answers, 8 when it was stopped.",
     .example = "sallyport line scan /dev/ttyUSB0 --baud 9600",
     .needs = GIVES_JSON,
     .options = OPT_BIT(BAUD) | OPT_BIT(ADDRESS),
     .operands = {{.name = "WHERE",
                   .kind = VALUE_FILE,
                   .doc = "a serial device, like /dev/ttyUSB0, or tcp://HOST:PORT of a converter"}},
     .run = cli_line_scan},
    {.words = "line trace",
     .doc = "read what goes over a line, or was recorded on one, a frame a line",
     .more =
         "With the name of a line that runs: what goes over it from now on, until Ctrl-C, --count "
         "or --seconds. Sessions are opened with the keys that the line keeps, from their next "
         "handshake on; the line is not disturbed, and whoever reads too slowly is told how much "
         "is left out. With --file: bytes as they were on a line, or text: the milliseconds, "
         "`CP>PD` or `PD>CP`, and a frame in hex; lines with # are notes. Each MAC is checked "
         "where the key is known. Bits of cards are shown with --cards alone; keys that are set "
         "and digits that are typed never. --raw writes what is on the wire as such a text: on a "
         "line in clear it holds cards and PINs, so keep it as you keep those. Exit code 3 when a "
         "frame is damaged or a MAC does not hold.",
     .example = "sallyport line trace entrance --seconds 60",
     .needs = READS,
     .options = OPT_BIT(FILE) | OPT_BIT(SCBK) | OPT_BIT(CARDS) | OPT_BIT(RAW) | OPT_BIT(COUNT) |
                OPT_BIT(SECONDS),
     .operands = {OPERAND_PLACE("LINE", LINE, NULL, true, "a line of the plan, that runs")},
     .run = cli_line_trace},
    {.words = "reader",
     .doc = "be an OSDP reader and its door, for trials and tests",
     .more = "Output 0 draws the door's bolt; input 0 tells that the door is open, input 1 that "
             "someone asks to go out; --wiring says otherwise. What a panel makes it show and do "
             "is printed, a line each. "
             "What people do is typed: `card h10301:17-4711`, `key 1234#`, `open`, `close`, `rex`, "
             "`tamper on`, `power off`, `busy 3`, `restart`, `cut 10`, `wait 2`, `quit`; `help` "
             "tells all. With several readers the address comes first: `2 open`. It ends with its "
             "input, with `quit`, or on Ctrl-C. Never put it where a real door is meant.",
     .example = "sallyport reader --listen tcp://127.0.0.1:4001 --key-file reader.key",
     .needs = GIVES_JSON,
     .options = OPT_BIT(LISTEN) | OPT_BIT(CONNECT) | OPT_BIT(PTY) | OPT_BIT(ADDRESS) |
                OPT_BIT(KEY_FILE) | OPT_BIT(LABEL) | OPT_BIT(SCRIPT) | OPT_BIT(LOCK_MONITOR) |
                OPT_BIT(WIRING),
     .run = cli_reader},
};
const size_t verbs_n = sizeof verbs / sizeof verbs[0];
