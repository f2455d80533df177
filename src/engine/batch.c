#include "engine/batch.h"

#include "core/state.h"
#include "engine/answer.h"
#include "engine/query.h"

#include <string.h>

static struct store_blob *blobs_of(const struct batch *b) {
  return (struct store_blob *)(void *)b->blobs.p;
}

static uint32_t count_of(const struct buf *b, size_t size) {
  return (uint32_t)(b->n / size);
}

static void free_blobs(struct batch *b) {
  for (uint32_t i = 0; i < count_of(&b->blobs, sizeof(struct store_blob)); i++)
    sp_free((void *)(uintptr_t)blobs_of(b)[i].bytes.p);
  buf_reset(&b->blobs);
}

static void free_papers(struct batch *b) {
  struct store_paper *papers = (struct store_paper *)(void *)b->papers.p;
  for (uint32_t i = 0; i < count_of(&b->papers, sizeof *papers); i++) {
    bytes_wipe((void *)(uintptr_t)papers[i].bytes.p, papers[i].bytes.n);
    sp_free((void *)(uintptr_t)papers[i].bytes.p);
  }
  buf_reset(&b->papers);
  b->paper_bytes = 0;
}

void batch_begin(struct batch *b, uint64_t n) {
  free_blobs(b);
  free_papers(b);
  if (b->details_json.n)
    bytes_wipe(b->details_json.p, b->details_json.n);
  if (b->details.n)
    bytes_wipe(b->details.p, b->details.n); /* openings */
  buf_reset(&b->entries);
  buf_reset(&b->passages);
  buf_reset(&b->details);
  buf_reset(&b->details_json);
  buf_reset(&b->erased);
  buf_reset(&b->before);
  buf_reset(&b->out);
  buf_reset(&b->held);
  b->rows = (struct store_batch){.first = n};
  b->n_commands = 0;
}

void batch_free(struct batch *b) {
  batch_begin(b, 0);
  buf_free(&b->entries);
  buf_free(&b->passages);
  buf_free(&b->details);
  buf_free(&b->details_json);
  buf_free(&b->erased);
  buf_free(&b->before);
  buf_free(&b->papers);
  buf_free(&b->blobs);
  buf_free(&b->out);
  buf_free(&b->held);
}

/* --- All or nothing: how far each buffer was, and back to it. --- */

#define BATCH_BUFS(X)                                                                              \
  X(entries)                                                                                       \
  X(passages) X(details) X(details_json) X(erased) X(before) X(blobs) X(papers) X(out) X(held)

struct mark {
#define X(name) size_t name;
  BATCH_BUFS(X)
#undef X
};

static struct mark mark(const struct batch *b) {
  return (struct mark){
#define X(name) .name = b->name.n,
      BATCH_BUFS(X)
#undef X
  };
}

static bool failed(const struct batch *b) {
#define X(name) b->name.failed ||
  return BATCH_BUFS(X) false;
#undef X
}

static void back_to(struct batch *b, const struct mark *m) {
#define X(name)                                                                                    \
  b->name.n = m->name;                                                                             \
  b->name.failed = false;
  BATCH_BUFS(X)
#undef X
}

/* --- What a command brings --- */

static void put_details(struct batch *b, const struct outcome *o, const struct batch_extra *x) {
  struct store_details d = {
      .n = o->events[0].n,
      .subject = x->subject,
      .type = query_entry_type(o->events[0].type),
      .opening = x->opening,
      .json = {(const uint8_t *)(uintptr_t)b->details_json.n, x->details.n},
  };
  buf_put(&b->details_json, x->details.p, x->details.n);
  buf_put(&b->details, &d, sizeof d);
}

/* Room only: the bytes change hands when nothing can fail any more. */
static void reserve_blobs(struct batch *b) {
  buf_reserve(&b->blobs, 2 * sizeof(struct store_blob));
}

static void take_blobs(struct batch *b, const struct batch_extra *x) {
  for (int i = 0; i < 2; i++) {
    struct store_blob blob = {x->blob_hashes[i], buf_span(x->blobs[i])};
    buf_put(&b->blobs, &blob, sizeof blob);
    *x->blobs[i] = (struct buf){0};
  }
}

static void take_paper(struct batch *b, const struct outcome *o, const struct batch_extra *x) {
  struct store_paper paper = {o->events[0].n, x->paper_subject, x->paper_hash, buf_span(x->paper)};
  buf_put(&b->papers, &paper, sizeof paper);
  b->paper_bytes += paper.bytes.n;
  *x->paper = (struct buf){0};
}

static void put_erasure(struct batch *b, const struct id *subject, uint64_t before) {
  buf_put(&b->erased, subject, sizeof *subject);
  buf_put(&b->before, &before, sizeof before);
}

/* Whose details and papers go: those of the person, of their bookings, and of the orders about
 * them. What comes later in the same batch stays. */
static void put_erased(struct batch *b, const struct core *core, uint32_t person, uint64_t n) {
  put_erasure(b, &core->persons[person].id, n);
  for (uint32_t i = 0; i < core->head.n_bookings; i++)
    if (core->bookings[i].person == person)
      put_erasure(b, &core->bookings[i].id, n);
  for (uint32_t i = core->custody[person].visits; i; i = core->visits[i - 1].next)
    put_erasure(b, &core->visits[i - 1].id, n);
  for (uint32_t i = core->custody[person].orders; i; i = core->orders[i - 1].next)
    if (core->orders[i - 1].person == person)
      put_erasure(b, &core->orders[i - 1].id, n);
}

static void put_rows(struct batch *b, const struct core *core, const struct outcome *o) {
  for (uint32_t i = 0; i < o->n_events; i++) {
    struct store_passage row;
    const struct event *e = &o->events[i];
    if (query_passage(core, e, &row))
      buf_put(&b->passages, &row, sizeof row);
    if (e->type == EVENT_DETAILS_ERASED)
      put_erased(b, core, e->u.details_erased.person, e->n);
  }
}

/* --- What is held --- */

static void hold(struct batch *b, uint64_t conn, size_t at, usec until_mono, bool instead) {
  const struct held h = {conn, (uint32_t)at, (uint32_t)(b->out.n - at), until_mono, instead};
  buf_put(&b->held, &h, sizeof h);
}

static void hold_effects(struct batch *b, const struct core *core, const struct outcome *o,
                         usec mono) {
  for (uint32_t i = 0; i < o->n_effects; i++) {
    size_t at = b->out.n;
    usec until = TIME_ABSENT;
    if (o->effects[i].type == EFFECT_UNLOCK)
      until = mono + (usec)core->plan->rules.relock_margin_ms * USEC_PER_MS;
    answer_effect(&b->out, core, o, &o->effects[i], until);
    hold(b, 0, at, until, false);
    if (o->effects[i].type == EFFECT_UNLOCK) {
      at = b->out.n;
      answer_lock(&b->out, core, o->effects[i].door, o->events[0].n);
      hold(b, 0, at, until, true);
    }
  }
}

static void hold_answer(struct batch *b, const struct core *core, const struct outcome *o,
                        struct span head, uint64_t conn, uint64_t request) {
  size_t at = b->out.n;
  answer_decision(&b->out, request, core, o, head);
  hold(b, conn, at, TIME_ABSENT, false);
}

enum sp_err batch_command(struct batch *b, struct entry_writer *w, const struct core *core,
                          const struct slug *site, const struct command *c, const struct outcome *o,
                          const struct batch_extra *extra, uint64_t conn, uint64_t request,
                          usec mono, struct fault *why) {
  struct mark before = mark(b);
  enum sp_err err = entry_write(w, core, site, c, o, &b->entries, why);
  if (err)
    return err;
  put_rows(b, core, o);
  if (extra && extra->details.n)
    put_details(b, o, extra);
  if (extra && extra->blobs[0])
    reserve_blobs(b);
  if (extra && extra->paper)
    buf_reserve(&b->papers, sizeof(struct store_paper));
  hold_effects(b, core, o, mono);
  if (conn) {
    const uint8_t *head = b->entries.p + before.entries;
    hold_answer(b, core, o, span_of(head + 2, load_be16(head)), conn, request);
  }
  if (failed(b)) {
    back_to(b, &before);
    return fault_set(why, SP_NO_MEMORY, "out of memory: nothing was changed");
  }
  if (extra && extra->blobs[0])
    take_blobs(b, extra);
  if (extra && extra->paper)
    take_paper(b, o, extra);
  b->rows.n_entries += o->n_events;
  b->n_commands++;
  return SP_OK;
}

bool batch_hold_decision(struct batch *b, const struct core *core, const struct outcome *o,
                         uint64_t conn, uint64_t request) {
  struct mark before = mark(b);
  hold_answer(b, core, o, (struct span){0}, conn, request);
  if (!failed(b))
    return true;
  back_to(b, &before);
  return false;
}

void batch_seal(struct batch *b) {
  struct store_batch *r = &b->rows;
  struct store_details *details = (struct store_details *)(void *)b->details.p;
  r->n_details = count_of(&b->details, sizeof *details);
  for (uint32_t i = 0; i < r->n_details; i++)
    details[i].json.p = b->details_json.p + (uintptr_t)details[i].json.p;
  r->entries = buf_span(&b->entries);
  r->details = details;
  r->passages = (const struct store_passage *)(const void *)b->passages.p;
  r->n_passages = count_of(&b->passages, sizeof *r->passages);
  r->erased = (const struct id *)(const void *)b->erased.p;
  r->n_erased = count_of(&b->erased, sizeof *r->erased);
  r->erased_before = (const uint64_t *)(const void *)b->before.p;
  r->papers = (const struct store_paper *)(const void *)b->papers.p;
  r->n_papers = count_of(&b->papers, sizeof *r->papers);
  r->blobs = blobs_of(b);
  r->n_blobs = count_of(&b->blobs, sizeof *r->blobs);
}

uint32_t batch_held(const struct batch *b, const struct held **at) {
  *at = (const struct held *)(const void *)b->held.p;
  return count_of(&b->held, sizeof **at);
}
