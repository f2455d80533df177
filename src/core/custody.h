/* custody.h: what holds and moves people, or forbids it: authorities, places, legal bases, classes,
 * orders, bookings. docs/custody.md tells the rules; here is what is known, and how it is asked.
 *
 * Invariants:
 *   1. nothing here is ever removed: what ends is said by a later row or a mark;
 *   2. whether an order is in force is never stored: it is a function of the rows and the instant;
 *   3. an order that ends another was recorded after it, so asking who ends whom comes to an end.
 */
#ifndef SP_CORE_CUSTODY_H
#define SP_CORE_CUSTODY_H

#include "core/event.h"

struct core;

/* X(NAME, "text", what it does, subjects it may have, "doc") */
#define ORDER_KIND_LIST(X)                                                                         \
  X(COMMITMENT, "commitment", HOLDS, ON_PERSON, "commits a person to custody")                     \
  X(REMAND, "remand", HOLDS, ON_PERSON, "holds until trial")                                       \
  X(SENTENCE, "sentence", HOLDS, ON_PERSON, "holds to serve a sentence")                           \
  X(DETENTION_WARRANT, "detention_warrant", HOLDS, ON_PERSON, "holds on another ground")           \
  X(TRANSFER, "transfer", MOVES, ON_PERSON, "moves to another place of custody")                   \
  X(PRODUCTION, "production", MOVES, ON_PERSON, "brings before a court, and back")                 \
  X(REMOVAL, "removal", MOVES, ON_PERSON, "removes to another country")                            \
  X(MEDICAL, "medical", MOVES, ON_PERSON, "brings to a hospital, and back")                        \
  X(RELEASE, "release", MOVES, ON_PERSON, "sets free")                                             \
  X(STAY, "stay", FORBIDS, ON_PERSON | ON_CLASS, "forbids movements")                              \
  X(INJUNCTION, "injunction", FORBIDS, ON_PERSON | ON_CLASS | ON_BASIS,                            \
    "forbids movements of a person or class, or suspends a legal basis")                           \
  X(WITHHOLDING, "withholding", FORBIDS, ON_PERSON, "bars movements to the countries it names")    \
  X(DEFERRAL, "deferral", FORBIDS, ON_PERSON, "likewise, under the Convention against Torture")    \
  X(NO_TRANSFER, "no_transfer", FORBIDS, ON_PERSON | ON_CLASS, "forbids to take them elsewhere")   \
  X(KEEP_SEPARATE, "keep_separate", FORBIDS, ON_PERSON, "keeps two persons apart")                 \
  X(VACATUR, "vacatur", ENDS, 0, "ends another order")                                             \
  X(DETAINER, "detainer", INFORMS, ON_PERSON, "asks to hold; authorises nothing")                  \
  X(NOTIFICATION, "notification", INFORMS, ON_PERSON, "asks to be told")

enum order_kind {
#define X(NAME, text, does, subjects, doc) ORDER_##NAME,
  ORDER_KIND_LIST(X)
#undef X
      ORDER_KIND_COUNT
};
enum order_does { ORDER_HOLDS, ORDER_MOVES, ORDER_FORBIDS, ORDER_ENDS, ORDER_INFORMS };
enum { ON_PERSON = 1, ON_CLASS = 2, ON_BASIS = 4 };
extern const char *const order_kind_names[];
enum order_does order_does(enum order_kind kind);
unsigned order_subjects(enum order_kind kind); /* bits ON_… */
const char *order_kind_doc(enum order_kind kind);

/* Kinds of movement; an order that forbids may name some, and else forbids all but `release` and
 * `internal`, so that a stay of removal keeps nobody in custody. */
enum movement_kind {
  MOVEMENT_TRANSFER,
  MOVEMENT_PRODUCTION,
  MOVEMENT_REMOVAL,
  MOVEMENT_MEDICAL,
  MOVEMENT_RELEASE,
  MOVEMENT_INTERNAL,
  MOVEMENT_KIND_COUNT
};
extern const char *const movement_kind_names[];

enum membership { MEMBERSHIP_NON_MEMBER, MEMBERSHIP_UNCERTAIN, MEMBERSHIP_MEMBER };
extern const char *const membership_names[];

/* What is said of a person and keeps them from being moved until it is resolved. */
enum person_mark { MARK_MINOR, MARK_AGE_DISPUTED, MARK_UNFIT, MARK_STATUS_CLAIM, MARK_COUNT };
extern const char *const mark_names[];

/* How an order is at an instant; the first that is so. */
enum order_status {
  ORDER_STATUS_REFUTED,         /* its issuer says it is not theirs */
  ORDER_STATUS_RECALLED,        /* its issuer withdrew it */
  ORDER_STATUS_ENDED,           /* by a later order that is in force */
  ORDER_STATUS_UNAUTHENTICATED, /* and does more than forbid: nobody may rest on it yet */
  ORDER_STATUS_NOT_YET,
  ORDER_STATUS_EXPIRED,
  ORDER_STATUS_BASIS_SUSPENDED, /* of the basis that it rests on */
  ORDER_STATUS_BASIS_REPEALED,
  ORDER_STATUS_BASIS_NOT_IN_FORCE, /* by its dates */
  ORDER_STATUS_IN_FORCE,
};
extern const char *const order_status_names[];

/* --- What is known. Dates are as in state.h: seconds, from 0 = always, until UINT32_MAX. --- */

struct authority { /* a court, an agency, a state: who issues orders */
  struct slug name;
  uint32_t above; /* authority, REF_ABSENT */
};
struct place {
  struct slug name;
  uint32_t country; /* index of country_codes */
};
struct basis { /* a statute, or an agreement under which persons are received elsewhere */
  struct slug name;
  uint64_t committed, paid; /* of an agreement: minor units of its currency */
  char currency[4];         /* ended by 0; empty: nothing was committed yet */
  uint32_t unused;
  uint32_t from_s, until_s;
  uint32_t repealed_s;     /* UINT32_MAX: not */
  uint32_t country, place; /* of an agreement: REF_ABSENT where it does not say */
  uint32_t places, used;   /* of an agreement; 0 places = not limited */
  uint32_t agreement;      /* 0, 1 */
  uint32_t orders_on;      /* orders about this basis: head of the chain, index + 1 */
  uint32_t replaces;       /* the version before it: an earlier row, REF_ABSENT */
};
struct class {
  struct slug name;
  uint32_t unlisted;  /* enum membership of whom it does not list */
  uint32_t orders_on; /* head of the chain, index + 1 */
};
struct class_row { /* of one person, in a chain */
  uint32_t class, membership;
  uint32_t next; /* index + 1 */
};
enum { order_countries_max = 8 };
struct order {
  struct id id;
  uint32_t person, other, class, on_basis; /* REF_ABSENT; other: of keep_separate */
  uint32_t issuer, basis;                  /* basis: what it rests on, REF_ABSENT */
  uint32_t from, to;                       /* places, REF_ABSENT */
  uint32_t ends;                           /* order, REF_ABSENT */
  uint32_t enders;                         /* those that end this one: head, index + 1 */
  uint32_t next_ender;                     /* in the chain of `ends` */
  uint32_t next;                           /* in the chain of its subject: index + 1 */
  uint32_t recorder, authenticator;        /* operators; REF_ABSENT */
  uint32_t from_s, until_s, due_s;         /* due: when it must have been done; UINT32_MAX */
  uint32_t movements;                      /* bits; what it forbids or authorises */
  uint16_t countries[order_countries_max]; /* index of country_codes + 1; 0 = none more */
  uint8_t kind, n_countries;
  uint8_t oral, written, sealed;
  uint8_t recalled, refuted;
  uint8_t depth; /* how many orders this one ends, one through the other */
  uint32_t recorded_s;
  uint32_t told;      /* bits (1 << enum deadline) that were alarms already */
  uint32_t blocked_s; /* of a release: since when it is refused all the same; UINT32_MAX */
};
enum { order_depth_max = 32 };
struct booking { /* one stay */
  struct id id;
  uint32_t person, order;      /* order: the one it was opened on */
  uint32_t opened_s, closed_s; /* UINT32_MAX: open */
  uint32_t held_since_s; /* opened, or the last order about them that holds was authenticated */
  uint32_t told;         /* 1: that nothing holds them any more was an alarm */
  uint32_t recorded;     /* fields of the register that some entry answers; bits */
  uint32_t outstanding;  /* those whose last answer is "unknown" or "declined" */
};
struct death {                 /* of one person; recorded in error: retracted */
  uint32_t person, recorder;   /* recorder: operator */
  uint32_t booking;            /* open when it was recorded: index + 1 */
  uint32_t at_s, recorded_s;   /* at: when they died */
  uint32_t cause_s, remains_s; /* when each was recorded; UINT32_MAX: not yet */
  uint32_t told;               /* 1: that one of the two is missing was an alarm */
  uint16_t
      area;     /* where they were when the remains were handed over; NONE16: outside, or not yet */
  uint8_t away; /* and 1: they were under way */
  uint8_t retracted;
};
struct link { /* two registrations that may be one human, or are: a row for each of the two */
  uint32_t other, next;
  uint32_t merged; /* 1: by person.merge; else a candidate */
};
enum hearing_state { HEARING_SET, HEARING_HELD, HEARING_ADJOURNED, HEARING_CANCELLED };
extern const char *const hearing_state_names[], *const hearing_outcome_list[];
struct hearing {
  struct id id;
  uint32_t person, authority;
  uint32_t at_s;
  uint32_t next; /* of the person: index + 1 */
  uint32_t state;
  uint32_t told; /* 1: that it was missed was an alarm */
};
struct visit { /* somebody is expected */
  struct id id;
  uint32_t person, host, about; /* persons; host, about: REF_ABSENT */
  uint32_t from_s, until_s;
  uint32_t next; /* of the person: index + 1 */
  uint32_t closed;
  uint32_t told; /* 1: that it was over, and they inside, was an alarm */
};
/* Beside each person: apart from `struct person`, since a passage of staff needs none of it. */
struct custody {
  uint32_t orders, classes, links; /* heads: index + 1 */
  uint32_t booking;                /* the last one: index + 1 */
  uint32_t marks;                  /* bits */
  uint32_t member;                 /* the last row of a manifest: index + 1 */
  uint32_t hearings;               /* head: index + 1 */
  uint32_t visits;                 /* head: index + 1 */
  uint32_t assessments;            /* head: index + 1 */
  uint32_t death;                  /* the last one recorded: index + 1 */
  uint32_t due_s;                  /* when the next deadline passes; UINT32_MAX: none runs */
};

/* The events of custody that change something: each has its apply_… here and its check_… in
 * engine/fold_custody.c. */
#define CUSTODY_EVENTS(X)                                                                          \
  X(VISIT_OPENED, visit_opened)                                                                    \
  X(VISIT_CLOSED, visit_closed)                                                                    \
  X(AUTHORITY_ADDED, authority_added)                                                              \
  X(PLACE_ADDED, place_added)                                                                      \
  X(BASIS_ADDED, basis_added)                                                                      \
  X(BASIS_REPEALED, basis_repealed)                                                                \
  X(AGREEMENT_COMMITTED, agreement_committed)                                                      \
  X(AGREEMENT_PAID, agreement_paid)                                                                \
  X(CLASS_ADDED, class_added)                                                                      \
  X(CLASS_ASSIGNED, class_assigned)                                                                \
  X(ORDER_RECORDED, order_recorded)                                                                \
  X(ORDER_AUTHENTICATED, order_authenticated)                                                      \
  X(ORDER_WRITTEN, order_written)                                                                  \
  X(ORDER_RECALLED, order_recalled)                                                                \
  X(ORDER_REFUTED, order_refuted)                                                                  \
  X(ORDER_CONFLICTS, order_conflicts)                                                              \
  X(ASSESSMENT_RECORDED, assessment_recorded)                                                      \
  X(ASSESSMENT_CONTESTED, assessment_contested)                                                    \
  X(ASSESSMENT_REVIEWED, assessment_reviewed)                                                      \
  X(BOOKING_OPENED, booking_opened)                                                                \
  X(BOOKING_SUPPLEMENTED, booking_supplemented)                                                    \
  X(DEATH_RECORDED, death_recorded)                                                                \
  X(DEATH_CAUSE_FOUND, death_cause_found)                                                          \
  X(DEATH_REMAINS_HANDED_OVER, death_remains_handed_over)                                          \
  X(DEATH_RETRACTED, death_retracted)                                                              \
  X(MARK_SET, mark_set)                                                                            \
  X(MARK_CLEARED, mark_cleared)                                                                    \
  X(LINK_RECORDED, link_recorded)                                                                  \
  X(LINK_DISMISSED, link_dismissed)                                                                \
  X(MOVEMENT_PROPOSED, movement_proposed)                                                          \
  X(MOVEMENT_AUTHORISED, movement_authorised)                                                      \
  X(MOVEMENT_CANCELLED, movement_cancelled)                                                        \
  X(MANIFEST_ADDED, manifest_added)                                                                \
  X(MANIFEST_CITED, manifest_cited)                                                                \
  X(MANIFEST_PROMOTED, manifest_promoted)                                                          \
  X(MANIFEST_REMOVED, manifest_removed)                                                            \
  X(IDENTITY_CONFIRMED, identity_confirmed)                                                        \
  X(MOVEMENT_BOARDED, movement_boarded)                                                            \
  X(MOVEMENT_DISEMBARKED, movement_disembarked)                                                    \
  X(MOVEMENT_DEPARTED, movement_departed)                                                          \
  X(MOVEMENT_DIVERTED, movement_diverted)                                                          \
  X(MOVEMENT_ARRIVED, movement_arrived)                                                            \
  X(MOVEMENT_HANDED_OVER, movement_handed_over)                                                    \
  X(REFUSAL_ESCALATED, refusal_escalated)                                                          \
  X(HEARING_SET, hearing_set)                                                                      \
  X(HEARING_CLOSED, hearing_closed)                                                                \
  X(RECALL_RAISED, recall_raised)                                                                  \
  X(RECALL_ANSWERED, recall_answered)                                                              \
  X(COUNT_BEGUN, count_begun)                                                                      \
  X(COUNT_TALLIED, count_tallied)                                                                  \
  X(COUNT_CLOSED, count_closed)                                                                    \
  X(DEADLINE_PASSED, deadline_passed)

/* --- Asking --- */

/* Two lower-case letters of ISO 3166-1, ended by NULL. */
extern const char *const country_codes[];

/* How many versions of a law there are up to this one, itself included; 0 of REF_ABSENT. */
uint32_t basis_versions(const struct core *core, uint32_t basis);
/* Of a legal basis: are its funds what they can be? */
bool funds_fit(const struct basis *b);
/* Of a legal basis: in force, or one of ORDER_STATUS_BASIS_…. */
enum order_status basis_status_at(const struct core *core, uint32_t basis, usec at);

enum order_status order_status_at(const struct core *core, uint32_t order, usec at);
/* The same if this other order (REF_ABSENT: none) were authenticated. */
enum order_status order_status_as_if(const struct core *core, uint32_t order, usec at,
                                     uint32_t as_if);

/* The registrations that bind this one: itself and those linked to it, directly or through others.
 */
enum { linked_max = 16 };
struct linked {
  uint32_t n;
  uint32_t persons[linked_max];
};
void linked_of(const struct core *core, uint32_t person, struct linked *l);

/* Is there room to link the two, and would what hangs together then be few enough? */
bool links_fit(const struct core *core, uint32_t a, uint32_t b);
/* Linked to each other as candidates, not by a merge? */
bool linked_directly(const struct core *core, uint32_t a, uint32_t b);
bool is_booked(const struct core *core, uint32_t person);
/* May others have acted as this operator? */
bool is_compromised(const struct core *core, uint32_t operator_index);

/* Of a person who has died; NULL: they live, as far as is known. Resolved: the cause and the
 * remains are both recorded, and their booking is closed. */
const struct death *death_of(const struct core *core, uint32_t person);
bool death_is_resolved(const struct death *d);

/* The one code that tells why an order of this status is no ground, and what it rests on. */
void order_status_reason(const struct core *core, uint32_t order, enum order_status status, usec at,
                         struct reasons *found);

/* Does an order hold this person at this instant? True with *order; else the reasons of those that
 * would, the newest first, up to a few. */
bool held_at(const struct core *core, uint32_t person, usec at, uint32_t *order,
             struct reasons *why_not);

bool core_find_order(const struct core *core, struct id id, uint32_t *index);
bool core_find_booking(const struct core *core, struct id id, uint32_t *index);
bool core_find_visit(const struct core *core, struct id id, uint32_t *index);
/* The visit of theirs that is on at this instant, and somebody receives them; REF_ABSENT: none. */
uint32_t visit_at(const struct core *core, uint32_t person, usec at);
bool core_find_hearing(const struct core *core, struct id id, uint32_t *index);

#endif
