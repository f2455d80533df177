/* register_text.h: details of a booking, for whoever asks without caring what they say. */
#ifndef SIM_REGISTER_TEXT_H
#define SIM_REGISTER_TEXT_H

#include "base/bytes.h"

/* Appends an object that answers these fields, those outstanding by "declined" or "unknown" (of
 * fields that take one). */
void register_text(struct buf *out, uint32_t recorded, uint32_t outstanding);

#endif
