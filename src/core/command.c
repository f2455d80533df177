#include "core/assessment.h"
#include "core/command.h"

#include "core/deadline.h"
#include "core/fields.h"
#include "core/movement.h"
#include "core/reason.h"
#include "core/register_fields.h"

#define X(NAME, text, doc) text,
const char *const role_names[] = {ROLE_LIST(X) NULL};
#undef X
const char *const biometric_names[] = {"none", "match", "mismatch", NULL};
const char *const door_sign_names[] = {"opened", "closed", "locked", "rex", NULL};
const char *const reader_sign_names[] = {
    [READER_ONLINE] = "online",
    [READER_OFFLINE] = "offline",
    [READER_TAMPERED] = "tampered",
    [READER_RESTORED] = "restored",
    [READER_INSECURE] = "insecure",
    [READER_SECURE] = "secure",
    [READER_POWER_FAILED] = "power_failed",
    [READER_POWER_RESTORED] = "power_restored",
    [READER_REKEYED] = "rekeyed",
    [READER_SIGN_COUNT] = NULL,
};
const char *const erasure_ground_names[] = {"retention", "request", "court", NULL};

#define S cmd_site_create
static const struct field site_create[] = {
    F_TYPE,
    F_HASH("vkey", vkey, "SHA-256 of the log's verifier key, as text"),
};
#undef S
#define S cmd_plan_apply
static const struct field plan_apply[] = {
    F_HASH("compiled", compiled, "blob: the plan as the core uses it"),
    F_HASH("source", source, "blob: the YAML as it was written"),
    F_TYPE,
};
#undef S
#define S cmd_operator_add
static const struct field operator_add[] = {
    F_ID_NEW("operator", operator_id, "new id"),
    F_ENUM("role", role, role_names, "what they may do"),
    F_TYPE,
};
#undef S
#define S cmd_operator_ref
static const struct field operator_ref[] = {
    F_REF("operator", operator_index, OPERATOR, "who"),
    F_TYPE,
};
#undef S
#define S cmd_operator_compromise
static const struct field operator_compromise[] = {
    F_REF("operator", operator_index, OPERATOR, "who"),
    F_TIME_REQUIRED("since", since, "their password may have been in other hands from then on"),
    F_TYPE,
};
#undef S
#define S cmd_person_add
static const struct field person_add[] = {
    F_CANDIDATES("candidates", candidates, "registrations that may be the same human"),
    F_TIME("from", from, "may be here from this second on"),
    F_ENUM("kind", kind, person_kind_names, "what kind of person"),
    F_MORE("more", more, "and others, more than are named"),
    F_ID_NEW("person", person, "new id"),
    F_TYPE,
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S cmd_person_ref
static const struct field person_ref[] = {
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_person_merge
static const struct field person_merge[] = {
    F_REF("into", into, PERSON, "the registration that stays"),
    F_REF("person", person, PERSON, "the one that is the same human"),
    F_TYPE,
};
#undef S
#define S cmd_person_locate
static const struct field person_locate[] = {
    F_REF("area", area, AREA, "where an officer has seen them"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_person_identify
static const struct field person_identify[] = {
    F_CANDIDATES("candidates", candidates, "registrations that may be the same human"),
    F_MORE("more", more, "and others, more than are named"),
    F_REF("person", person, PERSON, "of whom its details tell another name, number or date"),
    F_TYPE,
};
#undef S
#define S cmd_visit_open
static const struct field visit_open[] = {
    F_REF_OPTIONAL("about", about, PERSON, "the detainee whom they visit"),
    F_REF_OPTIONAL("area", area, AREA, "where they are received"),
    F_TIME("from", from, "expected from this second on; none = now"),
    F_REF_OPTIONAL("host", host, PERSON, "who of the staff receives them"),
    F_REF("person", person, PERSON, "who is expected"),
    F_TYPE,
    F_TIME_REQUIRED("until", until, "and before this one"),
    F_ID_NEW("visit", visit, "its id"),
};
#undef S
#define S cmd_visit_ref
static const struct field visit_ref[] = {
    F_TYPE,
    F_REF("visit", visit, VISIT, "which"),
};
#undef S
#define S cmd_person_photo
static const struct field person_photo[] = {
    F_REF("person", person, PERSON, "of whom; the photograph comes with it"),
    F_TYPE,
};
#undef S
#define S cmd_credential_issue
static const struct field credential_issue[] = {
    F_ID_NEW("credential", credential, "new id"),
    F_REF("format", format, FORMAT, "card format"),
    F_TIME("from", from, "valid from this second on"),
    F_BOOL("once", once, "a one-time pass, which needs an end: one way in, and one way out"),
    F_REF("person", person, PERSON, "the holder"),
    F_ID_NEW("tag", tag, "keyed tag of the card; the card's bits are never written"),
    F_TYPE,
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S cmd_credential_ref
static const struct field credential_ref[] = {
    F_REF("credential", credential, CREDENTIAL, "which"),
    F_TYPE,
};
#undef S
#define S cmd_credential_compromise
static const struct field credential_compromise[] = {
    F_REF("credential", credential, CREDENTIAL, "which"),
    F_TIME_REQUIRED("since", since, "it may have been in other hands from then on"),
    F_TYPE,
};
#undef S
#define S cmd_pin_set
static const struct field pin_set[] = {
    F_TAG("duress", duress, "keyed tag of the PIN that also raises a silent alarm"),
    F_REF("person", person, PERSON, "whose"),
    F_TAG("pin", pin, "keyed tag; none removes the PIN"),
    F_TYPE,
};
#undef S
#define S cmd_level_grant
static const struct field level_grant[] = {
    F_TIME("from", from, "from this second on"),   F_REF("level", level, LEVEL, "access level"),
    F_REF("person", person, PERSON, "who"),        F_TYPE,
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S cmd_level_revoke
static const struct field level_revoke[] = {
    F_REF("level", level, LEVEL, "access level"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_separation
static const struct field separation[] = {
    F_REF("from_person", from_person, PERSON, "and the other"),
    F_REF("person", person, PERSON, "one of the two"),
    F_TYPE,
};
#undef S
#define S cmd_authority_add
static const struct field authority_add[] = {
    F_REF_OPTIONAL("above", above, AUTHORITY, "who may set its orders aside"),
    F_SLUG("authority", authority, "its name"),
    F_TYPE,
};
#undef S
#define S cmd_place_add
static const struct field place_add[] = {
    F_REF("country", country, COUNTRY, "where it lies"),
    F_SLUG("place", place, "its name; that of the site is the site itself"),
    F_TYPE,
};
#undef S
#define S cmd_basis_add
static const struct field basis_add[] = {
    F_BOOL("agreement", agreement, "under which persons are received elsewhere"),
    F_SLUG("basis", basis, "its name"),
    F_REF_OPTIONAL("country", country, COUNTRY, "of an agreement: which receives"),
    F_TIME("from", from, "in force from this second on"),
    F_REF_OPTIONAL("place", place, PLACE, "of an agreement: where, if it says"),
    F_U32("places", places, "of an agreement: how many it receives; none = no limit"),
    F_REF_OPTIONAL("replaces", replaces, BASIS, "of which it is the next version"),
    F_TYPE,
    F_TIME("until", until, "and before this one"),
};
#undef S
#define S cmd_basis_ref
static const struct field basis_ref[] = {
    F_REF("basis", basis, BASIS, "which"),
    F_TYPE,
};
#undef S
#define S cmd_funds
static const struct field funds[] = {
    F_REF("agreement", agreement, BASIS, "under which"),
    F_U64_REQUIRED("amount", amount, "how much, in whole minor units: cents"),
    F_SLUG("currency", currency, "of ISO 4217, in lower case: usd"),
    F_HASH_OPTIONAL("document", document, "blob: its paper"),
    F_TYPE,
};
#undef S
#define S cmd_class_add
static const struct field class_add[] = {
    F_SLUG("class", class, "its name"),
    F_TYPE,
    F_ENUM("unlisted", unlisted, membership_names, "what those are whom nobody has put in or out"),
};
#undef S
#define S cmd_class_member
static const struct field class_member[] = {
    F_REF("class", class, CLASS, "which"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_order_record
static const struct field order_record[] = {
    F_REF_OPTIONAL("basis", basis, BASIS, "the legal basis that it rests on"),
    F_REF_OPTIONAL("class", class, CLASS, "about these persons"),
    F_REFS("countries", countries, "that it bars, or to which it leads: us,mx"),
    F_HASH_OPTIONAL("document", document, "the paper: its SHA-256"),
    F_TIME("due", due, "by when it must have been done"),
    F_TIME("effective", effective, "in force from this second on"),
    F_REF_OPTIONAL("ends", ends, ORDER, "the order that it ends: vacated, lifted or superseded"),
    F_TIME("expires", expires, "and before this one"),
    F_REF_OPTIONAL("from", from, PLACE, "from where, or where to hold"),
    F_REF("issuer", issuer, AUTHORITY, "whose it is"),
    F_BOOL_ENGINE("kept", kept, "the paper came with it and is in the store"),
    F_ENUM("kind", kind, order_kind_names, "what it is"),
    F_SET("movements", movements, movement_kind_names, "only these kinds, like removal,transfer"),
    F_REF_OPTIONAL("on_basis", on_basis, BASIS, "about this legal basis: it is suspended"),
    F_BOOL("oral", oral, "spoken; its writing follows"),
    F_ID_NEW("order", order, "its id"),
    F_REF_OPTIONAL("other", other, PERSON, "whom to keep apart from"),
    F_REF_OPTIONAL("person", person, PERSON, "about this person"),
    F_BOOL("sealed", sealed, "what it says is told to few"),
    F_REF_OPTIONAL("to", to, PLACE, "to where"),
    F_TYPE,
};
#undef S
#define S cmd_order_ref
static const struct field order_ref[] = {
    F_REF("order", order, ORDER, "which"),
    F_TYPE,
};
#undef S
#define S cmd_order_write
static const struct field order_write[] = {
    F_BOOL("differs", differs, "it says otherwise than what was recorded"),
    F_HASH("document", document, "the paper: its SHA-256"),
    F_BOOL_ENGINE("kept", kept, "the paper came with it and is in the store"),
    F_REF("order", order, ORDER, "which oral one"),
    F_TYPE,
};
#undef S
#define S cmd_assessment_record
static const struct field assessment_record[] = {
    F_ID_NEW("assessment", assessment, "its id"),
    F_HASH_OPTIONAL("document", document, "of sealed or open evidence: its SHA-256"),
    F_ENUM("evidence", evidence, assessment_evidence_names, "what it rests on"),
    F_ENUM("kind", kind, assessment_kind_names, "what it claims"),
    F_REF("person", person, PERSON, "about whom"),
    F_TIME_REQUIRED("review", review, "by when another looks at it"),
    F_TYPE,
};
#undef S
#define S cmd_assessment_ref
static const struct field assessment_ref[] = {
    F_REF("assessment", assessment, ASSESSMENT, "which"),
    F_TYPE,
};
#undef S
#define S cmd_assessment_review
static const struct field assessment_review[] = {
    F_REF("assessment", assessment, ASSESSMENT, "which"),
    F_ENUM("outcome", outcome, assessment_outcome_list, "what came of it"),
    F_TIME("review", review, "of what is upheld: by when it is looked at again"),
    F_TYPE,
};
#undef S
#define S cmd_booking_open
static const struct field booking_open[] = {
    F_ID_NEW("booking", booking, "its id"),
    F_REF("order", order, ORDER, "that holds them"),
    F_SET_ENGINE("outstanding", outstanding, register_field_names,
                 "answered by \"unknown\" or \"declined\""),
    F_REF("person", person, PERSON, "who"),
    F_SET_ENGINE("recorded", recorded, register_field_names,
                 "fields of the register that the details answer"),
    F_TYPE,
};
#undef S
#define S cmd_booking_supplement
static const struct field booking_supplement[] = {
    F_REF("booking", booking, BOOKING, "which"),
    F_SET_ENGINE("outstanding", outstanding, register_field_names,
                 "answered by \"unknown\" or \"declined\""),
    F_SET_ENGINE("recorded", recorded, register_field_names,
                 "fields of the register that the details answer"),
    F_TYPE,
};
#undef S
#define S cmd_death_record
static const struct field death_record[] = {
    F_TIME_REQUIRED("at", at, "when, as far as is known"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_death_cause
static const struct field death_cause[] = {
    F_HASH("document", document, "what finds the cause: its SHA-256"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_death_remains
static const struct field death_remains[] = {
    F_REF("person", person, PERSON, "whose"),
    F_HASH("receipt", receipt, "what whoever took them over signed: its SHA-256"),
    F_TYPE,
};
#undef S
#define S cmd_mark
static const struct field mark[] = {
    F_ENUM("mark", mark, mark_names, "what is said of them"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_link
static const struct field link[] = {
    F_REF("other", other, PERSON, "and the other registration"),
    F_REF("person", person, PERSON, "one of the two"),
    F_TYPE,
};
#undef S
#define S cmd_movement_propose
static const struct field movement_propose[] = {
    F_BOOL("adults_only", adults_only, "the transport takes no minors"),
    F_REF_OPTIONAL("agreement", agreement, BASIS, "under which they are received"),
    F_TIME("departs", departs, "when, as planned"),
    F_BOOL("emergency", emergency, "medical, before its order is there"),
    F_ENUM("kind", kind, movement_kind_names, "what it is"),
    F_ID_NEW("movement", movement, "its id"),
    F_REF_OPTIONAL("receiver", receiver, AUTHORITY, "who takes them over, and signs"),
    F_TIME("returns", returns, "by when they must be back"),
    F_U32("seats", seats, "how many it carries; none = no limit"),
    F_REF_OPTIONAL("to", to, PLACE, "to where"),
    F_TYPE,
};
#undef S
#define S cmd_movement_ref
static const struct field movement_ref[] = {
    F_REF("movement", movement, MOVEMENT, "which"),
    F_TYPE,
};
#undef S
#define S cmd_manifest_add
static const struct field manifest_add[] = {
    F_BOOL("alternate", alternate, "only if a seat becomes free"),
    F_REF_OPTIONAL("assessment", assessment, ASSESSMENT, "offered with it: it authorises nothing"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF_OPTIONAL("order", order, ORDER, "that authorises it"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_manifest_cite
static const struct field manifest_cite[] = {
    F_REF_OPTIONAL("assessment", assessment, ASSESSMENT, "offered with it: it authorises nothing"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF_OPTIONAL("order", order, ORDER, "that authorises it, instead of the one before"),
    F_REF("person", person, PERSON, "for whom"),
    F_TYPE,
};
#undef S
#define S cmd_member_ref
static const struct field member_ref[] = {
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_identity_confirm
static const struct field identity_confirm[] = {
    F_ENUM("biometric", biometric, biometric_names, "what the sensor says"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "whom the manifest names"),
    F_REF("presented", presented, PERSON, "of whom papers or wristband speak"),
    F_BOOL("second_identifier", second_identifier, "one more, of another kind, was compared"),
    F_TYPE,
};
#undef S
#define S cmd_movement_divert
static const struct field movement_divert[] = {
    F_REF("movement", movement, MOVEMENT, "which"),
    F_REF("to", to, PLACE, "to where it goes now"),
    F_TYPE,
};
#undef S
#define S cmd_movement_handover
static const struct field movement_handover[] = {
    F_BOOL_ENGINE("kept", kept, "the paper came with it and is in the store"),
    F_REF("movement", movement, MOVEMENT, "of which"),
    F_REF("person", person, PERSON, "who"),
    F_HASH_OPTIONAL("receipt", receipt, "what the receiver signed: its SHA-256"),
    F_TYPE,
};
#undef S
#define S cmd_hearing_set
static const struct field hearing_set[] = {
    F_TIME_REQUIRED("at", at, "when"),
    F_REF("authority", authority, AUTHORITY, "who hears them"),
    F_ID_NEW("hearing", hearing, "its id"),
    F_REF("person", person, PERSON, "who is heard"),
    F_TYPE,
};
#undef S
#define S cmd_hearing_close
static const struct field hearing_close[] = {
    F_REF("hearing", hearing, HEARING, "which"),
    F_ENUM("outcome", outcome, hearing_outcome_list, "what became of it"),
    F_TYPE,
};
#undef S
#define S cmd_recall_answer
static const struct field recall_answer[] = {
    F_ENUM("answer", answer, recall_answer_names, "what whoever has them says"),
    F_REF("movement", movement, MOVEMENT, "in which they are under way"),
    F_REF("person", person, PERSON, "who"),
    F_TYPE,
};
#undef S
#define S cmd_count_begin
static const struct field count_begin[] = {
    F_REF("area", area, AREA, "with all that lies within it"),
    F_ID_NEW("count", count, "its id"),
    F_TYPE,
};
#undef S
#define S cmd_count_tally
static const struct field count_tally[] = {
    F_REF("area", area, AREA, "this very one, not those within it"),
    F_REF("count", count, COUNT, "of which"),
    F_U32_REQUIRED("seen", seen, "how many detainees are seen there"),
    F_TYPE,
};
#undef S
#define S cmd_count_ref
static const struct field count_ref[] = {
    F_REF("count", count, COUNT, "which"),
    F_TYPE,
};
#undef S
#define S cmd_area_ref
static const struct field area_ref[] = {
    F_REF("area", area, AREA, "with all that lies within it"),
    F_TYPE,
};
#undef S
#define S cmd_threat_ref
static const struct field threat_ref[] = {
    F_REF("threat", threat, THREAT, "the threat level to come"),
    F_TYPE,
};
#undef S
#define S cmd_gate_ref
static const struct field gate_ref[] = {
    F_REF("gate", gate, GATE, "which"),
    F_TYPE,
};
#undef S
#define S cmd_pass
static const struct field pass[] = {
    F_ENUM("biometric", biometric, biometric_names, "what the reader's sensor says"),
    F_REF_OPTIONAL("format", format, FORMAT, "card format; none if the plan has no such"),
    F_BOOL("late", late, "buffered while the line was cut off: recorded, opens nothing"),
    F_TIME("occurred_at", occurred_at, "of a late one: when the line says it was"),
    F_TAG("pin", pin, "keyed tag of the PIN, if one was given"),
    F_REF("reader", reader, READER, "where it was presented"),
    F_ID_NEW("tag", tag, "keyed tag of the card"),
    F_TYPE,
};
#undef S
#define S cmd_door_report
static const struct field door_report[] = {
    F_U64("after", after,
          "entry of the last unlock or lock of this door that the line had carried out when it saw "
          "this, 1 = none yet; what is older than the last unlock says nothing about the bolt"),
    F_REF("door", door, DOOR, "which"),
    F_BOOL("late", late, "buffered while the line was cut off"),
    F_TIME("occurred_at", occurred_at, "of a late one: when the line says it was"),
    F_ENUM("sign", sign, door_sign_names, "what was seen"),
    F_TYPE,
};
#undef S
#define S cmd_reader_report
static const struct field reader_report[] = {
    F_REF("reader", reader, READER, "which"),
    F_ENUM("sign", sign, reader_sign_names, "what was seen"),
    F_TYPE,
};
#undef S
#define S cmd_reader_ref
static const struct field reader_ref[] = {
    F_REF("reader", reader, READER, "which"),
    F_TYPE,
};
#undef S
#define S cmd_alarm_acknowledge
static const struct field alarm_acknowledge[] = {
    F_U64_REQUIRED("alarm", alarm, "index of the entry that raised it"),
    F_TYPE,
};
#undef S
#define S cmd_details_read
static const struct field details_read[] = {
    F_REF_OPTIONAL("movement", movement, MOVEMENT, "of all on its manifest"),
    F_REF_OPTIONAL("order", order, ORDER, "of this order"),
    F_REF_OPTIONAL("person", person, PERSON, "whose; none of the three = of everyone"),
    F_TYPE,
};
#undef S
#define S cmd_details_erase
static const struct field details_erase[] = {
    F_ENUM("ground", ground, erasure_ground_names, "what asked for it"),
    F_REF("person", person, PERSON, "whose"),
    F_TYPE,
};
#undef S
#define S cmd_clock_step
static const struct field clock_step[] = {
    F_U64_REQUIRED("by", by, "microseconds that the clock was set forward"),
    F_TYPE,
};
#undef S
#define S cmd_snapshot_take
static const struct field snapshot_take[] = {
    F_HASH("state", state, "SHA-256 of the state before this entry"),
    F_TYPE,
};
#undef S
static const struct field tick[] = {F_TYPE};

static const char *const docs[COMMAND_COUNT] = {
    [COMMAND_SITE_CREATE] = "begin the journal of a new site",
    [COMMAND_PLAN_APPLY] = "put a site plan in force",
    [COMMAND_OPERATOR_ADD] = "let a person log in, in one role",
    [COMMAND_OPERATOR_DISABLE] = "end that",
    [COMMAND_OPERATOR_COMPROMISE] = "end that; others may have acted as them since some instant",
    [COMMAND_PERSON_ADD] = "register a person",
    [COMMAND_PERSON_SUSPEND] = "refuse them everywhere",
    [COMMAND_PERSON_REINSTATE] = "end that",
    [COMMAND_PERSON_DEPART] = "they have left for good",
    [COMMAND_PERSON_MERGE] = "two registrations are one human",
    [COMMAND_PERSON_UNMERGE] = "they are not; both histories stay",
    [COMMAND_PERSON_LOCATE] = "correct where someone is, as seen by an officer",
    [COMMAND_PERSON_IDENTIFY] = "another name, identifier or birth date of a person is known",
    [COMMAND_VISIT_OPEN] = "a visitor, counsel or inspector is expected, by whom and until when",
    [COMMAND_VISIT_CLOSE] = "a visit is over, or does not take place",
    [COMMAND_PERSON_PHOTO] = "keep a photograph of a person",
    [COMMAND_CREDENTIAL_ISSUE] = "issue a card or other credential",
    [COMMAND_CREDENTIAL_SUSPEND] = "refuse it for now",
    [COMMAND_CREDENTIAL_REINSTATE] = "end that",
    [COMMAND_CREDENTIAL_LOST] = "it was lost; reinstated when found",
    [COMMAND_CREDENTIAL_REVOKE] = "refuse it for good",
    [COMMAND_CREDENTIAL_COMPROMISE] = "likewise; others may have had it since some instant",
    [COMMAND_PIN_SET] = "set, change or remove a PIN",
    [COMMAND_LEVEL_GRANT] = "give an access level, or change its dates",
    [COMMAND_LEVEL_REVOKE] = "take it away",
    [COMMAND_SEPARATION_ADD] = "keep two persons separate",
    [COMMAND_SEPARATION_LIFT] = "end that",
    [COMMAND_AUTHORITY_ADD] = "name a court, an agency or a state that issues orders",
    [COMMAND_PLACE_ADD] = "name a place where persons are brought",
    [COMMAND_BASIS_ADD] = "name a statute or an agreement that orders rest on",
    [COMMAND_BASIS_REPEAL] = "it is no more; of an agreement: it is terminated",
    [COMMAND_AGREEMENT_COMMIT] = "funds are committed under an agreement",
    [COMMAND_AGREEMENT_PAY] = "and paid, no more than were committed",
    [COMMAND_CLASS_ADD] = "name a class of persons that orders are about",
    [COMMAND_CLASS_INCLUDE] = "a person is of a class",
    [COMMAND_CLASS_DOUBT] = "it is uncertain whether they are",
    [COMMAND_CLASS_EXCLUDE] = "they are not",
    [COMMAND_ORDER_RECORD] = "record an order; what forbids binds at once",
    [COMMAND_ORDER_AUTHENTICATE] = "another operator has asked its issuer: it is theirs",
    [COMMAND_ORDER_WRITE] = "the writing of an oral order has come",
    [COMMAND_ORDER_RECALL] = "its issuer withdraws what held, moved or informed",
    [COMMAND_ORDER_REFUTE] = "it is not its issuer's",
    [COMMAND_ASSESSMENT_RECORD] = "record a claim about a person: it authorises nothing",
    [COMMAND_ASSESSMENT_CONTEST] = "somebody, or the person, says it is not so",
    [COMMAND_ASSESSMENT_REVIEW] = "another operator has looked at it",
    [COMMAND_BOOKING_OPEN] = "admit a detainee, on an order that holds them",
    [COMMAND_BOOKING_SUPPLEMENT] = "add to the register of a booking, or correct it",
    [COMMAND_DEATH_RECORD] = "a person has died: they are moved and held no more",
    [COMMAND_DEATH_CAUSE] = "a document finds of what they died",
    [COMMAND_DEATH_REMAINS] = "their remains were handed over, against a receipt",
    [COMMAND_DEATH_RETRACT] = "it was recorded in error",
    [COMMAND_MARK_SET] = "say of a person what keeps them from being moved",
    [COMMAND_MARK_CLEAR] = "it is resolved",
    [COMMAND_LINK_RECORD] = "two registrations may be one human: what forbids binds both",
    [COMMAND_LINK_DISMISS] = "they are not",
    [COMMAND_MOVEMENT_PROPOSE] = "propose to take detainees to another place",
    [COMMAND_MOVEMENT_AUTHORISE] = "another operator, of another role, agrees",
    [COMMAND_MOVEMENT_CANCEL] = "it does not take place",
    [COMMAND_MANIFEST_ADD] = "put a detainee on its manifest, or among the alternates",
    [COMMAND_MANIFEST_CITE] = "another order authorises it for this person: decided anew",
    [COMMAND_MANIFEST_PROMOTE] = "an alternate takes a seat: decided anew",
    [COMMAND_MANIFEST_REMOVE] = "take a person off",
    [COMMAND_IDENTITY_CONFIRM] = "it is they who stand there",
    [COMMAND_MOVEMENT_BOARD] = "a person boards",
    [COMMAND_MOVEMENT_DISEMBARK] = "a person leaves the vehicle again",
    [COMMAND_MOVEMENT_DEPART] = "it departs, with those who boarded",
    [COMMAND_MOVEMENT_DIVERT] = "it goes to another place than was planned",
    [COMMAND_MOVEMENT_ARRIVE] = "it is there",
    [COMMAND_MOVEMENT_HANDOVER] = "the receiver takes a person over, and signs",
    [COMMAND_HEARING_SET] = "a person is to be heard, then and by that authority",
    [COMMAND_HEARING_CLOSE] = "a hearing was held, was put off or will not be",
    [COMMAND_RECALL_ANSWER] = "whoever has a person who was recalled has answered",
    [COMMAND_COUNT_BEGIN] = "begin to count the detainees in an area",
    [COMMAND_COUNT_TALLY] = "say how many are seen in one of its areas; again: the later counts",
    [COMMAND_COUNT_CLOSE] = "end a count, all areas of which were looked at",
    [COMMAND_LOCKDOWN_START] = "lock down an area, or the site",
    [COMMAND_LOCKDOWN_RELEASE] = "end that",
    [COMMAND_THREAT_RAISE] = "a stricter threat level",
    [COMMAND_THREAT_LOWER] = "a less strict one",
    [COMMAND_GATE_CLOSE] = "take a gate out of service",
    [COMMAND_GATE_OPEN] = "put it back",
    [COMMAND_PASS] = "a credential is presented at a reader: may this person pass here, now?",
    [COMMAND_DOOR_REPORT] = "what a door's contact, lock or request-to-exit says",
    [COMMAND_READER_REPORT] = "what a line says about a reader",
    [COMMAND_READER_REKEY] = "a reader gets another key",
    [COMMAND_ALARM_ACKNOWLEDGE] = "an operator has seen an alarm",
    [COMMAND_DETAILS_READ] = "someone reads personal details",
    [COMMAND_DETAILS_ERASE] = "personal details are erased lawfully",
    [COMMAND_CLOCK_STEP] = "the clock was set forward: what runs at doors takes as long as before",
    [COMMAND_SNAPSHOT_TAKE] = "the state is written down with its hash",
    [COMMAND_TICK] = "time has passed: make due timers due",
};

const struct record command_records[COMMAND_COUNT] = {
#define X(NAME, member, type)                                                                      \
  [COMMAND_##                                                                                      \
      NAME] = {type, member, sizeof member / sizeof member[0], sizeof(struct cmd_##member), NULL},
    COMMAND_LIST(X)
#undef X
};

const char *command_doc(enum command_type type) {
  SP_ASSERT((unsigned)type < COMMAND_COUNT);
  return docs[type];
}

#define A(kind)  (1u << ACTOR_##kind)
#define R(role)  (1u << ROLE_##role)
#define R_ALL    ((1u << ROLE_COUNT) - 1)
#define R_ACTING (R_ALL & ~R(AUDITOR))

const struct permission command_permissions[COMMAND_COUNT] = {
    /*                          besides      first operator                      second */
    [COMMAND_SITE_CREATE] = {A(INIT), 0, 0},
    [COMMAND_PLAN_APPLY] = {A(INIT), R(ADMIN), R_ACTING},
    [COMMAND_OPERATOR_ADD] = {A(INIT), R(ADMIN), R_ACTING},
    [COMMAND_OPERATOR_DISABLE] = {0, R(ADMIN) | R(SHIFT) | R(LEGAL), 0},
    [COMMAND_OPERATOR_COMPROMISE] = {0, R(ADMIN) | R(SHIFT) | R(LEGAL), 0},
    [COMMAND_PERSON_ADD] = {0, R(DESK) | R(RECORDS) | R(SHIFT), 0},
    [COMMAND_PERSON_SUSPEND] = {0, R_ACTING, 0},
    [COMMAND_PERSON_REINSTATE] = {0, R(DESK) | R(RECORDS) | R(SHIFT), R_ACTING},
    [COMMAND_PERSON_DEPART] = {0, R(DESK) | R(RECORDS) | R(SHIFT), 0},
    [COMMAND_PERSON_MERGE] = {0, R(DESK) | R(RECORDS), 0},
    [COMMAND_PERSON_UNMERGE] = {0, R(DESK) | R(RECORDS), R_ACTING},
    [COMMAND_PERSON_LOCATE] = {0, R(GATE) | R(SHIFT), 0},
    [COMMAND_PERSON_IDENTIFY] = {0, R(DESK) | R(RECORDS) | R(SHIFT), 0},
    [COMMAND_VISIT_OPEN] = {0, R(DESK) | R(SHIFT), 0},
    [COMMAND_VISIT_CLOSE] = {0, R_ACTING, 0},
    [COMMAND_PERSON_PHOTO] = {0, R(DESK) | R(RECORDS) | R(SHIFT), 0},
    [COMMAND_CREDENTIAL_ISSUE] = {0, R(DESK) | R(SHIFT), 0},
    [COMMAND_CREDENTIAL_SUSPEND] = {0, R_ACTING, 0},
    [COMMAND_CREDENTIAL_REINSTATE] = {0, R(DESK) | R(SHIFT), R_ACTING},
    [COMMAND_CREDENTIAL_LOST] = {0, R_ACTING, 0},
    [COMMAND_CREDENTIAL_REVOKE] = {0, R_ACTING, 0},
    [COMMAND_CREDENTIAL_COMPROMISE] = {0, R_ACTING, 0},
    [COMMAND_PIN_SET] = {0, R(DESK) | R(SHIFT), 0},
    [COMMAND_LEVEL_GRANT] = {0, R(DESK) | R(SHIFT), 0},
    [COMMAND_LEVEL_REVOKE] = {0, R_ACTING, 0},
    [COMMAND_SEPARATION_ADD] = {0, R_ACTING, 0},
    [COMMAND_SEPARATION_LIFT] = {0, R(SHIFT) | R(RECORDS) | R(LEGAL), R_ACTING},
    [COMMAND_AUTHORITY_ADD] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_PLACE_ADD] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_BASIS_ADD] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_BASIS_REPEAL] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_AGREEMENT_COMMIT] = {0, R(RECORDS) | R(LEGAL), 0},
    [COMMAND_AGREEMENT_PAY] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_CLASS_ADD] = {0, R(RECORDS) | R(LEGAL), 0},
    [COMMAND_CLASS_INCLUDE] = {0, R_ACTING, 0},
    [COMMAND_CLASS_DOUBT] = {0, R_ACTING, 0},
    [COMMAND_CLASS_EXCLUDE] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_ORDER_RECORD] = {0, R_ACTING & ~R(ADMIN), 0},
    [COMMAND_ORDER_AUTHENTICATE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_ORDER_WRITE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_ORDER_RECALL] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_ORDER_REFUTE] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_ASSESSMENT_RECORD] = {0, R_ACTING & ~R(ADMIN), 0},
    [COMMAND_ASSESSMENT_CONTEST] = {0, R_ACTING, 0},
    [COMMAND_ASSESSMENT_REVIEW] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_BOOKING_OPEN] = {0, R(DESK) | R(RECORDS), 0},
    [COMMAND_BOOKING_SUPPLEMENT] = {0, R(DESK) | R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_DEATH_RECORD] = {0, R_ACTING, 0},
    [COMMAND_DEATH_CAUSE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_DEATH_REMAINS] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_DEATH_RETRACT] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_MARK_SET] = {0, R_ACTING, 0},
    [COMMAND_MARK_CLEAR] = {0, R(RECORDS) | R(LEGAL), R(RECORDS) | R(LEGAL) | R(SHIFT) | R(DESK)},
    [COMMAND_LINK_RECORD] = {0, R_ACTING, 0},
    [COMMAND_LINK_DISMISS] = {0, R(DESK) | R(RECORDS), R(RECORDS) | R(LEGAL) | R(SHIFT)},
    [COMMAND_MOVEMENT_PROPOSE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_MOVEMENT_AUTHORISE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_MOVEMENT_CANCEL] = {0, R_ACTING, 0},
    [COMMAND_MANIFEST_ADD] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_MANIFEST_CITE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_MANIFEST_PROMOTE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_MANIFEST_REMOVE] = {0, R_ACTING, 0},
    [COMMAND_IDENTITY_CONFIRM] = {0, R(GATE) | R(DESK) | R(SHIFT), 0},
    [COMMAND_MOVEMENT_BOARD] = {0, R(GATE) | R(SHIFT), 0},
    [COMMAND_MOVEMENT_DISEMBARK] = {0, R_ACTING, 0},
    [COMMAND_MOVEMENT_DEPART] = {0, R(GATE) | R(SHIFT), R(RECORDS) | R(LEGAL) | R(SHIFT) | R(GATE)},
    [COMMAND_MOVEMENT_DIVERT] = {0, R_ACTING & ~R(ADMIN), 0},
    [COMMAND_MOVEMENT_ARRIVE] = {0, R_ACTING & ~R(ADMIN), 0},
    [COMMAND_MOVEMENT_HANDOVER] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT) | R(GATE), 0},
    [COMMAND_HEARING_SET] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_HEARING_CLOSE] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_RECALL_ANSWER] = {0, R(RECORDS) | R(LEGAL) | R(SHIFT), 0},
    [COMMAND_COUNT_BEGIN] = {0, R(GATE) | R(SHIFT), 0},
    [COMMAND_COUNT_TALLY] = {0, R(DESK) | R(GATE) | R(SHIFT), 0},
    [COMMAND_COUNT_CLOSE] = {0, R(GATE) | R(SHIFT) | R(RECORDS) | R(LEGAL), 0},
    [COMMAND_LOCKDOWN_START] = {0, R_ACTING, 0},
    [COMMAND_LOCKDOWN_RELEASE] = {0, R(GATE) | R(SHIFT), R_ACTING},
    [COMMAND_THREAT_RAISE] = {0, R_ACTING, 0},
    [COMMAND_THREAT_LOWER] = {0, R(GATE) | R(SHIFT), R_ACTING},
    [COMMAND_GATE_CLOSE] = {0, R_ACTING, 0},
    [COMMAND_GATE_OPEN] = {0, R(GATE) | R(SHIFT), R_ACTING},
    [COMMAND_PASS] = {A(LINE) | A(HAND), R(GATE) | R(SHIFT), 0},
    [COMMAND_DOOR_REPORT] = {A(LINE) | A(HAND), 0, 0},
    [COMMAND_READER_REPORT] = {A(LINE) | A(HAND), 0, 0},
    [COMMAND_READER_REKEY] = {0, R(ADMIN) | R(SHIFT), 0},
    [COMMAND_ALARM_ACKNOWLEDGE] = {0, R(GATE) | R(SHIFT), 0},
    [COMMAND_DETAILS_READ] = {0, R_ALL, 0},
    [COMMAND_DETAILS_ERASE] = {0, R(RECORDS), R(LEGAL) | R(ADMIN) | R(SHIFT)},
    [COMMAND_CLOCK_STEP] = {A(CORE), 0, 0},
    [COMMAND_SNAPSHOT_TAKE] = {A(CORE), 0, 0},
    [COMMAND_TICK] = {A(CORE), 0, 0},
};
