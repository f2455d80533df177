#include "cli/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const colour_codes[] = {
    [COLOUR_NONE] = "",         [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m",
    [COLOUR_WARN] = "\033[33m", [COLOUR_DIM] = "\033[2m",   [COLOUR_STRONG] = "\033[1m",
};

void out_colour(const struct out *o, struct buf *b, enum colour c, const char *text) {
  if (o->colours && c != COLOUR_NONE)
    buf_printf(b, "%s%s\033[0m", colour_codes[c], text);
  else
    buf_puts(b, text);
}

void out_line(const struct out *o, const char *fmt, ...) {
  (void)o;
  va_list ap;
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  putchar('\n');
}

void out_json(json_t *value) {
  char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  if (text)
    puts(text);
  free(text);
  json_decref(value);
}

enum sp_err out_end(struct fault *why) {
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout))
    return fault_set(why, SP_IO, "standard output cannot be written%s%s", errno ? ": " : "",
                     errno ? strerror(errno) : "");
  return SP_OK;
}

json_t *json_time(usec t) {
  char text[time_text_len];
  time_format(text, t);
  return json_stringn(text, time_text_len);
}

void out_value(const struct out *o, struct buf *b, const json_t *value, enum column_kind kind) {
  if (!value || json_is_null(value))
    return;
  if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++) {
      if (i)
        buf_puts(b, ", ");
      out_value(o, b, json_array_get(value, i), kind);
    }
    return;
  }
  usec t;
  const char *s = json_string_value(value);
  if (kind == COLUMN_TIME && s && time_parse(&t, s, strlen(s))) {
    char text[when_text_max];
    when_format(text, WHEN_FULL, t, o->plan);
    buf_puts(b, text);
  } else if (s) {
    term_put(b, span_of(s, json_string_length(value)));
  } else if (json_is_integer(value)) {
    buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  } else if (json_is_boolean(value)) {
    buf_puts(b, json_is_true(value) ? "yes" : "no");
  } else {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
      term_put(b, span_str(text));
    free(text);
  }
}

/* States by their words, whichever table they stand in. */
static enum colour state_colour(const char *s) {
  static const struct {
    const char *word;
    enum colour c;
  } words[] = {
      {"present", COLOUR_GOOD},
      {"issued", COLOUR_GOOD},
      {"in service", COLOUR_GOOD},
      {"secured", COLOUR_GOOD},
      {"running", COLOUR_GOOD},
      {"online", COLOUR_GOOD},
      {"in_force", COLOUR_GOOD},
      {"held", COLOUR_GOOD},
      {"no basis to hold", COLOUR_BAD},
      {"unauthenticated", COLOUR_WARN},
      {"served", COLOUR_GOOD},
      {"not served", COLOUR_BAD},
      {"suspended", COLOUR_WARN},
      {"unlocked", COLOUR_WARN},
      {"open", COLOUR_WARN},
      {"expired", COLOUR_WARN},
      {"lost", COLOUR_BAD},
      {"revoked", COLOUR_BAD},
      {"departed", COLOUR_DIM},
      {"merged", COLOUR_DIM},
      {"out of service", COLOUR_BAD},
      {"locked down", COLOUR_BAD},
      {"disabled", COLOUR_BAD},
      {"not running", COLOUR_BAD},
      {"offline", COLOUR_BAD},
      {"insecure", COLOUR_BAD},
      {"tampered", COLOUR_BAD},
      {"power failed", COLOUR_WARN},
      {"boarded", COLOUR_GOOD},
      {"handed_over", COLOUR_DIM},
      {"confirmed", COLOUR_WARN},
      {"removed", COLOUR_DIM},
      {"cancelled", COLOUR_DIM},
      {"authorised", COLOUR_GOOD},
      {"returned", COLOUR_DIM},
      {"closed", COLOUR_DIM},
      {"yes", COLOUR_GOOD},
      {"no", COLOUR_BAD},
      {"alternate", COLOUR_DIM},
      {"proposed", COLOUR_WARN},
  };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcmp(words[i].word, s) == 0)
      return words[i].c;
  return COLOUR_NONE;
}

/* --- Tables --- */

void table_begin(struct table *t, const struct out *o, const struct column *columns, size_t n) {
  SP_ASSERT(n <= table_columns_max);
  memset(t, 0, sizeof *t);
  t->o = o;
  t->columns = columns;
  t->n_columns = n;
  for (size_t i = 0; i < n; i++)
    t->width[i] = term_width(span_str(columns[i].title));
}

static void put_cell(const struct table *t, struct buf *line, size_t column, struct span text,
                     enum colour c) {
  size_t w = term_width(text), pad = t->width[column] > w ? t->width[column] - w : 0;
  bool right = t->columns[column].kind == COLUMN_NUMBER, last = column + 1 == t->n_columns;
  if (right)
    buf_printf(line, "%*s", (int)pad, "");
  if (t->o->colours && c != COLOUR_NONE) {
    buf_puts(line, colour_codes[c]);
    buf_put(line, text.p, text.n);
    buf_puts(line, "\033[0m");
  } else {
    buf_put(line, text.p, text.n);
  }
  if (!last)
    buf_printf(line, "%*s", (int)(right ? 2 : pad + 2), "");
}

static void print_line(struct buf *line) {
  while (line->n && line->p[line->n - 1] == ' ')
    line->n--;
  if (!line->failed)
    fwrite(line->p, 1, line->n, stdout);
  putchar('\n');
  buf_reset(line);
}

static void flush_batch(struct table *t) {
  struct buf cell = {0}, line = {0};
  for (size_t r = 0; r < t->n_batch; r++)
    for (size_t i = 0; i < t->n_columns; i++) {
      buf_reset(&cell);
      out_value(t->o, &cell, json_object_get(t->batch[r], t->columns[i].key), t->columns[i].kind);
      size_t w = term_width(buf_span(&cell));
      if (w > t->width[i])
        t->width[i] = w;
    }
  if (!t->headed && t->n_batch) {
    for (size_t i = 0; i < t->n_columns; i++)
      put_cell(t, &line, i, span_str(t->columns[i].title), COLOUR_STRONG);
    print_line(&line);
    t->headed = true;
  }
  for (size_t r = 0; r < t->n_batch; r++) {
    for (size_t i = 0; i < t->n_columns; i++) {
      buf_reset(&cell);
      out_value(t->o, &cell, json_object_get(t->batch[r], t->columns[i].key), t->columns[i].kind);
      const char *s = buf_cstr(&cell);
      enum colour c = t->columns[i].kind == COLUMN_STATE && s ? state_colour(s) : COLOUR_NONE;
      put_cell(t, &line, i, buf_span(&cell), c);
    }
    print_line(&line);
    json_decref(t->batch[r]);
  }
  t->n_batch = 0;
  buf_free(&cell);
  buf_free(&line);
}

void table_row(struct table *t, json_t *row) {
  t->n_rows++;
  if (t->o->json) {
    out_json(row);
    return;
  }
  t->batch[t->n_batch++] = row;
  if (t->n_batch == table_batch)
    flush_batch(t);
}

void table_end(struct table *t, const char *none) {
  flush_batch(t);
  if (!t->o->json && !t->n_rows && none)
    puts(none);
}

void out_object(const struct out *o, const struct column *columns, size_t n, json_t *object) {
  if (o->json) {
    out_json(object);
    return;
  }
  size_t width = 0;
  for (size_t i = 0; i < n; i++)
    if (json_object_get(object, columns[i].key) && term_width(span_str(columns[i].title)) > width)
      width = term_width(span_str(columns[i].title));
  struct buf line = {0}, cell = {0};
  for (size_t i = 0; i < n; i++) {
    const json_t *v = json_object_get(object, columns[i].key);
    if (!v || json_is_null(v) || (json_is_array(v) && !json_array_size(v)))
      continue;
    size_t w = term_width(span_str(columns[i].title));
    out_colour(o, &line, COLOUR_DIM, columns[i].title);
    buf_printf(&line, "%*s", (int)(width - w + 2), "");
    buf_reset(&cell);
    out_value(o, &cell, v, columns[i].kind);
    const char *s = buf_cstr(&cell);
    out_colour(o, &line, columns[i].kind == COLUMN_STATE && s ? state_colour(s) : COLOUR_NONE,
               s ? s : "");
    print_line(&line);
  }
  buf_free(&line);
  buf_free(&cell);
  json_decref(object);
}
