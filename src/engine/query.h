/* query.h: from events to the rows that answer questions: who passed where and when. The engine
 * writes them with the entries; rebuild makes the same rows from the entries alone. */
#ifndef SP_ENGINE_QUERY_H
#define SP_ENGINE_QUERY_H

#include "core/core.h"
#include "store/store.h"

/* False when the event makes no row. `core` is the state in which the event's indexes mean
 * something: the one before or after it. */
bool query_passage(const struct core *core, const struct event *e, struct store_passage *row);

/* The store's form of an entry type: "person.added" is "person-added". */
struct slug query_entry_type(enum event_type type);

#endif
