#include "sim/plans.h"

#include <stdio.h>
#include <stdlib.h>

static void read_file(const char *name, struct buf *out) {
  char path[600];
  const char *top = getenv("SALLYPORT_SOURCE");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
  FILE *f = fopen(path, "r");
  size_t n;
  if (!f) {
    fprintf(
        stderr,
        "sallyport-sim: cannot read %s: run from the top of the source, or set SALLYPORT_SOURCE\n",
        path);
    exit(2);
  }
  while (buf_reserve(out, 65536) && (n = fread(out->p + out->n, 1, 65536, f)) > 0)
    out->n += n;
  fclose(f);
}

void plans_first(const struct settings *s, struct buf *yaml) {
  read_file(s->reference ? "examples/three-sections.yaml" : "tests/scenarios/plans/port.yaml",
            yaml);
}

void plans_next(struct world *w, struct rng *r, struct buf *yaml) {
  (void)r;
  plans_first(&w->settings, yaml);
  buf_printf(yaml, "# %u\n", rng_below(r, 1000));
}
