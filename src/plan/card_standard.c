/* card_standard.c: where the layouts come from.
 *
 * Every one of them is told, with positions and parity, by the Wiegand table of the Proxmark3
 * client (github.com/RfidResearchGroup/proxmark3, client/src/wiegand_formats.c: H10301, H10306,
 * C1k35s, H10302, H10304, C1k48s). Besides: h10301               HID, "Understanding Card Data
 * Formats" (white paper) h10306               Hikvision, DS-2CD7A26G0 Wiegand manual: 34 bits, with
 * an example h10304               Open Options, ooaccess.com/kb/37-bit-fc corporate-1000, -48  the
 * README of the Wiegand application for Flipper Zero: which bits each parity bit covers Read off
 * them for their facts. Where such sources count bits from 1, this counts from 0. */
#include "plan/card_standard.h"

#include "plan/plan_scalar.h"

#include <string.h>

/* Two of three bits: the third parity bit of both Corporate 1000 formats covers all of these. */
#define THIRDS_35_EVEN "2-3, 5-6, 8-9, 11-12, 14-15, 17-18, 20-21, 23-24, 26-27, 29-30, 32-33"
#define THIRDS_35_ODD  "1-2, 4-5, 7-8, 10-11, 13-14, 16-17, 19-20, 22-23, 25-26, 28-29, 31-32"
#define THIRDS_48_EVEN                                                                             \
  "3-4, 6-7, 9-10, 12-13, 15-16, 18-19, 21-22, 24-25, 27-28, 30-31, 33-34, 36-37, 39-40, 42-43, "  \
  "45-46"
#define THIRDS_48_ODD                                                                              \
  "2-3, 5-6, 8-9, 11-12, 14-15, 17-18, 20-21, 23-24, 26-27, 29-30, 32-33, 35-36, 38-39, 41-42, "   \
  "44-45"

static const struct card_standard standards[] = {
    {"h10301",
     26,
     {{"facility", 1, 8}, {"number", 9, 16}},
     {{"1-12", 0, PARITY_EVEN}, {"13-24", 25, PARITY_ODD}},
     "HID H10301, the usual 26 bits"},
    {"h10306",
     34,
     {{"facility", 1, 16}, {"number", 17, 16}},
     {{"1-16", 0, PARITY_EVEN}, {"17-32", 33, PARITY_ODD}},
     "HID H10306, the usual 34 bits"},
    {"corporate-1000",
     35,
     {{"company", 2, 12}, {"number", 14, 20}},
     {{THIRDS_35_EVEN, 1, PARITY_EVEN}, {THIRDS_35_ODD, 34, PARITY_ODD}, {"1-34", 0, PARITY_ODD}},
     "HID Corporate 1000, 35 bits"},
    /* Bit 18, in the middle, is covered by both. */
    {"h10302",
     37,
     {{"number", 1, 35}},
     {{"1-18", 0, PARITY_EVEN}, {"18-35", 36, PARITY_ODD}},
     "HID H10302, 37 bits without a facility"},
    {"h10304",
     37,
     {{"facility", 1, 16}, {"number", 17, 19}},
     {{"1-18", 0, PARITY_EVEN}, {"18-35", 36, PARITY_ODD}},
     "HID H10304, 37 bits with a facility"},
    {"corporate-1000-48",
     48,
     {{"company", 2, 22}, {"number", 24, 23}},
     {{THIRDS_48_EVEN, 1, PARITY_EVEN}, {THIRDS_48_ODD, 47, PARITY_ODD}, {"1-47", 0, PARITY_ODD}},
     "HID Corporate 1000, 48 bits"},
    {"raw",
     0,
     {{NULL, 0, 0}},
     {{NULL, 0, 0}},
     "whatever the reader sends, as one number; nothing tells a damaged read"},
};
enum { n_standards = sizeof standards / sizeof standards[0] };

const struct card_standard *card_standard_find(const char *name) {
  for (size_t i = 0; i < n_standards; i++)
    if (strcmp(standards[i].name, name) == 0)
      return &standards[i];
  return NULL;
}

static bool same_field(const struct card_standard *s, uint32_t k,
                       const struct plan_format_field *f) {
  return strcmp(s->fields[k].name, f->name.s) == 0 && s->fields[k].first == f->first &&
         s->fields[k].bits == f->bits;
}

static bool same_parity(const struct card_standard *s, uint32_t k,
                        const struct plan_format_parity *q) {
  uint8_t over[sizeof q->over] = {0};
  if (plan_bits(span_str(s->parities[k].over), over, NULL))
    SP_NEVER("the table is right");
  return s->parities[k].bit == q->bit && s->parities[k].kind == q->kind &&
         memcmp(over, q->over, sizeof over) == 0;
}

bool card_standard_same(const struct card_standard *s, const struct plan *p, uint32_t i) {
  const struct plan_format *f = &p->formats[i];
  uint32_t fields = 0, parities = 0;
  bool same = s->bits == f->bits;
  for (; fields < card_standard_fields_max && s->fields[fields].name; fields++)
    same = same && fields < f->n_fields &&
           same_field(s, fields, &p->format_fields[f->fields_at + fields]);
  for (; parities < card_standard_parities_max && s->parities[parities].over; parities++)
    same = same && parities < f->n_parities &&
           same_parity(s, parities, &p->format_parities[f->parities_at + parities]);
  return same && fields == f->n_fields && parities == f->n_parities;
}

enum sp_err card_standard_lay_out(const struct card_standard *s, struct plan *p,
                                  struct plan_places *places, uint32_t line, uint32_t i,
                                  struct fault *why) {
  struct plan_format *of = &p->formats[i];
  enum sp_err err = SP_OK;
  uint32_t at;
  of->bits = s->bits;
  for (int k = 0; !err && k < card_standard_fields_max && s->fields[k].name; k++) {
    err = plan_add(p, places, PLAN_ARRAY_format_fields, line, &at, why);
    if (err)
      break;
    struct plan_format_field *f = &p->format_fields[at];
    memcpy(f->name.s, s->fields[k].name, strlen(s->fields[k].name));
    f->first = s->fields[k].first;
    f->bits = s->fields[k].bits;
    of->n_fields++;
  }
  for (int k = 0; !err && k < card_standard_parities_max && s->parities[k].over; k++) {
    err = plan_add(p, places, PLAN_ARRAY_format_parities, line, &at, why);
    if (err)
      break;
    struct plan_format_parity *q = &p->format_parities[at];
    q->bit = s->parities[k].bit;
    q->kind = (uint8_t)s->parities[k].kind;
    if (plan_bits(span_str(s->parities[k].over), q->over, NULL))
      SP_NEVER("the table is right");
    of->n_parities++;
  }
  return err;
}

static enum sp_err no_standard(struct span name, struct fault *why) {
  struct buf all = {0};
  for (size_t i = 0; i < n_standards; i++)
    buf_printf(&all, "%s%s", i ? ", " : "", standards[i].name);
  const char *text = buf_cstr(&all);
  fault_set(why, SP_NOT_FOUND, "`%.*s` is no standard card format: they are %s",
            (int)(name.n > slug_max ? slug_max : name.n), (const char *)name.p,
            text ? text : "few");
  buf_free(&all);
  return SP_NOT_FOUND;
}

enum sp_err card_standard_plan(struct span name, struct plan **out, struct fault *why) {
  const struct card_standard *s = NULL;
  uint32_t i = 0;
  *out = NULL;
  for (size_t k = 0; k < n_standards; k++)
    if (span_is(name, standards[k].name))
      s = &standards[k];
  if (!s)
    return no_standard(name, why);
  struct plan *p = plan_new();
  enum sp_err err = p ? plan_add(p, NULL, PLAN_ARRAY_formats, 0, &i, why)
                      : fault_set(why, SP_NO_MEMORY, "out of memory");
  if (!err) {
    memcpy(p->formats[i].name.s, name.p, name.n);
    err = card_standard_lay_out(s, p, NULL, 0, i, why);
  }
  if (!err)
    err = plan_finish(p, why);
  if (err)
    plan_free(p);
  else
    *out = p;
  return err;
}

void card_standard_document(struct buf *out) {
  buf_puts(out, "| format | bits | fields | parity | |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < n_standards; i++) {
    const struct card_standard *s = &standards[i];
    buf_printf(out, "| `%s` | ", s->name);
    if (s->bits)
      buf_printf(out, "%u", s->bits);
    else
      buf_puts(out, "any");
    buf_puts(out, " | ");
    for (int k = 0; k < card_standard_fields_max && s->fields[k].name; k++)
      buf_printf(out, "%s%s %u-%u", k ? ", " : "", s->fields[k].name, s->fields[k].first,
                 s->fields[k].first + s->fields[k].bits - 1u);
    buf_puts(out, " | ");
    for (int k = 0; k < card_standard_parities_max && s->parities[k].over; k++)
      buf_printf(out, "%sbit %u %s over %s", k ? "<br>" : "", s->parities[k].bit,
                 parity_names[s->parities[k].kind], s->parities[k].over);
    buf_printf(out, " | %s |\n", s->doc);
  }
}
