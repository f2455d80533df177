#include "engine/fold.h"

#include "core/state.h"
#include "engine/entry_read.h"
#include "engine/fold_check.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"

#include <string.h>
#include <sys/mman.h>

/* --- Memory --- */

struct core *fold_core_new(void) {
  size_t n = core_memory_size();
  void *p =
      mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : core_init(p);
}

enum { many_persons = 1 << 16, many_bytes = 16 << 20 };

static void ask_large_pages(struct core *core) {
  madvise(core, core_memory_size(), MADV_HUGEPAGE);
}

void fold_core_grown(struct core *core) {
  if (core->head.n_persons == many_persons)
    ask_large_pages(core);
}

void fold_core_free(struct core *core) {
  if (core)
    munmap(core, core_memory_size());
}

/* --- Plans --- */

enum sp_err fold_load_plan(struct store *store, const struct hash *hash, struct plan **out,
                           struct fault *why) {
  struct buf blob = {0};
  char hex[2 * sizeof hash->b + 1] = {0};
  hex_encode(hex, hash->b, sizeof hash->b);
  enum sp_err err = store_blob(store, hash, &blob, why);
  if (err == SP_NOT_FOUND)
    err = fault_set(why, SP_CORRUPT, "the plan's blob %s is missing", hex);
  if (!err && blob.failed)
    err = fault_set(why, SP_NO_MEMORY, "out of memory for a plan");
  if (!err) {
    struct hash is = sha256_of(buf_span(&blob));
    if (memcmp(is.b, hash->b, sizeof is.b) != 0)
      err = fault_set(why, SP_CORRUPT, "the plan's blob %s has another content", hex);
  }
  if (!err) {
    err = plan_blob_decode(buf_span(&blob), out, why);
    if (err)
      fault_prefix(why, "the plan's blob %s", hex);
  }
  buf_free(&blob);
  return err;
}

static void replace_plan(struct fold *f, struct plan *plan) {
  if (f->plan)
    plan_free(f->plan);
  f->plan = plan;
}

void fold_apply(struct fold *f, const struct event *e, struct plan *plan) {
  SP_ASSERT(!plan == (e->type != EVENT_PLAN_APPLIED) && e->plan == plan);
  core_apply(f->core, e);
  if (plan)
    replace_plan(f, plan); /* the core has let go of the one before */
  if (e->type == EVENT_PERSON_ADDED)
    fold_core_grown(f->core);
}

/* What else a plan has to fulfil, only the decision knows: it is made again. */
static enum sp_err decide_plan(struct fold *f, const struct entry *entry, const struct event *e) {
  struct command c;
  enum sp_err err = entry_read_command(f->core, entry, &c, f->why);
  if (err)
    return err;
  if (c.type != COMMAND_PLAN_APPLY)
    return fault_set(f->why, SP_CORRUPT, "a plan is applied by another command");
  c.plan = e->plan;
  core_decide(f->core, &c, f->outcome);
  const struct event *again = &f->outcome->events[0];
  bool same = f->outcome->verdict == VERDICT_DONE && f->outcome->n_events == 1 &&
              again->type == EVENT_PLAN_APPLIED &&
              memcmp(&again->u.plan_applied, &e->u.plan_applied, sizeof e->u.plan_applied) == 0;
  return same ? SP_OK
              : fault_set(f->why, SP_CORRUPT,
                          "plan.applied does not follow from what came before: the plan would not "
                          "be put in force");
}

/* --- One entry --- */

static enum sp_err fold_event(struct fold *f, const struct entry *entry, struct span bytes) {
  struct event e;
  struct plan *plan = NULL;
  const struct fold_visitor *v = f->options.visitor;
  enum sp_err err = entry_read_event(f->core, entry, &e, f->why);
  if (!err)
    err = fold_check_event(f->core, &e, f->why);
  if (!err && e.type == EVENT_PLAN_APPLIED) {
    err = fold_load_plan(f->store, &e.u.plan_applied.compiled, &plan, f->why);
    e.plan = plan;
    if (!err)
      err = decide_plan(f, entry, &e);
  }
  if (!err && v && v->before)
    err = v->before(v->ctx, f, entry, bytes, &e, f->why);
  if (err) {
    if (plan)
      plan_free(plan);
    return err;
  }
  fold_apply(f, &e, plan);
  return v && v->after ? v->after(v->ctx, f, entry, &e, f->why) : SP_OK;
}

static enum sp_err fold_entry(struct fold *f, uint64_t n, struct span bytes) {
  struct entry entry;
  enum sp_err err = entry_parse(&entry, bytes, f->why);
  if (err)
    return err;
  if (entry.n != n)
    return fault_set(f->why, SP_CORRUPT, "it says it is entry %llu", (unsigned long long)entry.n);
  if (f->options.site && !span_is(entry.site, f->options.site))
    return fault_set(f->why, SP_CORRUPT, "it is of another site, \"%.*s\"", (int)entry.site.n,
                     (const char *)entry.site.p);
  if (entry.at < core_last_at(f->core))
    return fault_set(f->why, SP_CORRUPT, "time goes back");
  return fold_event(f, &entry, bytes);
}

/* --- The tree beside it --- */

/* An error besides "there is none" is kept for the one who asked. */
struct tile_source {
  struct store *store;
  struct fault why;
};

static bool read_tile(void *ctx, unsigned level, uint64_t index, struct hash tile[tile_width]) {
  struct tile_source *t = ctx;
  return store_tile(t->store, level, index, tile, &t->why) == SP_OK;
}

static enum sp_err told(const struct tile_source *t, enum sp_err err, struct fault *why) {
  return err && t->why.err && t->why.err != SP_NOT_FOUND
             ? fault_set(why, t->why.err, "%s", t->why.text)
             : err;
}

struct tiles_met {
  struct fold *f;
  enum sp_err err;
};

static void meet_tile(void *ctx, unsigned level, uint64_t index,
                      const struct hash tile[tile_width]) {
  struct tiles_met *m = ctx;
  struct hash stored[tile_width];
  if (m->err)
    return;
  m->err = store_tile(m->f->store, level, index, stored, m->f->why);
  if (m->err == SP_NOT_FOUND)
    m->err = fault_set(m->f->why, SP_CORRUPT, "tile %u/%llu is missing", level,
                       (unsigned long long)index);
  if (!m->err && memcmp(stored, tile, sizeof stored) != 0)
    m->err = fault_set(m->f->why, SP_CORRUPT,
                       "tile %u/%llu is not what the entries give: one of them was changed", level,
                       (unsigned long long)index);
}

static enum sp_err not_signed(const struct checkpoint *c, struct fault *why) {
  return fault_set(
      why, SP_FORK,
      "the first %llu entries are not those that were signed: `verify` tells which were "
      "changed",
      (unsigned long long)c->size);
}

/* The signed root at the moment when the tree is as large as it was. */
static enum sp_err compare_root(struct fold *f) {
  const struct checkpoint *c = f->options.checkpoint;
  if (!c || c->size != f->tree.size)
    return SP_OK;
  struct hash root = tree_root(&f->tree);
  return memcmp(root.b, c->root.b, sizeof root.b) == 0 ? SP_OK : not_signed(c, f->why);
}

static enum sp_err grow_tree(struct fold *f, struct span bytes) {
  struct tiles_met met = {f, SP_OK};
  struct hash leaf = tree_leaf(bytes);
  tree_append(&f->tree, &leaf, meet_tile, &met);
  return met.err ? met.err : compare_root(f);
}

static enum sp_err take_entry(void *ctx, uint64_t n, struct span bytes) {
  struct fold *f = ctx;
  enum sp_err err = f->options.no_tree ? SP_OK : grow_tree(f, bytes);
  if (!err && n >= f->skip_until)
    err = fold_entry(f, n, bytes);
  return err ? fault_prefix(f->why, "entry %llu", (unsigned long long)n) : SP_OK;
}

/* --- Where to begin --- */

struct taken {
  struct hash state;
  bool found;
  struct fault *why;
};

static enum sp_err read_taken(void *ctx, uint64_t n, struct span bytes) {
  struct taken *t = ctx;
  struct entry entry;
  enum event_type type;
  enum sp_err err = entry_parse(&entry, bytes, t->why);
  if (err)
    return err;
  if (entry.n != n || !event_type_find(entry.type, &type) || type != EVENT_SNAPSHOT_TAKEN)
    return SP_OK;
  struct namer nobody = {0}; /* a hash names nothing */
  struct ev_snapshot_taken data;
  err =
      record_decode(&event_records[EVENT_SNAPSHOT_TAKEN], &data, entry.data, &nobody, true, t->why);
  t->found = !err;
  t->state = data.state;
  return err;
}

/* The bytes of a snapshot that is what the journal says. */
static enum sp_err read_snapshot(struct fold *f, const struct store_snapshot *snap,
                                 struct buf *dump, struct fault *why) {
  struct taken taken = {.why = why};
  enum sp_err err = store_entries(f->store, snap->n, snap->n + 1, read_taken, &taken, why);
  if (err)
    return err;
  if (!taken.found)
    return fault_set(why, SP_CORRUPT, "no entry snapshot.taken stands at its index");
  if (memcmp(taken.state.b, snap->hash.b, sizeof snap->hash.b) != 0)
    return fault_set(why, SP_CORRUPT, "its row names another hash than its entry");
  if (snap->bytes > core_memory_size())
    return fault_set(why, SP_CORRUPT, "its row names %llu bytes, more than a state can have",
                     (unsigned long long)snap->bytes);
  if (!buf_reserve(dump, (size_t)snap->bytes))
    return fault_set(why, SP_NO_MEMORY, "out of memory for %llu bytes",
                     (unsigned long long)snap->bytes);
  err = store_snapshot_read(f->store, snap->n, dump, why);
  if (!err && dump->failed)
    err = fault_set(why, SP_NO_MEMORY, "out of memory for %llu bytes",
                    (unsigned long long)snap->bytes);
  if (!err && dump->n != snap->bytes)
    err = fault_set(why, SP_CORRUPT, "it has %zu bytes where its row names %llu", dump->n,
                    (unsigned long long)snap->bytes);
  if (err)
    return err;
  struct hash is = sha256_of(buf_span(dump));
  return memcmp(is.b, snap->hash.b, sizeof is.b) == 0
             ? SP_OK
             : fault_set(why, SP_CORRUPT, "its bytes have another hash than its entry names");
}

static enum sp_err load_snapshot(struct fold *f, const struct store_snapshot *snap,
                                 struct fault *why) {
  struct buf dump = {0};
  struct hash plan_hash;
  struct plan *plan = NULL;
  enum sp_err err = read_snapshot(f, snap, &dump, why);
  if (!err)
    err = core_dump_plan_hash(buf_span(&dump), &plan_hash, why);
  if (!err && !bytes_are_zero(plan_hash.b, sizeof plan_hash.b))
    err = fold_load_plan(f->store, &plan_hash, &plan, why);
  if (!err && dump.n >= many_bytes)
    ask_large_pages(f->core);
  if (!err)
    err = core_load(f->core, buf_span(&dump), plan, why);
  if (!err && core_next_entry(f->core) != snap->n)
    err = fault_set(why, SP_CORRUPT, "it is the state of another entry");
  buf_free(&dump);
  if (!err) {
    f->plan = plan;
    f->folded_from = snap->n;
    return SP_OK;
  }
  if (plan)
    plan_free(plan);
  return err;
}

static enum sp_err new_core(struct fold *f, struct fault *why) {
  fold_core_free(f->core);
  f->core = fold_core_new();
  return f->core ? SP_OK
                 : fault_set(why, SP_NO_MEMORY, "%zu bytes of address space are not to be had",
                             core_memory_size());
}

/* The newest snapshot that holds, or none. Only the lack of memory and of the database is an error.
 */
static enum sp_err choose_start(struct fold *f, uint64_t count, struct fault *why) {
  struct store_snapshot list[store_snapshots_max];
  uint32_t n = 0;
  enum sp_err err = new_core(f, why);
  if (!err && !f->options.no_snapshot)
    err = store_snapshot_list(f->store, list, &n, why);
  for (uint32_t i = 0; i < n && !err; i++) {
    if (list[i].n >= count)
      continue; /* its entry was never durable */
    struct fault not_this = {0};
    enum sp_err failed = load_snapshot(f, &list[i], &not_this);
    if (!failed)
      return SP_OK;
    if (failed == SP_NO_MEMORY || failed == SP_IO)
      return fault_set(why, failed, "snapshot of entry %llu: %s", (unsigned long long)list[i].n,
                       not_this.text);
    fault_prefix(&not_this, "snapshot of entry %llu", (unsigned long long)list[i].n);
    if (!f->snapshot_why.err)
      f->snapshot_why = not_this;
    err = new_core(f, why); /* part of it may have been loaded */
  }
  return err;
}

/* --- The calls --- */

static enum sp_err fold_rest(struct fold *f, uint64_t from, struct fault *why) {
  f->why = why;
  enum sp_err err = store_entries(f->store, from, UINT64_MAX, take_entry, f, why);
  f->why = NULL;
  return err;
}

/* A checkpoint of fewer entries than the snapshot: the tree has grown past it, and is asked for the
 * root that it had. */
static enum sp_err compare_old_root(struct fold *f, struct fault *why) {
  const struct checkpoint *c = f->options.checkpoint;
  struct tile_source tiles = {.store = f->store};
  struct hash root;
  enum sp_err err = tree_root_at(&f->tree, c->size, read_tile, &tiles, &root, why);
  if (err)
    return told(&tiles, err, why);
  return memcmp(root.b, c->root.b, sizeof root.b) == 0 ? SP_OK : not_signed(c, why);
}

static enum sp_err fold_with_tree(struct fold *f, struct fault *why) {
  struct tile_source tiles = {.store = f->store};
  uint64_t from = 0;
  enum sp_err err = tree_restore(&f->tree, f->folded_from, read_tile, &tiles, &from, why);
  if (err)
    return told(&tiles, err, why);
  f->why = why;
  err = compare_root(f);
  if (!err)
    err = fold_rest(f, from, why);
  if (!err && f->options.checkpoint && f->options.checkpoint->size < from)
    err = compare_old_root(f, why);
  return err;
}

enum sp_err fold_open(struct fold *f, struct store *store, const struct fold_options *options,
                      struct fault *why) {
  struct fault unasked = {0};
  uint64_t count = 0;
  *f = (struct fold){.store = store, .options = *options};
  why = why ? why : &unasked;
  f->outcome = sp_alloc(1, sizeof *f->outcome);
  if (!f->outcome)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  enum sp_err err = store_count(store, &count, why);
  if (!err && options->checkpoint && options->checkpoint->size > count)
    err = fault_set(why, SP_FORK,
                    "%llu entries were signed, and only %llu are here: an older copy of the "
                    "database was put in its place",
                    (unsigned long long)options->checkpoint->size, (unsigned long long)count);
  if (!err)
    err = choose_start(f, count, why);
  f->skip_until = f->folded_from;
  if (!err)
    err = options->no_tree ? fold_rest(f, f->folded_from, why) : fold_with_tree(f, why);
  f->options.checkpoint = NULL; /* only of this call */
  f->why = NULL;
  return err;
}

enum sp_err fold_catch_up(struct fold *f, uint64_t *n, struct fault *why) {
  struct fault unasked = {0};
  uint64_t from = core_next_entry(f->core);
  enum sp_err err = fold_rest(f, from, why ? why : &unasked);
  if (n)
    *n = core_next_entry(f->core) - from;
  return err;
}

void fold_close(struct fold *f) {
  fold_core_free(f->core);
  if (f->plan)
    plan_free(f->plan);
  sp_free(f->outcome);
  *f = (struct fold){0};
}
