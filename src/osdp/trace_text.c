#include "osdp/trace_text.h"

#include <string.h>

static bool is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool trace_text_is(struct span bytes) {
  for (size_t i = 0; i < bytes.n; i++)
    if (bytes.p[i] == 0xFF || (bytes.p[i] < 0x20 && !is_space(bytes.p[i])))
      return false;
  return bytes.n > 0;
}

/* The next word of *line; empty: there is none. */
static struct span word(struct span *line) {
  size_t from = 0, to;
  while (from < line->n && is_space(line->p[from]))
    from++;
  for (to = from; to < line->n && !is_space(line->p[to]);)
    to++;
  struct span w = span_of(line->p + from, to - from);
  *line = span_of(line->p + to, line->n - to);
  return w;
}

static bool take_ms(struct trace_text *out, struct span w) {
  size_t points = 0;
  if (w.n >= sizeof out->ms || w.p[0] == '.' || w.p[w.n - 1] == '.')
    return false;
  for (size_t i = 0; i < w.n; i++) {
    points += w.p[i] == '.';
    if ((w.p[i] < '0' || w.p[i] > '9') && w.p[i] != '.')
      return false;
  }
  memcpy(out->ms, w.p, w.n);
  out->ms[w.n] = '\0';
  return points <= 1;
}

static bool take_bytes(struct trace_text *out, struct span w) {
  char hex[2 * trace_text_bytes_max];
  if (w.n == 0 || w.n > sizeof hex)
    return false;
  for (size_t i = 0; i < w.n; i++) /* capitals too */
    hex[i] = (char)(w.p[i] >= 'A' && w.p[i] <= 'F' ? w.p[i] + ('a' - 'A') : w.p[i]);
  out->n = w.n / 2;
  return hex_decode(out->bytes, out->n, hex, w.n);
}

enum trace_text_found trace_text_next(struct span *text, struct trace_text *out) {
  const uint8_t *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
  struct span line = span_of(text->p, end ? (size_t)(end - text->p) : text->n);
  size_t used = line.n + (end != NULL);
  if (text->n == 0)
    return TRACE_TEXT_END;
  *text = span_of(text->p + used, text->n - used);
  struct span ms = word(&line), way = word(&line), hex = word(&line);
  if (ms.n == 0 || ms.p[0] == '#')
    return TRACE_TEXT_NOTE;
  out->reply = span_is(way, "PD>CP");
  if ((!out->reply && !span_is(way, "CP>PD")) || !take_ms(out, ms) || !take_bytes(out, hex))
    return TRACE_TEXT_WRONG;
  return TRACE_TEXT_BYTES;
}
