/* store_memory.c: the store in arrays, for tests and simulations.
 *
 * Invariants:
 *   1. a call that fails, by order or for want of memory, has changed nothing that a reader sees;
 *   2. `kept` is NULL while the disk is honest, and else what a crash leaves.
 */
#include "store/store_frames.h"
#include "store/store_memory.h"

#include <stdio.h>
#include <string.h>

struct row {
  uint8_t *p;
  size_t n;
};

struct tile_row {
  unsigned level;
  uint64_t index;
  struct hash hashes[256];
};
struct blob_row {
  struct hash hash;
  struct row bytes;
};
struct details_row {
  struct store_details d; /* json points into bytes */
  struct row bytes;
};
struct paper_row {
  struct store_paper p; /* bytes point into bytes */
  struct row bytes;
};
struct meta_row {
  char key[64];
  struct row value;
};
struct snapshot_row {
  struct store_snapshot snap;
  bool finished;
  struct buf bytes;
};

#define LIST(type)                                                                                 \
  struct {                                                                                         \
    type *at;                                                                                      \
    size_t n, cap;                                                                                 \
  }

struct memory_store {
  struct store base;
  LIST(struct row) entries;
  LIST(struct tile_row) tiles;
  LIST(struct blob_row) blobs;
  LIST(struct details_row) details;
  LIST(struct paper_row) papers;
  LIST(struct store_passage) passages;
  LIST(struct meta_row) meta;
  LIST(struct snapshot_row) snapshots;
  uint64_t calls[STORE_MEMORY_CALL_COUNT]; /* since the last order for them */
  struct {
    enum store_memory_call call;
    uint64_t nth;
    bool for_good;
  } order;
  uint64_t honest; /* calls that write until the disk begins to lie */
  struct store *kept;
};

static struct memory_store *own(const struct store *s) {
  return (struct memory_store *)(uintptr_t)s;
}

/* Room for `more` beyond n. */
static bool room(void **at, size_t *cap, size_t n, size_t more, size_t size) {
  if (n + more <= *cap)
    return true;
  size_t wanted = *cap ? *cap * 2 : 16;
  while (wanted < n + more)
    wanted *= 2;
  void *p = sp_realloc(*at, wanted * size);
  if (!p)
    return false;
  *at = p;
  *cap = wanted;
  return true;
}
#define ROOM(list, more) room((void **)&(list).at, &(list).cap, (list).n, (more), sizeof *(list).at)

static bool copy_row(struct row *r, struct span s) {
  r->p = sp_alloc(s.n ? s.n : 1, 1);
  r->n = r->p ? s.n : 0;
  if (r->n)
    memcpy(r->p, s.p, r->n);
  return r->p != NULL;
}

static enum sp_err no_memory(struct fault *why) {
  return fault_set(why, SP_NO_MEMORY, "out of memory");
}

/* Every call passes here first. */
static bool ordered(struct memory_store *s, enum store_memory_call call) {
  uint64_t i = s->calls[call]++;
  return s->order.call == call && (i == s->order.nth || (s->order.for_good && i > s->order.nth));
}

static enum sp_err may(struct memory_store *s, enum store_memory_call call, struct fault *why) {
  bool any = ordered(s, STORE_MEMORY_ANY), this = ordered(s, call);
  return any || this ? fault_set(why, SP_IO, "memory: the call failed, as was ordered") : SP_OK;
}

/* And every call that writes here. */
static enum sp_err may_write(struct memory_store *s, enum store_memory_call call,
                             struct fault *why) {
  enum sp_err err = may(s, call, why);
  if (ordered(s, STORE_MEMORY_WRITE) && !err)
    err = fault_set(why, SP_IO, "memory: the write failed, as was ordered");
  if (err || s->honest == UINT64_MAX)
    return err;
  if (s->honest > 0)
    s->honest--;
  else if (!s->kept && !(s->kept = store_memory_clone(&s->base)))
    return no_memory(why);
  return SP_OK;
}

uint64_t store_memory_fail(struct store *base, enum store_memory_call call, uint64_t nth,
                           bool for_good) {
  struct memory_store *s = own(base);
  uint64_t made = s->calls[call];
  s->calls[call] = 0;
  s->order.call = call;
  s->order.nth = nth;
  s->order.for_good = for_good;
  return made;
}

uint64_t store_memory_fail_after(struct store *base, uint64_t n, bool for_good) {
  return store_memory_fail(base, STORE_MEMORY_WRITE, n, for_good);
}

void store_memory_lose_after(struct store *base, uint64_t n) {
  struct memory_store *s = own(base);
  store_close(s->kept);
  s->kept = NULL;
  s->honest = n;
}

struct store *store_memory_crash(const struct store *base) {
  const struct memory_store *s = own(base);
  return store_memory_clone(s->kept ? s->kept : base);
}

static void forget(struct row *r) {
  if (r->n)
    bytes_wipe(r->p, r->n);
  sp_free(r->p);
}

static void close_memory(struct store *base) {
  struct memory_store *s = own(base);
  for (size_t i = 0; i < s->details.n; i++)
    if (s->details.at[i].bytes.n)
      bytes_wipe(s->details.at[i].bytes.p, s->details.at[i].bytes.n);
  for (size_t i = 0; i < s->papers.n; i++)
    forget(&s->papers.at[i].bytes);
  for (size_t i = 0; i < s->entries.n; i++)
    sp_free(s->entries.at[i].p);
  for (size_t i = 0; i < s->blobs.n; i++)
    sp_free(s->blobs.at[i].bytes.p);
  for (size_t i = 0; i < s->details.n; i++)
    sp_free(s->details.at[i].bytes.p);
  for (size_t i = 0; i < s->meta.n; i++)
    sp_free(s->meta.at[i].value.p);
  for (size_t i = 0; i < s->snapshots.n; i++)
    buf_free(&s->snapshots.at[i].bytes);
  sp_free(s->entries.at);
  sp_free(s->tiles.at);
  sp_free(s->blobs.at);
  sp_free(s->details.at);
  sp_free(s->papers.at);
  sp_free(s->passages.at);
  sp_free(s->meta.at);
  sp_free(s->snapshots.at);
  store_close(s->kept);
  sp_free(s);
}

/* --- Committing: rows are put behind the counts first; then the counts move, which cannot fail.
 * --- */

static struct blob_row *find_blob(const struct memory_store *s, const struct hash *hash) {
  for (size_t i = 0; i < s->blobs.n; i++)
    if (memcmp(s->blobs.at[i].hash.b, hash->b, sizeof hash->b) == 0)
      return &s->blobs.at[i];
  return NULL;
}

static bool split_entries(const struct store_batch *b, struct row *rows, uint32_t *made) {
  struct span rest = b->entries, entry;
  for (*made = 0; *made < b->n_entries; (*made)++) {
    SP_ASSERT(frames_next(&rest, &entry)); /* commit looked */
    if (!copy_row(&rows[*made], entry))
      return false;
  }
  return true;
}

/* Tiles and details are written once. */
static bool there_already(const struct memory_store *s, const struct store_batch *b) {
  for (uint32_t i = 0; i < b->n_tiles; i++)
    for (size_t j = 0; j < s->tiles.n; j++)
      if (s->tiles.at[j].level == b->tiles[i].level && s->tiles.at[j].index == b->tiles[i].index)
        return true;
  for (uint32_t i = 0; i < b->n_details; i++)
    for (size_t j = 0; j < s->details.n; j++)
      if (s->details.at[j].d.n == b->details[i].n)
        return true;
  for (uint32_t i = 0; i < b->n_papers; i++)
    for (size_t j = 0; j < s->papers.n; j++)
      if (s->papers.at[j].p.n == b->papers[i].n)
        return true;
  for (uint32_t i = 0; i < b->n_passages; i++)
    if (s->passages.n && b->passages[i].n <= s->passages.at[s->passages.n - 1].n)
      return true;
  return false;
}

static void erase(struct memory_store *s, const struct id *subject, uint64_t before) {
  size_t kept = 0;
  for (size_t i = 0; i < s->details.n; i++) {
    struct details_row *d = &s->details.at[i];
    if (memcmp(d->d.subject.b, subject->b, sizeof subject->b) == 0 && d->d.n < before)
      forget(&d->bytes);
    else
      s->details.at[kept++] = *d;
  }
  s->details.n = kept;
  kept = 0;
  for (size_t i = 0; i < s->papers.n; i++) {
    struct paper_row *r = &s->papers.at[i];
    if (memcmp(r->p.subject.b, subject->b, sizeof subject->b) == 0 && r->p.n < before)
      forget(&r->bytes);
    else
      s->papers.at[kept++] = *r;
  }
  s->papers.n = kept;
}

static enum sp_err commit_memory(struct store *base, const struct store_batch *b,
                                 struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may_write(s, STORE_MEMORY_COMMIT, why);
  if (err)
    return err;
  if (!frames_hold(b->entries, b->n_entries))
    return fault_set(why, SP_INVALID, "memory: a batch of %u entries is not so many entries",
                     b->n_entries);
  if (there_already(s, b))
    return fault_set(why, SP_CORRUPT, "memory: a tile, details or a passage are there already");
  if (b->n_entries && b->first != s->entries.n)
    return fault_set(why, SP_CORRUPT, "memory holds %zu entries, and entry %llu was to follow",
                     s->entries.n, (unsigned long long)b->first);
  uint32_t entries = 0, blobs = 0, details = 0, papers = 0;
  bool ok = ROOM(s->entries, b->n_entries) && ROOM(s->tiles, b->n_tiles) &&
            ROOM(s->blobs, b->n_blobs) && ROOM(s->details, b->n_details) &&
            ROOM(s->papers, b->n_papers) && ROOM(s->passages, b->n_passages) &&
            split_entries(b, b->n_entries ? s->entries.at + s->entries.n : NULL, &entries);
  for (; ok && blobs < b->n_blobs; blobs++) {
    struct blob_row *r = &s->blobs.at[s->blobs.n + blobs];
    r->hash = b->blobs[blobs].hash;
    ok = copy_row(&r->bytes, b->blobs[blobs].bytes);
  }
  for (; ok && details < b->n_details; details++) {
    struct details_row *r = &s->details.at[s->details.n + details];
    r->d = b->details[details];
    ok = copy_row(&r->bytes, r->d.json);
    r->d.json = span_of(r->bytes.p, r->bytes.n);
  }
  for (; ok && papers < b->n_papers; papers++) {
    struct paper_row *r = &s->papers.at[s->papers.n + papers];
    r->p = b->papers[papers];
    ok = copy_row(&r->bytes, r->p.bytes);
    r->p.bytes = span_of(r->bytes.p, r->bytes.n);
  }
  if (!ok) {
    while (papers)
      sp_free(s->papers.at[s->papers.n + --papers].bytes.p);
    while (entries)
      sp_free(s->entries.at[s->entries.n + --entries].p);
    while (blobs)
      sp_free(s->blobs.at[s->blobs.n + --blobs].bytes.p);
    while (details)
      sp_free(s->details.at[s->details.n + --details].bytes.p);
    return no_memory(why);
  }
  for (uint32_t i = 0; i < b->n_tiles; i++) {
    struct tile_row *t = &s->tiles.at[s->tiles.n++];
    t->level = b->tiles[i].level;
    t->index = b->tiles[i].index;
    memcpy(t->hashes, b->tiles[i].hashes, sizeof t->hashes);
  }
  if (b->n_passages)
    memcpy(s->passages.at + s->passages.n, b->passages, b->n_passages * sizeof *b->passages);
  s->entries.n += b->n_entries;
  s->details.n += b->n_details;
  s->papers.n += b->n_papers;
  s->passages.n += b->n_passages;
  size_t fresh = s->blobs.n; /* those that were there already are not kept twice */
  for (uint32_t i = 0; i < b->n_blobs; i++) {
    struct blob_row r = s->blobs.at[fresh + i];
    if (find_blob(s, &r.hash))
      sp_free(r.bytes.p);
    else
      s->blobs.at[s->blobs.n++] = r;
  }
  for (uint32_t i = 0; i < b->n_erased; i++)
    erase(s, &b->erased[i], b->erased_before ? b->erased_before[i] : UINT64_MAX);
  return SP_OK;
}

/* --- Reading --- */

static enum sp_err count_memory(struct store *base, uint64_t *n, struct fault *why) {
  *n = own(base)->entries.n;
  return may(own(base), STORE_MEMORY_COUNT, why);
}

static enum sp_err entries_memory(struct store *base, uint64_t from, uint64_t until,
                                  store_entry_fn *fn, void *ctx, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_ENTRIES, why);
  for (uint64_t i = from; !err && i < until && i < s->entries.n; i++)
    err = fn(ctx, i, span_of(s->entries.at[i].p, s->entries.at[i].n));
  return err;
}

static enum sp_err tile_memory(struct store *base, unsigned level, uint64_t index,
                               struct hash *hashes, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_TILE, why);
  if (err)
    return err;
  for (size_t i = 0; i < s->tiles.n; i++)
    if (s->tiles.at[i].level == level && s->tiles.at[i].index == index) {
      memcpy(hashes, s->tiles.at[i].hashes, sizeof s->tiles.at[i].hashes);
      return SP_OK;
    }
  return fault_set(why, SP_NOT_FOUND, "memory: tile %u/%llu is not stored", level,
                   (unsigned long long)index);
}

static enum sp_err give(struct buf *out, const void *p, size_t n, struct fault *why) {
  buf_put(out, p, n);
  return out->failed ? no_memory(why) : SP_OK;
}

static enum sp_err paper_memory(struct store *base, const struct hash *hash, struct buf *out,
                                struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_PAPER, why);
  for (size_t i = 0; !err && i < s->papers.n; i++)
    if (memcmp(s->papers.at[i].p.hash.b, hash->b, sizeof hash->b) == 0)
      return give(out, s->papers.at[i].bytes.p, s->papers.at[i].bytes.n, why);
  return err ? err : fault_set(why, SP_NOT_FOUND, "memory: the paper is not stored");
}

/* Those of one commit come in the order of their entries, and later ones have higher indexes. */
static enum sp_err papers_memory(struct store *base, store_paper_fn *fn, void *ctx,
                                 struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_PAPER, why);
  for (size_t i = 0; !err && i < s->papers.n; i++)
    err = fn(ctx, &s->papers.at[i].p);
  return err;
}

static enum sp_err blob_memory(struct store *base, const struct hash *hash, struct buf *out,
                               struct fault *why) {
  const struct blob_row *r = find_blob(own(base), hash);
  enum sp_err err = may(own(base), STORE_MEMORY_BLOB, why);
  if (err)
    return err;
  return r ? give(out, r->bytes.p, r->bytes.n, why)
           : fault_set(why, SP_NOT_FOUND, "memory: the blob is not stored");
}

static enum sp_err details_memory(struct store *base, const struct id *subject,
                                  store_details_fn *fn, void *ctx, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_DETAILS, why);
  for (size_t i = 0; !err && i < s->details.n; i++)
    if (!subject || memcmp(s->details.at[i].d.subject.b, subject->b, sizeof subject->b) == 0)
      err = fn(ctx, &s->details.at[i].d);
  return err;
}

static enum sp_err details_at_memory(struct store *base, uint64_t n, store_details_fn *fn,
                                     void *ctx, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_DETAILS, why);
  for (size_t i = 0; !err && i < s->details.n; i++)
    if (s->details.at[i].d.n == n)
      return fn(ctx, &s->details.at[i].d);
  return err ? err
             : fault_set(why, SP_NOT_FOUND,
                         "memory: there are no details of entry %llu, or none any more",
                         (unsigned long long)n);
}

static enum sp_err details_typed_memory(struct store *base, const struct slug *type,
                                        store_details_fn *fn, void *ctx, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_DETAILS, why);
  for (size_t i = 0; !err && i < s->details.n; i++)
    if (strcmp(s->details.at[i].d.type.s, type->s) == 0)
      err = fn(ctx, &s->details.at[i].d);
  return err;
}

static enum sp_err passages_memory(struct store *base, const struct store_question *q,
                                   store_passage_fn *fn, void *ctx, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_PASSAGES, why);
  bool person = !bytes_are_zero(q->person.b, sizeof q->person.b);
  uint32_t told = 0;
  for (size_t i = 0; !err && i < s->passages.n && told < q->limit; i++) {
    const struct store_passage *p = &s->passages.at[q->oldest_first ? i : s->passages.n - 1 - i];
    bool fits = p->n >= q->from && p->n < q->before &&
                (!person || memcmp(p->person.b, q->person.b, sizeof p->person.b) == 0) &&
                (!q->gate.s[0] || strcmp(p->gate.s, q->gate.s) == 0) &&
                (q->since == TIME_ABSENT || p->at >= q->since) &&
                (q->until == TIME_ABSENT || p->at < q->until);
    if (!fits)
      continue;
    told++;
    err = fn(ctx, p);
  }
  return err;
}

static enum sp_err tiles_memory(struct store *base, store_tile_fn *fn, void *ctx,
                                struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_TILE, why);
  for (size_t i = 0; !err && i < s->tiles.n; i++) {
    const struct tile_row *t = &s->tiles.at[i];
    err = fn(ctx, &(struct store_tile){t->level, t->index, t->hashes});
  }
  return err;
}

static enum sp_err blobs_memory(struct store *base, store_blob_fn *fn, void *ctx,
                                struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_BLOB, why);
  for (size_t i = 0; !err && i < s->blobs.n; i++) {
    const struct blob_row *r = &s->blobs.at[i];
    err = fn(ctx, &(struct store_blob){r->hash, span_of(r->bytes.p, r->bytes.n)});
  }
  return err;
}

/* --- Meta, snapshots --- */

static struct meta_row *find_meta(const struct memory_store *s, const char *key) {
  for (size_t i = 0; i < s->meta.n; i++)
    if (strcmp(s->meta.at[i].key, key) == 0)
      return &s->meta.at[i];
  return NULL;
}

static enum sp_err meta_get_memory(struct store *base, const char *key, struct buf *out,
                                   struct fault *why) {
  const struct meta_row *m = find_meta(own(base), key);
  enum sp_err err = may(own(base), STORE_MEMORY_META_GET, why);
  if (err)
    return err;
  return m ? give(out, m->value.p, m->value.n, why)
           : fault_set(why, SP_NOT_FOUND, "memory: %s is not stored", key);
}

static enum sp_err meta_put_memory(struct store *base, const char *key, struct span value,
                                   struct fault *why) {
  struct memory_store *s = own(base);
  struct row fresh;
  enum sp_err err = may_write(s, STORE_MEMORY_META_PUT, why);
  if (err)
    return err;
  SP_ASSERT(strlen(key) < sizeof s->meta.at->key);
  if (!ROOM(s->meta, 1) || !copy_row(&fresh, value))
    return no_memory(why);
  struct meta_row *m = find_meta(s, key);
  if (m) {
    sp_free(m->value.p);
  } else {
    m = &s->meta.at[s->meta.n++];
    snprintf(m->key, sizeof m->key, "%s", key);
  }
  m->value = fresh;
  return SP_OK;
}

static enum sp_err metas_memory(struct store *base, store_meta_fn *fn, void *ctx,
                                struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_META_GET, why);
  const struct meta_row *last = NULL;
  for (size_t i = 0; !err && i < s->meta.n; i++) { /* by key: the least above the last one */
    const struct meta_row *next = NULL;
    for (size_t j = 0; j < s->meta.n; j++) {
      const struct meta_row *m = &s->meta.at[j];
      if ((!last || strcmp(m->key, last->key) > 0) && (!next || strcmp(m->key, next->key) < 0))
        next = m;
    }
    SP_ASSERT(next); /* keys differ */
    err = fn(ctx, next->key, span_of(next->value.p, next->value.n));
    last = next;
  }
  return err;
}

static struct snapshot_row *find_snapshot(const struct memory_store *s, uint64_t n) {
  for (size_t i = 0; i < s->snapshots.n; i++)
    if (s->snapshots.at[i].snap.n == n)
      return &s->snapshots.at[i];
  return NULL;
}

static enum sp_err snapshot_drop_memory(struct store *base, uint64_t n, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may_write(s, STORE_MEMORY_SNAPSHOT_WRITE, why);
  struct snapshot_row *r = find_snapshot(s, n);
  if (!err && r) {
    buf_free(&r->bytes);
    *r = s->snapshots.at[--s->snapshots.n];
  }
  return err;
}

static enum sp_err snapshot_begin_memory(struct store *base, uint64_t n, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = snapshot_drop_memory(base, n, why);
  for (size_t i = s->snapshots.n; !err && i-- > 0;)
    if (!s->snapshots.at[i].finished) {
      buf_free(&s->snapshots.at[i].bytes);
      s->snapshots.at[i] = s->snapshots.at[--s->snapshots.n];
    }
  if (!err && !ROOM(s->snapshots, 1))
    err = no_memory(why);
  if (!err)
    s->snapshots.at[s->snapshots.n++] = (struct snapshot_row){.snap.n = n};
  return err;
}

static enum sp_err snapshot_put_memory(struct store *base, uint64_t n, uint32_t chunk,
                                       struct span bytes, struct fault *why) {
  struct memory_store *s = own(base);
  struct snapshot_row *r = find_snapshot(s, n);
  enum sp_err err = may_write(s, STORE_MEMORY_SNAPSHOT_WRITE, why);
  SP_ASSERT(r && r->bytes.n == (size_t)chunk * store_chunk_bytes);
  return err ? err : give(&r->bytes, bytes.p, bytes.n, why);
}

static enum sp_err snapshot_end_memory(struct store *base, const struct store_snapshot *snap,
                                       struct fault *why) {
  struct memory_store *s = own(base);
  struct snapshot_row *r = find_snapshot(s, snap->n);
  enum sp_err err = may_write(s, STORE_MEMORY_SNAPSHOT_WRITE, why);
  SP_ASSERT(r);
  if (!err) {
    r->snap = *snap;
    r->finished = true;
  }
  return err;
}

static enum sp_err snapshot_list_memory(struct store *base,
                                        struct store_snapshot list[store_snapshots_max],
                                        uint32_t *n, struct fault *why) {
  struct memory_store *s = own(base);
  enum sp_err err = may(s, STORE_MEMORY_SNAPSHOT_READ, why);
  *n = 0;
  if (err)
    return err;
  for (size_t i = 0; i < s->snapshots.n; i++) {
    if (!s->snapshots.at[i].finished || *n == store_snapshots_max)
      continue;
    uint32_t k = (*n)++;
    for (; k > 0 && list[k - 1].n < s->snapshots.at[i].snap.n; k--)
      list[k] = list[k - 1];
    list[k] = s->snapshots.at[i].snap;
  }
  return SP_OK;
}

/* The bytes from `at` of a finished one, at most `most`. */
static enum sp_err give_snapshot(struct memory_store *s, uint64_t n, uint64_t at, size_t most,
                                 struct buf *out, struct fault *why) {
  const struct snapshot_row *r = find_snapshot(s, n);
  enum sp_err err = may(s, STORE_MEMORY_SNAPSHOT_READ, why);
  if (err)
    return err;
  if (!r || !r->finished || (at && at >= r->bytes.n))
    return fault_set(why, SP_NOT_FOUND,
                     "memory: there is no finished snapshot of %llu, or not so much",
                     (unsigned long long)n);
  size_t rest = r->bytes.n - (size_t)at;
  return rest ? give(out, r->bytes.p + at, rest < most ? rest : most, why) : SP_OK;
}

static enum sp_err snapshot_read_memory(struct store *base, uint64_t n, struct buf *out,
                                        struct fault *why) {
  return give_snapshot(own(base), n, 0, SIZE_MAX, out, why);
}

static enum sp_err snapshot_chunk_memory(struct store *base, uint64_t n, uint32_t chunk,
                                         struct buf *out, struct fault *why) {
  return give_snapshot(own(base), n, (uint64_t)chunk * store_chunk_bytes, store_chunk_bytes, out,
                       why);
}

static enum sp_err passages_clear_memory(struct store *base, struct fault *why) {
  enum sp_err err = may_write(own(base), STORE_MEMORY_PASSAGES_CLEAR, why);
  if (!err)
    own(base)->passages.n = 0;
  return err;
}

static enum sp_err nothing_to_do(struct store *base, struct fault *why) {
  return may(own(base), STORE_MEMORY_UPKEEP, why);
}

static enum sp_err backup_memory(struct store *base, const char *path, store_progress_fn *progress,
                                 void *ctx, struct fault *why) {
  (void)base, (void)progress, (void)ctx;
  return fault_set(why, SP_USAGE, "%s: a store in memory is copied with store_memory_clone", path);
}

static const struct store_ops memory_ops = {
    .close = close_memory,
    .commit = commit_memory,
    .count = count_memory,
    .entries = entries_memory,
    .tile = tile_memory,
    .blob = blob_memory,
    .paper = paper_memory,
    .papers = papers_memory,
    .details = details_memory,
    .details_at = details_at_memory,
    .details_typed = details_typed_memory,
    .passages = passages_memory,
    .tiles = tiles_memory,
    .blobs = blobs_memory,
    .meta_get = meta_get_memory,
    .meta_put = meta_put_memory,
    .metas = metas_memory,
    .snapshot_begin = snapshot_begin_memory,
    .snapshot_put = snapshot_put_memory,
    .snapshot_end = snapshot_end_memory,
    .snapshot_list = snapshot_list_memory,
    .snapshot_read = snapshot_read_memory,
    .snapshot_chunk = snapshot_chunk_memory,
    .snapshot_drop = snapshot_drop_memory,
    .passages_clear = passages_clear_memory,
    .maintain = nothing_to_do,
    .scrub = nothing_to_do,
    .integrity = nothing_to_do,
    .hold = nothing_to_do,
    .release = nothing_to_do,
    .backup = backup_memory,
};

enum sp_err store_memory_open(struct store **out, struct fault *why) {
  struct memory_store *s = sp_alloc(1, sizeof *s);
  *out = s ? &s->base : NULL;
  if (!s)
    return no_memory(why);
  s->base.ops = &memory_ops;
  s->order.nth = UINT64_MAX;
  s->honest = UINT64_MAX;
  return SP_OK;
}

struct store *store_memory_clone(const struct store *base) {
  const struct memory_store *s = own(base);
  struct store *copy;
  struct fault why;
  if (store_memory_open(&copy, &why))
    return NULL;
  struct memory_store *c = own(copy);
  bool ok = ROOM(c->entries, s->entries.n) && ROOM(c->tiles, s->tiles.n) &&
            ROOM(c->blobs, s->blobs.n) && ROOM(c->details, s->details.n) &&
            ROOM(c->papers, s->papers.n) && ROOM(c->passages, s->passages.n) &&
            ROOM(c->meta, s->meta.n) && ROOM(c->snapshots, s->snapshots.n);
  for (size_t i = 0; ok && i < s->entries.n; i++, c->entries.n++)
    ok = copy_row(&c->entries.at[i], span_of(s->entries.at[i].p, s->entries.at[i].n));
  for (size_t i = 0; ok && i < s->tiles.n; i++)
    c->tiles.at[c->tiles.n++] = s->tiles.at[i];
  for (size_t i = 0; ok && i < s->passages.n; i++)
    c->passages.at[c->passages.n++] = s->passages.at[i];
  for (size_t i = 0; ok && i < s->blobs.n; i++, c->blobs.n++) {
    c->blobs.at[i].hash = s->blobs.at[i].hash;
    ok = copy_row(&c->blobs.at[i].bytes, span_of(s->blobs.at[i].bytes.p, s->blobs.at[i].bytes.n));
  }
  for (size_t i = 0; ok && i < s->details.n; i++, c->details.n++) {
    c->details.at[i].d = s->details.at[i].d;
    ok = copy_row(&c->details.at[i].bytes, s->details.at[i].d.json);
    c->details.at[i].d.json = span_of(c->details.at[i].bytes.p, c->details.at[i].bytes.n);
  }
  for (size_t i = 0; ok && i < s->papers.n; i++, c->papers.n++) {
    struct paper_row *r = &c->papers.at[i];
    r->p = s->papers.at[i].p;
    ok = copy_row(&r->bytes, r->p.bytes);
    r->p.bytes = span_of(r->bytes.p, r->bytes.n);
  }
  for (size_t i = 0; ok && i < s->meta.n; i++, c->meta.n++) {
    memcpy(c->meta.at[i].key, s->meta.at[i].key, sizeof c->meta.at[i].key);
    ok = copy_row(&c->meta.at[i].value, span_of(s->meta.at[i].value.p, s->meta.at[i].value.n));
  }
  for (size_t i = 0; ok && i < s->snapshots.n; i++) {
    struct snapshot_row *r = &c->snapshots.at[c->snapshots.n++];
    *r = s->snapshots.at[i];
    r->bytes = (struct buf){0};
    buf_put(&r->bytes, s->snapshots.at[i].bytes.p, s->snapshots.at[i].bytes.n);
    ok = !r->bytes.failed;
  }
  if (ok)
    return copy;
  store_close(copy);
  return NULL;
}
