/* batch.h: what becomes durable together, and what is held back until it is.
 *
 * Invariants:
 *   1. a command is in a batch with all its entries, rows and details, or not at all;
 *   2. once handed to the commit side, only `rows` is read there (and its tiles filled in); what is
 *      held stays the logic's;
 *   3. nothing held leaves before the commit side has said that the batch is durable.
 */
#ifndef SP_ENGINE_BATCH_H
#define SP_ENGINE_BATCH_H

#include "core/core.h"
#include "engine/entry_write.h"
#include "store/store.h"

/* A frame that waits: an answer for one connection, or an effect for whoever subscribed. */
struct held {
  uint64_t conn;   /* of an answer; 0: an effect */
  uint32_t at, n;  /* in batch.out */
  usec until_mono; /* of an unlock: later than this it is dropped; TIME_ABSENT: it keeps */
  bool instead;    /* goes out only if it is later than that: the lock in an unlock's place */
};

struct batch {
  struct store_batch rows; /* complete after batch_seal */
  uint32_t n_commands;
  struct buf entries;      /* length and bytes of each */
  struct buf passages;     /* struct store_passage */
  struct buf details;      /* struct store_details; json.p is an offset until sealed */
  struct buf details_json; /* wiped when done with */
  struct buf erased;       /* struct id */
  struct buf before;       /* uint64_t, of each erased */
  struct buf papers;       /* struct store_paper; bytes are owned */
  uint64_t paper_bytes;
  struct buf blobs; /* struct store_blob; bytes are owned */
  struct buf out;   /* frames */
  struct buf held;  /* struct held */
};

void batch_free(struct batch *b);
/* Empty, its first entry to be n. Keeps its memory. */
void batch_begin(struct batch *b, uint64_t n);

/* What comes with a command besides its entries; all of it is copied, but blobs are taken. */
struct batch_extra {
  struct id subject; /* of the details */
  struct hash opening;
  struct span details; /* canonical JSON; n = 0: none */
  struct buf *blobs[2];
  struct hash blob_hashes[2];
  struct buf *paper; /* NULL: none */
  struct hash paper_hash;
  struct id paper_subject;
};

/* Puts in what was decided on `core`, of which nothing is applied yet, and holds its effects and,
 * for conn != 0, its answer. *extra may be NULL. mono: when it was decided. An error (SP_NO_MEMORY)
 * leaves the batch as it was. */
enum sp_err batch_command(struct batch *b, struct entry_writer *w, const struct core *core,
                          const struct slug *site, const struct command *c, const struct outcome *o,
                          const struct batch_extra *extra, uint64_t conn, uint64_t request,
                          usec mono, struct fault *why) SP_MUST_USE;
/* Holds a decision that makes no entry. False without memory. */
bool batch_hold_decision(struct batch *b, const struct core *core, const struct outcome *o,
                         uint64_t conn, uint64_t request);

/* Points rows at everything. */
void batch_seal(struct batch *b);

uint32_t batch_held(const struct batch *b, const struct held **at);

#endif
