/* log_check.h: the log itself, from wherever its entries come: canonical form, numbering, time,
 * site, causes, known types, every hash, every tile, and the roots that were signed.
 *
 * Two threads: the caller's reads, the other hashes, and both parse.
 *
 * Invariants:
 *   1. no stored hash is believed: leaves, nodes, tiles and roots are made from the entries;
 *   2. beside the tree of the entries there is, from the first difference on, the tree that the
 *      stored leaf hashes give: which of the two has the signed root tells whether entries or
 *      tiles were changed;
 *   3. one damaged entry is one fault (and its consequences where they are of their own kind):
 *      what comes after it is still judged.
 */
#ifndef SP_AUDIT_LOG_CHECK_H
#define SP_AUDIT_LOG_CHECK_H

#include "audit/report.h"
#include "core/event.h"
#include "journal/entry.h"
#include "journal/tree.h"

/* Takes one entry: n goes up by one, or by more where some are missing. Anything but SP_OK is to be
 * returned at once. */
typedef enum sp_err log_take(void *sink, uint64_t n, struct span entry);

/* Where the log comes from. `walk` gives all entries in order, and tells faults of its own kind (a
 * row that is no row, a bundle that is cut off) by itself; an error of it ends the check. `tile`
 * reads `width` hashes; false when there is no such tile. Both are called from the caller's thread,
 * `tile` from within `walk` too. */
struct log_source {
  void *ctx;
  uint64_t size;      /* entries that there should be; more than these are not expected */
  bool partial_tiles; /* those at the right edge are there too */
  enum sp_err (*walk)(void *ctx, log_take *take, void *sink, struct fault *why);
  bool (*tile)(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *tile);
};

/* A root that someone signed. */
struct log_signed {
  char where[96]; /* "DIR/checkpoint", "the checkpoint in the database", … */
  uint64_t size;
  struct hash root;
  bool seen, holds; /* after the check: size was reached, and the root is this */
};
enum { log_signed_max = 8 };

/* Told of each entry that could be parsed, in order and one at a time, from either thread. type is
 * EVENT_COUNT when it is not known. */
struct log_visitor {
  void *ctx;
  void (*entry)(void *ctx, const struct entry *e, enum event_type type);
};

struct log_facts {
  uint64_t size;           /* of the log, the missing counted */
  uint64_t entries, bytes; /* read; bytes of entries without framing */
  usec first_at, last_at;
  struct hash root;        /* of all entries */
  char site[slug_max + 1]; /* that they name */
};

/* site: what every entry must name; empty: what the first one names. The result is about whether
 * the check could be made; what is wrong is in the report. */
enum sp_err log_check(const struct log_source *source, struct span site, struct log_signed *roots,
                      uint32_t n_roots, const struct log_visitor *visitor, struct report *report,
                      const struct progress *progress, struct log_facts *facts,
                      struct fault *why) SP_MUST_USE;

#endif
