/* model_same.c: the core's whole state against what the model believes. */
#include "sim/model_state.h"

#include <string.h>

enum { told_max = 12 }; /* differences; more help nobody */

struct comparing {
  const struct model *m;
  const struct core *core;
  struct buf *story;
  uint32_t told;
};

static void differ(struct comparing *c, enum ref_kind kind, uint32_t index, const char *what,
                   int64_t model, int64_t core) {
  if (c->told++ >= told_max)
    return;
  if (kind == REF_PERSON)
    m_tell_person(c->story, c->m, index);
  else if (kind == REF_DOOR)
    m_tell_door(c->story, c->m, index);
  else if (kind == REF_AREA)
    m_tell_area(c->story, c->m, index);
  else
    buf_printf(c->story, "%s %u", ref_kind_names[kind], index);
  buf_printf(c->story, ": %s: the model has %lld, the core %lld\n", what, (long long)model,
             (long long)core);
}

#define SAME(kind, index, what, model_value, core_value)                                           \
  do {                                                                                             \
    int64_t mine_ = (int64_t)(model_value), theirs_ = (int64_t)(core_value);                       \
    if (mine_ != theirs_)                                                                          \
      differ(c, kind, index, what, mine_, theirs_);                                                \
  } while (0)

static int64_t from_of(struct m_dates d) {
  return d.from_s == INT64_MIN ? 0 : d.from_s;
}

static int64_t until_of(struct m_dates d) {
  return d.until_s == INT64_MAX ? UINT32_MAX : d.until_s;
}

static int64_t until_second(int64_t s) {
  return s == INT64_MAX ? UINT32_MAX : s;
}

static void same_grants(struct comparing *c, uint32_t i) {
  const struct m_person *mine = &c->m->persons[i];
  const struct person *theirs = &c->core->persons[i];
  uint32_t n = 0;
  struct grant_cursor at = {0};
  for (const struct grant *g; (g = person_next_grant(c->core, theirs, &at)) != NULL; n++) {
    if (n >= mine->n_grants)
      continue;
    SAME(REF_PERSON, i, "a level held", mine->grants[n].level, g->level);
    SAME(REF_PERSON, i, "from when a level", from_of(mine->grants[n].dates), g->from_s);
    SAME(REF_PERSON, i, "until when a level", until_of(mine->grants[n].dates), g->until_s);
  }
  SAME(REF_PERSON, i, "levels held", mine->n_grants, n);
}

static void same_separations(struct comparing *c, uint32_t i) {
  uint32_t mine = 0, theirs = 0, next = c->core->persons[i].separations;
  for (uint32_t k = 0; k < c->m->n_pairs; k++)
    mine += c->m->pairs[k].a == i || c->m->pairs[k].b == i;
  for (; next && theirs <= c->core->head.n_separations;
       theirs++, next = c->core->separations[next - 1].next)
    if (!m_separate(c->m, i, c->core->separations[next - 1].other))
      differ(c, REF_PERSON, i, "kept separate from another", 0, 1);
  SAME(REF_PERSON, i, "separations", mine, theirs);
}

static void same_person(struct comparing *c, uint32_t i) {
  const struct m_person *mine = &c->m->persons[i];
  const struct person *theirs = &c->core->persons[i];
  SAME(REF_PERSON, i, "same id", true, m_same_id(mine->id, theirs->id));
  SAME(REF_PERSON, i, "same PIN tag", true, m_same_id(mine->pin, theirs->pin));
  SAME(REF_PERSON, i, "same duress tag", true, m_same_id(mine->duress, theirs->duress));
  SAME(REF_PERSON, i, "kind", mine->kind, theirs->kind);
  SAME(REF_PERSON, i, "area", mine->area, theirs->area);
  SAME(REF_PERSON, i, "state", mine->state, theirs->state);
  if (mine->state == PERSON_STATE_MERGED)
    SAME(REF_PERSON, i, "state before the merge", mine->before_merge, theirs->state_before_merge);
  SAME(REF_PERSON, i, "merged into", mine->merged_into, theirs->merged_into);
  SAME(REF_PERSON, i, "valid from", from_of(mine->dates), theirs->valid_from_s);
  SAME(REF_PERSON, i, "valid until", until_of(mine->dates), theirs->valid_until_s);
  SAME(REF_PERSON, i, "wrong PINs", mine->failures, theirs->pin_failures);
  SAME(REF_PERSON, i, "PIN locked until", mine->locked_until_s, theirs->pin_locked_until_s);
  SAME(REF_PERSON, i, "entered", mine->entered_s, theirs->entered_s);
  same_grants(c, i);
  same_separations(c, i);
}

static void same_credential(struct comparing *c, uint32_t i) {
  const struct m_credential *mine = &c->m->credentials[i];
  const struct credential *theirs = &c->core->credentials[i];
  SAME(REF_CREDENTIAL, i, "same id", true, m_same_id(mine->id, theirs->id));
  SAME(REF_CREDENTIAL, i, "same tag", true, m_same_id(mine->tag, theirs->tag));
  SAME(REF_CREDENTIAL, i, "holder", mine->person, theirs->person);
  SAME(REF_CREDENTIAL, i, "format", mine->format == REF_ABSENT ? NONE16 : mine->format,
       theirs->format);
  SAME(REF_CREDENTIAL, i, "state", mine->state, theirs->state);
  SAME(REF_CREDENTIAL, i, "valid from", from_of(mine->dates), theirs->valid_from_s);
  SAME(REF_CREDENTIAL, i, "valid until", until_of(mine->dates), theirs->valid_until_s);
  SAME(REF_CREDENTIAL, i, "one-time use",
       mine->out_n     ? ONCE_USED
       : mine->ways_in ? ONCE_IN
       : mine->once    ? ONCE_UNUSED
                       : ONCE_NOT,
       theirs->once);
  SAME(REF_CREDENTIAL, i, "compromised from", until_second(mine->compromised_s),
       theirs->compromised_s);
}

static void same_operator(struct comparing *c, uint32_t i) {
  const struct m_operator *mine = &c->m->operators[i];
  const struct operator_record *theirs = &c->core->operators[i];
  SAME(REF_OPERATOR, i, "same id", true, m_same_id(mine->id, theirs->id));
  SAME(REF_OPERATOR, i, "role", mine->role, theirs->role);
  SAME(REF_OPERATOR, i, "disabled", mine->disabled, theirs->disabled != 0);
  SAME(REF_OPERATOR, i, "compromised from", until_second(mine->compromised_s),
       theirs->compromised_s);
}

static void same_area(struct comparing *c, uint32_t i) {
  const struct area_state *theirs = &c->core->areas[i];
  SAME(REF_AREA, i, "persons within", m_occupancy(c->m, i), theirs->occupancy);
  SAME(REF_AREA, i, "persons permitted in", m_reserved(c->m, i), theirs->reserved);
  SAME(REF_AREA, i, "persons permitted out", m_leaving(c->m, i), theirs->leaving);
  SAME(REF_AREA, i, "locked down", c->m->areas[i].lockdown, theirs->lockdown != 0);
  SAME(REF_AREA, i, "the first is in", c->m->areas[i].first_in, theirs->first_in != 0);
}

static void same_member(struct comparing *c, uint32_t door, const struct m_member *mine,
                        const struct party_member *theirs) {
  SAME(REF_DOOR, door, "who was presented", mine->person, theirs->person);
  SAME(REF_DOOR, door, "what was presented", mine->credential, theirs->credential);
  SAME(REF_DOOR, door, "how far a passage is", mine->status, theirs->status);
  SAME(REF_DOOR, door, "when a passage began", mine->at, theirs->at);
  SAME(REF_DOOR, door, "where a passage began", mine->from, theirs->from);
  SAME(REF_DOOR, door, "where a passage leads", mine->to, theirs->to);
  SAME(REF_DOOR, door, "which way", mine->direction, theirs->direction);
  SAME(REF_DOOR, door, "at which reader", mine->reader == REF_ABSENT ? NONE16 : mine->reader,
       theirs->reader);
  if (mine->status != PARTY_WAITING)
    SAME(REF_DOOR, door, "the entry that granted", mine->granted, theirs->granted);
}

static void same_door(struct comparing *c, uint32_t i) {
  const struct m_door *mine = &c->m->doors[i];
  const struct door_state *theirs = &c->core->doors[i];
  SAME(REF_DOOR, i, "open", mine->open, theirs->open != 0);
  SAME(REF_DOOR, i, "unlocked", mine->unlocked, theirs->unlocked != 0);
  SAME(REF_DOOR, i, "held open", mine->held, theirs->held != 0);
  SAME(REF_DOOR, i, "lock failed", mine->lock_failed, theirs->lock_failed != 0);
  SAME(REF_DOOR, i, "unlocked by", mine->unlocked_by, theirs->unlock_n);
  SAME(REF_DOOR, i, "exit asked until", mine->rex_until, theirs->rex_until);
  if (mine->unlocked)
    SAME(REF_DOOR, i, "relocks at", mine->relock_at, theirs->relock_at);
  if (mine->open)
    SAME(REF_DOOR, i, "opened at", mine->opened_at, theirs->opened_at);
  SAME(REF_DOOR, i, "persons at it", mine->n_party, theirs->n_party);
  for (uint32_t k = 0; k < mine->n_party && k < theirs->n_party; k++)
    same_member(c, i, &mine->party[k], &theirs->party[k]);
}

/* --- Custody --- */

static void same_order(struct comparing *c, uint32_t i) {
  const struct ev_order_recorded *mine = m_order(c->m, i);
  const struct order *o = &c->core->orders[i];
  usec at = c->core->head.last_at;
  struct reason_on why;
  SAME(REF_ORDER, i, "same id", true, m_same_id(mine->order, o->id));
  SAME(REF_ORDER, i, "kind", mine->kind, o->kind);
  SAME(REF_ORDER, i, "person", mine->person, o->person);
  SAME(REF_ORDER, i, "the other", mine->other, o->other);
  SAME(REF_ORDER, i, "class", mine->class, o->class);
  SAME(REF_ORDER, i, "on which basis", mine->on_basis, o->on_basis);
  SAME(REF_ORDER, i, "issuer", mine->issuer, o->issuer);
  SAME(REF_ORDER, i, "basis", mine->basis, o->basis);
  SAME(REF_ORDER, i, "from", mine->from, o->from);
  SAME(REF_ORDER, i, "to", mine->to, o->to);
  SAME(REF_ORDER, i, "ends", mine->ends, o->ends);
  SAME(REF_ORDER, i, "movements", mine->movements, o->movements);
  SAME(REF_ORDER, i, "countries", mine->countries.n, o->n_countries);
  SAME(REF_ORDER, i, "effective", from_of(m_dates(mine->effective, mine->expires)), o->from_s);
  SAME(REF_ORDER, i, "expires", until_of(m_dates(mine->effective, mine->expires)), o->until_s);
  SAME(REF_ORDER, i, "due", until_of(m_dates(TIME_ABSENT, mine->due)), o->due_s);
  SAME(REF_ORDER, i, "oral", mine->oral, o->oral);
  SAME(REF_ORDER, i, "sealed", mine->sealed, o->sealed);
  SAME(REF_ORDER, i, "recorder", mine->recorder, o->recorder);
  SAME(REF_ORDER, i, "authenticated", m_order_was(c->m, EVENT_ORDER_AUTHENTICATED, i),
       o->authenticator != REF_ABSENT);
  SAME(REF_ORDER, i, "authenticated by", m_authenticator(c->m, i), o->authenticator);
  SAME(REF_ORDER, i, "written", m_order_was(c->m, EVENT_ORDER_WRITTEN, i), o->written);
  SAME(REF_ORDER, i, "recalled", m_order_was(c->m, EVENT_ORDER_RECALLED, i), o->recalled);
  SAME(REF_ORDER, i, "refuted", m_order_was(c->m, EVENT_ORDER_REFUTED, i), o->refuted);
  SAME(REF_ORDER, i, "in force", m_in_force(c->m, i, at, &why),
       order_status_at(c->core, i, at) == ORDER_STATUS_IN_FORCE);
}

static void same_in_custody(struct comparing *c, uint32_t i) {
  const struct custody *theirs = &c->core->custody[i];
  bool *in = sp_alloc(c->m->n_persons, sizeof *in);
  struct linked linked;
  SAME(REF_PERSON, i, "has an open booking", m_is_booked(c->m, i), is_booked(c->core, i));
  for (uint32_t k = 0; k < MARK_COUNT; k++)
    SAME(REF_PERSON, i, mark_names[k], m_is_marked(c->m, i, k), theirs->marks >> k & 1);
  for (uint32_t k = 0; k < c->core->head.n_classes; k++) {
    uint32_t is = REF_ABSENT;
    for (uint32_t r = theirs->classes; r; r = c->core->class_rows[r - 1].next)
      if (c->core->class_rows[r - 1].class == k)
        is = c->core->class_rows[r - 1].membership;
    SAME(REF_PERSON, i, "membership of a class", m_membership(c->m, k, i), is);
  }
  linked_of(c->core, i, &linked);
  if (in) {
    SAME(REF_PERSON, i, "how many hang together", m_linked(c->m, i, in), linked.n);
    for (uint32_t k = 0; k < linked.n; k++)
      SAME(REF_PERSON, i, "who hangs together", in[linked.persons[k]], true);
  }
  sp_free(in);
}

static void same_booking(struct comparing *c, uint32_t i) {
  struct m_register mine = m_register(c->m, i);
  SAME(REF_BOOKING, i, "fields recorded", mine.recorded, c->core->bookings[i].recorded);
  SAME(REF_BOOKING, i, "fields outstanding", mine.outstanding, c->core->bookings[i].outstanding);
}

static void same_movement(struct comparing *c, uint32_t i) {
  const struct ev_movement_proposed *mine = m_movement(c->m, i);
  const struct movement *theirs = &c->core->movements[i];
  struct m_journey j = m_journey(c->m, i);
  SAME(REF_MOVEMENT, i, "same id", true, m_same_id(mine->movement, theirs->id));
  SAME(REF_MOVEMENT, i, "kind", mine->kind, theirs->kind);
  SAME(REF_MOVEMENT, i, "state", j.state, theirs->state);
  SAME(REF_MOVEMENT, i, "to", j.to, theirs->to);
  SAME(REF_MOVEMENT, i, "agreement", mine->agreement, theirs->agreement);
  SAME(REF_MOVEMENT, i, "receiver", mine->receiver, theirs->receiver);
  SAME(REF_MOVEMENT, i, "seats", mine->seats, theirs->seats);
  SAME(REF_MOVEMENT, i, "seats taken", m_seated(c->m, i), theirs->n_seated);
  SAME(REF_MOVEMENT, i, "proposer", mine->proposer, theirs->proposer);
  SAME(REF_MOVEMENT, i, "authoriser", j.authoriser, theirs->authoriser);
  SAME(REF_MOVEMENT, i, "adults only", mine->adults_only, theirs->adults_only);
  SAME(REF_MOVEMENT, i, "emergency", mine->emergency, theirs->emergency);
  SAME(REF_MOVEMENT, i, "back by", until_of(m_dates(TIME_ABSENT, mine->returns)),
       theirs->returns_s);
}

static void same_manifest(struct comparing *c, uint32_t i) {
  struct m_case mine = m_case(c->m, i);
  uint32_t last = c->core->custody[i].member;
  const struct member *theirs = last ? &c->core->members[last - 1] : NULL;
  SAME(REF_PERSON, i, "was on a manifest", mine.movement != REF_ABSENT, theirs != NULL);
  if (!theirs)
    return;
  SAME(REF_PERSON, i, "the last movement", mine.movement, theirs->movement);
  SAME(REF_PERSON, i, "the order cited", mine.order, theirs->order);
  SAME(REF_PERSON, i, "on the manifest", mine.state, theirs->state);
}

static void same_agreement(struct comparing *c, uint32_t i) {
  const struct basis *theirs = &c->core->bases[i];
  const char *currency = m_currency(c->m, i);
  SAME(REF_BASIS, i, "places used", m_places_used(c->m, i), theirs->used);
  SAME(REF_BASIS, i, "committed", m_funds(c->m, EVENT_AGREEMENT_COMMITTED, i), theirs->committed);
  SAME(REF_BASIS, i, "paid", m_funds(c->m, EVENT_AGREEMENT_PAID, i), theirs->paid);
  SAME(REF_BASIS, i, "same currency", 0, strcmp(currency ? currency : "", theirs->currency));
}

static void same_death(struct comparing *c, uint32_t i) {
  struct m_death mine = m_death(c->m, i);
  const struct death *theirs = death_of(c->core, i);
  SAME(REF_PERSON, i, "has died", mine.dead, theirs != NULL);
  if (!theirs)
    return;
  SAME(REF_PERSON, i, "died at", mine.at_s < 0 ? 0 : mine.at_s, theirs->at_s);
  SAME(REF_PERSON, i, "recorded as dead", mine.recorded_s, theirs->recorded_s);
  SAME(REF_PERSON, i, "by whom", mine.recorder, theirs->recorder);
  SAME(REF_PERSON, i, "cause found", mine.cause, theirs->cause_s != UINT32_MAX);
  SAME(REF_PERSON, i, "remains handed over", mine.remains, theirs->remains_s != UINT32_MAX);
  SAME(REF_PERSON, i, "told that it is unresolved", mine.told, theirs->told != 0);
}

static void same_count(struct comparing *c, uint32_t i) {
  const struct m_check *mine = &c->m->checks[i];
  const struct count *theirs = &c->core->counts[i];
  SAME(REF_COUNT, i, "same id", true, m_same_id(mine->id, theirs->id));
  SAME(REF_COUNT, i, "area", mine->area == REF_ABSENT ? NONE16 : mine->area, theirs->area);
  SAME(REF_COUNT, i, "begun by", mine->opener, theirs->opener);
  SAME(REF_COUNT, i, "closed", mine->closed, !count_is_open(theirs));
  SAME(REF_COUNT, i, "freezes", m_check_freezes(c->m, i), count_freezes(theirs));
}

static void same_custody(struct comparing *c) {
  const struct core_head *h = &c->core->head;
  const struct model *m = c->m;
  SAME(REF_NONE, 0, "authorities", m_count_custody(m, EVENT_AUTHORITY_ADDED), h->n_authorities);
  SAME(REF_NONE, 0, "places", m_count_custody(m, EVENT_PLACE_ADDED), h->n_places);
  SAME(REF_NONE, 0, "legal bases", m_count_custody(m, EVENT_BASIS_ADDED), h->n_bases);
  SAME(REF_NONE, 0, "classes", m_count_custody(m, EVENT_CLASS_ADDED), h->n_classes);
  SAME(REF_NONE, 0, "orders", m_count_custody(m, EVENT_ORDER_RECORDED), h->n_orders);
  SAME(REF_NONE, 0, "bookings", m_count_custody(m, EVENT_BOOKING_OPENED), h->n_bookings);
  SAME(REF_NONE, 0, "counts", m->n_checks, h->n_counts);
  SAME(REF_NONE, 0, "tallies", m->n_tallies, h->n_tallies);
  SAME(REF_NONE, 0, "deaths", m_count_custody(m, EVENT_DEATH_RECORDED), h->n_deaths);
  SAME(REF_NONE, 0, "hearings", m_count_custody(m, EVENT_HEARING_SET), h->n_hearings);
  SAME(REF_NONE, 0, "visits", m_count_custody(m, EVENT_VISIT_OPENED), h->n_visits);
  SAME(REF_NONE, 0, "movements", m_count_custody(m, EVENT_MOVEMENT_PROPOSED), h->n_movements);
  SAME(REF_NONE, 0, "assessments", m_count_custody(m, EVENT_ASSESSMENT_RECORDED), h->n_assessments);
  if (c->told || !m->n_custody)
    return;
  for (uint32_t i = 0; i < h->n_assessments; i++) {
    struct m_claim mine = m_claim(m, i);
    const struct assessment *theirs = &c->core->assessments[i];
    SAME(REF_ASSESSMENT, i, "how it stands", mine.outcome, theirs->state);
    SAME(REF_ASSESSMENT, i, "contested", until_second(mine.contested_s), theirs->contested_s);
    SAME(REF_ASSESSMENT, i, "author", m_assessment(m, i)->author, theirs->author);
    SAME(REF_ASSESSMENT, i, "told", mine.told, theirs->told != 0);
  }
  for (uint32_t i = 0; i < h->n_bookings; i++)
    same_booking(c, i);
  for (uint32_t i = 0; i < h->n_movements; i++)
    same_movement(c, i);
  for (uint32_t i = 0; i < h->n_bases; i++)
    same_agreement(c, i);
  for (uint32_t i = 0; i < h->n_persons; i++)
    same_manifest(c, i);
  for (uint32_t i = 0; i < h->n_persons; i++)
    same_death(c, i);
  uint32_t frozen = 0;
  for (uint32_t i = 0; i < h->n_counts; i++) {
    same_count(c, i);
    frozen += m_check_freezes(m, i);
  }
  SAME(REF_NONE, 0, "counts that freeze", frozen, h->frozen);
  for (uint32_t i = 0; i < h->n_orders; i++)
    same_order(c, i);
  for (uint32_t i = 0; i < h->n_persons; i++)
    same_in_custody(c, i);
}

static void same_alarms(struct comparing *c) {
  const struct core_head *head = &c->core->head;
  SAME(REF_NONE, 0, "open alarms", c->m->n_alarms, head->n_alarms);
  SAME(REF_NONE, 0, "alarms that found no room", c->m->alarms_lost, head->alarms_lost);
  for (uint32_t i = 0; i < c->m->n_alarms && i < head->n_alarms; i++) {
    SAME(REF_ENTRY, i, "alarm of entry", c->m->alarms[i].n, c->core->alarms[i].n);
    SAME(REF_ENTRY, i, "kind of alarm", c->m->alarms[i].type, c->core->alarms[i].type);
  }
}

static void same_head(struct comparing *c) {
  const struct model *m = c->m;
  const struct core_head *head = &c->core->head;
  uint32_t locked = 0;
  for (uint32_t i = 0; m->plan && i < m->plan->n_areas; i++)
    locked += m->areas[i].lockdown;
  SAME(REF_NONE, 0, "next entry", m->next, head->next_entry);
  if (m->next)
    SAME(REF_NONE, 0, "time of the last entry", m->last_at, head->last_at);
  SAME(REF_NONE, 0, "same plan", true,
       memcmp(&m->plan_hash, &head->plan_hash, sizeof m->plan_hash) == 0);
  SAME(REF_NONE, 0, "same log key", true, memcmp(&m->vkey, &head->vkey, sizeof m->vkey) == 0);
  SAME(REF_NONE, 0, "persons", m->n_persons, head->n_persons);
  SAME(REF_NONE, 0, "credentials", m->n_credentials, head->n_credentials);
  SAME(REF_NONE, 0, "operators", m->n_operators, head->n_operators);
  SAME(REF_NONE, 0, "threat level", m->threat, head->threat);
  SAME(REF_NONE, 0, "site made", m->created, head->site_created != 0);
  SAME(REF_NONE, 0, "sealed", m->sealed, head->sealed != 0);
  SAME(REF_NONE, 0, "areas locked down", locked, head->lockdowns);
  SAME(REF_NONE, 0, "due", model_due(m), core_due(c->core));
}

bool model_same(const struct model *m, const struct core *core, struct buf *story) {
  struct comparing comparing = {m, core, story, 0}, *c = &comparing;
  same_head(c);
  if (c->told)
    return false;
  for (uint32_t i = 0; i < m->n_persons; i++)
    same_person(c, i);
  for (uint32_t i = 0; i < m->n_credentials; i++)
    same_credential(c, i);
  for (uint32_t i = 0; i < m->n_operators; i++)
    same_operator(c, i);
  same_alarms(c);
  same_custody(c);
  if (!m->plan)
    return c->told == 0;
  for (uint32_t i = 0; i < m->plan->n_areas; i++)
    same_area(c, i);
  for (uint32_t i = 0; i < m->plan->n_doors; i++)
    same_door(c, i);
  for (uint32_t i = 0; i < m->plan->n_gates; i++)
    SAME(REF_GATE, i, "closed", m->closed[i], core->gates[i].closed != 0);
  for (uint32_t i = 0; i < m->plan->n_readers; i++) {
    SAME(REF_READER, i, "offline", m->readers[i].offline, core->readers[i].offline != 0);
    SAME(REF_READER, i, "tampered", m->readers[i].tampered, core->readers[i].tampered != 0);
    SAME(REF_READER, i, "insecure", m->readers[i].insecure, core->readers[i].insecure != 0);
    SAME(REF_READER, i, "unpowered", m->readers[i].unpowered, core->readers[i].unpowered != 0);
    SAME(REF_READER, i, "rekey_n", m->readers[i].rekey_n, core->readers[i].rekey_n);
  }
  return c->told == 0;
}
