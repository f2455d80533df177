/* replay.h: makes every decision again, from the entries alone, and compares bytes.
 *
 * Each command is read from its first entry, decided on the state that the entries before it give,
 * and written down again; what comes out must be the entries that stand there, all of them and no
 * more. The hash in each snapshot.taken is compared with the state.
 */
#ifndef SP_AUDIT_REPLAY_H
#define SP_AUDIT_REPLAY_H

#include "audit/report.h"
#include "base/bytes.h"

struct replay_result {
  uint64_t entries, commands, states; /* looked at; states: hashes of snapshot.taken */
  uint64_t differing;                 /* commands */
  /* The first difference; empty when there is none. Free with replay_result_free. */
  uint64_t first_n;
  struct buf journaled, again; /* an entry's bytes; `again` may be empty: there is none */
};
void replay_result_free(struct replay_result *r);

/* DIR: a site's data directory; the engine may run. Faults go to the report. SP_OK: every decision
 * is the same; SP_CORRUPT, SP_VERSION: as the report says; other errors: it could not be done. */
enum sp_err replay_dir(const char *dir, const struct progress *progress, struct report *report,
                       struct replay_result *result, struct fault *why) SP_MUST_USE;

struct slug;
struct store;
/* The same for an open store, whose entries must all name this site. */
enum sp_err replay_store(struct store *store, const struct slug *site,
                         const struct progress *progress, struct report *report,
                         struct replay_result *result, struct fault *why) SP_MUST_USE;

#endif
