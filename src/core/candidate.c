/* candidate.c: a person is registered, or more is known of one; and each registration that the
 * engine found to be alike is linked as a candidate in the same decision, so that what forbids
 * binds both from that entry on. What was found stands in the command: deciding again needs no
 * search. Nobody is left unregistered because more were found than can be linked: that is an alarm.
 */
#include "core/custody_int.h"

static const struct ref nothing = {REF_NONE, 0};

/* What would hang together, while links are added one after the other in one decision. */
struct growing {
  const struct core *core;
  uint32_t person;
  struct linked group;
  uint32_t rows; /* of links that are left */
};

static bool has(const struct linked *l, uint32_t person) {
  for (uint32_t i = 0; i < l->n; i++)
    if (l->persons[i] == person)
      return true;
  return false;
}

static uint32_t rows_left(const struct core *core, uint32_t most) {
  uint32_t left = registration_links_max - core->head.n_links;
  for (uint32_t i = core->head.free_link; i && left < most; i = core->links[i - 1].next)
    left++;
  return left;
}

/* True when the two were linked: the same as links_fit says, were those before in the state. */
static bool grow(struct growing *g, uint32_t other) {
  struct linked theirs;
  struct linked all = g->group;
  linked_of(g->core, other, &theirs);
  if (g->rows < 2)
    return false;
  for (uint32_t i = 0; i < theirs.n; i++) {
    if (has(&all, theirs.persons[i]))
      continue;
    if (all.n == linked_max)
      return false;
    all.persons[all.n++] = theirs.persons[i];
  }
  g->group = all;
  g->rows -= 2;
  return true;
}

static bool named_before(const struct refs *r, uint32_t i) {
  for (uint32_t k = 0; k < i; k++)
    if (r->at[k].index == r->at[i].index)
      return true;
  return false;
}

static void link_candidates(struct deciding *d, uint32_t person, const struct refs *found,
                            bool more) {
  struct growing g = {.core = d->core, .person = person};
  struct refs left = {0};
  bool known = person < d->core->head.n_persons;
  g.rows = rows_left(d->core, 2 * refs_max);
  if (known)
    linked_of(d->core, person, &g.group);
  else
    g.group = (struct linked){.n = 1, .persons = {person}};
  for (uint32_t i = 0; i < found->n; i++) {
    uint32_t other = found->at[i].index;
    if (named_before(found, i) || (known && linked_directly(d->core, person, other)))
      continue;
    if (grow(&g, other))
      deciding_event(d, EVENT_LINK_RECORDED)->u.link = (struct ev_link){person, other};
    else
      left.at[left.n++] = found->at[i];
  }
  if (left.n || more)
    deciding_alarm(d, EVENT_CANDIDATES_UNLINKED)->u.candidates_unlinked =
        (struct ev_candidates_unlinked){person, left, more};
}

/* All are persons, and none is the one whom they are like. */
static bool are_others(struct deciding *d, const struct refs *found, uint32_t person) {
  for (uint32_t i = 0; i < found->n; i++) {
    if (found->at[i].kind != REF_PERSON)
      deciding_reject(d, REASON_INCOMPLETE, nothing);
    else if (found->at[i].index == person)
      deciding_reject(d, REASON_SELF, ref_to(REF_PERSON, person));
    else
      continue;
    return false;
  }
  return true;
}

void decide_person_add(struct deciding *d) {
  const struct cmd_person_add *a = &d->command->u.person_add;
  uint32_t have, person = d->core->head.n_persons;
  if (core_find_person(d->core, a->person, &have)) {
    deciding_reject(d, REASON_EXISTS, ref_to(REF_PERSON, have));
  } else if (person == persons_max) {
    deciding_reject(d, REASON_LIMIT_REACHED, nothing);
  } else if (are_others(d, &a->candidates, REF_ABSENT) && check_dates(d, a->from, a->until)) {
    deciding_event(d, EVENT_PERSON_ADDED)->u.person_added =
        (struct ev_person_added){a->person, a->kind, person_number(person), a->from, a->until};
    link_candidates(d, person, &a->candidates, a->more);
  }
}

void decide_person_identify(struct deciding *d) {
  const struct cmd_person_identify *c = &d->command->u.person_identify;
  if (!are_others(d, &c->candidates, c->person))
    return;
  deciding_event(d, EVENT_PERSON_IDENTIFIED)->u.person_ref.person = c->person;
  link_candidates(d, c->person, &c->candidates, c->more);
}
