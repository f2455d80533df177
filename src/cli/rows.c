#include "cli/rows.h"

#include "cli/sentence.h"

#include <string.h>

json_t *row_name(const struct core *core, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(core);
  char name[ref_name_max];
  return index == REF_ABSENT ? json_null()
                             : json_stringn(name, namer.name(namer.ctx, kind, index, name));
}

json_t *row_number(uint32_t index) {
  char number[person_text_max];
  if (index == REF_ABSENT)
    return json_null();
  person_text(number, index);
  return json_string(number);
}

json_t *row_operator(const struct core *core, uint32_t index) {
  struct buf text = {0};
  char ref[ref_name_max + 16] = "operator:";
  if (index == REF_ABSENT)
    return json_null();
  hex_encode(ref + strlen(ref), core->operators[index].id.b, sizeof core->operators[index].id.b);
  sentence_ref(core, &text, ref);
  json_t *j = json_string(buf_cstr(&text) ? buf_cstr(&text) : "");
  buf_free(&text);
  return j;
}

json_t *row_order_kind(const struct core *core, uint32_t index) {
  const struct order *o = &core->orders[index];
  return json_string(o->sealed ? "sealed" : order_kind_names[o->kind]);
}

json_t *row_order_issuer(const struct core *core, uint32_t index) {
  const struct order *o = &core->orders[index];
  return o->sealed ? json_null() : json_string(core->authorities[o->issuer].name.s);
}

json_t *row_from(uint32_t s) {
  return s ? json_time((usec)s * USEC_PER_S) : json_null();
}

json_t *row_until(uint32_t s) {
  return s != UINT32_MAX ? json_time((usec)s * USEC_PER_S) : json_null();
}

void row_drop_empty(json_t *row) {
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe(row, next, key, value) {
    if (json_is_null(value) || (json_is_array(value) && !json_array_size(value)))
      json_object_del(row, key);
  }
}

const char *row_basis_state(const struct core *core, uint32_t basis, usec at) {
  enum order_status status = basis_status_at(core, basis, at);
  return status == ORDER_STATUS_BASIS_SUSPENDED  ? "suspended"
         : status == ORDER_STATUS_BASIS_REPEALED ? "repealed"
         : status == ORDER_STATUS_IN_FORCE       ? "in force"
                                                 : "not in force";
}

const char *death_state(const struct death *d) {
  return d->retracted                 ? "retracted"
         : death_is_resolved(d)       ? "register closed"
         : d->cause_s != UINT32_MAX   ? "remains not handed over"
         : d->remains_s != UINT32_MAX ? "cause not found"
                                      : "cause and remains open";
}
