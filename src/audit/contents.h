/* contents.h: what the journal says about rows that lie beside it: commitments to details and their
 * erasures, snapshots, plans, the log's own key. Gathered while the log is checked, compared after.
 *
 * Invariant: all lists are in the order of entries. Memory: 88 bytes an entry that has a
 * commitment.
 */
#ifndef SP_AUDIT_CONTENTS_H
#define SP_AUDIT_CONTENTS_H

#include "audit/log_check.h"
#include "store/store.h"

struct contents_commit {
  uint64_t n;
  struct hash commit;
  struct id subject; /* zero: the entry names none */
  struct id person;  /* whom it is about: with their details these go too; zero: nobody */
  enum event_type type;
  bool met; /* its details are there */
};
struct contents_erasure {
  uint64_t n;
  struct id subject;
};
struct contents_snapshot {
  uint64_t n;
  struct hash state;
};
struct contents_blob {
  uint64_t n;
  struct hash hash;
  bool met;
};

struct contents_paper {
  uint64_t n;
  struct hash hash;
  struct id person; /* with whose details it goes; zero: nobody's */
  bool met;
};

/* Entries [from, until) could not be read: what lies beside them is not judged. */
struct contents_gap {
  uint64_t from, until;
};

struct contents {
  struct report *report;
  bool no_memory;
  uint64_t next; /* entry */
  struct contents_gap *gaps;
  size_t n_gaps, cap_gaps;
  struct hash vkey; /* of site.created; zero: none was seen */
  struct contents_commit *commits;
  struct contents_erasure *erasures;
  struct contents_snapshot *snapshots;
  struct contents_blob *blobs;
  struct contents_paper *papers; /* that entries say are kept */
  struct contents_paper *photos; /* that details name */
  size_t n_commits, n_erasures, n_snapshots, n_blobs, n_papers, n_photos;
  size_t cap_commits, cap_erasures, cap_snapshots, cap_blobs, cap_papers, cap_photos;
};

/* For log_check: ctx is a zeroed struct contents with its report. */
void contents_entry(void *ctx, const struct entry *e, enum event_type type);
void contents_free(struct contents *c);

struct contents_counts {
  uint64_t details, erased, blobs, snapshots;
  uint64_t papers, papers_erased;
};
/* Compares with the store's rows. SP_IO, SP_NO_MEMORY: it could not be done. */
enum sp_err contents_check(struct contents *c, struct store *store, struct contents_counts *counts,
                           struct fault *why) SP_MUST_USE;
/* After the last entry: orders the erasures by subject, one a subject, the last one it had; those
 * of a person's bookings and orders are put beside the person's. */
void contents_order(struct contents *c);
/* Is the subject erased after entry n? */
bool contents_erased_after(const struct contents *c, const struct id *subject, uint64_t n);

#endif
