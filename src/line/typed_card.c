#include "line/typed_card.h"

#include "plan/card_standard.h"
#include "plan/card_text.h"
#include "plan/plan_blob.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* As many bytes as hold the bits, and nothing behind the last bit. */
static enum sp_err raw_bits(struct typed_card *out, const char *text, struct fault *why) {
  char hex[2 * sizeof out->bytes], *end = NULL;
  const char *slash = strchr(text, '/');
  long bits = slash && isdigit((unsigned char)slash[1]) ? strtol(slash + 1, &end, 10) : 0;
  size_t n = bits > 0 && bits <= peripheral_card_bits_max ? ((size_t)bits + 7) / 8 : 0;
  bool ok = n && !*end && (size_t)(slash - text) == 2 * n;
  for (size_t i = 0; ok && i < 2 * n; i++)
    hex[i] = (char)tolower((unsigned char)text[i]);
  ok = ok && hex_decode(out->bytes, n, hex, 2 * n) &&
       (bits % 8 == 0 || !(out->bytes[n - 1] & (0xFF >> bits % 8)));
  out->n = (uint16_t)bits;
  bytes_wipe(hex, sizeof hex);
  return ok ? SP_OK
            : fault_set(why, SP_INVALID,
                        "these are no bits: raw:HEX/BITS has hex digits in pairs, the first bit "
                        "first, zeros behind the last, and at most %d bits",
                        peripheral_card_bits_max);
}

static enum sp_err standard_bits(struct typed_card *out, const char *text, struct fault *why) {
  const char *colon = strchr(text, ':');
  struct plan *plan = NULL;
  struct card card = {{0}, {0}};
  struct card_number value = {{0}};
  struct card_bits bits = {0, {0}};
  char hex[sizeof card.hex + 2] = "0x";
  enum sp_err err =
      card_standard_plan(span_of(text, colon ? (size_t)(colon - text) : 0), &plan, why);
  if (!err)
    err = card_parse(&card, text, plan, false, why);
  if (!err) {
    memcpy(hex + 2, card.hex, sizeof card.hex);
    bool whole = card_number_parse(&value, span_str(hex));
    SP_ASSERT(whole); /* card_parse wrote it */
    err = card_format_write(plan, 0, &value, 0, &bits, why);
    out->n = bits.n;
    memcpy(out->bytes, bits.at, sizeof bits.at);
  }
  bytes_wipe(&card, sizeof card);
  bytes_wipe(&value, sizeof value);
  bytes_wipe(&bits, sizeof bits);
  bytes_wipe(hex, sizeof hex);
  plan_free(plan);
  return err;
}

enum sp_err typed_card_bits(struct typed_card *out, const char *text, struct fault *why) {
  bool raw = strncmp(text, "raw:", 4) == 0;
  memset(out, 0, sizeof *out);
  enum sp_err err = raw ? raw_bits(out, text + 4, why) : standard_bits(out, text, why);
  if (err)
    bytes_wipe(out, sizeof *out);
  return err;
}
