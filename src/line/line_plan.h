/* line_plan.h: what a line needs of the plan, so that a change elsewhere leaves it alone. */
#ifndef SP_LINE_LINE_PLAN_H
#define SP_LINE_LINE_PLAN_H

#include "core/plan.h"

/* Appends it, by names and not by indexes: two plans with the same text are the same to the line of
 * that name. Whatever a line comes to use of the plan belongs here. has_key tells whether a reader
 * has its own key: then `install` and `required` are one, so that the end of setting readers up
 * takes none of them off the line. */
void line_plan_text(const struct plan *p, uint32_t line,
                    bool (*has_key)(void *ctx, const char *reader), void *ctx, struct buf *out);

#endif
