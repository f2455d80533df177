/* password.h: operators' passwords as scrypt verifiers (RFC 7914). A hash takes about a quarter of
 * a second and 32 MB on purpose, so it is done as a job away from the logic. */
#ifndef SP_ENGINE_PASSWORD_H
#define SP_ENGINE_PASSWORD_H

#include "base/record.h"
#include "engine/engine_limits.h"

struct password_verifier {
  uint32_t n, r, p; /* of scrypt; n a power of two */
  uint8_t salt[16];
  struct hash hash;
};
enum { password_n = 1 << 15, password_r = 8, password_p = 3 };

enum password_work { PASSWORD_MAKE, PASSWORD_COMPARE };
struct password_job {
  enum password_work work;
  uint32_t length;
  char password[password_bytes_max]; /* wiped by password_job_run */
  struct password_verifier verifier; /* of MAKE: n, r, p and salt given, hash filled in */
  bool right;                        /* of COMPARE */
  enum sp_err err;
};

/* Pure but for time and memory. Any thread. */
void password_job_run(struct password_job *job);

/* As a member of an operator's details: {"hash":"…","n":32768,"p":3,"r":8,"salt":"…"}. */
void password_verifier_put(struct buf *out, const struct password_verifier *v);
/* From that; SP_CORRUPT also for costs that nobody asked for. */
enum sp_err password_verifier_read(struct password_verifier *v, struct span json,
                                   struct fault *why) SP_MUST_USE;

#endif
