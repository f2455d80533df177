/* plan_zone.h: an IANA time zone as its transitions from 1970 to 2100.
 *
 * The machine's zone database is read directly (TZif, RFC 9636) instead of through localtime_r and
 * the TZ variable: that would change the state of the whole process for a while, so that no other
 * thread could tell the time meanwhile. A unit test compares every zone with libc's answer. */
#ifndef SP_PLAN_ZONE_H
#define SP_PLAN_ZONE_H

#include "plan/plan_build.h"

/* Fills p->zone_transitions. SP_NOT_FOUND when there is no such zone, SP_UNAVAILABLE without a zone
 * database, SP_CORRUPT when the zone's file is none. */
enum sp_err plan_zone_compile(struct plan *p, const char *zone, struct fault *why) SP_MUST_USE;
/* The same from the bytes of a TZif file: whatever they are, it ends and stays within them. */
enum sp_err plan_zone_parse(struct plan *p, struct span tzif, struct fault *why) SP_MUST_USE;

#endif
