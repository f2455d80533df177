/* details_text.h: personal details as a client gave them, in the one form that is committed to. */
#ifndef SP_ENGINE_DETAILS_TEXT_H
#define SP_ENGINE_DETAILS_TEXT_H

#include "base/bytes.h"

/* Appends the object with keys in byte order and without white space. The text was found to be
 * JSON of bounded depth before (json.h). SP_INVALID: not an object, a key twice, a number that is
 * no whole one; SP_LIMIT: over details_max bytes; SP_NO_MEMORY. */
enum sp_err details_text(struct span json, struct buf *out, struct fault *why) SP_MUST_USE;

#endif
