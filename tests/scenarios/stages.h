/* stages.h: where scenarios are played. */
#ifndef SP_TESTS_STAGES_H
#define SP_TESTS_STAGES_H

#include "sim/scenario.h"

/* The core alone; after each command the naive model of sim/ is asked as well: it and the core must
 * agree on every reason, event, effect and on the whole state. */
extern const struct stage stage_core;
/* A real engine, its store, its clients. */
extern const struct stage stage_engine;

#endif
