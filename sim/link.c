#include "sim/link.h"

#include "engine/engine.h"
#include "sim/watch.h"

#include <string.h>

enum { links_max = 32, text_max = reply_bytes_max + 1 };

struct message {
  struct links *all;
  uint32_t link, generation;
  bool to_engine, ends; /* ends: the connection, after these bytes */
  struct buf bytes;
  struct message *next;
};

struct link {
  struct links *all;
  const char *name;
  struct link_ops ops;
  uint32_t index, generation;
  bool up, closed; /* closed: its process does not run */
  uint64_t conn;
  usec to_engine_at, to_client_at; /* when the last message on the way arrives */
  size_t unread;                   /* bytes on the way to the client */
  struct buf in;                   /* the client's: a frame in the making */
  usec deaf_until;
};

struct links {
  struct world *w;
  struct rng *rng;
  struct links_engine engine;
  bool stopped;
  struct link at[links_max];
  uint32_t n;
  struct message *messages; /* all that are on the way */
  char text[text_max];
};

/* --- Messages --- */

static struct message *message_new(const struct link *l, bool to_engine) {
  struct message *m = sp_alloc(1, sizeof *m);
  SP_ASSERT(m);
  *m = (struct message){l->all, l->index, l->generation, to_engine, false, {0}, l->all->messages};
  l->all->messages = m;
  return m;
}

static void message_free(struct message *m) {
  struct message **at = &m->all->messages;
  while (*at != m)
    at = &(*at)->next;
  *at = m->next;
  buf_free(&m->bytes);
  sp_free(m);
}

static void arrive(void *ctx, uint64_t arg);

static usec lag(struct links *all) {
  if (!all->w->calm && world_strikes(all->w, all->rng, FAULT_DELAY, 1, 150))
    return rng_between(all->rng, 1, 4000) * USEC_PER_MS;
  return rng_between(all->rng, 20, 300);
}

static void post(struct message *m) {
  struct links *all = m->all;
  struct link *l = &all->at[m->link];
  usec *last = m->to_engine ? &l->to_engine_at : &l->to_client_at;
  usec at = world_now(all->w) + lag(all);
  if (!m->to_engine && at < l->deaf_until)
    at = l->deaf_until;
  *last = at > *last ? at : *last;
  queue_put(&all->w->queue, *last, arrive, m, 0);
}

/* --- Up and down --- */

static void connect(void *ctx, uint64_t generation);

static void connect_later(struct link *l) {
  struct links *all = l->all;
  usec wait = rng_between(all->rng, 50, 900) * USEC_PER_MS;
  queue_put(&all->w->queue, world_now(all->w) + wait, connect, l, l->generation);
}

static void connect(void *ctx, uint64_t generation) {
  struct link *l = ctx;
  struct links *all = l->all;
  if (generation != l->generation || l->up || l->closed || all->stopped)
    return;
  if (!all->engine.connect(all->engine.ctx, &l->conn)) {
    connect_later(l);
    return;
  }
  l->up = true;
  l->generation++;
  l->unread = 0;
  l->to_engine_at = l->to_client_at = l->deaf_until = 0;
  l->ops.up(l->ops.ctx);
  all->engine.settle(all->engine.ctx);
}

static void goes_down(struct link *l) {
  if (!l->up)
    return;
  l->up = false;
  l->generation++;
  l->unread = 0;
  buf_reset(&l->in);
  l->ops.down(l->ops.ctx);
  connect_later(l);
}

/* The client is gone. */
static void cut(struct link *l) {
  trace(l->all->w, "%s: connection cut", l->name);
  l->all->engine.closed(l->all->engine.ctx, l->conn);
  goes_down(l);
}

/* --- What arrives --- */

static void client_frames(struct link *l) {
  struct links *all = l->all;
  uint32_t generation = l->generation;
  size_t at = 0;
  while (l->up && l->generation == generation && l->in.n - at >= frame_header_bytes) {
    struct frame f;
    struct fault why = {0};
    if (frame_read(&f, l->in.p + at, &why)) {
      watch_complain(all->w->watch, "%s was sent what is no frame: %s", l->name, why.text);
      return;
    }
    if (l->in.n - at - frame_header_bytes < f.length)
      break;
    memcpy(all->text, l->in.p + at + frame_header_bytes, f.length);
    all->text[f.length] = 0;
    at += frame_header_bytes + f.length;
    watch_frame(all->w->watch, l->name, &f, all->text);
    l->ops.frame(l->ops.ctx, &f, all->text);
  }
  if (l->up && l->generation == generation && at) {
    memmove(l->in.p, l->in.p + at, l->in.n - at);
    l->in.n -= at;
  }
}

/* In any pieces. */
static void engine_bytes(struct link *l, const struct message *m) {
  const struct links_engine *e = &l->all->engine;
  size_t first = m->bytes.n > 1 && rng_chance(l->all->rng, 1, 8)
                     ? rng_below(l->all->rng, (uint32_t)m->bytes.n)
                     : m->bytes.n;
  bool lives = e->bytes(e->ctx, l->conn, m->bytes.p, first);
  if (lives && first < m->bytes.n)
    lives = e->bytes(e->ctx, l->conn, m->bytes.p + first, m->bytes.n - first);
  if (lives && m->ends)
    cut(l);
}

static void client_bytes(struct link *l, const struct message *m) {
  l->unread -= m->bytes.n;
  buf_put(&l->in, m->bytes.p, m->bytes.n);
  client_frames(l);
  if (m->ends)
    goes_down(l);
}

static void arrive(void *ctx, uint64_t arg) {
  struct message *m = ctx;
  struct links *all = m->all;
  struct link *l = &all->at[m->link];
  (void)arg;
  if (l->up && l->generation == m->generation) {
    if (m->to_engine)
      engine_bytes(l, m);
    else
      client_bytes(l, m);
  }
  message_free(m);
  all->engine.settle(all->engine.ctx);
}

/* --- The engine's side --- */

static struct link *of_conn(const struct links *all, uint64_t conn) {
  for (uint32_t i = 0; i < all->n; i++)
    if (all->at[i].up && all->at[i].conn == conn)
      return (struct link *)(uintptr_t)&all->at[i];
  return NULL;
}

bool links_has(const struct links *all, uint64_t conn) {
  return of_conn(all, conn) != NULL;
}

size_t links_send(struct links *all, uint64_t conn, struct span bytes) {
  struct link *l = of_conn(all, conn);
  if (!l)
    return 0;
  struct message *m = message_new(l, false);
  buf_put(&m->bytes, bytes.p, bytes.n);
  l->unread += bytes.n;
  if (world_now(all->w) >= l->deaf_until && !all->w->calm &&
      world_strikes(all->w, all->rng, FAULT_DEAF, 1, 3000))
    l->deaf_until = world_now(all->w) + rng_between(all->rng, 1, 30) * USEC_PER_S;
  post(m);
  return l->unread;
}

void links_close(struct links *all, uint64_t conn, bool now) {
  struct link *l = of_conn(all, conn);
  if (!l)
    return;
  trace(all->w, "%s: closed by the engine%s", l->name, now ? " at once" : "");
  if (now) {
    goes_down(l);
  } else {
    struct message *m = message_new(l, false);
    m->ends = true;
    post(m);
  }
}

void links_down(struct links *all) {
  for (uint32_t i = 0; i < all->n; i++)
    goes_down(&all->at[i]);
}

void links_stop(struct links *all) {
  all->stopped = true;
}

struct links *links_new(struct world *w, struct rng *rng, const struct links_engine *engine) {
  struct links *all = sp_alloc(1, sizeof *all);
  SP_ASSERT(all);
  all->w = w;
  all->rng = rng;
  all->engine = *engine;
  return all;
}

void links_free(struct links *all) {
  while (all->messages)
    message_free(all->messages);
  for (uint32_t i = 0; i < all->n; i++)
    buf_free(&all->at[i].in);
  sp_free(all);
}

/* --- The client's side --- */

struct link *link_new(struct links *all, const char *name, const struct link_ops *ops) {
  SP_ASSERT(all->n < links_max);
  struct link *l = &all->at[all->n];
  *l = (struct link){.all = all, .name = name, .ops = *ops, .index = all->n++};
  queue_put(&all->w->queue, world_now(all->w), connect, l, 0);
  return l;
}

bool link_is_up(const struct link *l) {
  return l->up;
}

void link_close(struct link *l) {
  l->closed = true;
  l->generation++;
  if (!l->up)
    return;
  cut(l);
  l->all->engine.settle(l->all->engine.ctx);
}

void link_open(struct link *l) {
  l->closed = false;
  l->generation++;
  connect_later(l);
}

void link_send(struct link *l, enum frame_kind kind, uint64_t id, struct span payload) {
  struct links *all = l->all;
  if (!l->up)
    return;
  struct message *m = message_new(l, true);
  size_t at = frame_begin(&m->bytes, kind, id);
  buf_put(&m->bytes, payload.p, payload.n);
  frame_end(&m->bytes, at);
  if (!all->w->calm && world_strikes(all->w, all->rng, FAULT_CUT, 1, 300)) {
    m->ends = true;
    m->bytes.n = rng_below(all->rng, (uint32_t)m->bytes.n);
  }
  post(m);
}
