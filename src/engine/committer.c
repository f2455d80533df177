#include "engine/committer.h"

#include "engine/engine_limits.h"
#include "journal/tile_path.h"

#include <string.h>

struct full_tile {
  unsigned level;
  uint64_t index;
  struct hash hashes[tile_width];
};

struct committer {
  struct store *store;
  const struct io *io;
  const struct note_signer *signer;
  struct tree tree;
  struct checkpoint last; /* signed; size 0 = none yet */
  bool any_signed;
  usec signed_at; /* monotonic; TIME_ABSENT = not since the start */
  bool failed;

  /* Tiles that the batch under way completes. */
  struct full_tile *tiles;
  struct store_tile *rows;
  uint32_t n_tiles, cap_tiles;
  bool no_memory;

  /* The snapshot under way; n 0 = none. */
  uint64_t snapshot_n;
  uint32_t snapshot_chunk;
};

/* --- The tree and what was signed of it --- */

/* An error to be told, besides "there is none", is kept for the one who asked. */
struct tile_source {
  struct store *store;
  enum sp_err err;
  struct fault *why;
};

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  struct tile_source *s = ctx;
  s->err = store_tile(s->store, level, index, tile, s->why);
  return s->err == SP_OK;
}

static enum sp_err append_leaf(void *ctx, uint64_t n, struct span entry) {
  (void)n;
  struct hash leaf = tree_leaf(entry);
  tree_append(ctx, &leaf, NULL, NULL);
  return SP_OK;
}

static enum sp_err restore_tree(struct committer *c, struct fault *why) {
  uint64_t size = 0, first = 0;
  struct tile_source source = {c->store, SP_OK, why};
  enum sp_err err = store_count(c->store, &size, why);
  if (!err)
    err = tree_restore(&c->tree, size, read_tile, &source, &first, why);
  if (source.err && source.err != SP_NOT_FOUND)
    err = source.err;
  if (!err)
    err = store_entries(c->store, first, size, append_leaf, &c->tree, why);
  if (!err && c->tree.size != size)
    err = fault_set(why, SP_CORRUPT,
                    "entries from %llu on are missing from the store: restore a backup",
                    (unsigned long long)c->tree.size);
  return err;
}

/* The tree has grown from what this signed checkpoint says, and from nothing else. */
static enum sp_err check_consistent(struct committer *c, const struct checkpoint *signed_one,
                                    const char *where, struct fault *why) {
  struct hash root = {{0}};
  struct tile_source source = {c->store, SP_OK, why};
  if (signed_one->size > c->tree.size)
    return fault_set(
        why, SP_FORK,
        "the log has %llu entries, and %s was signed for %llu: an older copy of the "
        "database was put in place. Nothing is signed or written: put the newer one back",
        (unsigned long long)c->tree.size, where, (unsigned long long)signed_one->size);
  enum sp_err err = tree_root_at(&c->tree, signed_one->size, read_tile, &source, &root, why);
  if (!err && memcmp(root.b, signed_one->root.b, sizeof root.b) != 0)
    err = fault_set(why, SP_FORK,
                    "the first %llu entries are not those that %s was signed for: the log was "
                    "rewritten. Nothing is signed or written: run `verify`, and restore a backup",
                    (unsigned long long)signed_one->size, where);
  return err;
}

/* Opens a signed checkpoint and holds the tree against it. */
static enum sp_err check_note(struct committer *c, struct span note, const char *where,
                              struct checkpoint *cp, struct fault *why) {
  enum sp_err err = checkpoint_open(cp, note, &c->signer->public, NULL, 0, NULL, why);
  return err ? fault_prefix(why, "%s", where) : check_consistent(c, cp, where, why);
}

/* What the file of its own says must be what this process signed last, or found at its start. */
static enum sp_err check_file(struct committer *c, bool at_start, struct fault *why) {
  struct buf note = {0};
  struct checkpoint cp = {0};
  enum sp_err err = c->io->checkpoint_read(c->io->ctx, &note, why);
  if (err == SP_NOT_FOUND && !c->any_signed) {
    buf_free(&note);
    return SP_OK;
  }
  if (err == SP_NOT_FOUND)
    err =
        fault_set(why, SP_FORK,
                  "the file of the last signed checkpoint is gone. Without it a rollback cannot be "
                  "told from growth: put it back from a copy");
  if (!err)
    err = check_note(c, buf_span(&note), "the checkpoint file", &cp, why);
  if (!err && !at_start && c->any_signed && cp.size < c->last.size)
    err = fault_set(why, SP_FORK, "the checkpoint file went back from %llu entries to %llu",
                    (unsigned long long)c->last.size, (unsigned long long)cp.size);
  if (!err) {
    c->last = cp;
    c->any_signed = true;
  }
  buf_free(&note);
  return err;
}

/* The store's copy is written after the file, so it may be behind it, never beyond. */
static enum sp_err check_stored(struct committer *c, struct fault *why) {
  struct buf note = {0};
  struct checkpoint cp = {0};
  enum sp_err err = store_meta_get(c->store, "checkpoint", &note, why);
  if (err == SP_NOT_FOUND) {
    buf_free(&note);
    return SP_OK;
  }
  if (!err)
    err = check_note(c, buf_span(&note), "the checkpoint in the database", &cp, why);
  c->any_signed |= err == SP_OK;
  buf_free(&note);
  return err;
}

enum sp_err committer_open(struct committer **out, struct store *store, const struct io *io,
                           const struct note_signer *signer, struct fault *why) {
  *out = NULL;
  struct committer *c = sp_alloc(1, sizeof *c);
  if (!c)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  c->store = store;
  c->io = io;
  c->signer = signer;
  c->signed_at = TIME_ABSENT;
  tree_init(&c->tree);
  enum sp_err err = restore_tree(c, why);
  if (!err)
    err = check_stored(c, why);
  if (!err)
    err = check_file(c, true, why);
  if (err) {
    committer_close(c);
    return err;
  }
  *out = c;
  return SP_OK;
}

void committer_close(struct committer *c) {
  if (!c)
    return;
  sp_free(c->tiles);
  sp_free(c->rows);
  sp_free(c);
}

/* --- Committing --- */

static bool room_for_tile(struct committer *c) {
  if (c->n_tiles < c->cap_tiles)
    return true;
  uint32_t wanted = c->cap_tiles ? 2 * c->cap_tiles : 32;
  struct full_tile *tiles = sp_realloc(c->tiles, wanted * sizeof *tiles);
  if (tiles)
    c->tiles = tiles;
  struct store_tile *rows = tiles ? sp_realloc(c->rows, wanted * sizeof *rows) : NULL;
  if (!rows)
    return false;
  c->rows = rows;
  c->cap_tiles = wanted;
  return true;
}

static void keep_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  struct committer *c = ctx;
  if (!room_for_tile(c)) {
    c->no_memory = true;
    return;
  }
  struct full_tile *t = &c->tiles[c->n_tiles++];
  t->level = level;
  t->index = index;
  memcpy(t->hashes, tile, sizeof t->hashes);
}

static enum sp_err failed_before(const struct committer *c, struct fault *why) {
  return c->failed ? fault_set(why, SP_IO, "the log failed before: nothing more is written")
                   : SP_OK;
}

enum sp_err committer_commit(struct committer *c, struct store_batch *batch, usec mono,
                             struct fault *why) {
  (void)mono;
  enum sp_err err = failed_before(c, why);
  if (err)
    return err;
  SP_ASSERT(!batch->n_entries || batch->first == c->tree.size);
  c->n_tiles = 0;
  struct span rest = batch->entries, entry;
  for (uint32_t i = 0; i < batch->n_entries; i++) {
    SP_ASSERT(bundle_next(&rest, &entry));
    struct hash leaf = tree_leaf(entry);
    tree_append(&c->tree, &leaf, keep_tile, c);
  }
  for (uint32_t i = 0; i < c->n_tiles; i++)
    c->rows[i] = (struct store_tile){c->tiles[i].level, c->tiles[i].index, c->tiles[i].hashes};
  batch->tiles = c->rows;
  batch->n_tiles = c->n_tiles;
  err = c->no_memory ? fault_set(why, SP_NO_MEMORY, "out of memory for the log's tiles")
                     : store_commit(c->store, batch, why);
  if (!err && batch->n_erased)
    err = store_scrub(c->store, why);
  c->failed = err != SP_OK; /* the tree is now ahead of the store: this committer is done */
  return err;
}

/* --- Signing --- */

static bool unsigned_entries(const struct committer *c) {
  return !c->any_signed || c->last.size < c->tree.size;
}

usec committer_due(const struct committer *c) {
  if (c->failed || !unsigned_entries(c))
    return TIME_ABSENT;
  return c->signed_at == TIME_ABSENT ? 0 : c->signed_at + checkpoint_interval_ms * USEC_PER_MS;
}

static enum sp_err sign(struct committer *c, struct fault *why) {
  enum sp_err err = check_file(c, false, why);
  struct checkpoint cp = {.size = c->tree.size, .root = tree_root(&c->tree)};
  struct buf note = {0};
  memcpy(cp.origin, c->signer->public.name, sizeof cp.origin);
  if (!err)
    err = checkpoint_sign(&cp, c->signer, &note, why);
  if (!err)
    err = c->io->checkpoint_write(c->io->ctx, buf_span(&note), why);
  if (!err)
    err = store_meta_put(c->store, "checkpoint", buf_span(&note), why);
  if (!err) {
    c->last = cp;
    c->any_signed = true;
  }
  buf_free(&note);
  return err;
}

enum sp_err committer_tend(struct committer *c, usec mono, bool now, struct fault *why) {
  enum sp_err err = failed_before(c, why);
  if (err)
    return err;
  usec due = committer_due(c);
  if (due != TIME_ABSENT && (now || mono >= due)) {
    err = sign(c, why);
    c->signed_at = mono;
  }
  if (!err)
    err = store_maintain(c->store, why);
  c->failed = err != SP_OK;
  return err;
}

/* --- Snapshots --- */

enum { snapshots_kept = 2 };

static enum sp_err drop_old(struct committer *c, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n = 0;
  enum sp_err err = store_snapshot_list(c->store, list, &n, why);
  for (uint32_t i = snapshots_kept; !err && i < n; i++)
    err = store_snapshot_drop(c->store, list[i].n, why);
  return err;
}

enum sp_err committer_snapshot(struct committer *c, const struct io_snapshot *s, bool *done,
                               struct fault *why) {
  *done = false;
  enum sp_err err = failed_before(c, why);
  if (err)
    return err;
  if (c->snapshot_n != s->n) {
    err = store_snapshot_begin(c->store, s->n, why);
    c->snapshot_n = s->n;
    c->snapshot_chunk = 0;
  }
  size_t at = (size_t)c->snapshot_chunk * store_chunk_bytes;
  if (!err && at < s->dump.n) {
    size_t left = s->dump.n - at;
    struct span piece =
        span_of(s->dump.p + at, left < store_chunk_bytes ? left : store_chunk_bytes);
    err = store_snapshot_put(c->store, s->n, c->snapshot_chunk++, piece, why);
    at += piece.n;
  }
  if (!err && at >= s->dump.n) {
    struct store_snapshot snap = {s->n, s->hash, s->dump.n};
    err = store_snapshot_end(c->store, &snap, why);
    if (!err)
      err = drop_old(c, why);
    c->snapshot_n = 0;
    *done = true;
  }
  c->failed = err != SP_OK;
  return err;
}

uint64_t committer_size(const struct committer *c) {
  return c->tree.size;
}

uint64_t committer_signed_size(const struct committer *c) {
  return c->any_signed ? c->last.size : 0;
}
