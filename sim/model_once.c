/* model_once.c: one-time passes, as docs/registration.md tells of them. */
#include "sim/model_state.h"

/* Somebody was let in with it by another door of the boundary, and it is not known yet whether they
 * went. */
static bool on_their_way_in(const struct model *m, uint32_t credential, uint32_t but) {
  for (uint32_t d = 0; d < m->plan->n_doors; d++)
    for (uint32_t i = 0; d != but && i < m->doors[d].n_party; i++) {
      const struct m_member *q = &m->doors[d].party[i];
      if (q->status == PARTY_GRANTED && q->credential == credential && q->to != area_outside &&
          m_boundary(m->plan, d))
        return true;
    }
  return false;
}

enum credential_state m_pass_state(const struct model *m, uint32_t credential, uint32_t door,
                                   uint32_t to, usec at) {
  const struct m_credential *c = &m->credentials[credential];
  enum credential_state state = m_credential_state(c, at);
  if (!c->once || state != CREDENTIAL_STATE_ISSUED || to == area_outside ||
      !m_boundary(m->plan, door))
    return state;
  return c->ways_in || on_their_way_in(m, credential, door) ? CREDENTIAL_STATE_USED : state;
}

void m_pass_taken(struct model *m, uint32_t credential, uint32_t door, uint32_t to, uint64_t n) {
  struct m_credential *c = &m->credentials[credential];
  if (!c->once || !m_boundary(m->plan, door))
    return;
  if (to != area_outside)
    c->ways_in++;
  else if (!c->out_n)
    c->out_n = n;
}
