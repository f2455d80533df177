#include "cli/card.h"

#include "plan/plan_scalar.h"

#include <stdio.h>
#include <string.h>

static int digit_of(char c, int base) {
  int d = c >= '0' && c <= '9'   ? c - '0'
          : c >= 'a' && c <= 'f' ? c - 'a' + 10
          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                 : 99;
  return d < base ? d : -1;
}

/* The number in 256 bits, least significant word first; false when it is none or larger. */
static bool parse_bits(const char *s, uint32_t w[8]) {
  int base = 10;
  memset(w, 0, 8 * sizeof w[0]);
  if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
    base = 16;
    s += 2;
  }
  if (!*s)
    return false;
  for (; *s; s++) {
    int d = digit_of(*s, base);
    if (d < 0)
      return false;
    uint64_t carry = (uint64_t)d;
    for (int i = 0; i < 8; i++) {
      uint64_t v = (uint64_t)w[i] * (uint64_t)base + carry;
      w[i] = (uint32_t)v;
      carry = v >> 32;
    }
    if (carry)
      return false;
  }
  return true;
}

static unsigned bits_of(const uint32_t w[8]) {
  for (int i = 7; i >= 0; i--)
    if (w[i])
      return (unsigned)i * 32 + 32 - (unsigned)__builtin_clz(w[i]);
  return 0;
}

static const char *format_at(const void *ctx, uint32_t i) {
  const struct plan *p = ctx;
  return p->formats[i].name.s;
}

static enum sp_err unknown_format(const char *name, const struct plan *plan, struct fault *why) {
  const char *near = plan_nearest(name, format_at, plan, plan->n_formats);
  struct buf list = {0};
  for (uint32_t i = 0; i < plan->n_formats; i++)
    buf_printf(&list, "%s%s", i ? ", " : "", plan->formats[i].name.s);
  const char *all = buf_cstr(&list);
  fault_set(why, SP_NOT_FOUND, "the plan has no card format `%s`%s%s%s: it has %s", name,
            near ? "; is `" : "", near ? near : "", near ? "` meant?" : "", all ? all : "others");
  buf_free(&list);
  return SP_NOT_FOUND;
}

enum sp_err card_parse(struct card *c, const char *text, const struct plan *plan, bool any_format,
                       struct fault *why) {
  const char *colon = strchr(text, ':');
  uint32_t w[8], format;
  enum sp_err err = SP_OK;
  memset(c, 0, sizeof *c);
  size_t n = colon ? (size_t)(colon - text) : 0;
  if (!colon || !slug_valid(span_of(text, n)))
    return fault_set(why, SP_INVALID,
                     "the card is written FORMAT:NUMBER, like h10301:12345678 or h10301:0xbc614e");
  memcpy(c->format, text, n);
  if (!parse_bits(colon + 1, w)) {
    err = fault_set(why, SP_INVALID,
                    "the card's number is neither decimal nor 0x and hex digits, or has more than "
                    "256 bits");
  } else if (plan && !plan_find(plan, REF_FORMAT, span_of(text, n), &format)) {
    if (!any_format)
      err = unknown_format(c->format, plan, why);
  } else if (plan && plan->formats[format].bits && bits_of(w) > plan->formats[format].bits) {
    err = fault_set(why, SP_INVALID, "the card's number has %u bits, and the format %s has %u",
                    bits_of(w), c->format, plan->formats[format].bits);
  }
  if (!err) {
    char full[card_hex_max + 1];
    for (int i = 0; i < 8; i++)
      snprintf(full + i * 8, 9, "%08x", w[7 - i]);
    size_t zeros = strspn(full, "0");
    strcpy(c->hex, full + (zeros < card_hex_max ? zeros : card_hex_max - 1));
    bytes_wipe(full, sizeof full);
  }
  bytes_wipe(w, sizeof w);
  if (err)
    bytes_wipe(c, sizeof *c);
  return err;
}

enum sp_err pin_check(const char *text, struct fault *why) {
  size_t n = strlen(text);
  if (n < 4 || n > 12 || strspn(text, "0123456789") != n)
    return fault_set(why, SP_INVALID, "a PIN has 4 to 12 digits, and nothing else");
  return SP_OK;
}
