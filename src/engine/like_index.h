/* like_index.h: everyone of a site, found again by what their details say. See likeness.h for the
 * rule; here is only where to look, so that nobody is compared with everybody.
 *
 * Invariants:
 *   1. whoever the rule calls alike shares a row with the one who asks: an identifier's number, a
 *      birth date or its swapped one, or the words or letters of a name;
 *   2. like_index_add never fails: like_index_ready was asked before, and got all memory;
 *   3. bounded: by what one set of details may hold, by the persons of a site and by
 *      like_sets_max sets of each.
 */
#ifndef SP_ENGINE_LIKE_INDEX_H
#define SP_ENGINE_LIKE_INDEX_H

#include "engine/likeness.h"

enum {
  like_found_max = 8,
  like_sets_max = 32, /* sets of details of one person */
};

struct like_index;

struct like_found {
  uint32_t n;
  bool more; /* there were others, who are less alike or came later */
  struct like_one {
    uint32_t person;
    unsigned score, why; /* bits of enum like_why */
  } at[like_found_max];  /* the likest first; of those as like, who was registered first */
};

struct like_index *like_index_new(const struct like_key *key); /* NULL: no memory */
void like_index_free(struct like_index *x);                    /* NULL is fine */
const struct like_key *like_index_key(const struct like_index *x);

/* Everybody who is like these details, with what else is known of the person whose they are
 * (UINT32_MAX: of nobody yet). Whoever was like that person before these came is left out. */
void like_index_search(struct like_index *x, const struct likeness *l, uint32_t person,
                       struct like_found *found);

/* All that is known of the person; NULL: nothing. It lasts until it is dropped. */
const struct likeness *like_index_of(const struct like_index *x, uint32_t person);

/* Gets all memory that adding these details to this person needs. SP_NO_MEMORY, SP_LIMIT. */
enum sp_err like_index_ready(struct like_index *x, const struct likeness *l, uint32_t person,
                             struct fault *why) SP_MUST_USE;
/* Adds what was made ready, to the same person. */
void like_index_add(struct like_index *x, uint32_t person);
/* Forgets all that is known of the person. */
void like_index_drop(struct like_index *x, uint32_t person);

uint64_t like_index_bytes(const struct like_index *x); /* of memory, for reports */

#endif
