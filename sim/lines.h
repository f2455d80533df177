/* lines.h: the processes that run the lines of the plan: each has the real line (line/line.h), a
 * bus with the readers of that line (bus.h, readers.h), and a connection to the engine. They begin,
 * are killed, and begin anew when the plan in force changes them, as line/line_keep.h has it. */
#ifndef SIM_LINES_H
#define SIM_LINES_H

#include "sim/bus.h"
#include "sim/world.h"

struct lines *lines_new(struct world *w);
void lines_free(struct lines *all);
void lines_replan(struct lines *all, const struct plan *plan);

/* The bus of a line; NULL: there is no such line. */
struct bus *lines_bus(const struct lines *all, const struct slug *line);

/* The longest that a request waited for its answer when all had settled. */
usec lines_longest(const struct lines *all);

#endif
