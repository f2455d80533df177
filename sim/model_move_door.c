/* model_move_door.c: what an event makes true of doors and of those who pass them. */
#include "sim/model_state.h"

static void forget(struct m_door *d, uint32_t person) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].person != person)
      d->party[kept++] = d->party[i];
  d->n_party = kept;
}

/* Those who no longer matter to anyone here. */
static void forget_old(struct model *m, uint32_t door, usec at) {
  struct m_door *d = &m->doors[door];
  uint32_t kept = 0;
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].status == PARTY_GRANTED || at - d->party[i].at <= m_party_span(m->plan))
      d->party[kept++] = d->party[i];
  d->n_party = kept;
}

static void remember(struct model *m, uint32_t door, struct m_member q) {
  struct m_door *d = &m->doors[door];
  forget(d, q.person);
  forget_old(m, door, q.at);
  if (d->n_party < party_max)
    d->party[d->n_party++] = q;
}

static void unlock(struct model *m, uint32_t door, const struct event *e) {
  struct m_door *d = &m->doors[door];
  d->unlocked = true;
  d->lock_failed = false;
  d->relock_at = e->at + m_unlock_span(m->plan, door);
  d->unlocked_by = e->n;
}

/* They are on the other side now. */
static void walk(struct model *m, uint32_t person, uint32_t to, usec at) {
  struct m_person *p = &m->persons[person];
  uint32_t from = p->area;
  p->area = to;
  p->entered_s = m_second(at);
  uint32_t lead = m->plan->areas[to].first_person;
  if (lead != NONE16 && m_holds(m, person, lead, at))
    m->areas[to].first_in = true;
  for (uint32_t a = from; a != NONE16; a = m->plan->areas[a].parent)
    if (!m_occupancy(m, a))
      m->areas[a].first_in = false;
}

static void granted(struct model *m, const struct event *e) {
  const struct ev_passage_granted *g = &e->u.passage_granted;
  struct m_member q = {
      .at = e->at,
      .granted = e->n,
      .person = g->person,
      .credential = g->credential,
      .reader = g->reader,
      .from = m->persons[g->person].area,
      .to = g->to,
      .direction = g->direction,
      .status = g->taken ? PARTY_THROUGH : PARTY_GRANTED,
  };
  if (g->pin_checked)
    m->persons[g->person].failures = 0;
  remember(m, g->door, q);
  unlock(m, g->door, e);
  if (g->taken)
    walk(m, g->person, g->to, e->at);
}

static void refused(struct model *m, const struct event *e) {
  const struct ev_passage_refused *r = &e->u.passage_refused;
  if (m_has_reason(&r->reasons, REASON_PIN_WRONG) && m->plan->rules.pin_attempts)
    m->persons[r->person].failures++;
  if (r->waiting)
    remember(m, r->door,
             (struct m_member){
                 .at = e->at,
                 .person = r->person,
                 .credential = r->credential,
                 .reader = r->reader,
                 .from = m->persons[r->person].area,
                 .to = r->to,
                 .direction = r->direction,
                 .status = PARTY_WAITING,
             });
}

static void ended(struct model *m, const struct event *e) {
  const struct ev_passage_ended *x = &e->u.passage_ended;
  struct m_door *d = &m->doors[x->door];
  if (e->type == EVENT_PASSAGE_NOT_TAKEN) {
    forget(d, x->person);
    return;
  }
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].person == x->person) {
      d->party[i].status = PARTY_THROUGH;
      d->party[i].at = e->at;
    }
  walk(m, x->person, x->to, e->at);
}

static void located(struct model *m, const struct event *e) {
  const struct ev_person_located *x = &e->u.person_located;
  walk(m, x->person, x->to, e->at);
}

bool m_move_passage(struct model *m, const struct event *e) {
  struct m_door *d = m->doors;
  uint32_t door = e->u.door_ref.door;
  switch ((int)e->type) {
  case EVENT_PASSAGE_GRANTED:
    granted(m, e);
    break;
  case EVENT_PASSAGE_REFUSED:
    refused(m, e);
    break;
  case EVENT_PASSAGE_TAKEN:
  case EVENT_PASSAGE_NOT_TAKEN:
    ended(m, e);
    break;
  case EVENT_PERSON_LOCATED:
    located(m, e);
    break;
  case EVENT_DOOR_OPENED:
    d[e->u.door_opened.door].open = true;
    d[e->u.door_opened.door].held = false;
    d[e->u.door_opened.door].opened_at = e->at;
    break;
  case EVENT_DOOR_CLOSED:
    d[door].open = d[door].held = false;
    break;
  case EVENT_DOOR_LOCKED:
    d[door].unlocked = d[door].lock_failed = false;
    break;
  case EVENT_DOOR_HELD:
    d[door].held = true;
    break;
  case EVENT_DOOR_LOCK_FAILED:
    d[door].lock_failed = true;
    break;
  case EVENT_DOOR_EXIT_REQUESTED:
    d[door].rex_until = e->at + m_unlock_span(m->plan, door);
    if (m->plan->doors[door].rex == REX_UNLOCK)
      unlock(m, door, e);
    break;
  default:
    break;
  }
  return true;
}
