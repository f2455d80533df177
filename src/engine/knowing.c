#include "engine/knowing.h"

#include "core/state.h"
#include "engine/query.h"

struct knowing {
  struct engine *engine;
  struct fault *why;
};

static enum sp_err know_operator(void *ctx, const struct store_details *d) {
  struct knowing *k = ctx;
  return engine_know_operator(k->engine, d->subject, d->json, k->why);
}

static enum sp_err know_person(void *ctx, const struct store_details *d) {
  struct knowing *k = ctx;
  return engine_know_person(k->engine, d->subject, d->json, k->why);
}

enum sp_err engine_know_all(struct engine *e, struct store *store, struct fault *why) {
  static const enum event_type of_persons[] = {EVENT_PERSON_ADDED, EVENT_PERSON_IDENTIFIED};
  const struct core *core = engine_core(e);
  struct knowing k = {e, why};
  enum sp_err err = SP_OK;
  for (uint32_t i = 0; i < core->head.n_operators && !err; i++)
    err = store_details(store, &core->operators[i].id, know_operator, &k, why);
  for (size_t i = 0; i < sizeof of_persons / sizeof of_persons[0] && !err; i++) {
    const struct slug type = query_entry_type(of_persons[i]);
    err = store_details_typed(store, &type, know_person, &k, why);
  }
  return err;
}
