/* review.h: does what an entry made true still have effect? */
#ifndef SP_CLI_REVIEW_H
#define SP_CLI_REVIEW_H

#include "core/state.h"

enum { reviewed_most = 1024 }; /* passages whose end has not been read yet */

enum stands {
  STANDS_NEVER, /* it had no lasting effect */
  STANDS_STILL,
  STANDS_NO_MORE
};
struct standing {
  const char *now; /* how that stands now, in a word or two; NULL: nothing to tell */
  enum stands stands;
};

/* Of an event whose entry is in the journal that the state was folded from. */
struct standing standing_of(const struct core *core, const struct event *e);

#endif
