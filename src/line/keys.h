/* keys.h: the keys of a site's readers, apart from the journal and from the site's own keys:
 * DIR/lines/READER.scbk, enciphered with AES-256-GCM under the key in DIR/lines/master.key (32
 * bytes as hex, mode 0600), which is made when it is first needed. Moving that file elsewhere and
 * linking to it keeps the two apart. Nothing else in DIR is for who runs lines.
 *
 * Invariants:
 *   1. a file is replaced at once or not at all, durably, and only its owner may read it;
 *   2. a file of one reader is not taken for another's: its name is authenticated.
 */
#ifndef SP_LINE_KEYS_H
#define SP_LINE_KEYS_H

#include "line/line.h"

#define KEYS_FOLDER "lines"

/* Makes the folder, mode 0700, unless it is there. SP_NOT_FOUND: there is no DIR. SP_IO. */
enum sp_err keys_folder(const char *dir, struct fault *why) SP_MUST_USE;
/* Where master.key leads to when it is a link, in out; else NULL. */
const char *keys_master_link(const char *dir, char *out, size_t n);
/* SP_NOT_FOUND: there is none for it. SP_DENIED: others may read the key file. SP_CORRUPT: it was
 * not enciphered with this key file, or was changed. SP_IO. */
enum sp_err keys_read(const char *dir, const char *reader, struct line_key *key,
                      struct fault *why) SP_MUST_USE;
enum sp_err keys_write(const char *dir, const char *reader, const struct line_key *key,
                       struct fault *why) SP_MUST_USE;

#endif
