/* json_bytes.h: bytes to a JSON value of jansson, which by itself does not tell bytes that are no
 * JSON from memory that is not to be had. */
#ifndef SP_PLAN_JSON_BYTES_H
#define SP_PLAN_JSON_BYTES_H

#include "base/bytes.h"

#include <jansson.h>

/* *out is the caller's (json_decref), NULL after an error. Members that come twice are no JSON.
 * SP_INVALID: where it ceases to be JSON, and why; SP_NO_MEMORY. `at`, which may be NULL, has line
 * and column. */
enum sp_err json_bytes_read(json_t **out, struct span bytes, json_error_t *at,
                            struct fault *why) SP_MUST_USE;

#endif
