#include "sim/command_text.h"

void command_text(struct buf *out, const struct core *core, const struct command *c) {
  enum { fields_max = 24 };
  struct field fields[fields_max];
  struct record r = command_records[c->type];
  struct namer namer = core_namer(core);
  SP_ASSERT(r.n_fields <= fields_max);
  r.n_fields = 0;
  for (size_t i = 0; i < command_records[c->type].n_fields; i++)
    if (!(command_records[c->type].fields[i].flags & FIELD_ENGINE))
      fields[r.n_fields++] = command_records[c->type].fields[i];
  r.fields = fields;
  record_encode(out, &r, &c->u, &namer);
}
