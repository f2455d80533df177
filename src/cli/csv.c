#include "cli/csv.h"

#include "plan/plan_scalar.h"

#include <string.h>

void csv_open(struct csv *c, struct span in) {
  memset(c, 0, sizeof *c);
  c->in = in;
  c->line = 1;
  if (in.n >= 3 && memcmp(in.p, "\xef\xbb\xbf", 3) == 0)
    c->at = 3;
}

void csv_close(struct csv *c) {
  bytes_wipe(c->text.p, c->text.cap); /* cards and PINs stood there */
  buf_free(&c->text);
}

static bool at_break(const struct csv *c) {
  const uint8_t *p = c->in.p + c->at;
  size_t left = c->in.n - c->at;
  return left == 0 || p[0] == '\n' || (p[0] == '\r' && (left == 1 || p[1] == '\n'));
}

/* Over the line break that is here, if one is. */
static void pass_break(struct csv *c) {
  if (c->at < c->in.n && c->in.p[c->at] == '\r')
    c->at++;
  if (c->at < c->in.n && c->in.p[c->at] == '\n') {
    c->at++;
    c->line++;
  }
}

/* To the next line, so that one bad record does not spoil those after it. */
static enum sp_err give_up(struct csv *c, struct fault *why, const char *what) {
  while (!at_break(c))
    c->at++;
  pass_break(c);
  return fault_set(why, SP_INVALID, "%s", what);
}

static const char quote_open[] =
    "a quote (\") is opened and never closed: close it, and double a quote that is meant";

/* Appends one field and its NUL; stops at the comma or break behind it. NULL or what is wrong. */
static const char *take_field(struct csv *c) {
  if (c->at < c->in.n && c->in.p[c->at] == '"') {
    size_t start = c->at++;
    uint32_t line = c->line;
    for (;;) {
      if (c->at == c->in.n || c->text.n > csv_record_bytes_max) {
        c->at = start + 1; /* the rest of this line alone is given up */
        c->line = line;
        return quote_open;
      }
      uint8_t b = c->in.p[c->at++];
      if (b == '"' && (c->at == c->in.n || c->in.p[c->at] != '"'))
        break;
      if (b == '"')
        c->at++;
      c->line += b == '\n';
      buf_put(&c->text, &b, 1);
    }
    if (!at_break(c) && c->in.p[c->at] != ',')
      return "after a closing quote comes a comma or the end of the line: double a quote that is "
             "meant";
  } else {
    size_t start = c->at;
    while (!at_break(c) && c->in.p[c->at] != ',') {
      if (c->in.p[c->at] == '"')
        return "a quote (\") stands within a field: put the whole field in quotes, and double it";
      c->at++;
    }
    buf_put(&c->text, c->in.p + start, c->at - start);
  }
  buf_put(&c->text, "", 1);
  return NULL;
}

enum sp_err csv_next(struct csv *c, bool *end, struct fault *why) {
  size_t offsets[csv_fields_max] = {0};
  buf_reset(&c->text);
  c->n = 0;
  *end = false;
  while (c->at < c->in.n && at_break(c))
    pass_break(c);
  c->record_line = c->line;
  if (c->at == c->in.n) {
    *end = true;
    return SP_OK;
  }
  for (;;) {
    if (c->n == csv_fields_max)
      return give_up(c, why, "there are more than 64 columns");
    offsets[c->n] = c->text.n;
    const char *wrong = take_field(c);
    if (wrong)
      return give_up(c, why, wrong);
    c->n++;
    if (c->text.n > csv_record_bytes_max)
      return give_up(c, why, "the row is longer than 32,768 bytes: is a quote missing?");
    if (at_break(c))
      break;
    c->at++; /* the comma */
  }
  pass_break(c);
  if (c->text.failed)
    return fault_set(why, SP_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; i < c->n; i++) {
    const char *f = (const char *)c->text.p + offsets[i];
    size_t n = (i + 1 < c->n ? offsets[i + 1] : c->text.n) - offsets[i] - 1;
    c->fields[i] = f;
    if (!utf8_valid(span_of(f, n)))
      return fault_set(why, SP_INVALID, "column %u is not UTF-8: save the file as UTF-8", i + 1);
    for (size_t k = 0; k < n; k++)
      if ((uint8_t)f[k] < 0x20 && f[k] != '\n' && f[k] != '\r' && f[k] != '\t')
        return fault_set(why, SP_INVALID, "column %u has a control character (0x%02x)", i + 1,
                         (unsigned)(uint8_t)f[k]);
  }
  return SP_OK;
}
