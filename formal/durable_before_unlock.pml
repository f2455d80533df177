/* durable_before_unlock.pml: nothing leaves the engine that is not durable, and everyone is answered.
 *
 * What is modelled, and where it is in the sources:
 *   Loop      the event loop's thread: engine_on_bytes, engine_on_committed, engine_on_failure,
 *             engine_flush (src/engine/engine.c, engine_client.c), settle, commit_inline and
 *             on_completed (src/engine/process.c)
 *   Thread    commit_thread of process.c, with what committer.c does to the store
 *   Line      whoever carries unlocks out; clients that hear answers
 *   Fate      kills the process between any two steps; Supervisor starts it anew
 *   Clock     makes a held unlock late
 * A request is a number below REQUESTS and comes once; a set of them is a byte of bits. A request is
 * decided as a grant (one entry, an unlock, an answer) or as a decision that makes no entry but
 * rests on everything applied so far. README.md tells what is left out, and why that is sound.
 *
 * Properties: the assertions below, no deadlock, and `answered`: every request that waits is
 * answered, by a frame or by the end of its connection.
 *
 * Each of these, defined, plants a bug that must be found:
 *   UNLOCK_BEFORE_COMMIT   effects leave when they are decided
 *   ANSWER_BEFORE_COMMIT   and answers
 *   EMPTY_NOT_HELD         a decision without an entry is answered at once
 *   EMPTY_WITH_GATHERING   such a decision does not wait for the batch under way
 *   FAILURE_IGNORED        a failed commit is taken for one that succeeded
 *   COMMIT_RETRIED         after a failed commit the engine goes on
 *   LATE_UNLOCK_SENT       a late unlock is sent, not a lock in its place
 *   APPLIED_AFTER_CRASH    after a restart the state is what was applied, durable or not
 *   NO_WAKE_AFTER_INLINE   the loop does not wake the thread that slept through its commit
 *   GATHERED_NOT_TOLD      a failure answers the batch that failed, not the one that gathers
 *   END_BEFORE_COMPLETION  a failure between commits ends the process with a batch under way
 */

#ifndef REQUESTS
#define REQUESTS 3
#endif
#ifndef CRASHES
#define CRASHES 1 /* kills at any point */
#endif
#ifndef FAULTS
#define FAULTS 1 /* commits or signatures that fail */
#endif
#ifndef INLINE_MAX
#define INLINE_MAX 1 /* inline_commands_max, smaller, so that both ways are taken */
#endif
#define BIT(r) (1 << (r))

/* --- What outlives the process --- */
byte durable;               /* grants in the journal */
byte wire_unlock;           /* frames in the sockets */
byte wire_done, wire_error;
byte waiting;               /* requests sent, and not answered */
byte unread;                /* of these, still in the socket */
byte grants;                /* requests that were decided as grants (for the properties alone) */
byte denied;                /* grants whose commit failed (for the properties alone) */
byte late;                  /* unlocks that grew late while they were held */
byte rests[REQUESTS];       /* of a decision without an entry: the grants it may rest on */
byte watched;               /* one of the first and the last request (for `answered`) */
byte crashes = CRASHES, faults = FAULTS;

/* --- The process's memory --- */
bool up, loop_there, thread_there, thread_done;
byte applied;
byte g_entries, g_answers, c_entries, c_answers; /* the two batches: gathering and committing */
byte g_n, c_n;                                   /* n_commands */
bool committing, failed, ending;
byte out_unlock, out_done, out_error; /* queued for the sockets */
bool under_way;                       /* a batch is with the thread */
/* Between the threads, under the lock. */
bool commit_busy, queued, done, done_err, tend_soon, tend_failed, thread_stop;
bool completed;        /* the uv_async */
bool asleep, no_alarm; /* the thread waits; and has no time at which it looks by itself */
bool unsigned_, broken; /* the committer: entries not signed yet; it has failed */
bool killed;

inline wake() {
  asleep = false
}

/* committer_commit: one transaction. An error may leave it durable all the same. */
inline store_commit(err) {
  skip; /* killed before */
  if
  :: broken -> err = true
  :: !broken -> durable = durable | c_entries; unsigned_ = true; err = false
  :: atomic { !broken && faults > 0 -> faults--; broken = true; err = true }
  :: atomic { !broken && faults > 0 -> faults--; durable = durable | c_entries; broken = true; err = true }
  fi;
  skip /* killed after */
}

/* engine_on_committed */
inline on_committed(err) {
  {
    committing = false;
#ifdef FAILURE_IGNORED
    if
    :: failed
#else
    if
    :: err || failed
#endif
      ->
#ifndef COMMIT_RETRIED
      if
      :: err -> failed = true; ending = true
      :: else
      fi;
#endif
      denied = denied | c_entries | g_entries;
      out_error = out_error | c_answers;
#ifndef GATHERED_NOT_TOLD
      out_error = out_error | g_answers;
#endif
      g_entries = 0; g_answers = 0; g_n = 0
    :: else ->
#ifdef LATE_UNLOCK_SENT
      out_unlock = out_unlock | c_entries;
#else
      out_unlock = out_unlock | (c_entries & ~late);
#endif
      out_done = out_done | c_answers
    fi;
    c_entries = 0; c_answers = 0; c_n = 0
  }
}

/* engine_on_failure: signing failed between two commits. */
inline on_failure() {
  {
    failed = true; ending = true;
    if
    :: committing /* its completion still comes, and is then disclaimed */
    :: else ->
      denied = denied | g_entries;
      out_error = out_error | g_answers;
      g_entries = 0; g_answers = 0; g_n = 0
    fi
  }
}

/* engine_on_bytes: one request */
inline handle(r) {
  unread = unread & ~BIT(r);
  if
  :: failed -> out_error = out_error | BIT(r)
  :: !failed -> /* a grant */
    {
      grants = grants | BIT(r);
      applied = applied | BIT(r);
      g_entries = g_entries | BIT(r);
      g_n++;
#ifdef UNLOCK_BEFORE_COMMIT
      out_unlock = out_unlock | BIT(r);
#endif
#ifdef ANSWER_BEFORE_COMMIT
      out_done = out_done | BIT(r)
#else
      g_answers = g_answers | BIT(r)
#endif
    }
  :: !failed -> /* no entry: batch_hold_decision */
    {
      rests[r] = applied;
      if
#ifdef EMPTY_NOT_HELD
      :: true -> out_done = out_done | BIT(r)
#else
#ifdef EMPTY_WITH_GATHERING
      :: true -> g_answers = g_answers | BIT(r)
#else
      :: g_n > 0 || !committing -> g_answers = g_answers | BIT(r)
      :: else -> c_answers = c_answers | BIT(r)
#endif
#endif
      fi
    }
  fi
}

/* engine_flush: true when a batch was handed over */
inline flush(handed) {
  {
    handed = false;
    if
    :: failed
    :: else ->
      if
#ifdef EMPTY_WITH_GATHERING
      :: g_n == 0 ->
#else
      :: g_n == 0 && !committing ->
#endif
        out_done = out_done | g_answers;
        g_answers = 0
      :: else
      fi;
      if
      :: !committing && g_n > 0 ->
        c_entries = g_entries; c_answers = g_answers; c_n = g_n;
        g_entries = 0; g_answers = 0; g_n = 0;
        committing = true;
        handed = true
      :: else
      fi
    fi
  }
}

proctype Loop() {
  bool err, tend_err, batch, handed, mine, some;
  byte r;
boot:
  atomic { up -> loop_there = true };
  {
    do
    :: true ->
end_idle:
      unread != 0 || completed;
      /* One round of events, in any order. */
      do
      :: atomic {
          unread != 0 ->
          do
          :: (unread & BIT(r)) == 0 -> r++
          :: else -> break
          od;
          handle(r);
          r = 0; some = true
        }
      :: atomic { /* on_completed */
          completed -> completed = false;
          batch = done; err = done_err; tend_err = tend_failed;
          done = false; done_err = false;
          under_way = under_way && !batch
        };
        atomic {
          if
          :: batch -> on_committed(err)
          :: else
          fi;
          if
          :: tend_err && !failed -> on_failure()
          :: else
          fi;
          batch = false; err = false; tend_err = false; some = true
        }
      :: atomic { some -> some = false; break }
      od;
      /* settle */
      do
      :: atomic { flush(handed) };
        if
        :: !handed -> break
        :: else
        fi;
        atomic { /* commit_inline, under the lock */
          handed = false;
          mine = !commit_busy && !queued && c_n <= INLINE_MAX;
          if
          :: mine -> commit_busy = true
          :: else -> queued = true; under_way = true; wake()
          fi
        };
        if
        :: !mine -> break
        :: else
        fi;
        mine = false;
        store_commit(err);
        atomic { /* under the lock */
          commit_busy = false;
          if
          :: tend_soon = true /* after inline_run_max of them */
          :: skip
          fi;
#ifndef NO_WAKE_AFTER_INLINE
          if
          :: tend_soon || thread_stop || no_alarm -> wake()
          :: else
          fi
#endif
        };
        atomic { on_committed(err); err = false };
        if
        :: ending -> break
        :: else
        fi
      od;
      /* write_all: one socket after the other */
      do
      :: atomic { out_unlock != 0 -> wire_unlock = wire_unlock | out_unlock; out_unlock = 0 }
      :: atomic { out_done != 0 -> wire_done = wire_done | out_done; out_done = 0 }
      :: atomic { out_error != 0 -> wire_error = wire_error | out_error; out_error = 0 }
      :: else -> break
      od;
      if
#ifdef END_BEFORE_COMPLETION
      :: ending -> break
#else
      :: ending && !under_way -> break
#endif
      :: else
      fi
    od;
    /* join_thread */
    atomic { thread_stop = true; wake() };
    thread_done;
    /* An orderly end: whoever was heard has been told. */
    assert((waiting & ~unread & ~(wire_done | wire_error)) == 0);
    atomic { up = false; loop_there = false }
  } unless { !up && killed };
  atomic {
    err = false; tend_err = false; batch = false; handed = false; mine = false; some = false; r = 0;
    loop_there = false
  };
  goto boot
}

proctype Thread() {
  bool err;
boot:
  atomic { up -> thread_there = true };
  {
    do
    :: atomic { /* the loop commits by itself right now */
        commit_busy -> asleep = true; no_alarm = true
      };
      atomic { !asleep -> no_alarm = false }
    :: atomic { !commit_busy && queued -> queued = false; commit_busy = true };
      store_commit(err);
      atomic {
        commit_busy = false; done = true; done_err = err; tend_soon = true; completed = true;
        err = false
      }
    :: atomic { !commit_busy && !queued && (tend_soon || (unsigned_ && !broken)) ->
        tend_soon = false; commit_busy = true
      };
      if
      :: broken -> err = true
      :: !broken -> unsigned_ = false /* signed */
      :: atomic { !broken && faults > 0 -> faults--; broken = true; err = true }
      fi;
      atomic {
        commit_busy = false;
        if
        :: err && !tend_failed -> tend_failed = true; completed = true
        :: else
        fi;
        err = false
      }
    :: atomic { !commit_busy && !queued && !tend_soon && thread_stop -> break }
    :: atomic { !commit_busy && !queued && !tend_soon && !thread_stop ->
        asleep = true; no_alarm = !(unsigned_ && !broken)
      };
end_asleep:
      atomic { !asleep || !no_alarm -> asleep = false; no_alarm = false }
    od;
    thread_done = true;
    false /* until the process is gone */
  } unless { !up };
  atomic { err = false; thread_there = false; thread_done = false };
  goto boot
}

/* The process is gone: the ends of its connections are seen after what was sent on them. */
active proctype Supervisor() {
  run Loop();
  run Thread();
  atomic { up = true };
end:
  do
  :: atomic { !up && !loop_there && !thread_there ->
      waiting = waiting & (wire_done | wire_error);
      unread = 0;
#ifndef APPLIED_AFTER_CRASH
      applied = durable;
#endif
      g_entries = 0; g_answers = 0; g_n = 0; c_entries = 0; c_answers = 0; c_n = 0;
      committing = false; failed = false; ending = false; under_way = false;
      out_unlock = 0; out_done = 0; out_error = 0;
      commit_busy = false; queued = false; done = false; done_err = false;
      tend_soon = false; tend_failed = false; thread_stop = false; completed = false;
      asleep = false; no_alarm = false; broken = false; killed = false;
      unsigned_ = durable != 0;
      up = true
    }
  od
}

active proctype Fate() {
end:
  do
  :: atomic { up && crashes > 0 -> crashes--; killed = true; up = false }
  od
}

active proctype Clock() {
  byte r;
end:
  do
  :: atomic { ((g_entries | c_entries) & ~late) != 0 ->
      do
      :: ((g_entries | c_entries) & ~late & BIT(r)) == 0 -> r++
      :: else -> break
      od;
      late = late | BIT(r); /* the oldest: they are held in the order in which they grow late */
      r = 0
    }
  od
}

/* Requests come in the order of their numbers: they do not differ. */
active proctype Clients() {
  byte r;
  if
  :: watched = 1
  :: watched = BIT(REQUESTS - 1)
  fi;
end:
  do
  :: atomic { up && r < REQUESTS ->
      waiting = waiting | BIT(r); unread = unread | BIT(r); r++
    }
  od
}

#define HAS_ALL(set) (((set) & ~durable) == 0)

active proctype Line() {
  byte r;
end:
  do
  :: atomic { wire_unlock != 0 ->
      assert(HAS_ALL(wire_unlock));          /* no unlock without a durable grant */
      assert((wire_unlock & ~grants) == 0);
      assert((wire_unlock & denied) == 0);   /* nothing of a batch that failed */
      assert((wire_unlock & late) == 0);     /* none that had grown late when it was released */
      wire_unlock = 0
    }
  :: atomic { wire_done != 0 ->
      assert((wire_done & ~waiting) == 0);   /* one answer a request */
      assert(HAS_ALL(wire_done & grants));   /* "granted" rests on its entry */
      assert((wire_done & denied) == 0);
      r = 0;
      do
      :: r < REQUESTS ->
        if
        :: (wire_done & ~grants & BIT(r)) != 0 -> assert(HAS_ALL(rests[r]))
        :: else
        fi;
        r++
      :: else -> break
      od;
      r = 0;
      waiting = waiting & ~wire_done;
      wire_done = 0
    }
  :: atomic { wire_error != 0 ->
      assert((wire_error & ~waiting) == 0);
      waiting = waiting & ~wire_error;
      wire_error = 0
    }
  od
}

ltl answered { [] (((waiting & watched) != 0) -> <> ((waiting & watched) == 0)) }
