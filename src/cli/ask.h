/* ask.h: asks the engine: one connection, the operators' sessions, commands and their answers.
 *
 * Invariants:
 *   1. passwords are asked for when a session is made, and forgotten when it is;
 *   2. what carries a secret (card, PIN, password, session) is wiped once it was sent.
 */
#ifndef SP_CLI_ASK_H
#define SP_CLI_ASK_H

#include "cli/cli.h"

#include <sys/types.h>

struct ask;

/* Connects to the engine of --dir. Where the verb has --as (and --second), they log in. */
enum sp_err ask_open(struct cli *c, struct ask **out) SP_MUST_USE;
void ask_close(struct ask *a); /* NULL is fine */
/* Without the second operator, who agrees to some of what is asked: between the two functions
 * below. Their password is asked for each time. */
enum sp_err ask_open_alone(struct cli *c, struct ask **out) SP_MUST_USE;
enum sp_err ask_agree(struct cli *c, struct ask *a, const char *name) SP_MUST_USE;
void ask_agree_no_more(struct ask *a);

/* What goes with a command; every member may be NULL. Taken, and wiped where secret. */
struct asked {
  json_t *command, *details, *secret;
};
/* Sends one and waits. *reply is the caller's: "decision": done, refused or rejected. Errors of the
 * engine ({"error"}) come back as its enum sp_err with its sentence. */
enum sp_err ask_one(struct ask *a, struct asked asked, json_t **reply,
                    struct fault *why) SP_MUST_USE;

/* Many at once: send gives each an id; receive takes the next answer, whichever it is; one that is
 * {"error":…} is an answer too. Errors are the connection's. */
enum sp_err ask_send(struct ask *a, struct asked asked, uint64_t *id,
                     struct fault *why) SP_MUST_USE;
enum sp_err ask_receive(struct ask *a, uint64_t *id, json_t **reply, struct fault *why) SP_MUST_USE;
/* How many may be under way. */
unsigned ask_window(void);

/* Puts a blob on the connection for the command that names it; *hash is its SHA-256. */
enum sp_err ask_blob(struct ask *a, struct span bytes, struct hash *hash,
                     struct fault *why) SP_MUST_USE;

/* The enum sp_err and sentence of an answer {"error":…}; SP_OK for any other. */
enum sp_err ask_error(const json_t *reply, struct fault *why) SP_MUST_USE;
/* The sentence for an answer that was refused or rejected. */
void ask_reasons(const json_t *reply, struct buf *out);

/* What an answer comes to: SP_OK when done; SP_REFUSED; SP_INVALID or SP_EXISTS when rejected,
 * which says why. */
enum sp_err ask_verdict(struct cli *c, const json_t *reply) SP_MUST_USE;
/* Prints an answer as the verb's result and takes it. SP_OK when done; SP_REFUSED when refused;
 * SP_INVALID or SP_EXISTS when rejected. The reasons are told with it. */
enum sp_err ask_tell(struct cli *c, json_t *reply) SP_MUST_USE;
/* ask_one, after the paper that the command names (c->paper), if there is one. */
enum sp_err ask_with_paper(struct cli *c, struct ask *a, struct asked asked,
                           json_t **reply) SP_MUST_USE;
/* ask_open, ask_with_paper, ask_tell, ask_close. */
enum sp_err ask_and_tell(struct cli *c, struct asked asked) SP_MUST_USE;

/* Journals that details are read: of one person or order, of all on a movement's manifest, or with
 * REF_NONE of everyone. SP_DENIED when they may not be. */
enum sp_err ask_details_read(struct cli *c, struct ask *a, enum ref_kind kind,
                             uint32_t index) SP_MUST_USE;

/* With --details: says who reads them, as whom --as names, before any is read. Without, nothing.
 * person may be REF_ABSENT: of everyone. */
enum sp_err ask_for_details(struct cli *c, uint32_t person) SP_MUST_USE;
enum sp_err ask_for_details_of(struct cli *c, enum ref_kind kind, uint32_t index) SP_MUST_USE;
/* --details without --as. */
enum sp_err ask_reader_named(struct cli *c) SP_MUST_USE;

/* What the engine says of itself; nobody needs to log in. *pid (or NULL): its process, or 0 when
 * that is not known here. NULL when it does not run. */
json_t *ask_status(struct cli *c, pid_t *pid);

/* {"type":"person.add"} */
json_t *ask_command(enum command_type type);

/* Reads a card (--card-fd, or the terminal) as {"format":…,"value":…}; the plan of the site says
 * what it may be. any_format: also one that the plan does not name. */
enum sp_err ask_card(struct cli *c, bool any_format, json_t **card) SP_MUST_USE;
/* Wipes the strings of a JSON value, then lets it go. */
void json_forget(json_t *value);

#endif
