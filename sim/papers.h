/* papers.h: papers and photos, for whoever sends them without caring what they say. */
#ifndef SIM_PAPERS_H
#define SIM_PAPERS_H

#include "core/command.h"
#include "sim/rng.h"

/* Of a command that can name a paper, and now and then of one that does: its bytes are appended to
 * `paper`, to be uploaded before, and the command names them. A photo is named by its details,
 * which are appended to `more` as `,"details":{…}`. Nothing is appended: there is none. */
void paper_text(struct rng *r, struct command *c, struct buf *paper, struct buf *more);

/* Of one connection's papers, which were taken: those of the last 64, by number. */
struct papers_sent {
  uint64_t there; /* bit (number % 64) */
};
void papers_send(struct papers_sent *s, uint32_t number);
void papers_uploaded(struct papers_sent *s, uint32_t number, const char *reply);
/* The reply to the command that names it. False: the paper was taken, the command was done, and it
 * was not kept. */
bool papers_named(const struct papers_sent *s, uint32_t number, const char *reply);

#endif
