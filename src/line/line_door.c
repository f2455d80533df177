#include "line/line_int.h"

/* Whether the reader has said that the strike is off, and nothing is on its way to it since. */
static bool is_off(const struct line_door *d) {
  return d->strike_off && !d->unlocks && !d->locks;
}

/* And since then it has told all that it had kept: what comes now was not so before that. A reader
 * keeps each change of a contact until it is polled, so what it told last may be long over. */
static bool is_settled(const struct line_door *d) {
  return is_off(d) && d->settled;
}

/* By all that it has told. */
static bool seems_locked(const struct line_door *d) {
  return is_off(d) && d->looked && (!d->has_contact || (d->seen && !d->open)) &&
         (!d->has_monitor || (d->known && d->bolt));
}

static void drive(struct line *l, struct line_door *d, enum for_what what, uint32_t ms, uint64_t n,
                  usec before) {
  const uint32_t units = ms / 100 ? ms / 100 : 1;
  const struct osdp_out out =
      wire_strike(l, d, what == FOR_UNLOCK, (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units));
  uint32_t *count = what == FOR_UNLOCK ? &d->unlocks : &d->locks;
  (*count)++;
  d->looked = d->settled = false;
  if (!reader_command(l, &l->readers[d->at], OSDP_OUT, &out, what, (uint32_t)(d - l->doors), n,
                      before))
    door_done(l, d, what, n, false);
}

void door_unlock(struct line *l, struct line_door *d, uint32_t ms, uint64_t n, usec before) {
  usec now = l->io.mono(l->io.ctx);
  d->newest = n > d->newest ? n : d->newest;
  d->told_locked = false; /* so that it is said again, after this */
  if (!l->engine_up || now + bus_ms * USEC_PER_MS > before) {
    line_say(l, "door %s: the unlock of entry %llu comes too late, and is not carried out",
             door_name(l, d), (unsigned long long)n);
    door_lock(l, d, n);
    return;
  }
  d->ms = ms;
  drive(l, d, FOR_UNLOCK, ms, n, before - bus_ms * USEC_PER_MS);
}

void door_lock(struct line *l, struct line_door *d, uint64_t n) {
  d->newest = n > d->newest ? n : d->newest;
  if (n)
    d->told_locked = false;
  drive(l, d, FOR_LOCK, 0, d->newest, TIME_ABSENT);
}

/* The strike is off: whoever opened before that is seen now. */
static void look(struct line *l, struct line_door *d) {
  d->looked = d->settled = false;
  bool asked = reader_command(l, &l->readers[d->at], OSDP_ISTAT, NULL, FOR_INPUTS,
                              (uint32_t)(d - l->doors), 0, TIME_ABSENT);
  d->ask_at = asked ? TIME_ABSENT : l->io.mono(l->io.ctx) + again_ms * USEC_PER_MS;
}

void door_done(struct line *l, struct line_door *d, enum for_what what, uint64_t n, bool done) {
  usec now = l->io.mono(l->io.ctx);
  uint32_t *count = what == FOR_UNLOCK ? &d->unlocks : &d->locks;
  SP_ASSERT(*count);
  (*count)--;
  d->strike_off = done && what == FOR_LOCK && !wire_lacks(d, WIRE_STRIKE);
  if (done && n > d->carried)
    d->carried = n;
  if (what == FOR_LOCK && !done)
    d->lock_again = n > d->lock_again ? n : d->lock_again;
  else if (what == FOR_LOCK && n >= d->lock_again)
    d->lock_again = 0;
  if (done && what == FOR_UNLOCK && d->lock_again >= n && d->lock_again) {
    door_lock(l, d, d->lock_again); /* it was to follow this, and there was no room for it */
  } else if (done && what == FOR_UNLOCK) {
    d->lock_again = 0; /* what came before this */
    d->ask_at = now + ((usec)d->ms + settle_ms) * USEC_PER_MS;
  } else if (done && d->strike_off) {
    look(l, d);
    door_tell(l, d);
  } else if (what == FOR_UNLOCK) {
    /* Nobody knows whether the reader heard it: it is locked, and that is said when it has been. */
    door_lock(l, d, n);
  } else {
    d->ask_at = now + again_ms * USEC_PER_MS;
  }
}

void door_quiet(struct line *l, struct line_door *d) {
  d->settled = is_off(d);
  door_tell(l, d);
}

/* Who asked to go out long ago has gone away: what is late asks for nothing. */
void door_inputs(struct line *l, struct line_door *d, const struct panel_event *e, bool asked) {
  const struct plan_door *p = &l->plan->doors[d->door];
  struct span states = e->data;
  wires_count(l, d, false, states.n);
  bool rex = p->rex != REX_NONE && wire_is(l, d, WIRE_REX, states, true);
  bool asks = d->known && rex && !d->rex && !e->late;
  d->known = true;
  d->looked |= asked && is_off(d);
  d->settled &= asked; /* more of what it kept may follow */
  d->seen = d->has_contact && !wire_lacks(d, WIRE_CONTACT);
  d->rex = rex;
  d->open = d->seen && !wire_is(l, d, WIRE_CONTACT, states, false);
  d->bolt = !d->has_monitor || wire_is(l, d, WIRE_LOCK_MONITOR, states, true);
  /* What is left of the time is taken back before it is said that it closed. */
  if (d->seen && !d->open && d->told && d->told_open && !is_off(d) && !d->locks)
    door_lock(l, d, 0);
  door_tell(l, d);
  if (asks)
    engine_say_door(l, d, "rex");
}

void door_outputs(struct line *l, struct line_door *d, const struct panel_event *e, bool asked) {
  struct span states = e->data;
  if (d->unlocks || d->locks || !asked)
    return; /* of before that; or another door asked, while this one's timer may run */
  wires_count(l, d, true, states.n);
  d->strike_off = wire_is(l, d, WIRE_STRIKE, states, false);
  if (wire_lacks(d, WIRE_STRIKE))
    d->ask_at = TIME_ABSENT; /* it will not grow one while it is there */
  else if (!d->strike_off)   /* its timer should have run */
    door_lock(l, d, 0);
  else
    look(l, d);
  door_tell(l, d);
}

void door_tell(struct line *l, struct line_door *d) {
  bool seems = seems_locked(d), locked = seems && is_settled(d);
  if (!d->known)
    return;
  if (d->seen && (!d->told || d->open != d->told_open) && (d->open || is_settled(d))) {
    engine_say_door(l, d, d->open ? "opened" : "closed");
    d->told = true;
    d->told_open = d->open;
  }
  if (!l->engine_up)
    return;
  if (l->plan->doors[d->door].tells_locked && locked && !d->told_locked)
    engine_say_door(l, d, "locked");
  d->told_locked = seems && (locked || d->told_locked);
}

void door_reader(struct line *l, struct line_door *d, bool online) {
  d->known = d->seen = d->strike_off = d->looked = d->settled = false;
  d->lock_again = 0;
  d->lacking = 0;
  d->ask_at = TIME_ABSENT;
  if (!online)
    return;
  int inputs = reader_items(l, &l->readers[d->at], OSDP_CAP_INPUTS);
  int outputs = reader_items(l, &l->readers[d->at], OSDP_CAP_OUTPUTS);
  if (outputs >= 0)
    wires_count(l, d, true, (size_t)outputs);
  if (inputs >= 0)
    wires_count(l, d, false, (size_t)inputs);
  /* Whatever it was told before it went away: now it locks, and says how it is. */
  door_lock(l, d, d->newest);
}

void door_tick(struct line *l, struct line_door *d, usec now) {
  struct line_reader *r = &l->readers[d->at];
  if (d->say_at != TIME_ABSENT && now >= d->say_at) {
    d->say_at = TIME_ABSENT;
    d->told = d->told_locked = false;
    door_tell(l, d);
  }
  if (!r->online)
    d->ask_at = TIME_ABSENT; /* when it is there again it locks, and says all */
  if (d->ask_at == TIME_ABSENT || now < d->ask_at)
    return;
  d->ask_at = now + again_ms * USEC_PER_MS; /* until it is known */
  if (d->lock_again && !d->unlocks && !d->locks)
    door_lock(l, d, d->lock_again);
  else if (!d->strike_off && !d->unlocks && !d->locks)
    (void)reader_command(l, r, OSDP_OSTAT, NULL, FOR_STRIKE, (uint32_t)(d - l->doors), 0,
                         TIME_ABSENT);
  else if (d->strike_off && !d->looked)
    look(l, d);
}

usec door_due(const struct line_door *d) {
  return d->ask_at == TIME_ABSENT                            ? d->say_at
         : d->say_at == TIME_ABSENT || d->ask_at < d->say_at ? d->ask_at
                                                             : d->say_at;
}
