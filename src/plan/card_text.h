/* card_text.h: a card and a PIN as people write them, into what the engine's socket wants. */
#ifndef SP_PLAN_CARD_TEXT_H
#define SP_PLAN_CARD_TEXT_H

#include "plan/card_format.h"

/* Secret: wipe with bytes_wipe. */
struct card {
  char format[slug_max + 1];
  char hex[card_hex_max + 1]; /* lower case, no leading zeros, at least one digit */
};

/* "FORMAT:NUMBER", the number decimal or 0x and hex digits, below 2^256; or the fields of a format
 * that the plan knows, each decimal and within its bits: "h10301:188-24910" is "h10301:12345678".
 * The plan, if given, knows how many bits the format has; a format that it does not know is let
 * through when `any_format`, its number as a whole.
 * SP_INVALID or SP_NOT_FOUND; the fault never tells the number. */
enum sp_err card_parse(struct card *c, const char *text, const struct plan *plan, bool any_format,
                       struct fault *why) SP_MUST_USE;

/* 4 to 12 digits. The fault never tells them. */
enum sp_err pin_check(const char *text, struct fault *why) SP_MUST_USE;

#endif
