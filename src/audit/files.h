/* files.h: whole files, read with a bound and replaced at once. */
#ifndef SP_AUDIT_FILES_H
#define SP_AUDIT_FILES_H

#include "base/bytes.h"

enum { path_max = 4096 };

/* Appends the whole file, at most `most` bytes. SP_NOT_FOUND, SP_LIMIT, SP_IO, SP_NO_MEMORY; the
 * fault names the file. */
enum sp_err audit_file_read(const char *path, size_t most, struct buf *out,
                            struct fault *why) SP_MUST_USE;
/* Replaces the file at once or not at all: written beside it, synced, renamed, its folder synced.
 * Folders on the way are made. */
enum sp_err audit_file_replace(const char *path, struct span bytes, struct fault *why) SP_MUST_USE;
/* Likewise, but durable only after audit_files_sync of a folder above: for many files. */
enum sp_err audit_file_put(const char *path, struct span bytes, struct fault *why) SP_MUST_USE;
/* All that was written on the folder's file system. */
enum sp_err audit_files_sync(const char *folder, struct fault *why) SP_MUST_USE;

#endif
