/* decide.h: what the files that decide share. Private to core. */
#ifndef SP_CORE_DECIDE_H
#define SP_CORE_DECIDE_H

#include "core/state.h"

struct deciding {
  const struct core *core;
  const struct command *command;
  struct outcome *out;
};

/* The next event, with its type, time and index set; the caller fills u. */
struct event *deciding_event(struct deciding *d, enum event_type type);
void deciding_effect(struct deciding *d, enum effect_type type, uint32_t door, uint32_t reader,
                     uint32_t ms, uint32_t value);
/* An event that is an alarm, and the effect that tells of it. */
struct event *deciding_alarm(struct deciding *d, enum event_type type);
/* Not decidable as asked; nothing is recorded. */
void deciding_reject(struct deciding *d, enum reason reason, struct ref on);

/* Decided against, and recorded so. */
void deciding_refuse(struct deciding *d, enum reason reason, struct ref on);
/* Within what the state can hold, and the end after the beginning; else it is rejected. */
bool check_dates(struct deciding *d, usec from, usec until);
bool kept_separate(const struct core *core, uint32_t a, uint32_t b);
bool separations_left(const struct core *core); /* room for one more pair */

void reasons_add(struct reasons *r, enum reason code, struct ref on);
bool reasons_have(const struct reasons *r, enum reason code);
static inline struct ref ref_to(enum ref_kind kind, uint32_t index) {
  return (struct ref){kind, index};
}

/* Permitted at some door and not yet through it, on the way into this area; REF_ABSENT: into any of
 * the site. */
bool on_the_way(const struct core *core, uint32_t person, uint32_t to);

/* One for each command, by enum command_type; the rows are in decide.c. */
void decide_pass(struct deciding *d);
void decide_door_report(struct deciding *d);
void decide_reader_report(struct deciding *d);
void decide_reader_rekey(struct deciding *d);
void decide_tick(struct deciding *d);
void decide_deadline(struct deciding *d); /* the next that has passed, if there is room */
void decide_clock_step(struct deciding *d);
void decide_plan_apply(struct deciding *d);

/* How long after its relock time a monitored lock may be silent. */
#define LOCK_GRACE (2 * USEC_PER_S)
/* The door's margin and unlock time together: from the decision until it is locked again. */
static inline usec unlock_span(const struct plan *p, uint32_t door) {
  return ((usec)p->doors[door].unlock_ms + p->rules.relock_margin_ms) * USEC_PER_MS;
}
/* How long a person presented at a door counts as a companion there. */
static inline usec party_span(const struct plan *p) {
  uint32_t ms =
      p->rules.escort_ms > p->rules.two_person_ms ? p->rules.escort_ms : p->rules.two_person_ms;
  return (usec)ms * USEC_PER_MS;
}

#endif
