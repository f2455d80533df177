/* scan.h: which peripherals are on a line, at which addresses and speeds. Pure: bytes and time in,
 * bytes and events out.
 *
 *   at each speed: listen --> ask all at once (which speeds are looked at first)
 *   with CRC-16, then with checksums, at each speed, at each address: ID --PDID, NAK--> CAP -->
 * found
 *
 * ID and CAP are all that is ever sent, in clear and with sequence 0: they change nothing at a
 * peripheral but that a session which it had is over. POLL is not: it would take cards that wait
 * there. No key is tried, not the one that everyone knows either.
 *
 * Invariants:
 *   1. nothing is sent but ID and CAP;
 *   2. nothing is sent at a speed at which another panel was heard asking: the scan ends;
 *   3. a peripheral is told of once for each speed at which it answers.
 */
#ifndef SP_OSDP_SCAN_H
#define SP_OSDP_SCAN_H

#include "base/time.h"
#include "osdp/message.h"

enum {
  scan_speeds_max = 6,
  scan_capabilities_max = 32,
  scan_reply_ms = 200,    /* from the last byte of a question to the first of its answer */
  scan_patient_ms = 1000, /* of one that answered too late */
  scan_listen_ms = 250,   /* at each speed: a panel that polls is heard */
};
/* The speeds that OSDP knows. */
extern const uint32_t scan_speeds[scan_speeds_max];

struct scan_options {
  uint8_t first, last; /* addresses */
  uint8_t n_speeds;
  uint32_t speeds[scan_speeds_max]; /* one of 0: bytes take no time (TCP) */
};

enum scan_event_kind {
  SCAN_FOUND,
  SCAN_NOISE, /* at these addresses something answers that is no frame, again and again */
  SCAN_PANEL, /* another panel asks on this line: it must be silent first. The scan is over */
  SCAN_DONE,
};
struct scan_event {
  enum scan_event_kind kind;
  uint8_t address, last; /* last: of SCAN_NOISE */
  uint32_t baud;
  /* Of SCAN_FOUND. */
  bool crc;          /* it answers with a CRC-16, else a checksum */
  bool twice;        /* it answered twice, and not the same: two peripherals with one address */
  bool late;         /* after more than scan_reply_ms */
  bool has_id;       /* it told who it is */
  uint8_t id_answer; /* code of what it answered to ID */
  uint8_t id_nak;    /* of NAK: why not */
  struct osdp_pdid id;
  uint8_t n_capabilities; /* 0: it does not tell */
  struct osdp_pdcap capabilities[scan_capabilities_max];
};

struct scan;                                               /* opaque */
struct scan *scan_new(const struct scan_options *options); /* NULL: no memory */
void scan_free(struct scan *s);

/* Bytes that came in. */
void scan_input(struct scan *s, struct span bytes, usec now);
/* What is to be sent at this time, the mark byte included, at the speed that scan_speed tells;
 * valid until the next call. Empty: nothing. It counts as sent. */
struct span scan_output(struct scan *s, usec now);
/* The speed that the line must have now, whether or not anything is to be sent; ask after each
 * scan_output and scan_input, and before sending. */
uint32_t scan_speed(const struct scan *s);
/* When scan_output is to be called again even if nothing comes in; TIME_ABSENT: it is over. */
usec scan_due(const struct scan *s);
/* False: nothing has happened. */
bool scan_next_event(struct scan *s, struct scan_event *e);

struct scan_progress {
  uint32_t asked, of; /* addresses, counted for each speed and check */
  uint8_t address;    /* asked now; osdp_broadcast: all */
  uint32_t baud;
  bool crc;
  usec rest; /* the longest that is left if nobody else answers */
};
struct scan_progress scan_progress(const struct scan *s);

#endif
