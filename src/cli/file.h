/* file.h: whole files, bounded. */
#ifndef SP_CLI_FILE_H
#define SP_CLI_FILE_H

#include "base/bytes.h"

/* Appends the file's bytes; "-" is standard input. SP_NOT_FOUND, SP_DENIED, SP_IO, SP_LIMIT when it
 * is longer than most bytes, SP_NO_MEMORY; the fault names the file. */
enum sp_err cli_file_read(const char *path, size_t most, struct buf *out,
                          struct fault *why) SP_MUST_USE;

#endif
