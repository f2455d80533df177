/* line_rig.h: a site with one line, for measuring it whole: `sallyport serve` and `sallyport line
 * run` as the processes that they are, and the readers of `sallyport reader` in this one, with the
 * secure channel, on TCP or on a pseudo terminal whose bytes take their time. Where it is watched,
 * this process also stands between the line and the engine, and notes when what passes by: that
 * costs two more changes of process a passage. Whatever fails ends the process with a sentence, and
 * what it started with it.
 */
#ifndef SP_BENCH_LINE_RIG_H
#define SP_BENCH_LINE_RIG_H

#include <stdbool.h>
#include <stdint.h>

/* Of one passage, in nanoseconds of CLOCK_MONOTONIC. */
struct rig_times {
  int64_t presented; /* the card, at the reader */
  int64_t polled;    /* the poll that fetches it is at the reader */
  int64_t asked;     /* the request leaves the line. Watched only, as the next */
  int64_t decided;   /* the unlock leaves the engine, durable */
  int64_t driven;    /* the command to the strike is at the reader, which has carried it out */
};

enum { rig_readers_max = 32 };
struct rig; /* opaque */
/* In DIR, which is made and must not exist. baud: of a pseudo terminal; 0: TCP. Returns once every
 * reader is in its session. */
struct rig *rig_open(const char *dir, uint32_t n_readers, uint32_t baud, bool watched);
/* Ends the processes and removes DIR. */
void rig_close(struct rig *r);
/* Presents the card at a reader and waits until the strike is driven. */
void rig_pass(struct rig *r, uint32_t reader, struct rig_times *t);
/* Lets the line go on for so long. */
void rig_idle(struct rig *r, int64_t ns);

/* What was on the line until now. */
struct rig_traffic {
  uint64_t commands, bytes; /* bytes both ways */
};
struct rig_traffic rig_traffic(const struct rig *r);

int64_t rig_now(void);

#endif
