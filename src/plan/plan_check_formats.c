/* plan_check_formats.c: is each card format one that bits can be read by, and written, and can each
 * be told from those before it? */
#include "plan/card_standard.h"
#include "plan/plan_check.h"

#include <string.h>

enum { set_bytes = card_bits_max / 8 };

static bool has(const uint8_t *set, uint32_t i) {
  return set[i / 8] & 0x80 >> i % 8;
}
static void put(uint8_t *set, uint32_t i) {
  set[i / 8] = (uint8_t)(set[i / 8] | 0x80 >> i % 8);
}

static bool told(const struct check *c, enum plan_array a, uint32_t i) {
  return plan_place_marks(c->places, a, i) & PLAN_PLACE_FAULTY;
}

/* --- Each for itself --- */

static void check_field(struct check *c, const struct plan_format *f, uint32_t k, uint8_t *taken) {
  const struct plan_format_field *at = &c->p->format_fields[k];
  size_t length = strnlen(at->name.s, slug_max);
  if (!slug_valid(span_of(at->name.s, length)) ||
      !bytes_are_zero(at->name.s + length, sizeof at->name - length))
    ERROR(c, format_fields, k, "a field of format \"%.31s\" has no valid name", f->name.s);
  for (uint32_t other = f->fields_at; other < k; other++)
    if (strncmp(c->p->format_fields[other].name.s, at->name.s, slug_max) == 0)
      ERROR(c, format_fields, k, "format \"%.31s\" has field \"%.31s\" twice", f->name.s,
            at->name.s);
  if (!at->bits || at->first + at->bits > f->bits) {
    ERROR(c, format_fields, k,
          "field \"%.31s\" does not lie within format \"%.31s\", whose bits are 0 to %u",
          at->name.s, f->name.s, f->bits - 1u);
    return;
  }
  for (uint32_t i = at->first; i < (uint32_t)at->first + at->bits; i++)
    if (has(taken, i)) {
      ERROR(c, format_fields, k,
            "field \"%.31s\" overlaps another of format \"%.31s\": bit %u is in both", at->name.s,
            f->name.s, i);
      break;
    }
  for (uint32_t i = at->first; i < (uint32_t)at->first + at->bits; i++)
    put(taken, i);
}

static void check_parity(struct check *c, const struct plan_format *f, uint32_t k,
                         const uint8_t *in_fields, uint8_t *seen) {
  const struct plan_format_parity *q = &c->p->format_parities[k];
  const char *name = f->name.s;
  if (q->kind >= PARITY_COUNT) {
    ERROR(c, format_parities, k, "a parity of format \"%.31s\" is neither even nor odd", name);
    return;
  }
  if (q->bit >= f->bits) {
    ERROR(c, format_parities, k,
          "parity bit %u lies outside of format \"%.31s\", whose bits are 0 to %u", q->bit, name,
          f->bits - 1u);
    return;
  }
  if (has(in_fields, q->bit))
    ERROR(c, format_parities, k,
          "parity bit %u of format \"%.31s\" is in a field: leave it out of the field", q->bit,
          name);
  if (has(seen, q->bit))
    ERROR(c, format_parities, k, "format \"%.31s\" has parity bit %u twice", name, q->bit);
  put(seen, q->bit);
  if (has(q->over, q->bit))
    ERROR(c, format_parities, k,
          "parity bit %u of format \"%.31s\" covers itself: leave it out of over", q->bit, name);
  if (bytes_are_zero(q->over, sizeof q->over))
    ERROR(c, format_parities, k, "parity bit %u of format \"%.31s\" covers nothing: say over what",
          q->bit, name);
  for (uint32_t i = f->bits; i < card_bits_max; i++)
    if (has(q->over, i)) {
      ERROR(c, format_parities, k,
            "parity bit %u covers bit %u, which lies outside of format \"%.31s\", whose bits are 0 "
            "to %u",
            q->bit, i, name, f->bits - 1u);
      break;
    }
  for (uint32_t later = k + 1; later < f->parities_at + f->n_parities; later++) {
    uint16_t bit = c->p->format_parities[later].bit;
    if (bit < f->bits && bit != q->bit && has(q->over, bit))
      ERROR(
          c, format_parities, k,
          "parity bit %u of format \"%.31s\" covers parity bit %u, which is listed after it: list "
          "that one first, as it is computed first",
          q->bit, name, bit);
  }
}

/* False when it bears the name of a standard format and is another. */
static bool check_standard(struct check *c, uint32_t i) {
  const struct plan_format *f = &c->p->formats[i];
  const struct card_standard *s = card_standard_find(f->name.s);
  if (!s || card_standard_same(s, c->p, i))
    return true;
  if (f->n_fields || f->n_parities)
    ERROR(c, formats, i,
          "format \"%.31s\" is a standard one and is described here as another: leave out what "
          "describes it, or give it another name",
          f->name.s);
  else if (s->bits)
    ERROR(c, formats, i,
          "format \"%.31s\" is a standard one of %u bits: leave out bits, or give it another name",
          f->name.s, s->bits);
  else
    ERROR(
        c, formats, i,
        "format \"%.31s\" is a standard one of any length: leave out bits, or give it another name",
        f->name.s);
  return false;
}

/* Bits that are neither number nor parity tell no card from another. */
static void warn_unused(struct check *c, uint32_t i, const uint8_t *used) {
  const struct plan_format *f = &c->p->formats[i];
  for (uint32_t bit = 0; bit < f->bits && f->n_fields; bit++)
    if (!has(used, bit)) {
      WARN(
          c, formats, i,
          "format \"%.31s\": bit %u is in no field and no parity bit: cards that differ only there "
          "are one card",
          f->name.s, bit);
      break;
    }
}

static void check_format(struct check *c, uint32_t i) {
  const struct plan *p = c->p;
  const struct plan_format *f = &p->formats[i];
  uint8_t taken[set_bytes] = {0}, seen[set_bytes] = {0};
  bool before = c->unsound;
  c->unsound = false;
  if (told(c, PLAN_ARRAY_formats, i)) {
    c->unsound = true; /* what follows from it is not told */
    return;
  }
  if (f->bits > card_bits_max) {
    ERROR(c, formats, i, "format \"%.31s\" has more than %d bits", f->name.s, card_bits_max);
    return;
  }
  if (!check_standard(c, i))
    return;
  if (!f->bits && (f->n_fields || f->n_parities)) {
    ERROR(c, formats, i, "format \"%.31s\" is described and has no length: say its bits",
          f->name.s);
    return;
  }
  if (f->n_parities && !f->n_fields)
    ERROR(c, formats, i, "format \"%.31s\" has parity and no fields: say which bits are the number",
          f->name.s);
  for (uint32_t k = f->fields_at; k < f->fields_at + f->n_fields; k++)
    check_field(c, f, k, taken);
  for (uint32_t k = f->parities_at; k < f->parities_at + f->n_parities; k++)
    check_parity(c, f, k, taken, seen);
  for (uint32_t k = 0; k < set_bytes; k++)
    taken[k] = (uint8_t)(taken[k] | seen[k]);
  if (!c->unsound)
    warn_unused(c, i, taken);
  c->unsound |= before;
}

/* --- Told from one another --- */

/* Parity as linear equations over two: the sum of some bits is 0 or 1. */
struct equation {
  uint8_t bits[set_bytes];
  bool sum;
};
struct equations {
  uint32_t n, lead[2 * format_parities_max]; /* lead[i]: the first bit of at[i], in no later one */
  struct equation at[2 * format_parities_max];
};
enum news { NEWS_NONE, NEWS_MORE, NEWS_CONTRADICTS };

/* What is said by these equations that those already there do not say. */
static enum news add_equation(struct equations *e, const struct plan_format_parity *q) {
  struct equation x = {{0}, q->kind == PARITY_ODD};
  memcpy(x.bits, q->over, sizeof x.bits);
  put(x.bits, q->bit);
  for (uint32_t i = 0; i < e->n; i++)
    if (has(x.bits, e->lead[i])) {
      for (uint32_t k = 0; k < set_bytes; k++)
        x.bits[k] ^= e->at[i].bits[k];
      x.sum ^= e->at[i].sum;
    }
  if (bytes_are_zero(x.bits, sizeof x.bits))
    return x.sum ? NEWS_CONTRADICTS : NEWS_NONE;
  uint32_t lead = 0;
  while (!has(x.bits, lead))
    lead++;
  e->lead[e->n] = lead;
  e->at[e->n++] = x;
  return NEWS_MORE;
}

/* Of the cards of format `later`, one in *in is one of format `first` too. False when none is. */
static bool shared(const struct plan *p, uint32_t first, uint32_t later, uint32_t *in) {
  const struct plan_format *a = &p->formats[first], *b = &p->formats[later];
  struct equations e = {0};
  *in = 1;
  for (uint32_t i = 0; i < b->n_parities; i++)
    (void)add_equation(&e, &p->format_parities[b->parities_at + i]);
  for (uint32_t i = 0; i < a->n_parities; i++) {
    enum news news = add_equation(&e, &p->format_parities[a->parities_at + i]);
    if (news == NEWS_CONTRADICTS)
      return false;
    if (news == NEWS_MORE)
      *in *= 2;
  }
  return true;
}

/* A reader tells a card's bits, not its format: the first in the plan's order that fits is taken
 * (card_format.h). A format that is never taken is a fault: its cards, issued under its name, would
 * open nothing. One that is sometimes not taken is told. */
static void check_pairs(struct check *c) {
  const struct plan *p = c->p;
  for (uint32_t later = 1; later < p->n_formats; later++)
    for (uint32_t first = 0; first < later; first++) {
      const char *a = p->formats[first].name.s, *b = p->formats[later].name.s;
      uint32_t in;
      if (p->formats[first].bits != p->formats[later].bits || !shared(p, first, later, &in))
        continue;
      if (in == 1) {
        ERROR(c, formats, later,
              "format \"%.31s\" would never be read: each of its cards fits \"%.31s\" before it, "
              "by length and parity: keep one of the two",
              b, a);
        break;
      }
      WARN(c, formats, later,
           "one in %u cards of format \"%.31s\" also fits \"%.31s\" before it, and is read as that",
           in, b, a);
    }
}

/* Those of each format lie behind those of the format before it: only a blob can have it otherwise.
 */
static bool in_place(struct check *c) {
  const struct plan *p = c->p;
  uint32_t fields = 0, parities = 0;
  for (uint32_t i = 0; i < p->n_formats; i++) {
    const struct plan_format *f = &p->formats[i];
    if (f->fields_at != fields || f->parities_at != parities || f->n_fields > format_fields_max ||
        f->n_parities > format_parities_max || fields + f->n_fields > p->n_format_fields ||
        parities + f->n_parities > p->n_format_parities) {
      ERROR(c, formats, i, "format \"%.31s\" has fields or parity out of place", f->name.s);
      return false;
    }
    fields += f->n_fields;
    parities += f->n_parities;
  }
  if (fields == p->n_format_fields && parities == p->n_format_parities)
    return true;
  check_tell_all(c, 0, "there are fields or parity of no card format");
  return false;
}

void check_formats(struct check *c) {
  bool before = c->unsound;
  c->unsound = false;
  bool placed = in_place(c);
  for (uint32_t i = 0; placed && i < c->p->n_formats; i++)
    check_format(c, i);
  if (!c->unsound)
    check_pairs(c);
  c->unsound = before; /* nothing else looks at formats */
}
