/* entry.h: the envelope of a journal entry: canonical JSON, at most entry_max bytes.
 *
 * Members in this order, those in brackets only where they say something:
 *   at            time it was recorded; never goes back
 *   by            who acts
 *   [cause]       of a follower: index of the first entry of the same command
 *   [clock]       "untrusted": the clock was not to be trusted when this was decided
 *   [command]     of a first entry: what was asked, so that the decision can be made again
 *   [commit]      commitment to the personal details that came with it
 *   data          what became true
 *   [known_at]    up to when the journal was known, where that is not `at`
 *   n             index
 *   [second]      the second operator
 *   site, type, v
 */
#ifndef SP_JOURNAL_ENTRY_H
#define SP_JOURNAL_ENTRY_H

#include "base/record.h"

enum { entry_max = 65535, entry_version = 1, actor_text_max = 64 };

/* What an entry says. Spans point into the entry's bytes when parsed. Empty spans and TIME_ABSENT
 * are left out; UINT64_MAX is no cause. */
struct entry {
  usec at, known_at;
  struct span by, second;
  uint64_t cause, n;
  bool clock_untrusted;
  struct hash commit;
  struct span command, data; /* raw JSON */
  struct span site, type;
};
#define CAUSE_NONE UINT64_MAX

/* Appends the entry's bytes. b->failed when out of memory; the caller checks the length. */
void entry_encode(struct buf *b, const struct entry *e);

/* Strict: the envelope is exactly what entry_encode writes around command and data, which are only
 * balanced here (entry_check looks into them). SP_VERSION for another v, SP_CORRUPT otherwise. */
enum sp_err entry_parse(struct entry *e, struct span bytes, struct fault *why) SP_MUST_USE;

/* The whole entry, command and data included, is in the canonical dialect of record.h: keys in
 * byte order and single, no white space, no other kinds of value, depth at most 8. One pass. */
enum sp_err entry_check(struct span bytes, struct fault *why) SP_MUST_USE;

#endif
