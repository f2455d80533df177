#include "plan/card_text.h"

#include "plan/plan_scalar.h"

#include <stdio.h>
#include <string.h>

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

/* How a card of this format is written field by field: h10301:FACILITY-NUMBER. */
static void put_form(struct buf *out, const struct plan *plan, uint32_t format) {
  const struct plan_format *f = &plan->formats[format];
  buf_printf(out, "%s:", f->name.s);
  for (uint32_t i = 0; i < f->n_fields; i++) {
    if (i)
      buf_puts(out, "-");
    for (const char *c = plan->format_fields[f->fields_at + i].name.s; *c; c++)
      buf_printf(out, "%c", *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  }
  if (!f->n_fields)
    buf_puts(out, "NUMBER");
}

static enum sp_err wrong_form(const struct plan *plan, uint32_t format, struct fault *why) {
  struct buf form = {0};
  put_form(&form, plan, format);
  const char *text = buf_cstr(&form);
  fault_set(why, SP_INVALID,
            "a card of the format %s is written %s, each decimal, or as one number, decimal or 0x "
            "and hex digits",
            plan->formats[format].name.s, text ? text : "FORMAT:NUMBER");
  buf_free(&form);
  return SP_INVALID;
}

/* "123-45678": the fields of a format that the plan has. */
static enum sp_err parse_fields(struct card_number *n, const char *text, const struct plan *plan,
                                uint32_t format, struct fault *why) {
  struct card_number fields[format_fields_max];
  uint32_t count = 0;
  bool ok = true;
  for (const char *s = text; ok && s; count++) {
    size_t digits = strspn(s, "0123456789");
    ok = count < format_fields_max && card_number_parse(&fields[count], span_of(s, digits)) &&
         (!s[digits] || s[digits] == '-');
    s = s[digits] == '-' ? s + digits + 1 : NULL;
  }
  enum sp_err err = ok && count == card_format_fields(plan, format)
                        ? card_format_join(plan, format, fields, count, n, why)
                        : wrong_form(plan, format, why);
  bytes_wipe(fields, sizeof fields);
  return err;
}

/* `most`: how many bits it may have; 0: any. */
static enum sp_err parse_whole(struct card_number *n, const char *text, const char *format,
                               uint32_t most, struct fault *why) {
  if (!card_number_parse(n, span_str(text)))
    return fault_set(why, SP_INVALID,
                     "the card's number is neither decimal nor 0x and hex digits, or has more than "
                     "%d bits",
                     card_bits_max);
  if (most && card_number_bits(n) > most)
    return fault_set(why, SP_INVALID,
                     "the card's number has %u bits, and that of a card of the format %s has %u",
                     card_number_bits(n), format, most);
  return SP_OK;
}

static enum sp_err parse_number(struct card *c, const char *text, const struct plan *plan,
                                bool any_format, struct card_number *n, struct fault *why) {
  uint32_t format = 0;
  bool known = plan && plan_find(plan, REF_FORMAT, span_str(c->format), &format);
  bool fields = strchr(text, '-') != NULL;
  if (known && fields)
    return parse_fields(n, text, plan, format, why);
  if (fields && plan && !any_format)
    return unknown_format(c->format, plan, why);
  if (fields)
    return fault_set(why, SP_INVALID,
                     "the card is written with hyphens, and there is no plan that says what the "
                     "fields of %s are: write its number as a whole, decimal or 0x and hex digits",
                     c->format);
  enum sp_err err =
      parse_whole(n, text, c->format, known ? card_format_width(plan, format) : 0, why);
  return err || known || !plan || any_format ? err : unknown_format(c->format, plan, why);
}

enum sp_err card_parse(struct card *c, const char *text, const struct plan *plan, bool any_format,
                       struct fault *why) {
  const char *colon = strchr(text, ':');
  struct card_number number = {{0}};
  memset(c, 0, sizeof *c);
  size_t n = colon ? (size_t)(colon - text) : 0;
  if (!colon || !slug_valid(span_of(text, n)))
    return fault_set(why, SP_INVALID,
                     "the card is written FORMAT:NUMBER, like h10301:12345678 or h10301:0xbc614e, "
                     "or field by field, like h10301:188-24910");
  memcpy(c->format, text, n);
  enum sp_err err = parse_number(c, colon + 1, plan, any_format, &number, why);
  if (err)
    bytes_wipe(c, sizeof *c);
  else
    card_number_hex(&number, c->hex);
  bytes_wipe(&number, sizeof number);
  return err;
}

enum sp_err pin_check(const char *text, struct fault *why) {
  size_t n = strlen(text);
  if (n < 4 || n > 12 || strspn(text, "0123456789") != n)
    return fault_set(why, SP_INVALID, "a PIN has 4 to 12 digits, and nothing else");
  return SP_OK;
}
