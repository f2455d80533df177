/* A site plan's YAML: refused with a reason that names a line, or a plan that the core lives by. */
#include "fuzz/fuzz.h"
#include "fuzz/plan_use.h"
#include "plan/plan_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  struct plan *plan = NULL;
  struct plan_faults faults = {0};
  enum sp_err err = plan_read(span_of(p, n), &plan, &faults);
  MUST_HOLD(err == SP_OK || err == SP_INVALID);
  MUST_HOLD((err == SP_OK) == (plan != NULL));
  if (err)
    MUST_HOLD(faults.errors > 0 && faults.kept > 0 && faults.at[0].text[0]);
  if (plan) {
    plan_use(plan);
    plan_free(plan);
  }
  plan_faults_free(&faults);
  return 0;
}
