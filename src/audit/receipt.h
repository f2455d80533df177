/* receipt.h: the proof that one entry is in a site's log, made of what is stored.
 *
 * Invariants:
 *   1. only what was signed is proven: the tree is that of the checkpoint, made anew from the
 *      entries and the full tiles, and its root is the one that was signed;
 *   2. what is given out was verified as its receiver will verify it.
 */
#ifndef SP_AUDIT_RECEIPT_H
#define SP_AUDIT_RECEIPT_H

#include "engine/site_dir.h"
#include "journal/tlog_proof.h"

struct receipt {
  struct buf entry, note; /* its bytes; the checkpoint */
  struct note_key key;
  struct checkpoint checkpoint;
  struct hash leaf;
  struct tlog_proof proof; /* without extra data; its checkpoint points to `note` */
};

/* SP_UNAVAILABLE: no checkpoint signs entry n yet; SP_NOT_FOUND: nothing was ever signed;
 * SP_CORRUPT: the entries are not what was signed; SP_IO, SP_NO_MEMORY. *r is freed by
 * receipt_free, after an error too. */
enum sp_err receipt_make(struct receipt *r, const struct site_dir *dir, struct store *store,
                         uint64_t n, struct fault *why) SP_MUST_USE;
void receipt_free(struct receipt *r);

#endif
