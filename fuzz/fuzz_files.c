/* A log as files (C2SP tlog-tiles), as `verify` reads it, after changes: each a byte that says
 * which, a length (u16), bytes:
 *   0  the checkpoint instead     1  the bundle of entries instead   2  the tile instead
 *   3  bytes of the bundle: place (u16) and what is written there    4  likewise of the tile
 *   5  the whole signed anew by the log's own key, tile and all: entries are then as hostile as
 *      whoever holds the key; the bytes say how many entries are signed (u16) beyond those there
 *   6  a file besides, its name first, up to a line break
 * What was not signed anew is either as it was, or found. */
#include "audit/verify.h"
#include "fuzz/fuzz.h"
#include "journal/tile_path.h"
#include "journal/tree.h"
#include "tests/unit/journal_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct log {
  struct buf checkpoint, bundle, tile;
  uint32_t n;
};
static struct log base;
static struct note_signer signer;
static char dir[4200];

static enum sp_err take_entry(void *ctx, uint64_t n, struct span entry) {
  (void)n;
  bundle_put(ctx, entry);
  return SP_OK;
}

/* Tile and checkpoint that the bundle's entries give; `more` are signed that are not there. */
static void sign(struct log *l, uint64_t more) {
  static struct tree tree;
  struct span rest = buf_span(&l->bundle), entry;
  struct checkpoint c = {.size = 0};
  tree_init(&tree);
  buf_reset(&l->tile);
  buf_reset(&l->checkpoint);
  for (l->n = 0; l->n < tile_width - 1 && bundle_next(&rest, &entry); l->n++) {
    struct hash leaf = tree_leaf(entry);
    buf_put(&l->tile, leaf.b, sizeof leaf.b);
    tree_append(&tree, &leaf, NULL, NULL);
  }
  snprintf(c.origin, sizeof c.origin, "%s", signer.public.name);
  c.size = l->n + more;
  c.root = tree_root(&tree);
  MUST_DO(checkpoint_sign(&c, &signer, &l->checkpoint, must));
}

static void make(void) {
  struct fx fx;
  struct store *store;
  (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
  MUST_DO(store_memory_open(&store, must));
  fx_new(&fx, store, "tests/system/small.yaml");
  fx_day(&fx, 6);
  fx_sign(&fx);
  signer = fx.signer;
  MUST_DO(store_entries(store, 0, UINT64_MAX, take_entry, &base.bundle, must));
  fx_end(&fx);
  sign(&base, 0);
  snprintf(dir, sizeof dir, "%s/log", fuzz_folder());
}

static void copy(struct buf *to, struct span from) {
  buf_reset(to);
  buf_put(to, from.p, from.n);
}

static void write_over(struct buf *b, struct span change) {
  struct cut in = {change.p, change.n};
  for (uint32_t at = cut_u16(&in); in.n; at++) {
    uint8_t byte = cut_u8(&in);
    if (at < b->n)
      b->p[at] = byte;
    else
      buf_put(b, &byte, 1);
  }
}

static void put_besides(struct span s) {
  struct cut in = {s.p, s.n};
  char name[300];
  struct span line = cut_line(&in);
  int level;
  uint64_t index;
  unsigned width;
  /* Only names that a log may have: others nobody reads. */
  if (!tile_path_parse(line, &level, &index, &width))
    return;
  snprintf(name, sizeof name, "log/%.*s", (int)line.n, (const char *)line.p);
  fuzz_write(name, span_of(in.p, in.n));
}

static bool change(struct log *l, struct cut *in) {
  uint8_t which = cut_u8(in) % 7;
  struct span s = cut_bytes(in, cut_u16(in));
  struct cut number = {s.p, s.n};
  switch (which) {
  case 0:
    copy(&l->checkpoint, s);
    break;
  case 1:
    copy(&l->bundle, s);
    break;
  case 2:
    copy(&l->tile, s);
    break;
  case 3:
    write_over(&l->bundle, s);
    break;
  case 4:
    write_over(&l->tile, s);
    break;
  case 5:
    sign(l, cut_u16(&number));
    return true;
  default:
    put_besides(s);
  }
  return false;
}

static void write_log(const struct log *l) {
  char name[tile_path_max], path[tile_path_max + 8];
  fuzz_write("log/checkpoint", buf_span(&l->checkpoint));
  if (!l->n)
    return;
  tile_path(name, TILE_ENTRIES, 0, l->n);
  snprintf(path, sizeof path, "log/%s", name);
  fuzz_write(path, buf_span(&l->bundle));
  tile_path(name, 0, 0, l->n);
  snprintf(path, sizeof path, "log/%s", name);
  fuzz_write(path, buf_span(&l->tile));
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at) {
  (void)s, (void)kind, (void)at;
  (void)remove(path);
  return 0;
}

static enum sp_err verify(void) {
  const struct verify_options options = {.key = &signer.public};
  struct verify_result result;
  struct report report;
  struct fault why = {0};
  MUST_DO(report_init(&report, must));
  enum sp_err err = verify_dir(dir, &options, &report, &result, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_FORK || err == SP_VERSION ||
            err == SP_LIMIT || err == SP_INVALID || err == SP_NOT_FOUND);
  MUST_HOLD(!err || why.text[0]);
  report_free(&report);
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  struct log l = {.n = 0};
  if (!base.n)
    make();
  (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  fuzz_write("log/tile/none", (struct span){0}); /* so that it is seen to be a log as files */
  copy(&l.checkpoint, buf_span(&base.checkpoint));
  copy(&l.bundle, buf_span(&base.bundle));
  copy(&l.tile, buf_span(&base.tile));
  l.n = base.n;
  bool anew = false;
  for (unsigned i = 0; in.n && i < 8; i++)
    anew |= change(&l, &in);
  write_log(&l);
  enum sp_err err = verify();
  bool same = span_eq(buf_span(&l.bundle), buf_span(&base.bundle)) &&
              span_eq(buf_span(&l.tile), buf_span(&base.tile)) && l.n == base.n;
  if (!anew && err == SP_OK)
    MUST_HOLD(same);
  if (same && span_eq(buf_span(&l.checkpoint), buf_span(&base.checkpoint)))
    MUST_HOLD(err == SP_OK);
  buf_free(&l.checkpoint);
  buf_free(&l.bundle);
  buf_free(&l.tile);
  return 0;
}
