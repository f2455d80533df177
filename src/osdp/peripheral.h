/* peripheral.h: the other end of the line: a reader with LEDs, buzzer, display, keypad, inputs,
 * outputs, tamper and power. For trials, tests and the simulator. Pure: bytes and time in, bytes
 * and what was asked of it out.
 *
 *   waiting --CHLNG--> challenged --SCRYPT--> secure
 * A command with sequence 0 goes back to waiting; so do KEYSET, once it is answered, and a panel
 * that is lost. A command that comes twice (same bytes) is answered twice (same bytes) and carried
 * out once. In a session what does not hold is refused and changes nothing, neither session nor
 * sequence; what nobody can vouch for is only a command with sequence 0 and CHLNG: they end it, and
 * no more. Frames with a wrong check are met with silence.
 *
 * Invariants:
 *   1. nothing is carried out before its frame's check, sequence, MAC and length hold;
 *   2. with a key set, nothing but ID, CAP and the handshake is answered outside a session, and
 *      SCBK-D opens none; without one SCBK-D does, so that a first key can be set;
 *   3. an answer is made whole before it is given out, and kept until the next command;
 *   4. an output that is on for a time goes off by itself, with or without a panel. One that was
 *      told to be on for good stays on until it is told otherwise or the power goes: a peripheral
 *      does not know which output is a lock, so a panel unlocks for a time only.
 */
#ifndef SP_OSDP_PERIPHERAL_H
#define SP_OSDP_PERIPHERAL_H

#include "base/time.h"
#include "osdp/message.h"
#include "osdp/secure.h"

enum {
  peripheral_inputs_max = 16,
  peripheral_outputs_max = 16,
  peripheral_leds_max = 4,
  peripheral_queue_max = 16, /* cards, keys and the like that wait to be polled for */
  peripheral_card_bits_max = 512,
  peripheral_keys_max = 32,
  peripheral_lost_ms = 8000, /* without a command: the panel is gone, and the session with it */
  peripheral_gap_ms = 100, /* between two bytes of a frame; after more the rest is not waited for */
};

/* What it does, as it happens; called from within the functions below. Spans are valid during the
 * call. Any may be NULL. */
struct peripheral_ops {
  void *ctx;
  /* Fills with bytes nobody can guess. Needed. */
  void (*random)(void *ctx, void *out, size_t n);
  void (*out)(void *ctx, const struct osdp_out *out);         /* told, and about to be done */
  void (*output)(void *ctx, uint8_t output, bool on);         /* changed, by command or timer */
  void (*led)(void *ctx, uint8_t led, enum osdp_color color); /* what it shows now */
  void (*buzzer)(void *ctx, bool on);
  void (*text)(void *ctx, const struct osdp_text *text);
  /* By the first tick after its answer was taken, so that the answer goes out at the old speed. */
  void (*comset)(void *ctx, const struct osdp_comset *set);
  /* Keep it durably: a secret. False: it cannot be kept, and the panel is told that. */
  bool (*keyset)(void *ctx, const uint8_t key[osdp_key_bytes]);
  void (*secure)(void *ctx, bool on);
  void (*panel)(void *ctx, bool there); /* polls, or has not for 8 s */
  void (*mfg)(void *ctx, const struct osdp_mfg *mfg);
};

struct peripheral_options {
  uint8_t address;
  uint32_t baud; /* that COM tells */
  struct osdp_pdid id;
  bool crc;    /* answers as it is asked; else with checksums, also what came with a CRC-16 */
  bool secure; /* has the secure channel */
  bool has_key;
  uint8_t key[osdp_key_bytes];
  uint8_t n_inputs, n_outputs, n_leds;
  bool display, buzzer, keypad; /* the display: 4 rows of 16 characters */
};

struct peripheral; /* opaque */
struct peripheral *peripheral_new(const struct peripheral_options *options,
                                  const struct peripheral_ops *ops); /* NULL: no memory */
void peripheral_free(struct peripheral *p);

/* Bytes from the line; now: microseconds of a clock that never goes back. What answers them is in
 * peripheral_reply. */
void peripheral_input(struct peripheral *p, struct span bytes, usec now);
/* The bytes to be sent now, mark byte included; valid until the next call. Empty: none. Taken once.
 */
struct span peripheral_reply(struct peripheral *p);
/* Timers of outputs, LEDs, buzzer and panel. When next: TIME_ABSENT = never. */
usec peripheral_due(const struct peripheral *p);
void peripheral_tick(struct peripheral *p, usec now);

/* What happens at it, told at the next polls, in this order. False: too much waits already. */
bool peripheral_card(struct peripheral *p, uint8_t format, uint16_t bits, struct span data);
bool peripheral_keys(struct peripheral *p, struct span keys);
bool peripheral_input_set(struct peripheral *p, uint8_t input, bool active);
bool peripheral_tamper(struct peripheral *p, bool tampered);
bool peripheral_power(struct peripheral *p, bool failed);
/* The next n commands that come in, the same one again or another, are answered BUSY. */
void peripheral_busy(struct peripheral *p, uint32_t n);
/* As after a loss of power: session, queue, outputs, LEDs and buzzer are gone; address, key and
 * what the inputs are stay. */
void peripheral_restart(struct peripheral *p, usec now);

bool peripheral_output_is_on(const struct peripheral *p, uint8_t output);
bool peripheral_is_secure(const struct peripheral *p);

#endif
