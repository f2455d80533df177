/* model.c: the model's step: expect, compare, move. */
#include "sim/model_state.h"

#include <string.h>

struct model *model_new(void) {
  struct model *m = sp_alloc(1, sizeof *m);
  if (m)
    m->kept = sp_alloc(1, sizeof *m->kept);
  if (m && !m->kept) {
    sp_free(m);
    return NULL;
  }
  return m;
}

void model_free(struct model *m) {
  if (!m)
    return;
  for (uint32_t i = 0; i < m->n_persons; i++)
    sp_free(m->persons[i].grants);
  sp_free(m->persons);
  sp_free(m->credentials);
  sp_free(m->operators);
  sp_free(m->pairs);
  sp_free(m->alarms);
  sp_free(m->areas);
  sp_free(m->closed);
  sp_free(m->doors);
  sp_free(m->readers);
  sp_free(m->custody);
  sp_free(m->custody_types);
  sp_free(m->kept);
  sp_free(m->checks);
  sp_free(m->tallies);
  sp_free(m->last_area);
  sp_free(m);
}

const struct model_counts *model_counts(const struct model *m) {
  return &m->counts;
}

/* --- Expecting --- */

struct event *m_expect(const struct asked *a, enum event_type type) {
  SP_ASSERT(a->o->n_events < events_max);
  struct event *e = &a->o->events[a->o->n_events];
  memset(e, 0, sizeof *e);
  e->type = type;
  e->at = a->c->at;
  e->n = a->m->next + a->o->n_events++;
  return e;
}

void m_expect_effect(const struct asked *a, enum effect_type type, uint32_t door, uint32_t reader,
                     uint32_t ms, uint32_t value) {
  SP_ASSERT(a->o->n_effects < effects_max);
  a->o->effects[a->o->n_effects++] = (struct effect){type, door, reader, ms, value};
}

struct event *m_expect_alarm(const struct asked *a, enum event_type type) {
  m_expect_effect(a, EFFECT_ALARM, REF_ABSENT, REF_ABSENT, 0, a->o->n_events);
  return m_expect(a, type);
}

void m_reject(const struct asked *a, enum reason reason, enum ref_kind kind, uint32_t index) {
  a->o->verdict = VERDICT_REJECTED;
  m_add_reason(&a->o->reasons, reason, kind, index);
}

bool m_has_reason(const struct reasons *r, enum reason code) {
  for (uint32_t i = 0; i < r->n; i++)
    if (r->at[i].code == code)
      return true;
  return false;
}

/* In the order of the table of reasons; of one code in the order in which they are found. */
void m_add_reason(struct reasons *r, enum reason code, enum ref_kind kind, uint32_t index) {
  if (r->n == reasons_max)
    return;
  uint32_t at = r->n++;
  for (; at && r->at[at - 1].code > code; at--)
    r->at[at] = r->at[at - 1];
  r->at[at] = (struct reason_on){code, {kind, index}};
}

void m_decide(const struct model *m, const struct command *c, struct outcome *o) {
  struct asked a = {m, c, o};
  o->verdict = VERDICT_DONE;
  o->n_events = o->n_effects = o->reasons.n = 0;
  if (!m_may(&a))
    return;
  if (!m->plan && c->type != COMMAND_SITE_CREATE && c->type != COMMAND_PLAN_APPLY &&
      c->type != COMMAND_OPERATOR_ADD && c->type != COMMAND_TICK &&
      c->type != COMMAND_SNAPSHOT_TAKE) { /* what makes sense before the first plan */
    m_reject(&a, REASON_PLAN_MISSING, REF_NONE, 0);
    return;
  }
  if (c->type == COMMAND_PASS)
    m_decide_pass(&a);
  else if (c->type == COMMAND_DOOR_REPORT)
    m_decide_door(&a);
  else if (c->type == COMMAND_READER_REPORT)
    m_decide_reader(&a);
  else if (c->type == COMMAND_TICK)
    m_decide_tick(&a);
  else if (c->type == COMMAND_CLOCK_STEP)
    m_decide_step(&a);
  else if (c->type == COMMAND_PLAN_APPLY)
    m_decide_plan(&a);
  else
    m_decide_admin(&a);
}

/* --- Comparing --- */

struct heard { /* what the core made of it, as far as it is known */
  const enum verdict *verdict;
  const struct reasons *reasons;
  const struct event *events;
  uint32_t n_events;
  const struct effect *effects;
  uint32_t n_effects;
};

static const char *const verdicts[] = {"done", "refused", "rejected"};

static bool compare(const struct model *m, const struct heard *h, struct buf *b) {
  const struct outcome *o = &m->expected;
  const char *field;
  if (h->verdict && *h->verdict != o->verdict) {
    buf_printf(b, "the verdict is not the same\n");
    return false;
  }
  if (h->reasons && o->verdict != VERDICT_DONE && !m_same_reasons(h->reasons, &o->reasons)) {
    buf_printf(b, "the reasons are not the same\n");
    return false;
  }
  for (uint32_t i = 0; i < h->n_events && i < o->n_events; i++)
    if (!m_same_event(&o->events[i], &h->events[i], &field)) {
      buf_printf(b, "event %u differs in \"%s\"\n", i, field);
      return false;
    }
  if (h->n_events != o->n_events) {
    buf_printf(b, "%u events came, and %u were expected\n", h->n_events, o->n_events);
    return false;
  }
  for (uint32_t i = 0; h->effects && i < h->n_effects && i < o->n_effects; i++)
    if (!m_same_effect(&o->effects[i], &h->effects[i])) {
      buf_printf(b, "effect %u differs\n", i);
      return false;
    }
  if (h->effects && h->n_effects != o->n_effects) {
    buf_printf(b, "%u effects came, and %u were expected\n", h->n_effects, o->n_effects);
    return false;
  }
  return true;
}

static void tell_side(const struct model *m, const char *side, const char *verdict,
                      const struct reasons *r, const struct event *events, uint32_t n_events,
                      const struct effect *effects, uint32_t n_effects, struct buf *b) {
  buf_printf(b, "%s%s", side, verdict);
  if (r && r->n) {
    buf_puts(b, ": ");
    m_tell_reasons(b, m, r);
  }
  for (uint32_t i = 0; i < n_events; i++) {
    buf_puts(b, "\n    ");
    m_tell_event(b, m, &events[i]);
  }
  for (uint32_t i = 0; effects && i < n_effects; i++) {
    buf_puts(b, "\n    ");
    m_tell_effect(b, m, &effects[i]);
  }
  buf_puts(b, "\n");
}

static void tell_difference(const struct model *m, const struct command *c, const struct heard *h,
                            const char *what, struct buf *b) {
  const struct outcome *o = &m->expected;
  m_tell_command(b, m, c);
  buf_printf(b, "\nThe model and the core differ: %s", what);
  tell_side(m, "  expected: ", verdicts[o->verdict],
            o->verdict == VERDICT_DONE ? NULL : &o->reasons, o->events, o->n_events,
            h->effects ? o->effects : NULL, o->n_effects, b);
  tell_side(m, "  happened: ", h->verdict ? verdicts[*h->verdict] : "(verdict not known)",
            h->verdict && *h->verdict != VERDICT_DONE ? h->reasons : NULL, h->events, h->n_events,
            h->effects, h->n_effects, b);
}

void model_tell(const struct model *m, const struct command *c, const struct outcome *o,
                struct buf *story) {
  m_tell_command(story, m, c);
  tell_side(m, "\n  ", verdicts[o->verdict], o->verdict == VERDICT_DONE ? NULL : &o->reasons,
            o->events, o->n_events, o->effects, o->n_effects, story);
}

/* --- Stepping --- */

static void count(struct model *m, const struct command *c) {
  const struct outcome *o = &m->expected;
  m->counts.commands++;
  m->counts.passages += c->type == COMMAND_PASS;
  m->counts.refused += o->verdict == VERDICT_REFUSED;
  m->counts.rejected += o->verdict == VERDICT_REJECTED;
  m->counts.events += o->n_events;
  for (uint32_t i = 0; i < o->n_events; i++) {
    m->counts.event_types[o->events[i].type]++;
    m->counts.granted += o->events[i].type == EVENT_PASSAGE_GRANTED;
  }
  for (uint32_t i = 0; o->verdict != VERDICT_DONE && i < o->reasons.n; i++)
    m->counts.reasons[o->reasons.at[i].code]++;
}

/* Where everyone was, for the invariants of movement. */
static bool keep_areas(struct model *m) {
  uint32_t *kept = sp_realloc(m->last_area, (m->n_persons + 1) * sizeof *kept);
  if (!kept)
    return false;
  m->last_area = kept;
  m->n_last_area = m->n_persons;
  for (uint32_t i = 0; i < m->n_persons; i++)
    kept[i] = m->persons[i].area;
  m->at_before = m->last_at;
  return true;
}

static bool step(struct model *m, const struct command *c, const struct heard *h,
                 struct buf *story) {
  if (m->broken) {
    buf_puts(story, "the model has differed already\n");
    return false;
  }
  struct buf what = {0};
  m->last = *c;
  m_decide(m, c, &m->expected);
  bool same = compare(m, h, &what);
  if (!same)
    tell_difference(m, c, h, buf_cstr(&what), story);
  buf_free(&what);
  if (same)
    count(m, c);
  bool moved = keep_areas(m);
  for (uint32_t i = 0; moved && i < m->expected.n_events; i++)
    moved = m_move(m, &m->expected.events[i]);
  if (!moved)
    buf_puts(story, "out of memory\n");
  m->broken = !same || !moved;
  return same && moved;
}

bool model_step(struct model *m, const struct command *c, enum verdict v,
                const struct event *events, uint32_t n_events, const struct effect *effects,
                uint32_t n_effects, struct buf *story) {
  struct heard h = {&v, NULL, events, n_events, effects, n_effects};
  return step(m, c, &h, story);
}

bool model_step_outcome(struct model *m, const struct command *c, const struct outcome *o,
                        struct buf *story) {
  struct heard h = {&o->verdict, &o->reasons, o->events, o->n_events, o->effects, o->n_effects};
  return step(m, c, &h, story);
}

bool model_step_journal(struct model *m, const struct command *c, const struct event *events,
                        uint32_t n_events, struct buf *story) {
  struct heard h = {NULL, NULL, events, n_events, NULL, 0};
  return step(m, c, &h, story);
}
