/* site.h: one small site that targets begin from, always the same: the fake world of the unit tests
 * (tests/unit/engine_fake.h) with the plan fuzz/site.yaml, an operator of each role, a few persons
 * with cards, PINs and levels, someone inside, someone at a door. */
#ifndef SP_FUZZ_SITE_H
#define SP_FUZZ_SITE_H

#include "fuzz/fuzz.h"
#include "tests/unit/engine_fake.h"

enum { site_persons = 8, site_operators = 7, site_plans = 3 };

/* Made once, never changed. */
struct fuzz_site {
  struct fake fake;
  struct buf dump;                                      /* its state */
  uint64_t n;                                           /* entries */
  struct hash compiled[site_plans], source[site_plans]; /* plans whose blobs are in the store */
};
const struct fuzz_site *fuzz_site(void);

/* A fake world that begins where the site ends. One at a time; the next call ends the one before.
 */
struct fake *fuzz_site_again(void);

/* An empty core's memory with the site's state loaded and its plan; fold_core_free and plan_free.
 */
struct core *fuzz_site_core(struct plan **plan);

/* Puts in what stands for names that a fuzzer cannot guess:
 *   @0 … @9 person, @a … @j credential, @k … @q operator, @r … @t and @u … @w compiled and source
 *   hash of plan 0 … 2, @A … @G session of operator 0 … 6 (logged in when first asked for; only
 *   where `sessions` is given, room for site_operators). Anything else stays. */
void fuzz_site_expand(struct span text, const struct core *core, char (*sessions)[65],
                      struct buf *out);

#endif
