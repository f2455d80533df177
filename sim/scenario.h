/* scenario.h: scenarios, line by line, on whatever stage they are played.
 *
 * A scenario is a file of lines: an optional time, an action, and after "->" what must become true:
 * the events in order, a refusal with all its reasons, a rejection, or nothing. CONTRIBUTING.md
 * tells the words; the files are meant to be read without it.
 *
 * The rooms: scenario_lines.c reads lines, scenario_names.c knows names and times, scenario_words.c
 * and scenario_asked.c are the tables of actions, scenario_tell.c tells what became of one. Where
 * commands are played is behind struct stage: the core alone, a real engine, a simulated day.
 *
 * Invariants:
 *   1. the language knows of a stage only its table, and looks names up in p->core alone, which the
 *      stage keeps as what anybody could read of the site's entries;
 *   2. what a name means is the id that an event gave it; stages make ids as they like.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "core/core.h"
#include "core/state.h"

enum { names_max = 256, words_max = 24, defined_max = 16, plans_max = 8 };

struct play;

/* A command as a client asks it. */
struct asking {
  struct command c;     /* what a client may say; who asks; all else is the stage's */
  const char *new_name; /* what the scenario calls that which it makes; NULL: it makes nothing */
  enum ref_kind new_kind;
  const char *card, *pin, *duress; /* secrets, by what the scenario calls them; NULL: none */
  const char *details;             /* JSON; NULL: none */
  struct span source;              /* of c.plan */
};

struct words {
  int n;
  char *at[words_max];
};

struct stage {
  const char *name;
  /* Before the first line: p->now is when it begins. */
  void (*begin)(struct play *p);
  /* The site is made, with this plan and an operator of each role who is called like it. */
  void (*found)(struct play *p, const struct asking *plan);
  /* Why a line cannot be meant on this stage; NULL, or the function NULL: it can. Said of each, and
   * the line is left out. `wanted` may be NULL. */
  const char *(*cannot)(struct play *p, const struct words *w, const char *wanted);
  /* Asks, and has p->out be what became of it: verdict, reasons, events, effects. */
  void (*ask)(struct play *p, const struct asking *a);
  /* Time has come to p->now; what that makes due happens. */
  void (*pass_time)(struct play *p);
  /* Time has come to p->now: p->out is what that makes due. */
  void (*tick)(struct play *p);
  /* How many alarms are open, and the entry of the oldest; NULL: those of p->core. */
  uint32_t (*alarms)(struct play *p, uint64_t *oldest);
  /* A line was played and was as it says. */
  void (*played)(struct play *p);
  /* After the last line; all that begin and others took is given back in any case by end. */
  void (*check)(struct play *p);
  void (*end)(struct play *p);
  /* Tells of a line that is not played here; NULL: on stdout. */
  void (*left_out)(struct play *p, const char *text);
  /* Ends the play. */
  void (*fail)(const char *text) __attribute__((noreturn));
};

/* Lines under one name: "define NAME" to "end" in a given file; $1 to $9 are the words after it. */
struct defined {
  char name[32];
  struct buf lines;
};

struct named {
  enum ref_kind kind;
  char name[32];
  struct id id;
  uint32_t liked; /* of a person: how many others were found to be like them */
};

struct play {
  const struct stage *stage;
  void *at; /* the stage's own */
  const char *file;
  int line;
  const char *dir; /* of all scenarios */
  struct defined defined[defined_max];
  int n_defined;
  bool defining;
  const struct core *core; /* as entries tell the site; the stage's */
  struct plan *plans[plans_max];
  struct buf sources[plans_max];
  int n_plans;
  struct named named[names_max];
  int n_named;
  usec now;
  bool exact;         /* the line is of this very instant; else of some time after the one before */
  const char *wanted; /* of this line; may be NULL */
  usec behind;        /* knowledge older than now by this much */
  bool clock_wrong;
  struct buf details; /* of the line */
  struct outcome out;
  const char *instead; /* the stage was refused before there was a command, for what this code says;
                        * NULL: it was not */
  int lines_checked, lines_left_out;
};

/* Plays a file from its first line to its last, with the checks of the stage; `at` is the stage's.
 */
void scenario_play(const struct stage *stage, void *at, const char *file, const char *dir);

/* "FILE:LINE: what is wrong", to the stage. */
_Noreturn void scenario_fail(const struct play *p, const char *format, ...) SP_PRINTF(2, 3);
#define FAIL scenario_fail

/* --- scenario_lines.c --- */
void play_line(struct play *p, char *line);

/* --- scenario_names.c --- */
/* An id that a name of this kind always has: for stages that make ids of names. */
struct id id_of(const char *kind, const char *name);
/* Fills what only an engine may put in, ids and tags, from the names in *a. */
void fill_by_name(struct command *c, const struct asking *a);
void name_it(struct play *p, enum ref_kind kind, const char *name, struct id id);
/* The index of what has this name; fails when nothing does. */
uint32_t thing_of(struct play *p, enum ref_kind kind, const char *name);
uint32_t person_of(struct play *p, const char *name);
const char *person_name(const struct play *p, uint32_t person);
uint32_t plan_thing(struct play *p, enum ref_kind kind, const char *name);
uint32_t operator_of(struct play *p, const char *name);
usec duration_of(struct play *p, const char *s);
usec instant_of(struct play *p, const char *s);
const char *word(struct play *p, const struct words *w, int i);
/* The word after this one; NULL: it is not there. */
const char *option(const struct words *w, const char *name);
bool has_word(const struct words *w, const char *name);
usec date_option(struct play *p, const struct words *w, const char *name);

/* --- scenario_words.c, scenario_asked.c --- */
/* "by ROLE" and "and ROLE"; without them, two who may. */
struct asking asking_by(struct play *p, const struct words *w, enum command_type type);
/* Asks, and keeps the name of what was made. */
void ask(struct play *p, struct asking *a);
/* False: no action is called so. */
bool act_special(struct play *p, const struct words *w);
bool act_asked(struct play *p, const struct words *w);
/* Lines that state something: "anna is-in AREA", "area NAME holds N", "alarms N". */
bool state_line(struct play *p, const struct words *w);

/* --- scenario_register.c --- */
bool word_of_register(const char *word); /* which is followed by a list of fields */
/* Of a booking: which fields its details answer, and which of them are outstanding. */
void fill_register(struct play *p, const struct words *w, struct command *c);

/* --- scenario_tell.c --- */
void tell_outcome(const struct play *p, char *out, size_t size);
void expect(struct play *p, const char *wanted);

#endif
