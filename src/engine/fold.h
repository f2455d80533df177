/* fold.h: the state of a site, made from what is stored: the newest snapshot that is what the
 * journal says it is, and the entries after it.
 *
 * Everything from the store is taken for bytes from outside.
 *
 * Invariants:
 *   1. a snapshot counts only if SHA-256 of its bytes is what the row and the snapshot.taken entry
 *      at its index say, its layout is ours, and it was made of that many entries; else the next
 *      older one is tried, and at last entry 0;
 *   2. no event is applied that was not looked at before (entry_read.h, fold_check.h), so damage
 *      becomes SP_CORRUPT or SP_VERSION with the entry's index, never an assertion;
 *   3. `tree` is the Merkle tree of all entries up to core_next_entry, its left side from stored
 *      tiles and its right side from the entries themselves; full tiles met on the way are the
 *      stored ones, and its root at the size of the checkpoint given is the signed one;
 *   4. after an error the state is undefined: close it.
 */
#ifndef SP_ENGINE_FOLD_H
#define SP_ENGINE_FOLD_H

#include "core/core.h"
#include "journal/entry.h"
#include "journal/note.h"
#include "journal/tree.h"
#include "store/store.h"

struct fold;

/* Told of each entry after a snapshot: before it is applied (names are those of the state before),
 * and after. Anything but SP_OK ends the fold. Either may be NULL. */
struct fold_visitor {
  void *ctx;
  enum sp_err (*before)(void *ctx, const struct fold *f, const struct entry *entry,
                        struct span bytes, const struct event *e, struct fault *why);
  enum sp_err (*after)(void *ctx, const struct fold *f, const struct entry *entry,
                       const struct event *e, struct fault *why);
};

struct fold_options {
  const char *site;                    /* slug that every entry must name; NULL: not looked at */
  const struct checkpoint *checkpoint; /* whose signature was verified; NULL: none to compare */
  const struct fold_visitor *visitor;
  bool no_snapshot; /* from entry 0 */
  bool no_tree;     /* for readers that come often: entries are not hashed, tree is empty */
};

struct fold {
  struct core *core; /* in memory of its own; see fold_close */
  struct plan *plan; /* in force, owned; NULL before the first */
  struct tree tree;
  uint64_t folded_from;      /* the snapshot's index; 0 = from the beginning */
  struct fault snapshot_why; /* of the newest snapshot that was passed over; err 0 = none was */

  /* For fold.c. */
  struct store *store;
  struct fold_options options;
  uint64_t skip_until; /* entries before it are hashed only */
  struct fault *why;
  struct outcome *outcome; /* scratch */
};

/* Folds everything that is stored. The store and what the options point at stay the caller's and
 * must outlive *f (the checkpoint only this call). SP_CORRUPT, SP_VERSION, SP_FORK (the checkpoint
 * is of more entries, or of other ones), SP_NO_MEMORY, SP_IO. fold_close in any case. */
enum sp_err fold_open(struct fold *f, struct store *store, const struct fold_options *options,
                      struct fault *why) SP_MUST_USE;
/* And what came since. *n, which may be NULL, tells how many entries. */
enum sp_err fold_catch_up(struct fold *f, uint64_t *n, struct fault *why) SP_MUST_USE;
void fold_close(struct fold *f);

/* Applies an event that was decided here, and owns its plan from then on. */
void fold_apply(struct fold *f, const struct event *e, struct plan *plan);

/* The plan of a blob that the store has; hash and content are checked. The caller's (plan_free). */
enum sp_err fold_load_plan(struct store *store, const struct hash *hash, struct plan **out,
                           struct fault *why) SP_MUST_USE;

/* An empty core in memory of its own, touched as it is used. NULL when there is none. */
struct core *fold_core_new(void);
void fold_core_free(struct core *core);
/* Decisions go to random persons: with many of them large pages spare half of the misses, and with
 * few they only cost. Call as often as you like; the system may ignore it. */
void fold_core_grown(struct core *core);

#endif
