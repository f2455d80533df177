/* card_format.h: from the bits that a reader sends to the card that the engine knows, and back.
 * Pure: nothing is allocated, kept or told to anyone.
 *
 * A card's value is the number that the fields of its format make, one after the other as the plan
 * lists them, the first highest; of a format without fields it is all of the bits. As lower-case
 * hex without leading zeros it is what card_parse (plan/card_text.h) makes of what operators type,
 * and what tag_card (engine/tags.h) is made of.
 *
 * Which format a card is of is told by its length and its parity alone. The first in the plan's
 * order that has its length and whose parity holds is it. When formats have its length and the
 * parity of none holds, that is said: it may be a damaged read, and a guess would be another
 * card. Only a card whose length is that of no format is one of the first format of any length.
 * plan_check turns down a format none of whose cards would be read as such, and warns of one that
 * shares some with a format before it. Trying one format after the other against the cards that
 * exist is not for here: then a card would be worth as many numbers as the plan has formats. */
#ifndef SP_PLAN_CARD_FORMAT_H
#define SP_PLAN_CARD_FORMAT_H

#include "base/bytes.h"
#include "core/plan.h"

enum { card_hex_max = card_bits_max / 4, card_number_words = card_bits_max / 32 };

/* A number below 2^256, or several of a card's fields. Secret: wipe with bytes_wipe. */
struct card_number {
  uint32_t w[card_number_words]; /* least significant first */
};
/* Decimal, or 0x and hex digits of either case. False when it is none or too large. */
bool card_number_parse(struct card_number *n, struct span text);
uint32_t card_number_bits(const struct card_number *n); /* without leading zeros; 0 has none */
/* Lower case, no leading zeros, at least one digit, ended. */
void card_number_hex(const struct card_number *n, char hex[card_hex_max + 1]);

/* Bits as they are sent: bit i is at[i / 8] & 0x80 >> i % 8, and what is over is zero. Secret. */
struct card_bits {
  uint16_t n;
  uint8_t at[card_bits_max / 8];
};

#define CARD_READ_LIST(X)                                                                          \
  X(OK, "ok", "a card of this format")                                                             \
  X(MALFORMED, "malformed", "the reader's answer has another number of bytes than of bits")        \
  X(CODE, "code", "the reader calls its bits something that is neither raw nor Wiegand")           \
  X(FORMAT, "format_unknown", "no card format of the plan has that many bits")                     \
  X(PARITY, "parity",                                                                              \
    "the parity does not hold: a damaged read, or a card of a format that the plan does not have")
enum card_read {
#define X(NAME, name, text) CARD_READ_##NAME,
  CARD_READ_LIST(X)
#undef X
      CARD_READ_COUNT
};
extern const char *const card_read_names[];
extern const char *const card_read_texts[]; /* for people */

struct card_reading { /* secret */
  uint32_t format;    /* of the plan */
  char hex[card_hex_max + 1];
};

/* What an OSDP RAW reply says: its format code (0 not told, 1 Wiegand with parity; readers do not
 * agree on which they send, so both are read alike), bit count and bytes. On anything but
 * CARD_READ_OK *card is empty. */
enum card_read card_format_read(const struct plan *p, uint8_t code, uint16_t bits,
                                struct span bytes, struct card_reading *card) SP_MUST_USE;

/* How many bits the value of such a card has; 0 = any. */
uint32_t card_format_width(const struct plan *p, uint32_t format);

/* How many fields a card of this format is written with, at least one. */
uint32_t card_format_fields(const struct plan *p, uint32_t format);

/* The value that these fields make, n = card_format_fields of them. SP_INVALID when one does not
 * fit; the fault names the field and tells no number. */
enum sp_err card_format_join(const struct plan *p, uint32_t format,
                             const struct card_number *fields, uint32_t n,
                             struct card_number *value, struct fault *why) SP_MUST_USE;

/* The bits of the card of this value, parity computed, bits of no field zero. A format of any
 * length takes `length` bits; others ignore it. SP_INVALID when the value does not fit. */
enum sp_err card_format_write(const struct plan *p, uint32_t format,
                              const struct card_number *value, uint16_t length,
                              struct card_bits *out, struct fault *why) SP_MUST_USE;

#endif
