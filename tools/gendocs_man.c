/* gendocs_man.c: the man page of one verb.
 *
 * sallyport(1) (help_man) has a part `.SS VERB` for each row of the table of verbs, in its order,
 * and under `.SH OPTIONS` an item `.TP` for each option, in theirs. A verb's own page is those
 * parts. */
#include "gendocs.h"

#include "cli/help.h"

#include <string.h>

/* The nth line at or after p that starts with `mark`; SP_NEVER if help_man writes another form. */
static const char *line_at(const char *p, const char *mark, size_t nth) {
  for (; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
    if (strncmp(p, mark, strlen(mark)) == 0 && nth-- == 0)
      return p;
  SP_NEVER("sallyport(1) has a part for each row of the tables");
}

/* The next line after p that starts one of these, or the end of the text. */
static const char *part_end(const char *p, const char *mark, const char *other) {
  while ((p = strchr(p, '\n')) && *++p)
    if (strncmp(p, mark, strlen(mark)) == 0 || strncmp(p, other, strlen(other)) == 0)
      return p;
  SP_NEVER("sallyport(1) ends with parts that are not verbs or options");
}

static const char *after_line(const char *p) {
  return strchr(p, '\n') + 1;
}

static void put_upper(struct buf *out, const char *s) {
  for (; *s; s++)
    buf_printf(out, "%c", *s == ' ' ? '-' : *s >= 'a' && *s <= 'z' ? *s - 32 : *s);
}

static void put_part(struct buf *out, const char *from, const char *to) {
  buf_put(out, from, (size_t)(to - from));
}

void man_verb(struct buf *out, const struct verb *v) {
  struct buf all = {0};
  help_man(&all);
  const char *text = buf_cstr(&all);
  if (!text) {
    out->failed = true;
    return;
  }
  const char *verb = line_at(text, ".SS ", (size_t)(v - verbs));
  const char *synopsis = after_line(verb), *end = part_end(verb, ".SS ", ".SH ");
  const char *description = line_at(synopsis, ".PP", 0);
  SP_ASSERT(description < end);

  buf_puts(out, ".TH SALLYPORT-");
  put_upper(out, v->words);
  buf_puts(out, " 1\n.SH NAME\nsallyport-");
  for (const char *c = v->words; *c; c++)
    buf_printf(out, "%c", *c == ' ' ? '-' : *c);
  buf_printf(out, " \\- %s\n.SH SYNOPSIS\n", v->doc);
  put_part(out, synopsis, description);
  buf_puts(out, ".SH DESCRIPTION\n");
  put_part(out, after_line(description), end);
  buf_puts(out, ".SH OPTIONS\n");
  const char *options = line_at(text, ".SH OPTIONS", 0);
  option_set takes = verb_options(v);
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (takes >> i & 1) {
      const char *option = line_at(options, ".TP", i);
      put_part(out, option, part_end(option, ".TP", ".SH "));
    }
  buf_puts(out, ".SH SEE ALSO\n.BR sallyport (1),\nwhich also tells the exit codes.\n");
  buf_free(&all);
}
