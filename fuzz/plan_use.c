#include "fuzz/plan_use.h"

#include "core/state.h"
#include "fuzz/exercise.h"
#include "fuzz/site.h"
#include "journal/sha256.h"
#include "plan/card_format.h"
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

/* What is written of a format is read as a card of it, or of one before it that it fits too. */
static void pass_cards(const struct plan *p) {
  for (uint32_t f = 0; f < p->n_formats; f++)
    for (uint32_t ones = 0; ones < 3; ones++) {
      uint32_t width = card_format_width(p, f), length = 1 + (f + ones) % card_bits_max;
      struct card_number value = {{0}};
      struct card_bits bits;
      struct card_reading card;
      char hex[card_hex_max + 1];
      for (uint32_t i = 0; i < (width ? width : length); i++)
        value.w[i / 32] |= (uint32_t)(ones == 1 || (ones == 2 && i % 3 == 0)) << i % 32;
      MUST_DO(card_format_write(p, f, &value, (uint16_t)length, &bits, must));
      MUST_HOLD(bits.n && bits.n <= card_bits_max);
      enum card_read read =
          card_format_read(p, 0, bits.n, span_of(bits.at, (bits.n + 7u) / 8), &card);
      card_number_hex(&value, hex);
      MUST_HOLD(read == CARD_READ_OK || (read == CARD_READ_PARITY && !width));
      MUST_HOLD(read || !width || card.format <= f);
      MUST_HOLD(read || card.format != f || strcmp(card.hex, hex) == 0);
    }
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

/* Applied, if it is done. */
static bool ask(struct core *core, struct command *c) {
  c->at = c->known_at = core->head.last_at > 0 ? core->head.last_at : USEC_PER_S;
  c->clock_trusted = true;
  core_decide(core, c, &out);
  for (uint32_t i = 0; i < out.n_events; i++)
    core_apply(core, &out.events[i]);
  return out.verdict == VERDICT_DONE;
}

static struct id id_of(uint8_t what, uint8_t n) {
  return (struct id){{what, n, 1}};
}

static void add_operators(struct core *core, struct actor by, uint32_t second) {
  static const uint32_t roles[] = {ROLE_ADMIN, ROLE_DESK, ROLE_SHIFT};
  for (uint8_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
    struct command c = {.type = COMMAND_OPERATOR_ADD,
                        .by = by,
                        .second = second,
                        .u.operator_add = {id_of(1, i), roles[i]}};
    (void)ask(core, &c);
  }
}

/* Somebody of each kind with a card and every level in turn; where one operator may do all, it is
 * the administrator who asks. */
static void add_persons(struct core *core, uint32_t operator_index) {
  for (uint8_t i = 0; i < PERSON_KIND_COUNT; i++) {
    struct actor by = {ACTOR_OPERATOR, operator_index};
    struct command c = {.type = COMMAND_PERSON_ADD,
                        .by = by,
                        .second = REF_ABSENT,
                        .u.person_add = {id_of(2, i), i, TIME_ABSENT, TIME_ABSENT}};
    if (!ask(core, &c))
      continue;
    uint32_t person = core->head.n_persons - 1;
    c.type = COMMAND_CREDENTIAL_ISSUE;
    c.u.credential_issue = (struct cmd_credential_issue){id_of(3, i), id_of(4, i), person,
                                                         0,           TIME_ABSENT, TIME_ABSENT};
    (void)ask(core, &c);
    for (uint32_t l = 0; l < core->plan->n_levels; l += i + 1u) {
      c.type = COMMAND_LEVEL_GRANT;
      c.u.level_grant = (struct cmd_level_grant){person, l, TIME_ABSENT, TIME_ABSENT};
      (void)ask(core, &c);
    }
  }
}

static void begin_site(const struct plan *p, const struct hash *hash) {
  const struct actor init = {ACTOR_INIT, 0};
  struct core *core = fold_core_new();
  MUST_HOLD(core);
  struct command c = {.type = COMMAND_SITE_CREATE, .by = init, .second = REF_ABSENT};
  MUST_HOLD(ask(core, &c));
  MUST_HOLD(!ask(core, &c)); /* once */
  add_operators(core, init, REF_ABSENT);
  uint32_t n = core->head.n_operators;
  add_operators(core, init, REF_ABSENT); /* who exist */
  MUST_HOLD(core->head.n_operators == n);
  MUST_HOLD(put_in_force(core, p, hash, init, REF_ABSENT));
  add_persons(core, p->rules.second_operator ? 1 : 0);
  n = core->head.n_persons;
  add_persons(core, 1);
  MUST_HOLD(n == PERSON_KIND_COUNT && core->head.n_persons == n);
  exercise_core(core);
  add_operators(core, init, REF_ABSENT); /* too late, whoever they are */
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
  pass_cards(p);
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
