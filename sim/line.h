/* line.h: the reader lines: they say what contacts and readers say, and carry out what the engine
 * sends; what happens while the engine cannot be reached they keep, and say later that it was. */
#ifndef SIM_LINE_H
#define SIM_LINE_H

#include "sim/world.h"

struct line *line_new(struct world *w);
void line_free(struct line *l);
void line_replan(struct line *l, const struct plan *plan);

/* What happens at the doors. */
void line_contact(struct line *l, uint32_t door); /* leaf or bolt is not as it was */
void line_rex(struct line *l, uint32_t door);
struct card {
  char format[slug_max + 1];
  char digits[24]; /* hex */
};
/* A card is held to a reader; pin: digits or "". who is told the outcome (people.h), if anyone. */
void line_card(struct line *l, uint32_t reader, const struct card *card, const char *pin,
               enum biometric biometric, uint32_t who);

/* The longest that a request waited for its answer when all had settled. */
usec line_longest(const struct line *l);

#endif
