#include "cli/niem.h"

static const struct {
  const char *name, *part_of, *what;
} rows[NIEM_COUNT] = {
#define X(NAME, ...) [NIEM_##NAME] = {__VA_ARGS__},
    NIEM_LIST(X)
#undef X
};

const char *niem_name(enum niem_name n) {
  return rows[n].name;
}

void niem_document(struct buf *out) {
  buf_puts(out, "| name | part of | what of ours |\n|---|---|---|\n");
  for (unsigned i = 0; i < NIEM_COUNT; i++)
    buf_printf(out, "| `%s` | %s | %s |\n", rows[i].name, rows[i].part_of, rows[i].what);
}
