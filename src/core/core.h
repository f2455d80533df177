/* core.h: the pure decision core of one site.
 *
 *   core_decide(state, command) -> outcome: events and effects. Changes nothing.
 *   core_apply(state, event).               The only thing that changes state.
 *
 * No clock, no I/O, no randomness, no locale, no allocation. The caller gives the memory once; all
 * of it is bounded by limits.h. One handle a site; handles share nothing. Not thread-safe: one
 * writer (the engine) decides and applies.
 *
 * How the engine runs a command: decide; if events come, give each its index n, encode them into
 * entries, apply them in order; hold the effects until those entries are durable.
 */
#ifndef SP_CORE_CORE_H
#define SP_CORE_CORE_H

#include "core/event.h"
#include "core/reason.h"

struct core; /* state.h shows what can be read */

/* Bytes of memory one site needs (address space; pages are touched as they are used). */
size_t core_memory_size(void);
/* mem: core_memory_size() zeroed bytes, aligned to 64, owned by the caller and outliving the
 * handle, which lies within it. An empty site: no plan, nobody, next entry 0. */
struct core *core_init(void *mem);

enum verdict {
  VERDICT_DONE,    /* events say what became true (none: nothing changed, e.g. a tick not due) */
  VERDICT_REFUSED, /* decided against; one event (passage.refused, command.refused) records it */
  VERDICT_REJECTED /* not decidable as asked (exists already, wrong state …); nothing is recorded */
};

enum effect_type {
  EFFECT_UNLOCK, /* door, reader, ms: the reader's own timer relocks */
  EFFECT_LOCK,   /* door: cancel the timer, lock now */
  EFFECT_SIGNAL, /* reader: granted, refused or waiting */
  EFFECT_REKEY,  /* reader: its line makes another key and sets it */
  EFFECT_ALARM,  /* event: index of the alarm's event within the outcome */
  EFFECT_COUNT
};
enum signal { SIGNAL_GRANTED, SIGNAL_REFUSED, SIGNAL_WAITING };
extern const char *const effect_names[], *const signal_names[];
struct effect {
  uint32_t type;         /* enum effect_type */
  uint32_t door, reader; /* REF_ABSENT where not meant */
  uint32_t ms;           /* of UNLOCK */
  uint32_t value;        /* enum signal; or index into events */
};

struct outcome {
  enum verdict verdict;
  uint32_t n_events, n_effects;
  struct reasons reasons; /* of REFUSED and REJECTED; the first is the primary one */
  struct event events[events_max];
  struct effect effects[effects_max];
};

/* Decides a command on the state as it is. Event indexes count from core_next_entry. The caller
 * need not clear *out: only its counted parts are written. */
void core_decide(const struct core *core, const struct command *command, struct outcome *out);

/* Makes an event true. event->n must be core_next_entry and event->at not before the last one's;
 * both are our invariants (the engine checks bytes from a store before they come here).
 * Of plan.applied, event->plan stays referenced until the next one. */
void core_apply(struct core *core, const struct event *event);

/* The earliest time at which a tick has something to do; TIME_ABSENT when nothing is pending. */
usec core_due(const struct core *core);

uint64_t core_next_entry(const struct core *core);
usec core_last_at(const struct core *core);
const struct plan *core_plan(const struct core *core); /* NULL before the first */

/* Between indexes and names for the record codec; ctx is the core, which must outlive it. */
struct namer core_namer(const struct core *core);

/* Look-ups; false when there is none. */
bool core_find_person(const struct core *core, struct id id, uint32_t *index);
bool core_find_person_number(const struct core *core, uint32_t number, uint32_t *index);
bool core_find_credential(const struct core *core, struct id id, uint32_t *index);
bool core_find_credential_tag(const struct core *core, struct id tag, uint32_t *index);
bool core_find_operator(const struct core *core, struct id id, uint32_t *index);

/* Snapshot: the whole state as bytes that depend on nothing but the journal so far. The plan is
 * in it by hash only. core_dump calls put with successive pieces. core_load reads into a freshly
 * initialised core; plan is the decoded blob whose hash core_dump_plan_hash tells from the bytes.
 * SP_VERSION: another layout; SP_CORRUPT: a length or count that cannot be. */
void core_dump(const struct core *core, void (*put)(void *ctx, const void *p, size_t n), void *ctx);
size_t core_dump_size(const struct core *core);
enum sp_err core_dump_plan_hash(struct span dump, struct hash *plan, struct fault *why) SP_MUST_USE;
enum sp_err core_load(struct core *core, struct span dump, const struct plan *plan,
                      struct fault *why) SP_MUST_USE;

#endif
