#include "audit/tlog_files.h"

#include "audit/files.h"
#include "journal/tile_path.h"

#include <stdio.h>
#include <string.h>

enum { bundle_max = tile_width * (2 + entry_max) };

static enum sp_err open_tile(const struct tlog_files *t, struct buf *out, int level, uint64_t index,
                             unsigned width, struct fault *why) {
  char path[path_max], tile[tile_path_max];
  tile_path(tile, level, index, width);
  if (snprintf(path, sizeof path, "%s/%s", t->dir, tile) >= (int)sizeof path)
    return fault_set(why, SP_LIMIT, "%s: the path is too long", t->dir);
  buf_reset(out);
  return audit_file_read(path, level == TILE_ENTRIES ? bundle_max : tile_bytes, out, why);
}

static bool read_tile(void *ctx, unsigned level, uint64_t index, unsigned width,
                      struct hash *tile) {
  struct tlog_files *t = ctx;
  if (open_tile(t, &t->hashes, (int)level, index, width, NULL) ||
      t->hashes.n != width * sizeof *tile)
    return false;
  t->files++;
  memcpy(tile, t->hashes.p, t->hashes.n);
  return true;
}

/* One bundle; what is missing in it is skipped, which the check notices. */
static enum sp_err walk_bundle(struct tlog_files *t, uint64_t first, unsigned width, log_take *take,
                               void *sink, struct fault *why) {
  struct fault missing = {0};
  enum sp_err err = open_tile(t, &t->bundle, TILE_ENTRIES, first / tile_width, width, &missing);
  if (err == SP_NO_MEMORY)
    return fault_set(why, err, "%s", missing.text);
  if (err) {
    report_fault(t->report, &missing, "entries from %llu on", (unsigned long long)first);
    return SP_OK;
  }
  t->files++;
  struct span rest = buf_span(&t->bundle), entry;
  unsigned i = 0;
  for (; i < width && bundle_next(&rest, &entry); i++)
    if ((err = take(sink, first + i, entry)))
      return err;
  if (rest.n)
    report_add(t->report, SP_CORRUPT, "bundle of the entries from %llu on: %s",
               (unsigned long long)first,
               i < width ? "it is cut off" : "something stands after its last entry");
  return SP_OK;
}

static enum sp_err walk(void *ctx, log_take *take, void *sink, struct fault *why) {
  struct tlog_files *t = ctx;
  enum sp_err err = SP_OK;
  for (uint64_t first = 0; first < t->size && !err; first += tile_width)
    err = walk_bundle(t, first, tile_width_at(TILE_ENTRIES, first / tile_width, t->size), take,
                      sink, why);
  return err;
}

struct log_source tlog_files_source(struct tlog_files *t) {
  return (struct log_source){
      .ctx = t, .size = t->size, .partial_tiles = true, .walk = walk, .tile = read_tile};
}

void tlog_files_free(struct tlog_files *t) {
  buf_free(&t->bundle);
  buf_free(&t->hashes);
}
