/* model_move_door.c: what an event makes true of doors and of those who pass them. */
#include "sim/model_state.h"

/* Silent: in which order a door remembers those presented. The last comes to the place of one who
 * is forgotten; one who presents again keeps their place; when all places are taken the oldest of
 * those without a permission is forgotten. The order decides who is told first. */
void m_forget(struct m_door *d, uint32_t place) {
  d->party[place] = d->party[--d->n_party];
}

static void remember(struct model *m, uint32_t door, struct m_member q) {
  struct m_door *d = &m->doors[door];
  uint32_t at = d->n_party, oldest = party_max;
  for (uint32_t i = 0; i < d->n_party; i++) {
    if (d->party[i].person == q.person)
      at = i;
    if (d->party[i].status != PARTY_GRANTED &&
        (oldest == party_max || d->party[i].at < d->party[oldest].at))
      oldest = i;
  }
  if (at == party_max)
    at = oldest;
  SP_ASSERT(at < party_max);
  d->n_party += at == d->n_party;
  d->party[at] = q;
}

/* One that is unlocked already stays so for the longer of the two times. */
static void unlock(struct model *m, uint32_t door, const struct event *e) {
  struct m_door *d = &m->doors[door];
  usec until = e->at + m_unlock_span(m->plan, door);
  if (!d->unlocked || until > d->relock_at)
    d->relock_at = until;
  d->unlocked = true;
  d->lock_failed = false;
  d->unlocked_by = e->n;
}

/* They are on the other side now. */
void m_walk(struct model *m, uint32_t person, uint32_t to, usec at) {
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
  if (g->taken) {
    m_walk(m, g->person, g->to, e->at);
    m_pass_taken(m, g->credential, g->door, g->to, e->n);
  }
}

static void refused(struct model *m, const struct event *e) {
  const struct ev_passage_refused *r = &e->u.passage_refused;
  if (m_has_reason(&r->reasons, REASON_PIN_WRONG) && m->persons[r->person].failures < UINT8_MAX)
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
  uint32_t place = 0;
  while (d->party[place].person != x->person)
    place++;
  if (e->type == EVENT_PASSAGE_NOT_TAKEN) {
    m_forget(d, place);
    return;
  }
  d->party[place].status = PARTY_THROUGH;
  d->party[place].at = e->at;
  m_walk(m, x->person, x->to, e->at);
  m_pass_taken(m, d->party[place].credential, x->door, x->to, e->n);
}

/* The lock is told to close now; a plan says how long that takes. */
static void closed(struct model *m, const struct ev_door_closed *x, usec at) {
  struct m_door *d = &m->doors[x->door];
  usec soon = at + (usec)m->plan->rules.relock_margin_ms * USEC_PER_MS;
  d->open = d->held = false;
  if (x->relocks || (d->unlocked && d->relock_at < soon))
    d->relock_at = soon;
}

/* Readers' own timers do not know of it. */
static void stepped(struct model *m, usec by) {
  for (uint32_t k = 0; k < m->plan->n_doors; k++) {
    struct m_door *d = &m->doors[k];
    if (d->unlocked)
      d->relock_at += by;
    if (d->open)
      d->opened_at += by;
    if (d->rex_until)
      d->rex_until += by;
    for (uint32_t i = 0; i < d->n_party; i++)
      d->party[i].at += by;
  }
}

static void located(struct model *m, const struct event *e) {
  const struct ev_person_located *x = &e->u.person_located;
  m_walk(m, x->person, x->to, e->at);
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
    closed(m, &e->u.door_closed, e->at);
    break;
  case EVENT_DOOR_LOCKED:
    d[door].unlocked = d[door].lock_failed = false;
    break;
  case EVENT_DOOR_HELD:
    d[door].held = true;
    break;
  case EVENT_CLOCK_STEPPED:
    stepped(m, (usec)e->u.clock_stepped.by);
    break;
  case EVENT_DOOR_LOCK_FAILED:
    d[door].lock_failed = true;
    break;
  case EVENT_DOOR_EXIT_REQUESTED:
    if (m->plan->doors[door].rex != REX_NONE) /* where there is no request-to-exit, none excuses */
      d[door].rex_until = e->at + m_unlock_span(m->plan, door);
    if (m->plan->doors[door].rex == REX_UNLOCK)
      unlock(m, door, e);
    break;
  default:
    break;
  }
  return true;
}
