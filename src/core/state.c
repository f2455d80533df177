#include "core/state.h"

#include <string.h>

const char *const person_state_names[] = {"present", "suspended", "departed", "merged", NULL};

/* A snapshot is these structs as they lie in memory, so nothing in them may be padding. */
#define NO_PADDING(type, size) _Static_assert(sizeof(type) == (size), #type " has padding")
NO_PADDING(struct grant, 12);
NO_PADDING(struct extra_grant, 16);
NO_PADDING(struct person, 128);
NO_PADDING(struct credential, 52);
NO_PADDING(struct separation, 8);
NO_PADDING(struct operator_record, 28);
NO_PADDING(struct party_member, 32);
NO_PADDING(struct door_state, 40 + party_max * 32);
NO_PADDING(struct area_state, 16);
NO_PADDING(struct gate_state, 4);
NO_PADDING(struct reader_state, 16);
NO_PADDING(struct alarm, 16);
NO_PADDING(struct authority, 36);
NO_PADDING(struct place, 36);
NO_PADDING(struct basis, 96);
NO_PADDING(struct class, 40);
NO_PADDING(struct class_row, 12);
NO_PADDING(struct order, 124);
NO_PADDING(struct booking, 48);
NO_PADDING(struct link, 12);
NO_PADDING(struct custody, 44);
NO_PADDING(struct visit, 48);
NO_PADDING(struct assessment, 40);
NO_PADDING(struct death, 36);
NO_PADDING(struct count, 44);
NO_PADDING(struct tally, 28);
NO_PADDING(struct hearing, 40);
NO_PADDING(struct movement, 64);
NO_PADDING(struct member, 28);
NO_PADDING(struct core_head, 8 + 8 + 8 + 32 + 32 + 38 * 4);
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "snapshots are little endian");

/* --- Memory: one table of the arrays, so that size and layout cannot disagree. --- */

enum {
  person_slots_max = 2 * persons_max,
  credential_slots_max = 2 * credentials_max,
  operator_slots_max = 2 * operators_max,
  order_slots_max = 2 * orders_max,
  booking_slots_max = 2 * bookings_max,
  movement_slots_max = 2 * movements_max,
  hearing_slots_max = 2 * hearings_max,
  visit_slots_max = 2 * visits_max,
  assessment_slots_max = 2 * assessments_max,
  count_slots_max = 2 * counts_max,
};

static size_t lay_out(struct core *core, uint8_t *base) {
  size_t at = (sizeof(struct core) + 63) & ~(size_t)63;
#define ARRAY(member, count)                                                                       \
  do {                                                                                             \
    if (core)                                                                                      \
      core->member = (void *)(base + at);                                                          \
    at += ((size_t)(count) * sizeof *core->member + 63) & ~(size_t)63;                             \
  } while (0)
  ARRAY(persons, persons_max);
  ARRAY(credentials, credentials_max);
  ARRAY(extra_grants, extra_grants_max);
  ARRAY(separations, separations_max);
  ARRAY(operators, operators_max);
  ARRAY(custody, persons_max);
  ARRAY(authorities, authorities_max);
  ARRAY(places, places_max);
  ARRAY(bases, bases_max);
  ARRAY(classes, classes_max);
  ARRAY(class_rows, class_rows_max);
  ARRAY(orders, orders_max);
  ARRAY(bookings, bookings_max);
  ARRAY(deaths, deaths_max);
  ARRAY(links, registration_links_max);
  ARRAY(movements, movements_max);
  ARRAY(members, members_max);
  ARRAY(hearings, hearings_max);
  ARRAY(visits, visits_max);
  ARRAY(assessments, assessments_max);
  ARRAY(counts, counts_max);
  ARRAY(tallies, tallies_max);
  ARRAY(alarms, alarms_max);
  ARRAY(areas, areas_max);
  ARRAY(areas_spare, areas_max);
  ARRAY(gates, gates_max);
  ARRAY(gates_spare, gates_max);
  ARRAY(doors, doors_max);
  ARRAY(doors_spare, doors_max);
  ARRAY(readers, readers_max);
  ARRAY(readers_spare, readers_max);
  ARRAY(remap, areas_max);
  ARRAY(person_index.slots, person_slots_max);
  ARRAY(credential_index.slots, credential_slots_max);
  ARRAY(operator_index.slots, operator_slots_max);
  ARRAY(order_index.slots, order_slots_max);
  ARRAY(booking_index.slots, booking_slots_max);
  ARRAY(movement_index.slots, movement_slots_max);
  ARRAY(hearing_index.slots, hearing_slots_max);
  ARRAY(visit_index.slots, visit_slots_max);
  ARRAY(assessment_index.slots, assessment_slots_max);
  ARRAY(count_index.slots, count_slots_max);
  ARRAY(tags.slots, credential_slots_max);
#undef ARRAY
  return at;
}

size_t core_memory_size(void) {
  return lay_out(NULL, NULL);
}

enum { first_slots = 64 };

struct core *core_init(void *mem) {
  SP_ASSERT(((uintptr_t)mem & 63) == 0);
  struct core *core = mem;
  lay_out(core, mem);
  core->head.last_at = core->head.custody_at = USEC_MIN;
  core->head.due_person = core->head.due_order = REF_ABSENT;
  core->person_index.mask = core->credential_index.mask = core->operator_index.mask =
      core->order_index.mask = core->booking_index.mask = core->movement_index.mask =
          core->hearing_index.mask = core->count_index.mask = core->visit_index.mask =
              core->assessment_index.mask = core->tags.mask = first_slots - 1;
  return core;
}

/* --- Index tables --- */

enum { slot_index_bits = 24 };
#define SLOT_INDEX_MASK ((1u << slot_index_bits) - 1)
_Static_assert(credentials_max < (1 << slot_index_bits), "an index fits a slot");

static uint32_t key_hash(const struct id *key) {
  return load_le32(key->b);
}

static uint32_t key_mark(const struct id *key) {
  return (uint32_t)key->b[4] << slot_index_bits;
}

/* In constant time: tags of cards are compared by it too. */
static bool id_equal(const struct id *a, const struct id *b) {
  uint64_t x[2], y[2];
  memcpy(x, a->b, sizeof x);
  memcpy(y, b->b, sizeof y);
  return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static void slot_put(struct index_table *t, const struct id *key, uint32_t index) {
  uint32_t i = key_hash(key) & t->mask;
  while (t->slots[i])
    i = (i + 1) & t->mask;
  t->slots[i] = key_mark(key) | (index + 1);
}

static void tag_put(struct tag_table *t, const struct id *tag, uint32_t credential,
                    uint32_t person) {
  uint32_t i = key_hash(tag) & t->mask;
  while (t->slots[i].credential)
    i = (i + 1) & t->mask;
  t->slots[i] = (struct tag_slot){key_mark(tag) | (credential + 1), person};
}

/* True when `n` entries more than half fill the table; it is then cleared and twice as large, and
 * the caller puts everything in anew. */
static bool table_grows(uint32_t n, uint32_t *mask, void *slots, size_t slot_size) {
  if (n <= (*mask + 1) / 2)
    return false;
  while (n > (*mask + 1) / 2)
    *mask = *mask * 2 + 1;
  memset(slots, 0, ((size_t)*mask + 1) * slot_size);
  return true;
}

/* What is found by its id: where the ids lie, and how many there are. */
struct by_id {
  struct index_table *table;
  const struct id *ids;
  size_t stride;
  uint32_t n;
};

static struct by_id by_id(const struct core *core, enum ref_kind kind) {
  struct core *c = (struct core *)(uintptr_t)core;
#define ROW(index, array, count)                                                                   \
  { &c->index, &c->array->id, sizeof *c->array, c->head.count }
  return kind == REF_PERSON       ? (struct by_id)ROW(person_index, persons, n_persons)
         : kind == REF_CREDENTIAL ? (struct by_id)ROW(credential_index, credentials, n_credentials)
         : kind == REF_OPERATOR   ? (struct by_id)ROW(operator_index, operators, n_operators)
         : kind == REF_ORDER      ? (struct by_id)ROW(order_index, orders, n_orders)
         : kind == REF_BOOKING    ? (struct by_id)ROW(booking_index, bookings, n_bookings)
         : kind == REF_MOVEMENT   ? (struct by_id)ROW(movement_index, movements, n_movements)
         : kind == REF_HEARING    ? (struct by_id)ROW(hearing_index, hearings, n_hearings)
         : kind == REF_VISIT      ? (struct by_id)ROW(visit_index, visits, n_visits)
         : kind == REF_ASSESSMENT ? (struct by_id)ROW(assessment_index, assessments, n_assessments)
         : kind == REF_COUNT      ? (struct by_id)ROW(count_index, counts, n_counts)
                                  : (struct by_id){0};
#undef ROW
}

static const struct id *id_at(const struct by_id *b, uint32_t index) {
  return (const void *)((const uint8_t *)b->ids + index * b->stride);
}

/* Called after the array's count has grown: it includes the new one. */
static void index_tags(struct core *core, uint32_t i) {
  struct tag_table *tags = &core->tags;
  bool all = table_grows(core->head.n_credentials, &tags->mask, tags->slots, sizeof *tags->slots);
  for (uint32_t k = all ? 0 : i; k < core->head.n_credentials; k++)
    tag_put(tags, &core->credentials[k].tag, k, core->credentials[k].person);
}

void core_index_added(struct core *core, enum ref_kind kind, uint32_t index) {
  struct by_id b = by_id(core, kind);
  bool all = table_grows(b.n, &b.table->mask, b.table->slots, sizeof *b.table->slots);
  for (uint32_t k = all ? 0 : index; k < b.n; k++)
    slot_put(b.table, id_at(&b, k), k);
  if (kind == REF_CREDENTIAL)
    index_tags(core, index);
}

void core_index_all(struct core *core) {
  static const enum ref_kind all[] = {REF_PERSON,  REF_CREDENTIAL, REF_OPERATOR, REF_ORDER,
                                      REF_BOOKING, REF_MOVEMENT,   REF_HEARING,  REF_COUNT,
                                      REF_VISIT,   REF_ASSESSMENT};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (by_id(core, all[i]).n)
      core_index_added(core, all[i], 0);
}

static bool find_id(const struct core *core, enum ref_kind kind, const struct id *key,
                    uint32_t *index) {
  struct by_id b = by_id(core, kind);
  for (uint32_t i = key_hash(key) & b.table->mask; b.table->slots[i]; i = (i + 1) & b.table->mask) {
    if ((b.table->slots[i] & ~SLOT_INDEX_MASK) != key_mark(key))
      continue;
    uint32_t at = (b.table->slots[i] & SLOT_INDEX_MASK) - 1;
    if (id_equal(key, id_at(&b, at))) {
      *index = at;
      return true;
    }
  }
  return false;
}

bool core_find_person(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_PERSON, &id, index);
}

bool core_find_credential(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_CREDENTIAL, &id, index);
}

bool core_find_operator(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_OPERATOR, &id, index);
}

bool core_find_order(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_ORDER, &id, index);
}

bool core_find_booking(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_BOOKING, &id, index);
}

bool core_find_hearing(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_HEARING, &id, index);
}

bool core_find_visit(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_VISIT, &id, index);
}

bool core_find_assessment(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_ASSESSMENT, &id, index);
}

bool core_find_count(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_COUNT, &id, index);
}

bool core_find_movement(const struct core *core, struct id id, uint32_t *index) {
  return find_id(core, REF_MOVEMENT, &id, index);
}

void tag_prefetch(const struct core *core, const struct id *tag) {
  __builtin_prefetch(&core->tags.slots[key_hash(tag) & core->tags.mask]);
}

bool core_find_credential_tag(const struct core *core, struct id tag, uint32_t *index) {
  const struct tag_table *t = &core->tags;
  for (uint32_t i = key_hash(&tag) & t->mask; t->slots[i].credential; i = (i + 1) & t->mask) {
    if ((t->slots[i].credential & ~SLOT_INDEX_MASK) != key_mark(&tag))
      continue;
    uint32_t at = (t->slots[i].credential & SLOT_INDEX_MASK) - 1;
    /* Both records are most likely needed: fetch them side by side instead of in turn. */
    __builtin_prefetch(&core->credentials[at]);
    const uint8_t *person = (const uint8_t *)&core->persons[t->slots[i].person];
    __builtin_prefetch(person);
    __builtin_prefetch(person + 64);
    if (id_equal(&tag, &core->credentials[at].tag)) {
      *index = at;
      return true;
    }
  }
  return false;
}

/* --- Short numbers: the index, and a Luhn check digit so that a slip of the tongue is noticed. */

static uint32_t luhn_digit(uint32_t v) {
  uint32_t sum = 0;
  for (bool twice = true; v; v /= 10, twice = !twice) {
    uint32_t d = v % 10 * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return (10 - sum % 10) % 10;
}

uint32_t person_number(uint32_t index) {
  uint32_t v = 1000 + index;
  return v * 10 + luhn_digit(v);
}

bool core_find_person_number(const struct core *core, uint32_t number, uint32_t *index) {
  return number_index(number, core->head.n_persons, index);
}

bool number_index(uint32_t number, uint32_t n, uint32_t *index) {
  uint32_t v = number / 10;
  if (v < 1000 || v - 1000 >= n || luhn_digit(v) != number % 10)
    return false;
  *index = v - 1000;
  return true;
}

/* --- Names --- */

static size_t put_hex_id(const struct id *id, char out[ref_name_max]) {
  hex_encode(out, id->b, sizeof id->b);
  return 2 * sizeof id->b;
}

/* Names that operators gave: the first member of each row. NULL: not of such a kind. */
static const struct slug *given_name(const struct core *core, enum ref_kind kind, uint32_t i,
                                     uint32_t *n) {
  const struct core_head *h = &core->head;
  switch ((int)kind) {
  case REF_AUTHORITY:
    *n = h->n_authorities;
    return &core->authorities[i].name;
  case REF_PLACE:
    *n = h->n_places;
    return &core->places[i].name;
  case REF_BASIS:
    *n = h->n_bases;
    return &core->bases[i].name;
  case REF_CLASS:
    *n = h->n_classes;
    return &core->classes[i].name;
  default:
    return NULL;
  }
}

static size_t put_name(const char *s, char out[ref_name_max]) {
  size_t n = strlen(s);
  memcpy(out, s, n);
  return n;
}

static size_t name_of(void *ctx, enum ref_kind kind, uint32_t index, char out[ref_name_max]) {
  const struct core *core = ctx;
  struct by_id b = by_id(core, kind);
  uint32_t n = 0;
  const struct slug *given = given_name(core, kind, index, &n);
  if (b.table) {
    SP_ASSERT(index < b.n);
    return put_hex_id(id_at(&b, index), out);
  }
  if (given) {
    SP_ASSERT(index < n);
    return put_name(given->s, out);
  }
  if (kind == REF_COUNTRY)
    return put_name(country_codes[index], out);
  SP_ASSERT(core->plan);
  return put_name(plan_name(core->plan, kind, index)->s, out);
}

static bool find_given(const struct core *core, enum ref_kind kind, struct span name,
                       uint32_t *index) {
  uint32_t n = 0;
  given_name(core, kind, 0, &n);
  for (uint32_t i = 0; i < n; i++)
    if (span_is(name, given_name(core, kind, i, &n)->s)) {
      *index = i;
      return true;
    }
  return false;
}

static bool find_country(struct span name, uint32_t *index) {
  for (uint32_t i = 0; country_codes[i]; i++)
    if (span_is(name, country_codes[i])) {
      *index = i;
      return true;
    }
  return false;
}

static bool find_name(void *ctx, enum ref_kind kind, struct span name, uint32_t *index) {
  const struct core *core = ctx;
  struct id id = {{0}};
  uint32_t n;
  if (by_id(core, kind).table)
    return hex_decode(id.b, sizeof id.b, (const char *)name.p, name.n) &&
           find_id(core, kind, &id, index);
  if (kind == REF_COUNTRY)
    return find_country(name, index);
  return given_name(core, kind, 0, &n) ? find_given(core, kind, name, index)
                                       : core->plan && plan_find(core->plan, kind, name, index);
}

struct namer core_namer(const struct core *core) {
  return (struct namer){.ctx = (void *)(uintptr_t)core, .name = name_of, .find = find_name};
}

/* --- Readings --- */

uint64_t core_next_entry(const struct core *core) {
  return core->head.next_entry;
}

usec core_last_at(const struct core *core) {
  return core->head.last_at;
}

const struct plan *core_plan(const struct core *core) {
  return core->plan;
}

enum credential_state credential_state_at(const struct credential *c, usec at) {
  if (c->state == CREDENTIAL_STATE_ISSUED && c->once == ONCE_USED)
    return CREDENTIAL_STATE_USED;
  if (c->state != CREDENTIAL_STATE_ISSUED || valid_at(c->valid_from_s, c->valid_until_s, at))
    return c->state;
  return seconds_of(at) < c->valid_from_s ? CREDENTIAL_STATE_NOT_YET_VALID
                                          : CREDENTIAL_STATE_EXPIRED;
}

const struct grant *person_next_grant(const struct core *core, const struct person *p,
                                      struct grant_cursor *c) {
  if (c->inline_at < p->n_grants)
    return &p->grants[c->inline_at++];
  uint32_t next = c->started ? c->next : p->extra_grants;
  if (!next)
    return NULL;
  c->started = true;
  c->next = core->extra_grants[next - 1].next;
  return &core->extra_grants[next - 1].grant;
}
