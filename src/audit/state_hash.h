/* state_hash.h: the state as a snapshot has it. */
#ifndef SP_AUDIT_STATE_HASH_H
#define SP_AUDIT_STATE_HASH_H

#include "core/core.h"

/* SHA-256 of core_dump. */
struct hash state_hash(const struct core *core);
/* Appends core_dump; out->failed when out of memory. */
void state_dump(const struct core *core, struct buf *out);

#endif
