/* export_log.h: the log as files that others' software reads: C2SP tlog-tiles.
 *
 *   OUT/checkpoint   OUT/tile/<L>/…   OUT/tile/entries/…
 *
 * of exactly the size that the last checkpoint signs, right partial tiles included.
 *
 * Invariants:
 *   1. everything comes from the entries, and the checkpoint is written last, only after their
 *      root was the signed one: a reader of OUT never meets a checkpoint without its tiles;
 *   2. files that are there already and the same are left alone, so exporting again is cheap.
 */
#ifndef SP_AUDIT_EXPORT_LOG_H
#define SP_AUDIT_EXPORT_LOG_H

#include "audit/report.h"

struct export_result {
  uint64_t size;           /* entries under the checkpoint */
  uint64_t bundles, tiles; /* files of the log */
  uint64_t written;        /* of them, those that were not there yet */
};

/* DIR: a site's data directory; the engine may run. SP_NOT_FOUND: nothing was signed yet;
 * SP_EXISTS: OUT has the files of another log; SP_FORK: of this log, and a larger one;
 * SP_CORRUPT: the entries are not what was signed; SP_IO. */
enum sp_err export_log(const char *dir, const char *out, const struct progress *progress,
                       struct export_result *result, struct fault *why) SP_MUST_USE;

#endif
