#include "audit/passages.h"

#include "engine/query.h"

#include <string.h>

enum sp_err passages_init(struct passages *p, struct store *store, struct report *report,
                          struct fault *why) {
  *p = (struct passages){.store = store, .report = report};
  p->row = sp_alloc(passages_stretch, sizeof *p->row);
  return p->row ? SP_OK : fault_set(why, SP_NO_MEMORY, "out of memory for passages");
}

void passages_free(struct passages *p) {
  sp_free(p->row);
}

/* The store's rows of a stretch come newest first, and are held against ours from the end. */
struct comparing {
  struct passages *p;
  uint32_t left; /* ours that have not been met */
};

static void tell(struct passages *p, uint64_t n, const char *what) {
  p->differing++;
  report_add(p->report, SP_CORRUPT, "passage of entry %llu: %s; `rebuild` makes the table anew",
             (unsigned long long)n, what);
}

static const char *difference(const struct store_passage *a, const struct store_passage *b) {
  return a->at != b->at                                          ? "its row has another time"
         : memcmp(&a->person, &b->person, sizeof a->person) != 0 ? "its row has another person"
         : memcmp(&a->gate, &b->gate, sizeof a->gate) != 0       ? "its row has another gate"
         : memcmp(&a->door, &b->door, sizeof a->door) != 0       ? "its row has another door"
         : memcmp(&a->reader, &b->reader, sizeof a->reader) != 0 ? "its row has another reader"
         : a->outcome != b->outcome                              ? "its row has another outcome"
         : a->reason != b->reason                                ? "its row has another reason"
                                                                 : NULL;
}

static enum sp_err compare_row(void *ctx, const struct store_passage *row) {
  struct comparing *c = ctx;
  struct passages *p = c->p;
  while (c->left && p->row[c->left - 1].n > row->n)
    tell(p, p->row[--c->left].n, "its row is missing");
  if (!c->left || p->row[c->left - 1].n < row->n) {
    tell(p, row->n, "a row, and the entry gives none");
    return SP_OK;
  }
  const char *wrong = difference(row, &p->row[--c->left]);
  if (wrong)
    tell(p, row->n, wrong);
  return SP_OK;
}

static void end_stretch(struct passages *p, uint64_t until) {
  struct comparing c = {p, p->n};
  struct fault why = {0};
  const struct store_question all = {.since = TIME_ABSENT,
                                     .until = TIME_ABSENT,
                                     .from = p->first,
                                     .before = until,
                                     .limit = UINT32_MAX};
  enum sp_err err = store_passages(p->store, &all, compare_row, &c, &why);
  if (err) {
    p->differing++;
    report_fault(p->report, &why, "passages of entries %llu to %llu", (unsigned long long)p->first,
                 (unsigned long long)until - 1);
  } else {
    while (c.left)
      tell(p, p->row[--c.left].n, "its row is missing");
  }
  p->first = until;
  p->n = 0;
}

void passages_event(struct passages *p, const struct core *core, const struct event *e) {
  while (e->n >= p->first + passages_stretch)
    end_stretch(p, p->first + passages_stretch);
  if (query_passage(core, e, &p->row[p->n])) {
    p->n++;
    p->rows++;
  }
}

void passages_end(struct passages *p, uint64_t size) {
  if (p->first < size)
    end_stretch(p, size);
}
