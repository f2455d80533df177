#include "audit/receipt.h"

#include <inttypes.h>
#include <string.h>

struct reading {
  struct store *store;
  struct tree tree;
  struct receipt *receipt;
  uint64_t next;      /* leaf of the tree */
  struct fault fault; /* of a tile that could not be read */
};

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  struct reading *r = ctx;
  return !store_tile(r->store, level, index, tile, &r->fault);
}

static enum sp_err take_leaf(void *ctx, uint64_t n, struct span entry) {
  struct reading *r = ctx;
  struct hash leaf = tree_leaf(entry);
  if (n != r->next)
    return SP_CORRUPT;
  r->next++;
  tree_append(&r->tree, &leaf, NULL, NULL);
  return SP_OK;
}

static enum sp_err take_entry(void *ctx, uint64_t n, struct span entry) {
  struct reading *r = ctx;
  (void)n;
  buf_put(&r->receipt->entry, entry.p, entry.n);
  r->receipt->leaf = tree_leaf(entry);
  return r->receipt->entry.failed ? SP_NO_MEMORY : SP_OK;
}

static enum sp_err read_checkpoint(struct receipt *r, const struct site_dir *dir, uint64_t n,
                                   struct fault *why) {
  enum sp_err err = site_dir_vkey(dir, &r->key, why);
  if (!err)
    err = site_dir_checkpoint_read(dir, &r->note, why);
  if (!err)
    err = checkpoint_open(&r->checkpoint, buf_span(&r->note), &r->key, NULL, 0, NULL, why);
  if (!err && n >= r->checkpoint.size)
    err = fault_set(why, SP_UNAVAILABLE,
                    "entry %" PRIu64 " is not signed yet: the last checkpoint has %" PRIu64
                    " entries; the engine signs within a second, so start `sallyport serve`",
                    n, r->checkpoint.size);
  return err;
}

/* The tree that was signed. Entries beyond it, which the store may have by now, are left out. */
static enum sp_err grow(struct reading *r, struct fault *why) {
  const struct checkpoint *c = &r->receipt->checkpoint;
  enum sp_err err = tree_restore(&r->tree, c->size, read_tile, r, &r->next, why);
  if (err)
    return r->fault.err && r->fault.err != SP_NOT_FOUND
               ? fault_set(why, r->fault.err, "%s", r->fault.text)
               : err;
  err = store_entries(r->store, r->next, c->size, take_leaf, r, why);
  if (err)
    return err;
  struct hash root = tree_root(&r->tree);
  if (r->tree.size != c->size || memcmp(&root, &c->root, sizeof root) != 0)
    return fault_set(
        why, SP_CORRUPT,
        "the entries are not those that were signed: `verify` tells which were changed");
  return SP_OK;
}

enum sp_err receipt_make(struct receipt *r, const struct site_dir *dir, struct store *store,
                         uint64_t n, struct fault *why) {
  *r = (struct receipt){0};
  struct reading *reading = sp_alloc(1, sizeof *reading);
  if (!reading)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  reading->store = store;
  reading->receipt = r;
  enum sp_err err = read_checkpoint(r, dir, n, why);
  if (!err)
    err = store_entries(store, n, n + 1, take_entry, reading, why);
  if (!err && !r->entry.n)
    err = fault_set(why, SP_CORRUPT, "entry %" PRIu64 " is missing", n);
  if (!err)
    err = grow(reading, why);
  if (!err)
    err = tree_prove_inclusion(&reading->tree, n, r->checkpoint.size, read_tile, reading,
                               &r->proof.hashes, why);
  r->proof.index = n;
  r->proof.checkpoint = buf_span(&r->note);
  if (!err)
    err = tlog_proof_verify(&r->proof, &r->leaf, &r->key, NULL, why);
  sp_free(reading);
  return err;
}

void receipt_free(struct receipt *r) {
  buf_free(&r->entry);
  buf_free(&r->note);
  buf_free(&r->proof.extra);
}
