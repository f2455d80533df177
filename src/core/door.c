/* door.c: what contacts, locks and request-to-exit buttons say, and what time makes due.
 *
 *   secured --grant/REX--> unlocked --timer or report--> secured
 *      |                      | opened: passages are taken
 *      | opened: forced       v
 *      +--------------------> open --closed--> unlocked (until it reports locked) --> secured
 */
#include "core/decide.h"
#include "core/interlock.h"

static struct ev_door_ref door_ref(const struct core *core, uint32_t door) {
  return (struct ev_door_ref){door, core->plan->doors[door].gate};
}

/* Everyone who was permitted and has not passed: they have now, or never will on that grant. */
static void end_passages(struct deciding *d, uint32_t door, enum event_type type) {
  const struct core *core = d->core;
  const struct door_state *s = &core->doors[door];
  for (uint32_t i = 0; i < s->n_party; i++)
    if (s->party[i].status == PARTY_GRANTED)
      deciding_event(d, type)->u.passage_ended =
          (struct ev_passage_ended){.person = s->party[i].person,
                                    .door = door,
                                    .gate = core->plan->doors[door].gate,
                                    .from = s->party[i].from,
                                    .to = s->party[i].to,
                                    .granted = s->party[i].granted};
}

static bool has_granted(const struct door_state *s) {
  for (uint32_t i = 0; i < s->n_party; i++)
    if (s->party[i].status == PARTY_GRANTED)
      return true;
  return false;
}

static void decide_opened(struct deciding *d, uint32_t door) {
  const struct door_state *s = &d->core->doors[door];
  const struct plan_door *p = &d->core->plan->doors[door];
  if (s->open)
    return; /* said again */
  enum opening cause = has_granted(s)                                   ? OPENING_PASSAGE
                       : d->command->at < s->rex_until                  ? OPENING_REX
                       : s->unlocked && d->command->at < s->relock_at   ? OPENING_PASSAGE
                       : p->egress == EGRESS_FREE && p->rex == REX_NONE ? OPENING_EGRESS
                                                                        : OPENING_FORCED;
  deciding_event(d, EVENT_DOOR_OPENED)->u.door_opened =
      (struct ev_door_opened){door, p->gate, cause};
  if (cause == OPENING_PASSAGE)
    end_passages(d, door, EVENT_PASSAGE_TAKEN);
  if (cause == OPENING_FORCED)
    deciding_alarm(d, EVENT_DOOR_FORCED)->u.door_ref = door_ref(d->core, door);
}

/* Was this seen after the last unlock was carried out? What was seen before says nothing about the
 * bolt, which is on its way in. A report that does not say is of someone who knows. */
static bool is_current(const struct deciding *d, uint32_t door) {
  uint64_t after = d->command->u.door_report.after;
  return after == 0 || after >= d->core->doors[door].unlock_n;
}

static void decide_closed(struct deciding *d, uint32_t door) {
  const struct door_state *s = &d->core->doors[door];
  if (!s->open)
    return;
  bool relocks = s->unlocked && is_current(d, door);
  deciding_event(d, EVENT_DOOR_CLOSED)->u.door_closed =
      (struct ev_door_closed){door, d->core->plan->doors[door].gate, relocks};
  if (relocks) /* nobody else shall slip through on what is left of the time */
    deciding_effect(d, EFFECT_LOCK, door, REF_ABSENT, 0, 0);
}

static void decide_locked(struct deciding *d, uint32_t door) {
  const struct door_state *s = &d->core->doors[door];
  if (!s->unlocked || !is_current(d, door))
    return;
  deciding_event(d, EVENT_DOOR_LOCKED)->u.door_ref = door_ref(d->core, door);
  end_passages(d, door, EVENT_PASSAGE_NOT_TAKEN);
}

static void decide_rex(struct deciding *d, uint32_t door) {
  const struct core *core = d->core;
  const struct plan_door *p = &core->plan->doors[door];
  struct reasons found = {0};
  if (p->rex == REX_UNLOCK) {
    if (core->gates[p->gate].closed)
      reasons_add(&found, REASON_GATE_OUT_OF_SERVICE, ref_to(REF_GATE, p->gate));
    const uint32_t ends[2] = {p->from, p->to};
    for (int e = 0; e < 2 && core->head.lockdowns && !found.n; e++)
      for (uint32_t a = ends[e]; a != NONE16 && !found.n; a = core->plan->areas[a].parent)
        if (core->areas[a].lockdown)
          reasons_add(&found, REASON_LOCKDOWN, ref_to(REF_AREA, a));
    uint32_t peer = interlock_unsecured(core, door, d->command->at);
    if (peer != REF_ABSENT)
      reasons_add(&found, REASON_INTERLOCK, ref_to(REF_DOOR, peer));
  }
  if (found.n) {
    d->out->verdict = VERDICT_REFUSED;
    d->out->reasons = found;
    deciding_event(d, EVENT_COMMAND_REFUSED)->u.command_refused.reasons = found;
    return;
  }
  deciding_event(d, EVENT_DOOR_EXIT_REQUESTED)->u.door_ref = door_ref(core, door);
  if (p->rex == REX_UNLOCK)
    deciding_effect(d, EFFECT_UNLOCK, door, REF_ABSENT, p->unlock_ms, 0);
}

void decide_door_report(struct deciding *d) {
  const struct cmd_door_report *r = &d->command->u.door_report;
  static void (*const signs[])(struct deciding *, uint32_t) = {
      [DOOR_OPENED] = decide_opened,
      [DOOR_CLOSED] = decide_closed,
      [DOOR_LOCKED] = decide_locked,
      [DOOR_REX] = decide_rex,
  };
  if (r->late)
    deciding_event(d, EVENT_DOOR_REPORTED_LATE)->u.reported_late =
        (struct ev_reported_late){.door = r->door,
                                  .reader = REF_ABSENT,
                                  .person = REF_ABSENT,
                                  .sign = r->sign,
                                  .occurred_at = r->occurred_at};
  else
    signs[r->sign](d, r->door);
}

/* --- Time --- */

/* When this door has something to do next; TIME_ABSENT = nothing. */
static usec door_due(const struct core *core, uint32_t door) {
  const struct door_state *s = &core->doors[door];
  const struct plan_door *p = &core->plan->doors[door];
  usec due = TIME_ABSENT;
  if (s->unlocked) {
    if (!p->tells_locked || has_granted(s))
      due = s->relock_at;
    else if (!s->lock_failed && !s->open)
      due = s->relock_at + LOCK_GRACE;
  }
  if (s->open && !s->held) {
    usec held = s->opened_at + (usec)p->held_open_ms * USEC_PER_MS;
    if (due == TIME_ABSENT || held < due)
      due = held;
  }
  return due;
}

usec core_due(const struct core *core) {
  usec due = TIME_ABSENT;
  for (uint32_t i = 0; i < core->head.n_doors; i++) {
    if (!core->doors[i].unlocked && !core->doors[i].open)
      continue;
    usec d = door_due(core, i);
    if (d != TIME_ABSENT && (due == TIME_ABSENT || d < due))
      due = d;
  }
  usec custody = deadline_due(core);
  return custody != TIME_ABSENT && (due == TIME_ABSENT || custody < due) ? custody : due;
}

static void tick_door(struct deciding *d, uint32_t door) {
  const struct core *core = d->core;
  const struct door_state *s = &core->doors[door];
  const struct plan_door *p = &core->plan->doors[door];
  usec at = d->command->at;
  if (s->unlocked && at >= s->relock_at) {
    if (!p->tells_locked)
      deciding_event(d, EVENT_DOOR_LOCKED)->u.door_ref = door_ref(core, door);
    else if (!s->lock_failed && !s->open && at >= s->relock_at + LOCK_GRACE)
      deciding_alarm(d, EVENT_DOOR_LOCK_FAILED)->u.door_ref = door_ref(core, door);
    end_passages(d, door, EVENT_PASSAGE_NOT_TAKEN);
  }
  if (s->open && !s->held && at >= s->opened_at + (usec)p->held_open_ms * USEC_PER_MS)
    deciding_alarm(d, EVENT_DOOR_HELD)->u.door_ref = door_ref(core, door);
}

/* What one door can add; the caller ticks again while core_due is in the past. */
enum { tick_events_a_door = party_max + 3 };

void decide_tick(struct deciding *d) {
  for (uint32_t i = 0; i < d->core->head.n_doors; i++) {
    if (d->out->n_events + tick_events_a_door > events_max)
      return;
    if (!d->core->doors[i].unlocked && !d->core->doors[i].open)
      continue;
    usec due = door_due(d->core, i);
    if (due != TIME_ABSENT && due <= d->command->at)
      tick_door(d, i);
  }
  decide_deadline(d);
}

/* --- A clock that was set forward --- */

/* Readers' own timers do not know of it: without this a door would count as locked before it is. */
void decide_clock_step(struct deciding *d) {
  const struct core *core = d->core;
  uint64_t by = d->command->u.clock_step.by;
  bool runs = false;
  if (by == 0 || by > (uint64_t)(d->command->at - core->head.last_at)) {
    deciding_reject(d, REASON_TIME_ORDER, (struct ref){REF_NONE, 0});
    return;
  }
  for (uint32_t i = 0; i < core->head.n_doors && !runs; i++) {
    const struct door_state *s = &core->doors[i];
    runs = s->unlocked || s->open || s->n_party || s->rex_until > core->head.last_at;
  }
  if (runs)
    deciding_event(d, EVENT_CLOCK_STEPPED)->u.clock_stepped.by = by;
}
