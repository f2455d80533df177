#include "line/line_plan.h"

#include "plan/plan_scalar.h"
#include "plan/plan_wiring.h"

static void put_format(const struct plan *p, const struct plan_format *f, struct buf *out) {
  buf_printf(out, "format %s %u\n", f->name.s, f->bits);
  for (uint32_t i = 0; i < f->n_fields; i++) {
    const struct plan_format_field *g = &p->format_fields[f->fields_at + i];
    buf_printf(out, "  field %s %u %u\n", g->name.s, g->first, g->bits);
  }
  for (uint32_t i = 0; i < f->n_parities; i++) {
    const struct plan_format_parity *q = &p->format_parities[f->parities_at + i];
    buf_printf(out, "  parity %u %u ", q->bit, q->kind);
    plan_bits_put(out, q->over);
    buf_puts(out, "\n");
  }
}

void line_plan_text(const struct plan *p, uint32_t line,
                    bool (*has_key)(void *ctx, const char *reader), void *ctx, struct buf *out) {
  const struct plan_line *l = &p->lines[line];
  buf_printf(out, "line %s %u %u %s\n", l->name.s, l->kind, l->baud, l->where);
  for (uint32_t i = 0; i < p->n_readers; i++) {
    const struct plan_reader *r = &p->readers[i];
    if (r->line != line)
      continue;
    bool set_up = r->secure == SECURE_INSTALL && has_key(ctx, r->name.s);
    buf_printf(out, "reader %s %u %u %u\n", r->name.s, r->address,
               set_up ? SECURE_REQUIRED : r->secure, r->factors);
  }
  for (uint32_t i = 0; i < p->n_doors; i++) {
    const struct plan_door *d = &p->doors[i];
    uint16_t board = plan_door_board(p, i, line);
    if (board == NONE16)
      continue;
    buf_printf(out, "door %s %d %d %d %u at %s ", d->name.s, d->contact, d->lock_monitor,
               d->tells_locked, d->rex, p->readers[board].name.s);
    plan_wiring_put(out, d);
    buf_puts(out, "\n");
  }
  for (uint32_t i = 0; i < p->n_formats; i++)
    put_format(p, &p->formats[i], out);
}
