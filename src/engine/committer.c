#include "engine/committer.h"

#include "engine/engine_limits.h"
#include "journal/tile_path.h"

#include <string.h>

enum { checkpoint_note_max = note_max, snapshots_kept = 2 };

struct committer {
  struct store *store;
  const struct io *io;
  const struct note_signer *signer;
  struct tree tree;
  struct checkpoint last; /* signed; size 0: none yet */
  struct buf note;        /* its bytes, as they should be in the file */
  bool note_in_store, scrub_store;
  struct fault failure;  /* the first one; err SP_OK: none */
  struct fault tile_why; /* of a tile that could not be read */
  usec signed_at;        /* monotonic; TIME_ABSENT: not since the start */

  /* Tiles of the batch under way. */
  struct buf tiles, tile_hashes;

  /* The snapshot under way. */
  uint64_t snapshot_n;
  uint32_t snapshot_chunk;
  bool snapshot_begun;
};

/* --- The tree --- */

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  struct committer *c = ctx;
  return store_tile(c->store, level, index, tile, &c->tile_why) == SP_OK;
}

/* A tile that cannot be read right now is not one that is missing. */
static enum sp_err told(const struct committer *c, enum sp_err err, struct fault *why) {
  return err && c->tile_why.err && c->tile_why.err != SP_NOT_FOUND
             ? fault_set(why, c->tile_why.err, "%s", c->tile_why.text)
             : err;
}

static enum sp_err append_stored(void *ctx, uint64_t n, struct span entry) {
  struct committer *c = ctx;
  (void)n;
  struct hash leaf = tree_leaf(entry);
  tree_append(&c->tree, &leaf, NULL, NULL);
  return SP_OK;
}

static enum sp_err restore_tree(struct committer *c, struct fault *why) {
  uint64_t size, first;
  enum sp_err err = store_count(c->store, &size, why);
  if (!err)
    err = told(c, tree_restore(&c->tree, size, read_tile, c, &first, why), why);
  if (!err && first < size)
    err = store_entries(c->store, first, size, append_stored, c, why);
  if (!err && c->tree.size != size)
    err = fault_set(why, SP_CORRUPT, "there are fewer entries than the store says");
  return err;
}

static void keep_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  struct committer *c = ctx;
  struct store_tile t = {.level = level, .index = index};
  buf_put(&c->tiles, &t, sizeof t);
  buf_put(&c->tile_hashes, tile, tile_bytes);
}

static enum sp_err append_batch(struct committer *c, struct store_batch *batch, struct fault *why) {
  struct span rest = batch->entries, entry;
  buf_reset(&c->tiles);
  buf_reset(&c->tile_hashes);
  while (bundle_next(&rest, &entry)) {
    struct hash leaf = tree_leaf(entry);
    tree_append(&c->tree, &leaf, keep_tile, c);
  }
  SP_ASSERT(rest.n == 0 && c->tree.size == batch->first + batch->n_entries);
  if (c->tiles.failed || c->tile_hashes.failed)
    return fault_set(why, SP_NO_MEMORY, "out of memory for tiles");
  struct store_tile *tiles = (struct store_tile *)(void *)c->tiles.p;
  batch->n_tiles = (uint32_t)(c->tiles.n / sizeof *tiles);
  for (uint32_t i = 0; i < batch->n_tiles; i++)
    tiles[i].hashes =
        (const struct hash *)(const void *)(c->tile_hashes.p + i * (size_t)tile_bytes);
  batch->tiles = tiles;
  return SP_OK;
}

/* --- Checkpoints --- */

/* What stands in the file must be ours, and of this very tree. */
static enum sp_err check_consistent(struct committer *c, const struct checkpoint *was,
                                    struct fault *why) {
  struct hash root;
  if (was->size > c->tree.size)
    return fault_set(why, SP_FORK,
                     "the last signed checkpoint is of %llu entries, and the log has %llu: this is "
                     "an older copy of the site. Nothing is signed; restore a newer backup, or "
                     "see `sallyport restore --help`",
                     (unsigned long long)was->size, (unsigned long long)c->tree.size);
  c->tile_why = (struct fault){0};
  enum sp_err err = told(c, tree_root_at(&c->tree, was->size, read_tile, c, &root, why), why);
  if (!err && memcmp(root.b, was->root.b, sizeof root.b) != 0)
    err = fault_set(why, SP_FORK,
                    "the log's first %llu entries are not those that were signed: this log has "
                    "forked. Nothing is signed; `sallyport verify` tells more",
                    (unsigned long long)was->size);
  return err;
}

static enum sp_err open_note(struct committer *c, struct span note, const char *where,
                             struct fault *why) {
  struct checkpoint was;
  enum sp_err err = checkpoint_open(&was, note, &c->signer->public, NULL, 0, NULL, why);
  if (!err)
    err = check_consistent(c, &was, why);
  if (err) {
    fault_prefix(why, "%s", where);
    return err;
  }
  if (was.size >= c->last.size)
    c->last = was;
  return SP_OK;
}

static const char in_file[] = "the checkpoint file", in_store[] = "the checkpoint in the store";

static enum sp_err open_checkpoints(struct committer *c, struct fault *why) {
  struct buf stored = {0};
  enum sp_err err = c->io->checkpoint_read(c->io->ctx, &c->note, why);
  bool has_file = !err;
  if (!err)
    err = open_note(c, buf_span(&c->note), in_file, why);
  uint64_t of_file = c->last.size;
  if (err && (has_file || err != SP_NOT_FOUND))
    return err;
  err = store_meta_get(c->store, "checkpoint", &stored, why);
  bool has_stored = !err;
  if (!err)
    err = open_note(c, buf_span(&stored), in_store, why);
  if (err == SP_NOT_FOUND && !has_stored)
    err = SP_OK;
  /* The file is the witness against an older copy of the store; it may not just go missing. */
  if (!err && has_stored && !has_file)
    err = fault_set(why, SP_FORK,
                    "the checkpoint file is missing, though checkpoints were signed: put it back "
                    "from a backup, or make the log one of its own with `sallyport restore`");
  c->note_in_store =
      has_stored && (span_eq(buf_span(&stored), buf_span(&c->note)) || of_file < c->last.size);
  buf_free(&stored);
  return err;
}

/* Has anybody else signed since? The file must be as we left it; else it is judged anew. */
static enum sp_err look_again(struct committer *c, struct fault *why) {
  struct buf now = {0};
  enum sp_err err = c->io->checkpoint_read(c->io->ctx, &now, why);
  if (err == SP_NOT_FOUND && c->last.size == 0)
    err = SP_OK;
  else if (err == SP_NOT_FOUND)
    err = fault_set(why, SP_FORK, "the checkpoint file is gone: nothing more is signed");
  else if (!err && span_eq(buf_span(&now), buf_span(&c->note)))
    err = check_consistent(c, &c->last, why);
  else if (!err)
    err = open_note(c, buf_span(&now), in_file, why);
  buf_free(&now);
  return err;
}

static enum sp_err sign(struct committer *c, struct fault *why) {
  struct checkpoint next = {.size = c->tree.size, .root = tree_root(&c->tree)};
  memcpy(next.origin, c->signer->public.name, sizeof next.origin);
  enum sp_err err = look_again(c, why);
  buf_reset(&c->note);
  if (!err)
    err = checkpoint_sign(&next, c->signer, &c->note, why);
  if (!err)
    err = c->io->checkpoint_write(c->io->ctx, buf_span(&c->note), why);
  if (!err) {
    c->last = next;
    c->note_in_store = false;
  }
  return err;
}

static enum sp_err put_note(struct committer *c, struct fault *why) {
  enum sp_err err = store_meta_put(c->store, "checkpoint", buf_span(&c->note), why);
  c->note_in_store = !err;
  return err;
}

/* --- The calls --- */

enum sp_err committer_open(struct committer **out, struct store *store, const struct io *io,
                           const struct note_signer *signer, struct fault *why) {
  struct committer *c = sp_alloc(1, sizeof *c);
  if (!c)
    return fault_set(why, SP_NO_MEMORY, "out of memory for the tree");
  c->store = store;
  c->io = io;
  c->signer = signer;
  c->signed_at = TIME_ABSENT;
  enum sp_err err = restore_tree(c, why);
  if (!err)
    err = open_checkpoints(c, why);
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
  buf_free(&c->note);
  buf_free(&c->tiles);
  buf_free(&c->tile_hashes);
  sp_free(c);
}

/* Nothing is written after a failure; whoever asks next is told of that first one, since whichever
 * side is heard first says why the engine stopped. */
static enum sp_err refuse(const struct committer *c, struct fault *why) {
  if (why)
    *why = c->failure;
  return c->failure.err;
}

static enum sp_err keep_failure(struct committer *c, enum sp_err err, const struct fault *why) {
  if (err)
    fault_set(&c->failure, err, "%s", why && why->text[0] ? why->text : sp_err_text(err));
  return err;
}

/* What was erased leaves the files too. Someone may be reading them: then a little later. */
static enum sp_err scrub(struct committer *c, struct fault *why) {
  enum sp_err err = store_scrub(c->store, why);
  c->scrub_store = err == SP_BUSY;
  return err == SP_BUSY ? SP_OK : err;
}

enum sp_err committer_commit(struct committer *c, struct store_batch *batch, usec mono,
                             struct fault *why) {
  if (c->failure.err)
    return refuse(c, why);
  SP_ASSERT(batch->first == c->tree.size);
  enum sp_err err = append_batch(c, batch, why);
  if (!err)
    err = store_commit(c->store, batch, why);
  if (!err && batch->n_erased)
    err = scrub(c, why);
  if (c->signed_at == TIME_ABSENT)
    c->signed_at = mono; /* the first checkpoint comes a second later */
  return keep_failure(c, err, why);
}

usec committer_due(const struct committer *c) {
  if (c->failure.err)
    return TIME_ABSENT;
  if (c->last.size && !c->note_in_store)
    return c->signed_at == TIME_ABSENT ? INT64_MIN + 1 : c->signed_at;
  if (c->tree.size == c->last.size)
    return TIME_ABSENT;
  return c->signed_at == TIME_ABSENT ? INT64_MIN + 1
                                     : c->signed_at + (usec)checkpoint_interval_ms * USEC_PER_MS;
}

enum sp_err committer_tend(struct committer *c, usec mono, bool now, struct fault *why) {
  enum sp_err err = SP_OK;
  if (c->failure.err)
    return refuse(c, why);
  bool due = c->signed_at == TIME_ABSENT ||
             mono - c->signed_at >= (usec)checkpoint_interval_ms * USEC_PER_MS;
  if (c->tree.size != c->last.size && (due || now))
    err = sign(c, why);
  if (!err && c->scrub_store && (due || now))
    err = scrub(c, why);
  if (due)
    c->signed_at = mono;
  if (!err && c->last.size && !c->note_in_store)
    err = put_note(c, why);
  if (!err)
    err = store_maintain(c->store, why);
  return keep_failure(c, err, why);
}

/* Finished ones beyond the newest two go. */
static enum sp_err drop_old(struct committer *c, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n;
  enum sp_err err = store_snapshot_list(c->store, list, &n, why);
  for (uint32_t i = snapshots_kept; i < n && !err; i++)
    err = store_snapshot_drop(c->store, list[i].n, why);
  return err;
}

enum sp_err committer_snapshot(struct committer *c, const struct io_snapshot *s, bool *done,
                               struct fault *why) {
  enum sp_err err = SP_OK;
  *done = false;
  if (c->failure.err)
    return refuse(c, why);
  if (!c->snapshot_begun || c->snapshot_n != s->n) {
    c->snapshot_n = s->n;
    c->snapshot_chunk = 0;
    err = store_snapshot_begin(c->store, s->n, why);
    c->snapshot_begun = !err;
  }
  size_t at = (size_t)c->snapshot_chunk * store_chunk_bytes;
  if (!err && at < s->dump.n) {
    size_t n = s->dump.n - at < store_chunk_bytes ? s->dump.n - at : store_chunk_bytes;
    err = store_snapshot_put(c->store, s->n, c->snapshot_chunk++, span_of(s->dump.p + at, n), why);
  } else if (!err) {
    const struct store_snapshot row = {s->n, s->hash, s->dump.n};
    err = store_snapshot_end(c->store, &row, why);
    if (!err)
      err = drop_old(c, why);
    c->snapshot_begun = false;
    *done = true;
  }
  if (err)
    c->snapshot_begun = false;
  return err;
}

uint64_t committer_signed_size(const struct committer *c) {
  return c->last.size;
}
