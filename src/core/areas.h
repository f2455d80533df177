/* areas.h: which area lies within which, whether there is room, and who is counted where. Private
 * to core; what each does is written as a contract at its definition, and proved
 * (formal/README.md). */
#ifndef SP_CORE_AREAS_H
#define SP_CORE_AREAS_H

#include "core/state.h"

/* Of the areas that one who goes from one to another enters, the innermost that has no room;
 * REF_ABSENT when all have. A limit of 0 is none. own: 1 when a place in each is kept for this
 * person already; extra: others who are permitted by the same decision. */
uint32_t areas_full(const struct core *core, uint32_t from, uint32_t to, uint32_t own,
                    uint32_t extra);
/* For core_apply. Moves the counts of a person between areas: those that contain `to` but not
 * `from`, and back. */
void areas_move(struct core *core, uint32_t from, uint32_t to);
/* For core_apply. One person more (1) or less (-1) is on the way: the place that they will take is
 * counted in every area that they enter. */
void areas_reserve(struct core *core, uint32_t from, uint32_t to, int by);

#endif
