#include "sim/scenario_day.h"

#include "engine/fold.h"
#include "sim/day_int.h"
#include "sim/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Faults that do not make a scenario's own words meaningless. */
enum {
  day_faults = 1u << FAULT_KILL | 1u << FAULT_POWER | 1u << FAULT_MISDIRECT | 1u << FAULT_SLOW |
               1u << FAULT_DELAY | 1u << FAULT_CUT | 1u << FAULT_DEAF | 1u << FAULT_DUPLICATE |
               1u << FAULT_LATE | 1u << FAULT_OLD_SNAPSHOT
};

/* --- The journal, as it grows --- */

static void on_command(void *ctx, const struct command *c, const struct event *events, uint32_t n) {
  struct day *d = ctx;
  if (d->n_log == d->cap_log) {
    d->cap_log = d->cap_log ? 2 * d->cap_log : 256;
    d->log = sp_realloc(d->log, d->cap_log * sizeof *d->log);
    SP_ASSERT(d->log);
  }
  struct logged *l = &d->log[d->n_log++];
  *l = (struct logged){.c = *c, .n = n, .events = sp_alloc(n, sizeof *l->events)};
  SP_ASSERT(l->events);
  memcpy(l->events, events, n * sizeof *events);
  for (uint32_t i = 0; i < n && day_by_us(d, c); i++)
    day_keep_own(d, &events[i]);
}

/* The world goes on. Complaints of oracles end the play. */
void day_go_on(struct day *d, usec span) {
  if (!world_run(d->w, world_now(d->w) + span))
    longjmp(d->failed, 1);
}

void day_become(struct play *p, enum verdict verdict, const struct logged *l) {
  p->out.verdict = verdict;
  p->out.n_events = l->n;
  memcpy(p->out.events, l->events, l->n * sizeof l->events[0]);
}

/* Of an entry that says why: a refusal of any kind tells the reasons in its own field. */
static bool read_refusal(struct play *p, const struct event *e) {
  const struct record *r = &event_records[e->type];
  if (!strstr(r->type, "refused"))
    return false;
  for (size_t i = 0; i < r->n_fields; i++)
    if (r->fields[i].kind == FIELD_REASONS)
      memcpy(&p->out.reasons, (const uint8_t *)&e->u + r->fields[i].offset, sizeof p->out.reasons);
  return true;
}

void day_read(struct play *p, const struct logged *l) {
  p->out.reasons.n = 0;
  bool refused = read_refusal(p, &l->events[0]);
  day_become(p, refused ? VERDICT_REFUSED : VERDICT_DONE, l);
  day_of(p)->mark = (size_t)(l - day_of(p)->log) + 1;
}

/* --- Asking --- */

static void ask_day(struct play *p, const struct asking *a) {
  usec from = world_now(day_of(p)->w);
  p->out.n_effects = 0;
  switch ((int)a->c.type) {
  case COMMAND_PASS:
    day_ask_pass(p, a);
    break;
  case COMMAND_DOOR_REPORT:
    day_ask_door(p, a);
    break;
  default:
    people_keep_clear(day_of(p)->w->people, false);
    day_ask_operator(p, a);
    if (a->c.type == COMMAND_OPERATOR_ADD && p->out.verdict == VERDICT_DONE) {
      struct day *d = day_of(p);
      uint32_t index = watch_core(d->w->watch)->head.n_operators - 1;
      SP_ASSERT(index < day_operators_max);
      snprintf(d->operators[index].name, sizeof d->operators[index].name, "%s", a->new_name);
    }
  }
  day_of(p)->waited += world_now(day_of(p)->w) - from;
}

/* --- Time --- */

static bool is_due(const struct day *d) {
  usec due = core_due(watch_core(d->w->watch));
  return due != TIME_ABSENT && due <= world_wall(d->w);
}

/* Until nothing is due any more. */
static void let_happen(struct day *d) {
  usec until = world_now(d->w) + PATIENCE;
  while ((is_due(d) || !host_is_up(d->w->host)) && world_now(d->w) < until)
    day_go_on(d, 10 * USEC_PER_MS);
}

static void step_clock(struct day *d, usec to) {
  if (to <= world_wall(d->w))
    return;
  d->w->wall_ahead += to - world_wall(d->w);
  d->w->disturbed_at = world_now(d->w);
}

/* Whoever asked before has a session that holds, so that no password takes its time. */
static void be_ready(struct day *d) {
  for (uint32_t i = 0; i < day_operators_max; i++)
    if (d->operators[i].session[0]) {
      d->operators[i].session[0] = 0;
      day_need_session(d, i);
    }
}

/* Asking takes its time here, and a scenario says none for it: the world is late by that much. What
 * is so long after something stays so; an instant is met exactly if it has not passed. */
static void pass_time(struct play *p) {
  struct day *d = day_of(p);
  if (!d->w->host) /* nothing was founded yet */
    return;
  usec late = world_wall(d->w) > d->said ? world_wall(d->w) - d->said : 0;
  usec to = p->exact ? p->now : p->now + late, gap = to - world_wall(d->w);
  /* Within an instant nothing may go wrong: what comes late would be after it. */
  d->instant = p->exact || (d->instant && p->now - d->said <= REAL_WAIT);
  d->w->calm = d->instant;
  d->said = p->now;
  if (gap > 0 && gap <= REAL_WAIT)
    day_go_on(d, gap);
  else if (gap > REAL_WAIT) {
    people_keep_clear(d->w->people, false);
    day_go_on(d, REAL_WAIT / 2);
  }
  if (d->instant)
    be_ready(d);
  let_happen(d);
  while (world_wall(d->w) < to) {
    usec due = core_due(watch_core(d->w->watch));
    step_clock(d, due != TIME_ABSENT && due < to ? due : to);
    trace(d->w, "scenario: time passes");
    let_happen(d);
  }
}

static void take_ticks(struct play *p) {
  struct day *d = day_of(p);
  for (; d->mark < d->n_log; d->mark++) {
    const struct logged *l = &d->log[d->mark];
    for (uint32_t i = 0; l->c.type == COMMAND_TICK && i < l->n; i++)
      if (day_names_own(d, &event_records[l->events[i].type], &l->events[i].u))
        p->out.events[p->out.n_events++] = l->events[i];
  }
}

/* What an instant makes due counts from what was late, and may be as late. */
static void tick(struct play *p) {
  struct day *d = day_of(p);
  usec until;
  pass_time(p);
  until = world_wall(d->w) + d->waited;
  p->out.verdict = VERDICT_DONE;
  p->out.reasons.n = p->out.n_events = p->out.n_effects = 0;
  take_ticks(p);
  for (usec due; p->wanted && strcmp(p->wanted, "nothing") != 0 && !p->out.n_events &&
                 (due = core_due(watch_core(d->w->watch))) != TIME_ABSENT && due <= until;) {
    step_clock(d, due);
    let_happen(d);
    take_ticks(p);
  }
}

/* --- What others do is no alarm of ours --- */

static bool alarm_is_ours(const struct day *d, uint64_t n) {
  for (size_t i = 0; i < d->n_log; i++)
    for (uint32_t k = 0; k < d->log[i].n; k++)
      if (d->log[i].events[k].n == n)
        return day_by_us(d, &d->log[i].c) ||
               day_names_own(d, &event_records[d->log[i].events[k].type], &d->log[i].events[k].u);
  return false;
}

static uint32_t alarms(struct play *p, uint64_t *oldest) {
  struct day *d = day_of(p);
  uint32_t n = 0;
  *oldest = 0;
  let_happen(d);
  for (uint32_t i = 0; i < p->core->head.n_alarms; i++)
    if (alarm_is_ours(d, p->core->alarms[i].n) && !n++)
      *oldest = p->core->alarms[i].n;
  return n;
}

/* --- Beginning and end --- */

static void begin(struct play *p) {
  struct day *d = day_of(p);
  static struct core *nothing; /* before the site is founded names are looked up here */
  FILE *f = fopen(p->file, "r");
  d->p = p;
  d->kill_at = 1;
  for (int c; f && (c = fgetc(f)) != EOF;)
    d->kill_at += c == '\n';
  if (f)
    fclose(f);
  d->kill_at = d->kill_at / 2 + 1;
  if (!nothing)
    nothing = fold_core_new();
  p->core = nothing;
}

static void found(struct play *p, const struct asking *plan) {
  struct day *d = day_of(p);
  struct world *w = d->w;
  uint32_t roles[16], n = w->settings.operators;
  SP_ASSERT(n + ROLE_COUNT <= sizeof roles / sizeof roles[0]);
  desk_roles(w->settings.seed, roles, n);
  for (uint32_t r = 0; r < ROLE_COUNT; r++)
    roles[n + r] = r;
  d->first_own = n;
  watch_tell(w->watch, on_command, d);
  w->may_ask = day_may_ask;
  w->may_ask_ctx = d;
  world_begin(w, p->now, plan->source, roles, n + ROLE_COUNT);
  day_connect(d);
  while (!watch_plan(w->watch))
    day_go_on(d, USEC_PER_MS);
  p->core = watch_core(w->watch);
  d->said = p->now;
  for (uint32_t r = 0; r < ROLE_COUNT; r++) {
    snprintf(d->operators[n + r].name, sizeof d->operators[0].name, "op%u", n + r);
    name_it(p, REF_OPERATOR, role_names[r], p->core->operators[n + r].id);
  }
  day_go_on(d, 5 * USEC_PER_S); /* its readers are found */
  d->waited = world_now(w);
}

static const char *cannot(struct play *p, const struct words *w, const char *wanted) {
  struct day *d = day_of(p);
  uint32_t door;
  if (d->w->host)
    d->w->clock_trusted = !p->clock_wrong;
  if (p->behind && wanted && strstr(wanted, "stale_view"))
    return "an engine is the one writer of its site: what it knows is never older than now";
  if (has_word(w, "and-more"))
    return "the engine names eight: nine are found by tests/system/test_cli_candidates.py";
  if (strcmp(w->at[0], "identify") == 0 && wanted && strstr(wanted, "self"))
    return "an engine finds nobody to be like themselves";
  if (wanted && w->n == 3 && strcmp(w->at[0], "door") == 0 && strcmp(w->at[2], "locked") == 0 &&
      plan_find(watch_plan(d->w->watch), REF_DOOR, span_str(w->at[1]), &door) &&
      !watch_plan(d->w->watch)->doors[door].tells_locked)
    return "no line says so of this door: its reader's timer tells";
  return NULL;
}

static void nothing_more(struct play *p) {
  (void)p;
}

static struct day *now_playing; /* one a process */

__attribute__((noreturn)) static void fail_here(const char *text) {
  watch_complain(now_playing->w->watch, "%s", text);
  longjmp(now_playing->failed, 1);
}

static void left_out(struct play *p, const char *text) {
  if (day_of(p)->w->settings.again)
    return;
  puts(text);
  fflush(stdout); /* others tell of theirs */
}

static void check(struct play *p) {
  day_of(p)->r->lines = (uint32_t)p->lines_checked;
  day_of(p)->r->left_out = (uint32_t)p->lines_left_out;
}

static const struct stage stage_day = {
    .name = "day",
    .begin = begin,
    .found = found,
    .cannot = cannot,
    .ask = ask_day,
    .pass_time = pass_time,
    .tick = tick,
    .alarms = alarms,
    .played = nothing_more,
    .check = check,
    .end = nothing_more,
    .left_out = left_out,
    .fail = fail_here,
};

void day_play(struct world *w, struct result *r) {
  struct day *d = sp_alloc(1, sizeof *d);
  SP_ASSERT(d);
  d->w = w;
  d->r = r;
  d->left_open = REF_ABSENT;
  w->day = d;
  w->settled_at = INT64_MAX; /* not before the end */
  w->settings.operators = w->settings.operators < 4 ? w->settings.operators : 4;
  w->settings.faults &= day_faults;
  w->settings.faults |= 1u << FAULT_CLOCK_FORWARD; /* as the oracles know it */
  now_playing = d;
  if (setjmp(d->failed) == 0)
    scenario_play(&stage_day, d, w->settings.scenario, w->settings.scenarios);
  if (w->people)
    people_keep_clear(w->people, false);
}

void day_free(struct world *w) {
  struct day *d = w->day;
  if (!d)
    return;
  for (size_t i = 0; i < d->n_log; i++)
    sp_free(d->log[i].events);
  sp_free(d->log);
  if (w->host)
    asks_free(&d->asks);
  free(d->reply);
  sp_free(d);
}
