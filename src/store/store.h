/* store.h: what is durable, behind one table of functions. The store keeps bytes: it decides,
 * hashes and signs nothing, and whoever reads checks.
 *
 * One writer (a thread of the engine) and any number of readers, in other processes too. Every key
 * begins with the site, so one store may hold many.
 *
 * Invariants:
 *   1. commit is one transaction: all of a batch or nothing, durable when it returns SP_OK. A
 * failed commit is not retried: the engine stops.
 *   2. entries have no gap and no overlap; a row holds one batch in the form of tlog-tiles bundles.
 *   3. only full tiles are kept; blobs are found by their SHA-256; nothing is overwritten but the
 *      checkpoint, meta and snapshots;
 *   4. what is erased and scrubbed is nowhere in the files, whatever was written between.
 *
 * A function that is called back may not ask the same handle for the same thing again.
 */
#ifndef SP_STORE_STORE_H
#define SP_STORE_STORE_H

#include "base/record.h"

struct store;

/* --- What a batch holds. Everything is the caller's and only read. --- */

struct store_tile {
  unsigned level;
  uint64_t index;
  const struct hash *hashes; /* 256 */
};
struct store_blob {
  struct hash hash;
  struct span bytes;
};
/* Personal details that entry n committed to. */
struct store_details {
  uint64_t n;
  struct id subject; /* person or operator */
  struct slug type;  /* of the entry, with '-' for '.' */
  struct hash opening;
  struct span json;
};
/* A paper or a photo that entry n names, or commits to in its details: of one subject, whose it
 * goes with; zero = of nobody. */
struct store_paper {
  uint64_t n;
  struct id subject;
  struct hash hash;
  struct span bytes;
};
/* Who passed where and when: a row for each passage entry, for questions. */
struct store_passage {
  uint64_t n;
  usec at;
  struct id person; /* zero when unknown */
  struct slug gate, door, reader;
  uint32_t outcome; /* enum event_type of the entry */
  uint32_t reason;  /* the primary one; 0 when permitted, else enum reason + 1 */
};
struct store_batch {
  uint64_t first; /* index of the first entry; must be the number of entries stored */
  uint32_t n_entries;
  struct span entries; /* u16 big-endian length and bytes of each, one after the other */
  const struct store_tile *tiles;
  const struct store_blob *blobs;
  const struct store_details *details;
  const struct store_paper *papers;
  const struct id *erased;       /* subjects whose details and papers go */
  const uint64_t *erased_before; /* of each, those of entries before this one; NULL: all */
  const struct store_passage *passages;
  uint32_t n_tiles, n_blobs, n_details, n_papers, n_erased, n_passages;
};

/* Called for each row; anything but SP_OK ends the walk and is returned. */
typedef enum sp_err store_entry_fn(void *ctx, uint64_t n, struct span entry);
typedef enum sp_err store_passage_fn(void *ctx, const struct store_passage *p);
typedef enum sp_err store_details_fn(void *ctx, const struct store_details *d);
typedef enum sp_err store_blob_fn(void *ctx, const struct store_blob *b);
typedef enum sp_err store_paper_fn(void *ctx, const struct store_paper *p);
typedef enum sp_err store_tile_fn(void *ctx, const struct store_tile *t);
typedef enum sp_err store_meta_fn(void *ctx, const char *key, struct span value);
/* How far a long call has come; anything but SP_OK stops it and is returned. */
typedef enum sp_err store_progress_fn(void *ctx, uint64_t done, uint64_t all);

/* Which passages, newest first: those with from <= n < before, at most `limit`. */
struct store_question {
  struct id person;  /* zero = anyone */
  struct slug gate;  /* empty = any */
  usec since, until; /* TIME_ABSENT = no bound; until is exclusive */
  uint64_t before;   /* UINT64_MAX = from the newest */
  uint32_t limit;
  uint64_t from;     /* 0 = to the oldest */
  bool oldest_first; /* the other way: go on with from = the last n + 1 */
};

struct store_snapshot {
  uint64_t n; /* entries folded into it */
  struct hash hash;
  uint64_t bytes;
};
enum { store_snapshots_max = 16, store_chunk_bytes = 1 << 20 };

struct store_ops {
  void (*close)(struct store *s);
  enum sp_err (*commit)(struct store *s, const struct store_batch *b, struct fault *why);
  enum sp_err (*count)(struct store *s, uint64_t *n, struct fault *why);
  enum sp_err (*entries)(struct store *s, uint64_t from, uint64_t until, store_entry_fn *fn,
                         void *ctx, struct fault *why);
  enum sp_err (*tile)(struct store *s, unsigned level, uint64_t index, struct hash *hashes,
                      struct fault *why);
  enum sp_err (*blob)(struct store *s, const struct hash *hash, struct buf *out, struct fault *why);
  enum sp_err (*paper)(struct store *s, const struct hash *hash, struct buf *out,
                       struct fault *why);
  enum sp_err (*papers)(struct store *s, store_paper_fn *fn, void *ctx, struct fault *why);
  enum sp_err (*details)(struct store *s, const struct id *subject, store_details_fn *fn, void *ctx,
                         struct fault *why);
  enum sp_err (*details_at)(struct store *s, uint64_t n, store_details_fn *fn, void *ctx,
                            struct fault *why);
  enum sp_err (*details_typed)(struct store *s, const struct slug *type, store_details_fn *fn,
                               void *ctx, struct fault *why);
  enum sp_err (*passages)(struct store *s, const struct store_question *q, store_passage_fn *fn,
                          void *ctx, struct fault *why);
  enum sp_err (*tiles)(struct store *s, store_tile_fn *fn, void *ctx, struct fault *why);
  enum sp_err (*blobs)(struct store *s, store_blob_fn *fn, void *ctx, struct fault *why);
  enum sp_err (*meta_get)(struct store *s, const char *key, struct buf *out, struct fault *why);
  enum sp_err (*meta_put)(struct store *s, const char *key, struct span value, struct fault *why);
  enum sp_err (*metas)(struct store *s, store_meta_fn *fn, void *ctx, struct fault *why);
  enum sp_err (*snapshot_begin)(struct store *s, uint64_t n, struct fault *why);
  enum sp_err (*snapshot_put)(struct store *s, uint64_t n, uint32_t chunk, struct span bytes,
                              struct fault *why);
  enum sp_err (*snapshot_end)(struct store *s, const struct store_snapshot *snap,
                              struct fault *why);
  enum sp_err (*snapshot_list)(struct store *s, struct store_snapshot list[store_snapshots_max],
                               uint32_t *n, struct fault *why);
  enum sp_err (*snapshot_read)(struct store *s, uint64_t n, struct buf *out, struct fault *why);
  enum sp_err (*snapshot_chunk)(struct store *s, uint64_t n, uint32_t chunk, struct buf *out,
                                struct fault *why);
  enum sp_err (*snapshot_drop)(struct store *s, uint64_t n, struct fault *why);
  enum sp_err (*passages_clear)(struct store *s, struct fault *why);
  enum sp_err (*maintain)(struct store *s, struct fault *why);
  enum sp_err (*scrub)(struct store *s, struct fault *why);
  enum sp_err (*integrity)(struct store *s, struct fault *why);
  enum sp_err (*hold)(struct store *s, struct fault *why);
  enum sp_err (*release)(struct store *s, struct fault *why);
  enum sp_err (*backup)(struct store *s, const char *path, store_progress_fn *progress, void *ctx,
                        struct fault *why);
};

struct store {
  const struct store_ops *ops;
};

/* --- Opening --- */

enum store_mode {
  STORE_READ,
  STORE_WRITE,
  STORE_CREATE, /* a new file with one site */
  STORE_ADD,    /* a new site in a file that is there; SP_EXISTS when it has it */
};
/* SQLite, WAL, synchronous=FULL. path is the database file. SP_EXISTS when STORE_CREATE finds one,
 * SP_NOT_FOUND when there is none or no such site; site NULL is the only one there is. SP_VERSION
 * for a newer schema, SP_CORRUPT, SP_IO. */
enum sp_err store_sqlite_open(const char *path, const char *site, enum store_mode mode,
                              struct store **out, struct fault *why) SP_MUST_USE;
/* In memory, with faults to order: see store_memory.h. */
enum sp_err store_memory_open(struct store **out, struct fault *why) SP_MUST_USE;

/* --- The calls. All return SP_CORRUPT for rows that break an invariant, SP_IO for the system's.
 * --- */

static inline void store_close(struct store *s) {
  if (s)
    s->ops->close(s);
}
#define STORE_CALL(name, params, args)                                                             \
  SP_MUST_USE static inline enum sp_err store_##name params {                                      \
    return s->ops->name args;                                                                      \
  }
/* A batch with no entries (rebuild writes passages so) does not touch the journal. */
/* SP_INVALID when `entries` is not n_entries entries; SP_CORRUPT when `first` is not the next one,
 * or a tile, details or a paper of an entry are there already. */
STORE_CALL(commit, (struct store * s, const struct store_batch *b, struct fault *why), (s, b, why))
/* How many entries are stored: the next index. */
STORE_CALL(count, (struct store * s, uint64_t *n, struct fault *why), (s, n, why))
/* Entries [from, until) in order; until beyond the end is the end. */
STORE_CALL(entries,
           (struct store * s, uint64_t from, uint64_t until, store_entry_fn *fn, void *ctx,
            struct fault *why),
           (s, from, until, fn, ctx, why))
/* hashes: room for 256. SP_NOT_FOUND when it is not stored. */
STORE_CALL(tile,
           (struct store * s, unsigned level, uint64_t index, struct hash *hashes,
            struct fault *why),
           (s, level, index, hashes, why))
/* Appends the bytes. SP_NOT_FOUND. */
STORE_CALL(blob, (struct store * s, const struct hash *hash, struct buf *out, struct fault *why),
           (s, hash, out, why))
/* Appends the bytes of a paper. SP_NOT_FOUND: there is none, or it was erased. */
STORE_CALL(paper, (struct store * s, const struct hash *hash, struct buf *out, struct fault *why),
           (s, hash, out, why))
/* Every paper, by n. */
STORE_CALL(papers, (struct store * s, store_paper_fn *fn, void *ctx, struct fault *why),
           (s, fn, ctx, why))
/* Of one subject, or of all (NULL), by n. */
STORE_CALL(details,
           (struct store * s, const struct id *subject, store_details_fn *fn, void *ctx,
            struct fault *why),
           (s, subject, fn, ctx, why))
/* Of one entry. SP_NOT_FOUND when it has none, or when they were erased. */
STORE_CALL(details_at,
           (struct store * s, uint64_t n, store_details_fn *fn, void *ctx, struct fault *why),
           (s, n, fn, ctx, why))
/* Of all entries of a type ("person-added"), by n. */
STORE_CALL(details_typed,
           (struct store * s, const struct slug *type, store_details_fn *fn, void *ctx,
            struct fault *why),
           (s, type, fn, ctx, why))
/* `at` must never go back as n grows: times are found by halving. */
STORE_CALL(passages,
           (struct store * s, const struct store_question *q, store_passage_fn *fn, void *ctx,
            struct fault *why),
           (s, q, fn, ctx, why))
/* Every tile, every blob: for those who verify. */
STORE_CALL(tiles, (struct store * s, store_tile_fn *fn, void *ctx, struct fault *why),
           (s, fn, ctx, why))
STORE_CALL(blobs, (struct store * s, store_blob_fn *fn, void *ctx, struct fault *why),
           (s, fn, ctx, why))
/* Small values by name; the signed checkpoint is "checkpoint". SP_NOT_FOUND. */
STORE_CALL(meta_get, (struct store * s, const char *key, struct buf *out, struct fault *why),
           (s, key, out, why))
STORE_CALL(meta_put, (struct store * s, const char *key, struct span value, struct fault *why),
           (s, key, value, why))
/* All of them, by key. */
STORE_CALL(metas, (struct store * s, store_meta_fn *fn, void *ctx, struct fault *why),
           (s, fn, ctx, why))
/* A snapshot is written in chunks of store_chunk_bytes (the last may be shorter), each durable by
 * itself, and counts only after snapshot_end. What an interrupted one left is swept by maintain. */
STORE_CALL(snapshot_begin, (struct store * s, uint64_t n, struct fault *why), (s, n, why))
STORE_CALL(snapshot_put,
           (struct store * s, uint64_t n, uint32_t chunk, struct span bytes, struct fault *why),
           (s, n, chunk, bytes, why))
STORE_CALL(snapshot_end, (struct store * s, const struct store_snapshot *snap, struct fault *why),
           (s, snap, why))
/* Finished ones, newest first. */
STORE_CALL(snapshot_list,
           (struct store * s, struct store_snapshot list[store_snapshots_max], uint32_t *n,
            struct fault *why),
           (s, list, n, why))
/* Appends all its bytes. SP_NOT_FOUND when it is not there or not finished. */
STORE_CALL(snapshot_read, (struct store * s, uint64_t n, struct buf *out, struct fault *why),
           (s, n, out, why))
/* One chunk of it. SP_NOT_FOUND behind the last one. */
STORE_CALL(snapshot_chunk,
           (struct store * s, uint64_t n, uint32_t chunk, struct buf *out, struct fault *why),
           (s, n, chunk, out, why))
/* It is gone at once; its bytes go chunk by chunk in maintain. No fault when there is none. */
STORE_CALL(snapshot_drop, (struct store * s, uint64_t n, struct fault *why), (s, n, why))
/* Empties the query table, before it is made anew. */
STORE_CALL(passages_clear, (struct store * s, struct fault *why), (s, why))
/* Call after commits: moves what has gathered in the log into the database when it is much. */
STORE_CALL(maintain, (struct store * s, struct fault *why), (s, why))
/* After an erasure: nothing of what was erased is left in the files. */
STORE_CALL(scrub, (struct store * s, struct fault *why), (s, why))
/* The structure below the rows is sound. */
STORE_CALL(integrity, (struct store * s, struct fault *why), (s, why))
/* What is read from hold to release is of one state, whatever others write meanwhile. For handles
 * opened with STORE_READ; closing releases too. */
STORE_CALL(hold, (struct store * s, struct fault *why), (s, why))
STORE_CALL(release, (struct store * s, struct fault *why), (s, why))
#undef STORE_CALL
/* One consistent file by itself, while others write; path must not exist, and is there only when
 * the backup is whole. Keys are not in it. The handle does nothing else meanwhile: use one opened
 * with STORE_READ beside the writer's. */
SP_MUST_USE static inline enum sp_err store_backup(struct store *s, const char *path,
                                                   struct fault *why) {
  return s->ops->backup(s, path, NULL, NULL, why);
}
/* The same, told in steps of some megabytes: done and all are in pages. */
SP_MUST_USE static inline enum sp_err store_backup_told(struct store *s, const char *path,
                                                        store_progress_fn *progress, void *ctx,
                                                        struct fault *why) {
  return s->ops->backup(s, path, progress, ctx, why);
}

#endif
