/* verify.h: is this record whole, as it was signed, and what its rows say it is?
 *
 * Everything is hashed and made again; nothing stored is believed. What is checked:
 *   the log        log_check.h: entries, numbering, times, causes, tiles, signed roots
 *   signatures     DIR/checkpoint, the database's copy, one given by hand; cosignatures of the
 *                  plan's witnesses
 *   meaning        each entry follows from those before it (engine/fold.h)
 *   details        each that is there against its entry's commitment; each that is not there
 *                  against an erasure that explains it
 *   blobs          their hashes, and that the plans of the journal are there
 *   query table    each row against its entry
 *   snapshots      their bytes against the hash in their entry
 *   meta, structure of the database
 *
 * Invariants: 1. nothing is written; 2. every fault is told with its place (report.h), and what can
 * still be looked at after one is.
 */
#ifndef SP_AUDIT_VERIFY_H
#define SP_AUDIT_VERIFY_H

#include "audit/report.h"
#include "base/bytes.h"
#include "base/record.h"
#include "journal/note.h"

struct verify_options {
  const struct note_key *key; /* given by hand; NULL: the site's own */
  struct span checkpoint;     /* someone else's copy of a checkpoint, whole note; may be empty */
  const struct progress *progress; /* may be NULL */
};

struct verify_result {
  bool files;          /* DIR is a log as files, not a site */
  char vkey[vkey_max]; /* what signatures were checked with; empty: none could be */
  char site[slug_max + 1];
  uint64_t entries, bytes;  /* bytes of entries */
  usec first_at, last_at;   /* TIME_ABSENT: there is none */
  struct hash root;         /* of all entries */
  uint64_t signed_size;     /* entries under the newest signature */
  unsigned cosigned;        /* witnesses of the plan that signed it too */
  uint64_t details, erased; /* proven with content; existence proven, content erased */
  uint64_t papers, papers_erased;
  uint64_t blobs, passages, snapshots, tiles;
  int64_t log_ns; /* time that the log's own check took */
};

/* DIR: a site's data directory, the engine running or not, or a tree of tlog-tiles files. `report`
 * was initialised; whatever is wrong is in it. SP_OK: nothing is; SP_CORRUPT, SP_FORK, SP_VERSION:
 * the first fault's; other errors: it could not be checked. *why sums it up. */
enum sp_err verify_dir(const char *dir, const struct verify_options *options, struct report *report,
                       struct verify_result *result, struct fault *why) SP_MUST_USE;

struct store;
/* The same for a store without its directory (a backup): the key is the one it names itself, unless
 * one is given, and the checkpoint the one in it. */
enum sp_err verify_store(struct store *store, const struct verify_options *options,
                         struct report *report, struct verify_result *result,
                         struct fault *why) SP_MUST_USE;

#endif
