#include "engine/papers.h"

#include "core/state.h"
#include "engine/json.h"

#include <string.h>

/* What an order says goes when the details of the person it is about are erased; what it says of a
 * class or a law belongs to nobody. */
static struct id subject_of(const struct core *core, uint32_t person) {
  struct id nobody = {{0}};
  return person == REF_ABSENT ? nobody : core->persons[person].id;
}

void paper_of_command(struct conn *k, const struct core *core, struct command *c,
                      struct batch_extra *extra) {
  const struct hash *hash = NULL;
  uint32_t person = REF_ABSENT;
  bool *kept = NULL;
  if (c->type == COMMAND_ORDER_RECORD) {
    hash = &c->u.order_record.document;
    person = c->u.order_record.person;
    kept = &c->u.order_record.kept;
  } else if (c->type == COMMAND_ORDER_WRITE) {
    hash = &c->u.order_write.document;
    person = core->orders[c->u.order_write.order].person;
    kept = &c->u.order_write.kept;
  } else if (c->type == COMMAND_MOVEMENT_HANDOVER) {
    hash = &c->u.movement_handover.receipt;
    person = c->u.movement_handover.person;
    kept = &c->u.movement_handover.kept;
  }
  if (!hash || bytes_are_zero(hash->b, sizeof hash->b))
    return;
  extra->paper = conn_blob(k, hash);
  extra->paper_hash = *hash;
  extra->paper_subject = subject_of(core, person);
  *kept = extra->paper != NULL;
}

/* By its first bytes; NULL: neither. */
static const char *kind_of(struct span s) {
  static const struct {
    struct span magic;
    const char *kind;
  } kinds[] = {{SPAN_LIT("\xff\xd8\xff"), "image/jpeg"},
               {SPAN_LIT("\x89PNG\r\n\x1a\n"), "image/png"}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (s.n > kinds[i].magic.n && memcmp(s.p, kinds[i].magic.p, kinds[i].magic.n) == 0)
      return kinds[i].kind;
  return NULL;
}

enum sp_err photo_of_command(struct conn *k, const struct core *core, const struct command *c,
                             struct span given, struct buf *details, struct batch_extra *extra,
                             struct fault *why) {
  struct json_member m[] = {{"photo", {0}}};
  struct hash hash;
  char hex[2 * sizeof hash.b + 1] = {0};
  size_t n;
  if (!given.p)
    return fault_set(why, SP_INVALID, "person.photo: details with its \"photo\" are missing");
  enum sp_err err = json_members(given, m, 1, 1, "details", why);
  if (!err)
    err = json_string_read(m[0].value, hex, sizeof hex - 1, &n, "details photo", why);
  if (!err && !hex_decode(hash.b, sizeof hash.b, hex, n))
    err = fault_set(why, SP_INVALID, "details photo: 64 lower-case hex digits are expected");
  if (err)
    return err;
  struct buf *photo = conn_blob(k, &hash);
  if (!photo || !photo->n)
    return fault_set(why, SP_NOT_FOUND,
                     "person.photo: the photo was not uploaded on this connection");
  const char *kind = kind_of(buf_span(photo));
  if (!kind)
    return fault_set(why, SP_INVALID, "person.photo: it is no JPEG and no PNG");
  if (photo->n > photo_bytes_max)
    return fault_set(why, SP_LIMIT,
                     "person.photo: %zu bytes, and a photo has %d at most: make it smaller",
                     photo->n, photo_bytes_max);
  buf_printf(details, "{\"kind\":\"%s\",\"photo\":\"%s\"}", kind, hex);
  extra->paper = photo;
  extra->paper_hash = hash;
  extra->paper_subject = subject_of(core, c->u.person_photo.person);
  return SP_OK;
}
