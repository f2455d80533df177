/* typed_card.h: a card as people type it, into the bits that a reader sends. */
#ifndef SP_LINE_TYPED_CARD_H
#define SP_LINE_TYPED_CARD_H

#include "osdp/peripheral.h"

struct typed_card { /* personal: wipe it */
  uint16_t n;
  uint8_t bytes[peripheral_card_bits_max / 8]; /* the first bit is the highest of the first */
};

/* "raw:HEX/BITS", any bits, longer ones than a panel takes too; or a card of a standard format
 * (card_standard.h) as card_text.h has it, "h10301:FACILITY-NUMBER", its parity computed.
 * SP_INVALID, SP_NOT_FOUND, SP_NO_MEMORY; the fault never tells the number. */
enum sp_err typed_card_bits(struct typed_card *out, const char *text,
                            struct fault *why) SP_MUST_USE;

#endif
