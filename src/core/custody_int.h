/* custody_int.h: what the files about custody share. Private to core. */
#ifndef SP_CORE_CUSTODY_INT_H
#define SP_CORE_CUSTODY_INT_H

#include "core/decide.h"

/* Dates of a command, into those of the state: no bound is always, or never. */
uint32_t from_seconds(usec t);
uint32_t until_seconds(usec t);

/* Is this place the site itself: of the same name? */
bool place_is_here(const struct core *core, uint32_t place);
/* Does the authority stand above the other, or is it the same? */
bool stands_over(const struct core *core, uint32_t authority, uint32_t issuer);
/* Is the order about this person, or about a registration that was merged into theirs? */
bool order_is_theirs(const struct core *core, const struct order *o, uint32_t person);
void links_add(struct core *core, uint32_t a, uint32_t b, bool merged);
void links_remove(struct core *core, uint32_t a, uint32_t b, bool merged);
/* The order in force that keeps the two apart; REF_ABSENT: none. */
uint32_t order_apart(const struct core *core, uint32_t a, uint32_t b, usec at);
/* What keeps a detainee from being brought in; else *order holds them. */
void check_admission(const struct core *core, uint32_t person, usec at, uint32_t *order,
                     struct reasons *found);

/* --- What may have been in other hands (compromise.c) --- */
void decide_credential_compromise(struct deciding *d);
void decide_operator_compromise(struct deciding *d);
void apply_credential_compromised(struct core *core, const struct event *e);
void apply_operator_compromised(struct core *core, const struct event *e);

/* The order has come into force: an alarm tells what contradicts it. */
void tell_conflicts(struct deciding *d, const struct order *o, uint32_t index, uint32_t as_if);

/* --- Movements --- */
void member_goes(struct core *core, struct member *r, enum member_state to);
void member_returns(struct core *core, uint32_t person);
/* After an entry was made true: what it may have changed about deadlines. */
/* Of a state from outside: is what is kept about them what its rows say? */
bool deadlines_fit(const struct core *core);
void deadlines_follow(struct core *core, const struct event *e);
void booking_close(struct core *core, uint32_t person, usec at);
/* Where somebody is meant who lives: true, and it was rejected, when they have died. */
bool reject_deceased(struct deciding *d, uint32_t person);
/* The order in force, of any registration that binds this one, that forbids transfers. */
uint32_t order_no_transfer(const struct core *core, uint32_t person, usec at);
void refuse_step(struct deciding *d, enum movement_step step, uint32_t movement, uint32_t person,
                 const struct reasons *found);
/* After refuse_step: an alarm, if others than those who asked have to resolve it. */
void escalate(struct deciding *d, enum movement_step step, const struct question *q,
              const struct reasons *found);
void refuse_sequence(struct deciding *d, enum movement_step step, uint32_t movement,
                     uint32_t person);
/* Is anybody aboard, in this state or further, who is kept separate from the person? */
void check_separate(const struct core *core, uint32_t movement, uint32_t person,
                    enum member_state beside, struct reasons *found);
/* Whoever is being let through a door into the site neither boards nor is taken over. */
void check_still(const struct core *core, uint32_t person, struct reasons *found);
/* While a count differs nobody is moved, but by a release or in an emergency: true, and found says
 * so. */
bool check_frozen(const struct core *core, uint32_t movement, struct reasons *found);
/* Of a state from outside: does head.frozen count those that freeze? */
bool counts_freeze_as_told(const struct core *core);
void check_knowledge(const struct deciding *d, uint32_t movement, struct reasons *found);

void decide_person_add(struct deciding *d); /* candidate.c */
void decide_person_identify(struct deciding *d);

/* Do they come in over the boundary with a visit only? */
bool needs_visit(const struct core *core, uint32_t person);
/* The second at which a visit of theirs is over while they are inside; UINT32_MAX: none. */
uint32_t visit_overdue(const struct core *core, uint32_t person, uint32_t *visit);

#define CUSTODY_DECIDERS(X)                                                                        \
  X(VISIT_OPEN, visit_open)                                                                        \
  X(VISIT_CLOSE, visit_close)                                                                      \
  X(AUTHORITY_ADD, authority_add)                                                                  \
  X(PLACE_ADD, place_add)                                                                          \
  X(BASIS_ADD, basis_add)                                                                          \
  X(BASIS_REPEAL, basis_repeal)                                                                    \
  X(AGREEMENT_COMMIT, agreement_commit)                                                            \
  X(AGREEMENT_PAY, agreement_pay)                                                                  \
  X(CLASS_ADD, class_add)                                                                          \
  X(CLASS_INCLUDE, class_include)                                                                  \
  X(CLASS_DOUBT, class_doubt)                                                                      \
  X(CLASS_EXCLUDE, class_exclude)                                                                  \
  X(ORDER_RECORD, order_record)                                                                    \
  X(ORDER_AUTHENTICATE, order_authenticate)                                                        \
  X(ORDER_WRITE, order_write)                                                                      \
  X(ORDER_RECALL, order_recall)                                                                    \
  X(ORDER_REFUTE, order_refute)                                                                    \
  X(ASSESSMENT_RECORD, assessment_record)                                                          \
  X(ASSESSMENT_CONTEST, assessment_contest)                                                        \
  X(ASSESSMENT_REVIEW, assessment_review)                                                          \
  X(BOOKING_OPEN, booking_open)                                                                    \
  X(BOOKING_SUPPLEMENT, booking_supplement)                                                        \
  X(DEATH_RECORD, death_record)                                                                    \
  X(DEATH_CAUSE, death_cause)                                                                      \
  X(DEATH_REMAINS, death_remains)                                                                  \
  X(DEATH_RETRACT, death_retract)                                                                  \
  X(MARK_SET, mark_set)                                                                            \
  X(MARK_CLEAR, mark_clear)                                                                        \
  X(LINK_RECORD, link_record)                                                                      \
  X(LINK_DISMISS, link_dismiss)                                                                    \
  X(MOVEMENT_PROPOSE, movement_propose)                                                            \
  X(MOVEMENT_AUTHORISE, movement_authorise)                                                        \
  X(MOVEMENT_CANCEL, movement_cancel)                                                              \
  X(MANIFEST_ADD, manifest_add)                                                                    \
  X(MANIFEST_CITE, manifest_cite)                                                                  \
  X(MANIFEST_PROMOTE, manifest_promote)                                                            \
  X(MANIFEST_REMOVE, manifest_remove)                                                              \
  X(IDENTITY_CONFIRM, identity_confirm)                                                            \
  X(MOVEMENT_BOARD, movement_board)                                                                \
  X(MOVEMENT_DISEMBARK, movement_disembark)                                                        \
  X(MOVEMENT_DEPART, movement_depart)                                                              \
  X(MOVEMENT_DIVERT, movement_divert)                                                              \
  X(MOVEMENT_ARRIVE, movement_arrive)                                                              \
  X(MOVEMENT_HANDOVER, movement_handover)                                                          \
  X(HEARING_SET, hearing_set)                                                                      \
  X(HEARING_CLOSE, hearing_close)                                                                  \
  X(RECALL_ANSWER, recall_answer)                                                                  \
  X(COUNT_BEGIN, count_begin)                                                                      \
  X(COUNT_TALLY, count_tally)                                                                      \
  X(COUNT_CLOSE, count_close)
#define X(NAME, name) void decide_##name(struct deciding *d);
CUSTODY_DECIDERS(X)
#undef X

#define X(NAME, name) void apply_##name(struct core *core, const struct event *e);
CUSTODY_EVENTS(X)
#undef X

#endif
