#include "audit/export_log.h"

#include "audit/files.h"
#include "engine/site_dir.h"
#include "journal/tile_path.h"
#include "journal/tree.h"

#include <stdio.h>
#include <string.h>

struct exporting {
  const char *out;
  const struct progress *progress;
  struct export_result *result;
  struct checkpoint signed_root;
  struct tree tree;
  struct buf bundle, there; /* there: a file that exists already */
  uint64_t next;
  enum sp_err err; /* of a tile, from where it cannot be returned */
  struct fault *why;
};

static enum sp_err put(struct exporting *x, int level, uint64_t index, unsigned width,
                       struct span bytes) {
  char path[path_max], tile[tile_path_max];
  tile_path(tile, level, index, width);
  if (snprintf(path, sizeof path, "%s/%s", x->out, tile) >= (int)sizeof path)
    return fault_set(x->why, SP_LIMIT, "%s: the path is too long", x->out);
  buf_reset(&x->there);
  bool same =
      !audit_file_read(path, bytes.n, &x->there, NULL) && span_eq(buf_span(&x->there), bytes);
  x->result->written += !same;
  return same ? SP_OK : audit_file_put(path, bytes, x->why);
}

static void put_tile(void *ctx, unsigned level, uint64_t index,
                     const struct hash tile[tile_width]) {
  struct exporting *x = ctx;
  x->result->tiles++;
  if (!x->err)
    x->err = put(x, (int)level, index, tile_width, span_of(tile, tile_bytes));
}

static enum sp_err put_bundle(struct exporting *x, unsigned width) {
  x->result->bundles++;
  enum sp_err err =
      x->bundle.failed
          ? fault_set(x->why, SP_NO_MEMORY, "out of memory for 256 entries")
          : put(x, TILE_ENTRIES, (x->next - 1) / tile_width, width, buf_span(&x->bundle));
  buf_reset(&x->bundle);
  return err;
}

static enum sp_err put_entry(void *ctx, uint64_t n, struct span entry) {
  struct exporting *x = ctx;
  if (n != x->next)
    return fault_set(x->why, SP_CORRUPT, "entry %llu is missing", (unsigned long long)x->next);
  struct hash leaf = tree_leaf(entry);
  bundle_put(&x->bundle, entry);
  x->next++;
  tree_append(&x->tree, &leaf, put_tile, x);
  if (x->err)
    return x->err;
  if (n % 65536 == 0 && !progress_step(x->progress, "entries", n, x->signed_root.size))
    return fault_set(x->why, SP_UNAVAILABLE, "stopped at entry %llu", (unsigned long long)n);
  return x->next % tile_width == 0 ? put_bundle(x, tile_width) : SP_OK;
}

static enum sp_err put_edge(struct exporting *x) {
  enum sp_err err = SP_OK;
  for (unsigned level = 0; level < tile_levels && !err; level++) {
    unsigned width = x->tree.edge_n[level];
    if (!width)
      continue;
    x->result->tiles++;
    err = put(x, (int)level, x->tree.size >> (8 * (level + 1)), width,
              span_of(x->tree.edge[level], width * sizeof(struct hash)));
  }
  unsigned rest = (unsigned)(x->next % tile_width);
  return !err && rest ? put_bundle(x, rest) : err;
}

/* Another log's files are not mixed with ours, and a newer export is not replaced. */
static enum sp_err look_at_out(struct exporting *x, const struct note_key *key) {
  char path[path_max];
  struct buf note = {0};
  struct checkpoint there;
  struct fault none = {0};
  snprintf(path, sizeof path, "%s/checkpoint", x->out);
  enum sp_err err = audit_file_read(path, note_max, &note, &none);
  if (err == SP_NOT_FOUND)
    err = SP_OK;
  else if (err)
    err = fault_set(x->why, err, "%s", none.text);
  else if (checkpoint_open(&there, buf_span(&note), key, NULL, 0, NULL, &none))
    err =
        fault_set(x->why, SP_EXISTS, "%s has another log's files: name an empty directory", x->out);
  else if (there.size > x->signed_root.size)
    err =
        fault_set(x->why, SP_FORK,
                  "%s has %llu entries of this log, and %llu are signed here: this site was "
                  "rolled back",
                  x->out, (unsigned long long)there.size, (unsigned long long)x->signed_root.size);
  buf_free(&note);
  return err;
}

static enum sp_err export_entries(struct exporting *x, struct store *store, struct span note) {
  char path[path_max];
  tree_init(&x->tree);
  enum sp_err err = store_entries(store, 0, x->signed_root.size, put_entry, x, x->why);
  if (!err && x->next != x->signed_root.size)
    err = fault_set(x->why, SP_FORK, "%llu entries were signed, and only %llu are here",
                    (unsigned long long)x->signed_root.size, (unsigned long long)x->next);
  if (!err) {
    struct hash root = tree_root(&x->tree);
    if (memcmp(&root, &x->signed_root.root, sizeof root) != 0)
      err = fault_set(x->why, SP_CORRUPT,
                      "the entries are not those that were signed: `verify` tells which were "
                      "changed");
  }
  if (!err)
    err = put_edge(x);
  if (!err)
    err = audit_files_sync(x->out, x->why);
  snprintf(path, sizeof path, "%s/checkpoint", x->out);
  return err ? err : audit_file_replace(path, note, x->why);
}

enum sp_err export_log(const char *dir, const char *out, const struct progress *progress,
                       struct export_result *result, struct fault *why) {
  struct site_dir *site = NULL;
  struct store *store = NULL;
  struct note_key key;
  struct buf note = {0};
  struct exporting *x = sp_alloc(1, sizeof *x);
  *result = (struct export_result){0};
  if (!x)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  x->out = out;
  x->progress = progress;
  x->result = result;
  x->why = why;
  enum sp_err err = site_dir_open(&site, dir, SITE_DIR_READ, why);
  if (!err)
    err = site_dir_store(site, STORE_READ, &store, why);
  if (!err)
    err = site_dir_vkey(site, &key, why);
  if (!err)
    err = site_dir_checkpoint_read(site, &note, why);
  if (!err)
    err = checkpoint_open(&x->signed_root, buf_span(&note), &key, NULL, 0, NULL, why);
  if (!err)
    err = look_at_out(x, &key);
  if (!err)
    err = export_entries(x, store, buf_span(&note));
  result->size = x->signed_root.size;
  buf_free(&x->bundle);
  buf_free(&x->there);
  buf_free(&note);
  store_close(store);
  site_dir_close(site);
  sp_free(x);
  return err;
}
