/* ask.h: what clients of the engine have asked and not yet been answered, one list a connection. */
#ifndef SIM_ASK_H
#define SIM_ASK_H

#include "engine/frame.h"
#include "sim/host.h"

enum { asks_max = 4096 };

struct ask {
  uint64_t id; /* 0: free */
  usec at;
  uint32_t what, arg; /* the client's */
};

struct asks {
  struct world *w;
  struct link *link;
  uint64_t next_id;
  struct ask *at;
  uint32_t n;
  usec longest; /* that one waited when all had settled, answered or not */
};

void asks_init(struct asks *a, struct world *w, struct link *link);
void asks_free(struct asks *a);
/* Sends it; the id it got, or 0 when nothing more may wait or the link is down. */
uint64_t asks_send(struct asks *a, enum frame_kind kind, struct span payload, uint32_t what,
                   uint32_t arg);
/* The same for a client that numbers its requests itself. */
void asks_send_as(struct asks *a, enum frame_kind kind, uint64_t id, struct span payload,
                  uint32_t what, uint32_t arg);
/* A reply: false when it is to nothing that waits; else *ask is what it is to, no longer waiting.
 */
bool asks_reply(struct asks *a, uint64_t id, struct ask *ask);
/* The connection is gone: nobody will answer any more. */
void asks_lost(struct asks *a);

/* The text of a member's string value, cut to size; empty when there is none. */
void reply_string(const char *text, const char *key, char *out, size_t size);
/* The number of a member, 0 when there is none. */
uint64_t reply_number(const char *text, const char *key);
/* The entry that a decision or an effect rests on; false when it rests on none. */
bool reply_entry(struct span text, uint64_t *n);

#endif
