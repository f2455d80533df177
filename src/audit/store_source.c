#include "audit/store_source.h"

/* How many indexes behind a damaged row are tried: a row holds one batch of the engine's. */
enum { row_entries_max = 1 << 16 };

static enum sp_err pass_on(void *ctx, uint64_t n, struct span entry) {
  struct store_source *s = ctx;
  if (n < s->next || n >= s->size)
    return SP_OK; /* the store's count and its rows disagree: the missing are told */
  enum sp_err err = s->take(s->sink, n, entry);
  s->stopped = err != SP_OK;
  s->next = n + 1;
  return err;
}

static enum sp_err walk(void *ctx, log_take *take, void *sink, struct fault *why) {
  struct store_source *s = ctx;
  s->take = take;
  s->sink = sink;
  s->next = 0;
  s->stopped = false;
  enum sp_err err;
  struct fault damage = {0};
  while ((err = store_entries(s->store, s->next, UINT64_MAX, pass_on, s, &damage))) {
    if (s->stopped || err != SP_CORRUPT) /* who takes entries tells no more than that */
      return fault_set(why, err, "%s", damage.text[0] ? damage.text : sp_err_text(err));
    report_fault(s->report, &damage, "entries from %llu on", (unsigned long long)s->next);
    uint64_t from = s->next, tried = from;
    /* The next row that can be read begins somewhere behind. */
    while (err && !s->stopped && tried - from < row_entries_max && ++tried < s->size)
      if (!(err = store_entries(s->store, tried, tried + 1, pass_on, s, NULL)) && s->next == from)
        err = SP_CORRUPT;
    if (err)
      return s->stopped ? fault_set(why, err, "%s", sp_err_text(err)) : SP_OK;
  }
  return SP_OK;
}

static bool tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *out) {
  struct store_source *s = ctx;
  struct fault why = {0};
  if (width != tile_width)
    return false; /* partial ones are not stored */
  enum sp_err err = store_tile(s->store, level, index, out, &why);
  if (err == SP_CORRUPT)
    report_fault(s->report, &why, "tile %u/%llu", level, (unsigned long long)index);
  else if (err && err != SP_NOT_FOUND)
    s->failure = why;
  return !err;
}

struct log_source store_source(struct store_source *s) {
  return (struct log_source){.ctx = s, .size = s->size, .walk = walk, .tile = tile};
}
