/* when.h: times as people write and read them, by the site's own clocks.
 *
 *   2026-11-23, 2026-11-23T07:14[:27[.5]]   by the site's wall clock
 *   …Z or …+02:00                           as it says
 *   07:14                                   today, by the site's wall clock
 *   +8h, -30min, now                        from now on; units ms s min h d
 */
#ifndef SP_CLI_WHEN_H
#define SP_CLI_WHEN_H

#include "core/plan.h"

/* plan may be NULL: wall clocks are then UTC. SP_INVALID says which forms there are. */
enum sp_err when_parse(usec *out, const char *text, const struct plan *plan, usec now,
                       struct fault *why) SP_MUST_USE;

enum when_form {
  WHEN_CLOCK, /* "07:14:27.512" */
  WHEN_FULL,  /* "2026-11-23 07:14:27" */
  WHEN_DAY,   /* "2026-11-23" */
};
enum { when_text_max = 32 };
/* By the site's wall clock; plan may be NULL. */
void when_format(char out[when_text_max], enum when_form form, usec t, const struct plan *plan);

usec when_now(void);

#endif
