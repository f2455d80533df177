/* plan_blob.h: a compiled plan as canonical JSON: what `plan apply` journals by hash, so that every
 * later replay decides by the very same plan. */
#ifndef SP_PLAN_BLOB_H
#define SP_PLAN_BLOB_H

#include "core/plan.h"

enum { plan_blob_max = 16 << 20 };

/* The same plan gives the same bytes. SP_NO_MEMORY. */
enum sp_err plan_blob_encode(const struct plan *p, struct buf *out, struct fault *why) SP_MUST_USE;
/* Strict, checked (plan_check) and derived: bytes from outside cannot make an unsound plan, and
 * only what plan_blob_encode would write is accepted, or did write when the version was older: a
 * journal is read for years. What such a blob does not say is as it was then. The plan is the
 * caller's (plan_free). SP_INVALID, SP_LIMIT, SP_VERSION, SP_NO_MEMORY. */
enum sp_err plan_blob_decode(struct span blob, struct plan **out, struct fault *why) SP_MUST_USE;
void plan_free(struct plan *p);

#endif
