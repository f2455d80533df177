#include "journal/sha256.h"
#include "journal/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- SHA-256: FIPS 180-4 and RFC 4231 --- */

static void is_hex(struct hash h, const char *hex) {
  char text[65] = {0};
  hex_encode(text, h.b, sizeof h.b);
  assert_string_equal(text, hex);
}

static void sha256_known_answers(void **state) {
  (void)state;
  is_hex(sha256_of((struct span){0}),
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  is_hex(sha256_of(SPAN_LIT("abc")),
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  struct sha256 s;
  sha256_start(&s);
  sha256_add(&s, "a", 1);
  sha256_add(&s, NULL, 0);
  sha256_add(&s, "bc", 2);
  is_hex(sha256_end(&s), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_known_answers(void **state) {
  (void)state;
  struct hmac_key key;
  uint8_t long_key[131];
  struct span pieces[] = {SPAN_LIT("what do ya want "), SPAN_LIT("for nothing?")};
  hmac_key_set(&key, SPAN_LIT("Jefe"));
  for (int i = 0; i < 2; i++) /* the key's state is not used up */
    is_hex(hmac_of(&key, pieces, 2),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  memset(long_key, 0xaa, sizeof long_key);
  struct span text = SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
  hmac_key_set(&key, span_of(long_key, sizeof long_key));
  is_hex(hmac_of(&key, &text, 1),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* --- A tree by RFC 6962 section 2.1, word for word --- */

static uint64_t split(uint64_t n) {
  uint64_t k = 1;
  while (2 * k < n)
    k *= 2;
  return k;
}

static struct hash naive_root(const struct hash *d, uint64_t n) {
  if (n == 0)
    return sha256_of((struct span){0});
  if (n == 1)
    return d[0];
  uint64_t k = split(n);
  struct hash a = naive_root(d, k), b = naive_root(d + k, n - k);
  return tree_node(&a, &b);
}

static void naive_path(struct proof *p, uint64_t m, const struct hash *d, uint64_t n) {
  if (n == 1)
    return;
  uint64_t k = split(n);
  if (m < k) {
    naive_path(p, m, d, k);
    p->at[p->n++] = naive_root(d + k, n - k);
  } else {
    naive_path(p, m - k, d + k, n - k);
    p->at[p->n++] = naive_root(d, k);
  }
}

static void naive_subproof(struct proof *p, uint64_t m, const struct hash *d, uint64_t n, bool b) {
  if (m == n) {
    if (!b)
      p->at[p->n++] = naive_root(d, n);
    return;
  }
  uint64_t k = split(n);
  if (m <= k) {
    naive_subproof(p, m, d, k, b);
    p->at[p->n++] = naive_root(d + k, n - k);
  } else {
    naive_subproof(p, m - k, d + k, n - k, false);
    p->at[p->n++] = naive_root(d, k);
  }
}

/* --- A store of full tiles --- */

enum { tiles_max = 600, leaves_max = 131072 + 3 };
struct store {
  size_t n;
  struct {
    unsigned level;
    uint64_t index;
    struct hash hashes[tile_width];
  } * tiles;
  size_t reads;
};

static void emit(void *ctx, unsigned level, uint64_t index, const struct hash *tile) {
  struct store *s = ctx;
  assert_true(s->n < tiles_max);
  for (size_t i = 0; i < s->n; i++)
    assert_false(s->tiles[i].level == level && s->tiles[i].index == index); /* once */
  s->tiles[s->n].level = level;
  s->tiles[s->n].index = index;
  memcpy(s->tiles[s->n++].hashes, tile, tile_bytes);
}

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash *tile) {
  struct store *s = ctx;
  s->reads++;
  for (size_t i = 0; i < s->n; i++)
    if (s->tiles[i].level == level && s->tiles[i].index == index) {
      memcpy(tile, s->tiles[i].hashes, tile_bytes);
      return true;
    }
  return false;
}

/* Everything that one test needs; leaf i is the hash of i. */
struct world {
  struct store store;
  struct tree tree, again;
  struct hash *leaves;
};

static int set_up(void **state) {
  struct world *w = calloc(1, sizeof *w);
  w->store.tiles = calloc(tiles_max, sizeof *w->store.tiles);
  w->leaves = calloc(leaves_max, sizeof *w->leaves);
  for (uint64_t i = 0; i < leaves_max; i++) {
    uint8_t b[8];
    store_le64(b, i);
    w->leaves[i] = tree_leaf(span_of(b, sizeof b));
  }
  tree_init(&w->tree);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  struct world *w = *state;
  free(w->store.tiles);
  free(w->leaves);
  free(w);
  return 0;
}

static void grow(struct world *w, uint64_t size) {
  while (w->tree.size < size)
    tree_append(&w->tree, &w->leaves[w->tree.size], emit, &w->store);
}

static void same_hash(const struct hash *a, const struct hash *b) {
  assert_memory_equal(a->b, b->b, sizeof a->b);
}

static void same_proof(const struct proof *a, const struct proof *b) {
  assert_int_equal(a->n, b->n);
  for (uint32_t i = 0; i < a->n; i++)
    same_hash(&a->at[i], &b->at[i]);
}

/* Any hash changed, one more or one less: not a proof. */
static void inclusion_holds(struct world *w, uint64_t n, uint64_t size, const struct hash *root,
                            bool thorough) {
  struct proof p, naive = {0};
  struct fault why = {0};
  assert_int_equal(tree_prove_inclusion(&w->tree, n, size, read_tile, &w->store, &p, &why), SP_OK);
  naive_path(&naive, n, w->leaves, size);
  same_proof(&p, &naive);
  assert_true(tree_check_inclusion(&p, n, size, &w->leaves[n], root));
  if (!thorough)
    return;
  assert_false(tree_check_inclusion(&p, n, size, &w->leaves[n + 1], root));
  assert_false(tree_check_inclusion(&p, size, size, &w->leaves[n], root));
  if (n > 0)
    assert_false(tree_check_inclusion(&p, n - 1, size, &w->leaves[n], root));
  for (uint32_t i = 0; i < p.n; i++) {
    p.at[i].b[7] ^= 0x10;
    assert_false(tree_check_inclusion(&p, n, size, &w->leaves[n], root));
    p.at[i].b[7] ^= 0x10;
  }
  p.at[p.n++] = *root;
  assert_false(tree_check_inclusion(&p, n, size, &w->leaves[n], root));
  p.n -= 2;
  if (p.n < proof_max)
    assert_false(tree_check_inclusion(&p, n, size, &w->leaves[n], root));
}

static void consistency_holds(struct world *w, uint64_t old, uint64_t size,
                              const struct hash *old_root, const struct hash *root, bool thorough) {
  struct proof p, naive = {0};
  struct fault why = {0};
  assert_int_equal(tree_prove_consistency(&w->tree, old, size, read_tile, &w->store, &p, &why),
                   SP_OK);
  if (old)
    naive_subproof(&naive, old, w->leaves, size, true);
  same_proof(&p, &naive);
  assert_true(tree_check_consistency(&p, old, size, old_root, root));
  if (!thorough || old == size)
    return;
  struct hash wrong = *old_root;
  wrong.b[0] ^= 1;
  assert_false(tree_check_consistency(&p, old, size, &wrong, root));
  if (old)
    assert_false(tree_check_consistency(&p, old, size, old_root, &wrong));
  for (uint32_t i = 0; i < p.n; i++) {
    p.at[i].b[31] ^= 1;
    assert_false(tree_check_consistency(&p, old, size, old_root, root));
    p.at[i].b[31] ^= 1;
  }
  p.at[p.n++] = *root;
  assert_false(tree_check_consistency(&p, old, size, old_root, root));
}

/* The eight leaves and their answers that implementations of RFC 6962 have tested with from the
 * beginning. */
static const struct span rfc_leaves[8] = {
    SPAN_LIT(""),
    SPAN_LIT("\x00"),
    SPAN_LIT("\x10"),
    SPAN_LIT("\x20\x21"),
    SPAN_LIT("\x30\x31"),
    SPAN_LIT("\x40\x41\x42\x43"),
    SPAN_LIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
    SPAN_LIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
};
static const char *const rfc_roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void proof_is(const struct proof *p, const char *const *hex, uint32_t n) {
  assert_int_equal(p->n, n);
  for (uint32_t i = 0; i < n; i++)
    is_hex(p->at[i], hex[i]);
}

static void rfc_6962_known_answers(void **state) {
  struct world *w = *state;
  struct proof p;
  struct fault why = {0};
  is_hex(tree_root(&w->tree), rfc_roots[0]);
  for (int i = 0; i < 8; i++) {
    struct hash leaf = tree_leaf(rfc_leaves[i]), root;
    tree_append(&w->tree, &leaf, emit, &w->store);
    is_hex(tree_root(&w->tree), rfc_roots[i + 1]);
    for (uint64_t old = 0; old <= w->tree.size; old++) {
      assert_int_equal(tree_root_at(&w->tree, old, NULL, NULL, &root, &why), SP_OK);
      is_hex(root, rfc_roots[old]);
    }
  }
  const char *const path_0[] = {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"};
  const char *const path_5[] = {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
  const char *const from_6[] = {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
  const char *const from_2[] = {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"};
  assert_int_equal(tree_prove_inclusion(&w->tree, 0, 8, NULL, NULL, &p, &why), SP_OK);
  proof_is(&p, path_0, 3);
  assert_int_equal(tree_prove_inclusion(&w->tree, 5, 8, NULL, NULL, &p, &why), SP_OK);
  proof_is(&p, path_5, 3);
  assert_int_equal(tree_prove_consistency(&w->tree, 6, 8, NULL, NULL, &p, &why), SP_OK);
  proof_is(&p, from_6, 3);
  assert_int_equal(tree_prove_consistency(&w->tree, 2, 5, NULL, NULL, &p, &why), SP_OK);
  proof_is(&p, from_2, 2);
}

/* Every pair of sizes of a small tree, once while it grows and once seen from a larger one. */
static void small_trees_agree(void **state) {
  struct world *w = *state;
  enum { most = 40 };
  struct hash roots[most + 1];
  for (uint64_t n = 0; n <= most; n++)
    roots[n] = naive_root(w->leaves, n);
  for (int later = 0; later < 2; later++)
    for (uint64_t size = later ? 1 : 0; size <= most; size++) {
      grow(w, later ? 600 : size);
      if (!later) {
        struct hash root = tree_root(&w->tree);
        same_hash(&root, &roots[size]);
      }
      for (uint64_t old = 0; old <= size; old++) {
        consistency_holds(w, old, size, &roots[old], &roots[size], true);
        if (old < size)
          inclusion_holds(w, old, size, &roots[size], true);
      }
    }
}

/* All sizes to a little past two tiles: the root, the tree restored, some proofs of each. */
static void growing_trees_agree(void **state) {
  struct world *w = *state;
  enum { most = 600 };
  struct hash *roots = calloc(most + 1, sizeof *roots);
  for (uint64_t size = 0; size <= most; size++) {
    struct fault why = {0};
    uint64_t first;
    grow(w, size);
    roots[size] = naive_root(w->leaves, size);
    struct hash root = tree_root(&w->tree);
    same_hash(&root, &roots[size]);
    assert_int_equal(tree_restore(&w->again, size, read_tile, &w->store, &first, &why), SP_OK);
    assert_true(first == size / 256 * 256 && w->again.size == first);
    while (w->again.size < size)
      tree_append(&w->again, &w->leaves[w->again.size], NULL, NULL);
    root = tree_root(&w->again);
    same_hash(&root, &roots[size]);
    const uint64_t some[] = {0, 1, 128, 255, 256, 257, 511, 512, size / 2, size / 3, size - 1};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
      if (some[i] < size) {
        inclusion_holds(w, some[i], size, &roots[size], false);
        consistency_holds(w, some[i], size, &roots[some[i]], &roots[size], false);
        assert_int_equal(tree_root_at(&w->tree, some[i], read_tile, &w->store, &root, &why), SP_OK);
        same_hash(&root, &roots[some[i]]);
      }
  }
  free(roots);
}

/* Where a tile of level 1 fills, and level 2 begins. */
static void level_two_begins(void **state) {
  struct world *w = *state;
  for (uint64_t size = 65534; size <= 65538; size++) {
    struct fault why = {0};
    uint64_t first;
    grow(w, size);
    struct hash naive = naive_root(w->leaves, size), root = tree_root(&w->tree), old;
    same_hash(&root, &naive);
    assert_int_equal(w->tree.edge_n[2], size >= 65536);
    assert_int_equal(w->tree.edge_n[1], (size >> 8) & 255);
    assert_int_equal(w->tree.edge_n[0], size & 255);
    const uint64_t some[] = {0, 255, 256, 65279, 65280, 65535, 65536, size - 1};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
      if (some[i] >= size)
        continue;
      old = naive_root(w->leaves, some[i]);
      inclusion_holds(w, some[i], size, &naive, i < 2);
      consistency_holds(w, some[i], size, &old, &naive, i < 2);
    }
    assert_int_equal(tree_restore(&w->again, size, read_tile, &w->store, &first, &why), SP_OK);
    while (w->again.size < size)
      tree_append(&w->again, &w->leaves[w->again.size], NULL, NULL);
    root = tree_root(&w->again);
    same_hash(&root, &naive);
  }
  assert_int_equal(w->store.n, 256 + 1);
  struct hash tile[tile_width], part = naive_root(w->leaves + 3 * 256, 256);
  assert_true(read_tile(&w->store, 1, 0, tile));
  same_hash(&tile[3], &part);
  assert_true(read_tile(&w->store, 0, 3, tile));
  same_hash(&tile[5], &w->leaves[3 * 256 + 5]);
  /* And once more a level-1 tile later. */
  grow(w, 131072 + 2);
  struct hash naive = naive_root(w->leaves, 131072 + 2), root = tree_root(&w->tree);
  same_hash(&root, &naive);
  inclusion_holds(w, 70000, 131072 + 2, &naive, false);
}

/* A proof in a log of some size reads few tiles, not its leaves. */
static void reads_are_few(void **state) {
  struct world *w = *state;
  struct proof p;
  struct fault why = {0};
  grow(w, 70000);
  w->store.reads = 0;
  assert_int_equal(tree_prove_inclusion(&w->tree, 12345, 70000, read_tile, &w->store, &p, &why),
                   SP_OK);
  assert_true(w->store.reads <= 4);
  w->store.reads = 0;
  assert_int_equal(tree_prove_consistency(&w->tree, 12345, 70000, read_tile, &w->store, &p, &why),
                   SP_OK);
  assert_true(w->store.reads <= 6);
}

static void what_cannot_be_is_told(void **state) {
  struct world *w = *state;
  struct proof p;
  struct hash root;
  struct fault why = {0};
  uint64_t first;
  grow(w, 600);
  assert_int_equal(tree_root_at(&w->tree, 601, read_tile, &w->store, &root, &why), SP_FORK);
  assert_int_equal(tree_prove_inclusion(&w->tree, 600, 600, read_tile, &w->store, &p, &why),
                   SP_INVALID);
  assert_int_equal(tree_prove_inclusion(&w->tree, 0, 601, read_tile, &w->store, &p, &why),
                   SP_INVALID);
  assert_int_equal(tree_prove_consistency(&w->tree, 3, 2, read_tile, &w->store, &p, &why),
                   SP_INVALID);
  assert_int_equal(tree_prove_consistency(&w->tree, 3, UINT64_MAX, read_tile, &w->store, &p, &why),
                   SP_INVALID);
  assert_int_equal(tree_restore(&w->again, UINT64_MAX, read_tile, &w->store, &first, &why),
                   SP_LIMIT);
  assert_int_equal(tree_restore(&w->again, 1024, read_tile, &w->store, &first, &why), SP_CORRUPT);
  assert_non_null(strstr(why.text, "tile 0/2"));
  w->store.n = 0;
  assert_int_equal(tree_prove_inclusion(&w->tree, 0, 600, read_tile, &w->store, &p, &why),
                   SP_CORRUPT);
  assert_int_equal(tree_root_at(&w->tree, 500, read_tile, &w->store, &root, &why), SP_CORRUPT);
  /* Proofs from outside say their own length. */
  p.n = UINT32_MAX;
  assert_false(tree_check_inclusion(&p, 0, 600, &root, &root));
  assert_false(tree_check_consistency(&p, 1, 600, &root, &root));
  p.n = 0;
  assert_false(tree_check_consistency(&p, 0, 600, &root, &root)); /* no such empty tree */
  assert_false(tree_check_consistency(&p, UINT64_MAX - 1, UINT64_MAX, &root, &root));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_known_answers),
      cmocka_unit_test(hmac_known_answers),
      WORLD(rfc_6962_known_answers),
      WORLD(small_trees_agree),
      WORLD(growing_trees_agree),
      WORLD(level_two_begins),
      WORLD(reads_are_few),
      WORLD(what_cannot_be_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
