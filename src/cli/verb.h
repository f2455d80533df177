/* verb.h: what can be typed, as two tables: options and verbs. Parsing, help, docs/cli.md, man
 * pages and shell completion are all made from them (args.h, help.h).
 *
 * A new verb is a row in verbs.c and its function in one of the cli_*.c files.
 */
#ifndef SP_CLI_VERB_H
#define SP_CLI_VERB_H

#include "contain/contain.h"
#include "core/state.h"

enum value_kind {
  VALUE_FLAG,   /* no value */
  VALUE_TEXT,   /* anything */
  VALUE_NUMBER, /* 0 to 2^53-1 */
  VALUE_TIME,   /* see when.h; kept as text until the site's zone is known */
  VALUE_FD,     /* an open file descriptor */
  VALUE_FILE,
  VALUE_DIRECTORY,
  VALUE_CHOICE,     /* one of names[] */
  VALUE_PERSON,     /* number with check digit, or id */
  VALUE_CREDENTIAL, /* id, or its first digits */
  VALUE_OPERATOR,   /* login name, or id */
  VALUE_PLACE,      /* a name in the plan */
  VALUE_FIELD,      /* as the field of the command is (fields.h) */
};

/* X(NAME, "long", kind, "VALUE", names, "what holds without it" or NULL, may repeat, "meaning") */
#define OPTION_LIST(X)                                                                             \
  X(HELP, "help", VALUE_FLAG, NULL, NULL, NULL, false, "explain the verb, with an example")        \
  X(DIR, "dir", VALUE_DIRECTORY, "DIR", NULL, "$SALLYPORT_DIR, else ./site", false,                \
    "the site's data directory")                                                                   \
  X(JSON, "json", VALUE_FLAG, NULL, NULL, NULL, false,                                             \
    "JSON for programs: one object, or one a line; times in UTC")                                  \
  X(AS, "as", VALUE_OPERATOR, "NAME", NULL, NULL, false, "the operator who asks")                  \
  X(PASSWORD_FD, "password-fd", VALUE_FD, "N", NULL, "the terminal asks", false,                   \
    "read their password from file descriptor N, one line")                                        \
  X(SECOND, "second", VALUE_OPERATOR, "NAME", NULL, NULL, false,                                   \
    "a second operator, of another role, who agrees")                                              \
  X(SECOND_PASSWORD_FD, "second-password-fd", VALUE_FD, "N", NULL, "the terminal asks", false,     \
    "likewise, of the second operator")                                                            \
  X(PLAN, "plan", VALUE_FILE, "FILE", NULL, NULL, false, "the site plan, in YAML")                 \
  X(OPERATOR, "operator", VALUE_TEXT, "NAME:ROLE", NULL, NULL, true,                               \
    "an operator to begin with; may be given again")                                               \
  X(ORIGIN, "origin", VALUE_TEXT, "NAME", NULL, "sallyport.local/SITE", false,                     \
    "name of the log, for ever: best a name in a domain of yours, like gate.example.org/site")     \
  X(USER, "user", VALUE_TEXT, "NAME", NULL, "the owner of the site's directory", false,            \
    "as whom to run it, by name or number, when root starts it")                                   \
  X(CONTAINMENT, "containment", VALUE_CHOICE, "HOW", containment_names, "usual", false,            \
    "what this kernel must be able to do, or it is not started: see docs/containment.md")          \
  X(NO_LINES, "no-lines", VALUE_FLAG, NULL, NULL, NULL, false,                                     \
    "the engine alone: lines are run one by one, by `sallyport line run`")                         \
  X(KIND, "kind", VALUE_CHOICE, "KIND", person_kind_names, NULL, false, "kind of person")          \
  X(STATE, "state", VALUE_CHOICE, "STATE", person_state_names, NULL, false, "only those in it")    \
  X(NAME, "name", VALUE_TEXT, "TEXT", NULL, NULL, false, "their name; kept out of the journal")    \
  X(BIRTH_DATE, "birth-date", VALUE_TEXT, "YYYY-MM-DD", NULL, NULL, false, "kept out likewise")    \
  X(DOCUMENT, "document", VALUE_TEXT, "TEXT", NULL, NULL, false,                                   \
    "number of an identity document; kept out likewise")                                           \
  X(ALIAS, "alias", VALUE_TEXT, "TEXT", NULL, NULL, true,                                          \
    "another name of theirs; kept out likewise; may be given again")                               \
  X(IDENTIFIER, "identifier", VALUE_TEXT, "TYPE:NUMBER", NULL, NULL, true,                         \
    "a document or other number of theirs, like passport:X1234567; kept out likewise; may be "     \
    "given again")                                                                                 \
  X(PURPOSE, "purpose", VALUE_TEXT, "TEXT", NULL, NULL, false, "what for; kept out likewise")      \
  X(REFERENCE, "reference", VALUE_TEXT, "TEXT", NULL, NULL, false,                                 \
    "its number at the issuer; kept out of the journal")                                           \
  X(OFFICIAL, "official", VALUE_TEXT, "TEXT", NULL, NULL, false,                                   \
    "who signed or spoke it; kept out likewise")                                                   \
  X(FINDING, "finding", VALUE_TEXT, "TEXT", NULL, NULL, false,                                     \
    "the cause in words; kept out of the journal")                                                 \
  X(HANDED_TO, "handed-to", VALUE_TEXT, "TEXT", NULL, NULL, false,                                 \
    "to whom; kept out of the journal")                                                            \
  X(DETAILS_FILE, "details-file", VALUE_FILE, "FILE", NULL, NULL, false,                           \
    "all details as one JSON object; - reads standard input")                                      \
  X(DETAILS, "details", VALUE_FLAG, NULL, NULL, NULL, false,                                       \
    "names and other details too: needs --as, and is journaled")                                   \
  X(ORDER, "order", VALUE_TEXT, "ORDER", NULL, NULL, false, "the order that holds them")           \
  X(HOST, "host", VALUE_PERSON, "PERSON", NULL, NULL, false, "who of the staff receives them")     \
  X(ABOUT, "about", VALUE_PERSON, "PERSON", NULL, NULL, false, "the detainee whom they visit")     \
  X(LEVEL, "level", VALUE_PLACE, "LEVEL", NULL, NULL, true,                                        \
    "an access level of the plan; may be given again")                                             \
  X(FROM, "from", VALUE_TIME, "TIME", NULL, "no bound", false, "valid from then on")               \
  X(UNTIL, "until", VALUE_TIME, "TIME", NULL, "no bound", false, "and before then")                \
  X(GROUND, "ground", VALUE_CHOICE, "GROUND", erasure_ground_names, NULL, false,                   \
    "what asks for the erasure")                                                                   \
  X(CARD, "card", VALUE_FLAG, NULL, NULL, NULL, false, "ask for a card on the terminal")           \
  X(ONCE, "once", VALUE_FLAG, NULL, NULL, NULL, false,                                             \
    "a one-time pass: one way in and one way out; needs --until")                                  \
  X(CARD_FD, "card-fd", VALUE_FD, "N", NULL, "the terminal asks", false,                           \
    "read the card from file descriptor N: one line FORMAT:NUMBER, the number decimal, 0x… or "  \
    "field by field, 188-24910")                                                                   \
  X(PIN_FD, "pin-fd", VALUE_FD, "N", NULL, NULL, false,                                            \
    "read the PIN from file descriptor N: one line of 4 to 12 digits")                             \
  X(DURESS_FD, "duress-fd", VALUE_FD, "N", NULL, NULL, false,                                      \
    "read a duress PIN too, which opens and raises a silent alarm")                                \
  X(DURESS, "duress", VALUE_FLAG, NULL, NULL, NULL, false, "ask for a duress PIN too")             \
  X(PIN, "pin", VALUE_FLAG, NULL, NULL, NULL, false, "ask for a PIN on the terminal")              \
  X(CLEAR, "clear", VALUE_FLAG, NULL, NULL, NULL, false, "remove the PIN")                         \
  X(BIOMETRIC, "biometric", VALUE_CHOICE, "SAYS", biometric_names, "none", false,                  \
    "what the reader's sensor says")                                                               \
  X(WALK, "walk", VALUE_FLAG, NULL, NULL, NULL, false,                                             \
    "when granted, also report the door opened, closed and locked")                                \
  X(PERSON, "person", VALUE_PERSON, "PERSON", NULL, NULL, false, "only what is about this person") \
  X(GATE, "gate", VALUE_PLACE, "GATE", NULL, NULL, false, "only what is about this gate")          \
  X(AREA, "area", VALUE_PLACE, "AREA", NULL, NULL, false, "only those there")                      \
  X(TYPE, "type", VALUE_TEXT, "TYPE", NULL, NULL, true,                                            \
    "only entries of this type, as docs/journal.md lists them; may be given again")                \
  X(SINCE, "since", VALUE_TIME, "TIME", NULL, NULL, false, "only from then on")                    \
  X(LIMIT, "limit", VALUE_NUMBER, "N", NULL, NULL, false, "the last N")                            \
  X(TREE, "tree", VALUE_FLAG, NULL, NULL, NULL, false,                                             \
    "what became of it instead: areas as a tree, gates, levels, schedules, rules")                 \
  X(FOLLOW, "follow", VALUE_FLAG, NULL, NULL, NULL, false, "go on as entries come; Ctrl-C ends")   \
  X(DRY_RUN, "dry-run", VALUE_FLAG, NULL, NULL, NULL, false, "check every row, change nothing")    \
  X(KEY, "key", VALUE_TEXT, "VKEY", NULL, "the site's own", false,                                 \
    "the log's verifier key, as `init` printed it")                                                \
  X(CHECKPOINT, "checkpoint", VALUE_FILE, "FILE", NULL, NULL, false,                               \
    "a signed checkpoint that someone kept: the log must still hold it")                           \
  X(ACCEPT_FORK, "accept-fork", VALUE_FLAG, NULL, NULL, NULL, false,                               \
    "restore a backup that is behind the last signed checkpoint, as a log of its own")             \
  X(OUT, "out", VALUE_FILE, "FILE", NULL, NULL, false, "write it there")                           \
  X(NIEM, "niem", VALUE_FLAG, NULL, NULL, NULL, false, "in NIEM's names: docs/niem.md has them")   \
  X(QR, "qr", VALUE_FILE, "FILE.svg", NULL, NULL, false, "write the QR code there, as SVG")        \
  X(ENTRY, "entry", VALUE_FILE, "FILE", NULL, "what the receipt itself holds", false,              \
    "what was recorded, byte for byte, as `log --json` gives it")                                  \
  X(LISTEN, "listen", VALUE_TEXT, "tcp://HOST:PORT", NULL, NULL, false,                            \
    "wait there for a panel; port 0: any that is free, which is told")                             \
  X(CONNECT, "connect", VALUE_TEXT, "tcp://HOST:PORT", NULL, NULL, false,                          \
    "connect to a panel that waits there, again and again")                                        \
  X(PTY, "pty", VALUE_FILE, "PATH", NULL, NULL, false,                                             \
    "make a serial line and link PATH to it, for as long as it runs")                              \
  X(ADDRESS, "address", VALUE_TEXT, "N", NULL, "0; of `line scan` all, 0-126", false,              \
    "of the reader, 0 to 126; 0-3 are four on one line")                                           \
  X(BAUD, "baud", VALUE_NUMBER, "N", NULL, "every speed that OSDP knows", false,                   \
    "the speed of a serial device, 9600 to 230400")                                                \
  X(KEY_FILE, "key-file", VALUE_FILE, "FILE", NULL, "no key, and one that is set is forgotten",    \
    false,                                                                                         \
    "32 hex digits, mode 0600; none there: the panel sets the first, and it is kept there. Of "    \
    "several readers FILE.ADDRESS")                                                                \
  X(FILE, "file", VALUE_FILE, "FILE", NULL, NULL, false,                                           \
    "what was recorded; - reads standard input")                                                   \
  X(SCBK, "scbk", VALUE_FILE, "FILE", NULL, "SCBK-D alone", true,                                  \
    "a reader's key, which opens its sessions: 32 hex digits, mode 0600; may be given again")      \
  X(CARDS, "cards", VALUE_FLAG, NULL, NULL, NULL, false, "show the bits of cards too")             \
  X(RAW, "raw", VALUE_FLAG, NULL, NULL, NULL, false,                                               \
    "what is on the wire, as text to be kept and read later with --file")                          \
  X(COUNT, "count", VALUE_NUMBER, "N", NULL, "until Ctrl-C", false, "end after N frames")          \
  X(SECONDS, "seconds", VALUE_NUMBER, "S", NULL, "until Ctrl-C", false, "end after S seconds")     \
  X(LABEL, "label", VALUE_TEXT, "TEXT", NULL, NULL, false, "begins every line that is printed")    \
  X(SCRIPT, "script", VALUE_FILE, "FILE", NULL, "words are typed", false,                          \
    "what happens at the reader, a line each; a wrong word ends it; - reads standard input")       \
  X(LOCK_MONITOR, "lock-monitor", VALUE_FLAG, NULL, NULL, NULL, false,                             \
    "a contact at the bolt, as input 2")                                                           \
  X(WIRING, "wiring", VALUE_TEXT, "WIRES", NULL, "strike=0,contact=0,rex=1,lock-monitor=2", false, \
    "numbers of the output and the inputs, like strike=1,contact=0:inverted; as `wiring` in a "    \
    "plan")

enum option_id {
#define X(NAME, ...) OPT_##NAME,
  OPTION_LIST(X)
#undef X
      OPTION_COUNT
};

/* Bits of them. */
typedef unsigned __int128 option_set;
#define OPT_BIT(NAME) ((option_set)1 << OPT_##NAME)
_Static_assert(OPTION_COUNT <= 128, "options are bits of one number");

struct option_row {
  const char *name;
  enum value_kind kind;
  const char *value;
  const char *const *names; /* of VALUE_CHOICE, ended by NULL */
  const char *fallback;
  bool repeats;
  const char *doc;
};
const struct option_row *option_row(enum option_id id);

enum { operands_max = 3, repeats_max = 32 };
struct operand {
  const char *name; /* "PERSON"; NULL = no more */
  enum value_kind kind;
  bool optional;
  const char *const *names; /* of VALUE_CHOICE */
  enum ref_kind ref;        /* of VALUE_PLACE */
  const char *field;        /* of the command's JSON (core/command.c) that it becomes, or NULL */
  const char *doc;
};

enum verb_needs {
  NEEDS_DIR = 1,      /* takes --dir */
  NEEDS_ENGINE = 2,   /* the engine must be running */
  NEEDS_OPERATOR = 4, /* takes --as and must have it */
  MAY_OPERATOR = 8,   /* takes --as */
  NEEDS_SECOND = 16,  /* takes --second; the engine says when it must be there */
  GIVES_JSON = 32,    /* takes --json */
};

struct cli;
struct verb {
  const char *heading; /* of the first verb of a part of the docs; NULL = same part */
  const char *words;   /* "person add" */
  const char *doc;     /* one line, lower case, no full stop */
  const char *more;    /* a paragraph, or NULL */
  const char *example; /* one or more lines */
  unsigned needs;
  option_set options;  /* besides those that `needs` gives */
  option_set required; /* of them */
  struct operand operands[operands_max];
  uint32_t command;  /* enum command_type + 1 of what it asks of the engine; 0 = nothing */
  bool fields;       /* takes the other fields of its command as options (fields.h) */
  const char *fixed; /* "sign":"opened" of that command, or NULL */
  enum sp_err (*run)(struct cli *cli);
};
extern const struct verb verbs[];
extern const size_t verbs_n;

/* All that the verb takes. */
option_set verb_options(const struct verb *v);

#endif
