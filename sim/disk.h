/* disk.h: a disk that is not there, below the real SQLite: files in memory that know what would
 * have been left of them if the power had failed now.
 *
 * A write is in the file at once and on the disk only after a sync of that file. When the power
 * fails, each write since then is kept, lost, torn (some of its 512-byte sectors) or, where the
 * disk misdirects, laid down where another unsynced write of the file belonged. What was synced
 * stays: that is all that any disk promises. A process that is killed loses nothing of it.
 *
 * Every write, sync and removal is an effect, and the process can be made to end at any one.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "base/bytes.h"
#include "base/time.h"
#include "sim/rng.h"

struct disk;

/* Each may be NULL: as if it said no. */
struct disk_world {
  void *ctx;
  usec (*wall)(void *ctx);
  /* The process comes to an effect; true: it ends here, and no effect follows until disk_kill. */
  bool (*effect)(void *ctx, const char *what);
  /* This write or sync fails: an SQLite result code, 0 = it does not. */
  int (*fails)(void *ctx, bool sync);
};

/* One disk at a time is SQLite's default. NULL without memory. */
struct disk *disk_new(uint64_t seed, const struct disk_world *world);
void disk_free(struct disk *d);

/* The process that had files open is gone, with its locks and shared memory. */
void disk_kill(struct disk *d);
/* And the power failed. */
struct disk_loss {
  uint32_t kept, lost, torn, misdirected;
};
struct disk_loss disk_power_loss(struct disk *d, bool misdirects);
/* A disk that lies: syncs are answered and not done. */
void disk_lies(struct disk *d, bool yes);

struct disk_counts {
  uint64_t writes, syncs, bytes;
};
struct disk_counts disk_counts(const struct disk *d);

/* A small file that is replaced at once or not at all, durable when it returns true; false: the
 * process ended meanwhile. */
bool disk_replace(struct disk *d, const char *name, struct span bytes);
/* False when there is none. */
bool disk_read(struct disk *d, const char *name, struct buf *out);

#endif
