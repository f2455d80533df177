#include "fuzz/plan_use.h"

#include "core/state.h"
#include "fuzz/exercise.h"
#include "fuzz/site.h"
#include "journal/sha256.h"
#include "plan/plan_blob.h"
#include "plan/plan_print.h"

#include <string.h>

static struct outcome out;

static void put(void *ctx, const void *p, size_t n) {
  buf_put(ctx, p, n);
}

static void print(const struct plan *p) {
  struct buf text = {0};
  plan_print_text(p, &text);
  MUST_HOLD(!text.failed);
  json_t *j = plan_print_json(p);
  MUST_HOLD(j);
  json_decref(j);
  buf_free(&text);
}

static void encode(const struct plan *p, struct hash *hash) {
  struct buf once = {0}, twice = {0}, other = {0};
  struct plan *again;
  MUST_DO(plan_blob_encode(p, &once, must));
  MUST_DO(plan_blob_decode(buf_span(&once), &again, must));
  MUST_DO(plan_blob_encode(again, &twice, must));
  MUST_HOLD(span_eq(buf_span(&once), buf_span(&twice)));
  *hash = sha256_of(buf_span(&once));
  plan_free(again);
  buf_free(&once);
  buf_free(&twice);
  buf_free(&other);
}

static bool put_in_force(struct core *core, const struct plan *p, const struct hash *hash,
                         struct actor by, uint32_t second) {
  struct command c = {.type = COMMAND_PLAN_APPLY,
                      .by = by,
                      .second = second,
                      .plan = p,
                      .clock_trusted = true,
                      .u.plan_apply = {*hash, *hash}};
  c.at = c.known_at = core->head.last_at > 0 ? core->head.last_at : USEC_PER_S;
  core_decide(core, &c, &out);
  if (out.verdict != VERDICT_DONE)
    return false;
  core_apply(core, &out.events[0]);
  return true;
}

/* A snapshot under this plan loads again as it was. */
static void dump(const struct core *core) {
  struct buf once = {0}, twice = {0};
  core_dump(core, put, &once);
  struct core *other = fold_core_new();
  MUST_HOLD(other);
  MUST_DO(core_load(other, buf_span(&once), core_plan(core), must));
  core_dump(other, put, &twice);
  MUST_HOLD(span_eq(buf_span(&once), buf_span(&twice)));
  fold_core_free(other);
  buf_free(&once);
  buf_free(&twice);
}

static void begin_site(const struct plan *p, const struct hash *hash) {
  struct core *core = fold_core_new();
  MUST_HOLD(core);
  struct command c = {.type = COMMAND_SITE_CREATE,
                      .by = {ACTOR_INIT, 0},
                      .second = REF_ABSENT,
                      .at = USEC_PER_S,
                      .known_at = USEC_PER_S};
  core_decide(core, &c, &out);
  MUST_HOLD(out.verdict == VERDICT_DONE);
  core_apply(core, &out.events[0]);
  MUST_HOLD(put_in_force(core, p, hash, (struct actor){ACTOR_INIT, 0}, REF_ABSENT));
  exercise_core(core);
  fold_core_free(core);
}

/* Operators 0 and 2 of the small site: administrator and shift lead. */
static void change_site(const struct plan *p, const struct hash *hash) {
  struct plan *before;
  struct core *core = fuzz_site_core(&before);
  if (put_in_force(core, p, hash, (struct actor){ACTOR_OPERATOR, 0}, 2)) {
    dump(core);
    exercise_core(core);
  }
  fold_core_free(core);
  plan_free(before);
}

void plan_use(const struct plan *p) {
  struct hash hash;
  print(p);
  encode(p, &hash);
  /* Instants about the edges of what a plan knows, and one on each day of a year. */
  for (uint32_t s = 0; s < p->n_schedules; s++)
    for (uint32_t i = 0; i < 400; i++)
      (void)plan_schedule_open(p, s, (INT64_C(1790000000) + i * INT64_C(86399)) * USEC_PER_S);
  static const usec edges[] = {USEC_MIN, -1, 0, 1, USEC_MAX};
  for (uint32_t s = 0; s < p->n_schedules; s++)
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
      (void)plan_schedule_open(p, s, edges[i]);
  for (enum ref_kind k = REF_AREA; k <= REF_FORMAT; k++)
    for (uint32_t n = 0, i; n < plan_count(p, k); n++)
      MUST_HOLD(plan_find(p, k, span_str(plan_name(p, k, n)->s), &i) && i == n);
  begin_site(p, &hash);
  change_site(p, &hash);
}
