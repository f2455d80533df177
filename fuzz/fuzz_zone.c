/* A file of the time zone database: refused, or transitions in order within the years that plans
 * know, and offsets that a clock can have. */
#include "fuzz/fuzz.h"
#include "plan/plan_build.h"
#include "plan/plan_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct fault why = {0};
  struct plan *plan = plan_new();
  MUST_HOLD(plan);
  enum sp_err err = plan_zone_parse(plan, span_of(p, n), &why);
  MUST_HOLD(err == SP_OK || err == SP_CORRUPT || err == SP_LIMIT);
  MUST_HOLD(!err || why.text[0]);
  if (!err) {
    const struct plan_zone_transition *t = plan->zone_transitions;
    MUST_HOLD(plan->n_zone > 0 && plan->n_zone <= zone_transitions_max);
    for (uint32_t i = 0; i < plan->n_zone; i++) {
      MUST_HOLD(i == 0 || t[i].from_s > t[i - 1].from_s);
      MUST_HOLD(t[i].offset_s >= -26 * 3600 && t[i].offset_s <= 26 * 3600);
      MUST_HOLD(plan_zone_offset(plan, t[i].from_s) == t[i].offset_s);
      if (i > 0)
        MUST_HOLD(plan_zone_offset(plan, t[i].from_s - 1) == t[i - 1].offset_s);
    }
    (void)plan_zone_offset(plan, INT64_MIN / 2);
    (void)plan_zone_offset(plan, INT64_MAX / 2);
  }
  plan_free(plan);
  return 0;
}
