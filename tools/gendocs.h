/* gendocs.h: what docs/ takes from the tables of the code. */
#ifndef SP_TOOLS_GENDOCS_H
#define SP_TOOLS_GENDOCS_H

#include "cli/verb.h"

/* sallyport-VERB(1), cut out of sallyport(1) so that both say the same. */
void man_verb(struct buf *out, const struct verb *v);

#endif
