/* panel_int.h: what the files of the panel share; nobody else includes it.
 *
 *   panel.c         the line: who is asked next, when, and what came in
 *   panel_ask.c     the frame that a peripheral gets next
 *   panel_answer.c  what an answer makes of it
 *   panel_queue.c   commands that wait, and events that nobody has taken yet
 */
#ifndef SP_OSDP_PANEL_INT_H
#define SP_OSDP_PANEL_INT_H

#include "osdp/panel.h"

enum {
  restarts_max = 5, /* of sessions that did not stand for settled_ms; then it is lost */
  settled_ms = 10000,
  wrong_macs_max = 3, /* one after the other; then the session begins anew */
  busy_ms = 20,       /* until one that was busy is asked again */
  probe_ms_min = 500, /* between two attempts to reach one that does not answer */
  probe_ms_max = 4000,
  probe_pause_ms = 600, /* on a line with others, after an attempt that failed */
  gap_ms = 100,         /* within a frame that is coming in */
  damage_ms = 20,       /* after a damaged answer, until it is asked for again */
  idle_chars = 2,       /* silence before anyone sends */
  bits_a_char = 10,
  shares_max = 8,   /* one peripheral takes an eighth of a line with many, where it is slow */
  urgent_ms = 1000, /* how much earlier one counts as due that cannot wait */
  reply_slots = 4,  /* answers that nobody has taken: more are not asked for */
  events_max = panel_peripherals_max * (panel_queue_max + 8),
};

/* In the order in which they are gone through. */
enum step {
  STEP_IDENTIFY,       /* ID in clear, sequence 0 */
  STEP_CAPABILITIES,   /* CAP in clear */
  STEP_CHALLENGE,      /* CHLNG */
  STEP_PROVE,          /* SCRYPT */
  STEP_IDENTIFY_AGAIN, /* ID and CAP in the session: in clear anyone can answer them */
  STEP_CAPABILITIES_AGAIN,
  STEP_SET_KEY, /* of PANEL_INSTALL: the session is with SCBK-D */
  STEP_ONLINE,
  STEP_COUNT
};

struct waiting { /* a command */
  uint8_t code;
  uint8_t *data; /* secret: wiped */
  size_t n;
  uint64_t tag;
  usec before;
  usec due; /* as if it were a poll: a little earlier than it came, so that it goes first */
  bool urgent;
};

struct peer {
  struct panel_peripheral is; /* key: the one that is tried now */
  enum step step;
  bool told_online;
  enum panel_why told_insecure; /* PANEL_WHY_NONE: it was not */
  bool tried_other;             /* key, since it was last told or online */
  bool installs;                /* PANEL_INSTALL, until a session with its own key stands */
  enum panel_why why;
  uint8_t sequence; /* of the next new frame */
  bool crc;
  bool secure; /* the session stands */
  struct osdp_secure session;
  uint32_t wrong_macs;

  /* The frame under way, until it is answered: sent again as it is. */
  uint8_t frame[osdp_frame_max + 1];
  size_t n_frame; /* 0: none */
  uint8_t code;
  uint32_t tries;
  bool has_command; /* it carries the first of the queue */

  usec next_at, answered_at, online_at;
  usec made_at; /* when the frame under way was sent first: what answers it may be as old */
  uint32_t probe_ms;
  bool drained;      /* a poll of this session was answered with nothing new */
  usec drained_at;   /* when the last such poll was made */
  bool quiet;        /* and so was the last that it was asked */
  uint32_t restarts; /* since a session stood for settled_ms */
  uint64_t key_tag;  /* of the KEYSET after which a session with the new key is awaited; 0 none */
  uint8_t known_key[osdp_key_bytes]; /* that the caller knows it has */
  struct waiting queue[panel_queue_max];
  uint32_t n_queue;
  struct panel_status status;
};

struct panel {
  struct panel_options options;
  struct panel_ops ops;
  struct peer *peers[panel_peripherals_max]; /* by address; NULL: none */
  uint32_t n_queued;
  bool up;
  struct peer *asked; /* whose answer is awaited */
  usec asked_at;
  usec deadline; /* for its answer: later when something comes in, up to one of these */
  usec deadline_noise, deadline_frame;
  usec free_at, probe_at;
  uint8_t in[2 * osdp_frame_max];
  size_t n_in;
  uint8_t plain[osdp_frame_max];

  struct panel_event events[events_max];
  uint32_t first_event, n_events;
  uint8_t replies[reply_slots][osdp_frame_max];
  uint32_t first_reply, n_replies;
  bool reply_taken; /* the first of them was given out: free it with the next event */
};

/* panel_ask.c: makes peer->frame; false: it has nothing to say to it. SP_NO_MEMORY counts as such.
 */
bool peer_ask(struct panel *p, struct peer *x, usec now);
/* Its frame was answered: the next one has the next number. */
void peer_answered(struct peer *x, usec now);

/* panel_answer.c: a whole frame from the peripheral that was asked. False: it is no answer to that,
 * and one may still come. */
bool peer_answer(struct panel *p, struct peer *x, struct osdp_frame *f, usec now);
/* No session any more, and begin at the beginning. The command under way is lost. */
void peer_restart(struct panel *p, struct peer *x, enum panel_why why, usec now);
/* It is not there: restart, everything that waits is lost, and told. */
void peer_lost(struct panel *p, struct peer *x, enum panel_why why, usec now);

/* panel_queue.c */
struct panel_event *event_new(struct panel *p, enum panel_event_kind kind, const struct peer *x);
struct panel_event *event_reply(struct panel *p, const struct peer *x, uint8_t code, uint64_t tag,
                                struct span data);
bool events_have_room(const struct panel *p);
/* The first of the queue is over: the event that says so. */
struct panel_event *queue_end(struct panel *p, struct peer *x, enum panel_event_kind kind);
void queue_drop(struct panel *p, struct peer *x, uint32_t i);
/* Commands that may not be sent any more. */
void queue_expire(struct panel *p, struct peer *x, usec now);

#endif
