/* model_compare.c: are two events, effects or lists of reasons the same, member by member? */
#include "sim/model_state.h"

#include <string.h>

bool m_same_reasons(const struct reasons *a, const struct reasons *b) {
  if (a->n != b->n)
    return false;
  for (uint32_t i = 0; i < a->n && i < reasons_max; i++)
    if (a->at[i].code != b->at[i].code || a->at[i].on.kind != b->at[i].on.kind ||
        (a->at[i].on.kind != REF_NONE && a->at[i].on.index != b->at[i].on.index))
      return false;
  return true;
}

static bool same_refs(const struct refs *a, const struct refs *b) {
  bool same = a->n == b->n;
  for (uint32_t i = 0; same && i < a->n && i < refs_max; i++)
    same = a->at[i].kind == b->at[i].kind && a->at[i].index == b->at[i].index;
  return same;
}

static bool same_field(const struct field *f, const void *a, const void *b) {
  switch (f->kind) {
  case FIELD_CONST:
    return true;
  case FIELD_BOOL:
    return *(const bool *)a == *(const bool *)b;
  case FIELD_U32:
  case FIELD_ENUM:
  case FIELD_SET:
  case FIELD_REF:
    return memcmp(a, b, sizeof(uint32_t)) == 0;
  case FIELD_U64:
  case FIELD_TIME:
    return memcmp(a, b, sizeof(uint64_t)) == 0;
  case FIELD_ID:
    return memcmp(a, b, sizeof(struct id)) == 0;
  case FIELD_HASH:
    return memcmp(a, b, sizeof(struct hash)) == 0;
  case FIELD_SLUG:
    return memcmp(a, b, sizeof(struct slug)) == 0;
  case FIELD_REF_ANY:
    return memcmp(a, b, sizeof(struct ref)) == 0;
  case FIELD_REFS:
    return same_refs(a, b);
  case FIELD_REASONS:
    return m_same_reasons(a, b);
  }
  return false;
}

bool m_same_event(const struct event *a, const struct event *b, const char **field) {
  *field = a->type != b->type                                               ? "type"
           : a->n != b->n                                                   ? "n"
           : a->at != b->at                                                 ? "at"
           : a->type == EVENT_PLAN_APPLIED && b->plan && a->plan != b->plan ? "plan"
                                                                            : NULL;
  if (*field)
    return false;
  const struct record *r = &event_records[a->type];
  for (size_t i = 0; i < r->n_fields; i++)
    if (!same_field(&r->fields[i], (const char *)&a->u + r->fields[i].offset,
                    (const char *)&b->u + r->fields[i].offset)) {
      *field = r->fields[i].name;
      return false;
    }
  return true;
}

bool m_same_effect(const struct effect *a, const struct effect *b) {
  return a->type == b->type && a->door == b->door && a->reader == b->reader && a->ms == b->ms &&
         a->value == b->value;
}
