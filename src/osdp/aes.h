/* aes.h: AES-128 as OSDP's secure channel uses it: single blocks, and chains of them. OpenSSL does
 * the work; a key is set once and used many times. */
#ifndef SP_OSDP_AES_H
#define SP_OSDP_AES_H

#include "base/bytes.h"

enum { aes_block = 16 };

/* Zero-initialise; a secret. */
struct aes {
  void *encrypt, *decrypt; /* EVP_CIPHER_CTX */
};
/* SP_NO_MEMORY: the library has none. */
enum sp_err aes_set(struct aes *a, const uint8_t key[aes_block]) SP_MUST_USE;
void aes_wipe(struct aes *a);

/* One block; in and out may be the same. */
void aes_encrypt(const struct aes *a, const uint8_t in[aes_block], uint8_t out[aes_block]);
/* n bytes in place, a multiple of a block; iv is left as it was. */
void aes_cbc_encrypt(const struct aes *a, const uint8_t iv[aes_block], uint8_t *bytes, size_t n);
void aes_cbc_decrypt(const struct aes *a, const uint8_t iv[aes_block], uint8_t *bytes, size_t n);

#endif
