/* command_text.h: commands as clients write them. */
#ifndef SIM_COMMAND_TEXT_H
#define SIM_COMMAND_TEXT_H

#include "core/core.h"

/* Without what only the engine may put in. Names are those of the
 * core that the client last saw. */
void command_text(struct buf *out, const struct core *core, const struct command *c);

#endif
