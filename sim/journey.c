#include "sim/journey.h"

#include "core/register_fields.h"

#include <stdio.h>

enum { named_most = 5, departures_max = 3 };

void journey_begin(struct journey *j, struct rng *r) {
  static const uint8_t forbids[] = {MEMBER_BOARDED,     MEMBER_DEPARTED,    MEMBER_CONFIRMED,
                                    MEMBER_DEPARTED,    MEMBER_STATE_COUNT, MEMBER_STATE_COUNT,
                                    MEMBER_STATE_COUNT, MEMBER_STATE_COUNT};
  *j = (struct journey){.person = REF_ABSENT, .forbids_at = forbids[rng_below(r, sizeof forbids)]};
}

static struct slug name_of(uint32_t have) {
  struct slug s = {{0}};
  snprintf(s.s, sizeof s.s, "journey-%u", have);
  return s;
}

/* What orders and movements name. The first place of ours is none of the site's. */
static bool found(const struct random_custody *d, struct command *c) {
  const struct core_head *h = &d->core->head;
  bool more = rng_chance(d->rng, 1, 6);
  if (!h->n_authorities || (more && h->n_authorities < named_most)) {
    c->type = COMMAND_AUTHORITY_ADD;
    c->u.authority_add = (struct cmd_authority_add){name_of(h->n_authorities), REF_ABSENT};
    return true;
  }
  if (h->n_places < 2 || (more && h->n_places < named_most)) {
    c->type = COMMAND_PLACE_ADD;
    c->u.place_add = (struct cmd_place_add){name_of(h->n_places), rng_below(d->rng, 9)};
    return true;
  }
  if (!h->n_bases || (more && h->n_bases < named_most)) {
    c->type = COMMAND_BASIS_ADD;
    record_clear(&command_records[c->type], &c->u);
    c->u.basis_add.basis = name_of(h->n_bases);
    return true;
  }
  return false;
}

static void order(const struct random_custody *d, uint32_t person, enum order_kind kind,
                  struct command *c) {
  const struct core_head *h = &d->core->head;
  c->type = COMMAND_ORDER_RECORD;
  record_clear(&command_records[c->type], &c->u);
  c->u.order_record.kind = kind;
  c->u.order_record.issuer = rng_below(d->rng, h->n_authorities);
  c->u.order_record.person = person;
  if (order_does(kind) != ORDER_FORBIDS)
    c->u.order_record.basis = rng_below(d->rng, h->n_bases);
}

/* The order of this kind that serves, or the step towards it in *c. */
static bool serves(const struct random_custody *d, uint32_t person, enum order_kind kind,
                   uint32_t *which, struct command *c) {
  for (uint32_t i = d->core->custody[person].orders; i; i = d->core->orders[i - 1].next) {
    const struct order *o = &d->core->orders[i - 1];
    if (o->kind != (uint32_t)kind || o->refuted || o->recalled)
      continue;
    *which = i - 1;
    if (order_status_at(d->core, i - 1, d->now) == ORDER_STATUS_IN_FORCE)
      return true;
    if (o->authenticator == REF_ABSENT) {
      c->type = COMMAND_ORDER_AUTHENTICATE;
      c->u.order_ref.order = i - 1;
      return false;
    }
  }
  order(d, person, kind, c);
  return false;
}

static bool into_custody(struct journey *j, const struct random_custody *d, struct command *c) {
  uint32_t held, person = j->person;
  struct reasons unused = {0};
  if (!held_at(d->core, person, d->now, &held, &unused))
    return !serves(d, person, ORDER_COMMITMENT, &held, c);
  if (!is_booked(d->core, person)) {
    c->type = COMMAND_BOOKING_OPEN;
    record_clear(&command_records[c->type], &c->u);
    c->u.booking_open.person = person;
    c->u.booking_open.order = held;
    c->u.booking_open.recorded = register_required();
    return true;
  }
  /* Nobody is brought in by a clerk: they come through a gate, if their level lets them. */
  j->bring = d->core->persons[person].area == area_outside;
  if (!j->bring || !d->core->plan->n_levels || !rng_chance(d->rng, 1, 4))
    return false;
  c->type = COMMAND_LEVEL_GRANT;
  c->u.level_grant = (struct cmd_level_grant){person, rng_below(d->rng, d->core->plan->n_levels),
                                              TIME_ABSENT, TIME_ABSENT};
  return true;
}

static bool onto_manifest(const struct random_custody *d, uint32_t person, struct command *c) {
  static const uint8_t kinds[] = {MOVEMENT_TRANSFER, MOVEMENT_REMOVAL, MOVEMENT_PRODUCTION};
  const struct core_head *h = &d->core->head;
  uint32_t by;
  for (uint32_t i = h->n_movements; i-- > 0;) {
    const struct movement *m = &d->core->movements[i];
    if (m->state > MOVEMENT_STATE_AUTHORISED || m->agreement != REF_ABSENT || m->emergency ||
        m->adults_only || m->seats ||
        (m->kind != MOVEMENT_TRANSFER && m->kind != MOVEMENT_REMOVAL &&
         m->kind != MOVEMENT_PRODUCTION))
      continue;
    if (!serves(d, person, (enum order_kind)(ORDER_TRANSFER + m->kind), &by, c))
      return true;
    c->type = COMMAND_MANIFEST_ADD;
    c->u.manifest_add = (struct cmd_manifest_add){i, person, by, REF_ABSENT, false};
    return true;
  }
  c->type = COMMAND_MOVEMENT_PROPOSE;
  record_clear(&command_records[c->type], &c->u);
  c->u.movement_propose.kind = kinds[rng_below(d->rng, sizeof kinds)];
  c->u.movement_propose.to = 1 + rng_below(d->rng, h->n_places - 1);
  if (c->u.movement_propose.kind != MOVEMENT_PRODUCTION)
    c->u.movement_propose.receiver = rng_below(d->rng, h->n_authorities);
  else
    c->u.movement_propose.returns = d->now + 3600 * USEC_PER_S;
  return true;
}

static bool is_forbidden(const struct random_custody *d, uint32_t person) {
  for (uint32_t i = d->core->custody[person].orders; i; i = d->core->orders[i - 1].next)
    if (d->core->orders[i - 1].kind == ORDER_STAY)
      return true;
  return false;
}

static bool step(struct journey *j, const struct random_custody *d, const struct member *r,
                 struct command *c) {
  const struct movement *m = &d->core->movements[r->movement];
  c->u.member_ref = (struct cmd_member_ref){r->movement, j->person};
  switch ((int)r->state) {
  case MEMBER_ALTERNATE:
    c->type = COMMAND_MANIFEST_PROMOTE;
    return true;
  case MEMBER_MANIFESTED:
    c->type = COMMAND_MOVEMENT_AUTHORISE;
    if (m->state == MOVEMENT_STATE_PROPOSED)
      return true;
    c->type = COMMAND_IDENTITY_CONFIRM;
    c->u.identity_confirm =
        (struct cmd_identity_confirm){r->movement, j->person, j->person, true, BIOMETRIC_MATCH};
    return true;
  case MEMBER_CONFIRMED:
    c->type = COMMAND_MOVEMENT_BOARD;
    return true;
  case MEMBER_BOARDED:
    c->type = is_forbidden(d, j->person) && j->tried++ >= departures_max
                  ? COMMAND_MOVEMENT_DISEMBARK
                  : COMMAND_MOVEMENT_DEPART;
    return true;
  case MEMBER_DEPARTED:
    c->type = r->recalled_s != UINT32_MAX ? COMMAND_RECALL_ANSWER : COMMAND_MOVEMENT_ARRIVE;
    if (c->type == COMMAND_RECALL_ANSWER)
      c->u.recall_answer = (struct cmd_recall_answer){r->movement, j->person, rng_below(d->rng, 3)};
    return true;
  case MEMBER_ARRIVED:
    c->type = COMMAND_MOVEMENT_HANDOVER;
    c->u.movement_handover = (struct cmd_movement_handover){r->movement, j->person, {{1}}};
    return m->receiver != REF_ABSENT;
  default:
    return false;
  }
}

bool journey_next(struct journey *j, const struct random_custody *d, struct command *c) {
  j->bring = false;
  if (found(d, c))
    return true;
  if (j->person == REF_ABSENT)
    return false;
  const struct member *r = active_member(d->core, j->person);
  if (r && r->state == j->forbids_at && !is_forbidden(d, j->person)) {
    order(d, j->person, ORDER_STAY, c);
    return true;
  }
  if (r)
    return step(j, d, r, c);
  return into_custody(j, d, c) || (!j->bring && onto_manifest(d, j->person, c));
}
