#include "sim/canary.h"

#include "audit/state_hash.h"
#include "core/state.h"
#include "engine/engine_int.h"
#include "engine/fold.h"
#include "journal/tile_path.h"
#include "line/line_int.h"

#include <string.h>

#define X(NAME, name, doc) name,
const char *const canary_names[CANARY_COUNT] = {"none", CANARY_LIST(X)};
#undef X
#define X(NAME, name, doc) doc,
const char *const canary_docs[CANARY_COUNT] = {"nothing is wrong", CANARY_LIST(X)};
#undef X

static enum canary planted;

enum canary canary_find(const char *name) {
  uint32_t i = 0;
  while (i < CANARY_COUNT && strcmp(canary_names[i], name) != 0)
    i++;
  return (enum canary)i;
}

bool canary_is(enum canary which) {
  return planted == which;
}

/* --- In the core --- */

/* Of the type of what is wrapped: the linker would take any. */
#define WRAPS(name) __typeof__(name) __real_##name, __wrap_##name
WRAPS(core_decide);
WRAPS(core_apply);

enum { taken_back_max = 64 };
static struct {
  uint32_t credential;
  usec at;
} taken_back[taken_back_max];
static uint32_t n_taken_back;

/* Credentials in the state that they had a minute ago; the same call again gives it back. */
static void swap_states(struct core *core, usec at, uint8_t states[taken_back_max], bool back) {
  for (uint32_t i = 0; i < n_taken_back && i < taken_back_max; i++) {
    uint32_t k = taken_back[i].credential;
    if (k >= core->head.n_credentials)
      continue;
    uint8_t *state = &core->credentials[k].state;
    if (back)
      *state = states[i];
    else {
      states[i] = *state;
      if (at - taken_back[i].at < 60 * USEC_PER_S)
        *state = CREDENTIAL_STATE_ISSUED;
    }
  }
}

/* Decides on a plan that is not quite the one in force. */
static void decide_on(const struct core *core, const struct plan_door *doors,
                      const struct plan_area *areas, const struct command *c, struct outcome *out) {
  struct plan plan = *core->plan;
  struct core other = *core;
  plan.doors = doors ? (struct plan_door *)(uintptr_t)doors : plan.doors;
  plan.areas = areas ? (struct plan_area *)(uintptr_t)areas : plan.areas;
  other.plan = &plan;
  __real_core_decide(&other, c, out);
}

static void decide_without_interlock(const struct core *core, const struct command *c,
                                     struct outcome *out) {
  struct plan_door *doors = sp_alloc(core->plan->n_doors + 1, sizeof *doors);
  SP_ASSERT(doors);
  memcpy(doors, core->plan->doors, core->plan->n_doors * sizeof *doors);
  for (uint32_t i = 0; i < core->plan->n_doors; i++)
    doors[i].n_peers = 0;
  decide_on(core, doors, NULL, c, out);
  sp_free(doors);
}

static void decide_with_more_room(const struct core *core, const struct command *c,
                                  struct outcome *out) {
  struct plan_area *areas = sp_alloc(core->plan->n_areas + 1, sizeof *areas);
  SP_ASSERT(areas);
  memcpy(areas, core->plan->areas, core->plan->n_areas * sizeof *areas);
  for (uint32_t i = 0; i < core->plan->n_areas; i++)
    areas[i].capacity += areas[i].capacity > 0;
  decide_on(core, NULL, areas, c, out);
  sp_free(areas);
}

void __wrap_core_decide(const struct core *core, const struct command *c, struct outcome *out) {
  struct core *own = (struct core *)(uintptr_t)core; /* put back before anyone sees it */
  bool asks = core->plan && (c->type == COMMAND_PASS || c->type == COMMAND_DOOR_REPORT);
  if (planted == CANARY_FORGOTTEN_INTERLOCK && asks) {
    decide_without_interlock(core, c, out);
  } else if (planted == CANARY_CAPACITY_OFF_BY_ONE && asks) {
    decide_with_more_room(core, c, out);
  } else if (planted == CANARY_STALE_REVOCATION && asks) {
    uint8_t states[taken_back_max] = {0};
    swap_states(own, c->at, states, false);
    __real_core_decide(core, c, out);
    swap_states(own, c->at, states, true);
  } else if (planted == CANARY_FORGOTTEN_LOCKDOWN && asks) {
    uint32_t was = own->head.lockdowns;
    own->head.lockdowns = 0;
    __real_core_decide(core, c, out);
    own->head.lockdowns = was;
  } else {
    __real_core_decide(core, c, out);
  }
  for (uint32_t i = 0; planted == CANARY_LONG_UNLOCK && i < out->n_effects; i++)
    if (out->effects[i].type == EFFECT_UNLOCK)
      out->effects[i].ms += 3000;
}

void __wrap_core_apply(struct core *core, const struct event *e) {
  struct event wrong = *e;
  if (planted == CANARY_WRONG_AREA && e->type == EVENT_PASSAGE_TAKEN)
    wrong.u.passage_ended.to = e->u.passage_ended.from;
  if (planted == CANARY_STALE_REVOCATION &&
      (e->type == EVENT_CREDENTIAL_REVOKED || e->type == EVENT_CREDENTIAL_LOST ||
       e->type == EVENT_CREDENTIAL_SUSPENDED)) {
    taken_back[n_taken_back % taken_back_max].credential = e->u.credential_ref.credential;
    taken_back[n_taken_back++ % taken_back_max].at = e->at;
  }
  __real_core_apply(core, &wrong);
  if (planted == CANARY_ENDLESS_PINS)
    for (uint32_t i = 0; i < core->head.n_persons; i++)
      core->persons[i].pin_failures = 0;
}

/* --- In the line and its OSDP --- */

WRAPS(osdp_secure_seal);
WRAPS(osdp_secure_open);
WRAPS(engine_say_pass);
WRAPS(engine_say_all_of_reader);
WRAPS(panel_command);
WRAPS(door_unlock);

/* Both ends the same, so that all goes on as if nothing were wrong. */
static void unchain(struct osdp_secure *s) {
  if (planted == CANARY_BELIEVE_REPLAY) {
    memset(s->command_mac, 0, sizeof s->command_mac);
    memset(s->reply_mac, 0, sizeof s->reply_mac);
  }
}

size_t __wrap_osdp_secure_seal(struct osdp_secure *s, struct osdp_frame *f, uint8_t *out) {
  unchain(s);
  return __real_osdp_secure_seal(s, f, out);
}

enum sp_err __wrap_osdp_secure_open(struct osdp_secure *s, struct osdp_frame *f, uint8_t *plain) {
  unchain(s);
  return __real_osdp_secure_open(s, f, plain);
}

void __wrap_engine_say_pass(struct line *l, struct line_reader *r, const struct card_reading *card,
                            const char *pin, bool late) {
  __real_engine_say_pass(l, r, card, pin, late);
  for (uint32_t i = 0; planted == CANARY_STRIKE_EARLY && i < l->n_doors; i++)
    if (&l->readers[l->doors[i].at] == r)
      __real_door_unlock(l, &l->doors[i], 3000, 1, INT64_MAX);
}

/* Of one that was told before; when a line begins, or connects, it says how all are. */
void __wrap_engine_say_all_of_reader(struct line *l, uint32_t index) {
  const struct line_reader *r = &l->readers[index];
  bool unless = planted == CANARY_UNTOLD_OFFLINE    ? !r->online && !r->insecure
                : planted == CANARY_UNTOLD_INSECURE ? r->insecure
                                                    : false;
  if (!unless)
    __real_engine_say_all_of_reader(l, index);
}

enum sp_err __wrap_panel_command(struct panel *p, uint8_t address, uint8_t code, struct span data,
                                 uint64_t tag, usec before, bool urgent, usec now) {
  if (planted == CANARY_STATUS_UNASKED && code == OSDP_LSTAT)
    return SP_OK;
  return __real_panel_command(p, address, code, data, tag, before, urgent, now);
}

void __wrap_door_unlock(struct line *l, struct line_door *d, uint32_t ms, uint64_t n, usec before) {
  __real_door_unlock(l, d, ms, n, planted == CANARY_LATE_UNLOCK ? INT64_MAX : before);
}

void canary_plant(enum canary which) {
  planted = which;
  n_taken_back = 0;
}

/* --- In the engine --- */

void canary_commit(struct engine *e, const struct io *io, const struct batch *b) {
  const struct held *held;
  uint32_t n = batch_held(b, &held);
  for (uint32_t i = 0; i < n; i++) {
    struct span frame = span_of(b->out.p + held[i].at, held[i].n);
    if (planted == CANARY_ANSWER_BEFORE_COMMIT && held[i].conn)
      io->send(io->ctx, held[i].conn, frame);
    for (uint32_t k = 0;
         planted == CANARY_UNLOCK_BEFORE_COMMIT && !held[i].conn && k < connections_max; k++)
      if (e->conns.at[k].effects)
        io->send(io->ctx, e->conns.at[k].id, frame);
  }
}

enum sp_err canary_committer_commit(struct committer *c, struct store_batch *b, usec mono,
                                    struct fault *why) {
  struct span rest = b->entries, first, second;
  struct buf turned = {0};
  if (planted == CANARY_REORDERED_ENTRY && bundle_next(&rest, &first) &&
      bundle_next(&rest, &second)) {
    buf_put(&turned, second.p - 2, second.n + 2);
    buf_put(&turned, first.p - 2, first.n + 2);
    buf_put(&turned, rest.p, rest.n);
    b->entries = buf_span(&turned);
  }
  enum sp_err err = committer_commit(c, b, mono, why);
  buf_free(&turned);
  return err;
}

void canary_other_engine(const struct slug *site, const struct io *io,
                         const struct note_signer *signer, const char *path, usec wall) {
  struct store *store = NULL;
  struct fold fold = {0};
  struct committer *committer = NULL;
  struct batch batch = {0};
  struct entry_writer writer = {0};
  struct fault why = {0};
  const struct fold_options options = {.site = site->s};
  if (store_sqlite_open(path, site->s, STORE_WRITE, &store, &why) == SP_OK &&
      fold_open(&fold, store, &options, &why) == SP_OK &&
      committer_open(&committer, store, io, signer, &why) == SP_OK) {
    struct command c = {.type = COMMAND_SNAPSHOT_TAKE,
                        .at = wall,
                        .known_at = wall,
                        .clock_trusted = true,
                        .by = {ACTOR_CORE, 0},
                        .second = REF_ABSENT};
    usec last = core_last_at(fold.core);
    c.at = c.known_at = wall > last ? wall : last;
    c.u.snapshot_take.state = state_hash(fold.core);
    batch_begin(&batch, core_next_entry(fold.core));
    core_decide(fold.core, &c, fold.outcome);
    if (batch_command(&batch, &writer, fold.core, site, &c, fold.outcome, NULL, 0, 0, 0, &why) ==
        SP_OK) {
      batch_seal(&batch);
      if (committer_commit(committer, &batch.rows, 0, &why))
        why.err = SP_OK; /* the other one was faster */
    }
  }
  entry_writer_free(&writer);
  batch_free(&batch);
  committer_close(committer);
  fold_close(&fold);
  store_close(store);
}
