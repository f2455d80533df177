/* register_text.h: details of a booking, for whoever asks without caring what they say. */
#ifndef SIM_REGISTER_TEXT_H
#define SIM_REGISTER_TEXT_H

#include "core/command.h"

/* Of a command about a booking: appends `,"details":{…}` that answers the fields which it says are
 * recorded, those outstanding by "declined" or "unknown" (of fields that take one). */
void register_text(struct buf *out, const struct command *c);

#endif
