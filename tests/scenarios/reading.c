#include "reading.h"

#include "engine/entry_read.h"
#include "plan/plan_blob.h"
#include "sim/model.h"

#include <string.h>

/* What on_entry is told. */
struct reader {
  struct play *p;
  struct reading *r;
};

static const struct plan *plan_of(const struct reading *r) {
  return r->n_plans ? r->plans[r->n_plans - 1] : NULL;
}

/* All entries of a command are there: does the model make the same of it? */
static void end_command(struct play *p, struct reading *r) {
  struct buf story = {0};
  if (r->n_of_command &&
      (!model_step_journal(r->model, &r->command, r->of_command, r->n_of_command, &story) ||
       !model_invariants(r->model, &story)))
    FAIL(p, "entry %llu: %s", (unsigned long long)r->of_command[0].n, buf_cstr(&story));
  r->n_of_command = 0;
  buf_free(&story);
}

static enum sp_err on_entry(void *ctx, const struct fold *f, const struct entry *entry,
                            struct span bytes, const struct event *e, struct fault *why) {
  struct reader *reader = ctx;
  struct reading *r = reader->r;
  enum sp_err err = SP_OK;
  (void)bytes;
  if (entry->cause == CAUSE_NONE) {
    end_command(reader->p, r);
    err = entry_read_command(f->core, entry, &r->command, why);
  }
  if (!err && (r->n_of_command == events_max || r->n_events == read_events_max))
    err = fault_set(why, SP_LIMIT, "more entries than a scenario may have");
  if (!err && e->type == EVENT_PLAN_APPLIED) {
    SP_ASSERT(r->n_plans < read_plans_max);
    err = fold_load_plan(f->store, &e->u.plan_applied.compiled, &r->plans[r->n_plans], why);
    r->n_plans += !err;
  }
  if (err)
    return err;
  struct event *copy = &r->of_command[r->n_of_command++];
  *copy = *e;
  copy->plan = e->type == EVENT_PLAN_APPLIED ? plan_of(r) : NULL;
  r->command.plan = plan_of(r);
  r->events[r->n_events] = *copy;
  r->asked[r->n_events++] = r->command.type;
  return SP_OK;
}

void reading_catch_up(struct play *p, struct reading *r) {
  struct reader reader = {p, r};
  const struct fold_visitor visitor = {&reader, on_entry, NULL};
  const struct fold_options options = {.visitor = &visitor, .no_snapshot = true};
  struct fault why = {0};
  struct buf story = {0};
  enum sp_err err;
  if (r->begun) {
    r->fold.options.visitor = &visitor;
    err = fold_catch_up(&r->fold, NULL, &why);
  } else {
    err = fold_open(&r->fold, r->store, &options, &why);
    r->begun = true;
  }
  r->fold.options.visitor = NULL;
  p->core = r->fold.core;
  if (err)
    FAIL(p, "what the store has cannot be read: %s", why.text);
  end_command(p, r);
  if (!model_same(r->model, r->fold.core, &story))
    FAIL(p, "%s", buf_cstr(&story));
  buf_free(&story);
}

void reading_begin(struct play *p, struct reading *r, struct store *store) {
  r->store = store;
  r->model = model_new();
  SP_ASSERT(r->model);
  reading_catch_up(p, r);
}

void reading_mark(struct reading *r) {
  r->n_events = 0;
}

void reading_released(struct play *p, struct reading *r, const char *door, uint64_t entry) {
  struct buf story = {0};
  uint32_t d = plan_thing(p, REF_DOOR, door);
  if (!model_may_unlock(r->model, d, entry, p->now, &story))
    FAIL(p, "%s", buf_cstr(&story));
  buf_free(&story);
}

void reading_end(struct reading *r) {
  if (r->begun)
    fold_close(&r->fold);
  store_close(r->store);
  model_free(r->model);
  for (uint32_t i = 0; i < r->n_plans; i++)
    plan_free(r->plans[i]);
}
