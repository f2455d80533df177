/* world.h: an engine on a real site, in one thread: the engine's logic, the commit side, the store
 * and the files as they are; clocks, clients and threads as a test tells them.
 *
 * It does what process.c does, in the same order, but nothing here may fail a test by itself: what
 * went wrong is written down in the ledger, which lies in memory that outlives the process.
 */
#ifndef SP_TESTS_WORLD_H
#define SP_TESTS_WORLD_H

#include "engine/batch.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "engine/fold.h"
#include "engine/frame.h"
#include "engine/password.h"
#include "engine/site_dir.h"

enum { ledger_answers_max = 256, ledger_errors_max = 64, ledger_text_max = 400, world_conns = 8 };

struct ledger_error {
  enum sp_err err;
  char text[ledger_text_max];
};

/* What a process was told and told others before it ended. */
struct ledger {
  struct ledger_answer {
    uint64_t n; /* the entry that the answer showed */
    struct hash bytes;
  } answers[ledger_answers_max];
  struct ledger_error errors[ledger_errors_max];
  uint32_t n_answers, n_errors, unlocks, unanswered;
  bool erased;               /* an erasure was answered as done */
  bool fatal;                /* the engine ended for good */
  bool done;                 /* the script came to its end */
  char bug[ledger_text_max]; /* what may not be, found while it ran; empty: nothing */
  uint64_t injected[16];     /* by kind of call */
};

void ledger_error(struct ledger *l, enum sp_err err, const char *text);
void ledger_bug(struct ledger *l, const char *format, ...) SP_PRINTF(2, 3);

struct world_conn {
  struct buf out; /* all that was sent */
  size_t read_at;
  bool closed, effects;
};

struct world {
  struct ledger *ledger;
  struct io io;
  struct site_dir *dir; /* NULL: the store is all there is */
  struct site_keys keys;
  struct store *store;
  struct fold fold;
  struct committer *committer;
  struct engine *engine;
  struct io_instant now;
  uint64_t random, next_request, durable; /* entries that the commit side has called durable */
  struct world_conn conns[world_conns];   /* by slot */
  struct batch *to_commit;
  struct io_snapshot snapshot;
  bool has_snapshot, stopped, failed;
  struct password_job *jobs[password_jobs_max];
  uint32_t n_jobs;
  usec timer;
  uint64_t conn;         /* that asks */
  struct buf checkpoint; /* when there is no directory */
  char session[8][65];
};

#define world_password "correct horse battery"
enum { world_password_n = 16 };

/* Opens the site in dir and starts an engine on it. `from`: the store itself, with its signer and
 * last checkpoint (which may be empty), when there is no directory; the store stays the caller's.
 */
struct world_store {
  struct store *store;
  const struct note_signer *signer;
  struct span checkpoint;
};
enum sp_err world_open(struct world *w, struct ledger *l, const char *dir,
                       const struct world_store *from, uint64_t snapshot_every,
                       struct fault *why) SP_MUST_USE;
/* As by kill -9, but that nothing leaks. */
void world_close(struct world *w);
/* A clean stop: what process.c does at SIGTERM. False when it could not be one. */
bool world_stop(struct world *w);

/* Connects; a number of a connection, 0 when it was refused. */
uint64_t world_connect(struct world *w);
void world_subscribe(struct world *w, uint64_t conn);
/* Sends a frame, lets the engine and the commit side do all there is to do, and returns the reply
 * as text, valid until the next call; NULL: none came. Whatever is an error is in the ledger. */
const char *world_frame(struct world *w, enum frame_kind kind, struct span payload);
const char *world_ask(struct world *w, const char *format, ...) SP_PRINTF(2, 3);
/* Logs in; `who` is the slot of w->session that is filled. */
void world_login(struct world *w, unsigned who, const char *name);
/* Time passes; timers fire and the commit side tends. */
void world_wait(struct world *w, usec span);
/* The id of the nth person of the state as 32 hex digits; zeros when there are not so many. */
const char *world_person(const struct world *w, uint32_t n);

/* The site with which the day begins, and what it is made of. */
struct world_plan {
  struct buf yaml, compiled;
  struct plan *plan;
};
/* `title` replaces the site's. Ends the program when it cannot be read. */
void world_plan_read(struct world_plan *p, const char *title);
void world_plan_free(struct world_plan *p);
enum sp_err world_init(const char *dir, const struct world_plan *p, struct fault *why) SP_MUST_USE;

struct hash world_state(const struct core *core);

#endif
