/* conflict.h: which orders in force say otherwise than each other. The question of a movement
 * (permit.c) and what is told when an order comes into force rest on the same rules;
 * docs/custody.md
 * ("The question", "Orders that contradict each other") tells them. */
#ifndef SP_CORE_CONFLICT_H
#define SP_CORE_CONFLICT_H

#include "core/custody.h"
#include "core/movement.h"

enum { conflicts_told_most = 3 };

/* Is an order of this kind what such a movement needs? */
bool authorises(enum movement_kind movement, enum order_kind order);
bool names_country(const struct order *o, uint32_t country);
/* Does it forbid such a movement from here, wherever that leads? */
bool forbids_kind(const struct core *core, const struct order *o, enum movement_kind kind);
/* Does it hold them here, beyond what this release (REF_ABSENT: none is cited) sets aside? */
bool holds_beyond(const struct core *core, uint32_t release, uint32_t order);
/* Does it free them, or lead them elsewhere than such a movement to this place by the order cited?
 */
bool leads_elsewhere(const struct core *core, enum movement_kind kind, uint32_t cited, uint32_t to,
                     uint32_t order);
/* The strongest of what is said of any of these registrations. */
uint32_t membership_of(const struct core *core, const struct linked *linked, uint32_t class);

/* The orders in force that contradict this one, which is about a person: `most` at most, those
 * recorded last, the last first; returns how many. The order may be one that is just being recorded
 * (its index is then the next). as_if: an order that counts as authenticated; REF_ABSENT: none. */
uint32_t orders_against(const struct core *core, const struct order *o, uint32_t index, usec at,
                        uint32_t as_if, uint32_t *found, uint32_t most);

#endif
