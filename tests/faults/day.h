/* day.h: a day of a small site, in parts. Each part begins with what the one before left on disk,
 * and can be run with a fault in it. */
#ifndef SP_TESTS_DAY_H
#define SP_TESTS_DAY_H

#include "world.h"

struct day {
  struct world w;
  struct ledger *ledger;
  char dir[200]; /* of the site */
  char out[200]; /* for what is made of it; there, and empty */
  struct world_plan plan, next_plan;
  struct world_store from; /* when there is no directory */
};

enum { DAY_ON_FILES = 1, DAY_IN_MEMORY = 2, DAY_OPENS = 4, DAY_IS_BEFORE = 8 };

struct day_part {
  const char *name;
  /* DAY_ON_FILES, DAY_IN_MEMORY; DAY_OPENS: an engine runs on it before; DAY_IS_BEFORE: it makes
   * what the day needs, and no fault is put in it. */
  unsigned where;
  uint64_t snapshot_every; /* of that engine */
  void (*run)(struct day *d);
};
extern const struct day_part day_parts[];
extern const unsigned day_parts_n;

/* A name that only personal details hold. */
#define DAY_NAME "Quillfeather"

#endif
