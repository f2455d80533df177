#include "sim/day_int.h"

#include <string.h>

static bool is_own(const struct day *d, enum ref_kind kind, uint32_t index) {
  struct namer namer = core_namer(watch_core(d->w->watch));
  char name[ref_name_max + 1] = {0};
  if (index == REF_ABSENT)
    return false;
  namer.name(namer.ctx, kind, index, name);
  for (uint32_t i = 0; i < d->n_own; i++)
    if (d->own[i].kind == kind && strcmp(d->own[i].name, name) == 0)
      return true;
  return false;
}

static bool may_be_own(enum ref_kind kind) {
  switch ((int)kind) {
  case REF_PERSON:
  case REF_CREDENTIAL:
  case REF_ORDER:
  case REF_BOOKING:
  case REF_MOVEMENT:
  case REF_HEARING:
  case REF_BASIS:
  case REF_CLASS:
    return true;
  default:
    return false;
  }
}

bool day_names_own(const struct day *d, const struct record *r, const void *value) {
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    struct ref on = {f->ref, REF_ABSENT};
    if (f->kind == FIELD_REF)
      memcpy(&on.index, (const uint8_t *)value + f->offset, sizeof on.index);
    else if (f->kind == FIELD_REF_ANY)
      memcpy(&on, (const uint8_t *)value + f->offset, sizeof on);
    if (may_be_own((enum ref_kind)on.kind) && is_own(d, (enum ref_kind)on.kind, on.index))
      return true;
  }
  return false;
}

bool day_by_us(const struct day *d, const struct command *c) {
  return c->by.kind == ACTOR_OPERATOR && c->by.index >= d->first_own;
}

/* What a command of ours made, by its id or its name. */
void day_keep_own(struct day *d, const struct event *e) {
  const struct record *r = &event_records[e->type];
  for (size_t i = 0; i < r->n_fields; i++) {
    const struct field *f = &r->fields[i];
    int kind = 0;
    while (kind < REF_KIND_COUNT && strcmp(ref_kind_names[kind], f->name) != 0)
      kind++;
    if ((f->kind != FIELD_ID && f->kind != FIELD_SLUG) || kind == REF_KIND_COUNT ||
        !may_be_own((enum ref_kind)kind))
      continue;
    SP_ASSERT(d->n_own < own_max);
    struct own *o = &d->own[d->n_own++];
    *o = (struct own){.kind = (enum ref_kind)kind};
    const uint8_t *at = (const uint8_t *)&e->u + f->offset;
    if (f->kind == FIELD_ID)
      hex_encode(o->name, at, sizeof(struct id));
    else
      memcpy(o->name, at, sizeof(struct slug));
  }
}

/* Random clerks do their work, and none that decides about everybody. */
bool day_may_ask(void *ctx, const struct command *c) {
  static const uint16_t theirs[] = {
      COMMAND_PERSON_ADD,       COMMAND_PERSON_SUSPEND,     COMMAND_PERSON_REINSTATE,
      COMMAND_PERSON_LOCATE,    COMMAND_CREDENTIAL_ISSUE,   COMMAND_CREDENTIAL_SUSPEND,
      COMMAND_CREDENTIAL_LOST,  COMMAND_CREDENTIAL_REVOKE,  COMMAND_CREDENTIAL_REINSTATE,
      COMMAND_PIN_SET,          COMMAND_LEVEL_GRANT,        COMMAND_LEVEL_REVOKE,
      COMMAND_AUTHORITY_ADD,    COMMAND_PLACE_ADD,          COMMAND_BASIS_ADD,
      COMMAND_ORDER_RECORD,     COMMAND_ORDER_AUTHENTICATE, COMMAND_ORDER_WRITE,
      COMMAND_ORDER_RECALL,     COMMAND_BOOKING_OPEN,       COMMAND_MARK_SET,
      COMMAND_MARK_CLEAR,       COMMAND_MOVEMENT_PROPOSE,   COMMAND_MOVEMENT_AUTHORISE,
      COMMAND_MOVEMENT_CANCEL,  COMMAND_MANIFEST_ADD,       COMMAND_MANIFEST_CITE,
      COMMAND_MANIFEST_PROMOTE, COMMAND_MANIFEST_REMOVE,    COMMAND_IDENTITY_CONFIRM,
      COMMAND_MOVEMENT_BOARD,   COMMAND_MOVEMENT_DISEMBARK, COMMAND_MOVEMENT_DEPART,
      COMMAND_MOVEMENT_DIVERT,  COMMAND_MOVEMENT_ARRIVE,    COMMAND_MOVEMENT_HANDOVER,
      COMMAND_RECALL_ANSWER,    COMMAND_HEARING_SET,        COMMAND_HEARING_CLOSE,
      COMMAND_DETAILS_READ};
  const struct day *d = ctx;
  const struct record *r = &command_records[c->type];
  bool found = false;
  for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
    found = found || theirs[i] == c->type;
  if (c->type == COMMAND_ORDER_RECORD && c->u.order_record.person == REF_ABSENT)
    return false; /* of a basis or a class: of anybody */
  return found && !day_names_own(d, r, &c->u);
}
