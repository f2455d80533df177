#include "stages.h"

#include "checks.h"
#include "sim/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { kept_events_max = 4096 };

struct core_stage {
  void *mem;
  struct core *core;
  struct model *model;
  struct event *kept;
  size_t n_kept;
};

static struct core_stage *here(struct play *p) {
  return p->at;
}

static void begin(struct play *p) {
  struct core_stage *h = p->at = calloc(1, sizeof *h);
  SP_ASSERT(h);
  h->kept = calloc(kept_events_max, sizeof *h->kept);
  h->mem = memory_of_site();
  p->core = h->core = core_init(h->mem);
  h->model = model_new();
  SP_ASSERT(h->kept && h->model);
}

static void ask_model(struct play *p, const struct command *c) {
  struct core_stage *h = here(p);
  struct buf story = {0};
  if (!model_step_outcome(h->model, c, &p->out, &story) || !model_same(h->model, h->core, &story) ||
      !model_invariants(h->model, &story))
    FAIL(p, "%s", buf_cstr(&story));
  buf_free(&story);
}

static void run(struct play *p, struct command *c) {
  struct core_stage *h = here(p);
  c->at = p->now;
  c->known_at = p->now - p->behind;
  c->clock_trusted = !p->clock_wrong;
  core_decide(h->core, c, &p->out);
  for (uint32_t i = 0; i < p->out.n_events; i++) {
    SP_ASSERT(h->n_kept < kept_events_max);
    h->kept[h->n_kept++] = p->out.events[i];
    core_apply(h->core, &p->out.events[i]);
  }
  ask_model(p, c);
}

static void tick_once(struct play *p) {
  struct command c = {.type = COMMAND_TICK, .by = {ACTOR_CORE, 0}, .second = REF_ABSENT};
  run(p, &c);
}

static bool is_due(const struct play *p) {
  usec due = core_due(p->core);
  return due != TIME_ABSENT && due <= p->now;
}

static void pass_time(struct play *p) {
  while (is_due(p)) {
    tick_once(p);
    if (!p->out.n_events)
      FAIL(p, "a due tick did nothing");
  }
}

/* All of it, one after the other; a tick that is not due does nothing. */
static void tick(struct play *p) {
  struct outcome *all = calloc(1, sizeof *all);
  SP_ASSERT(all);
  do {
    tick_once(p);
    for (uint32_t i = 0; i < p->out.n_events && all->n_events < events_max; i++)
      all->events[all->n_events++] = p->out.events[i];
    for (uint32_t i = 0; i < p->out.n_effects && all->n_effects < effects_max; i++)
      all->effects[all->n_effects++] = p->out.effects[i];
  } while (is_due(p));
  p->out = *all;
  free(all);
}

/* As an engine does: nothing is decided before what is due. Ids and tags are made of names. */
static void ask_core(struct play *p, const struct asking *a) {
  struct command c = a->c;
  fill_by_name(&c, a);
  pass_time(p);
  run(p, &c);
}

static void found(struct play *p, const struct asking *plan) {
  struct command c = {.type = COMMAND_SITE_CREATE, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT};
  c.u.site_create.vkey.b[0] = 1;
  run(p, &c);
  ask_core(p, plan);
  for (uint32_t r = 0; r < ROLE_COUNT; r++) {
    struct asking a = {
        .c = {.type = COMMAND_OPERATOR_ADD, .by = {ACTOR_INIT, 0}, .second = REF_ABSENT},
        .new_name = role_names[r]};
    a.c.u.operator_add.role = r;
    ask(p, &a);
  }
}

static void check(struct play *p) {
  check_folds(p, here(p)->kept, here(p)->n_kept);
}

static void end(struct play *p) {
  struct core_stage *h = here(p);
  memory_of_site_free(h->mem);
  model_free(h->model);
  free(h->kept);
  free(h);
}

__attribute__((noreturn)) static void fail_here(const char *text) {
  fail_msg("%s", text);
  abort();
}

const struct stage stage_core = {
    .name = "core",
    .begin = begin,
    .found = found,
    .ask = ask_core,
    .pass_time = pass_time,
    .tick = tick,
    .played = check_invariants,
    .check = check,
    .end = end,
    .fail = fail_here,
};
