/* custody_int.h: what the files about custody share. Private to core. */
#ifndef SP_CORE_CUSTODY_INT_H
#define SP_CORE_CUSTODY_INT_H

#include "core/decide.h"

/* Dates of a command, into those of the state: no bound is always, or never. */
uint32_t from_seconds(usec t);
uint32_t until_seconds(usec t);

/* Is this place the site itself: of the same name? */
bool place_is_here(const struct core *core, uint32_t place);
void links_add(struct core *core, uint32_t a, uint32_t b, bool merged);
void links_remove(struct core *core, uint32_t a, uint32_t b, bool merged);
/* The order in force that keeps the two apart; REF_ABSENT: none. */
uint32_t order_apart(const struct core *core, uint32_t a, uint32_t b, usec at);
/* What keeps a detainee from being brought in; else *order holds them. */
void check_admission(const struct core *core, uint32_t person, usec at, uint32_t *order,
                     struct reasons *found);

#define CUSTODY_DECIDERS(X)                                                                        \
  X(AUTHORITY_ADD, authority_add)                                                                  \
  X(PLACE_ADD, place_add)                                                                          \
  X(BASIS_ADD, basis_add)                                                                          \
  X(BASIS_REPEAL, basis_repeal)                                                                    \
  X(CLASS_ADD, class_add)                                                                          \
  X(CLASS_INCLUDE, class_include)                                                                  \
  X(CLASS_DOUBT, class_doubt)                                                                      \
  X(CLASS_EXCLUDE, class_exclude)                                                                  \
  X(ORDER_RECORD, order_record)                                                                    \
  X(ORDER_AUTHENTICATE, order_authenticate)                                                        \
  X(ORDER_WRITE, order_write)                                                                      \
  X(ORDER_RECALL, order_recall)                                                                    \
  X(ORDER_REFUTE, order_refute)                                                                    \
  X(BOOKING_OPEN, booking_open)                                                                    \
  X(MARK_SET, mark_set)                                                                            \
  X(MARK_CLEAR, mark_clear)                                                                        \
  X(LINK_RECORD, link_record)                                                                      \
  X(LINK_DISMISS, link_dismiss)
#define X(NAME, name) void decide_##name(struct deciding *d);
CUSTODY_DECIDERS(X)
#undef X

#define CUSTODY_APPLIERS(X)                                                                        \
  X(AUTHORITY_ADDED, authority_added)                                                              \
  X(PLACE_ADDED, place_added)                                                                      \
  X(BASIS_ADDED, basis_added)                                                                      \
  X(BASIS_REPEALED, basis_repealed)                                                                \
  X(CLASS_ADDED, class_added)                                                                      \
  X(CLASS_ASSIGNED, class_assigned)                                                                \
  X(ORDER_RECORDED, order_recorded)                                                                \
  X(ORDER_AUTHENTICATED, order_authenticated)                                                      \
  X(ORDER_WRITTEN, order_written)                                                                  \
  X(ORDER_RECALLED, order_recalled)                                                                \
  X(ORDER_REFUTED, order_refuted)                                                                  \
  X(BOOKING_OPENED, booking_opened)                                                                \
  X(MARK_SET, mark_set)                                                                            \
  X(MARK_CLEARED, mark_cleared)                                                                    \
  X(LINK_RECORDED, link_recorded)                                                                  \
  X(LINK_DISMISSED, link_dismissed)
#define X(NAME, name) void apply_##name(struct core *core, const struct event *e);
CUSTODY_APPLIERS(X)
#undef X

#endif
