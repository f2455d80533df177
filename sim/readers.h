/* readers.h: the readers at the doors, each a real OSDP peripheral (osdp/peripheral.h) that hears
 * its bus, drives the strike that is wired to it and watches the contacts; and what is true of
 * each: which cards it has read and when, whether its power is on, which key it has, and what the
 * engine was told of it. The oracles of readers are here:
 *
 *   1. a card is told of a reader that read it, once a read; and once more when the engine asked
 * for a PIN; as of now only when it was read in the reader's secure session;
 *   2. a strike is drawn on an unlock of the engine, each at most once;
 *   3. of a reader that cannot be reached the engine is told that it is offline, in time;
 *   4. of one that can be reached, with no fault any more, that it is online and secure, and
 * whether it is open and has power;
 *   5. of another one that hangs in its place, that it is insecure, and not that it is silent.
 *
 * A door's strike and contacts are wired to the first of its readers, as line/line.h has it. */
#ifndef SIM_READERS_H
#define SIM_READERS_H

#include "line/line.h"
#include "plan/card_format.h"
#include "sim/bus.h"
#include "sim/world.h"

struct readers *readers_new(struct world *w);
void readers_free(struct readers *all);
/* Another plan is in force: readers of the same name, line and address are the same readers. */
void readers_replan(struct readers *all, const struct plan *plan);

/* --- What people do; reader and door are of the plan in force --- */
struct card {
  char format[slug_max + 1];
  char digits[24];       /* hex, as an operator types it */
  struct card_bits bits; /* as a reader reads it */
};
void readers_card(struct readers *all, uint32_t reader, const struct card *card);
void readers_pin(struct readers *all, uint32_t reader, const char *digits);
void readers_rex(struct readers *all, uint32_t door);
/* The leaf or the bolt of this door is not as it was. */
void readers_contact(struct readers *all, uint32_t door);

/* --- For lines.c --- */
/* A frame reaches a reader, which is what was attached to the bus. */
void readers_hear(void *reader, struct span bytes);
/* The key that the site has for it. */
bool readers_key(struct readers *all, const char *reader, struct line_key *key);
void readers_keep_key(struct readers *all, const char *reader, const struct line_key *key);
/* What the line says to the engine, as text, and what the engine says to it. */
void readers_said(struct readers *all, uint64_t id, const char *text, const struct plan *plan);
void readers_answered(struct readers *all, const struct bus *bus, uint64_t id, const char *text);
void readers_effect(struct readers *all, const struct bus *bus, const char *text);
/* The engine knows nothing of the readers on this bus until it is told again. */
void readers_untold(struct readers *all, const struct bus *bus);
/* Every second: what happens to them, and oracles 3 to 5. since: when its line last began or
 * connected; TIME_ABSENT: it is not connected. */
void readers_second(struct readers *all);
void readers_check(struct readers *all, const struct bus *bus, usec since);

#endif
