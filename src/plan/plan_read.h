/* plan_read.h: a site plan's YAML to struct plan. Every fault is told at once, with its line. */
#ifndef SP_PLAN_READ_H
#define SP_PLAN_READ_H

#include "core/plan.h"
#include "plan/plan_faults.h"

enum { plan_yaml_bytes_max = 4 << 20, plan_yaml_depth_max = 32, plan_yaml_nodes_max = 1 << 19 };

/* On SP_OK *out is a checked and derived plan (plan_free is the caller's); warnings may stand in
 * *faults. Otherwise *out is NULL and *faults say why (SP_INVALID, SP_NO_MEMORY). *faults is
 * zero-initialised by the caller, who frees it (plan_faults_free) in both cases. Reads the
 * machine's zone database (plan_zone.h); touches no state of the process. */
enum sp_err plan_read(struct span yaml, struct plan **out, struct plan_faults *faults) SP_MUST_USE;
void plan_free(struct plan *p);

#endif
