/* Signed checkpoints and the texts of keys. The first byte says what the rest is:
 *   0  a note as it is       1  a text that the log's key signs, then more lines
 *   2  a verifier key        3  a private key's PEM
 *   4  base64                5  a text and a cosignature line for it
 * What opens was signed; what is read and written again is the same. */
#include "fuzz/fuzz.h"
#include "journal/note.h"

#include <string.h>

struct keys {
  struct note_signer log, witness;
};

static const struct keys *keys(void) {
  static struct keys k;
  static bool made;
  if (!made) {
    const uint8_t one[32] = {1}, two[32] = {2};
    MUST_DO(signer_from_seed(&k.log, "log.example/site", one, must));
    MUST_DO(signer_from_seed(&k.witness, "witness.example", two, must));
    signer_as_witness(&k.witness);
    made = true;
  }
  return &k;
}

/* The text of what was parsed is the text that was read, but for extension lines. */
static void check_text(struct span text) {
  struct checkpoint c;
  struct fault why = {0};
  struct buf again = {0};
  enum sp_err err = checkpoint_parse(&c, text, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  if (err)
    return;
  checkpoint_text(&c, &again);
  MUST_HOLD(again.n <= text.n && memcmp(again.p, text.p, again.n) == 0);
  buf_free(&again);
}

static void try_note(struct span note) {
  const struct keys *k = keys();
  struct checkpoint c;
  struct span text;
  unsigned cosigned = 99;
  struct fault why = {0};
  enum sp_err err = note_open(&text, note, &k->log.public, &k->witness.public, 1, &cosigned, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_CORRUPT || err == SP_LIMIT);
  if (!err)
    MUST_HOLD(cosigned <= 1 && text.n && text.p[text.n - 1] == '\n' && text.p == note.p);
  if (!checkpoint_open(&c, note, &k->log.public, &k->witness.public, 1, &cosigned, &why))
    MUST_HOLD(!err && strcmp(c.origin, k->log.public.name) == 0);
  check_text(note);
}

/* A checkpoint of what the input says is signed, opened, and is the same; a byte changed is not. */
static void sign(struct span input) {
  const struct keys *k = keys();
  struct checkpoint c = {.origin = "log.example/site"}, opened;
  struct cut in = {input.p, input.n};
  struct buf note = {0}, text = {0}, changed = {0};
  unsigned cosigned;
  c.size = 1 + cut_u64(&in) % ((UINT64_C(1) << 53) - 1); /* of no entries there is one root */
  memcpy(c.root.b, "root of the tree", 16);
  c.root.b[0] = cut_u8(&in);
  MUST_DO(checkpoint_sign(&c, &k->log, &note, must));
  checkpoint_text(&c, &text);
  MUST_DO(cosignature_sign(&k->witness, buf_span(&text), cut_u32(&in), &note, must));
  buf_put(&changed, note.p, note.n);
  size_t at = cut_u16(&in) % text.n;
  changed.p[at] ^= (uint8_t)(cut_u8(&in) | 1);
  buf_put(&note, in.p, in.n); /* others' lines */
  struct fault why = {0};
  if (!checkpoint_open(&opened, buf_span(&note), &k->log.public, &k->witness.public, 1, &cosigned,
                       &why))
    MUST_HOLD(cosigned == 1 && opened.size == c.size &&
              memcmp(&opened.root, &c.root, sizeof c.root) == 0);
  else if (in.n == 0)
    fuzz_broken(__FILE__, __LINE__, "what was signed opens", why.text);
  MUST_HOLD(checkpoint_open(&opened, buf_span(&changed), &k->log.public, NULL, 0, NULL, &why));
  buf_free(&note);
  buf_free(&text);
  buf_free(&changed);
}

static void try_key(struct span text) {
  struct note_key key;
  char again[vkey_max];
  struct fault why = {0};
  enum sp_err err = vkey_parse(&key, text, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  if (!err) {
    vkey_format(&key, again);
    MUST_HOLD(span_is(text, again));
  }
}

static void try_pem(struct span pem) {
  struct note_signer s, again;
  struct buf text = {0};
  struct fault why = {0};
  enum sp_err err = signer_from_pem(&s, "log.example/site", pem, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  if (!err) {
    MUST_DO(signer_to_pem(&s, &text, must));
    MUST_DO(signer_from_pem(&again, "log.example/site", buf_span(&text), must));
    MUST_HOLD(memcmp(&s, &again, sizeof s) == 0);
  }
  buf_free(&text);
}

static void try_base64(struct span text) {
  struct buf bytes = {0}, again = {0};
  if (base64_decode(&bytes, text)) {
    base64_encode(&again, buf_span(&bytes));
    MUST_HOLD(span_eq(buf_span(&again), text));
  }
  buf_reset(&bytes);
  buf_reset(&again);
  base64_encode(&again, text);
  MUST_HOLD(base64_decode(&bytes, buf_span(&again)) && span_eq(buf_span(&bytes), text));
  buf_free(&bytes);
  buf_free(&again);
}

static void try_cosignature(struct span input) {
  const struct keys *k = keys();
  uint64_t time;
  struct fault why = {0};
  const uint8_t *end = input.n ? memchr(input.p, '#', input.n) : NULL;
  struct span text = span_of(input.p, end ? (size_t)(end - input.p) : input.n);
  struct span line = end ? span_of(end + 1, input.n - text.n - 1) : (struct span){0};
  enum sp_err err = cosignature_verify(&k->witness.public, text, line, &time, &why);
  MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_CORRUPT);
  struct buf ours = {0};
  MUST_DO(cosignature_sign(&k->witness, text, input.n, &ours, must));
  MUST_DO(cosignature_verify(&k->witness.public, text, buf_span(&ours), &time, must));
  MUST_HOLD(time == input.n);
  buf_free(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static void (*const tries[])(struct span) = {try_note, sign,       try_key,
                                               try_pem,  try_base64, try_cosignature};
  struct cut in = {p, n};
  if (n == 0)
    return 0;
  tries[cut_u8(&in) % (sizeof tries / sizeof tries[0])](span_of(in.p, in.n));
  return 0;
}
