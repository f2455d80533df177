/* model_register.c: the register of a booking a second time: what docs/register.md says must be
 * there at admission, and what is outstanding. */
#include "sim/model_state.h"

#include "core/register_fields.h"

#include <string.h>

static bool is_required(const char *name) {
  static const char *const needed[] = {
      "identity",    "identity_by",       "gender",        "deprived_at",     "deprived_where",
      "deprived_by", "grounds",           "supervised_by", "place_authority", "health",
      "injuries",    "ill_treatment",     "property",      "family",          "children",
      "next_of_kin", "emergency_contact",
  };
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
    if (strcmp(needed[i], name) == 0)
      return true;
  return false;
}

uint32_t m_register_lacks(uint32_t recorded) {
  uint32_t missing = 0;
  for (uint32_t i = 0; register_field_names[i]; i++)
    if (is_required(register_field_names[i]) && !(recorded >> i & 1))
      missing += 1u << i;
  return missing;
}

bool m_register_sound(uint32_t recorded, uint32_t outstanding) {
  for (uint32_t i = 0; i < 32; i++)
    if (outstanding >> i & 1 && !(recorded >> i & 1))
      return false;
  return true;
}

/* The n-th booking as it was opened. */
static const struct ev_booking_opened *booking(const struct model *m, uint32_t n) {
  for (uint32_t i = 0; i < m->n_custody; i++)
    if (m->custody[i].type == EVENT_BOOKING_OPENED && n-- == 0)
      return &m->custody[i].u.booking_opened;
  SP_NEVER("whoever names a booking has seen it");
}

/* Field by field: the last answer, from the newest entry back. */
struct m_register m_register(const struct model *m, uint32_t of) {
  struct m_register r = {0, 0};
  const struct ev_booking_opened *opened = booking(m, of);
  for (uint32_t f = 0; register_field_names[f]; f++) {
    uint32_t bit = 1u << f;
    uint32_t recorded = opened->recorded & bit, outstanding = opened->outstanding & bit;
    for (uint32_t i = m->n_custody; i-- > 0;) {
      const struct ev_booking_supplemented *s = &m->custody[i].u.booking_supplemented;
      if (m->custody[i].type != EVENT_BOOKING_SUPPLEMENTED || s->booking != of ||
          !(s->recorded & bit))
        continue;
      recorded = bit;
      outstanding = s->outstanding & bit;
      break;
    }
    r.recorded |= recorded;
    r.outstanding |= outstanding;
  }
  return r;
}

void m_supplement(const struct asked *a) {
  const struct cmd_booking_supplement *c = &a->c->u.booking_supplement;
  if (c->recorded == 0 || !m_register_sound(c->recorded, c->outstanding))
    m_reject(a, REASON_INCOMPLETE, REF_BOOKING, c->booking);
  else
    m_expect(a, EVENT_BOOKING_SUPPLEMENTED)->u.booking_supplemented =
        (struct ev_booking_supplemented){c->booking, booking(a->m, c->booking)->person, c->recorded,
                                         c->outstanding};
}
