/* plan_zone.h: an IANA time zone as its transitions from 1970 to 2100. */
#ifndef SP_PLAN_ZONE_H
#define SP_PLAN_ZONE_H

#include "plan/plan_build.h"

/* Fills p->zone_transitions. SP_NOT_FOUND when there is no such zone, SP_UNAVAILABLE without a zone
 * database. Uses libc's TZ (the best kept reader of zone files there is), hence one thread only. */
enum sp_err plan_zone_compile(struct plan *p, const char *zone, struct fault *why) SP_MUST_USE;

#endif
