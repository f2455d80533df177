#include "engine/query.h"

#include "core/state.h"

#include <string.h>

static void name(const struct core *core, enum ref_kind kind, uint32_t index, struct slug *out) {
  if (index != REF_ABSENT)
    *out = *plan_name(core->plan, kind, index);
}

static void whose(const struct core *core, uint32_t person, struct store_passage *row) {
  if (person != REF_ABSENT)
    row->person = core->persons[person].id;
}

static void granted(const struct core *core, const struct event *e, struct store_passage *row) {
  const struct ev_passage_granted *g = &e->u.passage_granted;
  whose(core, g->person, row);
  name(core, REF_GATE, g->gate, &row->gate);
  name(core, REF_DOOR, g->door, &row->door);
  name(core, REF_READER, g->reader, &row->reader);
}

static void refused(const struct core *core, const struct event *e, struct store_passage *row) {
  const struct ev_passage_refused *r = &e->u.passage_refused;
  whose(core, r->person, row);
  name(core, REF_GATE, r->gate, &row->gate);
  name(core, REF_DOOR, r->door, &row->door);
  name(core, REF_READER, r->reader, &row->reader);
  row->reason = r->reasons.n ? r->reasons.at[0].code + 1 : 0;
}

static void ended(const struct core *core, const struct event *e, struct store_passage *row) {
  const struct ev_passage_ended *p = &e->u.passage_ended;
  whose(core, p->person, row);
  name(core, REF_GATE, p->gate, &row->gate);
  name(core, REF_DOOR, p->door, &row->door);
}

static void reported(const struct core *core, const struct event *e, struct store_passage *row) {
  const struct ev_reported_late *r = &e->u.reported_late;
  whose(core, r->person, row);
  name(core, REF_READER, r->reader, &row->reader);
  uint32_t door = r->reader != REF_ABSENT ? core->plan->readers[r->reader].door : r->door;
  name(core, REF_DOOR, door, &row->door);
  if (door != REF_ABSENT)
    name(core, REF_GATE, core->plan->doors[door].gate, &row->gate);
}

typedef void fill(const struct core *core, const struct event *e, struct store_passage *row);
static fill *const fills[EVENT_COUNT] = {
    [EVENT_PASSAGE_GRANTED] = granted,
    [EVENT_PASSAGE_REFUSED] = refused,
    [EVENT_PASSAGE_TAKEN] = ended,
    [EVENT_PASSAGE_NOT_TAKEN] = ended,
    [EVENT_PASSAGE_REPORTED_LATE] = reported,
};

bool query_passage(const struct core *core, const struct event *e, struct store_passage *row) {
  SP_ASSERT((unsigned)e->type < EVENT_COUNT);
  if (!fills[e->type])
    return false;
  *row = (struct store_passage){.n = e->n, .at = e->at, .outcome = (uint32_t)e->type};
  fills[e->type](core, e, row);
  return true;
}

struct slug query_entry_type(enum event_type type) {
  struct slug s = {{0}};
  const char *text = event_records[type].type;
  for (size_t i = 0; i < slug_max && text[i]; i++)
    s.s[i] = (char)(text[i] == '.' || text[i] == '_' ? '-' : text[i]);
  return s;
}
