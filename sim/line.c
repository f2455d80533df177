#include "sim/line.h"

#include "core/state.h"
#include "engine/json.h"
#include "sim/ask.h"
#include "sim/doors.h"
#include "sim/people.h"
#include "sim/watch.h"

#include <stdio.h>
#include <string.h>

enum { wires = 2, buffered_max = 64 };
enum what { ASK_SUBSCRIBE, ASK_CARD, ASK_DOOR, ASK_READER, ASK_LATE };
/* From what the line knows to what the reader does, at most; taken off the time that an unlock has.
 */
enum { bus_ms_max = 60 };

struct known_door { /* what the engine has been told */
  struct slug name;
  bool told_open, told_locked, polled;
  uint64_t done; /* entry of the last unlock or lock that was carried out; 1 = none yet */
};
struct known_reader {
  struct slug name;
  bool offline, told_offline;
};
/* What happened while the engine could not be reached: a card at a reader, or a sign of a door. */
struct kept {
  char name[slug_max + 1];
  const char *sign; /* NULL: a card */
  struct card card;
  usec wall;
};

struct wire {
  struct line *line;
  struct asks asks;
  uint32_t index, n_kept;
  struct kept kept[buffered_max];
};

struct line {
  struct world *w;
  struct rng rng;
  const struct plan *plan;
  uint32_t n_doors, n_readers;
  struct known_door *doors;
  struct known_reader *readers;
  struct wire wires[wires];
};

/* By its name, so that a door stays on its line whatever plan is in force. */
static struct wire *wire_of(struct line *l, uint32_t door) {
  unsigned sum = 0;
  for (const char *c = l->plan->doors[door].name.s; *c; c++)
    sum += (uint8_t)*c;
  return &l->wires[sum % wires];
}

/* --- Saying --- */

static uint64_t say(struct wire *x, const char *text, enum what what, uint32_t arg) {
  return asks_send(&x->asks, FRAME_REQUEST, span_str(text), what, arg);
}

static void say_door(struct line *l, uint32_t door, const char *sign) {
  char text[160];
  snprintf(
      text, sizeof text,
      "{\"command\":{\"after\":%llu,\"door\":\"%s\",\"sign\":\"%s\",\"type\":\"door.report\"}}",
      (unsigned long long)l->doors[door].done, l->plan->doors[door].name.s, sign);
  trace(l->w, "line: %s %s", l->plan->doors[door].name.s, sign);
  say(wire_of(l, door), text, ASK_DOOR, door);
  if (!l->w->calm && world_strikes(l->w, &l->rng, FAULT_DUPLICATE, 1, 30))
    say(wire_of(l, door), text, ASK_DOOR, door);
}

static void say_reader(struct line *l, uint32_t reader) {
  char text[160];
  struct known_reader *r = &l->readers[reader];
  r->told_offline = r->offline;
  snprintf(text, sizeof text,
           "{\"command\":{\"reader\":\"%s\",\"sign\":\"%s\",\"type\":\"reader.report\"}}",
           r->name.s, r->offline ? "offline" : "online");
  say(wire_of(l, l->plan->readers[reader].door), text, ASK_READER, reader);
}

/* Kept for later, the oldest lost when there are too many. */
static void keep(struct line *l, struct wire *x, const struct slug *name, const char *sign,
                 const struct card *card) {
  if (x->n_kept == buffered_max)
    memmove(x->kept, x->kept + 1, --x->n_kept * sizeof x->kept[0]);
  struct kept *k = &x->kept[x->n_kept++];
  *k = (struct kept){.sign = sign, .wall = world_wall(l->w)};
  memcpy(k->name, name->s, sizeof k->name);
  if (card)
    k->card = *card;
}

/* --- Contacts --- */

static void on_poll(void *ctx, uint64_t door_at) {
  struct line *l = ctx;
  uint32_t door = (uint32_t)door_at;
  if (door >= l->n_doors)
    return;
  struct known_door *k = &l->doors[door];
  const struct plan_door *p = &l->plan->doors[door];
  struct wire *x = wire_of(l, door);
  k->polled = false;
  if (!l->w->calm && world_strikes(l->w, &l->rng, FAULT_DROP, 1, 60)) {
    k->polled = true;
    queue_put(&l->w->queue, world_now(l->w) + rng_between(&l->rng, 200, 3000) * USEC_PER_MS,
              on_poll, l, door);
    return;
  }
  bool open = doors_is_open(l->w->doors, door);
  if (p->contact && !open && k->told_open)
    doors_lock(l->w->doors, door); /* before it is said that it closed */
  bool locked = doors_is_locked(l->w->doors, door);
  if (!link_is_up(x->asks.link)) {
    if (p->contact && open != k->told_open)
      keep(l, x, &p->name, open ? "opened" : "closed", NULL);
    k->told_open = open;
    return; /* what it is then is said when the engine is there again */
  }
  if (p->contact && open != k->told_open)
    say_door(l, door, open ? "opened" : "closed");
  k->told_open = open;
  if (p->tells_locked && locked && !k->told_locked)
    say_door(l, door, "locked");
  k->told_locked = locked;
}

void line_contact(struct line *l, uint32_t door) {
  struct known_door *k = &l->doors[door];
  if (k->polled)
    return;
  k->polled = true;
  queue_put(&l->w->queue, world_now(l->w) + rng_between(&l->rng, 5, bus_ms_max) * USEC_PER_MS,
            on_poll, l, door);
}

void line_rex(struct line *l, uint32_t door) {
  if (link_is_up(wire_of(l, door)->asks.link))
    say_door(l, door, "rex");
}

/* --- Cards --- */

void line_card(struct line *l, uint32_t reader, const struct card *card, const char *pin,
               enum biometric biometric, uint32_t who) {
  const struct plan_reader *r = &l->plan->readers[reader];
  struct wire *x = wire_of(l, r->door);
  struct card read = *card;
  char text[400], secret_pin[40] = "";
  if (l->readers[reader].offline)
    return; /* nothing lights up */
  if (!l->w->calm && world_strikes(l->w, &l->rng, FAULT_DROP, 1, 80))
    return;
  if (!l->w->calm && world_strikes(l->w, &l->rng, FAULT_GARBLE, 1, 60))
    read.digits[rng_below(&l->rng, (uint32_t)strlen(read.digits))] = '7';
  if (!link_is_up(x->asks.link)) {
    keep(l, x, &r->name, NULL, &read);
    return;
  }
  if (pin[0])
    snprintf(secret_pin, sizeof secret_pin, ",\"pin\":\"%s\"", pin);
  snprintf(text, sizeof text,
           "{\"command\":{\"biometric\":\"%s\",\"reader\":\"%s\",\"type\":\"pass\"},"
           "\"secret\":{\"card\":{\"format\":\"%s\",\"value\":\"%s\"}%s}}",
           biometric_names[biometric], r->name.s, read.format, read.digits, secret_pin);
  uint32_t times = !l->w->calm && world_strikes(l->w, &l->rng, FAULT_DUPLICATE, 1, 50) ? 2 : 1;
  for (uint32_t i = 0; i < times; i++)
    say(x, text, ASK_CARD, who);
}

/* --- When the engine is there again --- */

static void say_kept(struct wire *x) {
  for (uint32_t i = 0; i < x->n_kept; i++) {
    const struct kept *k = &x->kept[i];
    char text[500], at[time_text_len + 1] = {0};
    time_format(at, k->wall);
    if (k->sign)
      snprintf(text, sizeof text,
               "{\"command\":{\"door\":\"%s\",\"late\":true,\"occurred_at\":\"%s\","
               "\"sign\":\"%s\",\"type\":\"door.report\"}}",
               k->name, at, k->sign);
    else
      snprintf(text, sizeof text,
               "{\"command\":{\"biometric\":\"none\",\"late\":true,\"occurred_at\":\"%s\","
               "\"reader\":\"%s\",\"type\":\"pass\"},"
               "\"secret\":{\"card\":{\"format\":\"%s\",\"value\":\"%s\"}}}",
               at, k->name, k->card.format, k->card.digits);
    say(x, text, ASK_LATE, 0);
  }
  x->n_kept = 0;
}

static void say_all(struct line *l, struct wire *x) {
  for (uint32_t d = 0; d < l->n_doors; d++) {
    if (wire_of(l, d) != x)
      continue;
    struct known_door *k = &l->doors[d];
    const struct plan_door *p = &l->plan->doors[d];
    k->told_open = doors_is_open(l->w->doors, d);
    k->told_locked = doors_is_locked(l->w->doors, d);
    if (p->contact)
      say_door(l, d, k->told_open ? "opened" : "closed");
    if (p->tells_locked && k->told_locked)
      say_door(l, d, "locked");
  }
  for (uint32_t r = 0; r < l->n_readers; r++)
    if (wire_of(l, l->plan->readers[r].door) == x)
      say_reader(l, r);
}

static void on_up(void *ctx) {
  struct wire *x = ctx;
  struct line *l = x->line;
  trace(l->w, "line %u: connected", x->index);
  asks_send(&x->asks, FRAME_SUBSCRIBE, SPAN_LIT("{\"effects\":true}"), ASK_SUBSCRIBE, 0);
  say_kept(x);
  say_all(l, x);
}

/* What was sent and has not arrived will not: nothing stays released that the engine may not know.
 */
static void on_down(void *ctx) {
  struct wire *x = ctx;
  struct line *l = x->line;
  for (uint32_t d = 0; d < l->n_doors; d++)
    if (wire_of(l, d) == x)
      doors_lock(l->w->doors, d);
  asks_lost(&x->asks);
}

/* --- What the engine sends --- */

static void carry_out(struct line *l, struct wire *x, const char *text) {
  char effect[16], name[slug_max + 1], signal[16];
  uint32_t door = REF_ABSENT, reader = REF_ABSENT;
  reply_string(text, "effect", effect, sizeof effect);
  reply_string(text, "door", name, sizeof name);
  if (name[0] && !plan_find(l->plan, REF_DOOR, span_str(name), &door))
    return; /* of a plan that is no longer in force */
  reply_string(text, "reader", name, sizeof name);
  if (name[0] && !plan_find(l->plan, REF_READER, span_str(name), &reader))
    return;
  if (door != REF_ABSENT && wire_of(l, door) != x)
    return; /* the other line's */
  uint64_t n = reply_number(text, "n");
  bool unlock = strcmp(effect, "unlock") == 0;
  if (unlock && world_now(l->w) + bus_ms_max * USEC_PER_MS > (usec)reply_number(text, "before")) {
    trace(l->w, "line: unlock of %s comes too late", l->plan->doors[door].name.s);
    unlock = false;
    strcpy(effect, "lock");
  }
  if (unlock) {
    l->doors[door].done = n;
    l->doors[door].told_locked = false;
    uint32_t ms = (uint32_t)reply_number(text, "ms");
    doors_unlock(l->w->doors, door, ms, n);
    watch_unlocked(l->w->watch, door, ms, n);
  } else if (strcmp(effect, "lock") == 0) {
    if (n > l->doors[door].done)
      l->doors[door].done = n;
    l->doors[door].told_locked = false; /* so that it is said again, after this */
    doors_lock(l->w->doors, door);
    line_contact(l, door);
  } else if (strcmp(effect, "signal") == 0 && reader != REF_ABSENT &&
             wire_of(l, l->plan->readers[reader].door) == x) {
    reply_string(text, "signal", signal, sizeof signal);
    people_signal(l->w->people, reader, signal);
  }
}

static void on_frame(void *ctx, const struct frame *f, const char *text) {
  struct wire *x = ctx;
  struct line *l = x->line;
  struct ask ask;
  char error[24];
  if (f->kind == FRAME_EFFECT) {
    carry_out(l, x, text);
    return;
  }
  if (!asks_reply(&x->asks, f->id, &ask)) {
    watch_complain(l->w->watch, "line %u was answered what it had not asked: %s", x->index, text);
    return;
  }
  reply_string(text, "error", error, sizeof error);
  if (!error[0])
    return;
  /* Too much at once, or no longer known: what the contact says then is said again. */
  if (ask.what == ASK_DOOR && ask.arg < l->n_doors) {
    l->doors[ask.arg].told_open = !doors_is_open(l->w->doors, ask.arg);
    l->doors[ask.arg].told_locked = false;
    line_contact(l, ask.arg);
  }
}

/* --- Readers --- */

static void on_reader(void *ctx, uint64_t reader_at) {
  struct line *l = ctx;
  uint32_t reader = (uint32_t)reader_at;
  if (reader >= l->n_readers || !l->readers[reader].offline)
    return;
  l->readers[reader].offline = false;
  say_reader(l, reader);
}

/* Now and then a reader starts anew: it forgets its timer, and its bolt goes out. */
static void on_minute(void *ctx, uint64_t arg) {
  struct line *l = ctx;
  (void)arg;
  for (uint32_t r = 0; r < l->n_readers && !l->w->calm; r++)
    if (!l->readers[r].offline && world_strikes(l->w, &l->rng, FAULT_REBOOT, 1, 40)) {
      trace(l->w, "reader %s: starts anew", l->readers[r].name.s);
      l->readers[r].offline = true;
      say_reader(l, r);
      doors_lock(l->w->doors, l->plan->readers[r].door);
      queue_put(&l->w->queue, world_now(l->w) + rng_between(&l->rng, 2, 60) * USEC_PER_S, on_reader,
                l, r);
    }
  if (!l->w->calm)
    queue_put(&l->w->queue, world_now(l->w) + 60 * USEC_PER_S, on_minute, l, 0);
}

/* --- --- */

struct line *line_new(struct world *w) {
  struct line *l = sp_alloc(1, sizeof *l);
  SP_ASSERT(l);
  l->w = w;
  l->rng = rng_from(w->settings.seed, "line");
  static const char *const names[wires] = {"line 0", "line 1"};
  for (uint32_t i = 0; i < wires; i++) {
    struct wire *x = &l->wires[i];
    const struct link_ops ops = {x, on_up, on_down, on_frame};
    x->line = l;
    x->index = i;
    asks_init(&x->asks, w, host_link(w->host, names[i], &ops));
  }
  queue_put(&w->queue, 60 * USEC_PER_S, on_minute, l, 0);
  return l;
}

void line_free(struct line *l) {
  for (uint32_t i = 0; l && i < wires; i++)
    asks_free(&l->wires[i].asks);
  if (l) {
    sp_free(l->doors);
    sp_free(l->readers);
  }
  sp_free(l);
}

void line_replan(struct line *l, const struct plan *plan) {
  struct known_door *doors = sp_alloc(plan->n_doors + 1, sizeof *doors);
  struct known_reader *readers = sp_alloc(plan->n_readers + 1, sizeof *readers);
  SP_ASSERT(doors && readers);
  for (uint32_t i = 0; i < plan->n_doors; i++) {
    doors[i] = (struct known_door){.name = plan->doors[i].name, .told_locked = true, .done = 1};
    for (uint32_t k = 0; k < l->n_doors; k++)
      if (strcmp(l->doors[k].name.s, doors[i].name.s) == 0)
        doors[i] = l->doors[k];
    doors[i].polled = false;
  }
  for (uint32_t i = 0; i < plan->n_readers; i++) {
    readers[i].name = plan->readers[i].name;
    for (uint32_t k = 0; k < l->n_readers; k++)
      if (strcmp(l->readers[k].name.s, readers[i].name.s) == 0)
        readers[i] = l->readers[k];
    if (readers[i].offline) /* its event names another index now */
      queue_put(&l->w->queue, world_now(l->w) + 10 * USEC_PER_S, on_reader, l, i);
  }
  sp_free(l->doors);
  sp_free(l->readers);
  l->doors = doors;
  l->readers = readers;
  l->n_doors = plan->n_doors;
  l->n_readers = plan->n_readers;
  l->plan = plan;
  for (uint32_t i = 0; i < l->n_doors; i++)
    line_contact(l, i);
}

usec line_longest(const struct line *l) {
  usec longest = 0;
  for (uint32_t i = 0; i < wires; i++)
    if (l->wires[i].asks.longest > longest)
      longest = l->wires[i].asks.longest;
  return longest;
}
