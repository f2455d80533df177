/* backup.h: the whole store in one file, and back.
 *
 * A backup is a SQLite database with everything of site.db at one instant: entries, tiles, blobs,
 * personal details, snapshots, query table, and the checkpoint that was signed last before. No key
 * is in it: keep keys/signing.pem and keys/site.key apart; without the first a restored site can be
 * read and verified but not go on signing, without the second no card or PIN is known any more.
 * Personal details are in it: keep it as you keep the site.
 *
 * Invariants:
 *   1. a backup or restored database appears whole or not at all;
 *   2. nothing is overwritten: neither a file, nor a database, nor a checkpoint of the same log;
 *   3. a restore that would fork the log (something beyond or beside the backup was signed) is
 *      refused before anything is written.
 */
#ifndef SP_AUDIT_BACKUP_H
#define SP_AUDIT_BACKUP_H

#include "audit/verify.h"

struct backup_result {
  uint64_t entries, bytes; /* in it; bytes of the file */
};
/* DIR: a site's data directory; the engine may run. SP_EXISTS: FILE is there already; SP_IO. */
enum sp_err backup_make(const char *dir, const char *file, struct backup_result *result,
                        struct fault *why) SP_MUST_USE;

struct restore_options {
  const struct note_key *key; /* verifier key given by hand; NULL: the backup's own, which its
                                 first entry names */
  struct span
      checkpoint; /* the last signed one, from a copy; empty: DIR/checkpoint if it is there */
  /* Restore although more was signed than the backup has. The checkpoint that is there is kept as
   * DIR/checkpoint.abandoned. Whoever saw it will see a fork: that is so, and shall be told. */
  bool accept_fork;
  const struct progress *progress;
};
struct restore_result {
  struct verify_result verified; /* the backup */
  uint64_t signed_size;          /* of the checkpoint it was held against; 0: there was none */
  bool forked;                   /* accept_fork was needed */
  bool signing_key_missing, site_key_missing; /* in DIR/keys: put them there before `serve` */
  uint64_t erasures;                          /* persons and operators whose erasure was replayed */
};
/* Verifies FILE, compares it with what was signed, and makes DIR/site.db of it; DIR is made if it
 * is not there. SP_EXISTS: there is a database in DIR; SP_CORRUPT and the like: the backup is
 * damaged, as the report says; SP_FORK: more was signed than it has; SP_INVALID: it is no backup;
 * SP_IO. */
enum sp_err restore_make(const char *file, const char *dir, const struct restore_options *options,
                         struct report *report, struct restore_result *result,
                         struct fault *why) SP_MUST_USE;

#endif
