/* knowing.h: at start, what an engine must know of its site besides the state: who may log in, and
 * what is known of everyone, so that who may be the same human is found. */
#ifndef SP_ENGINE_KNOWING_H
#define SP_ENGINE_KNOWING_H

#include "engine/engine.h"
#include "store/store.h"

/* SP_CORRUPT, SP_NO_MEMORY, and what the store has to say. */
enum sp_err engine_know_all(struct engine *e, struct store *store, struct fault *why) SP_MUST_USE;

#endif
