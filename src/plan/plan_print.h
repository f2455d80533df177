/* plan_print.h: a compiled plan for reading: what became of the file. */
#ifndef SP_PLAN_PRINT_H
#define SP_PLAN_PRINT_H

#include "core/plan.h"

#include <jansson.h>

/* The areas as a tree with what they hold, gates with their doors and readers, levels with what
 * they open, schedules, threat levels and rules. Cells that are alike stand in one line. UTF-8,
 * nothing in it that steers a terminal (plan_check has looked). */
void plan_print_text(const struct plan *p, struct buf *out);

/* All of it, with names instead of indexes. The caller's (json_decref); NULL without memory. */
json_t *plan_print_json(const struct plan *p);

#endif
