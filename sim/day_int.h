/* day_int.h: what the parts of a played day share. Private to sim/scenario_day.c and sim/day_*.c.
 *
 *   scenario_day.c  the stage: time, alarms, beginning and end
 *   day_own.c       what is the scenario's, and what random clerks may therefore not touch
 *   day_clerk.c     the scripted clerk
 *   day_doors.c     cards, readers and doors
 */
#ifndef SIM_DAY_INT_H
#define SIM_DAY_INT_H

#include "core/state.h"
#include "sim/ask.h"
#include "sim/people.h"
#include "sim/scenario.h"
#include "sim/scenario_day.h"

#include <setjmp.h>

enum { day_operators_max = 32, own_max = 512, tries_max = 40 };
#define PATIENCE   (90 * USEC_PER_S) /* for whatever the world may keep from us */
#define REAL_WAIT  (10 * USEC_PER_S) /* what is shorter is waited for; else the clock is stepped */
#define SHOW_AGAIN (6 * USEC_PER_S)  /* a card that nothing came of */

/* A command as the journal has it. */
struct logged {
  struct command c;
  struct event *events;
  uint32_t n;
};

struct own {
  enum ref_kind kind;
  char name[ref_name_max + 1]; /* as the journal names it */
};

struct day {
  struct world *w;
  struct result *r;
  struct play *p;
  jmp_buf failed;

  struct logged *log;
  size_t n_log, cap_log, mark; /* mark: behind what the last line asked */
  struct own own[own_max];
  uint32_t n_own;

  struct asks asks;
  struct {
    char name[32], session[65];
  } operators[day_operators_max]; /* by index in the core */
  uint32_t first_own;             /* operator: those before are random clerks */
  uint64_t waits_for;             /* a request; 0: none */
  char *reply;                    /* to it; NULL: none came yet */

  struct {
    char name[32];
    struct human *human;
  } cards[actors_max];
  uint32_t n_cards;
  bool instant;                    /* the world is quiet for it */
  usec said;                       /* by the last line that told the time */
  usec waited;                     /* for answers and doors, in all: nothing can be later */
  struct human *last;              /* who held a card to a reader */
  uint32_t last_reader, left_open; /* door */
  int kill_at;                     /* line; 0: it was */
};

static inline struct day *day_of(struct play *p) {
  return p->at;
}

/* --- scenario_day.c --- */
/* The world goes on. Complaints of oracles end the play. */
void day_go_on(struct day *d, usec span);
/* p->out is this, and what comes after it is the next line's. */
void day_become(struct play *p, enum verdict verdict, const struct logged *l);
void day_read(struct play *p, const struct logged *l);

/* --- day_own.c --- */
bool day_names_own(const struct day *d, const struct record *r, const void *value);
bool day_by_us(const struct day *d, const struct command *c);
/* What a command of ours made is ours. */
void day_keep_own(struct day *d, const struct event *e);
/* For world.h. */
bool day_may_ask(void *ctx, const struct command *c);

/* --- day_clerk.c --- */
void day_connect(struct day *d);
void day_need_session(struct day *d, uint32_t operator_index);
/* Who has this card. */
struct human *day_human(struct day *d, const char *card);
void day_ask_operator(struct play *p, const struct asking *a);

/* --- day_doors.c --- */
void day_ask_pass(struct play *p, const struct asking *a);
void day_ask_door(struct play *p, const struct asking *a);

#endif
