#include "plan/card_format.h"

#include <stdio.h>
#include <string.h>

#define X(NAME, name, text) name,
const char *const card_read_names[] = {CARD_READ_LIST(X) NULL};
#undef X
#define X(NAME, name, text) text,
const char *const card_read_texts[] = {CARD_READ_LIST(X) NULL};
#undef X

/* --- Numbers --- */

static int digit_of(uint8_t c, uint32_t base) {
  int d = c >= '0' && c <= '9'   ? c - '0'
          : c >= 'a' && c <= 'f' ? c - 'a' + 10
          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                 : 99;
  return d < (int)base ? d : -1;
}

bool card_number_parse(struct card_number *n, struct span text) {
  uint32_t base = 10;
  size_t at = 0;
  memset(n, 0, sizeof *n);
  if (text.n > 2 && text.p[0] == '0' && (text.p[1] == 'x' || text.p[1] == 'X')) {
    base = 16;
    at = 2;
  }
  bool ok = at < text.n;
  for (; ok && at < text.n; at++) {
    int d = digit_of(text.p[at], base);
    uint64_t carry = d < 0 ? 1 : (uint64_t)d;
    for (int i = 0; d >= 0 && i < card_number_words; i++) {
      carry += (uint64_t)n->w[i] * base;
      n->w[i] = (uint32_t)carry;
      carry >>= 32;
    }
    ok = d >= 0 && !carry;
  }
  if (!ok)
    bytes_wipe(n, sizeof *n);
  return ok;
}

uint32_t card_number_bits(const struct card_number *n) {
  for (uint32_t i = card_number_words; i > 0; i--)
    if (n->w[i - 1])
      return i * 32 - (uint32_t)__builtin_clz(n->w[i - 1]);
  return 0;
}

void card_number_hex(const struct card_number *n, char hex[card_hex_max + 1]) {
  static const char digits[] = "0123456789abcdef";
  uint32_t bits = card_number_bits(n), count = bits ? (bits + 3) / 4 : 1;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t k = count - 1 - i; /* from the lowest */
    hex[i] = digits[n->w[k / 8] >> (k % 8 * 4) & 15];
  }
  hex[count] = 0;
}

static bool number_bit(const struct card_number *n, uint32_t i) {
  return n->w[i / 32] >> i % 32 & 1;
}
static void number_set(struct card_number *n, uint32_t i, bool v) {
  n->w[i / 32] |= (uint32_t)v << i % 32;
}
static bool sent_bit(const uint8_t *at, uint32_t i) {
  return at[i / 8] & 0x80 >> i % 8;
}
static void sent_set(uint8_t *at, uint32_t i, bool v) {
  if (v)
    at[i / 8] = (uint8_t)(at[i / 8] | 0x80 >> i % 8);
}

/* --- Formats --- */

/* The fields as the plan has them; a format without any is one of all its bits. */
struct fields {
  const struct plan_format_field *at;
  uint32_t n;
  struct plan_format_field whole;
};

static void fields_of(struct fields *f, const struct plan *p, uint32_t format, uint16_t length) {
  const struct plan_format *of = &p->formats[format];
  f->whole = (struct plan_format_field){{"number"}, 0, of->bits ? of->bits : length};
  f->at = of->n_fields ? &p->format_fields[of->fields_at] : &f->whole;
  f->n = of->n_fields ? of->n_fields : 1;
}

static uint32_t width_of(const struct fields *f) {
  uint32_t width = 0;
  for (uint32_t i = 0; i < f->n; i++)
    width += f->at[i].bits;
  return width;
}

uint32_t card_format_width(const struct plan *p, uint32_t format) {
  struct fields f;
  fields_of(&f, p, format, 0);
  return width_of(&f);
}

uint32_t card_format_fields(const struct plan *p, uint32_t format) {
  return p->formats[format].n_fields ? p->formats[format].n_fields : 1;
}

/* What the parity bit has to be for these bits. */
static bool parity_of(const struct plan_format_parity *q, const uint8_t *at) {
  uint32_t ones = q->kind == PARITY_ODD;
  for (size_t i = 0; i < sizeof q->over; i++)
    ones += (uint32_t)__builtin_popcount(at[i] & q->over[i]);
  return ones & 1;
}

static bool parity_holds(const struct plan *p, const struct plan_format *f,
                         const struct card_bits *bits) {
  bool holds = true; /* of all, however early one does not: the time tells nothing */
  for (uint32_t i = 0; i < f->n_parities; i++) {
    const struct plan_format_parity *q = &p->format_parities[f->parities_at + i];
    holds &= parity_of(q, bits->at) == sent_bit(bits->at, q->bit);
  }
  return holds;
}

static void take_value(const struct plan *p, uint32_t format, const struct card_bits *bits,
                       struct card_number *value) {
  struct fields f;
  fields_of(&f, p, format, bits->n);
  uint32_t left = width_of(&f);
  for (uint32_t i = 0; i < f.n; i++)
    for (uint32_t k = 0; k < f.at[i].bits; k++)
      number_set(value, --left, sent_bit(bits->at, f.at[i].first + k));
}

/* The format these bits are of. */
static enum card_read find_format(const struct plan *p, const struct card_bits *bits,
                                  uint32_t *format) {
  enum card_read result = CARD_READ_FORMAT;
  for (uint32_t i = 0; i < p->n_formats; i++) {
    if (p->formats[i].bits != bits->n)
      continue;
    *format = i;
    if (parity_holds(p, &p->formats[i], bits))
      return CARD_READ_OK;
    result = CARD_READ_PARITY;
  }
  for (uint32_t i = 0; i < p->n_formats && result == CARD_READ_FORMAT; i++)
    if (!p->formats[i].bits) {
      *format = i;
      result = CARD_READ_OK;
    }
  return result;
}

enum card_read card_format_read(const struct plan *p, uint8_t code, uint16_t bits,
                                struct span bytes, struct card_reading *card) {
  struct card_bits sent = {bits, {0}};
  struct card_number value = {{0}};
  uint32_t format = 0;
  memset(card, 0, sizeof *card);
  if (code > 1)
    return CARD_READ_CODE;
  if (!bits || bytes.n != (bits + 7u) / 8)
    return CARD_READ_MALFORMED;
  if (bits > card_bits_max)
    return CARD_READ_FORMAT;
  for (uint32_t i = 0; i < bits; i++) /* what fills the last byte up is the reader's affair */
    sent_set(sent.at, i, sent_bit(bytes.p, i));
  enum card_read result = find_format(p, &sent, &format);
  if (result == CARD_READ_OK) {
    take_value(p, format, &sent, &value);
    card->format = format;
    card_number_hex(&value, card->hex);
  }
  bytes_wipe(&sent, sizeof sent);
  bytes_wipe(&value, sizeof value);
  return result;
}

enum sp_err card_format_join(const struct plan *p, uint32_t format,
                             const struct card_number *fields, uint32_t n,
                             struct card_number *value, struct fault *why) {
  struct fields f;
  fields_of(&f, p, format, card_bits_max);
  memset(value, 0, sizeof *value);
  SP_ASSERT(n == f.n);
  uint32_t left = width_of(&f);
  for (uint32_t i = 0; i < n; i++) {
    if (card_number_bits(&fields[i]) > f.at[i].bits) {
      bytes_wipe(value, sizeof *value);
      return fault_set(why, SP_INVALID,
                       "the card's %s does not fit: in the format %s it has %u bits",
                       f.at[i].name.s, p->formats[format].name.s, f.at[i].bits);
    }
    left -= f.at[i].bits;
    for (uint32_t k = 0; k < f.at[i].bits; k++)
      number_set(value, left + k, number_bit(&fields[i], k));
  }
  return SP_OK;
}

enum sp_err card_format_write(const struct plan *p, uint32_t format,
                              const struct card_number *value, uint16_t length,
                              struct card_bits *out, struct fault *why) {
  const struct plan_format *of = &p->formats[format];
  struct fields f;
  memset(out, 0, sizeof *out);
  if (!of->bits && (!length || length > card_bits_max))
    return fault_set(why, SP_INVALID, "the format %s is of any length: say how many bits, 1 to %d",
                     of->name.s, card_bits_max);
  fields_of(&f, p, format, length);
  uint32_t left = width_of(&f);
  if (card_number_bits(value) > left)
    return fault_set(why, SP_INVALID,
                     "the card's number does not fit: in the format %s it has %u bits", of->name.s,
                     left);
  out->n = of->bits ? of->bits : length;
  for (uint32_t i = 0; i < f.n; i++)
    for (uint32_t k = 0; k < f.at[i].bits; k++)
      sent_set(out->at, f.at[i].first + k, number_bit(value, --left));
  for (uint32_t i = 0; i < of->n_parities; i++) {
    const struct plan_format_parity *q = &p->format_parities[of->parities_at + i];
    sent_set(out->at, q->bit, parity_of(q, out->at));
  }
  return SP_OK;
}
