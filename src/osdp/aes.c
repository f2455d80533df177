#include "osdp/aes.h"

#include <openssl/evp.h>
#include <string.h>

enum sp_err aes_set(struct aes *a, const uint8_t key[aes_block]) {
  aes_wipe(a);
  EVP_CIPHER_CTX *e = EVP_CIPHER_CTX_new(), *d = EVP_CIPHER_CTX_new();
  a->encrypt = e;
  a->decrypt = d;
  if (e && d && EVP_EncryptInit_ex2(e, EVP_aes_128_ecb(), key, NULL, NULL) &&
      EVP_DecryptInit_ex2(d, EVP_aes_128_ecb(), key, NULL, NULL) &&
      EVP_CIPHER_CTX_set_padding(e, 0) && EVP_CIPHER_CTX_set_padding(d, 0))
    return SP_OK;
  aes_wipe(a);
  return SP_NO_MEMORY;
}

void aes_wipe(struct aes *a) {
  EVP_CIPHER_CTX_free(a->encrypt); /* wipes the key */
  EVP_CIPHER_CTX_free(a->decrypt);
  *a = (struct aes){0};
}

/* Whole blocks without padding, so that nothing is kept back and nothing can fail. */
void aes_encrypt(const struct aes *a, const uint8_t in[aes_block], uint8_t out[aes_block]) {
  int n = 0;
  SP_ASSERT(EVP_EncryptUpdate(a->encrypt, out, &n, in, aes_block) && n == aes_block);
}

static void mix(uint8_t *to, const uint8_t *with) {
  for (int i = 0; i < aes_block; i++)
    to[i] ^= with[i];
}

void aes_cbc_encrypt(const struct aes *a, const uint8_t iv[aes_block], uint8_t *bytes, size_t n) {
  SP_ASSERT(n % aes_block == 0);
  for (const uint8_t *before = iv; n; n -= aes_block, bytes += aes_block) {
    mix(bytes, before);
    aes_encrypt(a, bytes, bytes);
    before = bytes;
  }
}

void aes_cbc_decrypt(const struct aes *a, const uint8_t iv[aes_block], uint8_t *bytes, size_t n) {
  SP_ASSERT(n % aes_block == 0);
  uint8_t before[aes_block], now[aes_block];
  memcpy(before, iv, aes_block);
  for (; n; n -= aes_block, bytes += aes_block) {
    int done = 0;
    memcpy(now, bytes, aes_block);
    SP_ASSERT(EVP_DecryptUpdate(a->decrypt, bytes, &done, now, aes_block) && done == aes_block);
    mix(bytes, before);
    memcpy(before, now, aes_block);
  }
}
