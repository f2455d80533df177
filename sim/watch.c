#include "sim/watch.h"

#include "audit/replay.h"
#include "audit/state_hash.h"
#include "audit/verify.h"
#include "core/state.h"
#include "engine/entry_read.h"
#include "engine/fold.h"
#include "sim/ask.h"
#include "sim/desk.h"
#include "sim/doors.h"
#include "sim/host.h"
#include "sim/lines.h"
#include "sim/model.h"
#include "sim/people.h"
#include "sim/readers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { plans_max = 256, bus_ms = 60 /* that an unlock takes on its bus */ };
/* With no fault any more, nobody waits longer: a password is 0.4 s, a commit is 1 ms. */
#define ANSWER_WITHIN (3 * USEC_PER_S)

/* An entry that something may rest on later. */
struct mark {
  uint64_t n;
  enum event_type type;
  uint32_t person;  /* of person.added */
  struct slug door; /* that it unlocks; empty: none */
  usec until;       /* when the model has that door locked again */
};

struct watch {
  struct world *w;
  struct buf complaint;

  struct model *model;
  struct fold fold; /* of what is durable, by the oracle's own hand */
  bool begun;
  struct plan *plans[plans_max]; /* each that was in force; readers of screens point into them */
  uint32_t n_plans;

  /* The command that is being put together from its entries. */
  struct command command;
  struct event events[events_max];
  uint32_t n_events;

  watch_command_fn *told; /* may be NULL */
  void *told_ctx;

  struct mark *marks;
  size_t n_marks, cap_marks;
  struct watch_counts counts;
};

struct watch *watch_new(struct world *w) {
  struct watch *x = sp_alloc(1, sizeof *x);
  SP_ASSERT(x);
  x->w = w;
  x->model = model_new();
  SP_ASSERT(x->model);
  return x;
}

void watch_free(struct watch *x) {
  if (!x)
    return;
  if (x->begun)
    fold_close(&x->fold);
  for (uint32_t i = 0; i < x->n_plans; i++)
    plan_free(x->plans[i]);
  model_free(x->model);
  buf_free(&x->complaint);
  sp_free(x->marks);
  sp_free(x);
}

void watch_complain(struct watch *x, const char *fmt, ...) {
  char text[4096];
  va_list ap;
  if (x->complaint.n)
    return;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  buf_puts(&x->complaint, text);
  trace(x->w, "COMPLAINT: %s", text);
}

void watch_tell(struct watch *x, watch_command_fn *fn, void *ctx) {
  x->told = fn;
  x->told_ctx = ctx;
}

bool watch_complained(const struct watch *x) {
  return x->complaint.n > 0;
}

struct span watch_complaint(const struct watch *x) {
  return buf_span(&x->complaint);
}

/* --- Following the journal --- */

/* The door that an entry releases; REF_ABSENT: none. */
static uint32_t releases(const struct plan *plan, const struct event *e) {
  if (e->type == EVENT_PASSAGE_GRANTED)
    return e->u.passage_granted.door;
  if (e->type == EVENT_DOOR_EXIT_REQUESTED && plan->doors[e->u.door_ref.door].rex == REX_UNLOCK)
    return e->u.door_ref.door;
  return REF_ABSENT;
}

static void keep_mark(struct watch *x, const struct event *e) {
  struct mark m = {.n = e->n, .type = e->type, .person = REF_ABSENT};
  uint32_t door = releases(x->fold.plan, e);
  if (e->type == EVENT_PERSON_ADDED)
    m.person = x->fold.core->head.n_persons; /* before it is applied */
  else if (door != REF_ABSENT)
    m.door = x->fold.plan->doors[door].name;
  else
    return;
  if (x->n_marks == x->cap_marks) {
    x->cap_marks = x->cap_marks ? 2 * x->cap_marks : 256;
    x->marks = sp_realloc(x->marks, x->cap_marks * sizeof *x->marks);
    SP_ASSERT(x->marks);
  }
  x->marks[x->n_marks++] = m;
}

static struct mark *find_mark(const struct watch *x, uint64_t n) {
  size_t from = 0, until = x->n_marks;
  while (from < until) {
    size_t mid = (from + until) / 2;
    if (x->marks[mid].n < n)
      from = mid + 1;
    else
      until = mid;
  }
  return from < x->n_marks && x->marks[from].n == n ? &x->marks[from] : NULL;
}

/* Where nothing is slow and nothing gets lost, nobody who was let in is called a burglar. A bus is
 * slow when a round of its readers takes as long as the plan lets an unlock take (relock-margin).
 */
static void check_forced(struct watch *x, const struct event *e) {
  const uint32_t muddles =
      1u << FAULT_KILL | 1u << FAULT_POWER | 1u << FAULT_SYNC | 1u << FAULT_WRITE |
      1u << FAULT_FULL | 1u << FAULT_SLOW | 1u << FAULT_DELAY | 1u << FAULT_CUT | 1u << FAULT_DEAF |
      1u << FAULT_CLOCK_BACK | 1u << FAULT_CLOCK_FORWARD | 1u << FAULT_NOISE | 1u << FAULT_LATE |
      1u << FAULT_REPLAY | 1u << FAULT_SECOND_PANEL | 1u << FAULT_READER_POWER |
      1u << FAULT_WRONG_KEY | 1u << FAULT_BUS_CUT | 1u << FAULT_LINE_KILL;
  if (e->type != EVENT_DOOR_FORCED || x->w->settings.faults & muddles)
    return;
  const struct plan *plan = watch_plan(x);
  usec opened = doors_released_at(x->w->doors, e->u.door_ref.door);
  usec slow = (plan->rules.relock_margin_ms - bus_ms) * USEC_PER_MS;
  if (opened != TIME_ABSENT && world_now(x->w) - opened < slow)
    watch_complain(x, "entry %llu calls door %s forced, which was opened while we had released it",
                   (unsigned long long)e->n, plan->doors[e->u.door_ref.door].name.s);
}

static void count(struct watch *x, const struct event *e) {
  struct watch_counts *c = &x->counts;
  const struct reasons *why = e->type == EVENT_PASSAGE_REFUSED   ? &e->u.passage_refused.reasons
                              : e->type == EVENT_COMMAND_REFUSED ? &e->u.command_refused.reasons
                                                                 : NULL;
  c->entries++;
  c->events[e->type]++;
  c->granted += e->type == EVENT_PASSAGE_GRANTED;
  c->taken += e->type == EVENT_PASSAGE_TAKEN;
  c->refused += why != NULL;
  c->departures_refused +=
      e->type == EVENT_MOVEMENT_REFUSED && x->command.type == COMMAND_MOVEMENT_DEPART;
  for (uint32_t i = 0; why && i < why->n; i++)
    c->reasons[why->at[i].code]++;
}

/* A timer of the engine waits a second at most; only a start, a step of the clock or another plan
 * excuses it. */
static void check_timely(struct watch *x) {
  usec due = model_due(x->model);
  if (due == TIME_ABSENT || x->command.at < due)
    return;
  usec late = x->command.at - due;
  if (x->command.type == COMMAND_CLOCK_STEP)
    return; /* comes before what it makes due */
  if (x->command.type != COMMAND_TICK)
    watch_complain(x, "entry %llu was decided while a timer was due for %lld ms",
                   (unsigned long long)x->events[0].n, (long long)(late / USEC_PER_MS));
  else if (late > 3 * USEC_PER_S / 2 && world_now(x->w) - x->w->disturbed_at > late + USEC_PER_S)
    watch_complain(x, "entry %llu makes due what was due %lld ms before",
                   (unsigned long long)x->events[0].n, (long long)(late / USEC_PER_MS));
}

/* Whether a door may be released is asked of the model when the entry becomes durable: then its
 * state is the one that it was decided on. The unlock arrives later, and nobody can call it back:
 * meanwhile a partner may have been forced, which is no fault of this door's. watch_unlocked asks
 * what must still be so then, and for how long. */
static void check_releases(struct watch *x) {
  struct buf story = {0};
  for (uint32_t i = 0; i < x->n_events && !watch_complained(x); i++) {
    uint64_t n = x->events[i].n;
    uint32_t door = releases(x->command.plan, &x->events[i]);
    if (door == REF_ABSENT)
      continue;
    if (!model_may_unlock(x->model, door, n, x->command.at, &story))
      watch_complain(x, "%s", buf_cstr(&story));
    model_has_unlocked(x->model, door, n, &find_mark(x, n)->until);
  }
  buf_free(&story);
}

/* All entries of a command are there: does the model make the same of it? */
static void end_command(struct watch *x) {
  struct buf story = {0};
  if (!x->n_events || watch_complained(x))
    return;
  x->counts.commands++;
  check_timely(x);
  if (!model_step_journal(x->model, &x->command, x->events, x->n_events, &story) ||
      !model_invariants(x->model, &story))
    watch_complain(x, "entry %llu: %s", (unsigned long long)x->events[0].n, buf_cstr(&story));
  buf_free(&story);
  check_releases(x);
  if (x->told)
    x->told(x->told_ctx, &x->command, x->events, x->n_events);
  x->n_events = 0;
}

/* After a batch: is the state the core has made of it the model's? */
static void same_as_model(struct watch *x) {
  struct buf story = {0};
  if (!watch_complained(x) && !model_same(x->model, x->fold.core, &story))
    watch_complain(x, "the core's state is not the model's: %s", buf_cstr(&story));
  buf_free(&story);
}

static enum sp_err on_entry(void *ctx, const struct fold *f, const struct entry *entry,
                            struct span bytes, const struct event *e, struct fault *why) {
  struct watch *x = ctx;
  (void)bytes;
  if (entry->cause == CAUSE_NONE) {
    end_command(x);
    enum sp_err err = entry_read_command(f->core, entry, &x->command, why);
    if (err)
      return err;
  }
  if (x->n_events == events_max)
    return fault_set(why, SP_CORRUPT, "a command of more than %d entries", events_max);
  struct event *copy = &x->events[x->n_events++];
  *copy = *e;
  if (e->type == EVENT_PLAN_APPLIED) {
    SP_ASSERT(x->n_plans < plans_max);
    enum sp_err err =
        fold_load_plan(f->store, &e->u.plan_applied.compiled, &x->plans[x->n_plans], why);
    if (err)
      return err;
    copy->plan = x->plans[x->n_plans++];
    x->w->disturbed_at = world_now(x->w); /* by its rules something may have been due long ago */
  }
  x->command.plan = copy->plan ? copy->plan : watch_plan(x);
  keep_mark(x, e);
  check_forced(x, e);
  count(x, e);
  return SP_OK;
}

/* The world's doors and readers are those of the newest plan. */
static void replan(struct watch *x, const struct plan *was) {
  struct world *w = x->w;
  const struct plan *plan = watch_plan(x);
  if (plan == was)
    return;
  trace(w, "a plan is in force: %u doors, %u readers, %u areas", plan->n_doors, plan->n_readers,
        plan->n_areas);
  doors_replan(w->doors, plan);
  lines_replan(w->lines, plan);
  readers_replan(w->readers, plan);
  people_replan(w->people, was, plan);
}

static void catch_up(struct watch *x, struct store *store) {
  static const struct fold_visitor visitor_of = {NULL, on_entry, NULL};
  struct fold_visitor visitor = visitor_of;
  struct fault why = {0};
  const struct plan *was = watch_plan(x);
  visitor.ctx = x;
  const struct fold_options options = {.visitor = &visitor, .no_snapshot = true, .no_tree = true};
  enum sp_err err;
  if (!x->begun) {
    x->begun = true;
    err = fold_open(&x->fold, store, &options, &why);
  } else {
    x->fold.store = store;
    x->fold.options.visitor = &visitor;
    err = fold_catch_up(&x->fold, NULL, &why);
  }
  x->fold.options.visitor = NULL;
  if (err)
    watch_complain(x, "what is durable cannot be read back: %s", why.text);
  else
    end_command(x);
  if (!err) {
    same_as_model(x);
    replan(x, was);
  }
}

void watch_durable(struct watch *x, struct store *store) {
  if (!watch_complained(x))
    catch_up(x, store);
}

/* Invariant 6: whatever snapshot it started from, it has the state that all entries give. */
static void same_state(struct watch *x, const struct core *core) {
  x->counts.checks++;
  struct hash a = state_hash(core), b = state_hash(x->fold.core);
  if (memcmp(&a, &b, sizeof a) != 0)
    watch_complain(x, "the engine's state is not what its %llu entries give",
                   (unsigned long long)core_next_entry(core));
}

void watch_up(struct watch *x, struct store *store, const struct core *core) {
  uint64_t n = 0;
  struct fault why = {0};
  if (watch_complained(x))
    return;
  if (store_count(store, &n, &why))
    watch_complain(x, "the store cannot be counted: %s", why.text);
  else if (x->begun && n < core_next_entry(x->fold.core))
    watch_complain(x, "%llu entries were durable, and after the restart there are %llu",
                   (unsigned long long)core_next_entry(x->fold.core), (unsigned long long)n);
  else
    catch_up(x, store);
  if (!watch_complained(x))
    same_state(x, core);
}

void watch_down(struct watch *x) {
  if (x->begun)
    x->fold.store = NULL;
}

/* --- What leaves the engine --- */

void watch_sent(struct watch *x, struct span frames) {
  struct fault why = {0};
  while (frames.n >= frame_header_bytes && !watch_complained(x)) {
    struct frame f;
    uint64_t n;
    struct span text = span_of(frames.p + frame_header_bytes, 0);
    if (frame_read(&f, frames.p, &why) || f.length > frames.n - frame_header_bytes) {
      watch_complain(x, "the engine sends what is no frame: %s", why.text);
      return;
    }
    text.n = f.length;
    if (reply_entry(text, &n) && n >= core_next_entry(x->fold.core))
      watch_complain(x, "entry %llu is not durable, and yet this leaves the engine: %.*s",
                     (unsigned long long)n, (int)text.n, (const char *)text.p);
    frames.p += frame_header_bytes + f.length;
    frames.n -= frame_header_bytes + f.length;
  }
  if (frames.n && !watch_complained(x))
    watch_complain(x, "the engine sends part of a frame");
}

void watch_frame(struct watch *x, const char *client, const struct frame *f, const char *text) {
  (void)f;
  trace(x->w, "%s <- %s", client, text);
}

/* Of an entry that check_releases asked about. Since then the journal may have taken the unlock
 * back; and by the time that it counts the door as locked, the reader's own timer must have run
 * out. That can be told where the wall clock was never set: entries tell its time alone. */
void watch_unlocked(struct watch *x, uint32_t door, uint32_t ms, uint64_t n) {
  const uint32_t clock_faults = 1u << FAULT_CLOCK_BACK | 1u << FAULT_CLOCK_FORWARD;
  const struct mark *m = find_mark(x, n);
  const char *name = watch_plan(x)->doors[door].name.s;
  usec until, relocks_at = world_wall(x->w) + (usec)ms * USEC_PER_MS;
  x->counts.released++;
  if (!m || strcmp(m->door.s, name) != 0)
    watch_complain(x,
                   "door %s is released on the word of entry %llu, which grants no passage "
                   "there",
                   name, (unsigned long long)n);
  else if (!model_has_unlocked(x->model, door, n, &until))
    watch_complain(x,
                   "door %s is released on the word of entry %llu, and the journal has it locked "
                   "since",
                   name, (unsigned long long)n);
  else if (!(x->w->settings.faults & clock_faults) && relocks_at > m->until)
    watch_complain(
        x,
        "door %s is released on the word of entry %llu for %lld ms longer than the model "
        "reckons with",
        name, (unsigned long long)n, (long long)((relocks_at - m->until) / USEC_PER_MS));
}

/* --- The end --- */

static void audit(struct watch *x, struct store *store) {
  struct report report;
  struct fault why = {0};
  struct verify_result verified;
  struct replay_result replayed;
  const struct verify_options options = {.key = host_log_key(x->w->host)};
  if (report_init(&report, &why)) {
    watch_complain(x, "%s", why.text);
    return;
  }
  if (verify_store(store, &options, &report, &verified, &why))
    watch_complain(x, "verify: %s: %s", why.text, report.kept ? report.at[0].text : "");
  else if (replay_store(store, &watch_plan(x)->name, NULL, &report, &replayed, &why))
    watch_complain(x, "replay: %s: %s", why.text, report.kept ? report.at[0].text : "");
  if (!watch_complained(x))
    replay_result_free(&replayed);
  report_free(&report);
}

void watch_end(struct watch *x) {
  struct world *w = x->w;
  struct fault why = {0};
  usec line = lines_longest(w->lines), desk = desk_longest(w->desk);
  if (watch_complained(x))
    return;
  if (!host_stopped(w->host))
    watch_complain(x, "the engine was asked to stop and did not");
  usec longest = line > desk ? line : desk;
  if (longest > ANSWER_WITHIN)
    watch_complain(x, "with no fault any more, an answer took %lld ms or never came",
                   (long long)(longest / USEC_PER_MS));
  struct store *store = host_open_store(w->host, &why);
  if (!store)
    watch_complain(x, "the stopped site cannot be opened: %s", why.text);
  else
    audit(x, store);
  store_close(store);
}

const struct core *watch_core(const struct watch *x) {
  return x->fold.core;
}

const struct plan *watch_plan(const struct watch *x) {
  return x->n_plans ? x->plans[x->n_plans - 1] : NULL;
}

uint32_t watch_person_added(const struct watch *x, uint64_t n) {
  const struct mark *m = find_mark(x, n);
  return m ? m->person : REF_ABSENT;
}

const struct watch_counts *watch_counts(const struct watch *x) {
  return &x->counts;
}
