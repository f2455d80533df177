/* areas.h: which area lies within which, and whether there is room. Private to core; what each does
 * is written as a contract at its definition, and proved (formal/README.md). */
#ifndef SP_CORE_AREAS_H
#define SP_CORE_AREAS_H

#include "core/state.h"

/* Of the areas that one who goes from one to another enters, the innermost that has no room;
 * REF_ABSENT when all have. A limit of 0 is none. own: 1 when a place in each is kept for this
 * person already; extra: others who are permitted by the same decision. */
uint32_t areas_full(const struct core *core, uint32_t from, uint32_t to, uint32_t own,
                    uint32_t extra);

#endif
