#include "engine/entry_write.h"

#include "core/state.h"

#include <string.h>

void entry_writer_free(struct entry_writer *w) {
  buf_free(&w->command);
  buf_free(&w->data);
}

static size_t put_prefixed(const struct namer *namer, const char *prefix, enum ref_kind kind,
                           uint32_t index, char out[actor_text_max]) {
  size_t n = strlen(prefix);
  memcpy(out, prefix, n);
  return n + namer->name(namer->ctx, kind, index, out + n);
}

size_t actor_text(const struct core *core, struct actor actor, char out[actor_text_max]) {
  static const char *const plain[] = {
      [ACTOR_CORE] = "core", [ACTOR_INIT] = "node:init", [ACTOR_HAND] = "node:hand"};
  struct namer namer = core_namer(core);
  if (actor.kind == ACTOR_LINE)
    return put_prefixed(&namer, "line:", REF_LINE, actor.index, out);
  if (actor.kind == ACTOR_OPERATOR)
    return put_prefixed(&namer, "op:", REF_OPERATOR, actor.index, out);
  SP_ASSERT(actor.kind < ACTOR_KIND_COUNT);
  size_t n = strlen(plain[actor.kind]);
  memcpy(out, plain[actor.kind], n);
  return n;
}

_Static_assert(sizeof "line:" + ref_name_max <= actor_text_max, "an actor fits");

/* Room for the length first, which is known when the entry is there. */
static void put_entry(struct buf *bundle, const struct entry *e) {
  size_t at = bundle->n;
  buf_put(bundle, "\0\0", 2);
  entry_encode(bundle, e);
  if (bundle->failed)
    return;
  size_t n = bundle->n - at - 2;
  SP_ASSERT(n <= entry_max); /* 24 reasons and references are a tenth of it */
  store_be16(bundle->p + at, (uint16_t)n);
}

/* Names as they are when the first of these events is true: whoever it registers is named by those
 * that follow it. */
struct naming {
  struct namer of_core;
  uint32_t new_person;
  const struct id *new_id;
};

static size_t name_of(void *ctx, enum ref_kind kind, uint32_t index, char out[ref_name_max]) {
  const struct naming *n = ctx;
  if (kind != REF_PERSON || index != n->new_person)
    return n->of_core.name(n->of_core.ctx, kind, index, out);
  hex_encode(out, n->new_id->b, sizeof n->new_id->b);
  return 2 * sizeof n->new_id->b;
}

static struct naming naming_of(const struct core *core, const struct outcome *o) {
  bool registers = o->n_events && o->events[0].type == EVENT_PERSON_ADDED;
  return (struct naming){core_namer(core), registers ? core->head.n_persons : REF_ABSENT,
                         registers ? &o->events[0].u.person_added.person : NULL};
}

enum sp_err entry_write(struct entry_writer *w, const struct core *core, const struct slug *site,
                        const struct command *c, const struct outcome *o, struct buf *bundle,
                        struct fault *why) {
  struct naming naming = naming_of(core, o);
  const struct namer namer = {.ctx = &naming, .name = name_of};
  char by[actor_text_max], second[actor_text_max];
  size_t before = bundle->n;
  struct entry e = {.at = c->at,
                    .known_at = c->known_at == c->at ? TIME_ABSENT : c->known_at,
                    .by = span_of(by, actor_text(core, c->by, by)),
                    .cause = CAUSE_NONE,
                    .clock_untrusted = !c->clock_trusted,
                    .commit = c->commit,
                    .site = span_str(site->s)};
  if (c->second != REF_ABSENT)
    e.second = span_of(second, actor_text(core, (struct actor){ACTOR_OPERATOR, c->second}, second));
  buf_reset(&w->command);
  record_encode(&w->command, &command_records[c->type], &c->u, &namer);
  e.command = buf_span(&w->command);
  for (uint32_t i = 0; i < o->n_events; i++) {
    const struct event *event = &o->events[i];
    buf_reset(&w->data);
    record_encode(&w->data, &event_records[event->type], &event->u, &namer);
    e.n = event->n;
    e.data = buf_span(&w->data);
    e.type = span_str(event_records[event->type].type);
    if (w->command.failed || w->data.failed)
      bundle->failed = true;
    else
      put_entry(bundle, &e);
    /* Followers name the head and leave out what it says. */
    e.cause = o->events[0].n;
    e.command = e.second = (struct span){0};
    e.commit = (struct hash){0};
    e.clock_untrusted = false;
    e.known_at = TIME_ABSENT;
  }
  if (!bundle->failed)
    return SP_OK;
  bundle->failed = false;
  bundle->n = before;
  return fault_set(why, SP_NO_MEMORY, "out of memory for entries");
}
