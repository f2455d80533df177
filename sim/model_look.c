/* model_look.c: what is found by looking at everyone and everything. */
#include "sim/model_state.h"

#include <string.h>

bool m_same_id(struct id a, struct id b) {
  return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool m_no_id(struct id a) {
  return m_same_id(a, (struct id){{0}});
}

int64_t m_second(usec at) {
  return at / USEC_PER_S - (at % USEC_PER_S < 0);
}

struct m_dates m_dates(usec from, usec until) {
  struct m_dates d = {INT64_MIN, INT64_MAX};
  if (from != TIME_ABSENT)
    d.from_s = m_second(from);
  if (until != TIME_ABSENT)
    d.until_s = m_second(until);
  return d;
}

bool m_valid(struct m_dates d, usec at) {
  return d.from_s <= m_second(at) && m_second(at) < d.until_s;
}

/* Whether this door's line says that it is locked: by a contact at the bolt; of a door in an
 * interlock group always, since a time says nothing of what is still on its way. */
bool m_tells_locked(const struct model *m, uint32_t door) {
  bool tells = m->plan->doors[door].lock_monitor;
  for (uint32_t other = 0; other < m->plan->n_doors; other++)
    tells |= m_is_peer(m->plan, door, other);
  return tells;
}

/* Closed and locked, as far as is known: one that tells is locked when it says so, another when
 * its timer has run out. */
bool m_secured(const struct model *m, uint32_t door, usec at) {
  const struct m_door *d = &m->doors[door];
  if (d->open)
    return false;
  return !d->unlocked || (!m_tells_locked(m, door) && d->relock_at <= at);
}

uint32_t m_occupancy(const struct model *m, uint32_t area) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_persons; i++)
    n += m_within(m->plan, m->persons[i].area, area);
  return n;
}

uint32_t m_reserved(const struct model *m, uint32_t area) {
  uint32_t n = 0;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; i < m->doors[d].n_party; i++) {
      const struct m_member *x = &m->doors[d].party[i];
      n += x->status == PARTY_GRANTED && m_within(m->plan, x->to, area) &&
           !m_within(m->plan, x->from, area);
    }
  return n;
}

/* Silent: who leaves an area for one within it, or is permitted a way that leads back, leaves. */
uint32_t m_leaving(const struct model *m, uint32_t area) {
  uint32_t n = 0;
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; i < m->doors[d].n_party; i++)
      n += m->doors[d].party[i].status == PARTY_GRANTED && m->doors[d].party[i].from == area;
  return n;
}

uint32_t m_own_reserved(const struct model *m, uint32_t door, uint32_t person, uint32_t to) {
  const struct m_door *d = &m->doors[door];
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].person == person && d->party[i].status == PARTY_GRANTED &&
        d->party[i].to == to && d->party[i].from == m->persons[person].area)
      return 1;
  return 0;
}

uint32_t m_own_leaving(const struct model *m, uint32_t door, uint32_t person, uint32_t from) {
  const struct m_door *d = &m->doors[door];
  for (uint32_t i = 0; i < d->n_party; i++)
    if (d->party[i].person == person && d->party[i].status == PARTY_GRANTED &&
        d->party[i].from == from)
      return 1;
  return 0;
}

bool m_separate(const struct model *m, uint32_t a, uint32_t b) {
  for (uint32_t i = 0; i < m->n_pairs; i++)
    if ((m->pairs[i].a == a && m->pairs[i].b == b) || (m->pairs[i].a == b && m->pairs[i].b == a))
      return true;
  return false;
}

bool m_holds(const struct model *m, uint32_t person, uint32_t level, usec at) {
  for (uint32_t i = 0; i < m->persons[person].n_grants; i++)
    if (m->persons[person].grants[i].level == level &&
        m_valid(m->persons[person].grants[i].dates, at))
      return true;
  return false;
}

bool m_find_id(const struct model *m, enum ref_kind kind, struct id id, uint32_t *index) {
  uint32_t n = kind == REF_PERSON       ? m->n_persons
               : kind == REF_CREDENTIAL ? m->n_credentials
                                        : m->n_operators;
  for (uint32_t i = 0; i < n; i++)
    if (m_same_id(id, kind == REF_PERSON       ? m->persons[i].id
                      : kind == REF_CREDENTIAL ? m->credentials[i].id
                                               : m->operators[i].id)) {
      *index = i;
      return true;
    }
  return false;
}

enum credential_state m_credential_state(const struct m_credential *c, usec at) {
  if (c->state != CREDENTIAL_STATE_ISSUED)
    return c->state;
  if (c->out_n)
    return CREDENTIAL_STATE_USED;
  if (m_second(at) < c->dates.from_s)
    return CREDENTIAL_STATE_NOT_YET_VALID;
  return m_second(at) < c->dates.until_s ? CREDENTIAL_STATE_ISSUED : CREDENTIAL_STATE_EXPIRED;
}

/* 1000 and upwards, with Luhn's check digit behind (ISO/IEC 7812-1, annex B). */
uint32_t m_number(uint32_t person) {
  uint32_t plain = 1000 + person, sum = 0;
  bool doubled = true;
  for (uint32_t rest = plain; rest; rest /= 10, doubled = !doubled) {
    uint32_t digit = rest % 10 * (doubled ? 2 : 1);
    sum += digit / 10 + digit % 10;
  }
  return plain * 10 + (10 - sum % 10) % 10;
}
