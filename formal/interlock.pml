/* interlock.pml: of two doors of one interlock group at most one is unsecured by us.
 *
 * What is modelled, and where it is in the sources:
 *   the engine's view of each door   struct door_state (src/core/state.h), as apply.c changes it
 *   a card is shown                  door_secured and the loop over peers (src/core/passage.c)
 *   a report is heard                decide_opened, decide_closed, decide_locked, is_current (door.c)
 *   time goes on                     decide_tick, and the readers' own timers
 *   who connects anew locks          put_locks (src/engine/engine_client.c)
 *   the doors, bolts and people      what no program decides
 * Decisions are durable at once and their effects follow: durable_before_unlock.pml is about that.
 * So a crash loses effects that were not sent yet and reports that were not heard yet, and nothing
 * that was decided. README.md tells what is left out, and why that is sound.
 *
 * Assumed: reports of a line are heard in their order, the line ends an unlock by locking when its
 * connection ends, and it says "locked" of a door that is closed and whose bolt is out. Nothing is
 * assumed about time: unlocks and reports take as long as they like.
 *
 * Properties: never both doors unsecured by us (assertions), no deadlock, and `granted`: who wants
 * to pass the second door may do so in the end.
 *
 * Each of these, defined, plants a bug that must be found:
 *   FORGOTTEN_INTERLOCK    the other door is not looked at
 *   TIME_BELIEVED          the door counts as locked when its unlock time and a margin are over
 *   OLD_LOCK_BELIEVED      "locked" is believed although an unlock is on its way
 *   CONTACT_NOT_ASKED      the line says "locked" of a door that stands open, and the engine that
 *                          it is secured (either alone does no harm)
 *   LOCK_NOT_TOLD          the line does not say that the timer locked (against `granted`)
 */
#define PEER(d) (1 - (d))
#define UNLOCK 3 /* ticks that a reader unlocks */
#define MARGIN 2 /* relock_margin */
#ifndef GRANTS
#define GRANTS 2 /* at the first door; the second has one more */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FORCES
#define FORCES 1
#endif

/* --- The world --- */
byte timer[2]; /* of the reader: bolt in while > 0 */
bool open[2], ours[2]; /* opened while the bolt was in */
#define UNSECURED(d) (timer[d] != 0 || open[d] && ours[d])
byte forces = FORCES, crashes = CRASHES, cards[2];

/* --- What is under way --- */
#define OPENED 1
#define CLOSED 2
#define LOCKED 3
chan reports[2] = [4] of { byte, byte }; /* and the last unlock that the line had carried out */
#define NONE 0
#define HELD 1 /* in the engine: a crash loses it */
#define SENT 2
byte unlock[2]; /* of the door, on its way */
byte carried[2];         /* the line's: number of the last unlock, carried out or turned into a lock */

/* --- The engine's view, which is in the journal --- */
bool up = true;
bool e_open[2], e_unlocked[2];
#ifdef TIME_BELIEVED
byte e_until[2]; /* ticks until the reader's timer has run out, at the latest */
#endif
byte e_n[2];     /* the last unlock that was decided */
bool granted1;   /* someone was let through the second door */

/* door_secured */
#ifdef CONTACT_NOT_ASKED
#define SECURED(d) (!e_unlocked[d])
#else
#define SECURED(d) (!e_open[d] && !e_unlocked[d])
#endif
#ifdef FORGOTTEN_INTERLOCK
#define FREE(d) true
#else
#define FREE(d) SECURED(PEER(d))
#endif
#ifdef OLD_LOCK_BELIEVED
#define LOCK_CURRENT(d) true
#else
#define LOCK_CURRENT(d) (after >= e_n[d])
#endif

#define ROOM(d, n) (len(reports[d]) <= 4 - (n))
inline tell(d, what) {
  if
  :: up -> reports[d] ! what, carried[d]
  :: else
  fi
}

inline bolt_out(d) {
  timer[d] = 0;
  if
#ifdef LOCK_NOT_TOLD
  :: false -> skip
#elif defined(CONTACT_NOT_ASKED)
  :: true -> tell(d, LOCKED)
#else
  :: !open[d] -> tell(d, LOCKED)
#endif
  :: else
  fi
}

inline safe() {
  assert(!(UNSECURED(0) && UNSECURED(1)))
}

/* Who opens, by right or by force, and who closes behind them. */
proctype World(byte d) {
end:
  do
  :: atomic { !open[d] && timer[d] != 0 && ROOM(d, 3) ->
      open[d] = true; ours[d] = true; tell(d, OPENED); safe() }
  :: atomic { !open[d] && timer[d] == 0 && forces > 0 && ROOM(d, 3) ->
      forces--; open[d] = true; tell(d, OPENED) }
  :: atomic { open[d] && ROOM(d, 3) ->
      open[d] = false; ours[d] = false; timer[d] = 0;
      tell(d, CLOSED);
      bolt_out(d) }
  od
}

/* decide_pass, apply_passage_granted */
proctype Reader(byte d) {
end:
  do
  :: atomic { up && cards[d] > 0 && unlock[d] == NONE && FREE(d) ->
      cards[d]--;
      e_unlocked[d] = true;
      e_n[d]++;
#ifdef TIME_BELIEVED
      e_until[d] = UNLOCK + MARGIN;
#endif
      unlock[d] = HELD;
      granted1 = granted1 || d == 1
    }
  od
}

/* Too late, or of a door that the line does not know: a lock in its place. */
inline drop(d) {
  unlock[d] = NONE;
  carried[d] = e_n[d];
  bolt_out(d)
}

/* The engine releases the unlock; the line carries it out, or finds that it comes too late. */
proctype Unlocks(byte d) {
end:
  do
  :: atomic { up && unlock[d] == HELD -> unlock[d] = SENT }
  :: atomic { unlock[d] == SENT ->
      unlock[d] = NONE; carried[d] = e_n[d]; timer[d] = UNLOCK; safe() }
  :: atomic { unlock[d] == SENT && ROOM(d, 2) -> drop(d) }
  od
}

inline heard(d) {
  if
  :: what == OPENED -> e_open[d] = true
  :: what == CLOSED -> e_open[d] = false
  :: what == LOCKED ->
    if
    :: e_unlocked[d] && LOCK_CURRENT(d) -> e_unlocked[d] = false
    :: else
    fi
  fi;
  what = 0; after = 0
}

active proctype Reports() {
  byte what, after;
end:
  do
  :: atomic { up && len(reports[0]) > 0 -> reports[0] ? what, after; heard(0) }
  :: atomic { up && len(reports[1]) > 0 -> reports[1] ? what, after; heard(1) }
  od
}

/* The reader's timer; and what the engine would reckon, if it reckoned. */
inline tick(d) {
  if
  :: timer[d] == 1 -> bolt_out(d)
  :: timer[d] > 1 -> timer[d]--
  :: else
  fi;
#ifdef TIME_BELIEVED
  if
  :: e_until[d] == 1 -> e_until[d] = 0; e_unlocked[d] = false
  :: e_until[d] > 1 -> e_until[d]--
  :: else
  fi
#endif
}

active proctype Clock() {
end:
  do
  :: atomic { ROOM(0, 2) && ROOM(1, 2) -> tick(0); tick(1) }
  od
}

active proctype Fate() {
  byte what, after;
end:
  do
  :: atomic { up && crashes > 0 ->
      crashes--;
      up = false;
      do
      :: len(reports[0]) > 0 -> reports[0] ? what, after
      :: len(reports[1]) > 0 -> reports[1] ? what, after
      :: else -> break
      od;
      what = 0; after = 0;
      unlock[0] = (unlock[0] == HELD -> NONE : unlock[0]);
      unlock[1] = (unlock[1] == HELD -> NONE : unlock[1])
    }
  od
}

/* The line locks when its connection ends; who connects anew is told to lock what counts as
 * unlocked, and tells how its doors are. */
inline anew(d) {
  timer[d] = 0;
  carried[d] = e_n[d];
  if
  :: open[d] -> tell(d, OPENED)
  :: else -> tell(d, CLOSED)
  fi;
  if
  :: !open[d] -> tell(d, LOCKED)
  :: else
  fi
}

/* The line sees the end of a connection after all that was sent on it. */
active proctype Supervisor() {
end:
  do
  :: atomic { !up && unlock[0] == NONE && unlock[1] == NONE ->
      up = true;
      anew(0);
      anew(1)
    }
  od
}

init {
  atomic {
    cards[0] = GRANTS; cards[1] = GRANTS + 1;
    run World(0); run World(1);
    run Reader(0); run Reader(1); run Unlocks(0); run Unlocks(1)
  }
}

ltl granted { <> granted1 }
