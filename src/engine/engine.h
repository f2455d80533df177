/* engine.h: the one writer of a site: messages in; decisions, entries and effects out.
 *
 * Logic only: everything outside is behind struct io. One handle a site, single-threaded.
 *
 * Invariants:
 *   1. no effect and no answer that rests on an entry leaves before that entry is durable;
 *   2. one batch is being made durable at a time; what is decided meanwhile makes the next;
 *   3. after a commit failed nothing is decided, sent as done, or unlocked: io->fatal is told once,
 *      and whoever waits is answered that it is not known;
 *   4. times of entries never go back;
 *   5. a secret (card, PIN, password, session) is in no entry, answer, warning or fault, and is
 *      wiped once it was used.
 */
#ifndef SP_ENGINE_ENGINE_H
#define SP_ENGINE_ENGINE_H

#include "core/core.h"
#include "engine/engine_limits.h"
#include "engine/io.h"

struct engine;

struct engine_config {
  const struct io *io; /* outlives the engine */
  struct core *core; /* the folded state; the caller's memory, the engine's alone while it lives */
  struct plan *plan; /* in force in it, or NULL; the engine's from now on (plan_free) */
  struct slug site;
  uint8_t site_key[32];    /* of the tags; copied, and the copy here may be wiped */
  uint64_t snapshot_every; /* entries; 0 = snapshot_entries */
  uint64_t last_snapshot;  /* n of the newest one in the store; 0 = none */
  uint32_t password_n;     /* scrypt cost of new passwords; 0 = password_n of password.h */
};

/* SP_NO_MEMORY. The plan is freed in that case too. */
enum sp_err engine_new(struct engine **out, const struct engine_config *config,
                       struct fault *why) SP_MUST_USE;
/* NULL is fine. Nothing may be under way on the commit side. */
void engine_free(struct engine *e);

/* At start: an operator of the state and the details that came with operator.added, as JSON
 * ({"name":…,"scrypt":…}); without them nobody can log in as this operator. SP_CORRUPT. */
enum sp_err engine_know_operator(struct engine *e, struct id operator_id, struct span details,
                                 struct fault *why) SP_MUST_USE;

/* At start: a person of the state and details that came with person.added or person.identified, in
 * the order of their entries, so that who may be the same human is found. SP_CORRUPT. */
enum sp_err engine_know_person(struct engine *e, struct id person, struct span details,
                               struct fault *why) SP_MUST_USE;

/* --- What happens. After one or more of these the host calls engine_flush. --- */

struct engine_peer {
  uint32_t uid;
  bool ours; /* the uid is the engine's own or root */
};
/* Connections are numbered from 1 and no number comes again; those that are open at the same time
 * have different slots, which are below connections_max. */
#define ENGINE_CONN_SLOT(conn) ((uint32_t)((conn)&0xffff))
/* A client connected. SP_DENIED, SP_BUSY: the sentence is for it; engine_refusal makes its frame,
 * and the host closes. */
enum sp_err engine_on_connect(struct engine *e, const struct engine_peer *peer, uint64_t *conn,
                              struct fault *why) SP_MUST_USE;
void engine_refusal(const struct fault *why, struct buf *frame);
/* Bytes of a client, in any pieces. Those that were secret are wiped in place. */
void engine_on_bytes(struct engine *e, uint64_t conn, uint8_t *bytes, size_t n);
void engine_on_closed(struct engine *e, uint64_t conn);
void engine_on_timer(struct engine *e);
void engine_on_committed(struct engine *e, struct batch *batch, enum sp_err err,
                         const struct fault *why);
void engine_on_snapshot(struct engine *e, enum sp_err err, const struct fault *why);
void engine_on_password(struct engine *e, struct password_job *job);
/* Lines that should have come by now and did not: their readers are offline. For the host to say
 * once those that it expects had their time, after a start and after another plan. */
void engine_miss_lines(struct engine *e);
/* The commit side failed between commits (signing, a fork). */
void engine_on_failure(struct engine *e, const struct fault *why);

/* Hands what has gathered to the commit side if that is idle, and arms the timer. */
void engine_flush(struct engine *e);

/* A clean stop: requests are refused from now on; what is decided becomes durable and is answered,
 * a snapshot is written, then io->stopped. */
void engine_stop(struct engine *e);

/* --- What can be seen --- */

struct engine_counts {
  uint64_t commands, entries, batches, busy, unlocks_dropped, snapshots;
  uint32_t connections, sessions, subscribers;
};
struct engine_counts engine_counts(const struct engine *e);
const struct core *engine_core(const struct engine *e);

#endif
