#include "sim/people.h"

#include "sim/doors.h"
#include "sim/readers.h"

#include <stdio.h>
#include <string.h>

struct people {
  struct world *w;
  struct rng rng;
  const struct plan *plan;
  uint32_t n, next_card, n_actors;
  bool kept_clear;
  struct human *at;  /* n, and behind them the actors */
  struct card found; /* a lost card that somebody may pick up; "" = none */
};

static usec seconds(struct rng *r, int64_t from, int64_t to) {
  return rng_between(r, from * 1000, to * 1000) * USEC_PER_MS;
}

static void on_wake(void *ctx, uint64_t who);

/* Only the last one asked for counts. */
static void wake(struct people *p, struct human *h, usec wait) {
  h->wakes_at = world_now(p->w) + wait;
  queue_put(&p->w->queue, h->wakes_at, on_wake, p, h->at);
}

/* --- Doors --- */

static uint32_t other_side(const struct plan *plan, uint32_t door, uint32_t area) {
  const struct plan_door *d = &plan->doors[door];
  return d->from == area ? d->to : d->from;
}

static bool stands_at(const struct plan *plan, uint32_t door, uint32_t area) {
  const struct plan_door *d = &plan->doors[door];
  return d->from == area || d->to == area;
}

static void queue_up(struct people *p, uint32_t door);

static void on_close(void *ctx, uint64_t door) {
  struct people *p = ctx;
  if (door >= p->plan->n_doors)
    return;
  doors_close(p->w->doors, (uint32_t)door);
  queue_up(p, (uint32_t)door);
}

/* Goes through a door that is open, and shuts it, sooner or later. */
static void walk(struct people *p, struct human *h, uint32_t door) {
  struct rng *r = &h->rng;
  h->area = other_side(p->plan, door, h->area);
  trace(p->w, "human %u: through %s into %s", h->at, p->plan->doors[door].name.s,
        p->plan->areas[h->area].name.s);
  usec held = !p->w->calm && rng_chance(r, 1, 25) ? seconds(r, 20, 120) : seconds(r, 1, 4);
  queue_put(&p->w->queue, world_now(p->w) + held, on_close, p, door);
}

static void on_push(void *ctx, uint64_t arg) {
  struct people *p = ctx;
  struct human *h = &p->at[arg >> 32];
  uint32_t door = (uint32_t)arg;
  if (door < p->plan->n_doors && stands_at(p->plan, door, h->area) &&
      doors_open(p->w->doors, door, false, false))
    walk(p, h, door);
  wake(p, h, seconds(&h->rng, 2, 40));
}

static void push_soon(struct people *p, struct human *h, uint32_t door, usec wait) {
  queue_put(&p->w->queue, world_now(p->w) + wait, on_push, p, (uint64_t)h->at << 32 | door);
}

/* --- Cards --- */

enum { any_length = 40 }; /* bits of a card whose format has no length of its own */

void people_new_card(struct people *p, struct human *h) {
  uint32_t f = rng_below(&h->rng, p->plan->n_formats);
  uint16_t bits = p->plan->n_formats ? p->plan->formats[f].bits : 0;
  uint32_t number = 1 + p->next_card++, width = bits ? card_format_width(p->plan, f) : 0;
  struct card_number value = {{0}};
  struct fault why = {0};
  if (width && width < 31)
    number %= (1u << width) - 1;
  snprintf(h->card.format, sizeof h->card.format, "%s",
           p->plan->n_formats ? p->plan->formats[f].name.s : "none");
  snprintf(h->card.digits, sizeof h->card.digits, "%x", number + 1);
  value.w[0] = number + 1;
  enum sp_err err = p->plan->n_formats
                        ? card_format_write(p->plan, f, &value, any_length, &h->card.bits, &why)
                        : SP_OK;
  SP_ASSERT(!err);
}

static void on_type(void *ctx, uint64_t arg) {
  struct people *p = ctx;
  struct human *h = &p->at[arg >> 32];
  if (h->reader == (uint32_t)arg && h->typed[0])
    readers_pin(p->w->readers, h->reader, h->typed);
  h->typed[0] = 0;
}

static void type_soon(struct people *p, const struct human *h, usec wait) {
  queue_put(&p->w->queue, world_now(p->w) + wait, on_type, p, (uint64_t)h->at << 32 | h->reader);
}

static void on_hold(void *ctx, uint64_t arg) {
  struct people *p = ctx;
  struct human *h = &p->at[arg >> 32];
  if (h->reader == (uint32_t)arg && h->has_card)
    readers_card(p->w->readers, h->reader, &h->card);
}

/* The PIN after the card, or before it; where the reader does not always ask for one, when it does.
 */
static void badge(struct people *p, struct human *h, uint32_t reader) {
  struct rng *r = &h->rng;
  const struct plan_reader *at = &p->plan->readers[reader];
  h->typed[0] = 0;
  bool asks = at->factors & FACTOR_BIT_PIN || rng_chance(r, 1, 6);
  if (asks && rng_chance(r, 1, 8))
    snprintf(h->typed, sizeof h->typed, "%04u", rng_below(r, 10000));
  else if (asks && !rng_chance(r, 1, 12))
    memcpy(h->typed, rng_chance(r, 1, 40) ? h->duress : h->pin, sizeof h->typed);
  h->reader = reader;
  trace(p->w, "human %u: holds a card to %s%s", h->at, at->name.s,
        h->typed[0] ? ", and knows a PIN" : "");
  uint64_t arg = (uint64_t)h->at << 32 | reader;
  bool pin_first = h->typed[0] && rng_chance(r, 1, 6);
  if (pin_first)
    on_type(p, arg);
  if (!pin_first && at->factors & FACTOR_BIT_PIN)
    type_soon(p, h, seconds(r, 1, 4));
  queue_put(&p->w->queue,
            world_now(p->w) + (pin_first ? rng_between(r, 500, 2000) * USEC_PER_MS : 0), on_hold, p,
            arg);
  wake(p, h, seconds(r, 3, 25));
}

/* A reader from which a door leads out of this area; REF_ABSENT when there is none. */
static uint32_t reader_from(struct people *p, struct rng *r, uint32_t area) {
  const struct plan *plan = p->plan;
  uint32_t start = rng_below(r, plan->n_readers);
  for (uint32_t i = 0; i < plan->n_readers; i++) {
    uint32_t at = (start + i) % plan->n_readers;
    const struct plan_reader *rd = &plan->readers[at];
    const struct plan_door *d = &plan->doors[rd->door];
    if ((rd->direction == DIRECTION_IN ? d->from : d->to) == area)
      return at;
  }
  return REF_ABSENT;
}

/* Somebody idle in this area, but for `h`. */
static struct human *another_in(struct people *p, const struct human *h, uint32_t area) {
  for (uint32_t i = 1; i < p->n; i++) {
    struct human *o = &p->at[(h->at + i) % p->n];
    if (o->area == area && o->reader == REF_ABSENT && o->has_card)
      return o;
  }
  return NULL;
}

/* At the same instant, at the other door of a sally port. */
static void badge_against(struct people *p, const struct human *h, uint32_t reader) {
  const struct plan_gate *g = &p->plan->gates[p->plan->doors[p->plan->readers[reader].door].gate];
  for (uint32_t i = 0; i < p->plan->n_readers && g->doors[1] != NONE16; i++) {
    const struct plan_reader *r = &p->plan->readers[i];
    const struct plan_door *d = &p->plan->doors[r->door];
    if (r->door == p->plan->readers[reader].door || p->plan->doors[r->door].gate != d->gate ||
        (r->door != g->doors[0] && r->door != g->doors[1]))
      continue;
    struct human *o = another_in(p, h, r->direction == DIRECTION_IN ? d->from : d->to);
    if (o) {
      badge(p, o, i);
      return;
    }
  }
}

/* There was a queue: the next one holds the card up as soon as the door falls shut. */
static void on_queue(void *ctx, uint64_t door);

static void queue_up(struct people *p, uint32_t door) {
  if (!p->kept_clear && rng_chance(&p->rng, 1, 2))
    queue_put(&p->w->queue, world_now(p->w) + rng_between(&p->rng, 0, 200) * USEC_PER_MS, on_queue,
              p, door);
}

static void on_queue(void *ctx, uint64_t door) {
  struct people *p = ctx;
  uint32_t first = rng_below(&p->rng, p->plan->n_readers);
  for (uint32_t i = 0; i < p->plan->n_readers && !p->kept_clear; i++) {
    uint32_t reader = (first + i) % p->plan->n_readers;
    const struct plan_reader *r = &p->plan->readers[reader];
    const struct plan_door *d = &p->plan->doors[r->door];
    if (r->door != door)
      continue;
    struct human *h = another_in(p, &p->at[0], r->direction == DIRECTION_IN ? d->from : d->to);
    if (h)
      badge(p, h, reader);
    return;
  }
}

void people_signal(struct people *p, uint32_t reader, const char *signal) {
  struct human *h = NULL;
  for (uint32_t i = 0; i < p->n && !h; i++) /* what actors do next, a scenario says */
    if (p->at[i].reader == reader)
      h = &p->at[i];
  if (!h)
    return;
  uint32_t door = p->plan->readers[reader].door;
  if (strcmp(signal, "waiting") == 0) {
    struct human *o = p->kept_clear ? NULL : another_in(p, h, h->area);
    if (o && rng_chance(&h->rng, 2, 3))
      badge(p, o, reader);
    return;
  }
  if (strcmp(signal, "pin") == 0) {
    type_soon(p, h, seconds(&h->rng, 1, 5));
    return;
  }
  h->reader = REF_ABSENT;
  if (strcmp(signal, "granted") != 0 || rng_chance(&h->rng, 1, 15))
    return; /* walks on; wakes by itself */
  push_soon(p, h, door, seconds(&h->rng, 0, 2));
}

/* --- What they do --- */

static void mischief(struct people *p, struct human *h, uint32_t door) {
  struct rng *r = &h->rng;
  const struct plan_door *d = &p->plan->doors[door];
  switch (rng_below(r, 5)) {
  case 0:
    if (rng_chance(r, 1, 4) && doors_open(p->w->doors, door, false, true))
      walk(p, h, door);
    break;
  case 1:
    if (h->has_card && rng_chance(r, 1, 3)) {
      trace(p->w, "human %u: loses the card", h->at);
      p->found = h->card;
      h->has_card = false;
    }
    break;
  case 2:
    if (!h->has_card && p->found.digits[0]) {
      trace(p->w, "human %u: picks up a card", h->at);
      h->card = p->found;
      h->has_card = true;
      p->found.digits[0] = 0;
    }
    break;
  default:
    if (d->rex != REX_NONE)
      readers_rex(p->w->readers, door);
    if (d->rex == REX_UNLOCK)
      push_soon(p, h, door, seconds(r, 0, 2));
    else if (d->rex == REX_RECORD || d->egress == EGRESS_FREE) {
      if (doors_open(p->w->doors, door, true, false))
        walk(p, h, door);
    }
  }
}

static void on_wake(void *ctx, uint64_t who) {
  struct people *p = ctx;
  struct human *h = &p->at[who];
  struct rng *r = &h->rng;
  if (world_now(p->w) < h->wakes_at)
    return;
  if (p->kept_clear) {
    wake(p, h, seconds(r, 1, 10));
    return;
  }
  h->wakes_at = INT64_MAX;
  h->reader = REF_ABSENT;
  uint32_t reader = p->plan && p->plan->n_readers ? reader_from(p, r, h->area) : REF_ABSENT;
  if (reader == REF_ABSENT) {
    wake(p, h, seconds(r, 10, 120));
    return;
  }
  uint32_t door = p->plan->readers[reader].door;
  if (doors_is_open(p->w->doors, door) && rng_chance(r, 1, 3)) {
    walk(p, h, door); /* behind another */
  } else if (!p->w->calm && rng_chance(r, 1, 12)) {
    mischief(p, h, door);
  } else if (h->has_card) {
    badge(p, h, reader);
    if (rng_chance(r, 1, 4))
      badge_against(p, h, reader);
    return;
  }
  wake(p, h, seconds(r, 5, 90));
}

/* --- --- */

struct people *people_new(struct world *w, uint32_t n) {
  static const uint8_t kinds[] = {PERSON_STAFF,      PERSON_STAFF,     PERSON_OFFICER,
                                  PERSON_OFFICER,    PERSON_VISITOR,   PERSON_COUNSEL,
                                  PERSON_CONTRACTOR, PERSON_INSPECTOR, PERSON_DETAINEE};
  struct people *p = sp_alloc(1, sizeof *p);
  SP_ASSERT(p);
  p->at = sp_alloc(n + actors_max, sizeof *p->at);
  SP_ASSERT(p->at);
  p->w = w;
  p->rng = rng_from(w->settings.seed, "people");
  p->n = n;
  p->next_card = 1000;
  for (uint32_t i = 0; i < n; i++) {
    char stream[24];
    struct human *h = &p->at[i];
    snprintf(stream, sizeof stream, "human %u", i);
    *h = (struct human){.at = i,
                        .area = area_outside,
                        .person = REF_ABSENT,
                        .reader = REF_ABSENT,
                        .rng = rng_from(w->settings.seed, stream)};
    h->kind = kinds[rng_below(&h->rng, sizeof kinds)];
    if (i % 5 == 1) /* of them there are always some */
      h->kind = PERSON_DETAINEE;
    snprintf(h->pin, sizeof h->pin, "%04u", rng_below(&h->rng, 10000));
    snprintf(h->duress, sizeof h->duress, "9%04u", rng_below(&h->rng, 10000));
    wake(p, h, seconds(&h->rng, 5, 120));
  }
  return p;
}

void people_free(struct people *p) {
  if (p)
    sp_free(p->at);
  sp_free(p);
}

/* Areas keep their people; those of an area that is gone stand outside. */
void people_replan(struct people *p, const struct plan *was, const struct plan *plan) {
  for (uint32_t i = 0; i < p->n; i++) {
    struct human *h = &p->at[i];
    uint32_t area = area_outside;
    if (was && !plan_find(plan, REF_AREA, span_str(was->areas[h->area].name.s), &area))
      area = area_outside;
    h->area = area;
    h->reader = REF_ABSENT;
    if (was)
      wake(p, h, seconds(&h->rng, 1, 30));
  }
  p->plan = plan;
  for (uint32_t d = 0; d < plan->n_doors; d++)
    if (doors_is_open(p->w->doors, d))
      queue_put(&p->w->queue, world_now(p->w) + 3 * USEC_PER_S, on_close, p, d);
}

uint32_t people_count(const struct people *p) {
  return p->n;
}

struct human *people_at(struct people *p, uint32_t i) {
  return &p->at[i];
}

struct human *people_actor(struct people *p) {
  char stream[24];
  SP_ASSERT(p->n_actors < actors_max);
  struct human *h = &p->at[p->n + p->n_actors];
  snprintf(stream, sizeof stream, "actor %u", p->n_actors++);
  *h = (struct human){.at = (uint32_t)(h - p->at),
                      .area = area_outside,
                      .person = REF_ABSENT,
                      .reader = REF_ABSENT,
                      .wakes_at = INT64_MAX,
                      .rng = rng_from(p->w->settings.seed, stream)};
  return h;
}

void people_show(struct people *p, struct human *h, uint32_t reader) {
  trace(p->w, "human %u: holds a card to %s", h->at, p->plan->readers[reader].name.s);
  readers_card(p->w->readers, reader, &h->card);
}

void people_bring(struct people *p, struct human *h) {
  uint32_t reader =
      p->plan && p->plan->n_readers ? reader_from(p, &h->rng, h->area) : (uint32_t)REF_ABSENT;
  if (p->kept_clear || h->area != area_outside || !h->has_card || h->reader != REF_ABSENT ||
      reader == REF_ABSENT)
    return;
  trace(p->w, "human %u: is brought", h->at);
  badge(p, h, reader);
}

void people_keep_clear(struct people *p, bool clear) {
  p->kept_clear = clear;
}
