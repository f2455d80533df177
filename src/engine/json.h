/* json.h: JSON from clients, looked at without building anything: one pass that says whether it is
 * JSON (RFC 8259, UTF-8, no key twice where members are asked for), and spans into it.
 *
 * Invariants:
 *   1. no byte outside the span given is read, and recursion is bounded by `depth`;
 *   2. nothing is allocated, so what is secret stays in the caller's bytes.
 */
#ifndef SP_ENGINE_JSON_H
#define SP_ENGINE_JSON_H

#include "base/bytes.h"

struct json_member {
  const char *key;
  struct span value; /* its JSON, without white space around it; .p NULL = not there */
};

/* The whole of `text` is one object with members from the list only, each once at most; all of it
 * is valid JSON of at most `depth` levels. `what` names it in faults. SP_INVALID, SP_LIMIT. */
enum sp_err json_members(struct span text, struct json_member *list, size_t n, unsigned depth,
                         const char *what, struct fault *why) SP_MUST_USE;
/* The value of the first member `key` of an object that json_members has been over; p NULL when
 * there is none. Other members are passed over. */
struct span json_find(struct span object, const char *key);

/* Decodes a string value into out, at most `most` bytes of UTF-8, without NUL at the end or inside.
 * SP_INVALID: not a string, or one with a NUL; SP_LIMIT. Faults never tell the text. */
enum sp_err json_string_read(struct span value, char *out, size_t most, size_t *n, const char *what,
                             struct fault *why) SP_MUST_USE;

/* A whole number from 0 to 2^32-1; false for anything else. */
bool json_u32_read(struct span value, uint32_t *out);

/* Appends a string in quotes; bytes that are no UTF-8 become U+FFFD. */
void json_string_put(struct buf *b, struct span text);

#endif
