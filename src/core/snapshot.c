/* snapshot.c: the whole state as bytes, and back. The bytes are the arrays of state.h as they lie,
 * each up to its count, so they depend on the journal alone. */
#include "core/snapshot_check.h"

#include <string.h>

/* A change of any struct changes this, so an older snapshot is refused, not misread. */
#define LAYOUT                                                                                     \
  ((uint32_t)(2u * 1000003u + sizeof(struct core_head) * 31u + sizeof(struct person) * 37u +       \
              sizeof(struct door_state) * 41u + sizeof(struct reader_state) * 53u +                \
              sizeof(struct order) * 59u + sizeof(struct movement) * 61u +                         \
              sizeof(struct member) * 67u + sizeof(struct custody) * 71u +                         \
              sizeof(struct booking) * 73u + sizeof(struct credential) * 83u +                     \
              sizeof(struct operator_record) * 79u + sizeof(struct basis) * 89u +                  \
              sizeof(struct visit) * 113u + sizeof(struct assessment) * 107u +                     \
              sizeof(struct death) * 103u + sizeof(struct count) * 97u +                           \
              sizeof(struct tally) * 101u + REASON_COUNT * 43u + EVENT_COUNT * 47u))

struct dump_head {
  char magic[8]; /* "SPSTATE" */
  uint32_t layout, unused;
};

struct part {
  void *at;
  size_t n; /* bytes */
};

enum { parts_n = 27 };

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
      PART(custody, h->n_persons),
      PART(authorities, h->n_authorities),
      PART(places, h->n_places),
      PART(bases, h->n_bases),
      PART(classes, h->n_classes),
      PART(class_rows, h->n_class_rows),
      PART(orders, h->n_orders),
      PART(bookings, h->n_bookings),
      PART(deaths, h->n_deaths),
      PART(links, h->n_links),
      PART(movements, h->n_movements),
      PART(members, h->n_members),
      PART(hearings, h->n_hearings),
      PART(visits, h->n_visits),
      PART(assessments, h->n_assessments),
      PART(counts, h->n_counts),
      PART(tallies, h->n_tallies),
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
  if (memcmp(d.magic, "SPSTATE", 8) != 0 || d.unused != 0)
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
         h->n_authorities <= authorities_max && h->n_places <= places_max &&
         h->n_bases <= bases_max && h->n_classes <= classes_max &&
         h->n_class_rows <= class_rows_max && h->n_orders <= orders_max &&
         h->n_bookings <= bookings_max && h->n_movements <= movements_max &&
         h->n_members <= members_max && h->n_hearings <= hearings_max &&
         h->n_visits <= visits_max && h->n_assessments <= assessments_max &&
         h->n_deaths <= deaths_max && h->n_counts <= counts_max && h->n_tallies <= tallies_max &&
         h->n_links <= registration_links_max && h->free_link <= h->n_links &&
         h->n_areas == areas && h->n_gates == gates && h->n_doors == doors &&
         h->n_readers == readers && h->free_grant <= h->n_extra_grants &&
         h->free_separation <= h->n_separations && h->threat < (plan ? plan->n_threats : 1);
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
  const char *wrong = snapshot_check(core);
  if (wrong)
    return fault_set(why, SP_CORRUPT, "snapshot: %s", wrong);
  core_index_all(core);
  return SP_OK;
}
