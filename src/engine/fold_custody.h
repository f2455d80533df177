/* fold_custody.h: the rows of fold_check.c about custody. Each returns what is wrong, as static
 * text, or NULL. */
#ifndef SP_ENGINE_FOLD_CUSTODY_H
#define SP_ENGINE_FOLD_CUSTODY_H

#include "core/state.h"

#define FOLD_CUSTODY_LIST(X)                                                                       \
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
#define X(NAME, name) const char *check_##name(const struct core *core, const struct event *e);
FOLD_CUSTODY_LIST(X)
#undef X

#endif
