#include "sim/run.h"

#include "sim/canary.h"
#include "sim/desk.h"
#include "sim/doors.h"
#include "sim/lines.h"
#include "sim/people.h"
#include "sim/plans.h"
#include "sim/readers.h"
#include "sim/scenario_day.h"

#include <stdio.h>
#include <string.h>

#define X(NAME, name, doc) name,
const char *const fault_names[FAULT_COUNT + 1] = {FAULT_LIST(X) NULL};
#undef X
#define X(NAME, name, doc) doc,
const char *const fault_docs[FAULT_COUNT] = {FAULT_LIST(X)};
#undef X

#define FIRST_DAY (INT64_C(1795000000) * USEC_PER_S)
/* After the last fault: until everyone is answered, every door shut, every passage over. */
#define CALM   (100 * USEC_PER_S)
#define LINGER (40 * USEC_PER_S) /* a deaf client hears again after 30 s */

bool world_strikes(struct world *w, struct rng *r, enum fault_kind kind, uint32_t n, uint32_t of) {
  if (!(w->settings.faults & 1u << kind) || !rng_chance(r, n, of))
    return false;
  w->struck[kind]++;
  return true;
}

void world_struck(struct world *w, enum fault_kind kind, const char *what) {
  w->struck[kind]++;
  trace(w, "FAULT %s: %s", fault_names[kind], what);
}

struct settings settings_of(uint64_t seed) {
  struct rng r = rng_from(seed, "settings");
  struct settings s = {.seed = seed};
  s.people = (uint32_t)rng_between(&r, 2, rng_chance(&r, 1, 4) ? 40 : 14);
  s.operators = (uint32_t)rng_between(&r, 3, 7);
  /* Swarm: each kind of fault is in half of the worlds, and one world in eight has none. */
  s.faults = rng_chance(&r, 1, 8) ? 0 : (uint32_t)rng_next(&r) & ((1u << FAULT_COUNT) - 1);
  s.length = rng_between(&r, 2, rng_chance(&r, 1, 10) ? rng_chance(&r, 1, 10) ? 480 : 60 : 12) *
             60 * USEC_PER_S;
  s.reference = rng_chance(&r, 1, 64);
  return s;
}

static void on_clock(void *ctx, uint64_t arg) {
  struct world *w = ctx;
  struct rng r = rng_from(w->settings.seed + arg, "clock");
  if (w->calm)
    return;
  w->disturbed_at = world_now(w);
  usec step = rng_between(&r, 1, rng_chance(&r, 1, 3) ? 4000 : 3) * USEC_PER_S;
  if (world_strikes(w, &r, FAULT_CLOCK_BACK, 1, 3)) {
    w->wall_ahead -= step;
    trace(w, "the clock is set back by %lld s", (long long)(step / USEC_PER_S));
  } else if (world_strikes(w, &r, FAULT_CLOCK_FORWARD, 1, 3)) {
    w->wall_ahead += step;
    trace(w, "the clock is set forward by %lld s", (long long)(step / USEC_PER_S));
  } else if (w->settings.faults & 1u << FAULT_CLOCK_BACK && rng_chance(&r, 1, 4)) {
    w->clock_trusted = !w->clock_trusted;
    trace(w, "the clock is %s", w->clock_trusted ? "set by a time server" : "not set yet");
  }
  queue_put(&w->queue, world_now(w) + rng_between(&r, 20, 300) * USEC_PER_S, on_clock, w, arg + 1);
}

bool world_run(struct world *w, usec until) {
  while (!watch_complained(w->watch) && queue_run(&w->queue, until))
    w->events++;
  return !watch_complained(w->watch);
}

/* Faults stop, and all must come right. */
static void come_to_rest(struct world *w) {
  w->calm = true;
  w->clock_trusted = true;
  if (w->wall_ahead < FIRST_DAY && !w->settings.scenario)
    w->wall_ahead = FIRST_DAY; /* a time server has found us */
  w->disturbed_at = world_now(w);
  trace(w, "all is calm");
  usec start = world_now(w);
  w->settled_at = start + LINGER;
  world_run(w, start + CALM);
  host_stop(w->host);
  world_run(w, start + CALM + 20 * USEC_PER_S);
  watch_end(w->watch);
}

static void play(struct world *w) {
  const struct settings *s = &w->settings;
  struct buf yaml = {0};
  uint32_t roles[16];
  desk_roles(s->seed, roles, s->operators);
  plans_first(s, &yaml);
  world_begin(w, FIRST_DAY, buf_span(&yaml), roles, s->operators);
  queue_put(&w->queue, 10 * USEC_PER_S, on_clock, w, 0);
  world_run(w, s->length);
  buf_free(&yaml);
}

static void tell(const struct world *w, struct result *r) {
  const struct settings *s = &w->settings;
  struct span what = watch_complaint(w->watch);
  struct buf story = {0};
  if (s->scenario)
    buf_printf(&story, "scenario %s, ", s->scenario);
  buf_printf(&story,
             "seed %llu: %u people, %u operators, %lld s%s; faults:", (unsigned long long)s->seed,
             s->people, s->operators, (long long)(s->length / USEC_PER_S),
             s->reference ? ", the reference site" : "");
  for (uint32_t i = 0; i < FAULT_COUNT; i++)
    if (s->faults & 1u << i)
      buf_printf(&story, " %s", fault_names[i]);
  buf_puts(&story, s->faults ? "\nWhat happened last:\n" : " none\nWhat happened last:\n");
  trace_tail(w->trace, &story);
  snprintf(r->wrong, sizeof r->wrong, "%.*s", (int)what.n, (const char *)what.p);
  snprintf(r->story, sizeof r->story, "%s", buf_cstr(&story));
  buf_free(&story);
}

void world_begin(struct world *w, usec wall, struct span yaml, const uint32_t *roles,
                 uint32_t n_operators) {
  const struct settings *s = &w->settings;
  w->wall_ahead = wall;
  w->clock_trusted = true;
  w->host = host_new(w, yaml, roles, n_operators);
  w->doors = doors_new(w);
  w->readers = readers_new(w);
  w->lines = lines_new(w);
  w->people = people_new(w, s->people);
  w->desk = desk_new(w, s->operators);
}

static void world_free(struct world *w) {
  host_free(w->host);
  desk_free(w->desk);
  people_free(w->people);
  lines_free(w->lines);
  readers_free(w->readers);
  doors_free(w->doors);
  watch_free(w->watch);
  trace_free(w->trace);
  queue_free(&w->queue);
  sp_free(w);
}

void run_seed(const struct settings *s, struct result *r) {
  struct world *w = sp_alloc(1, sizeof *w);
  *r = (struct result){.seed = s->seed};
  SP_ASSERT(w);
  w->settings = *s;
  canary_plant((enum canary)s->canary);
  w->trace = trace_new(s->tell);
  w->watch = watch_new(w);
  if (s->scenario)
    day_play(w, r);
  else
    play(w);
  if (w->host)
    come_to_rest(w);
  r->length = world_now(w);
  r->events = w->events;
  r->failed = watch_complained(w->watch);
  if (r->failed)
    tell(w, r);
  r->hash = trace_hash(w->trace);
  r->counts = *watch_counts(w->watch);
  if (w->host)
    r->host = host_counts(w->host);
  memcpy(r->struck, w->struck, sizeof r->struck);
  day_free(w);
  world_free(w);
}
