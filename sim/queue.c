#include "sim/queue.h"

#include "base/bytes.h"

void queue_free(struct queue *q) {
  sp_free(q->at);
  *q = (struct queue){0};
}

static bool before(const struct queued *a, const struct queued *b) {
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct queued *a, struct queued *b) {
  struct queued c = *a;
  *a = *b;
  *b = c;
}

void queue_put(struct queue *q, usec at, queue_fn *fn, void *ctx, uint64_t arg) {
  if (q->n == q->cap) {
    q->cap = q->cap ? 2 * q->cap : 256;
    q->at = sp_realloc(q->at, q->cap * sizeof *q->at);
    SP_ASSERT(q->at);
  }
  size_t i = q->n++;
  q->at[i] = (struct queued){at > q->now ? at : q->now, q->order++, fn, ctx, arg};
  for (; i && before(&q->at[i], &q->at[(i - 1) / 2]); i = (i - 1) / 2)
    swap(&q->at[i], &q->at[(i - 1) / 2]);
}

static struct queued take(struct queue *q) {
  struct queued first = q->at[0];
  q->at[0] = q->at[--q->n];
  for (size_t i = 0, c; (c = 2 * i + 1) < q->n; i = c) {
    if (c + 1 < q->n && before(&q->at[c + 1], &q->at[c]))
      c++;
    if (before(&q->at[i], &q->at[c]))
      break;
    swap(&q->at[i], &q->at[c]);
  }
  return first;
}

bool queue_run(struct queue *q, usec until) {
  if (!q->n || q->at[0].at > until) {
    q->now = until;
    return false;
  }
  struct queued e = take(q);
  q->now = e.at;
  e.fn(e.ctx, e.arg);
  return true;
}
