/* register_details.h: the details of a booking as its register: known fields, of their shapes. */
#ifndef SP_ENGINE_REGISTER_DETAILS_H
#define SP_ENGINE_REGISTER_DETAILS_H

#include "base/bytes.h"
#include "base/err.h"

enum { register_text_bytes_max = 2000, register_list_items_max = 64 };

/* Which fields of the register these details answer, and which of them by "unknown" or "declined":
 * bits (1 << enum register_field). SP_INVALID, SP_LIMIT: the fault names the field and the cure. */
enum sp_err register_details_read(struct span json, uint32_t *recorded, uint32_t *outstanding,
                                  struct fault *why) SP_MUST_USE;

#endif
