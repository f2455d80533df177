/* card_text.h: a card as people type it, into the bits that a reader sends. */
#ifndef SP_LINE_CARD_TEXT_H
#define SP_LINE_CARD_TEXT_H

#include "osdp/peripheral.h"

struct typed_card { /* personal: wipe it */
  uint16_t n;
  uint8_t bytes[peripheral_card_bits_max / 8]; /* the first bit is the highest of the first */
};

/* "raw:HEX/BITS", or "h10301:FACILITY-NUMBER". SP_INVALID; the fault never tells the number. */
enum sp_err card_text_bits(struct typed_card *out, const char *text, struct fault *why) SP_MUST_USE;

#endif
