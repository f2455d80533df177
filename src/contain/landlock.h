/* landlock.h: files, ports and signals that are out of reach (Linux 5.13 and later). */
#ifndef SP_CONTAIN_LANDLOCK_H
#define SP_CONTAIN_LANDLOCK_H

#include "contain/contain.h"

/* 0: this kernel has none, and *reason says why. */
uint32_t landlock_version(const char **reason);
/* Where there is one. From now on only files below `dir` (NULL: none), for reading and writing,
 * those of `more`, and what the C library and SQLite read: /dev/null and /dev/urandom. No TCP port
 * but with `tcp`, no abstract socket; no signal to others, but from the supervisor. SP_NOT_FOUND,
 * SP_IO: dir cannot be opened. */
enum sp_err landlock_confine(const struct contain_options *options, struct fault *why) SP_MUST_USE;

#endif
