/* Proofs of inclusion and consistency, against a tree of up to 700 leaves: the only proof that is
 * accepted is the one that the tree gives. First byte: which kind; then sizes, how the true proof
 * is changed, or hashes instead of it. */
#include "fuzz/fuzz.h"
#include "journal/tree.h"

#include <stdlib.h>
#include <string.h>

enum { leaves_max = 700 };

static struct tree *grown;
static struct hash roots[leaves_max + 1], leaves[leaves_max];
static struct hash tiles[2][tile_width];

static void keep_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  (void)ctx;
  MUST_HOLD(level == 0 && index < 2);
  memcpy(tiles[index], tile, sizeof tiles[index]);
}

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  (void)ctx;
  if (level || index > 1)
    return false;
  memcpy(tile, tiles[index], sizeof tiles[index]);
  return true;
}

static void grow(void) {
  grown = calloc(1, sizeof *grown);
  MUST_HOLD(grown);
  tree_init(grown);
  roots[0] = tree_root(grown);
  for (uint32_t i = 0; i < leaves_max; i++) {
    leaves[i] = tree_leaf(span_of(&i, sizeof i));
    tree_append(grown, &leaves[i], keep_tile, NULL);
    roots[i + 1] = tree_root(grown);
  }
}

/* The proof that the input gives: the true one with changes, or other hashes. */
static void read_proof(struct cut *in, struct proof *proof) {
  if (cut_u8(in) & 1) {
    proof->n = 0;
    while (in->n >= sizeof(struct hash) && proof->n < proof_max) {
      struct span h = cut_bytes(in, sizeof(struct hash));
      memcpy(proof->at[proof->n++].b, h.p, h.n);
    }
    return;
  }
  while (in->n) {
    uint8_t what = cut_u8(in), at = cut_u8(in);
    if (what == 0 && proof->n > 0)
      proof->n--;
    else if (what == 1 && proof->n < proof_max)
      proof->at[proof->n++] = roots[at];
    else if (what == 2 && proof->n > 1)
      proof->at[0] = proof->at[--proof->n];
    else if (proof->n)
      proof->at[at % proof->n].b[what % 32] ^= cut_u8(in);
  }
}

static bool same(const struct proof *a, const struct proof *b) {
  return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

static void inclusion(struct cut *in, uint64_t a, uint64_t b) {
  struct proof truth = {0}, given;
  struct fault why = {0};
  enum sp_err err = tree_prove_inclusion(grown, a, b, read_tile, NULL, &truth, &why);
  MUST_HOLD((err == SP_OK) == (a < b && b <= leaves_max));
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  given = truth;
  read_proof(in, &given);
  if (err) {
    (void)tree_check_inclusion(&given, a, b, &leaves[a % leaves_max], &roots[b % leaves_max]);
    return;
  }
  MUST_HOLD(tree_check_inclusion(&truth, a, b, &leaves[a], &roots[b]));
  MUST_HOLD(tree_check_inclusion(&given, a, b, &leaves[a], &roots[b]) == same(&given, &truth));
}

static void consistency(struct cut *in, uint64_t a, uint64_t b) {
  struct proof truth = {0}, given;
  struct fault why = {0};
  enum sp_err err = tree_prove_consistency(grown, a, b, read_tile, NULL, &truth, &why);
  MUST_HOLD((err == SP_OK) == (a <= b && b <= leaves_max));
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  given = truth;
  read_proof(in, &given);
  if (err) {
    (void)tree_check_consistency(&given, a, b, &roots[a % leaves_max], &roots[b % leaves_max]);
    return;
  }
  MUST_HOLD(tree_check_consistency(&truth, a, b, &roots[a], &roots[b]));
  MUST_HOLD(tree_check_consistency(&given, a, b, &roots[a], &roots[b]) == same(&given, &truth));
}

/* A tree is restored from its tiles, or from tiles that are not all there. */
static void restore(struct cut *in, uint64_t size) {
  static struct tree other;
  struct fault why = {0};
  struct hash root;
  uint64_t from;
  enum sp_err err = tree_restore(&other, size, read_tile, NULL, &from, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_LIMIT);
  if (err || size > leaves_max)
    return;
  for (uint64_t i = from; i < size; i++)
    tree_append(&other, &leaves[i], NULL, NULL);
  root = tree_root(&other);
  MUST_HOLD(memcmp(&root, &roots[size], sizeof root) == 0);
  uint64_t older = cut_u16(in);
  err = tree_root_at(&other, older, read_tile, NULL, &root, &why);
  MUST_HOLD(err == (older > size ? SP_FORK : SP_OK));
  if (!err)
    MUST_HOLD(memcmp(&root, &roots[older], sizeof root) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  if (!grown)
    grow();
  uint8_t what = cut_u8(&in);
  uint64_t a = what & 4 ? cut_u64(&in) : cut_u16(&in) % (leaves_max + 8);
  uint64_t b = what & 8 ? cut_u64(&in) : cut_u16(&in) % (leaves_max + 8);
  if ((what & 3) == 0)
    inclusion(&in, a, b);
  else if ((what & 3) == 1)
    consistency(&in, a, b);
  else
    restore(&in, a);
  return 0;
}
