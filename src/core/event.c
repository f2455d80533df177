#include "core/event.h"

#include "core/assessment.h"
#include "core/deadline.h"
#include "core/fields.h"
#include "core/movement.h"
#include "core/reason.h"
#include "core/register_fields.h"

const char *const opening_names[] = {"passage", "rex", "egress", "forced", NULL};
const char *const credential_state_names[] = {"issued",  "suspended",     "lost", "revoked",
                                              "expired", "not_yet_valid", "used", NULL};

#define S ev_site_created
static const struct field site_created[] = {
    F_HASH("vkey", vkey, "SHA-256 of the log's verifier key, as text"),
};
#undef S
#define S ev_plan_applied
static const struct field plan_applied[] = {
    F_HASH("compiled", compiled, "blob: the plan as the core uses it"),
    F_U32("grants_lapsed", grants_lapsed, "grants of access levels that the new plan lacks"),
    F_HASH("source", source, "blob: the YAML as it was written"),
};
#undef S
#define S ev_operator_added
static const struct field operator_added[] = {
    F_ID("operator", operator_id, "who"),
    F_ENUM("role", role, role_names, "what they may do"),
};
#undef S
#define S ev_operator_ref
static const struct field operator_ref[] = {
    F_REF("operator", operator_index, OPERATOR, "who"),
};
#undef S
#define S ev_operator_compromised
static const struct field operator_compromised[] = {
    F_REF("operator", operator_index, OPERATOR, "who"),
    F_TIME_REQUIRED("since", since, "from when on others may have acted as them"),
};
#undef S
#define S ev_person_added
static const struct field person_added[] = {
    F_TIME("from", from, "may be here from this second on"),
    F_ENUM("kind", kind, person_kind_names, "what kind of person"),
    F_U32_REQUIRED("number", number, "short number; the last digit checks the others"),
    F_ID("person", person, "who"),
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S ev_person_ref
static const struct field person_ref[] = {
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_person_merged
static const struct field person_merged[] = {
    F_REF("into", into, PERSON, "the registration that stays"),
    F_REF("person", person, PERSON, "the one that is the same human"),
};
#undef S
#define S ev_person_located
static const struct field person_located[] = {
    F_REF("from", from, AREA, "where the journal had them"),
    F_REF("person", person, PERSON, "who"),
    F_REF("to", to, AREA, "where they were seen"),
};
#undef S
#define S ev_candidates_unlinked
static const struct field candidates_unlinked[] = {
    F_REFS("candidates", candidates, "whom they may be, and who could not be linked"),
    F_BOOL("more", more, "and others, who are not named"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_visit_opened
static const struct field visit_opened[] = {
    F_REF_OPTIONAL("about", about, PERSON, "the detainee whom they visit"),
    F_REF_OPTIONAL("area", area, AREA, "where they are received"),
    F_TIME_REQUIRED("from", from, "expected from this second on"),
    F_REF_OPTIONAL("host", host, PERSON, "who of the staff receives them"),
    F_U32_REQUIRED("number", number, "short, the last digit checks the others"),
    F_REF("person", person, PERSON, "who is expected"),
    F_TIME_REQUIRED("until", until, "and before this one"),
    F_ID("visit", visit, "its id"),
};
#undef S
#define S ev_visit_ref
static const struct field visit_ref[] = {
    F_REF("visit", visit, VISIT, "which"),
};
#undef S
#define S ev_credential_issued
static const struct field credential_issued[] = {
    F_ID("credential", credential, "which"),
    F_REF("format", format, FORMAT, "card format"),
    F_TIME("from", from, "valid from this second on"),
    F_BOOL("once", once, "a one-time pass: one way in over the boundary, and one way out"),
    F_REF("person", person, PERSON, "the holder"),
    F_ID("tag", tag, "keyed tag of the card"),
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S ev_credential_ref
static const struct field credential_ref[] = {
    F_REF("credential", credential, CREDENTIAL, "which"),
    F_REF("person", person, PERSON, "the holder"),
};
#undef S
#define S ev_credential_compromised
static const struct field credential_compromised[] = {
    F_REF("credential", credential, CREDENTIAL, "which"),
    F_REF("person", person, PERSON, "the holder"),
    F_TIME_REQUIRED("since", since, "from when on it may have been in other hands"),
};
#undef S
#define S ev_pin_set
static const struct field pin_set[] = {
    F_ID_OPTIONAL("duress", duress, "keyed tag of the duress PIN"),
    F_REF("person", person, PERSON, "whose"),
    F_ID_OPTIONAL("pin", pin, "keyed tag; none = no PIN"),
};
#undef S
#define S ev_pin_locked
static const struct field pin_locked[] = {
    F_REF("person", person, PERSON, "whose"),
    F_TIME_REQUIRED("until", until, "refused until then"),
};
#undef S
#define S ev_level_granted
static const struct field level_granted[] = {
    F_TIME("from", from, "from this second on"),
    F_REF("level", level, LEVEL, "access level"),
    F_REF("person", person, PERSON, "who"),
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S ev_level_revoked
static const struct field level_revoked[] = {
    F_REF("level", level, LEVEL, "access level"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_separation
static const struct field separation[] = {
    F_REF("from_person", from_person, PERSON, "and the other"),
    F_REF("person", person, PERSON, "one of the two"),
};
#undef S
#define S ev_authority_added
static const struct field authority_added[] = {
    F_REF_OPTIONAL("above", above, AUTHORITY, "who may set its orders aside"),
    F_SLUG("authority", authority, "its name"),
};
#undef S
#define S ev_place_added
static const struct field place_added[] = {
    F_REF("country", country, COUNTRY, "where it lies"),
    F_SLUG("place", place, "its name; that of the site is the site itself"),
};
#undef S
#define S ev_basis_added
static const struct field basis_added[] = {
    F_BOOL("agreement", agreement, "under which persons are received elsewhere"),
    F_SLUG("basis", basis, "its name"),
    F_REF_OPTIONAL("country", country, COUNTRY, "of an agreement: which receives"),
    F_TIME("from", from, "in force from this second on"),
    F_REF_OPTIONAL("place", place, PLACE, "of an agreement: where, if it says"),
    F_U32("places", places, "of an agreement: how many it receives; none = no limit"),
    F_REF_OPTIONAL("replaces", replaces, BASIS, "of which it is the next version"),
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S ev_basis_ref
static const struct field basis_ref[] = {
    F_REF("basis", basis, BASIS, "which"),
};
#undef S
#define S ev_funds
static const struct field funds[] = {
    F_REF("agreement", agreement, BASIS, "under which"),
    F_U64_REQUIRED("amount", amount, "how much, in whole minor units: cents"),
    F_SLUG("currency", currency, "of ISO 4217, in lower case: usd"),
    F_HASH_OPTIONAL("document", document, "blob: its paper"),
};
#undef S
#define S ev_class_added
static const struct field class_added[] = {
    F_SLUG("class", class, "its name"),
    F_ENUM("unlisted", unlisted, membership_names, "what those are whom nobody has put in or out"),
};
#undef S
#define S ev_class_assigned
static const struct field class_assigned[] = {
    F_REF("class", class, CLASS, "which"),
    F_ENUM("membership", membership, membership_names, "what they are of it"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_order_recorded
static const struct field order_recorded[] = {
    F_REF_OPTIONAL("basis", basis, BASIS, "the legal basis that it rests on"),
    F_REF_OPTIONAL("class", class, CLASS, "about these persons"),
    F_REFS("countries", countries, "that it bars, or to which it authorises"),
    F_HASH_OPTIONAL("document", document, "the paper: its SHA-256"),
    F_TIME("due", due, "by when it must have been done"),
    F_TIME("effective", effective, "in force from this second on"),
    F_REF_OPTIONAL("ends", ends, ORDER, "the order that it ends: vacated, lifted or superseded"),
    F_TIME("expires", expires, "and before this one"),
    F_REF_OPTIONAL("from", from, PLACE, "from where, or where to hold"),
    F_REF("issuer", issuer, AUTHORITY, "whose it is"),
    F_BOOL("kept", kept, "the paper is in the store; else it is held elsewhere"),
    F_ENUM("kind", kind, order_kind_names, "what it is"),
    F_SET("movements", movements, movement_kind_names, "only these kinds of movement"),
    F_U32_REQUIRED("number", number, "short number; the last digit checks the others"),
    F_REF_OPTIONAL("on_basis", on_basis, BASIS, "about this legal basis: it is suspended"),
    F_BOOL("oral", oral, "spoken; its writing follows"),
    F_ID("order", order, "its id"),
    F_REF_OPTIONAL("other", other, PERSON, "whom to keep apart from"),
    F_REF_OPTIONAL("person", person, PERSON, "about this person"),
    F_REF("recorder", recorder, OPERATOR, "who recorded it"),
    F_BOOL("sealed", sealed, "what it says is told to few"),
    F_REF_OPTIONAL("to", to, PLACE, "to where"),
};
#undef S
#define S ev_order_authenticated
static const struct field order_authenticated[] = {
    F_REF("by", by, OPERATOR, "who asked the issuer"),
    F_REF("order", order, ORDER, "which"),
};
#undef S
#define S ev_order_ref
static const struct field order_ref[] = {
    F_REF("order", order, ORDER, "which"),
};
#undef S
#define S ev_order_conflicts
static const struct field order_conflicts[] = {
    F_ID("order", order, "which has come into force"),
    F_REFS("others", others, "those in force that contradict it, up to three, the last first"),
    F_REF("person", person, PERSON, "about whom"),
};
#undef S
#define S ev_order_written
static const struct field order_written[] = {
    F_HASH("document", document, "the paper: its SHA-256"),
    F_BOOL("kept", kept, "the paper is in the store; else it is held elsewhere"),
    F_REF("order", order, ORDER, "which oral one"),
    F_REF_OPTIONAL("person", person, PERSON, "whom it is about"),
};
#undef S
#define S ev_assessment_recorded
static const struct field assessment_recorded[] = {
    F_ID("assessment", assessment, "its id"),
    F_REF("author", author, OPERATOR, "who recorded it"),
    F_HASH_OPTIONAL("document", document, "of its evidence: the SHA-256"),
    F_ENUM("evidence", evidence, assessment_evidence_names, "what it rests on"),
    F_ENUM("kind", kind, assessment_kind_names, "what it claims"),
    F_U32_REQUIRED("number", number, "short, the last digit checks the others"),
    F_REF("person", person, PERSON, "about whom"),
    F_TIME_REQUIRED("review", review, "by when another looks at it"),
};
#undef S
#define S ev_assessment_ref
static const struct field assessment_ref[] = {
    F_REF("assessment", assessment, ASSESSMENT, "which"),
};
#undef S
#define S ev_assessment_reviewed
static const struct field assessment_reviewed[] = {
    F_REF("assessment", assessment, ASSESSMENT, "which"),
    F_REF("by", by, OPERATOR, "who looked at it"),
    F_ENUM("outcome", outcome, assessment_outcome_list, "what came of it"),
    F_TIME("review", review, "of what is upheld: by when it is looked at again"),
};
#undef S
#define S ev_booking_opened
static const struct field booking_opened[] = {
    F_ID("booking", booking, "its id"),
    F_U32_REQUIRED("number", number, "short number; the last digit checks the others"),
    F_REF("order", order, ORDER, "that holds them"),
    F_SET("outstanding", outstanding, register_field_names,
          "answered by \"unknown\" or \"declined\""),
    F_REF("person", person, PERSON, "who"),
    F_SET("recorded", recorded, register_field_names,
          "fields of the register that its details answer"),
};
#undef S
#define S ev_booking_refused
static const struct field booking_refused[] = {
    F_SET("missing", missing, register_field_names, "fields that admission needs"),
    F_REF("order", order, ORDER, "that was offered"),
    F_REF("person", person, PERSON, "who"),
    F_REASONS("reasons", reasons, "all of them, the primary one first"),
};
#undef S
#define S ev_booking_supplemented
static const struct field booking_supplemented[] = {
    F_REF("booking", booking, BOOKING, "which"),
    F_SET("outstanding", outstanding, register_field_names,
          "answered by \"unknown\" or \"declined\""),
    F_REF("person", person, PERSON, "who"),
    F_SET("recorded", recorded, register_field_names,
          "fields of the register that its details answer, anew or for the first time"),
};
#undef S
#define S ev_death_recorded
static const struct field death_recorded[] = {
    F_TIME_REQUIRED("at", at, "when, as far as is known"),
    F_REF("person", person, PERSON, "who"),
    F_REF("recorder", recorder, OPERATOR, "who recorded it"),
};
#undef S
#define S ev_death_cause_found
static const struct field death_cause_found[] = {
    F_REF("by", by, OPERATOR, "who recorded it, another than who recorded the death"),
    F_HASH("document", document, "what finds the cause: its SHA-256"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_death_remains_handed_over
static const struct field death_remains_handed_over[] = {
    F_REF("person", person, PERSON, "whose"),
    F_HASH("receipt", receipt, "what whoever took them over signed: its SHA-256"),
};
#undef S
#define S ev_mark
static const struct field mark[] = {
    F_ENUM("mark", mark, mark_names, "what is said of them"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_link
static const struct field link[] = {
    F_REF("other", other, PERSON, "and the other registration"),
    F_REF("person", person, PERSON, "one of the two"),
};
#undef S
#define S ev_movement_proposed
static const struct field movement_proposed[] = {
    F_BOOL("adults_only", adults_only, "the transport takes no minors"),
    F_REF_OPTIONAL("agreement", agreement, BASIS, "under which they are received"),
    F_TIME("departs", departs, "when, as planned"),
    F_BOOL("emergency", emergency, "medical, before its order is there"),
    F_ENUM("kind", kind, movement_kind_names, "what it is"),
    F_ID("movement", movement, "its id"),
    F_U32_REQUIRED("number", number, "short, the last digit checks the others"),
    F_REF("proposer", proposer, OPERATOR, "who proposed it"),
    F_REF_OPTIONAL("receiver", receiver, AUTHORITY, "who takes them over, and signs"),
    F_TIME("returns", returns, "by when they must be back"),
    F_U32("seats", seats, "how many it carries; none = no limit"),
    F_REF_OPTIONAL("to", to, PLACE, "to where"),
};
#undef S
#define S ev_movement_authorised
static const struct field movement_authorised[] = {
    F_REF("by", by, OPERATOR, "who agreed"),
    F_REF("movement", movement, MOVEMENT, "which"),
};
#undef S
#define S ev_movement_ref
static const struct field movement_ref[] = {
    F_REF("movement", movement, MOVEMENT, "which"),
};
#undef S
#define S ev_manifest_added
static const struct field manifest_added[] = {
    F_BOOL("alternate", alternate, "only if a seat becomes free"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF_OPTIONAL("order", order, ORDER, "that authorises it"),
    F_REF("person", person, PERSON, "who"),
    F_REFS("rests_on", rests_on, "orders and agreement"),
};
#undef S
#define S ev_manifest_cited
static const struct field manifest_cited[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("order", order, ORDER, "that authorises it from here on"),
    F_REF("person", person, PERSON, "for whom"),
    F_REFS("rests_on", rests_on, "orders and agreement"),
};
#undef S
#define S ev_member_ref
static const struct field member_ref[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_member_permitted
static const struct field member_permitted[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
    F_REFS("rests_on", rests_on, "orders and agreement"),
};
#undef S
#define S ev_identity_confirmed
static const struct field identity_confirmed[] = {
    F_ENUM("biometric", biometric, biometric_names,
           "what the sensor said; a mismatch was judged by two"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
    F_REF("presented", presented, PERSON, "of whom papers or wristband spoke"),
    F_REFS("rests_on", rests_on, "orders and agreement"),
    F_BOOL("second_identifier", second_identifier, "one more, of another kind, was compared"),
};
#undef S
#define S ev_movement_departed
static const struct field movement_departed[] = {
    F_U32_REQUIRED("boarded", boarded, "how many go; who had not boarded is off the manifest"),
    F_REF("movement", movement, MOVEMENT, "which"),
};
#undef S
#define S ev_movement_diverted
static const struct field movement_diverted[] = {
    F_REF("from", from, PLACE, "where it was to go"),
    F_REF("movement", movement, MOVEMENT, "which"),
    F_REF("to", to, PLACE, "where it goes now"),
};
#undef S
#define S ev_movement_handed_over
static const struct field movement_handed_over[] = {
    F_BOOL("kept", kept, "the paper is in the store; else it is held elsewhere"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
    F_HASH("receipt", receipt, "what the receiver signed: its SHA-256"),
    F_REFS("rests_on", rests_on, "orders and agreement"),
};
#undef S
#define S ev_movement_refused
static const struct field movement_refused[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF_OPTIONAL("person", person, PERSON, "who"),
    F_REASONS("reasons", reasons, "all of them, the primary one first"),
    F_ENUM("step", step, movement_step_names, "what was asked"),
};
#undef S
#define S ev_refusal_escalated
static const struct field refusal_escalated[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("order", order, ORDER, "that frees them, or of whose class they may be"),
    F_REF("person", person, PERSON, "who may not go"),
    F_ENUM("step", step, movement_step_names, "what was asked"),
};
#undef S
#define S ev_notice_owed
static const struct field notice_owed[] = {
    F_REF("movement", movement, MOVEMENT, "in which they left"),
    F_REF("order", order, ORDER, "whose issuer is to be told"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_hearing_set
static const struct field hearing_set[] = {
    F_TIME_REQUIRED("at", at, "when"),
    F_REF("authority", authority, AUTHORITY, "who hears them"),
    F_ID("hearing", hearing, "its id"),
    F_U32_REQUIRED("number", number, "short, the last digit checks the others"),
    F_REF("person", person, PERSON, "who is heard"),
};
#undef S
#define S ev_hearing_closed
static const struct field hearing_closed[] = {
    F_REF("hearing", hearing, HEARING, "which"),
    F_ENUM("outcome", outcome, hearing_outcome_list, "what became of it"),
};
#undef S
#define S ev_recall_raised
static const struct field recall_raised[] = {
    F_REF("movement", movement, MOVEMENT, "in which they are under way"),
    F_REF("person", person, PERSON, "who"),
    F_REASONS("reasons", reasons, "why they may not be taken there any more"),
};
#undef S
#define S ev_recall_answered
static const struct field recall_answered[] = {
    F_ENUM("answer", answer, recall_answer_names, "what whoever has them says"),
    F_REF("movement", movement, MOVEMENT, "in which they are under way"),
    F_REF("person", person, PERSON, "who"),
};
#undef S
#define S ev_count_begun
static const struct field count_begun[] = {
    F_REF("area", area, AREA, "with all that lies within it"),
    F_ID("count", count, "its id"),
    F_U32_REQUIRED("number", number, "short, the last digit checks the others"),
    F_REF("opener", opener, OPERATOR, "who began it"),
};
#undef S
#define S ev_count_tallied
static const struct field count_tallied[] = {
    F_REF("area", area, AREA, "this very one"),
    F_REF("by", by, OPERATOR, "who looked"),
    F_REF("count", count, COUNT, "of which"),
    F_U32_REQUIRED("expected", expected,
                   "how many detainees the journal has there at that instant"),
    F_U32_REQUIRED("seen", seen, "how many were seen"),
};
#undef S
#define S ev_count_closed
static const struct field count_closed[] = {
    F_REF("by", by, OPERATOR, "who closed it, and had tallied nothing of it"),
    F_REF("count", count, COUNT, "which"),
    F_BOOL("differs", differs, "some area's last tally differs from the journal"),
};
#undef S
#define S ev_deadline_passed
static const struct field deadline_passed[] = {
    F_REF_OPTIONAL("assessment", assessment, ASSESSMENT, "which was not reviewed"),
    F_ENUM("deadline", deadline, deadline_names, "what should have been done"),
    F_TIME_REQUIRED("due", due, "by then"),
    F_REF_OPTIONAL("hearing", hearing, HEARING, "which was not closed"),
    F_REF_OPTIONAL("movement", movement, MOVEMENT, "of which"),
    F_REF_OPTIONAL("order", order, ORDER, "which"),
    F_REF_OPTIONAL("person", person, PERSON, "about whom"),
    F_REF_OPTIONAL("visit", visit, VISIT, "which is over, while they are inside"),
};
#undef S
#define S ev_area_ref
static const struct field area_ref[] = {
    F_REF("area", area, AREA, "with all that lies within it"),
};
#undef S
#define S ev_threat_changed
static const struct field threat_changed[] = {
    F_REF("from", from, THREAT, "threat level before"),
    F_REF("to", to, THREAT, "and now"),
};
#undef S
#define S ev_gate_ref
static const struct field gate_ref[] = {
    F_REF("gate", gate, GATE, "which"),
};
#undef S
#define S ev_passage_granted
static const struct field passage_granted[] = {
    F_REF("credential", credential, CREDENTIAL, "what was presented"),
    F_ENUM("direction", direction, direction_names, "through the gate"),
    F_REF("door", door, DOOR, "which is unlocked"),
    F_REF("from", from, AREA, "from where"),
    F_REF("gate", gate, GATE, "the door's"),
    F_REF("person", person, PERSON, "who may pass"),
    F_BOOL("pin_checked", pin_checked, "a PIN was asked for, and right"),
    F_REF("reader", reader, READER, "where it was presented"),
    F_REFS("rests_on", rests_on, "what permits it: credential, access level, companions"),
    F_BOOL("taken", taken, "passed at once: the door was open, or has no contact"),
    F_REF("to", to, AREA, "to where"),
    F_U32_REQUIRED("unlock_ms", unlock_ms, "how long, by the reader's own timer"),
    F_REASONS("warnings", warnings, "what a soft rule found"),
};
#undef S
#define S ev_passage_refused
static const struct field passage_refused[] = {
    F_REF_OPTIONAL("credential", credential, CREDENTIAL, "what was presented, if it is known"),
    F_ENUM("credential_state", credential_state, credential_state_names,
           "at that instant, for this way"),
    F_ENUM("direction", direction, direction_names, "through the gate"),
    F_REF("door", door, DOOR, "which stays locked"),
    F_REF("from", from, AREA, "from where"),
    F_REF("gate", gate, GATE, "the door's"),
    F_REF_OPTIONAL("person", person, PERSON, "the holder, if known"),
    F_REF("reader", reader, READER, "where it was presented"),
    F_REASONS("reasons", reasons, "all of them, the primary one first"),
    F_REF("to", to, AREA, "to where"),
    F_BOOL("waiting", waiting, "only a companion is missing: the door waits for one"),
};
#undef S
#define S ev_passage_ended
static const struct field passage_ended[] = {
    F_REF("door", door, DOOR, "which"),
    F_REF("from", from, AREA, "where the journal had them"),
    F_REF("gate", gate, GATE, "the door's"),
    F_U64_REQUIRED("granted", granted, "index of the entry that permitted it"),
    F_REF("person", person, PERSON, "who"),
    F_REF("to", to, AREA, "to where it was permitted"),
};
#undef S
#define S ev_reported_late
static const struct field reported_late[] = {
    F_REF_OPTIONAL("door", door, DOOR, "which"),
    F_TIME("occurred_at", occurred_at, "when the line says it was"),
    F_REF_OPTIONAL("person", person, PERSON, "the holder, if known"),
    F_REF_OPTIONAL("reader", reader, READER, "where"),
    F_ENUM("sign", sign, door_sign_names, "what was seen, of a door"),
};
#undef S
#define S ev_door_opened
static const struct field door_opened[] = {
    F_ENUM("cause", cause, opening_names, "why"),
    F_REF("door", door, DOOR, "which"),
    F_REF("gate", gate, GATE, "the door's"),
};
#undef S
#define S ev_door_closed
static const struct field door_closed[] = {
    F_REF("door", door, DOOR, "which"),
    F_REF("gate", gate, GATE, "the door's"),
    F_BOOL("relocks", relocks, "nobody else was let in meanwhile: the bolt goes out at once"),
};
#undef S
#define S ev_door_ref
static const struct field door_ref[] = {
    F_REF("door", door, DOOR, "which"),
    F_REF("gate", gate, GATE, "the door's"),
};
#undef S
#define S ev_duress_raised
static const struct field duress_raised[] = {
    F_REF("door", door, DOOR, "where"),
    F_REF("person", person, PERSON, "who gave their duress PIN"),
};
#undef S
#define S ev_reader_ref
static const struct field reader_ref[] = {
    F_REF("reader", reader, READER, "which"),
};
#undef S
#define S ev_alarm_acknowledged
static const struct field alarm_acknowledged[] = {
    F_U64_REQUIRED("alarm", alarm, "index of the entry that raised it"),
};
#undef S
#define S ev_details_read
static const struct field details_read[] = {
    F_REF_OPTIONAL("movement", movement, MOVEMENT, "of all on its manifest"),
    F_REF_OPTIONAL("order", order, ORDER, "of this order"),
    F_REF_OPTIONAL("person", person, PERSON, "whose; none of the three = of everyone"),
};
#undef S
#define S ev_details_erased
static const struct field details_erased[] = {
    F_ENUM("ground", ground, erasure_ground_names, "what asked for it"),
    F_REF("person", person, PERSON, "whose"),
};
#undef S
#define S ev_clock_stepped
static const struct field clock_stepped[] = {
    F_U64_REQUIRED("by", by, "microseconds that the clock was set forward"),
};
#undef S
#define S ev_snapshot_taken
static const struct field snapshot_taken[] = {
    F_HASH("state", state, "SHA-256 of the state before this entry"),
};
#undef S
#define S ev_command_refused
static const struct field command_refused[] = {
    F_REASONS("reasons", reasons, "all of them, the primary one first"),
};
#undef S

static const uint8_t flags_of[EVENT_COUNT] = {
#define X(NAME, member, type, flags) [EVENT_##NAME] = flags,
    EVENT_LIST(X)
#undef X
};

static const char *const docs[EVENT_COUNT] = {
    [EVENT_SITE_CREATED] = "the journal begins",
    [EVENT_PLAN_APPLIED] = "a site plan is in force",
    [EVENT_OPERATOR_ADDED] = "an operator may log in",
    [EVENT_OPERATOR_DISABLED] = "an operator may no longer act",
    [EVENT_OPERATOR_COMPROMISED] = "likewise, and what they did since then is to be reviewed",
    [EVENT_PERSON_ADDED] = "a person is registered",
    [EVENT_PERSON_SUSPENDED] = "a person is refused everywhere",
    [EVENT_PERSON_REINSTATED] = "a suspended person is permitted again",
    [EVENT_PERSON_DEPARTED] = "a person has left for good",
    [EVENT_PERSON_MERGED] = "two registrations are one human",
    [EVENT_PERSON_UNMERGED] = "a merge was wrong",
    [EVENT_PERSON_LOCATED] = "an officer corrected where someone is",
    [EVENT_PERSON_IDENTIFIED] = "another name, identifier or birth date of a person is known",
    [EVENT_CANDIDATES_UNLINKED] = "more may be the same human than could be linked: look at them",
    [EVENT_VISIT_OPENED] = "a visitor, counsel or inspector is expected",
    [EVENT_VISIT_CLOSED] = "and no longer",
    [EVENT_PERSON_PHOTOGRAPHED] = "a photograph of a person was taken; its details say which",
    [EVENT_CREDENTIAL_ISSUED] = "a credential is in use",
    [EVENT_CREDENTIAL_SUSPENDED] = "a credential is refused for now",
    [EVENT_CREDENTIAL_REINSTATED] = "a credential is in use again",
    [EVENT_CREDENTIAL_LOST] = "a credential was lost",
    [EVENT_CREDENTIAL_REVOKED] = "a credential is refused for good",
    [EVENT_CREDENTIAL_COMPROMISED] = "likewise, and what was done with it is to be reviewed",
    [EVENT_PIN_SET] = "a PIN was set or removed",
    [EVENT_PIN_LOCKED] = "too many wrong PINs",
    [EVENT_LEVEL_GRANTED] = "a person holds an access level",
    [EVENT_LEVEL_REVOKED] = "a person holds it no longer",
    [EVENT_SEPARATION_ADDED] = "two persons are kept separate",
    [EVENT_SEPARATION_LIFTED] = "and no longer",
    [EVENT_AUTHORITY_ADDED] = "a court, an agency or a state that issues orders",
    [EVENT_PLACE_ADDED] = "a place where persons are brought",
    [EVENT_BASIS_ADDED] = "a statute or an agreement that orders rest on",
    [EVENT_BASIS_REPEALED] = "it is no more",
    [EVENT_AGREEMENT_COMMITTED] = "funds are committed under an agreement",
    [EVENT_AGREEMENT_PAID] = "funds were paid under an agreement",
    [EVENT_CLASS_ADDED] = "a class of persons that orders are about",
    [EVENT_CLASS_ASSIGNED] = "whether a person is of a class",
    [EVENT_ORDER_RECORDED] = "an order; what forbids binds from here on",
    [EVENT_ORDER_AUTHENTICATED] = "another operator found it to be its issuer's",
    [EVENT_ORDER_WRITTEN] = "the writing of an oral order",
    [EVENT_ORDER_DIFFERS] = "the writing says otherwise than what was recorded",
    [EVENT_ORDER_RECALLED] = "its issuer withdrew it",
    [EVENT_ORDER_REFUTED] = "it is not its issuer's: somebody made it up",
    [EVENT_ORDER_CONFLICTS] = "an order has come into force, and others in force say otherwise",
    [EVENT_ASSESSMENT_RECORDED] = "a claim about a person; nothing rests on it",
    [EVENT_ASSESSMENT_CONTESTED] = "it is said not to be so",
    [EVENT_ASSESSMENT_REVIEWED] = "another operator has looked at it",
    [EVENT_BOOKING_OPENED] = "a detainee was admitted",
    [EVENT_BOOKING_REFUSED] = "a detainee was not admitted",
    [EVENT_BOOKING_SUPPLEMENTED] = "the register of a booking says more, or something else",
    [EVENT_DEATH_RECORDED] = "a person has died; the register stays open",
    [EVENT_DEATH_CAUSE_FOUND] = "of what they died, by a document",
    [EVENT_DEATH_REMAINS_HANDED_OVER] = "their remains were handed over",
    [EVENT_DEATH_RETRACTED] = "they had not died: all that was before is so again",
    [EVENT_MARK_SET] = "what keeps a person from being moved",
    [EVENT_MARK_CLEARED] = "and was resolved",
    [EVENT_LINK_RECORDED] = "two registrations may be one human",
    [EVENT_LINK_DISMISSED] = "and are not",
    [EVENT_MOVEMENT_PROPOSED] = "a movement is proposed",
    [EVENT_MOVEMENT_AUTHORISED] = "a second operator agreed to it",
    [EVENT_MOVEMENT_CANCELLED] =
        "a movement does not take place; nobody is on its manifest any more",
    [EVENT_MANIFEST_ADDED] = "a detainee is on a manifest, or among the alternates",
    [EVENT_MANIFEST_CITED] = "it rests on another order for this person",
    [EVENT_MANIFEST_PROMOTED] = "an alternate has a seat",
    [EVENT_MANIFEST_REMOVED] = "a person is off the manifest",
    [EVENT_IDENTITY_CONFIRMED] = "it is they who stand there",
    [EVENT_MOVEMENT_BOARDED] = "a person is aboard",
    [EVENT_MOVEMENT_DISEMBARKED] = "a person is off the vehicle again",
    [EVENT_MOVEMENT_DEPARTED] = "a movement has left, with those aboard",
    [EVENT_MOVEMENT_DIVERTED] = "a movement goes to another place",
    [EVENT_MOVEMENT_ARRIVED] = "a movement is there",
    [EVENT_MOVEMENT_HANDED_OVER] = "the receiver signed: a person is in their custody",
    [EVENT_MOVEMENT_REFUSED] = "a step of a movement is not permitted",
    [EVENT_REFUSAL_ESCALATED] = ("whoever is freed by an order, or may be of a class, may not go: "
                                 "somebody has to resolve it"),
    [EVENT_NOTICE_OWED] = "someone left although an order forbids it: tell its issuer",
    [EVENT_HEARING_SET] = "a person is to be heard",
    [EVENT_HEARING_CLOSED] = "and was, or it was put off, or will not be",
    [EVENT_RECALL_RAISED] = "a person under way may not be taken there any more: bring them back",
    [EVENT_RECALL_ANSWERED] = "whoever has them has answered",
    [EVENT_COUNT_BEGUN] = "detainees are counted, in an area and all within it",
    [EVENT_COUNT_TALLIED] = "how many were seen in one area, and how many the journal has there",
    [EVENT_COUNT_DIFFERS] = "the two differ: nobody is moved until that is resolved",
    [EVENT_COUNT_CLOSED] = "every area was looked at",
    [EVENT_DEADLINE_PASSED] = "something that should have been done by now was not",
    [EVENT_LOCKDOWN_STARTED] = "an area is locked down",
    [EVENT_LOCKDOWN_RELEASED] = "and no longer",
    [EVENT_THREAT_CHANGED] = "another threat level is in force",
    [EVENT_GATE_CLOSED] = "a gate is out of service",
    [EVENT_GATE_OPENED] = "a gate is in service",
    [EVENT_PASSAGE_GRANTED] = "a person may pass a door now",
    [EVENT_PASSAGE_REFUSED] = "a person may not",
    [EVENT_PASSAGE_TAKEN] = "the door opened: the person is on the other side",
    [EVENT_PASSAGE_NOT_TAKEN] = "the door relocked unused: the person is where they were",
    [EVENT_PASSAGE_REPORTED_LATE] = "a line was cut off and tells of a card now",
    [EVENT_DOOR_OPENED] = "a door was opened",
    [EVENT_DOOR_CLOSED] = "a door was closed",
    [EVENT_DOOR_LOCKED] = "a door is locked again",
    [EVENT_DOOR_EXIT_REQUESTED] = "someone inside asked to leave",
    [EVENT_DOOR_FORCED] = "a door was opened while it was secured",
    [EVENT_DOOR_HELD] = "a door stands open too long",
    [EVENT_DOOR_LOCK_FAILED] = "a door should be locked, and its lock does not say so",
    [EVENT_DOOR_REPORTED_LATE] = "a line was cut off and tells of a door now",
    [EVENT_DURESS_RAISED] = "a duress PIN was given",
    [EVENT_READER_ONLINE] = "a reader answers again",
    [EVENT_READER_OFFLINE] = "a reader does not answer",
    [EVENT_READER_TAMPERED] = "a reader was opened or torn off",
    [EVENT_READER_RESTORED] = "its tamper contact is closed again",
    [EVENT_READER_INSECURE] = "a reader answers, but not as securely as the plan wants",
    [EVENT_READER_SECURE] = "a reader is as secure as the plan wants",
    [EVENT_READER_POWER_FAILED] = "a reader's power failed: it runs on what is left",
    [EVENT_READER_POWER_RESTORED] = "a reader has power again",
    [EVENT_READER_REKEY_ORDERED] = "a reader is to get another key",
    [EVENT_READER_REKEYED] = "a reader has the key that was ordered",
    [EVENT_ALARM_ACKNOWLEDGED] = "an operator has seen an alarm",
    [EVENT_DETAILS_READ] = "personal details were read",
    [EVENT_DETAILS_ERASED] = "personal details were erased; every proof still holds",
    [EVENT_CLOCK_STEPPED] = "the clock was set forward; what runs at doors takes as long as before",
    [EVENT_SNAPSHOT_TAKEN] = "the state was written down with its hash",
    [EVENT_COMMAND_REFUSED] = "an operator asked for what they may not do",
};

const struct record event_records[EVENT_COUNT] = {
#define X(NAME, member, type, flags)                                                               \
  [EVENT_##                                                                                        \
      NAME] = {type, member, sizeof member / sizeof member[0], sizeof(struct ev_##member), NULL},
    EVENT_LIST(X)
#undef X
};

unsigned event_flags(enum event_type type) {
  SP_ASSERT((unsigned)type < EVENT_COUNT);
  return flags_of[type];
}

const char *event_doc(enum event_type type) {
  SP_ASSERT((unsigned)type < EVENT_COUNT);
  return docs[type];
}
