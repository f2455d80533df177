#include "journal/note.h"

#include "journal/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

/* --- base64, RFC 4648 section 4, strict: no white space, padding exact, unused bits zero --- */

void base64_encode(struct buf *out, struct span in) {
  static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < in.n; i += 3) {
    size_t left = in.n - i;
    uint32_t v = (uint32_t)in.p[i] << 16 | (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
                 (left > 2 ? in.p[i + 2] : 0u);
    char four[4] = {a[v >> 18], a[v >> 12 & 63], left > 1 ? a[v >> 6 & 63] : '=',
                    left > 2 ? a[v & 63] : '='};
    buf_put(out, four, 4);
  }
}

static int base64_value(uint8_t c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct buf *out, struct span t) {
  if (t.n % 4)
    return false;
  for (size_t i = 0; i < t.n; i += 4) {
    bool last = i + 4 == t.n;
    size_t pad = last && t.p[i + 3] == '=' ? (t.p[i + 2] == '=' ? 2 : 1) : 0;
    uint32_t v = 0;
    for (size_t k = 0; k < 4; k++) {
      int d = k >= 4 - pad ? 0 : base64_value(t.p[i + k]);
      if (d < 0)
        return false;
      v = v << 6 | (uint32_t)d;
    }
    if ((pad == 1 && v & 0xff) || (pad == 2 && v & 0xffff))
      return false;
    uint8_t three[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    buf_put(out, three, 3 - pad);
  }
  return !out->failed;
}

/* --- Keys --- */

bool note_name_valid(struct span name) {
  if (name.n == 0 || name.n > origin_max)
    return false;
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] <= 0x20 || name.p[i] == '+' || name.p[i] >= 0x7f)
      return false;
  return true;
}

static void set_key_id(struct note_key *k) {
  struct sha256 s;
  sha256_start(&s);
  sha256_add(&s, k->name, strlen(k->name));
  sha256_add(&s, "\n", 1);
  sha256_add(&s, &k->type, 1);
  sha256_add(&s, k->key, sizeof k->key);
  struct hash h = sha256_end(&s);
  memcpy(k->id, h.b, sizeof k->id);
}

enum sp_err signer_from_seed(struct note_signer *s, const char *name, const uint8_t seed[32],
                             struct fault *why) {
  *s = (struct note_signer){0};
  if (!note_name_valid(span_str(name)))
    return fault_set(why, SP_INVALID,
                     "\"%s\" is no name of a log: 1 to %d printable bytes without space or '+'",
                     name, origin_max);
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
  size_t n = sizeof s->public.key;
  bool ok = key && EVP_PKEY_get_raw_public_key(key, s->public.key, &n) == 1 && n == 32;
  EVP_PKEY_free(key);
  if (!ok)
    return fault_set(why, SP_NO_MEMORY, "OpenSSL could not make an Ed25519 key");
  memcpy(s->seed, seed, 32);
  snprintf(s->public.name, sizeof s->public.name, "%s", name);
  s->public.type = NOTE_ED25519;
  set_key_id(&s->public);
  return SP_OK;
}

void signer_wipe(struct note_signer *s) {
  bytes_wipe(s, sizeof *s);
}

enum sp_err signer_to_pem(const struct note_signer *s, struct buf *pem, struct fault *why) {
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, s->seed, 32);
  BIO *bio = BIO_new(BIO_s_secmem());
  char *text;
  long n = 0;
  if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
    n = BIO_get_mem_data(bio, &text);
  if (n > 0)
    buf_put(pem, text, (size_t)n);
  BIO_free(bio);
  EVP_PKEY_free(key);
  return n > 0 && !pem->failed ? SP_OK
                               : fault_set(why, SP_NO_MEMORY, "OpenSSL could not write the key");
}

enum sp_err signer_from_pem(struct note_signer *s, const char *name, struct span pem,
                            struct fault *why) {
  uint8_t seed[32];
  size_t n = sizeof seed;
  BIO *bio = pem.n <= 65536 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
  bool ok = key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
            EVP_PKEY_get_raw_private_key(key, seed, &n) == 1 && n == 32;
  EVP_PKEY_free(key);
  BIO_free(bio);
  if (!ok)
    return fault_set(why, SP_INVALID, "not an Ed25519 private key in PEM form");
  enum sp_err err = signer_from_seed(s, name, seed, why);
  bytes_wipe(seed, sizeof seed);
  return err;
}

void vkey_format(const struct note_key *k, char out[vkey_max]) {
  uint8_t raw[33];
  raw[0] = k->type;
  memcpy(raw + 1, k->key, 32);
  struct buf b = {0};
  base64_encode(&b, span_of(raw, sizeof raw));
  char id[9] = {0};
  hex_encode(id, k->id, 4);
  snprintf(out, vkey_max, "%s+%s+%.*s", k->name, id, (int)b.n, (const char *)b.p);
  buf_free(&b);
}

enum sp_err vkey_parse(struct note_key *k, struct span text, struct fault *why) {
  *k = (struct note_key){0};
  const uint8_t *a = text.n ? memchr(text.p, '+', text.n) : NULL;
  const uint8_t *end = text.p + text.n;
  const uint8_t *b = a ? memchr(a + 1, '+', (size_t)(end - a - 1)) : NULL;
  uint8_t id[4];
  struct buf raw = {0};
  bool ok = b && note_name_valid(span_of(text.p, (size_t)(a - text.p))) &&
            hex_decode(id, 4, (const char *)a + 1, (size_t)(b - a - 1)) &&
            base64_decode(&raw, span_of(b + 1, (size_t)(end - b - 1))) && raw.n == 33 &&
            (raw.p[0] == NOTE_ED25519 || raw.p[0] == NOTE_COSIGNATURE);
  if (ok) {
    memcpy(k->name, text.p, (size_t)(a - text.p));
    k->type = raw.p[0];
    memcpy(k->key, raw.p + 1, 32);
    set_key_id(k);
    ok = memcmp(id, k->id, 4) == 0;
  }
  buf_free(&raw);
  return ok ? SP_OK
            : fault_set(why, SP_INVALID,
                        "\"%.*s\" is no verifier key: name+hash+base64 is expected, as `init` "
                        "prints it",
                        (int)(text.n > 80 ? 80 : text.n), text.n ? (const char *)text.p : "");
}

/* --- Signing --- */

static bool ed25519_sign(const uint8_t seed[32], struct span m, uint8_t sig[64]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  size_t n = 64;
  bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
            EVP_DigestSign(ctx, sig, &n, m.p, m.n) == 1 && n == 64;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return ok;
}

static bool ed25519_verify(const uint8_t pub[32], struct span m, const uint8_t sig[64]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
            EVP_DigestVerify(ctx, sig, 64, m.p, m.n) == 1;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return ok;
}

enum sp_err checkpoint_sign(const struct checkpoint *c, const struct note_signer *s,
                            struct buf *note, struct fault *why) {
  size_t first = note->n;
  buf_printf(note, "%s\n%" PRIu64 "\n", c->origin, c->size);
  base64_encode(note, span_of(c->root.b, sizeof c->root.b));
  buf_puts(note, "\n");
  uint8_t raw[68];
  memcpy(raw, s->public.id, 4);
  if (note->failed || !ed25519_sign(s->seed, span_of(note->p + first, note->n - first), raw + 4))
    return fault_set(why, SP_NO_MEMORY, "the checkpoint could not be signed");
  buf_printf(note, "\n\xe2\x80\x94 %s ", s->public.name);
  base64_encode(note, span_of(raw, sizeof raw));
  buf_puts(note, "\n");
  return note->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}

/* --- Opening --- */

/* The next line without its newline; false at the end or when there is no newline. */
static bool next_line(struct span *rest, struct span *line) {
  const uint8_t *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
  if (!nl)
    return false;
  *line = span_of(rest->p, (size_t)(nl - rest->p));
  rest->n -= line->n + 1;
  rest->p = nl + 1;
  return true;
}

enum sp_err checkpoint_parse(struct checkpoint *c, struct span text, struct fault *why) {
  struct span origin, size, root, line;
  *c = (struct checkpoint){0};
  bool ok = next_line(&text, &origin) && next_line(&text, &size) && next_line(&text, &root) &&
            origin.n >= 1 && origin.n <= origin_max && size.n >= 1 && size.n <= 19 &&
            (size.p[0] != '0' || size.n == 1);
  for (size_t i = 0; ok && i < origin.n; i++)
    ok = origin.p[i] >= 0x20 && origin.p[i] < 0x7f;
  for (size_t i = 0; ok && i < size.n; i++) {
    ok = size.p[i] >= '0' && size.p[i] <= '9';
    c->size = c->size * 10 + (uint64_t)(size.p[i] - '0');
  }
  struct buf raw = {0};
  ok = ok && base64_decode(&raw, root) && raw.n == 32;
  if (ok) {
    memcpy(c->root.b, raw.p, 32);
    memcpy(c->origin, origin.p, origin.n);
  }
  buf_free(&raw);
  while (ok && text.n)
    ok = next_line(&text, &line) && line.n > 0; /* extension lines are not empty */
  return ok ? SP_OK
            : fault_set(why, SP_INVALID,
                        "not a checkpoint: origin, size and base64 root are expected, a line each");
}

/* Splits at the last blank line: the text ends with its newline, then a newline, then signatures.
 */
static bool split_note(struct span note, struct span *text, struct span *signatures) {
  for (size_t i = note.n; i >= 2; i--)
    if (note.p[i - 1] == '\n' && note.p[i - 2] == '\n') {
      *text = span_of(note.p, i - 1);
      *signatures = span_of(note.p + i, note.n - i);
      return true;
    }
  return false;
}

static const uint8_t dash_space[4] = {0xe2, 0x80, 0x94, ' '};

/* "— name base64"; false when it is no signature line. */
static bool signature_line(struct span line, struct span *name, struct buf *raw) {
  if (line.n < 4 || memcmp(line.p, dash_space, 4) != 0)
    return false;
  struct span rest = span_of(line.p + 4, line.n - 4);
  const uint8_t *space = rest.n ? memchr(rest.p, ' ', rest.n) : NULL;
  if (!space)
    return false;
  *name = span_of(rest.p, (size_t)(space - rest.p));
  buf_reset(raw);
  return note_name_valid(*name) &&
         base64_decode(raw, span_of(space + 1, (size_t)(rest.p + rest.n - space - 1))) &&
         raw->n > 4;
}

static bool is_key(const struct note_key *k, struct span name, const struct buf *raw) {
  return span_is(name, k->name) && memcmp(raw->p, k->id, 4) == 0;
}

/* cosignature/v1: u64 time, then Ed25519 over "cosignature/v1\ntime T\n" and the text. */
static bool cosignature_holds(const struct note_key *k, struct span text, const struct buf *raw) {
  if (raw->n != 4 + 8 + 64)
    return false;
  uint64_t t = 0;
  for (int i = 0; i < 8; i++)
    t = t << 8 | raw->p[4 + i];
  struct buf m = {0};
  buf_printf(&m, "cosignature/v1\ntime %" PRIu64 "\n", t);
  buf_put(&m, text.p, text.n);
  bool ok = !m.failed && ed25519_verify(k->key, buf_span(&m), raw->p + 12);
  buf_free(&m);
  return ok;
}

enum sp_err checkpoint_open(struct checkpoint *c, struct span note, const struct note_key *log,
                            const struct note_key *witnesses, size_t n_witnesses,
                            unsigned *cosigned, struct fault *why) {
  struct span text, signatures, line, name;
  if (note.n > note_max || !split_note(note, &text, &signatures) || !signatures.n)
    return fault_set(why, SP_INVALID, "not a signed note: text, a blank line and signatures");
  unsigned lines = 0, by_log = 0, by_witness = 0;
  struct buf raw = {0};
  enum sp_err err = SP_OK;
  while (!err && signatures.n) {
    if (++lines > note_signatures_max || !next_line(&signatures, &line) ||
        !signature_line(line, &name, &raw)) {
      err = fault_set(why, SP_INVALID, "signature line %u of the note is malformed", lines);
      break;
    }
    bool wrong = false;
    if (is_key(log, name, &raw)) {
      wrong = raw.n != 68 || !ed25519_verify(log->key, text, raw.p + 4);
      by_log += !wrong;
    }
    for (size_t i = 0; i < n_witnesses && !wrong; i++)
      if (is_key(&witnesses[i], name, &raw)) {
        wrong = !cosignature_holds(&witnesses[i], text, &raw);
        by_witness += !wrong;
      }
    if (wrong)
      err = fault_set(why, SP_CORRUPT, "the signature of %.*s on the checkpoint is wrong",
                      (int)name.n, (const char *)name.p);
  }
  buf_free(&raw);
  if (!err && !by_log)
    err = fault_set(why, SP_CORRUPT, "the checkpoint is not signed by %s", log->name);
  if (!err)
    err = checkpoint_parse(c, text, why);
  if (!err && strcmp(c->origin, log->name) != 0)
    err =
        fault_set(why, SP_CORRUPT, "the checkpoint is of the log %s, not %s", c->origin, log->name);
  if (cosigned)
    *cosigned = by_witness;
  return err;
}
