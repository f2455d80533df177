/* seeds.c: real bytes for fuzz/make-seeds, from the small site: `seeds journal` prints its entries,
 * a line each, `seeds blob` and `seeds small-blob` two compiled plans, `seeds dump` its snapshot,
 * `seeds names` what site.h lets stand for its ids. */
#include "core/state.h"
#include "fuzz/site.h"

#include <stdio.h>
#include <string.h>

static enum sp_err print_entry(void *ctx, uint64_t n, struct span entry) {
  (void)ctx, (void)n;
  printf("%.*s\n", (int)entry.n, (const char *)entry.p);
  return SP_OK;
}

static void print_names(const struct core *core) {
  static const char names[] = "0123456789abcdefghijklmnopqrstuvw";
  for (const char *c = names; *c; c++) {
    const char word[] = {'@', *c, 0};
    struct buf id = {0};
    fuzz_site_expand(span_str(word), core, NULL, &id);
    printf("%s %.*s\n", word, (int)id.n, (const char *)id.p);
    buf_free(&id);
  }
}

int main(int argc, char **argv) {
  const struct fuzz_site *s = fuzz_site();
  const char *what = argc == 2 ? argv[1] : "";
  struct buf b = {0};
  if (strcmp(what, "journal") == 0) {
    MUST_DO(store_entries(s->fake.store, 0, UINT64_MAX, print_entry, NULL, must));
  } else if (strcmp(what, "blob") == 0) {
    MUST_DO(store_blob(s->fake.store, &s->compiled[0], &b, must));
  } else if (strcmp(what, "small-blob") == 0) {
    MUST_DO(store_blob(s->fake.store, &s->compiled[2], &b, must));
  } else if (strcmp(what, "dump") == 0) {
    buf_put(&b, s->dump.p, s->dump.n);
  } else if (strcmp(what, "names") == 0) {
    print_names(engine_core(s->fake.engine));
  } else {
    fprintf(stderr, "seeds journal|blob|small-blob|dump|names\n");
    return 2;
  }
  if (b.n)
    fwrite(b.p, 1, b.n, stdout);
  buf_free(&b);
  return 0;
}
