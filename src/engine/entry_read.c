#include "engine/entry_read.h"

#include <string.h>

/* Types with their lengths, so that most comparisons are of one number. */
static const struct span event_names[EVENT_COUNT] = {
#define X(NAME, member, type, flags) [EVENT_##NAME] = {(const uint8_t *)type, sizeof type - 1},
    EVENT_LIST(X)
#undef X
};
static const struct span command_names[COMMAND_COUNT] = {
#define X(NAME, member, type) [COMMAND_##NAME] = {(const uint8_t *)type, sizeof type - 1},
    COMMAND_LIST(X)
#undef X
};

static bool find_span(const struct span *list, uint32_t n, struct span s, uint32_t *at) {
  for (uint32_t i = 0; i < n; i++)
    if (span_eq(list[i], s)) {
      *at = i;
      return true;
    }
  return false;
}

bool event_type_find(struct span type, enum event_type *out) {
  uint32_t i;
  if (!find_span(event_names, EVENT_COUNT, type, &i))
    return false;
  *out = (enum event_type)i;
  return true;
}

/* What record_decode calls invalid or not found is damage here: the engine wrote it. */
static enum sp_err decode(const struct core *core, const struct record *r, void *out,
                          struct span json, struct fault *why) {
  struct namer namer = core_namer(core);
  enum sp_err err = record_decode(r, out, json, &namer, true, why);
  if (err && err != SP_NO_MEMORY) {
    if (why)
      why->err = SP_CORRUPT;
    err = SP_CORRUPT;
  }
  return err;
}

enum sp_err entry_read_event(const struct core *core, const struct entry *entry, struct event *e,
                             struct fault *why) {
  if (!event_type_find(entry->type, &e->type))
    return fault_set(why, SP_VERSION, "type \"%.*s\" is not known to this program: use a newer one",
                     (int)entry->type.n, (const char *)entry->type.p);
  e->at = entry->at;
  e->n = entry->n;
  e->plan = NULL;
  return decode(core, &event_records[e->type], &e->u, entry->data, why);
}

/* What stands behind the colon of a member on the first level, up to the object's end. */
static struct span behind(struct span object, const char *key) {
  size_t key_n = strlen(key);
  unsigned depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < object.n; i++) {
    uint8_t c = object.p[i];
    if (c == '"')
      in_string = !in_string; /* canonical strings have no escapes */
    else if (!in_string && (c == '{' || c == '['))
      depth++;
    else if (!in_string && (c == '}' || c == ']'))
      depth--;
    /* A member begins behind a comma, or behind the brace: "key":value */
    bool here = depth == 1 && !in_string && (c == ',' || c == '{');
    const uint8_t *p = object.p + i + 1;
    size_t rest = object.n - i - 1;
    if (here && rest >= key_n + 3 && p[0] == '"' && memcmp(p + 1, key, key_n) == 0 &&
        memcmp(p + 1 + key_n, "\":", 2) == 0)
      return span_of(p + key_n + 3, rest - key_n - 3);
  }
  return (struct span){0};
}

struct span entry_member(struct span object, const char *key) {
  struct span s = behind(object, key);
  if (!s.n || s.p[0] != '"')
    return (struct span){0};
  const uint8_t *end = memchr(s.p + 1, '"', s.n - 1);
  return end ? span_of(s.p + 1, (size_t)(end - s.p - 1)) : (struct span){0};
}

bool entry_member_is_true(struct span object, const char *key) {
  struct span s = behind(object, key);
  return s.n >= 4 && memcmp(s.p, "true", 4) == 0;
}

enum sp_err entry_read_command(const struct core *core, const struct entry *entry,
                               struct command *c, struct fault *why) {
  uint32_t type;
  struct span name = entry_member(entry->command, "type");
  if (!find_span(command_names, COMMAND_COUNT, name, &type))
    return fault_set(why, SP_VERSION,
                     "command \"%.*s\" is not known to this program: use a newer one",
                     (int)(name.n > 64 ? 64 : name.n), name.n ? (const char *)name.p : "");
  *c = (struct command){.type = (enum command_type)type,
                        .at = entry->at,
                        .known_at = entry->known_at == TIME_ABSENT ? entry->at : entry->known_at,
                        .clock_trusted = !entry->clock_untrusted,
                        .second = REF_ABSENT,
                        .commit = entry->commit};
  enum sp_err err = entry_read_actor(core, entry->by, &c->by, why);
  if (!err && entry->second.n) {
    struct actor second;
    err = entry_read_actor(core, entry->second, &second, why);
    if (!err && second.kind != ACTOR_OPERATOR)
      err = fault_set(why, SP_CORRUPT, "\"second\" is no operator");
    if (!err)
      c->second = second.index;
  }
  return err ? err : decode(core, &command_records[type], &c->u, entry->command, why);
}

enum sp_err entry_read_actor(const struct core *core, struct span text, struct actor *actor,
                             struct fault *why) {
  *actor = (struct actor){0};
  if (span_is(text, "core"))
    actor->kind = ACTOR_CORE;
  else if (span_is(text, "node:init"))
    actor->kind = ACTOR_INIT;
  else if (span_is(text, "node:hand"))
    actor->kind = ACTOR_HAND;
  else if (text.n > 5 && memcmp(text.p, "line:", 5) == 0)
    actor->kind = ACTOR_LINE;
  else if (text.n > 3 && memcmp(text.p, "op:", 3) == 0)
    actor->kind = ACTOR_OPERATOR;
  else
    actor->kind = ACTOR_KIND_COUNT;
  struct namer namer = core_namer(core);
  bool found = actor->kind != ACTOR_KIND_COUNT;
  if (actor->kind == ACTOR_LINE)
    found = namer.find(namer.ctx, REF_LINE, span_of(text.p + 5, text.n - 5), &actor->index);
  if (actor->kind == ACTOR_OPERATOR)
    found = namer.find(namer.ctx, REF_OPERATOR, span_of(text.p + 3, text.n - 3), &actor->index);
  return found ? SP_OK
               : fault_set(why, SP_CORRUPT, "there is no actor \"%.*s\"",
                           (int)(text.n > 64 ? 64 : text.n), text.n ? (const char *)text.p : "");
}
