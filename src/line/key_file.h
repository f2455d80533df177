/* key_file.h: the key of a trial's reader, in a file of its own: 32 hex digits. */
#ifndef SP_LINE_KEY_FILE_H
#define SP_LINE_KEY_FILE_H

#include "osdp/secure.h"

/* SP_NOT_FOUND: there is no such file. SP_DENIED: others may read it. SP_INVALID: it holds
 * something else, or the key that everyone knows. The fault never tells what it holds. */
enum sp_err key_file_read(const char *path, uint8_t key[osdp_key_bytes],
                          struct fault *why) SP_MUST_USE;
/* Replaces the file at once or not at all, durably; only its owner may read it. */
enum sp_err key_file_write(const char *path, const uint8_t key[osdp_key_bytes],
                           struct fault *why) SP_MUST_USE;

#endif
