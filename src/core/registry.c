/* registry.c: what orders name: authorities, places, legal bases and agreements, classes. */
#include "core/custody_int.h"

#include <string.h>

static const struct ref nothing = {REF_NONE, 0};

const char *const membership_names[] = {"non_member", "uncertain", "member", NULL};

/* True when the name is free and there is room for one more. */
static bool new_name(struct deciding *d, enum ref_kind kind, const struct slug *name, uint32_t have,
                     uint32_t most) {
  struct namer n = core_namer(d->core);
  uint32_t there;
  if (n.find(n.ctx, kind, span_str(name->s), &there)) {
    deciding_reject(d, REASON_EXISTS, ref_to(kind, there));
    return false;
  }
  if (have == most)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  return have < most;
}

/* --- Authorities and places --- */

void decide_authority_add(struct deciding *d) {
  const struct cmd_authority_add *a = &d->command->u.authority_add;
  if (new_name(d, REF_AUTHORITY, &a->authority, d->core->head.n_authorities, authorities_max))
    deciding_event(d, EVENT_AUTHORITY_ADDED)->u.authority_added =
        (struct ev_authority_added){a->authority, a->above};
}

void apply_authority_added(struct core *core, const struct event *e) {
  const struct ev_authority_added *a = &e->u.authority_added;
  core->authorities[core->head.n_authorities++] = (struct authority){a->authority, a->above};
}

void decide_place_add(struct deciding *d) {
  const struct cmd_place_add *p = &d->command->u.place_add;
  if (new_name(d, REF_PLACE, &p->place, d->core->head.n_places, places_max))
    deciding_event(d, EVENT_PLACE_ADDED)->u.place_added =
        (struct ev_place_added){p->place, p->country};
}

void apply_place_added(struct core *core, const struct event *e) {
  const struct ev_place_added *p = &e->u.place_added;
  core->places[core->head.n_places++] = (struct place){p->place, p->country};
}

bool place_is_here(const struct core *core, uint32_t place) {
  return strcmp(core->places[place].name.s, core->plan->name.s) == 0;
}

/* --- Legal bases --- */

uint32_t basis_versions(const struct core *core, uint32_t basis) {
  uint32_t n = 0;
  for (; basis != REF_ABSENT; basis = core->bases[basis].replaces)
    n++;
  return n;
}

void decide_basis_add(struct deciding *d) {
  const struct cmd_basis_add *b = &d->command->u.basis_add;
  bool receives = b->country != REF_ABSENT || b->place != REF_ABSENT;
  if (!new_name(d, REF_BASIS, &b->basis, d->core->head.n_bases, bases_max))
    return;
  if (b->agreement != receives || (b->places && !b->agreement))
    deciding_reject(d, REASON_INCOMPLETE, nothing);
  else if (basis_versions(d->core, b->replaces) >= basis_versions_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else if (check_dates(d, b->from, b->until))
    deciding_event(d, EVENT_BASIS_ADDED)->u.basis_added = (struct ev_basis_added){
        b->basis, b->agreement, b->country, b->place, b->places, b->replaces, b->from, b->until};
}

void apply_basis_added(struct core *core, const struct event *e) {
  const struct ev_basis_added *b = &e->u.basis_added;
  core->bases[core->head.n_bases++] = (struct basis){.name = b->basis,
                                                     .from_s = from_seconds(b->from),
                                                     .until_s = until_seconds(b->until),
                                                     .repealed_s = UINT32_MAX,
                                                     .country = b->country,
                                                     .place = b->place,
                                                     .places = b->places,
                                                     .agreement = b->agreement,
                                                     .replaces = b->replaces};
}

void decide_basis_repeal(struct deciding *d) {
  uint32_t basis = d->command->u.basis_ref.basis;
  if (d->core->bases[basis].repealed_s != UINT32_MAX)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_BASIS, basis));
  else
    deciding_event(d, EVENT_BASIS_REPEALED)->u.basis_ref.basis = basis;
}

void apply_basis_repealed(struct core *core, const struct event *e) {
  core->bases[e->u.basis_ref.basis].repealed_s = seconds_of(e->at);
}

/* --- Classes --- */

void decide_class_add(struct deciding *d) {
  const struct cmd_class_add *c = &d->command->u.class_add;
  if (new_name(d, REF_CLASS, &c->class, d->core->head.n_classes, classes_max))
    deciding_event(d, EVENT_CLASS_ADDED)->u.class_added =
        (struct ev_class_added){c->class, c->unlisted};
}

void apply_class_added(struct core *core, const struct event *e) {
  const struct ev_class_added *c = &e->u.class_added;
  core->classes[core->head.n_classes++] = (struct class){.name = c->class, .unlisted = c->unlisted};
}

static struct class_row *row_of(const struct core *core, uint32_t class, uint32_t person) {
  for (uint32_t i = core->custody[person].classes; i; i = core->class_rows[i - 1].next)
    if (core->class_rows[i - 1].class == class)
      return &core->class_rows[i - 1];
  return NULL;
}

static void assign(struct deciding *d, enum membership membership) {
  const struct cmd_class_member *m = &d->command->u.class_member;
  const struct class_row *row = row_of(d->core, m->class, m->person);
  if (row && row->membership == membership)
    deciding_reject(d, REASON_ALREADY_SO, ref_to(REF_PERSON, m->person));
  else if (!row && d->core->head.n_class_rows == class_rows_max)
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  else
    deciding_event(d, EVENT_CLASS_ASSIGNED)->u.class_assigned =
        (struct ev_class_assigned){m->class, m->person, membership};
}

void decide_class_include(struct deciding *d) {
  assign(d, MEMBERSHIP_MEMBER);
}

void decide_class_doubt(struct deciding *d) {
  assign(d, MEMBERSHIP_UNCERTAIN);
}

void decide_class_exclude(struct deciding *d) {
  assign(d, MEMBERSHIP_NON_MEMBER);
}

void apply_class_assigned(struct core *core, const struct event *e) {
  const struct ev_class_assigned *c = &e->u.class_assigned;
  struct class_row *row = row_of(core, c->class, c->person);
  if (!row) {
    SP_ASSERT(core->head.n_class_rows < class_rows_max);
    row = &core->class_rows[core->head.n_class_rows++];
    *row = (struct class_row){.class = c->class, .next = core->custody[c->person].classes};
    core->custody[c->person].classes = core->head.n_class_rows;
  }
  row->membership = c->membership;
}
