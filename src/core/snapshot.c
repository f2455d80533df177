/* snapshot.c: the whole state as bytes, and back. The bytes are the arrays of state.h as they lie,
 * each up to its count, so they depend on the journal alone. */
#include "core/state.h"

#include <string.h>

/* A change of any struct changes this, so an older snapshot is refused, not misread. */
#define LAYOUT                                                                                     \
  ((uint32_t)(1u * 1000003u + sizeof(struct core_head) * 31u + sizeof(struct person) * 37u +       \
              sizeof(struct door_state) * 41u + REASON_COUNT * 43u + EVENT_COUNT * 47u))

struct dump_head {
  char magic[8]; /* "SPSTATE" */
  uint32_t layout, unused;
};

struct part {
  void *at;
  size_t n; /* bytes */
};

enum { parts_n = 10 };

static void parts_of(const struct core *core, struct part parts[parts_n]) {
  const struct core_head *h = &core->head;
#define PART(member, count)                                                                        \
  { (void *)core->member, (size_t)(count) * sizeof *core->member }
  const struct part list[parts_n] = {
      PART(persons, h->n_persons),
      PART(credentials, h->n_credentials),
      PART(extra_grants, h->n_extra_grants),
      PART(separations, h->n_separations),
      PART(operators, h->n_operators),
      PART(alarms, h->n_alarms),
      PART(areas, h->n_areas),
      PART(gates, h->n_gates),
      PART(doors, h->n_doors),
      PART(readers, h->n_readers),
  };
#undef PART
  memcpy(parts, list, sizeof list);
}

void core_dump(const struct core *core, void (*put)(void *ctx, const void *p, size_t n),
               void *ctx) {
  struct dump_head head = {"SPSTATE", LAYOUT, 0};
  struct part parts[parts_n];
  parts_of(core, parts);
  put(ctx, &head, sizeof head);
  put(ctx, &core->head, sizeof core->head);
  for (int i = 0; i < parts_n; i++)
    if (parts[i].n)
      put(ctx, parts[i].at, parts[i].n);
}

size_t core_dump_size(const struct core *core) {
  struct part parts[parts_n];
  parts_of(core, parts);
  size_t n = sizeof(struct dump_head) + sizeof core->head;
  for (int i = 0; i < parts_n; i++)
    n += parts[i].n;
  return n;
}

static enum sp_err read_head(struct span dump, struct core_head *head, struct fault *why) {
  struct dump_head d;
  if (dump.n < sizeof d + sizeof *head)
    return fault_set(why, SP_CORRUPT, "snapshot: %zu bytes are too few", dump.n);
  memcpy(&d, dump.p, sizeof d);
  memcpy(head, dump.p + sizeof d, sizeof *head);
  if (memcmp(d.magic, "SPSTATE", 8) != 0)
    return fault_set(why, SP_CORRUPT, "snapshot: does not begin as one");
  if (d.layout != LAYOUT)
    return fault_set(
        why, SP_VERSION,
        "snapshot: written by another version; the state is folded from entries instead");
  return SP_OK;
}

enum sp_err core_dump_plan_hash(struct span dump, struct hash *plan, struct fault *why) {
  struct core_head head;
  enum sp_err err = read_head(dump, &head, why);
  if (!err)
    *plan = head.plan_hash;
  return err;
}

static bool counts_fit(const struct core_head *h, const struct plan *plan) {
  const uint32_t areas = plan ? plan->n_areas : 0, gates = plan ? plan->n_gates : 0,
                 doors = plan ? plan->n_doors : 0, readers = plan ? plan->n_readers : 0;
  return h->n_persons <= persons_max && h->n_credentials <= credentials_max &&
         h->n_operators <= operators_max && h->n_separations <= separations_max &&
         h->n_extra_grants <= extra_grants_max && h->n_alarms <= alarms_max &&
         h->n_areas == areas && h->n_gates == gates && h->n_doors == doors &&
         h->n_readers == readers && h->free_grant <= h->n_extra_grants &&
         h->free_separation <= h->n_separations && h->threat < (plan ? plan->n_threats : 1);
}

/* Every index lies within its array, so that a damaged snapshot cannot lead outside of memory. */
static bool indexes_fit(const struct core *core) {
  const struct core_head *h = &core->head;
  const struct plan *plan = core->plan;
  uint32_t n_levels = plan ? plan->n_levels : 0;
  for (uint32_t i = 0; i < h->n_persons; i++) {
    const struct person *p = &core->persons[i];
    if (p->area >= h->n_areas || p->kind >= PERSON_KIND_COUNT || p->n_grants > grants_inline ||
        p->state > PERSON_STATE_MERGED || p->extra_grants > h->n_extra_grants ||
        p->separations > h->n_separations ||
        (p->merged_into != REF_ABSENT && p->merged_into >= h->n_persons))
      return false;
    for (uint32_t g = 0; g < p->n_grants; g++)
      if (p->grants[g].level >= n_levels)
        return false;
  }
  for (uint32_t i = 0; i < h->n_credentials; i++)
    if (core->credentials[i].person >= h->n_persons ||
        core->credentials[i].state > CREDENTIAL_STATE_REVOKED)
      return false;
  for (uint32_t i = 0; i < h->n_extra_grants; i++)
    if (core->extra_grants[i].next > h->n_extra_grants ||
        (core->extra_grants[i].grant.level >= n_levels && n_levels))
      return false;
  for (uint32_t i = 0; i < h->n_separations; i++)
    if (core->separations[i].next > h->n_separations ||
        (h->n_persons && core->separations[i].other >= h->n_persons))
      return false;
  for (uint32_t i = 0; i < h->n_operators; i++)
    if (core->operators[i].role >= ROLE_COUNT)
      return false;
  for (uint32_t d = 0; d < h->n_doors; d++) {
    const struct door_state *s = &core->doors[d];
    if (s->n_party > party_max)
      return false;
    for (uint32_t i = 0; i < s->n_party; i++)
      if (s->party[i].person >= h->n_persons || s->party[i].credential >= h->n_credentials ||
          s->party[i].from >= h->n_areas || s->party[i].to >= h->n_areas ||
          s->party[i].direction >= DIRECTION_COUNT)
        return false;
  }
  return true;
}

enum sp_err core_load(struct core *core, struct span dump, const struct plan *plan,
                      struct fault *why) {
  struct core_head head = {0};
  enum sp_err err = read_head(dump, &head, why);
  if (err)
    return err;
  if (!counts_fit(&head, plan))
    return fault_set(why, SP_CORRUPT, "snapshot: a count does not fit the plan or the limits");
  core->head = head;
  core->plan = plan;
  struct part parts[parts_n];
  parts_of(core, parts);
  if (core_dump_size(core) != dump.n)
    return fault_set(why, SP_CORRUPT, "snapshot: %zu bytes where %zu were expected", dump.n,
                     core_dump_size(core));
  const uint8_t *p = dump.p + sizeof(struct dump_head) + sizeof head;
  for (int i = 0; i < parts_n; i++) {
    memcpy(parts[i].at, p, parts[i].n);
    p += parts[i].n;
  }
  if (!indexes_fit(core))
    return fault_set(why, SP_CORRUPT, "snapshot: an index points outside of its array");
  core_index_all(core);
  return SP_OK;
}
