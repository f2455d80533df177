#include "cli/sentence.h"

#include "core/reason.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The words of each type --- */

struct words {
  const char *word; /* of `log` */
  enum colour colour;
  const char *line;    /* of `log` */
  const char *explain; /* a whole sentence */
};

static const struct words table[EVENT_COUNT] = {
    [EVENT_SITE_CREATED] = {"begun", COLOUR_STRONG, "the journal begins",
                            "The journal of this site begins here, under the verifier key whose "
                            "SHA-256 is {vkey}."},
    [EVENT_PLAN_APPLIED] =
        {"plan", COLOUR_STRONG, "plan {compiled}[, {grants_lapsed} grants lapsed]",
         "A site plan came into force: compiled {compiled}, written {source}.[ "
         "{grants_lapsed} grants of access levels that it does not have lapsed.]"},
    [EVENT_OPERATOR_ADDED] = {"operator", COLOUR_NONE, "{operator} may log in",
                              "{operator} may log in, with the role {role}."},
    [EVENT_OPERATOR_DISABLED] = {"disabled", COLOUR_WARN, "{operator}",
                                 "{operator} may no longer act."},
    [EVENT_OPERATOR_COMPROMISED] =
        {"COMPROMISED", COLOUR_BAD, "{operator} since {since}",
         "Others may have acted as {operator} since {since}: they may no longer act, and what they "
         "did since then stands, and is to be reviewed."},
    [EVENT_PERSON_ADDED] = {"registered", COLOUR_NONE, "{person}[ from {from}][ until {until}]",
                            "{person} was registered[, from {from}][, until {until}]."},
    [EVENT_PERSON_SUSPENDED] = {"suspended", COLOUR_WARN, "{person}",
                                "{person} is refused everywhere from here on."},
    [EVENT_PERSON_REINSTATED] = {"reinstated", COLOUR_NONE, "{person}",
                                 "{person} is permitted again."},
    [EVENT_PERSON_DEPARTED] = {"departed", COLOUR_NONE, "{person}", "{person} has left for good."},
    [EVENT_PERSON_MERGED] = {"merged", COLOUR_NONE, "{person} into {into}",
                             "{person} and {into} are one human: {into} stays."},
    [EVENT_PERSON_UNMERGED] = {"unmerged", COLOUR_NONE, "{person}",
                               "That {person} is the same human as another was wrong."},
    [EVENT_PERSON_LOCATED] = {"located", COLOUR_WARN, "{person|18}  {from} → {to}",
                              "An officer has seen {person} in {to}; the journal had them in "
                              "{from}."},
    [EVENT_PERSON_IDENTIFIED] = {"identified", COLOUR_NONE, "{person}",
                                 "More is known of who {person} is: another name, identifier or "
                                 "birth date."},
    [EVENT_CANDIDATES_UNLINKED] =
        {"UNLINKED", COLOUR_BAD, "{person|18}  {candidates}",
         "{person} may be the same human as others who could not be linked[: {candidates}]: look "
         "at them by hand.[ More were found than are named{more}.]"},
    [EVENT_VISIT_OPENED] = {"expected", COLOUR_NONE, "{person|18}  {visit} until {until}",
                            "{person} is expected: {visit}[, received by {host}][, to visit "
                            "{about}][, in {area}], from {from} until {until}."},
    [EVENT_VISIT_CLOSED] = {"visit over", COLOUR_NONE, "{visit}",
                            "{visit} is over: nobody comes in on it any more."},
    [EVENT_PERSON_PHOTOGRAPHED] = {"photo", COLOUR_NONE, "{person}",
                                   "A photograph of {person} was kept: their details say which, "
                                   "and are erased with it."},
    [EVENT_CREDENTIAL_ISSUED] =
        {"issued", COLOUR_NONE,
         "{person|18}  {credential} ({format})[ once{once}][ from {from}][ until {until}]",
         "{person} holds {credential}, a card of format {format}[, from "
         "{from}][, until {until}].[ It is a one-time pass{once}: one way in, and one way out.]"},
    [EVENT_CREDENTIAL_SUSPENDED] = {"suspended", COLOUR_WARN, "{person|18}  {credential}",
                                    "{credential} of {person} is refused for now."},
    [EVENT_CREDENTIAL_REINSTATED] = {"reinstated", COLOUR_NONE, "{person|18}  {credential}",
                                     "{credential} of {person} is in use again."},
    [EVENT_CREDENTIAL_LOST] = {"lost", COLOUR_WARN, "{person|18}  {credential}",
                               "{credential} of {person} was lost: it is refused from here on."},
    [EVENT_CREDENTIAL_REVOKED] = {"revoked", COLOUR_WARN, "{person|18}  {credential}",
                                  "{credential} of {person} is refused for good."},
    [EVENT_CREDENTIAL_COMPROMISED] =
        {"COMPROMISED", COLOUR_BAD, "{person|18}  {credential} since {since}",
         "{credential} of {person} may have been in other hands since {since}: it is refused for "
         "good, and what was done with it since then stands, and is to be reviewed."},
    [EVENT_PIN_SET] = {"PIN set", COLOUR_NONE, "{person}",
                       "The PIN of {person} was set or removed."},
    [EVENT_PIN_LOCKED] =
        {"PIN LOCKED", COLOUR_BAD, "{person|18}  until {until}",
         "After too many wrong tries the PIN of {person} is locked until {until}."},
    [EVENT_LEVEL_GRANTED] = {"level", COLOUR_NONE,
                             "{person|18}  holds {level}[ from {from}][ until {until}]",
                             "{person} holds the access level {level}[, from {from}][, until "
                             "{until}]."},
    [EVENT_LEVEL_REVOKED] = {"level", COLOUR_NONE, "{person|18}  no longer holds {level}",
                             "{person} no longer holds the access level {level}."},
    [EVENT_SEPARATION_ADDED] = {"separate", COLOUR_WARN, "{person} and {from_person}",
                                "{person} and {from_person} are kept separate."},
    [EVENT_SEPARATION_LIFTED] = {"together", COLOUR_NONE, "{person} and {from_person}",
                                 "{person} and {from_person} are no longer kept separate."},
    [EVENT_AUTHORITY_ADDED] = {"authority", COLOUR_NONE, "{authority}[ under {above}]",
                               "{authority} issues orders[; {above} may set them aside]."},
    [EVENT_PLACE_ADDED] = {"place", COLOUR_NONE, "{place} in {country}",
                           "{place} is a place in the country {country}."},
    [EVENT_BASIS_ADDED] = {"basis", COLOUR_NONE,
                           "{basis}[ with {country}][ at {place}][ from {from}][ until {until}]",
                           "{basis} is a legal basis[: an agreement with {country}][, at "
                           "{place}][, for {places} persons][, from {from}][, until {until}]."},
    [EVENT_BASIS_REPEALED] = {"repealed", COLOUR_WARN, "{basis}",
                              "{basis} is no more: nothing rests on it from here on."},
    [EVENT_AGREEMENT_COMMITTED] = {"committed", COLOUR_NONE, "{agreement}  {amount} {currency}",
                                   "Under {agreement}, {amount} minor units of {currency} are "
                                   "committed[; the SHA-256 of the paper is {document}]."},
    [EVENT_AGREEMENT_PAID] =
        {"paid", COLOUR_NONE, "{agreement}  {amount} {currency}",
         "Under {agreement}, {amount} minor units of {currency} were paid[; the "
         "SHA-256 of the paper is {document}]."},
    [EVENT_CLASS_ADDED] = {"class", COLOUR_NONE, "{class}, others {unlisted}",
                           "{class} is a class of persons that orders are about; whom nobody has "
                           "put in or out is: {unlisted}."},
    [EVENT_CLASS_ASSIGNED] = {"class", COLOUR_NONE, "{person|18}  {membership} of {class}",
                              "{person} is, of the class {class}: {membership}."},
    [EVENT_ORDER_RECORDED] =
        {"order", COLOUR_STRONG,
         "{order}[ about {person}][ about {class}][ about {on_basis}][, ends "
         "{ends}]",
         "An order was recorded: {order}[, about {person}][ and "
         "{other}][ about the class {class}][ about {on_basis}][, resting on {basis}][, ending "
         "{ends}][, from {effective}][, until {expires}][, to be done by {due}]. It was recorded "
         "by {recorder}.[ The SHA-256 of its paper is {document}.][ The paper is kept "
         "here{kept}.]"},
    [EVENT_ORDER_AUTHENTICATED] = {"authentic", COLOUR_NONE, "{order} by {by}",
                                   "{by} found {order} to be its issuer's."},
    [EVENT_ORDER_WRITTEN] = {"written", COLOUR_NONE, "{order}",
                             "The writing of {order} has come; its SHA-256 is {document}.[ It is "
                             "kept here{kept}.]"},
    [EVENT_ORDER_DIFFERS] = {"DIFFERS", COLOUR_BAD, "{order}",
                             "The writing of {order} says otherwise than what was recorded when it "
                             "was spoken: someone must ask its issuer."},
    [EVENT_ORDER_RECALLED] = {"recalled", COLOUR_WARN, "{order}",
                              "The issuer of {order} withdrew it."},
    [EVENT_ORDER_REFUTED] = {"REFUTED", COLOUR_BAD, "{order}",
                             "{order} is not its issuer's: somebody made it up."},
    [EVENT_ORDER_CONFLICTS] =
        {"CONFLICT", COLOUR_BAD, "{person|18}  {order} and {others}",
         "{order} has come into force about {person}, and contradicts what "
         "is in force already: {others}. Until their issuers say which holds, "
         "nobody is moved on either."},
    [EVENT_ASSESSMENT_RECORDED] =
        {"claimed", COLOUR_NONE, "{person|18}  {assessment}, evidence {evidence}",
         "A claim about {person} was recorded: {assessment}, evidence {evidence}[, whose SHA-256 "
         "is "
         "{document}], to be reviewed by {review}. It authorises nothing. {author} recorded it."},
    [EVENT_ASSESSMENT_CONTESTED] = {"contested", COLOUR_WARN, "{assessment}",
                                    "{assessment} is contested: another must review it."},
    [EVENT_ASSESSMENT_REVIEWED] = {"reviewed", COLOUR_NONE, "{assessment}: {outcome}",
                                   "{by} reviewed {assessment}: {outcome}[; again by {review}]."},
    [EVENT_BOOKING_OPENED] = {"booked", COLOUR_STRONG, "{person|18}  {booking} on {order}",
                              "{person} was admitted: {booking}, on {order}.[ Of the register "
                              "these are unknown or were declined: {outstanding}.]"},
    [EVENT_BOOKING_REFUSED] = {"not booked", COLOUR_BAD,
                               "{person|18}  {reasons}[ (lacks {missing})]",
                               "{person} was not admitted on {order}.[ The register lacks: "
                               "{missing}.]"},
    [EVENT_BOOKING_SUPPLEMENTED] =
        {"register", COLOUR_NONE, "{person|18}  {booking}: {recorded}",
         "The register of {booking} of {person} says more, or something else, about: {recorded}.[ "
         "Of these are unknown or were declined: {outstanding}.] What was written before stays."},
    [EVENT_DEATH_RECORDED] = {"DIED", COLOUR_BAD, "{person|18}  at {at}",
                              "{person} died at {at}, as {recorder} recorded. The register stays "
                              "open until the cause and the remains are recorded too."},
    [EVENT_DEATH_CAUSE_FOUND] = {"cause", COLOUR_NONE, "{person|18}  {by}",
                                 "Of what {person} died was found by a document, as {by} recorded: "
                                 "its SHA-256 is {document}."},
    [EVENT_DEATH_REMAINS_HANDED_OVER] =
        {"remains", COLOUR_STRONG, "{person|18}",
         "The remains of {person} were handed over: the SHA-256 of the receipt is {receipt}. They "
         "are in no area of the site any more."},
    [EVENT_DEATH_RETRACTED] = {"NOT DEAD", COLOUR_BAD, "{person|18}",
                               "That {person} had died was recorded in error: two operators "
                               "retracted it, and all is as it was before."},
    [EVENT_MARK_SET] = {"mark", COLOUR_WARN, "{person|18}  {mark}",
                        "Of {person} it is said: {mark}. Until it is resolved it keeps them from "
                        "being moved."},
    [EVENT_MARK_CLEARED] = {"mark", COLOUR_NONE, "{person|18}  {mark} resolved",
                            "What was said of {person} ({mark}) is resolved."},
    [EVENT_LINK_RECORDED] = {"linked", COLOUR_WARN, "{person} and {other}",
                             "{person} and {other} may be one human: what forbids binds both."},
    [EVENT_LINK_DISMISSED] = {"unlinked", COLOUR_NONE, "{person} and {other}",
                              "{person} and {other} are not one human."},
    [EVENT_MOVEMENT_PROPOSED] =
        {"proposed", COLOUR_STRONG, "{movement}[ to {to}][, departs {departs}]",
         "{proposer} proposed {movement}[, to {to}][, under the agreement {agreement}]"
         "[, received by {receiver}][, with {seats} seats][, departing {departs}]"
         "[, back by {returns}].[ It takes adults only{adults_only}.]"
         "[ It is an emergency, which goes before its order is there{emergency}.]"},
    [EVENT_MOVEMENT_AUTHORISED] = {"authorised", COLOUR_NONE, "{movement}",
                                   "{by} agreed to {movement}."},
    [EVENT_MOVEMENT_CANCELLED] = {"cancelled", COLOUR_WARN, "{movement}",
                                  "{movement} does not take place: nobody is on its manifest any "
                                  "more."},
    [EVENT_MANIFEST_ADDED] =
        {"manifest", COLOUR_NONE,
         "{person|18}  {movement}[ on {order}][, as an alternate{alternate}]",
         "{person} was put on the manifest of {movement}[, on {order}][, as an alternate if a seat "
         "becomes free{alternate}]."},
    [EVENT_MANIFEST_CITED] = {"cited", COLOUR_NONE, "{person|18}  {movement} on {order}",
                              "For {person}, {movement} rests on {order} from here on."},
    [EVENT_MANIFEST_PROMOTED] = {"seat", COLOUR_NONE, "{person|18}  {movement}",
                                 "{person}, an alternate, has a seat of {movement}."},
    [EVENT_MANIFEST_REMOVED] = {"removed", COLOUR_WARN, "{person|18}  {movement}",
                                "{person} was taken off the manifest of {movement}."},
    [EVENT_IDENTITY_CONFIRMED] =
        {"confirmed", COLOUR_NONE, "{person|18}  {movement}",
         "It is {person} who stands there for {movement}: papers or wristband spoke of "
         "{presented}; "
         "what the sensor said: {biometric}.[ A second identifier was compared"
         "{second_identifier}.]"},
    [EVENT_MOVEMENT_BOARDED] = {"boarded", COLOUR_GOOD, "{person|18}  {movement}",
                                "{person} boarded {movement}."},
    [EVENT_MOVEMENT_DISEMBARKED] = {"got off", COLOUR_WARN, "{person|18}  {movement}",
                                    "{person} left {movement} again before it departed."},
    [EVENT_MOVEMENT_DEPARTED] = {"departed", COLOUR_STRONG, "{movement} with {boarded}",
                                 "{movement} departed. Persons aboard: {boarded}; who had not "
                                 "boarded is off its manifest."},
    [EVENT_MOVEMENT_DIVERTED] = {"diverted", COLOUR_WARN, "{movement}  {from} → {to}",
                                 "{movement} goes to {to}, no longer to {from}."},
    [EVENT_MOVEMENT_ARRIVED] = {"arrived", COLOUR_NONE, "{movement}", "{movement} arrived."},
    [EVENT_MOVEMENT_HANDED_OVER] =
        {"handed over", COLOUR_STRONG, "{person|18}  {movement}",
         "The receiver took {person} over from {movement}, and signed: the SHA-256 of the receipt "
         "is {receipt}[, and it is kept here{kept}]. The booking is closed."},
    [EVENT_MOVEMENT_REFUSED] = {"not moved", COLOUR_BAD,
                                "[{person|18}  ]{movement}  {step}: {reasons}",
                                "The step `{step}` of {movement} was refused[ for {person}]."},
    [EVENT_REFUSAL_ESCALATED] =
        {"ESCALATED", COLOUR_BAD, "{person|18}  {movement}, {order}",
         "{person} may not go with {movement}, although {order} frees them, "
         "or since it is uncertain whether it binds them: the legal office "
         "has to resolve it."},
    [EVENT_NOTICE_OWED] = {"NOTICE OWED", COLOUR_BAD, "{person|18}  {movement}, {order}",
                           "{person} left in {movement}, an emergency, although {order} forbids to "
                           "take them elsewhere: its issuer is to be told."},
    [EVENT_HEARING_SET] = {"hearing", COLOUR_NONE, "{person|18}  {hearing} at {at}",
                           "{person} is to be heard: {hearing}, at {at}."},
    [EVENT_HEARING_CLOSED] = {"heard", COLOUR_NONE, "{hearing}: {outcome}",
                              "{hearing} is closed: {outcome}."},
    [EVENT_RECALL_RAISED] = {"RECALL", COLOUR_BAD, "{person|18}  {movement}: {reasons}",
                             "{person} is under way in {movement}, and may not be taken there any "
                             "more: whoever has them is to be told, and to answer."},
    [EVENT_RECALL_ANSWERED] = {"answered", COLOUR_NONE, "{person|18}  {movement}: {answer}",
                               "Whoever has {person}, recalled from {movement}, has answered: "
                               "{answer}."},
    [EVENT_COUNT_BEGUN] = {"count", COLOUR_NONE, "{count}  {area}",
                           "The detainees in {area}, and in all within it, are counted: {count}, "
                           "begun by {opener}."},
    [EVENT_COUNT_TALLIED] = {"tally", COLOUR_NONE, "{area}: {seen} of {expected}  {count}",
                             "Detainees seen in {area} by {by}: {seen}. The journal had {expected} "
                             "there at that instant: {count}."},
    [EVENT_COUNT_DIFFERS] = {"COUNT DIFFERS", COLOUR_BAD, "{area}: {seen} of {expected}  {count}",
                             "Detainees seen in {area}: {seen}; in the journal: {expected}. Nobody "
                             "is moved until that is resolved, but who is released and who is an "
                             "emergency: {count}."},
    [EVENT_COUNT_CLOSED] = {"counted", COLOUR_STRONG, "{count}[  differs{differs}]",
                            "{count} was closed by {by}[, and differs from the journal{differs}]."},
    [EVENT_DEADLINE_PASSED] = {"OVERDUE", COLOUR_BAD,
                               "[{person|18}  ]{deadline}[ of {order}][ of {movement}][ of "
                               "{hearing}][ of {visit}][ of {assessment}]",
                               "What should have been done by {due} was not: {deadline}[, of "
                               "{order}][, in {movement}][, of {hearing}][, of {visit}][, of "
                               "{assessment}][, about {person}]."},
    [EVENT_LOCKDOWN_STARTED] = {"LOCKDOWN", COLOUR_BAD, "{area}",
                                "The area {area} and all within it is locked down: only holders of "
                                "a level that says so pass."},
    [EVENT_LOCKDOWN_RELEASED] = {"released", COLOUR_STRONG, "{area}",
                                 "The lockdown of {area} ended."},
    [EVENT_THREAT_CHANGED] = {"threat", COLOUR_STRONG, "{from} → {to}",
                              "The threat level changed from {from} to {to}."},
    [EVENT_GATE_CLOSED] = {"closed", COLOUR_WARN, "gate {gate}", "Gate {gate} is out of service."},
    [EVENT_GATE_OPENED] = {"in service", COLOUR_NONE, "gate {gate}",
                           "Gate {gate} is in service again."},
    [EVENT_PASSAGE_GRANTED] =
        {"granted", COLOUR_GOOD,
         "{person|18}  {door} → {to}  reader {reader}[  (despite {warnings})]",
         "{person} was permitted to pass door {door} of gate {gate}, from "
         "{from} to {to}, having presented {credential} at reader {reader}. "
         "The door was unlocked for {unlock_ms} ms."},
    [EVENT_PASSAGE_REFUSED] =
        {"refused", COLOUR_BAD, "[{person|18}  ]{door} → {to}  reader {reader}  {reasons}",
         "[{person}: ]passage of door {door} of gate {gate}, from {from} to "
         "{to}, was refused at reader {reader}.[ {credential} was presented.]"},
    [EVENT_PASSAGE_TAKEN] = {"passed", COLOUR_NONE, "{person|18}  {door} → {to}",
                             "Door {door} opened, so {person} is in {to} (permitted by entry "
                             "{granted})."},
    [EVENT_PASSAGE_NOT_TAKEN] = {"not taken", COLOUR_DIM, "{person|18}  {door} → {to}",
                                 "Door {door} was not opened in time: {person} did not pass to "
                                 "{to} (permitted by entry {granted})."},
    [EVENT_PASSAGE_REPORTED_LATE] =
        {"late", COLOUR_WARN, "[{person|18}  ]reader {reader}[  of {occurred_at}]",
         "A line that was cut off tells of a card presented at reader "
         "{reader}[ at {occurred_at}][ by {person}]. Nothing was done on "
         "it."},
    [EVENT_DOOR_OPENED] = {"opened", COLOUR_DIM, "{door} ({cause})",
                           "Door {door} of gate {gate} was opened; why: {cause}."},
    [EVENT_DOOR_CLOSED] = {"closed", COLOUR_DIM, "{door}",
                           "Door {door} of gate {gate} was closed."},
    [EVENT_DOOR_LOCKED] = {"locked", COLOUR_DIM, "{door}",
                           "Door {door} of gate {gate} is locked again."},
    [EVENT_DOOR_EXIT_REQUESTED] = {"exit", COLOUR_DIM, "{door}",
                                   "Someone inside asked to leave by door {door} of gate {gate}."},
    [EVENT_DOOR_FORCED] = {"FORCED", COLOUR_BAD, "{door}",
                           "Door {door} of gate {gate} was opened while it was secured: nobody had "
                           "been permitted to pass, and nobody had asked to leave."},
    [EVENT_DOOR_HELD] = {"HELD OPEN", COLOUR_BAD, "{door}",
                         "Door {door} of gate {gate} stands open longer than the plan allows."},
    [EVENT_DOOR_LOCK_FAILED] =
        {"LOCK FAILED", COLOUR_BAD, "{door}",
         "Door {door} of gate {gate} should be locked, and its lock does not "
         "say so."},
    [EVENT_DOOR_REPORTED_LATE] = {"late", COLOUR_WARN, "{door} {sign}[  of {occurred_at}]",
                                  "A line that was cut off tells that door {door} was {sign}[ at "
                                  "{occurred_at}]. Nothing was done on it."},
    [EVENT_DURESS_RAISED] = {"DURESS", COLOUR_BAD, "{person|18}  {door}",
                             "{person} gave their duress PIN at door {door}: decided as their PIN, "
                             "and told to the control room alone."},
    [EVENT_READER_ONLINE] = {"online", COLOUR_NONE, "reader {reader}",
                             "Reader {reader} answers again."},
    [EVENT_READER_OFFLINE] = {"OFFLINE", COLOUR_BAD, "reader {reader}",
                              "Reader {reader} does not answer."},
    [EVENT_READER_TAMPERED] = {"TAMPERED", COLOUR_BAD, "reader {reader}",
                               "Reader {reader} was opened or torn off."},
    [EVENT_READER_RESTORED] = {"restored", COLOUR_NONE, "reader {reader}",
                               "The tamper contact of reader {reader} is closed again."},
    [EVENT_READER_INSECURE] = {"INSECURE", COLOUR_BAD, "reader {reader}",
                               "Reader {reader} answers, but not as securely as the plan wants: it "
                               "has another key, or is another. Nobody passes there."},
    [EVENT_READER_SECURE] = {"secure", COLOUR_NONE, "reader {reader}",
                             "Reader {reader} is as secure as the plan wants."},
    [EVENT_READER_POWER_FAILED] = {"POWER", COLOUR_BAD, "reader {reader}",
                                   "The power of reader {reader} failed."},
    [EVENT_READER_POWER_RESTORED] = {"power", COLOUR_NONE, "reader {reader}",
                                     "Reader {reader} has power again."},
    [EVENT_READER_REKEY_ORDERED] = {"new key", COLOUR_NONE, "reader {reader}",
                                    "Reader {reader} is to get another key."},
    [EVENT_READER_REKEYED] = {"has key", COLOUR_NONE, "reader {reader}",
                              "Reader {reader} has the key that was ordered."},
    [EVENT_ALARM_ACKNOWLEDGED] = {"seen", COLOUR_NONE, "alarm of entry {alarm}",
                                  "An operator has seen the alarm of entry {alarm}."},
    [EVENT_DETAILS_READ] =
        {"read", COLOUR_DIM, "details[ of {person}][ of {order}][ of all on {movement}]",
         "Details that are kept out of the journal were read[: those of {person}][: those of "
         "{order}][: those of all on the manifest of {movement}]."},
    [EVENT_DETAILS_ERASED] = {"erased", COLOUR_WARN, "details of {person} ({ground})",
                              "The details of {person} were erased; what asked for it: {ground}. "
                              "Every proof still holds."},
    [EVENT_CLOCK_STEPPED] = {"clock", COLOUR_WARN, "set forward by {by} us",
                             "The clock was set forward by {by} microseconds. What was running at "
                             "doors takes as long as before."},
    [EVENT_SNAPSHOT_TAKEN] = {"snapshot", COLOUR_DIM, "state {state}",
                              "The state before this entry was written down; its SHA-256 is "
                              "{state}."},
    [EVENT_COMMAND_REFUSED] = {"refused", COLOUR_BAD, "{command}  {reasons}",
                               "The command {command} was refused."},
};

void sentence_words(enum event_type type, const char **line, const char **explain) {
  SP_ASSERT((unsigned)type < EVENT_COUNT);
  *line = table[type].line;
  *explain = table[type].explain;
}

enum event_type sentence_type(struct span type) {
  for (unsigned e = 0; e < EVENT_COUNT; e++)
    if (span_is(type, event_records[e].type))
      return (enum event_type)e;
  return EVENT_COUNT;
}

/* --- Persons and references --- */

void person_text(char out[person_text_max], uint32_t index) {
  uint32_t n = person_number(index);
  snprintf(out, person_text_max, "%u-%u", n / 10, n % 10);
}

static bool parse_id(const char *text, size_t n, struct id *id) {
  return hex_decode(id->b, sizeof id->b, text, n);
}

bool number_parse(const char *text, uint32_t most, uint32_t *index) {
  uint64_t v = 0;
  size_t n = strlen(text), digits = 0;
  for (size_t i = 0; i < n; i++) {
    if (text[i] == '-' && i + 2 == n && i > 0)
      continue;
    if (text[i] < '0' || text[i] > '9' || ++digits > 9)
      return false;
    v = v * 10 + (uint64_t)(text[i] - '0');
  }
  return digits && number_index((uint32_t)v, most, index);
}

bool person_parse(const struct core *core, const char *text, uint32_t *index) {
  struct id id;
  if (parse_id(text, strlen(text), &id))
    return core_find_person(core, id, index);
  return number_parse(text, core->head.n_persons, index);
}

/* "stay 1000-9 of district-court", by the number that people know it by. */
static void put_order(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_order(core, id, &i)) {
    buf_printf(out, "order %.8s", hex);
    return;
  }
  const struct order *o = &core->orders[i];
  person_text(number, i);
  if (o->sealed && !s->unsealed) {
    buf_printf(out, "sealed order %s", number);
    return;
  }
  buf_printf(out, "%s %s of %s", order_kind_names[o->kind], number,
             core->authorities[o->issuer].name.s);
}

static void put_booking(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_booking(core, id, &i)) {
    buf_printf(out, "booking %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "booking %s", number);
}

/* "movement 1000-9 (removal)" */
static void put_movement(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_movement(core, id, &i)) {
    buf_printf(out, "movement %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "movement %s (%s)", number, movement_kind_names[core->movements[i].kind]);
}

/* "assessment 1000-9 (risk)" */
static void put_assessment(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_assessment(core, id, &i)) {
    buf_printf(out, "assessment %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "assessment %s (%s)", number, assessment_kind_names[core->assessments[i].kind]);
}

/* "count 1000-9 of section" */
static void put_count(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_count(core, id, &i)) {
    buf_printf(out, "count %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "count %s", number);
  if (core->counts[i].area != NONE16)
    buf_printf(out, " of %s", core->plan->areas[core->counts[i].area].name.s);
}

static void put_hearing(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_hearing(core, id, &i)) {
    buf_printf(out, "hearing %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "hearing %s by %s", number,
             core->authorities[core->hearings[i].authority].name.s);
}

static void put_visit(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t i;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_visit(core, id, &i)) {
    buf_printf(out, "visit %.8s", hex);
    return;
  }
  person_text(number, i);
  buf_printf(out, "visit %s", number);
}

static void put_person(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t index;
  char number[person_text_max];
  if (!parse_id(hex, strlen(hex), &id) || !core_find_person(core, id, &index)) {
    buf_printf(out, "person %.8s", hex);
    return;
  }
  person_text(number, index);
  buf_printf(out, "%s %s", person_kind_names[core->persons[index].kind], number);
}

static void put_operator(const struct speaker *s, struct buf *out, const char *hex) {
  const struct core *core = s->core;
  struct id id;
  uint32_t index;
  if (parse_id(hex, strlen(hex), &id) && core_find_operator(core, id, &index))
    buf_printf(out, "operator %.8s (%s)", hex, role_names[core->operators[index].role]);
  else
    buf_printf(out, "operator %.8s", hex);
}

static void put_credential(const struct speaker *s, struct buf *out, const char *hex) {
  (void)s;
  buf_printf(out, "credential %.8s", hex);
}

/* What has an id in journals, and is known to people otherwise. */
typedef void put_thing(const struct speaker *s, struct buf *out, const char *hex);
static put_thing *thing_of(struct span kind) {
  static const struct {
    const char *kind;
    put_thing *put;
  } things[] = {{"person", put_person},         {"operator", put_operator},
                {"order", put_order},           {"booking", put_booking},
                {"movement", put_movement},     {"hearing", put_hearing},
                {"visit", put_visit},           {"count", put_count},
                {"assessment", put_assessment}, {"credential", put_credential}};
  for (size_t i = 0; i < sizeof things / sizeof things[0]; i++)
    if (span_is(kind, things[i].kind))
      return things[i].put;
  return NULL;
}

static void put_ref(const struct speaker *s, struct buf *out, const char *ref) {
  const char *colon = strchr(ref, ':');
  if (!colon) {
    term_put(out, span_str(ref));
    return;
  }
  struct span kind = span_of(ref, (size_t)(colon - ref));
  put_thing *put = thing_of(kind);
  if (put)
    put(s, out, colon + 1);
  else if (span_is(kind, "level") || span_is(kind, "threat"))
    buf_printf(out, "%s level %s", span_is(kind, "level") ? "access" : "threat", colon + 1);
  else
    buf_printf(out, "%.*s %s", (int)kind.n, ref, colon + 1);
}

void sentence_ref(const struct core *core, struct buf *out, const char *ref) {
  put_ref(&(struct speaker){.core = core}, out, ref);
}

/* "op:HEX", "core", "line:x", "node:hand" */
static void put_actor(const struct speaker *s, struct buf *out, struct span actor) {
  char text[actor_text_max + 1];
  snprintf(text, sizeof text, "%.*s", (int)actor.n, (const char *)actor.p);
  if (strncmp(text, "op:", 3) == 0)
    put_operator(s, out, text + 3);
  else if (strcmp(text, "node:hand") == 0)
    buf_puts(out, "hand, at the engine's machine");
  else if (strcmp(text, "node:init") == 0)
    buf_puts(out, "init, when the site was made");
  else if (strcmp(text, "core") == 0)
    buf_puts(out, "time (a timer of the core)");
  else if (strncmp(text, "line:", 5) == 0)
    buf_printf(out, "line %s", text + 5);
  else
    term_put(out, span_str(text));
}

/* --- Members --- */

/* "order:HEX" of a sealed one, which is not told here. */
static bool is_hidden(const struct speaker *s, const char *ref) {
  struct id id;
  uint32_t i;
  return !s->unsealed && strncmp(ref, "order:", 6) == 0 &&
         parse_id(ref + 6, strlen(ref + 6), &id) && core_find_order(s->core, id, &i) &&
         s->core->orders[i].sealed;
}

static const char *record_ref_kind(enum event_type type, const char *key, enum field_kind *kind) {
  const struct record *r = &event_records[type];
  for (size_t i = 0; i < r->n_fields; i++)
    if (strcmp(r->fields[i].name, key) == 0) {
      *kind = r->fields[i].kind;
      return r->fields[i].kind == FIELD_REF ? ref_kind_names[r->fields[i].ref] : "";
    }
  *kind = FIELD_CONST;
  return "";
}

static void put_reasons(struct buf *out, const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *code = json_string_value(json_object_get(json_array_get(list, i), "code"));
    buf_printf(out, "%s%s", i ? ", " : "", code ? code : "?");
  }
}

static void put_refs(const struct core *core, struct buf *out, const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *ref = json_string_value(json_array_get(list, i));
    buf_puts(out, i ? ", " : "");
    sentence_ref(core, out, ref ? ref : "?");
  }
}

struct spoken {
  const struct speaker *s;
  const struct entry *e;
  enum event_type type;
  json_t *data, *command;
  bool sealed; /* it records an order that is sealed, and is told to anybody */
};

/* Is the order that it is about one whose kind is not told? */
static bool tells_sealed(const struct spoken *k) {
  char ref[ref_name_max + 16];
  const char *order = json_string_value(json_object_get(k->data, "order"));
  snprintf(ref, sizeof ref, "order:%s", order ? order : "");
  return order && is_hidden(k->s, ref);
}

/* Of the entry that records a sealed order: what people are told of it all the same. */
static bool is_told_of_sealed(const char *key) {
  static const char *const told[] = {"order", "person", "recorder", "number"};
  bool is = false;
  for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
    is |= strcmp(told[i], key) == 0;
  return is;
}

/* Appends the member as people read it; false when the entry has none. */
static bool put_member(const struct spoken *k, struct buf *out, const char *key) {
  if (strcmp(key, "command") == 0) {
    const char *c = json_string_value(json_object_get(k->command, "type"));
    term_put(out, span_str(c ? c : "a command"));
    return true;
  }
  const json_t *v = json_object_get(k->data, key);
  if (!v || (k->sealed && !is_told_of_sealed(key)))
    return false;
  enum field_kind kind;
  const char *ref = record_ref_kind(k->type, key, &kind);
  if (kind == FIELD_BOOL) /* its bracket tells it */
    return json_is_true(v);
  const char *s = json_string_value(v);
  put_thing *put =
      s ? thing_of(span_str(*ref ? ref : key)) : NULL; /* an id is called as its kind */
  if (kind == FIELD_REASONS)
    put_reasons(out, v);
  else if (kind == FIELD_REFS)
    put_refs(k->s->core, out, v);
  else if (put)
    put(k->s, out, s);
  else if (s && kind == FIELD_HASH)
    buf_printf(out, "%.16s…", s);
  else if (s && strcmp(s, deadline_names[DEADLINE_DETAINER_EXPIRED]) == 0 && tells_sealed(k))
    buf_puts(out, "expired");
  else
    out_value(k->s->out, out, v, kind == FIELD_TIME ? COLUMN_TIME : COLUMN_TEXT);
  return true;
}

/* Fills the words' braces. Brackets do not nest. False: a member outside brackets is missing,
 * which is told as a dash. */
static void put_words(const struct spoken *k, struct buf *out, const char *p) {
  size_t bracket = 0;
  bool in_bracket = false, missing = false;
  for (; *p; p++) {
    if (*p == '[') {
      in_bracket = true;
      missing = false;
      bracket = out->n;
    } else if (*p == ']') {
      if (missing && !out->failed)
        out->n = bracket;
      in_bracket = false;
    } else if (*p == '{') {
      char key[32];
      size_t n = strcspn(p + 1, "|}"), pad = 0, start = out->n;
      snprintf(key, sizeof key, "%.*s", (int)n, p + 1);
      if (p[1 + n] == '|')
        pad = strtoul(p + 2 + n, NULL, 10);
      if (!put_member(k, out, key)) {
        missing = true;
        if (!in_bracket)
          buf_puts(out, "–");
      }
      size_t w = out->failed       ? pad
                 : out->n == start ? 0
                                   : term_width(span_of(out->p + start, out->n - start));
      if (w < pad)
        buf_printf(out, "%*s", (int)(pad - w), "");
      p = strchr(p, '}');
    } else {
      buf_put(out, p, 1);
    }
  }
}

static enum sp_err spoken_open(struct spoken *k, const struct speaker *s, const struct entry *e,
                               struct fault *why) {
  *k = (struct spoken){.s = s, .e = e, .type = sentence_type(e->type)};
  if (k->type == EVENT_COUNT)
    return fault_set(why, SP_VERSION,
                     "entry %" PRIu64 " is of type %.*s, which this version does not know: use the "
                     "version that wrote it",
                     e->n, (int)e->type.n, (const char *)e->type.p);
  k->data = json_loadb((const char *)e->data.p, e->data.n, 0, NULL);
  if (e->command.n)
    k->command = json_loadb((const char *)e->command.p, e->command.n, 0, NULL);
  if (!k->data || (e->command.n && !k->command)) {
    json_decref(k->data);
    json_decref(k->command);
    return fault_set(why, SP_CORRUPT, "entry %" PRIu64 " is not readable as JSON", e->n);
  }
  k->sealed = k->type == EVENT_ORDER_RECORDED && !s->unsealed &&
              json_is_true(json_object_get(k->data, "sealed"));
  return SP_OK;
}

static void spoken_close(struct spoken *k) {
  json_decref(k->data);
  json_decref(k->command);
}

enum sp_err sentence_line(const struct speaker *s, const struct entry *e, struct buf *line,
                          struct fault *why) {
  struct spoken k;
  enum sp_err err = spoken_open(&k, s, e, why);
  if (err)
    return err;
  const struct words *w = &table[k.type];
  char clock[when_text_max], word[16], n[24];
  when_format(clock, WHEN_CLOCK, e->at, s->out->plan);
  snprintf(word, sizeof word, "%-11s", w->word);
  snprintf(n, sizeof n, "%6" PRIu64, e->n);
  out_colour(s->out, line, COLOUR_DIM, n);
  buf_printf(line, "  %s  ", clock);
  out_colour(s->out, line, w->colour, word);
  buf_puts(line, "  ");
  put_words(&k, line, w->line);
  if (e->by.n > 3 && memcmp(e->by.p, "op:", 3) == 0) {
    struct buf by = {0};
    buf_puts(&by, "  by ");
    put_actor(s, &by, e->by);
    if (e->second.n) {
      buf_puts(&by, " and ");
      put_actor(s, &by, e->second);
    }
    out_colour(s->out, line, COLOUR_DIM, buf_cstr(&by) ? buf_cstr(&by) : "");
    buf_free(&by);
  }
  spoken_close(&k);
  return line->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}

/* --- Explaining --- */

/* A reason's sentence with what it rests on in place of {}. */
static void put_reason(const struct speaker *s, struct buf *out, const json_t *reason) {
  const char *code = json_string_value(json_object_get(reason, "code"));
  const char *on = json_string_value(json_object_get(reason, "on"));
  for (unsigned r = 0; code && r < REASON_COUNT; r++) {
    if (strcmp(reason_codes[r], code) != 0)
      continue;
    const char *sentence = reason_sentence((enum reason)r), *hole;
    if (r == REASON_NO_AUTHORITY && on && strncmp(on, "assessment:", 11) == 0)
      sentence = "{} is a claim, and authorises nothing";
    hole = strstr(sentence, "{}");
    if (!hole) {
      buf_puts(out, sentence);
      return;
    }
    buf_put(out, sentence, (size_t)(hole - sentence));
    if (on)
      put_ref(s, out, on);
    else
      buf_puts(out, "it");
    buf_puts(out, hole + 2);
    if (on && is_hidden(s, on))
      buf_puts(out, " (the records or legal office knows what it says)");
    return;
  }
  buf_puts(out, code ? code : "?");
}

void sentence_reason(const struct core *core, struct buf *out, const json_t *reason) {
  put_reason(&(struct speaker){.core = core}, out, reason);
}

static json_t *said(struct buf *text) {
  json_t *j = text->failed ? NULL : json_stringn((const char *)text->p, text->n);
  buf_reset(text);
  return j;
}

/* Sentences about who asked, the clock, and what else came of the same command. */
static void say_asked(const struct spoken *k, struct buf *b, json_t *list) {
  const struct entry *e = k->e;
  if (e->cause != CAUSE_NONE) {
    buf_printf(b, "It came of the same command as entry %" PRIu64 ".", e->cause);
    json_array_append_new(list, said(b));
  }
  buf_puts(b, "Asked by ");
  put_actor(k->s, b, e->by);
  if (e->second.n) {
    buf_puts(b, ", and agreed to by ");
    put_actor(k->s, b, e->second);
  }
  const char *type = json_string_value(json_object_get(k->command, "type"));
  if (type)
    buf_printf(b, ", with the command %s", type);
  buf_puts(b, ".");
  json_array_append_new(list, said(b));
  for (unsigned c = 0; type && e->by.n > 3 && memcmp(e->by.p, "op:", 3) == 0 && c < COMMAND_COUNT;
       c++) {
    if (strcmp(command_records[c].type, type) != 0)
      continue;
    const struct permission *p = &command_permissions[c];
    const char *sep = "";
    buf_printf(b, "%s may be asked by the roles ", type);
    for (unsigned r = 0; r < ROLE_COUNT; r++)
      if (p->roles & 1u << r) {
        buf_printf(b, "%s%s", sep, role_names[r]);
        sep = ", ";
      }
    buf_puts(b, p->second_roles ? "; a second operator of another role must agree."
                                : "; one operator is enough.");
    json_array_append_new(list, said(b));
  }
  if (e->clock_untrusted) {
    buf_puts(b, "The clock was not to be trusted at that time.");
    json_array_append_new(list, said(b));
  }
  if (e->known_at != TIME_ABSENT) {
    char text[when_text_max];
    when_format(text, WHEN_FULL, e->known_at, k->s->out->plan);
    buf_printf(b, "The journal was known here up to %s.", text);
    json_array_append_new(list, said(b));
  }
}

static json_t *reasons_json(const struct spoken *k, struct buf *b, const json_t *reasons) {
  json_t *list = json_array();
  for (size_t i = 0; i < json_array_size(reasons); i++) {
    json_t *r = json_deep_copy(json_array_get(reasons, i));
    put_reason(k->s, b, r);
    json_object_set_new(r, "text", said(b));
    json_array_append_new(list, r);
  }
  return list;
}

enum sp_err sentence_explain_json(const struct speaker *s, const struct entry *e, json_t **out,
                                  struct fault *why) {
  struct spoken k;
  enum sp_err err = spoken_open(&k, s, e, why);
  if (err)
    return err;
  struct buf b = {0};
  json_t *list = json_array(), *rests = json_array();
  put_words(&k, &b, table[k.type].explain);
  if (b.n && b.p[0] >= 'a' && b.p[0] <= 'z')
    b.p[0] = (uint8_t)(b.p[0] - 32);
  json_array_append_new(list, said(&b));
  say_asked(&k, &b, list);
  const json_t *refs = json_object_get(k.data, "rests_on");
  for (size_t i = 0; i < json_array_size(refs); i++) {
    const char *ref = json_string_value(json_array_get(refs, i));
    put_ref(s, &b, ref ? ref : "?");
    json_array_append_new(rests, said(&b));
  }
  if (json_is_true(json_object_get(k.data, "pin_checked")))
    json_array_append_new(rests, json_string("the PIN, which was asked for and right"));
  if (json_is_true(json_object_get(k.data, "waiting")))
    json_array_append_new(
        list, json_string("Only a companion was missing: the door waited for one to present."));
  if (json_is_true(json_object_get(k.data, "taken")))
    json_array_append_new(list, json_string("It counts as passed at once: the door has no contact, "
                                            "or stood open already."));
  char at[time_text_len];
  time_format(at, e->at);
  *out = json_pack("{s:I,s:s%,s:s%,s:o,s:o,s:o,s:o}", "n", (json_int_t)e->n, "type",
                   (const char *)e->type.p, e->type.n, "at", at, (size_t)time_text_len, "said",
                   list, "rests_on", rests, "reasons",
                   reasons_json(&k, &b, json_object_get(k.data, "reasons")), "despite",
                   reasons_json(&k, &b, json_object_get(k.data, "warnings")));
  buf_free(&b);
  spoken_close(&k);
  return *out ? SP_OK : fault_set(why, SP_NO_MEMORY, "out of memory");
}

static void put_list(const struct speaker *s, struct buf *text, const char *title,
                     const json_t *list) {
  if (!json_array_size(list))
    return;
  buf_printf(text, "%s\n", title);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *v = json_array_get(list, i);
    const char *code = json_string_value(json_object_get(v, "code"));
    const char *words = json_string_value(json_is_object(v) ? json_object_get(v, "text") : v);
    buf_printf(text, "  %s%s", words ? words : "?", code ? "  (" : "");
    if (code) {
      out_colour(s->out, text, COLOUR_DIM, code);
      buf_puts(text, ")");
    }
    buf_puts(text, "\n");
  }
}

enum sp_err sentence_explain(const struct speaker *s, const struct entry *e, struct buf *text,
                             struct fault *why) {
  json_t *j;
  enum sp_err err = sentence_explain_json(s, e, &j, why);
  if (err)
    return err;
  char at[when_text_max], head[128];
  when_format(at, WHEN_FULL, e->at, s->out->plan);
  snprintf(head, sizeof head, "Entry %" PRIu64 ", %s, %.*s", e->n, at, (int)e->type.n,
           (const char *)e->type.p);
  out_colour(s->out, text, COLOUR_STRONG, head);
  buf_puts(text, "\n");
  const json_t *list = json_object_get(j, "said");
  for (size_t i = 0; i < json_array_size(list); i++) {
    buf_puts(text, json_string_value(json_array_get(list, i)));
    buf_puts(text, "\n");
  }
  put_list(s, text, "It rests on", json_object_get(j, "rests_on"));
  put_list(s, text, "Because", json_object_get(j, "reasons"));
  put_list(s, text, "A soft rule was passed over", json_object_get(j, "despite"));
  json_decref(j);
  return text->failed ? fault_set(why, SP_NO_MEMORY, "out of memory") : SP_OK;
}
