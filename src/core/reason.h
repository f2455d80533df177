/* reason.h: every reason that a decision can give, in one list.
 *
 * A new reason is a new row here and the check that finds it (src/core/passage.c for passages);
 * codes, sentences, docs and explanations follow. The order of the list is the order in which
 * reasons are told; the first found is the primary one. Codes are stable: they stand in journals.
 * "{}" in a sentence is what the reason rests on.
 */
#ifndef SP_CORE_REASON_H
#define SP_CORE_REASON_H

#include "base/record.h"

/* X(NAME, code, row of the passage table in docs/decisions.md or 0, sentence) */
#define REASON_LIST(X)                                                                             \
  X(GATE_OUT_OF_SERVICE, "gate_out_of_service", 1, "{} is out of service")                         \
  X(LOCKDOWN, "lockdown", 1, "{} is locked down")                                                  \
  X(THREAT_LEVEL, "threat_level", 1, "{} keeps persons of this kind out")                          \
  X(CREDENTIAL_UNKNOWN, "credential_unknown", 2, "the credential is not known here")               \
  X(CREDENTIAL_NOT_ISSUED, "credential_not_issued", 2,                                             \
    "{} is not in use: suspended, lost, revoked, expired, not yet valid, or a one-time pass that " \
    "is "                                                                                          \
    "used")                                                                                        \
  X(FORMAT_UNKNOWN, "format_unknown", 2, "the card's format is not one that the plan names")       \
  X(PIN_MISSING, "pin_missing", 3, "a PIN is asked for here, and none was given or none is set")   \
  X(PIN_WRONG, "pin_wrong", 3, "the PIN is wrong")                                                 \
  X(PIN_LOCKED, "pin_locked", 3, "the PIN is locked after too many wrong tries")                   \
  X(BIOMETRIC_MISSING, "biometric_missing", 3, "a biometric match is asked for here")              \
  X(BIOMETRIC_MISMATCH, "biometric_mismatch", 3, "the reader says the biometric does not match")   \
  X(PERSON_SUSPENDED, "person_suspended", 4, "{} is suspended")                                    \
  X(PERSON_DEPARTED, "person_departed", 4, "{} has left for good")                                 \
  X(PERSON_MERGED, "person_merged", 4, "this registration was merged into {}")                     \
  X(PERSON_NOT_VALID, "person_not_valid", 4, "{} is registered for other dates")                   \
  X(DECEASED, "deceased", 4, "{} has died")                                                        \
  X(NO_ACCESS_LEVEL, "no_access_level", 5, "no access level of theirs names {} in this direction") \
  X(OUTSIDE_SCHEDULE, "outside_schedule", 5, "{} does not hold at this time")                      \
  X(ANTI_PASSBACK, "anti_passback", 6, "they are already in {}, or entered it too recently")       \
  X(NOT_IN_AREA, "not_in_area", 6, "the journal has them in {}, not where this reader is")         \
  X(ESCORT_REQUIRED, "escort_required", 7, "{} is entered with an escort only")                    \
  X(TWO_PERSON_REQUIRED, "two_person_required", 7, "nobody is alone in {}: a second must present") \
  X(FIRST_PERSON_REQUIRED, "first_person_required", 7, "a holder of {} must be inside first")      \
  X(CAPACITY, "capacity", 8, "{} is full")                                                         \
  X(SEPARATION, "separation", 8, "{} is there, and the two are kept separate")                     \
  X(NO_AUTHORITY, "no_authority", 9, "no order in force authorises {} to leave")                   \
  X(NO_BASIS_TO_HOLD, "no_basis_to_hold", 9, "no order in force authorises holding {}")            \
  X(NO_BOOKING, "no_booking", 9, "{} has no booking: admission comes first")                       \
  X(REGISTER_INCOMPLETE, "register_incomplete", 9,                                                 \
    "the register of {} lacks what must be in it at admission: docs/register.md tells")            \
  X(NO_VISIT, "no_visit", 9,                                                                       \
    "{} is not expected: no visit of theirs is on, or nobody receives them")                       \
  X(UNAUTHENTICATED, "unauthenticated", 9, "nobody has authenticated {} yet, or it was refuted")   \
  X(NOT_YET, "not_yet", 9, "{} is not in force yet")                                               \
  X(EXPIRED, "expired", 9, "{} has expired")                                                       \
  X(RECALLED, "recalled", 9, "{} was recalled by its issuer")                                      \
  X(SUPERSEDED, "superseded", 9, "a later order ended {}")                                         \
  X(STAYED, "stayed", 9, "{} forbids it")                                                          \
  X(BASIS_SUSPENDED, "basis_suspended", 9, "{} suspends the legal basis that this rests on")       \
  X(BASIS_REPEALED, "basis_repealed", 9, "{}, which this rests on, was repealed")                  \
  X(BASIS_NOT_IN_FORCE, "basis_not_in_force", 9, "{}, which this rests on, is of other dates")     \
  X(AGREEMENT_NOT_IN_FORCE, "agreement_not_in_force", 9,                                           \
    "{}, which this rests on, is not in force")                                                    \
  X(WRONG_PERSON, "wrong_person", 9, "{} is about somebody else")                                  \
  X(WRONG_SITE, "wrong_site", 9, "{} is for another place than this site")                         \
  X(WRONG_DESTINATION, "wrong_destination", 9, "{} leads elsewhere, or does not say where to")     \
  X(COUNTRY_BARRED, "country_barred", 9, "{} bars that country")                                   \
  X(CLASS_UNCERTAIN, "class_uncertain", 9,                                                         \
    "{} binds a class, and it is uncertain whether they are of it")                                \
  X(CONFLICT, "conflict", 9, "{} says otherwise, and both are in force")                           \
  X(AGREEMENT_FULL, "agreement_full", 9, "all places under {} are taken")                          \
  X(SEQUENCE, "sequence", 9, "{} is not where this step begins")                                   \
  X(COUNT_MISMATCH, "count_mismatch", 9,                                                           \
    "{} differs from the journal: nobody is moved until that is resolved")                         \
  X(IDENTITY_MISMATCH, "identity_mismatch", 9, "it is not shown that they are {}")                 \
  X(MINOR, "minor", 9, "{} is a minor, or may be, and the transport is for adults")                \
  X(UNFIT, "unfit", 9, "{} is not fit to travel")                                                  \
  X(STATUS_CLAIM_UNDER_REVIEW, "status_claim_under_review", 9,                                     \
    "{} claims a status that would bar this, and it is under review")                              \
  X(UNSIGNED, "unsigned", 9, "the receiver of {} has not signed")                                  \
  X(INTERLOCK, "interlock", 10, "{} of the same interlock group is not closed and locked")         \
  X(DOOR_BUSY, "door_busy", 10, "too many people wait at {}; let them pass first")                 \
  X(STALE_VIEW, "stale_view", 11, "what is known here is older than the boundary allows")          \
  X(CLOCK, "clock", 11, "the time cannot be trusted, and this decision depends on it")             \
  X(OPERATOR_DISABLED, "operator_disabled", 0, "{} may no longer act")                             \
  X(ROLE_NOT_PERMITTED, "role_not_permitted", 0, "the role of {} does not allow this")             \
  X(SECOND_OPERATOR_REQUIRED, "second_operator_required", 0,                                       \
    "what permits needs a second operator of another role")                                        \
  X(SAME_OPERATOR, "same_operator", 0, "the second operator is the first one")                     \
  X(SAME_ROLE, "same_role", 0, "both operators have the same role")                                \
  X(EXISTS, "exists", 0, "{} exists already")                                                      \
  X(ALREADY_SO, "already_so", 0, "{} is already so")                                               \
  X(WRONG_STATE, "wrong_state", 0, "{} is in a state that does not allow this")                    \
  X(TIME_ORDER, "time_order", 0, "the end is not after the beginning, or out of range")            \
  X(LIMIT_REACHED, "limit_reached", 0, "a limit of this site is reached (see limits.h)")           \
  X(AREA_OCCUPIED, "area_occupied", 0, "{} still holds someone, so the plan cannot drop it")       \
  X(DOOR_IN_USE, "door_in_use", 0, "{} is unlocked or open, so the plan cannot drop it now")       \
  X(INCOMPLETE, "incomplete", 0,                                                                   \
    "what it must name is missing, or does not belong: docs/custody.md tells")                     \
  X(NOT_THE_ISSUER, "not_the_issuer", 0,                                                           \
    "{} can be ended by its issuer or one above, and no other")                                    \
  X(OTHER_CURRENCY, "other_currency", 0, "the funds under {} are of another currency")             \
  X(FUNDS_EXCEEDED, "funds_exceeded", 0, "more would be paid than was committed under {}")         \
  X(SEALED, "sealed", 0, "what {} says is for records and legal alone")                            \
  X(SELF, "self", 0, "the two are the same")                                                       \
  X(PLAN_MISSING, "plan_missing", 0, "no plan has been applied yet")

enum reason {
#define X(NAME, code, row, text) REASON_##NAME,
  REASON_LIST(X)
#undef X
      REASON_COUNT
};

extern const char *const reason_codes[]; /* ended by NULL */
const char *reason_sentence(enum reason r);
unsigned reason_row(enum reason r);

#endif
