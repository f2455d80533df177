/* papers.h: papers and photos that come with a command: uploaded before it on the same connection,
 * named by their SHA-256, stored in the transaction of its entry. */
#ifndef SP_ENGINE_PAPERS_H
#define SP_ENGINE_PAPERS_H

#include "engine/batch.h"
#include "engine/conn.h"

/* Sets `kept` of a command that names a paper which this connection has brought, and *extra's
 * paper. A paper that it has not brought is held elsewhere: that is no fault. */
void paper_of_command(struct conn *k, const struct core *core, struct command *c,
                      struct batch_extra *extra);

/* person.photo: its details are {"photo":SHA-256} and the bytes must be there; *details becomes
 * {"kind":…,"photo":…}. SP_INVALID: no JPEG and no PNG; SP_LIMIT; SP_NOT_FOUND: not uploaded. */
enum sp_err photo_of_command(struct conn *k, const struct core *core, const struct command *c,
                             struct span given, struct buf *details, struct batch_extra *extra,
                             struct fault *why) SP_MUST_USE;

#endif
