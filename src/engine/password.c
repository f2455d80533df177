#include "engine/password.h"

#include "engine/json.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* 128 n r bytes and a little more. */
static uint64_t memory_of(const struct password_verifier *v) {
  return UINT64_C(128) * v->r * (v->n + v->p + 2) + (1 << 20);
}

static enum sp_err derive(const struct password_verifier *v, const char *password, size_t length,
                          struct hash *out) {
  uint64_t n = v->n, most = memory_of(v);
  uint32_t r = v->r, p = v->p;
  EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
  EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password,
                                        length),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)v->salt,
                                        sizeof v->salt),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
      OSSL_PARAM_construct_end(),
  };
  bool ok = ctx && EVP_KDF_derive(ctx, out->b, sizeof out->b, params) == 1;
  EVP_KDF_CTX_free(ctx);
  EVP_KDF_free(kdf);
  return ok ? SP_OK : SP_NO_MEMORY;
}

void password_job_run(struct password_job *job) {
  struct hash h;
  job->err = derive(&job->verifier, job->password, job->length, &h);
  bytes_wipe(job->password, sizeof job->password);
  if (job->work == PASSWORD_COMPARE)
    job->right = !job->err && bytes_equal_ct(h.b, job->verifier.hash.b, sizeof h.b);
  else if (!job->err)
    job->verifier.hash = h;
  bytes_wipe(&h, sizeof h);
}

void password_verifier_put(struct buf *out, const struct password_verifier *v) {
  char hash[2 * sizeof v->hash.b + 1] = {0}, salt[2 * sizeof v->salt + 1] = {0};
  hex_encode(hash, v->hash.b, sizeof v->hash.b);
  hex_encode(salt, v->salt, sizeof v->salt);
  buf_printf(out, "{\"hash\":\"%s\",\"n\":%u,\"p\":%u,\"r\":%u,\"salt\":\"%s\"}", hash, v->n, v->p,
             v->r, salt);
}

static bool read_hex(struct span value, uint8_t *out, size_t n) {
  return value.n == 2 * n + 2 && value.p[0] == '"' &&
         hex_decode(out, n, (const char *)value.p + 1, 2 * n);
}

enum sp_err password_verifier_read(struct password_verifier *v, struct span json,
                                   struct fault *why) {
  enum { HASH, N, P, R, SALT, MEMBERS };
  struct json_member m[MEMBERS] = {[HASH] = {"hash", {0}},
                                   [N] = {"n", {0}},
                                   [P] = {"p", {0}},
                                   [R] = {"r", {0}},
                                   [SALT] = {"salt", {0}}};
  enum sp_err err = json_members(json, m, MEMBERS, 1, "the password's verifier", why);
  if (!err &&
      (!read_hex(m[HASH].value, v->hash.b, sizeof v->hash.b) ||
       !read_hex(m[SALT].value, v->salt, sizeof v->salt) || !json_u32_read(m[N].value, &v->n) ||
       !json_u32_read(m[P].value, &v->p) || !json_u32_read(m[R].value, &v->r)))
    err = SP_INVALID;
  /* Costs from outside must not take the machine down. */
  if (!err && (v->n < 2 || v->n > 1 << 20 || v->n & (v->n - 1) || v->p < 1 || v->p > 16 ||
               v->r < 1 || v->r > 32))
    err = SP_INVALID;
  return err ? fault_set(why, SP_CORRUPT, "the password's verifier is not one") : SP_OK;
}
