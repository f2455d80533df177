/* model_candidate.c: docs/custody.md, "Registrations of one human", written down once more: a
 * registration, or what more is known of one, and the candidates that the command names. */
#include "sim/model_state.h"

#include <string.h>

/* Who hangs together with the person now, and would with those linked since: room for one more
 * than there are, for whoever is not registered yet. NULL: no memory. */
static bool *group_of(const struct model *m, uint32_t person) {
  bool *in = sp_alloc(m->n_persons + 1, sizeof *in);
  if (in && person < m->n_persons)
    m_linked(m, person, in);
  if (in)
    in[person] = true;
  return in;
}

/* At most 16 hang together. True: they do from now on. */
static bool join(const struct model *m, bool *group, uint32_t other) {
  bool *theirs = sp_alloc(m->n_persons + 1, sizeof *theirs);
  uint32_t n = 0;
  if (!theirs)
    return true;
  m_linked(m, other, theirs);
  for (uint32_t i = 0; i <= m->n_persons; i++)
    n += group[i] || theirs[i];
  for (uint32_t i = 0; n <= 16 && i <= m->n_persons; i++)
    group[i] |= theirs[i];
  sp_free(theirs);
  return n <= 16;
}

static void name_candidates(const struct asked *a, uint32_t person, const struct refs *found,
                            bool more) {
  bool *group = group_of(a->m, person);
  struct refs left = {0};
  for (uint32_t i = 0; group && i < found->n; i++) {
    uint32_t other = found->at[i].index;
    bool again = person < a->m->n_persons && m_is_candidate(a->m, person, other);
    for (uint32_t k = 0; k < i; k++)
      again |= found->at[k].index == other;
    if (again)
      continue;
    if (join(a->m, group, other))
      m_expect(a, EVENT_LINK_RECORDED)->u.link = (struct ev_link){person, other};
    else
      left.at[left.n++] = found->at[i];
  }
  sp_free(group);
  if (left.n > 0 || more)
    m_expect_alarm(a, EVENT_CANDIDATES_UNLINKED)->u.candidates_unlinked =
        (struct ev_candidates_unlinked){person, left, more};
}

/* Only other persons can be candidates. */
static bool odd(const struct asked *a, const struct refs *found, uint32_t person) {
  for (uint32_t i = 0; i < found->n; i++) {
    if (found->at[i].kind == REF_PERSON && found->at[i].index != person)
      continue;
    if (found->at[i].kind == REF_PERSON)
      m_reject(a, REASON_SELF, REF_PERSON, person);
    else
      m_reject(a, REASON_INCOMPLETE, REF_NONE, 0);
    return true;
  }
  return false;
}

void m_add_person(const struct asked *a) {
  const struct cmd_person_add *c = &a->c->u.person_add;
  uint32_t there;
  if (m_find_id(a->m, REF_PERSON, c->person, &there)) {
    m_reject(a, REASON_EXISTS, REF_PERSON, there);
  } else if (a->m->n_persons >= persons_max) {
    m_reject(a, REASON_LIMIT_REACHED, REF_NONE, 0);
  } else if (!odd(a, &c->candidates, REF_ABSENT) && !m_bad_dates(a, c->from, c->until)) {
    m_expect(a, EVENT_PERSON_ADDED)->u.person_added =
        (struct ev_person_added){c->person, c->kind, m_number(a->m->n_persons), c->from, c->until};
    name_candidates(a, a->m->n_persons, &c->candidates, c->more);
  }
}

void m_identify_person(const struct asked *a) {
  const struct cmd_person_identify *c = &a->c->u.person_identify;
  if (odd(a, &c->candidates, c->person))
    return;
  m_expect(a, EVENT_PERSON_IDENTIFIED)->u.person_ref.person = c->person;
  name_candidates(a, c->person, &c->candidates, c->more);
}
