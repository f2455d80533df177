/* tree.h: the Merkle tree of RFC 6962 over entries, kept as C2SP tlog-tiles wants it.
 *
 * leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right). A tile is 256 hashes of one
 * level in steps of eight levels: tile (L, N) holds the roots of the complete subtrees of 256^L
 * leaves with indexes 256 N … 256 N + 255. Only full tiles are ever stored: what is right of them
 * is recomputed from entries, so nothing of a tree has to be trusted.
 *
 * Invariants:
 *   1. edge[L] holds the hashes of level L that lie right of the last full tile of that level, and
 *      edge_n[L] = (size / 256^L) mod 256 of them: the partial tile of that level.
 *   2. peak[L][k] is the root of 2^k of them, where bit k of edge_n[L] is set; the larger peaks lie
 *      to the left. So one append makes one node on average, and a root at most 8 a level.
 *   3. a full tile is given to `emit` exactly once, when its last hash is made.
 *   4. size <= TREE_SIZE_MAX.
 */
#ifndef SP_JOURNAL_TREE_H
#define SP_JOURNAL_TREE_H

#include "base/record.h"

enum { tile_width = 256, tile_bytes = tile_width * 32, tile_levels = 7 };
/* Entries number themselves with integers that JSON readers keep exactly. */
#define TREE_SIZE_MAX ((UINT64_C(1) << 53) - 1)

/* About 60 KB; initialise with tree_init or tree_restore; nothing to free. */
struct tree {
  uint64_t size;
  uint32_t edge_n[tile_levels];
  struct hash peak[tile_levels][8];
  struct hash edge[tile_levels][tile_width];
};

typedef void tree_emit(void *ctx, unsigned level, uint64_t index,
                       const struct hash tile[tile_width]);
/* Reads the full tile (level, index); false when there is none. */
typedef bool tree_read(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]);

struct hash tree_leaf(struct span entry);
struct hash tree_node(const struct hash *left, const struct hash *right);

void tree_init(struct tree *t);
/* Appends one leaf; emit may be NULL. t->size is below TREE_SIZE_MAX (whoever numbers entries sees
 * to it). */
void tree_append(struct tree *t, const struct hash *leaf, tree_emit *emit, void *ctx);
/* The root; of size 0 SHA-256(""). */
struct hash tree_root(const struct tree *t);

/* The tree of `size` leaves from its full tiles alone: each partial tile above level 0 is
 * recomputed from the full tiles below it, at most 255 a level. Leaves after the last full level-0
 * tile are for the caller to append: *first_leaf tells where they begin, and t->size is that until
 * then. SP_CORRUPT when a tile is missing, SP_LIMIT when size is over TREE_SIZE_MAX. Whether the
 * tiles are right, only the root of a signed checkpoint tells. */
enum sp_err tree_restore(struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         uint64_t *first_leaf, struct fault *why) SP_MUST_USE;

/* Root of the first `size` leaves of a tree that has grown since: is the new tree consistent with
 * what was signed? Reads at most two tiles a level. SP_FORK when the tree is smaller than that,
 * SP_CORRUPT when a tile is missing. */
enum sp_err tree_root_at(const struct tree *t, uint64_t size, tree_read *read, void *ctx,
                         struct hash *root, struct fault *why) SP_MUST_USE;

/* Inclusion of leaf n in the tree of `size` leaves (RFC 6962 2.1.1): hashes from the leaf up, at
 * most proof_max. And consistency of an older root with a newer one (2.1.2); with size 0 everything
 * is consistent, and the proof is empty. Provers return SP_INVALID for sizes that this tree does
 * not have, SP_CORRUPT when a tile is missing. Verifiers follow RFC 9162 2.1.3.2 and 2.1.4.2 and
 * return false unless the proof is exactly right; any bytes may be given to them. */
enum { proof_max = 64 };
struct proof {
  uint32_t n;
  struct hash at[proof_max];
};
enum sp_err tree_prove_inclusion(const struct tree *t, uint64_t n, uint64_t size, tree_read *read,
                                 void *ctx, struct proof *proof, struct fault *why) SP_MUST_USE;
enum sp_err tree_prove_consistency(const struct tree *t, uint64_t old_size, uint64_t size,
                                   tree_read *read, void *ctx, struct proof *proof,
                                   struct fault *why) SP_MUST_USE;
bool tree_check_inclusion(const struct proof *proof, uint64_t n, uint64_t size,
                          const struct hash *leaf, const struct hash *root);
bool tree_check_consistency(const struct proof *proof, uint64_t old_size, uint64_t size,
                            const struct hash *old_root, const struct hash *root);

#endif
