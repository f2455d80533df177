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

/* Root of n hashes by RFC 6962's rule: the left part is the largest power of two below n. */
static struct hash root_of(const struct hash *h, uint64_t n) {
  if (n == 1)
    return h[0];
  uint64_t left = 1;
  while (left * 2 < n)
    left *= 2;
  struct hash a = root_of(h, left), b = root_of(h + left, n - left);
  return tree_node(&a, &b);
}

static void append_at(struct tree *t, unsigned level, const struct hash *h, uint64_t index,
                      tree_emit *emit, void *ctx) {
  SP_ASSERT(level < tile_levels);
  t->edge[level][t->edge_n[level]++] = *h;
  if (t->edge_n[level] < tile_width)
    return;
  if (emit)
    emit(ctx, level, index / tile_width, t->edge[level]);
  struct hash up = root_of(t->edge[level], tile_width);
  t->edge_n[level] = 0;
  append_at(t, level + 1, &up, index / tile_width, emit, ctx);
}

void tree_append(struct tree *t, const struct hash *leaf, tree_emit *emit, void *ctx) {
  append_at(t, 0, leaf, t->size, emit, ctx);
  t->size++;
}

/* The hash of the subtree of the leaves [from, from + n), where it is that of a tree of `t->size`
 * leaves: it lies whole within one tile row or splits as RFC 6962 says. */
struct lookup {
  const struct tree *t;
  tree_read *read;
  void *ctx;
  struct fault *why;
};

static enum sp_err tile_hash(const struct lookup *l, unsigned level, uint64_t index,
                             struct hash *out) {
  uint64_t tile = index / tile_width;
  uint64_t full = l->t->size >> (8 * (level + 1));
  if (tile >= full) {
    SP_ASSERT(tile == full && index % tile_width < l->t->edge_n[level]);
    *out = l->t->edge[level][index % tile_width];
    return SP_OK;
  }
  struct hash hashes[tile_width];
  if (!l->read || !l->read(l->ctx, level, tile, hashes))
    return fault_set(l->why, SP_CORRUPT, "tile %u/%llu is missing", level,
                     (unsigned long long)tile);
  *out = hashes[index % tile_width];
  return SP_OK;
}

/* n is a power of two and from a multiple of it: a complete subtree. */
static enum sp_err complete(const struct lookup *l, uint64_t from, uint64_t n, struct hash *out) {
  unsigned log = 0;
  while (UINT64_C(1) << log < n)
    log++;
  unsigned level = log / 8, rest = 1u << log % 8;
  uint64_t first = from >> (8 * level);
  struct hash hashes[tile_width];
  for (unsigned i = 0; i < rest; i++) {
    enum sp_err err = tile_hash(l, level, first + i, &hashes[i]);
    if (err)
      return err;
  }
  *out = root_of(hashes, rest);
  return SP_OK;
}

static uint64_t left_of(uint64_t n) {
  uint64_t left = 1;
  while (left * 2 < n)
    left *= 2;
  return left;
}

static enum sp_err range(const struct lookup *l, uint64_t from, uint64_t n, struct hash *out) {
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

struct hash tree_root(const struct tree *t) {
  if (t->size == 0)
    return sha256_of((struct span){0});
  /* From the left: the edges of the highest level down to the leaves; joined from the right. */
  struct hash root = {{0}};
  bool any = false;
  for (unsigned level = 0; level < tile_levels; level++) {
    uint32_t n = t->edge_n[level];
    /* Split n hashes into complete subtrees, smallest (rightmost) first. */
    for (uint32_t size = 1, end = n; end; size *= 2) {
      if (!(n & size))
        continue;
      struct hash h = root_of(&t->edge[level][end - size], size);
      root = any ? tree_node(&h, &root) : h;
      any = true;
      end -= size;
    }
  }
  return root;
}

enum sp_err tree_root_at(const struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         struct hash *root, struct fault *why) {
  SP_ASSERT(size <= t->size);
  if (size == 0) {
    *root = sha256_of((struct span){0});
    return SP_OK;
  }
  struct lookup l = {t, read, ctx, why};
  return range(&l, 0, size, root);
}

enum sp_err tree_restore(struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         uint64_t *first_leaf, struct fault *why) {
  tree_init(t);
  struct hash tile[tile_width];
  *first_leaf = size / tile_width * tile_width;
  t->size = *first_leaf;
  for (unsigned level = 1; level < tile_levels; level++) {
    uint64_t hashes = *first_leaf >> (8 * level); /* complete subtrees of this level */
    uint64_t first = hashes / tile_width * tile_width;
    for (uint64_t i = first; i < hashes; i++) {
      if (!read(ctx, level - 1, i, tile))
        return fault_set(why, SP_CORRUPT, "tile %u/%llu is missing", level - 1,
                         (unsigned long long)i);
      t->edge[level][t->edge_n[level]++] = root_of(tile, tile_width);
    }
  }
  return SP_OK;
}

/* --- Proofs --- */

static enum sp_err add_range(const struct lookup *l, uint64_t from, uint64_t n,
                             struct proof *proof) {
  SP_ASSERT(proof->n < proof_max);
  enum sp_err err = range(l, from, n, &proof->at[proof->n]);
  proof->n += !err;
  return err;
}

static enum sp_err inclusion(const struct lookup *l, uint64_t n, uint64_t from, uint64_t size,
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
  struct lookup l = {t, read, ctx, why};
  return inclusion(&l, n, 0, size, proof);
}

static enum sp_err consistency(const struct lookup *l, uint64_t m, uint64_t from, uint64_t size,
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
  struct lookup l = {t, read, ctx, why};
  return consistency(&l, old_size, 0, size, true, proof);
}

/* RFC 9162 2.1.3.2 */
bool tree_check_inclusion(const struct proof *proof, uint64_t n, uint64_t size,
                          const struct hash *leaf, const struct hash *root) {
  if (n >= size)
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
  if (old_size > size)
    return false;
  if (old_size == size)
    return proof->n == 0 && memcmp(old_root->b, root->b, sizeof root->b) == 0;
  if (old_size == 0)
    return proof->n == 0;
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
