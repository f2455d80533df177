/* gendocs.c: writes what the tables of the code hold into docs/, or tells what differs.
 *
 *   gendocs --write DOCS    makes it so
 *   gendocs --check DOCS    tells the first line of each file that is not so; ends with 1
 *
 * A page DOCS/NAME.md has blocks between the lines `<!-- generated: NAME -->` and `<!-- end -->`,
 * one for a row of generators[] below. Man pages and completion are whole files.
 *
 * Invariants:
 *   1. what stands outside the blocks of a page is never touched;
 *   2. every generator has its block in some page, and every block its generator;
 *   3. nothing is written when a page is faulty, and a file that says the same is not written.
 *
 * A new table: its row in generators[], and the two lines in the page that shall show it.
 */
#include "gendocs.h"

#include "cli/help.h"
#include "cli/niem.h"
#include "contain/calls.h"
#include "osdp/message.h"
#include "plan/card_standard.h"
#include "plan/plan_fields.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct generator {
  const char *name; /* of the block; of the file, below DOCS */
  void (*run)(struct buf *out);
};

static const struct generator generators[] = {
    {"verbs", help_markdown},
    {"reasons", help_reasons_markdown},
    {"permissions", help_permissions_markdown},
    {"entries", help_entries_markdown},
    {"commands", help_commands_markdown},
    {"fields", plan_fields_document},
    {"formats", card_standard_document},
    {"calls", calls_markdown},
    {"osdp", osdp_messages_markdown},
    {"niem", niem_document},
    {"register", help_register_markdown},
    {"register-entries", help_register_entries_markdown},
};
enum { generators_n = sizeof generators / sizeof *generators };

static const struct generator whole_files[] = {
    {"man/sallyport.1", help_man},
    {"completion/sallyport.bash", help_bash},
};
enum { whole_files_n = sizeof whole_files / sizeof *whole_files };

enum { path_max = 512, doc_bytes_max = 1 << 22, pages_max = 64 };

struct page {
  char path[path_max];
  struct buf is, shall;
  bool absent;
};

static struct {
  const char *docs;
  bool write;
  struct page pages[pages_max + whole_files_n + 128];
  size_t n;
  bool shown[generators_n];
  int wrong;
} g;

static const char block_begin[] = "<!-- generated: ", block_end[] = "<!-- end -->";

static _Noreturn void die(const char *path) {
  fprintf(stderr, "gendocs: %s: %s\n", path, strerror(errno));
  exit(2);
}

/* --- Files --- */

static struct page *page_add(const char *name) {
  if (g.n == sizeof g.pages / sizeof *g.pages) {
    fprintf(stderr, "gendocs: more than %zu files: raise the limit\n", g.n);
    exit(2);
  }
  struct page *p = &g.pages[g.n++];
  int n = snprintf(p->path, sizeof p->path, "%s/%s", g.docs, name);
  if (n < 0 || (size_t)n >= sizeof p->path) {
    errno = ENAMETOOLONG;
    die(name);
  }
  FILE *f = fopen(p->path, "rb");
  if (!f && errno != ENOENT)
    die(p->path);
  p->absent = !f;
  for (size_t got = 1; f && got && p->is.n < doc_bytes_max;) {
    if (!buf_reserve(&p->is, 65536))
      break;
    got = fread(p->is.p + p->is.n, 1, 65536, f);
    p->is.n += got;
  }
  if (f && (ferror(f) || p->is.failed || p->is.n >= doc_bytes_max)) {
    errno = EFBIG;
    die(p->path);
  }
  if (f)
    fclose(f);
  return p;
}

static void page_write(const struct page *p) {
  char dir[path_max];
  snprintf(dir, sizeof dir, "%s", p->path);
  *strrchr(dir, '/') = 0;
  if (mkdir(dir, 0777) && errno != EEXIST)
    die(dir);
  FILE *f = fopen(p->path, "wb");
  if (!f)
    die(p->path);
  bool ok = fwrite(p->shall.p, 1, p->shall.n, f) == p->shall.n;
  if (fclose(f) || !ok)
    die(p->path);
  printf("wrote %s\n", p->path);
}

/* --- Pages with blocks --- */

/* The next line without its newline; false at the end. */
static bool next_line(struct span *rest, struct span *line) {
  if (!rest->n)
    return false;
  const uint8_t *nl = memchr(rest->p, '\n', rest->n);
  size_t n = nl ? (size_t)(nl - rest->p) : rest->n;
  *line = span_of(rest->p, n);
  *rest = span_of(rest->p + n + (nl != NULL), rest->n - n - (nl != NULL));
  return true;
}

static bool starts_with(struct span s, const char *prefix) {
  size_t n = strlen(prefix);
  return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static void fault(const struct page *p, unsigned line, const char *what) {
  fprintf(stderr, "%s:%u: %s\n", p->path, line, what);
  g.wrong++;
}

/* The generator that a line `<!-- generated: NAME -->` names; NULL if there is none. */
static const struct generator *generator_of(struct span line) {
  for (size_t i = 0; i < generators_n; i++) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s -->", block_begin, generators[i].name);
    if (span_is(line, whole)) {
      g.shown[i] = true;
      return &generators[i];
    }
  }
  return NULL;
}

/* Appends what a table says, with one empty line before and after. */
static void generate(struct buf *out, const struct generator *gen) {
  buf_puts(out, "\n");
  gen->run(out);
  while (out->n && out->p[out->n - 1] == '\n')
    out->n--;
  buf_puts(out, "\n\n");
}

static void page_fill(struct page *p) {
  struct span rest = buf_span(&p->is), line;
  unsigned number = 0, begun = 0;
  while (next_line(&rest, &line)) {
    number++;
    if (starts_with(line, block_begin)) {
      const struct generator *gen = generator_of(line);
      if (begun)
        fault(p, begun, "this block has no `<!-- end -->`");
      begun = number;
      buf_printf(&p->shall, "%.*s\n", (int)line.n, (const char *)line.p);
      if (gen)
        generate(&p->shall, gen);
      else
        fault(p, number, "no generator has this name; tools/gendocs.c lists them");
    } else if (span_is(line, block_end)) {
      if (!begun)
        fault(p, number, "this end has no `<!-- generated: NAME -->` before it");
      begun = 0;
      buf_printf(&p->shall, "%s\n", block_end);
    } else if (!begun) {
      buf_put(&p->shall, line.p, line.n);
      buf_puts(&p->shall, "\n");
    }
  }
  if (begun)
    fault(p, begun, "this block has no `<!-- end -->`");
}

static bool ends_with(const char *s, const char *end) {
  size_t n = strlen(s), m = strlen(end);
  return n > m && strcmp(s + n - m, end) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_page(const struct dirent *d) {
  return ends_with(d->d_name, ".md");
}

static int is_man(const struct dirent *d) {
  return ends_with(d->d_name, ".1");
}

static void fill_pages(void) {
  struct dirent **names;
  int n = scandir(g.docs, &names, is_page, by_name);
  if (n < 0)
    die(g.docs);
  for (int i = 0; i < n; i++) {
    page_fill(page_add(names[i]->d_name));
    free(names[i]);
  }
  free(names);
  for (size_t i = 0; i < generators_n; i++)
    if (!g.shown[i]) {
      fprintf(stderr, "%s: no page has a block `%s%s -->`\n", g.docs, block_begin,
              generators[i].name);
      g.wrong++;
    }
}

/* --- Whole files --- */

static void man_name(char out[path_max], const struct verb *v) {
  snprintf(out, path_max, "man/sallyport-%s.1", v->words);
  for (char *c = out; *c; c++)
    if (*c == ' ')
      *c = '-';
}

static void make_whole_files(void) {
  for (size_t i = 0; i < whole_files_n; i++)
    whole_files[i].run(&page_add(whole_files[i].name)->shall);
  for (size_t i = 0; i < verbs_n; i++) {
    char name[path_max];
    man_name(name, &verbs[i]);
    man_verb(&page_add(name)->shall, &verbs[i]);
  }
}

/* A man page of a verb that is no more. */
static void sweep_man(void) {
  char dir[path_max];
  struct dirent **names;
  snprintf(dir, sizeof dir, "%s/man", g.docs);
  int n = scandir(dir, &names, is_man, by_name);
  if (n < 0 && errno != ENOENT)
    die(dir);
  for (int i = 0; i < n; i++) {
    char path[path_max + sizeof names[i]->d_name];
    bool known = false;
    snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
    for (size_t k = 0; k < g.n; k++)
      known |= strcmp(g.pages[k].path, path) == 0;
    if (!known && g.write && unlink(path) == 0)
      printf("removed %s\n", path);
    else if (!known) {
      fprintf(stderr, "%s: there is no such verb any more\n", path);
      g.wrong++;
    }
    free(names[i]);
  }
  if (n >= 0)
    free(names);
}

/* --- Comparing --- */

static void tell_difference(const struct page *p) {
  if (p->absent) {
    fprintf(stderr, "%s: is not there\n", p->path);
    return;
  }
  struct span is = buf_span(&p->is), shall = buf_span(&p->shall), a = {0}, b = {0};
  unsigned line = 0;
  bool more_a, more_b;
  do {
    more_a = next_line(&is, &a);
    more_b = next_line(&shall, &b);
    line++;
  } while (more_a && more_b && span_eq(a, b));
  fprintf(stderr, "%s:%u: differs from the tables\n", p->path, line);
  if (more_a)
    fprintf(stderr, "- %.*s\n", (int)a.n, (const char *)a.p);
  if (more_b)
    fprintf(stderr, "+ %.*s\n", (int)b.n, (const char *)b.p);
}

int main(int argc, char **argv) {
  if (argc != 3 || (strcmp(argv[1], "--write") != 0 && strcmp(argv[1], "--check") != 0)) {
    fprintf(stderr, "usage: gendocs --write|--check DOCS\n");
    return 2;
  }
  g.write = argv[1][2] == 'w';
  g.docs = argv[2];
  fill_pages();
  make_whole_files();
  if (g.wrong)
    return 1;
  for (size_t i = 0; i < g.n; i++) {
    struct page *p = &g.pages[i];
    if (p->shall.failed) {
      fprintf(stderr, "gendocs: %s: out of memory\n", p->path);
      return 2;
    }
    if (!p->absent && span_eq(buf_span(&p->is), buf_span(&p->shall)))
      continue;
    if (g.write)
      page_write(p);
    else {
      tell_difference(p);
      g.wrong++;
    }
  }
  sweep_man();
  for (size_t i = 0; i < g.n; i++) {
    buf_free(&g.pages[i].is);
    buf_free(&g.pages[i].shall);
  }
  return g.wrong ? 1 : 0;
}
