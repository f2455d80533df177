/* frame.h: OSDP frames (SIA OSDP 2.2, IEC 60839-11-5): bytes on the line into their parts, and
 * back.
 *
 *   [FF] 53 address length control [security block] code data [MAC] check
 *
 * length (16 bits, little endian) counts from 53 through the check. Pure: bytes in, bytes out.
 * What the parts mean is in message.h, what protects them in secure.h.
 */
#ifndef SP_OSDP_FRAME_H
#define SP_OSDP_FRAME_H

#include "base/bytes.h"

enum {
  osdp_mark = 0xFF,
  osdp_som = 0x53,
  osdp_address_max = 126,
  osdp_broadcast = 0x7F, /* every peripheral of a line; for ID, CAP and COMSET only */
  osdp_frame_max = 1440, /* bytes from 53 through the check: the most that OSDP lets anyone send */
  osdp_frame_min = 7,    /* header, code, checksum */
  osdp_header_bytes = 5, /* 53 address length control */
  osdp_block_max = 3,    /* security block: length, type, and a byte of the handshake */
  osdp_mac_bytes = 4,    /* of a MAC's 16, on the line */
  osdp_data_max = 1408,  /* of any one message: a whole number of cipher blocks that fits a frame */
};

/* Types of security block. An odd one is the panel's, an even one the peripheral's. */
enum osdp_block {
  OSDP_BLOCK_NONE = 0,
  OSDP_SCS_11 = 0x11, /* CHLNG; its byte tells the key: 0 = SCBK-D, 1 = SCBK */
  OSDP_SCS_12 = 0x12, /* CCRYPT; likewise */
  OSDP_SCS_13 = 0x13, /* SCRYPT; likewise */
  OSDP_SCS_14 = 0x14, /* RMAC_I; 1 = the panel's cryptogram was right */
  OSDP_SCS_15 = 0x15, /* command with a MAC */
  OSDP_SCS_16 = 0x16, /* reply with a MAC */
  OSDP_SCS_17 = 0x17, /* command with a MAC, data enciphered */
  OSDP_SCS_18 = 0x18, /* reply likewise */
};
bool osdp_block_has_mac(uint8_t block);

struct osdp_frame {
  uint8_t address;   /* 0 to 126, or osdp_broadcast */
  uint8_t sequence;  /* 0 to 3 */
  bool reply;        /* sent by a peripheral */
  bool crc;          /* ended by a CRC-16, else by a checksum */
  uint8_t block;     /* enum osdp_block, or another type that came in */
  uint8_t n_key;     /* bytes of the block after its type: 0 or 1 are understood */
  uint8_t key;       /* that byte */
  uint8_t code;      /* command or reply */
  struct span data;  /* as on the line: enciphered under SCS_17 and SCS_18 */
  struct span mac;   /* the 4 bytes of SCS_15 to SCS_18, else none */
  struct span whole; /* from 53 through the check; of a frame that came in */
};

enum osdp_found {
  OSDP_FOUND_NOTHING, /* more bytes are needed */
  OSDP_FOUND_FRAME,
  OSDP_FOUND_DAMAGED, /* something that began like a frame and is none: a wrong check, or parts that
                         do not fit into its length */
};
/* Looks for a frame in the bytes of a line. *used is how many may be dropped: noise, and what was
 * found. The frame's spans lie in `in`. After damage the search goes on one byte behind its 53,
 * since a frame may begin within what only looked like one. */
enum osdp_found osdp_frame_find(struct span in, struct osdp_frame *f, size_t *used);

/* Bytes that the frame has, from 53 through the check; 0: more than osdp_frame_max. */
size_t osdp_frame_size(const struct osdp_frame *f);
/* Writes 53 up to and with the data (what a MAC is made over) into out, which has osdp_frame_max
 * bytes; returns how many. The length says what osdp_frame_size says: mac.n is 0 or 4 already,
 * whether or not its bytes are there. f->data may lie where it is to be written. */
size_t osdp_frame_open(uint8_t *out, const struct osdp_frame *f);
/* Puts MAC and check behind those n bytes; returns the frame's size. */
size_t osdp_frame_close(uint8_t *out, size_t n, const struct osdp_frame *f);

/* CRC-16 of OSDP: polynomial 1021, from 1D0F, most significant bit first. */
uint16_t osdp_crc(struct span bytes);
/* The byte that makes the sum of all bytes 0 modulo 256. */
uint8_t osdp_checksum(struct span bytes);

#endif
