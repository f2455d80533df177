#include "journal/note.h"

#include "journal/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

/* --- base64, RFC 4648 section 4, strict: no white space, padding exact, unused bits zero --- */

/* Four characters for each three bytes begun; out has room for them. */
static size_t encode(char *out, struct span in) {
  static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < in.n; i += 3) {
    size_t left = in.n - i;
    uint32_t v = (uint32_t)in.p[i] << 16 | (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
                 (left > 2 ? in.p[i + 2] : 0u);
    *out++ = a[v >> 18];
    *out++ = a[v >> 12 & 63];
    *out++ = left > 1 ? a[v >> 6 & 63] : '=';
    *out++ = left > 2 ? a[v & 63] : '=';
  }
  return (in.n + 2) / 3 * 4;
}

void base64_encode(struct buf *out, struct span in) {
  if (in.n && buf_reserve(out, (in.n + 2) / 3 * 4))
    out->n += encode((char *)out->p + out->n, in);
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

/* U+0085, U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F, U+3000 and the ASCII ones.
 */
static bool is_unicode_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

/* Takes one code point of well-formed UTF-8 (RFC 3629) off the front; false when it is none. */
static bool next_code_point(struct span *s, uint32_t *out) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t c = s->p[0];
  size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
  if (n == 0 || n > s->n)
    return false;
  if (n > 1)
    c &= 0x7fu >> n;
  for (size_t i = 1; i < n; i++) {
    if (s->p[i] >> 6 != 2)
      return false;
    c = c << 6 | (s->p[i] & 0x3f);
  }
  s->p += n;
  s->n -= n;
  *out = c;
  return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

/* signed-note: valid UTF-8 without control characters but the newline. */
static bool is_note_text(struct span s) {
  uint32_t c;
  while (s.n)
    if (!next_code_point(&s, &c) || (c < 0x20 && c != '\n'))
      return false;
  return true;
}

/* A name in a signature line, of whoever: not empty, no Unicode space, no plus. */
static bool is_any_name(struct span s) {
  uint32_t c;
  if (s.n == 0)
    return false;
  while (s.n)
    if (!next_code_point(&s, &c) || is_unicode_space(c) || c == '+')
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

void signer_as_witness(struct note_signer *s) {
  s->public.type = NOTE_COSIGNATURE;
  set_key_id(&s->public);
}

void signer_wipe(struct note_signer *s) {
  bytes_wipe(s, sizeof *s);
}

/* One with a passphrase is not opened: nobody is there to be asked for it. */
static int no_passphrase(char *out, int size, int writing, void *ctx) {
  (void)out, (void)size, (void)writing, (void)ctx;
  return -1;
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

/* About what OpenSSL takes to read one; how often what it does not take is tried. */
enum { pem_memory_bytes = 1 << 16, tries_max = 2 };

static bool seed_from_pem(uint8_t seed[32], struct span pem) {
  size_t n = 32;
  BIO *bio = pem.n <= 65536 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
  bool ok = key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
            EVP_PKEY_get_raw_private_key(key, seed, &n) == 1 && n == 32;
  EVP_PKEY_free(key);
  BIO_free(bio);
  return ok;
}

enum sp_err signer_from_pem(struct note_signer *s, const char *name, struct span pem,
                            struct fault *why) {
  uint8_t seed[32];
  enum sp_err err;
  void *memory = NULL;
  /* As below with signatures: what is no key is none the second time, and while there is memory. */
  bool ok = false;
  for (int tries = 0; tries < tries_max && !ok; tries++)
    ok = seed_from_pem(seed, pem);
  if (ok)
    err = signer_from_seed(s, name, seed, why);
  else if (!(memory = sp_alloc(1, pem_memory_bytes)))
    err = fault_set(why, SP_NO_MEMORY, "no memory to read the key");
  else
    err = fault_set(why, SP_INVALID,
                    "not an Ed25519 private key in PEM form without a passphrase, as `openssl "
                    "genpkey -algorithm ed25519` writes it");
  sp_free(memory);
  bytes_wipe(seed, sizeof seed);
  return err;
}

void vkey_format(const struct note_key *k, char out[vkey_max]) {
  uint8_t raw[33];
  char id[9] = {0}, text[45] = {0};
  raw[0] = k->type;
  memcpy(raw + 1, k->key, 32);
  encode(text, span_of(raw, sizeof raw));
  hex_encode(id, k->id, 4);
  snprintf(out, vkey_max, "%s+%s+%s", k->name, id, text);
}

enum sp_err vkey_parse(struct note_key *k, struct span text, struct fault *why) {
  *k = (struct note_key){0};
  const uint8_t *a = text.n ? memchr(text.p, '+', text.n) : NULL;
  const uint8_t *end = a ? text.p + text.n : NULL;
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
  bool failed = raw.failed;
  buf_free(&raw);
  if (failed)
    return fault_set(why, SP_NO_MEMORY, "no memory to read a verifier key");
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

static bool verifies(const uint8_t pub[32], struct span m, const uint8_t sig[64]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
            EVP_DigestVerify(ctx, sig, 64, m.p, m.n) == 1;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return ok;
}

/* A signature of RFC 8032 (section 7.1, test 1), of no bytes. */
static const uint8_t known_key[32] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
static const uint8_t known_signature[64] = {
    0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a,
    0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73, 0xe0, 0x65, 0x22, 0x49, 0x01, 0x55,
    0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b, 0xac, 0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b,
    0xd2, 0x5b, 0xf5, 0xf0, 0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b};

/* OpenSSL says the same of a wrong signature and of memory that it did not get. So one that does
 * not verify is tried again, and called wrong only when a right one is recognised beside it: nobody
 * shall be told that a log was forged because a machine was short of memory. */
static enum sp_err ed25519_verify(const uint8_t pub[32], struct span m, const uint8_t sig[64]) {
  for (int tries = 0; tries < tries_max; tries++)
    if (verifies(pub, m, sig))
      return SP_OK;
  return verifies(known_key, SPAN_LIT(""), known_signature) ? SP_CORRUPT : SP_NO_MEMORY;
}

void checkpoint_text(const struct checkpoint *c, struct buf *text) {
  buf_printf(text, "%s\n%" PRIu64 "\n", c->origin, c->size);
  base64_encode(text, span_of(c->root.b, sizeof c->root.b));
  buf_puts(text, "\n");
}

static void put_signature_line(struct buf *b, const struct note_key *k, struct span raw) {
  buf_printf(b, "\xe2\x80\x94 %s ", k->name);
  base64_encode(b, raw);
  buf_puts(b, "\n");
}

enum sp_err checkpoint_sign(const struct checkpoint *c, const struct note_signer *s,
                            struct buf *note, struct fault *why) {
  SP_ASSERT(s->public.type == NOTE_ED25519);
  size_t first = note->n;
  checkpoint_text(c, note);
  uint8_t raw[4 + 64];
  memcpy(raw, s->public.id, 4);
  if (note->failed || !ed25519_sign(s->seed, span_of(note->p + first, note->n - first), raw + 4))
    return fault_set(why, SP_NO_MEMORY, "no memory to sign the checkpoint");
  buf_puts(note, "\n");
  put_signature_line(note, &s->public, span_of(raw, sizeof raw));
  return note->failed ? fault_set(why, SP_NO_MEMORY, "no memory to sign the checkpoint") : SP_OK;
}

/* What a cosignature/v1 signs. */
static void cosigned_message(struct buf *m, struct span text, uint64_t time) {
  buf_printf(m, "cosignature/v1\ntime %" PRIu64 "\n", time);
  buf_put(m, text.p, text.n);
}

enum sp_err cosignature_sign(const struct note_signer *w, struct span text, uint64_t time,
                             struct buf *line, struct fault *why) {
  SP_ASSERT(w->public.type == NOTE_COSIGNATURE && time <= INT64_MAX);
  struct buf m = {0};
  cosigned_message(&m, text, time);
  uint8_t raw[4 + 8 + 64];
  memcpy(raw, w->public.id, 4);
  store_be64(raw + 4, time);
  bool ok = !m.failed && ed25519_sign(w->seed, buf_span(&m), raw + 12);
  buf_free(&m);
  if (ok)
    put_signature_line(line, &w->public, span_of(raw, sizeof raw));
  return ok && !line->failed ? SP_OK
                             : fault_set(why, SP_NO_MEMORY, "no memory to sign the checkpoint");
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
  bool ok = is_note_text(text) && next_line(&text, &origin) && next_line(&text, &size) &&
            next_line(&text, &root) && origin.n >= 1 && origin.n <= origin_max && size.n >= 1 &&
            size.n <= 19 && (size.p[0] != '0' || size.n == 1);
  for (size_t i = 0; ok && i < size.n; i++) {
    ok = size.p[i] >= '0' && size.p[i] <= '9';
    c->size = c->size * 10 + (uint64_t)(size.p[i] - '0');
  }
  struct buf raw = {0};
  ok = ok && c->size <= INT64_MAX && root.n == 44 && base64_decode(&raw, root) && raw.n == 32;
  if (ok) {
    memcpy(c->root.b, raw.p, 32);
    memcpy(c->origin, origin.p, origin.n);
  }
  bool failed = raw.failed;
  buf_free(&raw);
  if (failed)
    return fault_set(why, SP_NO_MEMORY, "no memory to read a checkpoint");
  struct hash empty = sha256_of((struct span){0});
  if (ok && c->size == 0 && memcmp(c->root.b, empty.b, sizeof empty.b) != 0)
    return fault_set(why, SP_INVALID, "a checkpoint of no entries has the root SHA-256(\"\")");
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
  return is_any_name(*name) &&
         base64_decode(raw, span_of(space + 1, (size_t)(rest.p + rest.n - space - 1))) &&
         raw->n > 4;
}

static bool is_key(const struct note_key *k, struct span name, const struct buf *raw) {
  return span_is(name, k->name) && memcmp(raw->p, k->id, 4) == 0;
}

/* cosignature/v1: u64 time, then Ed25519 over "cosignature/v1\ntime T\n" and the text. */
static enum sp_err cosignature_holds(const struct note_key *k, struct span text,
                                     const struct buf *raw, uint64_t *time, struct fault *why) {
  struct buf m = {0};
  bool ok = raw->n == 4 + 8 + 64 && raw->p[4] < 0x80; /* at most 2^63-1 */
  if (ok) {
    *time = 0;
    for (int i = 0; i < 8; i++)
      *time = *time << 8 | raw->p[4 + i];
    cosigned_message(&m, text, *time);
  }
  enum sp_err err = m.failed ? SP_NO_MEMORY
                    : ok     ? ed25519_verify(k->key, buf_span(&m), raw->p + 12)
                             : SP_CORRUPT;
  buf_free(&m);
  if (err == SP_NO_MEMORY)
    return fault_set(why, SP_NO_MEMORY, "no memory to check a cosignature");
  return err ? fault_set(why, SP_CORRUPT, "the cosignature of %s on the note is wrong", k->name)
             : SP_OK;
}

enum sp_err cosignature_verify(const struct note_key *witness, struct span text, struct span line,
                               uint64_t *time, struct fault *why) {
  struct span rest = line, one, name;
  struct buf raw = {0};
  *time = 0;
  bool ok = witness->type == NOTE_COSIGNATURE && line.n <= note_max && next_line(&rest, &one) &&
            rest.n == 0 && signature_line(one, &name, &raw) && is_key(witness, name, &raw);
  enum sp_err err = SP_OK;
  if (raw.failed)
    err = fault_set(why, SP_NO_MEMORY, "no memory to check a cosignature");
  else if (!ok)
    err = fault_set(why, SP_INVALID, "not one cosignature line of %s", witness->name);
  else
    err = cosignature_holds(witness, text, &raw, time, why);
  buf_free(&raw);
  return err;
}

/* Whom a note was signed by, as its lines are read. */
struct signers {
  const struct note_key *log, *witnesses;
  size_t n_witnesses;
  bool by_log;
  bool by_witness[note_witnesses_max];
};

static enum sp_err check_signature(struct signers *s, struct span text, struct span name,
                                   const struct buf *raw, struct fault *why) {
  if (is_key(s->log, name, raw)) {
    enum sp_err err = raw->n == 4 + 64 ? ed25519_verify(s->log->key, text, raw->p + 4) : SP_CORRUPT;
    if (err == SP_NO_MEMORY)
      return fault_set(why, err, "no memory to check the signature of %s", s->log->name);
    if (err)
      return fault_set(why, SP_CORRUPT, "the signature of %s on the note is wrong", s->log->name);
    s->by_log = true;
  }
  for (size_t i = 0; i < s->n_witnesses; i++) {
    uint64_t time;
    if (s->witnesses[i].type != NOTE_COSIGNATURE || !is_key(&s->witnesses[i], name, raw))
      continue;
    enum sp_err err = cosignature_holds(&s->witnesses[i], text, raw, &time, why);
    if (err)
      return err;
    s->by_witness[i] = true;
  }
  return SP_OK;
}

static enum sp_err check_signatures(struct signers *s, struct span text, struct span lines,
                                    struct fault *why) {
  struct buf raw = {0};
  struct span line, name;
  enum sp_err err = SP_OK;
  for (unsigned i = 1; !err && lines.n; i++) {
    if (i > note_signatures_max)
      err = fault_set(why, SP_INVALID, "a note has at most %d signatures", note_signatures_max);
    else if (next_line(&lines, &line) && signature_line(line, &name, &raw))
      err = check_signature(s, text, name, &raw, why);
    else if (raw.failed)
      err = fault_set(why, SP_NO_MEMORY, "no memory to check a signature");
    else
      err = fault_set(why, SP_INVALID, "signature line %u of the note is malformed", i);
  }
  buf_free(&raw);
  return err;
}

/* One key under two names is one witness: a cosignature does not say its name. */
static unsigned count_witnesses(const struct signers *s) {
  unsigned n = 0;
  for (size_t i = 0; i < s->n_witnesses; i++) {
    bool counted = false;
    for (size_t k = 0; k < i; k++)
      counted = counted ||
                (s->by_witness[k] && memcmp(s->witnesses[i].key, s->witnesses[k].key, 32) == 0);
    n += s->by_witness[i] && !counted;
  }
  return n;
}

enum sp_err note_open(struct span *text, struct span note, const struct note_key *log,
                      const struct note_key *witnesses, size_t n_witnesses, unsigned *cosigned,
                      struct fault *why) {
  struct signers s = {log, witnesses, n_witnesses, false, {false}};
  struct span signed_text, lines;
  if (cosigned)
    *cosigned = 0;
  *text = (struct span){0};
  if (n_witnesses > note_witnesses_max)
    return fault_set(why, SP_LIMIT, "at most %d witnesses can be named", note_witnesses_max);
  if (log->type != NOTE_ED25519)
    return fault_set(why, SP_INVALID, "the key of %s is a witness's, not a log's", log->name);
  if (note.n > note_max || !is_note_text(note) || !split_note(note, &signed_text, &lines) ||
      !lines.n)
    return fault_set(why, SP_INVALID,
                     "not a signed note: text, a blank line and signatures are expected");
  enum sp_err err = check_signatures(&s, signed_text, lines, why);
  if (err)
    return err;
  if (!s.by_log)
    return fault_set(why, SP_CORRUPT, "the note is not signed by %s", log->name);
  *text = signed_text;
  if (cosigned)
    *cosigned = count_witnesses(&s);
  return SP_OK;
}

enum sp_err checkpoint_open(struct checkpoint *c, struct span note, const struct note_key *log,
                            const struct note_key *witnesses, size_t n_witnesses,
                            unsigned *cosigned, struct fault *why) {
  struct span text;
  struct checkpoint opened;
  unsigned n;
  *c = (struct checkpoint){0};
  if (cosigned)
    *cosigned = 0;
  enum sp_err err = note_open(&text, note, log, witnesses, n_witnesses, &n, why);
  if (!err)
    err = checkpoint_parse(&opened, text, why);
  if (!err && strcmp(opened.origin, log->name) != 0)
    err = fault_set(why, SP_CORRUPT, "the checkpoint is of the log %s, not %s", opened.origin,
                    log->name);
  if (err)
    return err;
  *c = opened;
  if (cosigned)
    *cosigned = n;
  return SP_OK;
}
