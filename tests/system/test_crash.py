#!/usr/bin/env python3
"""The real program under load, killed at any moment: at work, while it starts, while it stops and writes its snapshot;
the engine's process, its supervisor, or both. No answered entry may be missing, and the record verifies and replays.

CRASH_ROUNDS=N says how many (`make crash` takes 3000), CRASH_SEED=N at which moments.
"""
import hashlib
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import sqlite3
import statistics
import struct
import subprocess
import time
import unittest

from site_fixture import BINARY, OK, Site

TESTS = pathlib.Path(BINARY).parent / "tests"
LOAD_CLIENT = TESTS / "load_client"
ONE_BUILD = (TESTS / "intercepted.so").exists()  # not with sanitizers: one build is enough
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "300"))
SEED = int(os.environ.get("CRASH_SEED", str(time.time_ns() % 1000000)))
ROUNDS_A_SITE = 60  # then the whole of it is verified and replayed, and another begins
CARD = 738291
LOOK_ENTRIES = 4000  # while there are no more, each round verifies all
LOOK_EVERY = 10


def peer_of(path):
    """The process that listens there, 0 when none does: whichever of serve's processes that is."""
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        try:
            os.chdir(path.parent)  # a name has 108 bytes
            s.connect(path.name)
        except OSError:
            return 0
        finally:
            os.chdir(here)
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def kill(pid, how=signal.SIGKILL):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


class Crash(Site):
    MORE = ("dana",)

    def setUp(self):
        if not ONE_BUILD:
            self.skipTest("one build is enough")
        super().setUp()
        self.add_person("staff", level="staff", card=f"long:{CARD}")
        self.stop()
        self.random = random.Random(SEED)
        self.known = {}  # index -> SHA-256 of what is stored
        self.answered = self.unlocks = 0
        self.restarts, self.kinds = [], {}

    # --- One round ---

    def begin(self):
        """Starts serve; the moment."""
        self.log = open(self.tmp / "serve.log", "ab")
        self.engine = subprocess.Popen([BINARY, "serve", "--dir", str(self.dir)], stdout=subprocess.PIPE,
                                       stderr=self.log)
        return time.monotonic()

    def wait_until_ready(self, since):
        said, out = b"", self.engine.stdout.fileno()
        while b"requests at" not in said and select.select([out], [], [], 30)[0]:
            more = os.read(out, 4096)
            if not more:
                break
            said += more
        self.assertIn(b"requests at", said, (self.tmp / "serve.log").read_text())
        self.restarts.append(time.monotonic() - since)

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
            client = subprocess.Popen([LOAD_CLIENT, self.dir, str(self.random.randint(2, 9)), ledger, f"{CARD:x}"],
                                      stderr=subprocess.PIPE)
            time.sleep(0.01 + moment() * 0.08)
        if kind == "stopping":
            self.engine.send_signal(signal.SIGTERM)
            time.sleep(moment() * 0.02)
        whom = self.kill_some()
        self.wait_until_gone()
        if client:
            _, said = client.communicate(timeout=70)
            self.assertEqual(client.returncode, 0, said.decode())
        self.kinds[kind, whom] = self.kinds.get((kind, whom), 0) + 1
        return ledger.read_text().splitlines() if client else []

    # --- What must be so after it ---

    def read_new(self):
        """Entries that came since the last round; those before are compared at the end."""
        return self.read_entries(max(self.known, default=-1) + 1)

    def read_entries(self, since):
        """From a copy: whoever opens it first after a crash mends it, and that shall be the engine."""
        found = {}
        for name in ("site.db", "site.db-wal"):
            shutil.copyfile(self.dir / name, self.tmp / name)
        db = sqlite3.connect(self.tmp / "site.db")
        for first, count, stored in db.execute("SELECT first, count, bytes FROM entries WHERE first + count > ?",
                                               (since,)):
            at = 0
            for n in range(first, first + count):
                length = int.from_bytes(stored[at:at + 2], "big")
                found[n] = hashlib.sha256(stored[at + 2:at + 2 + length]).hexdigest()
                at += 2 + length
        db.close()
        return found

    def look(self, lines, which):
        self.known.update(self.read_new())
        for line in lines:
            what, n, *digest = line.split()
            stored = self.known.get(int(n))
            self.assertIsNotNone(stored, f"seed {SEED}, round {which}: entry {n} was told and is not there: {line}")
            if what == "a":
                self.assertEqual(stored, digest[0], f"seed {SEED}, round {which}: entry {n} is another one")
                self.answered += 1
            else:
                self.unlocks += 1
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
