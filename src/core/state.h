/* state.h: what one site knows, as arrays that only grow. Anyone who holds the core may read it;
 * only core_apply writes.
 *
 * Invariants:
 *   1. persons, credentials and operators are never removed or moved: an index is for ever.
 *   2. a person is in exactly one area; areas[a].occupancy counts those whose area is a or lies
 *      within a; `reserved` counts permitted passages into it that are not yet taken or lapsed.
 *   3. every struct here that a snapshot holds has no padding (asserted), so that the same journal
 *      gives the same bytes.
 *   4. an index table is derived from its array and is not in the snapshot.
 */
#ifndef SP_CORE_STATE_H
#define SP_CORE_STATE_H

#include "core/assessment.h"
#include "core/core.h"
#include "core/count.h"
#include "core/custody.h"
#include "core/deadline.h"
#include "core/movement.h"

/* Dates of validity are whole seconds since 1970 in 32 bits (to 2106): from 0 = always, until
 * UINT32_MAX = no end; the instant is in force while from <= t < until. */
struct grant {
  uint16_t level;
  uint16_t unused;
  uint32_t from_s, until_s;
};

struct extra_grant { /* a chain; free ones are chained too */
  struct grant grant;
  uint32_t next; /* index + 1, 0 = end */
};

enum { grants_inline = 3 };
enum person_state {
  PERSON_PRESENT,
  PERSON_STATE_SUSPENDED,
  PERSON_STATE_DEPARTED,
  PERSON_STATE_MERGED
};
extern const char *const person_state_names[];

struct person {
  struct id id;
  struct id pin, duress; /* tags */
  uint32_t valid_from_s, valid_until_s;
  uint32_t pin_locked_until_s;
  uint32_t entered_s;    /* when the area last changed by a passage */
  uint32_t merged_into;  /* person, REF_ABSENT */
  uint32_t separations;  /* head of the chain: index + 1 */
  uint32_t extra_grants; /* head of the chain: index + 1 */
  uint16_t area;
  uint8_t kind, state;
  uint8_t state_before_merge, pin_failures, n_grants, unused;
  uint32_t unused2;
  struct grant grants[grants_inline];
  uint32_t unused3;
};

/* How far a one-time pass is used; see once.h. */
enum once { ONCE_NOT /* it is none */, ONCE_UNUSED, ONCE_IN, ONCE_USED };
extern const char *const once_names[];

struct credential {
  struct id tag, id;
  uint32_t person;
  uint32_t valid_from_s, valid_until_s;
  uint16_t format;
  uint8_t state;          /* enum credential_state, never EXPIRED, NOT_YET_VALID or USED */
  uint8_t once;           /* enum once */
  uint32_t compromised_s; /* from when on; UINT32_MAX: not */
};

struct separation { /* kept for both directions: two rows a pair */
  uint32_t other;   /* person */
  uint32_t next;    /* index + 1 */
};

struct operator_record {
  struct id id;
  uint32_t role;
  uint32_t disabled;
  uint32_t compromised_s; /* from when on; UINT32_MAX: not */
};

enum party_status { PARTY_WAITING, PARTY_GRANTED, PARTY_THROUGH };
struct party_member {
  usec at;
  uint64_t granted; /* entry that granted it */
  uint32_t person, credential;
  uint16_t reader, from; /* from: the person's area when granted, for the reservation */
  uint16_t to;
  uint8_t direction, status;
};

struct door_state {
  usec relock_at;    /* while unlocked */
  usec opened_at;    /* while open */
  usec rex_until;    /* an opening before this is no alarm */
  uint64_t unlock_n; /* entry that released it last */
  uint8_t open, unlocked, held, lock_failed;
  uint32_t n_party;
  struct party_member party[party_max];
};

struct area_state {
  uint32_t occupancy, reserved, leaving;
  uint8_t lockdown, first_in;
  uint16_t unused;
};
struct gate_state {
  uint32_t closed;
};
struct reader_state {
  uint8_t offline, tampered, insecure, unpowered;
  uint32_t unused;
  uint64_t rekey_n; /* entry that ordered another key; 0: none that it has not got */
};

struct alarm {
  uint64_t n;    /* entry */
  uint32_t type; /* enum event_type */
  uint32_t unused;
};

struct core_head {
  uint64_t next_entry;
  usec last_at;
  usec custody_at; /* of the last entry about custody */
  struct hash plan_hash;
  struct hash vkey;
  uint32_t n_persons, n_credentials, n_operators, n_separations, n_extra_grants, n_alarms;
  uint32_t free_grant, free_separation; /* heads of the free chains: index + 1 */
  uint32_t threat;
  uint32_t n_authorities, n_places, n_bases, n_classes, n_class_rows, n_orders, n_bookings, n_links;
  uint32_t n_movements, n_members, n_hearings, n_deaths;
  uint32_t n_counts, n_tallies, n_visits, n_assessments;
  uint32_t due_person, due_order; /* whose deadline is the next; REF_ABSENT: none runs */
  uint32_t free_link;             /* head of the free chain: index + 1 */
  uint32_t n_areas, n_gates, n_doors, n_readers; /* of the plan in force */
  uint32_t site_created;
  uint32_t alarms_lost; /* raised while alarms_max were open; they are in the journal */
  uint32_t lockdowns;   /* areas locked down, each by its own command */
  uint32_t sealed;      /* something was done after `init`, which may not come again */
  uint32_t frozen;      /* counts while which nobody is moved */
};

/* Open addressing, linear probing; a key's first bytes are random already, so they are its hash.
 * At most half full: made anew from its array when it must grow, within memory reserved at start.
 * A slot is index + 1 in the low 24 bits and 8 more bits of the key above them. */
struct index_table {
  uint32_t *slots;
  uint32_t mask;
};
/* The card table also tells the person, so that both records are fetched at the same time. */
struct tag_slot {
  uint32_t credential; /* as above */
  uint32_t person;
};
struct tag_table {
  struct tag_slot *slots;
  uint32_t mask;
};

struct core {
  struct core_head head;
  const struct plan *plan;
  struct person *persons;
  struct credential *credentials;
  struct extra_grant *extra_grants;
  struct separation *separations;
  struct operator_record *operators;
  struct custody *custody; /* one beside each person */
  struct authority *authorities;
  struct place *places;
  struct basis *bases;
  struct class *classes;
  struct class_row *class_rows;
  struct order *orders;
  struct booking *bookings;
  struct death *deaths;
  struct link *links;
  struct movement *movements;
  struct member *members;
  struct hearing *hearings;
  struct visit *visits;
  struct assessment *assessments;
  struct count *counts;
  struct tally *tallies;
  struct alarm *alarms;
  struct area_state *areas, *areas_spare; /* a spare to build the next plan's in */
  struct gate_state *gates, *gates_spare;
  struct door_state *doors, *doors_spare;
  struct reader_state *readers, *readers_spare;
  struct index_table person_index, credential_index, operator_index, order_index, booking_index,
      movement_index, hearing_index, count_index, visit_index, assessment_index;
  struct tag_table tags;
  uint16_t *remap; /* scratch of plan.applied, areas_max entries */
};

/* Never UINT32_MAX: what has no end lasts for ever. */
static inline uint32_t seconds_of(usec at) {
  return at <= 0                               ? 0
         : at >= (usec)UINT32_MAX * USEC_PER_S ? UINT32_MAX - 1
                                               : (uint32_t)(at / USEC_PER_S);
}
static inline bool valid_at(uint32_t from_s, uint32_t until_s, usec at) {
  uint32_t s = seconds_of(at);
  return from_s <= s && s < until_s;
}

/* The credential's state at this instant, its dates included. */
enum credential_state credential_state_at(const struct credential *c, usec at);
/* Closed and locked, as far as is known at this instant. */
bool door_secured(const struct core *core, uint32_t door, usec at);
/* The short number of the person at this index, and its index back; see person_number in state.c.
 */
uint32_t person_number(uint32_t index);
/* Of orders and bookings likewise: back to the index, among n of them. */
bool number_index(uint32_t number, uint32_t n, uint32_t *index);

/* The person's grants, one after the other: start with a zeroed cursor; NULL at the end. */
struct grant_cursor {
  uint32_t inline_at, next;
  bool started;
};
const struct grant *person_next_grant(const struct core *core, const struct person *p,
                                      struct grant_cursor *c);

/* For core's own files. */
/* The array of this kind (person, credential, operator) has grown by the one at index. */
void core_index_added(struct core *core, enum ref_kind kind, uint32_t index);
void core_index_all(struct core *core); /* after a load */
/* Starts fetching what core_find_credential_tag will need. */
void tag_prefetch(const struct core *core, const struct id *tag);

#endif
