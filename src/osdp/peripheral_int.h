/* peripheral_int.h: what the two files of the peripheral share; nobody else includes it.
 *
 *   peripheral.c    the protocol: frames, sequence, session, what answers what
 *   peripheral_do.c what a command does to outputs, LEDs, buzzer; timers; what waits to be polled
 */
#ifndef SP_OSDP_PERIPHERAL_INT_H
#define SP_OSDP_PERIPHERAL_INT_H

#include "osdp/peripheral.h"

enum {
  gap_ms = 200, /* a frame that does not go on for so long is none */
  panel_lost_ms = 8000,
  queued_data_max = 64,
  unit_ms = 100, /* of times in commands */
};

enum session { SESSION_NONE, SESSION_CHALLENGED, SESSION_SECURE };

struct blink {     /* of an LED or the buzzer */
  uint8_t on, off; /* units; both 0: steady on */
  uint8_t on_color, off_color;
};
struct lamp {
  struct blink permanent, temporary;
  bool is_temporary;
  usec began, until; /* of the temporary one */
  uint8_t shown;     /* enum osdp_color */
};
struct strike {
  bool on, after; /* after: what it is when the timer ends */
  usec until;     /* TIME_ABSENT: no timer runs */
};
struct queued { /* tells of itself at a poll */
  uint8_t code;
  uint8_t n;
  uint8_t data[queued_data_max]; /* a secret: keys */
};

struct peripheral {
  struct peripheral_options is;
  struct peripheral_ops ops;
  uint8_t in[osdp_frame_max], plain[osdp_frame_max];
  size_t n_in;
  usec heard_at, polled_at;
  bool panel_there;

  uint8_t sequence;             /* of the last command that was taken; 0xFF: none */
  uint8_t last[osdp_frame_max]; /* that command and its answer, as they were */
  size_t n_last;
  uint8_t reply[osdp_frame_max + 1];
  size_t n_reply;
  bool reply_waits;
  struct osdp_comset comset; /* to be taken once the answer is out */
  bool comset_waits;

  enum session session;
  bool default_key; /* the session is with SCBK-D */
  struct osdp_secure secure;
  uint32_t busy;

  struct queued queue[peripheral_queue_max];
  uint32_t n_queue;
  bool inputs[peripheral_inputs_max], tampered, power_failed;
  struct strike outputs[peripheral_outputs_max];
  struct lamp leds[peripheral_leds_max];
  struct osdp_buz buzzer;
  usec buzzer_began;
  bool buzzer_on;
  usec now;
};

/* What a reply is to be: code 0 is ACK. */
struct answer {
  uint8_t code;
  size_t n;
  uint8_t data[osdp_data_max];
};
/* Carries out a command whose data is in clear. NAK's reason, or 0. */
uint8_t peripheral_do(struct peripheral *p, uint8_t code, struct span data, struct answer *a);
/* The first that waits, or the answer to a poll when nothing does. */
void peripheral_poll(struct peripheral *p, struct answer *a);
/* Outputs, LEDs and buzzer as they are after a loss of power. */
void peripheral_dark(struct peripheral *p);

#endif
