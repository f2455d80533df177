/* answer.h: what the engine says: one whole frame each, appended to a buffer. */
#ifndef SP_ENGINE_ANSWER_H
#define SP_ENGINE_ANSWER_H

#include "core/core.h"
#include "engine/frame.h"

/* {"decision":"done","entries":k,"entry":{…}}, of refused ones with "reasons" too; rejected ones
 * have only these. `head` is the first entry's exact bytes (empty: there is none). Names and
 * sentences are those of the state the decision was made on. */
void answer_decision(struct buf *b, uint64_t id, const struct core *core, const struct outcome *o,
                     struct span head);
/* {"error":"not_found","text":"…"} */
void answer_error(struct buf *b, uint64_t id, const struct fault *why);
/* {"blob":hex64} */
void answer_blob(struct buf *b, uint64_t id, const struct hash *hash);
/* {"expires":…,"operator":hex,"role":…,"session":hex64} */
void answer_login(struct buf *b, uint64_t id, const struct id *operator_id, uint32_t role,
                  const struct hash *session, usec expires);
/* {"done":true} */
void answer_done(struct buf *b, uint64_t id);

/* An EFFECT frame: {"before":…,"door":…,"effect":"unlock","ms":…,"n":…,"reader":…}; a signal has
 * "signal", an alarm "alarm" with its entry's type and that entry's n, and of silent ones
 * "silent":true. before: the monotonic time, in microseconds of this machine's clock, by which the
 * reader's own timer must run; an unlock that comes later must be treated as a lock. */
void answer_effect(struct buf *b, const struct core *core, const struct outcome *o,
                   const struct effect *effect, usec before);
/* The EFFECT frame that locks a door which entry n released. */
void answer_lock(struct buf *b, const struct core *core, uint32_t door, uint64_t n);
/* That a reader is to get another key, as the entry n ordered. */
void answer_rekey(struct buf *b, const struct core *core, uint32_t reader, uint64_t n);

#endif
