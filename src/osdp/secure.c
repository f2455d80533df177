#include "osdp/secure.h"

#include <string.h>

const uint8_t osdp_scbk_d[osdp_key_bytes] = {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
                                             0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F};

enum { PAD = 0x80 };

static enum sp_err derive(struct aes *out, const struct aes *base, uint8_t which,
                          const uint8_t a[osdp_random_bytes]) {
  uint8_t key[aes_block] = {0x01, which};
  memcpy(key + 2, a, 6);
  aes_encrypt(base, key, key);
  enum sp_err err = aes_set(out, key);
  bytes_wipe(key, sizeof key);
  return err;
}

enum sp_err osdp_secure_begin(struct osdp_secure *s, const uint8_t key[osdp_key_bytes],
                              const uint8_t a[osdp_random_bytes]) {
  struct aes base = {0};
  osdp_secure_wipe(s);
  memcpy(s->a, a, osdp_random_bytes);
  enum sp_err err = aes_set(&base, key);
  if (!err)
    err = derive(&s->enc, &base, 0x82, a);
  if (!err)
    err = derive(&s->mac1, &base, 0x01, a);
  if (!err)
    err = derive(&s->mac2, &base, 0x02, a);
  aes_wipe(&base);
  if (err)
    osdp_secure_wipe(s);
  return err;
}

void osdp_secure_wipe(struct osdp_secure *s) {
  aes_wipe(&s->enc);
  aes_wipe(&s->mac1);
  aes_wipe(&s->mac2);
  bytes_wipe(s, sizeof *s);
}

static void cryptogram(const struct osdp_secure *s, const uint8_t *first, const uint8_t *second,
                       uint8_t out[aes_block]) {
  memcpy(out, first, osdp_random_bytes);
  memcpy(out + osdp_random_bytes, second, osdp_random_bytes);
  aes_encrypt(&s->enc, out, out);
}

void osdp_secure_cryptograms(struct osdp_secure *s, const uint8_t b[osdp_random_bytes],
                             uint8_t peripheral[aes_block], uint8_t panel[aes_block],
                             uint8_t rmac[aes_block]) {
  memcpy(s->b, b, osdp_random_bytes);
  cryptogram(s, s->a, s->b, peripheral);
  cryptogram(s, s->b, s->a, panel);
  aes_encrypt(&s->mac1, panel, rmac);
  aes_encrypt(&s->mac2, rmac, rmac);
  memcpy(s->reply_mac, rmac, aes_block);
}

/* The whole MAC, of which four bytes are sent. */
static void make_mac(const struct osdp_secure *s, const uint8_t iv[aes_block], const uint8_t *p,
                     size_t n, uint8_t mac[aes_block]) {
  memcpy(mac, iv, aes_block);
  while (n) {
    size_t take = n < aes_block ? n : aes_block;
    for (size_t i = 0; i < take; i++)
      mac[i] ^= p[i];
    if (take < aes_block)
      mac[take] ^= PAD;
    p += take;
    n -= take;
    aes_encrypt(n ? &s->mac1 : &s->mac2, mac, mac);
  }
}

static void invert(uint8_t out[aes_block], const uint8_t in[aes_block]) {
  for (int i = 0; i < aes_block; i++)
    out[i] = (uint8_t)~in[i];
}

size_t osdp_secure_seal(struct osdp_secure *s, struct osdp_frame *f, uint8_t *out) {
  uint8_t padded[osdp_data_max + aes_block];
  uint8_t iv[aes_block];
  const uint8_t *before = f->reply ? s->command_mac : s->reply_mac;
  uint8_t *mac = f->reply ? s->reply_mac : s->command_mac;
  static const uint8_t no_mac_yet[osdp_mac_bytes];
  f->block =
      f->data.n ? (f->reply ? OSDP_SCS_18 : OSDP_SCS_17) : (f->reply ? OSDP_SCS_16 : OSDP_SCS_15);
  f->n_key = 0;
  f->mac = span_of(no_mac_yet, osdp_mac_bytes);
  if (f->data.n > osdp_data_max)
    return 0;
  if (f->data.n) {
    size_t n = f->data.n / aes_block * aes_block + aes_block;
    memset(padded, 0, n);
    memcpy(padded, f->data.p, f->data.n);
    padded[f->data.n] = PAD;
    invert(iv, before);
    aes_cbc_encrypt(&s->enc, iv, padded, n);
    f->data = span_of(padded, n);
  }
  size_t n = 0;
  if (osdp_frame_size(f)) {
    n = osdp_frame_open(out, f);
    make_mac(s, before, out, n, mac);
    f->mac = span_of(mac, osdp_mac_bytes);
    n = osdp_frame_close(out, n, f);
  }
  f->data = f->mac = (struct span){0}; /* they lay in here */
  return n;
}

/* Where the data ends: before the last byte that is not 0, which must be the pad, at most a block
 * from the end. SIZE_MAX: it is not there. */
static size_t unpadded(const uint8_t *p, size_t n) {
  for (size_t i = n; i-- > 0 && n - i <= aes_block;)
    if (p[i])
      return p[i] == PAD ? i : SIZE_MAX;
  return SIZE_MAX;
}

enum sp_err osdp_secure_open(struct osdp_secure *s, struct osdp_frame *f, uint8_t *plain) {
  uint8_t mac[aes_block], iv[aes_block];
  const uint8_t *before = f->reply ? s->command_mac : s->reply_mac;
  bool enciphered = f->block == OSDP_SCS_17 || f->block == OSDP_SCS_18;
  /* Some peripherals answer under SCS_15: the direction is in the address too, which the MAC
   * covers.
   */
  if (!osdp_block_has_mac(f->block) || f->n_key)
    return SP_DENIED;
  make_mac(s, before, f->whole.p, (size_t)(f->mac.p - f->whole.p), mac);
  if (!bytes_equal_ct(mac, f->mac.p, osdp_mac_bytes))
    return SP_DENIED;
  if (enciphered) {
    size_t n = f->data.n;
    if (n == 0 || n % aes_block || n > osdp_frame_max)
      return SP_DENIED;
    memcpy(plain, f->data.p, n);
    invert(iv, before);
    aes_cbc_decrypt(&s->enc, iv, plain, n);
    n = unpadded(plain, n);
    if (n == SIZE_MAX)
      return SP_DENIED;
    f->data = span_of(plain, n);
  }
  memcpy(f->reply ? s->reply_mac : s->command_mac, mac, aes_block);
  return SP_OK;
}
