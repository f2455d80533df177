/* entry_write.h: from a decided command to the bytes of its entries. The engine writes them so, and
 * replay compares with them.
 *
 * Invariants:
 *   1. the same state, command and outcome give the same bytes; nothing else goes in;
 *   2. the first entry of a command is its head and holds the command; the others name it as cause.
 */
#ifndef SP_ENGINE_ENTRY_WRITE_H
#define SP_ENGINE_ENTRY_WRITE_H

#include "core/core.h"
#include "journal/entry.h"

/* Scratch; zero-initialise, free with entry_writer_free. */
struct entry_writer {
  struct buf command, data;
};
void entry_writer_free(struct entry_writer *w);

/* Appends one entry for each event of *o, each after its length as two bytes, big-endian: the form
 * of an entry bundle (bundle_next of journal/tile_path.h takes them apart). `core` is the state
 * that *o was decided on, before any of its events is applied. Nothing is appended when there are
 * no events. SP_NO_MEMORY: *bundle is as it was. */
enum sp_err entry_write(struct entry_writer *w, const struct core *core, const struct slug *site,
                        const struct command *c, const struct outcome *o, struct buf *bundle,
                        struct fault *why) SP_MUST_USE;

/* "core", "node:init", "line:NAME", "op:HEXID"; returns the length. */
size_t actor_text(const struct core *core, struct actor actor, char out[actor_text_max]);

#endif
