#include "journal/tree.h"

#include "journal/sha256.h"

#include <string.h>

struct hash tree_leaf(struct span entry) {
  struct sha256 s;
  sha256_start(&s);
  sha256_add(&s, "\0", 1);
  sha256_add(&s, entry.p, entry.n);
  return sha256_end(&s);
}

struct hash tree_node(const struct hash *left, const struct hash *right) {
  struct sha256 s;
  uint8_t both[65];
  both[0] = 1;
  memcpy(both + 1, left->b, 32);
  memcpy(both + 33, right->b, 32);
  sha256_start(&s);
  sha256_add(&s, both, sizeof both);
  return sha256_end(&s);
}

void tree_init(struct tree *t) {
  t->size = 0;
  memset(t->edge_n, 0, sizeof t->edge_n);
}

/* The largest power of two below n: where RFC 6962 splits a tree of n > 1 leaves. */
static uint64_t left_of(uint64_t n) {
  return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Root of n hashes, n a power of two up to a tile's width; h is overwritten. */
static struct hash fold(struct hash *h, unsigned n) {
  for (; n > 1; n /= 2)
    for (unsigned i = 0; i < n / 2; i++)
      h[i] = tree_node(&h[2 * i], &h[2 * i + 1]);
  return h[0];
}

/* Adding one is a binary counter over peaks; what carries out of a full tile is its root, the next
 * hash of the level above. */
static void append_at(struct tree *t, unsigned level, struct hash h, uint64_t index,
                      tree_emit *emit, void *ctx) {
  SP_ASSERT(level < tile_levels);
  uint32_t n = t->edge_n[level];
  t->edge[level][n] = h;
  unsigned bit = 0;
  for (; n >> bit & 1; bit++)
    h = tree_node(&t->peak[level][bit], &h);
  if (n + 1 < tile_width) {
    t->peak[level][bit] = h;
    t->edge_n[level] = n + 1;
    return;
  }
  if (emit)
    emit(ctx, level, index / tile_width, t->edge[level]);
  t->edge_n[level] = 0;
  append_at(t, level + 1, h, index / tile_width, emit, ctx);
}

void tree_append(struct tree *t, const struct hash *leaf, tree_emit *emit, void *ctx) {
  SP_ASSERT(t->size < TREE_SIZE_MAX);
  append_at(t, 0, *leaf, t->size, emit, ctx);
  t->size++;
}

struct hash tree_root(const struct tree *t) {
  if (t->size == 0)
    return sha256_of((struct span){0});
  /* Peaks from the right: the smallest of the lowest level first. */
  struct hash root = {{0}};
  bool any = false;
  for (unsigned level = 0; level < tile_levels; level++)
    for (unsigned bit = 0; bit < 8; bit++)
      if (t->edge_n[level] >> bit & 1) {
        root = any ? tree_node(&t->peak[level][bit], &root) : t->peak[level][bit];
        any = true;
      }
  return root;
}

/* Reads hashes of a tree of t->size leaves. The tile read last is kept: a proof takes most of its
 * hashes of one level from the same tile. */
struct lookup {
  const struct tree *t;
  tree_read *read;
  void *ctx;
  struct fault *why;
  bool have;
  unsigned level;
  uint64_t index;
  struct hash tile[tile_width];
};

/* The tile itself is left as it is: 8 KB that `have` says nothing is in yet. */
static void lookup_start(struct lookup *l, const struct tree *t, tree_read *read, void *ctx,
                         struct fault *why) {
  l->t = t;
  l->read = read;
  l->ctx = ctx;
  l->why = why;
  l->have = false;
}

/* n hashes of a level from `first` on, all of one tile; valid until the next call. */
static enum sp_err hashes_of(struct lookup *l, unsigned level, uint64_t first, unsigned n,
                             const struct hash **out) {
  uint64_t tile = first / tile_width, full = l->t->size >> (8 * (level + 1));
  unsigned at = (unsigned)(first % tile_width);
  if (tile >= full) {
    SP_ASSERT(tile == full && at + n <= l->t->edge_n[level]);
    *out = &l->t->edge[level][at];
    return SP_OK;
  }
  if (!l->have || l->level != level || l->index != tile) {
    l->have = l->read && l->read(l->ctx, level, tile, l->tile);
    l->level = level;
    l->index = tile;
  }
  if (!l->have)
    return fault_set(l->why, SP_CORRUPT, "the store lacks tile %u/%llu: restore it from a copy",
                     level, (unsigned long long)tile);
  *out = &l->tile[at];
  return SP_OK;
}

/* The root of leaves [from, from + n), n a power of two and from a multiple of it. */
static enum sp_err complete(struct lookup *l, uint64_t from, uint64_t n, struct hash *out) {
  unsigned log = (unsigned)__builtin_ctzll(n);
  unsigned level = log / 8, width = 1u << log % 8;
  const struct hash *hashes = l->tile;
  struct hash work[tile_width / 2];
  enum sp_err err = hashes_of(l, level, from >> (8 * level), width, &hashes);
  if (err)
    return err;
  memcpy(work, hashes, width * sizeof *work);
  *out = fold(work, width);
  return SP_OK;
}

/* The root of leaves [from, from + n), n > 0, where from is a multiple of a power of two >= n. */
static enum sp_err range(struct lookup *l, uint64_t from, uint64_t n, struct hash *out) {
  if ((n & (n - 1)) == 0)
    return complete(l, from, n, out);
  uint64_t left = left_of(n);
  struct hash a, b;
  enum sp_err err = complete(l, from, left, &a);
  if (!err)
    err = range(l, from + left, n - left, &b);
  if (!err)
    *out = tree_node(&a, &b);
  return err;
}

enum sp_err tree_root_at(const struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         struct hash *root, struct fault *why) {
  if (size > t->size)
    return fault_set(why, SP_FORK, "the log has %llu entries, fewer than the %llu that were signed",
                     (unsigned long long)t->size, (unsigned long long)size);
  if (size == 0) {
    *root = sha256_of((struct span){0});
    return SP_OK;
  }
  struct lookup l;
  lookup_start(&l, t, read, ctx, why);
  return range(&l, 0, size, root);
}

enum sp_err tree_restore(struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         uint64_t *first_leaf, struct fault *why) {
  tree_init(t);
  if (size > TREE_SIZE_MAX)
    return fault_set(why, SP_LIMIT, "a log has at most %llu entries",
                     (unsigned long long)TREE_SIZE_MAX);
  *first_leaf = size / tile_width * tile_width;
  for (unsigned level = 1; level < tile_levels; level++) {
    uint64_t hashes = size >> (8 * level); /* complete subtrees of this level */
    for (uint64_t i = hashes / tile_width * tile_width; i < hashes; i++) {
      struct hash tile[tile_width];
      if (!read || !read(ctx, level - 1, i, tile))
        return fault_set(why, SP_CORRUPT, "the store lacks tile %u/%llu: restore it from a copy",
                         level - 1, (unsigned long long)i);
      append_at(t, level, fold(tile, tile_width), i, NULL, NULL);
    }
  }
  t->size = *first_leaf;
  return SP_OK;
}

/* --- Proofs --- */

static enum sp_err add_range(struct lookup *l, uint64_t from, uint64_t n, struct proof *proof) {
  SP_ASSERT(proof->n < proof_max);
  enum sp_err err = range(l, from, n, &proof->at[proof->n]);
  proof->n += !err;
  return err;
}

static enum sp_err inclusion(struct lookup *l, uint64_t n, uint64_t from, uint64_t size,
                             struct proof *proof) {
  if (size == 1)
    return SP_OK;
  uint64_t left = left_of(size);
  enum sp_err err = n < left ? inclusion(l, n, from, left, proof)
                             : inclusion(l, n - left, from + left, size - left, proof);
  if (err)
    return err;
  return n < left ? add_range(l, from + left, size - left, proof) : add_range(l, from, left, proof);
}

enum sp_err tree_prove_inclusion(const struct tree *t, uint64_t n, uint64_t size, tree_read *read,
                                 void *ctx, struct proof *proof, struct fault *why) {
  proof->n = 0;
  if (n >= size || size > t->size)
    return fault_set(why, SP_INVALID, "entry %llu is not in a log of %llu", (unsigned long long)n,
                     (unsigned long long)size);
  struct lookup l;
  lookup_start(&l, t, read, ctx, why);
  return inclusion(&l, n, 0, size, proof);
}

static enum sp_err consistency(struct lookup *l, uint64_t m, uint64_t from, uint64_t size,
                               bool known, struct proof *proof) {
  if (m == size)
    return known ? SP_OK : add_range(l, from, size, proof);
  uint64_t left = left_of(size);
  enum sp_err err = m <= left ? consistency(l, m, from, left, known, proof)
                              : consistency(l, m - left, from + left, size - left, false, proof);
  if (err)
    return err;
  return m <= left ? add_range(l, from + left, size - left, proof)
                   : add_range(l, from, left, proof);
}

enum sp_err tree_prove_consistency(const struct tree *t, uint64_t old_size, uint64_t size,
                                   tree_read *read, void *ctx, struct proof *proof,
                                   struct fault *why) {
  proof->n = 0;
  if (old_size > size || size > t->size)
    return fault_set(why, SP_INVALID, "sizes %llu and %llu are not of this log",
                     (unsigned long long)old_size, (unsigned long long)size);
  if (old_size == 0)
    return SP_OK; /* everything is consistent with nothing */
  struct lookup l;
  lookup_start(&l, t, read, ctx, why);
  return consistency(&l, old_size, 0, size, true, proof);
}

/* RFC 9162 2.1.3.2 */
bool tree_check_inclusion(const struct proof *proof, uint64_t n, uint64_t size,
                          const struct hash *leaf, const struct hash *root) {
  if (n >= size || proof->n > proof_max)
    return false;
  uint64_t fn = n, sn = size - 1;
  struct hash r = *leaf;
  for (uint32_t i = 0; i < proof->n; i++) {
    if (sn == 0)
      return false;
    if (fn & 1 || fn == sn) {
      r = tree_node(&proof->at[i], &r);
      while (!(fn & 1) && fn)
        fn >>= 1, sn >>= 1;
    } else {
      r = tree_node(&r, &proof->at[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && memcmp(r.b, root->b, sizeof r.b) == 0;
}

/* RFC 9162 2.1.4.2 */
bool tree_check_consistency(const struct proof *proof, uint64_t old_size, uint64_t size,
                            const struct hash *old_root, const struct hash *root) {
  if (old_size > size || proof->n > proof_max)
    return false;
  if (old_size == size)
    return proof->n == 0 && memcmp(old_root->b, root->b, sizeof root->b) == 0;
  if (old_size == 0) {
    struct hash empty = sha256_of((struct span){0});
    return proof->n == 0 && memcmp(old_root->b, empty.b, sizeof empty.b) == 0;
  }
  uint64_t fn = old_size - 1, sn = size - 1;
  uint32_t i = 0;
  struct hash fr, sr;
  bool whole = (old_size & (old_size - 1)) == 0;
  if (!whole && proof->n == 0)
    return false;
  while (fn & 1)
    fn >>= 1, sn >>= 1;
  fr = sr = whole ? *old_root : proof->at[i++];
  for (; i < proof->n; i++) {
    if (sn == 0)
      return false;
    if (fn & 1 || fn == sn) {
      fr = tree_node(&proof->at[i], &fr);
      sr = tree_node(&proof->at[i], &sr);
      while (!(fn & 1) && fn)
        fn >>= 1, sn >>= 1;
    } else {
      sr = tree_node(&sr, &proof->at[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && memcmp(fr.b, old_root->b, sizeof fr.b) == 0 &&
         memcmp(sr.b, root->b, sizeof sr.b) == 0;
}
