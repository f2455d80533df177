/* panel.h: the control panel's end of one line with up to 126 peripherals. Pure: bytes and time in,
 * bytes and events out.
 *
 *   off --> identify --PDID--> capabilities --PDCAP--> challenge --CCRYPT--> prove --RMAC_I-->
 * online
 *                                              `--- secure: none ------------------------------^
 *   from each: silence for 8 s, a NAK 4, a session that no longer fits --> off, and again
 *
 * One frame is under way at a time: the answer or 200 ms are waited for. What was not answered is
 * sent again byte for byte. Peripherals are asked in turn, every poll_ms at most; a command that
 * waits goes before polls. One that does not answer is asked ever less often, within seconds again,
 * so that the others do not wait for it.
 *
 * Invariants:
 *   1. no command but those of the handshake leaves for a peripheral that is not as secure as it
 * must be;
 *   2. an event that a secure session must protect is told only of a reply whose MAC held;
 *   3. SCBK-D is used only where it was asked for, and then nothing but ID, CAP and KEYSET is sent;
 *   4. a frame that is sent again is the same frame; a command is told done, failed or lost once;
 *   5. whoever sends without end, or ends one session after the other, brings about that it is
 * told.
 */
#ifndef SP_OSDP_PANEL_H
#define SP_OSDP_PANEL_H

#include "base/record.h"
#include "osdp/message.h"
#include "osdp/secure.h"

enum {
  panel_peripherals_max = 127, /* addresses 0 to 126 */
  panel_reply_ms = 200,        /* from the last byte of a command to the first of its answer */
  panel_offline_ms = 8000,     /* without an answer that holds */
  panel_late_ms = 8000,        /* a poll's answer that may have waited for longer is late */
  panel_poll_ms = 50,
  panel_queue_max = 16, /* commands that wait, of one peripheral */
};

enum panel_security {
  PANEL_CLEAR,   /* no secure channel */
  PANEL_KEY,     /* with its key */
  PANEL_INSTALL, /* with SCBK-D, to set the first key: nothing else is done with it */
};

struct panel_peripheral {
  uint8_t address;
  enum panel_security security;
  uint8_t key[osdp_key_bytes]; /* of PANEL_KEY; of PANEL_INSTALL the one that is set */
  bool has_next;               /* a key that was sent, and perhaps not kept: tried too */
  uint8_t next_key[osdp_key_bytes];
};

enum panel_event_kind {
  PANEL_ONLINE,   /* as secure as it must be; id and capabilities are known */
  PANEL_OFFLINE,  /* it was online or insecure: why tells: silence, sessions that never last … */
  PANEL_INSECURE, /* it answers, and not as securely as it must: why tells. Not online any more */
  PANEL_REPLY,    /* code and data: a poll's or a command's reply other than ACK, NAK, BUSY */
  PANEL_DONE,     /* the command with this tag was answered and not refused */
  PANEL_FAILED,   /* it was refused (nak) or the answer made no sense */
  PANEL_LOST,     /* the peripheral went away, or `before` passed, before it was sent or answered:
                     whether it was carried out is not known once it was sent */
  PANEL_KEY_SET,  /* a session stands with another key than the one known: the one that was set, or
                     next_key. Tag: of KEYSET, or 0 */
  PANEL_QUIET,    /* a poll was answered with nothing new, the first since something was: all that
                     it had kept when it answered what came before has been told */
};
enum panel_why {
  PANEL_WHY_NONE,
  PANEL_WHY_SILENT,      /* no answer for panel_offline_ms */
  PANEL_WHY_WRONG_KEY,   /* its cryptogram does not fit the key */
  PANEL_WHY_NO_SECURE,   /* it has no secure channel, or refuses it */
  PANEL_WHY_DEFAULT_KEY, /* it answers with SCBK-D where its own key is asked for */
  PANEL_WHY_MAC,         /* answers whose MAC does not hold, again and again */
  PANEL_WHY_RESTARTED,   /* it lost the session */
  PANEL_WHY_DROPPED,     /* the line was cut, or the peripheral taken off it */
};

struct panel_event {
  enum panel_event_kind kind;
  uint8_t address;
  enum panel_why why;
  uint8_t code; /* of PANEL_REPLY the reply's; of DONE, FAILED and LOST the command's */
  uint8_t nak;  /* of PANEL_FAILED; 0: the answer made no sense */
  bool late;    /* of PANEL_REPLY to a poll: it may have waited at the peripheral since before this
                   session, or for longer than panel_late_ms: so long ago was the last poll that was
                   answered with nothing new */
  bool sent;    /* of PANEL_LOST */
  uint64_t tag; /* of the command; 0 of a poll */
  struct span data; /* of PANEL_REPLY; personal or secret: wiped when the next event is taken */
};

struct panel_ops {
  void *ctx;
  /* Fills with bytes nobody can guess. */
  void (*random)(void *ctx, void *out, size_t n);
};
struct panel_options {
  uint32_t baud;    /* of a serial line; 0: bytes take no time (TCP) */
  uint32_t poll_ms; /* 0: panel_poll_ms */
  bool checksum; /* speak with checksums until a peripheral tells of CRC; else CRC from the start */
};

struct panel; /* opaque */
struct panel *panel_new(const struct panel_options *options, const struct panel_ops *ops);
void panel_free(struct panel *p);

/* Adds a peripheral or changes what is known of it; one that is there begins anew.
 * SP_INVALID: the address; SP_NO_MEMORY. */
enum sp_err panel_put(struct panel *p, const struct panel_peripheral *x, usec now) SP_MUST_USE;
void panel_remove(struct panel *p, uint8_t address, usec now);

/* The line is there, or is not: then everyone is off, and nothing is sent. */
void panel_line(struct panel *p, bool up, usec now);
/* Bytes that came in. */
void panel_input(struct panel *p, struct span bytes, usec now);
/* What is to be sent at this time, the mark byte included; valid until the next call. Empty:
 * nothing. It counts as sent: the caller writes all of it at once. */
struct span panel_output(struct panel *p, usec now);
/* When panel_output is to be called again even if nothing comes in. */
usec panel_due(const struct panel *p);
/* False: nothing has happened. */
bool panel_event(struct panel *p, struct panel_event *e);

/* Queues a command: its data in clear as message.h says. tag: the caller's, not 0, comes back with
 * DONE, FAILED or LOST. before: not sent later than this; TIME_ABSENT = any time. urgent: before
 * those that wait already (locks and unlocks). SP_NOT_FOUND: no such peripheral; SP_UNAVAILABLE: it
 * is not online; SP_BUSY: too many wait; SP_LIMIT: too much data. KEYSET and COMSET have functions
 * of their own. */
enum sp_err panel_command(struct panel *p, uint8_t address, uint8_t code, struct span data,
                          uint64_t tag, usec before, bool urgent, usec now) SP_MUST_USE;
/* Queues KEYSET; PANEL_KEY_SET follows when a session with that key stands, PANEL_FAILED when one
 * with the old key does. */
enum sp_err panel_set_key(struct panel *p, uint8_t address, const uint8_t key[osdp_key_bytes],
                          uint64_t tag, usec now) SP_MUST_USE;
/* Queues COMSET; after COM the panel asks at the address that it told. The speed of the line is the
 * caller's to change. SP_INVALID: the address is taken. */
enum sp_err panel_set_address(struct panel *p, uint8_t address, uint8_t to, uint32_t baud,
                              uint64_t tag, usec now) SP_MUST_USE;

struct panel_status {
  bool online, secure;
  enum panel_why why; /* it is not online */
  struct osdp_pdid id;
  uint8_t n_capabilities;
  struct osdp_pdcap capabilities[32];
  uint64_t polls, replies, retries, damaged, mac_wrong, naks, busy, sessions;
  uint32_t queued;
};
/* False: there is no such peripheral. */
bool panel_status(const struct panel *p, uint8_t address, struct panel_status *s);

#endif
