/* plan_scalar.h: one value as it is written in a plan file, into its place in a struct. */
#ifndef SP_PLAN_SCALAR_H
#define SP_PLAN_SCALAR_H

#include "plan/plan_fields.h"

/* Writes text into base + field->offset. On failure *why says what would be right, without place.
 * PLAN_REF, PLAN_ZONE and PLAN_NESTED are not for here. */
enum sp_err plan_scalar(const struct plan_field *f, struct span text, void *base,
                        struct fault *why) SP_MUST_USE;
/* "5s", "500ms", "15min", "2h", "1d" in milliseconds; false when it is none or over a week. */
bool plan_duration(struct span text, uint32_t *ms);
/* "06:00-18:00, 20:00-24:00": adds each as [from, until) minutes of one day to spans (room for
 * most), *n of them; until is over 1440 when it ends on the next day. */
enum sp_err plan_times(struct span text, struct plan_span *spans, uint32_t most, uint32_t *n,
                       struct fault *why) SP_MUST_USE;
/* The name most like this one among n names, or NULL when none is near. */
const char *plan_nearest(const char *name, const char *(*at)(const void *ctx, uint32_t i),
                         const void *ctx, uint32_t n);
/* "1-12, 14": adds these bits to the set, bit i as set[i / 8] & 0x80 >> i % 8. */
enum sp_err plan_bits(struct span text, uint8_t set[card_bits_max / 8],
                      struct fault *why) SP_MUST_USE;
void plan_bits_put(struct buf *out, const uint8_t set[card_bits_max / 8]); /* the inverse */
bool utf8_valid(struct span s);

#endif
