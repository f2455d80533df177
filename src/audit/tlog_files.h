/* tlog_files.h: a log as files, as C2SP tlog-tiles lays them out, read to be checked. */
#ifndef SP_AUDIT_TLOG_FILES_H
#define SP_AUDIT_TLOG_FILES_H

#include "audit/log_check.h"

/* A tree of such files as a source for log_check. `size` is the checkpoint's; entries come from the
 * bundles; every tile that a log of this size has is there to be compared, partial ones too. Older
 * partial tiles may lie about, as tlog-tiles allows. */
struct tlog_files {
  const char *dir;
  uint64_t size;
  struct report *report;
  struct buf bundle, hashes;
  uint64_t files; /* read */
};
struct log_source tlog_files_source(struct tlog_files *t);
void tlog_files_free(struct tlog_files *t);

#endif
