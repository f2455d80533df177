#include "engine/like_index.h"

#include <string.h>

/* One set of details of one person, and what was known before. One block of memory. */
struct set {
  struct likeness is; /* is.next is the set before, or NULL */
  struct set *before;
  uint64_t bytes;
};

struct row { /* in a chain of those whose key falls into the same bucket */
  uint64_t key;
  uint32_t person, next; /* next: index + 1 */
};

struct known {
  struct set *sets; /* the newest first */
  uint32_t stamp;   /* of the search that saw them last */
  uint32_t n_sets;
};

struct like_index {
  struct like_key key;
  struct known *known; /* by person */
  uint32_t n_known;
  struct row *rows;
  uint32_t n_rows, room_rows, free_row; /* free_row: head of the chain, index + 1 */
  uint32_t n_free;
  uint32_t *buckets;  /* heads: index + 1 */
  uint32_t n_buckets; /* a power of two */
  uint32_t stamp;
  struct set *ready; /* with its memory, not yet anybody's */
  uint64_t bytes_of_sets;
};

enum { first_buckets = 256, keys_max = like_dates_max + like_identifiers_max + 2 * like_names_max };

struct like_index *like_index_new(const struct like_key *key) {
  struct like_index *x = sp_alloc(1, sizeof *x);
  uint32_t *buckets = sp_alloc(first_buckets, sizeof *buckets);
  if (!x || !buckets) {
    sp_free(x);
    sp_free(buckets);
    return NULL;
  }
  x->key = *key;
  x->buckets = buckets;
  x->n_buckets = first_buckets;
  return x;
}

static void free_sets(struct like_index *x, struct set *s) {
  while (s) {
    struct set *before = s->before;
    x->bytes_of_sets -= s->bytes;
    bytes_wipe(s, s->bytes);
    sp_free(s);
    s = before;
  }
}

void like_index_free(struct like_index *x) {
  if (!x)
    return;
  for (uint32_t i = 0; i < x->n_known; i++)
    free_sets(x, x->known[i].sets);
  if (x->ready)
    x->ready->before = NULL;
  free_sets(x, x->ready);
  sp_free(x->known);
  sp_free(x->rows);
  sp_free(x->buckets);
  bytes_wipe(x, sizeof *x);
  sp_free(x);
}

const struct like_key *like_index_key(const struct like_index *x) {
  return &x->key;
}

uint64_t like_index_bytes(const struct like_index *x) {
  return sizeof *x + (uint64_t)x->n_known * sizeof *x->known +
         (uint64_t)x->room_rows * sizeof *x->rows + (uint64_t)x->n_buckets * sizeof *x->buckets +
         x->bytes_of_sets;
}

/* --- Keys --- */

/* Under which these details are found. */
static uint32_t keys_of(const struct likeness *l, uint64_t keys[keys_max]) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->n_dates; i++)
    keys[n++] = l->dates[i].whole;
  for (uint32_t i = 0; i < l->n_identifiers; i++)
    keys[n++] = l->identifiers[i].number;
  for (uint32_t i = 0; i < l->n_names; i++) {
    keys[n++] = l->names[i].words;
    keys[n++] = l->names[i].letters;
  }
  return n;
}

static uint32_t *bucket_of(struct like_index *x, uint64_t key) {
  return &x->buckets[key & (x->n_buckets - 1)];
}

static void put_row(struct like_index *x, uint64_t key, uint32_t person) {
  uint32_t i = x->free_row, *head = bucket_of(x, key);
  if (i) {
    x->free_row = x->rows[i - 1].next;
    x->n_free--;
  } else {
    SP_ASSERT(x->n_rows < x->room_rows);
    i = ++x->n_rows;
  }
  x->rows[i - 1] = (struct row){key, person, *head};
  *head = i;
}

static void drop_row(struct like_index *x, uint64_t key, uint32_t person) {
  for (uint32_t *at = bucket_of(x, key); *at; at = &x->rows[*at - 1].next) {
    uint32_t i = *at;
    if (x->rows[i - 1].key != key || x->rows[i - 1].person != person)
      continue;
    *at = x->rows[i - 1].next;
    x->rows[i - 1] = (struct row){0, 0, x->free_row};
    x->free_row = i;
    x->n_free++;
    return;
  }
}

/* --- Adding --- */

static enum sp_err no_memory(struct fault *why) {
  return fault_set(why, SP_NO_MEMORY, "out of memory to search for the same human");
}

static bool grow_known(struct like_index *x, uint32_t person) {
  uint32_t n = x->n_known ? x->n_known : 64;
  if (person < x->n_known)
    return true;
  while (n <= person)
    n *= 2;
  struct known *grown = sp_realloc(x->known, n * sizeof *grown);
  if (!grown)
    return false;
  memset(grown + x->n_known, 0, (n - x->n_known) * sizeof *grown);
  x->known = grown;
  x->n_known = n;
  return true;
}

static bool grow_rows(struct like_index *x) {
  uint32_t n = x->room_rows ? 2 * x->room_rows : 256;
  if (x->n_rows + keys_max <= x->room_rows + x->n_free)
    return true;
  struct row *grown = sp_realloc(x->rows, n * sizeof *grown);
  if (!grown)
    return false;
  x->rows = grown;
  x->room_rows = n;
  return true;
}

/* Chains stay short: twice as many buckets, and every row into its own. */
static bool grow_buckets(struct like_index *x) {
  if (x->n_rows < x->n_buckets || x->n_buckets >= 1u << 28)
    return true;
  uint32_t n = 2 * x->n_buckets, *grown = sp_alloc(n, sizeof *grown);
  if (!grown)
    return false;
  for (uint32_t b = 0; b < x->n_buckets; b++)
    for (uint32_t i = x->buckets[b], next; i; i = next) {
      uint32_t *head = &grown[x->rows[i - 1].key & (n - 1)];
      next = x->rows[i - 1].next;
      x->rows[i - 1].next = *head;
      *head = i;
    }
  sp_free(x->buckets);
  x->buckets = grown;
  x->n_buckets = n;
  return true;
}

/* Its arrays behind it, each as long as it is. */
static struct set *set_new(const struct likeness *l) {
  const struct {
    const void *from;
    size_t bytes;
  } parts[] = {{l->names, l->n_names * sizeof *l->names},
               {l->dates, l->n_dates * sizeof *l->dates},
               {l->identifiers, l->n_identifiers * sizeof *l->identifiers},
               {l->words, l->n_words * sizeof *l->words},
               {l->slips, l->n_slips * sizeof *l->slips}};
  enum { parts_n = sizeof parts / sizeof parts[0] };
  size_t bytes = sizeof(struct set), at[parts_n];
  for (size_t i = 0; i < parts_n; i++) {
    at[i] = bytes;
    bytes += parts[i].bytes;
  }
  uint8_t *block = sp_alloc(1, bytes);
  if (!block)
    return NULL;
  struct set *s = (void *)block;
  for (size_t i = 0; i < parts_n; i++)
    if (parts[i].bytes)
      memcpy(block + at[i], parts[i].from, parts[i].bytes);
  s->is = *l;
  s->is.next = NULL;
  s->is.names = (void *)(block + at[0]);
  s->is.dates = (void *)(block + at[1]);
  s->is.identifiers = (void *)(block + at[2]);
  s->is.words = (void *)(block + at[3]);
  s->is.slips = (void *)(block + at[4]);
  s->bytes = bytes;
  return s;
}

enum sp_err like_index_ready(struct like_index *x, const struct likeness *l, uint32_t person,
                             struct fault *why) {
  if (x->ready) { /* what was made ready before, and not decided so */
    x->ready->before = NULL;
    free_sets(x, x->ready);
    x->ready = NULL;
  }
  if (!grow_known(x, person) || !grow_rows(x) || !grow_buckets(x))
    return no_memory(why);
  if (x->known[person].n_sets == like_sets_max)
    return fault_set(why, SP_LIMIT, "of one person %d sets of details can be searched",
                     like_sets_max);
  x->ready = set_new(l);
  if (!x->ready)
    return no_memory(why);
  x->bytes_of_sets += x->ready->bytes;
  return SP_OK;
}

void like_index_add(struct like_index *x, uint32_t person) {
  uint64_t keys[keys_max];
  struct set *s = x->ready;
  SP_ASSERT(s && person < x->n_known);
  struct known *k = &x->known[person];
  uint32_t n = keys_of(&s->is, keys);
  for (uint32_t i = 0; i < n; i++)
    put_row(x, keys[i], person);
  s->before = k->sets;
  s->is.next = k->sets ? &k->sets->is : NULL;
  k->sets = s;
  k->n_sets++;
  x->ready = NULL;
}

void like_index_drop(struct like_index *x, uint32_t person) {
  if (person >= x->n_known)
    return;
  for (struct set *s = x->known[person].sets; s; s = s->before) {
    uint64_t keys[keys_max];
    uint32_t n = keys_of(&s->is, keys);
    for (uint32_t i = 0; i < n; i++)
      drop_row(x, keys[i], person);
  }
  free_sets(x, x->known[person].sets);
  x->known[person].sets = NULL;
  x->known[person].n_sets = 0;
}

const struct likeness *like_index_of(const struct like_index *x, uint32_t person) {
  const struct set *s = person < x->n_known ? x->known[person].sets : NULL;
  return s ? &s->is : NULL;
}

/* --- Searching --- */

struct search {
  struct like_index *x;
  const struct likeness *is, *was; /* was: of the same person before; NULL */
  uint32_t person;
  struct like_found *found;
};

static bool goes_before(const struct like_one *a, const struct like_one *b) {
  return a->score != b->score ? a->score > b->score : a->person < b->person;
}

static void keep(struct like_found *f, struct like_one one) {
  uint32_t i = f->n;
  if (f->n == like_found_max) {
    f->more = true;
    if (!goes_before(&one, &f->at[--i]))
      return;
  } else {
    f->n++;
  }
  for (; i > 0 && goes_before(&one, &f->at[i - 1]); i--)
    f->at[i] = f->at[i - 1];
  f->at[i] = one;
}

static void see(struct search *s, uint32_t person) {
  struct known *k = &s->x->known[person];
  struct like_one one = {.person = person};
  unsigned unused;
  if (person == s->person || k->stamp == s->x->stamp)
    return;
  k->stamp = s->x->stamp;
  one.score = like_score(s->is, &k->sets->is, &one.why);
  if (one.score && !(s->was && like_score(s->was, &k->sets->is, &unused)))
    keep(s->found, one);
}

static void look_up(struct search *s, uint64_t key) {
  for (uint32_t i = *bucket_of(s->x, key); i; i = s->x->rows[i - 1].next)
    if (s->x->rows[i - 1].key == key)
      see(s, s->x->rows[i - 1].person);
}

void like_index_search(struct like_index *x, const struct likeness *l, uint32_t person,
                       struct like_found *found) {
  struct likeness all = *l;
  const struct set *before = person < x->n_known ? x->known[person].sets : NULL;
  all.next = before ? &before->is : NULL;
  struct search s = {x, &all, all.next, person, found};
  *found = (struct like_found){0};
  if (++x->stamp == 0) { /* after four milliards of searches */
    for (uint32_t i = 0; i < x->n_known; i++)
      x->known[i].stamp = 0;
    x->stamp = 1;
  }
  for (const struct likeness *at = &all; at; at = at->next) {
    uint64_t keys[keys_max];
    uint32_t n = keys_of(at, keys);
    for (uint32_t i = 0; i < n; i++)
      look_up(&s, keys[i]);
    for (uint32_t i = 0; i < at->n_dates; i++)
      look_up(&s, at->dates[i].swapped);
  }
}
