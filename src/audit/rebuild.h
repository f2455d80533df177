/* rebuild.h: snapshots and the query table made anew from the entries alone.
 *
 * First all of it is compared; what is not as the entries give it is then replaced. A log that is
 * not the signed one is not built upon: SP_FORK or SP_CORRUPT, and nothing is changed.
 */
#ifndef SP_AUDIT_REBUILD_H
#define SP_AUDIT_REBUILD_H

#include "audit/report.h"

struct rebuild_result {
  uint64_t entries, passages; /* rows that the entries give */
  uint64_t snapshots;         /* that are there now and right */
  uint64_t passages_differing, snapshots_differing;
  bool snapshot_made; /* the newest was missing, which is no damage: it was never finished */
};

/* DIR: a site's data directory; the engine must not run (SP_BUSY). SP_OK: everything was identical;
 * SP_CORRUPT: something differed, the report says what, and it is right now. */
enum sp_err rebuild_dir(const char *dir, const struct progress *progress, struct report *report,
                        struct rebuild_result *result, struct fault *why) SP_MUST_USE;

#endif
