#include "line/line_int.h"

/* Whether what is known of the strike is that it is off, and nothing is on its way to it. */
static bool is_off(const struct line_door *d) {
  return d->strike_off && !d->unlocking && !d->locking;
}

static bool is_locked(const struct line_door *d) {
  return is_off(d) && (!d->has_contact || (d->known && !d->open)) &&
         (!d->has_monitor || (d->known && d->bolt));
}

static void drive(struct line *l, struct line_door *d, enum for_what what, uint32_t ms,
                  usec before) {
  struct line_reader *r = &l->readers[d->at];
  const uint32_t units = ms / 100 ? ms / 100 : 1;
  const struct osdp_out out = {
      .output = strike_output,
      .control = what == FOR_UNLOCK ? OSDP_OUT_ON_TIMED : OSDP_OUT_OFF,
      .timer = what == FOR_UNLOCK ? (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units) : 0};
  d->unlocking = what == FOR_UNLOCK;
  d->locking = what == FOR_LOCK;
  d->strike_off = false;
  if (!reader_command(l, r, OSDP_OUT, &out, what, (uint32_t)(d - l->doors), before))
    door_done(l, d, what, false);
}

void door_unlock(struct line *l, struct line_door *d, uint32_t ms, uint64_t n, usec before) {
  usec now = l->io.mono(l->io.ctx);
  d->under_way = n;
  d->told_locked = false; /* so that it is said again, after this */
  if (!l->engine_up || now + bus_ms * USEC_PER_MS > before) {
    line_say(l, "door %s: the unlock of entry %llu comes too late, and is not carried out",
             door_name(l, d), (unsigned long long)n);
    door_lock(l, d, n);
    return;
  }
  drive(l, d, FOR_UNLOCK, ms, before - bus_ms * USEC_PER_MS);
  if (d->unlocking)
    d->ask_at = now + ((usec)ms + settle_ms) * USEC_PER_MS;
}

void door_lock(struct line *l, struct line_door *d, uint64_t n) {
  if (n > d->under_way)
    d->under_way = n;
  if (n)
    d->told_locked = false;
  drive(l, d, FOR_LOCK, 0, TIME_ABSENT);
}

void door_done(struct line *l, struct line_door *d, enum for_what what, bool done) {
  usec now = l->io.mono(l->io.ctx);
  if (what == FOR_UNLOCK)
    d->unlocking = false;
  else
    d->locking = false;
  if (done && d->under_way > d->carried)
    d->carried = d->under_way;
  if (done && what == FOR_LOCK) {
    d->strike_off = true;
    d->ask_at = TIME_ABSENT;
    door_tell(l, d);
  } else if (!done && what == FOR_UNLOCK) {
    /* Nobody knows whether the reader heard it: it is locked, and that is said when it has been. */
    door_lock(l, d, d->under_way);
  } else if (!done) {
    d->ask_at = now + again_ms * USEC_PER_MS;
  }
}

void door_inputs(struct line *l, struct line_door *d, struct span states) {
  bool rex = states.n > rex_input && states.p[rex_input] == 1;
  bool asks = d->known && rex && !d->rex;
  d->known = true;
  d->rex = rex;
  d->open = d->has_contact && (states.n <= contact_input || states.p[contact_input] == 1);
  d->bolt = !d->has_monitor || (states.n > lock_input && states.p[lock_input] == 1);
  /* What is left of the time is taken back before it is said that it closed. */
  if (!d->open && d->told && d->told_open && !is_off(d) && !d->locking)
    door_lock(l, d, 0);
  door_tell(l, d);
  if (asks && l->plan->doors[d->door].rex != REX_NONE)
    engine_say_door(l, d, "rex");
}

void door_outputs(struct line *l, struct line_door *d, struct span states) {
  bool on = states.n > strike_output && states.p[strike_output] != 0;
  if (d->unlocking || d->locking)
    return; /* of before that */
  d->strike_off = !on;
  if (on) /* its timer should have run */
    door_lock(l, d, 0);
  door_tell(l, d);
}

void door_tell(struct line *l, struct line_door *d) {
  bool locked = is_locked(d);
  if (!d->known)
    return;
  if (d->has_contact && (!d->told || d->open != d->told_open) && (d->open || is_off(d))) {
    engine_say_door(l, d, d->open ? "opened" : "closed");
    d->told = true;
    d->told_open = d->open;
  }
  if (!l->engine_up)
    return;
  if (l->plan->doors[d->door].tells_locked && locked && !d->told_locked)
    engine_say_door(l, d, "locked");
  d->told_locked = locked;
}

void door_reader(struct line *l, struct line_door *d, bool online) {
  d->known = false;
  d->strike_off = d->unlocking = d->locking = false;
  d->ask_at = TIME_ABSENT;
  if (!online)
    return;
  /* Whatever it was told before it went away: now it locks, and says how it is. */
  door_lock(l, d, d->under_way);
  if (!reader_command(l, &l->readers[d->at], OSDP_ISTAT, NULL, FOR_INPUTS, (uint32_t)(d - l->doors),
                      TIME_ABSENT))
    d->ask_at = l->io.mono(l->io.ctx) + again_ms * USEC_PER_MS;
}

void door_tick(struct line *l, struct line_door *d, usec now) {
  struct line_reader *r = &l->readers[d->at];
  if (d->say_at != TIME_ABSENT && now >= d->say_at) {
    d->say_at = TIME_ABSENT;
    d->told = d->told_locked = false;
    door_tell(l, d);
  }
  if (d->ask_at == TIME_ABSENT || now < d->ask_at || !r->online)
    return;
  d->ask_at = now + again_ms * USEC_PER_MS; /* until it is known */
  if (!d->known)
    (void)reader_command(l, r, OSDP_ISTAT, NULL, FOR_INPUTS, (uint32_t)(d - l->doors), TIME_ABSENT);
  if (!d->strike_off && !d->locking)
    (void)reader_command(l, r, OSDP_OSTAT, NULL, FOR_STRIKE, (uint32_t)(d - l->doors), TIME_ABSENT);
  if (d->known && d->strike_off)
    d->ask_at = TIME_ABSENT;
}

usec door_due(const struct line_door *d) {
  return d->ask_at == TIME_ABSENT                            ? d->say_at
         : d->say_at == TIME_ABSENT || d->ask_at < d->say_at ? d->ask_at
                                                             : d->say_at;
}
