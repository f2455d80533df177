/* cli_conflict.c: orders in force that contradict each other. */
#include "cli/ask.h"
#include "cli/rows.h"
#include "cli/sentence.h"
#include "cli/site.h"
#include "core/conflict.h"

/* What of the two: the second forbids the first, or holds whom the first sets free, or both lead
 * elsewhere. */
static const char *how(const struct order *moves, const struct order *other) {
  return order_does(other->kind) == ORDER_FORBIDS ? "forbidden"
         : order_does(other->kind) == ORDER_HOLDS ? "held all the same"
         : moves->kind == other->kind             ? "another place"
                                                  : "set free";
}

static json_t *conflict_row(const struct core *core, uint32_t moves, uint32_t other) {
  const struct order *a = &core->orders[moves], *b = &core->orders[other];
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "person", row_number(a->person), "order",
                   row_number(moves), "kind", row_order_kind(core, moves), "issuer",
                   row_order_issuer(core, moves), "other", row_number(other), "other_kind",
                   row_order_kind(core, other), "other_issuer", row_order_issuer(core, other),
                   "conflict", how(a, b));
}

/* Each pair is told once: by the one that moves; of two that move by the later, unless it sets
 * free. */
static bool tells(const struct core *core, uint32_t moves, uint32_t other) {
  const struct order *a = &core->orders[moves], *b = &core->orders[other];
  if (order_does(b->kind) != ORDER_MOVES)
    return true;
  return a->kind == b->kind ? other < moves : b->kind == ORDER_RELEASE;
}

enum sp_err cli_order_conflicts(struct cli *c) {
  static const struct column columns[] = {
      {"person", "PERSON", COLUMN_TEXT},   {"order", "ORDER", COLUMN_TEXT},
      {"kind", "KIND", COLUMN_TEXT},       {"issuer", "ISSUER", COLUMN_TEXT},
      {"conflict", "IS", COLUMN_STATE},    {"other", "BY", COLUMN_TEXT},
      {"other_kind", "KIND", COLUMN_TEXT}, {"other_issuer", "ISSUER", COLUMN_TEXT},
  };
  uint32_t person = REF_ABSENT;
  enum sp_err err = site_open(c);
  if (!err && cli_has(c, OPT_PERSON))
    err = site_find_person(c->site, cli_text(c, OPT_PERSON), &person, &c->why);
  if (err)
    return err;
  const struct core *core = site_core(c->site);
  uint32_t *found = sp_alloc(core->head.n_orders + 1u, sizeof *found);
  if (!found)
    return fault_set(&c->why, SP_NO_MEMORY, "out of memory");
  usec now = when_now();
  struct table t;
  table_begin(&t, &c->out, columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < core->head.n_orders; i++) {
    const struct order *o = &core->orders[i];
    if (order_does(o->kind) != ORDER_MOVES ||
        order_status_at(core, i, now) != ORDER_STATUS_IN_FORCE)
      continue;
    uint32_t n = orders_against(core, o, i, now, REF_ABSENT, found, core->head.n_orders);
    for (uint32_t k = 0; k < n; k++)
      if (tells(core, i, found[k]) &&
          (person == REF_ABSENT || o->person == person || core->orders[found[k]].person == person))
        table_row(&t, conflict_row(core, i, found[k]));
  }
  table_end(&t, "no orders in force contradict each other");
  sp_free(found);
  return SP_OK;
}
