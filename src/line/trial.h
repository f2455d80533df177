/* trial.h: a reader and its door in one, for trials and tests: a peripheral of which an output
 * draws the bolt of a door model and whose inputs are that door's contacts, and the words that say
 * what people do at it. Pure: words, bytes and time in, bytes and events out.
 */
#ifndef SP_LINE_TRIAL_H
#define SP_LINE_TRIAL_H

#include "core/plan.h"
#include "osdp/peripheral.h"

struct trial_event {
  uint8_t reader;   /* the address that it was started with */
  const char *what; /* "led", "bolt" …; static */
  int number;       /* of the LED, the output; -1: it has none */
  const char *is;   /* static; NULL: text says it */
  struct span text; /* from outside: filter it before it is shown */
};
struct trial_ops {
  void *ctx;
  void (*random)(void *ctx, void *out, size_t n);
  void (*event)(void *ctx, const struct trial_event *e);
  /* Keep it durably; false: it cannot be kept. */
  bool (*keyset)(void *ctx, uint8_t reader, const uint8_t key[osdp_key_bytes]);
};
struct trial_options {
  uint8_t address;
  struct plan_door door; /* which wires it has, and where they end (trial_door) */
  bool has_key;
  uint8_t key[osdp_key_bytes];
};

/* A door with the usual wires; then as the text says, like "strike=1,contact=0:inverted". NULL: as
 * usual. SP_USAGE. */
enum sp_err trial_door(struct plan_door *d, bool lock_monitor, const char *wiring,
                       struct fault *why) SP_MUST_USE;

struct trial; /* opaque */
struct trial *trial_new(const struct trial_options *options,
                        const struct trial_ops *ops); /* NULL: no memory */
void trial_free(struct trial *t);

/* As of a peripheral; while the reader is cut off the line it neither hears nor answers. */
void trial_input(struct trial *t, struct span bytes, usec now);
struct span trial_reply(struct trial *t);
usec trial_due(const struct trial *t);
void trial_tick(struct trial *t, usec now);

enum { trial_words_max = 4 };
/* What someone does: a word and its operands. SP_INVALID: no such word, or wrong operands, told
 * with what would be right and without what was typed as card or PIN; SP_LIMIT: too much waits to
 * be polled for. That a locked door stays closed is an event. */
enum sp_err trial_do(struct trial *t, char *const *words, size_t n, usec now,
                     struct fault *why) SP_MUST_USE;
/* Appends a line for each word. */
void trial_help(struct buf *out);
/* Seconds, up to a day, with a fraction: "0.5". */
bool trial_seconds(const char *text, usec *out);

#endif
