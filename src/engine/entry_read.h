/* entry_read.h: from a parsed entry (journal/entry.h) to the event it says and the command it came
 * from. Entries are bytes from outside: nothing here is believed before it was looked at.
 *
 * All take the state as it was before the entry's command was applied (events: before the event),
 * since names are found in it. Faults do not name the entry: the caller knows its index.
 */
#ifndef SP_ENGINE_ENTRY_READ_H
#define SP_ENGINE_ENTRY_READ_H

#include "core/core.h"
#include "journal/entry.h"

/* False when this program knows no such event. */
bool event_type_find(struct span type, enum event_type *out);

/* The string that a member on the first level of a canonical object has; empty when there is no
 * such member, or it is no string. */
struct span entry_member(struct span object, const char *key);
bool entry_member_is_true(struct span object, const char *key);

/* Fills the event but its plan. SP_VERSION: a type that this program does not know; SP_CORRUPT:
 * data that its type does not allow, or that names what does not exist. */
enum sp_err entry_read_event(const struct core *core, const struct entry *entry, struct event *e,
                             struct fault *why) SP_MUST_USE;

/* Of a head entry. Fills the command but its plan. Errors as above. */
enum sp_err entry_read_command(const struct core *core, const struct entry *entry,
                               struct command *c, struct fault *why) SP_MUST_USE;

/* "core", "node:init", "node:hand", "line:NAME", "op:ID". SP_CORRUPT: no such actor here. */
enum sp_err entry_read_actor(const struct core *core, struct span text, struct actor *actor,
                             struct fault *why) SP_MUST_USE;

#endif
