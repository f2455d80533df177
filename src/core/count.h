/* count.h: roll checks: whom the journal has in each area, against what officers see there.
 * docs/custody.md ("Counts") tells the rules.
 *
 * Invariants:
 *   1. of two open counts neither area contains the other;
 *   2. count.n_differ counts the areas whose last tally differs; head.frozen the counts that
 * freeze;
 *   3. the area of a count that is open or freezes, and those tallied in an open one, are in the
 * plan.
 */
#ifndef SP_CORE_COUNT_H
#define SP_CORE_COUNT_H

#include "core/event.h"

struct core;

struct count {
  struct id id;
  uint32_t opener;             /* operator */
  uint32_t opened_s, closed_s; /* UINT32_MAX: open */
  uint32_t tallies;            /* the last one: index + 1 */
  uint32_t n_differ;           /* areas whose last tally differs */
  uint32_t resolved;           /* of one closed with a difference: by that later count, index + 1 */
  uint16_t area;               /* with all within it; NONE16: gone with a later plan */
  uint8_t differs;             /* closed with a difference */
  uint8_t unused;
};
struct tally {
  uint32_t count, next; /* next: of the count, index + 1 */
  uint32_t by, at_s;    /* by: operator */
  uint32_t expected, seen;
  uint16_t area; /* NONE16: gone with a later plan */
  uint16_t unused;
};

bool count_is_open(const struct count *c);
/* While it does, nobody is moved: open with a difference, or closed with one that no later count of
 * an area that contains its own has resolved. */
bool count_freezes(const struct count *c);
/* The one that was begun first; REF_ABSENT: none freezes. */
uint32_t count_that_freezes(const struct core *core);
/* Detainees whose area is this very one. */
uint32_t count_expected(const struct core *core, uint32_t area);
/* Areas of the count that nobody has tallied: how many, and `most` of them. */
uint32_t count_missing(const struct core *core, uint32_t count, uint32_t *areas, uint32_t most);
/* The count for which a plan keeps this area; REF_ABSENT: none. */
uint32_t count_that_needs(const struct core *core, uint32_t area);

bool core_find_count(const struct core *core, struct id id, uint32_t *index);

#endif
