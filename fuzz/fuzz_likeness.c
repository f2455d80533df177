/* Details of persons, one JSON object a line: what is read of each, compared with each other and
 * found again. */
#include "engine/like_index.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum { sets_max = 6 };

static const struct like_key key = {{3, 5}};

/* Nothing points out of its room. */
static void check_bounds(const struct likeness *l) {
  MUST_HOLD(l->n_names <= like_names_max && l->n_dates <= like_dates_max);
  MUST_HOLD(l->n_identifiers <= like_identifiers_max);
  MUST_HOLD(l->n_words <= like_names_max * like_words_max);
  for (uint32_t i = 0; i < l->n_names; i++)
    MUST_HOLD(l->names[i].n_words &&
              (uint32_t)l->names[i].words_at + l->names[i].n_words <= l->n_words);
  for (uint32_t i = 0; i < l->n_words; i++)
    MUST_HOLD((uint32_t)l->words[i].slips_at + l->words[i].n_slips <= l->n_slips);
}

static void check_pair(const struct likeness *a, const struct likeness *b) {
  unsigned why, back, score = like_score(a, b, &why);
  MUST_HOLD(score <= 100 && (score > 0) == (why > 0));
  MUST_HOLD(like_score(b, a, &back) == score && back == why);
  MUST_HOLD((like_bits(a, b) & why) == why);
  /* Whoever has a name or an identifier is like themselves. */
  if (a == b && (a->n_names || a->n_identifiers))
    MUST_HOLD(score >= 40);
}

/* Whom the rule calls alike, the index finds. */
static void check_found(struct like_index *x, const struct likeness *sets, uint32_t n,
                        const struct likeness *l) {
  struct like_found found;
  like_index_search(x, l, UINT32_MAX, &found);
  for (uint32_t i = 0; i < n; i++) {
    unsigned why;
    bool there = false;
    for (uint32_t k = 0; k < found.n; k++)
      there |= found.at[k].person == i;
    MUST_HOLD(there == (like_score(l, &sets[i], &why) > 0));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static struct like_room rooms[sets_max];
  struct likeness sets[sets_max];
  struct cut c = {p, n};
  struct like_index *x = like_index_new(&key);
  uint32_t n_sets = 0;
  MUST_HOLD(x);
  while (c.n && n_sets < sets_max) {
    struct fault why = {0};
    struct span line = cut_line(&c);
    json_t *j = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    if (!j)
      continue;
    struct like_room *r = &rooms[n_sets];
    enum sp_err err = like_read(r, j, &key, &why);
    json_decref(j);
    MUST_HOLD(err == SP_OK || err == SP_INVALID || err == SP_LIMIT);
    fuzz_tell(&why);
    check_bounds(&r->is);
    check_found(x, sets, n_sets, &r->is);
    MUST_DO(like_index_ready(x, &r->is, n_sets, must));
    like_index_add(x, n_sets);
    sets[n_sets++] = r->is;
    for (uint32_t i = 0; i < n_sets; i++)
      check_pair(&sets[i], &sets[n_sets - 1]);
  }
  for (uint32_t i = 0; i < n_sets; i++) {
    like_index_drop(x, i);
    check_found(x, sets, 0, &sets[i]);
  }
  like_index_free(x);
  return 0;
}
