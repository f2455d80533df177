/* site_dir_int.h: what site_dir.c and site_init.c share, and the names of a site's files. */
#ifndef SP_ENGINE_SITE_DIR_INT_H
#define SP_ENGINE_SITE_DIR_INT_H

#include "engine/site_dir.h"

#define SITE_SIGNING_KEY "keys/signing.pem"
#define SITE_TAG_KEY     "keys/site.key"
#define SITE_SOCKET      "engine.sock"

enum { site_path_max = 3840 }; /* leaves room for the names below it within PATH_MAX */

int site_dir_fd(const struct site_dir *d);

/* name is relative to the open directory `dir`, which faults call `shown`. Reads at most `most`
 * bytes. SP_NOT_FOUND, SP_LIMIT, SP_IO, SP_NO_MEMORY. */
enum sp_err site_file_read(int dir, const char *shown, const char *name, size_t most,
                           struct buf *out, struct fault *why) SP_MUST_USE;
/* Replaces it at once or not at all, durable when it returns. */
enum sp_err site_file_write(int dir, const char *shown, const char *name, unsigned mode,
                            struct span bytes, struct fault *why) SP_MUST_USE;

#endif
