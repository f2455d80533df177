/* event.h: what became true. An event is the `data` of one journal entry; applying it is the only
 * way that state changes. One struct a shape, one row of event_records a type. */
#ifndef SP_CORE_EVENT_H
#define SP_CORE_EVENT_H

#include "core/command.h"

/* X(NAME, member of the union, "type in JSON", flags) */
#define EVENT_LIST(X)                                                                              \
  X(SITE_CREATED, site_created, "site.created", 0)                                                 \
  X(PLAN_APPLIED, plan_applied, "plan.applied", 0)                                                 \
  X(OPERATOR_ADDED, operator_added, "operator.added", 0)                                           \
  X(OPERATOR_DISABLED, operator_ref, "operator.disabled", 0)                                       \
  X(OPERATOR_COMPROMISED, operator_compromised, "operator.compromised", EVENT_ALARM)               \
  X(PERSON_ADDED, person_added, "person.added", 0)                                                 \
  X(PERSON_SUSPENDED, person_ref, "person.suspended", 0)                                           \
  X(PERSON_REINSTATED, person_ref, "person.reinstated", 0)                                         \
  X(PERSON_DEPARTED, person_ref, "person.departed", 0)                                             \
  X(PERSON_MERGED, person_merged, "person.merged", 0)                                              \
  X(PERSON_UNMERGED, person_ref, "person.unmerged", 0)                                             \
  X(PERSON_LOCATED, person_located, "person.located", 0)                                           \
  X(PERSON_IDENTIFIED, person_ref, "person.identified", 0)                                         \
  X(CANDIDATES_UNLINKED, candidates_unlinked, "candidates.unlinked", EVENT_ALARM)                  \
  X(VISIT_OPENED, visit_opened, "visit.opened", 0)                                                 \
  X(VISIT_CLOSED, visit_ref, "visit.closed", 0)                                                    \
  X(PERSON_PHOTOGRAPHED, person_ref, "person.photographed", 0)                                     \
  X(CREDENTIAL_ISSUED, credential_issued, "credential.issued", 0)                                  \
  X(CREDENTIAL_SUSPENDED, credential_ref, "credential.suspended", 0)                               \
  X(CREDENTIAL_REINSTATED, credential_ref, "credential.reinstated", 0)                             \
  X(CREDENTIAL_LOST, credential_ref, "credential.lost", 0)                                         \
  X(CREDENTIAL_REVOKED, credential_ref, "credential.revoked", 0)                                   \
  X(CREDENTIAL_COMPROMISED, credential_compromised, "credential.compromised", EVENT_ALARM)         \
  X(PIN_SET, pin_set, "pin.set", 0)                                                                \
  X(PIN_LOCKED, pin_locked, "pin.locked", EVENT_ALARM)                                             \
  X(LEVEL_GRANTED, level_granted, "level.granted", 0)                                              \
  X(LEVEL_REVOKED, level_revoked, "level.revoked", 0)                                              \
  X(SEPARATION_ADDED, separation, "separation.added", 0)                                           \
  X(SEPARATION_LIFTED, separation, "separation.lifted", 0)                                         \
  X(AUTHORITY_ADDED, authority_added, "authority.added", 0)                                        \
  X(PLACE_ADDED, place_added, "place.added", 0)                                                    \
  X(BASIS_ADDED, basis_added, "basis.added", 0)                                                    \
  X(BASIS_REPEALED, basis_ref, "basis.repealed", 0)                                                \
  X(AGREEMENT_COMMITTED, funds, "agreement.committed", 0)                                          \
  X(AGREEMENT_PAID, funds, "agreement.paid", 0)                                                    \
  X(CLASS_ADDED, class_added, "class.added", 0)                                                    \
  X(CLASS_ASSIGNED, class_assigned, "class.assigned", 0)                                           \
  X(ORDER_RECORDED, order_recorded, "order.recorded", 0)                                           \
  X(ORDER_AUTHENTICATED, order_authenticated, "order.authenticated", 0)                            \
  X(ORDER_WRITTEN, order_written, "order.written", 0)                                              \
  X(ORDER_DIFFERS, order_written, "order.differs", EVENT_ALARM)                                    \
  X(ORDER_RECALLED, order_ref, "order.recalled", 0)                                                \
  X(ORDER_REFUTED, order_ref, "order.refuted", EVENT_ALARM)                                        \
  X(ORDER_CONFLICTS, order_conflicts, "order.conflicts", EVENT_ALARM)                              \
  X(ASSESSMENT_RECORDED, assessment_recorded, "assessment.recorded", 0)                            \
  X(ASSESSMENT_CONTESTED, assessment_ref, "assessment.contested", 0)                               \
  X(ASSESSMENT_REVIEWED, assessment_reviewed, "assessment.reviewed", 0)                            \
  X(BOOKING_OPENED, booking_opened, "booking.opened", 0)                                           \
  X(BOOKING_REFUSED, booking_refused, "booking.refused", 0)                                        \
  X(BOOKING_SUPPLEMENTED, booking_supplemented, "booking.supplemented", 0)                         \
  X(DEATH_RECORDED, death_recorded, "death.recorded", EVENT_ALARM)                                 \
  X(DEATH_CAUSE_FOUND, death_cause_found, "death.cause_found", 0)                                  \
  X(DEATH_REMAINS_HANDED_OVER, death_remains_handed_over, "death.remains_handed_over", 0)          \
  X(DEATH_RETRACTED, person_ref, "death.retracted", EVENT_ALARM)                                   \
  X(MARK_SET, mark, "mark.set", 0)                                                                 \
  X(MARK_CLEARED, mark, "mark.cleared", 0)                                                         \
  X(LINK_RECORDED, link, "link.recorded", 0)                                                       \
  X(LINK_DISMISSED, link, "link.dismissed", 0)                                                     \
  X(MOVEMENT_PROPOSED, movement_proposed, "movement.proposed", 0)                                  \
  X(MOVEMENT_AUTHORISED, movement_authorised, "movement.authorised", 0)                            \
  X(MOVEMENT_CANCELLED, movement_ref, "movement.cancelled", 0)                                     \
  X(MANIFEST_ADDED, manifest_added, "manifest.added", 0)                                           \
  X(MANIFEST_CITED, manifest_cited, "manifest.cited", 0)                                           \
  X(MANIFEST_PROMOTED, member_permitted, "manifest.promoted", 0)                                   \
  X(MANIFEST_REMOVED, member_ref, "manifest.removed", 0)                                           \
  X(IDENTITY_CONFIRMED, identity_confirmed, "identity.confirmed", 0)                               \
  X(MOVEMENT_BOARDED, member_permitted, "movement.boarded", 0)                                     \
  X(MOVEMENT_DISEMBARKED, member_ref, "movement.disembarked", 0)                                   \
  X(MOVEMENT_DEPARTED, movement_departed, "movement.departed", 0)                                  \
  X(MOVEMENT_DIVERTED, movement_diverted, "movement.diverted", 0)                                  \
  X(MOVEMENT_ARRIVED, movement_ref, "movement.arrived", 0)                                         \
  X(MOVEMENT_HANDED_OVER, movement_handed_over, "movement.handed_over", 0)                         \
  X(MOVEMENT_REFUSED, movement_refused, "movement.refused", 0)                                     \
  X(REFUSAL_ESCALATED, refusal_escalated, "refusal.escalated", EVENT_ALARM)                        \
  X(NOTICE_OWED, notice_owed, "notice.owed", EVENT_ALARM)                                          \
  X(HEARING_SET, hearing_set, "hearing.set", 0)                                                    \
  X(HEARING_CLOSED, hearing_closed, "hearing.closed", 0)                                           \
  X(RECALL_RAISED, recall_raised, "recall.raised", EVENT_ALARM)                                    \
  X(RECALL_ANSWERED, recall_answered, "recall.answered", 0)                                        \
  X(COUNT_BEGUN, count_begun, "count.begun", 0)                                                    \
  X(COUNT_TALLIED, count_tallied, "count.tallied", 0)                                              \
  X(COUNT_DIFFERS, count_tallied, "count.differs", EVENT_ALARM)                                    \
  X(COUNT_CLOSED, count_closed, "count.closed", 0)                                                 \
  X(DEADLINE_PASSED, deadline_passed, "deadline.passed", EVENT_ALARM)                              \
  X(LOCKDOWN_STARTED, area_ref, "lockdown.started", 0)                                             \
  X(LOCKDOWN_RELEASED, area_ref, "lockdown.released", 0)                                           \
  X(THREAT_CHANGED, threat_changed, "threat.changed", 0)                                           \
  X(GATE_CLOSED, gate_ref, "gate.closed", 0)                                                       \
  X(GATE_OPENED, gate_ref, "gate.opened", 0)                                                       \
  X(PASSAGE_GRANTED, passage_granted, "passage.granted", 0)                                        \
  X(PASSAGE_REFUSED, passage_refused, "passage.refused", 0)                                        \
  X(PASSAGE_TAKEN, passage_ended, "passage.taken", 0)                                              \
  X(PASSAGE_NOT_TAKEN, passage_ended, "passage.not_taken", 0)                                      \
  X(PASSAGE_REPORTED_LATE, reported_late, "passage.reported_late", 0)                              \
  X(DOOR_OPENED, door_opened, "door.opened", 0)                                                    \
  X(DOOR_CLOSED, door_closed, "door.closed", 0)                                                    \
  X(DOOR_LOCKED, door_ref, "door.locked", 0)                                                       \
  X(DOOR_EXIT_REQUESTED, door_ref, "door.exit_requested", 0)                                       \
  X(DOOR_FORCED, door_ref, "door.forced", EVENT_ALARM)                                             \
  X(DOOR_HELD, door_ref, "door.held", EVENT_ALARM)                                                 \
  X(DOOR_LOCK_FAILED, door_ref, "door.lock_failed", EVENT_ALARM)                                   \
  X(DOOR_REPORTED_LATE, reported_late, "door.reported_late", 0)                                    \
  X(DURESS_RAISED, duress_raised, "duress.raised", EVENT_ALARM | EVENT_SILENT)                     \
  X(READER_ONLINE, reader_ref, "reader.online", 0)                                                 \
  X(READER_OFFLINE, reader_ref, "reader.offline", EVENT_ALARM)                                     \
  X(READER_TAMPERED, reader_ref, "reader.tampered", EVENT_ALARM)                                   \
  X(READER_RESTORED, reader_ref, "reader.restored", 0)                                             \
  X(READER_INSECURE, reader_ref, "reader.insecure", EVENT_ALARM)                                   \
  X(READER_SECURE, reader_ref, "reader.secure", 0)                                                 \
  X(READER_POWER_FAILED, reader_ref, "reader.power_failed", EVENT_ALARM)                           \
  X(READER_POWER_RESTORED, reader_ref, "reader.power_restored", 0)                                 \
  X(READER_REKEY_ORDERED, reader_ref, "reader.rekey_ordered", 0)                                   \
  X(READER_REKEYED, reader_ref, "reader.rekeyed", 0)                                               \
  X(ALARM_ACKNOWLEDGED, alarm_acknowledged, "alarm.acknowledged", 0)                               \
  X(DETAILS_READ, details_read, "details.read", 0)                                                 \
  X(DETAILS_ERASED, details_erased, "details.erased", 0)                                           \
  X(CLOCK_STEPPED, clock_stepped, "clock.stepped", 0)                                              \
  X(SNAPSHOT_TAKEN, snapshot_taken, "snapshot.taken", 0)                                           \
  X(COMMAND_REFUSED, command_refused, "command.refused", 0)

enum event_flags {
  EVENT_ALARM = 1,  /* stays open until an operator acknowledges it */
  EVENT_SILENT = 2, /* shown to the control room only, never at the door */
};

enum event_type {
#define X(NAME, member, type, flags) EVENT_##NAME,
  EVENT_LIST(X)
#undef X
      EVENT_COUNT
};

/* Why a door was opened. */
enum opening { OPENING_PASSAGE, OPENING_REX, OPENING_EGRESS, OPENING_FORCED };
extern const char *const opening_names[];

enum credential_state {
  CREDENTIAL_STATE_ISSUED,
  CREDENTIAL_STATE_SUSPENDED,
  CREDENTIAL_STATE_LOST,
  CREDENTIAL_STATE_REVOKED,
  CREDENTIAL_STATE_EXPIRED,       /* by its dates; never stored */
  CREDENTIAL_STATE_NOT_YET_VALID, /* likewise */
  CREDENTIAL_STATE_USED,          /* a one-time pass, by its passages; likewise */
};
extern const char *const credential_state_names[];

struct ev_site_created {
  struct hash vkey;
};
struct ev_plan_applied {
  struct hash compiled, source;
  uint32_t grants_lapsed; /* of access levels that the new plan no longer has */
};
struct ev_operator_added {
  struct id operator_id;
  uint32_t role;
};
struct ev_operator_ref {
  uint32_t operator_index;
};
struct ev_operator_compromised {
  uint32_t operator_index;
  usec since;
};
struct ev_person_added {
  struct id person;
  uint32_t kind;
  uint32_t number; /* short, for people: its last digit checks the others */
  usec from, until;
};
struct ev_person_ref {
  uint32_t person;
};
struct ev_person_merged {
  uint32_t person, into;
};
struct ev_person_located {
  uint32_t person, from, to;
};
struct ev_candidates_unlinked { /* more may be the same human than can be linked */
  uint32_t person;
  struct refs candidates;
  bool more; /* and others, who are not named */
};
struct ev_visit_opened {
  struct id visit;
  uint32_t number; /* short, as a person's */
  uint32_t person, host, about, area;
  usec from, until;
};
struct ev_visit_ref {
  uint32_t visit;
};
struct ev_credential_issued {
  struct id credential, tag;
  uint32_t person, format;
  usec from, until;
  bool once; /* a one-time pass */
};
struct ev_credential_ref {
  uint32_t credential, person;
};
struct ev_credential_compromised {
  uint32_t credential, person;
  usec since;
};
struct ev_pin_set {
  uint32_t person;
  struct id pin, duress;
};
struct ev_pin_locked {
  uint32_t person;
  usec until;
};
struct ev_level_granted {
  uint32_t person, level;
  usec from, until;
};
struct ev_level_revoked {
  uint32_t person, level;
};
struct ev_separation {
  uint32_t person, from_person;
};
struct ev_authority_added {
  struct slug authority;
  uint32_t above; /* REF_ABSENT */
};
struct ev_place_added {
  struct slug place;
  uint32_t country;
};
struct ev_basis_added {
  struct slug basis;
  bool agreement;
  uint32_t country, place; /* of an agreement; REF_ABSENT */
  uint32_t places;         /* how many it receives; 0 = not limited */
  uint32_t replaces;
  usec from, until;
};
struct ev_basis_ref {
  uint32_t basis;
};
struct ev_funds {
  uint32_t agreement; /* basis */
  uint64_t amount;    /* minor units */
  struct slug currency;
  struct hash document; /* blob, absent */
};
struct ev_class_added {
  struct slug class;
  uint32_t unlisted; /* enum membership */
};
struct ev_class_assigned {
  uint32_t class, person, membership;
};
struct ev_order_recorded {
  struct id order;
  uint32_t number; /* short, as a person's */
  uint32_t kind;   /* enum order_kind */
  uint32_t issuer;
  uint32_t person, other, class, on_basis; /* REF_ABSENT */
  uint32_t basis, from, to, ends;          /* REF_ABSENT */
  uint32_t movements;                      /* bits (1 << enum movement_kind) */
  struct refs countries;
  usec effective, expires, due; /* TIME_ABSENT = at once, never, whenever */
  bool oral, sealed;
  struct hash document; /* the paper; absent */
  bool kept;            /* in the store; else held elsewhere */
  uint32_t recorder;    /* operator */
};
struct ev_order_authenticated {
  uint32_t order, by; /* operator */
};
struct ev_order_ref {
  uint32_t order;
};
struct ev_order_written {
  uint32_t order;
  uint32_t person; /* whom the order is about; REF_ABSENT */
  struct hash document;
  bool kept;
};
struct ev_order_conflicts {
  struct id order; /* the one that has come into force; it may be of the same decision */
  uint32_t person;
  struct refs others; /* orders in force that say otherwise */
};
struct ev_assessment_recorded {
  struct id assessment;
  uint32_t number; /* short, as a person's */
  uint32_t person;
  uint32_t kind, evidence; /* enum assessment_kind, assessment_evidence */
  struct hash document;    /* absent */
  usec review;
  uint32_t author; /* operator */
};
struct ev_assessment_ref {
  uint32_t assessment;
};
struct ev_assessment_reviewed {
  uint32_t assessment;
  uint32_t outcome; /* enum assessment_state - 1 */
  uint32_t by;      /* operator */
  usec review;      /* the next; TIME_ABSENT */
};
struct ev_booking_opened {
  struct id booking;
  uint32_t number;
  uint32_t person, order;
  uint32_t recorded, outstanding; /* bits (1 << enum register_field) */
};
struct ev_booking_refused {
  uint32_t person, order;
  uint32_t missing; /* fields of the register that admission needs */
  struct reasons reasons;
};
struct ev_booking_supplemented {
  uint32_t booking, person;
  uint32_t recorded, outstanding;
};
struct ev_death_recorded {
  uint32_t person;
  usec at;
  uint32_t recorder; /* operator */
};
struct ev_death_cause_found {
  uint32_t person;
  struct hash document;
  uint32_t by; /* operator */
};
struct ev_death_remains_handed_over {
  uint32_t person;
  struct hash receipt;
};
struct ev_mark {
  uint32_t person, mark; /* enum person_mark */
};
struct ev_link {
  uint32_t person, other;
};
struct ev_movement_proposed {
  struct id movement;
  uint32_t number; /* short, as a person's */
  uint32_t kind, to, agreement, receiver, seats;
  bool adults_only, emergency;
  usec departs, returns;
  uint32_t proposer; /* operator */
};
struct ev_movement_authorised {
  uint32_t movement, by; /* operator */
};
struct ev_movement_ref {
  uint32_t movement;
};
struct ev_manifest_added {
  uint32_t movement, person, order; /* order: REF_ABSENT */
  bool alternate;
  struct refs rests_on;
};
struct ev_manifest_cited {
  uint32_t movement, person, order;
  struct refs rests_on;
};
struct ev_member_ref {
  uint32_t movement, person;
};
struct ev_member_permitted {
  uint32_t movement, person;
  struct refs rests_on; /* the order that authorises, the one that holds, the agreement */
};
struct ev_identity_confirmed {
  uint32_t movement, person, presented;
  bool second_identifier;
  uint32_t biometric;
  struct refs rests_on;
};
struct ev_movement_departed {
  uint32_t movement;
  uint32_t boarded; /* how many go */
};
struct ev_movement_diverted {
  uint32_t movement, from, to;
};
struct ev_movement_handed_over {
  uint32_t movement, person;
  struct hash receipt;
  bool kept;
  struct refs rests_on;
};
struct ev_movement_refused {
  uint32_t movement, person; /* person: REF_ABSENT */
  uint32_t step;             /* enum movement_step */
  struct reasons reasons;
};
struct ev_refusal_escalated {
  uint32_t movement, person, order; /* order: the release, or the one whose class is uncertain */
  uint32_t step;                    /* enum movement_step */
};
struct ev_notice_owed { /* that they left all the same, to whoever forbade it */
  uint32_t movement, person, order;
};
struct ev_hearing_set {
  struct id hearing;
  uint32_t number; /* short, as a person's */
  uint32_t person, authority;
  usec at;
};
struct ev_hearing_closed {
  uint32_t hearing, outcome; /* enum hearing_state - 1 */
};
struct ev_recall_raised {
  uint32_t movement, person;
  struct reasons reasons;
};
struct ev_recall_answered {
  uint32_t movement, person, answer; /* enum recall_answer */
};
struct ev_count_begun {
  struct id count;
  uint32_t number;       /* short, as a person's */
  uint32_t area, opener; /* operator */
};
struct ev_count_tallied {
  uint32_t count, area, expected, seen, by; /* operator */
};
struct ev_count_closed {
  uint32_t count;
  bool differs;
  uint32_t by; /* operator */
};
struct ev_deadline_passed {
  uint32_t deadline;                         /* enum deadline */
  uint32_t person, order, movement, hearing; /* REF_ABSENT where not meant */
  usec due;                                  /* when it passed */
  uint32_t visit;                            /* REF_ABSENT */
  uint32_t assessment;                       /* REF_ABSENT likewise */
};
struct ev_area_ref {
  uint32_t area;
};
struct ev_threat_changed {
  uint32_t from, to;
};
struct ev_gate_ref {
  uint32_t gate;
};
struct ev_passage_granted {
  uint32_t person, credential;
  uint32_t reader, door, gate, from, to, direction;
  uint32_t unlock_ms;
  bool taken; /* the door has no contact, or is open: the area changes at once */
  bool pin_checked;
  struct refs rests_on;    /* credential, level, companions */
  struct reasons warnings; /* soft anti-passback */
};
struct ev_passage_refused {
  uint32_t person, credential; /* REF_ABSENT when unknown */
  uint32_t credential_state;
  uint32_t reader, door, gate, from, to, direction;
  bool waiting; /* only a companion is missing: kept in the door's party */
  struct reasons reasons;
};
struct ev_passage_ended { /* taken, or not taken */
  uint32_t person, door, gate, from, to;
  uint64_t granted; /* index of the entry that granted it */
};
struct ev_reported_late {
  uint32_t door, reader; /* one of them */
  uint32_t person;       /* REF_ABSENT when unknown */
  uint32_t sign;         /* of the door */
  usec occurred_at;
};
struct ev_door_opened {
  uint32_t door, gate, cause; /* enum opening */
};
struct ev_door_closed {
  uint32_t door, gate;
  bool relocks; /* nobody else was let in meanwhile: the bolt goes out at once */
};
struct ev_door_ref {
  uint32_t door, gate;
};
struct ev_duress_raised {
  uint32_t person, door;
};
struct ev_reader_ref {
  uint32_t reader;
};
struct ev_alarm_acknowledged {
  uint64_t alarm;
};
struct ev_details_read {
  uint32_t person, order, movement;
};
struct ev_details_erased {
  uint32_t person, ground;
};
struct ev_clock_stepped {
  uint64_t by; /* microseconds */
};
struct ev_snapshot_taken {
  struct hash state;
};
struct ev_command_refused {
  struct reasons reasons;
};

struct event {
  enum event_type type;
  usec at;
  uint64_t n;              /* journal index */
  const struct plan *plan; /* of plan.applied; owned by the engine while it is in force */
  union {
    struct ev_site_created site_created;
    struct ev_plan_applied plan_applied;
    struct ev_operator_added operator_added;
    struct ev_operator_ref operator_ref;
    struct ev_operator_compromised operator_compromised;
    struct ev_person_added person_added;
    struct ev_person_ref person_ref;
    struct ev_person_merged person_merged;
    struct ev_person_located person_located;
    struct ev_candidates_unlinked candidates_unlinked;
    struct ev_visit_opened visit_opened;
    struct ev_visit_ref visit_ref;
    struct ev_credential_issued credential_issued;
    struct ev_credential_ref credential_ref;
    struct ev_credential_compromised credential_compromised;
    struct ev_pin_set pin_set;
    struct ev_pin_locked pin_locked;
    struct ev_level_granted level_granted;
    struct ev_level_revoked level_revoked;
    struct ev_separation separation;
    struct ev_authority_added authority_added;
    struct ev_place_added place_added;
    struct ev_basis_added basis_added;
    struct ev_basis_ref basis_ref;
    struct ev_funds funds;
    struct ev_class_added class_added;
    struct ev_class_assigned class_assigned;
    struct ev_order_recorded order_recorded;
    struct ev_order_authenticated order_authenticated;
    struct ev_order_ref order_ref;
    struct ev_order_written order_written;
    struct ev_order_conflicts order_conflicts;
    struct ev_assessment_recorded assessment_recorded;
    struct ev_assessment_ref assessment_ref;
    struct ev_assessment_reviewed assessment_reviewed;
    struct ev_booking_opened booking_opened;
    struct ev_booking_refused booking_refused;
    struct ev_booking_supplemented booking_supplemented;
    struct ev_death_recorded death_recorded;
    struct ev_death_cause_found death_cause_found;
    struct ev_death_remains_handed_over death_remains_handed_over;
    struct ev_mark mark;
    struct ev_link link;
    struct ev_movement_proposed movement_proposed;
    struct ev_movement_authorised movement_authorised;
    struct ev_movement_ref movement_ref;
    struct ev_manifest_added manifest_added;
    struct ev_manifest_cited manifest_cited;
    struct ev_member_ref member_ref;
    struct ev_member_permitted member_permitted;
    struct ev_identity_confirmed identity_confirmed;
    struct ev_movement_departed movement_departed;
    struct ev_movement_diverted movement_diverted;
    struct ev_movement_handed_over movement_handed_over;
    struct ev_movement_refused movement_refused;
    struct ev_refusal_escalated refusal_escalated;
    struct ev_notice_owed notice_owed;
    struct ev_hearing_set hearing_set;
    struct ev_hearing_closed hearing_closed;
    struct ev_recall_raised recall_raised;
    struct ev_recall_answered recall_answered;
    struct ev_count_begun count_begun;
    struct ev_count_tallied count_tallied;
    struct ev_count_closed count_closed;
    struct ev_deadline_passed deadline_passed;
    struct ev_area_ref area_ref;
    struct ev_threat_changed threat_changed;
    struct ev_gate_ref gate_ref;
    struct ev_passage_granted passage_granted;
    struct ev_passage_refused passage_refused;
    struct ev_passage_ended passage_ended;
    struct ev_reported_late reported_late;
    struct ev_door_opened door_opened;
    struct ev_door_closed door_closed;
    struct ev_door_ref door_ref;
    struct ev_duress_raised duress_raised;
    struct ev_reader_ref reader_ref;
    struct ev_alarm_acknowledged alarm_acknowledged;
    struct ev_details_read details_read;
    struct ev_details_erased details_erased;
    struct ev_clock_stepped clock_stepped;
    struct ev_snapshot_taken snapshot_taken;
    struct ev_command_refused command_refused;
  } u;
};

/* The JSON of each event's data, by enum event_type; .type is the entry's type. */
extern const struct record event_records[EVENT_COUNT];
unsigned event_flags(enum event_type type);
const char *event_doc(enum event_type type); /* one line for docs */

#endif
