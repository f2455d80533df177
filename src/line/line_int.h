/* line_int.h: what the files of a line share; nobody else includes it.
 *
 *   line.c         its readers: sessions, keys, cards, PINs, what they show
 *   line_door.c    its doors: what they are told, and what is said of them
 *   line_wire.c    their wires: strike and contacts among a board's outputs and inputs
 *   line_engine.c  what is said to the engine, and what it answers and sends
 */
#ifndef SP_LINE_LINE_INT_H
#define SP_LINE_LINE_INT_H

#include "line/line.h"
#include "plan/card_format.h"

enum {
  kept_max = 64,       /* that happened without the engine, the oldest lost first */
  asked_max = 256,     /* requests whose answers are awaited */
  pin_max = 12,        /* digits */
  pin_wait_ms = 15000, /* from the card to the PIN, or the other way round */
  bus_ms = 60, /* from the queue to the reader, at most: taken off the time that an unlock has */
  settle_ms = 150, /* after a reader's timer, until it is asked whether the strike is off */
  again_ms = 500,  /* until what the engine had no room for is said again */
};

/* Tags of commands to readers: what they are for, of which door, and of which entry. */
enum for_what { FOR_NOTHING = 1, FOR_UNLOCK, FOR_LOCK, FOR_INPUTS, FOR_STRIKE };

struct line_reader {
  uint32_t reader; /* of the plan */
  uint8_t address;
  bool online;   /* as the plan wants it */
  bool insecure; /* answers, but not as securely as the plan wants: not online then */
  bool heard;    /* it has been there, or answered otherwise than it must, since the line began */
  bool has_status, tampered, unpowered; /* since it is online */
  bool keyless;                         /* there is no key for it, and the plan wants one */
  bool rekey, rekey_sent;               /* another key was ordered; and tried since it is online */
  bool lit;                             /* shows that it is ready */
  struct line_key key;
  bool setting;             /* the panel has key.next to set, and has not told what became of it */
  struct card_reading card; /* waits for a PIN; secret */
  usec card_until;          /* TIME_ABSENT: none does */
  char pin[pin_max + 1];    /* secret */
  uint32_t n_pin;
  bool pin_done; /* ended by #, and the card comes after it */
  usec pin_until;
};

struct line_door {
  uint32_t door; /* of the plan */
  uint32_t at;   /* index of the reader that it is wired to */
  bool has_contact, has_monitor;
  uint32_t lacking; /* bit (1 << enum door_wire): the reader has no such output or input */
  bool known;       /* inputs were told in this session of the reader */
  bool seen;        /* the contact among them */
  bool open, bolt, rex;
  bool strike_off; /* the reader says so, since the last command to it */
  bool looked;     /* at the inputs, since then: it may have been opened just before */
  bool settled;    /* the reader has told all that it had kept then: nothing older will come */
  bool told, told_open, told_locked;
  uint32_t unlocks, locks; /* on their way to the reader, which does them in their order */
  uint64_t carried;        /* entry of the last unlock or lock that was carried out; 1: none */
  uint64_t newest;         /* of the last that came */
  uint64_t lock_again;     /* of a lock that was not carried out; 0: none */
  uint32_t ms;             /* of the last unlock */
  usec ask_at;             /* whether the strike is off; TIME_ABSENT: not */
  usec say_at;             /* again, what the engine had no room for */
};

struct kept {
  uint32_t reader, door; /* of the plan; one is REF_ABSENT */
  const char *sign;
  struct card_reading card; /* secret */
  usec wall;
};

enum asked_what { ASKED_NOTHING, ASKED_PASS, ASKED_DOOR, ASKED_READER };
struct asked {
  uint64_t id;
  enum asked_what what;
  uint32_t index;
  struct card_reading card; /* of ASKED_PASS: to be shown again with a PIN; secret */
  bool asked_pin;           /* one came, or was waited for in vain: it is not asked for again */
};

struct line {
  const struct plan *plan;
  uint32_t index;
  struct line_io io;
  struct panel *panel;
  bool port_up, engine_up;
  usec sure_at; /* until then one that was not heard of may be about to answer; TIME_ABSENT: past */
  uint32_t n_readers, n_doors, n_kept;
  struct line_reader *readers;
  struct line_door *doors;
  struct kept kept[kept_max];
  struct asked asked[asked_max];
  uint64_t next_id;
  struct buf out; /* scratch */
};

/* --- line.c --- */
void line_say(struct line *l, const char *fmt, ...) SP_PRINTF(2, 3);
const char *reader_name(const struct line *l, const struct line_reader *r);
const char *door_name(const struct line *l, const struct line_door *d);
/* Queues a command; tag as for_what and an index make it. False: it could not be. */
bool reader_command(struct line *l, struct line_reader *r, uint8_t code, const void *message,
                    enum for_what what, uint32_t index, uint64_t n_entry, usec before);
enum look { LOOK_READY, LOOK_GRANTED, LOOK_REFUSED, LOOK_WAIT, LOOK_PIN, LOOK_CUT };
void reader_show(struct line *l, struct line_reader *r, enum look look);
/* Another key was ordered for it: at once, or when it is online. */
void reader_rekey(struct line *l, struct line_reader *r);
/* A card was refused for want of a PIN: it is asked for, and the card shown again with it. */
void reader_ask_pin(struct line *l, struct line_reader *r, const struct card_reading *card);

/* How many items of a function the reader says that it has, of enum osdp_capability; -1: it says
 * nothing. */
int reader_items(const struct line *l, const struct line_reader *r, uint8_t function);

/* --- line_wire.c --- */
/* The state that its board told of a wire is `on`: it works, or is active, as the plan means it. Of
 * one that is lacking nothing is. */
bool wire_is(const struct line *l, const struct line_door *d, enum door_wire wire,
             struct span states, bool on);
bool wire_lacks(const struct line_door *d, enum door_wire wire);
/* The reader has so many outputs, or inputs. What the plan wires beyond is told, once a session. */
void wires_count(struct line *l, struct line_door *d, bool outputs, size_t there);
/* Unlocks for a time, or locks. */
struct osdp_out wire_strike(const struct line *l, const struct line_door *d, bool unlock,
                            uint16_t timer);

/* --- line_door.c --- */
/* Its reader's inputs and outputs: what it answered when it was asked for them for this door, else
 * what it kept until it was polled, or told another door. */
void door_inputs(struct line *l, struct line_door *d, const struct panel_event *e, bool asked);
void door_outputs(struct line *l, struct line_door *d, const struct panel_event *e, bool asked);
void door_unlock(struct line *l, struct line_door *d, uint32_t ms, uint64_t n, usec before);
void door_lock(struct line *l, struct line_door *d, uint64_t n);
/* Its reader has told all that it kept. */
void door_quiet(struct line *l, struct line_door *d);
/* A command to its strike was carried out, or was not. */
void door_done(struct line *l, struct line_door *d, enum for_what what, uint64_t n, bool done);
void door_reader(struct line *l, struct line_door *d, bool online);
/* Says all that the engine has not been told. */
void door_tell(struct line *l, struct line_door *d);
void door_tick(struct line *l, struct line_door *d, usec now);
usec door_due(const struct line_door *d);

/* --- line_engine.c --- */
/* pin: NULL: none was asked for; empty: none came. */
void engine_say_pass(struct line *l, struct line_reader *r, const struct card_reading *card,
                     const char *pin, bool late);
void engine_say_door(struct line *l, struct line_door *d, const char *sign);
/* In the order in which they are said: of one that answers and is insecure it is never said first
 * that it answers. */
enum reader_says { SAYS_SECURE, SAYS_ONLINE, SAYS_TAMPER, SAYS_POWER, SAYS_COUNT };
/* How a reader is in this respect, as far as it is known; and in all of them. */
void engine_say_reader(struct line *l, uint32_t index, enum reader_says what);
void engine_say_all_of_reader(struct line *l, uint32_t index);
void engine_say_rekeyed(struct line *l, uint32_t index);
void engine_lost(struct line *l);

#endif
