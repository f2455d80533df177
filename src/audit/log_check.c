#include "audit/log_check.h"

#include "engine/entry_read.h"

#include <string.h>

/* Up to 256 entries, whose indexes begin at a multiple of 256: what a tile of level 0 covers. */
struct batch {
  uint64_t first;
  uint32_t n;
  struct buf bytes; /* of the entries, one after the other */
  uint32_t at[tile_width + 1];
  bool missing[tile_width];
  bool has_tile; /* the stored one, n hashes wide */
  struct hash tile[tile_width];
};

/* --- Judging: one entry after the other --- */

struct reading {
  struct span site;
  char site_text[slug_max + 1];
  uint64_t head; /* index of the command's first entry */
  bool has_head;
  usec last_at;
  char by[actor_text_max + 1]; /* of the head */
  size_t by_n;
  usec head_at;
  const struct log_visitor *visitor;
  struct report *report;
  struct log_facts *facts;
};

/* Followers stand right behind their head, and say the same about who and when. */
static const char *judge_cause(struct reading *r, const struct entry *e) {
  if (e->cause == CAUSE_NONE) {
    r->has_head = true;
    r->head = e->n;
    r->head_at = e->at;
    r->by_n = e->by.n <= actor_text_max ? e->by.n : 0;
    memcpy(r->by, e->by.p, r->by_n);
    return e->command.n ? NULL : "it has neither a command nor a cause";
  }
  if (!r->has_head || e->cause != r->head)
    return "its cause is not the command's first entry before it";
  if (e->at != r->head_at || !span_eq(e->by, span_of(r->by, r->by_n)))
    return "its time or actor is not its command's";
  if (e->second.n || e->clock_untrusted || e->known_at != TIME_ABSENT ||
      !bytes_are_zero(e->commit.b, sizeof e->commit.b))
    return "what only a command's first entry says is in a later one";
  return NULL;
}

static void judge_site(struct reading *r, const struct entry *e) {
  if (!r->site.n) {
    memcpy(r->site_text, e->site.p, e->site.n); /* slug_valid: at most slug_max */
    r->site = span_of(r->site_text, e->site.n);
  }
  if (!span_eq(e->site, r->site))
    report_add(r->report, SP_CORRUPT, "entry %llu: it is of site \"%.*s\", and the log of \"%.*s\"",
               (unsigned long long)e->n, (int)e->site.n, (const char *)e->site.p, (int)r->site.n,
               (const char *)r->site.p);
}

static void judge_time(struct reading *r, const struct entry *e) {
  if (e->at < r->last_at) {
    char was[time_text_len + 1] = {0}, is[time_text_len + 1] = {0};
    time_format(was, r->last_at);
    time_format(is, e->at);
    report_add(r->report, SP_CORRUPT, "entry %llu: time goes back from %s to %s",
               (unsigned long long)e->n, was, is);
    return;
  }
  if (e->known_at != TIME_ABSENT && e->known_at > e->at)
    report_add(r->report, SP_CORRUPT, "entry %llu: it knows of a time after its own",
               (unsigned long long)e->n);
  r->last_at = e->at;
}

static void judge_entry(struct reading *r, uint64_t n, struct span bytes) {
  struct entry e;
  struct fault why = {0};
  if (entry_parse(&e, bytes, &why)) {
    report_fault(r->report, &why, "entry %llu", (unsigned long long)n);
    r->has_head = false;
    return;
  }
  if (e.n != n) {
    report_add(r->report, SP_CORRUPT, "entry %llu: it says it is entry %llu: moved or copied here",
               (unsigned long long)n, (unsigned long long)e.n);
    r->has_head = false;
    return;
  }
  judge_site(r, &e);
  judge_time(r, &e);
  enum event_type type = EVENT_COUNT;
  if (!event_type_find(e.type, &type)) {
    report_add(r->report, SP_VERSION,
               "entry %llu: type \"%.*s\" is not known to this program: use a newer one",
               (unsigned long long)n, (int)e.type.n, (const char *)e.type.p);
    type = EVENT_COUNT;
  }
  if ((n == 0) != (type == EVENT_SITE_CREATED) && type != EVENT_COUNT)
    report_add(r->report, SP_CORRUPT, "entry %llu: a log begins with site.created, once",
               (unsigned long long)n);
  /* After a gap the head may be what is missing: that is told already. */
  bool known_head = r->has_head || e.cause == CAUSE_NONE || n == 0;
  const char *wrong = known_head ? judge_cause(r, &e) : NULL;
  if (wrong)
    report_add(r->report, SP_CORRUPT, "entry %llu: %s", (unsigned long long)n, wrong);
  if (r->facts->entries == 0)
    r->facts->first_at = e.at;
  if (r->visitor && r->visitor->entry)
    r->visitor->entry(r->visitor->ctx, &e, type);
  r->facts->last_at = r->last_at;
  r->facts->entries++;
}

/* A batch of empty entries has no memory to point into. */
static struct span entry_at(const struct batch *b, uint32_t i) {
  return span_of(b->bytes.p ? b->bytes.p + b->at[i] : NULL, b->at[i + 1] - b->at[i]);
}

static void judge_batch(struct reading *r, const struct batch *b) {
  for (uint32_t i = 0; i < b->n; i++) {
    if (b->missing[i]) {
      report_add(r->report, SP_CORRUPT, "entry %llu: missing", (unsigned long long)b->first + i);
      r->has_head = false;
      continue;
    }
    struct span bytes = entry_at(b, i);
    r->facts->bytes += bytes.n;
    judge_entry(r, b->first + i, bytes);
  }
}

/* --- Hashing --- */

/* A tile of level 1 or up as the leaves give it. */
struct made_tile {
  unsigned level, width;
  uint64_t index;
  struct hash tile[tile_width];
};

struct hashing {
  struct tree entries, stored; /* invariant 2 */
  bool apart;                  /* they differ */
  uint64_t differing;          /* leaves; told only once it is known which side is right */
  struct {
    uint64_t n;
    bool missing;
  } leaves[report_faults_max];
  uint64_t missing_tiles;
  uint64_t missing_tile[16];
  struct log_signed *roots;
  bool *stored_holds; /* for each of roots: the stored tree has it */
  uint32_t n_roots;
  bool partial_tiles;
  struct made_tile *made; /* of the stored tree */
  size_t n_made, cap_made;
  bool no_memory;
};

static void keep_tile(struct hashing *h, unsigned level, uint64_t index, unsigned width,
                      const struct hash *tile) {
  if (level == 0 || h->no_memory)
    return;
  if (h->n_made == h->cap_made) {
    size_t cap = h->cap_made ? 2 * h->cap_made : 16;
    struct made_tile *more = sp_realloc(h->made, cap * sizeof *more);
    if (!more) {
      h->no_memory = true;
      return;
    }
    h->made = more;
    h->cap_made = cap;
  }
  struct made_tile *m = &h->made[h->n_made++];
  m->level = level;
  m->index = index;
  m->width = width;
  memcpy(m->tile, tile, width * sizeof *tile);
}

static void keep_made(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  keep_tile(ctx, level, index, tile_width, tile);
}

static void keep_edge(struct hashing *h) {
  const struct tree *t = h->apart ? &h->stored : &h->entries;
  for (unsigned level = 1; level < tile_levels; level++)
    if (t->edge_n[level])
      keep_tile(h, level, t->size >> (8 * (level + 1)), t->edge_n[level], t->edge[level]);
}

static void compare_roots(struct hashing *h) {
  uint64_t size = h->entries.size;
  for (uint32_t i = 0; i < h->n_roots; i++) {
    struct log_signed *s = &h->roots[i];
    if (s->size != size)
      continue;
    struct hash root = tree_root(&h->entries);
    s->seen = true;
    s->holds = memcmp(root.b, s->root.b, sizeof root.b) == 0;
    if (h->apart)
      root = tree_root(&h->stored);
    h->stored_holds[i] = memcmp(root.b, s->root.b, sizeof root.b) == 0;
  }
}

static void note_difference(struct hashing *h, uint64_t n, bool missing) {
  if (!h->apart) {
    h->stored = h->entries;
    h->apart = true;
  }
  if (h->differing < report_faults_max) {
    h->leaves[h->differing].n = n;
    h->leaves[h->differing].missing = missing;
  }
  h->differing++;
}

static void hash_batch(struct hashing *h, const struct batch *b) {
  if (!b->has_tile && (b->n == tile_width || h->partial_tiles)) {
    if (h->missing_tiles < 16)
      h->missing_tile[h->missing_tiles] = b->first / tile_width;
    h->missing_tiles++;
  }
  for (uint32_t i = 0; i < b->n; i++) {
    struct hash leaf = {{0}};
    if (!b->missing[i])
      leaf = tree_leaf(entry_at(b, i));
    const struct hash *stored = b->has_tile ? &b->tile[i] : &leaf;
    if (b->missing[i] || memcmp(stored->b, leaf.b, sizeof leaf.b) != 0)
      note_difference(h, b->first + i, b->missing[i]);
    tree_append(&h->entries, &leaf, h->apart ? NULL : keep_made, h);
    if (h->apart)
      tree_append(&h->stored, stored, keep_made, h);
    compare_roots(h);
  }
}

/* --- Between the two: a ring of batches ---
 *
 * The caller's thread reads ahead; the other hashes. Judging, which must go in order, is for
 * whichever of them has nothing else to do, so that both are always busy. */

enum { ring_n = 8 };
struct ring {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  uint64_t put, hashed, judged; /* batches, counted */
  bool judging, ended;
  struct batch *batch; /* ring_n */
  struct hashing *hashing;
  struct reading *reading;
};

/* The lock is held, but not meanwhile. False when there is nothing to judge, or the other does. */
static bool judge_next(struct ring *ring) {
  if (ring->judging || ring->judged == ring->put)
    return false;
  const struct batch *b = &ring->batch[ring->judged % ring_n];
  ring->judging = true;
  pthread_mutex_unlock(&ring->lock);
  judge_batch(ring->reading, b);
  pthread_mutex_lock(&ring->lock);
  ring->judging = false;
  ring->judged++;
  pthread_cond_signal(&ring->changed);
  return true;
}

static bool hash_next(struct ring *ring) {
  if (ring->hashed == ring->put)
    return false;
  const struct batch *b = &ring->batch[ring->hashed % ring_n];
  pthread_mutex_unlock(&ring->lock);
  hash_batch(ring->hashing, b);
  pthread_mutex_lock(&ring->lock);
  ring->hashed++;
  pthread_cond_signal(&ring->changed);
  return true;
}

static void *work(void *arg) {
  struct ring *ring = arg;
  pthread_mutex_lock(&ring->lock);
  while (!ring->ended || ring->hashed != ring->put || ring->judged != ring->put)
    if (!hash_next(ring) && !judge_next(ring))
      pthread_cond_wait(&ring->changed, &ring->lock);
  pthread_mutex_unlock(&ring->lock);
  return NULL;
}

static struct batch *ring_room(struct ring *ring) {
  pthread_mutex_lock(&ring->lock);
  while (ring->put - ring->hashed == ring_n || ring->put - ring->judged == ring_n)
    if (!judge_next(ring))
      pthread_cond_wait(&ring->changed, &ring->lock);
  pthread_mutex_unlock(&ring->lock);
  return &ring->batch[ring->put % ring_n];
}

static void ring_put(struct ring *ring) {
  pthread_mutex_lock(&ring->lock);
  ring->put++;
  pthread_cond_signal(&ring->changed);
  pthread_mutex_unlock(&ring->lock);
}

static void ring_end(struct ring *ring) {
  pthread_mutex_lock(&ring->lock);
  ring->ended = true;
  pthread_cond_signal(&ring->changed);
  while (judge_next(ring))
    ;
  pthread_mutex_unlock(&ring->lock);
}

/* --- What the hashes say --- */

static void tell_roots(const struct hashing *h, struct report *report) {
  for (uint32_t i = 0; i < h->n_roots; i++) {
    const struct log_signed *s = &h->roots[i];
    if (s->size > h->entries.size)
      report_add(
          report, SP_FORK,
          "%s signs %llu entries, and the log has %llu: it was cut off, or an older copy was "
          "put in its place; bring back the newer one",
          s->where, (unsigned long long)s->size, (unsigned long long)h->entries.size);
    else if (!s->holds && !h->stored_holds[i])
      report_add(report, SP_FORK,
                 "%s signs %llu entries with another root: what was signed is not what is here",
                 s->where, (unsigned long long)s->size);
  }
}

/* Each difference between an entry and its stored leaf hash: which of them is right, the signed
 * roots tell; where nothing signed reaches, both are named. */
static void tell_leaves(const struct hashing *h, struct report *report) {
  for (uint64_t i = 0; i < h->differing && i < report_faults_max; i++) {
    uint64_t n = h->leaves[i].n, tile = n / tile_width;
    bool tiles_right = false, entries_right = false;
    for (uint32_t k = 0; k < h->n_roots; k++)
      if (h->roots[k].size > n && h->roots[k].seen) {
        entries_right |= h->roots[k].holds;
        tiles_right |= h->stored_holds[k];
      }
    if (h->leaves[i].missing)
      continue; /* told when it was read */
    if (entries_right)
      report_add(report, SP_CORRUPT,
                 "tile 0/%llu: its hash of entry %llu is not that of the entry, which is as it was "
                 "signed",
                 (unsigned long long)tile, (unsigned long long)n);
    else
      report_add(report, SP_CORRUPT,
                 "entry %llu: its hash is not the one in tile 0/%llu: the entry was %s",
                 (unsigned long long)n, (unsigned long long)tile,
                 tiles_right ? "changed after it was signed"
                             : "changed, or the tile was: no signed root tells which");
  }
  if (h->differing > report_faults_max)
    report_add(report, SP_CORRUPT, "%llu entries in all have other hashes than the tiles say",
               (unsigned long long)h->differing);
}

static void tell_tiles(const struct hashing *h, const struct log_source *source,
                       struct report *report) {
  for (uint64_t i = 0; i < h->missing_tiles && i < 16; i++)
    report_add(report, SP_CORRUPT, "tile 0/%llu: missing; `rebuild` makes it anew%s",
               (unsigned long long)h->missing_tile[i],
               i == 15 && h->missing_tiles > 16 ? "; more are missing" : "");
  for (size_t i = 0; i < h->n_made; i++) {
    const struct made_tile *m = &h->made[i];
    struct hash stored[tile_width];
    if (!source->tile(source->ctx, m->level, m->index, m->width, stored)) {
      report_add(report, SP_CORRUPT, "tile %u/%llu: missing", m->level,
                 (unsigned long long)m->index);
      continue;
    }
    for (unsigned k = 0; k < m->width; k++)
      if (memcmp(stored[k].b, m->tile[k].b, sizeof stored[k].b) != 0) {
        report_add(report, SP_CORRUPT, "tile %u/%llu: hash %u is not what the tile below it gives",
                   m->level, (unsigned long long)m->index, k);
        break;
      }
  }
}

/* --- All of it --- */

/* The batch that is being filled. */
struct filling {
  const struct log_source *source;
  struct ring *ring;
  struct report *report;
  const struct progress *progress;
  struct fault *why;
  struct batch *batch; /* NULL between two */
  uint64_t next;
  bool ended; /* what comes is passed over */
};

enum { gap_max = 1 << 17 };

static void end_batch(struct filling *f) {
  struct batch *b = f->batch;
  bool wanted = b->n == tile_width || f->source->partial_tiles;
  b->has_tile = wanted && f->source->tile(f->source->ctx, 0, b->first / tile_width, b->n, b->tile);
  ring_put(f->ring); /* it is only read from now on */
  f->batch = NULL;
}

static enum sp_err put_one(struct filling *f, struct span entry, bool missing) {
  if (!f->batch) {
    f->batch = ring_room(f->ring);
    f->batch->first = f->next;
    f->batch->n = 0;
    buf_reset(&f->batch->bytes);
  }
  struct batch *b = f->batch;
  b->at[b->n] = (uint32_t)b->bytes.n;
  b->missing[b->n] = missing;
  buf_put(&b->bytes, entry.p, entry.n);
  if (b->bytes.failed || b->bytes.n > UINT32_MAX)
    return fault_set(f->why, SP_NO_MEMORY, "out of memory for 256 entries");
  b->at[++b->n] = (uint32_t)b->bytes.n;
  f->next++;
  if (b->n == tile_width)
    end_batch(f);
  if (f->next % 65536 == 0 && !progress_step(f->progress, "entries", f->next, f->source->size))
    return fault_set(f->why, SP_UNAVAILABLE, "stopped at entry %llu", (unsigned long long)f->next);
  return SP_OK;
}

/* Those up to n are missing: each is told, unless they are so many that something else is wrong (a
 * damaged number), and nothing behind them is judged. */
static enum sp_err skip_to(struct filling *f, uint64_t n) {
  enum sp_err err = SP_OK;
  if (n - f->next > gap_max) {
    report_add(f->report, SP_CORRUPT, "entries %llu to %llu: missing", (unsigned long long)f->next,
               (unsigned long long)n - 1);
    f->ended = true;
  }
  while (f->next < n && !err && !f->ended)
    err = put_one(f, (struct span){0}, true);
  return err;
}

static enum sp_err take(void *sink, uint64_t n, struct span entry) {
  struct filling *f = sink;
  SP_ASSERT(n >= f->next);
  enum sp_err err = f->ended ? SP_OK : skip_to(f, n);
  return err || f->ended ? err : put_one(f, entry, false);
}

static enum sp_err read_all(struct filling *f) {
  enum sp_err err = f->source->walk(f->source->ctx, take, f, f->why);
  if (!err && !f->ended && f->next < f->source->size)
    err = skip_to(f, f->source->size); /* cut off at the end */
  if (!err && f->batch)
    end_batch(f);
  return err;
}

enum sp_err log_check(const struct log_source *source, struct span site, struct log_signed *roots,
                      uint32_t n_roots, const struct log_visitor *visitor, struct report *report,
                      const struct progress *progress, struct log_facts *facts, struct fault *why) {
  SP_ASSERT(n_roots <= log_signed_max);
  *facts = (struct log_facts){.first_at = TIME_ABSENT, .last_at = TIME_ABSENT};
  struct reading reading = {
      .site = site, .last_at = USEC_MIN, .visitor = visitor, .report = report, .facts = facts};
  bool stored_holds[log_signed_max] = {0};
  struct hashing *h = sp_alloc(1, sizeof *h);
  struct ring ring = {
      .batch = sp_alloc(ring_n, sizeof(struct batch)), .hashing = h, .reading = &reading};
  enum sp_err err = SP_OK;
  pthread_t thread;
  pthread_mutex_init(&ring.lock, NULL);
  pthread_cond_init(&ring.changed, NULL);
  if (!h || !ring.batch) {
    err = fault_set(why, SP_NO_MEMORY, "out of memory for checking a log");
    goto end;
  }
  tree_init(&h->entries);
  h->roots = roots;
  h->n_roots = n_roots;
  h->stored_holds = stored_holds;
  h->partial_tiles = source->partial_tiles;
  compare_roots(h); /* of a log that was signed while empty */
  if (pthread_create(&thread, NULL, work, &ring)) {
    err = fault_set(why, SP_NO_MEMORY, "a thread cannot be started");
    goto end;
  }
  struct filling filling = {source, &ring, report, progress, why, NULL, 0, false};
  err = read_all(&filling);
  ring_end(&ring);
  pthread_join(thread, NULL);
  if (h->partial_tiles)
    keep_edge(h);
  if (!err && h->no_memory)
    err = fault_set(why, SP_NO_MEMORY, "out of memory for the tiles of a log");
  if (!err) {
    facts->size = h->entries.size;
    facts->root = tree_root(&h->entries);
    if (reading.site.n && reading.site.n < sizeof facts->site)
      memcpy(facts->site, reading.site.p, reading.site.n);
    tell_leaves(h, report);
    tell_tiles(h, source, report);
    tell_roots(h, report);
  }
end:
  pthread_cond_destroy(&ring.changed);
  pthread_mutex_destroy(&ring.lock);
  for (int i = 0; ring.batch && i < ring_n; i++)
    buf_free(&ring.batch[i].bytes);
  if (h)
    sp_free(h->made);
  sp_free(h);
  sp_free(ring.batch);
  return err;
}
