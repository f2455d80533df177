/* tlog_proof.h: one entry of a log and the proof that it is there: C2SP tlog-proof
 * (https://c2sp.org/tlog-proof), a text that verifies offline with the log's key alone.
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <base64>             may be missing; nobody signed it, so nothing rests on it
 *   index <n>
 *   <base64 of a hash>         from the leaf's sibling up, RFC 6962 2.1.1; may be none
 *
 *   <the checkpoint, a signed note, as the log gave it>
 *
 * Invariants:
 *   1. what tlog_proof_read accepts, tlog_proof_write makes again, byte for byte;
 *   2. nothing of it is believed before tlog_proof_verify: the note's signature, the origin, the
 *      index and the hashes all hold, for the leaf that the caller made of the entry's bytes.
 */
#ifndef SP_JOURNAL_TLOG_PROOF_H
#define SP_JOURNAL_TLOG_PROOF_H

#include "journal/note.h"
#include "journal/tree.h"

#define TLOG_PROOF_HEAD "c2sp.org/tlog-proof@v1\n"

enum {
  tlog_proof_extra_max = 131072, /* bytes, before base64 */
  tlog_proof_max = note_max + 2 * tlog_proof_extra_max
};

/* Spans point to the caller's bytes. */
struct tlog_proof {
  struct buf extra; /* empty: none. Of tlog_proof_read the caller's: buf_free */
  uint64_t index;
  struct proof hashes;
  struct span checkpoint; /* the note */
};

/* Appends the text. out->failed without memory. */
void tlog_proof_write(struct buf *out, const struct tlog_proof *p);

/* Strict: no white space but what is above, numbers without leading zeros, base64 as RFC 4648
 * says, at most proof_max hashes. That the checkpoint is a note is for tlog_proof_verify. p->extra
 * is empty after an error. SP_INVALID; SP_LIMIT when it is longer than tlog_proof_max;
 * SP_NO_MEMORY. */
enum sp_err tlog_proof_read(struct tlog_proof *p, struct span text, struct fault *why) SP_MUST_USE;

/* Is the leaf at that index, in the tree whose root this key has signed? *signed_, which may be
 * NULL, is the checkpoint. Errors of checkpoint_open; SP_CORRUPT when the proof does not lead to
 * the root, or the index is none of the tree's. */
enum sp_err tlog_proof_verify(const struct tlog_proof *p, const struct hash *leaf,
                              const struct note_key *log, struct checkpoint *signed_,
                              struct fault *why) SP_MUST_USE;

#endif
