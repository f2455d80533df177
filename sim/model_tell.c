/* model_tell.c: what happened, for people: things by their names in the plan, persons as
 * "visitor-3" (the fourth registered), cards as "card-7". */
#include "sim/model_state.h"

#include <stdio.h>
#include <string.h>

static size_t tell_ref(void *ctx, enum ref_kind kind, uint32_t index, char out[ref_name_max]) {
  const struct model *m = ctx;
  int n;
  if (kind == REF_PERSON && index < m->n_persons)
    n = snprintf(out, ref_name_max, "%s-%u", person_kind_names[m->persons[index].kind], index);
  else if (kind == REF_CREDENTIAL && index < m->n_credentials)
    n = snprintf(out, ref_name_max, "card-%u", index);
  else if (kind == REF_OPERATOR && index < m->n_operators)
    n = snprintf(out, ref_name_max, "%s-%u", role_names[m->operators[index].role], index);
  else if (kind >= REF_AREA && kind <= REF_FORMAT && m->plan && index < plan_count(m->plan, kind))
    n = snprintf(out, ref_name_max, "%s", plan_name(m->plan, kind, index)->s);
  else
    n = snprintf(out, ref_name_max, "%s-%u", kind < REF_KIND_COUNT ? ref_kind_names[kind] : "thing",
                 index);
  return n < ref_name_max ? (size_t)n : ref_name_max - 1;
}

static struct namer namer_of(const struct model *m) {
  return (struct namer){(void *)(uintptr_t)m, tell_ref, NULL};
}

static void tell_one(struct buf *b, const struct model *m, enum ref_kind kind, uint32_t index) {
  char name[ref_name_max];
  buf_put(b, name, tell_ref((void *)(uintptr_t)m, kind, index, name));
}

void m_tell_person(struct buf *b, const struct model *m, uint32_t person) {
  tell_one(b, m, REF_PERSON, person);
}

void m_tell_door(struct buf *b, const struct model *m, uint32_t door) {
  tell_one(b, m, REF_DOOR, door);
}

void m_tell_area(struct buf *b, const struct model *m, uint32_t area) {
  tell_one(b, m, REF_AREA, area);
}

void m_tell_time(struct buf *b, usec at) {
  char text[time_text_len];
  if (at < USEC_MIN || at > USEC_MAX) {
    buf_printf(b, "no time (%lld)", (long long)at);
    return;
  }
  time_format(text, at);
  buf_put(b, text, sizeof text);
}

void m_tell_command(struct buf *b, const struct model *m, const struct command *c) {
  static const char *const actors[] = {"the core", "init", "by hand", "a line", "operator "};
  struct namer namer = namer_of(m);
  m_tell_time(b, c->at);
  buf_printf(b, ", %s", c->by.kind < ACTOR_KIND_COUNT ? actors[c->by.kind] : "nobody");
  if (c->by.kind == ACTOR_OPERATOR)
    tell_one(b, m, REF_OPERATOR, c->by.index);
  if (c->second != REF_ABSENT) {
    buf_puts(b, " with ");
    tell_one(b, m, REF_OPERATOR, c->second);
  }
  if (c->at != c->known_at)
    buf_printf(b, ", knowing what was %lld ms before", (long long)((c->at - c->known_at) / 1000));
  if (!c->clock_trusted)
    buf_puts(b, ", the clock not trusted");
  buf_puts(b, ", asked: ");
  record_encode(b, &command_records[c->type], &c->u, &namer);
}

void m_tell_event(struct buf *b, const struct model *m, const struct event *e) {
  struct namer namer = namer_of(m);
  buf_printf(b, "%llu ", (unsigned long long)e->n);
  m_tell_time(b, e->at);
  buf_printf(b, " %s ", event_records[e->type].type);
  record_encode(b, &event_records[e->type], &e->u, &namer);
}

void m_tell_effect(struct buf *b, const struct model *m, const struct effect *e) {
  buf_printf(b, "effect %s", e->type < EFFECT_COUNT ? effect_names[e->type] : "unknown");
  if (e->door != REF_ABSENT) {
    buf_puts(b, " door ");
    m_tell_door(b, m, e->door);
  }
  if (e->reader != REF_ABSENT) {
    buf_puts(b, " reader ");
    tell_one(b, m, REF_READER, e->reader);
  }
  if (e->type == EFFECT_SIGNAL)
    buf_printf(b, " %s", e->value <= SIGNAL_WAITING ? signal_names[e->value] : "?");
  else
    buf_printf(b, " ms %u value %u", e->ms, e->value);
}

void m_tell_reasons(struct buf *b, const struct model *m, const struct reasons *r) {
  for (uint32_t i = 0; i < r->n && i < reasons_max; i++) {
    buf_printf(b, "%s%s", i ? ", " : "",
               r->at[i].code < REASON_COUNT ? reason_codes[r->at[i].code] : "unknown reason");
    if (r->at[i].on.kind != REF_NONE) {
      buf_puts(b, " on ");
      tell_one(b, m, r->at[i].on.kind, r->at[i].on.index);
    }
  }
}
