/* niem.h: what the export calls things: names of NIEM 6.0 (niem-core and the justice domain), and
 * `sp:` where NIEM has none. One table: the writer (cli_niem.c) and docs/niem.md are made from it.
 */
#ifndef SP_CLI_NIEM_H
#define SP_CLI_NIEM_H

#include "base/bytes.h"

#define NIEM_RELEASE "6.0"

/* X(NAME, name, of what it is a part or "", what of ours) */
#define NIEM_LIST(X)                                                                               \
  X(PERSON, "nc:Person", "", "the person, `person.added`")                                         \
  X(OTHER_ID, "nc:PersonOtherIdentification", "nc:Person", "the short number")                     \
  X(ID, "nc:IdentificationID", "any identification", "a number, or a reference of the issuer's")   \
  X(PERSON_NAME, "nc:PersonName", "nc:Person", "with --details")                                   \
  X(FULL_NAME, "nc:PersonFullName", "nc:PersonName", "the name; who signed an order")              \
  X(BIRTH_DATE, "nc:PersonBirthDate", "nc:Person", "with --details")                               \
  X(DATE, "nc:Date", "any date", "a day")                                                          \
  X(DATE_TIME, "nc:DateTime", "any date", "an instant, in UTC")                                    \
  X(BOOKING, "j:Booking", "", "a booking, `booking.opened`")                                       \
  X(BOOKING_SUBJECT, "j:BookingSubject", "j:Booking", "the person")                                \
  X(BOOKING_AGENCY, "j:BookingAgency", "j:Booking", "the site")                                    \
  X(ENTITY_PERSON, "nc:EntityPerson", "any subject", "the person, by `@id`")                       \
  X(ORGANIZATION_NAME, "nc:OrganizationName", "any agency",                                        \
    "name of the site, or of an authority")                                                        \
  X(ACTIVITY_ID, "nc:ActivityIdentification", "any activity",                                      \
    "the number of a booking, an order or a movement")                                             \
  X(ACTIVITY_DATE, "nc:ActivityDate", "any activity", "when it was recorded")                      \
  X(ACTIVITY_EFFECTIVE, "nc:ActivityEffectiveDate", "j:CourtOrder", "`effective` of the order")    \
  X(DETENTION, "j:Detention", "", "that somebody is, or was, held on a booking")                   \
  X(SUPERVISION_PERSON, "nc:SupervisionPerson", "j:Detention", "the person, by `@id`")             \
  X(SUPERVISION_FACILITY, "nc:SupervisionFacility", "j:Detention", "the site")                     \
  X(FACILITY_NAME, "nc:FacilityName", "nc:SupervisionFacility", "name of the site")                \
  X(SUPERVISION_CURRENT, "nc:SupervisionCurrentIndicator", "j:Detention",                          \
    "whether the booking is open")                                                                 \
  X(CUSTODY_STATUS, "nc:SupervisionCustodyStatus", "j:Detention",                                  \
    "held, no basis to hold, or closed")                                                           \
  X(STATUS, "nc:StatusDescriptionText", "any status",                                              \
    "the state's word, as docs/custody.md has it")                                                 \
  X(ORDER, "j:CourtOrder", "",                                                                     \
    "an order about the person, `order.recorded`; also of other authorities than courts")          \
  X(ORDER_COURT, "j:CourtOrderIssuingCourt", "j:CourtOrder", "`issuer`")                           \
  X(COURT_NAME, "j:CourtName", "j:CourtOrderIssuingCourt", "name of the authority")                \
  X(ORDER_OFFICIAL, "j:CourtOrderIssuingJudicialOfficial", "j:CourtOrder",                         \
    "who signed, with --details")                                                                  \
  X(ORDER_SUBJECT, "j:CourtOrderDesignatedSubject", "j:CourtOrder", "the person")                  \
  X(ORDER_LOCATION, "j:CourtOrderDesignatedLocation", "j:CourtOrder",                              \
    "`to`: the place it leads to")                                                                 \
  X(LOCATION_NAME, "nc:LocationName", "any location", "name of a place")                           \
  X(ORDER_STATUS, "j:CourtOrderStatus", "j:CourtOrder", "how it is at the export")                 \
  X(TRANSFER, "j:CustodyTransfer", "", "a handover, `movement.handed_over`")                       \
  X(TRANSFER_SUBJECT, "j:CustodyTransferSubject", "j:CustodyTransfer", "the person")               \
  X(TRANSFER_FROM, "j:CustodyTransferReleasingEnforcementAgency", "j:CustodyTransfer", "the site") \
  X(TRANSFER_TO, "j:CustodyTransferReceivingEnforcementAgency", "j:CustodyTransfer",               \
    "the movement's receiver")                                                                     \
  X(ACTIVITY_LOCATION, "nc:ActivityLocation", "j:CustodyTransfer", "where the movement led to")    \
  X(SP_ENTRY, "sp:entry", "everything", "index of the journal entry that says it; NIEM has none")  \
  X(SP_ORDER, "sp:order", "j:Booking",                                                             \
    "the order on which it was opened, by `@id`; NIEM has none")                                   \
  X(SP_EFFECT, "sp:effect", "j:CourtOrder",                                                        \
    "holds, moves, forbids, ends or informs; NIEM has none")                                       \
  X(SP_KIND, "sp:kind", "j:CourtOrder, j:CustodyTransfer",                                         \
    "kind of the order or movement: NIEM has no list with these")                                  \
  X(SP_SEALED, "sp:sealed", "j:CourtOrder",                                                        \
    "the order is sealed: without the right to know it nothing more is said")                      \
  X(SP_BASIS, "sp:legalBasis", "j:CourtOrder",                                                     \
    "the statute or agreement it rests on; NIEM has none")                                         \
  X(SP_COUNTRIES, "sp:countries", "j:CourtOrder", "the countries it names, ISO 3166-1 alpha-2")    \
  X(SP_UNTIL, "sp:until", "j:CourtOrder", "`expires`: NIEM's activities have no end of effect")    \
  X(SP_REFERENCE, "sp:reference", "j:CourtOrder",                                                  \
    "its number at the issuer, with --details: the activity's own number is ours")                 \
  X(SP_RECEIPT, "sp:receipt", "j:CustodyTransfer",                                                 \
    "SHA-256 of what the receiver signed; NIEM has none")

enum niem_name {
#define X(NAME, ...) NIEM_##NAME,
  NIEM_LIST(X)
#undef X
      NIEM_COUNT
};

const char *niem_name(enum niem_name n);
/* The table for docs/niem.md. */
void niem_document(struct buf *out);

#endif
