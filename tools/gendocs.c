/* gendocs: what tables in the code hold, written into the docs, the man page and completion.
 *
 *   gendocs write DIR     rewrites the parts of DIR/docs that are made from tables
 *   gendocs check DIR     tells which differ from what would be written; exit code 1 if any does
 *   gendocs man           prints sallyport.1
 *   gendocs bash          prints the completion
 *
 * A part of a page stands between <!-- generated: NAME --> and <!-- end -->.
 */
#include "cli/file.h"
#include "cli/help.h"
#include "plan/plan_fields.h"

#include <stdio.h>
#include <string.h>

struct generator {
  const char *page, *name;
  void (*write)(struct buf *out);
};
static const struct generator generators[] = {
    {"docs/cli.md", "verbs", help_markdown},
    {"docs/decisions.md", "reasons", help_reasons_markdown},
    {"docs/decisions.md", "permissions", help_permissions_markdown},
    {"docs/journal.md", "entries", help_entries_markdown},
    {"docs/journal.md", "commands", help_commands_markdown},
    {"docs/plan.md", "fields", plan_fields_document},
};
enum { generators_n = sizeof generators / sizeof generators[0], page_bytes_max = 4 << 20 };

/* The page with the generator's part replaced. */
static enum sp_err replace_part(const struct generator *g, struct span page, struct buf *out,
                                struct fault *why) {
  char begin[64];
  static const char end[] = "<!-- end -->";
  snprintf(begin, sizeof begin, "<!-- generated: %s -->\n", g->name);
  const uint8_t *from = memmem(page.p, page.n, begin, strlen(begin));
  const uint8_t *part = from ? from + strlen(begin) : NULL;
  const uint8_t *until =
      part ? memmem(part, page.n - (size_t)(part - page.p), end, strlen(end)) : NULL;
  if (!until)
    return fault_set(why, SP_NOT_FOUND, "%s: there is no part %.*s and %s after it", g->page,
                     (int)strlen(begin) - 1, begin, end);
  buf_put(out, page.p, (size_t)(part - page.p));
  buf_puts(out, "\n");
  g->write(out);
  if (out->n && out->p[out->n - 1] != '\n')
    buf_puts(out, "\n");
  buf_puts(out, "\n");
  buf_put(out, until, page.n - (size_t)(until - page.p));
  return out->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}

static enum sp_err write_page(const char *path, struct span page, struct fault *why) {
  FILE *f = fopen(path, "w");
  if (!f || fwrite(page.p, 1, page.n, f) != page.n || fclose(f) != 0)
    return fault_set(why, SP_IO, "%s cannot be written", path);
  return SP_OK;
}

static enum sp_err run_one(const struct generator *g, const char *dir, bool check, bool *differs,
                           struct fault *why) {
  char path[4096];
  struct buf page = {0}, made = {0};
  snprintf(path, sizeof path, "%s/%s", dir, g->page);
  enum sp_err err = cli_file_read(path, page_bytes_max, &page, why);
  if (!err)
    err = replace_part(g, buf_span(&page), &made, why);
  if (!err && !span_eq(buf_span(&page), buf_span(&made))) {
    *differs = true;
    if (check)
      printf("not ok: %s: the part %s is not what the code says: `make docs`\n", g->page, g->name);
    else
      err = write_page(path, buf_span(&made), why);
  } else if (!err && check) {
    printf("ok: %s: %s\n", g->page, g->name);
  }
  buf_free(&page);
  buf_free(&made);
  return err;
}

static int print_one(void (*write)(struct buf *out)) {
  struct buf b = {0};
  write(&b);
  bool good = !b.failed && fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0;
  buf_free(&b);
  return good ? 0 : 1;
}

int main(int argc, char **argv) {
  bool check = argc == 3 && strcmp(argv[1], "check") == 0, differs = false, failed = false;
  if (argc == 2 && strcmp(argv[1], "man") == 0)
    return print_one(help_man);
  if (argc == 2 && strcmp(argv[1], "bash") == 0)
    return print_one(help_bash);
  if (argc != 3 || (!check && strcmp(argv[1], "write") != 0)) {
    fputs("gendocs write DIR | check DIR | man | bash\n", stderr);
    return 2;
  }
  for (size_t i = 0; i < generators_n; i++) {
    struct fault why = {0};
    if (run_one(&generators[i], argv[2], check, &differs, &why)) {
      printf("not ok: %s\n", why.text);
      failed = true;
    }
  }
  return failed || (check && differs) ? 1 : 0;
}
