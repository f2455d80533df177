/* engine_int.h: the engine's inside. Private to engine*.c.
 *
 *   engine.c          time, deciding, batches, effects, snapshots, stopping
 *   engine_client.c   connections, requests, answers, logins
 *   engine_like.c     the search for registrations that may be one human
 */
#ifndef SP_ENGINE_ENGINE_INT_H
#define SP_ENGINE_ENGINE_INT_H

#include "engine/batch.h"
#include "engine/conn.h"
#include "engine/engine.h"
#include "engine/like_index.h"
#include "engine/request.h"
#include "engine/session.h"

/* What waits for a password to be hashed or compared. */
struct password_wait {
  bool used;
  struct password_job job;
  uint64_t conn, request;
  /* Of a login. */
  uint32_t operator_index;
  /* Of operator.add. */
  struct command command;
  uint32_t name_n;
  char name[operator_name_bytes_max];
};

struct engine {
  const struct io *io;
  struct core *core;
  struct plan *plan;
  struct slug site;
  struct tags tags;
  uint32_t password_n;

  /* Time (engine.c). */
  bool clock_behind; /* the wall clock is behind the last entry by more than is tolerated */
  usec behind_at, behind_mono; /* where time went on from then */
  bool ahead_known;
  usec ahead; /* of engine time over the monotonic clock, when it was last looked at */
  usec due;   /* core_due as it was last asked; TIME_ABSENT */
  bool due_changed;

  /* Batches. */
  struct batch batches[2];
  struct batch *gathering, *committing; /* committing: NULL while nothing is under way */
  struct entry_writer writer;
  struct outcome outcome;
  struct buf scratch;

  /* Snapshots. */
  uint64_t snapshot_every, last_snapshot;
  struct io_snapshot snapshot;
  struct buf snapshot_dump; /* n > 0: one is under way */
  bool snapshot_waits;      /* for its entry to be durable */

  /* Stopping and failing. */
  bool stopping, stopped, failed;
  struct fault failure;

  struct like_index *likes; /* of persons: who may be the same human (engine_like.c) */
  struct like_room like_room;

  struct conns conns;
  struct sessions *sessions;
  struct password_wait waits[password_jobs_max];
  uint32_t n_waits;
  struct engine_counts counts;
};

/* --- engine.c --- */

/* Why nothing can be asked now; SP_OK when it can. */
enum sp_err engine_ready(const struct engine *e, struct fault *why) SP_MUST_USE;
/* Decides, writes down, applies, and holds the answer for conn (0: nobody asked). c's time and
 * clock are filled in here. An error means that nothing was changed and nothing is held. */
enum sp_err engine_run(struct engine *e, struct command *c, struct batch_extra *extra,
                       uint64_t conn, uint64_t request, struct fault *why) SP_MUST_USE;

/* --- engine_client.c --- */

/* Of each line whose connection ended, the readers are offline: until it is there again nobody
 * knows what happens at them. */
void engine_note_lost_lines(struct engine *e);
/* Sends the batch's answers and effects: it is durable. */
void engine_release(struct engine *e, const struct batch *b);
/* Tells whoever waits for the batch that nobody knows whether it was written. */
void engine_disclaim(struct engine *e, const struct batch *b);
/* After operator.added was applied, for those who will log in. */

/* --- engine_like.c --- */

/* Of a command that brings details of a person: searches who may be the same human, and puts those
 * into the command. Of any other nothing. SP_INVALID, SP_LIMIT, SP_NO_MEMORY. */
enum sp_err engine_search_like(struct engine *e, struct command *c, struct span details,
                               struct fault *why) SP_MUST_USE;
/* After an event was applied: what is known of whom. */
void engine_likes_follow(struct engine *e, const struct event *event, bool with_details);

#endif
