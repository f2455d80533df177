/* card_standard.h: the card formats that the trade knows by name, as one table. A plan that names
 * one takes its layout from here; docs/plan.md lists them from here. */
#ifndef SP_PLAN_CARD_STANDARD_H
#define SP_PLAN_CARD_STANDARD_H

#include "base/bytes.h"
#include "plan/plan_build.h"

enum { card_standard_fields_max = 2, card_standard_parities_max = 3 };

struct card_standard {
  const char *name;
  uint16_t bits; /* 0 = any */
  struct {
    const char *name; /* NULL: no more */
    uint16_t first, bits;
  } fields[card_standard_fields_max];
  struct {
    const char *over; /* as plan_bits reads it; NULL: no more */
    uint16_t bit;
    enum parity kind;
  } parities[card_standard_parities_max];
  const char *doc;
};

/* NULL when no standard format has that name. */
const struct card_standard *card_standard_find(const char *name);
/* Whether format i of the plan is laid out as this one. */
bool card_standard_same(const struct card_standard *s, const struct plan *p, uint32_t i);
/* Lays format i of the plan, which has no fields yet, out as this one. As plan_add. */
enum sp_err card_standard_lay_out(const struct card_standard *s, struct plan *p,
                                  struct plan_places *places, uint32_t line, uint32_t i,
                                  struct fault *why) SP_MUST_USE;
/* A plan of nothing but this format, for whoever has cards but no site. plan_free. SP_NOT_FOUND,
 * which names them all; SP_NO_MEMORY. */
enum sp_err card_standard_plan(struct span name, struct plan **out, struct fault *why) SP_MUST_USE;
/* A Markdown table for docs/plan.md. */
void card_standard_document(struct buf *out);

#endif
