/* secret_file.h: a file of secret bytes, as hex digits on one line, mode 0600.
 *
 * Invariants:
 *   1. it is replaced at once or not at all, durably, and only its owner may read it;
 *   2. faults never tell what it holds.
 */
#ifndef SP_LINE_SECRET_FILE_H
#define SP_LINE_SECRET_FILE_H

#include "base/bytes.h"

enum { secret_file_bytes_max = 64 };

/* Exactly n bytes, in either case of digits. SP_NOT_FOUND: there is no such file. SP_DENIED: others
 * may read it. SP_INVALID: it holds something else, or is no file. SP_IO. */
enum sp_err secret_file_read(const char *path, uint8_t *out, size_t n,
                             struct fault *why) SP_MUST_USE;
enum sp_err secret_file_write(const char *path, const uint8_t *bytes, size_t n,
                              struct fault *why) SP_MUST_USE;

#endif
