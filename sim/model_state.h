/* model_state.h: what the model believes, and what its files share. Private to sim/model_*.c.
 *
 * Nothing here is a count or an index of something else: whatever can be found by looking is
 * found by looking, each time. */
#ifndef SIM_MODEL_STATE_H
#define SIM_MODEL_STATE_H

#include "core/state.h"
#include "sim/model.h"

/* Dates of validity: whole seconds; from INT64_MIN, until INT64_MAX: no bound. */
struct m_dates {
  int64_t from_s, until_s;
};

struct m_grant {
  uint32_t level;
  struct m_dates dates;
};

struct m_person {
  struct id id, pin, duress;
  uint32_t kind, area, merged_into, failures;
  uint32_t died_in; /* where they were when their remains were handed over; REF_ABSENT */
  enum person_state state, before_merge;
  struct m_dates dates;
  int64_t locked_until_s, entered_s;
  struct m_grant *grants; /* in the order in which they are looked at */
  uint32_t n_grants;
};

struct m_credential {
  struct id id, tag;
  uint32_t person, format; /* format REF_ABSENT: the plan has it no longer */
  enum credential_state state;
  struct m_dates dates;
  int64_t compromised_s; /* from when on; INT64_MAX: not */
  bool once;             /* a one-time pass */
  uint32_t ways_in;      /* taken with it over the boundary, if it is one */
  uint64_t out_n;        /* entry with which it was gone out with; 0: none */
};

struct m_operator {
  struct id id;
  uint32_t role;
  bool disabled;
  int64_t compromised_s; /* from when on; INT64_MAX: not */
};

struct m_pair { /* kept separate */
  uint32_t a, b;
};

struct m_alarm {
  uint64_t n;
  uint32_t type;
};

struct m_member { /* someone who was presented at a door */
  usec at;
  uint64_t granted; /* entry */
  uint32_t person, credential, reader, from, to, direction;
  enum party_status status;
};

struct m_door {
  bool open, unlocked, held, lock_failed;
  usec relock_at, opened_at, rex_until;
  uint64_t unlocked_by; /* the newest entry that unlocked it */
  uint32_t n_party;
  struct m_member party[party_max];
};

struct m_area {
  bool lockdown, first_in;
};

struct m_reader {
  bool offline, tampered, insecure, unpowered;
  uint64_t rekey_n; /* entry of the order for another key that it has not got; 0: none */
};

struct m_pending { /* a deadline */
  int64_t at_s;    /* INT64_MAX: none */
  uint32_t kind;   /* enum deadline; DEADLINE_COUNT: a recall */
  uint32_t person, order, movement, hearing, visit;
  uint32_t assessment; /* index + 1 */
};
struct m_pending_kept { /* what was found, so that it is not looked for at every step */
  bool known;
  uint32_t n; /* entries about custody that it was found from */
  struct m_pending next;
};

struct m_check { /* a count */
  struct id id;
  uint32_t area, opener; /* area: REF_ABSENT: gone */
  bool closed, differed, resolved;
};
struct m_tally {
  uint32_t check, area, expected, seen, by;
};

struct model {
  const struct plan *plan;
  struct hash plan_hash, vkey;
  bool created, sealed, broken;
  uint64_t next;
  usec last_at;
  uint32_t threat;
  uint32_t n_persons, n_credentials, n_operators, n_pairs, n_alarms, alarms_lost;
  struct m_person *persons;
  struct m_credential *credentials;
  struct m_operator *operators;
  struct m_pair *pairs;
  struct m_alarm *alarms;
  struct m_area *areas;
  bool *closed; /* gates */
  struct m_door *doors;
  struct m_reader *readers;
  uint32_t n_custody;
  struct event *custody; /* entries about custody, as they came */
  uint32_t n_custody_types;
  uint16_t *custody_types; /* of the same: what is looked for is found without touching the rest */
  struct m_pending_kept *kept;
  uint32_t n_checks, n_tallies;
  struct m_check *checks;
  struct m_tally *tallies;

  struct command last; /* of the last step, for the invariants */
  struct outcome expected;
  bool before_step_taken; /* last_area is of before the last step */
  uint32_t *last_area;    /* of each person, before the last step */
  uint32_t n_last_area;
  usec at_before;
  struct model_counts counts;
};

/* --- model_plan.c: what a plan says --- */
bool m_within(const struct plan *p, uint32_t area, uint32_t outer);
bool m_schedule_open(const struct plan *p, uint32_t schedule, usec at);
/* The schedule with which the level opens the gate this way; false when it does not. */
bool m_level_opens(const struct plan *p, uint32_t level, uint32_t gate, uint32_t direction,
                   uint32_t *schedule);
bool m_is_peer(const struct plan *p, uint32_t door, uint32_t other);
bool m_boundary(const struct plan *p, uint32_t door);
usec m_unlock_span(const struct plan *p, uint32_t door);
usec m_party_span(const struct plan *p);

/* --- model_look.c: what is found by looking --- */
int64_t m_second(usec at);
struct m_dates m_dates(usec from, usec until);
bool m_valid(struct m_dates d, usec at);
bool m_tells_locked(const struct model *m, uint32_t door);
bool m_secured(const struct model *m, uint32_t door, usec at);
uint32_t m_occupancy(const struct model *m, uint32_t area);
/* Permitted and not yet taken: into the area from without, and out of it. */
uint32_t m_reserved(const struct model *m, uint32_t area);
uint32_t m_leaving(const struct model *m, uint32_t area);
/* 1 when this person's own permission at this door is among them. */
uint32_t m_own_reserved(const struct model *m, uint32_t door, uint32_t person, uint32_t to);
uint32_t m_own_leaving(const struct model *m, uint32_t door, uint32_t person, uint32_t from);
bool m_separate(const struct model *m, uint32_t a, uint32_t b);
bool m_holds(const struct model *m, uint32_t person, uint32_t level, usec at);
uint32_t m_number(uint32_t person);
bool m_find_id(const struct model *m, enum ref_kind kind, struct id id, uint32_t *index);
bool m_same_id(struct id a, struct id b);
bool m_no_id(struct id a);
enum credential_state m_credential_state(const struct m_credential *c, usec at);

/* --- Expecting: the rules. Each fills an outcome that was cleared. --- */
struct asked { /* a command that is being judged */
  const struct model *m;
  const struct command *c;
  struct outcome *o;
};
struct event *m_expect(const struct asked *a, enum event_type type);
struct event *m_expect_alarm(const struct asked *a, enum event_type type);
void m_expect_effect(const struct asked *a, enum effect_type type, uint32_t door, uint32_t reader,
                     uint32_t ms, uint32_t value);
void m_reject(const struct asked *a, enum reason reason, enum ref_kind kind, uint32_t index);
void m_add_reason(struct reasons *r, enum reason code, enum ref_kind kind, uint32_t index);
bool m_has_reason(const struct reasons *r, enum reason code);

bool m_bad_dates(const struct asked *a, usec from, usec until); /* then it was rejected */
void m_refuse(const struct asked *a, enum reason reason, enum ref_kind kind, uint32_t index);

/* --- model_custody.c: who is held, on which paper --- */
bool m_is_custody(const struct model *m, const struct event *e); /* before it is made true */
bool m_decide_custody(const struct asked *a);                    /* false: it is no such command */
uint32_t m_count_custody(const struct model *m, enum event_type type);
const struct ev_order_recorded *m_order(const struct model *m, uint32_t order);
bool m_kind_holds(uint32_t kind);
uint32_t m_authenticator(const struct model *m, uint32_t order); /* the last; REF_ABSENT */
bool m_order_was(const struct model *m, enum event_type type, uint32_t order);
/* False: *why not. */
bool m_in_force(const struct model *m, uint32_t order, usec at, struct reason_on *why);
bool m_is_booked(const struct model *m, uint32_t person);
bool m_is_marked(const struct model *m, uint32_t person, uint32_t mark);
uint32_t m_membership(const struct model *m, uint32_t class, uint32_t person);
/* Who hangs together with this one, themselves among them: in[] of every person, and how many. */
uint32_t m_linked(const struct model *m, uint32_t person, bool *in);
bool m_may_link(const struct model *m, uint32_t a, uint32_t b);
bool m_may_come_in(const struct model *m, uint32_t person, usec at, uint32_t *order,
                   struct reasons *why_not);
bool m_is_candidate(const struct model *m, uint32_t a, uint32_t b);
bool m_merge_stands(const struct model *m, uint32_t merge); /* of all the person's merges, this */
bool m_is_held(const struct model *m, uint32_t person, usec at, uint32_t *order,
               struct reasons *why_not);
bool m_basis_bears(const struct model *m, uint32_t basis, usec at, struct reason_on *why);
bool m_place_is_site(const struct model *m, uint32_t place);
const struct ev_place_added *m_place(const struct model *m, uint32_t place);
const struct ev_basis_added *m_basis(const struct model *m, uint32_t basis);
const struct ev_class_added *m_class(const struct model *m, uint32_t class);
const struct ev_authority_added *m_authority(const struct model *m, uint32_t authority);
uint32_t m_keeps_apart(const struct model *m, uint32_t a, uint32_t b, usec at);

/* --- model_assessment.c: how a claim about a person stands --- */
struct m_claim {
  int64_t review_s, contested_s; /* contested: INT64_MAX: not, or reviewed since */
  bool told, over;
  uint32_t outcome; /* enum assessment_state */
};
const struct ev_assessment_recorded *m_assessment(const struct model *m, uint32_t assessment);
struct m_claim m_claim(const struct model *m, uint32_t assessment);
int64_t m_claim_due(const struct model *m, const struct m_claim *c);
bool m_decide_assessment(const struct asked *a); /* false: it is no such command */

/* --- model_funds.c: the sum of all such entries about an agreement --- */
uint64_t m_funds(const struct model *m, enum event_type type, uint32_t agreement);
const char *m_currency(const struct model *m, uint32_t agreement);
void m_move_funds(const struct asked *a);

/* --- model_once.c: one-time passes --- */
/* The credential's state for whoever would pass this door on the way into `to`. */
enum credential_state m_pass_state(const struct model *m, uint32_t credential, uint32_t door,
                                   uint32_t to, usec at);
void m_pass_taken(struct model *m, uint32_t credential, uint32_t door, uint32_t to, uint64_t n);

void m_compromise_credential(const struct asked *a); /* model_compromise.c */
void m_compromise_operator(const struct asked *a);
/* --- model_register.c: what the register of a booking says --- */
struct m_register { /* bits (1 << enum register_field) */
  uint32_t recorded, outstanding;
};
struct m_register m_register(const struct model *m, uint32_t booking);
uint32_t m_register_lacks(uint32_t recorded);
bool m_register_sound(uint32_t recorded, uint32_t outstanding);
void m_supplement(const struct asked *a);
void m_tell_conflicts(const struct asked *a, uint32_t order); /* model_conflict.c */

/* --- model_movement.c: who is taken where --- */
struct m_journey { /* how a movement stands */
  enum movement_state state;
  uint32_t to, authoriser;
  int64_t departed_s; /* INT64_MAX: not yet */
};
struct m_case_of_death { /* since they died: what was recorded, and what ended with it */
  bool cause, remains, closed, away;
};
struct m_case {             /* how a person stands */
  uint32_t movement, order; /* the last movement they were put on, and the order cited last */
  uint32_t state;           /* enum member_state there */
  uint64_t added;           /* the entry that put them on it */
  int64_t recalled_s;       /* in it; INT64_MAX: not */
  uint32_t told;            /* of it: bits (1 << enum deadline) told, or answered */
  int64_t held_since_s;     /* opened, or the last order about them that holds authenticated */
  bool booked, lapse_told;
  struct m_case_of_death death;
};
bool m_is_active(uint32_t state); /* on a manifest */
struct m_bound { /* registrations that hang together: nearest first, the last linked first */
  uint32_t at[16], n;
};
struct m_bound m_bound(const struct model *m, uint32_t person);
/* What the steps ask (model_question.c), and on what a yes rests. */
struct refs m_ask(const struct model *m, uint32_t movement, uint32_t person, uint32_t order,
                  uint32_t to, usec at, struct reasons *found);
bool m_decide_movement(const struct asked *a); /* false: it is no such command */
const struct ev_movement_proposed *m_movement(const struct model *m, uint32_t movement);
struct m_journey m_journey(const struct model *m, uint32_t movement);
struct m_case m_case(const struct model *m, uint32_t person);
uint32_t m_seated(const struct model *m, uint32_t movement);
uint32_t m_places_used(const struct model *m, uint32_t basis);
/* May a detainee go out through the boundary? Adds why not, or tells on what it rests. */
void m_may_leave(const struct model *m, uint32_t person, usec at, struct reasons *found,
                 struct refs *rests_on);
void m_move_departure(struct model *m, uint32_t movement, usec at);

/* --- model_death.c: who has died --- */
struct m_death {
  bool dead, cause, remains, told;
  uint32_t recorder;
  int64_t at_s, recorded_s;
};
struct m_death m_death(const struct model *m, uint32_t person);
bool m_is_of_death(const struct event *e, uint32_t person);
void m_read_death(const struct model *m, struct m_case *c, uint32_t entry);
bool m_reject_dead(const struct asked *a,
                   uint32_t person);        /* true: they are, and it was rejected */
bool m_decide_death(const struct asked *a); /* false: it is no such command */
void m_move_death(struct model *m, const struct event *e);

/* --- model_count.c: roll checks --- */
bool m_check_freezes(const struct model *m, uint32_t check);
uint32_t m_frozen(const struct model *m, uint32_t movement); /* by which count; REF_ABSENT */
uint32_t m_check_needs(const struct model *m, uint32_t area);
bool m_decide_count(const struct asked *a); /* false: it is no such command */
bool m_move_count(struct model *m, const struct event *e);

/* --- model_deadline.c: what should have been done by now --- */
usec m_deadline_due(const struct model *m);
void m_decide_deadline(const struct asked *a);
void m_answer_recall(const struct asked *a);
void m_set_hearing(const struct asked *a);
void m_close_hearing(const struct asked *a);

/* --- model_visit.c: who is expected --- */
void m_open_visit(const struct asked *a);
void m_close_visit(const struct asked *a);
/* May they come in as far as that goes? *visit: on which they do, REF_ABSENT: none is needed. */
bool m_is_expected(const struct model *m, uint32_t person, usec at, uint32_t *visit);
int64_t m_visit_over(const struct model *m, uint32_t person, uint32_t *visit);
bool m_has_visit(const struct model *m, uint32_t person);

/* --- model_candidate.c: who may be the same human --- */
void m_add_person(const struct asked *a);
void m_identify_person(const struct asked *a);

void m_decide(const struct model *m, const struct command *c, struct outcome *o);
bool m_may(const struct asked *a);          /* model_permit.c: who may ask */
void m_decide_admin(const struct asked *a); /* model_admin.c: operators' commands */
void m_decide_pass(const struct asked *a);  /* model_pass.c */
void m_decide_door(const struct asked *a);  /* model_door.c */
void m_decide_reader(const struct asked *a);
void m_decide_tick(const struct asked *a);
void m_decide_step(const struct asked *a);
void m_decide_plan(const struct asked *a); /* model_change.c */

/* --- Moving: what an event makes true. False: no memory. --- */
bool m_move(struct model *m, const struct event *e); /* model_move.c */
bool m_move_plan(struct model *m, const struct event *e);
bool m_move_passage(struct model *m, const struct event *e); /* model_move_door.c */
void m_walk(struct model *m, uint32_t person, uint32_t to, usec at);
void m_forget(struct m_door *d, uint32_t place);    /* of its party */
void *m_grow(void *array, uint32_t n, size_t size); /* room for one more */

/* --- Telling, model_tell.c --- */
void m_tell_command(struct buf *b, const struct model *m, const struct command *c);
void m_tell_event(struct buf *b, const struct model *m, const struct event *e);
void m_tell_effect(struct buf *b, const struct model *m, const struct effect *e);
void m_tell_reasons(struct buf *b, const struct model *m, const struct reasons *r);
void m_tell_person(struct buf *b, const struct model *m, uint32_t person);
void m_tell_door(struct buf *b, const struct model *m, uint32_t door);
void m_tell_area(struct buf *b, const struct model *m, uint32_t area);
void m_tell_time(struct buf *b, usec at);

/* --- model_compare.c: the difference is told; true when there is none --- */
bool m_same_event(const struct event *a, const struct event *b, const char **field);
bool m_same_reasons(const struct reasons *a, const struct reasons *b);
bool m_same_effect(const struct effect *a, const struct effect *b);

#endif
