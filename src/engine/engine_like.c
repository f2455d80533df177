#include "engine/engine_int.h"

#include "core/state.h"
#include "plan/json_bytes.h"

/* The engine searches, so that no client can leave it out. What it finds stands in the command,
 * which is in the journal: whoever decides it again needs no details for that. */

static enum sp_err read_details(struct engine *e, struct span details, struct fault *why) {
  json_t *json;
  enum sp_err err = json_bytes_read(&json, details, NULL, why);
  if (err)
    return err;
  err = like_read(&e->like_room, json, like_index_key(e->likes), why);
  json_decref(json);
  return err;
}

/* Persons of the command, the one whose the details are, the bit that says there are more. */
static struct refs *named_in(const struct engine *e, struct command *c, uint32_t *person,
                             bool **more) {
  switch ((int)c->type) {
  case COMMAND_PERSON_ADD:
    *person = e->core->head.n_persons;
    *more = &c->u.person_add.more;
    return &c->u.person_add.candidates;
  case COMMAND_PERSON_IDENTIFY:
    *person = c->u.person_identify.person;
    *more = &c->u.person_identify.more;
    return &c->u.person_identify.candidates;
  default:
    return NULL;
  }
}

enum sp_err engine_search_like(struct engine *e, struct command *c, struct span details,
                               struct fault *why) {
  _Static_assert((int)like_found_max <= (int)refs_max, "all that is found fits into a command");
  struct like_found found;
  uint32_t person;
  bool *more;
  struct refs *named = named_in(e, c, &person, &more);
  if (!named)
    return SP_OK;
  if (!details.n)
    return c->type == COMMAND_PERSON_ADD
               ? SP_OK
               : fault_set(why, SP_INVALID,
                           "person.identify: the details are missing: it is they "
                           "that tell another name or number");
  enum sp_err err = read_details(e, details, why);
  if (!err)
    err = like_index_ready(e->likes, &e->like_room.is, person, why);
  if (err)
    return err;
  like_index_search(e->likes, &e->like_room.is, person, &found);
  for (uint32_t i = 0; i < found.n; i++)
    named->at[named->n++] = (struct ref){REF_PERSON, found.at[i].person};
  *more = found.more;
  return SP_OK;
}

void engine_likes_follow(struct engine *e, const struct event *event, bool with_details) {
  if (event->type == EVENT_PERSON_ADDED && with_details)
    like_index_add(e->likes, e->core->head.n_persons - 1);
  else if (event->type == EVENT_PERSON_IDENTIFIED && with_details)
    like_index_add(e->likes, event->u.person_ref.person);
  else if (event->type == EVENT_DETAILS_ERASED)
    like_index_drop(e->likes, event->u.details_erased.person);
}

/* What was written before this was searched may say things otherwise: what can be read counts. */
enum sp_err engine_know_person(struct engine *e, struct id id, struct span details,
                               struct fault *why) {
  struct fault unused = {0};
  uint32_t person;
  if (!core_find_person(e->core, id, &person))
    return fault_set(why, SP_CORRUPT, "there are details of a person who was never added");
  enum sp_err err = read_details(e, details, &unused);
  if (err == SP_NO_MEMORY)
    return fault_set(why, err, "%s", unused.text);
  err = like_index_ready(e->likes, &e->like_room.is, person, why);
  if (!err)
    like_index_add(e->likes, person);
  return err;
}
