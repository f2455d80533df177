/* reading.h: a site as any reader of its store finds it: a fold of its own behind a handle of its
 * own, and the naive model beside it, which must make of each command what the entries say.
 *
 * Invariants: 1. nothing comes from inside the engine; 2. each entry is looked at as if nobody
 * trusted the store (engine/fold.h), and shown once. */
#ifndef SP_TESTS_READING_H
#define SP_TESTS_READING_H

#include "engine/fold.h"
#include "sim/scenario.h"

enum { read_events_max = 4096, read_plans_max = 16 };

struct reading {
  struct store *store; /* the reading's own handle */
  struct fold fold;
  bool begun;
  struct model *model;
  struct plan *plans[read_plans_max]; /* each that was in force: the model looks at the last two */
  uint32_t n_plans;
  /* The command that is being put together from its entries. */
  struct command command;
  struct event of_command[events_max];
  uint32_t n_of_command;
  /* What was read since reading_mark, and which command each came of. */
  struct event events[read_events_max];
  enum command_type asked[read_events_max];
  uint32_t n_events;
};

/* *r is zeroed. */
void reading_begin(struct play *p, struct reading *r, struct store *store);
void reading_mark(struct reading *r);
void reading_catch_up(struct play *p, struct reading *r);
/* What the model says of a door that is released on the word of this entry. */
void reading_released(struct play *p, struct reading *r, const char *door, uint64_t entry);
void reading_end(struct reading *r);

#endif
