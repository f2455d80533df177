/* session.h: who may log in, who has, and how long wrong passwords wait.
 *
 * Invariants:
 *   1. a session's token is known to its client only: here is its SHA-256;
 *   2. a session ends after session_hours_max, after session_idle_minutes_max without use, when its
 *      operator is disabled, and with the process. Times are monotonic, so no clock step
 *      prolongs one;
 *   3. whether a login name exists cannot be told from answers: an unknown one is compared with a
 *      verifier that nothing fits, and waits as known ones do.
 */
#ifndef SP_ENGINE_SESSION_H
#define SP_ENGINE_SESSION_H

#include "core/command.h"
#include "engine/password.h"

struct sessions;

struct sessions *sessions_new(void); /* NULL without memory */
void sessions_free(struct sessions *s);

/* --- Operators' names and passwords --- */

/* Names are compared byte by byte. 1 to operator_name_bytes_max bytes of UTF-8, no control
 * characters, no space at either end. */
enum sp_err operator_name_check(struct span name, struct fault *why) SP_MUST_USE;

/* The details of operator.added: {"name":…,"scrypt":{…}}, canonical. */
void operator_details_put(struct buf *out, struct span name, const struct password_verifier *v);

/* From these details, as stored. SP_CORRUPT. */
enum sp_err sessions_know(struct sessions *s, uint32_t operator_index, struct span details,
                          struct fault *why) SP_MUST_USE;
/* The operator of this name, REF_ABSENT when there is none. */
uint32_t sessions_find(const struct sessions *s, struct span name);

/* --- Logging in: begin, compare elsewhere, end. --- */

/* May a password be tried for this operator (REF_ABSENT: an unknown name) now? Fills the job's
 * verifier. SP_DENIED: too many wrong ones, with the seconds to wait; SP_BUSY: several are being
 * compared already. */
enum sp_err login_begin(struct sessions *s, uint32_t operator_index, usec mono,
                        struct password_verifier *v, struct fault *why) SP_MUST_USE;
/* Ends what login_begin began. */
void login_end(struct sessions *s, uint32_t operator_index, usec mono, bool right);

/* A session for the token (32 random bytes); the one unused for longest makes room. */
void session_add(struct sessions *s, const struct hash *token, uint32_t operator_index, usec mono);
/* Whose it is. SP_DENIED: unknown or over. */
enum sp_err session_use(struct sessions *s, const struct hash *token, usec mono,
                        uint32_t *operator_index, struct fault *why) SP_MUST_USE;
void session_end(struct sessions *s, const struct hash *token);
void sessions_end_of(struct sessions *s, uint32_t operator_index);
uint32_t sessions_count(const struct sessions *s, usec mono);

#endif
