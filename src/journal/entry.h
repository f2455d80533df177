/* entry.h: the envelope of a journal entry: canonical JSON (RFC 8785 in the dialect of
 * base/record.h), at most entry_max bytes.
 *
 * Members in this order, those in brackets only where they say something, and no others:
 *   at            time it was recorded; never goes back
 *   by            who acts: "core", "op:<32 hex>", "line:<slug>", "node:<slug>"
 *   [cause]       of a follower: index of the first entry of the same command, less than n
 *   [clock]       "untrusted": the clock was not to be trusted when this was decided
 *   [command]     of a first entry: what was asked, so that the decision can be made again
 *   [commit]      commitment to the personal details that came with it (details.h)
 *   data          what became true
 *   [known_at]    up to when the journal was known, where that is not `at`
 *   n             index, from 0
 *   [second]      the second operator, as `by`
 *   site          slug
 *   type          words of a-z, 0-9 and _ joined by dots: noun.participle
 *   v             entry_version
 *
 * Invariants:
 *   1. what entry_parse accepts, entry_encode makes again, byte for byte;
 *   2. no entry has both cause and command;
 *   3. nothing is kept or allocated but the buffer that is appended to.
 */
#ifndef SP_JOURNAL_ENTRY_H
#define SP_JOURNAL_ENTRY_H

#include "base/record.h"

enum {
  entry_max = 65535, /* bytes: what the u16 of an entry bundle can hold */
  entry_version = 1,
  actor_text_max = 64,
  entry_type_max = 63
};

/* What an entry says. Spans point into the entry's bytes when parsed. Empty spans and TIME_ABSENT
 * are left out; UINT64_MAX is no cause. */
struct entry {
  usec at, known_at;
  struct span by, second;
  uint64_t cause, n;
  bool clock_untrusted;
  struct hash commit;        /* all zero: none */
  struct span command, data; /* raw canonical JSON, with its braces */
  struct span site, type;
};
#define CAUSE_NONE UINT64_MAX

/* Appends the entry's bytes. b->failed when out of memory; the caller checks the length. Members
 * are as the list above says: they are ours, and are not looked at again. */
void entry_encode(struct buf *b, const struct entry *e);

/* Strict: exactly what entry_encode would write, command and data included (they are checked as
 * entry_check does; what is in them is for record_decode). *e is undefined after an error.
 * SP_VERSION for another v, SP_CORRUPT otherwise; the fault names the member and the byte. */
enum sp_err entry_parse(struct entry *e, struct span bytes, struct fault *why) SP_MUST_USE;

/* One object, at most entry_max bytes, all of it in the canonical dialect of record.h: keys in byte
 * order and single, no white space, no other kinds of value, depth at most 8. Whether it has the
 * members of an entry is not looked at. One pass. SP_CORRUPT; the fault names the byte. */
enum sp_err entry_check(struct span bytes, struct fault *why) SP_MUST_USE;

/* The rules of `by` and of `type`. */
bool entry_actor_valid(struct span s);
bool entry_type_valid(struct span s);

#endif
