#include "sim/plans.h"

#include "sim/random_plan.h"

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

/* The stream that made the site, for a change of it to begin from. */
static struct rng made_with(const struct settings *s) {
  return rng_from(s->seed, "plan");
}

void plans_first(const struct settings *s, struct buf *yaml) {
  struct rng r = made_with(s);
  if (s->reference)
    read_file("examples/three-sections.yaml", yaml);
  else if (s->seed % 4 == 0)
    read_file("tests/scenarios/plans/port.yaml", yaml);
  else
    random_plan(&r, yaml);
}

void plans_next(struct world *w, struct rng *r, struct buf *yaml) {
  const struct settings *s = &w->settings;
  if (s->reference || s->seed % 4 == 0) {
    plans_first(s, yaml);
    buf_printf(yaml, "# %u\n", rng_below(r, 1000));
  } else {
    random_plan_change(made_with(s), r, yaml);
  }
}
