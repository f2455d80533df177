#!/usr/bin/env python3
"""The real program under load, killed at any moment: at work, while it starts, while it stops and writes its snapshot;
the engine's process, its supervisor, or both. No answered entry may be missing, and the record verifies and replays.

CRASH_ROUNDS=N says how many (`make crash` takes 3000), CRASH_SEED=N at which moments.
"""
import os
import pathlib
import random
import signal
import statistics
import subprocess
import time
import unittest

from load_fixture import Load, peer_of
from site_fixture import OK

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "300"))
SEED = int(os.environ.get("CRASH_SEED", str(time.time_ns() % 1000000)))
ROUNDS_A_SITE = 60  # then the whole of it is verified and replayed, and another begins
LOOK_ENTRIES = 4000  # while there are no more, each round verifies all
LOOK_EVERY = 10


def kill(pid, how=signal.SIGKILL):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


class Crash(Load):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.known = {}  # index -> SHA-256 of what is stored
        self.answered = self.unlocks = 0
        self.kinds = {}

    # --- One round ---

    def children(self):
        try:
            text = pathlib.Path(f"/proc/{self.engine.pid}/task/{self.engine.pid}/children").read_text()
        except OSError:
            return []
        return [int(p) for p in text.split()]

    def kill_some(self):
        """The engine itself, who supervises it, or all of them."""
        whom = self.random.choice(("engine", "engine", "engine", "supervisor", "all"))
        engine = peer_of(self.dir / "engine.sock") or next(iter(self.children()), self.engine.pid)
        if whom in ("supervisor", "all"):
            kill(self.engine.pid)
        if whom in ("engine", "all"):
            kill(engine)
        return whom

    def wait_until_gone(self):
        self.engine.wait(timeout=30)
        self.engine.stdout.close()
        self.log.close()
        self.engine = None
        deadline = time.monotonic() + 10
        while peer_of(self.dir / "engine.sock"):  # one whose supervisor was killed
            self.assertLess(time.monotonic(), deadline, "the engine outlives its supervisor")
            time.sleep(0.001)

    def round(self):
        moment = self.random.random
        kind = self.random.choices(("at work", "starting", "stopping"), (70, 15, 15))[0]
        since = self.begin()
        ledger = self.tmp / "ledger"
        ledger.unlink(missing_ok=True)
        client = None
        if kind == "starting":
            time.sleep(moment() * 0.06)
        else:
            self.wait_until_ready(since)
            client = self.ask_without_pause(self.random.randint(2, 9), ledger)
            time.sleep(0.01 + moment() * 0.08)
        if kind == "stopping":
            self.engine.send_signal(signal.SIGTERM)
            time.sleep(moment() * 0.02)
        whom = self.kill_some()
        self.wait_until_gone()
        self.kinds[kind, whom] = self.kinds.get((kind, whom), 0) + 1
        return self.told(client, ledger) if client else []

    # --- What must be so after it ---

    def read_new(self):
        """Entries that came since the last round; those before are compared at the end."""
        return self.read_entries(max(self.known, default=-1) + 1)

    def look(self, lines, which):
        self.known.update(self.read_new())
        answered, unlocks = self.look_for(lines, self.known, f"seed {SEED}, round {which}")
        self.answered += answered
        self.unlocks += unlocks
        if len(self.known) <= LOOK_ENTRIES or which % LOOK_EVERY == 0:
            done = self.ask("verify")
            self.assertEqual(done.code, OK, f"seed {SEED}, round {which}: {done.out}{done.err}")

    def look_at_all(self, which):
        self.assertEqual(self.read_entries(0), self.known, f"seed {SEED}, round {which}: what was there has changed")
        for verb in ("verify", "replay", "rebuild"):
            done = self.ask(verb)
            self.assertEqual(done.code, OK, f"seed {SEED}, round {which}: {verb}: {done.out}{done.err}")

    def test_killed_at_any_moment(self):
        print(f"crash: the seed is {SEED} (CRASH_SEED)", flush=True)
        entries, clean, begun = 0, self.tmp / "clean", time.monotonic()
        subprocess.run(["cp", "-a", self.dir, clean], check=True)
        for which in range(1, ROUNDS + 1):
            self.look(self.round(), which)
            if which % ROUNDS_A_SITE == 0 or which == ROUNDS:
                self.look_at_all(which)
                entries += len(self.known)
                self.known = {}
                subprocess.run(["rm", "-rf", self.dir], check=True)
                subprocess.run(["cp", "-a", clean, self.dir], check=True)
        restarts = sorted(self.restarts)
        print(f"crash: {ROUNDS} rounds in {time.monotonic() - begun:.0f} s, {entries} entries; {self.answered} answered and "
              f"{self.unlocks} unlocks checked; restart {statistics.median(restarts) * 1000:.0f} ms (median), "
              f"{restarts[-1] * 1000:.0f} ms (longest of {len(restarts)})")
        print("crash: " + ", ".join(f"{k} ({w}) {n}" for (k, w), n in sorted(self.kinds.items())), flush=True)
        self.assertGreater(self.answered, ROUNDS)
        self.assertGreater(self.unlocks, 0)


if __name__ == "__main__":
    unittest.main()
