/* io.h: the one table through which the engine's logic reaches the world.
 *
 * Logic (engine.c and what it is made of) is single-threaded and pure but for this table: no clock,
 * no randomness, no socket, no thread, no file elsewhere. process.c implements it with libuv and a
 * commit thread; the simulator and the unit tests with arrays. What is durable is behind the
 * store's own table (store/store.h), which only the commit side calls.
 *
 * There are two sides. The logic side asks for a commit; the commit side (committer.h) hashes,
 * writes and signs, on a thread of its own or wherever the host runs it.
 *
 * Invariants:
 *   1. no function here calls back into the engine before it returns: completions come as
 *      engine_on_… calls later;
 *   2. one commit and one snapshot are under way at a time;
 *   3. what is handed over (batch, snapshot, job) is not touched by the logic until its completion,
 *      but for the parts of a batch that batch.h calls held.
 */
#ifndef SP_ENGINE_IO_H
#define SP_ENGINE_IO_H

#include "base/record.h"

struct batch;
struct password_job;

struct io_instant {
  usec wall;    /* since 1970 UTC; may step */
  usec mono;    /* since some start; never goes back, goes on at a second a second */
  bool trusted; /* the wall clock has been set since the machine started */
};

/* A state to be written as a snapshot; the dump is the engine's until engine_on_snapshot. */
struct io_snapshot {
  uint64_t n; /* entries folded into it; entry n is the snapshot.taken that names the hash */
  struct hash hash;
  struct span dump;
};

struct io {
  void *ctx;

  /* --- For the logic side --- */
  struct io_instant (*now)(void *ctx);
  /* Fills with bytes nobody can guess (the simulator: that its seed tells). Cannot fail: a host
   * that has none ends the process. */
  void (*random)(void *ctx, void *out, size_t n);
  /* Queues bytes for a connection; they are copied. Returns how many bytes now wait for it. Of a
   * connection that is gone: does nothing, returns 0. */
  size_t (*send)(void *ctx, uint64_t conn, struct span bytes);
  /* Nothing more is received, and no engine_on_closed follows. What was queued still goes out, or
   * with `now` is dropped. */
  void (*close)(void *ctx, uint64_t conn, bool now);
  /* Makes the batch durable; engine_on_committed tells. */
  void (*commit)(void *ctx, struct batch *batch);
  /* Writes a snapshot, a chunk at a time between commits; engine_on_snapshot tells. */
  void (*snapshot)(void *ctx, const struct io_snapshot *snapshot);
  /* Runs password_job_run somewhere; engine_on_password tells. */
  void (*password)(void *ctx, struct password_job *job);
  /* Calls engine_on_timer at this monotonic time or soon after; replaces what was armed before.
   * TIME_ABSENT: not at all. */
  void (*timer)(void *ctx, usec mono);
  /* The engine has stopped for good and says why. The host ends the process with an error. */
  void (*fatal)(void *ctx, const struct fault *why);
  /* After engine_stop: everything is durable and answered. The host may end. */
  void (*stopped)(void *ctx);
  /* Something a person should know that is no obstacle: one sentence. */
  void (*warn)(void *ctx, const char *text);

  /* --- For the commit side --- */
  /* The last signed checkpoint, kept apart from the store. Appends the note; SP_NOT_FOUND: there
   * is none yet. */
  enum sp_err (*checkpoint_read)(void *ctx, struct buf *note, struct fault *why);
  /* Replaces it at once or not at all, durable when it returns. */
  enum sp_err (*checkpoint_write)(void *ctx, struct span note, struct fault *why);
};

#endif
