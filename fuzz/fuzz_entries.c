/* Entries read from a store, folded upon a small site: a line each.
 *
 *   {…                            an entry's bytes as they are
 *   TYPE DATA [|COMMAND|BY|SECOND]  an entry of that type, numbered and dated so that it is looked
 * at +MS                           the next one is so much later
 *
 * '@' as in site.h. What is hostile gives SP_CORRUPT or SP_VERSION; what is accepted leaves a sound
 * state, whose snapshot loads again as it was, and on which the core can live on. */
#include "core/state.h"
#include "engine/entry_read.h"
#include "fuzz/exercise.h"
#include "fuzz/site.h"
#include "journal/entry.h"
#include "journal/tile_path.h"
#include "store/store_memory.h"

#include <string.h>

enum { entries_max = 48 };

static void put(void *ctx, const void *p, size_t n) {
  buf_put(ctx, p, n);
}

/* What stands before the sign, which is passed over. */
static struct span until(struct span *rest, char sign) {
  const uint8_t *end = rest->n ? memchr(rest->p, sign, rest->n) : NULL;
  size_t n = end ? (size_t)(end - rest->p) : rest->n;
  struct span s = span_of(rest->p, n);
  *rest = end ? span_of(end + 1, rest->n - n - 1) : (struct span){0};
  return s;
}

/* Of those that entry_encode may be given; others cannot be written so. */
static void put_entry(struct buf *out, struct span line, uint64_t n, usec at) {
  struct span type = until(&line, ' ');
  struct span data = until(&line, '|'), command = until(&line, '|'), by = until(&line, '|');
  struct entry e = {.at = at,
                    .known_at = TIME_ABSENT,
                    .by = by.n ? by : SPAN_LIT("node:hand"),
                    .second = line,
                    .cause = CAUSE_NONE,
                    .n = n,
                    .command = command,
                    .data = data,
                    .site = SPAN_LIT("gatehouse"),
                    .type = type};
  entry_encode(out, &e);
}

static usec milliseconds(struct span text) {
  usec ms = 0;
  for (size_t i = 0; i < text.n && i < 15 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
    ms = ms * 10 + (text.p[i] - '0');
  return ms * USEC_PER_MS;
}

static enum sp_err look(void *ctx, const struct fold *f, const struct entry *e,
                        const struct event *event, struct fault *why) {
  (void)e, (void)why;
  uint64_t *from = ctx;
  if (event->n >= *from)
    exercise_check(f->core);
  return SP_OK;
}

/* A snapshot of the state loads, and is the same. */
static void check_snapshot(const struct core *core) {
  struct buf once = {0}, twice = {0};
  core_dump(core, put, &once);
  MUST_HOLD(once.n == core_dump_size(core));
  struct core *other = fold_core_new();
  MUST_HOLD(other);
  MUST_DO(core_load(other, buf_span(&once), core_plan(core), must));
  core_dump(other, put, &twice);
  MUST_HOLD(span_eq(buf_span(&once), buf_span(&twice)));
  fold_core_free(other);
  buf_free(&once);
  buf_free(&twice);
}

static void gather(struct span input, const struct fuzz_site *s, const struct core *core,
                   struct buf *bundle, uint32_t *count) {
  struct cut in = {input.p, input.n};
  struct buf words = {0}, entry = {0};
  usec at = core->head.last_at;
  while (in.n && *count < entries_max) {
    struct span line = cut_line(&in);
    if (line.n && line.p[0] == '+') {
      usec by = milliseconds(span_of(line.p + 1, line.n - 1));
      at = at < USEC_MAX - by ? at + by : USEC_MAX;
      continue;
    }
    buf_reset(&words);
    buf_reset(&entry);
    fuzz_site_expand(line, core, NULL, &words);
    if (words.n && words.p[0] == '{')
      buf_put(&entry, words.p, words.n);
    else
      put_entry(&entry, buf_span(&words), s->n + *count, at);
    if (entry.n && entry.n <= entry_max) {
      bundle_put(bundle, buf_span(&entry));
      ++*count;
    }
  }
  buf_free(&words);
  buf_free(&entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  const struct fuzz_site *s = fuzz_site();
  struct buf bundle = {0};
  struct fold fold = {0};
  struct fault why = {0};
  struct store *store = store_memory_clone(s->fake.store);
  MUST_HOLD(store);
  uint64_t from = s->n;
  uint32_t count = 0;
  gather(span_of(p, n), s, engine_core(s->fake.engine), &bundle, &count);
  const struct store_batch batch = {
      .first = s->n, .n_entries = count, .entries = buf_span(&bundle)};
  if (count)
    MUST_DO(store_commit(store, &batch, must));
  const struct fold_visitor visitor = {&from, NULL, look};
  const struct fold_options options = {
      .site = "gatehouse", .visitor = &visitor, .no_snapshot = true, .no_tree = n % 2 == 0};
  enum sp_err err = fold_open(&fold, store, &options, &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_VERSION);
  fuzz_tell(&why);
  MUST_HOLD(err == why.err && (err == SP_OK) == (why.text[0] == 0));
  if (!err) {
    check_snapshot(fold.core);
    exercise_core(fold.core);
  }
  fold_close(&fold);
  store_close(store);
  buf_free(&bundle);
  return 0;
}
