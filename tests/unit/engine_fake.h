/* engine_fake.h: a world for the engine's logic in one thread: a clock that is set by hand, random
 * bytes that are counted, connections that are buffers, a commit side that runs when it is told to.
 * What the simulator does at large. */
#ifndef SP_TESTS_ENGINE_FAKE_H
#define SP_TESTS_ENGINE_FAKE_H

#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/founding.h"
#include "engine/frame.h"
#include "engine/password.h"

enum { fake_conns_max = 300, fake_password_n = 16 };

struct fake_conn {
  struct buf out; /* all that was sent, ever */
  size_t read_at;
  bool closed;
  size_t stuck; /* bytes said to be unsent, besides */
};

struct fake {
  struct io io;
  struct store *store;
  struct committer *committer;
  struct note_signer signer;
  struct fold fold; /* owns core, and until the engine has it the plan */
  struct engine *engine;
  struct io_instant now;
  uint64_t random;
  struct fake_conn conns[fake_conns_max]; /* by slot */
  struct batch *to_commit;
  struct io_snapshot snapshot;
  bool has_snapshot, stopped;
  struct password_job *jobs[password_jobs_max];
  uint32_t n_jobs;
  usec timer;
  uint32_t fatals, warnings;
  struct fault fatal;
  struct buf warned, checkpoint;
  uint64_t next_request;
};

/* A site of the plan in this file with operators anna (admin), bert (desk), carl (shift), all with
 * fake_password. In memory; the engine runs. */
#define fake_password "correct horse battery"
void fake_start(struct fake *f, const char *plan_file, uint64_t snapshot_every);
/* Any site, in a store that is open and empty, which is the fake's from now on. */
struct fake_site {
  const struct plan *plan;
  struct span source;
  const struct site_operator *operators;
  uint32_t n_operators;
  usec at; /* both when it is founded and when the engine starts */
  uint64_t snapshot_every;
  struct store *store;
};
void fake_found(struct fake *f, const struct fake_site *site);

/* The engine ends as by kill -9 and another starts from what was durable. */
void fake_crash(struct fake *f);
/* The same in two steps: between them nobody has the store open, and another handle may be put in
 * its place. */
void fake_kill(struct fake *f);
void fake_restart(struct fake *f, uint64_t snapshot_every);
void fake_end(struct fake *f);

/* Connects; the connection's number. */
uint64_t fake_connect(struct fake *f);
/* A request as text; returns its id. Flushes the engine. */
uint64_t fake_ask(struct fake *f, uint64_t conn, const char *format, ...) SP_PRINTF(3, 4);
uint64_t fake_frame(struct fake *f, uint64_t conn, enum frame_kind kind, struct span payload);
void fake_bytes(struct fake *f, uint64_t conn, const void *p, size_t n);
void fake_flush(struct fake *f);

/* Commits what the engine asked for: false when it has asked for nothing. */
bool fake_commit(struct fake *f);
/* Commits, hashes passwords and writes snapshots until nothing is left to do. */
void fake_settle(struct fake *f);
/* The commit fails. */
void fake_commit_fails(struct fake *f);
bool fake_password_done(struct fake *f);
/* Time passes, both clocks; the timer fires if it is due. */
void fake_wait(struct fake *f, usec span);

/* The next frame sent to a connection, as text; NULL: there is none. Valid until the next call. */
const char *fake_next(struct fake *f, uint64_t conn, struct frame *frame);
/* The reply to this request, after settling; fails the test when there is none. */
const char *fake_reply(struct fake *f, uint64_t conn, uint64_t id);
/* Logs in; the session as 64 digits. */
void fake_login(struct fake *f, uint64_t conn, const char *name, char session[65]);
/* Everything the engine ever gave out, and the store has: does it hold these bytes? */
bool fake_leaks(struct fake *f, const char *bytes);
/* State hash of the engine, and of what a restart makes of the store. */
struct hash fake_state(const struct core *core);
struct hash fake_folded(struct fake *f);

#endif
