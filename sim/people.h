/* people.h: who is where, whatever the journal says, with which card, and what they do next.
 *
 * They badge, follow others through an open door, press buttons, push doors open, hold them, forget
 * PINs, lose cards and find those of others. Nobody here asks the engine: they stand at readers. */
#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "sim/readers.h"
#include "sim/world.h"

struct human {
  uint32_t at, kind; /* which of the people; enum person_kind */
  uint32_t area;     /* where they are */
  uint32_t person;   /* as they are registered; REF_ABSENT: not yet, as far as the desk knows */
  uint32_t steps;    /* of their registration that are done (desk.c) */
  bool asked;        /* the desk is at the next one */
  bool has_card;
  struct card card;
  char pin[8], duress[8];
  char typed[8];   /* what they will type; empty: nothing */
  uint32_t reader; /* where they wait for a light; REF_ABSENT */
  usec wakes_at;
  struct rng rng;
};

struct people *people_new(struct world *w, uint32_t n);
void people_free(struct people *p);
void people_replan(struct people *p, const struct plan *was, const struct plan *plan);

uint32_t people_count(const struct people *p);
struct human *people_at(struct people *p, uint32_t i);
/* Those who do nothing by themselves: what a scenario says, they do (doors.h, people_show). They
 * are not counted above, nobody follows them, and no desk registers them. */
enum { actors_max = 32 };
struct human *people_actor(struct people *p);
/* Holds the card to a reader. */
void people_show(struct people *p, struct human *h, uint32_t reader);
/* Somebody outside is taken to a gate, if they have a card and are not at one. */
void people_bring(struct people *p, struct human *h);
/* Nobody else begins to walk: the way is kept clear. Who is at a door goes on. */
void people_keep_clear(struct people *p, bool clear);
/* A card that nobody has had yet. */
void people_new_card(struct people *p, struct human *h);

/* A reader shows something: "granted", "refused", "waiting", or that it wants a "pin". */
void people_signal(struct people *p, uint32_t reader, const char *signal);

#endif
