/* committer.h: the commit side: what makes a batch durable, and signs what is.
 *
 * The host calls it from one thread at a time; it has no thread, clock or file of its own. The
 * store handle is its alone while it lives.
 *
 * Invariants:
 *   1. the tree has exactly the entries that the store has, whenever no call is under way;
 *   2. a checkpoint is signed only of what is durable, only when it is consistent with the last
 *      signed one as the file of its own has it, and is in that file before it is in the store;
 *   3. after an error nothing more is written or signed.
 */
#ifndef SP_ENGINE_COMMITTER_H
#define SP_ENGINE_COMMITTER_H

#include "engine/io.h"
#include "journal/note.h"
#include "journal/tree.h"
#include "store/store.h"

struct committer;

/* Restores the tree from the store's tiles and last entries, opens the last signed checkpoint (in
 * the file and in the store) and sees that the tree is consistent with it. store, io and signer are
 * the caller's and outlive it; signer's name is the log's origin.
 * SP_FORK: the log is behind or beside what was signed; nothing is changed. SP_CORRUPT, SP_IO. */
enum sp_err committer_open(struct committer **out, struct store *store, const struct io *io,
                           const struct note_signer *signer, struct fault *why) SP_MUST_USE;
void committer_close(struct committer *c); /* NULL is fine; the store stays open */

/* Hashes the entries into the tree and writes all of the batch in one transaction. When it returns
 * SP_OK the batch is durable. batch->tiles and n_tiles are filled in here. mono: now. */
enum sp_err committer_commit(struct committer *c, struct store_batch *batch, usec mono,
                             struct fault *why) SP_MUST_USE;

/* When committer_tend has something to sign: a monotonic time, TIME_ABSENT for never. */
usec committer_due(const struct committer *c);
/* Between commits: signs when a second has passed since the last time and entries have come, and
 * lets the store tidy up, so it is called after much was written too. `now`: sign whatever is
 * unsigned (a clean stop). */
enum sp_err committer_tend(struct committer *c, usec mono, bool now, struct fault *why) SP_MUST_USE;

/* Writes the next chunk of a snapshot; the first call for another n begins it. *done: it is whole,
 * and older ones but the last two are dropped. */
enum sp_err committer_snapshot(struct committer *c, const struct io_snapshot *s, bool *done,
                               struct fault *why) SP_MUST_USE;

uint64_t committer_signed_size(const struct committer *c); /* of the last checkpoint; 0 = none */

#endif
