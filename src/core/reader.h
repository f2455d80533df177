/* reader.h: how readers are: the events that change it. */
#ifndef SP_CORE_READER_H
#define SP_CORE_READER_H

#include "core/event.h"
#include "core/state.h"

/* One of the events about a reader (reader.c lists them) has happened. */
void reader_changed(struct reader_state *s, const struct event *e);

#endif
