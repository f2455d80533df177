/* command.h: what can be asked of the engine. A command is a struct here, a `struct record` table
 * in command.c that says its JSON, and a row that says who may ask and who decides it.
 *
 * The engine fills `at`, `known_at`, `clock_trusted`, `by`, `second` and `commit`; random ids and
 * keyed tags are in the arguments, so the decision itself needs neither clock nor randomness.
 */
#ifndef SP_CORE_COMMAND_H
#define SP_CORE_COMMAND_H

#include "core/plan.h"

/* X(NAME, member of the union, "type in JSON") */
#define COMMAND_LIST(X)                                                                            \
  X(SITE_CREATE, site_create, "site.create")                                                       \
  X(PLAN_APPLY, plan_apply, "plan.apply")                                                          \
  X(OPERATOR_ADD, operator_add, "operator.add")                                                    \
  X(OPERATOR_DISABLE, operator_ref, "operator.disable")                                            \
  X(OPERATOR_COMPROMISE, operator_compromise, "operator.compromise")                               \
  X(PERSON_ADD, person_add, "person.add")                                                          \
  X(PERSON_SUSPEND, person_ref, "person.suspend")                                                  \
  X(PERSON_REINSTATE, person_ref, "person.reinstate")                                              \
  X(PERSON_DEPART, person_ref, "person.depart")                                                    \
  X(PERSON_MERGE, person_merge, "person.merge")                                                    \
  X(PERSON_UNMERGE, person_ref, "person.unmerge")                                                  \
  X(PERSON_LOCATE, person_locate, "person.locate")                                                 \
  X(PERSON_IDENTIFY, person_identify, "person.identify")                                           \
  X(VISIT_OPEN, visit_open, "visit.open")                                                          \
  X(VISIT_CLOSE, visit_ref, "visit.close")                                                         \
  X(PERSON_PHOTO, person_photo, "person.photo")                                                    \
  X(CREDENTIAL_ISSUE, credential_issue, "credential.issue")                                        \
  X(CREDENTIAL_SUSPEND, credential_ref, "credential.suspend")                                      \
  X(CREDENTIAL_REINSTATE, credential_ref, "credential.reinstate")                                  \
  X(CREDENTIAL_LOST, credential_ref, "credential.lost")                                            \
  X(CREDENTIAL_REVOKE, credential_ref, "credential.revoke")                                        \
  X(CREDENTIAL_COMPROMISE, credential_compromise, "credential.compromise")                         \
  X(PIN_SET, pin_set, "pin.set")                                                                   \
  X(LEVEL_GRANT, level_grant, "level.grant")                                                       \
  X(LEVEL_REVOKE, level_revoke, "level.revoke")                                                    \
  X(SEPARATION_ADD, separation, "separation.add")                                                  \
  X(SEPARATION_LIFT, separation, "separation.lift")                                                \
  X(AUTHORITY_ADD, authority_add, "authority.add")                                                 \
  X(PLACE_ADD, place_add, "place.add")                                                             \
  X(BASIS_ADD, basis_add, "basis.add")                                                             \
  X(BASIS_REPEAL, basis_ref, "basis.repeal")                                                       \
  X(AGREEMENT_COMMIT, funds, "agreement.commit")                                                   \
  X(AGREEMENT_PAY, funds, "agreement.pay")                                                         \
  X(CLASS_ADD, class_add, "class.add")                                                             \
  X(CLASS_INCLUDE, class_member, "class.include")                                                  \
  X(CLASS_DOUBT, class_member, "class.doubt")                                                      \
  X(CLASS_EXCLUDE, class_member, "class.exclude")                                                  \
  X(ORDER_RECORD, order_record, "order.record")                                                    \
  X(ORDER_AUTHENTICATE, order_ref, "order.authenticate")                                           \
  X(ORDER_WRITE, order_write, "order.write")                                                       \
  X(ORDER_RECALL, order_ref, "order.recall")                                                       \
  X(ORDER_REFUTE, order_ref, "order.refute")                                                       \
  X(ASSESSMENT_RECORD, assessment_record, "assessment.record")                                     \
  X(ASSESSMENT_CONTEST, assessment_ref, "assessment.contest")                                      \
  X(ASSESSMENT_REVIEW, assessment_review, "assessment.review")                                     \
  X(BOOKING_OPEN, booking_open, "booking.open")                                                    \
  X(BOOKING_SUPPLEMENT, booking_supplement, "booking.supplement")                                  \
  X(DEATH_RECORD, death_record, "death.record")                                                    \
  X(DEATH_CAUSE, death_cause, "death.cause")                                                       \
  X(DEATH_REMAINS, death_remains, "death.remains")                                                 \
  X(DEATH_RETRACT, person_ref, "death.retract")                                                    \
  X(MARK_SET, mark, "mark.set")                                                                    \
  X(MARK_CLEAR, mark, "mark.clear")                                                                \
  X(LINK_RECORD, link, "link.record")                                                              \
  X(LINK_DISMISS, link, "link.dismiss")                                                            \
  X(MOVEMENT_PROPOSE, movement_propose, "movement.propose")                                        \
  X(MOVEMENT_AUTHORISE, movement_ref, "movement.authorise")                                        \
  X(MOVEMENT_CANCEL, movement_ref, "movement.cancel")                                              \
  X(MANIFEST_ADD, manifest_add, "manifest.add")                                                    \
  X(MANIFEST_CITE, manifest_cite, "manifest.cite")                                                 \
  X(MANIFEST_PROMOTE, member_ref, "manifest.promote")                                              \
  X(MANIFEST_REMOVE, member_ref, "manifest.remove")                                                \
  X(IDENTITY_CONFIRM, identity_confirm, "identity.confirm")                                        \
  X(MOVEMENT_BOARD, member_ref, "movement.board")                                                  \
  X(MOVEMENT_DISEMBARK, member_ref, "movement.disembark")                                          \
  X(MOVEMENT_DEPART, movement_ref, "movement.depart")                                              \
  X(MOVEMENT_DIVERT, movement_divert, "movement.divert")                                           \
  X(MOVEMENT_ARRIVE, movement_ref, "movement.arrive")                                              \
  X(MOVEMENT_HANDOVER, movement_handover, "movement.handover")                                     \
  X(HEARING_SET, hearing_set, "hearing.set")                                                       \
  X(HEARING_CLOSE, hearing_close, "hearing.close")                                                 \
  X(RECALL_ANSWER, recall_answer, "recall.answer")                                                 \
  X(COUNT_BEGIN, count_begin, "count.begin")                                                       \
  X(COUNT_TALLY, count_tally, "count.tally")                                                       \
  X(COUNT_CLOSE, count_ref, "count.close")                                                         \
  X(LOCKDOWN_START, area_ref, "lockdown.start")                                                    \
  X(LOCKDOWN_RELEASE, area_ref, "lockdown.release")                                                \
  X(THREAT_RAISE, threat_ref, "threat.raise")                                                      \
  X(THREAT_LOWER, threat_ref, "threat.lower")                                                      \
  X(GATE_CLOSE, gate_ref, "gate.close")                                                            \
  X(GATE_OPEN, gate_ref, "gate.open")                                                              \
  X(PASS, pass, "pass")                                                                            \
  X(DOOR_REPORT, door_report, "door.report")                                                       \
  X(READER_REPORT, reader_report, "reader.report")                                                 \
  X(READER_REKEY, reader_ref, "reader.rekey")                                                      \
  X(ALARM_ACKNOWLEDGE, alarm_acknowledge, "alarm.acknowledge")                                     \
  X(DETAILS_READ, details_read, "details.read")                                                    \
  X(DETAILS_ERASE, details_erase, "details.erase")                                                 \
  X(CLOCK_STEP, clock_step, "clock.step")                                                          \
  X(SNAPSHOT_TAKE, snapshot_take, "snapshot.take")                                                 \
  X(TICK, tick, "tick")

enum command_type {
#define X(NAME, member, type) COMMAND_##NAME,
  COMMAND_LIST(X)
#undef X
      COMMAND_COUNT
};

#define ROLE_LIST(X)                                                                               \
  X(DESK, "desk", "registers people and issues credentials")                                       \
  X(GATE, "gate", "watches gates and answers alarms")                                              \
  X(SHIFT, "shift", "leads the shift: counts, lockdown, levels")                                   \
  X(RECORDS, "records", "keeps orders and the register")                                           \
  X(LEGAL, "legal", "authenticates orders")                                                        \
  X(AUDITOR, "auditor", "reads everything, changes nothing")                                       \
  X(ADMIN, "admin", "operators and the plan; no person moves on this role's word")

enum role {
#define X(NAME, text, doc) ROLE_##NAME,
  ROLE_LIST(X)
#undef X
      ROLE_COUNT
};
extern const char *const role_names[];

/* Who acts. JSON: "core", "node:init", "node:hand", "line:NAME", "op:HEXID". */
enum actor_kind {
  ACTOR_CORE,
  ACTOR_INIT,
  ACTOR_HAND,
  ACTOR_LINE,
  ACTOR_OPERATOR,
  ACTOR_KIND_COUNT
};
struct actor {
  uint32_t kind;
  uint32_t index; /* of the plan's line or the operator; 0 otherwise */
};

enum biometric { BIOMETRIC_NONE, BIOMETRIC_MATCH, BIOMETRIC_MISMATCH };
enum door_sign { DOOR_OPENED, DOOR_CLOSED, DOOR_LOCKED, DOOR_REX };
enum reader_sign {
  READER_ONLINE,
  READER_OFFLINE,
  READER_TAMPERED,
  READER_RESTORED,
  READER_INSECURE, /* it answers, but not as securely as the plan wants */
  READER_SECURE,
  READER_POWER_FAILED,
  READER_POWER_RESTORED,
  READER_REKEYED, /* it has the key that was ordered */
  READER_SIGN_COUNT
};
extern const char *const biometric_names[], *const door_sign_names[], *const reader_sign_names[];
/* The law or rule that asked for an erasure. */
enum erasure_ground { ERASURE_RETENTION, ERASURE_REQUEST, ERASURE_COURT };
extern const char *const erasure_ground_names[];

struct cmd_site_create {
  struct hash vkey; /* SHA-256 of the log's verifier key text */
};
struct cmd_plan_apply {
  struct hash compiled, source; /* blobs */
};
struct cmd_operator_add {
  struct id operator_id;
  uint32_t role;
};
struct cmd_operator_ref {
  uint32_t operator_index;
};
struct cmd_operator_compromise {
  uint32_t operator_index;
  usec since; /* their password may have been in other hands */
};
struct cmd_person_add {
  struct id person;
  uint32_t kind;
  usec from, until;       /* TIME_ABSENT = no bound */
  struct refs candidates; /* registrations that may be the same human, the likest first */
  bool more;              /* than fit into that list */
};
struct cmd_person_ref {
  uint32_t person;
};
struct cmd_person_merge {
  uint32_t person, into;
};
struct cmd_person_locate {
  uint32_t person, area;
};
struct cmd_person_identify { /* its details tell another name, identifier or birth date of theirs */
  uint32_t person;
  struct refs candidates; /* as of person.add */
  bool more;
};
struct cmd_visit_open {
  struct id visit;
  uint32_t person, host, about, area; /* host, about, area: REF_ABSENT */
  usec from, until;                   /* from: TIME_ABSENT = now */
};
struct cmd_visit_ref {
  uint32_t visit;
};
struct cmd_credential_issue {
  struct id credential;
  struct id tag; /* first 128 bits of HMAC-SHA256 under the site key; never the card's bits */
  uint32_t person, format;
  usec from, until;
  bool once; /* a one-time pass */
};
struct cmd_credential_ref {
  uint32_t credential;
};
struct cmd_credential_compromise {
  uint32_t credential;
  usec since; /* it may have been in other hands */
};
struct cmd_pin_set {
  uint32_t person;
  struct id pin, duress; /* tags as above, bound to the person; absent = none */
};
struct cmd_level_grant {
  uint32_t person, level;
  usec from, until;
};
struct cmd_level_revoke {
  uint32_t person, level;
};
struct cmd_separation {
  uint32_t person, from_person;
};
struct cmd_authority_add {
  struct slug authority;
  uint32_t above; /* REF_ABSENT */
};
struct cmd_place_add {
  struct slug place;
  uint32_t country;
};
struct cmd_basis_add {
  struct slug basis;
  bool agreement;
  uint32_t country, place; /* of an agreement; REF_ABSENT */
  uint32_t places;         /* how many it receives; 0 = not limited */
  uint32_t replaces;       /* basis of which it is the next version; REF_ABSENT */
  usec from, until;
};
struct cmd_basis_ref {
  uint32_t basis;
};
struct cmd_funds {
  uint32_t agreement;   /* basis */
  uint64_t amount;      /* minor units */
  struct slug currency; /* three letters */
  struct hash document; /* blob, absent */
};
struct cmd_class_add {
  struct slug class;
  uint32_t unlisted; /* enum membership */
};
struct cmd_class_member {
  uint32_t class, person;
};
struct cmd_order_record {
  struct id order;
  uint32_t kind; /* enum order_kind */
  uint32_t issuer;
  uint32_t person, other, class, on_basis; /* REF_ABSENT */
  uint32_t basis, from, to, ends;          /* REF_ABSENT */
  uint32_t movements;                      /* bits (1 << enum movement_kind) */
  struct refs countries;
  usec effective, expires, due; /* TIME_ABSENT = at once, never, whenever */
  bool oral, sealed;
  struct hash document; /* the paper; absent */
  bool kept;            /* it came with the command and is in the store; else held elsewhere */
};
struct cmd_order_ref {
  uint32_t order;
};
struct cmd_order_write { /* the writing of an oral order has come */
  uint32_t order;
  bool differs, kept;
  struct hash document;
};
struct cmd_assessment_record {
  struct id assessment;
  uint32_t person;
  uint32_t kind, evidence; /* enum assessment_kind, assessment_evidence */
  struct hash document;    /* its SHA-256; absent */
  usec review;             /* by when it is to be reviewed */
};
struct cmd_assessment_ref {
  uint32_t assessment;
};
struct cmd_assessment_review {
  uint32_t assessment;
  uint32_t outcome; /* enum assessment_state - 1 */
  usec review;      /* the next, of what is upheld; TIME_ABSENT */
};
struct cmd_booking_open {
  struct id booking;
  uint32_t person, order;
  uint32_t recorded;    /* fields of the register that its details answer; the engine says which */
  uint32_t outstanding; /* those of them answered by "unknown" or "declined" */
};
struct cmd_booking_supplement {
  uint32_t booking, recorded, outstanding;
};
struct cmd_death_record {
  uint32_t person;
  usec at; /* when they died, as far as is known */
};
struct cmd_death_cause {
  uint32_t person;
  struct hash document; /* that finds it */
};
struct cmd_death_remains {
  uint32_t person;
  struct hash receipt; /* of whoever took them over */
};
struct cmd_mark {
  uint32_t person, mark; /* enum person_mark */
};
struct cmd_link {
  uint32_t person, other;
};
struct cmd_movement_propose {
  struct id movement;
  uint32_t kind;      /* enum movement_kind */
  uint32_t to;        /* place; REF_ABSENT */
  uint32_t agreement; /* basis; REF_ABSENT */
  uint32_t receiver;  /* authority that signs for those whom it takes over; REF_ABSENT */
  uint32_t seats;     /* 0 = not limited */
  bool adults_only, emergency;
  usec departs, returns; /* as planned; returns: by when they must be back; TIME_ABSENT */
};
struct cmd_movement_ref {
  uint32_t movement;
};
struct cmd_manifest_add {
  uint32_t movement, person, order; /* order: REF_ABSENT */
  uint32_t assessment;              /* offered, and no authority; REF_ABSENT */
  bool alternate;
};
struct cmd_manifest_cite {
  uint32_t movement, person, order; /* order: REF_ABSENT with an assessment alone */
  uint32_t assessment;              /* as above */
};
struct cmd_member_ref {
  uint32_t movement, person;
};
struct cmd_identity_confirm {
  uint32_t movement, person;
  uint32_t presented; /* the registration of which papers or wristband speak */
  bool second_identifier;
  uint32_t biometric; /* enum biometric */
};
struct cmd_movement_divert {
  uint32_t movement, to;
};
struct cmd_movement_handover {
  uint32_t movement, person;
  struct hash receipt; /* the paper that the receiver signed; absent = not signed */
  bool kept;
};
struct cmd_person_photo { /* its details name the hash and the kind */
  uint32_t person;
};
struct cmd_hearing_set {
  struct id hearing;
  uint32_t person, authority;
  usec at;
};
struct cmd_hearing_close {
  uint32_t hearing;
  uint32_t outcome; /* enum hearing_state - 1 */
};
struct cmd_recall_answer {
  uint32_t movement, person;
  uint32_t answer; /* enum recall_answer */
};
struct cmd_count_begin {
  struct id count;
  uint32_t area; /* with all that lies within it */
};
struct cmd_count_tally {
  uint32_t count, area, seen; /* area: this very one */
};
struct cmd_count_ref {
  uint32_t count;
};
struct cmd_area_ref {
  uint32_t area;
};
struct cmd_threat_ref {
  uint32_t threat;
};
struct cmd_gate_ref {
  uint32_t gate;
};
struct cmd_pass {
  uint32_t reader;
  uint32_t format;    /* REF_ABSENT: not one of the plan's */
  struct id tag;      /* of the card */
  struct id pin;      /* tag; absent = not given */
  uint32_t biometric; /* enum biometric */
  usec occurred_at;   /* only when late */
  bool late;          /* buffered while cut off: recorded, opens nothing */
};
struct cmd_door_report {
  uint32_t door;
  uint32_t sign; /* enum door_sign */
  usec occurred_at;
  bool late;
  uint64_t after; /* entry of the last unlock or lock that the line had carried out; 0 = not said */
};
struct cmd_reader_report {
  uint32_t reader;
  uint32_t sign; /* enum reader_sign */
};
struct cmd_reader_ref {
  uint32_t reader;
};
struct cmd_alarm_acknowledge {
  uint64_t alarm; /* index of the entry that raised it */
};
struct cmd_details_read {
  uint32_t person, order, movement; /* one of them, or REF_ABSENT all: of all persons */
};
struct cmd_details_erase {
  uint32_t person;
  uint32_t ground; /* enum erasure_ground */
};
struct cmd_clock_step {
  uint64_t by; /* microseconds that the clock was set forward, at most those since the last entry */
};
struct cmd_snapshot_take {
  struct hash state; /* of the state before this entry */
};
struct cmd_tick {
  uint32_t unused;
};

struct command {
  enum command_type type;
  usec at;       /* never before the last entry's */
  usec known_at; /* up to when this node knows the journal; = at for the writer itself */
  bool clock_trusted;
  struct actor by;
  uint32_t second;         /* operator index or REF_ABSENT */
  struct hash commit;      /* to the personal details that came with it; absent = none */
  const struct plan *plan; /* of plan.apply: the decoded blob; not in JSON */
  union {
    struct cmd_site_create site_create;
    struct cmd_plan_apply plan_apply;
    struct cmd_operator_add operator_add;
    struct cmd_operator_ref operator_ref;
    struct cmd_operator_compromise operator_compromise;
    struct cmd_person_add person_add;
    struct cmd_person_ref person_ref;
    struct cmd_person_merge person_merge;
    struct cmd_person_locate person_locate;
    struct cmd_person_identify person_identify;
    struct cmd_visit_open visit_open;
    struct cmd_visit_ref visit_ref;
    struct cmd_person_photo person_photo;
    struct cmd_credential_issue credential_issue;
    struct cmd_credential_ref credential_ref;
    struct cmd_credential_compromise credential_compromise;
    struct cmd_pin_set pin_set;
    struct cmd_level_grant level_grant;
    struct cmd_level_revoke level_revoke;
    struct cmd_separation separation;
    struct cmd_authority_add authority_add;
    struct cmd_place_add place_add;
    struct cmd_basis_add basis_add;
    struct cmd_basis_ref basis_ref;
    struct cmd_funds funds;
    struct cmd_class_add class_add;
    struct cmd_class_member class_member;
    struct cmd_order_record order_record;
    struct cmd_order_ref order_ref;
    struct cmd_order_write order_write;
    struct cmd_assessment_record assessment_record;
    struct cmd_assessment_ref assessment_ref;
    struct cmd_assessment_review assessment_review;
    struct cmd_booking_open booking_open;
    struct cmd_booking_supplement booking_supplement;
    struct cmd_death_record death_record;
    struct cmd_death_cause death_cause;
    struct cmd_death_remains death_remains;
    struct cmd_mark mark;
    struct cmd_link link;
    struct cmd_movement_propose movement_propose;
    struct cmd_movement_ref movement_ref;
    struct cmd_manifest_add manifest_add;
    struct cmd_manifest_cite manifest_cite;
    struct cmd_member_ref member_ref;
    struct cmd_identity_confirm identity_confirm;
    struct cmd_movement_divert movement_divert;
    struct cmd_movement_handover movement_handover;
    struct cmd_hearing_set hearing_set;
    struct cmd_hearing_close hearing_close;
    struct cmd_recall_answer recall_answer;
    struct cmd_count_begin count_begin;
    struct cmd_count_tally count_tally;
    struct cmd_count_ref count_ref;
    struct cmd_area_ref area_ref;
    struct cmd_threat_ref threat_ref;
    struct cmd_gate_ref gate_ref;
    struct cmd_pass pass;
    struct cmd_door_report door_report;
    struct cmd_reader_report reader_report;
    struct cmd_reader_ref reader_ref;
    struct cmd_alarm_acknowledge alarm_acknowledge;
    struct cmd_details_read details_read;
    struct cmd_details_erase details_erase;
    struct cmd_clock_step clock_step;
    struct cmd_snapshot_take snapshot_take;
    struct cmd_tick tick;
  } u;
};

/* The JSON of each command's arguments, by enum command_type; every one has a constant "type". */
extern const struct record command_records[COMMAND_COUNT];
const char *command_doc(enum command_type type); /* one line for docs */

/* Who may ask: one row a command. */
struct permission {
  uint8_t actors;       /* bit (1 << enum actor_kind) besides operators of `roles` */
  uint8_t roles;        /* bit (1 << enum role): the first operator's */
  uint8_t second_roles; /* the second operator's; 0 = one operator is enough */
};
extern const struct permission command_permissions[COMMAND_COUNT];

#endif
