/* bus.h: two wires that the panel of a line and its readers share. Bytes take their time, a frame
 * arrives when its last byte does, everyone hears what everyone says, and two who speak at once
 * spoil each other's words.
 *
 * Whoever can reach the wires can do more (the faults of buses, world.h): turn bits, take bytes
 * away and put others in, say again what was said before, ask like a second panel, and cut them. */
#ifndef SIM_BUS_H
#define SIM_BUS_H

#include "sim/world.h"

struct bus; /* opaque */

/* Who speaks: an address, or one of these. */
enum { bus_stranger = 253, bus_panel, bus_nobody };

/* Who is there hears a frame, or what is left of it. */
struct bus_ops {
  void *ctx;
  void (*panel)(void *ctx, struct span bytes);
  void (*reader)(void *reader, struct span bytes);
};
/* name: of its own stream of chance; valid as long as it. */
struct bus *bus_new(struct world *w, const char *name, const struct bus_ops *ops);
void bus_free(struct bus *b);

void bus_speed(struct bus *b, uint32_t baud);
/* Who is on it at this address; NULL: nobody. */
void bus_attach(struct bus *b, uint32_t address, void *reader);
/* Begins to speak after `wait`; the bytes are copied. */
void bus_say(struct bus *b, uint32_t who, struct span bytes, usec wait);
/* Whether words get from this address to the panel and back. */
bool bus_reaches(const struct bus *b, uint32_t address);
/* Every second: what happens to the wires. When all is calm they are whole again. */
void bus_second(struct bus *b);

#endif
