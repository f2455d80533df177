#include "sim/lines.h"

#include "line/line_plan.h"
#include "sim/ask.h"
#include "sim/readers.h"
#include "sim/watch.h"

#include <stdio.h>
#include <string.h>

enum {
  processes_max = 16,
  farewell_ms = 300, /* in which one that ends locks its doors (line_run.c) */
  keeper_ms = 1000,  /* within which the keeper notices another plan (line_keep.c) */
  text_max = 1024,
};

struct process {
  struct lines *all;
  struct slug name;
  char stream[slug_max + 8];
  const struct plan *plan; /* the newest that has it */
  uint32_t index;
  bool wanted;                /* the plan in force has it */
  struct line *line;          /* NULL: it does not run */
  const struct plan *runs_by; /* which may be the one before */
  struct buf text;            /* what a line needs of it */
  bool ending;
  uint32_t life;
  usec begun, up_since, tick_at;
  struct link *link;
  struct asks asks;
  struct bus *bus;
};

struct lines {
  struct world *w;
  struct rng rng;
  const struct plan *plan;
  uint32_t n;
  struct process at[processes_max];
};

static void settle(struct process *x);

/* --- What the line asks for --- */

static usec on_mono(void *ctx) {
  return world_now(((struct process *)ctx)->all->w);
}
static usec on_wall(void *ctx) {
  return world_wall(((struct process *)ctx)->all->w);
}
static void on_random(void *ctx, void *out, size_t n) {
  struct process *x = ctx;
  for (uint8_t *p = out; n; p++, n--)
    *p = (uint8_t)rng_next(&x->all->rng);
}
static void on_say(void *ctx, const char *text) {
  const struct process *x = ctx;
  trace(x->all->w, "line %s: %s", x->name.s, text);
}
static bool on_key_read(void *ctx, const char *reader, struct line_key *key) {
  return readers_key(((struct process *)ctx)->all->w->readers, reader, key);
}
static bool on_key_keep(void *ctx, const char *reader, const struct line_key *key) {
  readers_keep_key(((struct process *)ctx)->all->w->readers, reader, key);
  return true;
}

static void on_frame_out(struct process *x, const struct frame *f, struct span payload) {
  struct lines *all = x->all;
  char text[text_max];
  SP_ASSERT(payload.n < sizeof text);
  memcpy(text, payload.p, payload.n);
  text[payload.n] = 0;
  trace(all->w, "line %s -> %s", x->name.s, text);
  readers_said(all->w->readers, f->id, text, x->runs_by);
  uint32_t times = !all->w->calm && f->kind == FRAME_REQUEST &&
                           world_strikes(all->w, &all->rng, FAULT_DUPLICATE, 1, 40)
                       ? 2
                       : 1;
  for (uint32_t i = 0; i < times; i++)
    asks_send_as(&x->asks, f->kind, f->id, payload, 0, 0);
}

static void to_engine(void *ctx, struct span frames) {
  struct process *x = ctx;
  while (frames.n) {
    struct frame f;
    bool whole = frames.n >= frame_header_bytes && frame_read(&f, frames.p, NULL) == SP_OK &&
                 f.length <= frames.n - frame_header_bytes;
    SP_ASSERT(whole);
    on_frame_out(x, &f, span_of(frames.p + frame_header_bytes, f.length));
    frames =
        span_of(frames.p + frame_header_bytes + f.length, frames.n - frame_header_bytes - f.length);
  }
}

/* --- The connection --- */

static void on_up(void *ctx) {
  struct process *x = ctx;
  if (!x->line)
    return;
  x->up_since = world_now(x->all->w);
  line_engine(x->line, true);
  settle(x);
}

static void on_down(void *ctx) {
  struct process *x = ctx;
  x->up_since = TIME_ABSENT;
  asks_lost(&x->asks);
  readers_untold(x->all->w->readers, x->bus);
  if (!x->line)
    return;
  line_engine(x->line, false);
  settle(x);
}

static void on_frame(void *ctx, const struct frame *f, const char *text) {
  struct process *x = ctx;
  struct world *w = x->all->w;
  struct ask ask;
  if (f->kind == FRAME_REPLY) {
    if (!asks_reply(&x->asks, f->id, &ask))
      watch_complain(w->watch, "line %s was answered what it had not asked: %s", x->name.s, text);
    readers_answered(w->readers, x->bus, f->id, text);
  } else if (f->kind == FRAME_EFFECT) {
    readers_effect(w->readers, x->bus, text);
  }
  if (!x->line)
    return;
  line_frame(x->line, f, span_of(text, f->length));
  settle(x);
}

/* --- The bus and time --- */

static void on_tick(void *ctx, uint64_t life) {
  struct process *x = ctx;
  if (x->line && x->life == life && world_now(x->all->w) >= x->tick_at)
    settle(x);
}

/* As line_run.c does, on a clock of milliseconds. */
static void settle(struct process *x) {
  struct queue *q = &x->all->w->queue;
  line_tick(x->line);
  for (struct span out; (out = line_output(x->line)).n;)
    bus_say(x->bus, bus_panel, out, 0);
  usec due = line_due(x->line);
  if (due == TIME_ABSENT)
    return;
  usec wait = due > q->now ? (due - q->now + 999) / 1000 * USEC_PER_MS : USEC_PER_MS;
  if (x->tick_at > q->now && x->tick_at <= q->now + wait)
    return; /* it is looked at before that anyway */
  x->tick_at = q->now + wait;
  queue_put(q, x->tick_at, on_tick, x, x->life);
}

static void on_heard(void *ctx, struct span bytes) {
  struct process *x = ctx;
  if (!x->line)
    return;
  line_bytes(x->line, bytes);
  settle(x);
}

/* --- Beginning and end --- */

static bool has_key(void *ctx, const char *reader) {
  struct process *x = ctx;
  struct line_key key = {0};
  return readers_key(x->all->w->readers, reader, &key) && key.has;
}

static void start(void *ctx, uint64_t life) {
  struct process *x = ctx;
  struct world *w = x->all->w;
  struct fault why = {0};
  const struct line_io io = {x,         on_mono, on_wall,     on_random,
                             to_engine, on_say,  on_key_read, on_key_keep};
  if (x->life != life || x->line || !x->wanted)
    return;
  trace(w, "line %s: begins", x->name.s);
  buf_reset(&x->text);
  line_plan_text(x->plan, x->index, has_key, x, &x->text);
  const struct plan_line *p = &x->plan->lines[x->index];
  bus_speed(x->bus, p->kind == LINE_SERIAL ? p->baud : 9600);
  enum sp_err err = line_new(&x->line, x->plan, x->index, &io, &why);
  SP_ASSERT(!err);
  x->runs_by = x->plan;
  x->ending = false;
  x->begun = world_now(w);
  line_port(x->line, true);
  link_open(x->link);
  settle(x);
}

static void start_in(struct process *x, usec wait) {
  queue_put(&x->all->w->queue, world_now(x->all->w) + wait, start, x, x->life);
}

/* Nothing of it is left; whoever drove a strike by its word lets go by their own timers. */
static void end_now(struct process *x) {
  struct line *line = x->line;
  x->line = NULL;
  x->life++;
  x->tick_at = 0;
  line_free(line);
  link_close(x->link);
}

static void on_farewell(void *ctx, uint64_t life) {
  struct process *x = ctx;
  if (x->life != life || !x->line)
    return;
  end_now(x);
  start_in(x, rng_between(&x->all->rng, 0, keeper_ms) * USEC_PER_MS);
}

/* The keeper has noticed that the plan is another one. */
static void on_notice(void *ctx, uint64_t arg) {
  struct process *x = ctx;
  struct buf text = {0};
  (void)arg;
  if (x->wanted)
    line_plan_text(x->plan, x->index, has_key, x, &text);
  if (!x->line) {
    start_in(x, 0);
  } else if (!x->ending && !span_eq(buf_span(&text), buf_span(&x->text))) {
    trace(x->all->w, "line %s: the plan %s", x->name.s,
          x->wanted ? "has changed it" : "has it no longer");
    x->ending = true;
    link_close(x->link);
    queue_put(&x->all->w->queue, world_now(x->all->w) + farewell_ms * USEC_PER_MS, on_farewell, x,
              x->life);
  }
  buf_free(&text);
}

static void on_second(void *ctx, uint64_t arg) {
  struct lines *all = ctx;
  struct world *w = all->w;
  (void)arg;
  readers_second(w->readers);
  for (uint32_t i = 0; i < all->n; i++) {
    struct process *x = &all->at[i];
    bus_second(x->bus);
    if (x->line && !w->calm && world_strikes(w, &all->rng, FAULT_LINE_KILL, 1, 240)) {
      trace(w, "FAULT line-kill: %s", x->name.s);
      end_now(x);
      start_in(x, rng_between(&all->rng, 1, 30) * USEC_PER_S);
    }
    bool runs = x->line && !x->ending && x->up_since != TIME_ABSENT;
    usec since = runs && x->up_since > x->begun ? x->up_since : x->begun;
    readers_check(w->readers, x->bus, runs ? since : TIME_ABSENT);
  }
  queue_put(&w->queue, world_now(w) + USEC_PER_S, on_second, all, 0);
}

/* --- --- */

struct lines *lines_new(struct world *w) {
  struct lines *all = sp_alloc(1, sizeof *all);
  SP_ASSERT(all);
  all->w = w;
  all->rng = rng_from(w->settings.seed, "lines");
  queue_put(&w->queue, USEC_PER_S, on_second, all, 0);
  return all;
}

void lines_free(struct lines *all) {
  for (uint32_t i = 0; all && i < all->n; i++) {
    struct process *x = &all->at[i];
    line_free(x->line);
    asks_free(&x->asks);
    bus_free(x->bus);
    buf_free(&x->text);
  }
  sp_free(all);
}

static struct process *find(const struct lines *all, const struct slug *name) {
  for (uint32_t i = 0; i < all->n; i++)
    if (strcmp(all->at[i].name.s, name->s) == 0)
      return (struct process *)(uintptr_t)&all->at[i];
  return NULL;
}

static struct process *add(struct lines *all, const struct slug *name) {
  SP_ASSERT(all->n < processes_max);
  struct process *x = &all->at[all->n++];
  *x = (struct process){.all = all, .name = *name, .up_since = TIME_ABSENT};
  snprintf(x->stream, sizeof x->stream, "line %s", name->s);
  const struct bus_ops bus = {x, on_heard, readers_hear};
  x->bus = bus_new(all->w, x->stream, &bus);
  const struct link_ops ops = {x, on_up, on_down, on_frame};
  asks_init(&x->asks, all->w, host_link(all->w->host, x->stream, &ops));
  x->link = x->asks.link;
  link_close(x->link);
  return x;
}

void lines_replan(struct lines *all, const struct plan *plan) {
  for (uint32_t i = 0; i < all->n; i++)
    all->at[i].wanted = false;
  for (uint32_t i = 0; i < plan->n_lines; i++) {
    struct process *x = find(all, &plan->lines[i].name);
    x = x ? x : add(all, &plan->lines[i].name);
    x->wanted = true;
    x->plan = plan; /* one that runs on by the plan of before sees no difference */
    x->index = i;
  }
  all->plan = plan;
  for (uint32_t i = 0; i < all->n; i++)
    queue_put(&all->w->queue,
              world_now(all->w) + rng_between(&all->rng, 0, keeper_ms) * USEC_PER_MS, on_notice,
              &all->at[i], 0);
}

struct bus *lines_bus(const struct lines *all, const struct slug *line) {
  const struct process *x = find(all, line);
  return x ? x->bus : NULL;
}

usec lines_longest(const struct lines *all) {
  usec longest = 0;
  for (uint32_t i = 0; i < all->n; i++)
    if (all->at[i].asks.longest > longest)
      longest = all->at[i].asks.longest;
  return longest;
}
