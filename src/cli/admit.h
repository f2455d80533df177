/* admit.h: person admit: the desk's procedures of registration (docs/registration.md), as tables:
 * which steps a kind of person goes through, and which pieces must be there before the first.
 *
 * Invariants:
 *   1. nothing is asked of the engine before every piece was read, and looked up in the site;
 *   2. each step is a command as its own verb asks it, and what was done before a failure stays.
 */
#ifndef SP_CLI_ADMIT_H
#define SP_CLI_ADMIT_H

#include "cli/ask.h"

enum admit_when { WHEN_ANY, WHEN_NEW, WHEN_KNOWN }; /* is the person registered already? */

struct admit_field {
  enum option_id option;
  const char *field; /* of the command; NULL: no more */
  bool operand;      /* of the verb that does it by hand */
};
struct admit_step {
  const char *name, *verb; /* in --json; what does it by hand */
  const char *made;        /* the member of its entry that tells what was made, or NULL */
  enum command_type command;
  enum admit_when when;
  option_set asked_by; /* without one of these it is left out; 0: never */
  option_set details;  /* what these say goes with it, and stays out of the journal */
  struct admit_field fields[6];
};
enum { admit_steps_max = 8 };
struct admit_procedure {
  unsigned kinds; /* bits of enum person_kind */
  const struct admit_step *steps[admit_steps_max];
};
const struct admit_procedure *admit_procedure(unsigned kind);
option_set admit_takes(unsigned kind); /* all options that it takes */

/* What must be there: the option, or, where members are named, one of them in what is said of the
 * person. */
struct admit_piece {
  unsigned kinds;
  enum admit_when when;
  enum option_id option; /* by which it is asked for */
  const char *members[4];
  const char *what;
};

struct admit_planned {
  const struct admit_step *step;
  uint32_t nth; /* of an option that may be given again */
  struct asked asked;
};
enum { admit_most = admit_steps_max + repeats_max };
struct admit {
  struct cli *c;
  unsigned kind;
  uint32_t person; /* REF_ABSENT: not registered yet */
  bool asks;       /* somebody types answers */
  struct ask *ask;
  struct admit_planned steps[admit_most];
  uint32_t n, done;
  json_t *row; /* what was made */
};

/* Is the option one that must be answered here? */
bool admit_must(const struct admit *a, enum option_id o);
/* Is what was given for this option right, as far as it can be told before the first step? */
enum sp_err admit_check(struct admit *a, enum option_id o) SP_MUST_USE;
/* Are the options that must be there, and no others? */
enum sp_err admit_complete(struct admit *a) SP_MUST_USE;
/* Whose procedure it is: who was named, or, of a detainee, whom the order names. */
enum sp_err admit_whose(struct admit *a) SP_MUST_USE;
/* All pieces into a->steps, each with its command; nothing is missing then, but secrets. */
enum sp_err admit_plan(struct admit *a) SP_MUST_USE;

/* On a terminal: every piece, question by question, into the options. */
struct admit_answers;
enum sp_err admit_ask_all(struct admit *a, struct admit_answers **answers) SP_MUST_USE;
void admit_answers_free(struct admit_answers *answers); /* wiped; NULL is fine */
/* What was wrong with an answer, which is asked for again. */
void admit_ask_again(struct admit *a, enum sp_err err);
/* Who is alike was told: does the operator go on? `ids`: as an entry's command names them. */
enum sp_err admit_ask_on(struct admit *a, const json_t *ids, bool *on) SP_MUST_USE;

#endif
