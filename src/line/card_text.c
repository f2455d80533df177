#include "line/card_text.h"

#include <stdlib.h>
#include <string.h>

enum { h10301_bits = 26, facility_max = 255, number_max = 65535 };

/* Decimal digits up to `end`, at most `most`; -1: something else. */
static long number(const char *text, char end, long most) {
  long n = 0;
  if (*text == end)
    return -1;
  for (; *text != end; text++) {
    if (*text < '0' || *text > '9' || n > most)
      return -1;
    n = n * 10 + (*text - '0');
  }
  return n <= most ? n : -1;
}

static int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* As many bytes as hold the bits, and nothing behind the last bit. */
static bool raw_bits(struct typed_card *out, const char *text) {
  const char *slash = strchr(text, '/');
  long bits = slash ? number(slash + 1, '\0', peripheral_card_bits_max) : -1;
  if (bits <= 0 || slash - text != (bits + 7) / 8 * 2)
    return false;
  for (long i = 0; i < (bits + 7) / 8; i++) {
    int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out->bytes[i] = (uint8_t)(high << 4 | low);
  }
  out->n = (uint16_t)bits;
  return bits % 8 == 0 || !(out->bytes[bits / 8] & (0xFF >> bits % 8));
}

static bool odd(uint32_t x) {
  return __builtin_popcount(x) & 1;
}

/* Even parity, facility (8), number (16), odd parity; each parity is over the half beside it. */
static bool h10301(struct typed_card *out, const char *text) {
  long facility = number(text, '-', facility_max);
  const char *dash = strchr(text, '-');
  long n = facility >= 0 && dash ? number(dash + 1, '\0', number_max) : -1;
  if (n < 0)
    return false;
  uint32_t payload = (uint32_t)facility << 16 | (uint32_t)n;
  uint32_t bits = (uint32_t)odd(payload >> 12) << 25 | payload << 1 | !odd(payload & 0xFFF);
  bits <<= 32 - h10301_bits;
  for (int i = 0; i < 4; i++)
    out->bytes[i] = (uint8_t)(bits >> (24 - 8 * i));
  out->n = h10301_bits;
  return true;
}

enum sp_err card_text_bits(struct typed_card *out, const char *text, struct fault *why) {
  static const struct {
    const char *prefix;
    bool (*read)(struct typed_card *out, const char *text);
  } formats[] = {{"raw:", raw_bits}, {"h10301:", h10301}};
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    size_t n = strlen(formats[i].prefix);
    memset(out, 0, sizeof *out);
    if (strncmp(text, formats[i].prefix, n) == 0 && formats[i].read(out, text + n))
      return SP_OK;
  }
  bytes_wipe(out, sizeof *out);
  return fault_set(
      why, SP_INVALID,
      "a card is written raw:HEX/BITS (hex digits in pairs, the first bit first, zeros "
      "behind the last) or h10301:FACILITY-NUMBER, like h10301:17-4711");
}
