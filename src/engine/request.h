/* request.h: what a client asks: the envelope, its secrets, and the command in it.
 *
 *   {"command":{…},"details":{…}?,"secret":{…}?,"session":hex64?,"second":hex64?}
 *   {"login":{"name":…,"password":…}}   {"logout":{"session":hex64}}   {"status":{}}
 *   {"plan":{}}: answered with a BLOB, the plan in force (plan/plan_blob.h)
 *
 * Invariants:
 *   1. a command cannot bring a tag or a new id: the engine makes both;
 *   2. secrets are copied into struct request only, which request_wipe wipes; faults never tell
 *      them.
 */
#ifndef SP_ENGINE_REQUEST_H
#define SP_ENGINE_REQUEST_H

#include "core/core.h"
#include "engine/io.h"
#include "engine/password.h"
#include "engine/tags.h"

enum request_kind { REQUEST_COMMAND, REQUEST_LOGIN, REQUEST_LOGOUT, REQUEST_PLAN, REQUEST_STATUS };

/* A text of a client that is secret. n = 0: it was not given. */
struct request_secret {
  uint32_t n;
  char text[card_digits_max];
};

struct request {
  enum request_kind kind;
  struct span command, details; /* JSON in the payload; .p NULL = not given */
  bool has_session, has_second;
  struct hash session, second;
  struct slug card_format;
  struct request_secret card, pin, duress;
  uint32_t password_n, name_n;
  char password[password_bytes_max];
  char name[operator_name_bytes_max];
};

/* Reads the envelope. SP_INVALID, SP_LIMIT; *r needs request_wipe in any case. */
enum sp_err request_read(struct request *r, struct span payload, struct fault *why) SP_MUST_USE;
void request_wipe(struct request *r);

/* The command of a REQUEST_COMMAND: its type and arguments; names are found in the core's state.
 * at, by, second and commit are left for the engine. SP_INVALID, SP_NOT_FOUND. */
enum sp_err request_command(const struct request *r, const struct core *core, struct command *c,
                            struct fault *why) SP_MUST_USE;
/* And what only the engine may put in: tags of the secrets, new ids. SP_INVALID: a secret that this
 * command needs is missing, or one it does not take was given. */
enum sp_err request_fill(const struct request *r, const struct core *core, const struct tags *tags,
                         const struct io *io, struct command *c, struct fault *why) SP_MUST_USE;

#endif
