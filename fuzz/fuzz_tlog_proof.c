/* The text of a proof. First byte: 0, the rest is the text; else a true proof with bytes changed.
 * What is read is written again the same; what verifies is a true proof but for its extra data. */
#include "fuzz/fuzz.h"
#include "journal/tlog_proof.h"

#include <stdlib.h>
#include <string.h>

enum { leaves_max = 200, entry_n = 77 };

static struct note_signer signer;
static struct buf truth; /* the proof of one entry, without extra data */
static struct hash leaf;

static void make_truth(void) {
  const uint8_t seed[32] = {1};
  struct tree *tree = calloc(1, sizeof *tree);
  struct tlog_proof p = {.index = entry_n};
  struct checkpoint c = {.origin = "log.example/site", .size = leaves_max};
  struct buf note = {0};
  MUST_HOLD(tree);
  tree_init(tree);
  for (uint32_t i = 0; i < leaves_max; i++) {
    struct hash h = tree_leaf(span_of(&i, sizeof i));
    if (i == entry_n)
      leaf = h;
    tree_append(tree, &h, NULL, NULL);
  }
  c.root = tree_root(tree);
  MUST_DO(signer_from_seed(&signer, "log.example/site", seed, must));
  MUST_DO(checkpoint_sign(&c, &signer, &note, must));
  MUST_DO(tree_prove_inclusion(tree, entry_n, leaves_max, NULL, NULL, &p.hashes, must));
  p.checkpoint = buf_span(&note);
  tlog_proof_write(&truth, &p);
  buf_free(&note);
  free(tree);
}

/* The text without its extra line. */
static void without_extra(const struct tlog_proof *p, struct buf *out) {
  struct tlog_proof plain = *p;
  plain.extra = (struct buf){0};
  tlog_proof_write(out, &plain);
}

/* Of notes that the key signed there is one here: with other lines of signatures after it. */
static bool is_truth(const struct tlog_proof *p) {
  struct buf plain = {0};
  without_extra(p, &plain);
  bool is = plain.n >= truth.n && memcmp(plain.p, truth.p, truth.n) == 0;
  buf_free(&plain);
  return is;
}

static void try_text(struct span text) {
  struct tlog_proof p;
  struct buf again = {0};
  struct checkpoint c;
  struct fault why = {0};
  enum sp_err err = tlog_proof_read(&p, text, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT);
  if (err) {
    fuzz_tell(&why);
    MUST_HOLD(!p.extra.n);
    return;
  }
  tlog_proof_write(&again, &p);
  MUST_HOLD(span_eq(buf_span(&again), text));
  err = tlog_proof_verify(&p, &leaf, &signer.public, &c, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_CORRUPT || err == SP_LIMIT);
  if (!err)
    MUST_HOLD(is_truth(&p) && c.size == leaves_max && p.index == entry_n);
  else
    fuzz_tell(&why);
  buf_free(&p.extra);
  buf_free(&again);
}

/* The true proof; pairs of bytes say where, and what then: changed, left out, or put in. */
static void try_changed(struct cut *in) {
  struct buf text = {0};
  size_t from = cut_u8(in) % 8 ? truth.n : truth.n / 2;
  buf_put(&text, truth.p, from);
  if (in->n && in->p[0] & 1) { /* with extra data */
    struct tlog_proof p;
    MUST_DO(tlog_proof_read(&p, buf_span(&truth), must));
    buf_put(&p.extra, in->p, in->n);
    buf_reset(&text);
    tlog_proof_write(&text, &p);
    buf_free(&p.extra);
  }
  while (in->n >= 4) {
    size_t at = cut_u16(in) % (text.n ? text.n : 1);
    uint8_t what = cut_u8(in), with = cut_u8(in);
    if (what % 3 == 0 && text.n)
      text.p[at] ^= with;
    else if (what % 3 == 1 && text.n) {
      memmove(text.p + at, text.p + at + 1, text.n - at - 1);
      text.n--;
    } else {
      buf_put(&text, &with, 1);
      memmove(text.p + at + 1, text.p + at, text.n - at - 1);
      text.p[at] = with;
    }
  }
  try_text(buf_span(&text));
  buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct cut in = {p, n};
  if (!truth.n)
    make_truth();
  if (cut_u8(&in) == 0)
    try_text(span_of(in.p, in.n));
  else
    try_changed(&in);
  return 0;
}
